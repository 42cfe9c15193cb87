//! How a review is done.

use super::view::ReviewOrder;
use crate::select::Filter;
use std::time::Duration;

/// How a review is done.
#[derive(Clone, Debug)]
pub struct ReviewOptions {
    /// The port on 127.0.0.1; 0: any that is free.
    pub port: u16,
    /// The name under which decisions are stored.
    pub reviewer: String,
    /// Whether the model's answers and those of other reviewers are shown before a decision.
    pub shows_answers: bool,
    /// The order in which pages are shown at first.
    pub order: ReviewOrder,
    /// Only a sample of this many pages, always the same ones.
    pub sample: Option<u64>,
    /// Only pages whose rows match.
    pub filter: Option<Filter>,
    /// The task that is shown at first; `None`: the first one.
    pub task: Option<String>,
    /// Ends when no request has come for this long.
    pub idle: Option<Duration>,
}

impl Default for ReviewOptions {
    fn default() -> Self {
        Self {
            port: 0,
            reviewer: "reviewer".to_owned(),
            shows_answers: false,
            order: ReviewOrder::Random,
            sample: None,
            filter: None,
            task: None,
            idle: None,
        }
    }
}
