//! Nodes -> JSON, checked against a JSON Schema. The schema is the one that editors use,
//! so that docmill and editors agree. All faults are collected.
//!
//! Where the schema expects a string, a scalar is taken as written: `no` is "no" and
//! `1.10` is "1.10".

use super::node::{Key, Node, NodeKind};
use super::scalar::{parse_boolean, parse_integer, parse_number, to_untyped_json};
use crate::base::escape::{key_pointer, pointer_token};
use crate::base::mask::mask_secrets;
use crate::manifest::faults::{Fault, nearest_name};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

/// A keyword of docmill's own, for members that may be null with another meaning than being omitted.
const NULL_IS_A_VALUE: &str = "x-null-is-a-value";

/// Characters of a text that a message shows as a list.
const MAX_LIST_FORM_CHARS: usize = 40;

/// The byte range of every value, by its JSON Pointer (RFC 6901), and of every key that the user
/// chooses, by its [`key_pointer`].
pub(crate) type Positions = HashMap<String, Range<usize>>;

/// The position of the value at `pointer`, or of its closest parent.
pub(crate) fn nearest_position(positions: &Positions, pointer: &str) -> Range<usize> {
    let mut nearest = pointer;
    loop {
        match (positions.get(nearest), nearest.rfind('/')) {
            (Some(span), _) => return span.clone(),
            (None, Some(end)) => nearest = &nearest[..end],
            (None, None) => return 0..0,
        }
    }
}

/// The JSON of a document, with positions and faults.
///
/// A value that is missing or has the wrong type is replaced by a placeholder, so that the
/// sections can still be read and their own rules are checked in the same pass. The pointer
/// of such a value is in `broken`, and so is that of a missing value whose key is probably
/// misspelt: the unknown key is the fault, not what is missing because of it.
pub(crate) struct Typed {
    pub(crate) value: Value,
    pub(crate) positions: Positions,
    pub(crate) broken: HashSet<String>,
    pub(crate) faults: Vec<Fault>,
}

/// Converts `root` to JSON. Of `schema`, these keywords are used: `type`, `properties`,
/// `additionalProperties`, `required`, `items`, `enum`, `const`, `anyOf`, `oneOf`,
/// `minimum`, `maximum`, `description`, [`NULL_IS_A_VALUE`], and `$ref` to `$defs`.
pub(crate) fn to_typed_json(root: &Node, schema: &Value) -> Typed {
    let mut converter = Converter {
        definitions: schema.get("$defs").cloned().unwrap_or_default(),
        positions: Positions::new(),
        broken: HashSet::new(),
        faults: Vec::new(),
    };
    let value = converter.convert(root, schema, "");
    Typed { value, positions: converter.positions, broken: converter.broken, faults: converter.faults }
}

struct Converter {
    definitions: Value,
    positions: Positions,
    broken: HashSet<String>,
    faults: Vec<Fault>,
}

impl Converter {
    fn report(&mut self, span: &Range<usize>, message: String, allowed: Option<String>) {
        self.faults.push(Fault::new(span.clone(), message, allowed));
    }

    /// Converts `node`, whose JSON Pointer is `pointer`. Marks it as broken if it is a leaf
    /// with a fault.
    fn convert(&mut self, node: &Node, schema: &Value, pointer: &str) -> Value {
        let faults_before = self.faults.len();
        let value = self.convert_by_schema(node, schema, pointer);
        let is_leaf = !matches!(value, Value::Object(_) | Value::Array(_));
        if self.faults.len() > faults_before && (is_leaf || matches!(node.kind, NodeKind::Scalar { .. })) {
            self.broken.insert(pointer.to_owned());
        }
        value
    }

    fn convert_by_schema(&mut self, node: &Node, schema: &Value, pointer: &str) -> Value {
        self.positions.insert(pointer.to_owned(), node.span.clone());
        let schema = self.resolve(schema);
        let alternatives = ["anyOf", "oneOf"].iter().find_map(|key| schema.get(key)).and_then(Value::as_array);
        if let Some(alternatives) = alternatives {
            return self.convert_alternative(node, alternatives, pointer);
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return self.convert_choice(node, values);
        }
        match types_of(&schema).first().copied() {
            None => to_untyped_json(node),
            Some(_) if node.is_null() && types_of(&schema).contains(&"null") => Value::Null,
            Some("object") => self.convert_object(node, &schema, pointer),
            Some("array") => self.convert_array(node, &schema, pointer),
            Some(kind) => self.convert_scalar(node, kind, &schema),
        }
    }

    /// The schema itself, or the definition that it refers to.
    fn resolve(&self, schema: &Value) -> Value {
        match schema.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix("#/$defs/")) {
            Some(name) => self.definitions.get(name).cloned().unwrap_or_default(),
            None => schema.clone(),
        }
    }

    /// Converts by the first alternative whose type fits the node. Alternatives with `const`
    /// are choices.
    fn convert_alternative(&mut self, node: &Node, alternatives: &[Value], pointer: &str) -> Value {
        let resolved: Vec<Value> = alternatives.iter().map(|s| self.resolve(s)).collect();
        if node.is_null() && resolved.iter().any(|s| types_of(s).contains(&"null")) {
            return Value::Null;
        }
        let constants: Vec<Value> = resolved.iter().filter_map(|s| s.get("const").cloned()).collect();
        if !constants.is_empty() {
            return self.convert_choice(node, &constants);
        }
        let fits = |schema: &&Value| {
            let types = types_of(schema);
            match &node.kind {
                NodeKind::Mapping(_) => types.contains(&"object"),
                NodeKind::Sequence(_) => types.contains(&"array"),
                NodeKind::Scalar { .. } => {
                    types.is_empty() || types.iter().any(|t| !matches!(*t, "object" | "array" | "null"))
                }
            }
        };
        let not_null = || resolved.iter().find(|s| !types_of(s).contains(&"null"));
        match resolved.iter().find(fits).or_else(not_null) {
            Some(schema) => {
                let faults_before = self.faults.len();
                let value = self.convert(node, schema, pointer);
                self.add_other_form(node, &resolved, faults_before);
                value
            }
            None => Value::Null,
        }
    }

    /// Adds the form of another alternative to the faults from `first` on, where it is probably the one that is meant: a
    /// list of numbers for a single number, a mapping for a list of mappings.
    fn add_other_form(&mut self, node: &Node, alternatives: &[Value], first: usize) {
        let has = |kind| alternatives.iter().any(|schema| types_of(schema).contains(&kind));
        let has_numbers =
            || alternatives.iter().any(|schema| schema.pointer("/items/type").is_some_and(|kind| kind == "integer"));
        match &node.kind {
            NodeKind::Scalar { .. } if has_numbers() => {
                for allowed in self.faults[first..].iter_mut().filter_map(|fault| fault.allowed.as_mut()) {
                    allowed.push_str("; or a list of numbers such as [1, 2, -1]");
                }
            }
            NodeKind::Sequence(items) if has("object") => {
                let is_mapping = |span: &Range<usize>| {
                    items.iter().any(|item| matches!(item.kind, NodeKind::Mapping(_)) && item.span == *span)
                };
                for fault in self.faults[first..].iter_mut().filter(|fault| is_mapping(&fault.span)) {
                    fault.allowed = Some("a mapping in place of the whole list, such as {name: description, …}".into());
                }
            }
            _ => {}
        }
    }

    fn convert_choice(&mut self, node: &Node, values: &[Value]) -> Value {
        let names: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        let text = if let NodeKind::Scalar { text, .. } = &node.kind { text.as_str() } else { "" };
        if names.contains(&text) {
            return text.into();
        }
        let suggestion = nearest_name(text, names.iter().copied());
        let suggestion = suggestion.map_or(String::new(), |name| format!("did you mean `{name}`? "));
        let message = format!("{} is not an allowed value", node.describe());
        self.report(&node.span, message, Some(format!("{suggestion}one of: {}", names.join(", "))));
        values.first().cloned().unwrap_or_default()
    }

    fn convert_object(&mut self, node: &Node, schema: &Value, pointer: &str) -> Value {
        let NodeKind::Mapping(entries) = &node.kind else {
            return self.report_type(node, "a mapping", schema);
        };
        let empty = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let mut out = Map::new();
        for (key, value) in entries {
            let member_pointer = format!("{pointer}/{}", pointer_token(&key.name));
            let member = match (properties.get(&key.name), schema.get("additionalProperties")) {
                (Some(member), _) => member,
                (None, Some(Value::Bool(false))) => {
                    if let Some(meant) = self.report_unknown_key(key, properties)
                        && entries.iter().all(|(other, _)| other.name != meant)
                    {
                        self.broken.insert(format!("{pointer}/{}", pointer_token(meant)));
                    }
                    continue;
                }
                (None, Some(member)) => {
                    self.positions.insert(key_pointer(&member_pointer), key.span.clone());
                    member
                }
                (None, None) => &Value::Bool(true),
            };
            // A known key without a value counts as omitted, unless null has its own meaning.
            let resolved = self.resolve(member);
            let means_null = types_of(&resolved) == ["null"] || resolved.get(NULL_IS_A_VALUE).is_some();
            if value.is_null() && properties.contains_key(&key.name) && !means_null {
                self.positions.insert(member_pointer, key.span.clone());
                continue;
            }
            let member = self.convert(value, member, &member_pointer);
            out.insert(key.name.clone(), member);
        }
        let required = schema.get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            if !out.contains_key(name) {
                let placeholder = self.report_missing_key(node, name, properties, pointer);
                out.insert(name.to_owned(), placeholder);
            }
        }
        Value::Object(out)
    }

    /// Reports a missing key, with the first line of its description, unless it is probably misspelt.
    /// Returns a placeholder.
    fn report_missing_key(&mut self, node: &Node, name: &str, properties: &Map<String, Value>, pointer: &str) -> Value {
        let description = properties.get(name).and_then(|p| p.get("description")).and_then(Value::as_str);
        let help = description.map(|text| text.lines().next().unwrap_or_default().to_owned());
        if self.broken.insert(format!("{pointer}/{}", pointer_token(name))) {
            self.report(&node.span, format!("missing key `{name}`"), help);
        }
        properties.get(name).map_or(Value::Null, |schema| self.placeholder(schema))
    }

    /// Reports an unknown key. Returns the known key that is probably meant.
    fn report_unknown_key<'a>(&mut self, key: &Key, properties: &'a Map<String, Value>) -> Option<&'a str> {
        let known: Vec<&str> = properties.keys().map(String::as_str).collect();
        let meant = nearest_name(&key.name, known.iter().copied());
        let suggestion = meant.map_or(String::new(), |name| format!("did you mean `{name}`? "));
        let allowed = format!("{suggestion}known keys: {}", known.join(", "));
        self.report(&key.span, format!("unknown key `{}`", key.name), Some(allowed));
        meant
    }

    fn convert_array(&mut self, node: &Node, schema: &Value, pointer: &str) -> Value {
        let NodeKind::Sequence(items) = &node.kind else {
            return self.report_type(node, "a list", schema);
        };
        let any = Value::Bool(true);
        let schema = schema.get("items").unwrap_or(&any);
        let items = items.iter().enumerate();
        Value::Array(items.map(|(index, item)| self.convert(item, schema, &format!("{pointer}/{index}"))).collect())
    }

    fn convert_scalar(&mut self, node: &Node, kind: &str, schema: &Value) -> Value {
        let NodeKind::Scalar { text, is_plain } = &node.kind else {
            return self.report_type(node, describe_type(kind), schema);
        };
        let value = match kind {
            "string" => Some(Value::String(text.clone())),
            "boolean" if *is_plain => parse_boolean(text),
            "integer" if *is_plain => parse_integer(text),
            "number" if *is_plain => parse_number(text),
            _ => None,
        };
        let Some(value) = value else {
            return self.report_type(node, describe_type(kind), schema);
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
            self.report(&node.span, format!("{text} is out of range"), Some(allowed));
        }
        value
    }

    fn report_type(&mut self, node: &Node, expected: &str, schema: &Value) -> Value {
        let is_key = |text: &str| text.split_once(':').is_some_and(|(key, _)| is_plain_key(key));
        let allowed = match &node.kind {
            NodeKind::Scalar { text, is_plain: true } if expected == "a mapping" && is_key(text) => {
                Some("a space after the colon: `key: value`".to_owned())
            }
            _ if expected == "a mapping" => mapping_form(schema),
            NodeKind::Scalar { text, .. } if expected == "a list" => Some(list_form(text)),
            _ => None,
        };
        self.report(&node.span, format!("expected {expected}, found {}", node.describe()), allowed);
        self.placeholder(schema)
    }

    /// A value that is valid for `schema`, in place of a faulty or missing one.
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

/// Whether a text looks like a key of the manifest.
fn is_plain_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The form of a mapping: its required keys, or else the keys that it may have. `None` if any key is allowed.
fn mapping_form(schema: &Value) -> Option<String> {
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let required: Vec<String> = required.map(|name| format!("{name}: …")).collect();
    let properties = schema.get("properties").and_then(Value::as_object)?;
    if !required.is_empty() {
        return Some(format!("{{{}}}", required.join(", ")));
    }
    let known: Vec<&str> = properties.keys().map(String::as_str).collect();
    Some(format!("{{}}, or a mapping with some of these keys: {}", known.join(", ")))
}

/// A text as a list: its parts between commas, in quotes where YAML may need them.
fn list_form(text: &str) -> String {
    let parts: Vec<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() || text.chars().count() > MAX_LIST_FORM_CHARS || mask_secrets(text) != text {
        return "a list, such as [a, b]".to_owned();
    }
    let is_simple = |part: &str| part.chars().all(|c| c.is_alphanumeric() || c == '_');
    let quoted = |part: &str| if is_simple(part) { part.to_owned() } else { Value::from(part).to_string() };
    let parts: Vec<String> = parts.into_iter().map(quoted).collect();
    format!("[{}]", parts.join(", "))
}

fn types_of(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// A type of JSON Schema in an error message.
fn describe_type(kind: &str) -> &'static str {
    match kind {
        "boolean" => "true or false",
        "integer" => "an integer",
        "number" => "a number",
        _ => "a string",
    }
}

#[cfg(test)]
mod tests;
