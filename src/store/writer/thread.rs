//! One writer thread: takes commands, commits them in groups, acknowledges what is durable.

use super::command::{Answer, Command, Message};
use crate::base::clock::Clock;
use crate::base::hooks::{Hooks, Point};
use crate::base::ids::{JobId, PageId, RecipeId, RecipeSetId, RunId, RunKey};
use crate::store::error::StoreError;
use crate::store::read::reader::Reader;
use crate::store::records::attempts::{OpenAttempt, Opened, Settlement};
use crate::store::records::pages::{
    EndpointFact, EntryChange, NearRecord, RecipeRecord, RunEnd, RunKeys, RunStart, TaskKey, TaskOutcome,
};
use crate::store::sqlite::run_lock::{LifeLine, forget};
use crate::store::sqlite::schema;
use crate::store::write::entries::Settling;
use crate::store::write::ledger::Ledger;
use crate::store::write::{attempts, batches, entries, runs};
use rusqlite::{Connection, TransactionBehavior};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// Most commands in one commit.
const GROUP: usize = 64;
/// Longest that a command waits for company.
const GROUP_WAIT: Duration = Duration::from_millis(5);
/// Commands that may wait. Every sender waits for its answer, so this is never reached.
const QUEUE: usize = 4096;
/// Time between heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// The store, for writing. Clones share one writer.
#[derive(Clone)]
pub struct Store {
    commands: SyncSender<Message>,
    path: PathBuf,
    thread: Arc<Thread>,
}

/// Ends the writer with its last handle.
struct Thread(std::sync::Mutex<Option<JoinHandle<()>>>);

impl Store {
    /// Opens the store at `path`, makes it when there is none, migrates an older one.
    ///
    /// # Errors
    /// When the file can't be opened, is no store, or was written by a newer docmill.
    pub fn open(path: &Path, clock: Arc<dyn Clock>, hooks: Arc<dyn Hooks>) -> Result<Self, StoreError> {
        let connection = schema::open(path)?;
        let (commands, receiver) = sync_channel(QUEUE);
        let writer = Writer {
            connection,
            path: path.to_owned(),
            clock,
            hooks,
            life: None,
            run: None,
            identity: file_identity(path),
        };
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || writer.work(&receiver))
            .map_err(|error| StoreError::open(path, error))?;
        Ok(Self { commands, path: path.to_owned(), thread: Arc::new(Thread(Some(thread).into())) })
    }

    /// The store's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A reader. Sees what was committed when each of its calls begins.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn reader(&self) -> Result<Reader, StoreError> {
        Reader::open(&self.path)
    }

    /// The file of request lines of the batch with this key.
    #[must_use]
    pub fn batch_file(&self, key: &str) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".batch-{key}.jsonl"));
        self.path.with_file_name(name)
    }

    /// Removes the files of batches that the store does not know: a run died while it built them.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn remove_orphaned_batch_files(&self) -> Result<(), StoreError> {
        let mut start = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        start.push_str(".batch-");
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // First the files, then the keys: another run may add a file between the two.
        let found: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().collect();
        let keys = self.reader()?.batch_keys()?;
        for entry in found {
            let name = entry.file_name().to_string_lossy().into_owned();
            let key = name.strip_prefix(&start).and_then(|rest| rest.strip_suffix(".jsonl"));
            if key.is_some_and(|key| !keys.iter().any(|known| known == key)) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    /// The custom id of a batch line.
    #[must_use]
    pub fn line_id(&self, attempt: crate::base::ids::AttemptId) -> String {
        format!("docmill-{attempt}")
    }

    /// Begins a run: defines its recipes, declares the open attempts of dead runs lost.
    ///
    /// # Errors
    /// When the store fails.
    pub fn begin_run(&self, start: RunStart) -> Result<RunKeys, StoreError> {
        let Answer::Keys(keys) = self.blocking(Command::BeginRun(Box::new(start)))? else {
            return Err(StoreError::Closed);
        };
        if !keys.dead.is_empty() {
            // However a run died, the file may have been hurt with it. Others may go on
            // writing meanwhile.
            schema::look_through(&schema::open_to_read(&self.path)?)?;
        }
        Ok(keys)
    }

    /// Ends a run.
    ///
    /// # Errors
    /// When the store fails.
    pub fn end_run(&self, end: RunEnd) -> Result<(), StoreError> {
        self.blocking(Command::EndRun(Box::new(end))).map(|_| ())
    }

    /// Writes what the walk found to be different.
    ///
    /// # Errors
    /// When the store fails.
    pub fn change_entries(&self, job: JobId, changes: Vec<EntryChange>) -> Result<(), StoreError> {
        self.blocking(Command::Entries { job, changes }).map(|_| ())
    }

    /// Says which pages of a job are like others, in place of what was said before.
    ///
    /// # Errors
    /// When the store fails.
    pub fn put_near(&self, job: JobId, near: Vec<NearRecord>) -> Result<(), StoreError> {
        self.blocking(Command::Near { job, near }).map(|_| ())
    }

    /// Marks the entries of `job` that are settled, so that the next walk passes them
    /// with one comparison.
    ///
    /// # Errors
    /// When the store fails.
    pub fn settle_entries(&self, job: JobId, settling: Settling) -> Result<(), StoreError> {
        self.blocking(Command::SettleEntries { job, settling }).map(|_| ())
    }

    /// Defines recipes that are not the job's own; their set and keys.
    ///
    /// # Errors
    /// When the store fails.
    pub fn define(
        &self,
        recipes: Vec<RecipeRecord>,
        policy: String,
    ) -> Result<(RecipeSetId, Vec<TaskKey>), StoreError> {
        match self.blocking(Command::Define { recipes, policy })? {
            Answer::Defined { set, tasks } => Ok((set, tasks)),
            _ => Err(StoreError::Closed),
        }
    }

    /// Declares the open attempts of a run lost; how many there were.
    ///
    /// # Errors
    /// When the store fails.
    pub fn lose_open(&self, run: RunKey, at_ms: i64) -> Result<u64, StoreError> {
        match self.blocking(Command::LoseOpen { run, at_ms })? {
            Answer::Count(count) => Ok(count),
            _ => Err(StoreError::Closed),
        }
    }

    /// Opens an attempt: durable when this returns.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn open_attempt(&self, open: OpenAttempt) -> Result<Opened, StoreError> {
        match self.send(Command::Open(Box::new(open)))?.await.map_err(|_| StoreError::Closed)?? {
            Answer::Opened(opened) => Ok(opened),
            _ => Err(StoreError::Closed),
        }
    }

    /// Settles an attempt with the outcomes that it brought: durable when this returns.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn settle(&self, settlement: Settlement) -> Result<(), StoreError> {
        self.done(Command::Settle(Box::new(settlement))).await
    }

    /// Stores outcomes that no single attempt brought.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put_outcomes(&self, page: PageId, outcomes: Vec<(RecipeId, TaskOutcome)>) -> Result<(), StoreError> {
        self.done(Command::Outcomes { page, outcomes }).await
    }

    /// As [`Store::put_outcomes`], from a thread that may wait.
    ///
    /// # Errors
    /// When the store fails.
    pub fn put_outcomes_now(&self, page: PageId, outcomes: Vec<(RecipeId, TaskOutcome)>) -> Result<(), StoreError> {
        self.blocking(Command::Outcomes { page, outcomes }).map(|_| ())
    }

    /// Remembers something of an endpoint.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn remember(&self, endpoint: String, fact: EndpointFact) -> Result<(), StoreError> {
        self.done(Command::Remember { endpoint, fact }).await
    }

    async fn done(&self, command: Command) -> Result<(), StoreError> {
        self.answer(command).await.map(|_| ())
    }

    pub(crate) async fn answer(&self, command: Command) -> Result<Answer, StoreError> {
        self.send(command)?.await.map_err(|_| StoreError::Closed)?
    }

    fn send(&self, command: Command) -> Result<oneshot::Receiver<Result<Answer, StoreError>>, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.commands.send(Message { command, reply }).map_err(|_| StoreError::Closed)?;
        Ok(answer)
    }

    fn blocking(&self, command: Command) -> Result<Answer, StoreError> {
        self.send(command)?.blocking_recv().map_err(|_| StoreError::Closed)?
    }

    /// Waits until the writer has committed everything and closed the file. Other handles
    /// find it closed.
    pub fn close(self) {
        // Closed already is closed too.
        let _ = self.blocking(Command::Close);
        if let Some(handle) = self.thread.0.lock().ok().and_then(|mut handle| handle.take()) {
            let _ = handle.join();
        }
    }
}

struct Writer {
    connection: Connection,
    path: PathBuf,
    clock: Arc<dyn Clock>,
    hooks: Arc<dyn Hooks>,
    life: Option<LifeLine>,
    run: Option<RunKey>,
    /// Tells the file from another one at the same path.
    identity: Option<(u64, u64)>,
}

impl Writer {
    fn work(mut self, messages: &Receiver<Message>) {
        let mut beat = self.clock.now();
        loop {
            match messages.recv_timeout(HEARTBEAT) {
                Ok(first) if matches!(first.command, Command::Close) => {
                    let _ = first.reply.send(Ok(Answer::Done));
                    return;
                }
                Ok(first) => self.group(first, messages),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.clock.now().saturating_sub(beat) >= HEARTBEAT {
                beat = self.clock.now();
                self.heartbeat();
            }
        }
    }

    /// Does `first` and what comes within a moment, commits, answers.
    fn group(&mut self, first: Message, messages: &Receiver<Message>) {
        let mut answered = Vec::new();
        let committed = self.transact(first, messages, &mut answered);
        if committed.is_ok() {
            self.hooks.reached(Point::Committed);
        }
        for (reply, answer) in answered {
            // A receiver that is gone has no use for the answer.
            let _ = reply.send(committed.clone().and(answer));
        }
    }

    /// A file that was removed or replaced takes commits that nobody will read.
    fn check_file(&self) -> Result<(), StoreError> {
        if self.identity.is_some() && file_identity(&self.path) != self.identity {
            return Err(StoreError::Failed(format!("{} was removed or replaced", self.path.display())));
        }
        Ok(())
    }

    fn transact(
        &mut self,
        first: Message,
        messages: &Receiver<Message>,
        answered: &mut Answered,
    ) -> Result<(), StoreError> {
        let began = self.clock.now();
        if let Err(error) = self.check_file() {
            answered.push((first.reply, Ok(Answer::Done)));
            return Err(error);
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = match transaction {
            Ok(transaction) => transaction,
            Err(error) => {
                answered.push((first.reply, Ok(Answer::Done)));
                return Err(error.into());
            }
        };
        let mut state = State {
            path: &self.path,
            life: &mut self.life,
            run: &mut self.run,
            has_ended: false,
            dead: Vec::new(),
            ledger: Ledger::default(),
        };
        let mut next = Some(first);
        while let Some(Message { command, reply }) = next.take() {
            let answer = state.execute(&transaction, command);
            let failed = answer.as_ref().err().cloned();
            answered.push((reply, answer));
            // One failure rolls the whole group back: what is half done is not done.
            if let Some(error) = failed {
                return Err(error);
            }
            if answered.len() < GROUP {
                let left = GROUP_WAIT.saturating_sub(self.clock.now().saturating_sub(began));
                next = messages.recv_timeout(left).ok();
            }
        }
        let State { has_ended, dead, ledger, .. } = state;
        ledger.write(&transaction)?;
        transaction.commit()?;
        dead.iter().for_each(|run| forget(&self.path, run));
        if has_ended {
            self.run = None;
            if let Some(life) = self.life.take() {
                life.end();
            }
        }
        Ok(())
    }

    /// Says that the run lives, and looks for runs that died. A failure here shows again
    /// at the next command.
    fn heartbeat(&mut self) {
        let Some(run) = self.run else { return };
        let now_ms = self.clock.wall_ms();
        if let Err(error) = self.beat(run, now_ms) {
            tracing::warn!("heartbeat: {error}");
        }
    }

    fn beat(&mut self, run: RunKey, now_ms: i64) -> Result<(), StoreError> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        runs::beat(&transaction, run, now_ms)?;
        let mut ledger = Ledger::default();
        let buried = runs::bury_the_dead(&transaction, &mut ledger, &self.path, Some(run), now_ms)?;
        ledger.write(&transaction)?;
        transaction.commit()?;
        buried.runs.iter().for_each(|run| forget(&self.path, run));
        Ok(())
    }
}

#[cfg(unix)]
fn file_identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn file_identity(_path: &Path) -> Option<(u64, u64)> {
    None
}

type Answered = Vec<(oneshot::Sender<Result<Answer, StoreError>>, Result<Answer, StoreError>)>;

/// What commands change besides tables.
struct State<'a> {
    path: &'a Path,
    life: &'a mut Option<LifeLine>,
    run: &'a mut Option<RunKey>,
    /// The run's end is in this transaction.
    has_ended: bool,
    /// Runs whose death is in this transaction.
    dead: Vec<RunId>,
    ledger: Ledger,
}

impl State<'_> {
    fn execute(&mut self, db: &Connection, command: Command) -> Result<Answer, StoreError> {
        match command {
            Command::BeginRun(start) => {
                let life =
                    LifeLine::take(self.path, &start.run_id).map_err(|error| StoreError::open(self.path, error))?;
                let keys = match runs::begin(db, &mut self.ledger, self.path, &start) {
                    Ok(keys) => keys,
                    Err(error) => {
                        life.end();
                        return Err(error);
                    }
                };
                self.dead.clone_from(&keys.dead);
                (*self.life, *self.run) = (Some(life), Some(keys.run));
                return Ok(Answer::Keys(keys));
            }
            Command::EndRun(end) => {
                // A run that has ended has nothing open: it would be held for ever.
                attempts::lose(db, &mut self.ledger, end.run, end.at_ms)?;
                batches::withdraw_filling(db, &mut self.ledger, end.run)?;
                runs::end(db, &end)?;
                self.has_ended = true;
            }
            // In a group it ends nothing: the writer looks for it between groups.
            Command::Close => {}
            Command::Entries { job, changes } => entries::change(db, job, changes)?,
            Command::Near { job, near } => entries::put_near(db, job, &near)?,
            Command::SettleEntries { job, settling } => entries::settle(db, job, settling)?,
            Command::Define { recipes, policy } => {
                let (set, tasks) = runs::define(db, &recipes, &policy)?;
                return Ok(Answer::Defined { set, tasks });
            }
            Command::Open(open) => return Ok(Answer::Opened(attempts::open(db, &mut self.ledger, &open)?)),
            Command::Settle(settlement) => attempts::settle(db, &mut self.ledger, &settlement)?,
            Command::Outcomes { page, outcomes } => {
                let page = entries::page_id(db, &page)?;
                attempts::put_outcomes(db, page, None, &outcomes)?;
            }
            Command::OpenMany(opens) => {
                let opened = opens.iter().map(|open| attempts::open(db, &mut self.ledger, open));
                return Ok(Answer::OpenedMany(opened.collect::<Result<_, _>>()?));
            }
            Command::SettleMany(settlements) => batches::settle(db, &mut self.ledger, &settlements)?,
            Command::BeginBatch(start) => return Ok(Answer::Batch(batches::begin(db, &start)?)),
            Command::ChangeBatch(change) => batches::change(db, &mut self.ledger, &change)?,
            Command::AdoptBatches { run, provider } => batches::adopt(db, run, &provider)?,
            Command::WithdrawBatch(batch) => batches::withdraw(db, &mut self.ledger, batch)?,
            Command::LoseOpen { run, at_ms } => {
                return Ok(Answer::Count(attempts::lose(db, &mut self.ledger, run, at_ms)?));
            }
            Command::Remember { endpoint, fact } => runs::remember(db, &endpoint, &fact)?,
        }
        Ok(Answer::Done)
    }
}
