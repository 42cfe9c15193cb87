//! Conversion by a small schema. A third-party validator is the oracle for values.

use super::*;
use crate::base::schema_oracle::SchemaOracle;
use crate::manifest::yaml::node::parse_yaml;
use proptest::prelude::*;
use serde_json::json;

fn schema() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "description": "Name of the thing.\nMore about it."},
            "count": {"type": ["integer", "null"], "minimum": 1, "maximum": 9},
            "share": {"type": "number", "minimum": 0},
            "flag": {"type": "boolean"},
            "size": {"type": "string", "enum": ["small", "large"]},
            "mode": {"oneOf": [{"type": "string", "const": "now"}, {"type": "string", "const": "later"}]},
            "pages": {"anyOf": [{"$ref": "#/$defs/Pages"}, {"type": "null"}]},
            "labels": {"type": "array", "items": {"type": "string"}},
            "extra": {"type": "object", "additionalProperties": true},
            "point": {"$ref": "#/$defs/Point"},
        },
        "$defs": {
            "Pages": {"anyOf": [{"$ref": "#/$defs/Word"}, {"type": "array", "items": {"type": "integer"}}]},
            "Word": {"type": "string", "enum": ["all", "first"]},
            "Point": {"type": "object", "additionalProperties": false, "required": ["x"], "properties": {"x": {"type": "integer", "minimum": 2}}},
        },
    })
}

fn convert(source: &str) -> Typed {
    to_typed_json(&parse_yaml(source).unwrap(), &schema())
}

#[test]
fn values_get_the_types_of_the_schema() {
    for (source, expected) in [
        ("name: no", json!({"name": "no"})),
        ("name: 1.10", json!({"name": "1.10"})),
        ("name: 'x'", json!({"name": "x"})),
        ("{name: x, count: 4}", json!({"name": "x", "count": 4})),
        // A key without a value counts as omitted.
        ("{name: x, count: }", json!({"name": "x"})),
        ("{name: x, flag: ~}", json!({"name": "x"})),
        ("{name: x, share: 1}", json!({"name": "x", "share": 1})),
        ("{name: x, share: 0.5}", json!({"name": "x", "share": 0.5})),
        ("{name: x, flag: True}", json!({"name": "x", "flag": true})),
        ("{name: x, size: large}", json!({"name": "x", "size": "large"})),
        ("{name: x, mode: later}", json!({"name": "x", "mode": "later"})),
        ("{name: x, pages: first}", json!({"name": "x", "pages": "first"})),
        ("{name: x, pages: [1, -1]}", json!({"name": "x", "pages": [1, -1]})),
        ("{name: x, labels: [no, 1, null]}", json!({"name": "x", "labels": ["no", "1", "null"]})),
        ("{name: x, extra: {a: 1, b: {c: no}}}", json!({"name": "x", "extra": {"a": 1, "b": {"c": "no"}}})),
        ("{name: x, point: {x: 2}}", json!({"name": "x", "point": {"x": 2}})),
    ] {
        let typed = convert(source);
        assert_eq!(typed.faults, [], "{source}");
        assert_eq!(typed.value, expected, "{source}");
        assert!(typed.broken.is_empty(), "{source}");
    }
}

#[test]
fn faults_name_what_is_allowed() {
    for (source, message, allowed) in [
        ("{name: [x]}", "expected a string, found a list", None),
        ("{name: x, count: many}", "expected an integer, found `many`", None),
        ("{name: x, count: '4'}", "expected an integer, found `4`", None),
        ("{name: x, count: 1.5}", "expected an integer, found `1.5`", None),
        ("{name: x, count: 0}", "0 is out of range", Some("from 1 to 9")),
        ("{name: x, share: -1}", "-1 is out of range", Some("0 or more")),
        ("{name: x, share: {}}", "expected a number, found a mapping", None),
        ("{name: x, flag: yes}", "expected true or false, found `yes`", None),
        ("{name: x, size: huge}", "`huge` is not an allowed value", Some("one of: small, large")),
        ("{name: x, size: smal}", "`smal` is not an allowed value", Some("did you mean `small`? one of: small, large")),
        ("{name: x, mode: [now]}", "a list is not an allowed value", Some("one of: now, later")),
        (
            "{name: x, pages: none}",
            "`none` is not an allowed value",
            Some("one of: all, first; or a list of numbers such as [1, 2, -1]"),
        ),
        ("{name: x, pages: [one]}", "expected an integer, found `one`", None),
        ("{name: x, labels: one}", "expected a list, found `one`", Some("[one]")),
        ("{name: x, labels: \"a, *.b\"}", "expected a list, found `a, *.b`", Some("[a, \"*.b\"]")),
        ("{name: x, labels: [[a]]}", "expected a string, found a list", None),
        ("{name: x, point: 1}", "expected a mapping, found `1`", Some("{x: …}")),
        ("{count: 4}", "missing key `name`", Some("Name of the thing.")),
        ("{name: }", "missing key `name`", Some("Name of the thing.")),
        ("{name: x, point: {}}", "missing key `x`", None),
        ("{name: x, point: {xy: 2}}", "unknown key `xy`", Some("did you mean `x`? known keys: x")),
        ("{name: x, point: {x: 1, y: 2}}", "1 is out of range", Some("2 or more")),
        ("[name]", "expected a mapping, found a list", Some("{name: …}")),
    ] {
        let faults = convert(source).faults;
        assert_eq!((faults[0].message.as_str(), faults[0].allowed.as_deref()), (message, allowed), "{source}");
    }
    let unknown = &convert("{name: x, lables: []}").faults[0];
    assert_eq!(unknown.message, "unknown key `lables`");
    assert!(unknown.allowed.as_ref().unwrap().starts_with("did you mean `labels`? known keys: name, "));
    let unknown = &convert("{name: x, zzzzzzzz: []}").faults[0];
    assert!(unknown.allowed.as_ref().unwrap().starts_with("known keys: "));
}

#[test]
fn all_faults_are_reported_and_the_rest_is_still_read() {
    let typed = convert("{count: 0, flag: maybe, size: small, point: {}, labels: [a, [b]]}");
    let messages: Vec<&str> = typed.faults.iter().map(|fault| fault.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "0 is out of range",
            "expected true or false, found `maybe`",
            "missing key `x`",
            "expected a string, found a list",
            "missing key `name`",
        ]
    );
    assert_eq!(
        typed.value,
        json!({"count": 0, "flag": false, "size": "small", "point": {"x": 2}, "labels": ["a", ""], "name": ""})
    );
    let mut broken: Vec<&str> = typed.broken.iter().map(String::as_str).collect();
    broken.sort_unstable();
    assert_eq!(broken, ["/count", "/flag", "/labels/1", "/name", "/point/x"]);
}

#[test]
fn positions_are_found_by_their_pointers() {
    let source = "{name: x, extra: {a/b: {c~d: one}}, labels: [p, qq]}";
    let typed = convert(source);
    for (pointer, text) in [("/name", "x"), ("/labels/1", "qq"), ("/labels/0", "p"), ("/extra/a~1b", "c~d")] {
        assert_eq!(&source[typed.positions[pointer].clone()], text, "{pointer}");
    }
}

fn any_scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?[0-9]{1,3}",
        "[0-9]\\.[0-9]",
        Just("true".to_owned()),
        Just("null".to_owned()),
        "small|large|now|later|all|first|x",
        "'[0-9a-z]{0,3}'"
    ]
}

fn any_value() -> impl Strategy<Value = String> {
    any_scalar().prop_recursive(2, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(", "))),
            prop::collection::btree_map("x|a|b", inner, 0..3).prop_map(|members| {
                let members: Vec<String> = members.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                format!("{{{}}}", members.join(", "))
            }),
        ]
    })
}

proptest! {
    /// Without a fault, the JSON is valid for the schema; with one, it is still readable.
    #[test]
    fn what_has_no_fault_is_valid_for_the_schema(
        members in prop::collection::btree_map(
            "name|count|share|flag|size|mode|pages|labels|extra|point|other", any_value(), 0..6),
    ) {
        let members: Vec<String> = members.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        let source = format!("{{{}}}", members.join(", "));
        let typed = convert(&source);
        if typed.faults.is_empty() {
            let validator = SchemaOracle::new(&schema()).unwrap();
            prop_assert!(validator.is_valid(&typed.value), "{} gives {}", source, typed.value);
        } else {
            prop_assert!(typed.value.is_object());
            prop_assert!(typed.value.get("name").is_some());
        }
    }
}
