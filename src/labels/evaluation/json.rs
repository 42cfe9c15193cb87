//! An evaluation as JSON. docs/quality.md describes the members.

use super::agreement::Agreement;
use super::contradictions::Contradiction;
use super::evaluated::{Evaluation, SampledTask, TruthSummary};
use super::gates::GateResult;
use super::misfits::MisfitGroup;
use super::splits::Splits;
use super::task_result::{FieldResult, LabelResult, Suspect, TaskResult};
use super::text::sample_lines;
use crate::eval::{Estimate, Interval};
use serde_json::{Map, Value, json};

/// Maximum number of faults of the truth.
const MAX_FAULTS: usize = 1000;

/// Renders an evaluation as JSON. Money is an exact decimal string, or null if a price is unknown.
pub(crate) fn render_json(evaluation: &Evaluation) -> Value {
    let tasks: Map<String, Value> = evaluation.tasks.iter().map(|task| (task.name.clone(), task_json(task))).collect();
    json!({
        "job": evaluation.job,
        "model": evaluation.model,
        "truth": truth_json(&evaluation.truth),
        "tasks": tasks,
        "correct_pages": evaluation.correct_pages,
        "cost": {
            "per_1000_usd": evaluation.per_1000.map(|cost| cost.to_string()),
            "per_1000_correct_usd": evaluation.per_1000_correct.map(|cost| cost.to_string()),
        },
        "gates": evaluation.gates.iter().map(gate_json).collect::<Vec<_>>(),
    })
}

fn truth_json(truth: &TruthSummary) -> Value {
    let mut members = json!({
        "source": truth.source,
        "rows": truth.rows,
        "matched": truth.matched,
        "sampled": truth.sampled,
        "measured": truth.measured,
        "selection": truth.kind.name(),
        "job_pages": truth.job_pages,
        "not_selected": truth.not_selected,
        "shown": truth.shown,
        "imported": truth.imported,
        "undrawn": truth.undrawn,
        "assumed_page_1": truth.assumed_first,
        "agreements": truth.agreements.iter().map(agreement_json).collect::<Vec<_>>(),
        "changed": truth.changed,
        "ignored_columns": truth.ignored,
        "misfits": truth.misfits.iter().take(MAX_FAULTS).map(misfit_json).collect::<Vec<_>>(),
        "contradictions": truth.contradictions.iter().take(MAX_FAULTS).map(contradiction_json).collect::<Vec<_>>(),
        "fault_count": truth.faults.len(),
        "faults": truth.faults.iter().take(MAX_FAULTS).map(ToString::to_string).collect::<Vec<_>>(),
    });
    if let Some(members) = members.as_object_mut() {
        if let Some(splits) = &truth.splits {
            members.insert("splits".into(), splits_json(splits));
        }
        if !truth.samples.is_empty() {
            let samples = truth.samples.iter().map(|sample| (sample.name.clone(), sample_json(sample)));
            members.insert("draws".into(), Value::Object(samples.collect()));
        }
        if !truth.no_samples.is_empty() {
            let totals = truth
                .no_samples
                .iter()
                .map(|(task, total)| (task.clone(), json!({"stands_for": total.stands_for, "pages": total.pages})));
            members.insert("no_samples".into(), Value::Object(totals.collect()));
        }
        let samples = truth.samples.iter().flat_map(sample_lines);
        let notes: Vec<String> = truth.warning().into_iter().chain(truth.notes()).chain(samples).collect();
        members.insert("counts_shown".into(), truth.counts_shown.into());
        members.insert("notes".into(), notes.into());
        if truth.copies > 0 {
            members.insert("copies".into(), truth.copies.into());
        }
        if truth.unopened > 0 {
            members.insert("unopened".into(), truth.unopened.into());
        }
        if let Some(pages) = truth.stands_for {
            members.insert("stands_for".into(), pages.into());
        }
    }
    members
}

fn agreement_json(found: &Agreement) -> Value {
    json!({"task": found.task, "reviewers": found.reviewers, "n": found.n, "same": found.same, "kappa": found.kappa})
}

fn misfit_json(misfit: &MisfitGroup) -> Value {
    let mut members = json!({
        "task": misfit.task,
        "value": misfit.value,
        "pages": misfit.pages,
        "example": misfit.example,
        "reason": misfit.reason,
    });
    if let Some(members) = members.as_object_mut() {
        let optional =
            [("field", (!misfit.field.is_empty()).then_some(&misfit.field)), ("nearest", misfit.nearest.as_ref())];
        members
            .extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.as_str().into()))));
    }
    members
}

fn contradiction_json(found: &Contradiction) -> Value {
    let page = |(path, page, truth): &(String, u32, Value)| json!({"path": path, "page": page, "truth": truth});
    let mut members = json!({"task": found.task, "pages": found.pages.each_ref().map(page)});
    if let Some(members) = members.as_object_mut().filter(|_| !found.field.is_empty()) {
        members.insert("field".into(), found.field.as_str().into());
    }
    members
}

/// How the pages of a task were drawn.
fn sample_json(sample: &SampledTask) -> Value {
    let mut members = json!({"left_out": sample.left_out, "other_selections": sample.other_selections});
    if let (Some(members), Some(draw)) = (members.as_object_mut(), &sample.draw) {
        let counts = [
            ("pages", draw.pages),
            ("of", draw.population),
            ("drawn_among", draw.drawn_among),
            ("not_drawn", draw.not_drawn),
            ("decided", draw.decided),
            ("passed_over", draw.passed_over),
            ("decided_seen", draw.decided_seen),
            ("not_reached", draw.not_reached),
        ];
        members.extend(counts.map(|(name, count)| (name.to_owned(), count.into())));
        members.insert("where".into(), draw.selection.clone().into());
    }
    members
}

fn splits_json(splits: &Splits) -> Value {
    let example = |[one, other]: &[(String, String); 2]| json!([{"path": one.0, "split": one.1}, {"path": other.0, "split": other.1}]);
    json!({
        "pages": splits.pages,
        "measured": splits.measured,
        "shared_clusters": splits.shared_clusters,
        "shared_pages": splits.shared_pages,
        "left_out": splits.left_out,
        "examples": splits.examples.iter().map(example).collect::<Vec<_>>(),
    })
}

fn task_json(task: &TaskResult) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| _ = members.insert(name.into(), value);
    put("kind", task.kind.into());
    put("selection", task.truth_kind.name().into());
    put("n", task.n.into());
    put("unanswered", task.unanswered_pages().into());
    put("unanswered_by", json!(task.unanswered));
    put("clusters", task.clusters.into());
    put("effective_n", task.effective_n.into());
    put("accuracy", share_json(task.accuracy));
    put("accuracy_of_all", share_json(task.accuracy_of_all));
    // What the kind of the task has is there, even if no page could be measured.
    let (is_classify, is_tag) = (task.kind == "classify", task.kind == "tag");
    if !is_classify && !is_tag {
        put("exact", share_json(task.exact));
    }
    let of_kind = |has: bool, number: Option<f64>| has.then(|| number.unwrap_or(0.0));
    let numbers = [
        ("macro_f1", of_kind(is_classify || is_tag, task.macro_f1.map(|estimate| estimate.value))),
        ("weighted_f1", of_kind(is_classify, task.weighted_f1)),
        ("micro_f1", of_kind(is_tag, task.micro_f1)),
        ("jaccard", of_kind(is_tag, task.jaccard)),
        // Undefined where truth and answers have one and the same label.
        ("kappa", task.kappa.map(|kappa| kappa.value)),
        ("anls", task.anls),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            put(name, number.into());
        }
    }
    if let Some(estimate) = task.macro_f1 {
        put("macro_f1_interval", interval_json(estimate));
    }
    if let Some(kappa) = task.kappa {
        put("kappa_interval", json!({"low": kappa.interval.low, "high": kappa.interval.high}));
    }
    if !task.labels.is_empty() {
        let labels: Map<String, Value> =
            task.labels.iter().map(|label| (label.label.clone(), label_json(label))).collect();
        put("labels", labels.into());
        put("order", task.labels.iter().map(|label| label.label.as_str()).collect::<Vec<_>>().into());
    }
    if !task.confusion.is_empty() {
        put("confusion", json!(task.confusion));
    }
    if !task.fields.is_empty() {
        let fields: Map<String, Value> =
            task.fields.iter().map(|field| (field.name.clone(), field_json(field))).collect();
        put("fields", fields.into());
    }
    put("suspected_truth", task.suspects.iter().map(suspect_json).collect::<Vec<_>>().into());
    Value::Object(members)
}

/// As scikit-learn does, a measure of a label without pages is 0; it has no interval then.
fn label_json(label: &LabelResult) -> Value {
    let value = |estimate: Option<Estimate>| estimate.map_or(0.0, |estimate| estimate.value);
    let mut members = json!({
        "n": label.n,
        "predicted": label.predicted,
        "precision": value(label.precision),
        "recall": value(label.recall),
        "f1": value(label.f1),
    });
    if let Some(members) = members.as_object_mut().filter(|_| label.is_unknown) {
        members.insert("unknown".into(), true.into());
    }
    if let Some(members) = members.as_object_mut() {
        let intervals = [("precision", label.precision), ("recall", label.recall), ("f1", label.f1)];
        let known =
            intervals.iter().filter_map(|(name, estimate)| Some(((*name).to_owned(), interval_json((*estimate)?))));
        members.insert("intervals".into(), Value::Object(known.collect()));
        if let Some(prevalence) = label.prevalence {
            let Interval { low, high } = prevalence.interval;
            members.insert("prevalence".into(), json!({"value": prevalence.value, "low": low, "high": high}));
        }
    }
    members
}

fn field_json(field: &FieldResult) -> Value {
    let mut members = Map::new();
    members.insert("n".into(), field.n.into());
    members.insert("exact".into(), share_json(field.exact));
    members.insert("normalized".into(), share_json(field.normalized));
    if let Some(anls) = field.anls {
        members.insert("anls".into(), anls.into());
    }
    Value::Object(members)
}

fn suspect_json(suspect: &Suspect) -> Value {
    let mut members = json!({
        "path": suspect.path,
        "page": suspect.page,
        "truth": suspect.truth,
        "answer": suspect.answer,
        "score": suspect.score,
        "listed": suspect.is_likely(),
        "reason": suspect.reason,
    });
    if let Some(members) = members.as_object_mut().filter(|_| !suspect.field.is_empty()) {
        members.insert("field".into(), suspect.field.as_str().into());
    }
    members
}

fn gate_json(gate: &GateResult) -> Value {
    json!({
        "measure": gate.measure.name(),
        "task": gate.task,
        "label": gate.label,
        "mark": gate.mark,
        "value": gate.estimate.map(|estimate| estimate.value),
        "lower_bound": gate.estimate.map(|estimate| estimate.lower_bound),
        "passed": gate.is_passed(),
    })
}

/// A share. Without pages it is 0, and may be anything: as scikit-learn has it, and without null.
fn share_json(share: Option<Estimate>) -> Value {
    let (value, interval) =
        share.map_or((0.0, Interval { low: 0.0, high: 1.0 }), |known| (known.value, known.interval));
    json!({"value": value, "low": interval.low, "high": interval.high})
}

fn interval_json(estimate: Estimate) -> Value {
    json!({"low": estimate.interval.low, "high": estimate.interval.high})
}
