//! Bounds of a schema that is sent. Servers that force a reply into a grammar may repeat a label or a
//! text until the output limit; a bound ends that. A truncated value is not an answer.

use super::shape::Shape;
use serde_json::Value;

/// Characters that a text loses at most when it is read, where it was cut at a blank or a line end.
const MAX_TRIMMED: usize = 4;

/// The bounds to add to a schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// `uniqueItems` for lists of labels.
    pub unique_items: bool,
    /// `maxItems`: the maximum length of lists, whose labels may bound them further. `None`: not added.
    pub max_items: Option<u64>,
    /// `maxLength`: the maximum length of texts, in characters. `None`: not added.
    pub max_length: Option<u64>,
}

impl Bounds {
    /// Adds the bounds to `schema`, the JSON Schema of `shape`.
    pub(crate) fn add_to(&self, schema: &mut Value, shape: &Shape) {
        let mut insert = |name: &str, value: Value| {
            if let Some(members) = schema.as_object_mut() {
                members.insert(name.to_owned(), value);
            }
        };
        match shape {
            Shape::Nullable(inner) => self.add_to(schema, inner),
            Shape::Text => {
                if let Some(length) = self.max_length {
                    insert("maxLength", length.into());
                }
            }
            Shape::Tags { labels, max } => {
                if self.max_items.is_some() {
                    let labels = u64::try_from(labels.len()).unwrap_or(u64::MAX);
                    insert("maxItems", max.map_or(labels, u64::from).min(labels).into());
                }
                if self.unique_items {
                    insert("uniqueItems", true.into());
                }
            }
            Shape::List(inner) => {
                if let Some(items) = self.max_items {
                    insert("maxItems", items.into());
                }
                self.add_to(&mut schema["items"], inner);
            }
            Shape::Object(fields) => {
                for field in fields {
                    self.add_to(&mut schema["properties"][&field.name], &field.shape);
                }
            }
            _ => {}
        }
    }

    /// The first text or list in `value` that a bound may have cut, because it is as long as allowed;
    /// `None`: none.
    #[must_use]
    pub fn find_cut<'a>(&self, shape: &Shape, value: &'a Value) -> Option<&'a Value> {
        let is_full = |length: usize, max: Option<u64>| max.is_some_and(|max| length as u64 >= max);
        match (shape, value) {
            (Shape::Nullable(inner), value) => self.find_cut(inner, value),
            (Shape::Text, Value::String(text)) => {
                is_full(text.chars().count() + MAX_TRIMMED, self.max_length).then_some(value)
            }
            (Shape::List(_), Value::Array(items)) if is_full(items.len(), self.max_items) => Some(value),
            (Shape::List(inner), Value::Array(items)) => items.iter().find_map(|item| self.find_cut(inner, item)),
            (Shape::Object(fields), Value::Object(members)) => {
                fields.iter().find_map(|field| self.find_cut(&field.shape, members.get(&field.name)?))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::shape::Field;
    use serde_json::json;

    const BOUNDS: Bounds = Bounds { unique_items: true, max_items: Some(2), max_length: Some(9) };

    fn shape() -> Shape {
        let field = |name: &str, shape| Field { name: name.into(), description: None, shape };
        Shape::Object(vec![
            field("text", Shape::Nullable(Box::new(Shape::Text))),
            field("kind", Shape::Choice(vec!["a long label".into()])),
            field("marks", Shape::Tags { labels: ["a", "b", "c"].map(str::to_owned).to_vec(), max: Some(2) }),
            field("lines", Shape::List(Box::new(Shape::Text))),
        ])
    }

    #[test]
    fn bounds_are_added_where_a_reply_could_go_on() {
        let mut schema = shape().json_schema();
        BOUNDS.add_to(&mut schema, &shape());
        let properties = &schema["properties"];
        assert_eq!(properties["text"], json!({"type": ["string", "null"], "maxLength": 9}));
        assert_eq!(properties["kind"], json!({"type": "string", "enum": ["a long label"]}));
        assert_eq!(properties["marks"]["maxItems"], 2);
        assert_eq!(properties["marks"]["uniqueItems"], true);
        assert_eq!(
            properties["lines"],
            json!({"type": "array", "items": {"type": "string", "maxLength": 9}, "maxItems": 2})
        );
        let mut unchanged = shape().json_schema();
        Bounds::default().add_to(&mut unchanged, &shape());
        assert_eq!(unchanged, shape().json_schema());
    }

    #[test]
    fn a_value_that_reaches_a_bound_may_be_cut() {
        let page = |text: Value, lines: Value| json!({"text": text, "kind": "a long label", "marks": ["a", "b"], "lines": lines});
        for (value, expected) in [
            (page(json!("abcd"), json!(["x"])), false),
            (page(json!(null), json!([])), false),
            (page(json!("abcde"), json!([])), true),
            (page(json!("ääääé"), json!([])), true),
            (page(json!("a"), json!(["x", "y"])), true),
            (page(json!("a"), json!(["abcdef"])), true),
        ] {
            assert_eq!(BOUNDS.find_cut(&shape(), &value).is_some(), expected, "{value}");
            assert_eq!(Bounds::default().find_cut(&shape(), &value), None);
        }
    }
}
