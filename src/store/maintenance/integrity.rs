//! Looking at a whole store: is it sound, and what is in it.

use crate::base::money::Pico;
use crate::store::error::StoreError;
use crate::store::sqlite::schema;
use rusqlite::Connection;
use std::path::Path;

/// Most findings of one kind that are told.
const MOST_TOLD: usize = 20;

/// What has to hold in every store: words, and a query for what breaks it.
#[rustfmt::skip]
const RULES: &[(&str, &str)] = &[
    ("an answer without its page", "SELECT 'page ' || page_id || ', recipe ' || recipe_id FROM answers WHERE page_id NOT IN (SELECT id FROM pages)"),
    ("an answer without its recipe", "SELECT 'page ' || page_id || ', recipe ' || recipe_id FROM answers WHERE recipe_id NOT IN (SELECT id FROM recipes)"),
    ("an answer that is no JSON", "SELECT 'page ' || page_id || ', recipe ' || recipe_id FROM answers WHERE value IS NOT NULL AND NOT json_valid(value)"),
    ("an `ok` without a value", "SELECT 'page ' || page_id || ', recipe ' || recipe_id FROM answers WHERE status = 'ok' AND value IS NULL"),
    ("a status that there is not", "SELECT 'page ' || page_id || ': ' || status FROM answers WHERE status NOT IN ('ok', 'invalid', 'refused', 'failed')"),
    ("an attempt without its request", "SELECT 'attempt ' || id FROM attempts WHERE request_id NOT IN (SELECT id FROM requests)"),
    ("an attempt without its run", "SELECT 'attempt ' || id FROM attempts WHERE run_id NOT IN (SELECT id FROM runs)"),
    ("an attempt without its budget", "SELECT 'attempt ' || id FROM attempts WHERE budget_id NOT IN (SELECT id FROM budget)"),
    ("an open attempt of a run that has ended", "SELECT 'attempt ' || a.id FROM attempts a JOIN runs r ON r.id = a.run_id WHERE a.state = 'open' AND a.batch_id IS NULL AND r.ended_at IS NOT NULL"),
    ("a request without its page", "SELECT 'request ' || id FROM requests WHERE page_id NOT IN (SELECT id FROM pages)"),
    ("a budget that reserves what no open attempt does",
     "SELECT scope || ': ' || reserved || ' pico-USD' FROM budget b WHERE reserved != (SELECT ifnull(sum(reserved), 0) FROM attempts a WHERE a.budget_id = b.id AND a.state = 'open')"),
    ("a set of recipes without its row", "SELECT DISTINCT 'set ' || set_id FROM recipe_set_members WHERE set_id NOT IN (SELECT id FROM recipe_sets)"),
    ("a set of recipes with an unknown one", "SELECT 'set ' || set_id FROM recipe_set_members WHERE recipe_id NOT IN (SELECT id FROM recipes)"),
    ("marks without their page", "SELECT 'page ' || page_id FROM marks WHERE page_id NOT IN (SELECT id FROM pages)"),
    ("a fault without its page", "SELECT 'page ' || page_id FROM page_faults WHERE page_id NOT IN (SELECT id FROM pages)"),
    ("a file of a job that is not there", "SELECT 'entry ' || id FROM entries WHERE job_id NOT IN (SELECT id FROM jobs)"),
];

/// What is wrong with the store at `path`; empty when it is sound. Reads all of it.
///
/// # Errors
/// When it can't be opened at all.
pub fn check(path: &Path) -> Result<Vec<String>, StoreError> {
    let db = schema::open_to_read(path)?;
    let mut findings = texts(&db, "PRAGMA integrity_check(100)").unwrap_or_else(|error| vec![error.to_string()]);
    findings.retain(|finding| finding != "ok");
    if !findings.is_empty() {
        // What the rules would say of damaged tables is no help.
        return Ok(findings.iter().map(|finding| format!("damaged: {finding}")).collect());
    }
    // One snapshot: another process may be writing.
    db.execute_batch("BEGIN")?;
    for (what, query) in RULES {
        let found = texts(&db, query)?;
        findings.extend(found.iter().take(MOST_TOLD).map(|which| format!("{what}: {which}")));
        if found.len() > MOST_TOLD {
            findings.push(format!("{what}: {} more", found.len() - MOST_TOLD));
        }
    }
    Ok(findings)
}

fn texts(db: &Connection, query: &str) -> Result<Vec<String>, StoreError> {
    let mut statement = db.prepare(query)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What is in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Size of the file and of what is not yet in it, in bytes.
    pub bytes: u64,
    /// The tables' version.
    pub version: i64,
    /// The jobs: name, files that the latest walk found, runs.
    pub jobs: Vec<(String, u64, u64)>,
    /// Pages that were seen.
    pub pages: u64,
    /// Recipes that were asked.
    pub recipes: u64,
    /// Answers by status.
    pub answers: Vec<(String, u64)>,
    /// Attempts by state.
    pub attempts: Vec<(String, u64)>,
    /// Batches by state.
    pub batches: Vec<(String, u64)>,
    /// What all attempts cost.
    pub spent: Pico,
    /// The first and the last attempt, wall time in milliseconds.
    pub since_ms: Option<(i64, i64)>,
}

/// What is in the store at `path`.
///
/// # Errors
/// When it can't be read.
pub fn contents(path: &Path) -> Result<Contents, StoreError> {
    let db = schema::open_to_read(path)?;
    db.execute_batch("BEGIN")?;
    let count = |query: &str| -> Result<u64, StoreError> {
        Ok(db.query_row(query, [], |row| row.get::<_, i64>(0))?.cast_unsigned())
    };
    let counts = |query: &str| -> Result<Vec<(String, u64)>, StoreError> {
        let mut statement = db.prepare(query)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    let mut jobs = db.prepare(
        "SELECT name, (SELECT count(*) FROM entries WHERE job_id = j.id), (SELECT count(*) FROM runs WHERE job_id = j.id)
         FROM jobs j ORDER BY name, id",
    )?;
    let jobs = jobs.query_map([], |row| {
        Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned(), row.get::<_, i64>(2)?.cast_unsigned()))
    })?;
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let since = db.query_row("SELECT min(opened_at), max(opened_at) FROM attempts", [], |row| {
        Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?))
    })?;
    Ok(Contents {
        bytes: size(path) + size(Path::new(&log)),
        version: db.pragma_query_value(None, "user_version", |row| row.get(0))?,
        jobs: jobs.collect::<Result<_, _>>()?,
        pages: count("SELECT count(*) FROM pages")?,
        recipes: count("SELECT count(*) FROM recipes")?,
        answers: counts("SELECT status, count(*) FROM answers GROUP BY 1 ORDER BY 1")?,
        attempts: counts("SELECT state, count(*) FROM attempts GROUP BY 1 ORDER BY 1")?,
        batches: counts("SELECT state, count(*) FROM batches GROUP BY 1 ORDER BY 1")?,
        spent: Pico(db.query_row("SELECT ifnull(sum(cost), 0) FROM attempts", [], |row| row.get(0))?),
        since_ms: since.0.zip(since.1),
    })
}
