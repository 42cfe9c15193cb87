//! The history of a job as text and as JSON.

use super::run_history::{HistoryRun, RunHistory};
use super::setting_changes::SettingChange;
use crate::base::sanitize::for_terminal;
use crate::base::units::{grouped, human_duration, rfc3339};
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Duration;

/// The widths of the columns, so that lines of several outputs are aligned.
const WIDTHS: [usize; 6] = [28, 16, 10, 20, 9, 12];

/// The history as text: a line for each run, and below it what changed in the manifest before it. `is_cut`: whether it is
/// for a terminal: long values are cut, and columns are no wider than they have to be.
#[must_use]
pub fn history_to_text(history: &RunHistory, is_cut: bool) -> String {
    let header = ["run", "started (UTC)", "took", "outcome", "pages", "cost USD"].map(str::to_owned);
    let rows: Vec<[String; 6]> = history.runs.iter().map(cells).collect();
    let widest = |at: usize| rows.iter().chain([&header]).map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths = if is_cut { std::array::from_fn(widest) } else { WIDTHS };
    let mut text = line(&header, widths);
    for (run, row) in history.runs.iter().zip(&rows) {
        text += &line(row, widths);
        for change in &run.changes {
            let change = if is_cut { change.to_string() } else { change.in_full() };
            let _ = writeln!(text, "    {}", for_terminal(&change));
        }
    }
    text
}

/// The columns of a run.
fn cells(run: &HistoryRun) -> [String; 6] {
    let started: String = rfc3339(run.started_ms).chars().take(16).collect();
    [
        run.run_id.clone(),
        started.replace('T', " "),
        elapsed(run).map_or(String::new(), human_duration),
        run.outcome.to_owned(),
        grouped(run.pages),
        run.cost.map_or("unknown".to_owned(), |cost| cost.to_string()),
    ]
}

fn line([run, started, took, outcome, pages, cost]: &[String; 6], widths: [usize; 6]) -> String {
    let [a, b, c, d, e, f] = widths;
    format!("{run:<a$}  {started:<b$}  {took:>c$}  {outcome:<d$}  {pages:>e$}  {cost:>f$}\n")
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
