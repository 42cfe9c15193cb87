//! A comparison as JSON. docs/quality.md documents the members.

use super::compared::{Comparison, PairedTruth, ScoreDifference, TaskComparison};
use crate::base::money::Pico;
use crate::labels::history::SettingChange;
use serde_json::{Map, Value, json};

/// The comparison as JSON.
pub(crate) fn render_json(comparison: &Comparison) -> Value {
    let tasks: Map<String, Value> =
        comparison.tasks.iter().map(|task| (task.name.clone(), task_to_json(task))).collect();
    let usd = |cost: Option<Pico>| cost.map(|cost| cost.to_string());
    json!({
        "job": comparison.job,
        "old": comparison.old_name,
        "new": comparison.new_name,
        "changes": comparison.changes.iter().map(SettingChange::to_json).collect::<Vec<_>>(),
        "selected": comparison.selected,
        "pages": comparison.pages,
        "changed_pages": comparison.changed_pages,
        "tasks": tasks,
        "not_compared": comparison.not_compared,
        "truth": comparison.truth,
        "truth_selection": comparison.truth.is_some().then(|| comparison.truth_kind.name()),
        "truth_shown": comparison.truth_shown,
        "truth_faults": comparison.truth_faults,
        "cost": {
            "old_usd": usd(comparison.old_cost),
            "new_usd": usd(comparison.new_cost),
            "full_usd": usd(comparison.full_cost),
            "pages": comparison.priced,
        },
    })
}

fn task_to_json(task: &TaskComparison) -> Value {
    let flips: Vec<Value> =
        task.most_frequent_flips().iter().map(|(from, to, n)| json!({"from": from, "to": to, "n": n})).collect();
    let mut members = json!({
        "kind": task.kind,
        "compared": task.compared,
        "same": task.same,
        "agreement": task.agreement(),
        "only_old": task.only_old,
        "only_new": task.only_new,
        "flips": flips,
    });
    if let Some(members) = members.as_object_mut() {
        if !task.members.is_empty() {
            members.insert("members".into(), json!(task.members));
        }
        if task.left_out > 0 {
            members.insert("left_out".into(), json!(task.left_out));
        }
        if let Some(draw) = &task.outdated {
            let counts = json!({
                "drawn_among": draw.drawn_among, "of": draw.population, "not_drawn": draw.not_drawn, "where": draw.selection,
            });
            members.insert("outdated_draw".into(), counts);
        }
        if let Some(truth) = &task.truth {
            members.insert("truth_selection".into(), task.truth_kind.name().into());
            if let Some(total) = task.contradiction {
                members.insert("no_sample".into(), json!({"stands_for": total.stands_for, "pages": total.pages}));
            }
            members.insert("mcnemar_p".into(), json!(truth.mcnemar_p));
            members.insert("truth".into(), truth_to_json(truth));
        }
    }
    members
}

fn truth_to_json(truth: &PairedTruth) -> Value {
    let PairedTruth { n, both, only_old, only_new, mcnemar_p: _, weighted, f1 } = truth;
    let difference = |ScoreDifference { old, new, interval, p }: ScoreDifference| {
        json!({
            "old": old, "new": new, "difference": new - old, "low": interval.map(|(low, _)| low),
            "high": interval.map(|(_, high)| high), "p": p,
        })
    };
    let mut members = json!({
        "n": n, "old_right": both + only_old, "new_right": both + only_new, "only_old_right": only_old,
        "only_new_right": only_new, "macro_f1": f1.map(difference),
    });
    if let (Some(members), Some(weighted)) = (members.as_object_mut(), weighted) {
        members.insert("accuracy".into(), difference(*weighted));
    }
    members
}
