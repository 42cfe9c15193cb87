//! Human answers of a job, to files and from them.

use super::error::{Error, STORAGE, WRONG_INPUT};
use super::job::Job;
use super::overwriting::{WrittenContent, WrittenFile};
use crate::base::atomic_file;
use crate::base::clock::Clock;
use crate::base::hooks::NoHooks;
use crate::base::units::{counted, grouped};
use crate::labels::answers::export::{AnswerFormat, ExportedAnswers, export_answers};
use crate::labels::answers::fault::LineFault;
use crate::labels::answers::import::{ImportError, ImportOptions, PreparedImport, prepare_import};
use crate::labels::reviewer_name::checked_name;
use crate::labels::wording::group_messages;
use crate::pipeline::PipelineError;
use crate::store::Store;
use std::path::Path;
use std::sync::Arc;

/// What can be wrong with lines: the most that an error lists.
const MAX_MESSAGES: usize = 50;
/// Lines with the same fault: the most that an error lists.
const MAX_PLACES: usize = 20;

/// What became of the lines of a file of human answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportedAnswers {
    /// The number of answers that are new.
    pub imported: u64,
    /// The number of lines whose answers were stored already.
    pub known: u64,
    /// The lines that were left out, and why.
    pub skipped: Vec<String>,
}

/// All human answers of a job as a file.
pub(crate) fn export(job: &Job, format: AnswerFormat) -> Result<ExportedAnswers, Error> {
    let reader = job.open_store()?.reader()?;
    Ok(export_answers(&reader, &job.manifest, &job.questions, format)?)
}

/// Writes human answers to a file.
pub(crate) fn write(job: &Job, answers: &ExportedAnswers, path: &Path) -> Result<(), Error> {
    job.check_written(&[WrittenFile::new("the file of human answers", path, WrittenContent::Output)])?;
    let failed = |error| Error::new(STORAGE, format!("can't write {}: {error}", path.display()));
    atomic_file::write(path, &answers.bytes, &NoHooks).map_err(failed)
}

/// A reviewer's name in its stored form.
pub(crate) fn reviewer_name(name: &str) -> Result<String, Error> {
    checked_name(name).map_err(|reason| {
        Error::new(WRONG_INPUT, format!("--reviewer {reason}"))
            .with_hint("give the name of a person, such as --reviewer ann")
    })
}

/// Stores the human answers of a file: all of them or, if there is a fault, none.
pub(crate) fn import(
    job: &Job,
    bytes: &[u8],
    options: &ImportOptions,
    clock: Arc<dyn Clock>,
) -> Result<ImportedAnswers, Error> {
    let reviewer = options.reviewer.as_deref().map(reviewer_name).transpose()?;
    let options = &ImportOptions { reviewer, ..options.clone() };
    let reader = job.open_store()?.reader()?;
    let now_ms = clock.wall_ms();
    let prepared = prepare_import(&reader, &job.manifest, &job.questions, bytes, options, now_ms);
    let PreparedImport { new, known, skipped } = prepared.map_err(error_of)?;
    let imported = new.len() as u64;
    if !new.is_empty() {
        let store = Store::open(&job.manifest.store, clock, Arc::new(NoHooks))?;
        store.put_decisions(new)?;
        store.close();
    }
    let skipped = skipped.iter().map(ToString::to_string).collect();
    Ok(ImportedAnswers { imported, known, skipped })
}

fn error_of(error: ImportError) -> Error {
    match error {
        ImportError::Store(error) => error.into(),
        ImportError::NotScanned => Error::from(PipelineError::NoRun)
            .with_hint("human answers belong to the content of files, which a run has to read first: `docmill run`"),
        ImportError::File(what) => Error::new(WRONG_INPUT, format!("nothing was imported: {what}"))
            .with_hint("a file of human answers is CSV, or JSON of Label Studio; docs/answers.md describes both"),
        ImportError::Lines(faults, lines) => {
            let placed = faults.iter().map(|fault| (&fault.place, fault.message.as_str()));
            let messages = group_messages(placed, MAX_PLACES);
            let listed: Vec<String> =
                messages.iter().take(MAX_MESSAGES).map(|message| format!("  {message}")).collect();
            let more = match messages.len().saturating_sub(MAX_MESSAGES) {
                0 => String::new(),
                more => format!("\n  and {} more", grouped(more as u64)),
            };
            let found = counted(faults.len() as u64, "fault");
            let of = counted(lines as u64, "answer");
            let message = format!("nothing was imported: the file has {found} in {of}\n{}{more}", listed.join("\n"));
            let is_skippable = |fault: &LineFault| fault.is_unknown;
            Error::new(WRONG_INPUT, message).with_hint(match faults.iter().all(is_skippable) {
                true => "correct them, or give --skip-unknown to import the others",
                false => "correct them, and import the file again",
            })
        }
    }
}
