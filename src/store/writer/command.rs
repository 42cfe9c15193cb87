//! The messages to the writer and its replies. This interface, not SQLite, is what the handle
//! of the store knows.

use crate::base::ids::{AttemptId, BatchId, DecisionId, DrawId, JobId, PageId, RecipeId, RecipeSetId, RunId, RunKey};
use crate::store::error::StoreError;
use crate::store::records::attempts::{OpenAttempt, Opened, Settlement};
use crate::store::records::batches::{BatchChange, BatchStart};
use crate::store::records::decisions::NewDecision;
use crate::store::records::draws::NewDraw;
use crate::store::records::entries::EntryChange;
use crate::store::records::pages::{NearDuplicate, RereadFile, TaskOutcome};
use crate::store::records::runs::{EndpointFact, RecipeRecord, RunEnd, RunKeys, RunStart, TaskKey};
use crate::store::records::shown_answers::ShownAnswer;
use crate::store::write::done_entries::DoneRule;
use tokio::sync::oneshot;

/// A command to the writer.
pub(crate) enum Command {
    BeginRun(Box<RunStart>),
    EndRun(Box<RunEnd>),
    ChangeEntries { job: JobId, changes: Vec<EntryChange> },
    PutReread(Box<RereadFile>),
    PutNearDuplicates { job: JobId, near: Vec<NearDuplicate> },
    MarkEntriesDone { job: JobId, rule: DoneRule },
    DefineRecipes { recipes: Vec<RecipeRecord>, policy: String },
    OpenAttempt(Box<OpenAttempt>),
    OpenAttempts(Vec<OpenAttempt>),
    SettleAttempt(Box<Settlement>),
    SettleBatchAttempts(Vec<Settlement>),
    MarkLost { run: RunKey, at_ms: i64 },
    GiveUpAttempts { attempts: Vec<AttemptId>, at_ms: i64 },
    PutOutcomes { page: PageId, outcomes: Vec<(RecipeId, TaskOutcome)> },
    RememberEndpoint { endpoint: String, fact: EndpointFact },
    BeginBatch(Box<BatchStart>),
    ChangeBatch(Box<BatchChange>),
    WithdrawBatch(BatchId),
    TakeOverBatches { run: RunKey, provider: String, stalled: Vec<RunId> },
    PutDecisions { decisions: Vec<NewDecision>, is_group: bool },
    WithdrawGroup { group: DecisionId, at_ms: i64 },
    PutDraw(Box<NewDraw>),
    PutShown(Vec<ShownAnswer>),
    Close,
}

/// The reply to a command.
pub(crate) enum CommandReply {
    Keys(Box<RunKeys>),
    Defined { set: RecipeSetId, tasks: Vec<TaskKey> },
    Opened(Opened),
    OpenedMany(Vec<Opened>),
    Lost(u64),
    Batch(BatchId),
    Decisions(Vec<DecisionId>),
    Draw(DrawId),
    Done,
}

impl CommandReply {
    /// The name of its kind, for the message of a defect.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Keys(_) => "Keys",
            Self::Defined { .. } => "Defined",
            Self::Opened(_) => "Opened",
            Self::OpenedMany(_) => "OpenedMany",
            Self::Lost(_) => "Lost",
            Self::Batch(_) => "Batch",
            Self::Decisions(_) => "Decisions",
            Self::Draw(_) => "Draw",
            Self::Done => "Done",
        }
    }
}

/// Where the reply to a command goes.
pub(crate) type ReplySender = oneshot::Sender<Result<CommandReply, StoreError>>;

/// A command, and where its reply goes once it is durable.
pub(crate) struct Message {
    pub(crate) command: Command,
    pub(crate) reply: ReplySender,
}
