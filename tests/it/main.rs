//! The specification, tested on the built program. All tests are one binary, which links once.
//!
//! - [`harness`]: a folder with pages, a simulator and the program
//! - [`input`]: files and lists; [`asking`]: requests, faults, stops; [`limits`]; [`budget`]; [`batch`]
//! - [`store`]: durability and maintenance; [`output`]: rows and files; [`cli`]: messages, logs, metrics
//! - [`security`]: hostile files, servers and bytes
//! - [`tidy`]: the rules of the code base

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests wait and make files")]

mod asking;
mod batch;
mod budget;
mod cli;
mod harness;
mod input;
mod limits;
mod output;
mod security;
mod store;
mod tidy;

use harness::bench;
