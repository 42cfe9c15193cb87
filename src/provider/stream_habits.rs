//! How the streams of an endpoint end: how long to wait for what may still follow a complete reply, where the
//! server keeps the connection open.

use super::dialect::interface::StreamStage;
use std::cell::Cell;
use std::time::Duration;

/// How long token counts are waited for after the end of a reply, and later counts after the first ones.
const COUNT_WAIT: Duration = Duration::from_secs(2);

/// The same where several streams in a row ended without any.
const SHORT_WAIT: Duration = Duration::from_millis(200);

/// How long further counts are waited for after the last ones: what has been sent with them still counts.
const LAST_WAIT: Duration = Duration::from_millis(50);

/// Streams for whose counts, or for others after those with the end, was waited in vain, after which the next waits
/// hardly at all. Streams that end by themselves show nothing.
const MAX_IN_VAIN: u32 = 3;

/// What the streams of an endpoint have shown.
#[derive(Debug, Default)]
pub(crate) struct StreamHabits {
    /// Streams since counts came last for whose counts was waited in vain.
    in_vain: Cell<u32>,
    /// The same of streams that had counts with their end, for others after these.
    further_in_vain: Cell<u32>,
    /// Whether an error followed a complete answer.
    had_late_error: Cell<bool>,
}

impl StreamHabits {
    /// How long to wait for what may follow; `None`: until the stream ends or is idle for too long.
    pub(crate) fn wait(&self, stage: StreamStage) -> Option<Duration> {
        match stage {
            StreamStage::Open => None,
            StreamStage::Complete if self.in_vain.get() >= MAX_IN_VAIN => Some(SHORT_WAIT),
            StreamStage::Counted if self.further_in_vain.get() >= MAX_IN_VAIN => Some(SHORT_WAIT),
            StreamStage::Complete | StreamStage::Counted => Some(COUNT_WAIT),
            StreamStage::Last => Some(LAST_WAIT),
            StreamStage::Ended => Some(Duration::ZERO),
        }
    }

    /// Learns at which stage a stream ended; `has_waited`: because nothing came.
    pub(crate) fn learn(&self, stage: StreamStage, has_waited: bool) {
        match stage {
            StreamStage::Complete if has_waited => self.in_vain.set(self.in_vain.get() + 1),
            StreamStage::Counted | StreamStage::Last => {
                self.in_vain.set(0);
                let is_in_vain = stage == StreamStage::Counted && has_waited;
                self.further_in_vain.set(if is_in_vain { self.further_in_vain.get() + 1 } else { 0 });
            }
            _ => {}
        }
    }

    /// Whether an error after a complete answer is the first one of the endpoint.
    pub(crate) fn is_first_late_error(&self) -> bool {
        !self.had_late_error.replace(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StreamStage::{Complete, Counted, Ended, Last, Open};

    #[test]
    fn counts_that_never_come_are_hardly_waited_for() {
        let habits = StreamHabits::default();
        for (stage, has_waited, next) in [
            (Complete, true, COUNT_WAIT),
            (Complete, true, COUNT_WAIT),
            // They came after all.
            (Counted, false, COUNT_WAIT),
            (Complete, true, COUNT_WAIT),
            (Complete, true, COUNT_WAIT),
            // The stream ended by itself: nothing was waited for.
            (Complete, false, COUNT_WAIT),
            (Ended, false, COUNT_WAIT),
            (Complete, true, SHORT_WAIT),
            (Complete, true, SHORT_WAIT),
            (Last, true, COUNT_WAIT),
        ] {
            habits.learn(stage, has_waited);
            assert_eq!(habits.wait(Complete), Some(next), "{stage:?}");
        }
        assert_eq!((habits.wait(Open), habits.wait(Counted)), (None, Some(COUNT_WAIT)));
    }

    #[test]
    fn further_counts_that_never_come_are_hardly_waited_for() {
        let habits = StreamHabits::default();
        for (stage, has_waited, next) in [
            (Counted, true, COUNT_WAIT),
            (Counted, true, COUNT_WAIT),
            // Others came.
            (Last, true, COUNT_WAIT),
            (Counted, true, COUNT_WAIT),
            (Counted, true, COUNT_WAIT),
            // Something followed, or the stream ended.
            (Counted, false, COUNT_WAIT),
            (Counted, true, COUNT_WAIT),
            (Counted, true, COUNT_WAIT),
            (Ended, false, COUNT_WAIT),
            (Counted, true, SHORT_WAIT),
            (Counted, true, SHORT_WAIT),
            (Last, true, COUNT_WAIT),
        ] {
            habits.learn(stage, has_waited);
            assert_eq!(habits.wait(Counted), Some(next), "{stage:?}");
        }
        assert_eq!(habits.wait(Complete), Some(COUNT_WAIT));
    }

    #[test]
    fn a_late_error_is_new_once() {
        let habits = StreamHabits::default();
        assert_eq!([(); 3].map(|()| habits.is_first_late_error()), [true, false, false]);
    }
}
