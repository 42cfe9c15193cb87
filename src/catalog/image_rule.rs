//! Tokens that models count for images.
//!
//! Sources: OpenAI's vision guide ("Calculating costs", copies from 2025-04 to 2026-10),
//! corrected by published bills; `smart_resize` of Qwen2-VL (transformers); Google's
//! image-understanding page and Together's vision page (2026-11); Anthropic's vision page
//! (2026-08).

use super::downscale::{count_cells, fit_longest_side, fit_patches, fit_shortest_side, fit_squares, smart_resize};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The detail at which a model sees an image. A manifest states `Low` or `High`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Detail {
    /// A small copy of the image.
    Low,
    /// The image at the largest size that the model usually needs.
    High,
    /// The image as it is, within the limits of the model.
    Original,
    /// The choice of the model: what a request without `detail` gets.
    Auto,
}

impl Detail {
    /// The name in requests, manifests and recipes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::High => "high",
            Self::Original => "original",
            Self::Auto => "auto",
        }
    }
}

/// A family of rules, as named in a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleFamily {
    /// Tiles of 512 pixels, after a downscale to 2048 and 768 pixels.
    OpenaiTile,
    /// Patches of 32 pixels, at most a budget of them.
    OpenaiPatch,
    /// Merged patches of 28 or 32 pixels; both sides are rounded to multiples.
    Qwen28,
    /// Crops of two thirds of the shorter side, or a fixed number of tokens.
    Gemini,
    /// One token per square of 28 or 16 pixels.
    Area,
    /// At most 2 x 2 tiles of 560 pixels.
    Llama,
    /// Unknown.
    None,
}

impl RuleFamily {
    /// All families.
    pub const ALL: [Self; 7] =
        [Self::OpenaiTile, Self::OpenaiPatch, Self::Qwen28, Self::Gemini, Self::Area, Self::Llama, Self::None];

    /// The family of this name. `None` for other text.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }

    /// The name in manifests and recipes.
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

/// To what an image is scaled down before its patches are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatchLimits {
    /// Maximum number of patches. [`u32::MAX`]: none, but requests with more than 30,000 are
    /// rejected.
    pub budget: u32,
    /// Maximum length of the longer side, in pixels.
    pub max_side: u32,
}

/// How a model counts the tokens of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImageRule {
    /// `base + tiles * per_tile`; `base` at low detail.
    Tile {
        /// Tokens for any image.
        base: u64,
        /// Tokens per tile of 512 pixels.
        per_tile: u64,
    },
    /// `ceil(patches * multiplier)`, after a downscale to the limits of the detail.
    Patch {
        /// The limits at high detail.
        high: PatchLimits,
        /// The limits at low detail.
        low: PatchLimits,
        /// The limits at `original` detail. `None`: the same as at high detail.
        original: Option<PatchLimits>,
        /// Whether a request without `detail` is treated like `original`, not like `high`.
        auto_is_original: bool,
        /// The multiplier in hundredths: 162 is 1.62.
        multiplier_percent: u64,
    },
    /// `w * h / factor^2 + 2`, after both sides are rounded to multiples of `factor`.
    Qwen {
        /// Side of a merged patch, in pixels: 28 or 32.
        factor: u32,
        /// Minimum area, in pixels. Smaller images are enlarged.
        min_pixels: u64,
        /// Maximum area, in pixels.
        max_pixels: u64,
    },
    /// `crops * per_crop`. An image of at most 384 x 384 pixels is one crop.
    Crops {
        /// Tokens per crop.
        per_crop: u64,
    },
    /// The same number of tokens for every image.
    Fixed {
        /// Tokens per image.
        tokens: u64,
    },
    /// One token per square, after a downscale to both limits.
    Area {
        /// Side of a square, in pixels.
        factor: u32,
        /// Maximum length of the longer side, in pixels.
        max_side: u32,
        /// Maximum number of tokens per image.
        max_tokens: u64,
    },
    /// `tiles * per_tile`, with at most `max_tiles` tiles in each direction.
    Tiles {
        /// Side of a tile, in pixels.
        side: u32,
        /// Maximum number of tiles across, and down.
        max_tiles: u32,
        /// Tokens per tile.
        per_tile: u64,
    },
    /// Unknown: there is no estimate.
    Unknown,
}

/// The family and its numbers, such as `openai-tile 2833 + 5667 a tile`. Appears in the JSON
/// of plans and reports.
impl fmt::Display for ImageRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.family().name())?;
        match self {
            Self::Tile { base, per_tile } => write!(f, " {base} + {per_tile} a tile"),
            Self::Patch { high, multiplier_percent, .. } => {
                let (whole, rest) = (multiplier_percent / 100, multiplier_percent % 100);
                write!(f, " {whole}.{rest:02} a patch, at most {}", high.budget)
            }
            Self::Qwen { factor, .. } | Self::Area { factor, .. } => write!(f, " {factor} pixels"),
            Self::Crops { per_crop } => write!(f, " {per_crop} a crop"),
            Self::Fixed { tokens } => write!(f, " {tokens} for any image"),
            Self::Tiles { per_tile, .. } => write!(f, " {per_tile} a tile"),
            Self::Unknown => Ok(()),
        }
    }
}

/// Maximum length of the longer side under the tile rule, in pixels.
const TILE_MAX_LONGEST: u32 = 2048;
/// Maximum length of the shorter side under the tile rule, in pixels.
const TILE_MAX_SHORTEST: u32 = 768;
/// Side of a tile, and of the copy that `low` detail uses, in pixels.
const TILE_SIDE: u32 = 512;
/// Side of a patch, in pixels.
const PATCH_SIDE: u32 = 32;
/// Patches of an image above which models with patches reject the request. Only an image that
/// is not scaled down has this many. Source: OpenAI's vision guide (2026-10).
#[cfg(any(test, feature = "internal"))]
const MAX_PATCHES: u64 = 30_000;

impl ImageRule {
    /// Patches with the same limits at every detail, at most 2048 pixels per side.
    #[cfg(test)]
    pub(crate) fn plain_patches(budget: u32, multiplier_percent: u64) -> Self {
        let high = PatchLimits { budget, max_side: 2048 };
        Self::Patch { high, low: high, original: None, auto_is_original: false, multiplier_percent }
    }

    /// The family, as named in a manifest.
    #[must_use]
    pub fn family(self) -> RuleFamily {
        match self {
            Self::Tile { .. } => RuleFamily::OpenaiTile,
            Self::Patch { .. } => RuleFamily::OpenaiPatch,
            Self::Qwen { .. } => RuleFamily::Qwen28,
            Self::Crops { .. } | Self::Fixed { .. } => RuleFamily::Gemini,
            Self::Area { .. } => RuleFamily::Area,
            Self::Tiles { .. } => RuleFamily::Llama,
            Self::Unknown => RuleFamily::None,
        }
    }

    /// Whether servers of such models accept `detail` in requests.
    #[must_use]
    pub fn accepts_detail(self) -> bool {
        matches!(self, Self::Tile { .. } | Self::Patch { .. } | Self::Qwen { .. })
    }

    /// Tokens of an image of `width` x `height` pixels. `None` if the rule is unknown.
    #[must_use]
    pub fn tokens(self, width: u32, height: u32, detail: Detail) -> Option<u64> {
        let (w, h) = self.usable_size(width, height, detail);
        match self {
            Self::Tile { base, .. } if detail == Detail::Low => Some(base),
            Self::Tile { base, per_tile } => Some(base + count_cells((w, h), TILE_SIDE) * per_tile),
            Self::Patch { multiplier_percent, .. } => {
                Some((count_cells((w, h), PATCH_SIDE) * multiplier_percent).div_ceil(100))
            }
            Self::Qwen { factor, .. } => {
                Some(u64::from(w) * u64::from(h) / (u64::from(factor) * u64::from(factor)) + 2)
            }
            Self::Crops { per_crop } => Some(count_crops(w, h) * per_crop),
            Self::Fixed { tokens } => Some(tokens),
            Self::Area { factor, max_tokens, .. } => Some(count_cells((w, h), factor).min(max_tokens)),
            Self::Tiles { side, max_tiles, per_tile } => {
                let tiles = |length: u32| u64::from(length.div_ceil(side).min(max_tiles));
                Some(tiles(w) * tiles(h) * per_tile)
            }
            Self::Unknown => None,
        }
    }

    /// Whether the model rejects a request with an image of `width` x `height` pixels, because
    /// more than 30,000 patches are left of it. docmill always sends a detail at which that can't
    /// happen.
    #[cfg(any(test, feature = "internal"))]
    #[must_use]
    pub fn rejects(self, width: u32, height: u32, detail: Detail) -> bool {
        matches!(self, Self::Patch { .. })
            && count_cells(self.usable_size(width, height, detail), PATCH_SIDE) > MAX_PATCHES
    }

    /// Side of the squares into which an image is divided and which are billed one by one,
    /// in pixels. `None` if the tokens do not grow in steps that a sender could use.
    #[must_use]
    pub fn cell_side(self, detail: Detail) -> Option<u32> {
        match self {
            Self::Tile { .. } if detail != Detail::Low => Some(TILE_SIDE),
            Self::Patch { .. } => Some(PATCH_SIDE),
            Self::Area { factor, .. } => Some(factor),
            _ => None,
        }
    }

    /// The size to which the vendor scales an image, at most the size of the image. An image
    /// of this size is not scaled again. Qwen is the exception: it rounds the sides, and
    /// enlarges images below its minimum.
    #[must_use]
    pub fn usable_size(self, width: u32, height: u32, detail: Detail) -> (u32, u32) {
        let size = (width.max(1), height.max(1));
        match self {
            Self::Tile { .. } if detail == Detail::Low => fit_longest_side(size, TILE_SIDE),
            Self::Tile { .. } => fit_shortest_side(fit_longest_side(size, TILE_MAX_LONGEST), TILE_MAX_SHORTEST),
            Self::Patch { high, low, original, auto_is_original, .. } => {
                let limits = match detail {
                    Detail::Low => low,
                    Detail::Auto if auto_is_original => original.unwrap_or(high),
                    Detail::Original => original.unwrap_or(high),
                    Detail::High | Detail::Auto => high,
                };
                fit_patches(fit_longest_side(size, limits.max_side), PATCH_SIDE, limits.budget)
            }
            Self::Qwen { factor, min_pixels, max_pixels } => smart_resize(size, factor, min_pixels, max_pixels),
            Self::Area { factor, max_side, max_tokens } => fit_squares(size, factor, max_side, max_tokens),
            Self::Tiles { side, max_tiles, .. } => fit_longest_side(size, side * max_tiles),
            Self::Crops { .. } | Self::Fixed { .. } | Self::Unknown => size,
        }
    }
}

/// The number of crops into which Gemini divides an image. A crop is two thirds of the
/// shorter side, from 256 to 768 pixels.
fn count_crops(w: u32, h: u32) -> u64 {
    if w.max(h) <= 384 {
        return 1;
    }
    count_cells((w, h), (w.min(h) * 2 / 3).clamp(256, 768))
}

#[cfg(test)]
mod tests;
