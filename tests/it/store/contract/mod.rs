//! What any implementation of the store has to do. The tests know a store only by its handle and
//! its readers; another implementation adds a [`Backend`] and a line at the end of this file.

mod attempts;
mod batches;
mod budgets;
mod decisions;
mod entries;
mod fixtures;
mod outcomes;
mod rows;
mod runs;

use docmill::internal::base::clock::ManualClock;
use docmill::internal::base::hooks::NoHooks;
use docmill::internal::store::{ReadStore, Store};
use std::path::PathBuf;
use std::sync::Arc;

/// An implementation of the store.
pub(crate) trait Backend {
    /// A database that does not exist yet.
    fn new() -> Self;

    /// A separate handle, as in another process.
    fn open(&self) -> Store;

    /// A handle that only reads.
    fn open_to_read(&self) -> ReadStore;
}

/// The store in a SQLite file.
struct Sqlite {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Backend for Sqlite {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { path: folder.path().join("store.db"), _folder: folder }
    }

    fn open(&self) -> Store {
        let clock = Arc::new(ManualClock::starting_at(fixtures::NOW_MS));
        Store::open(&self.path, clock, Arc::new(NoHooks)).unwrap()
    }

    fn open_to_read(&self) -> ReadStore {
        ReadStore::open(&self.path).unwrap()
    }
}

/// Runs the tests of the files for an implementation.
macro_rules! contract {
    ($module:ident, $backend:ident: $($file:ident [$($test:ident),+ $(,)?])+) => {
        mod $module {
            $(mod $file {
                $(#[test]
                fn $test() {
                    crate::store::contract::$file::$test::<crate::store::contract::$backend>();
                })+
            })+
        }
    };
}

contract! {
    sqlite, Sqlite:
    runs [
        a_run_is_recorded_from_its_begin_to_its_end,
        a_trial_leaves_the_job_as_it_is,
        recipes_and_sets_are_found_again,
        a_run_that_died_is_reaped_by_the_next_one,
        a_run_that_is_alive_is_left_alone,
        page_counts_are_those_of_the_run_just_before,
        the_mean_latency_is_that_of_replies_of_the_model,
        facts_about_endpoints_are_kept_apart,
        a_run_continues_one_with_the_same_selection_that_was_not_completed,
        a_run_takes_the_first_identity_that_no_live_run_has,
        a_job_takes_over_the_record_of_its_former_identity,
    ]
    attempts [
        attempts_of_a_run_are_numbered_from_one,
        an_attempt_is_not_opened_when_an_outcome_was_stored_meanwhile,
        an_attempt_of_another_run_is_given_up_once,
        a_recipe_of_a_page_is_asked_by_one_attempt_at_a_time,
        settled_attempts_are_read_as_they_were_settled,
        attempts_are_read_in_pages_and_by_time,
        an_attempt_that_was_marked_lost_keeps_its_charge_when_it_is_settled,
        open_attempts_are_lost_when_their_run_ends,
    ]
    outcomes [
        a_valid_answer_is_never_replaced_by_a_failure,
        transient_faults_are_counted_over_runs,
        outcomes_are_read_by_recipe,
        faults_and_features_are_valid_under_their_versions,
    ]
    decisions [
        decisions_are_read_as_they_were_made,
        a_decision_that_is_stored_is_not_stored_again,
        a_decision_that_is_withdrawn_counts_for_nothing_and_stays,
        what_was_decided_together_is_withdrawn_together,
        draws_are_stored_once_with_their_pages,
        what_a_reviewer_has_seen_first_stays,
        rows_have_the_decisions_on_their_page,
        page_counts_do_not_outlive_a_decision,
    ]
    budgets [
        a_reservation_fits_up_to_the_limit,
        attempts_beside_others_need_headroom,
        unknown_prices_are_only_counted,
        budgets_follow_a_model,
    ]
    entries [
        entries_are_read_in_their_order,
        differences_are_applied,
        a_file_that_is_missing_is_an_entry_only_of_the_latest_run,
        a_listed_entry_keeps_what_is_known_of_an_unchanged_file,
        entries_are_settled_when_a_later_run_has_nothing_to_do,
        a_page_that_is_in_a_file_twice_is_settled_with_the_first,
        entries_with_a_set_of_their_own_are_settled_under_it,
        skipped_pages_are_settled_only_where_the_job_skips_them,
        near_duplicates_are_replaced_as_a_whole,
        answered_features_come_in_the_order_of_the_input,
    ]
    batches [
        a_batch_goes_through_its_states,
        the_attempts_of_a_batch_are_settled_once,
        a_withdrawn_batch_returns_its_reservations,
        what_is_open_when_a_batch_ends_is_lost,
        the_next_run_adopts_what_a_dead_run_submitted,
        what_a_stopped_run_has_submitted_is_adopted,
        a_batch_that_a_dead_run_was_filling_is_withdrawn,
        files_of_batches_that_are_no_more_are_removed,
    ]
    rows [
        a_page_without_anything_is_to_be_asked,
        rows_show_outcomes_and_their_cost,
        equal_files_name_the_first_one,
        a_page_that_is_in_a_file_twice_shows_the_answers_of_the_first,
        faulty_and_blank_pages_have_their_status,
        near_duplicates_show_the_answers_of_the_other_page,
        a_near_duplicate_of_a_page_that_is_gone_stands_on_its_own,
    ]
}
