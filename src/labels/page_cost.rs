//! What the answers to a page cost, as one bill: what asking the page anew under the same recipes would cost.
//!
//! The tasks of a page may have been asked in different requests, such as when only one of two has changed. Each
//! request pays for the picture, so neither the sum of them nor shares of them are what a run pays. The bill of the
//! latest request is, with the texts of the other tasks added to it, and those of tasks that are no longer in the
//! manifest subtracted.

use crate::base::ids::{RecipeId, RunKey};
use crate::base::money::Pico;
use crate::base::usage::Usage;
use crate::catalog::{RequestPrice, text_tokens};
use crate::store::{PageRecord, Reader, SpendRecord, StoreError};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Finds what the answers to pages cost under the recipes of one side.
pub(crate) struct PageCosts<'a> {
    reader: Option<&'a Reader>,
    price: Option<RequestPrice>,
    is_batch: bool,
    /// The tokens of the text of a recipe.
    tokens: RefCell<HashMap<RecipeId, u64>>,
}

/// The requests of one run for a page.
#[derive(Clone, Debug, Default, PartialEq)]
struct Bill {
    /// The recipes that it asked.
    asked: BTreeSet<RecipeId>,
    /// How many of them are those of the side.
    own: usize,
    cost: Option<Pico>,
    output: u64,
}

impl<'a> PageCosts<'a> {
    /// `reader`: the store of the side. `price`: what its requests cost today; `None`: unknown. `is_batch`: whether the
    /// side is delivered in batches. Trial requests that were sent at once then count at the price of batches.
    pub(crate) fn new(reader: Option<&'a Reader>, price: Option<RequestPrice>, is_batch: bool) -> Self {
        Self { reader, price, is_batch, tokens: RefCell::default() }
    }

    /// What the answers to a page cost: the bill of the run that last answered it, or, if none has, of the last one
    /// that asked it; `None`: unknown.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn of_page(&self, record: &PageRecord) -> Result<Option<Pico>, StoreError> {
        let own: BTreeSet<RecipeId> = record.recipes.iter().copied().collect();
        let Some(bill) = latest_bill(&own, &record.spend, &|spend| self.cost_of(spend)) else { return Ok(None) };
        let (missing, extra) = (own.difference(&bill.asked), bill.asked.difference(&own));
        let (added, taken) = (self.texts(missing, &bill)?, self.texts(extra, &bill)?);
        let difference = |usage: Usage| self.price.map_or(Pico::ZERO, |price| price.expected_cost(usage));
        Ok(bill.cost.map(|cost| (cost + difference(added) - difference(taken)).max(Pico::ZERO)))
    }

    /// The cost of an attempt with the delivery of the side.
    fn cost_of(&self, spend: &SpendRecord) -> Option<Pico> {
        // Attempts of batches have no latency.
        match self.price {
            Some(price) if self.is_batch && spend.latency_ms.is_some() => Some(price.expected_cost(spend.tokens)),
            _ => spend.cost,
        }
    }

    /// The tokens of the texts of tasks, and of replies as long as the others of the same bill.
    fn texts<'r>(&self, recipes: impl Iterator<Item = &'r RecipeId>, bill: &Bill) -> Result<Usage, StoreError> {
        let reply = bill.output / bill.asked.len().max(1) as u64;
        let mut usage = Usage::default();
        for recipe in recipes {
            usage += Usage { input: self.text_of(*recipe)?, output: reply, ..Usage::default() };
        }
        Ok(usage)
    }

    fn text_of(&self, recipe: RecipeId) -> Result<u64, StoreError> {
        if let Some(known) = self.tokens.borrow().get(&recipe) {
            return Ok(*known);
        }
        let tokens = match self.reader.filter(|_| recipe != RecipeId::UNSTORED) {
            Some(reader) => text_tokens(&reader.recipe(recipe)?["task"].to_string()),
            None => 0,
        };
        self.tokens.borrow_mut().insert(recipe, tokens);
        Ok(tokens)
    }
}

/// The bill of the run that last answered most of these recipes, of the runs that last answered one of them, or, if
/// none has, that last asked one. `None`: none was asked.
fn latest_bill(
    own: &BTreeSet<RecipeId>,
    spend: &[SpendRecord],
    cost_of: &dyn Fn(&SpendRecord) -> Option<Pico>,
) -> Option<Bill> {
    let is_answered = spend.iter().any(|spend| spend.is_done && spend.recipes.iter().any(|it| own.contains(it)));
    let has =
        |spend: &SpendRecord, recipe: &RecipeId| (spend.is_done || !is_answered) && spend.recipes.contains(recipe);
    // Oldest first: the run of the last attempt is the latest.
    let last = |recipe: &RecipeId| spend.iter().rposition(|spend| has(spend, recipe));
    let mut runs: BTreeMap<RunKey, usize> = BTreeMap::new();
    for at in own.iter().filter_map(last) {
        let known = runs.entry(spend.get(at)?.run).or_default();
        *known = at.max(*known);
    }
    let bills = runs.into_iter().map(|(run, at)| {
        let mut bill = Bill { cost: Some(Pico::ZERO), ..Bill::default() };
        for spend in spend.iter().filter(|spend| spend.run == run && spend.recipes.iter().any(|it| own.contains(it))) {
            bill.asked.extend(&spend.recipes);
            bill.cost = bill.cost.zip(cost_of(spend)).map(|(sum, cost)| sum + cost);
            bill.output += spend.tokens.output;
        }
        bill.own = bill.asked.intersection(own).count();
        (bill, at)
    });
    bills.max_by_key(|(bill, at)| (bill.own, *at)).map(|(bill, _)| bill)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spend(run: i64, recipes: &[i64], cost: i64, is_done: bool) -> SpendRecord {
        SpendRecord {
            run: RunKey(run),
            recipes: recipes.iter().map(|id| RecipeId(*id)).collect(),
            tokens: Usage { input: 100, output: 10, ..Usage::default() },
            cost: Some(Pico(cost)),
            latency_ms: Some(1),
            is_done,
        }
    }

    #[test]
    fn a_page_is_billed_as_the_run_that_answered_it_last() {
        for (own, spends, expected) in [
            (vec![1, 2], vec![spend(1, &[1, 2], 50, true)], Some((50, vec![1, 2], 10))),
            // Without an answer, the last cost without a result.
            (vec![1, 2], vec![spend(1, &[1, 2], 50, false), spend(2, &[1, 2], 30, false)], Some((30, vec![1, 2], 10))),
            (vec![1, 2], vec![], None),
            // Repeat attempts of the same run are part of the bill, those of an earlier one are not.
            (
                vec![1, 2],
                vec![spend(1, &[1, 2], 7, true), spend(2, &[1, 2], 50, false), spend(2, &[1, 2], 60, true)],
                Some((110, vec![1, 2], 20)),
            ),
            (vec![1, 2], vec![spend(1, &[1, 2], 50, true), spend(1, &[2], 20, true)], Some((70, vec![1, 2], 20))),
            // One of two tasks has changed: the later bill counts, without a share of the earlier one.
            (vec![2, 3], vec![spend(1, &[1, 2], 50, true), spend(2, &[3], 45, true)], Some((45, vec![3], 10))),
            (vec![1, 2, 4], vec![spend(1, &[1, 2], 50, true), spend(2, &[4], 45, true)], Some((50, vec![1, 2], 10))),
            // A task is gone.
            (vec![2], vec![spend(1, &[1, 2], 50, true)], Some((50, vec![1, 2], 10))),
        ] {
            let own: BTreeSet<RecipeId> = own.into_iter().map(RecipeId).collect();
            let found = latest_bill(&own, &spends, &|spend| spend.cost);
            let found = found
                .map(|bill| (bill.cost.unwrap().0, bill.asked.iter().map(|id| id.0).collect::<Vec<_>>(), bill.output));
            assert_eq!(found, expected, "{own:?} {spends:?}");
        }
        let unknown = SpendRecord { cost: None, ..spend(1, &[1], 0, true) };
        let bill = latest_bill(&BTreeSet::from([RecipeId(1)]), &[unknown], &|spend| spend.cost).unwrap();
        assert_eq!(bill.cost, None);
    }
}
