//! Builds small TIFFs.

/// A TIFF of one page, little-endian.
pub(crate) struct Tiff {
    tags: Vec<(u16, Vec<u32>)>,
    strips: Vec<Vec<u8>>,
    /// The byte counts to write instead of the right ones; empty: none.
    pub(crate) byte_counts: Option<Vec<u32>>,
}

impl Tiff {
    pub(crate) fn new(width: u32, height: u32) -> Self {
        Self { tags: vec![(256, vec![width]), (257, vec![height])], strips: Vec::new(), byte_counts: None }
    }

    /// Gives a tag these values.
    pub(crate) fn tag(mut self, tag: u16, values: &[u32]) -> Self {
        self.tags.retain(|(other, _)| *other != tag);
        self.tags.push((tag, values.to_vec()));
        self
    }

    /// Adds the data of a strip or tile.
    pub(crate) fn strip(mut self, data: Vec<u8>) -> Self {
        self.strips.push(data);
        self
    }

    /// The file: data, then the directory.
    pub(crate) fn build(&self) -> Vec<u8> {
        let data_size: usize = self.strips.iter().map(Vec::len).sum();
        let data: Vec<u8> = self.strips.concat();
        let directory = self.directory(8, 8 + data_size);
        [&b"II*\0"[..], &(8 + data_size as u32).to_le_bytes(), &data, &directory].concat()
    }

    /// The file: the directory, then data.
    pub(crate) fn build_with_data_last(&self) -> Vec<u8> {
        let size = self.directory(0, 8).len();
        let directory = self.directory(8 + size, 8);
        [&b"II*\0"[..], &8_u32.to_le_bytes(), &directory, &self.strips.concat()].concat()
    }

    /// The directory at `at`, and the values that its entries have no room for.
    fn directory(&self, data_at: usize, at: usize) -> Vec<u8> {
        let mut start = data_at as u32;
        let mut offsets = Vec::new();
        for strip in &self.strips {
            offsets.push(start);
            start += strip.len() as u32;
        }
        let right = self.strips.iter().map(|strip| strip.len() as u32).collect();
        let is_tiled = self.tags.iter().any(|(tag, _)| *tag == 322);
        let mut tags = self.tags.clone();
        tags.push((if is_tiled { 324 } else { 273 }, offsets));
        let counts = self.byte_counts.clone().unwrap_or(right);
        if !counts.is_empty() {
            tags.push((if is_tiled { 325 } else { 279 }, counts));
        }
        tags.sort();
        let mut values_at = (at + 2 + tags.len() * 12 + 4) as u32;
        let (mut entries, mut values) = ((tags.len() as u16).to_le_bytes().to_vec(), Vec::new());
        for (tag, numbers) in &tags {
            let is_long = [273, 279, 324, 325].contains(tag);
            let bytes: Vec<u8> = numbers
                .iter()
                .flat_map(|number| number.to_le_bytes()[..if is_long { 4 } else { 2 }].to_vec())
                .collect();
            entries.extend(tag.to_le_bytes());
            entries.extend(if is_long { 4_u16 } else { 3 }.to_le_bytes());
            entries.extend((numbers.len() as u32).to_le_bytes());
            if bytes.len() <= 4 {
                entries.extend(&bytes);
                entries.resize(entries.len() + 4 - bytes.len(), 0);
            } else {
                entries.extend(values_at.to_le_bytes());
                values_at += bytes.len() as u32;
                values.extend(bytes);
            }
        }
        entries.extend([0; 4]);
        [entries, values].concat()
    }
}

/// Packs bytes without looking for runs (`PackBits`).
pub(crate) fn pack_bits(data: &[u8]) -> Vec<u8> {
    data.chunks(128).flat_map(|chunk| [&[(chunk.len() - 1) as u8], chunk].concat()).collect()
}

/// A file (little-endian) in whose first directory the entry of a tag has another tag, or another
/// value.
pub(crate) fn patch_tag(bytes: &[u8], tag: u16, to: u16, value: Option<u32>) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let at = u32::from_le_bytes(bytes[4..8].try_into().unwrap()) as usize;
    let count = usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
    let entry =
        (0..count).map(|index| at + 2 + index * 12).find(|entry| bytes[*entry..*entry + 2] == tag.to_le_bytes());
    let entry = entry.unwrap_or_else(|| panic!("the file has no tag {tag}"));
    out[entry..entry + 2].copy_from_slice(&to.to_le_bytes());
    if let Some(value) = value {
        let kind = u16::from_le_bytes([bytes[entry + 2], bytes[entry + 3]]);
        let size = if kind == 3 && value < 65536 { 2 } else { 4 };
        if size == 4 {
            out[entry + 2..entry + 4].copy_from_slice(&4_u16.to_le_bytes());
        }
        out[entry + 8..entry + 8 + size].copy_from_slice(&value.to_le_bytes()[..size]);
    }
    out
}
