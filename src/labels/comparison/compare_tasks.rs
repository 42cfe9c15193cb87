//! Which tasks are compared, and whether two answers are the same.

use crate::labels::evaluation::compare::compare_values;
use crate::labels::truth::leaf::Leaf;
use crate::labels::truth::task_spec::TaskSpec;
use crate::task::Shape;
use serde_json::Value;
use std::collections::BTreeSet;

/// A task that both sides have.
#[derive(Clone, Debug)]
pub(crate) struct SharedTask {
    /// Its position among the earlier tasks.
    pub(crate) old: usize,
    /// Its position among the later tasks.
    pub(crate) new: usize,
    /// The task with the values of both sides. Its position is that among the earlier tasks.
    pub(crate) spec: TaskSpec,
}

/// The tasks that both sides have, and the names of the others. `wanted`: only these; empty: all.
pub(crate) fn shared_tasks(
    old: &[(String, Shape)],
    new: &[(String, Shape)],
    wanted: &[String],
) -> (Vec<SharedTask>, Vec<String>) {
    let is_wanted = |name: &String| wanted.is_empty() || wanted.contains(name);
    let (mut shared, mut others) = (Vec::new(), Vec::new());
    for (at, (name, old_shape)) in old.iter().enumerate().filter(|(_, (name, _))| is_wanted(name)) {
        let found = new.iter().enumerate().find(|(_, (other, _))| other == name);
        let both = found.and_then(|(position, (_, shape))| Some((position, merged(old_shape, shape)?)));
        match both {
            Some((position, shape)) => {
                let leaves = Leaf::list(&shape);
                let spec = TaskSpec { name: name.clone(), position: at, shape, leaves };
                shared.push(SharedTask { old: at, new: position, spec });
            }
            None => others.push(name.clone()),
        }
    }
    let is_new = |name: &&String| !old.iter().any(|(other, _)| other == *name) && is_wanted(name);
    others.extend(new.iter().map(|(name, _)| name).filter(is_new).cloned());
    (shared, others)
}

/// A shape that holds the answers of both; `None`: they have nothing in common.
fn merged(old: &Shape, new: &Shape) -> Option<Shape> {
    let union = |old: &[String], new: &[String]| -> Vec<String> {
        let more = new.iter().filter(|label| !old.contains(label));
        old.iter().chain(more).cloned().collect()
    };
    let shape = match (old.required(), new.required()) {
        (Shape::Choice(old), Shape::Choice(new)) => Shape::Choice(union(old, new)),
        (Shape::Tags { labels: old, .. }, Shape::Tags { labels: new, .. }) => {
            Shape::Tags { labels: union(old, new), max: None }
        }
        (Shape::Object(old), Shape::Object(new)) => {
            let mut fields = old.clone();
            fields.retain_mut(|field| {
                let other = new.iter().find(|other| other.name == field.name);
                let shape = other.map_or(Some(field.shape.clone()), |other| merged(&field.shape, &other.shape));
                shape.map(|shape| field.shape = shape).is_some()
            });
            fields.extend(new.iter().filter(|field| !old.iter().any(|other| other.name == field.name)).cloned());
            Shape::Object(fields)
        }
        (Shape::Number | Shape::Integer, Shape::Number | Shape::Integer) => Shape::Number,
        (old, new) if std::mem::discriminant(old) == std::mem::discriminant(new) => old.clone(),
        _ => return None,
    };
    Some(Shape::Nullable(Box::new(shape)))
}

/// Whether two values are the same answer. The order of tags does not matter, and `1` is `1.0`.
pub(crate) fn is_same(shape: &Shape, old: &Value, new: &Value) -> bool {
    match (shape.required(), old, new) {
        (Shape::Tags { .. }, Value::Array(old), Value::Array(new)) => tags(old) == tags(new),
        _ => compare_values(shape, old, new).exact,
    }
}

fn tags(list: &[Value]) -> BTreeSet<&str> {
    list.iter().filter_map(Value::as_str).collect()
}

/// How an answer of a task whose answers are words has changed: pairs of words, `(none)` where a tag was added or
/// removed, or the answer is null. Empty: its answers are not words.
pub(crate) fn flips(shape: &Shape, old: &Value, new: &Value) -> Vec<(String, String)> {
    const NONE: &str = "(none)";
    let word = |value: &Value| match value {
        Value::Null => NONE.to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match (shape.required(), old, new) {
        (Shape::Choice(_) | Shape::Boolean, _, _) => vec![(word(old), word(new))],
        (Shape::Tags { .. }, Value::Array(old), Value::Array(new)) => {
            let (old, new) = (tags(old), tags(new));
            let removed = old.difference(&new).map(|tag| ((*tag).to_owned(), NONE.to_owned()));
            let added = new.difference(&old).map(|tag| (NONE.to_owned(), (*tag).to_owned()));
            removed.chain(added).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Field;
    use serde_json::json;

    fn choice(labels: &[&str]) -> Shape {
        Shape::Choice(labels.iter().map(|label| (*label).to_owned()).collect())
    }

    #[test]
    fn tasks_are_compared_if_their_answers_can_be() {
        let field = |name: &str, shape| Field { name: name.into(), description: None, shape };
        let task = |name: &str, shape: &Shape| (name.to_owned(), shape.clone());
        let object = |fields: Vec<Field>| Shape::Object(fields);
        let old = [
            task("kind", &choice(&["a", "b"])),
            task("gone", &Shape::Text),
            task("other", &Shape::Text),
            task("total", &object(vec![field("x", Shape::Integer), field("y", Shape::Text)])),
        ];
        let new = [
            task("total", &object(vec![field("x", Shape::Number), field("z", Shape::Date)])),
            task("other", &Shape::Boolean),
            task("kind", &choice(&["b", "memo"])),
            task("added", &Shape::Text),
        ];
        let (shared, others) = shared_tasks(&old, &new, &[]);
        let found: Vec<_> = shared.iter().map(|task| (task.spec.name.as_str(), task.old, task.new)).collect();
        assert_eq!(found, [("kind", 0, 2), ("total", 3, 0)]);
        assert_eq!(others, ["gone", "other", "added"]);
        assert_eq!(shared[0].spec.labels().unwrap(), ["a", "b", "memo"]);
        let members: Vec<String> = shared[1].spec.leaves.iter().map(Leaf::name).collect();
        assert_eq!(members, ["x", "y", "z"]);
        let (only, others) = shared_tasks(&old, &new, &["kind".to_owned()]);
        assert_eq!((only.len(), others.len()), (1, 0));
    }

    #[test]
    fn what_has_changed_is_said_in_words() {
        let marks = Shape::Tags { labels: vec!["x".into(), "y".into(), "z".into()], max: None };
        let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        for (shape, old, new, same, expected) in [
            (choice(&["a", "b"]), json!("a"), json!("a"), true, vec![pair("a", "a")]),
            (choice(&["a", "b"]), json!("a"), json!("b"), false, vec![pair("a", "b")]),
            (marks.clone(), json!(["x", "y"]), json!(["y", "x"]), true, vec![]),
            (marks, json!(["x", "y"]), json!(["y", "z"]), false, vec![pair("x", "(none)"), pair("(none)", "z")]),
            (Shape::Boolean, json!(true), json!(null), false, vec![pair("true", "(none)")]),
            (Shape::Number, json!(1), json!(1.0), true, vec![]),
            (Shape::Text, json!("A"), json!("a"), false, vec![]),
        ] {
            let shape = Shape::Nullable(Box::new(shape));
            assert_eq!((is_same(&shape, &old, &new), flips(&shape, &old, &new)), (same, expected), "{old} {new}");
        }
    }
}
