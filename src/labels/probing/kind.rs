//! Ways to ask pages once more.

use crate::manifest::{Job, Label, Task, TaskKind};
use crate::pipeline::PipelineError;
use crate::source::carried_columns;
use crate::task::{Question, Shape, compile};
use serde_json::json;
use std::sync::Arc;

/// How pages are asked once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeKind {
    /// With every list of labels in another order: its second half first. Shows whether answers depend on the
    /// order of labels.
    Rotate,
    /// In the same way, until there are this many answers with those that rows show. Shows whether the model
    /// agrees with itself.
    Repeat(u32),
}

impl ProbeKind {
    /// Whether answers of this shape can change.
    pub(crate) fn measures(self, shape: &Shape) -> bool {
        match self {
            Self::Rotate => matches!(shape.required(), Shape::Choice(_) | Shape::Tags { .. }),
            Self::Repeat(_) => true,
        }
    }

    /// The questions of each further time. All questions of the job are in each request, as in a run: what else is
    /// asked may change an answer.
    ///
    /// # Errors
    /// When the job's list can't be read.
    pub(crate) fn variants(self, job: &Job, questions: &[Question]) -> Result<Vec<Arc<[Question]>>, PipelineError> {
        match self {
            Self::Rotate => {
                if !questions.iter().any(|question| self.measures(&question.shape)) {
                    let message = "the job has no task whose answers are labels, so `--rotate` does not apply";
                    return Err(PipelineError::Input(message.into()));
                }
                let mut tasks = job.tasks.clone();
                tasks.iter_mut().for_each(rotate);
                let columns = carried_columns(&job.input)?;
                let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
                // The tasks were compiled before, and only the order of labels has changed.
                let rotated = compile(&tasks, &names).map_err(|_| PipelineError::Internal("a task".into()))?;
                let probe = json!({"rotate": true});
                Ok(vec![rotated.into_iter().map(|question| question.with_probe(&probe)).collect()])
            }
            Self::Repeat(times) => {
                let repeated = |number: u32| -> Arc<[Question]> {
                    let probe = json!({"repeat": number});
                    questions.iter().map(|question| question.clone().with_probe(&probe)).collect()
                };
                Ok((2..=times).map(repeated).collect())
            }
        }
    }
}

/// Puts the second half of the labels before the first one: every label has another place.
fn rotate(task: &mut Task) {
    if let TaskKind::Classify { labels, .. } | TaskKind::Tag { labels, .. } = &mut task.kind {
        let half = rotation(labels);
        labels.rotate_left(half);
    }
}

fn rotation(labels: &[Label]) -> usize {
    labels.len().div_ceil(2) % labels.len().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_has_another_place() {
        for count in 1..9_usize {
            let label = |number: usize| Label { name: number.to_string(), description: None };
            let labels: Vec<Label> = (0..count).map(label).collect();
            let mut task =
                Task { name: "t".into(), kind: TaskKind::Classify { question: None, labels: labels.clone() } };
            rotate(&mut task);
            let TaskKind::Classify { labels: rotated, .. } = task.kind else { panic!() };
            let same = labels.iter().zip(&rotated).filter(|(a, b)| a.name == b.name).count();
            assert_eq!(same, usize::from(count == 1), "{count}");
        }
    }
}
