//! `request`: sampling and size of a request.

use crate::base::units::{human_duration, parse_duration};
use crate::manifest::job::Check;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::Duration;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRequest {
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
    /// Time to make a connection (default `10s`, at most half of `timeout`).
    connect_timeout: Option<String>,
    /// Time until the head of a reply comes (default: as `timeout`).
    first_byte_timeout: Option<String>,
    /// Longest pause within a reply (default `30s`).
    idle_timeout: Option<String>,
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
    /// How long things may take.
    pub timeouts: Timeouts,
    /// Whether `prompt_cache_key` is sent.
    pub prompt_cache_key: bool,
    /// Further members of the body.
    pub extra: Map<String, Value>,
}

/// How long the parts of an attempt may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// All of it.
    pub attempt: Duration,
    /// Making a connection: nothing was sent before.
    pub connect: Duration,
    /// From then (at the latest: once `connect` is over) until the head of the reply; `None`: bounded by the attempt alone.
    pub first_byte: Option<Duration>,
    /// Between two pieces of the reply.
    pub idle: Duration,
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
    pub(crate) fn check(self, host: &str, check: &mut Check<'_>) -> Request {
        for name in self.extra.keys().filter(|name| OURS.contains(&name.as_str())) {
            let allowed =
                if ["temperature", "top_p", "max_tokens", "stream", "prompt_cache_key"].contains(&name.as_str()) {
                    format!("request.{name}")
                } else {
                    "any other member".to_owned()
                };
            check.fault(&format!("/request/extra/{name}"), &format!("`{name}` is set by docmill"), &allowed);
        }
        let mut time = |key: &str, text: &Option<String>| {
            check.parsed(&format!("/request/{key}"), text.as_deref(), |text| match parse_duration(text)? {
                Duration::ZERO => Err("a time-out of nothing".to_owned()),
                timeout => Ok(timeout),
            })
        };
        let attempt = time("timeout", &self.timeout).unwrap_or(Duration::from_secs(60));
        let connect = time("connect_timeout", &self.connect_timeout);
        // What was never sent costs nothing: that has to be known before the attempt ends.
        let usual = Duration::from_secs(10).min(attempt / 2);
        let timeouts = Timeouts {
            attempt,
            connect: connect.unwrap_or(usual),
            first_byte: time("first_byte_timeout", &self.first_byte_timeout),
            idle: time("idle_timeout", &self.idle_timeout).unwrap_or(Duration::from_secs(30)),
        };
        if timeouts.connect >= timeouts.attempt {
            check.fault(
                "/request/connect_timeout",
                "a connection may take as long as the whole attempt",
                &format!("less than request.timeout ({})", human_duration(timeouts.attempt)),
            );
        }
        Request {
            temperature: self.temperature.unwrap_or(0.0),
            top_p: self.top_p,
            max_tokens: self.max_tokens,
            prompt_cache_key: self.prompt_cache_key.unwrap_or(host == "api.openai.com"),
            stream: self.stream.unwrap_or(false),
            timeouts,
            extra: self.extra,
        }
    }
}
