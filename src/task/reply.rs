//! Reads a reply: the JSON object is searched for tolerantly, its members are validated
//! strictly.

use super::check::check_value;
use super::fault::TaskFault;
use super::label::find_label;
use super::question::Question;
use super::shape::Shape;
use crate::base::vocabulary::ErrorKind;
use serde_json::{Map, Value};

/// For each question its answer in canonical form, or its fault.
pub type Reading = Vec<Result<Value, TaskFault>>;

/// Reads the answers to `questions` from the text of a reply.
#[must_use]
pub fn read_reply(content: &str, questions: &[&Question]) -> Reading {
    match find_object(content) {
        Ok(members) => questions.iter().map(|question| read_member(&members, question)).collect(),
        Err(fault) => match read_bare_label(content, questions) {
            Some(value) => vec![Ok(value)],
            None => questions.iter().map(|_| Err(fault.clone())).collect(),
        },
    }
}

fn read_member(members: &Map<String, Value>, question: &Question) -> Result<Value, TaskFault> {
    // A missing member is not an answer, not even where null is allowed.
    let Some(value) = members.get(&question.name) else {
        return Err(TaskFault::new(ErrorKind::Missing, "the member is missing"));
    };
    check_value(&question.shape, value)
}

/// The label in a reply that consists of nothing else: servers without structured output
/// answer a single classification like this.
fn read_bare_label(content: &str, questions: &[&Question]) -> Option<Value> {
    let [Question { shape: Shape::Choice(labels), .. }] = questions else {
        return None;
    };
    find_label(labels, content.trim().trim_matches(['"', '`', '.'])).map(Into::into)
}

/// The first JSON object in `content`. A byte order mark, reasoning, code fences, prose and
/// trailing commas are ignored.
fn find_object(content: &str) -> Result<Map<String, Value>, TaskFault> {
    let text = skip_reasoning(content.trim_start_matches('\u{feff}')).trim();
    if text.is_empty() {
        return Err(TaskFault::new(ErrorKind::EmptyReply, "the reply is empty"));
    }
    if let Some(members) = parse_first_object(text) {
        return Ok(members);
    }
    Err(TaskFault::new(ErrorKind::NotJson, "the reply holds no JSON object"))
}

fn skip_reasoning(text: &str) -> &str {
    match text.rfind("</think>") {
        Some(at) => &text[at + "</think>".len()..],
        None => text,
    }
}

/// The first complete object that is valid JSON. Objects inside of an invalid or incomplete
/// object are not considered.
fn parse_first_object(text: &str) -> Option<Map<String, Value>> {
    let mut rest = text;
    loop {
        let start = rest.find('{')?;
        let length = object_length(&rest[start..])?;
        let candidate = &rest[start..start + length];
        let strict = serde_json::from_str(candidate);
        if let Ok(members) = strict.or_else(|_| serde_json::from_str(&remove_trailing_commas(candidate))) {
            return Some(members);
        }
        rest = &rest[start + length..];
    }
}

/// Bytes up to the brace that closes the first one. `None` if there is none.
fn object_length(text: &str) -> Option<usize> {
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            b'{' if !in_string => depth += 1,
            b'}' if !in_string => {
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

fn remove_trailing_commas(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut in_string, mut is_escaped) = (false, false);
    for (at, c) in text.char_indices() {
        if in_string {
            in_string = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
        } else if c == '"' {
            in_string = true;
        } else if c == ',' && text[at + 1..].trim_start().starts_with(['}', ']']) {
            continue;
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests;
