//! The model behind the endpoint: looks at the image of a request, answers, and bills.

use super::answer::Answerer;
use super::bill::{TokenBill, image_tokens, text_tokens};
use super::completion::Completion;
use super::faults::Fault;
use super::options::Options;
use super::request::ChatRequest;
use super::vision::{ImageMeasures, measure};
use crate::base::digest::Digest;
use crate::base::random::mix;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Maximum number of images whose measures are cached: a page is often sent again soon.
const MAX_CACHED_IMAGES: usize = 512;
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
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "small and positive"
        )]
        let multiply = |tokens: u64| (tokens as f64 * self.bill_times).round() as u64;
        if self.bill_times == 1.0 { tokens } else { multiply(tokens) }
    }

    /// The completion of a request, changed by `fault`, and its bill.
    pub(crate) fn complete(
        &mut self,
        request: &ChatRequest,
        measures: &ImageMeasures,
        fault: Option<Fault>,
    ) -> (Completion, TokenBill) {
        let image_key = image_key(&request.image_digest());
        let answerer = Answerer { measures, seed: self.seed, image_key };
        let mut completion = Completion {
            id: format!("chatcmpl-{:016x}", mix(image_key)),
            created: CREATED,
            model: request.model.clone(),
            content: Some(answerer.answer(&request.schema).to_string()),
            refusal: None,
            finish_reason: "stop",
            usage: None,
        };
        apply_fault(&mut completion, fault);
        let output = cut_to_max_tokens(&mut completion, request.max_tokens);
        let bill = TokenBill {
            input: self.image_tokens(request, measures) + text_tokens(request.chars),
            cached_input: self.cached_tokens(request),
            output,
        };
        if self.reports_usage && fault != Some(Fault::NoUsage) {
            completion.usage = Some(bill);
        }
        (completion, bill)
    }

    /// Tokens of the prompt that are in the prompt cache. The prompt is in it from now on.
    /// Source: OpenAI's prompt-caching guide (2026).
    fn cached_tokens(&mut self, request: &ChatRequest) -> u64 {
        let text = text_tokens(request.chars);
        let is_new = self.prompts.insert(Digest::compute(request.text.as_bytes()));
        if is_new || text < MIN_CACHED_TOKENS { 0 } else { text / CACHE_STEP_TOKENS * CACHE_STEP_TOKENS }
    }
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
    completion.finish_reason = "length";
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
        let body = json!({"model": "gpt-4o-mini", "max_tokens": max_tokens, "messages": [{"content": content}]});
        ChatRequest::parse(body.to_string().as_bytes(), false).unwrap()
    }

    fn complete(model: &mut Model, request: &ChatRequest, fault: Option<Fault>) -> (Completion, TokenBill) {
        let measures = model.look(request).unwrap();
        model.complete(request, &measures, fault)
    }

    #[test]
    fn the_bill_is_of_the_image_the_text_and_the_reply() {
        let request = request("Which?", 300);
        let (completion, bill) = complete(&mut Model::new(&Options::default()), &request, None);
        let content = completion.content.unwrap();
        let text = (6 + SCHEMA.len() as u64).div_ceil(4);
        let output = (content.len() as u64).div_ceil(4);
        assert_eq!(bill, TokenBill { input: 8500 + text, cached_input: 0, output });
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
            let body = json!({"model": "m", "messages": [{"content": [{"image_url": {"url": url}}]}]});
            let request = ChatRequest::parse(body.to_string().as_bytes(), false).unwrap();
            assert!(model.look(&request).is_none(), "not an image");
            assert!(model.images.len() <= MAX_CACHED_IMAGES);
        }
        assert_eq!(model.images.len(), 1);
    }
}
