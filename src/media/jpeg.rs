//! JPEG: the header, read in place; whether the file reaches its end; the picture.
//!
//! Decoders fill what is missing of a cut file with grey and report success; a model
//! would be paid for looking at that. Source: ITU-T T.81, annex B.

use super::fault::{MediaFault, MediaFaultKind};
use super::pixels::Pixels;
use image::metadata::Orientation;
use jpeg_decoder::{Decoder, PixelFormat};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::OnceLock;

/// What a JPEG's markers say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// 1 grey, 3 colour, 4 CMYK.
    pub(crate) components: u8,
    pub(crate) orientation: Orientation,
}

/// The picture, by a decoder that leaves out what a smaller one does not need: at an
/// eighth, a quarter, half or all of its size, but not below `target`. `None` when it
/// does not know this kind of JPEG, or is not sure.
pub(crate) fn decode(bytes: &[u8], target: (u32, u32)) -> Option<Pixels> {
    #[cfg(feature = "turbojpeg")]
    if let Some(pixels) = super::turbo::decode(bytes, target) {
        return Some(pixels);
    }
    // The decoder shares its work between threads, which costs a tenth when every core is
    // busy with a page of its own: it gets one thread.
    static ALONE: OnceLock<Option<ThreadPool>> = OnceLock::new();
    let pool = ALONE.get_or_init(|| ThreadPoolBuilder::new().num_threads(1).build().ok());
    match pool {
        Some(pool) => pool.install(|| decode_here(bytes, target)),
        None => decode_here(bytes, target),
    }
}

fn decode_here(bytes: &[u8], target: (u32, u32)) -> Option<Pixels> {
    let mut decoder = Decoder::new(bytes);
    decoder.read_info().ok()?;
    let side = |side: u32| u16::try_from(side).unwrap_or(u16::MAX);
    decoder.scale(side(target.0), side(target.1)).ok()?;
    let data = decoder.decode().ok()?;
    let info = decoder.info()?;
    let channels = match info.pixel_format {
        PixelFormat::L8 => 1,
        PixelFormat::RGB24 => 3,
        PixelFormat::L16 | PixelFormat::CMYK32 => return None,
    };
    Some(Pixels { width: info.width.into(), height: info.height.into(), channels, data })
}

pub(crate) fn header(bytes: &[u8]) -> Result<Header, MediaFault> {
    let cut = || MediaFault::new(MediaFaultKind::CutShort, "the file ends before its picture does");
    let mut orientation = Orientation::NoTransforms;
    let mut frame = None;
    let mut at = 2;
    loop {
        // Markers may be preceded by any number of fill bytes.
        while bytes.get(at) == Some(&0xFF) && bytes.get(at + 1) == Some(&0xFF) {
            at += 1;
        }
        let (Some(0xFF), Some(&marker)) = (bytes.get(at), bytes.get(at + 1)) else {
            return if at + 1 >= bytes.len() { Err(cut()) } else { Err(damaged("a segment is missing its marker")) };
        };
        at += 2;
        if matches!(marker, 0x01 | 0xD0..=0xD8) {
            continue;
        }
        if marker == 0xD9 {
            return Err(damaged("the file has no picture"));
        }
        let length = bytes.get(at..at + 2).map(|b| usize::from(b[0]) << 8 | usize::from(b[1])).ok_or_else(cut)?;
        let segment = bytes.get(at + 2..at + length.max(2)).ok_or_else(cut)?;
        at += length.max(2);
        match marker {
            // Start of frame, of any kind but the tables between them.
            0xC0..=0xCF if !matches!(marker, 0xC4 | 0xC8 | 0xCC) => {
                let &[_, h1, h0, w1, w0, components, ..] = segment else {
                    return Err(damaged("a short frame header"));
                };
                frame = Some((u32::from(w1) << 8 | u32::from(w0), u32::from(h1) << 8 | u32::from(h0), components));
            }
            0xE1 if segment.starts_with(b"Exif\0\0") => {
                orientation = Orientation::from_exif_chunk(&segment[6..]).unwrap_or(orientation);
            }
            0xDA => break,
            _ => {}
        }
    }
    let (width, height, components) = frame.ok_or_else(|| damaged("the file has no frame header"))?;
    if ends(&bytes[at..]) { Ok(Header { width, height, components, orientation }) } else { Err(cut()) }
}

/// Whether an end-of-image marker follows. Usually it is the last two bytes; cameras
/// append trailers, scanners pad.
fn ends(scan: &[u8]) -> bool {
    scan.ends_with(&[0xFF, 0xD9]) || scan.windows(2).rev().any(|pair| pair == [0xFF, 0xD9])
}

fn damaged(message: &str) -> MediaFault {
    MediaFault::new(MediaFaultKind::Damaged, message)
}
