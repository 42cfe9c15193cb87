//! An error in the envelope of OpenAI's API: `{"error": {"message", "type", "param", "code"}}`.
//! Source: OpenAI's error-codes guide and API specification 2.3.0 (2026-08).

use serde_json::{Value, json};

/// An error reply: the HTTP status and the members of `error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    /// HTTP status.
    pub(crate) status: u16,
    /// `type`.
    pub(crate) kind: &'static str,
    pub(crate) code: Option<&'static str>,
    pub(crate) param: Option<&'static str>,
    pub(crate) message: String,
}

impl ApiError {
    pub(crate) fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, code: None, param: None, message: message.into() }
    }

    /// A 400 of type `invalid_request_error`.
    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request_error", message)
    }

    /// OpenAI's 500.
    pub(crate) fn server_error() -> Self {
        let message = "The server had an error while processing your request. Sorry about that!";
        Self::new(500, "server_error", message)
    }

    pub(crate) fn with_code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }

    pub(crate) fn with_param(self, param: &'static str) -> Self {
        Self { param: Some(param), ..self }
    }

    /// The body of the reply.
    pub(crate) fn to_json(&self) -> Value {
        json!({"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_has_all_four_members() {
        let error = ApiError::invalid_request("wrong").with_code("invalid_value").with_param("model");
        assert_eq!(
            error.to_json().to_string(),
            r#"{"error":{"message":"wrong","type":"invalid_request_error","param":"model","code":"invalid_value"}}"#
        );
        let error = ApiError::server_error();
        assert_eq!(error.status, 500);
        assert_eq!(
            (&error.to_json()["error"]["param"], &error.to_json()["error"]["code"]),
            (&Value::Null, &Value::Null)
        );
    }
}
