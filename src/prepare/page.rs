//! Prepares one page of a document: the image to send.

use super::encode::encode_jpeg;
use super::page_features::PageFeatures;
use super::resize::resize_upright;
use super::size::{full_size, target_size};
use crate::catalog::fit_longest_side;
use crate::manifest::{Image, Size};
use crate::media::{
    Document, ImageFormat, MediaFault, MediaFaultKind, Orientation, PdfRenderers, Probe, check_complete, probe,
};
use bytes::Bytes;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Largest image that providers accept, in bytes.
const MAX_IMAGE_BYTES: usize = 20_000_000;
/// Longer side to which a page is decoded if only its features are needed, in pixels.
const FEATURES_SIDE: u32 = 512;

/// The image that is sent for a page.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The encoded image, or the file itself.
    pub bytes: Bytes,
    /// Its media type.
    pub mime: &'static str,
    /// Width in pixels, as the model sees it.
    pub width: u32,
    /// Height in pixels, as the model sees it.
    pub height: u32,
    /// Width and height that `image.size: full` would send, in pixels.
    pub full: (u32, u32),
    /// The features of the page, if they were requested.
    pub features: Option<PageFeatures>,
    /// What drew the page, with its version; `None`: the file is not a PDF.
    pub renderer: Option<String>,
}

/// Passes a file through unchanged, if it holds one page that can be sent unchanged. `None`: it has to be decoded.
///
/// # Errors
/// A file that is not an image, is cut short, damaged or too large.
pub fn pass_through(bytes: &Bytes, image: &Image) -> Result<Option<Prepared>, MediaFault> {
    match read_header(bytes)? {
        Some(probe) if check_safely(|| passes(bytes, &probe, image))? => {
            check_bytes(unchanged(bytes, &probe, image)).map(Some)
        }
        _ => Ok(None),
    }
}

/// Whether a file has exactly one page, from its header. `false`: the file has to be opened as a
/// [`Document`].
///
/// # Errors
/// A file that is not an image, is cut short, damaged or too large.
pub fn is_single_page(bytes: &[u8]) -> Result<bool, MediaFault> {
    Ok(read_header(bytes)?.is_some())
}

/// The upright width and height of the picture in a file, in pixels, from its header. `None`:
/// the file has to be opened as a [`Document`].
///
/// # Errors
/// A file that is not an image, is cut short, damaged or too large.
pub fn size_from_header(bytes: &[u8]) -> Result<Option<(u32, u32)>, MediaFault> {
    Ok(read_header(bytes)?.map(|probe| probe.upright_size()))
}

/// The header of a file in a format that can be sent unchanged; `None` for other formats. It is read in this process,
/// by readers that only look at the header; a panic in one of them counts as damage.
fn read_header(bytes: &[u8]) -> Result<Option<Probe>, MediaFault> {
    let read = || match ImageFormat::detect(bytes)? {
        format if format.is_sendable() => probe(bytes).map(Some),
        _ => Ok(None),
    };
    check_safely(read)
}

/// Runs a check in this process; a panic counts as damage.
fn check_safely<T>(check: impl FnOnce() -> Result<T, MediaFault>) -> Result<T, MediaFault> {
    catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|_| Err(MediaFault::damaged("the file can't be read")))
}

/// Prepares a page (from 1) of a document with the renderers that are part of this program. With
/// `with_features`, its features are measured, even if the file is sent unchanged.
///
/// # Errors
/// A page that can't be decoded, or whose image is larger than providers accept.
#[cfg(feature = "internal")]
pub fn prepare(document: &Document, page: u32, image: &Image, with_features: bool) -> Result<Prepared, MediaFault> {
    prepare_with(document, page, image, with_features, &PdfRenderers::default())
}

/// Prepares a page (from 1) of a document with these renderers of PDFs. With `with_features`, its features are
/// measured, even if the file is sent unchanged.
///
/// # Errors
/// A page that can't be decoded, or whose image is larger than providers accept.
pub(crate) fn prepare_with(
    document: &Document,
    page: u32,
    image: &Image,
    with_features: bool,
    renderers: &PdfRenderers,
) -> Result<Prepared, MediaFault> {
    let probe = document.probe(page)?;
    let upright = probe.upright_size();
    let target = target_size(upright, image);
    let bytes = document.bytes();
    let prepared = if passes(bytes, &probe, image)? {
        let features = with_features.then(|| {
            let small = fit_longest_side(upright, FEATURES_SIDE);
            let pixels = document.decode(page, &probe, Probe::turn_size(small, probe.orientation))?;
            Ok(PageFeatures::measure(&resize_upright(pixels, probe.orientation, small)?))
        });
        Prepared { features: features.transpose()?, ..unchanged(bytes, &probe, image) }
    } else {
        let size = Probe::turn_size(target, probe.orientation);
        let (pixels, renderer) = document.decode_with(page, &probe, size, renderers)?;
        let upright = resize_upright(pixels, probe.orientation, target)?;
        let features = with_features.then(|| PageFeatures::measure(&upright));
        let bytes = encode_jpeg(&upright)?.into();
        let full = full_size(probe.upright_size(), image);
        let (width, height) = (upright.width, upright.height);
        Prepared { bytes, mime: "image/jpeg", width, height, full, features, renderer }
    };
    check_bytes(prepared)
}

/// Draws a page (from 1) of a document for people to look at: upright, no side longer than `max_side` pixels.
/// It is always encoded again, so that no bytes of the file itself leave the decoder.
///
/// # Errors
/// A page that can't be decoded.
pub(crate) fn draw_with(
    document: &Document,
    page: u32,
    max_side: u32,
    renderers: &PdfRenderers,
) -> Result<Prepared, MediaFault> {
    let probe = document.probe(page)?;
    let full = probe.upright_size();
    let target = fit_longest_side(full, max_side.max(1));
    let size = Probe::turn_size(target, probe.orientation);
    let (pixels, renderer) = document.decode_with(page, &probe, size, renderers)?;
    let upright = resize_upright(pixels, probe.orientation, target)?;
    let bytes = encode_jpeg(&upright)?.into();
    let (width, height) = (upright.width, upright.height);
    Ok(Prepared { bytes, mime: "image/jpeg", width, height, full, features: None, renderer })
}

/// Checks the size of the image to send.
fn check_bytes(prepared: Prepared) -> Result<Prepared, MediaFault> {
    if prepared.bytes.len() > MAX_IMAGE_BYTES {
        let message =
            format!("the image to send has {} bytes; providers accept {MAX_IMAGE_BYTES}", prepared.bytes.len());
        return Err(MediaFault::new(MediaFaultKind::RequestTooLarge, message));
    }
    Ok(prepared)
}

/// Whether the file can be sent unchanged.
fn can_pass_through(bytes: &[u8], probe: &Probe, image: &Image) -> bool {
    match image.size {
        Size::Original => probe.format.is_sendable() || probe.format == ImageFormat::Gif,
        _ => {
            probe.format.is_sendable()
                && probe.is_plain
                && probe.orientation == Orientation::NoTransforms
                && target_size(probe.upright_size(), image) == probe.upright_size()
                && bytes.len() <= MAX_IMAGE_BYTES
        }
    }
}

/// Whether a file is sent unchanged. One that can't be read in order is decoded instead: that shows what of it is
/// missing, or makes a file of it that every viewer reads.
fn passes(bytes: &[u8], probe: &Probe, image: &Image) -> Result<bool, MediaFault> {
    if !can_pass_through(bytes, probe, image) {
        return Ok(false);
    }
    match check_complete(bytes, probe) {
        Err(_) if probe.format != ImageFormat::Jpeg => Ok(false),
        checked => checked.map(|()| true),
    }
}

/// The file itself as the image to send.
fn unchanged(bytes: &Bytes, probe: &Probe, image: &Image) -> Prepared {
    // Models may ignore the orientation, so the size is that of the stored picture.
    let (width, height) = if image.size == Size::Original { (probe.width, probe.height) } else { probe.upright_size() };
    let full = full_size((width, height), image);
    Prepared { bytes: bytes.clone(), mime: probe.format.mime(), width, height, full, features: None, renderer: None }
}

#[cfg(test)]
mod tests;
