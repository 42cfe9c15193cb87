//! Errors that do not name what they reject, from an endpoint that has never answered. If the manifest states values that
//! may be the cause, the run ends: values of the manifest are never left out. It also ends if the words of the error show
//! what to check: the key, the credit, the model.

use super::vague_error::VagueError;
use crate::provider::dialect::interface::Dialect;
use crate::provider::form::sent_form::SentForm;
use crate::provider::judgement::transient::Transient;
use crate::provider::judgement::verdict::Verdict;
use crate::provider::judgement::wording::words_without_numbers;
use crate::provider::replies::exchange::Exchange;
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// Pages with the same error that show that none of them is its cause.
const MIN_PAGES: usize = 3;

/// How long internal errors must have come: a server that restarts has them, too.
const MIN_INTERNAL: Duration = Duration::from_secs(30);

const HINT: &str =
    "change or remove these values in the manifest, or choose another model; then run again with --retry failed";

/// Errors of pages, before any was answered.
#[derive(Debug, Default)]
pub(crate) struct UnexplainedErrors {
    /// Values that the manifest states.
    stated: Vec<String>,
    /// The name of the model.
    model: String,
    is_answered: Cell<bool>,
    words: RefCell<Vec<String>>,
    /// The pages with these words.
    pages: RefCell<Vec<u64>>,
    /// When the first of them got the error.
    since: Cell<Duration>,
}

impl UnexplainedErrors {
    /// No errors so far. `stated`: values that the manifest states, such as `request.top_p: 0.5`; `model`: its name.
    pub(crate) fn new(stated: Vec<String>, model: &str) -> Self {
        Self { stated, model: model.to_owned(), ..Self::default() }
    }

    /// Ends the run at the same error of several pages, if the manifest states values or the error shows what to check.
    /// `sent`: the form of the request; `now`: when it was judged; `is_searched`: whether nothing more is tried for an
    /// error with such a message.
    pub(crate) fn judge(
        &self,
        exchange: &mut Exchange,
        sent: &SentForm,
        dialect: &dyn Dialect,
        now: Duration,
        is_searched: impl Fn(&str) -> bool,
    ) {
        if matches!(exchange.verdict, Verdict::Done { .. }) {
            return self.is_answered.set(true);
        }
        let is_counted = !sent.is_candidate && !sent.capabilities.is_proven && !self.is_answered.get();
        let Some(message) = exchange.verdict.message().filter(|_| is_counted) else { return };
        let vague = VagueError::from_exchange(exchange);
        let is_final = match vague {
            Some(VagueError::Internal) => is_searched(message) && dialect.is_transient(message) != Transient::Yes,
            Some(VagueError::Rejection) => is_searched(message),
            None => exchange.rejects_named && exchange.verdict.is_rejection(),
        };
        if !is_final {
            return;
        }
        let (words, mut pages) = (words_without_numbers(message), self.pages.borrow_mut());
        if *self.words.borrow() != words {
            *self.words.borrow_mut() = words;
            self.since.set(now);
            pages.clear();
        }
        if !pages.contains(&sent.page) {
            pages.push(sent.page);
        }
        let may_be_outage = vague == Some(VagueError::Internal) && now.saturating_sub(self.since.get()) < MIN_INTERNAL;
        if pages.len() < MIN_PAGES || may_be_outage {
            return;
        }
        const REJECTS: &str = "the endpoint rejects every request";
        let found = match self.stated.is_empty() {
            false => {
                let stated = self.stated.join(", ");
                Some(Verdict::stop(format!("{REJECTS}, perhaps because of {stated}: {message}"), HINT))
            }
            // An error that names a parameter states its cause. A gateway may name the model in any internal error.
            true => vague
                .and_then(|vague| {
                    let model = (vague == VagueError::Rejection).then_some(self.model.as_str());
                    dialect.likely_hint(message, model)
                })
                .map(|hint| Verdict::stop(format!("{REJECTS}: {message}"), hint)),
        };
        if let Some(found) = found {
            exchange.verdict = found;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::vocabulary::ErrorKind;
    use crate::provider::dialect::openai::OpenAi;
    use crate::provider::form::capability::Capabilities;
    use crate::provider::judgement::verdict::{Charge, Cut};

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
            let errors = UnexplainedErrors::new(stated, "m");
            let judge = |(page, message): &(u64, &str)| {
                let mut exchange = failed(message);
                errors.judge(&mut exchange, &sent(*page), &OpenAi, Duration::ZERO, |message| !message.ends_with('!'));
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

    fn internal(message: &str) -> Exchange {
        let verdict = Verdict::transient(ErrorKind::ServerError, message);
        Exchange { status: Some(500), ..Exchange::new(verdict, Charge::Nothing) }
    }

    #[test]
    fn the_words_of_an_error_may_show_what_to_check() {
        let cases = [
            (failed as fn(&str) -> Exchange, "no such deployment", 0, true),
            (failed, "no picture", 0, false),
            (failed, "'m-1' is not served here", 0, true),
            (internal, "'m-1' is not served here", 600, false),
            (internal, "no such deployment", 30, true),
            // A server that restarts.
            (internal, "no such deployment", 28, false),
            (internal, "the model is overloaded, try again later", 600, false),
            (internal, "out of luck", 600, false),
        ];
        for (make, message, seconds, is_over) in cases {
            let errors = UnexplainedErrors::new(Vec::new(), "m-1");
            let judge = |page: u64| {
                let mut exchange = make(message);
                errors.judge(&mut exchange, &sent(page), &OpenAi, Duration::from_secs(page * seconds / 2), |_| true);
                exchange.verdict
            };
            let verdicts = [0, 1, 2].map(judge);
            assert_eq!(verdicts[..2], [make(message).verdict, make(message).verdict], "{message}");
            let Verdict::Stop(refusal) = &verdicts[2] else {
                assert!(!is_over && verdicts[2] == make(message).verdict, "{message} {seconds}");
                continue;
            };
            assert!(is_over && refusal.hint.contains("provider.model"), "{message} {seconds}");
            assert_eq!(refusal.message, format!("the endpoint rejects every request: {message}"));
        }
    }

    #[test]
    fn a_stated_value_may_be_the_cause_of_internal_errors() {
        let errors = UnexplainedErrors::new(vec!["request.top_p: 0.5".to_owned()], "m");
        let judge = |page: u64, seconds| {
            let mut exchange = internal("computer says no");
            errors.judge(&mut exchange, &sent(page), &OpenAi, Duration::from_secs(seconds), |_| true);
            matches!(exchange.verdict, Verdict::Stop(_))
        };
        assert_eq!([judge(1, 0), judge(2, 10), judge(3, 29), judge(3, 30)], [false, false, false, true]);
    }

    #[test]
    fn an_endpoint_that_has_answered_rejects_only_pages() {
        let errors = UnexplainedErrors::new(vec!["request.top_p: 0.5".to_owned()], "m");
        let done = Verdict::Done { reading: Vec::new(), cut: Cut::No };
        // Also to a form that is only tried.
        let tried = SentForm { is_candidate: true, ..sent(9) };
        errors.judge(&mut Exchange::new(done, Charge::Nothing), &tried, &OpenAi, Duration::ZERO, |_| true);
        for page in 0..5 {
            let mut exchange = failed("no");
            errors.judge(&mut exchange, &sent(page), &OpenAi, Duration::ZERO, |_| true);
            assert_eq!(exchange.verdict, failed("no").verdict);
        }
    }
}
