//! Why requests are not answered at the moment.

use crate::base::units::human_duration;
use crate::provider::Obstacle;
use std::time::Duration;

/// Why requests are not answered at the moment: the obstacle of the last attempt since the last answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Its number in the run, from 1. An answer ends a trouble, and the next error begins another.
    pub number: u64,
    /// The obstacle of the last attempt.
    pub kind: TroubleKind,
    /// The error of the last attempt, human-readable.
    pub message: String,
    /// How long the run keeps trying, from the beginning of the trouble; `None`: attempts at each page are
    /// limited instead.
    pub max_wait: Option<Duration>,
}

/// What an attempt got instead of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// No connection: refused, timed out, unknown host.
    Unreachable,
    /// The server answers that it is unavailable or overloaded (HTTP 503, 529).
    Unavailable,
    /// A rate limit of the provider (HTTP 429).
    RateLimit,
    /// The provider's queue of batches, or its batch API.
    Batches,
    /// The reply does not come from the API, such as a login page.
    Foreign,
    /// Another error, by the name of its kind, such as `timeout` or `server_error`.
    Error(&'static str),
}

impl TroubleKind {
    /// The kind of trouble that an obstacle is; `None`: one that its message explains.
    pub(crate) fn of_obstacle(obstacle: Obstacle) -> Option<Self> {
        match obstacle {
            Obstacle::RateLimit => Some(Self::RateLimit),
            Obstacle::Unavailable => Some(Self::Unavailable),
            Obstacle::Unreachable => Some(Self::Unreachable),
            Obstacle::Foreign => Some(Self::Foreign),
            Obstacle::ScopeUnknown | Obstacle::Other => None,
        }
    }
}

impl Trouble {
    /// Whether nothing can be answered until the trouble is over. Other kinds may concern one page, or pass
    /// within a second.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        use TroubleKind::{Batches, Foreign, Unavailable, Unreachable};
        matches!(self.kind, Unreachable | Unavailable | Batches | Foreign)
    }

    /// Whether requests wait until the provider lets them through again, for an unknown time.
    pub(crate) fn stops_all(&self) -> bool {
        self.is_outage() || self.kind == TroubleKind::RateLimit
    }

    /// The message and the reaction, such as `cannot connect to http://127.0.0.1:9/v1/: connection refused; retrying
    /// for up to 10 min`.
    #[must_use]
    pub fn explanation(&self) -> String {
        self.explain("; retrying for up to ")
    }

    /// The same for a narrow line, such as `cannot connect to http://127.0.0.1:9/v1/: connection refused;
    /// retrying 10 min`.
    #[must_use]
    pub fn short_explanation(&self) -> String {
        self.explain("; retrying ")
    }

    fn explain(&self, retrying: &str) -> String {
        let what = match self.kind {
            TroubleKind::Unreachable | TroubleKind::Foreign | TroubleKind::Error(_) => "",
            TroubleKind::Unavailable => "the server is unavailable: ",
            TroubleKind::RateLimit => "the provider limits the rate: ",
            TroubleKind::Batches => "batches: ",
        };
        match self.max_wait {
            Some(max_wait) => format!("{what}{}{retrying}{}", self.message, round_duration(max_wait)),
            None => format!("{what}{}; retrying", self.message),
        }
    }
}

/// A duration, in minutes if it is a multiple of one.
fn round_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds >= 60 && seconds.is_multiple_of(60) && seconds < 7200 {
        format!("{} min", seconds / 60)
    } else {
        human_duration(duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explanation_names_the_cause_and_how_long_it_is_waited_for() {
        let trouble = |kind, message: &str, seconds: Option<u64>| Trouble {
            number: 1,
            kind,
            message: message.into(),
            max_wait: seconds.map(Duration::from_secs),
        };
        for (trouble, text, is_outage) in [
            (
                trouble(TroubleKind::Unreachable, "cannot connect to http://h/v1/: connection refused", Some(600)),
                "cannot connect to http://h/v1/: connection refused; retrying for up to 10 min",
                true,
            ),
            (
                trouble(TroubleKind::Unavailable, "HTTP 503: overloaded", Some(60)),
                "the server is unavailable: HTTP 503: overloaded; retrying for up to 1 min",
                true,
            ),
            (
                trouble(TroubleKind::RateLimit, "HTTP 429: slow down", Some(90)),
                "the provider limits the rate: HTTP 429: slow down; retrying for up to 90 s",
                false,
            ),
            (trouble(TroubleKind::Error("timeout"), "no reply", None), "no reply; retrying", false),
            (
                trouble(TroubleKind::Foreign, "http://h/v1/ is not an API", Some(60)),
                "http://h/v1/ is not an API; retrying for up to 1 min",
                true,
            ),
            (
                trouble(TroubleKind::Batches, "HTTP 502", Some(7200)),
                "batches: HTTP 502; retrying for up to 2 h 0 m",
                true,
            ),
        ] {
            assert_eq!((trouble.explanation().as_str(), trouble.is_outage()), (text, is_outage));
            assert_eq!(trouble.short_explanation(), text.replace("for up to ", ""));
        }
    }
}
