//! How a run ends: for people, for schedulers.

use crate::base::money::Pico;
use crate::base::vocabulary::{ErrorKind, RunOutcomeName};
use crate::provider::Refusal;

/// A signal that ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What schedulers send.
    Terminate,
}

/// How a run ends.
#[derive(Clone, Debug, PartialEq)]
pub enum RunOutcome {
    /// Every page is settled.
    Complete,
    /// What `--limit` or `--sample` asked for is settled.
    Limited,
    /// Finished; more pages are unusable than allowed.
    FailedPages {
        /// Unusable pages.
        unusable: u64,
        /// All pages.
        total: u64,
    },
    /// Stopped early: page after page ended with the same error.
    SameError {
        /// The kind of error.
        kind: ErrorKind,
        /// The last page's words.
        message: String,
        /// Pages in a row.
        pages: u32,
    },
    /// The input has no page.
    NoPages,
    /// The next request would not fit into the budget.
    BudgetReached {
        /// What is spent in the budget's scope; when more was billed, what one request cost.
        spent: Pico,
        /// More was billed than had been set aside.
        is_overbilled: bool,
    },
    /// The provider refuses everything.
    ProviderRefused(Refusal),
    /// The provider lets nothing through.
    ProviderUnavailable(String),
    /// The store or an output can't be read or written.
    StorageError(String),
    /// `limits.run_time` is over.
    DeadlineReached,
    /// A signal came.
    Interrupted(Signal),
    /// The input can't be read to its end.
    InputError(String),
    /// Something of ours does not work.
    Internal(String),
}

impl RunOutcome {
    /// As the store and the report name it.
    #[must_use]
    pub fn word(&self) -> RunOutcomeName {
        match self {
            Self::Complete => RunOutcomeName::Complete,
            Self::Limited => RunOutcomeName::Limited,
            Self::FailedPages { .. } => RunOutcomeName::FailedPages,
            Self::SameError { .. } => RunOutcomeName::SameError,
            Self::NoPages => RunOutcomeName::NoPages,
            Self::BudgetReached { .. } => RunOutcomeName::BudgetReached,
            Self::ProviderRefused(_) => RunOutcomeName::ProviderRefused,
            Self::ProviderUnavailable(_) => RunOutcomeName::ProviderUnavailable,
            Self::StorageError(_) => RunOutcomeName::StorageError,
            Self::DeadlineReached => RunOutcomeName::DeadlineReached,
            Self::Interrupted(_) => RunOutcomeName::Interrupted,
            Self::InputError(_) => RunOutcomeName::InputError,
            Self::Internal(_) => RunOutcomeName::InternalError,
        }
    }

    /// The word of [`Self::word`].
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.word().name()
    }

    /// The exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Complete | Self::Limited => 0,
            Self::Internal(_) => 1,
            Self::InputError(_) => 2,
            Self::FailedPages { .. } | Self::SameError { .. } | Self::NoPages => 3,
            Self::BudgetReached { .. } => 4,
            Self::ProviderRefused(_) => 5,
            Self::ProviderUnavailable(_) => 6,
            Self::StorageError(_) => 8,
            Self::DeadlineReached => 9,
            Self::Interrupted(Signal::Interrupt) => 130,
            Self::Interrupted(Signal::Terminate) => 143,
        }
    }

    /// What happened and what to do, for outcomes that need it.
    #[must_use]
    pub fn explanation(&self) -> Option<(String, String)> {
        let resumable = "run the same command again to go on; nothing is paid twice";
        let (what, hint) = match self {
            Self::Complete | Self::Limited => return None,
            Self::FailedPages { unusable, total } => (
                format!(
                    "{unusable} of {total} pages are failed, invalid or refused, more than on_error.max_failed allows"
                ),
                "look at the `error_kind` and `error` columns; raise on_error.max_failed if that many are expected"
                    .to_owned(),
            ),
            Self::SameError { kind, message, pages } => (
                format!("stopped: {pages} pages in a row ended with the error `{kind}`: {message}"),
                same_error_hint(*kind).to_owned() + "; on_error.stop_after: 0 goes on regardless",
            ),
            Self::NoPages => (
                "there is no page in the input".to_owned(),
                "check input.folder and input.include, or input.list; input.allow_empty: true makes this a success"
                    .to_owned(),
            ),
            Self::BudgetReached { spent, is_overbilled: false } => (
                format!("the budget is reached: USD {spent} are spent, and the next request might not fit"),
                "raise limits.budget_usd and run again; a budget for a day begins anew at midnight UTC, one for a run with each run. `docmill plan` says what a request costs at most".to_owned(),
            ),
            Self::BudgetReached { spent, is_overbilled: true } => (
                format!("the endpoint billed more than was set aside for a request: USD {spent} for one"),
                "what it bills was learned: look at `docmill plan`, then run again; nothing is paid twice".to_owned(),
            ),
            Self::ProviderRefused(refusal) => {
                (format!("the provider refuses: {}", refusal.message), refusal.hint.clone())
            }
            Self::ProviderUnavailable(message) => (
                format!("the provider let nothing through for longer than retry.max_wait: {message}"),
                resumable.to_owned(),
            ),
            Self::StorageError(message) => {
                (message.clone(), format!("check the disk and the permissions, then {resumable}"))
            }
            Self::DeadlineReached => ("limits.run_time is over".to_owned(), resumable.to_owned()),
            Self::Interrupted(_) => ("interrupted".to_owned(), resumable.to_owned()),
            Self::InputError(message) => (message.clone(), format!("mend the list, then {resumable}")),
            Self::Internal(message) => (message.clone(), resumable.to_owned()),
        };
        Some((what, hint))
    }
}

fn same_error_hint(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::WrongLabel | ErrorKind::TooManyLabels => {
            "make the labels clearer, add descriptions or `other: true`, or try another model"
        }
        ErrorKind::NotJson | ErrorKind::Missing | ErrorKind::WrongType | ErrorKind::EmptyReply => {
            "the model does not keep to the form: try another model or fewer tasks"
        }
        ErrorKind::Length => "raise request.max_tokens",
        ErrorKind::Refusal | ErrorKind::ContentFilter => {
            "the provider declines these pages: reword the question or try another model"
        }
        ErrorKind::BadRequest => {
            "the server does not take this request: look at the message, then at request.extra and image"
        }
        ErrorKind::ImageRefused => "the model does not take these images: check that it has vision, or set image.size",
        ErrorKind::RequestTooLarge | ErrorKind::ContextTooLong => "send less: image.detail: low, or fewer labels",
        ErrorKind::Timeout => "raise the time-outs in request, or lower limits.concurrency",
        _ => "look at the message; the server may be down or misconfigured",
    }
}
