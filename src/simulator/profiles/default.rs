//! The API without the rules of a family: every name is a model that does not reason.

use crate::simulator::api_error::ErrorForm;
use crate::simulator::rules::effort::EffortRule;
use crate::simulator::rules::model::{ModelRules, Prices};
use crate::simulator::rules::profile::{Profile, UsedUp};
use crate::simulator::rules::rejection::Rejection;
use crate::simulator::rules::reply_style::{
    MessageKeys, Misplaced, ReasoningText, ReplyStyle, StreamUsage, UsageStyle,
};
use crate::simulator::rules::schema::{FormatRule, SchemaRule};

/// The default profile.
pub(crate) const DEFAULT: Profile = Profile {
    name: "default",
    models: &[ANY_MODEL],
    takes_any_model: true,
    limits: &["max_completion_tokens", "max_tokens"],
    unknown: None,
    parameters: &[],
    effort: EffortRule::Ignored,
    switches: &[],
    details: (&[], Rejection::with_code("invalid_value", DETAIL)),
    empty_turn: Some(Rejection::with_code("string_below_min_length", EMPTY_TURN)),
    system_beside_image: Rejection::without_code("prompting with images is incompatible with system messages"),
    whole_while_reasoning: None,
    format_while_reasoning: None,
    blind: Rejection::without_code("Model does not support image input"),
    schema: SchemaRule {
        json_schema: FormatRule::Followed,
        json_object: FormatRule::Followed,
        is_strict: true,
        keywords: (&[], Rejection::without_code("")),
        repeats: false,
        knows_unique: true,
    },
    used_up: UsedUp::EmptyContent,
    image_cap: None,
    writes_cache: false,
    tiers: &[],
    errors: ErrorForm::OpenAi,
    wrong_key: None,
    unknown_model: None,
    reply: REPLY,
    cost_header: "",
};

/// The message about a value of `detail` (OpenAI).
pub(crate) const DETAIL: &str = "Invalid value: '{value}'. Supported values are: 'low', 'high', and 'auto'.";

/// The message about an assistant's message without content.
const EMPTY_TURN: &str =
    "Invalid '{name}': string too short. Expected a string with minimum length 1, but got an empty string instead.";

/// Any model. Its prices are those of gpt-4o-mini on Qubrid (2026-11).
const ANY_MODEL: ModelRules = ModelRules::new("", "", Prices::new(400_000, 100_000, 0, 1_600_000)).limited(u64::MAX);

/// Replies as OpenAI's API sends them (specification 2.3.0, 2026-08).
pub(crate) const REPLY: ReplyStyle = ReplyStyle {
    reasoning: ReasoningText::Hidden,
    misplaced: Misplaced::Never,
    keys: MessageKeys::All,
    fingerprint: Some("fp_44709d6fcb"),
    service_tier: Some("default"),
    members: "{}",
    choice_members: "{}",
    usage: UsageStyle {
        hides_reasoning: false,
        cached: true,
        written: false,
        reasoning: true,
        cost: false,
        hits: false,
    },
    stream_usage: StreamUsage::Requested,
    first_chunk: "",
    comment: "",
    cut_reason: "length",
};
