//! When the runs of a store began, in their order.
//!
//! A store numbers its own runs in the order in which they begin. The clocks of the machines that ran them may show
//! another order, if a clock is set back, or a shard continues on a machine whose clock is slow. In a merged store,
//! runs are ordered by the time at which they began, because they come from several stores. So a run that began, by its
//! clock, before the one that it followed counts as begun a millisecond after that one, and all of its times move by as
//! much.

use crate::store::error::StoreError;
use rusqlite::Connection;

/// The runs of `database` as a table of SQL: their keys (`id`), and when they began in the order of the store (`begun`).
/// The order is known only for its own runs: runs from a merge or a base are in the order of that store.
pub(crate) fn begun_runs(database: &str) -> String {
    let is_own = format!(
        "shard IS (SELECT number || '/' || shards FROM {database}.shard)
           AND (shard IS NOT NULL OR NOT EXISTS (SELECT 1 FROM {database}.merges))"
    );
    format!(
        "(SELECT id, CASE WHEN is_own THEN max(started_at - place) OVER (PARTITION BY job_id, is_own ORDER BY place) + place ELSE started_at END AS begun
          FROM (SELECT id, job_id, started_at, is_own, row_number() OVER (PARTITION BY job_id, is_own ORDER BY id) AS place
            FROM (SELECT id, job_id, started_at, {is_own} AS is_own FROM {database}.runs)))"
    )
}

/// Puts the times of the merged store's own runs in their order, before anything is merged into it.
///
/// # Errors
/// When the merged store can't be read or written.
pub(crate) fn order_own_runs(db: &Connection) -> Result<(), StoreError> {
    let begun = begun_runs("main");
    db.execute(
        &format!(
            "UPDATE main.runs AS r SET started_at = b.begun, heartbeat = r.heartbeat + b.begun - r.started_at, ended_at = r.ended_at + b.begun - r.started_at
             FROM {begun} AS b WHERE b.id = r.id AND b.begun > r.started_at"
        ),
        [],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::schema;

    /// When runs began that a store has in this order: `shard`, then the time by their clock.
    fn begun(own: Option<&str>, is_merged: bool, runs: &[(Option<&str>, i64)]) -> Vec<i64> {
        let folder = tempfile::tempdir().unwrap();
        let db = schema::open(&folder.path().join("store.db")).unwrap();
        if let Some((number, shards)) = own.and_then(|own| own.split_once('/')) {
            db.execute("INSERT INTO shard (id, number, shards) VALUES (1, ?1, ?2)", [number, shards]).unwrap();
        }
        if is_merged {
            db.execute_batch(
                "INSERT INTO merges (fingerprint, number, shards, run_id, started_at) VALUES (x'00', 0, 1, '', 0)",
            )
            .unwrap();
        }
        for (at, (shard, started)) in runs.iter().enumerate() {
            db.execute(
                "INSERT INTO runs (run_id, job_id, set_id, model, tasks, started_at, heartbeat, first_attempt, shard) VALUES (?1, 1, 1, 'm', '[]', ?2, ?2, 1, ?3)",
                rusqlite::params![at.to_string(), started, shard],
            )
            .unwrap();
        }
        let mut find = db.prepare(&format!("SELECT begun FROM {} ORDER BY id", begun_runs("main"))).unwrap();
        find.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn own_runs_are_in_the_order_of_their_store_and_others_as_they_are() {
        let times = |shard: Option<&'static str>, times: &[i64]| -> Vec<(Option<&'static str>, i64)> {
            times.iter().map(|time| (shard, *time)).collect()
        };
        let own = Some("1/2");
        assert_eq!(begun(own, false, &times(own, &[10, 20, 90])), [10, 20, 90]);
        assert_eq!(begun(own, false, &times(own, &[50, 20, 20, 90])), [50, 51, 52, 90]);
        assert_eq!(begun(None, false, &times(None, &[50, 20, 51, 52, 60])), [50, 51, 52, 53, 60]);
        // An earlier copy has the same data about its runs.
        assert_eq!(begun(own, false, &times(own, &[50, 20])), [50, 51]);
        // Data from a base or a merge came in another order.
        let taken_over = [(None, 40), (own, 50), (None, 30), (own, 45)];
        assert_eq!(begun(own, true, &taken_over), [40, 50, 30, 51]);
        assert_eq!(begun(None, true, &[(own, 50), (None, 20), (own, 45)]), [50, 20, 45]);
    }

    #[test]
    fn the_times_of_a_run_move_together() {
        let folder = tempfile::tempdir().unwrap();
        let db = schema::open(&folder.path().join("store.db")).unwrap();
        db.execute_batch(
            "INSERT INTO runs (run_id, job_id, set_id, model, tasks, started_at, heartbeat, first_attempt, ended_at)
               VALUES ('a', 1, 1, 'm', '[]', 1000, 1500, 1, 1500), ('b', 1, 1, 'm', '[]', 200, 250, 1, 260), ('c', 1, 1, 'm', '[]', 2000, 2100, 1, NULL)",
        )
        .unwrap();
        (0..2).for_each(|_| order_own_runs(&db).unwrap());
        let mut find = db.prepare("SELECT started_at, heartbeat, ended_at FROM runs ORDER BY id").unwrap();
        let found = find.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        let found: Vec<(i64, i64, Option<i64>)> = found.map(Result::unwrap).collect();
        assert_eq!(found, [(1000, 1500, Some(1500)), (1001, 1051, Some(1061)), (2000, 2100, None)]);
    }
}
