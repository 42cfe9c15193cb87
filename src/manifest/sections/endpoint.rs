//! `provider.base_url` and `provider.simulator`: where requests go.

use crate::base::simulator_profile::SimulatorProfile;
use crate::base::units::{parse_duration, parse_share};
use crate::manifest::check::Check;
use schemars::JsonSchema;
use serde::Deserialize;
use std::time::Duration;
use url::Url;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSimulator {
    /// Delay before each reply, such as `50ms` (default 0).
    latency: Option<String>,
    /// Seed that determines answers and errors (default 0).
    #[serde(default)]
    seed: u32,
    /// Share of attempts that end with an error, such as `20%` (default 0).
    faults: Option<String>,
    /// Requests per minute that the simulator allows (default: unlimited).
    #[schemars(range(min = 1))]
    requests_per_minute: Option<u32>,
    /// Tokens per minute that the simulator allows (default: unlimited).
    #[schemars(range(min = 1))]
    tokens_per_minute: Option<u64>,
    /// Family of models or server that the simulator plays, such as `gpt-6-luna` (default: none of them). It is not part of the keys of answers.
    #[schemars(extend("enum" = SimulatorProfile::NAMES))]
    profile: Option<String>,
}

/// Where requests go.
#[derive(Clone, Debug, PartialEq)]
pub enum Endpoint {
    /// An OpenAI-compatible API.
    Remote {
        /// Such as `https://platform.qubrid.com/v1`, without a slash at the end and without a query.
        base_url: String,
    },
    /// The built-in simulator.
    Simulator(SimulatorSpec),
}

/// Settings of the built-in simulator.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatorSpec {
    /// Delay before each reply.
    pub latency: Duration,
    /// Seed that determines answers and errors.
    pub seed: u32,
    /// Share of attempts that end with an error, from 0 to 1.
    pub faults: f64,
    /// Requests per minute that the simulator allows.
    pub requests_per_minute: Option<u32>,
    /// Tokens per minute that the simulator allows.
    pub tokens_per_minute: Option<u64>,
    /// Family of models or server that the simulator plays.
    pub profile: SimulatorProfile,
}

impl Endpoint {
    /// Whether it is the built-in simulator, whose bills are not money.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        matches!(self, Self::Simulator(_))
    }

    /// The host that requests go to. Empty for the simulator.
    #[must_use]
    pub fn host(&self) -> &str {
        match self {
            Self::Remote { base_url } => {
                let rest = base_url.split_once("://").map_or("", |(_, rest)| rest);
                rest.split(['/', ':']).next().unwrap_or_default()
            }
            Self::Simulator(_) => "",
        }
    }

    /// The default of `provider.id`. The simulator is identified by its seed, never by its
    /// port.
    pub(crate) fn default_id(&self) -> String {
        match self {
            Self::Remote { base_url } => base_url.clone(),
            Self::Simulator(spec) => format!("simulator:{}", spec.seed),
        }
    }
}

impl RawSimulator {
    fn check(&self, check: &mut Check) -> SimulatorSpec {
        let latency = check.parse("/provider/simulator/latency", self.latency.as_deref(), parse_duration);
        let faults = check.parse("/provider/simulator/faults", self.faults.as_deref(), parse_share);
        SimulatorSpec {
            latency: latency.unwrap_or_default(),
            seed: self.seed,
            faults: faults.unwrap_or_default(),
            requests_per_minute: self.requests_per_minute,
            tokens_per_minute: self.tokens_per_minute,
            // Its name was checked with the types.
            profile: self.profile.as_deref().and_then(SimulatorProfile::parse).unwrap_or_default(),
        }
    }
}

/// Checks that exactly one of `base_url` and `simulator` is set, and its value.
pub(crate) fn check_endpoint(base_url: Option<&str>, simulator: Option<&RawSimulator>, check: &mut Check) -> Endpoint {
    match (base_url, simulator) {
        (Some(text), None) => match normalize_base_url(text) {
            Ok(base_url) => return Endpoint::Remote { base_url },
            Err(message) if text.contains('@') => {
                let allowed = "put the key into an environment variable and its name into provider.api_key_env";
                check.report_secret("/provider/base_url", &message, allowed);
            }
            Err(message) => {
                check.report("/provider/base_url", &message, "a URL such as https://platform.qubrid.com/v1");
            }
        },
        (None, Some(raw)) => return Endpoint::Simulator(raw.check(check)),
        (Some(_), Some(_)) => check.report(
            "/provider",
            "`base_url` and `simulator` can't be used together",
            "exactly one of `base_url` and `simulator`",
        ),
        (None, None) => check.report_missing(
            "/provider",
            &["base_url", "simulator"],
            "no provider given: set exactly one of `base_url` and `simulator`",
            "base_url: https://…/v1, or simulator: {}",
        ),
    }
    Endpoint::Remote { base_url: String::new() }
}

/// The base URL without its query, and without `/chat/completions` and slashes at its end; its host in lower case.
fn normalize_base_url(text: &str) -> Result<String, String> {
    let text = text.trim();
    // `localhost:8000` would be a URL with the scheme `localhost`.
    if !text.contains("://") && Url::parse(&format!("http://{text}")).is_ok_and(|url| url.host_str().is_some()) {
        return Err("the URL does not begin with https:// or http://".into());
    }
    let url = Url::parse(text).map_err(|error| format!("not a valid URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().unwrap_or_default().is_empty() {
        return Err("not an http or https URL".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the URL contains a user name or password".into());
    }
    if url.fragment().is_some() {
        return Err("the URL contains a fragment, the part after `#`, which is never sent".into());
    }
    let path = url.path().trim_end_matches('/').trim_end_matches("/chat/completions").trim_end_matches('/');
    Ok(format!("{}{path}", url.origin().ascii_serialization()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_normalized() {
        for (text, expected, host) in [
            ("https://Platform.Qubrid.com/v1/", "https://platform.qubrid.com/v1", "platform.qubrid.com"),
            (
                "https://platform.qubrid.com/v1/chat/completions",
                "https://platform.qubrid.com/v1",
                "platform.qubrid.com",
            ),
            ("http://localhost:8000/v1", "http://localhost:8000/v1", "localhost"),
            (" https://x.example:443 ", "https://x.example", "x.example"),
            ("https://x.example/v1/?", "https://x.example/v1", "x.example"),
            ("https://x.example?a=b", "https://x.example", "x.example"),
            (
                "https://R.openai.azure.com/openai/deployments/D?api-version=2024-10-21",
                "https://r.openai.azure.com/openai/deployments/D",
                "r.openai.azure.com",
            ),
            (
                "https://r.openai.azure.com/openai/deployments/D/chat/completions?api-version=2024-10-21",
                "https://r.openai.azure.com/openai/deployments/D",
                "r.openai.azure.com",
            ),
            ("https://bücher.example/v1", "https://xn--bcher-kva.example/v1", "xn--bcher-kva.example"),
        ] {
            let base_url = normalize_base_url(text).unwrap();
            assert_eq!(base_url, expected, "{text}");
            assert_eq!(normalize_base_url(&base_url).as_ref(), Ok(&base_url), "{text}");
            assert_eq!(Endpoint::Remote { base_url }.host(), host, "{text}");
        }
    }

    #[test]
    fn other_urls_are_rejected() {
        for (text, expected) in [
            ("platform.qubrid.com/v1", "the URL does not begin with https:// or http://"),
            ("localhost:8000", "the URL does not begin with https:// or http://"),
            ("", "not a valid URL: "),
            ("ftp://x/v1", "not an http or https URL"),
            ("file:///v1", "not an http or https URL"),
            ("https://user:pass@x/v1", "the URL contains a user name or password"),
            ("https://key@x/v1", "the URL contains a user name or password"),
            ("https://x/v1#part", "the URL contains a fragment"),
            ("https://x/v1?a=b#part", "the URL contains a fragment"),
        ] {
            let message = normalize_base_url(text).unwrap_err();
            assert!(message.starts_with(expected), "{text}: {message}");
        }
    }
}
