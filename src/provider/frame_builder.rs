//! Builds what the requests for the same questions have in common: which parameters they carry, and
//! how long a reply may be.

use super::capability::{Capabilities, ReplyFormat, format_name};
use super::dialect::interface::{Dialect, FrameOptions};
use super::estimate::{Footprint, SchemaPlaces};
use super::frame_cache::CachedFrame;
use super::page_request::{PageRequest, Variation};
use super::parameter::Parameter;
use super::reasoning::ReasoningTokens;
use crate::catalog::{Detail, Effort, ModelFacts, Sampling, model_facts};
use crate::manifest::{EFFORT_MEMBER, Image, Request};
use crate::task::Bounds;
use serde_json::json;
use std::rc::Rc;

/// Builds the frames of one endpoint.
#[derive(Debug)]
pub(crate) struct FrameBuilder {
    dialect: Rc<dyn Dialect>,
    model: String,
    request: Request,
    detail: Option<Detail>,
    /// What is known of the model; `None`: nothing.
    facts: Option<&'static ModelFacts>,
}

impl FrameBuilder {
    /// For `model`, as the provider knows it.
    pub(crate) fn new(dialect: Rc<dyn Dialect>, model: String, request: Request, image: &Image) -> Self {
        let facts = model_facts(&model);
        Self { dialect, model, request, detail: sent_detail(image), facts }
    }

    /// What the manifest says about requests.
    pub(crate) fn request(&self) -> &Request {
        &self.request
    }

    /// What the requests of this kind have in common, for an endpoint that accepts `capabilities`.
    pub(crate) fn build(&self, request: &PageRequest, capabilities: Capabilities) -> CachedFrame {
        let Variation { is_lengthened, avoids_repetition } = request.variation;
        let capabilities = if avoids_repetition { capabilities.without_format() } else { capabilities };
        let questions = request.asked();
        let effort = self.effort(capabilities);
        let reasoning = ReasoningTokens::of(effort.or_else(|| self.effort_of_extra()), self.facts);
        let in_format = capabilities.format == ReplyFormat::Schema;
        let measure = |in_prompt| Footprint::measure(&questions, SchemaPlaces { in_format, in_prompt }, reasoning);
        let (bare, described) = (measure(false), measure(true));
        // Not known to follow schemas: the description is worth less than a repair, which repeats the
        // whole prompt and the image.
        let is_cheap = described.text - bare.text <= bare.text;
        let is_unknown = !(capabilities.is_proven || capabilities.follows_schema) && is_cheap;
        let describes_schema = capabilities.needs_description() || is_unknown;
        let footprint = if describes_schema { described } else { bare };
        let limits = self.output_limits(&footprint, capabilities, is_lengthened);
        let bounds = self.bounds(capabilities, limits.answer);
        let options = FrameOptions {
            model: &self.model,
            request: &self.request,
            detail: self.detail,
            capabilities,
            temperature: self.temperature(capabilities, effort, avoids_repetition),
            effort,
            describes_schema,
            bounds,
            chooses_cache: self.facts.is_some_and(ModelFacts::bills_cache_writes)
                && capabilities.sends(Parameter::CacheOptions),
            prompt_tokens: footprint.text,
        };
        let parameters = json!({
            "format": format_name(capabilities.format),
            "schema_in_prompt": describes_schema,
            "temperature": options.temperature,
            "reasoning_effort": effort.map(Effort::name),
            "max_tokens": limits.output,
        });
        CachedFrame {
            parameters: parameters.to_string(),
            frame: self.dialect.page_frame(&options, &questions),
            footprint,
            max_reply_tokens: limits.output,
            bounds,
            is_described: describes_schema,
        }
    }

    /// The reasoning effort to send; `None`: none, or the manifest states it in `request.extra`.
    fn effort(&self, capabilities: Capabilities) -> Option<Effort> {
        if self.request.extra.contains_key(EFFORT_MEMBER) {
            return None;
        }
        self.request.reasoning_effort.or(capabilities.effort)
    }

    fn effort_of_extra(&self) -> Option<Effort> {
        self.request.extra.get(EFFORT_MEMBER)?.as_str().and_then(Effort::parse)
    }

    /// The temperature to send; `None`: none. 0 is not sent where the model would reject it.
    fn temperature(&self, capabilities: Capabilities, effort: Option<Effort>, avoids_repetition: bool) -> Option<f64> {
        let stated = self.request.temperature?;
        let accepts = match self.facts.map_or(Sampling::Always, |facts| facts.sampling) {
            Sampling::Always => true,
            Sampling::OnlyWithoutReasoning | Sampling::OnlyExplicitNone => effort == Some(Effort::None),
            Sampling::Never => false,
        };
        let is_default = stated == 0.0;
        match is_default {
            true if !accepts || !capabilities.sends(Parameter::Temperature) => None,
            true if avoids_repetition => Some(VARIED_TEMPERATURE),
            _ => Some(stated),
        }
    }

    fn output_limits(&self, footprint: &Footprint, capabilities: Capabilities, is_lengthened: bool) -> OutputLimits {
        let derived = match capabilities.output_factor {
            0 | 1 => footprint.max_reply_tokens(),
            // A model of which nothing is known may need much more for its reasoning than for the answer.
            factor => footprint.max_reply_tokens().saturating_mul(factor).max(MIN_RAISED_OUTPUT),
        };
        let answer = self.request.max_tokens.unwrap_or_else(|| footprint.max_answer_tokens());
        let output = self.request.max_tokens.unwrap_or(derived);
        let times = |tokens: u32| tokens.saturating_mul(if is_lengthened { 2 } else { 1 });
        let most = capabilities.max_output.unwrap_or(u32::MAX);
        // What the manifest states is sent, and rejected, as it is.
        let most = self.request.max_tokens.map_or(most, |stated| stated.max(most));
        OutputLimits { answer: times(answer).min(most), output: times(output).min(most) }
    }

    /// The bounds of the schema, for an answer of this many tokens: what is longer would not fit.
    fn bounds(&self, capabilities: Capabilities, answer_tokens: u32) -> Bounds {
        if capabilities.format != ReplyFormat::Schema {
            return Bounds::default();
        }
        let tokens = u64::from(answer_tokens);
        Bounds {
            unique_items: capabilities.sends(Parameter::UniqueItems),
            max_items: capabilities.sends(Parameter::MaxItems).then(|| (tokens / TOKENS_PER_ITEM).max(MIN_ITEMS)),
            max_length: capabilities.sends(Parameter::MaxLength).then(|| tokens * CHARS_PER_TOKEN),
        }
    }
}

/// The output limit of a request, in tokens.
#[derive(Clone, Copy, Debug)]
struct OutputLimits {
    /// The part for the answer.
    answer: u32,
    /// All of it, with reasoning.
    output: u32,
}

/// Tokens that an item of a list has at least, with its separator, where a bound ends the list.
const TOKENS_PER_ITEM: u64 = 4;
/// Items that a list may have in any case.
const MIN_ITEMS: u64 = 20;
/// Characters of a text per token where a bound ends the text: fewer than usual, so that the bound is
/// reached before the output limit.
const CHARS_PER_TOKEN: u64 = 3;
/// The least output limit, in tokens, of a model that used up the usual one for its reasoning.
const MIN_RAISED_OUTPUT: u32 = 4096;
/// The temperature with which a reply that repeated itself is asked for again.
const VARIED_TEMPERATURE: f64 = 0.5;

/// The `detail` to send: not every server accepts it. Without it, models look closely.
pub(crate) fn sent_detail(image: &Image) -> Option<Detail> {
    image.rule.accepts_detail().then_some(image.detail)
}
