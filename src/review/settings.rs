//! How a review is done.

use super::view::ReviewOrder;
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
    /// Only pages of this task at first; `None`: the first task.
    pub task: Option<String>,
    /// Ends when no request has come for this long.
    pub idle: Option<Duration>,
}

impl Default for ReviewOptions {
    fn default() -> Self {
        let reviewer = "reviewer".to_owned();
        Self {
            port: 0,
            reviewer,
            shows_answers: false,
            order: ReviewOrder::Random,
            sample: None,
            task: None,
            idle: None,
        }
    }
}
