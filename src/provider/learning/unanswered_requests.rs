//! Requests that may be billed and have no answer: error pages of gateways, connections that break off, timeouts. If several
//! pages in a row end so, requests that follow would only be charged, too: the run waits, as during any outage. Each still
//! counts as an attempt at its page, so that pages which break the server fail in the end.

use crate::provider::judgement::verdict::{Charge, Outage, Verdict};
use crate::provider::replies::exchange::Exchange;
use std::cell::Cell;

/// Such requests in a row, for at least two pages, from which on the run waits. Single ones are usual.
const MIN_STREAK: u32 = 5;

/// Such requests in a row, for at least two pages, after which the run ends if the endpoint has never answered.
const MAX_UNPROVEN: u32 = 8;

/// Counts requests without an answer.
#[derive(Debug, Default)]
pub(crate) struct UnansweredRequests {
    /// Whether the endpoint has ever answered.
    is_proven: Cell<bool>,
    /// Requests since the last answer that may be billed.
    streak: Cell<u32>,
    /// The page of the first of them.
    first: Cell<u64>,
    /// Whether they were for several pages.
    has_others: Cell<bool>,
}

impl UnansweredRequests {
    /// None so far. `is_proven`: the endpoint has answered in an earlier run.
    pub(crate) fn new(is_proven: bool) -> Self {
        Self { is_proven: Cell::new(is_proven), ..Self::default() }
    }

    /// What the result of a request for `page` shows together with those before it.
    pub(crate) fn judge(&self, exchange: &Exchange, page: u64) -> Outage {
        match &exchange.verdict {
            Verdict::Done { .. } | Verdict::Page(_) => {
                self.is_proven.set(self.is_proven.get() || matches!(exchange.verdict, Verdict::Done { .. }));
                self.streak.set(0);
                Outage::No
            }
            Verdict::Retry(fault) if fault.change.is_none() && exchange.charge != Charge::Nothing => {
                if self.streak.get() == 0 {
                    self.first.set(page);
                    self.has_others.set(false);
                }
                self.streak.set(self.streak.get() + 1);
                self.has_others.set(self.has_others.get() || page != self.first.get());
                match self.streak.get() {
                    _ if !self.has_others.get() => Outage::No,
                    MAX_UNPROVEN.. if !self.is_proven.get() => Outage::Lasting,
                    MIN_STREAK.. => Outage::Likely,
                    _ => Outage::No,
                }
            }
            Verdict::Retry(_) | Verdict::Later { .. } | Verdict::Stop(_) => Outage::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::vocabulary::ErrorKind;
    use crate::provider::judgement::verdict::{Cut, Obstacle};

    /// `.` an answer, `p` an error of the page, `l` a rate limit, `f` an error that is free; a digit: a request for this
    /// page that may be billed.
    fn judge(requests: &UnansweredRequests, letter: char) -> Outage {
        let (verdict, charge) = match letter {
            '.' => (Verdict::Done { reading: Vec::new(), cut: Cut::No }, Charge::Unknown),
            'p' => (Verdict::page_fault(ErrorKind::BadRequest, "no"), Charge::Nothing),
            'l' => (Verdict::later(Obstacle::RateLimit, "429"), Charge::Nothing),
            'f' => (Verdict::transient(ErrorKind::ServerError, "500"), Charge::Nothing),
            _ => (Verdict::transient(ErrorKind::Reset, "closed"), Charge::Unknown),
        };
        requests.judge(&Exchange::new(verdict, charge), letter.to_digit(10).unwrap_or(99).into())
    }

    #[test]
    fn requests_in_a_row_that_may_be_billed_show_an_outage() {
        use Outage::{Lasting, Likely, No};
        for (is_proven, letters, expected) in [
            (true, "12345", Likely),
            (true, "1234", No),
            (true, "123451234512345", Likely),
            (false, "1212121", Likely),
            (false, "12121212", Lasting),
            // It has answered meanwhile.
            (false, ".12121212", Likely),
            (false, "p12121212", Lasting),
            // Nothing shows that it is not the page.
            (false, "111111111", No),
            (true, "1111.2222", No),
            (true, "12p345", No),
            (true, "12lf345", Likely),
            (true, "12345f", No),
            (true, "ffffffff", No),
        ] {
            let requests = UnansweredRequests::new(is_proven);
            let last = letters.chars().map(|letter| judge(&requests, letter)).last();
            assert_eq!(last, Some(expected), "{is_proven} {letters}");
        }
    }
}
