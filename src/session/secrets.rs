//! Keys, certificates and proxies of a job's provider, from the environment and from files.

use super::environment::Environment;
use crate::base::mask::mask_secrets;
use crate::manifest::{Header, Job};
use crate::provider::{HttpClientOptions, Secret};
use std::io::Read;
use std::path::Path;

/// The variables that the job names for secrets and that are not set.
pub(crate) fn missing_secrets(job: &Job, environment: &Environment) -> Vec<String> {
    let header = |(_, value): &(String, Header)| match value {
        Header::Env(name) => Some(name.clone()),
        Header::Text(_) => None,
    };
    let named = job.provider.api_key_env.iter().cloned().chain(job.provider.headers.iter().filter_map(header));
    named.filter(|name| environment.variable(name).is_none_or(|value| value.trim().is_empty())).collect()
}

/// Maximum size of a file with a key or with certificates, in bytes.
const MAX_BYTES: u64 = 4 << 20;

/// Reads the file with the key or with certificates. Messages never contain its content.
fn secret_file(path: &Path, key: &str) -> Result<Vec<u8>, String> {
    // The key itself may have been written where the name of its file belongs.
    let name = path.display().to_string();
    let failed = |reason: &dyn std::fmt::Display| {
        format!("can't read {key} {}: {reason}; it is the name of a file", mask_secrets(&name))
    };
    let file = std::fs::File::open(path).map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    // A pipe is fine: `api_key_file: /dev/fd/3`.
    let read = file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    match read as u64 {
        0 => Err(failed(&"it is empty")),
        size if size > MAX_BYTES => Err(failed(&"it is too large")),
        _ => Ok(bytes),
    }
}

fn key(job: &Job, environment: &Environment) -> Result<Option<Secret>, String> {
    let Some(path) = &job.provider.api_key_file else {
        return Ok(job
            .provider
            .api_key_env
            .as_ref()
            .map(|name| Secret::new(&environment.variable(name).unwrap_or_default())));
    };
    let bytes = secret_file(path, "provider.api_key_file")?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{} is not valid UTF-8 text", path.display()))?;
    let key = Secret::new(&text);
    if key.is_empty() {
        return Err(format!("{} is blank", mask_secrets(&path.display().to_string())));
    }
    if text.trim().contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(format!("{} contains more than a key: there is white space in it", path.display()));
    }
    Ok(Some(key))
}

/// How to reach the provider at `base_url`, secrets included.
///
/// # Errors
/// When a file with a key or with certificates can't be read.
pub(crate) fn client_options(
    job: &Job,
    environment: &Environment,
    base_url: &str,
) -> Result<HttpClientOptions, String> {
    let secret = |name: &String| Secret::new(&environment.variable(name).unwrap_or_default());
    let headers = job.provider.headers.iter().map(|(name, value)| match value {
        Header::Text(text) => (name.clone(), Secret::new(text)),
        Header::Env(variable) => (name.clone(), secret(variable)),
    });
    Ok(HttpClientOptions {
        base_url: base_url.to_owned(),
        key: key(job, environment)?,
        authorities: job.provider.ca_file.as_deref().map(|path| secret_file(path, "provider.ca_file")).transpose()?,
        headers: headers.collect(),
        proxy: proxy_for(base_url, environment),
        timeouts: job.request.timeouts,
    })
}

/// The proxy for a URL, by the usual variables; none for loopback and for `NO_PROXY`.
fn proxy_for(base_url: &str, environment: &Environment) -> Option<String> {
    let url = url::Url::parse(base_url).ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']);
    let either = |lower: &str, upper: &str| {
        environment.variable(lower).or_else(|| environment.variable(upper)).filter(|value| !value.is_empty())
    };
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
