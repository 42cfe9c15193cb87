//! Prices by length, date and service tier, against the vectors of the vendors.

use super::*;
use proptest::prelude::*;

const PLAIN: Price = Price { input: Pico(10), cached_input: Pico(1), cache_write: Pico(12), output: Pico(50) };
const LONG: Price = Price { input: Pico(20), cached_input: Pico(2), cache_write: Pico(24), output: Pico(75) };
const LATER: Price = Price { input: Pico(30), cached_input: Pico(3), cache_write: Pico(36), output: Pico(90) };

/// Short and long prompts, and another price of short prompts from 1000 ms on.
fn table() -> PriceTable {
    let row = |above, from_ms, price| PriceRow { above, from_ms, price };
    PriceTable::from_rows(&[row(0, i64::MIN, PLAIN), row(100, i64::MIN, LONG), row(0, 1000, LATER)]).unwrap()
}

#[test]
fn the_row_of_a_request() {
    for (input, at_ms, price) in
        [(0, 0, PLAIN), (100, 999, PLAIN), (101, 999, LONG), (100, 1000, LATER), (101, 1000, LONG)]
    {
        assert_eq!(table().price(input, ServiceTier::Standard, at_ms), price, "{input} at {at_ms}");
    }
    for (table, flex, priority) in [
        (table(), PLAIN.numbers(), PLAIN.numbers()),
        (table().with_tiers(Some(200)), [5, 1, 6, 25], [20, 2, 24, 100]),
        (table().with_tiers(Some(250)), [5, 1, 6, 25], [25, 3, 30, 125]),
        (table().with_tiers(None), [5, 1, 6, 25], PLAIN.numbers()),
    ] {
        let numbers = |tier| table.price(0, tier, 0).numbers();
        assert_eq!((numbers(ServiceTier::Flex), numbers(ServiceTier::Priority)), (flex, priority), "rounded up");
    }
    assert_eq!(PriceTable::from_rows(&[]), None);
}

#[test]
fn the_store_keeps_the_table_of_a_date() {
    let tiered = table().with_tiers(Some(250));
    assert_eq!(tiered.to_text(0), "v2 50 250 0 10 1 12 50 100 20 2 24 75");
    assert_eq!(tiered.to_text(1000), "v2 50 250 0 30 3 36 90 100 20 2 24 75");
    for at_ms in [0, 1000] {
        assert_eq!(PriceTable::from_text(&tiered.to_text(at_ms)), Some(tiered.without_changes(at_ms)));
    }
    for damaged in ["", "v2", "v2 50", "v2 50 200", "v2 50 200 0 1 2 3", "v2 50 200 0 1 2 3 x", "v3 50 200 0 1 2 3 4"] {
        assert_eq!(PriceTable::from_text(damaged), None, "{damaged}");
    }
}

/// Earlier versions wrote four numbers; a cache write was paid in addition to `input`.
#[test]
fn a_price_of_an_earlier_version_keeps_its_meaning() {
    let old = PriceTable::from_text("4000000 400000 5000000 20000000").unwrap();
    let usage = Usage { input: 3000, cached_input: 1000, cache_write: 500, output: 10, reasoning: 0 };
    let as_it_was = 2000 * 4_000_000 + 1000 * 400_000 + 500 * 5_000_000 + 10 * 20_000_000;
    assert_eq!(old.cost(usage, ServiceTier::Standard, 0), Pico(as_it_was));
    assert_eq!(old.cost(usage, ServiceTier::Priority, 0), Pico(as_it_was), "it was a price of batches");
    for damaged in ["1 2 3", "1 2 3 4 5", "1 2 3 x", "1  2 3 4"] {
        assert_eq!(PriceTable::from_text(damaged), None, "{damaged}");
    }
}

fn any_table() -> impl Strategy<Value = PriceTable> {
    let row = prop::array::uniform4(0_i64..1_000_000).prop_map(Price::from_numbers);
    (row, 2_u32..6, 1_u64..1000, 100_u32..300).prop_map(|(price, times, above, priority)| {
        let rows = [(0, i64::MIN, 100), (above, i64::MIN, 100 * times), (0, 500, 100 * times)];
        let rows = rows.map(|(above, from_ms, percent)| PriceRow { above, from_ms, price: price.scaled(percent) });
        PriceTable::from_rows(&rows).unwrap().with_tiers(Some(priority))
    })
}

proptest! {
    /// For any part of the maximum, any caching and any tier.
    #[test]
    fn no_request_costs_more_than_was_reserved(
        table in any_table(),
        max in (0_u64..2000, 0_u64..2000),
        shares in prop::array::uniform4(0_u64..=100),
        at_ms in 0_i64..1000,
        requested in prop::sample::select(vec![ServiceTier::Standard, ServiceTier::Flex, ServiceTier::Priority]),
        is_served_as_requested: bool,
    ) {
        let input = max.0 * shares[0] / 100;
        let cached_input = input * shares[1] / 100;
        let cache_write = (input - cached_input) * shares[2] / 100;
        let usage = Usage { input, cached_input, cache_write, output: max.1 * shares[3] / 100, reasoning: 0 };
        let tier = if is_served_as_requested { requested } else { ServiceTier::Standard };
        let reserved = table.max_cost(Usage { input: max.0, output: max.1, ..Usage::default() }, requested, at_ms);
        prop_assert!(table.cost(usage, tier, at_ms) <= reserved);
        prop_assert_eq!(PriceTable::from_text(&table.to_text(at_ms)), Some(table.without_changes(at_ms)));
        prop_assert_eq!(table.without_changes(at_ms).price(input, tier, 0), table.price(input, tier, at_ms));
    }
}
