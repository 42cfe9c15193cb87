//! A file as a reader sees it through changes: another head, other values in places, more
//! bytes at its end. The file itself is not copied.

use std::io::{Read, Seek, SeekFrom};

/// A file with changes.
pub(crate) struct Window<'a> {
    bytes: &'a [u8],
    /// What stands at a place instead of what the file has there.
    changes: Vec<(u64, Vec<u8>)>,
    /// What follows the file.
    tail: Vec<u8>,
    at: u64,
}

impl<'a> Window<'a> {
    pub(crate) fn new(bytes: &'a [u8], head: Vec<u8>) -> Self {
        Self { bytes, changes: vec![(0, head)], tail: Vec::new(), at: 0 }
    }

    pub(crate) fn change(&mut self, place: u64, to: Vec<u8>) {
        self.changes.push((place, to));
    }

    /// Adds bytes at the end; where they stand.
    pub(crate) fn append(&mut self, more: &[u8]) -> u64 {
        let place = (self.bytes.len() + self.tail.len()) as u64;
        self.tail.extend_from_slice(more);
        place
    }
}

impl Read for Window<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let at = usize::try_from(self.at).unwrap_or(usize::MAX);
        let from = match at.checked_sub(self.bytes.len()) {
            None => &self.bytes[at..],
            Some(beyond) => self.tail.get(beyond..).unwrap_or_default(),
        };
        let count = from.len().min(buffer.len());
        buffer[..count].copy_from_slice(&from[..count]);
        for (place, to) in &self.changes {
            // The part of the change that lies in what was read.
            let start = (*place).max(self.at);
            let end = (place + to.len() as u64).min(self.at + count as u64);
            if let (true, Ok(into), Ok(out_of), Ok(length)) = (
                start < end,
                usize::try_from(start.saturating_sub(self.at)),
                usize::try_from(start.saturating_sub(*place)),
                usize::try_from(end.saturating_sub(start)),
            ) {
                buffer[into..into + length].copy_from_slice(&to[out_of..out_of + length]);
            }
        }
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Window<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let end = (self.bytes.len() + self.tail.len()) as u64;
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => end.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| std::io::Error::other("a place before the file"))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_show_wherever_a_read_begins() {
        let mut window = Window::new(b"0123456789", b"ab".to_vec());
        window.change(4, b"xyz".to_vec());
        assert_eq!(window.append(b"tail"), 10);
        let expected = b"ab23xyz789tail";
        for size in 1..15 {
            for start in 0..14 {
                window.seek(SeekFrom::Start(start as u64)).unwrap();
                let mut got = Vec::new();
                let mut buffer = vec![0; size];
                while let count @ 1.. = window.read(&mut buffer).unwrap() {
                    got.extend_from_slice(&buffer[..count]);
                }
                assert_eq!(got, &expected[start..], "from {start} by {size}");
            }
        }
    }
}
