//! Requests whose replies a run did not wait for, and how it is continued.

use crate::base::money::Pico;
use crate::base::units::counted;

/// Requests whose replies a run did not wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LostRequests {
    /// Number of requests.
    pub count: u64,
    /// What they may cost at most.
    pub max_cost: Pico,
}

impl LostRequests {
    /// The hint of outcomes after which the same command continues.
    pub(crate) fn resume_hint(self) -> String {
        const CONTINUE: &str = "run the same command again to continue";
        match self.count {
            0 => format!("{CONTINUE}; nothing is paid for twice"),
            count => {
                let (requests, verb) = (counted(count, "request"), if count == 1 { "was" } else { "were" });
                let cost = match self.max_cost {
                    Pico::ZERO => String::new(),
                    cost => format!(" (at most USD {cost})"),
                };
                format!("{CONTINUE}; {requests} {verb} cut off: the pages are sent again and may be billed twice{cost}")
            }
        }
    }
}
