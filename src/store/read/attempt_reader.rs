//! Attempts one by one, for the spend report.

use super::reader::Reader;
use super::rows::{count, latency};
use crate::base::ids::{AttemptId, RecipeId, RunKey};
use crate::base::money::Pico;
use crate::base::usage::Usage;
use crate::base::vocabulary::{AttemptPurpose, AttemptState, ErrorKind, UsageSource, VerdictName};
use crate::store::error::StoreError;
use rusqlite::params;

/// An attempt, for the report.
#[derive(Clone, Debug)]
pub struct AttemptRecord {
    /// Its key, ascending with time.
    pub id: AttemptId,
    /// Whether it is the first of its request.
    pub is_first: bool,
    /// How it stands.
    pub state: AttemptState,
    /// Why it was made.
    pub purpose: AttemptPurpose,
    /// When it was sent, in milliseconds of wall time.
    pub opened_ms: i64,
    /// Recipes that it asked, in their order.
    pub recipes: Vec<RecipeId>,
    /// The model's name.
    pub model: String,
    /// The verdict.
    pub verdict: Option<VerdictName>,
    /// HTTP status.
    pub http_status: Option<u16>,
    /// Tokens.
    pub tokens: Usage,
    /// Whether the tokens are an estimate.
    pub is_estimated: bool,
    /// Money; `None` when the price was unknown. For lost ones what was set aside.
    pub cost: Option<Pico>,
    /// What it was expected to cost.
    pub expected: Option<Pico>,
    /// What the provider's cache took off it.
    pub saved_by_cache: Pico,
    /// What sending fewer pixels took off it.
    pub saved_by_size: Pico,
    /// What was wrong, also with a reply.
    pub error_kind: Option<ErrorKind>,
    /// From sending to the end of the reply, in milliseconds.
    /// `None`: of a batch.
    pub latency_ms: Option<u64>,
    /// The page's path in the job, any one of them.
    pub path: Option<Vec<u8>>,
}

impl Reader {
    /// The next attempts of a run after `after`, by key, opened in `[since_ms, until_ms)`.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn attempts(
        &self,
        run: RunKey,
        after: AttemptId,
        since_ms: i64,
        until_ms: i64,
        limit: usize,
    ) -> Result<Vec<AttemptRecord>, StoreError> {
        let mut find = self.db.prepare_cached(
            "SELECT a.id, a.id = (SELECT min(b.id) FROM attempts b WHERE b.request_id = a.request_id), a.state, r.set_id, runs.model, a.verdict, a.http_status, a.input_tokens, a.cached_input_tokens,
                    a.output_tokens, a.usage_source, a.cost, a.latency_ms,
                    (SELECT e.path FROM pages p JOIN entries e ON e.job_id = runs.job_id AND e.content = p.content WHERE p.id = r.page_id ORDER BY e.line, e.path LIMIT 1),
                    a.purpose, a.opened_at, a.expected, a.cache_write_tokens, a.saved_by_cache, a.saved_by_size, a.error_kind
             FROM runs JOIN attempts a ON a.run_id = runs.id JOIN requests r ON r.id = a.request_id
             WHERE runs.id = ?1 AND a.id >= runs.first_attempt AND a.id > ?2 AND a.opened_at >= ?3 AND a.opened_at < ?4 AND a.state <> 'withdrawn' ORDER BY a.id LIMIT ?5",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = find.query(params![run, after, since_ms, until_ms, limit])?;
        let mut attempts = Vec::new();
        while let Some(row) = rows.next()? {
            let source: Option<UsageSource> = row.get(10)?;
            attempts.push(AttemptRecord {
                id: row.get(0)?,
                is_first: row.get(1)?,
                state: row.get(2)?,
                recipes: self.set_members(row.get(3)?)?,
                model: row.get(4)?,
                verdict: row.get(5)?,
                http_status: row.get(6)?,
                tokens: Usage {
                    input: count(row, 7)?,
                    cached_input: count(row, 8)?,
                    cache_write: count(row, 17)?,
                    output: count(row, 9)?,
                },
                purpose: row.get::<_, Option<AttemptPurpose>>(14)?.unwrap_or(AttemptPurpose::Ask),
                opened_ms: row.get(15)?,
                expected: row.get::<_, Option<i64>>(16)?.map(Pico),
                saved_by_cache: Pico(row.get::<_, Option<i64>>(18)?.unwrap_or(0)),
                saved_by_size: Pico(row.get::<_, Option<i64>>(19)?.unwrap_or(0)),
                error_kind: row.get(20)?,
                is_estimated: source == Some(UsageSource::Estimated),
                cost: row.get::<_, Option<i64>>(11)?.map(Pico),
                latency_ms: latency(row, 12)?,
                path: row.get(13)?,
            });
        }
        Ok(attempts)
    }
}
