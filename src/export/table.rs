//! Rows as an aligned table for a terminal, in constant memory: the widths are those of the first rows.

use super::column_choice::chosen_columns;
use super::columns::{Cell, CellKind, Column};
use super::error::ExportError;
use super::row::Row;
use super::spec::RowSpec;
use crate::base::sanitize::one_line;
use crate::base::units::rfc3339;
use crate::task::Shape;
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Rows by whose cells the widths are chosen.
const SAMPLE_ROWS: usize = 1000;
/// Columns of the terminal between two columns of the table.
const GAP: usize = 2;
/// A column of text is not made narrower than this.
const MIN_WIDTH: usize = 8;
/// Maximum number of characters of a cell.
const MAX_CELL_CHARS: usize = 10_000;
/// The name of the stream in errors.
const NAME: &str = "standard output";

/// Rows on their way to a table.
pub struct RowTable {
    out: Box<dyn Write + Send>,
    columns: Vec<Column>,
    /// Columns of the terminal; `None`: nothing is cut.
    width: Option<usize>,
    /// The cells of the first rows, until the widths are known.
    held: Vec<Vec<String>>,
    layout: Option<Layout>,
}

/// How wide the columns are.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Layout {
    widths: Vec<usize>,
    /// Columns after these do not fit.
    shown: usize,
}

impl RowTable {
    /// Starts a table with the columns that [`choose_columns`] has returned, in at most `width` columns of the
    /// terminal; `None`: as wide as it has to be.
    ///
    /// [`choose_columns`]: super::choose_columns
    #[must_use]
    pub fn start(out: Box<dyn Write + Send>, spec: &RowSpec, columns: &[String], width: Option<usize>) -> Self {
        Self { out, columns: chosen_columns(spec, columns), width, held: Vec::new(), layout: None }
    }

    /// Writes a row.
    ///
    /// # Errors
    /// If the stream can't be written.
    pub fn write(&mut self, row: &Row) -> Result<(), ExportError> {
        let cells: Vec<String> = self.columns.iter().map(|column| cell_text(column.cell(row))).collect();
        match self.layout.take() {
            Some(layout) => {
                let written = self.write_line(&layout, &cells);
                self.layout = Some(layout);
                written
            }
            None => {
                self.held.push(cells);
                if self.held.len() >= SAMPLE_ROWS { self.write_held() } else { Ok(()) }
            }
        }
    }

    /// Writes the buffered rows. Returns the names of columns that did not fit.
    ///
    /// # Errors
    /// If the stream can't be written.
    pub fn finish(mut self) -> Result<Vec<String>, ExportError> {
        // A table without rows is nothing.
        if self.layout.is_none() && !self.held.is_empty() {
            self.write_held()?;
        }
        self.out.flush().map_err(failed)?;
        let shown = self.layout.map_or(self.columns.len(), |layout| layout.shown);
        Ok(self.columns.into_iter().skip(shown).map(|column| column.name).collect())
    }

    fn write_held(&mut self) -> Result<(), ExportError> {
        let names: Vec<String> = self.columns.iter().map(|column| column.name.clone()).collect();
        let held = std::mem::take(&mut self.held);
        let natural = (0..names.len()).map(|at| {
            let cells = held.iter().filter_map(|row| row.get(at)).map(|cell| cell.width());
            cells.chain([names[at].width()]).max().unwrap_or(0)
        });
        let is_number: Vec<bool> = self.columns.iter().map(is_number).collect();
        let layout = lay_out(&natural.collect::<Vec<_>>(), &is_number, self.width);
        self.write_line(&layout, &names)?;
        let rule: Vec<String> = layout.widths.iter().map(|width| "-".repeat(*width)).collect();
        self.write_line(&layout, &rule)?;
        for cells in &held {
            self.write_line(&layout, cells)?;
        }
        self.layout = Some(layout);
        Ok(())
    }

    fn write_line(&mut self, layout: &Layout, cells: &[String]) -> Result<(), ExportError> {
        let mut line = String::new();
        for (at, (cell, column)) in cells.iter().zip(&self.columns).take(layout.shown).enumerate() {
            if at > 0 {
                line.push_str(&" ".repeat(GAP));
            }
            let width = layout.widths.get(at).copied().unwrap_or_default();
            // The end of a path is more informative than its middle.
            let cut = match (self.width, column.name.as_str()) {
                (None, _) => cell.clone(),
                (Some(_), "path" | "duplicate_of") => cut_middle(cell, width),
                (Some(_), _) => cut_end(cell, width),
            };
            let space = " ".repeat(width.saturating_sub(cut.width()));
            let parts = if is_number(column) { [space.as_str(), &cut] } else { [cut.as_str(), &space] };
            line.extend(parts);
        }
        writeln!(self.out, "{}", line.trim_end()).map_err(failed)
    }
}

fn failed(error: std::io::Error) -> ExportError {
    ExportError::new(Path::new(NAME), error)
}

/// The widths of columns whose cells need `natural`, in at most `width`. Numbers are never cut: part of a number
/// is another number.
fn lay_out(natural: &[usize], is_number: &[bool], width: Option<usize>) -> Layout {
    let Some(width) = width else { return Layout { widths: natural.to_vec(), shown: natural.len() } };
    let capped = |cap: usize, shown: usize| -> Vec<usize> {
        let columns = natural.iter().zip(is_number).take(shown);
        columns.map(|(natural, is_number)| if *is_number { *natural } else { (*natural).min(cap) }).collect()
    };
    let total = |widths: &[usize]| widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
    let mut shown = natural.len();
    while shown > 1 && total(&capped(MIN_WIDTH, shown)) > width {
        shown -= 1;
    }
    let mut cap = natural.iter().copied().max().unwrap_or(0).min(width);
    while cap > 1 && total(&capped(cap, shown)) > width {
        cap -= 1;
    }
    let mut widths = capped(cap, shown);
    // The remaining width is given to the first columns that were cut.
    let mut left = width.saturating_sub(total(&widths));
    for (given, natural) in widths.iter_mut().zip(natural) {
        let more = (natural - *given).min(left);
        *given += more;
        left -= more;
    }
    Layout { widths, shown }
}

fn is_number(column: &Column) -> bool {
    match &column.kind {
        CellKind::Money => true,
        CellKind::Time => false,
        CellKind::Json(shape) => matches!(shape.required(), Shape::Number | Shape::Integer),
    }
}

/// The text of a cell, on one line. Null is nothing.
fn cell_text(cell: Cell<'_>) -> String {
    let text = match cell {
        Cell::Text { text, .. } => text.unwrap_or_default().to_owned(),
        Cell::Count(count) => count.map_or(String::new(), |count| count.to_string()),
        Cell::Money(amount) => amount.map_or(String::new(), |amount| amount.to_string()),
        Cell::Time(ms) => ms.map_or(String::new(), rfc3339),
        Cell::Json { value, .. } => json_text(value),
    };
    one_line(&text, MAX_CELL_CHARS)
}

fn json_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(|item| !item.is_object() && !item.is_array()) => {
            items.iter().map(json_text).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// The beginning of a text, in at most `width` columns.
fn cut_end(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut cut = beginning(text.chars(), width.saturating_sub(1));
    if width > 0 {
        cut.push('…');
    }
    cut
}

/// Both ends of a text, in at most `width` columns.
fn cut_middle(text: &str, width: usize) -> String {
    if text.width() <= width || width < 3 {
        return cut_end(text, width);
    }
    let end: String = beginning(text.chars().rev(), width / 2).chars().rev().collect();
    let begin = beginning(text.chars(), width - 1 - end.width());
    format!("{begin}…{end}")
}

/// The characters that fit.
fn beginning(characters: impl Iterator<Item = char>, width: usize) -> String {
    let mut used = 0;
    let fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used <= width
    };
    characters.take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_are_cut_by_the_columns_that_they_take() {
        for (text, width, end, middle) in [
            ("abc", 3, "abc", "abc"),
            ("abcdef", 5, "abcd…", "ab…ef"),
            ("写真写真", 8, "写真写真", "写真写真"),
            ("写真写真", 7, "写真写…", "写真…真"),
            ("写真写真", 2, "…", "…"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…", "e\u{301}…"),
            ("abc", 1, "…", "…"),
            ("abc", 0, "", ""),
        ] {
            assert_eq!(
                (cut_end(text, width).as_str(), cut_middle(text, width).as_str()),
                (end, middle),
                "{text} {width}"
            );
        }
    }

    #[test]
    fn wide_columns_give_way_first_and_numbers_stay_whole() {
        for (natural, numbers, width, widths, shown) in [
            (vec![10, 4, 20], vec![false; 3], None, vec![10, 4, 20], 3),
            (vec![10, 4, 20], vec![false; 3], Some(100), vec![10, 4, 20], 3),
            (vec![10, 4, 20], vec![false; 3], Some(34), vec![10, 4, 16], 3),
            (vec![40, 4, 40], vec![false; 3], Some(40), vec![16, 4, 16], 3),
            (vec![40, 4, 41], vec![false; 3], Some(41), vec![17, 4, 16], 3),
            (vec![40, 14, 40], vec![false, true, false], Some(34), vec![8, 14, 8], 3),
            (vec![40, 14, 40], vec![false, true, false], Some(33), vec![17, 14], 2),
            (vec![40], vec![false], Some(5), vec![5], 1),
        ] {
            assert_eq!(lay_out(&natural, &numbers, width), Layout { widths, shown }, "{natural:?} {width:?}");
        }
    }

    proptest! {
        #[test]
        fn a_table_fits_if_its_numbers_do(
            natural in prop::collection::vec(1_usize..200, 1..20),
            width in 8_usize..300,
        ) {
            let layout = lay_out(&natural, &vec![false; natural.len()], Some(width));
            let total = layout.widths.iter().sum::<usize>() + GAP * (layout.shown - 1);
            prop_assert!(total <= width, "{layout:?}");
            prop_assert!(layout.widths.iter().zip(&natural).all(|(given, natural)| given <= natural));
        }

        #[test]
        fn no_cut_is_too_wide(text in "[a-z写真é🙂\u{301}]{0,30}", width in 0_usize..20) {
            prop_assert!(cut_end(&text, width).width() <= width);
            prop_assert!(cut_middle(&text, width).width() <= width);
        }
    }
}
