//! Fax pages (CCITT Group 3 and 4): decodes run lengths directly into a downscaled grey
//! picture, without the full-size bitmap.
//!
//! Every pixel of the result is the exact mean of the area that it covers. The arithmetic is
//! in integers: positions are multiples of a source pixel divided by the target width, so
//! that every border between target pixels is a whole number.

use super::fault::MediaFault;
use super::pixels::Pixels;
use hayro_ccitt::{DecodeSettings, Decoder, DecoderContext, EncodingMode, decode};

/// A fax page of one or more strips.
pub(crate) struct Fax<'a> {
    /// The settings of all strips, except for the number of rows.
    pub(crate) settings: DecodeSettings,
    /// The data of each strip, and its number of rows.
    pub(crate) strips: Vec<(&'a [u8], u32)>,
    /// Whether the runs that are coded as black are white.
    pub(crate) is_inverted: bool,
    /// Height in pixels.
    pub(crate) height: u32,
    /// How many rows may be missing although no mark states that the data ends there: they are white.
    pub(crate) max_missing_rows: u32,
}

impl Fax<'_> {
    /// The settings for this encoding and width, with the defaults of TIFF.
    pub(crate) fn default_settings(encoding: EncodingMode, columns: u32) -> DecodeSettings {
        DecodeSettings {
            columns,
            rows: 0,
            end_of_block: true,
            end_of_line: false,
            rows_are_byte_aligned: false,
            encoding,
            strict: false,
        }
    }

    /// Decodes the page at `target` (width, height), or at its own size where that is smaller.
    ///
    /// # Errors
    /// A page with too many missing rows.
    pub(crate) fn decode(&self, target: (u32, u32)) -> Result<Pixels, MediaFault> {
        let (columns, rows) = (self.settings.columns, self.height);
        let mut mean = AreaMean::new((columns, rows), (target.0.min(columns), target.1.min(rows)));
        let mut missing_rows = 0;
        for (data, strip_rows) in &self.strips {
            let wanted = (mean.row + strip_rows).min(rows);
            let mut context = DecoderContext::new(DecodeSettings { rows: *strip_rows, ..self.settings });
            // The rows before an error count: too many missing rows are the fault.
            let before = mean.row;
            let read = decode(data, &mut mean, &mut context).unwrap_or(0);
            let missing = wanted.saturating_sub(mean.row);
            // Data with an end mark is complete, whatever height the page states: what follows is
            // white, as libtiff shows it.
            if mean.row == before || !has_end_of_block(&data[..read.min(data.len())], self.settings.encoding) {
                missing_rows += missing;
            }
            if missing_rows > self.max_missing_rows {
                return Err(MediaFault::cut_short());
            }
            for _ in 0..missing {
                // White, which may be coded as black.
                mean.push_row(if self.is_inverted { &[0] } else { &[] });
            }
        }
        if mean.row < rows {
            return Err(MediaFault::damaged("the picture has too few rows"));
        }
        Ok(mean.finish(self.is_inverted))
    }
}

/// Whether decoded data ends with the end mark: two line ends, which Group 3 repeats, with
/// a bit after each if its lines have two dimensions.
fn has_end_of_block(data: &[u8], encoding: EncodingMode) -> bool {
    let (code, size) = match encoding {
        EncodingMode::Group3_2D => (0x6003, 26),
        EncodingMode::Group3_1D | EncodingMode::Group4 => (0x1001, 24),
    };
    let tail = data.iter().rev().take(5).rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    // Up to seven bits of padding follow.
    (0..8).any(|padding| tail >> padding & ((1 << size) - 1) == code)
}

/// Whether the data of Group 3 has line ends: eleven zeros and a one.
pub(crate) fn has_line_ends(data: &[u8]) -> bool {
    let (mut zeros, mut found) = (0, 0);
    for byte in data {
        if *byte == 0 {
            zeros += 8;
            continue;
        }
        if zeros + byte.leading_zeros() >= 11 {
            found += 1;
            // A single one may be padding before a code.
            if found > 2 {
                return true;
            }
        }
        zeros = byte.trailing_zeros();
    }
    false
}

/// Packs rows of runs into bits: 1 for the runs that are coded as black.
pub(crate) struct PackedRows {
    columns: u32,
    data: Vec<u8>,
}

impl PackedRows {
    /// Decodes all rows, each in whole bytes.
    ///
    /// # Errors
    /// Data with too few rows.
    pub(crate) fn decode(data: &[u8], settings: DecodeSettings) -> Result<Vec<u8>, MediaFault> {
        let mut rows = Self { columns: settings.columns, data: Vec::new() };
        let size = settings.columns.div_ceil(8) as usize * settings.rows as usize;
        let read = decode(data, &mut rows, &mut DecoderContext::new(settings)).unwrap_or(0);
        if rows.data.len() < size && !has_end_of_block(&data[..read.min(data.len())], settings.encoding) {
            return Err(MediaFault::cut_short());
        }
        rows.data.resize(size, 0);
        Ok(rows.data)
    }
}

impl Decoder for PackedRows {
    fn push_row(&mut self, changes: &[u32]) {
        let start = self.data.len();
        self.data.resize(start + self.columns.div_ceil(8) as usize, 0);
        let row = &mut self.data[start..];
        for run in changes.chunks(2) {
            for column in run[0]..run.get(1).copied().unwrap_or(self.columns) {
                if let Some(byte) = row.get_mut(column as usize / 8) {
                    *byte |= 0x80 >> (column % 8);
                }
            }
        }
    }
}

/// Reverses the bits of each byte, which undoes `FillOrder` 2 of TIFF.
pub(crate) fn reverse_bits(data: &[u8]) -> Vec<u8> {
    data.iter().map(|byte| byte.reverse_bits()).collect()
}

/// Downscales rows of runs to the mean of areas.
struct AreaMean {
    /// Source size.
    from: (u32, u32),
    /// Target size.
    to: (u32, u32),
    /// Source rows so far.
    row: u32,
    /// The black part of the current source row in each target column, in source pixels
    /// divided by `to.0`.
    line: Vec<u32>,
    /// The black part of the current target row in each column, weighted by the part of each
    /// source row that it covers.
    sums: Vec<u64>,
    data: Vec<u8>,
}

impl AreaMean {
    fn new(from: (u32, u32), to: (u32, u32)) -> Self {
        let to = (to.0.max(1), to.1.max(1));
        let width = to.0 as usize;
        Self {
            from,
            to,
            row: 0,
            line: vec![0; width],
            sums: vec![0; width],
            data: Vec::with_capacity(width * to.1 as usize),
        }
    }

    /// Adds a black run of source columns to the line.
    fn blacken(&mut self, start: u32, end: u32) {
        let (from, to) = (u64::from(self.from.0), u64::from(self.to.0));
        // In this unit a target pixel has the width `from`, and a source pixel the width `to`.
        let (mut at, end) = (u64::from(start) * to, u64::from(end) * to);
        while at < end {
            let column = at / from;
            let border = ((column + 1) * from).min(end);
            if let Some(cell) = usize::try_from(column).ok().and_then(|column| self.line.get_mut(column)) {
                *cell += u32::try_from(border - at).unwrap_or(u32::MAX);
            }
            at = border;
        }
    }

    /// Finishes a target row.
    fn emit(&mut self) {
        let full = u64::from(self.from.0) * u64::from(self.from.1);
        for sum in &mut self.sums {
            let black = (*sum * 255 + full / 2) / full;
            self.data.push(255 - u8::try_from(black).unwrap_or(255));
            *sum = 0;
        }
    }

    /// The picture. Rows that have not been pushed are white.
    fn finish(mut self, is_inverted: bool) -> Pixels {
        self.data.resize(self.to.0 as usize * self.to.1 as usize, 255);
        if is_inverted {
            self.data.iter_mut().for_each(|value| *value = 255 - *value);
        }
        Pixels { width: self.to.0, height: self.to.1, channels: 1, data: self.data }
    }
}

impl Decoder for AreaMean {
    fn push_row(&mut self, changes: &[u32]) {
        if self.row >= self.from.1 {
            return;
        }
        self.line.iter_mut().for_each(|cell| *cell = 0);
        for run in changes.chunks(2) {
            self.blacken(run[0], run.get(1).copied().unwrap_or(self.from.0));
        }
        // In this unit a target row has the height `from`, and a source row the height `to`.
        let (from, to) = (u64::from(self.from.1), u64::from(self.to.1));
        let (mut at, end) = (u64::from(self.row) * to, u64::from(self.row + 1) * to);
        while at < end {
            let border = ((at / from + 1) * from).min(end);
            for (sum, cell) in self.sums.iter_mut().zip(&self.line) {
                *sum += u64::from(*cell) * (border - at);
            }
            at = border;
            if at.is_multiple_of(from) {
                self.emit();
            }
        }
        self.row += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The mean by its definition, in floating point, pixel by pixel.
    fn define_mean(rows: &[Vec<bool>], to: (u32, u32)) -> Vec<f64> {
        let (width, height) = (rows[0].len() as f64, rows.len() as f64);
        let overlap = |a: f64, b: f64, at: usize| (b.min(at as f64 + 1.0) - a.max(at as f64)).max(0.0);
        let mut out = Vec::new();
        for y in 0..to.1 {
            for x in 0..to.0 {
                let (x0, x1) = (f64::from(x) * width / f64::from(to.0), f64::from(x + 1) * width / f64::from(to.0));
                let (y0, y1) = (f64::from(y) * height / f64::from(to.1), f64::from(y + 1) * height / f64::from(to.1));
                let mut black = 0.0;
                for (row, pixels) in rows.iter().enumerate() {
                    for (column, is_black) in pixels.iter().enumerate() {
                        black += f64::from(u8::from(*is_black)) * overlap(x0, x1, column) * overlap(y0, y1, row);
                    }
                }
                out.push(255.0 - 255.0 * black / ((x1 - x0) * (y1 - y0)));
            }
        }
        out
    }

    fn changes(row: &[bool]) -> Vec<u32> {
        let mut black = false;
        let mut out = Vec::new();
        for (at, pixel) in row.iter().enumerate() {
            if *pixel != black {
                out.push(at as u32);
                black = *pixel;
            }
        }
        out
    }

    proptest! {
        #[test]
        fn every_pixel_is_the_mean_of_its_area(
            rows in (1_usize..23).prop_flat_map(|width| prop::collection::vec(prop::collection::vec(any::<bool>(), width), 1..23)),
            to in (1_u32..23, 1_u32..23),
        ) {
            let from = (rows[0].len() as u32, rows.len() as u32);
            let to = (to.0.min(from.0), to.1.min(from.1));
            let mut mean = AreaMean::new(from, to);
            rows.iter().for_each(|row| mean.push_row(&changes(row)));
            let got = mean.finish(false).data;
            let expected = define_mean(&rows, to);
            prop_assert_eq!(got.len(), expected.len());
            for (got, expected) in got.iter().zip(&expected) {
                prop_assert!((f64::from(*got) - expected).abs() <= 0.51, "{} is not {}", got, expected);
            }
        }
    }

    #[test]
    fn ends_of_blocks_and_of_lines() {
        use EncodingMode::{Group3_1D, Group3_2D, Group4};
        for (data, encoding, is_end) in [
            (&[0x12, 0x00, 0x10, 0x01][..], Group4, true),
            (&[0x12, 0x00, 0x20, 0x02], Group4, true),
            (&[0xFF, 0x80, 0x08, 0x00, 0x80], Group3_1D, true),
            (&[0x00, 0x10, 0x01, 0x00], Group4, false),
            (&[0x00, 0x18, 0x00, 0xC0], Group3_2D, true),
            (&[0x00, 0x10, 0x01], Group3_2D, false),
            (&[0x01], Group4, false),
            (&[], Group4, false),
        ] {
            assert_eq!(has_end_of_block(data, encoding), is_end, "{data:x?} {encoding:?}");
        }
        assert!(has_line_ends(&[0x00, 0x1F, 0x80, 0x0F, 0x12, 0x00, 0x01]));
        assert!(!has_line_ends(&[0x00, 0x1F, 0x80, 0x3F, 0x12, 0x01, 0x01]));
    }

    #[test]
    fn rows_are_packed() {
        let mut rows = PackedRows { columns: 10, data: Vec::new() };
        rows.push_row(&[1, 3, 9]);
        rows.push_row(&[]);
        assert_eq!(rows.data, [0b0110_0000, 0b0100_0000, 0, 0]);
    }
}
