//! How errors name the parameters of a request.
//!
//! Sources: OpenAI's error bodies, and those of compatible servers (2026-11).

use crate::catalog::OutputLimit;
use crate::provider::dialect::openai::request::THINKING_MEMBER;
use crate::provider::form::parameter::Parameter;
use crate::provider::judgement::wording::{is_marked, is_meant, spellings};
use std::ops::Range;

/// Words that errors use for a parameter, in lower case, in the spelling with underscores. The first that an error has
/// decides.
const NAMES: &[(Parameter, &[&str])] = &[
    (Parameter::UniqueItems, &["uniqueitems"]),
    (Parameter::MaxItems, &["maxitems"]),
    (Parameter::MaxLength, &["maxlength"]),
    (Parameter::Temperature, &["temperature", "sampling_parameter", "sampling_param"]),
    (Parameter::OutputLimit, &["max_tokens", "max_completion_tokens", "max_output_tokens"]),
    (Parameter::StreamOptions, &["stream_options", "include_usage"]),
    (Parameter::Stream, &["stream", "streaming"]),
    (Parameter::Strict, &["json_schema.strict", "'strict'", "`strict`", "\"strict\""]),
    (
        Parameter::Effort,
        &[
            "reasoning_effort",
            "output_config.effort",
            "effort_level",
            "thinking_level",
            "thinking_mode",
            "thinking_budget",
            "thinking_config",
            "thinking_type",
            "budget_tokens",
            "reasoning_mode",
            "reasoning_budget",
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
    (Parameter::Detail, &["image_url.detail", "'detail'", "`detail`", "\"detail\"", "detail: extra"]),
    (
        Parameter::SystemMessage,
        &[
            "system_message",
            "system_role",
            "role_system",
            "role:_system",
            "system_prompt",
            "system_instruction",
            "developer_instruction",
            "developer_message",
            "developer_role",
            "messages[0].role",
            "messages.0.role",
            "user_and_assistant_role",
            "user_or_assistant_role",
            // Templates of models without a system message.
            "roles must alternate",
        ],
    ),
    (
        Parameter::Format,
        &[
            "response_format",
            "output_format",
            "json_schema",
            "json_object",
            "json_mode",
            "json_output",
            "json_response",
            "guided_json",
            "guided_grammar",
            "guided_decoding",
            "grammar",
            "structured_output",
            "structured_response",
            "structured_generation",
            "response_schema",
            "constrained_decoding",
        ],
    ),
];

/// Names that are common words: they count only with [`SUPPORT`].
const COMMON: &[&str] =
    &["sampling_parameter", "sampling_param", "output_format", "json_output", "json_response", "grammar"];

/// Words about what an endpoint offers.
const SUPPORT: &[&str] = &["support", "allow", "accept", "permit", "enabled", "available", "支持"];

/// The parameters that an error names, in its member `param` or in its `text`; both are in lower case. The first is
/// the one that the error is about, if the request has it.
pub(crate) fn named_parameters(param: &str, text: &str, is_rejection: bool) -> Vec<Parameter> {
    // `param` is a path such as `messages[0].content[1].image_url.detail`. A bound is named only in
    // the message.
    let last = param.rsplit(['.', '/']).next().unwrap_or_default();
    let is_bound = |parameter: Parameter| Parameter::BOUNDS.contains(&parameter);
    let at = |words: &[&str]| words.iter().filter_map(|word| Some(find_parameter(text, word)?.start)).min();
    // Messages about a bound begin with the format that it is in.
    let named = NAMES.iter().filter_map(|(parameter, words)| Some((!is_bound(*parameter), at(words)?, *parameter)));
    let mut named: Vec<_> = named.filter(|_| is_rejection).collect();
    // Of a path such as `response_format.json_schema.strict`, the last member is meant.
    let places: Vec<usize> = named.iter().map(|(_, at, _)| *at).collect();
    named.retain(|(_, at, _)| !places.iter().any(|later| at < later && is_path(&text[*at..*later])));
    named.sort_by_key(|(is_other, at, _)| (*is_other, *at));
    let mut found: Vec<Parameter> = named.into_iter().map(|(.., parameter)| parameter).collect();
    if found.first().is_some_and(|first| is_bound(*first)) {
        return found;
    }
    let by_param = match last {
        "detail" => Some(Parameter::Detail),
        "strict" => Some(Parameter::Strict),
        "role" if param.contains("messages") => Some(Parameter::SystemMessage),
        _ => NAMES
            .iter()
            .find(|(_, words)| words.iter().any(|word| spellings(param, word).next().is_some()))
            .map(|(parameter, _)| *parameter),
    };
    // A feature that is not supported together with thinking is supported without it.
    let thinking = Some(Parameter::Thinking).filter(|thinking| found.contains(thinking));
    if let Some(first) = thinking.or(by_param) {
        found.retain(|parameter| *parameter != first);
        found.insert(0, first);
    }
    found
}

/// The name of the output limit that an error rejects, in its member `param` or in its `text`, both in lower case;
/// `None`: none, or it names both.
pub(crate) fn rejected_limit(param: &str, text: &str) -> Option<OutputLimit> {
    const SPELLINGS: [(OutputLimit, &str); 2] =
        [(OutputLimit::MaxTokens, "max_tokens"), (OutputLimit::MaxCompletionTokens, "max_completion_tokens")];
    let only = |names: &dyn Fn(&str) -> bool| match SPELLINGS.map(|(limit, name)| (limit, names(name))) {
        [(limit, true), (_, false)] | [(_, false), (limit, true)] => Some(limit),
        _ => None,
    };
    // `use max_completion_tokens` is advice.
    let is_advised = |at: usize| text[..at].trim_end_matches(|c: char| !c.is_alphanumeric()).ends_with("use");
    let in_text = |name: &str| spellings(text, name).any(|found| !is_advised(found.start));
    only(&|name| spellings(param, name).next().is_some()).or_else(|| only(&in_text))
}

/// Whether an error asks for thinking to be switched off: `enable_thinking must be set to false`, `not supported when
/// enable_thinking is true`. `text` is in lower case.
pub(crate) fn asks_not_to_think(text: &str) -> bool {
    spellings(text, THINKING_MEMBER).any(|found| {
        let before = text[..found.start].trim_end_matches(|c: char| !c.is_alphanumeric());
        let value =
            text[found.end..].split(|c: char| !c.is_alphanumeric()).find(|word| matches!(*word, "true" | "false"));
        let is_condition = ["when", "if", "with", "while"].iter().any(|word| before.ends_with(word));
        value == Some("false") || value == Some("true") && is_condition
    })
}

/// Where `text` names a parameter as `word`.
fn find_parameter(text: &str, word: &str) -> Option<Range<usize>> {
    spellings(text, word).find(|found| is_name(text, word, found))
}

/// Whether what stands at `found` is the parameter's name `word`, rather than prose.
fn is_name(text: &str, word: &str, found: &Range<usize>) -> bool {
    let (before, name, after) = (&text[..found.start], &text[found.clone()], &text[found.end..]);
    let is_common = COMMON.contains(&word);
    match word {
        // `enable thinking` is advice.
        THINKING_MEMBER => name == word,
        // The stream of a server may break.
        "stream" | "streaming" => is_marked(text, found.start, name) || is_meant(text, found.start, name),
        // A page may be about temperatures.
        "temperature" => is_marked(text, found.start, name) || is_subject(after),
        _ if is_common && !name.contains('_') => {
            let is_offered = SUPPORT.iter().any(|word| text.contains(word));
            is_offered && is_subject(after) && !is_of_page(before, after)
        }
        _ => !name.contains(' ') || !is_of_page(before, after),
    }
}

/// Whether a text is the beginning of a path, up to one of its members.
fn is_path(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '[' | ']');
    text.ends_with('.') && text.chars().all(is_part)
}

/// Whether words between `before` and `after` are about what a page shows.
fn is_of_page(before: &str, after: &str) -> bool {
    const BEFORE: &[&str] = &[" about", " about the", " mentions", " shows", " shows the", " titled", " describes"];
    const AFTER: &[&str] = &["table", "section", "paragraph", "chapter", "heading", "diagram", "figure", "text "];
    const PLACES: &[&str] = &["page", "image", "document", "picture", "scan"];
    let (before, after) = (before.trim_end(), after.trim_start());
    let mut words = after.split_whitespace();
    let is_place = words.next().is_some_and(|word| matches!(word, "on" | "in" | "of"))
        && words.next().is_some_and(|word| matches!(word, "the" | "this" | "your" | "a"))
        && words.next().is_some_and(|word| PLACES.iter().any(|place| word.starts_with(place)));
    is_place || BEFORE.iter().any(|words| before.ends_with(words)) || AFTER.iter().any(|word| after.starts_with(word))
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
        "can't",
        "needs",
        "requires",
        "will",
        "conflicts",
        "please",
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

/// Whether `text` names `parameter` by a name that is not a word of prose, and marks it as a name, begins with it, or
/// states what its value may be.
pub(crate) fn is_named_clearly(parameter: Parameter, text: &str) -> bool {
    words_of(parameter).any(|word| {
        spellings(text, word).filter(|found| is_name(text, word, found)).any(|found| {
            let name = &text[found.clone()];
            let is_clear = || {
                is_marked(text, found.start, name)
                    || states_value(&text[found.end..])
                    || is_meant(text, found.start, name)
            };
            name.contains('_') || !name.contains(' ') && is_clear()
        })
    })
}

/// Whether a sentence of `text` is about `parameter`, by any name: `system messages are not enabled`.
pub(crate) fn is_subject_of(parameter: Parameter, text: &str) -> bool {
    words_of(parameter).any(|word| {
        let mut found = spellings(text, word).filter(|found| is_name(text, word, found));
        found.any(|found| is_meant(text, found.start, &text[found.clone()]))
    })
}

fn words_of(parameter: Parameter) -> impl Iterator<Item = &'static str> {
    NAMES.iter().filter(move |(named, _)| *named == parameter).flat_map(|(_, words)| words.iter().copied())
}

/// Whether the words after a name state its allowed values: `temperature: only 1 is allowed`.
fn states_value(after: &str) -> bool {
    const RULES: &[&str] = &[
        ":",
        "=",
        " must ",
        " should ",
        " is ",
        " are ",
        " not ",
        " may not ",
        " cannot ",
        " can only ",
        " can't ",
        " has to ",
        " does not ",
        " doesn't ",
    ];
    RULES.iter().any(|words| after.starts_with(words)) || is_number(after.trim_start())
}
