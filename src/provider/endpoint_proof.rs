//! Whether an endpoint is an API at all. A wrong port, a login page or a proxy's notice
//! answers every request, so that asking on would only take time.

use super::exchange::Exchange;
use super::verdict::{Charge, Verdict};
use std::cell::Cell;

/// What the replies of an endpoint have shown.
#[derive(Debug, Default)]
pub(crate) struct EndpointProof {
    /// Whether there was a reply of the API.
    is_api: Cell<bool>,
    /// Replies of something else, before any of the API.
    foreign: Cell<u32>,
}

/// Replies of something else that end the run, when there was none of the API.
const MAX_FOREIGN: u32 = 3;

const HINT: &str = "check provider.base_url, which usually ends with /v1: the reply may come from another server, a login page or a proxy";

impl EndpointProof {
    /// Replaces the verdict of a reply that does not come from the API, for as long as none
    /// did: the run waits, and then ends. The page can still be asked. `url`: what was called.
    pub(crate) fn judge(&self, exchange: &mut Exchange, url: &str) {
        let Some(beginning) = &exchange.foreign else {
            if matches!(exchange.verdict, Verdict::Done { .. } | Verdict::Page(_)) {
                self.is_api.set(true);
            }
            return;
        };
        if self.is_api.get() {
            return;
        }
        let status = exchange.status.map_or(String::new(), |status| format!("HTTP {status}: "));
        let message = format!("{url} is not a chat completions API; it replied with {status}{beginning}");
        self.foreign.set(self.foreign.get() + 1);
        let is_certain = matches!(exchange.verdict, Verdict::Stop(_)) || self.foreign.get() >= MAX_FOREIGN;
        exchange.verdict =
            if is_certain { Verdict::stop(message, HINT) } else { Verdict::Later { after: None, message } };
        exchange.charge = Charge::Nothing;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::vocabulary::ErrorKind;

    fn page() -> Exchange {
        Exchange { status: Some(200), ..Exchange::from_foreign_body("<html>Sign in".into()) }
    }

    fn judged(proof: &EndpointProof, mut exchange: Exchange) -> (&'static str, Charge) {
        proof.judge(&mut exchange, "http://x/v1/chat/completions");
        let name = match exchange.verdict {
            Verdict::Later { .. } => "later",
            Verdict::Stop(refusal) => {
                assert!(refusal.message.contains("http://x/v1/chat/completions"), "{}", refusal.message);
                assert!(refusal.message.contains("<html>Sign in"), "{}", refusal.message);
                "stop"
            }
            Verdict::Retry(_) => "retry",
            _ => "other",
        };
        (name, exchange.charge)
    }

    #[test]
    fn the_first_pages_end_the_run() {
        let proof = EndpointProof::default();
        let found: Vec<_> = (0..4).map(|_| judged(&proof, page())).collect();
        assert_eq!(found, ["later", "later", "stop", "stop"].map(|name| (name, Charge::Nothing)));
    }

    #[test]
    fn after_a_reply_of_the_api_a_page_is_a_passing_error() {
        let proof = EndpointProof::default();
        let done = Exchange::new(Verdict::Done { reading: Vec::new(), is_cut: false }, Charge::Unknown);
        assert_eq!(judged(&proof, page()).0, "later");
        assert_eq!(judged(&proof, done), ("other", Charge::Unknown));
        assert!((0..9).all(|_| judged(&proof, page()) == ("retry", Charge::Unknown)), "a gateway may have sent it");
    }

    #[test]
    fn errors_without_a_foreign_body_change_nothing() {
        let proof = EndpointProof::default();
        let error = || Exchange::new(Verdict::transient(ErrorKind::ServerError, "500"), Charge::Unknown);
        assert!((0..9).all(|_| judged(&proof, error()) == ("retry", Charge::Unknown)));
        let refused = Exchange {
            foreign: Some("<html>Sign in".into()),
            ..Exchange::new(Verdict::stop("403", ""), Charge::Nothing)
        };
        assert_eq!(judged(&proof, refused).0, "stop", "at once");
    }
}
