//! Image-token arithmetic.
//!
//! Source: OpenAI's vision guide ("Calculating costs", mirrors of 2025-04 to 2026-10),
//! corrected by published bills; Qwen2-VL's `smart_resize` (transformers); Google's
//! image-understanding page and Together's vision page (2026-11); of Anthropic a published
//! table of measurements, which its own `w * h / 750` does not fit.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How closely the model looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Detail {
    /// A small proxy of the image.
    Low,
    /// The image at the size that the model can use.
    High,
}

impl Detail {
    /// As it stands in a request: `low` or `high`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::High => "high",
        }
    }
}

/// A family of rules, as a manifest names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// 512-pixel tiles after a downscale to 2048 and 768.
    OpenaiTile,
    /// 32-pixel patches within a budget.
    OpenaiPatch,
    /// Patches merged to 28 (or 32) pixels, both sides rounded to a multiple.
    Qwen28,
    /// Crops of two thirds of the shorter side, or a fixed count.
    Gemini,
    /// One token for each 28 (or 16) pixels square.
    Area,
    /// Up to 2 x 2 tiles of 560 pixels.
    Llama,
    /// Unknown.
    None,
}

impl Family {
    /// As it stands in a manifest.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenaiTile => "openai-tile",
            Self::OpenaiPatch => "openai-patch",
            Self::Qwen28 => "qwen-28",
            Self::Gemini => "gemini",
            Self::Area => "area",
            Self::Llama => "llama",
            Self::None => "none",
        }
    }
}

/// How a model counts an image, with its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImageRule {
    /// `base + tiles * per_tile`; `low` costs `base`.
    Tile {
        /// Tokens for any image.
        base: u64,
        /// Tokens for each 512-pixel tile.
        per_tile: u64,
    },
    /// `ceil(patches * multiplier)`, at most `budget` patches.
    Patch {
        /// Most patches that an image is cut into.
        budget: u32,
        /// Longest side that is kept, in pixels.
        max_side: u32,
        /// Hundredths: 162 is 1.62.
        multiplier_percent: u64,
        /// Longest side at `low`, in pixels; 0: as at `high`.
        low_side: u32,
    },
    /// `w * h / factor²` after rounding both sides to multiples of `factor`, plus 2.
    Qwen {
        /// Pixels on the side of a merged patch: 28 or 32.
        factor: u32,
        /// Smallest area in pixels; smaller images are enlarged.
        min_pixels: u64,
        /// Largest area in pixels.
        max_pixels: u64,
    },
    /// `crops * per_crop`; at most 384 x 384 is one crop.
    Crops {
        /// Tokens for each crop.
        per_crop: u64,
    },
    /// Any image costs the same.
    Fixed {
        /// Tokens for an image.
        tokens: u64,
    },
    /// One token for each square, after a downscale to both bounds.
    Area {
        /// Pixels on the side of a square.
        factor: u32,
        /// Longest side that is kept, in pixels.
        max_side: u32,
        /// Most tokens of an image.
        max_tokens: u64,
    },
    /// `tiles * per_tile`, with at most `most` tiles across and down.
    Tiles {
        /// Pixels on the side of a tile.
        side: u32,
        /// Most tiles across, and down.
        most: u32,
        /// Tokens for each tile.
        per_tile: u64,
    },
    /// Not known: no estimate.
    Unknown,
}

/// The rule with its numbers, for people: `openai-tile 2833 + 5667 a tile`.
impl fmt::Display for ImageRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.family().name())?;
        match self {
            Self::Tile { base, per_tile } => write!(f, " {base} + {per_tile} a tile"),
            Self::Patch { budget, multiplier_percent, .. } => {
                let (whole, rest) = (multiplier_percent / 100, multiplier_percent % 100);
                write!(f, " {whole}.{rest:02} a patch, at most {budget}")
            }
            Self::Qwen { factor, .. } | Self::Area { factor, .. } => write!(f, " {factor} pixels"),
            Self::Crops { per_crop } => write!(f, " {per_crop} a crop"),
            Self::Fixed { tokens } => write!(f, " {tokens} for any image"),
            Self::Tiles { per_tile, .. } => write!(f, " {per_tile} a tile"),
            Self::Unknown => Ok(()),
        }
    }
}

/// The longest side that OpenAI's tile rule keeps, in pixels.
const LONGEST: u32 = 2048;
/// The short side that the tile rule keeps, in pixels.
const TILE_SHORTEST: u32 = 768;
/// The side of a tile, and of the proxy that `low` looks at, in pixels.
const TILE: u32 = 512;
/// The side of a patch, in pixels.
const PATCH: u32 = 32;

impl ImageRule {
    /// The family, as a manifest names it.
    #[must_use]
    pub fn family(self) -> Family {
        match self {
            Self::Tile { .. } => Family::OpenaiTile,
            Self::Patch { .. } => Family::OpenaiPatch,
            Self::Qwen { .. } => Family::Qwen28,
            Self::Crops { .. } | Self::Fixed { .. } => Family::Gemini,
            Self::Area { .. } => Family::Area,
            Self::Tiles { .. } => Family::Llama,
            Self::Unknown => Family::None,
        }
    }

    /// Whether servers of such models know `detail`.
    #[must_use]
    pub fn takes_detail(self) -> bool {
        matches!(self, Self::Tile { .. } | Self::Patch { .. } | Self::Qwen { .. })
    }

    /// Tokens of an image of `width` x `height` pixels; `None` when the rule is unknown.
    #[must_use]
    pub fn tokens(self, width: u32, height: u32, detail: Detail) -> Option<u64> {
        let (w, h) = self.usable(width, height, detail);
        match self {
            Self::Tile { base, .. } if detail == Detail::Low => Some(base),
            Self::Tile { base, per_tile } => {
                Some(base + u64::from(w.div_ceil(TILE)) * u64::from(h.div_ceil(TILE)) * per_tile)
            }
            Self::Patch { budget, multiplier_percent, .. } => {
                let patches = u64::from(w.div_ceil(PATCH)) * u64::from(h.div_ceil(PATCH));
                Some((patches.min(budget.into()) * multiplier_percent).div_ceil(100))
            }
            Self::Qwen { factor, .. } => {
                Some(u64::from(w) * u64::from(h) / (u64::from(factor) * u64::from(factor)) + 2)
            }
            Self::Crops { per_crop } => Some(crops(w, h) * per_crop),
            Self::Fixed { tokens } => Some(tokens),
            Self::Area { factor, max_tokens, .. } => {
                Some((u64::from(w.div_ceil(factor)) * u64::from(h.div_ceil(factor))).min(max_tokens))
            }
            Self::Tiles { side, most, per_tile } => {
                let tiles = |length: u32| u64::from(length.div_ceil(side).min(most));
                Some(tiles(w) * tiles(h) * per_tile)
            }
            Self::Unknown => None,
        }
    }

    /// The side of the squares that an image is cut into, each of which costs; `None`:
    /// the cost does not grow in steps that a sender could use.
    #[must_use]
    pub fn step(self, detail: Detail) -> Option<u32> {
        match self {
            Self::Tile { .. } if detail == Detail::High => Some(TILE),
            Self::Patch { .. } => Some(PATCH),
            Self::Area { factor, .. } => Some(factor),
            _ => None,
        }
    }

    /// The size that the model looks at: never larger than the image (but for Qwen's
    /// minimum and rounding). An image sent at this size is not resized again.
    #[must_use]
    pub fn usable(self, width: u32, height: u32, detail: Detail) -> (u32, u32) {
        let size = (width.max(1), height.max(1));
        match self {
            Self::Tile { .. } if detail == Detail::Low => longest_at_most(size, TILE),
            Self::Tile { .. } => shortest_at_most(longest_at_most(size, LONGEST), TILE_SHORTEST),
            Self::Patch { budget, max_side, low_side, .. } => {
                let longest = if detail == Detail::Low && low_side > 0 { low_side } else { max_side };
                within_budget(longest_at_most(size, longest), budget)
            }
            Self::Qwen { factor, min_pixels, max_pixels } => smart_resize(size, factor, min_pixels, max_pixels),
            Self::Area { factor, max_side, max_tokens } => {
                within_tokens(longest_at_most(size, max_side), factor, max_tokens)
            }
            Self::Tiles { side, most, .. } => longest_at_most(size, side * most),
            Self::Crops { .. } | Self::Fixed { .. } | Self::Unknown => size,
        }
    }
}

/// Crops that Gemini cuts an image into: units of two thirds of the shorter side, 256 to
/// 768 pixels.
fn crops(w: u32, h: u32) -> u64 {
    if w.max(h) <= 384 {
        return 1;
    }
    let unit = (w.min(h) * 2 / 3).clamp(256, 768);
    u64::from(w.div_ceil(unit)) * u64::from(h.div_ceil(unit))
}

/// Downscales until at most `max_tokens` squares cover the image.
fn within_tokens((w, h): (u32, u32), factor: u32, max_tokens: u64) -> (u32, u32) {
    let count = |(w, h): (u32, u32)| u64::from(w.div_ceil(factor)) * u64::from(h.div_ceil(factor));
    let mut size = (w, h);
    // The border squares cost too: a pixel less a side until it fits.
    if count(size) > max_tokens {
        #[expect(clippy::cast_precision_loss, reason = "a ratio")]
        let scale = (max_tokens as f64 * f64::from(factor).powi(2) / (f64::from(w) * f64::from(h))).sqrt();
        size = scaled((w, h), scale);
        let mut longest = size.0.max(size.1);
        while count(size) > max_tokens && longest > 1 {
            longest -= 1;
            size = longest_at_most((w, h), longest);
        }
    }
    size
}

/// Downscales so that the longer side is at most `limit`; sides go to the nearest pixel.
#[must_use]
pub fn longest_at_most((w, h): (u32, u32), limit: u32) -> (u32, u32) {
    let longest = w.max(h);
    if longest <= limit { (w, h) } else { scaled((w, h), f64::from(limit) / f64::from(longest)) }
}

fn shortest_at_most((w, h): (u32, u32), limit: u32) -> (u32, u32) {
    let shortest = w.min(h);
    if shortest <= limit { (w, h) } else { scaled((w, h), f64::from(limit) / f64::from(shortest)) }
}

/// To the nearest pixel: bills for 2049x513 and 2050x513 prove it against floor and ceiling.
fn scaled((w, h): (u32, u32), factor: f64) -> (u32, u32) {
    (to_pixels((f64::from(w) * factor).round()), to_pixels((f64::from(h) * factor).round()))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn to_pixels(side: f64) -> u32 {
    side.clamp(1.0, f64::from(u32::MAX)) as u32
}

fn within_budget((w, h): (u32, u32), budget: u32) -> (u32, u32) {
    if u64::from(w.div_ceil(PATCH)) * u64::from(h.div_ceil(PATCH)) <= u64::from(budget) {
        return (w, h);
    }
    let (fw, fh, patch) = (f64::from(w), f64::from(h), f64::from(PATCH));
    let s = (patch * patch * f64::from(budget) / (fw * fh)).sqrt();
    let (cols, rows) = (fw * s / patch, fh * s / patch);
    let s = s * (cols.floor().max(1.0) / cols).min(rows.floor().max(1.0) / rows);
    // One side is a whole number of patches here; the tolerance keeps it from losing a pixel.
    (to_pixels((fw * s + 1e-6).floor()), to_pixels((fh * s + 1e-6).floor()))
}

fn smart_resize((w, h): (u32, u32), factor: u32, min: u64, max: u64) -> (u32, u32) {
    let f = f64::from(factor);
    let (fw, fh) = (f64::from(w), f64::from(h));
    // Python's round goes half to even; so does this.
    let near = |side: f64| ((side / f).round_ties_even() * f).max(f);
    let (rw, rh) = (near(fw), near(fh));
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

#[cfg(test)]
mod tests;
