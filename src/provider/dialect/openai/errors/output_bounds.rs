//! Bounds of the output limit that an error states, in the words of many servers: `max_tokens must be less than or
//! equal to 8192`, `integer below minimum value. Expected a value >= 256`. A bound is a number after words that
//! compare, in a sentence about the output limit; other numbers, such as status codes and ids, are not bounds.
//!
//! Sources: errors of servers that their users quoted (2026-11).

use super::message_words::{is_number, number, words_of};
use crate::provider::form::capability_change::CapabilityChange;

/// Bounds of the output limit, in tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OutputBounds {
    /// The largest limit that is accepted.
    pub(crate) most: Option<u32>,
    /// The least one; 0: there is one, but the error names no number.
    pub(crate) least: Option<u32>,
}

/// How an error states a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    /// At most the number that follows, or less than it.
    Most { is_strict: bool },
    /// At least the number that follows, or more than it.
    Least { is_strict: bool },
    /// From the number that follows to another one.
    Range,
    /// The bound is the number that follows, unless words in between state that it is the other one.
    Exceeded,
}

/// Names of the output limit: the last part of a path. Those of several words are in [`LIMIT_PHRASES`].
const LIMITS: &[&str] = &[
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "max_new_tokens",
    "maxtokens",
    "maxoutputtokens",
    "maxcompletiontokens",
];
const LIMIT_PHRASES: &[[&str; 2]] = &[
    ["max", "tokens"],
    ["maximum", "tokens"],
    ["max", "output"],
    ["maximum", "output"],
    ["output", "tokens"],
    ["completion", "tokens"],
    ["output", "length"],
    ["output", "limit"],
    ["output", "budget"],
    ["completion", "length"],
    ["completion", "limit"],
    ["completion", "budget"],
    ["response", "length"],
    ["response", "tokens"],
    ["reply", "length"],
    ["reply", "tokens"],
    ["answer", "tokens"],
    ["generation", "length"],
    ["generated", "tokens"],
];

/// Other things with bounds. After one of these a number is not the output limit's.
const OTHERS: &[&str] = &[
    "context",
    "context_length",
    "context_window",
    "window",
    "max_model_len",
    "prompt",
    "input",
    "inputs",
    "rate",
    "minute",
    "min",
    "day",
    "tpm",
    "rpm",
    "quota",
    "credits",
    "afford",
    "image",
    "images",
    "temperature",
    "top_p",
    "top_k",
    "logprobs",
    "top_logprobs",
    "seed",
    "stop",
];
/// Words before numbers that are not a bound: the value that was sent, codes and ids.
const NO_BOUNDS: &[&str] = &[
    "got",
    "given",
    "provided",
    "requested",
    "received",
    "sent",
    "you",
    "code",
    "status",
    "id",
    "http",
    "error",
    "line",
    "column",
    "version",
    "request",
    "attempt",
    "retry",
    "after",
    "in",
];
/// Words after numbers that count something other than tokens.
const OTHER_UNITS: &[&str] = &[
    "%",
    "ms",
    "s",
    "sec",
    "seconds",
    "minutes",
    "hours",
    "days",
    "requests",
    "images",
    "pages",
    "characters",
    "chars",
    "bytes",
    "kb",
    "mb",
    "pixels",
    "px",
    "times",
    "attempts",
    "retries",
    "messages",
    "items",
    "choices",
];
/// Words before and after a number that is a bound, for any comparison.
const BEFORE_BOUNDS: &[&str] = &[
    "to",
    "at",
    "of",
    "is",
    "are",
    "than",
    "over",
    "above",
    "beyond",
    "under",
    "below",
    "within",
    "only",
    "just",
    "=",
    ":",
    "(",
    "<=",
    "<",
    ">=",
    ">",
    "exceeds",
    "exceed",
    "exceeding",
    "by",
    "be",
];
const BEHIND_BOUNDS: &[&str] =
    &["token", "tokens", "max", "maximum", "min", "minimum", "only", "here", "or", "allowed", "allows", "at", "for"];
/// Words of errors about an output limit that is too small.
const TOO_LITTLE: &[&str] =
    &["floor", "minimum", "min", "least", "small", "low", "short", "below", "under", "higher", "increase", "raise"];
/// Words that stand between a comparison and its number, at most.
const MAX_DISTANCE: usize = 14;
/// A smaller number is not a maximum: no model is limited to so little.
const MIN_MOST: u32 = 16;

impl OutputBounds {
    /// The bounds that an error states. `param`: its member of that name; both are in lower case.
    pub(crate) fn read(param: &str, text: &str) -> Self {
        let words = words_of(&format!("{param} : {text}"));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut found = Found::default();
        for at in 0..words.len() {
            if let Some((relation, length)) = relation_at(&words, at) {
                found.add(&words, at, at + length, relation);
            }
        }
        // Before the prompt, the window leaves no room for an answer.
        let is_of_window = text.contains("got -") || text.contains("context");
        let least = found.least.filter(|_| !is_of_window);
        Self { most: found.most.or(found.exceeded), least }
    }

    /// The bounds that an error about the output limit may state in words that are not understood: the maximum is
    /// its smallest number, if that is less than what was sent; the minimum is its largest one, if it mentions that
    /// something is too little and the number is more than what was sent. `param`: its member of that name; both are in lower case.
    pub(crate) fn guess(param: &str, text: &str) -> Self {
        let words = words_of(&format!("{param} : {text}"));
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let is_other = |at: &usize| OTHERS.contains(&words[*at]) && !BEHIND_BOUNDS.contains(&words[*at]);
        if !(0..words.len()).any(|at| is_limit(&words, at)) || (0..words.len()).any(|at| is_other(&at)) {
            return Self::default();
        }
        let bound = |at: usize| {
            let value = number(words[at])?;
            let is_stated = at > 0 && BEFORE_BOUNDS.contains(&words[at - 1])
                || words.get(at + 1).is_none_or(|word| BEHIND_BOUNDS.contains(word) || *word == ".");
            let is_bound = is_stated && !is_other_number(&words, at) && value >= MIN_MOST;
            is_bound.then_some(value)
        };
        let bounds: Vec<u32> = (0..words.len()).filter_map(bound).collect();
        let is_too_little = words.iter().any(|word| TOO_LITTLE.contains(word));
        Self { most: bounds.iter().min().copied(), least: bounds.iter().max().copied().filter(|_| is_too_little) }
    }

    /// What to change so that the limit is within the bounds.
    pub(crate) fn changes(self) -> Vec<CapabilityChange> {
        let most = self.most.map(CapabilityChange::MaxOutput);
        most.into_iter().chain(self.least.map(CapabilityChange::MinOutput)).collect()
    }
}

/// Bounds in the order of their certainty.
#[derive(Default)]
struct Found {
    most: Option<u32>,
    least: Option<u32>,
    /// A number that something exceeds.
    exceeded: Option<u32>,
}

impl Found {
    /// Takes the bound that a relation states, which stands at `at` and ends before `behind`.
    fn add(&mut self, words: &[&str], at: usize, behind: usize, relation: Relation) {
        let is_subject = subject_before(words, at) == Some(true);
        let Some(number) = number_behind(words, behind, relation) else {
            // `must be greater than thinking.budget_tokens`
            let is_window = words[behind..].iter().take(MAX_DISTANCE).any(|word| OTHERS.contains(word));
            if matches!(relation, Relation::Least { .. }) && is_subject && !is_window {
                self.least = self.least.or(Some(0));
            }
            return;
        };
        let is_between = || (behind..number.behind).any(|at| is_limit(words, at));
        if !is_subject && !is_between() && !counts_output(words, number.behind) {
            return;
        }
        let value = number.value;
        let mut most = |value: u32| self.most = self.most.or(Some(value).filter(|value| *value >= MIN_MOST));
        match relation {
            Relation::Most { is_strict } => most(value.saturating_sub(u32::from(is_strict))),
            Relation::Least { is_strict } => {
                self.least = self.least.max(Some(value.saturating_add(u32::from(is_strict))));
            }
            Relation::Range => {
                let is_open = words.get(number.behind..number.behind + 2) == Some(&["(", "exclusive"][..]);
                let upper = words[number.behind..].iter().take(6).position(|word| matches!(*word, "to" | "and"));
                let upper = upper.and_then(|gap| number_behind(words, number.behind + gap + 1, relation));
                let Some(upper) = upper else { return };
                let is_closed = words.get(upper.behind..upper.behind + 2) != Some(&["(", "exclusive"][..]);
                most(upper.value.saturating_sub(u32::from(!is_closed)));
                self.least = self.least.max(Some(value.saturating_add(u32::from(is_open))).filter(|least| *least > 1));
            }
            Relation::Exceeded => {
                let is_least = words[behind..number.behind].iter().any(|word| word.starts_with("minim"));
                if is_least {
                    self.least = self.least.max(Some(value));
                } else {
                    self.exceeded = self.exceeded.or(Some(value).filter(|value| *value >= MIN_MOST));
                }
            }
        }
    }
}

/// A number among words.
struct Number {
    value: u32,
    /// Where the next word stands.
    behind: usize,
}

/// The relation that begins at `at`, and the number of its words.
fn relation_at(words: &[&str], at: usize) -> Option<(Relation, usize)> {
    let is = |offset: usize, list: &[&str]| words.get(at + offset).is_some_and(|word| list.contains(word));
    let before = |list: &[&str]| words[at.saturating_sub(3)..at].iter().any(|word| list.contains(word));
    let is_denied = || {
        before(&["not", "never", "no"])
            || words[at.saturating_sub(3)..at].iter().any(|word| word.ends_with("nt") || *word == "cannot")
    };
    let is_demanded = || before(&["must", "should", "needs", "has", "have", "required", "expected", "value"]);
    let follows_number =
        || at > 0 && words[..at].iter().rev().find(|word| **word != ")").is_some_and(|word| is_number(word));
    let (most, least) = (|is_strict| Relation::Most { is_strict }, |is_strict| Relation::Least { is_strict });
    let equal = if words.get(at + 2..at + 5) == Some(&["or", "equal", "to"][..]) { 3 } else { 0 };
    Some(match words[at] {
        "<=" => (most(false), 1),
        "<" => (most(true), 1),
        // `16384 > 4096, which is the maximum`, and not `expected a value >= 256`.
        ">" | ">=" if follows_number() => (Relation::Exceeded, 1),
        ">=" => (least(false), 1),
        ">" => (least(true), 1),
        "capped" | "limited" | "restricted" | "clamped" if is(1, &["at", "to", "by"]) => (most(false), 2),
        "cap" | "ceiling" if is(1, &["of", "is", "for", "(", ":", "="]) => (Relation::Exceeded, 1),
        "at" if is(1, &["most"]) => (most(false), 2),
        "at" if is(1, &["least"]) => (least(false), 2),
        // `you requested up to 65536 tokens`
        "up" if is(1, &["to"]) && !before(&["requested", "asked"]) => (most(false), 2),
        "range" if is(1, &["of"]) && words.get(at + 2).is_some_and(|word| is_number(word)) => (Relation::Range, 2),
        "from" | "between" if words.get(at + 1).is_some_and(|word| is_number(word)) => (Relation::Range, 1),
        "greater" | "larger" | "higher" | "bigger" | "more" if is(1, &["than"]) => match () {
            () if is_denied() => (most(false), 2 + equal),
            () if is_demanded() => (least(equal == 0), 2 + equal),
            () => (Relation::Exceeded, 2 + equal),
        },
        "less" | "lower" | "smaller" | "fewer" if is(1, &["than"]) => match () {
            () if is_denied() => (least(false), 2 + equal),
            () if is(2 + equal, &["the", "minimum"]) => (Relation::Exceeded, 2 + equal),
            () => (most(equal == 0), 2 + equal),
        },
        "exceed" | "exceeds" | "exceeded" | "exceeding" if is_denied() => (most(false), 1),
        "exceed" if is_demanded() => (least(true), 1),
        "exceed" | "exceeds" | "exceeded" | "exceeding" | "maximum" | "max" => (Relation::Exceeded, 1),
        "limit" if is(1, &["of", "is", "for", "(", ":", "="]) => (Relation::Exceeded, 1),
        "minimum" => (least(false), 1),
        "too" if is(1, &["small", "low"]) => (least(false), 2),
        _ => return None,
    })
}

/// Whether what the words before `at` name last is the output limit; `None`: they name nothing with a bound.
fn subject_before(words: &[&str], at: usize) -> Option<bool> {
    (0..at).rev().find_map(|at| {
        if is_limit(words, at) {
            Some(true)
        } else if OTHERS.contains(&words[at]) {
            Some(false)
        } else {
            None
        }
    })
}

fn is_limit(words: &[&str], at: usize) -> bool {
    let name = words[at].rsplit('.').next().unwrap_or_default();
    LIMITS.contains(&name)
        || words.get(at..at + 2).is_some_and(|pair| LIMIT_PHRASES.iter().any(|phrase| phrase == pair))
}

/// Whether the words from `at` state that a number counts the model's output.
fn counts_output(words: &[&str], at: usize) -> bool {
    let of_reply = |word: &str| matches!(word, "reply" | "response" | "answer" | "completion" | "generation");
    words.get(at..at + 2).is_some_and(|unit| matches!(unit, ["completion" | "output", "tokens"]))
        || words.get(at..at + 3).is_some_and(|unit| matches!(unit, ["tokens", "per", of] if of_reply(of)))
}

/// The number that the relation before `start` is about.
fn number_behind(words: &[&str], start: usize, relation: Relation) -> Option<Number> {
    let is_direct = matches!(relation, Relation::Most { .. } | Relation::Least { .. } | Relation::Range);
    for at in start..words.len().min(start + MAX_DISTANCE) {
        let word = words[at];
        // The end of the sentence, another comparison, or something else with a bound.
        if word == "." || OTHERS.contains(&word) || is_direct && matches!(word, "<" | ">" | "<=" | ">=" | "but" | ",") {
            return None;
        }
        let Some(value) = number(word) else { continue };
        if !is_other_number(words, at) {
            return Some(Number { value, behind: at + 1 });
        }
        if is_direct {
            return None;
        }
    }
    None
}

/// Whether the number at `at` is something other than a bound: the value that was sent, a code, or a count.
fn is_other_number(words: &[&str], at: usize) -> bool {
    let before = words[..at].iter().rev().find(|word| !matches!(**word, ":" | "=" | "#" | "is" | "(" | "of"));
    let is_none = before.is_some_and(|word| NO_BOUNDS.contains(word));
    let is_part = words.get(at + 1).is_some_and(|word| OTHER_UNITS.contains(word) || matches!(*word, "+" | "-"));
    is_none || is_part
}

#[cfg(test)]
mod tests;
