//! What sequences of exchanges show about the form of requests.

use super::*;
use crate::base::vocabulary::ErrorKind;
use crate::catalog::{Effort, OutputLimit};
use crate::provider::form::parameter::{Parameter, Parameters};
use crate::provider::judgement::error_judgement::ErrorJudgement;
use crate::provider::judgement::verdict::{Charge, TransientFault};
use crate::task::TaskFault;
use serde_json::json;

mod guesses;

const TERMS: LearningTerms<'static> =
    LearningTerms { may_raise: true, may_be_page: false, may_try: true, is_stated: &|_| false };

fn done(kind: Option<ErrorKind>) -> Exchange {
    let read = kind.map_or(Ok(json!("a")), |kind| Err(TaskFault::new(kind, "")));
    Exchange::new(Verdict::Done { reading: vec![read], cut: Cut::No }, Charge::Nothing)
}

fn rejected(change: CapabilityChange) -> Exchange {
    let fault =
        TransientFault { kind: ErrorKind::Capability, message: String::new(), change: Some(change), may_run: false };
    Exchange::new(Verdict::Retry(fault), Charge::Nothing)
}

fn sent(capabilities: Capabilities, is_described: bool) -> SentForm {
    SentForm { capabilities, parameters: Parameters::from_list(&Parameter::ALL), is_described, ..SentForm::first() }
}

/// The endpoint and a request in the current form.
struct Endpoint {
    learner: FormLearner,
    known: Capabilities,
}

impl Endpoint {
    fn new() -> Self {
        Self { learner: FormLearner::default(), known: Capabilities::default() }
    }

    fn reply(&mut self, exchange: &Exchange) -> FormChange {
        let is_described = !(self.known.is_proven || self.known.follows_schema) || self.known.needs_description();
        let change = self.learner.judge(exchange, sent(self.known, is_described), self.known, TERMS);
        if let Some(capabilities) = change.capabilities() {
            self.known = capabilities;
        }
        change
    }
}

#[test]
fn a_form_is_proven_with_and_then_without_a_description() {
    let mut endpoint = Endpoint::new();
    endpoint.reply(&done(None));
    assert!(endpoint.known.is_proven && !endpoint.known.follows_schema && !endpoint.known.is_understood());
    endpoint.reply(&done(None));
    assert!(endpoint.known.is_understood());
    assert_eq!(endpoint.reply(&done(None)), FormChange::None);
}

#[test]
fn a_schema_that_is_ignored_goes_into_the_prompt() {
    let mut endpoint = Endpoint::new();
    endpoint.reply(&done(None));
    // Without its description the next reply is another object.
    endpoint.reply(&done(Some(ErrorKind::Missing)));
    assert!(endpoint.known.has_schema_in_prompt && endpoint.known.is_understood());
    let mut never_valid = Endpoint::new();
    for expected in [false, false, true] {
        never_valid.reply(&done(Some(ErrorKind::NotJson)));
        assert_eq!(never_valid.known.has_schema_in_prompt, expected);
    }
    let mut other_faults = Endpoint::new();
    for _ in 0..9 {
        assert_eq!(other_faults.reply(&done(Some(ErrorKind::TooManyLabels))), FormChange::None);
    }
    // One answer of several, and values that no strict schema allows.
    let breaks = || TaskFault::new(ErrorKind::WrongLabel, "").breaking_schema();
    let half = vec![Ok(json!("a")), Err(breaks())];
    let half = Exchange::new(Verdict::Done { reading: half, cut: Cut::No }, Charge::Nothing);
    let mut wrong_values = Endpoint::new();
    for expected in [false, false, true] {
        wrong_values.reply(&half);
        assert_eq!(wrong_values.known.has_schema_in_prompt, expected);
    }
    let follows_schema = Capabilities::of_model(crate::catalog::model_facts("gpt-4o-mini"));
    let mut known = Endpoint { known: follows_schema, ..Endpoint::new() };
    for kind in [ErrorKind::NotJson, ErrorKind::NotJson] {
        known.reply(&done(Some(kind)));
    }
    known.reply(&done(None));
    known.reply(&done(Some(ErrorKind::NotJson)));
    assert!(!known.known.has_schema_in_prompt, "a valid reply is between them");
}

#[test]
fn repairs_of_one_odd_page_do_not_count_where_schemas_are_followed() {
    let known = Capabilities::default().proven(true);
    let learner = FormLearner::default();
    let odd = done(Some(ErrorKind::NotJson));
    let repair = SentForm { is_first: false, ..sent(known, false) };
    for _ in 0..9 {
        assert_eq!(learner.judge(&odd, repair, known, TERMS), FormChange::None);
    }
    let varied = SentForm { is_usual: false, ..sent(known, false) };
    assert_eq!(learner.judge(&odd, varied, known, TERMS), FormChange::None);
    let pages: Vec<_> = (0..3).map(|_| learner.judge(&odd, sent(known, false), known, TERMS)).collect();
    assert!(matches!(pages[..], [FormChange::None, FormChange::None, FormChange::Changed { .. }]), "{pages:?}");
}

#[test]
fn a_change_is_made_once() {
    let change = CapabilityChange::Omit(Parameter::StreamOptions);
    let mut endpoint = Endpoint::new();
    let before = endpoint.known;
    assert!(matches!(endpoint.reply(&rejected(change)), FormChange::Changed { .. }));
    assert_eq!(endpoint.reply(&rejected(change)), FormChange::Exhausted(change));
    // A request that was sent before the change gets the same error.
    let late = endpoint.learner.judge(&rejected(change), sent(before, false), endpoint.known, TERMS);
    assert_eq!(late, FormChange::AlreadyMade);
}

/// What a sequence of exchanges about pages means: `Ok` for a valid reply.
fn judged(known: Capabilities, exchanges: &[Result<u64, (u64, CapabilityChange)>]) -> Vec<&'static str> {
    let learner = FormLearner::default();
    let mut now = known;
    let judge = |exchange: &Result<u64, (u64, CapabilityChange)>| {
        let (page, exchange) = match *exchange {
            Ok(page) => (page, done(None)),
            Err((page, change)) => (page, rejected(change)),
        };
        let form = learner.judge(&exchange, SentForm { page, ..sent(now, false) }, now, TERMS);
        now = form.capabilities().unwrap_or(now);
        match form {
            FormChange::Changed { .. } => "changed",
            FormChange::Proven { .. } => "proven",
            FormChange::Trying(_) => "trying",
            FormChange::Reverted(_) => "back",
            FormChange::None => "none",
            FormChange::AlreadyMade => "already",
            FormChange::Exhausted(_) => "page",
            FormChange::Doubted => "doubted",
            FormChange::PageWithoutFormat => "alone",
        }
    };
    exchanges.iter().map(judge).collect()
}

#[test]
fn a_form_that_has_worked_is_changed_by_the_errors_of_two_pages() {
    let (format, limit) = (CapabilityChange::WeakerFormat, CapabilityChange::OutputFactor);
    let proven = Capabilities::default().proven(true);
    let bad = |page| Err((page, format));
    for (exchanges, expected) in [
        // Two pages, one after the other.
        (vec![bad(1), bad(2), Ok(3)], vec!["doubted", "changed", "none"]),
        // One page that is answered never shows it.
        (
            vec![bad(1), Ok(2), bad(1), Ok(3), bad(4), Ok(5), bad(4)],
            vec!["doubted", "none", "alone", "none", "doubted", "none", "alone"],
        ),
        // Two odd pages between others.
        (
            vec![bad(1), Ok(3), bad(2), bad(1), Ok(4), bad(2)],
            vec!["doubted", "none", "doubted", "alone", "none", "alone"],
        ),
        // A page that is alone.
        (vec![bad(1), bad(1), bad(1)], vec!["doubted", "doubted", "changed"]),
        // The next form has not worked yet.
        (vec![bad(1), bad(2), bad(1)], vec!["doubted", "changed", "changed"]),
        // What a reply shows is learned at once.
        (vec![Ok(1), Err((2, limit))], vec!["none", "changed"]),
    ] {
        assert_eq!(judged(proven, &exchanges), expected, "{exchanges:?}");
    }
    assert_eq!(judged(Capabilities::default(), &[bad(1), bad(1)]), ["changed", "changed"], "it never worked");
    assert_eq!(judged(Capabilities::default(), &[Ok(1), bad(2)]), ["proven", "doubted"]);
}

#[test]
fn what_can_be_left_out_is_left_out_at_the_second_error() {
    let omit = CapabilityChange::Omit(Parameter::Temperature);
    let effort = |names: &[Effort]| CapabilityChange::Effort(names.iter().copied().collect());
    let proven = Capabilities::default().proven(true);
    for (exchanges, expected) in [
        // Some pages, or one of two routes, with answers in between.
        (vec![Err((1, omit)), Ok(2), Ok(3), Err((4, omit)), Ok(1), Ok(4)], "doubted none none changed none proven"),
        (vec![Err((1, omit)), Ok(2), Err((1, omit)), Ok(1)], "doubted none changed proven"),
        (vec![Err((1, omit)), Ok(1), Ok(2), Err((3, omit))], "doubted none none changed"),
        (vec![Err((1, omit)), Err((1, omit))], "doubted changed"),
        (
            vec![
                Err((1, CapabilityChange::RenameOutputLimit(None))),
                Ok(2),
                Err((1, CapabilityChange::RenameOutputLimit(None))),
            ],
            "doubted none changed",
        ),
        (
            vec![Err((1, effort(&[Effort::Low]))), Ok(2), Err((3, effort(&[Effort::Low, Effort::High])))],
            "doubted none changed",
        ),
        // Another parameter is another doubt.
        (
            vec![Err((1, omit)), Ok(2), Err((3, CapabilityChange::Omit(Parameter::Detail))), Ok(3)],
            "doubted none doubted none",
        ),
        (vec![Err((1, omit)), Err((1, CapabilityChange::DisableThinking))], "doubted doubted"),
    ] {
        assert_eq!(judged(proven, &exchanges).join(" "), expected, "{exchanges:?}");
    }
    // Words that may mean the page.
    let learner = FormLearner::default();
    let terms = LearningTerms { may_be_page: true, ..TERMS };
    let exchange = rejected(effort(&[Effort::Low]));
    learner.judge(&exchange, sent(proven, false), proven, terms);
    learner.judge(&done(None), SentForm { page: 2, ..sent(proven, false) }, proven, terms);
    let found = learner.judge(&exchange, sent(proven, false), proven, terms);
    assert!(matches!(found, FormChange::Exhausted(CapabilityChange::Effort(_))), "{found:?}");
}

#[test]
fn a_stated_output_limit_is_not_raised() {
    let learner = FormLearner::default();
    let known = Capabilities::default();
    let exchange = rejected(CapabilityChange::OutputFactor);
    let found = learner.judge(&exchange, sent(known, false), known, LearningTerms { may_raise: false, ..TERMS });
    assert_eq!(found, FormChange::Exhausted(CapabilityChange::OutputFactor));
    assert!(matches!(learner.judge(&exchange, sent(known, false), known, TERMS), FormChange::Changed { .. }));
}

/// A server and a learner: what it rejects with which words, and how the learner continues.
struct Server<'a> {
    rejects: &'a dyn Fn(&SentForm) -> Option<Verdict>,
}

/// The words of errors that reject several things by their names.
const NAMED: &str = "HTTP 400: not supported: ";

impl Server<'_> {
    /// Asks for a page until it is answered or failed. Returns the parameters that are left out in the end, what
    /// else has changed, and the number of requests.
    fn ask(&self, learner: &FormLearner, known: &mut Capabilities, page: u64) -> (String, usize) {
        for requests in 1..40 {
            let (refuted, is_candidate) = (learner.refuted(), learner.is_searching());
            let sent = SentForm { page, refuted, is_candidate, ..sent(*known, true) };
            let sent = SentForm { max_reply_tokens: known.max_output.unwrap_or(9000), ..sent };
            let exchange = match (self.rejects)(&sent) {
                Some(verdict) => {
                    let rejects_named = verdict.message().is_some_and(|text| text.starts_with(NAMED)) && !is_candidate;
                    Exchange { rejects_named, names_several: true, ..Exchange::new(verdict, Charge::Nothing) }
                }
                None => done(None),
            };
            let form = learner.judge(&exchange, sent, *known, TERMS);
            *known = form.capabilities().unwrap_or(*known);
            let is_over = match &exchange.verdict {
                Verdict::Done { .. } => true,
                Verdict::Page(_) => !form.asks_again(),
                _ => false,
            };
            if is_over {
                let mut changed: Vec<&str> = known.omitted.names().collect();
                let other = [
                    (known.format == ReplyFormat::Object, "object"),
                    (known.format == ReplyFormat::Plain, "plain"),
                    (known.max_completion_tokens, "renamed"),
                    (known.max_output.is_some(), "less"),
                    (matches!(exchange.verdict, Verdict::Page(_)), "failed"),
                ];
                changed.extend(other.iter().filter_map(|(is_so, name)| is_so.then_some(*name)));
                return (changed.join(" "), requests);
            }
        }
        panic!("without end");
    }
}

/// Whether a server rejects a request of this form.
type Rejects<'a> = &'a dyn Fn(&SentForm) -> bool;

/// The next page, asked in the original form, confirms a finding: the server may have failed only temporarily.
#[test]
fn what_an_endpoint_rejects_without_naming_it_is_found() {
    let no = || Some(Verdict::page_fault(ErrorKind::BadRequest, "HTTP 400: computer says no"));
    let sends = |sent: &SentForm, parameter| sent.capabilities.sends(parameter);
    let cases: &[(&str, Rejects<'_>)] = &[
        ("temperature", &|sent| sends(sent, Parameter::Temperature)),
        ("renamed", &|sent| !sent.capabilities.max_completion_tokens),
        ("uniqueItems maxItems maxLength", &|sent| sends(sent, Parameter::MaxItems)),
        ("object", &|sent| sent.capabilities.format == ReplyFormat::Schema),
        ("plain", &|sent| sent.capabilities.format != ReplyFormat::Plain),
        ("system_message", &|sent| sends(sent, Parameter::SystemMessage)),
        ("less", &|sent| sent.max_reply_tokens > 5000),
    ];
    for (expected, rejects) in cases {
        let server = Server { rejects: &|sent| if rejects(sent) { no() } else { None } };
        let (learner, mut known) = (FormLearner::default(), Capabilities::default());
        let (found, requests) = server.ask(&learner, &mut known, 1);
        assert!(found.is_empty() && !known.is_proven && requests <= 20, "{expected}: {found} {requests}");
        for (page, requests) in [(2, 2), (3, 1)] {
            assert_eq!(server.ask(&learner, &mut known, page), ((*expected).to_owned(), requests), "{page}");
            assert!(known.is_proven);
        }
    }
    // Two things together.
    let rejects =
        |sent: &SentForm| sends(sent, Parameter::Temperature) || sent.capabilities.format != ReplyFormat::Plain;
    let server = Server { rejects: &|sent| if rejects(sent) { no() } else { None } };
    let (learner, mut known) = (FormLearner::default(), Capabilities::default());
    server.ask(&learner, &mut known, 1);
    let (found, _) = server.ask(&learner, &mut known, 2);
    assert!(found.contains("temperature") && found.contains("plain") && !found.contains("failed"), "{found}");
    // Nothing helps.
    let server = Server { rejects: &|_| no() };
    let (learner, mut known) = (FormLearner::default(), Capabilities::default());
    let (found, requests) = server.ask(&learner, &mut known, 1);
    assert!(found == "failed" && requests <= 20 && known.has_form_of(Capabilities::default()), "{found} {requests}");
    assert_eq!(server.ask(&learner, &mut known, 2), ("failed".to_owned(), 1));
}

/// The server knows only `max_tokens`, and rejects the format in words that may be about the limit.
#[test]
fn a_name_that_is_only_tried_does_not_cost_the_limit() {
    let rejects = |sent: &SentForm| {
        let limit = sent.capabilities.limit_name();
        if limit == OutputLimit::MaxCompletionTokens {
            let change = CapabilityChange::RenameOutputLimit(Some(limit));
            let verdict = rejected(change).verdict;
            let judgement = ErrorJudgement {
                named_changes: vec![change],
                ..ErrorJudgement::naming_nothing(verdict, Charge::Nothing)
            };
            return Some(judgement.in_view_of(sent).0);
        }
        let is_rejected = sent.capabilities.format != ReplyFormat::Plain;
        is_rejected.then(|| Verdict::page_fault(ErrorKind::BadRequest, "HTTP 400: bad completion tokens"))
    };
    let (learner, mut known) = (FormLearner::default(), Capabilities::default());
    let server = Server { rejects: &rejects };
    server.ask(&learner, &mut known, 1);
    assert_eq!(server.ask(&learner, &mut known, 2), ("plain".to_owned(), 2));
    assert!(known.sends(Parameter::OutputLimit));
}

/// One bad page does not change the form for all.
#[test]
fn an_error_of_the_first_page_changes_nothing() {
    let error = || Some(Verdict::page_fault(ErrorKind::BadRequest, "HTTP 400: bad page"));
    let server = Server { rejects: &|sent| if sent.page == 1 { error() } else { None } };
    let (learner, mut known) = (FormLearner::default(), Capabilities::default());
    assert_eq!(server.ask(&learner, &mut known, 1).0, "failed");
    assert!(known.has_form_of(Capabilities::default()));
    assert_eq!(server.ask(&learner, &mut known, 2), (String::new(), 1));
    // A failure for a moment.
    let times = Cell::new(0);
    let once = |_: &SentForm| {
        times.set(times.get() + 1);
        if times.get() == 1 { error() } else { None }
    };
    let found = Server { rejects: &once }.ask(&FormLearner::default(), &mut Capabilities::default(), 1);
    assert_eq!(found, (String::new(), 2));
}

/// An error that names several things, one of which is rejected: changes that do not help are reverted.
#[test]
fn changes_that_do_not_help_are_taken_back() {
    use CapabilityChange::{Omit, RenameOutputLimit, WeakerFormat};
    let named = [RenameOutputLimit(None), WeakerFormat, Omit(Parameter::Temperature)];
    // In the words that the server always uses, and with which it rejects the temperature.
    let message = "HTTP 400: max_tokens and response_format are fine, but temperature ...";
    let rejects = |sent: &SentForm| {
        let is_rejected = sent.capabilities.sends(Parameter::Temperature);
        let page = Verdict::page_fault(ErrorKind::BadRequest, message);
        let judgement =
            ErrorJudgement { named_changes: named.to_vec(), ..ErrorJudgement::naming_nothing(page, Charge::Nothing) };
        is_rejected.then(|| judgement.in_view_of(sent).0)
    };
    let (learner, mut known) = (FormLearner::default(), Capabilities::default());
    let (found, requests) = Server { rejects: &rejects }.ask(&learner, &mut known, 1);
    assert!(found.contains("temperature") && requests <= 6, "{found} {requests}");
    // The last of them was enough.
    assert_eq!(Server { rejects: &rejects }.ask(&learner, &mut known, 2), ("temperature".to_owned(), 1));
}

/// The named parameter is not the rejected one: it is unchanged when the search begins.
#[test]
fn a_search_begins_with_what_was_taken_back() {
    let rejects = |sent: &SentForm| {
        let page = Verdict::page_fault(ErrorKind::BadRequest, "HTTP 400: a max_tokens is best, like 4096 tokens");
        let named_changes = vec![CapabilityChange::RenameOutputLimit(None)];
        let judgement = ErrorJudgement { named_changes, ..ErrorJudgement::naming_nothing(page, Charge::Nothing) };
        (sent.max_reply_tokens > 4096).then(|| judgement.in_view_of(sent).0)
    };
    let (learner, mut known) = (FormLearner::default(), Capabilities::default());
    let server = Server { rejects: &rejects };
    server.ask(&learner, &mut known, 1);
    assert_eq!(server.ask(&learner, &mut known, 2), ("less".to_owned(), 2));
}
