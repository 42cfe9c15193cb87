//! The environment: the only place that reads it.

use crate::manifest::{Header, Job};
use crate::provider::{DialectName, HttpClientOptions, Secret};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::path::Path;

/// The value of a variable, when it is set and UTF-8.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub(crate) fn var(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Looks names up in `--var` first, then in the environment; remembers what was used.
pub(crate) struct Variables {
    given: HashMap<String, String>,
    used: RefCell<HashSet<String>>,
}

impl Variables {
    pub(crate) fn new(given: &[(String, String)]) -> Self {
        Self { given: given.iter().cloned().collect(), used: RefCell::default() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.used.borrow_mut().insert(name.to_owned());
        self.given.get(name).cloned().or_else(|| var(name))
    }

    /// A `--var` that the manifest does not have: most likely a typing error.
    pub(crate) fn unused(&self) -> Option<&str> {
        let used = self.used.borrow();
        self.given.keys().map(String::as_str).filter(|name| !used.contains(*name)).min()
    }
}

/// The variables that the job names for secrets and that are not set.
pub(crate) fn missing_secrets(job: &Job) -> Vec<String> {
    let header = |(_, value): &(String, Header)| match value {
        Header::Env(name) => Some(name.clone()),
        Header::Text(_) => None,
    };
    let named = job.provider.api_key_env.iter().cloned().chain(job.provider.headers.iter().filter_map(header));
    named.filter(|name| var(name).is_none_or(|value| value.trim().is_empty())).collect()
}

/// Most bytes of a file with a key or certificates.
const MOST_BYTES: u64 = 4 << 20;

/// The file with the key, or with certificates. The words never hold what is in it.
fn secret_file(path: &Path, key: &str) -> Result<Vec<u8>, String> {
    let failed = |reason: &dyn std::fmt::Display| format!("can't read {key} {}: {reason}", path.display());
    let file = std::fs::File::open(path).map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    // A pipe is fine: `api_key_file: /dev/fd/3`.
    let read = file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    match read as u64 {
        0 => Err(failed(&"it is empty")),
        size if size > MOST_BYTES => Err(failed(&"it is too large")),
        _ => Ok(bytes),
    }
}

fn key(job: &Job) -> Result<Option<Secret>, String> {
    let Some(path) = &job.provider.api_key_file else {
        return Ok(job.provider.api_key_env.as_ref().map(|name| Secret::new(&var(name).unwrap_or_default())));
    };
    let bytes = secret_file(path, "provider.api_key_file")?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{} holds no key: it is no text", path.display()))?;
    let key = Secret::new(&text);
    if key.is_empty() {
        return Err(format!("{} holds no key", path.display()));
    }
    if text.trim().contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(format!("{} holds more than a key: there is white space in it", path.display()));
    }
    Ok(Some(key))
}

/// How to reach the provider at `base_url`, secrets included.
///
/// # Errors
/// When a file with a key or with certificates can't be read.
pub(crate) fn client_options(job: &Job, base_url: &str) -> Result<HttpClientOptions, String> {
    let secret = |name: &String| Secret::new(&var(name).unwrap_or_default());
    let headers = job.provider.headers.iter().map(|(name, value)| match value {
        Header::Text(text) => (name.clone(), Secret::new(text)),
        Header::Env(variable) => (name.clone(), secret(variable)),
    });
    Ok(HttpClientOptions {
        base_url: base_url.to_owned(),
        key: key(job)?,
        key_header: DialectName::OpenAi.key_header(),
        authorities: job.provider.ca_file.as_deref().map(|path| secret_file(path, "provider.ca_file")).transpose()?,
        headers: headers.collect(),
        proxy: proxy_for(base_url),
        timeouts: job.request.timeouts,
    })
}

/// The proxy for a URL, by the usual variables; none for loopback and for `NO_PROXY`.
fn proxy_for(base_url: &str) -> Option<String> {
    let url = url::Url::parse(base_url).ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']);
    let either = |lower: &str, upper: &str| var(lower).or_else(|| var(upper)).filter(|value| !value.is_empty());
    let is_loopback =
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    let excluded = either("no_proxy", "NO_PROXY").unwrap_or_default();
    let is_excluded = excluded
        .split(',')
        .map(|name| name.trim().trim_start_matches('.'))
        .any(|name| !name.is_empty() && (name == "*" || host == name || host.ends_with(&format!(".{name}"))));
    if is_loopback || is_excluded {
        return None;
    }
    let scheme =
        if url.scheme() == "https" { either("https_proxy", "HTTPS_PROXY") } else { either("http_proxy", "HTTP_PROXY") };
    scheme.or_else(|| either("all_proxy", "ALL_PROXY"))
}
