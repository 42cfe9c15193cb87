//! What an endpoint has been found to take. It starts with everything that OpenAI's own
//! takes; only an error about a capability takes one away, and that is remembered.

use serde_json::{Value, json};

/// How a reply's form is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// `json_schema`, strict.
    Schema,
    /// `json_object`, the schema in the prompt.
    Object,
    /// Nothing, the schema in the prompt.
    Plain,
}

/// What an endpoint takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Capabilities {
    /// How a reply's form is asked for.
    pub format: Format,
    /// Whether the limit is called `max_completion_tokens`.
    pub max_completion_tokens: bool,
    /// Whether `temperature` and `top_p` are taken.
    pub sampling: bool,
    /// Whether `stream_options` is taken.
    pub stream_options: bool,
    /// Whether `prompt_cache_key` is taken.
    pub cache_key: bool,
}

/// A capability that an endpoint turned out not to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The form of the reply: one step down.
    Format,
    /// `max_tokens`.
    MaxTokens,
    /// `temperature` or `top_p`.
    Sampling,
    /// `stream_options`.
    StreamOptions,
    /// `prompt_cache_key`.
    CacheKey,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self {
            format: Format::Schema,
            max_completion_tokens: false,
            sampling: true,
            stream_options: true,
            cache_key: true,
        }
    }
}

impl Capabilities {
    /// Without what `change` names; `None` when there is nothing left to take away, so
    /// that asking again would meet the same error.
    #[must_use]
    pub fn without(self, change: Change) -> Option<Self> {
        match (change, self.format) {
            (Change::Format, Format::Schema) => Some(Self { format: Format::Object, ..self }),
            (Change::Format, Format::Object) => Some(Self { format: Format::Plain, ..self }),
            (Change::MaxTokens, _) if !self.max_completion_tokens => Some(Self { max_completion_tokens: true, ..self }),
            (Change::Sampling, _) if self.sampling => Some(Self { sampling: false, ..self }),
            (Change::StreamOptions, _) if self.stream_options => Some(Self { stream_options: false, ..self }),
            (Change::CacheKey, _) if self.cache_key => Some(Self { cache_key: false, ..self }),
            _ => None,
        }
    }

    /// As the store keeps it.
    #[must_use]
    pub fn to_json(self) -> String {
        let format = match self.format {
            Format::Schema => "json_schema",
            Format::Object => "json_object",
            Format::Plain => "plain",
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

    /// As the store kept it; what is missing or unknown is taken to be there.
    #[must_use]
    pub fn from_json(text: &str) -> Self {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        let flag = |name: &str, default: bool| value.get(name).and_then(Value::as_bool).unwrap_or(default);
        Self {
            format: match value.get("format").and_then(Value::as_str) {
                Some("json_object") => Format::Object,
                Some("plain") => Format::Plain,
                _ => Format::Schema,
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

    #[test]
    fn steps_down_end_and_are_remembered() {
        let start = Capabilities::default();
        let object = start.without(Change::Format).unwrap();
        let plain = object.without(Change::Format).unwrap();
        assert_eq!((object.format, plain.format), (Format::Object, Format::Plain));
        assert_eq!(plain.without(Change::Format), None);
        let all = [Change::MaxTokens, Change::Sampling, Change::StreamOptions, Change::CacheKey];
        let bare = all.iter().fold(plain, |now, change| now.without(*change).unwrap());
        assert!(all.iter().all(|change| bare.without(*change).is_none()));
        for known in [start, object, plain, bare] {
            assert_eq!(Capabilities::from_json(&known.to_json()), known);
        }
    }
}
