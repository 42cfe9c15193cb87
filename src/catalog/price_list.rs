//! The list of prices, by provider and model: providers charge different prices for the same
//! model. The data is `data/prices.csv`; each row has its date and source.
//!
//! A model has one row for its short prompts, and may have more: `above`, for prompts of more
//! than this number of tokens; `from`, from this date on (UTC). The price of a row is that of
//! the whole request. `tiers` states whether the provider has its own prices for service tiers.

use super::model_name::bare_name;
use super::models::model_facts;
use super::price::Price;
use super::price_table::{PRIORITY_PERCENT, PriceRow, PriceTable};
use crate::base::money::per_token;
use crate::base::units::parse_time;

/// The listed prices of a model at a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPrice {
    /// Prices of requests that are sent at once.
    pub price: PriceTable,
    /// Prices of requests in batches. `None`: unknown, or the provider has no batches.
    pub batch: Option<PriceTable>,
    /// Date of the row, such as `2026-11-23`.
    pub as_of: String,
    /// Source of the row.
    pub source: String,
}

const DATA: &str = include_str!("data/prices.csv");

/// The listed prices of `model` at the provider whose base URL has the host `host`. `None`
/// means unknown, not free.
#[must_use]
pub fn find_price(host: &str, model: &str) -> Option<ListedPrice> {
    let name = bare_name(model);
    let mut reader = csv::Reader::from_reader(DATA.as_bytes());
    let matches = |row: &csv::StringRecord| row.get(0) == Some(host) && row.get(1) == Some(name.as_str());
    let records: Vec<csv::StringRecord> = reader.records().filter_map(Result::ok).filter(matches).collect();
    let rows: Vec<PriceRow> = records.iter().map(parse_row).collect::<Option<_>>()?;
    let first = records.first()?;
    let table = PriceTable::from_rows(&rows)?;
    let priority = model_facts(model).map_or(Some(PRIORITY_PERCENT), |facts| facts.priority_percent);
    let table = if first.get(9)? == "yes" { table.with_tiers(priority) } else { table };
    Some(ListedPrice {
        price: table,
        batch: (first.get(8)? == "half").then(|| table.halved()),
        as_of: first.get(10)?.to_owned(),
        source: first.get(11)?.to_owned(),
    })
}

/// Every provider and model of the list, once: hosts and names, in the order of the list.
pub(crate) fn priced_models() -> Vec<(String, String)> {
    let mut reader = csv::Reader::from_reader(DATA.as_bytes());
    let pair = |row: csv::StringRecord| Some((row.get(0)?.to_owned(), row.get(1)?.to_owned()));
    let mut pairs: Vec<_> = reader.records().filter_map(|row| pair(row.ok()?)).collect();
    pairs.dedup();
    pairs
}

/// The listed prices of `model` at the provider with the host `host`; if that has none, those of the most expensive
/// provider that lists the model. `None` means unknown, not free.
#[must_use]
pub fn find_price_anywhere(host: &str, model: &str) -> Option<ListedPrice> {
    find_price(host, model).or_else(|| {
        let mut reader = csv::Reader::from_reader(DATA.as_bytes());
        let name = bare_name(model);
        let rows = reader.records().filter_map(Result::ok).filter(|row| row.get(1) == Some(name.as_str()));
        let mut hosts: Vec<String> = rows.filter_map(|row| row.get(0).map(str::to_owned)).collect();
        hosts.dedup();
        let listed = hosts.into_iter().filter_map(|host| {
            let found = find_price(&host, model)?;
            Some(ListedPrice { source: format!("{host}, {}", found.source), ..found })
        });
        listed.max_by_key(|listed| {
            let price = listed.price.base(i64::MAX);
            (price.input, price.output)
        })
    })
}

fn parse_row(row: &csv::StringRecord) -> Option<PriceRow> {
    let text = |at: usize| row.get(at).filter(|text| !text.is_empty());
    let token = |at: usize| per_token(text(at)?).ok();
    let (input, output) = (token(4)?, token(7)?);
    let price =
        Price { input, cached_input: token(5).unwrap_or(input), cache_write: token(6).unwrap_or(input), output };
    let from_ms = match text(3) {
        Some(date) => parse_time(date).ok()?,
        None => i64::MIN,
    };
    Some(PriceRow { above: text(2).map_or(Some(0), |above| above.parse().ok())?, from_ms, price })
}

#[cfg(test)]
mod tests;
