//! Which decisions belong to a sample that was drawn.
//!
//! Pages are drawn in one order, and larger draws of the same pages begin with smaller ones. People decide in that
//! order, so the pages up to the last one that was decided under a draw are a random sample, whatever size was
//! planned. A page among them counts for whatever reason it was decided: its truth does not depend on that. Decisions
//! on later pages, which were selected in some other way, do not count, because the selection of these pages is not
//! random. A draw is complete when all of its pages are decided, for whatever reason.

use crate::base::digest::Digest;
use crate::base::ids::PageId;

/// Why a page was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decided {
    /// It is not decided.
    No,
    /// It is decided, but in a way that does not count: with the model's answer seen.
    Seen,
    /// As one of a draw.
    InDraw,
    /// In another way.
    Otherwise,
}

impl Decided {
    /// Whether the decision counts.
    fn counts(self) -> bool {
        matches!(self, Self::InDraw | Self::Otherwise)
    }
}

/// A page of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OrderedPage {
    /// Its position in the order.
    pub(crate) key: Digest,
    /// The page.
    pub(crate) page: PageId,
    /// Whether it is decided.
    pub(crate) decided: Decided,
}

/// A draw of the order's first pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OrderedDraw {
    /// The position of its last page.
    pub(crate) last: Digest,
    /// Whether a decision refers to it.
    pub(crate) has_decisions: bool,
}

/// How far the order is decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    /// The pages that are decided, up to the last one that counts.
    pub(crate) decided: Vec<PageId>,
    /// The others before it that are not decided.
    pub(crate) passed_over: u64,
    /// Those after it that are drawn, and not decided.
    pub(crate) not_reached: u64,
    /// Those that are drawn, and decided in a way that does not count.
    pub(crate) seen: u64,
    /// The position of the last page that counts.
    pub(crate) last: Digest,
}

/// How far draws are decided. `pages`: those of the order up to the end of the largest draw, even if they came
/// later. `None`: no draw has a decision.
pub(crate) fn reach(mut pages: Vec<OrderedPage>, draws: &[OrderedDraw]) -> Option<Reached> {
    pages.sort_by_key(|page| page.key);
    let count_to = |last: Digest| pages.partition_point(|page| page.key <= last);
    let is_complete = |draw: &&OrderedDraw| {
        let drawn = &pages[..count_to(draw.last)];
        !drawn.is_empty() && drawn.iter().all(|page| page.decided.counts())
    };
    let complete = draws.iter().filter(is_complete).map(|draw| count_to(draw.last)).max().unwrap_or(0);
    let begun = draws.iter().filter(|draw| draw.has_decisions).map(|draw| count_to(draw.last)).max().unwrap_or(0);
    let planned = begun.max(complete);
    let last = pages[..planned].iter().rposition(|page| page.decided == Decided::InDraw).map_or(0, |at| at + 1);
    let reached = last.max(complete);
    let decided: Vec<PageId> =
        pages[..reached].iter().filter(|page| page.decided.counts()).map(|page| page.page).collect();
    let count = |pages: &[OrderedPage], wanted| pages.iter().filter(|page| page.decided == wanted).count() as u64;
    // After the last page that counts, decisions of any kind on selected pages do not count either.
    let seen = count(&pages[..planned], Decided::Seen);
    let behind = &pages[reached..planned];
    (!decided.is_empty()).then(|| Reached {
        passed_over: count(&pages[..reached], Decided::No),
        not_reached: behind.len() as u64 - count(behind, Decided::Seen),
        seen,
        last: pages[reached - 1].key,
        decided,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(at: u8) -> Digest {
        Digest::from_slice(&[at; 32]).unwrap()
    }

    /// `d`: decided under a draw, `o`: otherwise, `s`: with the model's answer seen, `.`: not.
    fn pages(text: &str) -> Vec<OrderedPage> {
        let page = |(at, c): (usize, char)| OrderedPage {
            key: key(u8::try_from(at).unwrap()),
            page: PageId { content: key(u8::try_from(at).unwrap()), page: 1 },
            decided: match c {
                'd' => Decided::InDraw,
                'o' => Decided::Otherwise,
                's' => Decided::Seen,
                _ => Decided::No,
            },
        };
        text.chars().enumerate().map(page).collect()
    }

    /// Which pages count, how many were passed over, how many are left, and how many decisions do not count. `draws`:
    /// their sizes; negative: without a decision.
    fn found(text: &str, draws: &[i32]) -> Option<(String, u64, u64, u64)> {
        let draw = |size: &i32| OrderedDraw {
            last: key(u8::try_from(size.unsigned_abs() - 1).unwrap()),
            has_decisions: *size > 0,
        };
        let reached = reach(pages(text), &draws.iter().map(draw).collect::<Vec<_>>())?;
        let counts = |page: OrderedPage| if reached.decided.contains(&page.page) { 'x' } else { '-' };
        let counts = pages(text).into_iter().map(counts).collect();
        Some((counts, reached.passed_over, reached.not_reached, reached.seen))
    }

    #[test]
    fn a_sample_is_what_was_decided_in_its_order() {
        for (text, draws, expected) in [
            ("....", &[4][..], None),
            ("dddd", &[4], Some(("xxxx", 0, 0))),
            ("dd..", &[4], Some(("xx--", 0, 2))),
            ("d.d.", &[4], Some(("x-x-", 1, 1))),
            // Selected pages count up to where the order has progressed, and not after it.
            ("dod.", &[4], Some(("xxx-", 0, 1))),
            ("dd.o", &[4], Some(("xx--", 0, 2))),
            ("ddoo", &[4], Some(("xxxx", 0, 0))),
            // A complete sample is a sample, for whatever reason.
            ("oooo", &[-4], Some(("xxxx", 0, 0))),
            ("ooo.", &[-4], None),
            ("oooo", &[], None),
            // Enlarged: of the smaller draw while the larger one has only begun.
            ("dd..", &[2, -4], Some(("xx--", 0, 0))),
            ("ddd.", &[2, 4], Some(("xxx-", 0, 1))),
            ("ddod", &[2, 4], Some(("xxxx", 0, 0))),
            ("oood", &[-3, 4], Some(("xxxx", 0, 0))),
            ("ooo..d", &[-3, 6], Some(("xxx--x", 2, 0))),
            // After all draws.
            ("ddoo", &[2], Some(("xx--", 0, 0))),
        ] {
            let expected =
                expected.map(|(counts, passed, left): (&str, u64, u64)| (counts.to_owned(), passed, left, 0));
            assert_eq!(found(text, draws), expected, "{text} {draws:?}");
        }
        for (text, counts, numbers) in
            [("dsd.", "x-x-", (0, 1, 1)), ("ds.d", "x--x", (1, 0, 1)), ("dd.s", "xx--", (0, 1, 1))]
        {
            let (passed, left, seen) = numbers;
            assert_eq!(found(text, &[4]), Some((counts.to_owned(), passed, left, seen)), "{text}");
        }
        assert_eq!(found("ssss", &[-4]), None, "what does not count completes no draw");
    }

    proptest! {
        /// Decisions on pages that were picked never change which drawn pages are reached, unless they complete a draw.
        #[test]
        fn picked_pages_behind_the_sample_change_nothing(text in "[d.]{1,12}", picked in prop::collection::vec(0_usize..12, 0..6)) {
            let size = i32::try_from(text.len()).unwrap() + 1;
            // One page more, which stays undecided, keeps the draw from being complete.
            let before = found(&format!("{text}."), &[size]);
            let last = text.rfind('d').map_or(0, |at| at + 1);
            let mut more: Vec<char> = format!("{text}.").chars().collect();
            for at in picked.into_iter().filter(|at| *at >= last && *at < text.len()) {
                more[at] = 'o';
            }
            prop_assert_eq!(found(&more.into_iter().collect::<String>(), &[size]), before);
        }
    }
}
