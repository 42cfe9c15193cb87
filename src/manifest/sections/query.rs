//! The query of every request: that of `provider.base_url`, and `provider.query`.

use super::header::{RawEnv, RawHeader, check_secret_variable};
use crate::base::escape::pointer_token;
use crate::base::mask::{is_secret_name, mask_secrets};
use crate::base::url_parameters::{UrlParameter, classify, encode};
use crate::manifest::check::Check;
use crate::manifest::yaml::ordered::Ordered;
use std::borrow::Cow;
use url::Url;

/// The query of every request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Parameters that are not secret, encoded, such as `api-version=2024-10-21`. May be empty.
    pub written: String,
    /// Parameters whose values are secrets: the name, and the environment variable that holds the value.
    pub secret: Vec<(String, String)>,
}

const SECRET: &str = "put the secret into an environment variable and its name into provider.query: {NAME: {env: VARIABLE}}, or send it in a header (provider.headers)";

impl Query {
    /// The query as messages show it, with its question mark, and empty if there is none.
    #[must_use]
    pub fn shown(&self) -> String {
        let secret = self.secret.iter().map(|(name, _)| format!("{}=***", encode(name)));
        let parts: Vec<String> =
            Some(self.written.clone()).filter(|text| !text.is_empty()).into_iter().chain(secret).collect();
        if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
    }

    fn push(&mut self, part: &str) {
        if !self.written.is_empty() {
            self.written.push('&');
        }
        self.written.push_str(part);
    }
}

/// Checks the query of `base_url` and `provider.query`.
pub(crate) fn check_query(base_url: Option<&str>, raw: Ordered<RawHeader>, check: &mut Check) -> Query {
    let mut query = Query::default();
    // An invalid URL is reported elsewhere.
    let url = base_url.and_then(|text| Url::parse(text.trim()).ok());
    if let Some(written) = url.as_ref().and_then(Url::query) {
        written.split('&').filter(|part| !part.is_empty()).for_each(|part| query.push(part));
        if is_secret(&query.written) {
            check.report_secret("/provider/base_url", "the query of the URL contains a secret", SECRET);
        }
    }
    let in_url: Vec<String> = names(&query.written).map(|name| name.to_lowercase()).collect();
    for (name, value) in raw.0 {
        let pointer = format!("/provider/query/{}", pointer_token(&name));
        if name.trim().is_empty() {
            check.report(&pointer, "the name of the parameter is empty", "a name such as api-version");
        } else if in_url.contains(&name.to_lowercase()) {
            let message = format!("`{}` is also in the query of `base_url`", mask_secrets(&name));
            check.report(&pointer, &message, "each parameter in one of the two places");
        }
        match value {
            RawHeader::Text(text) => {
                let part = format!("{}={}", encode(&name), encode(&text));
                if is_secret(&part) {
                    check.report_secret(&pointer, "the value of this parameter is a secret", SECRET);
                }
                query.push(&part);
            }
            RawHeader::Env(RawEnv { env }) => {
                check_secret_variable(&env, &format!("{pointer}/env"), check);
                query.secret.push((name, env));
            }
        }
    }
    query
}

/// The names of the parameters.
fn names(query: &str) -> impl Iterator<Item = Cow<'_, str>> {
    url::form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name)
}

/// Whether a parameter of the query is a secret, by its name or by what it looks like.
fn is_secret(query: &str) -> bool {
    let parts: Vec<&[u8]> = query.as_bytes().split(|byte| *byte == b'&').collect();
    let looks_secret = |text: &str| mask_secrets(text) != text;
    classify(&parts).iter().any(|kind| *kind != UrlParameter::Identifying)
        || url::form_urlencoded::parse(query.as_bytes())
            .any(|(name, value)| is_secret_name(&name) || looks_secret(&name) || looks_secret(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_secret() {
        for query in [
            "api-version=2024-10-21",
            "api-version=2025-04-01-preview",
            "api-version=preview&deployment=gpt-4o-mini-2024-07-18",
            "project=my-project-123456&location=europe-west4",
            "tenant=contoso.example&debug",
            "alt=sse",
            "",
        ] {
            assert!(!is_secret(query), "{query}");
        }
        for query in [
            "key=AIzaSyA0123456789abcdefghijklmnopqrstuv",
            "KEY=x",
            "api_key=x",
            "api-key=x",
            "apikey=x",
            "subscription-key=x",
            "Ocp-Apim-Subscription-Key=x",
            "code=x",
            "sig=x",
            "sv=1&sig=x",
            "access_token=x",
            "token=x",
            "password=x",
            "x%2Dfunctions%2Dkey=x",
            "v=sk-0123456789",
            "v=AIzaSyA0123456789abcdefghijklmnopqrstuv",
            "v=Bearer%20abcdefgh12345678",
            "sk-0123456789",
            "api-version=1&client_secret=x",
        ] {
            assert!(is_secret(query), "{query}");
        }
    }

    #[test]
    fn the_query_is_shown_without_secrets() {
        let secret = vec![("a key".to_owned(), "NAME".to_owned())];
        let query = |written: &str, secret| Query { written: written.into(), secret }.shown();
        assert_eq!(query("", Vec::new()), "");
        assert_eq!(query("a=1", Vec::new()), "?a=1");
        assert_eq!(query("", secret.clone()), "?a%20key=***");
        assert_eq!(query("a=1", secret), "?a=1&a%20key=***");
    }
}
