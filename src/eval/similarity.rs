//! How similar two texts are.

use crate::base::unicode::fold;
use rapidfuzz::distance::levenshtein;

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
    // The largest distance below half of the longer text; beyond it the search ends early.
    let limit = (longer - 1) / 2;
    let args = levenshtein::Args::default().score_cutoff(limit);
    let distance = levenshtein::distance_with_args(one.iter().copied(), other.iter().copied(), &args);
    distance.map_or(0.0, |distance| 1.0 - distance as f64 / longer as f64)
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

    /// Transcriptions of whole pages must not take the time of a cell for each pair of characters.
    #[test]
    fn long_texts_are_compared() {
        let one: String = (0..30_000_u32).map(|at| char::from(b'a' + (at.wrapping_mul(at) % 23) as u8)).collect();
        let other = one.replace("ab", "b");
        let found = text_similarity(&one, &format!("x{other}y"));
        assert!((0.9..1.0).contains(&found), "{found}");
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
