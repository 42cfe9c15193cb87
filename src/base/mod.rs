//! Leaves: types and functions that import nothing else of docmill.

pub mod atomic_file;
pub mod clock;
pub mod digest;
pub mod escape;
pub mod exposition;
pub mod hooks;
pub mod money;
pub mod random;
pub mod sanitize;
pub mod sibling;
pub mod units;
pub mod usage;
