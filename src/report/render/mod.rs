//! Forms of a report.

pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod plot;
pub(crate) mod prometheus;
pub(crate) mod text;

#[cfg(test)]
mod tests;
