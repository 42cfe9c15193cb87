//! Text of a task that names columns of a list: `{column}`. `{{` and `}}` are braces.

use serde_json::{Map, Value};

/// The text of a task, split at the columns that it names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Words(Vec<Part>);

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    /// The name of a column.
    Column(String),
}

impl Words {
    /// Parses `text`, which may name the columns in `columns`.
    ///
    /// # Errors
    /// For a single brace and for an unknown column, in words.
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
                return Err(format!("single `{brace}`; write `{brace}{brace}` for a literal brace"));
            };
            let name = &after[..end];
            if !columns.contains(&name) {
                let known = columns.join(", ");
                return Err(format!(
                    "the list has no column `{name}`; columns: {known}; write `{{{{` for a literal brace"
                ));
            }
            parts.extend([Part::Text(std::mem::take(&mut plain)), Part::Column(name.to_owned())]);
            rest = &after[end + 1..];
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        Ok(Self(parts))
    }

    /// Whether every line renders to `text` itself.
    pub(crate) fn is_plain(&self, text: &str) -> bool {
        matches!(self.0.as_slice(), [Part::Text(plain)] if plain == text)
    }

    /// The text with the values of a line. Null and absent values become empty.
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

/// The first of these columns that `text` names.
pub(crate) fn named_column<'a>(text: &str, columns: &'a [String]) -> Option<&'a str> {
    let is_named = |column: &&String| {
        let name = format!("{{{column}}}");
        let mut found = text.match_indices(&name).map(|(at, _)| (&text[..at], &text[at + name.len()..]));
        found.any(|(before, after)| !before.ends_with('{') && !after.starts_with('}'))
    };
    columns.iter().find(is_named).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    const COLUMNS: &[&str] = &["sender", "number", "none", "absent"];

    fn render(text: &str) -> Result<String, String> {
        let values = json!({"sender": "{ACME}", "number": 7, "none": null});
        Words::parse(text, COLUMNS).map(|words| words.render(values.as_object().unwrap()))
    }

    #[test]
    fn text_with_columns() {
        for (text, expected) in [
            ("Is this from {sender}?", "Is this from {ACME}?"),
            ("{number}{sender}", "7{ACME}"),
            ("a {none} b {absent} c", "a  b  c"),
            ("{{sender}} {sender}", "{sender} {ACME}"),
            ("{{{sender}}}", "{{ACME}}"),
            ("no columns", "no columns"),
            ("", ""),
        ] {
            assert_eq!(render(text), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn faults_of_text() {
        for (text, expected) in [
            (
                "{other}",
                "the list has no column `other`; columns: sender, number, none, absent; write `{{` for a literal brace",
            ),
            ("{}", "the list has no column ``; columns: sender, number, none, absent; write `{{` for a literal brace"),
            ("a { b", "single `{`; write `{{` for a literal brace"),
            ("a } b", "single `}`; write `}}` for a literal brace"),
            ("{{a}", "single `}`; write `}}` for a literal brace"),
        ] {
            assert_eq!(render(text), Err(expected.to_owned()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn escaped_text_means_itself(text in "[a-z{} ]{0,20}") {
            let escaped = text.replace('{', "{{").replace('}', "}}");
            prop_assert_eq!(render(&escaped), Ok(text.clone()));
            let words = Words::parse(&escaped, COLUMNS).unwrap();
            prop_assert_eq!(words.is_plain(&escaped), !text.contains(['{', '}']));
        }
    }
}
