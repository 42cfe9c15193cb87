//! Values that docmill never writes: reading one is an error, a check finds it, a salvage repairs it.

use super::*;
use crate::base::digest::Digest;
use crate::base::ids::{AttemptId, BatchId, DecisionId, JobId, PageId, RecipeId, RecipeSetId, RunKey, SettingsId};
use crate::base::vocabulary::AttemptPurpose;
use crate::store::maintenance::salvage::{repair, salvage};
use crate::store::read::recipes::{self, SetMembers};
use crate::store::read::{attempts, batches, decisions, draws, entries, pages, rows, runs, shown_answers};
use crate::store::records::pages::SkipRule;
use crate::store::records::rows::RowOptions;
use crate::store::tests::{VERSIONS, rule, store_with_rows};
use crate::store::write::done_entries::mark_entries_done;

/// A row in each of the other tables.
const MORE_ROWS: &str = "
INSERT INTO settings VALUES (1, x'05', '{}');
INSERT INTO near VALUES (1, 1, 1, 3);
INSERT INTO decisions VALUES (1, 1, 'job', 'kind', zeroblob(32), '1', 'ann', 0, 0.5, 'null', NULL, 0, 1, 1);
INSERT INTO draw_pages VALUES (1, 0, 1);
INSERT INTO shown_answers VALUES (1, 1, 'job', 'ann', 'kind', zeroblob(32), '1', 0);
UPDATE runs SET settings_id = 1;
";

/// Reads everything; the first error.
fn read_all(db: &Connection) -> Result<(), StoreError> {
    let (sets, job, recipe) = (SetMembers::default(), JobId(1), [RecipeId(1)]);
    runs::runs(db, None)?;
    runs::endpoint(db, "e")?;
    runs::shard(db)?;
    draws::draws(db, "job")?;
    for member in sets.of_set(db, RecipeSetId(1))? {
        recipes::recipe(db, member)?;
    }
    for entry in entries::entries(db, job, (0, b""), 9)? {
        let skip = SkipRule { blank: true, near_duplicates: true };
        rows::row(
            db,
            &sets,
            job,
            &entry,
            (1, 1),
            &recipe,
            RowOptions { versions: VERSIONS, skip, with_decisions: true },
        )?;
    }
    let page = PageId { content: Digest::from_slice(&[0; 32]).unwrap(), page: 1 };
    pages::stored_page(db, Some(job), &page, &recipe, VERSIONS)?;
    attempts::attempts(db, &sets, RunKey(1), AttemptId(0), (i64::MIN, i64::MAX), 9)?;
    batches::batches(db, RunKey(1))?;
    batches::batch_attempts(db, &sets, BatchId(1))?;
    batches::recipes_in_batches(db)?;
    batches::batches_elsewhere(db, job, "p")?;
    runs::page_counts_before(db, RunKey(2), job, RecipeSetId(1))?;
    runs::budgets(db)?;
    runs::settings_body(db, SettingsId(1))?;
    decisions::all_decisions(db, "job", DecisionId(0), 9)?;
    shown_answers::shown_answers(db, "job", "ann", &page)?;
    pages::outdated_pages(db, &page.content, 9)?;
    mark_entries_done(db, job, &rule(SkipRule::default()))
}

#[test]
fn a_value_that_is_never_written_is_damage_with_its_place_and_can_be_salvaged() {
    for (damage, place) in [
        ("answers SET status = 'fine'", "answers, page 1, recipe 1: status is `fine`"),
        ("answers SET status = NULL", ""),
        ("answers SET reason = 'bad_luck'", "answers, page 1, recipe 1: reason is `bad_luck`"),
        ("answers SET status = 'ok'", "answers, page 1, recipe 1: value is NULL"),
        ("answers SET value = '{'", "answers, page 1, recipe 1: value is `{`"),
        ("page_faults SET kind = ''", "page_faults, page 1: kind is ``"),
        ("marks SET fingerprint = x'00'", "marks, page 1: fingerprint is a blob of 1 bytes"),
        ("entries SET fault = 'Damaged'", "entries, entry 1: fault is `Damaged`"),
        ("entries SET selected = '1-2'", "entries, entry 1: selected is `1-2`"),
        ("entries SET repeats = '1'", "entries, entry 1: repeats is `1`"),
        ("entries SET repeats = '['", "entries, entry 1: repeats is `[`"),
        ("pages SET redrawn_reason = NULL", "pages, page 1: redrawn_reason is NULL"),
        ("entries SET carried = '{]'", "entries, entry 1: carried is `{]`"),
        ("entries SET carried = '[]'", "entries, entry 1: carried is `[]`: not a JSON object"),
        ("entries SET content = x'00'", "entries, entry 1: content is a blob of 1 bytes"),
        ("attempts SET state = 'closed' WHERE id = 1", "attempts, attempt 1: state is `closed`"),
        ("attempts SET verdict = 'maybe' WHERE id = 1", "attempts, attempt 1: verdict is `maybe`"),
        ("attempts SET purpose = 'fun' WHERE id = 1", "attempts, attempt 1: purpose is `fun`"),
        ("attempts SET usage_source = 'guess' WHERE id = 1", "attempts, attempt 1: usage_source is `guess`"),
        ("attempts SET usage_source = NULL WHERE id = 1", "attempts, attempt 1: usage_source is NULL"),
        ("attempts SET error_kind = 'x' WHERE id = 1", "attempts, attempt 1: error_kind is `x`"),
        ("attempts SET input_tokens = -1 WHERE id = 1", "attempts, attempt 1: input_tokens is -1"),
        ("batches SET state = 'lost'", "batches, batch 1: state is `lost`"),
        ("batches SET bytes = -1", "batches, batch 1: bytes is -1"),
        ("runs SET outcome = 'fine'", "runs, run 1: outcome is `fine`"),
        ("runs SET exit_code = NULL", "runs, run 1: exit_code is NULL"),
        ("runs SET tasks = '[[1]]'", "runs, run 1: tasks is `[[1]]`"),
        ("runs SET shard = '3/3'", "runs, run 1: shard is `3/3`"),
        ("draws SET shard = 'x/3'", "draws, draw 1: shard is `x/3`"),
        ("draws SET rule = 'luck'", "draws, draw 1: rule is `luck`"),
        ("shard SET number = 3", "shard, row 1: number is 3"),
        ("recipes SET body = 'no'", "recipes, recipe 1: body is `no`"),
        ("endpoints SET calibration = '{'", "endpoints, endpoint `e`: calibration is `{`"),
        ("endpoints SET capabilities = ''", "endpoints, endpoint `e`: capabilities is ``"),
        ("entries SET page_count = -1", "entries, entry 1: page_count is -1: out of range"),
        ("entries SET page_count = 4294967296", "entries, entry 1: page_count is 4294967296: out of range"),
        ("entries SET message = NULL", "entries, entry 1: message is NULL"),
        ("answers SET message = NULL", "answers, page 1, recipe 1: message is NULL"),
        ("answers SET runs = -1", "answers, page 1, recipe 1: runs is -1"),
        ("runs SET model = x'ff'", "runs, run 1: model is a blob of 1 bytes"),
        ("runs SET run_id = x'ff'", "runs, run 1: run_id is a blob of 1 bytes"),
        ("jobs SET name = x'ff'", "runs, run 1: name is a blob of 1 bytes"),
        ("attempts SET latency_ms = -1 WHERE id = 1", "attempts, attempt 1: latency_ms is -1"),
        ("attempts SET http_status = 65536 WHERE id = 1", "attempts, attempt 1: http_status is 65536"),
        ("attempts SET served_model = x'ff' WHERE id = 1", "attempts, attempt 1: served_model is a blob of 1 bytes"),
        ("attempts SET expected = 'x' WHERE id = 2", "attempts, attempt 2: expected is `x`"),
        ("attempts SET sequence = -1 WHERE id = 2", "attempts, attempt 2: sequence is -1"),
        ("batches SET key = x'ff'", "batches, batch 1: key is a blob of 1 bytes"),
        ("draws SET size = -1", "draws, draw 1: size is -1"),
        ("answers SET passing = 9", "answers, page 1, recipe 1: passing is 9: out of range"),
        ("marks SET blank = 7", "marks, page 1: blank is 7: out of range"),
        ("runs SET is_trial = 7", "runs, run 1: is_trial is 7: out of range"),
        ("runs SET outcome = 'try'", "runs, run 1: is_trial is 0: a run that ended as a trial is one"),
        ("runs SET exit_code = 999", "runs, run 1: exit_code is 999: out of range"),
        ("runs SET exit_code = -1", "runs, run 1: exit_code is -1: out of range"),
        ("runs SET ended_at = NULL", "runs, run 1: ended_at is NULL: a run has ended when it has an outcome"),
        ("runs SET outcome = NULL", "runs, run 1: ended_at is 9: a run has ended when it has an outcome"),
        ("runs SET pages = '{'", "runs, before run 2: pages is `{`"),
        ("budget SET spent = 'x'", "budget, `scope`: spent is `x`: wrong type"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (path, saved) = (folder.path().join("store.db"), folder.path().join("saved.db"));
        let db = store_with_rows(&path);
        read_all(&db).unwrap();
        if place.is_empty() {
            assert!(db.execute(&format!("UPDATE {damage}"), []).is_err(), "the schema refuses it: {damage}");
            continue;
        }
        assert_eq!(db.execute(&format!("UPDATE {damage}"), []), Ok(1), "{damage}");
        match read_all(&db) {
            Err(StoreError::Damaged(message)) => assert!(message.starts_with(place), "{damage}: {message}"),
            other => panic!("{damage}: {other:?}"),
        }
        drop(db);
        assert_ne!(check(&path, &ContentRules::ANY).unwrap(), Vec::<String>::new(), "{damage}");
        salvage(&path, &saved, &ContentRules::ANY).unwrap();
        assert_eq!(check(&saved, &ContentRules::ANY).unwrap(), Vec::<String>::new(), "{damage}");
        read_all(&schema::open(&saved).unwrap()).unwrap();
    }
}

/// The statements that put each of some values into each column of each table.
fn changes(db: &Connection) -> Vec<String> {
    let columns =
        "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY 1, 2";
    let mut columns = db.prepare(columns).unwrap();
    let columns = columns.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let columns: Vec<(String, String)> = columns.map(Result::unwrap).collect();
    let values = ["NULL", "-1", "7", "5000000000", "1.5", "'x'", "'{'", "'[]'", "x'ff'"];
    let change = |(table, column): &(String, String)| {
        values.map(|value| {
            format!("UPDATE OR FAIL {table} SET {column} = {value} WHERE rowid = (SELECT min(rowid) FROM {table})")
        })
    };
    // Tables without row numbers have one row.
    let without = ["answers", "recipe_set_members", "endpoints", "merges", "near", "draw_pages", "pruned_runs"];
    let statement = |statement: String| {
        let is_without = without.iter().any(|table| statement.starts_with(&format!("UPDATE OR FAIL {table} ")));
        let whole = statement.split(" WHERE ").next().unwrap_or_default().to_owned();
        if is_without { whole } else { statement }
    };
    columns.iter().flat_map(change).map(statement).collect()
}

/// For any value in a column: if a command reports it as damaged, the check finds it, and what the check finds of it a
/// salvage repairs.
#[test]
fn what_readers_call_damaged_a_check_finds_and_a_salvage_repairs() {
    let folder = tempfile::tempdir().unwrap();
    let db = store_with_rows(&folder.path().join("store.db"));
    db.execute_batch(MORE_ROWS).unwrap();
    assert_eq!(findings(&db, &ContentRules::ANY).unwrap(), Vec::<String>::new());
    let (mut damaged, mut failed) = (0, Vec::new());
    for change in changes(&db) {
        db.execute_batch("SAVEPOINT sound").unwrap();
        if db.execute(&change, []).is_ok_and(|rows| rows == 1)
            && let Err(error) = read_all(&db)
        {
            damaged += 1;
            let found = findings(&db, &ContentRules::ANY);
            if !found.as_ref().is_ok_and(|found| !found.is_empty()) {
                failed.push(format!("{change}: {error}: the check finds {found:?}"));
            }
            let repaired = repair(&db, &ContentRules::ANY).and_then(|()| read_all(&db));
            let left = findings(&db, &ContentRules::ANY);
            if repaired.is_err() || !left.as_ref().is_ok_and(Vec::is_empty) {
                failed.push(format!("{change}: {repaired:?}, {left:?}"));
            }
        }
        db.execute_batch("ROLLBACK TO sound; RELEASE sound").unwrap();
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(damaged > 300, "{damaged}");
}

/// What other stages write is read by their rules.
#[test]
fn the_content_of_facts_about_endpoints_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    drop(store_with_rows(&path));
    let refuse = |_: &str| Err("not a fact".to_owned());
    for (rules, column) in [
        (ContentRules { capabilities: refuse, ..ContentRules::ANY }, "capabilities"),
        (ContentRules { calibration: refuse, ..ContentRules::ANY }, "calibration"),
    ] {
        let found =
            format!("a value that docmill never writes: endpoints, endpoint `e`: {column} is `{{}}`: not a fact");
        assert_eq!(check(&path, &rules).unwrap(), [found]);
        let saved = folder.path().join(column);
        salvage(&path, &saved, &rules).unwrap();
        assert_eq!(check(&saved, &rules).unwrap(), Vec::<String>::new());
    }
}

#[test]
fn a_purpose_that_older_versions_did_not_record_is_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let db = store_with_rows(&folder.path().join("store.db"));
    db.execute("UPDATE attempts SET purpose = NULL, sequence = NULL", []).unwrap();
    let read = attempts::attempts(&db, &SetMembers::default(), RunKey(1), AttemptId(0), (i64::MIN, i64::MAX), 1);
    assert_eq!(read.unwrap()[0].purpose, AttemptPurpose::Ask);
    assert_eq!(batches::batch_attempts(&db, &SetMembers::default(), BatchId(1)).unwrap()[0].name, None);
    read_all(&db).unwrap();
}

#[test]
fn rules_on_references_find_what_they_are_for() {
    for (damage, finding) in [
        ("DELETE FROM pages", "an answer without its page: page 1, recipe 1"),
        ("DELETE FROM recipes", "an answer without its recipe: page 1, recipe 1"),
        ("DELETE FROM requests", "an attempt without its request: attempt 1"),
        ("DELETE FROM runs", "an attempt without its run: attempt 1"),
        ("DELETE FROM budget", "an attempt without its budget: attempt 1"),
        ("UPDATE attempts SET batch_id = NULL", "an open attempt of a run that has ended: attempt 2"),
        ("UPDATE attempts SET sequence = 1", "a sequence number that is used twice: attempts 1, 2"),
        ("UPDATE budget SET reserved = 9", "a budget that reserves what no open attempt does: scope: 9 pico-USD"),
        ("UPDATE answers SET revision = 5", "an answer of a later revision than the store's: page 1, recipe 1"),
        ("DELETE FROM recipe_sets", "a recipe set without its row: set 1"),
        ("DELETE FROM jobs", "a file without its job: entry 1"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let db = store_with_rows(&path);
        assert_eq!(check(&path, &ContentRules::ANY).unwrap(), Vec::<String>::new());
        db.execute_batch(damage).unwrap();
        let findings = check(&path, &ContentRules::ANY).unwrap();
        assert!(findings.contains(&finding.to_owned()), "{damage}: {findings:?}");
        let saved = folder.path().join("saved.db");
        salvage(&path, &saved, &ContentRules::ANY).unwrap();
        let left = check(&saved, &ContentRules::ANY).unwrap();
        // It is unknown which of two attempts a number belongs to.
        assert_eq!(left.is_empty(), !damage.contains("UPDATE attempts"), "{damage}: {left:?}");
    }
}
