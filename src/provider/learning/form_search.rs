//! A search for what an endpoint rejects whose errors name nothing: before it has answered any request, each thing that
//! endpoints are known to reject is left out once.

use super::vague_error::VagueError;
use crate::provider::form::capability::Capabilities;
use crate::provider::form::capability_change::CapabilityChange;
use crate::provider::form::form_candidate::FormCandidate;
use crate::provider::form::parameter::{Parameter, Parameters};
use crate::provider::form::sent_form::SentForm;
use crate::provider::judgement::wording::words_without_numbers;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// Optional members, from those that are rejected most often and matter least.
const CHANGES: [CapabilityChange; 14] = [
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

/// Searches until an endpoint has answered: for another error, or with another page.
const MAX_SEARCHES: u32 = 2;

/// Different errors until an endpoint has answered that are waited for to come again.
const MAX_DOUBTS: usize = 4;

/// Searches for what an endpoint rejects.
#[derive(Debug, Default)]
pub(crate) struct FormSearch {
    running: RefCell<Option<Running>>,
    /// The words of errors that name nothing, in the order in which they came, and the pages that got them.
    seen: RefCell<Vec<(Vec<String>, Vec<u64>)>>,
    /// Of these, those for which every form was tried.
    searched: RefCell<Vec<Vec<String>>>,
    /// Pages with which every form was tried, and some met another error: nothing more is tried with them.
    unfit: RefCell<Vec<u64>>,
    /// How many searches have begun.
    begun: Cell<u32>,
}

/// A search in progress.
#[derive(Debug)]
struct Running {
    /// The words of the error.
    words: Vec<String>,
    before: Capabilities,
    /// The page that is asked repeatedly: what one page shows is not valid for another.
    page: u64,
    candidate: FormCandidate,
    rest: VecDeque<(FormCandidate, Capabilities)>,
    /// Whether a form got another error.
    has_met_other: bool,
}

/// What a search has found when the endpoint accepts a form.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SearchEnd {
    /// The candidate that it accepts; `None`: the form was accepted with another page, which shows nothing.
    pub(crate) found: Option<FormCandidate>,
    /// The form before.
    pub(crate) before: Capabilities,
}

/// An error that names nothing.
#[derive(Clone, Copy)]
pub(crate) struct SearchedError<'a> {
    pub(crate) kind: VagueError,
    pub(crate) message: &'a str,
    /// Whether no other page is asked before its page is answered.
    pub(crate) is_held: bool,
}

/// The next request after an error that names nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum SearchStep {
    /// The same form: the page may be at fault, or the server for a moment. The next page shows it.
    Doubt,
    /// This form.
    Try(Capabilities),
    /// Nothing has helped: the form is as before.
    End(Capabilities),
}

impl FormSearch {
    /// Whether a search is in progress.
    pub(crate) fn is_running(&self) -> bool {
        self.running.borrow().is_some()
    }

    /// Whether a search is in progress with this page.
    pub(crate) fn is_with(&self, page: u64) -> bool {
        self.running.borrow().as_ref().is_some_and(|running| running.page == page)
    }

    /// Whether nothing more is tried for an error with this message.
    pub(crate) fn is_over_for(&self, message: &str) -> bool {
        !self.is_running() && self.is_over(&words_without_numbers(message))
    }

    fn is_over(&self, words: &Vec<String>) -> bool {
        let seen = self.seen.borrow();
        let is_one_too_many = seen.len() >= MAX_DOUBTS && !seen.iter().any(|(known, _)| known == words);
        is_one_too_many || self.begun.get() >= MAX_SEARCHES || self.searched.borrow().contains(words)
    }

    /// The next request after an error in the form `known`; `None`: every form was tried before, or the error is not
    /// about the form that is tried. `is_stated`: whether the manifest states what a change leaves out.
    pub(crate) fn next(
        &self,
        SearchedError { kind, message, is_held }: SearchedError<'_>,
        sent: &SentForm,
        known: Capabilities,
        is_stated: &dyn Fn(CapabilityChange) -> bool,
    ) -> Option<SearchStep> {
        let words = words_without_numbers(message);
        let mut slot = self.running.borrow_mut();
        if let Some(running) = slot.as_mut() {
            // The server has failed for the moment.
            if kind == VagueError::Internal && running.words != words {
                return None;
            }
            if running.page != sent.page {
                // The page has left, and another one is asked.
                return slot.take().map(|running| SearchStep::Try(running.before));
            }
            running.has_met_other |= running.words != words;
            if let Some((candidate, form)) = running.rest.pop_front() {
                running.candidate = candidate;
                return Some(SearchStep::Try(form));
            }
            let ended = slot.take()?;
            let before = ended.before;
            self.close(ended);
            return Some(SearchStep::End(before));
        }
        if self.is_over(&words) || self.unfit.borrow().contains(&sent.page) {
            return None;
        }
        if !kind.is_about_form(&self.pages_after(&words, sent.page)?, is_held) {
            return Some(SearchStep::Doubt);
        }
        drop(slot);
        self.begin(words, sent, known, known, is_stated)
    }

    /// The next request after an error that names the same parameters after every change: from the form `known`, with
    /// the changes that it asked for; `before`: the form without them. `None`: nothing more is tried.
    pub(crate) fn go_on(
        &self,
        message: &str,
        sent: &SentForm,
        (before, known): (Capabilities, Capabilities),
        is_stated: &dyn Fn(CapabilityChange) -> bool,
    ) -> Option<SearchStep> {
        let words = words_without_numbers(message);
        let may_begin = !self.is_running() && !self.is_over(&words) && !self.unfit.borrow().contains(&sent.page);
        if may_begin { self.begin(words, sent, before, known, is_stated) } else { None }
    }

    /// Begins a search.
    fn begin(
        &self,
        words: Vec<String>,
        sent: &SentForm,
        before: Capabilities,
        known: Capabilities,
        is_stated: &dyn Fn(CapabilityChange) -> bool,
    ) -> Option<SearchStep> {
        let mut rest = forms_to_try(sent, known, is_stated);
        let about = words.join(" ");
        rest.make_contiguous().sort_by_key(|(candidate, _)| !candidate.is_about(&about));
        let (candidate, form) = rest.pop_front()?;
        self.begun.set(self.begun.get() + 1);
        *self.running.borrow_mut() =
            Some(Running { words, before, page: sent.page, candidate, rest, has_met_other: false });
        Some(SearchStep::Try(form))
    }

    /// Every form was tried. Another error may have been the page's own fault: then another page shows more.
    fn close(&self, ended: Running) {
        if ended.has_met_other {
            self.unfit.borrow_mut().push(ended.page);
        } else {
            self.searched.borrow_mut().push(ended.words);
        }
    }

    /// The pages that got an error with these words, once for each error, with this `page`. `None`: too many other
    /// errors came before.
    fn pages_after(&self, words: &[String], page: u64) -> Option<Vec<u64>> {
        let mut seen = self.seen.borrow_mut();
        let at = seen.iter().position(|(known, _)| known == words).unwrap_or(seen.len());
        if at == seen.len() && at < MAX_DOUBTS {
            seen.push((words.to_vec(), Vec::new()));
        }
        let (_, pages) = seen.get_mut(at)?;
        pages.push(page);
        Some(pages.clone())
    }

    /// The endpoint accepts the form in which `page` was asked. Ends the search, if one is in progress.
    pub(crate) fn end(&self, page: u64) -> Option<SearchEnd> {
        let Running { before, candidate, page: asked, .. } = self.running.borrow_mut().take()?;
        Some(SearchEnd { found: (asked == page).then_some(candidate), before })
    }
}

/// The forms of a request that was sent as `sent`, each without something else, and at last without anything that can
/// be left out.
fn forms_to_try(
    sent: &SentForm,
    known: Capabilities,
    is_stated: &dyn Fn(CapabilityChange) -> bool,
) -> VecDeque<(FormCandidate, Capabilities)> {
    let mut forms = VecDeque::new();
    let mut add = |candidate, form: Option<Capabilities>| forms.extend(form.map(|form| (candidate, form)));
    for change in CHANGES.into_iter().filter(|change| sent.may_change(*change) && !is_stated(*change)) {
        add(FormCandidate::Change(change), known.with(change));
        if change == CapabilityChange::WeakerFormat {
            add(FormCandidate::NoFormat, known.without_all(Parameters::from_list(&[Parameter::Format])));
        }
    }
    // Whichever other limit was tried before.
    let less = CapabilityChange::MaxOutput(SMALL_LIMIT);
    if sent.parameters.contains(Parameter::OutputLimit) && sent.max_reply_tokens > SMALL_LIMIT && !is_stated(less) {
        add(FormCandidate::Change(less), known.with(less));
    }
    // What was tried alone without success may still be a part of it. Without an output limit there is no bound to
    // what a request costs.
    let is_left_out = |parameter: &Parameter| {
        let change = CapabilityChange::for_rejected(*parameter);
        *parameter != Parameter::OutputLimit && sent.parameters.contains(*parameter) && !is_stated(change)
    };
    let left_out: Vec<Parameter> = Parameter::ALL.into_iter().filter(is_left_out).collect();
    let bare = known.without_all(Parameters::from_list(&left_out));
    add(FormCandidate::Bare, bare);
    add(FormCandidate::Bare, bare.and_then(|bare| bare.with(CapabilityChange::RenameOutputLimit(None))));
    forms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::form::capability::ReplyFormat;

    fn rejection(message: &str) -> SearchedError<'_> {
        SearchedError { kind: VagueError::Rejection, message, is_held: false }
    }

    fn internal(message: &str) -> SearchedError<'_> {
        SearchedError { kind: VagueError::Internal, ..rejection(message) }
    }

    fn sent(parameters: &[Parameter], capabilities: Capabilities) -> SentForm {
        SentForm { capabilities, parameters: Parameters::from_list(parameters), ..SentForm::unknown() }
    }

    /// Page 0 with each of these.
    const PARAMETERS: [Parameter; 4] =
        [Parameter::Temperature, Parameter::OutputLimit, Parameter::Format, Parameter::SystemMessage];

    #[test]
    fn one_thing_after_the_other_is_left_out_and_then_all() {
        let known = Capabilities::default();
        let sent = sent(&PARAMETERS, known);
        let is_stated = |change| change == CapabilityChange::Omit(Parameter::SystemMessage);
        let search = FormSearch::default();
        assert_eq!(search.next(rejection("no"), &sent, known, &is_stated), Some(SearchStep::Doubt));
        let mut forms = Vec::new();
        let end = loop {
            match search.next(rejection("no"), &sent, known, &is_stated) {
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

    /// What was not sent is not left out, and all of it is one change: the endpoint may still reject others.
    #[test]
    fn the_form_without_everything_is_one_change() {
        let known = Capabilities::default();
        let forms = forms_to_try(&sent(&PARAMETERS, known), known, &|_| false);
        let bare = forms.iter().rev().find(|(_, form)| !form.max_completion_tokens).unwrap().1;
        let omitted: Vec<&str> = bare.omitted.names().collect();
        assert_eq!((omitted, bare.format), (vec!["temperature", "system_message"], ReplyFormat::Plain));
        let more = (0..7).fold(bare, |form, at| form.with(CapabilityChange::MaxOutput(1000 - at)).unwrap());
        assert_eq!(more.with(CapabilityChange::MaxOutput(1)), None, "the eighth change after it");
    }

    #[test]
    fn the_second_error_with_the_same_words_begins_a_search() {
        let known = Capabilities::default();
        let sent = sent(&[Parameter::Temperature], known);
        let search = FormSearch::default();
        let next = |message| search.next(rejection(message), &sent, known, &|_| false);
        assert_eq!(next("no"), Some(SearchStep::Doubt));
        assert_eq!(search.end(0), None, "nothing was tried");
        assert_eq!(next("not so"), Some(SearchStep::Doubt));
        assert!(matches!(next("not so"), Some(SearchStep::Try(_))) && search.is_with(0) && !search.is_with(1));
        let found = FormCandidate::Change(CapabilityChange::Omit(Parameter::Temperature));
        assert_eq!(search.end(0), Some(SearchEnd { found: Some(found), before: known }));
        assert!(matches!(next("no"), Some(SearchStep::Try(_))));
        assert_eq!(search.end(1), Some(SearchEnd { found: None, before: known }), "another page shows nothing");
        for message in ["never", "no"] {
            assert_eq!(next(message), None, "no third search");
            assert!(search.is_over_for(message));
        }
    }

    /// Such errors mostly pass by themselves.
    #[test]
    fn internal_errors_with_other_words_are_not_about_the_form() {
        let known = Capabilities::default();
        let sent = sent(&PARAMETERS, known);
        let search = FormSearch::default();
        let next = |message| search.next(internal(message), &sent, known, &|_| false);
        let other = SentForm { page: 7, ..sent };
        assert_eq!(search.next(internal("no"), &other, known, &|_| false), Some(SearchStep::Doubt));
        for message in ["no", "not so"] {
            assert_eq!(next(message), Some(SearchStep::Doubt));
        }
        let first = known.with(CapabilityChange::Omit(Parameter::Temperature)).map(SearchStep::Try);
        assert_eq!(next("no"), first, "the third one");
        assert_eq!(next("not so"), None, "the same form again");
        let second = known.with(CapabilityChange::RenameOutputLimit(None)).map(SearchStep::Try);
        assert_eq!(next("no"), second);
    }

    /// A page that can't be read, for example, behind the error that is searched.
    #[test]
    fn another_page_is_tried_if_one_met_another_error() {
        let known = Capabilities::default();
        let sent = sent(&[Parameter::Temperature], known);
        let search = FormSearch::default();
        let next = |page, message| search.next(rejection(message), &SentForm { page, ..sent }, known, &|_| false);
        assert_eq!(next(0, "no"), Some(SearchStep::Doubt));
        let first = next(1, "no");
        assert!(matches!(first, Some(SearchStep::Try(_))));
        let steps: Vec<_> =
            std::iter::from_fn(|| next(1, "no picture").filter(|step| *step != SearchStep::Doubt)).collect();
        assert_eq!(steps.last(), Some(&SearchStep::End(known)));
        assert_eq!((next(1, "no"), search.is_over_for("no")), (None, false), "not with this page");
        assert_eq!(next(2, "no"), first);
    }

    #[test]
    fn a_search_begins_again_when_its_page_has_left() {
        let known = Capabilities::default();
        let sent = sent(&[Parameter::Temperature], known);
        let search = FormSearch::default();
        let next = |page| search.next(rejection("no"), &SentForm { page, ..sent }, known, &|_| false);
        let (doubt, first) = (next(0), next(0));
        assert_eq!(doubt, Some(SearchStep::Doubt));
        assert_eq!(next(1), Some(SearchStep::Try(known)), "as before");
        assert_eq!(next(1), first);
    }

    #[test]
    fn what_an_error_may_be_about_is_tried_first() {
        let known = Capabilities::default();
        let sent = sent(&PARAMETERS, known);
        for (message, expected) in [
            ("generation is limited to a few tokens", CapabilityChange::RenameOutputLimit(None)),
            ("no instructions, please", CapabilityChange::Omit(Parameter::SystemMessage)),
            ("this is no JSON", CapabilityChange::SimplerSchema),
            ("no", CapabilityChange::Omit(Parameter::Temperature)),
        ] {
            let search = FormSearch::default();
            search.next(rejection(message), &sent, known, &|_| false);
            let first = search.next(rejection(message), &sent, known, &|_| false);
            assert_eq!(first, known.with(expected).map(SearchStep::Try), "{message}");
        }
    }
}
