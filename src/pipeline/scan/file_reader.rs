//! Reads files of the input, each when there is memory for it.

use crate::base::trusted_roots::NO_ROOTS_HINT;
use crate::pipeline::control::context::RunContext;
use crate::pipeline::control::run_outcome::RunOutcome;
use crate::prepare::{DecoderMemory, FileMemory, MemoryShare};
use crate::source::{Cancelled, Entry, HostLimits, ReadFault, ReadFaultKind, SourceReader};
use bytes::Bytes;
use std::sync::Arc;

/// The bytes of a file, with the memory that they take.
struct HeldFile {
    bytes: Bytes,
    _share: MemoryShare,
}

impl AsRef<[u8]> for HeldFile {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Reads files of the input.
pub(crate) struct FileReader {
    run: Arc<RunContext>,
    source: SourceReader,
    memory: DecoderMemory,
}

impl FileReader {
    /// A reader of the run's input. `memory`: that of files and of decoders.
    pub(crate) fn new(run: Arc<RunContext>, hosts: Arc<HostLimits>, memory: DecoderMemory) -> Self {
        let shutdown = run.shutdown.clone();
        let cancelled = move || {
            let shutdown = shutdown.clone();
            let ending: Cancelled = Box::pin(async move { shutdown.immediate().await });
            ending
        };
        let source = SourceReader::new(&run.job.input, hosts, run.clock.clone(), cancelled);
        Self { run, source, memory }
    }

    /// Whether another file waits for its memory.
    pub(crate) fn lacks_memory(&self) -> bool {
        self.memory.is_scarce()
    }

    /// The file's bytes, or why there are none.
    ///
    /// # Errors
    /// How the run ends, when no file can be read.
    pub(crate) fn read(&mut self, entry: &Entry) -> Result<Result<Bytes, ReadFault>, RunOutcome> {
        // The size of a URL's content is known only after it is fetched.
        let is_url = entry.url().is_some();
        let share = match self.acquire_memory(if is_url { 0 } else { entry.size }) {
            Ok(share) => share,
            Err(fault) => return Ok(Err(fault)),
        };
        match self.source.read(entry) {
            Err(fault) => match fault.kind {
                ReadFaultKind::NoHttpClient => Err(RunOutcome::InternalError(fault.message)),
                ReadFaultKind::NoRoots => {
                    let message = format!("an https URL of input.list {}", fault.message);
                    Err(RunOutcome::InputFault { message, hint: NO_ROOTS_HINT.to_owned() })
                }
                ReadFaultKind::TooLarge
                | ReadFaultKind::ReadFailed
                | ReadFaultKind::FetchFailed
                | ReadFaultKind::LacksMemory => Ok(Err(fault)),
            },
            Ok(bytes) => {
                let share = if is_url { self.acquire_memory(bytes.len() as u64) } else { Ok(share) };
                Ok(share.map(|share| match share {
                    Some(share) => Bytes::from_owner(HeldFile { bytes, _share: share }),
                    None => bytes,
                }))
            }
        }
    }

    /// Waits until there is memory for a file of this length.
    fn acquire_memory(&self, length: u64) -> Result<Option<MemoryShare>, ReadFault> {
        match self.memory.acquire_file(length, &|| self.run.shutdown.is_immediate()) {
            FileMemory::Free(share) => Ok(share),
            FileMemory::TooSmall => Err(ReadFault::lacks_memory(length)),
            FileMemory::Cancelled => Err(ReadFault::cancelled()),
        }
    }
}
