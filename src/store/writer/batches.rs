//! The store's handle, for batches: many attempts in one commit.

use super::command::{Answer, Command};
use super::thread::Store;
use crate::base::ids::{BatchId, RunKey};
use crate::store::error::StoreError;
use crate::store::records::attempts::{OpenAttempt, Opened, Settlement};
use crate::store::records::batches::{BatchChange, BatchStart};

impl Store {
    /// Begins a batch; its key.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn begin_batch(&self, start: BatchStart) -> Result<BatchId, StoreError> {
        match self.answer(Command::BeginBatch(Box::new(start))).await? {
            Answer::Batch(batch) => Ok(batch),
            _ => Err(StoreError::Closed),
        }
    }

    /// Records how far a batch has come: durable when this returns.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn change_batch(&self, change: BatchChange) -> Result<(), StoreError> {
        self.answer(Command::ChangeBatch(Box::new(change))).await.map(|_| ())
    }

    /// Makes the batches of a provider that nobody has those of a run.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn adopt_batches(&self, run: RunKey, provider: String) -> Result<(), StoreError> {
        self.answer(Command::AdoptBatches { run, provider }).await.map(|_| ())
    }

    /// Forgets a batch that was never submitted, and what was set aside for it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn withdraw_batch(&self, batch: BatchId) -> Result<(), StoreError> {
        self.answer(Command::WithdrawBatch(batch)).await.map(|_| ())
    }

    /// Opens attempts, one after the other, in one commit.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn open_attempts(&self, opens: Vec<OpenAttempt>) -> Result<Vec<Opened>, StoreError> {
        match self.answer(Command::OpenMany(opens)).await? {
            Answer::OpenedMany(opened) => Ok(opened),
            _ => Err(StoreError::Closed),
        }
    }

    /// Settles attempts of a batch in one commit; those that are settled stay as they are.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn settle_many(&self, settlements: Vec<Settlement>) -> Result<(), StoreError> {
        self.answer(Command::SettleMany(settlements)).await.map(|_| ())
    }
}
