//! The form of an answer.

use serde_json::{Map, Value, json};

/// The form of an answer: what is sent as a schema, what a reply is checked against,
/// and the type of the output column.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Any text with something in it.
    Text,
    /// A double.
    Number,
    /// A 64-bit integer.
    Integer,
    /// True or false.
    Boolean,
    /// A calendar date, `2026-11-23`.
    Date,
    /// One of these texts.
    Choice(Vec<String>),
    /// A list without repetitions of these texts, in this order.
    Tags {
        /// The set.
        labels: Vec<String>,
        /// Most that may apply.
        max: Option<u32>,
    },
    /// A list.
    List(Box<Shape>),
    /// Named members, in this order.
    Object(Vec<Field>),
    /// This or null: not on the page.
    Nullable(Box<Shape>),
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it means, for the model.
    pub description: Option<String>,
    /// Its form.
    pub shape: Shape,
}

impl Shape {
    /// The JSON Schema of this shape, in the strict subset: every member required, no
    /// others allowed, optional as a union with null.
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
            Self::List(of) => json!({"type": "array", "items": of.json_schema()}),
            Self::Object(fields) => object_schema(fields),
            Self::Nullable(of) => nullable(of.json_schema()),
        }
    }

    /// The shape without its outer null.
    #[must_use]
    pub fn required(&self) -> &Self {
        match self {
            Self::Nullable(of) => of,
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

/// Adds null to a schema: `["string", "null"]`, and null to an enumeration.
fn nullable(mut schema: Value) -> Value {
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
