//! How much a model reasons before it answers.

use std::fmt;

/// A value of `reasoning_effort`, from the least to the most reasoning. Source: OpenAI's API
/// reference (2026-10). `max` exists only in OpenAI's Responses API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effort {
    /// No reasoning.
    None,
    /// Hardly any reasoning: only the first models of the gpt-5 family.
    Minimal,
    /// Little reasoning.
    Low,
    /// The usual default of models that reason.
    Medium,
    /// Much reasoning.
    High,
    /// The most reasoning.
    Xhigh,
}

impl Effort {
    /// All values, from the least to the most reasoning.
    pub const ALL: [Self; 6] = [Self::None, Self::Minimal, Self::Low, Self::Medium, Self::High, Self::Xhigh];

    /// The name in requests, manifests and the table of models.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
        }
    }

    /// The effort of this name; any case is accepted. `None` for other text.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|effort| effort.name().eq_ignore_ascii_case(name.trim()))
    }

    /// The value to send instead of this one to a model that accepts only `supported`: the
    /// lowest one that is at least this, or else the highest. `None` if `supported` is empty.
    #[must_use]
    pub fn nearest(self, supported: &[Self]) -> Option<Self> {
        let at_least = supported.iter().copied().filter(|effort| *effort >= self).min();
        at_least.or_else(|| supported.iter().copied().max())
    }
}

impl fmt::Display for Effort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Effort::{self, *};

    #[test]
    fn names_are_read_back_in_order() {
        assert!(Effort::ALL.is_sorted());
        for effort in Effort::ALL {
            assert_eq!(Effort::parse(effort.name()), Some(effort));
            assert_eq!(Effort::parse(&effort.name().to_uppercase()), Some(effort));
        }
        for other in ["", "max", "off", "lower"] {
            assert_eq!(Effort::parse(other), Option::None, "{other}");
        }
    }

    #[test]
    fn the_nearest_supported_effort() {
        for (asked, supported, expected) in [
            (None, &[None, Low, Medium][..], Some(None)),
            (None, &[Low, Medium, High, Xhigh], Some(Low)),
            (Minimal, &[High, Low, Medium, None], Some(Low)),
            (Xhigh, &[None, Low, Medium, High], Some(High)),
            (Medium, &[Low], Some(Low)),
            (Medium, &[], Option::None),
        ] {
            assert_eq!(asked.nearest(supported), expected, "{asked} of {supported:?}");
        }
    }
}
