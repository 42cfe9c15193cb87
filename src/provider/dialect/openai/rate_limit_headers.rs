//! Reads rate limits from a reply's headers: OpenAI's, and those of servers that imitate
//! them or have their own.
//!
//! Source: OpenAI's rate-limit guide (2026), with values recorded on the live API;
//! Anthropic's rate-limit page. Reset times are Go durations, seconds or points in time.

use crate::provider::judgement::rate_limits::{LimitHeaders, RateLimitHeaders};
use crate::provider::pacing::retry_after::{parse_go_duration, time_until};
use reqwest::header::HeaderMap;
use std::time::Duration;

/// Longest window of a limit that paces requests, in seconds. The rest of a daily limit
/// may be used at once.
const MAX_WINDOW_SECONDS: f64 = 300.0;

/// Reads the rate limits in `headers`. Of several limits of one kind the tighter one
/// counts. `wall_ms`: the time of the reply, in milliseconds since 1970.
pub(crate) fn read_rate_limits(headers: &HeaderMap, wall_ms: i64) -> RateLimitHeaders {
    // Most servers send none, and every reply is looked at.
    if !headers.keys().any(|name| name.as_str().contains("ratelimit-")) {
        return RateLimitHeaders::default();
    }
    let tightest = |kinds: &[&str]| {
        let limits = kinds.iter().filter_map(|kind| {
            let text = |name: String| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
            let openai = |name: &str| text(format!("x-ratelimit-{name}-{kind}"));
            let anthropic = |name: &str| text(format!("anthropic-ratelimit-{kind}-{name}"));
            read_limit(&openai, wall_ms).or_else(|| read_limit(&anthropic, wall_ms))
        });
        limits.min_by_key(|limit| (limit.remaining, limit.limit))
    };
    RateLimitHeaders {
        requests: tightest(&["requests", "project-requests"]),
        tokens: tightest(&["tokens", "project-tokens", "tokens_usage_based", "input-tokens"]),
    }
}

/// Reads one limit. `text`: the value of its header `limit`, `remaining` or `reset`.
fn read_limit<'a>(text: &dyn Fn(&str) -> Option<&'a str>, wall_ms: i64) -> Option<LimitHeaders> {
    let count = |text: &str| {
        let number: f64 = text.parse().ok()?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        (0.0..1e15).contains(&number).then_some(number as u64)
    };
    let (limit, remaining) = (count(text("limit")?)?, count(text("remaining")?)?);
    let reset = text("reset").and_then(|text| parse_reset(text, wall_ms));
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let window_seconds =
        reset.unwrap_or_default().as_secs_f64() * limit as f64 / limit.saturating_sub(remaining).max(1) as f64;
    let is_pacing = limit > 0 && window_seconds <= MAX_WINDOW_SECONDS;
    is_pacing.then_some(LimitHeaders { limit, remaining, reset })
}

/// Parses a duration, a number of seconds, or a point in time: RFC 3339, an HTTP date, or seconds
/// or milliseconds since 1970.
fn parse_reset(text: &str, wall_ms: i64) -> Option<Duration> {
    let until = |at_ms: i64| Duration::from_millis(u64::try_from(at_ms - wall_ms).unwrap_or(0));
    if let Ok(number) = text.parse::<f64>() {
        #[expect(clippy::cast_possible_truncation, reason = "below 2^53")]
        return match number {
            number if number > 1e12 => Some(until(number.min(1e15) as i64)),
            number if number > 1e9 => Some(until((number * 1000.0) as i64)),
            number => Duration::try_from_secs_f64(number).ok(),
        };
    }
    let point = || crate::base::units::parse_time(text).ok().map(until).or_else(|| time_until(text, wall_ms));
    parse_go_duration(text).or_else(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let name = |name: &str| name.parse::<reqwest::header::HeaderName>().unwrap();
        pairs.iter().map(|(key, value)| (name(key), value.parse().unwrap())).collect()
    }

    /// 2026-11-23T13:00:00Z.
    const NOW: i64 = 1_795_438_800_000;

    #[test]
    fn resets_as_servers_write_them() {
        for (text, ms) in [
            ("0s", Some(0)),
            ("9ms", Some(9)),
            ("180ms", Some(180)),
            ("1s", Some(1000)),
            ("17.32s", Some(17_320)),
            ("6m0s", Some(360_000)),
            ("7m12s", Some(432_000)),
            ("11m32.334s", Some(692_334)),
            ("1h0m0s", Some(3_600_000)),
            ("30", Some(30_000)),
            ("0.5", Some(500)),
            ("1795438810", Some(10_000)),
            ("1795438810000", Some(10_000)),
            ("2026-11-23T13:00:10Z", Some(10_000)),
            ("2026-11-23T12:00:10Z", Some(0)),
            ("2026-11-23T13:00:10.250Z", Some(10_250)),
            ("2026-11-23T14:00:10+01:00", Some(10_000)),
            ("Mon, 23 Nov 2026 13:00:10 GMT", Some(10_000)),
            ("59.706", Some(59_706)),
            ("2m59.56s", Some(179_560)),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(parse_reset(text, NOW).map(|reset| reset.as_millis()), ms, "{text}");
        }
    }

    #[test]
    fn a_daily_limit_does_not_pace() {
        for (limit, remaining, reset, is_pacing) in [
            ("10", "9", "100ms", true),
            ("10", "0", "1m0s", true),
            ("500", "499", "50ms", true),
            ("10", "10", "0s", true),
            ("200", "199", "7m12s", false),
            ("10000", "9999", "8.64s", false),
            ("10000", "0", "24h", false),
        ] {
            let found = read_rate_limits(
                &headers(&[
                    ("x-ratelimit-limit-requests", limit),
                    ("x-ratelimit-remaining-requests", remaining),
                    ("x-ratelimit-reset-requests", reset),
                ]),
                NOW,
            );
            let found = found.requests.map(|found| found.limit.to_string());
            assert_eq!(
                found,
                is_pacing.then(|| limit.to_owned()),
                "limit {limit}, remaining {remaining}, reset {reset}"
            );
        }
    }

    #[test]
    fn limits_of_every_kind() {
        let one = |pairs: &[(&str, &str)]| read_rate_limits(&headers(pairs), NOW);
        let recorded = one(&[
            ("x-ratelimit-limit-requests", "5000"),
            ("x-ratelimit-remaining-requests", "4999"),
            ("x-ratelimit-reset-requests", "12ms"),
            ("x-ratelimit-limit-tokens", "160000"),
            ("x-ratelimit-remaining-tokens", "159976"),
            ("x-ratelimit-reset-tokens", "9ms"),
        ]);
        let ms = Duration::from_millis;
        assert_eq!(recorded.requests, Some(LimitHeaders { limit: 5000, remaining: 4999, reset: Some(ms(12)) }));
        assert_eq!(recorded.tokens, Some(LimitHeaders { limit: 160_000, remaining: 159_976, reset: Some(ms(9)) }));
        // The organisation's and the project's limit: the tighter one counts.
        let two = one(&[
            ("x-ratelimit-limit-tokens", "160000"),
            ("x-ratelimit-remaining-tokens", "150000"),
            ("x-ratelimit-limit-project-tokens", "40000"),
            ("x-ratelimit-remaining-project-tokens", "39940"),
            ("x-ratelimit-reset-project-tokens", "90ms"),
        ]);
        assert_eq!(two.tokens.map(|tokens| tokens.limit), Some(40_000));
        // A daily limit does not pace.
        let day = one(&[
            ("x-ratelimit-limit-requests", "200"),
            ("x-ratelimit-remaining-requests", "199"),
            ("x-ratelimit-reset-requests", "7m12s"),
        ]);
        assert_eq!(day, RateLimitHeaders::default());
        let other = one(&[
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "49"),
            ("anthropic-ratelimit-requests-reset", "2026-11-23T13:00:01Z"),
        ]);
        assert_eq!(other.requests, Some(LimitHeaders { limit: 50, remaining: 49, reset: Some(ms(1000)) }));
        // Without a reset time the limit counts as replenished.
        let bare = one(&[("x-ratelimit-limit-tokens", "60000"), ("x-ratelimit-remaining-tokens", "59000")]);
        assert_eq!(bare.tokens, Some(LimitHeaders { limit: 60_000, remaining: 59_000, reset: None }));
        for unusable in [
            &[("x-ratelimit-limit-requests", "many"), ("x-ratelimit-remaining-requests", "5")][..],
            &[("x-ratelimit-limit-requests", "0"), ("x-ratelimit-remaining-requests", "0")],
            &[("x-ratelimit-limit-requests", "-1"), ("x-ratelimit-remaining-requests", "-1")],
            &[("x-ratelimit-limit-requests", "1e99"), ("x-ratelimit-remaining-requests", "1")],
            &[("x-ratelimit-limit-requests", "60")],
            &[],
        ] {
            assert_eq!(one(unusable), RateLimitHeaders::default(), "{unusable:?}");
        }
    }
}
