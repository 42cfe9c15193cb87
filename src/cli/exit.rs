//! Failures as messages and exit codes: what is wrong, and after a blank line what to do.

use super::args::LogFormat;
use super::log;
use crate::session::Error;
use std::process::ExitCode;

/// A command that could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
    code: u8,
}

pub(crate) use crate::session::error::{INTERNAL, STORAGE, WRONG_INPUT};

impl Failure {
    pub(crate) fn new(code: u8, message: impl ToString) -> Self {
        Self { message: message.to_string(), hint: None, code }
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
                // A rendered manifest fault already starts with `error:`.
                let prefix = if self.message.starts_with("error:") { "" } else { "error: " };
                let hint = self.hint.as_ref().map_or(String::new(), |hint| format!("\n\nhint: {hint}"));
                log::line("ERROR", &format!("{prefix}{}{hint}", self.message), serde_json::Map::new());
            }
        }
        ExitCode::from(self.code)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let failure = Self::new(error.exit_code(), error.message());
        match error.hint() {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    }
}
