//! Stored records -> rows -> CSV, Parquet, JSON Lines. Never touches the network or an image.
//!
//! - [`spec`]: what all rows of a job have in common
//! - [`row`]: one page as a row; [`mod@human_answers`]: the human answers that it shows
//! - [`columns`]: the columns and cells of a row, one list for all formats; [`mod@column_faults`]: columns that
//!   the manifest can't have
//! - [`sinks`]: the formats
//! - [`table`]: rows in a terminal; [`column_choice`]: columns that the user names
//! - [`target`]: where rows are written, and how; [`partial`]: where rows of incomplete runs are
//! - [`part_manifest`]: which parts of shards are complete
//! - [`partitions`]: rows in Hive partitions; [`success_marker`]: `_SUCCESS`
//! - [`files`]: all outputs of a job, committed together; [`stream`]: rows to standard output
//! - [`preflight`]: whether outputs can be written, before anything is paid for
//! - [`error`]: why an output could not be written

mod column_choice;
mod column_faults;
mod columns;
mod error;
mod files;
mod human_answers;
mod part_manifest;
mod partial;
mod partitions;
mod preflight;
mod row;
mod sinks;
mod spec;
mod stream;
mod success_marker;
mod table;
mod target;

pub use column_choice::choose_columns;
pub use column_faults::{ColumnFault, column_faults};
pub(crate) use columns::{Cell, CellKind, Column};
pub use error::ExportError;
pub use files::{Outputs, WrittenOutputs, remove_shard_parts, withdraw_parts};
pub use human_answers::{human_answers, human_value};
pub use partitions::known_values::KnownPartitions;
pub use preflight::{check_output_space, check_outputs, check_row_files};
pub use row::Row;
pub use sinks::format::RowFormat;
pub use spec::RowSpec;
pub use stream::RowStream;
pub(crate) use success_marker::NAME as SUCCESS_MARKER;
pub use success_marker::SuccessMarkers;
pub use table::RowTable;
pub use target::Targets;
