//! What an endpoint really bills for images. It may not count by its model's documented
//! rule: it may be another model behind the name, a gateway's own arithmetic, or a flat
//! price. The first replies tell.

use serde::{Deserialize, Serialize};

/// Sizes that are kept: more tell nothing new.
const KEPT_SIZES: usize = 64;
/// Images after which what was billed counts for more than what is documented.
pub const ENOUGH_IMAGES: u64 = 3;

/// What an endpoint billed for images at one `detail`, by their size; and how long its
/// replies were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calibration {
    images: u64,
    /// Tokens of the texts beside the images, as they were counted here.
    #[serde(default)]
    texts: u64,
    sizes: Vec<Seen>,
    replies: u64,
    expected_output: u64,
    actual_output: u64,
}

/// Images of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) images: u64,
    /// Of all of them: what was billed beyond the text.
    pub(crate) tokens: u64,
    /// The most that was billed for one.
    pub(crate) most: u64,
}

impl Seen {
    #[expect(clippy::cast_precision_loss, reason = "a mean")]
    pub(crate) fn mean(&self) -> f64 {
        self.tokens as f64 / self.images.max(1) as f64
    }
}

impl Calibration {
    /// Takes a bill: the tokens of the prompt beyond its text, which was counted as `text`. Says whether it told
    /// something new: a size, or one of the first images.
    pub fn learn(&mut self, (width, height): (u32, u32), tokens: u64, text: u64) -> bool {
        self.images += 1;
        self.texts += text;
        let is_early = self.images <= 2 * ENOUGH_IMAGES || self.images.is_power_of_two();
        if let Some(seen) = self.sizes.iter_mut().find(|seen| (seen.width, seen.height) == (width, height)) {
            seen.images += 1;
            seen.tokens += tokens;
            let is_more = tokens > seen.most;
            seen.most = seen.most.max(tokens);
            return is_early || is_more;
        }
        if self.sizes.len() >= KEPT_SIZES {
            return is_early;
        }
        self.sizes.push(Seen { width, height, images: 1, tokens, most: tokens });
        true
    }

    /// Takes the length of a valid reply, beside the length that was expected.
    pub fn learn_reply(&mut self, expected: u64, actual: u64) {
        self.replies += 1;
        self.expected_output += expected;
        self.actual_output += actual;
    }

    /// Images that were billed.
    #[must_use]
    pub fn images(&self) -> u64 {
        self.images
    }

    /// Replies whose length is known.
    #[must_use]
    pub fn replies(&self) -> u64 {
        self.replies
    }

    /// An expected length of reply, corrected by those that came.
    #[must_use]
    pub fn reply(&self, expected: u64) -> u64 {
        if self.replies < ENOUGH_IMAGES || self.expected_output == 0 {
            return expected;
        }
        let product = u128::from(expected) * u128::from(self.actual_output);
        let half = u128::from(self.expected_output / 2);
        u64::try_from((product + half) / u128::from(self.expected_output)).unwrap_or(expected)
    }

    /// Tokens of a text, on the average.
    #[must_use]
    pub fn text(&self) -> u64 {
        self.texts / self.images.max(1)
    }

    pub(crate) fn sizes(&self) -> &[Seen] {
        &self.sizes
    }
}
