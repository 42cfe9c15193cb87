//! Who may ask: only pages that this server has sent, in browsers that were given an address with a token.
//!
//! - `Host` must name this server, so that a name which an attacker resolves to loopback (DNS rebinding) gets
//!   nothing.
//! - `Origin`, where a browser sends it, must be this server; changes require it.
//! - A token in the address is exchanged for a cookie once. If the address is read later, in a history or a
//!   list of processes, it can't be used.

use crate::base::digest::Digest;
use hyper::HeaderMap;
use hyper::header::{CONTENT_TYPE, COOKIE, HOST, ORIGIN};
use std::sync::Mutex;

/// Bytes of a token or of the value of a cookie.
const SECRET_BYTES: usize = 32;
/// Browsers that may be signed in at the same time. The oldest makes room.
const MAX_BROWSERS: usize = 16;
/// Addresses that have not been opened. The oldest makes room.
const MAX_TOKENS: usize = 16;

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// `Host` is not this server.
    WrongHost,
    /// It comes from the page of another server, or a change does not state its origin.
    WrongOrigin,
    /// A change that is not JSON.
    NotJson,
    /// No valid cookie.
    NotSignedIn,
}

/// The secrets of a server. Only their digests are kept, so that the time of a comparison shows nothing about them.
pub(crate) struct Guard {
    port: u16,
    secrets: Mutex<Secrets>,
}

#[derive(Default)]
struct Secrets {
    /// Tokens that were not exchanged yet.
    tokens: Vec<Digest>,
    /// Cookies.
    browsers: Vec<Digest>,
}

impl Guard {
    /// The guard of a server on this port. No browser is signed in.
    pub(crate) fn new(port: u16) -> Self {
        Self { port, secrets: Mutex::default() }
    }

    /// A new address, which one browser can open once.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub(crate) fn new_address(&self) -> std::io::Result<String> {
        let token = secret()?;
        let mut secrets = self.lock();
        push_bounded(&mut secrets.tokens, Digest::compute(token.as_bytes()), MAX_TOKENS);
        Ok(format!("http://127.0.0.1:{}/?token={token}", self.port))
    }

    /// Exchanges a token for the header that sets a cookie. `None`: it is not valid, or was exchanged before.
    pub(crate) fn exchange(&self, token: &str) -> Option<String> {
        let cookie = secret().ok()?;
        let mut secrets = self.lock();
        let digest = Digest::compute(token.as_bytes());
        let at = secrets.tokens.iter().position(|known| *known == digest)?;
        secrets.tokens.remove(at);
        push_bounded(&mut secrets.browsers, Digest::compute(cookie.as_bytes()), MAX_BROWSERS);
        Some(format!("{}={cookie}; Path=/; HttpOnly; SameSite=Strict", self.cookie_name()))
    }

    /// Checks `Host` and `Origin`.
    pub(crate) fn check_origin(&self, headers: &HeaderMap) -> Result<(), Rejection> {
        let hosts = headers.get_all(HOST).iter().collect::<Vec<_>>();
        let [host] = hosts.as_slice() else { return Err(Rejection::WrongHost) };
        let is_own = |host: &str| {
            let port = format!(":{}", self.port);
            host.strip_suffix(&port).is_some_and(|name| matches!(name, "127.0.0.1" | "localhost"))
        };
        let host = host.to_str().ok().filter(|host| is_own(host)).ok_or(Rejection::WrongHost)?;
        let own = format!("http://{host}");
        match headers.get_all(ORIGIN).iter().all(|origin| origin.as_bytes() == own.as_bytes()) {
            true => Ok(()),
            false => Err(Rejection::WrongOrigin),
        }
    }

    /// Checks that a browser does not ask for the page of another server, even if that is on this computer.
    pub(crate) fn check_site(headers: &HeaderMap) -> Result<(), Rejection> {
        let mut sites = headers.get_all("sec-fetch-site").iter().map(|site| site.as_bytes());
        if sites.all(|site| matches!(site, b"same-origin" | b"none")) { Ok(()) } else { Err(Rejection::WrongOrigin) }
    }

    /// Checks that a change comes from a page of this server, as JSON. A form on another page can't send that.
    pub(crate) fn check_change(&self, headers: &HeaderMap) -> Result<(), Rejection> {
        if !headers.contains_key(ORIGIN) {
            return Err(Rejection::WrongOrigin);
        }
        let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/json") { Ok(()) } else { Err(Rejection::NotJson) }
    }

    /// Checks the cookie.
    pub(crate) fn check_cookie(&self, headers: &HeaderMap) -> Result<(), Rejection> {
        let name = self.cookie_name();
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let digests: Vec<Digest> =
            pairs.filter(|(known, _)| *known == name).map(|(_, value)| Digest::compute(value.as_bytes())).collect();
        let is_known = self.lock().browsers.iter().any(|browser| digests.contains(browser));
        if is_known { Ok(()) } else { Err(Rejection::NotSignedIn) }
    }

    /// Cookies are shared among the ports of a host.
    fn cookie_name(&self) -> String {
        format!("docmill_review_{}", self.port)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Secrets> {
        self.secrets.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn push_bounded(secrets: &mut Vec<Digest>, secret: Digest, max: usize) {
    if secrets.len() >= max {
        secrets.remove(0);
    }
    secrets.push(secret);
}

/// 256 random bits from the system.
fn secret() -> std::io::Result<String> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(Digest::compute(&bytes).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_this_server_and_its_own_pages_are_answered() {
        let guard = Guard::new(4321);
        let (host, origin) = (Err(Rejection::WrongHost), Err(Rejection::WrongOrigin));
        for (pairs, expected) in [
            (&[("host", "127.0.0.1:4321")][..], Ok(())),
            (&[("host", "localhost:4321"), ("origin", "http://localhost:4321")], Ok(())),
            (&[], host),
            (&[("host", "127.0.0.1")], host),
            (&[("host", "127.0.0.1:4322")], host),
            (&[("host", "evil.example:4321")], host),
            (&[("host", "127.0.0.1.evil.example:4321")], host),
            (&[("host", "127.0.0.1:4321"), ("host", "evil.example")], host),
            (&[("host", "127.0.0.1:4321"), ("origin", "http://evil.example")], origin),
            (&[("host", "127.0.0.1:4321"), ("origin", "null")], origin),
            (&[("host", "127.0.0.1:4321"), ("origin", "https://127.0.0.1:4321")], origin),
            (&[("host", "127.0.0.1:4321"), ("origin", "http://127.0.0.1:1")], origin),
        ] {
            assert_eq!(guard.check_origin(&headers(pairs)), expected, "{pairs:?}");
        }
    }

    #[test]
    fn changes_are_json_and_say_where_they_come_from() {
        let guard = Guard::new(1);
        for (pairs, expected) in [
            (&[("origin", "x"), ("content-type", "application/json")][..], Ok(())),
            (&[("origin", "x"), ("content-type", "Application/JSON; charset=utf-8")], Ok(())),
            (&[("content-type", "application/json")], Err(Rejection::WrongOrigin)),
            (&[("origin", "x")], Err(Rejection::NotJson)),
            (&[("origin", "x"), ("content-type", "text/plain")], Err(Rejection::NotJson)),
            (&[("origin", "x"), ("content-type", "application/x-www-form-urlencoded")], Err(Rejection::NotJson)),
        ] {
            assert_eq!(guard.check_change(&headers(pairs)), expected, "{pairs:?}");
        }
    }

    #[test]
    fn pages_of_others_on_this_computer_are_others() {
        for (site, expected) in [
            ("same-origin", Ok(())),
            ("none", Ok(())),
            ("same-site", Err(Rejection::WrongOrigin)),
            ("cross-site", Err(Rejection::WrongOrigin)),
        ] {
            assert_eq!(Guard::check_site(&headers(&[("sec-fetch-site", site)])), expected, "{site}");
        }
        assert_eq!(Guard::check_site(&headers(&[])), Ok(()));
    }

    #[test]
    fn a_token_is_exchanged_once_for_a_cookie() {
        let guard = Guard::new(7);
        let address = guard.new_address().unwrap();
        let token = address.strip_prefix("http://127.0.0.1:7/?token=").unwrap();
        assert_eq!(token.len(), 64);
        assert_eq!(guard.exchange("guess"), None);
        let set = guard.exchange(token).unwrap();
        assert!(set.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{set}");
        assert_eq!(guard.exchange(token), None, "only once");
        let cookie = set.split(';').next().unwrap();
        let refused = Err(Rejection::NotSignedIn);
        for (pairs, expected) in [
            (vec![("cookie", format!("a=b; {cookie}"))], Ok(())),
            (vec![("cookie", "a=b".to_owned()), ("cookie", cookie.to_owned())], Ok(())),
            (vec![], refused),
            (vec![("cookie", format!("docmill_review_7={token}"))], refused),
            (vec![("cookie", cookie.replace("_7=", "_8="))], refused),
        ] {
            let pairs: Vec<(&'static str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_eq!(guard.check_cookie(&headers(&pairs)), expected, "{pairs:?}");
        }
    }

    #[test]
    fn addresses_and_browsers_are_bounded() {
        let guard = Guard::new(7);
        let addresses: Vec<String> = (0..=MAX_TOKENS).map(|_| guard.new_address().unwrap()).collect();
        let token = |at: usize| addresses[at].split_once('=').unwrap().1;
        assert_eq!(guard.exchange(token(0)), None, "the oldest has made room");
        assert!(guard.exchange(token(1)).is_some() && guard.exchange(token(MAX_TOKENS)).is_some());
    }
}
