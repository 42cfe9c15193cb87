//! How a run ends: its word, exit code, explanation and hint. Hints of errors before a run are in
//! `session/error.rs`.

use super::error::PipelineError;
use super::lost_requests::LostRequests;
use crate::base::command_end::CommandEnd;
use crate::base::exit_codes;
use crate::base::money::Pico;
use crate::base::run_state::RunState;
use crate::base::shard::Shard;
use crate::base::units::{counted, grouped, percent, percent_of};
use crate::base::vocabulary::{ErrorKind, RunOutcomeName};
use crate::provider::ProviderRefusal;
use crate::report::MORE_MEMORY_HINT;
use crate::store::StoreError;

/// A signal that ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What schedulers and supervisors send.
    Terminate,
}

impl Signal {
    /// The exit code of a program that the signal ended: 128 and the number of the signal.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => exit_codes::INTERRUPTED,
            Self::Terminate => exit_codes::TERMINATED,
        }
    }

    /// The word for a run that the signal ended, in the store, in reports and in logs.
    #[must_use]
    pub fn outcome(self) -> &'static str {
        RunOutcome::Interrupted(self).name().name()
    }
}

/// How a run ends.
#[derive(Clone, Debug, PartialEq)]
pub enum RunOutcome {
    /// Every page is done.
    Complete,
    /// Everything that `--limit`, `--sample` or `--task` asked for is done.
    Limited,
    /// Finished; more pages are unusable than allowed.
    FailedPages {
        /// Pages that are failed, invalid or refused.
        unusable: u64,
        /// All pages.
        total: u64,
        /// `on_error.max_failed`: the share of pages that may be.
        max_failed: f64,
        /// The error, where all of them have one for the same reason.
        cause: Option<String>,
        /// Whether the decoder had too little memory for all of them.
        lacks_memory: bool,
    },
    /// Stopped early: page after page failed with the same error.
    SameError {
        /// The kind of error.
        kind: ErrorKind,
        /// The message of the last page.
        message: String,
        /// Pages in a row.
        pages: u32,
    },
    /// The input has no pages.
    NoPages,
    /// The next request might exceed the budget.
    BudgetReached {
        /// The spend in the budget's scope.
        spent: Pico,
        /// What open requests reserve, in batches and in other runs.
        reserved: Pico,
        /// The budget.
        limit: Pico,
        /// What the next request may cost.
        needed: Pico,
        /// The shard whose part of the budget this is; `None`: it is the whole budget.
        shard: Option<Shard>,
    },
    /// The endpoint billed more for one request than was reserved for it, and there is a budget, or it was the first bill
    /// and far above.
    UnexpectedBill {
        /// What the request cost.
        cost: Pico,
    },
    /// The provider refuses every request.
    ProviderRefused(ProviderRefusal),
    /// No request succeeded for longer than `retry.max_wait`.
    ProviderUnavailable {
        /// The provider's last message.
        message: String,
        /// Whether the endpoint has answered a request, in this run or in an earlier one.
        has_replied: bool,
    },
    /// The store or an output can't be read or written.
    StorageError(String),
    /// The store can't be used, for a reason that has its own remedy.
    StoreFault {
        /// Why.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// `limits.run_time` is over.
    DeadlineReached,
    /// Pages are left without an outcome: other runs of the job kept finding more, or a file that was listed before could
    /// not be looked at.
    PagesPending(u64),
    /// The stores of the shards that were merged have neither an answer nor an error for some pages.
    ShardsPending {
        /// Such pages.
        pages: u64,
        /// The tasks that are new or have changed since the shards ran.
        tasks: Vec<String>,
    },
    /// The run does not wait for batches, and some are in progress.
    BatchPending {
        /// Pages that are in batches or wait for the next one.
        pages: u64,
    },
    /// Of the shards of a merge some stopped early, and pages are left: the outcome and the exit code of the most severe one.
    ShardsStopped {
        /// The outcome.
        name: RunOutcomeName,
        /// The exit code.
        exit_code: u8,
        /// Which shards.
        message: String,
    },
    /// Not all of the input could be looked at.
    InputUnread {
        /// Folders and files that could not be read.
        count: u64,
        /// The fault of the first one, human-readable.
        first: String,
    },
    /// A signal came.
    Interrupted(Signal),
    /// The input can't be read completely, or the request does not fit the job.
    InputError(String),
    /// The input, the job or the named store is wrong, for a reason that has its own remedy.
    InputFault {
        /// Why.
        message: String,
        /// What to do about it.
        hint: String,
    },
    /// A defect of docmill.
    InternalError(String),
    /// The run has only tried pages, which may have failed.
    Tried {
        /// The exit code of the command that tried them.
        exit_code: u8,
    },
}

/// The beginning of the hint for what can't be read or written.
pub(crate) const CHECK_DISK: &str = "check the disk and the permissions";

/// The hint for rows that can't be partitioned as the manifest requires.
const PARTITION_HINT: &str = "change output.partition_by and run `docmill export`: the answers are kept";

impl RunOutcome {
    /// The outcome of a run that failed with an error.
    #[must_use]
    pub fn from_error(error: &PipelineError) -> Self {
        let message = error.to_string();
        match error {
            PipelineError::Store(error) => Self::from(error.clone()),
            PipelineError::Export(error) if error.is_of_partitions => {
                Self::InputFault { message, hint: PARTITION_HINT.to_owned() }
            }
            PipelineError::Export(_) => Self::StorageError(message),
            PipelineError::Internal(_) | PipelineError::OutputsAbandoned => Self::InternalError(message),
            PipelineError::Source(_)
            | PipelineError::Client(_)
            | PipelineError::NoTask { .. }
            | PipelineError::Input(_)
            | PipelineError::NearDuplicateTemplates
            | PipelineError::OnceWithoutBatches
            | PipelineError::Page { .. }
            | PipelineError::NoRun => Self::InputError(message),
        }
    }

    /// The outcome of a run that only tries pages. `asked`: whether every page has its answers; `early`: the outcome of a
    /// run that something ended early.
    pub(crate) fn from_try(asked: Result<bool, &PipelineError>, early: Option<&Self>) -> Self {
        let exit_code = match (asked, early) {
            (Err(error), _) => Self::from_error(error).exit_code(),
            (Ok(_), Some(outcome)) => outcome.exit_code(),
            (Ok(true), None) => exit_codes::SUCCESS,
            (Ok(false), None) => exit_codes::FAILED_PAGES,
        };
        Self::Tried { exit_code }
    }

    /// The word for it in the store, in reports and in logs.
    #[must_use]
    pub fn name(&self) -> RunOutcomeName {
        match self {
            Self::Complete => RunOutcomeName::Complete,
            Self::Limited => RunOutcomeName::Limited,
            Self::FailedPages { .. } => RunOutcomeName::FailedPages,
            Self::SameError { .. } => RunOutcomeName::SameError,
            Self::NoPages => RunOutcomeName::NoPages,
            Self::BudgetReached { .. } => RunOutcomeName::BudgetReached,
            Self::UnexpectedBill { .. } => RunOutcomeName::UnexpectedBill,
            Self::ProviderRefused(_) => RunOutcomeName::ProviderRefused,
            Self::ProviderUnavailable { .. } => RunOutcomeName::ProviderUnavailable,
            Self::StorageError(_) | Self::StoreFault { .. } => RunOutcomeName::StorageError,
            Self::DeadlineReached => RunOutcomeName::DeadlineReached,
            Self::PagesPending(_) | Self::ShardsPending { .. } | Self::InputUnread { .. } => {
                RunOutcomeName::PagesPending
            }
            Self::BatchPending { .. } => RunOutcomeName::BatchPending,
            Self::ShardsStopped { name, .. } => *name,
            Self::Interrupted(_) => RunOutcomeName::Interrupted,
            Self::InputError(_) | Self::InputFault { .. } => RunOutcomeName::InputError,
            Self::InternalError(_) => RunOutcomeName::InternalError,
            Self::Tried { .. } => RunOutcomeName::Try,
        }
    }

    /// The exit code of `docmill run`.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Complete | Self::Limited => exit_codes::SUCCESS,
            Self::InternalError(_) => exit_codes::INTERNAL,
            Self::InputError(_) | Self::InputFault { .. } => exit_codes::WRONG_INPUT,
            Self::FailedPages { .. } | Self::SameError { .. } | Self::NoPages => exit_codes::FAILED_PAGES,
            Self::BudgetReached { .. } | Self::UnexpectedBill { .. } => exit_codes::BUDGET_REACHED,
            Self::ProviderRefused(_) => exit_codes::PROVIDER_REFUSED,
            Self::ProviderUnavailable { .. } => exit_codes::PROVIDER_UNAVAILABLE,
            Self::StorageError(_) | Self::StoreFault { .. } => exit_codes::STORAGE,
            Self::DeadlineReached | Self::PagesPending(_) | Self::ShardsPending { .. } | Self::InputUnread { .. } => {
                exit_codes::DEADLINE_REACHED
            }
            Self::BatchPending { .. } => exit_codes::BATCH_PENDING,
            Self::Interrupted(signal) => signal.exit_code(),
            Self::ShardsStopped { exit_code, .. } | Self::Tried { exit_code } => *exit_code,
        }
    }

    /// The end of a command whose run has this outcome.
    #[must_use]
    pub(crate) fn end(&self) -> CommandEnd {
        CommandEnd::of_run(self.name(), self.exit_code())
    }

    /// The state of a run with this outcome.
    #[must_use]
    pub fn state(&self) -> RunState {
        RunState::Ended { outcome: self.name(), exit_code: self.exit_code() }
    }

    /// What happened, and a hint what to do; `None` for success. `lost`: requests that are sent again.
    #[must_use]
    pub fn explanation(&self, lost: LostRequests) -> Option<(String, String)> {
        let resume = lost.resume_hint();
        let (what, hint) = match self {
            // The command reports what it tried, page by page.
            Self::Complete | Self::Limited | Self::Tried { .. } => return None,
            Self::FailedPages { unusable, total, max_failed, cause, lacks_memory } => (
                format!(
                    "{} of {} {} failed, invalid or refused ({}), more than on_error.max_failed allows ({}){}",
                    grouped(*unusable),
                    counted(*total, "page"),
                    if *unusable == 1 { "is" } else { "are" },
                    percent_of(*unusable, *total),
                    percent(*max_failed),
                    cause.as_ref().map_or(String::new(), |cause| format!(": {cause}"))
                ),
                match lacks_memory {
                    true => MORE_MEMORY_HINT,
                    false => {
                        "see the summary and the `error_kind` and `error` columns for the causes; raise on_error.max_failed if this rate is acceptable"
                    }
                }
                .to_owned(),
            ),
            Self::SameError { kind, message, pages } => (
                match pages {
                    1 => format!("a page failed with the error `{kind}`: {message}"),
                    _ => format!("{pages} pages in a row failed with the error `{kind}`: {message}"),
                },
                same_error_hint(*kind).to_owned() + "; on_error.stop_after: 0 continues regardless",
            ),
            Self::NoPages => (
                "the input has no pages".to_owned(),
                "check input.folder and input.include, or input.list; input.allow_empty: true makes this a success"
                    .to_owned(),
            ),
            Self::BudgetReached { spent, reserved, limit, needed, shard } if *reserved > Pico::ZERO => (
                format!(
                    "the rest of {} is reserved: USD {spent} is spent, USD {reserved} is reserved for requests in batches or in other runs, and the next request may cost USD {needed}",
                    budget_text(*limit, *shard)
                ),
                "run again when these requests have ended (a part of the budget is kept free, because a request may cost more than was reserved for it), or raise limits.budget_usd (or --budget-usd)".to_owned(),
            ),
            Self::BudgetReached { spent, limit, needed, shard, .. } => (
                match (*spent, shard) {
                    (Pico::ZERO, None) => {
                        format!("the budget is too small: it is USD {limit}, and one request may cost USD {needed}")
                    }
                    (Pico::ZERO, Some(_)) => {
                        format!("{} is too small: one request may cost USD {needed}", budget_text(*limit, *shard))
                    }
                    _ => format!(
                        "{} is reached: USD {spent} is spent, and the next request may cost USD {needed}",
                        budget_text(*limit, *shard)
                    ),
                },
                match shard {
                    None => "raise limits.budget_usd (or --budget-usd) and run again; a daily budget starts again at midnight UTC, a budget per run with each run".to_owned(),
                    Some(_) => "raise limits.budget_usd (or --budget-usd), of which each shard gets an equal part, and run this shard again; `docmill plan --shards N` shows what each needs".to_owned(),
                },
            ),
            Self::UnexpectedBill { cost } => (
                format!("the endpoint billed USD {cost} for one request, more than was reserved for it"),
                "docmill has learned what the endpoint bills: look at `docmill plan`, then run again; nothing is paid for twice".to_owned(),
            ),
            Self::ProviderRefused(refusal) => {
                (format!("the provider refuses: {}", refusal.message), refusal.hint.clone())
            }
            Self::ProviderUnavailable { message, has_replied: true } => (message.clone(), resume),
            Self::ProviderUnavailable { message, has_replied: false } => {
                (message.clone(), format!("check provider.base_url: the endpoint has never answered; if it is right, {resume}"))
            }
            Self::StorageError(message) => (message.clone(), format!("{CHECK_DISK}, then {resume}")),
            Self::StoreFault { message, hint } | Self::InputFault { message, hint } => (message.clone(), hint.clone()),
            Self::DeadlineReached => ("limits.run_time is over".to_owned(), resume),
            Self::PagesPending(pages) => (
                format!("{} neither an answer nor an error yet", have(*pages)),
                format!("warnings name what could not be read; otherwise other runs of the job have found more pages; {resume}"),
            ),
            Self::ShardsPending { pages, tasks } if tasks.is_empty() => (
                format!("{} neither an answer nor an error in the stores of the shards", have(*pages)),
                "run the shards again with this manifest, then merge again; nothing is paid for twice".to_owned(),
            ),
            Self::ShardsPending { pages, tasks } => (
                format!(
                    "{} no answer under the current manifest; new or changed since the shards ran: {}",
                    have(*pages),
                    names(tasks)
                ),
                "merge with the manifest that the shards had, or run the shards again with this one (what has changed is asked and paid for), then merge again".to_owned(),
            ),
            Self::BatchPending { pages } => (
                match pages {
                    1 => "1 page is in a batch that has not ended, or waits for the next one".to_owned(),
                    _ => format!("{} pages are in batches that have not ended, or wait for the next one", grouped(*pages)),
                },
                "run the same command again later: it collects finished batches and submits the rest; nothing is paid for twice".to_owned(),
            ),
            Self::ShardsStopped { message, .. } => (
                message.clone(),
                "run these shards again, then merge again; nothing is paid for twice".to_owned(),
            ),
            Self::InputUnread { count, first } => (
                match count {
                    1 => format!("a part of the input could not be read: {first}"),
                    _ => format!("{count} parts of the input could not be read; the first: {first}"),
                },
                "make them readable and run again; or leave a folder out with input.exclude, such as \"private/**\""
                    .to_owned(),
            ),
            Self::Interrupted(_) => (self.name().to_string(), resume),
            Self::InputError(message) => (message.clone(), format!("correct the input, then {resume}")),
            Self::InternalError(message) => {
                (message.clone(), format!("{resume}; if it happens again, report it with the log"))
            }
        };
        Some((what, hint))
    }

    /// No request succeeded for as long as the run waits. `message`: the last error; `has_replied`: whether the endpoint
    /// has answered before.
    pub(crate) fn from_max_wait(message: &str, has_replied: bool) -> Self {
        let message = format!("no request succeeded within retry.max_wait: {message}");
        Self::ProviderUnavailable { message, has_replied }
    }
}

/// `1 page has`, `2 pages have`.
fn have(pages: u64) -> String {
    format!("{} {}", counted(pages, "page"), if pages == 1 { "has" } else { "have" })
}

/// Names in backquotes, as in a sentence.
fn names(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

impl From<StoreError> for RunOutcome {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Internal(message) => Self::InternalError(message),
            error => match (error.to_string(), error.hint().map(str::to_owned)) {
                // The user named a store that is missing, or is not one for this command.
                (message, Some(hint)) if matches!(error, StoreError::Missing { .. } | StoreError::Refused { .. }) => {
                    Self::InputFault { message, hint }
                }
                (message, Some(hint)) => Self::StoreFault { message, hint },
                (message, None) => Self::StorageError(message),
            },
        }
    }
}

/// A budget, or the part of it that a shard has, in words.
fn budget_text(limit: Pico, shard: Option<Shard>) -> String {
    match shard {
        None => format!("the budget of USD {limit}"),
        Some(shard) => format!("USD {limit}, the part of limits.budget_usd that is left for shard {shard},"),
    }
}

fn same_error_hint(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::WrongLabel | ErrorKind::TooManyLabels => {
            "make the labels clearer, add descriptions or `other: true`, or try another model"
        }
        ErrorKind::NotJson | ErrorKind::Missing | ErrorKind::WrongType | ErrorKind::EmptyReply => {
            "the model does not follow the reply format: try another model or fewer tasks"
        }
        ErrorKind::Length => "raise request.max_tokens",
        ErrorKind::Refusal | ErrorKind::ContentFilter => {
            "the provider declines these pages: reword the question or try another model"
        }
        ErrorKind::Recitation => {
            "the provider blocks replies that repeat published texts: ask for less of the text, or try another provider"
        }
        ErrorKind::Repetition => "the model repeats itself: ask for less, or try another model",
        ErrorKind::BadRequest => "the server rejects this request: see the message, then request.extra and image",
        ErrorKind::ImageRefused => "the model rejects these images: check that it accepts images, or set image.size",
        ErrorKind::RequestTooLarge => {
            "send less: image.detail: low, or fewer labels; or raise limits.tokens_per_minute if the request exceeds it, and use --retry failed"
        }
        ErrorKind::ContextTooLong => "send less: image.detail: low, or fewer labels",
        ErrorKind::Timeout => "raise the timeouts in request, or lower limits.concurrency",
        _ => "see the message; the server may be down or misconfigured",
    }
}

#[cfg(test)]
mod tests;
