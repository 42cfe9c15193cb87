//! The tasks of a job as the page shows them: their questions, and how each kind of answer is edited.

use crate::labels::evaluation::right_answer::is_right_answer;
use crate::labels::truth::leaf::Leaf;
use crate::labels::truth::task_spec::TaskSpec;
use crate::manifest::{Label, Task, TaskKind};
use crate::task::{Field, Question, Shape};
use serde_json::{Value, json};

/// A task of the job.
#[derive(Clone, Debug)]
pub(crate) struct ReviewTask {
    /// Its name.
    pub(crate) name: String,
    /// Form of its answers.
    pub(crate) shape: Shape,
    /// How its answers are compared.
    spec: TaskSpec,
    /// What the page needs to know of it.
    json: Value,
}

impl ReviewTask {
    /// The tasks of a job.
    pub(crate) fn list(tasks: &[Task], questions: &[Question]) -> Vec<Self> {
        let task = |(position, question): (usize, &Question)| {
            let task = tasks.iter().find(|task| task.name == question.name);
            let (kind, text, labels) = task.map_or(("question", None, &[][..]), described);
            Self {
                name: question.name.clone(),
                shape: question.shape.clone(),
                spec: TaskSpec {
                    name: question.name.clone(),
                    position,
                    leaves: Leaf::list(&question.shape),
                    shape: question.shape.clone(),
                },
                json: json!({
                    "name": question.name, "kind": kind, "question": text,
                    "editor": editor(&question.shape, labels), "has_groups": has_groups(&question.shape),
                }),
            }
        };
        questions.iter().enumerate().map(task).collect()
    }

    /// What the page needs to know of the task.
    pub(crate) fn to_json(&self) -> &Value {
        &self.json
    }

    /// Whether an answer of the model is right, by a decision (JSON text). The rule is that of `docmill eval`.
    pub(crate) fn is_right(&self, answer: &Value, decision: &Value) -> bool {
        let truth: Vec<Option<Value>> = self.spec.leaves.iter().map(|leaf| Some(leaf.value(decision))).collect();
        is_right_answer(&self.spec, &truth, answer)
    }

    /// Whether pages with the same answer form a group that can be looked at together.
    pub(crate) fn has_groups(&self) -> bool {
        has_groups(&self.shape)
    }
}

fn described(task: &Task) -> (&'static str, Option<&str>, &[Label]) {
    match &task.kind {
        TaskKind::Classify { question, labels } => ("classify", question.as_deref(), labels),
        TaskKind::Tag { question, labels, .. } => ("tag", question.as_deref(), labels),
        TaskKind::Extract { question, .. } => ("extract", question.as_deref(), &[]),
        TaskKind::Question { text, .. } => ("question", Some(text), &[]),
    }
}

fn has_groups(shape: &Shape) -> bool {
    matches!(shape.required(), Shape::Choice(_) | Shape::Tags { .. } | Shape::Boolean)
}

/// How an answer of this shape is edited.
fn editor(shape: &Shape, labels: &[Label]) -> Value {
    let labels_json = |names: &[String]| -> Value {
        let described = |name: &String| {
            let label = labels.iter().find(|label| label.name == *name);
            json!({"name": name, "description": label.and_then(|label| label.description.as_deref())})
        };
        names.iter().map(described).collect()
    };
    match shape {
        Shape::Text => json!({"type": "text"}),
        Shape::Number => json!({"type": "number"}),
        Shape::Integer => json!({"type": "integer"}),
        Shape::Boolean => json!({"type": "boolean"}),
        Shape::Date => json!({"type": "date"}),
        Shape::Choice(names) => json!({"type": "choice", "labels": labels_json(names)}),
        Shape::Tags { labels: names, max } => json!({"type": "tags", "labels": labels_json(names), "max": max}),
        Shape::List(item) => json!({"type": "list", "item": editor(item, &[])}),
        Shape::Object(fields) => json!({"type": "object", "fields": fields.iter().map(field).collect::<Vec<_>>()}),
        Shape::Nullable(inner) => {
            let mut inner = editor(inner, labels);
            if let Some(members) = inner.as_object_mut() {
                members.insert("nullable".into(), true.into());
            }
            inner
        }
    }
}

fn field(field: &Field) -> Value {
    json!({"name": field.name, "description": field.description, "editor": editor(&field.shape, &[])})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_has_an_editor() {
        let nullable = |shape| Shape::Nullable(Box::new(shape));
        let field = |name: &str, shape| Field { name: name.into(), description: None, shape };
        let labels = [Label { name: "a".into(), description: Some("First.".into()) }];
        let names = || vec!["a".to_owned(), "b".to_owned()];
        for (shape, expected) in [
            (Shape::Date, json!({"type": "date"})),
            (nullable(Shape::Number), json!({"type": "number", "nullable": true})),
            (
                Shape::Choice(names()),
                json!({"type": "choice", "labels": [{"name": "a", "description": "First."}, {"name": "b", "description": null}]}),
            ),
            (
                Shape::Object(vec![field("paid", Shape::Boolean), field("items", Shape::List(Box::new(Shape::Text)))]),
                json!({"type": "object", "fields": [
                    {"name": "paid", "description": null, "editor": {"type": "boolean"}},
                    {"name": "items", "description": null, "editor": {"type": "list", "item": {"type": "text"}}},
                ]}),
            ),
        ] {
            assert_eq!(editor(&shape, &labels), expected);
        }
        assert!(has_groups(&nullable(Shape::Boolean)) && !has_groups(&Shape::Text));
    }
}
