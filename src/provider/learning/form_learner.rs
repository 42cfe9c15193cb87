//! Learns the form of requests from exchanges: a parameter that the endpoint rejects, a schema that it ignores, a form that
//! is proven.

use super::form_change::FormChange;
use super::form_search::{FormSearch, SearchEnd, SearchStep, SearchedError};
use super::page_guesses::{GuessEnd, PageGuesses};
use super::pending_changes::{ChangeCause, Check, PendingChanges};
use super::vague_error::VagueError;
use crate::provider::form::capability::{Capabilities, ReplyFormat};
use crate::provider::form::capability_change::{CapabilityChange, ChangeKinds};
use crate::provider::form::parameter::Parameter;
use crate::provider::form::sent_form::SentForm;
use crate::provider::judgement::verdict::{Cut, Verdict};
use crate::provider::replies::exchange::Exchange;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

/// How far an exchange may change the form.
#[derive(Clone, Copy)]
pub(crate) struct LearningTerms<'a> {
    /// Whether the output limit may be raised, because the manifest does not state it.
    pub(crate) may_raise: bool,
    /// Whether the words of an error may mean its page rather than the value that it asks to change.
    pub(crate) may_be_page: bool,
    /// Whether other forms may be tried: another request costs no more than a moment.
    pub(crate) may_try: bool,
    /// Whether the manifest states what a change leaves out.
    pub(crate) is_stated: &'a dyn Fn(CapabilityChange) -> bool,
}

/// Replies in a row that are not the requested object, after which the schema goes into the prompt.
const MAX_IGNORED: u32 = 3;

/// Errors of one page in a form that has worked, after which it is no longer accepted although no other page shows
/// that.
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
    /// Whether the form has changed in this run, and was not reverted.
    has_changed: Cell<bool>,
    /// Pages with errors about a form that has worked.
    doubts: RefCell<HashMap<u64, Vec<Doubt>>>,
    /// Changes that have yet to prove themselves.
    pending: PendingChanges,
    /// What the endpoint rejects without naming it.
    search: FormSearch,
    /// Changes that only their page has.
    guesses: PageGuesses,
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
    /// The form is no longer accepted.
    Form,
    /// It is the page.
    Page,
    /// Not known yet.
    Unclear,
}

impl FormLearner {
    /// Changes that have not helped.
    pub(crate) fn refuted(&self) -> ChangeKinds {
        self.pending.refuted()
    }

    /// Whether requests have a form that is only tried.
    pub(crate) fn is_searching(&self) -> bool {
        self.search.is_running()
    }

    /// Whether nothing more is tried for an error with this message.
    pub(crate) fn has_searched(&self, message: &str) -> bool {
        self.search.is_over_for(message)
    }

    /// Whether it is being found out what the endpoint accepts, before it has answered.
    pub(crate) fn is_trying(&self, known: Capabilities) -> bool {
        !known.is_proven && (self.search.is_running() || !self.pending.is_empty())
    }

    /// Whether it is being found out with this page.
    pub(crate) fn is_trying_with(&self, page: u64, known: Capabilities) -> bool {
        !known.is_proven && (self.search.is_with(page) || self.pending.is_for(page))
    }

    /// The form of a page's request. `known`: the assumed capabilities of the endpoint.
    pub(crate) fn form_for(&self, page: u64, known: Capabilities) -> Capabilities {
        self.guesses.form_for(page, known)
    }

    /// What an exchange shows. `known`: what the endpoint is assumed to accept now.
    pub(crate) fn judge(
        &self,
        exchange: &Exchange,
        sent: SentForm,
        known: Capabilities,
        terms: LearningTerms<'_>,
    ) -> FormChange {
        match self.guesses.judge(exchange, sent.page, sent.capabilities) {
            None => {}
            Some(GuessEnd::Open) => return FormChange::None,
            Some(GuessEnd::Refuted(change)) => {
                self.pending.refute(change);
                return FormChange::Exhausted(change);
            }
            Some(GuessEnd::Confirmed(change)) => {
                return known.with(change).map_or(FormChange::None, |form| self.change(change, form));
            }
        }
        let is_same = known.has_form_of(sent.capabilities);
        match &exchange.verdict {
            Verdict::Done { .. } => self.judge_reply(exchange, sent, known, is_same),
            _ if is_same => self.judge_error(exchange, sent, known, terms),
            Verdict::Retry(fault) if fault.change == Some(CapabilityChange::OutputFactor) && !terms.may_raise => {
                FormChange::Exhausted(CapabilityChange::OutputFactor)
            }
            Verdict::Retry(fault) if fault.change.is_some() => FormChange::AlreadyMade,
            _ if VagueError::from_exchange(exchange) == Some(VagueError::Rejection) => FormChange::AlreadyMade,
            _ => FormChange::None,
        }
    }

    /// What a reply shows.
    fn judge_reply(&self, exchange: &Exchange, sent: SentForm, known: Capabilities, is_same: bool) -> FormChange {
        let proof = if is_same { self.prove(sent.page, known) } else { FormChange::None };
        if matches!(proof, FormChange::Trying(_) | FormChange::Reverted(_)) {
            return proof;
        }
        let change = match &exchange.verdict {
            Verdict::Done { cut: Cut::No, reading } => {
                if reading.iter().all(Result::is_ok) {
                    self.ignored.set(0);
                    if !is_same {
                        return FormChange::None;
                    }
                    self.valid.set(self.valid.get() + 1);
                    let follows_schema =
                        known.follows_schema || sent.capabilities.format == ReplyFormat::Schema && !sent.is_described;
                    let capabilities = known.proven(follows_schema);
                    let is_news = capabilities != known || proof != FormChange::None;
                    return if is_news { FormChange::Proven { capabilities, found: None } } else { FormChange::None };
                }
                // No part of a reply that follows a strict schema contradicts it.
                let is_ignored = reading.iter().any(|read| read.as_ref().is_err_and(|fault| fault.breaks_schema));
                let is_schema = sent.is_usual
                    && sent.capabilities.format == ReplyFormat::Schema
                    && !sent.capabilities.has_schema_in_prompt;
                // Where schemas were followed before, one odd page is not enough.
                let counts = sent.is_first || !known.is_understood();
                if !is_schema || !is_ignored || !counts {
                    return proof;
                }
                self.ignored.set(self.ignored.get() + 1);
                // With the description the same endpoint replied as requested.
                let is_certain = known.is_proven && !known.follows_schema && !sent.is_described;
                if !is_certain && self.ignored.get() < MAX_IGNORED {
                    return proof;
                }
                CapabilityChange::SchemaInPrompt
            }
            _ => return proof,
        };
        match known.with(change) {
            _ if !is_same => FormChange::AlreadyMade,
            Some(capabilities) => self.change(change, capabilities),
            None if proof != FormChange::None => proof,
            None => FormChange::Exhausted(change),
        }
    }

    /// What a reply to `page` proves about the form of now, `known`.
    fn prove(&self, page: u64, known: Capabilities) -> FormChange {
        match self.search.end(page) {
            // The server may have failed for the moment: the next request shows it.
            Some(SearchEnd { found: found @ Some(_), before }) => {
                self.pending.begin_check(Check::new(known, found));
                FormChange::Trying(before)
            }
            Some(SearchEnd { found: None, before }) => FormChange::Reverted(before),
            None => match self.pending.confirm(page, known) {
                Some(next) if next != known => FormChange::Trying(next),
                Some(_) => FormChange::Proven { capabilities: known, found: None },
                None => FormChange::None,
            },
        }
    }

    /// What an error shows about the form that requests have now.
    fn judge_error(
        &self,
        exchange: &Exchange,
        sent: SentForm,
        known: Capabilities,
        terms: LearningTerms<'_>,
    ) -> FormChange {
        let verdict = &exchange.verdict;
        let asked = match verdict {
            Verdict::Retry(fault) => fault.change,
            _ => None,
        };
        if asked == Some(CapabilityChange::OutputFactor) {
            // The model has reasoned: the form is accepted.
            match self.prove(sent.page, known) {
                proof @ (FormChange::Trying(_) | FormChange::Reverted(_)) => return proof,
                _ if !terms.may_raise => return FormChange::Exhausted(CapabilityChange::OutputFactor),
                _ => {}
            }
        }
        let names_in_vain = asked.is_none() && VagueError::names_in_vain(exchange);
        let vague = VagueError::from_exchange(exchange).or(names_in_vain.then_some(VagueError::Rejection));
        let is_of_request = asked.is_some() || vague.is_some();
        if let Some(Check { full, found, .. }) = is_of_request.then(|| self.pending.end_check(vague)).flatten() {
            return FormChange::Proven { capabilities: full.proven(full.follows_schema), found };
        }
        let message = verdict.message().unwrap_or_default();
        if names_in_vain && let Some(change) = self.search_further(message, sent, known, terms) {
            return change;
        }
        let taken_back = self.pending.take_back(message, sent.page, asked);
        if let Some(before) = taken_back {
            tracing::warn!("requests are sent as before: the change did not help");
            self.has_changed.set(!before.is_proven);
        }
        let before = taken_back.unwrap_or(known);
        // What leaves the limit out was asked for because of the other name.
        let leaves_limit = asked == Some(CapabilityChange::Omit(Parameter::OutputLimit));
        let Some(change) = asked.filter(|_| taken_back.is_none() || !leaves_limit) else {
            // Internal errors of a form that has worked are counted above.
            let may_count = |kind: &VagueError| *kind == VagueError::Rejection || !self.pending.is_checking();
            let searched = vague.filter(|kind| may_search(sent, before, terms) && may_count(kind));
            // Without its other name the limit may be left out.
            let has_more = searched.is_some() || known.limit_name() != before.limit_name();
            return match (taken_back, searched) {
                // What is tried depends on what the request had before.
                (Some(before), _) if has_more => FormChange::Trying(before),
                (Some(before), _) => FormChange::Reverted(before),
                (None, Some(kind)) => {
                    let is_held = self.pending.is_for(sent.page);
                    self.search(SearchedError { kind, message, is_held }, sent, known, terms)
                }
                (None, None) => FormChange::None,
            };
        };
        match before.with(change) {
            Some(capabilities) => {
                let evidence = match taken_back {
                    Some(_) => Evidence::Form,
                    None => self.evidence(change, sent.page, known, terms),
                };
                match evidence {
                    Evidence::Unclear => FormChange::Doubted,
                    Evidence::Page if change.is_of_format() => FormChange::PageWithoutFormat,
                    Evidence::Page => FormChange::Exhausted(change),
                    Evidence::Form if exchange.is_guess && self.pending.refuted().contains(change) => {
                        FormChange::Exhausted(change)
                    }
                    // It names nothing, and others are answered: only this page has the change until it helps.
                    Evidence::Form if exchange.is_guess && known.is_proven => {
                        self.guesses.begin(sent.page, change, capabilities);
                        FormChange::Doubted
                    }
                    Evidence::Form => {
                        if terms.may_try && change.may_be_taken_back() {
                            let is_rejection = exchange.rejects_named && !exchange.names_several;
                            self.pending.begin(change, before, ChangeCause { message, page: sent.page, is_rejection });
                        }
                        self.change(change, capabilities)
                    }
                }
            }
            None if taken_back.is_some() => FormChange::Reverted(before),
            None => FormChange::Exhausted(change),
        }
    }

    /// Tries other forms for an error that names the same parameters, whatever was changed for them: it may have a fixed
    /// text. What it names stays changed. `None`: nothing was changed, or nothing more is tried.
    fn search_further(
        &self,
        message: &str,
        sent: SentForm,
        known: Capabilities,
        terms: LearningTerms<'_>,
    ) -> Option<FormChange> {
        let before = self.pending.form_before(message, sent.page).filter(|before| may_search(sent, *before, terms))?;
        let SearchStep::Try(form) = self.search.go_on(message, &sent, (before, known), terms.is_stated)? else {
            return None;
        };
        self.pending.give_up();
        Some(FormChange::Trying(form))
    }

    /// Tries other forms for an error that names nothing. `known`: the form that it rejects.
    fn search(
        &self,
        error: SearchedError<'_>,
        sent: SentForm,
        known: Capabilities,
        terms: LearningTerms<'_>,
    ) -> FormChange {
        match self.search.next(error, &sent, known, terms.is_stated) {
            Some(SearchStep::Doubt) => FormChange::Doubted,
            Some(SearchStep::Try(form)) => FormChange::Trying(form),
            Some(SearchStep::End(form)) => FormChange::Reverted(form),
            None => FormChange::None,
        }
    }

    /// The form changes: earlier observations of the form no longer count.
    fn change(&self, what: CapabilityChange, capabilities: Capabilities) -> FormChange {
        self.ignored.set(0);
        self.valid.set(0);
        self.has_changed.set(true);
        self.doubts.borrow_mut().clear();
        // With others that have yet to prove themselves it is stored when they have.
        FormChange::Changed { capabilities, what, is_pending: !self.pending.is_empty() }
    }

    /// Whether pages were answered in the form of now.
    fn has_worked(&self, known: Capabilities) -> bool {
        self.valid.get() > 0 || known.is_proven && !self.has_changed.get()
    }

    /// Whether an error about a parameter concerns the form of all requests. If the form has worked, one
    /// page's error does not show it: the error of a second page does, or that of the same page again and
    /// again, as long as no page is answered in the meantime. What can be left out or renamed is so at the second
    /// error, whatever was answered: some pages, or some of the servers behind the endpoint, reject it. The limit of
    /// the output is left out only at errors of two pages.
    fn evidence(&self, change: CapabilityChange, page: u64, known: Capabilities, terms: LearningTerms<'_>) -> Evidence {
        let is_of_replies = matches!(
            change,
            CapabilityChange::OutputFactor
                | CapabilityChange::MaxOutput(_)
                | CapabilityChange::MinOutput(_)
                | CapabilityChange::SchemaInPrompt
        );
        if !self.has_worked(known) || is_of_replies {
            return Evidence::Form;
        }
        // Without an output limit the cost of a request is unbounded.
        let leaves_limit = change == CapabilityChange::Omit(Parameter::OutputLimit);
        let is_neutral = change.is_neutral() && !terms.may_be_page && !leaves_limit;
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
        match is_confirmed || doubt.errors >= max_doubts {
            true if leaves_limit && !is_confirmed => Evidence::Page,
            true => Evidence::Form,
            false => Evidence::Unclear,
        }
    }
}

/// Whether other forms may be tried: no page was answered in the form `known`, and the request is the usual one.
fn may_search(sent: SentForm, known: Capabilities, terms: LearningTerms<'_>) -> bool {
    terms.may_try && !known.is_proven && sent.is_first && sent.is_usual
}

#[cfg(test)]
mod tests;
