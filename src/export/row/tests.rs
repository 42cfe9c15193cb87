//! Rows from stored pages.

use super::*;
use crate::base::digest::Digest;
use crate::base::ids::{DecisionId, PageId, Revision, RunKey};
use crate::base::json_text::JsonText;
use crate::base::usage::Usage;
use crate::export::human_answers;
use crate::manifest::{Column, ColumnKind};
use crate::store::{DecisionRecord, FaultRecord, NewDecision};
use crate::task::Shape;
use proptest::prelude::*;
use serde_json::json;

/// Rows with two tasks, `kind` (recipe 7) and `more` (recipe 8).
fn spec() -> RowSpec {
    let labels = || Shape::Choice(vec!["a".into(), "b".into()]);
    RowSpec {
        tasks: vec![("kind".into(), labels()), ("more".into(), labels())],
        recipes: vec![RecipeId(7), RecipeId(8)],
        model: "m".into(),
        ..RowSpec::default()
    }
}

fn fault(kind: &str) -> FaultRecord {
    FaultRecord { kind: ErrorKind::parse(kind).unwrap(), message: format!("{kind}!") }
}

fn outcome(status: OutcomeStatus, value: Option<&str>, kind: Option<&str>) -> Option<TaskOutcome> {
    let (value, fault) = (value.map(|value| serde_json::from_str(value).unwrap()), kind.map(fault));
    Some(TaskOutcome { status, value, fault, is_transient: false, runs: 1, at_ms: 5, revision: Revision::NONE })
}

fn ok(value: &str) -> Option<TaskOutcome> {
    outcome(OutcomeStatus::Ok, Some(value), None)
}

fn invalid() -> Option<TaskOutcome> {
    outcome(OutcomeStatus::Invalid, None, Some("wrong_label"))
}

fn refused() -> Option<TaskOutcome> {
    outcome(OutcomeStatus::Refused, None, Some("refusal"))
}

fn failed() -> Option<TaskOutcome> {
    outcome(OutcomeStatus::Failed, None, Some("timeout"))
}

fn record(outcomes: Vec<Option<TaskOutcome>>) -> PageRecord {
    PageRecord {
        wrong_picture: None,
        path: b"x.jpg".to_vec(),
        page: 1,
        content: None,
        id: None,
        fault: None,
        duplicate_of: None,
        distance: None,
        carried: None,
        status: PageStatus::Done,
        recipes: vec![RecipeId(7), RecipeId(8)],
        outcomes,
        spend: vec![],
        decisions: vec![],
    }
}

fn spend(recipes: Vec<i64>, tokens: Usage, cost: Option<i64>) -> SpendRecord {
    let recipes = recipes.into_iter().map(RecipeId).collect();
    SpendRecord { run: RunKey(1), recipes, tokens, cost: cost.map(Pico), latency_ms: Some(30), is_done: true }
}

#[test]
fn the_status_is_that_of_the_worst_task() {
    let ok = || ok("\"a\"");
    for (outcomes, status, kind, error) in [
        (vec![], "pending", None, None),
        (vec![None, None], "pending", None, None),
        (vec![ok(), ok()], "ok", None, None),
        (vec![ok(), None], "pending", None, None),
        (vec![None, ok()], "pending", None, None),
        (vec![ok(), invalid()], "invalid", Some("wrong_label"), Some("more: wrong_label!")),
        (vec![invalid(), ok()], "invalid", Some("wrong_label"), Some("kind: wrong_label!")),
        (vec![invalid(), None], "invalid", Some("wrong_label"), Some("kind: wrong_label!")),
        (vec![ok(), refused()], "refused", Some("refusal"), Some("more: refusal!")),
        (vec![None, refused()], "refused", Some("refusal"), Some("more: refusal!")),
        (vec![invalid(), refused()], "refused", Some("refusal"), Some("kind: wrong_label!; more: refusal!")),
        (vec![refused(), invalid()], "refused", Some("refusal"), Some("kind: refusal!; more: wrong_label!")),
        (vec![ok(), failed()], "failed", Some("timeout"), Some("more: timeout!")),
        (vec![None, failed()], "failed", Some("timeout"), Some("more: timeout!")),
        (vec![invalid(), failed()], "failed", Some("timeout"), Some("kind: wrong_label!; more: timeout!")),
        (vec![failed(), refused()], "failed", Some("timeout"), Some("kind: timeout!; more: refusal!")),
    ] {
        let row = Row::new(&record(outcomes.clone()), &spec());
        let seen = (row.status.name(), row.error_kind.map(ErrorKind::name), row.error.as_deref());
        assert_eq!(seen, (status, kind, error), "{outcomes:?}");
    }
}

#[test]
fn faulty_and_skipped_pages_show_that_and_others_their_outcomes() {
    let done = || vec![ok("\"a\""), ok("\"b\"")];
    let retried = || PageStatus::Ask(vec![(0, Some(Revision(5)))]);
    for (status, outcomes, expected) in [
        (PageStatus::Faulty, vec![None, None], RowStatus::Failed),
        (PageStatus::Faulty, vec![ok("\"a\""), None], RowStatus::Failed),
        (PageStatus::Skipped, vec![None, None], RowStatus::Skipped),
        (PageStatus::Skipped, vec![ok("\"a\""), None], RowStatus::Skipped),
        (PageStatus::Skipped, vec![failed(), None], RowStatus::Skipped),
        (PageStatus::Done, done(), RowStatus::Ok),
        (PageStatus::Done, vec![failed(), ok("\"b\"")], RowStatus::Failed),
        (PageStatus::Ask(vec![(0, None), (1, None)]), vec![None, None], RowStatus::Pending),
        (retried(), vec![failed(), ok("\"b\"")], RowStatus::Failed),
        (retried(), vec![invalid(), ok("\"b\"")], RowStatus::Invalid),
        (retried(), done(), RowStatus::Ok),
    ] {
        let fault = (status == PageStatus::Faulty).then(|| fault("damaged"));
        let has_fault = fault.is_some();
        let row = Row::new(&PageRecord { fault, status: status.clone(), ..record(outcomes.clone()) }, &spec());
        assert_eq!(row.status, expected, "{status:?} {outcomes:?}");
        if has_fault {
            assert_eq!((row.error_kind, row.error.as_deref()), (Some(ErrorKind::Damaged), Some("damaged!")));
            assert!(row.answers.iter().all(Value::is_null), "a page that can't be read shows no answer");
        }
    }
}

#[test]
fn a_null_answer_and_a_missing_answer_differ_in_status() {
    let null = Row::new(&record(vec![ok("null"), ok("\"a\"")]), &spec());
    let missing = Row::new(&record(vec![failed(), ok("\"a\"")]), &spec());
    assert_eq!((null.status, null.answers), (RowStatus::Ok, vec![json!(null), json!("a")]));
    assert_eq!((missing.status, missing.answers), (RowStatus::Failed, vec![json!(null), json!("a")]));
}

#[test]
fn only_a_valid_outcome_is_an_answer() {
    let with_value = |status| outcome(status, Some("\"a\""), None);
    for status in [OutcomeStatus::Invalid, OutcomeStatus::Refused, OutcomeStatus::Failed] {
        assert_eq!(Row::new(&record(vec![with_value(status)]), &spec()).answers, [Value::Null], "{status:?}");
    }
}

#[test]
fn members_of_the_record_become_columns() {
    let content = Digest::compute(b"x");
    let mut page = record(vec![ok("[\"a\"]"), ok("\"b\"")]);
    page.outcomes[1].as_mut().unwrap().at_ms = 9;
    page.page = 3;
    page.content = Some(content);
    page.duplicate_of = Some(b"dir/a.jpg".to_vec());
    page.distance = Some(4);
    let row = Row::new(&page, &spec());
    assert_eq!((row.path.as_str(), row.page, row.model.as_str()), ("x.jpg", 3, "m"));
    assert_eq!((row.answered_at_ms, row.distance), (Some(9), Some(4)));
    assert_eq!((row.content_hash, row.duplicate_of.as_deref()), (Some(content.to_string()), Some("dir/a.jpg")));
    assert_eq!(Row::new(&record(vec![None, None]), &spec()).answered_at_ms, None);
}

#[test]
fn carried_values_follow_the_current_columns() {
    let column = |name: &str, kind| Column { name: name.into(), kind };
    let spec = RowSpec {
        carried: vec![column("b", ColumnKind::Integer), column("new", ColumnKind::Text), column("a", ColumnKind::Text)],
        ..spec()
    };
    for (carried, expected) in
        [(Some(r#"{"a": "x", "b": 5, "old": true}"#), json!([5, null, "x"])), (None, json!([null, null, null]))]
    {
        let page = PageRecord { carried: carried.map(|text| JsonText::parse(text).unwrap()), ..record(vec![]) };
        assert_eq!(json!(Row::new(&page, &spec).carried), expected, "{carried:?}");
    }
}

#[test]
fn spend_is_the_share_of_the_jobs_tasks_and_zero_for_duplicates() {
    let tokens = Usage { input: 101, output: 10, ..Usage::default() };
    let mut page = record(vec![None, None]);
    page.spend = vec![spend(vec![7, 8], tokens, Some(1001)), spend(vec![9, 7], tokens, Some(1001))];
    let row = Row::new(&page, &spec());
    assert_eq!((row.input_tokens, row.output_tokens, row.cost), (101 + 50, 10 + 5, Some(Pico(1001 + 500))));
    assert_eq!((row.attempts, row.latency_ms), (2, Some(30)));
    page.duplicate_of = Some(b"a.jpg".to_vec());
    let row = Row::new(&page, &spec());
    assert_eq!((row.input_tokens, row.output_tokens, row.cost), (0, 0, Some(Pico::ZERO)));
    assert_eq!((row.attempts, row.latency_ms), (0, None));
}

#[test]
fn one_unknown_price_makes_the_cost_unknown() {
    let mut page = record(vec![None, None]);
    for (costs, expected) in [
        (vec![], Some(0)),
        (vec![Some(5), Some(6)], Some(11)),
        (vec![None], None),
        (vec![Some(5), None], None),
        (vec![None, Some(5)], None),
    ] {
        page.spend = costs.iter().map(|cost| spend(vec![7], Usage::default(), *cost)).collect();
        assert_eq!(Row::new(&page, &spec()).cost, expected.map(Pico), "{costs:?}");
    }
}

#[test]
fn the_latency_is_that_of_the_last_attempt_with_a_reply() {
    let attempt = |latency_ms, is_done| SpendRecord { latency_ms, is_done, ..spend(vec![7], Usage::default(), None) };
    let mut page = record(vec![None, None]);
    page.spend = vec![attempt(Some(10), true), attempt(Some(20), true), attempt(Some(99), false)];
    assert_eq!(Row::new(&page, &spec()).latency_ms, Some(20));
    page.spend.push(attempt(None, true));
    assert_eq!(Row::new(&page, &spec()).latency_ms, None, "a reply in a batch has no latency");
}

proptest! {
    /// Several jobs ask tasks of the same page in one request: what their rows show adds up
    /// to the request's tokens and cost.
    #[test]
    fn shares_of_a_request_add_up(
        recipe_jobs in prop::collection::vec(0_usize..3, 1..7),
        input in 0_u64..1_000_000_000,
        output in 0_u64..1_000_000,
        cost in 0_i64..1_000_000_000_000_000,
    ) {
        let tokens = Usage { input, cached_input: input / 3, output, ..Usage::default() };
        let recipes: Vec<i64> = (0..).take(recipe_jobs.len()).collect();
        let mut sums = (0, 0, 0, Pico::ZERO);
        for job in 0..3 {
            let own = recipes.iter().zip(&recipe_jobs).filter(|(_, owner)| **owner == job).map(|(recipe, _)| *recipe);
            let mut page = record(vec![]);
            page.recipes = own.map(RecipeId).collect();
            page.spend = vec![spend(recipes.clone(), tokens, Some(cost))];
            let row = Row::new(&page, &spec());
            sums.0 += row.input_tokens;
            sums.1 += row.cached_input_tokens;
            sums.2 += row.output_tokens;
            sums.3 += row.cost.unwrap();
        }
        prop_assert_eq!(sums, (input, input / 3, output, Pico(cost)));
    }
}

fn decision(id: i64, page: PageId, task: &str, value: &str) -> DecisionRecord {
    let decision = NewDecision {
        page,
        job: "j".into(),
        task: task.into(),
        question: None,
        value: JsonText::parse(value).unwrap(),
        reviewer: "ann".into(),
        decided_at_ms: id,
        sampled_with: None,
        draw: None,
        shown: None,
    };
    DecisionRecord { id: DecisionId(id), decision, group: DecisionId(id), is_withdrawn: false }
}

fn page_id(content: &str) -> PageId {
    PageId { content: Digest::compute(content.as_bytes()), page: 1 }
}

/// The row of a page with its `own` decisions that shows the answers of another page with `shared` ones.
fn human_row(record: PageRecord, own: &[(&str, &str)], shared: &[(&str, &str)]) -> Row {
    let of_page = |content: &str, decisions: &[(&str, &str)]| -> Vec<DecisionRecord> {
        let decision = |(at, (task, value)): (usize, &(&str, &str))| {
            decision(i64::try_from(at).unwrap(), page_id(content), task, value)
        };
        decisions.iter().enumerate().map(decision).collect()
    };
    let decisions = [of_page("own", own), of_page("other", shared)].concat();
    let record = PageRecord { id: Some(page_id("own")), decisions, ..record };
    let human = human_answers(&record, &spec(), &[]);
    Row::with_human_answers(&record, &spec(), &human)
}

#[test]
fn human_answers_take_the_place_of_the_models() {
    use AnswerSource::{Human, Model};
    let (a, b) = (("kind", "\"a\""), ("kind", "\"b\""));
    let more = ("more", "\"b\"");
    for (outcomes, own, shared, status, answers, sources) in [
        (vec![ok("\"a\""), ok("\"a\"")], vec![b], vec![], "ok", json!(["b", "a"]), [Some(Human), Some(Model)]),
        (vec![ok("\"a\""), ok("\"a\"")], vec![b, a, b], vec![], "ok", json!(["b", "a"]), [Some(Human), Some(Model)]),
        (vec![ok("\"a\""), ok("null")], vec![], vec![], "ok", json!(["a", null]), [Some(Model), Some(Model)]),
        (vec![ok("\"a\""), refused()], vec![b], vec![], "refused", json!(["b", null]), [Some(Human), None]),
        (vec![invalid(), refused()], vec![b, more], vec![], "ok", json!(["b", "b"]), [Some(Human), Some(Human)]),
        (vec![None, None], vec![b, more], vec![], "ok", json!(["b", "b"]), [Some(Human), Some(Human)]),
        (vec![None, None], vec![b], vec![], "pending", json!(["b", null]), [Some(Human), None]),
        // A label that the task does not have, and a task that the job does not have.
        (
            vec![ok("\"a\""), ok("\"a\"")],
            vec![("kind", "\"c\""), ("old", "\"b\"")],
            vec![],
            "ok",
            json!(["a", "a"]),
            [Some(Model); 2],
        ),
        (vec![ok("\"a\""), ok("\"a\"")], vec![b, ("kind", "\"c\"")], vec![], "ok", json!(["a", "a"]), [Some(Model); 2]),
        // What a near duplicate shows.
        (vec![ok("\"a\""), ok("\"a\"")], vec![], vec![b], "ok", json!(["b", "a"]), [Some(Human), Some(Model)]),
        (vec![ok("\"a\""), ok("\"a\"")], vec![a], vec![b, more], "ok", json!(["a", "b"]), [Some(Human); 2]),
    ] {
        let row = human_row(record(outcomes), &own, &shared);
        assert_eq!((row.status.name(), json!(row.answers)), (status, answers), "{own:?} {shared:?}");
        assert_eq!(row.sources, sources, "{own:?} {shared:?}");
    }
}

#[test]
fn a_task_with_a_human_answer_has_no_error() {
    let (kind, more) = (("kind", "\"b\""), ("more", "\"b\""));
    let error = |record: PageRecord, own: &[(&str, &str)]| {
        let row = human_row(record, own, &[]);
        (row.status.name(), row.error_kind.map(ErrorKind::name), row.error)
    };
    let both = || record(vec![invalid(), refused()]);
    assert_eq!(error(both(), &[kind]), ("refused", Some("refusal"), Some("more: refusal!".into())));
    assert_eq!(error(both(), &[more]), ("invalid", Some("wrong_label"), Some("kind: wrong_label!".into())));
    assert_eq!(error(both(), &[kind, more]), ("ok", None, None));
    let damaged =
        || PageRecord { status: PageStatus::Faulty, fault: Some(fault("damaged")), ..record(vec![None, None]) };
    assert_eq!(error(damaged(), &[kind]), ("failed", Some("damaged"), Some("damaged!".into())));
    assert_eq!(error(damaged(), &[kind, more]), ("ok", None, None));
    let blank = || PageRecord { status: PageStatus::Skipped, ..record(vec![None, None]) };
    assert_eq!(error(blank(), &[kind]), ("skipped", None, None));
    assert_eq!(error(blank(), &[kind, more]), ("ok", None, None));
}
