//! Admission: requests go out one after another, first come first served, each as soon as the
//! cooldown, the concurrency and both rate limits allow it. Nothing is sent around it.

use crate::base::backoff;
use crate::base::clock::Clock;
use crate::base::random::Random;
use crate::base::units::human_duration;
use crate::pipeline::control::context::{Ending, RunContext};
use crate::pipeline::control::counters::Counters;
use crate::pipeline::control::progress::WaitReason;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::pipeline::control::run_pace::RunPace;
use crate::pipeline::control::shutdown::Shutdown;
use crate::pipeline::control::trouble::TroubleKind;
use crate::provider::{Exchange, Gate, GiveUpReason, LimitKind, ModelEndpoint};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Notify};

/// A wait for a learned rate is shown as a cause if it is at least this long. Any rate limit leads to shorter ones.
const SHOWN_RATE_WAIT: Duration = Duration::from_secs(10);

/// Replies after which an endpoint is asked concurrently although none had the form that was asked for:
/// it may never have it.
const MAX_CAUTIOUS_REPLIES: u32 = 8;

/// Longest wait for a rate before it is looked at again: it may have changed.
const MAX_RATE_WAIT: Duration = Duration::from_secs(1);

/// Lets requests out.
pub(crate) struct Admission {
    clock: Arc<dyn Clock>,
    random: Random,
    shutdown: Shutdown,
    counters: Arc<Counters>,
    /// Held by the request that is next. tokio's mutex is fair: first come, first served.
    turn: Mutex<()>,
    /// The endpoint, which knows how fast requests may go out.
    endpoint: Rc<ModelEndpoint>,
    /// The message of the last reply that asked to wait.
    last_obstacle: RefCell<String>,
    /// `retry.max_wait`.
    max_wait: Duration,
    slots: Slots,
    admitted: AdmittedTokens,
    /// An attempt was settled: what it had reserved is free.
    freed_budget: Notify,
}

/// Admissions so far.
#[derive(Default)]
struct AdmittedTokens {
    requests: Cell<u64>,
    tokens: Cell<u64>,
}

/// How many requests are in flight.
struct Slots {
    in_flight: Cell<u32>,
    /// Of these, requests that wait for the budget and are not sent yet.
    unsent: Cell<u32>,
    /// Replies that are awaited with one request in flight: before the first, what the endpoint bills
    /// is not known, and until a reply has the form that was asked for, what it accepts.
    cautious_replies_left: Cell<u32>,
    /// Whether a request has waited for a slot since the last reply.
    is_full: Cell<bool>,
    changed: Notify,
}

/// One of the requests that may be in flight. Held until the attempt is committed.
pub(crate) struct InFlightSlot<'a> {
    admission: &'a Admission,
    sent: Duration,
}

/// A request that waits for the budget in its slot.
pub(crate) struct Unsent<'a> {
    admission: &'a Admission,
}

impl Admission {
    /// Admission to an endpoint.
    pub(crate) fn new(run: &RunContext, endpoint: Rc<ModelEndpoint>, has_budget: bool) -> Self {
        let cautious_replies_left = match endpoint.capabilities().is_understood() {
            true => u32::from(has_budget),
            false => MAX_CAUTIOUS_REPLIES,
        };
        Self {
            clock: run.clock.clone(),
            random: Random::new(run.random.next_u64()),
            shutdown: run.shutdown.clone(),
            counters: run.counters.clone(),
            turn: Mutex::new(()),
            endpoint,
            last_obstacle: RefCell::default(),
            max_wait: run.job.retry.max_wait,
            slots: Slots {
                in_flight: Cell::new(0),
                unsent: Cell::new(0),
                cautious_replies_left: Cell::new(cautious_replies_left),
                is_full: Cell::new(false),
                changed: Notify::new(),
            },
            admitted: AdmittedTokens::default(),
            freed_budget: Notify::new(),
        }
    }

    /// Lets the progress display know how fast requests may go out.
    pub(crate) fn show_pace(&self) {
        self.counters.set_pace(RunPace {
            limits: self.endpoint.pacing().limits(),
            tokens_per_request: self.admitted.tokens.get().checked_div(self.admitted.requests.get()),
            is_alone: self.is_cautious(),
        });
    }

    /// Whether requests are sent one after the other.
    fn is_cautious(&self) -> bool {
        self.slots.cautious_replies_left.get() > 0 || self.endpoint.is_trying()
    }

    /// Waits until a request may be sent. `tokens`: how many it has, as the provider counts them, by what is known when
    /// it is its turn. `held`: the slot of the page's last request, which continues to this one.
    ///
    /// # Errors
    /// When the run ends first.
    pub(crate) async fn admit<'a>(
        &'a self,
        tokens: impl FnOnce() -> u64,
        held: Option<InFlightSlot<'a>>,
    ) -> Result<InFlightSlot<'a>, Ending> {
        let turn = async { if held.is_none() { Some(self.turn.lock().await) } else { None } };
        let _turn = tokio::select! {
            turn = turn => turn,
            () = self.shutdown.requested() => return Err(Ending),
        };
        let tokens = tokens();
        let mut has_request = false;
        let mut rate_wait = None;
        loop {
            if self.shutdown.is_requested() {
                return Err(Ending);
            }
            let pacing = self.endpoint.pacing();
            let concurrency = match pacing.gate() {
                Gate::Open(concurrency) => concurrency,
                Gate::Closed(wait) => {
                    self.wait(wait, WaitReason::Cooldown).await?;
                    continue;
                }
                Gate::GivenUp(reason) => {
                    self.shutdown.request(self.unavailable(reason));
                    return Err(Ending);
                }
            };
            let is_cautious = self.is_cautious();
            let concurrency = if is_cautious { 1 } else { concurrency };
            if held.is_none() && self.slots.in_flight.get() >= concurrency {
                self.slots.is_full.set(true);
                // Then only a reply makes room.
                let growth = pacing.delay_while_full().filter(|_| !is_cautious);
                let growth = async {
                    match growth {
                        Some(delay) => self.clock.sleep(delay).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    () = self.slots.changed.notified() => {}
                    () = growth => {}
                    () = self.shutdown.requested() => {}
                }
                continue;
            }
            let request = if has_request { Ok(()) } else { pacing.try_request() };
            has_request |= request.is_ok();
            if let Err(wait) = request.and_then(|()| pacing.try_tokens(tokens)) {
                let (kind, reason) = match has_request {
                    true => (LimitKind::Tokens, WaitReason::TokenLimit),
                    false => (LimitKind::Requests, WaitReason::RequestLimit),
                };
                self.check_rate_wait(*rate_wait.get_or_insert(self.clock.now()), kind)?;
                self.wait(wait.min(MAX_RATE_WAIT), reason).await?;
                continue;
            }
            self.admitted.requests.set(self.admitted.requests.get() + 1);
            self.admitted.tokens.set(self.admitted.tokens.get().saturating_add(tokens));
            self.show_pace();
            return Ok(held.unwrap_or_else(|| {
                self.set_in_flight(self.slots.in_flight.get() + 1);
                InFlightSlot { admission: self, sent: self.clock.now() }
            }));
        }
    }

    /// A reply arrived. Once the endpoint is understood, more requests may be in flight.
    fn count_cautious_reply(&self) {
        let left = match self.endpoint.capabilities().is_understood() {
            true => 0,
            // Errors of forms that are tried are not replies.
            false if self.endpoint.is_trying() => return,
            false => self.slots.cautious_replies_left.get().saturating_sub(1),
        };
        self.slots.cautious_replies_left.set(left);
    }

    /// How the run ends when it no longer sends anything.
    fn unavailable(&self, reason: GiveUpReason) -> RunOutcome {
        let message = self.last_obstacle.borrow();
        let has_replied = self.endpoint.has_replied();
        let unavailable = |message| RunOutcome::ProviderUnavailable { message, has_replied };
        match reason {
            GiveUpReason::LongDelay(delay) => unavailable(format!(
                "the endpoint asks to wait {} (Retry-After), longer than retry.max_wait: {message}",
                human_duration(delay)
            )),
            GiveUpReason::NeverReplied => {
                unavailable(format!("the endpoint has not answered any request, and may bill each of them: {message}"))
            }
            GiveUpReason::MaxWait => RunOutcome::from_max_wait(&message, has_replied),
        }
    }

    /// A request has waited since `since` for a rate, and none is in flight whose reply could raise it. A
    /// rate that the endpoint's headers lower to almost nothing is a cause like any other: it is shown, and
    /// waited for no longer than `retry.max_wait`.
    fn check_rate_wait(&self, since: Duration, kind: LimitKind) -> Result<(), Ending> {
        let waited = self.clock.now().saturating_sub(since);
        if self.slots.in_flight.get() > 0 || waited < SHOWN_RATE_WAIT.min(self.max_wait) {
            return Ok(());
        }
        let Some(rate) = self.endpoint.pacing().learned_rate(kind) else { return Ok(()) };
        let unit = match kind {
            LimitKind::Requests => "requests",
            LimitKind::Tokens => "tokens",
        };
        let message = format!("its rate-limit headers allow {rate:.2} {unit} per minute");
        if waited < self.max_wait {
            self.counters.set_trouble(TroubleKind::RateLimit, &message, Some(self.max_wait));
            return Ok(());
        }
        self.shutdown.request(RunOutcome::from_max_wait(&format!("the provider limits the rate: {message}"), true));
        Err(Ending)
    }

    async fn wait(&self, wait: Duration, reason: WaitReason) -> Result<(), Ending> {
        self.counters.set_waiting(Some(reason));
        let waited = tokio::select! {
            () = self.clock.sleep(wait) => Ok(()),
            () = self.shutdown.requested() => Err(Ending),
        };
        self.counters.set_waiting(None);
        waited
    }

    /// Waits until an attempt of this run is settled, at most for `poll`.
    ///
    /// # Errors
    /// When the run ends first.
    pub(crate) async fn wait_for_budget(&self, poll: Duration) -> Result<(), Ending> {
        tokio::select! {
            () = self.freed_budget.notified() => Ok(()),
            () = self.clock.sleep(poll) => Ok(()),
            () = self.shutdown.requested() => Err(Ending),
        }
    }

    /// A request that has a slot waits for the budget, until this is dropped: it is not in flight.
    pub(crate) fn hold_back(&self) -> Unsent<'_> {
        self.set_unsent(self.slots.unsent.get() + 1);
        Unsent { admission: self }
    }

    /// An attempt was settled: a request that waits for the budget may fit now.
    pub(crate) fn free_budget(&self) {
        self.freed_budget.notify_one();
    }

    fn set_in_flight(&self, requests: u32) {
        self.slots.in_flight.set(requests);
        self.show_in_flight();
    }

    fn set_unsent(&self, requests: u32) {
        self.slots.unsent.set(requests);
        self.show_in_flight();
    }

    fn show_in_flight(&self) {
        self.counters.set_in_flight(self.slots.in_flight.get().saturating_sub(self.slots.unsent.get()));
    }

    /// A random wait from `wait` up to a quarter more.
    pub(crate) fn jittered(&self, wait: Duration) -> Duration {
        backoff::jittered(wait, self.random.unit())
    }
}

impl InFlightSlot<'_> {
    /// The request is sent now.
    pub(crate) fn mark_sent(&mut self) {
        self.sent = self.admission.clock.now();
    }

    /// Learns from the reply how fast requests may go out.
    pub(crate) fn learn(&self, exchange: &Exchange) {
        if let Some(message) = exchange.verdict.message().filter(|_| exchange.obstacle().is_some()) {
            tracing::debug!("not now: {message}");
            message.clone_into(&mut self.admission.last_obstacle.borrow_mut());
        }
        let pacing = self.admission.endpoint.pacing();
        if pacing.on_exchange(exchange, self.sent, self.admission.random.unit()) {
            if self.admission.slots.is_full.take() {
                pacing.on_reply_while_full(exchange.latency);
            }
            self.admission.count_cautious_reply();
        }
        self.admission.show_pace();
        self.admission.slots.changed.notify_one();
    }
}

impl Drop for InFlightSlot<'_> {
    fn drop(&mut self) {
        self.admission.set_in_flight(self.admission.slots.in_flight.get() - 1);
        self.admission.slots.changed.notify_one();
    }
}

impl Drop for Unsent<'_> {
    fn drop(&mut self) {
        self.admission.set_unsent(self.admission.slots.unsent.get() - 1);
    }
}
