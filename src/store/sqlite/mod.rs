//! The SQLite file: schema, locks, file systems.

pub(crate) mod filesystem;
pub(crate) mod run_lock;
pub(crate) mod schema;
pub(crate) mod values;
