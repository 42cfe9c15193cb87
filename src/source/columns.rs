//! The columns of a list: their types, and which of them are carried into the rows.

use super::error::ListFault;
use super::url_secrets::without_secrets;
use crate::base::escape::{key_pointer, pointer_token};
use crate::base::unicode::{nfd, trim_blanks};
use crate::manifest::{Column, ColumnKind, ColumnNameFault, Input, PATH_COLUMN};
use serde_json::Value;

/// One column of a list.
pub(crate) struct ListColumn {
    pub(crate) name: String,
    /// Its type, or what it holds if no row can hold that, as an object of a sentence.
    pub(crate) kind: Result<ColumnKind, String>,
}

/// One row of a list.
#[derive(Debug, PartialEq)]
pub(crate) struct ListRow {
    /// The line of the file on which it begins; in Parquet, the number of the row. From 1.
    pub(crate) line: u64,
    pub(crate) path: Vec<u8>,
    /// The values of the carried columns, in the order of [`ColumnPlan::carried`].
    pub(crate) values: Vec<Value>,
    /// The values of the columns that name the version of a file.
    pub(crate) version: Vec<Value>,
}

/// The setting that names the list.
const LIST: &str = "/input/list";

/// Columns that name the version of the file behind a URL, in any case.
const VERSION_COLUMNS: &[&str] = &["etag", "version"];

/// Which columns of a list are used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ColumnPlan {
    /// The position of the column with paths or URLs.
    pub(crate) path: usize,
    /// The positions of the carried columns.
    pub(crate) carried: Vec<usize>,
    /// The positions of the columns that name the version of a file.
    pub(crate) version: Vec<usize>,
    /// The names of all columns, as rows have them.
    names: Vec<String>,
}

/// The columns of a list. Inputs of other kinds have none.
#[derive(Debug, Default)]
pub struct ListColumns {
    /// Those that the rows carry.
    pub carried: Vec<Column>,
    /// The names of those that `input.carry` leaves out.
    pub uncarried: Vec<String>,
}

impl ColumnPlan {
    /// Finds the columns that `input` names among those of the list.
    ///
    /// # Errors
    /// All faults: a column that is missing, has two of its name, or has a name that no column of a row can have.
    pub(crate) fn choose(known: &[ListColumn], input: &Input) -> Result<Self, Vec<ListFault>> {
        let originals: Vec<&str> = known.iter().map(|column| column.name.as_str()).collect();
        let names = new_names(&originals, input);
        let all = || originals.iter().map(|name| without_secrets(name)).collect::<Vec<_>>().join(", ");
        let path = find_path(&originals, input).ok_or_else(|| {
            let setting = if input.path_column == PATH_COLUMN { LIST } else { "/input/path_column" };
            let message = format!("there is no column `{}`; it has: {}", input.path_column, all());
            vec![fault(setting, message, "set input.path_column to one of them")]
        })?;
        let mut faults = Vec::new();
        for (old, _) in input.rename.iter().filter(|(old, _)| find_name(&originals, old).is_none()) {
            let key = key_pointer(&format!("/input/rename/{}", pointer_token(old)));
            let message = format!("input.rename names the unknown column `{old}`; the list has: {}", all());
            faults.push(fault(&key, message, "one of the list's columns"));
        }
        let carried: Vec<usize> = match &input.carry {
            Some(wanted) => wanted
                .iter()
                .enumerate()
                .filter_map(|(nth, name)| {
                    let found = position(&originals, &names, name);
                    if found.is_none() {
                        let message = format!("input.carry names the unknown column `{name}`; the list has: {}", all());
                        faults.push(fault(&format!("/input/carry/{nth}"), message, "one of the list's columns"));
                    }
                    found
                })
                .collect(),
            None => (0..names.len()).filter(|at| *at != path).collect(),
        };
        let (mut suggested, mut unusable): (Vec<(String, String)>, Vec<String>) = Default::default();
        for (nth, at) in carried.iter().enumerate() {
            let name = &names[*at];
            if let Some(why) = ColumnNameFault::find(name) {
                let shown = without_secrets(name);
                unusable.push(format!("the column `{shown}` (column {}) {why}", at + 1));
                let is_taken = |new: &str| {
                    names.iter().any(|name| name == new) || suggested.iter().any(|(_, earlier)| earlier == new)
                };
                let new = suggest_name(name, at + 1, is_taken);
                suggested.push((shown, new));
            } else if let Some(earlier) = carried[..nth].iter().find(|earlier| names[**earlier] == *name) {
                let which =
                    if earlier == at { String::new() } else { format!(" (columns {} and {})", earlier + 1, at + 1) };
                let allowed = "rename one with input.rename, or list the columns to carry in input.carry";
                faults.push(fault(LIST, format!("the column `{name}` occurs twice{which}"), allowed));
            }
        }
        if !suggested.is_empty() {
            let pair = |(old, new): &(String, String)| format!("{}: {new}", Value::from(old.as_str()));
            let pairs = suggested.iter().map(pair).collect::<Vec<_>>().join(", ");
            let allowed = format!(
                "give such columns a name with input.rename: {{{pairs}}}, or list the other columns in input.carry"
            );
            faults.push(fault(LIST, unusable.join("; "), &allowed));
        }
        let names_version = |at: &usize| {
            let is_version = |name: &str| VERSION_COLUMNS.iter().any(|known| name.eq_ignore_ascii_case(known));
            *at != path && (is_version(originals[*at]) || is_version(&names[*at]))
        };
        let version = (0..names.len()).filter(names_version).collect();
        if faults.is_empty() { Ok(Self { path, carried, version, names }) } else { Err(faults) }
    }

    /// The column at `path` with paths, and those at `carried`, with any names.
    pub(crate) fn of_positions(path: usize, carried: Vec<usize>) -> Self {
        Self { path, carried, version: Vec::new(), names: Vec::new() }
    }

    /// The names of the columns that are not carried, apart from that of the paths.
    pub(crate) fn uncarried(&self) -> Vec<String> {
        let is_uncarried = |at: &usize| *at != self.path && !self.carried.contains(at);
        (0..self.names.len()).filter(is_uncarried).map(|at| self.names[at].clone()).collect()
    }

    /// The carried columns.
    ///
    /// # Errors
    /// A column with values that no row can hold.
    pub(crate) fn carried_columns(&self, known: &[ListColumn]) -> Result<Vec<Column>, Vec<ListFault>> {
        let column = |at: &usize| {
            let (name, kind) = (&self.names[*at], &known[*at].kind);
            let kind = kind.clone().map_err(|what| {
                let message = format!("the column `{name}` holds {what}, which rows can't hold");
                vec![fault(LIST, message, "list the other columns in input.carry")]
            })?;
            Ok(Column { name: name.clone(), kind })
        };
        self.carried.iter().map(column).collect()
    }
}

fn fault(pointer: &str, message: String, allowed: &str) -> ListFault {
    ListFault { pointer: pointer.to_owned(), message, allowed: allowed.to_owned() }
}

/// The names of a list's columns as rows have them.
fn new_names(originals: &[&str], input: &Input) -> Vec<String> {
    let mut names: Vec<String> = originals.iter().map(|name| (*name).to_owned()).collect();
    for (old, new) in &input.rename {
        // A name that occurs twice is renamed at both places.
        let found = find_name(originals, old).map(|at| originals[at]);
        for (_, name) in originals.iter().zip(&mut names).filter(|(original, _)| Some(**original) == found) {
            new.clone_into(name);
        }
    }
    names
}

/// The position of a name: an equal one, or else the only one that looks the same.
fn find_name(names: &[impl AsRef<str>], wanted: &str) -> Option<usize> {
    let exact = names.iter().position(|name| name.as_ref() == wanted);
    exact.or_else(|| {
        let mut same = (0..names.len()).filter(|at| nfd(names[*at].as_ref()) == nfd(wanted));
        same.next().filter(|_| same.next().is_none())
    })
}

/// The position of the column with this name: its name in the list, or else its new name.
fn position(originals: &[&str], names: &[String], wanted: &str) -> Option<usize> {
    find_name(originals, wanted).or_else(|| find_name(names, wanted))
}

/// The position of the column with paths or URLs: the one that is renamed to `path`, or else that of
/// `input.path_column`.
pub(crate) fn find_path(originals: &[&str], input: &Input) -> Option<usize> {
    let renamed = input.rename.iter().find(|(_, new)| new == PATH_COLUMN);
    match renamed.and_then(|(old, _)| find_name(originals, old)) {
        Some(at) => Some(at),
        None => position(originals, &new_names(originals, input), &input.path_column),
    }
}

/// A valid name for the column at this position, from 1.
fn suggest_name(name: &str, position: usize, is_taken: impl Fn(&str) -> bool) -> String {
    let plain: String = nfd(name).to_lowercase().chars().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).collect();
    let words: Vec<&str> = plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut base = words.join("_");
    if !base.starts_with(|c: char| c.is_ascii_lowercase()) {
        base = if base.is_empty() { format!("column_{position}") } else { format!("column_{base}") };
    }
    if ColumnNameFault::find(&base).is_some() {
        base = format!("list_{base}");
    }
    let numbered = (2..).map(|number| format!("{base}_{number}"));
    std::iter::once(base.clone()).chain(numbered).find(|name| !is_taken(name)).unwrap_or(base)
}

/// Whether a value is nothing but white space, or null.
pub(crate) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => trim_blanks(text.as_bytes()).is_empty(),
        _ => false,
    }
}

/// Converts a value to the type of its column. Only text needs that: a column that mixes
/// types is text.
pub(crate) fn convert_value(kind: ColumnKind, value: Value) -> Value {
    match (kind, value) {
        (ColumnKind::Text, Value::Null) => Value::Null,
        (ColumnKind::Text, Value::String(text)) => Value::String(text),
        (ColumnKind::Text, other) => Value::String(other.to_string()),
        (_, value) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::test_input::input;
    use std::path::Path;

    fn known(names: &[&str]) -> Vec<ListColumn> {
        names.iter().map(|name| ListColumn { name: (*name).to_owned(), kind: Ok(ColumnKind::Text) }).collect()
    }

    fn choose(names: &[&str], carry: Option<&[&str]>) -> Result<ColumnPlan, String> {
        let carry = carry.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        ColumnPlan::choose(&known(names), &Input { carry, ..input(Path::new("x")) }).map_err(|faults| text(&faults))
    }

    fn text(faults: &[ListFault]) -> String {
        let lines = faults.iter().map(|fault| format!("{} {}; {}", fault.pointer, fault.message, fault.allowed));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn which_columns_are_carried() {
        for (names, carry, path, carried) in [
            (&["path", "a", "b"][..], None, 0, &[1, 2][..]),
            (&["a", "path", "b"], None, 1, &[0, 2]),
            (&["path"], None, 0, &[]),
            (&["path", "a", "b"], Some(&["b", "a"][..]), 0, &[2, 1]),
            (&["path", "a"], Some(&[]), 0, &[]),
            // Columns that are not carried may have any name.
            (&["path", "A Name", "status", "b"], Some(&["b"]), 0, &[3]),
        ] {
            let found = choose(names, carry).unwrap();
            assert_eq!((found.path, found.carried.as_slice()), (path, carried), "{names:?} {carry:?}");
        }
    }

    #[test]
    fn columns_that_do_not_fit_are_named_all_at_once() {
        for (names, carry, parts) in [
            (&["file", "a"][..], None, &["there is no column `path`", "it has: file, a"][..]),
            (
                &["path", "a"],
                Some(&["b", "c"][..]),
                &["unknown column `b`", "unknown column `c`", "the list has: path, a"],
            ),
            (
                &["path", "status", "a__b", "A", "9a", ""],
                None,
                &[
                    "`status` (column 2) has the name of a column",
                    "`a__b` (column 3) has `__`",
                    "`A` (column 4) has a name",
                    "`9a` (column 5) has a name",
                    "`` (column 6) has a name",
                    r#"input.rename: {"status": list_status, "a__b": a_b, "A": a, "9a": column_9a, "": column_6}"#,
                ],
            ),
            (&["path", "a", "a"], None, &["`a` occurs twice (columns 2 and 3)"]),
            (&["path", "A b", "a_b", "a B", "Größe №"], None, &[r#"{"A b": a_b_2, "a B": a_b_3, "Größe №": gro_e}"#]),
            (&["https://h/a.jpg?token=SECRET"], None, &["it has: https://h/a.jpg;"]),
            (&["path", "a"], Some(&["a", "a"]), &["`a` occurs twice"]),
        ] {
            let fault = choose(names, carry).unwrap_err();
            for part in parts {
                assert!(fault.contains(part), "{fault:?} names {part:?}");
            }
        }
    }

    #[test]
    fn columns_are_renamed() {
        let names = ["File Path", "Invoice No.", "ETag", "status", "Pr\u{fc}fer"];
        for (rename, path_column, carry, expected) in [
            (
                &[("Invoice No.", "invoice_no"), ("status", "state")][..],
                "File Path",
                Some(&["Invoice No.", "state"][..]),
                Ok((0, &["invoice_no", "state"][..])),
            ),
            (&[("File Path", "path")], "path", Some(&[]), Ok((0, &[]))),
            (&[("File Path", "file")], "file", Some(&[]), Ok((0, &[]))),
            // Both forms of an accent.
            (&[("Pru\u{308}fer", "who")], "File Path", Some(&["Pr\u{fc}fer"]), Ok((0, &["who"]))),
            (&[], "Dokumentenma\u{df}\u{308}", Some(&[]), Err("there is no column")),
            (&[("Invoice", "invoice")], "File Path", Some(&[]), Err("input.rename names the unknown column `Invoice`")),
            (
                &[("status", "a"), ("ETag", "etag"), ("Invoice No.", "etag")],
                "File Path",
                None,
                Err("`etag` occurs twice (columns 2 and 3)"),
            ),
        ] {
            let rename = rename.iter().map(|(old, new)| ((*old).to_owned(), (*new).to_owned())).collect();
            let carry = carry.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
            let input = Input { rename, carry, path_column: path_column.into(), ..input(Path::new("x")) };
            let found = ColumnPlan::choose(&known(&names), &input).map_err(|faults| text(&faults));
            match expected {
                Ok((path, columns)) => {
                    let found = found.unwrap();
                    let carried = found.carried_columns(&known(&names)).unwrap();
                    let carried: Vec<&str> = carried.iter().map(|column| column.name.as_str()).collect();
                    assert_eq!((found.path, carried.as_slice(), found.version), (path, columns, vec![2]));
                }
                Err(fault) => assert!(found.as_ref().is_err_and(|found| found.contains(fault)), "{found:?}"),
            }
        }
    }

    #[test]
    fn a_column_that_no_row_can_hold_is_refused_only_if_it_is_carried() {
        let columns = || {
            let mut columns = known(&["path", "a", "b"]);
            columns[2].kind = Err("lists or structs".into());
            columns
        };
        let plan = choose(&["path", "a", "b"], None).unwrap();
        let carried = |at: &[usize]| ColumnPlan { carried: at.to_vec(), ..plan.clone() }.carried_columns(&columns());
        assert_eq!(carried(&[1]).unwrap().len(), 1);
        assert!(carried(&[1, 2]).unwrap_err()[0].message.contains("`b` holds lists or structs"));
    }

    #[test]
    fn values_of_text_columns_become_text() {
        for (kind, value, converted) in [
            (ColumnKind::Text, serde_json::json!(1.5), serde_json::json!("1.5")),
            (ColumnKind::Text, serde_json::json!("1"), serde_json::json!("1")),
            (ColumnKind::Text, serde_json::json!({"a": [1]}), serde_json::json!("{\"a\":[1]}")),
            (ColumnKind::Text, Value::Null, Value::Null),
            (ColumnKind::Number, serde_json::json!(1), serde_json::json!(1)),
            (ColumnKind::Boolean, Value::Null, Value::Null),
        ] {
            assert_eq!(convert_value(kind, value.clone()), converted, "{kind:?} {value}");
        }
    }
}
