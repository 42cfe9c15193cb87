//! The proof from sequences of replies: of the API, of something else, and refusals.

use super::*;
use crate::provider::judgement::verdict::Cut;

fn page() -> Exchange {
    Exchange { status: Some(200), ..Exchange::from_foreign_body("<html>Sign in".into()) }
}

fn judged(proof: &EndpointProof, mut exchange: Exchange) -> (&'static str, Charge) {
    proof.judge(&mut exchange, "http://x/v1/chat/completions", 1, Duration::ZERO);
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

/// An API may break a stream off before its first event; something else may send nothing but comments.
#[test]
fn a_stream_without_events_is_of_the_api_once_there_is_one() {
    let cut = || Exchange { status: Some(200), ..Exchange::from_stream_without_events("<html>Sign in".into()) };
    let found: Vec<_> = (0..3).map(|_| judged(&EndpointProof::default(), cut())).collect();
    assert_eq!(found, [("later", Charge::Nothing); 3]);
    let proof = EndpointProof::default();
    let found: Vec<_> = (0..3).map(|_| judged(&proof, cut())).collect();
    assert_eq!(found, ["later", "later", "stop"].map(|name| (name, Charge::Nothing)));
    for proof in [EndpointProof::new(true), EndpointProof::default()] {
        answer(&proof, 0);
        let found: Vec<_> = (0..9).map(|_| judged(&proof, cut())).collect();
        assert_eq!(found, [("retry", Charge::Unknown); 9]);
    }
    assert_eq!(judged(&EndpointProof::new(true), cut()), ("retry", Charge::Unknown), "it answered in an earlier run");
}

#[test]
fn what_may_be_an_outage_is_waited_for() {
    let proof = EndpointProof::default();
    let judge = || {
        let verdict = Verdict::transient(ErrorKind::Reset, "closed");
        let closed = Foreign { may_be_outage: true, ..Foreign::body("closed".into()) };
        let mut exchange = Exchange { foreign: Some(closed), ..Exchange::new(verdict, Charge::Unknown) };
        proof.judge(&mut exchange, "http://x", 1, Duration::ZERO);
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
    let found: Vec<_> = (0..5).map(|_| judged(&proof, page())).collect();
    let (waits, fails) = (("later", Charge::Unknown), ("retry", Charge::Unknown));
    assert_eq!(found, [waits, waits, waits, fails, fails], "no other page shows more than this");
}

/// What becomes of a page when something else replies to it.
fn interrupt(proof: &EndpointProof, number: u64) -> (&'static str, Charge) {
    interrupt_sent(proof, number, Duration::ZERO)
}

/// The same of a request that was sent at `sent` and took a second.
fn interrupt_sent(proof: &EndpointProof, number: u64, sent: Duration) -> (&'static str, Charge) {
    let latency = if sent.is_zero() { Duration::ZERO } else { Duration::from_secs(1) };
    let mut exchange = Exchange { latency, ..page() };
    proof.judge(&mut exchange, "http://x/v1", number, sent);
    let name = match exchange.verdict {
        Verdict::Later { .. } => "later",
        Verdict::Retry(_) => "retry",
        Verdict::Stop(refusal) => {
            let beginning = "http://x/v1 no longer replies as a chat completions API; it replied with HTTP 200: ";
            assert!(refusal.message.starts_with(beginning), "{}", refusal.message);
            assert!(!refusal.may_be_page() && refusal.hint.contains("run again"));
            "stop"
        }
        _ => "other",
    };
    (name, exchange.charge)
}

/// A login that expires in the middle of a run.
#[test]
fn something_else_that_replies_to_several_pages_in_a_row_ends_the_run() {
    for pages in [[1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 1, 2, 1, 2, 1, 2], [1, 1, 1, 2, 2, 2, 2, 2]] {
        let proof = EndpointProof::new(true);
        answer(&proof, 0);
        let found = pages.map(|page| interrupt(&proof, page));
        let expected = ["later", "later", "later", "later", "later", "later", "later", "stop"];
        assert_eq!(found, expected.map(|name| (name, Charge::Unknown)), "{pages:?}: it may have executed them");
    }
    // Answers that were under way when it began delay the end by little.
    let proof = EndpointProof::new(false);
    answer(&proof, 0);
    for page in 1..5 {
        assert_eq!(interrupt(&proof, page).0, "later");
        answer(&proof, 100 + page);
    }
    let found: Vec<_> = (1..9).map(|page| interrupt(&proof, page).0).collect();
    assert_eq!(found.last(), Some(&"stop"), "{found:?}");
    assert!(!found.contains(&"retry"), "{found:?}");
}

/// What lasts a second and replies to all requests in flight does not end the run.
#[test]
fn requests_in_flight_together_meet_something_else_once() {
    let proof = EndpointProof::new(true);
    answer(&proof, 0);
    let at = |seconds: u64, page: u64| interrupt_sent(&proof, page, Duration::from_secs(seconds)).0;
    assert!((1..=16).all(|page| at(10, page) == "later"));
    answer(&proof, 0);
    assert!((1..=16).all(|page| at(20, page) == "later"));
    // The run waits, and asks one page after another.
    assert_eq!([(22, 1), (25, 2), (30, 3)].map(|(sent, page)| at(sent, page)), ["later", "later", "stop"]);
}

/// Error pages of a gateway whose server is down, and errors of the API in between.
#[test]
fn outages_in_the_middle_of_a_run_are_errors_that_pass() {
    let outage = |status: u16| {
        let verdict = Verdict::transient(ErrorKind::ServerError, "HTTP 520");
        let foreign = Some(Foreign::body("<html>Sign in".into()));
        Exchange { status: Some(status), foreign, ..Exchange::new(verdict, Charge::Unknown) }
    };
    for (status, expected) in [(500, "retry"), (520, "retry"), (530, "retry"), (511, "later"), (200, "later")] {
        let proof = EndpointProof::new(true);
        answer(&proof, 0);
        assert_eq!(judged(&proof, outage(status)).0, expected, "{status}");
    }
    let proof = EndpointProof::new(true);
    answer(&proof, 0);
    for page in 1..20 {
        assert_eq!(interrupt(&proof, page).0, "later", "{page}");
        let throttled = Verdict::later(Obstacle::RateLimit, "HTTP 429");
        let mut throttled = Exchange { status: Some(429), ..Exchange::new(throttled, Charge::Nothing) };
        proof.judge(&mut throttled, "http://x", page, Duration::ZERO);
    }
}

/// Something in between that does not let single pages through.
#[test]
fn something_else_that_replies_to_one_page_only_does_not_end_the_run() {
    let proof = EndpointProof::new(false);
    answer(&proof, 0);
    for _ in 0..2 {
        assert_eq!([1, 2].map(|page| interrupt(&proof, page)), [("later", Charge::Unknown); 2]);
        answer(&proof, 100);
    }
    for _ in 0..20 {
        assert_eq!([1, 2].map(|page| interrupt(&proof, page)), [("retry", Charge::Unknown); 2]);
    }
    // The others still show that all are concerned.
    let found: Vec<_> = (3..11).map(|page| interrupt(&proof, page).0).collect();
    assert_eq!(found.last(), Some(&"stop"), "{found:?}");
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
    let first = EndpointProof::default();
    let before_any_answer: Vec<_> = (0..3).map(|_| judged(&first, refused()).0).collect();
    assert_eq!(before_any_answer, ["later", "later", "stop"], "a firewall may refuse the first page");
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
    proof.judge(&mut exchange, "http://x", page, Duration::ZERO);
    match exchange.verdict {
        Verdict::Later { .. } => "later",
        Verdict::Page(_) => "page",
        Verdict::Retry(_) => "retry",
        _ => "stop",
    }
}

fn answer(proof: &EndpointProof, page: u64) {
    let mut done = Exchange::new(Verdict::Done { reading: Vec::new(), cut: Cut::No }, Charge::Unknown);
    proof.judge(&mut done, "http://x", page, Duration::ZERO);
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
    // An answer that was under way when the first ones were refused shows nothing.
    let proof = EndpointProof::new(false);
    answer(&proof, 0);
    assert_eq!([refused(&proof, 1), refused(&proof, 2)], ["retry", "retry"]);
    answer(&proof, 100);
    assert_eq!([refused(&proof, 3), refused(&proof, 4)], ["retry", "retry"]);
    let found: Vec<_> = [1, 2, 5, 6, 7, 8].map(|page| refused(&proof, page)).into();
    assert_eq!(found, ["retry", "retry", "retry", "retry", "retry", "stop"]);
    // An answer among them shows that the refusals concern single pages.
    let proof = EndpointProof::new(false);
    answer(&proof, 0);
    for page in 1..100 {
        assert_eq!(refused(&proof, page), "retry", "{page}");
        if page % 7 == 0 {
            answer(&proof, 1000 + page);
        }
    }
}

/// What becomes of a page that is refused at `at`, in words that may be about credit.
fn without_credit(proof: &EndpointProof, page: u64, at: Duration) -> String {
    let refusal = Verdict::no_credit_or_page("HTTP 400: the wallet is empty", "add credit");
    refused_at(proof, page, at, refusal)
}

fn refused_at(proof: &EndpointProof, page: u64, at: Duration, refusal: Verdict) -> String {
    let mut exchange = Exchange::new(refusal, Charge::Nothing);
    proof.judge(&mut exchange, "http://x", page, at);
    let end = match exchange.verdict {
        Verdict::Later { .. } => "later".to_owned(),
        Verdict::Page(_) => "page".to_owned(),
        Verdict::Retry(_) => "retry".to_owned(),
        Verdict::Stop(refusal) => refusal.hint,
        Verdict::Done { .. } => "done".to_owned(),
    };
    if exchange.is_scope_unknown { format!("{end}, undecided") } else { end }
}

/// The last pages of a run, when the account's credit runs out.
#[test]
fn few_pages_without_credit_end_the_run_once_each_was_refused_again_and_again() {
    let now = Duration::ZERO;
    let proof = EndpointProof::new(false);
    answer(&proof, 0);
    let found: Vec<String> = [1, 2, 1, 2, 1, 2].map(|page| without_credit(&proof, page, now)).into();
    assert_eq!(found, [["retry, undecided"; 5].as_slice(), &["add credit"]].concat());
    // One of them is refused in other words, and the end still names credit.
    let proof = EndpointProof::new(false);
    answer(&proof, 0);
    let forbidden = || Verdict::stop_or_page("HTTP 403", "check it");
    let mut found = Vec::new();
    for _ in 0..3 {
        found.push(without_credit(&proof, 1, now));
        found.push(refused_at(&proof, 2, now, forbidden()));
    }
    assert_eq!(found, [["retry, undecided"; 5].as_slice(), &["add credit"]].concat());
    // A page that is no longer asked does not keep the others.
    let proof = EndpointProof::new(false);
    answer(&proof, 0);
    without_credit(&proof, 1, now);
    let found: Vec<String> = (0..6).map(|_| without_credit(&proof, 2, now)).collect();
    assert_eq!(found, [["retry, undecided"; 5].as_slice(), &["add credit"]].concat());
    // A single refused page has its own reasons, whatever the words are.
    let proof = EndpointProof::new(false);
    answer(&proof, 0);
    let found: Vec<String> = (0..3).map(|_| without_credit(&proof, 1, now)).collect();
    assert_eq!(found, ["retry, undecided", "retry, undecided", "page"]);
    let proof = EndpointProof::new(true);
    let found: Vec<String> = (0..3).map(|_| without_credit(&proof, 1, now)).collect();
    assert_eq!(found, ["later", "later", "page"]);
    let proof = EndpointProof::new(false);
    answer(&proof, 0);
    let found: Vec<String> = (0..3).map(|_| refused_at(&proof, 1, now, forbidden())).collect();
    assert_eq!(found, ["retry, undecided", "retry, undecided", "page"]);
}

#[test]
fn an_answer_that_was_under_way_does_not_show_that_a_refusal_is_the_pages() {
    let at = Duration::from_secs;
    let answer_sent = |proof: &EndpointProof, seconds: u64| {
        let mut done = Exchange::new(Verdict::Done { reading: Vec::new(), cut: Cut::No }, Charge::Unknown);
        proof.judge(&mut done, "http://x", 9, at(seconds));
    };
    let proof = EndpointProof::new(false);
    answer_sent(&proof, 0);
    assert_eq!(without_credit(&proof, 1, at(2)), "retry, undecided");
    answer_sent(&proof, 1);
    assert_eq!(without_credit(&proof, 1, at(3)), "retry, undecided", "it was sent before");
    answer_sent(&proof, 4);
    assert_eq!(without_credit(&proof, 1, at(5)), "page");
}
