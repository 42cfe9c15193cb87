//! The reasoning efforts that an error lists as supported.

use crate::catalog::Effort;
use crate::provider::form::efforts::Efforts;
use crate::provider::judgement::wording::find_word;

/// The efforts that a message, in lower case, lists as supported or suggests. Empty: none.
pub(crate) fn listed_efforts(message: &str) -> Efforts {
    const INTRODUCTIONS: &[&str] = &[
        "supported values",
        "valid values",
        "supported levels",
        "allowed values",
        "accepted values",
        "one of",
        "should be",
        "must be",
        "choose from",
        "expected",
    ];
    let named = |list: &str| -> Vec<Effort> {
        Effort::ALL.iter().copied().filter(|effort| find_word(list, effort.name()).is_some()).collect()
    };
    let found = match INTRODUCTIONS.iter().filter_map(|words| message.find(words)).min() {
        Some(start) => named(&message[start..]),
        None => match named(suggested(message)) {
            // Of other names, one is that of the value that was sent.
            none if none.is_empty() => Some(named(message)).filter(|found| found.len() > 2).unwrap_or_default(),
            found => found,
        },
    };
    found.into_iter().collect()
}

/// What a message suggests, as in `try "low" instead`.
fn suggested(message: &str) -> &str {
    let Some((before, _)) = message.split_once(" instead") else { return "" };
    let start = [" try ", " use ", " choose ", " set "].iter().filter_map(|verb| before.rfind(verb)).max();
    start.map_or("", |start| &before[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_efforts_that_are_supported() {
        for (message, expected) in [
            (
                "reasoning_effort 'max' is not supported. supported values are: 'none', 'low' and 'high'.",
                "none low high",
            ),
            ("reasoning_effort must be in {low, medium, high}", "low medium high"),
            ("reasoning_effort=none is not supported; try \"low\" instead.", "low"),
            ("reasoning_effort 'none' is unsupported. please use minimal or low instead", "minimal low"),
            ("this model always thinks: low, medium or high", "low medium high"),
            ("thinking level is unsupported: thinking_level_minimal", ""),
            ("effort 'none' is not supported", ""),
            ("use something else instead of none", ""),
        ] {
            let names: Vec<&str> = listed_efforts(message).iter().map(Effort::name).collect();
            assert_eq!(names.join(" "), expected, "{message}");
        }
    }
}
