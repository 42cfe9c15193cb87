//! A table for a terminal of 80 columns or fewer: headings, rows with aligned values, lists.

use crate::base::sanitize::for_terminal;
use std::fmt::{Display, Write};

/// Columns of a terminal, unless it has fewer.
pub(crate) const WIDTH: usize = 80;
/// Columns of a row's name, with its indentation.
const NAME_WIDTH: usize = 26;
/// Columns of a row's value, which is aligned to the right.
const VALUE_WIDTH: usize = 15;

/// Columns of a name and its value.
const ROW_WIDTH: usize = NAME_WIDTH + 1 + VALUE_WIDTH;

/// A table that is being written. A heading without rows is left out.
#[derive(Debug, Default)]
pub(crate) struct TextTable {
    text: String,
    heading: Option<String>,
    /// The maximum columns, beyond which text is cut or wrapped; `None`: unlimited.
    width: Option<usize>,
}

impl TextTable {
    /// Begins with a title.
    pub(crate) fn new(title: &str) -> Self {
        Self { text: format!("{title}\n"), heading: None, width: Some(WIDTH) }
    }

    /// The same, where nothing is cut, for files and pipes.
    pub(crate) fn in_full(title: &str) -> Self {
        Self { width: None, ..Self::new(title) }
    }

    /// The same, for a terminal with this many columns; `None`: nothing is cut.
    pub(crate) fn with_width(title: &str, columns: Option<usize>) -> Self {
        Self { width: columns.map(|columns| columns.clamp(ROW_WIDTH, WIDTH)), ..Self::new(title) }
    }

    /// Whether a line of this many columns fits.
    pub(crate) fn has_room_for(&self, columns: usize) -> bool {
        self.width.is_none_or(|width| columns <= width)
    }

    /// Begins a part. It is written with its first row.
    pub(crate) fn heading(&mut self, heading: &str) {
        self.heading = Some(heading.to_owned());
    }

    /// Adds a row. `level`: 1 for the rows of a heading, 2 for parts of the row before.
    pub(crate) fn row(&mut self, level: usize, name: &str, value: impl Display) {
        self.row_with_note(level, name, value, "");
    }

    /// The same, with a note after the value, or below it if it does not fit.
    pub(crate) fn row_with_note(&mut self, level: usize, name: &str, value: impl Display, note: &str) {
        let cut = |text: &str, width: usize| if self.width.is_some() { cut(text, width) } else { text.to_owned() };
        let name = cut(&format!("{:indent$}{}", "", printable(name), indent = level * 2), NAME_WIDTH);
        let value = value.to_string();
        let note = printable(note);
        if self.has_room_for(ROW_WIDTH + 2 + note.chars().count()) {
            self.line(format!("{name:<NAME_WIDTH$} {value:>VALUE_WIDTH$}  {note}").trim_end());
        } else {
            self.line(&format!("{name:<NAME_WIDTH$} {value:>VALUE_WIDTH$}"));
            self.text(level + 1, &note);
        }
    }

    /// Adds a text, in lines that fit.
    pub(crate) fn text(&mut self, level: usize, text: &str) {
        let width = self.width.map_or(usize::MAX, |width| width - level * 2);
        for line in wrap(&printable(text), width) {
            self.line(&format!("{:indent$}{line}", "", indent = level * 2));
        }
    }

    /// Adds a line whose end matters most, such as a path: it is cut in its middle. `before` and
    /// `behind` are kept.
    pub(crate) fn path(&mut self, level: usize, before: &str, path: &str, behind: &str) {
        let used = level * 2 + before.chars().count() + behind.chars().count();
        let width = self.width.map_or(usize::MAX, |width| width.saturating_sub(used).max(8));
        let path = cut_middle(&printable(path), width);
        self.line(&format!("{:indent$}{before}{path}{behind}", "", indent = level * 2));
    }

    /// Adds a line unchanged, for names that are copied.
    pub(crate) fn whole(&mut self, level: usize, line: &str) {
        self.line(&format!("{:indent$}{}", "", printable(line), indent = level * 2));
    }

    fn line(&mut self, line: &str) {
        if let Some(heading) = self.heading.take() {
            let _ = write!(self.text, "\n{heading}\n");
        }
        let _ = writeln!(self.text, "{line}");
    }

    /// The table.
    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

/// Text that can't control the terminal, on one line.
fn printable(text: &str) -> String {
    for_terminal(text).replace(['\n', '\t'], "\u{fffd}")
}

/// The beginning of a text, in at most `width` characters.
fn cut(text: &str, width: usize) -> String {
    match text.char_indices().nth(width) {
        Some(_) => text.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

/// Both ends of a text, in at most `width` characters.
fn cut_middle(text: &str, width: usize) -> String {
    let count = text.chars().count();
    if count <= width {
        return text.to_owned();
    }
    let end = width / 2;
    let begin = width - end - 1;
    text.chars().take(begin).chain(['…']).chain(text.chars().skip(count - end)).collect()
}

/// A text in lines of at most `width` characters. Only words that are longer are cut.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last().map_or(0, |line| line.chars().count());
        let gap = usize::from(line > 0);
        if line + gap + word.chars().count() > width && line > 0 {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&cut(word, width));
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn headings_without_rows_are_left_out() {
        let mut table = TextTable::new("title");
        table.heading("nothing");
        table.heading("numbers");
        table.row(1, "one", 1);
        table.row_with_note(2, "a name that is longer than its column", "USD 0.0012345", "of many");
        table.heading("paths");
        table.path(1, "12 ms  ", &format!("{}/end.jpg", "long/".repeat(30)), ", page 2");
        table.text(
            1,
            "a\u{1b}[31m message of a server that is so long that it does not fit on one line of the terminal",
        );
        insta::assert_snapshot!(table.into_text());
    }

    #[test]
    fn a_narrow_terminal_has_notes_below_their_values() {
        let mut table = TextTable::with_width("title", Some(60));
        table.heading("numbers");
        table.row_with_note(1, "accuracy", "0.930", "95 %: 0.901 to 0.952");
        table.row_with_note(1, "cost", "USD 1", "short");
        let [accuracy, note, cost] = table.text.lines().skip(3).collect::<Vec<_>>()[..] else {
            panic!("{}", table.text)
        };
        assert_eq!(accuracy.split_whitespace().collect::<Vec<_>>(), ["accuracy", "0.930"]);
        assert_eq!(note, "    95 %: 0.901 to 0.952");
        assert!(cost.ends_with("USD 1  short"), "{cost}");
    }

    #[test]
    fn texts_are_cut_by_characters() {
        assert_eq!((cut("äöü", 3), cut("äöüß", 3)), ("äöü".into(), "äö…".to_owned()));
        assert_eq!((cut_middle("abcdef", 6), cut_middle("abcdefg", 6)), ("abcdef".into(), "ab…efg".to_owned()));
        assert_eq!(wrap("", 5), [""; 0]);
        assert_eq!(wrap("a bb ccc dddddddd", 5), ["a bb", "ccc", "dddd…"]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide(
            texts in prop::array::uniform3("[ -~ä\\n\u{1b}]{0,200}"),
            level in 1_usize..4,
            columns in 1_usize..120,
        ) {
            let mut table = TextTable::with_width("title", Some(columns));
            let width = columns.clamp(ROW_WIDTH, WIDTH);
            let [name, path, note] = texts;
            table.heading("heading");
            table.row_with_note(level, &name, "USD 0.0012345", &note);
            table.text(level, &note);
            table.path(level, "31,000 ms  ", &path, ", page 12");
            for line in table.into_text().lines() {
                prop_assert!(line.chars().count() <= width, "{line:?}");
                let has_controls = line.chars().any(char::is_control);
                prop_assert!(!has_controls);
            }
        }
    }
}
