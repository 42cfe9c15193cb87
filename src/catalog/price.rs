//! Prices of tokens. The data is `data/prices.csv`; each row has its date and source.
//!
//! A price belongs to a provider and a model: providers charge different prices for the same
//! model.

use super::model_name::bare_name;
use crate::base::money::{Pico, per_token};
use crate::base::usage::Usage;

/// Prices per token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// A prompt token.
    pub input: Pico,
    /// A prompt token that the provider had in its cache.
    pub cached_input: Pico,
    /// A prompt token that the provider wrote to its cache, in addition to `input`.
    pub cache_write: Pico,
    /// A reply token.
    pub output: Pico,
}

impl Price {
    /// All tokens are free.
    pub const FREE: Self =
        Self { input: Pico::ZERO, cached_input: Pico::ZERO, cache_write: Pico::ZERO, output: Pico::ZERO };

    /// The exact cost of `usage`. Saturates at nine million dollars.
    #[must_use]
    pub fn cost(&self, usage: Usage) -> Pico {
        let cached = usage.cached_input.min(usage.input);
        self.input.times(usage.input - cached)
            + self.cached_input.times(cached)
            + self.cache_write.times(usage.cache_write)
            + self.output.times(usage.output)
    }

    /// The four prices in pico-dollars per token, separated by spaces. The store keeps this
    /// form; [`Price::from_text`] reads it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let Self { input, cached_input, cache_write, output } = self;
        format!("{} {} {} {}", input.0, cached_input.0, cache_write.0, output.0)
    }

    /// Reads the form that [`Price::to_text`] writes. `None` for any other text.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let numbers: Vec<Pico> = text.split(' ').filter_map(|part| part.parse().ok().map(Pico)).collect();
        let [input, cached_input, cache_write, output] = numbers[..] else { return None };
        Some(Self { input, cached_input, cache_write, output })
    }

    /// Half of each price, rounded up to a whole pico-dollar: the usual price of batches.
    #[must_use]
    pub fn halved(&self) -> Self {
        let half = |price: Pico| Pico((price.0 + 1) / 2);
        Self {
            input: half(self.input),
            cached_input: half(self.cached_input),
            cache_write: half(self.cache_write),
            output: half(self.output),
        }
    }
}

/// A row of the table of prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPrice {
    /// Price of requests that are sent at once.
    pub price: Price,
    /// Price of requests in batches. `None`: unknown, or the provider has no batches.
    pub batch: Option<Price>,
    /// Date of the row, such as `2026-11-23`.
    pub as_of: String,
    /// Source of the row.
    pub source: String,
}

const DATA: &str = include_str!("data/prices.csv");

/// The listed price of `model` at the provider whose base URL has the host `host`. `None`
/// means unknown, not free.
#[must_use]
pub fn find_price(host: &str, model: &str) -> Option<ListedPrice> {
    let name = bare_name(model);
    let mut reader = csv::Reader::from_reader(DATA.as_bytes());
    let matches = |row: &csv::StringRecord| row.get(0) == Some(host) && row.get(1) == Some(name.as_str());
    let row = reader.records().filter_map(Result::ok).find(matches)?;
    parse_row(&row)
}

fn parse_row(row: &csv::StringRecord) -> Option<ListedPrice> {
    let token = |at: usize| per_token(row.get(at).filter(|text| !text.is_empty())?).ok();
    let (input, output) = (token(2)?, token(5)?);
    let cached_input = token(3).unwrap_or(input);
    let price = Price { input, cached_input, cache_write: token(4).unwrap_or(Pico::ZERO), output };
    // A cached token never costs more than one that is not cached.
    let batch = |(input, output)| Price { input, output, cached_input: cached_input.min(input), ..price };
    Some(ListedPrice {
        price,
        batch: token(6).zip(token(7)).map(batch),
        as_of: row.get(8)?.to_owned(),
        source: row.get(9)?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Detail, image_rule};
    use proptest::prelude::*;

    const QUBRID: &str = "platform.qubrid.com";
    const OPENAI: &str = "api.openai.com";
    const GOOGLE: &str = "generativelanguage.googleapis.com";
    const ANTHROPIC: &str = "api.anthropic.com";

    /// Host, model, and pico-dollars per token: input, cached input, cache write, output; batch
    /// input and output.
    type Vector = (&'static str, &'static str, i64, i64, i64, i64, Option<(i64, i64)>);

    #[test]
    fn every_row_to_the_pico_dollar() {
        let vectors: &[Vector] = &[
            (QUBRID, "openai/gpt-4o-mini", 400_000, 100_000, 0, 1_600_000, None),
            (OPENAI, "gpt-4o-mini", 150_000, 75_000, 0, 600_000, Some((75_000, 300_000))),
            (OPENAI, "gpt-4o", 2_500_000, 1_250_000, 0, 10_000_000, Some((1_250_000, 5_000_000))),
            (OPENAI, "gpt-4.1", 2_000_000, 500_000, 0, 8_000_000, Some((1_000_000, 4_000_000))),
            (OPENAI, "gpt-4.1-mini", 400_000, 100_000, 0, 1_600_000, Some((200_000, 800_000))),
            (OPENAI, "gpt-4.1-nano", 100_000, 25_000, 0, 400_000, Some((50_000, 200_000))),
            (OPENAI, "o4-mini", 1_100_000, 275_000, 0, 4_400_000, Some((550_000, 2_200_000))),
            (OPENAI, "o3", 2_000_000, 500_000, 0, 8_000_000, Some((1_000_000, 4_000_000))),
            (OPENAI, "gpt-5", 1_250_000, 125_000, 0, 10_000_000, Some((625_000, 5_000_000))),
            (OPENAI, "gpt-5-mini", 250_000, 25_000, 0, 2_000_000, Some((125_000, 1_000_000))),
            (OPENAI, "gpt-5-nano", 50_000, 5_000, 0, 400_000, Some((25_000, 200_000))),
            (OPENAI, "gpt-5.4", 2_500_000, 250_000, 0, 15_000_000, Some((1_250_000, 7_500_000))),
            (OPENAI, "gpt-5.4-mini", 750_000, 75_000, 0, 4_500_000, Some((375_000, 2_250_000))),
            (OPENAI, "gpt-5.4-nano", 200_000, 20_000, 0, 1_250_000, Some((100_000, 625_000))),
            (OPENAI, "gpt-5.6", 4_000_000, 400_000, 5_000_000, 20_000_000, Some((2_000_000, 10_000_000))),
            (OPENAI, "gpt-5.6-luna", 200_000, 20_000, 250_000, 1_200_000, Some((100_000, 600_000))),
            (OPENAI, "gpt-6-luna", 100_000, 10_000, 125_000, 500_000, Some((50_000, 250_000))),
            (OPENAI, "gpt-6-sol", 2_000_000, 200_000, 2_500_000, 10_000_000, Some((1_000_000, 5_000_000))),
            (GOOGLE, "gemini-2.5-flash-lite", 100_000, 10_000, 0, 400_000, Some((50_000, 200_000))),
            (GOOGLE, "gemini-2.5-flash", 300_000, 30_000, 0, 2_500_000, Some((150_000, 1_250_000))),
            (GOOGLE, "gemini-3.8-flash", 750_000, 75_000, 0, 3_750_000, Some((375_000, 1_875_000))),
            (ANTHROPIC, "claude-haiku-4-5", 1_000_000, 100_000, 1_250_000, 5_000_000, Some((500_000, 2_500_000))),
            (ANTHROPIC, "claude-haiku-5-5", 100_000, 10_000, 125_000, 500_000, Some((50_000, 250_000))),
            (ANTHROPIC, "claude-sonnet-5", 2_000_000, 200_000, 2_500_000, 10_000_000, Some((1_000_000, 5_000_000))),
            ("api.studio.nebius.com", "Qwen/Qwen2.5-VL-72B-Instruct", 250_000, 250_000, 0, 750_000, None),
            ("api.deepinfra.com", "Qwen/Qwen2.5-VL-32B-Instruct", 200_000, 200_000, 0, 600_000, None),
            ("api.together.xyz", "Qwen/Qwen3.5-9B", 170_000, 170_000, 0, 250_000, None),
        ];
        for (host, model, input, cached, write, output, batch) in vectors {
            let found = find_price(host, model).unwrap();
            let price = found.price;
            assert_eq!(
                (price.input.0, price.cached_input.0, price.cache_write.0, price.output.0),
                (*input, *cached, *write, *output),
                "{host} {model}"
            );
            assert_eq!(found.batch.map(|batch| (batch.input.0, batch.output.0)), *batch, "{host} {model}");
            assert!(!found.as_of.is_empty() && !found.source.is_empty());
        }
        assert_eq!(vectors.len(), DATA.trim().lines().count() - 1, "every row has a vector");
        assert_eq!(find_price("localhost", "gpt-4o-mini"), None);
    }

    /// The cost of 1000 requests with 60 tokens of text, one image of 1024 x 1024 pixels and a
    /// reply of 100 tokens.
    #[test]
    fn cost_vectors() {
        for (host, model, detail, usd, batch) in [
            (OPENAI, "gpt-4o-mini", Detail::High, "3.89415", Some("1.947075")),
            (OPENAI, "gpt-4o-mini", Detail::Low, "0.49395", Some("0.246975")),
            (QUBRID, "openai/gpt-4o-mini", Detail::High, "10.3844", None),
            (QUBRID, "openai/gpt-4o-mini", Detail::Low, "1.3172", None),
            (OPENAI, "gpt-4.1-mini", Detail::High, "0.8476", Some("0.4238")),
        ] {
            let image = image_rule(model, None).tokens(1024, 1024, detail).unwrap();
            let usage = Usage { input: 60 + image, output: 100, ..Usage::default() };
            let found = find_price(host, model).unwrap();
            let thousand = |price: Price| price.cost(usage).times(1000).to_string();
            assert_eq!(thousand(found.price), usd, "{host} {model}");
            assert_eq!(found.batch.map(thousand).as_deref(), batch, "{host} {model}");
            if batch.is_some() {
                assert_eq!(found.batch.map(thousand), Some(thousand(found.price.halved())));
            }
        }
    }

    #[test]
    fn a_price_is_read_back_from_its_text() {
        let price = find_price(OPENAI, "gpt-5.6").unwrap().price;
        assert_eq!(Price::from_text(&price.to_text()), Some(price));
        assert_eq!(Price::from_text("1 2 3"), None);
    }

    #[test]
    fn cached_and_written_tokens_have_their_own_prices() {
        let price = find_price(QUBRID, "gpt-4o-mini").unwrap().price;
        let usage = Usage { input: 2006, cached_input: 1920, ..Usage::default() };
        assert_eq!(price.cost(usage), Pico(86 * 400_000 + 1920 * 100_000));
        let price = find_price(OPENAI, "gpt-5.6").unwrap().price;
        let usage = Usage { input: 3000, cached_input: 1000, cache_write: 500, output: 10, reasoning: 0 };
        assert_eq!(price.cost(usage), Pico(2000 * 4_000_000 + 1000 * 400_000 + 500 * 5_000_000 + 10 * 20_000_000));
    }

    fn any_price() -> impl Strategy<Value = Price> {
        let token = || (0_i64..1_000_000_000).prop_map(Pico);
        (token(), token(), token(), token()).prop_map(|(input, cached_input, cache_write, output)| Price {
            input,
            cached_input,
            cache_write,
            output,
        })
    }

    fn any_usage() -> impl Strategy<Value = Usage> {
        let tokens = || 0_u64..3_000_000;
        (tokens(), tokens(), tokens(), tokens()).prop_map(|(input, cached_input, cache_write, output)| Usage {
            input,
            cached_input,
            cache_write,
            output,
            reasoning: 0,
        })
    }

    proptest! {
        #[test]
        fn every_price_is_read_back_from_its_text(price in any_price()) {
            prop_assert_eq!(Price::from_text(&price.to_text()), Some(price));
        }

        /// The cost against the sum over single tokens, in wider integers.
        #[test]
        fn the_cost_is_the_sum_over_all_tokens(price in any_price(), usage in any_usage()) {
            let cached = usage.cached_input.min(usage.input);
            let sum = [
                (price.input, usage.input - cached),
                (price.cached_input, cached),
                (price.cache_write, usage.cache_write),
                (price.output, usage.output),
            ]
            .iter()
            .map(|(token, count)| i128::from(token.0) * i128::from(*count))
            .sum::<i128>();
            prop_assert_eq!(price.cost(usage).0, i64::try_from(sum).unwrap_or(i64::MAX));
        }

        #[test]
        fn more_tokens_never_cost_less(price in any_price(), usage in any_usage(), more in any_usage()) {
            let both = Usage {
                input: usage.input + more.input,
                cache_write: usage.cache_write + more.cache_write,
                output: usage.output + more.output,
                ..usage
            };
            prop_assert!(price.cost(both) >= price.cost(usage));
            prop_assert_eq!(Price::FREE.cost(usage), Pico::ZERO);
        }

        #[test]
        fn half_a_price_is_rounded_up(price in any_price(), usage in any_usage()) {
            let (whole, half) = (price.cost(usage).0, price.halved().cost(usage).0);
            let tokens = i64::try_from(usage.input + usage.cache_write + usage.output).unwrap();
            prop_assert!(2 * half >= whole && 2 * half <= whole + tokens, "{half} of {whole}");
        }
    }
}
