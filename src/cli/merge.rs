//! `docmill merge`: merges the stores of shards, and writes the outputs.

use super::args::Global;
use super::exit::Failure;
use super::followers::Followers;
use super::load;
use super::log;
use super::merge_args::Merge;
use super::run_end::finish;
use super::run_record::RunRecorder;
use crate::base::sibling::database_files;
use crate::session::{Environment, Session};
use std::path::PathBuf;

pub(crate) fn merge(args: &Merge, global: &Global) -> Result<u8, Failure> {
    let record = RunRecorder::of_summary(args.summary.as_deref(), &args.lineage, &args.job.job);
    let followers = Followers::new(&args.lineage, &Environment::of_process());
    let merged = run_recorded(args, global, &record, &followers);
    merged.inspect_err(|failure| {
        record.write_failure(failure);
        followers.fail(failure);
    })
}

fn run_recorded(args: &Merge, global: &Global, record: &RunRecorder, followers: &Followers) -> Result<u8, Failure> {
    let stores = args.stores.iter().chain(&args.job.store).flat_map(|store| database_files(store));
    let files: Vec<PathBuf> = std::iter::once(args.job.job.clone()).chain(stores).collect();
    record.protect(&files)?;
    let job = load::load_to_merge(&args.job)?;
    record.protect_files_of(&job)?;
    record.check()?;
    let session = Session::open(job, Environment::of_process());
    record.write_running(Some(&session))?;
    if !global.quiet {
        log::status("INFO", &format!("store: {}", session.job().store().display()), serde_json::Map::new());
    }
    followers.begin(&session);
    let report = session.merge(&args.stores, args.allow_missing)?;
    finish(report, global, record, followers)
}
