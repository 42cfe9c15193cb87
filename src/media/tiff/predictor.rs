//! Undoes the predictor of compressed samples. Source: TIFF 6.0, section 14.

use super::byte_layout::ByteLayout;
use super::directory::Directory;
use crate::media::fault::MediaFault;
use tiff::tags::{CompressionMethod, Predictor};

/// Undoes the predictor in rows of this many bytes, of pixels of this many samples. Only LZW and
/// Deflate have predictors: with other compressions the tag means nothing, and is ignored as
/// libtiff does.
///
/// # Errors
/// A predictor that is unknown or not supported.
pub(crate) fn undo_predictor(
    directory: &Directory,
    data: &mut [u8],
    row_bytes: usize,
    samples: usize,
) -> Result<(), MediaFault> {
    if !has_predictor(directory) {
        return Ok(());
    }
    if directory.predictor != u64::from(Predictor::Horizontal.to_u16()) {
        return Err(MediaFault::unsupported(format!("TIFF with the predictor {}", directory.predictor)));
    }
    for row in data.chunks_mut(row_bytes.max(1)) {
        match directory.bits_per_sample {
            8 => add_bytes(row, samples),
            16 => add_words(row, samples, directory.layout),
            bits => return Err(MediaFault::unsupported(format!("TIFF with a predictor and {bits} bits per sample"))),
        }
    }
    Ok(())
}

/// Whether the samples were replaced by differences.
pub(crate) fn has_predictor(directory: &Directory) -> bool {
    let methods = [CompressionMethod::LZW, CompressionMethod::Deflate, CompressionMethod::OldDeflate];
    // Some programs write 0 for none.
    directory.predictor > 1 && directory.is_compressed_with(&methods)
}

fn add_bytes(row: &mut [u8], samples: usize) {
    for at in samples..row.len() {
        row[at] = row[at].wrapping_add(row[at - samples]);
    }
}

fn add_words(row: &mut [u8], samples: usize, layout: ByteLayout) {
    let read = |row: &[u8], at: usize| layout.word([row[at], row[at + 1]]);
    for at in (2 * samples..row.len().saturating_sub(1)).step_by(2) {
        let sum = read(row, at).wrapping_add(read(row, at - 2 * samples));
        row[at..at + 2].copy_from_slice(&layout.word_bytes(sum));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_added_per_sample() {
        let mut row = [1, 2, 3, 1, 0, 255, 255, 1, 1];
        add_bytes(&mut row, 3);
        assert_eq!(row, [1, 2, 3, 2, 2, 2, 1, 3, 3]);
        for (mark, row, sums) in [
            (b"II*\0", [255, 0, 1, 0, 0, 1], [255, 0, 0, 1, 0, 2]),
            (b"MM\0*", [0, 255, 0, 1, 1, 0], [0, 255, 1, 0, 2, 0]),
        ] {
            let mut row = row;
            add_words(&mut row, 1, ByteLayout::read(mark).unwrap());
            assert_eq!(row, sums);
        }
    }
}
