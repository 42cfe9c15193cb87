//! Human answers as tasks of Label Studio, in the JSON that it imports and exports.
//!
//! An item has the page in `data` and decisions in `annotations`. Labels are `choices`, everything else is the
//! text of a `textarea`. Label Studio ignores members that it does not have (`reviewer`, `sampled_with`, `shown`), and does
//! not export them. Sources: Label Studio documentation, "Label Studio JSON format of annotated tasks", 2026; for what an
//! import accepts, `_insert_valid_completed_by` and `add_annotations` in its `tasks/serializers.py`, 2026.

use super::answer_line::{AnswerLine, AnswerValue};
use super::fault::LineFault;
use crate::base::units::{parse_time, rfc3339};
use crate::labels::probability::read_probability;
use serde_json::{Map, Value, json};

/// The name of the image in the labelling interface.
const IMAGE: &str = "image";
/// The beginning of the name of a reviewer who is known only by a user number.
const USER: &str = "label-studio user ";

/// The lines, in the order of their pages, as JSON. `is_labels`: whether the answers to a task are labels.
pub(crate) fn to_label_studio(lines: &[(AnswerLine, Value)], is_labels: &dyn Fn(&str) -> bool) -> Value {
    let mut items: Vec<Item> = Vec::new();
    for (line, value) in lines {
        let is_same = |item: &Item| (&item.path, item.page) == (&line.path, line.page);
        if !items.last().is_some_and(is_same) {
            items.push(Item { path: line.path.clone(), page: line.page, annotations: Vec::new() });
        }
        if let Some(item) = items.last_mut() {
            item.add(line, result(line, value, is_labels(&line.task)));
        }
    }
    items.into_iter().map(Item::into_json).collect()
}

/// An item that is being written.
struct Item {
    path: String,
    page: u32,
    /// What they have apart from results, and their results.
    annotations: Vec<(Map<String, Value>, Vec<Value>)>,
}

impl Item {
    /// Adds a decision: to the annotation of the same reviewer at the same time, if there is one.
    fn add(&mut self, line: &AnswerLine, result: Value) {
        let reviewer = line.reviewer.as_deref().unwrap_or_default();
        let mut annotation = Map::new();
        annotation.insert("was_cancelled".into(), false.into());
        // An import without it makes each annotation a ground truth.
        annotation.insert("ground_truth".into(), false.into());
        annotation.insert("created_at".into(), line.decided_at_ms.map(rfc3339).into());
        if let Some(user) = user_of(reviewer) {
            annotation.insert("completed_by".into(), user);
        }
        annotation.insert("reviewer".into(), reviewer.into());
        if let Some(probability) = line.sampled_with {
            annotation.insert("sampled_with".into(), probability.into());
        }
        if let Some(is_shown) = line.is_shown {
            annotation.insert("shown".into(), is_shown.into());
        }
        if let Some(question) = &line.question {
            annotation.insert("question".into(), question.as_str().into());
        }
        let is_task = |known: &Value| known["from_name"] == result["from_name"];
        let same =
            self.annotations.iter_mut().find(|(known, results)| *known == annotation && !results.iter().any(is_task));
        match same {
            Some((_, results)) => results.push(result),
            None => self.annotations.push((annotation, vec![result])),
        }
    }

    fn into_json(self) -> Value {
        let annotation = |(mut annotation, results): (Map<String, Value>, Vec<Value>)| {
            annotation.insert("result".into(), results.into());
            Value::Object(annotation)
        };
        let annotations: Vec<Value> = self.annotations.into_iter().map(annotation).collect();
        json!({"data": {IMAGE: self.path, "page": self.page}, "annotations": annotations})
    }
}

/// A reviewer as an import takes users: an object with an address, or the number of a user. It rejects names, and
/// assigns annotations without a user to the importing user.
fn user_of(reviewer: &str) -> Option<Value> {
    if let Some(number) = reviewer.strip_prefix(USER) {
        return number.parse::<u64>().ok().map(Value::from);
    }
    let (name, host) = reviewer.split_once('@')?;
    let is_part = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c == '@');
    (is_part(name) && is_part(host)).then(|| json!({"email": reviewer}))
}

fn result(line: &AnswerLine, value: &Value, is_labels: bool) -> Value {
    let (kind, value) = match value {
        Value::Array(labels) if is_labels => ("choices", json!({"choices": labels})),
        Value::String(label) if is_labels => ("choices", json!({"choices": [label]})),
        Value::Null => ("textarea", json!({"text": []})),
        _ => ("textarea", json!({"text": [line.cell()]})),
    };
    json!({"id": line.task, "from_name": line.task, "to_name": IMAGE, "type": kind, "value": value})
}

/// Reads what Label Studio exports as JSON (not "JSON-MIN"): each decision or its fault, in the order of the file.
///
/// # Errors
/// If no item can be read.
pub(crate) fn from_label_studio(bytes: &[u8]) -> Result<Vec<Result<AnswerLine, LineFault>>, LineFault> {
    let file = |message: String| LineFault::malformed("line 1", message);
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let items = match serde_json::from_slice(bytes) {
        Ok(Value::Array(items)) => items,
        Ok(item @ Value::Object(_)) => vec![item],
        Ok(_) => return Err(file("expected a list of items of Label Studio".into())),
        Err(error) => return Err(file(format!("not valid JSON: {error}"))),
    };
    let mut lines = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let place = format!("item {}", at + 1);
        if let Err(message) = read_item(&place, item, &mut lines) {
            lines.push(Err(LineFault::malformed(&place, message)));
        }
    }
    Ok(lines)
}

type Lines = Vec<Result<AnswerLine, LineFault>>;

fn read_item(place: &str, item: &Value, lines: &mut Lines) -> Result<(), String> {
    let no_annotations = "it has no `annotations`; export as JSON, not as JSON-MIN";
    let annotations = item.get("annotations").and_then(Value::as_array).ok_or(no_annotations)?;
    let data = item.get("data").ok_or("it has no `data`")?;
    let path = data.get(IMAGE).and_then(Value::as_str).ok_or("it has no text `data.image`, the path of the page")?;
    let page = match data.get("page") {
        None | Some(Value::Null) => 1,
        Some(page) => number_of_page(page).ok_or_else(|| format!("data.page: {page} is not the number of a page"))?,
    };
    for annotation in annotations {
        let is_cancelled = annotation.get("was_cancelled").and_then(Value::as_bool) == Some(true);
        if is_cancelled {
            continue;
        }
        if let Err(message) = read_annotation(place, (path, page), annotation, lines) {
            lines.push(Err(LineFault::malformed(place, message)));
        }
    }
    Ok(())
}

fn number_of_page(page: &Value) -> Option<u32> {
    let number = page.as_u64().or_else(|| page.as_str()?.parse().ok())?;
    u32::try_from(number).ok()
}

fn read_annotation(
    place: &str,
    (path, page): (&str, u32),
    annotation: &Value,
    lines: &mut Lines,
) -> Result<(), String> {
    let time = annotation.get("created_at").and_then(Value::as_str);
    let decided_at_ms =
        time.map(|text| parse_time(text).map_err(|error| format!("created_at: {error}"))).transpose()?;
    let sampled_with =
        annotation.get("sampled_with").filter(|cell| !cell.is_null()).map(read_probability).transpose()?;
    // What began as a prediction was seen.
    let is_from_prediction = annotation.get("parent_prediction").is_some_and(|parent| !parent.is_null());
    let is_shown = annotation.get("shown").and_then(Value::as_bool).or(is_from_prediction.then_some(true));
    let results = annotation.get("result").and_then(Value::as_array).ok_or("an annotation has no `result`")?;
    for result in results {
        let read = || {
            let task = result.get("from_name").and_then(Value::as_str).ok_or("a result has no `from_name`")?;
            let value = read_result(result);
            Ok::<_, String>((
                task,
                value.ok_or_else(|| format!("the result of `{task}` has neither choices nor a text"))?,
            ))
        };
        let (task, value) = match read() {
            Ok(read) => read,
            Err(message) => {
                lines.push(Err(LineFault::malformed(place, message)));
                continue;
            }
        };
        lines.push(Ok(AnswerLine {
            place: place.to_owned(),
            path: path.to_owned(),
            page,
            task: task.to_owned(),
            question: annotation.get("question").and_then(Value::as_str).map(str::to_owned),
            value,
            reviewer: reviewer(annotation),
            decided_at_ms,
            sampled_with,
            is_shown,
        }));
    }
    Ok(())
}

fn read_result(result: &Value) -> Option<AnswerValue> {
    let value = result.get("value")?;
    if let Some(labels) = value.get("choices").and_then(Value::as_array) {
        let labels: Option<Vec<String>> = labels.iter().map(|label| Some(label.as_str()?.to_owned())).collect();
        return Some(AnswerValue::Labels(labels?));
    }
    match value.get("text") {
        Some(Value::String(text)) => return Some(AnswerValue::Text(text.clone())),
        Some(Value::Array(lines)) => {
            let lines: Option<Vec<&str>> = lines.iter().map(Value::as_str).collect();
            return Some(AnswerValue::Text(lines?.join("\n")));
        }
        _ => {}
    }
    if let Some(date) = value.get("datetime").and_then(Value::as_str) {
        return Some(AnswerValue::Text(date.to_owned()));
    }
    value.get("number").filter(|number| number.is_number()).cloned().map(AnswerValue::Json)
}

/// Who made an annotation: a name, an address, or the number of a user.
fn reviewer(annotation: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned).filter(|text| !text.trim().is_empty());
    annotation.get("reviewer").and_then(text).or_else(|| {
        let user = annotation.get("completed_by")?;
        let known = ["email", "username"].iter().find_map(|member| text(user.get(member)?));
        let name = || {
            let parts = ["first_name", "last_name"].iter().filter_map(|member| text(user.get(member)?));
            Some(parts.collect::<Vec<_>>().join(" ")).filter(|name| !name.is_empty())
        };
        let number = |value: &Value| value.as_u64().map(|number| format!("{USER}{number}"));
        known.or_else(name).or_else(|| text(user)).or_else(|| number(user)).or_else(|| number(user.get("id")?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(items: &Value) -> Vec<AnswerLine> {
        from_label_studio(items.to_string().as_bytes()).unwrap().into_iter().map(Result::unwrap).collect()
    }

    fn line(path: &str, task: &str, reviewer: &str) -> AnswerLine {
        AnswerLine {
            place: "item 1".into(),
            path: path.into(),
            page: 2,
            task: task.into(),
            question: None,
            value: AnswerValue::Text(String::new()),
            reviewer: Some(reviewer.into()),
            decided_at_ms: Some(1_795_438_800_123),
            sampled_with: Some(0.25),
            is_shown: Some(true),
        }
    }

    fn is_labels(task: &str) -> bool {
        task != "payee"
    }

    #[test]
    fn what_is_written_is_read() {
        let pair = |path: &str, task: &str, reviewer: &str, value: Value| {
            let cell = crate::labels::answers::cell::cell_text(&value, "");
            (AnswerLine { value: AnswerValue::Text(cell), ..line(path, task, reviewer) }, value)
        };
        let lines = [
            pair("a.jpg", "kind", "ann", json!("letter")),
            pair("a.jpg", "marks", "ann", json!(["stamp", "logo"])),
            pair("a.jpg", "payee", "bob@example.org", json!("ACME")),
            pair("b.jpg", "payee", "ann", json!(null)),
        ];
        let written = to_label_studio(&lines, &is_labels);
        assert_eq!(written[0]["data"], json!({"image": "a.jpg", "page": 2}));
        assert_eq!(written[0]["annotations"][0]["result"].as_array().unwrap().len(), 2, "of one person at one time");
        assert_eq!(written[0]["annotations"][1]["completed_by"]["email"], "bob@example.org");
        let read = read_all(&written);
        let labels = |labels: &[&str]| AnswerValue::Labels(labels.iter().map(|label| (*label).to_owned()).collect());
        let values = [
            labels(&["letter"]),
            labels(&["stamp", "logo"]),
            AnswerValue::Text("ACME".into()),
            AnswerValue::Text(String::new()),
        ];
        for ((line, value), ((expected, _), at)) in read.iter().zip(values).zip(lines.iter().zip([1, 1, 1, 2])) {
            assert_eq!(*line, AnswerLine { value, place: format!("item {at}"), ..expected.clone() });
        }
        assert_eq!(read.len(), 4);
    }

    #[test]
    fn people_are_written_as_an_import_takes_them() {
        for (reviewer, user, name) in [
            ("ann", None, "ann"),
            ("bob@example.org", Some(json!({"email": "bob@example.org"})), "bob@example.org"),
            ("Bob @ home", None, "Bob @ home"),
            ("@bob", None, "@bob"),
            ("label-studio user 3", Some(json!(3)), "label-studio user 3"),
            ("label-studio user x", None, "label-studio user x"),
        ] {
            let written = to_label_studio(&[(line("a.jpg", "kind", reviewer), json!("letter"))], &is_labels);
            let annotation = &written[0]["annotations"][0];
            assert_eq!(annotation.get("completed_by"), user.as_ref(), "{reviewer}");
            assert_eq!((&annotation["ground_truth"], &annotation["result"][0]["id"]), (&json!(false), &json!("kind")));
            // Label Studio drops the name, and exports the user.
            let mut exported = written.clone();
            exported[0]["annotations"][0].as_object_mut().unwrap().remove("reviewer");
            let read = |items: &Value| read_all(items).remove(0).reviewer;
            assert_eq!((read(&written).as_deref(), read(&exported).as_deref()), (Some(name), user.map(|_| name)));
        }
        for (user, name) in [
            (json!(3), Some("label-studio user 3")),
            (json!({"id": 3}), Some("label-studio user 3")),
            (json!({"id": 3, "email": "bob@example.org", "first_name": "Bob"}), Some("bob@example.org")),
            (json!({"id": 3, "email": "", "first_name": "Bob", "last_name": "B."}), Some("Bob B.")),
            (json!("bob"), Some("bob")),
            (json!(null), None),
            (json!(-1), None),
        ] {
            assert_eq!(reviewer(&json!({"completed_by": user})).as_deref(), name, "{user}");
        }
    }

    #[test]
    fn what_label_studio_exports_is_read() {
        let result = |value: Value| json!({"id": "x1", "from_name": "kind", "to_name": "image", "type": "choices", "value": value});
        let exported = json!([{
            "id": 7, "data": {"image": "a.jpg"}, "predictions": [], "meta": {}, "project": 1,
            "annotations": [
                {"id": 1, "completed_by": 3, "was_cancelled": false, "ground_truth": false, "created_at": "2026-11-23T13:00:00.123456Z",
                 "lead_time": 2.5, "parent_prediction": null, "result": [result(json!({"choices": ["letter"]}))]},
                {"id": 2, "completed_by": {"id": 4, "email": "bob@example.org"}, "created_at": "2026-11-23T13:00:01Z",
                 "parent_prediction": 12, "result": [result(json!({"text": "line"})), result(json!({"number": 7}))]},
                {"id": 3, "was_cancelled": true, "result": []},
            ],
        }]);
        let read = read_all(&exported);
        let shown: Vec<_> = read
            .iter()
            .map(|line| (line.page, line.reviewer.as_deref().unwrap(), line.decided_at_ms, line.is_shown, &line.value))
            .collect();
        let bob = |value| (1, "bob@example.org", Some(1_795_438_801_000), Some(true), value);
        let (label, text, number) =
            (AnswerValue::Labels(vec!["letter".into()]), AnswerValue::Text("line".into()), AnswerValue::Json(json!(7)));
        assert_eq!(
            shown,
            [(1, "label-studio user 3", Some(1_795_438_800_123), None, &label), bob(&text), bob(&number)]
        );
    }

    #[test]
    fn all_faults_are_found_with_their_items() {
        let annotation = |result: Value| json!({"data": {"image": "a.jpg"}, "annotations": [{"result": [result]}]});
        let items = json!([
            {"image": "a.jpg", "kind": "letter"},
            {"data": {}, "annotations": []},
            annotation(json!({"value": {"choices": ["letter"]}})),
            annotation(json!({"from_name": "box", "value": {"x": 1}})),
            {"data": {"image": "a.jpg", "page": "x"}, "annotations": []},
            {"data": {"image": "a.jpg"}, "annotations": [{"created_at": "x", "result": []}]},
            annotation(json!({"from_name": "kind", "value": {"choices": ["letter"]}})),
        ]);
        let read = from_label_studio(items.to_string().as_bytes()).unwrap();
        assert_eq!(read.iter().flatten().count(), 1, "what is well-formed is read");
        let faults: Vec<String> = read.iter().filter_map(|line| Some(line.as_ref().err()?.to_string())).collect();
        assert_eq!(
            faults,
            [
                "item 1: it has no `annotations`; export as JSON, not as JSON-MIN",
                "item 2: it has no text `data.image`, the path of the page",
                "item 3: a result has no `from_name`",
                "item 4: the result of `box` has neither choices nor a text",
                "item 5: data.page: \"x\" is not the number of a page",
                "item 6: created_at: `x` is not a valid time; use a form such as 2026-11-23 or 2026-11-23T13:00:00Z",
            ]
        );
        assert_eq!(from_label_studio(b"\xef\xbb\xbf[]"), Ok(Vec::new()), "a byte order mark");
        assert!(from_label_studio(b"3").is_err() && from_label_studio(b"[").is_err());
    }
}
