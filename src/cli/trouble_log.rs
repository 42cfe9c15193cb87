//! Which troubles of a run are worth a line, and when. Pure: times are passed in.

use crate::session::{Trouble, TroubleKind};
use std::time::Duration;

/// How long an error lasts before it is shown, unless it is an outage: single errors and short rate limits
/// are usual.
const PATIENCE: Duration = Duration::from_secs(1);
/// The same cause has at most one line in this time.
const REPEAT: Duration = Duration::from_secs(30);
/// Causes that are remembered.
const MAX_CAUSES: usize = 16;

/// The change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TroubleNews {
    /// Requests are not answered: the cause, and the reaction.
    Begun(String),
    /// Requests are answered again, after this time.
    Over(Duration),
}

/// Remembers which troubles were seen and printed.
#[derive(Debug, Default)]
pub(crate) struct TroubleLog {
    /// The trouble of the last look: its number, and when it was first seen.
    seen: Option<(u64, Duration)>,
    /// The trouble that the last line was about, if its end was not printed.
    open: Option<u64>,
    /// The causes of the last lines, and when they were printed.
    printed: Vec<(Cause, Duration)>,
}

/// What makes two troubles the same.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cause {
    kind: TroubleKind,
    /// Messages of servers differ in numbers and ids; those of connections do not.
    message: Option<String>,
}

impl TroubleLog {
    /// Checks the trouble of `now`, and returns the message to print.
    pub(crate) fn update(&mut self, trouble: Option<&Trouble>, now: Duration) -> Option<TroubleNews> {
        let since = self.seen.map_or(now, |(_, since)| since);
        let Some(trouble) = trouble else {
            self.seen = None;
            return self.open.take().map(|_| TroubleNews::Over(now.saturating_sub(since)));
        };
        if self.seen.is_none_or(|(number, _)| number != trouble.number) {
            // An answer came between two looks.
            self.seen = Some((trouble.number, now));
            self.open = None;
        }
        if !self.is_shown(trouble, now) {
            return None;
        }
        let message = (trouble.kind == TroubleKind::Unreachable).then(|| trouble.message.clone());
        let cause = Cause { kind: trouble.kind, message };
        self.printed.retain(|(_, at)| now.saturating_sub(*at) < REPEAT);
        let is_known = self.printed.iter().any(|(known, _)| *known == cause);
        if is_known || self.printed.len() >= MAX_CAUSES {
            // It has not ended: no second line, for any duration.
            if self.open == Some(trouble.number)
                && let Some((_, at)) = self.printed.iter_mut().find(|(known, _)| *known == cause)
            {
                *at = now;
            }
            return None;
        }
        self.printed.push((cause, now));
        self.open = Some(trouble.number);
        Some(TroubleNews::Begun(trouble.explanation()))
    }

    /// Whether a trouble has lasted long enough to be shown.
    pub(crate) fn is_shown(&self, trouble: &Trouble, now: Duration) -> bool {
        let since = self.seen.filter(|(number, _)| *number == trouble.number).map_or(now, |(_, since)| since);
        trouble.is_outage() || now.saturating_sub(since) >= PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: (TroubleKind, &str) = (TroubleKind::Unreachable, "refused");
    const UNKNOWN: (TroubleKind, &str) = (TroubleKind::Unreachable, "unknown host");
    const BUSY: (TroubleKind, &str) = (TroubleKind::Unavailable, "503");
    const LIMIT: (TroubleKind, &str) = (TroubleKind::RateLimit, "429");
    const TIMEOUT: (TroubleKind, &str) = (TroubleKind::Error("timeout"), "no reply");

    /// A look in tenths of a second, and the number, kind and message of the trouble.
    type Look = (u64, Option<(u64, (TroubleKind, &'static str))>);

    /// The lines of troubles at these times.
    fn lines(looks: &[Look]) -> Vec<String> {
        let mut log = TroubleLog::default();
        let news = looks.iter().filter_map(|(at, trouble)| {
            let trouble = trouble.map(|(number, (kind, message))| Trouble {
                number,
                kind,
                message: message.to_owned(),
                max_wait: None,
            });
            let news = log.update(trouble.as_ref(), Duration::from_millis(at * 100))?;
            Some(match news {
                TroubleNews::Begun(text) => format!("{at} {text}"),
                TroubleNews::Over(after) => format!("{at} over after {after:?}"),
            })
        });
        news.collect()
    }

    #[test]
    fn an_outage_is_printed_at_once_and_its_end_too() {
        let looks = [(0, None), (3, Some((1, REFUSED))), (4, Some((1, REFUSED))), (53, None), (54, None)];
        assert_eq!(lines(&looks), ["3 refused; retrying", "53 over after 5s"]);
        // The same cause has one line, for any duration.
        let long: Vec<_> = (0..2000).map(|at| (at, Some((1, REFUSED)))).collect();
        assert_eq!(lines(&long), ["0 refused; retrying"]);
    }

    #[test]
    fn another_cause_has_a_line_of_its_own() {
        let looks = [(0, Some((1, REFUSED))), (5, Some((1, UNKNOWN))), (9, Some((1, BUSY))), (10, Some((1, REFUSED)))];
        assert_eq!(
            lines(&looks),
            ["0 refused; retrying", "5 unknown host; retrying", "9 the server is unavailable: 503; retrying"]
        );
    }

    #[test]
    fn single_errors_and_short_rate_limits_have_no_line() {
        assert!(lines(&[(0, Some((1, LIMIT))), (5, None), (6, Some((2, TIMEOUT))), (12, None)]).is_empty());
        let lasting = [(0, Some((1, LIMIT))), (9, Some((1, LIMIT))), (10, Some((1, LIMIT))), (20, None)];
        assert_eq!(lines(&lasting), ["10 the provider limits the rate: 429; retrying", "20 over after 2s"]);
    }

    #[test]
    fn the_same_cause_again_has_a_line_only_after_a_while() {
        let looks = [
            (0, Some((1, BUSY))),
            (5, None),
            (10, Some((2, BUSY))),
            (15, None),
            (320, Some((3, BUSY))),
            // An answer came between two looks.
            (330, Some((4, BUSY))),
            (340, None),
        ];
        assert_eq!(
            lines(&looks),
            [
                "0 the server is unavailable: 503; retrying",
                "5 over after 500ms",
                "320 the server is unavailable: 503; retrying"
            ]
        );
    }
}
