//! Failures as messages and exit codes: the fault, and after a blank line a remedy.

use super::args::LogFormat;
use super::log;
use crate::base::command_end::CommandEnd;
use crate::base::exit_codes::BATCH_PENDING;
use crate::base::mask::mask_keys;
use crate::session::Error;
use std::process::ExitCode;

/// A command that could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
    outcome: &'static str,
    code: u8,
}

pub(crate) use crate::base::command_end::{BUDGET_REACHED, INTERNAL, STORAGE, WRONG_INPUT};

impl Failure {
    pub(crate) fn new(end: CommandEnd, message: impl ToString) -> Self {
        // A key that was pasted in the wrong place is not repeated.
        let message = mask_keys(&message.to_string()).into_owned();
        Self { message, hint: None, outcome: end.word, code: end.exit_code }
    }

    /// What went wrong.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    /// The word for it in a summary of a run.
    pub(crate) fn outcome(&self) -> &'static str {
        self.outcome
    }

    pub(crate) fn with_hint(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self
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
                // A rendered manifest fault already starts with `error:`, and an unfinished batch is not an error.
                let is_plain = self.message.starts_with("error:") || self.code == BATCH_PENDING;
                let prefix = if is_plain { "" } else { "error: " };
                let hint = self.hint.as_ref().map_or(String::new(), |hint| format!("\n\nhint: {hint}"));
                log::line("ERROR", &format!("{prefix}{}{hint}", self.message), serde_json::Map::new());
            }
        }
        ExitCode::from(self.code)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = mask_keys(error.message()).into_owned();
        let failure = Self { message, hint: None, outcome: error.outcome(), code: error.exit_code() };
        match error.hint() {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    }
}
