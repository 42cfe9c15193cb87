//! Near duplicates: pages that share an answer. They are found in the order of the input, by the
//! fingerprints of the pages.
//!
//! A page that was asked stays as it is. Every other page joins the nearest page that is asked, the
//! earliest of equally near ones.
//!
//! The index cuts a fingerprint into one part more than bits may differ. At least one part is then
//! equal, so only pages that share a part are compared. Source: Norouzi, Punjani, Fleet, "Fast
//! search in Hamming space with multi-index hashing" (2012).

use crate::base::ids::{PageId, RecipeId};
use crate::pipeline::control::context::RunContext;
use crate::pipeline::control::error::PipelineError;
use crate::pipeline::model::question_set::VERSIONS;
use crate::prepare::PageFeatures;
use crate::store::{EntryCursor, NearDuplicate};
use std::collections::{HashMap, HashSet};

/// Finds the near duplicates among the pages of the job, at most `bits` apart, and stores them.
///
/// # Errors
/// When the store fails.
pub(crate) fn find_near_duplicates(run: &RunContext, bits: u32) -> Result<(), PipelineError> {
    let keys = &run.identity.keys;
    let reader = run.store.reader()?;
    let recipes: Vec<RecipeId> = keys.tasks.iter().map(|task| task.recipe_id).collect();
    let mut index = Index::new(bits);
    let mut seen = HashSet::new();
    reader.answered_features(keys.job, &recipes, VERSIONS.features, |page, fingerprint| {
        if seen.insert(page) {
            index.add(page, fingerprint);
        }
    })?;
    let mut stored = EntryCursor::new(&reader, keys.job);
    let mut found = Vec::new();
    while let Some(entry) = stored.next()? {
        let Some(content) = entry.content else { continue };
        for page in entry.distinct_pages() {
            // What was found before stays valid until everything is found again.
            if run.shutdown.is_requested() {
                return Ok(());
            }
            let page = PageId { content, page };
            let known = reader.stored_page(None, &page, &[], VERSIONS)?;
            let Some(features) = known.features.filter(|_| known.fault.is_none()) else { continue };
            let is_skipped = run.job.input.skip_blank && features.is_blank;
            if is_skipped || !seen.insert(page) {
                continue;
            }
            match index.nearest(&features.fingerprint) {
                Some((original, distance)) => found.push(NearDuplicate { page, like: original, distance }),
                None => index.add(page, features.fingerprint),
            }
        }
    }
    Ok(run.store.put_near_duplicates(keys.job, found)?)
}

/// Fingerprints, found by their parts.
struct Index {
    bits: u32,
    pages: Vec<(PageId, [u8; 32])>,
    /// By the number of a part and its value.
    parts: HashMap<(u32, u64), Vec<u32>>,
}

impl Index {
    fn new(bits: u32) -> Self {
        Self { bits, pages: Vec::new(), parts: HashMap::new() }
    }

    /// Each part's number and value: bits `n * 256 / count` up to the next part's first.
    fn parts(&self, fingerprint: &[u8; 32]) -> Vec<(u32, u64)> {
        let count = self.bits + 1;
        let bit = |at: u32| fingerprint[(at / 8) as usize] >> (at % 8) & 1;
        let value = |from: u32, to: u32| (from..to).fold(1_u64, |value, at| value.rotate_left(1) ^ u64::from(bit(at)));
        (0..count).map(|part| (part, value(part * 256 / count, (part + 1) * 256 / count))).collect()
    }

    fn add(&mut self, page: PageId, fingerprint: [u8; 32]) {
        let number = u32::try_from(self.pages.len()).unwrap_or(u32::MAX);
        for part in self.parts(&fingerprint) {
            self.parts.entry(part).or_default().push(number);
        }
        self.pages.push((page, fingerprint));
    }

    /// The nearest page within reach, the earliest of equally near ones.
    fn nearest(&self, fingerprint: &[u8; 32]) -> Option<(PageId, u32)> {
        let shared = self.parts(fingerprint).into_iter().filter_map(|part| self.parts.get(&part)).flatten();
        let candidates = shared.filter_map(|number| Some((*number, self.pages.get(*number as usize)?)));
        let near = candidates.filter_map(|(number, (page, known))| {
            Some((PageFeatures::near_duplicate_distance(fingerprint, known, self.bits)?, number, *page))
        });
        near.min_by_key(|(distance, number, _)| (*distance, *number)).map(|(distance, _, page)| (page, distance))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::digest::Digest;
    use proptest::prelude::*;

    fn page(number: u32) -> PageId {
        PageId { content: Digest::compute(&number.to_be_bytes()), page: 1 }
    }

    proptest! {
        #[test]
        fn the_index_finds_what_comparing_all_pages_finds(
            bits in 1_u32..25,
            known in prop::collection::vec(prop::array::uniform32(any::<u8>()), 1..40),
            at in any::<prop::sample::Index>(),
            flips in prop::collection::vec(0_usize..256, 0..80),
        ) {
            let mut index = Index::new(bits);
            known.iter().enumerate().for_each(|(number, fingerprint)| index.add(page(number as u32), *fingerprint));
            let mut wanted = known[at.index(known.len())];
            flips.iter().for_each(|bit| wanted[bit / 8] ^= 1 << (bit % 8));
            let near = known.iter().enumerate();
            let nearest = near.filter_map(|(number, known)| Some((PageFeatures::near_duplicate_distance(&wanted, known, bits)?, number as u32))).min();
            prop_assert_eq!(index.nearest(&wanted), nearest.map(|(distance, number)| (page(number), distance)));
        }
    }
}
