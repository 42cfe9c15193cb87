//! Signals: the first ends the run early, a second ends the process at once.

use super::status_line;
use crate::base::clock::{Clock, SystemClock};
use crate::session::{Canceller, ProgressHandle, Signal};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Two signals within this time count as one.
const REPEAT_TIME: Duration = Duration::from_millis(300);

/// The run that signals end; empty before there is one.
pub(crate) type Watched = Arc<OnceLock<(Canceller, ProgressHandle)>>;

/// What the system sends when the process that started docmill ends. Unlike a second SIGTERM it never ends
/// docmill at once.
#[cfg(unix)]
pub(crate) const PARENT_END: rustix::process::Signal = rustix::process::Signal::USR1;

/// The message at the first signal: what docmill waits for, and why requests were not answered.
fn stopping(progress: &ProgressHandle) -> String {
    let now = progress.snapshot();
    let wait = match now.in_flight {
        0 => String::new(),
        1 => " waiting for 1 request in flight;".to_owned(),
        count => format!(" waiting for {count} requests in flight;"),
    };
    let error = now.trouble.map_or(String::new(), |trouble| format!("; last error: {}", trouble.message));
    format!("stopping:{wait} a second signal ends at once{error}")
}

/// Ends the process at once.
fn exit(signal: Signal) -> ! {
    status_line::clear();
    std::process::exit(signal.exit_code().into())
}

/// The signals that the program was started to ignore, as by `nohup` or in the background of a script. Bit
/// n - 1 stands for signal n. Source: proc_pid_status(5), 2024-06-15.
#[cfg(unix)]
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Makes a write beyond the limit on the size of files (`ulimit -f`) fail like one to a full disk. By default
/// the system ends the process for it.
#[cfg(unix)]
pub(crate) fn survive_file_limit() {
    use tokio::signal::unix::{SignalKind, signal};
    if rlimit::Resource::FSIZE.get_soft().is_ok_and(|bytes| bytes == rlimit::INFINITY) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    // The handler stays when no listener is left. Without it the system uses its default action.
    let _ = runtime.map(|runtime| {
        let _guard = runtime.enter();
        signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map(|_| ())
    });
}

#[cfg(not(unix))]
pub(crate) fn survive_file_limit() {}

/// Completes when the signal comes; never when it is ignored.
#[cfg(unix)]
async fn received(signal: Option<&mut tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => _ = signal.recv().await,
        None => std::future::pending().await,
    }
}

/// Listens for as long as the program runs. A second signal, or one before there is a run, calls `on_abort`
/// and ends the process. So does the end of `max_end` after the first one, if the run does not see to that
/// itself.
#[cfg(unix)]
pub(crate) fn listen(
    watched: Watched,
    max_end: Option<Duration>,
    on_abort: impl Fn(Signal) + Send + 'static,
) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ignored = ignored_signals();
    let (mut interrupt, mut terminate, mut hang_up, mut parent_end) = {
        let _guard = runtime.enter();
        let unless_ignored =
            |kind: SignalKind| (ignored >> (kind.as_raw_value() - 1) & 1 == 0).then(|| signal(kind)).transpose();
        (
            unless_ignored(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            unless_ignored(SignalKind::hangup())?,
            signal(SignalKind::from_raw(PARENT_END.as_raw()))?,
        )
    };
    let listen = async move {
        let (clock, mut is_first, mut first) = (SystemClock::new(), true, Duration::ZERO);
        let mut ending: Option<Signal> = None;
        loop {
            let left = max_end.unwrap_or_default().saturating_sub(clock.now().saturating_sub(first));
            let which = tokio::select! {
                () = clock.sleep(left), if max_end.is_some() && ending.is_some() => {
                    exit(ending.unwrap_or(Signal::Terminate));
                }
                () = received(interrupt.as_mut()) => Signal::Interrupt,
                _ = terminate.recv() => Signal::Terminate,
                () = received(hang_up.as_mut()) => Signal::Terminate,
                // A parent that is killed while it waits for the end has asked for it already.
                _ = parent_end.recv() => if is_first { Signal::Terminate } else { continue },
            };
            // Some supervisors send one signal to a process and then to its group.
            let now = clock.now();
            if !is_first && now.saturating_sub(first) < REPEAT_TIME {
                continue;
            }
            first = now;
            let (true, Some((canceller, progress))) = (std::mem::take(&mut is_first), watched.get()) else {
                on_abort(which);
                exit(which);
            };
            // A terminal that is held may keep the message from being written.
            let message = stopping(progress);
            ending = Some(which);
            canceller.cancel(which);
            tracing::warn!("{message}");
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(listen)).map(|_| ())
}

/// Listens for as long as the program runs. A second signal, or one before there is a run, calls `on_abort`
/// and ends the process.
#[cfg(not(unix))]
pub(crate) fn listen(
    watched: Watched,
    _max_end: Option<Duration>,
    on_abort: impl Fn(Signal) + Send + 'static,
) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listen = async move {
        let mut is_first = true;
        while tokio::signal::ctrl_c().await.is_ok() {
            let (true, Some((canceller, progress))) = (std::mem::take(&mut is_first), watched.get()) else {
                on_abort(Signal::Interrupt);
                exit(Signal::Interrupt);
            };
            let message = stopping(progress);
            canceller.cancel(Signal::Interrupt);
            tracing::warn!("{message}");
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(listen)).map(|_| ())
}
