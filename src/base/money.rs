//! Money as integer pico-dollars (1e-12 USD). Sums are exact in any order.
//!
//! An `i64` holds nine million dollars. A price with up to six decimals per million tokens is an
//! integer number of pico-dollars per token.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

/// Pico-dollars in one dollar.
const PER_USD: i64 = 1_000_000_000_000;

/// An amount of money in pico-dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pico(pub i64);

impl Pico {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// The part of it that each of `parts` gets.
    #[must_use]
    pub fn divided_by(self, parts: u32) -> Self {
        Self(self.0 / i64::from(parts.max(1)))
    }

    /// Parses a decimal number of dollars, such as `5`, `0.40` or `1e-3`.
    ///
    /// # Errors
    /// If the text is not a decimal number, is negative, has more than twelve decimals, or is more
    /// than nine million dollars.
    pub fn from_usd(text: &str) -> Result<Self, String> {
        scaled(text, 12).map(Self)
    }

    /// `count` times this amount. Saturates.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(i64::try_from(count).unwrap_or(i64::MAX)))
    }

    /// What `part` pages cost, if this is the cost of `whole`. Saturates.
    #[must_use]
    pub fn of_pages(self, part: u64, whole: u64) -> Self {
        let share = i128::from(self.0) * i128::from(part) / i128::from(whole.max(1));
        Self(i64::try_from(share).unwrap_or(i64::MAX))
    }

    /// Splits the amount into `parts` equal amounts. The first one gets the remainder, so that the
    /// sum is exact.
    pub fn split(self, parts: usize) -> impl Iterator<Item = Self> {
        let count = i64::try_from(parts.max(1)).unwrap_or(i64::MAX);
        let (each, rest) = (self.0 / count, self.0 % count);
        (0..parts).map(move |at| Self(if at == 0 { each + rest } else { each }))
    }

    /// The amount in dollars, for display and ratios only.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "display only")]
    pub fn as_usd_f64(self) -> f64 {
        self.0 as f64 / PER_USD as f64
    }
}

/// Dollars as an exact decimal without trailing zeros: `0.0102004`.
impl fmt::Display for Pico {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) = (self.0.unsigned_abs() / PER_USD as u64, self.0.unsigned_abs() % PER_USD as u64);
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let decimals = format!("{rest:012}");
        write!(f, "{sign}{whole}.{}", decimals.trim_end_matches('0'))
    }
}

impl Add for Pico {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Pico {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Pico {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for Pico {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// The price of one token, from a decimal number of dollars per million tokens.
///
/// # Errors
/// As [`Pico::from_usd`], and if there are more than six decimals.
pub fn per_token(usd_per_million: &str) -> Result<Pico, String> {
    scaled(usd_per_million, 6).map(Pico)
}

/// A decimal number times `10^places`, exactly.
fn scaled(text: &str, places: i32) -> Result<i64, String> {
    let text = text.trim();
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((m, e)) => (m, e.parse::<i32>().map_err(|_| format!("`{text}` is not a number"))?),
        None => (text, 0),
    };
    let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{decimals}");
    if digits.is_empty() || digits.len() > 30 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("`{text}` is not an amount in USD"));
    }
    let too_large = || format!("`{text}` is too large");
    let shift = places + exponent.clamp(-40, 40) - i32::try_from(decimals.len()).unwrap_or(40);
    let mut value: i128 = digits.parse().map_err(|_| too_large())?;
    for _ in 0..shift.unsigned_abs() {
        if shift > 0 {
            value = value.checked_mul(10).ok_or_else(too_large)?;
        } else if value % 10 == 0 {
            value /= 10;
        } else {
            return Err(format!("`{text}` has too many decimals"));
        }
    }
    i64::try_from(value).map_err(|_| too_large())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prices_are_exact() {
        for (text, pico) in [
            ("0.40", 400_000),
            ("0.1", 100_000),
            ("1.60", 1_600_000),
            ("0.075", 75_000),
            ("0", 0),
            ("2.5e0", 2_500_000),
        ] {
            assert_eq!(per_token(text), Ok(Pico(pico)), "{text}");
        }
        for bad in ["", "-1", "abc", "0.1234567", "1e30"] {
            assert!(per_token(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn amounts_are_printed_as_decimals() {
        for (pico, text) in [
            (0, "0"),
            (10_200_400_000, "0.0102004"),
            (PER_USD * 5, "5"),
            (-1, "-0.000000000001"),
            (-PER_USD * 3 / 2, "-1.5"),
            (i64::MAX, "9223372.036854775807"),
            (i64::MIN, "-9223372.036854775808"),
        ] {
            assert_eq!(Pico(pico).to_string(), text);
        }
    }

    #[test]
    fn amounts_are_parsed_exactly_or_not_at_all() {
        for (text, pico) in [
            ("5", 5 * PER_USD),
            (" 0.40 ", 400_000_000_000),
            (".5", PER_USD / 2),
            ("5.", 5 * PER_USD),
            ("1e-3", 1_000_000_000),
            ("12E2", 1200 * PER_USD),
            ("0.000000000001", 1),
            ("1.0000000000000", PER_USD),
            ("10e-13", 1),
            ("9223372.036854775807", i64::MAX),
            ("0e99", 0),
        ] {
            assert_eq!(Pico::from_usd(text), Ok(Pico(pico)), "{text}");
        }
        for (text, words) in [
            ("-1", "is not an amount in USD"),
            ("+1", "is not an amount in USD"),
            ("$5", "is not an amount in USD"),
            ("1,5", "is not an amount in USD"),
            ("1.2.3", "is not an amount in USD"),
            (".", "is not an amount in USD"),
            ("1e", "is not a number"),
            ("1ex", "is not a number"),
            ("0.0000000000001", "has too many decimals"),
            ("1e-13", "has too many decimals"),
            ("9223372.036854775808", "is too large"),
            ("1e40", "is too large"),
        ] {
            let error = Pico::from_usd(text).unwrap_err();
            assert!(error.contains(words) && error.contains(text), "{text}: {error}");
        }
    }

    #[test]
    fn sums_and_products_saturate() {
        let most = Pico(i64::MAX);
        assert_eq!([most + Pico(1), most.times(2), Pico(1).times(u64::MAX)], [most; 3]);
        assert_eq!(Pico(i64::MIN) - Pico(1), Pico(i64::MIN));
    }

    proptest! {
        #[test]
        fn what_is_printed_is_parsed_back(pico in 0_i64..) {
            prop_assert_eq!(Pico::from_usd(&Pico(pico).to_string()), Ok(Pico(pico)));
        }

        #[test]
        fn a_price_times_a_million_is_the_price_per_million(whole in 0_u32..100_000, decimals in 0_u32..1_000_000) {
            let text = format!("{whole}.{decimals:06}");
            prop_assert_eq!(per_token(&text).unwrap().times(1_000_000), Pico::from_usd(&text).unwrap());
        }

        #[test]
        fn parts_sum_to_the_whole_and_differ_by_less_than_their_number(pico: i64, parts in 1_usize..9) {
            let split: Vec<Pico> = Pico(pico).split(parts).collect();
            prop_assert_eq!(split.len(), parts);
            prop_assert_eq!(split.iter().copied().sum::<Pico>(), Pico(pico));
            prop_assert!(split[1..].iter().all(|part| *part == split[parts - 1]));
            prop_assert!(split[0].0.abs_diff(split[parts - 1].0) < parts as u64);
        }

        #[test]
        fn sums_do_not_depend_on_the_order(mut amounts in proptest::collection::vec(-1_000_000_000_000_i64..1_000_000_000_000, 0..50)) {
            let sum = |amounts: &[i64]| amounts.iter().map(|amount| Pico(*amount)).sum::<Pico>();
            let before = sum(&amounts);
            amounts.sort_unstable();
            prop_assert_eq!(sum(&amounts), before);
            prop_assert_eq!(before.0, amounts.iter().sum::<i64>());
        }
    }
}
