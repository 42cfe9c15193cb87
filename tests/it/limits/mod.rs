//! Rate limits of the provider.

mod learned;
mod open_files;
pub(crate) mod stated;

/// The largest share of refused requests of a run that knows or learns the limit, on any machine. How many are refused
/// depends on when the processes get the processor, so the unit tests of `adaptive_rate.rs` check how closely it is met. A
/// run that does not learn it sends eight requests or more every tenth of a second to a server that lets two pass: it has
/// three quarters refused.
const MAX_REFUSED: f64 = 0.25;
