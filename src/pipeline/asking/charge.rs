//! What an attempt cost: as reported, else estimated; and what was saved on it.

use crate::base::money::Pico;
use crate::base::usage::Usage;
use crate::catalog::Price;
use crate::provider::{Charge, Estimate, Exchange};
use crate::store::AttemptCharge;

/// What was known of an attempt before it was sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    pub(crate) estimate: Estimate,
    pub(crate) price: Option<Price>,
    /// What it is expected to cost; `None`: price or rule are unknown.
    pub(crate) expected: Option<Pico>,
    /// The most that it can cost.
    pub(crate) reserved: Option<Pico>,
    /// Tokens by which the image is smaller than at the size that the model can use.
    pub(crate) smaller: u64,
}

/// What an attempt cost. A budget counts the worst case for what the server did not say.
pub(crate) fn charged(exchange: &Exchange, before: &Before) -> AttemptCharge {
    let Before { estimate, price, reserved, smaller, .. } = *before;
    let nothing = AttemptCharge {
        tokens: Usage::default(),
        is_estimated: false,
        cost: Some(Pico::ZERO),
        budget: Pico::ZERO,
        saved_by_cache: Pico::ZERO,
        saved_by_size: Pico::ZERO,
    };
    let of = |usage: Usage, is_estimated| {
        let cost = price.map(|price| price.cost(usage));
        let input = price.map_or(Pico::ZERO, |price| price.input);
        let cached = price.map_or(Pico::ZERO, |price| price.cached_input);
        AttemptCharge {
            tokens: usage,
            is_estimated,
            cost,
            budget: cost.unwrap_or_default(),
            saved_by_cache: (input - cached).times(usage.cached_input),
            saved_by_size: input.times(smaller),
        }
    };
    match exchange.charge {
        Charge::Nothing => nothing,
        Charge::Reported(usage) => of(usage, false),
        Charge::Unknown => {
            let output = match exchange.content.chars().count() as u64 {
                0 => estimate.expected.output,
                chars => chars.div_ceil(4),
            };
            let charge = of(Usage { output, ..estimate.expected }, true);
            AttemptCharge { budget: charge.budget.max(reserved.unwrap_or_default()), ..charge }
        }
    }
}
