//! `request`: sampling and size of a request.

use super::job::Check;
use crate::units::parse_duration;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRequest {
    /// Sampling temperature (default 0).
    #[schemars(range(min = 0.0, max = 2.0))]
    temperature: Option<f64>,
    /// Nucleus sampling: left to the provider when absent.
    #[schemars(range(min = 0.0, max = 1.0))]
    top_p: Option<f64>,
    /// Most tokens of a reply (default 300).
    #[schemars(range(min = 1, max = 1_000_000))]
    max_tokens: Option<u32>,
    /// Whether replies are streamed (default false; always sent).
    stream: Option<bool>,
    /// Time for a whole attempt (default `60s`).
    timeout: Option<String>,
    /// Further members of the request's body.
    #[serde(default)]
    extra: Map<String, Value>,
}

/// Sampling and size of a request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Sampling temperature.
    pub temperature: f64,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// Most tokens of a reply.
    pub max_tokens: u32,
    /// Whether replies are streamed.
    pub stream: bool,
    /// Time for a whole attempt.
    pub timeout: Duration,
    /// Further members of the body.
    pub extra: Map<String, Value>,
}

/// Members of the body that docmill sets itself.
const OURS: &[&str] = &[
    "model",
    "messages",
    "stream",
    "stream_options",
    "response_format",
    "n",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
];

impl RawRequest {
    pub(super) fn check(self, check: &mut Check<'_>) -> Request {
        for name in self.extra.keys().filter(|name| OURS.contains(&name.as_str())) {
            let allowed = if ["temperature", "top_p", "max_tokens", "stream"].contains(&name.as_str()) {
                format!("request.{name}")
            } else {
                "any other member".to_owned()
            };
            check.fault(&format!("/request/extra/{name}"), &format!("`{name}` is set by docmill"), &allowed);
        }
        let timeout = check.parsed("/request/timeout", self.timeout.as_deref(), |text| match parse_duration(text)? {
            Duration::ZERO => Err("a time-out of nothing".to_owned()),
            timeout => Ok(timeout),
        });
        Request {
            temperature: self.temperature.unwrap_or(0.0),
            top_p: self.top_p,
            max_tokens: self.max_tokens.unwrap_or(300),
            stream: self.stream.unwrap_or(false),
            timeout: timeout.unwrap_or(Duration::from_secs(60)),
            extra: self.extra,
        }
    }
}
