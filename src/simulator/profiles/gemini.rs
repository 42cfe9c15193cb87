//! Google's compatible layer. Sources: its documents, and replies and errors that users reported in 2026.

use super::default::{DEFAULT, REPLY};
use crate::simulator::api_error::ErrorForm;
use crate::simulator::rules::effort::{Effort, EffortRule};
use crate::simulator::rules::model::{ModelRules, Prices};
use crate::simulator::rules::profile::{Profile, UnknownMembers, UsedUp};
use crate::simulator::rules::rejection::Rejection;
use crate::simulator::rules::reply_style::{MessageKeys, ReplyStyle, StreamUsage, UsageStyle};
use crate::simulator::rules::schema::SchemaRule;

/// Members that are known. `frequency_penalty`, `top_k` and `prompt_cache_key` are not.
#[rustfmt::skip]
const MEMBERS: &[&str] = &[
    "model", "messages", "stream", "stream_options", "temperature", "top_p", "n", "seed", "stop", "max_tokens",
    "max_completion_tokens", "presence_penalty", "response_format", "tools", "tool_choice", "reasoning_effort",
    "modalities", "user", "extra_body",
];

const INVALID: &str = "Invalid reasoning_effort: {value}. Valid values are: high, low, medium, none";

/// Models before 3: thinking may be turned off.
pub(crate) const GEMINI: Profile = Profile {
    name: "gemini",
    takes_any_model: false,
    models: &[
        ModelRules::new("gemini-2.5-flash", "gemini-2.5-flash", Prices::new(300_000, 30_000, 0, 2_500_000))
            .reasoning(Effort::Medium, WITH_NONE),
        ModelRules::new("gemini-2.5-flash-lite", "gemini-2.5-flash-lite", Prices::new(100_000, 10_000, 0, 400_000))
            .reasoning(Effort::None, WITH_NONE),
        ModelRules::new("gemini-3.5-flash", "gemini-3.5-flash", Prices::new(1_500_000, 150_000, 0, 9_000_000))
            .reasoning(Effort::Medium, WITH_NONE),
    ],
    unknown: Some(UnknownMembers {
        known: MEMBERS,
        rejection: Rejection::without_code(
            "Invalid JSON payload received. Unknown name \"{name}\": Cannot find field.",
        ),
        in_lines: true,
    }),
    effort: EffortRule::Checked(Rejection::without_code(INVALID)),
    switches: &[
        ("/extra_body/google/thinking_config/thinking_budget", "0"),
        ("/extra_body/google/thinking_config/thinking_level", "\"none\""),
    ],
    schema: SchemaRule { is_strict: false, ..DEFAULT.schema },
    used_up: UsedUp::NoContent,
    errors: ErrorForm::Google,
    wrong_key: Some((
        400,
        r#"[{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}]"#,
    )),
    unknown_model: Some((
        404,
        r#"[{"error":{"code":404,"message":"models/{model} is not found for API version v1main, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.","status":"NOT_FOUND"}}]"#,
    )),
    reply: ReplyStyle {
        keys: MessageKeys::Present,
        fingerprint: None,
        service_tier: None,
        usage: UsageStyle { hides_reasoning: true, cached: false, reasoning: false, ..REPLY.usage },
        stream_usage: StreamUsage::EveryChunk,
        ..REPLY
    },
    ..DEFAULT
};

/// Models since 3.6: thinking can't be turned off.
pub(crate) const GEMINI_3_8_FLASH: Profile = Profile {
    name: "gemini-3.8-flash",
    models: &[
        ModelRules::new("gemini-3.8-flash", "gemini-3.8-flash", Prices::new(750_000, 75_000, 0, 3_750_000))
            .reasoning(Effort::Medium, ABOVE_NONE),
        ModelRules::new("gemini-3.7-flash", "gemini-3.7-flash", Prices::new(750_000, 75_000, 0, 3_750_000))
            .reasoning(Effort::Medium, ABOVE_NONE),
        ModelRules::new("gemini-3.6-flash", "gemini-3.6-flash", Prices::new(750_000, 75_000, 0, 3_750_000))
            .reasoning(Effort::Medium, ABOVE_NONE),
        ModelRules::new("gemini-3.5-flash-lite", "gemini-3.5-flash-lite", Prices::new(300_000, 30_000, 0, 2_500_000))
            .reasoning(Effort::Minimal, ABOVE_NONE),
    ],
    effort: EffortRule::Checked(Rejection::without_code("Thinking level is unsupported: THINKING_LEVEL_MINIMAL")),
    ..GEMINI
};

const WITH_NONE: &[Effort] = &[Effort::None, Effort::Low, Effort::Medium, Effort::High];
const ABOVE_NONE: &[Effort] = &[Effort::Low, Effort::Medium, Effort::High];
