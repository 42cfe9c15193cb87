//! A batch that is complete: it is uploaded, created, and waited for. What was done is
//! durable before the next step, and what may have been done is looked for before it is
//! done again.

use super::builder::path_of;
use super::resume;
use crate::base::hooks::Point;
use crate::catalog::Price;
use crate::pipeline::asking::attempt::Attempt;
use crate::pipeline::asking::page_loop::Context;
use crate::provider::{BatchFault, Refusal, RemoteBatch, RemoteStatus};
use crate::store::{BatchChange, BatchProgress, BatchState, PageId, Reader, StoreError};
use std::collections::HashMap;
use std::path::PathBuf;

/// A batch that is complete.
pub(crate) struct Flying {
    progress: BatchProgress,
    key: String,
    path: PathBuf,
    pub(crate) items: HashMap<i64, Attempt>,
    /// Attempts in the order of their lines.
    pub(crate) order: Vec<i64>,
    /// The batch may have been created: it is looked for first.
    may_exist: bool,
    /// Times that it was asked for, and that it was looked for since and not found.
    created: u32,
    absent: u32,
    /// Times that the provider did not know the file that it was given.
    unknown: u32,
}

/// Times that a file may be unknown to the provider, which needs a moment for new ones.
const MOST_UNKNOWN: u32 = 5;
/// Looks after which a batch that is not listed does not exist.
const MOST_ABSENT: u32 = 3;
/// Times that a batch is asked for without being confirmed.
const MOST_CREATED: u32 = 3;

/// How a batch was found.
pub(crate) enum Look {
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
    pub(crate) fn new(
        progress: BatchProgress,
        key: String,
        path: PathBuf,
        items: HashMap<i64, Attempt>,
        order: Vec<i64>,
    ) -> Self {
        Self { progress, key, path, items, order, may_exist: false, created: 0, absent: 0, unknown: 0 }
    }

    /// Removes the file of its lines.
    pub(crate) fn remove_file(&self) {
        let _ = std::fs::remove_file(&self.path);
    }

    pub(crate) fn batch(&self) -> i64 {
        self.progress.batch
    }

    pub(crate) fn state(&self) -> BatchState {
        self.progress.state
    }

    pub(crate) fn pages(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn page_keys(&self) -> impl Iterator<Item = PageId> + '_ {
        self.items.values().map(|item| item.page)
    }

    /// Prompt tokens, as the provider's queue counts them.
    pub(crate) fn tokens(&self) -> u64 {
        self.progress.tokens
    }

    /// Whether the provider has it in its queue.
    pub(crate) fn is_queued(&self) -> bool {
        matches!(self.progress.state, BatchState::Uploaded | BatchState::Submitted)
    }

    /// Does the next step. `has_room`: the provider's queue has room for it.
    pub(crate) async fn advance(&mut self, context: &Context<'_>, has_room: bool) -> Result<Look, StoreError> {
        match self.progress.state {
            BatchState::Filled if !self.path.exists() => Ok(Look::Gone),
            BatchState::Filled if !has_room => Ok(Look::Waits),
            BatchState::Filled => self.upload(context).await,
            BatchState::Uploaded => self.create(context).await,
            _ => self.ask(context).await,
        }
    }

    async fn upload(&mut self, context: &Context<'_>) -> Result<Look, StoreError> {
        match context.endpoint.batches().upload(&self.path).await {
            Ok(file) => {
                context.hooks.at(Point::BatchUploaded);
                self.progress.input_file = Some(file);
                self.change(context, BatchState::Uploaded).await?;
                Ok(Look::Again)
            }
            Err(fault) => Ok(Look::Fault(fault)),
        }
    }

    async fn create(&mut self, context: &Context<'_>) -> Result<Look, StoreError> {
        let file = self.progress.input_file.clone().unwrap_or_default();
        if self.may_exist {
            match context.endpoint.batches().find(&file, &self.key).await {
                Ok(Some(found)) => return self.created(context, found).await,
                // A new batch may not be listed at once.
                Ok(None) if self.absent + 1 < MOST_ABSENT => {
                    self.absent += 1;
                    return Ok(Look::Working);
                }
                Ok(None) if self.created >= MOST_CREATED => {
                    let message = "the provider does not confirm the creation of a batch".to_owned();
                    let hint = "look at the batches at the provider, then run again".to_owned();
                    return Ok(Look::Fault(BatchFault::Refused(Refusal { message, hint })));
                }
                Ok(None) => (self.may_exist, self.absent) = (false, 0),
                Err(fault) => return Ok(Look::Fault(fault)),
            }
        }
        // From here until its id is recorded it may exist.
        self.may_exist = true;
        self.created += 1;
        match context.endpoint.batches().create(&file, &self.key).await {
            Ok(created) => {
                context.hooks.at(Point::BatchCreated);
                self.created(context, created).await
            }
            // Nothing was created.
            Err(BatchFault::NotFound(message)) => {
                self.may_exist = false;
                self.unknown += 1;
                if self.unknown < MOST_UNKNOWN {
                    return Ok(Look::Fault(BatchFault::Transient { message, after: None }));
                }
                if !self.path.exists() {
                    return Ok(Look::Gone);
                }
                tracing::warn!("the provider has lost the file of a batch ({message}): it is uploaded again");
                (self.unknown, self.progress.input_file) = (0, None);
                self.change(context, BatchState::Filled).await?;
                Ok(Look::Working)
            }
            Err(fault) => Ok(Look::Fault(fault)),
        }
    }

    async fn created(&mut self, context: &Context<'_>, remote: RemoteBatch) -> Result<Look, StoreError> {
        tracing::info!("batch {} with {} pages is submitted", remote.id, self.items.len());
        self.progress.remote = Some(remote.id);
        self.change(context, BatchState::Submitted).await?;
        context.hooks.at(Point::BatchSubmitted);
        self.remove_file();
        Ok(Look::Working)
    }

    async fn ask(&self, context: &Context<'_>) -> Result<Look, StoreError> {
        let id = self.progress.remote.as_deref().unwrap_or_default();
        Ok(match context.endpoint.batches().status(id).await {
            Ok(remote) if remote.status == RemoteStatus::Working => Look::Working,
            Ok(remote) if remote.status == RemoteStatus::Unclear => {
                let message = format!("the provider tells nothing known of batch {id}");
                Look::Fault(BatchFault::Transient { message, after: None })
            }
            Ok(remote) => Look::Ended(remote),
            Err(BatchFault::NotFound(message)) => {
                tracing::warn!("the provider does not know batch {id} ({message}): its pages are asked again");
                Look::Ended(RemoteBatch {
                    id: id.to_owned(),
                    status: RemoteStatus::Cancelled,
                    ..RemoteBatch::default()
                })
            }
            Err(fault) => Look::Fault(fault),
        })
    }

    /// Records that everything of it is stored; `message`: what the provider said.
    pub(crate) async fn end(&mut self, context: &Context<'_>, message: Option<String>) -> Result<(), StoreError> {
        self.remove_file();
        self.progress.state = BatchState::Ended;
        self.record(context, message).await
    }

    async fn change(&mut self, context: &Context<'_>, state: BatchState) -> Result<(), StoreError> {
        self.progress.state = state;
        self.record(context, None).await
    }

    async fn record(&self, context: &Context<'_>, message: Option<String>) -> Result<(), StoreError> {
        let (progress, at_ms) = (self.progress.clone(), context.clock.wall_ms());
        context.store.change_batch(BatchChange { progress, message, at_ms }).await
    }
}

/// The batches that earlier runs of the job left behind. A file that is gone was never
/// uploaded as far as anybody knows: its pages are asked anew.
pub(crate) fn adopted(reader: &Reader, context: &Context<'_>, known: &[i64]) -> Result<Vec<Flying>, StoreError> {
    let mut flying = Vec::new();
    for record in reader.batches(context.run)? {
        if record.progress.state == BatchState::Filling || known.contains(&record.progress.batch) {
            continue;
        }
        let path = path_of(context.store.path(), &record.key);
        if record.progress.state == BatchState::Submitted {
            // The provider has it.
            let _ = std::fs::remove_file(&path);
        }
        let price = record.price.as_deref().and_then(Price::from_text);
        let mut items = HashMap::new();
        let mut order = Vec::new();
        for stored in reader.batch_attempts(record.progress.batch)? {
            order.push(stored.attempt);
            items.insert(stored.attempt, resume::adopted(reader, price, stored)?);
        }
        flying.push(Flying { may_exist: true, ..Flying::new(record.progress, record.key, path, items, order) });
    }
    Ok(flying)
}
