//! What a row says of which record.

use super::*;
use crate::base::usage::Usage;
use crate::store::{FaultRecord, RunKey};
use crate::task::Shape;

fn columns() -> Columns {
    let labels = || Shape::Choice(vec!["a".into(), "b".into()]);
    Columns {
        tasks: vec![("kind".into(), labels()), ("more".into(), labels())],
        recipes: vec![RecipeId(7), RecipeId(8)],
        model: "m".into(),
        ..Columns::default()
    }
}

fn outcome(status: OutcomeStatus, value: Option<&str>, kind: Option<&str>) -> Option<TaskOutcome> {
    let fault = kind.map(|kind| FaultRecord { kind: ErrorKind::parse(kind).unwrap(), message: format!("{kind}!") });
    Some(TaskOutcome { status, value: value.map(str::to_owned), fault, is_transient: false, runs: 1, at_ms: 5 })
}

fn record(outcomes: Vec<Option<TaskOutcome>>) -> PageRecord {
    PageRecord {
        path: b"x.jpg".to_vec(),
        page: 1,
        content: None,
        fault: None,
        duplicate_of: None,
        distance: None,
        carried: None,
        status: PageStatus::Done,
        recipes: vec![RecipeId(7), RecipeId(8)],
        outcomes,
        spend: vec![],
    }
}

#[test]
fn a_row_stands_as_its_worst_task() {
    let ok = || outcome(OutcomeStatus::Ok, Some("\"a\""), None);
    let invalid = || outcome(OutcomeStatus::Invalid, None, Some("wrong_label"));
    let refused = || outcome(OutcomeStatus::Refused, None, Some("refusal"));
    let failed = || outcome(OutcomeStatus::Failed, None, Some("timeout"));
    for (outcomes, status, kind, error) in [
        (vec![ok(), ok()], "ok", None, None),
        (vec![ok(), None], "pending", None, None),
        (vec![invalid(), ok()], "invalid", Some("wrong_label"), Some("kind: wrong_label!")),
        (vec![invalid(), None], "invalid", Some("wrong_label"), Some("kind: wrong_label!")),
        (vec![invalid(), refused()], "refused", Some("refusal"), Some("kind: wrong_label!; more: refusal!")),
        (vec![failed(), refused()], "failed", Some("timeout"), Some("kind: timeout!; more: refusal!")),
    ] {
        let row = Row::new(&record(outcomes), &columns());
        assert_eq!((row.status.name(), row.error_kind.as_deref(), row.error.as_deref()), (status, kind, error));
    }
}

#[test]
fn null_from_the_model_and_null_from_a_failure_differ_in_status() {
    let said = Row::new(&record(vec![outcome(OutcomeStatus::Ok, Some("null"), None)]), &columns());
    let failed = Row::new(&record(vec![outcome(OutcomeStatus::Failed, None, Some("timeout"))]), &columns());
    assert_eq!((said.status, &said.answers[0]), (Status::Ok, &Value::Null));
    assert_eq!((failed.status, &failed.answers[0]), (Status::Failed, &Value::Null));
}

#[test]
fn spend_is_the_share_of_this_jobs_tasks_and_zero_for_duplicates() {
    let spend = |recipes: Vec<i64>| SpendRecord {
        run: RunKey(1),
        recipes: recipes.into_iter().map(RecipeId).collect(),
        tokens: Usage { input: 101, output: 10, ..Usage::default() },
        cost: Some(Pico(1001)),
        latency_ms: Some(30),
        is_done: true,
    };
    let mut page = record(vec![None, None]);
    page.spend = vec![spend(vec![7, 8]), spend(vec![9, 7])];
    let row = Row::new(&page, &columns());
    assert_eq!(
        (row.input_tokens, row.cost, row.attempts, row.latency_ms),
        (101 + 50, Some(Pico(1001 + 500)), 2, Some(30))
    );
    page.duplicate_of = Some(b"a.jpg".to_vec());
    let row = Row::new(&page, &columns());
    assert_eq!(
        (row.input_tokens, row.cost, row.attempts, row.duplicate_of.as_deref()),
        (0, Some(Pico::ZERO), 0, Some("a.jpg"))
    );
}

#[test]
fn paths_that_are_no_text_are_carried_without_loss() {
    assert_eq!(display_path("a/é ü.jpg".as_bytes()), "a/é ü.jpg");
    assert_eq!(display_path(b"a\xff\xfe.jpg"), "a%FF%FE.jpg");
}
