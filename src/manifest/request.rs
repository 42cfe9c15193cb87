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
    /// Most tokens of a reply (default: what the longest valid reply needs, and half as much more).
    #[schemars(range(min = 1, max = 1_000_000))]
    max_tokens: Option<u32>,
    /// Whether replies are streamed (default false; always sent).
    stream: Option<bool>,
    /// Time for a whole attempt (default `60s`).
    timeout: Option<String>,
    /// Whether `prompt_cache_key` is sent, so that requests with the same words meet the same cache (default: to api.openai.com).
    prompt_cache_key: Option<bool>,
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
    /// Most tokens of a reply; `None`: what the tasks need.
    pub max_tokens: Option<u32>,
    /// Whether replies are streamed.
    pub stream: bool,
    /// Time for a whole attempt.
    pub timeout: Duration,
    /// Whether `prompt_cache_key` is sent.
    pub prompt_cache_key: bool,
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
    "prompt_cache_key",
];

impl RawRequest {
    /// `host`: where requests go.
    pub(super) fn check(self, host: &str, check: &mut Check<'_>) -> Request {
        for name in self.extra.keys().filter(|name| OURS.contains(&name.as_str())) {
            let allowed =
                if ["temperature", "top_p", "max_tokens", "stream", "prompt_cache_key"].contains(&name.as_str()) {
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
            max_tokens: self.max_tokens,
            prompt_cache_key: self.prompt_cache_key.unwrap_or(host == "api.openai.com"),
            stream: self.stream.unwrap_or(false),
            timeout: timeout.unwrap_or(Duration::from_secs(60)),
            extra: self.extra,
        }
    }
}
