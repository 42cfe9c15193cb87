//! Responses: bodies, and the headers that every one of them has.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

pub(crate) type HttpReply = Response<Full<Bytes>>;

/// What a page of this server may do: load its own scripts, styles and pictures, and ask this server.
/// `blob:` pictures are those that its own script has received.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
     trusted-types 'none'";

/// Headers of every response.
const HEADERS: [(&str, &str); 8] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("cache-control", "no-store"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

/// A response with this status and body.
pub(crate) fn reply(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> HttpReply {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A JSON value.
pub(crate) fn json_reply(status: StatusCode, value: &Value) -> HttpReply {
    reply(status, "application/json", value.to_string())
}

/// An error for the page's script: `{"error": message}`.
pub(crate) fn error_reply(status: StatusCode, message: &str) -> HttpReply {
    json_reply(status, &json!({ "error": message }))
}

/// Plain text.
pub(crate) fn text_reply(status: StatusCode, text: &str) -> HttpReply {
    reply(status, "text/plain; charset=utf-8", text.to_owned())
}

/// A redirect to `location`.
pub(crate) fn redirect(location: &'static str) -> HttpReply {
    let mut response = text_reply(StatusCode::SEE_OTHER, "");
    response.headers_mut().insert(header::LOCATION, HeaderValue::from_static(location));
    response
}
