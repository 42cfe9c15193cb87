//! Where pages come from: the files of a folder in the order of their paths, or the lines
//! of a list in theirs. Listing reads no page; fetching a URL does.
//!
//! - [`entry`]: one file or line; [`entries`]: all of them
//! - [`select`]: which files are meant; [`walk`]: the search; [`listing`]: one folder's names
//! - [`list`]: the lines of a list; [`table`] and [`parquet_list`]: lists with columns; [`mod@columns`]: what they carry
//! - [`read`]: a file's bytes; [`fetch`]: what a URL names; [`reach`]: which hosts may be asked

mod columns;
mod entries;
mod entry;
mod error;
mod fetch;
mod list;
mod listing;
mod parquet_list;
mod reach;
mod read;
mod select;
mod table;
mod walk;

#[cfg(test)]
mod tests;

pub use entries::{Entries, columns};
pub use entry::{Entry, path_bytes};
pub use error::{SourceError, WalkFault};
pub use fetch::{FetchFault, Fetcher, HostLimits};
pub use read::ReadError;
pub use select::{ENDINGS, Selection};
