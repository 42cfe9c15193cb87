//! Keys, certificates and proxies of a job's provider, from the environment and from files.

use super::environment::Environment;
use crate::base::mask::{mask_secrets, mask_word};
use crate::base::sanitize;
use crate::manifest::{Header, Job};
use crate::provider::{HttpClientOptions, Secret};
use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Faults of the variables that the job names for secrets: one is not set, or empty.
pub(crate) fn missing_secrets(job: &Job, environment: &Environment) -> Vec<String> {
    let header = |(_, value): &(String, Header)| match value {
        Header::Env(name) => Some(name.clone()),
        Header::Text(_) => None,
    };
    let headers = job.provider.headers.iter().filter_map(header);
    let query = job.provider.query.secret.iter().map(|(_, name)| name.clone());
    let named = job.provider.api_key_env.iter().cloned().chain(headers).chain(query);
    let fault = |name: String| {
        let fault = match environment.variable(&name) {
            None => "not set",
            Some(value) if value.trim().is_empty() => "empty",
            Some(_) => return None,
        };
        // The name may be a key that was put in its place.
        Some(format!("the environment variable {} is {fault}", mask_secrets(&name)))
    };
    named.filter_map(fault).collect()
}

/// Maximum size of a file with a key or with certificates, in bytes.
const MAX_BYTES: u64 = 4 << 20;

/// Reads the file with the key or with certificates. Messages never contain its content.
fn secret_file(path: &Path, key: &str, job: &Job) -> Result<Vec<u8>, String> {
    let name = shown_name(path, job.path.parent().unwrap_or(Path::new("")));
    let failed = |reason: &dyn std::fmt::Display| format!("can't read {key} {name}: {reason}");
    // A folder, or a name that is too long: perhaps not meant as the name of a file.
    let failed_io = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => failed(&error),
        _ => failed(&error) + "; it is the name of a file",
    };
    let file = std::fs::File::open(path).map_err(failed_io)?;
    let mut bytes = Vec::new();
    // A pipe is fine: `api_key_file: /dev/fd/3`.
    let read = file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed_io)?;
    match read as u64 {
        0 => Err(failed(&"it is empty")),
        size if size > MAX_BYTES => Err(failed(&"it is too large")),
        _ => Ok(bytes),
    }
}

/// The name of a file for a message. The key itself may have been written where the name of its file belongs. Of a file that
/// does not exist, what a manifest in `folder` names below it is hidden unless it has an ending, and in any case what looks like
/// a key.
fn shown_name(path: &Path, folder: &Path) -> String {
    let below = path.strip_prefix(folder).ok().filter(|name| name.is_relative());
    let (folder, written) = below.map_or((Path::new(""), path), |name| (folder, name));
    let shown: PathBuf = if path.exists() {
        written.to_owned()
    } else {
        // A key may contain slashes.
        let word: String = written.iter().map(OsStr::to_string_lossy).collect();
        let is_hidden = written.extension().is_none() || mask_word(&word) != word;
        match written.is_relative() && is_hidden {
            true => "***".into(),
            false => written.iter().map(|part| mask_word(&part.to_string_lossy()).into_owned()).collect(),
        }
    };
    mask_secrets(&folder.join(shown).display().to_string()).into_owned()
}

fn key(job: &Job, environment: &Environment) -> Result<Option<Secret>, String> {
    let Some(path) = &job.provider.api_key_file else {
        return Ok(job
            .provider
            .api_key_env
            .as_ref()
            .map(|name| Secret::new(&environment.variable(name).unwrap_or_default())));
    };
    let bytes = secret_file(path, "provider.api_key_file", job)?;
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
/// When a file with a key or with certificates can't be read, or a proxy can't be used.
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
    let authorities = job.provider.ca_file.as_deref().map(|path| secret_file(path, "provider.ca_file", job));
    let secret_query = job.provider.query.secret.iter().map(|(name, variable)| (name.clone(), secret(variable)));
    Ok(HttpClientOptions {
        base_url: base_url.to_owned(),
        key: key(job, environment)?,
        authorities: authorities.transpose()?,
        headers: headers.collect(),
        query: job.provider.query.written.clone(),
        secret_query: secret_query.collect(),
        proxy: proxy_for(base_url, environment)?,
        timeouts: job.request.timeouts,
    })
}

/// The proxy for a URL, by the usual variables; none for loopback and for `NO_PROXY`.
///
/// # Errors
/// When the proxy's scheme is not supported. The message names the variable and no part of its value
/// but the scheme: it may hold a password.
pub(crate) fn proxy_for(base_url: &str, environment: &Environment) -> Result<Option<String>, String> {
    let Ok(url) = url::Url::parse(base_url) else { return Ok(None) };
    let Some(host) = url.host_str().map(|host| host.trim_matches(['[', ']'])) else { return Ok(None) };
    let either = |lower: &'static str, upper: &'static str| {
        let set = |name| environment.variable(name).filter(|value| !value.is_empty()).map(|value| (name, value));
        set(lower).or_else(|| set(upper))
    };
    let is_loopback =
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    let excluded = either("no_proxy", "NO_PROXY").map(|(_, names)| names).unwrap_or_default();
    let is_excluded = excluded
        .split(',')
        .map(|name| name.trim().trim_start_matches('.'))
        .any(|name| !name.is_empty() && (name == "*" || host == name || host.ends_with(&format!(".{name}"))));
    if is_loopback || is_excluded {
        return Ok(None);
    }
    let scheme =
        if url.scheme() == "https" { either("https_proxy", "HTTPS_PROXY") } else { either("http_proxy", "HTTP_PROXY") };
    let Some((name, proxy)) = scheme.or_else(|| either("all_proxy", "ALL_PROXY")) else { return Ok(None) };
    check_proxy(&proxy).map_err(|fault| format!("the proxy in the environment variable {name} {fault}"))?;
    Ok(Some(proxy))
}

/// Checks the URL of a proxy. Without a scheme it is `http`.
fn check_proxy(proxy: &str) -> Result<(), String> {
    const ALLOWED: &str = "use a form such as http://host:3128 or https://host:3129";
    let with_scheme = if proxy.contains("://") { proxy.to_owned() } else { format!("http://{proxy}") };
    let scheme = with_scheme.split_once("://").map(|(scheme, _)| scheme.to_lowercase()).unwrap_or_default();
    let is_scheme = !scheme.is_empty() && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if is_scheme && !matches!(scheme.as_str(), "http" | "https") {
        let shown = sanitize::one_line(&scheme, MAX_SCHEME_CHARS);
        return Err(format!("has the scheme `{shown}`, which docmill does not support; {ALLOWED}"));
    }
    let has_host = |url: url::Url| url.host_str().is_some_and(|host| !host.is_empty());
    // `http:////host` is read as `http://host` by some parsers, and refused by others.
    let is_url = !with_scheme.contains(":///") && url::Url::parse(&with_scheme).is_ok_and(has_host);
    if is_scheme && is_url { Ok(()) } else { Err(format!("is not a valid URL; {ALLOWED}")) }
}

/// Maximum length of a scheme in a message, in characters.
const MAX_SCHEME_CHARS: usize = 16;

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write files")]
mod tests {
    use super::*;

    #[test]
    fn a_key_in_the_place_of_the_name_of_its_file_is_hidden() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("q3-v2").join("a8f3c9d2e4");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("hunter2-Zq7"), "key").unwrap();
        for (written, shown) in [
            ("3f2b8c1d9e0a4b5c6d7e8f9012345678", "***"),
            ("xai-kT9sLmQ2vR8wY4zB6nC1dF3gH5jK7pX0", "***"),
            ("sk-proj-AbCdEf0123456789xyzXYZ987", "***"),
            ("correcthorsebattery", "***"),
            ("4a1f09.Kd8Jq2Lm", "***"),
            ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "***"),
            ("dGhpc2lzYXNlY3JldGtleQ==", "***"),
            // The file exists.
            ("hunter2-Zq7", "hunter2-Zq7"),
            ("keys/missing.txt", "keys/missing.txt"),
            ("provider.key", "provider.key"),
        ] {
            // As it is named in a manifest whose own name is absolute, and in one in the working folder.
            let found = shown_name(&folder.join(written), &folder);
            assert_eq!(found, folder.join(shown).display().to_string(), "{written}");
            if written != "hunter2-Zq7" {
                assert_eq!(shown_name(Path::new(written), Path::new("")), shown, "{written}");
            }
        }
        for (written, shown) in [
            ("/nonexistent/secrets/api_key", "/nonexistent/secrets/api_key"),
            ("/nonexistent/3f2b8c1d9e0a4b5c", "/nonexistent/***"),
        ] {
            assert_eq!(shown_name(Path::new(written), &folder), shown, "{written}");
        }
    }

    #[test]
    fn proxies() {
        for (proxy, expected) in [
            ("http://h:1", None),
            ("HTTPS://u:SECRET@h:1/", None),
            ("h:3128", None),
            ("u:SECRET@h:1", None),
            ("[::1]:3128", None),
            ("socks4://u:SECRET@h:1", Some("`socks4`")),
            ("socks5h://u:SECRET@h:1", Some("`socks5h`")),
            ("ftp://SECRET@h", Some("`ftp`")),
            ("file:///SECRET", Some("`file`")),
            ("://SECRET", Some("not a valid URL")),
            ("SEC RET://h", Some("not a valid URL")),
            ("http://", Some("not a valid URL")),
            ("http://h:SECRET", Some("not a valid URL")),
        ] {
            let found = check_proxy(proxy).err();
            assert_eq!(found.is_some(), expected.is_some(), "{proxy}: {found:?}");
            let found = found.unwrap_or_default();
            assert!(found.contains(expected.unwrap_or_default()) && !found.contains("SECRET"), "{proxy}: {found}");
        }
    }
}
