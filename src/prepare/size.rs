//! The size at which a page is sent: what the model can use, and never more than the page has.
//!
//! Models bill images by squares ([`ImageRule::cell_side`]), also for squares that are partly
//! filled. An A4 page at 768 x 1086 pixels costs six tiles of 512 pixels, at 724 x 1024 four.

use crate::catalog::ImageRule;
use crate::manifest::{Image, Size};

/// By how much `standard` shortens each side at most, as a share.
const MAX_SHRINKAGE: f64 = 0.08;

/// Width and height at which an upright page of this size is sent, in pixels.
#[must_use]
pub fn target_size(size: (u32, u32), image: &Image) -> (u32, u32) {
    let full = full_size(size, image);
    match image.size {
        Size::Original => size,
        Size::Full => full,
        Size::Standard => snap_size(full, image),
        Size::Economy => economy_size(full, image),
    }
}

/// The largest size that the model can use.
#[must_use]
pub fn full_size(size: (u32, u32), image: &Image) -> (u32, u32) {
    let (width, height) = limit_side(size, image.max_side);
    let usable = image.rule.usable_size(width, height, image.detail);
    match image.rule {
        // Qwen rounds and enlarges images itself; docmill never enlarges a page.
        ImageRule::Qwen { .. } if usable.0 >= width || usable.1 >= height => (width, height),
        _ => usable,
    }
}

/// The size that costs least among the full one and those that end at a border of squares,
/// across or down, with the proportions of the page. Of equal costs, the largest.
fn snap_size(full: (u32, u32), image: &Image) -> (u32, u32) {
    let Some(step) = image.rule.cell_side(image.detail) else { return full };
    let cost = |(width, height)| image.rule.tokens(width, height, image.detail).unwrap_or(u64::MAX);
    let across = border(full.0, step).map(|border| (border, scaled(full.1, border, full.0)));
    let down = border(full.1, step).map(|border| (scaled(full.0, border, full.1), border));
    let sizes = [Some(full), across, down].into_iter().flatten();
    sizes.min_by_key(|size| (cost(*size), u64::MAX - u64::from(size.0) * u64::from(size.1))).unwrap_or(full)
}

/// The last border of squares within a side, unless it is too far from its end.
fn border(side: u32, step: u32) -> Option<u32> {
    let border = side / step * step;
    let is_near = f64::from(border) >= f64::from(side) * (1.0 - MAX_SHRINKAGE);
    (border != side && border > 0 && is_near).then_some(border)
}

/// The smallest size whose shorter side is `min_side`.
fn economy_size(full: (u32, u32), image: &Image) -> (u32, u32) {
    let shorter = full.0.min(full.1);
    match image.min_side {
        Some(min) if shorter > min => {
            if full.0 <= full.1 {
                (min, scaled(full.1, min, full.0))
            } else {
                (scaled(full.0, min, full.1), min)
            }
        }
        _ => full,
    }
}

/// Scales `side` by `to / from`, to the nearest pixel and at least one.
fn scaled(side: u32, to: u32, from: u32) -> u32 {
    let (side, to, from) = (u64::from(side), u64::from(to), u64::from(from.max(1)));
    u32::try_from((side * to + from / 2) / from).unwrap_or(u32::MAX).max(1)
}

/// The size with a longer side of at most `max_side`.
fn limit_side((width, height): (u32, u32), max_side: Option<u32>) -> (u32, u32) {
    let longest = width.max(height);
    match max_side {
        Some(limit) if longest > limit => {
            let scaled = |side: u32| (u64::from(side) * u64::from(limit)).div_ceil(u64::from(longest));
            let side = |side: u32| u32::try_from(scaled(side)).unwrap_or(limit).clamp(1, limit);
            (side(width), side(height))
        }
        _ => (width, height),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Detail, image_rule};
    use crate::manifest::PdfRenderer;
    use proptest::prelude::*;

    fn image(model: &str, size: Size, min_side: Option<u32>) -> Image {
        Image {
            detail: Detail::High,
            size,
            rule: image_rule(model, None),
            max_side: None,
            min_side,
            pdf_renderer: PdfRenderer::Auto,
        }
    }

    #[test]
    fn sizes_and_their_costs() {
        let economy = |min| (Size::Economy, Some(min));
        for (model, (size, min_side), page, sent, tokens) in [
            // A4 at 300 dpi, gpt-4o-mini: six, four and two tiles.
            ("gpt-4o-mini", (Size::Full, None), (2480, 3508), (768, 1086), 36_835),
            ("gpt-4o-mini", (Size::Standard, None), (2480, 3508), (724, 1024), 25_501),
            ("gpt-4o-mini", economy(512), (2480, 3508), (512, 724), 14_167),
            ("gpt-4o-mini", economy(600), (2480, 3508), (600, 848), 25_501),
            // Landscape, US letter, and a border too far away.
            ("gpt-4o-mini", (Size::Standard, None), (3508, 2480), (1024, 724), 25_501),
            ("gpt-4o-mini", (Size::Standard, None), (2550, 3300), (768, 994), 25_501),
            ("gpt-4o-mini", (Size::Standard, None), (1920, 1080), (1365, 768), 36_835),
            // Small pages: from 540 a border at 512 is near, from 600 it is not.
            ("gpt-4o-mini", (Size::Standard, None), (500, 500), (500, 500), 8500),
            ("gpt-4o-mini", (Size::Standard, None), (540, 540), (512, 512), 8500),
            ("gpt-4o-mini", (Size::Standard, None), (600, 600), (600, 600), 25_501),
            ("gpt-4o-mini", economy(512), (300, 400), (300, 400), 8500),
            // Patches: without the row that is partly filled.
            ("gpt-4.1-mini", (Size::Full, None), (1024, 1000), (1024, 1000), 1659),
            ("gpt-4.1-mini", (Size::Standard, None), (1024, 1000), (1016, 992), 1608),
            ("gpt-4.1-mini", economy(512), (2480, 3508), (512, 724), 597),
            // No squares: as full.
            ("qwen2.5-vl-7b", (Size::Standard, None), (2480, 3508), (2480, 3508), 11_127),
            ("llava", (Size::Standard, None), (2480, 3508), (2480, 3508), 0),
        ] {
            let image = image(model, size, min_side);
            let got = target_size(page, &image);
            let cost = image.rule.tokens(got.0, got.1, Detail::High).unwrap_or(0);
            assert_eq!((got, cost), (sent, tokens), "{model} {size:?} {page:?}");
        }
    }

    proptest! {
        #[test]
        fn standard_shrinks_little_and_never_costs_more(width in 1_u32..5000, height in 1_u32..5000, patches: bool) {
            let model = if patches { "gpt-4.1-mini" } else { "gpt-4o-mini" };
            let (full, standard) = (image(model, Size::Full, None), image(model, Size::Standard, None));
            let (large, small) = (target_size((width, height), &full), target_size((width, height), &standard));
            let cost = |(w, h)| full.rule.tokens(w, h, Detail::High).unwrap();
            prop_assert!(cost(small) <= cost(large));
            for (small, large) in [(small.0, large.0), (small.1, large.1)] {
                prop_assert!(small <= large && f64::from(small) >= f64::from(large) * (1.0 - MAX_SHRINKAGE) - 1.0, "{small} of {large}");
            }
        }

        #[test]
        fn economy_keeps_the_shorter_side(width in 1_u32..5000, height in 1_u32..5000, min in 64_u32..1024) {
            let economy = image("gpt-4o-mini", Size::Economy, Some(min));
            let full = target_size((width, height), &image("gpt-4o-mini", Size::Full, None));
            let got = target_size((width, height), &economy);
            prop_assert_eq!(got.0.min(got.1), full.0.min(full.1).min(min));
        }

        #[test]
        fn no_page_is_enlarged_or_loses_a_side(
            page in (1_u32..20_000, 1_u32..20_000),
            model in prop::sample::select(vec!["gpt-4o-mini", "gpt-4.1-mini", "qwen2.5-vl-7b", "llava"]),
            size in prop::sample::select(vec![Size::Full, Size::Standard, Size::Economy, Size::Original]),
            max_side in prop::option::of(1_u32..5000),
        ) {
            let image = Image { max_side, ..image(model, size, Some(64)) };
            let (width, height) = target_size(page, &image);
            prop_assert!((1..=page.0).contains(&width) && (1..=page.1).contains(&height), "{width} x {height}");
            if let (Some(limit), true) = (max_side, size != Size::Original) {
                prop_assert!(width.max(height) <= limit, "{width} x {height}");
            }
            // The proportions stay, except for rounding in up to three steps; Qwen rounds sides
            // to multiples of 28.
            let (a, b) = (u64::from(width) * u64::from(page.1), u64::from(height) * u64::from(page.0));
            let rounding = if model.starts_with("qwen") { 28 } else { 6 };
            let slack = rounding * u64::from(page.0.max(page.1));
            prop_assert!(a.abs_diff(b) <= slack || width == 1 || height == 1, "{width} x {height}");
        }
    }
}
