//! How a call fails without a complete reply.

use crate::base::vocabulary::ErrorKind;
use crate::provider::verdict::{Charge, TransientFault, Verdict};
use std::io;

/// Why there is no complete reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HttpFailure {
    /// Nothing was sent: connection refused, unknown host, no route, connect timeout. [`HttpFailure::at_server`]
    /// adds the server.
    NotConnected(String),
    /// TLS: the server's certificate is not trusted.
    Untrusted(String),
    /// No complete reply within the time that this manifest key sets. The server may still
    /// be processing the request.
    TimedOut(&'static str),
    /// The reply is larger than [`super::body_reader::MAX_REPLY_BYTES`].
    TooLarge,
    /// The connection ended before the reply did.
    Reset(String),
}

impl HttpFailure {
    /// The failure of a request to `server`, as messages name it.
    pub(crate) fn at_server(self, server: &str) -> Self {
        match self {
            Self::NotConnected(reason) => Self::NotConnected(format!("to {server}: {reason}")),
            other => other,
        }
    }

    /// What the failure means for the attempt, and what it may have cost.
    pub(crate) fn judge(self) -> (Verdict, Charge) {
        match self {
            Self::NotConnected(message) => {
                (Verdict::Later { after: None, message: format!("cannot connect {message}") }, Charge::Nothing)
            }
            Self::Untrusted(message) => {
                (Verdict::stop(message, "check provider.base_url and the server's certificate"), Charge::Nothing)
            }
            Self::TimedOut(key) => {
                let message = format!("no complete reply within {key}");
                let fault = TransientFault { kind: ErrorKind::Timeout, message, change: None, may_run: true };
                (Verdict::Retry(fault), Charge::Unknown)
            }
            Self::TooLarge => {
                (Verdict::transient(ErrorKind::BadReply, "the reply is larger than 16 MiB"), Charge::Unknown)
            }
            Self::Reset(message) => (Verdict::transient(ErrorKind::Reset, message), Charge::Unknown),
        }
    }
}

impl From<&reqwest::Error> for HttpFailure {
    fn from(error: &reqwest::Error) -> Self {
        let message = causes(error);
        if message.contains("certificate") || message.contains("invalid peer") {
            Self::Untrusted(message)
        } else if error.is_connect() {
            Self::NotConnected(connect_reason(error, message))
        } else if error.is_timeout() {
            Self::TimedOut("request.timeout")
        } else {
            Self::Reset(message)
        }
    }
}

/// Why there is no connection. `causes`: all causes, for reasons that are not among the usual ones.
fn connect_reason(error: &reqwest::Error, causes: String) -> String {
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    let mut kind = None;
    while let Some(error) = cause {
        kind = error.downcast_ref::<io::Error>().map(io::Error::kind).or(kind);
        cause = error.source();
    }
    match kind {
        Some(io::ErrorKind::ConnectionRefused) => "connection refused".into(),
        Some(io::ErrorKind::ConnectionReset) => "connection reset".into(),
        Some(io::ErrorKind::HostUnreachable) => "no route to the host".into(),
        Some(io::ErrorKind::NetworkUnreachable) => "the network is unreachable".into(),
        _ if causes.contains("dns error") => match causes.rsplit(": ").next() {
            Some(reason) => format!("the host name cannot be resolved ({reason})"),
            None => "the host name cannot be resolved".into(),
        },
        _ if error.is_timeout() => "no connection within request.connect_timeout".into(),
        _ => causes,
    }
}

/// The causes of an error. reqwest's own message is left out, as it repeats the URL.
fn causes(error: &reqwest::Error) -> String {
    let mut messages = Vec::new();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        let message = error.to_string();
        if messages.last() != Some(&message) {
            messages.push(message);
        }
        cause = error.source();
    }
    if messages.is_empty() { "the connection failed".into() } else { messages.join(": ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_a_verdict_and_a_charge() {
        let text = || "x".to_owned();
        for (failure, name, charge) in [
            (HttpFailure::NotConnected(text()), "later", Charge::Nothing),
            (HttpFailure::Untrusted(text()), "stop", Charge::Nothing),
            (HttpFailure::TimedOut("request.timeout"), "timeout, may run", Charge::Unknown),
            (HttpFailure::TooLarge, "bad_reply", Charge::Unknown),
            (HttpFailure::Reset(text()), "reset", Charge::Unknown),
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
