//! Labels of `classify` and `tag`: in the manifest, or in a CSV file.

use crate::base::csv_lines::LineCounter;
use crate::base::escape::{key_pointer, pointer_token};
use crate::base::label_text::{ALLOWED_LABELS, is_label};
use crate::base::text_reader::TextReader;
use crate::manifest::check::Check;
use crate::manifest::yaml::ordered::Ordered;
use schemars::JsonSchema;
use serde::Deserialize;
use std::io::{Cursor, Read};
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

/// A label where it is written.
struct WrittenLabel {
    label: Label,
    /// Pointer for faults.
    pointer: String,
    /// Where it is in a file, as an addition to a message.
    place: String,
}

/// The labels of a task, from `labels` or `labels_file`. `pointer` is that of the task's
/// kind, such as `/tasks/kind/classify`. Empty after a fault.
pub(crate) fn check_labels(raw: Option<RawLabels>, file: Option<&str>, pointer: &str, check: &mut Check) -> Vec<Label> {
    let (labels, pointer) = match (raw, file) {
        (Some(raw), None) => {
            let pointer = format!("{pointer}/labels");
            (raw.into_labels(&pointer), pointer)
        }
        (None, Some(file)) => {
            let pointer = format!("{pointer}/labels_file");
            let path = check.resolve(file);
            check.add_label_file(path.clone());
            let Some(labels) = check.parse(&pointer, Some(file), |_| read_labels_file(&path)) else {
                return Vec::new();
            };
            let written = |(label, line): (Label, u64)| {
                let place = format!(" ({}, line {line})", path.display());
                WrittenLabel { label, pointer: pointer.clone(), place }
            };
            (labels.into_iter().map(written).collect(), pointer)
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
    for (index, WrittenLabel { label, pointer, place }) in labels.iter().enumerate() {
        let name = &label.name;
        if !is_label(name) {
            check.report(pointer, &format!("`{name}` is not a valid label{place}"), ALLOWED_LABELS);
        } else if labels[..index].iter().any(|earlier| earlier.label.name == *name) {
            check.report(pointer, &format!("duplicate label `{name}`{place}"), "each label once");
        }
    }
    labels.into_iter().map(|written| written.label).collect()
}

impl RawLabels {
    fn into_labels(self, pointer: &str) -> Vec<WrittenLabel> {
        let written = |label, pointer| WrittenLabel { label, pointer, place: String::new() };
        match self {
            Self::Names(names) => {
                let label = |(index, name)| written(Label { name, description: None }, format!("{pointer}/{index}"));
                names.into_iter().enumerate().map(label).collect()
            }
            Self::Described(Ordered(entries)) => {
                let label = |(name, description): (String, _)| {
                    let pointer = key_pointer(&format!("{pointer}/{}", pointer_token(&name)));
                    written(Label { name, description }, pointer)
                };
                entries.into_iter().map(label).collect()
            }
        }
    }
}

/// Reads a CSV file with the columns `label` and optionally `description`: the labels, each with
/// its line. Cells are trimmed; an empty description counts as none. Empty rows are ignored.
fn read_labels_file(path: &Path) -> Result<Vec<(Label, u64)>, String> {
    let bytes = Check::read_file(path, &path.display().to_string())?;
    let fault = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut text = Vec::new();
    TextReader::new(Cursor::new(bytes)).and_then(|mut reader| reader.read_to_end(&mut text)).map_err(fault)?;
    let mut reader = csv::Reader::from_reader(LineCounter::new(text.as_slice()));
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let column = |name: &str| headers.iter().position(|header| header.trim() == name);
    let label = column("label").ok_or_else(|| format!("{} has no column `label`", path.display()))?;
    let description = column("description");
    let mut labels = Vec::new();
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row).map_err(|error| error.to_string())? {
        if row.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let cell = |at: usize| row.get(at).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let line = reader.get_mut().line_at(row.position().map_or(0, csv::Position::byte));
        let name = cell(label).unwrap_or_default();
        labels.push((Label { name, description: description.and_then(cell) }, line));
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(content: &str) -> Result<Vec<(String, Option<String>)>, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content.as_bytes()).unwrap();
        let labels = read_labels_file(file.path())?;
        Ok(labels.into_iter().map(|(label, _)| (label.name, label.description)).collect())
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
            ("\u{feff}label,description\na,One.\n,\n\n , \nb,\n", vec![label("a", Some("One.")), label("b", None)]),
        ] {
            assert_eq!(read(content), Ok(expected), "{content:?}");
        }
    }

    #[test]
    fn labels_have_their_lines_whatever_ends_them() {
        for end in ["\n", "\r\n"] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(
                ["label,description", "a,x", "", "b,", ",,", "c,y"]
                    .map(|line| line.replace(",,", ","))
                    .join(end)
                    .as_bytes(),
            )
            .unwrap();
            let lines: Vec<u64> = read_labels_file(file.path()).unwrap().into_iter().map(|(_, line)| line).collect();
            assert_eq!(lines, [2, 4, 6], "{end:?}");
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
