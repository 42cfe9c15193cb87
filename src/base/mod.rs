//! Leaves: types and functions that import nothing else of docmill.

pub mod atomic_file;
pub mod clock;
pub mod digest;
pub mod hooks;
pub mod ids;
pub mod money;
pub mod random;
pub mod sanitize;
pub mod units;
pub mod usage;
pub mod vocabulary;
