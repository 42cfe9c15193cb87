//! A manifest's task, compiled: its shape and its words.

use super::schema;
use super::shape::Shape;
use crate::manifest::{AnswerType, Label, Task, TaskKind};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::PathBuf;

/// A compiled task.
#[derive(Clone, Debug)]
pub struct Question {
    /// The task's name: the member of the reply, the column of the rows.
    pub name: String,
    /// The form of its answer.
    pub shape: Shape,
    /// The task as written, in canonical JSON: part of every answer's key. No name.
    pub recipe: Value,
    /// What is asked, as text for the prompt.
    pub(super) text: String,
}

/// A schema that can't be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}: {message}", path.display(), if pointer.is_empty() { "/" } else { pointer })]
pub struct SchemaFault {
    /// The schema's file.
    pub path: PathBuf,
    /// The place in it, a JSON Pointer.
    pub pointer: String,
    /// A lower-case fragment.
    pub message: String,
}

/// Compiles the tasks of a manifest.
///
/// # Errors
/// Every fault of every `extract` schema.
pub fn compile(tasks: &[Task]) -> Result<Vec<Question>, Vec<SchemaFault>> {
    let mut faults = Vec::new();
    let mut questions = Vec::new();
    for task in tasks {
        match question(task) {
            Ok(question) => questions.push(question),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() { Ok(questions) } else { Err(faults) }
}

fn question(task: &Task) -> Result<Question, Vec<SchemaFault>> {
    let name = task.name.clone();
    Ok(match &task.kind {
        TaskKind::Classify { question, labels } => {
            let words = question.as_deref().unwrap_or("Which label describes the page best?");
            Question {
                shape: Shape::Choice(names(labels)),
                recipe: json!({"classify": words, "labels": pairs(labels)}),
                text: format!("exactly one label. {words}{}", list(labels)),
                name,
            }
        }
        TaskKind::Tag { question, labels, max } => {
            let words = question.as_deref().unwrap_or("Which of these labels apply to the page?");
            let most = max.map_or(String::new(), |max| format!(", at most {max}"));
            Question {
                shape: Shape::Tags { labels: names(labels), max: *max },
                recipe: json!({"tag": words, "labels": pairs(labels), "max": max}),
                text: format!("a list of the labels that apply{most}; [] when none does. {words}{}", list(labels)),
                name,
            }
        }
        TaskKind::Extract { question, schema, schema_path } => {
            let words = question.as_deref().unwrap_or("Fill in what the page shows.");
            let shape = schema::compile(schema).map_err(|faults| {
                let fault = |(pointer, message)| SchemaFault { path: schema_path.clone(), pointer, message };
                faults.into_iter().map(fault).collect::<Vec<_>>()
            })?;
            let sent = shape.json_schema();
            Question {
                recipe: json!({"extract": words, "schema": sent}),
                text: format!("an object; null for what is not on the page. {words}\n  Schema: {sent}"),
                shape,
                name,
            }
        }
        TaskKind::Question { text, answer, required } => {
            let (shape, form) = match answer {
                AnswerType::Text => (Shape::Text, "a text"),
                AnswerType::Number => (Shape::Number, "a number"),
                AnswerType::Boolean => (Shape::Boolean, "true or false"),
                AnswerType::Date => (Shape::Date, "a date written YYYY-MM-DD"),
            };
            let null = if *required { "" } else { ", or null when the page does not say" };
            Question {
                recipe: json!({"question": text, "type": shape.json_schema(), "required": required}),
                shape: if *required { shape } else { Shape::Nullable(Box::new(shape)) },
                text: format!("{form}{null}. {text}"),
                name,
            }
        }
    })
}

fn names(labels: &[Label]) -> Vec<String> {
    labels.iter().map(|label| label.name.clone()).collect()
}

fn pairs(labels: &[Label]) -> Value {
    labels.iter().map(|label| json!([label.name, label.description])).collect()
}

fn list(labels: &[Label]) -> String {
    let mut out = String::new();
    for label in labels {
        match &label.description {
            Some(text) => _ = write!(out, "\n  - {}: {}", label.name, text.trim()),
            None => _ = write!(out, "\n  - {}", label.name),
        }
    }
    out
}
