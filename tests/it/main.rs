//! The specification, tried on the built program: one binary, so that it links once.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests wait and make files")]

mod alike;
mod batch;
mod bench;
mod bill;
mod budget;
mod chaos;
mod durability;
mod dying;
mod faults;
mod fuzzing;
mod hostile;
mod input;
mod limits;
mod lists;
mod messages;
mod observability;
mod outputs;
mod pdf;
mod resume;
mod rows;
mod security;
mod stops;
mod store_contract;
mod tidy;
mod tiff;
#[cfg(feature = "otlp")]
mod traces;
mod upkeep;
