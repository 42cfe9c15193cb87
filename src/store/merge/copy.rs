//! Copies pages and what belongs to them from a source into the merged store: faults, features, requests, attempts,
//! answers. Statements work on sets; what they read of the source is in its order, so that nothing has to
//! be sorted in memory.

use crate::store::error::StoreError;
use crate::store::sqlite::charged::CHARGED;
use rusqlite::Connection;

/// Which pages are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CopiedPages {
    /// All, from a store that is not in use.
    All,
    /// Those in `scratch.wanted`, from a store that others may read.
    Wanted,
}

/// The offset of keys of the source for rows that are always new: they need no mapping.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offsets {
    /// For revisions.
    pub(crate) revision: i64,
    /// For requests.
    request: i64,
    /// For attempts.
    attempt: i64,
    /// Pages of the merged store up to this key were there before.
    page: i64,
    /// Whether all revisions become the first one.
    is_before_any_run: bool,
}

impl Offsets {
    /// The same, where all revisions are before those of any run.
    pub(crate) fn before_any_run(self) -> Self {
        Self { is_before_any_run: true, ..self }
    }

    /// The revision in the merged store of a revision of the source, in SQL.
    pub(crate) fn revision_of(self, column: &str) -> String {
        match self.is_before_any_run {
            true => "0".to_owned(),
            false => format!("{column} + {}", self.revision),
        }
    }

    /// The offsets of the next source.
    ///
    /// # Errors
    /// When the merged store can't be read.
    pub(crate) fn read(db: &Connection) -> Result<Self, StoreError> {
        let read = |query: &str| db.query_row(query, [], |row| row.get::<_, i64>(0));
        Ok(Self {
            revision: read("SELECT ifnull(max(last), 0) FROM main.revisions")?,
            request: read("SELECT ifnull(max(id), 0) FROM main.requests")?,
            attempt: read("SELECT ifnull(max(id), 0) FROM main.attempts")?,
            page: read("SELECT ifnull(max(id), 0) FROM main.pages")?,
            is_before_any_run: false,
        })
    }
}

/// Copies what belongs to pages.
///
/// # Errors
/// When a store can't be read or written.
pub(crate) fn copy_pages(db: &Connection, pages: CopiedPages, offsets: Offsets) -> Result<(), StoreError> {
    let statements =
        [page_statements(pages, offsets), attempt_statements(pages, offsets), answer_statements(pages, offsets)];
    for statement in statements.iter().flatten() {
        db.execute(statement, [])?;
    }
    Ok(())
}

/// Pages, their faults and features, and near duplicates.
fn page_statements(pages: CopiedPages, offsets: Offsets) -> Vec<String> {
    let (page, redrawn) = (offsets.page, offsets.revision_of("s.redrawn"));
    // Without an order of revisions docmill cannot tell which answers belong to the wrong picture.
    let redrawn = if offsets.is_before_any_run { "NULL".to_owned() } else { redrawn };
    let from = match pages {
        CopiedPages::All => "source.pages s",
        CopiedPages::Wanted => "scratch.wanted w CROSS JOIN source.pages s ON s.id = w.src",
    };
    vec![
        format!(
            "INSERT OR IGNORE INTO main.pages (content, page, decoder, renderer, redrawn, redrawn_reason)
               SELECT s.content, s.page, s.decoder, s.renderer, {redrawn}, s.redrawn_reason FROM {from}"
        ),
        format!(
            "INSERT INTO scratch.pages SELECT s.id, t.id FROM {from} CROSS JOIN main.pages t ON t.content = s.content AND t.page = s.page"
        ),
        // What a later decoder has seen holds.
        format!(
            "UPDATE main.pages AS t SET decoder = s.decoder, renderer = ifnull(s.renderer, t.renderer),
               redrawn = ifnull(t.redrawn, {redrawn}), redrawn_reason = ifnull(t.redrawn_reason, s.redrawn_reason)
             FROM scratch.pages m JOIN source.pages s ON s.id = m.src WHERE t.id = m.dst AND t.id <= {page} AND s.decoder > t.decoder"
        ),
        "INSERT INTO main.page_faults (page_id, decoder_version, kind, message, renderers)
           SELECT m.dst, f.decoder_version, f.kind, f.message, f.renderers FROM scratch.pages m CROSS JOIN source.page_faults f ON f.page_id = m.src WHERE true
         ON CONFLICT (page_id) DO UPDATE SET decoder_version = excluded.decoder_version, kind = excluded.kind, message = excluded.message, renderers = excluded.renderers
           WHERE excluded.decoder_version > page_faults.decoder_version"
            .to_owned(),
        "INSERT INTO main.marks (page_id, version, blank, fingerprint)
           SELECT m.dst, f.version, f.blank, f.fingerprint FROM scratch.pages m CROSS JOIN source.marks f ON f.page_id = m.src WHERE true
         ON CONFLICT (page_id) DO UPDATE SET version = excluded.version, blank = excluded.blank, fingerprint = excluded.fingerprint
           WHERE excluded.version > marks.version"
            .to_owned(),
        // Of two pages that a page is like, the nearer one, then the one whose content is smaller: in any order.
        "INSERT INTO main.near (job_id, page_id, like_id, distance)
           SELECT j.dst, p.dst, l.dst, n.distance FROM source.near n JOIN scratch.jobs j ON j.src = n.job_id
             JOIN scratch.pages p ON p.src = n.page_id JOIN scratch.pages l ON l.src = n.like_id WHERE true
         ON CONFLICT (job_id, page_id) DO UPDATE SET like_id = excluded.like_id, distance = excluded.distance
           WHERE (excluded.distance, (SELECT content FROM main.pages WHERE id = excluded.like_id)) < (near.distance, (SELECT content FROM main.pages WHERE id = near.like_id))"
            .to_owned(),
    ]
}

/// The columns of attempts that are copied unchanged.
const ATTEMPT: &str = "reserved, input_tokens, cached_input_tokens, output_tokens, usage_source, verdict, error_kind, message, http_status,
  server_request_id, latency_ms, opened_at, purpose, expected, cache_write_tokens, saved_by_cache, saved_by_size, sequence,
  reasoning_tokens, reported_cost, served_model, served_by, service_tier, parameters";

/// The columns of an attempt in the source that is open: its run has died, so it is lost.
const STATE: &str =
    "CASE a.state WHEN 'open' THEN 'lost' ELSE a.state END, CASE a.state WHEN 'open' THEN a.reserved ELSE a.cost END,
  CASE a.state WHEN 'open' THEN a.opened_at ELSE a.settled_at END";

/// Requests and attempts. An attempt is known by its run and its number in it; requests are known by their attempts.
fn attempt_statements(pages: CopiedPages, offsets: Offsets) -> Vec<String> {
    let Offsets { request, attempt, .. } = offsets;
    let (requests, attempts, only) = match pages {
        CopiedPages::All => (
            "source.requests r CROSS JOIN scratch.pages p ON p.src = r.page_id",
            "source.attempts a CROSS JOIN source.requests r ON r.id = a.request_id",
            "",
        ),
        CopiedPages::Wanted => (
            "scratch.pages p CROSS JOIN source.requests r ON r.page_id = p.src",
            "scratch.pages p CROSS JOIN source.requests r ON r.page_id = p.src CROSS JOIN source.attempts a ON a.request_id = r.id",
            " AND a.state <> 'open'",
        ),
    };
    let columns: Vec<String> = ATTEMPT.split(',').map(|column| format!("a.{}", column.trim())).collect();
    let columns = columns.join(", ");
    let insert = format!(
        "INSERT INTO main.attempts (id, request_id, run_id, budget_id, batch_id, state, cost, settled_at, {ATTEMPT})"
    );
    // A run that is charged for an attempt of a batch may be another one than that of its request.
    let keys = "CROSS JOIN scratch.runs n ON n.src = r.run_id LEFT JOIN scratch.runs c ON c.src = a.run_id
       JOIN scratch.budgets b ON b.src = a.budget_id LEFT JOIN scratch.batches h ON h.src = a.batch_id";
    let ended = "scratch.known k JOIN scratch.runs n ON n.dst = k.run JOIN source.requests r ON r.run_id = n.src
       JOIN source.attempts a ON a.request_id = r.id AND a.sequence = k.sequence";
    let has_ended = "a.state = 'settled' AND t.state <> 'settled'";
    vec![
        // Of runs that are new, everything is.
        format!(
            "INSERT INTO main.requests (id, run_id, page_id, set_id)
               SELECT r.id + {request}, n.dst, p.dst, s.dst FROM {requests} CROSS JOIN scratch.runs n ON n.src = r.run_id AND n.is_new
               JOIN scratch.sets s ON s.src = r.set_id"
        ),
        format!(
            "{insert} SELECT a.id + {attempt}, r.id + {request}, ifnull(c.dst, n.dst), b.dst, h.dst, {STATE}, {columns}
               FROM {attempts} {keys} WHERE n.is_new{only}"
        ),
        // Of runs that are known, some may be.
        "INSERT OR IGNORE INTO scratch.known (run, sequence, attempt, request)
           SELECT r.run_id, a.sequence, a.id, r.id FROM scratch.pages m CROSS JOIN main.requests r ON r.page_id = m.dst
             CROSS JOIN main.attempts a ON a.request_id = r.id
           WHERE EXISTS (SELECT 1 FROM scratch.runs WHERE NOT is_new) AND r.run_id IN (SELECT dst FROM scratch.runs WHERE NOT is_new) AND a.sequence IS NOT NULL"
            .to_owned(),
        format!(
            "INSERT INTO scratch.requests (src, dst)
               SELECT r.id, ifnull((SELECT k.request FROM source.attempts a JOIN scratch.known k ON k.run = n.dst AND k.sequence = a.sequence
                 WHERE a.request_id = r.id LIMIT 1), r.id + {request})
               FROM {requests} CROSS JOIN scratch.runs n ON n.src = r.run_id AND NOT n.is_new"
        ),
        format!(
            "INSERT INTO main.requests (id, run_id, page_id, set_id)
               SELECT q.dst, n.dst, p.dst, s.dst FROM scratch.requests q CROSS JOIN source.requests r ON r.id = q.src
               JOIN scratch.pages p ON p.src = r.page_id JOIN scratch.runs n ON n.src = r.run_id JOIN scratch.sets s ON s.src = r.set_id
               WHERE q.dst = q.src + {request}"
        ),
        format!(
            "{insert} SELECT a.id + {attempt}, q.dst, ifnull(c.dst, n.dst), b.dst, h.dst, {STATE}, {columns}
               FROM scratch.requests q CROSS JOIN source.requests r ON r.id = q.src CROSS JOIN source.attempts a ON a.request_id = r.id {keys}
               WHERE NOT EXISTS (SELECT 1 FROM scratch.known k WHERE k.run = n.dst AND k.sequence = a.sequence){only}"
        ),
        // An earlier copy of the source may have had an attempt that had not ended. What it was charged for is given back.
        format!(
            "UPDATE main.budget AS b SET spent = max(0, b.spent - s.surplus)
             FROM (SELECT t.budget_id, sum(max(0, (SELECT {CHARGED} FROM main.attempts WHERE id = t.id) - (SELECT {CHARGED} FROM source.attempts WHERE id = a.id))) AS surplus
               FROM {ended} JOIN main.attempts t ON t.id = k.attempt WHERE {has_ended} GROUP BY t.budget_id) AS s
             WHERE b.id = s.budget_id"
        ),
        format!(
            "UPDATE main.attempts AS t SET (run_id, state, cost, settled_at, {ATTEMPT}) = (ifnull(c.dst, n.dst), {STATE}, {columns})
             FROM {ended} LEFT JOIN scratch.runs c ON c.src = a.run_id WHERE t.id = k.attempt AND {has_ended}"
        ),
    ]
}

/// Answers.
///
/// Of two answers to the same question, a valid one wins. Otherwise that of the store wins that knew the other one's
/// run: it has replaced it. If both did, one may be an earlier copy of the other: that of the newer run wins. If neither
/// did, both were asked at the same time: the earlier one wins, then that of the run with the smaller id.
fn answer_statements(pages: CopiedPages, offsets: Offsets) -> Vec<String> {
    let request = offsets.request;
    let answered = offsets.revision_of("a.revision");
    let from = match pages {
        CopiedPages::All => "source.answers a CROSS JOIN scratch.pages p ON p.src = a.page_id",
        CopiedPages::Wanted => "scratch.pages p CROSS JOIN source.answers a ON a.page_id = p.src",
    };
    let run = |answer: &str| format!("(SELECT run_id FROM main.requests WHERE id = {answer}.request_id)");
    let name = |answer: &str| format!("ifnull((SELECT run_id FROM main.runs WHERE id = {}), '')", run(answer));
    let (known, new) = (run("answers"), run("excluded"));
    let (known_name, new_name) = (name("answers"), name("excluded"));
    let age =
        |answer: &str| format!("(SELECT started_at, run_id, {answer}.at FROM main.runs WHERE id = {})", run(answer));
    let (known_age, new_age) = (age("answers"), age("excluded"));
    let source_knew = format!("EXISTS (SELECT 1 FROM scratch.runs WHERE dst = {known})");
    let merged_knew = format!("EXISTS (SELECT 1 FROM scratch.runs WHERE dst = {new} AND NOT is_new)");
    vec![
        format!(
            "INSERT INTO main.answers (page_id, recipe_id, sample, status, value, reason, message, passing, runs, request_id, at, revision)
               SELECT p.dst, c.dst, a.sample, a.status, a.value, a.reason, a.message, a.passing, a.runs,
                 ifnull((SELECT dst FROM scratch.requests WHERE src = a.request_id), a.request_id + {request}), a.at, {answered}
               FROM {from} JOIN scratch.recipes c ON c.src = a.recipe_id WHERE true
             ON CONFLICT (page_id, recipe_id, sample) DO UPDATE SET status = excluded.status, value = excluded.value, reason = excluded.reason,
               message = excluded.message, passing = excluded.passing, runs = excluded.runs, request_id = excluded.request_id, at = excluded.at, revision = excluded.revision
             WHERE CASE
               WHEN (excluded.status = 'ok') <> (answers.status = 'ok') THEN excluded.status = 'ok'
               WHEN excluded.request_id = answers.request_id THEN excluded.at > answers.at
               WHEN {source_knew} <> {merged_knew} THEN {source_knew}
               WHEN {source_knew} THEN {new_age} > {known_age}
               ELSE (excluded.at, {new_name}) < (answers.at, {known_name}) END"
        ),
    ]
}
