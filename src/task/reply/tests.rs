//! Replies as servers send them, and the answers in them. A third-party validator is the oracle for the schemas that
//! are sent.

use super::*;
use crate::base::schema_oracle::SchemaOracle;
use crate::base::vocabulary::ErrorKind;
use crate::manifest::{AnswerType, Label, Task, TaskKind};
use crate::task::{compile, reply_schema};
use proptest::prelude::*;
use serde_json::json;

fn labels(names: &[&str]) -> Vec<Label> {
    names.iter().map(|name| Label { name: (*name).into(), description: None }).collect()
}

fn all_kinds() -> Vec<Question> {
    let task = |name: &str, kind| Task { name: name.into(), kind };
    let schema = json!({
        "type": "object",
        "required": ["total"],
        "properties": {
            "total": {"type": "number", "description": "The sum to pay."},
            "due": {"type": "string", "format": "date"},
            "items": {"type": "array", "items": {"$ref": "#/$defs/item"}},
            "currency": {"type": ["string", "null"], "enum": ["EUR", "USD", null]},
        },
        "$defs": {"item": {"type": "object", "properties": {"count": {"type": "integer"}}}},
    });
    compile(
        &[
            task("kind", TaskKind::Classify { question: None, labels: labels(&["invoice", "Letter", "no"]) }),
            task(
                "features",
                TaskKind::Tag { question: None, labels: labels(&["table", "stamp", "logo"]), max: Some(2) },
            ),
            task("total", TaskKind::Extract { question: None, schema, schema_path: "x.json".into() }),
            task("signed", TaskKind::Question { text: "Signed?".into(), answer: AnswerType::Boolean, required: false }),
            task("title", TaskKind::Question { text: "Title?".into(), answer: AnswerType::Text, required: true }),
        ],
        &[],
    )
    .unwrap()
}

const GOOD: &str = r#"{"kind":"invoice","features":["stamp","table"],"total":{"total":12.5,"due":"2026-11-23","items":[{"count":2}],"currency":"EUR"},"signed":null,"title":"A"}"#;

#[test]
fn the_object_is_found_in_the_replies_of_servers() {
    let questions = all_kinds();
    let questions: Vec<&Question> = questions.iter().collect();
    let trailing = GOOD.replace("\"A\"}", "\"A\",}").replace("{\"count\":2}", "{\"count\":2,}");
    for reply in [
        GOOD.to_owned(),
        format!("\u{feff}{GOOD}"),
        format!("```json\n{GOOD}\n```"),
        format!("Here is the result:\n{GOOD}\nI hope that this helps."),
        format!("<think>Is {{it}} an invoice?</think>{GOOD}"),
        trailing,
        GOOD.replace('{', "{\"extra\":1,"),
    ] {
        let reading = read_reply(&reply, &questions);
        assert!(reading.iter().all(Result::is_ok), "{reply}: {reading:?}");
        assert_eq!(reading[1], Ok(json!(["table", "stamp"])), "in the order of the manifest");
    }
}

#[test]
fn members_are_validated_strictly() {
    let questions = all_kinds();
    for (name, value, expected) in [
        ("kind", json!("invoice"), Ok(json!("invoice"))),
        ("kind", json!(" LETTER "), Ok(json!("Letter"))),
        ("kind", json!("No"), Ok(json!("no"))),
        ("kind", json!("bill"), Err("wrong_label")),
        ("kind", json!(null), Err("wrong_type")),
        ("kind", json!(""), Err("wrong_label")),
        ("features", json!([]), Ok(json!([]))),
        ("features", json!(["Logo", "logo"]), Ok(json!(["logo"]))),
        ("features", json!(["table", "stamp", "logo"]), Err("too_many_labels")),
        ("features", json!("table"), Err("wrong_type")),
        ("features", json!(["chart"]), Err("wrong_label")),
        ("signed", json!(true), Ok(json!(true))),
        ("signed", json!(null), Ok(json!(null))),
        ("signed", json!("yes"), Err("wrong_type")),
        ("title", json!("  A "), Ok(json!("A"))),
        ("title", json!(""), Err("wrong_type")),
        ("title", json!(null), Err("wrong_type")),
        ("total", json!({"total": 1}), Ok(json!({"total": 1, "due": null, "items": null, "currency": null}))),
        ("total", json!({"total": null}), Err("wrong_type")),
        ("total", json!({"total": 1, "due": "23.11.2026"}), Err("wrong_type")),
        (
            "total",
            json!({"total": 1, "items": [{"count": 2.0}]}),
            Ok(json!({"total": 1, "due": null, "items": [{"count": 2}], "currency": null})),
        ),
        ("total", json!({"total": 1, "items": [{"count": 2.5}]}), Err("wrong_type")),
        ("total", json!({"total": 1, "currency": "GBP"}), Err("wrong_label")),
    ] {
        let question = questions.iter().find(|q| q.name == name).unwrap();
        let reading = read_reply(&json!({ name: value }).to_string(), &[question]).remove(0);
        assert_eq!(
            reading.as_ref().map_err(|fault| fault.kind.name()),
            expected.as_ref().map_err(|kind| *kind),
            "{name} {value}"
        );
    }
}

#[test]
fn other_replies_have_no_answers() {
    let questions = all_kinds();
    let signed = questions.iter().find(|q| q.name == "signed").unwrap();
    // An inner object is not the reply, even if the reply is incomplete.
    let inner = r#"{"bill":{"signed":true,"kind":"invoice"},"signed":"#;
    assert_eq!(read_reply(inner, &[signed])[0].as_ref().unwrap_err().kind.name(), "not_json");
    let comma = r#"{"bill":{"signed":true},"signed":false,}"#;
    assert_eq!(read_reply(comma, &[signed])[0], Ok(json!(false)));
    for (reply, kind) in [
        ("", "empty_reply"),
        ("  \n", "empty_reply"),
        ("<html></html>", "not_json"),
        ("{}", "missing"),
        ("{\"signed\":", "not_json"),
        ("null", "not_json"),
    ] {
        assert_eq!(read_reply(reply, &[signed])[0].as_ref().unwrap_err().kind.name(), kind, "{reply:?}");
    }
    let kind = questions.iter().find(|q| q.name == "kind").unwrap();
    for reply in ["`Letter`", "\"letter\"", " LETTER.\n"] {
        assert_eq!(read_reply(reply, &[kind])[0], Ok(json!("Letter")), "{reply:?}");
    }
    assert_eq!(
        read_reply("Letter.", &[kind, signed])[0].as_ref().unwrap_err().kind.name(),
        "not_json",
        "two questions"
    );
    assert_eq!(read_reply("Invoice.", &[kind])[0], Ok(json!("invoice")), "a reply of only a label");
}

/// The answers to a classification and a text in replies with more than one object: the last that fits.
#[test]
fn the_last_object_that_fits_is_the_answer() {
    let questions = all_kinds();
    let of = |names: &[&str]| questions.iter().filter(|q| names.contains(&q.name.as_str())).collect::<Vec<_>>();
    let kind = of(&["kind"]);
    for (reply, expected) in [
        (r#"First: {"kind":"Letter"} Final: {"kind":"invoice"}"#, "invoice"),
        (r#"{"kind":"invoice"} {"kind":"bill"}"#, "invoice"),
        (r#"{"kind":"bill"} {"kind":"bill"}"#, "wrong_label"),
        (r#"{"kind":"invoice"} {"page":1}"#, "invoice"),
        (r#"{"page":1}"#, "missing"),
        (
            "```json\n{\"kind\":\"Letter\"}\n```\nCorrected:\n```json\n{\"kind\":\"invoice\"}\n```\nDone {so far}.",
            "invoice",
        ),
        // A schema, a form.
        (
            r#"{"kind":"invoice"} as {"type":"object","properties":{"kind":{"type":"string","enum":["invoice"]}}}"#,
            "invoice",
        ),
        (r#"{"type":"object","properties":{"kind":{"type":"string"}}} {"kind":"invoice"}"#, "invoice"),
        (r#"{"kind":"invoice"} (as in {"kind":"<label>"})"#, "invoice"),
        (r#"{"kind":"bill"} (as in {"kind":"..."})"#, "wrong_label"),
        (r#"{"kind":{"type":"string"}}"#, "wrong_type"),
        // Reasoning.
        (r#"<think>{"kind":"Letter"}</think>{"kind":"invoice"}"#, "invoice"),
        (r#"<Thinking>{"kind":"Letter"}</THINKING>{"kind":"invoice"}"#, "invoice"),
        (r#"[THINK]{"kind":"Letter"}[/THINK]{"kind":"invoice"}"#, "invoice"),
        (r#"◁think▷{"kind":"Letter"}◁/think▷{"kind":"invoice"}"#, "invoice"),
        (r#"{"kind":"Letter"}, or not?</think>{"kind":"invoice"}"#, "invoice"),
        (r#"{"kind":"invoice"}</think>"#, "not_json"),
        (r#"<think>{"kind":"invoice"}"#, "not_json"),
        (r#"<think>{"kind":"invoice"}</think>"#, "not_json"),
        (r#"{"kind":"invoice"}<think>{"kind":"Letter"}"#, "invoice"),
        (
            r#"<|channel|>analysis<|message|>{"kind":"Letter"}<|end|><|start|>assistant<|channel|>final <|constrain|>json<|message|>{"kind":"invoice"}<|return|>"#,
            "invoice",
        ),
        (r#"<|channel|>analysis<|message|>{"kind":"invoice"}"#, "not_json"),
        (r#"analysisIt may be {"kind":"Letter"}assistantfinal{"kind":"invoice"}"#, "invoice"),
        ("<think>A letter?</think>\nInvoice.", "invoice"),
        ("<think>invoice", "not_json"),
        // Lists, texts and wrappers.
        (r#"[{"kind":"invoice"}]"#, "invoice"),
        (r#""{\"kind\": \"invoice\"}""#, "invoice"),
        (r#"{\"kind\": \"invoice\"}"#, "invoice"),
        ("\"{\\n  \\\"kind\\\": \\\"invoice\\\"\\n}\"", "invoice"),
        (r#"{"note":"it says \"a {\"kind\":\"invoice\"}"#, "not_json"),
        (r#"{"answer":{"kind":"invoice"}}"#, "invoice"),
        (r#"{"whatever":{"kind":"invoice"}}"#, "invoice"),
        (r#"{"page":{"kind":"invoice"},"confidence":0.9}"#, "invoice"),
        (r#"{"type":"object","properties":{"kind":"invoice"}}"#, "invoice"),
        (r#"<tool_call>{"name":"page","arguments":{"kind":"invoice"}}</tool_call>"#, "invoice"),
        (r#"{"name":"page","arguments":"{\"kind\":\"invoice\"}"}"#, "invoice"),
        (r#"{"result":{"data":[{"kind":"invoice"}]}}"#, "invoice"),
        (r#"{"first":{"kind":"invoice"},"second":{"kind":"Letter"}}"#, "missing"),
        (r#"{"answer":{"kind":"invoice"},"result":{"kind":"Letter"}}"#, "missing"),
        (r#"{"a":{"b":{"c":{"d":{"e":{"kind":"invoice"}}}}}}"#, "missing"),
        // Reasoning and drafts inside of an object.
        (r#"{"reasoning":{"kind":"Letter"}}"#, "missing"),
        (r#"{"document_analysis":{"kind":"invoice"}}"#, "invoice"),
        (r#"{"Thought":"{\"kind\":\"Letter\"}"}"#, "missing"),
        (r#"{"first_draft":{"kind":"Letter"},"final_result":{"kind":"invoice"}}"#, "invoice"),
        (r#"<thinking>A. <think>B.</think> So {"kind":"Letter"}, but"#, "not_json"),
        // Members of another object, and braces in texts.
        (r#"{"kind":"invoice","other":{"kind":"Letter"}}"#, "invoice"),
        (r#"{"kind":"invoice","note":"not {\"kind\":\"Letter\"} </think>"}"#, "invoice"),
        (r#"{"kind":"Letter" {"kind":"invoice"}"#, "not_json"),
        // An answer that breaks off: what comes before is a draft.
        (r#"Draft: {"kind":"Letter"} Final: {"kind":"inv"#, "not_json"),
        (r#"Draft: {"kind":"Letter"} Final: {"answer": {"kind" : "#, "not_json"),
        (r#"Draft: {"kind":"Letter"} Final: {"ki"#, "not_json"),
        ("```json\n{\"kind\":\"Letter\"}\n```\nCorrection:\n```json\n{\"kind\":", "not_json"),
        // The same again, and something else.
        (r#"{"kind":"invoice"} {"kind":"invoice"} {"kind": "inv"#, "invoice"),
        (r#"{"kind":"invoice"} {"kind":"invoice"} {"kind": "Let"#, "not_json"),
        (r#"{"kind":"invoice"} {"page":"#, "invoice"),
        (r#"{"kind":"invoice"} as {seen above"#, "invoice"),
    ] {
        let reading = read_reply(reply, &kind).remove(0);
        let found = reading.as_ref().map_or_else(|fault| fault.kind.name(), |value| value.as_str().unwrap());
        assert_eq!(found, expected, "{reply}");
    }
    // With several tasks: the object with valid members comes before one that has only the names.
    let both = of(&["kind", "title"]);
    for (reply, expected) in [
        (r#"{"kind":"Letter","title":"A"} {"kind":"invoice"}"#, ["Letter", "A"]),
        (r#"{"kind":"Letter","title":"<title>"} {"kind":"invoice","title":"B"}"#, ["invoice", "B"]),
        (r#"{"kind":"invoice","title":"B"} {"kind":"Letter","title":"<title>"}"#, ["invoice", "B"]),
        (r#"{"kind":"invoice"} {"kind":"bill","title":null}"#, ["invoice", "missing"]),
    ] {
        let reading = read_reply(reply, &both);
        let found = reading.iter().map(|read| read.as_ref().map_or_else(|f| f.kind.name(), |v| v.as_str().unwrap()));
        assert_eq!(found.collect::<Vec<_>>(), expected, "{reply}");
    }
}

/// A schema would be a valid answer to a task whose members may all be null.
#[test]
fn a_schema_is_not_an_answer_of_nulls() {
    let schema = json!({"type": "object", "properties": {"due": {"type": "string"}, "type": {"type": "string"}}});
    let extract = |schema: &Value| {
        let kind = TaskKind::Extract { question: None, schema: schema.clone(), schema_path: "x.json".into() };
        compile(&[Task { name: "bill".into(), kind }], &[]).unwrap().remove(0)
    };
    let untyped = json!({"type": "object", "properties": {"due": {"type": "string"}}});
    for (schema, answer, is_ok) in [
        (&untyped, json!({"bill": untyped}), false),
        (&untyped, json!({"properties": {"bill": untyped}}), false),
        (&untyped, json!({"bill": {"$ref": "#/$defs/bill"}}), false),
        (&untyped, json!({"bill": {"due": null}}), true),
        (&untyped, json!({"bill": {"due": null, "type": "electricity"}}), true),
        // A member of the task may have a name that schemas use.
        (&schema, json!({"bill": {"due": null, "type": "string"}}), true),
    ] {
        let reading = read_reply(&answer.to_string(), &[&extract(schema)]);
        assert_eq!(reading[0].is_ok(), is_ok, "{answer}: {reading:?}");
    }
}

/// A single task, with the labels `invoice` and `letter`.
fn kinds() -> Vec<Question> {
    let kind = TaskKind::Classify { question: None, labels: labels(&["invoice", "letter"]) };
    compile(&[Task { name: "kind".into(), kind }], &[]).unwrap()
}

/// What follows a draft may take it back.
#[test]
fn an_object_between_prose_that_was_cut_is_a_draft() {
    let questions = kinds();
    let asked: Vec<&Question> = questions.iter().collect();
    for (text, is_answer) in [
        (r#"My first guess is {"kind": "letter"}. But on a closer look it has items, so the right"#, false),
        (r#"<think>{"kind": "invoice"}</think>I say {"kind": "letter"} as"#, false),
        (r#"My answer is {"kind": "letter"}."#, true),
        (r#"{"kind": "letter"} Explanation: the page has a"#, true),
        ("```json\n{\"kind\": \"letter\"}\n```\n**Explanation:** the page", true),
        (r#"<think>What is it?</think>{"kind": "letter"} Explanation: the page has a"#, true),
        // It keeps repeating its answer.
        (r#"I say {"kind": "letter"}{"kind": "letter"}{"kind": "let"#, true),
        (r#"I say {"kind": "letter"} but no: {"kind": "inv"#, false),
        (r#"Looking at {"kind": "x"} I think"#, false),
    ] {
        let found = read_cut_reply(text, &asked);
        assert_eq!(found == [Ok(json!("letter"))], is_answer, "{text}: {found:?}");
        assert_eq!(found.len(), 1);
    }
}

/// As Python writes objects.
#[test]
fn single_quotes_are_read() {
    let questions = kinds();
    let asked: Vec<&Question> = questions.iter().collect();
    for (text, is_answer) in [
        ("{'kind': 'letter'}", true),
        ("Here it is: { 'kind': 'letter', 'why': \"it's signed\", 'sure': True }", true),
        ("First {'kind': 'letter'}, then {'kind': 'inv", false),
        ("{'kind': 'letter', 'why': 'it's signed'}", false),
    ] {
        let found = read_reply(text, &asked);
        assert_eq!(found == [Ok(json!("letter"))], is_answer, "{text}: {found:?}");
    }
}

#[test]
fn answers_in_reasoning_are_all_valid() {
    let questions = all_kinds();
    let kind = questions.iter().find(|q| q.name == "kind").unwrap();
    for (reasoning, is_answer) in [
        (r#"{"kind":"invoice"}"#, true),
        (r#"A letter? {"kind":"Letter"} No. {"kind":"invoice"}"#, true),
        ("So: ```json\n{\"kind\":\"invoice\"}\n```", true),
        (r#"{"kind":"invoice"}</think>"#, false),
        // What follows may take it back.
        (r#"{"kind":"invoice"} But wait, I have to look again."#, false),
        (r#"{"kind":"invoice"} Final: {"kind":"Let"#, false),
        (r#"{"kind":"bill"}"#, false),
        (r#"{"kind":"<label>"}"#, false),
        ("invoice", false),
        ("", false),
    ] {
        assert_eq!(read_reasoning(reasoning, &[kind]).is_some(), is_answer, "{reasoning}");
    }
    assert_eq!(read_reasoning("{}", &[]), None);
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-50_i64..50).prop_map(Value::from),
        (-50.0_f64..50.0).prop_map(Value::from),
        prop_oneof!["invoice", "Letter", "table", "stamp", "EUR", "2026-11-23", "x"].prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let key = prop_oneof!["kind", "features", "total", "signed", "title", "due", "items", "currency", "count"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..5).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// The canonical form of a value that the check accepts is valid for the schema that is
    /// sent. A value that the check rejects is not, except for `max`, which no schema has.
    #[test]
    fn the_check_agrees_with_the_schema_that_is_sent(value in any_value()) {
        let questions = all_kinds();
        for question in &questions {
            let schema = question.shape.json_schema();
            let oracle = SchemaOracle::new(&schema).unwrap();
            match check_value(&question.shape, &value) {
                Ok(canonical) => prop_assert!(oracle.is_valid(&canonical), "{} {canonical}", question.name),
                Err(fault) => prop_assert!(fault.kind == ErrorKind::TooManyLabels || !oracle.is_valid(&value), "{} {value}", question.name),
            }
        }
        let all: Vec<&Question> = questions.iter().collect();
        prop_assert!(SchemaOracle::new(&reply_schema(&all)).is_ok());
    }
}
