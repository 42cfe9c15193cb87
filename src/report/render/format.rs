//! Amounts of money as text.

use crate::base::money::Pico;

/// Dollars with four decimals; amounts below one cent with seven.
pub(crate) fn format_usd(amount: Pico) -> String {
    let dollars = amount.as_usd_f64();
    if amount == Pico::ZERO || dollars >= 0.01 { format!("USD {dollars:.4}") } else { format!("USD {dollars:.7}") }
}

/// A ratio in percent with one decimal.
pub(crate) fn format_percent(ratio: f64) -> String {
    format!("{:.1} %", ratio * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_amounts_have_more_decimals() {
        for (pico, text) in [
            (0, "USD 0.0000"),
            (100_000, "USD 0.0000001"),
            (9_999_000_000, "USD 0.0099990"),
            (10_000_000_000, "USD 0.0100"),
            (459_800_000_000, "USD 0.4598"),
        ] {
            assert_eq!(format_usd(Pico(pico)), text);
        }
        assert_eq!(format_percent(1.02345), "102.3 %");
    }
}
