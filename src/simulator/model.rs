//! The model behind the endpoint: looks at the image of a request, answers, and bills.

use super::answer::{Answerer, Repetition};
use super::api_error::ApiError;
use super::bill::{TokenBill, multiply, text_tokens};
use super::completion::Completion;
use super::faults::Fault;
use super::free_reply::{free_text, thoughts};
use super::image_bill::image_tokens;
use super::options::Options;
use super::profiles::find::find_profile;
use super::request::ChatRequest;
use super::rules::profile::UsedUp;
use super::rules::reply_style::{Misplaced, ReasoningText};
use super::terms::Terms;
use super::vision::{ImageMeasures, measure};
use crate::base::digest::Digest;
use crate::base::random::mix;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Maximum number of images whose measures are cached: a page is often sent again soon.
const MAX_CACHED_IMAGES: usize = 512;
/// Maximum length of a repetition, in characters.
const MAX_REPEATED_CHARS: usize = 1 << 20;
/// `created` of all completions, in seconds since 1970.
pub(crate) const CREATED: u64 = 1_766_116_121;
/// Minimum text tokens of a prompt that is cached.
const MIN_CACHED_TOKENS: u64 = 1024;
/// Cached tokens are a multiple of this.
const CACHE_STEP_TOKENS: u64 = 128;

/// The model, with what it remembers.
#[derive(Debug)]
pub(crate) struct Model {
    seed: u64,
    bill_as: Option<String>,
    bill_times: f64,
    jump: f64,
    jump_after: u64,
    /// Completions so far.
    completions: u64,
    image_cap: Option<(u64, &'static str)>,
    reports_usage: bool,
    /// Measures by image. `None`: the image can't be decoded.
    images: HashMap<Digest, Option<ImageMeasures>>,
    /// Prompts that were sent before, for the prompt cache.
    prompts: HashSet<Digest>,
}

impl Model {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            seed: options.seed,
            bill_as: options.bill_as.clone(),
            bill_times: options.bill_times,
            jump: options.bill_jump,
            jump_after: options.bill_jump_after,
            completions: 0,
            image_cap: find_profile(options.profile).image_cap,
            reports_usage: options.usage,
            images: HashMap::new(),
            prompts: HashSet::new(),
        }
    }

    /// The measures of the request's image. `None`: it can't be decoded.
    pub(crate) fn look(&mut self, request: &ChatRequest) -> Option<ImageMeasures> {
        let digest = request.image_digest();
        if let Some(known) = self.images.get(&digest) {
            return known.clone();
        }
        let measures = measure(&request.image);
        if self.images.len() >= MAX_CACHED_IMAGES {
            self.images.clear();
        }
        self.images.insert(digest, measures.clone());
        measures
    }

    /// Tokens that the request's image is billed as.
    pub(crate) fn image_tokens(&self, request: &ChatRequest, measures: &ImageMeasures) -> u64 {
        let model = self.bill_as.as_ref().unwrap_or(&request.model);
        let tokens = image_tokens(model, measures.width, measures.height, &request.detail);
        let tokens = match self.image_cap {
            Some((cap, member)) if request.members.get(member) != Some(&Value::Bool(true)) => tokens.min(cap),
            _ => tokens,
        };
        multiply(tokens, self.bill_times)
    }

    /// The completion of a request, changed by `fault`, and its bill.
    ///
    /// # Errors
    /// If reasoning uses up the limit, and the API sends an error then.
    pub(crate) fn complete(
        &mut self,
        terms: &Terms,
        request: &ChatRequest,
        measures: &ImageMeasures,
        fault: Option<Fault>,
    ) -> Result<(Completion, TokenBill), ApiError> {
        let image_key = image_key(&request.image_digest());
        let mut completion = Completion {
            id: format!("chatcmpl-{:016x}", mix(image_key)),
            created: CREATED,
            model: terms.model_name(request),
            content: Some(self.content(terms, request, measures, image_key)),
            refusal: None,
            reasoning: None,
            finish_reason: "stop",
            has_message: true,
            tier: terms.tier,
            usage: None,
            cost: 0,
            style: &terms.profile.reply,
        };
        apply_fault(&mut completion, fault);
        let mut bill = TokenBill {
            input: self.image_tokens(request, measures) + text_tokens(request.chars),
            ..TokenBill::default()
        };
        match fault {
            // The filter stops the model before it answers.
            Some(Fault::Recitation | Fault::Prohibited | Fault::NoContent) => {}
            _ => {
                let draft = || {
                    let answerer = Answerer { measures, seed: !self.seed, image_key, repetition: None };
                    answerer.answer(terms.schema(request).unwrap_or(&Value::Null))
                };
                (bill.output, bill.reasoning) = reason(&mut completion, terms, &draft, image_key)?;
            }
        }
        (bill.cached_input, bill.cache_write) = self.cache_tokens(terms, request, bill.input);
        self.completions += 1;
        if self.completions > self.jump_after {
            bill = bill.times(self.jump);
        }
        completion.cost = terms.model.cost(&bill, terms.percent);
        if self.reports_usage && fault != Some(Fault::NoUsage) {
            completion.usage = Some(bill);
        }
        Ok((completion, bill))
    }

    /// The text of the answer.
    fn content(&self, terms: &Terms, request: &ChatRequest, measures: &ImageMeasures, image_key: u64) -> String {
        let rule = &terms.profile.schema;
        let is_constrained = terms.free_reply.is_none() && request.format_schema.is_some();
        let repeats = rule.repeats && is_constrained && mix(image_key ^ 0x5EED).is_multiple_of(2);
        let repetition = (repeats && !is_varied(request)).then(|| Repetition {
            chars: usize::try_from(terms.limit.saturating_mul(4)).unwrap_or(usize::MAX).min(MAX_REPEATED_CHARS),
            knows_unique: rule.knows_unique,
        });
        let answerer = Answerer { measures, seed: self.seed, image_key, repetition };
        let answer = answerer.answer(terms.schema(request).unwrap_or(&Value::Null));
        match terms.free_reply {
            Some(free) => free_text(free, &answer, request.prompt_schema.is_some(), image_key),
            None => answer.to_string(),
        }
    }

    /// Prompt tokens that are cached, and those that are written to the cache. The prompt is known from now
    /// on. Source: OpenAI's prompt-caching guide (2026).
    fn cache_tokens(&mut self, terms: &Terms, request: &ChatRequest, input: u64) -> (u64, u64) {
        let mut is_known = |bytes: &[u8]| !self.prompts.insert(Digest::compute(bytes));
        let round =
            |tokens: u64| if tokens < MIN_CACHED_TOKENS { 0 } else { tokens / CACHE_STEP_TOKENS * CACHE_STEP_TOKENS };
        let text = text_tokens(request.chars);
        if !terms.profile.reply.usage.cached {
            return (0, 0);
        }
        if !terms.profile.writes_cache {
            return (if is_known(request.text.as_bytes()) { round(text) } else { 0 }, 0);
        }
        if request.member("/prompt_cache_options/mode").and_then(Value::as_str) == Some("explicit") {
            let prefix = request.breakpoint_chars.map_or(0, text_tokens);
            let end = request.text.char_indices().nth(request.breakpoint_chars.unwrap_or(0));
            let is_known = is_known(&request.text.as_bytes()[..end.map_or(request.text.len(), |(at, _)| at)]);
            return match prefix {
                0..MIN_CACHED_TOKENS => (0, 0),
                prefix if is_known => (prefix, 0),
                prefix => (0, prefix),
            };
        }
        let (is_known_text, is_known_page) =
            (is_known(request.text.as_bytes()), is_known(&[request.text.as_bytes(), &request.image].concat()));
        let cached = if is_known_page {
            round(input)
        } else if is_known_text {
            round(text)
        } else {
            0
        };
        (cached, if input < MIN_CACHED_TOKENS || is_known_page { 0 } else { input - cached })
    }
}

/// Whether a request asks for a sampling that does not repeat itself.
fn is_varied(request: &ChatRequest) -> bool {
    let number = |name: &str| request.members.get(name).and_then(Value::as_f64).unwrap_or(0.0);
    number("temperature") > 0.0 || number("frequency_penalty") > 0.0 || number("repetition_penalty") > 1.0
}

/// Adds the reasoning to a completion, and cuts it to the limit. Returns the tokens of the reply, and those
/// of the reasoning among them.
fn reason(
    completion: &mut Completion,
    terms: &Terms,
    draft: &dyn Fn() -> Value,
    image_key: u64,
) -> Result<(u64, u64), ApiError> {
    let style = completion.style;
    let is_shown = style.reasoning != ReasoningText::Hidden;
    let wanted = terms.effort.tokens(image_key);
    if wanted >= terms.limit && wanted > 0 {
        completion.reasoning = is_shown.then(|| thoughts(&draft(), terms.limit));
        completion.finish_reason = style.cut_reason;
        completion.content = match terms.profile.used_up {
            UsedUp::Error => return Err(used_up()),
            UsedUp::EmptyContent => Some(String::new()),
            UsedUp::NoContent => None,
        };
        if style.reasoning == ReasoningText::Tag {
            completion.content = completion.reasoning.take().map(|text| format!("<think>\n{text}"));
        }
        return Ok((terms.limit, terms.limit));
    }
    let visible = cut_to_max_tokens(completion, terms.limit - wanted);
    if wanted > 0 && is_shown {
        completion.reasoning = Some(thoughts(&draft(), wanted));
    }
    let content = completion.content.clone().unwrap_or_default();
    let is_misplaced = match style.misplaced {
        Misplaced::Never => false,
        Misplaced::WithoutReasoning => wanted == 0 && !terms.model.efforts.is_empty(),
        Misplaced::Sometimes => wanted > 0 && mix(image_key ^ 0x0715).is_multiple_of(4),
    };
    if is_misplaced {
        let before = completion.reasoning.take().map_or(String::new(), |text| format!("{text}\n"));
        completion.reasoning = Some(format!("{before}{content}"));
        completion.content = (style.misplaced == Misplaced::Sometimes).then(String::new);
    } else if style.reasoning == ReasoningText::Tag {
        let text = completion.reasoning.take();
        completion.content = text.map(|text| format!("<think>\n{text}\n</think>\n\n{content}")).or(Some(content));
    }
    Ok((wanted + visible, wanted))
}

fn used_up() -> ApiError {
    let message = "Could not finish the message because max_tokens or model output limit was reached. Please try again with higher max_tokens.";
    ApiError::invalid_request(message)
}

/// The number derived from an image that seeds its draws.
pub(crate) fn image_key(image: &Digest) -> u64 {
    u64::from_le_bytes(image.as_bytes()[..8].try_into().unwrap_or_default())
}

/// Changes what the model answers.
fn apply_fault(completion: &mut Completion, fault: Option<Fault>) {
    let content = completion.content.clone().unwrap_or_default();
    match fault {
        Some(Fault::Refusal) => {
            (completion.content, completion.refusal) = (None, Some("I'm sorry, I can't assist with that.".into()));
        }
        Some(Fault::Fenced) => {
            let fenced = format!("Here is the JSON:\n```json\n{content}\n```\nLet me know if you need more.");
            completion.content = Some(fenced);
        }
        Some(Fault::WrongLabel) => completion.content = Some(with_wrong_labels(&content)),
        Some(Fault::Empty) => completion.content = Some(String::new()),
        Some(Fault::Length) => {
            let half = content.chars().take(content.chars().count() / 2).collect();
            (completion.content, completion.finish_reason) = (Some(half), "length");
        }
        Some(Fault::Recitation) => {
            (completion.content, completion.finish_reason) = (None, "content_filter: RECITATION");
        }
        Some(Fault::Prohibited) => {
            (completion.content, completion.finish_reason) = (None, "content_filter: PROHIBITED_CONTENT");
            completion.has_message = false;
        }
        Some(Fault::NoContent) => completion.content = None,
        _ => {}
    }
}

/// Cuts the content to the request's maximum. Returns the tokens of the reply.
fn cut_to_max_tokens(completion: &mut Completion, max_tokens: u64) -> u64 {
    let content = completion.content.clone().or_else(|| completion.refusal.clone()).unwrap_or_default();
    let tokens = text_tokens(content.chars().count()).max(1);
    if tokens <= max_tokens {
        return tokens;
    }
    let max_chars = usize::try_from(max_tokens * 4).unwrap_or(usize::MAX);
    completion.content = Some(content.chars().take(max_chars).collect());
    completion.finish_reason = completion.style.cut_reason;
    max_tokens
}

/// The JSON with a text that is in no set of labels in place of every text.
fn with_wrong_labels(content: &str) -> String {
    fn replace(value: &mut Value) {
        match value {
            Value::String(text) => *text = "none of your labels".into(),
            Value::Array(items) => items.iter_mut().for_each(replace),
            Value::Object(members) => members.values_mut().for_each(replace),
            _ => {}
        }
    }
    let mut value = serde_json::from_str(content).unwrap_or_default();
    replace(&mut value);
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::super::profiles::default::DEFAULT;
    use super::super::vision::tests::{INK, page};
    use super::*;
    use serde_json::json;

    const SCHEMA: &str = r#"{"type":"object","properties":{"kind":{"type":"string","enum":["a","b"]},"tags":{"type":"array","items":{"type":"string","enum":["x","y"]}}}}"#;

    /// A request for a drawn page of 300 x 420 pixels.
    fn request(text: &str, max_tokens: u64) -> ChatRequest {
        let mut png = std::io::Cursor::new(Vec::new());
        page(&[(10, 10, 100, 100, INK)]).write_to(&mut png, image::ImageFormat::Png).unwrap();
        let url = format!("data:image/png;base64,{}", base64_simd::STANDARD.encode_to_string(png.get_ref()));
        let content = json!([{"type": "text", "text": format!("{text}{SCHEMA}")}, {"type": "image_url", "image_url": {"url": url, "detail": "high"}}]);
        let body = json!({"model": "gpt-4o-mini", "max_tokens": max_tokens, "messages": [{"role": "user", "content": content}]});
        ChatRequest::parse(body.to_string().as_bytes(), false).unwrap()
    }

    fn complete(model: &mut Model, request: &ChatRequest, fault: Option<Fault>) -> (Completion, TokenBill) {
        let measures = model.look(request).unwrap();
        let terms = Terms::check(&DEFAULT, &Options::default(), request).unwrap();
        model.complete(&terms, request, &measures, fault).unwrap()
    }

    #[test]
    fn the_bill_is_of_the_image_the_text_and_the_reply() {
        let request = request("Which?", 300);
        let (completion, bill) = complete(&mut Model::new(&Options::default()), &request, None);
        let content = completion.content.unwrap();
        let text = (6 + SCHEMA.len() as u64).div_ceil(4);
        let output = (content.len() as u64).div_ceil(4);
        assert_eq!(bill, TokenBill { input: 8500 + text, output, ..TokenBill::default() });
        assert_eq!((completion.usage, completion.finish_reason), (Some(bill), "stop"));
        let reply: Value = serde_json::from_str(&content).unwrap();
        assert!(reply["kind"].is_string() && reply["tags"].is_array());
    }

    #[test]
    fn images_are_billed_by_another_rule_or_multiplied_on_request() {
        let request = request("", 300);
        for (bill_as, bill_times, tokens) in
            [(None, 1.0, 8500), (Some("gpt-4o"), 1.0, 255), (None, 1.37, 11_645), (Some("gpt-4.1-mini"), 2.0, 454)]
        {
            let options = Options { bill_as: bill_as.map(str::to_owned), bill_times, ..Options::default() };
            let mut model = Model::new(&options);
            let measures = model.look(&request).unwrap();
            assert_eq!(model.image_tokens(&request, &measures), tokens, "{bill_as:?} {bill_times}");
        }
    }

    #[test]
    fn a_long_prompt_that_comes_again_is_cached() {
        let mut model = Model::new(&Options::default());
        let schema_chars = SCHEMA.len();
        for (chars, cached) in [(4092, 0), (4096, 1024), (4608, 1152), (4611, 1152)] {
            let request = request(&"x".repeat(chars - schema_chars), 300);
            assert_eq!(complete(&mut model, &request, None).1.cached_input, 0, "{chars}: the first time");
            assert_eq!(complete(&mut model, &request, None).1.cached_input, cached, "{chars}");
        }
    }

    #[test]
    fn faults_change_the_answer() {
        let request = request("", 300);
        let mut model = Model::new(&Options::default());
        let (good, _) = complete(&mut model, &request, None);
        let good = good.content.unwrap();
        for (fault, content, refusal, finish_reason) in [
            (Fault::Refusal, None, Some("I'm sorry, I can't assist with that."), "stop"),
            (Fault::Empty, Some(String::new()), None, "stop"),
            (Fault::Length, Some(good[..good.len() / 2].to_owned()), None, "length"),
            (
                Fault::Fenced,
                Some(format!("Here is the JSON:\n```json\n{good}\n```\nLet me know if you need more.")),
                None,
                "stop",
            ),
        ] {
            let (completion, bill) = complete(&mut model, &request, Some(fault));
            assert_eq!((completion.content, completion.refusal.as_deref()), (content, refusal), "{fault:?}");
            assert_eq!(completion.finish_reason, finish_reason);
            assert!(bill.output >= 1, "an empty reply is billed as one token");
        }
        let (wrong, _) = complete(&mut model, &request, Some(Fault::WrongLabel));
        let wrong: Value = serde_json::from_str(&wrong.content.unwrap()).unwrap();
        assert_eq!(wrong["kind"], "none of your labels");
        assert_eq!(complete(&mut model, &request, Some(Fault::NoUsage)).0.usage, None);
    }

    #[test]
    fn a_reply_is_cut_at_max_tokens() {
        let (completion, bill) = complete(&mut Model::new(&Options::default()), &request("", 3), None);
        assert_eq!((completion.content.unwrap().len(), bill.output, completion.finish_reason), (12, 3, "length"));
    }

    #[test]
    fn no_more_images_are_cached_than_the_maximum() {
        let mut model = Model::new(&Options::default());
        for number in 0..=MAX_CACHED_IMAGES {
            let url = format!("data:image/png;base64,{}", base64_simd::STANDARD.encode_to_string(number.to_string()));
            let body = json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]});
            let request = ChatRequest::parse(body.to_string().as_bytes(), false).unwrap();
            assert!(model.look(&request).is_none(), "not an image");
            assert!(model.images.len() <= MAX_CACHED_IMAGES);
        }
        assert_eq!(model.images.len(), 1);
    }
}
