//! The report as a table for people, and one hint for the next step.

use super::json::{ratio, thousand};
use crate::base::money::Pico;
use crate::base::units::{grouped, human_duration};
use crate::report::spend::Line;
use crate::report::summary::Report;
use std::fmt::Write;
use std::time::Duration;

impl Report {
    /// The report as a table. Readable without colour.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let elapsed = Duration::from_millis(u64::try_from(self.elapsed_ms).unwrap_or(0));
        let _ = writeln!(out, "{}  {}  {} in {}", self.job, self.run_id, self.outcome, human_duration(elapsed));
        let mut row = |name: &str, value: String| _ = writeln!(out, "  {name:<18} {value}");
        let (pages, spend) = (&self.pages, &self.spend);
        row("pages", grouped(pages.total));
        for (name, count) in [
            ("  ok", pages.ok),
            ("  invalid", pages.invalid),
            ("  refused", pages.refused),
            ("  failed", pages.failed),
            ("  pending", pages.pending),
            ("  skipped", pages.skipped),
        ] {
            if count > 0 || name == "  ok" {
                row(name, grouped(count));
            }
        }
        if pages.near > 0 {
            row("  like others", grouped(pages.near));
        }
        row("asked", format!("{}, and {} from the store", grouped(pages.asked), grouped(pages.from_store)));
        let mut attempts = format!("{} ({} succeeded", grouped(spend.sent), grouped(spend.succeeded));
        for (name, count) in [("failed", spend.failed), ("rate limited", spend.rate_limited), ("lost", spend.lost)] {
            if count > 0 {
                let _ = write!(attempts, ", {} {name}", grouped(count));
            }
        }
        row("attempts", attempts + ")");
        let tokens = &spend.tokens;
        row(
            "tokens",
            format!(
                "{} in ({} cached), {} out",
                grouped(tokens.input),
                grouped(tokens.cached_input),
                grouped(tokens.output)
            ),
        );
        row("cost", self.cost());
        if let Some(total) = self.total().filter(|_| spend.requests > 0) {
            row("per 1,000 pages", usd(thousand(total, spend.requests)));
        }
        if let Some(ratio) = ratio(spend.expected_actual, spend.expected) {
            row("  of the estimate", format!("{:.1} %", ratio * 100.0));
        }
        for (name, cost) in [
            ("  failed attempts", spend.failed_cost),
            ("  invalid replies", spend.invalid_cost),
            ("  asked again", spend.repaired_cost),
        ] {
            if cost > Pico::ZERO {
                row(name, usd(cost));
            }
        }
        if spend.estimated_cost > Pico::ZERO {
            row("  estimated", format!("{} (the server did not say)", usd(spend.estimated_cost)));
        }
        if spend.lost_cost > Pico::ZERO {
            row("  lost, at most", usd(spend.lost_cost));
        }
        for (name, saved) in [
            ("saved by the store", pages.saved.unwrap_or_default()),
            ("  by equal pages", pages.saved_by_duplicates.unwrap_or_default()),
            ("  by the cache", spend.saved_by_cache),
            ("  by smaller images", spend.saved_by_size),
        ] {
            if saved > Pico::ZERO && self.is_priced {
                row(name, usd(saved));
            }
        }
        if let Some(billing) = self.billing.as_ref().filter(|billing| billing.differs == Some(true)) {
            row(
                "images billed as",
                format!("{}, not as documented ({} images)", billing.rule, grouped(billing.images)),
            );
        }
        for (task, part) in spend.by_task.iter().filter(|_| spend.by_task.len() > 1 && spend.total > Pico::ZERO) {
            row(&format!("  {task}"), usd(part.cost));
        }
        self.worst(&mut out);
        for path in &self.outputs {
            let _ = writeln!(out, "  wrote              {}", path.display());
        }
        if let Some(hint) = self.hint() {
            let _ = write!(out, "\nhint: {hint}\n");
        }
        out
    }

    fn cost(&self) -> String {
        match self.total() {
            Some(total) => usd(total),
            None if self.spend.sent == 0 => usd(Pico::ZERO),
            None => "unknown (set provider.price)".into(),
        }
    }

    fn worst(&self, out: &mut String) {
        let mut list = |name: &str, lines: &[Line], value: &dyn Fn(&Line) -> String| {
            for (at, line) in lines.iter().take(3).enumerate() {
                let name = if at == 0 { name } else { "" };
                let _ = writeln!(out, "  {name:<18} {}  {}", value(line), shown(&line.path));
            }
        };
        list("slowest", &self.spend.slowest, &|line| format!("{:>7} ms", grouped(line.latency_ms)));
        for (at, line) in self.pages.dearest.iter().take(3).enumerate() {
            let name = if at == 0 { "dearest" } else { "" };
            let _ = writeln!(out, "  {name:<18} {}  {}", usd(line.cost), shown(&line.path));
        }
    }

    /// The one next step that helps most.
    fn hint(&self) -> Option<String> {
        let (pages, spend) = (&self.pages, &self.spend);
        // A run that was stopped says itself what to do.
        if !matches!(self.outcome.as_str(), "complete" | "limited" | "running" | "died") {
            return None;
        }
        if pages.pending > 0 {
            return Some("some pages are pending: run the same command again to go on; nothing is paid twice".into());
        }
        if spend.rate_limited * 20 > spend.sent && spend.sent > 0 {
            return Some("many attempts met the provider's rate limit: set limits.requests_per_minute or limits.tokens_per_minute".into());
        }
        if pages.invalid * 20 > pages.total {
            return Some(
                "many replies were invalid: look at the `error` column, then at the labels and their descriptions"
                    .into(),
            );
        }
        if pages.unusable() > 0 {
            return Some(
                "the `error` column says why pages failed; `--retry failed,invalid,refused` tries them again".into(),
            );
        }
        if self.total().is_none() && spend.sent > 0 {
            return Some("the price of this model is unknown: set provider.price to see what it costs".into());
        }
        if pages.asked > 0 {
            return Some("run the same command again: only new and changed files are asked".into());
        }
        None
    }
}

/// Dollars to a hundredth of a cent, or to what is left of them.
pub(crate) fn usd(amount: Pico) -> String {
    let dollars = amount.as_usd_f64();
    if amount == Pico::ZERO || dollars >= 0.01 { format!("USD {dollars:.4}") } else { format!("USD {dollars:.7}") }
}

/// A path for a terminal: what is in it is never a command to it.
fn shown(path: &[u8]) -> String {
    crate::base::sanitize::for_terminal(&String::from_utf8_lossy(path)).replace(['\n', '\t'], "\u{fffd}")
}
