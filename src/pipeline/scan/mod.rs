//! The input, compared with the store, read and prepared.
//!
//! - [`pass`]: one pass over the input: what it is for, what it has seen
//! - [`threads`]: the threads of a pass
//! - [`diff`]: the walk compared with the store; [`changes`]: differences on their way into it
//! - [`queue`]: files and pages that wait for a worker
//! - [`worker`]: works on files; [`file_reader`]: reads them; [`entry_records`]: their stored data; [`reread`]: those that
//!   an earlier decoder has read; [`stored_numbers`]: the numbers that it gave their pages; [`page_decision`]: what a pass
//!   does with a page; [`preparer`]: prepares it
//! - [`near_duplicates`]: pages that share an answer; [`sample`]: `--sample`; [`page_filter`]: `--where`

pub(crate) mod changes;
pub(crate) mod diff;
pub(crate) mod entry_records;
pub(crate) mod file_reader;
pub(crate) mod near_duplicates;
pub(crate) mod page_decision;
pub(crate) mod page_filter;
pub(crate) mod pass;
pub(crate) mod preparer;
pub(crate) mod queue;
pub(crate) mod reread;
pub(crate) mod sample;
pub(crate) mod stored_numbers;
pub(crate) mod threads;
pub(crate) mod worker;
