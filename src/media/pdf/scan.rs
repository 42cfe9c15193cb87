//! PDF pages that are one scanned image: the image is decoded, and the page is not drawn. JPEG
//! and fax pages are decoded here, other images in [`super::raster_scan`].
//!
//! Scanners write an image that covers the page, or a stencil that a colour is painted through; text
//! recognition adds invisible text. A page that shows anything else is drawn, and so is an image that is
//! masked, mirrored, stretched or smaller than the page. Source: ISO 32000-1, 8.9 (images).

use super::annotations::{draw_annotations, visible_appearances};
use super::color_space::count_plain_channels;
use super::content::{ImageSource, OnlyImage, count_turns, covers, find_only_image, has_square_pixels};
use super::content_repair::reads_to_its_end;
use super::deflate::data_of_last_filter;
use super::images::{has_other_bits, has_usable_decode};
use super::inline_image::to_file;
use super::raster_scan::{self, RasterFormat};
use super::stream_check::decode_parameters;
use super::stream_data::find_jpeg;
use crate::media::fault::{MediaFault, MediaFaultKind};
use crate::media::fax::Fax;
use crate::media::jpeg;
use crate::media::pixels::{MAX_PIXELS, Pixels};
use hayro::hayro_syntax::Filter;
use hayro::hayro_syntax::object::{Array, Name, Object, ObjectIdentifier, Stream};
use hayro::hayro_syntax::page::{Page, Rotation};
use hayro_ccitt::EncodingMode;
use image::metadata::Orientation;
use std::cell::RefCell;
use std::collections::HashMap;

/// The number of rows that may be missing at the end of a fax page, unless it has fewer than 20 times as many.
const MAX_MISSING_FAX_ROWS: u32 = 64;

/// The image of a scanned page.
pub(crate) struct Scan<'a> {
    /// Where the page paints it.
    image: OnlyImage<'a>,
    stream: Stream<'a>,
    /// Whether it is a stencil.
    is_stencil: bool,
    /// The format of a raster scan.
    raster: Option<RasterFormat>,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// The transformation that turns the image upright.
    pub(crate) orientation: Orientation,
}

/// Longest content stream that is examined, in bytes. Invisible text is all that makes that of
/// a scan long.
const MAX_CONTENT_BYTES: usize = 4 << 20;

/// Gives `read` the image of a scanned page, and the page that paints it; `None` for any other page. An inline image is
/// read as an object, in a separate file. `masks`: the masks of its images that are known.
pub(crate) fn with_scan<R>(
    page: &Page<'_>,
    masks: &OpaqueMasks,
    read: impl FnOnce(Option<(&Scan<'_>, &Page<'_>)>) -> R,
) -> R {
    let Some(image) = find_image(page) else { return read(None) };
    match &image.source {
        ImageSource::Inline(object) => {
            let file = to_file(object, page, image.matrix, &image.fill);
            let alone = file.as_ref().and_then(|file| file.pages().first());
            let scan = alone.and_then(|page| Scan::read(page, find_image(page)?, &OpaqueMasks::default()));
            read(scan.as_ref().zip(alone))
        }
        ImageSource::Named(_) => read(Scan::read(page, image, masks).as_ref().map(|scan| (scan, page))),
    }
}

/// The image that is all that a page shows.
fn find_image<'a>(page: &Page<'a>) -> Option<OnlyImage<'a>> {
    let content = page.page_stream().filter(|content| content.len() <= MAX_CONTENT_BYTES)?;
    let image = find_only_image(content, page)?;
    // Content after a damaged part may be drawn over the scan, as stamps and signatures are.
    (reads_to_its_end(content) && !shows_annotations(page)).then_some(image)
}

impl<'a> Scan<'a> {
    fn read(page: &Page<'a>, image: OnlyImage<'a>, masks: &OpaqueMasks) -> Option<Self> {
        let ImageSource::Named(name) = &image.source else { return None };
        let stream = image.resources.x_objects.get::<Stream<'_>>(&**name)?;
        let dict = stream.dict();
        let is_plain = dict.get::<Name<'_>>("Subtype").is_some_and(|kind| &*kind == b"Image")
            && !dict.contains_key("Mask")
            && !dict.contains_key("OC");
        let is_stencil = dict.get::<bool>("ImageMask") == Some(true);
        if is_stencil && (has_other_bits(&stream) || dict.contains_key("SMask") || image.fill.operators().is_none()) {
            return None;
        }
        let side = |key: &str| dict.get::<u32>(key).filter(|side| (1..=65_000).contains(side));
        let (width, height) = (side("Width")?, side("Height")?);
        let turns = count_turns(image.matrix)?;
        if !is_plain || !covers(page, image.matrix) || !has_square_pixels(image.matrix, width, height) {
            return None;
        }
        let page_turns = match page.rotation() {
            Rotation::None => 0,
            Rotation::Horizontal => 1,
            Rotation::Flipped => 2,
            Rotation::FlippedHorizontal => 3,
        };
        let orientation = match (turns + page_turns) % 4 {
            0 => Orientation::NoTransforms,
            1 => Orientation::Rotate90,
            2 => Orientation::Rotate180,
            _ => Orientation::Rotate270,
        };
        let raster = RasterFormat::read(&stream, page, (width, height), is_stencil);
        let scan = Self { image, stream, is_stencil, raster, width, height, orientation };
        let mask = scan.stream.dict().get::<Stream<'_>>("SMask");
        (scan.is_readable() && mask.is_none_or(|mask| masks.contain(&mask))).then_some(scan)
    }

    /// Whether the image can be decoded here.
    fn is_readable(&self) -> bool {
        match self.codec() {
            Some(Filter::DctDecode) => !self.is_stencil && self.channels().is_some() && !self.has_decode_array(),
            Some(Filter::CcittFaxDecode) => self.bit_is_white().is_some(),
            _ => self.raster.is_some(),
        }
    }

    /// The last filter, if all before it are for any data.
    fn codec(&self) -> Option<Filter> {
        let filters = self.stream.filters();
        let (last, others) = filters.split_last()?;
        others.iter().all(raster_scan::is_lossless).then_some(*last)
    }

    /// The channels of a grey or RGB colour space: 1 or 3.
    fn channels(&self) -> Option<u32> {
        count_plain_channels(&self.stream.dict().get::<Object<'_>>("ColorSpace")?)
    }

    fn has_decode_array(&self) -> bool {
        let dict = self.stream.dict();
        dict.contains_key("Decode") || dict.contains_key("D")
    }

    /// Whether the bit 1 of a bilevel image is white; `None` for other images. A stencil is painted where its bits are 0.
    fn bit_is_white(&self) -> Option<bool> {
        let dict = self.stream.dict();
        let is_bilevel = self.is_stencil || self.channels() == Some(1);
        if !is_bilevel || !has_usable_decode(dict, Some(1)) {
            return None;
        }
        match dict.get::<Array<'_>>("Decode") {
            None => Some(true),
            Some(decode) => decode.iter::<f32>().next().map(|first| first < 0.5),
        }
    }

    /// Decodes the image of this `page` at `target` (width, height) or larger. `None`: it can't be decoded
    /// here, and the page has to be drawn.
    ///
    /// # Errors
    /// An image that is cut short or damaged.
    pub(crate) fn decode(&self, page: &Page<'_>, target: (u32, u32)) -> Result<Option<Pixels>, MediaFault> {
        match self.codec() {
            Some(Filter::DctDecode) => {
                let Some(data) = data_of_last_filter(&self.stream) else { return Ok(None) };
                let Some(data) = find_jpeg(&data) else { return Ok(None) };
                match jpeg::read_header(&data) {
                    Err(fault) if fault.kind == MediaFaultKind::CutShort => Err(fault),
                    Err(_) => Ok(None),
                    Ok(_) => {
                        jpeg::check_complete(&data)?;
                        Ok(jpeg::decode(&data, target, self.stated_rgb()))
                    }
                }
            }
            Some(Filter::CcittFaxDecode) => match self.decode_fax(target)? {
                Some(tones) if self.is_stencil && !self.image.fill.is_black() => {
                    Ok(raster_scan::paint_tones(page, &self.image, tones))
                }
                found => Ok(found),
            },
            _ => match self.raster {
                Some(format) => {
                    raster_scan::decode(page, &self.image, &self.stream, format, (self.width, self.height), target)
                }
                None => Ok(None),
            },
        }
    }

    /// Whether the dictionary states that three components are RGB. `None`: it does not state it.
    fn stated_rgb(&self) -> Option<bool> {
        decode_parameters(self.stream.dict()).get::<i32>("ColorTransform").map(|transform| transform == 0)
    }

    /// Whether versions of the decoder before 5 drew the image with other colours.
    pub(crate) fn had_other_colors(&self) -> bool {
        let is_jpeg = self.stream.filters().as_slice() == [Filter::DctDecode];
        let data = self.stream.raw_data();
        is_jpeg && find_jpeg(&data).is_some_and(|data| jpeg::had_other_colors(&data, self.stated_rgb()))
    }

    fn decode_fax(&self, target: (u32, u32)) -> Result<Option<Pixels>, MediaFault> {
        let dict = self.stream.dict();
        let parameters = decode_parameters(dict);
        let flag = |key: &str| parameters.get::<bool>(key).unwrap_or(false);
        let columns = parameters.get::<u32>("Columns").unwrap_or(1728);
        let (true, Some(bit_is_white)) = (columns == self.width, self.bit_is_white()) else { return Ok(None) };
        let encoding = match parameters.get::<i32>("K").unwrap_or(0) {
            0 => EncodingMode::Group3_1D,
            1.. => EncodingMode::Group3_2D,
            _ => EncodingMode::Group4,
        };
        let mut settings = Fax::default_settings(encoding, columns);
        settings.rows_are_byte_aligned = flag("EncodedByteAlign");
        settings.end_of_line = flag("EndOfLine");
        settings.end_of_block = parameters.get::<bool>("EndOfBlock").unwrap_or(true);
        // Runs that are coded as black are the bit 0, or 1 with `BlackIs1`.
        let black_is_white = flag("BlackIs1") == bit_is_white;
        let Some(data) = data_of_last_filter(&self.stream) else { return Ok(None) };
        let strips = vec![(&*data, self.height)];
        // Some encoders leave out white rows at the end, which viewers fill.
        let max_missing_rows = MAX_MISSING_FAX_ROWS.min(self.height / 20);
        Fax { settings, strips, is_inverted: black_is_white, height: self.height, max_missing_rows }
            .decode(target)
            .map(Some)
    }
}

/// Whether a page shows annotations, or should.
fn shows_annotations(page: &Page<'_>) -> bool {
    let overlay = draw_annotations(page);
    !overlay.is_empty()
        || !overlay.kinds.is_empty()
        || !overlay.lost.is_empty()
        || !visible_appearances(page).is_empty()
}

/// The masks of a file's images that are known to hide something, or nothing.
#[derive(Debug, Default)]
pub(crate) struct OpaqueMasks(RefCell<HashMap<ObjectIdentifier, bool>>);

impl OpaqueMasks {
    /// Whether this mask hides nothing. It is decoded once.
    fn contain(&self, mask: &Stream<'_>) -> bool {
        *self.0.borrow_mut().entry(mask.obj_id()).or_insert_with(|| is_opaque(mask))
    }
}

/// Whether a mask hides nothing.
fn is_opaque(mask: &Stream<'_>) -> bool {
    let dict = mask.dict();
    let side = |key: &str| u64::from(dict.get::<u32>(key).unwrap_or(0));
    let pixels = side("Width").saturating_mul(side("Height"));
    let is_plain = dict.get::<u8>("BitsPerComponent") == Some(8) && !dict.contains_key("Decode");
    is_plain
        && mask.filters().iter().all(raster_scan::is_lossless)
        && pixels <= MAX_PIXELS
        && mask
            .decoded_data()
            .is_ok_and(|data| data.len() as u64 >= pixels && data.iter().all(|alpha| *alpha == u8::MAX))
}
