//! Parameters of URLs: which are secrets, and how they are encoded.
//!
//! - [`parameter`]: a parameter as it is written
//! - [`values`]: what values look like; [`names`]: what names show; [`companions`]: what parameters are beside others
//! - [`mod@classify`]: what each parameter of a query is

pub(crate) mod classify;
pub(crate) mod companions;
pub(crate) mod names;
pub(crate) mod parameter;
pub(crate) mod values;

pub(crate) use classify::classify;
pub(crate) use parameter::{UrlParameter, encode, split};

#[cfg(test)]
mod tests;
