//! One page, from its document to what is sent.

use super::page_features::PageFeatures;
use super::size::{full_size, target_size};
use super::{encode, resize};
use crate::manifest::{Image, Size};
use crate::media::{Document, Format, MediaFault, MediaFaultKind, Orientation, Probe, probe};
use bytes::Bytes;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Most bytes of an image that providers take: 20 MB.
const MOST_BYTES: usize = 20_000_000;
/// Longest side to which a page is decoded when only its marks are wanted, in pixels.
const MARKS_SIDE: u32 = 512;

/// What is sent instead of a page.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The encoded image.
    pub bytes: Bytes,
    /// Its media type.
    pub mime: &'static str,
    /// Pixels across, as the model sees it.
    pub width: u32,
    /// Pixels down, as the model sees it.
    pub height: u32,
    /// The size that the model could use at most: what `size: full` sends.
    pub full: (u32, u32),
    /// What a look at the picture told, when it was wanted.
    pub marks: Option<PageFeatures>,
}

/// The file itself, when it holds one page that is fit to be sent as it is: nothing has to
/// be decoded then. `None`: it has to be.
///
/// # Errors
/// A file that is no image, is cut short, damaged or larger than the bounds.
pub fn as_it_is(bytes: &Bytes, image: &Image) -> Result<Option<Prepared>, MediaFault> {
    let Some(probe) = header(bytes)? else { return Ok(None) };
    let prepared = passes(bytes, &probe, image).then(|| unchanged(bytes, &probe, image));
    prepared.map(within_bounds).transpose()
}

/// Pages of a file, when its header tells. `None`: a [`Document`] has to be opened.
///
/// # Errors
/// A file that is no image, is cut short, damaged or larger than the bounds.
pub fn count_by_header(bytes: &[u8]) -> Result<Option<u32>, MediaFault> {
    Ok(header(bytes)?.map(|_| 1))
}

/// The upright size of the one picture in a file, in pixels, when its header tells.
/// `None`: a [`Document`] has to be opened.
///
/// # Errors
/// A file that is no image, is cut short, damaged or larger than the bounds.
pub fn size_by_header(bytes: &[u8]) -> Result<Option<(u32, u32)>, MediaFault> {
    Ok(header(bytes)?.map(|probe| probe.upright_size()))
}

/// The header of a file that can be sent as it is. Only readers of our own or well tried
/// ones, so it is read where the run is; a panic in one of them is the file's fault.
fn header(bytes: &[u8]) -> Result<Option<Probe>, MediaFault> {
    let read = || match Format::of(bytes)? {
        format if format.is_sendable() => probe(bytes).map(Some),
        _ => Ok(None),
    };
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(MediaFault::new(MediaFaultKind::Damaged, "the header can't be read")))
}

/// Prepares a page (from 1) of a document. `with_marks`: its picture is looked at, also
/// when it is sent as it is.
///
/// # Errors
/// When the page can't be decoded, or stays larger than providers take.
pub fn prepare(document: &Document, page: u32, image: &Image, with_marks: bool) -> Result<Prepared, MediaFault> {
    let probe = document.probe(page)?;
    let upright = probe.upright_size();
    let target = target_size(upright, image);
    let bytes = document.bytes();
    let prepared = if passes(bytes, &probe, image) {
        let marks = with_marks.then(|| {
            let small = crate::catalog::fit_longest_side(upright, MARKS_SIDE);
            let pixels = document.decode(page, &probe, Probe::turned(small, probe.orientation))?;
            Ok(PageFeatures::of(&resize::to_size(pixels, probe.orientation, small)?))
        });
        Prepared { marks: marks.transpose()?, ..unchanged(bytes, &probe, image) }
    } else {
        let pixels = document.decode(page, &probe, Probe::turned(target, probe.orientation))?;
        let upright = resize::to_size(pixels, probe.orientation, target)?;
        let marks = with_marks.then(|| PageFeatures::of(&upright));
        let bytes = encode::jpeg(&upright)?.into();
        let full = full_size(probe.upright_size(), image);
        Prepared { bytes, mime: "image/jpeg", width: upright.width, height: upright.height, full, marks }
    };
    within_bounds(prepared)
}

fn within_bounds(prepared: Prepared) -> Result<Prepared, MediaFault> {
    if prepared.bytes.len() > MOST_BYTES {
        let message = format!("{} bytes to send are more than providers take ({MOST_BYTES})", prepared.bytes.len());
        return Err(MediaFault::new(MediaFaultKind::RequestTooLarge, message));
    }
    Ok(prepared)
}

/// Whether the file can be sent as it is.
fn passes(bytes: &[u8], probe: &Probe, image: &Image) -> bool {
    match image.size {
        Size::Original => probe.format.is_sendable() || probe.format == Format::Gif,
        _ => {
            probe.format.is_sendable()
                && probe.is_plain
                && probe.orientation == Orientation::NoTransforms
                && target_size(probe.upright_size(), image) == probe.upright_size()
                && bytes.len() <= MOST_BYTES
        }
    }
}

fn unchanged(bytes: &Bytes, probe: &Probe, image: &Image) -> Prepared {
    // Whether a model heeds an orientation is not known: it sees the stored picture.
    let (width, height) = if image.size == Size::Original { (probe.width, probe.height) } else { probe.upright_size() };
    let full = full_size((width, height), image);
    Prepared { bytes: bytes.clone(), mime: probe.format.mime(), width, height, full, marks: None }
}

#[cfg(test)]
mod tests;
