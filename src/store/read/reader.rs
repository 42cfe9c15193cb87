//! The face of reading.

use super::{attempts, batches, decisions, draws, entries, pages, recipes, rows, runs, shown_answers};
use crate::base::digest::Digest;
use crate::base::ids::{
    AttemptId, BatchId, DecisionId, DrawId, JobId, PageId, RecipeId, RecipeSetId, Revision, RunKey, SettingsId,
};
use crate::base::json_text::JsonText;
use crate::base::money::Pico;
use crate::base::shard::Shard;
use crate::store::error::StoreError;
use crate::store::records::attempts::{AskedElsewhere, AttemptRecord, BatchHolder};
use crate::store::records::batches::{BatchAttempt, BatchRecord};
use crate::store::records::budgets::BudgetRecord;
use crate::store::records::decisions::DecisionRecord;
use crate::store::records::draws::DrawRecord;
use crate::store::records::entries::EntryRecord;
use crate::store::records::pages::{OutdatedPage, StoredPage, Versions};
use crate::store::records::rows::{PageRecord, RowOptions};
use crate::store::records::runs::{RecipeRecord, RunRecord};
use crate::store::records::shown_answers::ShownAnswer;
use crate::store::sqlite::schema;
use recipes::SetMembers;
use rusqlite::Connection;
use serde_json::Value;
use std::collections::HashSet;
use std::path::Path;

/// A read connection. Each call sees the commits before it began. Long lists are read in pages.
///
/// # Errors
/// Every method fails with [`StoreError::Damaged`] if the store holds a value that docmill
/// never writes, and with [`StoreError::Failed`] if the store cannot be read.
pub struct Reader {
    db: Connection,
    sets: SetMembers,
}

impl Reader {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { db: schema::open_to_read(path)?, sets: SetMembers::default() })
    }

    /// The job with this identity.
    pub fn job(&self, identity: &Digest) -> Result<Option<JobId>, StoreError> {
        runs::job_id(&self.db, identity)
    }

    /// The shard that the store belongs to; `None`: its runs are of the whole input.
    pub fn shard(&self) -> Result<Option<Shard>, StoreError> {
        runs::shard(&self.db)
    }

    /// The job with this identity, if it was stored for this manifest.
    pub fn job_of_manifest(&self, identity: &Digest, manifest: &str) -> Result<Option<JobId>, StoreError> {
        runs::job_of_manifest(&self.db, identity, manifest)
    }

    /// Runs, newest first: of one job, or of all.
    pub fn runs(&self, job: Option<JobId>) -> Result<Vec<RunRecord>, StoreError> {
        runs::runs(&self.db, job)
    }

    /// The settings of a run ([`RunRecord::settings`]) as canonical JSON.
    pub fn settings_body(&self, id: SettingsId) -> Result<Option<JsonText>, StoreError> {
        runs::settings_body(&self.db, id)
    }

    /// The page counts that the run just before `run` stored ([`RunEnd::pages`]), if it was of
    /// the same job and set, no other run came between, and no decision was made or withdrawn since it began.
    ///
    /// [`RunEnd::pages`]: crate::store::RunEnd::pages
    pub fn page_counts_before(&self, run: RunKey, job: JobId, set: RecipeSetId) -> Result<Option<String>, StoreError> {
        runs::page_counts_before(&self.db, run, job, set)
    }

    /// The mean latency of the latest replies of a model to a job, in milliseconds, and their
    /// number, at most 1000. Without attempts of batches. `is_simulated`: of the simulator, whose latency is that of no other
    /// endpoint.
    pub fn mean_latency(&self, job: JobId, model: &str, is_simulated: bool) -> Result<Option<(u64, u64)>, StoreError> {
        runs::mean_latency(&self.db, job, model, is_simulated)
    }

    /// The spend plus the reservations in the scope of a budget.
    pub fn budget_used(&self, scope: &str) -> Result<Pico, StoreError> {
        runs::budget_used(&self.db, scope)
    }

    /// All budgets, in the order of their scopes.
    pub fn budgets(&self) -> Result<Vec<BudgetRecord>, StoreError> {
        runs::budgets(&self.db)
    }

    /// The revision from which outcomes count, if a run of this job with these recipes and this
    /// selection would continue another one.
    pub fn continued_since(
        &self,
        job: JobId,
        set: RecipeSetId,
        selection: &str,
    ) -> Result<Option<Revision>, StoreError> {
        Ok(runs::unfinished_run(&self.db, job, set, selection)?.map(|(_, since)| since))
    }

    /// The runs of this job with these recipes and this selection that a new one continues. A live run is one
    /// of them.
    pub fn unfinished_runs(&self, job: JobId, set: RecipeSetId, selection: &str) -> Result<Vec<RunKey>, StoreError> {
        runs::unfinished_runs(&self.db, job, set, selection)
    }

    /// The known capabilities of an endpoint, as JSON.
    pub fn capabilities(&self, endpoint: &str) -> Result<Option<String>, StoreError> {
        Ok(runs::endpoint(&self.db, endpoint)?.0)
    }

    /// The observed image billing of an endpoint, as JSON.
    pub fn calibration(&self, endpoint: &str) -> Result<Option<String>, StoreError> {
        Ok(runs::endpoint(&self.db, endpoint)?.1)
    }

    /// The recipe with this digest.
    pub fn recipe_id(&self, hash: &Digest) -> Result<Option<RecipeId>, StoreError> {
        recipes::recipe_id(&self.db, hash)
    }

    /// A recipe. If the store has none with this id, it is damaged.
    pub fn recipe(&self, id: RecipeId) -> Result<Value, StoreError> {
        recipes::recipe(&self.db, id)
    }

    /// The set of these recipes under a policy, and their ids; `None` unless all of it is
    /// stored.
    pub fn known_set(
        &self,
        recipes: &[RecipeRecord],
        policy: &str,
    ) -> Result<Option<(RecipeSetId, Vec<RecipeId>)>, StoreError> {
        recipes::known_set(&self.db, recipes, policy)
    }

    /// The stored data of a page under these recipes. Whether it is a near duplicate is known only with a job.
    pub fn stored_page(
        &self,
        job: Option<JobId>,
        page: &PageId,
        recipes: &[RecipeId],
        versions: Versions,
    ) -> Result<StoredPage, StoreError> {
        let known = pages::stored_page(&self.db, job, page, recipes, versions)?;
        Ok(known.map_or_else(|| StoredPage::unknown(recipes.len()), |(_, known)| known))
    }

    /// The pages of a file that a decoder before this version has read, by their numbers.
    pub fn outdated_pages(&self, content: &Digest, decoder_version: u32) -> Result<Vec<OutdatedPage>, StoreError> {
        pages::outdated_pages(&self.db, content, decoder_version)
    }

    /// The recipes that runs of a job have asked.
    pub fn recipes_of_job(&self, job: JobId) -> Result<HashSet<RecipeId>, StoreError> {
        recipes::recipes_of_job(&self.db, job)
    }

    /// The number of pages that a file had when one of them was asked; `None`: none was.
    pub fn page_count_when_asked(&self, content: &Digest) -> Result<Option<u32>, StoreError> {
        pages::page_count_when_asked(&self.db, content)
    }

    /// Whether pages of a file may still have the numbers that decoders before the version `numbered_since`
    /// gave them.
    pub fn has_earlier_numbers(&self, content: &Digest, numbered_since: u32) -> Result<bool, StoreError> {
        Ok(!self.outdated_pages(content, numbered_since)?.is_empty())
    }

    /// An open attempt, of any live run or of a batch, that asks one of these recipes of this page.
    pub fn asked_elsewhere(&self, page: &PageId, recipes: &[RecipeId]) -> Result<Option<AskedElsewhere>, StoreError> {
        match pages::page_key(&self.db, page)? {
            Some(key) => pages::asked_elsewhere(&self.db, key, recipes.iter().copied()),
            None => Ok(None),
        }
    }

    /// The open attempts of other live runs that hold reservations of the budget with this scope, without lines
    /// of batches.
    pub fn reserved_elsewhere(&self, own: RunKey, scope: &str) -> Result<Vec<AskedElsewhere>, StoreError> {
        attempts::reserved_elsewhere(&self.db, own, scope)
    }

    /// The other runs, alive or not, with batches that hold reservations of the budget with this scope.
    pub fn batch_holders(&self, own: RunKey, scope: &str) -> Result<Vec<BatchHolder>, StoreError> {
        attempts::batch_holders(&self.db, own, scope)
    }

    /// The recipes under which a page has valid answers, latest first.
    pub fn answered_recipes(&self, page: &PageId) -> Result<Vec<RecipeId>, StoreError> {
        pages::answered_recipes(&self.db, page)
    }

    /// Calls `take` with the fingerprints of the pages of a job that have answers under the
    /// first of these recipes, in the order of the input.
    pub fn answered_features(
        &self,
        job: JobId,
        recipes: &[RecipeId],
        version: u32,
        take: impl FnMut(PageId, [u8; 32]),
    ) -> Result<(), StoreError> {
        pages::answered_features(&self.db, job, recipes, version, take)
    }

    /// The next entries of a job after `after` (line, path), in their order.
    pub fn entries(&self, job: JobId, after: (u64, &[u8]), limit: usize) -> Result<Vec<EntryRecord>, StoreError> {
        entries::entries(&self.db, job, after, limit)
    }

    /// The number of entries of a job.
    pub fn entry_count(&self, job: JobId) -> Result<u64, StoreError> {
        entries::entry_count(&self.db, job)
    }

    /// A readable entry of a job with this path, on any line.
    pub fn entry(&self, job: JobId, path: &[u8]) -> Result<Option<EntryRecord>, StoreError> {
        entries::entry_with_path(&self.db, job, path)
    }

    /// The entry of a job at this position (line and path).
    pub fn entry_at(&self, job: JobId, position: (u64, &[u8])) -> Result<Option<EntryRecord>, StoreError> {
        entries::entry_at(&self.db, job, position)
    }

    /// The readable entries of a job with this path, at most `limit`, in their order: several lines of a list
    /// may have one path.
    pub fn entries_with_path(&self, job: JobId, path: &[u8], limit: usize) -> Result<Vec<EntryRecord>, StoreError> {
        entries::entries_with_path(&self.db, job, path, limit)
    }

    /// The entries of a job with this content, at most `limit`, in their order.
    pub fn entries_with_content(
        &self,
        job: JobId,
        content: &Digest,
        limit: usize,
    ) -> Result<Vec<EntryRecord>, StoreError> {
        entries::entries_with_content(&self.db, job, content, limit)
    }

    /// Whether a job has an entry with this path, whether it could be read or not.
    pub fn has_path(&self, job: JobId, path: &[u8]) -> Result<bool, StoreError> {
        entries::has_path(&self.db, job, path)
    }

    /// The path of the first entry of a job with this content.
    pub fn path_of_content(&self, job: JobId, content: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        entries::path_of_content(&self.db, job, content)
    }

    /// The number of a job's entries that are done under `set`; `None`: under any set.
    pub fn done_entries(&self, job: JobId, set: Option<RecipeSetId>) -> Result<u64, StoreError> {
        entries::done_entries(&self.db, job, set)
    }

    /// The row of a page (0 for the file as a whole) of an entry, as [`EntryRecord::rows`] lists it, under
    /// these recipes.
    pub fn row(
        &self,
        job: JobId,
        entry: &EntryRecord,
        row: (u32, u32),
        recipes: &[RecipeId],
        options: RowOptions,
    ) -> Result<PageRecord, StoreError> {
        rows::row(&self.db, &self.sets, job, entry, row, recipes, options)
    }

    /// Whether there are decisions under the name of a job, withdrawn or not.
    pub fn has_decisions(&self, job: JobId) -> Result<bool, StoreError> {
        decisions::has_decisions(&self.db, job)
    }

    /// The decisions on a page for a job of this name that were not withdrawn, oldest first: by time, reviewer
    /// and id. `page`: see [`PageRecord::id`].
    pub fn decisions(&self, job_name: &str, page: &PageId) -> Result<Vec<DecisionRecord>, StoreError> {
        decisions::decisions(&self.db, job_name, page)
    }

    /// The next decisions for a job of this name after `after`, in the order in which they were stored, with
    /// those that were withdrawn.
    pub fn all_decisions(
        &self,
        job_name: &str,
        after: DecisionId,
        limit: usize,
    ) -> Result<Vec<DecisionRecord>, StoreError> {
        decisions::all_decisions(&self.db, job_name, after, limit)
    }

    /// The draws for a job of this name, oldest first.
    pub fn draws(&self, job_name: &str) -> Result<Vec<DrawRecord>, StoreError> {
        draws::draws(&self.db, job_name)
    }

    /// The pages of a draw, in the order in which they were drawn, without those that were pruned.
    pub fn draw_pages(&self, draw: DrawId) -> Result<Vec<PageId>, StoreError> {
        draws::draw_pages(&self.db, draw)
    }

    /// What a reviewer has seen of the answers to a page, for a job of this name.
    pub fn shown_answers(&self, job_name: &str, reviewer: &str, page: &PageId) -> Result<Vec<ShownAnswer>, StoreError> {
        shown_answers::shown_answers(&self.db, job_name, reviewer, page)
    }

    /// The next attempts of a run after `after`, by id, opened in `[since_ms, until_ms)`.
    /// Without attempts that were withdrawn, which were never sent.
    pub fn attempts(
        &self,
        run: RunKey,
        after: AttemptId,
        since_ms: i64,
        until_ms: i64,
        limit: usize,
    ) -> Result<Vec<AttemptRecord>, StoreError> {
        attempts::attempts(&self.db, &self.sets, run, after, (since_ms, until_ms), limit)
    }

    /// How many pages these runs asked in `[since_ms, until_ms)`, each counted once.
    pub fn asked_pages(&self, runs: &[RunKey], since_ms: i64, until_ms: i64) -> Result<u64, StoreError> {
        attempts::asked_pages(&self.db, runs, (since_ms, until_ms))
    }

    /// The batches of a run that have not ended, oldest first.
    pub fn batches(&self, run: RunKey) -> Result<Vec<BatchRecord>, StoreError> {
        batches::batches(&self.db, run)
    }

    /// The open attempts of a batch, in the order of its file.
    pub fn batch_attempts(&self, batch: BatchId) -> Result<Vec<BatchAttempt>, StoreError> {
        batches::batch_attempts(&self.db, &self.sets, batch)
    }

    /// The pages of all batches that have not ended, each with a recipe that it is asked there.
    pub fn recipes_in_batches(&self) -> Result<Vec<(PageId, RecipeId)>, StoreError> {
        batches::recipes_in_batches(&self.db)
    }

    /// The batches of a job that have not ended, are at other providers, and belong to no active run: by provider, how
    /// many.
    pub fn batches_elsewhere(&self, job: JobId, provider: &str) -> Result<Vec<(String, u64)>, StoreError> {
        batches::batches_elsewhere(&self.db, job, provider)
    }

    /// The keys of all batches that have not ended, of any run.
    pub(crate) fn batch_keys(&self) -> Result<Vec<String>, StoreError> {
        batches::batch_keys(&self.db)
    }
}
