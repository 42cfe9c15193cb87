//! Asking pages: attempts, and what follows from them.
//!
//! - [`stage`]: what the stage works with; [`admission`]: lets requests out
//! - [`page_state`]: how far a page has come, and its next step, without I/O
//! - [`attempt`]: one attempt, whichever way it is delivered, without I/O; [`charge`]: what it cost
//! - [`adaptation`]: lessons from it; [`telemetry`]: its log line, span and counters
//! - [`page_loop`]: the attempts at one page; [`dispatch`]: many pages at once
//! - [`elsewhere`]: pages that another process is asking; [`overdue`]: attempts of runs that have stalled;
//!   [`waited_runs`]: for which runs this one waits; [`budget_watch`]: how long a request waits for the budget

pub(crate) mod adaptation;
pub(crate) mod admission;
pub(crate) mod attempt;
pub(crate) mod budget_watch;
pub(crate) mod charge;
pub(crate) mod dispatch;
pub(crate) mod elsewhere;
pub(crate) mod overdue;
pub(crate) mod page_loop;
pub(crate) mod page_state;
pub(crate) mod stage;
pub(crate) mod telemetry;
pub(crate) mod waited_runs;
