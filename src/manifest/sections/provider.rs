//! `provider`: endpoint, key, model and price.

use super::endpoint::{Endpoint, RawSimulator, check_endpoint};
use super::header::{Header, RawHeader, check_headers, check_secret_variable};
use super::price::{RawPrice, simulator_price};
use super::query::{Query, check_query};
use crate::catalog::{PriceTable, find_price, find_price_anywhere};
use crate::manifest::check::Check;
use crate::manifest::yaml::ordered::Ordered;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawProvider {
    /// Base URL of an OpenAI-compatible API, such as `https://platform.qubrid.com/v1`. A query such as `?api-version=2024-10-21` is sent with every request. Set exactly one of `base_url` and `simulator`.
    base_url: Option<String>,
    /// Built-in simulator in place of a provider. It needs no key and no network, and costs nothing. Set exactly one of `base_url` and `simulator`.
    simulator: Option<RawSimulator>,
    /// NAME of the environment variable that holds the API key. Omit it for servers without a key.
    api_key_env: Option<String>,
    /// File that contains only the API key, such as a mounted secret. Use it instead of `api_key_env`.
    api_key_file: Option<String>,
    /// PEM file with certificates to trust in addition to the system's: of authorities, or the server's own, which may be self-signed.
    ca_file: Option<String>,
    /// Name of the model as the provider spells it, such as `openai/gpt-4o-mini`.
    model: String,
    /// Price in USD per million tokens. 0 means free. Default: from the built-in price list, or else unknown.
    price: Option<RawPrice>,
    /// Identifies the endpoint in the keys of answers (default: the normalized base URL).
    id: Option<String>,
    /// Change it when the provider changes the model under the same name: pages are sent again.
    revision: Option<String>,
    /// Additional headers of every request.
    #[serde(default)]
    headers: Ordered<RawHeader>,
    /// Parameters of the query of every request, in addition to those in `base_url`.
    #[serde(default)]
    query: Ordered<RawHeader>,
    /// Whether the model is another one than the author of the manifest has named.
    #[serde(skip)]
    is_other_model: bool,
}

/// Endpoint, key, model and price.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Where requests go.
    pub endpoint: Endpoint,
    /// Identifies the endpoint in the keys of answers.
    pub id: String,
    /// Part of the keys of answers: distinguishes models with the same name.
    pub revision: Option<String>,
    /// Name of the environment variable that holds the API key.
    pub api_key_env: Option<String>,
    /// File that contains the API key.
    pub api_key_file: Option<PathBuf>,
    /// File with additional certificates to trust.
    pub ca_file: Option<PathBuf>,
    /// Name of the model.
    pub model: String,
    /// Price of requests that are sent at once. `None` means unknown, not free.
    pub price: Option<PriceTable>,
    /// Price of requests in batches. `None` means unknown, not free.
    pub batch_price: Option<PriceTable>,
    /// Whether the manifest states the price.
    pub has_stated_price: bool,
    /// Where the price comes from and its date.
    pub price_source: Option<String>,
    /// Additional headers.
    pub headers: Vec<(String, Header)>,
    /// The query of every request. It is not part of the keys of answers.
    pub query: Query,
}

impl RawProvider {
    pub(crate) fn for_another_model(self) -> Self {
        Self { is_other_model: true, ..self }
    }

    pub(crate) fn is_other_model(&self) -> bool {
        self.is_other_model
    }

    pub(crate) fn check(self, check: &mut Check) -> Provider {
        let endpoint = check_endpoint(self.base_url.as_deref(), self.simulator.as_ref(), check);
        let query = check_query(self.base_url.as_deref(), self.query, check);
        if self.model.trim().is_empty() {
            check.report("/provider/model", "`model` is empty", "a name such as openai/gpt-4o-mini");
        }
        if let Some(name) = &self.api_key_env {
            check_secret_variable(name, "/provider/api_key_env", check);
        }
        if self.api_key_env.is_some() && self.api_key_file.is_some() {
            let message = "`api_key_env` and `api_key_file` can't be used together";
            check.report("/provider/api_key_file", message, "at most one of them");
        }
        let listed = match (&self.price, &endpoint) {
            (Some(raw), _) => raw.check(check),
            // What the manifest does not name is not free because its endpoint is the simulator.
            (None, _) if self.is_other_model => find_price_anywhere(endpoint.host(), &self.model),
            (None, Endpoint::Simulator(_)) => Some(simulator_price()),
            (None, Endpoint::Remote { .. }) => find_price(endpoint.host(), &self.model),
        };
        Provider {
            id: self.id.unwrap_or_else(|| endpoint.default_id()),
            endpoint,
            revision: self.revision,
            api_key_env: self.api_key_env,
            api_key_file: self.api_key_file.map(|file| check.resolve(&file)),
            ca_file: self.ca_file.map(|file| check.resolve(&file)),
            model: self.model,
            has_stated_price: self.price.is_some(),
            price: listed.as_ref().map(|listed| listed.price),
            batch_price: listed.as_ref().map(|listed| listed.batch.unwrap_or_else(|| listed.price.halved())),
            price_source: listed.map(|listed| format!("{} {}", listed.source, listed.as_of).trim_end().to_owned()),
            headers: check_headers(self.headers, check),
            query,
        }
    }
}
