//! Reads the coefficients of a macroblock of VP8 without keeping them. Source: RFC 6386, section 13.

use super::bit_reader::BitReader;
use super::probabilities::{BlockProbabilities, CoefficientProbabilities};

/// The band of each coefficient of a block, in their order.
const BANDS: [usize; 16] = [0, 1, 2, 3, 6, 4, 5, 6, 6, 6, 6, 6, 6, 6, 6, 7];

/// The probabilities of the bits that follow the tokens of large values.
const EXTRA_BITS: [&[u8]; 6] = [
    &[159],
    &[165, 145],
    &[173, 148, 140],
    &[176, 155, 140, 135],
    &[180, 157, 141, 134, 130],
    &[254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129],
];

/// Of the blocks at one edge of a macroblock, whether they have coefficients: four of luma, two each of chroma, and the
/// block of the others' averages.
#[derive(Clone, Copy, Default)]
pub(super) struct Edge {
    luma: [bool; 4],
    chroma: [[bool; 2]; 2],
    averages: bool,
}

impl Edge {
    /// What follows a macroblock without coefficients.
    pub(super) fn skip(&mut self, has_averages: bool) {
        let averages = self.averages && !has_averages;
        *self = Self { averages, ..Self::default() };
    }
}

/// Reads the coefficients of a macroblock, with the edges above it and to its left.
pub(super) fn read_macroblock(
    bits: &mut BitReader<'_>,
    probabilities: &CoefficientProbabilities,
    has_averages: bool,
    above: &mut Edge,
    left: &mut Edge,
) {
    let (luma, first) = if has_averages {
        let found = read_block(bits, &probabilities[1], above.averages, left.averages, 0);
        (above.averages, left.averages) = (found, found);
        (&probabilities[0], 1)
    } else {
        (&probabilities[3], 0)
    };
    read_blocks(bits, luma, first, &mut above.luma, &mut left.luma);
    for (above, left) in above.chroma.iter_mut().zip(&mut left.chroma) {
        read_blocks(bits, &probabilities[2], 0, above, left);
    }
}

/// Reads a square of blocks, row by row.
fn read_blocks(
    bits: &mut BitReader<'_>,
    probabilities: &BlockProbabilities,
    first: usize,
    above: &mut [bool],
    left: &mut [bool],
) {
    for left in left {
        for above in above.iter_mut() {
            *left = read_block(bits, probabilities, *above, *left, first);
            *above = *left;
        }
    }
}

/// Reads the coefficients of a block, from the one with the index `first`. Returns whether there are any.
fn read_block(
    bits: &mut BitReader<'_>,
    probabilities: &BlockProbabilities,
    above: bool,
    left: bool,
    first: usize,
) -> bool {
    let mut at = first;
    let mut context = usize::from(above) + usize::from(left);
    while at < 16 {
        let mut nodes = &probabilities[BANDS[at]][context];
        if !bits.read(nodes[0]) {
            return at > first;
        }
        // Zeros. The end can't follow one.
        while !bits.read(nodes[1]) {
            at += 1;
            if at == 16 {
                return true;
            }
            nodes = &probabilities[BANDS[at]][0];
        }
        context = if bits.read(nodes[2]) {
            skip_large(bits, nodes);
            2
        } else {
            1
        };
        // The sign.
        bits.read_flag();
        at += 1;
    }
    true
}

/// Reads the rest of a value that is larger than 1.
fn skip_large(bits: &mut BitReader<'_>, nodes: &[u8; 11]) {
    let category = if !bits.read(nodes[3]) {
        // Two, or three or four.
        if bits.read(nodes[4]) {
            bits.read(nodes[5]);
        }
        return;
    } else if !bits.read(nodes[6]) {
        usize::from(bits.read(nodes[7]))
    } else if !bits.read(nodes[8]) {
        2 + usize::from(bits.read(nodes[9]))
    } else {
        4 + usize::from(bits.read(nodes[10]))
    };
    for probability in EXTRA_BITS[category] {
        bits.read(*probability);
    }
}
