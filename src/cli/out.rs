//! Standard output that may be closed, as with `docmill report | head`, or full.

use super::args::LogFormat;
use super::exit::{Failure, STORAGE};
use crate::base::exit_codes::SUCCESS;
use std::fmt::Arguments;
use std::io::{self, IsTerminal, Write};

/// Writes to standard output. If the reader has closed it, nothing is written: the exit code of the command may be
/// what the caller is waiting for. Ends the program with an error if it can't be written.
pub(crate) fn write(text: Arguments<'_>) {
    match io::stdout().lock().write_fmt(text) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => finished(written),
    }
}

/// Standard output as a stream of rows. Ends the program if the reader has closed it, as with `| head`, and with an
/// error if it can't be written.
pub(crate) struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match io::stdout().lock().write(bytes) {
            // The caller tries again.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            written => Ok(finished(written)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        finished(io::stdout().lock().flush());
        Ok(())
    }
}

/// The columns of the terminal; `None`: standard output is not a terminal, so nothing is cut.
pub(crate) fn terminal_width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let (_, columns) = console::Term::stdout().size_checked()?;
    Some(usize::from(columns))
}

fn finished<T>(written: io::Result<T>) -> T {
    match written {
        Ok(value) => value,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(SUCCESS.into()),
        Err(error) => {
            let failure = Failure::new(STORAGE, format!("can't write standard output: {error}"));
            let _ = failure.report(LogFormat::Text);
            std::process::exit(STORAGE.exit_code.into());
        }
    }
}

/// As `println!`, without its panic.
macro_rules! outln {
    ($($text:tt)*) => { $crate::cli::out::write(format_args!("{}\n", format_args!($($text)*))) };
}

/// As `print!`, without its panic.
macro_rules! out {
    ($($text:tt)*) => { $crate::cli::out::write(format_args!($($text)*)) };
}

pub(crate) use {out, outln};
