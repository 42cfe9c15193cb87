//! Settings that the job's model rejects or ignores, according to the table of models. A run sends them nevertheless:
//! the server decides.

use crate::catalog::{Effort, ModelFacts, Reasoning, Sampling, model_facts};
use crate::manifest::{EFFORT_MEMBER, Job, Request};

/// The only value of `temperature` and `top_p` that models tolerate if they take none.
const TOLERATED: f64 = 1.0;
/// The end of hosts whose API ignores `reasoning_effort`. Source: Anthropic's guide to its OpenAI-compatible API (2026-10).
const IGNORES_EFFORT: &str = "anthropic.com";

/// A warning for each stated setting that the model is known to reject, with the values that it accepts.
pub(crate) fn rejected_settings(job: &Job) -> Vec<String> {
    let (model, request) = (&job.provider.model, &job.request);
    let Some(facts) = model_facts(model) else { return Vec::new() };
    let effort = rejected_effort(facts, request, job.provider.endpoint.host());
    let sampling = rejected_sampling(facts, request);
    let output = rejected_output(facts, request);
    let all = effort.into_iter().chain(sampling).chain(output);
    all.map(|(setting, why)| format!("{setting}: `{model}` {why}")).collect()
}

/// A setting as the manifest states it, and what the model does with it.
type Rejected = (String, String);

/// The stated effort and where it is; `None`: none is stated, or it is not an effort.
fn stated_effort(request: &Request) -> Option<(String, Effort)> {
    if let Some(effort) = request.reasoning_effort {
        return Some((format!("request.reasoning_effort: {effort}"), effort));
    }
    let effort = Effort::parse(request.extra.get(EFFORT_MEMBER)?.as_str()?)?;
    Some((format!("request.extra.{EFFORT_MEMBER}: {effort}"), effort))
}

fn rejected_effort(facts: &ModelFacts, request: &Request, host: &str) -> Option<Rejected> {
    let (setting, effort) = stated_effort(request)?;
    if facts.ignores_effort && host.ends_with(IGNORES_EFFORT) {
        let default = match facts.reasoning {
            Reasoning::Default(default) => format!(", and reasons at `{default}`"),
            _ => String::new(),
        };
        return Some((setting, format!("ignores it at {host}{default}")));
    }
    if facts.efforts.contains(&effort) {
        return None;
    }
    if facts.efforts.is_empty() {
        // The parameter is unknown to OpenAI's models that do not reason. Other vendors are unknown.
        let is_known = facts.reasoning == Reasoning::Never && facts.has_strict_schemas;
        return is_known.then(|| (setting, "does not reason and rejects it; remove it".to_owned()));
    }
    let accepted: Vec<&str> = facts.efforts.iter().map(|effort| effort.name()).collect();
    Some((setting, format!("rejects it; accepted: {}", accepted.join(", "))))
}

fn rejected_sampling(facts: &ModelFacts, request: &Request) -> Vec<Rejected> {
    // What `reasoning_effort: auto` asks for.
    let effort = stated_effort(request).map(|(_, effort)| effort).or(facts.auto_effort);
    if facts.sampling.is_accepted(effort) {
        return Vec::new();
    }
    let why = match facts.sampling {
        Sampling::Never => "rejects it; accepted: 1, or null to leave it out",
        _ => "rejects it while it reasons; accepted: 1, or any value with request.reasoning_effort: none",
    };
    // A temperature of 0 is left out if it is rejected.
    let temperature = request.temperature.filter(|temperature| *temperature != 0.0);
    let stated = [("request.temperature", temperature), ("request.top_p", request.top_p)];
    let rejected =
        stated.into_iter().filter_map(|(name, value)| Some((name, value.filter(|value| *value != TOLERATED)?)));
    rejected.map(|(name, value)| (format!("{name}: {value}"), why.to_owned())).collect()
}

fn rejected_output(facts: &ModelFacts, request: &Request) -> Option<Rejected> {
    let (stated, most) = (request.max_tokens?, facts.max_output?);
    let setting = format!("request.max_tokens: {stated}");
    (u64::from(stated) > most).then(|| (setting, format!("rejects it; accepted: at most {most}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn found(base_url: &str, model: &str, request: &str) -> Vec<String> {
        let manifest = format!(
            "version: 1\nname: j\ninput: {{folder: p}}\nprovider: {{base_url: \"{base_url}\", model: \"{model}\"}}\nrequest: {request}\ntasks: {{k: {{classify: {{labels: [a, b]}}}}}}\n"
        );
        let job = crate::manifest::check(Path::new("job.yaml"), &manifest, &|_| None);
        rejected_settings(&job.unwrap_or_else(|error| panic!("{error}")))
    }

    #[test]
    fn settings_that_the_model_rejects_are_named_with_what_it_accepts() {
        let astra = "accepted: low, medium, high, xhigh";
        for (model, request, names) in [
            ("gpt-6-astra", "{}", &[][..]),
            ("gpt-6-astra", "{reasoning_effort: auto, temperature: 0}", &[]),
            ("gpt-6-astra", "{reasoning_effort: low}", &[]),
            (
                "gpt-6-astra",
                "{reasoning_effort: none}",
                &["request.reasoning_effort: none: `gpt-6-astra` rejects it", astra],
            ),
            (
                "gpt-6-astra",
                "{extra: {reasoning_effort: minimal}}",
                &["request.extra.reasoning_effort: minimal", astra],
            ),
            (
                "openai/gpt-5-mini",
                "{reasoning_effort: xhigh}",
                &["`openai/gpt-5-mini` rejects it; accepted: minimal, low, medium, high"],
            ),
            ("gpt-4o-mini", "{reasoning_effort: low}", &["does not reason and rejects it; remove it"]),
            // Its efforts are unknown.
            ("qwen3.5-9b", "{reasoning_effort: low}", &[]),
            ("no-such-model", "{reasoning_effort: low, temperature: 0.7}", &[]),
            (
                "gpt-6-astra",
                "{temperature: 0.7}",
                &["request.temperature: 0.7: `gpt-6-astra` rejects it; accepted: 1, or null"],
            ),
            ("gpt-6-astra", "{temperature: 1, top_p: 1}", &[]),
            ("gpt-6-astra", "{temperature: null}", &[]),
            ("gpt-6-astra", "{top_p: 0.9}", &["request.top_p: 0.9"]),
            ("claude-sonnet-5", "{temperature: 0.5}", &["request.temperature: 0.5"]),
            ("gpt-4o-mini", "{temperature: 0.7, top_p: 0.9}", &[]),
            // `auto` asks for none.
            ("gpt-6-luna", "{temperature: 0.7}", &[]),
            ("gpt-6-luna", "{temperature: 0.7, reasoning_effort: none}", &[]),
            (
                "gpt-6-luna",
                "{temperature: 0.7, reasoning_effort: low}",
                &["while it reasons", "request.reasoning_effort: none"],
            ),
            ("gpt-5.4-mini", "{temperature: 0.7, extra: {reasoning_effort: high}}", &["while it reasons"]),
            ("gpt-4o-mini", "{max_tokens: 16384}", &[]),
            (
                "gpt-4o-mini",
                "{max_tokens: 16385}",
                &["request.max_tokens: 16385: `gpt-4o-mini` rejects it; accepted: at most 16384"],
            ),
        ] {
            let found = found("https://h.example/v1", model, request);
            assert_eq!(found.len(), usize::from(!names.is_empty()), "{model} {request}: {found:?}");
            assert!(names.iter().all(|name| found[0].contains(name)), "{model} {request}: {found:?}");
        }
    }

    #[test]
    fn an_effort_without_effect_is_named_where_that_is_known() {
        for (base_url, count) in
            [("https://api.anthropic.com/v1", 1), ("https://openrouter.ai/api/v1", 0), ("http://127.0.0.1:4000/v1", 0)]
        {
            let found = found(base_url, "claude-sonnet-5", "{reasoning_effort: low}");
            assert_eq!(found.len(), count, "{base_url}: {found:?}");
            let text = "request.reasoning_effort: low: `claude-sonnet-5` ignores it at api.anthropic.com, and reasons at `high`";
            assert!(found.iter().all(|found| found == text), "{found:?}");
        }
    }
}
