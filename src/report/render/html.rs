//! The report as one HTML page that loads nothing: no script, no network. It links to pages
//! but does not open them.

use super::format::{format_percent, format_usd};
use super::plot::{Bar, draw_horizontal_bars, draw_vertical_bars};
use crate::base::escape::html_text as escape;
use crate::base::money::Pico;
use crate::base::units::{grouped, human_duration, rfc3339};
use crate::report::histogram::Histogram;
use crate::report::pages::ReportedPage;
use crate::report::part::Part;
use crate::report::summary::Report;
use std::collections::BTreeMap;
use std::fmt::Write;
use url::Url;

/// The style of pages, in light and dark.
pub const PAGE_STYLE: &str = include_str!("page.css");

/// Maximum number of labels in the chart of a task. All others are one bar.
const MAX_LABELS: usize = 14;

/// Renders the report as an HTML page.
#[must_use]
pub fn render_html(report: &Report) -> String {
    let mut out = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
    );
    let _ = writeln!(out, "<title>{}: spend report</title>\n<style>\n{PAGE_STYLE}</style>", escape(&report.job));
    let _ = writeln!(
        out,
        "<h1>{}</h1>\n<p>{} · <span{}>{}</span> in {} · started {}</p>",
        escape(&report.job),
        escape(&report.run_id),
        if report.state.is_success() { "" } else { " class=\"bad\"" },
        escape(report.state.name()),
        human_duration(report.elapsed()),
        rfc3339(report.started_ms)
    );
    add_numbers(&mut out, report);
    out.push_str("<div class=\"charts\">\n");
    add_spend_chart(&mut out, report);
    add_token_chart(&mut out, report);
    add_label_charts(&mut out, report);
    add_latency_chart(&mut out, report);
    add_attempt_chart(&mut out, report);
    add_cost_chart(&mut out, report);
    out.push_str("</div>\n<p>&nbsp;</p>\n");
    add_money(&mut out, report);
    add_pages(&mut out, report, "Most expensive pages", &report.pages.most_expensive);
    add_pages(&mut out, report, "Failed, invalid and refused pages", &report.pages.unusable_pages);
    out
}

fn add_numbers(out: &mut String, report: &Report) {
    let (pages, spend) = (&report.pages, &report.spend);
    let cost = report.total().map_or("unknown".to_owned(), format_usd);
    let dash = || "–".to_owned();
    let numbers = [
        ("total cost", cost),
        ("cost per 1,000 pages", report.cost_per_1000().map_or_else(dash, format_usd)),
        ("actual vs. estimate", spend.estimate_ratio().map_or_else(dash, format_percent)),
        ("pages", grouped(pages.total)),
        ("ok", grouped(pages.ok)),
        ("failed, invalid, refused", grouped(pages.unusable())),
        ("pending", grouped(pages.pending)),
        ("asked", grouped(pages.asked)),
        ("from the store", grouped(pages.from_store.saturating_sub(pages.sharing))),
        ("duplicates", grouped(pages.duplicates)),
        ("attempts", grouped(spend.sent)),
    ];
    out.push_str("<div class=\"numbers\">\n");
    for (name, value) in numbers {
        let _ = writeln!(out, "<div><b>{value}</b><span>{name}</span></div>");
    }
    out.push_str("</div>\n");
}

fn add_spend_chart(out: &mut String, report: &Report) {
    let spend = &report.spend;
    let (title, parts) =
        if spend.by_day.len() > 1 { ("Spend by day", &spend.by_day) } else { ("Spend by run", &spend.by_run) };
    let format_value = |usd| format!("USD {}", format_short(usd));
    add_section(out, title, draw_vertical_bars(&time_bars(parts), &format_value));
}

fn add_token_chart(out: &mut String, report: &Report) {
    let tokens = &report.spend.tokens;
    let mut bars = vec![
        count_bar("input", tokens.input - tokens.cached_input.min(tokens.input)),
        count_bar("cached input", tokens.cached_input),
        count_bar("output", tokens.output - tokens.reasoning.min(tokens.output)),
    ];
    if tokens.reasoning > 0 {
        bars.push(count_bar("reasoning", tokens.reasoning));
    }
    add_section(out, "Tokens", draw_horizontal_bars(&bars));
}

fn add_label_charts(out: &mut String, report: &Report) {
    for (task, labels) in &report.pages.by_label {
        let mut sorted: Vec<(&str, u64)> = labels.iter().map(|(name, count)| (name.as_str(), count.pages)).collect();
        sorted.sort_by_key(|(_, pages)| std::cmp::Reverse(*pages));
        let others: u64 = sorted.iter().skip(MAX_LABELS).map(|(_, pages)| pages).sum();
        let mut bars: Vec<Bar> = sorted.iter().take(MAX_LABELS).map(|(name, pages)| count_bar(name, *pages)).collect();
        if others > 0 {
            bars.push(count_bar("(all others)", others));
        }
        add_section(out, &format!("Labels of {task}"), draw_horizontal_bars(&bars));
    }
}

fn add_latency_chart(out: &mut String, report: &Report) {
    let bars = histogram_bars(&report.spend.latencies, format_ms);
    add_section(out, "Replies by latency", draw_vertical_bars(&bars, &format_short));
}

fn add_attempt_chart(out: &mut String, report: &Report) {
    let spend = &report.spend;
    let mut bars = vec![
        count_bar("succeeded", spend.succeeded),
        count_bar("failed", spend.failed),
        count_bar("rate limited", spend.rate_limited),
        count_bar("lost", spend.lost),
        count_bar("repeat attempts", spend.sent - spend.requests.min(spend.sent)),
    ];
    bars.extend(spend.by_fault.iter().map(|(kind, count)| count_bar(&format!("· {kind}"), *count)));
    add_section(out, "Attempts and retries", draw_horizontal_bars(&bars));
}

fn add_cost_chart(out: &mut String, report: &Report) {
    let format_bound = |pico| format_short(Pico(i64::try_from(pico).unwrap_or(0)).as_usd_f64());
    let bars = histogram_bars(&report.pages.costs, format_bound);
    add_section(out, "Pages by cost, up to USD", draw_vertical_bars(&bars, &format_short));
}

fn add_money(out: &mut String, report: &Report) {
    let (pages, spend) = (&report.pages, &report.spend);
    let known = |amount: Option<Pico>| amount.filter(|_| report.is_priced).map_or("unknown".into(), format_usd);
    let part = |amount: Pico| known(report.total().map(|_| amount));
    let rows = [
        ("wasted on attempts without a reply", part(spend.failed_cost)),
        ("wasted on invalid replies", part(spend.invalid_cost)),
        ("repair attempts after invalid replies", part(spend.repaired_cost)),
        ("estimated, because no usage was reported", part(spend.estimated_cost)),
        ("lost with runs that died, at most", part(spend.lost_cost)),
        ("saved by the store", known(pages.saved)),
        ("saved by duplicates", known(pages.saved_by_duplicates)),
        ("saved by the provider's cache", part(spend.saved_by_cache)),
        ("saved by smaller images", part(spend.saved_by_size)),
        ("expected cost of the replies", part(spend.expected)),
    ];
    out.push_str("<section><h2>Money</h2>\n<table>\n");
    for (name, value) in rows {
        let _ = writeln!(out, "<tr><td>{name}</td><td class=\"n\">{value}</td></tr>");
    }
    let bill = &spend.provider_bill;
    if bill.attempts > 0 {
        let differs = if bill.differs() { ", which differs from the price" } else { "" };
        let reported = format_usd(bill.reported);
        let _ =
            writeln!(out, "<tr><td>cost by the provider's account{differs}</td><td class=\"n\">{reported}</td></tr>");
    }
    for (name, part_of) in &spend.by_served {
        let names = [&name.model, &name.provider].into_iter().filter(|text| !text.is_empty());
        let names = names.map(|text| escape(text)).collect::<Vec<_>>().join(", ");
        let cost = part(part_of.cost);
        let _ = writeln!(out, "<tr><td>served by {names}</td><td class=\"n\">{cost}</td></tr>");
    }
    for (task, cost) in spend.by_task.iter().map(|(task, by_task)| (escape(task), part(by_task.cost))) {
        let _ = writeln!(out, "<tr><td>task {task}</td><td class=\"n\">{cost}</td></tr>");
    }
    out.push_str("</table>\n");
    if let Some(billing) = &report.billing {
        let differs = match billing.differs {
            Some(true) => ", which differs from the documented rule",
            Some(false) => ", as documented",
            None => "",
        };
        let (rule, images) = (escape(&billing.rule), grouped(billing.images));
        let _ = writeln!(out, "<p>The endpoint bills images as {rule}{differs} ({images} images).</p>");
    }
    out.push_str("</section>\n");
}

fn add_pages(out: &mut String, report: &Report, title: &str, pages: &[ReportedPage]) {
    if pages.is_empty() {
        return;
    }
    let has_errors = pages.iter().any(|page| page.error.is_some());
    let error_head = if has_errors { "<th>error</th>" } else { "" };
    let _ = writeln!(
        out,
        "<section><h2>{title}</h2>\n<table>\n<tr><th>page</th><th class=\"n\">attempts</th><th class=\"n\">cost</th>{error_head}</tr>"
    );
    for page in pages {
        let path = escape(&String::from_utf8_lossy(&page.path));
        let number = if page.page > 1 { format!(", page {}", page.page) } else { String::new() };
        let name = match page_url(report, &page.path) {
            Some(url) => format!("<a href=\"{}\">{path}</a>{number}", escape(&url)),
            None => format!("{path}{number}"),
        };
        let error = escape(page.error.as_deref().unwrap_or_default());
        let error = if has_errors { format!("<td>{error}</td>") } else { String::new() };
        let cost = if report.is_priced { format_usd(page.cost) } else { "unknown".into() };
        let attempts = grouped(page.attempts);
        let _ =
            writeln!(out, "<tr><td>{name}</td><td class=\"n\">{attempts}</td><td class=\"n\">{cost}</td>{error}</tr>");
    }
    out.push_str("</table></section>\n");
}

/// The URL of a page: the one in the list, or that of the file.
fn page_url(report: &Report, path: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(path).ok()?;
    if let Ok(url) = Url::parse(text)
        && matches!(url.scheme(), "http" | "https")
    {
        return Some(url.into());
    }
    let file = std::path::absolute(report.base.as_ref()?.join(text)).ok()?;
    Url::from_file_path(file).ok().map(String::from)
}

fn add_section(out: &mut String, title: &str, chart: Option<String>) {
    if let Some(chart) = chart {
        let _ = writeln!(out, "<section><h2>{}</h2>\n{chart}\n</section>", escape(title));
    }
}

/// Bars of days or runs, in their order.
fn time_bars(parts: &BTreeMap<String, Part>) -> Vec<Bar> {
    let bar = |(key, part): (&String, &Part)| Bar {
        name: short_time(key),
        value: part.cost.as_usd_f64(),
        label: format_usd(part.cost),
    };
    parts.iter().map(bar).collect()
}

/// `20261124T164638-5b841e` -> `11-24 16:46`; `2026-11-24` -> `11-24`.
fn short_time(key: &str) -> String {
    match (key.get(4..6), key.get(6..8), key.get(9..11), key.get(11..13)) {
        (Some(month), Some(day), Some(hour), Some(minute)) if key.contains('T') => {
            format!("{month}-{day} {hour}:{minute}")
        }
        _ => key.get(5..).unwrap_or(key).to_owned(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the length of a bar")]
fn count_bar(name: &str, count: u64) -> Bar {
    Bar { name: name.to_owned(), value: count as f64, label: grouped(count) }
}

fn histogram_bars(histogram: &Histogram, format_bound: impl Fn(u64) -> String) -> Vec<Bar> {
    histogram.bins.iter().map(|(bound, count)| count_bar(&format_bound(*bound), *count)).collect()
}

fn format_ms(ms: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "latencies are below 2^53 ms")]
    if ms < 1000 { format!("{ms} ms") } else { format!("{} s", format_short(ms as f64 / 1000.0)) }
}

/// A number with three significant digits.
fn format_short(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    if value >= 1000.0 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and small")]
        return grouped(value.round() as u64);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 9")]
    let decimals = (2.0 - value.log10().floor()).clamp(0.0, 9.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample::{empty_report, report};

    #[test]
    fn numbers_are_short() {
        for (value, text) in [(0.0, "0"), (0.010_234, "0.0102"), (1.5, "1.5"), (25.0, "25"), (1234.5, "1,235")] {
            assert_eq!(format_short(value), text);
        }
        assert_eq!((format_ms(250), format_ms(2500)), ("250 ms".into(), "2.5 s".into()));
        for (key, text) in [("20261124T164638-5b841e", "11-24 16:46"), ("2026-11-24", "11-24"), ("x", "x"), ("ä", "ä")]
        {
            assert_eq!(short_time(key), text);
        }
    }

    #[test]
    fn text_is_never_markup() {
        assert_eq!(escape("<b> & \"c\" 'd'\u{1b}"), "&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;\u{fffd}");
        let mut report = report();
        report.job = "<script>".into();
        report.pages.unusable_pages[0].error = Some("<script>".into());
        let html = render_html(&report);
        assert!(!html.contains("<script") && html.contains("<h1>&lt;script&gt;</h1>"));
        assert!(html.contains("mail/2 &amp; &lt;b&gt;.jpg</a>, page 2"));
    }

    #[test]
    fn pages_link_to_their_file_or_url() {
        let based = report();
        for (path, url) in [
            ("mail/a b.jpg", Some("file:///srv/mail/mail/a%20b.jpg")),
            ("/abs/x.jpg", Some("file:///abs/x.jpg")),
            ("https://example.org/x.jpg?a=1", Some("https://example.org/x.jpg?a=1")),
            ("javascript:alert(1)", Some("file:///srv/mail/javascript:alert(1)")),
        ] {
            assert_eq!(page_url(&based, path.as_bytes()).as_deref(), url);
        }
        assert_eq!(page_url(&based, b"a\xff"), None);
        assert_eq!(page_url(&empty_report(), b"a.jpg"), None);
    }

    #[test]
    fn a_run_that_sent_nothing_has_a_report() {
        let html = render_html(&empty_report());
        assert!(html.contains("<h2>Money</h2>") && !html.contains("Spend by run"));
    }

    #[test]
    fn many_labels_are_counted_together() {
        let mut report = report();
        let labels = report.pages.by_label.get_mut("kind").unwrap();
        let count = *labels.values().next().unwrap();
        labels.extend((0..20).map(|at| (format!("label {at:02}"), count)));
        let html = render_html(&report);
        assert!(html.contains("(all others)") && html.contains("label 00") && !html.contains("label 19"));
    }
}
