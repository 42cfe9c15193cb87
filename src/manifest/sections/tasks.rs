//! `tasks`: the questions about every page.

use super::column::{ColumnNameFault, RESERVED_COLUMNS};
use super::labels::{Label, RawLabels, check_labels};
use crate::base::escape::pointer_token;
use crate::manifest::check::Check;
use crate::manifest::yaml::ordered::Ordered;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::path::PathBuf;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTask {
    /// Picks exactly one label.
    classify: Option<RawClassify>,
    /// Picks any number of labels.
    tag: Option<RawTag>,
    /// Fills the fields that a JSON Schema describes.
    extract: Option<RawExtract>,
    /// Returns one typed value.
    question: Option<RawQuestion>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawClassify {
    /// Question to ask. Default: which label describes the page best.
    question: Option<String>,
    /// Labels to choose from: a list, or names with descriptions. Set exactly one of `labels` and `labels_file`.
    labels: Option<RawLabels>,
    /// CSV file with the column `label` and optionally `description`. Relative to the manifest.
    labels_file: Option<String>,
    /// Whether to add the label `other`, for pages that no other label fits (default false).
    #[serde(default)]
    other: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawTag {
    /// Question to ask. Default: which labels apply to the page.
    question: Option<String>,
    /// Labels to choose from: a list, or names with descriptions. Set exactly one of `labels` and `labels_file`.
    labels: Option<RawLabels>,
    /// CSV file with the column `label` and optionally `description`. Relative to the manifest.
    labels_file: Option<String>,
    /// Maximum number of labels per page (default: all).
    #[schemars(range(min = 1))]
    max: Option<u32>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawExtract {
    /// JSON Schema file that describes the fields. Relative to the manifest.
    schema: String,
    /// Question to ask. Default: fill in what the page shows.
    question: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawQuestion {
    /// Question to ask.
    text: String,
    /// Type of the answer: `text`, `number`, `boolean` or `date` (default `text`).
    r#type: Option<RawAnswerType>,
    /// Whether an answer is required. If not, null is valid and means that the page does not contain the answer (default false).
    #[serde(default)]
    required: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RawAnswerType {
    Text,
    Number,
    Boolean,
    Date,
}

/// A question about every page, and a column of the rows.
#[derive(Clone, Debug)]
pub struct Task {
    /// Matches `[a-z][a-z0-9_]*`.
    pub name: String,
    /// The question.
    pub kind: TaskKind,
}

/// What a task asks.
#[derive(Clone, Debug)]
pub enum TaskKind {
    /// Exactly one label.
    Classify {
        /// Question to ask. `None`: the default.
        question: Option<String>,
        /// Labels in the order of the manifest, including `other`.
        labels: Vec<Label>,
    },
    /// Any number of labels.
    Tag {
        /// Question to ask. `None`: the default.
        question: Option<String>,
        /// Labels in the order of the manifest.
        labels: Vec<Label>,
        /// Maximum number of labels per page.
        max: Option<u32>,
    },
    /// Fields.
    Extract {
        /// Question to ask. `None`: the default.
        question: Option<String>,
        /// The schema as written.
        schema: Value,
        /// Path of the schema file, for messages.
        schema_path: PathBuf,
    },
    /// One typed value.
    Question {
        /// Question to ask.
        text: String,
        /// Type of the value.
        answer: AnswerType,
        /// Whether null is not a valid answer.
        required: bool,
    },
}

/// The type of the answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerType {
    /// Any text.
    Text,
    /// A double.
    Number,
    /// A boolean.
    Boolean,
    /// A calendar date.
    Date,
}

/// Checks `tasks`. Leaves out tasks that can't be represented; these are reported.
pub(crate) fn check_tasks(raw: Ordered<RawTask>, check: &mut Check) -> Vec<Task> {
    if raw.0.is_empty() {
        check.report("/tasks", "no tasks given", "at least one task: classify, tag, extract or question");
    }
    raw.0.into_iter().filter_map(|(name, raw)| raw.check(name, check)).collect()
}

impl RawTask {
    fn check(self, name: String, check: &mut Check) -> Option<Task> {
        let pointer = format!("/tasks/{}", pointer_token(&name));
        match ColumnNameFault::find(&name) {
            None => {}
            Some(ColumnNameFault::Reserved) => check.report(
                &pointer,
                &format!("`{name}` is the name of a column of every row"),
                &format!("any name except {}", RESERVED_COLUMNS.join(", ")),
            ),
            Some(ColumnNameFault::DoubleUnderscore | ColumnNameFault::Pattern) => check.report(
                &pointer,
                &format!("`{name}` is not a valid task name"),
                "lower-case letters, digits and single `_`, starting with a letter",
            ),
        }
        let kinds = [self.classify.is_some(), self.tag.is_some(), self.extract.is_some(), self.question.is_some()];
        let given = kinds.iter().filter(|is_given| **is_given).count();
        if given != 1 {
            let keys: &[&str] = if given == 0 { &["classify", "tag", "extract", "question"] } else { &[] };
            let allowed = "exactly one of classify, tag, extract and question";
            check.report_missing(&pointer, keys, "a task must have exactly one kind", allowed);
            return None;
        }
        let kind = if let Some(raw) = self.classify {
            raw.check(&format!("{pointer}/classify"), check)
        } else if let Some(raw) = self.tag {
            raw.check(&format!("{pointer}/tag"), check)
        } else if let Some(raw) = self.extract {
            raw.check(&format!("{pointer}/extract"), check)?
        } else {
            self.question?.check(&format!("{pointer}/question"), check)
        };
        Some(Task { name, kind })
    }
}

impl RawClassify {
    fn check(self, pointer: &str, check: &mut Check) -> TaskKind {
        let mut labels = check_labels(self.labels, self.labels_file.as_deref(), pointer, check);
        if self.other {
            if labels.iter().any(|label| label.name == "other") {
                check.report(&format!("{pointer}/other"), "duplicate label `other`", "remove `other: true`");
            }
            let description = Some("None of the other labels fits.".to_owned());
            labels.push(Label { name: "other".into(), description });
        }
        if labels.len() == 1 && !self.other {
            check.report(pointer, "a single label leaves no choice", "at least two labels, or `other: true`");
        }
        TaskKind::Classify { question: self.question, labels }
    }
}

impl RawTag {
    fn check(self, pointer: &str, check: &mut Check) -> TaskKind {
        let labels = check_labels(self.labels, self.labels_file.as_deref(), pointer, check);
        let is_too_large = |max: u32| usize::try_from(max).is_ok_and(|max| max > labels.len()) && !labels.is_empty();
        if let Some(max) = self.max.filter(|max| is_too_large(*max)) {
            let message = format!("{max} is more than the number of labels");
            check.report(&format!("{pointer}/max"), &message, &format!("at most {}", labels.len()));
        }
        TaskKind::Tag { question: self.question, labels, max: self.max }
    }
}

impl RawExtract {
    fn check(self, pointer: &str, check: &mut Check) -> Option<TaskKind> {
        let schema_path = check.resolve(&self.schema);
        let schema = check.parse(&format!("{pointer}/schema"), Some(&self.schema), |name| {
            let bytes = Check::read_file(&schema_path, name)?;
            serde_json::from_slice(&bytes).map_err(|error| format!("{name} is not valid JSON: {error}"))
        })?;
        Some(TaskKind::Extract { question: self.question, schema, schema_path })
    }
}

impl RawQuestion {
    fn check(self, pointer: &str, check: &mut Check) -> TaskKind {
        if self.text.trim().is_empty() {
            let allowed = "a question such as: Is the page signed?";
            check.report(&format!("{pointer}/text"), "the question is empty", allowed);
        }
        let answer = match self.r#type {
            Some(RawAnswerType::Number) => AnswerType::Number,
            Some(RawAnswerType::Boolean) => AnswerType::Boolean,
            Some(RawAnswerType::Date) => AnswerType::Date,
            Some(RawAnswerType::Text) | None => AnswerType::Text,
        };
        TaskKind::Question { text: self.text, answer, required: self.required }
    }
}
