//! The words of error messages: signs and numbers stand apart, and ranges are in words.

use super::message_numbers::parse_number;

/// The words of a text: signs stand apart, quotes are left out, and a range in brackets is in words.
pub(crate) fn words_of(text: &str) -> Vec<String> {
    let text = text.replace(['`', '"', '*', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}'], "").replace('\'', "");
    // Pydantic calls every value an input.
    let text = text.replace("input should", "value should");
    let text = text.replace('\u{2264}', "<=").replace('\u{2265}', ">=").replace('\n', " . ");
    let text = ranges_in_words(&text);
    let (mut out, mut rest) = (String::with_capacity(text.len() * 2), text.as_str());
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let after = rest[c.len_utf8()..].chars().next().unwrap_or(' ');
        match c {
            '<' | '>' if after == '=' => {
                out.push_str(&format!(" {c}= "));
                (rest, before) = (&rest[2..], ' ');
                continue;
            }
            '<' | '>' | '=' | '(' | ')' | '[' | ']' | ':' | '%' => out.push_str(&format!(" {c} ")),
            ';' | '!' | '?' => out.push_str(" . "),
            // Not those of a number or of a path.
            '.' | ',' if after.is_whitespace() => out.push_str(if c == '.' { " . " } else { " , " }),
            // Spaces between the digits of one number: no-break, narrow no-break and thin.
            '\u{a0}' | '\u{202f}' | '\u{2009}' if before.is_ascii_digit() && after.is_ascii_digit() => {}
            '-' if !before.is_alphanumeric() && after.is_ascii_digit() => out.push_str(" - "),
            c => out.push(c),
        }
        (rest, before) = (&rest[c.len_utf8()..], c);
    }
    let mut words: Vec<String> = Vec::new();
    for word in out.split_whitespace() {
        let is_digits = |word: &str| word.chars().all(|c| c.is_ascii_digit());
        // `4 096` is one number.
        match words.last_mut() {
            Some(last) if is_digits(word) && word.len() == 3 && is_digits(last) && (1..=3).contains(&last.len()) => {
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// `[1, 8192]` and `(0, 8193]` as `from 1 to 8192`.
fn ranges_in_words(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(['[', '(']) {
        let (opened, inner) = (&rest[at..=at], &rest[at + 1..]);
        let range = inner.find([']', ')']).and_then(|end| {
            let (low, high) = inner[..end].split_once(',')?;
            let number = |text: &str| text.trim().parse::<u32>().ok();
            let (low, high, closed) = (number(low)?, number(high)?, &inner[end..=end]);
            let low = low.saturating_add(u32::from(opened == "("));
            let text = format!("from {low} to {}", high.saturating_sub(u32::from(closed == ")")));
            // Two numbers in parentheses may be anything.
            (opened == "[" || closed == "]").then_some((text, end))
        });
        out.push_str(&rest[..at]);
        match range {
            Some((text, end)) => {
                out.push_str(&format!(" {text} "));
                rest = &inner[end + 1..];
            }
            None => {
                out.push_str(opened);
                rest = inner;
            }
        }
    }
    out + rest
}

/// Whether a word is a number.
pub(crate) fn is_number(word: &str) -> bool {
    number(word).is_some()
}

/// A word that is only a number.
pub(crate) fn number(word: &str) -> Option<u32> {
    let word = word.trim_end_matches(['.', ',']);
    let (number, rest) = parse_number(word)?;
    u32::try_from(number).ok().filter(|_| rest.is_empty() && word.starts_with(|c: char| c.is_ascii_digit()))
}
