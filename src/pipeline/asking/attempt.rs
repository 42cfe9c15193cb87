//! One attempt at a page, for both deliveries: the facts before it is sent, the row that it opens, and what its end
//! settles. It changes only itself.

use super::charge::{KnownBefore, charge_of, multiples};
use super::page_state::{AskStep, PageState, Step, next_step};
use crate::base::ids::{AttemptId, BatchId, PageId, RecipeId};
use crate::base::mask::mask_keys;
use crate::base::money::Pico;
use crate::base::sanitize;
use crate::base::vocabulary::{AttemptPurpose, ErrorKind, VerdictName};
use crate::catalog::Basis;
use crate::manifest::{Job, Retry};
use crate::pipeline::control::context::RunContext;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::pipeline::model::question_set::QuestionSet;
use crate::pipeline::model::ready_page::ReadyPage;
use crate::prepare::Prepared;
use crate::provider::{Exchange, FormChange, ModelEndpoint, Outgoing, PageRequest, ProviderRefusal, Verdict};
use crate::store::{FaultRecord, OpenAttempt, ServedRecord, Settlement, TaskOutcome};
use std::sync::Arc;

/// An attempt at a page.
pub(crate) struct Attempt {
    /// The page.
    pub(crate) page: PageId,
    /// Where it was found, as logs show it; `None`: another run sent it, and the file is gone.
    pub(crate) path: Option<Arc<str>>,
    /// All questions of the page.
    pub(crate) questions: Arc<QuestionSet>,
    /// How far the page has come.
    pub(crate) state: PageState,
    /// The step that this attempt makes.
    pub(crate) step: AskStep,
    /// Why it is made.
    pub(crate) purpose: AttemptPurpose,
    /// The questions.
    pub(crate) request: PageRequest,
    /// Tokens and money that are known before the reply.
    pub(crate) before: KnownBefore,
    /// The sent request; `None`: another run sent it.
    pub(crate) sent: Option<SentRequest>,
}

/// The sent request.
#[derive(Clone, Debug)]
pub(crate) struct SentRequest {
    /// Size of the image in pixels.
    pub(crate) size: (u32, u32),
    /// The form of the request.
    pub(crate) outgoing: Outgoing,
}

impl Attempt {
    /// The next attempt at a page, which makes this step.
    pub(crate) fn new(endpoint: &ModelEndpoint, page: &ReadyPage, state: PageState, step: AskStep) -> Self {
        let request = PageRequest {
            questions: page.questions.questions.clone(),
            tasks: state.open_tasks(),
            variation: step.variation,
            page: page.page.number(),
            repair: step.repair.clone(),
        };
        let purpose = match &step {
            AskStep { repair: Some(_), .. } => AttemptPurpose::Repair,
            AskStep { variation, .. } if variation.is_lengthened => AttemptPurpose::Lengthen,
            _ if state.request.is_some() => AttemptPurpose::Retry,
            _ => AttemptPurpose::Ask,
        };
        let (sent, before) = sent_now(endpoint, &request, &page.prepared);
        Self {
            page: page.page,
            path: Some(page.path.clone()),
            questions: page.questions.clone(),
            state,
            step,
            purpose,
            request,
            before,
            sent: Some(sent),
        }
    }

    /// Gives the attempt the form that requests have now, just before it is opened: what other attempts
    /// have learned since counts, and what is reserved is for what is sent.
    pub(crate) fn renew(&mut self, endpoint: &ModelEndpoint, image: &Prepared) -> Outgoing {
        let (sent, before) = sent_now(endpoint, &self.request, image);
        let outgoing = sent.outgoing.clone();
        (self.sent, self.before) = (Some(sent), before);
        outgoing
    }

    /// The tokens of the request, as the provider counts them, by what is known now.
    pub(crate) fn admission_tokens(&self, endpoint: &ModelEndpoint, image: &Prepared) -> u64 {
        endpoint.estimate(&self.request, &endpoint.outgoing(&self.request), image).admission_tokens
    }

    /// The row that it opens in the store. `batch`: the batch that it is part of.
    pub(crate) fn open_record(&self, run: &RunContext, batch: Option<BatchId>) -> OpenAttempt {
        let recipe = |at: usize| self.questions.recipes.get(at).copied().unwrap_or(RecipeId::UNSTORED);
        let at_ms = run.clock.wall_ms();
        OpenAttempt {
            run: run.identity.keys.run,
            page: self.page,
            recipes: self.state.open.iter().map(|task| (recipe(task.index), task.seen)).collect(),
            request: self.state.request,
            batch,
            purpose: self.purpose,
            expected: self.before.expected,
            reserved: self.before.reserved,
            budget: run.identity.budget(&run.job, at_ms, self.before.multiples),
            at_ms,
        }
    }

    /// How the run ends when there is a budget, and nothing bounds the cost of the reply; `None`: it continues.
    pub(crate) fn unbounded(&self, job: &Job) -> Option<RunOutcome> {
        let is_unbounded = job.limits.budget.is_some() && !self.before.estimate.is_bounded;
        is_unbounded.then(|| {
            RunOutcome::ProviderRefused(ProviderRefusal::of_all(
                format!(
                    "the endpoint accepts no output limit, and the maximum output of provider.model ({}) is unknown: limits.budget_usd can't be guaranteed",
                    job.provider.model
                ),
                "choose another model, or remove limits.budget_usd; nothing was sent without a limit",
            ))
        })
    }

    /// How the run ends when its reservation does not fit into the budget, of which `spent` is spent and `reserved` is
    /// reserved for other attempts.
    pub(crate) fn budget_reached(&self, job: &Job, spent: Pico, reserved: Pico) -> RunOutcome {
        let (limit, needed) = (job.limits.budget.unwrap_or_default(), self.before.reserved.unwrap_or_default());
        RunOutcome::BudgetReached { spent, reserved, limit, needed, shard: job.input.shard }
    }

    /// Whether another form may be tried after `exchange`: the page of a transient error is asked again only while it has
    /// attempts left.
    pub(crate) fn may_try(&self, exchange: &Exchange, retry: &Retry) -> bool {
        let is_transient = matches!(&exchange.verdict, Verdict::Retry(fault) if fault.change.is_none());
        !is_transient || self.state.tries() + 1 < retry.attempts
    }

    /// Applies what the attempt brought to `state`, and returns what to store. `form`: what it shows about
    /// the form of requests.
    pub(crate) fn judge(
        &mut self,
        id: AttemptId,
        exchange: &Exchange,
        form: FormChange,
        retry: &Retry,
        at_ms: i64,
    ) -> Settlement {
        let is_done = |state: &PageState| matches!(next_step(state, retry), Step::Done);
        let mut outcomes = match is_done(&self.state) {
            true => Vec::new(),
            false => self.state.apply_exchange(exchange, &self.step, form, at_ms),
        };
        if is_done(&self.state) {
            outcomes.extend(self.state.open_outcomes(at_ms));
        }
        let (verdict, fault) = verdict_record(exchange);
        Settlement {
            attempt: id,
            verdict,
            fault,
            http_status: exchange.status,
            server_request_id: exchange.request_id.clone(),
            latency_ms: u64::try_from(exchange.latency.as_millis()).unwrap_or(u64::MAX),
            charge: charge_of(exchange, &self.before),
            served: served_record(exchange),
            parameters: exchange.parameters.clone(),
            outcomes: by_recipe(&self.questions, outcomes),
            at_ms,
        }
    }
}

/// What is sent for a request in the form that requests have now, and what is known of it before the reply.
fn sent_now(endpoint: &ModelEndpoint, request: &PageRequest, image: &Prepared) -> (SentRequest, KnownBefore) {
    let outgoing = endpoint.outgoing(request);
    let before = known_before(endpoint, request, &outgoing, image);
    (SentRequest { size: (image.width, image.height), outgoing }, before)
}

/// Tokens and money of a request that are known before it is sent.
fn known_before(endpoint: &ModelEndpoint, request: &PageRequest, outgoing: &Outgoing, image: &Prepared) -> KnownBefore {
    let estimate = endpoint.estimate(request, outgoing, image);
    let price = endpoint.price();
    let has_rule = endpoint.bills().image_basis() != Basis::Unknown;
    let expected = price.filter(|_| has_rule).map(|price| price.expected_cost(estimate.expected));
    let reserved = price.map(|price| endpoint.bills().with_markup(price.max_cost(estimate.worst)));
    KnownBefore {
        estimate,
        price,
        expected,
        reserved,
        multiples: multiples(expected.map(|cost| endpoint.bills().with_markup(cost)), reserved.unwrap_or_default()),
        saved_tokens: endpoint.bills().tokens_saved_by_size(image),
    }
}

/// Outcomes by recipe.
pub(crate) fn by_recipe(questions: &QuestionSet, outcomes: Vec<(usize, TaskOutcome)>) -> Vec<(RecipeId, TaskOutcome)> {
    let recipe = |(at, outcome): (usize, TaskOutcome)| Some((*questions.recipes.get(at)?, outcome));
    outcomes.into_iter().filter_map(recipe).collect()
}

/// Maximum characters that the store keeps of the name of who served a reply.
const MAX_SERVED_CHARS: usize = 128;

/// What the store keeps of who served an attempt. The names are the server's.
fn served_record(exchange: &Exchange) -> ServedRecord {
    let name = |name: &Option<String>| {
        let name = sanitize::one_line(&mask_keys(name.as_deref()?), MAX_SERVED_CHARS);
        (!name.is_empty()).then_some(name)
    };
    let served = &exchange.served;
    ServedRecord {
        model: name(&served.model),
        provider: name(&served.provider),
        service_tier: name(&served.service_tier),
    }
}

/// What the store keeps of a verdict.
fn verdict_record(exchange: &Exchange) -> (VerdictName, Option<FaultRecord>) {
    let record = |kind, message: &str| Some(FaultRecord { kind, message: message.to_owned() });
    match &exchange.verdict {
        Verdict::Done { reading, .. } => {
            let fault = reading.iter().find_map(|read| read.as_ref().err());
            (VerdictName::Done, fault.and_then(|fault| record(fault.kind, &fault.message)))
        }
        Verdict::Retry(fault) => (VerdictName::Retry, record(fault.kind, &fault.message)),
        Verdict::Later { message, .. } => (VerdictName::Later, record(ErrorKind::NotNow, message)),
        Verdict::Page(fault) => (VerdictName::Page, record(fault.kind, &fault.message)),
        Verdict::Stop(refusal) => (VerdictName::Stop, record(ErrorKind::ProviderRefused, &refusal.message)),
    }
}
