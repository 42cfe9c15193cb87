//! Models of OpenAI. Sources: the latest-model guide and the reasoning guide (2026-10), the LiteLLM price
//! map 1.110.2 (2026-11-25), and errors that users reported in 2026.

use super::default::DEFAULT;
use crate::simulator::rules::effort::{Effort, EffortRule};
use crate::simulator::rules::model::{ModelRules, Prices, Tier};
use crate::simulator::rules::parameter::ParameterRule;
use crate::simulator::rules::profile::{Profile, UnknownMembers, UsedUp};
use crate::simulator::rules::rejection::Rejection;
use crate::simulator::rules::reply_style::{ReplyStyle, UsageStyle};
use crate::simulator::rules::schema::SchemaRule;

/// The members of a request (specification 2.3.0).
#[rustfmt::skip]
pub(crate) const MEMBERS: &[&str] = &[
    "model", "messages", "stream", "stream_options", "temperature", "top_p", "n", "seed", "stop", "max_tokens",
    "max_completion_tokens", "presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs",
    "response_format", "tools", "tool_choice", "parallel_tool_calls", "functions", "function_call", "user", "store",
    "metadata", "service_tier", "reasoning_effort", "verbosity", "prompt_cache_key", "prompt_cache_retention",
    "prompt_cache_options", "safety_identifier", "modalities", "audio", "prediction", "web_search_options", "moderation",
];

const UNKNOWN: UnknownMembers = UnknownMembers {
    known: MEMBERS,
    rejection: Rejection::without_code("Unrecognized request argument supplied: {name}"),
    in_lines: false,
};

const UNSUPPORTED: Rejection =
    Rejection::with_code("unsupported_parameter", "Unsupported parameter: '{name}' is not supported with this model.");
pub(crate) const MAX_TOKENS: Rejection = Rejection::with_code(
    "unsupported_parameter",
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
);
pub(crate) const ONLY_DEFAULT: Rejection = Rejection::with_code(
    "unsupported_value",
    "Unsupported value: '{name}' does not support {value} with this model. Only the default (1) value is supported.",
);
pub(crate) const EFFORT: Rejection = Rejection::with_code(
    "unsupported_value",
    "Unsupported value: '{name}' does not support '{value}' with this model. Supported values are: {choices}.",
);

/// Members that every reasoning model rejects.
const ALWAYS: ParameterRule =
    ParameterRule::never(&["stop", "presence_penalty", "frequency_penalty", "logit_bias"], UNSUPPORTED);
/// Members that a model rejects while it reasons.
const TEMPERATURE: ParameterRule = ParameterRule::only_one(&["temperature"], ONLY_DEFAULT).while_reasoning();
const SAMPLING: ParameterRule =
    ParameterRule::only_one(&["top_p", "logprobs", "top_logprobs"], UNSUPPORTED).while_reasoning();
/// Members of prompt caching since gpt-5.6.
const CACHE_OPTIONS: ParameterRule = ParameterRule::never(&["prompt_cache_options"], UNSUPPORTED);
/// The member of prompt caching before gpt-5.6.
const CACHE_RETENTION: ParameterRule = ParameterRule::never(&["prompt_cache_retention"], UNSUPPORTED);

const TIERS: &[Tier] = &[
    Tier { asked: "flex", used: "flex", percent: 50 },
    Tier { asked: "fast", used: "priority", percent: 200 },
    // A request may be served, and billed, at a lower tier than it asks for.
    Tier { asked: "priority", used: "default", percent: 100 },
];

const SCHEMA: SchemaRule = SchemaRule {
    keywords: (
        &["uniqueItems"],
        Rejection {
            status: 400,
            kind: "invalid_request_error",
            code: None,
            has_param: false,
            message: "Invalid schema for response_format 'page': In context=({value}), '{name}' is not permitted.",
        },
    ),
    ..DEFAULT.schema
};

const WRITES: ReplyStyle = ReplyStyle { usage: UsageStyle { written: true, ..DEFAULT.reply.usage }, ..DEFAULT.reply };

/// A model of the families since gpt-5.6: it reasons by default, and long prompts cost more.
const fn recent(name: &'static str, snapshot: &'static str, prices: Prices, efforts: &'static [Effort]) -> ModelRules {
    ModelRules::new(name, snapshot, prices).reasoning(Effort::Medium, efforts).with_step(272_000, 200, 150)
}

/// gpt-4o-mini.
const MINI_4O: ModelRules =
    ModelRules::new("gpt-4o-mini", "gpt-4o-mini-2024-07-18", Prices::new(150_000, 75_000, 0, 600_000)).limited(16_384);
/// gpt-5.4-mini.
const MINI_5_4: ModelRules =
    ModelRules::new("gpt-5.4-mini", "gpt-5.4-mini-2026-03-17", Prices::new(750_000, 75_000, 0, 4_500_000))
        .reasoning(Effort::None, ALL);
/// The prices of gpt-5.6-sol.
const SOL: Prices = Prices::new(4_000_000, 400_000, 5_000_000, 20_000_000);
/// gpt-6-astra.
const ASTRA: ModelRules = recent(
    "gpt-6-astra",
    "gpt-6-astra-2026-09-03",
    Prices::new(10_000_000, 1_000_000, 12_500_000, 50_000_000),
    ABOVE_NONE,
);

/// A model before reasoning.
pub(crate) const GPT_4O_MINI: Profile = Profile {
    name: "gpt-4o-mini",
    takes_any_model: false,
    models: &[
        MINI_4O,
        ModelRules::new("gpt-4o", "gpt-4o-2024-08-06", Prices::new(2_500_000, 1_250_000, 0, 10_000_000))
            .limited(16_384),
        ModelRules::new("gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", Prices::new(400_000, 100_000, 0, 1_600_000))
            .limited(32_768),
        ModelRules::new("gpt-4.1", "gpt-4.1-2025-04-14", Prices::new(2_000_000, 500_000, 0, 8_000_000)).limited(32_768),
    ],
    unknown: Some(UNKNOWN),
    parameters: &[ParameterRule::never(&["prompt_cache_options", "prompt_cache_retention"], UNSUPPORTED)],
    effort: EffortRule::Unknown(Rejection::without_code("Unrecognized request argument supplied: {name}")),
    details: (&["original"], DEFAULT.details.1),
    schema: SCHEMA,
    tiers: TIERS,
    ..DEFAULT
};

/// The first family that reasons.
pub(crate) const GPT_5_MINI: Profile = Profile {
    name: "gpt-5-mini",
    models: &[
        ModelRules::new("gpt-5-mini", "gpt-5-mini-2025-08-07", Prices::new(250_000, 25_000, 0, 2_000_000))
            .reasoning(Effort::Medium, MINIMAL),
        ModelRules::new("gpt-5", "gpt-5-2025-08-07", Prices::new(1_250_000, 125_000, 0, 10_000_000))
            .reasoning(Effort::Medium, MINIMAL),
        ModelRules::new("gpt-5-nano", "gpt-5-nano-2025-08-07", Prices::new(50_000, 5_000, 0, 400_000))
            .reasoning(Effort::Medium, MINIMAL),
    ],
    parameters: &[ParameterRule::never(&["max_tokens"], MAX_TOKENS), ALWAYS, TEMPERATURE, SAMPLING, CACHE_OPTIONS],
    effort: EffortRule::Checked(EFFORT),
    used_up: UsedUp::Error,
    ..GPT_4O_MINI
};

/// A family that does not reason by default.
pub(crate) const GPT_5_4_MINI: Profile = Profile {
    name: "gpt-5.4-mini",
    models: &[
        MINI_5_4,
        ModelRules::new("gpt-5.4", "gpt-5.4-2026-03-05", Prices::new(2_500_000, 250_000, 0, 15_000_000))
            .reasoning(Effort::None, ALL)
            .with_step(272_000, 200, 150),
        ModelRules::new("gpt-5.4-nano", "gpt-5.4-nano-2026-03-17", Prices::new(200_000, 20_000, 0, 1_250_000))
            .reasoning(Effort::None, ALL),
        ModelRules::new("gpt-5.2", "gpt-5.2-2025-12-11", Prices::new(1_750_000, 175_000, 0, 14_000_000))
            .reasoning(Effort::None, ALL),
        ModelRules::new("gpt-5.1", "gpt-5.1-2025-11-13", Prices::new(1_250_000, 125_000, 0, 10_000_000))
            .reasoning(Effort::None, UP_TO_HIGH),
    ],
    details: (&[], DEFAULT.details.1),
    used_up: UsedUp::EmptyContent,
    ..GPT_5_MINI
};

/// A family that reasons by default and writes prompts to the cache.
pub(crate) const GPT_5_6_LUNA: Profile = Profile {
    name: "gpt-5.6-luna",
    models: &[
        recent("gpt-5.6-luna", "gpt-5.6-luna-2026-07-09", Prices::new(200_000, 20_000, 250_000, 1_200_000), ALL),
        recent(
            "gpt-5.6-terra",
            "gpt-5.6-terra-2026-07-09",
            Prices::new(2_000_000, 200_000, 2_500_000, 12_000_000),
            ALL,
        ),
        recent("gpt-5.6-sol", "gpt-5.6-sol-2026-07-09", SOL, ALL),
        recent("gpt-5.6", "gpt-5.6-sol-2026-07-09", SOL, ALL),
    ],
    parameters: &[ParameterRule::never(&["max_tokens"], MAX_TOKENS), ALWAYS, TEMPERATURE, SAMPLING, CACHE_RETENTION],
    used_up: UsedUp::Error,
    writes_cache: true,
    reply: WRITES,
    ..GPT_5_4_MINI
};

/// The small model that replaces gpt-4o-mini.
pub(crate) const GPT_6_LUNA: Profile = Profile {
    name: "gpt-6-luna",
    models: &[
        recent("gpt-6-luna", "gpt-6-luna-2026-09-22", Prices::new(100_000, 10_000, 125_000, 500_000), ALL),
        recent("gpt-6-sol", "gpt-6-sol-2026-09-22", Prices::new(2_000_000, 200_000, 2_500_000, 10_000_000), ALL),
        recent("gpt-6.1-terra", "gpt-6.1-terra-2026-09-29", Prices::new(1_000_000, 50_000, 1_250_000, 5_000_000), ALL),
    ],
    used_up: UsedUp::EmptyContent,
    ..GPT_5_6_LUNA
};

/// Models that always reason.
pub(crate) const GPT_6_ASTRA: Profile = Profile {
    name: "gpt-6-astra",
    models: &[
        ASTRA,
        recent(
            "gpt-6.1-sol",
            "gpt-6.1-sol-2026-09-29",
            Prices::new(2_000_000, 100_000, 2_500_000, 10_000_000),
            ABOVE_NONE,
        ),
    ],
    used_up: UsedUp::Error,
    ..GPT_5_6_LUNA
};

/// A deployment on Azure: its errors list an effort that fails, its schemas have no bounds, and every
/// reply has the results of its filters.
pub(crate) const AZURE: Profile = Profile {
    name: "azure",
    models: &[ASTRA.listing(ALL), MINI_5_4, MINI_4O],
    schema: SchemaRule {
        keywords: (&["uniqueItems", "maxItems", "minItems", "maxLength", "minLength"], SCHEMA.keywords.1),
        ..SCHEMA
    },
    wrong_key: Some((
        401,
        r#"{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an active subscription and use a correct regional API endpoint for your resource."}}"#,
    )),
    unknown_model: Some((
        404,
        r#"{"error":{"code":"DeploymentNotFound","message":"The API deployment for this resource does not exist. If you created the deployment within the last 5 minutes, please wait a moment and try again."}}"#,
    )),
    reply: ReplyStyle {
        choice_members: r#"{"content_filter_results":{"hate":{"filtered":false,"severity":"safe"}}}"#,
        members: r#"{"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}"#,
        first_chunk: r#"{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}]}"#,
        ..WRITES
    },
    writes_cache: false,
    ..GPT_6_ASTRA
};

/// The LiteLLM proxy in front of a model of OpenAI: other envelopes, and the cost in a header.
pub(crate) const LITELLM: Profile = Profile {
    name: "litellm",
    unknown: None,
    errors: crate::simulator::api_error::ErrorForm::LiteLlm,
    wrong_key: Some((
        400,
        r#"{"error":{"message":"No connected db.","type":"no_db_connection","param":null,"code":"400"}}"#,
    )),
    unknown_model: Some((
        400,
        r#"{"error":{"message":"{'error': '/chat/completions: Invalid model name passed in model={model}. Call `/v1/models` to view available models for your key.'}","type":"None","param":"None","code":"400"}}"#,
    )),
    cost_header: "x-litellm-response-cost",
    ..GPT_6_LUNA
};

const MINIMAL: &[Effort] = &[Effort::Minimal, Effort::Low, Effort::Medium, Effort::High];
const UP_TO_HIGH: &[Effort] = &[Effort::None, Effort::Low, Effort::Medium, Effort::High];
const ALL: &[Effort] = &[Effort::None, Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh];
const ABOVE_NONE: &[Effort] = &[Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh];
