//! The runs of a job, and what changed between them.
//!
//! - [`run_history`]: the runs with their pages and their cost; [`render`]: as text and as JSON
//! - [`setting_changes`]: the settings in which two manifests differ, by their stored recipes; [`other_changes`]: the
//!   other settings, on which no answer depends

pub(crate) mod other_changes;
pub(crate) mod render;
pub(crate) mod run_history;
pub(crate) mod setting_changes;

pub(crate) use other_changes::{add_other_changes, drop_derived_changes};
pub use render::{history_to_json, history_to_text};
pub use run_history::{HistoryRun, RunHistory};
pub(crate) use run_history::{changes_of_recipes, read_history, settings_of};
pub(crate) use setting_changes::Change;
pub use setting_changes::SettingChange;
