//! Human answers.

use super::Backend;
use super::fixtures::{Bench, NOW_MS, VERSIONS, entry, page, start};
use docmill::internal::base::digest::Digest;
use docmill::internal::base::json_text::JsonText;
use docmill::internal::store::{
    DecisionId, DecisionRecord, DrawRule, EntryChange, EntryRecord, NearDuplicate, NewDecision, NewDraw, PageId,
    PageRecord, RowOptions, RunId, RunStart, ShownAnswer, SkipRule,
};

fn decision(page: PageId, value: &str, at: i64) -> NewDecision {
    NewDecision {
        page,
        job: "invoices".into(),
        task: "kind".into(),
        question: None,
        value: JsonText::from_value(&value.into()),
        reviewer: "ann".into(),
        decided_at_ms: NOW_MS + at,
        sampled_with: Some(0.25),
        draw: None,
        shown: Some(JsonText::from_value(&"form".into())),
    }
}

fn values(decisions: &[DecisionRecord]) -> Vec<&str> {
    decisions.iter().map(|known| known.decision.value.as_str()).collect()
}

pub(crate) fn decisions_are_read_as_they_were_made<B: Backend>() {
    let bench = Bench::<B>::new();
    let blind = NewDecision {
        question: Some(Digest::compute(b"From ACME?")),
        sampled_with: None,
        shown: None,
        ..decision(page(1), "letter", 5)
    };
    let all = vec![decision(page(1), "invoice", 9), blind, decision(page(2), "form", 7)];
    let ids = bench.store.put_decisions(all.clone()).unwrap();
    let reader = bench.reader();
    let stored = reader.all_decisions("invoices", DecisionId(0), 10).unwrap();
    assert_eq!(stored.iter().map(|known| known.decision.clone()).collect::<Vec<_>>(), all);
    assert_eq!(stored.iter().map(|known| known.id).collect::<Vec<_>>(), ids);
    assert!(stored.iter().all(|known| !known.is_withdrawn));
    assert_eq!(values(&reader.all_decisions("invoices", ids[0], 1).unwrap()), ["\"letter\""], "in pages");
    let of_page = reader.decisions("invoices", &page(1)).unwrap();
    assert_eq!(values(&of_page), ["\"letter\"", "\"invoice\""], "oldest first, by their time");
    assert!(reader.decisions("other", &page(1)).unwrap().is_empty(), "by the name of the job");
    assert!(reader.decisions("invoices", &PageId { page: 2, ..page(1) }).unwrap().is_empty());
    assert!(reader.has_decisions(bench.job()).unwrap());
    assert!(!Bench::<B>::new().reader().has_decisions(bench.job()).unwrap());
}

pub(crate) fn a_decision_that_is_stored_is_not_stored_again<B: Backend>() {
    let bench = Bench::<B>::new();
    let first = decision(page(1), "letter", 0);
    let ids = bench.store.put_decisions(vec![first.clone(), first.clone()]).unwrap();
    assert_eq!(ids[0], ids[1]);
    for other in [
        NewDecision { value: JsonText::from_value(&"form".into()), ..first.clone() },
        NewDecision { reviewer: "bob".into(), ..first.clone() },
        NewDecision { task: "date".into(), ..first.clone() },
        NewDecision { job: "mail".into(), ..first.clone() },
        NewDecision { question: Some(Digest::compute(b"?")), ..first.clone() },
        NewDecision { decided_at_ms: NOW_MS + 1, ..first.clone() },
        NewDecision { page: page(2), ..first.clone() },
    ] {
        assert_ne!(bench.store.put_decisions(vec![other.clone()]).unwrap(), ids[..1], "{other:?}");
    }
    // One that was withdrawn may be made again.
    bench.store.withdraw_group(ids[0], NOW_MS).unwrap();
    let again = bench.store.put_decisions(vec![first]).unwrap();
    assert!(again[0] > ids[0]);
}

pub(crate) fn what_was_decided_together_is_withdrawn_together<B: Backend>() {
    let bench = Bench::<B>::new();
    // All of the same millisecond.
    let of = |page_number: u32| decision(page(page_number), "letter", 0);
    let alone = bench.store.put_decisions(vec![of(1), of(2)]).unwrap();
    let group = bench.store.put_group(vec![of(3), of(4), of(5)]).unwrap();
    let other = bench.store.put_group(vec![of(6), of(7)]).unwrap();
    let groups = |bench: &Bench<B>| {
        let all = bench.reader().all_decisions("invoices", DecisionId(0), 99).unwrap();
        all.iter().map(|known| (known.group, known.is_withdrawn)).collect::<Vec<_>>()
    };
    let expected = |withdrawn: bool| {
        [(alone[0], false), (alone[1], false), (group[0], withdrawn), (group[0], withdrawn), (group[0], withdrawn)]
            .into_iter()
            .chain([(other[0], false), (other[0], false)])
            .collect::<Vec<_>>()
    };
    assert_eq!(groups(&bench), expected(false));
    assert_eq!(bench.store.withdraw_group(group[0], NOW_MS).unwrap(), group);
    assert_eq!(groups(&bench), expected(true));
    assert!(bench.store.withdraw_group(group[0], NOW_MS).unwrap().is_empty(), "once");
    assert!(bench.store.withdraw_group(group[1], NOW_MS).unwrap().is_empty(), "a group is known by its first decision");
    assert_eq!(bench.store.withdraw_group(alone[1], NOW_MS).unwrap(), [alone[1]]);
}

pub(crate) fn draws_are_stored_once_with_their_pages<B: Backend>() {
    let bench = Bench::<B>::new();
    let draw = NewDraw {
        job: "invoices".into(),
        tasks: vec!["kind".into()],
        selection: None,
        rule: DrawRule::ContentHash,
        pages: vec![page(3), page(1), page(2)],
        population: 40,
        drawn_at_ms: NOW_MS,
    };
    let id = bench.store.put_draw(draw.clone()).unwrap();
    let later = NewDraw { drawn_at_ms: NOW_MS + 9, ..draw.clone() };
    assert_eq!(bench.store.put_draw(later).unwrap(), id, "the same draw");
    for other in [
        NewDraw { population: 41, ..draw.clone() },
        NewDraw { pages: vec![page(3), page(1), page(9)], ..draw.clone() },
        NewDraw { pages: vec![page(3), page(1)], ..draw.clone() },
        NewDraw { selection: Some("kind = 'form'".into()), ..draw.clone() },
        NewDraw { tasks: Vec::new(), ..draw.clone() },
        NewDraw { job: "mail".into(), ..draw.clone() },
    ] {
        assert_ne!(bench.store.put_draw(other.clone()).unwrap(), id, "{other:?}");
    }
    let reader = bench.reader();
    let all = reader.draws("invoices").unwrap();
    assert_eq!((all.len(), all[0].id, all[0].size, all[0].population), (6, id, 3, 40));
    assert_eq!((all[0].drawn_at_ms, &all[0].tasks, &all[0].selection), (NOW_MS, &vec!["kind".to_owned()], &None));
    assert_eq!(reader.draw_pages(id).unwrap(), draw.pages, "in their order");
    let drawn = NewDecision { draw: Some(id), ..decision(page(1), "letter", 0) };
    bench.store.put_decisions(vec![drawn]).unwrap();
    assert_eq!(bench.reader().decisions("invoices", &page(1)).unwrap()[0].decision.draw, Some(id));
}

pub(crate) fn what_a_reviewer_has_seen_first_stays<B: Backend>() {
    let bench = Bench::<B>::new();
    let shown = ShownAnswer {
        page: page(1),
        job: "invoices".into(),
        reviewer: "ann".into(),
        task: "kind".into(),
        question: None,
        answer: JsonText::from_value(&"form".into()),
        shown_at_ms: NOW_MS,
    };
    let question = Some(Digest::compute(b"From ACME?"));
    let all = vec![
        shown.clone(),
        ShownAnswer { answer: JsonText::from_value(&"letter".into()), ..shown.clone() },
        ShownAnswer { question, ..shown.clone() },
        ShownAnswer { reviewer: "bob".into(), ..shown.clone() },
        ShownAnswer { job: "mail".into(), ..shown.clone() },
    ];
    bench.store.put_shown(all.clone()).unwrap();
    bench.store.put_shown(all.clone()).unwrap();
    let found = |reviewer: &str, at| bench.reader().shown_answers("invoices", reviewer, &page(at)).unwrap();
    assert_eq!(found("ann", 1), [all[0].clone(), all[2].clone()]);
    assert_eq!(found("bob", 1), [all[3].clone()]);
    assert!(found("eve", 1).is_empty() && found("ann", 2).is_empty());
}

pub(crate) fn a_decision_that_is_withdrawn_counts_for_nothing_and_stays<B: Backend>() {
    let bench = Bench::<B>::new();
    let ids = bench.store.put_decisions(vec![decision(page(1), "letter", 0), decision(page(1), "form", 1)]).unwrap();
    for _ in 0..2 {
        bench.store.withdraw_group(ids[1], NOW_MS + 9).unwrap();
    }
    let reader = bench.reader();
    assert_eq!(values(&reader.decisions("invoices", &page(1)).unwrap()), ["\"letter\""]);
    let all = reader.all_decisions("invoices", DecisionId(0), 10).unwrap();
    assert_eq!(all.iter().map(|known| known.is_withdrawn).collect::<Vec<_>>(), [false, true]);
    bench.store.withdraw_group(DecisionId(99), NOW_MS).unwrap();
}

fn row<B: Backend>(bench: &Bench<B>, entry: &EntryRecord, number: u32, with_decisions: bool) -> PageRecord {
    let skip = SkipRule { blank: false, near_duplicates: true };
    let options = RowOptions { versions: VERSIONS, skip, with_decisions };
    let row = (number, entry.first_of(number));
    bench.reader().row(bench.job(), entry, row, &bench.recipes(), options).unwrap()
}

pub(crate) fn rows_have_the_decisions_on_their_page<B: Backend>() {
    let bench = Bench::<B>::new();
    let twice = EntryRecord { page_count: 3, repeats: vec![(3, 1)], ..entry("twice", 1) };
    let entries = [twice.clone(), entry("copy", 1), entry("near", 2)];
    bench.store.change_entries(bench.job(), entries.map(EntryChange::Put).to_vec()).unwrap();
    let other_job = NewDecision { job: "mail".into(), ..decision(page(1), "form", 0) };
    bench.store.put_decisions(vec![decision(page(1), "letter", 0), other_job]).unwrap();
    let shown = |entry: &EntryRecord, number| {
        let row = row(&bench, entry, number, true);
        (row.id, values(&row.decisions).join(" "))
    };
    assert_eq!(shown(&twice, 1), (Some(page(1)), "\"letter\"".into()));
    assert_eq!(shown(&twice, 3), (Some(page(1)), "\"letter\"".into()), "the same page of the same file");
    assert_eq!(shown(&twice, 2), (Some(PageId { page: 2, ..page(1) }), String::new()));
    assert_eq!(shown(&entry("copy", 1), 1), (Some(page(1)), "\"letter\"".into()), "the same content");
    assert!(row(&bench, &twice, 1, false).decisions.is_empty());
    // A near duplicate has its own, and those of the page whose answers it shares.
    assert_eq!(shown(&entry("near", 2), 1), (Some(page(2)), String::new()));
    let near = NearDuplicate { page: page(2), like: page(1), distance: 5 };
    bench.store.put_near_duplicates(bench.job(), vec![near]).unwrap();
    bench.store.put_decisions(vec![decision(page(2), "form", 0)]).unwrap();
    assert_eq!(shown(&entry("near", 2), 1), (Some(page(2)), "\"form\" \"letter\"".into()));
    assert_eq!(shown(&twice, 1), (Some(page(1)), "\"letter\"".into()), "but not the other way");
}

pub(crate) fn page_counts_do_not_outlive_a_decision<B: Backend>() {
    let bench = Bench::<B>::new();
    let counts = |bench: &Bench<B>| {
        let keys = &bench.keys;
        bench.reader().page_counts_before(keys.run, keys.job, keys.set).unwrap().is_some()
    };
    let next = |bench: Bench<B>, run: &str| {
        let end = super::fixtures::end(bench.keys.run);
        bench.store.end_run(docmill::internal::store::RunEnd { pages: Some("{}".into()), ..end }).unwrap();
        let keys = bench.store.begin_run(RunStart { run_id: RunId::new(run), ..start(run) }).unwrap();
        Bench { keys, ..bench }
    };
    let bench = next(bench, "second");
    assert!(counts(&bench));
    let of_other_job = NewDecision { job: "mail".into(), ..decision(page(1), "form", 0) };
    bench.store.put_decisions(vec![of_other_job]).unwrap();
    assert!(counts(&bench));
    let ids = bench.store.put_decisions(vec![decision(page(1), "letter", 0)]).unwrap();
    assert!(!counts(&bench));
    // What the second run counts may be from before the decision.
    let bench = next(bench, "third");
    assert!(!counts(&bench));
    let bench = next(bench, "fourth");
    assert!(counts(&bench));
    bench.store.withdraw_group(ids[0], NOW_MS).unwrap();
    assert!(!counts(&bench));
}
