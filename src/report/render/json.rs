//! The report as JSON: money as exact decimal texts, null when a price is unknown.

use crate::base::money::Pico;
use crate::base::units::rfc3339;
use crate::report::pages::{LabelCount, PageLine};
use crate::report::part::Part;
use crate::report::spend::Line;
use crate::report::summary::Report;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

impl Report {
    /// The report as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let (pages, spend) = (&self.pages, &self.spend);
        let total = self.total();
        let money = |amount: Pico| total.map(|_| amount.to_string());
        let saved = |saved: Option<Pico>| saved.filter(|_| self.is_priced).map(|saved| saved.to_string());
        // A page that was asked again was asked again.
        let per_1000 = total.filter(|_| spend.requests > 0).map(|total| thousand(total, spend.requests).to_string());
        #[expect(clippy::cast_precision_loss, reason = "seconds for people")]
        let elapsed_seconds = self.elapsed_ms as f64 / 1000.0;
        json!({
            "job": self.job,
            "run_id": self.run_id,
            "outcome": self.outcome,
            "exit_code": self.exit_code,
            "started_at": rfc3339(self.started_ms),
            "elapsed_seconds": elapsed_seconds,
            "pages": {
                "total": pages.total, "ok": pages.ok, "invalid": pages.invalid, "refused": pages.refused, "failed": pages.failed,
                "pending": pages.pending, "skipped": pages.skipped, "from_store": pages.from_store, "asked": pages.asked, "near_duplicates": pages.near,
            },
            "requests": {"sent": spend.requests},
            "attempts": {
                "sent": spend.sent, "succeeded": spend.succeeded, "failed": spend.failed, "rate_limited": spend.rate_limited, "lost": spend.lost,
            },
            "tokens": {"input": spend.tokens.input, "cached_input": spend.tokens.cached_input, "output": spend.tokens.output},
            "cost": {
                "total_usd": total.map(|total| total.to_string()),
                "failed_attempts_usd": money(spend.failed_cost),
                "estimated_usd": money(spend.estimated_cost),
                "lost_usd": money(spend.lost_cost),
                // With equal pages, which the store answers too; apart in `saved`.
                "saved_by_store_usd": saved(pages.saved.zip(pages.saved_by_duplicates).map(|(store, equal)| store + equal)),
                "per_1000_pages_asked_usd": per_1000,
            },
            "wasted": {
                "failed_usd": money(spend.failed_cost), "invalid_usd": money(spend.invalid_cost), "repaired_usd": money(spend.repaired_cost),
            },
            "saved": {
                "store_usd": saved(pages.saved), "duplicates_usd": saved(pages.saved_by_duplicates),
                "cache_usd": money(spend.saved_by_cache), "tile_snapping_usd": money(spend.saved_by_size),
            },
            "estimate": {
                "expected_usd": money(spend.expected), "actual_usd": money(spend.expected_actual), "ratio": ratio(spend.expected_actual, spend.expected),
            },
            "billing": self.billing.as_ref().map(|billing| json!({"rule": billing.rule, "images": billing.images, "differs": billing.differs})),
            "by_task": parts(&spend.by_task, total),
            "by_model": parts(&spend.by_model, total),
            "by_day": parts(&spend.by_day, total),
            "by_run": parts(&spend.by_run, total),
            "by_label": by_label(&pages.by_label, total.is_some() || self.is_priced),
            "by_fault": spend.by_fault,
            "latency_ms": {"p50": spend.latencies.quantile(0.5), "p95": spend.latencies.quantile(0.95), "p99": spend.latencies.quantile(0.99)},
            "usage_missing": spend.usage_missing,
            "slowest": spend.slowest.iter().map(|line| page(line, total)).collect::<Vec<_>>(),
            "dearest": pages.dearest.iter().map(|line| dear(line, total)).collect::<Vec<_>>(),
            "outputs": self.outputs.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
        })
    }
}

/// What a thousand pages cost, to the pico-dollar.
pub(crate) fn thousand(total: Pico, asked: u64) -> Pico {
    let each = i128::from(total.0) * 1000 / i128::from(asked.max(1));
    Pico(i64::try_from(each).unwrap_or(i64::MAX))
}

fn parts(parts: &BTreeMap<String, Part>, total: Option<Pico>) -> Map<String, Value> {
    let one = |part: &Part| {
        json!({
            "attempts": part.attempts, "cost_usd": total.map(|_| part.cost.to_string()),
            "tokens": {"input": part.tokens.input, "cached_input": part.tokens.cached_input, "output": part.tokens.output},
        })
    };
    parts.iter().map(|(name, part)| (name.clone(), one(part))).collect()
}

fn by_label(tasks: &BTreeMap<String, BTreeMap<String, LabelCount>>, is_priced: bool) -> Value {
    let label =
        |count: &LabelCount| json!({"pages": count.pages, "cost_usd": is_priced.then(|| Pico(count.cost).to_string())});
    let labels = |counts: &BTreeMap<String, LabelCount>| {
        Value::Object(counts.iter().map(|(name, count)| (name.clone(), label(count))).collect())
    };
    Value::Object(tasks.iter().map(|(task, counts)| (task.clone(), labels(counts))).collect())
}

/// A ratio for people; `None` when there is nothing to compare with.
pub(crate) fn ratio(amount: Pico, to: Pico) -> Option<f64> {
    (to > Pico::ZERO).then(|| (amount.as_usd_f64() / to.as_usd_f64() * 10_000.0).round() / 10_000.0)
}

fn dear(line: &PageLine, total: Option<Pico>) -> Value {
    let path = String::from_utf8_lossy(&line.path);
    json!({"path": path, "page": line.page, "attempts": line.attempts, "cost_usd": total.map(|_| line.cost.to_string())})
}

fn page(line: &Line, total: Option<Pico>) -> Value {
    let path = String::from_utf8_lossy(&line.path);
    json!({"path": path, "latency_ms": line.latency_ms, "cost_usd": total.map(|_| line.cost.to_string())})
}
