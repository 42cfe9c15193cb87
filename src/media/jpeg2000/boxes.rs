//! The boxes of a JPEG 2000 file. Source: ITU-T T.800, annex I.

/// One box of a file.
pub(crate) struct Jp2Box<'b> {
    /// The type, such as `jp2c`.
    pub(crate) kind: [u8; 4],
    /// The content, as far as it is in the file.
    pub(crate) content: &'b [u8],
    /// Whether all of the content is in the file.
    pub(crate) is_whole: bool,
}

/// The boxes of a file, up to one that can't be read.
pub(crate) struct Boxes<'b> {
    bytes: &'b [u8],
}

impl<'b> Boxes<'b> {
    /// The boxes that `bytes` begin with.
    pub(crate) fn parse(bytes: &'b [u8]) -> Self {
        Self { bytes }
    }
}

impl<'b> Iterator for Boxes<'b> {
    type Item = Jp2Box<'b>;

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.bytes;
        let &[l0, l1, l2, l3, k0, k1, k2, k3] = bytes.first_chunk()?;
        let (head, length) = match u32::from_be_bytes([l0, l1, l2, l3]) {
            // To the end of the file.
            0 => (8, bytes.len()),
            1 => (16, usize::try_from(u64::from_be_bytes(*bytes.get(8..)?.first_chunk()?)).ok()?),
            length => (8, usize::try_from(length).ok()?),
        };
        if length < head {
            return None;
        }
        let is_whole = length <= bytes.len();
        let end = length.min(bytes.len());
        self.bytes = bytes.get(end..)?;
        Some(Jp2Box { kind: [k0, k1, k2, k3], content: bytes.get(head..end)?, is_whole })
    }
}
