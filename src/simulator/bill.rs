//! What is billed: image tokens from the real pixels, and a quarter of the characters for text.
//! Source: OpenAI's vision guide, "Calculating costs" (2026-10).

/// Maximum side of an image, in pixels. A larger one is scaled down first.
const MAX_SIDE: f64 = 2048.0;
/// Maximum shorter side of an image that is billed by tiles, in pixels.
const MAX_SHORT_SIDE: f64 = 768.0;
/// Maximum patches of an image.
const MAX_PATCHES: f64 = 1536.0;
/// Side of a patch, in pixels.
const PATCH: f64 = 32.0;

/// The tokens of one exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TokenBill {
    /// Prompt tokens, cached ones included.
    pub(crate) input: u64,
    /// Prompt tokens that were cached.
    pub(crate) cached_input: u64,
    /// Tokens of the reply.
    pub(crate) output: u64,
}

/// Tokens of an image of this size in pixels. `detail` is `low`, `high` or `auto`.
pub(crate) fn image_tokens(model: &str, width: u32, height: u32, detail: &str) -> u64 {
    let name = model.rsplit('/').next().unwrap_or(model);
    if name.starts_with("gpt-4.1-mini") || name.starts_with("gpt-5-mini") {
        return patch_tokens(width, height, 1.62);
    }
    if name.starts_with("gpt-4.1-nano") || name.starts_with("gpt-5-nano") {
        return patch_tokens(width, height, 2.46);
    }
    let (base, per_tile) = match name {
        _ if name.starts_with("gpt-4o-mini") => (2833, 5667),
        _ if name.starts_with("gpt-5") => (70, 140),
        _ if name.starts_with("o1") || name.starts_with("o3") => (75, 150),
        _ => (85, 170),
    };
    if detail == "low" { base } else { base + per_tile * tiles(width, height) }
}

/// Tokens of a text of so many characters.
pub(crate) fn text_tokens(chars: usize) -> u64 {
    chars.div_ceil(4) as u64
}

/// Tiles of 512 x 512 pixels. Sides are rounded to the nearest pixel after each scaling, and have at
/// least one.
fn tiles(width: u32, height: u32) -> u64 {
    let (mut w, mut h) = shrink_to_max_side(width, height);
    if w.min(h) > MAX_SHORT_SIDE {
        let scale = MAX_SHORT_SIDE / w.min(h);
        (w, h) = ((w * scale).round(), (h * scale).round());
    }
    to_integer((w / 512.0).ceil() * (h / 512.0).ceil())
}

/// Tokens of an image that is billed by patches of 32 x 32 pixels.
fn patch_tokens(width: u32, height: u32, multiplier: f64) -> u64 {
    let (mut w, mut h) = shrink_to_max_side(width, height);
    let count = |w: f64, h: f64| (w / PATCH).ceil() * (h / PATCH).ceil();
    if count(w, h) > MAX_PATCHES {
        let s = (PATCH * PATCH * MAX_PATCHES / (w * h)).sqrt();
        let s = s * ((w * s / PATCH).floor() / (w * s / PATCH)).min((h * s / PATCH).floor() / (h * s / PATCH));
        // One side is now a multiple of 32, but for the error of floats.
        (w, h) = ((w * s + 1e-6).floor().max(1.0), (h * s + 1e-6).floor().max(1.0));
    }
    to_integer((count(w, h).min(MAX_PATCHES) * multiplier - 1e-9).ceil())
}

fn shrink_to_max_side(width: u32, height: u32) -> (f64, f64) {
    let (w, h) = (f64::from(width), f64::from(height));
    if w.max(h) <= MAX_SIDE {
        return (w, h);
    }
    let scale = MAX_SIDE / w.max(h);
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
            for (model, tokens) in ["gpt-4.1-mini", "openai/gpt-5-nano"].iter().zip(tokens) {
                assert_eq!(image_tokens(model, w, h, "high"), tokens, "{model} {w}x{h}");
                assert_eq!(image_tokens(model, w, h, "low"), tokens, "{model} {w}x{h}: `low` is billed alike");
            }
        }
    }

    #[test]
    fn text_is_a_quarter_of_its_characters() {
        assert_eq!([0, 1, 4, 5, 8].map(text_tokens), [0, 1, 1, 2, 2]);
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
