//! Near duplicates: pages that share an answer. They are found in the order of the input, by the
//! fingerprints of the pages.
//!
//! A page that was asked does not change. Every other page joins the nearest page that is asked, the earliest of
//! equally near ones.

use crate::base::ids::{JobId, PageId, RecipeId};
use crate::pipeline::model::question_set::VERSIONS;
use crate::prepare::FingerprintIndex;
use crate::store::{EntryCursor, NearDuplicate, Store, StoreError, TaskKey};
use std::collections::HashSet;

/// Finds the near duplicates among the pages of the job, at most `bits` apart, and stores them. `job`: its key in the
/// store, its recipes, and whether blank pages are skipped; `renderers`: those that are installed. Once `is_stopped`, earlier results stay.
///
/// # Errors
/// When the store fails.
pub(crate) fn find_near_duplicates(
    store: &Store,
    (job, tasks, skip_blank): (JobId, &[TaskKey], bool),
    (bits, renderers): (u32, &str),
    is_stopped: &dyn Fn() -> bool,
) -> Result<(), StoreError> {
    let reader = store.reader()?;
    let recipes: Vec<RecipeId> = tasks.iter().map(|task| task.recipe_id).collect();
    let mut index = FingerprintIndex::new(bits);
    let mut seen = HashSet::new();
    reader.answered_features(job, &recipes, VERSIONS.features, |page, fingerprint| {
        if seen.insert(page) {
            index.add(page, fingerprint);
        }
    })?;
    let mut stored = EntryCursor::new(&reader, job);
    let mut found = Vec::new();
    while let Some(entry) = stored.next()? {
        let Some(content) = entry.content else { continue };
        for page in entry.distinct_pages() {
            // Earlier results stay valid until everything is found again.
            if is_stopped() {
                return Ok(());
            }
            let page = PageId { content, page };
            let known = reader.stored_page(None, &page, &[], VERSIONS)?.without_faults_of_other_renderers(renderers);
            let Some(features) = known.features.filter(|_| known.fault.is_none()) else { continue };
            let is_skipped = skip_blank && features.is_blank;
            if is_skipped || !seen.insert(page) {
                continue;
            }
            match index.nearest(&features.fingerprint) {
                Some((original, distance)) => found.push(NearDuplicate { page, like: original, distance }),
                None => index.add(page, features.fingerprint),
            }
        }
    }
    store.put_near_duplicates(job, found)
}
