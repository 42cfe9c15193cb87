//! What a cell of a truth file states about a task, leaf by leaf.

use super::cell::{has_meaning, is_empty, keep, parsed, read_leaf, shorten, text_of};
use super::leaf::Leaf;
use crate::task::Shape;
use serde_json::{Map, Value};

/// A value of the truth that its task does not allow, such as an unknown label. It is compared, and no answer has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misfit {
    /// The position of the leaf, or of the first of an answer that is not an object.
    pub(crate) leaf: usize,
    /// The value as text: one label, of tags.
    pub(crate) text: String,
    /// Why it does not fit, in words.
    pub(crate) reason: String,
}

/// What a cell states about a task.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct CellTruth {
    /// By leaf; `None`: no truth.
    pub(crate) values: Vec<Option<Value>>,
    /// Those of the values that do not fit.
    pub(crate) misfits: Vec<Misfit>,
    /// What can't be compared, in words.
    pub(crate) faults: Vec<String>,
}

/// What a cell with a whole answer states about the leaves of its task.
pub(crate) fn read_answer(shape: &Shape, leaves: &[Leaf], cell: &Value) -> CellTruth {
    let mut truth = CellTruth { values: vec![None; leaves.len()], ..CellTruth::default() };
    if is_empty(cell) {
        return truth;
    }
    if !matches!(shape.required(), Shape::Object(_)) {
        truth.read(0, shape, cell);
        return truth;
    }
    match parsed(cell) {
        Ok(answer) => {
            read_members(shape, &answer, leaves, &mut Vec::new(), &mut truth);
            // Where an object is null, so is everything in it.
            for (leaf, slot) in leaves.iter().zip(&mut truth.values) {
                if slot.is_none() && is_in_null(&answer, &leaf.path) {
                    *slot = Some(Value::Null);
                }
            }
        }
        Err(reason) => truth.put_misfit(leaves, &[], cell, reason),
    }
    truth
}

/// What a cell states about the leaf at a position.
pub(crate) fn read_cell(leaves: &[Leaf], at: usize, cell: &Value) -> CellTruth {
    let mut truth = CellTruth { values: vec![None; leaves.len()], ..CellTruth::default() };
    if let Some(leaf) = leaves.get(at).filter(|_| !is_empty(cell)) {
        truth.read(at, &leaf.shape, cell);
    }
    truth
}

/// A whole answer that does not fit its task. `reason`: why, in words.
pub(crate) fn read_unfit(shape: &Shape, leaves: &[Leaf], answer: &Value, reason: String) -> CellTruth {
    let mut truth = CellTruth { values: vec![None; leaves.len()], ..CellTruth::default() };
    match shape.required() {
        Shape::Object(_) => truth.put_misfit(leaves, &[], answer, reason),
        _ => truth.keep(0, shape, answer, &reason),
    }
    truth
}

impl CellTruth {
    /// Reads the value of the leaf at a position.
    fn read(&mut self, at: usize, shape: &Shape, cell: &Value) {
        match (read_leaf(shape, cell), self.values.get_mut(at)) {
            (Ok(value), Some(slot)) => *slot = Some(value),
            (Err(reason), _) => self.keep(at, shape, cell, &reason),
            (Ok(_), None) => {}
        }
    }

    /// Keeps a value of the leaf at a position that does not fit.
    fn keep(&mut self, at: usize, shape: &Shape, cell: &Value, reason: &str) {
        let Some(slot) = self.values.get_mut(at) else { return };
        let (value, texts) = keep(shape, cell);
        *slot = Some(value);
        let misfit = |text| Misfit { leaf: at, text, reason: reason.to_owned() };
        self.misfits.extend(texts.into_iter().filter(|text| !has_meaning(shape, text)).map(misfit));
    }

    /// Replaces an object by a value: no member of an answer equals it.
    fn put_misfit(&mut self, leaves: &[Leaf], path: &[String], value: &Value, reason: String) {
        let is_below = |leaf: &Leaf| leaf.path.starts_with(path);
        let Some(first) = leaves.iter().position(is_below) else { return };
        for (_, slot) in leaves.iter().zip(&mut self.values).filter(|(leaf, _)| is_below(leaf)) {
            *slot = Some(value.clone());
        }
        self.misfits.push(Misfit { leaf: first, text: text_of(value), reason });
    }
}

/// Reads the members of an object, and of those in it.
fn read_members(shape: &Shape, value: &Value, leaves: &[Leaf], path: &mut Vec<String>, truth: &mut CellTruth) {
    let Shape::Object(fields) = shape.required() else {
        if let Some(at) = leaves.iter().position(|leaf| leaf.path == *path) {
            truth.read(at, shape, value);
        }
        return;
    };
    let members: &Map<String, Value> = match value {
        Value::Null if matches!(shape, Shape::Nullable(_)) => return,
        Value::Object(members) => members,
        other => {
            let reason = format!("expected an object, found {}", shorten(&other.to_string()));
            truth.put_misfit(leaves, path, other, reason);
            return;
        }
    };
    let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    for unknown in members.keys().filter(|name| !known.contains(&name.as_str())) {
        truth.faults.push(format!("there is no member `{}`; members: {}", shorten(unknown), known.join(", ")));
    }
    for field in fields {
        if let Some(value) = members.get(&field.name) {
            path.push(field.name.clone());
            read_members(&field.shape, value, leaves, path, truth);
            path.pop();
        }
    }
}

/// Whether an object on the way to this member is null.
fn is_in_null(answer: &Value, path: &[String]) -> bool {
    let mut value = answer;
    for name in path {
        match value {
            Value::Null => return true,
            other => match other.get(name) {
                Some(next) => value = next,
                None => return false,
            },
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Field;
    use serde_json::json;

    fn nullable(shape: Shape) -> Shape {
        Shape::Nullable(Box::new(shape))
    }

    #[test]
    fn cells_are_read_as_replies_and_as_exports() {
        let choice = || Shape::Choice(["bank statement", "2.10", "-draft"].map(str::to_owned).to_vec());
        let tags = || Shape::Tags { labels: ["table", "stamp", "a, b"].map(str::to_owned).to_vec(), max: Some(1) };
        let years = || Shape::Tags { labels: ["2024", "true"].map(str::to_owned).to_vec(), max: None };
        for (shape, cell, expected) in [
            (choice(), json!("bank statement"), Ok(Some(json!("bank statement")))),
            (choice(), json!(" BANK\u{a0} statement. "), Ok(Some(json!("bank statement")))),
            (choice(), json!(2.1), Ok(Some(json!("2.10")))),
            (choice(), json!("'-draft"), Ok(Some(json!("-draft")))),
            (choice(), json!(" "), Ok(None)),
            (choice(), json!(null), Ok(None)),
            (choice(), json!("letter"), Err("`letter` is not one of the labels `bank statement`, `2.10`, `-draft`")),
            (tags(), json!("[\"STAMP\", \"table\"]"), Ok(Some(json!(["table", "stamp"])))),
            (tags(), json!(["stamp"]), Ok(Some(json!(["stamp"])))),
            (tags(), json!(["stamp", "table"]), Ok(Some(json!(["table", "stamp"])))),
            (tags(), json!("[]"), Ok(Some(json!([])))),
            (tags(), json!("table"), Ok(Some(json!(["table"])))),
            (tags(), json!("stamp; table"), Ok(Some(json!(["table", "stamp"])))),
            (tags(), json!("stamp|table,"), Ok(Some(json!(["table", "stamp"])))),
            (tags(), json!("a, b"), Ok(Some(json!(["a, b"])))),
            (tags(), json!("stamp, logo"), Err("`logo` is not one of the labels `table`, `stamp`, `a, b`")),
            (years(), json!(2024), Ok(Some(json!(["2024"])))),
            (years(), json!([2024, true]), Ok(Some(json!(["2024", "true"])))),
            (years(), json!(true), Ok(Some(json!(["true"])))),
            (years(), json!(2025), Err("expected a list of labels, found 2025")),
            (tags(), json!("[stamp]"), Err("expected JSON, found `[stamp]` (expected value at line 1 column 2)")),
            (Shape::Number, json!("1.234"), Ok(Some(json!(1.234)))),
            (Shape::Number, json!("1.234,5"), Ok(Some(json!("1.234,5")))),
            (Shape::Number, json!("148.94 €"), Ok(Some(json!("148.94 €")))),
            (Shape::Number, json!("n/a"), Err("expected a number, found \"n/a\"")),
            (Shape::Integer, json!("1,000"), Ok(Some(json!("1,000")))),
            (Shape::Integer, json!("1.000"), Err("expected a whole number, found \"1.000\"")),
            (Shape::Integer, json!("7"), Ok(Some(json!(7)))),
            (Shape::Boolean, json!("TRUE"), Ok(Some(json!(true)))),
            (Shape::Boolean, json!("yes"), Ok(Some(json!(true)))),
            (Shape::Boolean, json!("perhaps"), Err("expected true or false, found \"perhaps\"")),
            (Shape::Date, json!("23.11.2026"), Ok(Some(json!("23.11.2026")))),
            (Shape::Date, json!("soon"), Err("expected a date like 2026-11-23, found \"soon\"")),
            (nullable(Shape::Date), json!("null"), Ok(Some(json!(null)))),
            (nullable(Shape::Date), json!(""), Ok(None)),
            (nullable(Shape::Text), json!("null"), Ok(Some(json!(null)))),
            (Shape::Text, json!("null"), Ok(Some(json!("null")))),
            (Shape::Text, json!("'=1+1"), Ok(Some(json!("=1+1")))),
            (Shape::Text, json!("'tis"), Ok(Some(json!("'tis")))),
        ] {
            let leaves = Leaf::list(&shape);
            let found = read_answer(&shape, &leaves, &cell);
            let reason = found.misfits.first().map(|misfit| misfit.reason.as_str());
            assert_eq!(read_cell(&leaves, 0, &cell), found);
            match expected {
                Ok(value) => assert_eq!((&found.values[0], reason), (&value, None), "{cell}"),
                Err(expected) => assert_eq!(reason, Some(expected), "{cell}"),
            }
        }
    }

    #[test]
    fn values_that_do_not_fit_are_kept() {
        let labels = || ["table", "stamp", "a, b"].map(str::to_owned).to_vec();
        let tags = || Shape::Tags { labels: labels(), max: Some(1) };
        for (shape, cell, value, misfits) in [
            (Shape::Choice(labels()), json!(" Tabel "), json!("Tabel"), &["Tabel"][..]),
            (Shape::Choice(labels()), json!("'=1"), json!("=1"), &["=1"]),
            (Shape::Choice(labels()), json!(7), json!("7"), &["7"]),
            (tags(), json!("stamp, wax; TABLE"), json!(["table", "stamp", "wax"]), &["wax"]),
            (tags(), json!("[\"wax\", \"seal\", \"wax\"]"), json!(["wax", "seal"]), &["wax", "seal"]),
            (tags(), json!(["wax", "a, b"]), json!(["a, b", "wax"]), &["wax"]),
            (tags(), json!("[wax]"), json!(["[wax]"]), &["[wax]"]),
            (tags(), json!({"a": 1}), json!(["{\"a\":1}"]), &["{\"a\":1}"]),
            (Shape::Date, json!("soon"), json!("soon"), &["soon"]),
            (Shape::Number, json!("'-x"), json!("-x"), &["-x"]),
            (Shape::Text, json!(12), json!("12"), &["12"]),
            (Shape::List(Box::new(Shape::Number)), json!("[1, \"x\"]"), json!([1, "x"]), &["[1, \"x\"]"]),
            (Shape::List(Box::new(Shape::Number)), json!("1; 2"), json!("1; 2"), &["1; 2"]),
        ] {
            let found = read_answer(&shape, &Leaf::list(&shape), &cell);
            let texts: Vec<&str> = found.misfits.iter().map(|misfit| misfit.text.as_str()).collect();
            assert_eq!((found.values.as_slice(), texts.as_slice()), (&[Some(value)][..], misfits), "{cell}");
        }
    }

    #[test]
    fn objects_may_be_known_in_part() {
        let field = |name: &str, shape| Field { name: name.into(), description: None, shape };
        let seller = Shape::Object(vec![field("name", Shape::Text), field("vat", nullable(Shape::Text))]);
        let bill = Shape::Object(vec![field("total", Shape::Number), field("seller", nullable(seller))]);
        let leaves = Leaf::list(&bill);
        let whole = |value: Value| vec![Some(value); 3];
        for (cell, values, notes) in [
            (r#"{"total": 1.5}"#, vec![Some(json!(1.5)), None, None], &[][..]),
            (r#"{"seller": {"vat": null}}"#, vec![None, None, Some(json!(null))], &[]),
            (r#"{"seller": null}"#, vec![None, Some(json!(null)), Some(json!(null))], &[]),
            ("", vec![None, None, None], &[]),
            (
                r#"{"sum": 1, "total": 2}"#,
                vec![Some(json!(2)), None, None],
                &["there is no member `sum`; members: total, seller"],
            ),
            (r#"{"total": "x"}"#, vec![Some(json!("x")), None, None], &["0 x: expected a number, found \"x\""]),
            (r#"{"seller": 5}"#, vec![None, Some(json!(5)), Some(json!(5))], &["1 5: expected an object, found 5"]),
            ("12", whole(json!(12)), &["0 12: expected an object, found 12"]),
            ("n/a", whole(json!("n/a")), &["0 n/a: expected JSON, found `n/a` (expected ident at line 1 column 2)"]),
        ] {
            let found = read_answer(&bill, &leaves, &json!(cell));
            let misfit = |known: &Misfit| format!("{} {}: {}", known.leaf, known.text, known.reason);
            let shown: Vec<String> = found.misfits.iter().map(misfit).chain(found.faults.clone()).collect();
            assert_eq!(found.values, values, "{cell}");
            assert_eq!(shown, notes, "{cell}");
        }
    }
}
