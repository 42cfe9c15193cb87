//! Sessions from command-line arguments.

use super::args::{JobArgs, ShardArgs};
use super::exit::{Failure, WRONG_INPUT};
use super::log;
use crate::session::{Environment, Job, Session};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The store of commands that are given neither a manifest nor `--store`.
const DEFAULT_STORE: &str = ".docmill/store.db";
/// Maximum size of a list on standard input, in bytes.
const MAX_INPUT_BYTES: u64 = 1 << 30;

/// Loads a job.
pub(crate) fn load(manifest: &Path, vars: &[(String, String)], store: Option<&PathBuf>) -> Result<Job, Failure> {
    let job = load_whole(manifest, vars, store)?;
    job.check_standard_output()?;
    Ok(job.of_stored_shard()?)
}

/// As [`load`], whatever shard the store belongs to.
fn load_whole(manifest: &Path, vars: &[(String, String)], store: Option<&PathBuf>) -> Result<Job, Failure> {
    let job = Job::load(manifest, vars, &Environment::of_process())?;
    let Some(store) = store else { return Ok(job) };
    let job = job.with_store(store);
    // The manifest does not name this store.
    job.check_store()?;
    Ok(job)
}

/// Loads the job of a command that runs it: the requested shard, whatever the store contains. `budget_usd` is that of
/// all shards.
pub(crate) fn load_to_run(args: &JobArgs, shard: &ShardArgs, budget_usd: Option<&str>) -> Result<Job, Failure> {
    let mut job = load_whole(&args.job, &args.vars, args.store.as_ref())?;
    if let Some(usd) = budget_usd {
        job = job.with_budget(usd)?;
    }
    let chosen = match shard.shard {
        None => return Ok(job),
        Some(choice) => choice.shard()?,
    };
    if let Some(parallel) = shard.parallel.filter(|parallel| *parallel > chosen.count()) {
        let count = chosen.count();
        let message =
            format!("warning: --parallel {parallel} is more than the {count} shards: limits are divided by {count}");
        log::line("WARN", &message, serde_json::Map::new());
    }
    let job = job.with_shard(chosen, shard.parallel, args.store.is_some())?;
    job.check_store()?;
    Ok(job)
}

/// Loads the job of a command that merges stores into its store.
pub(crate) fn load_to_merge(args: &JobArgs) -> Result<Job, Failure> {
    load_whole(&args.job, &args.vars, args.store.as_ref())
}

/// Opens a session with a job.
pub(crate) fn open_job(
    manifest: &Path,
    vars: &[(String, String)],
    store: Option<&PathBuf>,
) -> Result<Session, Failure> {
    Ok(Session::open(load(manifest, vars, store)?, Environment::of_process()))
}

/// Opens a session with the job of a command.
pub(crate) fn open(args: &JobArgs) -> Result<Session, Failure> {
    open_job(&args.job, &args.vars, args.store.as_ref())
}

/// As [`open`], for commands that read the input: a list on standard input is read.
pub(crate) fn open_with_input(args: &JobArgs) -> Result<Session, Failure> {
    Ok(Session::open(with_input(load_job(args)?)?, Environment::of_process()))
}

/// Loads the job of a command.
pub(crate) fn load_job(args: &JobArgs) -> Result<Job, Failure> {
    load(&args.job, &args.vars, args.store.as_ref())
}

/// The job of a command that reads the input: a list on standard input is read.
pub(crate) fn with_input(job: Job) -> Result<Job, Failure> {
    if job.reads_standard_input() { Ok(job.with_paths(standard_input()?)) } else { Ok(job) }
}

/// The store of a command without a manifest.
pub(crate) fn default_store(store: Option<&PathBuf>) -> PathBuf {
    store.cloned().unwrap_or_else(|| PathBuf::from(DEFAULT_STORE))
}

fn standard_input() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(MAX_INPUT_BYTES + 1).read_to_end(&mut bytes);
    match read {
        Err(error) => Err(Failure::new(WRONG_INPUT, format!("can't read the list from standard input: {error}"))),
        Ok(_) if bytes.len() as u64 > MAX_INPUT_BYTES => {
            Err(Failure::new(WRONG_INPUT, format!("the list on standard input has more than {MAX_INPUT_BYTES} bytes")))
        }
        Ok(_) => Ok(bytes),
    }
}
