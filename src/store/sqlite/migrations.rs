//! The tables, as migrations. `user_version` of the file counts them. A migration is never
//! edited after a release, only followed by another one.
//!
//! Some columns have older names: `passing` is whether a fault is transient, `reason` the kind of error,
//! `marks` page features, `near` near duplicates, `at` a wall time. `answers.sample` is always 0 and
//! `endpoints.limits` is not used: version 1 had plans for them.

/// The text of [`MERGE_BUDGETS`], as a part of a migration.
macro_rules! merge_budgets {
    () => {
        "
CREATE TEMP TABLE old_budgets AS SELECT b.id, b.spent, b.reserved,
  CASE WHEN b.scope GLOB '*/day:[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]' THEN 'day:' || substr(b.scope, -10)
       WHEN b.scope GLOB '*/run:[0-9]???????T??????-??????' THEN 'run:' || substr(b.scope, -22)
       ELSE 'job' END
  || CASE WHEN substr(b.scope, 79, 10) = 'simulator:' THEN '/simulated/' ELSE '/paid/' END
  || ifnull((SELECT name FROM jobs WHERE lower(hex(identity)) = substr(b.scope, 5, 64)), substr(b.scope, 5, 64)) AS scope
  FROM budget b WHERE b.scope GLOB 'job:*/endpoint:*';
CREATE TEMP TABLE new_budgets AS
  SELECT scope, min(id) AS id, sum(spent) AS spent, sum(reserved) AS reserved, count(*) AS parts FROM old_budgets GROUP BY scope;
INSERT INTO notices (message)
  SELECT 'budgets now count by the name of the job, over all its inputs, dates and endpoints: ' || sum(parts) || ' counters of this store were added up to '
    || count(*) || '; `docmill report --budgets` shows them' FROM new_budgets WHERE parts > 1 HAVING count(*) > 0;
UPDATE attempts SET budget_id = n.id FROM old_budgets o JOIN new_budgets n ON n.scope = o.scope
  WHERE o.id = attempts.budget_id AND o.id <> n.id;
DELETE FROM budget WHERE id IN (SELECT id FROM old_budgets) AND id NOT IN (SELECT id FROM new_budgets);
UPDATE budget SET scope = n.scope, spent = n.spent, reserved = n.reserved FROM new_budgets n WHERE n.id = budget.id;
DROP TABLE old_budgets;
DROP TABLE new_budgets;
"
    };
}

/// The tables of shards: which shard a store belongs to; the shard of a run and of a draw; which stores
/// were merged into this one, each known by a digest of what it held, and which runs have found the files of their shards; on how many replies what is known of an endpoint is based,
/// if a merge has taken it over.
macro_rules! shard_tables {
    () => {
        "
CREATE TABLE shard (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL, shards INTEGER NOT NULL);
ALTER TABLE runs ADD COLUMN shard TEXT;
ALTER TABLE draws ADD COLUMN shard TEXT;
CREATE TABLE merges (
  fingerprint BLOB PRIMARY KEY, number INTEGER NOT NULL, shards INTEGER NOT NULL, run_id TEXT NOT NULL, started_at INTEGER NOT NULL) WITHOUT ROWID;
ALTER TABLE endpoints ADD COLUMN observations INTEGER NOT NULL DEFAULT 0;
"
    };
}

/// The migrations in their order.
pub(crate) const MIGRATIONS: &[&str] = &[
    // Version 1.
    "
CREATE TABLE jobs (id INTEGER PRIMARY KEY, identity BLOB NOT NULL UNIQUE, name TEXT NOT NULL, manifest TEXT NOT NULL, updated_at INTEGER NOT NULL);
CREATE TABLE recipes (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE recipe_sets (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE);
CREATE TABLE recipe_set_members (set_id INTEGER NOT NULL, position INTEGER NOT NULL, recipe_id INTEGER NOT NULL, PRIMARY KEY (set_id, position)) WITHOUT ROWID;
CREATE TABLE pages (id INTEGER PRIMARY KEY, content BLOB NOT NULL, page INTEGER NOT NULL, UNIQUE (content, page));
CREATE TABLE answers (
  page_id INTEGER NOT NULL, recipe_id INTEGER NOT NULL, sample INTEGER NOT NULL DEFAULT 0,
  status TEXT NOT NULL, value TEXT, reason TEXT, message TEXT, passing INTEGER NOT NULL, runs INTEGER NOT NULL,
  request_id INTEGER, at INTEGER NOT NULL, PRIMARY KEY (page_id, recipe_id, sample)) WITHOUT ROWID;
CREATE TABLE page_faults (page_id INTEGER PRIMARY KEY, decoder_version INTEGER NOT NULL, kind TEXT NOT NULL, message TEXT NOT NULL);
CREATE TABLE entries (
  id INTEGER PRIMARY KEY, job_id INTEGER NOT NULL, path BLOB NOT NULL, size INTEGER NOT NULL, mtime INTEGER NOT NULL,
  ctime INTEGER NOT NULL, inode INTEGER NOT NULL, content BLOB, page_count INTEGER NOT NULL, fault TEXT, message TEXT,
  carried TEXT, settled_set INTEGER, UNIQUE (job_id, path));
CREATE INDEX entries_by_content ON entries (job_id, content, path);
CREATE TABLE runs (
  id INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, job_id INTEGER NOT NULL, set_id INTEGER NOT NULL, model TEXT NOT NULL,
  tasks TEXT NOT NULL, started_at INTEGER NOT NULL, heartbeat INTEGER NOT NULL, first_attempt INTEGER NOT NULL, ended_at INTEGER, outcome TEXT, exit_code INTEGER, pages TEXT);
CREATE INDEX runs_by_job ON runs (job_id, id);
CREATE TABLE requests (id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL, page_id INTEGER NOT NULL, set_id INTEGER NOT NULL);
CREATE INDEX requests_by_page ON requests (page_id);
CREATE TABLE attempts (
  id INTEGER PRIMARY KEY, request_id INTEGER NOT NULL, run_id INTEGER NOT NULL, state TEXT NOT NULL, budget_id INTEGER NOT NULL,
  reserved INTEGER, input_tokens INTEGER, cached_input_tokens INTEGER, output_tokens INTEGER, usage_source TEXT, cost INTEGER,
  verdict TEXT, error_kind TEXT, message TEXT, http_status INTEGER, server_request_id TEXT, latency_ms INTEGER,
  opened_at INTEGER NOT NULL, settled_at INTEGER);
CREATE INDEX attempts_by_request ON attempts (request_id);
CREATE TABLE budget (id INTEGER PRIMARY KEY, scope TEXT NOT NULL UNIQUE, spent INTEGER NOT NULL, reserved INTEGER NOT NULL);
CREATE TABLE endpoints (id TEXT PRIMARY KEY, capabilities TEXT, calibration TEXT, limits TEXT) WITHOUT ROWID;
",
    // Version 2. Entries of lists: an entry is a line, with the columns that it carries and a recipe
    // set of its own. Files of several pages: which of them are selected; every file counts as
    // changed, because version 1 knew one page of a TIFF. Page features and near duplicates.
    "
CREATE TABLE lined_entries (
  id INTEGER PRIMARY KEY, job_id INTEGER NOT NULL, line INTEGER NOT NULL DEFAULT 0, path BLOB NOT NULL, size INTEGER NOT NULL,
  mtime INTEGER NOT NULL, ctime INTEGER NOT NULL, inode INTEGER NOT NULL, content BLOB, page_count INTEGER NOT NULL, selected TEXT,
  fault TEXT, message TEXT, carried TEXT, set_id INTEGER, settled_set INTEGER, UNIQUE (job_id, line, path));
INSERT INTO lined_entries (job_id, path, size, mtime, ctime, inode, content, page_count, fault, message)
  SELECT job_id, path, size, 0, ctime, inode, content, page_count, fault, message FROM entries;
DROP TABLE entries;
ALTER TABLE lined_entries RENAME TO entries;
CREATE INDEX entries_by_content ON entries (job_id, content, line, path);
CREATE INDEX entries_by_path ON entries (job_id, path);
CREATE TABLE marks (page_id INTEGER PRIMARY KEY, version INTEGER NOT NULL, blank INTEGER NOT NULL, fingerprint BLOB NOT NULL);
CREATE TABLE near (job_id INTEGER NOT NULL, page_id INTEGER NOT NULL, like_id INTEGER NOT NULL, distance INTEGER NOT NULL,
  PRIMARY KEY (job_id, page_id)) WITHOUT ROWID;
",
    // Version 3. The expected cost of an attempt, its purpose, what was saved on it; batches.
    "
ALTER TABLE attempts ADD COLUMN purpose TEXT;
ALTER TABLE attempts ADD COLUMN expected INTEGER;
ALTER TABLE attempts ADD COLUMN cache_write_tokens INTEGER;
ALTER TABLE attempts ADD COLUMN saved_by_cache INTEGER;
ALTER TABLE attempts ADD COLUMN saved_by_size INTEGER;
ALTER TABLE attempts ADD COLUMN batch_id INTEGER;
CREATE INDEX attempts_by_batch ON attempts (batch_id) WHERE batch_id IS NOT NULL;
CREATE TABLE batches (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, run_id INTEGER NOT NULL, job_id INTEGER NOT NULL, endpoint TEXT NOT NULL, state TEXT NOT NULL,
  requests INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0, tokens INTEGER NOT NULL DEFAULT 0,
  input_file TEXT, remote TEXT, message TEXT, price TEXT, made_at INTEGER NOT NULL, ended_at INTEGER);
CREATE INDEX batches_by_endpoint ON batches (endpoint, state);
",
    // Version 4. The sequence number of an attempt among those that its run opened: with the id of
    // the run its identity outside this store. The run is that of the request: an attempt of a
    // batch may be charged to a later run (`attempts.run_id`), which collects it.
    "
ALTER TABLE attempts ADD COLUMN sequence INTEGER;
UPDATE attempts SET sequence = numbered.sequence FROM (
  SELECT a.id, row_number() OVER (PARTITION BY ifnull(r.run_id, a.run_id) ORDER BY a.id) AS sequence
  FROM attempts a LEFT JOIN requests r ON r.id = a.request_id) AS numbered
WHERE numbered.id = attempts.id;
",
    // Version 5. Revisions, which order what is stored without a clock; what a run sends again and
    // how long its attempts may take; budgets by name.
    concat!(
        "
ALTER TABLE answers ADD COLUMN revision INTEGER NOT NULL DEFAULT 0;
CREATE TABLE revisions (last INTEGER NOT NULL);
INSERT INTO revisions (last) VALUES (0);
ALTER TABLE runs ADD COLUMN selection TEXT;
ALTER TABLE runs ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN attempt_timeout_ms INTEGER;
CREATE TABLE notices (id INTEGER PRIMARY KEY, message TEXT NOT NULL);
",
        merge_budgets!(),
    ),
    // Version 6. The version of the decoder that has read a file or a page: rows of earlier versions get
    // 2, the last version that was not recorded. Pages of a document that are the same; how a page was
    // drawn; since which revision its earlier picture is known to have been wrong, and why.
    "
ALTER TABLE entries ADD COLUMN decoder INTEGER NOT NULL DEFAULT 2;
ALTER TABLE entries ADD COLUMN repeats TEXT;
ALTER TABLE pages ADD COLUMN decoder INTEGER NOT NULL DEFAULT 2;
ALTER TABLE pages ADD COLUMN renderer TEXT;
ALTER TABLE pages ADD COLUMN redrawn INTEGER;
ALTER TABLE pages ADD COLUMN redrawn_reason TEXT;
ALTER TABLE page_faults ADD COLUMN renderers TEXT NOT NULL DEFAULT '';
",
    // Version 7. Reasoning tokens, a part of the reply tokens; what the provider reports to have charged;
    // who served an attempt: the model by its full name, the provider that a router chose, the service
    // tier; the parameters that were sent (JSON).
    "
ALTER TABLE attempts ADD COLUMN reasoning_tokens INTEGER;
ALTER TABLE attempts ADD COLUMN reported_cost INTEGER;
ALTER TABLE attempts ADD COLUMN served_model TEXT;
ALTER TABLE attempts ADD COLUMN served_by TEXT;
ALTER TABLE attempts ADD COLUMN service_tier TEXT;
ALTER TABLE attempts ADD COLUMN parameters TEXT;
",
    // Version 8. Decisions: human answers. They belong to a page and the name of a job, so they follow the
    // content and outlive recipes. One that is undone is marked, not deleted. The revision in which a
    // decision was made or withdrawn shows whether earlier page counts still hold. `group_id` is the first
    // decision of those that were made together. Draws: samples of pages, in the order in which they were
    // drawn, among all pages of a job or those that match an expression. Shown answers: what a reviewer has
    // seen of the model's, so that later decisions are not taken for blind.
    concat!(
        "
CREATE TABLE decisions (
  id INTEGER PRIMARY KEY, page_id INTEGER NOT NULL, job TEXT NOT NULL, task TEXT NOT NULL, question BLOB, value TEXT NOT NULL,
  reviewer TEXT NOT NULL, decided_at INTEGER NOT NULL, sampled_with REAL, shown TEXT, withdrawn_at INTEGER, revision INTEGER NOT NULL,
  draw_id INTEGER, group_id INTEGER NOT NULL);
CREATE INDEX decisions_by_page ON decisions (page_id, job);
CREATE INDEX decisions_by_job ON decisions (job);
CREATE INDEX decisions_by_revision ON decisions (job, revision);
CREATE INDEX decisions_by_group ON decisions (group_id);
CREATE TABLE draws (
  id INTEGER PRIMARY KEY, job TEXT NOT NULL, tasks TEXT NOT NULL, selection TEXT, rule TEXT NOT NULL, size INTEGER NOT NULL,
  population INTEGER NOT NULL, drawn_at INTEGER NOT NULL);
CREATE INDEX draws_by_job ON draws (job);
CREATE TABLE draw_pages (draw_id INTEGER NOT NULL, position INTEGER NOT NULL, page_id INTEGER NOT NULL, PRIMARY KEY (draw_id, position)) WITHOUT ROWID;
CREATE TABLE shown_answers (
  id INTEGER PRIMARY KEY, page_id INTEGER NOT NULL, job TEXT NOT NULL, reviewer TEXT NOT NULL, task TEXT NOT NULL, question BLOB,
  answer TEXT NOT NULL, shown_at INTEGER NOT NULL);
CREATE INDEX shown_answers_by_page ON shown_answers (page_id, job, reviewer);
",
        // The settings of runs, without secrets: runs with the same ones share a row. Runs that only try something.
        "
CREATE TABLE settings (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, body TEXT NOT NULL);
ALTER TABLE runs ADD COLUMN settings_id INTEGER;
ALTER TABLE runs ADD COLUMN is_trial INTEGER NOT NULL DEFAULT 0;
UPDATE runs SET is_trial = 1 WHERE outcome = 'try';
",
        shard_tables!(),
    ),
    // Version 9. What each budget was charged for a run of which attempts were pruned since: in all, so that stores
    // with different parts of a run can be merged. The outcome `batch_pending`.
    "
CREATE TABLE pruned_runs (run_id INTEGER NOT NULL, budget_id INTEGER NOT NULL, spent INTEGER NOT NULL,
  PRIMARY KEY (run_id, budget_id)) WITHOUT ROWID;
",
];

/// Adds up the budgets that versions before 5 counted by job identity and endpoint: now they count
/// by the name of the job. Their scopes were `job:<identity>/endpoint:<provider>`, followed by
/// `/day:<date>`, `/run:<id>` or nothing. Does nothing where there are none.
pub(crate) const MERGE_BUDGETS: &str = merge_budgets!();

/// The version of the tables after all migrations.
pub(crate) fn latest() -> i64 {
    MIGRATIONS.len() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    /// The budgets of a store after the migration to version 5: scope, spent, reserved, attempts.
    fn merged(db: &Connection) -> Vec<(String, i64, i64, i64)> {
        let mut find = db
            .prepare("SELECT scope, spent, reserved, (SELECT count(*) FROM attempts a WHERE a.budget_id = budget.id) FROM budget ORDER BY scope")
            .unwrap();
        let rows = find.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn notices(db: &Connection) -> Vec<String> {
        let mut find = db.prepare("SELECT message FROM notices").unwrap();
        find.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// A store of version 4 with two jobs of one name, one of another, and these budgets: the job's
    /// number, the rest of the scope, spent, reserved.
    fn version_4(budgets: &[(u8, &str, i64, i64)]) -> Connection {
        let db = Connection::open_in_memory().unwrap();
        MIGRATIONS[..4].iter().for_each(|migration| db.execute_batch(migration).unwrap());
        for (number, name) in [(1_u8, "nightly"), (2, "nightly"), (3, "other")] {
            let job = "INSERT INTO jobs (identity, name, manifest, updated_at) VALUES (?1, ?2, '', 0)";
            db.execute(job, rusqlite::params![[number; 32].as_slice(), name]).unwrap();
        }
        for (number, rest, spent, reserved) in budgets {
            let identity = format!("{number:02x}").repeat(32);
            let budget = "INSERT INTO budget (scope, spent, reserved) VALUES (?1, ?2, ?3)";
            db.execute(budget, rusqlite::params![format!("job:{identity}/endpoint:{rest}"), spent, reserved]).unwrap();
            let attempt = "INSERT INTO attempts (request_id, run_id, state, budget_id, opened_at) VALUES (1, 1, 'settled', ?1, 0)";
            db.execute(attempt, [db.last_insert_rowid()]).unwrap();
        }
        db
    }

    #[test]
    fn budgets_of_one_name_are_added_up() {
        let db = version_4(&[
            (1, "https://a/v1/day:2026-11-23", 10, 1),
            (2, "https://a/v1/day:2026-11-23", 20, 2),
            (2, "https://b/v1/day:2026-11-23", 30, 0),
            (1, "https://a/v1/day:2026-11-24", 40, 0),
            (1, "simulator:7/day:2026-11-23", 50, 0),
            (3, "https://a/v1/day:2026-11-23", 60, 0),
            (1, "https://a/v1", 70, 0),
            (2, "https://a/v1/run:20261123T131805-3f9a1c", 80, 0),
            (4, "https://a/v1", 90, 0),
        ]);
        db.execute_batch(MIGRATIONS[4]).unwrap();
        let unknown = format!("job/paid/{}", "04".repeat(32));
        let expected = [
            ("day:2026-11-23/paid/nightly", 60, 3, 3),
            ("day:2026-11-23/paid/other", 60, 0, 1),
            ("day:2026-11-23/simulated/nightly", 50, 0, 1),
            ("day:2026-11-24/paid/nightly", 40, 0, 1),
            (&unknown, 90, 0, 1),
            ("job/paid/nightly", 70, 0, 1),
            ("run:20261123T131805-3f9a1c/paid/nightly", 80, 0, 1),
        ];
        assert_eq!(
            merged(&db),
            expected.map(|(scope, spent, reserved, attempts)| (scope.to_owned(), spent, reserved, attempts))
        );
        let notices = notices(&db);
        assert!(
            notices.len() == 1 && notices[0].contains("3 counters of this store were added up to 1"),
            "{notices:?}"
        );
        // A salvage does it again on a store that has no old budgets.
        db.execute_batch(MERGE_BUDGETS).unwrap();
        assert_eq!(merged(&db).len(), 7);
    }

    #[test]
    fn nothing_is_said_when_no_budgets_are_added_up() {
        let db = version_4(&[(1, "https://a/v1/day:2026-11-23", 10, 1)]);
        db.execute_batch(MIGRATIONS[4]).unwrap();
        assert_eq!((merged(&db).len(), notices(&db)), (1, Vec::new()));
    }
}
