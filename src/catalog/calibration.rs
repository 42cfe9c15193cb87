//! What an endpoint billed for images, and how long its replies were.
//!
//! An endpoint may not bill by the documented rule of its model: the name may stand for
//! another model, a gateway may count on its own, or the price may be flat. Its first bills
//! show it.

use super::effort::Effort;
use super::reasoning::ReasoningTokens;
use crate::base::money::Pico;
use crate::base::usage::Usage;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// Valid replies of a model that does not reason, or is not known to.
    replies: u64,
    /// Sum of the estimated tokens of these replies.
    expected_output: u64,
    /// Sum of the billed tokens of these replies.
    actual_output: u64,
    /// What was billed beyond the answer of valid replies of a model that reasons, by its effort.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    reasoning: BTreeMap<String, ReasoningBills>,
    /// The highest cost that the provider reported, in thousandths of the cost by the price. 0:
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
/// The largest markup that is assumed, in thousandths of the price.
const MAX_MARKUP_PERMILLE: u64 = 100_000;

/// From this markup on, in thousandths of the price, what a run is expected to cost follows the bills: it is more
/// than the fee of a router.
const FAR_MARKUP_PERMILLE: u64 = 1500;

/// After this many comparisons (a bill has up to two), a markup that is higher than all of them is given up: a single
/// wrong bill must not make every later reservation too large.
const MARKUP_COMPARISONS: u64 = 400;

/// Instead of an effort: the model was not known to reason before.
const UNKNOWN_EFFORT: &str = "unknown";

/// Bills for reasoning at one effort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct ReasoningBills {
    /// Number of replies.
    replies: u64,
    /// Sum of their billed tokens, without the estimated tokens of their answers.
    tokens: u64,
}

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

    /// Records the bill of a valid reply, whose answer was estimated to have `answer` tokens. `reasoning`: what was
    /// assumed beside the answer.
    pub fn record_reply(&mut self, answer: u64, billed: Usage, reasoning: ReasoningTokens) {
        let key = effort_key(reasoning);
        let is_expected = reasoning.effort.is_some_and(|effort| effort != Effort::None);
        if is_expected || billed.reasoning > 0 || self.reasoning.contains_key(key) {
            let bills = self.reasoning.entry(key.to_owned()).or_default();
            bills.replies += 1;
            bills.tokens += billed.output.saturating_sub(answer);
        } else {
            self.replies += 1;
            self.expected_output += answer;
            self.actual_output += billed.output;
        }
    }

    /// Records that the provider reported a cost of `reported` where the price gives `computed`.
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

    /// The maximum cost of a request by the provider's account, if it is `cost` by the price.
    #[must_use]
    pub fn with_markup(&self, cost: Pico) -> Pico {
        if self.markup_permille == 0 {
            return cost;
        }
        let permille = i128::from(self.markup_permille + MARKUP_MARGIN_PERMILLE);
        Pico(i64::try_from((i128::from(cost.0) * permille + 999) / 1000).unwrap_or(i64::MAX))
    }

    /// What a request is expected to cost, if the price gives `cost`: the same, unless bills were far above it.
    #[must_use]
    pub(crate) fn with_far_markup(&self, cost: Pico) -> Pico {
        if self.markup_permille < FAR_MARKUP_PERMILLE { cost } else { self.with_markup(cost) }
    }

    /// Number of billed images.
    #[must_use]
    pub fn images(&self) -> u64 {
        self.images
    }

    /// Number of valid replies that the estimates of further ones are based on.
    #[must_use]
    pub fn replies(&self, reasoning: ReasoningTokens) -> u64 {
        match self.reasoning.get(effort_key(reasoning)) {
            Some(bills) => bills.replies,
            None if reasoning.typical > 0 => 0,
            None => self.replies,
        }
    }

    /// Average tokens of the reasoning of a reply. `None`: too few replies with reasoning were billed.
    #[must_use]
    pub fn mean_reasoning(&self, reasoning: ReasoningTokens) -> Option<u64> {
        let bills = self.reasoning.get(effort_key(reasoning))?;
        (bills.replies >= MIN_CALIBRATION_IMAGES).then(|| bills.tokens.div_ceil(bills.replies))
    }

    /// The expected tokens of a reply whose answer is estimated to have `answer` tokens: the answer and the reasoning,
    /// as billed before or as assumed. Without reasoning, the estimate is corrected by the ratio of billed to estimated
    /// tokens so far.
    #[must_use]
    pub fn reply_tokens(&self, answer: u64, reasoning: ReasoningTokens) -> u64 {
        if let Some(mean) = self.mean_reasoning(reasoning) {
            return answer + mean;
        }
        if reasoning.typical > 0 || self.replies < MIN_CALIBRATION_IMAGES || self.expected_output == 0 {
            return answer + reasoning.typical;
        }
        let product = u128::from(answer) * u128::from(self.actual_output);
        let half = u128::from(self.expected_output / 2);
        u64::try_from((product + half) / u128::from(self.expected_output)).unwrap_or(answer)
    }

    /// Average estimated tokens of the text per request.
    pub(crate) fn mean_text_tokens(&self) -> u64 {
        self.text_tokens / self.images.max(1)
    }

    pub(crate) fn sizes(&self) -> &[ObservedSize] {
        &self.sizes
    }
}

/// The name under which bills for reasoning are kept.
fn effort_key(reasoning: ReasoningTokens) -> &'static str {
    reasoning.effort.map_or(UNKNOWN_EFFORT, Effort::name)
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
        calibration.record_reply(40, billed(50, 0), ReasoningTokens::NONE);
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

    fn billed(output: u64, reasoning: u64) -> Usage {
        Usage { output, reasoning, ..Usage::default() }
    }

    #[test]
    fn reply_tokens_are_corrected_by_what_was_billed() {
        let none = ReasoningTokens::NONE;
        let mut calibration = Calibration::default();
        assert_eq!(calibration.reply_tokens(40, none), 40);
        for (actual, expected) in [(60, 40), (60, 40), (60, 40), (20, 60), (40, 50)] {
            assert_eq!(calibration.reply_tokens(40, none), expected, "{actual}");
            calibration.record_reply(40, billed(actual, 0), none);
        }
        assert_eq!(calibration.replies(none), 5);
        let mut nothing = Calibration::default();
        (0..5).for_each(|_| nothing.record_reply(0, billed(7, 0), none));
        assert_eq!(nothing.reply_tokens(40, none), 40, "no ratio to nothing");
    }

    /// Reasoning comes on top of the answer, whatever that is, and belongs to the effort.
    #[test]
    fn reasoning_is_learned_by_effort() {
        let at = |effort, typical| ReasoningTokens { effort, typical, allowed: 4096 };
        let (low, high) = (at(Some(Effort::Low), 100), at(Some(Effort::High), 2400));
        let mut calibration = Calibration::default();
        // A reply that does not report reasoning still has it in its output.
        for (output, reasoning) in [(70, 50), (90, 0), (110, 90)] {
            assert_eq!((calibration.reply_tokens(20, low), calibration.mean_reasoning(low)), (120, None));
            calibration.record_reply(20, billed(output, reasoning), low);
        }
        assert_eq!((calibration.reply_tokens(20, low), calibration.mean_reasoning(low)), (90, Some(70)));
        assert_eq!(calibration.reply_tokens(500, low), 570, "other questions");
        assert_eq!(calibration.reply_tokens(20, high), 2420, "another effort");
        assert_eq!(calibration.reply_tokens(20, ReasoningTokens::NONE), 20, "switched off");
        assert_eq!((calibration.replies(low), calibration.replies(high)), (3, 0));
        let stored = serde_json::to_string(&calibration).unwrap();
        assert!(stored.contains(r#""reasoning":{"low":{"replies":3,"tokens":210}}"#), "{stored}");
        assert_eq!(serde_json::from_str::<Calibration>(&stored).unwrap(), calibration);
    }

    /// An unknown model: its bills show that it reasons.
    #[test]
    fn unexpected_reasoning_is_learned_once_it_is_reported() {
        let unknown = ReasoningTokens { effort: None, ..ReasoningTokens::NONE };
        let mut calibration = Calibration::default();
        calibration.record_reply(20, billed(25, 0), unknown);
        for output in [420, 20, 730] {
            calibration.record_reply(20, billed(output, output.saturating_sub(30)), unknown);
        }
        assert_eq!((calibration.mean_reasoning(unknown), calibration.replies(unknown)), (Some(370), 3));
        assert_eq!(calibration.reply_tokens(40, unknown), 410);
    }

    /// Earlier programs counted reasoning as a part of what they expected.
    #[test]
    fn what_was_stored_before_says_nothing_about_reasoning() {
        let stored = r#"{"images":9,"sizes":[],"replies":9,"expected_output":1080,"actual_output":9000}"#;
        let calibration: Calibration = serde_json::from_str(stored).unwrap();
        let low = ReasoningTokens { effort: Some(Effort::Low), typical: 100, allowed: 4096 };
        assert_eq!((calibration.reply_tokens(20, low), calibration.replies(low)), (120, 0));
        assert_eq!(calibration.replies(ReasoningTokens::NONE), 9);
    }
}
