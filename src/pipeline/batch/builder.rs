//! A batch while it is filled: a file of request lines beside the store. It holds images,
//! and goes when the provider has it.

use super::delivery::custom_id;
use super::lifecycle::Flying;
use crate::base::hooks::Point;
use crate::pipeline::asking::attempt::Attempt;
use crate::pipeline::asking::page_loop::Context;
use crate::provider::BatchClient;
use crate::store::{BatchChange, BatchProgress, BatchStart, BatchState, StoreError};
use bytes::Bytes;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Bytes of a line beside the request's body, at most.
pub(crate) const LINE_FRAME: u64 = 120;

/// Prompt tokens of a request, as the provider's queue counts them.
pub(crate) fn queued_tokens(item: &Attempt) -> u64 {
    item.before.estimate.expected.input
}

/// A batch that is filled.
pub(crate) struct Filling {
    pub(crate) batch: i64,
    key: String,
    path: PathBuf,
    out: BufWriter<File>,
    items: HashMap<i64, Attempt>,
    /// Attempts in the order of their lines.
    order: Vec<i64>,
    pub(crate) bytes: u64,
    pub(crate) tokens: u64,
}

impl Filling {
    pub(crate) async fn begin(context: &Context<'_>, job: i64) -> Result<Self, StoreError> {
        let key = context.new_id();
        let path = path_of(context.store.path(), &key);
        let start = BatchStart {
            key: key.clone(),
            run: context.run,
            job,
            provider: context.job.provider.id.clone(),
            price: context.job.price().map(|price| price.to_text()),
            at_ms: context.clock.wall_ms(),
        };
        // First the row, then the file: what has no row is nobody's.
        let batch = context.store.begin_batch(start).await?;
        // It is read only once it is whole, which the store says.
        #[expect(clippy::disallowed_methods, reason = "a file of ours alone, under a name that is new")]
        let file = File::create(&path).map_err(|error| failed(&path, &error))?;
        let out = BufWriter::with_capacity(1 << 20, file);
        Ok(Self { batch, key, path, out, items: HashMap::new(), order: Vec::new(), bytes: 0, tokens: 0 })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub(crate) fn requests(&self) -> u64 {
        self.order.len() as u64
    }

    pub(crate) fn write(
        &mut self,
        (request, attempt): (i64, i64),
        mut item: Attempt,
        body: &Bytes,
        batches: &BatchClient<'_>,
    ) -> Result<(), StoreError> {
        item.state.request = Some(request);
        let (head, tail) = batches.line_frame(&custom_id(attempt));
        let parts = [head.as_bytes(), body, tail.as_bytes()];
        for part in parts {
            self.out.write_all(part).map_err(|error| failed(&self.path, &error))?;
            self.bytes += part.len() as u64;
        }
        self.tokens += queued_tokens(&item);
        self.order.push(attempt);
        self.items.insert(attempt, item);
        Ok(())
    }

    /// Makes the file durable; from now on the batch may be submitted.
    pub(crate) async fn complete(mut self, context: &Context<'_>) -> Result<Flying, StoreError> {
        let synced = self.out.flush().and_then(|()| self.out.get_ref().sync_all());
        synced.map_err(|error| failed(&self.path, &error))?;
        let progress = BatchProgress {
            batch: self.batch,
            state: BatchState::Filled,
            requests: self.requests(),
            bytes: self.bytes,
            tokens: self.tokens,
            input_file: None,
            remote: None,
        };
        let at_ms = context.clock.wall_ms();
        context.store.change_batch(BatchChange { progress: progress.clone(), message: None, at_ms }).await?;
        context.hooks.at(Point::BatchFilled);
        Ok(Flying::new(progress, self.key, self.path, self.items, self.order))
    }

    /// Gives it up: nothing of it was sent.
    pub(crate) async fn withdraw(self, context: &Context<'_>) -> Result<(), StoreError> {
        let _ = std::fs::remove_file(&self.path);
        context.store.withdraw_batch(self.batch).await
    }
}

/// Where the lines of a batch are while the provider has not got them.
pub(crate) fn path_of(store: &Path, key: &str) -> PathBuf {
    let mut name = store.file_name().unwrap_or_default().to_owned();
    name.push(format!(".batch-{key}.jsonl"));
    store.with_file_name(name)
}

/// Removes the files of batches that are no more: a run that died was filling them.
pub(crate) fn remove_orphans(
    store: &Path,
    keys: impl FnOnce() -> Result<Vec<String>, StoreError>,
) -> Result<(), StoreError> {
    let mut start = store.file_name().unwrap_or_default().to_string_lossy().into_owned();
    start.push_str(".batch-");
    let folder = store.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // First the files, then the keys: a file that appears meanwhile is somebody's.
    let found: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().collect();
    let keys = keys()?;
    for entry in found {
        let name = entry.file_name().to_string_lossy().into_owned();
        let key = name.strip_prefix(&start).and_then(|rest| rest.strip_suffix(".jsonl"));
        if key.is_some_and(|key| !keys.iter().any(|known| known == key)) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
    Ok(())
}

fn failed(path: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Failed(format!("can't write {}: {error}", path.display()))
}
