//! Signals: the first ends the run early, a second ends the process at once.

use super::status_line;
use crate::base::clock::{Clock, SystemClock};
use crate::session::{Canceller, ProgressHandle, Signal};
use std::time::Duration;

/// Two signals within this time count as one.
const REPEAT_TIME: Duration = Duration::from_millis(300);

/// What is said at the first signal: what is waited for, and why requests were not answered.
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

/// Listens for as long as the program runs. A second signal calls `on_abort` and ends the process.
#[cfg(unix)]
pub(crate) fn listen(
    canceller: Canceller,
    progress: ProgressHandle,
    on_abort: impl Fn(Signal) + Send + 'static,
) -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate, mut hang_up) = {
        let _guard = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?)
    };
    let listen = async move {
        let (clock, mut is_first, mut first) = (SystemClock::new(), true, Duration::ZERO);
        loop {
            let which = tokio::select! {
                _ = interrupt.recv() => Signal::Interrupt,
                _ = terminate.recv() => Signal::Terminate,
                _ = hang_up.recv() => Signal::Terminate,
            };
            // Some supervisors send one signal to a process and then to its group.
            let now = clock.now();
            if !is_first && now.saturating_sub(first) < REPEAT_TIME {
                continue;
            }
            first = now;
            if !std::mem::take(&mut is_first) {
                on_abort(which);
                exit(which);
            }
            // A terminal that is held may keep the message from being written.
            let message = stopping(&progress);
            canceller.cancel(which);
            tracing::warn!("{message}");
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(listen)).map(|_| ())
}

/// Listens for as long as the program runs. A second signal calls `on_abort` and ends the process.
#[cfg(not(unix))]
pub(crate) fn listen(
    canceller: Canceller,
    progress: ProgressHandle,
    on_abort: impl Fn(Signal) + Send + 'static,
) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listen = async move {
        let mut is_first = true;
        while tokio::signal::ctrl_c().await.is_ok() {
            if !std::mem::take(&mut is_first) {
                on_abort(Signal::Interrupt);
                exit(Signal::Interrupt);
            }
            let message = stopping(&progress);
            canceller.cancel(Signal::Interrupt);
            tracing::warn!("{message}");
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(listen)).map(|_| ())
}
