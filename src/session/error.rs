//! Errors of the public API.

use crate::base::command_end::{BUDGET_REACHED, CommandEnd, GATE_FAILED};
use crate::base::exit_codes::is_retryable;
use crate::base::money::Pico;
use crate::base::units::counted_as;
use crate::labels::evaluation::EvalError;
use crate::manifest::{ManifestError, shown_path};
use crate::pipeline::{CHECK_DISK, LostRequests, PipelineError, RunOutcome, UnstoredAnswers};
use crate::review::ReviewError;
use crate::source::SourceError;
use crate::store::StoreError;

pub(crate) use crate::base::command_end::{INTERNAL, STORAGE, WRONG_INPUT};

/// The name of the manifest that `docmill init` writes into a folder.
const MANIFEST_NAME: &str = "job.yaml";

/// Why something could not be done, or why a run ended early: a message, often a hint, and the exit
/// code that `docmill` would have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    hint: Option<Hint>,
    end: CommandEnd,
}

/// What to do about an error.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Hint {
    /// The disk or the permissions may be at fault, then the same command continues: nothing is paid for twice.
    CheckDisk(String),
    /// Anything else.
    Other(String),
}

impl Hint {
    fn text(&self) -> &str {
        match self {
            Self::CheckDisk(text) | Self::Other(text) => text,
        }
    }
}

impl Error {
    pub(crate) fn new(end: CommandEnd, message: impl ToString) -> Self {
        Self { message: message.to_string(), hint: None, end }
    }

    /// The error of an evaluation in which a threshold was not reached.
    pub(crate) fn of_gates(message: String) -> Self {
        Self::new(GATE_FAILED, message)
    }

    /// The error of a budget that does not allow the requests.
    pub(crate) fn of_budget(message: String) -> Self {
        Self::new(BUDGET_REACHED, message)
    }

    pub(crate) fn with_hint(mut self, hint: &str) -> Self {
        self.hint = Some(Hint::Other(hint.to_owned()));
        self
    }

    /// The error of a run that ended with this outcome; `None`: it succeeded. `lost`: requests that are sent again.
    pub(crate) fn from_outcome(outcome: &RunOutcome, lost: LostRequests) -> Option<Self> {
        let (message, hint) = outcome.explanation(lost)?;
        let hint = match outcome {
            RunOutcome::StorageError(_) => Hint::CheckDisk(hint),
            _ => Hint::Other(hint),
        };
        Some(Self { message, hint: Some(hint), end: outcome.end() })
    }

    /// The error of a run that ended early and left something undone: `what`.
    pub(crate) fn cut_short(outcome: &RunOutcome, what: &str) -> Self {
        let explanation = outcome.explanation(LostRequests::default());
        let ended = explanation.map_or_else(|| outcome.name().to_string(), |(message, _)| message);
        let hint = "`docmill export` writes the outputs from what is stored; run the same command again to continue";
        Self::new(outcome.end(), format!("{ended}; {what}")).with_hint(hint)
    }

    /// The same, saying which answers are lost, if any.
    pub(crate) fn with_unstored(mut self, unstored: UnstoredAnswers) -> Self {
        let UnstoredAnswers { replies, cost_pico } = unstored;
        if replies == 0 {
            return self;
        }
        let cost = if cost_pico > 0 { format!(" (USD {})", Pico(cost_pico)) } else { String::new() };
        let replies = counted_as(replies, &format!("reply{cost} was"), &format!("replies{cost} were"));
        let lost = format!("{replies} received but could not be stored: these pages are sent and billed again");
        self.hint = Some(Hint::Other(match self.hint {
            Some(Hint::CheckDisk(_)) => format!("{lost}; {CHECK_DISK}, then run the same command again to continue"),
            Some(Hint::Other(hint)) => format!("{lost}; {hint}"),
            None => lost,
        }));
        self
    }

    /// What went wrong: lower-case, without a full stop.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_ref().map(Hint::text)
    }

    /// The exit code that `docmill` has: 1 internal error, 2 wrong input, 3 failed pages, 4 budget
    /// reached, 5 provider refuses, 6 provider unavailable, 7 quality gate failed, 8 storage error, 9 deadline reached, 10 a batch is pending, 130
    /// and 143 interrupted.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.end.exit_code
    }

    /// The word for the outcome, as reports show it.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        self.end.word
    }

    /// Whether running again without a change may succeed.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        is_retryable(self.end.exit_code)
    }
}

impl From<ManifestError> for Error {
    fn from(error: ManifestError) -> Self {
        match &error {
            ManifestError::Read { source, path } => {
                let given = path.to_string_lossy();
                let inside = path.join(MANIFEST_NAME);
                let hint = if shown_path(path, source) != given {
                    "name the file of a manifest; what was given is not shown, because it may be a key".to_owned()
                } else if inside.is_file() {
                    format!("name the manifest in this folder: {}", inside.display())
                } else {
                    "`docmill init` writes a manifest to start from".to_owned()
                };
                Self::new(WRONG_INPUT, format!("{error}: {source}")).with_hint(&hint)
            }
            ManifestError::Faults(_) => Self::new(WRONG_INPUT, error),
        }
    }
}

impl From<SourceError> for Error {
    fn from(error: SourceError) -> Self {
        PipelineError::from(error).into()
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        PipelineError::from(error).into()
    }
}

impl From<PipelineError> for Error {
    fn from(error: PipelineError) -> Self {
        let outcome = RunOutcome::from_error(&error);
        let hint = match &error {
            PipelineError::Source(SourceError::Folder { path, .. }) if path.is_file() => {
                Some("input.folder names a file; a list of files is given with input.list")
            }
            PipelineError::Source(error) if error.is_missing() => {
                Some("input.folder and input.list are relative to the manifest")
            }
            PipelineError::Source(_) => None,
            PipelineError::NoRun => Some("start with `docmill run`, or name another store with `--store`"),
            PipelineError::Store(_) | PipelineError::Export(_) => {
                if let RunOutcome::InputFault { hint, .. } | RunOutcome::StoreFault { hint, .. } = &outcome {
                    return Self::new(outcome.end(), error).with_hint(hint);
                }
                let disk = Hint::CheckDisk(format!("{CHECK_DISK}, then run again; nothing is paid for twice"));
                return Self { hint: Some(disk), ..Self::new(outcome.end(), error) };
            }
            PipelineError::NoTask { .. }
            | PipelineError::Input(_)
            | PipelineError::NearDuplicateTemplates
            | PipelineError::OnceWithoutBatches
            | PipelineError::Client(_)
            | PipelineError::Page { .. }
            | PipelineError::OutputsAbandoned
            | PipelineError::Internal(_) => None,
        };
        let hint = hint.map(|hint| Hint::Other(hint.to_owned()));
        Self { hint, ..Self::new(outcome.end(), error) }
    }
}

impl From<EvalError> for Error {
    fn from(error: EvalError) -> Self {
        match error {
            EvalError::Pipeline(error) => error.into(),
            EvalError::Input { message, hint } => {
                let error = Self::new(WRONG_INPUT, message);
                match hint {
                    Some(hint) => error.with_hint(&hint),
                    None => error,
                }
            }
        }
    }
}

impl From<ReviewError> for Error {
    fn from(error: ReviewError) -> Self {
        match error {
            ReviewError::Pipeline(error) => error.into(),
            ReviewError::Listen { .. } => {
                Self::new(WRONG_INPUT, error).with_hint("name another port, or 0 for one that is free")
            }
            ReviewError::NoMatch(_) => Self::new(WRONG_INPUT, error)
                .with_hint("`docmill rows` with the same --where shows the rows that match"),
            ReviewError::System(_) => Self::new(INTERNAL, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_exit_codes_of_the_command_line() {
        let missing = StoreError::Missing { path: "store.db".into() };
        for (error, exit_code, outcome, is_retryable) in [
            (Error::from(PipelineError::Internal("defect".into())), 1, "internal_error", false),
            (Error::from(PipelineError::NoRun), 2, "input_error", false),
            (Error::from(missing), 2, "input_error", false),
            (Error::from(StoreError::Closed), 8, "storage_error", true),
            (Error::from(PipelineError::Input("line 3".into())), 2, "input_error", false),
        ] {
            assert_eq!(
                (error.exit_code(), error.outcome(), error.is_retryable()),
                (exit_code, outcome, is_retryable),
                "{error}"
            );
        }
        assert_eq!(Error::from_outcome(&RunOutcome::Complete, LostRequests::default()), None);
        let newer = Error::from(StoreError::Newer { path: "store.db".into(), found: 99, known: 7 });
        assert!(newer.message().contains("a newer docmill has written"), "{newer}");
        assert!(newer.hint().is_some_and(|hint| hint.contains("a newer one") && !hint.contains("disk")), "{newer:?}");
        let deadline = Error::from_outcome(&RunOutcome::DeadlineReached, LostRequests::default()).unwrap();
        assert_eq!((deadline.exit_code(), deadline.outcome(), deadline.is_retryable()), (9, "deadline_reached", true));
        assert!(deadline.hint().is_some());
    }

    #[test]
    fn answers_that_were_not_stored_are_named_before_what_to_do() {
        let lost = "2 replies (USD 0.5) were received but could not be stored: these pages are sent and billed again";
        let unstored = UnstoredAnswers { replies: 2, cost_pico: 500_000_000_000 };
        let full = || RunOutcome::StorageError("full".into());
        let check_disk = "check the disk and the permissions, then run the same command again to continue";
        for (error, hint) in [
            (Error::from_outcome(&full(), LostRequests::default()).unwrap(), format!("{lost}; {check_disk}")),
            (Error::from(StoreError::Closed), format!("{lost}; {check_disk}")),
            (Error::new(STORAGE, "full").with_hint("do this"), format!("{lost}; do this")),
            (Error::new(STORAGE, "full"), lost.to_owned()),
        ] {
            assert_eq!(error.clone().with_unstored(unstored).hint(), Some(hint.as_str()), "{error:?}");
            assert_eq!(error.clone().with_unstored(UnstoredAnswers::default()), error);
        }
    }
}
