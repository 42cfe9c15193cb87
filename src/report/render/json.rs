//! The report as JSON. Money is an exact decimal string, or null if a price is unknown.

use crate::base::money::Pico;
use crate::base::output_file::OutputFile;
use crate::base::path_text::display_path;
use crate::base::units::rfc3339;
use crate::base::usage::Usage;
use crate::report::failures::{FailedPage, FailureCount};
use crate::report::pages::{LabelCount, ReportedPage};
use crate::report::part::Part;
use crate::report::provider_bill::ProviderBill;
use crate::report::spend::{ServedName, SlowAttempt};
use crate::report::summary::Report;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Renders the report as JSON. docs/spend.md documents the members.
#[must_use]
pub fn render_json(report: &Report) -> Value {
    let (pages, spend) = (&report.pages, &report.spend);
    let total = report.total();
    let money = |amount: Pico| total.map(|_| amount.to_string());
    let saved = |saved: Option<Pico>| saved.filter(|_| report.is_priced).map(|saved| saved.to_string());
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of runs are below 2^53")]
    let elapsed_seconds = report.elapsed_ms as f64 / 1000.0;
    json!({
        "job": report.job,
        "run_id": report.run_id,
        "runs": report.runs,
        "shard": report.shard.map(|shard| shard.to_string()),
        "outcome": report.state.name(),
        "exit_code": report.state.exit_code(),
        "started_at": rfc3339(report.started_ms),
        "elapsed_seconds": elapsed_seconds,
        "pages": {
            "total": pages.total, "ok": pages.ok, "invalid": pages.invalid, "refused": pages.refused, "failed": pages.failed,
            "pending": pages.pending, "skipped": pages.skipped, "from_store": pages.from_store, "asked": pages.asked,
            "near_duplicates": pages.near_duplicates, "duplicates": pages.duplicates,
        },
        "walk_complete": report.is_walk_complete,
        "requests": {"sent": spend.requests},
        "attempts": {
            "sent": spend.sent, "succeeded": spend.succeeded, "failed": spend.failed, "rate_limited": spend.rate_limited, "lost": spend.lost,
        },
        "tokens": tokens_json(spend.tokens),
        "cost": {
            "total_usd": total.map(|total| total.to_string()),
            "failed_attempts_usd": money(spend.failed_cost),
            "estimated_usd": money(spend.estimated_cost),
            "lost_usd": money(spend.lost_cost),
            // Includes duplicates, whose answers also come from the store. `saved` has both parts.
            "saved_by_store_usd": saved(pages.saved.zip(pages.saved_by_duplicates).map(|(store, duplicates)| store + duplicates)),
            "provider": provider_json(&spend.provider_bill),
            "per_1000_pages_asked_usd": report.cost_per_1000().map(|cost| cost.to_string()),
        },
        "wasted": {
            "failed_usd": money(spend.failed_cost), "invalid_usd": money(spend.invalid_cost), "repaired_usd": money(spend.repaired_cost),
        },
        "saved": {
            "store_usd": saved(pages.saved), "duplicates_usd": saved(pages.saved_by_duplicates),
            "cache_usd": money(spend.saved_by_cache), "tile_snapping_usd": money(spend.saved_by_size),
        },
        "estimate": {
            "expected_usd": money(spend.expected), "actual_usd": money(spend.expected_actual), "ratio": spend.estimate_ratio(),
        },
        "billing": report.billing.as_ref().map(|billing| json!({"rule": billing.rule, "images": billing.images, "differs": billing.differs})),
        "by_task": parts_json(&spend.by_task, total),
        "by_model": parts_json(&spend.by_model, total),
        "by_served": spend.by_served.iter().map(|(name, part)| served_json(name, part, total)).collect::<Vec<_>>(),
        "by_day": parts_json(&spend.by_day, total),
        "by_run": parts_json(&spend.by_run, total),
        "by_label": labels_json(&pages.by_label, total.is_some() || report.is_priced),
        "by_fault": spend.by_fault,
        "failures": pages.failures.by_kind.iter().map(|(kind, count)| (kind.clone(), failure_json(count))).collect::<Map<_, _>>(),
        "redrawn": pages.redrawn,
        "latency_ms": {"p50": spend.latencies.quantile(0.5), "p95": spend.latencies.quantile(0.95), "p99": spend.latencies.quantile(0.99)},
        "usage_missing": spend.usage_missing,
        "slowest": spend.slowest.iter().map(|slow| slow_json(slow, total)).collect::<Vec<_>>(),
        "dearest": pages.most_expensive.iter().map(|page| page_json(page, total)).collect::<Vec<_>>(),
        "outputs": report.outputs.iter().map(output_json).collect::<Vec<_>>(),
    })
}

fn parts_json(parts: &BTreeMap<String, Part>, total: Option<Pico>) -> Map<String, Value> {
    let part_json = |part: &Part| {
        json!({
            "attempts": part.attempts, "cost_usd": total.map(|_| part.cost.to_string()),
            "tokens": tokens_json(part.tokens),
        })
    };
    parts.iter().map(|(name, part)| (name.clone(), part_json(part))).collect()
}

fn tokens_json(tokens: Usage) -> Value {
    let Usage { input, cached_input, cache_write, output, reasoning } = tokens;
    json!({
        "input": input, "cached_input": cached_input, "cache_write": cache_write, "output": output, "reasoning": reasoning,
    })
}

/// What the provider reports to have charged; null if it reports nothing.
fn provider_json(bill: &ProviderBill) -> Value {
    if bill.attempts == 0 {
        return Value::Null;
    }
    json!({
        "attempts": bill.attempts, "reported_usd": bill.reported.to_string(), "ratio": bill.ratio(), "differs": bill.differs(),
        "counted_as_cost_usd": bill.unpriced.to_string(),
    })
}

fn served_json(name: &ServedName, part: &Part, total: Option<Pico>) -> Value {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    json!({
        "model": text(&name.model), "provider": text(&name.provider), "attempts": part.attempts,
        "cost_usd": total.map(|_| part.cost.to_string()), "tokens": tokens_json(part.tokens),
    })
}

fn labels_json(tasks: &BTreeMap<String, BTreeMap<String, LabelCount>>, is_priced: bool) -> Value {
    let count_json =
        |count: &LabelCount| json!({"pages": count.pages, "cost_usd": is_priced.then(|| Pico(count.cost).to_string())});
    let task_json = |counts: &BTreeMap<String, LabelCount>| {
        Value::Object(counts.iter().map(|(label, count)| (label.clone(), count_json(count))).collect())
    };
    Value::Object(tasks.iter().map(|(task, counts)| (task.clone(), task_json(counts))).collect())
}

fn failure_json(count: &FailureCount) -> Value {
    let FailedPage { path, page, error, .. } = &count.example;
    json!({"pages": count.pages, "example": {"path": path, "page": page, "error": error}})
}

fn output_json(file: &OutputFile) -> Value {
    let mut output =
        json!({"format": file.format, "path": file.path.display().to_string(), "partial": file.is_partial});
    if let Some(partitions) = file.partitions {
        output["partitions"] = partitions.into();
    }
    output
}

fn page_json(page: &ReportedPage, total: Option<Pico>) -> Value {
    let path = display_path(&page.path);
    json!({"path": path, "page": page.page, "attempts": page.attempts, "cost_usd": total.map(|_| page.cost.to_string())})
}

fn slow_json(slow: &SlowAttempt, total: Option<Pico>) -> Value {
    let path = display_path(&slow.path);
    json!({"path": path, "latency_ms": slow.latency_ms, "cost_usd": total.map(|_| slow.cost.to_string())})
}
