//! The files that decide what is done with a page: only `store/page_status.rs` may.

use super::imports::code_of;
use std::collections::BTreeMap;

/// What the code of a second implementation contains: it compares, in SQL, whether a stored fault is transient, or reads which
/// outcomes are sent again.
const SIGNS: &[&str] = &["NOT passing", "NOT a.passing", "passing = 0", ".retry.asks(", "RetrySelection::asks"];

/// The files whose code has an implementation of the rule.
pub(crate) fn implementations(files: &BTreeMap<String, String>) -> Vec<&str> {
    let has_rule = |text: &str| {
        let code = code_of(text);
        builds_a_status(&code) || SIGNS.iter().any(|sign| code.contains(sign))
    };
    let files = files.iter().filter(|(name, _)| !name.ends_with("sample.rs"));
    files.filter(|(_, text)| has_rule(text)).map(|(name, _)| name.as_str()).collect()
}

/// Whether the code has a `PageStatus` as a value: neither a pattern nor the other side of a comparison.
fn builds_a_status(code: &str) -> bool {
    code.lines().any(|line| {
        line.match_indices("PageStatus::").any(|(at, word)| {
            let (before, after) = (&line[..at], &line[at + word.len()..]);
            let is_variant = ["Ask(", "Done", "Skipped", "Faulty"].iter().any(|variant| after.starts_with(variant));
            let is_pattern = after.contains("=>") || after.contains(" | ") || line.contains("matches!(");
            let is_compared = before.ends_with("== ") || before.ends_with("!= ");
            let is_let = before.contains("let ") && after.contains(") = ");
            is_variant && !is_pattern && !is_compared && !is_let
        })
    })
}

#[test]
fn a_second_rule_is_found() {
    let count = |code: &str| implementations(&[("a.rs".to_owned(), code.to_owned())].into()).len();
    for code in [
        "fn decide() -> PageStatus {\n    PageStatus::Done\n}\n",
        "    if tasks.is_empty() { PageStatus::Done } else { PageStatus::Ask(tasks) }\n",
        "        true => PageStatus::Skipped,\n",
        "    let asked = selection.retry.asks(outcome, None, begin);\n",
        "    \"SELECT id FROM answers a WHERE a.status = 'failed' AND NOT passing\"\n",
    ] {
        assert_eq!(count(code), 1, "{code}");
    }
    for code in [
        "        PageStatus::Done => {\n",
        "        PageStatus::Done | PageStatus::Skipped | PageStatus::Faulty => Elsewhere::Settled,\n",
        "    known.fault.filter(|_| status == PageStatus::Faulty)\n",
        "    !matches!(decide(&facts, &TaskSelection::LATER_RUN), PageStatus::Ask(_))\n",
        "/// Only with [`PageStatus::Faulty`].\n",
        "#[cfg(test)]\nmod tests {\n    fn a() -> PageStatus { PageStatus::Done }\n}\n",
    ] {
        assert_eq!(count(code), 0, "{code}");
    }
}
