//! A chat completion request, validated as OpenAI's API validates it.

use super::api_error::ApiError;
use super::member_rules::{check_members, check_messages};
use crate::base::digest::Digest;
use serde_json::{Map, Value};

/// The members of a request that the simulator uses.
#[derive(Debug)]
pub(crate) struct ChatRequest {
    pub(crate) model: String,
    pub(crate) is_stream: bool,
    /// `stream_options.include_usage`.
    pub(crate) includes_usage: bool,
    /// The bytes of the last image. Empty: there is none.
    pub(crate) image: Vec<u8>,
    /// Whether there is an image.
    pub(crate) has_image: bool,
    /// `detail` of the last image.
    pub(crate) detail: String,
    /// Characters of all texts and of the schema in `response_format`.
    pub(crate) chars: usize,
    /// Characters of the texts up to the last `prompt_cache_breakpoint`.
    pub(crate) breakpoint_chars: Option<usize>,
    /// The schema in `response_format`.
    pub(crate) format_schema: Option<Value>,
    /// The schema that is written out in the prompt.
    pub(crate) prompt_schema: Option<Value>,
    /// All texts of the prompt.
    pub(crate) text: String,
    /// Whether a message has the role `system` or `developer`.
    pub(crate) has_system: bool,
    /// Number of messages of the assistant.
    pub(crate) assistant_turns: usize,
    /// Number of the first message of the assistant without content.
    pub(crate) empty_turn: Option<usize>,
    /// All members but `messages`.
    pub(crate) members: Map<String, Value>,
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
        let mut members = match body {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        let model = members.get("model").and_then(Value::as_str);
        let model = model.ok_or_else(|| missing("model", "you must provide a model parameter"))?.to_owned();
        let Some(Value::Array(messages)) = members.remove("messages") else {
            return Err(missing("messages", "messages is required"));
        };
        let is_stream = members.get("stream").and_then(Value::as_bool).unwrap_or(stream_by_default);
        check_members(&members, is_stream)?;
        check_messages(&messages)?;
        let usage = members.get("stream_options").and_then(|options| options.get("include_usage"));
        let mut request = Self {
            model,
            is_stream,
            includes_usage: usage.and_then(Value::as_bool).unwrap_or(false),
            image: Vec::new(),
            has_image: false,
            detail: "auto".into(),
            chars: 0,
            breakpoint_chars: None,
            format_schema: None,
            prompt_schema: None,
            text: String::new(),
            has_system: false,
            assistant_turns: 0,
            empty_turn: None,
            members,
        };
        let mut instructions = String::new();
        for (index, message) in messages.iter().enumerate() {
            let start = request.text.len();
            request.add_content(index, message.get("content"))?;
            request.add_role(index, message);
            if message.get("role").and_then(Value::as_str) != Some("assistant") {
                instructions.push_str(&request.text[start..]);
                instructions.push('\n');
            }
        }
        request.chars = request.text.chars().count();
        request.prompt_schema = schema_in_text(&instructions);
        request.format_schema = request.member("/response_format/json_schema/schema").cloned();
        if let Some(schema) = &request.format_schema {
            request.chars += schema.to_string().chars().count();
        }
        if request.format() == Some("json_object") && !request.text.to_lowercase().contains("json") {
            let message =
                "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.";
            return Err(ApiError::invalid_request(message).with_param("messages"));
        }
        Ok(request)
    }

    /// The identity of the image.
    pub(crate) fn image_digest(&self) -> Digest {
        Digest::compute(&self.image)
    }

    /// The member at a JSON pointer.
    pub(crate) fn member(&self, pointer: &str) -> Option<&Value> {
        let mut names = pointer.split('/').skip(1);
        let first = self.members.get(names.next()?)?;
        names.try_fold(first, |value, name| value.get(name))
    }

    /// `response_format.type`.
    pub(crate) fn format(&self) -> Option<&str> {
        self.member("/response_format/type").and_then(Value::as_str)
    }

    /// The maximum of reply tokens, from the first of these members that is given.
    pub(crate) fn limit(&self, names: &[&str]) -> Option<u64> {
        names.iter().find_map(|name| self.members.get(*name)?.as_u64())
    }

    fn add_role(&mut self, index: usize, message: &Value) {
        match message.get("role").and_then(Value::as_str) {
            Some("system" | "developer") => self.has_system = true,
            Some("assistant") => {
                self.assistant_turns += 1;
                let is_empty = match message.get("content") {
                    None | Some(Value::Null) => true,
                    Some(Value::String(text)) => text.is_empty(),
                    _ => false,
                };
                if is_empty {
                    self.empty_turn.get_or_insert(index);
                }
            }
            _ => {}
        }
    }

    fn add_content(&mut self, index: usize, content: Option<&Value>) -> Result<(), ApiError> {
        match content {
            Some(Value::String(text)) => self.text.push_str(text),
            Some(Value::Array(parts)) => {
                for (number, part) in parts.iter().enumerate() {
                    if let Some(text) = part.get("text").and_then(Value::as_str) {
                        self.text.push_str(text);
                    }
                    if let Some(url) = part.pointer("/image_url/url").and_then(Value::as_str) {
                        self.image =
                            decode_data_url(url, &format!("messages[{index}].content[{number}].image_url.url"))?;
                        self.has_image = true;
                        let detail = part.pointer("/image_url/detail").and_then(Value::as_str);
                        self.detail = detail.unwrap_or("auto").to_owned();
                    }
                    if part.get("prompt_cache_breakpoint").is_some() {
                        self.breakpoint_chars = Some(self.text.chars().count());
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The image in a data URL. Other URLs are refused: the simulator never fetches one.
fn decode_data_url(url: &str, place: &str) -> Result<Vec<u8>, ApiError> {
    if url.starts_with("http") {
        return Err(ApiError::invalid_request("Error while downloading the image.").with_code("invalid_image_url"));
    }
    let invalid =
        |message: String| ApiError::invalid_request(message).with_code("invalid_value").with_param(place.to_owned());
    let encoded = url.strip_prefix("data:image/").and_then(|rest| Some(rest.split_once(";base64,")?.1));
    let Some(encoded) = encoded else {
        return Err(invalid(format!(
            "Invalid image URL: '{place}'. Expected a base64-encoded data URL with an image MIME type (e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got a value without the 'data:' prefix."
        )));
    };
    base64_simd::STANDARD.decode_to_vec(encoded.as_bytes()).map_err(|_| invalid("Invalid base64 image_url.".into()))
}

/// The last schema of an object that is written out in a prompt. Schemas inside it do not count.
fn schema_in_text(text: &str) -> Option<Value> {
    let (mut found, mut position) = (None, 0);
    while let Some(start) = text[position..].find('{').map(|start| position + start) {
        position = start + 1;
        let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
        if let Some(Ok(schema)) = values.next()
            && schema.get("type").and_then(Value::as_str) == Some("object")
            && schema.get("properties").is_some_and(Value::is_object)
        {
            position = start + values.byte_offset();
            found = Some(schema);
        }
    }
    found
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

    fn texts(contents: &[Value]) -> Value {
        let message = |content: &Value| json!({"role": "user", "content": content});
        json!({"model": "m", "messages": contents.iter().map(message).collect::<Vec<_>>()})
    }

    #[test]
    fn invalid_requests_get_the_documented_error() {
        let place = "messages[0].content[1].image_url.url";
        let mut object = texts(&["Which?".into()]);
        object["response_format"] = json!({"type": "json_object"});
        for (body, code, param, message) in [
            (json!({"messages": []}), Some("invalid_value"), Some("model"), "you must provide a model parameter"),
            (json!({"model": 4, "messages": []}), Some("invalid_value"), Some("model"), "you must provide a model"),
            (json!({"model": "m"}), Some("invalid_value"), Some("messages"), "messages is required"),
            (json!({"model": "m", "messages": "x"}), Some("invalid_value"), Some("messages"), "messages is required"),
            (
                json!({"model": "m", "messages": []}),
                Some("empty_array"),
                Some("messages"),
                "Invalid 'messages': empty array",
            ),
            (with_image("https://x.org/a.png"), Some("invalid_image_url"), None, "Error while downloading the image."),
            (with_image("iVBORw0"), Some("invalid_value"), Some(place), "Invalid image URL: 'messages[0].content[1]"),
            (with_image("data:text/plain;base64,aGk="), Some("invalid_value"), Some(place), "Invalid image URL"),
            (with_image("data:image/png,iVBORw0"), Some("invalid_value"), Some(place), "Invalid image URL"),
            (with_image("data:image/png;base64,?"), Some("invalid_value"), Some(place), "Invalid base64 image_url."),
            (object, None, Some("messages"), "'messages' must contain the word 'json' in some form"),
        ] {
            let error = parse(&body).unwrap_err();
            assert_eq!((error.status, error.kind), (400, "invalid_request_error"), "{body}");
            assert_eq!((error.code, error.param.as_deref()), (code, param), "{body}");
            assert!(error.message.starts_with(message), "{body}: {}", error.message);
        }
        let error = ChatRequest::parse(b"{\"model\": \"m\"", false).unwrap_err();
        assert!(error.message.starts_with("We could not parse the JSON body of your request. ("), "{}", error.message);
    }

    #[test]
    fn a_request_is_read_in_all_its_parts() {
        let mut body = with_image("data:image/png;base64,aW1nIGJ5dGVzIGhlcmU=");
        let schema = json!({"type": "object", "properties": {}, "required": [], "additionalProperties": false});
        let format = json!({"name": "page", "strict": true, "schema": schema});
        body["response_format"] = json!({"type": "json_schema", "json_schema": format});
        body["max_tokens"] = json!(77);
        body["stream"] = json!(true);
        body["stream_options"] = json!({"include_usage": true});
        let request = parse(&body).unwrap();
        assert_eq!((request.model.as_str(), request.limit(&["max_tokens"])), ("m", Some(77)));
        assert!(request.is_stream && request.includes_usage && request.has_image);
        assert_eq!((request.format(), request.assistant_turns), (Some("json_schema"), 0));
        assert_eq!((request.image.as_slice(), request.detail.as_str()), (&b"img bytes here"[..], "low"));
        assert_eq!((request.text.as_str(), &request.format_schema), ("Which?", &Some(schema.clone())));
        assert_eq!(request.chars, 6 + schema.to_string().len());
    }

    #[test]
    fn absent_members_have_their_defaults() {
        let body = texts(&["one".into(), json!([{"type": "text", "text": "two"}])]);
        let request = parse(&body).unwrap();
        assert_eq!((request.text.as_str(), request.chars, request.limit(&["max_tokens"])), ("onetwo", 6, None));
        assert!(!request.is_stream && !request.includes_usage && request.format().is_none());
        assert!(request.image.is_empty() && request.format_schema.is_none() && request.prompt_schema.is_none());
        assert!(ChatRequest::parse(body.to_string().as_bytes(), true).unwrap().is_stream);
        let mut newer = texts(&["one".into()]);
        newer["max_tokens"] = json!(5);
        newer["max_completion_tokens"] = json!(6);
        assert_eq!(parse(&newer).unwrap().limit(&["max_completion_tokens", "max_tokens"]), Some(6));
    }

    #[test]
    fn turns_and_breakpoints_are_found() {
        let part = json!({"type": "text", "text": "fixed", "prompt_cache_breakpoint": {"mode": "explicit"}});
        let mut body = texts(&[json!([part, {"type": "text", "text": "page"}])]);
        let messages = body["messages"].as_array_mut().unwrap();
        messages.insert(0, json!({"role": "developer", "content": "system"}));
        messages.extend([json!({"role": "assistant", "content": "no"}), json!({"role": "assistant", "content": ""})]);
        let request = parse(&body).unwrap();
        assert_eq!((request.has_system, request.assistant_turns, request.empty_turn), (true, 2, Some(3)));
        assert_eq!(request.breakpoint_chars, Some(11));
    }

    #[test]
    fn a_schema_may_be_in_the_prompt() {
        let inner = json!({"type": "object", "properties": {"b": {}}});
        let outer = json!({"properties": {"a": inner}, "type": "object"});
        let text = format!("First {inner}. Reply with {outer}, not {{\"type\":\"object\" or prose {{}}.");
        let mut body = texts(&[text.into()]);
        assert_eq!(parse(&body).unwrap().prompt_schema, Some(outer));
        body["messages"][0]["role"] = "assistant".into();
        assert_eq!(parse(&body).unwrap().prompt_schema, None, "an earlier reply is no instruction");
    }
}
