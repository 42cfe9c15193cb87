//! The history of a job as text and as JSON.

use super::run_history::{HistoryRun, RunHistory};
use super::setting_changes::SettingChange;
use crate::base::sanitize::for_terminal;
use crate::base::units::{grouped, human_duration, rfc3339};
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Duration;

/// The history as text: a line for each run, and below it what changed in the manifest before it. `is_cut`: whether long
/// values are cut.
#[must_use]
pub fn history_to_text(history: &RunHistory, is_cut: bool) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{:<28}  {:<16}  {:>10}  {:<20}  {:>9}  {:>12}",
        "run", "started (UTC)", "took", "outcome", "pages", "cost USD"
    );
    for run in &history.runs {
        let started: String = rfc3339(run.started_ms).chars().take(16).collect();
        let took = elapsed(run).map_or(String::new(), human_duration);
        let cost = run.cost.map_or("unknown".to_owned(), |cost| cost.to_string());
        let _ = writeln!(
            text,
            "{:<28}  {:<16}  {took:>10}  {:<20}  {:>9}  {cost:>12}",
            run.run_id,
            started.replace('T', " "),
            run.outcome,
            grouped(run.pages),
        );
        for change in &run.changes {
            let change = if is_cut { change.to_string() } else { change.in_full() };
            let _ = writeln!(text, "    {}", for_terminal(&change));
        }
    }
    text
}

/// The history as JSON.
#[must_use]
pub fn history_to_json(history: &RunHistory) -> Value {
    let run = |run: &HistoryRun| {
        json!({
            "run_id": run.run_id,
            "model": run.model,
            "started": rfc3339(run.started_ms),
            "ended": run.ended_ms.map(rfc3339),
            "elapsed_ms": elapsed(run).map(|elapsed| u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)),
            "outcome": run.outcome,
            "exit_code": run.exit_code,
            "pages": run.pages,
            "attempts": run.attempts,
            "cost_usd": run.cost.map(|cost| cost.to_string()),
            "changes": run.changes.iter().map(SettingChange::to_json).collect::<Vec<_>>(),
        })
    };
    json!({"job": history.job, "runs": history.runs.iter().map(run).collect::<Vec<_>>(), "older": history.older})
}

fn elapsed(run: &HistoryRun) -> Option<Duration> {
    let ms = u64::try_from(run.ended_ms? - run.started_ms).unwrap_or(0);
    Some(Duration::from_millis(ms))
}
