//! Signals: the first closes admission and waits for what is in flight, a second ends at once.

use crate::base::clock::{Clock, SystemClock};
use crate::pipeline::{RunOutcome, Signal, Stop};
use std::time::Duration;

/// Signals closer together than this are one.
const DOUBLED: Duration = Duration::from_millis(300);

/// Listens for as long as the program runs.
#[cfg(unix)]
pub(crate) fn listen(stop: Stop) -> std::io::Result<()> {
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
            let outcome = RunOutcome::Interrupted(which);
            // Some supervisors signal a process and then its group: that is one signal.
            let now = clock.now();
            if !is_first && now.saturating_sub(first) < DOUBLED {
                continue;
            }
            first = now;
            if !std::mem::take(&mut is_first) {
                std::process::exit(outcome.exit_code().into());
            }
            tracing::warn!("stopping: waiting for what is in flight; a second signal ends at once");
            stop.request(outcome);
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(listen)).map(|_| ())
}

/// Listens for as long as the program runs.
#[cfg(not(unix))]
pub(crate) fn listen(stop: Stop) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let listen = async move {
        let mut is_first = true;
        while tokio::signal::ctrl_c().await.is_ok() {
            let outcome = RunOutcome::Interrupted(Signal::Interrupt);
            if !std::mem::take(&mut is_first) {
                std::process::exit(outcome.exit_code().into());
            }
            stop.request(outcome);
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(listen)).map(|_| ())
}

/// Ignores signals while what it returns lives. Best effort.
#[cfg(unix)]
pub(crate) fn ignored() -> Option<impl Sized> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    let listening = {
        let _guard = runtime.enter();
        kinds.map(|kind| signal(kind).ok())
    };
    Some((runtime, listening))
}

/// Ignores signals while what it returns lives.
#[cfg(not(unix))]
pub(crate) fn ignored() -> Option<()> {
    None
}
