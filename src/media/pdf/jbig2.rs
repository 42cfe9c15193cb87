//! Whether JBIG2 data in a PDF can be decoded without inventing a part of it.
//!
//! The library decodes what it can: it leaves regions out, and reads one bits after the end of truncated data. Source:
//! ITU-T T.88, clause 7 (segments) and annex E (arithmetic coding).

use super::stream_data::{UNKNOWN_LENGTH, split_segment_header};
use crate::media::pixels::MAX_PIXELS;
use hayro::hayro_syntax::object::{Array, Dict, Stream};
use hayro_jbig2::{DecodeError, DecodeSettings, Globals, Page};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The segments that T.88 defines. Decoders skip others.
const KNOWN: [u8; 22] = [0, 4, 6, 7, 16, 20, 22, 23, 36, 38, 39, 40, 42, 43, 48, 49, 50, 51, 52, 53, 54, 62];
/// The information of a page, and the end of one of its stripes.
const PAGE: u8 = 48;
const END_OF_STRIPE: u8 = 50;
/// The mark of the end of arithmetic-coded data.
const END_OF_CODE: [u8; 2] = [0xFF, 0xAC];
/// Bits that are one, and how often they are repeated: decoders read some of them after the end of complete data.
const ONES: [u8; 2] = [0xFF, 0x7F];
const REPEATED: usize = 8;
/// Bytes after them that only the decoder of truncated data reads.
const NOISE: usize = 64;
/// Bytes of the size and place of a region.
const REGION: usize = 17;

/// The faults of JBIG2 data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Jbig2Fault {
    Damaged,
    /// A kind that the library lacks.
    Unsupported,
    /// A few bytes may stand for any number of pixels, each of which takes its time.
    TooLarge,
}

/// The fault of the JBIG2 `data` of an image.
pub(crate) fn find_jbig2_fault(image: &Stream<'_>, data: &[u8]) -> Option<Jbig2Fault> {
    let dict = image.dict();
    let parameters = ["DecodeParms", "DP"].iter().find_map(|key| {
        let all = || dict.get::<Array<'_>>(*key).and_then(|all| all.iter::<Dict<'_>>().next());
        dict.get::<Dict<'_>>(*key).or_else(all)
    });
    let globals = match parameters.and_then(|parameters| parameters.get::<Stream<'_>>("JBIG2Globals")) {
        Some(globals) => match globals.decoded_data() {
            Ok(globals) => globals.to_vec(),
            Err(_) => return Some(Jbig2Fault::Damaged),
        },
        None => Vec::new(),
    };
    find_fault(&globals, data).err()
}

/// Decodes data strictly, and again with other bytes behind arithmetic-coded data that has no end: whole data does not
/// depend on them.
fn find_fault(globals: &[u8], data: &[u8]) -> Result<(), Jbig2Fault> {
    let (globals, page) = (split(globals)?, split(data)?);
    if page.is_empty() {
        return Err(Jbig2Fault::Damaged);
    }
    let pixels = globals.iter().chain(&page).map(Segment::count_coded_pixels);
    if pixels.fold(0, u64::saturating_add) > MAX_PIXELS {
        return Err(Jbig2Fault::TooLarge);
    }
    let join = |segments: &[Segment<'_>]| {
        segments.iter().flat_map(|segment| [segment.header, segment.data].concat()).collect::<Vec<_>>()
    };
    let shown = decode(&join(&globals), &join(&page))?;
    if globals.iter().chain(&page).all(|segment| segment.data_without_end().is_none()) {
        return Ok(());
    }
    let extend = |segments: &[Segment<'_>]| segments.iter().flat_map(Segment::extended).collect::<Vec<_>>();
    match decode(&extend(&globals), &extend(&page)) {
        Ok(other) if other == shown => Ok(()),
        _ => Err(Jbig2Fault::Damaged),
    }
}

/// Decodes the page of an image strictly. Returns a hash of its pixels.
fn decode(globals: &[u8], data: &[u8]) -> Result<u64, Jbig2Fault> {
    let fault = |error| match error {
        DecodeError::Unsupported => Jbig2Fault::Unsupported,
        _ => Jbig2Fault::Damaged,
    };
    let settings = DecodeSettings { strict: true };
    let globals = if globals.is_empty() { None } else { Some(Globals::new(globals, &settings).map_err(fault)?) };
    let mut pixels = PixelHash(DefaultHasher::new());
    Page::new_embedded(data, globals.as_ref(), &settings).and_then(|page| page.decode(&mut pixels)).map_err(fault)?;
    Ok(pixels.0.finish())
}

/// The data of a page with this height, if it states none and no stripe ends: the height follows from neither. `None`:
/// its height is known.
pub(crate) fn with_height(data: &[u8], height: u32) -> Option<Vec<u8>> {
    let segments = split(data).ok()?;
    let page = segments.iter().find(|segment| segment.kind == PAGE)?;
    let has_stripes = segments.iter().any(|segment| segment.kind == END_OF_STRIPE);
    let is_unknown = page.data.get(4..8)? == UNKNOWN_LENGTH.to_be_bytes();
    if has_stripes || !is_unknown {
        return None;
    }
    let at = (page.data.as_ptr() as usize).checked_sub(data.as_ptr() as usize)? + 4;
    let mut data = data.to_vec();
    data.get_mut(at..at + 4)?.copy_from_slice(&height.to_be_bytes());
    Some(data)
}

/// A segment.
struct Segment<'a> {
    kind: u8,
    /// Its header, with the length of its data.
    header: &'a [u8],
    data: &'a [u8],
}

/// Splits data into its segments, without those that decoders skip and what writers put behind the last one. The
/// last one may be all that follows one whose length is not known.
fn split(data: &[u8]) -> Result<Vec<Segment<'_>>, Jbig2Fault> {
    let (mut rest, mut segments) = (data, Vec::new());
    while !rest.iter().all(|byte| *byte == 0 || byte.is_ascii_whitespace()) {
        let (length, behind) = split_segment_header(rest).ok_or(Jbig2Fault::Damaged)?;
        let (header, _) = rest.split_at_checked(rest.len() - behind.len()).ok_or(Jbig2Fault::Damaged)?;
        let kind = header.get(4).map_or(0, |flags| flags & 0x3F);
        let length = match length {
            UNKNOWN_LENGTH => behind.len(),
            length => usize::try_from(length).map_err(|_| Jbig2Fault::Damaged)?,
        };
        let (data, next) = behind.split_at_checked(length).ok_or(Jbig2Fault::Damaged)?;
        if KNOWN.contains(&kind) {
            segments.push(Segment { kind, header, data });
        }
        rest = next;
    }
    Ok(segments)
}

impl Segment<'_> {
    /// The pixels that are coded one by one: those of a generic region or a refinement.
    fn count_coded_pixels(&self) -> u64 {
        let side = |at: usize| {
            let bytes = self.data.get(at..)?.first_chunk()?;
            Some(u64::from(u32::from_be_bytes(*bytes)))
        };
        let is_coded = matches!(self.kind, 36 | 38 | 39 | 40 | 42 | 43);
        let pixels = side(0).zip(side(4)).map(|(width, height)| width.saturating_mul(height));
        pixels.filter(|_| is_coded).unwrap_or(0)
    }

    /// Its data, if it is arithmetic-coded and does not have the mark of its end.
    fn data_without_end(&self) -> Option<&[u8]> {
        let flag = |at: usize| self.data.get(at).is_some_and(|flags| flags & 1 != 0);
        let has_other_coding = match self.kind {
            // The low byte of two.
            0 => flag(1),
            4 | 6 | 7 => flag(REGION + 1),
            16 => flag(0),
            20 | 22 | 23 | 36 | 38 | 39 => flag(REGION),
            40 | 42 | 43 => false,
            _ => true,
        };
        let is_open = self.header.ends_with(&UNKNOWN_LENGTH.to_be_bytes());
        let is_ended = has_other_coding || is_open || self.data.ends_with(&END_OF_CODE);
        (!is_ended && !self.data.is_empty()).then_some(self.data)
    }

    /// The segment with other bytes after data that has no end.
    fn extended(&self) -> Vec<u8> {
        let Some(data) = self.data_without_end() else { return [self.header, self.data].concat() };
        // No byte of the noise is one that marks follow.
        let noise = (0..NOISE).map(|at| u8::try_from(at * 89 % 251).unwrap_or_default());
        let data: Vec<u8> = data.iter().copied().chain(ONES.repeat(REPEATED)).chain(noise).collect();
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes();
        let header = self.header.strip_suffix(self.header.last_chunk::<4>().map_or(&[][..], |length| length));
        [header.unwrap_or_default(), &length, &data].concat()
    }
}

/// Takes pixels and keeps a hash of them.
struct PixelHash(DefaultHasher);

impl hayro_jbig2::Decoder for PixelHash {
    fn push_pixel(&mut self, black: bool) {
        black.hash(&mut self.0);
    }

    fn push_pixel_chunk(&mut self, black: bool, chunk_count: u32) {
        (black, chunk_count).hash(&mut self.0);
    }

    fn next_line(&mut self) {
        u8::MAX.hash(&mut self.0);
    }
}
