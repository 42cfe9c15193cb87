//! Changes of the form that are only guessed, from an endpoint that answers pages: an error names nothing, and may be
//! about its page. Until a reply confirms such a change, only the page that got the error is asked in the new form.

use crate::provider::form::capability::Capabilities;
use crate::provider::form::capability_change::CapabilityChange;
use crate::provider::judgement::verdict::Verdict;
use crate::provider::replies::exchange::Exchange;
use std::cell::RefCell;
use std::collections::HashMap;

/// Guesses that have yet to be confirmed.
#[derive(Debug, Default)]
pub(crate) struct PageGuesses {
    guesses: RefCell<HashMap<u64, Guess>>,
}

/// A guess, with which one page is asked.
#[derive(Clone, Copy, Debug)]
struct Guess {
    change: CapabilityChange,
    form: Capabilities,
}

/// What an exchange shows about a guess.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum GuessEnd {
    /// The endpoint accepts the change.
    Confirmed(CapabilityChange),
    /// It has not helped: the error is about the page.
    Refuted(CapabilityChange),
    /// Nothing: another attempt shows it.
    Open,
}

impl PageGuesses {
    /// The form of a page's request.
    pub(crate) fn form_for(&self, page: u64, known: Capabilities) -> Capabilities {
        self.guesses.borrow().get(&page).map_or(known, |guess| guess.form)
    }

    /// A page is asked again with this change.
    pub(crate) fn begin(&self, page: u64, change: CapabilityChange, form: Capabilities) {
        self.guesses.borrow_mut().insert(page, Guess { change, form });
    }

    /// What an exchange with a page that was sent in the form `sent` shows; `None`: it was not sent with a guess.
    pub(crate) fn judge(&self, exchange: &Exchange, page: u64, sent: Capabilities) -> Option<GuessEnd> {
        let mut guesses = self.guesses.borrow_mut();
        let Guess { change, .. } = *guesses.get(&page).filter(|guess| guess.form.has_form_of(sent))?;
        let end = match &exchange.verdict {
            Verdict::Done { .. } => GuessEnd::Confirmed(change),
            // The model has reasoned: the form is accepted.
            Verdict::Retry(fault) if fault.change == Some(CapabilityChange::OutputFactor) => {
                GuessEnd::Confirmed(change)
            }
            Verdict::Page(fault) if fault.is_refusal => GuessEnd::Confirmed(change),
            Verdict::Retry(fault) if fault.change.is_none() => return Some(GuessEnd::Open),
            Verdict::Later { .. } | Verdict::Stop(_) => return Some(GuessEnd::Open),
            Verdict::Page(_) | Verdict::Retry(_) => GuessEnd::Refuted(change),
        };
        match end {
            GuessEnd::Confirmed(_) => guesses.clear(),
            _ => drop(guesses.remove(&page)),
        }
        Some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::vocabulary::ErrorKind;
    use crate::catalog::Effort;
    use crate::provider::form::efforts::Efforts;
    use crate::provider::judgement::verdict::{Charge, Cut};

    #[test]
    fn a_guess_is_the_pages_until_a_reply_confirms_it() {
        let change = CapabilityChange::Effort(Efforts::default());
        let mut before = Capabilities::default();
        before.effort = Some(Effort::Low);
        let form = before.with(change).unwrap();
        let done = Verdict::Done { reading: Vec::new(), cut: Cut::No };
        let refused = Verdict::refused(ErrorKind::ContentFilter, "no");
        let transient = Verdict::transient(ErrorKind::ServerError, "no");
        for (verdict, page, sent, expected) in [
            (done.clone(), 1, form, Some(GuessEnd::Confirmed(change))),
            (refused, 1, form, Some(GuessEnd::Confirmed(change))),
            (Verdict::page_fault(ErrorKind::BadRequest, "no"), 1, form, Some(GuessEnd::Refuted(change))),
            (transient, 1, form, Some(GuessEnd::Open)),
            // Sent before, or about another page.
            (done.clone(), 1, before, None),
            (done, 2, form, None),
        ] {
            let guesses = PageGuesses::default();
            guesses.begin(1, change, form);
            assert_eq!([1, 2].map(|page| guesses.form_for(page, before)), [form, before]);
            let end = guesses.judge(&Exchange::new(verdict.clone(), Charge::Nothing), page, sent);
            assert_eq!(end, expected, "{verdict:?}");
            let is_open = matches!(expected, None | Some(GuessEnd::Open));
            assert_eq!(guesses.form_for(1, before), if is_open { form } else { before }, "{verdict:?}");
        }
    }
}
