//! Formulas that explain the bills of an endpoint: the documented rule first, then the other
//! known rules, then multiples of them, then tokens per pixel or per image. The formula with
//! the smallest error and the fewest assumptions is preferred.

use super::calibration::ObservedSize;
use super::image_rule::{Detail, ImageRule};
use super::models::known_rules;

/// What the tokens of an image are proportional to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum CurveShape {
    /// The tokens of a rule.
    Rule(ImageRule),
    /// The number of pixels.
    Pixels,
    /// Nothing: every image has the same number of tokens.
    Flat,
}

/// A formula for the tokens of an image: `slope * shape + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Curve {
    pub(crate) shape: CurveShape,
    pub(crate) slope: f64,
    pub(crate) offset: f64,
}

/// The model's documented rule, and what the formulas have to take into account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assumptions {
    pub(crate) documented: ImageRule,
    pub(crate) detail: Detail,
    /// Tokens by which a bill may be off because the text was counted with another
    /// tokenizer.
    pub(crate) max_offset: f64,
}

/// Tokens by which a bill may differ from a formula that explains it...
const TOLERANCE_TOKENS: f64 = 48.0;
/// ...plus this share of the bill.
const TOLERANCE_SHARE: f64 = 0.01;
/// Share of the documented tokens by which an endpoint may differ and still count as billing
/// by the documented rule.
const DOCUMENTED_SHARE: f64 = 0.02;

/// Penalty for a rule other than the documented one, in tokens of mean error.
const PENALTY_UNDOCUMENTED: f64 = 2.0;
/// Penalty for a fitted factor, in tokens of mean error.
const PENALTY_SLOPE: f64 = 4.0;
/// Penalty for a fitted factor and a fitted constant, in tokens of mean error.
const PENALTY_SLOPE_AND_OFFSET: f64 = 8.0;
/// Penalty for a constant of the maximum size, in tokens of mean error. For smaller constants
/// in proportion.
const PENALTY_FULL_OFFSET: f64 = 6.4;

/// The formulas that explain the bills, the best one first. Not empty unless there are no
/// bills.
pub(crate) fn fit_curves(assumptions: &Assumptions, bills: &[ObservedSize]) -> Vec<Curve> {
    let Assumptions { documented, detail, max_offset } = *assumptions;
    let others = known_rules().iter().copied().filter(|rule| *rule != documented);
    let rules = [documented].into_iter().filter(|rule| *rule != ImageRule::Unknown).chain(others);
    let shapes = rules.map(CurveShape::Rule).chain([CurveShape::Pixels, CurveShape::Flat]);
    let mut scored = Vec::new();
    for shape in shapes {
        let undocumented = if shape == CurveShape::Rule(documented) { 0.0 } else { PENALTY_UNDOCUMENTED };
        for (fitted, curve) in fit_shape(shape, assumptions, bills) {
            let offset = curve.offset.abs() * PENALTY_FULL_OFFSET / max_offset;
            scored.push((curve.mean_error(detail, bills) + fitted + undocumented + offset, curve));
        }
    }
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let best = scored.first().map(|(_, curve)| *curve);
    // If the documented rule explains the bills, other explanations are not considered.
    if best.is_some_and(|best| best.is_rule(documented) && best.explains(detail, bills)) {
        return best.into_iter().collect();
    }
    let others = scored.iter().skip(1).map(|(_, curve)| *curve).filter(|curve| curve.explains(detail, bills));
    best.into_iter().chain(others).collect()
}

/// Formulas of one shape, each with the penalty for its fitted numbers.
fn fit_shape(shape: CurveShape, assumptions: &Assumptions, bills: &[ObservedSize]) -> Vec<(f64, Curve)> {
    let point = |bill: &ObservedSize| {
        Some((shape.value(bill.width, bill.height, assumptions.detail)?, bill.mean_tokens(), weight(bill)))
    };
    let points: Option<Vec<(f64, f64, f64)>> = bills.iter().map(point).collect();
    let Some(points) = points.filter(|points| !points.is_empty()) else { return Vec::new() };
    let sum = |term: &dyn Fn(&(f64, f64, f64)) -> f64| points.iter().map(term).sum::<f64>();
    let (n, x, y) = (sum(&|p| p.2), sum(&|p| p.0 * p.2), sum(&|p| p.1 * p.2));
    let (xx, xy) = (sum(&|p| p.0 * p.0 * p.2), sum(&|p| p.0 * p.1 * p.2));
    let mut out = Vec::new();
    if matches!(shape, CurveShape::Rule(_)) {
        let offset = ((y - x) / n).clamp(-assumptions.max_offset, assumptions.max_offset);
        out.push((0.0, Curve { shape, slope: 1.0, offset }));
    }
    // A multiple of a constant is a constant, which `Flat` covers.
    if matches!(shape, CurveShape::Rule(ImageRule::Fixed { .. })) {
        return out;
    }
    out.push((PENALTY_SLOPE, Curve { shape, slope: xy / xx.max(1e-9), offset: 0.0 }));
    let spread = n * xx - x * x;
    if points.len() >= 3 && spread > 1e-6 * n * xx {
        let slope = (n * xy - x * y) / spread;
        out.push((PENALTY_SLOPE_AND_OFFSET, Curve { shape, slope, offset: (y - slope * x) / n }));
    }
    out.into_iter().filter(|(_, curve)| curve.slope >= 0.0).collect()
}

/// The weight of a size: its number of images, but at most 8. More images of the same size
/// add little.
fn weight(bill: &ObservedSize) -> f64 {
    f64::from(u32::try_from(bill.images.min(8)).unwrap_or(8))
}

impl CurveShape {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    fn value(self, width: u32, height: u32, detail: Detail) -> Option<f64> {
        match self {
            Self::Rule(rule) => rule.tokens(width, height, detail).map(|tokens| tokens as f64),
            Self::Pixels => Some(f64::from(width) * f64::from(height)),
            Self::Flat => Some(1.0),
        }
    }
}

impl Curve {
    /// The tokens of an image. `None` if the formula uses an unknown rule.
    pub(crate) fn tokens(&self, width: u32, height: u32, detail: Detail) -> Option<f64> {
        Some((self.shape.value(width, height, detail)? * self.slope + self.offset).max(0.0))
    }

    /// Whether no bill is off by more than the tolerance.
    pub(crate) fn explains(&self, detail: Detail, bills: &[ObservedSize]) -> bool {
        bills.iter().all(|bill| self.error(detail, bill) <= TOLERANCE_TOKENS + TOLERANCE_SHARE * bill.mean_tokens())
    }

    /// Whether this is the documented rule, or at least close to it for the images that were
    /// billed.
    pub(crate) fn agrees_with_documented(&self, assumptions: &Assumptions, bills: &[ObservedSize]) -> bool {
        let Assumptions { documented, detail, max_offset } = *assumptions;
        if self.is_rule(documented) {
            return true;
        }
        let rule = Self { shape: CurveShape::Rule(documented), slope: 1.0, offset: 0.0 };
        let (mut difference, mut total) = (0.0, 0.0);
        for bill in bills {
            let (Some(ours), Some(theirs)) =
                (self.tokens(bill.width, bill.height, detail), rule.tokens(bill.width, bill.height, detail))
            else {
                return false;
            };
            difference += ((ours - theirs).abs() - max_offset).max(0.0);
            total += theirs;
        }
        difference <= DOCUMENTED_SHARE * total
    }

    /// Whether this is `rule` itself, apart from the offset.
    fn is_rule(&self, rule: ImageRule) -> bool {
        self.shape == CurveShape::Rule(rule) && (self.slope - 1.0).abs() < 1e-9
    }

    /// Weighted mean of the differences to the bills, in tokens.
    fn mean_error(&self, detail: Detail, bills: &[ObservedSize]) -> f64 {
        let total: f64 = bills.iter().map(|bill| self.error(detail, bill) * weight(bill)).sum();
        total / bills.iter().map(weight).sum::<f64>().max(1.0)
    }

    /// Difference to the mean bill of a size, in tokens.
    fn error(&self, detail: Detail, bill: &ObservedSize) -> f64 {
        let tokens = self.tokens(bill.width, bill.height, detail);
        tokens.map_or(f64::MAX / 1e6, |tokens| (tokens - bill.mean_tokens()).abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TILE: ImageRule = ImageRule::Tile { base: 2833, per_tile: 5667 };

    fn assumptions(documented: ImageRule) -> Assumptions {
        Assumptions { documented, detail: Detail::High, max_offset: 128.0 }
    }

    fn bills(tokens: impl Fn(u32, u32) -> u64) -> Vec<ObservedSize> {
        let sizes = [(512, 512), (724, 1024), (1024, 724), (300, 1400), (1024, 1365)];
        let bill = |(width, height)| {
            let tokens = tokens(width, height);
            ObservedSize { width, height, images: 1, tokens, max_tokens: tokens }
        };
        sizes.into_iter().map(bill).collect()
    }

    fn best(documented: ImageRule, bills: &[ObservedSize]) -> Curve {
        fit_curves(&assumptions(documented), bills)[0]
    }

    #[test]
    fn the_documented_rule_is_preferred_and_then_alone() {
        for offset in [0, 60, 120] {
            let bills = bills(|w, h| TILE.tokens(w, h, Detail::High).unwrap() + offset);
            let curves = fit_curves(&assumptions(TILE), &bills);
            assert_eq!(curves.len(), 1, "{curves:?}");
            assert!(curves[0].is_rule(TILE) && curves[0].agrees_with_documented(&assumptions(TILE), &bills));
        }
    }

    #[test]
    fn shapes_are_recognized() {
        let patch = ImageRule::plain_patches(1536, 246);
        let by_patch = bills(|w, h| patch.tokens(w, h, Detail::High).unwrap());
        assert!(best(TILE, &by_patch).is_rule(patch));
        assert!(!best(TILE, &by_patch).agrees_with_documented(&assumptions(TILE), &by_patch));
        assert!(best(ImageRule::Unknown, &by_patch).is_rule(patch), "also without a documented rule");
        let doubled = best(TILE, &bills(|w, h| TILE.tokens(w, h, Detail::High).unwrap() * 2));
        assert!(doubled.shape == CurveShape::Rule(TILE) && (doubled.slope - 2.0).abs() < 0.01, "{doubled:?}");
        let by_pixels = best(TILE, &bills(|w, h| u64::from(w) * u64::from(h) / 97));
        assert_eq!(by_pixels.shape, CurveShape::Pixels, "{by_pixels:?}");
        let flat = best(TILE, &bills(|_, _| 777));
        let tokens = flat.tokens(64, 64, Detail::High).unwrap();
        assert!((tokens - 777.0).abs() < 1.0, "{flat:?}");
    }

    #[test]
    fn a_formula_explains_bills_within_the_tolerance() {
        let curve = Curve { shape: CurveShape::Flat, slope: 1000.0, offset: 0.0 };
        for (tokens, is_explained) in [(1000, true), (1058, true), (1059, false), (943, true), (942, false)] {
            assert_eq!(curve.explains(Detail::High, &bills(|_, _| tokens)), is_explained, "{tokens}");
        }
    }

    #[test]
    fn tokens_are_never_negative() {
        let curve = Curve { shape: CurveShape::Pixels, slope: 0.01, offset: -500.0 };
        assert_eq!(curve.tokens(10, 10, Detail::High), Some(0.0));
        let unknown = Curve { shape: CurveShape::Rule(ImageRule::Unknown), slope: 1.0, offset: 0.0 };
        assert_eq!(unknown.tokens(10, 10, Detail::High), None);
        assert!(!unknown.explains(Detail::High, &bills(|_, _| 1)));
    }
}
