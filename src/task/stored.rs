//! A question from its recipe: for answers that come to a run which did not ask for them.

use super::question::Question;
use super::schema;
use super::shape::Shape;
use serde_json::Value;

/// The question of a recipe, as far as its answers have to be read: without words. `None`
/// when it is none of this version.
#[must_use]
pub fn of_recipe(name: &str, recipe: &Value) -> Option<Question> {
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
        schema::compile(recipe.get("schema")?).ok()?
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
    Some(Question::stored(name, shape, recipe.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{AnswerType, Label, Task, TaskKind};
    use crate::task::compile;
    use serde_json::json;

    #[test]
    fn the_shape_of_every_kind_of_task_is_found_again() {
        let labels = || ["a", "b c"].map(|name| Label { name: name.into(), description: Some("d".into()) }).to_vec();
        let schema = json!({"type": "object", "properties": {"total": {"type": "number"}, "lines": {"type": "array", "items": {"type": "string"}}}});
        let answer = |answer, required| TaskKind::Question { text: "t".into(), answer, required };
        let kinds = [
            TaskKind::Classify { question: None, labels: labels() },
            TaskKind::Tag { question: Some("q".into()), labels: labels(), max: Some(1) },
            TaskKind::Extract { question: None, schema, schema_path: "x.json".into() },
            answer(AnswerType::Text, true),
            answer(AnswerType::Number, false),
            answer(AnswerType::Boolean, true),
            answer(AnswerType::Date, false),
        ];
        for kind in kinds {
            let made = compile(&[Task { name: "t".into(), kind }], &[]).unwrap().remove(0);
            let found = of_recipe("t", &made.recipe).unwrap();
            assert_eq!((found.name, found.shape), (made.name, made.shape));
        }
        assert!(of_recipe("t", &json!({"guess": 1})).is_none());
    }
}
