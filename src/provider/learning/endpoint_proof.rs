//! Whether an endpoint is an API at all. A wrong port, a login page or a proxy's notice
//! answers every request, so further requests would only take time.

use crate::base::vocabulary::ErrorKind;
use crate::provider::judgement::foreign::Foreign;
use crate::provider::judgement::verdict::{Charge, Obstacle, ProviderRefusal, Verdict};
use crate::provider::replies::exchange::Exchange;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::Duration;

/// What the replies of an endpoint have shown.
#[derive(Debug, Default)]
pub(crate) struct EndpointProof {
    /// Whether there was a reply of the API.
    is_api: Cell<bool>,
    /// Replies of something else, before any of the API.
    foreign: Cell<u32>,
    /// Pages that were answered.
    answers: Cell<u64>,
    /// When the latest request was sent that was answered.
    answered_sent: Cell<Duration>,
    /// Pages with refusals that may concern only them.
    refused: RefCell<HashMap<u64, Refused>>,
    /// The latest of them whose words may mean that the account has no credit.
    no_credit: RefCell<Option<ProviderRefusal>>,
    /// Replies of the API.
    replies: Cell<u64>,
    /// Replies of something else, since the last of the API.
    consecutive_foreign: Cell<u32>,
    /// Of these, those that were sent after the one before was judged. Requests in flight together get the same thing
    /// once.
    rounds: Cell<u32>,
    /// When the latest of them was judged.
    judged_at: Cell<Duration>,
    /// Pages with replies of something else after the API had replied.
    interrupted: RefCell<HashMap<u64, Interrupted>>,
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
    /// When it was refused first.
    at: Duration,
    /// Whether the account may have no credit, by the words of a refusal.
    may_be_credit: bool,
}

/// A page for which something else replied, after the API had.
#[derive(Clone, Copy, Debug)]
struct Interrupted {
    /// How often since the last reply of the API.
    times: u32,
    /// How often such replies began after a reply of the API.
    interruptions: u32,
    /// Replies of the API before the latest.
    replies: u64,
}

/// After as many refusals the run ends if no page was answered. If other pages were answered before and only one page is
/// refused, that page fails after as many.
const MAX_REFUSED: u32 = 3;

/// After as many refusals a page shows that the account has no credit, where other pages that were refused are not
/// asked any more.
const MAX_UNDECIDED: u32 = 2 * MAX_REFUSED;

/// After as many refused pages without an answer in between, a run ends although pages were answered before: the key or
/// the access has changed. A run holds at least one page more, so that no page has to be given up before.
const MAX_REFUSED_PAGES: usize = 8;

/// When as many other pages are refused, too, an earlier answer does not show that a refusal concerns only its page.
const MIN_OTHER_PAGES: usize = 2;

/// The run ends after as many replies of something else if the API has not replied before.
const MAX_FOREIGN: u32 = 3;

/// The run ends after as many replies of something else in a row, to at least two pages, although the API has replied
/// before; see also [`MIN_ROUNDS`].
const MAX_CONSECUTIVE_FOREIGN: u32 = 8;

/// Of these, as many must have been sent one after the other: the run waits in between, longer each time.
const MIN_ROUNDS: u32 = 4;

/// A page fails if something else replies to it as often with replies of the API in between, or more often than this in
/// a row while all other pages are answered: then an intermediary refuses only this page.
const MAX_INTERRUPTED: u32 = 3;

const HINT: &str = "check provider.base_url, which usually ends with /v1: the reply may come from another server, a login page or a proxy";

const EXPIRED_HINT: &str = "the reply may come from a login page, whose session is over, or from a proxy; look at what is between docmill and the API, then run again: pages without an answer are asked, and nothing is paid for twice";

impl EndpointProof {
    /// A proof that nothing has shown yet. `was_proven`: the endpoint has answered pages in an earlier run.
    pub(crate) fn new(was_proven: bool) -> Self {
        Self { was_proven, ..Self::default() }
    }

    /// Whether the endpoint has answered a request, in this run or in an earlier one.
    pub(crate) fn has_replied(&self) -> bool {
        self.was_proven || self.answers.get() > 0
    }

    /// Replaces the verdict of a reply that does not come from the API, for as long as none
    /// did: the run waits, and then ends. The page can still be asked. `url`: what was called, at `sent`.
    pub(crate) fn judge(&self, exchange: &mut Exchange, url: &str, page: u64, sent: Duration) {
        if self.is_api.get() || self.was_proven {
            // An API that has answered breaks off a stream, or fails.
            exchange.foreign = exchange.foreign.take().filter(|foreign| !foreign.may_be_api);
        }
        let Some(Foreign { what, may_be_outage, is_free, may_be_billed, .. }) = &exchange.foreign else {
            let has_result = matches!(exchange.verdict, Verdict::Done { .. } | Verdict::Page(_));
            if has_result {
                self.is_api.set(true);
            }
            // An error of the API is a reply of it.
            if self.is_api.get() && (exchange.status.is_some() || has_result) {
                self.replies.set(self.replies.get() + 1);
                self.consecutive_foreign.set(0);
                self.rounds.set(0);
            }
            if matches!(exchange.verdict, Verdict::Done { .. }) {
                self.answers.set(self.answers.get() + 1);
                self.answered_sent.set(self.answered_sent.get().max(sent));
            }
            self.judge_refusal(exchange, page, sent);
            return;
        };
        if self.is_api.get() {
            // An error page with a status of servers' faults is an outage, and not a login (511).
            let is_outage = exchange.status.is_some_and(|status| status >= 500 && status != 511);
            if matches!(exchange.verdict, Verdict::Retry(_)) && !may_be_outage && !is_free && !is_outage {
                self.judge_interruption(exchange, url, page, sent);
            } else {
                // A gateway refuses this request.
                self.judge_refusal(exchange, page, sent);
            }
            return;
        }
        if *may_be_outage {
            // A server that is starting behind a forwarder. It may have executed the request.
            exchange.verdict = Verdict::later(Obstacle::Unavailable, format!("no reply from {url}: {what}"));
            return;
        }
        // An endpoint that has answered may have executed the request before something in between replied, and may
        // bill it: such a reply is charged like any other without an answer. So is a possible part of an API's reply.
        if *is_free || !self.was_proven && !may_be_billed {
            exchange.charge = Charge::Nothing;
        }
        if *is_free {
            // The run waits for the API instead of giving up pages.
            if let Verdict::Retry(fault) = &exchange.verdict {
                exchange.verdict = Verdict::later(Obstacle::Unavailable, fault.message.clone());
            }
            return;
        }
        let message = not_an_api(&format!("{url} is not a chat completions API"), exchange.status, what);
        self.foreign.set(self.foreign.get() + 1);
        // A firewall may refuse a single page.
        let is_refusal = matches!(&exchange.verdict, Verdict::Stop(refusal) if !refusal.may_be_page());
        let is_certain = is_refusal || self.foreign.get() >= MAX_FOREIGN;
        let obstacle = if self.was_proven { Obstacle::Foreign } else { Obstacle::ScopeUnknown };
        exchange.verdict = if is_certain { Verdict::stop(message, HINT) } else { Verdict::later(obstacle, message) };
    }

    /// A reply of the API to a call that is not about a page.
    pub(crate) fn on_other_reply(&self) {
        self.is_api.set(true);
    }

    /// What to do about a reply of something else to such a call: `what`, with an HTTP status below 300. `url`: what was called.
    /// `Err`: the call can't succeed; otherwise why it may be made again.
    pub(crate) fn judge_other_reply(&self, url: &str, status: u16, what: &str) -> Result<String, ProviderRefusal> {
        if self.is_api.get() || self.was_proven {
            return Ok(not_an_api(&format!("{url} no longer replies as an API"), Some(status), what));
        }
        let message = not_an_api(&format!("{url} is not an API"), Some(status), what);
        self.foreign.set(self.foreign.get() + 1);
        if self.foreign.get() >= MAX_FOREIGN { Err(ProviderRefusal::of_all(message, HINT)) } else { Ok(message) }
    }

    /// A reply of something else, after the API had replied: a login has expired, or a proxy is in between. The
    /// run waits, and ends after a few of them in a row.
    fn judge_interruption(&self, exchange: &mut Exchange, url: &str, page: u64, sent: Duration) {
        let replies = self.replies.get();
        let mut interrupted = self.interrupted.borrow_mut();
        let this = interrupted.entry(page).or_insert(Interrupted { times: 0, interruptions: 0, replies: u64::MAX });
        if this.replies != replies {
            *this = Interrupted { times: 0, interruptions: this.interruptions + 1, replies };
        }
        this.times += 1;
        let this = *this;
        let is_interrupted_now =
            |other: &Interrupted| other.replies == replies && other.interruptions < MAX_INTERRUPTED;
        let is_alone = !interrupted.iter().any(|(other, seen)| *other != page && is_interrupted_now(seen));
        if this.interruptions >= MAX_INTERRUPTED || is_alone && this.times > MAX_INTERRUPTED {
            return;
        }
        self.consecutive_foreign.set(self.consecutive_foreign.get() + 1);
        if self.rounds.get() == 0 || sent >= self.judged_at.get() {
            self.rounds.set(self.rounds.get() + 1);
            self.judged_at.set(sent + exchange.latency);
        }
        let Some(foreign) = &exchange.foreign else { return };
        let what = &foreign.what;
        let message = not_an_api(&format!("{url} no longer replies as a chat completions API"), exchange.status, what);
        let is_over =
            !is_alone && self.consecutive_foreign.get() >= MAX_CONSECUTIVE_FOREIGN && self.rounds.get() >= MIN_ROUNDS;
        exchange.verdict =
            if is_over { Verdict::stop(message, EXPIRED_HINT) } else { Verdict::later(Obstacle::Foreign, message) };
    }

    /// A refusal that may concern one page: it does if another page is answered that was sent after it. One page that is
    /// alone does not show that all are refused, where others were answered before. Where its words are about credit,
    /// other pages show whether the account has any.
    fn judge_refusal(&self, exchange: &mut Exchange, page: u64, sent: Duration) {
        let Verdict::Stop(refusal) = &exchange.verdict else { return };
        if !refusal.may_be_page() {
            return;
        }
        if refusal.may_be_credit() {
            self.no_credit.replace(Some(refusal.clone()));
        }
        let message = refusal.message.clone();
        let answers = self.answers.get();
        let mut refused = self.refused.borrow_mut();
        let others = refused.iter().filter(|(other, refused)| **other != page && refused.answers == answers).count();
        let now = sent + exchange.latency;
        let this = refused.entry(page).or_insert(Refused { times: 0, answers, at: now, may_be_credit: false });
        this.times += 1;
        this.may_be_credit |= refusal.may_be_credit();
        let is_answered_since = answers > this.answers && self.answered_sent.get() >= this.at;
        if is_answered_since && others < MIN_OTHER_PAGES {
            refused.remove(&page);
            exchange.verdict = Verdict::page_fault(ErrorKind::BadRequest, message);
            return;
        }
        if answers > this.answers {
            // The answers were under way when it was refused, or may have been when all others were.
            let at = if is_answered_since { now } else { this.at };
            *this = Refused { times: 1, answers, at, ..*this };
        }
        let this = *this;
        let since: Vec<&Refused> = refused.values().filter(|refused| refused.answers == answers).collect();
        let is_alone = since.len() == 1;
        let may_be_credit = since.iter().any(|refused| refused.may_be_credit);
        if answers == 0 {
            if since.iter().map(|refused| refused.times).sum::<u32>() < MAX_REFUSED {
                exchange.verdict = Verdict::later(Obstacle::ScopeUnknown, message);
            } else if self.was_proven && is_alone {
                exchange.verdict = Verdict::page_fault(ErrorKind::BadRequest, message);
            } else {
                self.name_credit(&mut exchange.verdict, may_be_credit);
            }
            return;
        }
        let is_repeated = this.times >= MAX_REFUSED;
        let are_repeated = this.times >= MAX_UNDECIDED || since.iter().all(|refused| refused.times >= MAX_REFUSED);
        if since.len() >= MAX_REFUSED_PAGES || may_be_credit && !is_alone && are_repeated {
            self.name_credit(&mut exchange.verdict, may_be_credit);
            return;
        }
        exchange.is_scope_unknown = !is_repeated || may_be_credit && !is_alone;
        exchange.verdict = match is_repeated && is_alone {
            true => Verdict::page_fault(ErrorKind::BadRequest, message),
            // Asked again: other pages show whether they are refused, too.
            false => Verdict::transient(ErrorKind::BadRequest, message),
        };
    }

    /// The end of a run in which refusals may be for lack of credit names that.
    fn name_credit(&self, verdict: &mut Verdict, may_be_credit: bool) {
        if let Some(refusal) = self.no_credit.borrow().clone().filter(|_| may_be_credit) {
            *verdict = Verdict::Stop(refusal);
        }
    }
}

/// What replied instead of the API. `subject`: what does not, and what it is not.
fn not_an_api(subject: &str, status: Option<u16>, what: &str) -> String {
    match status {
        Some(status) => format!("{subject}; it replied with HTTP {status}: {what}"),
        None => format!("{subject}: {what}"),
    }
}

#[cfg(test)]
mod tests;
