//! `docmill try`: asks one page at once.

use super::args::{Global, Try};
use super::exit::{Failure, INTERNAL};
use super::load;
use super::log;
use super::out::{out, outln};
use super::progress::ProgressDisplay;
use super::signals;
use crate::base::units::grouped;
use crate::session::{TriedAttempt, TriedPage, TryObserver};
use std::io::Write;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// How long a stop waits for the reply: as long as that of a run with its default grace period.
const MAX_END: Duration = Duration::from_secs(10);

pub(crate) fn try_page(args: &Try, global: &Global) -> Result<u8, Failure> {
    let session = load::open(&args.job)?;
    let watched = Arc::new(OnceLock::from((session.canceller(), session.progress())));
    signals::listen(watched, Some(MAX_END), |_| ())
        .map_err(|error| Failure::new(INTERNAL, format!("can't listen for signals: {error}")))?;
    let troubles = ProgressDisplay::start_troubles(global, session.progress());
    let answers = session.try_page(&args.image, args.page, args.refresh, &Printer);
    drop(troubles);
    let answers = answers?;
    outln!("\nanswers");
    for answer in &answers {
        let stored = answer.stored_at.as_ref().map_or(String::new(), |at| format!("  (stored {at})"));
        outln!("  {:<16} {}{stored}", answer.task, answer.text);
    }
    if answers.iter().any(|answer| answer.stored_at.is_some()) {
        let message = "answers marked as stored were not asked again; --refresh asks and pays again";
        log::line("INFO", message, serde_json::Map::new());
    }
    if let Some(error) = session.early_end() {
        return Err(error.into());
    }
    Ok(if answers.iter().all(|answer| answer.is_ok) { 0 } else { 3 })
}

/// Prints what a tried page shows.
struct Printer;

impl TryObserver for Printer {
    fn on_start(&self, page: &TriedPage) {
        let TriedPage { width, height, bytes, mime, renderer, expected_input, prompt } = page;
        outln!("sent     {width} x {height} pixels, {} bytes, {mime}", grouped(*bytes as u64));
        if let Some(renderer) = renderer {
            outln!("drawn    {renderer}");
        }
        outln!("expected {} prompt tokens", grouped(*expected_input));
        outln!("\nprompt\n{}\nreply", prompt.trim_end());
    }

    fn on_text(&self, text: &str) {
        out!("{text}");
        // A closed terminal does not make the page fail.
        let _ = std::io::stdout().flush();
    }

    fn on_attempt(&self, attempt: &TriedAttempt) {
        let unknown = || "unknown (set provider.price)".to_owned();
        let cost = attempt.cost_usd.as_ref().map_or_else(unknown, |cost| format!("USD {cost}"));
        let estimated = if attempt.is_estimated { ", estimated" } else { "" };
        outln!("");
        if let Some(error) = &attempt.error {
            outln!("  {error}");
        }
        outln!(
            "  {} tokens in ({} cached), {} out, {cost}{estimated}, {} ms",
            grouped(attempt.input_tokens),
            grouped(attempt.cached_input_tokens),
            grouped(attempt.output_tokens),
            attempt.latency.as_millis()
        );
    }
}
