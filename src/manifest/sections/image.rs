//! `image`: how a page is sent.

use crate::catalog::{Detail, Family, ImageRule, image_rule};
use crate::manifest::job::Check;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawImage {
    /// How closely the model looks (default `high`).
    detail: Option<RawDetail>,
    /// How many pixels are sent (default `standard`).
    size: Option<RawSize>,
    /// How the model counts an image (default: by the model's name).
    rule: Option<RawRule>,
    /// Longest side that is sent, in pixels (default for unknown models: 2048).
    #[schemars(range(min = 64, max = 16384))]
    max_side: Option<u32>,
    /// Shorter side of a page that `size: economy` keeps, in pixels (default 512).
    #[schemars(range(min = 64, max = 4096))]
    min_side: Option<u32>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RawDetail {
    Low,
    High,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RawSize {
    Full,
    Standard,
    Economy,
    Original,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
enum RawRule {
    #[serde(rename = "openai-tile")]
    OpenaiTile,
    #[serde(rename = "openai-patch")]
    OpenaiPatch,
    #[serde(rename = "qwen-28")]
    Qwen28,
    #[serde(rename = "gemini")]
    Gemini,
    #[serde(rename = "area")]
    Area,
    #[serde(rename = "llama")]
    Llama,
    #[serde(rename = "none")]
    None,
}

/// How many pixels are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Size {
    /// All that the model can use.
    Full,
    /// As `Full`, but for the border of tiles or patches, when that is near.
    Standard,
    /// The smallest that keeps `min_side`.
    Economy,
    /// The file's bytes as they are.
    Original,
}

impl Size {
    /// As it stands in a manifest.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Standard => "standard",
            Self::Economy => "economy",
            Self::Original => "original",
        }
    }
}

/// Shorter side that `economy` keeps: one tile of OpenAI's, on which print is legible
/// and small print is not.
pub const ECONOMY_MIN_SIDE: u32 = 512;
/// Longest side for a model whose rule is unknown, in pixels.
pub const UNKNOWN_MAX_SIDE: u32 = 2048;

/// How a page is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// How closely the model looks. Not sent to a model whose rule is unknown.
    pub detail: Detail,
    /// How many pixels are sent.
    pub size: Size,
    /// How the model counts.
    pub rule: ImageRule,
    /// Longest side that is sent, in pixels.
    pub max_side: Option<u32>,
    /// Shorter side that `economy` keeps, in pixels; `None` for other sizes.
    pub min_side: Option<u32>,
}

impl Image {
    /// The same page, sent otherwise. `economy` keeps the side that it keeps here, or the
    /// usual one.
    #[must_use]
    pub fn with(self, detail: Detail, size: Size) -> Self {
        let kept = self.min_side.unwrap_or(ECONOMY_MIN_SIDE);
        Self { detail, size, min_side: (size == Size::Economy).then_some(kept), ..self }
    }
}

impl RawImage {
    pub(crate) fn check(self, model: &str, check: &mut Check<'_>) -> Image {
        let family = self.rule.map(|rule| match rule {
            RawRule::OpenaiTile => Family::OpenaiTile,
            RawRule::OpenaiPatch => Family::OpenaiPatch,
            RawRule::Qwen28 => Family::Qwen28,
            RawRule::Gemini => Family::Gemini,
            RawRule::Area => Family::Area,
            RawRule::Llama => Family::Llama,
            RawRule::None => Family::None,
        });
        let rule = image_rule(model, family);
        let fallback = (rule == ImageRule::Unknown).then_some(UNKNOWN_MAX_SIDE);
        let is_economy = matches!(self.size, Some(RawSize::Economy));
        if self.min_side.is_some() && !is_economy {
            check.fault("/image/min_side", "`min_side` is what `economy` keeps", "size: economy beside it");
        }
        if self.min_side.zip(self.max_side).is_some_and(|(min, max)| min > max) {
            check.fault("/image/min_side", "`min_side` is above `max_side`", "at most image.max_side");
        }
        Image {
            min_side: is_economy.then(|| self.min_side.unwrap_or(ECONOMY_MIN_SIDE)),
            detail: match self.detail {
                Some(RawDetail::Low) => Detail::Low,
                Some(RawDetail::High) | None => Detail::High,
            },
            size: match self.size {
                Some(RawSize::Full) => Size::Full,
                Some(RawSize::Economy) => Size::Economy,
                Some(RawSize::Original) => Size::Original,
                Some(RawSize::Standard) | None => Size::Standard,
            },
            rule,
            max_side: self.max_side.or(fallback),
        }
    }
}
