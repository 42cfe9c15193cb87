//! Standard output that may be closed, as with `docmill report | head`.

use std::fmt::Arguments;
use std::io::Write;

/// Writes to standard output; ends the program if the reader has closed it.
pub(crate) fn write(text: Arguments<'_>) {
    let written = std::io::stdout().lock().write_fmt(text);
    if written.is_err_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
        std::process::exit(0);
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
