//! Where a run stands: in progress, or ended with an outcome and an exit code.

use super::vocabulary::RunOutcomeName;
use std::fmt;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// It has not ended.
    Running,
    /// It has ended.
    Ended {
        /// How.
        outcome: RunOutcomeName,
        /// The exit code of its process.
        exit_code: u8,
    },
}

impl RunState {
    /// The state of a run whose end is stored as this outcome and exit code, if it is.
    #[must_use]
    pub fn of_end(end: Option<(RunOutcomeName, u8)>) -> Self {
        end.map_or(Self::Running, |(outcome, exit_code)| Self::Ended { outcome, exit_code })
    }

    /// The outcome; `None` before the end.
    #[must_use]
    pub const fn outcome(self) -> Option<RunOutcomeName> {
        match self {
            Self::Running => None,
            Self::Ended { outcome, .. } => Some(outcome),
        }
    }

    /// The exit code; `None` before the end.
    #[must_use]
    pub const fn exit_code(self) -> Option<u8> {
        match self {
            Self::Running => None,
            Self::Ended { exit_code, .. } => Some(exit_code),
        }
    }

    /// Whether everything that was asked for is done.
    #[must_use]
    pub fn is_success(self) -> bool {
        self.exit_code() == Some(super::exit_codes::SUCCESS)
    }

    /// The word in reports, summaries and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ended { outcome, .. } => outcome.name(),
        }
    }
}

impl fmt::Display for RunState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
