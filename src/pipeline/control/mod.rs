//! What every stage of a run shares.
//!
//! - [`context`]: the run; [`identity`]: its ids; [`dependencies`]: what it is given besides its job
//! - [`options`]: what it is asked to do
//! - [`counters`]: what it has done so far; [`progress`]: the same at one moment; [`work`]: how much there is to do; [`run_pace`]: how fast it may go;
//!   [`time_left`]: how long it takes; [`trouble`]: why requests are not answered
//! - [`shutdown`], [`lease`], [`run_outcome`], [`error_streak`]: when and how it ends; [`lost_requests`]: requests whose
//!   replies it did not wait for
//! - [`runtime`]: the runtime of the asking thread
//! - [`error`]: why a command could not do its work
//! - `test_run`: a run for unit tests

pub(crate) mod context;
pub(crate) mod counters;
pub(crate) mod dependencies;
pub(crate) mod error;
pub(crate) mod error_streak;
pub(crate) mod identity;
pub(crate) mod lease;
pub(crate) mod lost_requests;
pub(crate) mod options;
pub(crate) mod progress;
pub(crate) mod run_outcome;
pub(crate) mod run_pace;
pub(crate) mod runtime;
pub(crate) mod shutdown;
#[cfg(test)]
pub(crate) mod test_run;
pub(crate) mod time_left;
pub(crate) mod trouble;
pub(crate) mod work;
