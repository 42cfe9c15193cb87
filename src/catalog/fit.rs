//! The image rule of a model, corrected by the bills of its endpoint.

use super::calibration::{Calibration, MIN_CALIBRATION_IMAGES, ObservedSize};
use super::curve::{Assumptions, Curve, CurveShape, fit_curves};
use super::image_rule::{Detail, ImageRule};
use super::models::max_image_tokens;
use std::fmt;

/// What an estimate of image tokens is based on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The documented rule of the model.
    Rule,
    /// This number of images billed by the endpoint.
    Calibrated(u64),
    /// Nothing: only the range over all known rules is known.
    Unknown,
}

/// The basis in plans, also in their JSON: `rule`, `calibrated on 12`, `unknown`.
impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule => f.write_str("rule"),
            Self::Calibrated(images) => write!(f, "calibrated on {images}"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// The image rule of a model, corrected by the bills of its endpoint.
#[derive(Clone, Debug)]
pub struct Fit {
    documented: ImageRule,
    detail: Detail,
    images: u64,
    bills: Vec<ObservedSize>,
    /// Formulas that explain the bills, the best one first. Empty before enough images were
    /// billed.
    curves: Vec<Curve>,
    differs: bool,
    /// Whether a bill exceeds every known rule. Then the bills count, however few they are.
    is_exceeded: bool,
}

/// Tokens by which the tokens of a text may be miscounted with another tokenizer, at least.
const MIN_TEXT_ERROR: f64 = 128.0;
/// The same as a share of the text: other tokenizers count up to a third more or less.
const TEXT_ERROR_SHARE: f64 = 0.35;
/// By how much a bill exceeds a rule that does not explain it, as a fraction, without the text.
const RULE_ERROR_SHARE: f64 = 0.05;

impl Fit {
    /// Fits the bills in `calibration` for images that are sent with `detail`, or without any
    /// if the documented rule has none. With fewer than [`MIN_CALIBRATION_IMAGES`] images,
    /// the documented rule applies, unless one was billed more than any known rule predicts.
    #[must_use]
    pub fn new(documented: ImageRule, detail: Detail, calibration: &Calibration) -> Self {
        let detail = if documented.accepts_detail() { detail } else { Detail::Auto };
        let bills = calibration.sizes().to_vec();
        let images = calibration.images();
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let max_offset = MIN_TEXT_ERROR.max(TEXT_ERROR_SHARE * calibration.mean_text_tokens() as f64);
        let assumptions = Assumptions { documented, detail, max_offset };
        let is_enough = images >= MIN_CALIBRATION_IMAGES;
        let curves = if is_enough { fit_curves(&assumptions, &bills) } else { Vec::new() };
        // The tokens of the text are an estimate.
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let exceeds = |bill: &ObservedSize| {
            let known = known_max_tokens(documented, (bill.width, bill.height), detail) as f64;
            bill.max_tokens as f64 > known * (1.0 + RULE_ERROR_SHARE) + max_offset
        };
        let is_exceeded = curves.is_empty() && bills.iter().any(exceeds);
        let differs = documented != ImageRule::Unknown
            && (is_exceeded || curves.first().is_some_and(|curve| !curve.agrees_with_documented(&assumptions, &bills)));
        Self { documented, detail, images, bills, curves, differs, is_exceeded }
    }

    /// What the estimates are based on.
    #[must_use]
    pub fn basis(&self) -> Basis {
        match (self.curves.is_empty() && !self.is_exceeded, self.documented) {
            (false, _) => Basis::Calibrated(self.images),
            (true, ImageRule::Unknown) => Basis::Unknown,
            (true, _) => Basis::Rule,
        }
    }

    /// The detail at which the model sees the images.
    #[must_use]
    pub fn detail(&self) -> Detail {
        self.detail
    }

    /// Whether the bills differ from the documented rule.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.differs
    }

    /// Expected tokens of an image. `None` if the rule is unknown and nothing was billed.
    #[must_use]
    pub fn tokens(&self, width: u32, height: u32) -> Option<u64> {
        let Some(curve) = self.curves.first() else {
            if !self.is_exceeded {
                return self.documented.tokens(width, height, self.detail);
            }
            let known = self.find_size(width, height).map(ObservedSize::mean_tokens);
            return known.or_else(|| self.largest_mean()).map(round);
        };
        match self.find_size(width, height) {
            Some(bill) => Some(round(bill.mean_tokens())),
            None => curve.tokens(width, height, self.detail).map(round),
        }
    }

    /// Tokens to reserve for an image. Before enough images were billed: the maximum over
    /// all known rules and over all bills. After that: the maximum over all formulas that
    /// explain the bills, plus a margin.
    #[must_use]
    pub fn max_tokens(&self, width: u32, height: u32) -> u64 {
        let worst = known_max_tokens(self.documented, (width, height), self.detail);
        if self.curves.is_empty() {
            // A bill may exceed every known rule.
            let billed = self.bills.iter().map(|bill| bill.max_tokens).max().unwrap_or(0);
            return worst.max(with_known_size_margin(billed));
        }
        if let Some(bill) = self.find_size(width, height) {
            return with_known_size_margin(bill.max_tokens);
        }
        // If no formula explains the bills, the maximum over all known rules still counts.
        let is_explained = self.curves.first().is_some_and(|curve| curve.explains(self.detail, &self.bills));
        let floor = if is_explained { 0 } else { worst };
        let all = self.curves.iter().filter_map(|curve| curve.tokens(width, height, self.detail)).map(round);
        all.max().map_or(worst, |tokens| with_formula_margin(tokens).max(floor))
    }

    /// Tokens to reserve for an image once enough bills have confirmed the documented rule, which may be more than the
    /// maximum over all known rules; [`Self::max_tokens`] if there is no documented rule, or if there are bills.
    #[must_use]
    pub fn max_tokens_once_confirmed(&self, width: u32, height: u32) -> u64 {
        match (self.basis(), self.tokens(width, height)) {
            (Basis::Rule, Some(tokens)) => with_formula_margin(tokens),
            _ => self.max_tokens(width, height),
        }
    }

    /// The largest average of the sizes that were billed.
    fn largest_mean(&self) -> Option<f64> {
        self.bills.iter().map(ObservedSize::mean_tokens).max_by(f64::total_cmp)
    }

    /// The bills for images of this size.
    fn find_size(&self, width: u32, height: u32) -> Option<&ObservedSize> {
        self.bills.iter().find(|bill| (bill.width, bill.height) == (width, height))
    }
}

/// The maximum tokens of an image over the documented rule and all known ones.
fn known_max_tokens(documented: ImageRule, (width, height): (u32, u32), detail: Detail) -> u64 {
    max_image_tokens(width, height, detail).max(documented.tokens(width, height, detail).unwrap_or(0))
}

/// The formula by which the endpoint seems to bill, such as `by pixels times 0.012`. Appears
/// in the JSON of plans and reports.
impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(curve) = self.curves.first() else {
            if let Some(mean) = self.largest_mean().filter(|_| self.is_exceeded) {
                return write!(f, "{} for any image", round(mean));
            }
            return f.write_str(self.documented.family().name());
        };
        match curve.shape {
            CurveShape::Rule(rule) => write!(f, "{rule}")?,
            CurveShape::Pixels => f.write_str("by pixels")?,
            CurveShape::Flat => return write!(f, "{} for any image", round(curve.slope + curve.offset)),
        }
        if (curve.slope - 1.0).abs() > 1e-6 {
            write!(f, " times {:.3}", curve.slope)?;
        }
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn round(tokens: f64) -> u64 {
    tokens.round().clamp(0.0, 1e12) as u64
}

/// The reservation for an image of a size that was billed as `tokens` before: providers that round differ by a few
/// tokens between images of one size.
fn with_known_size_margin(tokens: u64) -> u64 {
    tokens + tokens / 20 + 32
}

/// The reservation for an image that a formula expects to be billed as `tokens`: the formula was fitted to a few images
/// of other sizes.
fn with_formula_margin(tokens: u64) -> u64 {
    tokens + tokens / 10 + 64
}

#[cfg(test)]
mod tests;
