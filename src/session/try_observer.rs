//! What a tried page shows while it is asked.

use crate::base::units::rfc3339;
use crate::base::vocabulary::OutcomeStatus;
use crate::pipeline::{Observer, TriedOutcome, TriedPage};
use crate::provider::{Exchange, PageRequest, Verdict};
use crate::store::AttemptCharge;
use std::time::Duration;

/// Watches a tried page.
pub trait TryObserver {
    /// The page is about to be sent.
    fn on_start(&self, page: &TriedPage) {
        let _ = page;
    }

    /// A part of a reply's text arrived.
    fn on_text(&self, text: &str) {
        let _ = text;
    }

    /// An attempt ended.
    fn on_attempt(&self, attempt: &TriedAttempt) {
        let _ = attempt;
    }
}

/// One attempt at a tried page.
#[derive(Clone, Debug)]
pub struct TriedAttempt {
    /// What went wrong, such as `server_error: 500`; `None`: there is a reply.
    pub error: Option<String>,
    /// Prompt tokens.
    pub input_tokens: u64,
    /// Of these, cached.
    pub cached_input_tokens: u64,
    /// Reply tokens.
    pub output_tokens: u64,
    /// Whether the tokens are an estimate.
    pub is_estimated: bool,
    /// The cost in US dollars as decimal text; `None`: the price is unknown.
    pub cost_usd: Option<String>,
    /// Time from sending to the end of the reply.
    pub latency: Duration,
}

/// The answer to one task of a tried page.
#[derive(Clone, Debug)]
pub struct TriedAnswer {
    /// The task.
    pub task: String,
    /// The answer as JSON, or why there is none.
    pub text: String,
    /// Whether there is a valid answer.
    pub is_ok: bool,
    /// When the answer was stored, as an RFC 3339 time, if the store had it and the task was not asked.
    pub stored_at: Option<String>,
}

impl From<TriedOutcome> for TriedAnswer {
    fn from(tried: TriedOutcome) -> Self {
        let TriedOutcome { task, outcome, is_stored } = tried;
        let outcome = outcome.as_ref();
        let is_ok = outcome.is_some_and(|outcome| outcome.status == OutcomeStatus::Ok);
        let text = match outcome {
            None => "not asked".to_owned(),
            Some(outcome) => match (&outcome.value, &outcome.fault) {
                (Some(value), _) => value.to_string(),
                (None, Some(fault)) => format!("{} ({}): {}", outcome.status.name(), fault.kind, fault.message),
                (None, None) => outcome.status.name().to_owned(),
            },
        };
        let stored_at = outcome.filter(|_| is_stored).map(|outcome| rfc3339(outcome.at_ms));
        Self { task, text, is_ok, stored_at }
    }
}

/// Passes on what the pipeline sees.
pub(crate) struct Forward<'a>(pub(crate) &'a dyn TryObserver);

impl Observer for Forward<'_> {
    fn on_text(&self, text: &str) {
        self.0.on_text(text);
    }

    fn on_exchange(&self, _: &PageRequest, exchange: &Exchange, charge: &AttemptCharge) {
        let error = match &exchange.verdict {
            Verdict::Done { .. } => None,
            Verdict::Retry(fault) => Some(format!("{}: {}", fault.kind, fault.message)),
            Verdict::Later { message, .. } => Some(format!("not now: {message}")),
            Verdict::Page(fault) => Some(format!("{}: {}", fault.kind, fault.message)),
            Verdict::Stop(refusal) => Some(refusal.message.clone()),
        };
        self.0.on_attempt(&TriedAttempt {
            error,
            input_tokens: charge.tokens.input,
            cached_input_tokens: charge.tokens.cached_input,
            output_tokens: charge.tokens.output,
            is_estimated: charge.is_estimated,
            cost_usd: charge.cost.map(|cost| cost.to_string()),
            latency: exchange.latency,
        });
    }
}
