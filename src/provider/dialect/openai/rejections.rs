//! Errors that name a parameter of the request: what to change so that the endpoint accepts it.
//!
//! Sources: OpenAI's error bodies, and those of compatible servers (2026-11): each vendor has its
//! own words, so that the name of the parameter decides, beside any word of rejection.

use super::error_body::ErrorBody;
use super::request::THINKING_MEMBER;
use crate::catalog::Effort;
use crate::provider::capability::CapabilityChange;
use crate::provider::efforts::Efforts;
use crate::provider::parameter::Parameter;

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
            "messages[0].role",
            "messages.0.role",
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
            "guided",
            "structured output",
            "structured_output",
            "response_schema",
            "responseschema",
        ],
    ),
];

/// Words with which servers reject a parameter, in lower case.
const REJECTIONS: &[&str] = &[
    "not support",
    "unsupported",
    "support only",
    "only support",
    "unrecognized",
    "not recognized",
    "unknown",
    "unexpected",
    "extra input",
    "extra field",
    "extra_forbidden",
    "not permitted",
    "not allowed",
    "forbidden",
    "is allowed",
    "unavailable",
    "not available",
    "not enabled",
    "not implemented",
    "unimplemented",
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
    "can't be",
    "can not be",
    "does not accept",
    "not accepted",
    "not compatible",
    "incompatible",
    "but got",
    "expected",
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
    let message = error.message.to_lowercase();
    let param = error.param.to_lowercase();
    if let Some(tokens) = max_output(&message) {
        return Some(CapabilityChange::MaxOutput(tokens));
    }
    let is_code = ["unsupported_parameter", "unsupported_value", "unknown_parameter"].iter().any(|code| error.is(code));
    let is_rejection = is_code || is_rejection(&message);
    let named = named_parameter(&param, &message, is_rejection);
    // An internal error has to be clear: it may have another cause.
    let named = named.filter(|_| status < 500 || is_rejection);
    match named {
        // A bound of the schema, or a part of it.
        Some(Parameter::Format) if SCHEMA_COMPLAINTS.iter().any(|words| message.contains(words)) => {
            Some(CapabilityChange::SimplerSchema)
        }
        Some(Parameter::Effort) => Some(CapabilityChange::Effort(listed_efforts(&message))),
        Some(parameter) => Some(CapabilityChange::Omit(parameter)),
        None if SCHEMA_COMPLAINTS.iter().any(|words| message.contains(words)) => Some(CapabilityChange::SimplerSchema),
        None => None,
    }
}

/// Whether a message says that something of the request is not accepted.
pub(crate) fn is_rejection(message: &str) -> bool {
    let message = message.to_lowercase();
    REJECTIONS.iter().any(|words| message.contains(words))
}

fn named_parameter(param: &str, message: &str, is_rejection: bool) -> Option<Parameter> {
    // `param` is a path such as `messages[0].content[1].image_url.detail`. A bound is named only in
    // the message.
    let last = param.rsplit(['.', '/']).next().unwrap_or_default();
    let is_bound = |parameter: Parameter| Parameter::BOUNDS.contains(&parameter);
    let by_position = NAMES
        .iter()
        .filter_map(|(parameter, words)| {
            let at = words.iter().filter_map(|word| find_word(message, word)).min()?;
            // Messages about a bound begin with the format that it is in.
            Some((!is_bound(*parameter), at, *parameter))
        })
        .min_by_key(|(is_other, at, _)| (*is_other, *at))
        .map(|(_, _, parameter)| parameter);
    if by_position.is_some_and(is_bound) && is_rejection {
        return by_position;
    }
    // What is not supported together with thinking is supported without.
    if is_rejection && find_word(message, THINKING_MEMBER).is_some() {
        return Some(Parameter::Thinking);
    }
    let by_param = match last {
        "detail" => Some(Parameter::Detail),
        "strict" => Some(Parameter::Strict),
        "role" if param.contains("messages") => Some(Parameter::SystemMessage),
        _ => NAMES
            .iter()
            .find(|(_, words)| words.iter().any(|word| !param.is_empty() && find_word(param, word).is_some()))
            .map(|(parameter, _)| *parameter),
    };
    by_param.or(by_position.filter(|_| is_rejection))
}

/// Where `word` stands in `text`, not as a part of a longer name.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(word).find_map(|(at, _)| {
        let before = text[..at].chars().next_back().is_some_and(is_name);
        let after = text[at + word.len()..].chars().next().is_some_and(is_name);
        let is_part = (before && word.starts_with(is_name)) || (after && word.ends_with(is_name));
        (!is_part).then_some(at)
    })
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

/// The largest output limit that a message names: `at most 16384 completion tokens`, `the valid range
/// is [1, 8192]`, `200000 > 128000, which is the maximum`.
fn max_output(message: &str) -> Option<u32> {
    if !["max_tokens", "max_completion_tokens", "output tokens"].iter().any(|word| message.contains(word)) {
        return None;
    }
    let number_after = |words: &str| {
        let rest = &message[message.find(words)? + words.len()..];
        let rest = rest.trim_start_matches(|c: char| !c.is_ascii_digit() && c != ',' && c != '.');
        first_number(rest)
    };
    let range = || {
        let rest = &message[message.find("[1,")? + 3..];
        first_number(rest.trim_start())
    };
    let maximum = || {
        let rest = &message[message.find(" > ")? + 3..];
        message.contains("maximum").then(|| first_number(rest)).flatten()
    };
    range()
        .or_else(maximum)
        .or_else(|| number_after("supports at most"))
        .or_else(|| number_after("less than or equal to"))
        .or_else(|| number_after("must be at most"))
        .or_else(|| number_after("cannot exceed"))
        .filter(|tokens| *tokens > 0)
}

/// The output limit that fits beside a prompt into the context window, when the message shows that the
/// prompt alone fits: `maximum context length is 4096 tokens. However, you requested 9000 tokens (800
/// in the messages, 8200 in the completion)`.
pub(crate) fn max_answer(message: &str) -> Option<u32> {
    let message = message.to_lowercase();
    let after = |words: &str| first_number(&message[message.find(words)? + words.len()..]);
    let before = |words: &str| {
        let text = message[..message.find(words)?].trim_end();
        let start = text.rfind(|c: char| !c.is_ascii_digit() && c != ',').map_or(0, |at| at + 1);
        first_number(&text[start..])
    };
    let window = ["context length is only ", "context length is ", "context length of "].into_iter().find_map(after)?;
    if let Some(prompt) = before(" in the messages").or_else(|| before(" input tokens")) {
        // Other pages have longer prompts.
        let left = window.checked_sub(prompt)? / 10 * 9;
        return (left >= MIN_ANSWER_TOKENS).then_some(left);
    }
    let requested = after("requested ").filter(|_| message.contains("output tokens"))?;
    (requested > window / 2).then_some(window / 2)
}

/// With less room for the answer the prompt is what is too long.
const MIN_ANSWER_TOKENS: u32 = 64;

fn first_number(text: &str) -> Option<u32> {
    let digits = text.chars().take_while(|c| c.is_ascii_digit() || *c == ',').filter(|c| *c != ',');
    digits.collect::<String>().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(status: u16, body: &str) -> Option<String> {
        find_change(status, &ErrorBody::parse(body)).map(|change| match change {
            CapabilityChange::Effort(efforts) => {
                let names: Vec<&str> = efforts.iter().map(Effort::name).collect();
                format!("effort {}", names.join(" "))
            }
            CapabilityChange::Omit(parameter) => parameter.name().to_owned(),
            other => format!("{other:?}"),
        })
    }

    fn openai(param: &str, message: &str) -> String {
        let param = if param.is_empty() { serde_json::Value::Null } else { param.into() };
        serde_json::json!({"error": {"message": message, "type": "invalid_request_error", "param": param, "code": null}})
            .to_string()
    }

    /// Error bodies that servers were seen to send.
    #[test]
    fn the_parameter_that_an_error_names() {
        for (status, body, expected) in [
            (400, openai("max_tokens", "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."), Some("output_limit")),
            (400, openai("temperature", "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported."), Some("temperature")),
            (400, openai("", "`temperature` is deprecated for this model."), Some("temperature")),
            (400, openai("", "invalid temperature: only 1 is allowed for this model"), Some("temperature")),
            (400, openai("reasoning_effort", "Unsupported value: 'reasoning_effort' does not support 'max' with this model. Supported values are: 'none', 'low', 'medium', 'high', and 'xhigh'."), Some("effort none low medium high xhigh")),
            (400, r#"[{"error":{"code":400,"message":"Invalid reasoning_effort: minimal. Valid values are: high, low, medium, none","status":"INVALID_ARGUMENT"}}]"#.into(), Some("effort none low medium high")),
            (400, openai("", "This model does not support effort level 'xhigh'. Supported levels: high, low, max, medium."), Some("effort low medium high")),
            (400, openai("", "Thinking level is unsupported: THINKING_LEVEL_MINIMAL"), Some("effort ")),
            (400, openai("", "Unrecognized request argument supplied: reasoning_effort"), Some("effort ")),
            (500, r#"{"error":{"code":500,"message":"response_format type must be one of \"text\" or \"json_object\", but got: json_schema","type":"server_error"}}"#.into(), Some("format")),
            (422, r#"{"detail":[{"loc":["body","response_format","type"],"msg":"Input should be 'text' or 'json_object'","type":"literal_error"}]}"#.into(), Some("format")),
            (422, r#"{"detail":[{"type":"extra_forbidden","loc":["body","prompt_cache_key"],"msg":"Extra inputs are not permitted"}]}"#.into(), Some("prompt_cache_key")),
            (400, openai("response_format", "Invalid schema for response_format 'page': In context=('properties', 'marks'), 'uniqueItems' is not permitted."), Some("uniqueItems")),
            (400, openai("response_format", "Invalid schema for response_format 'page': In context=(), 'additionalProperties' is required"), Some("SimplerSchema")),
            (400, openai("", "Json mode response is not supported when enable_thinking is true"), Some("enable_thinking")),
            (400, openai("", "parameter.enable_thinking must be set to false for non-streaming calls"), Some("enable_thinking")),
            (422, r#"{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]},"type":"invalid_request_error"}"#.into(), Some("stream_options")),
            (400, openai("", "The provided JSON schema contains features not supported by xgrammar."), Some("SimplerSchema")),
            (400, openai("response_format", "Grammar error: Unimplemented keys: [\"uniqueItems\"]"), Some("uniqueItems")),
            (400, openai("", "The specified schema produces a constraint that has too many states for serving."), Some("SimplerSchema")),
            (400, r#"[{"error":{"code":400,"message":"Invalid JSON payload received. Unknown name \"prompt_cache_key\": Cannot find field.","status":"INVALID_ARGUMENT"}}]"#.into(), Some("prompt_cache_key")),
            (400, r#"{"object":"error","message":"stream_options: Extra inputs are not permitted","type":"BadRequestError","param":null,"code":400}"#.into(), Some("stream_options")),
            (400, openai("messages[0].role", "Unsupported value: 'messages[0].role' does not support 'system' with this model."), Some("system_message")),
            (400, openai("", "prompting with images is incompatible with system messages"), Some("system_message")),
            (400, openai("", "Developer instruction is not enabled for models/gemma-3-27b-it"), Some("system_message")),
            (400, openai("messages[1].content[1].image_url.detail", "Invalid value: 'high'."), Some("detail")),
            (400, openai("", "max_tokens is too large: 33000. This model supports at most 16384 completion tokens, whereas you provided 33000."), Some("MaxOutput(16384)")),
            (400, openai("", "max_tokens: 200000 > 128000, which is the maximum allowed number of output tokens for claude"), Some("MaxOutput(128000)")),
            (400, openai("", "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]"), Some("MaxOutput(8192)")),
            (400, openai("", "`max_completion_tokens` must be less than or equal to `8192`, the maximum value for `max_completion_tokens` is less than the `context_window` for this model"), Some("MaxOutput(8192)")),
            (400, openai("", "Invalid image: the data is damaged"), None),
            (400, openai("", "generic"), None),
            (500, openai("", "The server had an error while processing your request."), None),
            (500, openai("", "failed to apply the temperature"), None),
        ] {
            assert_eq!(change(status, &body).as_deref(), expected, "{status} {body}");
        }
    }

    #[test]
    fn the_output_limit_that_fits_beside_the_prompt() {
        for (message, expected) in [
            (
                "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens (800 in the messages, 8200 in the completion).",
                Some(2961),
            ),
            (
                "'max_tokens' is too large: 8192. This model's maximum context length is 8192 tokens and your request has 5000 input tokens (8192 > 8192 - 5000).",
                Some(2871),
            ),
            (
                "However, you requested 1250025 tokens (1250025 in the messages, 0 in the completion). This model's maximum context length is 1048565 tokens.",
                None,
            ),
            (
                "You passed 894 input characters and requested 4096 output tokens. However, the model's context length is only 4096 tokens",
                Some(2048),
            ),
            (
                "This model's maximum context length is 128000 tokens. However, your messages resulted in 144641 tokens.",
                None,
            ),
            ("", None),
        ] {
            assert_eq!(max_answer(message), expected, "{message}");
        }
    }

    #[test]
    fn a_word_is_not_a_part_of_a_name() {
        for (text, word, at) in [
            ("my_temperature and temperature", "temperature", Some(19)),
            ("temperatures", "temperature", None),
            ("'temperature'", "temperature", Some(1)),
            ("", "temperature", None),
        ] {
            assert_eq!(find_word(text, word), at, "{text}");
        }
    }
}
