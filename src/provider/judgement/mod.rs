//! What an attempt means and costs, in the words that all dialects share.
//!
//! - [`error_judgement`]: what an error means for a request of some form
//! - [`verdict`]: what an attempt means and costs
//! - [`transient`]: whether an error is transient
//! - [`rate_limits`]: what a provider reports about its limits
//! - [`foreign`]: what shows that a reply does not come from an API
//! - [`wording`]: names in the words of an error

pub(crate) mod error_judgement;
pub(crate) mod foreign;
pub(crate) mod rate_limits;
pub(crate) mod transient;
pub(crate) mod verdict;
pub(crate) mod wording;
