//! Pages of samples: all but fax pages.

use super::byte_layout::ByteLayout;
use super::chunks::{ChunkGrid, ChunkPlace, chunk_data};
use super::colors::PixelConverter;
use super::directory::Directory;
use super::fax_page::unpack_fax;
use super::jpeg_chunk::decode_jpeg_chunk;
use super::predictor::{has_predictor, undo_predictor};
use super::subsampling::Subsampling;
use super::unpack::unpack;
use crate::media::fault::{MediaFault, MediaFaultKind};
use crate::media::pixels::{MAX_DECODER_BYTES, MAX_PIXELS, Pixels};
use std::borrow::Cow;
use tiff::tags::{CompressionMethod, PhotometricInterpretation};

/// Samples of a pixel that are read.
const MAX_SAMPLES: u64 = 64;

/// Decodes a page at its own size.
///
/// # Errors
/// A page that is cut short, damaged, not supported or needs too much memory.
pub(crate) fn decode_raster(bytes: &[u8], directory: &Directory) -> Result<Pixels, MediaFault> {
    let page = RasterPage::new(bytes, directory)?;
    let converter = PixelConverter::new(bytes, directory, page.samples)?;
    let pixels = page.convert(&converter)?;
    match converter.without_guessed_alpha() {
        // A sample that is 0 everywhere is not alpha: nothing would be shown.
        Some(converter) if pixels.data.iter().all(|value| *value == u8::MAX) => {
            drop(pixels);
            page.convert(&converter)
        }
        _ => Ok(pixels),
    }
}

/// Whether a page shows anything else because a sample of its pixels is taken for alpha without a tag for it.
///
/// # Errors
/// As [`decode_raster`].
pub(crate) fn depends_on_guessed_alpha(bytes: &[u8], directory: &Directory) -> Result<bool, MediaFault> {
    if directory.samples_per_pixel != 4 || !directory.extra_samples.is_empty() {
        return Ok(false);
    }
    let page = RasterPage::new(bytes, directory)?;
    match PixelConverter::new(bytes, directory, page.samples)?.without_guessed_alpha() {
        Some(converter) => Ok(decode_raster(bytes, directory)?.data != page.convert(&converter)?.data),
        None => Ok(false),
    }
}

/// A page and the form of its samples.
struct RasterPage<'a> {
    bytes: &'a [u8],
    directory: &'a Directory,
    grid: ChunkGrid,
    /// The data of each chunk, plane by plane.
    chunks: Vec<Option<&'a [u8]>>,
    /// Samples of a pixel.
    samples: usize,
    bits: usize,
    /// Bytes of a row of a chunk.
    row_bytes: usize,
    subsampling: Option<Subsampling>,
}

impl<'a> RasterPage<'a> {
    fn new(bytes: &'a [u8], directory: &'a Directory) -> Result<Self, MediaFault> {
        let too_large = || MediaFault::new(MediaFaultKind::TooLarge, "the picture needs too much memory");
        if u64::from(directory.width) * u64::from(directory.height) > MAX_PIXELS {
            return Err(too_large());
        }
        let bits = directory.bits_per_sample;
        if !(1..=16).contains(&bits) || !directory.has_equal_bits {
            return Err(MediaFault::unsupported(format!("TIFF with {bits} bits per sample")));
        }
        let is_lab = directory.photometric == Some(PhotometricInterpretation::CIELab.to_u16().into());
        if !matches!((directory.sample_format, is_lab), (0 | 1 | 4, _) | (2, true)) {
            return Err(MediaFault::unsupported("TIFF with signed samples or floating-point numbers"));
        }
        let samples = directory.samples_per_pixel;
        if !(1..=MAX_SAMPLES).contains(&samples) {
            return Err(MediaFault::unsupported(format!("TIFF with {samples} samples per pixel")));
        }
        let grid = ChunkGrid::new(directory)?;
        let in_a_chunk = if directory.is_planar { 1 } else { samples };
        let row_bytes = (u64::from(grid.chunk.0) * in_a_chunk * bits).div_ceil(8);
        let chunk_bytes = row_bytes.checked_mul(grid.chunk.1.into()).filter(|size| *size <= MAX_DECODER_BYTES);
        chunk_bytes.ok_or_else(too_large)?;
        Ok(Self {
            bytes,
            directory,
            grid,
            chunks: chunk_data(bytes, directory),
            samples: usize::try_from(samples).map_err(|_| too_large())?,
            bits: usize::try_from(bits).map_err(|_| too_large())?,
            row_bytes: usize::try_from(row_bytes).map_err(|_| too_large())?,
            subsampling: read_subsampling(directory)?,
        })
    }

    /// The pixels of the page.
    fn convert(&self, converter: &PixelConverter) -> Result<Pixels, MediaFault> {
        let (directory, channels) = (self.directory, usize::from(converter.channels()));
        let width = directory.width as usize;
        let mut data = vec![0; width * directory.height as usize * channels];
        let mut samples = Vec::new();
        for place in self.grid.places() {
            let planes = self.planes(&place)?;
            for y in 0..place.shown.1 as usize {
                let start = ((place.y as usize + y) * width + place.x as usize) * channels;
                let out = &mut data[start..start + place.shown.0 as usize * channels];
                let row = |plane: &Cow<'_, [u8]>| y * self.row_bytes..((y + 1) * self.row_bytes).min(plane.len());
                match planes.as_slice() {
                    [plane] if converter.changes_nothing() => out.copy_from_slice(&plane[row(plane)][..out.len()]),
                    [plane] => {
                        samples.resize(place.shown.0 as usize * self.samples, 0);
                        read_samples(&plane[row(plane)], self.bits, directory.layout, &mut samples, 1);
                        converter.convert(&samples, out)?;
                    }
                    planes => {
                        samples.resize(place.shown.0 as usize * planes.len(), 0);
                        for (at, plane) in planes.iter().enumerate() {
                            let samples = &mut samples[at..];
                            read_samples(&plane[row(plane)], self.bits, directory.layout, samples, planes.len());
                        }
                        converter.convert(&samples, out)?;
                    }
                }
            }
        }
        Ok(Pixels { width: directory.width, height: directory.height, channels: converter.channels(), data })
    }

    /// The samples of a chunk in each plane, in rows of whole bytes.
    fn planes(&self, place: &ChunkPlace) -> Result<Vec<Cow<'a, [u8]>>, MediaFault> {
        let planes = if self.directory.is_planar { self.samples } else { 1 };
        let data = |plane: usize| self.chunks.get(plane * self.grid.len() + place.index).copied().flatten();
        let decode = |plane: usize| self.decode(data(plane).ok_or_else(MediaFault::cut_short)?, place);
        (0..planes).map(decode).collect()
    }

    fn decode(&self, data: &'a [u8], place: &ChunkPlace) -> Result<Cow<'a, [u8]>, MediaFault> {
        let directory = self.directory;
        let in_a_chunk = if directory.is_planar { 1 } else { self.samples };
        let (width, height) = (place.width as usize, place.height as usize);
        if directory.is_compressed_with(&[CompressionMethod::ModernJPEG]) {
            if self.bits != 8 {
                return Err(MediaFault::unsupported(format!("TIFF with JPEG of {} bits per sample", self.bits)));
            }
            return decode_jpeg_chunk(self.bytes, directory, data, place, in_a_chunk).map(Cow::Owned);
        }
        let fax = [CompressionMethod::Huffman, CompressionMethod::Fax3, CompressionMethod::Fax4];
        if directory.is_compressed_with(&fax) {
            if (self.bits, in_a_chunk) != (1, 1) {
                return Err(MediaFault::damaged("a fax page has more than one bit per pixel"));
            }
            return unpack_fax(directory, data, place.width, place.height).map(Cow::Owned);
        }
        if let Some(subsampling) = self.subsampling {
            let packed = unpack(directory, data, subsampling.size(width, height))?;
            return Ok(Cow::Owned(subsampling.expand(&packed, width, height)));
        }
        let mut samples = unpack(directory, data, self.row_bytes * height)?;
        if has_predictor(directory) {
            undo_predictor(directory, samples.to_mut(), self.row_bytes, in_a_chunk)?;
        }
        Ok(samples)
    }
}

/// How the colour of a page is subsampled; `None`: it is not, or the decoder of JPEG handles it.
fn read_subsampling(directory: &Directory) -> Result<Option<Subsampling>, MediaFault> {
    let is_ycbcr = directory.photometric == Some(PhotometricInterpretation::YCbCr.to_u16().into());
    let is_jpeg = directory.is_compressed_with(&[CompressionMethod::ModernJPEG]);
    if !is_ycbcr || is_jpeg && !directory.is_planar {
        return Ok(None);
    }
    let found = Subsampling::new(directory.subsampling).filter(|found| !found.is_none());
    let is_readable = (directory.bits_per_sample, directory.samples_per_pixel) == (8, 3) && !directory.is_planar;
    match found {
        Some(_) if !is_readable || has_predictor(directory) => {
            Err(MediaFault::unsupported("TIFF with subsampled colours in this form"))
        }
        found => Ok(found),
    }
}

/// Reads samples of this many bits from a row into every `step`th of `out`.
fn read_samples(row: &[u8], bits: usize, layout: ByteLayout, out: &mut [u16], step: usize) {
    let out = out.iter_mut().step_by(step);
    match bits {
        8 => out.zip(row).for_each(|(sample, byte)| *sample = u16::from(*byte)),
        16 => out.zip(row.chunks_exact(2)).for_each(|(sample, pair)| *sample = layout.word([pair[0], pair[1]])),
        _ => {
            for (at, sample) in out.enumerate() {
                // At most 15 bits, which touch at most three bytes.
                let (byte, offset) = (at * bits / 8, at * bits % 8);
                let window =
                    (0..3).fold(0_u32, |sum, next| sum << 8 | u32::from(row.get(byte + next).copied().unwrap_or(0)));
                *sample = u16::try_from(window >> (24 - offset - bits) & ((1 << bits) - 1)).unwrap_or(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_every_size() {
        let little = ByteLayout::read(b"II*\0").unwrap();
        let big = ByteLayout::read(b"MM\0*").unwrap();
        for (row, bits, layout, samples) in [
            (&[0b1010_0000][..], 1, little, &[1, 0, 1][..]),
            (&[0b1101_1000], 2, little, &[3, 1, 2]),
            (&[0x1F, 0x20], 4, little, &[1, 15, 2]),
            (&[0b1010_1110, 0b1000_0000], 5, little, &[21, 26]),
            (&[0x12, 0x34, 0x56], 12, little, &[0x123, 0x456]),
            (&[1, 255], 8, little, &[1, 255]),
            (&[1, 2, 3, 4], 16, little, &[0x0201, 0x0403]),
            (&[1, 2, 3, 4], 16, big, &[0x0102, 0x0304]),
        ] {
            let mut out = vec![0; samples.len()];
            read_samples(row, bits, layout, &mut out, 1);
            assert_eq!(out, samples, "{row:x?} with {bits} bits");
        }
        let mut out = [0; 6];
        read_samples(&[7, 8, 9], 8, little, &mut out[1..], 2);
        assert_eq!(out, [0, 7, 0, 8, 0, 9]);
    }
}
