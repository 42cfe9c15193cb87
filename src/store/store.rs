//! The handle of the store.

use super::batch_files;
use super::writer::command::{Command, CommandReply, Message};
use super::writer::thread::start;
use crate::base::clock::Clock;
use crate::base::hooks::Hooks;
use crate::base::ids::{AttemptId, BatchId, DecisionId, DrawId, JobId, PageId, RecipeId, RecipeSetId, RunId, RunKey};
use crate::store::error::StoreError;
use crate::store::read::reader::Reader;
use crate::store::records::attempts::{OpenAttempt, Opened, Settlement};
use crate::store::records::batches::{BatchChange, BatchStart};
use crate::store::records::decisions::NewDecision;
use crate::store::records::draws::NewDraw;
use crate::store::records::entries::EntryChange;
use crate::store::records::pages::{NearDuplicate, RereadFile, TaskOutcome};
use crate::store::records::runs::{EndpointFact, RecipeRecord, RunEnd, RunKeys, RunStart, TaskKey};
use crate::store::records::shown_answers::ShownAnswer;
use crate::store::sqlite::schema;
use crate::store::write::done_entries::DoneRule;
use std::path::{Path, PathBuf};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// A store that is written. Clones share one writer. What a method wrote is durable when it
/// returns.
///
/// Methods that are not `async` block, and must not be called on an async runtime.
///
/// # Errors
/// Every method fails with the error of its commit: [`StoreError::Failed`] if the store cannot
/// be written, [`StoreError::Damaged`] if it holds a value that docmill never writes,
/// [`StoreError::Closed`] after [`Store::close`].
#[derive(Clone)]
pub struct Store {
    path: PathBuf,
    commands: SyncSender<Message>,
    /// Taken when the store is closed.
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Store {
    /// Opens the store at `path`. Creates it if it does not exist, and migrates an older one.
    ///
    /// # Errors
    /// When the file cannot be opened, is not a store, or a newer docmill wrote it.
    pub fn open(path: &Path, clock: Arc<dyn Clock>, hooks: Arc<dyn Hooks>) -> Result<Self, StoreError> {
        let (commands, thread) = start(path, clock, hooks)?;
        Ok(Self { path: path.to_owned(), commands, thread: Arc::new(Mutex::new(Some(thread))) })
    }

    /// A new read connection.
    pub fn reader(&self) -> Result<Reader, StoreError> {
        // The file was there when this store was opened.
        Reader::open(&self.path).map_err(|error| match error {
            StoreError::Missing { path } => StoreError::Failed(format!("{} was removed", path.display())),
            error => error,
        })
    }

    /// The file with the requests of the batch with this key.
    #[must_use]
    pub fn batch_file(&self, key: &str) -> PathBuf {
        batch_files::path_of(&self.path, key)
    }

    /// Removes batch files whose batch has ended or was withdrawn, such as that of a run that
    /// died while it filled a batch.
    pub fn remove_orphan_batch_files(&self) -> Result<(), StoreError> {
        // First the files, then the keys: a file that appears in between has a batch.
        let files = batch_files::list(&self.path);
        if files.is_empty() {
            return Ok(());
        }
        let keys = self.reader()?.batch_keys()?;
        for (_, path) in files.into_iter().filter(|(key, _)| !keys.contains(key)) {
            let _ = std::fs::remove_file(path);
        }
        Ok(())
    }

    /// Begins a run: stores its job and recipes, marks the open attempts of dead runs lost, and
    /// takes over the batches that they left.
    pub fn begin_run(&self, start: RunStart) -> Result<RunKeys, StoreError> {
        let keys = match self.blocking(Command::BeginRun(Box::new(start)))? {
            CommandReply::Keys(keys) => keys,
            other => return wrong_reply(&other),
        };
        if !keys.dead.is_empty() {
            // The cause of the run's end may have damaged the file. Not on the connection of the writer, which others
            // may use meanwhile.
            schema::quick_check(&schema::open_to_read(&self.path)?)?;
        }
        Ok(*keys)
    }

    /// Ends a run. Its open attempts are marked lost.
    pub fn end_run(&self, end: RunEnd) -> Result<(), StoreError> {
        self.blocking(Command::EndRun(Box::new(end))).map(|_| ())
    }

    /// Stores differences between the walk and the entries of a job.
    pub fn change_entries(&self, job: JobId, changes: Vec<EntryChange>) -> Result<(), StoreError> {
        self.blocking(Command::ChangeEntries { job, changes }).map(|_| ())
    }

    /// Stores what reading a file again has shown of pages that an earlier version of the decoder has
    /// read.
    pub fn put_reread(&self, file: RereadFile) -> Result<(), StoreError> {
        self.blocking(Command::PutReread(Box::new(file))).map(|_| ())
    }

    /// Stores which pages of a job are near duplicates, replacing what was stored before.
    pub fn put_near_duplicates(&self, job: JobId, near: Vec<NearDuplicate>) -> Result<(), StoreError> {
        self.blocking(Command::PutNearDuplicates { job, near }).map(|_| ())
    }

    /// Marks the entries of a job that are done: for whose pages a later run without options
    /// has nothing to do.
    pub fn mark_entries_done(&self, job: JobId, rule: DoneRule) -> Result<(), StoreError> {
        self.blocking(Command::MarkEntriesDone { job, rule }).map(|_| ())
    }

    /// Stores recipes that are not those of the job itself; their set and keys.
    pub fn define_recipes(
        &self,
        recipes: Vec<RecipeRecord>,
        policy: String,
    ) -> Result<(RecipeSetId, Vec<TaskKey>), StoreError> {
        match self.blocking(Command::DefineRecipes { recipes, policy })? {
            CommandReply::Defined { set, tasks } => Ok((set, tasks)),
            other => wrong_reply(&other),
        }
    }

    /// Marks the open attempts of a run lost, except for those of batches; their number.
    pub fn mark_lost(&self, run: RunKey, at_ms: i64) -> Result<u64, StoreError> {
        match self.blocking(Command::MarkLost { run, at_ms })? {
            CommandReply::Lost(count) => Ok(count),
            other => wrong_reply(&other),
        }
    }

    /// Marks attempts of other runs lost, unless they have ended: their processes are stopped or
    /// hang. Their reservations count as spent.
    pub async fn give_up_attempts(&self, attempts: Vec<AttemptId>, at_ms: i64) -> Result<(), StoreError> {
        self.call(Command::GiveUpAttempts { attempts, at_ms }).await.map(|_| ())
    }

    /// Opens an attempt.
    pub async fn open_attempt(&self, open: OpenAttempt) -> Result<Opened, StoreError> {
        match self.call(Command::OpenAttempt(Box::new(open))).await? {
            CommandReply::Opened(opened) => Ok(opened),
            other => wrong_reply(&other),
        }
    }

    /// Opens attempts, one after the other, in one commit.
    pub async fn open_attempts(&self, opens: Vec<OpenAttempt>) -> Result<Vec<Opened>, StoreError> {
        match self.call(Command::OpenAttempts(opens)).await? {
            CommandReply::OpenedMany(opened) => Ok(opened),
            other => wrong_reply(&other),
        }
    }

    /// Settles an attempt and stores its outcomes. An attempt that was marked lost in the
    /// meantime is not charged again.
    pub async fn settle_attempt(&self, settlement: Settlement) -> Result<(), StoreError> {
        self.call(Command::SettleAttempt(Box::new(settlement))).await.map(|_| ())
    }

    /// Settles attempts of a batch in one commit. Settled attempts are unchanged.
    pub async fn settle_batch_attempts(&self, settlements: Vec<Settlement>) -> Result<(), StoreError> {
        self.call(Command::SettleBatchAttempts(settlements)).await.map(|_| ())
    }

    /// Stores outcomes that no single attempt led to.
    pub async fn put_outcomes(&self, page: PageId, outcomes: Vec<(RecipeId, TaskOutcome)>) -> Result<(), StoreError> {
        self.call(Command::PutOutcomes { page, outcomes }).await.map(|_| ())
    }

    /// As [`Store::put_outcomes`], blocking.
    pub fn put_outcomes_blocking(
        &self,
        page: PageId,
        outcomes: Vec<(RecipeId, TaskOutcome)>,
    ) -> Result<(), StoreError> {
        self.blocking(Command::PutOutcomes { page, outcomes }).map(|_| ())
    }

    /// Stores a learned fact about an endpoint.
    pub async fn remember_endpoint(&self, endpoint: String, fact: EndpointFact) -> Result<(), StoreError> {
        self.call(Command::RememberEndpoint { endpoint, fact }).await.map(|_| ())
    }

    /// Begins a batch, in the state `filling`.
    pub async fn begin_batch(&self, start: BatchStart) -> Result<BatchId, StoreError> {
        match self.call(Command::BeginBatch(Box::new(start))).await? {
            CommandReply::Batch(batch) => Ok(batch),
            other => wrong_reply(&other),
        }
    }

    /// Records the state of a batch. Attempts that are open when it ends are marked lost.
    pub async fn change_batch(&self, change: BatchChange) -> Result<(), StoreError> {
        self.call(Command::ChangeBatch(Box::new(change))).await.map(|_| ())
    }

    /// Deletes a batch that was never submitted, and returns its reservations.
    pub async fn withdraw_batch(&self, batch: BatchId) -> Result<(), StoreError> {
        self.call(Command::WithdrawBatch(batch)).await.map(|_| ())
    }

    /// Gives a run the batches of a provider that have not ended and that no live run has. `stalled`: runs whose
    /// processes are stopped or hang; what they have submitted can be collected by others.
    pub async fn take_over_batches(
        &self,
        run: RunKey,
        provider: String,
        stalled: Vec<RunId>,
    ) -> Result<(), StoreError> {
        self.call(Command::TakeOverBatches { run, provider, stalled }).await.map(|_| ())
    }

    /// Stores decisions, all of them or none; their ids, in the same order. One that is stored already, with
    /// the same value by the same reviewer at the same time, keeps its id and is not stored again.
    pub fn put_decisions(&self, decisions: Vec<NewDecision>) -> Result<Vec<DecisionId>, StoreError> {
        self.decisions(Command::PutDecisions { decisions, is_group: false })
    }

    /// As [`Store::put_decisions`], of decisions that were made together: they form a group, whose id is that of
    /// the first one.
    pub fn put_group(&self, decisions: Vec<NewDecision>) -> Result<Vec<DecisionId>, StoreError> {
        self.decisions(Command::PutDecisions { decisions, is_group: true })
    }

    /// Withdraws the decisions of a group, all of them or none: they no longer count, and stay as a record. A decision
    /// that was not made together with others is a group of its own. `at_ms`: wall time in milliseconds. Returns those
    /// that were not withdrawn before.
    pub fn withdraw_group(&self, group: DecisionId, at_ms: i64) -> Result<Vec<DecisionId>, StoreError> {
        self.decisions(Command::WithdrawGroup { group, at_ms })
    }

    /// Stores a draw; its id. One of the same pages, among as many, keeps the id that it has.
    pub fn put_draw(&self, draw: NewDraw) -> Result<DrawId, StoreError> {
        match self.blocking(Command::PutDraw(Box::new(draw)))? {
            CommandReply::Draw(id) => Ok(id),
            other => wrong_reply(&other),
        }
    }

    /// Notes that answers are shown. What a reviewer has seen first of a task of a page stays.
    pub fn put_shown(&self, shown: Vec<ShownAnswer>) -> Result<(), StoreError> {
        self.blocking(Command::PutShown(shown)).map(|_| ())
    }

    /// Waits until the writer has committed everything and closed the file. Other clones of the
    /// handle find the store closed.
    pub fn close(self) {
        // It does not matter if another clone has closed it.
        let _ = self.blocking(Command::Close);
        if let Some(thread) = self.thread.lock().ok().and_then(|mut thread| thread.take()) {
            let _ = thread.join();
        }
    }

    fn decisions(&self, command: Command) -> Result<Vec<DecisionId>, StoreError> {
        match self.blocking(command)? {
            CommandReply::Decisions(ids) => Ok(ids),
            other => wrong_reply(&other),
        }
    }

    async fn call(&self, command: Command) -> Result<CommandReply, StoreError> {
        self.send(command)?.await.map_err(|_| StoreError::Closed)?
    }

    fn blocking(&self, command: Command) -> Result<CommandReply, StoreError> {
        self.send(command)?.blocking_recv().map_err(|_| StoreError::Closed)?
    }

    fn send(&self, command: Command) -> Result<oneshot::Receiver<Result<CommandReply, StoreError>>, StoreError> {
        let (reply, receiver) = oneshot::channel();
        self.commands.send(Message { command, reply }).map_err(|_| StoreError::Closed)?;
        Ok(receiver)
    }
}

/// The error of a reply that does not belong to its command.
fn wrong_reply<T>(reply: &CommandReply) -> Result<T, StoreError> {
    Err(StoreError::Internal(format!("the writer of the store has given another command's reply: {}", reply.name())))
}
