//! From a recipe back to a question, for answers that arrive in a run that did not ask for
//! them: those of batches of an earlier run.

use super::question::Question;
use super::schema::compile_schema;
use super::shape::Shape;
use super::words::Words;
use crate::base::digest::Digest;
use serde_json::{Map, Value};

/// The question of a task's recipe, to read answers with. It has no text. `None` if the
/// recipe is not of this version.
#[must_use]
pub fn question_from_recipe(name: &str, recipe: &Value) -> Option<Question> {
    let labels = || -> Option<Vec<String>> {
        let pairs = recipe.get("labels")?.as_array()?;
        pairs.iter().map(|pair| Some(pair.get(0)?.as_str()?.to_owned())).collect()
    };
    let shape = if recipe.get("classify").is_some() {
        Shape::Choice(labels()?)
    } else if recipe.get("tag").is_some() {
        let max = recipe.get("max").and_then(Value::as_u64).and_then(|max| u32::try_from(max).ok());
        Shape::Tags { labels: labels()?, max }
    } else if recipe.get("extract").is_some() {
        compile_schema(recipe.get("schema")?).ok()?
    } else {
        let kind = recipe.get("type")?;
        let shape = match (kind.get("type")?.as_str()?, kind.get("format").is_some()) {
            ("string", true) => Shape::Date,
            ("string", false) => Shape::Text,
            ("number", _) => Shape::Number,
            ("boolean", _) => Shape::Boolean,
            _ => return None,
        };
        let is_required = recipe.get("required").and_then(Value::as_bool) == Some(true);
        if is_required { shape } else { Shape::Nullable(Box::new(shape)) }
    };
    Some(Question::without_text(name, shape, recipe.clone()))
}

/// The digest of the text of a task's recipe, as [`Question::rendered_digest`] has it. `None` if the recipe is
/// not of this version.
#[must_use]
pub fn recipe_text_digest(recipe: &Value) -> Option<Digest> {
    text_of(recipe).map(|(_, text)| Digest::compute(text.as_bytes()))
}

/// The recipe of a task for a line of a list that carries these values. `None`: it is the recipe itself, because its
/// text names no columns, or because it can't have been written for these columns.
#[must_use]
pub fn rendered_recipe(recipe: &Value, values: &Map<String, Value>) -> Option<Value> {
    let (kind, text) = text_of(recipe)?;
    // Without columns, braces have no meaning.
    if values.is_empty() || !text.contains(['{', '}']) {
        return None;
    }
    let columns: Vec<&str> = values.keys().map(String::as_str).collect();
    let words = Words::parse(text, &columns).ok()?;
    let mut rendered = recipe.clone();
    rendered[kind] = words.render(values).into();
    Some(rendered)
}

/// The member of a recipe that names the kind of the task, and the text of the task.
fn text_of(recipe: &Value) -> Option<(&'static str, &str)> {
    ["classify", "tag", "extract", "question"].into_iter().find_map(|kind| Some((kind, recipe.get(kind)?.as_str()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::digest::canonical;
    use crate::manifest::{AnswerType, Label, Task, TaskKind};
    use crate::task::compile;
    use serde_json::json;

    #[test]
    fn every_kind_of_task_is_read_back_from_its_recipe() {
        let labels = || ["a", "b c"].map(|name| Label { name: name.into(), description: Some("d".into()) }).to_vec();
        let schema = json!({"type": "object", "properties": {"total": {"type": "number"}, "lines": {"type": "array", "items": {"type": "string"}}}});
        let answer = |answer, required| TaskKind::Question { text: "t".into(), answer, required };
        let kinds = [
            TaskKind::Classify { question: None, labels: labels() },
            TaskKind::Tag { question: Some("q".into()), labels: labels(), max: Some(1) },
            TaskKind::Tag { question: None, labels: labels(), max: None },
            TaskKind::Extract { question: None, schema, schema_path: "x.json".into() },
            answer(AnswerType::Text, true),
            answer(AnswerType::Number, false),
            answer(AnswerType::Boolean, true),
            answer(AnswerType::Date, false),
        ];
        for kind in kinds {
            let compiled = compile(&[Task { name: "t".into(), kind }], &[]).unwrap().remove(0);
            let found = question_from_recipe("t", &compiled.recipe).unwrap();
            assert_eq!((found.name, &found.shape, &found.recipe), (compiled.name, &compiled.shape, &compiled.recipe));
        }
    }

    /// The store keeps recipes in canonical form, in which members are sorted.
    #[test]
    fn a_stored_recipe_has_sorted_members() {
        let schema = json!({"type": "object", "required": ["b", "a"], "properties": {"b": {"type": "string"}, "a": {"type": "integer"}}});
        let kind = TaskKind::Extract { question: None, schema, schema_path: "x.json".into() };
        let compiled = compile(&[Task { name: "t".into(), kind }], &[]).unwrap().remove(0);
        let stored: Value = serde_json::from_str(&canonical(&compiled.recipe)).unwrap();
        let Shape::Object(fields) = question_from_recipe("t", &stored).unwrap().shape else { panic!() };
        let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
    }

    /// As compiled with the columns of the list: a run and a report on it later have the same keys.
    #[test]
    fn a_stored_recipe_is_rendered_as_its_question() {
        let values = json!({"customer": "{acme}", "number": 7, "none": null});
        let values = values.as_object().unwrap();
        let schema = json!({"type": "object", "properties": {"total": {"type": "number"}}});
        for text in ["plain", "of {customer}", "of {{customer}}", "{number}{none} {{", "}}"] {
            let kinds = [
                TaskKind::Question { text: text.into(), answer: AnswerType::Text, required: true },
                TaskKind::Classify { question: Some(text.into()), labels: vec![] },
                TaskKind::Tag { question: Some(text.into()), labels: vec![], max: Some(2) },
                TaskKind::Extract { question: Some(text.into()), schema: schema.clone(), schema_path: "x".into() },
            ];
            for kind in kinds {
                let task = [Task { name: "t".into(), kind }];
                let question = compile(&task, &["customer", "number", "none"]).unwrap().remove(0);
                let expected = question.is_template().then(|| question.rendered(values).recipe);
                assert_eq!(rendered_recipe(&question.recipe, values), expected, "{text}");
                // Without columns, braces have no meaning.
                assert_eq!(rendered_recipe(&question.recipe, &Map::new()), None, "{text}");
            }
        }
        // A text that was not written for these columns, and a task without a text.
        for recipe in [json!({"question": "of {other}"}), json!({"question": "a { b"}), json!({"type": "{number}"})] {
            assert_eq!(rendered_recipe(&recipe, values), None, "{recipe}");
        }
    }

    #[test]
    fn other_recipes_are_not_read() {
        for recipe in [
            json!({"guess": 1}),
            json!({"classify": "q"}),
            json!({"classify": "q", "labels": [[1]]}),
            json!({"extract": "q", "schema": {"type": "array"}}),
            json!({"question": "q", "type": {"type": "integer"}}),
            json!(null),
        ] {
            assert!(question_from_recipe("t", &recipe).is_none(), "{recipe}");
        }
    }
}
