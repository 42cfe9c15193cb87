//! One model at one endpoint: makes requests for pages, knows their cost and the endpoint's capabilities, and owns its
//! pacing.

use super::batch_client::BatchClient;
use super::client::failure::{HttpFailure, ReplyTimeout};
use super::client::http_client::HttpClient;
use super::dialect::interface::Dialect;
use super::dialect::name::DialectName;
use super::form::capability::Capabilities;
use super::form::sent_form::SentForm;
use super::frames::endpoint_frames::EndpointFrames;
use super::frames::frame_builder::sent_detail;
use super::frames::outgoing::Outgoing;
use super::judgement::verdict::{Cut, Verdict};
use super::learning::endpoint_bills::EndpointBills;
use super::learning::endpoint_learning::EndpointLearning;
use super::learning::form_change::FormChange;
use super::learning::form_learner::LearningTerms;
use super::learning::statement::{states, stop_if_stated};
use super::learning::wrong_path::name_wrong_path;
use super::pacing::endpoint_pacing::EndpointPacing;
use super::replies::batch::BatchLine;
use super::replies::exchange::Exchange;
use super::replies::repetition::repeats_itself;
use super::reply_reader::{ReplyReader, judge_reply};
use super::request::estimate::{Estimate, RequestSize};
use super::request::page_request::{PageRequest, Variation};
use crate::base::clock::Clock;
use crate::base::sanitize;
use crate::base::vocabulary::ErrorKind;
use crate::catalog::{Calibration, Detail, PriceTable, RequestPrice, ServiceTier};
use crate::manifest::{Image, Limits, Request, Retry};
use crate::prepare::Prepared;
use crate::task::TaskFault;
use bytes::Bytes;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// What an endpoint is made of.
#[derive(Clone)]
pub struct EndpointSetup {
    /// Identifies the model at its endpoint, in keys of the store.
    pub id: String,
    /// The client of the endpoint's server.
    pub client: HttpClient,
    /// The dialect that the endpoint speaks.
    pub dialect: DialectName,
    /// The clock for timeouts and pacing.
    pub clock: Arc<dyn Clock>,
    /// The provider's name of the model.
    pub model: String,
    /// Sampling and reply length.
    pub request: Request,
    /// How images are sent.
    pub image: Image,
    /// The manifest's limits.
    pub limits: Limits,
    /// The manifest's retry policy.
    pub retry: Retry,
    /// What a token costs; `None`: unknown.
    pub price: Option<PriceTable>,
    /// The known capabilities of the endpoint.
    pub capabilities: Capabilities,
    /// Observed bills of the endpoint.
    pub calibration: Calibration,
}

/// One model at one endpoint. It belongs to one thread.
pub struct ModelEndpoint {
    id: String,
    client: HttpClient,
    dialect: Rc<dyn Dialect>,
    clock: Arc<dyn Clock>,
    frames: EndpointFrames,
    bills: EndpointBills,
    pacing: EndpointPacing,
    learning: EndpointLearning,
}

impl ModelEndpoint {
    /// An endpoint that has not sent anything.
    #[must_use]
    pub fn new(setup: EndpointSetup) -> Self {
        let dialect = setup.dialect.dialect();
        Self::with_dialect(setup, dialect)
    }

    pub(crate) fn with_dialect(setup: EndpointSetup, dialect: Rc<dyn Dialect>) -> Self {
        let detail = sent_detail(&setup.image).unwrap_or(Detail::High);
        let service_tier = ServiceTier::requested(&setup.request.extra);
        Self {
            pacing: EndpointPacing::new(setup.clock.clone(), &setup.limits, &setup.retry),
            learning: EndpointLearning::new(setup.capabilities, &setup.request, &setup.model),
            bills: EndpointBills::new(setup.price, service_tier, (setup.image.rule, detail), setup.calibration),
            frames: EndpointFrames::new(dialect.clone(), setup.model, setup.request, setup.image, &setup.limits),
            id: setup.id,
            client: setup.client,
            dialect,
            clock: setup.clock,
        }
    }

    /// Identifies the model at its endpoint, in keys of the store.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The price of a request that is sent now; `None`: unknown.
    #[must_use]
    pub fn price(&self) -> Option<RequestPrice> {
        self.bills.price_at(self.clock.wall_ms())
    }

    /// What it bills.
    #[must_use]
    pub fn bills(&self) -> &EndpointBills {
        &self.bills
    }

    /// When requests may be sent.
    #[must_use]
    pub fn pacing(&self) -> &EndpointPacing {
        &self.pacing
    }

    /// The provider's Batch API.
    #[must_use]
    pub fn batches(&self) -> BatchClient<'_> {
        BatchClient::new(&self.client, self.dialect.batches(), &*self.clock, &self.learning.proof)
    }

    /// The currently known capabilities of the endpoint.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        self.learning.capabilities.get()
    }

    /// A request in the current form.
    #[must_use]
    pub fn outgoing(&self, request: &PageRequest) -> Outgoing {
        let capabilities = self.learning.form.form_for(request.page, self.learning.capabilities.get());
        let frame = self.frames.frame(request, capabilities);
        let form = SentForm {
            capabilities,
            parameters: frame.frame.parameters(),
            max_reply_tokens: frame.max_reply_tokens,
            is_described: frame.is_described,
            is_first: request.repair.is_none(),
            is_usual: request.variation == Variation::default(),
            page: request.page,
            refuted: self.learning.form.refuted(),
            is_candidate: self.learning.form.is_searching(),
        };
        Outgoing { form, frame }
    }

    /// Learns from an exchange what the endpoint accepts. Later requests depend on it. `sent`: the form
    /// of the request; `may_try`: whether another form may be tried at once, other than with a batch.
    pub fn learn_form(&self, exchange: &Exchange, sent: SentForm, may_try: bool) -> FormChange {
        let may_raise = self.frames.request().max_tokens.is_none();
        let may_be_page = match &exchange.verdict {
            Verdict::Retry(fault) => {
                fault.change.is_some_and(|change| self.dialect.fault_of_page(change, &fault.message).is_some())
            }
            _ => false,
        };
        let is_stated = |change| states(self.frames.request(), self.frames.image().detail, change);
        let terms = LearningTerms { may_raise, may_be_page, may_try, is_stated: &is_stated };
        let form = self.learning.form.judge(exchange, sent, self.learning.capabilities.get(), terms);
        if let Some(capabilities) = form.capabilities() {
            self.learning.capabilities.set(capabilities);
        }
        form
    }

    /// Whether it is being found out what the endpoint accepts: requests go out one at a time.
    #[must_use]
    pub fn is_trying(&self) -> bool {
        self.learning.form.is_trying(self.learning.capabilities.get())
    }

    /// Whether it is being found out with the page that `request` is about, which is asked next.
    #[must_use]
    pub fn is_trying_with(&self, request: &PageRequest) -> bool {
        self.learning.form.is_trying_with(request.page, self.learning.capabilities.get())
    }

    /// Estimates the tokens of a request.
    #[must_use]
    pub fn estimate(&self, request: &PageRequest, outgoing: &Outgoing, image: &Prepared) -> Estimate {
        let frame = &outgoing.frame;
        let size = RequestSize {
            size: (image.width, image.height),
            max_tokens: frame.max_reply_tokens.into(),
            max_billed: frame.max_billed_tokens.map(u64::from),
            repair: request.repair_bytes(),
        };
        self.bills.estimate(&frame.footprint, size)
    }

    /// The body of a request.
    #[must_use]
    pub fn page_body(&self, request: &PageRequest, outgoing: &Outgoing, image: &Prepared) -> Bytes {
        self.frames.body(request, outgoing, image)
    }

    /// Makes one attempt: sends a request and reads the reply, both within `timeout`.
    /// `on_text` receives the reply's text as it arrives.
    pub async fn send(
        &self,
        request: &PageRequest,
        outgoing: &Outgoing,
        image: &Prepared,
        timeout: Duration,
        on_text: &dyn Fn(&str),
    ) -> Exchange {
        let call = self.dialect.page_call(self.page_body(request, outgoing, image));
        let url = self.client.url(&call.path);
        let (sent, number) = (self.clock.now(), self.learning.unanswered.begin());
        let mut exchange = match self.client.send_page(call, timeout, &*self.clock).await {
            Ok(response) => {
                let reader = ReplyReader {
                    client: &self.client,
                    dialect: &*self.dialect,
                    clock: &self.clock,
                    habits: &self.learning.habits,
                    on_text,
                    sent: outgoing.form,
                };
                reader.read(response, &request.asked()).await
            }
            Err(failure) => {
                let foreign = failure.foreign();
                let (verdict, charge) = self.named_timeout(failure, timeout).judge();
                Exchange { foreign, ..Exchange::new(verdict, charge) }
            }
        };
        let now = self.clock.now();
        exchange.latency = now.saturating_sub(sent);
        // Each step sees the verdict as the steps before have left it. First comes what the request shows, then what
        // earlier replies show. An outage counts only the failures that are left.
        self.apply_request(&mut exchange, request, outgoing);
        let has_searched = |message: &str| self.learning.form.has_searched(message);
        self.learning.unexplained.judge(&mut exchange, &outgoing.form, &*self.dialect, now, has_searched);
        self.learning.proof.judge(&mut exchange, &url, request.page, sent);
        name_wrong_path(&mut exchange, &url);
        if outgoing.form.is_candidate {
            // Errors of forms that are only tried show nothing about the server.
            self.learning.unanswered.leave_out(number);
        } else {
            exchange.outage = self.learning.unanswered.judge(number, &exchange, request.page);
        }
        self.finish(exchange)
    }

    /// Judges a result line of a batch, for the request that `request` describes. `outgoing`: its form;
    /// `None`: another process sent it.
    #[must_use]
    pub fn judge_line(&self, line: &BatchLine, request: &PageRequest, outgoing: Option<&Outgoing>) -> Exchange {
        let result = self.dialect.batches().read_result(line);
        let form = outgoing.map_or_else(SentForm::unknown, |outgoing| outgoing.form);
        let outgoing = Outgoing { form, ..outgoing.map_or_else(|| self.outgoing(request), Outgoing::clone) };
        let mut exchange = match result.reply {
            Ok(reply) => judge_reply(&self.client, reply, &request.asked(), &form),
            Err(judgement) => Exchange::from_error(*judgement, &request.asked(), &form),
        };
        exchange.verdict = match exchange.verdict {
            // In a batch the provider waits for limits; throttling is a fault like any other.
            Verdict::Later { message, .. } => Verdict::transient(ErrorKind::ServerError, message),
            // The provider has taken the batch: it refuses the page.
            Verdict::Stop(refusal) if refusal.may_be_page() => {
                Verdict::page_fault(ErrorKind::BadRequest, refusal.message)
            }
            verdict => verdict,
        };
        self.apply_request(&mut exchange, request, &outgoing);
        exchange.status = result.status;
        exchange.request_id = result.request_id.map(|id| self.client.redact(&sanitize::id(&id)));
        self.finish(exchange)
    }

    /// Whether the endpoint has replied to a request, in this run or in an earlier one.
    #[must_use]
    pub fn has_replied(&self) -> bool {
        self.learning.proof.has_replied()
    }

    /// Applies what only the request shows: values that the manifest states, and bounds of its schema.
    fn apply_request(&self, exchange: &mut Exchange, request: &PageRequest, outgoing: &Outgoing) {
        let frame = &outgoing.frame;
        exchange.parameters = Some(frame.parameters.clone());
        // Any error to a candidate means that the form is not accepted.
        if !outgoing.form.is_candidate {
            let is_proven = outgoing.form.capabilities.is_proven;
            stop_if_stated(&mut exchange.verdict, self.frames.request(), &*self.dialect, is_proven);
        }
        if let Verdict::Done { reading, cut: cut @ Cut::No } = &mut exchange.verdict {
            for (read, question) in reading.iter_mut().zip(request.asked()) {
                let Some(found) = read.as_ref().ok().and_then(|value| frame.bounds.find_cut(&question.shape, value))
                else {
                    continue;
                };
                // More space would only be filled again.
                if found.as_str().map_or_else(|| repeats_itself(&found.to_string()), repeats_itself) {
                    *cut = Cut::Repetition;
                } else if *cut == Cut::No {
                    *cut = Cut::Length;
                }
                *read = Err(TaskFault::new(ErrorKind::Length, "the answer may be cut"));
            }
        }
    }

    /// Completes the texts of a final verdict: adds the model to a hint to check its name, and hides keys.
    fn finish(&self, mut exchange: Exchange) -> Exchange {
        if let Verdict::Stop(refusal) = &mut exchange.verdict {
            let named = format!("provider.model ({})", self.frames.model());
            refusal.hint = refusal.hint.replacen("provider.model", &named, 1);
        }
        exchange.verdict.edit_message(|message| self.client.hide_keys(message));
        exchange
    }

    /// Names the manifest key of a timeout: the page's time may end before the attempt's.
    fn named_timeout(&self, failure: HttpFailure, timeout: Duration) -> HttpFailure {
        match failure {
            HttpFailure::TimedOut(ReplyTimeout::Attempt) if timeout < self.client.timeouts().attempt => {
                HttpFailure::TimedOut(ReplyTimeout::PageTime)
            }
            failure => failure,
        }
    }
}

#[cfg(test)]
mod tests;
