//! TIFF: the chain of directories, and the picture of each page.
//!
//! The chain is read here, because it may loop and because thumbnails and masks are no
//! pages. Fax pages are decoded by [`super::ccitt`]; the `tiff` library decodes the rest,
//! one directory at a time. Source: TIFF 6.0, and the BigTIFF design.

use super::ccitt::{Fax, reversed};
use super::directory::{Directory, Layout};
use super::window::Window;
use crate::media::fault::{MediaFault, MediaFaultKind};
use crate::media::kind::Format;
use crate::media::pixels::{Pixels, over_white, rgb_of_cmyk};
use crate::media::probe::Probe;
use hayro_ccitt::EncodingMode;
use image::metadata::Orientation;
use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult, Limits};

/// Most pages that a TIFF may have.
const MOST_PAGES: usize = 100_000;
/// Most memory that a picture may take, in bytes.
const MOST_MEMORY: usize = 1 << 30;

/// The pages of a TIFF.
pub(crate) struct TiffFile {
    layout: Layout,
    pages: Vec<Directory>,
}

impl TiffFile {
    pub(crate) fn open(bytes: &[u8]) -> Result<Self, MediaFault> {
        let cut = MediaFault::cut_short;
        let layout = Layout::of(bytes).ok_or_else(cut)?;
        let mut offsets = std::collections::HashSet::new();
        let (mut pages, mut others) = (Vec::new(), Vec::new());
        let mut next = layout.first(bytes).ok_or_else(cut)?;
        // A directory that was there before ends the chain: it loops.
        while next != 0 && offsets.insert(next) && offsets.len() <= MOST_PAGES {
            let Some((directory, after)) = Directory::read(bytes, layout, next) else {
                // The pages before a chain that leads outside the file are whole.
                if pages.is_empty() && others.is_empty() {
                    return Err(cut());
                }
                break;
            };
            if directory.is_page() {
                pages.push(directory);
            } else {
                others.push(directory);
            }
            next = after;
        }
        let pages = if pages.is_empty() { others } else { pages };
        if pages.is_empty() {
            return Err(MediaFault::new(MediaFaultKind::NoPages, "the file has no pages"));
        }
        Ok(Self { layout, pages })
    }

    pub(crate) fn pages(&self) -> u32 {
        u32::try_from(self.pages.len()).unwrap_or(u32::MAX)
    }

    fn page(&self, page: u32) -> Result<&Directory, MediaFault> {
        let at = usize::try_from(page).ok().and_then(|page| page.checked_sub(1));
        at.and_then(|at| self.pages.get(at))
            .ok_or_else(|| MediaFault::new(MediaFaultKind::NoPages, format!("there is no page {page}")))
    }

    pub(crate) fn probe(&self, page: u32) -> Result<Probe, MediaFault> {
        let directory = self.page(page)?;
        let orientation = Orientation::from_exif(u8::try_from(directory.orientation).unwrap_or(1));
        let (width, height) = directory.shown_size();
        Ok(Probe {
            format: Format::Tiff,
            width,
            height,
            orientation: orientation.unwrap_or(Orientation::NoTransforms),
            is_plain: false,
        })
    }

    pub(crate) fn decode(&self, bytes: &[u8], page: u32, target: (u32, u32)) -> Result<Pixels, MediaFault> {
        let directory = self.page(page)?;
        match directory.compression {
            2..=4 if !directory.is_tiled => fax(bytes, directory, target),
            6 => Err(MediaFault::new(
                MediaFaultKind::UnsupportedFormat,
                "a TIFF with old-style JPEG compression, which is not read; convert it to JPEG or PNG",
            )),
            _ if directory.is_tiled && directory.is_planar => Err(MediaFault::new(
                MediaFaultKind::UnsupportedFormat,
                "a TIFF with tiles in separate planes, which is not read; convert it to JPEG or PNG",
            )),
            _ => by_library(bytes, self.layout, directory),
        }
    }
}

fn fax(bytes: &[u8], directory: &Directory, target: (u32, u32)) -> Result<Pixels, MediaFault> {
    let (width, height) = (directory.width, directory.height);
    let encoding = match directory.compression {
        4 => EncodingMode::Group4,
        3 if directory.fax_options & 1 == 1 => EncodingMode::Group3_2D,
        _ => EncodingMode::Group3_1D,
    };
    let mut settings = Fax::settings(encoding, width);
    // Compression 2 is Group 3 without line ends, each row on a byte of its own.
    settings.rows_are_byte_aligned = directory.compression == 2;
    let per_strip = directory.rows_per_strip.clamp(1, height.max(1));
    let mut turned = Vec::new();
    if directory.fill_order == 2 {
        turned = directory
            .strips(bytes)
            .map(|strip| strip.map(reversed))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(MediaFault::cut_short)?;
    }
    let mut strips = Vec::new();
    for (at, strip) in directory.strips(bytes).enumerate() {
        let data = match turned.get(at) {
            Some(turned) => turned.as_slice(),
            None => strip.ok_or_else(MediaFault::cut_short)?,
        };
        let before = per_strip.saturating_mul(u32::try_from(at).unwrap_or(u32::MAX));
        strips.push((data, per_strip.min(height.saturating_sub(before))));
    }
    // Photometric 0: what is coded white shows white.
    Fax { settings, strips, is_inverted: directory.photometric == 1, height }.decode(target)
}

fn by_library(bytes: &[u8], layout: Layout, directory: &Directory) -> Result<Pixels, MediaFault> {
    let failed = |error: tiff::TiffError| match &error {
        tiff::TiffError::UnsupportedError(_) => {
            let message = format!("a TIFF that is not read: {error}; convert it to JPEG or PNG");
            MediaFault::new(MediaFaultKind::UnsupportedFormat, message.to_lowercase())
        }
        tiff::TiffError::LimitsExceeded => {
            MediaFault::new(MediaFaultKind::TooLarge, "the picture takes too much memory")
        }
        _ => MediaFault::from_words(&error.to_string()),
    };
    let mut limits = Limits::default();
    limits.decoding_buffer_size = MOST_MEMORY;
    limits.intermediate_buffer_size = MOST_MEMORY / 4;
    let mut window = Window::new(bytes, layout.head_for(directory.offset));
    directory.smooth(bytes, &mut window).ok_or_else(MediaFault::cut_short)?;
    let mut decoder = Decoder::new(window).map_err(failed)?.with_limits(limits);
    let (width, height) = decoder.dimensions().map_err(failed)?;
    let color = decoder.colortype().map_err(failed)?;
    let mut result = DecodingResult::U8(Vec::new());
    let planes = decoder.read_image_to_buffer(&mut result).map_err(failed)?.planes.max(1);
    let samples = match result {
        DecodingResult::U8(data) => data,
        DecodingResult::U16(data) => data.iter().map(|value| value.to_be_bytes()[0]).collect(),
        _ => {
            let message = "a TIFF of unusual samples, which is not read; convert it to JPEG or PNG";
            return Err(MediaFault::new(MediaFaultKind::UnsupportedFormat, message));
        }
    };
    let pixels = width as usize * height as usize;
    let samples = if planes > 1 { interleaved(&samples, planes) } else { samples };
    let is_inverted = directory.photometric == 0;
    let (channels, data) = match color {
        ColorType::Gray(bits @ (1 | 2 | 4 | 8)) if directory.has_palette() => {
            let indices = if bits == 8 { samples } else { unpacked(&samples, bits, width, 1) };
            (3, directory.colours(bytes, &indices).ok_or_else(MediaFault::cut_short)?)
        }
        ColorType::Gray(8 | 16) => (1, samples),
        ColorType::Gray(bits @ (1 | 2 | 4)) => (1, unpacked(&samples, bits, width, 255 / ((1 << bits) - 1))),
        ColorType::GrayA(8 | 16) => (1, over_white(&samples, 2)),
        ColorType::RGB(8 | 16) => (3, samples),
        ColorType::RGBA(8 | 16) => (
            3,
            match directory.extra {
                1 => over_white_multiplied(&samples),
                2 => over_white(&samples, 4),
                // Not said to be alpha.
                _ => samples.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect(),
            },
        ),
        ColorType::CMYK(8 | 16) => (3, rgb_of_cmyk(&samples)),
        ColorType::YCbCr(8) => (3, rgb_of_ycbcr(&samples)),
        ColorType::Multiband { bit_depth: 8 | 16, num_samples } if num_samples > 0 => {
            (1, samples.chunks_exact(num_samples.into()).map(|pixel| pixel[0]).collect())
        }
        other => {
            let message =
                format!("a TIFF with colours of the kind {other:?}, which is not read; convert it to JPEG or PNG");
            return Err(MediaFault::new(MediaFaultKind::UnsupportedFormat, message));
        }
    };
    // The library turns white-is-zero around, but not where it calls it multiband.
    let data = match color {
        ColorType::Multiband { .. } if is_inverted => data.iter().map(|value| 255 - value).collect(),
        _ => data,
    };
    if data.len() != pixels * usize::from(channels) {
        return Err(MediaFault::new(MediaFaultKind::Damaged, "the picture has too few pixels"));
    }
    Ok(Pixels { width, height, channels, data })
}

/// RGB that was multiplied with its alpha, over white.
fn over_white_multiplied(data: &[u8]) -> Vec<u8> {
    data.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]].map(|value| value.saturating_add(255 - p[3]))).collect()
}

/// Samples smaller than a byte, rows padded to whole bytes, to one byte each.
fn unpacked(data: &[u8], bits: u8, width: u32, factor: u8) -> Vec<u8> {
    let (width, mask) = (width as usize, (1_u8 << bits) - 1);
    let per_byte = 8 / usize::from(bits);
    let mut out = Vec::with_capacity(data.len() * per_byte);
    for row in data.chunks_exact(width.div_ceil(per_byte).max(1)) {
        out.extend((0..width).map(|x| {
            let shift = 8 - usize::from(bits) * (x % per_byte + 1);
            (row[x / per_byte] >> shift & mask) * factor
        }));
    }
    out
}

fn interleaved(data: &[u8], planes: usize) -> Vec<u8> {
    let size = data.len() / planes;
    (0..size).flat_map(|at| (0..planes).map(move |plane| data[plane * size + at])).collect()
}

/// ITU-R BT.601, full range.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
fn rgb_of_ycbcr(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    for pixel in data.chunks_exact(3) {
        let (y, cb, cr) = (f32::from(pixel[0]), f32::from(pixel[1]) - 128.0, f32::from(pixel[2]) - 128.0);
        let rgb = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
        out.extend(rgb.map(|value| value.round().clamp(0.0, 255.0) as u8));
    }
    out
}
