//! Rules and facts of the table, and how names find them.

use super::*;

const fn tile(base: u64, per_tile: u64) -> ImageRule {
    ImageRule::Tile { base, per_tile }
}

fn patch(budget: u32, multiplier_percent: u64) -> ImageRule {
    ImageRule::plain_patches(budget, multiplier_percent)
}

fn patch_with(low: (u32, u32), original: Option<(u32, u32)>, auto_is_original: bool) -> ImageRule {
    let limits = |(budget, max_side)| PatchLimits { budget, max_side };
    ImageRule::Patch {
        high: limits((1536, 2048)),
        low: limits(low),
        original: original.map(limits),
        auto_is_original,
        multiplier_percent: 150,
    }
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
        ("patch 1536 2048 1.62", Some(patch(1536, 162))),
        ("patch 1536 2048 2", Some(patch(1536, 200))),
        ("patch 1536 2048 1.5 low:512", Some(patch_with((1536, 512), None, false))),
        ("patch 1536 2048 1.5 low:6144/2048 auto:high", Some(patch_with((6144, 2048), None, false))),
        (
            "patch 1536 2048 1.5 original:keep auto:original",
            Some(patch_with((1536, 2048), Some((u32::MAX, 65_535)), true)),
        ),
        ("patch 1536 2048 1.5 original:9/8", Some(patch_with((1536, 2048), Some((9, 8)), false))),
        ("patch 1536 2048 1.5 512", None),
        ("patch 1536 2048 1.5 high:512", None),
        ("patch 1536 2048", None),
        ("none", Some(ImageRule::Unknown)),
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
    assert_eq!(image_rule("llava", Some(RuleFamily::OpenaiPatch)), image_rule("gpt-5.6", None));
    assert_eq!(image_rule("gpt-4o-mini", Some(RuleFamily::OpenaiTile)), tile(2833, 5667));
    assert_eq!(image_rule("gpt-4o-mini", Some(RuleFamily::None)), ImageRule::Unknown);
}

#[test]
fn rules_of_models() {
    for (model, rule) in [
        ("gpt-4o", tile(85, 170)),
        ("gpt-4.1", tile(85, 170)),
        ("gpt-4.1-mini", patch(6144, 162)),
        ("gpt-4.1-nano", patch(1536, 246)),
        ("o4-mini", patch(1536, 172)),
        ("o3", tile(75, 150)),
        ("gpt-5", tile(70, 140)),
        ("gpt-5.1", tile(70, 140)),
        ("gpt-5-mini", patch(1536, 120)),
        ("gpt-5-nano", patch(1536, 150)),
        ("gpt-5.2", patch(6144, 120)),
        ("gpt-5.4-nano", image_rule("gpt-5.4", None)),
        ("gpt-6.1-sol", image_rule("gpt-6-astra", None)),
        ("gemini-3.6-flash", ImageRule::Fixed { tokens: 1120 }),
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

/// The effort without a request for one, the lowest to ask for, all that are accepted, sampling and
/// the limit of replies, as the vendors document them (2026-11).
#[test]
fn reasoning_of_models() {
    use Effort::{High, Low, Medium, Minimal, Xhigh};
    const NONE: Effort = Effort::None;
    let to_xhigh = vec![NONE, Low, Medium, High, Xhigh];
    for (models, reasoning, auto, efforts, sampling, limit) in [
        (
            "gpt-4o-mini gpt-4.1 openai/gpt-4o-2024-08-06",
            Reasoning::Never,
            None,
            vec![],
            Sampling::Always,
            OutputLimit::MaxTokens,
        ),
        (
            "gpt-5 gpt-5-mini-2025-08-07 gpt-5-nano gpt-5-pro",
            Reasoning::Default(Medium),
            Some(Minimal),
            vec![Minimal, Low, Medium, High],
            Sampling::Never,
            OutputLimit::MaxCompletionTokens,
        ),
        (
            "gpt-5.1",
            Reasoning::Default(NONE),
            Some(NONE),
            vec![NONE, Low, Medium, High],
            Sampling::OnlyWithoutReasoning,
            OutputLimit::MaxCompletionTokens,
        ),
        (
            "gpt-5.2 gpt-5.4 gpt-5.4-mini gpt-5.4-nano",
            Reasoning::Default(NONE),
            Some(NONE),
            to_xhigh.clone(),
            Sampling::OnlyWithoutReasoning,
            OutputLimit::MaxCompletionTokens,
        ),
        (
            "gpt-5.5 gpt-5.6 gpt-5.6-sol gpt-5.6-terra openai.gpt-5.6-luna gpt-6-sol gpt-6-luna-2026-09-22 gpt-6.1-terra",
            Reasoning::Default(Medium),
            Some(NONE),
            to_xhigh,
            Sampling::OnlyExplicitNone,
            OutputLimit::MaxCompletionTokens,
        ),
        (
            "gpt-6-astra gpt-6.1-sol-2026-09-29 gpt-6.2-comet",
            Reasoning::Default(Medium),
            Some(Low),
            vec![Low, Medium, High, Xhigh],
            Sampling::Never,
            OutputLimit::MaxCompletionTokens,
        ),
        (
            "models/gemini-3.6-flash gemini-3.8-flash gemini-flash-latest",
            Reasoning::Default(Medium),
            Some(Low),
            vec![Low, Medium, High],
            Sampling::Always,
            OutputLimit::MaxTokens,
        ),
        (
            "claude-haiku-4-5 claude-sonnet-4-6",
            Reasoning::Never,
            None,
            vec![],
            Sampling::Always,
            OutputLimit::MaxTokens,
        ),
        ("claude-opus-4-7", Reasoning::Never, None, vec![], Sampling::Never, OutputLimit::MaxTokens),
        (
            "claude-sonnet-5-5 us.anthropic.claude-opus-5-20260701-v1:0 claude-fable-5-1",
            Reasoning::Default(High),
            Some(Low),
            vec![Low, Medium, High, Xhigh],
            Sampling::Never,
            OutputLimit::MaxTokens,
        ),
        (
            "qwen/qwen3.8-27b qwen3.5-9b Qwen3-VL-30B-A3B-Thinking",
            Reasoning::Always,
            None,
            vec![],
            Sampling::Always,
            OutputLimit::MaxTokens,
        ),
        ("qwen3-vl-30b-a3b-instruct", Reasoning::Never, None, vec![], Sampling::Always, OutputLimit::MaxTokens),
        ("qwen3-vl:8b mistral-medium-3-5", Reasoning::Unknown, None, vec![], Sampling::Always, OutputLimit::MaxTokens),
        (
            "magistral-medium-latest deepseek-v4-flash grok-4-1-fast-reasoning",
            Reasoning::Always,
            None,
            vec![],
            Sampling::Always,
            OutputLimit::MaxTokens,
        ),
    ] {
        for model in models.split(' ') {
            let facts = model_facts(model).unwrap_or_else(|| panic!("{model}"));
            let found = (facts.reasoning, facts.auto_effort, &facts.efforts, facts.sampling, facts.output_limit);
            assert_eq!(found, (reasoning, auto, &efforts, sampling, limit), "{model}");
            assert!(facts.efforts.is_sorted(), "{model}");
            assert!(facts.auto_effort.is_none_or(|auto| facts.efforts.contains(&auto)), "{model}");
        }
    }
    for (model, reasons) in [
        ("gemini-2.5-flash", true),
        ("gemini-2.5-flash-lite", false),
        ("gemini-3.8-flash", true),
        ("claude-haiku-5-5", true),
        ("claude-sonnet-5", true),
        ("qwen3.5-9b", true),
        ("gpt-5.4", false),
        ("gpt-4o", false),
    ] {
        assert_eq!(model_facts(model).map(ModelFacts::reasons), Some(reasons), "{model}");
    }
    assert_eq!(model_facts("gpt-7"), None, "not a family that is known");
}
