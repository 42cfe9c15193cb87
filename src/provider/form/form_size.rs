//! How much requests in one form hold: their text, and how long a reply may be. Requests, plans and
//! checks use this one rule.

use super::capability::{Capabilities, OUTPUT_FACTOR, ReplyFormat};
use super::parameter::Parameter;
use crate::catalog::{Effort, ModelFacts, ReasoningTokens};
use crate::manifest::{EFFORT_MEMBER, Request};
use crate::provider::request::estimate::{Footprint, SchemaPlaces};
use crate::task::Question;
use serde_json::Value;

/// How much requests for some questions hold.
#[derive(Clone, Copy, Debug)]
pub struct FormSize {
    /// The text.
    pub footprint: Footprint,
    /// Whether the prompt describes the schema.
    pub is_described: bool,
    /// The reasoning effort that is sent; `None`: none, or the manifest states it in `request.extra`.
    pub effort: Option<Effort>,
    /// The part of the output limit that is for the answer, in tokens.
    pub max_answer_tokens: u32,
    /// The output limit in tokens, with reasoning.
    pub max_reply_tokens: u32,
    /// Whether the output limit is sent.
    pub has_output_limit: bool,
    /// The maximum output tokens that can be billed; `None`: no known bound.
    pub max_billed_tokens: Option<u32>,
}

/// The least output limit, in tokens, of a model that used up the usual one for its reasoning, and of one that used up
/// that, too. Source: OpenAI's reasoning guide (2026-10).
const MIN_RAISED_OUTPUT: [u32; 2] = [4096, 25_000];

impl FormSize {
    /// For an endpoint that accepts `capabilities`. `request`: the manifest's settings; `facts`: facts about the model;
    /// `is_lengthened`: the last reply was cut.
    #[must_use]
    pub fn for_request(
        questions: &[&Question],
        request: &Request,
        facts: Option<&ModelFacts>,
        capabilities: Capabilities,
        is_lengthened: bool,
    ) -> Self {
        let of_extra = request.extra.get(EFFORT_MEMBER);
        let effort = if of_extra.is_none() { request.reasoning_effort.or(capabilities.effort) } else { None };
        let sent = effort.or_else(|| of_extra?.as_str().and_then(Effort::parse));
        let mut reasoning = ReasoningTokens::of_model(sent, facts);
        if is_thinking_off(request, capabilities) {
            // Some servers ignore the switch, so the output limit still allows for it.
            reasoning = ReasoningTokens { allowed: reasoning.allowed, ..ReasoningTokens::NONE };
        }
        let in_format = capabilities.format == ReplyFormat::Schema;
        let measure = |in_prompt| Footprint::measure(questions, SchemaPlaces { in_format, in_prompt }, reasoning);
        let (bare, described) = (measure(false), measure(true));
        // Not known to follow schemas: the description is worth less than a repair, which repeats the
        // whole prompt and the image.
        let is_cheap = described.text - bare.text <= bare.text;
        let is_unknown = !(capabilities.is_proven || capabilities.follows_schema) && is_cheap;
        let is_described = capabilities.needs_description() || is_unknown;
        let footprint = if is_described { described } else { bare };
        let derived = match capabilities.output_factor {
            0 | 1 => footprint.max_reply_tokens(),
            // An unknown model may need much more for its reasoning than for the answer.
            factor => {
                let least = MIN_RAISED_OUTPUT[usize::from(factor > OUTPUT_FACTOR)];
                footprint.max_reply_tokens().saturating_mul(factor).max(least)
            }
        };
        let most = capabilities.max_output.unwrap_or(u32::MAX);
        // A stated value is sent, and rejected, unchanged.
        let most = request.max_tokens.map_or(most, |stated| stated.max(most));
        let limit = |tokens: u32| tokens.saturating_mul(if is_lengthened { 2 } else { 1 }).min(most);
        let max_reply_tokens = limit(request.max_tokens.unwrap_or(derived));
        let has_output_limit = request.max_tokens.is_some() || capabilities.sends(Parameter::OutputLimit);
        Self {
            footprint,
            is_described,
            effort,
            has_output_limit,
            max_billed_tokens: if has_output_limit { Some(max_reply_tokens) } else { capabilities.max_output },
            max_answer_tokens: limit(request.max_tokens.unwrap_or_else(|| footprint.max_answer_tokens())),
            max_reply_tokens,
        }
    }
}

/// Members of a request that switch thinking off: as JSON pointers with their value. Sources: the documents of Model
/// Studio, vLLM, SGLang and llama.cpp; of Anthropic, DeepSeek and Kimi; and of OpenRouter (2026).
const THINKING_SWITCHES: &[(&str, &str)] = &[
    ("/enable_thinking", "false"),
    ("/chat_template_kwargs/enable_thinking", "false"),
    ("/thinking/type", "\"disabled\""),
    ("/reasoning/enabled", "false"),
    ("/reasoning/effort", "\"none\""),
];

/// Whether requests switch thinking off: by the manifest, or else by the known capabilities of the endpoint.
fn is_thinking_off(request: &Request, capabilities: Capabilities) -> bool {
    let extra = Value::Object(request.extra.clone());
    let stated = THINKING_SWITCHES.iter().find_map(|(pointer, off)| {
        let value = extra.pointer(pointer)?;
        Some(serde_json::from_str(off).is_ok_and(|off: Value| *value == off))
    });
    stated.unwrap_or(capabilities.disables_thinking)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::model_facts;
    use crate::provider::CapabilityChange;
    use crate::provider::CapabilityChange::{MaxOutput, OutputFactor, SchemaInPrompt};
    use crate::task::compile;

    fn manifest(request: &str) -> crate::manifest::Job {
        let text = format!(
            "version: 1\nname: j\ninput: {{folder: p}}\nprovider: {{base_url: \"http://h/v1\", model: m}}\nrequest: {request}\ntasks: {{k: {{classify: {{labels: [a, b]}}}}}}\n"
        );
        crate::manifest::check(std::path::Path::new("job.yaml"), &text, &|_| None).unwrap()
    }

    /// The output limits, and whether the schema is described, of a question with a short answer.
    #[test]
    fn what_is_known_of_the_endpoint_decides() {
        let known = |changes: &[CapabilityChange]| {
            let first = Capabilities::default();
            changes.iter().fold(first, |known, change| known.with(*change).unwrap()).proven(true)
        };
        let mut medium = known(&[]);
        medium.effort = Some(Effort::Medium);
        for (request, model, capabilities, is_lengthened, limit, is_described) in [
            ("{}", "m", Capabilities::default(), false, 100, true),
            ("{}", "m", known(&[]), false, 100, false),
            ("{}", "m", known(&[]), true, 200, false),
            ("{}", "m", known(&[SchemaInPrompt]), false, 100, true),
            ("{}", "m", known(&[CapabilityChange::WeakerFormat]), false, 100, true),
            ("{}", "m", known(&[OutputFactor]), false, 4096, false),
            ("{}", "m", known(&[OutputFactor, OutputFactor]), false, 25_000, false),
            ("{}", "m", known(&[OutputFactor, MaxOutput(3000)]), false, 3000, false),
            ("{}", "m", known(&[OutputFactor]), true, 8192, false),
            ("{max_tokens: 300}", "m", known(&[OutputFactor]), false, 300, false),
            ("{max_tokens: 300}", "m", known(&[MaxOutput(200)]), false, 300, false),
            ("{max_tokens: 300}", "m", known(&[MaxOutput(200)]), true, 300, false),
            ("{reasoning_effort: low}", "m", known(&[]), false, 4196, false),
            ("{extra: {reasoning_effort: high}}", "m", known(&[]), false, 25_100, false),
            ("{}", "m", medium, false, 8292, false),
            ("{}", "gpt-6-luna", Capabilities::of_model(model_facts("gpt-6-luna")), false, 100, false),
            ("{}", "gpt-6-astra", Capabilities::of_model(model_facts("gpt-6-astra")), false, 4196, false),
        ] {
            let job = manifest(request);
            let questions = compile(&job.tasks, &[]).unwrap();
            let asked: Vec<&Question> = questions.iter().collect();
            let size = FormSize::for_request(&asked, &job.request, model_facts(model), capabilities, is_lengthened);
            assert_eq!((size.max_reply_tokens, size.is_described), (limit, is_described), "{request} {capabilities:?}");
            assert!(size.max_answer_tokens <= size.max_reply_tokens);
            assert_eq!((size.has_output_limit, size.max_billed_tokens), (true, Some(limit)), "{request}");
        }
        // Without a limit, the model's known maximum bounds the bill. A limit that the manifest states is sent.
        let unlimited = |most| {
            let mut unlimited = known(&[CapabilityChange::Omit(Parameter::OutputLimit)]);
            unlimited.max_output = most;
            unlimited
        };
        for (request, most, expected) in [
            ("{}", None, (false, None)),
            ("{}", Some(5000), (false, Some(5000))),
            ("{max_tokens: 300}", Some(5000), (true, Some(300))),
        ] {
            let job = manifest(request);
            let questions = compile(&job.tasks, &[]).unwrap();
            let asked: Vec<&Question> = questions.iter().collect();
            let size = FormSize::for_request(&asked, &job.request, None, unlimited(most), false);
            assert_eq!((size.has_output_limit, size.max_billed_tokens), expected, "{request}");
        }
    }

    /// The assumed reasoning of a model before its first bill.
    #[test]
    fn a_switch_for_thinking_decides_before_the_model() {
        let mut off = Capabilities::default();
        off.disables_thinking = true;
        for (extra, capabilities, typical) in [
            ("{}", Capabilities::default(), 800),
            ("{}", off, 0),
            ("{enable_thinking: true}", off, 800),
            ("{enable_thinking: false}", Capabilities::default(), 0),
            ("{chat_template_kwargs: {enable_thinking: false}}", Capabilities::default(), 0),
            ("{thinking: {type: disabled}}", Capabilities::default(), 0),
            ("{thinking: {type: enabled}}", Capabilities::default(), 800),
            ("{reasoning: {effort: none}}", Capabilities::default(), 0),
            ("{seed: 7}", Capabilities::default(), 800),
        ] {
            let job = manifest(&format!("{{extra: {extra}}}"));
            let questions = compile(&job.tasks, &[]).unwrap();
            let asked: Vec<&Question> = questions.iter().collect();
            let size = FormSize::for_request(&asked, &job.request, model_facts("qwen3.8-flash"), capabilities, false);
            assert_eq!(size.footprint.reasoning.typical, typical, "{extra}");
            assert_eq!(size.max_reply_tokens, 8292, "{extra}: some servers ignore it");
        }
    }
}
