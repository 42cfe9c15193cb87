//! Tokens of text, by OpenAI's tokenizer o200k_base. gpt-4o and all later models of OpenAI use it.
//! For other models the number is an estimate.

use super::token_vocabulary::TokenVocabulary;
use regex::Regex;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::LazyLock;

/// The pieces of a text, of which each is split into tokens for itself. Source: `o200k_base` in OpenAI's tiktoken
/// (`tiktoken_ext/openai_public.py`, 2026-11), without its look-ahead, for which see [`next_piece`].
const PIECE: &str = concat!(
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|\p{N}{1,3}",
    r"| ?[^\s\p{L}\p{N}]+[\r\n/]*",
    r"|\s*[\r\n]+",
    r"|\s+",
);

/// The same for text in ASCII, which most prompts are. Without the tables of Unicode it is compiled in a fraction of the time.
const ASCII_PIECE: &str = concat!(
    r"(?-u)[\x00-\x09\x0B\x0C\x0E-/:-@\[-`{-\x7F]?[A-Z]*[a-z]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|[\x00-\x09\x0B\x0C\x0E-/:-@\[-`{-\x7F]?[A-Z]+[a-z]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
    r"|[0-9]{1,3}",
    r"| ?[\x00-\x08\x0E-\x1F!-/:-@\[-`{-\x7F]+[\r\n/]*",
    r"|\s*[\r\n]+",
    r"|\s+",
);

/// The tokenizer.
struct Tokenizer {
    piece: LazyLock<Option<Regex>>,
    ascii_piece: LazyLock<Option<Regex>>,
    vocabulary: TokenVocabulary,
}

/// The number of tokens of `text`. The first call prepares the tokenizer, which takes a few milliseconds.
#[must_use]
pub fn text_tokens(text: &str) -> u64 {
    static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| Tokenizer {
        piece: LazyLock::new(|| Regex::new(PIECE).ok()),
        ascii_piece: LazyLock::new(|| Regex::new(ASCII_PIECE).ok()),
        vocabulary: TokenVocabulary::read(),
    });
    TOKENIZER.count(text)
}

impl Tokenizer {
    fn count(&self, text: &str) -> u64 {
        let pattern = if text.is_ascii() { &self.ascii_piece } else { &self.piece };
        // Never used: the patterns are part of the program.
        let Some(pattern) = &**pattern else { return text.chars().count().div_ceil(4) as u64 };
        let (mut count, mut rest) = (0, text);
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(next_piece(pattern, rest));
            count += match self.vocabulary.rank(piece.as_bytes()) {
                Some(_) => 1,
                None => count_merged(piece.as_bytes(), &self.vocabulary),
            };
            rest = after;
        }
        count
    }
}

/// The length of the first piece of a text, in bytes. Of several spaces before a word, the last one belongs to the word.
fn next_piece(pattern: &Regex, text: &str) -> usize {
    let end = pattern.find(text).map_or(text.len(), |piece| piece.end());
    let piece = &text[..end];
    match piece.char_indices().next_back() {
        Some((last, _)) if last > 0 && end < text.len() && is_blank(piece) => last,
        _ => end,
    }
}

/// Whether a piece is white space without a line break.
fn is_blank(piece: &str) -> bool {
    piece.chars().all(|c| c.is_whitespace() && !matches!(c, '\r' | '\n'))
}

/// The number of tokens of a piece: its bytes, after the two neighbours that are the token with the lowest rank have been
/// merged, again and again.
fn count_merged(piece: &[u8], vocabulary: &TokenVocabulary) -> u64 {
    // By the beginning of each part, its end, and 0 for all other places; by the end of each part, its beginning.
    let mut ends: Vec<usize> = (1..=piece.len()).collect();
    let mut begins: Vec<usize> = (0..=piece.len()).map(|end| end.saturating_sub(1)).collect();
    let mut pairs = BinaryHeap::new();
    let find_pair = |begin: usize, ends: &[usize]| {
        let middle = ends[begin];
        let end = *ends.get(middle)?;
        Some(Reverse((vocabulary.rank(&piece[begin..end])?, begin, middle, end)))
    };
    pairs.extend((0..piece.len()).filter_map(|begin| find_pair(begin, &ends)));
    let mut count = piece.len() as u64;
    while let Some(Reverse((_, begin, middle, end))) = pairs.pop() {
        // Its parts may have been merged with others by now.
        if ends[begin] != middle || ends[middle] != end {
            continue;
        }
        (ends[begin], ends[middle], begins[end]) = (end, 0, begin);
        count -= 1;
        pairs.extend(find_pair(begin, &ends));
        if begin > 0 {
            pairs.extend(find_pair(begins[begin], &ends));
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::text_tokens;
    use proptest::prelude::*;

    fn published(text: &str) -> u64 {
        tiktoken_rs::o200k_base_singleton().encode_ordinary(text).len() as u64
    }

    #[test]
    fn counts_of_the_published_tokenizer() {
        for (text, tokens) in [("", 0), ("hello world", 2), ("Is the page signed?", 5), ("{\"kind\":\"invoice\"}", 5)] {
            assert_eq!((text_tokens(text), published(text)), (tokens, tokens), "{text}");
        }
        let files =
            ["README.md", "docs/spend.md", "src/catalog/text_tokens.rs", "sample_data/labels.csv", "Cargo.lock"];
        let files =
            files.map(|name| std::fs::read_to_string(format!("{}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap());
        let long = ["x", "ab", " ", "\n", "1", "ü", "漢字", "🙂", "aB'LL ", "\u{301}", " \u{3000}\t", "=-"];
        let long = long.into_iter().flat_map(|part| [part.repeat(3000), format!("{}end", part.repeat(300))]);
        for text in files.into_iter().chain(long) {
            let shown: String = text.chars().take(20).collect();
            assert_eq!(text_tokens(&text), published(&text), "{shown}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_as_many_tokens_as_by_the_published_tokenizer(
            any in any::<String>(),
            ascii in "[\\x00-\\x7F]{0,60}",
            words in "([a-zA-ZäÄ]{1,12}|[0-9]{1,7}|[ \t\u{a0}]{1,4}|[\r\n]{1,3}|'[sStTdDmM]|[.,/{}\":_-]{1,5}|[漢字かな🙂\u{301}]{1,3}){0,40}",
        ) {
            let ascii_words = words.chars().filter(char::is_ascii).collect();
            for text in [any, ascii, words, ascii_words] {
                prop_assert_eq!(text_tokens(&text), published(&text), "{:?}", text);
            }
        }
    }
}
