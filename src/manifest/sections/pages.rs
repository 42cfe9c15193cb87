//! `input.pages`: which pages of a file are processed.

use crate::manifest::check::Check;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum RawPages {
    Word(RawPagesWord),
    Numbers(Vec<i64>),
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RawPagesWord {
    All,
    First,
}

/// Which pages of a file are processed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageChoice {
    /// All pages.
    All,
    /// These pages, counted from 1. A negative number counts from the end: -1 is the last.
    Numbers(Vec<i32>),
}

impl PageChoice {
    /// The chosen pages of a file with `count` pages, in ascending order. `None` means all
    /// pages. Numbers beyond the file are ignored.
    #[must_use]
    pub fn select_pages(&self, count: u32) -> Option<Vec<u32>> {
        let Self::Numbers(numbers) = self else { return None };
        let page = |number: &i32| match u32::try_from(*number) {
            Ok(page) => (1..=count).contains(&page).then_some(page),
            Err(_) => (count + 1).checked_sub(number.unsigned_abs()).filter(|page| *page > 0),
        };
        let mut pages: Vec<u32> = numbers.iter().filter_map(page).collect();
        pages.sort_unstable();
        pages.dedup();
        (count > 0).then_some(pages)
    }
}

impl RawPages {
    pub(crate) fn check(self, check: &mut Check) -> PageChoice {
        match self {
            Self::Word(RawPagesWord::All) => PageChoice::All,
            Self::Word(RawPagesWord::First) => PageChoice::Numbers(vec![1]),
            Self::Numbers(numbers) => {
                let valid: Vec<i32> = numbers.iter().filter_map(|number| i32::try_from(*number).ok()).collect();
                if valid.is_empty() || valid.contains(&0) || valid.len() < numbers.len() {
                    let message = "pages are numbered from 1, or from -1 for the last page backwards";
                    check.report("/input/pages", message, "all, first, or numbers such as [1, 2, -1]");
                }
                PageChoice::Numbers(valid)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn chosen_pages() {
        for (numbers, count, pages) in [
            (&[1][..], 3, &[1][..]),
            (&[1, 2, -1], 5, &[1, 2, 5]),
            (&[1, 2, -1], 2, &[1, 2]),
            (&[1, 2, -1], 1, &[1]),
            (&[-2], 1, &[]),
            (&[7], 3, &[]),
        ] {
            let choice = PageChoice::Numbers(numbers.to_vec());
            assert_eq!(choice.select_pages(count), Some(pages.to_vec()), "{numbers:?} of {count}");
        }
        assert_eq!(PageChoice::All.select_pages(3), None);
        assert_eq!(PageChoice::Numbers(vec![1]).select_pages(0), None);
    }

    proptest! {
        /// The choice against a list of all pages, indexed from both ends.
        #[test]
        fn a_number_chooses_the_page_at_its_place(
            numbers in prop::collection::vec(prop_oneof![-6_i32..0, 1_i32..7, Just(i32::MIN), Just(i32::MAX)], 1..5),
            count in 1_u32..5,
        ) {
            let all: Vec<u32> = (1..=count).collect();
            let is_chosen = |page: &u32| {
                let from_start = i32::try_from(*page).unwrap();
                let from_end = from_start - i32::try_from(count).unwrap() - 1;
                numbers.contains(&from_start) || numbers.contains(&from_end)
            };
            let expected: Vec<u32> = all.into_iter().filter(is_chosen).collect();
            prop_assert_eq!(PageChoice::Numbers(numbers.clone()).select_pages(count), Some(expected));
        }
    }
}
