//! Words that name columns of a list: `{column}`; `{{` and `}}` are braces.

use serde_json::{Map, Value};

/// A question's words, taken apart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Words(Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    /// The name of a column.
    Column(String),
}

impl Words {
    /// Takes `text` apart. `columns`: the names that it may use.
    pub(crate) fn parse(text: &str, columns: &[&str]) -> Result<Self, String> {
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            let brace = &rest[at..=at];
            if let Some(after) = after.strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
                continue;
            }
            let (true, Some(end)) = (brace == "{", after.find('}')) else {
                return Err(format!("`{brace}` stands alone; write `{brace}{brace}` for a brace"));
            };
            let name = &after[..end];
            if !columns.contains(&name) {
                let known = columns.join(", ");
                return Err(format!("the list carries no column `{name}`; it carries: {known}; `{{{{` is a brace"));
            }
            parts.extend([Part::Text(std::mem::take(&mut plain)), Part::Column(name.to_owned())]);
            rest = &after[end + 1..];
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        Ok(Self(parts))
    }

    /// Whether rendering gives `text` again, whatever the values.
    pub(crate) fn is_plain(&self, text: &str) -> bool {
        matches!(self.0.as_slice(), [Part::Text(plain)] if plain == text)
    }

    /// The words with the values of a line.
    pub(crate) fn render(&self, values: &Map<String, Value>) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Column(name) => match values.get(name) {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            },
        };
        self.0.iter().map(part).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn words_with_columns() {
        let values = json!({"sender": "ACME", "number": 7, "none": null});
        let values = values.as_object().unwrap();
        for (text, expected) in [
            ("Is this from {sender}?", Ok("Is this from ACME?")),
            ("{number}{sender}", Ok("7ACME")),
            ("a {none} b", Ok("a  b")),
            ("{{sender}} {sender}", Ok("{sender} ACME")),
            ("no columns", Ok("no columns")),
            ("{other}", Err("no column `other`")),
            ("a { b", Err("stands alone")),
            ("a } b", Err("stands alone")),
        ] {
            let words = Words::parse(text, &["sender", "number", "none"]);
            match (words.map(|words| words.render(values)), expected) {
                (Ok(got), Ok(expected)) => assert_eq!(got, expected, "{text}"),
                (Err(got), Err(expected)) => assert!(got.contains(expected), "{text}: {got}"),
                (got, expected) => panic!("{text}: {got:?} is not {expected:?}"),
            }
        }
    }
}
