//! Failures as messages and exit codes: what is wrong, and after a blank line what to do.

use super::args::LogFormat;
use super::log;
use crate::manifest::ManifestError;
use crate::pipeline::PipelineError;
use crate::store::StoreError;
use std::process::ExitCode;

/// A command that could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
    code: u8,
}

/// Internal error.
pub(crate) const INTERNAL: u8 = 1;
/// Command line, manifest or input is wrong.
pub(crate) const WRONG_INPUT: u8 = 2;
/// The store or an output can't be read or written.
pub(crate) const STORAGE: u8 = 8;

impl Failure {
    pub(crate) fn new(code: u8, message: impl ToString) -> Self {
        Self { message: message.to_string(), hint: None, code }
    }

    pub(crate) fn with_hint(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self
    }

    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn report(&self, format: LogFormat) -> ExitCode {
        match format {
            LogFormat::Json => {
                let mut more = serde_json::Map::new();
                more.insert("hint".into(), self.hint.clone().into());
                more.insert("exit_code".into(), self.code.into());
                log::line("ERROR", &self.message, more);
            }
            LogFormat::Text => {
                // A rendered fault says `error:` itself.
                let prefix = if self.message.starts_with("error:") { "" } else { "error: " };
                let hint = self.hint.as_ref().map_or(String::new(), |hint| format!("\n\nhint: {hint}"));
                log::line("ERROR", &format!("{prefix}{}{hint}", self.message), serde_json::Map::new());
            }
        }
        ExitCode::from(self.code)
    }
}

impl From<ManifestError> for Failure {
    fn from(error: ManifestError) -> Self {
        match &error {
            ManifestError::Read { source, .. } => Self::new(WRONG_INPUT, format!("{error}: {source}"))
                .with_hint("`docmill init` writes a manifest to start from"),
            ManifestError::Faults(_) => Self::new(WRONG_INPUT, error),
        }
    }
}

impl From<PipelineError> for Failure {
    fn from(error: PipelineError) -> Self {
        match &error {
            PipelineError::Source(_) => {
                Self::new(WRONG_INPUT, &error).with_hint("input.folder and input.list are relative to the manifest")
            }
            PipelineError::NoTask { .. }
            | PipelineError::Input(_)
            | PipelineError::NearTemplates
            | PipelineError::Client(_)
            | PipelineError::Page { .. } => Self::new(WRONG_INPUT, &error),
            PipelineError::NoRun => {
                Self::new(WRONG_INPUT, &error).with_hint("`docmill run` comes first; `--store` names another store")
            }
            PipelineError::Store(StoreError::Missing { .. }) => Self::new(WRONG_INPUT, &error)
                .with_hint("`docmill run` makes it, beside the manifest; name the manifest, or the file with --store"),
            PipelineError::Store(StoreError::Damaged(_)) => Self::new(STORAGE, &error).with_hint(
                "`docmill store check` tells what is wrong; put your last `docmill store backup` in its place, or save what \
                 can be read with `docmill store salvage --to FILE`",
            ),
            PipelineError::Store(_) | PipelineError::Export(_) => Self::new(STORAGE, &error)
                .with_hint("check the disk and the permissions, then run again; nothing is paid twice"),
            PipelineError::Internal(_) => Self::new(INTERNAL, &error),
        }
    }
}
