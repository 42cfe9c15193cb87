//! What an attempt means. Every attempt ends in one [`Verdict`].
//!
//! Source: OpenAI's error-codes guide and spec 2.3.0, and what compatible servers were
//! seen to send (2026-11). Bodies decide before status codes: one 429 is a limit that
//! passes, another an empty account.

use super::capability::Change;
use super::dialect::openai::errors::ErrorBody;
use super::http::Failure;
use crate::base::usage::Usage;
use crate::base::vocabulary::ErrorKind;
use crate::task::Reading;
use std::time::Duration;

/// What an attempt means.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// There is a reply: answers, or what is wrong with them.
    Done {
        /// Per task that was asked.
        reading: Reading,
        /// Whether the reply ended at `max_tokens`.
        is_cut: bool,
    },
    /// A fault that may pass: ask again, it counts.
    Retry(Passing),
    /// Not now: everybody waits, it does not count.
    Later {
        /// What the server asked for.
        after: Option<Duration>,
        /// Words for people.
        message: String,
    },
    /// This page can't be answered; others can.
    Page(PageFault),
    /// Nothing can be answered: end the run.
    Stop(Refusal),
}

/// A fault that may pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passing {
    /// As `error_kind` shows it: `server_error`, `timeout`, `reset`, `cut_reply`,
    /// `bad_reply`, `capability`.
    pub kind: ErrorKind,
    /// Words for people.
    pub message: String,
    /// A capability that the endpoint lacks: asking again without it does not count.
    pub change: Option<Change>,
    /// Whether the server may still be at it, and bill for it.
    pub may_run: bool,
}

/// A page that can't be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageFault {
    /// As `error_kind` shows it: `refusal`, `content_filter`, `request_too_large`,
    /// `context_too_long`, `image_refused`, `bad_request`.
    pub kind: ErrorKind,
    /// Words for people.
    pub message: String,
    /// Whether the model or a filter declined, rather than the request being wrong.
    pub is_refusal: bool,
}

/// Why nothing can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What the provider said.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// What an attempt cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// As the server counted it.
    Reported(Usage),
    /// It may have run: the server did not say.
    Unknown,
    /// Nothing: it never ran, or the API itself refused it.
    Nothing,
}

/// What a transport failure means.
pub(crate) fn of_failure(failure: Failure) -> (Verdict, Charge) {
    match failure {
        Failure::NotConnected(message) => {
            (Verdict::Later { after: None, message: format!("no connection: {message}") }, Charge::Nothing)
        }
        Failure::Untrusted(message) => {
            let hint = "check provider.base_url and the certificate of the server".to_owned();
            (Verdict::Stop(Refusal { message, hint }), Charge::Nothing)
        }
        Failure::TimedOut(key) => {
            let message = format!("no whole reply within {key}");
            (
                Verdict::Retry(Passing { kind: ErrorKind::Timeout, message, change: None, may_run: true }),
                Charge::Unknown,
            )
        }
        Failure::Reset(message) => (passing(ErrorKind::Reset, message), Charge::Unknown),
        Failure::TooLong => (passing(ErrorKind::BadReply, "the reply is too long".into()), Charge::Unknown),
    }
}

/// What an error of HTTP `status` means. `should_retry` is the header `x-should-retry`.
pub(crate) fn of_error(
    status: u16,
    error: &ErrorBody,
    after: Option<Duration>,
    should_retry: Option<bool>,
) -> (Verdict, Charge) {
    let verdict = match (by_status(status, error, after), should_retry) {
        (Verdict::Page(fault), Some(true)) => passing(ErrorKind::ServerError, fault.message),
        (Verdict::Retry(fault), Some(false)) if fault.change.is_none() => page(ErrorKind::BadRequest, fault.message),
        (verdict, _) => verdict,
    };
    let verdict = match verdict {
        // The gateway did not wait; the server behind it may be at work.
        Verdict::Retry(fault) if matches!(status, 504 | 524) => Verdict::Retry(Passing { may_run: true, ..fault }),
        verdict => verdict,
    };
    // A gateway says nothing of the server behind it, which may have run and billed.
    let gave_up_waiting = matches!(status, 408 | 502 | 504 | 520..=524);
    let charge = if gave_up_waiting || (status >= 500 && status != 503 && !error.is_api) {
        Charge::Unknown
    } else {
        Charge::Nothing
    };
    (verdict, charge)
}

/// An error inside a reply of status 200: generation had begun.
pub(crate) fn of_late_error(error: &ErrorBody) -> (Verdict, Charge) {
    let status = match error.code.parse::<u16>() {
        Ok(code @ 400..=599) => code,
        _ if error.is("invalid_request_error") => 400,
        _ if error.is("rate_limit_exceeded") || error.is("insufficient_quota") => 429,
        _ => 500,
    };
    (by_status(status, error, None), Charge::Unknown)
}

fn by_status(status: u16, error: &ErrorBody, after: Option<Duration>) -> Verdict {
    let message = described(status, error);
    match status {
        300..=399 => stop(message, "the server redirects; set provider.base_url to where it redirects to"),
        401 => stop(message, "check the key that provider.api_key_env or api_key_file names"),
        402 => stop(message, "the account has no credit: top it up, then run again; nothing is lost"),
        403 if error.says("moderation") || error.says("flagged") => refused(ErrorKind::ContentFilter, message),
        403 => stop(message, "the key may not use this model or region; check it with the provider"),
        404 | 405 => stop(message, "check provider.model and provider.base_url (it ends before /chat/completions)"),
        408 => passing(ErrorKind::Timeout, message),
        413 => page(ErrorKind::RequestTooLarge, message),
        409 | 425 => passing(ErrorKind::ServerError, message),
        429 => too_many(error, after, message),
        498 | 503 | 529 => Verdict::Later { after, message },
        500..=599 => passing(ErrorKind::ServerError, message),
        _ => bad_request(error, message),
    }
}

fn too_many(error: &ErrorBody, after: Option<Duration>, message: String) -> Verdict {
    const BILLING: &[&str] = &[
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "billing_hard_limit_reached",
        "insufficient_balance",
    ];
    // Words alone are not enough: Gemini speaks of "billing details" for limits that pass.
    let in_words = after.is_none() && (error.says("exceeded your current quota") || error.says("insufficient balance"));
    if in_words || BILLING.iter().any(|code| error.is(code)) {
        return stop(
            message,
            "the account's credit or spend limit is used up: raise it, then run again; nothing is lost",
        );
    }
    if error.says("request too large") || asks_for_more_than_the_limit(&error.message) {
        return page(ErrorKind::RequestTooLarge, message);
    }
    Verdict::Later { after, message }
}

/// `Limit 30000, Requested 31538`: waiting does not help.
fn asks_for_more_than_the_limit(message: &str) -> bool {
    let number = |name: &str| -> Option<u64> {
        let (_, rest) = message.split_once(name)?;
        let digits: String =
            rest.trim_start().chars().take_while(|c| c.is_ascii_digit() || *c == ',').filter(|c| *c != ',').collect();
        digits.parse().ok()
    };
    matches!((number("Limit "), number("Requested ")), (Some(limit), Some(requested)) if requested > limit)
}

fn bad_request(error: &ErrorBody, message: String) -> Verdict {
    let about = |words: &str| error.param.contains(words) || error.says(words);
    let unsupported = error.is("unsupported_parameter")
        || error.is("unsupported_value")
        || [
            "not support",
            "unsupported",
            "unrecognized",
            "unknown parameter",
            "extra inputs",
            "not permitted",
            "unavailable",
        ]
        .iter()
        .any(|words| error.says(words));
    let changed = |change| {
        let message = message.clone();
        Verdict::Retry(Passing { kind: ErrorKind::Capability, message, change: Some(change), may_run: false })
    };
    if error.is("context_length_exceeded") || error.says("maximum context length") || error.says("context window") {
        page(ErrorKind::ContextTooLong, message)
    } else if error.is("model_not_found")
        || (error.says("model") && (error.says("does not exist") || error.says("not found")))
    {
        stop(message, "check provider.model")
    } else if error.says("api key") || error.is("invalid_api_key") {
        stop(message, "check the key that provider.api_key_env or api_key_file names")
    } else if error.is("invalid_image_url") || error.says("while downloading") {
        // The provider could not fetch what it was pointed to.
        passing(ErrorKind::ServerError, message)
    } else if error.is("content_filter") || error.says("content management policy") || error.says("content policy") {
        refused(ErrorKind::ContentFilter, message)
    } else if unsupported
        && (about("response_format") || about("json_schema") || about("json_object") || about("guided"))
    {
        changed(Change::Format)
    } else if unsupported && about("max_tokens") {
        changed(Change::MaxTokens)
    } else if unsupported && about("stream_options") {
        changed(Change::StreamOptions)
    } else if unsupported && about("prompt_cache_key") {
        changed(Change::CacheKey)
    } else if unsupported && (about("temperature") || about("top_p")) {
        changed(Change::Sampling)
    } else if about("image") {
        page(ErrorKind::ImageRefused, message)
    } else {
        page(ErrorKind::BadRequest, message)
    }
}

/// How a completion that ended without text was meant.
pub(crate) fn of_refusal(text: &str) -> Verdict {
    refused(
        ErrorKind::Refusal,
        if text.is_empty() { "the model declined to answer".into() } else { format!("the model declined: {text}") },
    )
}

pub(crate) fn of_content_filter() -> Verdict {
    refused(ErrorKind::ContentFilter, "the provider's content filter stopped the reply".into())
}

pub(crate) fn passing(kind: ErrorKind, message: String) -> Verdict {
    Verdict::Retry(Passing { kind, message, change: None, may_run: false })
}

pub(crate) fn page(kind: ErrorKind, message: String) -> Verdict {
    Verdict::Page(PageFault { kind, message, is_refusal: false })
}

fn refused(kind: ErrorKind, message: String) -> Verdict {
    Verdict::Page(PageFault { kind, message, is_refusal: true })
}

fn stop(message: String, hint: &str) -> Verdict {
    Verdict::Stop(Refusal { message, hint: hint.to_owned() })
}

fn described(status: u16, error: &ErrorBody) -> String {
    if error.message.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {}", error.message) }
}

#[cfg(test)]
mod tests;
