//! Hostile files, servers, names and bytes.

mod endpoints;
mod fuzzing;
mod hostile;
