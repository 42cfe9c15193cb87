//! Errors that do not name what they reject.

use crate::base::vocabulary::ErrorKind;
use crate::provider::judgement::verdict::{Charge, Verdict};
use crate::provider::replies::exchange::Exchange;

/// An error that may be about the form of the request, although it does not state it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VagueError {
    /// The request is rejected.
    Rejection,
    /// An internal error: some servers fail so at schemas and parameters that they do not support.
    Internal,
}

impl VagueError {
    /// What kind of vague error an exchange ended with; `None`: another end.
    pub(crate) fn from_exchange(exchange: &Exchange) -> Option<Self> {
        match &exchange.verdict {
            verdict if verdict.is_rejection() => (!exchange.rejects_named).then_some(Self::Rejection),
            Verdict::Retry(fault) if fault.kind == ErrorKind::ServerError && fault.change.is_none() => {
                let is_internal = exchange.status == Some(500) && exchange.charge == Charge::Nothing;
                is_internal.then_some(Self::Internal)
            }
            _ => None,
        }
    }

    /// Whether an exchange ended with an error that rejects several things by their names, none of which the request has
    /// (any more): its text is fixed. A single name is believed, and the page fails.
    pub(crate) fn names_in_vain(exchange: &Exchange) -> bool {
        exchange.verdict.is_rejection() && exchange.rejects_named && exchange.names_several
    }

    /// Whether errors with the same words are about the form. `pages`: the page of each; `is_held`: whether no other page
    /// is asked before the last of them is answered. Internal errors mostly pass by themselves, or are about their page.
    pub(crate) fn is_about_form(self, pages: &[u64], is_held: bool) -> bool {
        match self {
            Self::Rejection => pages.len() > 1,
            Self::Internal => pages.len() > 2 && (is_held || pages.iter().any(|page| Some(page) != pages.first())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::usage::Usage;

    #[test]
    fn rejections_and_internal_errors_that_were_free_are_vague() {
        let page = |kind| Verdict::page_fault(kind, "no");
        let internal = || Verdict::transient(ErrorKind::ServerError, "no");
        let billed = Charge::Reported(Usage::default());
        for (status, verdict, charge, expected) in [
            (400, page(ErrorKind::BadRequest), Charge::Nothing, Some(VagueError::Rejection)),
            (400, page(ErrorKind::ImageRefused), Charge::Nothing, Some(VagueError::Rejection)),
            (400, page(ErrorKind::ContentFilter), Charge::Nothing, None),
            (500, internal(), Charge::Nothing, Some(VagueError::Internal)),
            (500, internal(), billed, None),
            (500, internal(), Charge::Unknown, None),
            (200, internal(), Charge::Unknown, None),
            (502, internal(), Charge::Nothing, None),
            (500, Verdict::transient(ErrorKind::Reset, "no"), Charge::Nothing, None),
        ] {
            let exchange = Exchange { status: Some(status), ..Exchange::new(verdict.clone(), charge) };
            assert_eq!(VagueError::from_exchange(&exchange), expected, "{status} {verdict:?} {charge:?}");
        }
        let named = Exchange { rejects_named: true, ..Exchange::new(page(ErrorKind::BadRequest), Charge::Nothing) };
        assert_eq!(VagueError::from_exchange(&named), None, "it says what it rejects");
        assert!(!VagueError::names_in_vain(&named));
        assert!(VagueError::names_in_vain(&Exchange { names_several: true, ..named }));
        let asked = Exchange { rejects_named: true, names_several: true, ..Exchange::new(internal(), Charge::Nothing) };
        assert!(!VagueError::names_in_vain(&asked));
    }

    #[test]
    fn an_internal_error_must_come_three_times_and_with_two_pages_unless_one_is_held() {
        use VagueError::{Internal, Rejection};
        for (pages, is_held, expected) in [
            (&[1][..], false, [false, false]),
            (&[1, 1], false, [true, false]),
            (&[1, 2], false, [true, false]),
            (&[1, 1, 1, 1], false, [true, false]),
            (&[1, 1, 2], false, [true, true]),
            (&[1, 2, 1], false, [true, true]),
            // No other page can show it.
            (&[1, 1], true, [true, false]),
            (&[1, 1, 1], true, [true, true]),
        ] {
            let found = [Rejection, Internal].map(|error| error.is_about_form(pages, is_held));
            assert_eq!(found, expected, "{pages:?} {is_held}");
        }
    }
}
