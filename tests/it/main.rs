//! The specification, tested on the built program. All tests are one binary, which links once.
//!
//! - [`harness`]: a folder with pages, a simulator and the program
//! - [`input`]: files and lists; [`asking`]: requests, faults, stops; [`limits`]; [`budget`]; [`batch`]
//! - [`store`]: durability and maintenance; [`output`]: rows and files; [`cli`]: messages, logs, metrics
//! - [`eval`]: metrics against other implementations, intervals by simulation
//! - [`golden`]: recipes, requests and closed lists that must not change
//! - [`security`]: hostile files, servers and bytes
//! - [`simulator`]: the built-in simulator over raw HTTP
//! - [`tidy`]: the rules of the code base

#![expect(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests fail, wait and make files")]

mod asking;
mod batch;
mod budget;
mod cli;
mod eval;
mod golden;
mod harness;
mod input;
mod limits;
mod output;
mod security;
mod simulator;
mod store;
mod tidy;

use harness::{bench, skip};
