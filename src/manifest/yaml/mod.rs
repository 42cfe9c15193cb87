//! YAML as it was typed: nodes with places, variables, typed values, ordered maps.

pub(crate) mod interpolate;
pub(crate) mod node;
pub(crate) mod ordered;
pub(crate) mod typed;
