//! `provider.price`: what tokens cost.

use crate::base::money::{Pico, per_token};
use crate::catalog::{ListedPrice, Price};
use crate::manifest::check::Check;
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPrice {
    /// Price of prompt tokens, in USD per million.
    #[schemars(range(min = 0.0))]
    input: f64,
    /// Price of prompt tokens that the provider had in its cache, in USD per million (default: `input`).
    #[schemars(range(min = 0.0))]
    cached_input: Option<f64>,
    /// Price of prompt tokens that the provider writes to its cache, in USD per million, in addition to `input` (default 0).
    #[schemars(range(min = 0.0))]
    cache_write: Option<f64>,
    /// Price of reply tokens, in USD per million.
    #[schemars(range(min = 0.0))]
    output: f64,
    /// Price of prompt tokens in batches, in USD per million (default: half of `input`).
    #[schemars(range(min = 0.0))]
    batch_input: Option<f64>,
    /// Price of reply tokens in batches, in USD per million (default: half of `output`).
    #[schemars(range(min = 0.0))]
    batch_output: Option<f64>,
}

impl RawPrice {
    pub(crate) fn check(&self, check: &mut Check) -> Option<ListedPrice> {
        let mut token = |key: &str, usd: Option<f64>, default: Pico| match usd {
            Some(usd) => check.parse(&format!("/provider/price/{key}"), Some(&usd.to_string()), per_token),
            None => Some(default),
        };
        let input = token("input", Some(self.input), Pico::ZERO)?;
        let price = Price {
            input,
            cached_input: token("cached_input", self.cached_input, input)?,
            cache_write: token("cache_write", self.cache_write, Pico::ZERO)?,
            output: token("output", Some(self.output), Pico::ZERO)?,
        };
        let half = price.halved();
        let batch = Price {
            input: token("batch_input", self.batch_input, half.input)?,
            output: token("batch_output", self.batch_output, half.output)?,
            ..half
        };
        Some(ListedPrice { price, batch: Some(batch), as_of: String::new(), source: "the manifest".into() })
    }
}

/// The price at the simulator, whose costs are simulated.
pub(crate) fn simulator_price() -> ListedPrice {
    ListedPrice { price: Price::FREE, batch: Some(Price::FREE), as_of: String::new(), source: "the simulator".into() }
}
