//! The specification, tried on the built program: one binary, so that it links once.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests wait and make files")]

mod bench;
mod budget;
mod faults;
mod input;
mod messages;
mod outputs;
mod resume;
mod rows;
mod stops;
mod tidy;
mod tiff;
