//! What a reply's headers say of the provider's limits: OpenAI's, and those of servers
//! that imitate them or have their own.
//!
//! Source: OpenAI's rate-limit guide (2026), with values recorded on the live API;
//! Anthropic's rate-limit page. Reset times are Go durations, seconds, or moments.

use super::errors::ErrorBody;
use crate::provider::pacing::retry_after::go_duration;
use reqwest::header::HeaderMap;
use std::time::Duration;

/// What is said of one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How much is allowed in a minute.
    pub per_minute: u64,
    /// How much may be used at once now.
    pub remaining: u64,
    /// When everything may be used at once again.
    pub reset: Duration,
}

/// What a reply says of the limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowances {
    /// Of requests.
    pub requests: Option<Allowance>,
    /// Of tokens.
    pub tokens: Option<Allowance>,
}

/// A limit that a request went over, as the refusal tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// Of tokens; else of requests.
    pub is_tokens: bool,
    /// The limit a minute.
    pub limit: Option<u64>,
}

/// The limit that a 429 is about. `Rate limit reached for … on tokens per min (TPM): Limit
/// 30000, Used 29937, Requested 385.` Limits of days don't pace.
pub(crate) fn over(error: &ErrorBody) -> Option<Over> {
    if error.says("per day") || error.says("(rpd)") || error.says("(tpd)") {
        return None;
    }
    let is_tokens = error.says("tokens per min") || error.is("tokens");
    let limit = error.message.split_once("Limit ").and_then(|(_, rest)| {
        let digits: String =
            rest.chars().take_while(|c| c.is_ascii_digit() || *c == ',').filter(|c| *c != ',').collect();
        digits.parse().ok().filter(|limit| *limit > 0)
    });
    Some(Over { is_tokens, limit })
}

/// Limits of longer windows don't pace: their whole remainder may be used at once.
const LONGEST_WINDOW: f64 = 300.0;

/// Reads a reply's headers at `wall_ms`.
pub(crate) fn read(headers: &HeaderMap, wall_ms: i64) -> Allowances {
    let of = |kinds: &[&str]| {
        let named = kinds
            .iter()
            .filter_map(|kind| openai(headers, kind, wall_ms).or_else(|| anthropic(headers, kind, wall_ms)));
        // The tighter one is the one that is met first.
        named.min_by_key(|allowance| (allowance.remaining, allowance.per_minute))
    };
    Allowances {
        requests: of(&["requests", "project-requests"]),
        tokens: of(&["tokens", "project-tokens", "tokens_usage_based", "input-tokens"]),
    }
}

fn openai(headers: &HeaderMap, kind: &str, wall_ms: i64) -> Option<Allowance> {
    let text = |name: &str| headers.get(format!("x-ratelimit-{name}-{kind}"))?.to_str().ok().map(str::trim);
    allowance(text("limit")?, text("remaining")?, text("reset"), wall_ms)
}

fn anthropic(headers: &HeaderMap, kind: &str, wall_ms: i64) -> Option<Allowance> {
    let text = |name: &str| headers.get(format!("anthropic-ratelimit-{kind}-{name}"))?.to_str().ok().map(str::trim);
    allowance(text("limit")?, text("remaining")?, text("reset"), wall_ms)
}

fn allowance(limit: &str, remaining: &str, reset: Option<&str>, wall_ms: i64) -> Option<Allowance> {
    let count = |text: &str| {
        let number: f64 = text.parse().ok()?;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
        (0.0..1e15).contains(&number).then_some(number as u64)
    };
    let (limit, remaining) = (count(limit)?, count(remaining)?);
    let reset = reset.and_then(|text| moment(text, wall_ms)).unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "a ratio")]
    let window = reset.as_secs_f64() * limit as f64 / limit.saturating_sub(remaining).max(1) as f64;
    (limit > 0 && window <= LONGEST_WINDOW).then_some(Allowance { per_minute: limit, remaining, reset })
}

/// A duration, a number of seconds, or a moment: RFC 3339, or seconds since 1970.
fn moment(text: &str, wall_ms: i64) -> Option<Duration> {
    let until = |at_ms: i64| Duration::from_millis(u64::try_from(at_ms - wall_ms).unwrap_or(0));
    if let Ok(number) = text.parse::<f64>() {
        #[expect(clippy::cast_possible_truncation, reason = "below 2^53")]
        return match number {
            number if number > 1e12 => Some(until(number.min(1e15) as i64)),
            number if number > 1e9 => Some(until((number * 1000.0) as i64)),
            number => Duration::try_from_secs_f64(number).ok(),
        };
    }
    go_duration(text).or_else(|| crate::base::units::parse_time(text).ok().map(until))
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
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(moment(text, NOW).map(|reset| reset.as_millis()), ms, "{text}");
        }
    }

    #[test]
    fn the_limit_that_a_refusal_is_about() {
        let over = |kind: &str, message: &str| {
            over(&ErrorBody::from_value(&serde_json::json!({"error": {"type": kind, "message": message}})))
        };
        let tokens = "Rate limit reached for m in organization o on tokens per min (TPM): Limit 30,000, Used 29937, Requested 385.";
        assert_eq!(over("tokens", tokens), Some(Over { is_tokens: true, limit: Some(30_000) }));
        let requests = "Rate limit reached for m on requests per min (RPM): Limit 500, Used 500, Requested 1.";
        assert_eq!(over("requests", requests), Some(Over { is_tokens: false, limit: Some(500) }));
        assert_eq!(over("requests", "on requests per day (RPD): Limit 200, Used 200"), None);
        assert_eq!(over("", "slow down"), Some(Over { is_tokens: false, limit: None }));
    }

    #[test]
    fn limits_of_every_kind() {
        let one = |pairs: &[(&str, &str)]| read(&headers(pairs), NOW);
        let recorded = one(&[
            ("x-ratelimit-limit-requests", "5000"),
            ("x-ratelimit-remaining-requests", "4999"),
            ("x-ratelimit-reset-requests", "12ms"),
            ("x-ratelimit-limit-tokens", "160000"),
            ("x-ratelimit-remaining-tokens", "159976"),
            ("x-ratelimit-reset-tokens", "9ms"),
        ]);
        let ms = Duration::from_millis;
        assert_eq!(recorded.requests, Some(Allowance { per_minute: 5000, remaining: 4999, reset: ms(12) }));
        assert_eq!(recorded.tokens, Some(Allowance { per_minute: 160_000, remaining: 159_976, reset: ms(9) }));
        // Of the organisation's and the project's, the tighter.
        let two = one(&[
            ("x-ratelimit-limit-tokens", "160000"),
            ("x-ratelimit-remaining-tokens", "150000"),
            ("x-ratelimit-limit-project-tokens", "40000"),
            ("x-ratelimit-remaining-project-tokens", "39940"),
            ("x-ratelimit-reset-project-tokens", "90ms"),
        ]);
        assert_eq!(two.tokens.map(|tokens| tokens.per_minute), Some(40_000));
        // A day's limit does not pace.
        let day = one(&[
            ("x-ratelimit-limit-requests", "200"),
            ("x-ratelimit-remaining-requests", "199"),
            ("x-ratelimit-reset-requests", "7m12s"),
        ]);
        assert_eq!(day, Allowances::default());
        let other = one(&[
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "49"),
            ("anthropic-ratelimit-requests-reset", "2026-11-23T13:00:01Z"),
        ]);
        assert_eq!(other.requests, Some(Allowance { per_minute: 50, remaining: 49, reset: ms(1000) }));
        assert_eq!(one(&[("x-ratelimit-limit-requests", "many")]), Allowances::default());
    }
}
