//! A user's JSON Schema -> [`Shape`].
//!
//! A closed subset: object, array, string, number, integer, boolean, enum, nullable,
//! local `$ref`, `format: date`. Anything else is refused with its place, because what
//! can't be checked or stored in a typed column would only look as if it were.

use super::shape::{Field, Shape};
use serde_json::Value;

/// A fault of a schema: a JSON Pointer and words.
pub(crate) type Fault = (String, String);

/// Words of a schema that say nothing about values.
const ANNOTATIONS: &[&str] =
    &["$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "examples", "default"];

/// Deepest nesting; OpenAI's strict mode takes ten levels.
const DEEPEST: usize = 10;

pub(crate) fn compile(root: &Value) -> Result<Shape, Vec<Fault>> {
    let mut reader = Reader { root, faults: Vec::new() };
    let shape = reader.shape(root, "", 0);
    if !matches!(shape, Shape::Object(_)) && reader.faults.is_empty() {
        reader.faults.push((String::new(), "the root of a schema is an object".into()));
    }
    if reader.faults.is_empty() { Ok(shape) } else { Err(reader.faults) }
}

struct Reader<'a> {
    root: &'a Value,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    fn fault(&mut self, at: &str, message: impl Into<String>) -> Shape {
        self.faults.push((at.to_owned(), message.into()));
        Shape::Text
    }

    fn shape(&mut self, schema: &'a Value, at: &str, depth: usize) -> Shape {
        if depth > DEEPEST {
            return self.fault(at, format!("nested deeper than {DEEPEST} levels, or a `$ref` to itself"));
        }
        let Some(members) = schema.as_object() else {
            return self.fault(at, "a schema is an object");
        };
        if let Some(target) = members.get("$ref") {
            return match target
                .as_str()
                .and_then(|r| r.strip_prefix('#'))
                .and_then(|pointer| self.root.pointer(pointer))
            {
                Some(found) => self.shape(found, at, depth + 1),
                None => self.fault(&format!("{at}/$ref"), "no local definition of that name"),
            };
        }
        if let Some(options) = members.get("anyOf") {
            return self.any_of(options, at, depth);
        }
        let (kind, null) = self.kind(members.get("type"), at);
        let known: &[&str] = match kind {
            "object" => &["type", "nullable", "properties", "required", "additionalProperties"],
            "array" => &["type", "nullable", "items"],
            "string" => &["type", "nullable", "enum", "format"],
            _ => &["type", "nullable"],
        };
        for word in
            members.keys().filter(|word| !known.contains(&word.as_str()) && !ANNOTATIONS.contains(&word.as_str()))
        {
            self.fault(
                &format!("{at}/{word}"),
                format!("`{word}` is not supported for `{kind}`; known: {}", known.join(", ")),
            );
        }
        let null = null || members.get("nullable") == Some(&Value::Bool(true));
        let null =
            null || members.get("enum").and_then(Value::as_array).is_some_and(|values| values.contains(&Value::Null));
        let shape = match kind {
            "object" => self.object(schema, at, depth),
            "array" => match members.get("items") {
                Some(items) => Shape::List(Box::new(self.shape(items, &format!("{at}/items"), depth + 1))),
                None => self.fault(at, "an array needs `items`"),
            },
            "string" => self.string(schema, at),
            "number" => Shape::Number,
            "integer" => Shape::Integer,
            "boolean" => Shape::Boolean,
            _ => Shape::Text,
        };
        if null { Shape::Nullable(Box::new(shape)) } else { shape }
    }

    /// The type, and whether null is one too.
    fn kind(&mut self, kind: Option<&'a Value>, at: &str) -> (&'a str, bool) {
        let names: Vec<&str> = match kind {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let real: Vec<&str> = names.iter().copied().filter(|name| *name != "null").collect();
        match real.as_slice() {
            [one @ ("object" | "array" | "string" | "number" | "integer" | "boolean")] => (one, names.len() > 1),
            _ => {
                let message =
                    "one `type` is needed: object, array, string, number, integer or boolean, with or without null";
                self.fault(&format!("{at}/type"), message);
                ("", false)
            }
        }
    }

    fn any_of(&mut self, options: &'a Value, at: &str, depth: usize) -> Shape {
        let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
        let is_null = |schema: &&Value| schema.get("type").and_then(Value::as_str) == Some("null");
        let real: Vec<&Value> = options.iter().filter(|schema| !is_null(schema)).collect();
        match real.as_slice() {
            [one] if real.len() < options.len() => Shape::Nullable(Box::new(self.shape(one, at, depth + 1))),
            _ => self.fault(&format!("{at}/anyOf"), "`anyOf` is supported for one schema and null"),
        }
    }

    fn object(&mut self, schema: &'a Value, at: &str, depth: usize) -> Shape {
        if schema.get("additionalProperties").is_some_and(|more| more != &Value::Bool(false)) {
            self.fault(&format!("{at}/additionalProperties"), "only `false` is supported: members are named");
        }
        let Some(properties) = schema.get("properties").and_then(Value::as_object).filter(|p| !p.is_empty()) else {
            return self.fault(at, "an object needs `properties`");
        };
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        for name in required.iter().filter(|name| !properties.contains_key(**name)) {
            self.fault(&format!("{at}/required"), format!("`{name}` is no property"));
        }
        let fields = properties.iter().map(|(name, member)| {
            let place = format!("{at}/properties/{}", name.replace('~', "~0").replace('/', "~1"));
            let shape = match self.shape(member, &place, depth + 1) {
                shape @ Shape::Nullable(_) => shape,
                shape if required.contains(&name.as_str()) => shape,
                shape => Shape::Nullable(Box::new(shape)),
            };
            let description = member.get("description").and_then(Value::as_str).map(str::to_owned);
            Field { name: name.clone(), description, shape }
        });
        Shape::Object(fields.collect())
    }

    fn string(&mut self, schema: &'a Value, at: &str) -> Shape {
        match (schema.get("enum").and_then(Value::as_array), schema.get("format").and_then(Value::as_str)) {
            (Some(values), None) => {
                let names: Vec<String> = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                let nulls = values.iter().filter(|value| value.is_null()).count();
                if names.is_empty() || names.len() + nulls != values.len() {
                    return self.fault(&format!("{at}/enum"), "an enumeration of texts");
                }
                Shape::Choice(names)
            }
            (None, Some("date")) => Shape::Date,
            (None, None) => Shape::Text,
            (None, Some(other)) => {
                self.fault(&format!("{at}/format"), format!("the format `{other}` is not supported; known: date"))
            }
            (Some(_), Some(_)) => self.fault(&format!("{at}/format"), "an enumeration has no format"),
        }
    }
}
