//! `image`: how a page is sent.

use crate::catalog::{Detail, ImageRule, RuleFamily, image_rule, recipe_family};
use crate::manifest::check::Check;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of the meaning of these settings, part of the key of every answer. To raise it
/// means that every page is sent, and billed, again. It does not change with the encoder.
///
/// Version 2: `standard` shrinks images slightly when that avoids an extra row of tiles or
/// patches.
pub const PICTURE_VERSION: u32 = 2;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawImage {
    /// Detail at which the model sees the image: `low` or `high` (default `high`).
    detail: Option<RawDetail>,
    /// Size at which pages are sent (default `standard`). `full`: the largest size that the model can use. `standard`: up to 8 % less per side when that avoids a row of tiles. `economy`: the smallest size that keeps `min_side`. `original`: the bytes of the file, unchanged.
    size: Option<RawSize>,
    /// Rule for counting image tokens (default: by the name of the model).
    rule: Option<RawRule>,
    /// Maximum length of the longer side, in pixels. Default: 2048 for models whose rule is unknown, otherwise none.
    #[schemars(range(min = 64, max = 16384))]
    max_side: Option<u32>,
    /// Minimum length of the shorter side with `size: economy`, in pixels (default 512).
    #[schemars(range(min = 64, max = 4096))]
    min_side: Option<u32>,
    /// Renderer of the pages of PDFs (default `auto`). `auto`: the built-in one; an installed `pdftoppm` (Poppler) for pages that it can't draw although the file is complete. `builtin`: never `pdftoppm`. `pdftoppm`: `pdftoppm`; the built-in renderer for pages where `pdftoppm` reports a fault and the built-in renderer draws everything. A page that the file does not hold completely fails with each of them.
    pdf_renderer: Option<RawPdfRenderer>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RawPdfRenderer {
    Auto,
    Builtin,
    Pdftoppm,
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

/// The renderer of the pages of PDFs. No part of a recipe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PdfRenderer {
    /// The built-in one; an installed `pdftoppm` for pages that it can't draw although the file is complete.
    #[default]
    Auto,
    /// Only the built-in one.
    Builtin,
    /// `pdftoppm`, for pages that the file holds completely; the built-in one examines every page, and draws those of
    /// which `pdftoppm` reports a fault.
    Pdftoppm,
}

/// The size at which a page is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Size {
    /// The largest size that the model can use.
    Full,
    /// Like `Full`, but slightly smaller when that avoids a row of tiles or patches.
    Standard,
    /// The smallest size that keeps `min_side`.
    Economy,
    /// The bytes of the file, unchanged.
    Original,
}

impl Size {
    /// The name in a manifest and in recipes.
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

/// Default of `min_side`, in pixels: one OpenAI tile. At this size normal print is legible,
/// small print is not.
const ECONOMY_MIN_SIDE: u32 = 512;
/// Default of `max_side` for a model whose rule is unknown, in pixels.
const UNKNOWN_MAX_SIDE: u32 = 2048;

/// How a page is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Detail at which the model sees the image. Not sent to a model whose rule is unknown.
    pub detail: Detail,
    /// Size at which pages are sent.
    pub size: Size,
    /// Rule for counting image tokens.
    pub rule: ImageRule,
    /// Maximum length of the longer side, in pixels.
    pub max_side: Option<u32>,
    /// Minimum length of the shorter side, in pixels. `None` for sizes other than `economy`.
    pub min_side: Option<u32>,
    /// Renderer of the pages of PDFs.
    pub pdf_renderer: PdfRenderer,
}

/// What recipes hold of the image rule, apart from what requests and estimates use: a recipe
/// must not change when more becomes known about a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageIntent {
    /// `image.rule` as stated, otherwise the family that the first release knew for the model.
    pub rule: RuleFamily,
    /// `image.max_side` as stated, otherwise 2048 if `rule` is unknown.
    pub max_side: Option<u32>,
}

impl Image {
    /// The defaults for a model whose image tokens this rule counts.
    #[must_use]
    pub fn with_rule(rule: ImageRule) -> Self {
        Self {
            detail: Detail::High,
            size: Size::Standard,
            rule,
            max_side: (rule == ImageRule::Unknown).then_some(UNKNOWN_MAX_SIDE),
            min_side: None,
            pdf_renderer: PdfRenderer::Auto,
        }
    }

    /// These settings with another detail and size. `economy` keeps the current `min_side`,
    /// or the default.
    #[must_use]
    pub fn with_detail_and_size(self, detail: Detail, size: Size) -> Self {
        let min_side = self.min_side.unwrap_or(ECONOMY_MIN_SIDE);
        Self { detail, size, min_side: (size == Size::Economy).then_some(min_side), ..self }
    }
}

impl RawImage {
    /// `model` is `provider.model`.
    pub(crate) fn check(self, model: &str, check: &mut Check) -> (Image, ImageIntent) {
        let family = self.rule.map(|rule| match rule {
            RawRule::OpenaiTile => RuleFamily::OpenaiTile,
            RawRule::OpenaiPatch => RuleFamily::OpenaiPatch,
            RawRule::Qwen28 => RuleFamily::Qwen28,
            RawRule::Gemini => RuleFamily::Gemini,
            RawRule::Area => RuleFamily::Area,
            RawRule::Llama => RuleFamily::Llama,
            RawRule::None => RuleFamily::None,
        });
        let rule = image_rule(model, family);
        let default = Image::with_rule(rule);
        let intended_rule = family.unwrap_or_else(|| recipe_family(model));
        let intended_default = (intended_rule == RuleFamily::None).then_some(UNKNOWN_MAX_SIDE);
        let intent = ImageIntent { rule: intended_rule, max_side: self.max_side.or(intended_default) };
        let is_economy = matches!(self.size, Some(RawSize::Economy));
        if self.min_side.is_some() && !is_economy {
            check.report("/image/min_side", "`min_side` can only be used with `size: economy`", "size: economy");
        }
        if let (Some(min), Some(max)) = (self.min_side, self.max_side)
            && min > max
        {
            check.report("/image/min_side", "`min_side` is greater than `max_side`", &format!("at most {max}"));
        }
        let detail = self.detail.map_or(default.detail, |detail| match detail {
            RawDetail::Low => Detail::Low,
            RawDetail::High => Detail::High,
        });
        let size = self.size.map_or(default.size, |size| match size {
            RawSize::Full => Size::Full,
            RawSize::Standard => Size::Standard,
            RawSize::Economy => Size::Economy,
            RawSize::Original => Size::Original,
        });
        let pdf_renderer = self.pdf_renderer.map_or(default.pdf_renderer, |renderer| match renderer {
            RawPdfRenderer::Auto => PdfRenderer::Auto,
            RawPdfRenderer::Builtin => PdfRenderer::Builtin,
            RawPdfRenderer::Pdftoppm => PdfRenderer::Pdftoppm,
        });
        let max_side = self.max_side.or(default.max_side);
        let image = Image { max_side, min_side: self.min_side, pdf_renderer, ..default };
        (image.with_detail_and_size(detail, size), intent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_economy_has_a_shorter_side() {
        let image = Image { max_side: Some(900), ..Image::with_rule(ImageRule::Unknown) };
        let economy = image.with_detail_and_size(Detail::Low, Size::Economy);
        assert_eq!((economy.detail, economy.size, economy.min_side), (Detail::Low, Size::Economy, Some(512)));
        let economy = Image { min_side: Some(700), ..economy };
        assert_eq!(economy.with_detail_and_size(Detail::Low, Size::Economy).min_side, Some(700));
        assert_eq!(economy.with_detail_and_size(Detail::High, Size::Full).min_side, None);
        assert_eq!(economy.max_side, Some(900));
    }
}
