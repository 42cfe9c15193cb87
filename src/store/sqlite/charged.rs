//! What attempts were charged to their budgets.

/// What an attempt in `attempts` was charged, in SQL, as [`AttemptCharge::charged_to_budget`](crate::store::AttemptCharge::charged_to_budget) computes it: what is known of the cost, or
/// the worst case where nothing is.
pub(crate) const CHARGED: &str = "CASE WHEN state = 'settled' AND usage_source = 'estimated' THEN max(ifnull(cost, 0), ifnull(reported_cost, 0), ifnull(reserved, 0))
  WHEN state IN ('settled', 'lost') THEN max(ifnull(cost, 0), ifnull(reported_cost, 0)) ELSE 0 END";

/// A query for what each budget was charged for each run (columns `run_id`, `budget_id`, `spent`), also for attempts
/// that were pruned since. `only`: a condition on rows with `run_id` and `budget_id`.
pub(crate) fn charged_by_run(database: &str, only: &str) -> String {
    format!(
        "SELECT run_id, budget_id, max(spent) AS spent FROM (
           SELECT run_id, budget_id, sum({CHARGED}) AS spent FROM {database}.attempts WHERE {only} GROUP BY run_id, budget_id
           UNION ALL SELECT run_id, budget_id, spent FROM {database}.pruned_runs WHERE {only})
         GROUP BY run_id, budget_id"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::money::Pico;
    use crate::store::records::attempts::AttemptCharge;
    use rusqlite::{Connection, params};

    #[test]
    fn sql_and_the_program_charge_the_same() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE attempts (state, usage_source, cost, reported_cost, reserved)").unwrap();
        let charged_by_sql = |state: &str, source: Option<&str>, amounts: [Option<Pico>; 3]| -> i64 {
            let [cost, reported, reserved] = amounts;
            db.execute("DELETE FROM attempts", []).unwrap();
            db.execute(
                "INSERT INTO attempts VALUES (?1, ?2, ?3, ?4, ?5)",
                params![state, source, cost, reported, reserved],
            )
            .unwrap();
            db.query_row(&format!("SELECT {CHARGED} FROM attempts"), [], |row| row.get(0)).unwrap()
        };
        let amounts = [None, Some(Pico::ZERO), Some(Pico(3)), Some(Pico(5)), Some(Pico(-4))];
        for cost in &amounts[..4] {
            for reported in amounts {
                for reserved in &amounts[..4] {
                    let all = [*cost, reported, *reserved];
                    let known = AttemptCharge::charged_to_budget(*cost, reported, None);
                    let estimated = AttemptCharge::charged_to_budget(*cost, reported, *reserved);
                    assert_eq!(charged_by_sql("settled", Some("reported"), all), known.0, "{all:?}");
                    assert_eq!(charged_by_sql("settled", Some("estimated"), all), estimated.0, "{all:?}");
                    // Its cost is its reservation.
                    assert_eq!(charged_by_sql("lost", None, all), known.0, "{all:?}");
                    assert_eq!(charged_by_sql("open", None, all), 0, "{all:?}");
                }
            }
        }
    }
}
