//! All rules of an API, as data.

use super::effort::{Effort, EffortRule, quoted_list};
use super::model::{ModelRules, Tier};
use super::parameter::ParameterRule;
use super::rejection::Rejection;
use super::reply_style::ReplyStyle;
use super::schema::SchemaRule;
use crate::simulator::api_error::{ApiError, ErrorForm};
use serde_json::{Map, Value};

/// How an API behaves towards a client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile {
    /// Name on the command line.
    pub(crate) name: &'static str,
    /// The models.
    pub(crate) models: &'static [ModelRules],
    /// Whether other names stand for the first model.
    pub(crate) takes_any_model: bool,
    /// Members that limit the reply. Others with this meaning have no effect.
    pub(crate) limits: &'static [&'static str],
    /// The treatment of unknown members.
    pub(crate) unknown: Option<UnknownMembers>,
    /// Rules about parameters, in the order of the checks.
    pub(crate) parameters: &'static [ParameterRule],
    /// What becomes of `reasoning_effort`.
    pub(crate) effort: EffortRule,
    /// Members that turn reasoning off: JSON pointer and value as JSON.
    pub(crate) switches: &'static [(&'static str, &'static str)],
    /// Values of `detail` that are rejected, with the error.
    pub(crate) details: (&'static [&'static str], Rejection),
    /// The error about an assistant's message without content. `None`: it is accepted.
    pub(crate) empty_turn: Option<Rejection>,
    /// The error about a system message together with an image, for models that reject it.
    pub(crate) system_beside_image: Rejection,
    /// The error about a whole reply while the model reasons. `None`: it is accepted.
    pub(crate) whole_while_reasoning: Option<Rejection>,
    /// The error about `response_format` while the model reasons. `None`: it is accepted.
    pub(crate) format_while_reasoning: Option<Rejection>,
    /// The error about an image for a model that takes none.
    pub(crate) blind: Rejection,
    /// What becomes of schemas.
    pub(crate) schema: SchemaRule,
    /// Maximum tokens of an image, and the member that lifts it if it is true.
    pub(crate) image_cap: Option<(u64, &'static str)>,
    /// The reply when reasoning uses up the output limit.
    pub(crate) used_up: UsedUp,
    /// Whether prompts are written to the cache by default.
    pub(crate) writes_cache: bool,
    /// Service tiers. Empty: `service_tier` has no effect.
    pub(crate) tiers: &'static [Tier],
    /// Envelope of errors.
    pub(crate) errors: ErrorForm,
    /// Status and body of the error about a wrong key. `None`: OpenAI's.
    pub(crate) wrong_key: Option<(u16, &'static str)>,
    /// Status and body of the error about an unknown model, `{model}`. `None`: OpenAI's.
    pub(crate) unknown_model: Option<(u16, &'static str)>,
    /// Members of replies.
    pub(crate) reply: ReplyStyle,
    /// Header with the cost of the reply in dollars. Empty: none.
    pub(crate) cost_header: &'static str,
}

/// The treatment of unknown members of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnknownMembers {
    /// The members that it knows.
    pub(crate) known: &'static [&'static str],
    /// The error about others.
    pub(crate) rejection: Rejection,
    /// Whether the message is repeated for each of them, in lines.
    pub(crate) in_lines: bool,
}

impl UnknownMembers {
    /// Checks the members of a request.
    ///
    /// # Errors
    /// If one is unknown.
    pub(crate) fn check(&self, members: &Map<String, Value>) -> Result<(), ApiError> {
        let unknown: Vec<&str> = members.keys().map(String::as_str).filter(|name| !self.known.contains(name)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let mut error = self.rejection.to_error(&unknown.join(", "), "", "");
        if self.in_lines {
            let lines = unknown.iter().map(|name| self.rejection.to_error(name, "", "").message);
            error.message = lines.collect::<Vec<_>>().join("\n");
        }
        Err(error)
    }
}

/// The reply when reasoning uses up the output limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UsedUp {
    /// Empty content with the finish reason `length`; all tokens are billed.
    EmptyContent,
    /// Content that is null or absent, with the finish reason `length`; all tokens are billed.
    NoContent,
    /// A 400; nothing is billed.
    Error,
}

impl Profile {
    /// The model of this name, or of this name with a date.
    pub(crate) fn find_model(&self, name: &str) -> Option<&'static ModelRules> {
        let found = self.models.iter().find(|model| model.name == name || model.snapshot == name);
        found.or_else(|| self.models.first().filter(|_| self.takes_any_model))
    }

    /// The reasoning effort of a model for a request.
    ///
    /// # Errors
    /// If the request asks for an effort that is rejected.
    pub(crate) fn find_effort(&self, model: &ModelRules, members: &Map<String, Value>) -> Result<Effort, ApiError> {
        let body = |pointer: &str| {
            let mut names = pointer.split('/').skip(1);
            let first = members.get(names.next()?)?;
            names.try_fold(first, |value, name| value.get(name))
        };
        let asked = members.get("reasoning_effort").filter(|value| !value.is_null());
        let shown = asked.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let mut effort = model.default_effort;
        match (self.effort, &shown) {
            (EffortRule::Unknown(rejection), Some(shown)) => {
                return Err(rejection.to_error("reasoning_effort", shown, ""));
            }
            (EffortRule::Checked(rejection), Some(shown)) => match Effort::parse(shown) {
                Some(asked) if model.efforts.contains(&asked) => effort = asked,
                _ => return Err(rejection.to_error("reasoning_effort", shown, &quoted_list(model.listed))),
            },
            _ => {}
        }
        let is_off = |(pointer, value): &(&str, &str)| {
            let found = body(pointer).map(Value::to_string);
            found.as_deref() == Some(*value)
        };
        if model.efforts.contains(&Effort::None) && self.switches.iter().any(is_off) {
            return Ok(Effort::None);
        }
        Ok(effort)
    }

    /// The tier of a request: its name in the reply, and its price in percent of the standard price.
    pub(crate) fn find_tier(&self, members: &Map<String, Value>) -> (Option<&'static str>, u64) {
        let asked = members.get("service_tier").and_then(Value::as_str);
        let tier = asked.and_then(|asked| self.tiers.iter().find(|tier| tier.asked == asked));
        tier.map_or((self.reply.service_tier, 100), |tier| (Some(tier.used), tier.percent))
    }
}
