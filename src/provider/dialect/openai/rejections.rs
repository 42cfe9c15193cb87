//! Errors that name a parameter of the request: what to change so that the endpoint accepts it.
//!
//! Sources: OpenAI's error bodies, and those of compatible servers (2026-11): each vendor has its
//! own words, so that the name of the parameter decides, beside any word of rejection.

use super::error_body::ErrorBody;
use super::output_room::max_output;
use super::parameter_names::NAMES;
use super::request::THINKING_MEMBER;
use crate::base::vocabulary::ErrorKind;
use crate::catalog::Effort;
use crate::provider::capability::CapabilityChange;
use crate::provider::efforts::Efforts;
use crate::provider::parameter::Parameter;
use crate::provider::wording::{find_word, is_marked, names};

/// Words with which servers reject a parameter, in lower case, beside [`CLEAR_REJECTIONS`].
const REJECTIONS: &[&str] = &[
    "support only",
    "only support",
    "unrecognized",
    "not recognized",
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
    "n't support",
    "unsupported",
    "not accept",
    "n't accept",
    "must be one of",
    "must alternate",
    "endpoints found that support parameter",
    "endpoints found that support the parameter",
    "but got",
    "unimplemented",
    "unexpected keyword",
    // Chinese: not supported; only supported.
    "不支持",
    "仅支持",
];

/// Words that also mean that the server can't do its work for the moment, or who may not use it.
const PASSING: &[&str] = &[
    "temporar",
    "try again",
    "unavailable",
    "not available",
    "overloaded",
    "at capacity",
    "timed out",
    "timeout",
    "internal error",
    "unexpected error",
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

/// What to change in a request that was rejected with `status`; `None`: the error names no parameter
/// that docmill chooses.
pub(crate) fn find_change(status: u16, error: &ErrorBody) -> Option<CapabilityChange> {
    let (text, param) = (error.text(), error.param.to_lowercase());
    if matches!(status, 402 | 408 | 413) {
        return None;
    }
    if let Some(tokens) = max_output(text).filter(|_| status != 403) {
        return Some(CapabilityChange::MaxOutput(tokens));
    }
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let is_code = ["unsupported_parameter", "unsupported_value", "unknown_parameter"].iter().any(|code| error.is(code));
    let is_rejection = is_code || rejects(text);
    let named = named_parameter(&param, text, is_rejection);
    let named = named.filter(|parameter| match status {
        // Beside its name, a refusal for all parameters says `forbidden`.
        403 => {
            let is_denied = is_code || rejects(&text.replace("forbidden", ""));
            is_denied && (!param.is_empty() || is_named_clearly(*parameter, text))
        }
        // An internal error has to be clear: it may have another cause.
        500.. => {
            let is_clear = is_code || has(CLEAR_REJECTIONS);
            let is_named = !param.is_empty() || is_named_clearly(*parameter, text);
            is_clear || is_rejection && is_named && !has(PASSING)
        }
        _ => true,
    });
    let is_of_schema = status < 500 || has(&["schema", "grammar"]);
    let is_schema = status != 403 && is_of_schema && has(SCHEMA_COMPLAINTS);
    match named {
        // A bound of the schema, or a part of it.
        Some(Parameter::Format) if is_schema => Some(CapabilityChange::SimplerSchema),
        Some(Parameter::Effort) => Some(CapabilityChange::Effort(listed_efforts(text))),
        Some(parameter) => Some(CapabilityChange::for_rejected(parameter)),
        None if is_schema => Some(CapabilityChange::SimplerSchema),
        // Gemini says no more when it does not know the effort.
        None if status == 400 && error.is("INVALID_ARGUMENT") && text.trim().strip_suffix('.') == Some(UNNAMED) => {
            Some(CapabilityChange::Effort(Efforts::default()))
        }
        None => None,
    }
}

/// What to change for a parameter that an error of the request names, whatever its words.
pub(crate) fn named_change(status: u16, error: &ErrorBody) -> Option<CapabilityChange> {
    if !matches!(status, 400 | 422) {
        return None;
    }
    let parameter = named_parameter(&error.param.to_lowercase(), error.text(), true)?;
    Some(match parameter {
        Parameter::Effort => CapabilityChange::Effort(listed_efforts(error.text())),
        parameter => CapabilityChange::for_rejected(parameter),
    })
}

/// What Gemini says when it does not say which value it rejects.
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

/// Whether a message says that something of the request is not accepted.
pub(crate) fn is_rejection(message: &str) -> bool {
    rejects(&message.to_lowercase())
}

/// Whether a message may mean no more than that the server can't do its work for the moment.
pub(crate) fn is_passing(message: &str) -> bool {
    let message = message.to_lowercase();
    PASSING.iter().chain(&["rate limit", "quota"]).any(|words| message.contains(words))
}

/// The same as [`is_rejection`] of a text in lower case.
fn rejects(message: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    // `only 1 is supported`
    let is_restricted = find_word(message, "only").is_some_and(|at| {
        ["supported", "allowed", "accepted", "valid"].iter().any(|word| message[at..].contains(word))
    });
    let is_unknown = message.contains("unknown") && !has(&["unknown error", "unknown reason", "unknown issue"]);
    has(REJECTIONS) || has(CLEAR_REJECTIONS) || is_restricted || is_unknown || find_word(message, "expected").is_some()
}

fn named_parameter(param: &str, text: &str, is_rejection: bool) -> Option<Parameter> {
    // `param` is a path such as `messages[0].content[1].image_url.detail`. A bound is named only in
    // the message.
    let last = param.rsplit(['.', '/']).next().unwrap_or_default();
    let is_bound = |parameter: Parameter| Parameter::BOUNDS.contains(&parameter);
    let by_position = NAMES
        .iter()
        .filter_map(|(parameter, words)| {
            let at = words.iter().filter_map(|word| find_parameter(text, word)).min()?;
            // Messages about a bound begin with the format that it is in.
            Some((!is_bound(*parameter), at, *parameter))
        })
        .min_by_key(|(is_other, at, _)| (*is_other, *at))
        .map(|(_, _, parameter)| parameter);
    if by_position.is_some_and(is_bound) && is_rejection {
        return by_position;
    }
    // What is not supported together with thinking is supported without.
    if is_rejection && find_parameter(text, THINKING_MEMBER).is_some() {
        return Some(Parameter::Thinking);
    }
    let by_param = match last {
        "detail" => Some(Parameter::Detail),
        "strict" => Some(Parameter::Strict),
        "role" if param.contains("messages") => Some(Parameter::SystemMessage),
        _ => NAMES
            .iter()
            .find(|(_, words)| words.iter().any(|word| find_word(param, word).is_some()))
            .map(|(parameter, _)| *parameter),
    };
    by_param.or(by_position.filter(|_| is_rejection))
}

/// Where `text` names a parameter as `word`.
fn find_parameter(text: &str, word: &str) -> Option<usize> {
    // A page may be about temperatures.
    let is_meant =
        |at: &usize| word != "temperature" || is_marked(text, *at, word) || is_subject(&text[at + word.len()..]);
    names(text, word).find(is_meant)
}

/// Whether the name before `after` is what a sentence is about: `temperature must be 1`, but not
/// `the temperature table on the page is not supported`.
fn is_subject(after: &str) -> bool {
    const BEHIND: &[&str] = &[
        "is",
        "are",
        "must",
        "should",
        "has",
        "was",
        "cannot",
        "can",
        "does",
        "do",
        "not",
        "only",
        "parameter",
        "parameters",
        "param",
        "value",
        "values",
        "setting",
        "settings",
        "sampling",
        "argument",
        "field",
        "option",
        "and",
        "or",
        "with",
        "for",
        "may",
        "out",
        "too",
        "below",
        "above",
        "to",
        "unsupported",
        "deprecated",
        "invalid",
        "between",
        "range",
        "above",
        "below",
        "exceeds",
        "higher",
        "greater",
        "less",
        "other",
        "different",
    ];
    let next = after.trim_start();
    let word = next.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let is_joined = after.starts_with('-');
    !is_joined
        && (!after.starts_with(char::is_whitespace) || word.is_empty() || BEHIND.contains(&word) || is_number(word))
}

fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
}

/// Whether `text` names `parameter` by a name that is no word of prose, and marks it as a name or begins with it.
fn is_named_clearly(parameter: Parameter, text: &str) -> bool {
    let of_parameter = NAMES.iter().filter(|(named, _)| *named == parameter).flat_map(|(_, words)| *words);
    of_parameter.into_iter().any(|word| {
        let is_clear = |at: usize| {
            let is_prose = word.contains(' ');
            word.contains('_') || !is_prose && (is_marked(text, at, word) || states_value(&text[at + word.len()..]))
        };
        names(text, word).any(is_clear)
    })
}

/// Whether what follows a name says what its value may be: `temperature: only 1 is allowed`.
fn states_value(after: &str) -> bool {
    [":", " must be", " is deprecated", " is not", " does not support"].iter().any(|words| after.starts_with(words))
}

/// The efforts that a message lists as supported.
fn listed_efforts(message: &str) -> Efforts {
    const INTRODUCTIONS: &[&str] = &[
        "supported values",
        "valid values",
        "supported levels",
        "allowed values",
        "accepted values",
        "one of",
        "should be",
        "must be",
        "choose from",
        "expected",
    ];
    let Some(start) = INTRODUCTIONS.iter().filter_map(|words| message.find(words)).min() else {
        return Efforts::default();
    };
    let list = &message[start..];
    let found = Effort::ALL.iter().copied().filter(|effort| find_word(list, effort.name()).is_some());
    found.collect()
}

#[cfg(test)]
mod tests;
