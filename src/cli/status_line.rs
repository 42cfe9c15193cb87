//! One line at the bottom of the terminal, redrawn in place by indicatif. Whatever else is written to
//! stderr goes above it, through [`write_above`].

use console::{Term, measure_text_width, truncate_str};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};
use std::io;
use std::sync::{Mutex, MutexGuard};

/// The shown line; `None`: no line. The terminal is one for the whole process.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// The width of a terminal that does not report its own, in columns.
const DEFAULT_WIDTH: usize = 80;
/// How often a terminal is drawn at most, per second.
const REFRESH_RATE: u8 = 20;

/// Shows a line instead of the last one. `compose` is given the number of columns that it may fill; a
/// longer line is cut.
pub(crate) fn show(compose: impl FnOnce(usize) -> String) {
    let width = usable_width(Term::stderr().size_checked().map(|(_, columns)| columns));
    let line = fit(&compose(width), width);
    shown().get_or_insert_with(new_line).set_message(line);
}

/// Removes the line completely.
pub(crate) fn clear() {
    if let Some(line) = shown().take() {
        line.finish_and_clear();
    }
}

/// Writes whole lines of other text to stderr.
pub(crate) fn write_above<T>(write: impl FnOnce() -> T) -> T {
    match &*shown() {
        Some(line) => line.suspend(write),
        None => write(),
    }
}

fn new_line() -> ProgressBar {
    let terminal = Box::new(Unpadded(Term::buffered_stderr()));
    let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::term_like_with_hz(terminal, REFRESH_RATE));
    // The template is valid; without it the line would have indicatif's own bar.
    line.with_style(ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

/// The terminal, without the spaces with which indicatif fills the line: a terminal that is made
/// narrower would wrap them, and keep a part of an old line.
#[derive(Debug)]
struct Unpadded(Term);

impl TermLike for Unpadded {
    fn width(&self) -> u16 {
        TermLike::width(&self.0)
    }

    fn height(&self) -> u16 {
        TermLike::height(&self.0)
    }

    fn move_cursor_up(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_up(lines)
    }

    fn move_cursor_down(&self, lines: usize) -> io::Result<()> {
        self.0.move_cursor_down(lines)
    }

    fn move_cursor_right(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_right(columns)
    }

    fn move_cursor_left(&self, columns: usize) -> io::Result<()> {
        self.0.move_cursor_left(columns)
    }

    fn write_line(&self, text: &str) -> io::Result<()> {
        self.0.write_line(text)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        if text.trim_matches(' ').is_empty() { Ok(()) } else { self.0.write_str(text) }
    }

    fn clear_line(&self) -> io::Result<()> {
        self.0.clear_line()
    }

    fn flush(&self) -> io::Result<()> {
        self.0.flush()
    }
}

fn shown() -> MutexGuard<'static, Option<ProgressBar>> {
    SHOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The columns that a line may fill in a terminal of `columns`. The last one stays free: a terminal
/// would begin another line. So do two more: a terminal shows Ctrl-C there, as `^C`.
fn usable_width(columns: Option<u16>) -> usize {
    columns.map(usize::from).filter(|columns| *columns > 0).unwrap_or(DEFAULT_WIDTH).saturating_sub(3)
}

/// `line` in at most `width` columns.
fn fit(line: &str, width: usize) -> String {
    if measure_text_width(line) <= width { line.to_owned() } else { truncate_str(line, width, "…").into_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_leaves_the_last_columns_free() {
        for (columns, width) in [(Some(80), 77), (Some(1), 0), (Some(0), 77), (None, 77), (Some(200), 197)] {
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
