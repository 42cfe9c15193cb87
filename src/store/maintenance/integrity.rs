//! Is a store sound.

use super::value_rules::value_rules;
use crate::store::error::StoreError;
use crate::store::sqlite::schema;
use rusqlite::Connection;
use std::path::Path;

/// Maximum number of findings of one kind that are listed.
const MAX_LISTED: usize = 20;

/// References and sums that must not occur in a store: a description, and a query that names the
/// rows. The rules for single values are [`value_rules`].
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
    ("a run without its settings", "SELECT 'run ' || id FROM runs WHERE settings_id IS NOT NULL AND settings_id NOT IN (SELECT id FROM settings)"),
    ("page features without their page", "SELECT 'page ' || page_id FROM marks WHERE page_id NOT IN (SELECT id FROM pages)"),
    ("a fault without its page", "SELECT 'page ' || page_id FROM page_faults WHERE page_id NOT IN (SELECT id FROM pages)"),
    ("a file without its job", "SELECT 'entry ' || id FROM entries WHERE job_id NOT IN (SELECT id FROM jobs)"),
];

/// What is wrong with the store at `path`; empty if it is sound. Reads the whole store.
///
/// # Errors
/// When it cannot be opened.
pub fn check(path: &Path) -> Result<Vec<String>, StoreError> {
    let db = schema::open_to_read(path)?;
    let mut findings = texts(&db, "PRAGMA integrity_check(100)").unwrap_or_else(|error| vec![error.to_string()]);
    findings.retain(|finding| finding != "ok");
    if !findings.is_empty() {
        // The rules would only report consequences.
        return Ok(findings.iter().map(|finding| format!("damaged: {finding}")).collect());
    }
    // One snapshot: another process may be writing.
    db.execute_batch("BEGIN")?;
    let references = RULES.iter().map(|(what, query)| ((*what).to_owned(), (*query).to_owned()));
    let values = value_rules().into_iter().map(|rule| (rule.what(), rule.find()));
    for (what, query) in references.chain(values) {
        let found = texts(&db, &query)?;
        findings.extend(found.iter().take(MAX_LISTED).map(|which| format!("{what}: {which}")));
        if found.len() > MAX_LISTED {
            findings.push(format!("{what}: {} more", found.len() - MAX_LISTED));
        }
    }
    Ok(findings)
}

fn texts(db: &Connection, query: &str) -> Result<Vec<String>, StoreError> {
    let mut statement = db.prepare(query)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
