//! What an error means. The body decides before the status: one 429 is a rate limit that
//! passes, another an account without credit.
//!
//! Source: OpenAI's error-codes guide and spec 2.3.0, and errors that compatible servers
//! were observed to send (2026-11).

use super::cause::Cause;
use super::causes::find_cause;
use super::error_body::ErrorBody;
use super::likely_cause::{LikelyCause, likely_cause};
use super::message_numbers::{exceeds_whole_limit, labelled_number};
use super::output_space::max_answer;
use super::rejections::{find_changes, named_changes, names_nothing};
use super::transient::transient_by_text;
use crate::base::sanitize;
use crate::base::vocabulary::ErrorKind;
use crate::provider::client::failure::PROXY_HINT;
use crate::provider::dialect::interface::ErrorReply;
use crate::provider::form::capability_change::CapabilityChange;
use crate::provider::judgement::error_judgement::ErrorJudgement;
use crate::provider::judgement::rate_limits::{ExceededLimit, LimitKind};
use crate::provider::judgement::transient::Transient;
use crate::provider::judgement::verdict::{Charge, Obstacle, TransientFault, Verdict};
use crate::provider::pacing::retry_after::{MAX_DELAY, delay_from_headers};
use std::time::Duration;

/// Characters of the target of a redirect that are shown.
const MAX_TARGET_CHARS: usize = 300;

const ADD_CREDIT: &str = "the account has no credit: add credit, then run again; finished pages are kept";
const CHECK_ENDPOINT: &str = "check provider.model and provider.base_url (without /chat/completions at its end)";
const RETIRED: &str = "the provider no longer offers this model: choose its successor in provider.model, then run again; finished pages are kept";
const TAKES_IMAGES: &str = "choose a model that takes images: check provider.model";
const CHECK_KEY: &str = "check the API key that --api-key-file, provider.api_key_env or provider.api_key_file names, or that your program passes";

/// An error as it arrived.
pub(crate) struct ReceivedError<'a> {
    /// The HTTP status that it has, or should have had.
    pub(crate) status: u16,
    /// What carries it, as messages begin: `HTTP 404`.
    pub(crate) carrier: String,
    pub(crate) error: &'a ErrorBody,
    /// The delay that it asks for.
    pub(crate) after: Option<Duration>,
    /// The header `x-should-retry`.
    pub(crate) should_retry: Option<bool>,
}

impl<'a> ReceivedError<'a> {
    /// An error of HTTP `status`, without headers.
    pub(crate) fn of_status(status: u16, error: &'a ErrorBody) -> Self {
        Self { status, carrier: format!("HTTP {status}"), error, after: None, should_retry: None }
    }

    /// The carrier and the message, and the parameter that the message does not name.
    fn message(&self) -> String {
        let (error, carrier) = (self.error, &self.carrier);
        let param = match error.param.as_str() {
            param if param.is_empty() || error.message.contains(param) => String::new(),
            param => format!(" (parameter {param})"),
        };
        match error.message.as_str() {
            "" => format!("{carrier}{param}"),
            message => format!("{carrier}: {message}{param}"),
        }
    }
}

/// Judges a reply whose status is not 2xx.
pub(crate) fn judge_error(reply: &ErrorReply<'_>) -> ErrorJudgement {
    let mut error = ErrorBody::parse(reply.body);
    if let Some(target) = redirect_target(reply) {
        error.message = format!("redirects to {target}");
    }
    let header = reply.headers.get("x-should-retry").and_then(|value| value.to_str().ok());
    let should_retry = header.and_then(|text| text.parse().ok());
    let after = requested_delay(reply, &error);
    judge(&ReceivedError { after, should_retry, ..ReceivedError::of_status(reply.status, &error) })
}

/// Judges an error from any source.
pub(crate) fn judge(received: &ReceivedError<'_>) -> ErrorJudgement {
    let ReceivedError { status, error, after, should_retry, .. } = *received;
    let changes = find_changes(status, error);
    let cause = find_cause(status, error, after.is_some());
    let verdict = match (judge_status(received, cause, changes.first().copied()), should_retry) {
        (Verdict::Page(fault), Some(true)) => Verdict::transient(ErrorKind::ServerError, fault.message),
        (Verdict::Retry(fault), Some(false)) if fault.change.is_none() => {
            Verdict::page_fault(ErrorKind::BadRequest, fault.message)
        }
        (verdict, _) => verdict,
    };
    let verdict = with_unfinished(status, verdict);
    let is_throttled = status == 429 && matches!(verdict, Verdict::Later { .. });
    let is_invalid_reply = matches!(&verdict, Verdict::Retry(fault) if fault.kind == ErrorKind::NotJson);
    // The model has replied, and may be billed.
    let charge = if is_invalid_reply { Charge::Unknown } else { charge_of(status, error, &verdict) };
    let named_changes = match &verdict {
        Verdict::Retry(TransientFault { change: Some(change), .. }) if changes.first() == Some(change) => changes,
        Verdict::Retry(TransientFault { change: Some(change), .. }) => vec![*change],
        // An error with another explanation mentions parameters as advice.
        _ if cause.is_some() => Vec::new(),
        _ => named_changes(status, error),
    };
    ErrorJudgement {
        verdict,
        charge,
        exceeded: if is_throttled { exceeded_limit(error) } else { None },
        named_changes,
        is_guess: names_nothing(status, error),
        otherwise: judge_otherwise(received, cause),
        invalid_reply: is_invalid_reply.then(|| error.failed_generation.clone().unwrap_or_default()),
    }
}

/// What an error means, and what it cost, if the request does not have what it rejects.
fn judge_otherwise(received: &ReceivedError<'_>, cause: Option<Cause>) -> (Verdict, Charge) {
    let ReceivedError { status, error, .. } = *received;
    let verdict = match (status, cause) {
        // With 410 the mere mention of a model counts.
        (_, Some(cause @ (Cause::NoVision | Cause::RetiredModel))) if error.is_of_api(status) && status != 410 => {
            judge_cause(cause, received)
        }
        (500.., _) => Verdict::transient(ErrorKind::ServerError, received.message()),
        (_, Some(Cause::ContextTooLong)) => Verdict::page_fault(ErrorKind::ContextTooLong, received.message()),
        _ => judge_by_status(received, cause),
    };
    // The server may have executed the request.
    let may_have_run = status >= 500 && !matches!(status, 501 | 503) || status == 408;
    (with_unfinished(status, verdict), if may_have_run { Charge::Unknown } else { Charge::Nothing })
}

/// The verdict on an error of a gateway that timed out: the server behind it may still be processing the request.
fn with_unfinished(status: u16, verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Retry(fault) if matches!(status, 504 | 524) && fault.change.is_none() => {
            Verdict::Retry(TransientFault { may_run: true, ..fault })
        }
        verdict => verdict,
    }
}

/// Where a redirect leads, human-readable. Its URL may hold secrets.
fn redirect_target(reply: &ErrorReply<'_>) -> Option<String> {
    let target = reply.headers.get("location").filter(|_| (300..400).contains(&reply.status))?;
    let target = sanitize::one_line(&String::from_utf8_lossy(target.as_bytes()), MAX_TARGET_CHARS);
    Some(target).filter(|target| !target.is_empty())
}

/// The delay that an error asks for, in its headers or in its body; at most [`MAX_DELAY`].
pub(crate) fn requested_delay(reply: &ErrorReply<'_>, error: &ErrorBody) -> Option<Duration> {
    let delay = delay_from_headers(reply.headers, reply.wall_ms).or_else(|| error.retry_delay(reply.wall_ms));
    delay.map(|delay| delay.min(MAX_DELAY))
}

/// What an error cost.
fn charge_of(status: u16, error: &ErrorBody, verdict: &Verdict) -> Charge {
    let is_understood = match verdict {
        // The model has reasoned until there was no room.
        Verdict::Retry(fault) if fault.change == Some(CapabilityChange::OutputFactor) => return Charge::Unknown,
        // A server that names a fault of the request has not executed it.
        Verdict::Retry(fault) => fault.change.is_some(),
        Verdict::Stop(_) => true,
        _ => false,
    };
    // The gateway that replied does not know whether the server behind it executed and billed the request.
    let may_have_run =
        matches!(status, 408 | 502 | 504 | 520..=524) || status >= 500 && !matches!(status, 501 | 503) && !error.is_api;
    if may_have_run && !is_understood { Charge::Unknown } else { Charge::Nothing }
}

/// The rate limit that a 429 is about, as in `Rate limit reached for … on tokens per min
/// (TPM): Limit 30000, Used 29937, Requested 385.` `None` for daily limits: they do not
/// pace requests.
pub(crate) fn exceeded_limit(error: &ErrorBody) -> Option<ExceededLimit> {
    if ["per day", "(rpd)", "(tpd)"].iter().any(|words| error.mentions(words)) {
        return None;
    }
    let is_of_tokens = error.mentions("tokens per min") || error.is("tokens");
    let kind = if is_of_tokens { LimitKind::Tokens } else { LimitKind::Requests };
    // A limit of something else, such as requests at the same time, is not a rate.
    let is_rate = ["per min", "rpm", "tpm", "/min"].iter().any(|words| error.mentions(words));
    let per_minute = labelled_number(error.text(), "Limit").filter(|_| is_rate);
    Some(ExceededLimit { kind, per_minute })
}

/// What to check at an error that every page gets, by single words of it. `model`: the name that was sent, if its
/// mention counts.
pub(crate) fn likely_hint(message: &str, model: Option<&str>) -> Option<&'static str> {
    Some(match likely_cause(message, model)? {
        LikelyCause::Credit => "check the credit and the payments of the provider's account",
        LikelyCause::Key => CHECK_KEY,
        LikelyCause::Vision => TAKES_IMAGES,
        LikelyCause::Model => CHECK_ENDPOINT,
    })
}

/// Judges an error by its body, and then by its status. `cause`: its known cause; `change`: what to change for the
/// parameter that it rejects.
fn judge_status(received: &ReceivedError<'_>, cause: Option<Cause>, change: Option<CapabilityChange>) -> Verdict {
    let ReceivedError { status, error, .. } = *received;
    if status < 400 || status == 407 {
        return judge_by_status(received, cause);
    }
    // What a gateway writes on its page is not an error of the API.
    let is_of_api = error.is_of_api(status);
    let change = change.filter(|_| is_of_api || error.is_plain);
    // A named parameter is unsupported, rather than images or a model.
    let is_other = |cause: Cause| matches!(cause, Cause::NoVision | Cause::RetiredModel) && change.is_some();
    let is_cause = |cause: &Cause| (is_of_api || cause.is_credit() && error.is_plain) && !is_other(*cause);
    match (status, cause.filter(is_cause), change) {
        // What these statuses mean by definition, unless the error clearly rejects a parameter.
        (401 | 429, None, Some(change)) => capability(change, received.message()),
        (401 | 429, ..) => judge_by_status(received, cause),
        (_, Some(cause), _) => judge_cause(cause, received),
        (_, None, Some(change)) => capability(change, received.message()),
        (_, None, None) => judge_by_status(received, cause),
    }
}

/// Judges an error by its status. `cause`: its known cause, which matters where the status has several.
fn judge_by_status(received: &ReceivedError<'_>, cause: Option<Cause>) -> Verdict {
    let ReceivedError { status, error, after, .. } = *received;
    let message = received.message();
    match status {
        ..200 => Verdict::stop(format!("{message}: the server does not reply to the request"), CHECK_ENDPOINT),
        300..=399 if error.message.is_empty() => {
            Verdict::stop(format!("{message}: the server sent a redirect without a location"), CHECK_ENDPOINT)
        }
        300..=399 => {
            Verdict::stop(message, "the server redirects: set provider.base_url to the target of the redirect")
        }
        401 if cause.is_some_and(Cause::is_credit) => Verdict::stop(message, ADD_CREDIT),
        401 => Verdict::stop(message, CHECK_KEY),
        402 => Verdict::stop(message, ADD_CREDIT),
        403 => {
            Verdict::stop_or_page(message, "the API key has no access to this model or region: check its permissions")
        }
        404 if transient_by_text(error.text()) == Transient::Yes => {
            Verdict::Later { after, obstacle: Obstacle::Unavailable, message }
        }
        404 => Verdict::stop_or_page(message, CHECK_ENDPOINT),
        407 => Verdict::stop(format!("the proxy refuses: {message}"), PROXY_HINT),
        // Unavailable for legal reasons: everything, or one page.
        451 => Verdict::stop_or_page(message, "the provider does not serve this account, model or region"),
        405 => Verdict::stop(message, CHECK_ENDPOINT),
        // The model, or something of one page.
        410 => Verdict::stop_or_page(message, RETIRED),
        408 => Verdict::transient(ErrorKind::Timeout, message),
        413 => Verdict::page_fault(ErrorKind::RequestTooLarge, message),
        429 => judge_too_many_requests(received, cause),
        409 | 425 => Verdict::transient(ErrorKind::ServerError, message),
        501 => Verdict::stop(message, "check provider.base_url: this server does not serve such requests"),
        498 | 503 | 529 => Verdict::Later { after, obstacle: Obstacle::Unavailable, message },
        500..=599 => Verdict::transient(ErrorKind::ServerError, message),
        _ if concerns_image(error) => Verdict::page_fault(ErrorKind::ImageRefused, message),
        _ => Verdict::page_fault(ErrorKind::BadRequest, message),
    }
}

/// Whether an error is about the image, rather than about the form of messages.
fn concerns_image(error: &ErrorBody) -> bool {
    let is_other_place = error.param.starts_with("messages") && !error.param.contains("image");
    error.param.contains("image") || error.mentions("image") && !is_other_place
}

/// What a cause means.
fn judge_cause(cause: Cause, received: &ReceivedError<'_>) -> Verdict {
    let ReceivedError { error, after, .. } = *received;
    let message = received.message();
    match cause {
        // 402 means it by definition.
        Cause::PerhapsNoCredit if received.status != 402 => Verdict::no_credit_or_page(message, ADD_CREDIT),
        Cause::NoCredit | Cause::PerhapsNoCredit => Verdict::stop(message, ADD_CREDIT),
        Cause::CreditInFlight => Verdict::Later { after, obstacle: Obstacle::Other, message },
        Cause::BadKey => Verdict::stop(message, CHECK_KEY),
        Cause::UnknownModel => Verdict::stop(message, CHECK_ENDPOINT),
        Cause::RetiredModel => Verdict::stop(message, RETIRED),
        Cause::NoVision => Verdict::stop(message, TAKES_IMAGES),
        Cause::ContextTooLong => match max_answer(error.text()) {
            Some(tokens) => capability(CapabilityChange::MaxOutput(tokens), message),
            None => Verdict::page_fault(ErrorKind::ContextTooLong, message),
        },
        Cause::Recitation => Verdict::refused(ErrorKind::Recitation, message),
        Cause::ContentFilter => Verdict::refused(ErrorKind::ContentFilter, message),
        Cause::ReasoningExhausted => capability(CapabilityChange::OutputFactor, message),
        Cause::InvalidReply => Verdict::transient(ErrorKind::NotJson, message),
        Cause::ImageDownload => Verdict::transient(ErrorKind::ServerError, message),
    }
}

fn capability(change: CapabilityChange, message: String) -> Verdict {
    Verdict::Retry(TransientFault { kind: ErrorKind::Capability, message, change: Some(change), may_run: false })
}

fn judge_too_many_requests(received: &ReceivedError<'_>, cause: Option<Cause>) -> Verdict {
    let ReceivedError { error, after, .. } = *received;
    let message = received.message();
    // The message alone is not enough: Gemini mentions "billing details" for rate limits too.
    let is_quota_message = after.is_none() && error.mentions("exceeded your current quota");
    if is_quota_message || cause.is_some_and(Cause::is_credit) {
        return Verdict::stop(
            message,
            "the account's credit or spend limit is used up: raise it, then run again; finished pages are kept",
        );
    }
    if error.is_daily_quota() {
        return Verdict::stop(message, "the quota of the day is used up: run again tomorrow; finished pages are kept");
    }
    if error.mentions("request too large") || exceeds_whole_limit(error.text()) {
        return Verdict::page_fault(ErrorKind::RequestTooLarge, message);
    }
    // The exhausted quota is not always a rate.
    let is_rate = !error.mentions("quota") || error.mentions("rate");
    let obstacle = if is_rate { Obstacle::RateLimit } else { Obstacle::Other };
    Verdict::Later { after, obstacle, message }
}

#[cfg(test)]
mod tests;
