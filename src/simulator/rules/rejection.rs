//! The error that rejects a parameter, as data.

use crate::simulator::api_error::ApiError;

/// An error whose message has placeholders for the rejected parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rejection {
    /// HTTP status.
    pub(crate) status: u16,
    /// `type`.
    pub(crate) kind: &'static str,
    /// `code`.
    pub(crate) code: Option<&'static str>,
    /// Whether `param` is the name of the parameter; otherwise it is null.
    pub(crate) has_param: bool,
    /// The message. `{name}`, `{value}` and `{choices}` stand for the parameter, the rejected value and the
    /// accepted values.
    pub(crate) message: &'static str,
}

impl Rejection {
    /// A 400 without `code` and `param`.
    pub(crate) const fn without_code(message: &'static str) -> Self {
        Self { status: 400, kind: "invalid_request_error", code: None, has_param: false, message }
    }

    /// A 400 with `code` and `param`.
    pub(crate) const fn with_code(code: &'static str, message: &'static str) -> Self {
        Self { status: 400, kind: "invalid_request_error", code: Some(code), has_param: true, message }
    }

    /// The error about a parameter.
    pub(crate) fn to_error(self, name: &str, value: &str, choices: &str) -> ApiError {
        let message = self.message.replace("{choices}", choices).replace("{name}", name).replace("{value}", value);
        let error = ApiError::new(self.status, self.kind, message);
        let error = if self.has_param { error.with_param(name.to_owned()) } else { error };
        match self.code {
            Some(code) => error.with_code(code),
            None => error,
        }
    }
}
