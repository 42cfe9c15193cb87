//! The report as a table for a terminal, with a hint for the next step.

use super::format::{format_percent, format_usd};
use crate::base::money::Pico;
use crate::base::sanitize::for_terminal;
use crate::base::units::{grouped, human_duration};
use crate::base::vocabulary::RowStatus;
use crate::report::summary::Report;
use std::fmt::Write;

/// Maximum number of slowest attempts and of most expensive pages.
const MAX_LISTED: usize = 3;

/// Renders the report as a table. It has no colours.
#[must_use]
pub fn render_text(report: &Report) -> String {
    let mut out = String::new();
    let elapsed = human_duration(report.elapsed());
    let _ = writeln!(out, "{}  {}  {} in {elapsed}", report.job, report.run_id, report.outcome);
    add_pages(&mut out, report);
    add_attempts(&mut out, report);
    add_cost(&mut out, report);
    add_savings(&mut out, report);
    add_billing(&mut out, report);
    add_tasks(&mut out, report);
    add_outliers(&mut out, report);
    for file in &report.outputs {
        add_row(&mut out, "wrote", file.path.display());
    }
    if let Some(hint) = next_step(report) {
        let _ = write!(out, "\nhint: {hint}\n");
    }
    out
}

fn add_row(out: &mut String, name: &str, value: impl std::fmt::Display) {
    let _ = writeln!(out, "  {name:<18} {value}");
}

fn add_pages(out: &mut String, report: &Report) {
    let pages = &report.pages;
    add_row(out, "pages", grouped(pages.total));
    for (status, count) in pages.by_status() {
        if count > 0 || status == RowStatus::Ok {
            add_row(out, &format!("  {}", status.name()), grouped(count));
        }
    }
    if pages.near_duplicates > 0 {
        add_row(out, "  near duplicates", grouped(pages.near_duplicates));
    }
    add_row(out, "asked", format!("{}, and {} from the store", grouped(pages.asked), grouped(pages.from_store)));
}

fn add_attempts(out: &mut String, report: &Report) {
    let (spend, tokens) = (&report.spend, &report.spend.tokens);
    let mut attempts = format!("{} ({} succeeded", grouped(spend.sent), grouped(spend.succeeded));
    for (name, count) in [("failed", spend.failed), ("rate limited", spend.rate_limited), ("lost", spend.lost)] {
        if count > 0 {
            let _ = write!(attempts, ", {} {name}", grouped(count));
        }
    }
    add_row(out, "attempts", attempts + ")");
    let (input, cached, output) = (grouped(tokens.input), grouped(tokens.cached_input), grouped(tokens.output));
    add_row(out, "tokens", format!("{input} in ({cached} cached), {output} out"));
}

fn add_cost(out: &mut String, report: &Report) {
    let spend = &report.spend;
    let cost = match report.total() {
        Some(total) => format_usd(total),
        None if spend.sent == 0 => format_usd(Pico::ZERO),
        None => "unknown (set provider.price)".into(),
    };
    add_row(out, "cost", cost);
    if let Some(cost) = report.cost_per_1000() {
        add_row(out, "per 1,000 pages", format_usd(cost));
    }
    if let Some(ratio) = spend.estimate_ratio() {
        add_row(out, "  vs. estimate", format_percent(ratio));
    }
    for (name, cost, note) in [
        ("  failed attempts", spend.failed_cost, ""),
        ("  invalid replies", spend.invalid_cost, ""),
        ("  repair attempts", spend.repaired_cost, ""),
        ("  estimated", spend.estimated_cost, " (no usage reported)"),
        ("  lost, at most", spend.lost_cost, ""),
    ] {
        if cost > Pico::ZERO {
            add_row(out, name, format_usd(cost) + note);
        }
    }
}

fn add_savings(out: &mut String, report: &Report) {
    let (pages, spend) = (&report.pages, &report.spend);
    for (name, saved) in [
        ("saved by the store", pages.saved.unwrap_or_default()),
        ("  by duplicates", pages.saved_by_duplicates.unwrap_or_default()),
        ("  by the cache", spend.saved_by_cache),
        ("  by smaller images", spend.saved_by_size),
    ] {
        if saved > Pico::ZERO && report.is_priced {
            add_row(out, name, format_usd(saved));
        }
    }
}

fn add_billing(out: &mut String, report: &Report) {
    if let Some(billing) = report.billing.as_ref().filter(|billing| billing.differs == Some(true)) {
        let images = grouped(billing.images);
        add_row(out, "image billing", format!("{}, not the documented rule ({images} images)", billing.rule));
    }
}

/// The cost of each task, if there are several.
fn add_tasks(out: &mut String, report: &Report) {
    let spend = &report.spend;
    if spend.by_task.len() > 1 && spend.total > Pico::ZERO {
        for (task, part) in &spend.by_task {
            add_row(out, &format!("  {task}"), format_usd(part.cost));
        }
    }
}

fn add_outliers(out: &mut String, report: &Report) {
    let spend = &report.spend;
    let slowest =
        spend.slowest.iter().map(|slow| format!("{:>7} ms  {}", grouped(slow.latency_ms), terminal_path(&slow.path)));
    let pages = report.pages.most_expensive.iter();
    let expensive = pages.map(|page| format!("{}  {}", format_usd(page.cost), terminal_path(&page.path)));
    add_list(out, "slowest", slowest);
    add_list(out, "most expensive", expensive);
}

/// Adds the first lines of a list; only the first has the name.
fn add_list(out: &mut String, name: &str, lines: impl Iterator<Item = String>) {
    for (position, line) in lines.take(MAX_LISTED).enumerate() {
        add_row(out, if position == 0 { name } else { "" }, line);
    }
}

/// The step that probably helps most.
fn next_step(report: &Report) -> Option<&'static str> {
    let (pages, spend) = (&report.pages, &report.spend);
    // A run that stopped early prints its own hint.
    if !matches!(report.outcome.as_str(), "complete" | "limited" | "running" | "died") {
        return None;
    }
    if pages.pending > 0 {
        return Some("some pages are pending; run the same command again to resume, without paying twice for a page");
    }
    if spend.rate_limited * 20 > spend.sent {
        return Some("many attempts were rate limited; set limits.requests_per_minute or limits.tokens_per_minute");
    }
    if pages.invalid * 20 > pages.total {
        return Some("many replies were invalid; check the `error` column, then the labels and their descriptions");
    }
    if pages.unusable() > 0 {
        return Some("the `error` column says why pages failed; `--retry failed,invalid,refused` sends them again");
    }
    if report.total().is_none() && spend.sent > 0 {
        return Some("the price of this model is unknown; set provider.price to see the cost");
    }
    if pages.asked > 0 {
        return Some("run the same command again at any time; it sends only new and changed files");
    }
    None
}

/// A path that can't control the terminal.
fn terminal_path(path: &[u8]) -> String {
    for_terminal(&String::from_utf8_lossy(path)).replace(['\n', '\t'], "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{empty_report, report};
    use crate::report::{Pages, Spend};

    #[test]
    fn the_hint_fits_the_report() {
        let pages = |change: fn(&mut Pages)| {
            let mut pages = Pages::default();
            (pages.total, pages.ok, pages.asked) = (100, 100, 100);
            change(&mut pages);
            pages
        };
        let none: fn(&mut Pages) = |_| {};
        let spend = |rate_limited, unpriced| Spend { sent: 100, rate_limited, unpriced, ..Spend::default() };
        for (outcome, pages, spend, expected) in [
            ("complete", pages(none), spend(0, 0), Some("run the same command again")),
            ("complete", pages(|pages| pages.asked = 0), spend(0, 0), None),
            ("complete", pages(none), spend(0, 1), Some("the price of this model is unknown")),
            ("complete", pages(|pages| pages.failed = 1), spend(0, 1), Some("the `error` column says why")),
            ("complete", pages(|pages| pages.invalid = 5), spend(0, 0), Some("the `error` column says why")),
            ("complete", pages(|pages| pages.invalid = 6), spend(0, 0), Some("many replies were invalid")),
            ("complete", pages(|pages| pages.invalid = 6), spend(5, 0), Some("many replies were invalid")),
            ("complete", pages(|pages| pages.invalid = 6), spend(6, 0), Some("many attempts were rate limited")),
            ("limited", pages(|pages| pages.pending = 1), spend(6, 0), Some("some pages are pending")),
            ("budget_reached", pages(|pages| pages.pending = 1), spend(6, 0), None),
        ] {
            let report = Report { outcome: outcome.into(), pages, spend, is_priced: true, ..empty_report() };
            let hint = next_step(&report);
            assert_eq!(hint.is_some(), expected.is_some(), "{outcome} {hint:?} {expected:?}");
            assert!(hint.unwrap_or_default().starts_with(expected.unwrap_or_default()), "{hint:?} {expected:?}");
        }
    }

    #[test]
    fn a_path_prints_no_control_character() {
        let text = render_text(&report());
        assert!(text.contains("mail/\u{fffd}[31m<slow>.jpg") && !text.contains('\u{1b}'), "{text}");
        assert_eq!(terminal_path(b"a\nb\tc\xff"), "a\u{fffd}b\u{fffd}c\u{fffd}");
    }
}
