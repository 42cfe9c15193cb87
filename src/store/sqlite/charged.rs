//! What attempts were charged to their budgets.

/// What an attempt in `attempts` was charged, in SQL, as `asking/charge.rs` charges it: what is known of the cost, or
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
