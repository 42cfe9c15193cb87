//! The lease of a run: another program states until when docmill may send requests, through a pipe.
//!
//! Each line is a time. A time of the machine's clock, not a duration: a renewal that is read late does not last
//! longer for it.

use super::exit::{Failure, INTERNAL, WRONG_INPUT};
use crate::session::{Session, Signal};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// The pipe through which a lease is renewed.
pub(crate) struct LeasePipe {
    lines: BufReader<File>,
    until: Duration,
}

impl LeasePipe {
    /// Opens the pipe and waits for its first line.
    ///
    /// # Errors
    /// When it can't be opened, or has no time in it, or the system has no clock for it.
    pub(crate) fn open(file: &Path) -> Result<Self, Failure> {
        let refused = |reason: &dyn std::fmt::Display| {
            Failure::new(WRONG_INPUT, format!("--lease {}: {reason}", file.display())).with_hint(
                "name a pipe such as /proc/self/fd/4, to which times of CLOCK_BOOTTIME in seconds are written",
            )
        };
        if cfg!(not(target_os = "linux")) {
            return Err(refused(&"this system is not supported"));
        }
        let mut lines = BufReader::new(File::open(file).map_err(|error| refused(&error))?);
        let until = read_time(&mut lines).ok_or_else(|| refused(&"there is no time in it"))?;
        Ok(Self { lines, until })
    }

    /// Lets a session send requests as long as the lease lasts, and ends its run after that.
    ///
    /// # Errors
    /// When threads can't be started.
    pub(crate) fn keep(self, session: &Session) -> Result<(), Failure> {
        let (lease, canceller, mut lines) = (session.lease(self.until), session.canceller(), self.lines);
        let (send, renewals) = channel();
        let read = move || {
            while let Some(until) = read_time(&mut lines) {
                if send.send(until).is_err() {
                    return;
                }
            }
        };
        let watch = move || {
            let why = loop {
                match renewals.recv_timeout(lease.time_left()) {
                    Ok(until) => lease.extend(until),
                    Err(RecvTimeoutError::Timeout) if lease.time_left().is_zero() => break "it was not renewed",
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break "the program that renews it has ended or given it up",
                }
            };
            tracing::warn!("stopping: the lease is over: {why}");
            canceller.cancel(Signal::Terminate);
        };
        let start = |name: &str, work: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new().name(name.into()).spawn(work).map(|_| ())
        };
        start("lease", Box::new(watch))
            .and_then(|()| start("lease renewals", Box::new(read)))
            .map_err(|error| Failure::new(INTERNAL, format!("can't start a thread: {error}")))
    }
}

/// The next line as a time; `None`: no line, or something else.
fn read_time(lines: &mut impl BufRead) -> Option<Duration> {
    let mut line = String::new();
    lines.read_line(&mut line).ok()?;
    // The writer may have ended in the middle of a line.
    let seconds = line.strip_suffix('\n')?.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_time_in_seconds() {
        for (text, expected) in [
            ("30\n", Some(30_000)),
            ("1234.5 \n40\n", Some(1_234_500)),
            ("30", None),
            ("\n", None),
            ("-1\n", None),
            ("nan\n", None),
            ("soon\n", None),
            ("", None),
        ] {
            assert_eq!(read_time(&mut text.as_bytes()), expected.map(Duration::from_millis), "{text:?}");
        }
    }
}
