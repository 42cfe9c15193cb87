//! The writer thread: takes commands, commits them in groups, replies once they are durable.

use super::command::{Command, CommandReply, Message, ReplySender};
use super::executor::{Effects, Executor};
use super::write_lock::{WriteLock, try_begin};
use crate::base::clock::Clock;
use crate::base::file_identity::file_id;
use crate::base::hooks::{Hooks, Point};
use crate::base::ids::RunKey;
use crate::store::error::StoreError;
use crate::store::sqlite::run_lock::{self, RunLock};
use crate::store::sqlite::schema;
use crate::store::write::dead_runs::reap_dead_runs;
use crate::store::write::ledger::{Ledger, Sequences};
use crate::store::write::runs;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Maximum number of commands in one commit.
const MAX_GROUP: usize = 64;

/// Maximum time that a command waits for others to share its commit.
const MAX_GROUP_WAIT: Duration = Duration::from_millis(5);

/// Commands that may wait. Every sender waits for its reply, so this is never reached.
const QUEUE: usize = 4096;

/// Time between two heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Opens the store at `path` and starts its writer. The writer ends with [`Command::Close`] or
/// with the last sender.
pub(crate) fn start(
    path: &Path,
    clock: Arc<dyn Clock>,
    hooks: Arc<dyn Hooks>,
) -> Result<(SyncSender<Message>, JoinHandle<()>), StoreError> {
    let (commands, receiver) = sync_channel(QUEUE);
    let connection = schema::open(path)?;
    let writer = Writer {
        lock: WriteLock::new(path, &connection, clock.clone())?,
        connection,
        path: path.to_owned(),
        identity: file_id(path),
        clock,
        hooks,
        run: None,
        sequences: Vec::new(),
        is_closing: false,
    };
    let thread = std::thread::Builder::new()
        .name("store".into())
        .spawn(move || writer.work(&receiver))
        .map_err(|error| StoreError::open(path, error))?;
    Ok((commands, thread))
}

struct Writer {
    connection: Connection,
    lock: WriteLock,
    path: PathBuf,
    /// Distinguishes the file from another one at the same path.
    identity: Option<(u64, u64)>,
    clock: Arc<dyn Clock>,
    hooks: Arc<dyn Hooks>,
    /// The run of this process, and its lock.
    run: Option<(RunKey, RunLock)>,
    sequences: Sequences,
    /// [`Command::Close`] was part of a group.
    is_closing: bool,
}

impl Writer {
    fn work(mut self, messages: &Receiver<Message>) {
        let mut beat = self.clock.now();
        loop {
            match messages.recv_timeout(HEARTBEAT) {
                Ok(first) if matches!(first.command, Command::Close) => {
                    let _ = first.reply.send(Ok(CommandReply::Done));
                    return;
                }
                Ok(first) => self.group(first, messages),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.is_closing {
                return;
            }
            if self.clock.now().saturating_sub(beat) >= HEARTBEAT {
                beat = self.clock.now();
                self.heartbeat();
            }
        }
    }

    /// Executes `first` and the commands that follow within a moment, commits, replies.
    fn group(&mut self, first: Message, messages: &Receiver<Message>) {
        let mut replies = Vec::new();
        let committed = self.transact(first, messages, &mut replies);
        if committed.is_ok() {
            self.hooks.reached(Point::Committed);
        }
        for (sender, reply) in replies {
            // A receiver that is gone does not need the reply.
            let _ = sender.send(committed.clone().and(reply));
        }
    }

    fn transact(
        &mut self,
        first: Message,
        messages: &Receiver<Message>,
        replies: &mut Vec<(ReplySender, Result<CommandReply, StoreError>)>,
    ) -> Result<(), StoreError> {
        let began = self.clock.now();
        if let Err(error) = check_file(&self.path, self.identity) {
            replies.push((first.reply, Ok(CommandReply::Done)));
            return Err(error);
        }
        let transaction = match self.lock.begin(&self.connection) {
            Ok(transaction) => transaction,
            Err(error) => {
                // Later ones would only take longer to fail.
                let others = if self.lock.is_given_up() { messages.try_iter().collect() } else { Vec::new() };
                for message in std::iter::once(first).chain(others) {
                    self.is_closing |= matches!(message.command, Command::Close);
                    replies.push((message.reply, Ok(CommandReply::Done)));
                }
                return Err(error);
            }
        };
        let mut executor = Executor::new(&transaction, &self.path, self.sequences.clone());
        let mut next = Some(first);
        while let Some(Message { command, reply }) = next.take() {
            self.is_closing |= matches!(command, Command::Close);
            let result = executor.execute(command);
            let failed = result.as_ref().err().cloned();
            replies.push((reply, result));
            // One failure rolls the whole group back: no command is executed in part.
            if let Some(error) = failed {
                executor.abandon();
                return Err(error);
            }
            if replies.len() < MAX_GROUP {
                let left = MAX_GROUP_WAIT.saturating_sub(self.clock.now().saturating_sub(began));
                next = messages.recv_timeout(left).ok();
            }
        }
        let (sequences, effects) = executor.finish()?;
        transaction.commit()?;
        self.sequences = sequences;
        self.apply(effects);
        Ok(())
    }

    /// Does what follows from a transaction that is durable.
    fn apply(&mut self, effects: Effects) {
        let Effects { begun, has_ended, dead } = effects;
        dead.iter().for_each(|run| run_lock::remove(&self.path, run));
        if begun.is_some() {
            self.run = begun;
        }
        if has_ended && let Some((_, lock)) = self.run.take() {
            lock.release();
        }
    }

    /// Records that the run is alive, and reaps runs that died. If this fails, so will the next
    /// command. If another process writes, it can wait.
    fn heartbeat(&mut self) {
        let Some((run, _)) = &self.run else { return };
        if let Err(error) = self.beat(*run) {
            tracing::warn!("cannot record the heartbeat of the run: {error}");
        }
    }

    fn beat(&mut self, run: RunKey) -> Result<(), StoreError> {
        let now_ms = self.clock.wall_ms();
        let Some(transaction) = try_begin(&self.connection)? else { return Ok(()) };
        runs::beat(&transaction, run, now_ms)?;
        let mut ledger = Ledger::new(Vec::new());
        let dead = reap_dead_runs(&transaction, &mut ledger, &self.path, Some(run), now_ms)?;
        ledger.write(&transaction)?;
        transaction.commit()?;
        dead.runs.iter().for_each(|run| run_lock::remove(&self.path, run));
        Ok(())
    }
}

/// Commits to a file that was removed or replaced would never be read.
fn check_file(path: &Path, identity: Option<(u64, u64)>) -> Result<(), StoreError> {
    if identity.is_some() && file_id(path) != identity {
        return Err(StoreError::Failed(format!("{} was removed or replaced", path.display())));
    }
    Ok(())
}
