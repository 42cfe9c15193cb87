//! docmill labels folders of document images with a vision model, in bulk.
//!
//! The folder tree is the data path; `ARCHITECTURE.md` tells it in two pages.
//!
//! | module | takes | gives |
//! |---|---|---|
//! | [`cli`] | arguments, environment | calls, prints, exit codes |
//! | [`manifest`] | one YAML file | a checked [`manifest::Job`] |
//! | [`catalog`] | a model's name | image-token rule, price |
//! | [`source`] | a folder or a list | entries, in their order |
//! | [`media`] | the bytes of a file | its pages, their pictures |
//! | [`prepare`] | a page | what is sent instead of it |
//! | [`task`] | tasks | prompt and shape; a reply's answers |
//! | [`ask`] | one request | one attempt, judged |
//! | [`store`] | commands | the ledger, acknowledged when durable |
//! | [`export`] | stored records | CSV, Parquet, JSONL |
//! | [`report`] | stored records | spend |
//! | [`pipeline`] | all of these | a run, a plan |
//! | [`simulator`] | HTTP | a provider on loopback |
//!
//! The rest are leaves, which import nothing of ours.

pub mod ask;
pub mod atomic;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod digest;
pub mod export;
pub mod exposition;
pub mod hooks;
pub mod manifest;
pub mod media;
pub mod money;
pub mod pipeline;
pub mod plain;
pub mod prepare;
pub mod random;
pub mod report;
pub mod simulator;
pub mod source;
pub mod store;
pub mod task;
pub mod units;
pub mod usage;
