//! Progress on stderr: a line that is redrawn on a terminal, plain lines elsewhere, and why requests are
//! not answered. Reads the counters ten times a second; nothing waits for it.

use super::args::{Global, ProgressKind};
use super::log;
use super::status_line;
use super::trouble_log::{TroubleLog, TroubleNews};
use crate::base::clock::{Clock, SystemClock};
use crate::base::money::Pico;
use crate::base::units::{counted, grouped, human_duration};
use crate::session::{Environment, Progress, ProgressHandle, TimeEstimate, TimeLeft, Trouble, WaitReason};
use serde_json::{Map, Value, json};
use std::io::IsTerminal;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Interval between looks at the counters.
const TICK: Duration = Duration::from_millis(100);
/// Maximum width of the redrawn line while requests are answered: most terminals have more, so that
/// nothing of it is left when one is resized.
const MAX_WIDTH: usize = 79;
/// A narrower line has no bar.
const MIN_WIDTH_WITH_BAR: usize = 60;
/// Width of the bar in the redrawn line, in columns.
const BAR_WIDTHS: std::ops::RangeInclusive<usize> = 10..=20;
/// How long the line shows what requests waited for: single waits are too short to be read.
const HOLD: Duration = Duration::from_secs(2);

/// A running display; ends when dropped.
pub(crate) struct ProgressDisplay {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl ProgressDisplay {
    /// Starts the display of a run.
    pub(crate) fn start(global: &Global, counters: ProgressHandle) -> Self {
        Self::spawn(display_kind(global), global, counters)
    }

    /// Starts a display that shows nothing but why requests are not answered.
    pub(crate) fn start_troubles(global: &Global, counters: ProgressHandle) -> Self {
        Self::spawn(ProgressKind::Off, global, counters)
    }

    fn spawn(kind: ProgressKind, global: &Global, counters: ProgressHandle) -> Self {
        let (is_quiet, interval) = (global.quiet, global.progress_interval);
        if is_quiet && kind == ProgressKind::Off {
            return Self { end: None, thread: None };
        }
        let (end, ended) = channel();
        let work = move || {
            let mut display = Display::new(kind, is_quiet, interval);
            while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                display.update(&counters.snapshot());
            }
            status_line::clear();
        };
        let thread = std::thread::Builder::new().name("progress".into()).spawn(work).ok();
        Self { end: Some(end), thread }
    }
}

impl Drop for ProgressDisplay {
    fn drop(&mut self) {
        self.end.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The kind of display that suits the arguments and the terminal.
fn display_kind(global: &Global) -> ProgressKind {
    let is_dumb = || Environment::of_process().variable("TERM").is_none_or(|name| name == "dumb");
    let can_redraw = || std::io::stderr().is_terminal() && !is_dumb();
    match global.progress {
        ProgressKind::Auto if global.quiet => ProgressKind::Off,
        ProgressKind::Auto | ProgressKind::Bar if can_redraw() => ProgressKind::Bar,
        ProgressKind::Auto | ProgressKind::Bar => ProgressKind::Plain,
        kind => kind,
    }
}

/// The current text, and the previous one.
struct Display {
    kind: ProgressKind,
    is_quiet: bool,
    /// Interval between plain lines.
    interval: Duration,
    clock: SystemClock,
    /// When the first request was sent.
    asking_since: Option<Duration>,
    time_left: TimeLeft,
    next_line: Duration,
    troubles: TroubleLog,
    /// What requests waited for, and when that was seen.
    waited: Option<(WaitReason, Duration)>,
}

impl Display {
    fn new(kind: ProgressKind, is_quiet: bool, interval: Duration) -> Self {
        Self {
            kind,
            is_quiet,
            interval,
            clock: SystemClock::new(),
            asking_since: None,
            time_left: TimeLeft::default(),
            next_line: interval,
            troubles: TroubleLog::default(),
            waited: None,
        }
    }

    fn update(&mut self, now: &Progress) {
        let elapsed = self.clock.now();
        let news = self.troubles.update(now.trouble.as_ref(), elapsed);
        if let Some(news) = news.filter(|_| !self.is_quiet) {
            print_news(&news);
        }
        let words = self.words(now, elapsed);
        match self.kind {
            ProgressKind::Bar => status_line::show(|width| words.to_line(width)),
            ProgressKind::Plain if elapsed >= self.next_line => {
                self.next_line = elapsed + self.interval;
                log::status("INFO", &words.to_text(), words.members);
            }
            ProgressKind::Plain | ProgressKind::Off | ProgressKind::Auto => {}
        }
    }

    fn words(&mut self, now: &Progress, elapsed: Duration) -> Words {
        if now.asked > 0 || now.in_flight > 0 {
            self.asking_since.get_or_insert(elapsed);
        }
        self.waited = match now.wait_reason {
            Some(reason) => Some((reason, elapsed)),
            None => self.waited.filter(|(_, seen)| elapsed.saturating_sub(*seen) < HOLD),
        };
        let asking_time = self.asking_since.map(|since| elapsed.saturating_sub(since));
        let pace = Pace {
            left: self.time_left.update(now, elapsed),
            per_second: asking_time.and_then(|time| pages_per_second(now, time)),
        };
        let trouble = now.trouble.as_ref().filter(|trouble| self.troubles.is_shown(trouble, elapsed));
        Words::new(now, pace, self.waited.map(|(reason, _)| reason), trouble)
    }
}

fn print_news(news: &TroubleNews) {
    let (level, message) = match news {
        TroubleNews::Begun(explanation) => ("WARN", explanation.clone()),
        TroubleNews::Over(duration) => {
            ("INFO", format!("requests are answered again, after {}", human_duration(*duration)))
        }
    };
    let mut members = Map::new();
    members.insert("event".into(), "trouble".into());
    log::status(level, &message, members);
}

/// What the display shows, most important first.
#[derive(Debug)]
struct Words {
    /// Why requests are not answered: the explanation, and the same for a narrow line.
    trouble: Option<(String, String)>,
    /// The share of the work that is finished.
    share: Option<f64>,
    pieces: Vec<String>,
    /// The numbers, for JSON.
    members: Map<String, Value>,
}

impl Words {
    fn new(now: &Progress, pace: Pace, waited: Option<WaitReason>, trouble: Option<&Trouble>) -> Self {
        let at_least = if now.is_minimum { "at least " } else { "" };
        let mut pieces = Vec::new();
        let mut share = None;
        if now.is_only_listing {
            pieces.push(format!("reading the input: {}", counted(now.found, "page")));
        } else {
            #[expect(clippy::cast_precision_loss, reason = "a human-readable share")]
            let done = now.finished as f64 / (now.total as f64).max(1.0);
            share = Some(done);
            pieces.push(format!("{}/{at_least}{} pages", grouped(now.finished), grouped(now.total)));
        }
        pieces.extend(pace.left.map(|estimate| time_left_text(&estimate)));
        if now.failed > 0 {
            pieces.push(format!("{} failed", grouped(now.failed)));
        }
        // Without a price the spend is unknown.
        if let Some(cost) = now.cost_pico.filter(|cost| *cost > 0) {
            pieces.push(format!("USD {:.4}", Pico(cost).as_usd_f64()));
        }
        pieces.extend(pace.per_second.map(|per_second| format!("{per_second:.1}/s")));
        pieces.push(format!("{} in flight", now.in_flight));
        match waited {
            Some(WaitReason::RequestLimit) => pieces.push("at the request limit".into()),
            Some(WaitReason::TokenLimit) => pieces.push("at the token limit".into()),
            Some(WaitReason::Cooldown) | None => {}
        }
        if now.retries > 0 {
            pieces.push(format!("{} retries", grouped(now.retries)));
        }
        let trouble = trouble.map(|trouble| (trouble.explanation(), trouble.short_explanation()));
        let members = json!({
            "event": "progress", "pages_finished": now.finished, "pages_total": now.total,
            "is_minimum": now.is_minimum, "pages_asked": now.asked, "pages_failed": now.failed,
            "seconds_left": pace.left.map(|estimate| estimate.left.as_secs()), "cost_usd": now.cost_pico.map(|cost| Pico(cost).to_string()),
            "in_flight": now.in_flight, "retries": now.retries,
            "trouble": trouble.as_ref().map(|(explanation, _)| explanation),
        });
        let members = if let Value::Object(members) = members { members } else { Map::new() };
        Self { trouble, share, pieces, members }
    }

    /// A plain line.
    fn to_text(&self) -> String {
        let parts = self.pieces.iter().chain(self.trouble.as_ref().map(|(explanation, _)| explanation));
        parts.map(String::as_str).collect::<Vec<_>>().join("  ")
    }

    /// The redrawn line for a terminal with `width` free columns: what does not fit is left out.
    fn to_line(&self, width: usize) -> String {
        if let Some((explanation, short)) = &self.trouble {
            let fits = explanation.chars().count() <= width;
            return self.with_pieces(if fits { explanation.clone() } else { short.clone() }, width);
        }
        let width = width.min(MAX_WIDTH);
        let has_bar = self.share.is_some() && width >= MIN_WIDTH_WITH_BAR;
        let for_bar = if has_bar { BAR_WIDTHS.start() + 1 } else { 0 };
        let text = self.with_pieces(String::new(), width - for_bar);
        let free = width.saturating_sub(text.chars().count() + 1).min(*BAR_WIDTHS.end());
        match self.share.filter(|_| has_bar && free >= *BAR_WIDTHS.start()) {
            Some(share) => format!("{} {text}", bar(share, free)),
            // Counts of billions are longer than a narrow terminal.
            None => self.with_pieces(String::new(), width).chars().take(width).collect(),
        }
    }

    fn with_pieces(&self, mut text: String, width: usize) -> String {
        for piece in &self.pieces {
            let gap = if text.is_empty() { 0 } else { 2 };
            if text.chars().count() + gap + piece.chars().count() > width && !text.is_empty() {
                break;
            }
            text = format!("{text}{:gap$}{piece}", "");
        }
        text
    }
}

fn bar(share: f64, width: usize) -> String {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and a few columns"
    )]
    let filled = ((share * width as f64) as usize).min(width);
    format!("{}{}", "█".repeat(filled), "░".repeat(width - filled))
}

/// How fast pages are asked, and how long it still takes.
#[derive(Clone, Copy, Default)]
struct Pace {
    /// `None`: nothing is left, or it is unknown.
    left: Option<TimeEstimate>,
    /// Pages per second; `None`: none was asked.
    per_second: Option<f64>,
}

/// The pages per second that were asked in `time`, since the first request; `None`: none was.
#[expect(clippy::cast_precision_loss, reason = "a human-readable rate")]
fn pages_per_second(now: &Progress, time: Duration) -> Option<f64> {
    (now.asked > 0).then(|| now.asked as f64 / time.as_secs_f64().max(0.1))
}

fn time_left_text(estimate: &TimeEstimate) -> String {
    let about = if estimate.is_rough { "about " } else { "" };
    // `0 s left` would look like the end.
    format!("{about}{} left", human_duration(estimate.left.max(Duration::from_secs(1))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::TroubleKind;
    use console::measure_text_width;
    use proptest::prelude::*;

    fn busy() -> Progress {
        Progress {
            total: 20_000,
            finished: 1234,
            left: 18_766,
            asked: 1230,
            failed: 3,
            retries: 12,
            in_flight: 64,
            cost_pico: Some(12_345_600_000_000),
            ..Progress::default()
        }
    }

    fn words(now: &Progress, trouble: Option<&Trouble>) -> Words {
        let left = Some(TimeEstimate { left: Duration::from_secs(1525), is_rough: false }).filter(|_| now.asked > 0);
        let pace = Pace { left, per_second: pages_per_second(now, Duration::from_secs(100)) };
        Words::new(now, pace, Some(WaitReason::TokenLimit), trouble)
    }

    #[test]
    fn what_does_not_fit_is_left_out_the_least_important_first() {
        let busy = busy();
        let cause = &Trouble {
            number: 1,
            kind: TroubleKind::Unreachable,
            message: "cannot connect to http://127.0.0.1:9/v1/: connection refused".into(),
            max_wait: Some(Duration::from_secs(600)),
        };
        let unknown = Progress { is_minimum: true, asked: 0, retries: 0, failed: 0, ..busy.clone() };
        let listing = Progress { is_only_listing: true, found: 500, ..Progress::default() };
        let lines = [
            words(&busy, None).to_line(200),
            words(&busy, None).to_line(79),
            words(&busy, None).to_line(59),
            words(&busy, None).to_line(39),
            words(&busy, None).to_line(19),
            words(&unknown, None).to_line(79),
            words(&listing, None).to_line(79),
            words(&busy, Some(cause)).to_line(120),
            words(&busy, Some(cause)).to_line(79),
            words(&busy, Some(cause)).to_text(),
        ];
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn a_rough_estimate_says_so() {
        let text = |ms, is_rough| time_left_text(&TimeEstimate { left: Duration::from_millis(ms), is_rough });
        assert_eq!(text(35_400, false), "35 s left");
        assert_eq!(text(725_000, true), "about 12 m 5 s left");
        assert_eq!(text(64, false), "1 s left");
    }

    #[test]
    fn a_bar_is_full_at_the_end() {
        for (share, text) in [(0.0, "░░░░"), (0.5, "██░░"), (0.99, "███░"), (1.0, "████"), (1.5, "████")]
        {
            assert_eq!(bar(share, 4), text);
        }
    }

    proptest! {
        #[test]
        fn a_line_without_trouble_fits(
            numbers in prop::array::uniform6(0_u64..1 << 30),
            flags in prop::array::uniform2(any::<bool>()),
            width in 40_usize..200,
        ) {
            let [total, finished, left, asked, failed, retries] = numbers;
            let [is_minimum, is_only_listing] = flags;
            let now = Progress { total, finished, left, asked, failed, retries, is_minimum, is_only_listing, ..busy() };
            prop_assert!(measure_text_width(&words(&now, None).to_line(width)) <= width.min(MAX_WIDTH));
        }
    }
}
