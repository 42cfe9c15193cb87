//! `provider.price`: what tokens cost.

use crate::base::money::{Pico, per_token};
use crate::catalog::{ListedPrice, Price, PriceTable, find_price_anywhere, priced_models};
use crate::manifest::check::Check;
use crate::manifest::faults::nearest_name;
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
    /// Price of prompt tokens that the provider writes to its cache, in USD per million, instead of `input` (default: `input`).
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
    /// What the manifest states is the price of the service tier that requests ask for.
    pub(crate) fn check(&self, check: &mut Check) -> Option<ListedPrice> {
        let mut token = |key: &str, usd: Option<f64>, default: Pico| match usd {
            Some(usd) => check.parse(&format!("/provider/price/{key}"), Some(&usd.to_string()), per_token),
            None => Some(default),
        };
        let input = token("input", Some(self.input), Pico::ZERO)?;
        let price = Price {
            input,
            cached_input: token("cached_input", self.cached_input, input)?,
            cache_write: token("cache_write", self.cache_write, input)?,
            output: token("output", Some(self.output), Pico::ZERO)?,
        };
        let half = price.halved();
        let batch_input = token("batch_input", self.batch_input, half.input)?;
        let batch = Price {
            input: batch_input,
            output: token("batch_output", self.batch_output, half.output)?,
            // Without a stated price a token costs as much as any other prompt token, also in batches.
            cached_input: if self.cached_input.is_some() { half.cached_input } else { batch_input },
            cache_write: if self.cache_write.is_some() { half.cache_write } else { batch_input },
        };
        Some(ListedPrice {
            price: PriceTable::flat(price),
            batch: Some(PriceTable::flat(batch)),
            as_of: String::new(),
            source: "the manifest".into(),
        })
    }
}

/// How to state the price of `model` at `host`, which is not listed. It may be listed at another provider.
pub(crate) fn missing_price_hint(host: &str, model: &str) -> String {
    let how = "set provider.price: {input: …, output: …} in USD per million tokens; 0 means free";
    let Some(elsewhere) = find_price_anywhere(host, model) else {
        return match similar_model(host, model) {
            Some(similar) => format!("did you mean `{similar}`? otherwise {how}"),
            None => how.to_owned(),
        };
    };
    // Prices of short prompts.
    let price = elsewhere.price.base(i64::MAX);
    let usd = |token: Pico| token.times(1_000_000).to_string();
    let (input, output) = (usd(price.input), usd(price.output));
    let ListedPrice { source, as_of, .. } = elsewhere;
    format!("{how}; elsewhere it costs {{input: {input}, output: {output}}} ({source}, {as_of})")
}

/// A model with a price at `host` whose name differs from that of `model` by a typing mistake: at most two characters.
fn similar_model(host: &str, model: &str) -> Option<String> {
    const MAX_DIFFERENCE: usize = 2;
    let (vendor, name) = model.rsplit_once('/').map_or(("", model), |(vendor, name)| (vendor, name));
    let priced = priced_models();
    let at_host = priced.iter().filter(|(at, _)| at == host).map(|(_, name)| name.as_str());
    let nearest = nearest_name(name, at_host)?;
    let is_near = strsim::damerau_levenshtein(&name.to_lowercase(), nearest) <= MAX_DIFFERENCE;
    is_near.then(|| if vendor.is_empty() { nearest.to_owned() } else { format!("{vendor}/{nearest}") })
}

/// The price at the simulator, whose costs are simulated.
pub(crate) fn simulator_price() -> ListedPrice {
    let free = PriceTable::FREE;
    ListedPrice { price: free, batch: Some(free), as_of: String::new(), source: "the simulator".into() }
}
