//! The specification, tested on the built program. All tests are one binary, which links once.
//!
//! - [`harness`]: a folder with pages, a simulator and the program
//! - [`input`]: files and lists; [`asking`]: requests, faults, stops; [`limits`]; [`budget`]; [`batch`]
//! - [`answers`]: human answers
//! - [`store`]: durability and maintenance; [`output`]: rows and files; [`cli`]: messages, logs, metrics
//! - [`eval`]: metrics against other implementations, intervals by simulation
//! - [`quality`]: how good the labels are; [`review`]: the local page on which people decide
//! - [`golden`]: recipes, requests and closed lists that must not change
//! - [`security`]: hostile files, servers and bytes
//! - [`simulator`]: the built-in simulator over raw HTTP
//! - [`shards`]: shards of a job, and the merge of their stores
//! - [`select`]: pages and rows that are selected, compared, listed
//! - [`tidy`]: the rules of the code base

#![expect(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, reason = "tests fail, wait and make files")]

mod answers;
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
mod quality;
mod review;
mod security;
mod select;
mod shards;
mod simulator;
mod store;
mod tidy;

use harness::{bench, skip};
