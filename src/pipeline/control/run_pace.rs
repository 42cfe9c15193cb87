//! How fast a run may go: what bounds the rate of its requests, and how long many pages take under these bounds. Pure.

use crate::provider::{ConcurrencyGrowth, PaceLimits};

/// What bounds the rate of a run's requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RunPace {
    /// The limits of the endpoint.
    pub(crate) limits: PaceLimits,
    /// The mean number of tokens of a request, as the provider counts them at admission; `None`: none was admitted.
    pub(crate) tokens_per_request: Option<u64>,
    /// Whether requests are sent one after the other, until the first replies show what the endpoint does.
    pub(crate) is_alone: bool,
}

impl RunPace {
    /// Requests per second that the limits per minute allow; `None`: no limit is known.
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub(crate) fn max_rate(&self) -> Option<f64> {
        let by_tokens = self.limits.tokens_per_minute.zip(self.tokens_per_request);
        let by_tokens = by_tokens.map(|(tokens, each)| tokens / (each as f64).max(1.0));
        [self.limits.requests_per_minute, by_tokens].into_iter().flatten().map(|rate| rate / 60.0).reduce(f64::min)
    }

    /// The rate with `concurrency` requests in flight, each for `latency` seconds.
    pub(crate) fn rate(&self, concurrency: f64, latency: f64) -> f64 {
        let by_concurrency = concurrency / latency;
        self.max_rate().map_or(by_concurrency, |rate| rate.min(by_concurrency))
    }

    /// How many seconds it takes to ask `pages`, if requests never wait for pages. Each is in flight for `latency` seconds.
    pub(crate) fn seconds(&self, pages: f64, latency: f64) -> f64 {
        let PaceLimits { concurrency, max_concurrency, growth, .. } = self.limits;
        let (mut concurrency, max_concurrency) = (f64::from(concurrency.max(1)), f64::from(max_concurrency));
        // The first reply is awaited alone.
        let (mut left, mut seconds) = if self.is_alone { ((pages - 1.0).max(0.0), latency) } else { (pages, 0.0) };
        while concurrency < max_concurrency && self.max_rate().is_none_or(|rate| concurrency / latency < rate) {
            let (step, duration) = match growth {
                ConcurrencyGrowth::Rounds(rounds) => (1.0, latency * f64::from(rounds)),
                ConcurrencyGrowth::Doubling => (concurrency, latency),
                ConcurrencyGrowth::PerSecond(share) => (1.0, 1.0 / (concurrency * share)),
            };
            let done = self.rate(concurrency, latency) * duration;
            if done >= left {
                break;
            }
            (left, seconds, concurrency) = (left - done, seconds + duration, (concurrency + step).min(max_concurrency));
        }
        seconds + left / self.rate(concurrency, latency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pace without limits: 8 requests in flight, which may become 64.
    fn growing() -> RunPace {
        let limits = PaceLimits {
            requests_per_minute: None,
            tokens_per_minute: None,
            concurrency: 8,
            max_concurrency: 64,
            growth: ConcurrencyGrowth::Rounds(1),
        };
        RunPace { limits, tokens_per_request: None, is_alone: false }
    }

    fn with_limits(change: impl FnOnce(&mut PaceLimits)) -> RunPace {
        let mut pace = growing();
        change(&mut pace.limits);
        pace
    }

    #[test]
    fn how_long_pages_take() {
        let fixed = with_limits(|limits| limits.max_concurrency = 8);
        let doubling = with_limits(|limits| limits.growth = ConcurrencyGrowth::Doubling);
        let per_second =
            with_limits(|limits| (limits.max_concurrency, limits.growth) = (256, ConcurrencyGrowth::PerSecond(0.3)));
        let shared = with_limits(|limits| limits.growth = ConcurrencyGrowth::Rounds(16));
        let stated = with_limits(|limits| {
            (limits.requests_per_minute, limits.concurrency) = (Some(1200.0), 64);
        });
        let tokens = with_limits(|limits| (limits.tokens_per_minute, limits.concurrency) = (Some(60_000.0), 64));
        let tokens = RunPace { tokens_per_request: Some(100), ..tokens };
        for (name, pace, pages, latency, seconds) in [
            ("8 in flight", fixed, 400.0, 2.0, 100.0),
            ("alone first", RunPace { is_alone: true, ..fixed }, 401.0, 2.0, 102.0),
            // 8 + 9 + 10 … in each round; 408 in the first 21 rounds.
            ("one more per round", growing(), 408.0, 1.0, 22.7),
            ("up to 64", growing(), 64.0 * 1000.0, 1.0, 1024.9),
            ("one more in 16 rounds", shared, 8.0 * 16.0 + 9.0 * 16.0, 1.0, 32.0),
            ("doubled per round", doubling, 8.0 + 16.0 + 32.0 + 64.0, 1.0, 4.0),
            ("30 % a second", per_second, 3000.0, 1.0, 20.0),
            ("a stated rate", stated, 400.0, 1.0, 20.0),
            ("a stated rate, slow replies", stated, 640.0, 32.0, 320.0),
            ("a stated rate of tokens", tokens, 400.0, 1.0, 40.0),
            ("nothing", growing(), 0.0, 1.0, 0.0),
        ] {
            let computed = pace.seconds(pages, latency);
            assert!((computed - seconds).abs() < 1.0 + seconds * 0.02, "{name}: {computed}");
        }
    }
}
