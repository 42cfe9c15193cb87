//! The rule as a table.

use super::*;
use proptest::prelude::*;

/// The revision in which the run of the table began.
const SINCE: Revision = Revision(100);

/// A page in one word per part: the outcomes of its tasks, then its properties.
///
/// Outcomes: `-` none, `o` ok, `i` invalid, `r` refused, `f` failed and final, `t` failed and
/// transient; in capitals: stored by the run itself. Properties: `fault`, `blank`, `near`.
fn page<T>(text: &str, check: impl FnOnce(&PageFacts<'_>) -> T) -> T {
    let mut words = text.split(' ');
    let outcome = |letter: char| {
        let revision = if letter.is_uppercase() { SINCE } else { Revision(1) };
        let (status, is_final) = match letter.to_ascii_lowercase() {
            'o' => (OutcomeStatus::Ok, true),
            'i' => (OutcomeStatus::Invalid, true),
            'r' => (OutcomeStatus::Refused, true),
            'f' => (OutcomeStatus::Failed, true),
            't' => (OutcomeStatus::Failed, false),
            _ => return None,
        };
        Some(OutcomeFacts { status, is_final, revision })
    };
    let outcomes: Vec<_> = words.next().unwrap_or_default().chars().map(outcome).collect();
    let properties: Vec<&str> = words.collect();
    let has = |name: &str| properties.contains(&name);
    check(&PageFacts {
        has_fault: has("fault"),
        is_blank: has("blank"),
        is_near_duplicate: has("near"),
        // After `o` and the like, before what the run itself stores.
        redrawn: has("redrawn").then_some(Revision(50)),
        outcomes: &outcomes,
    })
}

/// A selection in words: the statuses to retry, `refresh`, and `only0` or `only1` for one task.
fn selection(text: &str) -> TaskSelection<'static> {
    let has = |name: &str| text.split(' ').any(|word| word == name);
    let refresh = has("refresh");
    TaskSelection {
        retry: RetrySelection {
            invalid: has("invalid") || refresh,
            refused: has("refused") || refresh,
            failed: has("failed") || refresh,
            refresh,
            redrawn: has("redrawn"),
        },
        wanted: match () {
            () if has("only0") => &[true, false],
            () if has("only1") => &[false, true],
            () => &[],
        },
        begin: RunBegin { own: SINCE, since: SINCE },
    }
}

/// An status in words: `ask` with the indices of the tasks, an index with `!` has an outcome.
fn name(status: &PageStatus) -> String {
    let task = |(index, seen): &(usize, Option<Revision>)| format!(" {index}{}", if seen.is_some() { "!" } else { "" });
    match status {
        PageStatus::Ask(tasks) => format!("ask{}", tasks.iter().map(task).collect::<String>()),
        PageStatus::Done => "done".into(),
        PageStatus::Skipped => "skipped".into(),
        PageStatus::Faulty => "faulty".into(),
    }
}

#[test]
fn the_table_of_page_statuses() {
    let table = "
        --              |                   | ask 0 1
        o-              |                   | ask 1
        oo              |                   | done
        oi              |                   | done
        or              |                   | done
        of              |                   | done
        ot              |                   | ask 1!
        tt              |                   | ask 0! 1!
        oT              |                   | done
        --              | only0             | ask 0
        o-              | only0             | done
        ot              | only0             | done
        oo              | refresh           | ask 0! 1!
        oO              | refresh           | ask 0!
        OO              | refresh           | done
        oo              | refresh only1     | ask 1!
        if              | refresh           | ask 0! 1!
        oi              | invalid           | ask 1!
        oi              | refused failed    | done
        or              | refused           | ask 1!
        or              | invalid failed    | done
        of              | failed            | ask 1!
        of              | invalid refused   | done
        oI              | invalid           | done
        ir              | invalid refused   | ask 0! 1!
        oo redrawn      |                   | done
        oi redrawn      | redrawn           | ask 0! 1!
        oO redrawn      | redrawn           | ask 0!
        oo              | redrawn           | done
        o- redrawn      | redrawn           | ask 0! 1
        oo fault redrawn | redrawn          | ask 0! 1!
        -- fault        |                   | faulty
        o- fault        |                   | faulty
        oo fault        |                   | done
        ot fault        |                   | ask 1!
        -- fault        | invalid refused   | faulty
        -- fault        | failed            | ask 0 1
        o- fault        | failed            | ask 1
        oo fault        | failed            | done
        oo fault        | refresh           | ask 0! 1!
        -- blank        |                   | skipped
        o- blank        |                   | skipped
        oo blank        |                   | done
        ot blank        |                   | ask 1!
        -- blank        | refresh           | skipped
        oo blank        | refresh           | ask 0! 1!
        -- near         |                   | skipped
        o- near         |                   | ask 1
        oo near         |                   | done
        -- near         | refresh           | skipped
        oo near         | refresh           | ask 0! 1!
        -- near         | only1             | skipped
        -- fault blank  |                   | faulty
        -- fault near   |                   | faulty
        -- fault blank  | failed            | skipped
        -- fault near   | failed            | skipped
        -- blank near   |                   | skipped
        o- blank near   |                   | skipped
        oo blank near   |                   | done
    ";
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let [facts, asked, expected] = line.split('|').map(str::trim).collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        assert_eq!(page(facts, |facts| name(&decide(facts, &selection(asked)))), expected, "{line}");
    }
}

#[test]
fn a_page_without_tasks_is_done() {
    assert_eq!(page("", |facts| decide(facts, &TaskSelection::LATER_RUN)), PageStatus::Done);
    assert_eq!(page(" fault blank", |facts| decide(facts, &TaskSelection::LATER_RUN)), PageStatus::Done);
}

/// Outcomes that a page may have.
fn outcomes() -> impl Strategy<Value = Vec<Option<OutcomeFacts>>> {
    let outcome = (prop::sample::select(OutcomeStatus::ALL), any::<bool>(), 0_i64..200)
        .prop_map(|(status, is_final, at)| OutcomeFacts { status, is_final, revision: Revision(at) });
    prop::collection::vec(prop::option::of(outcome), 1..5)
}

proptest! {
    #[test]
    fn a_later_run_asks_exactly_what_is_missing_or_transient(outcomes in outcomes()) {
        let facts = PageFacts { has_fault: false, is_blank: false, is_near_duplicate: false, redrawn: None, outcomes: &outcomes };
        let is_open = |outcome: &Option<OutcomeFacts>| {
            outcome.is_none_or(|known| known.status == OutcomeStatus::Failed && !known.is_final)
        };
        let expected: Vec<usize> = (0..outcomes.len()).filter(|index| is_open(&outcomes[*index])).collect();
        let asked = match decide(&facts, &TaskSelection::LATER_RUN) {
            PageStatus::Ask(tasks) => tasks.into_iter().map(|(index, _)| index).collect(),
            _ => Vec::new(),
        };
        prop_assert_eq!(asked, expected);
    }

    #[test]
    fn nothing_is_asked_twice_in_one_run(
        outcomes in outcomes(), fault in any::<bool>(), blank in any::<bool>(), near in any::<bool>(),
        invalid in any::<bool>(), refused in any::<bool>(), failed in any::<bool>(), refresh in any::<bool>(),
    ) {
        let facts = PageFacts { has_fault: fault, is_blank: blank, is_near_duplicate: near, redrawn: None, outcomes: &outcomes };
        let retry = RetrySelection { invalid, refused, failed, refresh, redrawn: false };
        let selection = TaskSelection { retry, wanted: &[], begin: RunBegin { own: SINCE, since: SINCE } };
        if let PageStatus::Ask(tasks) = decide(&facts, &selection) {
            prop_assert!(!tasks.is_empty());
            for (index, seen) in tasks {
                prop_assert_eq!(outcomes[index].map(|outcome| outcome.revision), seen);
                prop_assert!(seen.is_none_or(|revision| revision < SINCE));
            }
        }
    }
}

/// A run that continues another keeps outcomes that are final since that one began, and asks again those that failed in
/// it and may pass.
#[test]
fn a_run_that_continues_another_asks_what_may_pass_again() {
    let begin = RunBegin { own: Revision(20), since: Revision(10) };
    let retry = RetrySelection { invalid: true, refused: true, failed: true, refresh: true, redrawn: true };
    for (status, is_final, revision, asks) in [
        (OutcomeStatus::Ok, true, 9, true),
        (OutcomeStatus::Ok, true, 10, false),
        (OutcomeStatus::Failed, true, 15, false),
        (OutcomeStatus::Failed, false, 15, true),
        (OutcomeStatus::Failed, false, 20, false),
    ] {
        let outcome = OutcomeFacts { status, is_final, revision: Revision(revision) };
        assert_eq!(retry.asks(Some(outcome), Some(Revision::END), begin), asks, "{outcome:?}");
    }
}
