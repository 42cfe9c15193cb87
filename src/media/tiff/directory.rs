//! One directory of a TIFF: the tags that describe a page and where its strips or tiles are.
//!
//! Offsets and counts come from the file and are not trusted: every value is looked up within
//! the file, one at a time, so that no count decides how much memory is used. The `tiff`
//! library also reads directories (`Decoder::read_directory`), but not well enough for a list
//! of pages (`tiff` 0.11.3):
//!
//! 1. `Decoder::new` interprets the first directory as an image and fails where that is not
//!    one that it decodes: one without `PhotometricInterpretation`, as some fax machines write
//!    it, with a palette, or with inconsistent strips. No other page of such a file can be
//!    reached.
//! 2. A file that ends behind the entries of its last directory, before the link to the next
//!    one, loses that page: `read_directory` fails.
//! 3. In a BigTIFF, an entry of an unknown type makes it read the entries behind it from wrong
//!    offsets: it skips 12 of the 20 bytes.
//! 4. A chain of directories that leads back is an error, raised before the page that has the
//!    link is returned.
//!
//! Nor does it decode what document systems write: palettes, tiles with LZW, alpha of grey,
//! reversed bits, Lab, planar tiles; it fails where byte counts are missing or 0, and it applies a
//! predictor to data of every compression. Tests below check the first three statements.

use super::byte_layout::ByteLayout;
use tiff::tags::{CompressionMethod, PlanarConfiguration, Tag, Type};

/// The tag `T4Options`, which has no name in the library.
const T4_OPTIONS: u16 = 292;
/// Entries of a directory that are read.
const MAX_ENTRIES: u64 = 4096;
/// Values of an entry that are read: strips of a page.
const MAX_VALUES: u64 = 1 << 20;
/// Samples of a pixel whose tags are read.
const MAX_SAMPLES: usize = 64;

/// The tags of a directory that are needed to list and decode its page.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// `Compression`.
    pub(crate) compression: u64,
    /// `PhotometricInterpretation`.
    pub(crate) photometric: Option<u64>,
    /// `FillOrder`: 2 if the bits of each byte are reversed.
    pub(crate) fill_order: u64,
    /// `Orientation`, with the values of Exif.
    pub(crate) orientation: u64,
    pub(crate) rows_per_strip: u32,
    /// `TileWidth` and `TileLength`; 0 if missing.
    pub(crate) tile: (u32, u32),
    /// The first value of `BitsPerSample`.
    pub(crate) bits_per_sample: u64,
    /// Whether all samples have this many bits.
    pub(crate) has_equal_bits: bool,
    /// `SamplesPerPixel`.
    pub(crate) samples_per_pixel: u64,
    /// The first value of `SampleFormat`: 1 and 4 for unsigned, 2 for signed numbers.
    pub(crate) sample_format: u64,
    /// `Predictor`.
    pub(crate) predictor: u64,
    /// `YCbCrSubSampling`: across and down.
    pub(crate) subsampling: (u64, u64),
    /// `T4Options`: bit 0 is set for two-dimensional coding.
    pub(crate) fax_options: u64,
    pub(crate) is_tiled: bool,
    /// Whether each channel has its own strips or tiles.
    pub(crate) is_planar: bool,
    /// `ExtraSamples`: 1 for premultiplied alpha, 2 for other alpha.
    pub(crate) extra_samples: Vec<u64>,
    /// `NewSubfileType`: bit 0 is set for a thumbnail, bit 2 for a mask.
    subfile_type: u64,
    /// `XResolution` and `YResolution`; 0 if missing.
    resolution: (f64, f64),
    pub(crate) layout: ByteLayout,
    /// The entries whose values are read when a page is decoded.
    pub(crate) offsets: Option<TagEntry>,
    pub(crate) byte_counts: Option<TagEntry>,
    pub(crate) color_map: Option<TagEntry>,
    pub(crate) jpeg_tables: Option<TagEntry>,
}

/// An entry of a directory: the values of one tag.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TagEntry {
    /// The size of a value in bytes.
    value_size: u64,
    /// The number of values.
    count: u64,
    /// Where the values are in the file.
    values_offset: u64,
}

impl TagEntry {
    /// Reads the entry at `offset`, and its tag. `None`: it is not in the file. The inner
    /// `None`: its type is unknown.
    fn read(bytes: &[u8], layout: ByteLayout, offset: u64) -> Option<(u16, Option<Self>)> {
        let number = |at: u64, size: u64| layout.number(bytes, at, size);
        let tag = u16::try_from(number(offset, 2)?).ok()?;
        let value_size = match u16::try_from(number(offset + 2, 2)?).ok().and_then(Type::from_u16) {
            Some(Type::BYTE | Type::ASCII | Type::SBYTE | Type::UNDEFINED) => 1,
            Some(Type::SHORT | Type::SSHORT) => 2,
            Some(Type::LONG | Type::SLONG | Type::FLOAT | Type::IFD) => 4,
            Some(_) => 8,
            None => return Some((tag, None)),
        };
        let room = layout.offset_size();
        let count = number(offset + 4, room)?;
        let value_field = offset + 4 + room;
        let is_inline = count.checked_mul(value_size)? <= room;
        let values_offset = if is_inline { value_field } else { number(value_field, room)? };
        Some((tag, Some(Self { value_size, count, values_offset })))
    }

    /// The first value, if it is in the file.
    fn value(self, bytes: &[u8], layout: ByteLayout) -> Option<u64> {
        layout.number(bytes, self.values_offset, self.value_size)
    }

    /// The values; `None` for one that is not in the file.
    pub(crate) fn values(self, bytes: &[u8], layout: ByteLayout) -> impl Iterator<Item = Option<u64>> {
        (0..self.count.min(MAX_VALUES))
            .map(move |at| layout.number(bytes, self.values_offset.checked_add(at * self.value_size)?, self.value_size))
    }

    /// The values as they are in the file; `None` if they are not in it.
    pub(crate) fn raw(self, bytes: &[u8]) -> Option<&[u8]> {
        let start = usize::try_from(self.values_offset).ok()?;
        let size = usize::try_from(self.count.checked_mul(self.value_size)?).ok()?;
        bytes.get(start..start.checked_add(size)?)
    }

    /// The first value as a fraction; 0 if it is not in the file.
    fn ratio(self, bytes: &[u8], layout: ByteLayout) -> f64 {
        let part = |at: u64| layout.number(bytes, self.values_offset.checked_add(at)?, 4);
        #[expect(clippy::cast_precision_loss, reason = "32-bit numbers")]
        part(0).zip(part(4)).map_or(0.0, |(over, under)| over as f64 / under as f64)
    }
}

impl Directory {
    /// Reads the directory at `offset`, and the offset of the next one (0: there is none).
    /// `None`: it is not in the file.
    pub(crate) fn read(bytes: &[u8], layout: ByteLayout, offset: u64) -> Option<(Self, u64)> {
        let entry_size = 4 + 2 * layout.offset_size();
        let count = layout.number(bytes, offset, layout.count_size())?;
        let first = offset.checked_add(layout.count_size())?;
        let mut directory = Self::without_entries(layout);
        for at in 0..count.min(MAX_ENTRIES) {
            let (tag, entry) = TagEntry::read(bytes, layout, first.checked_add(at * entry_size)?)?;
            if let Some(entry) = entry {
                directory.apply(bytes, tag, entry);
            }
        }
        let link = first.checked_add(count.checked_mul(entry_size)?)?;
        Some((directory, layout.number(bytes, link, layout.offset_size()).unwrap_or(0)))
    }

    /// A directory with the default of each tag.
    fn without_entries(layout: ByteLayout) -> Self {
        Self {
            width: 0,
            height: 0,
            compression: CompressionMethod::None.to_u16().into(),
            photometric: None,
            fill_order: 1,
            orientation: 1,
            rows_per_strip: u32::MAX,
            tile: (0, 0),
            bits_per_sample: 1,
            has_equal_bits: true,
            samples_per_pixel: 1,
            sample_format: 1,
            predictor: 1,
            subsampling: (2, 2),
            fax_options: 0,
            is_tiled: false,
            is_planar: false,
            extra_samples: Vec::new(),
            subfile_type: 0,
            resolution: (0.0, 0.0),
            layout,
            offsets: None,
            byte_counts: None,
            color_map: None,
            jpeg_tables: None,
        }
    }

    fn apply(&mut self, bytes: &[u8], tag: u16, entry: TagEntry) {
        let layout = self.layout;
        let value = || entry.value(bytes, layout);
        let small = || value().and_then(|value| u32::try_from(value).ok());
        let Some(tag) = Tag::from_u16(tag) else {
            if tag == T4_OPTIONS {
                self.fax_options = value().unwrap_or(0);
            }
            return;
        };
        match tag {
            Tag::NewSubfileType => self.subfile_type = value().unwrap_or(0),
            Tag::ImageWidth => self.width = small().unwrap_or(0),
            Tag::ImageLength => self.height = small().unwrap_or(0),
            Tag::Compression => self.compression = value().unwrap_or(CompressionMethod::None.to_u16().into()),
            Tag::PhotometricInterpretation => self.photometric = value(),
            Tag::BitsPerSample => {
                self.bits_per_sample = value().unwrap_or(1);
                self.has_equal_bits =
                    entry.values(bytes, layout).take(MAX_SAMPLES).all(|bits| bits == Some(self.bits_per_sample));
            }
            Tag::SamplesPerPixel => self.samples_per_pixel = value().unwrap_or(1),
            Tag::SampleFormat => self.sample_format = value().unwrap_or(1),
            Tag::Predictor => self.predictor = value().unwrap_or(1),
            Tag::ChromaSubsampling => {
                let mut factors = entry.values(bytes, layout).map(|factor| factor.unwrap_or(0));
                self.subsampling = (factors.next().unwrap_or(2), factors.next().unwrap_or(2));
            }
            Tag::FillOrder => self.fill_order = value().unwrap_or(1),
            Tag::Orientation => self.orientation = value().unwrap_or(1),
            Tag::RowsPerStrip => self.rows_per_strip = small().unwrap_or(u32::MAX),
            Tag::XResolution => self.resolution.0 = entry.ratio(bytes, layout),
            Tag::YResolution => self.resolution.1 = entry.ratio(bytes, layout),
            Tag::PlanarConfiguration => {
                self.is_planar = value() == Some(PlanarConfiguration::Planar.to_u16().into());
            }
            Tag::ExtraSamples => {
                self.extra_samples = entry.values(bytes, layout).take(MAX_SAMPLES).flatten().collect();
            }
            Tag::ColorMap => self.color_map = Some(entry),
            Tag::JPEGTables => self.jpeg_tables = Some(entry),
            Tag::TileWidth => {
                self.is_tiled = true;
                self.tile.0 = small().unwrap_or(0);
            }
            Tag::TileLength => self.tile.1 = small().unwrap_or(0),
            Tag::StripOffsets | Tag::TileOffsets => self.offsets = Some(entry),
            Tag::StripByteCounts | Tag::TileByteCounts => self.byte_counts = Some(entry),
            _ => {}
        }
    }

    /// Whether this is a page, and not a thumbnail or the mask of another page.
    pub(crate) fn is_page(&self) -> bool {
        !self.is_part_of_page() && self.width > 0 && self.height > 0
    }

    /// Whether this is a thumbnail or the mask of another page.
    pub(crate) fn is_part_of_page(&self) -> bool {
        self.subfile_type & 0b101 != 0
    }

    /// Whether this has no part of a picture.
    pub(crate) fn is_empty(&self) -> bool {
        self.width == 0 && self.height == 0 && self.offsets.is_none()
    }

    /// Width and height with square pixels: a fax of normal resolution has twice as many
    /// pixels an inch across as down.
    pub(crate) fn shown_size(&self) -> (u32, u32) {
        let (across, down) = self.resolution;
        let ratio = across / down;
        let is_stretched = ratio.is_finite() && (1.2..=4.0).contains(&ratio);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most four times a height")]
        let height = if is_stretched { (f64::from(self.height) * ratio).round() as u32 } else { self.height };
        (self.width, height)
    }

    /// Whether the compression is one of these.
    pub(crate) fn is_compressed_with(&self, methods: &[CompressionMethod]) -> bool {
        methods.iter().any(|method| self.compression == u64::from(method.to_u16()))
    }
}

#[cfg(test)]
mod tests;
