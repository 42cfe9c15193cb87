//! One limit, on requests or on tokens per minute: what the manifest states, what the
//! provider enforces, or both.

use super::adaptive_rate::AdaptiveRate;
use super::limit_window::LimitWindow;
use super::request_quota::RequestQuota;
use super::token_bucket::TokenBucket;
use crate::base::clock::Clock;
use crate::provider::judgement::rate_limits::{LimitHeaders, ReportedLimit};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// One limit.
pub(crate) struct Limit {
    /// The manifest's limit on requests.
    quota: Option<RequestQuota>,
    /// The manifest's limit, per minute.
    max: Option<f64>,
    /// Refills at the lower of `max` and the learned rate; `None`: neither is known, or a
    /// quota takes its place.
    bucket: Option<TokenBucket>,
    adaptive: AdaptiveRate,
    /// Whether the learned rate is followed. A limit that the manifest states is trusted
    /// until the provider shows that it is too high, or used by others too.
    is_learning: bool,
    /// Recent admissions, and their times.
    admitted: VecDeque<(Duration, u64)>,
    /// When a request was last throttled.
    throttled: Option<Duration>,
    /// Requests that the provider let through.
    processed: u32,
    /// The largest count that was admitted at once.
    largest: u64,
    /// Whether the provider is known to count what is sent: a report showed less than its full limit.
    is_counted: bool,
    /// For how long the limit is that headers report.
    window: LimitWindow,
    /// How many units each request surely takes: 1 request, or 0 of an unknown number of tokens.
    unit: u64,
}

/// How long admissions are remembered, to measure the rate before throttling.
const MEMORY: Duration = Duration::from_secs(10);

/// After throttling the bucket saves up nothing for this long: the provider's has no room.
const CALM: Duration = Duration::from_secs(2);
/// Shortest time between two throttled requests that shows what the limit lets through.
const MIN_SUSTAINED: Duration = Duration::from_secs(1);
/// A reported limit that is lower than the manifest's by more than rounding.
const MIN_REPORTED: f64 = 0.99;
/// Smallest bucket whose level shows anything, in requests.
const MIN_CAPACITY: f64 = 4.0;
/// A bucket with less left is used by others too: pacing alone leaves almost half of it.
const MIN_FREE: f64 = 0.2;
/// Requests that the provider has to accept before the sent requests show its limit. One that is throttled earlier may be
/// due to a limit that others have used up, or to a starting server.
const MIN_PROCESSED: u32 = 8;

impl Limit {
    /// A limit on requests. `None`: only what the provider enforces.
    pub(crate) fn for_requests(per_minute: Option<u32>, clock: &Arc<dyn Clock>) -> Self {
        let Some(per_minute) = per_minute else { return Self { unit: 1, ..Self::for_tokens(None, clock) } };
        let quota = Some(RequestQuota::new(per_minute, clock.clone()));
        // The quota is exact; the bucket is there for a lower rate.
        Self { quota, bucket: None, unit: 1, ..Self::for_tokens(Some(per_minute.into()), clock) }
    }

    /// A limit on tokens. `None`: only what the provider enforces.
    #[expect(clippy::cast_precision_loss, reason = "limits are below 2^52")]
    pub(crate) fn for_tokens(per_minute: Option<u64>, clock: &Arc<dyn Clock>) -> Self {
        let max = per_minute.map(|per_minute| per_minute as f64);
        Self {
            quota: None,
            max,
            bucket: max.map(|max| TokenBucket::full(max, clock.now())),
            adaptive: AdaptiveRate::new(1),
            is_learning: max.is_none(),
            admitted: VecDeque::new(),
            throttled: None,
            processed: 0,
            largest: 0,
            is_counted: false,
            window: LimitWindow::default(),
            unit: 0,
        }
    }

    /// The same limit for one of `parallel` processes that share it. What the manifest states is the part of each.
    pub(crate) fn shared_by(mut self, parallel: u32) -> Self {
        self.adaptive = AdaptiveRate::new(parallel);
        self
    }

    /// Whether a rate is stated or was learned.
    pub(crate) fn is_pacing(&self) -> bool {
        self.quota.is_some() || self.bucket.is_some() || self.adaptive.per_minute().is_some()
    }

    /// The rate per minute that was learned; `None`: none was, or the manifest states a limit.
    pub(crate) fn learned_rate(&self) -> Option<f64> {
        self.adaptive.per_minute().filter(|_| self.max.is_none())
    }

    /// The lower of the stated and the learned rate per minute; `None`: neither is known.
    pub(crate) fn rate(&self) -> Option<f64> {
        let rates = [self.max, self.adaptive.per_minute()];
        rates.into_iter().flatten().reduce(f64::min)
    }

    /// Takes `count` at `now`: tokens, or 1 request.
    ///
    /// # Errors
    /// How long to wait before the next try.
    pub(crate) fn try_take(&mut self, count: u64, now: Duration) -> Result<(), Duration> {
        self.adaptive.on_admission(now);
        let is_learned_rate = self.follow_learned_rate(now);
        if self.throttled.is_some_and(|at| now.saturating_sub(at) < CALM)
            && let Some(bucket) = &mut self.bucket
        {
            bucket.lower_level(count, now);
        }
        let delay = self.bucket.as_mut().and_then(|bucket| bucket.delay(count, now));
        if let Some(delay) = delay
            && let Err(until_burst) = self.window.try_take_burst(count, now)
        {
            if is_learned_rate {
                self.adaptive.on_delayed(count, now);
            }
            return Err(until_burst.map_or(delay, |until| until.min(delay)));
        }
        if let Some(quota) = &self.quota {
            quota.try_take()?;
        }
        if let Some(bucket) = &mut self.bucket {
            bucket.spend(count);
        }
        self.largest = self.largest.max(count);
        self.admitted.push_back((now, count));
        while self.admitted.front().is_some_and(|(at, _)| now.saturating_sub(*at) > MEMORY) {
            self.admitted.pop_front();
        }
        Ok(())
    }

    /// Learns from the headers of the reply to a request that was sent at `sent`.
    pub(crate) fn on_headers(&mut self, headers: &LimitHeaders, sent: Duration, now: Duration) {
        self.is_counted |= headers.remaining < headers.limit;
        // A server that reports all of its limit after every request, or a limit below what it has just let
        // through, has fixed headers, or counts something else. Its throttling shows its limit.
        if !self.is_counted || headers.limit < self.largest {
            return;
        }
        let reported = &self.window.interpret(headers, sent, now);
        if !self.is_learning && self.max.is_some_and(|max| shows_less(reported, max)) {
            self.is_learning = true;
            self.adaptive.claim_equal_part();
        }
        if self.is_learning {
            self.adaptive.on_headers(reported, sent, now);
        }
        if self.max.is_none() {
            self.window.begin_burst(headers, self.unit, self.largest, sent, now);
        }
    }

    /// The provider let a request through.
    pub(crate) fn on_processed(&mut self) {
        self.processed = self.processed.saturating_add(1);
    }

    /// Learns that a request, sent at `sent`, exceeded the limit. `named`: the limit per
    /// minute that the error names.
    pub(crate) fn on_throttled(&mut self, named: Option<u64>, sent: Duration, now: Duration) {
        let is_first = !std::mem::replace(&mut self.is_learning, true);
        let admitted = if self.processed < MIN_PROCESSED { 0.0 } else { self.admitted_per_minute(Duration::ZERO, now) };
        let throttled = self.throttled.filter(|at| (MIN_SUSTAINED..MEMORY).contains(&now.saturating_sub(*at)));
        let sustained = throttled.map(|at| self.admitted_per_minute(at, now));
        // Where the error names no limit, the manifest's is the best guess: it is this process's part already.
        let known = named.map(|limit| self.adaptive.equal_part(limit)).or(self.max);
        self.adaptive.on_throttled(known, admitted, sustained, sent, now);
        if is_first {
            self.adaptive.yield_to_others();
        }
        self.throttled = Some(now);
        self.window.stop_burst(now);
    }

    /// Sets the bucket's rate to the learned rate, but never above the manifest's limit.
    /// Returns whether the learned rate is the lower one.
    fn follow_learned_rate(&mut self, now: Duration) -> bool {
        let Some(learned) = self.adaptive.per_minute() else { return false };
        let rate = self.max.map_or(learned, |max| learned.min(max));
        // A new bucket is empty: much may be in flight already.
        let bucket = self.bucket.get_or_insert_with(|| TokenBucket::empty(rate.max(1.0).floor(), now));
        bucket.set_rate(rate, now);
        self.max.is_none_or(|max| learned < max)
    }

    /// The rate of recorded admissions per minute since `from`.
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    fn admitted_per_minute(&self, from: Duration, now: Duration) -> f64 {
        let Some((first, _)) = self.admitted.front() else { return 0.0 };
        let total: u64 = self.admitted.iter().filter(|(at, _)| *at >= from).map(|(_, count)| count).sum();
        total as f64 * 60.0 / now.saturating_sub(from.max(*first)).as_secs_f64().max(1.0)
    }
}

/// Whether a reported limit is lower than `max` per minute, or almost used up: others use it,
/// or it was used up before. A bucket of a few requests is always almost used up.
#[expect(clippy::cast_precision_loss, reason = "limits are below 2^52")]
fn shows_less(reported: &ReportedLimit, max: f64) -> bool {
    let limit = reported.per_minute as f64;
    let capacity = reported.remaining as f64 + limit / 60.0 * reported.reset.as_secs_f64();
    limit < max * MIN_REPORTED || (capacity >= MIN_CAPACITY && (reported.remaining as f64) < capacity * MIN_FREE)
}

#[cfg(test)]
mod tests;
