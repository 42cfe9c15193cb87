//! A rule fitted to bills: first the documented rule, then the other known ones, then a
//! multiple, then tokens by pixels or by image. What explains the bills with the fewest
//! assumptions is taken.

use super::calibration::{Calibration, ENOUGH_IMAGES, Seen};
use super::image_rule::{Detail, ImageRule};
use super::models::{known_rules, worst_image_tokens};
use std::fmt;

/// What a number rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The model's documented rule.
    Rule,
    /// So many bills of this endpoint.
    Calibrated(u64),
    /// Nothing: a range of what known models do.
    Unknown,
}

impl fmt::Display for Basis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rule => f.write_str("rule"),
            Self::Calibrated(images) => write!(f, "calibrated on {images}"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// How tokens grow with an image.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Rule(ImageRule),
    Pixels,
    Flat,
}

/// `slope * shape + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Curve {
    shape: Shape,
    slope: f64,
    offset: f64,
}

/// A model's rule, corrected by what its endpoint bills.
#[derive(Clone, Debug)]
pub struct Fit {
    documented: ImageRule,
    detail: Detail,
    images: u64,
    seen: Vec<Seen>,
    /// The best first; the others explain the bills too.
    curves: Vec<Curve>,
    differs: bool,
}

/// Largest constant that may be a miscounted text, in tokens, and as a share of the text:
/// another tokenizer may count a third more or less.
const MOST_OFFSET: (f64, f64) = (128.0, 0.35);
/// Tokens by which a bill may miss a curve that still explains it, and the same as a share.
const SLACK: (f64, f64) = (48.0, 0.01);

impl Fit {
    /// Fits what was billed; without bills it is the documented rule.
    #[must_use]
    pub fn new(documented: ImageRule, detail: Detail, calibration: &Calibration) -> Self {
        let seen = calibration.sizes().to_vec();
        let images = calibration.images();
        #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
        let slack = MOST_OFFSET.0.max(MOST_OFFSET.1 * calibration.text() as f64);
        let curves = if images >= ENOUGH_IMAGES { curves(documented, detail, &seen, slack) } else { Vec::new() };
        let mut fit = Self { documented, detail, images, seen, curves, differs: false };
        fit.differs = documented != ImageRule::Unknown
            && fit.curves.first().is_some_and(|curve| {
                let is_documented = curve.shape == Shape::Rule(documented) && (curve.slope - 1.0).abs() < 1e-9;
                !is_documented && !curve.explains_as_documented(documented, detail, &fit.seen, slack)
            });
        fit
    }

    /// What the numbers rest on.
    #[must_use]
    pub fn basis(&self) -> Basis {
        match (self.curves.is_empty(), self.documented) {
            (false, _) => Basis::Calibrated(self.images),
            (true, ImageRule::Unknown) => Basis::Unknown,
            (true, _) => Basis::Rule,
        }
    }

    /// How closely the model looks.
    #[must_use]
    pub fn detail(&self) -> Detail {
        self.detail
    }

    /// Whether the endpoint bills otherwise than documented.
    #[must_use]
    pub fn differs(&self) -> bool {
        self.differs
    }

    /// Tokens to expect for an image; `None`: nothing is known.
    #[must_use]
    pub fn tokens(&self, width: u32, height: u32) -> Option<u64> {
        let Some(curve) = self.curves.first() else {
            return self.documented.tokens(width, height, self.detail);
        };
        match self.seen_at(width, height) {
            Some(seen) => Some(whole(seen.mean())),
            None => curve.at(width, height, self.detail).map(whole),
        }
    }

    /// The most to set aside for an image: what any known rule counts until enough images
    /// were billed, then what any explanation of the bills says, with a margin.
    #[must_use]
    pub fn most(&self, width: u32, height: u32) -> u64 {
        let documented = self.documented.tokens(width, height, self.detail).unwrap_or(0);
        let worst = worst_image_tokens(width, height, self.detail).max(documented);
        if self.curves.is_empty() {
            // The dearest bill so far may be dearer than any rule.
            let dearest = self.seen.iter().map(|seen| seen.most).max().unwrap_or(0);
            return worst.max(dearest + dearest / 20 + 32);
        }
        if let Some(seen) = self.seen_at(width, height) {
            return seen.most + seen.most / 20 + 32;
        }
        // Where nothing explains the bills, nothing is foretold.
        let explained = self.curves.first().is_some_and(|curve| curve.explains(self.detail, &self.seen));
        let floor = if explained { 0 } else { worst };
        let all = self.curves.iter().filter_map(|curve| curve.at(width, height, self.detail)).map(whole);
        all.max().map_or(worst, |most| (most + most / 10 + 64).max(floor))
    }

    fn seen_at(&self, width: u32, height: u32) -> Option<&Seen> {
        self.seen.iter().find(|seen| (seen.width, seen.height) == (width, height))
    }
}

/// What the endpoint seems to bill by, for people.
impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(curve) = self.curves.first() else {
            return f.write_str(self.documented.family().name());
        };
        match curve.shape {
            Shape::Rule(rule) => write!(f, "{rule}")?,
            Shape::Pixels => f.write_str("by pixels")?,
            Shape::Flat => return write!(f, "{} for any image", whole(curve.slope + curve.offset)),
        }
        if (curve.slope - 1.0).abs() > 1e-6 {
            write!(f, " times {:.3}", curve.slope)?;
        }
        Ok(())
    }
}

/// The curves that explain the bills, the best first; at least one.
fn curves(documented: ImageRule, detail: Detail, seen: &[Seen], slack: f64) -> Vec<Curve> {
    let others = known_rules().iter().copied().filter(|rule| *rule != documented);
    let rules = [documented].into_iter().filter(|rule| *rule != ImageRule::Unknown).chain(others);
    let shapes = rules.map(Shape::Rule).chain([Shape::Pixels, Shape::Flat]);
    let mut scored = Vec::new();
    for shape in shapes {
        let is_documented = shape == Shape::Rule(documented);
        for (assumptions, curve) in variants(shape, detail, seen, slack) {
            let further = if is_documented { 0.0 } else { 2.0 };
            let score = curve.error(detail, seen) + assumptions + further + curve.offset.abs() * 6.4 / slack;
            scored.push((score, curve));
        }
    }
    scored.sort_by(|a, b| a.0.total_cmp(&b.0));
    let best = scored.first().map(|(_, curve)| *curve);
    // What is documented and true needs no other explanation beside it.
    if best.is_some_and(|best| {
        best.shape == Shape::Rule(documented) && (best.slope - 1.0).abs() < 1e-9 && best.explains(detail, seen)
    }) {
        return best.into_iter().collect();
    }
    let consistent = scored.iter().skip(1).map(|(_, curve)| *curve).filter(|curve| curve.explains(detail, seen));
    best.into_iter().chain(consistent).collect()
}

/// Curves of a shape through the bills, each with a penalty for what it assumes.
fn variants(shape: Shape, detail: Detail, seen: &[Seen], slack: f64) -> Vec<(f64, Curve)> {
    let points: Option<Vec<(f64, f64, f64)>> =
        seen.iter().map(|seen| Some((shape.at(seen.width, seen.height, detail)?, seen.mean(), weight(seen)))).collect();
    let Some(points) = points.filter(|points| !points.is_empty()) else { return Vec::new() };
    let sum = |of: &dyn Fn(&(f64, f64, f64)) -> f64| points.iter().map(of).sum::<f64>();
    let (n, x, y) = (sum(&|p| p.2), sum(&|p| p.0 * p.2), sum(&|p| p.1 * p.2));
    let (xx, xy) = (sum(&|p| p.0 * p.0 * p.2), sum(&|p| p.0 * p.1 * p.2));
    let mut out = Vec::new();
    if matches!(shape, Shape::Rule(_)) {
        let offset = ((y - x) / n).clamp(-slack, slack);
        out.push((0.0, Curve { shape, slope: 1.0, offset }));
    }
    // A multiple of a constant is another constant.
    if matches!(shape, Shape::Rule(ImageRule::Fixed { .. })) {
        return out;
    }
    out.push((4.0, Curve { shape, slope: xy / xx.max(1e-9), offset: 0.0 }));
    let spread = n * xx - x * x;
    if points.len() >= 3 && spread > 1e-6 * n * xx {
        let slope = (n * xy - x * y) / spread;
        out.push((8.0, Curve { shape, slope, offset: (y - slope * x) / n }));
    }
    out.into_iter().filter(|(_, curve)| curve.slope >= 0.0).collect()
}

/// Many images of one size tell little more than a few.
fn weight(seen: &Seen) -> f64 {
    f64::from(u32::try_from(seen.images.min(8)).unwrap_or(8))
}

impl Shape {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    fn at(self, width: u32, height: u32, detail: Detail) -> Option<f64> {
        match self {
            Self::Rule(rule) => rule.tokens(width, height, detail).map(|tokens| tokens as f64),
            Self::Pixels => Some(f64::from(width) * f64::from(height)),
            Self::Flat => Some(1.0),
        }
    }
}

impl Curve {
    fn at(&self, width: u32, height: u32, detail: Detail) -> Option<f64> {
        Some((self.shape.at(width, height, detail)? * self.slope + self.offset).max(0.0))
    }

    /// Mean distance from the bills, in tokens.
    fn error(&self, detail: Detail, seen: &[Seen]) -> f64 {
        let off = |seen: &Seen| {
            self.at(seen.width, seen.height, detail).map_or(f64::MAX / 1e6, |at| (at - seen.mean()).abs())
        };
        let total: f64 = seen.iter().map(|seen| off(seen) * weight(seen)).sum();
        total / seen.iter().map(weight).sum::<f64>().max(1.0)
    }

    /// Whether no bill is far off.
    fn explains(&self, detail: Detail, seen: &[Seen]) -> bool {
        seen.iter().all(|seen| {
            let at = self.at(seen.width, seen.height, detail).unwrap_or(f64::MAX / 1e6);
            (at - seen.mean()).abs() <= SLACK.0 + SLACK.1 * seen.mean()
        })
    }

    /// Whether the documented rule says the same of what was seen.
    fn explains_as_documented(&self, documented: ImageRule, detail: Detail, seen: &[Seen], slack: f64) -> bool {
        let rule = Self { shape: Shape::Rule(documented), slope: 1.0, offset: 0.0 };
        let (mut off, mut all) = (0.0, 0.0);
        for seen in seen {
            let (Some(ours), Some(theirs)) =
                (self.at(seen.width, seen.height, detail), rule.at(seen.width, seen.height, detail))
            else {
                return false;
            };
            off += ((ours - theirs).abs() - slack).max(0.0);
            all += theirs;
        }
        off <= 0.02 * all
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn whole(tokens: f64) -> u64 {
    tokens.round().clamp(0.0, 1e12) as u64
}

#[cfg(test)]
mod tests;
