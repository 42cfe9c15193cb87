//! Draws: samples of pages, in the order in which they were drawn.

use crate::base::ids::{DrawId, PageId};
use crate::base::shard::Shard;
use crate::base::vocabulary::DrawRule;

/// A sample of pages, to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDraw {
    /// The name of the job.
    pub job: String,
    /// The tasks that it was drawn for.
    pub tasks: Vec<String>,
    /// The expression that rows had to match; `None`: it was drawn among all pages of the job.
    pub selection: Option<String>,
    /// How pages are ordered before the first ones are drawn.
    pub rule: DrawRule,
    /// The pages, in the order in which they were drawn.
    pub pages: Vec<PageId>,
    /// The number of different pages among which they were drawn.
    pub population: u64,
    /// When: wall time in milliseconds.
    pub drawn_at_ms: i64,
}

/// A stored sample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawRecord {
    /// Its id.
    pub id: DrawId,
    /// The tasks that it was drawn for.
    pub tasks: Vec<String>,
    /// The expression that rows had to match; `None`: it was drawn among all pages of the job.
    pub selection: Option<String>,
    /// How pages were ordered before the first ones were drawn.
    pub rule: DrawRule,
    /// The number of pages that were drawn.
    pub size: u64,
    /// The number of different pages among which they were drawn.
    pub population: u64,
    /// The shard among whose pages they were drawn; `None`: among those of the whole input.
    pub shard: Option<Shard>,
    /// When: wall time in milliseconds.
    pub drawn_at_ms: i64,
}
