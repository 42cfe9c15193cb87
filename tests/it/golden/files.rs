//! Golden files: one JSON object per file, with a member for each job.

use crate::bench::root;
use serde_json::{Map, Value};

/// Compares `found` with the golden file of this name, or writes that file and panics when
/// `DOCMILL_BLESS` is set. A failure names every job and member that differ.
pub(super) fn assert_golden(name: &str, found: &Map<String, Value>) {
    let path = root().join("tests/it/golden").join(name);
    let found = Value::Object(found.clone());
    if std::env::var_os("DOCMILL_BLESS").is_some_and(|value| value == "1") {
        std::fs::write(path, format!("{found:#}\n")).unwrap();
        panic!("{name} is blessed; run again without DOCMILL_BLESS");
    }
    assert!(path.exists(), "there is no {name}; DOCMILL_BLESS=1 writes it");
    let text = std::fs::read_to_string(&path).unwrap();
    let stored: Value = serde_json::from_str(&text).unwrap();
    let mut differences = Vec::new();
    compare("", &stored, &found, &mut differences);
    assert!(
        differences.is_empty(),
        "{} differences from tests/it/golden/{name} (job and member first):\n{}",
        differences.len(),
        differences.join("\n")
    );
}

/// Adds a line for every difference below `place`, a JSON Pointer.
fn compare(place: &str, stored: &Value, found: &Value, differences: &mut Vec<String>) {
    match (stored, found) {
        (Value::Object(stored), Value::Object(found)) => {
            for (name, value) in stored {
                match found.get(name) {
                    Some(other) => compare(&format!("{place}/{name}"), value, other, differences),
                    None => differences.push(format!("{place}/{name}: missing, golden {value}")),
                }
            }
            for (name, value) in found.iter().filter(|(name, _)| !stored.contains_key(*name)) {
                differences.push(format!("{place}/{name}: not in the golden file, found {value}"));
            }
            if stored.len() == found.len()
                && stored.keys().all(|name| found.contains_key(name))
                && !stored.keys().eq(found.keys())
            {
                let names: Vec<&String> = found.keys().collect();
                differences.push(format!("{place}: members in another order: {names:?}"));
            }
        }
        (Value::Array(stored), Value::Array(found)) => {
            for (at, (value, other)) in stored.iter().zip(found).enumerate() {
                compare(&format!("{place}/{at}"), value, other, differences);
            }
            if stored.len() != found.len() {
                differences.push(format!("{place}: {} items, golden {}", found.len(), stored.len()));
            }
        }
        _ => {
            // As text: 1 and 1.0 are different bytes.
            let (stored, found) = (stored.to_string(), found.to_string());
            if stored != found {
                differences.push(format!("{place}: found {found}, golden {stored}"));
            }
        }
    }
}

#[test]
fn differences_name_job_and_member() {
    let differences = |stored: &str, found: &str| {
        let mut differences = Vec::new();
        compare("", &serde_json::from_str(stored).unwrap(), &serde_json::from_str(found).unwrap(), &mut differences);
        differences
    };
    assert!(differences(r#"{"job":{"a":[1,{"b":null}]}}"#, r#"{"job":{"a":[1,{"b":null}]}}"#).is_empty());
    assert_eq!(differences(r#"{"job":{"a":[1]}}"#, r#"{"job":{"a":[1.0]}}"#), ["/job/a/0: found 1.0, golden 1"]);
    assert_eq!(
        differences(r#"{"job":{"a":1,"b":2}}"#, r#"{"job":{"b":2,"a":1}}"#),
        [r#"/job: members in another order: ["b", "a"]"#]
    );
    assert_eq!(
        differences(r#"{"one":1,"two":[]}"#, r#"{"two":[3],"three":3}"#),
        ["/one: missing, golden 1", "/two: 1 items, golden 0", "/three: not in the golden file, found 3"]
    );
}
