//! Which model counts images by which rule. Data, with its sources in [`super::rule`].

use super::rule::{Detail, Family, ImageRule};

const fn tile(base: u64, per_tile: u64) -> ImageRule {
    ImageRule::Tile { base, per_tile }
}

const fn patch(multiplier_percent: u64) -> ImageRule {
    ImageRule::Patch { budget: 1536, multiplier_percent }
}

const QWEN_28: ImageRule = ImageRule::Qwen { factor: 28, min_pixels: 3136, max_pixels: 12_845_056 };
const QWEN_32: ImageRule = ImageRule::Qwen { factor: 32, min_pixels: 65_536, max_pixels: 16_777_216 };

/// Exact bare names.
const MODELS: &[(&str, ImageRule)] = &[
    ("gpt-4o", tile(85, 170)),
    ("gpt-4.1", tile(85, 170)),
    ("gpt-4.5", tile(85, 170)),
    ("gpt-4-turbo", tile(85, 170)),
    ("gpt-4o-mini", tile(2833, 5667)),
    ("o1", tile(75, 150)),
    ("o1-pro", tile(75, 150)),
    ("o3", tile(75, 150)),
    ("gpt-5", tile(70, 140)),
    ("gpt-5-chat-latest", tile(70, 140)),
    ("computer-use-preview", tile(65, 129)),
    ("gpt-4.1-mini", patch(162)),
    ("gpt-5-mini", patch(162)),
    ("gpt-5.4-mini", patch(162)),
    ("gpt-4.1-nano", patch(246)),
    ("gpt-5-nano", patch(246)),
    ("gpt-5.4-nano", patch(246)),
    ("o4-mini", patch(172)),
    ("gpt-5.2", patch(120)),
];

/// Beginnings of bare names, for families that hosts name freely.
const FAMILIES: &[(&str, ImageRule)] = &[("qwen2-vl", QWEN_28), ("qwen2.5-vl", QWEN_28), ("qwen3-vl", QWEN_32)];

/// The rule of `model`, or of `family` when a manifest names one.
///
/// A family named for a model that is not in the table gets that family's most
/// common numbers.
#[must_use]
pub fn image_rule(model: &str, family: Option<Family>) -> ImageRule {
    let name = super::bare_name(model);
    let exact = MODELS.iter().find(|(known, _)| *known == name);
    let listed = exact.or_else(|| FAMILIES.iter().find(|(start, _)| name.starts_with(start)));
    match (listed, family) {
        (Some((_, rule)), Some(family)) if rule.family() == family => *rule,
        (Some((_, rule)), None) => *rule,
        (_, Some(Family::OpenaiTile)) => tile(85, 170),
        (_, Some(Family::OpenaiPatch)) => patch(162),
        (_, Some(Family::Qwen28)) => QWEN_28,
        (_, Some(Family::None)) | (None, None) => ImageRule::Unknown,
    }
}

/// The most that any known rule counts for an image: what is set aside for a model
/// whose rule is unknown.
#[must_use]
pub fn worst_image_tokens(width: u32, height: u32, detail: Detail) -> u64 {
    let rules = MODELS.iter().chain(FAMILIES).map(|(_, rule)| rule);
    rules.filter_map(|rule| rule.tokens(width, height, detail)).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_with_vendor_and_date() {
        for name in ["gpt-4o-mini", "openai/gpt-4o-mini", "OpenAI/GPT-4o-mini-2024-07-18"] {
            assert_eq!(image_rule(name, None), tile(2833, 5667), "{name}");
        }
        assert_eq!(image_rule("Qwen/Qwen2.5-VL-72B-Instruct", None), QWEN_28);
        assert_eq!(image_rule("llava", None), ImageRule::Unknown);
        assert_eq!(image_rule("gpt-4o-mini-tts", None), ImageRule::Unknown);
        assert_eq!(image_rule("llava", Some(Family::OpenaiPatch)), patch(162));
        assert_eq!(image_rule("gpt-4o-mini", Some(Family::OpenaiTile)), tile(2833, 5667));
        assert_eq!(image_rule("gpt-4o-mini", Some(Family::None)), ImageRule::Unknown);
    }

    #[test]
    fn nothing_known_counts_more_than_the_worst() {
        assert_eq!(worst_image_tokens(1280, 720, Detail::High), 36_835);
    }
}
