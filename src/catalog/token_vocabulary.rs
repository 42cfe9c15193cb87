//! The vocabulary of OpenAI's tokenizer o200k_base: which byte strings are tokens, and in which order they are merged. It is
//! read where it lies in the program: building a map of its 199,998 tokens takes a fifth of a second in every process.

use std::cmp::Ordering;

/// The file, with integers as little-endian: the length of the longest token; for each length from 1 on, how many tokens have
/// it (32 bits each); the tokens, by length and then in the order of their bytes; and their ranks, in the same order (24 bits
/// each). Source: `o200k_base` of OpenAI's tiktoken, as tiktoken-rs 0.12 has it (2026-11); `scripts/token_vocabulary.py` writes it.
static DATA: &[u8] = include_bytes!("data/o200k_base.bin");

/// Size of an integer of the head, in bytes.
const COUNT_BYTES: usize = 4;
/// Size of a rank, in bytes.
const RANK_BYTES: usize = 3;

/// The vocabulary.
pub(crate) struct TokenVocabulary {
    /// The tokens of each length from 1 on.
    groups: Vec<Group>,
}

/// All tokens of one length.
struct Group {
    tokens: &'static [u8],
    ranks: &'static [u8],
}

impl TokenVocabulary {
    /// Reads the head of the file, which takes microseconds. Empty if the file is damaged.
    pub(crate) fn read() -> Self {
        Self { groups: read_groups(DATA).unwrap_or_default() }
    }

    /// The rank of a token: tokens with lower ranks are merged first. `None`: these bytes are not a token.
    pub(crate) fn rank(&self, token: &[u8]) -> Option<u32> {
        let Group { tokens, ranks } = self.groups.get(token.len().checked_sub(1)?)?;
        let (mut low, mut high) = (0, ranks.len() / RANK_BYTES);
        while low < high {
            let middle = low.midpoint(high);
            match tokens.get(middle * token.len()..(middle + 1) * token.len())?.cmp(token) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => {
                    let rank = ranks.get(middle * RANK_BYTES..(middle + 1) * RANK_BYTES)?;
                    return Some(rank.iter().rev().fold(0, |rank, byte| rank << 8 | u32::from(*byte)));
                }
            }
        }
        None
    }
}

fn read_groups(data: &'static [u8]) -> Option<Vec<Group>> {
    let (longest, mut rest) = split_count(data)?;
    let mut counts = Vec::with_capacity(longest);
    for _ in 0..longest {
        let (count, after) = split_count(rest)?;
        counts.push(count);
        rest = after;
    }
    let mut groups = Vec::with_capacity(longest);
    for (length, count) in (1..).zip(&counts) {
        let (tokens, after) = rest.split_at_checked(length * count)?;
        groups.push(Group { tokens, ranks: &[] });
        rest = after;
    }
    for (group, count) in groups.iter_mut().zip(&counts) {
        (group.ranks, rest) = rest.split_at_checked(count * RANK_BYTES)?;
    }
    rest.is_empty().then_some(groups)
}

/// The integer at the beginning, and what follows.
fn split_count(data: &[u8]) -> Option<(usize, &[u8])> {
    let (count, rest) = data.split_at_checked(COUNT_BYTES)?;
    let count = u32::from_le_bytes(count.try_into().ok()?);
    Some((usize::try_from(count).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Number of tokens, apart from special ones, which text can't contain.
    const TOKENS: u32 = 199_998;

    #[test]
    fn every_token_has_its_published_rank() {
        let published = tiktoken_rs::o200k_base_singleton();
        let vocabulary = TokenVocabulary::read();
        for rank in 0..TOKENS {
            let token = published.decode_bytes(&[rank]).unwrap();
            assert_eq!(vocabulary.rank(&token), Some(rank), "{token:?}");
        }
        let tokens: usize = vocabulary.groups.iter().map(|group| group.ranks.len() / RANK_BYTES).sum();
        assert_eq!(tokens, TOKENS as usize, "there are no others");
    }

    #[test]
    fn other_bytes_are_not_tokens() {
        let vocabulary = TokenVocabulary::read();
        for bytes in [&b""[..], b"invoicee", b"\xFF\xFE\xFD", &[b'x'; 200]] {
            assert_eq!(vocabulary.rank(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn damaged_data_is_refused() {
        for data in [&b""[..], b"\x01\0\0\0", b"\x01\0\0\0\x01\0\0\0a", b"\x01\0\0\0\x01\0\0\0a\0\0\0\0"] {
            assert!(read_groups(data).is_none(), "{data:?}");
        }
        assert!(read_groups(b"\x01\0\0\0\x01\0\0\0a\0\0\0").is_some());
    }
}
