//! What was answered: the object is found tolerantly, its members are validated strictly.

use super::check::label;
use super::question::Question;
use super::shape::Shape;
use crate::base::vocabulary::ErrorKind;
use serde_json::{Map, Value};

/// Why a task has no valid answer in a reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TaskFault {
    /// As `error_kind` shows it: `empty_reply`, `not_json`, `missing`, `wrong_label`,
    /// `wrong_type`, `too_many_labels`.
    pub kind: ErrorKind,
    /// Words for the model and for the row.
    pub message: String,
}

/// For each question its canonical answer or its fault.
pub type Reading = Vec<Result<Value, TaskFault>>;

/// Reads a reply to `questions`.
#[must_use]
pub fn read(content: &str, questions: &[&Question]) -> Reading {
    match object_in(content) {
        Ok(members) => questions.iter().map(|question| member(&members, question)).collect(),
        Err(fault) => match bare_label(content, questions) {
            Some(value) => vec![Ok(value)],
            None => questions.iter().map(|_| Err(fault.clone())).collect(),
        },
    }
}

fn member(members: &Map<String, Value>, question: &Question) -> Result<Value, TaskFault> {
    // Absence is not an answer, not even to a question that may be null.
    let Some(value) = members.get(&question.name) else {
        return Err(TaskFault { kind: ErrorKind::Missing, message: "the member is missing".into() });
    };
    question.shape.check(value).map_err(|(kind, message)| TaskFault { kind, message })
}

/// A server without structured output may answer a lone classification with the label.
fn bare_label(content: &str, questions: &[&Question]) -> Option<Value> {
    let [Question { shape: Shape::Choice(labels), .. }] = questions else {
        return None;
    };
    label(labels, content.trim().trim_matches(['"', '`', '.'])).map(Into::into)
}

/// The first JSON object in `content`, whatever stands around it: a byte order mark,
/// reasoning, fences, prose, trailing commas.
fn object_in(content: &str) -> Result<Map<String, Value>, TaskFault> {
    let text = without_reasoning(content.trim_start_matches('\u{feff}')).trim();
    if text.is_empty() {
        return Err(TaskFault { kind: ErrorKind::EmptyReply, message: "the reply is empty".into() });
    }
    if let Some(members) = first_object(text) {
        return Ok(members);
    }
    Err(TaskFault { kind: ErrorKind::NotJson, message: "the reply holds no JSON object".into() })
}

fn without_reasoning(text: &str) -> &str {
    match text.rfind("</think>") {
        Some(at) => &text[at + "</think>".len()..],
        None => text,
    }
}

/// The first whole object that is JSON. What is inside an object that is none, or that
/// does not end, is not the reply.
fn first_object(text: &str) -> Option<Map<String, Value>> {
    let mut rest = text;
    loop {
        let from = rest.find('{')?;
        let length = object_length(&rest[from..])?;
        let candidate = &rest[from..from + length];
        let strict = serde_json::from_str(candidate);
        if let Ok(members) = strict.or_else(|_| serde_json::from_str(&without_trailing_commas(candidate))) {
            return Some(members);
        }
        rest = &rest[from + length..];
    }
}

/// Bytes up to the brace that closes the first; `None` when none does.
fn object_length(text: &str) -> Option<usize> {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' if !in_text => depth += 1,
            b'}' if !in_text => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn without_trailing_commas(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_text, mut escaped) = (false, false);
    for (at, c) in text.char_indices() {
        if in_text {
            in_text = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if c == '"' {
            in_text = true;
        } else if c == ',' && text[at + 1..].trim_start().starts_with(['}', ']']) {
            continue;
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests;
