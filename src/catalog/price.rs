//! What a token costs.

use crate::money::{Pico, per_token};
use crate::usage::Usage;

/// The day on which the list was last compared with the providers' pages.
pub const AS_OF: &str = "2026-11-23";

/// The price of one token of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// A prompt token.
    pub input: Pico,
    /// A prompt token that the provider had cached.
    pub cached_input: Pico,
    /// A token of the reply.
    pub output: Pico,
}

impl Price {
    /// Nothing for anything.
    pub const FREE: Self = Self { input: Pico::ZERO, cached_input: Pico::ZERO, output: Pico::ZERO };

    /// What `usage` costs, exactly.
    #[must_use]
    pub fn cost(&self, usage: Usage) -> Pico {
        let cached = usage.cached_input.min(usage.input);
        self.input.times(usage.input - cached) + self.cached_input.times(cached) + self.output.times(usage.output)
    }
}

/// Host, model, USD per million tokens of input, cached input, output.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

const QUBRID: &str = "platform.qubrid.com";
const OPENAI: &str = "api.openai.com";

/// Prices are a provider's, not a model's: the same model costs more elsewhere.
const LIST: &[Row] = &[
    (QUBRID, "gpt-4o-mini", "0.40", "0.10", "1.60"),
    (OPENAI, "gpt-4o-mini", "0.15", "0.075", "0.60"),
    (OPENAI, "gpt-4o", "2.50", "1.25", "10"),
    (OPENAI, "gpt-4.1", "2.00", "0.50", "8"),
    (OPENAI, "gpt-4.1-mini", "0.40", "0.10", "1.60"),
    (OPENAI, "gpt-4.1-nano", "0.10", "0.025", "0.40"),
    (OPENAI, "o4-mini", "1.10", "0.275", "4.40"),
    (OPENAI, "o3", "2.00", "0.50", "8"),
    (OPENAI, "gpt-5", "1.25", "0.125", "10"),
    (OPENAI, "gpt-5-mini", "0.25", "0.025", "2"),
    (OPENAI, "gpt-5-nano", "0.05", "0.005", "0.40"),
    (OPENAI, "gpt-5.4-mini", "0.75", "0.075", "4.50"),
    (OPENAI, "gpt-5.4-nano", "0.20", "0.02", "1.25"),
];

/// The listed price of `model` at the provider whose base URL has `host`;
/// `None` is unknown, which is not free.
#[must_use]
pub fn listed(host: &str, model: &str) -> Option<Price> {
    let name = super::bare_name(model);
    let row = LIST.iter().find(|row| row.0 == host && row.1 == name)?;
    Some(Price { input: per_token(row.2).ok()?, cached_input: per_token(row.3).ok()?, output: per_token(row.4).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Detail, image_rule};

    #[test]
    fn every_row_is_a_price() {
        for row in LIST {
            assert!(listed(row.0, row.1).is_some(), "{row:?}");
        }
        assert_eq!(listed("localhost", "gpt-4o-mini"), None);
    }

    /// 1000 requests of 60 text tokens, one 1024x1024 image and 100 tokens of output.
    #[test]
    fn cost_vectors() {
        for (host, model, detail, usd) in [
            (OPENAI, "gpt-4o-mini", Detail::High, "3.89415"),
            (OPENAI, "gpt-4o-mini", Detail::Low, "0.49395"),
            (QUBRID, "openai/gpt-4o-mini", Detail::High, "10.3844"),
            (QUBRID, "openai/gpt-4o-mini", Detail::Low, "1.3172"),
            (OPENAI, "gpt-4.1-mini", Detail::High, "0.8476"),
        ] {
            let image = image_rule(model, None).tokens(1024, 1024, detail).unwrap();
            let usage = Usage { input: 60 + image, cached_input: 0, output: 100 };
            let cost = listed(host, model).unwrap().cost(usage).times(1000);
            assert_eq!(cost.to_string(), usd, "{host} {model}");
        }
    }

    #[test]
    fn cached_tokens_have_their_own_price() {
        let price = listed(QUBRID, "gpt-4o-mini").unwrap();
        let usage = Usage { input: 2006, cached_input: 1920, output: 0 };
        assert_eq!(price.cost(usage), Pico(86 * 400_000 + 1920 * 100_000));
    }
}
