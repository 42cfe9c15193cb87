//! Changes of the form of requests that have yet to prove themselves. One after which the same error comes again is
//! taken back. Where errors say nothing that is understood, and no request was answered so far, each thing that
//! endpoints are known to reject is left out once.

use super::capability::Capabilities;
use super::capability_change::{CapabilityChange, ChangeKinds};
use super::form_trial::FormTrial;
use super::parameter::Parameter;
use super::sent_form::SentForm;
use super::wording::words_without_numbers;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// What can be left out for an error that says nothing, from what endpoints reject most often and what matters least.
const TRIALS: [CapabilityChange; 14] = [
    CapabilityChange::Omit(Parameter::Temperature),
    CapabilityChange::RenameOutputLimit(None),
    CapabilityChange::SimplerSchema,
    CapabilityChange::WeakerFormat,
    CapabilityChange::Omit(Parameter::Strict),
    CapabilityChange::Omit(Parameter::StreamOptions),
    CapabilityChange::Omit(Parameter::Effort),
    CapabilityChange::Omit(Parameter::Thinking),
    CapabilityChange::Omit(Parameter::CacheKey),
    CapabilityChange::Omit(Parameter::CacheOptions),
    CapabilityChange::Omit(Parameter::Detail),
    CapabilityChange::Omit(Parameter::SystemMessage),
    CapabilityChange::Omit(Parameter::Stream),
    CapabilityChange::MinOutput(0),
];

/// The output limit with which a request is tried that asks for more, in tokens: the least that the models of the last
/// years allow. Source: their model pages (2026-11).
const SMALL_LIMIT: u32 = 4096;

/// Searches until an endpoint has answered. Each meets another error.
const MAX_SEARCHES: usize = 2;

/// Different errors until an endpoint has answered that are waited for to come again.
const MAX_DOUBTS: usize = 4;

/// Changes that have yet to prove themselves.
#[derive(Debug, Default)]
pub(crate) struct FormTrials {
    pending: RefCell<Option<Pending>>,
    check: RefCell<Option<Check>>,
    search: RefCell<Option<Search>>,
    /// The words of errors that say nothing, in the order in which they came.
    seen: RefCell<Vec<Vec<String>>>,
    /// Of these, those for which something was searched.
    searched: RefCell<Vec<Vec<String>>>,
    refuted: Cell<ChangeKinds>,
}

/// Changes that errors with the same words asked for, one after the other.
#[derive(Debug)]
struct Pending {
    /// The form before the first of them.
    before: Capabilities,
    kinds: ChangeKinds,
    /// How many kinds.
    count: u32,
    last: CapabilityChange,
    /// The form before the last one.
    before_last: Capabilities,
    words: Vec<String>,
    /// The page whose errors they were.
    page: u64,
}

/// Several changes were made until the endpoint accepted the form. The next request shows whether the last of them was
/// enough.
#[derive(Debug)]
struct Check {
    /// The form with all of them.
    full: Capabilities,
    words: Vec<String>,
}

/// What is tried for an error that says nothing.
#[derive(Debug)]
struct Search {
    before: Capabilities,
    /// The page that is asked again and again.
    page: u64,
    trial: FormTrial,
    rest: VecDeque<(FormTrial, Capabilities)>,
}

/// Changes have proven themselves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Proof {
    /// What a search has found.
    pub(crate) found: Option<FormTrial>,
    /// The form before a search that was not for this page.
    pub(crate) refuted: Option<Capabilities>,
    /// The form with fewer changes, which may be enough.
    pub(crate) fewer: Option<Capabilities>,
}

/// What is asked after a search has met another error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum SearchStep {
    /// The same form: the page may be at fault, or the server for a moment. The next page shows it.
    Doubt,
    /// Another form.
    Try(Capabilities),
    /// Nothing has helped: the form is as before.
    End(Capabilities),
}

impl FormTrials {
    /// Changes that have not helped.
    pub(crate) fn refuted(&self) -> ChangeKinds {
        self.refuted.get()
    }

    /// Whether a search is under way.
    pub(crate) fn is_searching(&self) -> bool {
        self.search.borrow().is_some()
    }

    /// Whether a change has yet to prove itself.
    pub(crate) fn is_trying(&self) -> bool {
        self.is_searching() || self.pending.borrow().is_some()
    }

    /// A change was made because of an error of `page`. `before`: the form until then.
    pub(crate) fn begin(&self, change: CapabilityChange, before: Capabilities, message: &str, page: u64) {
        let mut pending = self.pending.borrow_mut();
        let words = words_without_numbers(message);
        let earlier = pending.take_if(|pending| pending.words == words && pending.page == page);
        let (first, kinds, count) = match earlier {
            Some(earlier) => (earlier.before, earlier.kinds, earlier.count),
            None => (before, ChangeKinds::default(), 0),
        };
        let count = count + u32::from(!kinds.contains(change));
        let kinds = kinds.with(change);
        *pending = Some(Pending { before: first, kinds, count, last: change, before_last: before, words, page });
    }

    /// Takes changes back if an error of the page for which they were made says the same as before, and asks for nothing
    /// else (`has_next`); or the last of them, if the error says more: then it has added to what is wrong. Returns the
    /// form without them.
    pub(crate) fn take_back(&self, message: &str, page: u64, has_next: bool) -> Option<Capabilities> {
        let words = words_without_numbers(message);
        let mut slot = self.pending.borrow_mut();
        let pending = slot.as_mut().filter(|pending| pending.page == page)?;
        let says_more = pending.words.iter().all(|word| words.contains(word)) && words.len() > pending.words.len();
        let refuted = |kinds: ChangeKinds| self.refuted.set(self.refuted.get().and(kinds));
        if says_more {
            refuted(ChangeKinds::default().with(pending.last));
            return slot.take().map(|pending| pending.before_last);
        }
        if has_next || words != pending.words {
            return None;
        }
        refuted(pending.kinds);
        slot.take().map(|pending| pending.before)
    }

    /// The endpoint accepts the form in which `page` was asked, `known`; `None`: nothing was to be proven.
    pub(crate) fn confirm(&self, page: u64, known: Capabilities) -> Option<Proof> {
        let check = self.check.borrow_mut().take();
        let search = self.search.borrow_mut().take();
        let is_proof = |pending: &mut Pending| pending.page == page || !known.is_proven;
        let pending = self.pending.borrow_mut().take_if(is_proof);
        if check.is_none() && search.is_none() && pending.is_none() {
            return None;
        }
        // What is tried with one page shows nothing with another.
        let refuted = search.as_ref().filter(|search| search.page != page).map(|search| search.before);
        let found = search.map(|search| search.trial).filter(|_| refuted.is_none());
        // Later, one request at a time would be too slow.
        let several = pending.filter(|pending| pending.count > 1 && !known.is_proven);
        let fewer = several.and_then(|pending| {
            let fewer = with_last(pending.before, pending.last, known)?;
            *self.check.borrow_mut() = Some(Check { full: known, words: pending.words });
            Some(fewer)
        });
        Some(Proof { found, refuted, fewer })
    }

    /// The form with all changes, if an error shows that fewer are not enough.
    pub(crate) fn end_check(&self, message: &str) -> Option<Capabilities> {
        let is_same = |check: &mut Check| check.words == words_without_numbers(message);
        self.check.borrow_mut().take_if(is_same).map(|check| check.full)
    }

    /// Tries something else for an error that says nothing; `None`: this was done before. `is_stated`: whether the
    /// manifest states what a change leaves out.
    pub(crate) fn search(
        &self,
        message: &str,
        sent: &SentForm,
        known: Capabilities,
        is_stated: &dyn Fn(CapabilityChange) -> bool,
    ) -> Option<SearchStep> {
        *self.pending.borrow_mut() = None;
        let mut search = self.search.borrow_mut();
        if search.is_none() {
            let (words, mut searched) = (words_without_numbers(message), self.searched.borrow_mut());
            if searched.len() >= MAX_SEARCHES || searched.contains(&words) {
                return None;
            }
            let mut seen = self.seen.borrow_mut();
            if !seen.contains(&words) {
                seen.push(words);
                return (seen.len() <= MAX_DOUBTS).then_some(SearchStep::Doubt);
            }
            let mut rest = forms_to_try(sent, known, is_stated);
            let about = words.join(" ");
            rest.make_contiguous().sort_by_key(|(trial, _)| !trial.is_about(&about));
            searched.push(words);
            let (trial, form) = rest.pop_front()?;
            *search = Some(Search { before: known, page: sent.page, trial, rest });
            return Some(SearchStep::Try(form));
        }
        let running = search.as_mut()?;
        match running.rest.pop_front().filter(|_| running.page == sent.page) {
            Some((trial, form)) => {
                running.trial = trial;
                Some(SearchStep::Try(form))
            }
            None => search.take().map(|search| SearchStep::End(search.before)),
        }
    }
}

/// The forms of a request that was sent as `sent`, each without something else, and at last without anything that can
/// be left out.
fn forms_to_try(
    sent: &SentForm,
    known: Capabilities,
    is_stated: &dyn Fn(CapabilityChange) -> bool,
) -> VecDeque<(FormTrial, Capabilities)> {
    let is_sent = |change: &CapabilityChange| sent.may_change(*change) && !is_stated(*change);
    let mut forms = VecDeque::new();
    for change in TRIALS.into_iter().filter(is_sent) {
        forms.extend(known.with(change).map(|form| (FormTrial::Change(change), form)));
        if change == CapabilityChange::WeakerFormat {
            let plain = known.with(change).and_then(|weaker| weaker.with(change));
            forms.extend(plain.map(|form| (FormTrial::NoFormat, form)));
        }
    }
    // Whatever other limit was tried before.
    let less = CapabilityChange::MaxOutput(SMALL_LIMIT);
    if sent.parameters.contains(Parameter::OutputLimit) && sent.max_reply_tokens > SMALL_LIMIT && !is_stated(less) {
        forms.extend(known.with(less).map(|form| (FormTrial::Change(less), form)));
    }
    // What was tried alone without success may still be a part of it.
    let is_left_out = |change: &CapabilityChange| matches!(change, CapabilityChange::Omit(_)) && !is_stated(*change);
    let bare = TRIALS.into_iter().filter(is_left_out).fold(known, |form, change| form.with(change).unwrap_or(form));
    let bare = bare.without_format();
    let renamed = bare.with(CapabilityChange::RenameOutputLimit(None));
    forms.extend([Some(bare), renamed].into_iter().flatten().map(|form| (FormTrial::Bare, form)));
    forms
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
    use crate::provider::capability::ReplyFormat;
    use crate::provider::parameter::Parameters;

    fn sent(parameters: &[Parameter], capabilities: Capabilities) -> SentForm {
        SentForm { capabilities, parameters: Parameters::of(parameters), ..SentForm::unknown() }
    }

    #[test]
    fn a_change_is_taken_back_when_the_same_error_comes_again() {
        let (omit, before) = (CapabilityChange::Omit(Parameter::Temperature), Capabilities::default());
        for (first, second, page, has_next, is_back) in [
            ("No temperature, please", "No temperature, please", 1, false, true),
            ("Bad (request 8f3a, 225 tokens)", "bad (request 77bc, 300 tokens)", 1, false, true),
            ("No temperature, please", "No response_format, please", 1, false, false),
            ("Unknown: temperature", "Unknown: temperature, max_completion_tokens", 1, true, true),
            // It names something else, too.
            ("No temperature, no stream", "No temperature, no stream", 1, true, false),
            // Another page may have another fault.
            ("No temperature, please", "No temperature, please", 2, false, false),
        ] {
            let trials = FormTrials::default();
            trials.begin(omit, before, first, 1);
            assert_eq!(trials.take_back(second, page, has_next), is_back.then_some(before), "{second}");
            assert_eq!(trials.refuted().contains(omit), is_back);
            if is_back {
                assert_eq!(trials.take_back(second, page, has_next), None, "once");
            }
        }
    }

    #[test]
    fn all_changes_for_the_same_error_are_taken_back_together() {
        let (weaker, omit) = (CapabilityChange::WeakerFormat, CapabilityChange::Omit(Parameter::Temperature));
        let before = Capabilities::default();
        let trials = FormTrials::default();
        let object = before.with(weaker).unwrap();
        trials.begin(weaker, before, "no", 1);
        trials.begin(omit, object, "no", 1);
        assert_eq!(trials.take_back("no", 1, false), Some(before));
        assert!(trials.refuted().contains(weaker) && trials.refuted().contains(omit));
        // Another error is another reason.
        let trials = FormTrials::default();
        trials.begin(weaker, before, "no format", 1);
        trials.begin(omit, object, "no temperature", 1);
        assert_eq!(trials.take_back("no temperature", 1, false), Some(object));
    }

    #[test]
    fn a_change_proves_itself_with_its_page() {
        let omit = CapabilityChange::Omit(Parameter::Temperature);
        let unknown = Capabilities::default();
        for (page, known, is_proof) in
            [(1, unknown.proven(true), true), (2, unknown.proven(true), false), (2, unknown, true)]
        {
            let trials = FormTrials::default();
            trials.begin(omit, Capabilities::default(), "no", 1);
            let proof = Proof { found: None, refuted: None, fewer: None };
            assert_eq!(trials.confirm(page, known), is_proof.then_some(proof));
            assert_eq!(trials.take_back("no", 1, false).is_some(), !is_proof);
        }
    }

    #[test]
    fn of_several_changes_the_last_may_be_enough() {
        let (weaker, omit) = (CapabilityChange::WeakerFormat, CapabilityChange::Omit(Parameter::Temperature));
        let before = Capabilities::default();
        let object = before.with(weaker).unwrap();
        let full = object.with(omit).unwrap();
        for (message, expected) in [("no", Some(full)), ("something else", None)] {
            let trials = FormTrials::default();
            trials.begin(weaker, before, "no", 1);
            trials.begin(omit, object, "no", 1);
            let fewer = trials.confirm(1, full).and_then(|proof| proof.fewer);
            assert_eq!(fewer, before.with(omit));
            assert_eq!(trials.end_check(message), expected);
        }
    }

    #[test]
    fn a_search_leaves_out_one_thing_after_the_other_and_then_all() {
        let known = Capabilities::default();
        let parameters = [Parameter::Temperature, Parameter::OutputLimit, Parameter::Format, Parameter::SystemMessage];
        let sent = sent(&parameters, known);
        let is_stated = |change| change == CapabilityChange::Omit(Parameter::SystemMessage);
        let trials = FormTrials::default();
        assert_eq!(trials.search("no", &sent, known, &is_stated), Some(SearchStep::Doubt));
        let mut forms = Vec::new();
        let end = loop {
            match trials.search("no", &sent, known, &is_stated) {
                Some(SearchStep::Try(form)) => forms.push(form),
                end => break end,
            }
        };
        assert_eq!(end, Some(SearchStep::End(known)));
        let differing = |form: &Capabilities| {
            [
                (!form.sends(Parameter::Temperature), "temperature"),
                (form.max_completion_tokens, "limit"),
                (!form.sends(Parameter::MaxItems), "bounds"),
                (form.format == ReplyFormat::Object, "object"),
                (form.format == ReplyFormat::Plain, "plain"),
                (form.output_factor > 1, "more"),
                (form.max_output.is_some(), "less"),
                (!form.sends(Parameter::SystemMessage), "system"),
            ]
            .into_iter()
            .filter_map(|(differs, name)| differs.then_some(name))
            .collect::<Vec<_>>()
            .join("+")
        };
        let found: Vec<String> = forms.iter().map(differing).collect();
        let expected = [
            "temperature",
            "limit",
            "bounds",
            "object",
            "plain",
            "more",
            "less",
            "temperature+plain",
            "temperature+limit+plain",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_a_search_has_found_is_known_once_a_request_is_answered() {
        let known = Capabilities::default();
        let sent = sent(&[Parameter::Temperature], known);
        let trials = FormTrials::default();
        let search = |message| trials.search(message, &sent, known, &|_| false);
        assert_eq!(search("no"), Some(SearchStep::Doubt));
        assert_eq!(trials.confirm(0, known), None, "the server had failed for a moment");
        assert_eq!(search("not so"), Some(SearchStep::Doubt));
        assert!(matches!(search("not so"), Some(SearchStep::Try(_))));
        let found = Some(FormTrial::Change(CapabilityChange::Omit(Parameter::Temperature)));
        assert_eq!(trials.confirm(0, known), Some(Proof { found, refuted: None, fewer: None }));
        assert_eq!(search("not so"), None, "once for the same error");
        assert!(matches!(search("no"), Some(SearchStep::Try(_))));
        // Another page shows nothing.
        assert_eq!(trials.confirm(1, known), Some(Proof { found: None, refuted: Some(known), fewer: None }));
        for message in ["never", "not at all"] {
            assert_eq!(search(message), None, "no third search");
        }
    }

    #[test]
    fn what_an_error_may_be_about_is_tried_first() {
        let known = Capabilities::default();
        let parameters = [Parameter::Temperature, Parameter::OutputLimit, Parameter::Format, Parameter::SystemMessage];
        let sent = sent(&parameters, known);
        for (message, expected) in [
            ("generation is limited to a few tokens", CapabilityChange::RenameOutputLimit(None)),
            ("no instructions, please", CapabilityChange::Omit(Parameter::SystemMessage)),
            ("this is no JSON", CapabilityChange::SimplerSchema),
            ("no", CapabilityChange::Omit(Parameter::Temperature)),
        ] {
            let trials = FormTrials::default();
            trials.search(message, &sent, known, &|_| false);
            let first = trials.search(message, &sent, known, &|_| false);
            assert_eq!(first, known.with(expected).map(SearchStep::Try), "{message}");
        }
    }
}
