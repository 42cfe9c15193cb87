//! How a command ends: a word, which summaries and metrics show, and an exit code.

use super::exit_codes;
use super::vocabulary::RunOutcomeName;
use std::fmt;

/// The word for the end of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandOutcome {
    /// It ended as a run does.
    Run(RunOutcomeName),
    /// An evaluation or a comparison did not reach a mark.
    QualityGate,
}

impl CommandOutcome {
    /// The word in summaries, metrics and messages to callers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Run(outcome) => outcome.name(),
            Self::QualityGate => "quality_gate",
        }
    }
}

impl fmt::Display for CommandOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The end of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CommandEnd {
    /// The word for it.
    pub(crate) outcome: CommandOutcome,
    /// The exit code of the process.
    pub(crate) exit_code: u8,
}

impl CommandEnd {
    /// A defect of docmill.
    pub(crate) const INTERNAL: Self = Self::of_run(RunOutcomeName::InternalError, exit_codes::INTERNAL);
    /// Wrong input: arguments, manifest, input folder.
    pub(crate) const WRONG_INPUT: Self = Self::of_run(RunOutcomeName::InputError, exit_codes::WRONG_INPUT);
    /// A budget does not allow the request.
    pub(crate) const BUDGET_REACHED: Self = Self::of_run(RunOutcomeName::BudgetReached, exit_codes::BUDGET_REACHED);
    /// A store or an output can't be read or written.
    pub(crate) const STORAGE: Self = Self::of_run(RunOutcomeName::StorageError, exit_codes::STORAGE);
    /// An evaluation or a comparison did not reach a mark.
    pub(crate) const GATE_FAILED: Self =
        Self { outcome: CommandOutcome::QualityGate, exit_code: exit_codes::GATE_FAILED };

    /// The end of a run with this outcome.
    pub(crate) const fn of_run(outcome: RunOutcomeName, exit_code: u8) -> Self {
        Self { outcome: CommandOutcome::Run(outcome), exit_code }
    }
}
