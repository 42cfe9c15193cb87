//! Anthropic's compatible layer. Source: its documents (platform.claude.com, 2026-08 and 2026-10). The
//! members that it ignores: `response_format`, `reasoning_effort`, `seed`, `logprobs`, penalties and others.

use super::default::{DEFAULT, REPLY};
use crate::simulator::rules::effort::{Effort, EffortRule};
use crate::simulator::rules::model::{ModelRules, Prices};
use crate::simulator::rules::parameter::ParameterRule;
use crate::simulator::rules::profile::{Profile, UsedUp};
use crate::simulator::rules::rejection::Rejection;
use crate::simulator::rules::reply_style::{MessageKeys, ReplyStyle, UsageStyle};
use crate::simulator::rules::schema::{FormatRule, FreeReply, SchemaRule};

const DEPRECATED: Rejection = Rejection {
    status: 400,
    kind: "invalid_request_error",
    code: Some("invalid_request_error"),
    has_param: false,
    message: "{name} is deprecated for this model.",
};

/// Models since 4.7: they reason by default, and take no temperature.
pub(crate) const CLAUDE_COMPAT: Profile = Profile {
    name: "claude-compat",
    takes_any_model: false,
    models: &[
        ModelRules::new("claude-sonnet-5", "claude-sonnet-5", Prices::new(2_000_000, 200_000, 2_500_000, 10_000_000))
            .reasoning(Effort::High, CAN_STOP),
        ModelRules::new("claude-haiku-5-5", "claude-haiku-5-5", Prices::new(100_000, 10_000, 125_000, 500_000))
            .reasoning(Effort::Medium, CAN_STOP)
            .with_step(100_000, 500, 500),
        ModelRules::new(
            "claude-sonnet-5-5",
            "claude-sonnet-5-5",
            Prices::new(2_000_000, 100_000, 2_500_000, 10_000_000),
        )
        .reasoning(Effort::High, ALWAYS),
        ModelRules::new("claude-opus-5-5", "claude-opus-5-5", Prices::new(4_000_000, 200_000, 5_000_000, 20_000_000))
            .reasoning(Effort::Medium, ALWAYS),
    ],
    parameters: &[ParameterRule::only_one(&["temperature"], DEPRECATED)],
    effort: EffortRule::Ignored,
    switches: &[("/thinking/type", "\"disabled\"")],
    empty_turn: Some(Rejection::without_code("messages: text content blocks must be non-empty")),
    schema: SchemaRule {
        json_schema: FormatRule::Ignored(FreeReply::Fenced),
        json_object: FormatRule::Ignored(FreeReply::Fenced),
        is_strict: false,
        ..DEFAULT.schema
    },
    used_up: UsedUp::EmptyContent,
    unknown_model: Some((
        404,
        r#"{"error":{"code":"not_found_error","message":"model: {model}","type":"invalid_request_error","param":null}}"#,
    )),
    wrong_key: Some((
        401,
        r#"{"error":{"code":"authentication_error","message":"invalid x-api-key","type":"invalid_request_error","param":null}}"#,
    )),
    reply: ReplyStyle {
        keys: MessageKeys::Content,
        fingerprint: None,
        service_tier: None,
        usage: UsageStyle { cached: false, reasoning: false, ..REPLY.usage },
        ..REPLY
    },
    ..DEFAULT
};

const CAN_STOP: &[Effort] = &[Effort::None, Effort::Low, Effort::Medium, Effort::High];
const ALWAYS: &[Effort] = &[Effort::Low, Effort::Medium, Effort::High];
