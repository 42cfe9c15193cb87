//! Nodes -> JSON, guided by the JSON Schema of the raw sections: the schema that
//! editors use is the one that decides here. Every fault is collected.
//!
//! A scalar under a text type is the text as typed: `no` is "no", 1.10 is "1.10".

use super::node::{Key, Kind, Node};
use crate::manifest::faults::{Fault, nearest};
use serde_json::{Map, Number, Value};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// Where each value stands, by its JSON Pointer (RFC 6901).
pub(crate) type Places = HashMap<String, Range<usize>>;

/// The JSON of a document, where its values stand and what is wrong with it.
///
/// What is missing or of the wrong type gets a placeholder and stands in `broken`, so
/// that the sections can still be read and their own rules checked in the same pass.
pub(crate) struct Typed {
    pub(crate) value: Value,
    pub(crate) places: Places,
    pub(crate) broken: HashSet<String>,
    pub(crate) faults: Vec<Fault>,
}

pub(crate) fn apply(root: &Node, schema: &Value) -> Typed {
    let mut walk = Walk {
        definitions: schema.get("$defs").cloned().unwrap_or_default(),
        places: Places::new(),
        broken: HashSet::new(),
        faults: Vec::new(),
    };
    let value = walk.value(root, schema, "");
    Typed { value, places: walk.places, broken: walk.broken, faults: walk.faults }
}

struct Walk {
    definitions: Value,
    places: Places,
    broken: HashSet<String>,
    faults: Vec<Fault>,
}

impl Walk {
    fn fault(&mut self, span: &Range<usize>, message: String, allowed: Option<String>) {
        self.faults.push(Fault::new(span.clone(), message, allowed));
    }

    fn value(&mut self, node: &Node, schema: &Value, at: &str) -> Value {
        let faults_before = self.faults.len();
        let value = self.value_of(node, schema, at);
        let is_leaf = !matches!(value, Value::Object(_) | Value::Array(_));
        if self.faults.len() > faults_before && (is_leaf || matches!(node.kind, Kind::Scalar { .. })) {
            self.broken.insert(at.to_owned());
        }
        value
    }

    fn value_of(&mut self, node: &Node, schema: &Value, at: &str) -> Value {
        self.places.insert(at.to_owned(), node.span.clone());
        let schema = self.resolve(schema);
        let alternatives = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(key)).and_then(Value::as_array);
        if let Some(alternatives) = alternatives {
            return self.one_of(node, alternatives, at);
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return self.choice(node, values);
        }
        match types_of(&schema).first().copied() {
            None => untyped(node),
            Some(_) if node.is_null() && types_of(&schema).contains(&"null") => Value::Null,
            Some("object") => self.object(node, &schema, at),
            Some("array") => self.array(node, &schema, at),
            Some(kind) => self.scalar(node, kind, &schema),
        }
    }

    fn resolve(&self, schema: &Value) -> Value {
        match schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix("#/$defs/")) {
            Some(name) => self.definitions.get(name).cloned().unwrap_or_default(),
            None => schema.clone(),
        }
    }

    /// The alternative whose kind fits the node; several texts are a choice.
    fn one_of(&mut self, node: &Node, alternatives: &[Value], at: &str) -> Value {
        let resolved: Vec<Value> = alternatives.iter().map(|s| self.resolve(s)).collect();
        if node.is_null() && resolved.iter().any(|s| types_of(s).contains(&"null")) {
            return Value::Null;
        }
        let constants: Vec<Value> = resolved.iter().filter_map(|s| s.get("const").cloned()).collect();
        if !constants.is_empty() {
            return self.choice(node, &constants);
        }
        let fits = |schema: &&Value| {
            let types = types_of(schema);
            match &node.kind {
                Kind::Mapping(_) => types.contains(&"object"),
                Kind::Sequence(_) => types.contains(&"array"),
                Kind::Scalar { .. } => {
                    types.is_empty() || types.iter().any(|t| !matches!(*t, "object" | "array" | "null"))
                }
            }
        };
        let others = || resolved.iter().find(|s| !types_of(s).contains(&"null"));
        match resolved.iter().find(fits).or_else(others) {
            Some(schema) => self.value(node, &schema.clone(), at),
            None => Value::Null,
        }
    }

    fn choice(&mut self, node: &Node, values: &[Value]) -> Value {
        let names: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        if let Kind::Scalar { text, .. } = &node.kind
            && names.contains(&text.as_str())
        {
            return Value::String(text.clone());
        }
        self.fault(
            &node.span,
            format!("{} is not one of the choices", node.describe()),
            Some(format!("one of: {}", names.join(", "))),
        );
        values.first().cloned().unwrap_or_default()
    }

    fn object(&mut self, node: &Node, schema: &Value, at: &str) -> Value {
        let Kind::Mapping(entries) = &node.kind else {
            return self.wrong_type(node, "a mapping", schema);
        };
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let mut out = Map::new();
        for (key, value) in entries {
            let place = format!("{at}/{}", key.name.replace('~', "~0").replace('/', "~1"));
            let member = match (properties.get(&key.name), schema.get("additionalProperties")) {
                (Some(member), _) => member,
                (None, Some(Value::Bool(false))) => {
                    self.unknown_key(key, properties);
                    continue;
                }
                (None, Some(member)) => member,
                (None, None) => &Value::Bool(true),
            };
            // A key without a value is a key left out, where it may be.
            if value.is_null() && properties.contains_key(&key.name) && types_of(&self.resolve(member)) != ["null"] {
                self.places.insert(place, key.span.clone());
                continue;
            }
            let member = self.value(value, member, &place);
            out.insert(key.name.clone(), member);
        }
        let required = schema.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            if !out.contains_key(name) {
                let described = properties.get(name).and_then(|p| p.get("description")).and_then(Value::as_str);
                let help = described.map(|text| text.lines().next().unwrap_or_default().to_owned());
                self.fault(&node.span, format!("the key `{name}` is missing"), help);
                self.broken.insert(format!("{at}/{name}"));
                let filler = properties.get(name).map_or(Value::Null, |schema| self.placeholder(schema));
                out.insert(name.to_owned(), filler);
            }
        }
        Value::Object(out)
    }

    fn unknown_key(&mut self, key: &Key, properties: &Map<String, Value>) {
        let known: Vec<&str> = properties.keys().map(String::as_str).collect();
        let meant = nearest(&key.name, known.iter().copied());
        let meant = meant.map_or(String::new(), |name| format!("did you mean `{name}`? "));
        let allowed = format!("{meant}known keys: {}", known.join(", "));
        self.fault(&key.span, format!("unknown key `{}`", key.name), Some(allowed));
    }

    fn array(&mut self, node: &Node, schema: &Value, at: &str) -> Value {
        let Kind::Sequence(items) = &node.kind else {
            return self.wrong_type(node, "a list", schema);
        };
        let any = Value::Bool(true);
        let of = schema.get("items").unwrap_or(&any);
        Value::Array(items.iter().enumerate().map(|(n, item)| self.value(item, of, &format!("{at}/{n}"))).collect())
    }

    fn scalar(&mut self, node: &Node, kind: &str, schema: &Value) -> Value {
        let Kind::Scalar { text, plain } = &node.kind else {
            return self.wrong_type(node, name_of(kind), schema);
        };
        let value = match kind {
            "string" => Some(Value::String(text.clone())),
            "boolean" if *plain => boolean(text),
            "integer" if *plain => integer(text),
            "number" if *plain => number(text),
            _ => None,
        };
        let Some(value) = value else {
            return self.wrong_type(node, name_of(kind), schema);
        };
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        let (low, high) = (bound("minimum"), bound("maximum"));
        if let Some(number) = value.as_f64()
            && (low.is_some_and(|low| number < low) || high.is_some_and(|high| number > high))
        {
            let allowed = match (low, high) {
                (Some(low), Some(high)) => format!("from {low} to {high}"),
                (Some(low), None) => format!("{low} or more"),
                (_, high) => format!("at most {}", high.unwrap_or_default()),
            };
            self.fault(&node.span, format!("{text} is out of range"), Some(allowed));
        }
        value
    }

    fn wrong_type(&mut self, node: &Node, expected: &str, schema: &Value) -> Value {
        self.fault(&node.span, format!("expected {expected}, found {}", node.describe()), None);
        self.placeholder(schema)
    }

    /// A value that the schema takes, to read on after a fault.
    fn placeholder(&self, schema: &Value) -> Value {
        let schema = self.resolve(schema);
        let first = |key: &str| schema.get(key).and_then(Value::as_array).and_then(|list| list.first());
        if let Some(schema) = first("anyOf").or_else(|| first("oneOf")) {
            return schema.get("const").cloned().unwrap_or_else(|| self.placeholder(schema));
        }
        if let Some(value) = first("enum") {
            return value.clone();
        }
        match types_of(&schema).first().copied() {
            Some("string") => Value::String(String::new()),
            Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| 0.into()),
            Some("boolean") => Value::Bool(false),
            Some("array") => Value::Array(Vec::new()),
            Some("object") => {
                let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
                let members = required.filter_map(Value::as_str).map(|name| {
                    let member = schema.get("properties").and_then(|p| p.get(name));
                    (name.to_owned(), member.map_or(Value::Null, |schema| self.placeholder(schema)))
                });
                Value::Object(members.collect())
            }
            _ => Value::Null,
        }
    }
}

fn types_of(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn name_of(kind: &str) -> &'static str {
    match kind {
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        _ => "a text",
    }
}

fn boolean(text: &str) -> Option<Value> {
    match text {
        "true" | "True" | "TRUE" => Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => Some(Value::Bool(false)),
        _ => None,
    }
}

fn integer(text: &str) -> Option<Value> {
    let digits = text.replace('_', "");
    digits.parse::<i64>().ok().map(|n| Value::Number(n.into()))
}

fn number(text: &str) -> Option<Value> {
    let number = text.parse::<f64>().ok().filter(|n| n.is_finite())?;
    integer(text).or_else(|| Number::from_f64(number).map(Value::Number))
}

/// YAML 1.2's core schema, for values that we only pass on.
fn untyped(node: &Node) -> Value {
    match &node.kind {
        Kind::Scalar { .. } if node.is_null() => Value::Null,
        Kind::Scalar { text, plain: true } => boolean(text)
            .or_else(|| integer(text))
            .or_else(|| number(text))
            .unwrap_or_else(|| Value::String(text.clone())),
        Kind::Scalar { text, .. } => Value::String(text.clone()),
        Kind::Sequence(items) => Value::Array(items.iter().map(untyped).collect()),
        Kind::Mapping(entries) => {
            Value::Object(entries.iter().map(|(key, value)| (key.name.clone(), untyped(value))).collect())
        }
    }
}
