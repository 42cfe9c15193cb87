//! Views over six pages.

use super::*;
use crate::base::digest::Digest;
use crate::base::ids::{DecisionId, PageId};
use crate::base::json_text::JsonText;
use crate::review::decisions::Decisions;
use crate::review::index::PageIndex;
use crate::review::page_name::page_name;
use crate::review::prepared_view::{Given, PreparedView};
use crate::review::skips::PageTask;
use crate::review::views::Views;
use crate::store::{DecisionRecord, EntryRecord, NewDecision};
use crate::task::Shape;
use std::collections::HashSet;

const TASKS: [&str; 2] = ["kind", "marks"];
const COLUMNS: [&str; 2] = ["customer", "year"];

fn parse(query: &str) -> Result<ViewQuery, String> {
    ViewQuery::parse(query, &TASKS, &COLUMNS)
}

#[test]
fn queries_are_checked() {
    let view = parse("mode=grid&task=marks&order=label&label=%22a%22&state=undecided&limit=500&next=1").unwrap();
    assert_eq!((view.is_grid, view.tasks, view.order), (true, vec![1], ReviewOrder::Label));
    assert_eq!((view.label.as_deref(), view.limit, view.is_next), (Some("\"a\""), MAX_LIMIT, true));
    assert_eq!(parse("").unwrap().tasks, [0], "the first task");
    assert_eq!(parse("task=*").unwrap().tasks, [0, 1]);
    let carried = Some((1, "2026".to_owned()));
    assert_eq!(parse("column=year&value=2026").unwrap().carried, carried);
    assert_eq!(parse("value=2026&column=year").unwrap().carried, carried);
    for wrong in
        ["task=none", "order=path", "status=none", "error=none", "column=none", "state=none", "at=x", "limit=x", "x=1"]
    {
        let name = wrong.split('=').next().unwrap();
        assert!(parse(wrong).unwrap_err().starts_with(name), "{wrong}");
    }
}

#[test]
fn what_tells_the_answer_reveals_it() {
    for (query, reveals, needs_facts) in [
        ("", false, false),
        ("order=random&state=undecided", false, false),
        ("order=suspected", false, true),
        ("order=cost", false, true),
        ("status=ok", false, true),
        ("order=label", true, true),
        ("order=disagreement", true, true),
        ("label=%22a%22", true, true),
        ("state=others", true, false),
        ("mode=grid", true, false),
    ] {
        let view = parse(query).unwrap();
        assert_eq!((view.reveals_answers(), view.needs_facts()), (reveals, needs_facts), "{query}");
    }
}

/// Six pages: ann has decided the second and skipped the third for its kind, and bob has decided the fourth.
struct Six {
    index: PageIndex,
    drawn: Vec<u32>,
    decisions: Decisions,
    skipped: HashSet<PageTask>,
}

impl Six {
    fn new() -> Self {
        let mut index = PageIndex::default();
        for path in ["a", "b", "c", "d", "e", "f"] {
            let content = Some(Digest::compute(path.as_bytes()));
            index.add(&EntryRecord { path: path.into(), content, page_count: 1, ..EntryRecord::default() }, None);
        }
        let shape = Shape::Choice(vec!["x".into(), "y".into()]);
        let mut decisions = Decisions::new("job", "ann", vec![("kind".into(), shape.clone()), ("marks".into(), shape)]);
        for (id, at, reviewer) in [(1, 1, "ann"), (2, 3, "bob")] {
            let page: PageId = index.pages[at].id;
            let decision = NewDecision {
                page,
                job: "job".into(),
                task: "kind".into(),
                question: None,
                value: JsonText::parse("\"x\"").unwrap(),
                reviewer: reviewer.into(),
                decided_at_ms: id,
                sampled_with: None,
                draw: None,
                shown: None,
            };
            decisions.add(DecisionRecord { id: DecisionId(id), decision, group: DecisionId(id), is_withdrawn: false });
        }
        Self { index, drawn: vec![0, 1, 2, 3, 4, 5], decisions, skipped: HashSet::from([(2, 0)]) }
    }

    fn window(&self, query: &str) -> (Vec<u32>, usize, usize, usize) {
        let (view, given) = (parse(query).unwrap(), self.given());
        let window = PreparedView::new(&view, given).window(&view, given.index);
        (window.pages, window.total, window.undecided, window.first)
    }

    fn given(&self) -> Given<'_> {
        let Self { index, drawn, decisions, skipped } = self;
        Given { index, drawn, facts: None, decisions, skipped }
    }

    fn name(&self, at: usize) -> String {
        page_name(&self.index.pages[at].key())
    }
}

#[test]
fn windows_are_parts_of_the_order() {
    let six = Six::new();
    assert_eq!(six.window("limit=9"), (vec![0, 1, 2, 3, 4, 5], 6, 5, 1));
    assert_eq!(six.window("limit=2"), (vec![0, 1], 6, 5, 1));
    assert_eq!(six.window(&format!("limit=2&after={}", six.name(1))), (vec![2, 3], 6, 5, 3));
    assert_eq!(six.window(&format!("limit=2&before={}", six.name(3))), (vec![1, 2], 6, 5, 2));
    assert_eq!(six.window(&format!("at={}", six.name(4))), (vec![4], 6, 5, 5));
    assert_eq!(six.window(&format!("after={}", six.name(5))), (vec![], 6, 5, 0));
    assert_eq!(six.window("state=decided&limit=9"), (vec![1], 1, 0, 1));
    assert_eq!(six.window("state=undecided&limit=9"), (vec![0, 3, 4, 5], 4, 4, 1));
    assert_eq!(six.window("state=others&limit=9"), (vec![3], 1, 1, 1));
    assert_eq!(six.window("state=skipped&limit=9"), (vec![2], 1, 1, 1));
    assert_eq!(six.window("task=*&state=decided&limit=9").0, Vec::<u32>::new(), "the other task is open");
    // A page that the view does not show still has a place in its order.
    assert_eq!(six.window(&format!("state=undecided&after={}", six.name(1))), (vec![3], 4, 4, 2));
}

#[test]
fn the_next_page_is_neither_decided_nor_skipped() {
    let six = Six::new();
    let next = |at: usize| six.window(&format!("next=1&after={}", six.name(at))).0;
    assert_eq!([next(0), next(3), next(5)], [[3], [4], [0]], "and after the last comes the first");
    assert_eq!(six.window("next=1&limit=9").0, [0, 3, 4, 5]);
    let all = Six { skipped: [0, 2, 3, 4, 5].map(|page| (page, 0)).into(), ..Six::new() };
    assert_eq!(all.window("next=1"), (vec![], 6, 5, 0));
}

#[test]
fn a_page_that_was_skipped_for_a_task_is_open_for_others() {
    let six = Six::new();
    assert_eq!(six.window("task=marks&state=skipped&limit=9").0, Vec::<u32>::new());
    assert_eq!(six.window("task=marks&state=undecided&limit=9").0, [0, 1, 2, 3, 4, 5]);
    assert_eq!(six.window("task=*&state=skipped&limit=9").0, [2]);
    assert_eq!(six.window("task=*&next=1&limit=9").0, [0, 1, 2, 3, 4, 5], "its other task is open");
    let both = Six { skipped: HashSet::from([(2, 0), (2, 1)]), ..six };
    assert_eq!(both.window("task=*&state=undecided&limit=9").0, [0, 1, 3, 4, 5]);
}

#[test]
fn pages_on_which_people_disagree_come_first() {
    let mut six = Six::new();
    let decision = NewDecision {
        page: six.index.pages[3].id,
        job: "job".into(),
        task: "kind".into(),
        question: None,
        value: JsonText::parse("\"y\"").unwrap(),
        reviewer: "ann".into(),
        decided_at_ms: 9,
        sampled_with: None,
        draw: None,
        shown: None,
    };
    six.decisions.add(DecisionRecord { id: DecisionId(9), decision, group: DecisionId(9), is_withdrawn: false });
    assert_eq!(six.window("order=disagreement&limit=9").0, [3, 0, 1, 2, 4, 5]);
}

#[test]
fn a_view_that_is_kept_shows_what_a_new_one_would() {
    let mut six = Six::new();
    let queries: Vec<String> = ["all", "undecided", "decided", "others", "skipped", "unfit"]
        .iter()
        .flat_map(|state| ["kind", "marks", "*"].map(|task| format!("task={task}&state={state}&limit=9")))
        .collect();
    let views: Vec<ViewQuery> = queries.iter().map(|query| parse(query).unwrap()).collect();
    let mut kept: Vec<PreparedView> = views.iter().map(|view| PreparedView::new(view, six.given())).collect();
    let decide = |six: &mut Six, id: i64, at: usize, reviewer: &str, value: &str| {
        let decision = NewDecision {
            page: six.index.pages[at].id,
            job: "job".into(),
            task: "kind".into(),
            question: None,
            value: JsonText::parse(value).unwrap(),
            reviewer: reviewer.into(),
            decided_at_ms: id,
            sampled_with: None,
            draw: None,
            shown: None,
        };
        six.decisions.add(DecisionRecord { id: DecisionId(id), decision, group: DecisionId(id), is_withdrawn: false });
    };
    // Views that a browser returns to; the order of one changes with decisions.
    let browsed =
        ["limit=9", "order=disagreement&limit=9", "state=undecided&limit=9"].map(|query| parse(query).unwrap());
    let (mut kept_views, mut reported) = (Views::default(), Vec::new());
    for step in 0..6 {
        let skipped = match step {
            0 => {
                decide(&mut six, 10, 0, "ann", "\"y\"");
                vec![]
            }
            1 => {
                decide(&mut six, 11, 4, "bob", "\"x\"");
                vec![]
            }
            2 => {
                decide(&mut six, 12, 5, "ann", "\"gone\"");
                vec![]
            }
            3 => {
                six.skipped.insert((5, 1));
                six.skipped.remove(&(2, 0));
                vec![5, 2]
            }
            4 => {
                six.decisions.withdraw(&six.index.pages[1].id.clone(), DecisionId(1));
                vec![]
            }
            _ => {
                six.decisions.set_page(&six.index.pages[3].id.clone(), Vec::new());
                vec![]
            }
        };
        let changed = six.decisions.take_changed();
        let decided: Vec<u32> = changed.iter().flat_map(|page| six.index.positions(page)).collect();
        reported.extend(changed);
        for (kept, view) in kept.iter_mut().zip(&views) {
            kept.update(six.given(), &decided);
            kept.update(six.given(), &skipped);
            for view in [view.clone(), ViewQuery { is_next: true, ..view.clone() }] {
                let new = PreparedView::new(&view, six.given()).window(&view, &six.index);
                assert_eq!(kept.window(&view, &six.index), new, "step {step}, {view:?}");
            }
        }
        kept_views.update(six.given(), &decided, &skipped);
        for view in &browsed {
            let new = PreparedView::new(view, six.given()).window(view, &six.index);
            assert_eq!(kept_views.window(view, six.given()), new, "step {step}, {view:?}");
        }
        let all = (0..6).filter(|at| six.given().is_decided(*at, 0)).count();
        assert_eq!(kept_views.decided(0, six.given()), all, "step {step}");
    }
    let page = |at: usize| six.index.pages[at].id;
    assert_eq!(reported, [1, 3, 0, 4, 5, 1, 3].map(page), "each change is reported");
}
