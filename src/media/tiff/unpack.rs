//! Decompresses the data of strips and tiles. Source: TIFF 6.0, sections 9, 10 and 13; libtiff.

use super::directory::Directory;
use crate::media::fault::MediaFault;
use crate::media::fax::reverse_bits;
use flate2::read::ZlibDecoder;
use std::borrow::Cow;
use std::io::Read;
use tiff::tags::CompressionMethod;
use weezl::BitOrder;
use weezl::LzwStatus;
use weezl::decode::Configuration;

/// The `size` bytes that a strip or tile with this data holds. Not for JPEG and fax.
///
/// # Errors
/// Data that is too short, damaged, or compressed in a way that is not supported.
pub(crate) fn unpack<'a>(directory: &Directory, data: &'a [u8], size: usize) -> Result<Cow<'a, [u8]>, MediaFault> {
    let data = if directory.fill_order == 2 {
        // No more of uncompressed data than is needed.
        let end = if directory.compression == 1 { data.len().min(size) } else { data.len() };
        Cow::Owned(reverse_bits(&data[..end]))
    } else {
        Cow::Borrowed(data)
    };
    let is = |methods: &[CompressionMethod]| directory.is_compressed_with(methods);
    let unpacked = if is(&[CompressionMethod::None]) {
        match data {
            Cow::Borrowed(data) => Cow::Borrowed(&data[..data.len().min(size)]),
            owned => owned,
        }
    } else if is(&[CompressionMethod::PackBits]) {
        Cow::Owned(unpack_bits(&data, size))
    } else if is(&[CompressionMethod::LZW]) {
        Cow::Owned(unpack_lzw(&data, size))
    } else if is(&[CompressionMethod::Deflate, CompressionMethod::OldDeflate]) {
        Cow::Owned(inflate(&data, size)?)
    } else {
        let method = CompressionMethod::from_u16_exhaustive(u16::try_from(directory.compression).unwrap_or(0));
        let name = match method {
            // The library doesn't know it (libtiff's `COMPRESSION_LZMA`).
            CompressionMethod::Unknown(34_925) => "LZMA".to_owned(),
            CompressionMethod::Unknown(number) => number.to_string(),
            method => format!("{method:?}"),
        };
        return Err(MediaFault::unsupported(format!("TIFF with the compression {name}")));
    };
    if unpacked.len() == size { Ok(unpacked) } else { Err(MediaFault::cut_short()) }
}

/// Packed runs (section 9).
fn unpack_bits(data: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(size);
    let mut at = 0;
    while let (true, Some(&head)) = (out.len() < size, data.get(at)) {
        let left = size - out.len();
        match head {
            0..=127 => {
                let count = usize::from(head) + 1;
                let literal = data.get(at + 1..).unwrap_or_default();
                out.extend_from_slice(&literal[..count.min(literal.len()).min(left)]);
                at += 1 + count;
            }
            128 => at += 1,
            129.. => {
                let Some(&value) = data.get(at + 1) else { break };
                out.resize(out.len() + (257 - usize::from(head)).min(left), value);
                at += 2;
            }
        }
    }
    out
}

/// LZW (section 13). Data of old programs has the other order of bits, which libtiff detects in
/// the same way.
fn unpack_lzw(data: &[u8], size: usize) -> Vec<u8> {
    let is_old = matches!(data, [0, second, ..] if second & 1 == 1);
    let configuration = match is_old {
        true => Configuration::new(BitOrder::Lsb, 8),
        false => Configuration::with_tiff_size_switch(BitOrder::Msb, 8),
    };
    let mut decoder = configuration.with_yield_on_full_buffer(true).build();
    let mut out = vec![0; size];
    let (mut from, mut to) = (0, 0);
    while to < size {
        let step = decoder.decode_bytes(&data[from..], &mut out[to..]);
        from += step.consumed_in;
        to += step.consumed_out;
        if !matches!(step.status, Ok(LzwStatus::Ok)) {
            break;
        }
    }
    out.truncate(to);
    out
}

fn inflate(data: &[u8], size: usize) -> Result<Vec<u8>, MediaFault> {
    let mut out = Vec::new();
    let limit = u64::try_from(size).unwrap_or(u64::MAX);
    match ZlibDecoder::new(data).take(limit).read_to_end(&mut out) {
        Err(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            Err(MediaFault::damaged(format!("the data of the picture is damaged: {error}")))
        }
        _ => Ok(out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_runs() {
        for (data, size, unpacked) in [
            (&[2, 7, 8, 9][..], 3, &[7, 8, 9][..]),
            (&[254, 5, 128, 0, 1], 4, &[5, 5, 5, 1]),
            // More than is needed, and less.
            (&[129, 1], 2, &[1, 1]),
            (&[5, 1, 2], 6, &[1, 2]),
            (&[129], 6, &[]),
            (&[], 6, &[]),
        ] {
            assert_eq!(unpack_bits(data, size), unpacked, "{data:?}");
        }
    }

    #[test]
    fn lzw_ends_where_the_picture_does() {
        let samples: Vec<u8> = (0..9000).map(|at| (at * at / 50 % 256) as u8).collect();
        let packed = weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8).encode(&samples).unwrap();
        assert_eq!(unpack_lzw(&packed, 9000), samples);
        assert_eq!(unpack_lzw(&packed, 100), samples[..100]);
        // The code for the end may be missing.
        assert_eq!(unpack_lzw(&packed[..packed.len() - 2], 8900), samples[..8900]);
        assert!(unpack_lzw(&packed[..100], 9000).len() < 9000);
        let old = weezl::encode::Encoder::new(BitOrder::Lsb, 8).encode(&samples).unwrap();
        assert_eq!((old[0], old[1] & 1), (0, 1));
        assert_eq!(unpack_lzw(&old, 9000), samples);
    }
}
