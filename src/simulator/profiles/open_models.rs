//! Servers of open models. Sources: their code and documents as of 2026-08, and issues.

use super::default::{DEFAULT, REPLY};
use crate::simulator::api_error::ErrorForm;
use crate::simulator::rules::effort::{Effort, EffortRule};
use crate::simulator::rules::model::{ModelRules, Prices};
use crate::simulator::rules::profile::{Profile, UsedUp};
use crate::simulator::rules::rejection::Rejection;
use crate::simulator::rules::reply_style::{MessageKeys, Misplaced, ReasoningText, ReplyStyle, UsageStyle};
use crate::simulator::rules::schema::{FormatRule, FreeReply, SchemaRule};

/// Prices that make every kind of token visible in a sum.
const PRICES: Prices = Prices::new(150_000, 150_000, 150_000, 600_000);
const ALL: &[Effort] =
    &[Effort::None, Effort::Minimal, Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max];
const PLAIN_USAGE: UsageStyle = UsageStyle { cached: false, reasoning: false, ..REPLY.usage };
const SCHEMA: SchemaRule = SchemaRule { is_strict: false, repeats: true, ..DEFAULT.schema };

/// A server that ignores `response_format`, and a model that follows a schema only in the prompt.
pub(crate) const IGNORES_SCHEMA: Profile = Profile {
    name: "ignores-schema",
    models: &[ModelRules::new("any", "any", PRICES)],
    schema: SchemaRule {
        json_schema: FormatRule::Ignored(FreeReply::Other),
        json_object: FormatRule::Ignored(FreeReply::Other),
        is_strict: false,
        ..DEFAULT.schema
    },
    reply: ReplyStyle {
        keys: MessageKeys::Content,
        fingerprint: None,
        service_tier: None,
        usage: PLAIN_USAGE,
        ..REPLY
    },
    ..DEFAULT
};

/// vLLM with a model that does not reason.
pub(crate) const VLLM: Profile = Profile {
    name: "vllm",
    models: &[
        ModelRules::new("Qwen/Qwen3-VL-30B-A3B-Instruct", "Qwen/Qwen3-VL-30B-A3B-Instruct", PRICES).limited(32_768),
        ModelRules::new("Qwen/Qwen3-30B-A3B", "Qwen/Qwen3-30B-A3B", PRICES).limited(32_768).blind(),
    ],
    takes_any_model: false,
    schema: SchemaRule {
        keywords: (&["uniqueItems"], Rejection::without_code("Grammar error: Unimplemented keys: [\"{name}\"]")),
        ..SCHEMA
    },
    blind: Rejection::without_code("Qwen/Qwen3-30B-A3B is not a multimodal model"),
    used_up: UsedUp::NoContent,
    errors: ErrorForm::Vllm,
    wrong_key: Some((401, r#"{"error":"Unauthorized"}"#)),
    unknown_model: Some((
        404,
        r#"{"error":{"message":"The model `{model}` does not exist.","type":"NotFoundError","param":"model","code":404}}"#,
    )),
    reply: ReplyStyle {
        reasoning: ReasoningText::Member("reasoning"),
        keys: MessageKeys::Content,
        fingerprint: None,
        service_tier: None,
        members: r#"{"prompt_logprobs":null,"kv_transfer_params":null}"#,
        choice_members: r#"{"stop_reason":null,"token_ids":null}"#,
        usage: PLAIN_USAGE,
        ..REPLY
    },
    ..DEFAULT
};

/// vLLM with a model that reasons and a parser for it. Without reasoning the parser takes the answer for
/// reasoning.
pub(crate) const VLLM_THINKING: Profile = Profile {
    name: "vllm-thinking",
    models: &[ModelRules::new("Qwen/Qwen3.5-VL-27B", "Qwen/Qwen3.5-VL-27B", PRICES)
        .reasoning(Effort::Medium, ALL)
        .limited(32_768)],
    effort: EffortRule::Checked(Rejection::without_code(
        "1 validation error: reasoning_effort: Input should be {choices}",
    )),
    switches: &[("/chat_template_kwargs/enable_thinking", "false")],
    reply: ReplyStyle { misplaced: Misplaced::WithoutReasoning, ..VLLM.reply },
    ..VLLM
};

/// vLLM with a model that reasons and without a parser: the thoughts are in the content.
pub(crate) const VLLM_NO_PARSER: Profile = Profile {
    name: "vllm-no-parser",
    schema: SchemaRule {
        json_schema: FormatRule::Ignored(FreeReply::Fenced),
        json_object: FormatRule::Ignored(FreeReply::Fenced),
        ..SCHEMA
    },
    used_up: UsedUp::EmptyContent,
    reply: ReplyStyle { reasoning: ReasoningText::Tag, misplaced: Misplaced::Never, ..VLLM.reply },
    ..VLLM_THINKING
};

/// SGLang: thoughts in `reasoning_content`.
pub(crate) const SGLANG: Profile = Profile {
    name: "sglang",
    reply: ReplyStyle {
        reasoning: ReasoningText::Member("reasoning_content"),
        misplaced: Misplaced::Never,
        choice_members: r#"{"matched_stop":null}"#,
        members: "{}",
        ..VLLM.reply
    },
    ..VLLM_THINKING
};

/// llama.cpp: any name is its model, except that `no-mmproj` is one without a projector for images.
pub(crate) const LLAMA_CPP: Profile = Profile {
    name: "llama-cpp",
    models: &[
        ModelRules::new("gpt-3.5-turbo", "gpt-3.5-turbo", PRICES).reasoning(Effort::Low, ALL).limited(32_768),
        ModelRules::new("no-mmproj", "no-mmproj", PRICES).limited(32_768).blind(),
    ],
    effort: EffortRule::Checked(Rejection::without_code("Unsupported reasoning_effort: {value}")),
    switches: &[("/chat_template_kwargs/enable_thinking", "false")],
    schema: SchemaRule { knows_unique: false, ..SCHEMA },
    blind: Rejection {
        status: 500,
        kind: "server_error",
        code: None,
        has_param: false,
        message: "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj",
    },
    used_up: UsedUp::EmptyContent,
    errors: ErrorForm::LlamaCpp,
    wrong_key: Some((401, r#"{"error":{"code":401,"message":"Invalid API Key","type":"authentication_error"}}"#)),
    reply: ReplyStyle {
        reasoning: ReasoningText::Member("reasoning_content"),
        keys: MessageKeys::Content,
        fingerprint: Some("b9012-4af1b2c3"),
        service_tier: None,
        members: r#"{"timings":{"cache_n":0,"prompt_n":1,"predicted_n":1}}"#,
        usage: PLAIN_USAGE,
        ..REPLY
    },
    ..DEFAULT
};

/// Ollama: `max_tokens` only; the answer may be where the thoughts belong.
pub(crate) const OLLAMA: Profile = Profile {
    name: "ollama",
    models: &[
        ModelRules::new("qwen3-vl:8b", "qwen3-vl:8b", PRICES).reasoning(Effort::Low, ALL).limited(32_768),
        ModelRules::new("gemma3:12b", "gemma3:12b", PRICES).limited(32_768),
        ModelRules::new("llama3.2:3b", "llama3.2:3b", PRICES).limited(32_768).blind(),
    ],
    takes_any_model: false,
    limits: &["max_tokens"],
    effort: EffortRule::Checked(Rejection::without_code(
        "invalid think value: \"{value}\" (must be \"high\", \"medium\", \"low\", true, or false)",
    )),
    blind: Rejection::without_code("this model does not support image input"),
    // A local server ignores keys. This is the reply of Ollama's cloud.
    wrong_key: Some((401, r#"{"error":{"message":"Unauthorized","type":"api_error","param":null,"code":null}}"#)),
    unknown_model: Some((
        404,
        r#"{"error":{"message":"model '{model}' not found","type":"not_found_error","param":null,"code":null}}"#,
    )),
    schema: SchemaRule { knows_unique: false, ..SCHEMA },
    used_up: UsedUp::EmptyContent,
    reply: ReplyStyle {
        reasoning: ReasoningText::Member("reasoning"),
        misplaced: Misplaced::Sometimes,
        keys: MessageKeys::Content,
        fingerprint: Some("fp_ollama"),
        service_tier: None,
        usage: PLAIN_USAGE,
        ..REPLY
    },
    ..DEFAULT
};

/// LM Studio: `max_tokens` only, no `json_object`, errors as text.
pub(crate) const LM_STUDIO: Profile = Profile {
    name: "lm-studio",
    models: &[ModelRules::new("qwen/qwen3-vl-8b", "qwen/qwen3-vl-8b", PRICES).limited(32_768)],
    limits: &["max_tokens"],
    schema: SchemaRule {
        json_object: FormatRule::Rejected(Rejection::without_code(
            "'response_format.json_schema.schema' must be an object",
        )),
        knows_unique: false,
        ..SCHEMA
    },
    errors: ErrorForm::Text,
    wrong_key: Some((
        401,
        r#"{"error":{"type":"invalid_request","code":"invalid_api_key","message":"An LM Studio API token is required to make requests to this server, but none was provided using the Authorization header using the 'Bearer' scheme (i.e., 'Authorization: Bearer $LM_API_TOKEN'). Learn more at: https://lmstudio.ai/docs/developer/core/authentication."}}"#,
    )),
    reply: ReplyStyle {
        reasoning: ReasoningText::Member("reasoning_content"),
        keys: MessageKeys::Content,
        fingerprint: Some("qwen/qwen3-vl-8b"),
        service_tier: None,
        members: r#"{"stats":{}}"#,
        usage: PLAIN_USAGE,
        ..REPLY
    },
    ..DEFAULT
};
