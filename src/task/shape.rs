//! The form of an answer.

use serde_json::{Map, Value, json};

/// The form of an answer. One type determines the schema that is sent, the check of replies,
/// and the type of the output column.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Text that is not empty.
    Text,
    /// A double.
    Number,
    /// A signed 64-bit integer.
    Integer,
    /// A boolean.
    Boolean,
    /// A calendar date, such as `2026-11-23`.
    Date,
    /// One of these labels.
    Choice(Vec<String>),
    /// Any of these labels, without duplicates and in this order.
    Tags {
        /// The labels.
        labels: Vec<String>,
        /// Maximum number of labels in an answer.
        max: Option<u32>,
    },
    /// A list of values of one shape.
    List(Box<Shape>),
    /// An object with these members, in this order.
    Object(Vec<Field>),
    /// This shape, or null if the page does not contain the answer.
    Nullable(Box<Shape>),
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Name of the member.
    pub name: String,
    /// What it means, for the model.
    pub description: Option<String>,
    /// Form of its value.
    pub shape: Shape,
}

impl Shape {
    /// The JSON Schema of this shape, in the subset of strict mode: all members are
    /// required, no others are allowed, and an optional value is a union with null.
    #[must_use]
    pub fn json_schema(&self) -> Value {
        match self {
            Self::Text => json!({"type": "string"}),
            Self::Number => json!({"type": "number"}),
            Self::Integer => json!({"type": "integer"}),
            Self::Boolean => json!({"type": "boolean"}),
            Self::Date => json!({"type": "string", "format": "date"}),
            Self::Choice(values) => json!({"type": "string", "enum": values}),
            Self::Tags { labels, .. } => {
                json!({"type": "array", "items": {"type": "string", "enum": labels}})
            }
            Self::List(inner) => json!({"type": "array", "items": inner.json_schema()}),
            Self::Object(fields) => object_schema(fields),
            Self::Nullable(inner) => nullable_schema(inner.json_schema()),
        }
    }

    /// The shape without an outer `Nullable`.
    #[must_use]
    pub fn required(&self) -> &Self {
        match self {
            Self::Nullable(inner) => inner,
            other => other,
        }
    }
}

fn object_schema(fields: &[Field]) -> Value {
    let mut properties = Map::new();
    for field in fields {
        let mut schema = field.shape.json_schema();
        if let (Some(text), Some(members)) = (&field.description, schema.as_object_mut()) {
            members.insert("description".into(), text.as_str().into());
        }
        properties.insert(field.name.clone(), schema);
    }
    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    json!({"type": "object", "properties": properties, "required": names, "additionalProperties": false})
}

/// Adds null to a schema: `"type": ["string", "null"]`, and null to an `enum`.
fn nullable_schema(mut schema: Value) -> Value {
    let Some(members) = schema.as_object_mut() else {
        return schema;
    };
    if let Some(kind) = members.get("type").cloned() {
        members.insert("type".into(), json!([kind, "null"]));
    }
    if let Some(values) = members.get_mut("enum").and_then(Value::as_array_mut) {
        values.push(Value::Null);
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text matters: it is sent to the model and, for `extract`, part of the recipe.
    #[test]
    fn schemas_of_shapes() {
        let labels = || ["a", "b"].map(str::to_owned).to_vec();
        let nullable = |shape| Shape::Nullable(Box::new(shape));
        let field = |name: &str, text: Option<&str>, shape| Field {
            name: name.into(),
            description: text.map(str::to_owned),
            shape,
        };
        for (shape, expected) in [
            (Shape::Text, r#"{"type":"string"}"#),
            (Shape::Date, r#"{"type":"string","format":"date"}"#),
            (Shape::Choice(labels()), r#"{"type":"string","enum":["a","b"]}"#),
            (
                Shape::Tags { labels: labels(), max: Some(1) },
                r#"{"type":"array","items":{"type":"string","enum":["a","b"]}}"#,
            ),
            (Shape::List(Box::new(Shape::Integer)), r#"{"type":"array","items":{"type":"integer"}}"#),
            (nullable(Shape::Number), r#"{"type":["number","null"]}"#),
            (nullable(Shape::Choice(labels())), r#"{"type":["string","null"],"enum":["a","b",null]}"#),
            (
                Shape::Object(vec![field("z", Some("Last."), nullable(Shape::Date)), field("a", None, Shape::Boolean)]),
                r#"{"type":"object","properties":{"z":{"type":["string","null"],"format":"date","description":"Last."},"a":{"type":"boolean"}},"required":["z","a"],"additionalProperties":false}"#,
            ),
        ] {
            assert_eq!(shape.json_schema().to_string(), expected);
            assert_eq!(nullable(shape.clone()).required(), &shape);
        }
    }
}
