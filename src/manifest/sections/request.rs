//! `request`: sampling, reply size and timeouts of a request.

use crate::base::units::human_duration;
use crate::catalog::Effort;
use crate::manifest::check::Check;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::time::Duration;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawRequest {
    /// Sampling temperature (default 0). 0 is not sent to models that reject it; null: never sent.
    #[serde(default, deserialize_with = "stated")]
    #[schemars(with = "Option<f64>", range(min = 0.0, max = 2.0), extend("x-null-is-a-value" = true))]
    temperature: Stated<f64>,
    /// Nucleus sampling. Default: not sent, so that the provider's default applies.
    #[schemars(range(min = 0.0, max = 1.0))]
    top_p: Option<f64>,
    /// Maximum number of tokens of a reply. It includes the tokens of a model's reasoning. Default: 1.5 x the longest valid reply of the tasks + 50, clamped to 100..8192; for models that reason, 4096 to 25000 more, depending on `reasoning_effort`.
    #[schemars(range(min = 1, max = 1_000_000))]
    max_tokens: Option<u32>,
    /// How much the model reasons before it answers (default `auto`): `none`, `minimal`, `low`, `medium`, `high` or `xhigh`. `auto`: the lowest that the model accepts; not sent to models of which nothing is known.
    reasoning_effort: Option<RawEffort>,
    /// Whether replies are streamed (default false). `stream` is sent unless the endpoint rejects `false`.
    stream: Option<bool>,
    /// Timeout for a whole attempt (default `60s`).
    timeout: Option<String>,
    /// Timeout for connecting (default `10s`, at most half of `timeout`).
    connect_timeout: Option<String>,
    /// Timeout between connecting and the response headers. Default: only `timeout` applies.
    first_byte_timeout: Option<String>,
    /// Maximum pause within a reply (default `30s`).
    idle_timeout: Option<String>,
    /// Whether to send `prompt_cache_key`, so that requests with the same prompt use the same cache of the provider. Default: true for api.openai.com, otherwise false.
    prompt_cache_key: Option<bool>,
    /// Additional members of the request body.
    #[serde(default)]
    extra: Map<String, Value>,
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RawEffort {
    Auto,
    None,
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
}

/// A key that may be null: `None` if it is not written.
type Stated<T> = Option<Option<T>>;

/// Reads a key that is written, also as null.
fn stated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Stated<f64>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Sampling, reply size and timeouts of a request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Sampling temperature. `None`: never sent.
    pub temperature: Option<f64>,
    /// How much the model reasons. `None`: as little as it accepts.
    pub reasoning_effort: Option<Effort>,
    /// Nucleus sampling. `None`: not sent.
    pub top_p: Option<f64>,
    /// Maximum number of tokens of a reply. `None`: derived from the tasks, within
    /// [`DERIVED_MAX_TOKENS`].
    pub max_tokens: Option<u32>,
    /// Whether replies are streamed.
    pub stream: bool,
    /// Timeouts of an attempt.
    pub timeouts: Timeouts,
    /// Whether `prompt_cache_key` is sent.
    pub prompt_cache_key: bool,
    /// Additional members of the request body.
    pub extra: Map<String, Value>,
}

/// Bounds of `max_tokens` when it is derived from the tasks.
pub const DERIVED_MAX_TOKENS: std::ops::RangeInclusive<u32> = 100..=8192;

/// Timeouts of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// The whole attempt.
    pub attempt: Duration,
    /// Connecting. Nothing has been sent before the connection is there.
    pub connect: Duration,
    /// From connecting, but at the latest from the end of `connect`, to the response
    /// headers. `None`: only `attempt` applies.
    pub first_byte: Option<Duration>,
    /// Pause within a reply.
    pub idle: Duration,
}

/// The member of the request body that `reasoning_effort` sets. It may also stand in `extra`, where
/// it was before it had a key.
pub(crate) const EFFORT_MEMBER: &str = "reasoning_effort";

/// Members of the request body that have a key of `request`.
const MEMBERS_WITH_KEY: &[&str] = &["max_tokens", "prompt_cache_key", "stream", "temperature", "top_p"];
/// Further members of the request body that docmill sets.
const OTHER_MEMBERS: &[&str] =
    &["max_completion_tokens", "messages", "model", "n", "response_format", "stream_options"];

impl Request {
    /// The member of `extra` that sets how much the model reasons, in some provider's dialect.
    pub(crate) fn extra_thinking(&self) -> Option<(&str, &Value)> {
        let is_thinking = |text: &str| text.contains("thinking") || text.contains("reasoning");
        let mut members = self.extra.iter();
        let found = members.find(|(name, value)| is_thinking(name) || is_thinking(&value.to_string()));
        found.map(|(name, value)| (name.as_str(), value))
    }
}

impl RawRequest {
    /// `host` is the host that requests go to.
    pub(crate) fn check(self, host: &str, check: &mut Check) -> Request {
        for name in self.extra.keys() {
            let allowed = if MEMBERS_WITH_KEY.contains(&name.as_str()) {
                format!("request.{name}")
            } else if OTHER_MEMBERS.contains(&name.as_str()) {
                "any other member".to_owned()
            } else {
                continue;
            };
            check.report(&format!("/request/extra/{name}"), &format!("`{name}` is set by docmill"), &allowed);
        }
        let mut parse = |key: &str, text: &Option<String>| {
            check.parse_positive_duration(&format!("/request/{key}"), text.as_deref())
        };
        let attempt = parse("timeout", &self.timeout).unwrap_or(Duration::from_secs(60));
        // A failed connection costs nothing. To know that it failed, the timeout for
        // connecting must end before that of the attempt.
        let default_connect = Duration::from_secs(10).min(attempt / 2);
        let timeouts = Timeouts {
            attempt,
            connect: parse("connect_timeout", &self.connect_timeout).unwrap_or(default_connect),
            first_byte: parse("first_byte_timeout", &self.first_byte_timeout),
            idle: parse("idle_timeout", &self.idle_timeout).unwrap_or(Duration::from_secs(30)),
        };
        if timeouts.connect >= timeouts.attempt {
            check.report(
                "/request/connect_timeout",
                "connect_timeout must be less than timeout",
                &format!("less than {}", human_duration(timeouts.attempt)),
            );
        }
        let effort = self.reasoning_effort.and_then(|effort| match effort {
            RawEffort::Auto => None,
            RawEffort::None => Some(Effort::None),
            RawEffort::Minimal => Some(Effort::Minimal),
            RawEffort::Low => Some(Effort::Low),
            RawEffort::Medium => Some(Effort::Medium),
            RawEffort::High => Some(Effort::High),
            RawEffort::Xhigh => Some(Effort::Xhigh),
        });
        if self.reasoning_effort.is_some() && self.extra.contains_key(EFFORT_MEMBER) {
            let message = "`reasoning_effort` is set in `request` and in `request.extra`";
            check.report("/request/extra/reasoning_effort", message, "one of the two");
        }
        Request {
            temperature: self.temperature.unwrap_or(Some(0.0)),
            reasoning_effort: effort,
            top_p: self.top_p,
            max_tokens: self.max_tokens,
            prompt_cache_key: self.prompt_cache_key.unwrap_or(host == "api.openai.com"),
            stream: self.stream.unwrap_or(false),
            timeouts,
            extra: self.extra,
        }
    }
}
