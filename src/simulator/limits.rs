//! The limits on requests and tokens per minute, and how a refusal and the headers show them.
//! Source: OpenAI's rate-limits guide (2026).

use super::api_error::ApiError;
use super::bucket::{Bucket, OverLimit};
use super::options::Options;
use std::time::{Duration, Instant};

/// The limited quantities per minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dimension {
    Requests,
    Tokens,
}

/// Why a request is throttled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum LimitError {
    /// The request alone has more tokens than the limit per minute.
    RequestTooLarge { limit: u64, requested: u64 },
    /// The request fits after `over.wait`.
    Exceeded { dimension: Dimension, limit: u64, requested: u64, over: OverLimit },
}

/// The limits of the endpoint.
#[derive(Debug)]
pub(crate) struct RateLimits {
    start: Instant,
    limits: Vec<Limit>,
    /// The share of the limits that holds from a time since `start` on, in their order.
    steps: Vec<(Duration, f64)>,
}

#[derive(Debug)]
struct Limit {
    dimension: Dimension,
    /// Units per minute without steps.
    per_minute: u64,
    bucket: Bucket,
}

impl RateLimits {
    pub(crate) fn new(options: &Options, now: Instant) -> Self {
        let limit = |(dimension, per_minute): (Dimension, Option<u64>)| {
            let per_minute = per_minute?;
            Some(Limit { dimension, per_minute, bucket: Bucket::new(per_minute, options.bucket_seconds, now) })
        };
        let limits =
            [(Dimension::Requests, options.requests_per_minute), (Dimension::Tokens, options.tokens_per_minute)];
        Self { start: now, limits: limits.into_iter().filter_map(limit).collect(), steps: options.limit_steps.clone() }
    }

    /// Charges a request with this many tokens to all limits. A request over the token limit
    /// is still charged to the request limit.
    pub(crate) fn admit(&mut self, tokens: u64, now: Instant) -> Result<(), LimitError> {
        self.apply_steps(now);
        let mut limits = self.limits.iter().filter(|limit| limit.dimension == Dimension::Tokens);
        if let Some(limit) = limits.find(|limit| tokens > limit.bucket.limit()) {
            return Err(LimitError::RequestTooLarge { limit: limit.bucket.limit(), requested: tokens });
        }
        for Limit { dimension, bucket, .. } in &mut self.limits {
            let requested = if *dimension == Dimension::Requests { 1 } else { tokens };
            let limit = bucket.limit();
            bucket.use_up(requested, now).map_err(|over| LimitError::Exceeded {
                dimension: *dimension,
                limit,
                requested,
                over,
            })?;
        }
        Ok(())
    }

    /// Sets the limits to the share that holds now.
    fn apply_steps(&mut self, now: Instant) {
        let elapsed = now.duration_since(self.start);
        let Some((_, share)) = self.steps.iter().rev().find(|(from, _)| *from <= elapsed) else { return };
        for limit in &mut self.limits {
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "limits are small"
            )]
            let stepped = ((limit.per_minute as f64 * share) as u64).max(1);
            limit.bucket.set_limit(stepped, now);
        }
    }

    /// The `x-ratelimit-*` headers.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        let headers = self.limits.iter().flat_map(|Limit { dimension, bucket, .. }| {
            let (remaining, reset) = bucket.remaining_and_reset();
            let name = dimension.name();
            [
                (format!("x-ratelimit-limit-{name}"), bucket.limit().to_string()),
                (format!("x-ratelimit-remaining-{name}"), remaining.to_string()),
                (format!("x-ratelimit-reset-{name}"), format_go_duration(reset)),
            ]
        });
        headers.collect()
    }
}

impl Dimension {
    fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Requests => "requests per min (RPM)",
            Self::Tokens => "tokens per min (TPM)",
        }
    }
}

impl LimitError {
    /// The 429 about a request to `model`.
    pub(crate) fn to_api_error(self, model: &str) -> ApiError {
        let (kind, message) = match self {
            Self::RequestTooLarge { limit, requested } => (
                "tokens",
                format!(
                    "Request too large for {model} in organization org-simulator on tokens per min (TPM): Limit {limit}, Requested {requested}. The input or output tokens must be reduced in order to run successfully."
                ),
            ),
            Self::Exceeded { dimension, limit, requested, over } => (
                dimension.name(),
                format!(
                    "Rate limit reached for {model} in organization org-simulator on {}: Limit {limit}, Used {}, Requested {requested}. Please try again in {}. Visit https://platform.openai.com/account/rate-limits to learn more.",
                    dimension.title(),
                    over.used,
                    format_go_duration(over.wait)
                ),
            ),
        };
        ApiError::new(429, kind, message).with_code("rate_limit_exceeded")
    }

    /// The `retry-after` headers of the 429; none when waiting does not help.
    pub(crate) fn headers(self) -> Vec<(&'static str, u64)> {
        let Self::Exceeded { over: OverLimit { wait, .. }, .. } = self else { return Vec::new() };
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX - 1);
        vec![("retry-after", seconds.max(1)), ("retry-after-ms", wait_ms + 1)]
    }
}

/// A duration as Go prints it, to the millisecond: `0s`, `644ms`, `9.816s`, `7m12s`.
fn format_go_duration(duration: Duration) -> String {
    let ms = duration.as_millis();
    if ms == 0 {
        return "0s".into();
    }
    if ms < 1000 {
        return format!("{ms}ms");
    }
    let (hours, minutes, rest) = (ms / 3_600_000, ms / 60_000 % 60, ms % 60_000);
    let mut out = String::new();
    if hours > 0 {
        out.push_str(&format!("{hours}h"));
    }
    if hours > 0 || minutes > 0 {
        out.push_str(&format!("{minutes}m"));
    }
    let decimals = format!("{:03}", rest % 1000);
    let decimals = decimals.trim_end_matches('0');
    let dot = if decimals.is_empty() { "" } else { "." };
    out.push_str(&format!("{}{dot}{decimals}s", rest / 1000));
    out
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "an origin for times")]

    use super::*;

    fn limits(requests: Option<u64>, tokens: Option<u64>, steps: &[(u64, f64)]) -> (RateLimits, Instant) {
        let options = Options {
            requests_per_minute: requests,
            tokens_per_minute: tokens,
            limit_steps: steps.iter().map(|(from, share)| (Duration::from_secs(*from), *share)).collect(),
            ..Options::default()
        };
        let now = Instant::now();
        (RateLimits::new(&options, now), now)
    }

    #[test]
    fn durations_are_as_go_prints_them() {
        for (ms, text) in [
            (0, "0s"),
            (9, "9ms"),
            (999, "999ms"),
            (1000, "1s"),
            (3890, "3.89s"),
            (9816, "9.816s"),
            (60_000, "1m0s"),
            (432_000, "7m12s"),
            (692_334, "11m32.334s"),
            (3_600_000, "1h0m0s"),
            (3_661_050, "1h1m1.05s"),
        ] {
            assert_eq!(format_go_duration(Duration::from_millis(ms)), text);
        }
        assert_eq!(format_go_duration(Duration::from_micros(31)), "0s");
    }

    #[test]
    fn the_error_names_limit_use_and_wait() {
        let (mut limits, now) = limits(None, Some(30_000), &[]);
        limits.admit(29_937, now).unwrap();
        let throttled = limits.admit(385, now).unwrap_err();
        let error = throttled.to_api_error("gpt-4o");
        assert_eq!((error.status, error.kind, error.code), (429, "tokens", Some("rate_limit_exceeded")));
        let words = "on tokens per min (TPM): Limit 30000, Used 29937, Requested 385. Please try again in 644ms.";
        assert!(error.message.contains(words), "{}", error.message);
        assert_eq!(throttled.headers(), [("retry-after", 1), ("retry-after-ms", 645)]);
    }

    #[test]
    fn a_request_larger_than_the_limit_does_not_wait() {
        let (mut limits, now) = limits(Some(1), Some(30_000), &[]);
        let throttled = limits.admit(31_538, now).unwrap_err();
        assert_eq!(throttled, LimitError::RequestTooLarge { limit: 30_000, requested: 31_538 });
        assert!(throttled.headers().is_empty());
        assert!(throttled.to_api_error("m").message.starts_with("Request too large for m in organization"));
        limits.admit(30_000, now).unwrap();
        let throttled = limits.admit(1, now).unwrap_err();
        assert!(
            matches!(throttled, LimitError::Exceeded { dimension: Dimension::Requests, limit: 1, .. }),
            "{throttled:?}"
        );
    }

    #[test]
    fn steps_change_both_limits_from_their_time_on() {
        let (mut limits, start) = limits(Some(600), Some(60_000), &[(60, 0.5), (120, 0.001)]);
        let mut limits_at = |seconds: u64| {
            let _ = limits.admit(1, start + Duration::from_secs(seconds));
            limits.limits.iter().map(|limit| limit.bucket.limit()).collect::<Vec<_>>()
        };
        assert_eq!(limits_at(0), [600, 60_000]);
        assert_eq!(limits_at(59), [600, 60_000]);
        assert_eq!(limits_at(60), [300, 30_000]);
        assert_eq!(limits_at(121), [1, 60], "a limit is at least 1");
    }

    #[test]
    fn headers_are_those_of_the_limits_there_are() {
        let (mut both, now) = limits(Some(5000), Some(160_000), &[]);
        both.admit(24, now).unwrap();
        let headers: Vec<String> = both.headers().iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(
            headers,
            [
                "x-ratelimit-limit-requests: 5000",
                "x-ratelimit-remaining-requests: 4999",
                "x-ratelimit-reset-requests: 12ms",
                "x-ratelimit-limit-tokens: 160000",
                "x-ratelimit-remaining-tokens: 159976",
                "x-ratelimit-reset-tokens: 9ms",
            ]
        );
        assert!(limits(None, None, &[]).0.headers().is_empty());
    }
}
