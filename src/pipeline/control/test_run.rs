//! A run for unit tests, in a folder of its own.

use super::context::RunContext;
use super::counters::Counters;
use super::dependencies::Dependencies;
use super::identity::RunPurpose;
use super::shutdown::Shutdown;
use crate::base::clock::ManualClock;
use crate::base::hooks::NoHooks;
use crate::base::ids::RunId;
use crate::manifest::check;
use crate::prepare::DecoderCommand;
use crate::provider::HttpClient;
use crate::task::compile;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// Wall time when the run begins: some day in 2026.
const STARTED_MS: i64 = 1_795_000_000_000;

/// A run that has begun and has done nothing.
pub(crate) struct TestRun {
    folder: TempDir,
    /// The run.
    pub(crate) run: Arc<RunContext>,
}

impl TestRun {
    /// A run of a job with one task. `input`: the section of the manifest; `files`: the files in its folder, and their
    /// texts.
    pub(crate) fn begin(input: &str, files: &[(&str, &str)], client: &HttpClient) -> Self {
        let folder = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, text)| write(&folder.path().join(name), text));
        let manifest = format!(
            "version: 1\nname: x\ninput: {input}\nprovider: {{simulator: {{}}, model: openai/gpt-4o-mini}}\ntasks: {{kind: {{classify: {{labels: [a, b]}}}}}}\n"
        );
        let job = Arc::new(check(&folder.path().join("job.yaml"), &manifest, &|_| None).unwrap());
        let questions = compile(&job.tasks, &[]).unwrap().into();
        let clock = Arc::new(ManualClock::starting_at(STARTED_MS));
        let dependencies = Dependencies {
            clock: clock.clone(),
            hooks: Arc::new(NoHooks),
            seed: 1,
            run_id: RunId::new("test"),
            client: client.clone(),
            decoder: DecoderCommand::new("/no/such/program", Vec::new()),
        };
        let (shutdown, counters) = (Shutdown::new(clock), Arc::new(Counters::default()));
        let purpose = RunPurpose::Job { selection: None };
        let run = RunContext::begin(&job, &questions, &dependencies, purpose, &shutdown, &counters).unwrap();
        Self { folder, run: Arc::new(run) }
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file in its folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        write(&self.folder().join(name), text);
    }
}

#[expect(clippy::disallowed_methods, reason = "tests write files")]
fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}
