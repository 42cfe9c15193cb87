//! The runs of a job, and what changed between them.
//!
//! - [`run_history`]: the runs with their pages and their cost; [`render`]: as text and as JSON
//! - [`setting_changes`]: in which settings two manifests differ, by the recipes that are stored of them

pub(crate) mod render;
pub(crate) mod run_history;
pub(crate) mod setting_changes;

pub use render::{history_to_json, history_to_text};
pub(crate) use run_history::read_history;
pub use run_history::{HistoryRun, RunHistory};
pub use setting_changes::SettingChange;
