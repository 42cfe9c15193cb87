//! `docmill store`: check, statistics, backup, salvage and prune.

use super::args::{Store, StoreCommand};
use super::exit::{Failure, STORAGE, WRONG_INPUT};
use super::load;
use super::out::outln;
use crate::base::clock::{Clock, SystemClock};
use crate::base::units::{counted, rfc3339};
use crate::manifest::ProtectedFiles;
use crate::pipeline::CONTENT_RULES;
use crate::session::overwriting::{WrittenContent, WrittenFile};
use crate::session::{Error, Job};
use crate::store;
use crate::store::{Contents, StoreError};
use serde_json::json;
use std::path::Path;

pub(crate) fn store(args: &Store) -> Result<u8, Failure> {
    let job = args.job.as_ref().map(|job| load::load(job, &args.vars, args.store.as_ref())).transpose()?;
    let path = job.as_ref().map_or_else(|| load::default_store(args.store.as_ref()), |job| job.store().to_owned());
    if let StoreCommand::Backup { to } | StoreCommand::Salvage { to } = &args.command {
        check_target(job.as_ref(), &path, to)?;
    }
    match &args.command {
        StoreCommand::Check => check(&path),
        StoreCommand::Backup { to } => {
            store::back_up(&path, to).map_err(failed)?;
            outln!("{}: copied to {}", path.display(), to.display());
            Ok(0)
        }
        StoreCommand::Salvage { to } => {
            let saved = store::salvage(&path, to, &CONTENT_RULES).map_err(failed)?;
            for (table, rows) in saved.rows.iter().filter(|(_, rows)| *rows > 0) {
                outln!("{table:<20} {:>12}", counted(*rows, "row"));
            }
            if saved.lost_budgets > 0 {
                outln!(
                    "note: {} lost; the budget of a lost line starts again at 0",
                    counted(saved.lost_budgets, "budget line")
                );
            }
            outln!("{}: what could be read is in {}", path.display(), to.display());
            Ok(0)
        }
        StoreCommand::Prune { older_than, dry_run } => {
            let now_ms = SystemClock::new().wall_ms();
            let age_ms = i64::try_from(older_than.as_millis()).unwrap_or(i64::MAX);
            let pruned = store::prune(&path, now_ms.saturating_sub(age_ms), *dry_run, now_ms).map_err(failed)?;
            let did = if *dry_run { "would be pruned" } else { "pruned" };
            outln!(
                "{did}: {}, {}, {} that no job shows",
                counted(pruned.answers, "answer"),
                counted(pruned.attempts, "attempt"),
                counted(pruned.pages, "page")
            );
            if pruned.has_held_back {
                outln!(
                    "note: files of a job have not been read since they changed, so pages are kept: run it to its end, then prune"
                );
            }
            if !pruned.is_compact {
                outln!("note: the file was not shortened: there was not enough disk space, or the store was in use");
            }
            Ok(0)
        }
        StoreCommand::Stats { json } => {
            let contents = store::contents(&path).map_err(failed)?;
            if *json {
                outln!("{:#}", as_json(&path, &contents));
            } else {
                as_text(&path, &contents);
            }
            Ok(0)
        }
    }
}

/// Checks that a copy takes the place of nothing that the job or the store needs, also of files that
/// don't exist yet.
fn check_target(job: Option<&Job>, store: &Path, to: &Path) -> Result<(), Failure> {
    if let Some(job) = job {
        return Ok(job.check_written(&[WrittenFile::new("--to", to, WrittenContent::Other)])?);
    }
    match ProtectedFiles::of_store(store).collision(to) {
        Some(collision) => Err(Failure::new(WRONG_INPUT, format!("--to would overwrite {}", collision.what()))
            .with_hint("name a path that nothing else uses")),
        None => Ok(()),
    }
}

fn failed(error: StoreError) -> Failure {
    match error {
        StoreError::Failed(message) => Failure::new(STORAGE, message),
        error @ (StoreError::Missing { .. } | StoreError::Foreign { .. }) => {
            Failure::new(WRONG_INPUT, error).with_hint("name the manifest, or the file with --store")
        }
        error => Failure::from(Error::from(error)),
    }
}

fn check(path: &Path) -> Result<u8, Failure> {
    if let Some(kind) = store::network_file_system(path) {
        outln!("note: the store is on {kind}, whose locks are not reliable; keep it on a local disk");
    }
    let findings = store::check(path, &CONTENT_RULES).map_err(failed)?;
    for finding in &findings {
        outln!("{finding}");
    }
    if findings.is_empty() {
        outln!("{}: sound", path.display());
        return Ok(0);
    }
    Err(Failure::new(STORAGE, format!("{} is not sound", path.display())).with_hint(
        "restore your last `docmill store backup`, or save what is readable with `docmill store salvage --to FILE`; \
         missing answers are sent again",
    ))
}

fn as_json(path: &Path, contents: &Contents) -> serde_json::Value {
    let map = |counts: &[(String, u64)]| {
        counts.iter().map(|(name, count)| (name.clone(), json!(count))).collect::<serde_json::Map<_, _>>()
    };
    json!({
        "store": path.display().to_string(), "bytes": contents.bytes, "version": contents.version,
        "jobs": contents.jobs.iter().map(|(name, files, runs)| json!({"name": name, "files": files, "runs": runs})).collect::<Vec<_>>(),
        "pages": contents.pages, "recipes": contents.recipes,
        "answers": map(&contents.answers), "human_answers": contents.decisions, "attempts": map(&contents.attempts), "batches": map(&contents.batches),
        "spent_usd": contents.spent.to_string(),
        "first_attempt_at": contents.since_ms.map(|(first, _)| rfc3339(first)),
        "last_attempt_at": contents.since_ms.map(|(_, last)| rfc3339(last)),
    })
}

fn as_text(path: &Path, contents: &Contents) {
    let list = |counts: &[(String, u64)]| {
        let parts: Vec<String> = counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
        if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
    };
    #[expect(clippy::cast_precision_loss, reason = "a human-readable number")]
    let megabytes = contents.bytes as f64 / 1e6;
    outln!("store     {} ({megabytes:.1} MB, version {})", path.display(), contents.version);
    for (name, files, runs) in &contents.jobs {
        outln!("job       {name}: {}, {}", counted(*files, "file"), counted(*runs, "run"));
    }
    outln!("pages     {}", contents.pages);
    outln!("recipes   {}", contents.recipes);
    outln!("answers   {}", list(&contents.answers));
    if contents.decisions > 0 {
        outln!("answered  {} by people", contents.decisions);
    }
    outln!("attempts  {}", list(&contents.attempts));
    if !contents.batches.is_empty() {
        outln!("batches   {}", list(&contents.batches));
    }
    outln!("spent     {} USD", contents.spent);
    if let Some((first, last)) = contents.since_ms {
        outln!("attempts from {} to {}", rfc3339(first), rfc3339(last));
    }
}
