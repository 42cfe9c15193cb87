//! Why a provider rejects a request, by the words of its error. One cause has many codes and wordings,
//! and comes with almost any status.

use super::cause::Cause;
use super::cause_words::{CAUSES, CREDIT_ADVICE, FILTER_WORDS, FILTERED, TOO_LONG, UNKNOWN_MODEL_CODES, WINDOW};
use super::credit::{CREDIT_CODES, reports_no_credit, with_whole_negations, without_free_clauses};
use super::error_body::ErrorBody;
use super::invalid_reply::reports_invalid_reply;
use super::model_errors::{is_retired, names_unknown_model};
use super::transient::{is_not_there_yet, transient_by_error};
use super::vision::lacks_vision;
use crate::provider::judgement::transient::Transient;
use crate::provider::judgement::wording::find_word;

/// The known cause of an error of HTTP `status`. `has_delay`: whether the server states when to ask again.
pub(crate) fn find_cause(status: u16, error: &ErrorBody, has_delay: bool) -> Option<Cause> {
    let complaint = Complaint::from_error(status, error, has_delay);
    complaint.cause_in_model().or_else(|| complaint.listed_cause()).or_else(|| complaint.cause_in_account())
}

/// An error as the rules about its cause read it.
struct Complaint<'a> {
    status: u16,
    /// Its text in lower case.
    text: &'a str,
    /// The same without quotation marks: names of parameters are often quoted.
    unquoted: String,
    /// The same without clauses that a refused request costs nothing, which are not complaints, and with `not` for `n't`.
    about_credit: String,
    codes: Vec<String>,
    /// Whether the server states when to ask again.
    has_delay: bool,
    /// Whether the server can't do its work for the moment: the error is not about the model then.
    passes: bool,
}

impl<'a> Complaint<'a> {
    fn from_error(status: u16, error: &'a ErrorBody, has_delay: bool) -> Self {
        let text = error.text();
        let unquoted = text.replace(['`', '\'', '"'], "");
        let passes = status == 404 && is_not_there_yet(text) || transient_by_error(status, error) == Transient::Yes;
        let about_credit = without_free_clauses(&with_whole_negations(text).replace(['`', '\'', '"'], ""));
        Self { status, text, unquoted, about_credit, codes: error.codes(), has_delay, passes }
    }

    /// An internal error has to be clear: it may have another cause.
    fn is_internal(&self) -> bool {
        self.status >= 500
    }

    /// Whether the server may have a reason to complain about the form of the request.
    fn is_of_form(&self) -> bool {
        matches!(self.status, 0..=400 | 422)
    }

    fn has_code(&self, names: &[&str]) -> bool {
        let is = |code: &str, name: &str| if self.is_internal() { code == name } else { code.contains(name) };
        names.iter().any(|name| self.codes.iter().any(|code| is(code, name)))
    }

    /// Whether one of these codes is in the message.
    fn names_code(&self, names: &[&str]) -> bool {
        names.iter().any(|name| name.contains('_') && find_word(self.text, name).is_some())
    }

    fn has(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.unquoted.contains(word))
    }

    fn has_credit_words(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.about_credit.contains(word))
    }

    /// Whether words of the error may be text of the page: it has those of a filter and of what a filter reads.
    fn may_quote_page(&self) -> bool {
        self.has(FILTER_WORDS) && FILTERED.iter().any(|word| find_word(self.text, word).is_some())
    }

    /// The cause, if it is the model.
    fn cause_in_model(&self) -> Option<Cause> {
        if self.passes {
            return None;
        }
        if lacks_vision(self.text) {
            return Some(Cause::NoVision);
        }
        if is_retired(self.status, self.text, &self.codes) {
            return Some(Cause::RetiredModel);
        }
        // Relays use the code for a model that has no free channel for the moment.
        let is_named = !self.is_internal() && self.has_code(UNKNOWN_MODEL_CODES);
        let is_unknown = is_named || names_unknown_model(self.text) && !self.may_quote_page();
        is_unknown.then_some(Cause::UnknownModel)
    }

    /// The first cause of [`CAUSES`] that the error has.
    fn listed_cause(&self) -> Option<Cause> {
        let (cause, ..) = CAUSES.iter().find(|(cause, codes, words)| self.has_cause(*cause, codes, words))?;
        let is_coded = || self.status == 402 || self.has_code(CREDIT_CODES) || self.names_code(CREDIT_CODES);
        match cause {
            Cause::NoCredit if self.may_quote_page() && !is_coded() => Some(Cause::PerhapsNoCredit),
            cause => Some(*cause),
        }
    }

    fn has_cause(&self, cause: Cause, codes: &[&str], words: &[&str]) -> bool {
        match cause {
            Cause::NoCredit => self.has_code(codes) || self.names_code(codes) || self.states_no_credit(words),
            Cause::ReasoningExhausted => {
                self.has(words) || self.is_of_form() && reports_exhausted_reasoning(&self.unquoted)
            }
            Cause::BadKey => {
                !self.is_internal() && (self.has_code(codes) || self.has(words) || complains_of_key(self.text))
            }
            Cause::Recitation | Cause::ContentFilter => self.has_code(codes) || !self.is_internal() && self.has(words),
            Cause::InvalidReply => {
                self.has_code(codes) || self.has(words) || self.is_of_form() && reports_invalid_reply(self.text)
            }
            Cause::ContextTooLong => {
                let is_clear = !self.is_internal() || self.has(WINDOW) && self.has(TOO_LONG);
                self.has_code(codes) || self.has(words) && is_clear || reports_prompt_too_long(&self.unquoted)
            }
            _ => self.has_code(codes) || self.has(words),
        }
    }

    /// Whether one of these words states that the account has no credit.
    fn states_no_credit(&self, words: &[&str]) -> bool {
        // With a delay, words about credit are advice.
        let is_advice = self.status == 429 && self.has_delay;
        // A server has budgets of other kinds, too.
        let is_vague = self.is_internal() && self.has(&["budget has been exceeded", "exceeded your current quota"]);
        // What a filter stops may be about credit, too.
        let is_of_filter =
            |(cause, codes, _): &(Cause, &[&str], _)| *cause == Cause::ContentFilter && self.has_code(codes);
        !is_advice && !is_vague && self.has_credit_words(words) && !CAUSES.iter().any(is_of_filter)
    }

    /// The cause, if advice or other words show that it is the account.
    fn cause_in_account(&self) -> Option<Cause> {
        if !self.is_internal() && self.status != 429 && self.has_credit_words(CREDIT_ADVICE) {
            return Some(Cause::NoCredit);
        }
        // With a delay, such words are advice.
        let may_be_meant = !self.passes && (self.status != 429 || !self.has_delay);
        (may_be_meant && reports_no_credit(&self.about_credit)).then_some(Cause::PerhapsNoCredit)
    }
}

/// `Input length 9000 exceeds maximum allowed token size 8192`, in the words of several servers; not that the
/// output limit, a rate or an image is too large.
fn reports_prompt_too_long(text: &str) -> bool {
    const OTHERS: &[&str] =
        &["max_tokens", "max_completion_tokens", "max_new_tokens", "output", "completion", "minute", "rate", "image"];
    const OVER: &[&str] = &["exceed", "too long", "longer than", "larger than", "more than", "over the"];
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let has_subject = ["input", "inputs", "prompt"].iter().any(|word| find_word(text, word).is_some());
    // With the window, the output limit is a part of the sum.
    let is_window = find_word(text, "window").is_some() && !text.contains("image");
    has_subject && text.contains("token") && (is_window || has(OVER) && !has(OTHERS))
}

/// `The token budget was exhausted by reasoning`, in the words of several servers; not that the model takes no such
/// parameter.
fn reports_exhausted_reasoning(text: &str) -> bool {
    const REASONING: &[&str] = &["reasoning", "reason", "thinking", "thoughts", "thought"];
    const ROOM: &[&str] = &["token", "tokens", "budget", "output", "limit", "room", "length", "space"];
    const USED: &[&str] = &[
        "exhaust",
        "used up",
        "use up",
        "uses up",
        "used all",
        "used the whole",
        "used the entire",
        "consumed",
        "consumes",
        "ran out",
        "run out",
        "out of",
        "spent",
        "no room",
        "left no",
        "nothing left",
        "none left",
        "no tokens left",
        "before an answer",
        "before the answer",
        "without an answer",
        "without producing",
        "limit hit",
        "limit reached",
        "limit was hit",
        "limit was reached",
    ];
    let has_word = |words: &[&str]| words.iter().any(|word| find_word(text, word).is_some());
    has_word(REASONING) && has_word(ROOM) && USED.iter().any(|words| text.contains(words)) && !text.contains("support")
}

/// `The API key is not valid`, in the words of several servers.
fn complains_of_key(text: &str) -> bool {
    const KEYS: &[&str] = &["api key", "api-key", "apikey", "api_key"];
    const COMPLAINTS: &[&str] = &[
        "invalid",
        "incorrect",
        "not valid",
        "missing",
        "expired",
        "required",
        "provide",
        "pass",
        "no api key",
        "revoked",
        "disabled",
        "not found",
        "wrong",
        "malformed",
        "unauthorized",
        "denied",
        "illegal",
        "leaked",
        "empty",
        "set",
        "make sure",
    ];
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    has(KEYS) && has(COMPLAINTS)
}

#[cfg(test)]
mod tests;
