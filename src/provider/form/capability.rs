//! What an endpoint accepts. docmill begins with the known capabilities of the model's family, otherwise with those of
//! OpenAI's API. Errors and replies that contradict them change them, and the store keeps the changes.

use super::capability_change::CapabilityChange;
use super::parameter::{Parameter, Parameters};
use crate::catalog::{Effort, ModelFacts, OutputLimit, model_facts, thinks_by_default};
use serde_json::{Value, json};

/// How a request asks for a reply in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReplyFormat {
    /// `json_schema`, strict.
    Schema,
    /// `json_object`; the prompt describes the schema.
    Object,
    /// No parameter; the prompt describes the schema.
    Plain,
}

/// What an endpoint accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Capabilities {
    /// The strictest format that the endpoint accepts.
    pub format: ReplyFormat,
    /// Whether the prompt describes the schema although the format carries it: the endpoint
    /// ignores schemas.
    pub has_schema_in_prompt: bool,
    /// Whether the output limit is called `max_completion_tokens`.
    pub max_completion_tokens: bool,
    /// Parameters that the endpoint rejects.
    pub omitted: Parameters,
    /// The lowest reasoning effort that the endpoint accepts. `None`: it is not sent.
    pub effort: Option<Effort>,
    /// Whether requests switch thinking off. The other servers have no such parameter.
    pub disables_thinking: bool,
    /// Factor of the output limit of models that need more for their reasoning than expected: 1, 4 or 16.
    pub output_factor: u32,
    /// The largest output limit that the endpoint accepts, in tokens. `None`: unknown.
    pub max_output: Option<u32>,
    /// Whether a reply to a request in this form was valid.
    pub is_proven: bool,
    /// Whether the endpoint is known to follow schemas.
    pub follows_schema: bool,
    /// Parameters that were changed because of an error. Each changes once.
    changed: Parameters,
    /// Changes that were made because of errors.
    changes: u32,
}

/// Changes of the parameters of one endpoint after which errors are final.
const MAX_CHANGES: u32 = 8;

/// What raises the output limit of a model that used it up for its reasoning, and again if it used that up, too.
pub(crate) const OUTPUT_FACTOR: u32 = 4;
/// The factor after both.
const MAX_OUTPUT_FACTOR: u32 = OUTPUT_FACTOR * OUTPUT_FACTOR;

impl Default for Capabilities {
    fn default() -> Self {
        Self {
            format: ReplyFormat::Schema,
            has_schema_in_prompt: false,
            max_completion_tokens: false,
            omitted: Parameters::default(),
            effort: None,
            disables_thinking: false,
            output_factor: 1,
            max_output: None,
            is_proven: false,
            follows_schema: false,
            changed: Parameters::default(),
            changes: 0,
        }
    }
}

impl Capabilities {
    /// The capabilities without a format: what forces a reply into a grammar is switched off.
    #[must_use]
    pub fn without_format(self) -> Self {
        Self { format: ReplyFormat::Plain, ..self }
    }

    /// The known capabilities of a model at the server `host`.
    #[must_use]
    pub fn of_endpoint(host: &str, model: &str) -> Self {
        let family = Self::of_model(model_facts(model));
        Self { disables_thinking: thinks_by_default(host, model), ..family }
    }

    /// The known capabilities of a model at the server `host`, with the stored ones of the endpoint.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn with_stored(host: &str, model: &str, stored: Option<&str>) -> Result<Self, String> {
        let family = Self::of_endpoint(host, model);
        stored.map_or(Ok(family), |text| Self::parse(text, family))
    }

    /// The facts about a model's family; `None`: an unknown model.
    #[must_use]
    pub fn of_model(facts: Option<&ModelFacts>) -> Self {
        let Some(facts) = facts else { return Self::default() };
        let omitted =
            if facts.has_strict_schemas { Parameters::from_list(&Parameter::BOUNDS) } else { Parameters::default() };
        Self {
            max_completion_tokens: facts.output_limit == OutputLimit::MaxCompletionTokens,
            omitted,
            effort: facts.auto_effort,
            max_output: facts.max_output.and_then(|tokens| u32::try_from(tokens).ok()),
            follows_schema: facts.has_strict_schemas,
            ..Self::default()
        }
    }

    /// Whether `parameter` is sent.
    #[must_use]
    pub fn sends(self, parameter: Parameter) -> bool {
        !self.omitted.contains(parameter)
    }

    /// Whether the prompt has to describe the schema.
    #[must_use]
    pub fn needs_description(self) -> bool {
        self.format != ReplyFormat::Schema || self.has_schema_in_prompt
    }

    /// Whether valid replies in this form were observed, or are known. Until then one request is in flight at a time.
    #[must_use]
    pub fn is_understood(self) -> bool {
        self.is_proven && (self.follows_schema || self.needs_description())
    }

    /// The capabilities after a valid reply.
    #[must_use]
    pub fn proven(self, follows_schema: bool) -> Self {
        Self { is_proven: true, follows_schema, ..self }
    }

    /// Whether requests have the same form with both: they differ in nothing that is sent.
    #[must_use]
    pub fn has_form_of(self, other: Self) -> bool {
        let form = |of: Self| Self {
            is_proven: false,
            follows_schema: false,
            changed: Parameters::default(),
            changes: 0,
            ..of
        };
        form(self) == form(other)
    }

    /// The name of the output limit.
    #[must_use]
    pub fn limit_name(self) -> OutputLimit {
        if self.max_completion_tokens { OutputLimit::MaxCompletionTokens } else { OutputLimit::MaxTokens }
    }

    /// What an error that asks for `change` asks for now: an output limit that is rejected under both of its names
    /// is left out.
    #[must_use]
    pub(crate) fn next_change(self, change: CapabilityChange) -> CapabilityChange {
        match change {
            CapabilityChange::RenameOutputLimit(rejected)
                if self.changed.contains(Parameter::OutputLimit) && rejected == Some(self.limit_name()) =>
            {
                CapabilityChange::Omit(Parameter::OutputLimit)
            }
            change => change,
        }
    }

    /// The capabilities after `change`. `None` if it was already made: another request would
    /// meet the same error.
    #[must_use]
    pub fn with(self, change: CapabilityChange) -> Option<Self> {
        if self.changes >= MAX_CHANGES {
            return None;
        }
        let changed = match change.parameter() {
            Some(parameter) => self.changed.with(parameter),
            None => self.changed,
        };
        let next = Self { changed, changes: self.changes + 1, ..self };
        match change {
            CapabilityChange::WeakerFormat => match self.format {
                ReplyFormat::Schema => Some(Self { format: ReplyFormat::Object, ..next }),
                ReplyFormat::Object => Some(Self { format: ReplyFormat::Plain, ..next }),
                ReplyFormat::Plain => None,
            },
            CapabilityChange::RenameOutputLimit(rejected) => {
                let is_first = !self.changed.contains(Parameter::OutputLimit);
                let is_sent = rejected.is_none_or(|name| name == self.limit_name());
                (is_first && is_sent).then_some(Self { max_completion_tokens: !self.max_completion_tokens, ..next })
            }
            CapabilityChange::DisableThinking => {
                let is_first = !self.disables_thinking && !self.changed.contains(Parameter::Thinking);
                is_first.then_some(Self { disables_thinking: true, ..next })
            }
            CapabilityChange::Omit(Parameter::Thinking) => {
                let is_first = self.disables_thinking && !self.changed.contains(Parameter::Thinking);
                is_first.then_some(Self { disables_thinking: false, ..next })
            }
            CapabilityChange::Omit(Parameter::Effort) => {
                let is_first = self.effort.is_some();
                is_first.then_some(Self { effort: None, omitted: self.omitted.with(Parameter::Effort), ..next })
            }
            CapabilityChange::Omit(parameter) => {
                let is_first = self.sends(parameter);
                is_first.then_some(Self { omitted: self.omitted.with(parameter), ..next })
            }
            // Thinking was switched off in another way.
            CapabilityChange::Effort(_) if self.effort.is_none() && self.disables_thinking => {
                self.with(CapabilityChange::Omit(Parameter::Thinking))
            }
            CapabilityChange::Effort(supported) => {
                // A list may name what the model rejects: it is tried once.
                let is_first = !self.changed.contains(Parameter::Effort);
                let others = self.effort.map_or(supported, |rejected| supported.without(rejected));
                let others: Vec<Effort> = others.iter().collect();
                match self.effort.unwrap_or(Effort::None).nearest(&others) {
                    Some(effort) if is_first => Some(Self { effort: Some(effort), ..next }),
                    _ => self.with(CapabilityChange::Omit(Parameter::Effort)),
                }
            }
            CapabilityChange::OutputFactor | CapabilityChange::MinOutput(_) => {
                let output_factor = self.output_factor * OUTPUT_FACTOR;
                (output_factor <= MAX_OUTPUT_FACTOR).then_some(Self { output_factor, ..next })
            }
            CapabilityChange::MaxOutput(tokens) => {
                let is_less = tokens > 0 && self.max_output.is_none_or(|known| tokens < known);
                is_less.then_some(Self { max_output: Some(tokens), ..next })
            }
            CapabilityChange::SimplerSchema => {
                let bounds = Parameter::BOUNDS.into_iter().filter(|bound| self.sends(*bound));
                let omitted = bounds.fold(self.omitted, Parameters::with);
                if omitted == self.omitted {
                    return self.with(CapabilityChange::WeakerFormat);
                }
                Some(Self { omitted, ..next })
            }
            CapabilityChange::SchemaInPrompt => {
                let is_first = !self.has_schema_in_prompt && self.format == ReplyFormat::Schema;
                is_first.then_some(Self { has_schema_in_prompt: true, ..next })
            }
        }
    }

    /// The capabilities without all of `parameters`, as one change: without any format, too, if it is one of them.
    /// `None`: too many changes were made.
    #[must_use]
    pub(crate) fn without_all(self, parameters: Parameters) -> Option<Self> {
        let has = |parameter| parameters.contains(parameter);
        let omitted = Parameter::ALL
            .into_iter()
            .filter(|parameter| has(*parameter) && !matches!(parameter, Parameter::Format | Parameter::Thinking));
        let all = Parameter::ALL.into_iter().filter(|parameter| has(*parameter));
        (self.changes < MAX_CHANGES).then_some(Self {
            format: if has(Parameter::Format) { ReplyFormat::Plain } else { self.format },
            effort: self.effort.filter(|_| !has(Parameter::Effort)),
            disables_thinking: self.disables_thinking && !has(Parameter::Thinking),
            omitted: omitted.fold(self.omitted, Parameters::with),
            changed: all.fold(self.changed, Parameters::with),
            changes: self.changes + 1,
            ..self
        })
    }

    /// The JSON text that the store keeps.
    #[must_use]
    pub fn to_json(self) -> String {
        json!({
            "format": format_name(self.format),
            "schema_in_prompt": self.has_schema_in_prompt,
            "max_completion_tokens": self.max_completion_tokens,
            "omitted": self.omitted.names().collect::<Vec<_>>(),
            "effort": self.effort.map(Effort::name),
            "disables_thinking": self.disables_thinking,
            "output_factor": self.output_factor,
            "max_output": self.max_output,
            "proven": self.is_proven,
            "follows_schema": self.follows_schema,
            "changed": self.changed.names().collect::<Vec<_>>(),
            "changes": self.changes,
        })
        .to_string()
    }

    /// Reads what [`Self::to_json`] wrote. A missing member has the value that it has in `family`: programs before
    /// it existed wrote the text. Programs before store version 7 wrote a boolean for each parameter.
    ///
    /// # Errors
    /// When it is not a JSON object, or a member has a value that no program wrote.
    pub fn parse(text: &str, family: Self) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let members = value.as_object().ok_or("not a JSON object")?;
        let wrong = |name: &str| format!("`{name}` is {}", members.get(name).unwrap_or(&Value::Null));
        let flag = |name: &str| match members.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(wrong(name)),
        };
        let number = |name: &str| match members.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                value.as_u64().and_then(|number| u32::try_from(number).ok()).map(Some).ok_or_else(|| wrong(name))
            }
        };
        let set = |name: &str| match members.get(name) {
            None => Ok(None),
            Some(names) => {
                let names: Option<Vec<&str>> =
                    names.as_array().and_then(|names| names.iter().map(Value::as_str).collect());
                let set = names.and_then(|names| Parameters::from_names(names.into_iter()));
                set.map(Some).ok_or_else(|| wrong(name))
            }
        };
        let format = match members.get("format") {
            None => family.format,
            Some(name) => name.as_str().and_then(parse_format).ok_or_else(|| wrong("format"))?,
        };
        let effort = match members.get("effort") {
            None => family.effort,
            Some(Value::Null) => None,
            Some(name) => Some(name.as_str().and_then(Effort::parse).ok_or_else(|| wrong("effort"))?),
        };
        let omitted = match set("omitted")? {
            Some(omitted) => omitted,
            None => {
                let mut omitted = family.omitted;
                for (name, parameter) in BEFORE_7 {
                    if flag(name)? == Some(false) {
                        omitted = omitted.with(parameter);
                    }
                }
                omitted
            }
        };
        let output_factor = number("output_factor")?.unwrap_or(family.output_factor);
        if ![1, OUTPUT_FACTOR, MAX_OUTPUT_FACTOR].contains(&output_factor) {
            return Err(wrong("output_factor"));
        }
        Ok(Self {
            format,
            has_schema_in_prompt: flag("schema_in_prompt")?.unwrap_or(family.has_schema_in_prompt),
            max_completion_tokens: flag("max_completion_tokens")?.unwrap_or(false)
                || family.max_completion_tokens && !members.contains_key("omitted"),
            omitted,
            effort,
            disables_thinking: flag("disables_thinking")?.unwrap_or(family.disables_thinking),
            output_factor,
            max_output: number("max_output")?.or(family.max_output),
            is_proven: flag("proven")?.unwrap_or(family.is_proven),
            follows_schema: flag("follows_schema")?.unwrap_or(family.follows_schema),
            changed: set("changed")?.unwrap_or_default(),
            changes: number("changes")?.unwrap_or(0),
        })
    }

    /// The facts about an endpoint when one process has `stored` and another one has `learned` something about it, as
    /// JSON texts: what either has changed is kept; of formats and limits the stricter one; otherwise the newer value.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn merged(stored: &str, learned: &str) -> Result<String, String> {
        let new = Self::parse(learned, Self::default())?;
        let old = Self::parse(stored, new)?;
        // If only one of them has changed a parameter, it knows more about it.
        let about = |parameter| {
            if old.changed.contains(parameter) && !new.changed.contains(parameter) { old } else { new }
        };
        let weaker = if strictness(old.format) < strictness(new.format) { old.format } else { new.format };
        let merged = Self {
            format: weaker,
            has_schema_in_prompt: old.has_schema_in_prompt || new.has_schema_in_prompt,
            max_completion_tokens: about(Parameter::OutputLimit).max_completion_tokens,
            omitted: old.omitted.union(new.omitted),
            effort: about(Parameter::Effort).effort,
            disables_thinking: about(Parameter::Thinking).disables_thinking,
            output_factor: old.output_factor.max(new.output_factor),
            max_output: [old.max_output, new.max_output].into_iter().flatten().min(),
            is_proven: old.is_proven || new.is_proven,
            changed: old.changed.union(new.changed),
            follows_schema: new.follows_schema,
            changes: old.changes.max(new.changes),
        };
        Ok(merged.to_json())
    }
}

/// The parameters that programs before store version 7 knew, by their members.
const BEFORE_7: [(&str, Parameter); 3] = [
    ("sampling", Parameter::Temperature),
    ("stream_options", Parameter::StreamOptions),
    ("cache_key", Parameter::CacheKey),
];

/// How much a format specifies about replies.
fn strictness(format: ReplyFormat) -> u8 {
    match format {
        ReplyFormat::Schema => 2,
        ReplyFormat::Object => 1,
        ReplyFormat::Plain => 0,
    }
}

/// The name of a format in stores.
pub(crate) fn format_name(format: ReplyFormat) -> &'static str {
    match format {
        ReplyFormat::Schema => "json_schema",
        ReplyFormat::Object => "json_object",
        ReplyFormat::Plain => "plain",
    }
}

/// The format of this name.
fn parse_format(name: &str) -> Option<ReplyFormat> {
    [ReplyFormat::Schema, ReplyFormat::Object, ReplyFormat::Plain]
        .into_iter()
        .find(|format| format_name(*format) == name)
}

#[cfg(test)]
mod tests;
