//! What `--summary` and `--metrics-file` report about a run, from its arguments to its end, however it
//! ends. A record of an earlier run never stands for a later one.

use super::args::Run;
use super::caller_args::LineageArgs;
use super::exit::Failure;
use super::job_args::ShardChoice;
use super::lineage::Lineage;
use super::log;
use super::record_file::RecordFile;
use super::short_record::short_record;
use crate::base::clock::{Clock, SystemClock};
use crate::base::mask::mask_word;
use crate::base::run_state::RunState;
use crate::base::sibling::database_files;
use crate::base::units::rfc3339;
use crate::session::{
    Job, RunReport, Session, Shard, Signal, UnreportedRun, WrittenContent, WrittenFile, parse_last_success,
    render_unreported_prometheus,
};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The options that name records.
const SUMMARY: &str = "--summary";
const METRICS_FILE: &str = "--metrics-file";
const LINEAGE: &str = "--lineage";

/// The records of one run.
pub(crate) struct RunRecorder {
    summary: Option<RecordFile>,
    metrics: Option<RecordFile>,
    /// The file that OpenLineage events are appended to: only checked here, by the rules of the records.
    events: Option<RecordFile>,
    started_ms: i64,
    /// When the last run that succeeded has ended, in milliseconds since 1970.
    last_success_ms: Option<i64>,
    state: Mutex<RecordState>,
}

/// The facts about a run.
struct RecordState {
    /// Name of the job for metrics: of the last run of this file until the manifest is read.
    job: String,
    /// Name of the job and id of the run, once they are known.
    known: Option<(String, String)>,
    /// The shard that is run, once it is known.
    shard: Option<Shard>,
    /// Nothing is written after the end.
    has_ended: bool,
    /// Options of records that would replace another file: nothing is written to them.
    refused: Vec<&'static str>,
}

/// Whether these are the words of a run or a merge. Options with values may come before the command.
pub(crate) fn is_run_or_merge(words: &[String]) -> bool {
    words.iter().skip(1).any(|word| word == "run" || word == "merge")
}

impl RunRecorder {
    /// The records of a run whose arguments are known.
    pub(crate) fn of_arguments(args: &Run) -> Self {
        let record = Self::new(args.summary.as_deref(), args.metrics_file.as_deref(), Some(&args.job.job))
            .with_events(&args.caller.lineage);
        record.state().shard = args.shard.shard.and_then(|choice| choice.shard().ok());
        record
    }

    /// The summary of another command than `run` that ends like one.
    pub(crate) fn of_summary(summary: Option<&Path>, lineage: &LineageArgs, manifest: &Path) -> Self {
        Self::new(summary, None, Some(manifest)).with_events(lineage)
    }

    /// The records of a run or a merge whose arguments are wrong, as far as they can be determined.
    pub(crate) fn of_words(words: &[String]) -> Option<Self> {
        let value = |name: &str| {
            let with_equals = words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
            // The value may have been forgotten.
            let next = || {
                let value = words.windows(2).find(|two| two[0] == name).map(|two| two[1].as_str());
                value.filter(|value| *value == "-" || !value.starts_with('-'))
            };
            with_equals.or_else(next).map(PathBuf::from)
        };
        let (summary, metrics) = (value(SUMMARY), value(METRICS_FILE));
        let record = (is_run_or_merge(words) && (summary.is_some() || metrics.is_some()))
            .then(|| Self::new(summary.as_deref(), metrics.as_deref(), None))?;
        let shard = value("--shard").and_then(|text| ShardChoice::parse(text.to_str()?).ok());
        record.state().shard = shard.and_then(|choice| choice.shard().ok());
        // Refused records are not written.
        let _ = value("--store").map(|store| record.protect(&database_files(&store)));
        Some(record)
    }

    fn new(summary: Option<&Path>, metrics: Option<&Path>, manifest: Option<&Path>) -> Self {
        let metrics = metrics.map(RecordFile::classify);
        let (job, last_success_ms) =
            metrics.as_ref().and_then(RecordFile::read).map_or((None, None), |text| parse_last_success(&text));
        // A key may have been given instead of a manifest.
        let is_shown = |path: &&Path| path.exists() || mask_word(&path.to_string_lossy()) == path.to_string_lossy();
        let manifest = manifest.filter(is_shown);
        let stem = || manifest.and_then(Path::file_stem).map(|stem| stem.to_string_lossy().into_owned());
        Self {
            summary: summary.map(RecordFile::classify),
            metrics,
            events: None,
            started_ms: SystemClock::new().wall_ms(),
            last_success_ms,
            state: Mutex::new(RecordState {
                job: job.or_else(stem).unwrap_or_default(),
                known: None,
                shard: None,
                has_ended: false,
                refused: Vec::new(),
            }),
        }
    }

    fn with_events(self, lineage: &LineageArgs) -> Self {
        Self { events: Lineage::file(lineage).map(|path| RecordFile::classify(&path)), ..self }
    }

    /// The files that options name, with their options.
    fn named(&self) -> impl Iterator<Item = (&'static str, &RecordFile)> {
        let named = [(SUMMARY, &self.summary), (METRICS_FILE, &self.metrics), (LINEAGE, &self.events)];
        named.into_iter().filter_map(|(option, record)| Some((option, record.as_ref()?)))
    }

    /// The regular files among them.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        let records = [&self.summary, &self.metrics, &self.events].into_iter().flatten();
        records.filter(|record| record.is_rewritten()).filter_map(RecordFile::path)
    }

    /// Checks that the records do not replace other files.
    ///
    /// # Errors
    /// When one of them would overwrite another file, or another one of them.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let records = [&self.summary, &self.metrics];
        let checked = records.into_iter().flatten().try_for_each(RecordFile::check);
        let checked = checked.and_then(|()| self.check_names());
        checked.map_err(|message| Failure::new(super::exit::WRONG_INPUT, message).with_hint("name another file"))
    }

    /// Checks that no two options name the same file. The second one is not written.
    fn check_names(&self) -> Result<(), String> {
        for (option, record) in self.named().filter(|(_, record)| record.is_rewritten()) {
            if let Some((other, _)) = self.named().find(|(other, it)| *other != option && record.is_same(it)) {
                self.refuse(other);
                return Err(format!("{option} and {other} name the same file"));
            }
        }
        Ok(())
    }

    /// Checks that no record takes the place of one of these files, whether they exist or not. A record
    /// that does is never written.
    ///
    /// # Errors
    /// When one of them would.
    pub(crate) fn protect(&self, files: &[PathBuf]) -> Result<(), Failure> {
        let files: Vec<RecordFile> = files.iter().map(|path| RecordFile::Replaced(path.clone())).collect();
        self.refuse_if(|option, record| {
            if !files.iter().any(|file| file.is_same(record)) {
                return Ok(());
            }
            let message = format!("{option} would overwrite the manifest or the store");
            Err(Failure::new(super::exit::WRONG_INPUT, message).with_hint("name another file"))
        })
    }

    /// Checks that no record takes the place of a file that the job needs. A record that does is never
    /// written.
    ///
    /// # Errors
    /// When one of them would.
    pub(crate) fn protect_files_of(&self, job: &Job) -> Result<(), Failure> {
        self.refuse_if(|option, record| {
            if *record == RecordFile::Stdout {
                job.check_standard_output()?;
            }
            let written = record.path().filter(|_| record.is_rewritten());
            let written = written.map(|path| WrittenFile::new(option, path, WrittenContent::Other));
            Ok(job.check_written(written.as_slice())?)
        })
    }

    /// Refuses the records that `check` rejects, and returns the first rejection.
    fn refuse_if(&self, check: impl Fn(&'static str, &RecordFile) -> Result<(), Failure>) -> Result<(), Failure> {
        let mut checked = Ok(());
        for (option, record) in self.named() {
            let found = check(option, record).inspect_err(|_| self.refuse(option));
            checked = checked.and(found);
        }
        checked
    }

    fn refuse(&self, option: &'static str) {
        self.state().refused.push(option);
    }

    /// The run continues. `session`: once there is one.
    ///
    /// # Errors
    /// When a record can't be written, before anything is paid for.
    pub(crate) fn write_running(&self, session: Option<&Session>) -> Result<(), Failure> {
        let mut state = self.state();
        if let Some(session) = session {
            session.job().name().clone_into(&mut state.job);
            state.shard = session.job().shard();
            state.known = Some((session.job().name().to_owned(), session.run_id().to_owned()));
        }
        let summary = self.summary_of(&state, RunState::Running.name(), None);
        let metrics = self.metrics_of(&state, RunState::Running.name(), None);
        let rewritten = |record: &&RecordFile| record.is_rewritten();
        let records = [
            (SUMMARY, self.summary.as_ref(), self.summary_text(&summary)),
            (METRICS_FILE, self.metrics.as_ref(), metrics),
        ];
        let written = records
            .into_iter()
            .filter(|(option, ..)| !state.refused.contains(option))
            .filter_map(|(_, record, text)| Some((record.filter(rewritten)?, text)))
            .try_for_each(|(record, text)| record.write(&text));
        written.map_err(|error| Failure::new(super::exit::STORAGE, error))
    }

    /// The run ended with a report. Standard output gets its line last.
    ///
    /// # Errors
    /// When a record can't be written.
    pub(crate) fn write_report(&self, report: &RunReport) -> Result<(), Failure> {
        let mut state = self.state();
        state.has_ended = true;
        let metrics = report.to_openmetrics(SystemClock::new().wall_ms(), self.last_success_ms);
        let mut summary = report.to_json();
        if let Some(error) = report.error() {
            add_failure(&mut summary, &error.into());
        }
        self.write_end(&state, &summary, &metrics).map_err(|error| Failure::new(super::exit::STORAGE, error))
    }

    /// The run ended without a report.
    pub(crate) fn write_failure(&self, failure: &Failure) {
        let mut state = self.state();
        if std::mem::replace(&mut state.has_ended, true) {
            return;
        }
        let mut summary = self.summary_of(&state, failure.outcome(), Some(failure.code()));
        add_failure(&mut summary, failure);
        let metrics = self.metrics_of(&state, failure.outcome(), Some(failure.code()));
        if let Err(error) = self.write_end(&state, &summary, &metrics) {
            log::line("WARN", &format!("warning: {error}"), serde_json::Map::new());
        }
    }

    /// A second signal ends the process now.
    pub(crate) fn write_abort(&self, signal: Signal) {
        // A write in progress is finished first. The end may be in progress: then its record stays.
        let Some(state) = self.lock_soon() else { return };
        if state.has_ended {
            return;
        }
        let (outcome, exit_code) = (signal.outcome(), Some(signal.exit_code()));
        let summary = self.summary_of(&state, outcome, exit_code);
        let metrics = self.metrics_of(&state, outcome, exit_code);
        // The process ends whether it can be written or not.
        let _ = self.write_end(&state, &summary, &metrics);
    }

    /// The state, unless its lock is held for long.
    #[expect(clippy::disallowed_methods, reason = "the process ends, and no result depends on the time")]
    fn lock_soon(&self) -> Option<MutexGuard<'_, RecordState>> {
        for _ in 0..100 {
            match self.state.try_lock() {
                Ok(state) => return Some(state),
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        }
        None
    }

    fn write_end(&self, state: &RecordState, summary: &Value, metrics: &str) -> Result<(), String> {
        let write = |option: &str, record: Option<&RecordFile>, text: &str| {
            record.filter(|_| !state.refused.contains(&option)).map_or(Ok(()), |record| record.write(text))
        };
        let first = write(METRICS_FILE, self.metrics.as_ref(), metrics);
        let written = write(SUMMARY, self.summary.as_ref(), &self.summary_text(summary));
        // On a full disk, the record of the start still holds the space of a short one.
        let written = written.or_else(|error| match &self.summary {
            Some(RecordFile::Replaced(_)) => {
                write(SUMMARY, self.summary.as_ref(), &short_record(summary)).map_err(|_| error)
            }
            _ => Err(error),
        });
        written.and(first)
    }

    fn summary_text(&self, summary: &Value) -> String {
        match &self.summary {
            Some(RecordFile::Replaced(_)) | None => format!("{summary:#}\n"),
            Some(RecordFile::Mounted(_)) => short_record(summary),
            Some(RecordFile::Overwritten(_) | RecordFile::Stream(_) | RecordFile::Stdout | RecordFile::Stderr) => {
                format!("{summary}\n")
            }
        }
    }

    /// The summary of a run without a report.
    fn summary_of(&self, state: &RecordState, outcome: &str, exit_code: Option<u8>) -> Value {
        let (job, run_id) = state.known.clone().unzip();
        json!({
            "job": job, "run_id": run_id, "outcome": outcome, "exit_code": exit_code,
            "started_at": rfc3339(self.started_ms), "shard": state.shard.map(|shard| shard.to_string()),
        })
    }

    /// The metrics of a run without a report.
    fn metrics_of(&self, state: &RecordState, outcome: &'static str, exit_code: Option<u8>) -> String {
        render_unreported_prometheus(&UnreportedRun {
            job: state.job.clone(),
            shard: state.shard,
            run_id: state.known.as_ref().map(|(_, run_id)| run_id.clone()),
            outcome,
            started_ms: self.started_ms,
            end: exit_code.map(|exit_code| (exit_code, SystemClock::new().wall_ms())),
            last_success_ms: self.last_success_ms,
        })
    }

    fn state(&self) -> std::sync::MutexGuard<'_, RecordState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds why a run did not do all of its work.
fn add_failure(summary: &mut Value, failure: &Failure) {
    (summary["error"], summary["hint"]) = (failure.message().into(), failure.hint().into());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_arguments_name_their_records_as_far_as_they_can_be_seen() {
        for (words, summary, metrics) in [
            ("docmill run job.yaml --summary s.json --bogus", Some("s.json"), None),
            ("docmill -q run --summary=s.json --metrics-file m.prom --limit x", Some("s.json"), Some("m.prom")),
            ("docmill run --metrics-file=m.prom", None, Some("m.prom")),
            ("docmill run --bogus --summary", None, None),
            ("docmill plan --summary s.json", None, None),
            ("docmill", None, None),
        ] {
            let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
            let record = RunRecorder::of_words(&words);
            let file = |name: Option<&str>| name.map(|name| RecordFile::Replaced(name.into()));
            let found = record.map_or((None, None), |record| (record.summary, record.metrics));
            assert_eq!(found, (file(summary), file(metrics)), "{words:?}");
        }
    }
}
