//! The published vectors: OpenAI's guide, public bills, transformers' smart_resize.

use super::*;
use proptest::prelude::*;

fn tile(base: u64, per_tile: u64) -> ImageRule {
    ImageRule::Tile { base, per_tile }
}

fn patch(multiplier_percent: u64) -> ImageRule {
    ImageRule::Patch { budget: 1536, multiplier_percent }
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
        assert_eq!(tile(85, 170).usable(w, h, Detail::High), size, "{w}x{h}");
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
    assert_eq!(patch(162).usable(1800, 2400, Detail::High), (1056, 1408));
    assert_eq!(patch(162).usable(1568, 1024, Detail::High), (1519, 992));
    assert_eq!(patch(162).usable(1920, 1080, Detail::High), (1649, 928));
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

proptest! {
    /// What is sent at the usable size costs the same, and is not resized again.
    #[test]
    fn the_usable_size_is_a_fixed_point(w in 1_u32..9000, h in 1_u32..9000, low: bool) {
        let detail = if low { Detail::Low } else { Detail::High };
        for rule in [tile(2833, 5667), patch(162)] {
            let (uw, uh) = rule.usable(w, h, detail);
            prop_assert!(uw <= w && uh <= h);
            prop_assert_eq!(rule.usable(uw, uh, detail), (uw, uh));
            prop_assert_eq!(rule.tokens(uw, uh, detail), rule.tokens(w, h, detail));
        }
    }
}
