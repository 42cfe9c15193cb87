//! Whether an endpoint is an API at all. A wrong port, a login page or a proxy's notice
//! answers every request, so that asking on would only take time.

use super::exchange::Exchange;
use super::foreign::Foreign;
use super::verdict::{Charge, Refusal, Verdict};
use crate::base::vocabulary::ErrorKind;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

/// What the replies of an endpoint have shown.
#[derive(Debug, Default)]
pub(crate) struct EndpointProof {
    /// Whether there was a reply of the API.
    is_api: Cell<bool>,
    /// Replies of something else, before any of the API.
    foreign: Cell<u32>,
    /// Pages that were answered.
    answers: Cell<u64>,
    /// Pages with refusals that may concern only them.
    refused: RefCell<HashMap<u64, Refused>>,
    /// Whether the endpoint has answered pages in an earlier run.
    was_proven: bool,
}

/// A page that the endpoint refused.
#[derive(Clone, Copy, Debug)]
struct Refused {
    /// How often.
    times: u32,
    /// Answers to other pages before the first refusal.
    answers: u64,
}

/// Refusals that end the run, when no page was answered: they do not concern one page. Refusals of one page
/// that are its own, although no other page was answered in the meantime.
const MAX_REFUSED: u32 = 3;

/// Refused pages that end a run in which pages were answered, if none was in the meantime: the key or the
/// access has changed. A run holds at least one page more, so that none has to be given up before.
const MAX_REFUSED_PAGES: usize = 8;

/// Replies of something else that end the run, when there was none of the API.
const MAX_FOREIGN: u32 = 3;

const HINT: &str = "check provider.base_url, which usually ends with /v1: the reply may come from another server, a login page or a proxy";

impl EndpointProof {
    /// Replaces the verdict of a reply that does not come from the API, for as long as none
    /// did: the run waits, and then ends. The page can still be asked. `url`: what was called.
    pub(crate) fn judge(&self, exchange: &mut Exchange, url: &str, page: u64) {
        let Some(Foreign { what, may_be_outage, is_free }) = &exchange.foreign else {
            if matches!(exchange.verdict, Verdict::Done { .. } | Verdict::Page(_)) {
                self.is_api.set(true);
            }
            if matches!(exchange.verdict, Verdict::Done { .. }) {
                self.answers.set(self.answers.get() + 1);
            }
            self.judge_refusal(&mut exchange.verdict, page);
            return;
        };
        if self.is_api.get() {
            // A gateway refuses this request.
            self.judge_refusal(&mut exchange.verdict, page);
            return;
        }
        if *may_be_outage {
            // A server that is starting behind a forwarder. It may have executed the request.
            exchange.verdict = Verdict::Later { after: None, message: format!("no reply from {url}: {what}") };
            return;
        }
        // An endpoint that has answered in an earlier run may have executed the request before something in
        // between replied, and may bill it.
        if *is_free || !self.was_proven {
            exchange.charge = Charge::Nothing;
        }
        if *is_free {
            // The run waits for the API instead of giving up pages.
            if let Verdict::Retry(fault) = &exchange.verdict {
                exchange.verdict = Verdict::Later { after: None, message: fault.message.clone() };
            }
            return;
        }
        let message = match exchange.status {
            Some(status) => format!("{url} is not a chat completions API; it replied with HTTP {status}: {what}"),
            None => format!("{url} is not a chat completions API: {what}"),
        };
        self.foreign.set(self.foreign.get() + 1);
        let is_certain = matches!(exchange.verdict, Verdict::Stop(_)) || self.foreign.get() >= MAX_FOREIGN;
        exchange.verdict =
            if is_certain { Verdict::stop(message, HINT) } else { Verdict::Later { after: None, message } };
    }
}

impl EndpointProof {
    /// A proof that nothing has shown yet. `was_proven`: the endpoint has answered pages in an earlier run.
    pub(crate) fn new(was_proven: bool) -> Self {
        Self { was_proven, ..Self::default() }
    }

    /// A refusal that may concern one page: it does if another page is answered before the page is refused
    /// again. One page that is alone does not show that all are refused, where others were answered before.
    fn judge_refusal(&self, verdict: &mut Verdict, page: u64) {
        let Verdict::Stop(Refusal { message, may_be_page: true, .. }) = &*verdict else { return };
        let message = message.clone();
        let answers = self.answers.get();
        let mut refused = self.refused.borrow_mut();
        let this = refused.entry(page).or_insert(Refused { times: 0, answers });
        this.times += 1;
        if answers > this.answers {
            refused.remove(&page);
            *verdict = Verdict::page_fault(ErrorKind::BadRequest, message);
            return;
        }
        let is_repeated = this.times >= MAX_REFUSED;
        let since: Vec<&Refused> = refused.values().filter(|refused| refused.answers == answers).collect();
        if answers == 0 {
            if since.iter().map(|refused| refused.times).sum::<u32>() < MAX_REFUSED {
                *verdict = Verdict::Later { after: None, message };
            } else if self.was_proven && since.len() == 1 {
                *verdict = Verdict::page_fault(ErrorKind::BadRequest, message);
            }
            return;
        }
        if since.len() >= MAX_REFUSED_PAGES {
            return;
        }
        *verdict = match is_repeated {
            true => Verdict::page_fault(ErrorKind::BadRequest, message),
            // Asked once more: other pages show whether they are refused, too.
            false => Verdict::transient(ErrorKind::BadRequest, message),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::verdict::Cut;

    fn page() -> Exchange {
        Exchange { status: Some(200), ..Exchange::from_foreign_body("<html>Sign in".into()) }
    }

    fn judged(proof: &EndpointProof, mut exchange: Exchange) -> (&'static str, Charge) {
        proof.judge(&mut exchange, "http://x/v1/chat/completions", 1);
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
    fn an_endpoint_that_has_answered_before_may_bill_what_something_else_replies() {
        let proof = EndpointProof::new(true);
        let found: Vec<_> = (0..4).map(|_| judged(&proof, page())).collect();
        assert_eq!(found, ["later", "later", "stop", "stop"].map(|name| (name, Charge::Unknown)));
        let outage = || {
            let verdict = Verdict::transient(ErrorKind::ServerError, "HTTP 503");
            let foreign = Some(Foreign { is_free: true, ..Foreign::body("<html>".into()) });
            Exchange { status: Some(503), foreign, ..Exchange::new(verdict, Charge::Unknown) }
        };
        assert_eq!(judged(&EndpointProof::new(true), outage()), ("later", Charge::Nothing), "it was not reached");
    }

    #[test]
    fn what_may_be_an_outage_is_waited_for() {
        let proof = EndpointProof::default();
        let judge = || {
            let verdict = Verdict::transient(ErrorKind::Reset, "closed");
            let closed = Foreign { may_be_outage: true, ..Foreign::body("closed".into()) };
            let mut exchange = Exchange { foreign: Some(closed), ..Exchange::new(verdict, Charge::Unknown) };
            proof.judge(&mut exchange, "http://x", 1);
            assert_eq!(exchange.charge, Charge::Unknown, "it may have been executed");
            matches!(&exchange.verdict, Verdict::Later { message, .. } if message == "no reply from http://x: closed")
        };
        assert!((0..9).all(|_| judge()));
        assert_eq!(judged(&proof, page()).0, "later", "it is the first reply");
        judged(&proof, Exchange::new(Verdict::Done { reading: Vec::new(), cut: Cut::No }, Charge::Unknown));
        assert!(!judge(), "an API that closes connections fails attempts");
    }

    #[test]
    fn a_gateways_page_costs_nothing_until_the_api_was_reached() {
        let proof = EndpointProof::default();
        let page = || {
            let verdict = Verdict::transient(ErrorKind::ServerError, "HTTP 503");
            let foreign = Some(Foreign { is_free: true, ..Foreign::body("<html>".into()) });
            Exchange { status: Some(503), foreign, ..Exchange::new(verdict, Charge::Unknown) }
        };
        assert!((0..9).all(|_| judged(&proof, page()) == ("later", Charge::Nothing)));
        judged(&proof, Exchange::new(Verdict::Done { reading: Vec::new(), cut: Cut::No }, Charge::Unknown));
        assert_eq!(judged(&proof, page()), ("retry", Charge::Unknown));
    }

    #[test]
    fn after_a_reply_of_the_api_a_page_is_a_passing_error() {
        let proof = EndpointProof::default();
        let done = Exchange::new(Verdict::Done { reading: Vec::new(), cut: Cut::No }, Charge::Unknown);
        assert_eq!(judged(&proof, page()).0, "later");
        assert_eq!(judged(&proof, done), ("other", Charge::Unknown));
        assert!((0..9).all(|_| judged(&proof, page()) == ("retry", Charge::Unknown)), "a gateway may have sent it");
    }

    #[test]
    fn after_an_answer_a_page_that_refuses_concerns_one_request() {
        let proof = EndpointProof::default();
        let refused = || {
            let foreign = Some(Foreign::body("<html>Sign in".into()));
            let verdict = Verdict::stop_or_page("HTTP 404: not found", "");
            Exchange { status: Some(404), foreign, ..Exchange::new(verdict, Charge::Nothing) }
        };
        let done = || Exchange::new(Verdict::Done { reading: Vec::new(), cut: Cut::No }, Charge::Unknown);
        judged(&proof, done());
        assert_eq!(judged(&proof, refused()).0, "retry");
        judged(&proof, done());
        assert_eq!(judged(&proof, refused()).0, "other", "the page's");
        let alone: Vec<_> = (0..3).map(|_| judged(&proof, refused()).0).collect();
        assert_eq!(alone, ["retry", "retry", "other"], "no other page shows it");
        assert_eq!(judged(&EndpointProof::default(), refused()).0, "stop", "before any answer");
    }

    #[test]
    fn errors_without_a_foreign_body_change_nothing() {
        let proof = EndpointProof::default();
        let error = || Exchange::new(Verdict::transient(ErrorKind::ServerError, "500"), Charge::Unknown);
        assert!((0..9).all(|_| judged(&proof, error()) == ("retry", Charge::Unknown)));
        let refused = Exchange {
            foreign: Some(Foreign::body("<html>Sign in".into())),
            ..Exchange::new(Verdict::stop("403", ""), Charge::Nothing)
        };
        assert_eq!(judged(&proof, refused).0, "stop", "at once");
    }

    fn refused(proof: &EndpointProof, page: u64) -> &'static str {
        let mut exchange = Exchange::new(Verdict::stop_or_page("HTTP 403: no", "check it"), Charge::Nothing);
        proof.judge(&mut exchange, "http://x", page);
        match exchange.verdict {
            Verdict::Later { .. } => "later",
            Verdict::Page(_) => "page",
            Verdict::Retry(_) => "retry",
            _ => "stop",
        }
    }

    fn answer(proof: &EndpointProof, page: u64) {
        let mut done = Exchange::new(Verdict::Done { reading: Vec::new(), cut: Cut::No }, Charge::Unknown);
        proof.judge(&mut done, "http://x", page);
    }

    #[test]
    fn a_refusal_concerns_one_page_when_another_is_answered() {
        for (was_proven, pages, expected) in [
            (false, [1, 2, 3], ["later", "later", "stop"]),
            (false, [1, 1, 1], ["later", "later", "stop"]),
            (true, [1, 2, 3], ["later", "later", "stop"]),
            (true, [1, 1, 1], ["later", "later", "page"]),
        ] {
            let proof = EndpointProof::new(was_proven);
            assert_eq!(pages.map(|page| refused(&proof, page)), expected, "{was_proven} {pages:?}");
        }
        let proof = EndpointProof::new(false);
        assert_eq!(refused(&proof, 1), "later");
        answer(&proof, 2);
        assert_eq!([refused(&proof, 1), refused(&proof, 3), refused(&proof, 4)], ["page", "retry", "retry"]);
        answer(&proof, 5);
        assert_eq!([refused(&proof, 3), refused(&proof, 4)], ["page", "page"]);
    }

    /// A key that is revoked in the middle of a run.
    #[test]
    fn many_refused_pages_in_a_row_end_the_run() {
        let proof = EndpointProof::new(false);
        answer(&proof, 0);
        let found: Vec<_> = (1..=9).map(|page| refused(&proof, page)).collect();
        assert_eq!(found, [["retry"; 7].as_slice(), &["stop"; 2]].concat());
        // An answer among them shows that they are pages of their own.
        let proof = EndpointProof::new(false);
        answer(&proof, 0);
        for page in 1..100 {
            assert_eq!(refused(&proof, page), "retry", "{page}");
            if page % 7 == 0 {
                answer(&proof, 1000 + page);
            }
        }
    }
}
