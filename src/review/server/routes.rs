//! The replies: the page, its data, pictures, and changes.

use super::assets::{AGAIN, PAGE, SIGNED_OUT, find_asset};
use super::guard::{Guard, Rejection};
use super::response::{HttpReply, error_reply, json_reply, redirect, reply, text_reply};
use crate::review::api::Api;
use crate::review::api_error::ApiError;
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{HeaderValue, SET_COOKIE};
use hyper::http::request::Parts;
use hyper::{Method, Request, StatusCode};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Maximum size of the body of a request, in bytes.
const MAX_BODY_BYTES: usize = 1 << 20;
/// Maximum time for the body of a request to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum length of a request's path and query, in bytes.
const MAX_URI_BYTES: usize = 8 << 10;

/// The media type of pages.
const HTML: &str = "text/html; charset=utf-8";

/// A reply.
pub(crate) struct Routes {
    guard: Guard,
    api: Arc<Api>,
}

impl Routes {
    /// Answers from `api`, to those that `guard` lets in.
    pub(crate) fn new(guard: Guard, api: Arc<Api>) -> Self {
        Self { guard, api }
    }

    /// The answer to a request.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> HttpReply {
        let (head, body) = request.into_parts();
        match self.checked(head, body).await {
            Ok(reply) => reply,
            Err(rejection) => rejected(rejection),
        }
    }

    async fn checked(&self, head: Parts, body: Incoming) -> Result<HttpReply, Rejection> {
        self.guard.check_origin(&head.headers)?;
        let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
        if path.len() + query.len() > MAX_URI_BYTES {
            return Ok(error_reply(StatusCode::URI_TOO_LONG, "the address is too long"));
        }
        if path == "/" && head.method == Method::GET {
            return self.page(&head, query);
        }
        Guard::check_site(&head.headers)?;
        self.guard.check_cookie(&head.headers)?;
        match head.method {
            Method::GET => Ok(self.get(path.to_owned(), query.to_owned()).await),
            Method::POST => {
                self.guard.check_change(&head.headers)?;
                Ok(self.post(path, body).await)
            }
            _ => Ok(error_reply(StatusCode::METHOD_NOT_ALLOWED, "only GET and POST are allowed")),
        }
    }

    /// The page, or the way to it.
    fn page(&self, head: &Parts, query: &str) -> Result<HttpReply, Rejection> {
        let is_signed_in = self.guard.check_cookie(&head.headers).is_ok();
        let token = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "token");
        let Some((_, token)) = token else {
            let site = head.headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
            return match is_signed_in {
                true => Ok(reply(StatusCode::OK, HTML, PAGE)),
                // After a link from elsewhere, browsers keep the cookie back, also on the way from the address with
                // the token. The next step comes from this page.
                false if site == Some(b"cross-site") => Ok(reply(StatusCode::FORBIDDEN, HTML, AGAIN)),
                false => Err(Rejection::NotSignedIn),
            };
        };
        let cookie = match is_signed_in {
            // A token is spent also by a browser that does not need it.
            true => self.guard.exchange(&token).and(None),
            false => Some(self.guard.exchange(&token).ok_or(Rejection::NotSignedIn)?),
        };
        let mut response = redirect("/");
        if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        Ok(response)
    }

    async fn get(&self, path: String, query: String) -> HttpReply {
        if let Some(asset) = find_asset(&path) {
            return reply(StatusCode::OK, asset.content_type, asset.text);
        }
        if path == "/picture" {
            return match self.api.picture(&query).await {
                Ok(jpeg) => reply(StatusCode::OK, "image/jpeg", jpeg),
                Err(error) => api_error(&error),
            };
        }
        let api = self.api.clone();
        blocking(move || api.read(&path, &query)).await
    }

    async fn post(&self, path: &str, body: Incoming) -> HttpReply {
        let read = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, MAX_BODY_BYTES).collect());
        let bytes: Bytes = match read.await {
            Err(_) => return error_reply(StatusCode::REQUEST_TIMEOUT, "the request took too long"),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
                return error_reply(StatusCode::PAYLOAD_TOO_LARGE, "the request is too large");
            }
            Ok(Err(_)) => return error_reply(StatusCode::BAD_REQUEST, "the request broke off"),
            Ok(Ok(body)) => body.to_bytes(),
        };
        let Ok(value) = serde_json::from_slice::<Value>(&bytes) else {
            return error_reply(StatusCode::BAD_REQUEST, "the request is not JSON");
        };
        if path == "/api/address" {
            return match self.guard.new_address() {
                Ok(address) => json_reply(StatusCode::OK, &serde_json::json!({ "address": address })),
                Err(_) => error_reply(StatusCode::INTERNAL_SERVER_ERROR, "the system has no randomness"),
            };
        }
        let (api, path) = (self.api.clone(), path.to_owned());
        blocking(move || api.change(&path, &value)).await
    }
}

/// Answers on a thread that may block.
async fn blocking(work: impl FnOnce() -> Result<Value, ApiError> + Send + 'static) -> HttpReply {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(value)) => json_reply(StatusCode::OK, &value),
        Ok(Err(error)) => api_error(&error),
        Err(_) => error_reply(StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
    }
}

fn api_error(error: &ApiError) -> HttpReply {
    let status = match error {
        ApiError::NotFound(_) => StatusCode::NOT_FOUND,
        ApiError::Wrong(_) => StatusCode::BAD_REQUEST,
        ApiError::NoPicture(_) => StatusCode::GONE,
        ApiError::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    error_reply(status, &error.to_string())
}

fn rejected(rejection: Rejection) -> HttpReply {
    match rejection {
        Rejection::WrongHost => text_reply(StatusCode::MISDIRECTED_REQUEST, "this server does not have this name\n"),
        Rejection::WrongOrigin => text_reply(StatusCode::FORBIDDEN, "the request comes from another page\n"),
        Rejection::NotJson => text_reply(StatusCode::UNSUPPORTED_MEDIA_TYPE, "changes are sent as JSON\n"),
        Rejection::NotSignedIn => reply(StatusCode::FORBIDDEN, HTML, SIGNED_OUT),
    }
}
