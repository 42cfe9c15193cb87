//! A manifest's task, compiled: its shape and its words.

use super::schema;
use super::shape::Shape;
use super::words::Words;
use crate::manifest::{AnswerType, Label, Task, TaskKind};
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

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
    pub(crate) text: String,
    /// How its words come from a line of a list.
    template: Option<Arc<Template>>,
}

/// A task that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TaskDefect {
    /// A schema says something that is not supported.
    #[error("{}: {}: {message}", path.display(), if pointer.is_empty() { "/" } else { pointer })]
    Schema {
        /// The schema's file.
        path: PathBuf,
        /// The place in it, a JSON Pointer.
        pointer: String,
        /// A lower-case fragment.
        message: String,
    },
    /// A question names a column that the list does not carry.
    #[error("the question of task `{task}`: {message}")]
    Template {
        /// The task's name.
        task: String,
        /// A lower-case fragment.
        message: String,
    },
}

/// Compiles the tasks of a manifest. `columns`: what the list carries, which questions may
/// name as `{column}`; without any, braces are braces.
///
/// # Errors
/// Every fault of every `extract` schema and every question.
pub fn compile(tasks: &[Task], columns: &[&str]) -> Result<Vec<Question>, Vec<TaskDefect>> {
    let mut faults = Vec::new();
    let mut questions = Vec::new();
    for task in tasks {
        let template = match template(task, columns) {
            Ok(template) => template,
            Err(message) => {
                faults.push(TaskDefect::Template { task: task.name.clone(), message });
                continue;
            }
        };
        match question(task) {
            Ok(question) => questions.push(Question { template, ..question }),
            Err(found) => faults.extend(found),
        }
    }
    if faults.is_empty() { Ok(questions) } else { Err(faults) }
}

/// The same tasks without what is said of their labels: what the descriptions cost is the
/// difference.
#[must_use]
pub fn without_descriptions(tasks: &[Task]) -> Vec<Task> {
    let mut tasks = tasks.to_vec();
    for task in &mut tasks {
        if let TaskKind::Classify { labels, .. } | TaskKind::Tag { labels, .. } = &mut task.kind {
            labels.iter_mut().for_each(|label| label.description = None);
        }
    }
    tasks
}

impl Question {
    /// A question that is only answered, never asked.
    pub(crate) fn stored(name: &str, shape: Shape, recipe: Value) -> Self {
        Self { name: name.to_owned(), shape, recipe, text: String::new(), template: None }
    }

    /// Whether what is asked differs from line to line of a list.
    #[must_use]
    pub fn is_template(&self) -> bool {
        self.template.is_some()
    }

    /// The question with the values of a line, by column.
    #[must_use]
    pub fn rendered(&self, values: &Map<String, Value>) -> Self {
        let Some(template) = &self.template else { return self.clone() };
        let mut task = template.task.clone();
        if let Some(words) = words_of(&mut task) {
            *words = template.words.render(values);
        }
        // Its schema was compiled before: only words have changed.
        question(&task).unwrap_or_else(|_| self.clone())
    }
}

/// A task whose words name columns.
#[derive(Clone, Debug)]
struct Template {
    task: Task,
    words: Words,
}

fn template(task: &Task, columns: &[&str]) -> Result<Option<Arc<Template>>, String> {
    let mut task = task.clone();
    let Some(text) = words_of(&mut task).filter(|_| !columns.is_empty()) else { return Ok(None) };
    let words = Words::parse(text, columns)?;
    Ok((!words.is_plain(text)).then(|| Arc::new(Template { task, words })))
}

/// What a task asks, as its author wrote it.
fn words_of(task: &mut Task) -> Option<&mut String> {
    match &mut task.kind {
        TaskKind::Classify { question, .. } | TaskKind::Tag { question, .. } | TaskKind::Extract { question, .. } => {
            question.as_mut()
        }
        TaskKind::Question { text, .. } => Some(text),
    }
}

fn question(task: &Task) -> Result<Question, Vec<TaskDefect>> {
    let name = task.name.clone();
    Ok(match &task.kind {
        TaskKind::Classify { question, labels } => {
            let words = question.as_deref().unwrap_or("Which label describes the page best?");
            Question {
                shape: Shape::Choice(names(labels)),
                recipe: json!({"classify": words, "labels": pairs(labels)}),
                text: format!("exactly one label. {words}{}", list(labels)),
                name,
                template: None,
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
                template: None,
            }
        }
        TaskKind::Extract { question, schema, schema_path } => {
            let words = question.as_deref().unwrap_or("Fill in what the page shows.");
            let shape = schema::compile(schema).map_err(|faults| {
                let fault = |(pointer, message)| TaskDefect::Schema { path: schema_path.clone(), pointer, message };
                faults.into_iter().map(fault).collect::<Vec<_>>()
            })?;
            let sent = shape.json_schema();
            Question {
                recipe: json!({"extract": words, "schema": sent}),
                text: format!("an object; null for what is not on the page. {words}\n  Schema: {sent}"),
                shape,
                name,
                template: None,
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
                template: None,
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
