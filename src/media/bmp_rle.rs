//! Windows bitmaps with run lengths. The `image` library shows missing and skipped pixels as black. Sources:
//! Microsoft's "Bitmap Compression"; like Pillow, skipped pixels have the first colour.

use super::fault::MediaFault;
use super::pixels::Pixels;
use super::probe::Probe;

/// Size of the headers, up to the palette, without what later versions append.
const FILE_HEADER: usize = 14;
const INFO_HEADER: u32 = 40;
/// Bytes of a colour of the palette.
const COLOR: usize = 4;

/// Decodes the bitmap that `probe` describes. `None`: it has no run lengths.
///
/// # Errors
/// A bitmap that ends before its last row.
pub(crate) fn decode(bytes: &[u8], probe: &Probe) -> Option<Result<Pixels, MediaFault>> {
    let word = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let header = word(FILE_HEADER).filter(|size| *size >= INFO_HEADER)?;
    let bits = match (word(30)?, word(28)? & 0xFFFF) {
        (1, 8) => 8,
        (2, 4) => 4,
        _ => return None,
    };
    let data_at = usize::try_from(word(10)?).ok()?;
    let palette = bytes.get(FILE_HEADER + usize::try_from(header).ok()?..data_at)?;
    let (width, height) = (probe.width as usize, probe.height as usize);
    let mut canvas = Canvas { width, height, x: 0, y: 0, places: vec![0; width * height] };
    if !canvas.fill(bytes.get(data_at..)?, bits) {
        return Some(Err(MediaFault::cut_short()));
    }
    let color = |place: &u8| match palette.get(usize::from(*place) * COLOR..).and_then(|rest| rest.first_chunk()) {
        Some([blue, green, red]) => [*red, *green, *blue],
        None => [0; 3],
    };
    // Rows are stored from the bottom.
    let data = canvas.places.chunks_exact(width).rev().flatten().flat_map(color).collect();
    Some(Ok(Pixels { width: probe.width, height: probe.height, channels: 3, data }.simplify()))
}

/// The places in the palette, in rows from the bottom, and where the next one is.
struct Canvas {
    width: usize,
    height: usize,
    x: usize,
    y: usize,
    places: Vec<u8>,
}

impl Canvas {
    /// Follows the codes. Whether they reach the last row.
    fn fill(&mut self, data: &[u8], bits: usize) -> bool {
        let mut rest = data;
        while !self.is_full() {
            let Some((&[count, value], after)) = rest.split_first_chunk::<2>() else { return false };
            rest = after;
            match (count, value) {
                (0, 0) => (self.x, self.y) = (0, self.y + 1),
                (0, 1) => return self.y + 1 >= self.height,
                (0, 2) => {
                    let Some((&[across, down], after)) = rest.split_first_chunk::<2>() else { return false };
                    rest = after;
                    (self.x, self.y) = (self.x + usize::from(across), self.y + usize::from(down));
                }
                (0, count) => {
                    let count = usize::from(count);
                    let size = (count * bits).div_ceil(8);
                    let Some(stored) = rest.get(..size) else { return false };
                    (0..count).for_each(|at| self.put(place_at(stored, at, bits)));
                    // Codes begin at even offsets.
                    rest = rest.get(size.next_multiple_of(2)..).unwrap_or_default();
                }
                (count, value) => {
                    // With 4 bits, two places in turn.
                    let pair = [value];
                    let turn = 8 / bits;
                    (0..usize::from(count)).for_each(|at| self.put(place_at(&pair, at % turn, bits)));
                }
            }
        }
        true
    }

    fn is_full(&self) -> bool {
        self.y >= self.height || (self.y + 1 == self.height && self.x >= self.width)
    }

    /// Sets the next pixel. Pixels beyond the end of a row are ignored.
    fn put(&mut self, place: u8) {
        if self.x < self.width
            && let Some(known) = self.places.get_mut(self.y * self.width + self.x)
        {
            *known = place;
        }
        self.x += 1;
    }
}

/// One of the places that are packed with this number of bits: 8 or 4.
fn place_at(packed: &[u8], at: usize, bits: usize) -> u8 {
    let byte = packed.get(at * bits / 8).copied().unwrap_or(0);
    match (bits, at % 2) {
        (8, _) => byte,
        (_, 0) => byte >> 4,
        _ => byte & 15,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::kind::ImageFormat;
    use image::metadata::Orientation;

    /// The tones of a bitmap of 4 x 2 pixels with the colours 200, 10 and 20; `None`: it is cut short.
    fn tones(compression: u8, bits: u8, data: &[u8]) -> Option<Vec<u8>> {
        let palette: Vec<u8> = [200, 10, 20].into_iter().flat_map(|tone| [tone, tone, tone, 0]).collect();
        let mut bytes = [0; 54];
        bytes[..2].copy_from_slice(b"BM");
        bytes[10] = 66;
        (bytes[14], bytes[18], bytes[22], bytes[26], bytes[28], bytes[30]) = (40, 4, 2, 1, bits, compression);
        let bytes = [&bytes[..], &palette, data].concat();
        let (format, orientation) = (ImageFormat::Bmp, Orientation::NoTransforms);
        let probe = Probe { format, width: 4, height: 2, orientation, is_plain: false };
        decode(&bytes, &probe).unwrap().ok().map(|pixels| pixels.data)
    }

    #[test]
    fn run_lengths() {
        const WHOLE: Option<&[u8]> = Some(&[20, 20, 20, 20, 10, 10, 10, 10]);
        for (compression, bits, data, expected) in [
            (1, 8, &[4, 1, 0, 0, 4, 2, 0, 1][..], WHOLE),
            // Without marks, with a run that is too long, and as single places.
            (1, 8, &[4, 1, 0, 0, 4, 2], WHOLE),
            (1, 8, &[9, 1, 0, 0, 4, 2, 0, 0, 0, 1], WHOLE),
            (1, 8, &[0, 4, 1, 1, 1, 1, 0, 0, 0, 3, 2, 2, 2, 0, 1, 2, 0, 1], WHOLE),
            (2, 4, &[4, 0x11, 0, 0, 4, 0x22, 0, 1], WHOLE),
            (2, 4, &[0, 4, 0x11, 0x11, 0, 0, 4, 0x22], WHOLE),
            (2, 4, &[4, 0x12, 0, 0, 4, 0x21, 0, 1], Some(&[20, 10, 20, 10, 10, 20, 10, 20])),
            // Skipped: within a row, the rest of one, rows.
            (1, 8, &[0, 2, 2, 0, 2, 1, 0, 0, 4, 2, 0, 1], Some(&[20, 20, 20, 20, 200, 200, 10, 10])),
            (1, 8, &[1, 1, 0, 0, 1, 2, 0, 1], Some(&[20, 200, 200, 200, 10, 200, 200, 200])),
            (1, 8, &[0, 0, 4, 2, 0, 1], Some(&[20, 20, 20, 20, 200, 200, 200, 200])),
            // Cut: before the last row, and within codes.
            (1, 8, &[4, 1, 0, 1], None),
            (1, 8, &[4, 1, 0, 0, 2, 2], None),
            (1, 8, &[4, 1, 0, 0, 0, 4, 2, 2], None),
            (1, 8, &[4, 1, 0], None),
            (1, 8, &[], None),
        ] {
            assert_eq!(tones(compression, bits, data).as_deref(), expected, "{data:?}");
        }
    }
}
