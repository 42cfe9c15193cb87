//! Progress on stderr: a bar on a terminal, plain lines elsewhere. Reads counters ten
//! times a second; nothing waits for it.

use super::args::{Global, ProgressKind};
use crate::base::money::Pico;
use crate::session::{Progress as Snapshot, ProgressHandle};
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Interval between updates of the bar.
const TICK: Duration = Duration::from_millis(100);
/// Interval between plain lines.
const LINE: Duration = Duration::from_secs(30);

/// A running display; ends when dropped.
pub(crate) struct Progress {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Progress {
    pub(crate) fn start(global: &Global, counters: ProgressHandle) -> Self {
        let kind = match global.progress {
            ProgressKind::Auto if global.quiet => ProgressKind::Off,
            ProgressKind::Auto if std::io::stderr().is_terminal() => ProgressKind::Bar,
            ProgressKind::Auto => ProgressKind::Plain,
            kind => kind,
        };
        let (end, ended) = channel();
        let show: Box<dyn FnMut(Duration) + Send> = match kind {
            ProgressKind::Off | ProgressKind::Auto => {
                return Self { end: None, thread: None };
            }
            ProgressKind::Bar => Box::new(bar(counters)),
            ProgressKind::Plain => Box::new(lines(counters)),
        };
        let interval = if kind == ProgressKind::Bar { TICK } else { LINE };
        let mut show = show;
        let work = move || {
            let mut elapsed = Duration::ZERO;
            while ended.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
                elapsed += interval;
                show(elapsed);
            }
        };
        let thread = std::thread::Builder::new().name("progress".into()).spawn(work).ok();
        Self { end: Some(end), thread }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn bar(counters: ProgressHandle) -> impl FnMut(Duration) + Send {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    struct Cleared(ProgressBar);
    impl Drop for Cleared {
        fn drop(&mut self) {
            self.0.finish_and_clear();
        }
    }
    let bar = Cleared(bar);
    move |elapsed| {
        let now = counters.snapshot();
        bar.0.set_length(now.found);
        bar.0.set_position(now.done);
        bar.0.set_message(words(&now, elapsed));
    }
}

fn lines(counters: ProgressHandle) -> impl FnMut(Duration) + Send {
    move |elapsed| {
        let now = counters.snapshot();
        let line = format!("{}/{} pages  {}", now.done, now.found, words(&now, elapsed));
        super::log::line("INFO", &line, serde_json::Map::new());
    }
}

/// Rate, time left, cost, state.
fn words(now: &Snapshot, elapsed: Duration) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let (rate, left) = {
        let rate = now.asked as f64 / elapsed.as_secs_f64().max(0.1);
        (rate, (now.found.saturating_sub(now.done)) as f64 / rate.max(1e-6))
    };
    let mut words = format!("{rate:.1}/s");
    if now.is_walked && now.asked > 0 && left.is_finite() && left < 1e7 {
        words += &format!("  {} left", crate::base::units::human_duration(Duration::from_secs_f64(left)));
    }
    words += &format!("  USD {:.4}  {} in flight", Pico(now.cost_pico).as_usd_f64(), now.in_flight);
    if now.is_waiting {
        words += "  waiting for a rate limit or an outage";
    }
    if now.retries > 0 {
        words += &format!("  {} retries", now.retries);
    }
    if now.failed > 0 {
        words += &format!("  {} failed", now.failed);
    }
    words
}
