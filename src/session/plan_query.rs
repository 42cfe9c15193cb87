//! What is planned.

use crate::pipeline::RetrySelection;
use crate::select::Filter;

/// What [`Session::plan_where`](crate::Session::plan_where) plans. By default the whole job.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlanQuery<'a> {
    /// Which done pages are sent again.
    pub selection: RetrySelection,
    /// Of the pages that `selection` sends again only those are sent whose rows match.
    pub filter: Option<&'a Filter>,
    /// Reads this many files and projects the result to all; `None`: reads all.
    pub sample: Option<u64>,
    /// The number of shards to plan separately.
    pub shards: Option<u32>,
}
