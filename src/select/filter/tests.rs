//! Filters: what they match, refusals and their messages, and the examples of docs/select.md.

use super::*;
use crate::base::money::Pico;
use crate::base::vocabulary::{ErrorKind, RowStatus};
use crate::export::RowSpec;
use crate::manifest::{Column, ColumnKind};
use crate::task::{Field, Shape};
use proptest::prelude::*;
use serde_json::{Value, json};

fn labels(labels: &[&str]) -> Vec<String> {
    labels.iter().map(|label| (*label).to_owned()).collect()
}

fn field(name: &str, shape: Shape) -> Field {
    Field { name: name.into(), description: None, shape }
}

/// The rows of a list with the columns `truth` (text), `weight` (number), `seen` (date) and `sent` (time).
fn spec() -> RowSpec {
    let nullable = |shape| Shape::Nullable(Box::new(shape));
    let total = Shape::Object(vec![
        field("amount", nullable(Shape::Number)),
        field("due", nullable(Shape::Date)),
        field("payee", Shape::Object(vec![field("name", Shape::Text), field("full name", nullable(Shape::Text))])),
        field("pages", Shape::List(Box::new(Shape::Integer))),
    ]);
    let column = |name: &str, kind| Column { name: name.into(), kind };
    RowSpec {
        carried: vec![
            column("truth", ColumnKind::Text),
            column("weight", ColumnKind::Number),
            column("seen", ColumnKind::Date),
            column("sent", ColumnKind::Time),
        ],
        tasks: vec![
            ("kind".into(), Shape::Choice(labels(&["invoice", "letter", "bank statement"]))),
            ("marks".into(), Shape::Tags { labels: labels(&["stamp", "table"]), max: None }),
            ("total".into(), nullable(total)),
            ("signed".into(), nullable(Shape::Boolean)),
            ("in".into(), Shape::Text),
        ],
        model: "m".into(),
        ..RowSpec::default()
    }
}

fn row() -> Row {
    let total = json!({
        "amount": 12.5, "due": "2026-11-30", "payee": {"name": "Größe & Co", "full name": null}, "pages": [1, 2],
    });
    Row {
        path: "scan/a.tif".into(),
        page: 3,
        status: RowStatus::Ok,
        carried: vec![json!("letter"), json!(2.5), json!("2026-02-28"), json!(1_795_438_800_000_i64)],
        answers: vec![json!("invoice"), json!(["stamp", "table"]), total, json!(true), json!("it's \"in\"")],
        sources: Vec::new(),
        model: "m".into(),
        input_tokens: 1000,
        cached_input_tokens: 0,
        output_tokens: 9,
        cost: Some(Pico(10_000_000_000)),
        attempts: 1,
        latency_ms: None,
        answered_at_ms: Some(1_795_438_800_000),
        content_hash: None,
        duplicate_of: None,
        distance: None,
        error_kind: None,
        error: None,
    }
}

/// A page that was not answered.
fn failed() -> Row {
    Row {
        status: RowStatus::Failed,
        carried: vec![Value::Null; 4],
        answers: vec![Value::Null; 5],
        cost: None,
        answered_at_ms: None,
        error_kind: Some(ErrorKind::Timeout),
        error: Some("kind: no reply within 60 s".into()),
        ..row()
    }
}

fn filter(text: &str) -> Filter {
    Filter::parse(text, &FilterColumns::of_rows(&spec())).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn rows_match_or_do_not() {
    for (text, answered, unanswered) in [
        ("kind = 'invoice'", true, false),
        ("kind == \"invoice\"", true, false),
        ("kind != 'invoice'", false, false),
        ("kind <> 'letter'", true, false),
        ("kind in ('letter', 'invoice')", true, false),
        ("kind not in ('letter')", true, false),
        ("kind not in ('invoice')", false, false),
        ("kind like 'inv%'", true, false),
        ("kind not like 'x%'", true, false),
        ("kind ilike 'INV%'", true, false),
        ("kind contains 'voi'", true, false),
        ("kind is null", false, true),
        ("kind is not null", true, false),
        ("not kind is null", true, false),
        ("kind < 'j'", true, false),
        ("kind != truth", true, false),
        ("kind = truth", false, false),
        ("'invoice' = kind", true, false),
        ("marks contains 'stamp'", true, false),
        ("marks not contains 'stamp'", false, false),
        ("marks like 'ta%'", true, false),
        ("marks is null", false, true),
        ("total.amount > 12", true, false),
        ("total__amount > 12", true, false),
        ("total.amount = 12.5", true, false),
        ("13 > total.amount", true, false),
        ("total.due >= '2026-11-30'", true, false),
        ("total.due < '2026-11-30'", false, false),
        ("total.due > seen", true, false),
        ("total.payee.name contains 'Größe'", true, false),
        ("total.payee.name contains 'Gro\u{308}ße'", true, false),
        ("total.payee.name = 'Gro\u{308}ße & Co'", true, false),
        ("total.payee.name in ('x', 'Gro\u{308}ße & Co')", true, false),
        ("total.payee.name like 'Gro\u{308}%'", true, false),
        ("total.payee.name contains 'Grosse'", false, false),
        ("total.`payee`.`full name` is null", true, true),
        ("total.pages contains 2", true, false),
        ("total.pages contains 3", false, false),
        ("total is null", false, true),
        ("signed", true, false),
        ("not signed", false, false),
        ("signed = true", true, false),
        ("signed != false", true, false),
        ("`in` = 'it''s \"in\"'", true, false),
        ("`in` = \"it's \"\"in\"\"\"", true, false),
        ("cost_usd = 0.01", true, false),
        ("cost_usd > 0.01", false, false),
        ("cost_usd >= 1e-2 and cost_usd < +.02", true, false),
        ("cost_usd is null", false, true),
        ("page = 3", true, true),
        ("page in (1, 3.0)", true, true),
        ("input_tokens > output_tokens", true, true),
        ("weight > -1.5", true, false),
        ("sent = '2026-11-23T13:00:00Z'", true, false),
        ("sent > '2026-11-23' and sent < '2026-11-24'", true, false),
        ("answered_at = sent", true, false),
        ("seen = '2026-02-28'", true, false),
        ("status = 'failed'", false, true),
        ("error_kind in ('timeout', 'reset')", false, true),
        ("error ilike '%NO REPLY%'", false, true),
        // Comparisons bind most strongly, then not, and, or.
        ("page = 1 and page = 2 or page = 3", true, true),
        ("page = 3 or page = 1 and page = 2", true, true),
        ("(page = 3 or page = 1) and page = 2", false, false),
        ("not page = 1 and page = 3", true, true),
        ("not (page = 1 and page = 3)", true, true),
        ("not not page = 3", true, true),
        ("NOT kind IS NULL AnD page IN (3)", true, false),
        // Unknown values do not count, unless the rest decides.
        ("kind = 'invoice' or page = 3", true, true),
        ("not (kind = 'invoice')", false, false),
        ("not (kind = 'invoice' and page = 1)", true, true),
        ("kind = 'letter' or kind is null", false, true),
        ("duplicate_of = 'x' or kind = 'invoice'", true, false),
    ] {
        let filter = filter(text);
        assert_eq!((filter.matches(&row()), filter.matches(&failed())), (answered, unanswered), "{text} ({filter})");
    }
}

/// Each with its message: a mistake of each class.
#[test]
fn mistakes_are_shown_at_their_place() {
    let columns = FilterColumns::of_rows(&spec());
    let mut shown = String::new();
    for text in [
        "",
        "  ",
        "knd = 'invoice'",
        "total.amuont > 1",
        "total.x.y = 1",
        "zzzzzzzz = 1",
        "kind = invoice",
        "kind = 'Invoice'",
        "kind in ('invoice', 'leter')",
        "marks contains 'seal'",
        "status = 'okay'",
        "error_kind = 'time_out'",
        "cost_usd > 'a'",
        "cost_usd > '0.01'",
        "cost_usd > 0.01 USD",
        "kind = 5",
        "kind > 5",
        "truth >= 5.5",
        "kind = true",
        "kind > signed",
        "signed = 'yes'",
        "signed < true",
        "marks = 'stamp'",
        "total = 5",
        "page like '1%'",
        "page contains 1",
        "kind like 5",
        r"kind like 'a\'",
        "seen > '2026-02-30'",
        "seen > 2026-02-28",
        "sent > 'yesterday'",
        "kind = null",
        "kind in (null)",
        "kind in 'invoice'",
        "kind in ('invoice' 'letter')",
        "kind in ()",
        "kind is 5",
        "kind not 5",
        "kind",
        "kind = ",
        "kind = 'invoice",
        "kind = 'invoice' page = 3",
        "kind = 'invoice' && page = 3",
        "kind = 'invoice' or",
        "(page = 3",
        "page = 3)",
        "(page = 3 page",
        "5 = 5",
        "5 is null",
        "page = 12a",
        "page = 1 and\n  knd = 'x'\t",
        "größe = 1 and knd = 2",
        "page = 3; drop",
        "kind = ‘invoice’",
    ] {
        let error = Filter::parse(text, &columns).map(|filter| filter.to_string()).unwrap_err();
        shown.push_str(&format!("{text:?}\n{error}\n\n"));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn depth_and_length_are_bounded_by_errors_not_by_the_stack() {
    let columns = FilterColumns::of_rows(&spec());
    for (open, close) in [("(", ")"), ("not ", ""), ("not (", ")")] {
        let text = format!("{}page = 1{}", open.repeat(50_000), close.repeat(50_000));
        let error = Filter::parse(&text, &columns).unwrap_err();
        assert_eq!(error.message, "the expression is too deep");
    }
    let chain = vec!["page = 1"; 50_000].join(" or ");
    let filter = Filter::parse(&chain, &columns).unwrap();
    assert!(!filter.matches(&row()));
    drop(filter);
}

#[test]
fn equal_filters_have_one_spelling() {
    for (text, expected) in [
        ("kind=\"invoice\"AND page>3", "(kind = 'invoice' and page > 3)"),
        ("(kind == 'invoice') and\n(page > 3)", "(kind = 'invoice' and page > 3)"),
        ("total__amount>+1.50", "total.amount > 1.5"),
        ("total . amount > 1.5", "total.amount > 1.5"),
        ("sent > '2026-11-23'", "sent > '2026-11-23T00:00:00.000Z'"),
        ("not (page=1 or `in` LIKE 'a''b')", "not (page = 1 or `in` like 'a''b')"),
        ("kind Not In ('invoice')", "not (kind in ('invoice'))"),
        ("marks is NOT null", "marks is not null"),
        ("total.payee.`full name` ilike 'A%'", "total.payee.`full name` ilike 'A%'"),
        ("not signed", "not (signed)"),
    ] {
        let spelled = filter(text).to_string();
        assert_eq!(spelled, expected);
        assert_eq!(filter(&spelled).to_string(), spelled, "and that is read as the same");
    }
}

#[test]
fn members_whose_flat_names_are_equal_are_distinguished() {
    let nested =
        Shape::Object(vec![field("a__b", Shape::Number), field("a", Shape::Object(vec![field("b", Shape::Text)]))]);
    let spec = RowSpec { tasks: vec![("t".into(), nested)], ..RowSpec::default() };
    let columns = FilterColumns::of_rows(&spec);
    let error = Filter::parse("t__a__b = 1", &columns).unwrap_err();
    assert_eq!(
        (error.message.as_str(), error.allowed.as_str()),
        ("there are two members with the name `t__a__b`", "write t.a__b or t.a.b")
    );
    assert!(Filter::parse("t.a__b = 1 and t.a.b = 'x'", &columns).is_ok());
}

/// The expressions in the tables of docs/select.md are valid; those in its table of mistakes are not.
#[test]
fn the_examples_of_the_documentation_are_read() {
    let text = include_str!("../../../docs/select.md");
    // The document has the names of the demo.
    let mut spec = spec();
    (spec.tasks[1].0, spec.tasks[3].0) = ("features".into(), "landscape".into());
    let columns = FilterColumns::of_rows(&spec);
    let (mut good, mut bad) = (0, 0);
    let mut section = "";
    for line in text.lines() {
        section = line.strip_prefix("## ").unwrap_or(section);
        let is_mistakes = section == "Mistakes";
        if !is_mistakes && section != "Language" {
            continue;
        }
        let Some(cell) = line.strip_prefix("| `").and_then(|rest| rest.split_once("` |")) else { continue };
        let parsed = Filter::parse(&cell.0.replace("\\|", "|"), &columns);
        match parsed {
            Ok(_) => assert!(!is_mistakes, "{} is not a mistake", cell.0),
            Err(error) => assert!(is_mistakes, "{error}"),
        }
        *(if is_mistakes { &mut bad } else { &mut good }) += 1;
    }
    assert!(good >= 15 && bad >= 5, "{good} {bad}");
}

proptest! {
    /// Any text is a filter or an error with a position in the text.
    #[test]
    fn any_text_is_a_filter_or_an_error(
        words in prop::collection::vec(prop::sample::select(vec![
            "kind", "page", "total", ".", "amount", "(", ")", "not", "and", "or", "in", "is", "null", "like", "contains",
            "=", "<", "!=", "'invoice'", "\"x\"", "3", "-1.5", ",", "true", "marks", "signed", "'", "`", "é", "\u{1b}", "\\",
        ]), 0..14),
        separator in prop::sample::select(vec!["", " ", "\n"]),
    ) {
        let text = words.join(separator);
        match Filter::parse(&text, &FilterColumns::of_rows(&spec())) {
            Ok(filter) => {
                let _ = (filter.matches(&row()), filter.matches(&failed()));
                let spelled = filter.to_string();
                prop_assert_eq!(self::filter(&spelled).to_string(), spelled);
            }
            Err(error) => {
                prop_assert!(text.get(error.span.clone()).is_some(), "{:?}", error);
                let has_escapes = error.to_string().contains('\u{1b}');
                prop_assert!(!has_escapes);
            }
        }
    }

    /// The laws of De Morgan hold, also for unknown values.
    #[test]
    fn and_or_and_not_agree(one in 0..5_usize, other in 0..5_usize) {
        let parts = ["kind = 'invoice'", "kind = 'letter'", "duplicate_of = 'x'", "page = 3", "page = 4"];
        let (a, b) = (parts[one], parts[other]);
        for row in [row(), failed()] {
            let value = |text: String| filter(&text).expression.evaluate(&row);
            prop_assert_eq!(value(format!("not ({a} and {b})")), value(format!("not {a} or not {b}")));
            prop_assert_eq!(value(format!("not ({a} or {b})")), value(format!("not {a} and not {b}")));
        }
    }
}

#[test]
fn backquotes_around_a_name_and_its_members_are_explained() {
    let columns = FilterColumns::of_rows(&spec());
    for (text, suggested) in [
        ("`total.amount` > 1", "total.amount"),
        ("`total.payee.name` = 'x'", "total.payee.name"),
        ("`total.payee`.name = 'x'", "total.payee.name"),
        ("`total.payee.full name` = 'x'", "total.payee.`full name`"),
    ] {
        let error = Filter::parse(text, &columns).map(|filter| filter.to_string()).unwrap_err();
        assert_eq!(error.allowed, format!("backquotes enclose a single name: write {suggested}"), "{text}");
        let (first, rest) = text.rsplit_once('`').map(|(_, rest)| (suggested, rest)).unwrap();
        let rest = rest.strip_prefix(".name").unwrap_or(rest);
        assert!(Filter::parse(&format!("{first}{rest}"), &columns).is_ok(), "{first}{rest}");
    }
}
