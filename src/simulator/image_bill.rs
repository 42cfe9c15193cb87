//! What images are billed as, from their pixels. Sources: OpenAI's vision guide, "Calculating costs"
//! (2026-10), Anthropic's and Google's vision guides, Qwen's image processor, and Together's guide for Llama.

/// Maximum side of an image, in pixels. A larger one is scaled down first.
const MAX_SIDE: f64 = 2048.0;
/// Maximum shorter side of an image that is billed by tiles, in pixels.
const MAX_SHORT_SIDE: f64 = 768.0;
/// Side of a patch, in pixels.
const PATCH: f64 = 32.0;
/// Side of the box for `detail: low` on newer models, in pixels.
const LOW_SIDE: f64 = 512.0;
/// Patches of an image that is not limited by a budget, and maximum of `detail: original`.
const NO_BUDGET: f64 = 1e9;
/// Side of an image that is not limited, in pixels.
const NO_SIDE: f64 = 65_535.0;
/// Tokens of an image on Gemini 3.
const GEMINI_3: u64 = 1120;
/// Tokens of a tile on Gemini 2.
const GEMINI_2_TILE: u64 = 258;

/// A rule for the tokens of an image.
#[derive(Clone, Copy, Debug)]
enum ImageRule {
    /// Tokens of the image and of each tile.
    Tiles { base: u64, tile: u64 },
    /// Maximum patches, maximum side in pixels, tokens of a patch.
    Patches { budget: f64, side: f64, factor: f64 },
    /// Tiles of Gemini 2.
    Gemini2,
    /// The same for every image.
    Fixed(u64),
    /// Claude's: squares of 28 pixels, with a maximum side in pixels and a maximum number.
    Squares { side: u32, budget: u64 },
    /// Llama 3.2's: tiles with this side in pixels, one or two a side, with this many tokens each.
    Llama { side: u32, tile: u64 },
    /// Qwen's: squares of this side, in pixels, of an image scaled between two areas.
    Area { square: f64, least: f64, most: f64 },
}

/// Tokens of an image of this size in pixels. `detail` is `low`, `high`, `original` or `auto`.
pub(crate) fn image_tokens(model: &str, width: u32, height: u32, detail: &str) -> u64 {
    match rule(model, detail) {
        ImageRule::Tiles { base, .. } if detail == "low" => base,
        ImageRule::Tiles { base, tile } => base + tile * tiles(width, height),
        ImageRule::Patches { budget, side, factor } => {
            to_integer((patches(width, height, budget, side) * factor - 1e-9).ceil())
        }
        ImageRule::Gemini2 => GEMINI_2_TILE * gemini_tiles(width, height),
        ImageRule::Fixed(tokens) => tokens,
        ImageRule::Squares { side, budget } => squares(width, height, side, budget),
        ImageRule::Llama { side, tile } => {
            tile * [width, height].map(|pixels| if pixels > side { 2 } else { 1 }).iter().product::<u64>()
        }
        ImageRule::Area { square, least, most } => area_squares(width, height, square, least, most),
    }
}

/// Patches of an image that is billed by them.
pub(crate) fn image_patches(model: &str, width: u32, height: u32, detail: &str) -> Option<u64> {
    match rule(model, detail) {
        ImageRule::Patches { budget, side, .. } => Some(to_integer(patches(width, height, budget, side))),
        _ => None,
    }
}

/// The rule of a model, by the beginning of its name without the maker.
fn rule(model: &str, detail: &str) -> ImageRule {
    let name = model.rsplit('/').next().unwrap_or(model).to_lowercase();
    let is = |start: &str| name.starts_with(start);
    let patches = |budget, side, factor| ImageRule::Patches { budget, side, factor };
    let newer = |auto: ImageRule, side: f64| match detail {
        "low" => patches(NO_BUDGET, LOW_SIDE, 1.2),
        "high" => patches(2500.0, side, 1.2),
        _ => auto,
    };
    match () {
        () if is("gpt-4.1-mini") => patches(1536.0, MAX_SIDE, 1.62),
        () if is("gpt-4.1-nano") => patches(1536.0, MAX_SIDE, 2.46),
        () if is("o4-mini") => patches(1536.0, MAX_SIDE, 1.72),
        () if is("gpt-4o-mini") => ImageRule::Tiles { base: 2833, tile: 5667 },
        () if is("gpt-5-mini") => patches(1536.0, MAX_SIDE, 1.2),
        () if is("gpt-5-nano") => patches(1536.0, MAX_SIDE, 1.5),
        () if is("gpt-5.2") => patches(6144.0, MAX_SIDE, 1.2),
        () if is("gpt-5.4") => match detail {
            "low" => patches(6144.0, MAX_SIDE, 1.2),
            "original" => patches(10_000.0, 6000.0, 1.2),
            _ => patches(2500.0, MAX_SIDE, 1.2),
        },
        () if is("gpt-5.5") => newer(patches(10_000.0, 6000.0, 1.2), MAX_SIDE),
        () if is("gpt-5.6") => newer(patches(NO_BUDGET, NO_SIDE, 1.2), MAX_SIDE),
        () if is("gpt-6") => newer(patches(NO_BUDGET, NO_SIDE, 1.2), NO_SIDE),
        () if is("gpt-5") => ImageRule::Tiles { base: 70, tile: 140 },
        () if is("o1") || is("o3") => ImageRule::Tiles { base: 75, tile: 150 },
        () if is("gemini-2") => ImageRule::Gemini2,
        () if is("gemini") => ImageRule::Fixed(GEMINI_3),
        () if is("claude-haiku-4-5") || is("claude-sonnet-4-5") => ImageRule::Squares { side: 1568, budget: 1568 },
        () if is("claude") => ImageRule::Squares { side: 2576, budget: 4784 },
        () if is("llama-3.2") => ImageRule::Llama { side: 560, tile: 1601 },
        () if is("qwen2") => ImageRule::Area { square: 28.0, least: 3136.0, most: 12_845_056.0 },
        () if is("qwen") => ImageRule::Area { square: 32.0, least: 65_536.0, most: 16_777_216.0 },
        () => ImageRule::Tiles { base: 85, tile: 170 },
    }
}

/// Tiles of 512 x 512 pixels. Sides are rounded to the nearest pixel after each scaling, and have at
/// least one.
fn tiles(width: u32, height: u32) -> u64 {
    let (mut w, mut h) = shrink_to_side(width, height, MAX_SIDE);
    if w.min(h) > MAX_SHORT_SIDE {
        let scale = MAX_SHORT_SIDE / w.min(h);
        (w, h) = ((w * scale).round(), (h * scale).round());
    }
    to_integer((w / 512.0).ceil() * (h / 512.0).ceil())
}

/// Patches of 32 x 32 pixels, after scaling to the side and to the budget.
fn patches(width: u32, height: u32, budget: f64, side: f64) -> f64 {
    let (mut w, mut h) = shrink_to_side(width, height, side);
    let count = |w: f64, h: f64| (w / PATCH).ceil() * (h / PATCH).ceil();
    if count(w, h) > budget {
        let s = (PATCH * PATCH * budget / (w * h)).sqrt();
        let s = s * ((w * s / PATCH).floor() / (w * s / PATCH)).min((h * s / PATCH).floor() / (h * s / PATCH));
        // One side is now a multiple of 32, but for the error of floats.
        (w, h) = ((w * s + 1e-6).floor().max(1.0), (h * s + 1e-6).floor().max(1.0));
    }
    count(w, h).min(budget)
}

/// Tiles of Gemini 2: one for a small image, otherwise crops of two thirds of the shorter side.
fn gemini_tiles(width: u32, height: u32) -> u64 {
    if width.max(height) <= 384 {
        return 1;
    }
    let unit = (width.min(height) * 2 / 3).clamp(256, 768);
    u64::from(width.div_ceil(unit)) * u64::from(height.div_ceil(unit))
}

/// Squares of 28 pixels of the largest copy that fits.
fn squares(width: u32, height: u32, side: u32, budget: u64) -> u64 {
    let count = |w: u32, h: u32| u64::from(w.div_ceil(28)) * u64::from(h.div_ceil(28));
    let fits = |w: u32, h: u32| w.max(h).div_ceil(28) * 28 <= side && count(w, h) <= budget;
    if fits(width, height) {
        return count(width, height);
    }
    let (long, short) = (width.max(height), width.min(height));
    let scaled = |long_edge: u32| {
        let short_edge = (f64::from(long_edge) * f64::from(short) / f64::from(long)).round_ties_even().max(1.0);
        (long_edge, u32::try_from(to_integer(short_edge)).unwrap_or(1))
    };
    let (mut low, mut high) = (1, long);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        let (w, h) = scaled(middle);
        if fits(w, h) { low = middle } else { high = middle - 1 }
    }
    let (w, h) = scaled(low);
    count(w, h)
}

/// Squares of an image whose sides are rounded to them, after scaling between two areas.
fn area_squares(width: u32, height: u32, square: f64, least: f64, most: f64) -> u64 {
    let (w, h) = (f64::from(width), f64::from(height));
    let round = |side: f64| ((side / square).round_ties_even() * square).max(square);
    let (mut wide, mut high) = (round(w), round(h));
    if wide * high > most {
        let factor = (w * h / most).sqrt();
        (wide, high) = ((w / factor / square).floor() * square, (h / factor / square).floor() * square);
    } else if wide * high < least {
        let factor = (least / (w * h)).sqrt();
        (wide, high) = ((w * factor / square).ceil() * square, (h * factor / square).ceil() * square);
    }
    to_integer((wide / square).max(1.0) * (high / square).max(1.0))
}

fn shrink_to_side(width: u32, height: u32, side: f64) -> (f64, f64) {
    let (w, h) = (f64::from(width), f64::from(height));
    if w.max(h) <= side {
        return (w, h);
    }
    let scale = side / w.max(h);
    ((w * scale).round().max(1.0), (h * scale).round().max(1.0))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
fn to_integer(value: f64) -> u64 {
    value as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Published and recorded bills; width, height, and tokens at 85/170, 2833/5667, 75/150 and 70/140.
    #[test]
    fn tiles_are_billed_as_published() {
        for (w, h, tokens) in [
            (1, 1, [255, 8500, 225, 210]),
            (128, 64, [255, 8500, 225, 210]),
            (460, 460, [255, 8500, 225, 210]),
            (512, 512, [255, 8500, 225, 210]),
            (512, 513, [425, 14_167, 375, 350]),
            (513, 513, [765, 25_501, 675, 630]),
            (768, 768, [765, 25_501, 675, 630]),
            (1024, 1024, [765, 25_501, 675, 630]),
            (1280, 720, [1105, 36_835, 975, 910]),
            (1920, 1080, [1105, 36_835, 975, 910]),
            (1800, 2400, [765, 25_501, 675, 630]),
            (2048, 4096, [1105, 36_835, 975, 910]),
            (4096, 8192, [1105, 36_835, 975, 910]),
            // 512.75 rows are 513, 512.4995 rows are 512.
            (2049, 513, [1445, 48_169, 1275, 1190]),
            (2050, 513, [765, 25_501, 675, 630]),
            (4032, 3024, [765, 25_501, 675, 630]),
            (8000, 100, [765, 25_501, 675, 630]),
        ] {
            for (model, tokens) in ["gpt-4o", "openai/gpt-4o-mini", "o3", "gpt-5"].iter().zip(tokens) {
                for detail in ["high", "auto"] {
                    assert_eq!(image_tokens(model, w, h, detail), tokens, "{model} {w}x{h}");
                }
            }
        }
        for (model, tokens) in [("gpt-4o", 85), ("gpt-4o-mini-2024-07-18", 2833), ("o1-pro", 75), ("gpt-5", 70)] {
            assert_eq!(image_tokens(model, 4032, 3024, "low"), tokens, "{model}");
        }
    }

    /// Published and recorded bills; width, height, and tokens at 1.62 and 2.46 a patch.
    #[test]
    fn patches_are_billed_as_published() {
        for (w, h, tokens) in [
            (32, 32, [2, 3]),
            (33, 33, [7, 10]),
            (128, 64, [13, 20]),
            (460, 460, [365, 554]),
            (512, 512, [415, 630]),
            (1024, 1024, [1659, 2520]),
            (1280, 720, [1491, 2264]),
            (1536, 1024, [2489, 3779]),
            (1568, 1024, [2411, 3661]),
            (1800, 2400, [2353, 3572]),
            (1920, 1080, [2443, 3710]),
            (3840, 2160, [2443, 3710]),
            (4032, 3024, [2353, 3572]),
            (4000, 1474, [2489, 3779]),
        ] {
            for (model, tokens) in ["gpt-4.1-mini", "openai/gpt-4.1-nano"].iter().zip(tokens) {
                assert_eq!(image_tokens(model, w, h, "high"), tokens, "{model} {w}x{h}");
                assert_eq!(image_tokens(model, w, h, "low"), tokens, "{model} {w}x{h}: `low` is billed alike");
            }
        }
    }

    /// The vectors of the vision guide of 2026-10: high, `original` and `low` of newer models.
    #[test]
    fn newer_models_are_billed_by_their_budgets() {
        for (w, h, high, astra, original, capped, wide, low) in [
            (1024, 1024, 1229, 1229, 1229, 1229, 1229, 308),
            (1920, 1080, 2448, 2448, 2448, 2448, 2448, 173),
            (1654, 2339, 2974, 2974, 4618, 4618, 3533, 231),
            (1800, 2400, 2942, 2942, 5130, 5130, 3687, 231),
            (2048, 2048, 3000, 3000, 4916, 4916, 4916, 308),
            (2480, 3508, 2974, 2974, 10_296, 10_296, 3533, 231),
            (2550, 3300, 2890, 2890, 9984, 9984, 3840, 250),
            (2560, 1440, 2765, 2931, 4320, 4320, 2765, 173),
            (4032, 3024, 2942, 2942, 14_364, 11_868, 3687, 231),
        ] {
            for (model, detail, tokens) in [
                ("gpt-5.6-luna", "high", high),
                ("gpt-5.4-mini", "auto", high),
                ("gpt-6-luna", "high", astra),
                ("gpt-6-astra", "auto", original),
                ("gpt-5.6-sol", "original", original),
                ("gpt-5.5", "auto", capped),
                ("gpt-5.4", "low", wide),
                ("gpt-5.2", "high", wide),
                ("gpt-6-luna", "low", low),
            ] {
                assert_eq!(image_tokens(model, w, h, detail), tokens, "{model} {detail} {w}x{h}");
            }
        }
        assert_eq!(image_patches("gpt-6-luna", 7952, 5304, "auto"), Some(41_334));
    }

    /// The vectors of Anthropic's vision guide, high tier, and of Qwen's processor.
    #[test]
    fn images_of_other_makers_are_billed_by_their_rules() {
        for (w, h, tokens) in [
            (200, 200, 64),
            (1000, 1000, 1296),
            (1092, 1092, 1521),
            (1920, 1080, 2691),
            (1654, 2339, 4756),
            (2480, 3508, 4756),
            (4032, 3024, 4740),
        ] {
            assert_eq!(image_tokens("claude-sonnet-5", w, h, "auto"), tokens, "{w}x{h}");
        }
        for (w, h, tokens) in
            [(28, 28, 64), (640, 480, 300), (1280, 720, 880), (1920, 1080, 2040), (4032, 3024, 11_844)]
        {
            assert_eq!(image_tokens("qwen/qwen3-vl-8b", w, h, "auto"), tokens, "{w}x{h}");
        }
        assert_eq!([(300, 384), (960, 540)].map(|(w, h)| image_tokens("gemini-2.5-flash", w, h, "auto")), [258, 1548]);
        assert_eq!(image_tokens("google/gemini-3.8-flash", 3000, 4000, "auto"), 1120);
        let llama = [(560, 560), (561, 300), (1240, 1754)];
        let tokens = llama.map(|(w, h)| image_tokens("llama-3.2-11b-vision-preview", w, h, "auto"));
        assert_eq!(tokens, [1601, 3202, 6404], "Together's guide");
    }

    proptest! {
        #[test]
        fn no_image_costs_more_than_the_bounds(w in 1_u32..20_000, h in 1_u32..20_000) {
            let tiles = (image_tokens("gpt-4o", w, h, "high") - 85) / 170;
            // 768 pixels are two tiles, 2048 are four.
            prop_assert!((1..=8).contains(&tiles), "{tiles}");
            prop_assert!(image_tokens("gpt-4.1-mini", w, h, "high") <= 2489);
            let turned = image_tokens("gpt-4o-mini", h, w, "high");
            prop_assert_eq!(image_tokens("gpt-4o-mini", w, h, "high"), turned);
        }
    }
}
