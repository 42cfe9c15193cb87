//! A complete batch on its way: uploaded, created, awaited. Every state is durable before the next
//! call is made, and what may have been done already is looked for before it is done again.

use super::lines::BatchAttempts;
use crate::base::hooks::Point;
use crate::base::ids::{BatchId, PageId};
use crate::base::units::counted;
use crate::base::vocabulary::BatchState;
use crate::pipeline::asking::stage::Asking;
use crate::provider::{BatchFault, ProviderRefusal, RemoteBatch, RemoteStatus};
use crate::store::{BatchChange, BatchProgress, StoreError};
use std::path::PathBuf;
use tokio::fs::{remove_file, try_exists};

/// How often a file may be unknown to the provider: a new file takes time to reach all servers.
const MAX_UNKNOWN: u32 = 5;
/// How often a batch may be missing from the provider's list before it counts as not created.
const MAX_ABSENT: u32 = 3;
/// How often the creation of a batch is requested without a confirmation.
const MAX_CREATED: u32 = 3;

/// A complete batch.
pub(crate) struct Batch {
    progress: BatchProgress,
    key: String,
    path: PathBuf,
    /// The attempts whose results are not stored yet.
    pub(crate) attempts: BatchAttempts,
    creation: Creation,
}

/// The state of the creation of a batch at the provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Creation {
    /// It may have been created: it is looked for before it is created again.
    may_exist: bool,
    /// Times that it was requested.
    requested: u32,
    /// Times that it was looked for and not found since the last request.
    absent: u32,
    /// Times that the provider did not know the file.
    unknown: u32,
}

/// What to do about the creation of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CreationStep {
    /// Request it.
    Request,
    /// Look for it again later: a new batch may not be listed at once.
    Await,
    /// Give up: the provider never confirms.
    GiveUp,
}

impl Creation {
    /// The facts about a batch that another run has left in a state. Its creation is requested once the state
    /// `Uploaded` is recorded, so before that it does not exist.
    fn of_state(state: BatchState) -> Self {
        Self { may_exist: state == BatchState::Uploaded, ..Self::default() }
    }

    /// The next step after the batch was looked for and not found.
    fn not_found(&mut self) -> CreationStep {
        if self.absent + 1 < MAX_ABSENT {
            self.absent += 1;
            return CreationStep::Await;
        }
        if self.requested >= MAX_CREATED {
            return CreationStep::GiveUp;
        }
        (self.may_exist, self.absent) = (false, 0);
        CreationStep::Request
    }

    /// The request goes out: until its answer is recorded, the batch may exist.
    fn request(&mut self) {
        self.may_exist = true;
        self.requested += 1;
    }

    /// The provider did not know the file, so nothing was created; whether the file counts as lost.
    fn file_unknown(&mut self) -> bool {
        self.may_exist = false;
        self.unknown += 1;
        if self.unknown < MAX_UNKNOWN {
            return false;
        }
        self.unknown = 0;
        true
    }
}

/// How far a step has brought a batch.
pub(crate) enum BatchStep {
    /// The provider works on it, or it is unknown yet.
    Working,
    /// The provider's queue has no space for it.
    Queued,
    /// It has come one state further: the next step can be made at once.
    Advanced,
    /// It has ended; its results can be collected.
    Ended(RemoteBatch),
    /// Its file is gone, and it was never submitted.
    FileGone,
    /// A call failed.
    Failed(BatchFault),
}

impl Batch {
    /// A batch that this run has built.
    pub(crate) fn new(progress: BatchProgress, key: String, path: PathBuf, attempts: BatchAttempts) -> Self {
        Self { progress, key, path, attempts, creation: Creation::default() }
    }

    /// A batch that another run has left.
    pub(crate) fn resumed(progress: BatchProgress, key: String, path: PathBuf, attempts: BatchAttempts) -> Self {
        let creation = Creation::of_state(progress.state);
        Self { creation, ..Self::new(progress, key, path, attempts) }
    }

    /// Removes the file of its lines.
    pub(crate) async fn remove_file(&self) {
        let _ = remove_file(&self.path).await;
    }

    /// Whether the file of its lines is there.
    async fn has_file(&self) -> bool {
        try_exists(&self.path).await.unwrap_or(false)
    }

    /// Its id in the store.
    pub(crate) fn id(&self) -> BatchId {
        self.progress.batch
    }

    /// Its state.
    pub(crate) fn state(&self) -> BatchState {
        self.progress.state
    }

    /// The number of pages whose results are not stored yet.
    pub(crate) fn pages(&self) -> usize {
        self.attempts.left()
    }

    /// These pages.
    pub(crate) fn page_ids(&self) -> impl Iterator<Item = PageId> + '_ {
        self.attempts.iter().map(|attempt| attempt.page)
    }

    /// Prompt tokens, as the provider's queue counts them.
    pub(crate) fn tokens(&self) -> u64 {
        self.progress.tokens
    }

    /// Whether it is in the provider's queue.
    pub(crate) fn is_queued(&self) -> bool {
        matches!(self.progress.state, BatchState::Uploaded | BatchState::Submitted)
    }

    /// Makes the next step. `fits`: the provider's queue has space for it.
    ///
    /// # Errors
    /// When the store can't be written.
    pub(crate) async fn advance(&mut self, asking: &Asking<'_>, fits: bool) -> Result<BatchStep, StoreError> {
        match self.progress.state {
            BatchState::Filled if !self.has_file().await => Ok(BatchStep::FileGone),
            BatchState::Filled if !fits => Ok(BatchStep::Queued),
            BatchState::Filled => self.upload(asking).await,
            BatchState::Uploaded => self.create(asking).await,
            BatchState::Filling | BatchState::Submitted | BatchState::Ended => self.poll(asking).await,
        }
    }

    async fn upload(&mut self, asking: &Asking<'_>) -> Result<BatchStep, StoreError> {
        match asking.endpoint.batches().upload(&self.path).await {
            Ok(file) => {
                asking.run.hooks.reached(Point::BatchUploaded);
                self.progress.input_file = Some(file);
                self.change(asking, BatchState::Uploaded).await?;
                Ok(BatchStep::Advanced)
            }
            Err(fault) => Ok(BatchStep::Failed(fault)),
        }
    }

    async fn create(&mut self, asking: &Asking<'_>) -> Result<BatchStep, StoreError> {
        // The state `Uploaded` is recorded together with the file.
        let file = self.progress.input_file.clone().ok_or_else(|| self.damaged("uploaded without a file"))?;
        if self.creation.may_exist {
            match asking.endpoint.batches().find(&file, &self.key).await {
                Ok(Some(found)) => return self.record_created(asking, found).await,
                Ok(None) => match self.creation.not_found() {
                    CreationStep::Await => return Ok(BatchStep::Working),
                    CreationStep::GiveUp => {
                        let message = "the provider does not confirm the creation of a batch".to_owned();
                        let hint = "look at the batches at the provider, then run again";
                        return Ok(BatchStep::Failed(BatchFault::Refused(ProviderRefusal::of_all(message, hint))));
                    }
                    CreationStep::Request => {}
                },
                Err(fault) => return Ok(BatchStep::Failed(fault)),
            }
        }
        self.creation.request();
        match asking.endpoint.batches().create(&file, &self.key).await {
            Ok(created) => {
                asking.run.hooks.reached(Point::BatchCreated);
                self.record_created(asking, created).await
            }
            Err(BatchFault::NotFound(message)) if !self.creation.file_unknown() => {
                Ok(BatchStep::Failed(BatchFault::transient(message)))
            }
            Err(BatchFault::NotFound(_)) if !self.has_file().await => Ok(BatchStep::FileGone),
            Err(BatchFault::NotFound(message)) => {
                tracing::warn!("the provider has lost the file of a batch ({message}): uploading it again");
                self.progress.input_file = None;
                self.change(asking, BatchState::Filled).await?;
                Ok(BatchStep::Working)
            }
            Err(fault) => Ok(BatchStep::Failed(fault)),
        }
    }

    async fn record_created(&mut self, asking: &Asking<'_>, remote: RemoteBatch) -> Result<BatchStep, StoreError> {
        tracing::info!("batch {} with {} is submitted", remote.id, counted(self.pages() as u64, "page"));
        self.progress.remote = Some(remote.id);
        self.change(asking, BatchState::Submitted).await?;
        asking.run.hooks.reached(Point::BatchSubmitted);
        self.remove_file().await;
        Ok(BatchStep::Working)
    }

    fn damaged(&self, what: &str) -> StoreError {
        StoreError::Damaged(format!("table batches, row {}: {what}", self.progress.batch))
    }

    async fn poll(&self, asking: &Asking<'_>) -> Result<BatchStep, StoreError> {
        let id = self.progress.remote.as_deref().ok_or_else(|| self.damaged("submitted without the provider's id"))?;
        Ok(match asking.endpoint.batches().status(id).await {
            Ok(remote) if remote.status == RemoteStatus::Working => BatchStep::Working,
            Ok(remote) if remote.status == RemoteStatus::Unclear => {
                let message = format!("the provider reports an unknown state of batch {id}");
                BatchStep::Failed(BatchFault::transient(message))
            }
            Ok(remote) => BatchStep::Ended(remote),
            Err(BatchFault::NotFound(message)) => {
                tracing::warn!("the provider has no batch {id} ({message}): its pages are sent again");
                BatchStep::Ended(RemoteBatch {
                    id: id.to_owned(),
                    status: RemoteStatus::Cancelled,
                    ..RemoteBatch::default()
                })
            }
            Err(fault) => BatchStep::Failed(fault),
        })
    }

    /// Records that every result is stored. `message`: why the batch failed, if it did.
    ///
    /// # Errors
    /// When the store can't be written.
    pub(crate) async fn end(&mut self, asking: &Asking<'_>, message: Option<String>) -> Result<(), StoreError> {
        self.remove_file().await;
        self.progress.state = BatchState::Ended;
        self.record(asking, message).await
    }

    async fn change(&mut self, asking: &Asking<'_>, state: BatchState) -> Result<(), StoreError> {
        self.progress.state = state;
        self.record(asking, None).await
    }

    async fn record(&self, asking: &Asking<'_>, message: Option<String>) -> Result<(), StoreError> {
        let (progress, at_ms) = (self.progress.clone(), asking.run.clock.wall_ms());
        asking.run.store.change_batch(BatchChange { progress, message, at_ms }).await
    }
}

#[cfg(test)]
mod tests;
