//! A summary for a reader that keeps only its beginning.

use serde_json::{Map, Value};

/// Maximum number of bytes of a short summary. The kubelet reads 4,096 bytes of a termination log, and 12,288 of those of
/// all containers of a pod. Source: Kubernetes, "Determine the reason for Pod failure", 2026.
const MAX_BYTES: usize = 4096;

/// Longest text of a member that is cut, in characters.
const MAX_TEXT_CHARS: usize = 400;

/// A summary on one line of at most [`MAX_BYTES`] bytes. The longest of its lists and objects are left out until it fits, and
/// `left_out` names them; long texts are cut.
pub(crate) fn short_record(summary: &Value) -> String {
    let mut members = summary.as_object().cloned().unwrap_or_default();
    let mut left_out = Vec::new();
    loop {
        let line = line_of(&members, &left_out);
        let Some(longest) = longest(&members).filter(|_| line.len() > MAX_BYTES) else { return line };
        match members.get_mut(&longest) {
            Some(Value::String(text)) => *text = format!("{}…", text.chars().take(MAX_TEXT_CHARS).collect::<String>()),
            _ => {
                members.remove(&longest);
                left_out.push(longest);
            }
        }
    }
}

/// The name of the longest member that can be made shorter.
fn longest(members: &Map<String, Value>) -> Option<String> {
    let can_shrink = |value: &Value| match value {
        Value::String(text) => text.chars().count() > MAX_TEXT_CHARS + 1,
        Value::Array(_) | Value::Object(_) => true,
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    };
    let members = members.iter().filter(|(_, value)| can_shrink(value));
    members.max_by_key(|(_, value)| value.to_string().len()).map(|(name, _)| name.clone())
}

fn line_of(members: &Map<String, Value>, left_out: &[String]) -> String {
    let mut members = members.clone();
    if !left_out.is_empty() {
        members.insert("left_out".to_owned(), left_out.into());
    }
    format!("{}\n", Value::Object(members))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_longest_lists_are_left_out_until_it_fits() {
        let small = json!({"run_id": "a", "outcome": "complete", "exit_code": 0, "slowest": [1, 2]});
        assert_eq!(short_record(&small), format!("{small}\n"));
        let pages: Vec<String> = (0..500).map(|at| format!("page {at}")).collect();
        let labels = json!({"invoice": "x".repeat(1000)});
        let long = json!({
            "run_id": "a", "outcome": "complete", "exit_code": 0, "pages": {"ok": 5}, "slowest": pages, "by_label": labels,
            "dearest": "é".repeat(3000), "error": "…",
        });
        let short = short_record(&long);
        assert!(short.len() <= MAX_BYTES && short.lines().count() == 1, "{}", short.len());
        let short: Value = serde_json::from_str(&short).unwrap();
        assert_eq!((&short["left_out"], &short["pages"]["ok"]), (&json!(["slowest"]), &json!(5)));
        assert_eq!(short["by_label"], labels);
        assert_eq!(short["dearest"].as_str().unwrap().chars().count(), MAX_TEXT_CHARS + 1);
        assert_eq!((&short["run_id"], &short["exit_code"]), (&json!("a"), &json!(0)));
    }
}
