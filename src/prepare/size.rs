//! How large a page is sent: what the model can use, never more than there is.

use crate::catalog::ImageRule;
use crate::manifest::{Image, Size};

/// The size at which an upright page of `size` pixels is sent.
#[must_use]
pub fn target_size(size: (u32, u32), image: &Image) -> (u32, u32) {
    if image.size == Size::Original {
        return size;
    }
    let (width, height) = capped(size, image.max_side);
    let usable = image.rule.usable(width, height, image.detail);
    match image.rule {
        // Qwen rounds and enlarges on its side; a page is never enlarged on ours.
        ImageRule::Qwen { .. } if usable.0 >= width || usable.1 >= height => (width, height),
        _ => usable,
    }
}

fn capped((width, height): (u32, u32), max_side: Option<u32>) -> (u32, u32) {
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
