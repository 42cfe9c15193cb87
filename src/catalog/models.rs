//! Which model counts images by which rule, and what else is known of it. Data:
//! `data/models.csv`, with its sources in [`super::image_rule`].

use super::image_rule::{Detail, Family, ImageRule};
use std::sync::OnceLock;

/// What is known of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFacts {
    /// The bare name; with a star at the end, how names begin.
    name: String,
    /// How it counts an image.
    pub image_rule: ImageRule,
    /// Whether its texts are counted by the tokenizer that docmill has (o200k).
    pub has_tokenizer: bool,
    /// Whether it thinks before it answers, in tokens of the reply.
    pub reasons: bool,
    /// Most tokens of prompt and reply, when known.
    pub context: Option<u64>,
}

const DATA: &str = include_str!("data/models.csv");

/// The table, read once.
fn models() -> &'static [ModelFacts] {
    static MODELS: OnceLock<Vec<ModelFacts>> = OnceLock::new();
    MODELS.get_or_init(|| {
        let mut reader = csv::Reader::from_reader(DATA.as_bytes());
        reader.records().filter_map(|row| facts(&row.ok()?)).collect()
    })
}

fn facts(row: &csv::StringRecord) -> Option<ModelFacts> {
    Some(ModelFacts {
        name: row.get(0)?.to_owned(),
        image_rule: rule(row.get(1)?)?,
        has_tokenizer: row.get(2)? == "o200k",
        reasons: row.get(3)? == "yes",
        context: row.get(4)?.parse().ok(),
    })
}

/// A rule as it stands in the table: a family and its numbers.
fn rule(text: &str) -> Option<ImageRule> {
    let mut words = text.split(' ');
    let family = words.next()?;
    let numbers: Vec<&str> = words.collect();
    let number = |at: usize| numbers.get(at)?.parse::<u64>().ok();
    let side = |at: usize| u32::try_from(number(at)?).ok();
    Some(match family {
        "tile" => ImageRule::Tile { base: number(0)?, per_tile: number(1)? },
        "patch" => ImageRule::Patch {
            budget: side(0)?,
            max_side: side(1)?,
            multiplier_percent: hundredths(numbers.get(2)?)?,
            low_side: side(3).unwrap_or(0),
        },
        "qwen" => ImageRule::Qwen { factor: side(0)?, min_pixels: number(1)?, max_pixels: number(2)? },
        "gemini" => ImageRule::Crops { per_crop: number(0)? },
        "fixed" => ImageRule::Fixed { tokens: number(0)? },
        "area" => ImageRule::Area { factor: side(0)?, max_side: side(1)?, max_tokens: number(2)? },
        "tiles" => ImageRule::Tiles { side: side(0)?, most: side(1)?, per_tile: number(2)? },
        _ => return None,
    })
}

/// `1.62` as 162.
fn hundredths(text: &str) -> Option<u64> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{rest:0<2}").parse().ok()
}

/// What is known of `model`, by its bare name.
#[must_use]
pub fn model_facts(model: &str) -> Option<&'static ModelFacts> {
    let name = super::bare_name(model);
    let is_it = |facts: &&ModelFacts| match facts.name.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => facts.name == name,
    };
    models().iter().find(is_it)
}

/// The rule of `model`, or of `family` when a manifest names one.
///
/// A family named for a model that is not in the table gets that family's most
/// common numbers.
#[must_use]
pub fn image_rule(model: &str, family: Option<Family>) -> ImageRule {
    let listed = model_facts(model).map(|facts| facts.image_rule);
    let usual = |name: &str| model_facts(name).map_or(ImageRule::Unknown, |facts| facts.image_rule);
    match (listed, family) {
        (Some(rule), Some(family)) if rule.family() == family => rule,
        (Some(rule), None) => rule,
        (_, Some(Family::OpenaiTile)) => usual("gpt-4o"),
        (_, Some(Family::OpenaiPatch)) => usual("gpt-4.1-mini"),
        (_, Some(Family::Qwen28)) => usual("qwen2.5-vl"),
        (_, Some(Family::Gemini)) => usual("gemini-2.5-flash"),
        (_, Some(Family::Area)) => usual("claude-haiku-4-5"),
        (_, Some(Family::Llama)) => usual("llama-3.2-11b-vision"),
        (_, Some(Family::None)) | (None, None) => ImageRule::Unknown,
    }
}

/// All rules of the table, each once.
pub(crate) fn known_rules() -> &'static [ImageRule] {
    static RULES: OnceLock<Vec<ImageRule>> = OnceLock::new();
    RULES.get_or_init(|| {
        let mut rules: Vec<ImageRule> = Vec::new();
        for facts in models() {
            if !rules.contains(&facts.image_rule) {
                rules.push(facts.image_rule);
            }
        }
        rules
    })
}

/// The most that any known rule counts for an image: what is set aside for a model
/// whose rule is unknown, or not yet confirmed by a bill.
#[must_use]
pub fn worst_image_tokens(width: u32, height: u32, detail: Detail) -> u64 {
    known_rules().iter().filter_map(|rule| rule.tokens(width, height, detail)).max().unwrap_or(0)
}

/// The least that any known rule counts for an image.
#[must_use]
pub fn least_image_tokens(width: u32, height: u32, detail: Detail) -> u64 {
    known_rules().iter().filter_map(|rule| rule.tokens(width, height, detail)).min().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn tile(base: u64, per_tile: u64) -> ImageRule {
        ImageRule::Tile { base, per_tile }
    }

    const fn patch(multiplier_percent: u64) -> ImageRule {
        ImageRule::Patch { budget: 1536, max_side: 2048, multiplier_percent, low_side: 0 }
    }

    const QWEN_28: ImageRule = ImageRule::Qwen { factor: 28, min_pixels: 3136, max_pixels: 12_845_056 };

    #[test]
    fn every_row_is_read() {
        assert_eq!(models().len(), DATA.trim().lines().count() - 1);
    }

    #[test]
    fn names_are_found_with_vendor_and_date() {
        for name in ["gpt-4o-mini", "openai/gpt-4o-mini", "OpenAI/GPT-4o-mini-2024-07-18"] {
            assert_eq!(image_rule(name, None), tile(2833, 5667), "{name}");
        }
        assert_eq!(image_rule("claude-haiku-4-5-20251001", None), image_rule("claude-haiku-4-5", None));
        assert_eq!(image_rule("Qwen/Qwen2.5-VL-72B-Instruct", None), QWEN_28);
        assert_eq!(image_rule("llava", None), ImageRule::Unknown);
        assert_eq!(image_rule("gpt-4o-mini-tts", None), ImageRule::Unknown);
        assert_eq!(image_rule("llava", Some(Family::OpenaiPatch)), patch(162));
        assert_eq!(image_rule("gpt-4o-mini", Some(Family::OpenaiTile)), tile(2833, 5667));
        assert_eq!(image_rule("gpt-4o-mini", Some(Family::None)), ImageRule::Unknown);
    }

    /// The scheme that each model of the price list counts by.
    #[test]
    fn schemes_of_models() {
        for (model, rule) in [
            ("gpt-4o", tile(85, 170)),
            ("gpt-4.1", tile(85, 170)),
            ("gpt-4.1-mini", patch(162)),
            ("gpt-4.1-nano", patch(246)),
            ("o4-mini", patch(172)),
            ("o3", tile(75, 150)),
            ("gpt-5", tile(70, 140)),
            ("gpt-5-mini", patch(162)),
            ("gpt-5-nano", patch(246)),
            ("gpt-5.2", patch(120)),
            ("gpt-5.4-mini", patch(162)),
            ("gpt-5.4-nano", patch(246)),
            ("computer-use-preview", tile(65, 129)),
        ] {
            assert_eq!(image_rule(model, None), rule, "{model}");
        }
    }

    #[test]
    fn nothing_known_counts_more_than_the_worst() {
        assert_eq!(worst_image_tokens(1280, 720, Detail::High), 36_835);
        assert_eq!(least_image_tokens(1280, 720, Detail::Low), 65);
    }
}
