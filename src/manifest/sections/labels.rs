//! Labels of `classify` and `tag`: in the manifest, or in a CSV file.

use crate::manifest::check::Check;
use crate::manifest::yaml::ordered::Ordered;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::Path;

/// Labels: a list of names, or names with descriptions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum RawLabels {
    Names(Vec<String>),
    Described(Ordered<Option<String>>),
}

/// A label of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The label as it appears in prompts and rows.
    pub name: String,
    /// What it means, for the model.
    pub description: Option<String>,
}

/// The labels of a task, from `labels` or `labels_file`. `pointer` is that of the task's
/// kind, such as `/tasks/kind/classify`. Empty after a fault.
pub(crate) fn check_labels(raw: Option<RawLabels>, file: Option<&str>, pointer: &str, check: &mut Check) -> Vec<Label> {
    let (labels, pointer) = match (raw, file) {
        (Some(raw), None) => (raw.into_labels(), format!("{pointer}/labels")),
        (None, Some(file)) => {
            let pointer = format!("{pointer}/labels_file");
            let path = check.resolve(file);
            check.add_label_file(path.clone());
            let Some(labels) = check.parse(&pointer, Some(file), |_| read_labels_file(&path)) else {
                return Vec::new();
            };
            (labels, pointer)
        }
        (Some(_), Some(_)) => {
            let message = "`labels` and `labels_file` can't be used together";
            check.report(&format!("{pointer}/labels_file"), message, "exactly one of them");
            return Vec::new();
        }
        (None, None) => {
            check.report(pointer, "no labels given", "exactly one of `labels` and `labels_file`");
            return Vec::new();
        }
    };
    if labels.is_empty() {
        check.report(&pointer, "no labels given", "at least one label");
    }
    for (index, label) in labels.iter().enumerate() {
        let pointer = format!("{pointer}/{index}");
        if label.name.trim() != label.name || label.name.is_empty() {
            let allowed = "text that is not empty and has no white space around it";
            check.report(&pointer, &format!("`{}` is not a valid label", label.name), allowed);
        }
        if labels[..index].iter().any(|earlier| earlier.name == label.name) {
            check.report(&pointer, &format!("duplicate label `{}`", label.name), "each label once");
        }
    }
    labels
}

impl RawLabels {
    fn into_labels(self) -> Vec<Label> {
        match self {
            Self::Names(names) => names.into_iter().map(|name| Label { name, description: None }).collect(),
            Self::Described(Ordered(entries)) => {
                entries.into_iter().map(|(name, description)| Label { name, description }).collect()
            }
        }
    }
}

/// Reads a CSV file with the columns `label` and optionally `description`. Cells are
/// trimmed; an empty description counts as none.
fn read_labels_file(path: &Path) -> Result<Vec<Label>, String> {
    let bytes = Check::read_file(path, &path.display().to_string())?;
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| headers.iter().position(|header| header.trim() == name);
    let label = column("label").ok_or_else(|| format!("{} has no column `label`", path.display()))?;
    let description = column("description");
    let rows = reader.records().map(|row| {
        let row = row.map_err(|error| error.to_string())?;
        let cell = |at: usize| row.get(at).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Label { name: cell(label).unwrap_or_default(), description: description.and_then(cell) })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(content: &str) -> Result<Vec<(String, Option<String>)>, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content.as_bytes()).unwrap();
        let labels = read_labels_file(file.path())?;
        Ok(labels.into_iter().map(|label| (label.name, label.description)).collect())
    }

    #[test]
    fn labels_from_a_file() {
        let label = |name: &str, description: Option<&str>| (name.to_owned(), description.map(str::to_owned));
        for (content, expected) in [
            ("label\na\nb\n", vec![label("a", None), label("b", None)]),
            ("label,description\na,One.\nb,\n", vec![label("a", Some("One.")), label("b", None)]),
            ("description, label\r\n\" One, two. \" , a \r\n", vec![label("a", Some("One, two."))]),
            ("id,label\n1,no\n", vec![label("no", None)]),
            ("label,description\n,x\n", vec![label("", Some("x"))]),
            ("label\n", vec![]),
        ] {
            assert_eq!(read(content), Ok(expected), "{content:?}");
        }
    }

    #[test]
    fn files_without_labels_are_faults() {
        assert!(read("name\na\n").unwrap_err().ends_with(" has no column `label`"));
        assert!(read("").unwrap_err().ends_with(" has no column `label`"));
        assert!(read("label,description\na\n").is_err(), "a row with too few cells");
        assert!(read_labels_file(Path::new("none.csv")).unwrap_err().starts_with("can't read none.csv: "));
    }
}
