//! One attempt and its result.

use super::foreign::Foreign;
use super::rate_limits::{ExceededLimit, RateLimitHeaders};
use super::reply::{Reply, ReplyEnd};
use super::served::Served;
use super::verdict::{Charge, Verdict};
use crate::base::vocabulary::ErrorKind;
use crate::task::{Question, read_reply};
use std::time::Duration;

/// One attempt and its result.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What the attempt means.
    pub verdict: Verdict,
    /// What the attempt cost.
    pub charge: Charge,
    /// Time from sending the request to the end of the reply; 0 in a batch.
    pub latency: Duration,
    /// The HTTP status; `None` if no reply arrived.
    pub status: Option<u16>,
    /// The server's id of the request.
    pub request_id: Option<String>,
    /// The rate limits that the reply's headers report.
    pub rate_limits: RateLimitHeaders,
    /// The rate limit that the request exceeded.
    pub exceeded: Option<ExceededLimit>,
    /// The text of the reply. A repair quotes it, and it bounds the tokens of a reply
    /// without usage.
    pub content: String,
    /// Who gave the reply, and what it says to have cost.
    pub served: Served,
    /// The parameters that were sent, as a JSON object; `None` if they are not known.
    pub parameters: Option<String>,
    /// What the API does not send, such as an HTML page.
    pub foreign: Option<Foreign>,
}

impl Exchange {
    pub(crate) fn new(verdict: Verdict, charge: Charge) -> Self {
        Self {
            verdict,
            charge,
            latency: Duration::ZERO,
            status: None,
            request_id: None,
            rate_limits: RateLimitHeaders::default(),
            exceeded: None,
            content: String::new(),
            served: Served::default(),
            parameters: None,
            foreign: None,
        }
    }

    /// A reply with a body that the API does not send. A gateway may have sent it although the server
    /// behind it executed and billed the request.
    pub(crate) fn from_foreign_body(beginning: String) -> Self {
        let message = format!("the reply is not a chat completion: {beginning}");
        let foreign = Some(Foreign::body(beginning));
        Self { foreign, ..Self::new(Verdict::transient(ErrorKind::BadReply, message), Charge::Unknown) }
    }

    /// Judges a complete reply to `questions`.
    pub(crate) fn from_reply(reply: Reply, questions: &[&Question]) -> Self {
        let Reply { content, usage, end, served, .. } = reply;
        let verdict = match end {
            // The partial text before an error is worth nothing.
            ReplyEnd::Error(verdict) => {
                return Self { served, ..Self::new(verdict, usage.map_or(Charge::Unknown, Charge::Reported)) };
            }
            ReplyEnd::ContentFilter => {
                Verdict::refused(ErrorKind::ContentFilter, "the provider's content filter blocked the reply")
            }
            ReplyEnd::Refusal(text) if text.is_empty() => {
                Verdict::refused(ErrorKind::Refusal, "the model declined to answer")
            }
            ReplyEnd::Refusal(text) => {
                Verdict::refused(ErrorKind::Refusal, format!("the model declined to answer: {text}"))
            }
            ReplyEnd::Empty => Verdict::transient(ErrorKind::BadReply, "the reply contains no answer"),
            ReplyEnd::Finished => Verdict::Done { reading: read_reply(&content, questions), is_cut: false },
            ReplyEnd::Length => Verdict::Done { reading: read_reply(&content, questions), is_cut: true },
        };
        Self { content, served, ..Self::new(verdict, usage.map_or(Charge::Unknown, Charge::Reported)) }
    }

    /// A reply that broke off after `content`. The server may have billed it.
    pub(crate) fn from_cut_reply(message: impl Into<String>, content: String) -> Self {
        Self { content, ..Self::new(Verdict::transient(ErrorKind::CutReply, message), Charge::Unknown) }
    }

    /// A request of a batch that the provider rejected before executing anything.
    #[must_use]
    pub fn from_rejected_line(message: String) -> Self {
        Self::new(Verdict::page_fault(ErrorKind::BadRequest, message), Charge::Nothing)
    }

    /// A request of a batch that the provider's queue had no room for. It was not executed.
    #[must_use]
    pub fn from_full_queue(message: String) -> Self {
        Self::new(Verdict::Later { after: None, message }, Charge::Nothing)
    }

    /// A request of a batch that ended without a result for it. `may_have_run`: the batch
    /// was executed, so the request may have been billed.
    #[must_use]
    pub fn from_missing_line(may_have_run: bool) -> Self {
        let charge = if may_have_run { Charge::Unknown } else { Charge::Nothing };
        Self::new(Verdict::transient(ErrorKind::BatchLine, "the batch ended without a result for this page"), charge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::usage::Usage;

    #[test]
    fn the_end_of_a_reply_decides_its_verdict() {
        let usage = Usage { input: 10, output: 5, ..Usage::default() };
        let error = Verdict::Later { after: None, message: "busy".into() };
        for (end, usage, expected, charge, has_content) in [
            (ReplyEnd::Finished, Some(usage), "done", Charge::Reported(usage), true),
            (ReplyEnd::Length, None, "done, cut", Charge::Unknown, true),
            (ReplyEnd::ContentFilter, Some(usage), "page content_filter", Charge::Reported(usage), true),
            (ReplyEnd::Refusal("no".into()), Some(usage), "page refusal", Charge::Reported(usage), true),
            (ReplyEnd::Refusal(String::new()), None, "page refusal", Charge::Unknown, true),
            (ReplyEnd::Empty, Some(usage), "retry bad_reply", Charge::Reported(usage), true),
            (ReplyEnd::Error(error.clone()), Some(usage), "later", Charge::Reported(usage), false),
            (ReplyEnd::Error(error), None, "later", Charge::Unknown, false),
        ] {
            let exchange = Exchange::from_reply(
                Reply {
                    content: "{}".into(),
                    reasoning: String::new(),
                    usage,
                    end: end.clone(),
                    served: Served::default(),
                },
                &[],
            );
            let name = match &exchange.verdict {
                Verdict::Done { is_cut: false, .. } => "done".to_owned(),
                Verdict::Done { .. } => "done, cut".to_owned(),
                Verdict::Retry(fault) => format!("retry {}", fault.kind),
                Verdict::Page(fault) => format!("page {}", fault.kind),
                Verdict::Later { .. } => "later".to_owned(),
                Verdict::Stop(_) => "stop".to_owned(),
            };
            assert_eq!((name.as_str(), exchange.charge), (expected, charge), "{end:?}");
            assert_eq!(!exchange.content.is_empty(), has_content, "{end:?}");
        }
    }
}
