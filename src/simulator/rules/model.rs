//! The models of a profile, with their prices and efforts.

use super::effort::Effort;
use crate::simulator::bill::TokenBill;

/// Prices in pico-dollars per token: the same number as micro-dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prices {
    /// Prompt tokens that are neither cached nor written to the cache.
    pub(crate) input: u64,
    /// Prompt tokens that were cached.
    pub(crate) cached: u64,
    /// Prompt tokens that are written to the cache, instead of `input`.
    pub(crate) write: u64,
    /// Reply tokens.
    pub(crate) output: u64,
}

impl Prices {
    pub(crate) const fn new(input: u64, cached: u64, write: u64, output: u64) -> Self {
        Self { input, cached, write, output }
    }

    /// The cost in pico-dollars.
    pub(crate) fn cost(&self, bill: &TokenBill) -> u64 {
        let plain = bill.input.saturating_sub(bill.cached_input + bill.cache_write);
        plain * self.input + bill.cached_input * self.cached + bill.cache_write * self.write + bill.output * self.output
    }
}

/// A service tier.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tier {
    /// `service_tier` of the request.
    pub(crate) asked: &'static str,
    /// `service_tier` of the reply: the tier that was used.
    pub(crate) used: &'static str,
    /// Price in percent of the standard price.
    pub(crate) percent: u64,
}

/// A model of a profile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ModelRules {
    /// Name in requests.
    pub(crate) name: &'static str,
    /// Name in replies.
    pub(crate) snapshot: &'static str,
    /// Whether it takes images.
    pub(crate) sees: bool,
    /// Whether it accepts a system message together with an image.
    pub(crate) takes_system: bool,
    /// Prices of the standard tier.
    pub(crate) prices: Prices,
    /// Prices of prompts with more tokens than this.
    pub(crate) long_prompt: Option<(u64, Prices)>,
    /// Efforts that are accepted. Empty: the model does not reason.
    pub(crate) efforts: &'static [Effort],
    /// Efforts that the error about an effort lists, if they are others than those that are accepted.
    pub(crate) listed: &'static [Effort],
    /// Effort of requests that ask for none.
    pub(crate) default_effort: Effort,
    /// Maximum of reply tokens that a request may allow.
    pub(crate) max_output: u64,
}

impl ModelRules {
    /// A model without reasoning that takes images.
    pub(crate) const fn new(name: &'static str, snapshot: &'static str, prices: Prices) -> Self {
        Self {
            name,
            snapshot,
            sees: true,
            takes_system: true,
            prices,
            long_prompt: None,
            efforts: &[],
            listed: &[],
            default_effort: Effort::None,
            max_output: 128_000,
        }
    }

    /// The model with these efforts.
    pub(crate) const fn reasoning(self, default_effort: Effort, efforts: &'static [Effort]) -> Self {
        Self { efforts, listed: efforts, default_effort, ..self }
    }

    /// The model with other prices for prompts with more than `tokens`: the factors are percents.
    pub(crate) const fn with_step(self, tokens: u64, input_percent: u64, output_percent: u64) -> Self {
        let Prices { input, cached, write, output } = self.prices;
        let above = Prices {
            input: input * input_percent / 100,
            cached: cached * input_percent / 100,
            write: write * input_percent / 100,
            output: output * output_percent / 100,
        };
        Self { long_prompt: Some((tokens, above)), ..self }
    }

    /// The model with this maximum of reply tokens.
    pub(crate) const fn limited(self, max_output: u64) -> Self {
        Self { max_output, ..self }
    }

    /// The model whose error about an effort lists these.
    pub(crate) const fn listing(self, listed: &'static [Effort]) -> Self {
        Self { listed, ..self }
    }

    /// The model that rejects a system message together with an image.
    pub(crate) const fn without_system(self) -> Self {
        Self { takes_system: false, ..self }
    }

    /// The model that takes no images.
    pub(crate) const fn blind(self) -> Self {
        Self { sees: false, ..self }
    }

    /// The cost of a bill in pico-dollars, at `percent` of the standard price.
    pub(crate) fn cost(&self, bill: &TokenBill, percent: u64) -> u64 {
        let prices = match self.long_prompt {
            Some((tokens, prices)) if bill.input > tokens => prices,
            _ => self.prices,
        };
        prices.cost(bill) * percent / 100
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_costs() {
        let sol = ModelRules::new("gpt-5.6-sol", "", Prices::new(4_000_000, 400_000, 5_000_000, 20_000_000));
        let luna = ModelRules::new("gpt-6-luna", "", Prices::new(100_000, 10_000, 125_000, 500_000));
        let six = ModelRules::new("gpt-6-sol", "", Prices::new(2_000_000, 200_000, 2_500_000, 10_000_000));
        let haiku = ModelRules::new("claude-haiku-5-5", "", Prices::new(100_000, 10_000, 125_000, 500_000));
        let (six, haiku) = (six.with_step(272_000, 200, 150), haiku.with_step(100_000, 500, 500));
        for (model, input, cached_input, cache_write, output, pico) in [
            (sol, 4020, 0, 4012, 4, 20_172_000_000),
            (sol, 4020, 4012, 0, 4, 1_716_800_000),
            (luna, 3174, 0, 3174, 0, 396_750_000),
            (luna, 3174, 0, 0, 0, 317_400_000),
            (six, 272_000, 0, 0, 1000, 554_000_000_000),
            (six, 300_000, 0, 0, 1000, 1_215_000_000_000),
            (haiku, 100_000, 0, 0, 1000, 10_500_000_000),
            (haiku, 100_001, 0, 0, 1000, 52_500_500_000),
        ] {
            let bill = TokenBill { input, cached_input, cache_write, output, reasoning: 0 };
            assert_eq!(model.cost(&bill, 100), pico, "{} {input}", model.name);
            assert_eq!(model.cost(&bill, 50), pico / 2);
        }
    }
}
