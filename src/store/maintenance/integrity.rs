//! Checks whether a store is sound.

use super::content_rules::ContentRules;
use super::row_checks::row_checks;
use super::value_rules::value_rules;
use crate::store::error::StoreError;
use crate::store::sqlite::schema;
use rusqlite::{Connection, Row};
use std::path::Path;

/// Maximum number of findings of one kind that are listed.
const MAX_LISTED: usize = 20;

/// References and sums that must not occur in a store: a description, and a query that names the
/// rows. The rules for single values are [`value_rules`]; [`row_checks`] read
/// everything as commands do.
#[rustfmt::skip]
const RULES: &[(&str, &str)] = &[
    ("an answer without its page", "SELECT 'page ' || page_id || ', recipe ' || recipe_id FROM answers WHERE page_id NOT IN (SELECT id FROM pages)"),
    ("an answer without its recipe", "SELECT 'page ' || page_id || ', recipe ' || recipe_id FROM answers WHERE recipe_id NOT IN (SELECT id FROM recipes)"),
    ("an attempt without its request", "SELECT 'attempt ' || id FROM attempts WHERE request_id NOT IN (SELECT id FROM requests)"),
    ("an attempt without its run", "SELECT 'attempt ' || id FROM attempts WHERE run_id NOT IN (SELECT id FROM runs)"),
    ("an attempt without its budget", "SELECT 'attempt ' || id FROM attempts WHERE budget_id NOT IN (SELECT id FROM budget)"),
    ("an open attempt of a run that has ended", "SELECT 'attempt ' || a.id FROM attempts a JOIN runs r ON r.id = a.run_id WHERE a.state = 'open' AND a.batch_id IS NULL AND r.ended_at IS NOT NULL"),
    ("a sequence number that is used twice", "SELECT 'attempts ' || group_concat(a.id, ', ') FROM attempts a JOIN requests r ON r.id = a.request_id WHERE a.sequence IS NOT NULL GROUP BY r.run_id, a.sequence HAVING count(*) > 1"),
    ("a decision without its page", "SELECT 'decision ' || id FROM decisions WHERE page_id NOT IN (SELECT id FROM pages)"),
    ("a decision of a later revision than the store's", "SELECT 'decision ' || id FROM decisions WHERE revision > (SELECT max(last) FROM revisions)"),
    ("a decision without its draw", "SELECT 'decision ' || id FROM decisions WHERE draw_id IS NOT NULL AND draw_id NOT IN (SELECT id FROM draws)"),
    ("a drawn page without its draw", "SELECT 'draw ' || draw_id || ', position ' || position FROM draw_pages WHERE draw_id NOT IN (SELECT id FROM draws)"),
    ("a drawn page that is not known", "SELECT 'draw ' || draw_id || ', position ' || position FROM draw_pages WHERE page_id NOT IN (SELECT id FROM pages)"),
    ("a shown answer without its page", "SELECT 'row ' || id FROM shown_answers WHERE page_id NOT IN (SELECT id FROM pages)"),
    ("a request without its page", "SELECT 'request ' || id FROM requests WHERE page_id NOT IN (SELECT id FROM pages)"),
    ("a budget that reserves what no open attempt does",
     "SELECT scope || ': ' || reserved || ' pico-USD' FROM budget b WHERE reserved != (SELECT ifnull(sum(reserved), 0) FROM attempts a WHERE a.budget_id = b.id AND a.state = 'open')"),
    ("an answer of a later revision than the store's", "SELECT 'page ' || page_id || ', recipe ' || recipe_id FROM answers WHERE revision > (SELECT max(last) FROM revisions)"),
    ("a recipe set without its row", "SELECT DISTINCT 'set ' || set_id FROM recipe_set_members WHERE set_id NOT IN (SELECT id FROM recipe_sets)"),
    ("a recipe set with an unknown recipe", "SELECT 'set ' || set_id FROM recipe_set_members WHERE recipe_id NOT IN (SELECT id FROM recipes)"),
    // 0: a salvage has lost it.
    ("a run without its job", "SELECT 'run ' || id FROM runs WHERE job_id <> 0 AND job_id NOT IN (SELECT id FROM jobs)"),
    ("a run without its recipe set", "SELECT 'run ' || id FROM runs WHERE set_id <> 0 AND set_id NOT IN (SELECT id FROM recipe_sets)"),
    ("a run without its settings", "SELECT 'run ' || id FROM runs WHERE settings_id IS NOT NULL AND settings_id NOT IN (SELECT id FROM settings)"),
    ("page features without their page", "SELECT 'page ' || page_id FROM marks WHERE page_id NOT IN (SELECT id FROM pages)"),
    ("a fault without its page", "SELECT 'page ' || page_id FROM page_faults WHERE page_id NOT IN (SELECT id FROM pages)"),
    ("a file without its job", "SELECT 'entry ' || id FROM entries WHERE job_id NOT IN (SELECT id FROM jobs)"),
];

/// The faults of the store at `path`; empty if it is sound. Reads the whole store. `content`: how values are read that
/// other stages write.
///
/// # Errors
/// When it cannot be opened.
pub fn check(path: &Path, content: &ContentRules) -> Result<Vec<String>, StoreError> {
    let db = schema::open_to_read(path)?;
    let mut damage = texts(&db, "PRAGMA integrity_check(100)").unwrap_or_else(|error| vec![error.to_string()]);
    damage.retain(|finding| finding != "ok");
    if !damage.is_empty() {
        // The rules would only report consequences.
        return Ok(damage.iter().map(|finding| format!("damaged: {finding}")).collect());
    }
    // One snapshot: another process may be writing.
    db.execute_batch("BEGIN")?;
    findings(&db, content)
}

/// Faults in a file that SQLite can read.
pub(crate) fn findings(db: &Connection, content: &ContentRules) -> Result<Vec<String>, StoreError> {
    let mut findings = Findings::default();
    for (what, query) in RULES {
        findings.add(what, texts(db, query)?);
    }
    let mut wrong_tables = Vec::new();
    for rule in value_rules() {
        let found = texts(db, &rule.find())?;
        if !found.is_empty() {
            wrong_tables.push(rule.table());
        }
        findings.add(&rule.what(), found);
    }
    // A reader stops at the first wrong value of a row, which the rules have named.
    for check in row_checks().into_iter().filter(|check| !wrong_tables.contains(&check.table)) {
        let mut found = Vec::new();
        check.damaged(db, content, |what, _| found.push(what))?;
        findings.add("a value that docmill never writes", found);
    }
    Ok(findings.0)
}

/// Findings, of each kind not more than are read.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn add(&mut self, what: &str, found: Vec<String>) {
        let more = found.len().saturating_sub(MAX_LISTED);
        self.0.extend(found.into_iter().take(MAX_LISTED).map(|which| format!("{what}: {which}")));
        if more > 0 {
            self.0.push(format!("{what}: {more} more"));
        }
    }
}

fn texts(db: &Connection, query: &str) -> Result<Vec<String>, StoreError> {
    let mut statement = db.prepare(query)?;
    // A name of a row may be damaged itself.
    let text = |row: &Row<'_>| {
        let bytes = row.get_ref(0)?.as_bytes_or_null()?.unwrap_or(b"?");
        Ok(String::from_utf8_lossy(bytes).into_owned())
    };
    let rows = statement.query_map([], text)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests;
