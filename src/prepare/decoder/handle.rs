//! A worker's decoder: starts a process when there is something to decode, kills one that
//! hangs, and starts another one after that. A crash, a stack overflow, a hang or a lack of
//! memory costs only the page that caused it. A page that ran out of memory is tried once more
//! while no other decoder of the program has a page.

use super::frame::{DecoderReply, Request};
use super::memory::{Need, available_bytes, bytes_to_decode, bytes_to_open};
use super::process::{DecoderCommand, DecoderProcess, NoReply, ReplyFrame};
use crate::manifest::{Image, PdfRenderer};
use crate::media::{EarlierPicture, ImageFormat, MediaFault, MediaFaultKind, PageLayout, PdfRenderers};
use crate::prepare::page::{Prepared, size_from_header};
use bytes::Bytes;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Time limit for a page. It is wall time on a machine that may be busy.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Where memory is scarce, a process ends after a page that needed this many bytes: it would keep
/// some of them.
const LARGE_BYTES: u64 = 48 << 20;

/// The decoder process can't be started: no page can be decoded.
#[derive(Debug, thiserror::Error)]
#[error("can't start the decoder {}: {reason}", program.display())]
pub struct DecoderError {
    /// The program.
    pub program: PathBuf,
    /// A lower-case fragment.
    pub reason: String,
}

/// The result for a page, or the error that no page can be decoded.
type DecoderResult<T> = Result<Result<T, MediaFault>, DecoderError>;

/// Decodes pages in a separate process.
pub struct Decoder {
    command: DecoderCommand,
    timeout: Duration,
    is_cancelled: Box<dyn Fn() -> bool + Send>,
    process: Option<DecoderProcess>,
    /// The content of the open file, to open it again in a new process.
    file: Bytes,
}

impl Decoder {
    /// A decoder whose processes are started with `command`.
    #[must_use]
    pub fn new(command: DecoderCommand) -> Self {
        Self { command, timeout: TIMEOUT, is_cancelled: Box::new(|| false), process: None, file: Bytes::new() }
    }

    /// Gives up a page, as after a timeout, when `is_cancelled` returns true.
    #[must_use]
    pub fn cancel_when(mut self, is_cancelled: impl Fn() -> bool + Send + 'static) -> Self {
        self.is_cancelled = Box::new(is_cancelled);
        self
    }

    #[cfg(any(test, feature = "internal"))]
    /// Sets the time limit for a page.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Opens a file, and returns the numbers of its pages.
    ///
    /// # Errors
    /// When the process can't be started.
    pub fn open(&mut self, bytes: &Bytes) -> DecoderResult<PageLayout> {
        self.file = bytes.clone();
        let need = Need::Bytes(bytes_to_open(bytes.len()));
        let result = self.with_memory(need, |decoder| decoder.ask(&Request::Open, bytes))?;
        Ok(result.and_then(|(reply, _)| match reply {
            DecoderReply::Opened(layout) => Ok(layout),
            reply => Err(fault_of(reply)),
        }))
    }

    /// Gives up the content of the open file. Another one has to be opened before the next page.
    pub fn close(&mut self) {
        self.file = Bytes::new();
    }

    /// Returns the upright width and height of a page (from 1) of the open file, in pixels,
    /// without decoding it.
    ///
    /// # Errors
    /// When the process can't be started.
    pub fn measure(&mut self, page: u32) -> DecoderResult<(u32, u32)> {
        let need = Need::Bytes(bytes_to_open(self.file.len()));
        let result = self.with_memory(need, |decoder| decoder.ask_about_file(&Request::Measure { page }))?;
        Ok(result.and_then(|(reply, _)| match reply {
            DecoderReply::Measured { width, height } => Ok((width, height)),
            reply => Err(fault_of(reply)),
        }))
    }

    /// Compares a page (from 1) of the open file with what the decoder of the version `earlier` made of it.
    ///
    /// # Errors
    /// When the process can't be started.
    pub fn compare_with_earlier(&mut self, page: u32, earlier: u32) -> DecoderResult<EarlierPicture> {
        let need = self.need_of_page(page)?;
        let result = self.with_memory(need, |decoder| decoder.ask_about_file(&Request::Compare { page, earlier }))?;
        Ok(result.and_then(|(reply, _)| match reply {
            DecoderReply::Compared(earlier) => Ok(earlier),
            reply => Err(fault_of(reply)),
        }))
    }

    /// Prepares a page (from 1) of the open file.
    ///
    /// # Errors
    /// When the process can't be started.
    pub fn prepare(&mut self, page: u32, image: &Image, with_features: bool) -> DecoderResult<Prepared> {
        let renderers = self.pdf_renderers(image.pdf_renderer);
        self.picture(page, &Request::Prepare { page, image: *image, with_features, renderers })
    }

    /// Draws a page (from 1) of the open file for people to look at: upright, no side longer than `max_side`
    /// pixels, always encoded anew as JPEG.
    ///
    /// # Errors
    /// When the process can't be started.
    pub fn draw(&mut self, page: u32, max_side: u32, renderer: PdfRenderer) -> DecoderResult<Prepared> {
        let renderers = self.pdf_renderers(renderer);
        self.picture(page, &Request::Draw { page, max_side, renderers })
    }

    fn pdf_renderers(&self, wanted: PdfRenderer) -> PdfRenderers {
        match ImageFormat::detect(&self.file) {
            Ok(ImageFormat::Pdf) => self.command.pdf_renderers(wanted),
            _ => PdfRenderers::default(),
        }
    }

    fn picture(&mut self, page: u32, request: &Request) -> DecoderResult<Prepared> {
        let need = self.need_of_page(page)?;
        let result = self.with_memory(need, |decoder| decoder.ask_about_file(request))?;
        Ok(result.and_then(|(reply, bytes)| match reply {
            DecoderReply::Prepared { mime, width, height, full, features, renderer } => {
                Ok(Prepared { bytes: bytes.into(), mime: known_mime(&mime), width, height, full, features, renderer })
            }
            reply => Err(fault_of(reply)),
        }))
    }

    /// What decoding a page needs, where memory is scarce.
    fn need_of_page(&mut self, page: u32) -> Result<Need, DecoderError> {
        let file = self.file.len();
        if !self.command.memory.is_scarce() {
            return Ok(Need::Bytes(bytes_to_open(file)));
        }
        let size = match size_from_header(&self.file) {
            Ok(Some(size)) => Some(size),
            _ => self.measure(page)?.ok(),
        };
        Ok(Need::Bytes(size.map_or(bytes_to_open(file), |size| bytes_to_decode(size, file))))
    }

    /// Asks, with memory for it: again after a crash, and again alone after a lack of memory.
    fn with_memory(
        &mut self,
        need: Need,
        ask: impl Fn(&mut Self) -> DecoderResult<ReplyFrame>,
    ) -> DecoderResult<ReplyFrame> {
        let memory = self.command.memory.clone();
        let result = {
            let share = memory.acquire(need, &self.is_cancelled);
            if share.is_none() {
                return Ok(Err(self.timed_out()));
            }
            let mut result = ask(self)?;
            if is_fault(&result, MediaFaultKind::DecoderFailed) {
                // The file may be the cause, or someone ended the process: a new one decides.
                result = ask(self)?;
            }
            self.free_memory(need);
            result
        };
        if !is_fault(&result, MediaFaultKind::DecoderOutOfMemory) {
            return Ok(result);
        }
        tracing::info!("a decoder ran out of memory; its page is decoded again without others at the same time");
        let share = memory.acquire(Need::Everything, &self.is_cancelled);
        if share.is_none() {
            return Ok(Err(self.timed_out()));
        }
        memory.reduce(available_bytes(Path::new("/")));
        let result = ask(self)?;
        self.free_memory(Need::Everything);
        Ok(result)
    }

    /// Ends the process after a large page, where memory is scarce.
    fn free_memory(&mut self, need: Need) {
        let is_large = match need {
            Need::Bytes(bytes) => bytes >= LARGE_BYTES,
            Need::Everything => true,
        };
        if is_large && self.command.memory.is_scarce() {
            self.process = None;
        }
    }

    fn timed_out(&self) -> MediaFault {
        let message = format!("decoding took longer than {} s", self.timeout.as_secs());
        MediaFault::new(MediaFaultKind::DecodeTimeout, message)
    }

    /// Sends a request about the open file, which a new process has to open first.
    fn ask_about_file(&mut self, request: &Request) -> DecoderResult<ReplyFrame> {
        if self.process.is_none() {
            let file = self.file.clone();
            match self.ask(&Request::Open, &file)? {
                Ok((DecoderReply::Opened(_), _)) => {}
                Ok((reply, _)) => return Ok(Err(fault_of(reply))),
                Err(fault) => return Ok(Err(fault)),
            }
        }
        self.ask(request, &[])
    }

    fn ask(&mut self, request: &Request, bytes: &[u8]) -> DecoderResult<ReplyFrame> {
        let mut process = match self.process.take() {
            Some(process) => process,
            None => match DecoderProcess::start(&self.command) {
                Ok(process) => process,
                Err(error) if is_for_lack_of_resources(&error) => {
                    let message = format!("the decoder can't be started for now: {error}");
                    return Ok(Err(MediaFault::new(MediaFaultKind::DecoderOutOfMemory, message)));
                }
                Err(error) => {
                    let program = self.command.program.clone();
                    return Err(DecoderError { program, reason: error.to_string() });
                }
            },
        };
        Ok(match process.ask(request, bytes, self.timeout, &self.is_cancelled) {
            Ok(result) => {
                self.process = Some(process);
                Ok(result)
            }
            Err(NoReply::TimedOut) => Err(self.timed_out()),
            Err(NoReply::Crashed) => Err(decoder_failed("the decoder crashed")),
            Err(NoReply::OutOfMemory) => Err(MediaFault::new(
                MediaFaultKind::DecoderOutOfMemory,
                "the decoder ran out of memory, or was killed for lack of it",
            )),
        })
    }
}

/// Whether a process or a thread can't be started for lack of memory or because there are too many (`EAGAIN`, `ENOMEM`):
/// it may be possible once others have ended.
fn is_for_lack_of_resources(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::OutOfMemory)
}

fn is_fault<T>(outcome: &Result<T, MediaFault>, kind: MediaFaultKind) -> bool {
    matches!(outcome, Err(fault) if fault.kind == kind)
}

/// The fault in a reply, or that of a reply to another request.
fn fault_of(reply: DecoderReply) -> MediaFault {
    match reply {
        DecoderReply::Fault(fault) => fault,
        _ => decoder_failed("the decoder sent an unexpected reply"),
    }
}

fn decoder_failed(message: &str) -> MediaFault {
    MediaFault::new(MediaFaultKind::DecoderFailed, message)
}

/// The media type of a prepared page.
fn known_mime(mime: &str) -> &'static str {
    [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif]
        .map(ImageFormat::mime)
        .into_iter()
        .find(|known| *known == mime)
        .unwrap_or("image/jpeg")
}

#[cfg(all(test, unix))]
mod tests;
