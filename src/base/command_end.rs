//! How a command ends: a word, which summaries and metrics show, and an exit code.

use super::exit_codes;
use super::vocabulary::RunOutcomeName;

/// The end of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CommandEnd {
    /// The word in summaries, metrics and messages to callers.
    pub(crate) word: &'static str,
    /// The exit code of the process.
    pub(crate) exit_code: u8,
}

/// A defect of docmill.
pub(crate) const INTERNAL: CommandEnd = CommandEnd::of_run(RunOutcomeName::InternalError, exit_codes::INTERNAL);
/// Wrong input: arguments, manifest, input folder.
pub(crate) const WRONG_INPUT: CommandEnd = CommandEnd::of_run(RunOutcomeName::InputError, exit_codes::WRONG_INPUT);
/// A budget does not allow what was asked for.
pub(crate) const BUDGET_REACHED: CommandEnd =
    CommandEnd::of_run(RunOutcomeName::BudgetReached, exit_codes::BUDGET_REACHED);
/// A store or an output can't be read or written.
pub(crate) const STORAGE: CommandEnd = CommandEnd::of_run(RunOutcomeName::StorageError, exit_codes::STORAGE);
/// An evaluation or a comparison did not reach a threshold. Runs have no such outcome.
pub(crate) const GATE_FAILED: CommandEnd = CommandEnd { word: "quality_gate", exit_code: exit_codes::GATE_FAILED };

impl CommandEnd {
    /// The end of a run with this outcome.
    pub(crate) const fn of_run(outcome: RunOutcomeName, exit_code: u8) -> Self {
        Self { word: outcome.name(), exit_code }
    }
}
