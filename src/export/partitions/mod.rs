//! Rows in Hive partitions.
//!
//! - [`hive`]: names of partitions
//! - [`known_values`]: those that are known before anything is paid for
//! - [`row_codec`], [`spill`]: rows on their way from the order of pages to that of partitions
//! - [`parts`]: the files that docmill has written; removes stale ones
//! - [`mod@partitions`]: collects rows and writes the files

mod hive;
pub(crate) mod known_values;
#[expect(clippy::module_inception, reason = "the folder is named after its main type")]
pub(crate) mod partitions;
pub(crate) mod parts;
mod row_codec;
mod spill;
