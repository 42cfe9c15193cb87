//! Numbers in error messages: `Limit 30,000`, `limit of 7,000`, `Requested ~12903 tokens`.

use crate::provider::judgement::wording::skip_fillers;

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Tokens,
    Requests,
    Unknown,
}

/// A number, and what it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Amount {
    number: u64,
    unit: Unit,
}

/// Words between a label and its number.
const FILLERS: &[&str] = &[
    "of",
    "is",
    "was",
    "at",
    "about",
    "approximately",
    "approx",
    "around",
    "estimated",
    "roughly",
    "nearly",
    "a",
    "total",
    "for",
    "up",
    "to",
];
/// Signs between them.
const SIGNS: &[char] = &[':', '=', '~', '\u{2248}', '(', '"', '\'', '`', '*', '<', '>', '\u{2264}'];
const TOKENS: &[&str] = &["token", "tokens", "tpm", "tpd", "tps", "itpm", "otpm", "tok"];
const REQUESTS: &[&str] = &["request", "requests", "rpm", "rpd", "rps", "call", "calls", "images", "image"];

/// The number that follows `label` in a message, such as 30000 for `Limit` in `Limit 30,000, Used 29937`, in
/// `limit: ~30000 tokens` or in `a limit of 30K`. 0 counts as none. `label` is found in any case.
pub(crate) fn labelled_number(message: &str, label: &str) -> Option<u64> {
    amounts(message, label).first().map(|amount| amount.number)
}

/// Whether a single request is larger than the whole limit, as in `Limit 30000, Requested 31538`: waiting does not
/// help. A limit of requests is not compared with tokens.
pub(crate) fn exceeds_whole_limit(message: &str) -> bool {
    let limits = amounts(message, "limit");
    amounts(message, "requested").iter().any(|requested| {
        let of_its_kind = |limit: &&Amount| {
            limit.unit == requested.unit || limit.unit == Unit::Unknown || requested.unit == Unit::Unknown
        };
        limits.iter().find(of_its_kind).is_some_and(|limit| requested.number > limit.number)
    })
}

/// All numbers that follow `label`.
fn amounts(message: &str, label: &str) -> Vec<Amount> {
    let (text, label) = (message.to_ascii_lowercase(), label.to_ascii_lowercase());
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let find = |(at, _): (usize, &str)| {
        let rest = &text[at + label.len()..];
        // `Limits 5` is another label.
        if text[..at].ends_with(is_word) || rest.starts_with(is_word) {
            return None;
        }
        let (number, rest) = parse_number(skip_fillers(rest, FILLERS, SIGNS))?;
        let behind = rest.trim_start().split(|c: char| !is_word(c)).next().unwrap_or_default();
        let before = text[..at].trim_end_matches(|c: char| !is_word(c)).rsplit(|c: char| !is_word(c)).next();
        let unit = [behind, before.unwrap_or_default()].into_iter().map(unit_of).find(|unit| *unit != Unit::Unknown);
        (number > 0).then_some(Amount { number, unit: unit.unwrap_or(Unit::Unknown) })
    };
    text.match_indices(label.as_str()).filter_map(find).collect()
}

fn unit_of(word: &str) -> Unit {
    match word {
        word if TOKENS.contains(&word) => Unit::Tokens,
        word if REQUESTS.contains(&word) => Unit::Requests,
        _ => Unit::Unknown,
    }
}

/// A whole number with or without separators of thousands, or with `k` or `m`, and what follows it. `text` is in
/// lower case.
pub(crate) fn parse_number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !",_.".contains(c)).unwrap_or(text.len());
    let shown = text[..end].trim_end_matches(|c: char| !c.is_ascii_digit());
    // `4.096` has separators, `4.5` and `4096.000` have fractions.
    let mut groups = shown.split('.');
    let is_first = |group: &str| (1..=3).contains(&group.len()) && group != "0";
    let behind = &text[shown.len()..];
    // `1.500k` is a fraction.
    let has_groups = shown.contains('.')
        && !behind.starts_with(['k', 'm'])
        && groups.next().is_some_and(is_first)
        && groups.all(|group| group.len() == 3);
    let plain = shown.replace(|c: char| ",_".contains(c) || c == '.' && has_groups, "");
    let scale = match behind.chars().next() {
        Some('k') => 1000.0,
        Some('m') => 1_000_000.0,
        _ => return plain.split('.').next()?.parse().ok().map(|number| (number, behind)),
    };
    let behind = &behind[1..];
    // `7ms` is not 7 million.
    if behind.starts_with(char::is_alphanumeric) {
        return None;
    }
    let number = plain.parse::<f64>().ok()? * scale;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    (0.0..1e15).contains(&number).then_some((number as u64, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_behind_a_label() {
        let queue = "Enqueued token limit reached for gpt-4o-mini in organization org-x. Limit: 2,000,000 enqueued tokens. Please try again once some in_progress batches have been completed.";
        for (message, label, number) in [
            (queue, "Limit", Some(2_000_000)),
            ("tokens per min (TPM): Limit 30,000, Used 29937, Requested 385.", "Limit", Some(30_000)),
            ("Limit 30000, Requested 31538", "Requested", Some(31_538)),
            ("Requested ~12903", "Requested", Some(12_903)),
            ("requested approximately 12,903 tokens", "Requested", Some(12_903)),
            ("you requested about ~12903.", "Requested", Some(12_903)),
            ("exceeds the limit of 7,000 tokens", "Limit", Some(7000)),
            ("TPM limit: 7000", "Limit", Some(7000)),
            ("limit is 7_000", "Limit", Some(7000)),
            ("limit=7000.0", "Limit", Some(7000)),
            ("a limit of 30K tokens", "Limit", Some(30_000)),
            ("a limit of 1.5M", "Limit", Some(1_500_000)),
            ("a limit of 1.500k", "Limit", Some(1500)),
            ("a limit of 1.500 tokens", "Limit", Some(1500)),
            ("limit (7000)", "Limit", Some(7000)),
            ("Rate limit reached, limit: 7000", "Limit", Some(7000)),
            ("Limits 5, Limit 6", "Limit", Some(6)),
            ("Limit none, Limit 7", "Limit", Some(7)),
            ("rate limit 5", "Limit", Some(5)),
            ("unlimited 5, limitless 6, rate_limit 7", "Limit", None),
            ("limit 7ms", "Limit", None),
            ("Limit 0", "Limit", None),
            ("Limit -5", "Limit", None),
            ("Limit 99999999999999999999999", "Limit", None),
            ("Limit", "Limit", None),
            ("", "Limit", None),
        ] {
            assert_eq!(labelled_number(message, label), number, "{message}");
        }
    }

    #[test]
    fn what_can_never_succeed() {
        for (message, expected) in [
            ("on tokens per min (TPM): Limit 30000, Requested 31538.", true),
            ("Rate limit reached on tokens per minute (TPM): Limit 7,000, Used 0, Requested ~12903.", true),
            ("limit of 7,000 tokens, requested 12903 tokens", true),
            ("You requested approximately 12,903 tokens, which is over the limit of 7000", true),
            ("TPM limit: 7000, Used: 12, Requested: 12903", true),
            ("requests per min (RPM): Limit 3, Used 3, Requested 1", false),
            ("Limit 30000, Used 29937, Requested 385", false),
            ("Limit 7000, Used 3000, Requested 7000", false),
            ("RPM limit: 3, requested 500 tokens", false),
            ("RPM limit: 3, TPM limit: 7000, requested 500 tokens", false),
            ("RPM limit: 3, TPM limit: 7000, requested 8000 tokens", true),
            ("limit 3 requests per minute, requested 12903 tokens", false),
            ("limit of 7,000", false),
            ("", false),
        ] {
            assert_eq!(exceeds_whole_limit(message), expected, "{message}");
        }
    }
}
