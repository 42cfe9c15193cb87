//! One attempt from body to verdict.

use super::body_reader::Incoming;
use super::capability::Capabilities;
use super::dialect::openai::errors::ErrorBody;
use super::dialect::openai::rate_limit_headers;
use super::dialect::openai::rate_limit_headers::{Allowances, Over};
use super::dialect::openai::reply::Completion;
use super::dialect::openai::request::{Frame, FrameOptions, Repair};
use super::dialect::openai::stream::Stream;
use super::estimate::{Estimate, RequestSize, estimate};
use super::http::{Failure, Transport};
use super::pacing::retry_after;
use super::verdict;
use super::verdict::{Charge, Verdict};
use crate::base::clock::Clock;
use crate::base::sanitize;
use crate::base::usage::Usage;
use crate::catalog::{Basis, Calibration, Detail, Fit, model_facts};
use crate::manifest::{Image, Request};
use crate::prepare::Prepared;
use crate::task::{Question, read_reply};
use bytes::Bytes;
use reqwest::header::HeaderMap;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// What an [`Asker`] needs to know.
#[derive(Clone)]
pub struct Setup {
    /// The client.
    pub transport: Transport,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The model's name.
    pub model: String,
    /// Sampling and size.
    pub request: Request,
    /// How a page is sent.
    pub image: Image,
    /// What the endpoint takes, as far as it is known.
    pub capabilities: Capabilities,
    /// What the endpoint was seen to bill.
    pub calibration: Calibration,
    /// Parts of the provider's prefix cache that are used: one takes about 15 requests a
    /// minute (OpenAI's prompt-caching guide, 2026).
    pub cache_shards: u64,
}

/// Frames by the questions (where they stand in memory, which holding them keeps free of
/// others), the tasks asked and what the endpoint takes.
type Frames = HashMap<(usize, Vec<usize>, Capabilities), (Arc<[Question]>, Rc<Frame>)>;

/// Frames that are kept: questions that name columns of a list make many.
const KEPT_FRAMES: usize = 256;

/// Makes attempts for one job.
pub struct Asker {
    setup: Setup,
    capabilities: Cell<Capabilities>,
    calibration: RefCell<Calibration>,
    fit: RefCell<Fit>,
    frames: RefCell<Frames>,
}

/// What is asked in one request.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// All tasks of the page.
    pub questions: Arc<[Question]>,
    /// Indices of those that are asked.
    pub tasks: Vec<usize>,
    /// Twice the room for the reply: it was cut.
    pub is_lengthened: bool,
    /// Stands for the page.
    pub page: u64,
    /// What was wrong with the last reply.
    pub repair: Option<Repair>,
}

impl Wanted {
    /// The questions that are asked.
    fn asked(&self) -> Vec<&Question> {
        self.tasks.iter().filter_map(|at| self.questions.get(*at)).collect()
    }
}

/// One attempt and what came of it.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What it means.
    pub verdict: Verdict,
    /// What it cost.
    pub charge: Charge,
    /// From sending to the end of the reply.
    pub latency: Duration,
    /// HTTP status, when there was a reply.
    pub status: Option<u16>,
    /// The server's id of the request.
    pub request_id: Option<String>,
    /// What the reply says of the limits.
    pub allowances: Allowances,
    /// The limit that it went over.
    pub over: Option<Over>,
    /// The reply's text, to repair it or to estimate its tokens.
    pub content: String,
}

impl Asker {
    /// An asker for one job.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let detail = detail_sent(&setup.image).unwrap_or(Detail::High);
        let fit = Fit::new(setup.image.rule, detail, &setup.calibration);
        Self {
            capabilities: Cell::new(setup.capabilities),
            calibration: RefCell::new(setup.calibration.clone()),
            fit: RefCell::new(fit),
            setup,
            frames: RefCell::default(),
        }
    }

    /// What the endpoint takes, as far as it is known now.
    #[must_use]
    pub fn capabilities(&self) -> Capabilities {
        self.capabilities.get()
    }

    /// Remembers what the endpoint takes.
    pub fn set_capabilities(&self, capabilities: Capabilities) {
        self.capabilities.set(capabilities);
    }

    /// Tokens of a request before it is sent.
    #[must_use]
    pub fn estimate(&self, wanted: &Wanted, image: &Prepared) -> Estimate {
        let frame = self.frame(wanted);
        let repair = wanted.repair.as_ref().map_or(0, |repair| repair.previous.len() + repair.text.len() + 16);
        let ask = RequestSize {
            size: (image.width, image.height),
            max_tokens: room(&frame, wanted).into(),
            repair: repair as u64,
        };
        estimate(&frame.footprint, &self.fit.borrow(), &self.calibration.borrow(), ask)
    }

    /// Tokens by which an image is smaller than at the size that the model can use.
    #[must_use]
    pub fn smaller(&self, image: &Prepared) -> u64 {
        let fit = self.fit.borrow();
        let tokens = |(width, height)| fit.tokens(width, height).unwrap_or(0);
        tokens(image.full).saturating_sub(tokens((image.width, image.height)))
    }

    /// What image tokens rest on.
    #[must_use]
    pub fn basis(&self) -> Basis {
        self.fit.borrow().basis()
    }

    /// What the endpoint bills, as far as it is known now.
    #[must_use]
    pub fn fit(&self) -> Fit {
        self.fit.borrow().clone()
    }

    /// Takes what the endpoint billed for a first question about a page; what is known
    /// now, when that has changed. `is_valid`: the reply was what was asked for.
    #[must_use]
    pub fn learn(&self, wanted: &Wanted, size: (u32, u32), usage: Usage, is_valid: bool) -> Option<Calibration> {
        let words = self.frame(wanted).footprint;
        let mut calibration = self.calibration.borrow_mut();
        if is_valid {
            calibration.record_reply(words.usual, usage.output);
        }
        let billed = usage.input.saturating_sub(words.text);
        if !calibration.record_image(size, billed, words.text) {
            return None;
        }
        let mut fit = self.fit.borrow_mut();
        *fit = Fit::new(self.setup.image.rule, fit.detail(), &calibration);
        Some(calibration.clone())
    }

    /// What was learned of the endpoint's bills.
    #[must_use]
    pub fn calibration(&self) -> Calibration {
        self.calibration.borrow().clone()
    }

    /// Makes one attempt, which has `limit` for everything. `on_text` sees the reply's text
    /// as it arrives.
    pub async fn attempt(
        &self,
        wanted: &Wanted,
        image: &Prepared,
        limit: Duration,
        on_text: &dyn Fn(&str),
    ) -> Exchange {
        let body = self.body(wanted, image);
        let sent = self.setup.clock.now();
        let mut exchange = match self.post(body, limit).await {
            Ok(response) => self.receive(response, wanted, on_text).await,
            Err(Failure::TimedOut("request.timeout")) if limit < self.setup.request.timeouts.attempt => {
                Exchange::failed(Failure::TimedOut("retry.page_time"))
            }
            Err(failure) => Exchange::failed(failure),
        };
        exchange.latency = self.setup.clock.now().saturating_sub(sent);
        self.redact(&mut exchange.verdict);
        exchange
    }

    async fn post(&self, body: Bytes, limit: Duration) -> Result<reqwest::Response, Failure> {
        let timeouts = &self.setup.request.timeouts;
        let late = async {
            match timeouts.first_byte {
                // The connection has its own time before, in which nothing was sent.
                Some(first_byte) => self.setup.clock.sleep(timeouts.connect + first_byte).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            response = self.setup.transport.post(body, limit) => response,
            () = late => Err(Failure::TimedOut("request.first_byte_timeout")),
        }
    }

    /// The body of a request.
    #[must_use]
    pub fn body(&self, wanted: &Wanted, image: &Prepared) -> Bytes {
        let frame = self.frame(wanted);
        let shard = wanted.page % self.setup.cache_shards.max(1);
        frame.body(image, room(&frame, wanted), shard, wanted.repair.as_ref())
    }

    fn frame(&self, wanted: &Wanted) -> Rc<Frame> {
        let place = wanted.questions.as_ptr().addr();
        let key = (place, wanted.tasks.clone(), self.capabilities.get());
        let make = || {
            let options = FrameOptions {
                model: &self.setup.model,
                request: &self.setup.request,
                detail: detail_sent(&self.setup.image),
                capabilities: self.capabilities.get(),
                reasons: model_facts(&self.setup.model).is_some_and(|facts| facts.reasons),
            };
            (wanted.questions.clone(), Rc::new(Frame::new(&options, &wanted.asked())))
        };
        let mut frames = self.frames.borrow_mut();
        if frames.len() >= KEPT_FRAMES {
            frames.clear();
        }
        frames.entry(key).or_insert_with(make).1.clone()
    }

    async fn receive(&self, response: reqwest::Response, wanted: &Wanted, on_text: &dyn Fn(&str)) -> Exchange {
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let request_id = header("x-request-id").map(|id| self.redacted(&sanitize::id(id)));
        let is_stream = header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"));
        let allowances = rate_limit_headers::read(response.headers(), self.setup.clock.wall_ms());
        let headers = response.headers().clone();
        let incoming = Incoming::new(response).within(self.setup.clock.clone(), self.setup.request.timeouts.idle);
        let mut exchange = match status {
            200..=299 if is_stream => self.streamed(incoming, wanted, on_text).await,
            200..=299 => self.whole(incoming, wanted, on_text).await,
            _ => {
                // An error is an error, even when its body can't be read.
                let body = self.setup.transport.redact(&incoming.text().await.unwrap_or_default());
                Exchange::refused(status, &headers, &body, self.setup.clock.wall_ms())
            }
        };
        exchange.status = Some(status);
        exchange.request_id = request_id;
        exchange.allowances = allowances;
        exchange
    }

    async fn whole(&self, incoming: Incoming, wanted: &Wanted, on_text: &dyn Fn(&str)) -> Exchange {
        let body = match incoming.text().await {
            Ok(body) => body,
            Err(Failure::Reset(message)) => return Exchange::cut(message),
            Err(failure) => return Exchange::failed(failure),
        };
        match Completion::from_json(&body) {
            Some(completion) => {
                on_text(&completion.content);
                self.completed(completion, wanted)
            }
            // A server that streams although it was told not to, and does not say so.
            None if body.trim_start().starts_with("data:") => {
                let mut stream = Stream::default();
                stream.push(body.as_bytes(), on_text);
                self.end_of_stream(stream, wanted)
            }
            None => {
                let words = ErrorBody::parse(&body).message;
                Exchange::new(verdict::passing("bad_reply", format!("the reply is no JSON: {words}")), Charge::Unknown)
            }
        }
    }

    async fn streamed(&self, mut incoming: Incoming, wanted: &Wanted, on_text: &dyn Fn(&str)) -> Exchange {
        let mut stream = Stream::default();
        loop {
            match incoming.chunk().await {
                Ok(Some(bytes)) => stream.push(&bytes, on_text),
                Ok(None) => break,
                // All that counts has come; the connection may end as it likes.
                Err(_) if stream.is_done => break,
                Err(failure) => {
                    let content = stream.completion.content;
                    return match failure {
                        Failure::Reset(message) => Exchange { content, ..Exchange::cut(message) },
                        other => Exchange { content, ..Exchange::failed(other) },
                    };
                }
            }
            if stream.is_done && (stream.completion.usage.is_some() || stream.saw_done) {
                break;
            }
        }
        self.end_of_stream(stream, wanted)
    }

    fn end_of_stream(&self, mut stream: Stream, wanted: &Wanted) -> Exchange {
        stream.finish();
        let ended = stream.saw_done || stream.completion.finish.is_some();
        if stream.completion.error.is_none() && !ended {
            let mut exchange = Exchange::cut("the stream ended without an end".into());
            exchange.content = stream.completion.content;
            return exchange;
        }
        self.completed(stream.completion, wanted)
    }

    pub(crate) fn completed(&self, mut completion: Completion, wanted: &Wanted) -> Exchange {
        // A server that repeats the key in an answer is no reason to keep it.
        completion.content = self.redacted(&completion.content);
        let charge = completion.usage.map_or(Charge::Unknown, Charge::Reported);
        let finish = completion.finish.as_deref().unwrap_or_default();
        let verdict = if let Some(error) = &completion.error {
            let (verdict, late) = verdict::of_late_error(&ErrorBody::from_value(error));
            return Exchange {
                charge: if completion.usage.is_some() { charge } else { late },
                ..Exchange::new(verdict, late)
            };
        } else if finish == "content_filter" {
            verdict::of_content_filter()
        } else if let Some(text) = completion.refusal.as_deref().filter(|_| completion.content.trim().is_empty()) {
            verdict::of_refusal(&ErrorBody::parse(text).message)
        } else if finish == "error" || !completion.has_choice {
            verdict::passing("bad_reply", "the reply holds no answer".into())
        } else {
            Verdict::Done { reading: read_reply(&completion.content, &wanted.asked()), is_cut: finish == "length" }
        };
        Exchange { content: completion.content, ..Exchange::new(verdict, charge) }
    }

    /// `text` without a secret in it.
    pub(crate) fn redacted(&self, text: &str) -> String {
        self.setup.transport.redact(text)
    }

    pub(crate) fn redact(&self, verdict: &mut Verdict) {
        let message = match verdict {
            Verdict::Done { .. } => return,
            Verdict::Retry(fault) => &mut fault.message,
            Verdict::Later { message, .. } => message,
            Verdict::Page(fault) => &mut fault.message,
            Verdict::Stop(refusal) => &mut refusal.message,
        };
        *message = self.redacted(message);
    }
}

/// Not every server takes `detail`; one that is not told looks closely.
fn detail_sent(image: &Image) -> Option<Detail> {
    image.rule.accepts_detail().then_some(image.detail)
}

/// Most tokens of the reply.
fn room(frame: &Frame, wanted: &Wanted) -> u32 {
    frame.room.saturating_mul(if wanted.is_lengthened { 2 } else { 1 })
}

impl Exchange {
    pub(crate) fn new(verdict: Verdict, charge: Charge) -> Self {
        Self {
            verdict,
            charge,
            latency: Duration::ZERO,
            status: None,
            request_id: None,
            allowances: Allowances::default(),
            over: None,
            content: String::new(),
        }
    }

    /// A reply whose status is no success.
    pub(crate) fn refused(status: u16, headers: &HeaderMap, body: &str, wall_ms: i64) -> Self {
        let should_retry =
            headers.get("x-should-retry").and_then(|value| value.to_str().ok()).and_then(|text| text.parse().ok());
        let error = ErrorBody::parse(body);
        let after = retry_after::asked_for(headers, &error.value, &error.message, wall_ms);
        let (verdict, charge) = verdict::of_error(status, &error, after, should_retry);
        let is_over = status == 429 && matches!(verdict, Verdict::Later { .. });
        let over = is_over.then(|| rate_limit_headers::over(&error)).flatten();
        Self { over, ..Self::new(verdict, charge) }
    }

    fn failed(failure: Failure) -> Self {
        let (verdict, charge) = verdict::of_failure(failure);
        Self::new(verdict, charge)
    }

    fn cut(message: String) -> Self {
        Self::new(verdict::passing("cut_reply", message), Charge::Unknown)
    }
}
