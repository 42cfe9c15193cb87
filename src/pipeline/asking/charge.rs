//! What an attempt cost, as reported or estimated, and what was saved on it.

use crate::base::money::Pico;
use crate::base::usage::Usage;
use crate::catalog::RequestPrice;
use crate::provider::{Charge, Estimate, Exchange};
use crate::store::AttemptCharge;

/// Tokens and money of an attempt, as far as they are known before the reply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownBefore {
    /// Tokens.
    pub(crate) estimate: Estimate,
    /// The price; `None`: unknown.
    pub(crate) price: Option<RequestPrice>,
    /// The expected cost; `None`: the price or the image rule is unknown.
    pub(crate) expected: Option<Pico>,
    /// The maximum cost; `None`: the price is unknown.
    pub(crate) reserved: Option<Pico>,
    /// Image tokens that are saved by sending fewer pixels than the model can use.
    pub(crate) saved_tokens: u64,
}

/// Characters of a reply per token, for a reply whose usage is not known. Source: OpenAI's rule of thumb
/// for English text, 2026.
const CHARS_PER_TOKEN: u64 = 4;

/// The cost that the provider reported and that of the price, where both are known: an estimate of
/// the usage shows nothing about what a provider adds to the price.
pub(crate) fn compared_costs(charge: &AttemptCharge) -> Option<(Pico, Pico)> {
    if charge.is_estimated { None } else { charge.reported_cost.zip(charge.cost) }
}

/// What an attempt cost. Where the server reports no usage, the cost is an estimate and the budget
/// counts the worst case. Where the server reports a cost, the budget counts at least that; the
/// cost itself is that of the price, if there is one.
pub(crate) fn charge_of(exchange: &Exchange, before: &KnownBefore) -> AttemptCharge {
    let KnownBefore { estimate, price, reserved, saved_tokens, .. } = *before;
    // A gateway without a price for the model reports 0.
    let reported = exchange.served.cost.filter(|cost| *cost > Pico::ZERO);
    let tier = exchange.served.service_tier.as_deref();
    let charge = |usage: Usage, is_estimated| {
        let cost = price.map(|price| price.cost(usage, tier)).or(reported);
        let token = price.map(|price| price.served(usage.input, tier));
        let (input, cached) = token.map_or((Pico::ZERO, Pico::ZERO), |token| (token.input, token.cached_input));
        AttemptCharge {
            tokens: usage,
            is_estimated,
            cost,
            reported_cost: exchange.served.cost,
            budget: cost.max(reported).unwrap_or_default(),
            saved_by_cache: (input - cached).times(usage.cached_input),
            saved_by_size: input.times(saved_tokens),
        }
    };
    match exchange.charge {
        Charge::Nothing => AttemptCharge {
            cost: Some(Pico::ZERO),
            budget: reported.unwrap_or_default(),
            saved_by_size: Pico::ZERO,
            ..charge(Usage::default(), false)
        },
        Charge::Reported(usage) => charge(usage, false),
        Charge::Unknown => {
            let output = match exchange.content.chars().count() as u64 {
                0 => estimate.expected.output,
                chars => chars.div_ceil(CHARS_PER_TOKEN),
            };
            let charge = charge(Usage { output, ..estimate.expected }, true);
            AttemptCharge { budget: charge.budget.max(reserved.unwrap_or_default()), ..charge }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::vocabulary::ErrorKind;
    use crate::catalog::{Price, PriceTable, ServiceTier};
    use crate::provider::{Served, Verdict};

    /// A bill that is not known says nothing about what a provider adds to the price.
    #[test]
    fn costs_are_compared_only_where_the_usage_is_reported() {
        let price = Price { input: Pico(10), cached_input: Pico(10), cache_write: Pico(10), output: Pico(20) };
        let price = RequestPrice { table: PriceTable::flat(price), tier: ServiceTier::Standard, sent_ms: 0 };
        let usage = |input, output| Usage { input, output, ..Usage::default() };
        let estimate = Estimate { admission_tokens: 0, worst: usage(900, 90), expected: usage(100, 5) };
        let reported = Some(Pico(5000));
        for (charge, said, expected) in [
            (Charge::Reported(usage(200, 10)), reported, Some((Pico(5000), Pico(2200)))),
            (Charge::Reported(usage(200, 10)), None, None),
            (Charge::Unknown, reported, None),
            (Charge::Unknown, None, None),
        ] {
            let verdict = Verdict::transient(ErrorKind::ServerError, String::new());
            let exchange =
                Exchange { served: Served { cost: said, ..Served::default() }, ..Exchange::new(verdict, charge) };
            let (expected_cost, reserved) = (Some(Pico(1100)), Some(Pico(10_800)));
            let before =
                KnownBefore { estimate, price: Some(price), expected: expected_cost, reserved, saved_tokens: 0 };
            assert_eq!(compared_costs(&charge_of(&exchange, &before)), expected, "{charge:?} {said:?}");
        }
    }
}
