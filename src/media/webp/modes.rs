//! Reads how a macroblock of VP8 is predicted. Source: RFC 6386, section 11.

use super::bit_reader::BitReader;
use super::probabilities::BLOCK_MODES;

/// A tree of decisions: a positive number is the index of the next two branches, others are results with the opposite sign.
type Tree = [i8];

/// The luma mode of a macroblock; [`BY_BLOCK`] means that each of its blocks has a mode of its own.
const LUMA_TREE: [i8; 8] = [-4, 2, 4, 6, 0, -1, -2, -3];
const LUMA_PROBABILITIES: [u8; 4] = [145, 156, 163, 128];
const BY_BLOCK: u8 = 4;

/// The block modes that the luma modes before [`BY_BLOCK`] stand for where a neighbour asks.
const BLOCK_MODE_OF_LUMA: [u8; 4] = [0, 2, 3, 1];

const BLOCK_TREE: [i8; 18] = [0, 2, -1, 4, -2, 6, 8, 12, -3, 10, -5, -6, -4, 14, -7, 16, -8, -9];

const CHROMA_TREE: [i8; 6] = [0, 2, -1, 4, -2, -3];
const CHROMA_PROBABILITIES: [u8; 3] = [142, 114, 183];

/// The modes of the four blocks at one edge of a macroblock.
pub(super) type EdgeModes = [u8; 4];

/// Reads the modes of a macroblock, with the edges above it and to its left. Returns whether each of its luma blocks has a
/// mode of its own.
pub(super) fn read_modes(bits: &mut BitReader<'_>, above: &mut EdgeModes, left: &mut EdgeModes) -> bool {
    let luma = read_tree(bits, &LUMA_TREE, &LUMA_PROBABILITIES);
    let is_by_block = luma == BY_BLOCK;
    if is_by_block {
        for left in left {
            for above in above.iter_mut() {
                let probabilities = &BLOCK_MODES[usize::from(*above)][usize::from(*left)];
                *left = read_tree(bits, &BLOCK_TREE, probabilities);
                *above = *left;
            }
        }
    } else {
        let mode = BLOCK_MODE_OF_LUMA[usize::from(luma)];
        (*above, *left) = ([mode; 4], [mode; 4]);
    }
    read_tree(bits, &CHROMA_TREE, &CHROMA_PROBABILITIES);
    is_by_block
}

fn read_tree(bits: &mut BitReader<'_>, tree: &Tree, probabilities: &[u8]) -> u8 {
    let mut at = 0;
    loop {
        let branch = tree[at + usize::from(bits.read(probabilities[at / 2]))];
        if branch <= 0 {
            return branch.unsigned_abs();
        }
        at = usize::from(branch.unsigned_abs());
    }
}
