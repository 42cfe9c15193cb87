//! A report for tests: attempts and pages of every kind, added up by the code under test.

use super::{Billing, Pages, Report, Spend};
use crate::base::ids::{AttemptId, JobId, RecipeId, Revision, RunId, RunKey};
use crate::base::money::Pico;
use crate::base::output_file::OutputFile;
use crate::base::run_state::RunState;
use crate::base::usage::Usage;
use crate::base::vocabulary::{
    AttemptPurpose, AttemptState, ErrorKind, OutcomeStatus, RowStatus, RunOutcomeName, VerdictName,
};
use crate::store::{
    AttemptRecord, FaultRecord, PageRecord, PageStatus, RunRecord, ServedRecord, SpendRecord, TaskKey, TaskOutcome,
};

/// 2026-11-24T16:46:38Z.
pub(crate) const STARTED_MS: i64 = 1_795_538_798_000;
/// The run that is reported.
pub(crate) const RUN: RunKey = RunKey(2);

/// A run with the tasks `kind` (recipe 1), `total` (recipe 2), and so on.
pub(crate) fn run(task_count: i64) -> RunRecord {
    let names = ["kind", "total", "signed"];
    let task = |id: i64| TaskKey { task: names[id as usize - 1].into(), recipe_id: RecipeId(id) };
    RunRecord {
        run: RUN,
        run_id: RunId::new("20261124T164638-5b841e"),
        heartbeat_ms: 0,
        job: JobId(1),
        job_name: "office-mail".into(),
        model: "openai/gpt-4o-mini".into(),
        started_ms: STARTED_MS,
        ended_ms: Some(STARTED_MS + 65_250),
        outcome: Some((RunOutcomeName::FailedPages, 3)),
        tasks: (1..=task_count).map(task).collect(),
        shard: None,
        settings: None,
        is_try: false,
    }
}

/// A settled attempt with a valid reply for both tasks, at 00:00 UTC plus `id` hours.
pub(crate) fn attempt(id: i64, cost: Option<i64>) -> AttemptRecord {
    AttemptRecord {
        id: AttemptId(id),
        is_first: true,
        state: AttemptState::Settled,
        purpose: AttemptPurpose::Ask,
        opened_ms: 1_795_478_400_000 + id * 3_600_000,
        recipes: vec![RecipeId(1), RecipeId(2)],
        rendered: Vec::new(),
        model: "openai/gpt-4o-mini".into(),
        verdict: Some(VerdictName::Done),
        http_status: Some(200),
        tokens: Usage { input: 1100, cached_input: 128, output: 21, ..Usage::default() },
        is_estimated: false,
        cost: cost.map(Pico),
        is_priced: cost.is_some(),
        reported_cost: None,
        served: ServedRecord::default(),
        expected: cost.map(|cost| Pico(cost - 20_000)),
        saved_by_cache: Pico(9_600_000),
        saved_by_size: Pico(31_000_000),
        error_kind: None,
        latency_ms: Some(700 + id.unsigned_abs() * 90),
        path: Some(format!("mail/{id}.jpg").into_bytes()),
    }
}

fn attempts() -> Vec<AttemptRecord> {
    let again = |purpose, id, cost| AttemptRecord { is_first: false, purpose, ..attempt(id, Some(cost)) };
    vec![
        attempt(1, Some(473_600_000)),
        AttemptRecord { error_kind: Some(ErrorKind::WrongLabel), ..attempt(2, Some(480_000_001)) },
        again(AttemptPurpose::Repair, 3, 490_000_000),
        AttemptRecord {
            verdict: Some(VerdictName::Later),
            http_status: Some(429),
            error_kind: Some(ErrorKind::NotNow),
            tokens: Usage::default(),
            latency_ms: Some(12),
            ..attempt(4, Some(0))
        },
        AttemptRecord {
            verdict: Some(VerdictName::Retry),
            http_status: None,
            error_kind: Some(ErrorKind::Timeout),
            is_estimated: true,
            ..again(AttemptPurpose::Retry, 5, 300_000_000)
        },
        AttemptRecord { is_estimated: true, ..again(AttemptPurpose::Lengthen, 6, 510_000_000) },
        AttemptRecord { state: AttemptState::Lost, verdict: None, ..attempt(7, Some(900_000_000)) },
        AttemptRecord { state: AttemptState::Open, verdict: None, cost: None, ..attempt(8, None) },
        AttemptRecord {
            recipes: vec![RecipeId(1)],
            latency_ms: Some(31_000),
            tokens: Usage { input: 1100, cached_input: 128, cache_write: 64, output: 421, reasoning: 400 },
            reported_cost: Some(Pico(1_620_960_000)),
            served: ServedRecord {
                model: Some("gpt-4o-mini-2024-07-18".into()),
                provider: Some("<Azure>".into()),
                service_tier: Some("default".into()),
            },
            path: Some("mail/\u{1b}[31m<slow>.jpg".into()),
            ..attempt(30, Some(1_473_600_000))
        },
    ]
}

/// A page with a valid answer to both tasks, which this run paid `cost` for.
pub(crate) fn page(path: &str, cost: i64) -> PageRecord {
    let outcome = |value: &str| {
        let value = serde_json::from_str(value).ok();
        Some(TaskOutcome {
            status: OutcomeStatus::Ok,
            value,
            fault: None,
            is_transient: false,
            runs: 1,
            at_ms: 5,
            revision: Revision::NONE,
        })
    };
    PageRecord {
        wrong_picture: None,
        path: path.as_bytes().to_vec(),
        page: 1,
        carried: None,
        content: None,
        id: None,
        fault: None,
        status: PageStatus::Done,
        duplicate_of: None,
        distance: None,
        recipes: vec![RecipeId(1), RecipeId(2)],
        outcomes: vec![outcome("\"invoice\""), outcome("12.5")],
        spend: vec![spend(RUN, cost)],
        decisions: Vec::new(),
    }
}

/// What an attempt of a run for both tasks cost.
pub(crate) fn spend(run: RunKey, cost: i64) -> SpendRecord {
    SpendRecord {
        run,
        recipes: vec![RecipeId(1), RecipeId(2)],
        tokens: Usage::default(),
        cost: Some(Pico(cost)),
        latency_ms: None,
        is_done: true,
    }
}

fn pages() -> Pages {
    let mut pages = Pages::new(vec![(0, "kind".into())]);
    let mut add = |page: PageRecord, status: RowStatus, error: Option<(ErrorKind, &str)>| {
        pages.add(&page, (status, error), &[], &[RUN]);
    };
    let damaged = || Some(FaultRecord { kind: ErrorKind::Damaged, message: String::new() });
    let without = |page: PageRecord, fault: Option<FaultRecord>| {
        let outcomes = vec![None, None];
        PageRecord { outcomes, spend: Vec::new(), fault, ..page }
    };
    add(page("mail/1.jpg", 473_600_000), RowStatus::Ok, None);
    let mut letter = page("mail/2 & <b>.jpg", 970_000_001);
    letter.page = 2;
    letter.spend.push(spend(RUN, 300_000_000));
    letter.outcomes[0].as_mut().unwrap().value = Some("letter".into());
    add(letter, RowStatus::Ok, None);
    add(PageRecord { spend: vec![spend(RunKey(1), 400_000_000)], ..page("mail/known.jpg", 0) }, RowStatus::Ok, None);
    let copy = PageRecord { duplicate_of: Some(b"mail/1.jpg".to_vec()), ..page("mail/copy.jpg", 473_600_000) };
    add(copy.clone(), RowStatus::Ok, None);
    add(PageRecord { distance: Some(3), ..copy }, RowStatus::Ok, None);
    add(
        PageRecord { outcomes: vec![None, None], ..page("bad.jpg", 1_473_600_000) },
        RowStatus::Invalid,
        Some((ErrorKind::WrongLabel, "kind: \"x\"?")),
    );
    add(without(page("no.jpg", 0), None), RowStatus::Refused, Some((ErrorKind::Refusal, "kind: declined")));
    add(
        without(page("broken.pdf", 0), damaged()),
        RowStatus::Failed,
        Some((ErrorKind::Damaged, "the file is damaged")),
    );
    add(without(page("next.jpg", 0), None), RowStatus::Pending, None);
    add(without(page("blank.jpg", 0), None), RowStatus::Skipped, None);
    pages
}

/// A report with something in every part of it.
pub(crate) fn report() -> Report {
    let mut spend = Spend::default();
    attempts().iter().for_each(|attempt| spend.add(attempt, &run(2)));
    Report {
        job: "office-mail".into(),
        run_id: "20261124T164638-5b841e".into(),
        runs: 1,
        shard: None,
        state: RunState::Ended { outcome: RunOutcomeName::FailedPages, exit_code: 3 },
        started_ms: STARTED_MS,
        elapsed_ms: 65_250,
        pages: pages(),
        is_walk_complete: Some(true),
        spend,
        outputs: vec![
            OutputFile { format: "csv", path: "/srv/out/mail.csv".into(), is_partial: false, partitions: None },
            OutputFile { format: "parquet", path: "/srv/out/mail.parquet".into(), is_partial: true, partitions: None },
        ],
        other_files: vec!["/srv/out/mail.report.json".into()],
        is_priced: true,
        billing: Some(Billing { rule: "openai-tile x 2".into(), images: 1234, differs: Some(true) }),
        base: Some("/srv/mail".into()),
        sends_again: false,
        is_merged: false,
    }
}

/// A report on a run that sent nothing and has no price.
pub(crate) fn empty_report() -> Report {
    Report {
        state: RunState::Running,
        pages: Pages::new(Vec::new()),
        spend: Spend::default(),
        outputs: Vec::new(),
        other_files: Vec::new(),
        is_priced: false,
        billing: None,
        base: None,
        ..report()
    }
}

/// A report on attempts at an unknown price.
pub(crate) fn unpriced_report() -> Report {
    let mut spend = Spend::default();
    [attempt(1, None), attempt(2, None)].iter().for_each(|attempt| spend.add(attempt, &run(2)));
    let state = RunState::Ended { outcome: RunOutcomeName::Complete, exit_code: 0 };
    Report { state, spend, is_priced: false, billing: None, ..report() }
}
