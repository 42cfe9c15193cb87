//! Stored records -> rows -> CSV, Parquet, JSON Lines. Never touches the network or an image.
//!
//! - [`spec`]: what all rows of a job have in common
//! - [`row`]: one page as a row
//! - [`columns`]: the columns and cells of a row, one list for all formats
//! - [`sinks`]: the formats
//! - [`files`]: all outputs of a job, committed together
//! - [`preflight`]: whether outputs can be written, before anything is paid for
//! - [`error`]: why an output could not be written

mod columns;
mod error;
mod files;
mod preflight;
mod row;
mod sinks;
mod spec;

pub use error::ExportError;
pub use files::{Outputs, Targets};
pub use preflight::check_outputs;
pub use row::Row;
pub use spec::RowSpec;
