//! Leaves: types and functions that import nothing else of docmill, and that every stage may
//! import. Only [`atomic_file`] and [`sibling`] import other leaves.
//!
//! - [`atomic_file`]: files that appear complete or not at all; [`file_identity`]: which file a path names
//! - [`clock`]: time as a parameter; [`hooks`]: points of a run for tests; [`random`]: seeded numbers
//! - [`digest`]: content digests and canonical JSON
//! - [`money`], [`usage`]: amounts of money and of tokens
//! - [`units`]: durations, shares and times as text; [`sanitize`]: text from outside; [`mask`]: secrets in text
//! - [`output_file`]: a file of rows that was written

pub mod atomic_file;
pub mod backoff;
pub mod clock;
pub mod digest;
pub mod escape;
pub mod file_identity;
pub mod hooks;
pub mod ids;
pub mod mask;
pub mod money;
pub mod output_file;
pub mod random;
pub mod sanitize;
pub mod sibling;
pub mod units;
pub mod usage;
pub mod vocabulary;
