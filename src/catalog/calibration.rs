//! What an endpoint billed for images, and how long its replies were.
//!
//! An endpoint may not bill by the documented rule of its model: the name may stand for
//! another model, a gateway may count on its own, or the price may be flat. Its first bills
//! show it.

use crate::base::money::Pico;
use serde::{Deserialize, Serialize};

/// Maximum number of image sizes that are kept. More sizes do not improve the fit.
const MAX_SIZES: usize = 64;
/// Minimum number of billed images, and of replies, before observations replace documented
/// values.
pub const MIN_CALIBRATION_IMAGES: u64 = 3;

/// Bills of an endpoint for images at one `detail`, by image size, and the lengths of its
/// replies. The store keeps the serialized form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calibration {
    images: u64,
    /// Sum over all images of the estimated tokens of the text beside the image.
    #[serde(default, rename = "texts")]
    text_tokens: u64,
    sizes: Vec<ObservedSize>,
    replies: u64,
    /// Sum of the estimated tokens of all valid replies.
    expected_output: u64,
    /// Sum of the billed tokens of all valid replies.
    actual_output: u64,
    /// The highest cost that the provider reported, in thousandths of what the price says. 0:
    /// never more than the price.
    #[serde(default, rename = "markup", skip_serializing_if = "is_zero")]
    markup_permille: u64,
    /// The same in the latest comparisons, until there are enough of them to replace it.
    #[serde(default, rename = "latest_markup", skip_serializing_if = "is_zero")]
    latest_markup_permille: u64,
    /// How many comparisons that is.
    #[serde(default, rename = "latest_comparisons", skip_serializing_if = "is_zero")]
    latest_comparisons: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde requires")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Thousandths added to a markup when money is reserved: a router's provider may change.
const MARKUP_MARGIN_PERMILLE: u64 = 50;
/// The largest markup that is believed, in thousandths of the price.
const MAX_MARKUP_PERMILLE: u64 = 100_000;

/// From this markup on, in thousandths of the price, what a run is expected to cost follows the bills: it is more
/// than the fee of a router.
const FAR_MARKUP_PERMILLE: u64 = 1500;

/// After as many comparisons, of which a bill has up to two, a markup that is higher than all of them is given
/// up: a single wrong bill must not make every later reservation too large.
const MARKUP_COMPARISONS: u64 = 400;

/// Bills for images of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ObservedSize {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Number of images.
    pub(crate) images: u64,
    /// Sum of the billed tokens of all these images, without text.
    pub(crate) tokens: u64,
    /// Maximum billed tokens of one of these images.
    #[serde(rename = "most")]
    pub(crate) max_tokens: u64,
}

impl ObservedSize {
    /// Average billed tokens per image.
    #[expect(clippy::cast_precision_loss, reason = "a mean")]
    pub(crate) fn mean_tokens(&self) -> f64 {
        self.tokens as f64 / self.images.max(1) as f64
    }
}

impl Calibration {
    /// Records the bill for an image of `(width, height)` pixels: `tokens` are the billed
    /// prompt tokens minus the estimated tokens of the text, `text_tokens`. Returns whether
    /// the bill is worth storing: the first images, a new size, or a new maximum.
    pub fn record_image(&mut self, (width, height): (u32, u32), tokens: u64, text_tokens: u64) -> bool {
        self.images += 1;
        self.text_tokens += text_tokens;
        let is_early = self.images <= 2 * MIN_CALIBRATION_IMAGES || self.images.is_power_of_two();
        if let Some(size) = self.sizes.iter_mut().find(|size| (size.width, size.height) == (width, height)) {
            size.images += 1;
            size.tokens += tokens;
            let is_new_maximum = tokens > size.max_tokens;
            size.max_tokens = size.max_tokens.max(tokens);
            return is_early || is_new_maximum;
        }
        if self.sizes.len() >= MAX_SIZES {
            return is_early;
        }
        self.sizes.push(ObservedSize { width, height, images: 1, tokens, max_tokens: tokens });
        true
    }

    /// Records the billed tokens of a valid reply and the tokens that were expected.
    pub fn record_reply(&mut self, expected: u64, actual: u64) {
        self.replies += 1;
        self.expected_output += expected;
        self.actual_output += actual;
    }

    /// Records that the provider reported a cost of `reported` where the price says `computed`.
    /// Returns whether the markup changed.
    pub fn record_markup(&mut self, reported: Pico, computed: Pico) -> bool {
        if computed <= Pico::ZERO || reported <= computed && self.markup_permille == 0 {
            return false;
        }
        let before = self.markup_permille;
        let markup = match reported <= computed {
            true => 0,
            false => permille(reported, computed),
        };
        self.latest_markup_permille = self.latest_markup_permille.max(markup);
        self.latest_comparisons += 1;
        self.markup_permille = self.markup_permille.max(markup);
        if self.latest_comparisons >= MARKUP_COMPARISONS {
            self.markup_permille = std::mem::take(&mut self.latest_markup_permille);
            self.latest_comparisons = 0;
        }
        self.markup_permille != before
    }

    /// The most that a request can cost by the provider's account, if the price says `cost`.
    #[must_use]
    pub fn with_markup(&self, cost: Pico) -> Pico {
        if self.markup_permille == 0 {
            return cost;
        }
        let permille = i128::from(self.markup_permille + MARKUP_MARGIN_PERMILLE);
        Pico(i64::try_from((i128::from(cost.0) * permille + 999) / 1000).unwrap_or(i64::MAX))
    }

    /// What a request is expected to cost, if the price says `cost`: the same, unless bills were far above it.
    #[must_use]
    pub(crate) fn with_far_markup(&self, cost: Pico) -> Pico {
        if self.markup_permille < FAR_MARKUP_PERMILLE { cost } else { self.with_markup(cost) }
    }

    /// Number of billed images.
    #[must_use]
    pub fn images(&self) -> u64 {
        self.images
    }

    /// Number of valid replies.
    #[must_use]
    pub fn replies(&self) -> u64 {
        self.replies
    }

    /// Corrects the estimated tokens of a reply by the ratio of actual to expected tokens so
    /// far.
    #[must_use]
    pub fn correct_reply_tokens(&self, estimate: u64) -> u64 {
        if self.replies < MIN_CALIBRATION_IMAGES || self.expected_output == 0 {
            return estimate;
        }
        let product = u128::from(estimate) * u128::from(self.actual_output);
        let half = u128::from(self.expected_output / 2);
        u64::try_from((product + half) / u128::from(self.expected_output)).unwrap_or(estimate)
    }

    /// Average estimated tokens of the text per request.
    pub(crate) fn mean_text_tokens(&self) -> u64 {
        self.text_tokens / self.images.max(1)
    }

    pub(crate) fn sizes(&self) -> &[ObservedSize] {
        &self.sizes
    }
}

/// `reported` in thousandths of `computed`, rounded up.
fn permille(reported: Pico, computed: Pico) -> u64 {
    let permille = (i128::from(reported.0) * 1000 + i128::from(computed.0) - 1) / i128::from(computed.0);
    u64::try_from(permille).unwrap_or(MAX_MARKUP_PERMILLE).min(MAX_MARKUP_PERMILLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_form_does_not_change() {
        let mut calibration = Calibration::default();
        calibration.record_image((724, 1024), 25_501, 200);
        calibration.record_image((724, 1024), 25_511, 210);
        calibration.record_reply(40, 50);
        let stored = r#"{"images":2,"texts":410,"sizes":[{"width":724,"height":1024,"images":2,"tokens":51012,"most":25511}],"replies":1,"expected_output":40,"actual_output":50}"#;
        assert_eq!(serde_json::to_string(&calibration).unwrap(), stored);
        assert_eq!(serde_json::from_str::<Calibration>(stored).unwrap(), calibration);
        // Written before texts were counted.
        let older = stored.replace("\"texts\":410,", "");
        assert_eq!(serde_json::from_str::<Calibration>(&older).unwrap().mean_text_tokens(), 0);
    }

    #[test]
    fn bills_that_add_something_are_worth_storing() {
        let mut calibration = Calibration::default();
        for image in 1..=6 {
            assert!(calibration.record_image((100, 100), 500, 10), "image {image} is one of the first");
        }
        assert!(!calibration.record_image((100, 100), 500, 10), "image 7 adds nothing");
        assert!(calibration.record_image((100, 100), 500, 10), "image 8 is a power of two");
        assert!(!calibration.record_image((100, 100), 499, 10));
        assert!(calibration.record_image((100, 100), 501, 10), "a new maximum");
        assert!(calibration.record_image((200, 100), 900, 10), "a new size");
        assert_eq!((calibration.images(), calibration.mean_text_tokens()), (11, 10));
        assert_eq!(calibration.sizes()[0].max_tokens, 501);
    }

    #[test]
    fn the_highest_markup_is_reserved() {
        let mut calibration = Calibration::default();
        assert!(!calibration.record_markup(Pico(99), Pico(100)) && !calibration.record_markup(Pico(5), Pico::ZERO));
        assert_eq!(calibration.with_markup(Pico(1000)), Pico(1000));
        assert!(calibration.record_markup(Pico(1055), Pico(1000)) && !calibration.record_markup(Pico(101), Pico(100)));
        assert_eq!(calibration.with_markup(Pico(1000)), Pico(1105));
        let stored = serde_json::to_string(&calibration).unwrap();
        assert_eq!(serde_json::from_str::<Calibration>(&stored).unwrap(), calibration);
        assert!(stored.ends_with(r#""markup":1055,"latest_markup":1055,"latest_comparisons":2}"#), "{stored}");
        assert!(calibration.record_markup(Pico(i64::MAX), Pico(1)));
        assert_eq!(calibration.with_markup(Pico(1000)), Pico(100_050));
        assert_eq!(calibration.with_markup(Pico(i64::MAX)), Pico(i64::MAX));
    }

    #[test]
    fn what_a_run_is_expected_to_cost_follows_bills_that_are_far_above_the_price() {
        for (reported, expected) in [(1000, 1000), (1055, 1000), (1499, 1000), (1500, 1550), (10_000, 10_050)] {
            let mut calibration = Calibration::default();
            calibration.record_markup(Pico(reported), Pico(1000));
            assert_eq!(calibration.with_far_markup(Pico(1000)), Pico(expected), "{reported}");
        }
    }

    #[test]
    fn a_markup_that_does_not_come_again_is_given_up() {
        let mut calibration = Calibration::default();
        assert!(calibration.record_markup(Pico(50_000), Pico(1000)));
        let changes: Vec<u64> =
            (1..=2 * MARKUP_COMPARISONS).filter(|_| calibration.record_markup(Pico(1010), Pico(1000))).collect();
        assert_eq!(changes, [2 * MARKUP_COMPARISONS - 1], "at the end of the second lot");
        assert_eq!(calibration.with_markup(Pico(1000)), Pico(1060));
        for _ in 0..=2 * MARKUP_COMPARISONS {
            calibration.record_markup(Pico(1000), Pico(1000));
        }
        assert_eq!(calibration.with_markup(Pico(1000)), Pico(1000), "bills at the price");
    }

    #[test]
    fn the_number_of_sizes_is_bounded() {
        let mut calibration = Calibration::default();
        for width in 1..=200 {
            calibration.record_image((width, 100), 500, 10);
        }
        assert_eq!((calibration.sizes().len(), calibration.images()), (MAX_SIZES, 200));
    }

    #[test]
    fn reply_tokens_are_corrected_by_what_was_billed() {
        let mut calibration = Calibration::default();
        assert_eq!(calibration.correct_reply_tokens(40), 40);
        for (actual, expected) in [(60, 40), (60, 40), (60, 40), (20, 60), (40, 50)] {
            assert_eq!(calibration.correct_reply_tokens(40), expected, "{actual}");
            calibration.record_reply(40, actual);
        }
        assert_eq!(calibration.replies(), 5);
        let mut nothing = Calibration::default();
        (0..5).for_each(|_| nothing.record_reply(0, 7));
        assert_eq!(nothing.correct_reply_tokens(40), 40, "no ratio to nothing");
    }
}
