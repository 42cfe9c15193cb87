//! How the streams of an endpoint end: how long to wait for what may still follow a complete reply, where the
//! server keeps the connection open.

use crate::provider::dialect::interface::StreamStage;
use std::cell::Cell;
use std::time::Duration;

/// How long token counts are waited for after the end of a reply, and later counts after the first ones.
const COUNT_WAIT: Duration = Duration::from_secs(2);

/// The same where several streams in a row ended without any.
const SHORT_WAIT: Duration = Duration::from_millis(200);

/// How long further counts are waited for after the last ones: what has been sent with them still counts.
const LAST_WAIT: Duration = Duration::from_millis(50);

/// Streams in a row without the awaited counts, or without others after those at the end, after which the next waits
/// hardly at all.
const MAX_IN_VAIN: u32 = 3;

/// What the streams of an endpoint have shown.
#[derive(Debug, Default)]
pub(crate) struct StreamHabits {
    /// The stage at which the latest waits for streams were unsuccessful, and how many of them in a row.
    in_vain: Cell<Option<(StreamStage, u32)>>,
    /// Whether an error followed a complete answer.
    had_late_error: Cell<bool>,
}

impl StreamHabits {
    /// How long to wait for what may follow; `None`: until the stream ends or is idle for too long.
    pub(crate) fn wait(&self, stage: StreamStage) -> Option<Duration> {
        match stage {
            StreamStage::Open => None,
            StreamStage::Complete | StreamStage::Counted => match self.in_vain.get() {
                Some((known, streams)) if known == stage && streams >= MAX_IN_VAIN => Some(SHORT_WAIT),
                _ => Some(COUNT_WAIT),
            },
            StreamStage::Last => Some(LAST_WAIT),
            StreamStage::Ended => Some(Duration::ZERO),
        }
    }

    /// Learns at which stage a stream ended; `has_waited`: because nothing came. A stream that ended in any other way
    /// than the ones before ends their row.
    pub(crate) fn learn(&self, stage: StreamStage, has_waited: bool) {
        let is_in_vain = has_waited && matches!(stage, StreamStage::Complete | StreamStage::Counted);
        let before = self.in_vain.get().filter(|(known, _)| *known == stage).map_or(0, |(_, streams)| streams);
        self.in_vain.set(is_in_vain.then_some((stage, before + 1)));
    }

    /// Notes an error after a complete answer. Returns whether it is the first one of the endpoint.
    pub(crate) fn note_late_error(&self) -> bool {
        !self.had_late_error.replace(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StreamStage::{Complete, Counted, Ended, Last, Open};

    /// Streams that end one after the other: at which stage, whether because nothing came, and how long the next one
    /// then waits at the stage `at`.
    fn assert_waits(at: StreamStage, streams: &[(StreamStage, bool, Duration)]) {
        let habits = StreamHabits::default();
        for (number, (stage, has_waited, next)) in streams.iter().enumerate() {
            habits.learn(*stage, *has_waited);
            assert_eq!(habits.wait(at), Some(*next), "stream {number}: {stage:?}");
        }
    }

    #[test]
    fn what_never_comes_three_times_in_a_row_is_hardly_waited_for() {
        for at in [Complete, Counted] {
            assert_waits(
                at,
                &[
                    (at, true, COUNT_WAIT),
                    (at, true, COUNT_WAIT),
                    (at, true, SHORT_WAIT),
                    (at, true, SHORT_WAIT),
                    // It came after all.
                    (Last, true, COUNT_WAIT),
                    (at, true, COUNT_WAIT),
                ],
            );
        }
    }

    #[test]
    fn a_stream_that_ends_in_another_way_ends_the_row() {
        let other = |stage| if stage == Complete { Counted } else { Complete };
        for at in [Complete, Counted] {
            // Alone, with the end mark, with its counts, or awaited at another stage.
            for (stage, has_waited) in
                [(at, false), (Ended, false), (Last, false), (Last, true), (other(at), true), (other(at), false)]
            {
                let between = (stage, has_waited, COUNT_WAIT);
                let vain = (at, true, COUNT_WAIT);
                assert_waits(at, &[vain, vain, between, vain, between, vain, vain, between, vain]);
            }
        }
        assert_eq!(StreamHabits::default().wait(Open), None);
    }

    #[test]
    fn a_late_error_is_new_once() {
        let habits = StreamHabits::default();
        assert_eq!([(); 3].map(|()| habits.note_late_error()), [true, false, false]);
    }
}
