//! What the answers of a job cost.

use crate::base::money::Pico;
use crate::labels::page_cost::PageCosts;
use crate::pipeline::JobPage;
use crate::store::StoreError;

/// What the answers of pages cost when they were asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SpendTotals {
    /// What the answers cost, each page as one bill; `None`: what one cost is unknown.
    pub(crate) cost: Option<Pico>,
    /// Pages that were asked: without duplicates, which cost nothing.
    pub(crate) asked: u64,
}

impl Default for SpendTotals {
    fn default() -> Self {
        Self { cost: Some(Pico::ZERO), asked: 0 }
    }
}

impl SpendTotals {
    /// Adds a page, if it was asked under the current recipes: what its present answers cost, not what was spent on
    /// earlier ones.
    ///
    /// # Errors
    /// When the store can't be read.
    pub(crate) fn add(&mut self, page: &JobPage, costs: &PageCosts<'_>) -> Result<(), StoreError> {
        if !is_asked(page) {
            return Ok(());
        }
        let cost = costs.of_page(&page.record)?;
        self.asked += 1;
        self.cost = self.cost.zip(cost).map(|(sum, cost)| sum + cost);
        Ok(())
    }

    /// The cost of 1,000 pages; `None`: none was asked, or a price is unknown.
    pub(crate) fn per_1000(&self) -> Option<Pico> {
        let cost = (i128::from(self.cost?.0) * 1000).checked_div(i128::from(self.asked))?;
        Some(Pico(i64::try_from(cost).unwrap_or(i64::MAX)))
    }

    /// The cost of 1,000 pages that are answered correctly. `asked_per_right`: how many pages are asked for each of them.
    /// Copies are right, too, and are not asked.
    pub(crate) fn per_1000_correct(&self, asked_per_right: Option<f64>) -> Option<Pico> {
        let cost = self.per_1000()?;
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "money to about 16 digits; saturates"
        )]
        let scaled = asked_per_right.map(|asked| Pico((cost.0 as f64 * asked).round() as i64));
        scaled
    }
}

/// Whether a page was asked under the current recipes.
pub(crate) fn is_asked(page: &JobPage) -> bool {
    page.model_row.attempts > 0 && page.record.duplicate_of.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cost_of_correct_answers() {
        let spend = SpendTotals { cost: Some(Pico(900)), asked: 3 };
        assert_eq!(spend.per_1000(), Some(Pico(300_000)));
        assert_eq!(spend.per_1000_correct(Some(4.0 / 3.0)), Some(Pico(400_000)));
        assert_eq!(spend.per_1000_correct(None), None);
        assert_eq!(SpendTotals::default().per_1000(), None);
        assert_eq!(SpendTotals { cost: None, asked: 3 }.per_1000(), None);
    }
}
