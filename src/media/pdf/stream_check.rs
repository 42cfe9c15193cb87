//! Whether the data of a scanned image in a PDF is complete.
//!
//! The library fills in missing data. Source: ISO 32000-1, 7.4 (filters).

use super::deflate::{DeflateEnd, Inflated, data_of_last_filter};
use super::jbig2::{Jbig2Fault, find_jbig2_fault};
use super::stream_data::has_whole_segments;
use crate::media::fault::{MediaFault, MediaFaultKind};
use crate::media::jpeg2000;
use hayro::hayro_syntax::Filter;
use hayro::hayro_syntax::object::{Array, Dict, Object, Stream};

/// Checks that an image of `rows` rows of `row_bytes` bytes is complete and undamaged.
///
/// # Errors
/// An image that is cut short or damaged.
pub(crate) fn check_image(stream: &Stream<'_>, row_bytes: u64, rows: u64) -> Result<(), MediaFault> {
    match stream.filters().as_slice() {
        [Filter::FlateDecode] => {
            let expected = inflated_bytes(stream.dict(), row_bytes, rows).ok_or_else(damaged)?;
            check_deflated(&stream.raw_data(), expected)
        }
        [.., Filter::JpxDecode] => {
            let data = data_of_last_filter(stream).ok_or_else(damaged)?;
            jpeg2000::check_complete(&data).map_err(|_| cut_short())
        }
        [Filter::Jbig2Decode] => check_jbig2(stream),
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

/// The parameters of the last filter.
pub(crate) fn decode_parameters<'a>(dict: &Dict<'a>) -> Dict<'a> {
    ["DecodeParms", "DP"]
        .iter()
        .find_map(|key| {
            let of_several = || dict.get::<Array<'a>>(key)?.iter::<Object<'a>>().last()?.into_dict();
            dict.get::<Dict<'a>>(key).or_else(of_several)
        })
        .unwrap_or_default()
}

/// The size of the deflated data of a complete image of `rows` rows of `row_bytes` bytes. `None`: no file has
/// as much.
pub(crate) fn inflated_bytes(image: &Dict<'_>, row_bytes: u64, rows: u64) -> Option<u64> {
    Predictor::read(&decode_parameters(image)).inflated_bytes(row_bytes, rows)
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
    let found = Inflated::read(data);
    match found.end {
        DeflateEnd::Damaged => Err(damaged()),
        DeflateEnd::Cut => Err(cut_short()),
        DeflateEnd::Whole | DeflateEnd::WrongChecksum if found.bytes < expected => Err(cut_short()),
        DeflateEnd::WrongChecksum => Err(damaged()),
        DeflateEnd::Whole => Ok(()),
    }
}

/// Checks that no segment of a JBIG2 stream extends beyond its end, and that each can be decoded.
fn check_jbig2(stream: &Stream<'_>) -> Result<(), MediaFault> {
    let data = stream.raw_data();
    if data.starts_with(b"\x97JB2\r\n") {
        return Err(MediaFault::unsupported("a JBIG2 image with the header of a file"));
    }
    if !has_whole_segments(&data) {
        return Err(cut_short());
    }
    match find_jbig2_fault(stream, &data) {
        None => Ok(()),
        Some(Jbig2Fault::Damaged) => Err(damaged()),
        Some(Jbig2Fault::Unsupported) => Err(MediaFault::unsupported("a kind of JBIG2")),
        Some(Jbig2Fault::TooLarge) => {
            Err(MediaFault::new(MediaFaultKind::TooLarge, "the JBIG2 data of the page has too many pixels"))
        }
    }
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
