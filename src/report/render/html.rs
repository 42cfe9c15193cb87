//! The report as one HTML file that needs nothing else: no script, no network. It links to
//! pages, and opens none.

use super::json::{ratio, thousand};
use super::plot::{Bar, across, upward};
use super::text::usd;
use crate::base::money::Pico;
use crate::base::units::{grouped, human_duration, rfc3339};
use crate::report::pages::PageLine;
use crate::report::part::{Histogram, Part};
use crate::report::summary::Report;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;
use url::Url;

/// Labels of a task that are drawn; the others are counted together.
const MOST_LABELS: usize = 14;

impl Report {
    /// The report as an HTML page.
    #[must_use]
    pub fn to_html(&self) -> String {
        let mut out = String::from(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n",
        );
        let _ = writeln!(
            out,
            "<title>{}: spend</title>\n<style>\n{}</style>",
            escaped(&self.job),
            include_str!("page.css")
        );
        let elapsed = human_duration(Duration::from_millis(u64::try_from(self.elapsed_ms).unwrap_or(0)));
        let _ = writeln!(
            out,
            "<h1>{}</h1>\n<p>{} · <span{}>{}</span> in {elapsed} · began {}</p>",
            escaped(&self.job),
            escaped(&self.run_id),
            if self.exit_code == Some(0) { "" } else { " class=\"bad\"" },
            escaped(&self.outcome),
            rfc3339(self.started_ms)
        );
        self.numbers(&mut out);
        out.push_str("<div class=\"charts\">\n");
        self.charts(&mut out);
        out.push_str("</div>\n<p>&nbsp;</p>\n");
        self.money(&mut out);
        self.pages(&mut out, "Dearest pages", &self.pages.dearest);
        self.pages(&mut out, "Failed, invalid and refused pages", &self.pages.unusable_pages);
        out
    }

    fn numbers(&self, out: &mut String) {
        let (pages, spend) = (&self.pages, &self.spend);
        let cost = self.total().map_or("unknown".to_owned(), usd);
        let per = self.total().filter(|_| spend.requests > 0).map(|total| usd(thousand(total, spend.requests)));
        let estimate = ratio(spend.expected_actual, spend.expected).map(|ratio| format!("{:.1} %", ratio * 100.0));
        let numbers = [
            ("spent", cost),
            ("per 1,000 pages asked", per.unwrap_or_else(|| "–".into())),
            ("of the estimate", estimate.unwrap_or_else(|| "–".into())),
            ("pages", grouped(pages.total)),
            ("ok", grouped(pages.ok)),
            ("failed, invalid, refused", grouped(pages.unusable())),
            ("pending", grouped(pages.pending)),
            ("asked", grouped(pages.asked)),
            ("from the store", grouped(pages.from_store)),
            ("attempts", grouped(spend.sent)),
        ];
        out.push_str("<div class=\"numbers\">\n");
        for (name, value) in numbers {
            let _ = writeln!(out, "<div><b>{value}</b><span>{name}</span></div>");
        }
        out.push_str("</div>\n");
    }

    fn charts(&self, out: &mut String) {
        let spend = &self.spend;
        let (name, parts) =
            if spend.by_day.len() > 1 { ("Spend by day", &spend.by_day) } else { ("Spend by run", &spend.by_run) };
        section(out, name, upward(&by_time(parts), &|usd| format!("USD {}", short(usd))));
        let tokens = &spend.tokens;
        let kinds = [
            ("input", tokens.input - tokens.cached_input.min(tokens.input)),
            ("cached input", tokens.cached_input),
            ("output", tokens.output),
        ];
        section(out, "Tokens", across(&kinds.map(|(name, count)| counted(name, count))));
        for (task, labels) in &self.pages.by_label {
            let mut sorted: Vec<(&str, u64)> =
                labels.iter().map(|(name, count)| (name.as_str(), count.pages)).collect();
            sorted.sort_by_key(|(_, pages)| std::cmp::Reverse(*pages));
            let rest: u64 = sorted.iter().skip(MOST_LABELS).map(|(_, pages)| pages).sum();
            let mut bars: Vec<Bar> =
                sorted.iter().take(MOST_LABELS).map(|(name, pages)| counted(name, *pages)).collect();
            if rest > 0 {
                bars.push(counted("(all others)", rest));
            }
            section(out, &format!("Labels of {task}"), across(&bars));
        }
        let latency = histogram(&spend.latencies, human_ms);
        section(out, "Replies by latency", upward(&latency, &short));
        let ends = [
            ("succeeded", spend.succeeded),
            ("failed", spend.failed),
            ("rate limited", spend.rate_limited),
            ("lost", spend.lost),
            ("beyond the first", spend.sent - spend.requests.min(spend.sent)),
        ];
        let faults = spend.by_fault.iter().map(|(kind, count)| counted(&format!("· {kind}"), *count));
        let bars: Vec<Bar> = ends.map(|(name, count)| counted(name, count)).into_iter().chain(faults).collect();
        section(out, "Attempts and retries", across(&bars));
        let costs = histogram(&self.pages.costs, |pico| short(Pico(i64::try_from(pico).unwrap_or(0)).as_usd_f64()));
        section(out, "Pages by cost, up to USD", upward(&costs, &short));
    }

    fn money(&self, out: &mut String) {
        let (pages, spend) = (&self.pages, &self.spend);
        let known = |amount: Option<Pico>| amount.filter(|_| self.is_priced).map_or("unknown".into(), usd);
        let total = |amount: Pico| known(self.total().map(|_| amount));
        let rows = [
            ("wasted on attempts without a reply", total(spend.failed_cost)),
            ("wasted on invalid replies", total(spend.invalid_cost)),
            ("spent on asking those again", total(spend.repaired_cost)),
            ("estimated, because the server did not say", total(spend.estimated_cost)),
            ("lost at most, with runs that died", total(spend.lost_cost)),
            ("saved by the store", known(pages.saved)),
            ("saved by equal pages", known(pages.saved_by_duplicates)),
            ("saved by the provider's cache", total(spend.saved_by_cache)),
            ("saved by smaller images", total(spend.saved_by_size)),
            ("expected for the replies that came", total(spend.expected)),
        ];
        out.push_str("<section><h2>Money</h2>\n<table>\n");
        for (name, value) in rows {
            let _ = writeln!(out, "<tr><td>{name}</td><td class=\"n\">{value}</td></tr>");
        }
        for (task, part) in &spend.by_task {
            let _ = writeln!(out, "<tr><td>task {}</td><td class=\"n\">{}</td></tr>", escaped(task), total(part.cost));
        }
        out.push_str("</table>\n");
        if let Some(billing) = &self.billing {
            let differs = match billing.differs {
                Some(true) => ", not as documented",
                Some(false) => ", as documented",
                None => "",
            };
            let _ = writeln!(
                out,
                "<p>The endpoint bills images as {}{differs} ({} images).</p>",
                escaped(&billing.rule),
                grouped(billing.images)
            );
        }
        out.push_str("</section>\n");
    }

    fn pages(&self, out: &mut String, name: &str, lines: &[PageLine]) {
        if lines.is_empty() {
            return;
        }
        let has_errors = lines.iter().any(|line| line.error.is_some());
        let _ = writeln!(
            out,
            "<section><h2>{name}</h2>\n<table>\n<tr><th>page</th><th class=\"n\">attempts</th><th class=\"n\">cost</th>{}</tr>",
            if has_errors { "<th>why</th>" } else { "" }
        );
        for line in lines {
            let path = String::from_utf8_lossy(&line.path);
            let page = if line.page > 1 { format!(", page {}", line.page) } else { String::new() };
            let name = match self.link(&line.path) {
                Some(link) => format!("<a href=\"{}\">{}</a>{page}", escaped(&link), escaped(&path)),
                None => format!("{}{page}", escaped(&path)),
            };
            let error = if has_errors {
                format!("<td>{}</td>", escaped(line.error.as_deref().unwrap_or_default()))
            } else {
                String::new()
            };
            let cost = if self.is_priced { usd(line.cost) } else { "unknown".into() };
            let _ = writeln!(
                out,
                "<tr><td>{name}</td><td class=\"n\">{}</td><td class=\"n\">{cost}</td>{error}</tr>",
                grouped(line.attempts)
            );
        }
        out.push_str("</table></section>\n");
    }

    /// Where a page is: a file, or what the list's URL names.
    fn link(&self, path: &[u8]) -> Option<String> {
        let text = std::str::from_utf8(path).ok()?;
        if let Ok(url) = Url::parse(text)
            && matches!(url.scheme(), "http" | "https")
        {
            return Some(url.into());
        }
        let file = std::path::absolute(self.base.as_ref()?.join(text)).ok()?;
        Url::from_file_path(file).ok().map(String::from)
    }
}

fn section(out: &mut String, name: &str, picture: Option<String>) {
    if let Some(picture) = picture {
        let _ = writeln!(out, "<section><h2>{}</h2>\n{picture}\n</section>", escaped(name));
    }
}

/// Days and runs in their order; of a run its time of day is name enough.
fn by_time(parts: &BTreeMap<String, Part>) -> Vec<Bar> {
    let name = |name: &str| match (name.get(4..8), name.get(9..13)) {
        (Some(day), Some(time)) if name.contains('T') => {
            format!("{}-{} {}:{}", &day[..2], &day[2..], &time[..2], &time[2..])
        }
        _ => name.get(5..).unwrap_or(name).to_owned(),
    };
    let bar =
        |(key, part): (&String, &Part)| Bar { name: name(key), value: part.cost.as_usd_f64(), label: usd(part.cost) };
    parts.iter().map(bar).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a picture")]
fn counted(name: &str, count: u64) -> Bar {
    Bar { name: name.to_owned(), value: count as f64, label: grouped(count) }
}

fn histogram(histogram: &Histogram, name: impl Fn(u64) -> String) -> Vec<Bar> {
    histogram.bins.iter().map(|(bound, count)| Bar { name: name(*bound), ..counted("", *count) }).collect()
}

fn human_ms(ms: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a picture")]
    if ms < 1000 { format!("{ms} ms") } else { format!("{} s", short(ms as f64 / 1000.0)) }
}

/// A number with three digits that tell.
fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    if value >= 1000.0 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and small")]
        return grouped(value.round() as u64);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
    let decimals = (2.0 - value.log10().floor()).clamp(0.0, 9.0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// `text` as text of a page: what it says is never a tag.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\n' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_for_people() {
        for (value, text) in [(0.0, "0"), (0.010_234, "0.0102"), (1.5, "1.5"), (25.0, "25"), (1234.5, "1,235")] {
            assert_eq!(short(value), text);
        }
        assert_eq!(escaped("<b> & \"c\" 'd'\u{1b}"), "&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;\u{fffd}");
    }
}
