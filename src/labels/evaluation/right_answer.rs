//! When an answer is right: the rule of all accuracies, also during a review.

use super::compare::compare_values;
use crate::labels::truth::task_spec::TaskSpec;
use crate::task::Shape;
use serde_json::Value;
use std::collections::BTreeSet;

/// Whether a value of an answer is right: labels are equal, tags are the same in any order, other values have the
/// same meaning.
pub(crate) fn is_right_value(shape: &Shape, truth: &Value, answer: &Value) -> bool {
    match (shape.required(), truth, answer) {
        (Shape::Choice(_), _, _) => truth == answer,
        (Shape::Tags { .. }, Value::Array(truth), Value::Array(answer)) => tags(truth) == tags(answer),
        _ => compare_values(shape, truth, answer).normalized,
    }
}

/// Whether an answer to a task is right: every value of it that is known. `truth`: by leaf of the task.
pub(crate) fn is_right_answer(task: &TaskSpec, truth: &[Option<Value>], answer: &Value) -> bool {
    let mut known = task.leaves.iter().zip(truth).filter_map(|(leaf, truth)| Some((leaf, truth.as_ref()?)));
    known.all(|(leaf, truth)| is_right_value(&leaf.shape, truth, &leaf.value(answer)))
}

fn tags(tags: &[Value]) -> BTreeSet<&str> {
    tags.iter().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::truth::leaf::Leaf;
    use crate::task::Field;
    use serde_json::json;

    #[test]
    fn an_answer_is_right_if_all_that_is_known_is() {
        let field = |name: &str, shape| Field { name: name.into(), description: None, shape };
        let bill = Shape::Object(vec![field("total", Shape::Number), field("seller", Shape::Text)]);
        let labels = || vec!["a".to_owned(), "b".to_owned()];
        let tags = || Shape::Tags { labels: labels(), max: None };
        for (shape, truth, answer, expected) in [
            (Shape::Choice(labels()), json!("a"), json!("a"), true),
            (Shape::Choice(labels()), json!("a"), json!("A"), false),
            (tags(), json!(["a", "b"]), json!(["b", "a"]), true),
            (tags(), json!(["a"]), json!(["b", "a"]), false),
            (tags(), json!([]), json!([]), true),
            (Shape::Text, json!("ACME Ltd."), json!("acme  ltd"), true),
            (Shape::Nullable(Box::new(Shape::Number)), json!(12), json!(12.0), true),
            (Shape::Nullable(Box::new(Shape::Number)), json!(null), json!(0), false),
            (bill.clone(), json!({"total": 12, "seller": "ACME"}), json!({"seller": "acme", "total": 12.0}), true),
            (bill.clone(), json!({"total": 12, "seller": "ACME"}), json!({"seller": "acme", "total": 13}), false),
        ] {
            let task = TaskSpec { name: "t".into(), position: 0, leaves: Leaf::list(&shape), shape };
            let truth: Vec<Option<Value>> = task.leaves.iter().map(|leaf| Some(leaf.value(&truth))).collect();
            assert_eq!(is_right_answer(&task, &truth, &answer), expected, "{truth:?} {answer}");
        }
        let task = TaskSpec { name: "t".into(), position: 0, leaves: Leaf::list(&bill), shape: bill };
        assert!(is_right_answer(&task, &[Some(json!(12)), None], &json!({"total": 12, "seller": "?"})));
    }
}
