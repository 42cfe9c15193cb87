//! What a request asks for, read as OpenAI's API reads it.

use serde_json::Value;

/// A chat completion request, as far as the simulator cares.
pub(crate) struct Asked {
    pub(crate) model: String,
    pub(crate) stream: bool,
    pub(crate) include_usage: bool,
    pub(crate) max_tokens: u64,
    /// The decoded image and what was said of its detail.
    pub(crate) image: Vec<u8>,
    pub(crate) detail: String,
    /// Characters of all texts and of the schema.
    pub(crate) chars: usize,
    /// The schema of the reply, from `response_format` or from the prompt.
    pub(crate) schema: Value,
    /// Whether `response_format` is `json_schema`.
    pub(crate) wants_schema: bool,
    /// The prompt's text.
    pub(crate) text: String,
}

/// A refusal of the request: status, type, code, param, message.
pub(crate) type Refused = (u16, &'static str, Option<&'static str>, Option<&'static str>, String);

pub(crate) fn parse(body: &[u8], stream_by_default: bool) -> Result<Asked, Refused> {
    let invalid =
        |param, message: &str| (400, "invalid_request_error", Some("invalid_value"), param, message.to_owned());
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| invalid(None, &format!("We could not parse the JSON body of your request. ({error})")))?;
    let model = body
        .get("model")
        .and_then(Value::as_str)
        .ok_or_else(|| invalid(Some("model"), "you must provide a model parameter"))?;
    let messages = body
        .get("messages")
        .and_then(Value::as_array)
        .ok_or_else(|| invalid(Some("messages"), "messages is required"))?;
    let mut asked = Asked {
        model: model.to_owned(),
        stream: body.get("stream").and_then(Value::as_bool).unwrap_or(stream_by_default),
        include_usage: body.pointer("/stream_options/include_usage").and_then(Value::as_bool).unwrap_or(false),
        max_tokens: ["max_completion_tokens", "max_tokens"]
            .iter()
            .find_map(|name| body.get(name)?.as_u64())
            .unwrap_or(4096),
        image: Vec::new(),
        detail: "auto".into(),
        chars: 0,
        schema: Value::Null,
        wants_schema: body.pointer("/response_format/type").and_then(Value::as_str) == Some("json_schema"),
        text: String::new(),
    };
    for message in messages {
        take_content(&mut asked, message.get("content"))?;
    }
    asked.chars = asked.text.chars().count();
    match body.pointer("/response_format/json_schema/schema") {
        Some(schema) => {
            check_strict(schema, &mut Vec::new())?;
            asked.chars += schema.to_string().chars().count();
            asked.schema = schema.clone();
        }
        None => asked.schema = schema_in_text(&asked.text).unwrap_or_default(),
    }
    Ok(asked)
}

fn take_content(asked: &mut Asked, content: Option<&Value>) -> Result<(), Refused> {
    match content {
        Some(Value::String(text)) => asked.text.push_str(text),
        Some(Value::Array(parts)) => {
            for part in parts {
                if let Some(text) = part.get("text").and_then(Value::as_str) {
                    asked.text.push_str(text);
                }
                if let Some(url) = part.pointer("/image_url/url").and_then(Value::as_str) {
                    asked.image = data_url(url)?;
                    asked.detail =
                        part.pointer("/image_url/detail").and_then(Value::as_str).unwrap_or("auto").to_owned();
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn data_url(url: &str) -> Result<Vec<u8>, Refused> {
    let place = Some("messages[0].content[0].image_url.url");
    if url.starts_with("http") {
        // Nothing is ever fetched.
        return Err((
            400,
            "invalid_request_error",
            Some("invalid_image_url"),
            None,
            "Error while downloading the image.".into(),
        ));
    }
    let encoded =
        url.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,")).map(|(_, encoded)| encoded);
    let Some(encoded) = encoded else {
        let message = "Invalid image URL: 'messages[0].content[0].image_url.url'. Expected a base64-encoded data URL with an image MIME type (e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got a value without the 'data:' prefix.";
        return Err((400, "invalid_request_error", Some("invalid_value"), place, message.into()));
    };
    base64_simd::STANDARD
        .decode_to_vec(encoded.as_bytes())
        .map_err(|_| (400, "invalid_request_error", Some("invalid_value"), place, "Invalid base64 image_url.".into()))
}

/// The strict subset: every object closed, every property required.
fn check_strict(schema: &Value, path: &mut Vec<String>) -> Result<(), Refused> {
    let refuse = |path: &[String], words: &str| {
        let context: Vec<String> = path.iter().map(|part| format!("'{part}'")).collect();
        let message =
            format!("Invalid schema for response_format 'page': In context=({}), {words}", context.join(", "));
        Err((400, "invalid_request_error", None, Some("response_format"), message))
    };
    let is_object = schema
        .get("type")
        .is_some_and(|kind| kind == "object" || kind.as_array().is_some_and(|kinds| kinds.contains(&"object".into())));
    if path.is_empty() && !is_object {
        return refuse(path, "schema must be an object");
    }
    if is_object {
        if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
            return refuse(path, "'additionalProperties' is required to be supplied and to be false.");
        }
        let properties = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        for (name, member) in &properties {
            if !required.contains(&name.as_str().into()) {
                return refuse(
                    path,
                    &format!(
                        "'required' is required to be supplied and to be an array including every key in properties. Missing '{name}'."
                    ),
                );
            }
            path.extend(["properties".to_owned(), name.clone()]);
            check_strict(member, path)?;
            path.truncate(path.len() - 2);
        }
    }
    if let Some(items) = schema.get("items") {
        path.push("items".into());
        check_strict(items, path)?;
        path.pop();
    }
    Ok(())
}

/// A schema that is written out in the prompt, for clients that send none.
fn schema_in_text(text: &str) -> Option<Value> {
    text.match_indices("{\"type\":\"object\"")
        .filter_map(|(at, _)| serde_json::Deserializer::from_str(&text[at..]).into_iter().next()?.ok())
        .last()
}
