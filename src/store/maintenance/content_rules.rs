//! The forms of values that other stages write: the store keeps them as JSON, and does not interpret them.

/// The fault of a stored text; `Ok`: none.
type Rule = fn(&str) -> Result<(), String>;

/// How the texts of columns are read that only other stages understand.
#[derive(Clone, Copy, Debug)]
pub struct ContentRules {
    /// `endpoints.capabilities`.
    pub capabilities: Rule,
    /// `endpoints.calibration`.
    pub calibration: Rule,
}

impl ContentRules {
    /// Rules that accept any JSON.
    #[cfg(test)]
    pub(crate) const ANY: Self = Self { capabilities: |_| Ok(()), calibration: |_| Ok(()) };
}
