//! The sizes to which vendors scale images before they count tokens. Pure arithmetic; the
//! sources are in [`mod@super::image_rule`].

/// Downscales so that the longer side is at most `max` pixels. Sides are rounded to the
/// nearest pixel.
#[must_use]
pub fn fit_longest_side((w, h): (u32, u32), max: u32) -> (u32, u32) {
    let longest = w.max(h);
    if longest <= max { (w, h) } else { scale((w, h), f64::from(max) / f64::from(longest)) }
}

/// Downscales so that the shorter side is at most `max` pixels.
pub(crate) fn fit_shortest_side((w, h): (u32, u32), max: u32) -> (u32, u32) {
    let shortest = w.min(h);
    if shortest <= max { (w, h) } else { scale((w, h), f64::from(max) / f64::from(shortest)) }
}

/// Downscales so that at most `budget` patches of `patch` pixels cover the image, as OpenAI
/// does: one side becomes a whole number of patches. Never enlarges the image.
pub(crate) fn fit_patches((w, h): (u32, u32), patch: u32, budget: u32) -> (u32, u32) {
    if count_cells((w, h), patch) <= u64::from(budget) {
        return (w, h);
    }
    let (fw, fh, side) = (f64::from(w), f64::from(h), f64::from(patch));
    let s = (side * side * f64::from(budget) / (fw * fh)).sqrt();
    let (cols, rows) = (fw * s / side, fh * s / side);
    let s = s * (cols.floor().max(1.0) / cols).min(rows.floor().max(1.0) / rows);
    // The tolerance keeps a side that is a whole number of patches from losing a pixel.
    let size = (to_pixels((fw * s + 1e-6).floor()), to_pixels((fh * s + 1e-6).floor()));
    // A long strip: what would be less than one patch wide is one patch.
    if count_cells(size, patch) <= u64::from(budget) && size.0 <= w && size.1 <= h {
        size
    } else {
        fit_longest_side((w, h), patch.saturating_mul(budget))
    }
}

/// Downscales so that at most `max_tokens` squares of `factor` pixels cover the image, those
/// at the border included, and the squares of a side are at most `max_side` pixels long: the
/// largest longer side for which both hold, as Anthropic's vision page describes it.
pub(crate) fn fit_squares((w, h): (u32, u32), factor: u32, max_side: u32, max_tokens: u64) -> (u32, u32) {
    let fits = |size: (u32, u32)| {
        let is_short = |side: u32| u64::from(side.div_ceil(factor)) * u64::from(factor) <= u64::from(max_side);
        is_short(size.0) && is_short(size.1) && count_cells(size, factor) <= max_tokens
    };
    if fits((w, h)) {
        return (w, h);
    }
    let aspect = f64::from(w.max(h)) / f64::from(w.min(h));
    let sized = |longest: u32| {
        // Python's `round` rounds half to even.
        let shortest = to_pixels((f64::from(longest) / aspect).round_ties_even());
        if w >= h { (longest, shortest) } else { (shortest, longest) }
    };
    let (mut low, mut high) = (1, w.max(h));
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if fits(sized(middle)) { low = middle } else { high = middle }
    }
    sized(low)
}

/// Rounds both sides to multiples of `factor` and scales the area into `min..=max` pixels:
/// `smart_resize` of Qwen2-VL in transformers. May enlarge the image.
pub(crate) fn smart_resize((w, h): (u32, u32), factor: u32, min: u64, max: u64) -> (u32, u32) {
    let f = f64::from(factor);
    let (fw, fh) = (f64::from(w), f64::from(h));
    // Python's `round` rounds half to even.
    let round = |side: f64| ((side / f).round_ties_even() * f).max(f);
    let (rw, rh) = (round(fw), round(fh));
    #[expect(clippy::cast_precision_loss, reason = "areas are far below 2^53")]
    let (min, max) = (min as f64, max as f64);
    let (rw, rh) = if rw * rh > max {
        let beta = (fw * fh / max).sqrt();
        let down = |side: f64| ((side / beta / f).floor() * f).max(f);
        (down(fw), down(fh))
    } else if rw * rh < min {
        let beta = (min / (fw * fh)).sqrt();
        let up = |side: f64| (side * beta / f).ceil() * f;
        (up(fw), up(fh))
    } else {
        (rw, rh)
    };
    (to_pixels(rw), to_pixels(rh))
}

/// The number of squares of `side` pixels that cover an image.
pub(crate) fn count_cells((w, h): (u32, u32), side: u32) -> u64 {
    u64::from(w.div_ceil(side)) * u64::from(h.div_ceil(side))
}

/// To the nearest pixel: published bills for 2049x513 and 2050x513 rule out floor and
/// ceiling.
fn scale((w, h): (u32, u32), factor: f64) -> (u32, u32) {
    (to_pixels((f64::from(w) * factor).round()), to_pixels((f64::from(h) * factor).round()))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn to_pixels(side: f64) -> u32 {
    side.clamp(1.0, f64::from(u32::MAX)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_size() -> impl Strategy<Value = (u32, u32)> {
        (1_u32..9000, 1_u32..9000)
    }

    /// Whether `small` has the proportions of `large`, to a pixel per side.
    fn is_proportional(small: (u32, u32), large: (u32, u32)) -> bool {
        let ratio = f64::from(small.0.max(small.1)) / f64::from(large.0.max(large.1));
        let is_near = |side: u32, of: u32| (f64::from(side) - (f64::from(of) * ratio).max(1.0)).abs() <= 1.0;
        is_near(small.0, large.0) && is_near(small.1, large.1)
    }

    #[test]
    fn a_size_that_fits_stays_as_it_is() {
        assert_eq!(fit_longest_side((640, 480), 640), (640, 480));
        assert_eq!(fit_shortest_side((640, 480), 480), (640, 480));
        assert_eq!(fit_patches((640, 480), 32, 300), (640, 480));
        assert_eq!(fit_squares((560, 280), 28, 560, 200), (560, 280));
        assert_eq!(smart_resize((560, 280), 28, 1, 1_000_000), (560, 280));
    }

    proptest! {
        #[test]
        fn a_side_is_at_most_its_limit(size in any_size(), max in 1_u32..3000) {
            let longest = fit_longest_side(size, max);
            prop_assert!(longest.0.max(longest.1) <= max && is_proportional(longest, size));
            prop_assert!(longest == size || longest.0.max(longest.1) == max, "as large as possible");
            let shortest = fit_shortest_side(size, max);
            prop_assert!(shortest.0.min(shortest.1) <= max);
            prop_assert!(shortest == size || shortest.0.min(shortest.1) == max);
        }

        #[test]
        fn patches_stay_within_their_budget(size in any_size(), budget in 20_u32..3000) {
            let patches = fit_patches(size, 32, budget);
            prop_assert!(count_cells(patches, 32) <= u64::from(budget));
            prop_assert!(patches.0 <= size.0 && patches.1 <= size.1);
        }

        #[test]
        fn squares_stay_within_their_budget(size in any_size(), budget in 1_u32..3000) {
            let squares = fit_squares(size, 28, 1568, budget.into());
            prop_assert!(count_cells(squares, 28) <= u64::from(budget));
            prop_assert!(squares.0.max(squares.1) <= 1568);
            prop_assert!(squares.0 <= size.0 && squares.1 <= size.1);
        }

        #[test]
        fn smart_resize_gives_multiples_within_the_area(size in (28_u32..4000, 28_u32..4000)) {
            let (w, h) = smart_resize(size, 28, 3136, 1_003_520);
            prop_assert!(w % 28 == 0 && h % 28 == 0, "{w} x {h}");
            let area = u64::from(w) * u64::from(h);
            // An extreme ratio keeps one factor on the shorter side.
            prop_assert!(area <= 1_003_520 || w.min(h) == 28, "{w} x {h}");
            prop_assert!(area >= 3136, "{w} x {h}");
        }
    }
}
