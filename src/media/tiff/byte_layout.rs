//! The byte order of a TIFF, and whether it is a BigTIFF. Source: TIFF 6.0, section 2; the
//! BigTIFF design.

/// How a file stores numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteLayout {
    is_little_endian: bool,
    is_big_tiff: bool,
}

impl ByteLayout {
    /// Reads the layout from the header; `None` if the file is cut short.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let layout = Self { is_little_endian: bytes.starts_with(b"II"), is_big_tiff: false };
        Some(Self { is_big_tiff: layout.number(bytes, 2, 2)? == 43, ..layout })
    }

    /// The offset of the first directory.
    pub(crate) fn first_directory(self, bytes: &[u8]) -> Option<u64> {
        self.number(bytes, self.offset_size(), self.offset_size())
    }

    /// The size of the number of entries of a directory, in bytes.
    pub(crate) fn count_size(self) -> u64 {
        if self.is_big_tiff { 8 } else { 2 }
    }

    /// The size of an offset, of the number of values of an entry, and of the values that an
    /// entry has room for, in bytes.
    pub(crate) fn offset_size(self) -> u64 {
        if self.is_big_tiff { 8 } else { 4 }
    }

    /// The number of `size` bytes at offset `at`; `None` if that is not in the file.
    pub(crate) fn number(self, bytes: &[u8], at: u64, size: u64) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let digits = bytes.get(at..at.checked_add(usize::try_from(size).ok()?)?)?;
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if self.is_little_endian { digits.iter().rev().fold(0, add) } else { digits.iter().fold(0, add) })
    }

    /// The number that two bytes are.
    pub(crate) fn word(self, bytes: [u8; 2]) -> u16 {
        if self.is_little_endian { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) }
    }

    /// A number as two bytes.
    pub(crate) fn word_bytes(self, number: u16) -> [u8; 2] {
        if self.is_little_endian { number.to_le_bytes() } else { number.to_be_bytes() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A number as `size` bytes.
    fn encode(layout: ByteLayout, number: u64, size: u64) -> Vec<u8> {
        let size = size as usize;
        if layout.is_little_endian {
            number.to_le_bytes()[..size].to_vec()
        } else {
            number.to_be_bytes()[8 - size..].to_vec()
        }
    }

    proptest! {
        #[test]
        fn numbers_and_headers_can_be_read_back(
            is_little_endian: bool, is_big_tiff: bool, number: u64, size in 1_u64..9, before in prop::collection::vec(any::<u8>(), 0..9),
        ) {
            let layout = ByteLayout { is_little_endian, is_big_tiff };
            let number = number >> (64 - 8 * size);
            let bytes = [before.clone(), encode(layout, number, size)].concat();
            prop_assert_eq!(layout.number(&bytes, before.len() as u64, size), Some(number));
            prop_assert_eq!(layout.number(&bytes, before.len() as u64 + 1, size), None);
            let offset = number >> if is_big_tiff { 0 } else { 32 };
            let mark = if is_little_endian { b"II" } else { b"MM" }.to_vec();
            let numbers: &[(u64, u64)] =
                if is_big_tiff { &[(43, 2), (8, 2), (0, 2), (offset, 8)] } else { &[(42, 2), (offset, 4)] };
            let header = numbers.iter().fold(mark, |head, (number, size)| [head, encode(layout, *number, *size)].concat());
            prop_assert_eq!(ByteLayout::read(&header), Some(layout));
            prop_assert_eq!(layout.first_directory(&header), Some(offset));
        }
    }

    #[test]
    fn offsets_beyond_any_file_are_not_read() {
        let layout = ByteLayout { is_little_endian: true, is_big_tiff: true };
        for at in [16, u64::MAX - 7, u64::MAX] {
            assert_eq!(layout.number(&[0; 16], at, 8), None);
        }
    }
}
