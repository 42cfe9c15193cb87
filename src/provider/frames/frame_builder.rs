//! Builds the common part of requests for the same questions: their parameters.

use super::frame_cache::CachedFrame;
use crate::catalog::{Detail, Effort, ModelFacts, model_facts};
use crate::manifest::{Image, Request};
use crate::provider::dialect::interface::{Dialect, FrameOptions};
use crate::provider::form::capability::{Capabilities, ReplyFormat, format_name};
use crate::provider::form::form_size::FormSize;
use crate::provider::form::parameter::Parameter;
use crate::provider::request::page_request::{PageRequest, Variation};
use crate::task::Bounds;
use serde_json::json;
use std::rc::Rc;

/// Builds the frames of one endpoint.
#[derive(Debug)]
pub(crate) struct FrameBuilder {
    dialect: Rc<dyn Dialect>,
    /// The provider's name of the model.
    pub(crate) model: String,
    /// What the manifest states about requests.
    pub(crate) request: Request,
    /// What the manifest states about images.
    pub(crate) image: Image,
    /// Facts about the model; `None`: unknown.
    facts: Option<&'static ModelFacts>,
}

impl FrameBuilder {
    /// For `model`, by the provider's name.
    pub(crate) fn new(dialect: Rc<dyn Dialect>, model: String, request: Request, image: Image) -> Self {
        let facts = model_facts(&model);
        Self { dialect, model, request, image, facts }
    }

    /// What the requests of this kind have in common, for an endpoint that accepts `capabilities`.
    pub(crate) fn build(&self, request: &PageRequest, capabilities: Capabilities) -> CachedFrame {
        let Variation { is_lengthened, avoids_repetition, .. } = request.variation;
        let capabilities = if request.variation.has_no_format() { capabilities.without_format() } else { capabilities };
        let questions = request.asked();
        let size = FormSize::for_request(&questions, &self.request, self.facts, capabilities, is_lengthened);
        let bounds = self.bounds(capabilities, size.max_answer_tokens);
        let options = FrameOptions {
            model: &self.model,
            request: &self.request,
            detail: sent_detail(&self.image),
            capabilities,
            temperature: self.temperature(capabilities, size.effort, avoids_repetition),
            effort: size.effort,
            describes_schema: size.is_described,
            bounds,
            chooses_cache: self.facts.is_some_and(|facts| facts.bills_cache_writes)
                && capabilities.sends(Parameter::CacheOptions),
            prompt_tokens: size.footprint.text,
            has_output_limit: size.has_output_limit,
        };
        let parameters = json!({
            "format": format_name(capabilities.format),
            "schema_in_prompt": size.is_described,
            "temperature": options.temperature,
            "reasoning_effort": size.effort.map(Effort::name),
            "max_tokens": size.has_output_limit.then_some(size.max_reply_tokens),
        });
        CachedFrame {
            parameters: parameters.to_string(),
            frame: self.dialect.page_frame(&options, &questions),
            footprint: size.footprint,
            max_reply_tokens: size.max_reply_tokens,
            max_billed_tokens: size.max_billed_tokens,
            bounds,
            is_described: size.is_described,
        }
    }

    /// The temperature to send; `None`: none. 0 is not sent where the model would reject it.
    fn temperature(&self, capabilities: Capabilities, effort: Option<Effort>, avoids_repetition: bool) -> Option<f64> {
        let stated = self.request.temperature?;
        let accepts = self.facts.is_none_or(|facts| facts.sampling.is_accepted(effort));
        let is_default = stated == 0.0;
        match is_default {
            true if !accepts || !capabilities.sends(Parameter::Temperature) => None,
            true if avoids_repetition => Some(VARIED_TEMPERATURE),
            _ => Some(stated),
        }
    }

    /// The bounds of the schema, for an answer of this many tokens: longer values would not fit.
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

/// Tokens that an item of a list has at least, with its separator, where a bound ends the list.
const TOKENS_PER_ITEM: u64 = 4;
/// Items that a list may have in any case.
const MIN_ITEMS: u64 = 20;
/// Characters of a text per token where a bound ends the text: fewer than usual, so that the bound is
/// reached before the output limit.
const CHARS_PER_TOKEN: u64 = 3;
/// The temperature for the retry of a reply that repeated itself.
const VARIED_TEMPERATURE: f64 = 0.5;

/// The `detail` to send: not every server accepts it. Without it, models look closely.
pub(crate) fn sent_detail(image: &Image) -> Option<Detail> {
    image.rule.accepts_detail().then_some(image.detail)
}
