//! The runs of a job, newest first.

use super::other_changes::{add_other_changes, drop_derived_changes};
use super::setting_changes::{SettingChange, setting_changes};
use crate::base::ids::{RecipeId, SettingsId};
use crate::base::money::Pico;
use crate::base::run_state::RunState;
use crate::report::read_spend;
use crate::store::{Reader, RunRecord, StoreError};
use serde_json::Value;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Some runs of a job, newest first.
#[derive(Clone, Debug, Default)]
pub struct RunHistory {
    /// Name of the job.
    pub job: String,
    /// The runs.
    pub runs: Vec<HistoryRun>,
    /// How many older ones there are.
    pub older: u64,
}

/// A run of a job.
#[derive(Clone, Debug)]
pub struct HistoryRun {
    /// Its id.
    pub run_id: String,
    /// The name of its model.
    pub model: String,
    /// When it began: wall time in milliseconds.
    pub started_ms: i64,
    /// When it ended; `None` while it runs.
    pub ended_ms: Option<i64>,
    /// How it ended; `running` before that.
    pub outcome: &'static str,
    /// Its exit code; `None` while it runs.
    pub exit_code: Option<u8>,
    /// Pages that it asked.
    pub pages: u64,
    /// Attempts that it sent.
    pub attempts: u64,
    /// Cost of these attempts; `None`: a price was unknown.
    pub cost: Option<Pico>,
    /// What has changed in the manifest since the run before it.
    pub changes: Vec<SettingChange>,
}

/// The first `limit` of these runs of one job, which are newest first.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn read_history(reader: &Reader, runs: &[RunRecord], limit: usize) -> Result<RunHistory, StoreError> {
    let mut recipes = Recipes { reader, bodies: HashMap::new() };
    let mut history = RunHistory {
        job: runs.first().map_or_else(String::new, |run| run.job_name.clone()),
        runs: Vec::new(),
        older: runs.len().saturating_sub(limit) as u64,
    };
    for (at, run) in runs.iter().take(limit).enumerate() {
        // A try has its own settings.
        let before = runs.iter().skip(at + 1).find(|run| !run.is_try).filter(|_| !run.is_try);
        let changes = before.map(|before| recipes.changes(before, run)).transpose()?.unwrap_or_default();
        let spend = read_spend(reader, std::slice::from_ref(run), i64::MIN, i64::MAX)?;
        let state = RunState::of_end(run.outcome);
        history.runs.push(HistoryRun {
            run_id: run.run_id.to_string(),
            model: run.model.clone(),
            started_ms: run.started_ms,
            ended_ms: run.ended_ms,
            outcome: state.name(),
            exit_code: state.exit_code(),
            pages: spend.pages,
            attempts: spend.sent,
            cost: spend.known_total(),
            changes,
        });
    }
    Ok(history)
}

/// The settings in which stored recipes differ, each with the name of its task.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn changes_of_recipes(
    reader: &Reader,
    before: Vec<(String, RecipeId)>,
    after: Vec<(String, Value)>,
) -> Result<Vec<SettingChange>, StoreError> {
    let mut recipes = Recipes { reader, bodies: HashMap::new() };
    let mut known = Vec::new();
    // A recipe that was never stored was never asked.
    for (task, id) in before.into_iter().filter(|(_, id)| *id != RecipeId::UNSTORED) {
        recipes.load(id)?;
        known.push((task, recipes.bodies.get(&id).cloned().unwrap_or_default()));
    }
    let before: Vec<(&str, &Value)> = known.iter().map(|(name, recipe)| (name.as_str(), recipe)).collect();
    let after: Vec<(&str, &Value)> = after.iter().map(|(name, recipe)| (name.as_str(), recipe)).collect();
    Ok(setting_changes(&before, &after))
}

/// The settings of a run as JSON; `None`: an earlier version did not keep them.
///
/// # Errors
/// When the store can't be read.
pub(crate) fn settings_of(reader: &Reader, id: Option<SettingsId>) -> Result<Option<Value>, StoreError> {
    let Some(id) = id else { return Ok(None) };
    let body = reader.settings_body(id)?;
    let missing = || StoreError::Damaged(format!("table settings: row {id} is missing"));
    body.map(|body| Some(body.value())).ok_or_else(missing)
}

/// The recipes of a store, each read once.
struct Recipes<'a> {
    reader: &'a Reader,
    bodies: HashMap<RecipeId, Value>,
}

impl Recipes<'_> {
    /// What has changed between two runs.
    fn changes(&mut self, before: &RunRecord, after: &RunRecord) -> Result<Vec<SettingChange>, StoreError> {
        let mut changes = match before.tasks == after.tasks {
            true => Vec::new(),
            false => self.recipe_changes(before, after)?,
        };
        if before.settings.is_none() || before.settings != after.settings {
            match settings_of(self.reader, before.settings)?.zip(settings_of(self.reader, after.settings)?) {
                Some((old, new)) => add_other_changes(&mut changes, &old, &new),
                None => drop_derived_changes(&mut changes),
            }
        }
        Ok(changes)
    }

    fn recipe_changes(&mut self, before: &RunRecord, after: &RunRecord) -> Result<Vec<SettingChange>, StoreError> {
        for task in before.tasks.iter().chain(&after.tasks) {
            self.load(task.recipe_id)?;
        }
        let tasks = |run: &RunRecord| -> Vec<(String, Value)> {
            let recipe = |id| self.bodies.get(&id).cloned().unwrap_or_default();
            run.tasks.iter().map(|task| (task.task.clone(), recipe(task.recipe_id))).collect()
        };
        let (before, after) = (tasks(before), tasks(after));
        let before: Vec<(&str, &Value)> = before.iter().map(|(name, recipe)| (name.as_str(), recipe)).collect();
        let after: Vec<(&str, &Value)> = after.iter().map(|(name, recipe)| (name.as_str(), recipe)).collect();
        Ok(setting_changes(&before, &after))
    }

    fn load(&mut self, id: RecipeId) -> Result<(), StoreError> {
        if let Entry::Vacant(new) = self.bodies.entry(id) {
            new.insert(self.reader.recipe(id)?);
        }
        Ok(())
    }
}
