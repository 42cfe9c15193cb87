//! Text files as other programs write them: spreadsheets and shells write a byte order mark, and some
//! of them UTF-16.

use std::io::{BufReader, Error, ErrorKind, Read, Result, Seek, SeekFrom};

/// Bytes that are read at once.
const BLOCK_BYTES: usize = 8192;

/// Reads a text as UTF-8, without its byte order mark. A file that begins with the mark of UTF-16
/// is converted; any other is passed through unchanged.
#[derive(Debug)]
pub struct TextReader<R> {
    inner: BufReader<R>,
    /// Length of the byte order mark.
    mark: u64,
    encoding: Encoding,
    /// Converted text, of which the part from `at` has not been read.
    text: Vec<u8>,
    at: usize,
    /// The beginning of a character that has not been read completely.
    rest: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    /// UTF-8, or bytes that are not text.
    Bytes,
    Utf16 {
        is_big_endian: bool,
    },
}

impl<R: Read + Seek> TextReader<R> {
    /// A reader of the text from its beginning.
    ///
    /// # Errors
    /// When it can't be read, or is UTF-32.
    pub fn new(inner: R) -> Result<Self> {
        let mut inner = BufReader::new(inner);
        inner.seek(SeekFrom::Start(0))?;
        let mut start = Vec::new();
        inner.by_ref().take(4).read_to_end(&mut start)?;
        let (mark, encoding) = match start.as_slice() {
            [0xff, 0xfe, 0, 0] | [0, 0, 0xfe, 0xff] => {
                return Err(Error::new(ErrorKind::InvalidData, "it is UTF-32; save it as UTF-8"));
            }
            [0xef, 0xbb, 0xbf, ..] => (3, Encoding::Bytes),
            [0xff, 0xfe, ..] => (2, Encoding::Utf16 { is_big_endian: false }),
            [0xfe, 0xff, ..] => (2, Encoding::Utf16 { is_big_endian: true }),
            _ => (0, Encoding::Bytes),
        };
        let mut reader = Self { inner, mark, encoding, text: Vec::new(), at: 0, rest: Vec::new() };
        reader.rewind()?;
        Ok(reader)
    }

    /// Begins again.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn rewind(&mut self) -> Result<()> {
        self.inner.seek(SeekFrom::Start(self.mark))?;
        (self.text, self.at, self.rest) = (Vec::new(), 0, Vec::new());
        Ok(())
    }
}

impl<R: Read> TextReader<R> {
    /// Converts the next block. Returns whether there was one.
    fn convert_block(&mut self, is_big_endian: bool) -> Result<bool> {
        let invalid = || Error::new(ErrorKind::InvalidData, "it is not valid UTF-16");
        let mut bytes = std::mem::take(&mut self.rest);
        let count = self.inner.by_ref().take(BLOCK_BYTES as u64).read_to_end(&mut bytes)?;
        if count == 0 {
            return if bytes.is_empty() { Ok(false) } else { Err(invalid()) };
        }
        let unit = |pair: &[u8]| match (pair, is_big_endian) {
            ([high, low], true) | ([low, high], false) => u16::from_be_bytes([*high, *low]),
            _ => 0,
        };
        let mut units: Vec<u16> = bytes.chunks_exact(2).map(unit).collect();
        // The second half of a pair may be in the next block.
        units.pop_if(|last| (0xd800..0xdc00).contains(last));
        self.rest = bytes.split_off(units.len() * 2);
        let text: String = char::decode_utf16(units).collect::<std::result::Result<_, _>>().map_err(|_| invalid())?;
        (self.text, self.at) = (text.into_bytes(), 0);
        Ok(true)
    }
}

impl<R: Read> Read for TextReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let Encoding::Utf16 { is_big_endian } = self.encoding else { return self.inner.read(buffer) };
        while self.at == self.text.len() {
            if !self.convert_block(is_big_endian)? {
                return Ok(0);
            }
        }
        let count = self.text.len().saturating_sub(self.at).min(buffer.len());
        buffer[..count].copy_from_slice(&self.text[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn read(bytes: &[u8]) -> std::result::Result<Vec<u8>, String> {
        let mut reader = TextReader::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
        let (mut first, mut second) = (Vec::new(), Vec::new());
        reader.read_to_end(&mut first).map_err(|error| error.to_string())?;
        reader.rewind().unwrap();
        reader.read_to_end(&mut second).unwrap();
        assert_eq!(first, second, "read again");
        Ok(first)
    }

    fn utf16(text: &str, is_big_endian: bool) -> Vec<u8> {
        let bytes = |unit: u16| if is_big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
    }

    #[test]
    fn encodings() {
        for (bytes, expected) in [
            (&b"a\xff"[..], Ok(&b"a\xff"[..])),
            (b"", Ok(b"")),
            (b"\xef\xbb\xbfa", Ok(b"a")),
            (b"\xef\xbba", Ok(b"\xef\xbba")),
            (b"\xff\xfea\0", Ok(b"a")),
            (b"\xfe\xff\0a", Ok(b"a")),
            (b"\xff\xfe", Ok(b"")),
            (b"\xff\xfea", Err("it is not valid UTF-16")),
            (b"\xff\xfe\0\xd8", Err("it is not valid UTF-16")),
            (b"\xff\xfe\0\xdca\0", Err("it is not valid UTF-16")),
            (b"\xff\xfe\0\0a\0\0\0", Err("it is UTF-32; save it as UTF-8")),
        ] {
            assert_eq!(read(bytes), expected.map(<[u8]>::to_vec).map_err(str::to_owned), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn all_text_is_converted(text in "[a\u{e9}\u{20ac}\u{1f642}\n]{0,6}", times in 1_usize..3000, is_big_endian in any::<bool>()) {
            let text = text.repeat(times);
            prop_assert_eq!(read(&utf16(&text, is_big_endian)).unwrap(), text.as_bytes());
        }
    }
}
