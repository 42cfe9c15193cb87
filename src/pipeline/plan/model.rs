//! The plan of a run: what it would do and cost.

use super::quote::Quote;
use super::time_bounds::Bound;
use crate::base::money::Pico;
use crate::base::shard::Shard;
use crate::report::RedrawnPages;
use crate::source::LeftOut;
use std::collections::BTreeMap;

/// The rest of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetLeft {
    /// The budget.
    pub limit: Pico,
    /// The part that is neither spent nor reserved.
    pub left: Pico,
    /// How many pages that pays for at their expected cost, if each request is sent only while what it reserves
    /// is left; `None`: unknown.
    pub pages: Option<u64>,
    /// The expected cost of all pages to ask; `None`: unknown.
    pub needed: Option<Pico>,
    /// The lowest cost of all pages to ask; `None`: the price is unknown.
    pub lowest: Option<Pico>,
    /// What one request reserves at most, before it is sent; `None`: the price is unknown, or there is nothing
    /// to ask.
    pub reservation: Option<Pico>,
    /// What one request reserves after the first bills: the last one needs it. `None` as for `reservation`.
    pub last_reservation: Option<Pico>,
    /// Whether something bounds what a reply may cost. Otherwise a run with a budget sends nothing.
    pub is_bounded: bool,
    /// Whether the rest pays for all of them at their expected cost, and for the reservation of the first and of the
    /// last request; not if their lowest cost is more than that. `None`: unknown.
    pub is_enough: Option<bool>,
}

/// The projection of a sample to all files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Projection {
    /// Files in the sample.
    pub sampled: u64,
    /// All files.
    pub files: u64,
    /// Pages to ask.
    pub to_ask: u64,
    /// Expected prompt tokens; `None`: unknown.
    pub input: Option<u64>,
    /// Expected cost; `None`: unknown.
    pub expected: Option<Pico>,
    /// The 95 % confidence interval of the expected cost: from and to.
    pub interval: Option<(Pico, Pico)>,
}

/// What one shard of the input would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardPlan {
    /// The shard.
    pub shard: Shard,
    /// Its files.
    pub files: u64,
    /// Pages in them, including those that can't be read.
    pub pages: u64,
    /// Pages with a task to ask; pages that are equal in different shards count in each.
    pub to_ask: u64,
    /// Expected cost; `None`: unknown.
    pub cost: Option<Pico>,
    /// Its part of the rest of the budget; `None`: there is no budget.
    pub budget: Option<Pico>,
    /// The part that it needs to send all of its pages at their expected cost: more than the cost, because the last request
    /// is sent only if its maximum cost is left. `None`: unknown.
    pub needed: Option<Pico>,
}

impl ShardPlan {
    /// Whether its part of the budget is too small.
    #[must_use]
    pub fn is_short(&self) -> bool {
        self.budget.zip(self.needed).is_some_and(|(budget, needed)| needed > budget)
    }
}

/// What a run would do.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Files found.
    pub files: u64,
    /// Pages in them, including those that can't be read.
    pub pages: u64,
    /// Pages with all tasks done.
    pub answered: u64,
    /// Pages with a task to ask; equal pages count once.
    pub to_ask: u64,
    /// Pages that are equal to an earlier one.
    pub duplicates: u64,
    /// Pages that are known to be blank and are skipped.
    pub skipped: u64,
    /// Pages that the filter does not select to be sent again.
    pub not_selected: u64,
    /// Pages in a batch that has not ended.
    pub under_way: u64,
    /// Files and pages that give no picture.
    pub unreadable: u64,
    /// Pages whose answers are of an earlier picture that was incomplete or looked different.
    pub redrawn: RedrawnPages,
    /// Files that an earlier version of docmill has read: the next run opens them once more.
    pub outdated: u64,
    /// URLs that were not fetched yet. Their pages are not counted.
    pub not_fetched: u64,
    /// Pages by format. The format is detected by content where the file was read, else by extension.
    pub by_format: BTreeMap<String, u64>,
    /// Files that are left out, by reason.
    pub left_out: LeftOut,
    /// Folders and files that can't be looked at: a run would not be complete.
    pub unread: u64,
    /// The fault of the first of them, human-readable.
    pub first_unread: Option<String>,
    /// Whether `input.include` selects the files.
    pub has_include: bool,
    /// The expected cost of the pages to ask.
    pub quote: Option<Quote>,
    /// How long they take by each limit, the slowest first.
    pub bounds: Vec<Bound>,
    /// The rest of the budget.
    pub budget: Option<BudgetLeft>,
    /// The projection of a sample to all files.
    pub projection: Option<Projection>,
    /// What each shard would do, if shards were asked for.
    pub shards: Vec<ShardPlan>,
    /// By task: pages to ask.
    pub by_task: BTreeMap<String, u64>,
    /// By task: why pages with an answer to a similar task are asked; (reason, pages).
    pub misses: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Plan {
    /// Whether the budget pays for all pages, in each shard if shards were asked for. `None`: unknown, or there is no budget.
    #[must_use]
    pub fn is_budget_enough(&self) -> Option<bool> {
        let whole = self.budget?.is_enough;
        if self.shards.iter().any(ShardPlan::is_short) { Some(false) } else { whole }
    }
}
