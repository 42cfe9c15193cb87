//! A batch that is complete: it is uploaded, created, and waited for. What was done is
//! durable before the next step, and what may have been done is looked for before it is
//! done again.

use super::super::page::Context;
use super::file::path_of;
use super::item::Item;
use crate::ask::{BatchFault, RemoteBatch, RemoteStatus};
use crate::hooks::Point;
use crate::store::{BatchChange, BatchState, Reader, StoreError, StoredPage};
use std::collections::HashMap;
use std::path::PathBuf;

/// A batch that is complete.
pub(super) struct Flying {
    record: BatchChange,
    key: String,
    path: PathBuf,
    pub(super) items: HashMap<i64, Item>,
    /// Attempts in the order of their lines.
    pub(super) order: Vec<i64>,
    /// The batch may have been created: it is looked for first.
    may_exist: bool,
}

/// How a batch was found.
pub(super) enum Look {
    /// The provider works on it.
    Working,
    /// The provider's queue has no room for it.
    Waits,
    /// It has come a step further: look again at once.
    Again,
    /// It has ended.
    Ended(RemoteBatch),
    /// Its file is gone before it was uploaded.
    Gone,
    /// A call did not do its work.
    Fault(BatchFault),
}

impl Flying {
    pub(super) fn new(
        record: BatchChange,
        key: String,
        path: PathBuf,
        items: HashMap<i64, Item>,
        order: Vec<i64>,
    ) -> Self {
        Self { record, key, path, items, order, may_exist: false }
    }

    pub(super) fn batch(&self) -> i64 {
        self.record.batch
    }

    pub(super) fn state(&self) -> BatchState {
        self.record.state
    }

    pub(super) fn pages(&self) -> usize {
        self.items.len()
    }

    pub(super) fn page_keys(&self) -> impl Iterator<Item = StoredPage> + '_ {
        self.items.values().map(|item| item.page)
    }

    /// Prompt tokens, as the provider's queue counts them.
    pub(super) fn tokens(&self) -> u64 {
        self.record.tokens
    }

    /// Whether the provider has it in its queue.
    pub(super) fn is_queued(&self) -> bool {
        matches!(self.record.state, BatchState::Uploaded | BatchState::Submitted)
    }

    /// Does the next step. `has_room`: the provider's queue has room for it.
    pub(super) async fn advance(&mut self, context: &Context<'_>, has_room: bool) -> Result<Look, StoreError> {
        match self.record.state {
            BatchState::Filled if !self.path.exists() => Ok(Look::Gone),
            BatchState::Filled if !has_room => Ok(Look::Waits),
            BatchState::Filled => self.upload(context).await,
            BatchState::Uploaded => self.create(context).await,
            _ => self.ask(context).await,
        }
    }

    async fn upload(&mut self, context: &Context<'_>) -> Result<Look, StoreError> {
        match context.transport.upload(&self.path).await {
            Ok(file) => {
                context.hooks.at(Point::BatchUploaded);
                self.record.input_file = Some(file);
                self.change(context, BatchState::Uploaded).await?;
                Ok(Look::Again)
            }
            Err(fault) => Ok(Look::Fault(fault)),
        }
    }

    async fn create(&mut self, context: &Context<'_>) -> Result<Look, StoreError> {
        let file = self.record.input_file.clone().unwrap_or_default();
        if self.may_exist {
            match context.transport.find_batch(&file, &self.key).await {
                Ok(Some(found)) => return self.created(context, found).await,
                Ok(None) => self.may_exist = false,
                Err(fault) => return Ok(Look::Fault(fault)),
            }
        }
        // From here until its id is recorded it may exist.
        self.may_exist = true;
        match context.transport.create_batch(&file, &self.key).await {
            Ok(created) => {
                context.hooks.at(Point::BatchCreated);
                self.created(context, created).await
            }
            Err(fault) => Ok(Look::Fault(fault)),
        }
    }

    async fn created(&mut self, context: &Context<'_>, remote: RemoteBatch) -> Result<Look, StoreError> {
        tracing::info!("batch {} with {} pages is submitted", remote.id, self.items.len());
        self.record.remote = Some(remote.id);
        self.change(context, BatchState::Submitted).await?;
        context.hooks.at(Point::BatchSubmitted);
        let _ = std::fs::remove_file(&self.path);
        Ok(Look::Working)
    }

    async fn ask(&self, context: &Context<'_>) -> Result<Look, StoreError> {
        let id = self.record.remote.as_deref().unwrap_or_default();
        Ok(match context.transport.batch(id).await {
            Ok(remote) if remote.status == RemoteStatus::Working => Look::Working,
            Ok(remote) => Look::Ended(remote),
            Err(fault) => Look::Fault(fault),
        })
    }

    /// Records that everything of it is stored.
    pub(super) async fn end(&mut self, context: &Context<'_>, message: Option<String>) -> Result<(), StoreError> {
        self.record.message = message;
        self.change(context, BatchState::Ended).await
    }

    async fn change(&mut self, context: &Context<'_>, state: BatchState) -> Result<(), StoreError> {
        self.record.state = state;
        self.record.at_ms = context.clock.wall_ms();
        context.store.change_batch(self.record.clone()).await
    }
}

/// The batches that earlier runs of the job left behind. A file that is gone was never
/// uploaded as far as anybody knows: its pages are asked anew.
pub(super) fn adopted(reader: &Reader, context: &Context<'_>) -> Result<Vec<Flying>, StoreError> {
    let mut flying = Vec::new();
    for record in reader.batches(context.run)? {
        let path = path_of(context.store.path(), &record.key);
        let mut items = HashMap::new();
        let mut order = Vec::new();
        for stored in reader.batch_attempts(record.batch)? {
            order.push(stored.attempt);
            items.insert(stored.attempt, Item::adopted(context, reader, stored)?);
        }
        let change = BatchChange {
            batch: record.batch,
            state: record.state,
            requests: record.requests,
            bytes: record.bytes,
            tokens: record.tokens,
            input_file: record.input_file,
            remote: record.remote,
            message: None,
            at_ms: context.clock.wall_ms(),
        };
        flying.push(Flying { may_exist: true, ..Flying::new(change, record.key, path, items, order) });
    }
    Ok(flying)
}
