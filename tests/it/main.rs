//! The specification, tried on the built program: one binary, so that it links once.

#![expect(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests fail, wait and make files")]

mod alike;
mod batch;
mod bench;
mod bill;
mod budget;
mod chaos;
mod demo;
mod durability;
mod dying;
mod faults;
mod fuzzing;
mod golden;
mod hostile;
mod input;
mod limits;
mod lists;
mod messages;
mod observability;
mod old_stores;
mod outputs;
mod parquet_file;
mod pdf;
mod resume;
mod rows;
mod security;
mod skip;
mod stops;
mod tidy;
mod tiff;
#[cfg(feature = "otlp")]
mod traces;
mod upkeep;
