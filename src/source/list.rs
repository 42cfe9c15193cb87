//! A list without columns: paths and URLs, one a line or each ended by NUL.

use super::error::SourceError;
use crate::base::open_databases;
use crate::base::text_reader::TextReader;
use crate::base::unicode::trim_blanks;
use std::io::{Cursor, Read};
use std::path::Path;
use std::sync::Arc;

/// The name of a list from standard input in messages.
pub(crate) const STANDARD_INPUT: &str = "standard input";

/// The paths of a list.
pub(crate) struct PathList {
    bytes: Arc<[u8]>,
    at: usize,
    /// NUL if the list contains one, as `find -print0` writes it; otherwise a line feed.
    delimiter: u8,
}

/// A path of a list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ListedPath {
    pub(crate) path: Vec<u8>,
    /// Whether blanks around it are a part of it in any case.
    pub(crate) is_exact: bool,
}

impl PathList {
    /// Splits `bytes`, the content of the list `name`, into paths.
    ///
    /// # Errors
    /// When the list is not text in the encoding that its byte order mark names.
    pub(crate) fn new(bytes: &Arc<[u8]>, name: &str) -> Result<Self, SourceError> {
        let mut text = Vec::new();
        let read = TextReader::new(Cursor::new(bytes)).and_then(|mut reader| reader.read_to_end(&mut text));
        read.map_err(|error| SourceError::List { name: name.to_owned(), reason: error.to_string() })?;
        let bytes = if text.as_slice() == bytes.as_ref() { bytes.clone() } else { text.into() };
        // Old programs for the Mac end lines with CR.
        let delimiter = [0, b'\n', b'\r'].into_iter().find(|delimiter| bytes.contains(delimiter)).unwrap_or(b'\n');
        Ok(Self { bytes, at: 0, delimiter })
    }

    /// Whether `path` has the extension of such a list.
    pub(crate) fn is_path_list(path: &Path) -> bool {
        path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("txt"))
    }

    /// Reads the list at `path`.
    ///
    /// # Errors
    /// When the file can't be read.
    pub(crate) fn read(path: &Path) -> Result<Self, SourceError> {
        let name = path.display().to_string();
        match open_databases::read_other(path) {
            Ok(bytes) => Self::new(&bytes.into(), &name),
            Err(error) => Err(SourceError::List { name, reason: error.to_string() }),
        }
    }
}

impl Iterator for PathList {
    type Item = ListedPath;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
            let length = rest.iter().position(|byte| *byte == self.delimiter).unwrap_or(rest.len());
            let mut path = &rest[..length];
            self.at += length + 1;
            if self.delimiter == b'\n' {
                path = path.strip_suffix(b"\r").unwrap_or(path);
            }
            let is_exact = self.delimiter == 0;
            if !path.is_empty() && (is_exact || !trim_blanks(path).is_empty()) {
                return Some(ListedPath { path: path.to_vec(), is_exact });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_separated_by_line_ends_or_nul() {
        for (text, paths) in [
            ("a.jpg\nb c.jpg\r\n\nd.jpg", &["a.jpg", "b c.jpg", "d.jpg"][..]),
            ("a\nb.jpg\0c.jpg\0", &["a\nb.jpg", "c.jpg"]),
            ("a.jpg", &["a.jpg"]),
            ("a.jpg\r\n\r\n", &["a.jpg"]),
            ("a.jpg\r\rb c.jpg\r", &["a.jpg", "b c.jpg"]),
            ("a\rb.jpg\nc.jpg", &["a\rb.jpg", "c.jpg"]),
            // Between NULs a line end belongs to the path.
            ("a\r\0b\n\0", &["a\r", "b\n"]),
            ("\0\0", &[]),
            ("", &[]),
            ("\u{feff}a.jpg\n", &["a.jpg"]),
            ("a.jpg\n \t\n\r\n b.jpg\n", &["a.jpg", " b.jpg"]),
            (" \0", &[" "]),
        ] {
            let utf16: Vec<u8> = std::iter::once(0xfeff)
                .chain(text.trim_start_matches('\u{feff}').encode_utf16())
                .flat_map(u16::to_le_bytes)
                .collect();
            // Two NULs after a byte order mark are UTF-32.
            let utf16 = if text.starts_with('\0') { text.as_bytes() } else { &utf16 };
            for bytes in [text.as_bytes(), utf16] {
                let found: Vec<ListedPath> = PathList::new(&bytes.into(), "x").unwrap().collect();
                assert!(found.iter().all(|path| path.is_exact == text.contains('\0')), "{text:?}");
                let found: Vec<String> = found.into_iter().map(|path| String::from_utf8(path.path).unwrap()).collect();
                assert_eq!(found, paths, "{text:?}");
            }
        }
    }
}
