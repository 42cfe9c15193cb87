//! Merges stores into one: one source after the other, each in one transaction.

use super::copy::{CopiedPages, Offsets, copy_pages};
use super::endpoints::{copy_endpoints, count_own};
use super::entries::{copy_entries, known_files};
use super::human_answers::copy_human_answers;
use super::keys::{KeyChoice, map_keys};
use super::marks::{MergeMark, is_merged, mark_own_files, put_store, read_marks};
use super::merged_job::{Merged, MergedJob};
use super::run_order::order_own_runs;
use super::scratch::{MERGED_CACHE, ScratchStore};
use super::source::{SourceStore, check_unused, ended_runs, refused};
use crate::base::file_identity::FileIdentity;
use crate::store::error::StoreError;
use crate::store::read::runs::{job_id, shard};
use crate::store::sqlite::charged::charged_by_run;
use crate::store::sqlite::schema;
use crate::store::write::dead_runs::reap_dead_runs;
use crate::store::write::ledger::Ledger;
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Budgets are the charges of their attempts. Charges that are not known run by run, because an earlier version has
/// pruned them, still count.
fn budgets() -> String {
    let by_run = charged_by_run("main", "true");
    format!(
        "UPDATE main.budget SET spent = max(budget.spent, charged.spent)
           FROM (SELECT budget_id, sum(spent) AS spent FROM ({by_run}) GROUP BY budget_id) AS charged
         WHERE charged.budget_id = budget.id"
    )
}

/// The charge of a run is that of the store with the most data about it.
const PRUNED_RUNS: &str = "
INSERT INTO main.pruned_runs (run_id, budget_id, spent)
  SELECT r.dst, b.dst, s.spent FROM source.pruned_runs s JOIN scratch.runs r ON r.src = s.run_id JOIN scratch.budgets b ON b.src = s.budget_id WHERE true
  ON CONFLICT (run_id, budget_id) DO UPDATE SET spent = max(spent, excluded.spent);";

/// Merges `sources` into the store at `into`, which may exist. `allow_missing`: some of the shards may be missing.
///
/// # Errors
/// [`StoreError::Refused`] when the stores don't belong together, one is in use, or a shard is missing: then nothing
/// has changed. Otherwise when a store can't be read or written: stores merged by then stay, and the same call
/// continues.
pub fn merge(into: &Path, sources: &[PathBuf], job: &MergedJob, allow_missing: bool) -> Result<Merged, StoreError> {
    let own = Some(into).filter(|into| into.exists());
    let ended = ended_runs(sources.iter().map(PathBuf::as_path).chain(own))?;
    let stores = sources.iter().map(|path| SourceStore::look(path, job, &ended)).collect::<Result<_, _>>()?;
    let mut stores = SourceStore::with_runs(stores)?;
    check_target(into, &stores, job)?;
    let mut merged = Merged { shards: number_of_shards(&stores)?, ..Merged::default() };
    merged.missing = missing_shards(&marks_of_target(into, job)?, &stores, merged.shards);
    if !merged.missing.is_empty() && !allow_missing {
        return Err(refused(
            merged.missing_shards(),
            "name the stores of all shards, or give --allow-missing: the outputs are partial then",
        ));
    }
    // The order in which they are named does not matter.
    let place = |store: &SourceStore| {
        let number = store.shard.map_or((0, 1), |shard| (shard.index(), shard.count()));
        (number, store.newest().map(|part| part.newest.clone()), store.path.clone())
    };
    stores.sort_by_cached_key(place);
    let mut target = ScratchStore::open(into, MERGED_CACHE)?;
    target.in_transaction(|db| {
        let mut ledger = Ledger::new(Vec::new());
        reap_dead_runs(db, &mut ledger, into, None, job.at_ms)?;
        ledger.write(db)?;
        count_own(db)?;
        order_own_runs(db)?;
        mark_own_files(db)
    })?;
    for store in &stores {
        if is_merged(&target.db, &store.fingerprint, &job.identity)? {
            merged.known += 1;
            continue;
        }
        tracing::info!("merging {}", store.path.display());
        target.attach_source(&store.path)?;
        target.in_transaction(|db| merge_source(db, store, job))?;
        target.detach_source()?;
    }
    target.in_transaction(|db| Ok(db.execute_batch(&budgets())?))?;
    Ok(merged)
}

fn merge_source(db: &Connection, store: &SourceStore, job: &MergedJob) -> Result<(), StoreError> {
    let known = known_files(db)?;
    let offsets = Offsets::read(db)?;
    map_keys(db, job, KeyChoice { revision: offsets.revision, is_part: false })?;
    copy_pages(db, CopiedPages::All, offsets)?;
    copy_human_answers(db, offsets)?;
    copy_entries(db, store, &known)?;
    copy_endpoints(db)?;
    db.execute_batch(PRUNED_RUNS)?;
    db.execute_batch(
        "UPDATE main.revisions SET last = last + 1 + (SELECT ifnull(max(last), 0) FROM source.revisions);
         UPDATE main.budget AS t SET spent = max(t.spent, s.spent) FROM source.budget s WHERE s.scope = t.scope;",
    )?;
    put_store(db, &store.fingerprint, &job.identity)
}

/// Checks that the merged store is not one of the sources, not a shard's store, and not in use.
fn check_target(into: &Path, stores: &[SourceStore], job: &MergedJob) -> Result<(), StoreError> {
    let identity = FileIdentity::of_path(into);
    if stores.iter().any(|store| FileIdentity::of_path(&store.path).is_same(&identity)) {
        return Err(refused(
            format!("{} is merged into itself", into.display()),
            "name another file with --store: the stores that are merged are only read",
        ));
    }
    if !into.exists() {
        return Ok(());
    }
    // An older one is brought up to date when it is opened.
    let Some(db) = schema::open_current(into)? else { return Ok(()) };
    if let Some(shard) = shard(&db)? {
        return Err(refused(
            format!("{} is the store of shard {shard}", into.display()),
            "name another file with --store",
        ));
    }
    check_unused(&db, into, job.at_ms, &HashSet::new())
}

/// The number of shards that these stores belong to.
fn number_of_shards(stores: &[SourceStore]) -> Result<u32, StoreError> {
    let counts: BTreeSet<u32> = stores.iter().filter_map(|store| store.shard).map(|shard| shard.count()).collect();
    if counts.len() > 1 {
        let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
        return Err(refused(
            format!("the stores belong to different numbers of shards: {}", counts.join(", ")),
            "merge the stores of one number of shards at a time",
        ));
    }
    // Without one, that of the newest merge.
    let newest = stores.iter().filter_map(SourceStore::newest).max_by_key(|part| &part.newest);
    Ok(counts.first().copied().unwrap_or_else(|| newest.map_or(1, |part| part.number.1)))
}

/// What the merged store has of the files of the job.
fn marks_of_target(into: &Path, job: &MergedJob) -> Result<Vec<MergeMark>, StoreError> {
    match schema::open_current(into) {
        Ok(Some(db)) => job_id(&db, &job.identity)?.map_or(Ok(Vec::new()), |key| read_marks(&db, "main", key)),
        Ok(None) | Err(StoreError::Missing { .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The shards without data in these stores and in the merged one. Earlier merges count only while no store that is
/// given is newer than the merged data of its shard: then the other shards in it are of an earlier night.
fn missing_shards(merged: &[MergeMark], stores: &[SourceStore], shards: u32) -> Vec<u32> {
    if shards == 1 {
        return Vec::new();
    }
    let mut there = BTreeSet::new();
    let known = stores.iter().map(|store| (store.shard.is_none(), store.parts.as_slice()));
    for (at, (is_merged, parts)) in known.chain([(true, merged)]).enumerate() {
        let others = stores.iter().enumerate().filter(|(other, _)| *other != at).flat_map(|(_, store)| &store.parts);
        let is_outdated = |newer: &MergeMark| {
            let of_shard = parts.iter().filter(|part| part.number == newer.number).map(|part| &part.newest.begun).max();
            of_shard.is_some_and(|begun| *begun < newer.newest.begun)
        };
        if !is_merged || !others.into_iter().any(is_outdated) {
            there.extend(parts.iter().filter(|part| part.number.1 == shards).map(|part| part.number.0));
        }
    }
    (0..shards).filter(|number| !there.contains(number)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tables that a merge does not copy: what belongs to one store.
    const OWN: &[&str] = &["shard", "merges", "notices"];

    #[test]
    fn no_table_and_no_column_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let db = schema::open(&folder.path().join("store.db")).unwrap();
        let statements = [
            include_str!("keys.rs"),
            include_str!("copy.rs"),
            include_str!("human_answers.rs"),
            include_str!("entries.rs"),
            include_str!("endpoints.rs"),
            include_str!("merge.rs"),
        ];
        let statements = statements.concat();
        let words: BTreeSet<&str> = statements.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let mut find = db
            .prepare("SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY 1, c.cid")
            .unwrap();
        let columns = find.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))).unwrap();
        let columns: Vec<(String, String)> = columns.map(Result::unwrap).collect();
        assert!(columns.len() > 100);
        for (table, column) in columns.into_iter().filter(|(table, _)| !OWN.contains(&table.as_str())) {
            assert!(statements.contains(&format!("source.{table}")), "{table} is not merged");
            // `limits` is not used; selections and page counts are of one store.
            let is_own = ["limits", "selection", "pages", "reserved"].contains(&column.as_str());
            assert!(is_own || words.contains(column.as_str()), "{table}.{column} is not merged");
        }
    }
}
