//! The words, exit codes and explanations of outcomes.

use super::*;

fn refusal() -> ProviderRefusal {
    ProviderRefusal::of_all("no credit".into(), "add credit")
}

#[test]
fn words_and_exit_codes() {
    for (outcome, word, exit_code) in [
        (RunOutcome::Complete, "complete", 0),
        (RunOutcome::Limited, "limited", 0),
        (
            RunOutcome::FailedPages { unusable: 2, total: 3, max_failed: 0.01, cause: None, lacks_memory: false },
            "failed_pages",
            3,
        ),
        (RunOutcome::SameError { kind: ErrorKind::Length, message: String::new(), pages: 20 }, "same_error", 3),
        (RunOutcome::NoPages, "no_pages", 3),
        (
            RunOutcome::BudgetReached {
                spent: Pico(1),
                reserved: Pico(0),
                limit: Pico(2),
                needed: Pico(2),
                shard: None,
            },
            "budget_reached",
            4,
        ),
        (RunOutcome::UnexpectedBill { cost: Pico::ZERO }, "unexpected_bill", 4),
        (RunOutcome::ProviderRefused(refusal()), "provider_refused", 5),
        (RunOutcome::ProviderUnavailable { message: "503".into(), has_replied: true }, "provider_unavailable", 6),
        (RunOutcome::StorageError("full".into()), "storage_error", 8),
        (RunOutcome::StoreFault { message: "row 3".into(), hint: String::new() }, "storage_error", 8),
        (RunOutcome::DeadlineReached, "deadline_reached", 9),
        (RunOutcome::BatchPending { pages: 3 }, "batch_pending", 10),
        (RunOutcome::Interrupted(Signal::Interrupt), "interrupted", 130),
        (RunOutcome::Interrupted(Signal::Terminate), "interrupted", 143),
        (RunOutcome::InputError("line 3".into()), "input_error", 2),
        (RunOutcome::InputFault { message: "too many".into(), hint: "fewer".into() }, "input_error", 2),
        (RunOutcome::InternalError("defect".into()), "internal_error", 1),
    ] {
        assert_eq!((outcome.name().name(), outcome.exit_code()), (word, exit_code), "{outcome:?}");
        assert_eq!(
            outcome.explanation(LostRequests::default()).is_none(),
            exit_code == 0,
            "success needs no explanation: {outcome:?}"
        );
    }
}

/// Commands that fail without a run end as runs do that fail for the same reason.
#[test]
fn commands_end_as_runs_do() {
    use crate::base::command_end::{BUDGET_REACHED, INTERNAL, STORAGE, WRONG_INPUT};
    let shortage = RunOutcome::BudgetReached {
        spent: Pico::ZERO,
        reserved: Pico::ZERO,
        limit: Pico(1),
        needed: Pico(2),
        shard: None,
    };
    for (outcome, end) in [
        (RunOutcome::InternalError(String::new()), INTERNAL),
        (RunOutcome::InputError(String::new()), WRONG_INPUT),
        (RunOutcome::StorageError(String::new()), STORAGE),
        (shortage, BUDGET_REACHED),
    ] {
        assert_eq!(outcome.end(), end);
    }
}

#[test]
fn the_base_url_is_doubted_only_if_the_endpoint_has_never_answered() {
    for has_replied in [true, false] {
        let (_, hint) = RunOutcome::from_max_wait("503", has_replied).explanation(LostRequests::default()).unwrap();
        assert_eq!(hint.contains("provider.base_url"), !has_replied, "{hint}");
        assert!(hint.contains("run the same command again to continue"), "{hint}");
    }
}

#[test]
fn requests_without_a_reply_may_be_paid_for_twice() {
    for (count, max_cost, hint) in [
        (0, 0, "run the same command again to continue; nothing is paid for twice"),
        (
            1,
            0,
            "run the same command again to continue; 1 request was cut off: the pages are sent again and may be billed twice",
        ),
        (
            12,
            9_200_000_000,
            "run the same command again to continue; 12 requests were cut off: the pages are sent again and may be billed twice (at most USD 0.0092)",
        ),
    ] {
        let lost = LostRequests { count, max_cost: Pico(max_cost) };
        let (_, found) = RunOutcome::Interrupted(Signal::Terminate).explanation(lost).unwrap();
        assert_eq!(found, hint);
    }
}

#[test]
fn what_is_left_of_a_budget_is_explained() {
    let usd = |dollars: i64| Pico(dollars * 1_000_000_000_000);
    for (spent, reserved, what) in [
        (0, 0, "the budget is too small: it is USD 5, and one request may cost USD 3"),
        (4, 0, "the budget of USD 5 is reached: USD 4 is spent, and the next request may cost USD 3"),
        (
            1,
            2,
            "the rest of the budget of USD 5 is reserved: USD 1 is spent, USD 2 is reserved for requests in batches or in other runs, and the next request may cost USD 3",
        ),
    ] {
        let outcome = RunOutcome::BudgetReached {
            spent: usd(spent),
            reserved: usd(reserved),
            limit: usd(5),
            needed: usd(3),
            shard: None,
        };
        assert_eq!(outcome.explanation(LostRequests::default()).map(|(what, _)| what).as_deref(), Some(what));
    }
}

#[test]
fn too_many_failed_pages_are_explained_with_their_share_and_the_limit() {
    for (unusable, total, max_failed, what) in [
        (
            1,
            7,
            0.01,
            "1 of 7 pages is failed, invalid or refused (14.29 %), more than on_error.max_failed allows (1 %): x",
        ),
        (1, 1, 0.0, "1 of 1 page is failed, invalid or refused (100 %), more than on_error.max_failed allows (0 %): x"),
        (
            50,
            1000,
            0.025,
            "50 of 1,000 pages are failed, invalid or refused (5 %), more than on_error.max_failed allows (2.5 %): x",
        ),
    ] {
        let outcome =
            RunOutcome::FailedPages { unusable, total, max_failed, cause: Some("x".into()), lacks_memory: false };
        let (found, _) = outcome.explanation(LostRequests::default()).unwrap();
        assert_eq!(found, what);
    }
}

#[test]
fn a_shard_names_its_part_of_the_budget() {
    let usd = |dollars: i64| Pico(dollars * 1_000_000_000_000);
    for (spent, reserved, what) in [
        (0, 0, "USD 5, the part of limits.budget_usd that is left for shard 1/4, is too small: "),
        (4, 0, "USD 5, the part of limits.budget_usd that is left for shard 1/4, is reached: USD 4 is spent"),
        (4, 1, "the rest of USD 5, the part of limits.budget_usd that is left for shard 1/4, is reserved: "),
    ] {
        let (spent, reserved, shard) = (usd(spent), usd(reserved), Shard::new(1, 4));
        let outcome = RunOutcome::BudgetReached { spent, reserved, limit: usd(5), needed: usd(3), shard };
        let (found, _) = outcome.explanation(LostRequests::default()).unwrap();
        assert!(found.starts_with(what), "{found}");
    }
}

#[test]
fn errors_are_outcomes_of_their_kind() {
    for (error, word) in [
        (PipelineError::Store(StoreError::Closed), "storage_error"),
        (PipelineError::Store(StoreError::Missing { path: "store.db".into() }), "input_error"),
        (PipelineError::Internal("defect".into()), "internal_error"),
        (PipelineError::Input("line 3".into()), "input_error"),
        (PipelineError::NoRun, "input_error"),
        (PipelineError::NearDuplicateTemplates, "input_error"),
    ] {
        assert_eq!(RunOutcome::from_error(&error).name().name(), word, "{error}");
    }
}

#[test]
fn a_run_that_only_tries_pages_has_the_exit_code_of_its_command() {
    let error = PipelineError::NoRun;
    let early = RunOutcome::Interrupted(Signal::Terminate);
    for (asked, early, exit_code) in [
        (Ok(true), None, 0),
        (Ok(false), None, 3),
        (Ok(true), Some(&early), 143),
        (Err(&error), Some(&early), RunOutcome::from_error(&error).exit_code()),
    ] {
        let outcome = RunOutcome::from_try(asked, early);
        assert_eq!((outcome.name().name(), outcome.exit_code()), ("try", exit_code), "{asked:?} {early:?}");
        assert_eq!(outcome.explanation(LostRequests::default()), None, "the command reports what it tried");
    }
}
