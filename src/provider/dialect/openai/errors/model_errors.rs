//! Errors about the model itself, in the words of servers: it does not exist, or was retired.
//!
//! Sources: error references of the vendors, and errors that their users quoted (2026-11).

/// Codes of errors about a model that was retired, in lower case.
const RETIRED_CODES: &[&str] =
    &["model_decommissioned", "model_retired", "model_deprecated", "model_discontinued", "deprecatedmodel"];
/// Words about a retired model.
const RETIRED: &[&str] = &[
    "been retired",
    "was retired",
    "is retired",
    "decommissioned",
    "discontinued",
    "been sunset",
    "was sunset",
    "is sunset",
    "been shut down",
    "was shut down",
    "end of life",
    "end-of-life",
    "been removed",
    "been deprecated",
    "is deprecated",
    "was deprecated",
    "no longer available",
    "no longer supported",
    "no longer offered",
    "no longer served",
    "no longer exists",
    "not available anymore",
    "no longer hosted",
    "retired model",
    "superseded",
];

/// Whether an error states that the model was retired: `the model x has been retired`, in the words of several servers;
/// not that a parameter of it is. `text` and `codes` are in lower case.
pub(crate) fn is_retired(status: u16, text: &str, codes: &[String]) -> bool {
    // An internal error may quote a warning that the model is deprecated.
    let is_internal = status >= 500;
    let words = RETIRED.iter().filter(|words| !is_internal || !words.contains("deprecated"));
    let mut found = words.flat_map(|words| text.match_indices(words));
    // `410 Gone` leaves out the verb. Without the model as its subject it may be about one page.
    let is_gone = status == 410 && is_model(&words_of(text));
    is_gone
        || codes.iter().any(|code| RETIRED_CODES.contains(&code.as_str()))
        || found.any(|(at, words)| {
            subject_of(&text[..at]).is_some_and(|subject| is_model(&subject))
                || !words.contains("deprecated") && !words.contains("removed") && is_name_of_model(&text[..at])
        })
}

/// Whether the only word of the clause before a verb looks like the name of a model: `'gpt-4o-mini' has been …`.
fn is_name_of_model(before: &str) -> bool {
    let clause = before.rsplit(['\n', ';']).next().unwrap_or_default();
    let clause = clause.rsplit(". ").next().unwrap_or_default();
    let mut words = clause.split_whitespace().filter(|word| !matches!(*word, "has" | "have" | "had"));
    let (Some(name), None) = (words.next(), words.next()) else { return false };
    let name = name.trim_matches(['`', '"', '\'']);
    !name.contains('_') && name.contains(|c: char| c.is_ascii_digit() || c == '/')
}

/// `The model x does not exist`, in the words of several servers; not that a file or an image does
/// not exist.
pub(crate) fn names_unknown_model(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "invalid model name",
        "not a valid model",
        "unknown model",
        "no such model",
        "model not exist",
        "unsupported model",
        "not a chat model",
        "no endpoints found for",
        "llm provider not provided",
        "invalid model id",
        "no model called",
        "no model named",
    ];
    const MISSING: &[&str] = &["does not exist", "not found", "doesn't exist", "could not be found"];
    let is_word = |words: &&str| {
        let mut behind = text.match_indices(*words).map(|(at, words)| text[at + words.len()..].trim_start());
        behind.any(|rest| !["param", "setting", "option", "argument"].iter().any(|word| rest.starts_with(word)))
    };
    let missing = MISSING.iter().flat_map(|words| text.match_indices(words));
    let mut missing = missing.map(|(at, words)| (&text[..at], &text[at + words.len()..]));
    is_only_a_name(text) || WORDS.iter().any(is_word) || missing.any(|(before, after)| is_about_model(before, after))
}

/// `model: claude-sonnet-5`: Anthropic's message for a model that does not exist.
fn is_only_a_name(text: &str) -> bool {
    text.trim().strip_prefix("model: ").is_some_and(|name| !name.is_empty() && !name.contains(char::is_whitespace))
}

/// Words for a model.
const MODELS: &[&str] = &["model", "models", "deployment", "engine"];

/// Whether the clause around words such as `not found` has the model as its subject.
fn is_about_model(before: &str, after: &str) -> bool {
    match subject_of(before) {
        Some(subject) => is_model(&subject),
        None => words_of(after).iter().take(3).any(|word| MODELS.contains(&word.as_str())),
    }
}

/// The words of a clause before its verb; `None` if there are none.
fn subject_of(before: &str) -> Option<Vec<String>> {
    let start = [". ", "; ", "\n"].iter().filter_map(|end| before.rfind(end).map(|at| at + end.len())).max();
    Some(words_of(&before[start.unwrap_or(0)..])).filter(|words| !words.is_empty())
}

/// Whether the words of a subject mean a model, rather than a part of it.
fn is_model(subject: &[String]) -> bool {
    const OTHERS: &[&str] = &[
        "file",
        "image",
        "images",
        "url",
        "file_id",
        "message",
        "path",
        "key",
        "tool",
        "template",
        "parameter",
        "parameters",
        "argument",
        "field",
        "feature",
        "support",
        // What runs or holds the model, which is temporary.
        "server",
        "replica",
        "replicas",
        "instance",
        "instances",
        "worker",
        "workers",
        "backend",
        "container",
        "pod",
        "node",
        "process",
        "runner",
        "service",
        "cache",
        "weights",
        "shard",
    ];
    let has = |names: &[&str]| subject.iter().any(|word| names.contains(&word.as_str()));
    has(MODELS) && !has(OTHERS)
}

/// The words of a text without what it quotes, such as the name of a model.
fn words_of(text: &str) -> Vec<String> {
    let text = text.replace("'s ", " ");
    let unquoted = text.split(['`', '"', '\'']).step_by(2).collect::<Vec<_>>().join(" ");
    let words = unquoted.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned());
    words.filter(|word| !word.is_empty()).collect()
}
