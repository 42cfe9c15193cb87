//! The table of models: which rule a model counts images by, and other facts. The data is
//! `data/models.csv`; its sources are in [`mod@super::image_rule`].

use super::image_rule::{Detail, ImageRule, RuleFamily};
use super::model_name::bare_name;
use std::sync::OnceLock;

/// A row of the table of models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFacts {
    /// The bare name. With `*` at the end: a prefix of names.
    name: String,
    /// How the model counts images.
    pub image_rule: ImageRule,
    /// Whether the model uses the tokenizer that docmill has (o200k).
    pub has_tokenizer: bool,
    /// Whether the model reasons before it answers. Reasoning counts as tokens of the reply.
    pub reasons: bool,
    /// Maximum number of tokens of prompt and reply together. `None`: unknown.
    pub context: Option<u64>,
}

const DATA: &str = include_str!("data/models.csv");

/// The table, read once.
fn models() -> &'static [ModelFacts] {
    static MODELS: OnceLock<Vec<ModelFacts>> = OnceLock::new();
    MODELS.get_or_init(|| {
        let mut reader = csv::Reader::from_reader(DATA.as_bytes());
        reader.records().filter_map(|row| parse_row(&row.ok()?)).collect()
    })
}

fn parse_row(row: &csv::StringRecord) -> Option<ModelFacts> {
    Some(ModelFacts {
        name: row.get(0)?.to_owned(),
        image_rule: parse_rule(row.get(1)?)?,
        has_tokenizer: row.get(2)? == "o200k",
        reasons: row.get(3)? == "yes",
        context: row.get(4)?.parse().ok(),
    })
}

/// Parses a rule of the table: the name of a kind of rule and its numbers.
fn parse_rule(text: &str) -> Option<ImageRule> {
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
            multiplier_percent: parse_hundredths(numbers.get(2)?)?,
            low_side: side(3).unwrap_or(0),
        },
        "qwen" => ImageRule::Qwen { factor: side(0)?, min_pixels: number(1)?, max_pixels: number(2)? },
        "gemini" => ImageRule::Crops { per_crop: number(0)? },
        "fixed" => ImageRule::Fixed { tokens: number(0)? },
        "area" => ImageRule::Area { factor: side(0)?, max_side: side(1)?, max_tokens: number(2)? },
        "tiles" => ImageRule::Tiles { side: side(0)?, max_tiles: side(1)?, per_tile: number(2)? },
        _ => return None,
    })
}

/// `1.62` as 162.
fn parse_hundredths(text: &str) -> Option<u64> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{rest:0<2}").parse().ok()
}

/// The row of `model`, found by its bare name. `None` if the model is unknown.
#[must_use]
pub fn model_facts(model: &str) -> Option<&'static ModelFacts> {
    let name = bare_name(model);
    let matches = |facts: &&ModelFacts| match facts.name.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => facts.name == name,
    };
    models().iter().find(matches)
}

/// The rule of `model`. If `family` is given and the model has another or no known rule: the
/// most common rule of that family.
#[must_use]
pub fn image_rule(model: &str, family: Option<RuleFamily>) -> ImageRule {
    let listed = model_facts(model).map(|facts| facts.image_rule);
    let most_common = |name: &str| model_facts(name).map_or(ImageRule::Unknown, |facts| facts.image_rule);
    match (listed, family) {
        (Some(rule), Some(family)) if rule.family() == family => rule,
        (Some(rule), None) => rule,
        (_, Some(RuleFamily::OpenaiTile)) => most_common("gpt-4o"),
        (_, Some(RuleFamily::OpenaiPatch)) => most_common("gpt-4.1-mini"),
        (_, Some(RuleFamily::Qwen28)) => most_common("qwen2.5-vl"),
        (_, Some(RuleFamily::Gemini)) => most_common("gemini-2.5-flash"),
        (_, Some(RuleFamily::Area)) => most_common("claude-haiku-4-5"),
        (_, Some(RuleFamily::Llama)) => most_common("llama-3.2-11b-vision"),
        (_, Some(RuleFamily::None)) | (None, None) => ImageRule::Unknown,
    }
}

/// All rules of the table, without duplicates.
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

/// The maximum over all known rules of the tokens of an image. Reserved for a model whose
/// rule is unknown, or not yet confirmed by bills.
#[must_use]
pub fn max_image_tokens(width: u32, height: u32, detail: Detail) -> u64 {
    known_rules().iter().filter_map(|rule| rule.tokens(width, height, detail)).max().unwrap_or(0)
}

/// The minimum over all known rules of the tokens of an image.
#[must_use]
pub fn min_image_tokens(width: u32, height: u32, detail: Detail) -> u64 {
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
    fn every_row_is_parsed() {
        assert_eq!(models().len(), DATA.trim().lines().count() - 1);
    }

    #[test]
    fn rules_of_the_table() {
        for (text, expected) in [
            ("tile 85 170", Some(tile(85, 170))),
            ("patch 1536 2048 1.62", Some(patch(162))),
            ("patch 1536 2048 2", Some(patch(200))),
            (
                "patch 1536 2048 1.5 512",
                Some(ImageRule::Patch { budget: 1536, max_side: 2048, multiplier_percent: 150, low_side: 512 }),
            ),
            ("qwen 28 3136 12845056", Some(QWEN_28)),
            ("gemini 258", Some(ImageRule::Crops { per_crop: 258 })),
            ("fixed 1120", Some(ImageRule::Fixed { tokens: 1120 })),
            ("area 28 1568 1568", Some(ImageRule::Area { factor: 28, max_side: 1568, max_tokens: 1568 })),
            ("tiles 560 2 1601", Some(ImageRule::Tiles { side: 560, max_tiles: 2, per_tile: 1601 })),
            ("tile 85", None),
            ("tile 85 x", None),
            ("circle 3", None),
            ("", None),
        ] {
            assert_eq!(parse_rule(text), expected, "{text}");
        }
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
        assert_eq!(image_rule("llava", Some(RuleFamily::OpenaiPatch)), patch(162));
        assert_eq!(image_rule("gpt-4o-mini", Some(RuleFamily::OpenaiTile)), tile(2833, 5667));
        assert_eq!(image_rule("gpt-4o-mini", Some(RuleFamily::None)), ImageRule::Unknown);
    }

    #[test]
    fn rules_of_models() {
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
    fn the_bounds_over_all_rules() {
        assert_eq!(max_image_tokens(1280, 720, Detail::High), 36_835);
        assert_eq!(min_image_tokens(1280, 720, Detail::Low), 65);
    }
}
