//! The table of rejected parameters, with errors observed from servers.

use super::*;
use crate::catalog::{Effort, OutputLimit};

fn change(status: u16, body: &str) -> Option<String> {
    find_changes(status, &ErrorBody::parse(body)).first().copied().map(|change| match change {
        CapabilityChange::Effort(efforts) => {
            let names: Vec<&str> = efforts.iter().map(Effort::name).collect();
            format!("effort {}", names.join(" "))
        }
        other => other.parameter().map_or_else(|| format!("{other:?}"), |parameter| parameter.name().to_owned()),
    })
}

fn openai(param: &str, message: &str) -> String {
    let param = if param.is_empty() { serde_json::Value::Null } else { param.into() };
    serde_json::json!({"error": {"message": message, "type": "invalid_request_error", "param": param, "code": null}})
        .to_string()
}

/// Observed error bodies of servers.
#[test]
fn the_parameter_that_an_error_names() {
    for (status, body, expected) in [
        (400, openai("max_tokens", "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."), Some("output_limit")),
        (400, openai("temperature", "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported."), Some("temperature")),
        (400, openai("", "`temperature` is deprecated for this model."), Some("temperature")),
        (400, openai("", "max_tokens: maximum is 80"), Some("MaxOutput(80)")),
        (400, openai("", "This model doesn't support response schema"), Some("format")),
        (400, openai("", "constrained decoding is not enabled on this deployment"), Some("format")),
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
        (400, openai("", "System messages are not supported together with images"), Some("system_message")),
        (400, openai("", "json_schema is not supported with image input"), Some("format")),
        (400, openai("", "`stream_options` is not supported for vision models"), Some("stream_options")),
        (400, openai("", "groq does not support parameters: ['reasoning_effort'], for model=llama-3.2-11b-vision-preview"), Some("effort ")),
        (400, openai("", "'max_tokens' is not supported with grok-2-vision-1212"), Some("output_limit")),
        (500, openai("", "create() got an unexpected keyword argument 'temperature'"), Some("temperature")),
        (400, openai("", "create() got an unexpected keyword argument 'temperature'"), Some("temperature")),
        (400, openai("", "model does not accept `temperature`"), Some("temperature")),
        (500, "model does not accept `temperature`".into(), Some("temperature")),
        (400, openai("", "temperature: only 1 is supported"), Some("temperature")),
        (400, openai("", "temperature\u{4e0d}\u{652f}\u{6301}"), Some("temperature")),
        (500, openai("", "jinja2.exceptions.TemplateError: System messages are not supported by this template"), Some("system_message")),
        (500, openai("", "openai does not support parameters: {'temperature': 0.0}, for model=o3"), Some("temperature")),
            (500, openai("", "Conversation roles must alternate user/assistant/user"), Some("system_message")),
        (400, openai("", "max_tokens (100) exceeds the maximum allowed for this model: 64"), Some("MaxOutput(64)")),
        (403, openai("", "prompt_cache_options is not enabled for your organization"), Some("prompt_cache_options")),
        (403, openai("", "Your organization is not enabled. Lower the temperature."), None),
        (403, openai("", "Forbidden: prompt_cache_options"), None),
        (400, openai("", "Grammar error: Unimplemented keys: [\"x\"]"), Some("SimplerSchema")),
        (500, openai("", "failed to compile the kernel"), None),
        (400, openai("", &format!("{} `temperature` is deprecated for this model.", "x ".repeat(400))), Some("temperature")),
        (400, openai("", "Error code: 400 - {'error': {'message': \"Unsupported value: 'temperature' does not support 0\", 'code': None}}"), Some("temperature")),
        (500, openai("", "An unexpected error occurred in structured output"), None),
        (400, openai("", "An unexpected error occurred in structured output"), None),
        (500, openai("", "not supported: {\"model\":\"m\",\"temperature\":0,\"stream_options\":null}"), None),
        (500, openai("", "unsupported request body \"temperature\":0"), None),
        (400, openai("", "Invalid image: unsupported image format. Request: {\"model\":\"m\",\"temperature\":0.7}"), None),
        (400, openai("", "Image rejected: the temperature table on the page is not supported"), None),
        (400, r#"[{"error":{"code":400,"message":"Request contains an invalid argument.","status":"INVALID_ARGUMENT"}}]"#.into(), Some("effort ")),
        (400, openai("", "Request contains an invalid argument."), None),
        (400, openai("", "Invalid image: the data is damaged"), None),
        (400, openai("", "generic"), None),
        (500, openai("", "The server had an error while processing your request."), None),
        (500, openai("", "failed to apply the temperature"), None),
        // The same words with any status.
        (500, openai("", "`temperature` is deprecated for this model."), Some("temperature")),
        (502, openai("", "Unknown parameter: 'temperature'."), Some("temperature")),
        (503, openai("", "Unrecognized request argument supplied: temperature"), Some("temperature")),
        (501, openai("", "temperature: Extra inputs are not permitted"), Some("temperature")),
        (500, openai("", "invalid temperature: only 1 is allowed for this model"), Some("temperature")),
        (502, openai("temperature", "Invalid value"), Some("temperature")),
        (503, openai("", "prompt_cache_key: Extra inputs are not permitted"), Some("prompt_cache_key")),
        (500, openai("", "Unknown name \"stream_options\": Cannot find field."), Some("stream_options")),
        (404, openai("", "No endpoints found that support parameter: temperature"), Some("temperature")),
        (404, openai("", "No endpoints found that support the parameter 'response_format'"), Some("format")),
        (403, openai("", "Parameter temperature is not permitted"), Some("temperature")),
        (403, openai("", "`reasoning_effort` is not allowed for this model"), Some("effort ")),
        // Not what a gateway states about itself.
        (502, openai("", "Bad Gateway"), None),
        (503, openai("", "structured output is temporarily unavailable"), None),
        (503, openai("", "response_format workers are not available, try again"), None),
        (500, openai("", "json mode: unknown failure"), None),
        (503, openai("", "no healthy upstream"), None),
        (504, openai("", "upstream request timeout"), None),
        // Thinking without the name of its member.
        (400, r#"[{"error":{"code":400,"message":"Budget 0 is invalid. This model only works in thinking mode.","status":"INVALID_ARGUMENT"}}]"#.into(), Some("effort ")),
        (400, openai("", "The thinking budget 0 is invalid. Please choose a value between 128 and 32768."), Some("effort ")),
        (400, openai("", "Reasoning is mandatory for this endpoint and cannot be disabled."), Some("effort ")),
        (400, openai("", "\"thinking.type.disabled\" is not supported for this model."), Some("effort ")),
    ] {
        assert_eq!(change(status, &body).as_deref(), expected, "{status} {body}");
    }
}

/// A fault of the server that names a parameter: whether it asks for patience or for another request. In an error
/// of the request the same words reject it.
#[test]
fn passing_words_win_in_faults_of_the_server() {
    let (temperature, format, simpler) = (Some("temperature"), Some("format"), Some("SimplerSchema"));
    for (message, of_server, of_request) in [
        ("The server is overloaded: temperature is not supported right now, try again later", None, temperature),
        (
            "Overloaded: structured outputs (response_format) are not supported at the moment. Please try again later.",
            None,
            format,
        ),
        ("Failed to compile response_format: grammar backend unavailable", None, simpler),
        ("response_format is not supported while the model is loading", None, format),
        ("json_schema is temporarily not supported", None, format),
        ("'temperature' is not supported: too many requests, slow down", None, temperature),
        ("'temperature' is not supported with this model.", temperature, temperature),
        ("'temperature' is not supported with this model. Remove it and try again.", temperature, temperature),
        ("'temperature' is not supported; retry without it.", temperature, temperature),
        ("temperature is not currently supported with this model", temperature, temperature),
        ("'temperature' is not supported at the moment of writing", temperature, temperature),
        ("temperature is unsupported: do not retry", temperature, temperature),
        (
            "litellm.ServiceUnavailableError: OpenAIException - `temperature` is deprecated for this model.",
            temperature,
            temperature,
        ),
        (
            "503 Service Unavailable: Unsupported parameter: 'temperature' is not supported with this model.",
            temperature,
            temperature,
        ),
        ("Internal server error: 'temperature' is not supported with this model.", temperature, temperature),
        ("Internal error: failed to compile grammar for the schema", None, simpler),
    ] {
        for (statuses, expected) in [(&[500, 502, 503, 504, 529][..], of_server), (&[400, 404, 422], of_request)] {
            for status in statuses {
                assert_eq!(change(*status, &openai("", message)).as_deref(), expected, "{status} {message}");
            }
        }
        assert!(of_server.is_some() || change(429, &openai("", message)).is_none(), "429 {message}");
    }
    let overloaded = r#"{"error":{"message":"'temperature' is not supported","type":"overloaded_error"}}"#;
    assert_eq!((change(529, overloaded), change(400, overloaded).as_deref()), (None, temperature));
}

/// Statuses that mean something else by definition: only a clear rejection of a parameter that is named counts.
#[test]
fn statuses_of_accounts_and_limits_have_to_be_certain() {
    for status in [401, 402, 408, 413, 429] {
        for (param, message, expected) in [
            ("", "Unsupported parameter: 'temperature' is not supported with this model.", Some("temperature")),
            ("stream_options", "This field is not supported.", Some("stream_options")),
            ("", "invalid temperature", None),
            ("", "This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens", None),
            ("", "max_tokens is too large: 33000. This model supports at most 16384 completion tokens", None),
            ("", "system prompt: your plan is not supported", None),
            ("", "rate limit of this model: structured output is not supported", None),
        ] {
            assert_eq!(change(status, &openai(param, message)).as_deref(), expected, "{status} {message}");
        }
    }
}

/// Words that are not known as a rejection: the name is enough while nothing was answered.
#[test]
fn a_parameter_is_named_in_any_words() {
    for (status, message, expected) in [
        (400, "temperature may not be specified with this model", Some("temperature")),
        (422, "temperature out of bounds", Some("temperature")),
        (400, "temperature: pfui", Some("temperature")),
        (400, "the page shows the temperature of a room", None),
        (500, "temperature out of bounds", None),
        (400, "generic", None),
        // Of a path, the last member.
        (400, "Unknown parameter: 'response_format.json_schema.strict'.", Some("strict")),
        (400, "Extra inputs are not permitted: response_format.json_schema.schema", Some("format")),
    ] {
        let found = named_changes(status, &ErrorBody::parse(&openai("", message))).first().copied();
        let name = |change: CapabilityChange| {
            change.parameter().map_or_else(|| format!("{change:?}"), |parameter| parameter.name().to_owned())
        };
        let found = found.map(name);
        assert_eq!(found.as_deref(), expected, "{status} {message}");
    }
}

/// Plural and everyday names of parameters, with any status; the same words about a page are not rejections.
#[test]
fn everyday_names_of_parameters() {
    let cases: &[(&str, &[&str])] = &[
        (
            "format",
            &[
                "This model does not support structured outputs",
                "Structured Outputs are not supported with this model",
                "structured outputs is not available for this model",
                "Structured Outputs is not enabled",
                "model m doesn't support structured_outputs",
                "No endpoints found that support structured outputs",
                "tool use and structured outputs cannot be combined",
                "JSON schemas are not supported by this model",
                "'json_schemas' unsupported",
                "JSON schema response formats are not supported",
                "json-schema is not supported",
                "response formats other than text are not supported",
                "JSON output is not supported",
                "This model does not support JSON outputs.",
                "This model does not support JSON mode",
                "JSON-mode is not supported",
                "grammar is not supported",
                "Guided decoding is not supported with this backend",
                "Unsupported output format: only text is supported",
                "Output format json_schema not supported",
                "the responseFormat is not supported",
            ],
        ),
        (
            "system_message",
            &[
                "System prompts are not supported by this model",
                "System instructions are not supported for this model",
                "system roles are not supported",
                "the role 'system' is not supported",
                "This model does not support the system role",
                "Only user and assistant roles are supported!",
                "Only 'user' and 'assistant' roles are supported",
                "Developer messages are not supported",
            ],
        ),
        (
            "temperature",
            &[
                "Custom temperatures are not supported",
                "Sampling parameters are not supported for this model",
                "Sampling temperature is not supported for this model",
            ],
        ),
        ("output_limit", &["max tokens is not supported; use max_completion_tokens", "max-tokens is not supported"]),
        ("stream_options", &["stream options are not supported"]),
        ("prompt_cache_key", &["prompt cache keys are not supported"]),
        ("effort ", &["Reasoning efforts are not supported"]),
    ];
    for (expected, messages) in cases {
        for (message, status) in
            messages.iter().flat_map(|message| [400, 404, 422, 500, 503].map(|status| (message, status)))
        {
            assert_eq!(change(status, &openai("", message)).as_deref(), Some(*expected), "{status} {message}");
        }
    }
    for message in [
        "the page about structured outputs is not supported",
        "the grammar of the text is not supported",
        "the response format table on the page is not supported",
        "pages in JSON output mode of a camera are not supported",
        "the temperatures in the table are not supported",
        "Invalid JSON output",
        "the ecosystem prompt is not supported",
        "images that show system prompts on the page are not supported",
    ] {
        for status in [400, 422, 500] {
            assert_eq!(change(status, &openai("", message)), None, "{status} {message}");
        }
    }
}

/// In a fault of the server, or of a rate, a name without marks counts where the sentence is about it.
#[test]
fn a_name_without_marks_in_faults_of_the_server() {
    for message in [
        "temperature can only be set to 1 for this model",
        "temperature cannot be used with this model",
        "temperature should be 1",
        "temperature is restricted to 1.0",
        "Only temperature=1 is allowed for this model",
        "temperature not allowed",
        "temperature may not be specified for reasoning models",
        "temperature is no longer available for this model",
        "Invalid value for temperature: 0",
        "temperature 0 is invalid",
        "You must not send temperature",
        "top-level field temperature is unknown",
        "litellm.BadRequestError: m doesn't support temperature=0",
    ] {
        for status in [400, 429, 500, 502, 503] {
            assert_eq!(change(status, &openai("", message)).as_deref(), Some("temperature"), "{status} {message}");
        }
    }
    let developer = openai("", "Developer instruction is not enabled for models/gemma-3-27b-it");
    assert_eq!(change(500, &developer).as_deref(), Some("system_message"));
    for (status, message) in [
        (500, "invalid response while reading the temperature"),
        (500, "temperature sensor: invalid state"),
        (500, "Internal error: temperature must be known"),
        (503, "temperature is unavailable, try again later"),
        (429, "Rate limit reached: temperature must be 1"),
        (429, "You exceeded your quota: max_tokens must be lower"),
        (429, "max_tokens must be lower: tokens are invalid"),
    ] {
        assert_eq!(change(status, &openai("", message)), None, "{status} {message}");
    }
}

/// All parameters that an error names, in their order.
#[test]
fn several_parameters_of_one_error() {
    let (limit, format, system) = (
        CapabilityChange::RenameOutputLimit(Some(OutputLimit::MaxTokens)),
        CapabilityChange::WeakerFormat,
        CapabilityChange::Omit(Parameter::SystemMessage),
    );
    let temperature = CapabilityChange::Omit(Parameter::Temperature);
    for (param, message, expected) in [
        (
            "",
            "Unsupported parameters: 'temperature', 'max_tokens' are not supported with this model.",
            vec![temperature, limit],
        ),
        (
            "max_tokens",
            "Unsupported parameters: 'temperature', 'max_tokens' are not supported with this model.",
            vec![limit, temperature],
        ),
        (
            "",
            "Reasoning models do not support temperature, max_tokens or system messages.",
            vec![temperature, limit, system],
        ),
        (
            "",
            "m does not support parameters: ['response_format', 'temperature'], for model=m",
            vec![format, temperature],
        ),
        ("", "Unknown fields: response_format, temperature", vec![format, temperature]),
        ("", "'temperature' is not supported", vec![temperature]),
        ("", "temperature and max_tokens", vec![]),
    ] {
        assert_eq!(find_changes(400, &ErrorBody::parse(&openai(param, message))), expected, "{param} {message}");
    }
}

/// A limit that is too small is raised, not renamed.
#[test]
fn an_output_limit_that_is_too_small() {
    for (message, least) in [
        ("Invalid 'max_tokens': integer below minimum value. Expected a value >= 256, but got 100 instead.", 256),
        ("`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our documentation", 0),
    ] {
        for status in [400, 422, 500] {
            let found = find_changes(status, &ErrorBody::parse(&openai("max_tokens", message)));
            assert_eq!(found, [CapabilityChange::MinOutput(least)], "{status} {message}");
        }
    }
}

/// Which name of the output limit is rejected; `None`: it is not clear.
#[test]
fn the_name_of_an_output_limit_that_is_rejected() {
    let (old, new) = (Some(OutputLimit::MaxTokens), Some(OutputLimit::MaxCompletionTokens));
    for (param, message, expected) in [
        (
            "",
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            old,
        ),
        ("", "max_tokens is not allowed, please use max_completion_tokens instead of max_tokens", old),
        ("", "max tokens is not supported; use max_completion_tokens", old),
        ("", "Unsupported parameter: 'max_completion_tokens' is not supported with this model.", new),
        ("", "Unsupported parameter: 'max_completion_tokens'. Use 'max_tokens' instead.", new),
        ("max_completion_tokens", "Unsupported parameter, unlike max_tokens", new),
        ("max_tokens", "Unsupported parameter", old),
        ("", "max_tokens and max_completion_tokens are not supported", None),
        ("", "max_output_tokens is not supported", None),
    ] {
        let found = find_changes(400, &ErrorBody::parse(&openai(param, message)));
        assert_eq!(found, [CapabilityChange::RenameOutputLimit(expected)], "{param} {message}");
    }
}

/// Whether thinking is to be switched off, or no longer.
#[test]
fn thinking_is_switched_as_the_error_asks() {
    let (off, on) = (CapabilityChange::DisableThinking, CapabilityChange::Omit(Parameter::Thinking));
    for (message, expected) in [
        ("Json mode response is not supported when enable_thinking is true", off),
        ("parameter.enable_thinking must be set to false for non-streaming calls", off),
        ("Unrecognized request argument supplied: enable_thinking", on),
        ("The value of the enable_thinking parameter is restricted to True.", on),
        ("enable_thinking is not supported with this model", on),
    ] {
        let found = find_changes(400, &ErrorBody::parse(&openai("", message)));
        assert_eq!(found.first(), Some(&expected), "{message}");
    }
}
