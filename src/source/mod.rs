//! Where pages come from: the files of a folder in the order of their paths, or the lines
//! of a list in theirs. Listing reads no page; fetching a URL does.
//!
//! - [`entry`]: one file or line; [`entries`]: all of them
//! - [`select`]: which files are meant; [`walk`]: the search; [`listing`]: one folder's names
//! - [`list`]: the lines of a list; [`table`] and [`parquet_list`]: lists with columns; [`mod@columns`]: what they carry
//! - [`read`]: a file's bytes; [`fetch`]: what a URL names; [`reach`]: which hosts may be asked

pub(crate) mod columns;
pub(crate) mod entries;
pub(crate) mod entry;
pub(crate) mod error;
pub(crate) mod fetch;
pub(crate) mod list;
pub(crate) mod listing;
pub(crate) mod parquet_list;
pub(crate) mod public_hosts;
pub(crate) mod reader;
pub(crate) mod select;
pub(crate) mod table;
#[cfg(test)]
mod tests;
pub(crate) mod walk;

pub use entries::{Entries, columns};
pub use entry::{Entry, path_bytes};
pub use error::{SourceError, WalkFault};
pub use fetch::{FetchFault, Fetcher, HostLimits};
pub use reader::ReadError;
pub use select::{ENDINGS, Selection};
