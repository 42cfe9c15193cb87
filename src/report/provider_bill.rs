//! Charges that providers report, in addition to the cost by the price. Sources: `usage.cost` of OpenRouter,
//! `x-litellm-response-cost` of LiteLLM.

use crate::base::money::Pico;

/// Costs that the provider reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProviderBill {
    /// Settled attempts for which the provider reported a cost, 0 included.
    pub attempts: u64,
    /// What it reported for them.
    pub reported: Pico,
    /// The part of `reported` at an unknown price: it counts as the cost.
    pub unpriced: Pico,
    /// The part of `reported` for attempts with a price. A reported 0 does not count: gateways
    /// report 0 for models whose price they do not know.
    pub comparable: Pico,
    /// What the price gives for the same attempts.
    pub computed: Pico,
}

/// Maximum difference of a reported cost from the price, in percent, that a report does not show.
const MAX_DIFFERENCE_PERCENT: i128 = 5;

impl ProviderBill {
    /// Adds a settled attempt. `cost`: what it cost by the price, if it `is_priced`.
    pub(crate) fn add(&mut self, reported: Option<Pico>, cost: Option<Pico>, is_priced: bool) {
        let Some(reported) = reported else { return };
        self.attempts += 1;
        self.reported += reported;
        match cost {
            Some(cost) if is_priced && reported > Pico::ZERO => {
                self.comparable += reported;
                self.computed += cost;
            }
            Some(_) if !is_priced => self.unpriced += reported,
            _ => {}
        }
    }

    /// Reported divided by computed cost, to four decimals; `None` if there is nothing to
    /// compare.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        let ratio = self.comparable.as_usd_f64() / self.computed.as_usd_f64();
        (self.computed > Pico::ZERO).then(|| (ratio * 10_000.0).round() / 10_000.0)
    }

    /// Whether the reported cost differs from the price by more than 5 %.
    #[must_use]
    pub fn differs(&self) -> bool {
        let difference = i128::from(self.comparable.0) - i128::from(self.computed.0);
        difference.abs() * 100 > i128::from(self.computed.0) * MAX_DIFFERENCE_PERCENT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_of_more_than_5_percent_is_reported() {
        for (reported, computed, ratio, differs) in [
            (100, 100, Some(1.0), false),
            (105, 100, Some(1.05), false),
            (106, 100, Some(1.06), true),
            (94, 100, Some(0.94), true),
            // A gateway without a price, and a manifest that states that the model is free.
            (0, 100, None, false),
            (7, 0, None, true),
        ] {
            let mut bill = ProviderBill::default();
            bill.add(Some(Pico(reported)), Some(Pico(computed)), true);
            assert_eq!((bill.ratio(), bill.differs()), (ratio, differs), "{reported} of {computed}");
            assert_eq!((bill.attempts, bill.reported, bill.unpriced), (1, Pico(reported), Pico::ZERO));
        }
    }

    #[test]
    fn at_an_unknown_price_the_reported_cost_is_the_cost() {
        let mut bill = ProviderBill::default();
        bill.add(None, Some(Pico(5)), true);
        assert_eq!(bill, ProviderBill::default());
        bill.add(Some(Pico(7)), Some(Pico(7)), false);
        bill.add(Some(Pico(0)), None, false);
        assert_eq!((bill.attempts, bill.reported, bill.unpriced), (2, Pico(7), Pico(7)));
        assert_eq!((bill.ratio(), bill.differs()), (None, false));
    }
}
