//! One limit, on requests or on tokens per minute: what the manifest states, what the
//! provider was seen to enforce, or both.

use super::adaptive_rate::AdaptiveRate;
use super::request_quota::RequestQuota;
use super::token_bucket::TokenBucket;
use crate::base::clock::Clock;
use crate::provider::rate_limits::ReportedLimit;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// One limit.
pub(crate) struct Limit {
    /// The manifest's limit on requests.
    quota: Option<RequestQuota>,
    /// The manifest's limit on tokens, per minute.
    max_tokens: Option<f64>,
    /// Refills at the lower of `max_tokens` and the learned rate; `None`: neither is known.
    bucket: Option<TokenBucket>,
    adaptive: AdaptiveRate,
    /// What was admitted recently, and when.
    admitted: VecDeque<(Duration, u64)>,
}

/// How long admissions are remembered, to measure the rate before a refusal.
const MEMORY: Duration = Duration::from_secs(10);

impl Limit {
    /// A limit on requests. `None`: only what the provider enforces.
    pub(crate) fn on_requests(per_minute: Option<u32>, clock: &Arc<dyn Clock>) -> Self {
        let quota = per_minute.map(|per_minute| RequestQuota::new(per_minute, clock.clone()));
        Self { quota, ..Self::on_tokens(None, clock) }
    }

    /// A limit on tokens. `None`: only what the provider enforces.
    #[expect(clippy::cast_precision_loss, reason = "limits are below 2^52")]
    pub(crate) fn on_tokens(per_minute: Option<u64>, clock: &Arc<dyn Clock>) -> Self {
        let max_tokens = per_minute.map(|per_minute| per_minute as f64);
        Self {
            quota: None,
            max_tokens,
            bucket: max_tokens.map(|max_tokens| TokenBucket::full(max_tokens, clock.now())),
            adaptive: AdaptiveRate::default(),
            admitted: VecDeque::new(),
        }
    }

    /// Takes `count` at `now`: tokens, or 1 request.
    ///
    /// # Errors
    /// How long to wait before the next try.
    pub(crate) fn try_take(&mut self, count: u64, now: Duration) -> Result<(), Duration> {
        self.adaptive.on_admission(now);
        let is_learned_rate = self.follow_learned_rate(now);
        if let Some(delay) = self.bucket.as_mut().and_then(|bucket| bucket.delay(count, now)) {
            if is_learned_rate {
                self.adaptive.on_delayed(count, now);
            }
            return Err(delay);
        }
        if let Some(quota) = &self.quota {
            quota.try_take()?;
        }
        if let Some(bucket) = &mut self.bucket {
            bucket.take(count);
        }
        self.admitted.push_back((now, count));
        while self.admitted.front().is_some_and(|(at, _)| now.saturating_sub(*at) > MEMORY) {
            self.admitted.pop_front();
        }
        Ok(())
    }

    /// Learns from the headers of the reply to a request that was sent at `sent`.
    pub(crate) fn on_headers(&mut self, reported: &ReportedLimit, sent: Duration, now: Duration) {
        self.adaptive.on_headers(reported, sent, now);
    }

    /// Learns that a request, sent at `sent`, exceeded the limit. `named`: the limit per
    /// minute that the error names.
    pub(crate) fn on_throttled(&mut self, named: Option<u64>, sent: Duration, now: Duration) {
        let admitted = self.admitted_per_minute(now);
        self.adaptive.on_throttled(named, admitted, sent, now);
    }

    /// Sets the bucket's rate to the learned rate, but never above the manifest's limit.
    /// Returns whether the learned rate is the lower one.
    fn follow_learned_rate(&mut self, now: Duration) -> bool {
        let Some(learned) = self.adaptive.per_minute() else { return false };
        let rate = self.max_tokens.map_or(learned, |max_tokens| learned.min(max_tokens));
        // A new bucket is empty: much may be in flight already.
        let bucket = self.bucket.get_or_insert_with(|| TokenBucket::empty(rate.max(1.0).floor(), now));
        bucket.set_rate(rate, now);
        self.max_tokens.is_none_or(|max_tokens| learned < max_tokens)
    }

    /// The recent rate of admissions, per minute.
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    fn admitted_per_minute(&self, now: Duration) -> f64 {
        let Some((first, _)) = self.admitted.front() else { return 0.0 };
        let total: u64 = self.admitted.iter().map(|(_, count)| count).sum();
        total as f64 * 60.0 / now.saturating_sub(*first).as_secs_f64().max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::ManualClock;

    const S: fn(u64) -> Duration = Duration::from_secs;

    fn clock() -> Arc<dyn Clock> {
        Arc::new(ManualClock::starting_at(0))
    }

    /// How many of `tries` requests are admitted, one every 10 ms.
    fn admitted(limit: &mut Limit, from: Duration, tries: u32) -> u32 {
        let taken = |at: u32| limit.try_take(1, from + Duration::from_millis(10) * at).is_ok();
        (0..tries).map(taken).map(u32::from).sum()
    }

    #[test]
    fn without_any_limit_everything_is_admitted() {
        for mut limit in [Limit::on_requests(None, &clock()), Limit::on_tokens(None, &clock())] {
            assert!((0..1000).all(|_| limit.try_take(1_000_000, S(1)).is_ok()));
        }
    }

    #[test]
    fn a_refusal_without_headers_starts_from_the_rate_before_it() {
        let mut limit = Limit::on_requests(None, &clock());
        assert_eq!(admitted(&mut limit, S(0), 1000), 1000, "100 a second");
        limit.on_throttled(None, S(10), S(10));
        // Three quarters of 100 a second, for 10 seconds.
        let after = admitted(&mut limit, S(10), 1000);
        assert!((700..=850).contains(&after), "{after}");
    }

    #[test]
    fn the_learned_rate_lowers_the_manifests_limit_but_never_raises_it() {
        let full = ReportedLimit { per_minute: 120, remaining: 60, reset: S(30) };
        for (stated, reported, max) in [(600, 120, 40), (60, 120_000, 11)] {
            let mut limit = Limit::on_tokens(Some(stated), &clock());
            for at in 0..20 {
                let reported = ReportedLimit { per_minute: reported, remaining: reported / 2, ..full };
                limit.on_headers(&reported, S(at), S(at));
            }
            let admitted = admitted(&mut limit, S(20), 1000);
            assert!(admitted <= max, "{admitted} of {max}");
        }
    }
}
