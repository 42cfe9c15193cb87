//! Replies that repeat themselves until the output limit.
//!
//! Servers that constrain the reply to a grammar do this with labels, texts and white space (vLLM,
//! llama.cpp, 2026-11). More room does not end them.

/// Bytes at the end of a reply that are looked at.
const MAX_TAIL: usize = 8192;
/// Minimum length of a repetition, in bytes.
const MIN_LENGTH: usize = 200;
/// Minimum number of equal pieces.
const MIN_PERIODS: usize = 12;
/// A repetition is at least this part of what is looked at, in percent: rows of a long table may be
/// equal, too.
const MIN_SHARE: usize = 60;
/// Minimum number of items of a list that ends the reply.
const MIN_ITEMS: usize = 32;
/// How many times the average item of such a list occurs, at least.
const MIN_OCCURRENCES: usize = 8;

/// Minimum length of white space at the end of a reply that was cut there, in bytes.
const MIN_BLANKS: usize = 32;

/// Whether a reply that was cut at its output limit repeats itself at its end.
pub(crate) fn repeats_itself(text: &str) -> bool {
    if text.len() - text.trim_end().len() >= MIN_BLANKS {
        return true;
    }
    let bytes = text.as_bytes();
    let tail = &bytes[bytes.len().saturating_sub(MAX_TAIL)..];
    let (length, period) = longest_repetition(tail);
    let is_periodic = length >= MIN_LENGTH && length >= period * MIN_PERIODS;
    is_periodic && length * 100 >= tail.len() * MIN_SHARE || ends_in_few_items(tail)
}

/// The longest end of `text` that consists of at least [`MIN_PERIODS`] equal pieces, the first of which
/// may be incomplete: its length and that of a piece, in bytes.
fn longest_repetition(text: &[u8]) -> (usize, usize) {
    let reversed: Vec<u8> = text.iter().rev().copied().collect();
    // For each beginning of the reversed text the length of its longest border (Knuth, Morris, Pratt):
    // its shortest period is its length without the border.
    let mut borders = vec![0; reversed.len()];
    let (mut border, mut longest) = (0, (0, 1));
    for at in 1..reversed.len() {
        while border > 0 && reversed[at] != reversed[border] {
            border = borders[border - 1];
        }
        border += usize::from(reversed[at] == reversed[border]);
        borders[at] = border;
        let (length, period) = (at + 1, at + 1 - border);
        if length >= period * MIN_PERIODS {
            longest = (length, period);
        }
    }
    longest
}

/// Whether the reply breaks off in a list of texts of which few differ: labels, again and again, in
/// any order.
fn ends_in_few_items(tail: &[u8]) -> bool {
    let start = tail.iter().rposition(|byte| matches!(byte, b'[' | b'{' | b'}' | b']' | b':')).map_or(0, |at| at + 1);
    let list = &tail[start..];
    let mut items: Vec<&[u8]> = list.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).collect();
    // The last one is not complete, the first may be cut.
    items.pop();
    if !items.is_empty() {
        items.remove(0);
    }
    let count = items.len();
    let are_texts = items.iter().all(|item| item.len() >= 2 && item.starts_with(b"\"") && item.ends_with(b"\""));
    items.sort_unstable();
    items.dedup();
    let is_large = list.len() * 100 >= tail.len() * MIN_SHARE;
    are_texts && is_large && count >= MIN_ITEMS && count >= items.len() * MIN_OCCURRENCES
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn replies_that_repeat_themselves() {
        for (start, piece, count) in [
            (r#"{"marks":["#, r#""stamp","#, 40),
            (r#"{"marks":["#, r#""stamp", "logo", "#, 20),
            (r#"{"title":""#, "the ", 200),
            (r#"{"title":""#, "00", 300),
            (r#"{"kind":"letter""#, "\n", 300),
            ("", " ", 300),
            (r#"{"kind":"letter""#, " ", 60),
            ("", "\n", 90),
            (r#"{"items":["#, "{\"name\":\"\",\"price\":0},", 30),
            ("<think>", "Wait, let me look again. ", 40),
        ] {
            let text = format!("{start}{}", piece.repeat(count));
            assert!(repeats_itself(&text), "{text}");
            let cut = text.len() - 1;
            assert!(repeats_itself(&text[..cut]), "the last piece may be incomplete: {text}");
        }
        let labels = ["stamp", "logo", "seal"];
        let items: String = (0..60_usize).map(|at| format!("\"{}\",", labels[at * at * 7 % 11 % 3])).collect();
        assert!(repeats_itself(&format!("{{\"marks\":[{items}\"st")), "{items}");
    }

    #[test]
    fn ordinary_replies_do_not() {
        let rows: String = (0..200).map(|at| format!("{{\"name\":\"item {at}\",\"price\":0}},")).collect();
        let equal = r#"{"name":"","price":0},"#.repeat(11);
        let cells: String = (0..60).map(|at| if at % 2 == 0 { "\"yes\"," } else { "\"no\"," }).collect();
        for text in [
            String::new(),
            r#"{"kind":"inv"#.to_owned(),
            format!("{{\"rows\":[{rows}"),
            format!("{{\"rows\":[{equal}"),
            format!("{{\"rows\":[{rows}{equal}{equal}{equal}"),
            format!("{{\"title\":\"a\",\"cells\":{{\"a\":[{}", cells.chars().take(100).collect::<String>()),
            "An invoice of 27 pages. ".repeat(8),
            "-".repeat(100),
            format!("{{\n{}\"kind\": {{\n{}", " ".repeat(12), " ".repeat(16)),
        ] {
            assert!(!repeats_itself(&text), "{text}");
        }
    }

    proptest! {
        /// Lines with a number, as of a table, are not a repetition, however long.
        #[test]
        fn numbered_rows_do_not(first in 0_u32..1000, count in 0_u32..400, name in "[a-z]{0,20}") {
            let rows: String = (first..first + count).map(|at| format!("{{\"n\":{at},\"name\":\"{name}\"}},")).collect();
            prop_assert!(!repeats_itself(&rows));
        }

        /// A piece that is repeated often enough is a repetition after any short text.
        #[test]
        fn a_repeated_piece_does(before in "[a-z ]{0,60}", piece in "[a-z,\" ]{1,30}") {
            let text = format!("{before}{}", piece.repeat(200 / piece.len() + 15));
            prop_assert!(repeats_itself(&text));
        }

        #[test]
        fn any_text_is_looked_at(text in any::<String>()) {
            let _ = repeats_itself(&text);
        }
    }
}
