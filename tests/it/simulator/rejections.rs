//! What each profile rejects: the status and the members of the error, word for word.

use super::exchange::{Simulator, format, request, schema};
use serde_json::{Value, json};

/// Members of a body by their JSON pointers.
type Members = Vec<(&'static str, Value)>;

/// The error about each request: profile, members of the request, status, and members of the body by their JSON
/// pointers.
fn rejections() -> Vec<(&'static str, Value, u16, Members)> {
    let openai = |message: &str, param: &str, code: &str| {
        vec![
            ("/error/message", json!(message)),
            ("/error/type", json!("invalid_request_error")),
            ("/error/param", if param.is_empty() { Value::Null } else { json!(param) }),
            ("/error/code", if code.is_empty() { Value::Null } else { json!(code) }),
        ]
    };
    let unsupported = |name: &str| {
        openai(
            &format!("Unsupported parameter: '{name}' is not supported with this model."),
            name,
            "unsupported_parameter",
        )
    };
    let only_one = |value: &str| {
        let message = format!(
            "Unsupported value: 'temperature' does not support {value} with this model. Only the default (1) value is supported."
        );
        openai(&message, "temperature", "unsupported_value")
    };
    let max_tokens = || {
        let message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
        openai(message, "max_tokens", "unsupported_parameter")
    };
    let effort = |value: &str, list: &str| {
        let message = format!(
            "Unsupported value: 'reasoning_effort' does not support '{value}' with this model. Supported values are: {list}."
        );
        openai(&message, "reasoning_effort", "unsupported_value")
    };
    let unknown = |name: &str| openai(&format!("Unrecognized request argument supplied: {name}"), "", "");
    let plain = |message: &str| vec![("/error/message", json!(message))];
    let google =
        |message: &str| vec![("/0/error/message", json!(message)), ("/0/error/status", json!("INVALID_ARGUMENT"))];
    let bounded = |keyword: &str, value: Value| {
        let mut schema = schema();
        schema["properties"]["marks"][keyword] = value;
        json!({"response_format": format(&schema)})
    };
    let not_permitted = |keyword: &str| {
        let message = format!(
            "Invalid schema for response_format 'page': In context=('properties', 'marks'), '{keyword}' is not permitted."
        );
        openai(&message, "response_format", "")
    };
    let all = "'none', 'low', 'medium', 'high', and 'xhigh'";
    let no_cache = "prompt_cache_options";
    let explicit = json!({"mode": "explicit"});
    let hidden = r#"Invalid JSON payload received. Unknown name "frequency_penalty": Cannot find field."#;
    vec![
        ("default", json!({"temperature": 9}), 400, vec![("/error/code", json!("decimal_above_max_value"))]),
        (
            "default",
            json!({"max_completion_tokens": 0}),
            400,
            openai(
                "Invalid 'max_completion_tokens': integer below minimum value. Expected a value >= 1, but got 0 instead.",
                "max_completion_tokens",
                "integer_below_min_value",
            ),
        ),
        ("gpt-4o-mini", json!({"reasoning_effort": "low"}), 400, unknown("reasoning_effort")),
        ("gpt-4o-mini", json!({"enable_thinking": false}), 400, unknown("enable_thinking")),
        ("gpt-4o-mini", json!({no_cache: explicit}), 400, unsupported(no_cache)),
        (
            "gpt-4o-mini",
            json!({"model": "gpt-7"}),
            404,
            openai("The model `gpt-7` does not exist or you do not have access to it.", "", "model_not_found"),
        ),
        ("gpt-4o-mini", bounded("uniqueItems", json!(true)), 400, not_permitted("uniqueItems")),
        (
            "gpt-4o-mini",
            json!({"max_tokens": 20_000}),
            400,
            openai(
                "max_tokens is too large: 20000. This model supports at most 16384 completion tokens, whereas you provided 20000.",
                "max_tokens",
                "invalid_value",
            ),
        ),
        ("gpt-5-mini", json!({"max_tokens": 300}), 400, max_tokens()),
        (
            "gpt-5-mini",
            json!({"reasoning_effort": "none"}),
            400,
            effort("none", "'minimal', 'low', 'medium', and 'high'"),
        ),
        ("gpt-5.4-mini", json!({"max_tokens": 300}), 400, max_tokens()),
        ("gpt-5.4-mini", json!({"stop": "x"}), 400, unsupported("stop")),
        ("gpt-5.4-mini", json!({"reasoning_effort": "low", "temperature": 0}), 400, only_one("0")),
        ("gpt-5.4-mini", json!({"reasoning_effort": "low", "logprobs": true}), 400, unsupported("logprobs")),
        ("gpt-5.4-mini", json!({"reasoning_effort": "minimal"}), 400, effort("minimal", all)),
        ("gpt-5.4-mini", json!({no_cache: explicit}), 400, unsupported(no_cache)),
        ("gpt-5.6-luna", json!({"temperature": 0.7}), 400, only_one("0.7")),
        ("gpt-5.6-luna", json!({"top_p": 0.5}), 400, unsupported("top_p")),
        ("gpt-5.6-luna", json!({"prompt_cache_retention": "24h"}), 400, unsupported("prompt_cache_retention")),
        ("gpt-6-luna", json!({"temperature": 0}), 400, only_one("0")),
        ("gpt-6-luna", json!({"max_tokens": 300}), 400, max_tokens()),
        ("gpt-6-luna", json!({"reasoning_effort": "max"}), 400, effort("max", all)),
        ("gpt-6-luna", json!({"max_completion_tokens": 128_001}), 400, vec![("/error/code", json!("invalid_value"))]),
        (
            "gpt-6-astra",
            json!({"reasoning_effort": "none"}),
            400,
            effort("none", "'low', 'medium', 'high', and 'xhigh'"),
        ),
        ("gpt-6-astra", json!({"presence_penalty": 1}), 400, unsupported("presence_penalty")),
        (
            "gpt-6-astra",
            json!({"max_completion_tokens": 20}),
            400,
            openai(
                "Could not finish the message because max_tokens or model output limit was reached. Please try again with higher max_tokens.",
                "",
                "",
            ),
        ),
        ("azure", json!({"reasoning_effort": "none"}), 400, effort("none", all)),
        ("azure", bounded("maxItems", json!(2)), 400, not_permitted("maxItems")),
        ("azure", json!({"model": "other"}), 404, vec![("/error/code", json!("DeploymentNotFound"))]),
        (
            "litellm",
            json!({"model": "other"}),
            400,
            vec![
                ("/error/code", json!("400")),
                (
                    "/error/message",
                    json!(
                        "{'error': '/chat/completions: Invalid model name passed in model=other. Call `/v1/models` to view available models for your key.'}"
                    ),
                ),
            ],
        ),
        (
            "litellm",
            json!({"temperature": 0}),
            400,
            vec![("/error/code", json!("400")), ("/error/param", json!("temperature"))],
        ),
        (
            "claude-compat",
            json!({"temperature": 0}),
            400,
            openai("temperature is deprecated for this model.", "", "invalid_request_error"),
        ),
        (
            "claude-compat",
            json!({"model": "claude-does-not-exist"}),
            404,
            vec![("/error/message", json!("model: claude-does-not-exist"))],
        ),
        ("gemini", json!({"frequency_penalty": 0.5}), 400, google(hidden)),
        (
            "gemini",
            json!({"prompt_cache_key": "k", "frequency_penalty": 0.5}),
            400,
            vec![("/0/error/details/0/fieldViolations/0/description", json!(hidden))],
        ),
        (
            "gemini",
            json!({"reasoning_effort": "minimal"}),
            400,
            google("Invalid reasoning_effort: minimal. Valid values are: high, low, medium, none"),
        ),
        ("gemini", json!({"model": "gemini-9"}), 404, vec![("/0/error/status", json!("NOT_FOUND"))]),
        (
            "gemini-3.8-flash",
            json!({"reasoning_effort": "none"}),
            400,
            google("Thinking level is unsupported: THINKING_LEVEL_MINIMAL"),
        ),
        (
            "openrouter",
            json!({"model": "openai/gpt-oss-120b"}),
            404,
            plain("No endpoints found that support image input"),
        ),
        (
            "openrouter",
            json!({"model": "other"}),
            400,
            vec![("/error/code", json!(400)), ("/error/message", json!("other is not a valid model ID"))],
        ),
        (
            "mistral",
            json!({"max_completion_tokens": 300, "seed": 1}),
            422,
            vec![
                ("/message/detail/0/type", json!("extra_forbidden")),
                ("/message/detail/0/loc", json!(["body", "seed"])),
                ("/message/detail/1/loc", json!(["body", "max_completion_tokens"])),
                ("/message/detail/0/msg", json!("Extra inputs are not permitted")),
            ],
        ),
        (
            "mistral",
            json!({"stream": true, "stream_options": {"include_usage": true}}),
            422,
            vec![("/message/detail/0/loc/1", json!("stream_options"))],
        ),
        ("groq", json!({"logprobs": true}), 400, plain("property 'logprobs' is unsupported")),
        ("groq", json!({"n": 2}), 400, plain("'n' : number must be at most 1")),
        (
            "groq",
            json!({"model": "llama-3.2-11b-vision-preview", "messages": with_system("llama")}),
            400,
            plain("prompting with images is incompatible with system messages"),
        ),
        (
            "xai",
            json!({"stop": "x"}),
            400,
            vec![("/error", json!("Model grok-4-1-fast-reasoning does not support parameter stop."))],
        ),
        ("deepseek", json!({}), 400, plain("This response_format type is unavailable now")),
        (
            "dashscope",
            json!({}),
            400,
            vec![
                ("/error/message", json!("parameter.enable_thinking must be set to false for non-streaming calls")),
                ("/error/code", json!("invalid_parameter_error")),
            ],
        ),
        (
            "dashscope",
            json!({"stream": true}),
            400,
            plain("Json mode response is not supported when enable_thinking is true"),
        ),
        (
            "default",
            json!({"messages": with_empty_turn()}),
            400,
            openai(
                "Invalid 'messages[1].content': string too short. Expected a string with minimum length 1, but got an empty string instead.",
                "messages[1].content",
                "string_below_min_length",
            ),
        ),
        ("kimi", json!({"temperature": 0}), 400, plain("invalid temperature: only 1 is allowed for this model")),
        (
            "kimi",
            json!({"messages": with_empty_turn()}),
            400,
            plain("Invalid request: the message at position 1 with role 'assistant' must not be empty"),
        ),
        (
            "claude-compat",
            json!({"messages": with_empty_turn()}),
            400,
            plain("messages: text content blocks must be non-empty"),
        ),
        (
            "vllm",
            bounded("uniqueItems", json!(true)),
            400,
            vec![
                ("/error/message", json!("Grammar error: Unimplemented keys: [\"uniqueItems\"]")),
                ("/error/type", json!("BadRequestError")),
                ("/error/code", json!(400)),
            ],
        ),
        ("vllm", json!({"model": "Qwen/Qwen3-30B-A3B"}), 400, plain("Qwen/Qwen3-30B-A3B is not a multimodal model")),
        ("vllm", json!({"model": "other"}), 404, plain("The model `other` does not exist.")),
        (
            "llama-cpp",
            json!({"model": "no-mmproj"}),
            500,
            plain("image input is not supported - hint: if this is unexpected, you may need to provide the mmproj"),
        ),
        ("ollama", json!({"model": "llama3.2:3b"}), 400, plain("this model does not support image input")),
        ("ollama", json!({"model": "other"}), 404, plain("model 'other' not found")),
        (
            "lm-studio",
            json!({"response_format": {"type": "json_object"}}),
            400,
            vec![("/error", json!("'response_format.json_schema.schema' must be an object"))],
        ),
    ]
}

/// Messages of a page after a system message.
fn with_system(model: &str) -> Value {
    let user = request(model, 1)["messages"][0].clone();
    json!([{"role": "system", "content": "Reply in JSON."}, user])
}

/// Messages of a page with a reply that was empty.
fn with_empty_turn() -> Value {
    let user = request("m", 1)["messages"][0].clone();
    json!([user, {"role": "assistant", "content": ""}, {"role": "user", "content": "Again."}])
}

#[test]
fn each_profile_rejects_what_its_api_rejects() {
    for (profile, members, status, expected) in rejections() {
        let reply = Simulator::start(profile).ask(1, &members);
        assert_eq!(reply.status, status, "{profile} {members}: {}", reply.text);
        for (pointer, value) in expected {
            assert_eq!(reply.json().pointer(pointer), Some(&value), "{profile} {members} {pointer}: {}", reply.text);
        }
    }
}

#[test]
fn each_profile_accepts_what_its_api_accepts() {
    let schema_in_bounds = {
        let mut schema = schema();
        schema["properties"]["marks"]["maxItems"] = json!(2);
        json!({"response_format": format(&schema)})
    };
    for (profile, members) in [
        ("default", json!({"temperature": 0, "top_k": 3})),
        ("gpt-4o-mini", json!({"temperature": 0, "max_tokens": 300, "seed": 1, "stop": "x", "logprobs": true})),
        ("gpt-4o-mini", schema_in_bounds.clone()),
        ("gpt-5.4-mini", json!({"temperature": 0.2, "top_p": 0.5, "logprobs": true, "max_completion_tokens": 300})),
        ("gpt-5.6-luna", json!({"reasoning_effort": "none", "temperature": 1.5, "seed": 7})),
        ("gpt-5.6-luna", json!({"verbosity": "low", "prompt_cache_options": {"mode": "explicit"}})),
        ("gpt-6-luna", json!({"reasoning_effort": "none", "temperature": 0.2})),
        ("gpt-6-luna", json!({"temperature": 1, "top_p": 1, "logprobs": false})),
        ("gpt-6-luna", json!({"model": "gpt-6-luna-2026-09-22"})),
        ("gpt-6-astra", json!({"temperature": 1, "top_p": 1, "reasoning_effort": "low"})),
        ("azure", json!({"reasoning_effort": "xhigh", "max_completion_tokens": 20_000})),
        (
            "claude-compat",
            json!({"reasoning_effort": "none", "seed": 1, "logprobs": true, "foo": 1, "thinking": {"type": "disabled"}}),
        ),
        ("gemini", json!({"reasoning_effort": "none", "extra_body": {"google": {}}})),
        ("gemini-3.8-flash", json!({"reasoning_effort": "low"})),
        ("openrouter", json!({"temperature": 0, "reasoning": {"effort": "none"}})),
        ("mistral", json!({"max_tokens": 300, "random_seed": 1, "temperature": 0})),
        ("groq", json!({"messages": with_system("m"), "n": 1})),
        ("deepseek", json!({"response_format": {"type": "json_object"}})),
        ("dashscope", json!({"enable_thinking": false})),
        ("kimi", json!({"temperature": 1})),
        ("vllm", json!({"max_tokens": 30, "guided_json": {}})),
        ("vllm", schema_in_bounds),
        ("llama-cpp", json!({"model": "whatever"})),
        ("lm-studio", json!({})),
    ] {
        let reply = Simulator::start(profile).ask(1, &members);
        assert_eq!(reply.status, 200, "{profile} {members}: {}", reply.text);
    }
}

#[test]
fn a_wrong_key_gets_the_error_of_the_api() {
    for (profile, status, pointer, value) in [
        ("default", 401, "/error/code", json!("invalid_api_key")),
        ("litellm", 400, "/error/message", json!("No connected db.")),
        ("gemini", 400, "/0/error/message", json!("API key not valid. Please pass a valid API key.")),
        ("mistral", 401, "/detail", json!("Invalid API Key")),
        ("azure", 401, "/error/code", json!("401")),
        ("deepseek", 401, "/error/type", json!("authentication_error")),
        ("claude-compat", 401, "/error/message", json!("invalid x-api-key")),
        ("openrouter", 401, "/error/message", json!("Missing Authentication header")),
        ("groq", 401, "/error/message", json!("Invalid API Key")),
        ("xai", 400, "/code", json!("Client specified an invalid argument")),
        ("dashscope", 401, "/request_id", json!("simulator")),
        ("kimi", 401, "/error/type", json!("invalid_authentication_error")),
        ("vllm", 401, "/error", json!("Unauthorized")),
        ("sglang", 401, "/error", json!("Unauthorized")),
        ("llama-cpp", 401, "/error/type", json!("authentication_error")),
        ("ollama", 401, "/error/message", json!("Unauthorized")),
        ("lm-studio", 401, "/error/type", json!("invalid_request")),
    ] {
        let options = docmill::internal::simulator::Options {
            profile: super::exchange::profile(profile),
            key: Some("right".into()),
            ..Default::default()
        };
        let reply = Simulator::with(options).ask(1, &json!({}));
        assert_eq!((reply.status, reply.json().pointer(pointer)), (status, Some(&value)), "{profile}: {}", reply.text);
    }
}
