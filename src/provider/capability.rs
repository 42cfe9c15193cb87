//! What an endpoint supports. docmill assumes that it supports everything that OpenAI's own
//! API supports. Only an error about a capability removes one, and the store remembers that.

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

/// What an endpoint supports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Capabilities {
    /// The strictest format that the endpoint accepts.
    pub format: ReplyFormat,
    /// Whether the maximum reply length is called `max_completion_tokens`.
    pub max_completion_tokens: bool,
    /// Whether `temperature` and `top_p` are accepted.
    pub sampling: bool,
    /// Whether `stream_options` is accepted.
    pub stream_options: bool,
    /// Whether `prompt_cache_key` is accepted.
    pub cache_key: bool,
}

/// A capability that an endpoint turned out to lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapabilityChange {
    /// The reply format: use the next weaker one.
    Format,
    /// `max_tokens`: use `max_completion_tokens`.
    MaxTokens,
    /// `temperature` or `top_p`: leave both out.
    Sampling,
    /// `stream_options`: leave it out.
    StreamOptions,
    /// `prompt_cache_key`: leave it out.
    CacheKey,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self {
            format: ReplyFormat::Schema,
            max_completion_tokens: false,
            sampling: true,
            stream_options: true,
            cache_key: true,
        }
    }
}

impl Capabilities {
    /// The capabilities without the one that `change` names. `None` if it is already
    /// removed: retrying would meet the same error.
    #[must_use]
    pub fn without(self, change: CapabilityChange) -> Option<Self> {
        match (change, self.format) {
            (CapabilityChange::Format, ReplyFormat::Schema) => Some(Self { format: ReplyFormat::Object, ..self }),
            (CapabilityChange::Format, ReplyFormat::Object) => Some(Self { format: ReplyFormat::Plain, ..self }),
            (CapabilityChange::MaxTokens, _) if !self.max_completion_tokens => {
                Some(Self { max_completion_tokens: true, ..self })
            }
            (CapabilityChange::Sampling, _) if self.sampling => Some(Self { sampling: false, ..self }),
            (CapabilityChange::StreamOptions, _) if self.stream_options => Some(Self { stream_options: false, ..self }),
            (CapabilityChange::CacheKey, _) if self.cache_key => Some(Self { cache_key: false, ..self }),
            _ => None,
        }
    }

    /// The JSON text that the store keeps.
    #[must_use]
    pub fn to_json(self) -> String {
        let format = match self.format {
            ReplyFormat::Schema => "json_schema",
            ReplyFormat::Object => "json_object",
            ReplyFormat::Plain => "plain",
        };
        json!({
            "format": format,
            "max_completion_tokens": self.max_completion_tokens,
            "sampling": self.sampling,
            "stream_options": self.stream_options,
            "cache_key": self.cache_key,
        })
        .to_string()
    }

    /// Reads what [`Self::to_json`] wrote. A missing or unknown member has its default value:
    /// if the endpoint does not support it, the next error removes it again.
    #[must_use]
    pub fn from_json(text: &str) -> Self {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        let flag = |name: &str, default: bool| value.get(name).and_then(Value::as_bool).unwrap_or(default);
        Self {
            format: match value.get("format").and_then(Value::as_str) {
                Some("json_object") => ReplyFormat::Object,
                Some("plain") => ReplyFormat::Plain,
                _ => ReplyFormat::Schema,
            },
            max_completion_tokens: flag("max_completion_tokens", false),
            sampling: flag("sampling", true),
            stream_options: flag("stream_options", true),
            cache_key: flag("cache_key", true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHERS: [CapabilityChange; 4] = [
        CapabilityChange::MaxTokens,
        CapabilityChange::Sampling,
        CapabilityChange::StreamOptions,
        CapabilityChange::CacheKey,
    ];

    #[test]
    fn the_format_weakens_step_by_step() {
        let start = Capabilities::default();
        let object = start.without(CapabilityChange::Format).unwrap();
        let plain = object.without(CapabilityChange::Format).unwrap();
        assert_eq!((object.format, plain.format), (ReplyFormat::Object, ReplyFormat::Plain));
        assert_eq!(plain.without(CapabilityChange::Format), None);
    }

    #[test]
    fn a_capability_is_removed_once_and_the_others_stay() {
        for change in OTHERS {
            let fewer = Capabilities::default().without(change).unwrap();
            assert_eq!(fewer.without(change), None, "{change:?}");
            for other in OTHERS.into_iter().filter(|other| *other != change) {
                assert!(fewer.without(other).is_some(), "{change:?} and {other:?}");
            }
        }
    }

    #[test]
    fn the_store_keeps_every_combination() {
        for bits in 0..16 {
            for format in [ReplyFormat::Schema, ReplyFormat::Object, ReplyFormat::Plain] {
                let known = Capabilities {
                    format,
                    max_completion_tokens: bits & 1 > 0,
                    sampling: bits & 2 > 0,
                    stream_options: bits & 4 > 0,
                    cache_key: bits & 8 > 0,
                };
                assert_eq!(Capabilities::from_json(&known.to_json()), known);
            }
        }
        for unreadable in ["", "null", "[]", "{\"format\":\"xml\",\"sampling\":1}"] {
            assert_eq!(Capabilities::from_json(unreadable), Capabilities::default(), "{unreadable}");
        }
    }
}
