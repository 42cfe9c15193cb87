//! Errors in the envelopes of the APIs. Source: OpenAI's error-codes guide and API specification
//! 2.3.0 (2026-08); for the others, recorded replies.

use serde_json::{Value, json};
use std::borrow::Cow;

/// The envelope of an API's errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorForm {
    /// `{"error": {"message", "type", "param", "code"}}`.
    OpenAi,
    /// Google's: an array of one object, with a status in words.
    Google,
    /// OpenRouter's: the HTTP status as `code`, no `type` or `param`.
    OpenRouter,
    /// vLLM's: the HTTP status as `code`, and the name of an exception as `type`.
    Vllm,
    /// llama.cpp's: the HTTP status as `code`.
    LlamaCpp,
    /// Mistral's: members without an envelope; a list of faults when a member is unknown.
    Mistral,
    /// LM Studio's: a text instead of an object.
    Text,
    /// The LiteLLM proxy's: the HTTP status as text, and `None` for absent values.
    LiteLlm,
    /// DashScope's: OpenAI's, and the id of the request.
    DashScope,
}

/// An error reply: the HTTP status and the members of `error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    /// HTTP status.
    pub(crate) status: u16,
    /// `type`.
    pub(crate) kind: &'static str,
    pub(crate) code: Option<&'static str>,
    pub(crate) param: Option<Cow<'static, str>>,
    pub(crate) message: String,
    /// A recorded body, which is sent unchanged.
    recorded: Option<String>,
}

impl ApiError {
    pub(crate) fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, code: None, param: None, message: message.into(), recorded: None }
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

    /// An error with a recorded body.
    pub(crate) fn recorded(status: u16, body: String) -> Self {
        Self { recorded: Some(body), ..Self::new(status, "", "") }
    }

    pub(crate) fn with_code(self, code: &'static str) -> Self {
        Self { code: Some(code), ..self }
    }

    pub(crate) fn with_param(self, param: impl Into<Cow<'static, str>>) -> Self {
        Self { param: Some(param.into()), ..self }
    }

    pub(crate) fn without_param(self) -> Self {
        Self { param: None, ..self }
    }

    /// The body of the reply in an API's envelope.
    pub(crate) fn body(&self, form: ErrorForm) -> String {
        self.recorded.clone().unwrap_or_else(|| self.to_json(form).to_string())
    }

    /// The body of the reply, unless it is recorded.
    pub(crate) fn to_json(&self, form: ErrorForm) -> Value {
        let Self { status, kind, code, param, message, .. } = self;
        match form {
            ErrorForm::OpenAi => json!({"error": {"message": message, "type": kind, "param": param, "code": code}}),
            ErrorForm::Google => {
                let violations: Vec<Value> = message.lines().map(|line| json!({"description": line})).collect();
                let details =
                    json!([{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations}]);
                let mut error = json!({"code": status, "message": message, "status": google_status(*status)});
                if let (true, Some(members)) = (message.contains("Unknown name"), error.as_object_mut()) {
                    members.insert("details".into(), details);
                }
                json!([{ "error": error }])
            }
            ErrorForm::OpenRouter => {
                json!({"error": {"message": message, "code": status}, "user_id": "user_simulator"})
            }
            ErrorForm::Vllm => {
                let exception = if *status == 404 { "NotFoundError" } else { "BadRequestError" };
                json!({"error": {"message": message, "type": exception, "param": param, "code": status}})
            }
            ErrorForm::LlamaCpp => json!({"error": {"code": status, "message": message, "type": kind}}),
            ErrorForm::Mistral if *status == 422 => {
                let names = param.as_deref().unwrap_or_default().split(", ");
                let fault = |name: &str| json!({"type": "extra_forbidden", "loc": ["body", name], "msg": message});
                let detail: Vec<Value> = names.map(fault).collect();
                json!({"object": "error", "message": {"detail": detail}, "type": kind, "param": null, "code": null})
            }
            ErrorForm::Mistral => {
                json!({"object": "error", "message": message, "type": kind, "param": param, "code": code})
            }
            ErrorForm::Text => json!({"error": message}),
            ErrorForm::LiteLlm => {
                let exception = litellm_exception(*status);
                let message = format!("litellm.{exception}: OpenAIException - {message}");
                let param = param.as_deref().unwrap_or("None");
                json!({"error": {"message": message, "type": "None", "param": param, "code": status.to_string()}})
            }
            ErrorForm::DashScope => {
                let error = json!({"message": message, "type": kind, "param": param, "code": code});
                json!({"error": error, "id": "chatcmpl-simulator", "request_id": "simulator"})
            }
        }
    }
}

/// The word for an HTTP status in Google's errors.
fn google_status(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        500 => "INTERNAL",
        503 => "UNAVAILABLE",
        _ => "INVALID_ARGUMENT",
    }
}

/// The name of the LiteLLM proxy's exception for an HTTP status.
fn litellm_exception(status: u16) -> &'static str {
    match status {
        401 => "AuthenticationError",
        404 => "NotFoundError",
        429 => "RateLimitError",
        500 => "InternalServerError",
        503 => "ServiceUnavailableError",
        _ => "BadRequestError",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_of_openai_has_all_four_members() {
        let error = ApiError::invalid_request("wrong").with_code("invalid_value").with_param("model");
        assert_eq!(
            error.body(ErrorForm::OpenAi),
            r#"{"error":{"message":"wrong","type":"invalid_request_error","param":"model","code":"invalid_value"}}"#
        );
        let error = ApiError::server_error();
        assert_eq!(error.status, 500);
        let body = error.to_json(ErrorForm::OpenAi);
        assert_eq!((&body["error"]["param"], &body["error"]["code"]), (&Value::Null, &Value::Null));
    }

    #[test]
    fn every_api_has_its_own_envelope() {
        let error = ApiError::invalid_request("wrong").with_code("invalid_value").with_param("seed");
        for (form, body) in [
            (ErrorForm::Google, r#"[{"error":{"code":400,"message":"wrong","status":"INVALID_ARGUMENT"}}]"#),
            (ErrorForm::OpenRouter, r#"{"error":{"message":"wrong","code":400},"user_id":"user_simulator"}"#),
            (ErrorForm::Vllm, r#"{"error":{"message":"wrong","type":"BadRequestError","param":"seed","code":400}}"#),
            (ErrorForm::LlamaCpp, r#"{"error":{"code":400,"message":"wrong","type":"invalid_request_error"}}"#),
            (ErrorForm::Text, r#"{"error":"wrong"}"#),
            (
                ErrorForm::Mistral,
                r#"{"object":"error","message":"wrong","type":"invalid_request_error","param":"seed","code":"invalid_value"}"#,
            ),
            (
                ErrorForm::LiteLlm,
                r#"{"error":{"message":"litellm.BadRequestError: OpenAIException - wrong","type":"None","param":"seed","code":"400"}}"#,
            ),
        ] {
            assert_eq!(error.body(form), body, "{form:?}");
        }
        let unknown = ApiError { status: 422, ..error };
        assert_eq!(
            unknown.body(ErrorForm::Mistral),
            r#"{"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","seed"],"msg":"wrong"}]},"type":"invalid_request_error","param":null,"code":null}"#
        );
        assert_eq!(ApiError::recorded(400, "{}".into()).body(ErrorForm::Google), "{}");
    }
}
