//! What each shard of an input would do.

use super::model::ShardPlan;
use crate::base::money::Pico;
use crate::base::shard::Shard;

/// Adds up the entries of a plan by shard.
pub(crate) struct ShardPlans(Vec<ShardPlan>);

impl ShardPlans {
    /// Shards without files.
    pub(crate) fn new(count: u32) -> Self {
        let empty = |shard| ShardPlan { shard, files: 0, pages: 0, to_ask: 0, cost: Some(Pico::ZERO) };
        Self(Shard::all(count).map(empty).collect())
    }

    /// Adds an entry of a shard: files, pages and pages to ask before and after it, and its expected cost.
    pub(crate) fn add(&mut self, shard: Shard, before: [u64; 3], after: [u64; 3], cost: Pico) {
        let Some(plan) = usize::try_from(shard.index()).ok().and_then(|at| self.0.get_mut(at)) else { return };
        plan.files += after[0] - before[0];
        plan.pages += after[1] - before[1];
        plan.to_ask += after[2] - before[2];
        plan.cost = plan.cost.map(|sum| sum + cost);
    }

    /// The shards. `is_priced`: the price is known.
    pub(crate) fn finish(self, is_priced: bool) -> Vec<ShardPlan> {
        self.0.into_iter().map(|plan| ShardPlan { cost: plan.cost.filter(|_| is_priced), ..plan }).collect()
    }
}
