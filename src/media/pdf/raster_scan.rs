//! Scanned images that are compressed without loss, or in JPEG 2000 or JBIG2. The library
//! decodes them at their own size, with their colour space.

use super::color_space::{count_channels, has_text_palette, is_known};
use super::content::{ImageSource, OnlyImage};
use super::deflate::data_of_last_filter;
use super::images::has_usable_decode;
use super::jbig2::with_height;
use super::stream_check::{check_image, damaged};
use crate::media::fault::MediaFault;
use crate::media::jpeg2000;
use crate::media::pixels::{MAX_PIXELS, Pixels};
use hayro::hayro_interpret::font::GlyphRun;
use hayro::hayro_interpret::{
    BlendMode, ClipPath, Context, Device, DrawMode, DrawProps, Image, ImageData, ImageDrawProps, InterpreterCache,
    InterpreterSettings, LumaData, Paint, SoftMask, interpret,
};
use hayro::hayro_syntax::Filter;
use hayro::hayro_syntax::content::TypedIter;
use hayro::hayro_syntax::object::{Name, Object, Stream};
use hayro::hayro_syntax::page::Page;
use hayro::kurbo::{Affine, BezPath, Rect};

/// The format of the samples of an image.
#[derive(Clone, Copy)]
pub(crate) struct RasterFormat {
    /// Bits of a row.
    row_bits: u64,
    /// Rows.
    rows: u64,
    /// Samples a pixel, where the colour space shows it.
    channels: Option<u32>,
}

impl RasterFormat {
    /// The format of an image of this size; `None`: it is not a raster scan, or has more pixels
    /// than a picture may have.
    pub(crate) fn read(
        stream: &Stream<'_>,
        page: &Page<'_>,
        (width, height): (u32, u32),
        is_stencil: bool,
    ) -> Option<Self> {
        let dict = stream.dict();
        let bits = if is_stencil { 1 } else { dict.get::<u32>("BitsPerComponent").unwrap_or(8) };
        let find = |name: &Name<'_>| page.resources().get_color_space(name);
        let color_space = dict
            .get::<Object<'_>>("ColorSpace")
            .filter(|space| is_known(space, &find) && !has_text_palette(space, &find));
        let stated = if is_stencil { Some(1) } else { color_space.and_then(|space| count_channels(&space, &find)) };
        if !has_usable_decode(dict, stated) {
            return None;
        }
        let (bits, channels) = match stream.filters().as_slice() {
            // The picture itself states both.
            [rest @ .., Filter::JpxDecode]
                if rest.iter().all(is_lossless) && !is_stencil && dict.get::<i32>("SMaskInData").unwrap_or(0) == 0 =>
            {
                (8, stated.unwrap_or(1))
            }
            // One whose height the library does not find is drawn.
            [Filter::Jbig2Decode] if with_height(&stream.raw_data(), height).is_none() => (1, stated?),
            filters if filters.iter().all(is_lossless) => (bits, stated?),
            _ => return None,
        };
        let row_bits = u64::from(width) * u64::from(channels) * u64::from(bits);
        let is_small = u64::from(width) * u64::from(height) <= MAX_PIXELS;
        (is_small && matches!(bits, 1 | 2 | 4 | 8 | 16)).then_some(Self {
            row_bits,
            rows: u64::from(height),
            channels: stated,
        })
    }
}

/// Whether a filter is one for any data.
pub(crate) fn is_lossless(filter: &Filter) -> bool {
    matches!(
        filter,
        Filter::FlateDecode
            | Filter::LzwDecode
            | Filter::RunLengthDecode
            | Filter::AsciiHexDecode
            | Filter::Ascii85Decode
    )
}

/// Decodes an image of a page. JPEG 2000 is decoded at `target` (width, height) or
/// larger. `None`: the image has another size than its dictionary states.
///
/// # Errors
/// An image that is cut short or damaged.
pub(crate) fn decode(
    page: &Page<'_>,
    image: &OnlyImage<'_>,
    stream: &Stream<'_>,
    format: RasterFormat,
    size: (u32, u32),
    target: (u32, u32),
) -> Result<Option<Pixels>, MediaFault> {
    let is_jpeg2000 = stream.filters().last() == Some(&Filter::JpxDecode);
    if is_jpeg2000 {
        let Some(data) = data_of_last_filter(stream) else { return Ok(None) };
        let header = jpeg2000::read_header(&data)?;
        if header.size != size || format.channels.is_some_and(|stated| stated != header.channels) {
            return Ok(None);
        }
    }
    check_image(stream, format.row_bits.div_ceil(8), format.rows)?;
    let pixels = paint(page, image, target).ok_or_else(damaged)?;
    Ok((is_jpeg2000 || (pixels.width, pixels.height) == size).then_some(pixels))
}

/// The image that the operator `Do` paints, without scaling it.
fn paint(page: &Page<'_>, image: &OnlyImage<'_>, target: (u32, u32)) -> Option<Pixels> {
    let ImageSource::Named(name) = &image.source else { return None };
    let name: String = name.iter().map(|byte| format!("#{byte:02X}")).collect();
    Canvas { target, tones: None, pixels: None }.show(page, image, &format!("/{name} Do"))
}

/// A stencil whose black `tones` are painted with the colour of the image. `None`: it is not a colour.
pub(crate) fn paint_tones(page: &Page<'_>, image: &OnlyImage<'_>, tones: Pixels) -> Option<Pixels> {
    Canvas { target: (1, 1), tones: Some(tones), pixels: None }.show(page, image, "0 0 1 1 re f")
}

/// A stencil that a colour is painted through, over white; `mask`: how much of each pixel is painted. `None`: it is not a
/// colour.
fn paint_through((width, height): (u32, u32), mask: &[u8], paint: &Paint<'_>) -> Option<Pixels> {
    let Paint::Color(color) = paint else { return None };
    let [red, green, blue, opacity] = color.to_rgba().components();
    let is_grey = red.to_bits() == green.to_bits() && green.to_bits() == blue.to_bits();
    let tones = if is_grey { vec![red] } else { vec![red, green, blue] };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
    let over_white = |tone: f32, share: u8| {
        let share = f32::from(share) * opacity / 255.0;
        ((1.0 - share + share * tone) * 255.0).round().clamp(0.0, 255.0) as u8
    };
    // What each share of the colour gives.
    let shown: Vec<Vec<u8>> =
        (0..=u8::MAX).map(|share| tones.iter().map(|tone| over_white(*tone, share)).collect()).collect();
    let data = mask.iter().flat_map(|share| shown[usize::from(*share)].iter().copied()).collect();
    let channels = if is_grey { 1 } else { 3 };
    Some(Pixels { width, height, channels, data })
}

/// Takes an image, or the colour of an area, instead of painting it.
struct Canvas {
    target: (u32, u32),
    /// What an area shows.
    tones: Option<Pixels>,
    pixels: Option<Pixels>,
}

impl Canvas {
    /// What these operators show with the colour and the resources of an image.
    fn show(mut self, page: &Page<'_>, image: &OnlyImage<'_>, operators: &str) -> Option<Pixels> {
        let content = format!("{} {operators}", image.fill.operators().unwrap_or_default());
        let bounds = Rect::new(0.0, 0.0, 1.0, 1.0);
        let (cache, settings) = (InterpreterCache::new(), InterpreterSettings::default());
        let mut context = Context::new(Affine::IDENTITY, bounds, &cache, page.xref(), settings);
        interpret(TypedIter::new(content.as_bytes()), &image.resources, &mut context, &mut self);
        self.pixels.map(Pixels::simplify)
    }
}

impl<'a> Device<'a> for Canvas {
    fn draw_image(&mut self, image: Image<'a, '_>, _: ImageDrawProps<'a>) {
        let raster = match image {
            Image::Raster(raster) => raster,
            Image::Stencil(stencil) => {
                let through = |mask: LumaData, paint: &Paint<'_>| {
                    self.pixels = paint_through((mask.width, mask.height), &mask.data, paint);
                };
                stencil.with_stencil(through, Some(self.target));
                return;
            }
        };
        let mut keep = |pixels: Pixels| self.pixels = Some(pixels);
        raster.with_rgba(
            |image, _| match image {
                ImageData::Luma(grey) => {
                    keep(Pixels { width: grey.width, height: grey.height, channels: 1, data: grey.data });
                }
                ImageData::Rgb(rgb) => {
                    keep(Pixels { width: rgb.width, height: rgb.height, channels: 3, data: rgb.data });
                }
            },
            Some(self.target),
        );
    }

    fn draw_path(&mut self, _: &BezPath, props: DrawProps<'a>, _: &DrawMode) {
        if let Some(tones) = self.tones.take() {
            let mask: Vec<u8> = tones.data.iter().map(|tone| u8::MAX - tone).collect();
            self.pixels = paint_through((tones.width, tones.height), &mask, &props.paint);
        }
    }

    fn push_clip_path(&mut self, _: &ClipPath) {}
    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {}
    fn draw_glyph_run(&mut self, _: &GlyphRun<'_, 'a>, _: DrawProps<'a>, _: &DrawMode) {}
    fn pop_clip(&mut self) {}
    fn pop_transparency_group(&mut self) {}
}
