//! The report as a table for a terminal, with a hint for the next step. What did not happen is left out.

use super::format::{format_percent, format_usd};
use super::text_table::{TextTable, WIDTH, wrap};
use crate::base::money::Pico;
use crate::base::sanitize;
use crate::base::units::{grouped, human_duration};
use crate::base::vocabulary::RunOutcomeName;
use crate::report::failures::{Failures, MORE_MEMORY_HINT, REPLACE_FILES_HINT};
use crate::report::provider_bill::ProviderBill;
use crate::report::redrawn::RedrawnPage;
use crate::report::spend::ServedName;
use crate::report::summary::Report;
use std::fmt::Write;

/// Maximum number of slowest attempts and of most expensive pages.
const MAX_LISTED: usize = 3;
/// Maximum number of labels of a task.
const MAX_LABELS: usize = 10;

/// Renders the report as a table. It has no colours.
#[must_use]
pub fn render_text(report: &Report) -> String {
    let mut table = TextTable::new(&title(report));
    add_pages(&mut table, report);
    add_spend(&mut table, report);
    add_served(&mut table, report);
    add_saved(&mut table, report);
    add_wasted(&mut table, report);
    add_tasks(&mut table, report);
    add_labels(&mut table, report);
    add_failures(&mut table, &report.pages.failures);
    add_redrawn(&mut table, report);
    add_outliers(&mut table, report);
    table.heading("files");
    for path in report.outputs.iter().map(|file| &file.path).chain(&report.other_files) {
        table.whole(1, &path.display().to_string());
    }
    let mut out = table.into_text();
    if let Some(hint) = next_step(report) {
        let _ = write!(out, "\nhint: {}\n", wrap(hint, WIDTH - 6).join("\n      "));
    }
    out
}

fn title(report: &Report) -> String {
    let elapsed = human_duration(report.elapsed());
    let run = match report.runs {
        0 | 1 => format!("{}  {} in {elapsed}", report.run_id, report.state),
        runs => format!("{runs} runs in {elapsed}, the last: {}  {}", report.run_id, report.state),
    };
    let gap = if report.job.chars().count() + 2 + run.chars().count() > WIDTH { "\n" } else { "  " };
    format!("{}{gap}{run}", report.job)
}

fn add_pages(table: &mut TextTable, report: &Report) {
    let pages = &report.pages;
    table.heading("pages");
    match report.is_walk_complete {
        Some(true) => table.row(1, "total", grouped(pages.total)),
        Some(false) | None => table.row_with_note(1, "total", grouped(pages.total), "found so far; there may be more"),
    }
    let by_status = pages.by_status().map(|(status, count)| (status.name(), count));
    add_counts(table, 2, &by_status);
    add_counts(
        table,
        1,
        &[
            ("asked", pages.asked),
            // Those that share an answer have their own rows.
            ("from the store", pages.from_store.saturating_sub(pages.sharing)),
            ("duplicates", pages.duplicates),
            ("near duplicates", pages.near_duplicates),
        ],
    );
}

fn add_counts(table: &mut TextTable, level: usize, counts: &[(&str, u64)]) {
    for (name, count) in counts.iter().filter(|(_, count)| *count > 0) {
        table.row(level, name, grouped(*count));
    }
}

fn add_amounts(table: &mut TextTable, level: usize, amounts: &[(&str, Pico)]) {
    for (name, amount) in amounts.iter().filter(|(_, amount)| *amount > Pico::ZERO) {
        table.row(level, name, format_usd(*amount));
    }
}

fn add_spend(table: &mut TextTable, report: &Report) {
    let (spend, tokens) = (&report.spend, &report.spend.tokens);
    table.heading("spend");
    if spend.sent == 0 {
        return table.text(1, "nothing was sent");
    }
    table.row(1, "attempts", grouped(spend.sent));
    if spend.succeeded != spend.sent {
        add_counts(table, 2, &[("succeeded", spend.succeeded), ("failed", spend.failed)]);
        if spend.rate_limited > 0 {
            table.row_with_note(2, "rate limited", grouped(spend.rate_limited), "HTTP 429");
        }
        add_counts(table, 2, &[("lost", spend.lost)]);
    }
    add_counts(table, 1, &[("input tokens", tokens.input)]);
    add_counts(table, 2, &[("cached", tokens.cached_input), ("written to the cache", tokens.cache_write)]);
    add_counts(table, 1, &[("output tokens", tokens.output)]);
    add_counts(table, 2, &[("reasoning", tokens.reasoning)]);
    let bill = &spend.provider_bill;
    match report.total() {
        Some(total) if bill.unpriced > Pico::ZERO => {
            table.row_with_note(1, "cost", format_usd(total), "the provider's account");
        }
        Some(total) => table.row(1, "cost", format_usd(total)),
        None => table.row_with_note(1, "cost", "unknown", "set provider.price"),
    }
    add_provider_bill(table, bill);
    if let Some(cost) = report.cost_per_1000() {
        table.row(1, "per 1,000 pages", format_usd(cost));
    }
    if let Some(ratio) = spend.estimate_ratio() {
        table.row(1, "actual vs. estimate", format_percent(ratio));
    }
    if spend.estimated_cost > Pico::ZERO {
        table.row_with_note(1, "estimated", format_usd(spend.estimated_cost), "no usage reported");
    }
    if let Some(billing) = report.billing.as_ref().filter(|billing| billing.differs == Some(true)) {
        let images = grouped(billing.images);
        table.text(1, &format!("images are billed as {}, not by the documented rule ({images} images)", billing.rule));
    }
}

/// What the provider reports to have charged for attempts that have a price.
fn add_provider_bill(table: &mut TextTable, bill: &ProviderBill) {
    if bill.comparable == Pico::ZERO {
        return;
    }
    let amount = format_usd(bill.comparable);
    match bill.ratio() {
        _ if !bill.differs() => table.row(1, "provider's account", amount),
        Some(ratio) => {
            let note = format!("{} of the price", format_percent(ratio));
            table.row_with_note(1, "provider's account", amount, &note);
        }
        None => table.row_with_note(1, "provider's account", amount, "differs from the price"),
    }
}

/// The models and providers that served the requests, where replies name others than the job.
fn add_served(table: &mut TextTable, report: &Report) {
    let spend = &report.spend;
    let is_plain = |name: &ServedName| name.provider.is_empty() && spend.by_model.contains_key(&name.model);
    if spend.by_served.keys().all(is_plain) {
        return;
    }
    table.heading("served by");
    for (name, part) in &spend.by_served {
        let both = [&name.model, &name.provider].into_iter().filter(|text| !text.is_empty());
        table.text(1, &sanitize::one_line(&both.cloned().collect::<Vec<_>>().join(", "), WIDTH - 4));
        add_counts(table, 2, &[("attempts", part.attempts), ("output tokens", part.tokens.output)]);
        add_amounts(table, 2, &[("cost", part.cost)]);
    }
}

fn add_saved(table: &mut TextTable, report: &Report) {
    if !report.is_priced {
        return;
    }
    let (pages, spend) = (&report.pages, &report.spend);
    table.heading("saved");
    let amounts = [
        ("by the store", pages.saved.unwrap_or_default()),
        ("by duplicates", pages.saved_by_duplicates.unwrap_or_default()),
        ("by the provider's cache", spend.saved_by_cache),
        ("by smaller images", spend.saved_by_size),
    ];
    add_amounts(table, 1, &amounts);
}

fn add_wasted(table: &mut TextTable, report: &Report) {
    let spend = &report.spend;
    table.heading("wasted");
    let amounts = [
        ("attempts without reply", spend.failed_cost),
        ("invalid replies", spend.invalid_cost),
        ("repair attempts", spend.repaired_cost),
        ("lost, at most", spend.lost_cost),
    ];
    add_amounts(table, 1, &amounts);
}

/// The cost of each task, if there are several.
fn add_tasks(table: &mut TextTable, report: &Report) {
    let spend = &report.spend;
    if spend.by_task.len() > 1 && spend.total > Pico::ZERO {
        table.heading("by task");
        for (task, part) in &spend.by_task {
            table.row(1, task, format_usd(part.cost));
        }
    }
}

/// The most frequent labels of each task.
fn add_labels(table: &mut TextTable, report: &Report) {
    table.heading("by label");
    for (task, labels) in report.pages.by_label.iter().filter(|(_, labels)| !labels.is_empty()) {
        let mut sorted: Vec<(&str, u64)> = labels.iter().map(|(name, count)| (name.as_str(), count.pages)).collect();
        sorted.sort_by_key(|(_, pages)| std::cmp::Reverse(*pages));
        table.text(1, task);
        add_counts(table, 2, &sorted[..sorted.len().min(MAX_LABELS)]);
        let others: u64 = sorted.iter().skip(MAX_LABELS).map(|(_, pages)| pages).sum();
        let name = format!("({} other labels)", sorted.len().saturating_sub(MAX_LABELS));
        add_counts(table, 2, &[(&name, others)]);
    }
}

/// Pages without an answer by the kind of their error, an example of each, and the first of all.
fn add_failures(table: &mut TextTable, failures: &Failures) {
    add_failure_kinds(table, failures);
    if failures.first.len() > failures.by_kind.len() {
        table.heading("first failed pages");
        for page in &failures.first {
            let behind = format!("{}  {}", page_number(page.page), page.error_kind);
            table.path(1, "", &shown_path(page.path.as_bytes()), &behind);
        }
    }
}

/// Pages without an answer by the kind of their error, with an example of each; empty if there are none. `is_cut`:
/// whether text that is too wide for a terminal is cut.
#[must_use]
pub fn render_failures(failures: &Failures, is_cut: bool) -> String {
    let mut table = if is_cut { TextTable::new("") } else { TextTable::in_full("") };
    add_failure_kinds(&mut table, failures);
    table.into_text().trim_start_matches('\n').to_owned()
}

fn add_failure_kinds(table: &mut TextTable, failures: &Failures) {
    table.heading("failures");
    for (kind, count) in failures.most_frequent() {
        table.row(1, kind, grouped(count.pages));
        let example = &count.example;
        table.path(2, "", &shown_path(example.path.as_bytes()), &page_number(example.page));
        table.text(2, &example.error);
    }
}

/// Pages whose answers belong to an earlier picture, and its faults.
fn add_redrawn(table: &mut TextTable, report: &Report) {
    let redrawn = &report.pages.redrawn;
    if redrawn.pages == 0 {
        return;
    }
    table.heading("earlier pictures");
    table.row(1, "incomplete or different", grouped(redrawn.pages));
    for RedrawnPage { path, page, reason } in &redrawn.first {
        table.path(2, "", &shown_path(path.as_bytes()), &page_number(*page));
        table.text(2, reason);
    }
}

/// The number of a page after its path, unless it is the first.
fn page_number(page: u32) -> String {
    if page > 1 { format!(", page {page}") } else { String::new() }
}

fn add_outliers(table: &mut TextTable, report: &Report) {
    table.heading("slowest");
    // Without a reply nothing was slow.
    let slowest = report.spend.slowest.iter().filter(|_| report.spend.succeeded > 0);
    for slow in slowest.take(MAX_LISTED) {
        table.path(1, &format!("{:>9} ms  ", grouped(slow.latency_ms)), &shown_path(&slow.path), "");
    }
    table.heading("most expensive");
    for page in report.pages.most_expensive.iter().take(MAX_LISTED) {
        table.path(1, &format!("{}  ", format_usd(page.cost)), &shown_path(&page.path), "");
    }
}

/// The step that probably helps most.
fn next_step(report: &Report) -> Option<&'static str> {
    let (pages, spend, outcome) = (&report.pages, &report.spend, report.state.outcome());
    let is_limited = outcome == Some(RunOutcomeName::Limited);
    // A run that stopped early prints its own hint.
    if !matches!(outcome, None | Some(RunOutcomeName::Complete | RunOutcomeName::Limited | RunOutcomeName::Died)) {
        return None;
    }
    if is_limited && report.sends_again && pages.pending == 0 {
        return Some(
            "some pages are left to be sent again; run the same command again to continue, without paying twice for a page",
        );
    }
    if pages.pending > 0 && report.is_merged {
        return Some("some pages are pending; run the shards again, then merge again, without paying twice for a page");
    }
    if pages.pending > 0 && is_limited {
        return Some(
            "some pages are pending: they were left out (--limit, --sample, --task); run again without that to send them, without paying twice for a page",
        );
    }
    if pages.pending > 0 && outcome == Some(RunOutcomeName::Died) {
        return Some(
            "some pages are pending; run the same command again to resume: only requests that were in flight when the process died may be billed twice",
        );
    }
    if pages.pending > 0 {
        return Some("some pages are pending; run the same command again to resume, without paying twice for a page");
    }
    if spend.rate_limited * 20 > spend.sent {
        return Some(
            "many attempts were rate limited (HTTP 429); set limits.requests_per_minute or limits.tokens_per_minute",
        );
    }
    if pages.invalid * 20 > pages.total {
        return Some("many replies were invalid; check the `error` column, then the labels and their descriptions");
    }
    if pages.unusable() > 0 && pages.failures.lack_memory() {
        return Some(MORE_MEMORY_HINT);
    }
    if pages.unusable() > 0 && pages.failures.are_of_files() {
        return Some(REPLACE_FILES_HINT);
    }
    if pages.unusable() > 0 && report.is_merged {
        return Some(
            "see the `error` column for the causes; run the shards with `--retry failed,invalid,refused` to send them again, then merge again",
        );
    }
    if pages.unusable() > 0 {
        return Some("see the `error` column for the causes; `--retry failed,invalid,refused` sends them again");
    }
    if pages.redrawn.pages > 0 {
        return Some(
            "some answers are of a picture that was incomplete or looked different; `--retry redrawn` asks these pages again",
        );
    }
    if report.total().is_none() && spend.sent > 0 {
        return Some("the price of this model is unknown; set provider.price to see the cost");
    }
    if pages.asked > 0 && report.sends_again {
        return Some(
            "run it without --refresh and --retry from now on: then it sends only new and changed files, and with them it sends pages again",
        );
    }
    if pages.asked > 0 && report.is_merged {
        return Some("run the shards again at any time, then merge again; only new and changed files are sent");
    }
    if pages.asked > 0 && report.shard.is_some() {
        return Some(
            "when all shards have run, merge their stores with `docmill merge`; the same command again sends only new and changed files",
        );
    }
    if pages.asked > 0 {
        return Some("run the same command again at any time; it sends only new and changed files");
    }
    None
}

fn shown_path(path: &[u8]) -> String {
    sanitize::path(path)
}

#[cfg(test)]
mod tests;
