//! YAML text -> JSON with positions. The files in the order of the work:
//!
//! 1. [`node`]: YAML -> nodes with their positions; [`hints`]: what to do about text that is not valid YAML
//! 2. [`interpolate`]: replaces `${NAME}` in scalars
//! 3. [`scalar`]: plain scalars -> booleans and numbers; [`typed`]: nodes -> JSON, checked
//!    against a JSON Schema
//! 4. [`ordered`]: a mapping that keeps its order, for the types that are read from the JSON

pub(crate) mod hints;
pub(crate) mod interpolate;
pub(crate) mod node;
pub(crate) mod ordered;
pub(crate) mod scalar;
pub(crate) mod typed;
