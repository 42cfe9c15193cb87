//! One line at the bottom of the terminal, redrawn in place. Whatever else is written to stderr goes
//! above it, through [`write_above`].

use console::{Term, measure_text_width, truncate_str};
use std::sync::{Mutex, MutexGuard};

/// The line that is shown; `None`: none is. The terminal is one for the whole process.
static SHOWN: Mutex<Option<String>> = Mutex::new(None);

/// The width of a terminal that does not report its own, in columns.
const DEFAULT_WIDTH: usize = 80;

/// Shows a line instead of the last one. `compose` is given the number of columns that it may fill; a
/// longer line is cut.
pub(crate) fn show(compose: impl FnOnce(usize) -> String) {
    let mut shown = shown();
    let width = usable_width(Term::stderr().size_checked().map(|(_, columns)| columns));
    let line = fit(&compose(width), width);
    draw(&line);
    *shown = Some(line);
}

/// Removes the line. Nothing of it is left.
pub(crate) fn clear() {
    if shown().take().is_some() {
        draw("");
    }
}

/// Writes something else to stderr, whole lines of it.
pub(crate) fn write_above<T>(write: impl FnOnce() -> T) -> T {
    let shown = shown();
    let Some(line) = &*shown else { return write() };
    draw("");
    let written = write();
    draw(line);
    written
}

fn shown() -> MutexGuard<'static, Option<String>> {
    SHOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The columns that a line may fill in a terminal of `columns`. The last one stays free: a terminal
/// would begin another line.
fn usable_width(columns: Option<u16>) -> usize {
    columns.map(usize::from).filter(|columns| *columns > 0).unwrap_or(DEFAULT_WIDTH) - 1
}

/// `line` in at most `width` columns.
fn fit(line: &str, width: usize) -> String {
    if measure_text_width(line) <= width { line.to_owned() } else { truncate_str(line, width, "…").into_owned() }
}

/// Replaces the current line of the terminal, in one write. A terminal that is gone is no error.
fn draw(line: &str) {
    let terminal = Term::buffered_stderr();
    let _ = terminal.clear_line();
    let _ = terminal.write_str(line);
    let _ = terminal.flush();
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_leaves_the_last_column_free() {
        for (columns, width) in [(Some(80), 79), (Some(1), 0), (Some(0), 79), (None, 79), (Some(200), 199)] {
            assert_eq!(usable_width(columns), width, "{columns:?}");
        }
        for (line, width, fitted) in [
            ("3/8 pages", 9, "3/8 pages"),
            ("3/8 pages", 8, "3/8 pag…"),
            ("写真 1/8", 6, "写真 …"),
            ("3/8", 0, ""),
            ("", 0, ""),
        ] {
            assert!(measure_text_width(&fit(line, width)) <= width.max(1), "{line} {width}");
            if width > 0 {
                assert_eq!(fit(line, width), fitted);
            }
        }
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_allowed(line in "[ -~写é]{0,120}", width in 1_usize..100) {
            prop_assert!(measure_text_width(&fit(&line, width)) <= width);
        }
    }
}
