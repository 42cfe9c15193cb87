//! `provider`: who answers, as which model, at which price.

use crate::base::money::{Pico, per_token};
use crate::base::units::{parse_duration, parse_share};
use crate::catalog::{Listed, Price, listed};
use crate::manifest::job::Check;
use crate::manifest::yaml::ordered::Ordered;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawProvider {
    /// Base URL of an OpenAI-compatible API, such as `https://platform.qubrid.com/v1`. Exactly one of `base_url` and `simulator`.
    base_url: Option<String>,
    /// The built-in simulator instead of a provider: no key, no network, no cost.
    simulator: Option<RawSimulator>,
    /// The NAME of the environment variable that holds the key; leave out for servers without a key.
    api_key_env: Option<String>,
    /// A file that holds the key and nothing else, such as a mounted secret; instead of `api_key_env`.
    api_key_file: Option<String>,
    /// A file with certificates (PEM) of authorities that are trusted beside the system's.
    ca_file: Option<String>,
    /// The model's name as the provider knows it, such as `openai/gpt-4o-mini`.
    model: String,
    /// USD per million tokens. Absent and not in the catalog: unknown. 0: free.
    price: Option<RawPrice>,
    /// Stands for the endpoint in the keys of answers (default: the base URL, normalised).
    id: Option<String>,
    /// Change it when the model behind the name has changed: answers are asked again.
    revision: Option<String>,
    /// Further headers of every request.
    #[serde(default)]
    headers: Ordered<RawHeader>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawSimulator {
    /// Time before each reply, such as `50ms`.
    latency: Option<String>,
    /// Decides answers and faults.
    #[serde(default)]
    seed: u32,
    /// Share of attempts that meet a fault, such as `20%`.
    faults: Option<String>,
    /// Requests per minute that it enforces.
    #[schemars(range(min = 1))]
    requests_per_minute: Option<u32>,
    /// Tokens per minute that it enforces.
    #[schemars(range(min = 1))]
    tokens_per_minute: Option<u64>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawPrice {
    /// USD per million prompt tokens.
    #[schemars(range(min = 0.0))]
    input: f64,
    /// USD per million cached prompt tokens (default: as `input`).
    #[schemars(range(min = 0.0))]
    cached_input: Option<f64>,
    /// USD per million prompt tokens that the provider writes to its cache, beside `input` (default: 0).
    #[schemars(range(min = 0.0))]
    cache_write: Option<f64>,
    /// USD per million reply tokens.
    #[schemars(range(min = 0.0))]
    output: f64,
    /// USD per million prompt tokens of a batch (default: half of `input`).
    #[schemars(range(min = 0.0))]
    batch_input: Option<f64>,
    /// USD per million reply tokens of a batch (default: half of `output`).
    #[schemars(range(min = 0.0))]
    batch_output: Option<f64>,
}

/// A header's value: a text, or the name of a variable that holds it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum RawHeader {
    Text(String),
    Env(RawEnv),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawEnv {
    /// The NAME of an environment variable.
    env: String,
}

/// Where requests go.
#[derive(Clone, Debug, PartialEq)]
pub enum Endpoint {
    /// An OpenAI-compatible API; the URL has no trailing slash.
    Remote {
        /// Such as `https://platform.qubrid.com/v1`.
        base_url: String,
    },
    /// The built-in simulator.
    Simulator(SimulatorSpec),
}

/// What a manifest may ask of the built-in simulator.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatorSpec {
    /// Time before each reply.
    pub latency: Duration,
    /// Decides answers and faults.
    pub seed: u32,
    /// Share of attempts that meet a fault, 0 to 1.
    pub faults: f64,
    /// Requests per minute that it enforces.
    pub requests_per_minute: Option<u32>,
    /// Tokens per minute that it enforces.
    pub tokens_per_minute: Option<u64>,
}

/// The value of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Header {
    /// As written.
    Text(String),
    /// In the variable of this name.
    Env(String),
}

/// Who answers.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Where requests go.
    pub endpoint: Endpoint,
    /// Stands for the endpoint in keys.
    pub id: String,
    /// Part of the key: changes when the model behind the name did.
    pub revision: Option<String>,
    /// Name of the variable with the key.
    pub api_key_env: Option<String>,
    /// File with the key.
    pub api_key_file: Option<PathBuf>,
    /// File with certificates of further authorities.
    pub ca_file: Option<PathBuf>,
    /// The model's name.
    pub model: String,
    /// `None` is unknown, which is not free.
    pub price: Option<Price>,
    /// The same for a batch.
    pub batch_price: Option<Price>,
    /// Where the price comes from, and of which day it is.
    pub price_source: Option<String>,
    /// Further headers.
    pub headers: Vec<(String, Header)>,
}

impl Provider {
    /// The host that requests go to; empty for the simulator.
    #[must_use]
    pub fn host(&self) -> &str {
        match &self.endpoint {
            Endpoint::Remote { base_url } => {
                let rest = base_url.split_once("://").map_or("", |(_, rest)| rest);
                rest.split(['/', ':']).next().unwrap_or_default()
            }
            Endpoint::Simulator(_) => "",
        }
    }
}

impl RawProvider {
    pub(crate) fn check(self, check: &mut Check<'_>) -> Provider {
        let (endpoint, host) = self.endpoint(check);
        if self.model.trim().is_empty() {
            check.fault("/provider/model", "the model is empty", "a name such as openai/gpt-4o-mini");
        }
        if let Some(name) = &self.api_key_env {
            check_name(name, "/provider/api_key_env", check);
        }
        if self.api_key_env.is_some() && self.api_key_file.is_some() {
            check.fault("/provider/api_key_file", "there is `api_key_env` too", "one of them");
        }
        let mut headers = Vec::new();
        for (name, value) in self.headers.0 {
            let place = format!("/provider/headers/{}", name.replace('~', "~0").replace('/', "~1"));
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
                check.fault(&place, "not a header name", "letters, digits and `-`");
            }
            if ["authorization", "content-type", "content-length", "host"].contains(&name.to_lowercase().as_str()) {
                check.fault(&place, &format!("`{name}` is set by docmill"), "api_key_env for the key");
            }
            headers.push((
                name,
                match value {
                    RawHeader::Text(text) => Header::Text(text),
                    RawHeader::Env(raw) => {
                        check_name(&raw.env, &format!("{place}/env"), check);
                        Header::Env(raw.env)
                    }
                },
            ));
        }
        let listed = match &self.price {
            Some(raw) => raw.check(check),
            None if matches!(endpoint, Endpoint::Simulator(_)) => Some(free()),
            None => listed(&host, &self.model),
        };
        let id = self.id.unwrap_or_else(|| match &endpoint {
            Endpoint::Remote { base_url } => base_url.clone(),
            Endpoint::Simulator(spec) => format!("simulator:{}", spec.seed),
        });
        Provider {
            endpoint,
            id,
            revision: self.revision,
            api_key_env: self.api_key_env,
            api_key_file: self.api_key_file.map(|file| check.path(&file)),
            ca_file: self.ca_file.map(|file| check.path(&file)),
            model: self.model,
            price: listed.as_ref().map(|listed| listed.price),
            batch_price: listed.as_ref().map(|listed| listed.batch.unwrap_or_else(|| listed.price.halved())),
            price_source: listed.map(|listed| format!("{} {}", listed.source, listed.as_of).trim_end().to_owned()),
            headers,
        }
    }

    /// The endpoint, and the host that prices are listed by.
    fn endpoint(&self, check: &mut Check<'_>) -> (Endpoint, String) {
        match (&self.base_url, &self.simulator) {
            (Some(text), None) => match normalised(text) {
                Ok((base_url, host)) => return (Endpoint::Remote { base_url }, host),
                Err(message) if text.contains('@') => {
                    check.secret_fault("/provider/base_url", &message, "the key goes into a variable");
                }
                Err(message) => check.fault("/provider/base_url", &message, "such as https://platform.qubrid.com/v1"),
            },
            (None, Some(raw)) => {
                let place = "/provider/simulator";
                let latency = check.parsed(&format!("{place}/latency"), raw.latency.as_deref(), parse_duration);
                let faults = check.parsed(&format!("{place}/faults"), raw.faults.as_deref(), parse_share);
                let spec = SimulatorSpec {
                    latency: latency.unwrap_or_default(),
                    seed: raw.seed,
                    faults: faults.unwrap_or_default(),
                    requests_per_minute: raw.requests_per_minute,
                    tokens_per_minute: raw.tokens_per_minute,
                };
                return (Endpoint::Simulator(spec), String::new());
            }
            (both, _) => {
                let message =
                    if both.is_some() { "`base_url` and `simulator` exclude each other" } else { "nobody is asked" };
                check.fault("/provider", message, "exactly one of `base_url` and `simulator: {}`");
            }
        }
        (Endpoint::Remote { base_url: String::new() }, String::new())
    }
}

impl RawPrice {
    fn check(&self, check: &mut Check<'_>) -> Option<Listed> {
        let mut token = |key: &str, usd: Option<f64>, otherwise: Pico| match usd {
            Some(usd) => check.parsed(&format!("/provider/price/{key}"), Some(&usd.to_string()), per_token),
            None => Some(otherwise),
        };
        let input = token("input", Some(self.input), Pico::ZERO)?;
        let price = Price {
            input,
            cached_input: token("cached_input", self.cached_input, input)?,
            cache_write: token("cache_write", self.cache_write, Pico::ZERO)?,
            output: token("output", Some(self.output), Pico::ZERO)?,
        };
        let half = price.halved();
        let batch = Price {
            input: token("batch_input", self.batch_input, half.input)?,
            output: token("batch_output", self.batch_output, half.output)?,
            ..half
        };
        Some(Listed { price, batch: Some(batch), as_of: String::new(), source: "the manifest".into() })
    }
}

/// What a simulator bills is no money.
fn free() -> Listed {
    Listed { price: Price::FREE, batch: Some(Price::FREE), as_of: String::new(), source: "the simulator".into() }
}

fn check_name(name: &str, place: &str, check: &mut Check<'_>) {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_name {
        check.secret_fault(
            place,
            "this is no name of a variable",
            "the NAME of the variable that holds the secret, never the secret",
        );
    }
}

/// The base URL without trailing slash, query and `/chat/completions`; its host.
fn normalised(text: &str) -> Result<(String, String), String> {
    let url = Url::parse(text.trim()).map_err(|error| format!("not a URL: {error}"))?;
    let host = url.host_str().unwrap_or_default().to_owned();
    if !matches!(url.scheme(), "http" | "https") || host.is_empty() {
        return Err("not a URL of http or https".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a URL with a password in it".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("a base URL has no query; put parameters into request.extra or provider.headers".into());
    }
    let path = url.path().trim_end_matches('/').trim_end_matches("/chat/completions").trim_end_matches('/');
    Ok((format!("{}{path}", url.origin().ascii_serialization()), host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_normalised() {
        for (text, expected) in [
            ("https://Platform.Qubrid.com/v1/", "https://platform.qubrid.com/v1"),
            ("https://platform.qubrid.com/v1/chat/completions", "https://platform.qubrid.com/v1"),
            ("http://localhost:8000/v1", "http://localhost:8000/v1"),
            ("https://x.example:443", "https://x.example"),
        ] {
            assert_eq!(normalised(text).map(|(url, _)| url), Ok(expected.to_owned()), "{text}");
        }
        for bad in ["platform.qubrid.com/v1", "ftp://x/v1", "https://user:pass@x/v1", "https://x/v1?key=1", ""] {
            assert!(normalised(bad).is_err(), "{bad}");
        }
    }
}
