//! The meaning of an error from any source: a status, a reply of status 200, a line of a batch.

use super::rate_limits::ExceededLimit;
use super::verdict::{Charge, PageFault, TransientFault, Verdict};
use crate::base::vocabulary::ErrorKind;
use crate::provider::form::capability_change::CapabilityChange;
use crate::provider::form::parameter::Parameter;
use crate::provider::form::sent_form::SentForm;

/// What an error means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ErrorJudgement {
    pub(crate) verdict: Verdict,
    pub(crate) charge: Charge,
    /// The rate limit that the request exceeded.
    pub(crate) exceeded: Option<ExceededLimit>,
    /// What to change for each parameter that the error names, also in words that are not understood. The first that
    /// makes a difference to the request counts.
    pub(crate) named_changes: Vec<CapabilityChange>,
    /// Whether the error names nothing: what it changes is a guess.
    pub(crate) is_guess: bool,
    /// What the error means, and what it cost, if it is not about the form of the request.
    pub(crate) otherwise: (Verdict, Charge),
    /// The text of a reply that the server itself found not valid.
    pub(crate) invalid_reply: Option<String>,
}

impl ErrorJudgement {
    /// An error that does not name any part of the request.
    pub(crate) fn naming_nothing(verdict: Verdict, charge: Charge) -> Self {
        let otherwise = (verdict.clone(), charge);
        Self {
            verdict,
            charge,
            exceeded: None,
            named_changes: Vec::new(),
            is_guess: false,
            otherwise,
            invalid_reply: None,
        }
    }

    /// Whether its words reject a parameter by its name, rather than a number.
    pub(crate) fn rejects_named(&self) -> bool {
        let Verdict::Retry(TransientFault { change: Some(change), .. }) = &self.verdict else { return false };
        change.parameter().is_some() && !self.is_guess
    }

    /// What the error means for a request of this form. What it names must have been sent: otherwise the request is not
    /// what is wrong. While no request was answered, a name is enough, with any wording.
    pub(crate) fn in_view_of(&self, sent: &SentForm) -> (Verdict, Charge) {
        // Without an output limit the cost of a request is unbounded: it is left out last, and not because it is only
        // named.
        let omits_limit = |change: &CapabilityChange| *change == CapabilityChange::Omit(Parameter::OutputLimit);
        let next = |may_omit_limit: bool| {
            let named = self.named_changes.iter().map(|change| sent.next_change(*change));
            let possible: Vec<_> = named.filter(|change| sent.may_change(*change)).collect();
            let last = possible.iter().find(|change| may_omit_limit && omits_limit(change));
            possible.iter().find(|change| !omits_limit(change)).or(last).copied()
        };
        let rejected = |message: &str, change| {
            let (kind, message) = (ErrorKind::Capability, message.to_owned());
            Verdict::Retry(TransientFault { kind, message, change: Some(change), may_run: false })
        };
        match &self.verdict {
            // This is not the searched parameter, whatever the error names.
            Verdict::Retry(TransientFault { change: Some(change), message, .. })
                if sent.is_candidate && *change != CapabilityChange::OutputFactor =>
            {
                (Verdict::page_fault(ErrorKind::BadRequest, message), Charge::Nothing)
            }
            verdict if sent.is_candidate => (verdict.clone(), self.charge),
            verdict if !sent.capabilities.is_proven && unexplained_message(verdict).is_some() => {
                match (next(false), unexplained_message(verdict)) {
                    (Some(change), Some(message)) => (rejected(message, change), Charge::Nothing),
                    _ => (self.verdict.clone(), self.charge),
                }
            }
            Verdict::Retry(TransientFault { change: Some(change), message, .. }) => match next(true) {
                Some(change) => (rejected(message, change), self.charge),
                None if change.concerns().is_some() => self.otherwise.clone(),
                // Something that no request states, such as the room that reasoning needs.
                None => (self.verdict.clone(), self.charge),
            },
            verdict => (verdict.clone(), self.charge),
        }
    }
}

/// The message of an error that may be about the request, although it does not state it.
fn unexplained_message(verdict: &Verdict) -> Option<&str> {
    match verdict {
        Verdict::Page(PageFault { message, .. }) if verdict.is_rejection() => Some(message),
        Verdict::Retry(TransientFault { change: None, message, .. }) => Some(message),
        Verdict::Stop(refusal) => Some(&refusal.message),
        Verdict::Later { message, .. } => Some(message),
        Verdict::Page(_) | Verdict::Retry(_) | Verdict::Done { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::OutputLimit as OutputLimitName;
    use crate::provider::form::capability::Capabilities;
    use crate::provider::form::efforts::Efforts;
    use crate::provider::form::parameter::Parameters;
    use CapabilityChange::{DisableThinking, Effort, MaxOutput, MinOutput, Omit, OutputFactor, RenameOutputLimit};

    fn sent(parameters: &[Parameter], capabilities: Capabilities) -> SentForm {
        SentForm {
            capabilities,
            parameters: Parameters::from_list(parameters),
            max_reply_tokens: 500,
            ..SentForm::first()
        }
    }

    /// An error that rejects these, and means a refusal otherwise.
    fn rejected(changes: &[CapabilityChange]) -> ErrorJudgement {
        let fault = TransientFault {
            kind: ErrorKind::Capability,
            message: "no".into(),
            change: changes.first().copied(),
            may_run: false,
        };
        ErrorJudgement {
            named_changes: changes.to_vec(),
            otherwise: (Verdict::stop_or_page("otherwise", ""), Charge::Unknown),
            ..ErrorJudgement::naming_nothing(Verdict::Retry(fault), Charge::Nothing)
        }
    }

    /// The change that the error asks for; `None`: it means something else.
    fn change(judgement: &ErrorJudgement, sent: &SentForm) -> Option<CapabilityChange> {
        match judgement.in_view_of(sent) {
            (Verdict::Retry(fault), Charge::Nothing) => fault.change,
            (Verdict::Stop(refusal), Charge::Unknown) if refusal.message == "otherwise" => None,
            found => panic!("{found:?}"),
        }
    }

    #[test]
    fn only_what_was_sent_is_changed() {
        use Parameter::{Format, OutputLimit, Temperature, Thinking};
        let known = Capabilities::default();
        let (old, new) = (OutputLimitName::MaxTokens, OutputLimitName::MaxCompletionTokens);
        let rename = |name| RenameOutputLimit(Some(name));
        let renamed = known.with(rename(old)).unwrap();
        let effort = Effort(Efforts::default());
        let all = &Parameter::ALL;
        for (parameters, capabilities, named, expected) in [
            (&all[..], known, vec![Omit(Temperature)], Some(Omit(Temperature))),
            (&[Format], known, vec![Omit(Temperature)], None),
            (
                &[Format],
                known,
                vec![Omit(Temperature), CapabilityChange::WeakerFormat],
                Some(CapabilityChange::WeakerFormat),
            ),
            (&[Temperature], known, vec![CapabilityChange::WeakerFormat], None),
            (&[Temperature], known, vec![CapabilityChange::SimplerSchema], None),
            (&[Temperature], known, vec![effort], None),
            (&[Temperature], known, vec![Effort([crate::catalog::Effort::Low].into_iter().collect())], None),
            (all, known, vec![Omit(Thinking)], None),
            (&[], known, vec![DisableThinking], Some(DisableThinking)),
            (&[], known, vec![OutputFactor], Some(OutputFactor)),
            // The limit that was sent is 500.
            (all, known, vec![MaxOutput(499)], Some(MaxOutput(499))),
            (all, known, vec![MaxOutput(500)], None),
            (all, known, vec![MinOutput(501)], Some(MinOutput(501))),
            (all, known, vec![MinOutput(0)], Some(MinOutput(0))),
            (all, known, vec![MaxOutput(8192), MinOutput(256)], None),
            (&[Temperature], known, vec![MaxOutput(10)], None),
            (all, known, vec![rename(old)], Some(rename(old))),
            (all, known, vec![rename(new)], None),
            (all, renamed, vec![rename(new)], Some(Omit(OutputLimit))),
            (all, renamed, vec![rename(old)], None),
            (&[Temperature], renamed, vec![rename(new)], None),
        ] {
            let sent = sent(parameters, capabilities);
            assert_eq!(change(&rejected(&named), &sent), expected, "{parameters:?} {named:?}");
        }
    }

    #[test]
    fn a_name_is_enough_until_the_form_is_proven() {
        let page = Verdict::page_fault(ErrorKind::BadRequest, "temperature: pfui");
        let named_changes = vec![Omit(Parameter::Temperature)];
        let error = ErrorJudgement { named_changes, ..ErrorJudgement::naming_nothing(page.clone(), Charge::Nothing) };
        let known = Capabilities::default();
        for (parameters, capabilities, is_change) in [
            (&Parameter::ALL[..], known, true),
            (&Parameter::ALL, known.proven(true), false),
            (&[Parameter::Format], known, false),
        ] {
            let (verdict, _) = error.in_view_of(&sent(parameters, capabilities));
            match verdict {
                Verdict::Retry(fault) => assert!(is_change && fault.change == Some(Omit(Parameter::Temperature))),
                verdict => assert!(!is_change && verdict == page, "{verdict:?}"),
            }
        }
    }
}
