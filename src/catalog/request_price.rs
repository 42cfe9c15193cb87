//! The price of requests that are sent at one time, for one service tier.

use super::price::Price;
use super::price_table::PriceTable;
use super::service_tier::ServiceTier;
use crate::base::money::Pico;
use crate::base::usage::Usage;

/// The price of requests that are sent at one time, for one service tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestPrice {
    /// The prices of the model at the provider.
    pub table: PriceTable,
    /// The service tier that the requests ask for.
    pub tier: ServiceTier,
    /// When they are sent, in milliseconds since 1970. Decides the price, in UTC.
    pub sent_ms: i64,
}

impl RequestPrice {
    /// The expected cost of `usage`: the provider serves the tier that was asked for.
    #[must_use]
    pub fn expected_cost(&self, usage: Usage) -> Pico {
        self.table.cost(usage, self.tier, self.sent_ms)
    }

    /// The maximum cost of a request of at most `usage`.
    #[must_use]
    pub fn max_cost(&self, usage: Usage) -> Pico {
        self.table.max_cost(usage, self.tier, self.sent_ms)
    }

    /// The maximum cost of a reply with `usage` at the reserved service tiers: the standard tier and the requested one.
    #[must_use]
    pub fn reserved_cost(&self, usage: Usage) -> Pico {
        self.expected_cost(usage).max(self.table.cost(usage, ServiceTier::Standard, self.sent_ms))
    }

    /// The exact cost of a reply with `usage` that names `tier` as its service tier.
    #[must_use]
    pub fn cost(&self, usage: Usage, tier: Option<&str>) -> Pico {
        self.table.cost(usage, ServiceTier::served(tier), self.sent_ms)
    }

    /// The prices of tokens of such a reply, with a prompt of `input` tokens.
    #[must_use]
    pub fn served(&self, input: u64, tier: Option<&str>) -> Price {
        self.table.price(input, ServiceTier::served(tier), self.sent_ms)
    }

    /// The expected prices of tokens of short prompts.
    #[must_use]
    pub fn expected(&self) -> Price {
        self.table.price(0, self.tier, self.sent_ms)
    }
}
