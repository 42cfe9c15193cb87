//! A request for one page, before a dialect turns it into a body.

use crate::task::Question;
use std::sync::Arc;

/// What to ask about one page in one request.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// All tasks of the page.
    pub questions: Arc<[Question]>,
    /// Indices into `questions` of the tasks to ask.
    pub tasks: Vec<usize>,
    /// How the request differs from the usual one.
    pub variation: Variation,
    /// [`PageId::number`](crate::base::ids::PageId::number) of the page: what is learned from errors depends on whether they are
    /// about one page, and it selects the partition of the provider's prompt cache.
    pub page: u64,
    /// The invalid reply to correct; `None` for a first question.
    pub repair: Option<Repair>,
}

/// How a request differs from the usual one for its page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Variation {
    /// It allows twice the usual reply length, because the last reply was cut off.
    pub is_lengthened: bool,
    /// It has another format or temperature, because the last reply repeated itself.
    pub avoids_repetition: bool,
    /// It has no format, because the endpoint rejects the usual one for this page.
    pub avoids_format: bool,
}

impl Variation {
    /// Whether the request has no reply format; the prompt describes the schema.
    #[must_use]
    pub fn has_no_format(self) -> bool {
        self.avoids_repetition || self.avoids_format
    }
}

/// The messages that ask the model to correct an invalid reply.
#[derive(Clone, Debug)]
pub struct Repair {
    /// The invalid reply.
    pub previous: String,
    /// Its faults, as text for the model.
    pub text: String,
}

/// Bytes that the two messages of a repair add to the texts themselves.
const REPAIR_OVERHEAD_BYTES: usize = 16;

impl PageRequest {
    /// The questions to ask, in the order of `tasks`.
    #[must_use]
    pub fn asked(&self) -> Vec<&Question> {
        self.tasks.iter().filter_map(|index| self.questions.get(*index)).collect()
    }

    /// Bytes that the repair adds to the prompt; 0 without a repair.
    pub(crate) fn repair_bytes(&self) -> u64 {
        self.repair
            .as_ref()
            .map_or(0, |repair| (repair.previous.len() + repair.text.len() + REPAIR_OVERHEAD_BYTES) as u64)
    }
}
