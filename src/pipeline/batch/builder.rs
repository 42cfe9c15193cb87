//! A batch while it is built: a file of request lines beside the store. The file holds images and
//! is removed when the provider has it.

use super::lifecycle::Batch;
use super::lines::BatchAttempts;
use crate::base::hooks::Point;
use crate::base::ids::{AttemptId, BatchId, RequestId};
use crate::base::vocabulary::BatchState;
use crate::pipeline::asking::attempt::Attempt;
use crate::pipeline::asking::stage::Asking;
use crate::provider::BatchClient;
use crate::store::{BatchChange, BatchProgress, BatchStart, StoreError};
use bytes::Bytes;
use std::path::PathBuf;
use tokio::fs::{File, remove_file};
use tokio::io::{AsyncWriteExt, BufWriter};

/// Maximum number of bytes of a line, besides the body of its request.
pub(crate) const LINE_FRAME_BYTES: u64 = 160;
/// Bytes that are written at once.
const BUFFER_BYTES: usize = 1 << 20;

/// A batch that is being built. Its file is written beside the only thread that talks to the network: a write or a sync
/// may take seconds.
pub(crate) struct BatchBuilder {
    /// The batch.
    pub(crate) batch: BatchId,
    key: String,
    path: PathBuf,
    out: BufWriter<File>,
    attempts: BatchAttempts,
    /// Size of the file.
    pub(crate) bytes: u64,
    /// Prompt tokens, as the provider's queue counts them.
    pub(crate) tokens: u64,
}

impl BatchBuilder {
    /// Begins a batch.
    ///
    /// # Errors
    /// When the store or the file can't be written.
    pub(crate) async fn begin(asking: &Asking<'_>) -> Result<Self, StoreError> {
        let run = asking.run;
        let key = run.identity.new_id();
        let path = run.store.batch_file(&key);
        let at_ms = run.clock.wall_ms();
        // First the row, then the file: a file without a row is removed by the next run.
        let batch = run
            .store
            .begin_batch(BatchStart {
                key: key.clone(),
                run: run.identity.keys.run,
                job: run.identity.keys.job,
                provider: run.job.provider.id.clone(),
                price: asking.endpoint.price().map(|price| price.table.to_text(at_ms)),
                at_ms,
            })
            .await?;
        #[expect(clippy::disallowed_methods, reason = "read only when the store has recorded that it is complete")]
        let file = File::create(&path).await.map_err(|error| StoreError::write(&path, error))?;
        let out = BufWriter::with_capacity(BUFFER_BYTES, file);
        Ok(Self { batch, key, path, out, attempts: BatchAttempts::default(), bytes: 0, tokens: 0 })
    }

    /// Whether it has no line.
    pub(crate) fn is_empty(&self) -> bool {
        self.attempts.lines() == 0
    }

    /// The number of lines.
    pub(crate) fn requests(&self) -> u64 {
        self.attempts.lines() as u64
    }

    /// Writes the line of an attempt that was opened as `request` and `id`.
    ///
    /// # Errors
    /// When the file can't be written.
    pub(crate) async fn write(
        &mut self,
        (request, id, custom_id): (RequestId, AttemptId, String),
        mut attempt: Attempt,
        body: &Bytes,
        batches: &BatchClient<'_>,
    ) -> Result<(), StoreError> {
        attempt.state.request = Some(request);
        let (head, tail) = batches.line_frame(&custom_id);
        for part in [head.as_bytes(), body, tail.as_bytes()] {
            self.out.write_all(part).await.map_err(|error| StoreError::write(&self.path, error))?;
            self.bytes += part.len() as u64;
        }
        self.tokens += queued_tokens(&attempt);
        self.attempts.push(custom_id, id, attempt);
        Ok(())
    }

    /// Makes the file durable. From now on the batch may be submitted.
    ///
    /// # Errors
    /// When the file or the store can't be written.
    pub(crate) async fn complete(mut self, asking: &Asking<'_>) -> Result<Batch, StoreError> {
        let run = asking.run;
        let path = self.path.clone();
        let requests = self.requests();
        self.out.flush().await.map_err(|error| StoreError::write(&path, error))?;
        self.out.get_ref().sync_all().await.map_err(|error| StoreError::write(&path, error))?;
        let progress = BatchProgress {
            batch: self.batch,
            state: BatchState::Filled,
            requests,
            bytes: self.bytes,
            tokens: self.tokens,
            input_file: None,
            remote: None,
        };
        let at_ms = run.clock.wall_ms();
        run.store.change_batch(BatchChange { progress: progress.clone(), message: None, at_ms }).await?;
        run.hooks.reached(Point::BatchFilled);
        Ok(Batch::new(progress, self.key, self.path, self.attempts))
    }

    /// Discards the batch: nothing of it was sent.
    ///
    /// # Errors
    /// When the store can't be written.
    pub(crate) async fn withdraw(self, asking: &Asking<'_>) -> Result<(), StoreError> {
        let _ = remove_file(&self.path).await;
        asking.run.store.withdraw_batch(self.batch).await
    }
}

/// Prompt tokens of a request, as the provider's queue counts them.
pub(crate) fn queued_tokens(attempt: &Attempt) -> u64 {
    attempt.before.estimate.expected.input
}
