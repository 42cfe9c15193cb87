//! What single tokens cost.

use crate::base::money::Pico;
use crate::base::usage::Usage;

/// Prices per token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// A prompt token.
    pub input: Pico,
    /// A prompt token that the provider had in its cache.
    pub cached_input: Pico,
    /// A prompt token that the provider wrote to its cache, instead of `input`.
    pub cache_write: Pico,
    /// A reply token.
    pub output: Pico,
}

impl Price {
    /// All tokens are free.
    pub const FREE: Self =
        Self { input: Pico::ZERO, cached_input: Pico::ZERO, cache_write: Pico::ZERO, output: Pico::ZERO };

    /// The exact cost of `usage`: every prompt token is billed as read from the cache, as
    /// written to it, or as neither. Saturates at nine million dollars.
    #[must_use]
    pub fn cost(&self, usage: Usage) -> Pico {
        let cached = usage.cached_input.min(usage.input);
        // A router may report the same tokens as read and as written.
        let rest = usage.input.saturating_sub(cached).saturating_sub(usage.cache_write);
        self.input.times(rest)
            + self.cached_input.times(cached)
            + self.cache_write.times(usage.cache_write)
            + self.output.times(usage.output)
    }

    /// The maximum cost of `usage`, however the prompt is cached.
    #[must_use]
    pub fn max_cost(&self, usage: Usage) -> Pico {
        let token = self.input.max(self.cached_input).max(self.cache_write);
        token.times(usage.input) + self.output.times(usage.output)
    }

    /// Each price times `percent` / 100, rounded up to a whole pico-dollar.
    #[must_use]
    pub fn scaled(&self, percent: u32) -> Self {
        let scale = |price: Pico| {
            let scaled = (i128::from(price.0) * i128::from(percent) + 99) / 100;
            Pico(i64::try_from(scaled).unwrap_or(i64::MAX))
        };
        Self {
            input: scale(self.input),
            cached_input: scale(self.cached_input),
            cache_write: scale(self.cache_write),
            output: scale(self.output),
        }
    }

    /// Half of each price: the usual price of batches.
    #[must_use]
    pub fn halved(&self) -> Self {
        self.scaled(50)
    }

    /// The four prices in pico-dollars per token.
    pub(crate) fn numbers(&self) -> [i64; 4] {
        [self.input.0, self.cached_input.0, self.cache_write.0, self.output.0]
    }

    pub(crate) fn from_numbers([input, cached_input, cache_write, output]: [i64; 4]) -> Self {
        let [input, cached_input, cache_write, output] = [input, cached_input, cache_write, output].map(Pico);
        Self { input, cached_input, cache_write, output }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SOL: Price = Price {
        input: Pico(4_000_000),
        cached_input: Pico(400_000),
        cache_write: Pico(5_000_000),
        output: Pico(20_000_000),
    };

    /// Published replies, in pico-dollars.
    #[test]
    fn prompt_tokens_are_billed_once() {
        let usage = |input, cached_input, cache_write, output| Usage {
            input,
            cached_input,
            cache_write,
            output,
            ..Usage::default()
        };
        for (usage, cost) in [
            (usage(4020, 0, 4012, 4), 20_172_000_000),
            (usage(4020, 4012, 0, 4), 1_716_800_000),
            (usage(3000, 1000, 500, 10), 1500 * 4_000_000 + 1000 * 400_000 + 500 * 5_000_000 + 10 * 20_000_000),
            // A router that reports the same tokens twice, and counts that do not add up.
            (usage(2161, 2161, 2161, 0), 2161 * (400_000 + 5_000_000)),
            (usage(10, 20, 0, 0), 10 * 400_000),
        ] {
            assert_eq!(SOL.cost(usage), Pico(cost), "{usage:?}");
        }
        let luna = Price {
            input: Pico(100_000),
            cached_input: Pico(10_000),
            cache_write: Pico(125_000),
            output: Pico(500_000),
        };
        assert_eq!(luna.cost(usage(3174, 0, 3174, 0)), Pico(396_750_000), "an implicit cache write");
        assert_eq!(luna.cost(usage(3174, 0, 0, 0)), Pico(317_400_000), "no cache write");
    }

    fn any_price() -> impl Strategy<Value = Price> {
        prop::array::uniform4(0_i64..1_000_000_000).prop_map(Price::from_numbers)
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
        /// The cost against the sum over single tokens, in wider integers.
        #[test]
        fn the_cost_is_the_sum_over_all_tokens(price in any_price(), usage in any_usage()) {
            let cached = usage.cached_input.min(usage.input);
            let sum = [
                (price.input, (usage.input - cached).saturating_sub(usage.cache_write)),
                (price.cached_input, cached),
                (price.cache_write, usage.cache_write),
                (price.output, usage.output),
            ]
            .iter()
            .map(|(token, count)| i128::from(token.0) * i128::from(*count))
            .sum::<i128>();
            prop_assert_eq!(price.cost(usage).0, i64::try_from(sum).unwrap_or(i64::MAX));
            prop_assert_eq!(Price::FREE.cost(usage), Pico::ZERO);
        }

        /// However a prompt is split into cached, written and other tokens.
        #[test]
        fn no_cost_exceeds_the_maximum(price in any_price(), usage in any_usage(), cached: f64, written: f64) {
            let part = |of: u64, share: f64| of * u64::from((share.abs().fract() * 1000.0) as u32) / 1000;
            let cached_input = part(usage.input, cached);
            let cache_write = part(usage.input - cached_input, written);
            let usage = Usage { cached_input, cache_write, ..usage };
            prop_assert!(price.cost(usage) <= price.max_cost(usage));
        }

        #[test]
        fn half_a_price_is_rounded_up(price in any_price(), usage in any_usage()) {
            let usage = Usage { cached_input: 0, cache_write: 0, ..usage };
            let (whole, half) = (price.cost(usage).0, price.halved().cost(usage).0);
            let tokens = i64::try_from(usage.input + usage.output).unwrap();
            prop_assert!(2 * half >= whole && 2 * half <= whole + tokens, "{half} of {whole}");
            prop_assert_eq!(price.scaled(100), price);
            prop_assert_eq!(price.scaled(250).input.0, (price.input.0 * 5 + 1) / 2);
        }
    }
}
