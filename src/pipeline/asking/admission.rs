//! Admission: requests go out one after another, first come first served, each when the
//! cooldown, the concurrency and both rates let it. Nobody else sends.

use crate::base::clock::Clock;
use crate::base::random::Random;
use crate::manifest::{Limits, Retry};
use crate::pipeline::control::counters::Counters;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::pipeline::control::shutdown::Stop;
use crate::provider::{Cooldown, Exchange, Gate, Pace, Verdict};
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{Mutex, Notify};

pub(crate) struct Admission {
    clock: Arc<dyn Clock>,
    random: Random,
    stop: Stop,
    counters: Arc<Counters>,
    /// tokio's mutex is fair: first come, first served.
    turn: Mutex<()>,
    pace: RefCell<Pace>,
    cooldown: RefCell<Cooldown>,
    in_flight: Cell<u32>,
    /// With a budget one request is in flight until there was a reply: what the endpoint
    /// bills is not known before.
    is_cautious: Cell<bool>,
    /// Somebody waits for a place since the last reply.
    is_full: Cell<bool>,
    changed: Notify,
    last_refusal: RefCell<String>,
}

/// A place among the requests in flight, held until the attempt's commit.
pub(crate) struct Slot<'a> {
    admission: &'a Admission,
    sent: Duration,
}

/// The run ends: nothing is sent any more.
#[derive(Debug)]
pub(crate) struct Closed;

impl Admission {
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        seed: u64,
        stop: Stop,
        counters: Arc<Counters>,
        limits: &Limits,
        retry: &Retry,
    ) -> Self {
        Self {
            clock,
            random: Random::new(seed),
            stop,
            counters,
            turn: Mutex::new(()),
            pace: RefCell::new(Pace::new(limits.requests_per_minute, limits.tokens_per_minute)),
            cooldown: RefCell::new(Cooldown::new(limits.concurrency, retry.max_wait).up_to(limits.max_concurrency)),
            in_flight: Cell::new(0),
            is_cautious: Cell::new(limits.budget.is_some()),
            is_full: Cell::new(false),
            changed: Notify::new(),
            last_refusal: RefCell::default(),
        }
    }

    /// Waits for a place to send a request of `tokens`, as the provider counts them.
    pub(crate) async fn admit(&self, tokens: u64) -> Result<Slot<'_>, Closed> {
        let _turn = tokio::select! {
            turn = self.turn.lock() => turn,
            () = self.stop.requested() => return Err(Closed),
        };
        let mut has_request = false;
        loop {
            if self.stop.is_requested() {
                return Err(Closed);
            }
            let now = self.clock.now();
            // Bound here, so that no borrow is held over a wait.
            let gate = self.cooldown.borrow().gate(now);
            let width = match gate {
                Gate::Open(width) => width,
                Gate::Closed(wait) => {
                    self.wait(wait).await?;
                    continue;
                }
                Gate::GivenUp => {
                    self.stop.request(RunOutcome::ProviderUnavailable(self.last_refusal.borrow().clone()));
                    return Err(Closed);
                }
            };
            let width = if self.is_cautious.get() { 1 } else { width };
            if self.in_flight.get() >= width {
                self.is_full.set(true);
                tokio::select! {
                    () = self.changed.notified() => {}
                    () = self.stop.requested() => {}
                }
                continue;
            }
            let paced = {
                let mut pace = self.pace.borrow_mut();
                let request = if has_request { Ok(()) } else { pace.take_request(now) };
                has_request |= request.is_ok();
                request.and_then(|()| pace.take_tokens(tokens, now))
            };
            if let Err(wait) = paced {
                self.wait(wait).await?;
                continue;
            }
            self.in_flight.set(self.in_flight.get() + 1);
            self.counters.in_flight.store(self.in_flight.get().into(), Ordering::Relaxed);
            return Ok(Slot { admission: self, sent: now });
        }
    }

    async fn wait(&self, wait: Duration) -> Result<(), Closed> {
        self.counters.is_waiting.store(true, Ordering::Relaxed);
        let slept = self.pause(wait).await;
        self.counters.is_waiting.store(false, Ordering::Relaxed);
        slept
    }

    /// Sleeps, unless the run ends first.
    pub(crate) async fn pause(&self, wait: Duration) -> Result<(), Closed> {
        tokio::select! {
            () = self.clock.sleep(wait) => Ok(()),
            () = self.stop.requested() => Err(Closed),
        }
    }

    /// A wait between the whole of `wait` and a quarter more.
    pub(crate) fn jittered(&self, wait: Duration) -> Duration {
        wait.mul_f64(1.0 + 0.25 * self.random.unit())
    }
}

impl Slot<'_> {
    /// The request goes out now.
    pub(crate) fn sending(&mut self) {
        self.sent = self.admission.clock.now();
    }

    /// Takes what the attempt says of the provider.
    pub(crate) fn learn(&self, exchange: &Exchange) {
        let now = self.admission.clock.now();
        let mut pace = self.admission.pace.borrow_mut();
        // What a refusal says of the bucket is less than that it is a refusal.
        match &exchange.over {
            Some(over) => pace.refused(over, self.sent, now),
            None => pace.told(&exchange.allowances, self.sent, now),
        }
        drop(pace);
        let mut cooldown = self.admission.cooldown.borrow_mut();
        match &exchange.verdict {
            Verdict::Later { after, message } => {
                tracing::debug!("not now: {message}");
                message.clone_into(&mut self.admission.last_refusal.borrow_mut());
                cooldown.refused(self.sent, now, *after, self.admission.random.unit());
            }
            // A server that answers with a passing fault is not one that lets requests
            // through, nor one that asks to wait.
            Verdict::Retry(fault) if fault.change.is_none() => {
                if fault.kind == "timeout" {
                    cooldown.strained();
                }
            }
            Verdict::Stop(_) => {}
            _ => {
                cooldown.succeeded(self.sent);
                if self.admission.is_full.take() {
                    cooldown.wanted(exchange.latency);
                }
                self.admission.is_cautious.set(false);
            }
        }
        drop(cooldown);
        self.admission.changed.notify_one();
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let left = self.admission.in_flight.get() - 1;
        self.admission.in_flight.set(left);
        self.admission.counters.in_flight.store(left.into(), Ordering::Relaxed);
        self.admission.changed.notify_one();
    }
}
