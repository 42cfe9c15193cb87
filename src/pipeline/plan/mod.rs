//! The plan of a run: pages found, answered and to ask, tokens, money and time, and why answered
//! pages are sent again.
//!
//! - [`planning`]: makes the plan; [`planner`]: file by file, page by page
//! - [`quote`]: tokens and money; [`quoted_reasoning`]: the known reasoning; [`time_bounds`]: time; [`projection`]:
//!   `--sample`; [`shards`]: `--shards`
//! - [`model`]: the plan; [`json`]: the plan as JSON

pub(crate) mod json;
pub(crate) mod model;
pub(crate) mod planner;
pub(crate) mod planning;
pub(crate) mod projection;
pub(crate) mod quote;
pub(crate) mod quoted_reasoning;
pub(crate) mod shards;
pub(crate) mod time_bounds;
