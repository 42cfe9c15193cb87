//! `tasks`: what is asked of every page.

use crate::manifest::job::{Check, read_small};
use crate::manifest::yaml::ordered::Ordered;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use std::path::PathBuf;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawTask {
    /// Exactly one label of a set.
    classify: Option<RawClassify>,
    /// Any labels of a set.
    tag: Option<RawTag>,
    /// Fields, as a JSON Schema describes them.
    extract: Option<RawExtract>,
    /// One typed value.
    question: Option<RawQuestion>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawClassify {
    /// What to ask (default: which label describes the page best).
    question: Option<String>,
    /// The labels: a list, or names with descriptions.
    labels: Option<RawLabels>,
    /// A CSV file with the columns `label` and, if wanted, `description`.
    labels_file: Option<String>,
    /// Adds the label `other`.
    #[serde(default)]
    other: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawTag {
    /// What to ask (default: which labels apply).
    question: Option<String>,
    /// The labels: a list, or names with descriptions.
    labels: Option<RawLabels>,
    /// A CSV file with the columns `label` and, if wanted, `description`.
    labels_file: Option<String>,
    /// Most labels of a page (default: all).
    #[schemars(range(min = 1))]
    max: Option<u32>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawExtract {
    /// A JSON Schema file, relative to the manifest.
    schema: String,
    /// What to ask (default: to fill the fields from the page).
    question: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawQuestion {
    /// What to ask.
    text: String,
    /// The answer's type (default `text`).
    r#type: Option<RawAnswerType>,
    /// Whether there must be an answer: null (not on the page) is then no valid answer.
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

/// Labels: a list of names, or names with descriptions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum RawLabels {
    Names(Vec<String>),
    Described(Ordered<Option<String>>),
}

/// A question put to every page; a column of the rows.
#[derive(Clone, Debug)]
pub struct Task {
    /// Matches `[a-z][a-z0-9_]*`.
    pub name: String,
    /// What is asked.
    pub kind: TaskKind,
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum TaskKind {
    /// Exactly one label.
    Classify {
        /// What to ask.
        question: Option<String>,
        /// The set, `other` included, in manifest order.
        labels: Vec<Label>,
    },
    /// Any labels of the set.
    Tag {
        /// What to ask.
        question: Option<String>,
        /// The set, in manifest order.
        labels: Vec<Label>,
        /// Most labels of a page.
        max: Option<u32>,
    },
    /// Fields.
    Extract {
        /// What to ask.
        question: Option<String>,
        /// The schema as written.
        schema: Value,
        /// Where it stands, for messages.
        schema_path: PathBuf,
    },
    /// One typed value.
    Question {
        /// What to ask.
        text: String,
        /// The value's type.
        answer: AnswerType,
        /// Whether null is no valid answer.
        required: bool,
    },
}

/// The type of a question's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerType {
    /// Any text.
    Text,
    /// A double.
    Number,
    /// True or false.
    Boolean,
    /// A calendar date.
    Date,
}

/// One label of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// As it stands in rows.
    pub name: String,
    /// What it means.
    pub description: Option<String>,
}

/// Columns that rows have anyway: no task may be called so.
pub const RESERVED_COLUMNS: &[&str] = &[
    "path",
    "page",
    "status",
    "model",
    "input_tokens",
    "cached_input_tokens",
    "output_tokens",
    "cost_usd",
    "attempts",
    "latency_ms",
    "answered_at",
    "content_hash",
    "duplicate_of",
    "duplicate_distance",
    "error_kind",
    "error",
];

pub(crate) fn check(raw: Ordered<RawTask>, check: &mut Check<'_>) -> Vec<Task> {
    if raw.0.is_empty() {
        check.fault("/tasks", "nothing is asked", "at least one task: classify, tag, extract or question");
    }
    raw.0.into_iter().filter_map(|(name, raw)| task(name, raw, check)).collect()
}

fn task(name: String, raw: RawTask, check: &mut Check<'_>) -> Option<Task> {
    let place = format!("/tasks/{}", name.replace('~', "~0").replace('/', "~1"));
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !is_name || name.contains("__") {
        check.fault(
            &place,
            &format!("`{name}` is no name for a task"),
            "lower-case letters, digits and single `_`, a letter first",
        );
    } else if RESERVED_COLUMNS.contains(&name.as_str()) {
        check.fault(
            &place,
            &format!("`{name}` is a column of every row"),
            &format!("any name but {}", RESERVED_COLUMNS.join(", ")),
        );
    }
    let given = [raw.classify.is_some(), raw.tag.is_some(), raw.extract.is_some(), raw.question.is_some()];
    if given.iter().filter(|given| **given).count() != 1 {
        check.fault(&place, "a task asks one thing", "exactly one of classify, tag, extract and question");
        return None;
    }
    let kind = if let Some(raw) = raw.classify {
        raw.check(&format!("{place}/classify"), check)
    } else if let Some(raw) = raw.tag {
        raw.check(&format!("{place}/tag"), check)
    } else if let Some(raw) = raw.extract {
        raw.check(&format!("{place}/extract"), check)?
    } else {
        raw.question?.check(&format!("{place}/question"), check)
    };
    Some(Task { name, kind })
}

impl RawClassify {
    fn check(self, place: &str, check: &mut Check<'_>) -> TaskKind {
        let mut labels = labels(self.labels, self.labels_file.as_deref(), place, check);
        if self.other {
            if labels.iter().any(|label| label.name == "other") {
                check.fault(
                    &format!("{place}/other"),
                    "the label `other` is in the set already",
                    "leave `other: true` out",
                );
            }
            let description = Some("None of the other labels fits.".to_owned());
            labels.push(Label { name: "other".into(), description });
        }
        if labels.len() == 1 && !self.other {
            check.fault(place, "one label leaves nothing to decide", "two labels or more, or `other: true`");
        }
        TaskKind::Classify { question: self.question, labels }
    }
}

impl RawTag {
    fn check(self, place: &str, check: &mut Check<'_>) -> TaskKind {
        let labels = labels(self.labels, self.labels_file.as_deref(), place, check);
        if let Some(max) =
            self.max.filter(|max| usize::try_from(*max).is_ok_and(|max| max > labels.len()) && !labels.is_empty())
        {
            check.fault(
                &format!("{place}/max"),
                &format!("{max} is more than the set has"),
                &format!("at most {}", labels.len()),
            );
        }
        TaskKind::Tag { question: self.question, labels, max: self.max }
    }
}

impl RawExtract {
    fn check(self, place: &str, check: &mut Check<'_>) -> Option<TaskKind> {
        let place = format!("{place}/schema");
        let schema_path = check.path(&self.schema);
        let schema = check.parsed(&place, Some(&self.schema), |name| {
            let bytes = read_small(&schema_path).map_err(|error| format!("can't read {name}: {error}"))?;
            serde_json::from_slice(&bytes).map_err(|error| format!("{name} is not JSON: {error}"))
        })?;
        Some(TaskKind::Extract { question: self.question, schema, schema_path })
    }
}

impl RawQuestion {
    fn check(self, place: &str, check: &mut Check<'_>) -> TaskKind {
        if self.text.trim().is_empty() {
            check.fault(&format!("{place}/text"), "the question is empty", "a question such as: Is the page signed?");
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

fn labels(raw: Option<RawLabels>, file: Option<&str>, place: &str, check: &mut Check<'_>) -> Vec<Label> {
    let (labels, place) = match (raw, file) {
        (Some(RawLabels::Names(names)), None) => {
            (names.into_iter().map(|name| Label { name, description: None }).collect(), format!("{place}/labels"))
        }
        (Some(RawLabels::Described(entries)), None) => (
            entries.0.into_iter().map(|(name, description)| Label { name, description }).collect(),
            format!("{place}/labels"),
        ),
        (None, Some(file)) => {
            let place = format!("{place}/labels_file");
            let path = check.path(file);
            let Some(labels) = check.parsed(&place, Some(file), |_| labels_file(&path)) else { return Vec::new() };
            (labels, place)
        }
        (Some(_), Some(_)) => {
            check.fault(
                &format!("{place}/labels_file"),
                "`labels` and `labels_file` exclude each other",
                "one of them",
            );
            return Vec::new();
        }
        (None, None) => {
            check.fault(place, "there are no labels", "`labels` or `labels_file`");
            return Vec::new();
        }
    };
    let labels: Vec<Label> = labels;
    if labels.is_empty() {
        check.fault(&place, "there are no labels", "one label or more");
    }
    for (at, label) in labels.iter().enumerate() {
        let here = format!("{place}/{at}");
        if label.name.trim() != label.name || label.name.is_empty() {
            check.fault(&here, &format!("`{}` is no label", label.name), "a text without space around it");
        }
        if labels[..at].iter().any(|earlier| earlier.name == label.name) {
            check.fault(&here, &format!("the label `{}` is given twice", label.name), "once");
        }
    }
    labels
}

fn labels_file(path: &std::path::Path) -> Result<Vec<Label>, String> {
    let bytes = read_small(path).map_err(|error| format!("can't read {}: {error}", path.display()))?;
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| headers.iter().position(|header| header.trim() == name);
    let label = column("label").ok_or_else(|| format!("{} has no column `label`", path.display()))?;
    let description = column("description");
    let rows = reader.records().map(|row| {
        let row = row.map_err(|error| error.to_string())?;
        let cell = |at: usize| row.get(at).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Label { name: cell(label).unwrap_or_default(), description: description.and_then(cell) })
    });
    rows.collect()
}
