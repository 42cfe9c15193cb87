//! Hosts of models of several makers. Sources: their documents, recorded replies and issues of 2026.

use super::default::{DEFAULT, REPLY};
use crate::simulator::api_error::ErrorForm;
use crate::simulator::rules::effort::{Effort, EffortRule};
use crate::simulator::rules::model::{ModelRules, Prices};
use crate::simulator::rules::parameter::ParameterRule;
use crate::simulator::rules::profile::{Profile, UnknownMembers, UsedUp};
use crate::simulator::rules::rejection::Rejection;
use crate::simulator::rules::reply_style::{MessageKeys, ReasoningText, ReplyStyle, StreamUsage, UsageStyle};
use crate::simulator::rules::schema::{FormatRule, FreeReply, SchemaRule};

const WITH_NONE: &[Effort] = &[Effort::None, Effort::Low, Effort::Medium, Effort::High];
const ABOVE_NONE: &[Effort] = &[Effort::Low, Effort::Medium, Effort::High];
const LOOSE: SchemaRule = SchemaRule { is_strict: false, ..DEFAULT.schema };
const PLAIN: ReplyStyle = ReplyStyle { keys: MessageKeys::Content, service_tier: None, ..REPLY };

/// OpenRouter: the cost in `usage`, thoughts in `reasoning`, comments in streams. A schema is followed only
/// when the route must support all parameters.
pub(crate) const OPENROUTER: Profile = Profile {
    name: "openrouter",
    models: &[
        ModelRules::new(
            "qwen/qwen3-vl-30b-a3b-instruct",
            "qwen/qwen3-vl-30b-a3b-instruct",
            Prices::new(150_000, 150_000, 150_000, 600_000),
        ),
        ModelRules::new(
            "google/gemini-3.8-flash",
            "google/gemini-3.8-flash",
            Prices::new(750_000, 75_000, 0, 3_750_000),
        )
        .reasoning(Effort::Medium, WITH_NONE),
        ModelRules::new(
            "openai/gpt-6-luna",
            "openai/gpt-6-luna-2026-09-22",
            Prices::new(100_000, 10_000, 125_000, 500_000),
        )
        .reasoning(Effort::Medium, WITH_NONE),
        ModelRules::new("openai/gpt-oss-120b", "openai/gpt-oss-120b", Prices::new(100_000, 100_000, 0, 500_000))
            .blind(),
    ],
    takes_any_model: false,
    effort: EffortRule::Checked(Rejection::without_code("Invalid option: expected one of {choices}")),
    switches: &[("/reasoning/effort", "\"none\""), ("/reasoning/enabled", "false")],
    schema: SchemaRule { json_schema: FormatRule::OnDemand(FreeReply::Fenced), ..LOOSE },
    blind: Rejection { status: 404, ..Rejection::without_code("No endpoints found that support image input") },
    used_up: UsedUp::NoContent,
    errors: ErrorForm::OpenRouter,
    wrong_key: Some((401, r#"{"error":{"message":"Missing Authentication header","code":401}}"#)),
    unknown_model: Some((
        400,
        r#"{"error":{"message":"{model} is not a valid model ID","code":400},"user_id":"user_simulator"}"#,
    )),
    reply: ReplyStyle {
        reasoning: ReasoningText::Member("reasoning"),
        keys: MessageKeys::All,
        fingerprint: None,
        members: r#"{"provider":"Alibaba"}"#,
        choice_members: r#"{"native_finish_reason":"stop"}"#,
        usage: UsageStyle { cost: true, written: true, ..REPLY.usage },
        comment: ": OPENROUTER PROCESSING\n\n",
        ..PLAIN
    },
    ..DEFAULT
};

#[rustfmt::skip]
const MISTRAL_MEMBERS: &[&str] = &[
    "model", "messages", "stream", "temperature", "top_p", "n", "random_seed", "stop", "max_tokens", "presence_penalty",
    "frequency_penalty", "response_format", "tools", "tool_choice", "parallel_tool_calls", "prediction", "prompt_mode",
    "safe_prompt", "metadata", "reasoning_effort",
];

/// Mistral: unknown members are a 422, thoughts are a part of the content.
pub(crate) const MISTRAL: Profile = Profile {
    name: "mistral",
    models: &[
        ModelRules::new("mistral-medium-3-5", "mistral-medium-3-5", Prices::new(1_500_000, 150_000, 0, 7_500_000)),
        ModelRules::new(
            "magistral-medium-latest",
            "magistral-medium-latest",
            Prices::new(2_000_000, 200_000, 0, 5_000_000),
        )
        .reasoning(Effort::Low, WITH_NONE),
    ],
    takes_any_model: false,
    limits: &["max_tokens"],
    unknown: Some(UnknownMembers {
        known: MISTRAL_MEMBERS,
        rejection: Rejection {
            status: 422,
            has_param: true,
            ..Rejection::without_code("Extra inputs are not permitted")
        },
        in_lines: false,
    }),
    effort: EffortRule::Checked(Rejection::without_code("reasoning_effort {value} is not supported by this model")),
    empty_turn: Some(Rejection::without_code(
        "Assistant message must have either content or tool_calls, but not none.",
    )),
    schema: LOOSE,
    errors: ErrorForm::Mistral,
    wrong_key: Some((401, r#"{"detail":"Invalid API Key"}"#)),
    unknown_model: Some((
        400,
        r#"{"object":"error","message":"Invalid model: {model}","type":"invalid_model","param":null,"code":"1500"}"#,
    )),
    reply: ReplyStyle {
        reasoning: ReasoningText::Part,
        fingerprint: None,
        usage: UsageStyle { reasoning: false, ..REPLY.usage },
        stream_usage: StreamUsage::LastChunk,
        cut_reason: "model_length",
        ..PLAIN
    },
    ..DEFAULT
};

/// Groq: no log-probabilities and one choice; usage of streams in `x_groq`.
pub(crate) const GROQ: Profile = Profile {
    name: "groq",
    models: &[
        ModelRules::new("qwen/qwen3.8-27b", "qwen/qwen3.8-27b", Prices::new(800_000, 800_000, 0, 4_000_000))
            .reasoning(Effort::Medium, WITH_NONE),
        ModelRules::new(
            "llama-3.2-11b-vision-preview",
            "llama-3.2-11b-vision-preview",
            Prices::new(180_000, 180_000, 0, 180_000),
        )
        .without_system(),
    ],
    takes_any_model: false,
    parameters: &[
        ParameterRule::never(
            &["logprobs", "top_logprobs", "logit_bias"],
            Rejection::without_code("property '{name}' is unsupported"),
        ),
        ParameterRule::only_one(&["n"], Rejection::without_code("'n' : number must be at most 1")),
    ],
    effort: EffortRule::Checked(Rejection::without_code("`reasoning_effort` must be one of {choices}")),
    schema: LOOSE,
    used_up: UsedUp::EmptyContent,
    wrong_key: Some((
        401,
        r#"{"error":{"message":"Invalid API Key","type":"invalid_request_error","code":"invalid_api_key"}}"#,
    )),
    reply: ReplyStyle {
        reasoning: ReasoningText::Member("reasoning"),
        service_tier: Some("on_demand"),
        members: r#"{"x_groq":{"id":"req_simulator"}}"#,
        usage: UsageStyle { cached: false, ..REPLY.usage },
        stream_usage: StreamUsage::Groq,
        ..PLAIN
    },
    ..DEFAULT
};

/// xAI: reasoning tokens are not in `completion_tokens`.
pub(crate) const XAI: Profile = Profile {
    name: "xai",
    models: &[ModelRules::new(
        "grok-4-1-fast-reasoning",
        "grok-4-1-fast-reasoning",
        Prices::new(200_000, 50_000, 0, 500_000),
    )
    .reasoning(Effort::Low, ABOVE_NONE)],
    takes_any_model: false,
    parameters: &[
        ParameterRule::never(
            &["stop"],
            Rejection::without_code("Model grok-4-1-fast-reasoning does not support parameter stop."),
        ),
        ParameterRule::never(
            &["presence_penalty"],
            Rejection::without_code("Model grok-4-1-fast-reasoning does not support parameter presencePenalty."),
        ),
    ],
    effort: EffortRule::Unknown(Rejection::without_code(
        "Model grok-4-1-fast-reasoning does not support parameter reasoningEffort.",
    )),
    schema: LOOSE,
    errors: ErrorForm::Text,
    wrong_key: Some((
        400,
        r#"{"code":"Client specified an invalid argument","error":"Incorrect API key provided: ke***ey. You can obtain an API key from https://console.x.ai."}"#,
    )),
    reply: ReplyStyle {
        usage: UsageStyle { hides_reasoning: true, ..REPLY.usage },
        stream_usage: StreamUsage::LastChunk,
        ..PLAIN
    },
    ..DEFAULT
};

/// DeepSeek: thinks by default, no schemas.
pub(crate) const DEEPSEEK: Profile = Profile {
    name: "deepseek",
    models: &[ModelRules::new("deepseek-v4-flash", "deepseek-v4-flash", Prices::new(140_000, 28_000, 0, 280_000))
        .reasoning(Effort::Low, WITH_NONE)],
    takes_any_model: false,
    limits: &["max_tokens"],
    switches: &[("/thinking/type", "\"disabled\"")],
    schema: SchemaRule {
        json_schema: FormatRule::Rejected(Rejection {
            code: Some("invalid_request_error"),
            ..Rejection::without_code("This response_format type is unavailable now")
        }),
        ..LOOSE
    },
    wrong_key: Some((
        401,
        r#"{"error":{"message":"Authentication Fails, Your api key: ****-key is invalid","type":"authentication_error","param":null,"code":"invalid_request_error"}}"#,
    )),
    unknown_model: Some((
        400,
        r#"{"error":{"message":"Model Not Exist","type":"invalid_request_error","param":null,"code":"invalid_request_error"}}"#,
    )),
    reply: ReplyStyle {
        reasoning: ReasoningText::Member("reasoning_content"),
        usage: UsageStyle { hits: true, ..REPLY.usage },
        stream_usage: StreamUsage::LastChunk,
        ..PLAIN
    },
    ..DEFAULT
};

/// DashScope: thinks by default, but neither in whole replies nor with a format.
pub(crate) const DASHSCOPE: Profile = Profile {
    name: "dashscope",
    models: &[ModelRules::new("qwen3.8-flash", "qwen3.8-flash", Prices::new(150_000, 16_000, 200_000, 470_000))
        .reasoning(Effort::Medium, WITH_NONE)],
    takes_any_model: false,
    switches: &[("/enable_thinking", "false")],
    image_cap: Some((2560, "vl_high_resolution_images")),
    whole_while_reasoning: Some(Rejection {
        code: Some("invalid_parameter_error"),
        ..Rejection::without_code("parameter.enable_thinking must be set to false for non-streaming calls")
    }),
    format_while_reasoning: Some(Rejection {
        code: Some("invalid_parameter_error"),
        ..Rejection::without_code("Json mode response is not supported when enable_thinking is true")
    }),
    schema: LOOSE,
    errors: ErrorForm::DashScope,
    wrong_key: Some((
        401,
        r#"{"error":{"message":"Incorrect API key provided. For details, see: https://www.alibabacloud.com/help/en/model-studio/error-code#apikey-error","type":"invalid_request_error","param":null,"code":"invalid_api_key"},"request_id":"simulator"}"#,
    )),
    reply: ReplyStyle { reasoning: ReasoningText::Member("reasoning_content"), ..PLAIN },
    ..DEFAULT
};

/// Kimi: one temperature, no empty messages, usage of streams in the choice.
pub(crate) const KIMI: Profile = Profile {
    name: "kimi",
    models: &[ModelRules::new("kimi-k2.6", "kimi-k2.6", Prices::new(600_000, 100_000, 0, 2_500_000))
        .reasoning(Effort::Low, WITH_NONE)],
    takes_any_model: false,
    parameters: &[ParameterRule::only_one(
        &["temperature"],
        Rejection::without_code("invalid temperature: only 1 is allowed for this model"),
    )],
    switches: &[("/thinking/type", "\"disabled\"")],
    empty_turn: Some(Rejection::without_code(
        "Invalid request: the message at position {value} with role 'assistant' must not be empty",
    )),
    schema: LOOSE,
    wrong_key: Some((401, r#"{"error":{"message":"Invalid Authentication","type":"invalid_authentication_error"}}"#)),
    reply: ReplyStyle {
        reasoning: ReasoningText::Member("reasoning_content"),
        stream_usage: StreamUsage::Choice,
        ..PLAIN
    },
    ..DEFAULT
};
