//! The body of a request for a page: a frame of JSON, with the image spliced in as base64.
//! A frame is built once for a set of questions; a page costs one copy.
//!
//! Static text comes first and the image last, so that the provider's prompt cache can
//! reuse the prefix.

use crate::base::digest::Digest;
use crate::manifest::EFFORT_MEMBER;
use crate::provider::dialect::interface::{FrameOptions, PageFrame, PageParts};
use crate::provider::form::capability::ReplyFormat;
use crate::provider::form::parameter::{Parameter, Parameters};
use crate::task::{Question, SYSTEM, bounded_reply_schema, instructions};
use base64_simd::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// The parts of a body that do not depend on the page.
#[derive(Debug)]
pub(crate) struct ChatFrame {
    /// Everything before the image's media type.
    head: String,
    /// The members after `messages`, without braces.
    members: String,
    /// The name of the output limit; `None`: none is sent.
    max_tokens_name: Option<&'static str>,
    /// The key of the prompt cache, without the number of the partition.
    cache_key: Option<String>,
    parameters: Parameters,
}

/// The member that switches thinking off. Source: Alibaba's Model Studio documentation (2026-11).
pub(crate) const THINKING_MEMBER: &str = "enable_thinking";

/// Shortest prompt that a provider caches, in tokens (OpenAI's prompt-caching guide, 2026).
const MIN_CACHED_TOKENS: u64 = 1024;
/// Bytes reserved for what follows the members: the cache key and the reply length.
const TAIL_BYTES: usize = 96;

impl ChatFrame {
    pub(crate) fn new(options: &FrameOptions<'_>, questions: &[&Question]) -> Self {
        let FrameOptions { model, request, detail, capabilities, prompt_tokens, .. } = *options;
        let schema = bounded_reply_schema(questions, &options.bounds);
        let caches_text = options.chooses_cache && prompt_tokens >= MIN_CACHED_TOKENS;
        let text = instructions(questions, options.describes_schema);
        let detail = detail.filter(|_| capabilities.sends(Parameter::Detail));
        let detail = detail.map_or(String::new(), |detail| format!(r#""detail":"{}","#, detail.name()));
        let (system, text) = match capabilities.sends(Parameter::SystemMessage) {
            true => (format!("{},", json!({"role": "system", "content": SYSTEM})), text),
            false => (String::new(), format!("{SYSTEM}\n\n{text}")),
        };
        let mut part = json!({"type": "text", "text": text});
        if caches_text && let Some(part) = part.as_object_mut() {
            part.insert("prompt_cache_breakpoint".into(), json!({"mode": "explicit"}));
        }
        let head = format!(
            r#"{{"messages":[{system}{{"role":"user","content":[{part},{{"type":"image_url","image_url":{{{detail}"url":"data:"#,
        );
        let sends_key = request.prompt_cache_key && capabilities.sends(Parameter::CacheKey);
        let has_key = sends_key && prompt_tokens >= MIN_CACHED_TOKENS;
        let prefix = Digest::compute(format!("{model}{head}{schema}").as_bytes()).to_string();
        let members = members(options, schema);
        let structure = [
            (Parameter::OutputLimit, options.has_output_limit),
            (Parameter::SystemMessage, !system.is_empty()),
            (Parameter::Detail, !detail.is_empty()),
            (Parameter::CacheKey, has_key),
            (Parameter::CacheOptions, caches_text),
            (Parameter::Effort, request.extra_thinking().is_some()),
        ];
        let structure = structure.into_iter().filter_map(|(parameter, is_sent)| is_sent.then_some(parameter));
        let parameters = structure.fold(sent_members(&members), Parameters::with);
        let members = members.iter().map(|(name, value)| format!(",{}:{value}", Value::from(name.as_str()))).collect();
        Self {
            head,
            members,
            max_tokens_name: options.has_output_limit.then_some(match capabilities.max_completion_tokens {
                true => "max_completion_tokens",
                false => "max_tokens",
            }),
            cache_key: has_key.then(|| format!("docmill-{}", &prefix[..16])),
            parameters,
        }
    }
}

impl PageFrame for ChatFrame {
    fn body(&self, page: &PageParts<'_>) -> Bytes {
        let PageParts { image, max_reply_tokens, cache_partition, repair } = *page;
        // Servers reject an assistant without words, and two messages of the user in a row. After an
        // empty reply the question is asked again as it was.
        let repair = repair.filter(|repair| !repair.previous.trim().is_empty());
        let repair = repair.map_or(String::new(), |repair| {
            let previous = json!({"role": "assistant", "content": repair.previous});
            format!(",{previous},{}", json!({"role": "user", "content": repair.text}))
        });
        let encoded = STANDARD.encoded_length(image.bytes.len());
        let capacity = self.head.len() + encoded + repair.len() + self.members.len() + TAIL_BYTES;
        let mut body = Vec::with_capacity(capacity);
        body.extend_from_slice(self.head.as_bytes());
        body.extend_from_slice(image.mime.as_bytes());
        body.extend_from_slice(b";base64,");
        STANDARD.encode_append(&image.bytes, &mut body);
        body.extend_from_slice(br#""}}]}"#);
        body.extend_from_slice(repair.as_bytes());
        body.push(b']');
        body.extend_from_slice(self.members.as_bytes());
        if let Some(key) = &self.cache_key {
            body.extend_from_slice(format!(r#","prompt_cache_key":"{key}-{cache_partition}""#).as_bytes());
        }
        if let Some(name) = self.max_tokens_name {
            body.extend_from_slice(format!(r#","{name}":{max_reply_tokens}"#).as_bytes());
        }
        body.push(b'}');
        body.into()
    }

    fn parameters(&self) -> Parameters {
        self.parameters
    }
}

/// The parameters among the members of a body, also those that the manifest adds.
fn sent_members(members: &Map<String, Value>) -> Parameters {
    const NAMES: &[(Parameter, &str)] = &[
        (Parameter::Temperature, "temperature"),
        (Parameter::Stream, "stream"),
        (Parameter::StreamOptions, "stream_options"),
        (Parameter::Format, "response_format"),
        (Parameter::Effort, EFFORT_MEMBER),
        (Parameter::Thinking, THINKING_MEMBER),
        (Parameter::CacheKey, "prompt_cache_key"),
        (Parameter::CacheOptions, "prompt_cache_options"),
    ];
    let format = members.get("response_format").map(Value::to_string).unwrap_or_default();
    let has_word = |parameter: &Parameter| format.contains(&format!("\"{}\":", parameter.name()));
    let in_format = Parameter::BOUNDS.into_iter().chain([Parameter::Strict]).filter(has_word);
    let named = NAMES.iter().filter(|(_, name)| members.contains_key(*name)).map(|(parameter, _)| *parameter);
    named.chain(in_format).fold(Parameters::default(), Parameters::with)
}

fn members(options: &FrameOptions<'_>, schema: Value) -> Map<String, Value> {
    let FrameOptions { model, request, capabilities, .. } = *options;
    let mut members = Map::new();
    members.insert("model".into(), model.into());
    // Explicit unless it is rejected: some providers stream by default.
    if request.stream || capabilities.sends(Parameter::Stream) {
        members.insert("stream".into(), request.stream.into());
    }
    if request.stream && capabilities.sends(Parameter::StreamOptions) {
        members.insert("stream_options".into(), json!({"include_usage": true}));
    }
    if let Some(temperature) = options.temperature {
        members.insert("temperature".into(), number(temperature));
    }
    if let Some(top_p) = request.top_p {
        members.insert("top_p".into(), number(top_p));
    }
    if let Some(effort) = options.effort {
        members.insert(EFFORT_MEMBER.into(), effort.name().into());
    }
    if capabilities.disables_thinking {
        members.insert(THINKING_MEMBER.into(), false.into());
    }
    match capabilities.format {
        ReplyFormat::Schema => {
            let schema = match capabilities.sends(Parameter::Strict) {
                true => json!({"name": "page", "strict": true, "schema": schema}),
                false => json!({"name": "page", "schema": schema}),
            };
            members.insert("response_format".into(), json!({"type": "json_schema", "json_schema": schema}));
        }
        ReplyFormat::Object => _ = members.insert("response_format".into(), json!({"type": "json_object"})),
        ReplyFormat::Plain => {}
    }
    if options.chooses_cache {
        members.insert("prompt_cache_options".into(), json!({"mode": "explicit"}));
    }
    members.extend(request.extra.clone());
    members
}

/// Writes whole numbers without a fraction: some servers reject `0.0`.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
    if value.fract() == 0.0 && value.abs() < 1e6 { (value as i64).into() } else { value.into() }
}

#[cfg(test)]
mod tests;
