//! What an error means. The body decides before the status: one 429 is a rate limit that
//! passes, another an account without credit.
//!
//! Source: OpenAI's error-codes guide and spec 2.3.0, and errors that compatible servers
//! were seen to send (2026-11).

use super::error_body::ErrorBody;
use super::message_numbers::{exceeds_whole_limit, labelled_number};
use crate::base::sanitize;
use crate::base::vocabulary::ErrorKind;
use crate::provider::capability::CapabilityChange;
use crate::provider::client::failure::PROXY_HINT;
use crate::provider::dialect::interface::{ErrorJudgement, ErrorReply};
use crate::provider::pacing::retry_after::{MAX_DELAY, delay_from_headers};
use crate::provider::rate_limits::ExceededLimit;
use crate::provider::verdict::{Charge, TransientFault, Verdict};
use std::time::Duration;

/// Characters of the target of a redirect that are shown.
const MAX_TARGET_CHARS: usize = 300;

const CHECK_KEY: &str = "check the API key that provider.api_key_env or provider.api_key_file names";

/// Judges a reply whose status is not 2xx.
pub(crate) fn judge_error(reply: &ErrorReply<'_>) -> ErrorJudgement {
    let mut error = ErrorBody::parse(reply.body);
    if let Some(target) = redirect_target(reply) {
        error.message = format!("redirects to {target}");
    }
    let header = reply.headers.get("x-should-retry").and_then(|value| value.to_str().ok());
    let should_retry = header.and_then(|text| text.parse().ok());
    let (verdict, charge) = judge_body(reply.status, &error, requested_delay(reply, &error), should_retry);
    let is_throttled = reply.status == 429 && matches!(verdict, Verdict::Later { .. });
    let exceeded = if is_throttled { exceeded_limit(&error) } else { None };
    ErrorJudgement { verdict, charge, exceeded }
}

/// Where a redirect leads, for people. Its URL may hold secrets.
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

/// Judges an error of HTTP `status`. `after`: the delay that it asks for; `should_retry`:
/// the header `x-should-retry`.
pub(crate) fn judge_body(
    status: u16,
    error: &ErrorBody,
    after: Option<Duration>,
    should_retry: Option<bool>,
) -> (Verdict, Charge) {
    let verdict = match (judge_status(status, error, after), should_retry) {
        (Verdict::Page(fault), Some(true)) => Verdict::transient(ErrorKind::ServerError, fault.message),
        (Verdict::Retry(fault), Some(false)) if fault.change.is_none() => {
            Verdict::page_fault(ErrorKind::BadRequest, fault.message)
        }
        (verdict, _) => verdict,
    };
    let verdict = match verdict {
        // The gateway timed out; the server behind it may still be processing the request.
        Verdict::Retry(fault) if matches!(status, 504 | 524) => {
            Verdict::Retry(TransientFault { may_run: true, ..fault })
        }
        verdict => verdict,
    };
    // Whoever answered does not know whether the server behind it executed and billed the request.
    let may_have_run = matches!(status, 408 | 502 | 504 | 520..=524);
    let charge = if may_have_run || (status >= 500 && !matches!(status, 501 | 503) && !error.is_api) {
        Charge::Unknown
    } else {
        Charge::Nothing
    };
    (verdict, charge)
}

/// Judges an error inside a reply of status 200: the server had begun to generate.
pub(crate) fn judge_late_error(error: &ErrorBody) -> Verdict {
    let status = match error.code.parse::<u16>() {
        Ok(code @ 400..=599) => code,
        _ if error.is("invalid_request_error") => 400,
        _ if error.is("rate_limit_exceeded") || error.is("insufficient_quota") => 429,
        _ => 500,
    };
    judge_status(status, error, None)
}

/// The rate limit that a 429 is about, as in `Rate limit reached for … on tokens per min
/// (TPM): Limit 30000, Used 29937, Requested 385.` `None` for daily limits: they do not
/// pace requests.
pub(crate) fn exceeded_limit(error: &ErrorBody) -> Option<ExceededLimit> {
    if ["per day", "(rpd)", "(tpd)"].iter().any(|words| error.mentions(words)) {
        return None;
    }
    let is_tokens = error.mentions("tokens per min") || error.is("tokens");
    // A limit of something else, such as requests at the same time, is not a rate.
    let is_rate = ["per min", "rpm", "tpm", "/min"].iter().any(|words| error.mentions(words));
    let per_minute = labelled_number(&error.message, "Limit").filter(|_| is_rate);
    Some(ExceededLimit { is_tokens, per_minute })
}

fn judge_status(status: u16, error: &ErrorBody, after: Option<Duration>) -> Verdict {
    let message = described(status, error);
    match status {
        300..=399 => {
            Verdict::stop(message, "the server redirects: set provider.base_url to the target of the redirect")
        }
        401 => Verdict::stop(message, CHECK_KEY),
        402 => Verdict::stop(message, "the account has no credit: add credit, then run again; finished pages are kept"),
        403 if error.mentions("moderation") || error.mentions("flagged") => {
            Verdict::refused(ErrorKind::ContentFilter, message)
        }
        403 => Verdict::stop(message, "the API key has no access to this model or region: check its permissions"),
        404 | 405 => {
            Verdict::stop(message, "check provider.model and provider.base_url (without /chat/completions at its end)")
        }
        407 => Verdict::stop(format!("the proxy refuses: {message}"), PROXY_HINT),
        408 => Verdict::transient(ErrorKind::Timeout, message),
        413 => Verdict::page_fault(ErrorKind::RequestTooLarge, message),
        409 | 425 => Verdict::transient(ErrorKind::ServerError, message),
        429 => judge_too_many_requests(error, after, message),
        501 => Verdict::stop(message, "check provider.base_url: this server does not serve such requests"),
        498 | 503 | 529 => Verdict::Later { after, message },
        500..=599 => Verdict::transient(ErrorKind::ServerError, message),
        _ => judge_bad_request(error, message),
    }
}

fn judge_too_many_requests(error: &ErrorBody, after: Option<Duration>, message: String) -> Verdict {
    const BILLING_CODES: &[&str] = &[
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "billing_hard_limit_reached",
        "insufficient_balance",
    ];
    // The message alone is not enough: Gemini mentions "billing details" for rate limits too.
    let is_billing_message =
        after.is_none() && (error.mentions("exceeded your current quota") || error.mentions("insufficient balance"));
    if is_billing_message || BILLING_CODES.iter().any(|code| error.is(code)) {
        return Verdict::stop(
            message,
            "the account's credit or spend limit is used up: raise it, then run again; finished pages are kept",
        );
    }
    if error.mentions("request too large") || exceeds_whole_limit(&error.message) {
        return Verdict::page_fault(ErrorKind::RequestTooLarge, message);
    }
    Verdict::Later { after, message }
}

fn judge_bad_request(error: &ErrorBody, message: String) -> Verdict {
    const UNSUPPORTED: &[&str] = &[
        "not support",
        "unsupported",
        "unrecognized",
        "unknown parameter",
        "extra inputs",
        "not permitted",
        "unavailable",
    ];
    let is_about = |words: &str| error.param.contains(words) || error.mentions(words);
    let is_unsupported = error.is("unsupported_parameter")
        || error.is("unsupported_value")
        || UNSUPPORTED.iter().any(|words| error.mentions(words));
    let lacks = |change| {
        let message = message.clone();
        Verdict::Retry(TransientFault { kind: ErrorKind::Capability, message, change: Some(change), may_run: false })
    };
    if error.is("context_length_exceeded")
        || error.mentions("maximum context length")
        || error.mentions("context window")
    {
        Verdict::page_fault(ErrorKind::ContextTooLong, message)
    } else if error.is("model_not_found")
        || (error.mentions("model") && (error.mentions("does not exist") || error.mentions("not found")))
    {
        Verdict::stop(message, "check provider.model")
    } else if error.mentions("api key") || error.is("invalid_api_key") {
        Verdict::stop(message, CHECK_KEY)
    } else if error.is("invalid_image_url") || error.mentions("while downloading") {
        // The provider failed to fetch an image.
        Verdict::transient(ErrorKind::ServerError, message)
    } else if error.is("content_filter")
        || error.mentions("content management policy")
        || error.mentions("content policy")
    {
        Verdict::refused(ErrorKind::ContentFilter, message)
    } else if is_unsupported
        && ["response_format", "json_schema", "json_object", "guided"].iter().any(|words| is_about(words))
    {
        lacks(CapabilityChange::Format)
    } else if is_unsupported && is_about("max_tokens") {
        lacks(CapabilityChange::MaxTokens)
    } else if is_unsupported && is_about("stream_options") {
        lacks(CapabilityChange::StreamOptions)
    } else if is_unsupported && is_about("prompt_cache_key") {
        lacks(CapabilityChange::CacheKey)
    } else if is_unsupported && (is_about("temperature") || is_about("top_p")) {
        lacks(CapabilityChange::Sampling)
    } else if is_about("image") {
        Verdict::page_fault(ErrorKind::ImageRefused, message)
    } else {
        Verdict::page_fault(ErrorKind::BadRequest, message)
    }
}

fn described(status: u16, error: &ErrorBody) -> String {
    if error.message.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {}", error.message) }
}

#[cfg(test)]
mod tests;
