//! Every row of the list to the pico-dollar, and published costs.

use super::*;
use crate::base::money::Pico;
use crate::base::usage::Usage;
use crate::catalog::{Detail, ServiceTier, image_rule};

const QUBRID: &str = "platform.qubrid.com";
const OPENAI: &str = "api.openai.com";
const GOOGLE: &str = "generativelanguage.googleapis.com";
const ANTHROPIC: &str = "api.anthropic.com";
const DASHSCOPE: &str = "dashscope-intl.aliyuncs.com";

/// 2026-11-26T13:00:00Z.
const NOW: i64 = 1_795_698_000_000;
/// 2027-01-01T00:00:00Z.
const NEW_YEAR: i64 = 1_798_761_600_000;

/// Host, model, the shortest prompt that has the price, and pico-dollars per token: input,
/// cached input, cache write, output; whether a batch costs half.
type Vector = (&'static str, &'static str, u64, [i64; 4], bool);

const VECTORS: &[Vector] = &[
    (QUBRID, "openai/gpt-4o-mini", 0, [400_000, 100_000, 400_000, 1_600_000], false),
    (OPENAI, "gpt-4o-mini", 0, [150_000, 75_000, 150_000, 600_000], true),
    (OPENAI, "gpt-4o", 0, [2_500_000, 1_250_000, 2_500_000, 10_000_000], true),
    (OPENAI, "gpt-4.1", 0, [2_000_000, 500_000, 2_000_000, 8_000_000], true),
    (OPENAI, "gpt-4.1-mini", 0, [400_000, 100_000, 400_000, 1_600_000], true),
    (OPENAI, "gpt-4.1-nano", 0, [100_000, 25_000, 100_000, 400_000], true),
    (OPENAI, "o4-mini", 0, [1_100_000, 275_000, 1_100_000, 4_400_000], true),
    (OPENAI, "o3", 0, [2_000_000, 500_000, 2_000_000, 8_000_000], true),
    (OPENAI, "gpt-5", 0, [1_250_000, 125_000, 1_250_000, 10_000_000], true),
    (OPENAI, "gpt-5-mini", 0, [250_000, 25_000, 250_000, 2_000_000], true),
    (OPENAI, "gpt-5-nano", 0, [50_000, 5_000, 50_000, 400_000], true),
    (OPENAI, "gpt-5.1", 0, [1_250_000, 125_000, 1_250_000, 10_000_000], true),
    (OPENAI, "gpt-5.2", 0, [1_750_000, 175_000, 1_750_000, 14_000_000], true),
    (OPENAI, "gpt-5.4", 0, [2_500_000, 250_000, 2_500_000, 15_000_000], true),
    (OPENAI, "gpt-5.4", 272_001, [5_000_000, 500_000, 5_000_000, 22_500_000], true),
    (OPENAI, "gpt-5.4-mini", 0, [750_000, 75_000, 750_000, 4_500_000], true),
    (OPENAI, "gpt-5.4-nano", 0, [200_000, 20_000, 200_000, 1_250_000], true),
    (OPENAI, "gpt-5.5", 0, [5_000_000, 500_000, 5_000_000, 30_000_000], true),
    (OPENAI, "gpt-5.5", 272_001, [10_000_000, 1_000_000, 10_000_000, 45_000_000], true),
    (OPENAI, "gpt-5.6", 0, [4_000_000, 400_000, 5_000_000, 20_000_000], true),
    (OPENAI, "gpt-5.6", 272_001, [8_000_000, 800_000, 10_000_000, 30_000_000], true),
    (OPENAI, "gpt-5.6-sol-2026-07-09", 0, [4_000_000, 400_000, 5_000_000, 20_000_000], true),
    (OPENAI, "gpt-5.6-sol", 272_001, [8_000_000, 800_000, 10_000_000, 30_000_000], true),
    (OPENAI, "gpt-5.6-terra", 0, [2_000_000, 200_000, 2_500_000, 12_000_000], true),
    (OPENAI, "gpt-5.6-terra", 272_001, [4_000_000, 400_000, 5_000_000, 18_000_000], true),
    (OPENAI, "gpt-5.6-luna", 0, [200_000, 20_000, 250_000, 1_200_000], true),
    (OPENAI, "gpt-5.6-luna", 272_001, [400_000, 40_000, 500_000, 1_800_000], true),
    (OPENAI, "gpt-6-astra-2026-09-03", 0, [10_000_000, 1_000_000, 12_500_000, 50_000_000], true),
    (OPENAI, "gpt-6-astra", 272_001, [20_000_000, 2_000_000, 25_000_000, 75_000_000], true),
    (OPENAI, "gpt-6-sol-2026-09-22", 0, [2_000_000, 200_000, 2_500_000, 10_000_000], true),
    (OPENAI, "gpt-6-sol", 272_001, [4_000_000, 400_000, 5_000_000, 15_000_000], true),
    (OPENAI, "gpt-6-luna", 272_000, [100_000, 10_000, 125_000, 500_000], true),
    (OPENAI, "gpt-6-luna-2026-09-22", 272_001, [200_000, 20_000, 250_000, 750_000], true),
    (OPENAI, "gpt-6.1-sol-2026-09-29", 0, [2_000_000, 100_000, 2_500_000, 10_000_000], true),
    (OPENAI, "gpt-6.1-sol", 272_001, [4_000_000, 200_000, 5_000_000, 15_000_000], true),
    (OPENAI, "gpt-6.1-terra", 0, [1_000_000, 50_000, 1_250_000, 5_000_000], true),
    (OPENAI, "gpt-6.1-terra", 272_001, [2_000_000, 100_000, 2_500_000, 7_500_000], true),
    (GOOGLE, "gemini-2.5-flash-lite", 0, [100_000, 10_000, 100_000, 400_000], true),
    (GOOGLE, "models/gemini-2.5-flash", 0, [300_000, 30_000, 300_000, 2_500_000], true),
    (GOOGLE, "gemini-3.1-flash-lite", 0, [250_000, 25_000, 250_000, 1_500_000], true),
    (GOOGLE, "gemini-3.5-flash", 0, [1_500_000, 150_000, 1_500_000, 9_000_000], true),
    (GOOGLE, "gemini-3.5-flash-lite", 0, [300_000, 30_000, 300_000, 2_500_000], true),
    (GOOGLE, "gemini-3.6-flash", 0, [750_000, 75_000, 750_000, 3_750_000], true),
    (GOOGLE, "gemini-3.7-flash", 0, [750_000, 75_000, 750_000, 3_750_000], true),
    (GOOGLE, "google/gemini-3.8-flash", 0, [750_000, 75_000, 750_000, 3_750_000], true),
    (GOOGLE, "gemini-flash-latest", 0, [750_000, 75_000, 750_000, 3_750_000], true),
    (GOOGLE, "gemini-3.1-pro-preview", 200_000, [2_000_000, 200_000, 2_000_000, 12_000_000], true),
    (GOOGLE, "gemini-3.1-pro-preview", 200_001, [4_000_000, 400_000, 4_000_000, 18_000_000], true),
    (GOOGLE, "gemini-4-hydrogen", 0, [1_500_000, 75_000, 1_500_000, 7_500_000], true),
    (GOOGLE, "gemini-4-argon", 0, [2_000_000, 100_000, 2_000_000, 10_000_000], true),
    (ANTHROPIC, "claude-haiku-4-5-20251001", 0, [1_000_000, 100_000, 1_250_000, 5_000_000], true),
    (ANTHROPIC, "claude-haiku-5-5", 100_000, [100_000, 10_000, 125_000, 500_000], true),
    (ANTHROPIC, "claude-haiku-5-5", 100_001, [500_000, 50_000, 625_000, 2_500_000], true),
    (ANTHROPIC, "claude-sonnet-4-6", 0, [3_000_000, 300_000, 3_750_000, 15_000_000], true),
    (ANTHROPIC, "claude-sonnet-5", 0, [2_000_000, 200_000, 2_500_000, 10_000_000], true),
    (ANTHROPIC, "claude-sonnet-5-5", 0, [2_000_000, 100_000, 2_500_000, 10_000_000], true),
    (ANTHROPIC, "claude-opus-5-5", 0, [4_000_000, 200_000, 5_000_000, 20_000_000], true),
    (ANTHROPIC, "claude-fable-5-1", 0, [10_000_000, 250_000, 12_500_000, 50_000_000], true),
    ("api.studio.nebius.com", "Qwen/Qwen2.5-VL-72B-Instruct", 0, [250_000, 250_000, 250_000, 750_000], false),
    ("api.deepinfra.com", "Qwen/Qwen2.5-VL-32B-Instruct", 0, [200_000, 200_000, 200_000, 600_000], false),
    ("api.deepinfra.com", "Qwen/Qwen3-VL-30B-A3B-Instruct", 0, [150_000, 150_000, 150_000, 600_000], false),
    ("api.fireworks.ai", "qwen3-vl-30b-a3b-instruct", 0, [150_000, 150_000, 150_000, 600_000], false),
    ("api.together.xyz", "Qwen/Qwen3.5-9B", 0, [170_000, 170_000, 170_000, 250_000], false),
    (DASHSCOPE, "qwen3.8-flash", 0, [150_000, 16_000, 200_000, 470_000], false),
    (DASHSCOPE, "qwen3-vl-plus", 32_000, [200_000, 200_000, 200_000, 1_600_000], false),
    (DASHSCOPE, "qwen3-vl-plus", 128_000, [300_000, 300_000, 300_000, 2_400_000], false),
    (DASHSCOPE, "qwen3-vl-plus", 128_001, [600_000, 600_000, 600_000, 4_800_000], false),
    (DASHSCOPE, "qwen3.5-plus", 0, [400_000, 400_000, 400_000, 2_400_000], false),
    ("api.mistral.ai", "mistral-medium-3-5", 0, [1_500_000, 150_000, 1_500_000, 7_500_000], false),
    ("api.groq.com", "qwen/qwen3.8-27b", 0, [800_000, 800_000, 800_000, 4_000_000], false),
];

#[test]
fn every_row_to_the_pico_dollar() {
    for (host, model, input, expected, has_batch) in VECTORS {
        let found = find_price(host, model).unwrap_or_else(|| panic!("{host} {model}"));
        let price = found.price.price(*input, ServiceTier::Standard, NOW);
        assert_eq!(price.numbers(), *expected, "{host} {model} {input}");
        let batch = found.batch.map(|batch| batch.price(*input, ServiceTier::Standard, NOW).numbers());
        assert_eq!(batch, has_batch.then(|| expected.map(|price| price / 2)), "{host} {model} {input}");
        assert!(!found.as_of.is_empty() && !found.source.is_empty());
    }
    // The four rows that begin next year are tested below.
    assert_eq!(VECTORS.len() + 4, DATA.trim().lines().count() - 1, "every row has a vector");
    assert_eq!(find_price("localhost", "gpt-4o-mini"), None);
    assert_eq!(find_price(OPENAI, "gpt-4o-mini-tts"), None);
}

#[test]
fn prices_change_at_midnight_in_utc() {
    for model in ["gemini-3.6-flash", "gemini-3.7-flash", "gemini-3.8-flash", "gemini-flash-latest"] {
        let table = find_price(GOOGLE, model).unwrap().price;
        assert_eq!(table.base(NEW_YEAR - 1).numbers(), [750_000, 75_000, 750_000, 3_750_000]);
        assert_eq!(table.base(NEW_YEAR).numbers(), [1_500_000, 150_000, 1_500_000, 7_500_000]);
        let usage = Usage { input: 1293, output: 2061, ..Usage::default() };
        assert_eq!(table.cost(usage, ServiceTier::Standard, NOW), Pico(8_698_500_000));
        // The reservation of the last day covers a bill of the next day.
        let reserved = table.max_cost(usage, ServiceTier::Standard, NEW_YEAR - 1);
        assert_eq!(reserved, table.cost(usage, ServiceTier::Standard, NEW_YEAR));
        assert_eq!(table.max_cost(usage, ServiceTier::Standard, NOW), Pico(8_698_500_000));
    }
    assert_eq!(find_price(OPENAI, "gpt-6-luna").unwrap().price.base(NEW_YEAR).input, Pico(100_000));
}

/// Published costs in pico-dollars.
#[test]
fn published_costs() {
    let usage = |input, cached_input, cache_write, output| Usage {
        input,
        cached_input,
        cache_write,
        output,
        ..Usage::default()
    };
    for (host, model, usage, cost) in [
        (OPENAI, "gpt-5.6-sol", usage(4020, 0, 4012, 4), 20_172_000_000),
        (OPENAI, "gpt-5.6-sol", usage(4020, 4012, 0, 4), 1_716_800_000),
        (OPENAI, "gpt-6-luna", usage(3174, 0, 3174, 0), 396_750_000),
        (OPENAI, "gpt-6-luna", usage(3174, 0, 0, 0), 317_400_000),
        (OPENAI, "gpt-6-sol", usage(272_000, 0, 0, 1000), 554_000_000_000),
        (OPENAI, "gpt-6-sol", usage(300_000, 0, 0, 1000), 1_215_000_000_000),
        (ANTHROPIC, "claude-haiku-5-5", usage(100_000, 0, 0, 1000), 10_500_000_000),
        (ANTHROPIC, "claude-haiku-5-5", usage(100_001, 0, 0, 1000), 52_500_500_000),
        (GOOGLE, "gemini-3.6-flash", usage(1293, 0, 0, 2061), 8_698_500_000),
        (QUBRID, "gpt-4o-mini", usage(2006, 1920, 0, 0), 86 * 400_000 + 1920 * 100_000),
    ] {
        let table = find_price(host, model).unwrap().price;
        assert_eq!(table.cost(usage, ServiceTier::Standard, NOW), Pico(cost), "{model} {usage:?}");
    }
}

#[test]
fn tiers_of_models() {
    for (host, model, flex, priority) in [
        (OPENAI, "gpt-6-luna", 50_000, 200_000),
        (OPENAI, "gpt-5.5", 2_500_000, 12_500_000),
        (OPENAI, "gpt-5.4-nano", 100_000, 200_000),
        (GOOGLE, "gemini-3.8-flash", 375_000, 1_350_000),
        // Providers whose tiers cost the same, or are not known to differ.
        ("api.groq.com", "qwen/qwen3.8-27b", 800_000, 800_000),
        (ANTHROPIC, "claude-sonnet-5-5", 2_000_000, 2_000_000),
        (QUBRID, "gpt-4o-mini", 400_000, 400_000),
        (DASHSCOPE, "qwen3.8-flash", 150_000, 150_000),
    ] {
        let table = find_price(host, model).unwrap().price;
        let input = |tier| table.price(1000, tier, NOW).input;
        assert_eq!((input(ServiceTier::Flex), input(ServiceTier::Priority)), (Pico(flex), Pico(priority)), "{model}");
        let batch = table.halved();
        assert_eq!(batch.price(1000, ServiceTier::Priority, NOW), batch.base(NOW), "batches have no tiers");
    }
}

/// The cost of 1000 requests with 60 tokens of text, one image of 1024 x 1024 pixels and a
/// reply of 100 tokens.
#[test]
fn costs_of_images() {
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
        let thousand = |table: PriceTable| table.cost(usage, ServiceTier::Standard, NOW).times(1000).to_string();
        assert_eq!(thousand(found.price), usd, "{host} {model}");
        assert_eq!(found.batch.map(thousand).as_deref(), batch, "{host} {model}");
    }
}

#[test]
fn the_price_of_a_model_at_an_unlisted_host_is_that_of_the_most_expensive_listed_one() {
    let price = |host: &str, model: &str| find_price_anywhere(host, model);
    assert_eq!(price(OPENAI, "gpt-4o-mini"), find_price(OPENAI, "gpt-4o-mini"), "a listed host comes first");
    let elsewhere = price("127.0.0.1", "openai/gpt-4o-mini").unwrap();
    assert_eq!(elsewhere.price, find_price(QUBRID, "gpt-4o-mini").unwrap().price);
    assert!(elsewhere.source.starts_with(QUBRID), "{}", elsewhere.source);
    assert_eq!(price("", "acme/vision-1"), None, "unknown is not free");
}
