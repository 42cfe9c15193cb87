//! Errors that name a parameter of the request: what to change so that the endpoint accepts it.
//!
//! Sources: OpenAI's error bodies, and those of compatible servers (2026-11): each vendor has its own wording, so a
//! parameter is changed if an error names it beside any rejecting word.

use super::error_body::ErrorBody;
use super::listed_efforts::listed_efforts;
use super::output_bounds::OutputBounds;
use super::parameter_names::{asks_not_to_think, is_named_clearly, is_subject_of, named_parameters, rejected_limit};
use super::transient::transient_by_error;
use crate::base::vocabulary::ErrorKind;
use crate::provider::form::capability_change::CapabilityChange;
use crate::provider::form::efforts::Efforts;
use crate::provider::form::parameter::Parameter;
use crate::provider::judgement::transient::Transient;
use crate::provider::judgement::wording::find_word;

/// Words with which servers reject a parameter, in lower case, in addition to [`CLEAR_REJECTIONS`].
const REJECTIONS: &[&str] = &[
    "support only",
    "only support",
    "unrecognized",
    "not recognized",
    "not a known",
    "unexpected field",
    "unexpected parameter",
    "unexpected argument",
    "unexpected property",
    "unexpected value",
    "unexpected key",
    "unexpected input",
    "extra input",
    "extra field",
    "extra_forbidden",
    "additional propert",
    "not permitted",
    "not allowed",
    "forbidden",
    "is allowed",
    "unavailable",
    "not available",
    "not enabled",
    "not implemented",
    "deprecated",
    "no longer",
    "removed",
    "remove ",
    "only the default",
    "only works",
    "is mandatory",
    "is required",
    "is restricted to",
    "can only be",
    "may only be",
    "may not",
    "do not",
    "don't",
    "refuse",
    "reject",
    "disallow",
    "prohibit",
    "illegal",
    "disabled",
    "drop ",
    "omit",
    "leave out",
    "can't use",
    "cannot use",
    "cannot specify",
    "out of range",
    "outside the range",
    "must be",
    "should be",
    "must not",
    "invalid",
    "not valid",
    "is not one of",
    "cannot find field",
    "cannot be",
    "cannot both",
    "can't be",
    "can not be",
    "not compatible",
    "incompatible",
    // Chinese: invalid; not valid; must.
    "无效",
    "不合法",
    "必须",
];

/// Words that leave no doubt also in an internal error.
const CLEAR_REJECTIONS: &[&str] = &[
    "not support",
    "not currently support",
    "not yet support",
    "n't support",
    "n't currently support",
    "unsupported",
    "not accept",
    "n't accept",
    "must be one of",
    "must alternate",
    "endpoints found that support",
    "but got",
    "cannot be combined",
    "can't be combined",
    "cannot be used together",
    "unimplemented",
    "unexpected keyword",
    // Chinese: not supported; only supported.
    "不支持",
    "仅支持",
];

/// Complaints about the content of a schema that name no part of it.
const SCHEMA_COMPLAINTS: &[&str] = &[
    "invalid schema",
    "schema is too complex",
    "too many states",
    "features not supported",
    "unsupported schema",
    "failed to compile",
    "compile grammar",
    "failed to parse grammar",
    "invalid grammar",
    "grammar error",
    "json schema is invalid",
    "schema is invalid",
    "invalid json schema",
];

/// How clearly an error has to state that a parameter is rejected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Demand {
    /// In any words: errors of this status are about the request.
    Any,
    /// With the name of the parameter: a refusal for all parameters contains `forbidden`, too.
    Named,
    /// Clearly, or with the name: the server may have failed for another cause.
    Failure,
    /// Clearly and with the name: errors of this status are about something else.
    Certain,
}

impl Demand {
    fn of_status(status: u16) -> Self {
        match status {
            403 => Self::Named,
            500.. => Self::Failure,
            401 | 402 | 408 | 413 | 429 => Self::Certain,
            _ => Self::Any,
        }
    }
}

/// What to change in a request that was rejected with `status`, of each thing that the error names; the first is what
/// it is about, if the request has it. Empty: the error names no parameter that docmill chooses.
pub(crate) fn find_changes(status: u16, error: &ErrorBody) -> Vec<CapabilityChange> {
    let (text, param) = (error.text(), error.param.to_lowercase());
    let transient = transient_by_error(status, error);
    if transient == Transient::Yes {
        return Vec::new();
    }
    let demand = Demand::of_status(status);
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let is_code = ["unsupported_parameter", "unsupported_value", "unknown_parameter"].iter().any(|code| error.is(code));
    let is_rejection = is_code || rejects(text);
    let is_clear =
        is_code || has(CLEAR_REJECTIONS) || restricts(text, &["supported", "accepted"]) || lacks_support(text);
    // A number in an error of the server may be anything.
    let may_state_limit = demand == Demand::Any || demand == Demand::Failure && transient == Transient::No;
    let limits = if may_state_limit { OutputBounds::read(&param, text).changes() } else { Vec::new() };
    let is_unsupported = ["unsupported_parameter", "unknown_parameter"].iter().any(|code| error.is(code))
        || CLEAR_REJECTIONS.iter().any(|words| words.contains("support") && text.contains(words));
    if !limits.is_empty() && !is_unsupported {
        return limits;
    }
    // The request, not the wording, decides whether a number bounds it.
    let may_guess = demand == Demand::Any && limits.is_empty() && !is_unsupported;
    let guessed = if may_guess { OutputBounds::guess(&param, text).changes() } else { Vec::new() };
    let is_certain = |parameter: Parameter| {
        let is_named = !param.is_empty() || is_named_clearly(parameter, text);
        match demand {
            Demand::Any => true,
            Demand::Named => (is_named || is_clear) && (is_code || rejects(&text.replace("forbidden", ""))),
            Demand::Failure => {
                is_clear || is_rejection && (is_named || is_subject_of(parameter, text)) && transient == Transient::No
            }
            Demand::Certain if is_clear => is_named,
            // Rates are in tokens, too.
            Demand::Certain => {
                status == 429
                    && is_named
                    && parameter != Parameter::OutputLimit
                    && is_rejection
                    && transient == Transient::No
            }
        }
    };
    let named = named_parameters(&param, text, is_rejection);
    let named: Vec<Parameter> = named.into_iter().filter(|parameter| is_certain(*parameter)).collect();
    let is_of_schema = status < 500 || has(&["schema", "grammar"]) && transient == Transient::No;
    let is_schema = matches!(demand, Demand::Any | Demand::Failure) && is_of_schema && has(SCHEMA_COMPLAINTS);
    if !limits.is_empty() {
        // Statements about its value come first.
        return limits
            .into_iter()
            .chain(named.into_iter().map(|parameter| change_for(parameter, &param, text)))
            .collect();
    }
    match named.first() {
        // A bound of the schema, or a part of it.
        Some(Parameter::Format) if is_schema => vec![CapabilityChange::SimplerSchema],
        None if is_schema => vec![CapabilityChange::SimplerSchema],
        // Gemini's only message for an unknown effort.
        None if names_nothing(status, error) => vec![CapabilityChange::Effort(Efforts::default())],
        _ => {
            let named: Vec<_> = named.into_iter().map(|parameter| change_for(parameter, &param, text)).collect();
            match named.first() {
                Some(CapabilityChange::RenameOutputLimit(_)) | None => guessed.into_iter().chain(named).collect(),
                Some(_) => named,
            }
        }
    }
}

fn change_for(parameter: Parameter, param: &str, text: &str) -> CapabilityChange {
    match parameter {
        Parameter::Effort => CapabilityChange::Effort(listed_efforts(text)),
        Parameter::OutputLimit => CapabilityChange::RenameOutputLimit(rejected_limit(param, text)),
        Parameter::Thinking if asks_not_to_think(text) => CapabilityChange::DisableThinking,
        parameter => CapabilityChange::for_rejected(parameter),
    }
}

/// What to change for each parameter that an error names, with any wording; nothing with a status that has another
/// meaning, or of a server that may have failed.
pub(crate) fn named_changes(status: u16, error: &ErrorBody) -> Vec<CapabilityChange> {
    let is_of_request = matches!(status, 400..=499 | 501) && !matches!(status, 401 | 402 | 407 | 408 | 413 | 429);
    if !is_of_request || !error.is_of_api(status) && !error.is_plain {
        return Vec::new();
    }
    let param = error.param.to_lowercase();
    let named = named_parameters(&param, error.text(), true);
    named.into_iter().map(|parameter| change_for(parameter, &param, error.text())).collect()
}

/// Whether an error rejects a value without naming it, as Gemini does.
pub(crate) fn names_nothing(status: u16, error: &ErrorBody) -> bool {
    status == 400 && error.is("INVALID_ARGUMENT") && error.text().trim().trim_end_matches('.') == UNNAMED
}

/// The message of Gemini that does not name the value that it rejects.
const UNNAMED: &str = "request contains an invalid argument";
/// Words about a model's context window, in lower case.
const WINDOW: &[&str] = &["context", "max_model_len", "max_new_tokens"];

/// The kind of an error that asks for `change` but concerns its page; `None`: the value is rejected.
pub(crate) fn fault_of_page(change: CapabilityChange, message: &str) -> Option<ErrorKind> {
    let message = message.to_lowercase();
    match change {
        // The window is full of this page's prompt.
        CapabilityChange::MaxOutput(_) if WINDOW.iter().any(|words| message.contains(words)) => {
            Some(ErrorKind::ContextTooLong)
        }
        CapabilityChange::Effort(_) if message.contains(UNNAMED) => Some(ErrorKind::BadRequest),
        _ => None,
    }
}

/// Whether a message states that a part of the request is not accepted.
pub(crate) fn is_rejection(message: &str) -> bool {
    rejects(&message.to_lowercase())
}

/// The same as [`is_rejection`] of a text in lower case.
fn rejects(message: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let is_restricted = restricts(message, &["supported", "allowed", "accepted", "valid"]);
    let is_unknown =
        message.contains("unknown") && !has(&["unknown error", "unknown reason", "unknown issue", "unknown failure"]);
    has(REJECTIONS)
        || has(CLEAR_REJECTIONS)
        || lacks_support(message)
        || is_restricted
        || is_unknown
        || find_word(message, "expected").is_some()
}

/// Whether a message states that nothing behind the endpoint offers something: `none of the providers supports …`.
fn lacks_support(message: &str) -> bool {
    message.split(['.', ';', '\n']).any(|clause| {
        let none = ["no", "none", "nobody", "neither"].iter().filter_map(|word| find_word(clause, word)).min();
        none.is_some_and(|at| clause[at..].contains(" support"))
    })
}

/// Whether a message states that only something is what one of `words` means: `only 1 is supported`.
fn restricts(message: &str, words: &[&str]) -> bool {
    find_word(message, "only").is_some_and(|at| words.iter().any(|word| message[at..].contains(word)))
}

#[cfg(test)]
mod tests;
