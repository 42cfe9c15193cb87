//! How much a model reasons: the effort that a request asks for, and the tokens that it takes.

use super::rejection::Rejection;
use crate::base::random::mix;

/// A value of `reasoning_effort`, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

impl Effort {
    const ALL: &[(&str, Self)] = &[
        ("none", Self::None),
        ("minimal", Self::Minimal),
        ("low", Self::Low),
        ("medium", Self::Medium),
        ("high", Self::High),
        ("xhigh", Self::Xhigh),
        ("max", Self::Max),
    ];

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, effort)| *effort == self).map_or("", |(name, _)| name)
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(name, _)| *name == word).map(|(_, effort)| *effort)
    }

    /// Tokens that a model thinks about an image. The amounts are assumed; they grow with the effort as
    /// reports of extraction jobs do.
    pub(crate) fn tokens(self, image_key: u64) -> u64 {
        let (least, most) = match self {
            Self::None => return 0,
            Self::Minimal => (8, 40),
            Self::Low => (30, 150),
            Self::Medium => (300, 1500),
            Self::High => (1000, 4000),
            Self::Xhigh => (4000, 12_000),
            Self::Max => (8000, 20_000),
        };
        least + (most - least) * (mix(image_key ^ 0x7EA5) % 1000) / 999
    }
}

/// What becomes of `reasoning_effort`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EffortRule {
    /// It is ignored.
    Ignored,
    /// An effort that the model does not have is rejected.
    Checked(Rejection),
    /// Any effort is rejected.
    Unknown(Rejection),
}

/// The efforts as OpenAI's errors list them: `'none', 'low', and 'high'`.
pub(crate) fn quoted_list(efforts: &[Effort]) -> String {
    let mut names: Vec<String> = efforts.iter().map(|effort| format!("'{}'", effort.name())).collect();
    match names.pop() {
        Some(last) if !names.is_empty() => format!("{}, and {last}", names.join(", ")),
        last => last.unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn efforts_are_listed_as_in_the_errors_of_openai() {
        use Effort::*;
        assert_eq!(quoted_list(&[None, Low, Medium, High, Xhigh]), "'none', 'low', 'medium', 'high', and 'xhigh'");
        assert_eq!(quoted_list(&[Low]), "'low'");
        assert_eq!(quoted_list(&[]), "");
        for (name, effort) in Effort::ALL {
            assert_eq!((Effort::parse(name), effort.name()), (Some(*effort), *name));
        }
        assert_eq!(Effort::parse("much"), Option::None);
    }

    proptest! {
        #[test]
        fn a_page_always_takes_the_same_reasoning_and_more_with_more_effort(image_key: u64) {
            let tokens: Vec<u64> = Effort::ALL.iter().map(|(_, effort)| effort.tokens(image_key)).collect();
            prop_assert_eq!(tokens[0], 0);
            prop_assert!(tokens.is_sorted() && tokens[2] <= 150 && tokens[3] >= 300 && tokens[4] < 4096);
        }
    }
}
