//! Executes commands within one transaction.

use super::command::{Command, CommandReply};
use crate::base::ids::{RunId, RunKey};
use crate::store::error::StoreError;
use crate::store::sqlite::run_lock::RunLock;
use crate::store::write::ledger::{Ledger, Sequences};
use crate::store::write::{
    attempts, batches, decisions, done_entries, draws, endpoints, entries, outcomes, pages, recipe_sets, runs,
    shown_answers,
};
use rusqlite::Connection;
use std::path::Path;

/// A transaction and what its commands change besides tables.
pub(crate) struct Executor<'a> {
    db: &'a Connection,
    /// The file of the store.
    path: &'a Path,
    ledger: Ledger,
    effects: Effects,
}

/// What follows from a transaction once it is durable.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// The run that began, and its lock.
    pub(crate) begun: Option<(RunKey, RunLock)>,
    /// Whether the run of this process ended.
    pub(crate) has_ended: bool,
    /// Runs that died; their lock files are no longer needed.
    pub(crate) dead: Vec<RunId>,
}

impl<'a> Executor<'a> {
    /// Begins with the sequence numbers of the last transaction.
    pub(crate) fn new(db: &'a Connection, path: &'a Path, sequences: Sequences) -> Self {
        Self { db, path, ledger: Ledger::new(sequences), effects: Effects::default() }
    }

    pub(crate) fn execute(&mut self, command: Command) -> Result<CommandReply, StoreError> {
        let (db, ledger) = (self.db, &mut self.ledger);
        match command {
            Command::BeginRun(start) => {
                // Before the row: a run without a lock would seem dead.
                let lock =
                    RunLock::acquire(self.path, &start.run_id).map_err(|error| StoreError::open(self.path, error))?;
                let keys = match runs::begin(db, ledger, self.path, &start) {
                    Ok(keys) => keys,
                    Err(error) => {
                        lock.release();
                        return Err(error);
                    }
                };
                self.effects.dead.extend(keys.dead.iter().cloned());
                self.effects.begun = Some((keys.run, lock));
                return Ok(CommandReply::Keys(Box::new(keys)));
            }
            Command::EndRun(end) => {
                runs::end(db, ledger, &end)?;
                self.effects.has_ended = true;
            }
            Command::ChangeEntries { job, changes } => entries::change(db, job, changes)?,
            Command::PutReread(file) => pages::put_reread(db, ledger.revision(db)?, &file)?,
            Command::PutNearDuplicates { job, near } => pages::put_near_duplicates(db, job, &near)?,
            Command::MarkEntriesDone { job, rule } => done_entries::mark_entries_done(db, job, &rule)?,
            Command::DefineRecipes { recipes, policy } => {
                let (set, tasks) = recipe_sets::define(db, &recipes, &policy)?;
                return Ok(CommandReply::Defined { set, tasks });
            }
            Command::OpenAttempt(open) => return Ok(CommandReply::Opened(attempts::open(db, ledger, &open)?)),
            Command::OpenAttempts(opens) => {
                let opened = opens.iter().map(|open| attempts::open(db, ledger, open));
                return Ok(CommandReply::OpenedMany(opened.collect::<Result<_, _>>()?));
            }
            Command::SettleAttempt(settlement) => attempts::settle(db, ledger, &settlement)?,
            Command::SettleBatchAttempts(settlements) => batches::settle(db, ledger, &settlements)?,
            Command::MarkLost { run, at_ms } => {
                return Ok(CommandReply::Lost(attempts::mark_lost(db, ledger, run, at_ms)?));
            }
            Command::GiveUpAttempts { attempts, at_ms } => {
                attempts.into_iter().try_for_each(|attempt| attempts::give_up(db, ledger, attempt, at_ms))?;
            }
            Command::PutOutcomes { page, outcomes } => {
                let (page, _) = pages::find_or_add_page(db, &page)?;
                outcomes::put_outcomes(db, ledger.revision(db)?, page, None, &outcomes)?;
            }
            Command::RememberEndpoint { endpoint, fact } => endpoints::remember(db, &endpoint, &fact)?,
            Command::BeginBatch(start) => return Ok(CommandReply::Batch(batches::begin(db, &start)?)),
            Command::ChangeBatch(change) => batches::change(db, ledger, &change)?,
            Command::WithdrawBatch(batch) => batches::withdraw(db, ledger, batch)?,
            Command::TakeOverBatches { run, provider, stalled } => batches::take_over(db, run, &provider, &stalled)?,
            Command::PutDecisions { decisions, is_group } => {
                return Ok(CommandReply::Decisions(decisions::put(db, ledger, &decisions, is_group)?));
            }
            Command::WithdrawGroup { group, at_ms } => {
                return Ok(CommandReply::Decisions(decisions::withdraw_group(db, ledger, group, at_ms)?));
            }
            Command::PutDraw(draw) => return Ok(CommandReply::Draw(draws::put(db, &draw)?)),
            Command::PutShown(shown) => shown_answers::put(db, &shown)?,
            // Within a group it ends nothing: the writer looks for it between groups.
            Command::Close => {}
        }
        Ok(CommandReply::Done)
    }

    /// The transaction is rolled back.
    pub(crate) fn abandon(self) {
        if let Some((_, lock)) = self.effects.begun {
            lock.release();
        }
    }

    /// Writes the ledger, before the commit. Returns the work to do after the commit.
    pub(crate) fn finish(self) -> Result<(Sequences, Effects), StoreError> {
        Ok((self.ledger.write(self.db)?, self.effects))
    }
}
