//! When requests may be sent to one endpoint, and what their results change about that.

use super::concurrency_limit::ConcurrencyLimit;
use super::cooldown::{Cooldown, Gate};
use super::limiter::RateLimiter;
use super::pace_limits::PaceLimits;
use crate::base::clock::Clock;
use crate::base::vocabulary::ErrorKind;
use crate::manifest::{Concurrency, Limits, Retry};
use crate::provider::judgement::rate_limits::LimitKind;
use crate::provider::judgement::verdict::{Outage, Verdict};
use crate::provider::replies::exchange::Exchange;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

/// The pacing of one endpoint. It never waits: it returns how long the caller has to wait.
pub struct EndpointPacing {
    clock: Arc<dyn Clock>,
    limiter: RefCell<RateLimiter>,
    cooldown: RefCell<Cooldown>,
    concurrency: RefCell<ConcurrencyLimit>,
}

impl EndpointPacing {
    pub(crate) fn new(clock: Arc<dyn Clock>, limits: &Limits, retry: &Retry) -> Self {
        let limiter = RateLimiter::new(limits.requests_per_minute, limits.tokens_per_minute, clock.clone())
            .shared_by(limits.parallel);
        let concurrency = RefCell::new(concurrency(limits, limiter.is_pacing()));
        let cooldown = RefCell::new(Cooldown::new(retry.max_wait));
        Self { clock, limiter: RefCell::new(limiter), cooldown, concurrency }
    }

    /// What bounds the pace of requests at the start of a run, before anything is learned.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "limits are below 2^52")]
    pub fn starting_limits(limits: &Limits) -> PaceLimits {
        let is_paced = limits.states_a_rate();
        let in_flight = concurrency(limits, is_paced);
        let (concurrency, max_concurrency) = in_flight.normal_and_max();
        PaceLimits {
            requests_per_minute: limits.requests_per_minute.map(f64::from),
            tokens_per_minute: limits.tokens_per_minute.map(|tokens| tokens as f64),
            concurrency,
            max_concurrency,
            growth: in_flight.growth(is_paced),
        }
    }

    /// Whether a request may be sent now, ignoring the rates.
    #[must_use]
    pub fn gate(&self) -> Gate {
        self.cooldown.borrow().gate(self.clock.now(), self.concurrency.borrow().current())
    }

    /// The rate per minute that was learned from the endpoint, of requests or of tokens; `None`: none
    /// was, or the manifest states one.
    #[must_use]
    pub fn learned_rate(&self, kind: LimitKind) -> Option<f64> {
        self.limiter.borrow().learned_rate(kind)
    }

    /// What bounds the pace of requests now.
    #[must_use]
    pub fn limits(&self) -> PaceLimits {
        let (limiter, in_flight) = (self.limiter.borrow(), self.concurrency.borrow());
        let (requests_per_minute, tokens_per_minute) = limiter.rates();
        let (concurrency, max_concurrency) = in_flight.normal_and_max();
        let growth = in_flight.growth(limiter.is_pacing());
        PaceLimits { requests_per_minute, tokens_per_minute, concurrency, max_concurrency, growth }
    }

    /// Takes one request from the request rate.
    ///
    /// # Errors
    /// How long to wait before the next try.
    pub fn try_request(&self) -> Result<(), Duration> {
        self.limiter.borrow_mut().try_request()
    }

    /// Takes `count` tokens from the token rate.
    ///
    /// # Errors
    /// How long to wait before the next try.
    pub fn try_tokens(&self, count: u64) -> Result<(), Duration> {
        self.limiter.borrow_mut().try_tokens(count)
    }

    /// Learns from the result of a request that was sent at `sent`, as the clock measures
    /// it. `chance`: a random number from 0 to 1, for jitter. Returns whether the provider
    /// processed the request.
    pub fn on_exchange(&self, exchange: &Exchange, sent: Duration, chance: f64) -> bool {
        match &exchange.exceeded {
            // Throttling is stronger evidence than the headers that come with it.
            Some(exceeded) => self.limiter.borrow_mut().on_throttled(exceeded, sent),
            None => self.limiter.borrow_mut().on_headers(&exchange.rate_limits, sent),
        }
        match &exchange.verdict {
            Verdict::Later { after, .. } => {
                self.begin_cooldown(sent, *after, chance);
                false
            }
            // A server with a transient fault neither processes requests nor asks to wait.
            Verdict::Retry(fault) if fault.change.is_none() => {
                if fault.kind == ErrorKind::Timeout {
                    self.concurrency.borrow_mut().on_timeout();
                }
                match exchange.outage {
                    Outage::No => {}
                    Outage::Likely => self.begin_cooldown(sent, None, chance),
                    Outage::Lasting => self.cooldown.borrow_mut().give_up(),
                }
                false
            }
            Verdict::Stop(_) => false,
            Verdict::Done { .. } | Verdict::Retry(_) | Verdict::Page(_) => {
                self.limiter.borrow_mut().on_processed();
                if self.cooldown.borrow_mut().on_success(sent, self.clock.now()) {
                    self.concurrency.borrow_mut().restore(self.limiter.borrow().is_pacing());
                }
                true
            }
        }
    }

    /// A request that was sent at `sent` was throttled: all requests wait, then one is sent alone. `after`, `chance`: as
    /// for [`Cooldown::on_throttled`].
    fn begin_cooldown(&self, sent: Duration, after: Option<Duration>, chance: f64) {
        self.cooldown.borrow_mut().on_throttled(sent, self.clock.now(), after, chance);
        self.concurrency.borrow_mut().on_throttled();
    }

    /// A reply arrived after `latency` while other requests waited for a slot.
    pub fn on_reply_while_full(&self, latency: Duration) {
        let is_paced = self.limiter.borrow().is_pacing();
        self.concurrency.borrow_mut().on_reply_while_full(latency, is_paced, self.clock.now());
    }

    /// A request waits for a slot. Returns how long it takes until there may be one without
    /// a reply; `None`: only a reply makes room.
    #[must_use]
    pub fn delay_while_full(&self) -> Option<Duration> {
        let is_paced = self.limiter.borrow().is_pacing();
        if is_paced { None } else { self.concurrency.borrow_mut().grow_while_full(self.clock.now()) }
    }
}

/// The number of requests in flight. A rate that the manifest states paces requests from the
/// first one on: their number may at once become as large as the rate needs. Otherwise it
/// starts small, even if the manifest sets it: a limit may have to be learned first.
fn concurrency(limits: &Limits, is_paced: bool) -> ConcurrencyLimit {
    let max = limits.concurrency.max();
    let start = if is_paced { max } else { max.min(Concurrency::START / limits.parallel) };
    let concurrency = ConcurrencyLimit::new(start).shared_by(limits.parallel);
    match limits.concurrency {
        Concurrency::Learned(max) => concurrency.with_learned_max(max),
        Concurrency::Stated(max) => concurrency.with_stated_max(max),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::ManualClock;
    use crate::manifest;
    use crate::provider::form::capability_change::CapabilityChange;
    use crate::provider::judgement::rate_limits::ExceededLimit;
    use crate::provider::judgement::verdict::{Charge, Cut, Obstacle, TransientFault};
    use crate::provider::pacing::cooldown::GiveUpReason;
    use crate::provider::pacing::pace_limits::ConcurrencyGrowth;
    use std::path::Path;

    const JOB: &str = "version: 1\nname: x\ninput: {folder: .}\nprovider: {simulator: {}, model: m}\ntasks: {kind: {classify: {labels: [a, b]}}}\n";

    fn pacing(limits: &str) -> (EndpointPacing, Arc<ManualClock>) {
        let text = format!("{JOB}limits: {{{limits}}}\n");
        let job = manifest::check(Path::new("job.yaml"), &text, &|_| None).unwrap();
        let clock = Arc::new(ManualClock::starting_at(0));
        (EndpointPacing::new(clock.clone(), &job.limits, &job.retry), clock)
    }

    fn retry(kind: ErrorKind, change: Option<CapabilityChange>) -> Verdict {
        Verdict::Retry(TransientFault { kind, message: String::new(), change, may_run: false })
    }

    #[test]
    fn what_each_verdict_changes() {
        let later = Verdict::Later {
            after: Some(Duration::from_secs(2)),
            obstacle: Obstacle::RateLimit,
            message: String::new(),
        };
        let done = || Verdict::Done { reading: Vec::new(), cut: Cut::No };
        let closed = Gate::Closed(Duration::from_secs(2));
        for (verdict, was_processed, gate) in [
            (done(), true, Gate::Open(8)),
            (Verdict::page_fault(ErrorKind::BadRequest, ""), true, Gate::Open(8)),
            (retry(ErrorKind::Capability, Some(CapabilityChange::SimplerSchema)), true, Gate::Open(8)),
            (retry(ErrorKind::ServerError, None), false, Gate::Open(8)),
            (retry(ErrorKind::Timeout, None), false, Gate::Open(6)),
            (Verdict::stop("", ""), false, Gate::Open(8)),
            (later, false, closed),
        ] {
            let (pacing, clock) = pacing("");
            clock.advance(Duration::from_secs(1));
            let exchange = Exchange::new(verdict.clone(), Charge::Nothing);
            assert_eq!(pacing.on_exchange(&exchange, clock.now(), 0.0), was_processed, "{verdict:?}");
            assert_eq!(pacing.gate(), gate, "{verdict:?}");
        }
    }

    #[test]
    fn what_an_outage_charges_is_not_sent_any_more() {
        let failed = |outage| Exchange { outage, ..Exchange::new(retry(ErrorKind::Reset, None), Charge::Unknown) };
        let (pacing, clock) = pacing("");
        clock.advance(Duration::from_secs(1));
        for (outage, gate) in [
            (Outage::No, Gate::Open(8)),
            (Outage::Likely, Gate::Closed(Duration::from_millis(500))),
            (Outage::Lasting, Gate::GivenUp(GiveUpReason::NeverReplied)),
        ] {
            assert!(!pacing.on_exchange(&failed(outage), clock.now(), 0.0));
            assert_eq!(pacing.gate(), gate, "{outage:?}");
        }
    }

    #[test]
    fn the_manifest_sets_concurrency_and_rates() {
        let (pacing, clock) = pacing("concurrency: 3, requests_per_minute: 60, tokens_per_minute: 60000");
        assert_eq!(pacing.gate(), Gate::Open(3));
        assert_eq!((pacing.try_request(), pacing.try_tokens(500)), (Ok(()), Ok(())));
        assert!(pacing.try_request().is_err() && pacing.try_tokens(500).is_err());
        clock.advance(Duration::from_secs(1));
        assert_eq!((pacing.try_request(), pacing.try_tokens(500)), (Ok(()), Ok(())));
        pacing.on_exchange(&Exchange::new(retry(ErrorKind::Timeout, None), Charge::Unknown), clock.now(), 0.0);
        assert_eq!(pacing.gate(), Gate::Open(3), "a timeout does not change it");
    }

    #[test]
    fn how_many_requests_are_in_flight_at_first() {
        for (limits, concurrency) in [
            ("", 8),
            ("concurrency: 3", 3),
            ("concurrency: 256", 8),
            ("requests_per_minute: 1200", 64),
            ("tokens_per_minute: 100000", 64),
            ("requests_per_minute: 1200, concurrency: 256", 256),
            ("requests_per_minute: 1200, concurrency: 3", 3),
        ] {
            let pacing = pacing(limits).0;
            assert_eq!(pacing.gate(), Gate::Open(concurrency), "{limits}");
            let job =
                manifest::check(Path::new("job.yaml"), &format!("{JOB}limits: {{{limits}}}\n"), &|_| None).unwrap();
            assert_eq!(EndpointPacing::starting_limits(&job.limits), pacing.limits(), "{limits}");
        }
    }

    #[test]
    fn what_bounds_the_pace_is_stated_learned_or_the_number_in_flight() {
        let limits = |text| pacing(text).0.limits();
        let unlimited = limits("");
        assert_eq!(
            (unlimited.concurrency, unlimited.max_concurrency, unlimited.growth),
            (8, 64, ConcurrencyGrowth::Rounds(1))
        );
        assert_eq!((unlimited.requests_per_minute, unlimited.tokens_per_minute), (None, None));
        assert_eq!(limits("concurrency: 256").growth, ConcurrencyGrowth::PerSecond(0.3));
        let stated = limits("requests_per_minute: 1200, tokens_per_minute: 60000");
        assert_eq!((stated.requests_per_minute, stated.tokens_per_minute), (Some(1200.0), Some(60_000.0)));
        assert_eq!((stated.concurrency, stated.max_concurrency), (64, 64));
        let (pacing, clock) = pacing("");
        let exceeded = Some(ExceededLimit { kind: LimitKind::Requests, per_minute: Some(60) });
        let exchange = Exchange { exceeded, ..Exchange::new(Verdict::later(Obstacle::RateLimit, ""), Charge::Nothing) };
        pacing.on_exchange(&exchange, clock.now(), 0.0);
        let learned = pacing.limits();
        assert!(learned.requests_per_minute.is_some_and(|rate| rate <= 60.0), "{learned:?}");
        assert_eq!((learned.concurrency, learned.growth), (8, ConcurrencyGrowth::Doubling), "a cooldown is no limit");
    }

    #[test]
    fn processes_that_share_an_endpoint_start_with_a_part_each() {
        for (limits, parallel, concurrency) in
            [("", 1, 8), ("", 3, 2), ("", 16, 1), ("requests_per_minute: 1200", 16, 64)]
        {
            let text = format!("{JOB}limits: {{{limits}}}\n");
            let mut job = manifest::check(Path::new("job.yaml"), &text, &|_| None).unwrap();
            job.limits.parallel = parallel;
            let pacing = EndpointPacing::new(Arc::new(ManualClock::starting_at(0)), &job.limits, &job.retry);
            assert_eq!(pacing.gate(), Gate::Open(concurrency), "{limits} {parallel}");
        }
    }

    #[test]
    fn throttling_that_names_a_limit_paces_requests() {
        let (pacing, clock) = pacing("");
        assert!((0..100).all(|_| pacing.try_request().is_ok()), "no limit is known");
        let exceeded = Some(ExceededLimit { kind: LimitKind::Requests, per_minute: Some(60) });
        let later = Verdict::later(Obstacle::RateLimit, "");
        let exchange = Exchange { exceeded, ..Exchange::new(later, Charge::Nothing) };
        pacing.on_exchange(&exchange, clock.now(), 0.0);
        assert!(pacing.try_request().is_err());
        clock.advance(Duration::from_millis(1100));
        assert_eq!(pacing.try_request(), Ok(()));
        assert!(pacing.try_request().is_err());
    }
}
