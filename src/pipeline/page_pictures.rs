//! Pages of a job's input as pictures for people to look at: drawn by the decoder process, encoded
//! anew, and only if the file still is what the answers are of. Nothing is stored.

use crate::base::clock::Clock;
use crate::base::digest::Digest;
use crate::base::ids::PageId;
use crate::manifest::{Job, PdfRenderer};
use crate::prepare::{Decoder, DecoderCommand};
use crate::source::{Entry, HostLimits, SourceReader};
use bytes::Bytes;
use std::sync::Arc;

/// Longest side that is drawn, in pixels.
const MAX_SIDE: u32 = 4096;

/// A page as a picture.
#[derive(Clone, Debug)]
pub struct PagePicture {
    /// A JPEG.
    pub jpeg: Bytes,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// Why there is no picture of a page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PagePictureFault {
    /// The file can't be read: it is gone, or a URL does not answer. A lower-case fragment.
    #[error("{0}")]
    Unreadable(String),
    /// The file's content is not the one that was labeled.
    #[error("the file has changed since it was labeled")]
    Changed,
    /// The page can't be decoded. A lower-case fragment.
    #[error("{0}")]
    Undecodable(String),
    /// No page can be decoded: the decoder process can't be started. A lower-case fragment.
    #[error("{0}")]
    NoDecoder(String),
}

/// Draws pages of a job's input, one at a time. Blocks: use one per thread.
pub struct PagePictures {
    decoder: Decoder,
    source: SourceReader,
    renderer: PdfRenderer,
    /// The file that the decoder has open.
    open: Option<OpenFile>,
}

/// The file that the decoder has open.
#[derive(PartialEq, Eq)]
struct OpenFile {
    entry: Entry,
    content: Digest,
}

impl PagePictures {
    /// Draws pages of `job`. Decoder processes are started with `decoder`.
    #[must_use]
    pub fn new(job: &Job, decoder: DecoderCommand, clock: Arc<dyn Clock>) -> Self {
        let hosts = Arc::new(HostLimits::new(&job.input.fetch, clock.clone()));
        // The time limits of a fetch end it.
        let source = SourceReader::new(&job.input, hosts, clock, || Box::pin(std::future::pending()));
        Self { decoder: Decoder::new(decoder), source, renderer: job.image.pdf_renderer, open: None }
    }

    /// Draws a page of the entry at `position` (line and path of its [`EntryRecord`]), upright, no side longer than
    /// `max_side` pixels, nor than 4,096. `page` states which content the entry had when it was labeled.
    ///
    /// [`EntryRecord`]: crate::store::EntryRecord
    ///
    /// # Errors
    /// When the file can't be read, has changed, or the page can't be decoded.
    pub fn make(
        &mut self,
        position: (u64, &[u8]),
        page: &PageId,
        max_side: u32,
    ) -> Result<PagePicture, PagePictureFault> {
        self.open(position, page)?;
        let drawn = self.decoder.draw(page.page, max_side.min(MAX_SIDE), self.renderer);
        let drawn = drawn.map_err(|error| PagePictureFault::NoDecoder(error.to_string()))?;
        let drawn = drawn.map_err(|fault| PagePictureFault::Undecodable(fault.message))?;
        Ok(PagePicture { jpeg: drawn.bytes, width: drawn.width, height: drawn.height })
    }

    /// Opens the file of a page, unless it is open and its size and times are still the same.
    fn open(&mut self, (line, path): (u64, &[u8]), page: &PageId) -> Result<(), PagePictureFault> {
        let entry = Entry { line, path: path.to_vec(), ..Entry::default() };
        // A URL has no times: it is fetched each time.
        let stamped = match entry.url() {
            Some(_) => None,
            None => self.source.stamped(&entry),
        };
        let wanted = stamped.map(|entry| OpenFile { entry, content: page.content });
        if wanted.is_some() && wanted == self.open {
            return Ok(());
        }
        self.open = None;
        let bytes = self.source.read(&entry).map_err(|fault| PagePictureFault::Unreadable(fault.message))?;
        if Digest::compute(&bytes) != page.content {
            return Err(PagePictureFault::Changed);
        }
        let opened = self.decoder.open(&bytes).map_err(|error| PagePictureFault::NoDecoder(error.to_string()))?;
        opened.map_err(|fault| PagePictureFault::Undecodable(fault.message))?;
        self.open = wanted;
        Ok(())
    }
}
