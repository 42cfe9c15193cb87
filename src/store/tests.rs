//! What only the SQLite file shows: damaged values, migrations, the plan of the statement that
//! marks entries done, and that statement against reading page by page.

#![expect(clippy::disallowed_methods, reason = "files of tests")]

use super::page_status::TaskSelection;
use super::read::recipes::SetMembers;
use super::read::{entries, pages};
use super::records::pages::{FaultRecord, PageFaultRecord, RereadFile, SkipRule, Versions};
use super::sqlite::migrations::{MIGRATIONS, latest};
use super::sqlite::schema;
use super::sqlite::values::PageKey;
use super::write::done_entries::{PAGES, mark_entries_done};
use super::write::pages::put_reread;
use super::*;
use crate::base::decoder_version::{DECODER_VERSION, PAGE_TREE_VERSION};
use crate::base::digest::Digest;
use crate::base::vocabulary::ErrorKind;
use proptest::prelude::*;
use rusqlite::{Connection, params};
use std::path::Path;

pub(crate) const VERSIONS: Versions = Versions { decoder: 3, features: 2 };

/// A store with one row in every table.
const ROWS: &str = "
INSERT INTO jobs VALUES (1, x'01', 'job', '', 0);
INSERT INTO recipes VALUES (1, zeroblob(32), '{}');
INSERT INTO recipe_sets VALUES (1, x'03');
INSERT INTO recipe_set_members VALUES (1, 0, 1);
INSERT INTO pages (id, content, page, decoder, redrawn, redrawn_reason) VALUES (1, zeroblob(32), 1, 3, 1, 'no fields');
INSERT INTO answers VALUES (1, 1, 0, 'invalid', NULL, 'not_json', 'm', 0, 1, 1, 5, 0);
INSERT INTO page_faults VALUES (1, 3, 'damaged', 'm', '');
INSERT INTO marks VALUES (1, 2, 0, zeroblob(32));
INSERT INTO entries (id, job_id, line, path, size, mtime, ctime, inode, content, page_count, selected, fault, message, carried)
  VALUES (1, 1, 0, x'61', 1, 1, 1, 1, zeroblob(32), 1, '[1]', 'read_failed', 'm', '{}');
INSERT INTO runs VALUES (1, 'run', 1, 1, 'model', '[[\"kind\",1]]', 0, 0, 1, 9, 'complete', 0, NULL, NULL, 0, NULL, NULL, 0, '1/3');
INSERT INTO requests VALUES (1, 1, 1, 1);
INSERT INTO budget VALUES (1, 'scope', 0, 0);
INSERT INTO attempts (id, request_id, run_id, state, budget_id, usage_source, input_tokens, cached_input_tokens, output_tokens, cost, verdict, error_kind, opened_at, purpose, sequence)
  VALUES (1, 1, 1, 'settled', 1, 'reported', 5, 0, 2, 7, 'done', 'not_json', 0, 'ask', 1);
INSERT INTO attempts (id, request_id, run_id, state, budget_id, opened_at, batch_id, sequence) VALUES (2, 1, 1, 'open', 1, 0, 1, 2);
INSERT INTO endpoints VALUES ('e', '{}', '{}', NULL, 0);
INSERT INTO batches (id, key, run_id, job_id, endpoint, state, made_at) VALUES (1, 'key', 1, 1, 'p', 'submitted', 0);
INSERT INTO draws VALUES (1, 'job', '[]', NULL, 'content_hash', 1, 1, 0, '1/3');
INSERT INTO shard VALUES (1, 1, 3);
";

pub(crate) fn store_with_rows(path: &Path) -> Connection {
    let db = schema::open(path).unwrap();
    db.execute_batch(ROWS).unwrap();
    db
}

/// The renderers that are installed.
const RENDERERS: &str = "those of today";

pub(crate) fn rule(skip: SkipRule) -> DoneRule {
    DoneRule { set: RecipeSetId(1), versions: VERSIONS, skip, renderers: RENDERERS.into() }
}

/// A store as the first `version` migrations make it.
fn store_of_version(path: &Path, version: usize) -> Connection {
    let db = Connection::open(path).unwrap();
    MIGRATIONS[..version].iter().for_each(|migration| db.execute_batch(migration).unwrap());
    db.pragma_update(None, "application_id", 0x646f_636d).unwrap();
    db.pragma_update(None, "user_version", version as i64).unwrap();
    db
}

/// To close a file ends all locks of the process on it (POSIX, `fcntl`). Without SQLite's lock, another process that is the
/// last one to close the store removes the write-ahead log, with the answers in it.
#[cfg(target_os = "linux")]
#[test]
fn opening_a_store_again_keeps_its_locks() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let db = store_with_rows(&path);
    let inode = std::fs::metadata(&path).unwrap().ino();
    // Unlike `/proc/locks`, this is exact while other processes lock files.
    let is_locked = || {
        let opened = std::fs::read_dir("/proc/self/fdinfo").unwrap().filter_map(Result::ok);
        let mut locks = opened.filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
        let is_of_store = |line: &str| line.contains("POSIX") && line.contains(&format!(":{inode} "));
        locks.any(|locks| locks.lines().any(|line| line.starts_with("lock:") && is_of_store(line)))
    };
    assert!(is_locked());
    drop(schema::open_to_read(&path).unwrap());
    assert!(is_locked(), "after a reader");
    drop(schema::open_current(&path).unwrap());
    assert!(is_locked(), "after another reader");
    drop(schema::open(&path).unwrap());
    assert!(is_locked(), "after another writer");
    super::sqlite::filesystem::check_writable(&path).unwrap();
    assert!(is_locked(), "after a check");
    drop(db);
    assert!(!is_locked());
}

#[test]
fn migrated_attempts_are_numbered_in_the_run_that_opened_them() {
    let folder = tempfile::tempdir().unwrap();
    // From version 4 on, attempts have numbers.
    for version in 1..4 {
        let path = folder.path().join(format!("{version}.db"));
        let old = store_of_version(&path, version);
        // Attempt 4 was opened by run 1, and is collected from its batch by run 2.
        for (attempt, opened_by, charged_to) in [(1, 1, 1), (2, 2, 2), (3, 1, 1), (4, 1, 2), (5, 2, 2)] {
            old.execute("INSERT INTO requests VALUES (?1, ?2, 1, 1)", [attempt, opened_by]).unwrap();
            old.execute(
                "INSERT INTO attempts (id, request_id, run_id, state, budget_id, opened_at) VALUES (?1, ?1, ?2, 'lost', 1, 0)",
                [attempt, charged_to],
            )
            .unwrap();
        }
        drop(old);
        let db = schema::open_to_read(&path).unwrap();
        let mut find = db.prepare("SELECT id, sequence FROM attempts ORDER BY id").unwrap();
        let found = find.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let found: Vec<(i64, i64)> = found.map(Result::unwrap).collect();
        assert_eq!(found, [(1, 1), (2, 1), (3, 2), (4, 3), (5, 2)], "version {version}");
        assert_eq!(db.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).unwrap(), latest());
    }
}

/// The pages of a document of which an earlier version has read the second and the fourth as 2 and 3, with
/// their answers.
#[test]
fn what_is_stored_for_a_page_moves_with_its_number_once() {
    let folder = tempfile::tempdir().unwrap();
    let db = schema::open(&folder.path().join("store.db")).unwrap();
    let content = Digest::compute(b"document");
    for page in 0..=3 {
        db.execute(
            "INSERT INTO pages (id, content, page, decoder) VALUES (?1, ?2, ?3, 2)",
            params![page + 10, content, page],
        )
        .unwrap();
        db.execute("INSERT INTO marks VALUES (?1, 2, ?2, zeroblob(32))", params![page + 10, page == 2]).unwrap();
    }
    let answer = "INSERT INTO answers VALUES (?1, 1, 0, ?2, '1', NULL, NULL, 0, 1, NULL, 0, 4)";
    for row in [(11, "ok"), (12, "ok"), (13, "invalid")] {
        db.execute(answer, row).unwrap();
    }
    db.execute("INSERT INTO jobs VALUES (1, x'01', 'job', '', 0)", []).unwrap();
    let entry = "INSERT INTO entries (job_id, line, path, size, mtime, ctime, inode, content, page_count, selected, decoder) VALUES (1, ?1, x'61', 1, 1, 1, 1, ?2, ?3, ?4, 2)";
    for (line, count, selected) in [(1, 3, None), (2, 3, Some("[1,3]")), (3, 0, None)] {
        db.execute(entry, params![line, content, count, selected]).unwrap();
    }
    let other = Digest::compute(b"another document");
    db.execute("INSERT INTO pages (id, content, page, decoder) VALUES (1, ?1, 2, 2)", [other]).unwrap();
    let outdated_pages = |content, version| {
        let known = pages::outdated_pages(&db, content, version).unwrap();
        known.into_iter().map(|known| (known.page, known.is_answered)).collect::<Vec<_>>()
    };
    assert_eq!(outdated_pages(&content, 2), []);
    let outdated = [(0, false), (1, true), (2, true), (3, false)];
    assert_eq!(outdated_pages(&content, 3), outdated);
    let fault = FaultRecord { kind: ErrorKind::IncompletePage, message: "an image is missing".into() };
    let fault = PageFaultRecord { fault, decoder: VERSIONS.decoder, renderers: String::new() };
    let file = RereadFile {
        content,
        page_count: 5,
        repeats: vec![(3, 2)],
        numbers: Some(vec![2, 4, 5]),
        numbered_since: PAGE_TREE_VERSION,
        redrawn: vec![(4, "an image was missing".into())],
        faults: vec![(4, fault.clone())],
        drops_blank: true,
    };
    let stored = || {
        let mut find =
            db.prepare("SELECT id, page, redrawn, redrawn_reason FROM pages WHERE content = ?1 ORDER BY id").unwrap();
        let rows = find.query_map([content], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
        rows.map(Result::unwrap).collect::<Vec<(i64, u32, Option<i64>, Option<String>)>>()
    };
    put_reread(&db, Revision(9), &file).unwrap();
    let expected = [
        (10, 0, None, None),
        (11, 2, None, None),
        (12, 4, Some(9), Some("an image was missing".to_owned())),
        (13, 5, None, None),
    ];
    assert_eq!(stored(), expected);
    let marks: i64 = db.query_row("SELECT count(*) FROM marks", [], |row| row.get(0)).unwrap();
    assert_eq!((marks, outdated_pages(&content, 3)), (3, Vec::new()), "only what looked blank is measured again");
    let entries = entries::entries(&db, JobId(1), (0, b""), 9).unwrap();
    let known: Vec<_> = entries.iter().map(|entry| (entry.page_count, entry.repeats.len(), entry.decoder)).collect();
    assert_eq!(
        known,
        [(5, 1, DECODER_VERSION), (5, 1, 2), (0, 0, 2)],
        "of every job, as far as the store knows the selection"
    );
    // Another process has found the same: nothing moves again, and no page is marked that may have been asked since.
    put_reread(&db, Revision(10), &file).unwrap();
    assert_eq!(stored(), expected);
    assert_eq!(outdated_pages(&other, 3), [(2, false)]);
    let count = |content| pages::page_count_when_asked(&db, content).unwrap();
    assert_eq!([count(&content), count(&other)], [Some(5), None]);
    db.execute("UPDATE entries SET page_count = 7 WHERE line = 2", []).unwrap();
    assert_eq!(count(&content), Some(7), "an entry knows more pages than were asked");
    // Pages that a decoder with the numbers of today has read stay where they are.
    db.execute("UPDATE pages SET decoder = ?1 WHERE content = ?2", params![PAGE_TREE_VERSION, content]).unwrap();
    assert_eq!(outdated_pages(&content, DECODER_VERSION).len(), 4);
    put_reread(&db, Revision(11), &RereadFile { redrawn: vec![], ..file.clone() }).unwrap();
    assert_eq!((stored(), outdated_pages(&content, DECODER_VERSION)), (expected.to_vec(), Vec::new()));
    let page = PageId { content, page: 4 };
    let (_, known) = pages::stored_page(&db, None, &page, &[RecipeId(1)], VERSIONS).unwrap().unwrap();
    assert_eq!(known.wrong_picture(), Some("an image was missing"));
    assert_eq!(known.fault, Some(fault.fault), "it can't be drawn now");
}

#[test]
fn other_files_and_newer_stores_are_left_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("text"), "not a database, but long enough to be one. ".repeat(99)).unwrap();
    Connection::open(path("foreign")).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    Connection::open(path("versioned")).unwrap().execute_batch("PRAGMA user_version = 2").unwrap();
    store_of_version(&path("newer"), MIGRATIONS.len()).pragma_update(None, "user_version", latest() + 1).unwrap();
    std::fs::create_dir(path("folder")).unwrap();
    for (name, expected) in [
        ("text", "is not a docmill store"),
        ("foreign", "is not a docmill store"),
        ("versioned", "is not a docmill store"),
        ("folder", "is not a docmill store"),
        ("newer", "supports versions up to"),
        ("missing", "there is no store at"),
    ] {
        let before = std::fs::read(path(name)).ok();
        let error = ReadStore::open(&path(name)).unwrap_err().to_string();
        assert!(error.contains(expected), "{name}: {error}");
        if name != "missing" {
            let error = schema::open(&path(name)).unwrap_err().to_string();
            assert!(error.contains(expected), "{name}: {error}");
        }
        assert_eq!(std::fs::read(path(name)).ok(), before, "{name}");
    }
}

#[test]
fn settling_reads_by_indices_and_sorts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let db = store_with_rows(&folder.path().join("store.db"));
    let mut explain = db.prepare(&format!("EXPLAIN QUERY PLAN {PAGES}")).unwrap();
    let steps = explain.query_map(params![1, 1, 3, 2], |row| row.get::<_, String>(3)).unwrap();
    let steps: Vec<String> = steps.map(Result::unwrap).collect();
    assert!(steps.iter().all(|step| step.starts_with("SEARCH")), "{steps:#?}");
}

/// A page of the history: its stored data.
type StoredFacts = (Option<bool>, Option<bool>, bool, Vec<Option<(usize, bool, u32, bool)>>);

/// An entry: its pages, the selected ones, whether it has its own set, and the stored data of its pages.
type StoredEntry = (u32, Option<Vec<u32>>, bool, Vec<Option<StoredFacts>>);

fn stored_facts() -> impl Strategy<Value = StoredFacts> {
    let outcome = (0_usize..4, any::<bool>(), 1_u32..5, any::<bool>());
    let outcomes = prop::collection::vec(prop::option::weighted(0.8, outcome), 2);
    let option = prop::option::weighted(0.4, any::<bool>());
    (option.clone(), option, prop::bool::weighted(0.2), outcomes)
}

fn stored_entries() -> impl Strategy<Value = Vec<StoredEntry>> {
    let selected = prop::option::weighted(0.4, prop::collection::btree_set(1_u32..4, 0..3));
    let selected = selected.prop_map(|pages| pages.map(|pages| pages.into_iter().collect()));
    let facts = prop::collection::vec(prop::option::weighted(0.9, stored_facts()), 4);
    // A job selects pages that the file has.
    let within = |(page_count, selected, has_own_set, facts): (u32, Option<Vec<u32>>, bool, _)| {
        let selected = selected.map(|pages| pages.into_iter().filter(|page| *page <= page_count).collect());
        (page_count, selected, has_own_set, facts)
    };
    prop::collection::vec((0_u32..4, selected, any::<bool>(), facts).prop_map(within), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// The statement that marks entries done and the rule on each page, read one by one.
    #[test]
    fn an_entry_is_done_when_nothing_is_to_be_asked_of_its_pages(
        files in stored_entries(), blank in any::<bool>(), near_duplicates in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let db = schema::open(&folder.path().join("store.db")).unwrap();
        db.execute_batch("BEGIN; INSERT INTO recipe_set_members VALUES (1, 0, 1), (1, 1, 2), (2, 0, 2);").unwrap();
        for (number, (page_count, selected, has_own_set, pages)) in (1_i64..).zip(&files) {
            let content = Digest::compute(&number.to_be_bytes());
            let selected = selected.as_ref().map(|pages| format!("{pages:?}"));
            db.execute(
                "INSERT INTO entries (id, job_id, line, path, size, mtime, ctime, inode, content, page_count, selected, set_id)
                 VALUES (?1, 1, ?1, x'61', 1, 1, 1, 1, ?2, ?3, ?4, ?5)",
                params![number, content, page_count, selected, has_own_set.then_some(2)],
            )
            .unwrap();
            for (page, facts) in (0_u32..).zip(pages) {
                let Some((has_current_fault, is_blank, is_near, outcomes)) = facts else { continue };
                db.execute("INSERT INTO pages (content, page) VALUES (?1, ?2)", params![content, page]).unwrap();
                let key = PageKey(db.last_insert_rowid());
                if let Some(is_current) = has_current_fault {
                    let renderers = if *is_current { RENDERERS } else { "others" };
                    db.execute("INSERT INTO page_faults VALUES (?1, 3, 'damaged', '', ?2)", params![key, renderers]).unwrap();
                }
                if let Some(is_blank) = is_blank {
                    db.execute("INSERT INTO marks VALUES (?1, 2, ?2, zeroblob(32))", params![key, is_blank]).unwrap();
                }
                if *is_near {
                    db.execute("INSERT INTO near VALUES (1, ?1, ?1, 0)", [key]).unwrap();
                }
                for (recipe, outcome) in (1_i64..).zip(outcomes) {
                    let Some((status, is_transient, runs, is_not_drawn)) = outcome else { continue };
                    let status = OutcomeStatus::ALL[*status];
                    let value = (status == OutcomeStatus::Ok).then_some("1");
                    let reason = (status != OutcomeStatus::Ok && *is_not_drawn).then_some("incomplete_page");
                    let put = "INSERT INTO answers VALUES (?1, ?2, 0, ?3, ?4, ?5, '', ?6, ?7, NULL, 0, 0)";
                    db.execute(put, params![key, recipe, status, value, reason, is_transient, runs]).unwrap();
                }
            }
        }
        let skip = SkipRule { blank, near_duplicates };
        mark_entries_done(&db, JobId(1), &rule(skip)).unwrap();
        let sets = SetMembers::default();
        for entry in entries::entries(&db, JobId(1), (0, b""), 99).unwrap() {
            let set = entry.set.unwrap_or(RecipeSetId(1));
            let recipes = sets.of_set(&db, set).unwrap();
            let is_open = |page| {
                let page = PageId { content: entry.content.unwrap(), page };
                let known = pages::stored_page(&db, Some(JobId(1)), &page, &recipes, VERSIONS).unwrap();
                let known = known.map_or_else(|| StoredPage::unknown(recipes.len()), |(_, known)| known);
                let known = known.without_faults_of_other_renderers(RENDERERS);
                matches!(known.status(skip, &TaskSelection::LATER_RUN), PageStatus::Ask(_))
            };
            let expected = (!entry.pages().any(is_open)).then_some(set);
            prop_assert_eq!(entry.settled_set, expected, "entry {}", entry.line);
        }
    }
}
