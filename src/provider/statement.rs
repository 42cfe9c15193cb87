//! Values that the manifest states and the endpoint rejects. They are never left out: the run ends
//! and names them.

use super::capability::CapabilityChange;
use super::parameter::Parameter;
use super::verdict::{Refusal, Verdict};
use crate::base::vocabulary::ErrorKind;
use crate::manifest::{EFFORT_MEMBER, Request};

/// Replaces the verdict of an error that rejects a value of the manifest. `is_rejection`: whether a
/// message says that something is not accepted.
pub(crate) fn stop_if_stated(verdict: &mut Verdict, request: &Request, is_rejection: impl Fn(&str) -> bool) {
    let found = match &*verdict {
        Verdict::Retry(fault) => {
            fault.change.and_then(|change| stated_value(request, change)).map(|value| (value, fault.message.clone()))
        }
        Verdict::Page(fault) if fault.kind == ErrorKind::BadRequest && is_rejection(&fault.message) => {
            named_member(request, &fault.message).map(|value| (value, fault.message.clone()))
        }
        _ => None,
    };
    let Some((value, message)) = found else { return };
    let hint = "change or remove it in the manifest, or choose another model; finished pages are kept";
    *verdict = Verdict::Stop(Refusal {
        message: format!("the endpoint rejects {value}: {message}"),
        hint: hint.to_owned(),
        may_be_page: false,
    });
}

/// The value that the manifest states for what would change.
fn stated_value(request: &Request, change: CapabilityChange) -> Option<String> {
    match change {
        CapabilityChange::Omit(Parameter::Temperature) => {
            let temperature = request.temperature.filter(|temperature| *temperature != 0.0)?;
            Some(format!("request.temperature: {temperature}"))
        }
        CapabilityChange::Effort(_) | CapabilityChange::Omit(Parameter::Effort) => {
            match (request.reasoning_effort, request.extra.get(EFFORT_MEMBER)) {
                (Some(effort), _) => Some(format!("request.reasoning_effort: {effort}")),
                (None, Some(value)) => Some(format!("request.extra.{EFFORT_MEMBER}: {value}")),
                (None, None) => None,
            }
        }
        CapabilityChange::MaxOutput(most) => {
            let stated = request.max_tokens.filter(|stated| *stated > most)?;
            Some(format!("request.max_tokens: {stated}"))
        }
        _ => None,
    }
}

/// The member of the request body that the manifest states and that a message names.
fn named_member(request: &Request, message: &str) -> Option<String> {
    let names = |name: &str| contains_name(message, name);
    if let Some(top_p) = request.top_p.filter(|_| names("top_p")) {
        return Some(format!("request.top_p: {top_p}"));
    }
    let member = request.extra.keys().filter(|name| names(name)).max_by_key(|name| name.len())?;
    Some(format!("request.extra.{member}"))
}

/// Whether `message` contains `name`, not as a part of a longer name.
fn contains_name(message: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty()
        && message.match_indices(name).any(|(at, _)| {
            !message[..at].chars().next_back().is_some_and(is_part)
                && !message[at + name.len()..].chars().next().is_some_and(is_part)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::check;
    use crate::provider::efforts::Efforts;
    use crate::provider::verdict::TransientFault;
    use std::path::Path;

    fn request(yaml: &str) -> Request {
        let text = format!(
            "version: 1\nname: x\ninput: {{folder: p}}\nprovider: {{simulator: {{}}, model: m}}\ntasks: {{kind: {{classify: {{labels: [a, b]}}}}}}\nrequest: {yaml}\n"
        );
        check(Path::new("x.yaml"), &text, &|_| None).unwrap().request
    }

    fn change(change: CapabilityChange) -> Verdict {
        let message = "HTTP 400: not supported".to_owned();
        Verdict::Retry(TransientFault { kind: ErrorKind::Capability, message, change: Some(change), may_run: false })
    }

    #[test]
    fn a_stated_value_stops_the_run_and_a_default_does_not() {
        let temperature = || change(CapabilityChange::Omit(Parameter::Temperature));
        let effort = || change(CapabilityChange::Effort(Efforts::default()));
        let most = || change(CapabilityChange::MaxOutput(100));
        let page = |message: &str| Verdict::page_fault(ErrorKind::BadRequest, message);
        for (yaml, verdict, expected) in [
            ("{}", temperature(), None),
            ("{temperature: 0}", temperature(), None),
            ("{temperature: 0.7}", temperature(), Some("request.temperature: 0.7")),
            ("{}", effort(), None),
            ("{reasoning_effort: auto}", effort(), None),
            ("{reasoning_effort: high}", effort(), Some("request.reasoning_effort: high")),
            ("{extra: {reasoning_effort: low}}", effort(), Some("request.extra.reasoning_effort: \"low\"")),
            ("{}", most(), None),
            ("{max_tokens: 50}", most(), None),
            ("{max_tokens: 500}", most(), Some("request.max_tokens: 500")),
            ("{}", change(CapabilityChange::Omit(Parameter::Format)), None),
            ("{top_p: 0.5}", page("'top_p' is not supported"), Some("request.top_p: 0.5")),
            ("{extra: {seed: 7}}", page("'seed' is not supported"), Some("request.extra.seed")),
            ("{extra: {seed: 7}}", page("a seedling is not supported"), None),
            ("{extra: {seed: 7}}", page("'seed' is fine"), None),
            ("{}", page("'seed' is not supported"), None),
        ] {
            let mut found = verdict.clone();
            stop_if_stated(&mut found, &request(yaml), |message| message.contains("not supported"));
            match expected {
                Some(value) => {
                    let Verdict::Stop(refusal) = found else { panic!("{yaml} {verdict:?}") };
                    assert!(refusal.message.starts_with(&format!("the endpoint rejects {value}: ")), "{refusal:?}");
                }
                None => assert_eq!(found, verdict, "{yaml}"),
            }
        }
    }
}
