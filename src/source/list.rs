//! A list without columns: paths, one a line or each ended by NUL.

use super::error::SourceError;
use std::path::Path;
use std::sync::Arc;

/// Paths one after another.
pub(crate) struct Lines {
    bytes: Arc<[u8]>,
    at: usize,
    /// NUL when there is one, as `find -print0` writes; else a line end.
    end: u8,
}

impl Lines {
    pub(crate) fn new(bytes: Arc<[u8]>) -> Self {
        let end = if bytes.contains(&0) { 0 } else { b'\n' };
        Self { bytes, at: 0, end }
    }

    /// Whether `path` is a list of this kind.
    pub(crate) fn are_in(path: &Path) -> bool {
        path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("txt"))
    }

    pub(crate) fn read(path: &Path) -> Result<Self, SourceError> {
        let bytes = std::fs::read(path)
            .map_err(|error| SourceError::List { name: path.display().to_string(), reason: error.to_string() })?;
        Ok(Self::new(bytes.into()))
    }
}

impl Iterator for Lines {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
            let length = rest.iter().position(|byte| *byte == self.end).unwrap_or(rest.len());
            let mut path = &rest[..length];
            self.at += length + 1;
            if self.end == b'\n' {
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
    fn lines_and_nul() {
        for (text, paths) in [
            ("a.jpg\nb c.jpg\r\n\nd.jpg", &["a.jpg", "b c.jpg", "d.jpg"][..]),
            ("a\nb.jpg\0c.jpg\0", &["a\nb.jpg", "c.jpg"]),
            ("", &[]),
        ] {
            let found: Vec<String> =
                Lines::new(text.as_bytes().into()).map(|path| String::from_utf8(path).unwrap()).collect();
            assert_eq!(found, paths, "{text:?}");
        }
    }
}
