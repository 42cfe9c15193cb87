//! A compiled task: its question, and the form of its answer.

use super::schema::compile_schema;
use super::shape::Shape;
use super::words::{Words, named_column};
use crate::base::digest::Digest;
use crate::manifest::{AnswerType, Label, Task, TaskKind};
use serde_json::{Map, Value, json};
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// A compiled task.
#[derive(Clone, Debug)]
pub struct Question {
    /// Name of the task: the member of the reply and the column of the rows.
    pub name: String,
    /// Form of the answer.
    pub shape: Shape,
    /// The task as written, without its name. Part of the recipe.
    pub recipe: Value,
    /// The text for the prompt.
    pub(crate) text: String,
    /// The source of the text, if it names columns of a list.
    template: Option<Arc<Template>>,
    /// The digest of the text with the values of a line.
    rendered: Option<Digest>,
    /// What the question is asked for, if not for rows.
    probe: Option<Value>,
}

/// The member of a recipe that keeps the answers of a probe apart from those that rows show.
const PROBE_MEMBER: &str = "probe";

/// A task whose text names columns of a list.
#[derive(Clone, Debug)]
struct Template {
    task: Task,
    words: Words,
}

/// Why a task can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TaskDefect {
    /// The schema of an `extract` task is not supported.
    #[error("{}: {}: {message}", path.display(), if pointer.is_empty() { "/" } else { pointer })]
    Schema {
        /// Path of the schema file.
        path: PathBuf,
        /// Place in the schema, as a JSON Pointer.
        pointer: String,
        /// The fault: a lower-case fragment.
        message: String,
    },
    /// The text of a task has a single brace, or names a column that the list does not have.
    #[error("the question of task `{task}`: {message}")]
    Template {
        /// Name of the task.
        task: String,
        /// The fault: a lower-case fragment.
        message: String,
    },
}

/// Compiles the tasks of a manifest. `columns` are the columns that the list carries;
/// questions may name them as `{column}`. Without columns, braces have no meaning.
///
/// # Errors
/// With all defects of all tasks.
pub fn compile(tasks: &[Task], columns: &[&str]) -> Result<Vec<Question>, Vec<TaskDefect>> {
    let mut defects = Vec::new();
    let mut questions = Vec::new();
    for task in tasks {
        let template = match compile_template(task, columns) {
            Ok(template) => template,
            Err(message) => {
                defects.push(TaskDefect::Template { task: task.name.clone(), message });
                continue;
            }
        };
        match compile_task(task) {
            Ok(question) => questions.push(Question { template, ..question }),
            Err(found) => defects.extend(found),
        }
    }
    if defects.is_empty() { Ok(questions) } else { Err(defects) }
}

/// Finds texts that name columns which the list has and the job does not carry: no row has their values, and the braces
/// would be sent.
#[must_use]
pub fn find_uncarried(tasks: &[Task], uncarried: &[String]) -> Vec<TaskDefect> {
    let defect = |task: &Task| {
        let mut copy = task.clone();
        let column = named_column(text_of(&mut copy)?, uncarried)?;
        let message = format!("{{{column}}} is a column that input.carry leaves out; add it to input.carry");
        Some(TaskDefect::Template { task: task.name.clone(), message })
    };
    tasks.iter().filter_map(defect).collect()
}

/// The tasks without the descriptions of their labels, to estimate what these cost.
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
    /// A question whose answers are read but which is not sent again: it has no text.
    pub(crate) fn without_text(name: &str, shape: Shape, recipe: Value) -> Self {
        Self { name: name.to_owned(), shape, recipe, text: String::new(), template: None, rendered: None, probe: None }
    }

    /// Whether the text differs between the lines of a list.
    #[must_use]
    pub fn is_template(&self) -> bool {
        self.template.is_some()
    }

    /// The same question with its own recipe, so that its answers never reach rows: it is asked to measure the model.
    /// `probe`: for what. The request is the same.
    #[must_use]
    pub fn with_probe(mut self, probe: &Value) -> Self {
        self.recipe[PROBE_MEMBER] = probe.clone();
        Self { probe: Some(probe.clone()), ..self }
    }

    /// The digest of the text of a question that was rendered for a line of a list: a part of the key of human
    /// answers. `None` for questions whose text is the same for every page.
    #[must_use]
    pub fn rendered_digest(&self) -> Option<Digest> {
        self.rendered
    }

    /// The question for a line of a list, with the line's values by column.
    #[must_use]
    pub fn rendered(&self, values: &Map<String, Value>) -> Self {
        let Some(template) = &self.template else { return self.clone() };
        let mut task = template.task.clone();
        let mut rendered = None;
        if let Some(text) = text_of(&mut task) {
            *text = template.words.render(values);
            rendered = Some(Digest::compute(text.as_bytes()));
        }
        // Never fails: the schema was compiled before, and only the text has changed.
        let question = Self { rendered, ..compile_task(&task).unwrap_or_else(|_| self.clone()) };
        match &self.probe {
            Some(probe) => question.with_probe(probe),
            None => question,
        }
    }
}

fn compile_template(task: &Task, columns: &[&str]) -> Result<Option<Arc<Template>>, String> {
    let mut task = task.clone();
    let Some(text) = text_of(&mut task).filter(|_| !columns.is_empty()) else { return Ok(None) };
    let words = Words::parse(text, columns)?;
    Ok((!words.is_plain(text)).then(|| Arc::new(Template { task, words })))
}

/// The text of a task as written in the manifest.
fn text_of(task: &mut Task) -> Option<&mut String> {
    match &mut task.kind {
        TaskKind::Classify { question, .. } | TaskKind::Tag { question, .. } | TaskKind::Extract { question, .. } => {
            question.as_mut()
        }
        TaskKind::Question { text, .. } => Some(text),
    }
}

/// Compiles a task. Its texts are covered by [`PROMPT_VERSION`](super::PROMPT_VERSION).
fn compile_task(task: &Task) -> Result<Question, Vec<TaskDefect>> {
    let (shape, recipe, text) = match &task.kind {
        TaskKind::Classify { question, labels } => {
            let words = question.as_deref().unwrap_or("Which label describes the page best?");
            (
                Shape::Choice(label_names(labels)),
                json!({"classify": words, "labels": label_pairs(labels)}),
                format!("exactly one label. {words}{}", label_list(labels)),
            )
        }
        TaskKind::Tag { question, labels, max } => {
            let words = question.as_deref().unwrap_or("Which of these labels apply to the page?");
            let at_most = max.map_or(String::new(), |max| format!(", at most {max}"));
            (
                Shape::Tags { labels: label_names(labels), max: *max },
                json!({"tag": words, "labels": label_pairs(labels), "max": max}),
                format!("a list of the labels that apply{at_most}; [] when none does. {words}{}", label_list(labels)),
            )
        }
        TaskKind::Extract { question, schema, schema_path } => {
            let words = question.as_deref().unwrap_or("Fill in what the page shows.");
            let shape = compile_schema(schema).map_err(|faults| {
                let defect = |(pointer, message)| TaskDefect::Schema { path: schema_path.clone(), pointer, message };
                faults.into_iter().map(defect).collect::<Vec<_>>()
            })?;
            let sent = shape.json_schema();
            let text = format!("an object; null for what is not on the page. {words}\n  Schema: {sent}");
            (shape, json!({"extract": words, "schema": sent}), text)
        }
        TaskKind::Question { text, answer, required } => {
            let (shape, form) = match answer {
                AnswerType::Text => (Shape::Text, "a text"),
                AnswerType::Number => (Shape::Number, "a number"),
                AnswerType::Boolean => (Shape::Boolean, "true or false"),
                AnswerType::Date => (Shape::Date, "a date written YYYY-MM-DD"),
            };
            let or_null = if *required { "" } else { ", or null when the page does not say" };
            (
                if *required { shape.clone() } else { Shape::Nullable(Box::new(shape.clone())) },
                json!({"question": text, "type": shape.json_schema(), "required": required}),
                format!("{form}{or_null}. {text}"),
            )
        }
    };
    Ok(Question { name: task.name.clone(), shape, recipe, text, template: None, rendered: None, probe: None })
}

fn label_names(labels: &[Label]) -> Vec<String> {
    labels.iter().map(|label| label.name.clone()).collect()
}

/// Names and descriptions, for the recipe.
fn label_pairs(labels: &[Label]) -> Value {
    labels.iter().map(|label| json!([label.name, label.description])).collect()
}

/// Names and descriptions, for the prompt.
fn label_list(labels: &[Label]) -> String {
    let mut out = String::new();
    for label in labels {
        match &label.description {
            Some(text) => _ = write!(out, "\n  - {}: {}", label.name, text.trim()),
            None => _ = write!(out, "\n  - {}", label.name),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::recipe_text_digest;

    fn labels(names: &[&str]) -> Vec<Label> {
        names.iter().map(|name| Label { name: (*name).into(), description: Some(" What it is. ".into()) }).collect()
    }

    fn ask(text: &str) -> Task {
        let kind = TaskKind::Question { text: text.into(), answer: AnswerType::Boolean, required: true };
        Task { name: "t".into(), kind }
    }

    #[test]
    fn only_columns_make_a_template() {
        for (text, columns, is_template, rendered) in [
            ("From {customer}?", &["customer"][..], true, "true or false. From ACME?"),
            ("From {customer}?", &[], false, "true or false. From {customer}?"),
            ("Signed?", &["customer"], false, "true or false. Signed?"),
            ("Is {{x}} there?", &["customer"], true, "true or false. Is {x} there?"),
        ] {
            let question = compile(&[ask(text)], columns).unwrap().remove(0);
            assert_eq!(question.is_template(), is_template, "{text}");
            let values = json!({"customer": "ACME"});
            assert_eq!(question.rendered(values.as_object().unwrap()).text, rendered, "{text}");
        }
    }

    #[test]
    fn every_kind_of_task_can_name_columns() {
        let question = || Some("Of {customer}?".to_owned());
        let schema = json!({"type": "object", "properties": {"a": {"type": "string"}}});
        for kind in [
            TaskKind::Classify { question: question(), labels: labels(&["a", "b"]) },
            TaskKind::Tag { question: question(), labels: labels(&["a", "b"]), max: None },
            TaskKind::Extract { question: question(), schema, schema_path: "x.json".into() },
        ] {
            let task = Task { name: "t".into(), kind };
            let question = compile(&[task], &["customer"]).unwrap().remove(0);
            let values = json!({"customer": 7});
            let rendered = question.rendered(values.as_object().unwrap());
            assert!(rendered.text.contains("Of 7?") && rendered.recipe.to_string().contains("Of 7?"));
            assert_eq!(rendered.shape, question.shape);
            assert!(!rendered.is_template());
            // A stored recipe leads to the same key.
            assert_eq!(rendered.rendered_digest(), recipe_text_digest(&rendered.recipe));
            assert_eq!(question.rendered_digest(), None);
        }
    }

    #[test]
    fn a_probe_sends_the_same_request_and_has_a_recipe_of_its_own() {
        let plain = compile(&[ask("From {customer}?")], &["customer"]).unwrap().remove(0);
        let probe = plain.clone().with_probe(&json!({"repeat": 2}));
        let values = json!({"customer": "ACME"});
        let rendered = |question: &Question| question.rendered(values.as_object().unwrap());
        for (plain, probe) in [(plain.clone(), probe.clone()), (rendered(&plain), rendered(&probe))] {
            assert_eq!((&plain.text, &plain.shape), (&probe.text, &probe.shape));
            assert_eq!(probe.recipe["probe"], json!({"repeat": 2}));
            assert_ne!(plain.recipe, probe.recipe);
            assert_eq!(plain.rendered_digest(), probe.rendered_digest());
        }
    }

    #[test]
    fn columns_that_are_not_carried_are_named() {
        let uncarried = ["customer".to_owned(), "sum".to_owned()];
        let defects = |text: &str| -> Vec<String> {
            find_uncarried(&[ask(text)], &uncarried).iter().map(ToString::to_string).collect()
        };
        assert_eq!(
            defects("From {customer}, {sum}?"),
            ["the question of task `t`: {customer} is a column that input.carry leaves out; add it to input.carry"]
        );
        for text in ["From {{customer}}?", "From customer?", "From {client}?", "{\"sum\": 1}", "{ sum }"] {
            assert_eq!(defects(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn all_defects_are_found() {
        let extract = |schema| TaskKind::Extract { question: None, schema, schema_path: "x.json".into() };
        let tasks = [
            ask("From {customer}?"),
            Task { name: "e".into(), kind: extract(json!({"type": "array"})) },
            Task { name: "f".into(), kind: extract(json!({"type": "object", "properties": {"a": {"type": "x"}}})) },
            ask("Signed?"),
        ];
        let defects: Vec<String> = compile(&tasks, &["id"]).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(defects.len(), 3, "{defects:?}");
        assert!(defects[0].starts_with("the question of task `t`: the list has no column `customer`; columns: id;"));
        assert!(defects[1].starts_with("x.json: /: "), "{defects:?}");
        assert!(defects[2].starts_with("x.json: /properties/a/type: "), "{defects:?}");
    }

    #[test]
    fn descriptions_are_removed_from_labels_only() {
        let task = Task { name: "t".into(), kind: TaskKind::Classify { question: None, labels: labels(&["a", "b"]) } };
        let with = compile(std::slice::from_ref(&task), &[]).unwrap().remove(0);
        let without = compile(&without_descriptions(&[task]), &[]).unwrap().remove(0);
        assert_eq!(
            with.text,
            "exactly one label. Which label describes the page best?\n  - a: What it is.\n  - b: What it is."
        );
        assert_eq!(without.text, "exactly one label. Which label describes the page best?\n  - a\n  - b");
        assert_eq!(with.shape, without.shape);
    }
}
