//! Scripts that tests start as programs.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes a script that can be started. Another process does, so that no process that another thread starts meanwhile
/// inherits the open file: the script could not be started then ("text file busy").
pub(crate) fn write_executable(path: &Path, text: &str) {
    let write = ["-c", "cat > \"$1\" && chmod +x \"$1\"", "sh"];
    let mut writing = Command::new("/bin/sh").args(write).arg(path).stdin(Stdio::piped()).spawn().unwrap();
    writing.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(writing.wait().unwrap().success());
}
