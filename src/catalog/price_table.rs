//! The prices of a model at a provider: by length of the prompt, date and service tier.

use super::price::Price;
use super::service_tier::ServiceTier;
use crate::base::money::Pico;
use crate::base::usage::Usage;

/// Maximum number of rows of a table.
pub(crate) const MAX_ROWS: usize = 4;
/// The factor of the tier `flex` in percent, where tiers have prices: the price of batches. Source:
/// OpenAI's guide to flex processing; Google's pricing page (2026-11).
const FLEX_PERCENT: u32 = 50;
/// The factor of the tier `priority` in percent, unless a model has another one. Source:
/// OpenAI's pricing page (2026-11).
pub(crate) const PRIORITY_PERCENT: u32 = 200;
/// How much later than docmill's clock a provider may bill a request: a difference between clocks, and the time that
/// the request takes.
const BILLING_DELAY_MS: i64 = 24 * 60 * 60 * 1000;
/// The first word of the text form of a table; older texts have only four numbers.
const TEXT_VERSION: &str = "v2";

/// A price and the requests that it applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PriceRow {
    /// It applies to prompts of more than this number of tokens.
    pub(crate) above: u64,
    /// It applies from this time on, in milliseconds since 1970. A later row replaces all
    /// earlier ones for prompts of the same length.
    pub(crate) from_ms: i64,
    /// The price of the whole request.
    pub(crate) price: Price,
}

/// The prices of a model at a provider. The price of a request depends on the length of its
/// prompt, on its date and on the service tier that the reply names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceTable {
    /// The first row applies to every request for which no other row does.
    rows: [Option<PriceRow>; MAX_ROWS],
    flex_percent: u32,
    priority_percent: u32,
}

impl PriceTable {
    /// The table with zero prices.
    pub const FREE: Self = Self::flat(Price::FREE);

    /// The same price for every request, whatever its tier.
    #[must_use]
    pub const fn flat(price: Price) -> Self {
        let mut rows = [None; MAX_ROWS];
        rows[0] = Some(PriceRow { above: 0, from_ms: i64::MIN, price });
        Self { rows, flex_percent: 100, priority_percent: 100 }
    }

    /// A table of at most [`MAX_ROWS`] rows, whatever the tier. `None` if there are more, or none.
    pub(crate) fn from_rows(rows: &[PriceRow]) -> Option<Self> {
        let first = rows.first()?;
        let mut table = Self::flat(first.price);
        for (at, row) in rows.iter().enumerate() {
            *table.rows.get_mut(at)? = Some(*row);
        }
        Some(table)
    }

    /// The table of a provider whose tiers have prices. `priority`: the factor of that tier, in
    /// percent; `None`: the model has no such tier, and is always billed at the standard price.
    #[must_use]
    pub(crate) fn with_tiers(self, priority: Option<u32>) -> Self {
        Self { flex_percent: FLEX_PERCENT, priority_percent: priority.unwrap_or(100), ..self }
    }

    /// The table for requests in batches: half of every price, without tiers.
    #[must_use]
    pub fn halved(&self) -> Self {
        self.map(|price| price.halved()).without_tiers()
    }

    /// The table without tiers: every request has the standard price.
    #[must_use]
    pub(crate) fn without_tiers(self) -> Self {
        Self { flex_percent: 100, priority_percent: 100, ..self }
    }

    fn map(&self, change: impl Fn(Price) -> Price) -> Self {
        let rows = self.rows.map(|row| row.map(|row| PriceRow { price: change(row.price), ..row }));
        Self { rows, ..*self }
    }

    /// The prices by length of the prompt and by date. The first is that of short prompts.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &PriceRow> {
        self.rows.iter().flatten()
    }

    /// The price of short prompts of the standard tier at `at_ms`, in milliseconds since 1970.
    #[must_use]
    pub fn base(&self, at_ms: i64) -> Price {
        self.price(0, ServiceTier::Standard, at_ms)
    }

    /// The price of a request with a prompt of `input` tokens, sent at `at_ms`.
    #[must_use]
    pub fn price(&self, input: u64, tier: ServiceTier, at_ms: i64) -> Price {
        let applies = |row: &&PriceRow| row.from_ms <= at_ms && (row.above == 0 || input > row.above);
        // The longest prompts first, then the latest date. The first row always applies.
        let rows = self.rows.iter().flatten();
        let row = rows.filter(applies).max_by_key(|row| (row.above, row.from_ms));
        let price = row.or(self.rows[0].as_ref()).map_or(Price::FREE, |row| row.price);
        match tier {
            ServiceTier::Standard => price,
            ServiceTier::Flex => price.scaled(self.flex_percent),
            ServiceTier::Priority => price.scaled(self.priority_percent),
        }
    }

    /// The exact cost of a request.
    #[must_use]
    pub fn cost(&self, usage: Usage, tier: ServiceTier, at_ms: i64) -> Pico {
        self.price(usage.input, tier, at_ms).cost(usage)
    }

    /// The maximum cost of a request for `tier` that is sent now: the provider may serve it
    /// in the standard tier, write the whole prompt to its cache, and bill it until a day
    /// later. `usage` is the maximum: a shorter prompt never has a higher price per token.
    #[must_use]
    pub fn max_cost(&self, usage: Usage, tier: ServiceTier, at_ms: i64) -> Pico {
        let cost = |tier, at_ms| self.price(usage.input, tier, at_ms).max_cost(usage);
        let both = |at_ms| cost(ServiceTier::Standard, at_ms).max(cost(tier, at_ms));
        both(at_ms).max(both(at_ms.saturating_add(BILLING_DELAY_MS)))
    }

    /// The table as it is at `at_ms`, without later changes.
    #[must_use]
    pub(crate) fn without_changes(&self, at_ms: i64) -> Self {
        let mut rows: Vec<PriceRow> = Vec::new();
        for row in self.rows.iter().flatten() {
            let price = self.price(row.above.saturating_add(u64::from(row.above > 0)), ServiceTier::Standard, at_ms);
            if !rows.iter().any(|known| known.above == row.above) && (row.from_ms <= at_ms || row.above == 0) {
                rows.push(PriceRow { above: row.above, from_ms: i64::MIN, price });
            }
        }
        let table = Self::from_rows(&rows).unwrap_or(*self);
        Self { flex_percent: self.flex_percent, priority_percent: self.priority_percent, ..table }
    }

    /// The text that the store keeps of the table as it is at `at_ms`: a version, the two
    /// factors of tiers in percent, and for each row the length of prompts and four prices in
    /// pico-dollars per token. [`Self::from_text`] reads it.
    #[must_use]
    pub fn to_text(self, at_ms: i64) -> String {
        let table = self.without_changes(at_ms);
        let mut words =
            vec![TEXT_VERSION.to_owned(), table.flex_percent.to_string(), table.priority_percent.to_string()];
        for row in table.rows.iter().flatten() {
            words.push(row.above.to_string());
            words.extend(row.price.numbers().map(|number| number.to_string()));
        }
        words.join(" ")
    }

    /// Reads the text that [`Self::to_text`] or an earlier version wrote. `None` for any other
    /// text. Earlier versions wrote four numbers, of which the third was the price of a cache
    /// write in addition to the price of the prompt token.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split(' ').collect();
        let numbers = |words: &[&str]| words.iter().map(|word| word.parse::<i64>().ok()).collect::<Option<Vec<_>>>();
        let Some((&TEXT_VERSION, words)) = words.split_first() else {
            let [input, cached_input, cache_write, output] = numbers(&words)?[..] else { return None };
            let write = input.saturating_add(cache_write);
            return Some(Self::flat(Price::from_numbers([input, cached_input, write, output])).without_tiers());
        };
        let (tiers, rows) = words.split_at_checked(2)?;
        let row = |words: &[&str]| {
            let [above, prices @ ..] = &numbers(words)?[..] else { return None };
            let price = Price::from_numbers(prices.try_into().ok()?);
            Some(PriceRow { above: u64::try_from(*above).ok()?, from_ms: i64::MIN, price })
        };
        let rows: Vec<PriceRow> = rows.chunks(5).map(row).collect::<Option<_>>()?;
        let table = Self::from_rows(&rows)?;
        Some(Self { flex_percent: tiers[0].parse().ok()?, priority_percent: tiers[1].parse().ok()?, ..table })
    }
}

#[cfg(test)]
mod tests;
