//! Faults of chat requests. The seed, the image and the number of earlier requests for it
//! decide: a page gets the same faults in any order of requests.

use super::fixtures::{FATAL, Fixture, PERMANENT, TRANSIENT};
use super::form::ReplyForm;
use crate::base::random::mix;
use std::str::FromStr;

/// A fault of a chat request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 500 with OpenAI's body.
    ServerError,
    /// 503 with the HTML of a gateway.
    Unavailable,
    /// The connection breaks in the middle of the body.
    CutBody,
    /// A stream that ends early, without `[DONE]`.
    CutStream,
    /// An error in the middle of a stream. Without a stream: a 200 whose body is an error.
    StreamError,
    /// A reply that is two seconds late.
    Slow,
    /// No reply.
    Hang,
    /// A connection that is dropped before the reply.
    Reset,
    /// The model refuses to answer.
    Refusal,
    /// Valid JSON in a fence, with prose around it.
    Fenced,
    /// Labels that are not in the set.
    WrongLabel,
    /// Empty content.
    Empty,
    /// A reply without usage.
    NoUsage,
    /// Content that is cut off with the finish reason `length`.
    Length,
    /// 401.
    BadKey,
    /// 429: no credit.
    NoCredit,
    /// 404: the model does not exist.
    NoModel,
    /// 400 about a parameter.
    BadRequest,
    /// 429, whether or not a limit is exceeded.
    RateLimited,
    /// Gemini's filter of copied texts stops the reply. The same for every request for the image.
    Recitation,
    /// Gemini refuses the prompt: a choice without a message. The same for every request for the image.
    Prohibited,
    /// A choice that is complete and has no content.
    NoContent,
    /// A fixed reply.
    Fixture(&'static Fixture),
    /// A good reply in another form, or a reply that does not end.
    Form(ReplyForm),
}

impl Fault {
    const NAMES: &[(&str, Self)] = &[
        ("500", Self::ServerError),
        ("503", Self::Unavailable),
        ("cut-body", Self::CutBody),
        ("cut-stream", Self::CutStream),
        ("stream-error", Self::StreamError),
        ("slow", Self::Slow),
        ("hang", Self::Hang),
        ("reset", Self::Reset),
        ("refusal", Self::Refusal),
        ("fenced", Self::Fenced),
        ("wrong-label", Self::WrongLabel),
        ("empty", Self::Empty),
        ("no-usage", Self::NoUsage),
        ("length", Self::Length),
        ("bad-key", Self::BadKey),
        ("no-credit", Self::NoCredit),
        ("no-model", Self::NoModel),
        ("bad-request", Self::BadRequest),
        ("429", Self::RateLimited),
        ("recitation", Self::Recitation),
        ("prohibited", Self::Prohibited),
        ("no-content", Self::NoContent),
    ];

    /// The faults that are mixed when none are named: all that a page survives.
    const DEFAULT_MIX: &[Self] = &[
        Self::ServerError,
        Self::Unavailable,
        Self::CutBody,
        Self::CutStream,
        Self::StreamError,
        Self::Slow,
        Self::Hang,
        Self::Reset,
        Self::Refusal,
        Self::Fenced,
        Self::WrongLabel,
        Self::Empty,
        Self::NoUsage,
        Self::Length,
    ];

    /// All faults with their names.
    pub fn all() -> impl Iterator<Item = (&'static str, Self)> {
        let fixtures = [TRANSIENT, PERMANENT, FATAL].into_iter().flatten();
        let fixtures = fixtures.map(|fixture| (fixture.name, Self::Fixture(fixture)));
        let forms = ReplyForm::ALL.iter().map(|(name, form)| (*name, Self::Form(*form)));
        Self::NAMES.iter().copied().chain(fixtures).chain(forms)
    }

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::all().find(|(_, fault)| *fault == self).map_or("", |(name, _)| name)
    }

    /// The fault of a request for an image that was requested `earlier` times before.
    /// `share` of the requests get one of `kinds`, or of the default mix if `kinds` is empty.
    pub(crate) fn draw(seed: u64, share: f64, kinds: &[Self], image_key: u64, earlier: u64) -> Option<Self> {
        let is_of_page = |fault: &Self| matches!(fault, Self::Recitation | Self::Prohibited);
        let first = Self::draw_once(seed, share, kinds, image_key, 0);
        if earlier == 0 || first.as_ref().is_some_and(is_of_page) {
            return first;
        }
        Self::draw_once(seed, share, kinds, image_key, earlier).filter(|fault| !is_of_page(fault))
    }

    fn draw_once(seed: u64, share: f64, kinds: &[Self], image_key: u64, earlier: u64) -> Option<Self> {
        let kinds = if kinds.is_empty() { Self::DEFAULT_MIX } else { kinds };
        let draw = mix(seed ^ image_key.rotate_left(17) ^ earlier.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
        let is_hit = ((draw >> 11) as f64 / (1_u64 << 53) as f64) < share;
        #[expect(clippy::cast_possible_truncation, reason = "an index")]
        let index = mix(draw) as usize % kinds.len();
        is_hit.then(|| kinds[index])
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::all().find(|(name, _)| *name == text).map(|(_, fault)| fault);
        found.ok_or_else(|| {
            let names: Vec<&str> = Self::all().map(|(name, _)| name).collect();
            format!("`{text}` is not a fault; expected one of: {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_are_parsed() {
        let names: BTreeSet<&str> = Fault::all().map(|(name, _)| name).collect();
        assert_eq!(names.len(), Fault::all().count());
        for (name, fault) in Fault::all() {
            assert_eq!((name.parse(), fault.name()), (Ok(fault), name));
        }
        assert!("501".parse::<Fault>().unwrap_err().starts_with("`501` is not a fault; expected one of: 500, 503, "));
    }

    proptest! {
        #[test]
        fn faults_depend_on_seed_image_and_count_alone(
            seed: u64, share in 0.0..=1.0_f64, images in proptest::collection::vec(any::<u64>(), 1..20),
        ) {
            let faults = |images: &[u64]| -> Vec<Option<Fault>> {
                images.iter().map(|image| Fault::draw(seed, share, &[], *image, 0)).collect()
            };
            let backwards: Vec<u64> = images.iter().rev().copied().collect();
            let mut found = faults(&backwards);
            found.reverse();
            prop_assert_eq!(faults(&images), found);
            prop_assert_eq!(Fault::draw(seed, 0.0, &[], images[0], 3), None);
            prop_assert!(Fault::draw(seed, 1.0, &[], images[0], 3).is_some());
        }

        #[test]
        fn a_larger_share_only_adds_faults(seed: u64, image: u64, earlier in 0_u64..20, low in 0.0..=1.0_f64) {
            let kinds = [Fault::Reset, Fault::Slow, Fault::Empty];
            if let Some(fault) = Fault::draw(seed, low, &kinds, image, earlier) {
                prop_assert!(kinds.contains(&fault));
                prop_assert_eq!(Fault::draw(seed, (low + 0.1).min(1.0), &kinds, image, earlier), Some(fault));
            }
        }
    }

    #[test]
    fn the_share_of_faults_is_the_requested_one() {
        let draws = (0..10_000).map(|image| Fault::draw(7, 0.3, &[], mix(image), 0));
        let faults: Vec<Fault> = draws.flatten().collect();
        assert!((2850..=3150).contains(&faults.len()), "{}", faults.len());
        for fault in Fault::DEFAULT_MIX {
            let count = faults.iter().filter(|found| *found == fault).count();
            // A 14th of 3000 is 214.
            assert!((150..=280).contains(&count), "{fault:?}: {count}");
        }
    }
}
