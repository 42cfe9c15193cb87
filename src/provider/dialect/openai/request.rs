//! The request's body: a frame of JSON with the image spliced in as base64. A frame is
//! made once for a set of tasks; a page costs one copy.
//!
//! Static text first, image last, so that a provider's prefix cache can hit.

use crate::base::digest::Digest;
use crate::catalog::Detail;
use crate::manifest::Request;
use crate::prepare::Prepared;
use crate::provider::capability::{Capabilities, Format};
use crate::provider::estimate::Footprint;
use crate::task::{Question, SYSTEM, instructions, reply_schema};
use base64_simd::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// The parts of a body that do not depend on the page.
#[derive(Debug)]
pub(crate) struct Frame {
    /// Up to the image's media type.
    head: String,
    /// Members after the messages, without braces.
    members: String,
    max_tokens_name: &'static str,
    /// The key of the prefix cache, without the number of its shard.
    cache_key: Option<String>,
    /// What the words come to.
    pub(crate) footprint: Footprint,
    /// Most tokens of a reply.
    pub(crate) room: u32,
}

/// What is added to ask again for an invalid reply.
#[derive(Clone, Debug)]
pub struct Repair {
    /// The reply that was not valid.
    pub previous: String,
    /// What was wrong with it.
    pub text: String,
}

pub(crate) struct FrameOptions<'a> {
    pub(crate) model: &'a str,
    pub(crate) request: &'a Request,
    /// `None` for models whose rule is unknown: not every server takes it.
    pub(crate) detail: Option<Detail>,
    pub(crate) capabilities: Capabilities,
    /// The model thinks before it answers.
    pub(crate) reasons: bool,
}

/// Shortest prefix that a provider caches, in tokens (OpenAI's prompt-caching guide, 2026).
const LEAST_CACHED: u64 = 1024;

impl Frame {
    pub(crate) fn new(options: &FrameOptions<'_>, questions: &[&Question]) -> Self {
        let FrameOptions { model, request, detail, capabilities, reasons } = options;
        let text = instructions(questions, capabilities.format != Format::Schema);
        let schema = reply_schema(questions);
        let detail = detail.map_or(String::new(), |detail| format!(r#""detail":"{}","#, detail.name()));
        let head = format!(
            r#"{{"messages":[{},{{"role":"user","content":[{},{{"type":"image_url","image_url":{{{detail}"url":"data:"#,
            json!({"role": "system", "content": SYSTEM}),
            json!({"type": "text", "text": text}),
        );
        let footprint = Footprint::of(questions, capabilities.format, *reasons);
        let has_key = request.prompt_cache_key && capabilities.cache_key && footprint.text >= LEAST_CACHED;
        let prefix = Digest::compute(format!("{model}{head}{schema}").as_bytes()).to_string();
        let members = members(model, request, *capabilities, schema);
        let members = members.iter().map(|(name, value)| format!(",{}:{value}", Value::from(name.as_str()))).collect();
        Self {
            head,
            members,
            max_tokens_name: if capabilities.max_completion_tokens { "max_completion_tokens" } else { "max_tokens" },
            cache_key: has_key.then(|| format!("docmill-{}", &prefix[..16])),
            room: request.max_tokens.unwrap_or_else(|| footprint.room()),
            footprint,
        }
    }

    /// The body for one page. `shard`: which part of the prefix cache it goes to.
    pub(crate) fn body(&self, image: &Prepared, max_tokens: u32, shard: u64, repair: Option<&Repair>) -> Bytes {
        let repair = repair.map_or(String::new(), |repair| {
            let previous = json!({"role": "assistant", "content": repair.previous});
            format!(",{previous},{}", json!({"role": "user", "content": repair.text}))
        });
        let encoded = STANDARD.encoded_length(image.bytes.len());
        let capacity = self.head.len() + encoded + repair.len() + self.members.len() + 96;
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
            body.extend_from_slice(format!(r#","prompt_cache_key":"{key}-{shard}""#).as_bytes());
        }
        body.extend_from_slice(format!(r#","{}":{max_tokens}}}"#, self.max_tokens_name).as_bytes());
        body.into()
    }
}

fn members(model: &str, request: &Request, capabilities: Capabilities, schema: Value) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("model".into(), model.into());
    // Always explicit: some providers stream by default.
    members.insert("stream".into(), request.stream.into());
    if request.stream && capabilities.stream_options {
        members.insert("stream_options".into(), json!({"include_usage": true}));
    }
    if capabilities.sampling {
        members.insert("temperature".into(), number(request.temperature));
        if let Some(top_p) = request.top_p {
            members.insert("top_p".into(), number(top_p));
        }
    }
    match capabilities.format {
        Format::Schema => {
            let schema = json!({"name": "page", "strict": true, "schema": schema});
            members.insert("response_format".into(), json!({"type": "json_schema", "json_schema": schema}));
        }
        Format::Object => _ = members.insert("response_format".into(), json!({"type": "json_object"})),
        Format::Plain => {}
    }
    members.extend(request.extra.clone());
    members
}

/// Whole numbers without a fraction: some servers are strict about `0`.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
    if value.fract() == 0.0 && value.abs() < 1e6 { (value as i64).into() } else { value.into() }
}
