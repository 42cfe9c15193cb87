//! The parameters of a request that docmill chooses itself. An endpoint that rejects one is asked
//! without it; values that the manifest states are never left out.

/// A parameter of a request, independent of how a dialect spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Parameter {
    /// The sampling temperature 0.
    Temperature,
    /// The name of the output limit.
    OutputLimit,
    /// Whether the reply is streamed.
    Stream,
    /// That a stream ends with its usage.
    StreamOptions,
    /// The format of the reply.
    Format,
    /// That the reply follows the schema strictly.
    Strict,
    /// How much the model reasons.
    Effort,
    /// Whether the model thinks before it answers, for servers that switch it on or off.
    Thinking,
    /// Which requests share the provider's prompt cache.
    CacheKey,
    /// What the provider's prompt cache keeps.
    CacheOptions,
    /// The detail at which the model sees the image.
    Detail,
    /// A message of the role `system`. Its text moves to the message of the user.
    SystemMessage,
    /// In the schema: no label twice.
    UniqueItems,
    /// In the schema: the maximum number of items of a list.
    MaxItems,
    /// In the schema: the maximum length of a text.
    MaxLength,
}

impl Parameter {
    /// All parameters.
    pub const ALL: [Self; 15] = [
        Self::Temperature,
        Self::OutputLimit,
        Self::Stream,
        Self::StreamOptions,
        Self::Format,
        Self::Strict,
        Self::Effort,
        Self::Thinking,
        Self::CacheKey,
        Self::CacheOptions,
        Self::Detail,
        Self::SystemMessage,
        Self::UniqueItems,
        Self::MaxItems,
        Self::MaxLength,
    ];

    /// The bounds of a schema.
    pub(crate) const BOUNDS: [Self; 3] = [Self::UniqueItems, Self::MaxItems, Self::MaxLength];

    /// The name in stores and in the log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Temperature => "temperature",
            Self::OutputLimit => "output_limit",
            Self::Stream => "stream",
            Self::StreamOptions => "stream_options",
            Self::Format => "format",
            Self::Strict => "strict",
            Self::Effort => "reasoning_effort",
            Self::Thinking => "enable_thinking",
            Self::CacheKey => "prompt_cache_key",
            Self::CacheOptions => "prompt_cache_options",
            Self::Detail => "detail",
            Self::SystemMessage => "system_message",
            Self::UniqueItems => "uniqueItems",
            Self::MaxItems => "maxItems",
            Self::MaxLength => "maxLength",
        }
    }
}

/// A set of parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Parameters(u16);

impl Parameters {
    /// The set of these parameters.
    #[must_use]
    pub fn from_list(parameters: &[Parameter]) -> Self {
        parameters.iter().fold(Self::default(), |set, parameter| set.with(*parameter))
    }

    /// Whether `parameter` is in the set.
    #[must_use]
    pub fn contains(self, parameter: Parameter) -> bool {
        self.0 & Self::bit(parameter) != 0
    }

    /// Whether the sets have a parameter in common.
    #[must_use]
    pub fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The set with `parameter`.
    #[must_use]
    pub fn with(self, parameter: Parameter) -> Self {
        Self(self.0 | Self::bit(parameter))
    }

    /// The names of the parameters in the set.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Parameter::ALL.into_iter().filter(move |parameter| self.contains(*parameter)).map(Parameter::name)
    }

    /// The set of the parameters with these names; `None` if one of them is unknown.
    #[must_use]
    pub fn from_names<'a>(mut names: impl Iterator<Item = &'a str>) -> Option<Self> {
        let find = |name: &str| Parameter::ALL.into_iter().find(|parameter| parameter.name() == name);
        names.try_fold(Self::default(), |set, name| Some(set.with(find(name)?)))
    }

    /// The parameters that are in one of the sets.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn bit(parameter: Parameter) -> u16 {
        1 << parameter as u16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_read_back_from_its_names() {
        for parameter in Parameter::ALL {
            let set = Parameters::from_list(&[parameter, Parameter::Detail]);
            assert_eq!(Parameters::from_names(set.names()), Some(set));
            assert!(set.contains(parameter) && set.contains(Parameter::Detail));
        }
        let all = Parameters::from_list(&Parameter::ALL);
        assert_eq!(all.names().count(), 15);
        assert_eq!(Parameters::from_names([].into_iter()), Some(Parameters::default()));
        for unknown in ["no such name", "", "Detail"] {
            assert_eq!(Parameters::from_names(["detail", unknown].into_iter()), None, "{unknown}");
        }
    }
}
