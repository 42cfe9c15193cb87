//! Reads every row of a store once, as commands do: what they call damaged, a check finds, and a salvage repairs.

use super::content_rules::ContentRules;
use crate::base::ids::{RecipeId, Revision};
use crate::base::json_text::JsonText;
use crate::store::error::StoreError;
use crate::store::read::attempts::{attempt, attempt_columns};
use crate::store::read::batches::{BATCH, BATCH_ATTEMPT, batch, batch_attempt};
use crate::store::read::decisions::{DECISION, decision};
use crate::store::read::draws::{DRAW, draw};
use crate::store::read::entries::{ENTRY, entry};
use crate::store::read::pages::{OUTCOME, fault, features, outdated_page, page_id, redrawn, task_outcome};
use crate::store::read::recipes::SetMembers;
use crate::store::read::runs::{RUN, budget_record, run};
use crate::store::read::shown_answers::{SHOWN_ANSWER, shown_answer};
use crate::store::sqlite::cells::Cells;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};
use std::ops::Range;

/// Reads the rows of a table as commands do.
pub(crate) struct RowCheck {
    /// The table.
    pub(crate) table: &'static str,
    query: String,
    read: Read,
    /// The columns of the query that identify a row.
    key: Range<usize>,
    /// Repairs the row with this key, so that its cost is kept. docmill finds or asks again what is deleted.
    repair: &'static str,
}

/// Reads a row.
type Read = fn(&Scan<'_>, &Row<'_>) -> Result<(), StoreError>;

/// What reading a row needs.
struct Scan<'a> {
    db: &'a Connection,
    sets: SetMembers,
    content: &'a ContentRules,
}

/// An attempt that can't be read completely: it counts with its cost, or its worst case.
const LOSE_ATTEMPT: &str =
    "UPDATE attempts SET state = 'lost', cost = CASE typeof(cost) WHEN 'integer' THEN cost ELSE CASE typeof(reserved) WHEN 'integer' THEN reserved END END,
   reserved = CASE typeof(reserved) WHEN 'integer' THEN reserved END, opened_at = CASE typeof(opened_at) WHEN 'integer' THEN opened_at ELSE 0 END,
   sequence = CASE WHEN typeof(sequence) = 'integer' AND sequence >= 0 THEN sequence END, input_tokens = NULL, cached_input_tokens = NULL, output_tokens = NULL,
   cache_write_tokens = NULL, reasoning_tokens = NULL, usage_source = NULL, verdict = NULL, error_kind = NULL, message = NULL, http_status = NULL,
   latency_ms = NULL, purpose = NULL, expected = NULL, saved_by_cache = NULL, saved_by_size = NULL, reported_cost = NULL, served_model = NULL,
   served_by = NULL, service_tier = NULL, parameters = NULL WHERE id IS ?1";

/// A run that can't be read completely: its time is kept, if it is known.
const RESET_RUN: &str =
    "UPDATE runs SET run_id = CASE typeof(run_id) WHEN 'text' THEN run_id ELSE 'salvaged-' || id END, model = CASE typeof(model) WHEN 'text' THEN model ELSE '' END,
   started_at = CASE typeof(started_at) WHEN 'integer' THEN started_at ELSE 0 END, ended_at = CASE typeof(ended_at) WHEN 'integer' THEN ended_at ELSE 0 END,
   heartbeat = CASE typeof(heartbeat) WHEN 'integer' THEN heartbeat ELSE 0 END, since = CASE typeof(since) WHEN 'integer' THEN since ELSE 0 END,
   outcome = CASE WHEN ended_at IS NULL THEN NULL ELSE 'died' END, exit_code = NULL, tasks = '[]', pages = NULL, settings_id = NULL, is_trial = is_trial IS 1, shard = NULL, selection = NULL,
   attempt_timeout_ms = NULL WHERE id IS ?1";

/// Reads of every table what commands read of it. A table stands after those that it is joined with.
pub(crate) fn row_checks() -> Vec<RowCheck> {
    vec![
        check(
            "jobs",
            "SELECT id, name FROM jobs",
            |_, row| named(row, "jobs", "job", 0, |cells| cells.get::<String>(1).map(drop)),
            0..1,
            "UPDATE jobs SET name = 'salvaged-' || id WHERE id IS ?1",
        ),
        check(
            "recipes",
            "SELECT id, body FROM recipes",
            |_, row| named(row, "recipes", "recipe", 0, |cells| cells.json::<serde_json::Value>(1).map(drop)),
            0..1,
            "DELETE FROM recipes WHERE id IS ?1",
        ),
        check(
            "recipe_set_members",
            "SELECT set_id, position, recipe_id FROM recipe_set_members",
            |_, row| {
                named(row, "recipe_set_members", "set", 0, |cells| {
                    cells.get::<u32>(1)?;
                    cells.get::<RecipeId>(2).map(drop)
                })
            },
            0..2,
            "DELETE FROM recipe_set_members WHERE set_id IS ?1 AND position IS ?2",
        ),
        check(
            "settings",
            "SELECT id, body FROM settings",
            |_, row| named(row, "settings", "settings", 0, |cells| cells.get::<JsonText>(1).map(drop)),
            0..1,
            "DELETE FROM settings WHERE id IS ?1",
        ),
        check(
            "endpoints",
            "SELECT id, capabilities FROM endpoints",
            |scan, row| fact(row, scan.content.capabilities),
            0..1,
            "UPDATE endpoints SET capabilities = NULL WHERE id IS ?1",
        ),
        check(
            "endpoints",
            "SELECT id, calibration FROM endpoints",
            |scan, row| fact(row, scan.content.calibration),
            0..1,
            "UPDATE endpoints SET calibration = NULL WHERE id IS ?1",
        ),
        check(
            "budget",
            "SELECT scope, spent, reserved, id FROM budget",
            |_, row| budget_record(row).map(drop),
            3..4,
            "UPDATE budget SET scope = CASE typeof(scope) WHEN 'text' THEN scope ELSE 'salvaged-' || id END,
               spent = CASE typeof(spent) WHEN 'integer' THEN spent ELSE 0 END, reserved = 0 WHERE id IS ?1",
        ),
        check(
            "pages",
            "SELECT page, 0, decoder, renderer, id, redrawn, redrawn_reason FROM pages",
            |_, row| {
                outdated_page(row)?;
                named(row, "pages", "page", 4, |cells| redrawn(cells, 5, 6).map(drop))
            },
            4..5,
            "UPDATE pages SET decoder = CASE WHEN typeof(decoder) = 'integer' AND decoder BETWEEN 0 AND 4294967295 THEN decoder ELSE 2 END,
               renderer = NULL, redrawn = NULL, redrawn_reason = NULL WHERE id IS ?1",
        ),
        check(
            "pages",
            "SELECT id, content, page FROM pages",
            |_, row| named(row, "pages", "page", 0, |cells| page_id(cells, 1, 2).map(drop)),
            0..1,
            "DELETE FROM pages WHERE id IS ?1",
        ),
        check(
            "page_faults",
            "SELECT page_id, kind, message, renderers FROM page_faults",
            |_, row| {
                named(row, "page_faults", "page", 0, |cells| {
                    fault(cells, 1, 2)?;
                    cells.get::<String>(3).map(drop)
                })
            },
            0..1,
            "DELETE FROM page_faults WHERE page_id IS ?1",
        ),
        check(
            "marks",
            "SELECT page_id, blank, fingerprint FROM marks",
            |_, row| named(row, "marks", "page", 0, |cells| features(cells, 1, 2).map(drop)),
            0..1,
            "DELETE FROM marks WHERE page_id IS ?1",
        ),
        check(
            "near",
            "SELECT job_id, page_id, like_id, distance FROM near",
            |_, row| {
                named(row, "near", "page", 1, |cells| {
                    cells.get::<i64>(2)?;
                    cells.get::<u32>(3).map(drop)
                })
            },
            0..2,
            "DELETE FROM near WHERE job_id IS ?1 AND page_id IS ?2",
        ),
        check(
            "entries",
            &format!("SELECT {ENTRY} FROM entries"),
            |_, row| entry(row).map(drop),
            14..15,
            "DELETE FROM entries WHERE id IS ?1",
        ),
        check(
            "answers",
            &format!("SELECT {OUTCOME}, page_id, recipe_id, sample FROM answers"),
            |_, row| {
                let name = || format!("page {}, recipe {}", number(row, 9), number(row, 10));
                task_outcome(&Cells::new(row, "answers", name)).map(drop)
            },
            9..12,
            "DELETE FROM answers WHERE page_id IS ?1 AND recipe_id IS ?2 AND sample IS ?3",
        ),
        check(
            "requests",
            "SELECT id, run_id, page_id, set_id FROM requests",
            |_, row| named(row, "requests", "request", 0, |cells| (1..=3).try_for_each(|at| cells.get::<i64>(at).map(drop))),
            0..1,
            "UPDATE requests SET run_id = CASE typeof(run_id) WHEN 'integer' THEN run_id ELSE 0 END,
               page_id = CASE typeof(page_id) WHEN 'integer' THEN page_id ELSE 0 END,
               set_id = CASE typeof(set_id) WHEN 'integer' THEN set_id ELSE 0 END WHERE id IS ?1",
        ),
        check("runs", &format!("SELECT {RUN}"), |_, row| run(row).map(drop), 0..1, RESET_RUN),
        check(
            "runs",
            "SELECT id, run_id, since, selection, attempt_timeout_ms, pages FROM runs",
            |_, row| {
                named(row, "runs", "run", 0, |cells| {
                    cells.get::<String>(1)?;
                    cells.get::<Revision>(2)?;
                    cells.get::<Option<String>>(3)?;
                    cells.get::<Option<JsonText>>(5)?;
                    cells.optional_count(4).map(drop)
                })
            },
            0..1,
            RESET_RUN,
        ),
        check(
            "attempts",
            "SELECT id, request_id, run_id, budget_id, batch_id FROM attempts",
            |_, row| {
                named(row, "attempts", "attempt", 0, |cells| {
                    (1..=3).try_for_each(|at| cells.get::<i64>(at).map(drop))?;
                    cells.get::<Option<i64>>(4).map(drop)
                })
            },
            0..1,
            "UPDATE attempts SET request_id = CASE typeof(request_id) WHEN 'integer' THEN request_id ELSE 0 END,
               run_id = CASE typeof(run_id) WHEN 'integer' THEN run_id ELSE 0 END,
               budget_id = CASE typeof(budget_id) WHEN 'integer' THEN budget_id ELSE 0 END,
               batch_id = CASE typeof(batch_id) WHEN 'integer' THEN batch_id END WHERE id IS ?1",
        ),
        check(
            "attempts",
            &format!(
                "SELECT {} FROM attempts a JOIN requests r ON r.id = a.request_id JOIN runs ON runs.id = a.run_id",
                // Neither is stored.
                attempt_columns("0", "NULL")
            ),
            |scan, row| attempt(scan.db, &scan.sets, row).map(drop),
            0..1,
            LOSE_ATTEMPT,
        ),
        check(
            "batches",
            &format!("SELECT {BATCH}, endpoint FROM batches"),
            |_, row| {
                batch(row)?;
                named(row, "batches", "batch", 0, |cells| cells.get::<String>(9).map(drop))
            },
            0..1,
            "UPDATE batches SET key = CASE typeof(key) WHEN 'text' THEN key ELSE 'salvaged-' || id END, requests = 0, bytes = 0, tokens = 0,
               endpoint = CASE typeof(endpoint) WHEN 'text' THEN endpoint ELSE '' END,
               input_file = CASE typeof(input_file) WHEN 'text' THEN input_file END, remote = CASE typeof(remote) WHEN 'text' THEN remote END,
               price = CASE typeof(price) WHEN 'text' THEN price END WHERE id IS ?1",
        ),
        check(
            "attempts",
            &format!("SELECT {BATCH_ATTEMPT} WHERE a.batch_id IS NOT NULL AND a.state = 'open'"),
            |scan, row| batch_attempt(scan.db, &scan.sets, row).map(drop),
            0..1,
            LOSE_ATTEMPT,
        ),
        check(
            "decisions",
            &format!("SELECT {DECISION}"),
            |_, row| decision(row).map(drop),
            0..1,
            "DELETE FROM decisions WHERE id IS ?1",
        ),
        check(
            "draws",
            &format!("SELECT {DRAW} FROM draws"),
            |_, row| draw(row).map(drop),
            0..1,
            "DELETE FROM draws WHERE id IS ?1",
        ),
        check(
            "shown_answers",
            &format!("SELECT {SHOWN_ANSWER} FROM shown_answers s JOIN pages p ON p.id = s.page_id"),
            |_, row| {
                let page = named(row, "pages", "page", 7, |cells| page_id(cells, 8, 9))?;
                shown_answer(page, row).map(drop)
            },
            0..1,
            "DELETE FROM shown_answers WHERE id IS ?1",
        ),
    ]
}

impl RowCheck {
    /// Calls `found` for every row that can't be read completely, with the fault and the key of the row.
    ///
    /// # Errors
    /// When the table can't be read.
    pub(crate) fn damaged(
        &self,
        db: &Connection,
        content: &ContentRules,
        mut found: impl FnMut(String, Vec<Value>),
    ) -> Result<(), StoreError> {
        let scan = Scan { db, sets: SetMembers::default(), content };
        let mut statement = db.prepare(&self.query)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            match (self.read)(&scan, row) {
                Ok(()) => {}
                Err(StoreError::Damaged(what)) => {
                    let key = self.key.clone().map(|at| row.get(at)).collect::<Result<_, _>>()?;
                    found(what, key);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Repairs the rows that can't be read completely.
    ///
    /// # Errors
    /// When the table can't be read or written.
    pub(crate) fn repair(&self, db: &Connection, content: &ContentRules) -> Result<(), StoreError> {
        let mut keys = Vec::new();
        self.damaged(db, content, |_, key| keys.push(key))?;
        let mut repair = db.prepare(self.repair)?;
        for key in keys {
            repair.execute(params_from_iter(key))?;
        }
        Ok(())
    }
}

fn check(table: &'static str, query: &str, read: Read, key: Range<usize>, repair: &'static str) -> RowCheck {
    RowCheck { table, query: query.to_owned(), read, key, repair }
}

/// Reads cells of a row of `table` that is known as `noun` and the number in the column `key`.
fn named<T>(
    row: &Row<'_>,
    table: &'static str,
    noun: &'static str,
    key: usize,
    read: impl FnOnce(&Cells<'_, &dyn Fn() -> String>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let name = || format!("{noun} {}", number(row, key));
    read(&Cells::new(row, table, &name))
}

/// A number for a message.
fn number(row: &Row<'_>, at: usize) -> String {
    row.get::<_, i64>(at).map_or_else(|_| "?".to_owned(), |number| number.to_string())
}

/// Reads a fact about an endpoint: the id of the endpoint, the fact.
fn fact(row: &Row<'_>, rule: fn(&str) -> Result<(), String>) -> Result<(), StoreError> {
    let id: String = row.get(0)?;
    let cells = Cells::new(row, "endpoints", || format!("endpoint `{id}`"));
    let stored: Option<JsonText> = cells.get(1)?;
    stored.map_or(Ok(()), |text| rule(text.as_str()).map_err(|reason| cells.damaged(1, &reason)))
}
