//! The entries of a job in their order, read in batches.

use super::reader::Reader;
use crate::base::ids::JobId;
use crate::store::error::StoreError;
use crate::store::records::entries::EntryRecord;
use std::collections::VecDeque;

/// Entries read at once.
const BATCH: usize = 1000;

/// Goes through the entries of a job in their order. Memory is bounded by one batch.
pub struct EntryCursor<'a> {
    reader: &'a Reader,
    job: JobId,
    batch: VecDeque<EntryRecord>,
    /// Where the last batch ended: line and path.
    last: (u64, Vec<u8>),
    is_over: bool,
}

impl<'a> EntryCursor<'a> {
    /// A cursor before the first entry of a job.
    #[must_use]
    pub fn new(reader: &'a Reader, job: JobId) -> Self {
        Self { reader, job, batch: VecDeque::new(), last: (0, Vec::new()), is_over: false }
    }

    /// The next entry, without passing it.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn peek(&mut self) -> Result<Option<&EntryRecord>, StoreError> {
        if self.batch.is_empty() && !self.is_over {
            self.batch = self.reader.entries(self.job, (self.last.0, &self.last.1), BATCH)?.into();
            match self.batch.back() {
                Some(last) => self.last = (last.line, last.path.clone()),
                None => self.is_over = true,
            }
        }
        Ok(self.batch.front())
    }

    /// The next entry.
    ///
    /// # Errors
    /// When the store can't be read.
    #[expect(clippy::should_implement_trait, reason = "a read may fail")]
    pub fn next(&mut self) -> Result<Option<EntryRecord>, StoreError> {
        self.peek()?;
        Ok(self.batch.pop_front())
    }

    /// The entry at `position` (line and path). Entries before it are passed to `missed`.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn seek(
        &mut self,
        position: (u64, &[u8]),
        mut missed: impl FnMut(EntryRecord),
    ) -> Result<Option<EntryRecord>, StoreError> {
        while let Some(stored) = self.peek()? {
            match stored.position().cmp(&position) {
                std::cmp::Ordering::Less => {
                    if let Some(entry) = self.next()? {
                        missed(entry);
                    }
                }
                std::cmp::Ordering::Equal => return self.next(),
                std::cmp::Ordering::Greater => return Ok(None),
            }
        }
        Ok(None)
    }
}
