//! What the rules of a profile are made of. They are data: [`profile`] puts them together.
//!
//! - [`rejection`]: an error with places for the parameter and its value
//! - [`parameter`]: when a parameter is rejected; [`effort`]: how much a model reasons
//! - [`model`]: models, prices and tiers; [`schema`]: what becomes of a schema
//! - [`reply_style`]: the members of replies; [`profile`]: all rules of an API

pub(crate) mod effort;
pub(crate) mod model;
pub(crate) mod parameter;
pub(crate) mod profile;
pub(crate) mod rejection;
pub(crate) mod reply_style;
pub(crate) mod schema;
