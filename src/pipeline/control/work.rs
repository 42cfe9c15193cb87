//! How much a run has to do: an estimate from what the walk, the count that runs ahead of it, and the
//! workers have reached so far. Pure.

/// The known part of the input, in the current pass over it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KnownInput {
    /// Entries that the walk has passed.
    pub(crate) walked: u64,
    /// Of these, entries that need nothing.
    pub(crate) already_done: u64,
    /// Entries whose pages are known, without those that need nothing.
    pub(crate) opened: u64,
    /// Whether the walk is complete.
    pub(crate) is_walked: bool,
    /// Entries that were counted ahead of the walk.
    pub(crate) counted: u64,
    /// Whether all entries are counted.
    pub(crate) is_counted: bool,
    /// Entries that needed nothing when they were last looked at.
    pub(crate) stored_done: u64,
    /// Pages found so far, where a file that was not opened counts as one.
    pub(crate) found: u64,
    /// Pages that need nothing more.
    pub(crate) done: u64,
    /// Pages asked in this run.
    pub(crate) asked: u64,
    /// Maximum number of pages to ask.
    pub(crate) limit: Option<u64>,
}

/// How much there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Work {
    /// Pages that the run looks at, at most the limit. Files that need nothing are left out.
    pub(crate) total: u64,
    /// Of these, finished.
    pub(crate) finished: u64,
    /// Whether `total` may still rise.
    pub(crate) is_minimum: bool,
    /// Estimated number of pages left to ask.
    pub(crate) left: u64,
}

impl Work {
    /// Estimates the work of a run.
    pub(crate) fn estimate(input: &KnownInput) -> Self {
        let entries = if input.is_walked { input.walked } else { input.walked.max(input.counted) };
        let unseen = entries - input.walked;
        let unseen_done = input.stored_done.saturating_sub(input.already_done).min(unseen);
        let more_pages = input.found.saturating_sub(input.walked);
        let looked_at = input.walked.saturating_sub(input.already_done);
        let unseen = unseen - unseen_done;
        let total = looked_at + more_pages + unseen;
        let finished = input.done.saturating_sub(input.already_done);
        // Files that were not opened have as many pages as those that were.
        let unopened = unseen + looked_at.saturating_sub(input.opened);
        let unseen_pages = u128::from(unopened) * u128::from(more_pages) / u128::from(input.opened.max(1));
        let left = total.saturating_sub(finished).saturating_add(u64::try_from(unseen_pages).unwrap_or(u64::MAX));
        let is_minimum = !input.is_walked && !input.is_counted || more_pages > 0 && unopened > 0;
        match input.limit {
            Some(limit) => Self {
                total: total.min(limit),
                finished: input.asked.min(limit),
                is_minimum: is_minimum && total < limit,
                left: left.min(limit.saturating_sub(input.asked)),
            },
            None => Self { total, finished: finished.min(total), is_minimum, left },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn work(input: KnownInput) -> (u64, u64, bool, u64) {
        let Work { total, finished, is_minimum, left } = Work::estimate(&input);
        (finished, total, is_minimum, left)
    }

    #[test]
    fn the_total_is_known_from_the_count_ahead_of_the_walk() {
        let walking = KnownInput { walked: 64, found: 64, ..KnownInput::default() };
        assert_eq!(work(walking), (0, 64, true, 64), "nothing is counted yet");
        let counting = KnownInput { counted: 500, ..walking };
        assert_eq!(work(counting), (0, 500, true, 500));
        let counted = KnownInput { counted: 1000, is_counted: true, done: 10, asked: 10, ..walking };
        assert_eq!(work(counted), (10, 1000, false, 990));
        let walked = KnownInput { walked: 998, found: 998, is_walked: true, ..counted };
        assert_eq!(work(walked), (10, 998, false, 988), "two files went away");
    }

    #[test]
    fn files_that_need_nothing_are_left_out() {
        // 100,000 old files and 500 new ones, which the walk reaches last.
        let begin = KnownInput {
            walked: 200,
            already_done: 100,
            found: 200,
            done: 100,
            counted: 100_500,
            is_counted: true,
            stored_done: 100_000,
            ..KnownInput::default()
        };
        assert_eq!(work(begin), (0, 500, false, 500));
        let later = KnownInput { walked: 100_300, already_done: 100_000, found: 100_300, done: 100_050, ..begin };
        assert_eq!(work(later), (50, 500, false, 450));
        // Files that were done have changed.
        let changed = KnownInput { already_done: 99_900, done: 99_950, ..later };
        assert_eq!(work(changed), (50, 500, false, 450));
        let all_walked = KnownInput { walked: 100_500, found: 100_500, is_walked: true, ..changed };
        assert_eq!(work(all_walked), (50, 600, false, 550));
    }

    #[test]
    fn files_of_many_pages_make_the_total_a_minimum() {
        // 10 of 100 files are open and have 5 pages each.
        let input = KnownInput {
            walked: 10,
            opened: 10,
            found: 50,
            counted: 100,
            is_counted: true,
            done: 20,
            ..KnownInput::default()
        };
        assert_eq!(work(input), (20, 140, true, 480));
        // The walk is over before the files are opened.
        let waiting = KnownInput { walked: 100, found: 140, is_walked: true, ..input };
        assert_eq!(work(waiting), (20, 140, true, 480));
        let walked = KnownInput { opened: 100, found: 500, ..waiting };
        assert_eq!(work(walked), (20, 500, false, 480));
        let single = KnownInput { walked: 100, opened: 10, found: 100, is_walked: true, ..input };
        assert_eq!(work(single), (20, 100, false, 80), "files of one page");
    }

    #[test]
    fn a_limit_bounds_the_total() {
        let input = KnownInput { walked: 64, found: 64, counted: 1000, limit: Some(20), ..KnownInput::default() };
        assert_eq!(work(input), (0, 20, false, 20));
        let asked = KnownInput { done: 7, asked: 5, ..input };
        assert_eq!(work(asked), (5, 20, false, 15));
        let few = KnownInput { walked: 10, found: 10, counted: 10, limit: Some(20), ..KnownInput::default() };
        assert_eq!(work(few), (0, 10, true, 10), "the input may have more");
    }

    proptest! {
        #[test]
        fn nothing_overflows_and_no_more_is_finished_than_there_is(
            numbers in prop::array::uniform8(0_u64..1 << 40),
            is_walked: bool,
            is_counted: bool,
            limit in prop::option::of(0_u64..1 << 40),
        ) {
            let [walked, already_done, counted, stored_done, found, done, asked, opened] = numbers;
            let already_done = already_done.min(walked);
            let input =
                KnownInput { walked, already_done, opened, is_walked, counted, is_counted, stored_done, found, done, asked, limit };
            let work = Work::estimate(&input);
            prop_assert!(limit.is_some() || work.finished <= work.total);
            prop_assert!(limit.is_none_or(|limit| work.total <= limit && work.finished <= limit && work.left <= limit));
        }
    }
}
