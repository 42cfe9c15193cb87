//! How long a server asks to wait, in all the ways that servers say it.
//! Source: RFC 9110 section 10.2.3 (Retry-After); OpenAI's and Gemini's error bodies.

use reqwest::header::HeaderMap;
use serde_json::Value;
use std::time::Duration;

/// Longer waits are not believed; nobody waits that long anyway.
const LONGEST: Duration = Duration::from_secs(7 * 86_400);

/// The wait that a reply asks for: `retry-after-ms`, `retry-after` as seconds or as a
/// date, else what the error says in words.
pub(crate) fn asked_for(headers: &HeaderMap, body: &Value, message: &str, wall_ms: i64) -> Option<Duration> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let milliseconds = header("retry-after-ms").and_then(|text| seconds(text, 0.001));
    let after = || header("retry-after").and_then(|text| seconds(text, 1.0).or_else(|| until(text, wall_ms)));
    let asked = milliseconds.or_else(after).or_else(|| in_details(body)).or_else(|| in_words(message));
    asked.map(|wait| wait.min(LONGEST))
}

fn seconds(text: &str, unit: f64) -> Option<Duration> {
    let number: f64 = text.parse().ok()?;
    Duration::try_from_secs_f64(number * unit).ok()
}

fn until(text: &str, wall_ms: i64) -> Option<Duration> {
    let at = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    let now = Duration::from_millis(u64::try_from(wall_ms).ok()?);
    Some(at.saturating_sub(now))
}

/// Gemini: `error.details[].retryDelay: "26s"`.
fn in_details(error: &Value) -> Option<Duration> {
    let details = error.get("details")?.as_array()?;
    details.iter().find_map(|detail| go_duration(detail.get("retryDelay")?.as_str()?))
}

/// OpenAI: "Please try again in 1m2.5s".
fn in_words(message: &str) -> Option<Duration> {
    let (_, rest) = message.split_once("try again in ")?;
    let end = rest.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(rest.len());
    go_duration(rest[..end].trim_end_matches('.'))
}

/// A duration as Go prints it: `1h2m3.5s`, `180ms`.
pub(crate) fn go_duration(text: &str) -> Option<Duration> {
    if text.is_empty() { None } else { crate::base::units::parse_duration(text).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_way_of_saying_it() {
        let none = Value::Null;
        let gemini = json!({"details": [{"@type": "x"}, {"retryDelay": "26s"}]});
        // 2026-11-23T13:00:00Z
        let now = 1_795_438_800_000;
        for (name, value, body, message, ms) in [
            ("retry-after-ms", "250", &none, "", Some(250)),
            ("retry-after", "2", &none, "", Some(2000)),
            ("retry-after", "1.5", &none, "", Some(1500)),
            ("retry-after", "Mon, 23 Nov 2026 13:00:10 GMT", &none, "", Some(10_000)),
            ("retry-after", "Mon, 23 Nov 2026 12:00:10 GMT", &none, "", Some(0)),
            ("retry-after", "7200", &none, "", Some(7_200_000)),
            ("retry-after", "soon", &none, "", None),
            ("retry-after", "18446744073709540000", &none, "", Some(604_800_000)),
            ("x", "", &none, "Limit 30000, Used 29937. Please try again in 644ms. Visit", Some(644)),
            ("x", "", &none, "Please try again in 1m2.5s.", Some(62_500)),
            ("x", "", &none, "Please try again in 7m12s. Visit https://", Some(432_000)),
            ("x", "", &none, "Please try again later", None),
            ("x", "", &gemini, "", Some(26_000)),
            ("retry-after", "-5", &none, "", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            let wait = asked_for(&headers, body, message, now);
            assert_eq!(wait.map(|wait| wait.as_millis()), ms, "{name}: {value} {body} {message}");
        }
    }
}
