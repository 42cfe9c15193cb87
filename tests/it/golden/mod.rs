//! Golden files: what must not change while the code behind it does.
//!
//! - [`recipes`]: keys of stored answers; a change here sends every page of every user again
//! - [`requests`]: bodies of requests, for every job of `jobs/`
//! - [`exchanges`]: whole exchanges with a scripted server: repairs, fallbacks, batches
//! - [`vocabulary`]: closed lists of words against the documentation
//!
//! These tests use the built program, its store and the network; they name no module of
//! the library, apart from one function in [`vocabulary`]. After a deliberate change,
//! `DOCMILL_BLESS=1 cargo test --test it golden` writes the golden files again.

mod exchanges;
mod files;
mod jobs;
mod recipes;
mod recorder;
mod requests;
mod vocabulary;
