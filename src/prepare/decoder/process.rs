//! A started decoder process.

use super::frame;
use super::frame::{DecoderReply, Request};
use super::memory::DecoderMemory;
use crate::manifest::PdfRenderer;
use crate::media::{BUILT_IN_RENDERER, PdfRenderers, Pdftoppm, hash_of_installed_fonts};
use std::io::{self, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Longest time between two checks whether a page has been cancelled.
const CANCEL_INTERVAL: Duration = Duration::from_millis(100);

/// Settings of glibc's allocator. Large pictures are allocated over and over; returning their
/// memory to the system each time costs several percent of CPU. Free memory above 128 MiB is
/// returned.
const ALLOCATOR: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "1"), ("MALLOC_MMAP_THRESHOLD_", "1073741824"), ("MALLOC_TRIM_THRESHOLD_", "134217728")];

/// How long a process that has closed its pipes may take to end.
const END_TIMEOUT: Duration = Duration::from_secs(10);
/// The same for one that writes something other than replies: it may be another program, which goes on.
const OTHER_OUTPUT_TIMEOUT: Duration = Duration::from_millis(200);

/// How much of its last error output is kept, in bytes.
const MAX_ERRORS: usize = 1024;

/// What Rust's standard library prints before it aborts for lack of memory.
const ALLOCATION_FAILED: &str = "memory allocation of ";

/// How a decoder process is started: a program that calls [`crate::prepare::serve`].
#[derive(Clone, Debug)]
pub struct DecoderCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The memory that all processes of clones of this command share.
    pub memory: DecoderMemory,
    /// Where programs are searched: the value of `PATH`.
    search_path: Option<String>,
    installed: Arc<Installed>,
}

/// The installed programs, detected at the first use.
#[derive(Debug, Default)]
struct Installed {
    pdftoppm: OnceLock<Option<Pdftoppm>>,
    fonts: OnceLock<String>,
}

impl DecoderCommand {
    /// A command whose processes use the memory of this machine.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, arguments: Vec<String>) -> Self {
        let memory = DecoderMemory::of_machine();
        Self { program: program.into(), arguments, memory, search_path: None, installed: Arc::default() }
    }

    /// The same, whose processes may run programs that are found on this path: the value of `PATH`.
    #[must_use]
    pub fn with_search_path(self, path: Option<String>) -> Self {
        Self { search_path: path, installed: Arc::default(), ..self }
    }

    /// The installed `pdftoppm`, if there is one on the search path.
    #[must_use]
    pub fn pdftoppm(&self) -> Option<&Pdftoppm> {
        let find = || Pdftoppm::find(self.search_path.as_deref()?);
        self.installed.pdftoppm.get_or_init(find).as_ref()
    }

    /// The renderers that may draw the pages of PDFs.
    pub(crate) fn pdf_renderers(&self, choice: PdfRenderer) -> PdfRenderers {
        PdfRenderers {
            pdftoppm: match choice {
                PdfRenderer::Builtin => None,
                PdfRenderer::Auto | PdfRenderer::Pdftoppm => self.pdftoppm().cloned(),
            },
            is_preferred: choice == PdfRenderer::Pdftoppm,
        }
    }

    /// Identifies the renderers of PDFs and the fonts that are installed, for example `hayro 0.9;
    /// pdftoppm 24.02.0; fonts 0a1b2c3d4e5f`. Pages that could not be drawn may be drawn when it
    /// changes.
    #[must_use]
    pub fn renderer_fingerprint(&self, choice: PdfRenderer) -> String {
        let fonts = self.installed.fonts.get_or_init(hash_of_installed_fonts);
        let renderers = self.pdf_renderers(choice);
        let pdftoppm = renderers.pdftoppm.map(|program| program.name());
        let names = match renderers.is_preferred {
            true => [pdftoppm.as_deref(), Some(BUILT_IN_RENDERER)],
            false => [Some(BUILT_IN_RENDERER), pdftoppm.as_deref()],
        };
        format!("{}; fonts {fonts}", names.into_iter().flatten().collect::<Vec<_>>().join("; "))
    }
}

/// A reply and the bytes that belong to it.
pub(crate) type ReplyFrame = (DecoderReply, Vec<u8>);

/// Why a process gave no reply. It has to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoReply {
    /// The time limit was reached, or the request was cancelled.
    TimedOut,
    /// The process ended, or wrote something else.
    Crashed,
    /// The process ended for lack of memory: an allocation failed, or the system killed it.
    OutOfMemory,
}

/// A running decoder process, which is killed when this is dropped.
pub(crate) struct DecoderProcess {
    child: Child,
    input: ChildStdin,
    /// An error: it has written something other than a reply.
    replies: Receiver<io::Result<ReplyFrame>>,
    /// The end of its error output, once it has ended.
    errors: Receiver<Vec<u8>>,
}

impl DecoderProcess {
    /// Starts a process.
    ///
    /// # Errors
    /// When it can't be started.
    pub(crate) fn start(command: &DecoderCommand) -> std::io::Result<Self> {
        let mut start = Command::new(&command.program);
        start.args(&command.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // The process parses untrusted files: it gets no secrets.
        start.env_clear().envs(ALLOCATOR);
        detach_from_terminal(&mut start);
        let mut child = start.spawn()?;
        let (Some(input), Some(output), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(std::io::Error::other("it has no pipes"));
        };
        // There is at most one reply at a time. The thread ends when the process does.
        let (send, replies) = sync_channel(1);
        let read = move || {
            let mut output = BufReader::with_capacity(1 << 16, output);
            while let Some(reply) = frame::read(&mut output).transpose() {
                // Amid a reply it may have ended, too.
                let has_ended = reply.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::UnexpectedEof);
                let is_last = reply.is_err();
                if has_ended || send.send(reply).is_err() || is_last {
                    return;
                }
            }
        };
        let (send, end_of_errors) = sync_channel(1);
        let keep = move || _ = send.send(read_end(errors));
        let thread = |name: &str| std::thread::Builder::new().name(name.to_owned());
        let started = thread("decoded").spawn(read).and_then(|_| thread("decoder errors").spawn(keep));
        if let Err(error) = started {
            end(&mut child);
            return Err(error);
        }
        Ok(Self { child, input, replies, errors: end_of_errors })
    }

    /// Sends a request and waits for the reply, for at most `timeout`, until `is_cancelled`
    /// returns true.
    ///
    /// # Errors
    /// When there is no reply.
    pub(crate) fn ask(
        &mut self,
        request: &Request,
        bytes: &[u8],
        timeout: Duration,
        is_cancelled: impl Fn() -> bool,
    ) -> Result<ReplyFrame, NoReply> {
        frame::write(&mut self.input, request, bytes).map_err(|_| self.cause_of_end(END_TIMEOUT))?;
        let mut left = timeout;
        loop {
            match self.replies.recv_timeout(CANCEL_INTERVAL.min(left)) {
                Ok(Ok(reply)) => return Ok(reply),
                Ok(Err(_)) => return Err(self.cause_of_end(OTHER_OUTPUT_TIMEOUT)),
                Err(RecvTimeoutError::Disconnected) => return Err(self.cause_of_end(END_TIMEOUT)),
                Err(RecvTimeoutError::Timeout) if left <= CANCEL_INTERVAL || is_cancelled() => {
                    return Err(NoReply::TimedOut);
                }
                Err(RecvTimeoutError::Timeout) => left -= CANCEL_INTERVAL,
            }
        }
    }

    /// Why a process that no longer replies has ended, if it does within `timeout`.
    fn cause_of_end(&mut self, timeout: Duration) -> NoReply {
        // Its pipes close when it ends, and not all of them at once.
        let Ok(errors) = self.errors.recv_timeout(timeout) else { return NoReply::Crashed };
        let has_failed_to_allocate = String::from_utf8_lossy(&errors).contains(ALLOCATION_FAILED);
        match self.child.wait() {
            Ok(status) if has_failed_to_allocate || is_killed(status) => NoReply::OutOfMemory,
            _ => NoReply::Crashed,
        }
    }
}

impl Drop for DecoderProcess {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Ends a process: it may hang, and has nothing to save; nor has a program that it runs.
fn end(child: &mut Child) {
    kill_group(child);
    let _: io::Result<()> = child.kill();
    let _ = child.wait();
}

/// The last bytes of what a process writes until it ends.
fn read_end(mut from: impl Read) -> Vec<u8> {
    let (mut end, mut part) = (Vec::new(), [0; MAX_ERRORS]);
    while let Ok(count @ 1..) = from.read(&mut part) {
        end.extend_from_slice(&part[..count]);
        end.drain(..end.len().saturating_sub(MAX_ERRORS));
    }
    end
}

/// Whether SIGKILL ended a process. Its parent did not send it: most likely the system did, for
/// lack of memory.
#[cfg(unix)]
fn is_killed(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt;
    const SIGKILL: i32 = 9;
    status.signal() == Some(SIGKILL)
}

#[cfg(not(unix))]
fn is_killed(_status: ExitStatus) -> bool {
    false
}

/// Puts the process in its own group: Ctrl-C on the terminal is for the run, which then ends its decoders.
#[cfg(unix)]
fn detach_from_terminal(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
fn detach_from_terminal(_command: &mut Command) {}

/// Kills the process and those that it has started.
#[cfg(unix)]
fn kill_group(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let _: rustix::io::Result<()> = kill_process_group(Pid::from_child(child), Signal::KILL);
}

#[cfg(not(unix))]
fn kill_group(_child: &Child) {}
