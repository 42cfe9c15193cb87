//! What each shard of an input would do.

use super::model::{BudgetLeft, ShardPlan};
use crate::base::money::Pico;
use crate::base::shard::Shard;

/// Adds up the entries of a plan by shard.
pub(crate) struct ShardPlans(Vec<ShardPlan>);

impl ShardPlans {
    /// Shards without files.
    pub(crate) fn new(count: u32) -> Self {
        let empty = |shard| ShardPlan {
            shard,
            files: 0,
            pages: 0,
            to_ask: 0,
            cost: Some(Pico::ZERO),
            budget: None,
            needed: None,
        };
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

/// Divides the rest of a budget among shards. `per_page`: the expected cost of a page.
pub(crate) fn divide_budget(shards: &mut [ShardPlan], budget: &BudgetLeft, per_page: Option<Pico>) {
    let part = u32::try_from(shards.len()).map_or(Pico::ZERO, |count| budget.left.divided_by(count));
    for shard in shards {
        shard.budget = Some(part);
        shard.needed = match (shard.to_ask, shard.cost) {
            (0, _) => Some(Pico::ZERO),
            (_, cost) => cost.zip(per_page).map(|(cost, one)| {
                let last = budget.reservation.max(budget.last_reservation).unwrap_or_default();
                cost.max(cost - one.min(cost) + last)
            }),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_needs_its_cost_and_the_reservation_of_its_last_request() {
        let budget = BudgetLeft {
            limit: Pico(100),
            left: Pico(80),
            pages: None,
            needed: None,
            lowest: None,
            reservation: Some(Pico(15)),
            last_reservation: Some(Pico(6)),
            is_bounded: true,
            is_enough: Some(true),
        };
        let mut shards = ShardPlans::new(4).finish(true);
        for (shard, (to_ask, cost)) in shards.iter_mut().zip([(3, 6), (4, 8), (1, 1), (0, 0)]) {
            (shard.to_ask, shard.cost) = (to_ask, Some(Pico(cost)));
        }
        divide_budget(&mut shards, &budget, Some(Pico(2)));
        let found: Vec<_> = shards.iter().map(|shard| (shard.budget, shard.needed, shard.is_short())).collect();
        let part = Some(Pico(20));
        let needed = [(Some(Pico(19)), false), (Some(Pico(21)), true), (Some(Pico(15)), false), (Some(Pico(0)), false)];
        assert_eq!(found, needed.map(|(needed, is_short)| (part, needed, is_short)));
        shards[1].cost = None;
        divide_budget(&mut shards, &budget, Some(Pico(2)));
        assert_eq!((shards[1].needed, shards[1].is_short()), (None, false), "unknown");
    }
}
