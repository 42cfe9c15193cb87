//! How errors name the parameters of a request.
//!
//! Sources: OpenAI's error bodies, and those of compatible servers (2026-11).

use super::request::THINKING_MEMBER;
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
            "thinking mode",
            "thinking budget",
            "thinking_budget",
            "thinking_config",
            "thinkingbudget",
            "thinkingconfig",
            "budget_tokens",
            "thinking.type",
            "reasoning mode",
            "reasoning budget",
            "reasoning is mandatory",
            "thinking cannot be disabled",
            "reasoning cannot be disabled",
            "disable thinking",
            "disable reasoning",
            "turn off thinking",
            "adaptive thinking",
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

/// The parameter that an error names, in its member `param` or in its `text`; both are in lower case.
pub(crate) fn named_parameter(param: &str, text: &str, is_rejection: bool) -> Option<Parameter> {
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
pub(crate) fn is_named_clearly(parameter: Parameter, text: &str) -> bool {
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
