//! A page on its way through a run: to be prepared, ready to be sent, ended.

use super::question_set::QuestionSet;
use crate::base::ids::PageId;
use crate::base::vocabulary::ErrorKind;
use crate::prepare::Prepared;
use crate::store::TasksToAsk;
use std::sync::Arc;

/// What to prepare of a page.
#[derive(Clone, Debug)]
pub(crate) struct PageToPrepare {
    /// Its number from 1.
    pub(crate) page: u32,
    /// The tasks to ask.
    pub(crate) tasks: TasksToAsk,
    /// Whether its page features are known.
    pub(crate) has_features: bool,
    /// Whether a task has no outcome yet: only then the page may be skipped as blank.
    pub(crate) has_unasked: bool,
}

/// A page that is ready to be asked.
#[derive(Debug)]
pub(crate) struct ReadyPage {
    /// The page.
    pub(crate) page: PageId,
    /// The tasks to ask.
    pub(crate) tasks: TasksToAsk,
    /// Where it was found, as logs show it.
    pub(crate) path: Arc<str>,
    /// The prepared page that is sent.
    pub(crate) prepared: Prepared,
    /// All questions of the page, including `tasks`.
    pub(crate) questions: Arc<QuestionSet>,
}

/// How the attempts at a page ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PageEnd {
    /// Every task is done; the first error when one has no answer.
    Done(Option<PageError>),
    /// Another process is asking it, or has just asked it.
    Elsewhere,
    /// The run ended first.
    Unfinished,
}

/// Why a page has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageError {
    /// The kind, as `error_kind` shows it.
    pub(crate) kind: ErrorKind,
    /// The message.
    pub(crate) message: String,
}
