//! The cost of an attempt, reported or estimated, and its savings.

use crate::base::money::Pico;
use crate::base::usage::Usage;
use crate::catalog::RequestPrice;
use crate::provider::{Charge, Estimate, Exchange};
use crate::store::{AttemptCharge, ReservationMultiples};

/// Tokens and money of an attempt that are known before the reply.
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
    /// What the budget has to hold if other attempts are open.
    pub(crate) multiples: ReservationMultiples,
    /// Image tokens that are saved by sending fewer pixels than the model can use.
    pub(crate) saved_tokens: u64,
}

/// Characters of a reply per token, for a reply with unknown usage. Source: OpenAI's rule of thumb for English text,
/// 2026.
const CHARS_PER_TOKEN: u64 = 4;

/// How many times its reservation a bill is assumed to be at most, in percent: a model that reasons above
/// the output limit.
const MAX_OVERRUN_PERCENT: u32 = 400;
/// How many times its expected cost a bill is assumed to be at most, in percent: another price, another
/// service tier, a cost of the provider's own.
const MAX_PRICE_JUMP_PERCENT: u32 = 2000;
/// The same for a line of a batch. Batches have one price and no tiers, and a smaller part of the budget
/// for each would make a night's batches wait for each other.
const MAX_BATCH_OVERRUN_PERCENT: u32 = 200;

/// What the budget has to hold for an attempt while others are open. `expected`: its expected cost, `None`
/// if unknown; `reserved`: what it reserves.
pub(crate) fn multiples(expected: Option<Pico>, reserved: Pico) -> ReservationMultiples {
    let jump = match expected {
        Some(expected) if reserved > Pico::ZERO => {
            let percent = i128::from(expected.0) * i128::from(MAX_PRICE_JUMP_PERCENT) / i128::from(reserved.0) + 1;
            u32::try_from(percent).unwrap_or(MAX_PRICE_JUMP_PERCENT).min(MAX_PRICE_JUMP_PERCENT)
        }
        _ => MAX_PRICE_JUMP_PERCENT,
    };
    ReservationMultiples { single_percent: jump.max(MAX_OVERRUN_PERCENT), batch_percent: MAX_BATCH_OVERRUN_PERCENT }
}

/// Bills and what they would be by the price: the highest ratio is what later attempts reserve. A bill of
/// which the usage is an estimate shows nothing. `worst`: the most tokens that could be expected; `None`:
/// not known.
pub(crate) fn compared_costs(
    charge: &AttemptCharge,
    price: Option<RequestPrice>,
    worst: Option<Usage>,
) -> Vec<(Pico, Pico)> {
    let Some(price) = price.filter(|_| !charge.is_estimated) else { return Vec::new() };
    let by_price = (charge.budget, price.reserved_cost(charge.tokens));
    let by_worst = worst.map(|worst| (charge.budget, price.max_cost(worst)));
    [Some(by_price), by_worst].into_iter().flatten().collect()
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
            budget: AttemptCharge::charged_to_budget(cost, reported, reserved.filter(|_| is_estimated)),
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
                // What the model wrote before its answer is not in the text.
                chars => chars.div_ceil(CHARS_PER_TOKEN) + estimate.unseen_output,
            };
            charge(Usage { output, ..estimate.expected }, true)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::vocabulary::ErrorKind;
    use crate::catalog::{Price, PriceTable, ServiceTier};
    use crate::provider::{Served, Verdict};

    fn known_before(tier: ServiceTier) -> KnownBefore {
        let price = Price { input: Pico(10), cached_input: Pico(10), cache_write: Pico(10), output: Pico(20) };
        let table = PriceTable::flat(price).with_tiers(Some(200));
        let usage = |input, output| Usage { input, output, ..Usage::default() };
        let estimate = Estimate {
            admission_tokens: 0,
            worst: usage(900, 90),
            is_bounded: true,
            expected: usage(100, 45),
            unseen_output: 40,
        };
        KnownBefore {
            estimate,
            price: Some(RequestPrice { table, tier, sent_ms: 0 }),
            expected: Some(Pico(1900)),
            reserved: Some(Pico(10_800)),
            multiples: ReservationMultiples::NONE,
            saved_tokens: 0,
        }
    }

    fn exchange(charge: Charge, cost: Option<Pico>, tier: Option<&str>, content: &str) -> Exchange {
        let verdict = Verdict::transient(ErrorKind::ServerError, String::new());
        let served = Served { cost, service_tier: tier.map(str::to_owned), ..Served::default() };
        Exchange { served, content: content.to_owned(), ..Exchange::new(verdict, charge) }
    }

    /// An unknown bill does not show what a provider adds to the price.
    #[test]
    fn costs_are_compared_only_where_the_usage_is_reported() {
        let usage = |input, output| Usage { input, output, ..Usage::default() };
        let reported = Some(Pico(5000));
        let (standard, flex) = (ServiceTier::Standard, ServiceTier::Flex);
        let worst = 10_800;
        for (asked, charge, reported_cost, served, expected) in [
            (standard, Charge::Reported(usage(200, 10)), reported, None, vec![(5000, 2200), (5000, worst)]),
            (standard, Charge::Reported(usage(200, 10)), None, None, vec![(2200, 2200), (2200, worst)]),
            // It was not requested.
            (standard, Charge::Reported(usage(200, 10)), None, Some("priority"), vec![(4400, 2200), (4400, worst)]),
            // The reservation covers the standard tier.
            (flex, Charge::Reported(usage(200, 10)), None, Some("default"), vec![(2200, 2200), (2200, worst)]),
            // More than the request allowed.
            (standard, Charge::Reported(usage(900, 900)), None, None, vec![(27_000, 27_000), (27_000, worst)]),
            (standard, Charge::Unknown, reported, None, vec![]),
            (standard, Charge::Unknown, None, None, vec![]),
        ] {
            let before = known_before(asked);
            let charge = charge_of(&exchange(charge, reported_cost, served, ""), &before);
            let pico = |pairs: &[(i64, i64)]| pairs.iter().map(|(a, b)| (Pico(*a), Pico(*b))).collect::<Vec<_>>();
            let worst = Some(before.estimate.worst);
            assert_eq!(compared_costs(&charge, before.price, worst), pico(&expected), "{charge:?} {reported_cost:?}");
            let theirs: Vec<_> = expected.into_iter().take(1).collect();
            assert_eq!(compared_costs(&charge, before.price, None), pico(&theirs), "another run estimated it");
        }
    }

    #[test]
    fn a_reply_without_usage_is_estimated_with_its_reasoning() {
        for (content, output) in [("", 45), ("abcd", 41), ("abcdefghi", 43)] {
            let charge =
                charge_of(&exchange(Charge::Unknown, None, None, content), &known_before(ServiceTier::Standard));
            assert_eq!((charge.tokens.output, charge.is_estimated), (output, true), "{content}");
            assert_eq!((charge.cost, charge.budget), (Some(Pico(1000 + 20 * output as i64)), Pico(10_800)));
        }
    }

    #[test]
    fn the_headroom_is_a_multiple_of_the_expected_cost_and_of_the_reservation() {
        for (expected, reserved, percent) in
            [(Some(100), 100, 2000), (Some(50), 100, 1001), (Some(1), 100, 400), (None, 100, 2000), (Some(0), 0, 2000)]
        {
            let found = multiples(expected.map(Pico), Pico(reserved));
            assert_eq!((found.single_percent, found.batch_percent), (percent, 200), "{expected:?} of {reserved}");
        }
    }
}
