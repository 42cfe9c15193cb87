//! A comparison as one HTML page that loads nothing: pictures of pages are part of it.

use super::compared::{AnswerChange, ChangedPage, Comparison, Extent, NO_INTERVAL, TaskComparison};
use super::text::{DRAWN_ONLY, outdated_lines, scope, shown_p, verdict};
use crate::base::escape::{html_name, html_text};
use crate::base::money::Pico;
use crate::base::path_text::display_path;
use crate::base::units::grouped;
use crate::labels::picture::{Picture, picture_html, pictures_heading};
use crate::labels::wording::{share, short, shown_warning, with_page};
use crate::report::{PAGE_STYLE, format_usd};
use std::fmt::Write;

/// Maximum number of changed pages in the page.
const MAX_PAGES: usize = 60;
/// Maximum number of changes of a task.
const MAX_FLIPS: usize = 100;

/// Renders a comparison as an HTML page. `draw`: a picture of a page, or why there is none.
pub(crate) fn render_html(
    comparison: &Comparison,
    draw: &mut dyn FnMut(&ChangedPage) -> Result<Picture, String>,
) -> String {
    let (title, job) = (html_text(&comparison.job), html_name(&comparison.job));
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}: two sets of answers</title>\n<style>\n{PAGE_STYLE}{}</style>\n<h1>{job}</h1>\n",
        include_str!("../evaluation/eval.css")
    );
    let _ = writeln!(out, "<p>old: {} · new: {}</p>", html_name(&comparison.old_name), html_name(&comparison.new_name));
    if let Some(warning) = shown_warning(comparison.truth_shown) {
        let _ = writeln!(out, "<p class=\"bad\">{}</p>", html_text(&warning));
    }
    add_numbers(&mut out, comparison);
    if !comparison.changes.is_empty() {
        out.push_str("<section><h2>Settings</h2>\n<ul class=\"faults\">\n");
        for change in &comparison.changes {
            let _ = writeln!(out, "<li>{}</li>", html_text(&change.to_string()));
        }
        out.push_str("</ul></section>\n");
    }
    for line in outdated_lines(comparison) {
        let _ = writeln!(out, "<p>{}</p>", html_text(&line));
    }
    for task in &comparison.tasks {
        add_task(&mut out, comparison, task);
    }
    if !comparison.not_compared.is_empty() {
        let names = html_text(&comparison.not_compared.join(", "));
        let _ = writeln!(out, "<p>Not compared, because only one side has them or their form differs: {names}</p>");
    }
    add_changed_pages(&mut out, comparison, draw);
    out
}

fn add_numbers(out: &mut String, comparison: &Comparison) {
    out.push_str("<div class=\"numbers\">\n");
    let mut add = |value: &str, name: &str, more: &str| {
        let _ = writeln!(out, "<div><b>{value}</b><span>{name}</span><i>{}</i></div>", html_text(more));
    };
    let missing = match comparison.selected - comparison.pages {
        0 => String::new(),
        pages => format!("{} without both answers", grouped(pages)),
    };
    add(&grouped(comparison.pages), "pages compared", &missing);
    for task in &comparison.tasks {
        let agreement = task.agreement().map_or_else(|| "–".to_owned(), share);
        let more = format!("{} of {}", grouped(task.same), grouped(task.compared));
        add(&agreement, &format!("agreement on {}", html_name(&task.name)), &more);
    }
    let cost = |amount: Option<Pico>| amount.map_or_else(|| "unknown".to_owned(), format_usd);
    let pages = format!("for {} pages", grouped(comparison.priced));
    add(&cost(comparison.old_cost), "old answers", &pages);
    add(&cost(comparison.new_cost), "new answers", &pages);
    add(&cost(comparison.full_cost), "all pages, new", "expected, for a full run");
    out.push_str("</div>\n");
}

fn add_task(out: &mut String, comparison: &Comparison, task: &TaskComparison) {
    let _ = writeln!(out, "<h2 class=\"part\">{} <small>({})</small></h2>", html_name(&task.name), task.kind);
    if let Some(truth) = &task.truth {
        out.push_str("<section><table>\n");
        let mut row = |name: &str, value: String| {
            let _ = writeln!(out, "<tr><td>{name}</td><td class=\"n\">{value}</td></tr>");
        };
        row("pages with truth", grouped(truth.n));
        row("right, old", grouped(truth.both + truth.only_old));
        row("right, new", grouped(truth.both + truth.only_new));
        row("only old right", grouped(truth.only_old));
        row("only new right", grouped(truth.only_new));
        row("p of McNemar's test", html_text(&shown_p(truth.mcnemar_p)));
        if let Some(shares) = &truth.weighted {
            row("right of all pages, old", share(shares.old));
            row("right of all pages, new", share(shares.new));
            let range = shares.interval.map(|(low, high)| format!("{low:+.3} to {high:+.3}"));
            row("difference of these shares (95 %)", range.unwrap_or_else(|| NO_INTERVAL.to_owned()));
        }
        if let Some(f1) = &truth.f1 {
            row("macro F1, old", share(f1.old));
            row("macro F1, new", share(f1.new));
            let range = f1.interval.map(|(low, high)| format!("{low:+.3} to {high:+.3}"));
            row("difference of macro F1 (95 %)", range.unwrap_or_else(|| NO_INTERVAL.to_owned()));
        }
        let _ = writeln!(
            out,
            "</table><p>{}: {}</p></section>",
            html_text(&scope(task.truth_kind, (comparison.extent, comparison.selected), truth.n)),
            html_text(verdict(truth))
        );
        if truth.weighted.is_some() {
            let _ = writeln!(out, "<p>{}</p>", html_text(DRAWN_ONLY));
        }
        if let Some(total) = task.contradiction {
            let _ = writeln!(out, "<p>{}</p>", html_text(&total.describe(comparison.extent != Extent::Job)));
        }
    }
    let flips = task.most_frequent_flips();
    if flips.is_empty() && task.members.is_empty() {
        return;
    }
    out.push_str("<section><h2>Changes</h2><table>\n");
    for (from, to, n) in flips.iter().take(MAX_FLIPS) {
        let _ = writeln!(
            out,
            "<tr><td>{} → {}</td><td class=\"n\">{}</td></tr>",
            html_name(from),
            html_name(to),
            grouped(*n)
        );
    }
    for (member, n) in &task.members {
        let _ = writeln!(out, "<tr><td>{}</td><td class=\"n\">{}</td></tr>", html_text(member), grouped(*n));
    }
    out.push_str("</table></section>\n");
}

fn add_changed_pages(
    out: &mut String,
    comparison: &Comparison,
    draw: &mut dyn FnMut(&ChangedPage) -> Result<Picture, String>,
) {
    if comparison.changed.is_empty() {
        return;
    }
    let shown = comparison.changed.len().min(MAX_PAGES);
    out.push_str(&pictures_heading("Pages with another answer", shown, comparison.changed_pages));
    for page in comparison.changed.iter().take(MAX_PAGES) {
        let name = html_text(&with_page(&display_path(&page.path), page.page));
        let picture = picture_html(draw(page), &name);
        let _ = writeln!(out, "<figure>{picture}<figcaption>{name}<dl>");
        for AnswerChange { what, old, new, truth } in &page.changes {
            let truth = truth.as_ref().map_or_else(String::new, |truth| {
                format!(", truth <bdi class=\"is\">{}</bdi>", html_text(&short(truth)))
            });
            let _ = writeln!(
                out,
                "<dt>{}</dt><dd>{} → <b>{}</b>{truth}</dd>",
                html_text(what),
                html_name(&short(old)),
                html_name(&short(new))
            );
        }
        out.push_str("</dl></figcaption></figure>\n");
    }
    out.push_str("</div>\n");
}
