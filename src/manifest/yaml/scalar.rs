//! Plain scalars -> JSON values, by the core schema of YAML 1.2 (section 10.3.2).
//! Numbers are decimal and may contain `_` between digits.

use super::node::{Node, NodeKind};
use serde_json::{Number, Value};

/// `true` or `false`, also capitalized. YAML 1.1's `yes`, `no`, `on`, `off` are strings.
pub(crate) fn parse_boolean(text: &str) -> Option<Value> {
    match text {
        "true" | "True" | "TRUE" => Some(Value::Bool(true)),
        "false" | "False" | "FALSE" => Some(Value::Bool(false)),
        _ => None,
    }
}

/// A signed 64-bit integer.
pub(crate) fn parse_integer(text: &str) -> Option<Value> {
    let digits = text.replace('_', "");
    digits.parse::<i64>().ok().map(|n| Value::Number(n.into()))
}

/// A finite number: an integer if `text` is one, otherwise a double.
pub(crate) fn parse_number(text: &str) -> Option<Value> {
    let number = text.parse::<f64>().ok().filter(|n| n.is_finite())?;
    parse_integer(text).or_else(|| Number::from_f64(number).map(Value::Number))
}

/// The JSON of a node whose type no schema determines: scalars get the type that YAML
/// gives them.
pub(crate) fn to_untyped_json(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Scalar { .. } if node.is_null() => Value::Null,
        NodeKind::Scalar { text, is_plain: true } => parse_boolean(text)
            .or_else(|| parse_integer(text))
            .or_else(|| parse_number(text))
            .unwrap_or_else(|| Value::String(text.clone())),
        NodeKind::Scalar { text, .. } => Value::String(text.clone()),
        NodeKind::Sequence(items) => Value::Array(items.iter().map(to_untyped_json).collect()),
        NodeKind::Mapping(entries) => {
            Value::Object(entries.iter().map(|(key, value)| (key.name.clone(), to_untyped_json(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::yaml::node::parse_yaml;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn untyped_values() {
        for (source, expected) in [
            ("1", json!(1)),
            ("-1_000", json!(-1000)),
            ("1.5", json!(1.5)),
            ("1e3", json!(1000.0)),
            ("1.0", json!(1.0)),
            ("9223372036854775808", json!(9_223_372_036_854_775_808_f64)),
            ("true", json!(true)),
            ("FALSE", json!(false)),
            ("no", json!("no")),
            ("~", json!(null)),
            ("'1'", json!("1")),
            ("2026-11-23", json!("2026-11-23")),
            (".inf", json!(".inf")),
            ("inf", json!("inf")),
            ("[1, {a: x, b: }]", json!([1, {"a": "x", "b": null}])),
        ] {
            assert_eq!(to_untyped_json(&parse_yaml(source).unwrap()), expected, "{source}");
        }
    }

    proptest! {
        #[test]
        fn integers_are_read_back(n: i64) {
            prop_assert_eq!(parse_integer(&n.to_string()), Some(json!(n)));
            prop_assert_eq!(parse_number(&n.to_string()), Some(json!(n)));
        }

        #[test]
        fn doubles_are_read_back(n in prop::num::f64::NORMAL) {
            prop_assume!(n.fract() != 0.0);
            prop_assert_eq!(parse_number(&n.to_string()), Some(json!(n)));
            prop_assert_eq!(parse_integer(&n.to_string()), None);
        }
    }
}
