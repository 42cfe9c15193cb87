//! Labels of `classify` and `tag`: in the manifest, or in a CSV file.

use crate::base::csv_lines::{LineCounter, find_delimiter, find_open_quote};
use crate::base::escape::{key_pointer, pointer_token};
use crate::base::label_text::{ALLOWED_LABELS, is_label};
use crate::base::other_format::{END_BYTES, START_BYTES, name_other_format};
use crate::base::sanitize::one_line;
use crate::base::text_reader::TextReader;
use crate::base::units::counted;
use crate::manifest::check::Check;
use crate::manifest::faults::nearest_name;
use crate::manifest::yaml::ordered::Ordered;
use schemars::JsonSchema;
use serde::Deserialize;
use std::fmt::Display;
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
            let Some((labels, unused)) = check.parse(&pointer, Some(file), |_| read_labels_file(&path)) else {
                return Vec::new();
            };
            if let Some(warning) = unused.describe(&path) {
                check.warn(warning);
            }
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
            let keys = ["labels", "labels_file"];
            check.report_missing(pointer, &keys, "no labels given", "exactly one of `labels` and `labels_file`");
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

/// The column with descriptions.
const DESCRIPTION: &str = "description";
/// Characters of the names of columns that a message shows.
const MAX_COLUMNS_CHARS: usize = 120;

/// Reads a CSV file with the columns `label` and optionally `description`, with commas, semicolons or tabs: the labels, each
/// with its line. Cells are trimmed; an empty description counts as none. Empty rows are ignored.
fn read_labels_file(path: &Path) -> Result<(Vec<(Label, u64)>, UnusedColumns), String> {
    let bytes = Check::read_file(path, &path.display().to_string())?;
    let fault = |what: &dyn Display| format!("{}: {what}", path.display());
    let (start, end) = (bytes.len().min(START_BYTES), bytes.len().saturating_sub(END_BYTES));
    if let Some(format) = name_other_format(&bytes[..start], &bytes[end..]) {
        return Err(fault(&format));
    }
    let mut text = Vec::new();
    let read = TextReader::new(Cursor::new(bytes)).and_then(|mut reader| reader.read_to_end(&mut text));
    read.map_err(|error| fault(&error))?;
    let delimiter = find_delimiter(text.as_slice()).map_err(|error| fault(&error))?;
    if let Some(line) = find_open_quote(text.as_slice(), delimiter).map_err(|error| fault(&error))? {
        return Err(fault(&format!("line {line}: a quote is opened and never closed")));
    }
    let lines = LineCounter::new(text.as_slice());
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(lines);
    let names = reader.byte_headers().map_err(|error| fault(&error))?.clone();
    let names: Vec<String> = names.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
    let column = |name: &str| names.iter().position(|known| known.eq_ignore_ascii_case(name));
    let Some(label) = column("label") else {
        let columns = one_line(&names.join("`, `"), MAX_COLUMNS_CHARS);
        return Err(format!("{} has no column `label`; its columns are `{columns}`", path.display()));
    };
    let description = column(DESCRIPTION);
    let is_used = |at: usize| at == label || Some(at) == description;
    let unused = names.iter().enumerate().filter(|(at, name)| !is_used(*at) && !name.is_empty());
    let unused =
        UnusedColumns { names: unused.map(|(_, name)| name.clone()).collect(), has_description: description.is_some() };
    let mut labels = Vec::new();
    let mut bytes = csv::ByteRecord::new();
    while reader.read_byte_record(&mut bytes).map_err(|error| fault(&error))? {
        let line = reader.get_mut().line_at(bytes.position().map_or(0, csv::Position::byte));
        let Ok(row) = csv::StringRecord::from_byte_record(bytes.clone()) else {
            return Err(fault(&format!("line {line} is not UTF-8; save the file as UTF-8")));
        };
        if row.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if row.len() != names.len() {
            let cells = counted(row.len() as u64, "cell");
            let (columns, delimiter) = (names.len(), char::from(delimiter));
            let what = format!("{cells}, but {columns} columns; a cell with `{delimiter}` in it has to be in quotes");
            return Err(fault(&format!("line {line}: {what}")));
        }
        let cell = |at: usize| row.get(at).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let name = cell(label).unwrap_or_default();
        labels.push((Label { name, description: description.and_then(cell) }, line));
    }
    Ok((labels, unused))
}

/// The columns of a file with labels that are neither labels nor descriptions.
struct UnusedColumns {
    names: Vec<String>,
    /// Whether there is a column `description`.
    has_description: bool,
}

impl UnusedColumns {
    /// A warning about them. `None`: there are none.
    fn describe(&self, path: &Path) -> Option<String> {
        if self.names.is_empty() {
            return None;
        }
        let is_short = |name: &str| name.len() >= 4 && DESCRIPTION.starts_with(&name.to_lowercase());
        let is_meant = |name: &String| is_short(name) || nearest_name(name, [DESCRIPTION]).is_some();
        let is_suggested = !self.has_description && self.names.iter().any(is_meant);
        let guess = if is_suggested { "; did you mean `description`?" } else { "" };
        let (columns, are) = if self.names.len() == 1 { ("column", "is") } else { ("columns", "are") };
        let names = one_line(&self.names.join("`, `"), MAX_COLUMNS_CHARS);
        Some(format!("{}: the {columns} `{names}` {are} not used{guess}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(content: &str) -> Result<Vec<(String, Option<String>)>, String> {
        read_bytes(content.as_bytes())
    }

    fn read_bytes(content: &[u8]) -> Result<Vec<(String, Option<String>)>, String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        let (labels, _) = read_labels_file(file.path())?;
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
            ("Label;Description\na;One, two.\n", vec![label("a", Some("One, two."))]),
            ("label\tdescription\na\tOne.\n", vec![label("a", Some("One."))]),
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
            let lines: Vec<u64> = read_labels_file(file.path()).unwrap().0.into_iter().map(|(_, line)| line).collect();
            assert_eq!(lines, [2, 4, 6], "{end:?}");
        }
    }

    #[test]
    fn columns_that_are_not_used_are_named() {
        for (header, expected) in [
            ("label", None),
            ("Label,Description", None),
            ("label,", None),
            ("label,id", Some("l.csv: the column `id` is not used")),
            ("label,desc", Some("l.csv: the column `desc` is not used; did you mean `description`?")),
            ("label,Descriptions", Some("l.csv: the column `Descriptions` is not used; did you mean `description`?")),
            ("label,description,desc,id", Some("l.csv: the columns `desc`, `id` are not used")),
        ] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            writeln!(file, "{header}").unwrap();
            let (_, unused) = read_labels_file(file.path()).unwrap();
            assert_eq!(unused.describe(Path::new("l.csv")).as_deref(), expected, "{header}");
        }
    }

    #[test]
    fn files_without_labels_are_faults() {
        for (content, expected) in [
            (&b"name;note\na;b\n"[..], " has no column `label`; its columns are `name`, `note`"),
            (b"", " has no column `label`; its columns are ``"),
            (b"label,description\na\n", ": line 2: 1 cell, but 2 columns; a cell with `,` in it has to be in quotes"),
            (
                b"label,description\na,One.\nb,Two, or three.\n",
                ": line 3: 3 cells, but 2 columns; a cell with `,` in it has to be in quotes",
            ),
            (b"label,description\na,Gr\xfc\xdfe\n", ": line 2 is not UTF-8; save the file as UTF-8"),
            (b"label,description\na,\"One.\n", ": line 2: a quote is opened and never closed"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", ": it is an Excel workbook; save it as CSV (UTF-8)"),
        ] {
            let fault = read_bytes(content).unwrap_err();
            assert!(fault.ends_with(expected), "{fault}");
        }
        assert!(read_labels_file(Path::new("none.csv")).err().unwrap().starts_with("can't read none.csv: "));
    }
}
