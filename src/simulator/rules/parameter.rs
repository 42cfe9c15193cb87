//! When a parameter of a request is rejected, as data.

use super::rejection::Rejection;
use crate::simulator::api_error::ApiError;
use serde_json::{Map, Value};

/// A rule about parameters of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ParameterRule {
    /// Names of members of the request.
    pub(crate) names: &'static [&'static str],
    /// A number that is accepted nevertheless.
    pub(crate) unless: Option<f64>,
    /// Whether the rule holds only while the model reasons.
    pub(crate) while_reasoning: bool,
    /// The error.
    pub(crate) rejection: Rejection,
}

impl ParameterRule {
    /// The parameters are always rejected.
    pub(crate) const fn never(names: &'static [&'static str], rejection: Rejection) -> Self {
        Self { names, unless: None, while_reasoning: false, rejection }
    }

    /// The parameters are rejected unless they are 1.
    pub(crate) const fn only_one(names: &'static [&'static str], rejection: Rejection) -> Self {
        Self { unless: Some(1.0), ..Self::never(names, rejection) }
    }

    /// The rule holds only while the model reasons.
    pub(crate) const fn while_reasoning(self) -> Self {
        Self { while_reasoning: true, ..self }
    }

    /// Checks the members of a request. Null is the same as absent.
    ///
    /// # Errors
    /// The rejection of the first parameter that breaks the rule.
    pub(crate) fn check(&self, members: &Map<String, Value>, is_reasoning: bool) -> Result<(), ApiError> {
        if self.while_reasoning && !is_reasoning {
            return Ok(());
        }
        for name in self.names {
            let Some(value) = members.get(*name).filter(|value| !value.is_null()) else { continue };
            let is_tolerated = self.unless.is_some_and(|number| value.as_f64() == Some(number));
            // `logprobs: false` asks for nothing.
            if !is_tolerated && value != &Value::Bool(false) {
                let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                return Err(self.rejection.to_error(name, &shown, ""));
            }
        }
        Ok(())
    }
}
