//! Lines of CSV files, for messages: one way to count them, for lists, truth, labels and human answers.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Result};

/// Counts the lines of a text. A line ends with LF, CR or CR LF.
#[derive(Clone, Copy, Debug)]
pub struct LineEnds {
    line: u64,
    last: u8,
}

impl Default for LineEnds {
    fn default() -> Self {
        Self::new()
    }
}

impl LineEnds {
    /// Begins in the first line.
    #[must_use]
    pub fn new() -> Self {
        Self { line: 1, last: 0 }
    }

    /// Adds the next byte. Returns whether it is one of the end of a line.
    pub fn add(&mut self, byte: u8) -> bool {
        let is_end = matches!(byte, b'\r' | b'\n');
        self.line += u64::from(is_end && !(byte == b'\n' && self.last == b'\r'));
        self.last = byte;
        is_end
    }

    /// The number (from 1) of the line of the next byte.
    #[must_use]
    pub fn line(&self) -> u64 {
        self.line
    }
}

/// Numbers the lines of a text for a reader of CSV that reads it through this one. That reader states the byte behind
/// the end of the last record: it may be in the middle of CR LF, or before empty lines. Memory grows with what the
/// reader reads ahead.
#[derive(Debug)]
pub struct LineCounter<R> {
    inner: R,
    ends: LineEnds,
    /// The number of bytes that were read.
    read: u64,
    /// Whether nothing of the line was read.
    is_begin: bool,
    /// The lines that are not empty: the place of their first byte, and their number.
    begins: VecDeque<(u64, u64)>,
}

impl<R> LineCounter<R> {
    /// Begins in the first line.
    pub fn new(inner: R) -> Self {
        Self { inner, ends: LineEnds::new(), read: 0, is_begin: true, begins: VecDeque::new() }
    }

    /// The number (from 1) of the line on which the record begins that a reader found at the byte `at`. Each
    /// record is behind the one before.
    pub fn line_at(&mut self, at: u64) -> u64 {
        while self.begins.front().is_some_and(|(byte, _)| *byte < at) {
            self.begins.pop_front();
        }
        self.begins.front().map_or(self.ends.line(), |(_, line)| *line)
    }

    /// The source.
    pub fn into_inner(self) -> R {
        self.inner
    }

    fn add(&mut self, byte: u8) {
        let line = self.ends.line();
        let is_end = self.ends.add(byte);
        if self.is_begin && !is_end {
            self.begins.push_back((self.read, line));
        }
        self.is_begin = is_end;
        self.read += 1;
    }
}

impl<R: Read> Read for LineCounter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let count = self.inner.read(buffer)?;
        buffer.iter().take(count).for_each(|byte| self.add(*byte));
        Ok(count)
    }
}

/// What separates the cells of a CSV file: the first of comma, tab and semicolon that is in its first line that is not
/// empty, outside of quotes. A comma if there is none.
///
/// # Errors
/// When the text can't be read.
pub fn find_delimiter(text: impl Read) -> Result<u8> {
    const DELIMITERS: [u8; 3] = [b',', b'\t', b';'];
    let (mut found, mut is_quoted, mut is_empty) = ([false; DELIMITERS.len()], false, true);
    for byte in BufReader::new(text).bytes() {
        let byte = byte?;
        match byte {
            b'\r' | b'\n' if !is_quoted && !is_empty => break,
            b'\r' | b'\n' if !is_quoted => found.fill(false),
            b'"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            _ => DELIMITERS.iter().zip(&mut found).for_each(|(known, found)| *found |= *known == byte),
        }
        is_empty &= byte.is_ascii_whitespace() || (!is_quoted && DELIMITERS.contains(&byte));
    }
    let first = DELIMITERS.into_iter().zip(found).find(|(_, is_found)| *is_found);
    Ok(first.map_or(b',', |(delimiter, _)| delimiter))
}

/// The line on which a quoted cell begins that the file never closes: all rows after it would be a part of the cell.
///
/// # Errors
/// When the text can't be read.
pub fn find_open_quote(text: impl Read, delimiter: u8) -> Result<Option<u64>> {
    let mut text = BufReader::new(text);
    let (mut ends, mut began, mut opened) = (LineEnds::new(), 1, None);
    // At the begin of a cell a quote opens it; in it, a quote closes it, and another one directly after it opens it
    // again.
    let (mut is_begin, mut has_closed) = (true, false);
    loop {
        let bytes = text.fill_buf()?;
        if bytes.is_empty() {
            return Ok(opened);
        }
        for byte in bytes {
            match byte {
                b'"' if opened.is_some() => (opened, has_closed) = (None, true),
                b'"' if is_begin => (began, opened) = (ends.line(), Some(ends.line())),
                b'"' if has_closed => (opened, has_closed) = (Some(began), false),
                _ if opened.is_none() => has_closed = false,
                _ => {}
            }
            let is_end = ends.add(*byte);
            is_begin = opened.is_none() && (*byte == delimiter || is_end);
        }
        let read = bytes.len();
        text.consume(read);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_tells_what_separates_cells() {
        for (text, expected) in [
            ("path,kind\na;b,c\n", b','),
            ("path;kind\na,b;c\n", b';'),
            ("\r\n\npath\tkind\n", b'\t'),
            ("path;\"a,b\"\n", b';'),
            ("\"a\n;b\",c", b','),
            ("path\na;b\n", b','),
            ("", b','),
        ] {
            assert_eq!(find_delimiter(text.as_bytes()).unwrap(), expected, "{text:?}");
        }
    }
    use proptest::prelude::*;

    /// The lines on which records begin, and their first cells.
    fn lines(text: &str) -> Vec<(u64, String)> {
        let text = LineCounter::new(text.as_bytes());
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).buffer_capacity(7).from_reader(text);
        let mut record = csv::StringRecord::new();
        let mut found = Vec::new();
        while reader.read_record(&mut record).unwrap() {
            let at = record.position().unwrap().byte();
            found.push((reader.get_mut().line_at(at), record[0].to_owned()));
        }
        found
    }

    #[test]
    fn lines_of_records_whatever_ends_them() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["", "a,b", "1,2", "", "", "\"3", "", "4\",\"5", "6\"", "7,8", "", ""].join(end);
            let quoted = format!("3{end}{end}4");
            let expected = [(2, "a".to_owned()), (3, "1".into()), (6, quoted), (10, "7".into())];
            assert_eq!(lines(&text), expected, "{end:?}");
        }
        assert_eq!(
            lines("a\r\nb\rc\nd\n\re"),
            [(1, "a"), (2, "b"), (3, "c"), (4, "d"), (6, "e")].map(|(n, t)| (n, t.into()))
        );
        assert_eq!(lines(""), []);
        assert_eq!(LineCounter::new(&b""[..]).line_at(0), 1);
    }

    proptest! {
        /// As editors count: each record stands on the line that has its number.
        #[test]
        fn every_record_is_on_its_line(
            rows in prop::collection::vec(("[a-z]{1,3}(,\"[a-z]{0,2}(\r\n|\r|\n)?[a-z]{0,2}\")?", "(\r\n|\n|\r){1,3}"), 0..9)
        ) {
            let text: String = rows.iter().map(|(row, end)| format!("{row}{end}")).collect();
            let plain = text.replace("\r\n", "\n").replace('\r', "\n");
            let plain: Vec<&str> = plain.split('\n').collect();
            let found = lines(&text);
            prop_assert_eq!(found.len(), rows.len());
            for (line, cell) in found {
                let shown = plain[usize::try_from(line).unwrap() - 1];
                prop_assert!(shown == cell || shown.starts_with(&format!("{cell},")), "{:?} {} {}", text, line, shown);
            }
        }
    }

    #[test]
    fn a_quote_that_is_never_closed_is_found_where_it_opens() {
        for (text, expected) in [
            ("path,a\na.png,\"x\"\n", None),
            ("path,a\na.png,\"x, \"\"y\"\"\nz\"\nb.png,\n", None),
            ("path,a\na.png,5\" x\nb.png,\n", None),
            ("path,a\na.png,\"\"\nb.png,\"\"\"\"\n", None),
            ("path,a\na.png,x\nb.png,\"x\nc.png,y\n", Some(3)),
            ("path,a\r\na.png,x\r\nb.png,\"x\r\nc.png,y\r\n", Some(3)),
            ("path,a\ra.png,\"x\ry\"\rb.png,\"x\rc.png,y\r", Some(4)),
            ("\"path,a\na.png,x\n", Some(1)),
            ("path,a\na.png,\"x\"\"\nb.png,y\n", Some(2)),
            ("", None),
        ] {
            assert_eq!(find_open_quote(text.as_bytes(), b',').unwrap(), expected, "{text:?}");
        }
    }
}
