//! A user's JSON Schema -> [`Shape`].
//!
//! Supported are object, array, string, number, integer, boolean, `enum` of strings, null,
//! local `$ref`, and `format: date`. Everything else is rejected with its place: docmill could
//! neither check it nor store it in a typed column.

use super::shape::{Field, Shape};
use crate::base::escape::pointer_token;
use crate::base::label_text::is_label;
use serde_json::Value;

/// A fault of a schema: its place as a JSON Pointer, and a message.
pub(crate) type SchemaFault = (String, String);

/// Keywords without a meaning for values.
const ANNOTATIONS: &[&str] =
    &["$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "examples", "default"];

/// Maximum nesting. OpenAI's strict mode accepts ten levels.
const MAX_DEPTH: usize = 10;

/// Compiles a schema, whose root must be an object.
///
/// # Errors
/// With all faults.
pub(crate) fn compile_schema(root: &Value) -> Result<Shape, Vec<SchemaFault>> {
    let mut compiler = Compiler { root, faults: Vec::new() };
    let shape = compiler.compile(root, "", 0);
    if !matches!(shape, Shape::Object(_)) && compiler.faults.is_empty() {
        compiler.faults.push((String::new(), "the root must have the type object".into()));
    }
    if compiler.faults.is_empty() { Ok(shape) } else { Err(compiler.faults) }
}

struct Compiler<'a> {
    root: &'a Value,
    faults: Vec<SchemaFault>,
}

impl<'a> Compiler<'a> {
    /// Reports a fault. Returns a shape to continue with.
    fn report(&mut self, pointer: &str, message: impl Into<String>) -> Shape {
        self.faults.push((pointer.to_owned(), message.into()));
        Shape::Text
    }

    fn compile(&mut self, schema: &'a Value, pointer: &str, depth: usize) -> Shape {
        if depth > MAX_DEPTH {
            return self.report(pointer, format!("nested more than {MAX_DEPTH} levels deep, or a recursive `$ref`"));
        }
        let Some(members) = schema.as_object() else {
            return self.report(pointer, "a schema must be an object");
        };
        if let Some(target) = members.get("$ref") {
            let target = target.as_str().and_then(|target| target.strip_prefix('#'));
            return match target.and_then(|target| self.root.pointer(target)) {
                Some(found) => self.compile(found, pointer, depth + 1),
                None => self.report(&format!("{pointer}/$ref"), "no such definition in this file"),
            };
        }
        if let Some(options) = members.get("anyOf") {
            return self.compile_any_of(options, pointer, depth);
        }
        let (kind, may_be_null) = self.find_type(members.get("type"), pointer);
        let known: &[&str] = match kind {
            "object" => &["type", "nullable", "properties", "required", "additionalProperties"],
            "array" => &["type", "nullable", "items"],
            "string" => &["type", "nullable", "enum", "format"],
            _ => &["type", "nullable"],
        };
        let is_unknown = |word: &&String| !known.contains(&word.as_str()) && !ANNOTATIONS.contains(&word.as_str());
        for word in members.keys().filter(is_unknown) {
            let message = format!("`{word}` is not supported for `{kind}`; supported: {}", known.join(", "));
            self.report(&format!("{pointer}/{}", pointer_token(word)), message);
        }
        let values = members.get("enum").and_then(Value::as_array);
        let may_be_null = may_be_null
            || members.get("nullable") == Some(&Value::Bool(true))
            || values.is_some_and(|values| values.contains(&Value::Null));
        let shape = match kind {
            "object" => self.compile_object(schema, pointer, depth),
            "array" => match members.get("items") {
                Some(items) => Shape::List(Box::new(self.compile(items, &format!("{pointer}/items"), depth + 1))),
                None => self.report(pointer, "an array needs `items`"),
            },
            "string" => self.compile_string(schema, pointer),
            "number" => Shape::Number,
            "integer" => Shape::Integer,
            "boolean" => Shape::Boolean,
            _ => Shape::Text,
        };
        if may_be_null { Shape::Nullable(Box::new(shape)) } else { shape }
    }

    /// The type other than null, and whether null is a type too. Empty after a fault.
    fn find_type(&mut self, kind: Option<&'a Value>, pointer: &str) -> (&'a str, bool) {
        let names: Vec<&str> = match kind {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let not_null: Vec<&str> = names.iter().copied().filter(|name| *name != "null").collect();
        match not_null.as_slice() {
            [one @ ("object" | "array" | "string" | "number" | "integer" | "boolean")] => (one, names.len() > 1),
            _ => {
                let message = "exactly one `type` is required: object, array, string, number, integer or boolean, optionally with null";
                self.report(&format!("{pointer}/type"), message);
                ("", false)
            }
        }
    }

    fn compile_any_of(&mut self, options: &'a Value, pointer: &str, depth: usize) -> Shape {
        let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
        let is_null = |schema: &&Value| schema.get("type").and_then(Value::as_str) == Some("null");
        let not_null: Vec<&Value> = options.iter().filter(|schema| !is_null(schema)).collect();
        match not_null.as_slice() {
            [one] if not_null.len() < options.len() => Shape::Nullable(Box::new(self.compile(one, pointer, depth + 1))),
            _ => self.report(&format!("{pointer}/anyOf"), "`anyOf` is only supported for one schema and null"),
        }
    }

    fn compile_object(&mut self, schema: &'a Value, pointer: &str, depth: usize) -> Shape {
        if schema.get("additionalProperties").is_some_and(|more| more != &Value::Bool(false)) {
            self.report(&format!("{pointer}/additionalProperties"), "only `false` is supported");
        }
        let Some(properties) = schema.get("properties").and_then(Value::as_object).filter(|p| !p.is_empty()) else {
            return self.report(pointer, "an object needs `properties`");
        };
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        for name in required.iter().filter(|name| !properties.contains_key(**name)) {
            self.report(&format!("{pointer}/required"), format!("`{name}` is not in `properties`"));
        }
        let fields = properties.iter().map(|(name, member)| {
            let pointer = format!("{pointer}/properties/{}", pointer_token(name));
            let shape = match self.compile(member, &pointer, depth + 1) {
                shape @ Shape::Nullable(_) => shape,
                shape if required.contains(&name.as_str()) => shape,
                shape => Shape::Nullable(Box::new(shape)),
            };
            let description = member.get("description").and_then(Value::as_str).map(str::to_owned);
            Field { name: name.clone(), description, shape }
        });
        Shape::Object(fields.collect())
    }

    fn compile_string(&mut self, schema: &'a Value, pointer: &str) -> Shape {
        match (schema.get("enum").and_then(Value::as_array), schema.get("format").and_then(Value::as_str)) {
            (Some(values), None) => {
                let names: Vec<String> = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                let nulls = values.iter().filter(|value| value.is_null()).count();
                if names.is_empty() || names.len() + nulls != values.len() {
                    let message = "`enum` must be a list of strings, optionally with null";
                    return self.report(&format!("{pointer}/enum"), message);
                }
                // Schemas may come from other programs: white space around a value is accepted.
                if let Some(wrong) = names.iter().find(|name| !is_label(name.trim())) {
                    let message = format!(
                        "`{wrong}` is not a valid value of `enum`; allowed: text that is not empty and not `~`"
                    );
                    return self.report(&format!("{pointer}/enum"), &message);
                }
                Shape::Choice(names)
            }
            (None, Some("date")) => Shape::Date,
            (None, None) => Shape::Text,
            (None, Some(other)) => {
                let message = format!("the format `{other}` is not supported; supported: date");
                self.report(&format!("{pointer}/format"), message)
            }
            (Some(_), Some(_)) => {
                self.report(&format!("{pointer}/format"), "`format` is not supported together with `enum`")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// The shape of a required member with this schema.
    fn compile_member(member: &Value) -> Result<Shape, Vec<SchemaFault>> {
        let schema = json!({"type": "object", "required": ["a"], "properties": {"a": member}, "$defs": {
            "date": {"type": "string", "format": "date"},
            "again": {"$ref": "#/$defs/again"},
        }});
        let Shape::Object(mut fields) = compile_schema(&schema)? else { panic!() };
        Ok(fields.remove(0).shape)
    }

    fn nullable(shape: Shape) -> Shape {
        Shape::Nullable(Box::new(shape))
    }

    #[test]
    fn shapes_of_schemas() {
        let choice = || Shape::Choice(["x", "y"].map(str::to_owned).to_vec());
        let field = |name: &str, description: Option<&str>, shape| Field {
            name: name.into(),
            description: description.map(str::to_owned),
            shape,
        };
        for (schema, expected) in [
            (json!({"type": "string"}), Shape::Text),
            (json!({"type": "string", "format": "date"}), Shape::Date),
            (json!({"type": "number", "title": "t", "default": 1, "examples": [1]}), Shape::Number),
            (json!({"type": "integer"}), Shape::Integer),
            (json!({"type": ["boolean"]}), Shape::Boolean),
            (json!({"type": ["boolean", "null"]}), nullable(Shape::Boolean)),
            (json!({"type": "boolean", "nullable": true}), nullable(Shape::Boolean)),
            (json!({"type": "boolean", "nullable": false}), Shape::Boolean),
            (json!({"type": "string", "enum": ["x", "y"]}), choice()),
            (json!({"type": "string", "enum": ["x", null, "y"]}), nullable(choice())),
            (json!({"type": "array", "items": {"type": "integer"}}), Shape::List(Box::new(Shape::Integer))),
            (json!({"$ref": "#/$defs/date"}), Shape::Date),
            (json!({"anyOf": [{"type": "null"}, {"$ref": "#/$defs/date"}]}), nullable(Shape::Date)),
            (
                json!({"type": "object", "required": ["r"], "additionalProperties": false, "properties": {
                    "o": {"type": "string", "description": "Optional."},
                    "r": {"type": "string"},
                    "n": {"type": ["null", "string"]},
                }}),
                Shape::Object(vec![
                    field("o", Some("Optional."), nullable(Shape::Text)),
                    field("r", None, Shape::Text),
                    field("n", None, nullable(Shape::Text)),
                ]),
            ),
        ] {
            assert_eq!(compile_member(&schema), Ok(expected), "{schema}");
        }
    }

    #[test]
    fn other_schemas_are_rejected_with_their_place() {
        let one_type = "exactly one `type` is required";
        let recursive = "nested more than 10 levels deep, or a recursive `$ref`";
        for (schema, place, message) in [
            (json!(true), "", "a schema must be an object"),
            (json!({}), "/type", one_type),
            (json!({"type": "null"}), "/type", one_type),
            (json!({"type": ["string", "number"]}), "/type", one_type),
            (json!({"type": "any"}), "/type", one_type),
            (
                json!({"type": "string", "pattern": "x"}),
                "/pattern",
                "`pattern` is not supported for `string`; supported: type, nullable, enum, format",
            ),
            (json!({"type": "number", "minimum": 1}), "/minimum", "`minimum` is not supported for `number`"),
            (json!({"type": "array", "items": {"type": "string"}, "maxItems": 1}), "/maxItems", "`maxItems` is not"),
            (json!({"type": "number", "a/b": 1}), "/a~1b", "`a/b` is not supported for `number`"),
            (json!({"type": "array"}), "", "an array needs `items`"),
            (json!({"type": "array", "items": {"type": "x"}}), "/items/type", one_type),
            (json!({"type": "object"}), "", "an object needs `properties`"),
            (json!({"type": "object", "properties": {}}), "", "an object needs `properties`"),
            (json!({"type": "object", "properties": {"b/c": {}}}), "/properties/b~1c/type", one_type),
            (
                json!({"type": "object", "properties": {"b": {"type": "string"}}, "required": ["c"]}),
                "/required",
                "`c` is not in `properties`",
            ),
            (
                json!({"type": "object", "properties": {"b": {"type": "string"}}, "additionalProperties": true}),
                "/additionalProperties",
                "only `false` is supported",
            ),
            (json!({"type": "string", "enum": [1]}), "/enum", "`enum` must be a list of strings, optionally with null"),
            (json!({"type": "string", "enum": []}), "/enum", "`enum` must be a list of strings, optionally with null"),
            (
                json!({"type": "string", "enum": ["x", ""]}),
                "/enum",
                "`` is not a valid value of `enum`; allowed: text that is not empty and not `~`",
            ),
            (
                json!({"type": "string", "enum": ["~"]}),
                "/enum",
                "`~` is not a valid value of `enum`; allowed: text that is not empty and not `~`",
            ),
            (
                json!({"type": "string", "format": "email"}),
                "/format",
                "the format `email` is not supported; supported: date",
            ),
            (
                json!({"type": "string", "format": "date", "enum": ["x"]}),
                "/format",
                "`format` is not supported together with `enum`",
            ),
            (json!({"$ref": "#/$defs/none"}), "/$ref", "no such definition in this file"),
            (json!({"$ref": "https://example.com/a.json"}), "/$ref", "no such definition in this file"),
            (json!({"$ref": "#/$defs/again"}), "", recursive),
            (json!({"anyOf": [{"type": "string"}]}), "/anyOf", "`anyOf` is only supported for one schema and null"),
            (
                json!({"anyOf": [{"type": "string"}, {"type": "number"}]}),
                "/anyOf",
                "`anyOf` is only supported for one schema and null",
            ),
        ] {
            let faults = compile_member(&schema).unwrap_err();
            assert_eq!(faults.len(), 1, "{schema}: {faults:?}");
            assert_eq!(faults[0].0, format!("/properties/a{place}"), "{schema}");
            assert!(faults[0].1.starts_with(message), "{schema}: {faults:?}");
        }
    }

    #[test]
    fn the_root_is_an_object() {
        for (schema, message) in [
            (json!({"type": "array", "items": {"type": "string"}}), "the root must have the type object"),
            (
                json!({"type": ["object", "null"], "properties": {"a": {"type": "string"}}}),
                "the root must have the type object",
            ),
            (json!([]), "a schema must be an object"),
            (json!({"$ref": "#"}), "nested more than 10 levels deep, or a recursive `$ref`"),
        ] {
            assert_eq!(compile_schema(&schema), Err(vec![(String::new(), message.to_owned())]), "{schema}");
        }
    }

    #[test]
    fn all_faults_are_found() {
        let schema =
            json!({"type": "object", "properties": {"a": {"type": "x"}, "b": {"type": "string", "pattern": "y"}}});
        let places: Vec<String> = compile_schema(&schema).unwrap_err().into_iter().map(|(place, _)| place).collect();
        assert_eq!(places, ["/properties/a/type", "/properties/b/pattern"]);
    }

    fn any_shape() -> impl Strategy<Value = Shape> {
        let leaf = prop_oneof![
            Just(Shape::Text),
            Just(Shape::Number),
            Just(Shape::Integer),
            Just(Shape::Boolean),
            Just(Shape::Date),
            prop::collection::vec("[a-c]{1,2}", 1..3).prop_map(Shape::Choice),
        ];
        leaf.prop_recursive(3, 16, 3, |inner| {
            prop_oneof![
                inner.clone().prop_map(|shape| Shape::List(Box::new(shape))),
                inner
                    .clone()
                    .prop_filter("null twice", |shape| !matches!(shape, Shape::Nullable(_)))
                    .prop_map(nullable),
                prop::collection::btree_map("[a-z~/]{1,4}", inner, 1..4).prop_map(|members| {
                    let field = |(name, shape)| Field { name, description: None, shape };
                    Shape::Object(members.into_iter().map(field).collect())
                }),
            ]
        })
    }

    proptest! {
        /// The schema that is sent for a shape compiles to the same shape.
        #[test]
        fn a_schema_that_is_sent_is_read_back(shape in any_shape()) {
            prop_assert_eq!(compile_member(&shape.json_schema()), Ok(shape));
        }
    }
}
