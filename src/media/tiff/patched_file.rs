//! A file with changes: overwritten bytes, and more bytes at its end. The file itself is
//! neither copied nor changed.

use std::io::{Read, Seek, SeekFrom};

/// A file with changes.
pub(crate) struct PatchedFile<'a> {
    bytes: &'a [u8],
    /// Overwritten bytes and their offsets. Later ones win.
    changes: Vec<(u64, Vec<u8>)>,
    /// Bytes behind the end of the file.
    tail: Vec<u8>,
    at: u64,
}

impl<'a> PatchedFile<'a> {
    /// A file that begins with `header` instead of its own first bytes.
    pub(crate) fn new(bytes: &'a [u8], header: Vec<u8>) -> Self {
        Self { bytes, changes: vec![(0, header)], tail: Vec::new(), at: 0 }
    }

    /// Overwrites the bytes from `offset` on.
    pub(crate) fn overwrite(&mut self, offset: u64, to: Vec<u8>) {
        self.changes.push((offset, to));
    }

    /// Adds bytes at the end, and returns their offset.
    pub(crate) fn append(&mut self, more: &[u8]) -> u64 {
        let offset = (self.bytes.len() + self.tail.len()) as u64;
        self.tail.extend_from_slice(more);
        offset
    }
}

impl Read for PatchedFile<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let at = usize::try_from(self.at).unwrap_or(usize::MAX);
        let from = match at.checked_sub(self.bytes.len()) {
            None => &self.bytes[at..],
            Some(beyond) => self.tail.get(beyond..).unwrap_or_default(),
        };
        let count = from.len().min(buffer.len());
        buffer[..count].copy_from_slice(&from[..count]);
        for (offset, to) in &self.changes {
            // The part of the change within the bytes that were read.
            let start = (*offset).max(self.at);
            let end = offset.saturating_add(to.len() as u64).min(self.at + count as u64);
            if let (true, Ok(into), Ok(out_of), Ok(length)) = (
                start < end,
                usize::try_from(start.saturating_sub(self.at)),
                usize::try_from(start.saturating_sub(*offset)),
                usize::try_from(end.saturating_sub(start)),
            ) {
                buffer[into..into + length].copy_from_slice(&to[out_of..out_of + length]);
            }
        }
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for PatchedFile<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let end = (self.bytes.len() + self.tail.len()) as u64;
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => end.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| std::io::Error::other("an offset before the start of the file"))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_seen_wherever_a_read_begins() {
        let mut file = PatchedFile::new(b"0123456789", b"ab".to_vec());
        file.overwrite(4, b"xyz".to_vec());
        assert_eq!(file.append(b"tail"), 10);
        let expected = b"ab23xyz789tail";
        for size in 1..15 {
            for start in 0..14 {
                file.seek(SeekFrom::Start(start as u64)).unwrap();
                let mut got = Vec::new();
                let mut buffer = vec![0; size];
                while let count @ 1.. = file.read(&mut buffer).unwrap() {
                    got.extend_from_slice(&buffer[..count]);
                }
                assert_eq!(got, &expected[start..], "from {start} by {size}");
            }
        }
    }
}
