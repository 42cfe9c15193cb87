//! Requests that may be billed and have no answer: error pages of gateways, connections that break off, timeouts. If
//! several pages in a row end in this way, further requests would only be charged, too: the run waits, as during any
//! outage. Each still counts as an attempt at its page, so that pages which break the server fail in the end.
//!
//! "In a row" is the order in which requests are sent. Errors often come at once and answers take seconds, so that several
//! errors arrive one after the other although the requests between them are answered.

use crate::provider::judgement::verdict::{Charge, Outage, Verdict};
use crate::provider::replies::exchange::Exchange;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// Such requests in a row, for at least two pages, from which on the run waits. Single ones are normal.
const MIN_CONSECUTIVE: usize = 5;

/// Such requests in a row, for at least two pages, after which the run ends if the endpoint has never answered.
const MAX_UNPROVEN: usize = 8;

/// Such requests since the last answer, for at least two pages, from which on the run waits although others between them
/// are in flight, if these are fewer: they hang.
const MIN_AMONG_HANGING: usize = 10;

/// Maximum number of requests that are remembered. A run has fewer in flight.
const MAX_REMEMBERED: usize = 4096;

/// The number of a request, in the order in which they are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SentNumber(u64);

/// The facts about a sent request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// Nothing: it is in flight.
    NotYet,
    /// It may be billed and has no answer: a request for this page.
    Unanswered(u64),
    /// It shows nothing about an outage, such as a rate limit.
    Otherwise,
}

/// Recognizes outages in which requests are charged.
#[derive(Debug, Default)]
pub(crate) struct UnansweredRequests {
    /// Whether the endpoint has ever answered.
    is_proven: Cell<bool>,
    /// The number of the first of `sent`.
    first: Cell<u64>,
    /// The requests that were sent after the last one of those that were answered, in their order.
    sent: RefCell<VecDeque<Ended>>,
}

impl UnansweredRequests {
    /// None so far. `is_proven`: the endpoint has answered in an earlier run.
    pub(crate) fn new(is_proven: bool) -> Self {
        Self { is_proven: Cell::new(is_proven), ..Self::default() }
    }

    /// A request is sent.
    pub(crate) fn begin(&self) -> SentNumber {
        let mut sent = self.sent.borrow_mut();
        if sent.len() == MAX_REMEMBERED {
            sent.pop_front();
            self.first.set(self.first.get() + 1);
        }
        sent.push_back(Ended::NotYet);
        SentNumber(self.first.get() + sent.len() as u64 - 1)
    }

    /// The request has ended, and shows nothing about an outage.
    pub(crate) fn leave_out(&self, number: SentNumber) {
        self.end(number, Ended::Otherwise);
    }

    /// What the result of a request for `page` shows together with those that were sent before and after it.
    pub(crate) fn judge(&self, number: SentNumber, exchange: &Exchange, page: u64) -> Outage {
        match &exchange.verdict {
            Verdict::Done { .. } | Verdict::Page(_) => {
                self.is_proven.set(self.is_proven.get() || matches!(exchange.verdict, Verdict::Done { .. }));
                self.forget_until(number);
                Outage::No
            }
            Verdict::Retry(fault) if fault.change.is_none() && exchange.charge != Charge::Nothing => {
                match self.end(number, Ended::Unanswered(page)) {
                    Some(at) => self.judge_neighbors(at),
                    None => Outage::No,
                }
            }
            Verdict::Retry(_) | Verdict::Later { .. } | Verdict::Stop(_) => {
                self.leave_out(number);
                Outage::No
            }
        }
    }

    /// Stores how a request has ended. Returns its position among those that are remembered; `None`: one that was sent
    /// after it was answered.
    fn end(&self, number: SentNumber, ended: Ended) -> Option<usize> {
        let at = usize::try_from(number.0.checked_sub(self.first.get())?).ok()?;
        *self.sent.borrow_mut().get_mut(at)? = ended;
        Some(at)
    }

    /// A request was answered: those that were sent before it are not part of an outage.
    fn forget_until(&self, number: SentNumber) {
        let Some(before) = number.0.checked_sub(self.first.get()) else { return };
        let mut sent = self.sent.borrow_mut();
        let count = usize::try_from(before).map_or(sent.len(), |before| sent.len().min(before + 1));
        sent.drain(..count);
        self.first.set(number.0 + 1);
    }

    /// What the requests around the one at this position show, as far as none between them is in flight.
    fn judge_neighbors(&self, at: usize) -> Outage {
        let sent = self.sent.borrow();
        let before = sent.iter().take(at + 1).rev().take_while(|ended| **ended != Ended::NotYet);
        let after = sent.iter().skip(at + 1).take_while(|ended| **ended != Ended::NotYet);
        match count_unanswered(before.chain(after)) {
            MAX_UNPROVEN.. if !self.is_proven.get() => Outage::Lasting,
            MIN_CONSECUTIVE.. => Outage::Likely,
            _ if are_most_unanswered(&sent) => Outage::Likely,
            _ => Outage::No,
        }
    }
}

/// The number of requests without an answer; 0 if all are for one page: the fault may be its own.
fn count_unanswered<'a>(sent: impl Iterator<Item = &'a Ended>) -> usize {
    let page = |ended: &Ended| match ended {
        Ended::Unanswered(page) => Some(*page),
        Ended::NotYet | Ended::Otherwise => None,
    };
    let pages: Vec<u64> = sent.filter_map(page).collect();
    if pages.iter().all(|page| Some(page) == pages.first()) { 0 } else { pages.len() }
}

/// Whether many requests since the last answer have none, and fewer between them are in flight.
fn are_most_unanswered(sent: &VecDeque<Ended>) -> bool {
    let is_unanswered = |ended: &Ended| matches!(ended, Ended::Unanswered(_));
    let last = sent.iter().rposition(is_unanswered).map_or(0, |at| at + 1);
    let between = || sent.iter().take(last).skip_while(|ended| !is_unanswered(ended));
    let in_flight = between().filter(|ended| **ended == Ended::NotYet).count();
    let unanswered = count_unanswered(between());
    unanswered >= MIN_AMONG_HANGING && unanswered > in_flight
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::vocabulary::ErrorKind;
    use crate::provider::judgement::verdict::{Cut, Obstacle};

    /// `.` an answer, `p` an error of the page, `l` a rate limit, `f` an error that is free; a digit: a request for this
    /// page that may be billed.
    fn judge(requests: &UnansweredRequests, number: SentNumber, letter: char) -> Outage {
        let (verdict, charge) = match letter {
            '.' => (Verdict::Done { reading: Vec::new(), cut: Cut::No }, Charge::Unknown),
            'p' => (Verdict::page_fault(ErrorKind::BadRequest, "no"), Charge::Nothing),
            'l' => (Verdict::later(Obstacle::RateLimit, "429"), Charge::Nothing),
            'f' => (Verdict::transient(ErrorKind::ServerError, "500"), Charge::Nothing),
            _ => (Verdict::transient(ErrorKind::Reset, "closed"), Charge::Unknown),
        };
        requests.judge(number, &Exchange::new(verdict, charge), letter.to_digit(10).unwrap_or(99).into())
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
            let last = letters.chars().map(|letter| judge(&requests, requests.begin(), letter)).last();
            assert_eq!(last, Some(expected), "{is_proven} {letters}");
        }
    }

    /// The requests are sent at once, in their order; `ends`: in which order they end.
    #[test]
    fn the_order_is_that_in_which_requests_are_sent() {
        use Outage::{Likely, No};
        for (letters, ends, expected) in [
            ("12345", vec![4, 1, 3, 0, 2], Likely),
            // Those between them may still be answered.
            ("1.2.3.4.5", vec![0, 2, 4, 6, 8], No),
            ("1.2.3.4.5", vec![1, 3, 5, 7, 0, 2, 4, 6, 8], No),
            // The last one that was open fails as well.
            ("123456", vec![0, 1, 3, 4, 5, 2], Likely),
            // Requests that were sent later are answered.
            ("12345.", vec![5, 0, 1, 2, 3, 4], No),
            // Fewer hang than fail; as many.
            ("1.23.45.67.89.01.23", vec![0, 2, 3, 5, 6, 8, 9, 11, 12, 14], Likely),
            ("1.2.3.4.5.6.7.8.9.0.1", vec![0, 2, 4, 6, 8, 10, 12, 14, 16, 18], Likely),
            ("1..2..3..4..5..6..7..8..9..0", vec![0, 3, 6, 9, 12, 15, 18, 21, 24, 27], No),
            // One that was sent before is answered.
            (".12345", vec![1, 2, 3, 0, 4, 5], Likely),
        ] {
            let requests = UnansweredRequests::new(true);
            let sent: Vec<(SentNumber, char)> = letters.chars().map(|letter| (requests.begin(), letter)).collect();
            let last = ends.iter().map(|at| judge(&requests, sent[*at].0, sent[*at].1)).last();
            assert_eq!(last, Some(expected), "{letters} {ends:?}");
        }
    }

    #[test]
    fn no_more_than_a_bounded_number_is_remembered() {
        let requests = UnansweredRequests::new(true);
        let first = requests.begin();
        for _ in 0..MAX_REMEMBERED {
            requests.begin();
        }
        assert_eq!(requests.sent.borrow().len(), MAX_REMEMBERED);
        assert_eq!(judge(&requests, first, '1'), Outage::No);
        requests.leave_out(first);
    }
}
