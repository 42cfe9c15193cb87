//! Reads the content of an entry, from a file or a URL.

use super::entry::Entry;
use super::fetch::Fetcher;
use super::host_limits::HostLimits;
use super::read_fault::{ReadFault, ReadFaultKind};
use crate::base::clock::Clock;
use crate::base::open_databases;
use crate::manifest::{Fetch, Input};
use bytes::Bytes;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

/// Largest file that is read, in bytes.
pub(crate) const MAX_FILE_BYTES: u64 = 512 << 20;

/// Completes when reading should be given up.
pub type Cancelled = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Reads the content of entries, one at a time.
pub struct SourceReader {
    base: PathBuf,
    /// `None`: URLs are not fetched.
    urls: Option<UrlReader>,
}

/// The inputs for fetching URLs.
struct UrlReader {
    limits: Fetch,
    hosts: Arc<HostLimits>,
    clock: Arc<dyn Clock>,
    cancelled: Box<dyn Fn() -> Cancelled + Send>,
    /// Created for the first URL: most inputs have none.
    fetcher: Option<Fetcher>,
}

impl SourceReader {
    /// A reader of the entries of `input`. A fetch is given up when the future that
    /// `cancelled` returns completes.
    #[must_use]
    pub fn new(
        input: &Input,
        hosts: Arc<HostLimits>,
        clock: Arc<dyn Clock>,
        cancelled: impl Fn() -> Cancelled + Send + 'static,
    ) -> Self {
        let urls = UrlReader { limits: input.fetch, hosts, clock, cancelled: Box::new(cancelled), fetcher: None };
        Self { base: input.base().to_owned(), urls: Some(urls) }
    }

    /// A reader of files only: a URL is a fault. Relative paths are resolved against `base`.
    #[must_use]
    pub fn files_only(base: &Path) -> Self {
        Self { base: base.to_owned(), urls: None }
    }

    /// The entry with the size and times of its file now; `None`: there is no such file.
    pub(crate) fn stamped(&self, entry: &Entry) -> Option<Entry> {
        let metadata = entry.metadata(&self.base).ok()?;
        Some(entry.clone().with_metadata(&metadata))
    }

    /// The content of `entry`.
    ///
    /// # Errors
    /// When it can't be read within the limits.
    pub fn read(&mut self, entry: &Entry) -> Result<Bytes, ReadFault> {
        match (entry.url(), &mut self.urls) {
            (Some(url), Some(urls)) => urls.read(url),
            _ => read_file(entry, &self.base),
        }
    }
}

impl UrlReader {
    fn read(&mut self, url: &str) -> Result<Bytes, ReadFault> {
        let fetcher =
            match self.fetcher.take() {
                Some(fetcher) => fetcher,
                None => Fetcher::new(self.limits, self.hosts.clone(), self.clock.clone()).map_err(|error| {
                    ReadFault { kind: ReadFaultKind::NoHttpClient, message: error.to_string(), is_final: false }
                })?,
            };
        let fetched = fetcher.get(url, (self.cancelled)());
        self.fetcher = Some(fetcher);
        fetched.map(Bytes::from).map_err(|fault| ReadFault {
            kind: if fault.lacks_roots { ReadFaultKind::NoRoots } else { ReadFaultKind::FetchFailed },
            message: fault.to_string(),
            is_final: fault.is_final,
        })
    }
}

fn read_file(entry: &Entry, base: &Path) -> Result<Bytes, ReadFault> {
    let failed = |message: &str| ReadFault::of_file(ReadFaultKind::ReadFailed, message);
    if entry.path.is_empty() {
        return Err(failed("this row of the list has no path"));
    }
    let (path, metadata) = entry.find_file(base);
    let metadata = metadata.map_err(|error| {
        let is_url = entry.line > 0 && entry.path.windows(3).any(|three| three == b"://");
        if is_url {
            failed("unsupported URL: only files and http or https URLs can be read")
        } else {
            ReadFault::from_io(&error)
        }
    })?;
    // Reading a device or a pipe might never end.
    if !metadata.is_file() {
        return Err(failed("not a file"));
    }
    if metadata.len() > MAX_FILE_BYTES {
        let message = format!("the file has {} bytes; the limit is {MAX_FILE_BYTES}", metadata.len());
        return Err(ReadFault::of_file(ReadFaultKind::TooLarge, message));
    }
    open_databases::read_other(&path).map(Bytes::from).map_err(|error| ReadFault::from_io(&error))
}

#[cfg(test)]
mod tests;
