//! How similar two texts are.

use crate::base::unicode::fold;

/// From this share of changed characters on, two texts are not similar at all.
const MAX_DISTANCE: f64 = 0.5;

/// The normalized Levenshtein similarity of ANLS (Biten et al., "Scene text visual question answering",
/// 2019): 1 minus the edit distance as a share of the longer text, and 0 from a distance of 0.5 on. Texts are
/// compared in their folded form.
#[must_use]
pub fn text_similarity(one: &str, other: &str) -> f64 {
    let (one, other): (Vec<char>, Vec<char>) = (fold(one).chars().collect(), fold(other).chars().collect());
    let longer = one.len().max(other.len());
    if longer == 0 {
        return 1.0;
    }
    // The distance is at least the difference in length. What both have at their ends does not matter.
    if (one.len().abs_diff(other.len())) as f64 / longer as f64 >= MAX_DISTANCE {
        return 0.0;
    }
    let start = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[start..], &other[start..]);
    let end = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    let distance = strsim::generic_levenshtein(&Chars(&one[..one.len() - end]), &Chars(&other[..other.len() - end]));
    let share = distance as f64 / longer as f64;
    if share < MAX_DISTANCE { 1.0 - share } else { 0.0 }
}

/// `strsim` needs a type whose references iterate.
struct Chars<'a>(&'a [char]);

impl<'a> IntoIterator for &Chars<'a> {
    type Item = char;
    type IntoIter = std::iter::Copied<std::slice::Iter<'a, char>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_similarities() {
        for (one, other, expected) in [
            ("", "", 1.0),
            ("invoice", "Invoice ", 1.0),
            ("invoice", "invoise", 6.0 / 7.0),
            ("kitten", "sitting", 4.0 / 7.0),
            ("abcd", "abxy", 0.0),
            ("abc", "xyz", 0.0),
            ("a", "", 0.0),
            ("Grüße", "grusse", 5.0 / 6.0),
        ] {
            assert!((text_similarity(one, other) - expected).abs() < 1e-15, "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn it_is_symmetric_and_equals_the_plain_definition(one in "[a-c]{0,12}", other in "[a-c]{0,12}") {
            let distance = 1.0 - strsim::normalized_levenshtein(&one, &other);
            let expected = if distance < 0.5 { 1.0 - distance } else { 0.0 };
            prop_assert!((text_similarity(&one, &other) - expected).abs() < 1e-12);
            prop_assert_eq!(text_similarity(&one, &other), text_similarity(&other, &one));
        }
    }
}
