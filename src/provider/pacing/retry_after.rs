//! The delay that a reply's headers ask for, in any dialect.
//!
//! Source: RFC 9110, section 10.2.3 (`Retry-After`); `retry-after-ms` as OpenAI sends it.

use reqwest::header::HeaderMap;
use std::time::Duration;

/// Longer delays are cut: no run waits that long, and no arithmetic overflows.
pub(crate) const MAX_DELAY: Duration = Duration::from_secs(3650 * 86_400);

/// The delay in `retry-after-ms`, or in `retry-after` as seconds or as a date. `wall_ms`:
/// the time of the reply, in milliseconds since 1970. A delay of zero, or a date in the past, counts as no
/// delay: a server that sends them to every request must not be asked without pause.
pub(crate) fn delay_from_headers(headers: &HeaderMap, wall_ms: i64) -> Option<Duration> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let milliseconds = header("retry-after-ms").and_then(|text| parse_number(text, 0.001));
    let is_delay = |delay: &Duration| !delay.is_zero();
    milliseconds.filter(is_delay).or_else(|| {
        let text = header("retry-after")?;
        parse_number(text, 1.0).or_else(|| time_until(text, wall_ms)).filter(is_delay)
    })
}

/// Parses a duration as Go prints it: `1h2m3.5s`, `180ms`.
pub(crate) fn parse_go_duration(text: &str) -> Option<Duration> {
    if text.is_empty() { None } else { crate::base::units::parse_duration(text).ok() }
}

fn parse_number(text: &str, unit_seconds: f64) -> Option<Duration> {
    let number: f64 = text.parse().ok()?;
    Duration::try_from_secs_f64(number * unit_seconds).ok()
}

/// The time until an HTTP date; nothing if it is over.
pub(crate) fn time_until(date: &str, wall_ms: i64) -> Option<Duration> {
    let at = httpdate::parse_http_date(date).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    let now = Duration::from_millis(u64::try_from(wall_ms).ok()?);
    Some(at.saturating_sub(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_in_headers() {
        // 2026-11-23T13:00:00Z.
        let now = 1_795_438_800_000;
        for (name, value, ms) in [
            ("retry-after-ms", "250", Some(250)),
            ("retry-after", "2", Some(2000)),
            ("retry-after", "1.5", Some(1500)),
            ("retry-after", "Mon, 23 Nov 2026 13:00:10 GMT", Some(10_000)),
            ("retry-after", "Mon, 23 Nov 2026 12:00:10 GMT", None),
            ("retry-after", "0", None),
            ("retry-after", "0.0", None),
            ("retry-after-ms", "0", None),
            ("retry-after", "7200", Some(7_200_000)),
            ("retry-after", "soon", None),
            ("retry-after", "-5", None),
            ("retry-after", "NaN", None),
            ("x", "", None),
        ] {
            let headers = std::iter::once((name.parse().unwrap(), value.parse().unwrap())).collect();
            let delay = delay_from_headers(&headers, now);
            assert_eq!(delay.map(|delay| delay.as_millis()), ms, "{name}: {value}");
        }
        for (exact, ms) in [("250", 250), ("0", 9000)] {
            let both = [("retry-after", "9"), ("retry-after-ms", exact)];
            let both = both.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).into_iter().collect();
            assert_eq!(delay_from_headers(&both, now), Some(Duration::from_millis(ms)), "the more exact one");
        }
    }

    #[test]
    fn durations_as_go_prints_them() {
        for (text, ms) in
            [("1h2m3.5s", Some(3_723_500)), ("180ms", Some(180)), ("0s", Some(0)), ("", None), ("9", None)]
        {
            assert_eq!(parse_go_duration(text).map(|delay| delay.as_millis()), ms, "{text}");
        }
    }
}
