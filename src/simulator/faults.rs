//! What goes wrong, decided by the seed, the image and how often it was asked: the same
//! page meets the same faults in whatever order requests come.

use super::fixtures::{Canned, ENDING, FINAL, PASSING};
use super::reply_forms::{FORMS, Form};

/// Something that goes wrong with an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 500 with OpenAI's body.
    ServerError,
    /// 503 with a gateway's HTML.
    Unavailable,
    /// A reply that is cut in its body.
    CutBody,
    /// A stream that ends without an end.
    CutStream,
    /// An error inside a stream (or a 200 with an error when it is not streamed).
    StreamError,
    /// Two seconds late.
    Slow,
    /// No reply at all.
    Hang,
    /// A connection that is dropped.
    Reset,
    /// The model declines.
    Refusal,
    /// Good JSON in a fence, with prose around it.
    Fenced,
    /// A label that is not in the set.
    WrongLabel,
    /// Empty content.
    Empty,
    /// No usage.
    NoUsage,
    /// A reply that ends at `max_tokens`.
    Length,
    /// 401.
    BadKey,
    /// 429: no credit.
    NoCredit,
    /// 404: no such model.
    NoModel,
    /// 400 about the request.
    BadRequest,
    /// 429 although no limit was reached.
    RateLimited,
    /// Another reply that is always the same.
    Canned(&'static Canned),
    /// A good reply in another form, or one that does not end.
    Form(Form),
}

/// Something that goes wrong with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchFault {
    /// Nothing.
    None,
    /// Its time runs out half way.
    Expire,
    /// The provider's queue is full: nothing of it is done.
    Fail,
    /// Some lines never come.
    Missing,
    /// Some lines come twice.
    Twice,
    /// Its files can't be read at the first try.
    Unreadable,
}

impl std::str::FromStr for BatchFault {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "none" => Self::None,
            "expire" => Self::Expire,
            "fail" => Self::Fail,
            "missing" => Self::Missing,
            "twice" => Self::Twice,
            "unreadable" => Self::Unreadable,
            _ => {
                return Err(format!(
                    "`{text}` is no fault of a batch; there are: none, expire, fail, missing, twice, unreadable"
                ));
            }
        })
    }
}

/// Faults that are mixed when none are named: all that a page can survive.
const MIX: &[Fault] = &[
    Fault::ServerError,
    Fault::Unavailable,
    Fault::CutBody,
    Fault::CutStream,
    Fault::StreamError,
    Fault::Slow,
    Fault::Hang,
    Fault::Reset,
    Fault::Refusal,
    Fault::Fenced,
    Fault::WrongLabel,
    Fault::Empty,
    Fault::NoUsage,
    Fault::Length,
];

/// All, with their names.
const NAMES: &[(&str, Fault)] = &[
    ("500", Fault::ServerError),
    ("503", Fault::Unavailable),
    ("cut-body", Fault::CutBody),
    ("cut-stream", Fault::CutStream),
    ("stream-error", Fault::StreamError),
    ("slow", Fault::Slow),
    ("hang", Fault::Hang),
    ("reset", Fault::Reset),
    ("refusal", Fault::Refusal),
    ("fenced", Fault::Fenced),
    ("wrong-label", Fault::WrongLabel),
    ("empty", Fault::Empty),
    ("no-usage", Fault::NoUsage),
    ("length", Fault::Length),
    ("bad-key", Fault::BadKey),
    ("no-credit", Fault::NoCredit),
    ("no-model", Fault::NoModel),
    ("bad-request", Fault::BadRequest),
    ("429", Fault::RateLimited),
];

impl Fault {
    /// Every fault, with its name.
    pub fn all() -> impl Iterator<Item = (&'static str, Self)> {
        let canned = [PASSING, FINAL, ENDING].into_iter().flatten().map(|canned| (canned.name, Self::Canned(canned)));
        let forms = FORMS.iter().map(|(name, form)| (*name, Self::Form(*form)));
        NAMES.iter().copied().chain(canned).chain(forms)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::all().find(|(_, fault)| *fault == self).map_or("", |(name, _)| name)
    }
}

impl std::str::FromStr for Fault {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = || Self::all().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
        Self::all()
            .find(|(known, _)| *known == name)
            .map(|(_, fault)| fault)
            .ok_or_else(|| format!("known faults: {}", known()))
    }
}

/// The fault that the `attempt`th request (from 0) for the image with `hash` meets.
pub(crate) fn choose(seed: u64, share: f64, kinds: &[Fault], hash: u64, attempt: u64) -> Option<Fault> {
    let kinds = if kinds.is_empty() { MIX } else { kinds };
    let draw = crate::base::random::mix(seed ^ hash.rotate_left(17) ^ attempt.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let is_hit = ((draw >> 11) as f64 / (1_u64 << 53) as f64) < share;
    #[expect(clippy::cast_possible_truncation, reason = "an index")]
    let which = crate::base::random::mix(draw) as usize % kinds.len();
    is_hit.then(|| kinds[which])
}
