//! Stored records -> rows -> CSV, Parquet, JSONL. Never touches the network or an image.
//!
//! - [`row`]: one page's record as a row; [`columns`]: the one list of columns
//! - [`csv`], [`jsonl`], [`parquet`]: the formats; [`shred`]: nested values as columns
//! - [`files`]: whole or not at all, partial beside whole

pub(crate) mod columns;
pub(crate) mod error;
pub(crate) mod files;
pub(crate) mod row;
pub(crate) mod sinks;

pub use columns::Columns;
pub use error::ExportError;
pub use files::{Outputs, Targets};
pub use row::{Row, Status, display_path};
