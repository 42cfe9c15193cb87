//! A form of requests that is tried after an error whose words are not understood.

use super::capability_change::CapabilityChange;
use super::parameter::Parameter;

/// A form of requests that is tried after an error whose words are not understood, as a difference to the form before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FormCandidate {
    /// One change.
    Change(CapabilityChange),
    /// No reply format.
    NoFormat,
    /// Nothing that can be left out.
    Bare,
}

impl FormCandidate {
    /// Whether an error with these words, in lower case, may be about it.
    pub(crate) fn is_about(self, words: &str) -> bool {
        const OUTPUT: &[&str] = &["token", "length", "output", "completion"];
        const FORMAT: &[&str] = &["json", "schema", "format", "grammar", "structured", "constrain"];
        const REASONING: &[&str] = &["effort", "reason", "think"];
        let about: &[&str] = match self {
            Self::Bare => &[],
            Self::NoFormat => FORMAT,
            Self::Change(change) => match change.concerned_parameter() {
                Some(Parameter::Temperature) => &["temperature", "sampl", "greedy", "random"],
                Some(Parameter::OutputLimit) => OUTPUT,
                Some(Parameter::Format | Parameter::Strict) => FORMAT,
                Some(Parameter::Effort | Parameter::Thinking) => REASONING,
                Some(Parameter::Stream | Parameter::StreamOptions) => &["stream"],
                Some(Parameter::CacheKey | Parameter::CacheOptions) => &["cache"],
                Some(Parameter::Detail) => &["detail", "resolution"],
                Some(Parameter::SystemMessage) => &["system", "role", "instruction", "developer"],
                Some(Parameter::UniqueItems | Parameter::MaxItems | Parameter::MaxLength) => FORMAT,
                None => &[],
            },
        };
        about.iter().any(|word| words.contains(word))
    }

    /// How requests are sent, in words for the log.
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::Change(change) => change.describe(),
            Self::NoFormat => "without a reply format".to_owned(),
            Self::Bare => "without anything that can be left out".to_owned(),
        }
    }
}
