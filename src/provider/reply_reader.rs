//! Reads the reply to a request for a page, whole or streamed, and judges it.

use super::client::body_reader::BodyReader;
use super::client::body_text::body_text;
use super::client::failure::HttpFailure;
use super::client::http_client::HttpClient;
use super::dialect::interface::{Dialect, ErrorReply, NotAReply, ReplyStream, StreamStage};
use super::form::sent_form::SentForm;
use super::judgement::foreign::Foreign;
use super::judgement::verdict::{Charge, Verdict};
use super::learning::stream_habits::StreamHabits;
use super::replies::exchange::{CUT_STREAM, Exchange};
use super::replies::reply::Reply;
use super::replies::served::Served;
use super::replies::sse::EventDecoder;
use crate::base::clock::Clock;
use crate::base::sanitize;
use crate::base::vocabulary::ErrorKind;
use crate::task::Question;
use reqwest::Response;
use reqwest::header::HeaderMap;
use std::sync::Arc;
use std::time::Duration;

/// Characters of a body that are shown when it is not a reply.
const MAX_SHOWN_CHARS: usize = 200;

/// Fields of a stream of events; a comment has no name.
const FIELDS: &[&str] = &["data", "event", "id", "retry", ""];

/// Whether a line is a field of a stream of events, or empty.
fn is_field(line: &str) -> bool {
    FIELDS.contains(&line.split(':').next().unwrap_or_default())
}

/// What came of a stream up to its first event.
struct Opening<'a> {
    text: &'a str,
    /// Whether an event is in it.
    has_event: bool,
}

impl Opening<'_> {
    /// Whether it is only a part of a stream of events.
    fn has_only_fields(&self) -> bool {
        self.text.lines().all(is_field)
    }
}

/// Reads the replies of one endpoint.
pub(crate) struct ReplyReader<'a> {
    pub(crate) client: &'a HttpClient,
    pub(crate) dialect: &'a dyn Dialect,
    pub(crate) clock: &'a Arc<dyn Clock>,
    /// How the endpoint's streams end.
    pub(crate) habits: &'a StreamHabits,
    /// Receives the reply's text as it arrives.
    pub(crate) on_text: &'a dyn Fn(&str),
    /// The form of the request.
    pub(crate) sent: SentForm,
}

impl ReplyReader<'_> {
    /// Reads the reply to a request for `questions`. Its messages may still hold secrets.
    pub(crate) async fn read(&self, response: Response, questions: &[&Question]) -> Exchange {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let request_id = header(&headers, self.dialect.request_id_header());
        let is_stream = header(&headers, "content-type").is_some_and(|kind| kind.starts_with("text/event-stream"));
        // Reset times count from when the headers arrived.
        let rate_limits = self.dialect.read_rate_limits(&headers, self.clock.wall_ms());
        let body = BodyReader::new(response).with_idle_timeout(self.clock.clone(), self.client.timeouts().idle);
        let mut exchange = match status {
            200..=299 if is_stream => self.read_stream(body, questions).await,
            200..=299 => self.read_whole(body, questions).await,
            _ => {
                // An error remains one, even if its body can't be read.
                let body = self.client.redact(&body.text().await.unwrap_or_default());
                let wall_ms = self.clock.wall_ms();
                let reply = ErrorReply { status, headers: &headers, body: &body, wall_ms };
                let error = Exchange::from_error(self.dialect.judge_error(&reply), questions, &self.sent);
                Exchange { foreign: foreign_error(status, &body), ..error }
            }
        };
        exchange.status = Some(status);
        exchange.request_id = request_id.map(|id| self.client.redact(&sanitize::id(id)));
        exchange.rate_limits = rate_limits;
        // A cost in the body is the provider's own; the header is what a gateway in front of it charges, which may be more.
        exchange.served.cost = exchange.served.cost.max(self.dialect.read_cost(&headers));
        exchange
    }

    async fn read_whole(&self, body: BodyReader, questions: &[&Question]) -> Exchange {
        let body = match body.text().await {
            Ok(body) => body,
            Err(failure) => return broken_off(failure, String::new()),
        };
        match self.dialect.read_reply(&body) {
            Ok(reply) => {
                (self.on_text)(&self.client.redact(&reply.content));
                self.judge_whole(reply, questions, &body)
            }
            // Some servers stream although `stream` is false, under another media type.
            Err(_) if is_event_stream(&body) => {
                let (mut events, mut stream) = (EventDecoder::default(), self.dialect.reply_stream());
                let mut unshown = String::new();
                let (has_event, _) = self.push(&mut events, &mut *stream, body.as_bytes(), &mut unshown);
                let opening = Opening { text: &body, has_event };
                self.finish(events, stream, questions, unshown, &opening)
            }
            Err(NotAReply::Damaged(text)) => {
                let message = format!("the reply is not valid JSON: {text}");
                let foreign = Some(self.doubtful(&body));
                Exchange { foreign, ..Exchange::new(Verdict::transient(ErrorKind::BadReply, message), Charge::Unknown) }
            }
            Err(NotAReply::Foreign) => Exchange::from_foreign_body(beginning(&self.client.redact(&body))),
        }
    }

    async fn read_stream(&self, mut body: BodyReader, questions: &[&Question]) -> Exchange {
        let (mut events, mut stream) = (EventDecoder::default(), self.dialect.reply_stream());
        // What came up to the first event.
        let (mut unshown, mut opening, mut has_events) = (String::new(), Vec::new(), false);
        let (mut stage, mut deadline, mut has_waited) = (StreamStage::Open, None, false);
        // Whether something came after the counts.
        let mut is_followed = false;
        loop {
            let reached = stream.stage();
            if reached == StreamStage::Ended {
                break;
            }
            if reached > stage {
                stage = reached;
                deadline = self.deadline(stage);
            }
            let next = match deadline {
                None => body.next().await,
                Some(deadline) => tokio::select! {
                    biased;
                    next = body.next() => next,
                    () = self.clock.sleep(deadline.saturating_sub(self.clock.now())) => {
                        has_waited = true;
                        break;
                    }
                },
            };
            match next {
                Ok(Some(bytes)) => {
                    let (has_event, has_text) = self.push(&mut events, &mut *stream, &bytes, &mut unshown);
                    is_followed |= has_event && stage == StreamStage::Counted;
                    if has_text {
                        // Some servers state an end with every part.
                        deadline = self.deadline(stage);
                    }
                    if !has_events {
                        opening.extend_from_slice(&bytes);
                    }
                    has_events |= has_event;
                }
                Ok(None) => break,
                // The reply is complete: how the connection ends does not matter.
                Err(_) if stage >= StreamStage::Complete => break,
                Err(failure) => return broken_off(failure, stream.finish().err().unwrap_or_default()),
            }
        }
        self.habits.learn(stage, has_waited && !is_followed);
        body.finish().await;
        // Some servers send errors, or the whole reply, as JSON with the media type of a stream.
        let opening = body_text(opening, None);
        let whole = if has_events { None } else { self.dialect.read_reply(&opening).ok() };
        match whole {
            Some(reply) => {
                (self.on_text)(&self.client.redact(&reply.content));
                self.judge_whole(reply, questions, &opening)
            }
            None => {
                let opening = Opening { text: &opening, has_event: has_events };
                self.finish(events, stream, questions, unshown, &opening)
            }
        }
    }

    /// Until when to wait for what may follow; `None`: until the stream ends or is idle for too long.
    fn deadline(&self, stage: StreamStage) -> Option<Duration> {
        self.habits.wait(stage).map(|wait| self.clock.now() + wait)
    }

    /// Reads the next bytes of a stream; returns whether they complete an event, and whether any of those has text.
    fn push(
        &self,
        events: &mut EventDecoder,
        stream: &mut dyn ReplyStream,
        bytes: &[u8],
        unshown: &mut String,
    ) -> (bool, bool) {
        let complete = events.push(bytes);
        let text: String = complete.iter().map(|data| stream.push(data)).collect();
        unshown.push_str(&text);
        // Up to the last white space: a secret, which contains none, may arrive in parts.
        let end = unshown.rfind(char::is_whitespace).map_or(0, |at| unshown.ceil_char_boundary(at + 1));
        let rest = unshown.split_off(end);
        (self.on_text)(&self.client.redact(&std::mem::replace(unshown, rest)));
        (!complete.is_empty(), !text.is_empty())
    }

    fn finish(
        &self,
        mut events: EventDecoder,
        mut stream: Box<dyn ReplyStream>,
        questions: &[&Question],
        mut unshown: String,
        opening: &Opening<'_>,
    ) -> Exchange {
        if let Some(data) = events.finish() {
            unshown.push_str(&stream.push(&data));
        }
        if !stream.is_of_api() {
            let shown = beginning(&self.client.redact(opening.text));
            let has_event = opening.has_event && stream.stage() < StreamStage::Ended;
            return match !has_event && opening.has_only_fields() {
                true => Exchange::from_stream_without_events(shown),
                false => Exchange::from_foreign_body(shown),
            };
        }
        (self.on_text)(&self.client.redact(&unshown));
        match stream.finish() {
            Ok(reply) => self.judge(reply, questions),
            Err(text) => Exchange::from_cut_reply(CUT_STREAM, text),
        }
    }

    /// Judges a reply whose `body` is JSON. A failure without usage, whose body is not of the API, may come from any
    /// server.
    fn judge_whole(&self, reply: Reply, questions: &[&Question], body: &str) -> Exchange {
        let is_of_api = reply.is_of_api;
        let exchange = self.judge(reply, questions);
        let is_failure = matches!(&exchange.verdict, Verdict::Retry(fault) if fault.change.is_none());
        match is_failure && !is_of_api && exchange.charge == Charge::Unknown {
            true => Exchange { foreign: Some(self.doubtful(body)), ..exchange },
            false => exchange,
        }
    }

    /// What may be cut out of a reply of an API, which may have billed it.
    fn doubtful(&self, body: &str) -> Foreign {
        Foreign { may_be_billed: true, ..Foreign::doubtful_body(beginning(&self.client.redact(body))) }
    }

    fn judge(&self, reply: Reply, questions: &[&Question]) -> Exchange {
        if let Some(error) = &reply.late_error {
            let error = self.client.hide_keys(error);
            match self.habits.note_late_error() {
                true => tracing::warn!("an error that followed a complete reply is ignored: {error}"),
                false => tracing::debug!("an error that followed a complete reply is ignored: {error}"),
            }
        }
        judge_reply(self.client, reply, questions, &self.sent)
    }
}

/// Judges a complete reply. A key that the server repeats in an answer is removed: it must
/// not reach the store.
pub(crate) fn judge_reply(client: &HttpClient, reply: Reply, questions: &[&Question], sent: &SentForm) -> Exchange {
    let (content, reasoning) = (client.redact(&reply.content), client.redact(&reply.reasoning));
    let redact = |text: Option<String>| text.map(|text| client.redact(&text));
    let Served { model, provider, service_tier, cost } = reply.served;
    let served = Served { model: redact(model), provider: redact(provider), service_tier: redact(service_tier), cost };
    Exchange::from_reply(Reply { content, reasoning, served, ..reply }, questions, sent)
}

/// A reply that failed after `content`.
fn broken_off(failure: HttpFailure, content: String) -> Exchange {
    match failure {
        HttpFailure::Reset(message) => Exchange::from_cut_reply(message, content),
        failure => {
            let (verdict, charge) = failure.judge();
            Exchange { content, ..Exchange::new(verdict, charge) }
        }
    }
}

/// An error that does not come from the API, such as a login page. The pages with which gateways report that the server
/// behind them is down or slow don't show that there is no API.
fn foreign_error(status: u16, body: &str) -> Option<Foreign> {
    // A working API may be behind these.
    let is_transient = matches!(status, 408 | 409 | 413 | 425 | 429 | 498 | 500 | 502..=504 | 521..=524 | 529);
    // The gateway did not reach the server. After the others the request may have been executed.
    let is_free = matches!(status, 503 | 521..=523);
    // 511: Network Authentication Required, by definition not from the server.
    let is_page = body.trim_start().starts_with('<') || status == 511;
    // A proxy names itself with 407.
    let is_foreign = status >= 400 && status != 407 && is_page && (is_free || !is_transient);
    is_foreign.then(|| Foreign { is_free, ..Foreign::body(beginning(body)) })
}

/// Whether a body is a stream of events, which may begin with a comment or another field.
fn is_event_stream(body: &str) -> bool {
    let line = body.trim_start().lines().next().unwrap_or_default();
    line.contains(':') && is_field(line)
}

/// The beginning of a body, human-readable.
pub(crate) fn beginning(body: &str) -> String {
    match sanitize::one_line(body, MAX_SHOWN_CHARS) {
        text if text.is_empty() => "(nothing)".to_owned(),
        text => text,
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
