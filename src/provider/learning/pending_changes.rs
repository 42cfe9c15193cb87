//! Unconfirmed changes of the form of requests. They are reverted if the same error comes again; if there are several,
//! the next request shows whether fewer are enough.

use super::vague_error::VagueError;
use crate::provider::form::capability::Capabilities;
use crate::provider::form::capability_change::{CapabilityChange, ChangeKinds};
use crate::provider::form::form_candidate::FormCandidate;
use crate::provider::form::parameter::Parameter;
use crate::provider::judgement::wording::words_without_numbers;
use std::cell::{Cell, RefCell};

/// Changes that have yet to prove themselves.
#[derive(Debug, Default)]
pub(crate) struct PendingChanges {
    pending: RefCell<Option<Pending>>,
    check: RefCell<Option<Check>>,
    refuted: Cell<ChangeKinds>,
}

/// A change that has yet to prove itself, and those before it for the same page.
#[derive(Debug)]
struct Pending {
    change: CapabilityChange,
    /// The form before it.
    before: Capabilities,
    /// Whether the error rejects the changed parameter, rather than only naming it.
    is_rejected: bool,
    /// The words of the error.
    words: Vec<String>,
    /// The page whose error it was.
    page: u64,
    earlier: Option<Box<Pending>>,
}

/// Changes that are reverted together.
struct Reverted {
    kinds: ChangeKinds,
    before: Capabilities,
    /// Earlier changes.
    rest: Option<Box<Pending>>,
}

impl Pending {
    /// The kinds of the latest changes for errors with the same words, and the form before them.
    fn latest(&self) -> (ChangeKinds, Capabilities) {
        let (kinds, before) = match &self.earlier {
            Some(earlier) if earlier.words == self.words => earlier.latest(),
            _ => (ChangeKinds::default(), self.before),
        };
        (kinds.with(self.change), before)
    }

    /// Whether any of the changes was made for an error with these words.
    fn is_for(&self, words: &[String]) -> bool {
        self.words == words || self.earlier.as_ref().is_some_and(|earlier| earlier.is_for(words))
    }

    /// The form before the changes for errors with these words.
    fn before(&self, words: &[String]) -> Option<Capabilities> {
        let earlier = self.earlier.as_ref().and_then(|earlier| earlier.before(words));
        earlier.or_else(|| (self.words == words).then_some(self.before))
    }

    /// Reverts the latest change.
    fn without_last(self) -> Reverted {
        Reverted { kinds: ChangeKinds::default().with(self.change), before: self.before, rest: self.earlier }
    }

    /// Reverts the changes for errors with these words, and later changes.
    fn without(self, words: &[String]) -> Reverted {
        let is_last = !self.earlier.as_ref().is_some_and(|earlier| earlier.is_for(words));
        let Reverted { kinds, before, rest } = self.without_last();
        match rest {
            Some(rest) if !is_last => {
                let taken = rest.without(words);
                Reverted { kinds: taken.kinds.union(kinds), ..taken }
            }
            rest => Reverted { kinds, before, rest },
        }
    }
}

/// The endpoint accepts a form, but perhaps also one with fewer changes, in which the next request is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Check {
    /// The form with all changes.
    pub(crate) full: Capabilities,
    /// What a search has found.
    pub(crate) found: Option<FormCandidate>,
    /// Internal errors until it is certain that all changes are needed.
    internal_errors: u32,
}

/// Internal errors of a form with fewer changes, after which all are needed. A single one may be transient.
const MAX_INTERNAL: u32 = 2;

impl Check {
    /// A check that has yet to begin.
    pub(crate) fn new(full: Capabilities, found: Option<FormCandidate>) -> Self {
        Self { full, found, internal_errors: MAX_INTERNAL }
    }
}

/// An error for which a change is made.
#[derive(Clone, Copy)]
pub(crate) struct ChangeCause<'a> {
    /// Its message.
    pub(crate) message: &'a str,
    /// The page whose error it is.
    pub(crate) page: u64,
    /// Whether it rejects only the changed parameter, rather than only naming it.
    pub(crate) is_rejection: bool,
}

impl PendingChanges {
    /// Changes that have not helped.
    pub(crate) fn refuted(&self) -> ChangeKinds {
        self.refuted.get()
    }

    /// A change has not helped.
    pub(crate) fn refute(&self, change: CapabilityChange) {
        self.refuted.set(self.refuted.get().with(change));
    }

    /// Whether nothing has yet to prove itself, and no check is in progress.
    pub(crate) fn is_empty(&self) -> bool {
        self.pending.borrow().is_none() && self.check.borrow().is_none()
    }

    /// Whether it is checked that a form that was accepted needs all its changes.
    pub(crate) fn is_checking(&self) -> bool {
        self.check.borrow().is_some()
    }

    /// Whether a change for this page has yet to prove itself.
    pub(crate) fn is_for(&self, page: u64) -> bool {
        self.pending.borrow().as_ref().is_some_and(|pending| pending.page == page)
    }

    /// A change is made. `before`: the form until then.
    pub(crate) fn begin(&self, change: CapabilityChange, before: Capabilities, cause: ChangeCause<'_>) {
        let ChangeCause { message, page, is_rejection: is_rejected } = cause;
        let mut pending = self.pending.borrow_mut();
        let earlier = pending.take().filter(|earlier| earlier.page == page).map(Box::new);
        let words = words_without_numbers(message);
        *pending = Some(Pending { change, before, is_rejected, words, page, earlier });
    }

    /// Takes changes back if the page for which they were made meets an error with the same words that asks for nothing
    /// else, and also what was changed after them for errors with other words. Only the last change is taken back if the
    /// error repeats the last one with more words, or if the change has renamed an output limit that was only named, and
    /// the new name is rejected. Returns the form without them. `asked`: what the error asks for.
    pub(crate) fn take_back(&self, message: &str, page: u64, asked: Option<CapabilityChange>) -> Option<Capabilities> {
        let mut slot = self.pending.borrow_mut();
        let pending = slot.as_ref().filter(|pending| pending.page == page)?;
        let words = words_without_numbers(message);
        let is_next_step = asked.is_some_and(|asked| asked.is_of_kind(pending.change));
        let has_more = words.len() > pending.words.len() && pending.words.iter().all(|word| words.contains(word));
        let is_renamed_in_vain = matches!(pending.change, CapabilityChange::RenameOutputLimit(_))
            && asked == Some(CapabilityChange::Omit(Parameter::OutputLimit))
            && !pending.is_rejected;
        let Reverted { kinds, before, rest } = if has_more && !is_next_step || is_renamed_in_vain {
            slot.take()?.without_last()
        } else if asked.is_none() && pending.is_for(&words) {
            slot.take()?.without(&words)
        } else {
            return None;
        };
        *slot = rest.map(|rest| *rest);
        self.refuted.set(self.refuted.get().union(kinds));
        Some(before)
    }

    /// The form before the changes for this page's errors with the same words.
    pub(crate) fn form_before(&self, message: &str, page: u64) -> Option<Capabilities> {
        let slot = self.pending.borrow();
        slot.as_ref().filter(|pending| pending.page == page)?.before(&words_without_numbers(message))
    }

    /// A search goes on from the changes, and takes them back itself.
    pub(crate) fn give_up(&self) {
        *self.pending.borrow_mut() = None;
    }

    /// The endpoint accepts the form in which `page` was asked, `known`. Returns the form of the next request, which may
    /// have fewer changes; `None`: nothing was to be proven.
    pub(crate) fn confirm(&self, page: u64, known: Capabilities) -> Option<Capabilities> {
        let is_checked = self.check.borrow_mut().take().is_some();
        let is_proof = |pending: &mut Pending| pending.page == page || !known.is_proven;
        let Some(pending) = self.pending.borrow_mut().take_if(is_proof) else {
            return is_checked.then_some(known);
        };
        // Later, one request at a time would be too slow.
        let (kinds, before) = pending.latest();
        let has_several = kinds.len() > 1 && !known.is_proven && !is_checked;
        let fewer = if has_several { with_last(before, pending.change, known) } else { None };
        if fewer.is_some() {
            self.begin_check(Check::new(known, None));
        }
        fewer.or(Some(known))
    }

    /// The next request has fewer changes.
    pub(crate) fn begin_check(&self, check: Check) {
        *self.check.borrow_mut() = Some(check);
    }

    /// The request with fewer changes was rejected, with any wording: all are needed. `vague`: how, if the error names
    /// nothing.
    pub(crate) fn end_check(&self, vague: Option<VagueError>) -> Option<Check> {
        let mut check = self.check.borrow_mut();
        check.take_if(|check| {
            check.internal_errors = match vague {
                Some(VagueError::Internal) => check.internal_errors.saturating_sub(1),
                _ => 0,
            };
            check.internal_errors == 0
        })
    }
}

/// The form `before` with only the last of the changes after which it was `known`.
fn with_last(before: Capabilities, last: CapabilityChange, known: Capabilities) -> Option<Capabilities> {
    let mut form = before.with(last)?;
    // A format may have changed twice.
    while last.is_of_format() && form.format != known.format {
        form = form.with(CapabilityChange::WeakerFormat)?;
    }
    Some(form)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEAKER: CapabilityChange = CapabilityChange::WeakerFormat;
    const OMIT: CapabilityChange = CapabilityChange::Omit(Parameter::Temperature);
    const RENAME: CapabilityChange = CapabilityChange::RenameOutputLimit(None);

    fn cause(message: &str) -> ChangeCause<'_> {
        ChangeCause { message, page: 1, is_rejection: true }
    }

    #[test]
    fn a_change_is_taken_back_when_the_same_error_comes_again() {
        let before = Capabilities::default();
        let other = Some(CapabilityChange::Omit(Parameter::Stream));
        for (first, second, page, asked, is_back) in [
            ("No temperature, please", "No temperature, please", 1, None, true),
            ("Bad (request 8f3a, 225 tokens)", "bad (request 77bc, 300 tokens)", 1, None, true),
            ("No temperature, please", "No response_format, please", 1, None, false),
            ("Unknown: temperature", "Unknown: temperature, max_completion_tokens", 1, other, true),
            ("Unknown: temperature", "Unknown: temperature, stream", 1, Some(OMIT), false),
            // It names something else, too.
            ("No temperature, no stream", "No temperature, no stream", 1, other, false),
            // Another page may have another fault.
            ("No temperature, please", "No temperature, please", 2, None, false),
        ] {
            let changes = PendingChanges::default();
            changes.begin(OMIT, before, cause(first));
            assert_eq!(changes.take_back(second, page, asked), is_back.then_some(before), "{second}");
            assert_eq!((changes.refuted().contains(OMIT), changes.is_empty()), (is_back, is_back));
        }
    }

    /// Otherwise requests would be sent without a limit.
    #[test]
    fn a_limit_that_was_only_named_has_its_name_again() {
        let (before, omit) = (Capabilities::default(), Some(CapabilityChange::Omit(Parameter::OutputLimit)));
        for (is_rejection, expected) in [(false, Some(before)), (true, None)] {
            let changes = PendingChanges::default();
            changes.begin(RENAME, before, ChangeCause { is_rejection, ..cause("a max_tokens is best") });
            assert_eq!(changes.take_back("unknown field max_completion_tokens", 1, omit), expected);
        }
    }

    #[test]
    fn all_changes_for_the_same_error_are_taken_back_together() {
        let before = Capabilities::default();
        let object = before.with(WEAKER).unwrap();
        let changes = PendingChanges::default();
        changes.begin(WEAKER, before, cause("no"));
        changes.begin(OMIT, object, cause("no"));
        assert_eq!(changes.take_back("no", 1, None), Some(before));
        assert!(changes.refuted().contains(WEAKER) && changes.refuted().contains(OMIT));
        // Another error is another reason.
        for (again, expected) in [("no temperature", object), ("no format", before)] {
            let changes = PendingChanges::default();
            changes.begin(WEAKER, before, cause("no format"));
            changes.begin(OMIT, object, cause("no temperature"));
            assert_eq!(changes.take_back(again, 1, None), Some(expected));
            assert_eq!(changes.refuted().contains(WEAKER), expected == before);
        }
    }

    #[test]
    fn what_was_changed_before_the_last_change_can_still_be_taken_back() {
        let before = Capabilities::default();
        let object = before.with(WEAKER).unwrap();
        let changes = PendingChanges::default();
        changes.begin(WEAKER, before, cause("no"));
        changes.begin(OMIT, object, cause("no"));
        assert_eq!(changes.take_back("no, temperature needed", 1, None), Some(object));
        assert!(changes.refuted().contains(OMIT) && !changes.refuted().contains(WEAKER) && !changes.is_empty());
        assert_eq!(changes.take_back("no", 1, None), Some(before));
        assert!(changes.is_empty());
    }

    #[test]
    fn a_change_proves_itself_with_its_page() {
        let unknown = Capabilities::default();
        let proven = unknown.proven(true);
        for (page, known, is_proof) in [(1, proven, true), (2, proven, false), (2, unknown, true)] {
            let changes = PendingChanges::default();
            changes.begin(OMIT, unknown, cause("no"));
            assert_eq!(changes.confirm(page, known), is_proof.then_some(known));
            assert_eq!(changes.is_empty(), is_proof);
        }
    }

    #[test]
    fn of_several_changes_the_last_may_be_enough() {
        let before = Capabilities::default();
        let object = before.with(WEAKER).unwrap();
        let full = object.with(OMIT).unwrap();
        let changes = PendingChanges::default();
        changes.begin(WEAKER, before, cause("no"));
        changes.begin(OMIT, object, cause("no"));
        let fewer = changes.confirm(1, full).unwrap();
        assert_eq!(Some(fewer), before.with(OMIT));
        let check = Check::new(full, None);
        assert_eq!(changes.end_check(Some(VagueError::Internal)), None, "the server has failed for the moment");
        assert_eq!(changes.end_check(Some(VagueError::Rejection)), Some(Check { internal_errors: 0, ..check }));
        // A reply to the next request ends it, too.
        changes.begin_check(check);
        assert_eq!((changes.confirm(2, fewer), changes.end_check(None)), (Some(fewer), None));
        changes.begin_check(check);
        let ends = [0, 1].map(|_| changes.end_check(Some(VagueError::Internal)).is_some());
        assert_eq!(ends, [false, true], "internal errors have to come again");
        // Both steps of a format.
        let changes = PendingChanges::default();
        let full = before.with(OMIT).unwrap();
        changes.begin(OMIT, before, cause("no"));
        let objects = full.with(WEAKER).unwrap();
        changes.begin(WEAKER, full, cause("no"));
        changes.begin(WEAKER, objects, cause("no"));
        let plain = objects.with(WEAKER).unwrap();
        let fewer = changes.confirm(1, plain).unwrap();
        assert!(fewer.sends(Parameter::Temperature) && fewer.format == plain.format);
    }
}
