//! The chunks of a PNG: whether all of them are there, and the orientation. Source: the PNG
//! specification, third edition, 5 and 11.3.

use super::exif::{MAX_PROFILE_BYTES, parse_raw_profile, read_orientation};
use flate2::read::ZlibDecoder;
use image::metadata::Orientation;
use std::io::Read;

/// What the chunks of a PNG contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PngChunks {
    /// Whether all chunks are there, with the right checksums: a damaged file that is sent as it
    /// is would be billed.
    pub(crate) is_complete: bool,
    /// Whether a chunk that is not needed to show the picture has a wrong checksum. Viewers ignore such a chunk,
    /// or don't read the file.
    pub(crate) has_damaged_extra: bool,
    /// The orientation, if there is one.
    pub(crate) orientation: Option<Orientation>,
}

impl PngChunks {
    /// Reads the chunks of a file.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut found = Self { is_complete: false, has_damaged_extra: false, orientation: None };
        let mut profile = None;
        let mut at = 8_usize;
        while let Some(head) = bytes.get(at..at.saturating_add(8)) {
            let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
            let (from, to) = (at + 4, at.saturating_add(8).saturating_add(length));
            let (Some(chunk), Some(sum)) = (bytes.get(from..to), bytes.get(to..to.saturating_add(4))) else { break };
            if crc32fast::hash(chunk).to_be_bytes() != sum {
                // A small first letter: not needed.
                if !chunk.first().is_some_and(u8::is_ascii_lowercase) {
                    break;
                }
                found.has_damaged_extra = true;
                at = to + 4;
                continue;
            }
            let (kind, content) = chunk.split_at(4);
            match kind {
                b"IEND" => {
                    found.is_complete = true;
                    break;
                }
                b"eXIf" => found.orientation = found.orientation.or_else(|| read_orientation(content)),
                b"tEXt" | b"zTXt" | b"iTXt" if profile.is_none() => {
                    profile = read_profile(kind, content).and_then(|data| read_orientation(&data));
                }
                _ => {}
            }
            at = to + 4;
        }
        found.orientation = found.orientation.or(profile);
        found
    }
}

/// Exif data in a text chunk, as programs wrote it before there was a chunk for it.
fn read_profile(kind: &[u8], content: &[u8]) -> Option<Vec<u8>> {
    let names: [&[u8]; 2] = [b"Raw profile type exif\0", b"Raw profile type APP1\0"];
    let content = names.iter().find_map(|name| content.strip_prefix(*name))?;
    match kind {
        b"tEXt" => parse_raw_profile(content),
        // One byte for the method of compression.
        b"zTXt" => parse_raw_profile(&inflate(content.get(1..)?)?),
        _ => {
            let (&[is_compressed, _method], rest) = content.split_first_chunk::<2>()?;
            // The language and the translated name, which end with zeros.
            let text = rest.splitn(3, |byte| *byte == 0).nth(2)?;
            if is_compressed == 1 { parse_raw_profile(&inflate(text)?) } else { parse_raw_profile(text) }
        }
    }
}

fn inflate(data: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    ZlibDecoder::new(data).take(3 * MAX_PROFILE_BYTES as u64).read_to_end(&mut out).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::ZlibEncoder;
    use image::{DynamicImage, RgbImage};
    use std::io::{Cursor, Write};

    fn png() -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        DynamicImage::ImageRgb8(RgbImage::new(30, 20)).write_to(&mut out, image::ImageFormat::Png).unwrap();
        out.into_inner()
    }

    #[test]
    fn every_byte_that_is_missing_or_wrong_is_noticed() {
        let png = png();
        let is_complete = |bytes: &[u8]| PngChunks::read(bytes).is_complete;
        assert!(is_complete(&png));
        // Bytes after the last chunk don't matter.
        assert!(is_complete(&[&png[..], b"more"].concat()));
        for at in 8..png.len() {
            assert!(!is_complete(&png[..at]), "cut at {at}");
            let mut wrong = png.clone();
            wrong[at] ^= 0x10;
            assert!(!is_complete(&wrong), "changed at {at}");
        }
    }

    fn with_chunk(kind: &[u8], content: &[u8], before: &[u8]) -> Vec<u8> {
        let png = png();
        let chunk = [kind, content].concat();
        let mut out = (content.len() as u32).to_be_bytes().to_vec();
        out.extend(&chunk);
        out.extend(crc32fast::hash(&chunk).to_be_bytes());
        let at = png.windows(4).position(|four| four == before).unwrap() - 4;
        [&png[..at], &out, &png[at..]].concat()
    }

    #[test]
    fn a_chunk_that_is_not_needed_may_be_damaged() {
        for (kind, is_complete) in [(b"tEXt", true), (b"PLTE", false)] {
            let mut bytes = with_chunk(kind, b"a\0b", b"IDAT");
            let at = bytes.windows(4).position(|four| four == kind).unwrap();
            bytes[at + 5] ^= 1;
            let found = PngChunks::read(&bytes);
            assert_eq!((found.is_complete, found.has_damaged_extra), (is_complete, is_complete), "{kind:?}");
        }
    }

    #[test]
    fn orientations() {
        let exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
        let legacy = [&b"Exif\0\0"[..], exif].concat();
        let digits: String = legacy.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = format!("\nexif\n      {}\n{digits}\n", legacy.len());
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        let compressed = encoder.finish().unwrap();
        let name = &b"Raw profile type exif\0"[..];
        for (kind, content) in [
            (b"eXIf", exif.to_vec()),
            (b"eXIf", legacy.clone()),
            (b"tEXt", [name, text.as_bytes()].concat()),
            (b"zTXt", [name, b"\0", &compressed].concat()),
            (b"zTXt", [b"Raw profile type APP1\0\0", &compressed[..]].concat()),
            (b"iTXt", [name, b"\0\0en\0x\0", text.as_bytes()].concat()),
            (b"iTXt", [name, b"\x01\0\0\0", &compressed].concat()),
        ] {
            for before in [b"IDAT", b"IEND"] {
                let read = PngChunks::read(&with_chunk(kind, &content, before));
                let expected =
                    PngChunks { is_complete: true, has_damaged_extra: false, orientation: Some(Orientation::Rotate90) };
                assert_eq!(read, expected, "{:?}", String::from_utf8_lossy(kind));
            }
        }
        for (kind, content) in
            [(b"eXIf", &b"nonsense"[..]), (b"zTXt", b"Raw profile type exif\0\0nonsense"), (b"tEXt", b"Comment\0x")]
        {
            assert_eq!(PngChunks::read(&with_chunk(kind, content, b"IDAT")).orientation, None);
        }
    }
}
