//! `provider.headers`: additional headers, and the rule for variables that hold secrets.

use crate::base::escape::pointer_token;
use crate::manifest::check::Check;
use crate::manifest::yaml::interpolate::is_variable_name;
use crate::manifest::yaml::ordered::Ordered;
use crate::manifest::yaml::typed::Positions;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;

/// Value of a header or of a parameter: a string, or the name of an environment variable that holds it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum RawHeader {
    Text(String),
    Env(RawEnv),
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawEnv {
    /// NAME of the environment variable.
    pub(crate) env: String,
}

/// The value of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Header {
    /// The value itself.
    Text(String),
    /// The name of the environment variable that holds the value.
    Env(String),
}

/// Headers that docmill sets.
const RESERVED_HEADERS: &[&str] = &["authorization", "content-length", "content-type", "host"];

/// Checks `provider.headers`.
pub(crate) fn check_headers(raw: Ordered<RawHeader>, check: &mut Check) -> Vec<(String, Header)> {
    raw.0.into_iter().map(|(name, value)| check_header(name, value, check)).collect()
}

fn check_header(name: String, value: RawHeader, check: &mut Check) -> (String, Header) {
    let pointer = format!("/provider/headers/{}", pointer_token(&name));
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        check.report(&pointer, "not a valid header name", "letters, digits, `-` and `_`");
    }
    if RESERVED_HEADERS.contains(&name.to_lowercase().as_str()) {
        check.report(&pointer, &format!("`{name}` is set by docmill"), "provider.api_key_env for the API key");
    }
    let value = match value {
        RawHeader::Text(text) => Header::Text(text),
        RawHeader::Env(raw) => {
            check_secret_variable(&raw.env, &format!("{pointer}/env"), check);
            Header::Env(raw.env)
        }
    };
    (name, value)
}

/// Checks the name of an environment variable that holds a secret. What is not such a name
/// may be the secret itself, so that it is not shown.
pub(crate) fn check_secret_variable(name: &str, pointer: &str, check: &mut Check) {
    if !is_variable_name(name) {
        check.report_secret(
            pointer,
            "not a valid environment variable name",
            "the NAME of the variable that holds the secret, never the secret itself",
        );
    }
}

/// Where values of headers are: each of them may be a key, whatever the name of its header.
pub(crate) fn header_values(positions: &Positions) -> Vec<Range<usize>> {
    let is_value = |pointer: &str| {
        let name = pointer.strip_prefix("/provider/headers/");
        name.is_some_and(|name| !name.contains('/')) && !positions.contains_key(&format!("{pointer}/env"))
    };
    positions.iter().filter(|(pointer, _)| is_value(pointer)).map(|(_, span)| span.clone()).collect()
}
