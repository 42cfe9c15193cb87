//! Maintenance of a whole store, for `docmill store`.
//!
//! - [`integrity`]: whether it is sound; [`contents`]: its content
//! - [`backup`]: a copy; [`salvage`]: what can be read of a damaged store
//! - [`prune`]: delete what no job shows
//! - [`value_rules`]: the values that columns may hold, and how others are repaired; [`row_checks`]: every row, read as
//!   commands do; [`content_rules`]: the forms of values that other stages write
//! - [`new_file`]: a file that appears under its name only when it is complete

pub(crate) mod backup;
pub(crate) mod content_rules;
pub(crate) mod contents;
pub(crate) mod integrity;
pub(crate) mod new_file;
pub(crate) mod prune;
pub(crate) mod row_checks;
pub(crate) mod salvage;
pub(crate) mod value_rules;
