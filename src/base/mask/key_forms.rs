//! What keys look like: known prefixes, and tokens that look random.

use std::ops::Range;

/// Prefixes of keys and tokens, and how many characters follow at least.
const PREFIXES: &[(&str, usize)] = &[
    ("sk-", 3),
    ("sk_", 3),
    ("pk-", 8),
    ("pk_", 8),
    ("rk_", 8),
    ("gsk_", 8),
    ("ghp_", 8),
    ("gho_", 8),
    ("ghs_", 8),
    ("github_pat_", 8),
    ("glpat-", 8),
    ("xoxb-", 8),
    ("xoxp-", 8),
    ("hf_", 8),
    ("r8_", 8),
    ("nvapi-", 8),
    ("AKIA", 12),
    ("ASIA", 12),
    ("AIza", 12),
    ("eyJ", 12),
];

/// Minimum length of a key of unknown form, in bytes.
const MIN_KEY: usize = 8;

/// Longest ending of a file's name, in bytes.
const MAX_ENDING: usize = 5;

/// Runs of characters that keys consist of.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(is_part)?;
        let end = text[start..].find(|c| !is_part(c)).map_or(text.len(), |length| start + length);
        at = end;
        Some(start..end)
    })
}

/// Whether a token begins as keys of known services do.
pub(crate) fn has_known_prefix(token: &str) -> bool {
    PREFIXES.iter().any(|(prefix, more)| token.strip_prefix(prefix).is_some_and(|rest| rest.len() >= *more))
}

/// Whether a token looks like a random one: long, with digits and letters in no order. Names of
/// models and dates of releases don't.
pub(crate) fn looks_random(token: &str) -> bool {
    let kind = |c: char| match c {
        '0'..='9' => 0,
        'a'..='z' => 1,
        'A'..='Z' => 2,
        _ => 3,
    };
    let kinds: Vec<u8> = token.chars().map(kind).collect();
    let count = |wanted: u8| kinds.iter().filter(|kind| **kind == wanted).count();
    let changes = digit_changes(token);
    let longest_run = token.split(['-', '_']).map(str::len).max().unwrap_or(0);
    let (digits, letters) = (count(0), count(1) + count(2));
    let is_hex_like = longest_run >= 20 && digits >= 4 && letters >= 4 && changes >= 4;
    let is_base64_like = token.len() >= 24 && count(1) >= 2 && count(2) >= 2 && digits >= 3 && changes >= 4;
    let parts: Vec<usize> = token.split('-').map(str::len).collect();
    let is_uuid = parts == [8, 4, 4, 4, 12] && token.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    is_hex_like || is_base64_like || is_uuid
}

/// Whether a word looks like a key rather than a name: letters and digits that change more than once, without the
/// ending of a file's name or the separators of a path.
pub(crate) fn may_be_key(word: &str) -> bool {
    let is_of_key = word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+=~:".contains(c));
    let has_ending = word.rsplit_once('.').is_some_and(|(_, ending)| ending.len() <= MAX_ENDING);
    let is_word = word.len() >= MIN_KEY && is_of_key && !has_ending && !word.starts_with(['-', '.']);
    is_word && digit_changes(word) > 1
}

/// How often a digit and a letter stand side by side.
fn digit_changes(token: &str) -> usize {
    let is_change =
        |two: &&[u8]| two.iter().all(u8::is_ascii_alphanumeric) && two[0].is_ascii_digit() != two[1].is_ascii_digit();
    token.as_bytes().windows(2).filter(is_change).count()
}
