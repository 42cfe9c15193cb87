//! Merges stores into one: one source after the other, each in one transaction.

use super::copy::{CopiedPages, Offsets, copy_pages};
use super::endpoints::{copy_endpoints, count_own};
use super::entries::copy_entries;
use super::human_answers::copy_human_answers;
use super::keys::{KeyChoice, map_keys};
use super::marks::{is_merged, mark_own_files, put_mark, read_marks};
use super::merged_job::{Merged, MergedJob};
use super::scratch::{ScratchStore, UNITED_CACHE};
use super::source::{SourceStore, check_unused, refused};
use crate::base::file_identity::FileIdentity;
use crate::store::error::StoreError;
use crate::store::read::runs::shard;
use crate::store::sqlite::charged::charged_by_run;
use crate::store::sqlite::schema;
use crate::store::write::dead_runs::reap_dead_runs;
use crate::store::write::ledger::Ledger;
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Budgets are what their attempts were charged. What is not known run by run, because an earlier version has pruned it,
/// still counts.
fn budgets() -> String {
    let by_run = charged_by_run("main", "true");
    format!(
        "UPDATE main.budget SET spent = max(budget.spent, charged.spent)
           FROM (SELECT budget_id, sum(spent) AS spent FROM ({by_run}) GROUP BY budget_id) AS charged
         WHERE charged.budget_id = budget.id"
    )
}

/// A run is charged what the store knows that knows most of it.
const PRUNED_RUNS: &str = "
INSERT INTO main.pruned_runs (run_id, budget_id, spent)
  SELECT r.dst, b.dst, s.spent FROM source.pruned_runs s JOIN scratch.runs r ON r.src = s.run_id JOIN scratch.budgets b ON b.src = s.budget_id WHERE true
  ON CONFLICT (run_id, budget_id) DO UPDATE SET spent = max(spent, excluded.spent);";

/// Merges `sources` into the store at `into`, which may exist. `allow_missing`: some of the shards may be missing.
///
/// # Errors
/// [`StoreError::Refused`] when the stores don't belong together, one is in use, or a shard is missing: then nothing
/// has changed. Otherwise when a store can't be read or written: what is merged by then stays, and the same call
/// continues.
pub fn merge(into: &Path, sources: &[PathBuf], job: &MergedJob, allow_missing: bool) -> Result<Merged, StoreError> {
    let stores = sources.iter().map(|path| SourceStore::look(path, job)).collect::<Result<_, _>>()?;
    let mut stores = SourceStore::with_runs(stores)?;
    check_united(into, &stores, job)?;
    let mut merged = Merged { shards: number_of_shards(&stores)?, ..Merged::default() };
    merged.missing = missing_shards(into, &stores, merged.shards)?;
    if !merged.missing.is_empty() && !allow_missing {
        let numbers: Vec<String> = merged.missing.iter().map(ToString::to_string).collect();
        let (noun, verb) = if numbers.len() == 1 { ("shard", "is") } else { ("shards", "are") };
        return Err(refused(
            format!("{noun} {} of {} {verb} missing", numbers.join(", "), merged.shards),
            "name the stores of all shards, or give --allow-missing: the outputs are partial then",
        ));
    }
    // The order in which they are named does not matter.
    stores.sort_by(|a, b| (a.number_of(), &a.newest, &a.path).cmp(&(b.number_of(), &b.newest, &b.path)));
    let mut united = ScratchStore::open(into, UNITED_CACHE)?;
    united.in_transaction(|db| {
        let mut ledger = Ledger::new(Vec::new());
        reap_dead_runs(db, &mut ledger, into, None, job.at_ms)?;
        ledger.write(db)?;
        count_own(db)?;
        mark_own_files(db, job)
    })?;
    for store in &stores {
        if is_merged(&united.db, store)? {
            merged.known += 1;
            continue;
        }
        tracing::info!("merging {}", store.path.display());
        united.attach_source(&store.path)?;
        united.in_transaction(|db| merge_source(db, store, job))?;
        united.detach_source()?;
    }
    united.in_transaction(|db| Ok(db.execute_batch(&budgets())?))?;
    Ok(merged)
}

fn merge_source(db: &Connection, store: &SourceStore, job: &MergedJob) -> Result<(), StoreError> {
    let marks = read_marks(db)?;
    let offsets = Offsets::read(db)?;
    map_keys(db, job, KeyChoice { revision: offsets.revision, is_part: false })?;
    copy_pages(db, CopiedPages::All, offsets)?;
    copy_human_answers(db, offsets)?;
    copy_entries(db, store, &marks)?;
    copy_endpoints(db)?;
    db.execute_batch(PRUNED_RUNS)?;
    db.execute_batch(
        "UPDATE main.revisions SET last = last + 1 + (SELECT ifnull(max(last), 0) FROM source.revisions);
         UPDATE main.budget AS t SET spent = max(t.spent, s.spent) FROM source.budget s WHERE s.scope = t.scope;",
    )?;
    put_mark(db, store)
}

/// Checks that the united store is none of the sources, no store of a shard, and not in use.
fn check_united(into: &Path, stores: &[SourceStore], job: &MergedJob) -> Result<(), StoreError> {
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
    check_unused(&db, into, job.at_ms)
}

/// The number of shards of which these are stores.
fn number_of_shards(stores: &[SourceStore]) -> Result<u32, StoreError> {
    let counts: BTreeSet<u32> = stores.iter().filter_map(|store| store.shard).map(|shard| shard.count()).collect();
    if counts.len() > 1 {
        let counts: Vec<String> = counts.iter().map(ToString::to_string).collect();
        return Err(refused(
            format!("the stores are of different numbers of shards: {}", counts.join(", ")),
            "merge the stores of one number of shards at a time",
        ));
    }
    Ok(counts.first().copied().unwrap_or(1))
}

/// The shards of which there is no store, neither among these nor among those that were merged before. Where one of
/// these is newer than what was merged of its shard, the others of that time don't count: they are of an earlier night.
fn missing_shards(into: &Path, stores: &[SourceStore], shards: u32) -> Result<Vec<u32>, StoreError> {
    let given: BTreeSet<u32> = stores.iter().filter_map(|store| store.shard).map(|shard| shard.index()).collect();
    if given.is_empty() {
        return Ok(Vec::new());
    }
    let marks = match schema::open_current(into) {
        Ok(Some(db)) => read_marks(&db)?,
        Ok(None) | Err(StoreError::Missing { .. }) => Vec::new(),
        Err(error) => return Err(error),
    };
    let of_shards = |number: u32| marks.iter().filter(move |mark| mark.number == (number, shards));
    let is_newer = |store: &SourceStore| {
        let newest = store.shard.and_then(|shard| of_shards(shard.index()).map(|mark| &mark.newest).max());
        newest.is_some_and(|newest| *newest < store.newest)
    };
    let counts_known = !stores.iter().any(is_newer);
    let is_there = |number: &u32| given.contains(number) || counts_known && of_shards(*number).next().is_some();
    Ok((0..shards).filter(|number| !is_there(number)).collect())
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
