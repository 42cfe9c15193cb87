//! Where pages come from: the files of a folder in the order of their paths, or the rows of
//! a list in its order. Listing an input reads no page.
//!
//! - [`entry`]: one file or row
//! - [`left_out`]: files of a folder that are not pages, and why; [`listing`]: the names in one folder;
//!   [`walk`]: the files below a folder
//! - [`url_secrets`]: URLs without their secrets
//! - [`list`]: a list without columns
//! - [`columns`]: the columns of a list; [`csv_list`], [`json_list`], [`parquet_list`]: the
//!   formats of lists with columns; [`list_file`]: any of them; [`table`]: its rows as entries
//! - [`entries`]: the entries of an input; [`count`]: their number
//! - [`host_limits`], [`public_hosts`]: how often, and which hosts may be asked; [`fetch`]: the
//!   content of a URL; [`reader`]: the content of an entry; [`read_fault`]: why it
//!   can't be read
//! - [`error`]: what can go wrong when listing; `test_input`: an input for tests

pub(crate) mod columns;
pub(crate) mod count;
pub(crate) mod csv_list;
pub(crate) mod entries;
pub(crate) mod entry;
pub(crate) mod error;
pub(crate) mod fetch;
pub(crate) mod host_limits;
pub(crate) mod json_list;
pub(crate) mod left_out;
pub(crate) mod list;
pub(crate) mod list_file;
pub(crate) mod listing;
pub(crate) mod parquet_list;
pub(crate) mod public_hosts;
pub(crate) mod read_fault;
pub(crate) mod reader;
pub(crate) mod table;
#[cfg(test)]
pub(crate) mod test_input;
pub(crate) mod url_secrets;
pub(crate) mod walk;

pub use columns::ListColumns;
pub(crate) use columns::{ColumnPlan, ListRow};
pub use count::{count_entries, visit_carried};
pub use entries::{Entries, InputItem, carried_columns, list_columns};
pub use entry::{Entry, path_bytes, path_from_bytes};
pub use error::{ListFault, SourceError, WalkFault};
pub use fetch::check_https;
pub use host_limits::HostLimits;
pub use left_out::{LeftOut, LeftOutReason, extension_of};
pub(crate) use list_file::ListFile;
pub use read_fault::{ReadFault, ReadFaultKind};
pub use reader::{Cancelled, SourceReader};
pub(crate) use url_secrets::{not_a_url_without_secrets, without_secrets};
