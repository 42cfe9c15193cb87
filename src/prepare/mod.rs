//! What is sent instead of a page: upright, no larger than the model can use, encoded.
//!
//! - [`size`]: how large it is sent
//! - [`resize`]: downscale and turn upright
//! - [`encode`]: as JPEG
//!
//! What is fit to be sent as it is, is sent as it is.

mod encode;
mod resize;
mod size;

pub use size::target_size;

use crate::manifest::{Image, Size};
use crate::media::{MediaFault, MediaFaultKind, Orientation, Pixels, Probe, decode};
use bytes::Bytes;

/// Part of every answer's key: raising it asks every page again. Stands for what a
/// preparation *means*, not for the encoder's version.
pub const PICTURE_VERSION: u32 = 1;

/// Most bytes of an image that providers take: 20 MB.
const MOST_BYTES: usize = 20_000_000;

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
}

/// Prepares the page in `bytes`, which `probe` described.
///
/// # Errors
/// When the page has to be decoded and can't be, or stays larger than providers take.
pub fn prepare(bytes: Bytes, probe: &Probe, image: &Image) -> Result<Prepared, MediaFault> {
    let upright = probe.upright_size();
    let target = target_size(upright, image);
    let as_it_is = match image.size {
        Size::Original => probe.format.is_sendable() || probe.format == crate::media::Format::Gif,
        _ => {
            probe.format.is_sendable()
                && probe.is_plain
                && probe.orientation == Orientation::NoTransforms
                && target == upright
                && bytes.len() <= MOST_BYTES
        }
    };
    let prepared = if as_it_is {
        let (width, height) = if image.size == Size::Original { (probe.width, probe.height) } else { upright };
        Prepared { bytes, mime: probe.format.mime(), width, height }
    } else {
        render(&decode(&bytes, probe)?, probe.orientation, target)?
    };
    if prepared.bytes.len() > MOST_BYTES {
        let message = format!("{} bytes to send are more than providers take ({MOST_BYTES})", prepared.bytes.len());
        return Err(MediaFault::new(MediaFaultKind::RequestTooLarge, message));
    }
    Ok(prepared)
}

/// Downscales, turns upright and encodes.
fn render(pixels: &Pixels, orientation: Orientation, target: (u32, u32)) -> Result<Prepared, MediaFault> {
    let upright = resize::to_size(pixels, orientation, target)?;
    let bytes = encode::jpeg(&upright)?;
    Ok(Prepared { bytes: bytes.into(), mime: "image/jpeg", width: upright.width, height: upright.height })
}

#[cfg(test)]
mod tests;
