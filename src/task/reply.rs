//! Reads a reply: the JSON object is searched for tolerantly, its members are validated
//! strictly. docs/rows.md describes which object of a reply is the answer.

use super::check::check_value;
use super::fault::TaskFault;
use super::label::find_label;
use super::objects::{Found, Objects, double_quoted, parse};
use super::question::Question;
use super::shape::Shape;
use super::thought::visible_text;
use crate::base::vocabulary::ErrorKind;
use serde_json::{Map, Value};
use std::ops::Range;

/// For each question its answer in canonical form, or its fault.
pub type Reading = Vec<Result<Value, TaskFault>>;

/// Objects in objects that are searched for one with a requested member.
const MAX_WRAPPERS: u32 = 3;
/// Members that wrap an answer even if there are other members, in lower case.
const WRAPPERS: &[&str] = &[
    "answer",
    "answers",
    "final",
    "final_answer",
    "final_output",
    "final_result",
    "result",
    "results",
    "output",
    "response",
    "page",
    "data",
    "json",
    "properties",
    "arguments",
    "parameters",
];
/// Names of members that hold reasoning or a draft, in lower case: their content is not an answer.
const REASONING_MEMBERS: &[&str] = &[
    "reasoning",
    "reasoning_content",
    "thinking",
    "thought",
    "thoughts",
    "thought_process",
    "chain_of_thought",
    "rationale",
    "scratchpad",
    "draft",
    "first_draft",
];
/// Values of `type` in a JSON Schema.
const SCHEMA_TYPES: &[&str] = &["string", "number", "integer", "boolean", "array", "object", "null"];
/// Maximum length of a placeholder such as `<label>`, in bytes.
const MAX_PLACEHOLDER_BYTES: usize = 60;

/// Reads the answers to `questions` from the text of a reply.
#[must_use]
pub fn read_reply(content: &str, questions: &[&Question]) -> Reading {
    let content = content.trim_start_matches('\u{feff}');
    let candidate = find_answer(content, questions)
        .or_else(|| find_answer(&unescape(content)?, questions).filter(|candidate| candidate.rank > Rank::Other));
    if let Some(candidate) = candidate {
        return candidate.reading;
    }
    if let Some(value) = read_bare_label(content, questions) {
        return vec![Ok(value)];
    }
    let fault = if content.trim().is_empty() {
        TaskFault::new(ErrorKind::EmptyReply, "the reply is empty")
    } else {
        TaskFault::new(ErrorKind::NotJson, "the reply holds no JSON object")
    };
    questions.iter().map(|_| Err(fault.clone())).collect()
}

/// Reads the answers from a reply that was cut at the output limit. Of an object between prose it is not known whether the
/// rest would have taken it back: it is a draft.
pub(crate) fn read_cut_reply(content: &str, questions: &[&Question]) -> Reading {
    let content = content.trim_start_matches('\u{feff}');
    let is_draft = find_answer(content, questions).is_some_and(|Candidate { place, reading, .. }| {
        let rest = &content[place.end..];
        let is_between = has_words(&visible_text(&content[..place.start]))
            && has_words(&rest[..rest.find('{').unwrap_or(rest.len())]);
        is_between && reading.iter().any(Result::is_ok)
    });
    match is_draft {
        true => questions
            .iter()
            .map(|_| Err(TaskFault::new(ErrorKind::Length, "the reply was cut after a draft")))
            .collect(),
        false => read_reply(content, questions),
    }
}

/// Whether a text has words, other than the marks of code fences.
fn has_words(text: &str) -> bool {
    text.replace("```json", "").contains(char::is_alphanumeric)
}

/// Reads the answers from the reasoning of a reply without any other text. `None` unless all are valid and
/// nothing follows them: what follows a draft may take it back. Source: servers whose parser takes the answer for
/// reasoning (vLLM, Ollama, 2026-08).
pub(crate) fn read_reasoning(reasoning: &str, questions: &[&Question]) -> Option<Reading> {
    let candidate = find_answer(reasoning, questions)?;
    let is_last = !visible_text(&reasoning[candidate.place.end..]).contains(char::is_alphanumeric);
    (candidate.rank == Rank::Valid && !questions.is_empty() && is_last).then_some(candidate.reading)
}

/// How well an object fits the questions, from worst to best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// It has no requested member.
    Other,
    /// It repeats the schema, or a form to fill in.
    Template,
    /// It has a requested member, but no valid one.
    Invalid,
    /// A member is valid.
    Partial,
    /// All members are valid.
    Valid,
}

/// An object that may be the answer.
struct Candidate {
    rank: Rank,
    reading: Reading,
    /// Where it is in the text.
    place: Range<usize>,
}

/// The last of the objects that fit best: models draft before they answer. Objects before an answer that breaks off are
/// drafts, unless the reply keeps repeating one.
fn find_answer(text: &str, questions: &[&Question]) -> Option<Candidate> {
    let mut best: Option<Candidate> = None;
    let mut objects = Objects::new(text);
    let mut last_two = [0..0, 0..0];
    while let Some(found) = objects.next() {
        let place = objects.place();
        match found {
            Found::Discard => best = None,
            Found::Unfinished => {
                let [before, last] = last_two.clone().map(|place| without_blanks(&text[place]));
                let repeats = before == last && last.starts_with(&without_blanks(&text[place.clone()]));
                if begins_answer(&double_quoted(&text[place]), questions) && !repeats {
                    best = None;
                }
            }
            Found::Object(members) => {
                let candidate = judge(&members, questions, place.clone());
                last_two = [last_two[1].clone(), place];
                if best.as_ref().is_none_or(|best| candidate.rank >= best.rank) {
                    best = Some(candidate);
                }
            }
        }
    }
    best
}

/// Whether an object that breaks off has a requested member, or breaks off before its first one is known.
fn begins_answer(rest: &str, questions: &[&Question]) -> bool {
    let first = rest[1..].trim_start();
    questions.iter().any(|question| {
        let name = Value::from(question.name.as_str()).to_string();
        let is_member = |(at, _): (usize, &str)| rest[at + name.len()..].trim_start().starts_with(':');
        name.starts_with(first) || rest.match_indices(&name).any(is_member)
    })
}

fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
}

fn judge(members: &Map<String, Value>, questions: &[&Question], place: Range<usize>) -> Candidate {
    let inner = if has_requested(members, questions) { None } else { unwrap(members, questions, MAX_WRAPPERS) };
    let members = inner.as_ref().unwrap_or(members);
    let reading: Reading = questions.iter().map(|question| read_member(members, question)).collect();
    let values = || questions.iter().filter_map(|question| Some((members.get(&question.name)?, *question)));
    let rank = if !has_requested(members, questions) {
        Rank::Other
    } else if values().any(|(value, question)| is_placeholder(value) || is_schema(value, &question.shape)) {
        Rank::Template
    } else if reading.iter().all(Result::is_ok) {
        Rank::Valid
    } else if reading.iter().any(Result::is_ok) {
        Rank::Partial
    } else {
        Rank::Invalid
    };
    Candidate { rank, reading, place }
}

fn has_requested(members: &Map<String, Value>, questions: &[&Question]) -> bool {
    questions.iter().any(|question| members.contains_key(&question.name))
}

/// The object with requested members that `members` wraps: in its only member, or in one whose name
/// says so. `None` if there is none, or more than one.
fn unwrap(members: &Map<String, Value>, questions: &[&Question], depth: u32) -> Option<Map<String, Value>> {
    let is_wrapper = |name: &str| {
        let name = name.to_lowercase();
        let is_reasoning = REASONING_MEMBERS.contains(&name.as_str());
        WRAPPERS.contains(&name.as_str()) || members.len() == 1 && !is_reasoning
    };
    let mut inner = members.iter().filter(|(name, _)| is_wrapper(name)).filter_map(|(_, value)| {
        let object = as_object(value)?;
        if has_requested(&object, questions) {
            return Some(object);
        }
        unwrap(&object, questions, depth.checked_sub(1)?)
    });
    match (inner.next(), inner.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// An object, also in a list of one or as text.
fn as_object(value: &Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(object) => Some(object.clone()),
        Value::Array(items) if items.len() == 1 => items[0].as_object().cloned(),
        Value::String(text) if text.trim_start().starts_with('{') => parse(text.trim()),
        _ => None,
    }
}

fn read_member(members: &Map<String, Value>, question: &Question) -> Result<Value, TaskFault> {
    // A missing member is not an answer, not even where null is allowed.
    let Some(value) = members.get(&question.name) else {
        return Err(TaskFault::new(ErrorKind::Missing, "the member is missing"));
    };
    if is_schema(value, &question.shape) {
        let fault = TaskFault::new(ErrorKind::WrongType, "the member holds a JSON Schema, not an answer");
        return Err(fault.breaking_schema());
    }
    check_value(&question.shape, value)
}

/// Whether a value is a JSON Schema that repeats the request: an object where all members may be
/// null would take it for an answer of nulls.
fn is_schema(value: &Value, shape: &Shape) -> bool {
    let Value::Object(members) = value else { return false };
    let has_field = |name: &str| match shape.required() {
        Shape::Object(fields) => fields.iter().any(|field| field.name == name),
        _ => false,
    };
    let is_type = |value: &Value| value.as_str().is_some_and(|text| SCHEMA_TYPES.contains(&text));
    members.iter().any(|(name, value)| {
        let says_schema = match name.as_str() {
            "type" => is_type(value) || value.as_array().is_some_and(|types| types.iter().all(is_type)),
            "$ref" | "anyOf" | "properties" | "enum" => !value.is_null(),
            _ => false,
        };
        says_schema && !has_field(name)
    })
}

/// Whether a value is a placeholder, such as `<label>` or `...`.
fn is_placeholder(value: &Value) -> bool {
    let Value::String(text) = value else { return false };
    let text = text.trim();
    let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix('>'));
    matches!(text, "..." | "…")
        || inner.is_some_and(|inner| !inner.contains(['<', '>']) && text.len() <= MAX_PLACEHOLDER_BYTES)
}

/// The text of a reply that is JSON in a JSON string, or has escaped quotes. `None` if it is neither.
fn unescape(text: &str) -> Option<String> {
    let object = &text[text.find('{')? + 1..];
    if !object.trim_start_matches("\\n").trim_start().starts_with("\\\"") {
        return None;
    }
    serde_json::from_str(text.trim()).ok().or_else(|| Some(text.replace("\\\"", "\"").replace("\\n", "\n")))
}

/// The label in a reply that consists only of it: servers without structured output answer a single classification like
/// this.
fn read_bare_label(content: &str, questions: &[&Question]) -> Option<Value> {
    let [Question { shape: Shape::Choice(labels), .. }] = questions else {
        return None;
    };
    let text = visible_text(content);
    find_label(labels, text.trim().trim_matches(['"', '`', '.'])).map(Into::into)
}

#[cfg(test)]
mod tests;
