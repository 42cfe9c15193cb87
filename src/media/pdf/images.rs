//! Whether an image of a PDF can be decoded completely.
//!
//! Renderers show the decoded part of an image, and leave the rest white or grey. Sources: ISO 32000-1, 7.4 (filters)
//! and 8.9 (images); ITU-T T.81, annex B (JPEG); T.800, annex A (JPEG 2000); T.88, clause 7 (JBIG2).

use super::color_space::{count_channels, has_short_palette, has_text_palette, is_indexed, is_known};
use super::deflate::{DeflateEnd, Inflated, data_of_last_filter, deflated_data};
use super::jbig2::{Jbig2Fault, find_jbig2_fault};
use super::losses::Lost;
use super::stream_data::{count_run_length, find_jpeg, has_end_of_image};
use crate::media::fault::MediaFaultKind;
use crate::media::jpeg;
use crate::media::jpeg2000::{self, codestream::Codestream, is_high_throughput, read_format};
use hayro::hayro_syntax::Filter;
use hayro::hayro_syntax::object::stream::ImageDecodeParams;
use hayro::hayro_syntax::object::{Array, Dict, Name, Object, Stream};

/// Why an image can't be decoded completely, in a few words; `None`: it can.
pub(crate) fn find_damage(image: &Stream<'_>, is_mask: bool) -> Option<Lost> {
    find_damage_in(image, is_mask, &|_| None)
}

/// The same of an image with a colour space that the resources of its content name: how much data it needs depends on
/// it. `None` also for other images. `find` finds the colour space.
pub(crate) fn find_damage_of_named<'a>(
    image: &Stream<'a>,
    find: &dyn Fn(&Name<'_>) -> Option<Object<'a>>,
) -> Option<Lost> {
    let is_named = matches!(color_space(image.dict()), Some(Object::Name(name)) if find(&name).is_some());
    if is_named { find_damage_in(image, false, find) } else { None }
}

fn color_space<'a>(image: &Dict<'a>) -> Option<Object<'a>> {
    image.get::<Object<'a>>("CS").or_else(|| image.get::<Object<'a>>("ColorSpace"))
}

fn find_damage_in<'a>(
    image: &Stream<'a>,
    is_mask: bool,
    find: &dyn Fn(&Name<'_>) -> Option<Object<'a>>,
) -> Option<Lost> {
    let dict = image.dict();
    let parameters = Parameters::read(dict, is_mask, find);
    if let Some(name) = find_unknown_filter(dict) {
        return damaged(format!("unknown filter {name}"));
    }
    let filters = image.filters();
    // JPEG 2000 is not mapped.
    if filters.last() != Some(&Filter::JpxDecode) && !has_usable_decode(dict, parameters.channels) {
        return damaged("a damaged Decode array");
    }
    let damage = match filters.last() {
        Some(Filter::CcittFaxDecode) => find_fax_damage(image, &parameters),
        Some(Filter::DctDecode | Filter::JpxDecode | Filter::Jbig2Decode) => {
            data_of_last_filter(image).and_then(|data| match filters.last() {
                Some(Filter::DctDecode) => find_jpeg_damage(image, &data, &parameters),
                Some(Filter::JpxDecode) => find_jpeg2000_damage(&data, &parameters),
                _ => find_jbig2_fault(image, &data).map(|fault| match fault {
                    Jbig2Fault::Damaged => Lost::Image("damaged JBIG2 data".to_owned()),
                    Jbig2Fault::Unsupported => Lost::Codec("a kind of JBIG2".to_owned()),
                    Jbig2Fault::TooLarge => Lost::Image("JBIG2 data of too many pixels".to_owned()),
                }),
            })
        }
        _ => find_missing_samples(image, &parameters),
    };
    if is_mask || matches!(damage, Some(Lost::Image(_))) {
        return damage;
    }
    let mask = dict.get::<Stream<'_>>("SMask").or_else(|| dict.get::<Stream<'_>>("Mask"));
    match mask.and_then(|mask| find_damage(&mask, true)) {
        Some(Lost::Image(why)) => damaged(format!("its mask: {why}")),
        Some(Lost::Codec(format)) => damage.or_else(|| Some(Lost::Codec(format!("its mask: {format}")))),
        _ => damage,
    }
}

/// Whether the array that maps samples to colours, if there is one, has a range for each channel. Renderers draw white with
/// any other, and viewers ignore it.
pub(crate) fn has_usable_decode(image: &Dict<'_>, channels: Option<u32>) -> bool {
    let array = image.get::<Array<'_>>("D").or_else(|| image.get::<Array<'_>>("Decode"));
    let Some((array, channels)) = array.zip(channels) else { return true };
    let ends: Vec<f64> = array.iter::<f64>().collect();
    let has_range = |ends: &[f64]| (ends[0] - ends[1]).abs() > f64::EPSILON;
    // More than are needed are ignored.
    ends.get(..2 * channels as usize).is_some_and(|ends| ends.chunks_exact(2).any(has_range))
}

fn damaged(why: impl Into<String>) -> Option<Lost> {
    Some(Lost::Image(why.into()))
}

/// The samples of an image.
struct Parameters {
    width: u32,
    height: u32,
    bits: Option<u8>,
    /// Samples a pixel, where the colour space shows it.
    channels: Option<u32>,
    is_indexed: bool,
}

impl Parameters {
    fn read<'a>(dict: &Dict<'a>, is_mask: bool, find: &dyn Fn(&Name<'_>) -> Option<Object<'a>>) -> Self {
        let number = |long: &str, short: &str| dict.get::<u32>(short).or_else(|| dict.get::<u32>(long));
        let is_stencil = dict.get::<bool>("IM").or_else(|| dict.get::<bool>("ImageMask")).unwrap_or(false);
        let space = color_space(dict);
        let bits = number("BitsPerComponent", "BPC").and_then(|bits| u8::try_from(bits).ok());
        let channels =
            if is_mask || is_stencil { Some(1) } else { space.as_ref().and_then(|space| count_channels(space, find)) };
        Self {
            width: number("Width", "W").unwrap_or(0),
            height: number("Height", "H").unwrap_or(0),
            bits: if is_stencil { Some(1) } else { bits },
            channels,
            is_indexed: space.is_some_and(|space| is_indexed(&space)),
        }
    }

    fn to_decode(&self) -> ImageDecodeParams {
        ImageDecodeParams {
            is_indexed: self.is_indexed,
            bpc: self.bits,
            num_components: self.channels.and_then(|count| u8::try_from(count).ok()),
            target_dimension: None,
            width: self.width,
            height: self.height,
        }
    }
}

/// The name of a filter of a stream that is not one of ISO 32000-1, table 6.
pub(crate) fn find_unknown_filter(dict: &Dict<'_>) -> Option<String> {
    const KNOWN: [&[u8]; 17] = [
        b"ASCIIHexDecode",
        b"AHx",
        b"ASCII85Decode",
        b"A85",
        b"LZWDecode",
        b"LZW",
        b"FlateDecode",
        b"Fl",
        b"RunLengthDecode",
        b"RL",
        b"CCITTFaxDecode",
        b"CCF",
        b"JBIG2Decode",
        b"DCTDecode",
        b"DCT",
        b"JPXDecode",
        b"Crypt",
    ];
    let unknown = |name: &Name<'_>| (!KNOWN.contains(&&**name)).then(|| name.as_str().to_owned());
    match dict.get::<Object<'_>>("F").or_else(|| dict.get::<Object<'_>>("Filter"))? {
        Object::Name(name) => unknown(&name),
        Object::Array(names) => names.iter::<Name<'_>>().find_map(|name| unknown(&name)),
        _ => None,
    }
}

/// What is unusual about the samples of an image, so that their meaning is undefined: renderers draw noise.
/// `find` finds a colour space that the page's resources name.
pub(crate) fn find_unknown_format<'a>(
    image: &Stream<'a>,
    find: &dyn Fn(&Name<'_>) -> Option<Object<'a>>,
) -> Option<String> {
    let dict = image.dict();
    let filters = image.filters();
    if dict.get::<bool>("IM").or_else(|| dict.get::<bool>("ImageMask")) == Some(true) {
        return has_other_bits(image).then(|| "a stencil with several bits a sample".to_owned());
    }
    if lacks_color_space(image) {
        return Some("its colour space is missing in the file".to_owned());
    }
    // These state their format themselves.
    if matches!(filters.last(), Some(Filter::DctDecode | Filter::JpxDecode)) {
        return None;
    }
    let is_bilevel = matches!(filters.last(), Some(Filter::CcittFaxDecode | Filter::Jbig2Decode));
    let bits = dict.get::<i64>("BPC").or_else(|| dict.get::<i64>("BitsPerComponent"));
    if let Some(bits) = bits.filter(|bits| !is_bilevel && !matches!(bits, 1 | 2 | 4 | 8 | 16)) {
        return Some(format!("{bits} bits a sample"));
    }
    match color_space(dict) {
        // Bilevel data has no other colours than black and white.
        None | Some(Object::Null(_)) => (!is_bilevel).then(|| "it has no colour space".to_owned()),
        Some(space) if has_text_palette(&space, find) => Some("a palette in an object that can't be read".to_owned()),
        Some(space) if is_known(&space, find) => None,
        Some(space) if has_short_palette(&space, find) => Some("a palette that is damaged or too short".to_owned()),
        Some(_) => Some("unknown colour space".to_owned()),
    }
}

/// Whether an image refers to a colour space that the file does not hold.
fn lacks_color_space(image: &Stream<'_>) -> bool {
    let dict = image.dict();
    let is_dangling = |key: &&str| {
        dict.get_ref(*key).is_some() && matches!(dict.get::<Object<'_>>(*key), None | Some(Object::Null(_)))
    };
    ["CS", "ColorSpace"].iter().any(is_dangling)
}

/// Whether a stencil states another number of bits than one for its samples: viewers read one.
pub(crate) fn has_other_bits(stencil: &Stream<'_>) -> bool {
    let dict = stencil.dict();
    let bits = dict.get::<i64>("BPC").or_else(|| dict.get::<i64>("BitsPerComponent"));
    let states_bits = |filter: &Filter| {
        matches!(filter, Filter::DctDecode | Filter::JpxDecode | Filter::Jbig2Decode | Filter::CcittFaxDecode)
    };
    bits.is_some_and(|bits| bits != 1) && !stencil.filters().last().is_some_and(states_bits)
}

/// Fewest rows of an image whose last row may be missing.
const MIN_ROWS: u32 = 20;

/// Samples that are missing after filters that only compress bytes. The last row of many is accepted, and a part of it of
/// few: writers leave out the last bytes, or count a row too many.
fn find_missing_samples(image: &Stream<'_>, parameters: &Parameters) -> Option<Lost> {
    let bits = u64::from(parameters.bits.unwrap_or(8)) * u64::from(parameters.channels.unwrap_or(1));
    let row = (u64::from(parameters.width) * bits).div_ceil(8);
    let expected = row * u64::from(parameters.height);
    let Ok(decoded) = image.decoded_image(&parameters.to_decode()) else {
        // The renderer's decoder insists on the mark of the end.
        let is_whole = *image.filters() == [Filter::RunLengthDecode] && count_run_length(&image.raw_data()) >= expected;
        return match is_whole {
            true => Some(Lost::Codec("run-length data without an end".to_owned())),
            false => damaged("damaged data"),
        };
    };
    let found = decoded.data.len() as u64;
    let missing = expected.saturating_sub(found);
    if found == 0 || missing > row || missing == row && parameters.height < MIN_ROWS {
        return damaged(format!("only {} % of its data", found * 100 / expected.max(1)));
    }
    let is_changed = Inflated::read(&deflated_data(image)?).end == DeflateEnd::WrongChecksum;
    if is_changed { damaged("damaged data") } else { None }
}

fn find_jpeg_damage(image: &Stream<'_>, raw: &[u8], parameters: &Parameters) -> Option<Lost> {
    let Some(data) = find_jpeg(raw) else {
        let is_unreadable = image.decoded_image(&parameters.to_decode()).is_err();
        return if is_unreadable { damaged("not a JPEG") } else { None };
    };
    match jpeg::read_header(&data) {
        Err(fault) if fault.kind == MediaFaultKind::CutShort => return damaged("a JPEG that ends early"),
        // `jpeg` reads no such files; the renderer is asked below.
        Err(_) | Ok(_) => {}
    }
    let frame = find_frame(&data)?;
    let Frame { marker, precision, .. } = frame;
    let process = match marker {
        0xC3 | 0xC7 | 0xCB | 0xCF => Some("lossless JPEG"),
        0xC9 | 0xCA | 0xCD | 0xCE => Some("arithmetic-coded JPEG"),
        0xF7 => Some("JPEG-LS"),
        _ => None,
    };
    let cause = match (process, precision) {
        (Some(process), _) => process.to_owned(),
        (None, 8) => return find_missing_data(&data).or_else(|| find_contradiction(&frame, parameters)),
        (None, bits) => format!("JPEG with {bits} bits a sample"),
    };
    // If a later renderer reads it, it is no longer a loss.
    match image.decoded_image(&parameters.to_decode()) {
        Ok(_) => None,
        Err(_) if has_end_of_image(raw) => {
            // Other renderers do not read more bits, whatever is stated.
            let has_other_bits = precision == 8 && parameters.bits.is_some_and(|stated| stated != precision);
            let of_bits = || if has_other_bits { damaged("a JPEG with other bits a sample than stated") } else { None };
            let damage = find_missing_data(&data).or_else(|| find_contradiction(&frame, parameters)).or_else(of_bits);
            damage.or(Some(Lost::Codec(cause)))
        }
        Err(_) => damaged(format!("{cause} that ends early")),
    }
}

/// What a JPEG has otherwise than its entries state. A renderer would decode it as if it were as stated, which mixes its rows,
/// or its colours, up.
fn find_contradiction(frame: &Frame, stated: &Parameters) -> Option<Lost> {
    let (width, height) = frame.size;
    if stated.width > 0 && (width != stated.width || height > stated.height) {
        return damaged("a JPEG of another size than stated");
    }
    match stated.channels {
        Some(channels) if channels != frame.channels => {
            damaged("a JPEG whose colour space has another number of channels")
        }
        _ => None,
    }
}

/// Missing data in the scans of a JPEG.
fn find_missing_data(data: &[u8]) -> Option<Lost> {
    match jpeg::check_complete_if_arithmetic(data) {
        Err(fault) if fault.kind == MediaFaultKind::CutShort => damaged("a JPEG that ends early"),
        Err(fault) if fault.kind == MediaFaultKind::Damaged => damaged("a damaged JPEG"),
        _ => None,
    }
}

/// What the first frame header of a JPEG states.
#[derive(Debug, PartialEq, Eq)]
struct Frame {
    marker: u8,
    /// Bits a sample.
    precision: u8,
    /// Width and height in pixels.
    size: (u32, u32),
    /// Samples a pixel.
    channels: u32,
}

fn find_frame(data: &[u8]) -> Option<Frame> {
    let mut at = 2;
    loop {
        while data.get(at) == Some(&0xFF) && data.get(at + 1) == Some(&0xFF) {
            at += 1;
        }
        let (&0xFF, &marker) = (data.get(at)?, data.get(at + 1)?) else { return None };
        at += 2;
        if matches!(marker, 0x01 | 0xD0..=0xD8) {
            continue;
        }
        let length = usize::from(u16::from_be_bytes([*data.get(at)?, *data.get(at + 1)?]));
        match marker {
            0xC0..=0xCF | 0xF7 if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                let &[precision, h1, h0, w1, w0, channels] = data.get(at + 2..)?.first_chunk()?;
                let side = |high: u8, low: u8| u32::from(u16::from_be_bytes([high, low]));
                return Some(Frame {
                    marker,
                    precision,
                    size: (side(w1, w0), side(h1, h0)),
                    channels: channels.into(),
                });
            }
            0xDA | 0xD9 => return None,
            _ => at += length.max(2),
        }
    }
}

/// Missing data in JPEG 2000.
fn find_jpeg2000_damage(file: &[u8], parameters: &Parameters) -> Option<Lost> {
    let Some(data) = Codestream::find(file) else { return damaged("not JPEG 2000") };
    if jpeg2000::check_complete(data).is_err() {
        return damaged("JPEG 2000 that ends early");
    }
    let (channels, codec) = match (jpeg2000::read_header(file), read_format(data)) {
        (Ok(header), _) => (header.channels, None),
        (Err(_), Some((size, channels))) if is_high_throughput(data) => {
            // Another renderer mixes its rows up.
            if parameters.width > 0 && size != (parameters.width, parameters.height) {
                return damaged("JPEG 2000 of another size than stated");
            }
            // It takes colours with alpha for inks.
            if parameters.channels.is_none() && channels == 4 {
                return damaged("HTJ2K with four channels and no colour space");
            }
            (channels, Some(Lost::Codec("HTJ2K".to_owned())))
        }
        (Err(_), _) => return damaged("damaged JPEG 2000"),
    };
    // A stated colour space replaces that of the picture.
    match parameters.channels {
        Some(stated) if stated != channels => damaged("JPEG 2000 whose colour space has another number of channels"),
        _ => codec,
    }
}

/// Rows that a fax decoder did not find. Scanners state a height that is a few rows more than they
/// send.
fn find_fax_damage(image: &Stream<'_>, parameters: &Parameters) -> Option<Lost> {
    // The decoder leaves out the rows that it did not find only from data of one bit a sample.
    let packed = ImageDecodeParams { is_indexed: true, bpc: Some(1), ..parameters.to_decode() };
    let Ok(decoded) = image.decoded_image(&packed) else {
        return damaged("damaged fax data");
    };
    let columns = decoded.image_data.as_ref().map_or(parameters.width, |data| data.width);
    let rows = decoded.data.len() as u64 / u64::from(columns.div_ceil(8).max(1));
    let expected = u64::from(parameters.height);
    let slack = (expected / 100).max(8);
    if rows + slack < expected { damaged(format!("fax data with {rows} of {expected} rows")) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_jpegs_are_found() {
        let head =
            |marker: u8| [&[0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 0, 0, 0xFF, 0xFF, marker, 0, 11, 12][..], &[0; 9]].concat();
        for (marker, is_frame) in [(0xC0, true), (0xC9, true), (0xC4, false), (0xDA, false)] {
            let found = is_frame.then_some(Frame { marker, precision: 12, size: (0, 0), channels: 0 });
            assert_eq!(find_frame(&head(marker)), found, "{marker:x}");
        }
        assert_eq!(find_frame(&[0xFF, 0xD8]), None);
    }
}
