//! How a call fails without a complete reply.

use super::server_verifier::webpki_error;
use crate::base::causes::{error_chain, join_messages};
use crate::base::trusted_roots::NO_ROOTS_HINT;
use crate::base::vocabulary::ErrorKind;
use crate::provider::judgement::foreign::Foreign;
use crate::provider::judgement::verdict::{Charge, Obstacle, TransientFault, Verdict};
use rustls::{AlertDescription, CertificateError};
use std::error::Error;
use std::io;

/// Why there is no complete reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HttpFailure {
    /// Nothing was sent: connection refused, unknown host, no route, connect timeout. [`HttpFailure::at_server`]
    /// adds the server.
    NotConnected(String),
    /// TLS: the server's certificate is not trusted: why, and what helps.
    Untrusted(String, &'static str),
    /// TLS: there are no certificates of authorities that could be trusted.
    NoRoots(String),
    /// No complete reply in time. The server may still be processing the request.
    TimedOut(ReplyTimeout),
    /// The reply is larger than [`super::body_reader::MAX_REPLY_BYTES`].
    TooLarge,
    /// The connection ended before the reply did.
    Reset(String),
    /// The server does not speak TLS: the error of the handshake.
    NoTls(String),
    /// What the server sent on a new connection is not HTTP: the error.
    NotHttp(String),
    /// The server closed a new connection without a reply: the error.
    NoReply(String),
    /// The proxy requires authentication.
    ProxyRefused(String),
}

/// The time within which there was no complete reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplyTimeout {
    /// That of the whole request.
    Attempt,
    /// The rest of the page's time, which is less than that.
    PageTime,
    /// That up to the first byte.
    FirstByte,
    /// That between two bytes.
    Idle,
}

impl ReplyTimeout {
    /// The manifest key that sets it.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Attempt => "request.timeout",
            Self::PageTime => "retry.page_time",
            Self::FirstByte => "request.first_byte_timeout",
            Self::Idle => "request.idle_timeout",
        }
    }
}

/// Why there is no connection in time.
pub(crate) const CONNECT_TIMEOUT: &str = "no connection within request.connect_timeout";

/// The time for a reply is over.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the time for the reply is over")]
pub(crate) struct Expired;

/// What helps when a proxy refuses.
pub(crate) const PROXY_HINT: &str = "put the proxy's user and password into its URL: http://USER:PASSWORD@HOST:PORT";

/// What helps when there are no certificates of authorities.
pub(crate) fn no_roots_hint() -> String {
    format!("{NO_ROOTS_HINT} or provider.ca_file")
}

/// What helps against an invalid certificate.
const CERTIFICATE_HINT: &str = "check provider.base_url and the server's certificate";
const INCOMPATIBLE_HINT: &str =
    "the server must speak TLS 1.2 or 1.3 and have an RSA (2,048 bits or more), P-256, P-384 or Ed25519 key";
const CLIENT_CERTIFICATE_HINT: &str =
    "the server requires a client certificate, which docmill can't send: reach it through a proxy that does";
const NAME_IT_HINT: &str = "check provider.base_url; to trust this server, name its own certificate, or that of its authority, in provider.ca_file (PEM)";
const NAME_HINT: &str = "use a name of the certificate in provider.base_url, or make one for this name: -addext subjectAltName=DNS:NAME (or IP:ADDRESS) in `openssl req -x509`";
const VERSION_HINT: &str = "make a certificate of version 3: openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 365 -subj /CN=NAME -addext subjectAltName=DNS:NAME";

impl HttpFailure {
    /// Why TLS could not be set up on a connection.
    pub(crate) fn from_handshake(error: &std::io::Error) -> Self {
        if let Some(untrusted) = untrusted(error) {
            return untrusted;
        }
        let message = causes(error);
        if message.contains("corrupt message") { Self::NoTls(message) } else { Self::NotConnected(message) }
    }

    /// Why there is no reply on a new connection.
    pub(crate) fn from_first_reply(error: &hyper::Error) -> Self {
        // In TLS 1.3 a server refuses the client's certificate, or its lack, after the handshake.
        if let Some(untrusted) = untrusted(error) {
            return untrusted;
        }
        let message = causes(error);
        let is_reset =
            error_chain(error).filter_map(|cause| cause.downcast_ref::<io::Error>().map(io::Error::kind)).any(|kind| {
                matches!(
                    kind,
                    io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof
                )
            });
        // A header that is not valid comes from a server that does speak HTTP.
        if message.contains("HTTP version") || error.is_parse_status() || message.contains("unexpected message") {
            Self::NotHttp(message)
        } else if error.is_incomplete_message() || is_reset {
            Self::NoReply(message)
        } else {
            Self::Reset(message)
        }
    }

    /// Why this does not look like an API at all, human-readable; `None`: it may well be one.
    pub(crate) fn foreign(&self) -> Option<Foreign> {
        let (what, may_be_outage) = match self {
            Self::NoTls(_) => ("the server does not answer with TLS; is the base_url http://?".to_owned(), false),
            Self::NotHttp(message) => {
                (format!("the server does not answer with HTTP; is the base_url https://? ({message})"), false)
            }
            Self::NoReply(_) => ("the server closes the connection without a reply".to_owned(), true),
            _ => return None,
        };
        Some(Foreign { may_be_outage, ..Foreign::body(what) })
    }

    /// The failure of a request to `server`, as messages name it.
    pub(crate) fn at_server(self, server: &str) -> Self {
        match self {
            Self::NotConnected(reason) => Self::NotConnected(format!("to {server}: {reason}")),
            Self::NoTls(reason) => Self::NoTls(format!("to {server}: {reason}")),
            other => other,
        }
    }

    /// What the failure means for the attempt, and what it may have cost.
    pub(crate) fn judge(self) -> (Verdict, Charge) {
        match self {
            Self::NotConnected(message) | Self::NoTls(message) => {
                (Verdict::later(Obstacle::Unreachable, format!("cannot connect {message}")), Charge::Nothing)
            }
            Self::Untrusted(message, hint) => (Verdict::stop(message, hint), Charge::Nothing),
            Self::NoRoots(message) => {
                let message = format!("no trusted certificates for TLS: {message}");
                (Verdict::stop(message, &no_roots_hint()), Charge::Nothing)
            }
            Self::TimedOut(timeout) => {
                let message = format!("no complete reply within {}", timeout.key());
                let fault = TransientFault { kind: ErrorKind::Timeout, message, change: None, may_run: true };
                (Verdict::Retry(fault), Charge::Unknown)
            }
            Self::TooLarge => {
                (Verdict::transient(ErrorKind::BadReply, "the reply is larger than 16 MiB"), Charge::Unknown)
            }
            Self::ProxyRefused(message) => {
                (Verdict::stop(format!("the proxy refuses: {message}"), PROXY_HINT), Charge::Nothing)
            }
            Self::Reset(message) | Self::NotHttp(message) | Self::NoReply(message) => {
                (Verdict::transient(ErrorKind::Reset, message), Charge::Unknown)
            }
        }
    }
}

impl From<&reqwest::Error> for HttpFailure {
    fn from(error: &reqwest::Error) -> Self {
        // Its own message is left out, as it repeats the URL.
        let cause = std::error::Error::source(error);
        let message = cause.map_or_else(|| "the connection failed".to_owned(), causes);
        if let Some(untrusted) = untrusted(error) {
            untrusted
        } else if error.is_connect() {
            Self::NotConnected(cause.map_or(message, connect_reason))
        } else if error.is_timeout() || error_chain(error).any(|cause| cause.is::<Expired>()) {
            Self::TimedOut(ReplyTimeout::Attempt)
        } else {
            Self::Reset(message)
        }
    }
}

/// What helps against a fatal alert of the server that every connection would get; `None`: it may pass.
fn alert_hint(alert: AlertDescription) -> Option<&'static str> {
    match alert {
        AlertDescription::HandshakeFailure
        | AlertDescription::ProtocolVersion
        | AlertDescription::InsufficientSecurity => Some(INCOMPATIBLE_HINT),
        AlertDescription::CertificateRequired
        | AlertDescription::NoCertificate
        | AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA => Some(CLIENT_CERTIFICATE_HINT),
        _ => None,
    }
}

/// What a TLS error reports about the server's certificate; `None`: it is about something else.
fn untrusted(error: &(dyn Error + 'static)) -> Option<HttpFailure> {
    let tls = error_chain(error).find_map(|cause| {
        // An I/O error does not count what it holds as its cause.
        let inner = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause.downcast_ref().or_else(|| inner?.downcast_ref::<rustls::Error>())
    });
    let Some(tls) = tls else {
        // The verifier of another system.
        let message = causes(error);
        let is_certificate = message.contains("certificate") || message.contains("invalid peer");
        return is_certificate.then_some(HttpFailure::Untrusted(message, CERTIFICATE_HINT));
    };
    let message = tls.to_string();
    let fault = match tls {
        rustls::Error::InvalidCertificate(fault) => fault,
        rustls::Error::PeerIncompatible(_) => return Some(HttpFailure::Untrusted(message, INCOMPATIBLE_HINT)),
        rustls::Error::AlertReceived(alert) => return Some(HttpFailure::Untrusted(message, alert_hint(*alert)?)),
        _ => return message.contains("certificate").then_some(HttpFailure::Untrusted(message, CERTIFICATE_HINT)),
    };
    let (message, hint) = match (fault, webpki_error(tls)) {
        // A bad signature is also that of a newer certificate with the names of the one that is known.
        (CertificateError::UnknownIssuer | CertificateError::BadSignature, _) => (message, NAME_IT_HINT),
        (_, Some(webpki::Error::CaUsedAsEndEntity)) => {
            ("invalid peer certificate: it is that of an authority, probably self-signed".to_owned(), NAME_IT_HINT)
        }
        (_, Some(webpki::Error::UnsupportedCertVersion)) => {
            ("invalid peer certificate: its version is not 3".to_owned(), VERSION_HINT)
        }
        (
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
            _,
        ) => (message, "renew the server's certificate, and check the clock of this machine"),
        (CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }, _) => {
            (message, NAME_HINT)
        }
        _ => (message, CERTIFICATE_HINT),
    };
    Some(HttpFailure::Untrusted(message, hint))
}

/// The messages of an error and of its causes.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> String {
    join_messages(error_chain(error))
}

/// Why there is no connection.
pub(crate) fn connect_reason(error: &(dyn Error + 'static)) -> String {
    let kinds = error_chain(error).filter_map(|cause| cause.downcast_ref::<io::Error>().map(io::Error::kind));
    match kinds.last() {
        Some(io::ErrorKind::ConnectionRefused) => "connection refused".into(),
        Some(io::ErrorKind::ConnectionReset) => "connection reset".into(),
        Some(io::ErrorKind::HostUnreachable) => "no route to the host".into(),
        Some(io::ErrorKind::NetworkUnreachable) => "the network is unreachable".into(),
        Some(io::ErrorKind::TimedOut) => CONNECT_TIMEOUT.into(),
        _ => match causes(error) {
            causes if causes.contains("dns error") => {
                let reason = causes.rsplit(": ").next().unwrap_or_default();
                format!("the host name cannot be resolved ({reason})")
            }
            causes => causes,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_a_verdict_and_a_charge() {
        let text = || "x".to_owned();
        for (failure, name, charge) in [
            (HttpFailure::NotConnected(text()), "later", Charge::Nothing),
            (HttpFailure::Untrusted(text(), ""), "stop", Charge::Nothing),
            (HttpFailure::NoRoots(text()), "stop", Charge::Nothing),
            (HttpFailure::TimedOut(ReplyTimeout::Attempt), "timeout, may run", Charge::Unknown),
            (HttpFailure::TooLarge, "bad_reply", Charge::Unknown),
            (HttpFailure::Reset(text()), "reset", Charge::Unknown),
            (HttpFailure::NoTls(text()), "later", Charge::Nothing),
            (HttpFailure::NotHttp(text()), "reset", Charge::Unknown),
            (HttpFailure::NoReply(text()), "reset", Charge::Unknown),
            (HttpFailure::ProxyRefused(text()), "stop", Charge::Nothing),
        ] {
            let (verdict, found) = failure.clone().judge();
            let verdict = match verdict {
                Verdict::Later { .. } => "later".to_owned(),
                Verdict::Stop(_) => "stop".to_owned(),
                Verdict::Retry(fault) => format!("{}{}", fault.kind, if fault.may_run { ", may run" } else { "" }),
                other => format!("{other:?}"),
            };
            assert_eq!((verdict.as_str(), found), (name, charge), "{failure:?}");
        }
    }
}
