//! Errors that name a parameter of the request: what to change so that the endpoint accepts it.
//!
//! Sources: OpenAI's error bodies, and those of compatible servers (2026-11): each vendor has its
//! own words, so that the name of the parameter decides, beside any word of rejection.

use super::error_body::ErrorBody;
use super::output_room::max_output;
use super::request::THINKING_MEMBER;
use crate::base::vocabulary::ErrorKind;
use crate::catalog::Effort;
use crate::provider::capability::CapabilityChange;
use crate::provider::efforts::Efforts;
use crate::provider::parameter::Parameter;
use crate::provider::wording::{find_word, is_marked, names};

/// Words by which errors name a parameter, in lower case. The first that an error has decides.
const NAMES: &[(Parameter, &[&str])] = &[
    (Parameter::UniqueItems, &["uniqueitems"]),
    (Parameter::MaxItems, &["maxitems"]),
    (Parameter::MaxLength, &["maxlength"]),
    (Parameter::Temperature, &["temperature"]),
    (Parameter::OutputLimit, &["max_tokens", "max_completion_tokens"]),
    (Parameter::StreamOptions, &["stream_options", "include_usage"]),
    (Parameter::Strict, &["json_schema.strict", "'strict'", "`strict`", "\"strict\""]),
    (
        Parameter::Effort,
        &[
            "reasoning_effort",
            "reasoning.effort",
            "reasoning effort",
            "effort level",
            "thinking level",
            "thinking_level",
            "output_config.effort",
        ],
    ),
    (Parameter::Thinking, &[THINKING_MEMBER]),
    (Parameter::CacheKey, &["prompt_cache_key"]),
    (Parameter::CacheOptions, &["prompt_cache_options", "prompt_cache_breakpoint"]),
    (Parameter::Detail, &["image_url.detail", "'detail'", "`detail`", "detail: extra"]),
    (
        Parameter::SystemMessage,
        &[
            "system message",
            "system messages",
            "system role",
            "role 'system'",
            "role \"system\"",
            "role `system`",
            "'system' role",
            "system prompt",
            "system instruction",
            "developer instruction",
            "role: system",
            "messages[0].role",
            "messages.0.role",
            // Templates of models without a system message.
            "roles must alternate",
        ],
    ),
    (
        Parameter::Format,
        &[
            "response_format",
            "response format",
            "json_schema",
            "json_object",
            "json mode",
            "guided_json",
            "guided_grammar",
            "guided json",
            "guided decoding",
            "structured output",
            "structured_output",
            "response_schema",
            "response schema",
            "constrained decoding",
            "responseschema",
        ],
    ),
];

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
    "but got",
    "unimplemented",
    "unexpected keyword",
    // Chinese: not supported; only supported.
    "不支持",
    "仅支持",
];

/// Words of a 403 about a parameter that the account may not use.
const DISABLED: &[&str] = &["not enabled", "not support", "n't support", "unsupported", "not available"];

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
    let is_rejection = match status {
        403 => has(DISABLED),
        // An internal error has to be clear: it may have another cause.
        500.. => is_code || has(CLEAR_REJECTIONS),
        _ => is_code || is_rejection(text),
    };
    let named = named_parameter(&param, text, is_rejection);
    let named = named.filter(|parameter| match status {
        403 => is_rejection && (!param.is_empty() || is_named_clearly(*parameter, text)),
        _ => status < 500 || is_rejection,
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
    let message = message.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    // `only 1 is supported`
    let is_restricted = find_word(&message, "only").is_some_and(|at| {
        ["supported", "allowed", "accepted", "valid"].iter().any(|word| message[at..].contains(word))
    });
    let is_unknown = message.contains("unknown") && !has(&["unknown error", "unknown reason", "unknown issue"]);
    has(REJECTIONS) || has(CLEAR_REJECTIONS) || is_restricted || is_unknown || find_word(&message, "expected").is_some()
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

/// Whether `text` names `parameter` by a name that is no word, or marks it as a name.
fn is_named_clearly(parameter: Parameter, text: &str) -> bool {
    let of_parameter = NAMES.iter().filter(|(named, _)| *named == parameter).flat_map(|(_, words)| *words);
    of_parameter.into_iter().any(|word| names(text, word).any(|at| word.contains('_') || is_marked(text, at, word)))
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
