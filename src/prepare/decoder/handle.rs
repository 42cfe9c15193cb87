//! A worker's handle to its decoder process: started when there is first something to
//! decode, ended when it hangs, started again after that. A crash, a stack overflow, a
//! hang or a full memory costs the page that caused it.

use super::frame;
use super::frame::{Reply, Request};
use crate::manifest::Image;
use crate::media::{Format, MediaFault, MediaFaultKind};
use crate::prepare::page::Prepared;
use bytes::Bytes;
use std::io::{self, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

/// Longest that a page may take, in wall time: a machine may be busy.
const LONGEST: Duration = Duration::from_secs(60);

/// Between two looks whether anybody waits for a page.
const PATIENCE: Duration = Duration::from_millis(100);

/// For glibc: pictures are allocated again and again, and getting their pages from the
/// system each time costs several percent. What is free beyond 128 MB goes back.
const ALLOCATION: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "1"), ("MALLOC_MMAP_THRESHOLD_", "1073741824"), ("MALLOC_TRIM_THRESHOLD_", "134217728")];

/// The program can't be started: no page can be decoded.
#[derive(Debug, thiserror::Error)]
#[error("can't start the decoder {}: {reason}", program.display())]
pub struct DecoderError {
    /// The program.
    pub program: PathBuf,
    /// The system's words.
    pub reason: String,
}

/// A page or a fault; or nothing can be decoded at all.
type DecoderResult<T> = Result<Result<T, MediaFault>, DecoderError>;

/// How a decoder process is started: a program that calls [`crate::prepare::serve`].
#[derive(Clone, Debug)]
pub struct DecoderCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// A decoder process, when one runs.
pub struct Decoder {
    command: DecoderCommand,
    longest: Duration,
    is_over: Box<dyn Fn() -> bool + Send>,
    process: Option<Process>,
    /// The file that is open, to open it again after a crash.
    file: Bytes,
}

impl Decoder {
    /// A decoder that is started by `command` when there is first something to decode.
    #[must_use]
    pub fn new(command: DecoderCommand) -> Self {
        Self { command, longest: LONGEST, is_over: Box::new(|| false), process: None, file: Bytes::new() }
    }

    /// The same, which gives up a page when `is_over` says that nobody waits for it.
    #[must_use]
    pub fn until(mut self, is_over: impl Fn() -> bool + Send + 'static) -> Self {
        self.is_over = Box::new(is_over);
        self
    }

    #[cfg(any(test, feature = "internal"))]
    /// The same with another time that a page may take.
    #[must_use]
    pub fn within(mut self, longest: Duration) -> Self {
        self.longest = longest;
        self
    }

    /// Opens a file; its pages.
    ///
    /// # Errors
    /// When the process can't be started.
    pub fn open(&mut self, bytes: &Bytes) -> DecoderResult<u32> {
        self.file = bytes.clone();
        let mut opened = self.ask(&Request::Open, bytes)?;
        if is_crash(&opened) {
            // Was it the file, or did somebody end the process? One that is new tells.
            opened = self.ask(&Request::Open, bytes)?;
        }
        Ok(match opened {
            Ok((Reply::Opened { pages }, _)) => Ok(pages),
            Ok((Reply::Fault(fault), _)) => Err(fault),
            Ok(_) => Err(failed("the decoder is out of step")),
            Err(fault) => Err(fault),
        })
    }

    /// The upright size of a page (from 1) of the open file, in pixels. Decodes nothing.
    ///
    /// # Errors
    /// When the process can't be started.
    pub fn measure(&mut self, page: u32) -> DecoderResult<(u32, u32)> {
        Ok(match self.ask_of_file(&Request::Measure { page })? {
            Ok((Reply::Measured { width, height }, _)) => Ok((width, height)),
            Ok((Reply::Fault(fault), _)) => Err(fault),
            Ok(_) => Err(failed("the decoder is out of step")),
            Err(fault) => Err(fault),
        })
    }

    /// Prepares a page (from 1) of the open file.
    ///
    /// # Errors
    /// When the process can't be started.
    pub fn prepare(&mut self, page: u32, image: &Image, with_marks: bool) -> DecoderResult<Prepared> {
        let request = Request::Prepare { page, image: *image, with_marks };
        let mut prepared = self.ask_of_file(&request)?;
        if is_crash(&prepared) {
            prepared = self.ask_of_file(&request)?;
        }
        Ok(match prepared {
            Ok((Reply::Prepared { mime, width, height, full, marks }, bytes)) => {
                let mime = [Format::Jpeg, Format::Png, Format::WebP, Format::Gif]
                    .map(Format::mime)
                    .into_iter()
                    .find(|known| *known == mime);
                Ok(Prepared { bytes: bytes.into(), mime: mime.unwrap_or("image/jpeg"), width, height, full, marks })
            }
            Ok((Reply::Fault(fault), _)) => Err(fault),
            Ok(_) => Err(failed("the decoder is out of step")),
            Err(fault) => Err(fault),
        })
    }

    /// Asks something of the open file, which a process that is new has to open first.
    fn ask_of_file(&mut self, request: &Request) -> DecoderResult<(Reply, Vec<u8>)> {
        if self.process.is_none() {
            let file = self.file.clone();
            if let Err(fault) = self.open(&file)? {
                return Ok(Err(fault));
            }
        }
        self.ask(request, &[])
    }

    fn ask(&mut self, request: &Request, bytes: &[u8]) -> DecoderResult<(Reply, Vec<u8>)> {
        let mut process = match self.process.take() {
            Some(process) => process,
            None => self.start()?,
        };
        let answer = frame::write(&mut process.input, request, bytes)
            .map_err(|_| RecvTimeoutError::Disconnected)
            .and_then(|()| self.wait(&process));
        Ok(match answer {
            Ok(reply) => {
                self.process = Some(process);
                Ok(reply)
            }
            Err(RecvTimeoutError::Timeout) => {
                let message = format!("reading the picture takes longer than {} s", self.longest.as_secs());
                Err(MediaFault::new(MediaFaultKind::DecodeTimeout, message))
            }
            Err(RecvTimeoutError::Disconnected) => Err(failed("the decoder crashed on it")),
        })
    }

    /// The reply, when it comes in time and while somebody waits for it.
    fn wait(&self, process: &Process) -> Result<(Reply, Vec<u8>), RecvTimeoutError> {
        let mut left = self.longest;
        loop {
            match process.replies.recv_timeout(PATIENCE.min(left)) {
                Err(RecvTimeoutError::Timeout) if left > PATIENCE && !(self.is_over)() => left -= PATIENCE,
                reply => return reply,
            }
        }
    }

    fn start(&self) -> Result<Process, DecoderError> {
        let fault = |reason: &dyn std::fmt::Display| DecoderError {
            program: self.command.program.clone(),
            reason: reason.to_string(),
        };
        let mut command = Command::new(&self.command.program);
        command.args(&self.command.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // It reads what strangers wrote: it gets nothing to tell.
        command.env_clear().envs(ALLOCATION);
        apart(&mut command);
        let mut child = command.spawn().map_err(|error| fault(&error))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(fault(&"no pipes"));
        };
        // One reply is under way at most; the thread ends with the process.
        let (send, replies) = sync_channel(1);
        let read = move || {
            let mut output = BufReader::with_capacity(1 << 16, output);
            while let Ok(Some(reply)) = frame::read(&mut output) {
                if send.send(reply).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("decoded".into()).spawn(read).map_err(|error| fault(&error))?;
        Ok(Process { child, input, replies })
    }
}

fn is_crash<T>(outcome: &Result<T, MediaFault>) -> bool {
    matches!(outcome, Err(fault) if fault.kind == MediaFaultKind::DecoderFailed)
}

fn failed(message: &str) -> MediaFault {
    MediaFault::new(MediaFaultKind::DecoderFailed, message)
}

/// A Ctrl-C on the terminal is for the run, which then ends its decoders.
#[cfg(unix)]
fn apart(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
fn apart(_command: &mut Command) {}

struct Process {
    child: Child,
    input: ChildStdin,
    replies: Receiver<(Reply, Vec<u8>)>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may hang; it holds nothing that is worth a farewell.
        let _: io::Result<()> = self.child.kill();
        let _ = self.child.wait();
    }
}
