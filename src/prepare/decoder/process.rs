//! A started decoder process.

use super::frame;
use super::frame::{Reply, Request};
use std::io::{self, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

/// Longest time between two checks whether a page has been cancelled.
const CANCEL_INTERVAL: Duration = Duration::from_millis(100);

/// Settings of glibc's allocator. Large pictures are allocated over and over; returning their
/// memory to the system each time costs several percent of CPU. Free memory above 128 MiB is
/// returned.
const ALLOCATOR: [(&str, &str); 3] =
    [("MALLOC_ARENA_MAX", "1"), ("MALLOC_MMAP_THRESHOLD_", "1073741824"), ("MALLOC_TRIM_THRESHOLD_", "134217728")];

/// How a decoder process is started: a program that calls [`crate::prepare::serve`].
#[derive(Clone, Debug)]
pub struct DecoderCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// A reply and the bytes that belong to it.
pub(crate) type Answer = (Reply, Vec<u8>);

/// Why a process gave no reply. It has to be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoReply {
    /// The time limit was reached, or the request was cancelled.
    TimedOut,
    /// The process ended, or wrote something else.
    Crashed,
}

/// A running decoder process, which is killed when this is dropped.
pub(crate) struct DecoderProcess {
    child: Child,
    input: ChildStdin,
    replies: Receiver<Answer>,
}

impl DecoderProcess {
    /// Starts a process.
    ///
    /// # Errors
    /// The reason why it can't be started.
    pub(crate) fn start(command: &DecoderCommand) -> Result<Self, String> {
        let mut start = Command::new(&command.program);
        start.args(&command.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        // The process parses untrusted files: it gets no secrets.
        start.env_clear().envs(ALLOCATOR);
        detach_from_terminal(&mut start);
        let mut child = start.spawn().map_err(|error| error.to_string())?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("it has no pipes".to_owned());
        };
        // There is at most one reply at a time. The thread ends when the process does.
        let (send, replies) = sync_channel(1);
        let read = move || {
            let mut output = BufReader::with_capacity(1 << 16, output);
            while let Ok(Some(answer)) = frame::read(&mut output) {
                if send.send(answer).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("decoded".into()).spawn(read).map_err(|error| error.to_string())?;
        Ok(Self { child, input, replies })
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
    ) -> Result<Answer, NoReply> {
        frame::write(&mut self.input, request, bytes).map_err(|_| NoReply::Crashed)?;
        let mut left = timeout;
        loop {
            match self.replies.recv_timeout(CANCEL_INTERVAL.min(left)) {
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Disconnected) => return Err(NoReply::Crashed),
                Err(RecvTimeoutError::Timeout) if left <= CANCEL_INTERVAL || is_cancelled() => {
                    return Err(NoReply::TimedOut);
                }
                Err(RecvTimeoutError::Timeout) => left -= CANCEL_INTERVAL,
            }
        }
    }
}

impl Drop for DecoderProcess {
    fn drop(&mut self) {
        // It may hang, and has nothing to save.
        let _: io::Result<()> = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Puts the process in a group of its own: Ctrl-C on the terminal is for the run, which then
/// ends its decoders.
#[cfg(unix)]
fn detach_from_terminal(command: &mut Command) {
    use std::os::unix::process::CommandExt;
    command.process_group(0);
}

#[cfg(not(unix))]
fn detach_from_terminal(_command: &mut Command) {}
