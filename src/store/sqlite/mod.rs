//! The SQLite file.
//!
//! - [`schema`]: opening, versions, the check on opening; [`migrations`]: the tables
//! - [`values`]: ids, words and money as SQLite values
//! - [`charged`]: what attempts were charged to their budgets
//! - [`cells`]: reading columns, with the place of a damaged value in the error
//! - [`run_lock`]: which runs are alive
//! - [`lock_holder`]: which process holds the write lock
//! - [`filesystem`]: whether the store can be written, and is on a network file system

pub(crate) mod cells;
pub(crate) mod charged;
pub(crate) mod filesystem;
pub(crate) mod lock_holder;
pub(crate) mod migrations;
pub(crate) mod run_lock;
pub(crate) mod schema;
pub(crate) mod values;
