//! Published vectors: OpenAI's guide, public bills, `smart_resize` of transformers.

use super::*;
use proptest::prelude::*;

fn tile(base: u64, per_tile: u64) -> ImageRule {
    ImageRule::Tile { base, per_tile }
}

fn patch(multiplier_percent: u64) -> ImageRule {
    ImageRule::plain_patches(1536, multiplier_percent)
}

#[test]
fn tile_vectors() {
    let rules = [tile(85, 170), tile(2833, 5667), tile(75, 150), tile(70, 140)];
    for ((w, h), tokens) in [
        ((1, 1), [255, 8500, 225, 210]),
        ((128, 64), [255, 8500, 225, 210]),
        ((460, 460), [255, 8500, 225, 210]),
        ((512, 512), [255, 8500, 225, 210]),
        ((512, 513), [425, 14167, 375, 350]),
        ((513, 513), [765, 25501, 675, 630]),
        ((768, 768), [765, 25501, 675, 630]),
        ((1024, 1024), [765, 25501, 675, 630]),
        ((1280, 720), [1105, 36835, 975, 910]),
        ((1920, 1080), [1105, 36835, 975, 910]),
        ((1800, 2400), [765, 25501, 675, 630]),
        ((2048, 4096), [1105, 36835, 975, 910]),
        ((4096, 8192), [1105, 36835, 975, 910]),
        ((2049, 513), [1445, 48169, 1275, 1190]),
        ((2050, 513), [765, 25501, 675, 630]),
        ((4032, 3024), [765, 25501, 675, 630]),
        ((8000, 100), [765, 25501, 675, 630]),
    ] {
        for (rule, expected) in rules.iter().zip(tokens) {
            assert_eq!(rule.tokens(w, h, Detail::High), Some(expected), "{w}x{h} {rule:?}");
        }
        assert_eq!(rules[1].tokens(w, h, Detail::Low), Some(2833));
    }
}

#[test]
fn tile_sizes() {
    for ((w, h), size) in [
        ((1024, 1024), (768, 768)),
        ((1920, 1080), (1365, 768)),
        ((1800, 2400), (768, 1024)),
        ((2048, 4096), (768, 1536)),
        ((2049, 513), (2048, 513)),
        ((2050, 513), (2048, 512)),
        ((8000, 100), (2048, 26)),
        ((2480, 3508), (768, 1086)),
        ((300, 200), (300, 200)),
    ] {
        assert_eq!(tile(85, 170).usable_size(w, h, Detail::High), size, "{w}x{h}");
    }
}

#[test]
fn patch_vectors() {
    let rules = [patch(162), patch(246), patch(172)];
    for ((w, h), tokens) in [
        ((32, 32), [2, 3, 2]),
        ((33, 33), [7, 10, 7]),
        ((128, 64), [13, 20, 14]),
        ((460, 460), [365, 554, 387]),
        ((512, 512), [415, 630, 441]),
        ((1024, 1024), [1659, 2520, 1762]),
        ((1280, 720), [1491, 2264, 1583]),
        ((1536, 1024), [2489, 3779, 2642]),
        ((1568, 1024), [2411, 3661, 2560]),
        ((1800, 2400), [2353, 3572, 2498]),
        ((1920, 1080), [2443, 3710, 2594]),
        ((3840, 2160), [2443, 3710, 2594]),
        ((4032, 3024), [2353, 3572, 2498]),
        ((4000, 1474), [2489, 3779, 2642]),
    ] {
        for (rule, expected) in rules.iter().zip(tokens) {
            assert_eq!(rule.tokens(w, h, Detail::High), Some(expected), "{w}x{h} {rule:?}");
        }
    }
    assert_eq!(patch(162).usable_size(1800, 2400, Detail::High), (1056, 1408));
    assert_eq!(patch(162).usable_size(1568, 1024, Detail::High), (1519, 992));
    assert_eq!(patch(162).usable_size(1920, 1080, Detail::High), (1649, 928));
}

#[test]
fn qwen_vectors() {
    let small = ImageRule::Qwen { factor: 28, min_pixels: 3136, max_pixels: 1_003_520 };
    let large = ImageRule::Qwen { factor: 28, min_pixels: 3136, max_pixels: 12_845_056 };
    let third = ImageRule::Qwen { factor: 32, min_pixels: 65_536, max_pixels: 16_777_216 };
    for ((w, h), tokens) in [
        ((28, 28), [4, 4, 64]),
        ((224, 224), [64, 64, 64]),
        ((512, 512), [324, 324, 256]),
        ((640, 480), [391, 391, 300]),
        ((1024, 1024), [1225, 1369, 1024]),
        ((1280, 720), [1196, 1196, 880]),
        ((1920, 1080), [1222, 2691, 2040]),
        ((4032, 3024), [1230, 15552, 11844]),
    ] {
        for (rule, expected) in [small, large, third].iter().zip(tokens) {
            assert_eq!(rule.tokens(w, h, Detail::High), Some(expected + 2), "{w}x{h} {rule:?}");
        }
    }
}

/// A third party's table for the newest patch models, whose sides are unlimited and whose
/// multiplier is 1.2.
#[test]
fn large_patch_vectors() {
    let rule = |budget| {
        let high = PatchLimits { budget, max_side: u32::MAX };
        ImageRule::Patch { high, low: high, original: None, auto_is_original: false, multiplier_percent: 120 }
    };
    for (size, high, original, uncapped) in [
        ((256, 256), 77, 77, 77),
        ((512, 512), 308, 308, 308),
        ((768, 768), 692, 692, 692),
        ((1024, 1024), 1229, 1229, 1229),
        ((1280, 720), 1104, 1104, 1104),
        ((1920, 1080), 2448, 2448, 2448),
        ((2560, 1440), 2931, 4320, 4320),
        ((3840, 2160), 2931, 9792, 9792),
        ((4032, 3024), 2942, 11_868, 14_364),
    ] {
        for (budget, expected) in [(2500, high), (10_000, original), (u32::MAX, uncapped)] {
            assert_eq!(rule(budget).tokens(size.0, size.1, Detail::High), Some(expected), "{size:?} {budget}");
        }
    }
}

/// The table of OpenAI's vision guide and of the rule that it describes: the size of the image;
/// tokens at high detail with at most 2048 pixels per side, at high detail without that limit,
/// kept as it is, with at most 10,000 patches and 6000 pixels, with at most 6144 patches, and
/// at low detail with 512 pixels.
#[test]
fn patch_vectors_by_detail() {
    let rule = |model| crate::catalog::image_rule(model, None);
    let [luna, astra, late, small] = ["gpt-5.6-luna", "gpt-6-astra", "gpt-5.5", "gpt-5.4-mini"].map(rule);
    for ((w, h), expected) in [
        ((1024, 1024), [1229, 1229, 1229, 1229, 1229, 308]),
        ((1920, 1080), [2448, 2448, 2448, 2448, 2448, 173]),
        ((1654, 2339), [2974, 2974, 4618, 4618, 3533, 231]),
        ((1800, 2400), [2942, 2942, 5130, 5130, 3687, 231]),
        ((2048, 2048), [3000, 3000, 4916, 4916, 4916, 308]),
        ((2480, 3508), [2974, 2974, 10_296, 10_296, 3533, 231]),
        ((2550, 3300), [2890, 2890, 9984, 9984, 3840, 250]),
        ((2560, 1440), [2765, 2931, 4320, 4320, 2765, 173]),
        ((4032, 3024), [2942, 2942, 14_364, 11_868, 3687, 231]),
    ] {
        let found = [
            luna.tokens(w, h, Detail::High),
            astra.tokens(w, h, Detail::High),
            luna.tokens(w, h, Detail::Original),
            late.tokens(w, h, Detail::Original),
            small.tokens(w, h, Detail::Low),
            luna.tokens(w, h, Detail::Low),
        ];
        assert_eq!(found, expected.map(Some), "{w}x{h}");
        // What a request without `detail` gets, and details with the same limits.
        for (rule, detail, same) in [
            (luna, Detail::Auto, found[2]),
            (astra, Detail::Auto, found[2]),
            (astra, Detail::Original, found[2]),
            (astra, Detail::Low, found[5]),
            (late, Detail::Auto, found[3]),
            (late, Detail::High, found[0]),
            (late, Detail::Low, found[5]),
            (small, Detail::High, found[0]),
            (small, Detail::Auto, found[0]),
            (small, Detail::Original, found[3]),
            (crate::catalog::image_rule("gpt-5.2", None), Detail::High, found[4]),
            (crate::catalog::image_rule("gpt-5.2", None), Detail::Low, found[4]),
        ] {
            assert_eq!(rule.tokens(w, h, detail), same, "{w}x{h} {rule} {}", detail.name());
        }
    }
    for ((w, h), rule, detail, size) in [
        ((1654, 2339), luna, Detail::High, (1334, 1888)),
        ((1654, 2339), astra, Detail::High, (1335, 1888)),
        ((1800, 2400), luna, Detail::High, (1368, 1824)),
        ((2048, 2048), luna, Detail::High, (1600, 1600)),
        ((2550, 3300), luna, Detail::High, (1376, 1780)),
        ((2560, 1440), luna, Detail::High, (2048, 1152)),
        ((2560, 1440), astra, Detail::High, (2104, 1184)),
        ((4032, 3024), luna, Detail::High, (1824, 1368)),
        ((4032, 3024), late, Detail::Original, (3669, 2752)),
        ((1920, 1080), luna, Detail::Low, (512, 288)),
        ((4032, 3024), luna, Detail::Low, (512, 384)),
        ((1654, 2339), luna, Detail::Low, (362, 512)),
    ] {
        assert_eq!(rule.usable_size(w, h, detail), size, "{w}x{h} {rule}");
    }
    let mini = |model, detail| crate::catalog::image_rule(model, None).tokens(1800, 2400, detail);
    assert_eq!(mini("gpt-4.1-mini", Detail::High), Some(4977), "one of two published rules, the more expensive");
    assert_eq!(mini("gpt-5-mini", Detail::High), Some(1743));
    assert_eq!(mini("gpt-5-nano", Detail::Low), Some(2178));
}

#[test]
fn images_with_too_many_patches_are_rejected() {
    let [luna, late, small] =
        ["gpt-5.6-luna", "gpt-5.5", "gpt-5.4"].map(|model| crate::catalog::image_rule(model, None));
    for ((w, h), rule, detail, is_rejected) in [
        ((7952, 5304), luna, Detail::Original, true),
        ((7952, 5304), luna, Detail::Auto, true),
        ((7952, 5304), luna, Detail::High, false),
        ((7952, 5304), luna, Detail::Low, false),
        ((7952, 5304), late, Detail::Original, false),
        ((7952, 5304), small, Detail::Auto, false),
        ((4800, 6400), luna, Detail::Original, false),
        ((4801, 6400), luna, Detail::Original, true),
        ((7952, 5304), tile(70, 140), Detail::Original, false),
    ] {
        assert_eq!(rule.rejects(w, h, detail), is_rejected, "{w}x{h} {rule} {}", detail.name());
    }
}

/// Anthropic's vision page, both tiers. Sizes may differ by a pixel, tokens do not.
#[test]
fn square_vectors() {
    let [standard, high] =
        ["claude-sonnet-4-6", "claude-haiku-5-5"].map(|model| crate::catalog::image_rule(model, None));
    for ((w, h), expected) in [
        ((200, 200), (64, 64)),
        ((1000, 1000), (1296, 1296)),
        ((1092, 1092), (1521, 1521)),
        ((1920, 1080), (1560, 2691)),
        ((1654, 2339), (1551, 4756)),
        ((2480, 3508), (1551, 4756)),
        ((4032, 3024), (1564, 4740)),
    ] {
        let tokens = |rule: ImageRule| rule.tokens(w, h, Detail::High).unwrap();
        assert_eq!((tokens(standard), tokens(high)), expected, "{w}x{h}");
    }
    for ((w, h), rule, size) in [
        ((1920, 1080), standard, (1456, 819)),
        ((1654, 2339), standard, (924, 1307)),
        ((1654, 2339), high, (1624, 2296)),
        ((2480, 3508), high, (1623, 2296)),
        ((4032, 3024), high, (2212, 1659)),
    ] {
        let found = rule.usable_size(w, h, Detail::High);
        assert!(found.0.abs_diff(size.0) <= 1 && found.1.abs_diff(size.1) <= 1, "{w}x{h}: {found:?}");
    }
}

#[test]
fn vectors_of_other_vendors() {
    let gemini = ImageRule::Crops { per_crop: 258 };
    for ((w, h), tokens) in [((384, 384), 258), ((200, 100), 258), ((960, 540), 1548)] {
        assert_eq!(gemini.tokens(w, h, Detail::High), Some(tokens), "{w}x{h}");
    }
    let claude = ImageRule::Area { factor: 28, max_side: 2576, max_tokens: 4784 };
    for ((w, h), tokens) in [
        ((256, 256), 100),
        ((512, 512), 361),
        ((768, 768), 784),
        ((1024, 1024), 1369),
        ((1280, 720), 1196),
        ((1920, 1080), 2691),
    ] {
        assert_eq!(claude.tokens(w, h, Detail::High), Some(tokens), "{w}x{h}");
    }
    let llama = ImageRule::Tiles { side: 560, max_tiles: 2, per_tile: 1601 };
    for ((w, h), tokens) in [((560, 560), 1601), ((1120, 500), 3202), ((500, 900), 3202), ((4000, 3000), 6404)] {
        assert_eq!(llama.tokens(w, h, Detail::High), Some(tokens), "{w}x{h}");
    }
    let scaleway = ImageRule::Area { factor: 16, max_side: u32::MAX, max_tokens: u64::MAX };
    assert_eq!(scaleway.tokens(1024, 1024, Detail::High), Some(4096));
    assert_eq!(ImageRule::Fixed { tokens: 1120 }.tokens(9, 9000, Detail::High), Some(1120));
}

#[test]
fn names_and_families() {
    for (rule, shown, accepts_detail, cell_side) in [
        (tile(85, 170), "openai-tile 85 + 170 a tile", true, Some(512)),
        (patch(162), "openai-patch 1.62 a patch, at most 1536", true, Some(32)),
        (patch(100), "openai-patch 1.00 a patch, at most 1536", true, Some(32)),
        (ImageRule::Qwen { factor: 28, min_pixels: 1, max_pixels: 9 }, "qwen-28 28 pixels", true, None),
        (ImageRule::Crops { per_crop: 258 }, "gemini 258 a crop", false, None),
        (ImageRule::Fixed { tokens: 1120 }, "gemini 1120 for any image", false, None),
        (ImageRule::Area { factor: 28, max_side: 9, max_tokens: 9 }, "area 28 pixels", false, Some(28)),
        (ImageRule::Tiles { side: 560, max_tiles: 2, per_tile: 1601 }, "llama 1601 a tile", false, None),
        (ImageRule::Unknown, "none", false, None),
    ] {
        assert_eq!(rule.to_string(), shown);
        assert_eq!((rule.accepts_detail(), rule.cell_side(Detail::High)), (accepts_detail, cell_side), "{rule}");
        assert!(shown.starts_with(rule.family().name()));
    }
    assert_eq!(tile(85, 170).cell_side(Detail::Low), None, "any image costs the same");
}

proptest! {
    /// An image of the usable size has as many tokens and is not scaled again.
    #[test]
    fn the_usable_size_is_a_fixed_point(w in 1_u32..9000, h in 1_u32..9000, low: bool) {
        let detail = if low { Detail::Low } else { Detail::High };
        let area = ImageRule::Area { factor: 28, max_side: 1568, max_tokens: 1568 };
        for rule in [tile(2833, 5667), patch(162), area] {
            let (uw, uh) = rule.usable_size(w, h, detail);
            prop_assert!(uw <= w && uh <= h);
            prop_assert_eq!(rule.usable_size(uw, uh, detail), (uw, uh));
            prop_assert_eq!(rule.tokens(uw, uh, detail), rule.tokens(w, h, detail));
        }
    }
}
