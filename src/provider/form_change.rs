//! What an exchange shows about the form of requests: a parameter that the endpoint rejects, a schema
//! that it ignores, a form that is proven.

use super::capability::{Capabilities, ReplyFormat};
use super::capability_change::CapabilityChange;
use super::exchange::Exchange;
use super::sent_form::SentForm;
use super::verdict::{Cut, Verdict};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

/// What an exchange means for the form of requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FormChange {
    /// Nothing.
    None,
    /// Later requests have another form. `what`: the change, unless the form is only proven.
    Changed {
        /// What the endpoint is believed to accept from now on.
        capabilities: Capabilities,
        /// What changes.
        what: Option<CapabilityChange>,
    },
    /// Another attempt has brought a change since the request was sent.
    AlreadyMade,
    /// The change was made before, and the error is the same; or pages are answered in this form.
    Exhausted(CapabilityChange),
    /// The error may concern only its page: the page is asked again, and others show it.
    Doubted,
    /// Other pages are answered in this form, but the endpoint rejects its format for this page: only the page
    /// is asked without a format.
    PageWithoutFormat,
}

/// How far an exchange may change the form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LearningTerms {
    /// Whether the output limit may be raised, because the manifest does not state it.
    pub(crate) may_raise: bool,
    /// Whether the words of an error may mean its page rather than the value that it asks to change.
    pub(crate) may_be_page: bool,
}

/// Replies in a row that are not the requested object, after which the schema goes into the prompt.
const MAX_IGNORED: u32 = 3;

/// Errors of one page in a form that has worked, after which it is not accepted any more although no other
/// page shows that.
const MAX_DOUBTS: u32 = 3;

/// The same for a change after which requests ask for the same.
const MAX_NEUTRAL_DOUBTS: u32 = 2;

/// Learns the form from exchanges.
#[derive(Debug, Default)]
pub(crate) struct FormLearner {
    /// Replies in a row that are not the requested object although a schema was sent.
    ignored: Cell<u32>,
    /// Valid replies in the form of now.
    valid: Cell<u64>,
    /// Whether the form has changed in this run.
    has_changed: Cell<bool>,
    /// Pages with errors about a form that has worked.
    doubts: RefCell<HashMap<u64, Vec<Doubt>>>,
}

/// Errors of a page about one thing of the form.
#[derive(Clone, Copy, Debug)]
struct Doubt {
    change: CapabilityChange,
    /// How many.
    errors: u32,
    /// Valid replies before the first.
    valid: u64,
}

/// What errors about a form that has worked mean.
enum Evidence {
    /// The form is not accepted any more.
    Form,
    /// It is the page.
    Page,
    /// Not known yet.
    Unclear,
}

impl FormLearner {
    /// What an exchange shows. `known`: what the endpoint is believed to accept now.
    pub(crate) fn judge(
        &self,
        exchange: &Exchange,
        sent: SentForm,
        known: Capabilities,
        terms: LearningTerms,
    ) -> FormChange {
        let is_same = known.has_form_of(sent.capabilities);
        let change = match &exchange.verdict {
            Verdict::Retry(fault) => match fault.change {
                Some(CapabilityChange::OutputFactor) if !terms.may_raise => {
                    return FormChange::Exhausted(CapabilityChange::OutputFactor);
                }
                Some(change) => change,
                None => return FormChange::None,
            },
            Verdict::Done { cut: Cut::No, reading } => {
                if reading.iter().all(Result::is_ok) {
                    self.ignored.set(0);
                    self.valid.set(self.valid.get() + u64::from(is_same));
                    return proven(sent, known);
                }
                // No part of a reply that follows a strict schema contradicts it.
                let is_ignored = reading.iter().any(|read| read.as_ref().is_err_and(|fault| fault.breaks_schema));
                let is_schema = sent.is_usual
                    && sent.capabilities.format == ReplyFormat::Schema
                    && !sent.capabilities.has_schema_in_prompt;
                // Where schemas were followed before, one odd page is not enough.
                let counts = sent.is_first || !known.is_understood();
                if !is_schema || !is_ignored || !counts {
                    return FormChange::None;
                }
                self.ignored.set(self.ignored.get() + 1);
                // With the description the same endpoint replied as requested.
                let is_certain = known.is_proven && !known.follows_schema && !sent.is_described;
                if !is_certain && self.ignored.get() < MAX_IGNORED {
                    return FormChange::None;
                }
                CapabilityChange::SchemaInPrompt
            }
            _ => return FormChange::None,
        };
        match (sent.capabilities.with(change), known.with(change)) {
            _ if !is_same => FormChange::AlreadyMade,
            (Some(_), Some(capabilities)) => match self.evidence(change, sent.page, known, terms) {
                Evidence::Unclear => FormChange::Doubted,
                Evidence::Page if change.is_of_format() => FormChange::PageWithoutFormat,
                Evidence::Page => FormChange::Exhausted(change),
                Evidence::Form => {
                    self.ignored.set(0);
                    self.valid.set(0);
                    self.has_changed.set(true);
                    self.doubts.borrow_mut().clear();
                    FormChange::Changed { capabilities, what: Some(change) }
                }
            },
            _ => FormChange::Exhausted(change),
        }
    }

    /// Whether an error about a parameter concerns the form of all requests. If the form has worked, one
    /// page's error does not show it: the error of a second page does, or that of the same page again and
    /// again, as long as no page is answered in the meantime. What can be left out or renamed is so at the second
    /// error, whatever was answered: some pages, or some of the servers behind the endpoint, reject it.
    fn evidence(&self, change: CapabilityChange, page: u64, known: Capabilities, terms: LearningTerms) -> Evidence {
        let has_worked = self.valid.get() > 0 || known.is_proven && !self.has_changed.get();
        let is_of_replies = matches!(
            change,
            CapabilityChange::OutputFactor
                | CapabilityChange::MaxOutput(_)
                | CapabilityChange::MinOutput(_)
                | CapabilityChange::SchemaInPrompt
        );
        if !has_worked || is_of_replies {
            return Evidence::Form;
        }
        let is_neutral = change.is_neutral() && !terms.may_be_page;
        // Another route may list other efforts.
        let is_same = |doubt: &Doubt| match change.parameter() {
            Some(parameter) => doubt.change.parameter() == Some(parameter),
            None => doubt.change == change,
        };
        let valid = self.valid.get();
        let mut doubts = self.doubts.borrow_mut();
        let confirms = |doubt: &Doubt| is_same(doubt) && (is_neutral || doubt.valid == valid);
        let is_confirmed = doubts.iter().any(|(other, doubts)| *other != page && doubts.iter().any(confirms));
        let of_page = doubts.entry(page).or_default();
        let at = of_page.iter().position(is_same).unwrap_or_else(|| {
            of_page.push(Doubt { change, errors: 0, valid });
            of_page.len() - 1
        });
        let doubt = &mut of_page[at];
        doubt.errors += 1;
        if !is_neutral && valid > doubt.valid {
            of_page.remove(at);
            return Evidence::Page;
        }
        let max_doubts = if is_neutral { MAX_NEUTRAL_DOUBTS } else { MAX_DOUBTS };
        if is_confirmed || doubt.errors >= max_doubts { Evidence::Form } else { Evidence::Unclear }
    }
}

/// A valid reply proves the form of its request.
fn proven(sent: SentForm, known: Capabilities) -> FormChange {
    let follows_schema = known.follows_schema || sent.capabilities.format == ReplyFormat::Schema && !sent.is_described;
    let capabilities = known.proven(follows_schema);
    if capabilities == known { FormChange::None } else { FormChange::Changed { capabilities, what: None } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::vocabulary::ErrorKind;
    use crate::catalog::Effort;
    use crate::provider::parameter::{Parameter, Parameters};
    use crate::provider::verdict::{Charge, TransientFault};
    use crate::task::TaskFault;
    use serde_json::json;

    const TERMS: LearningTerms = LearningTerms { may_raise: true, may_be_page: false };

    fn done(kind: Option<ErrorKind>) -> Exchange {
        let read = kind.map_or(Ok(json!("a")), |kind| Err(TaskFault::new(kind, "")));
        Exchange::new(Verdict::Done { reading: vec![read], cut: Cut::No }, Charge::Nothing)
    }

    fn rejected(change: CapabilityChange) -> Exchange {
        let fault = TransientFault {
            kind: ErrorKind::Capability,
            message: String::new(),
            change: Some(change),
            may_run: false,
        };
        Exchange::new(Verdict::Retry(fault), Charge::Nothing)
    }

    fn sent(capabilities: Capabilities, is_described: bool) -> SentForm {
        let parameters = Parameters::of(&Parameter::ALL);
        let max_reply_tokens = 100;
        SentForm { capabilities, parameters, max_reply_tokens, is_described, is_first: true, is_usual: true, page: 1 }
    }

    /// The endpoint and a request as it is now.
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
            if let FormChange::Changed { capabilities, .. } = change {
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
        assert!(matches!(endpoint.reply(&rejected(change)), FormChange::Changed { what: Some(_), .. }));
        assert_eq!(endpoint.reply(&rejected(change)), FormChange::Exhausted(change));
        // A request that was sent before the change meets the same error.
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
            match form {
                FormChange::Changed { capabilities, what } => {
                    now = capabilities;
                    if what.is_some() { "changed" } else { "proven" }
                }
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
            (vec![Err((1, omit)), Ok(2), Ok(3), Err((4, omit)), Ok(1), Ok(4)], "doubted none none changed none none"),
            (vec![Err((1, omit)), Ok(2), Err((1, omit)), Ok(1)], "doubted none changed none"),
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
}
