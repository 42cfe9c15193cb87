//! The end of a run that a caller asks for.

use crate::pipeline::{RunOutcome, Shutdown, Signal};

/// Ends the run of a session early. Clones end the same run; another thread may hold one.
#[derive(Clone, Debug)]
pub struct Canceller(pub(crate) Shutdown);

impl Canceller {
    /// Ends the run: nothing more is sent, requests in flight have the grace period of
    /// [`RunOptions`](crate::pipeline::RunOptions) to end, outputs are written. The run can be continued later.
    pub fn cancel(&self, signal: Signal) {
        self.0.request(RunOutcome::Interrupted(signal));
    }
}
