//! Values that the manifest states and the endpoint rejects. They are never left out: the run ends
//! and names them.

use crate::base::vocabulary::ErrorKind;
use crate::catalog::Detail;
use crate::manifest::{EFFORT_MEMBER, Request};
use crate::provider::dialect::interface::Dialect;
use crate::provider::form::capability_change::CapabilityChange;
use crate::provider::form::parameter::Parameter;
use crate::provider::judgement::transient::Transient;
use crate::provider::judgement::verdict::Verdict;
use crate::provider::judgement::wording::{is_marked, is_meant, names, without_quoted_data};

/// Replaces the verdict of an error that rejects a value of the manifest. `dialect`: whose errors they are;
/// `is_proven`: whether a request in this form was answered. Until then the name of a value is enough, with any
/// wording.
pub(crate) fn stop_if_stated(verdict: &mut Verdict, request: &Request, dialect: &dyn Dialect, is_proven: bool) {
    let is_rejection = |text: &str| dialect.is_rejection(text);
    let found = match &*verdict {
        Verdict::Page(fault) if fault.kind == ErrorKind::BadRequest => {
            rejected_member(request, &fault.message, |text| !is_proven || dialect.is_rejection(text))
        }
        Verdict::Retry(fault) => match fault.change {
            Some(change) => judge_change(request, change, &fault.message, dialect),
            None if dialect.is_transient(&fault.message) != Transient::No => None,
            None => rejected_member(request, &fault.message, is_rejection),
        },
        Verdict::Later { message, .. } if dialect.is_transient(message) == Transient::No => {
            rejected_member(request, message, is_rejection)
        }
        // Not an account or a key, which concern all requests.
        Verdict::Stop(refusal) if refusal.may_be_page() => rejected_member(request, &refusal.message, is_rejection),
        _ => None,
    };
    if let Some(found) = found {
        *verdict = found;
    }
}

/// The end of the run, if an error names a member of the request body that the manifest states. `is_rejection`: whether
/// its words reject something.
fn rejected_member(request: &Request, message: &str, is_rejection: impl Fn(&str) -> bool) -> Option<Verdict> {
    let text = without_quoted_data(message);
    let member = named_member(request, &text).filter(|_| is_rejection(&text));
    member.map(|value| stop(&value, message))
}

/// What an error that asks for `change` means if the manifest states the value; `None`: it does not.
fn judge_change(request: &Request, change: CapabilityChange, message: &str, dialect: &dyn Dialect) -> Option<Verdict> {
    let value = stated_value(request, change)?;
    Some(match dialect.fault_of_page(change, message) {
        Some(kind) => Verdict::page_fault(kind, message),
        None => stop(&value, message),
    })
}

fn stop(value: &str, message: &str) -> Verdict {
    let hint = "change or remove it in the manifest, or choose another model; finished pages are kept";
    Verdict::stop(format!("the endpoint rejects {value}: {message}"), hint)
}

/// The values of the request that the manifest states and an endpoint may reject.
pub(crate) fn stated_values(request: &Request) -> Vec<String> {
    let changes = [
        CapabilityChange::Omit(Parameter::Temperature),
        CapabilityChange::Omit(Parameter::Stream),
        CapabilityChange::MinOutput(0),
    ];
    let mut values: Vec<String> = changes.into_iter().filter_map(|change| stated_value(request, change)).collect();
    values.extend(request.top_p.map(|top_p| format!("request.top_p: {top_p}")));
    values.extend(request.reasoning_effort.map(|effort| format!("request.reasoning_effort: {effort}")));
    values.extend(request.extra.keys().map(|name| format!("request.extra.{name}")));
    values
}

/// Whether the manifest states a value for what would change: a request without it would mean something else, or cost
/// more than planned.
pub(crate) fn states(request: &Request, detail: Detail, change: CapabilityChange) -> bool {
    let is_low_detail = detail == Detail::Low && change == CapabilityChange::Omit(Parameter::Detail);
    is_low_detail || stated_value(request, change).is_some()
}

/// The value that the manifest states for what would change.
fn stated_value(request: &Request, change: CapabilityChange) -> Option<String> {
    match change {
        CapabilityChange::Omit(Parameter::Temperature) => {
            let temperature = request.temperature.filter(|temperature| *temperature != 0.0)?;
            Some(format!("request.temperature: {temperature}"))
        }
        CapabilityChange::Omit(Parameter::Stream) => request.stream.then(|| "request.stream: true".to_owned()),
        CapabilityChange::Effort(_) | CapabilityChange::Omit(Parameter::Effort) => {
            match (request.reasoning_effort, request.extra.get(EFFORT_MEMBER)) {
                (Some(effort), _) => Some(format!("request.reasoning_effort: {effort}")),
                (None, Some(value)) => Some(format!("request.extra.{EFFORT_MEMBER}: {value}")),
                // The same setting in the words of the provider.
                (None, None) => request.extra_thinking().map(|(name, value)| format!("request.extra.{name}: {value}")),
            }
        }
        CapabilityChange::Omit(Parameter::OutputLimit) => Some(format!("request.max_tokens: {}", request.max_tokens?)),
        CapabilityChange::DisableThinking | CapabilityChange::Omit(Parameter::Thinking) => {
            let value = request.extra.get(Parameter::Thinking.name())?;
            Some(format!("request.extra.{}: {value}", Parameter::Thinking.name()))
        }
        CapabilityChange::MaxOutput(most) => {
            let stated = request.max_tokens.filter(|stated| *stated > most)?;
            Some(format!("request.max_tokens: {stated}"))
        }
        CapabilityChange::MinOutput(_) => Some(format!("request.max_tokens: {}", request.max_tokens?)),
        _ => None,
    }
}

/// The member of the request body that the manifest states and that a message names.
fn named_member(request: &Request, message: &str) -> Option<String> {
    if let Some(top_p) = request.top_p.filter(|_| is_named(message, "top_p")) {
        return Some(format!("request.top_p: {top_p}"));
    }
    if let Some(effort) = request.reasoning_effort.filter(|_| is_named(message, EFFORT_MEMBER)) {
        return Some(format!("request.reasoning_effort: {effort}"));
    }
    let member = request.extra.keys().filter(|name| is_named(message, name)).max_by_key(|name| name.len())?;
    Some(format!("request.extra.{member}"))
}

/// Whether `message` names a member. Names such as `user` are also words: they have to be marked, or what the
/// sentence is about.
fn is_named(message: &str, name: &str) -> bool {
    let is_word = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic());
    let mut found = names(message, name);
    found.any(|at| !is_word || is_marked(message, at, name) || is_meant(message, at, name))
        || is_word && is_named_at_start(message, name)
}

/// Whether a sentence begins with the name as a word: `Logprobs are not supported`.
fn is_named_at_start(message: &str, name: &str) -> bool {
    let mut word = name.to_owned();
    word[..1].make_ascii_uppercase();
    let mut found = names(message, &word);
    found.any(|at| is_meant(message, at, &word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::check;
    use crate::provider::dialect::name::DialectName;
    use crate::provider::form::efforts::Efforts;
    use crate::provider::judgement::verdict::{Obstacle, TransientFault};
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
    fn what_may_be_the_pages_stops_nothing() {
        let retry = |change, message: &str| {
            let message = message.to_owned();
            Verdict::Retry(TransientFault {
                kind: ErrorKind::Capability,
                message,
                change: Some(change),
                may_run: false,
            })
        };
        let effort = CapabilityChange::Effort(Efforts::default());
        let generic = retry(effort, "HTTP 400: Request contains an invalid argument.");
        let window = retry(CapabilityChange::MaxOutput(100), "HTTP 400: maximum context length is 200 tokens");
        for (yaml, mut verdict, expected) in [
            ("{max_tokens: 500}", window.clone(), Some(ErrorKind::ContextTooLong)),
            ("{reasoning_effort: high}", generic.clone(), Some(ErrorKind::BadRequest)),
            ("{}", window, None),
            ("{}", generic, None),
        ] {
            let before = verdict.clone();
            stop_if_stated(&mut verdict, &request(yaml), &*DialectName::OpenAi.dialect(), true);
            match (expected, &verdict) {
                (Some(kind), Verdict::Page(fault)) => assert_eq!(fault.kind, kind, "{yaml}"),
                (expected, _) => assert_eq!((expected, &verdict), (None, &before), "{yaml}"),
            }
        }
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
            ("{stream: true}", change(CapabilityChange::Omit(Parameter::Stream)), Some("request.stream: true")),
            ("{stream: false}", change(CapabilityChange::Omit(Parameter::Stream)), None),
            ("{}", change(CapabilityChange::WeakerFormat), None),
            ("{top_p: 0.5}", page("'top_p' is not supported"), Some("request.top_p: 0.5")),
            (
                "{reasoning_effort: high}",
                page("Unsupported parameter: 'reasoning_effort' is not supported with this model."),
                Some("request.reasoning_effort: high"),
            ),
            ("{}", page("Unsupported parameter: 'reasoning_effort' is not supported with this model."), None),
            ("{extra: {seed: 7}}", page("'seed' is not supported"), Some("request.extra.seed")),
            ("{extra: {seed: 7}}", page("a seedling is not supported"), None),
            ("{extra: {seed: 7}}", page("'seed' is fine"), None),
            ("{extra: {seed: 7}}", page("seed is not supported"), Some("request.extra.seed")),
            (
                "{extra: {logprobs: true}}",
                page("HTTP 400: logprobs are not supported with reasoning models"),
                Some("request.extra.logprobs"),
            ),
            (
                "{extra: {logprobs: true}}",
                page("HTTP 400: You are not allowed to request logprobs from this model."),
                Some("request.extra.logprobs"),
            ),
            (
                "{extra: {logprobs: true}}",
                page("HTTP 400: Logprobs are not supported."),
                Some("request.extra.logprobs"),
            ),
            (
                "{extra: {stop: [x]}}",
                page("HTTP 400: stop is not supported with this model"),
                Some("request.extra.stop"),
            ),
            ("{extra: {stop: [x]}}", page("HTTP 400: This model does not support stop."), Some("request.extra.stop")),
            ("{extra: {stop: [x]}}", page("HTTP 400: Please stop; this is not supported."), None),
            (
                "{extra: {verbosity: low}}",
                Verdict::transient(ErrorKind::ServerError, "HTTP 500: verbosity is not supported with this model"),
                Some("request.extra.verbosity"),
            ),
            (
                "{extra: {verbosity: low}}",
                Verdict::stop_or_page("HTTP 403: 'verbosity' is not permitted", ""),
                Some("request.extra.verbosity"),
            ),
            (
                "{extra: {verbosity: low}}",
                Verdict::Later {
                    after: None,
                    obstacle: Obstacle::Other,
                    message: "HTTP 503: verbosity is not supported".into(),
                },
                Some("request.extra.verbosity"),
            ),
            (
                "{extra: {user: a}}",
                Verdict::Later {
                    after: None,
                    obstacle: Obstacle::Other,
                    message: "HTTP 429: limit of this user; not allowed".into(),
                },
                None,
            ),
            (
                "{extra: {service_tier: flex}}",
                Verdict::Later {
                    after: None,
                    obstacle: Obstacle::Other,
                    message: "HTTP 429: service_tier flex is not available: try again".into(),
                },
                None,
            ),
            ("{reasoning_effort: none}", effort(), Some("request.reasoning_effort: none")),
            (
                "{extra: {google: {thinking_config: {thinking_budget: 0}}}}",
                effort(),
                Some("request.extra.google: {\"thinking_config\":{\"thinking_budget\":0}}"),
            ),
            ("{extra: {seed: 7}}", page("HTTP 422: seed: not supported"), Some("request.extra.seed")),
            ("{extra: {seed: 7}}", page("HTTP 400: not supported (parameter seed)"), Some("request.extra.seed")),
            (
                "{extra: {seed: 7}}",
                page("Unrecognized argument supplied: seed (not supported)"),
                Some("request.extra.seed"),
            ),
            ("{extra: {seed: 7}}", page("not supported: {\"model\":\"m\",\"seed\":7}"), None),
            ("{extra: {seed: 7}}", page("'seed' is fine. Request: {\"format\":\"not supported\"}"), None),
            ("{extra: {user: a}}", page("this user is not supported by the provider"), None),
            ("{extra: {provider: {sort: price}}}", page("the provider does not say why: not supported"), None),
            ("{extra: {metadata: {a: b}}}", page("image metadata is not supported"), None),
            ("{extra: {top_k: 7}}", page("top_k is not supported"), Some("request.extra.top_k")),
            ("{}", page("'seed' is not supported"), None),
        ] {
            let mut found = verdict.clone();
            stop_if_stated(&mut found, &request(yaml), &*DialectName::OpenAi.dialect(), true);
            match expected {
                Some(value) => {
                    let Verdict::Stop(refusal) = found else { panic!("{yaml} {verdict:?}") };
                    assert!(refusal.message.starts_with(&format!("the endpoint rejects {value}: ")), "{refusal:?}");
                }
                None => assert_eq!(found, verdict, "{yaml}"),
            }
        }
    }

    #[test]
    fn a_name_is_enough_until_a_request_was_answered() {
        for (yaml, message, expected) in [
            ("{top_p: 0.5}", "HTTP 400: top_p: pfui", true),
            ("{extra: {top_k: 7}}", "HTTP 400: we would rather not have top_k here", true),
            ("{extra: {seed: 7}}", "HTTP 400: a seed of the tree", false),
            ("{extra: {seed: 7}}", "HTTP 400: no picture in {\"seed\":7}", false),
        ] {
            for (is_proven, expected) in [(false, expected), (true, false)] {
                let mut found = Verdict::page_fault(ErrorKind::BadRequest, message);
                stop_if_stated(&mut found, &request(yaml), &*DialectName::OpenAi.dialect(), is_proven);
                assert_eq!(matches!(found, Verdict::Stop(_)), expected, "{yaml} {message}");
            }
        }
    }
}
