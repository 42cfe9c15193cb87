//! Whether the data of an image in a PDF is complete.
//!
//! The library fills in what is missing. Source: ISO 32000-1, 7.4 (filters).

use crate::media::fault::{MediaFault, MediaFaultKind};
use flate2::{Decompress, FlushDecompress, Status};
use hayro::hayro_syntax::Filter;
use hayro::hayro_syntax::object::{Array, Dict, Stream};

/// Checks that an image of `rows` rows of `row_bytes` bytes is complete and undamaged.
///
/// # Errors
/// An image that is cut short or damaged.
pub(crate) fn check_image(stream: &Stream<'_>, row_bytes: u64, rows: u64) -> Result<(), MediaFault> {
    match stream.filters().as_slice() {
        [Filter::FlateDecode] => {
            let parameters = Predictor::read(&decode_parameters(stream.dict()));
            let expected = parameters.inflated_bytes(row_bytes, rows).ok_or_else(damaged)?;
            check_deflated(&stream.raw_data(), expected)
        }
        // The end of the code stream.
        [Filter::JpxDecode] => {
            let has_end = stream.raw_data().windows(2).rev().any(|marker| marker == [0xFF, 0xD9]);
            has_end.then_some(()).ok_or_else(cut_short)
        }
        [Filter::Jbig2Decode] => check_segments(&stream.raw_data()),
        _ => match stream.decoded_data() {
            Ok(data) if row_bytes.checked_mul(rows).is_some_and(|size| data.len() as u64 >= size) => Ok(()),
            Ok(_) => Err(cut_short()),
            Err(_) => Err(damaged()),
        },
    }
}

fn cut_short() -> MediaFault {
    MediaFault::new(MediaFaultKind::CutShort, "the image of the page is cut short")
}

/// An image that can't be decoded.
pub(crate) fn damaged() -> MediaFault {
    MediaFault::damaged("the image of the page is damaged")
}

/// The parameters of the only filter.
pub(crate) fn decode_parameters<'a>(dict: &Dict<'a>) -> Dict<'a> {
    ["DecodeParms", "DP"]
        .iter()
        .find_map(|key| {
            dict.get::<Dict<'a>>(key)
                .or_else(|| dict.get::<Array<'a>>(key).and_then(|all| all.iter::<Dict<'a>>().next()))
        })
        .unwrap_or_default()
}

/// How the data of an image is predicted before it is deflated.
#[derive(Debug, Default)]
struct Predictor {
    predictor: u32,
    colors: u32,
    bits: u32,
    columns: u32,
}

impl Predictor {
    fn read(parameters: &Dict<'_>) -> Self {
        let number = |key: &str| parameters.get::<u32>(key).unwrap_or(0);
        Self {
            predictor: number("Predictor"),
            colors: number("Colors"),
            bits: number("BitsPerComponent"),
            columns: number("Columns"),
        }
    }

    /// The size of the data before predictors are undone, in bytes. `None`: no file has as much.
    fn inflated_bytes(&self, row_bytes: u64, rows: u64) -> Option<u64> {
        let size = row_bytes.checked_mul(rows)?;
        if self.predictor < 10 {
            return Some(size);
        }
        // Each predicted row begins with a byte for its predictor.
        let at_least = |number: u32, least: u64| u64::from(number).max(least);
        let bits = at_least(self.colors, 1).checked_mul(at_least(self.bits, 8))?;
        let predicted = bits.checked_mul(at_least(self.columns, 1))?.div_ceil(8).max(1);
        size.div_ceil(predicted).checked_mul(predicted.checked_add(1)?)
    }
}

/// Checks a zlib stream of at least `expected` bytes. Its checksum counts unless it is cut.
fn check_deflated(data: &[u8], expected: u64) -> Result<(), MediaFault> {
    if inflate(data, true, expected)? {
        return Ok(());
    }
    // The same without the header of two bytes and the checksum.
    let is_whole = inflate(data.get(2..).unwrap_or_default(), false, expected)?;
    is_whole.then_some(()).ok_or_else(cut_short)
}

/// Whether a stream of at least `expected` bytes ends; `false`: it is cut.
fn inflate(data: &[u8], has_header: bool, expected: u64) -> Result<bool, MediaFault> {
    let mut inflate = Decompress::new(has_header);
    let mut out = vec![0; 1 << 16];
    loop {
        let (read, written) = (inflate.total_in(), inflate.total_out());
        let rest = usize::try_from(read).ok().and_then(|read| data.get(read..)).unwrap_or_default();
        match inflate.decompress(rest, &mut out, FlushDecompress::None) {
            Ok(Status::StreamEnd) if inflate.total_out() < expected => return Err(cut_short()),
            Ok(Status::StreamEnd) => return Ok(true),
            Ok(_) if (inflate.total_in(), inflate.total_out()) != (read, written) => {}
            Ok(_) => return Ok(false),
            Err(_) => return Err(damaged()),
        }
    }
}

/// Checks that no segment of a JBIG2 stream extends beyond its end. Source: ITU-T T.88, 7.2.
fn check_segments(data: &[u8]) -> Result<(), MediaFault> {
    /// A generic region whose length is not known before it ends.
    const UNKNOWN_LENGTH: u32 = u32::MAX;
    if data.starts_with(b"\x97JB2\r\n") {
        return Err(MediaFault::unsupported("a JBIG2 image with the header of a file"));
    }
    let mut rest = data;
    let mut segments = 0;
    while let Some((length, after)) = split_segment_header(rest) {
        if length == UNKNOWN_LENGTH {
            return Ok(());
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        rest = after.get(length..).ok_or_else(cut_short)?;
        segments += 1;
    }
    // Anything else is a header that is cut.
    let is_end = segments > 0 && rest.iter().all(|byte| *byte == 0 || byte.is_ascii_whitespace());
    is_end.then_some(()).ok_or_else(cut_short)
}

/// The length of the data of a segment, and what follows its header.
fn split_segment_header(data: &[u8]) -> Option<(u32, &[u8])> {
    let number = u32::from_be_bytes(*data.first_chunk()?);
    let flags = *data.get(4)?;
    let (count, mut at) = match data.get(5)? >> 5 {
        7 => {
            let count = u32::from_be_bytes(*data.get(5..)?.first_chunk()?) & 0x1FFF_FFFF;
            (count, 9 + (usize::try_from(count).ok()? + 8) / 8)
        }
        count => (u32::from(count), 6),
    };
    let reference_bytes = match number {
        0..=256 => 1,
        257..=65_536 => 2,
        _ => 4,
    };
    at += usize::try_from(count).ok()?.checked_mul(reference_bytes)?;
    at += if flags & 0x40 == 0 { 1 } else { 4 };
    let (length, after) = data.get(at..)?.split_first_chunk()?;
    Some((u32::from_be_bytes(*length), after))
}

#[cfg(test)]
mod tests {
    use super::Predictor;

    #[test]
    fn predicted_rows_have_a_byte_more_and_impossible_sizes_have_none() {
        let size = |predictor, colors, bits, columns, row_bytes, rows| {
            Predictor { predictor, colors, bits, columns }.inflated_bytes(row_bytes, rows)
        };
        assert_eq!(size(0, 0, 0, 0, 30, 20), Some(600));
        assert_eq!(size(15, 3, 8, 10, 30, 20), Some(620));
        assert_eq!(size(15, 0, 0, 0, 1, 7), Some(14));
        assert_eq!(size(15, u32::MAX, u32::MAX, u32::MAX, 30, 20), None);
        assert_eq!(size(0, 0, 0, 0, u64::MAX, 2), None);
    }
}
