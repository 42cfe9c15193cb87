//! Near duplicates, found by the fingerprints of pages.
//!
//! The index cuts a fingerprint into one part more than bits may differ. At least one part is then
//! equal, so only pages that share a part are compared. Source: Norouzi, Punjani, Fleet, "Fast
//! search in Hamming space with multi-index hashing" (2012).

use super::page_features::PageFeatures;
use std::collections::HashMap;

/// Fingerprints of pages of type `P`, found by their parts.
#[derive(Debug)]
pub(crate) struct FingerprintIndex<P> {
    bits: u32,
    pages: Vec<(P, [u8; 32])>,
    /// By the number of a part and its value.
    parts: HashMap<(u32, u64), Vec<u32>>,
}

impl<P: Copy> FingerprintIndex<P> {
    /// An empty index that finds pages at most `bits` apart.
    pub(crate) fn new(bits: u32) -> Self {
        Self { bits, pages: Vec::new(), parts: HashMap::new() }
    }

    /// Adds a page.
    pub(crate) fn add(&mut self, page: P, fingerprint: [u8; 32]) {
        let number = u32::try_from(self.pages.len()).unwrap_or(u32::MAX);
        for part in self.parts(&fingerprint) {
            self.parts.entry(part).or_default().push(number);
        }
        self.pages.push((page, fingerprint));
    }

    /// The nearest page within reach and its distance, the earliest of equally near ones.
    pub(crate) fn nearest(&self, fingerprint: &[u8; 32]) -> Option<(P, u32)> {
        let near = self.within_reach(fingerprint);
        near.min_by_key(|(distance, number, _)| (*distance, *number)).map(|(distance, _, page)| (page, distance))
    }

    /// All pages within reach. A page may occur several times.
    pub(crate) fn all_near(&self, fingerprint: &[u8; 32]) -> impl Iterator<Item = P> {
        self.within_reach(fingerprint).map(|(_, _, page)| page)
    }

    /// Distance, number and page of all pages within reach.
    fn within_reach(&self, fingerprint: &[u8; 32]) -> impl Iterator<Item = (u32, u32, P)> {
        let shared = self.parts(fingerprint).into_iter().filter_map(|part| self.parts.get(&part)).flatten();
        let candidates = shared.filter_map(|number| Some((*number, self.pages.get(*number as usize)?)));
        candidates.filter_map(|(number, (page, known))| {
            Some((PageFeatures::near_duplicate_distance(fingerprint, known, self.bits)?, number, *page))
        })
    }

    /// Each part's number and value: bits `n * 256 / count` up to the next part's first.
    fn parts(&self, fingerprint: &[u8; 32]) -> Vec<(u32, u64)> {
        let count = self.bits + 1;
        let bit = |at: u32| fingerprint[(at / 8) as usize] >> (at % 8) & 1;
        let value = |from: u32, to: u32| (from..to).fold(1_u64, |value, at| value.rotate_left(1) ^ u64::from(bit(at)));
        (0..count).map(|part| (part, value(part * 256 / count, (part + 1) * 256 / count))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_index_finds_what_comparing_all_pages_finds(
            bits in 1_u32..25,
            known in prop::collection::vec(prop::array::uniform32(any::<u8>()), 1..40),
            at in any::<prop::sample::Index>(),
            flips in prop::collection::vec(0_usize..256, 0..80),
        ) {
            let mut index = FingerprintIndex::new(bits);
            known.iter().enumerate().for_each(|(number, fingerprint)| index.add(number, *fingerprint));
            let mut wanted = known[at.index(known.len())];
            flips.iter().for_each(|bit| wanted[bit / 8] ^= 1 << (bit % 8));
            let near = known.iter().enumerate();
            let near: Vec<(u32, usize)> = near.filter_map(|(number, known)| {
                Some((PageFeatures::near_duplicate_distance(&wanted, known, bits)?, number))
            }).collect();
            prop_assert_eq!(index.nearest(&wanted), near.iter().min().map(|(distance, number)| (*number, *distance)));
            let mut all: Vec<usize> = index.all_near(&wanted).collect();
            all.sort_unstable();
            all.dedup();
            prop_assert_eq!(all, near.into_iter().map(|(_, number)| number).collect::<Vec<_>>());
        }
    }
}
