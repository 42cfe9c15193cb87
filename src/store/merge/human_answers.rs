//! Copies human answers and what belongs to them: the draws that have led to them, and what reviewers have seen of the
//! model's answers. They are few compared with pages, and belong together across pages, so all of them are copied.

use super::copy::Offsets;
use crate::store::error::StoreError;
use rusqlite::Connection;

/// Whether the decisions `t` and `d` are equal, with or without an answer that was shown.
const SAME_DECISION: &str = "t.job = d.job AND t.task = d.task AND t.question IS d.question AND t.value = d.value
  AND t.reviewer = d.reviewer AND t.decided_at = d.decided_at AND (t.shown IS NULL) = (d.shown IS NULL)";

/// Whether `t` and `s` are what one reviewer has seen of one task.
const SAME_SHOWN: &str = "t.page_id = p.dst AND t.job = s.job AND t.reviewer = s.reviewer AND t.task = s.task
  AND t.question IS s.question";

/// Copies all of them. `offsets`: those for the pages of the source, which are copied before.
///
/// # Errors
/// When a store can't be read or written.
pub(crate) fn copy_human_answers(db: &Connection, offsets: Offsets) -> Result<(), StoreError> {
    let read = |query: &str| db.query_row(query, [], |row| row.get::<_, i64>(0));
    let draw = read("SELECT ifnull(max(id), 0) FROM main.draws")?;
    let decision = read("SELECT ifnull(max(max(id), max(group_id)), 0) FROM main.decisions")?;
    let revision = offsets.revision_of("d.revision");
    let statements =
        [page_statements(), draw_statements(draw), decision_statements(decision, &revision), shown_statements()];
    for statement in statements.iter().flatten() {
        db.execute(statement, [])?;
    }
    Ok(())
}

/// Pages that were not copied before. Only their rows are needed.
fn page_statements() -> Vec<String> {
    let of_people = "SELECT page_id FROM source.decisions UNION SELECT page_id FROM source.draw_pages UNION SELECT page_id FROM source.shown_answers";
    vec![
        format!(
            "INSERT OR IGNORE INTO main.pages (content, page, decoder) SELECT s.content, s.page, s.decoder FROM source.pages s
             WHERE s.id IN ({of_people}) AND s.id NOT IN (SELECT src FROM scratch.pages)"
        ),
        format!(
            "INSERT OR IGNORE INTO scratch.pages SELECT s.id, t.id FROM source.pages s JOIN main.pages t ON t.content = s.content AND t.page = s.page
             WHERE s.id IN ({of_people})"
        ),
    ]
}

/// Draws. One of the same pages, among as many pages of the same shard, is the same.
fn draw_statements(draw: i64) -> Vec<String> {
    vec![
        "INSERT INTO scratch.draws (src, dst)
           SELECT s.id, min(t.id) FROM source.draws s JOIN main.draws t ON t.job = s.job AND t.tasks = s.tasks AND t.selection IS s.selection
             AND t.rule = s.rule AND t.size = s.size AND t.population = s.population AND t.shard IS s.shard
           WHERE (SELECT count(*) FROM source.draw_pages WHERE draw_id = s.id) = (SELECT count(*) FROM main.draw_pages WHERE draw_id = t.id)
             AND NOT EXISTS (SELECT 1 FROM source.draw_pages d JOIN scratch.pages p ON p.src = d.page_id WHERE d.draw_id = s.id
               AND NOT EXISTS (SELECT 1 FROM main.draw_pages o WHERE o.draw_id = t.id AND o.position = d.position AND o.page_id = p.dst))
           GROUP BY s.id"
            .to_owned(),
        "UPDATE main.draws AS t SET drawn_at = s.drawn_at FROM scratch.draws m JOIN source.draws s ON s.id = m.src
           WHERE t.id = m.dst AND s.drawn_at < t.drawn_at"
            .to_owned(),
        format!(
            "INSERT INTO main.draw_pages (draw_id, position, page_id)
               SELECT d.draw_id + {draw}, d.position, p.dst FROM source.draw_pages d JOIN scratch.pages p ON p.src = d.page_id
               WHERE d.draw_id NOT IN (SELECT src FROM scratch.draws)"
        ),
        format!(
            "INSERT INTO main.draws (id, job, tasks, selection, rule, size, population, drawn_at, shard)
               SELECT s.id + {draw}, s.job, s.tasks, s.selection, s.rule, s.size, s.population, s.drawn_at, s.shard FROM source.draws s
               WHERE s.id NOT IN (SELECT src FROM scratch.draws)"
        ),
        format!("INSERT OR IGNORE INTO scratch.draws SELECT id, id + {draw} FROM source.draws"),
    ]
}

/// Decisions. A group stays together, even if some of it is known.
fn decision_statements(decision: i64, revision: &str) -> Vec<String> {
    vec![
        format!(
            "INSERT OR IGNORE INTO scratch.groups (src, dst)
               SELECT d.group_id, t.group_id FROM source.decisions d JOIN scratch.pages p ON p.src = d.page_id
                 JOIN main.decisions t ON t.page_id = p.dst AND {SAME_DECISION}"
        ),
        format!(
            "INSERT INTO main.decisions (id, page_id, job, task, question, value, reviewer, decided_at, sampled_with, shown, withdrawn_at, revision,
               draw_id, group_id)
               SELECT d.id + {decision}, p.dst, d.job, d.task, d.question, d.value, d.reviewer, d.decided_at, d.sampled_with, d.shown,
                 d.withdrawn_at, {revision}, (SELECT dst FROM scratch.draws WHERE src = d.draw_id),
                 ifnull((SELECT dst FROM scratch.groups WHERE src = d.group_id), d.group_id + {decision})
               FROM source.decisions d CROSS JOIN scratch.pages p ON p.src = d.page_id
               WHERE NOT EXISTS (SELECT 1 FROM main.decisions t WHERE t.page_id = p.dst AND {SAME_DECISION})"
        ),
        // A decision that was withdrawn anywhere is.
        format!(
            "UPDATE main.decisions AS t SET withdrawn_at = d.withdrawn_at, revision = {revision}
             FROM source.decisions d JOIN scratch.pages p ON p.src = d.page_id
             WHERE t.page_id = p.dst AND {SAME_DECISION} AND t.withdrawn_at IS NULL AND d.withdrawn_at IS NOT NULL
               AND NOT EXISTS (SELECT 1 FROM source.decisions o WHERE o.page_id = d.page_id AND o.job = d.job AND o.task = d.task
                 AND o.question IS d.question AND o.value = d.value AND o.reviewer = d.reviewer AND o.decided_at = d.decided_at AND o.withdrawn_at IS NULL)"
        ),
    ]
}

/// What reviewers have seen: the first that each has seen of a task of a page.
fn shown_statements() -> Vec<String> {
    vec![
        format!(
            "UPDATE main.shown_answers AS t SET answer = s.answer, shown_at = s.shown_at
             FROM source.shown_answers s JOIN scratch.pages p ON p.src = s.page_id
             WHERE {SAME_SHOWN} AND (s.shown_at, s.answer) < (t.shown_at, t.answer)"
        ),
        format!(
            "INSERT INTO main.shown_answers (page_id, job, reviewer, task, question, answer, shown_at)
               SELECT p.dst, s.job, s.reviewer, s.task, s.question, s.answer, s.shown_at
               FROM source.shown_answers s CROSS JOIN scratch.pages p ON p.src = s.page_id
               WHERE NOT EXISTS (SELECT 1 FROM main.shown_answers t WHERE {SAME_SHOWN}) ORDER BY s.id"
        ),
    ]
}
