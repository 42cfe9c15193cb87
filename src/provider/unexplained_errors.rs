//! Errors that do not name what they reject, from an endpoint that has never answered. If the manifest states values that
//! may be the cause, the run ends: values of the manifest are never left out. It also ends if the words of the error show
//! what to check: the key, the credit, the model.

use super::exchange::Exchange;
use super::sent_form::SentForm;
use super::vague_error::VagueError;
use super::verdict::{PageFault, Verdict};
use super::wording::words_without_numbers;
use crate::base::vocabulary::ErrorKind;
use std::cell::{Cell, RefCell};

/// Pages with the same error that show that none of them is its cause.
const MIN_PAGES: usize = 3;

const HINT: &str =
    "change or remove these values in the manifest, or choose another model; then run again with --retry failed";

/// Errors of pages, before any was answered.
#[derive(Debug)]
pub(crate) struct UnexplainedErrors {
    /// Values that the manifest states.
    stated: Vec<String>,
    is_answered: Cell<bool>,
    words: RefCell<Vec<String>>,
    /// The pages with these words.
    pages: RefCell<Vec<u64>>,
}

impl UnexplainedErrors {
    /// No errors so far. `stated`: values that the manifest states, such as `request.top_p: 0.5`.
    pub(crate) fn new(stated: Vec<String>) -> Self {
        Self { stated, is_answered: Cell::new(false), words: RefCell::default(), pages: RefCell::default() }
    }

    /// Ends the run at the same error of several pages, if the manifest states values or the error shows what to check.
    /// `sent`: the form of the request; `is_searched`: whether nothing is tried any more for an error with such a message;
    /// `likely_hint`: what to check at an error with such a message.
    pub(crate) fn judge(
        &self,
        exchange: &mut Exchange,
        sent: &SentForm,
        is_searched: impl Fn(&str) -> bool,
        likely_hint: impl Fn(&str) -> Option<&'static str>,
    ) {
        if matches!(exchange.verdict, Verdict::Done { .. }) {
            return self.is_answered.set(true);
        }
        let is_counted = !sent.is_tried && !sent.capabilities.is_proven && !self.is_answered.get();
        let Some(message) = exchange.verdict.message().filter(|_| is_counted) else { return };
        let vague = VagueError::of(exchange);
        let is_final = match vague {
            Some(_) => is_searched(message),
            None => exchange.rejects_named && is_rejection(&exchange.verdict),
        };
        if !is_final {
            return;
        }
        let (words, mut pages) = (words_without_numbers(message), self.pages.borrow_mut());
        if *self.words.borrow() != words {
            *self.words.borrow_mut() = words;
            pages.clear();
        }
        if !pages.contains(&sent.page) {
            pages.push(sent.page);
        }
        if pages.len() < MIN_PAGES {
            return;
        }
        const REJECTS: &str = "the endpoint rejects every request";
        let found = match self.stated.is_empty() {
            false => {
                let stated = self.stated.join(", ");
                Some(Verdict::stop(format!("{REJECTS}, perhaps because of {stated}: {message}"), HINT))
            }
            // What names a parameter says what is wrong.
            true => vague
                .and_then(|_| likely_hint(message))
                .map(|hint| Verdict::stop(format!("{REJECTS}: {message}"), hint)),
        };
        if let Some(found) = found {
            exchange.verdict = found;
        }
    }
}

/// Whether the endpoint rejects the request, for whatever reason.
fn is_rejection(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Page(PageFault { kind: ErrorKind::BadRequest | ErrorKind::ImageRefused, .. }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::capability::Capabilities;
    use crate::provider::verdict::{Charge, Cut};

    fn sent(page: u64) -> SentForm {
        SentForm { page, capabilities: Capabilities::default(), ..SentForm::unknown() }
    }

    fn failed(message: &str) -> Exchange {
        Exchange::new(Verdict::page_fault(ErrorKind::BadRequest, message), Charge::Nothing)
    }

    #[test]
    fn the_same_error_of_three_pages_ends_a_run_with_stated_values() {
        let stated = || vec!["request.top_p: 0.5".to_owned()];
        for (stated, pages, expected) in [
            (stated(), &[(1, "no 1"), (2, "no 2"), (3, "no 3")][..], true),
            (stated(), &[(1, "no"), (1, "no"), (1, "no"), (2, "no")], false),
            (stated(), &[(1, "no"), (2, "bad"), (3, "no")], false),
            (Vec::new(), &[(1, "no"), (2, "no"), (3, "no")], false),
            // Other forms of the request have yet to be tried.
            (stated(), &[(1, "no!"), (2, "no!"), (3, "no!")], false),
        ] {
            let errors = UnexplainedErrors::new(stated);
            let judge = |(page, message): &(u64, &str)| {
                let mut exchange = failed(message);
                errors.judge(&mut exchange, &sent(*page), |message| !message.ends_with('!'), |_| None);
                match exchange.verdict {
                    Verdict::Stop(refusal) => refusal.message,
                    _ => String::new(),
                }
            };
            let last = pages.iter().map(judge).last().unwrap_or_default();
            let message = "the endpoint rejects every request, perhaps because of request.top_p: 0.5: no 3";
            assert_eq!(last, if expected { message } else { "" }, "{pages:?}");
        }
    }

    #[test]
    fn the_words_of_an_error_may_show_what_to_check() {
        let internal = |message: &str| {
            let verdict = Verdict::transient(ErrorKind::ServerError, message);
            Exchange { status: Some(500), ..Exchange::new(verdict, Charge::Nothing) }
        };
        for (make, message, hint) in [
            (&failed as &dyn Fn(&str) -> Exchange, "no model", Some("check")),
            (&internal, "no model", Some("check")),
            (&failed, "no picture", None),
        ] {
            let errors = UnexplainedErrors::new(Vec::new());
            let judge = |page| {
                let mut exchange = make(message);
                errors.judge(&mut exchange, &sent(page), |_| true, |text| text.contains("model").then_some("check"));
                exchange.verdict
            };
            let verdicts = [1, 2, 3].map(judge);
            assert_eq!(verdicts[..2], [make(message).verdict, make(message).verdict]);
            let expected = hint.map_or_else(
                || make(message).verdict,
                |hint| Verdict::stop(format!("the endpoint rejects every request: {message}"), hint),
            );
            assert_eq!(verdicts[2], expected);
        }
    }

    #[test]
    fn an_endpoint_that_has_answered_rejects_only_pages() {
        let errors = UnexplainedErrors::new(vec!["request.top_p: 0.5".to_owned()]);
        let done = Verdict::Done { reading: Vec::new(), cut: Cut::No };
        // Also to a form that is only tried.
        errors.judge(
            &mut Exchange::new(done, Charge::Nothing),
            &SentForm { is_tried: true, ..sent(9) },
            |_| true,
            |_| None,
        );
        for page in 0..5 {
            let mut exchange = failed("no");
            errors.judge(&mut exchange, &sent(page), |_| true, |_| None);
            assert_eq!(exchange.verdict, failed("no").verdict);
        }
    }
}
