//! The content of a store.

use crate::base::money::Pico;
use crate::store::error::StoreError;
use crate::store::sqlite::schema;
use rusqlite::Connection;
use std::path::Path;

/// The content of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The size of the file and its WAL, in bytes.
    pub bytes: u64,
    /// The version of the schema.
    pub version: i64,
    /// The jobs: name, number of files that the latest walk found, number of runs.
    pub jobs: Vec<(String, u64, u64)>,
    /// The number of pages.
    pub pages: u64,
    /// The number of recipes.
    pub recipes: u64,
    /// The number of answers by status.
    pub answers: Vec<(String, u64)>,
    /// The number of human answers that were not withdrawn.
    pub decisions: u64,
    /// The number of attempts by state.
    pub attempts: Vec<(String, u64)>,
    /// The number of batches by state.
    pub batches: Vec<(String, u64)>,
    /// The cost of all attempts.
    pub spent: Pico,
    /// The times of the first and the last attempt, wall time in milliseconds.
    pub since_ms: Option<(i64, i64)>,
}

/// The content of the store at `path`.
///
/// # Errors
/// When the store cannot be read.
pub fn contents(path: &Path) -> Result<Contents, StoreError> {
    let db = schema::open_to_read(path)?;
    // One snapshot: another process may be writing.
    db.execute_batch("BEGIN")?;
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
    let (first, last): (Option<i64>, Option<i64>) =
        db.query_row("SELECT min(opened_at), max(opened_at) FROM attempts", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Contents {
        bytes: size(path) + size(Path::new(&log)),
        version: db.pragma_query_value(None, "user_version", |row| row.get(0))?,
        jobs: jobs.collect::<Result<_, _>>()?,
        pages: count(&db, "SELECT count(*) FROM pages")?,
        recipes: count(&db, "SELECT count(*) FROM recipes")?,
        answers: counts(&db, "SELECT status, count(*) FROM answers GROUP BY 1 ORDER BY 1")?,
        decisions: count(&db, "SELECT count(*) FROM decisions WHERE withdrawn_at IS NULL")?,
        attempts: counts(&db, "SELECT state, count(*) FROM attempts GROUP BY 1 ORDER BY 1")?,
        batches: counts(&db, "SELECT state, count(*) FROM batches GROUP BY 1 ORDER BY 1")?,
        spent: db.query_row("SELECT ifnull(sum(cost), 0) FROM attempts", [], |row| row.get(0))?,
        since_ms: first.zip(last),
    })
}

fn count(db: &Connection, query: &str) -> Result<u64, StoreError> {
    Ok(db.query_row(query, [], |row| row.get::<_, i64>(0))?.cast_unsigned())
}

fn counts(db: &Connection, query: &str) -> Result<Vec<(String, u64)>, StoreError> {
    let mut statement = db.prepare(query)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned())))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
