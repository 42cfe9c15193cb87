//! The program's clock as governor reads it.

use super::clock::Clock;
use std::sync::Arc;
use std::time::Duration;

/// A clock for the limiters of governor. They read times since the clock was created.
#[derive(Clone)]
pub(crate) struct GovernorClock(pub(crate) Arc<dyn Clock>);

impl governor::clock::Clock for GovernorClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.now()
    }
}
