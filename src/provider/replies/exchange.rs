//! One attempt and its result.

use super::reply::{Reply, ReplyEnd};
use super::served::Served;
use crate::base::vocabulary::ErrorKind;
use crate::provider::form::capability_change::CapabilityChange;
use crate::provider::form::sent_form::SentForm;
use crate::provider::judgement::error_judgement::ErrorJudgement;
use crate::provider::judgement::foreign::Foreign;
use crate::provider::judgement::rate_limits::{ExceededLimit, RateLimitHeaders};
use crate::provider::judgement::verdict::{Charge, Cut, Obstacle, Outage, TransientFault, Verdict};
use crate::task::{Question, read_cut_reply, read_reasoning, read_reply, visible_text};
use std::time::Duration;

/// The fault of a stream that ended too early.
pub(crate) const CUT_STREAM: &str = "the stream ended before the reply was complete";

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
    /// Who gave the reply, and the cost that it reports.
    pub served: Served,
    /// The parameters that were sent, as a JSON object; `None` if they are unknown.
    pub parameters: Option<String>,
    /// Whether the answers were in the reasoning of a reply without any other text.
    pub answered_in_reasoning: bool,
    /// A reply that the API does not send, such as an HTML page.
    pub foreign: Option<Foreign>,
    /// Whether this and the requests before it without an answer indicate an outage.
    pub outage: Outage,
    /// Whether other pages decide: the error may concern only this page, or all.
    pub is_scope_unknown: bool,
    /// Whether the words of the error reject a parameter by its name.
    pub rejects_named: bool,
    /// Whether the words of the error name several parameters, of which perhaps not all are rejected.
    pub names_several: bool,
    /// Whether the words of the error name no parameter: changes because of them are guesses.
    pub is_guess: bool,
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
            answered_in_reasoning: false,
            foreign: None,
            outage: Outage::No,
            is_scope_unknown: false,
            rejects_named: false,
            names_several: false,
            is_guess: false,
        }
    }

    /// What all requests wait for; `None`: they don't.
    #[must_use]
    pub fn obstacle(&self) -> Option<Obstacle> {
        let is_outage = self.outage != Outage::No;
        self.verdict.obstacle().or_else(|| is_outage.then_some(Obstacle::Unavailable))
    }

    /// Whether the status blames the server rather than the request.
    #[must_use]
    pub fn is_servers_fault(&self) -> bool {
        self.status.is_some_and(|status| status >= 500 || matches!(status, 408 | 429))
    }

    /// A reply with a body that the API does not send. A gateway may have sent it although the server
    /// behind it executed and billed the request.
    pub(crate) fn from_foreign_body(beginning: String) -> Self {
        let message = format!("the reply is not a chat completion: {beginning}");
        let foreign = Some(Foreign::body(beginning));
        Self { foreign, ..Self::new(Verdict::transient(ErrorKind::BadReply, message), Charge::Unknown) }
    }

    /// A stream that ended before any event of the API. That of an API may break off so early.
    pub(crate) fn from_stream_without_events(beginning: String) -> Self {
        let foreign = Some(Foreign::doubtful_body(beginning));
        Self { foreign, ..Self::from_cut_reply(CUT_STREAM, String::new()) }
    }

    /// An error instead of a reply to `questions`, for a request of the form `sent`.
    pub(crate) fn from_error(judgement: ErrorJudgement, questions: &[&Question], sent: &SentForm) -> Self {
        let rejects_named = judgement.rejects_named() && !sent.is_candidate;
        let names_several = judgement.named_changes.len() > 1;
        let is_guess = judgement.is_guess;
        let (verdict, charge) = judgement.in_view_of(sent);
        match judgement.invalid_reply {
            Some(content) => Self::from_invalid_reply(content, questions),
            None => {
                let exceeded = judgement.exceeded;
                Self { exceeded, rejects_named, names_several, is_guess, ..Self::new(verdict, charge) }
            }
        }
    }

    /// Judges a complete reply to `questions`, of a request of the form `sent`.
    pub(crate) fn from_reply(reply: Reply, questions: &[&Question], sent: &SentForm) -> Self {
        let Reply { content, reasoning, usage, end, has_stated_end, served, .. } = reply;
        let charge = usage.map_or(Charge::Unknown, Charge::Reported);
        let mut answered_in_reasoning = false;
        let done = |cut| Verdict::Done { reading: read_reply(&content, questions), cut };
        let verdict = match end {
            // The server found the reply not valid: its text is in the error.
            ReplyEnd::Error(judgement) if judgement.invalid_reply.is_some() => {
                return Self { served, charge, ..Self::from_invalid_reply(content, questions) };
            }
            // The partial text before an error is worth nothing.
            ReplyEnd::Error(judgement) => {
                let has_text = !content.is_empty() || !reasoning.is_empty();
                let error = Self::from_error(*judgement, questions, sent);
                let is_reply = has_text || charge != Charge::Unknown;
                let charge = if is_reply { charge } else { charge_of_error(&error) };
                return Self { served, charge, ..error };
            }
            ReplyEnd::ContentFilter => {
                Verdict::refused(ErrorKind::ContentFilter, "the provider's content filter blocked the reply")
            }
            ReplyEnd::Recitation => Verdict::refused(
                ErrorKind::Recitation,
                "the provider blocked the reply because it repeats a published text (recitation)",
            ),
            ReplyEnd::Refusal(text) if text.is_empty() => {
                Verdict::refused(ErrorKind::Refusal, "the model declined to answer")
            }
            ReplyEnd::Refusal(text) => {
                Verdict::refused(ErrorKind::Refusal, format!("the model declined to answer: {text}"))
            }
            ReplyEnd::Empty => Verdict::transient(ErrorKind::BadReply, "the reply contains no answer"),
            ReplyEnd::Finished if visible_text(&content).trim().is_empty() => {
                // Reasoning may continue: it does not count as an answer before it has ended.
                match read_reasoning(&reasoning, questions).filter(|_| has_stated_end) {
                    Some(reading) => {
                        answered_in_reasoning = true;
                        Verdict::Done { reading, cut: Cut::No }
                    }
                    None if usage.is_some_and(|usage| sent.was_used_up(usage)) => out_of_room(),
                    None => done(Cut::No),
                }
            }
            ReplyEnd::Finished => done(Cut::No),
            ReplyEnd::Length => Verdict::Done { reading: read_cut_reply(&content, questions), cut: Cut::Length },
            ReplyEnd::Repetition => done(Cut::Repetition),
            ReplyEnd::ReasoningExhausted => out_of_room(),
        };
        Self { content, served, answered_in_reasoning, ..Self::new(verdict, charge) }
    }

    /// A reply that the server itself found not valid.
    pub(crate) fn from_invalid_reply(content: String, questions: &[&Question]) -> Self {
        let verdict = Verdict::Done { reading: read_reply(&content, questions), cut: Cut::No };
        Self { content, ..Self::new(verdict, Charge::Unknown) }
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

    /// A request of a batch that the provider's queue had no space for. It was not executed.
    #[must_use]
    pub fn from_full_queue(message: String) -> Self {
        Self::new(Verdict::later(Obstacle::Other, message), Charge::Nothing)
    }

    /// A request of a batch that ended without a result for it. `may_have_run`: the batch
    /// was executed, so the request may have been billed.
    #[must_use]
    pub fn from_missing_line(may_have_run: bool) -> Self {
        let charge = if may_have_run { Charge::Unknown } else { Charge::Nothing };
        Self::new(Verdict::transient(ErrorKind::BatchLine, "the batch ended without a result for this page"), charge)
    }
}

/// The model used up the output limit for its reasoning.
fn out_of_room() -> Verdict {
    Verdict::Retry(TransientFault {
        kind: ErrorKind::Capability,
        message: "the model used up the output limit for its reasoning".into(),
        change: Some(CapabilityChange::OutputFactor),
        may_run: false,
    })
}

/// What an error without any text and without usage cost: an error that the API sends instead of a reply is free, also
/// with status 200. After a transient one the request may have been executed, unless the error names a fault of it.
fn charge_of_error(error: &Exchange) -> Charge {
    match &error.verdict {
        Verdict::Retry(fault) if fault.change.is_none() => Charge::Unknown,
        Verdict::Retry(_) => error.charge,
        _ => Charge::Nothing,
    }
}

#[cfg(test)]
mod tests;
