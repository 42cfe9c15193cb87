//! Events about a run, sent to a server that collects them.

use super::environment::Environment;
use super::secrets::proxy_for;
use crate::manifest::Timeouts;
use crate::provider::client::call::HttpCall;
use crate::provider::client::failure::HttpFailure;
use crate::provider::{HttpClient, HttpClientOptions, Secret};
use std::time::Duration;

/// POSTs JSON text to a URL and returns when the server has answered, after `timeout` at the latest. Never follows
/// redirects or retries.
///
/// # Errors
/// When it was not accepted: why, without the key and without the password of a proxy.
pub fn post_event(
    url: &str,
    key: Option<&str>,
    body: String,
    timeout: Duration,
    environment: &Environment,
) -> Result<(), String> {
    let parsed = url::Url::parse(url).map_err(|error| error.to_string())?;
    // A client joins the path of a call to the folder that its base is.
    let folder = parsed.join(".").map_err(|error| error.to_string())?;
    let path = folder.make_relative(&parsed).unwrap_or_default();
    let timeouts = Timeouts { attempt: timeout, connect: timeout, first_byte: None, idle: timeout };
    let client = HttpClient::new(HttpClientOptions {
        base_url: folder.to_string(),
        key: key.map(Secret::new),
        headers: Vec::new(),
        query: String::new(),
        secret_query: Vec::new(),
        authorities: None,
        proxy: proxy_for(url, environment)?,
        timeouts,
    });
    let client = client.map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let sent = runtime.block_on(client.send(HttpCall::post(&path, body.into()), timeout));
    match sent {
        Ok(reply) if reply.status().is_success() => Ok(()),
        Ok(reply) => Err(format!("the server answered with HTTP {}", reply.status().as_u16())),
        Err(failure) => Err(client.redact(&reason(failure))),
    }
}

fn reason(failure: HttpFailure) -> String {
    match failure {
        HttpFailure::NotConnected(reason) => format!("no connection {reason}"),
        HttpFailure::TimedOut(_) => "the server did not answer in time".to_owned(),
        HttpFailure::TooLarge => "the reply is too large".to_owned(),
        HttpFailure::Untrusted(reason, _)
        | HttpFailure::NoRoots(reason)
        | HttpFailure::Reset(reason)
        | HttpFailure::NoTls(reason)
        | HttpFailure::NotHttp(reason)
        | HttpFailure::NoReply(reason)
        | HttpFailure::ProxyRefused(reason) => reason,
    }
}
