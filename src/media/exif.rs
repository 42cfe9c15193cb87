//! The orientation in Exif data, as every container carries it. Source: Exif 2.32, 4.5 and 4.6;
//! TIFF 6.0, section 2.

use image::metadata::Orientation;

/// The tag `Orientation`.
const ORIENTATION: u64 = 0x0112;
/// Entries of a directory that are read.
const MAX_ENTRIES: u64 = 1024;
/// Exif data in text that is longer is not read, in bytes. A segment of JPEG has 64 KiB.
pub(crate) const MAX_PROFILE_BYTES: usize = 1 << 20;

/// The orientation in Exif data, with or without the prefix `Exif\0\0`, which belongs to JPEG but
/// is written into other containers, too. `None`: there is none, or it is not valid.
pub(crate) fn read_orientation(mut data: &[u8]) -> Option<Orientation> {
    // Some programs add the prefix to data that has it.
    while let Some(rest) = data.strip_prefix(b"Exif\0") {
        data = rest.get(1..)?;
    }
    let is_little_endian = match data.first_chunk()? {
        b"II*\0" => true,
        b"MM\0*" => false,
        _ => return None,
    };
    let number = |at: u64, size: u64| {
        let at = usize::try_from(at).ok()?;
        let digits = data.get(at..at.checked_add(usize::try_from(size).ok()?)?)?;
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if is_little_endian { digits.iter().rev().fold(0, add) } else { digits.iter().fold(0, add) })
    };
    let directory = number(4, 4)?;
    let count = number(directory, 2)?.min(MAX_ENTRIES);
    let entry = (0..count).map(|at| directory + 2 + at * 12).find(|at| number(*at, 2) == Some(ORIENTATION))?;
    // It should be a short number; some programs write others.
    let size = match number(entry + 2, 2)? {
        1 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 => 4,
        _ => return None,
    };
    Orientation::from_exif(u8::try_from(number(entry + 8, size)?).ok()?)
}

/// The data of a profile as text, as ImageMagick writes it: a line with its name, one with its
/// length, and hexadecimal digits. `None`: it is something else.
pub(crate) fn parse_raw_profile(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.strip_prefix(b"\n").unwrap_or(text);
    let mut lines = text.splitn(3, |byte| *byte == b'\n');
    let (_name, length, digits) = (lines.next()?, lines.next()?, lines.next()?);
    let length: usize = std::str::from_utf8(length).ok()?.trim().parse().ok()?;
    if length > MAX_PROFILE_BYTES {
        return None;
    }
    let values: Vec<u8> = digits
        .iter()
        .filter(|byte| !byte.is_ascii_whitespace())
        .map_while(|byte| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .take(2 * length)
        .collect();
    Some(values.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exif data with one entry: its type and value.
    fn exif(is_little_endian: bool, kind: u16, value: u32) -> Vec<u8> {
        let mut out = if is_little_endian { b"II*\0".to_vec() } else { b"MM\0*".to_vec() };
        let mut put = |number: u32, size: usize| match is_little_endian {
            true => out.extend(&number.to_le_bytes()[..size]),
            false => out.extend(&number.to_be_bytes()[4 - size..]),
        };
        let (size, rest) = if kind == 3 { (2, 2) } else { (4, 0) };
        for (number, size) in [(8, 4), (1, 2), (0x0112, 2), (kind.into(), 2), (1, 4), (value, size), (0, rest), (0, 4)]
        {
            put(number, size);
        }
        out
    }

    #[test]
    fn orientations_with_and_without_the_prefix() {
        for is_little_endian in [false, true] {
            for (kind, value) in (1..=8).flat_map(|value| [(3, value), (4, value)]) {
                let data = exif(is_little_endian, kind, value);
                let expected = Orientation::from_exif(value as u8);
                assert_eq!(read_orientation(&data), expected);
                for prefix in [&b"Exif\0\0"[..], b"Exif\0\xFF", b"Exif\0\0Exif\0\0"] {
                    assert_eq!(read_orientation(&[prefix, &data].concat()), expected, "{prefix:x?} {value}");
                }
                for length in 0..data.len() - 6 {
                    assert_eq!(read_orientation(&data[..length]), None, "{length} bytes");
                }
            }
            assert_eq!(read_orientation(&exif(is_little_endian, 3, 0)), None);
            assert_eq!(read_orientation(&exif(is_little_endian, 3, 9)), None);
            assert_eq!(read_orientation(&exif(is_little_endian, 2, 6)), None);
        }
    }

    #[test]
    fn profiles_as_text() {
        for (text, data) in [
            (&b"\nexif\n       4\n49492a00\n"[..], Some(&b"II*\0"[..])),
            (b"\nexif\n4\n4949\n2a00", Some(b"II*\0")),
            (b"exif\n2\n49492a00", Some(b"II")),
            (b"\nexif\nx\n4949", None),
            (b"\nexif\n99999999\n4949", None),
            (b"\nexif", None),
        ] {
            assert_eq!(parse_raw_profile(text).as_deref(), data, "{:?}", String::from_utf8_lossy(text));
        }
    }
}
