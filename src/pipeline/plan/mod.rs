//! What a run would do.

pub(crate) mod json;
pub(crate) mod pace;
pub(crate) mod planner;
pub(crate) mod planning;
pub(crate) mod projection;
pub(crate) mod quote;
