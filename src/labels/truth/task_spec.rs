//! A task as truth and answers are compared.

use super::leaf::Leaf;
use crate::task::{Question, Shape};

/// A task of the job.
#[derive(Clone, Debug)]
pub(crate) struct TaskSpec {
    /// Its name.
    pub(crate) name: String,
    /// Its position among the tasks of the job.
    pub(crate) position: usize,
    /// The form of its answers.
    pub(crate) shape: Shape,
    /// The values of an answer that are compared one by one.
    pub(crate) leaves: Vec<Leaf>,
}

impl TaskSpec {
    /// The tasks of a job that are measured; `wanted`: only these. Names that the job does not have are
    /// returned as an error, with all names of the job.
    pub(crate) fn list(questions: &[Question], wanted: &[String]) -> Result<Vec<Self>, (String, String)> {
        if let Some(unknown) = wanted.iter().find(|name| !questions.iter().any(|question| question.name == **name)) {
            let known: Vec<&str> = questions.iter().map(|question| question.name.as_str()).collect();
            return Err((unknown.clone(), known.join(", ")));
        }
        let is_wanted = |question: &Question| wanted.is_empty() || wanted.contains(&question.name);
        let spec = |(position, question): (usize, &Question)| Self {
            name: question.name.clone(),
            position,
            shape: question.shape.clone(),
            leaves: Leaf::list(&question.shape),
        };
        Ok(questions.iter().enumerate().filter(|(_, question)| is_wanted(question)).map(spec).collect())
    }

    /// The kind of the task, as manifests name it.
    pub(crate) fn kind(&self) -> &'static str {
        match self.shape.required() {
            Shape::Choice(_) => "classify",
            Shape::Tags { .. } => "tag",
            Shape::Object(_) => "extract",
            _ => "question",
        }
    }

    /// The labels of a `classify` or `tag` task, in the order of the manifest.
    pub(crate) fn labels(&self) -> Option<&[String]> {
        match self.shape.required() {
            Shape::Choice(labels) | Shape::Tags { labels, .. } => Some(labels),
            _ => None,
        }
    }
}
