//! The names of the dialects.

use super::interface::Dialect;
use super::openai::OpenAi;
use std::rc::Rc;

/// The dialect that an endpoint speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DialectName {
    /// OpenAI's Chat Completions API and compatible servers.
    #[default]
    OpenAi,
}

impl DialectName {
    pub(crate) fn dialect(self) -> Rc<dyn Dialect> {
        match self {
            Self::OpenAi => Rc::new(OpenAi),
        }
    }
}
