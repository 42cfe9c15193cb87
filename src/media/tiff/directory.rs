//! One directory of a TIFF: the tags that tell what a page is and where its strips stand.
//! Nothing is believed: every place is looked up within the file.

use super::window::Window;
use weezl::BitOrder;
use weezl::decode::Decoder as Lzw;

/// Byte order and width of a file's numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    is_little: bool,
    /// 64-bit offsets.
    is_big: bool,
}

/// A directory's tags, as far as they are needed.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    pub(crate) offset: u64,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) compression: u64,
    pub(crate) photometric: u64,
    pub(crate) fill_order: u64,
    pub(crate) orientation: u64,
    pub(crate) rows_per_strip: u32,
    pub(crate) fax_options: u64,
    pub(crate) is_tiled: bool,
    /// Each channel has strips or tiles of its own.
    pub(crate) is_planar: bool,
    /// What a fourth channel is: 1 alpha that colours were multiplied with, 2 other alpha.
    pub(crate) extra: u64,
    kind: u64,
    /// Dots in a unit across and down; 0: unknown.
    resolution: (f64, f64),
    strips: Option<Entry>,
    sizes: Option<Entry>,
    colours: Option<Entry>,
    /// Where the values of compression and photometric stand.
    places: (Option<Entry>, Option<Entry>),
    layout: Layout,
}

/// Values of a tag: their size in bytes, how many, and where they stand.
#[derive(Clone, Copy, Debug)]
struct Entry {
    size: u64,
    count: u64,
    place: u64,
    /// Where the directory says so.
    tag: u64,
}

/// Most tags that are read of a directory.
const MOST_TAGS: u64 = 4096;
/// Most strips of a page.
const MOST_STRIPS: u64 = 1 << 20;

impl Layout {
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let is_little = bytes.starts_with(b"II");
        let layout = Self { is_little, is_big: false };
        Some(Self { is_little, is_big: layout.number(bytes, 2, 2)? == 43 })
    }

    /// Where the first directory stands.
    pub(crate) fn first(self, bytes: &[u8]) -> Option<u64> {
        if self.is_big { self.number(bytes, 8, 8) } else { self.number(bytes, 4, 4) }
    }

    /// A file header that names another first directory.
    pub(crate) fn head_for(self, offset: u64) -> Vec<u8> {
        let mark = if self.is_little { b"II" } else { b"MM" }.to_vec();
        let numbers: &[(u64, u64)] =
            if self.is_big { &[(43, 2), (8, 2), (0, 2), (offset, 8)] } else { &[(42, 2), (offset, 4)] };
        numbers.iter().fold(mark, |head, (number, size)| [head, self.digits(*number, *size)].concat())
    }

    fn number(self, bytes: &[u8], at: u64, size: u64) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let digits = bytes.get(at..at.checked_add(usize::try_from(size).ok()?)?)?;
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if self.is_little { digits.iter().rev().fold(0, add) } else { digits.iter().fold(0, add) })
    }

    /// A number of `size` bytes, in the file's order.
    fn digits(self, number: u64, size: u64) -> Vec<u8> {
        let mut digits = number.to_be_bytes().to_vec();
        digits.drain(..8 - usize::try_from(size).unwrap_or(8).min(8));
        if self.is_little {
            digits.reverse();
        }
        digits
    }

    fn values(self, bytes: &[u8], entry: Entry) -> impl Iterator<Item = Option<u64>> {
        (0..entry.count.min(MOST_STRIPS)).map(move |at| self.number(bytes, entry.place + at * entry.size, entry.size))
    }
}

impl Directory {
    /// The directory at `offset`, and where the next one stands (0: nowhere).
    pub(crate) fn read(bytes: &[u8], layout: Layout, offset: u64) -> Option<(Self, u64)> {
        let (count_size, entry_size, field) = if layout.is_big { (8, 20, 8) } else { (2, 12, 4) };
        let count = layout.number(bytes, offset, count_size)?;
        let mut directory = Self {
            offset,
            width: 0,
            height: 0,
            compression: 1,
            photometric: 0,
            fill_order: 1,
            orientation: 1,
            rows_per_strip: u32::MAX,
            fax_options: 0,
            is_tiled: false,
            is_planar: false,
            extra: 0,
            kind: 0,
            resolution: (0.0, 0.0),
            strips: None,
            sizes: None,
            colours: None,
            places: (None, None),
            layout,
        };
        for at in 0..count.min(MOST_TAGS) {
            let place = offset.checked_add(count_size)?.checked_add(at * entry_size)?;
            let tag = layout.number(bytes, place, 2)?;
            let size = match layout.number(bytes, place + 2, 2)? {
                1 | 2 | 6 | 7 => 1,
                3 | 8 => 2,
                4 | 9 | 11 | 13 => 4,
                5 | 10 | 12 | 16 | 17 | 18 => 8,
                _ => continue,
            };
            let count = layout.number(bytes, place + 4, field)?;
            let inline = place + 4 + field;
            let fits = count.checked_mul(size)? <= field;
            let entry = Entry {
                size,
                count,
                place: if fits { inline } else { layout.number(bytes, inline, field)? },
                tag: place,
            };
            directory.take(bytes, tag, entry);
        }
        let next = layout.number(bytes, offset + count_size + count.checked_mul(entry_size)?, field).unwrap_or(0);
        Some((directory, next))
    }

    fn take(&mut self, bytes: &[u8], tag: u64, entry: Entry) {
        let value = || self.layout.number(bytes, entry.place, entry.size);
        let small = || value().and_then(|value| u32::try_from(value).ok());
        let ratio = || {
            let part = |at: u64| self.layout.number(bytes, entry.place + at, 4);
            #[expect(clippy::cast_precision_loss, reason = "32-bit numbers")]
            part(0).zip(part(4)).map_or(0.0, |(over, under)| over as f64 / under as f64)
        };
        match tag {
            254 => self.kind = value().unwrap_or(0),
            256 => self.width = small().unwrap_or(0),
            257 => self.height = small().unwrap_or(0),
            259 => (self.compression, self.places.0) = (value().unwrap_or(1), Some(entry)),
            262 => (self.photometric, self.places.1) = (value().unwrap_or(0), Some(entry)),
            266 => self.fill_order = value().unwrap_or(1),
            273 => self.strips = Some(entry),
            274 => self.orientation = value().unwrap_or(1),
            278 => self.rows_per_strip = small().unwrap_or(u32::MAX),
            279 => self.sizes = Some(entry),
            282 => self.resolution.0 = ratio(),
            283 => self.resolution.1 = ratio(),
            284 => self.is_planar = value() == Some(2),
            338 => self.extra = value().unwrap_or(0),
            292 => self.fax_options = value().unwrap_or(0),
            320 => self.colours = Some(entry),
            322 => self.is_tiled = true,
            324 => self.strips = Some(entry),
            325 => self.sizes = Some(entry),
            _ => {}
        }
    }

    /// Whether this is a page: no thumbnail, no mask of another.
    pub(crate) fn is_page(&self) -> bool {
        self.kind & 0b101 == 0 && self.width > 0 && self.height > 0
    }

    /// Pixels across and down of the page as it should look: a fax of normal resolution
    /// has twice as many dots across as down.
    pub(crate) fn shown_size(&self) -> (u32, u32) {
        let (across, down) = self.resolution;
        let ratio = across / down;
        let is_stretched = ratio.is_finite() && (1.2..=4.0).contains(&ratio);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most four times a height")]
        let height = if is_stretched { (f64::from(self.height) * ratio).round() as u32 } else { self.height };
        (self.width, height)
    }

    /// Whether samples are indices of a palette.
    pub(crate) fn has_palette(&self) -> bool {
        self.photometric == 3
    }

    /// Smooths what the `tiff` library stumbles over: palettes pass as grey, and tiles in
    /// LZW, of which it loses the end, are unpacked. `None`: the file is cut short.
    pub(crate) fn smooth(&self, bytes: &[u8], window: &mut Window<'_>) -> Option<()> {
        if let (true, Some(place)) = (self.has_palette(), self.places.1) {
            window.change(place.place, self.layout.digits(1, place.size));
        }
        let (true, 5) = (self.is_tiled, self.compression) else { return Some(()) };
        let (compression, places, sizes) = (self.places.0?, self.strips?, self.sizes?);
        window.change(compression.place, self.layout.digits(1, compression.size));
        let (mut starts, mut lengths) = (Vec::new(), Vec::new());
        for tile in self.strips(bytes) {
            let mut unpacked = Vec::new();
            let mut decoder = Lzw::with_tiff_size_switch(BitOrder::Msb, 8);
            decoder.into_vec(&mut unpacked).decode_all(tile?).status.ok()?;
            starts.push(window.append(&unpacked));
            lengths.push(unpacked.len() as u64);
        }
        self.rewrite(window, places, &starts);
        self.rewrite(window, sizes, &lengths);
        Some(())
    }

    /// Gives a tag these values, as wide as offsets are.
    fn rewrite(&self, window: &mut Window<'_>, entry: Entry, values: &[u64]) {
        let (kind, field) = if self.layout.is_big { (16, 8) } else { (4, 4) };
        let bytes: Vec<u8> = values.iter().flat_map(|value| self.layout.digits(*value, field)).collect();
        window.change(entry.tag + 2, self.layout.digits(kind, 2));
        window.change(entry.tag + 4, self.layout.digits(values.len() as u64, field));
        let inline = entry.tag + 4 + field;
        if values.len() == 1 {
            window.change(inline, bytes);
        } else {
            let place = window.append(&bytes);
            window.change(inline, self.layout.digits(place, field));
        }
    }

    /// The bytes of each strip or tile; `None` for one that is not in the file.
    pub(crate) fn strips<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Option<&'a [u8]>> {
        let none = Entry { size: 4, count: 0, place: 0, tag: 0 };
        let starts = self.layout.values(bytes, self.strips.unwrap_or(none));
        let sizes = self.layout.values(bytes, self.sizes.unwrap_or(none));
        starts.zip(sizes).map(|(start, size)| {
            let start = usize::try_from(start?).ok()?;
            bytes.get(start..start.checked_add(usize::try_from(size?).ok()?)?)
        })
    }

    /// Palette indices as RGB.
    pub(crate) fn colours(&self, bytes: &[u8], indices: &[u8]) -> Option<Vec<u8>> {
        let table: Vec<u64> = self.layout.values(bytes, self.colours?).collect::<Option<_>>()?;
        // Tones have 16 bits; some programs write 8.
        let shift = if table.iter().all(|value| *value < 256) { 0 } else { 8 };
        let (plane, tone) = (table.len() / 3, |value: u64| u8::try_from(value >> shift).unwrap_or(255));
        let colour = |index: &u8| {
            let at = usize::from(*index).min(plane.saturating_sub(1));
            [0, 1, 2].map(|channel| table.get(channel * plane + at).map_or(0, |value| tone(*value)))
        };
        Some(indices.iter().flat_map(colour).collect())
    }
}
