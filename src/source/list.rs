//! A list without columns: paths and URLs, one a line or each ended by NUL.

use super::error::SourceError;
use std::path::Path;
use std::sync::Arc;

/// The paths of a list.
pub(crate) struct PathList {
    bytes: Arc<[u8]>,
    at: usize,
    /// NUL if the list contains one, as `find -print0` writes it; otherwise a line feed.
    delimiter: u8,
}

impl PathList {
    /// Splits `bytes` into paths.
    pub(crate) fn new(bytes: Arc<[u8]>) -> Self {
        let delimiter = if bytes.contains(&0) { 0 } else { b'\n' };
        Self { bytes, at: 0, delimiter }
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
        let bytes = std::fs::read(path)
            .map_err(|error| SourceError::List { name: path.display().to_string(), reason: error.to_string() })?;
        Ok(Self::new(bytes.into()))
    }
}

impl Iterator for PathList {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
            let length = rest.iter().position(|byte| *byte == self.delimiter).unwrap_or(rest.len());
            let mut path = &rest[..length];
            self.at += length + 1;
            if self.delimiter == b'\n' {
                path = path.strip_suffix(b"\r").unwrap_or(path);
            }
            if !path.is_empty() {
                return Some(path.to_vec());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_separated_by_line_feeds_or_nul() {
        for (text, paths) in [
            ("a.jpg\nb c.jpg\r\n\nd.jpg", &["a.jpg", "b c.jpg", "d.jpg"][..]),
            ("a\nb.jpg\0c.jpg\0", &["a\nb.jpg", "c.jpg"]),
            ("a.jpg", &["a.jpg"]),
            ("a.jpg\r\n\r\n", &["a.jpg"]),
            // Between NULs a line end belongs to the path.
            ("a\r\0b\n\0", &["a\r", "b\n"]),
            ("\0\0", &[]),
            ("", &[]),
        ] {
            let found: Vec<String> =
                PathList::new(text.as_bytes().into()).map(|path| String::from_utf8(path).unwrap()).collect();
            assert_eq!(found, paths, "{text:?}");
        }
    }
}
