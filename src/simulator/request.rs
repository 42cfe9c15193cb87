//! A chat completion request, validated as OpenAI's API validates it.

use super::api_error::ApiError;
use super::strict_schema::check_strict;
use crate::base::digest::Digest;
use serde_json::Value;

/// Tokens of a reply when the request sets no maximum.
const DEFAULT_MAX_TOKENS: u64 = 4096;

/// The members of a request that the simulator uses.
#[derive(Debug)]
pub(crate) struct ChatRequest {
    pub(crate) model: String,
    pub(crate) is_stream: bool,
    /// `stream_options.include_usage`.
    pub(crate) includes_usage: bool,
    pub(crate) max_tokens: u64,
    /// The bytes of the last image. Empty: there is none.
    pub(crate) image: Vec<u8>,
    /// `detail` of the last image.
    pub(crate) detail: String,
    /// Characters of all texts and of the schema in `response_format`.
    pub(crate) chars: usize,
    /// The schema of the reply: from `response_format`, or written out in the prompt.
    pub(crate) schema: Value,
    /// Whether `response_format` is `json_schema`.
    pub(crate) has_json_schema: bool,
    /// All texts of the prompt.
    pub(crate) text: String,
}

impl ChatRequest {
    /// Parses the body of a request.
    ///
    /// # Errors
    /// The 400 that OpenAI's API sends.
    pub(crate) fn parse(body: &[u8], stream_by_default: bool) -> Result<Self, ApiError> {
        let body: Value = serde_json::from_slice(body).map_err(|error| {
            ApiError::invalid_request(format!("We could not parse the JSON body of your request. ({error})"))
                .with_code("invalid_value")
        })?;
        let missing = |param: &'static str, message: &str| {
            ApiError::invalid_request(message).with_code("invalid_value").with_param(param)
        };
        let model = body
            .get("model")
            .and_then(Value::as_str)
            .ok_or_else(|| missing("model", "you must provide a model parameter"))?;
        let messages = body
            .get("messages")
            .and_then(Value::as_array)
            .ok_or_else(|| missing("messages", "messages is required"))?;
        let mut request = Self {
            model: model.to_owned(),
            is_stream: body.get("stream").and_then(Value::as_bool).unwrap_or(stream_by_default),
            includes_usage: body.pointer("/stream_options/include_usage").and_then(Value::as_bool).unwrap_or(false),
            max_tokens: ["max_completion_tokens", "max_tokens"]
                .iter()
                .find_map(|name| body.get(name)?.as_u64())
                .unwrap_or(DEFAULT_MAX_TOKENS),
            image: Vec::new(),
            detail: "auto".into(),
            chars: 0,
            schema: Value::Null,
            has_json_schema: body.pointer("/response_format/type").and_then(Value::as_str) == Some("json_schema"),
            text: String::new(),
        };
        for message in messages {
            request.add_content(message.get("content"))?;
        }
        request.chars = request.text.chars().count();
        match body.pointer("/response_format/json_schema/schema") {
            Some(schema) => {
                check_strict(schema)?;
                request.chars += schema.to_string().chars().count();
                request.schema = schema.clone();
            }
            None => request.schema = schema_in_text(&request.text).unwrap_or_default(),
        }
        Ok(request)
    }

    /// The identity of the image.
    pub(crate) fn image_digest(&self) -> Digest {
        Digest::compute(&self.image)
    }

    fn add_content(&mut self, content: Option<&Value>) -> Result<(), ApiError> {
        match content {
            Some(Value::String(text)) => self.text.push_str(text),
            Some(Value::Array(parts)) => {
                for part in parts {
                    if let Some(text) = part.get("text").and_then(Value::as_str) {
                        self.text.push_str(text);
                    }
                    if let Some(url) = part.pointer("/image_url/url").and_then(Value::as_str) {
                        self.image = decode_data_url(url)?;
                        let detail = part.pointer("/image_url/detail").and_then(Value::as_str);
                        self.detail = detail.unwrap_or("auto").to_owned();
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The image in a data URL. Other URLs are refused: the simulator never fetches one.
fn decode_data_url(url: &str) -> Result<Vec<u8>, ApiError> {
    if url.starts_with("http") {
        return Err(ApiError::invalid_request("Error while downloading the image.").with_code("invalid_image_url"));
    }
    let invalid = |message: &str| {
        ApiError::invalid_request(message).with_code("invalid_value").with_param("messages[0].content[0].image_url.url")
    };
    let encoded = url.strip_prefix("data:image/").and_then(|rest| Some(rest.split_once(";base64,")?.1));
    let Some(encoded) = encoded else {
        return Err(invalid(
            "Invalid image URL: 'messages[0].content[0].image_url.url'. Expected a base64-encoded data URL with an image MIME type (e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got a value without the 'data:' prefix.",
        ));
    };
    base64_simd::STANDARD.decode_to_vec(encoded.as_bytes()).map_err(|_| invalid("Invalid base64 image_url."))
}

/// The last schema of an object that is written out in a prompt, for requests without
/// `response_format`.
fn schema_in_text(text: &str) -> Option<Value> {
    text.match_indices("{\"type\":\"object\"")
        .filter_map(|(start, _)| serde_json::Deserializer::from_str(&text[start..]).into_iter().next()?.ok())
        .last()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(body: &Value) -> Result<ChatRequest, ApiError> {
        ChatRequest::parse(body.to_string().as_bytes(), false)
    }

    /// A request with one image part of this URL.
    fn with_image(url: &str) -> Value {
        let image = json!({"type": "image_url", "image_url": {"url": url, "detail": "low"}});
        json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "Which?"}, image]}]})
    }

    /// A request with this schema in `response_format`.
    fn with_schema(schema: Value) -> Value {
        let format = json!({"type": "json_schema", "json_schema": {"name": "page", "strict": true, "schema": schema}});
        json!({"model": "m", "messages": [], "response_format": format})
    }

    #[test]
    fn invalid_requests_get_the_documented_error() {
        let place = "messages[0].content[0].image_url.url";
        let no_key = json!({"type": "object", "properties": {"a": {"type": "string"}}, "required": []});
        for (body, code, param, message) in [
            (json!({"messages": []}), Some("invalid_value"), Some("model"), "you must provide a model parameter"),
            (json!({"model": 4, "messages": []}), Some("invalid_value"), Some("model"), "you must provide a model"),
            (json!({"model": "m"}), Some("invalid_value"), Some("messages"), "messages is required"),
            (json!({"model": "m", "messages": "x"}), Some("invalid_value"), Some("messages"), "messages is required"),
            (with_image("https://x.org/a.png"), Some("invalid_image_url"), None, "Error while downloading the image."),
            (with_image("iVBORw0"), Some("invalid_value"), Some(place), "Invalid image URL: 'messages[0].content[0]"),
            (with_image("data:text/plain;base64,aGk="), Some("invalid_value"), Some(place), "Invalid image URL"),
            (with_image("data:image/png,iVBORw0"), Some("invalid_value"), Some(place), "Invalid image URL"),
            (with_image("data:image/png;base64,?"), Some("invalid_value"), Some(place), "Invalid base64 image_url."),
            (
                with_schema(no_key),
                None,
                Some("response_format"),
                "Invalid schema for response_format 'page': In context=()",
            ),
        ] {
            let error = parse(&body).unwrap_err();
            assert_eq!((error.status, error.kind), (400, "invalid_request_error"), "{body}");
            assert_eq!((error.code, error.param), (code, param), "{body}");
            assert!(error.message.starts_with(message), "{body}: {}", error.message);
        }
        let error = ChatRequest::parse(b"{\"model\": \"m\"", false).unwrap_err();
        assert!(error.message.starts_with("We could not parse the JSON body of your request. ("), "{}", error.message);
    }

    #[test]
    fn a_request_is_read_in_all_its_parts() {
        let mut body = with_image("data:image/png;base64,aW1nIGJ5dGVzIGhlcmU=");
        let schema = json!({"type": "object", "properties": {}, "required": [], "additionalProperties": false});
        body["response_format"] = with_schema(schema.clone())["response_format"].clone();
        body["max_tokens"] = json!(77);
        body["stream"] = json!(true);
        body["stream_options"] = json!({"include_usage": true});
        let request = parse(&body).unwrap();
        assert_eq!((request.model.as_str(), request.max_tokens), ("m", 77));
        assert!(request.is_stream && request.includes_usage && request.has_json_schema);
        assert_eq!((request.image.as_slice(), request.detail.as_str()), (&b"img bytes here"[..], "low"));
        assert_eq!((request.text.as_str(), &request.schema), ("Which?", &schema));
        assert_eq!(request.chars, 6 + schema.to_string().len());
    }

    #[test]
    fn absent_members_have_their_defaults() {
        let body = json!({"model": "m", "messages": [{"content": "one"}, {"content": [{"text": "two"}]}, {}]});
        let request = parse(&body).unwrap();
        assert_eq!((request.text.as_str(), request.chars, request.max_tokens), ("onetwo", 6, 4096));
        assert!(!request.is_stream && !request.includes_usage && !request.has_json_schema);
        assert!(request.image.is_empty() && request.schema.is_null());
        assert!(ChatRequest::parse(body.to_string().as_bytes(), true).unwrap().is_stream);
        let newer = json!({"model": "m", "messages": [], "max_tokens": 5, "max_completion_tokens": 6});
        assert_eq!(parse(&newer).unwrap().max_tokens, 6);
    }

    #[test]
    fn a_schema_may_be_in_the_prompt() {
        let text = "Reply with {\"type\":\"object\",\"properties\":{\"a\":{}}}, not {\"type\":\"object\" or prose.";
        let body = json!({"model": "m", "messages": [{"content": text}]});
        assert_eq!(parse(&body).unwrap().schema, json!({"type": "object", "properties": {"a": {}}}));
    }
}
