//! Leaves: types and functions that import nothing else of docmill, and that every stage may
//! import. Only [`atomic_file`], [`command_end`], [`escape`], [`file_names`], [`governor_clock`], [`ids`], [`json_text`],
//! [`label_text`], [`mask`], [`open_databases`], [`run_state`], [`shard`] and [`sibling`] import other leaves.
//!
//! - [`atomic_file`]: files that appear complete or not at all; [`file_identity`]: which file a path names;
//!   [`shared_folder`]: folders that another process removes; [`open_databases`]: databases that this process has opened;
//!   [`disk_space`]: space on disks; [`mounts`]: the mounted file systems
//! - [`ids`]: ids as types; [`vocabulary`]: the words that stores and outputs may hold
//! - [`clock`]: time as a parameter; [`governor_clock`]: the same for fixed quotas; [`backoff`]: waits between retries; [`hooks`]: points of a run for tests; [`random`]: seeded numbers; [`lowest`]: samples that stay the same
//! - [`digest`]: content digests and canonical JSON; [`same_value`]: equal JSON values; [`decoder_version`]: the version of decoding, which is stored
//! - [`causes`]: errors and what caused them; [`exit_codes`]: the exit codes of the program; [`command_end`]: how a
//!   command ends; [`run_state`]: where a run stands
//! - [`money`], [`usage`]: amounts of money and of tokens
//! - [`json_text`]: texts that are known to be JSON
//! - [`label_text`]: which texts can be labels
//! - [`unicode`]: forms of text, UTF-16; [`text_reader`]: encodings; [`csv_lines`]: numbers of lines; [`other_format`]: files that are not text; [`path_text`]: paths as text; [`file_names`]: names of files in both forms of accents
//! - [`image_extensions`]: extensions of files that can be pages
//! - [`simulator_profile`]: names of profiles of the simulator
//! - [`spreadsheet`]: text that spreadsheets would run
//! - [`units`]: durations, shares and times as text; [`sanitize`]: text from outside; [`mask`]: secrets in text;
//!   [`url_parameters`]: which parameters of URLs are secrets; [`trusted_roots`]: certificates of the system
//! - `schema_oracle`: another implementation of JSON Schema, for tests
//! - [`shard`]: parts of an input; [`output_file`]: a file of rows that was written; [`page_repeats`]: pages that are in a document twice

pub mod atomic_file;
pub mod backoff;
pub(crate) mod causes;
pub mod clock;
pub(crate) mod command_end;
pub mod csv_lines;
pub mod decoder_version;
pub mod digest;
pub mod disk_space;
pub mod escape;
pub(crate) mod exit_codes;
pub mod file_identity;
pub mod file_names;
pub(crate) mod governor_clock;
pub mod hooks;
pub mod ids;
pub mod image_extensions;
pub mod json_text;
pub mod label_text;
pub(crate) mod lowest;
pub mod mask;
pub mod money;
pub(crate) mod mounts;
pub(crate) mod open_databases;
pub mod other_format;
pub mod output_file;
pub mod page_repeats;
pub mod path_text;
pub mod random;
pub mod run_state;
pub mod same_value;
pub mod sanitize;
#[cfg(test)]
pub(crate) mod schema_oracle;
pub mod shard;
pub(crate) mod shared_folder;
pub mod sibling;
pub mod simulator_profile;
pub mod spreadsheet;
pub mod text_reader;
pub(crate) mod trusted_roots;
pub mod unicode;
pub mod units;
pub(crate) mod url_parameters;
pub mod usage;
pub mod vocabulary;
