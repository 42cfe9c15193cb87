//! The types and ranges of members of a request. Source: OpenAI's API specification 2.3.0 (2026-08); the
//! messages are those of the live API.

use super::api_error::ApiError;
use serde_json::{Map, Value};

/// Members that are decimals, with their ranges.
const DECIMALS: &[(&str, f64, f64)] = &[
    ("temperature", 0.0, 2.0),
    ("top_p", 0.0, 1.0),
    ("presence_penalty", -2.0, 2.0),
    ("frequency_penalty", -2.0, 2.0),
];
/// Members that are integers, with their ranges.
const INTEGERS: &[(&str, i64, i64)] = &[
    ("max_tokens", 1, i64::MAX),
    ("max_completion_tokens", 1, i64::MAX),
    ("n", 1, 128),
    ("top_logprobs", 0, 20),
    ("seed", i64::MIN, i64::MAX),
];
/// Members that are booleans.
const BOOLEANS: &[&str] = &["stream", "logprobs", "store", "parallel_tool_calls"];
/// Members that are one of a few words, with the words as messages list them.
const WORDS: &[(&str, &[&str], &str)] = &[(
    "service_tier",
    &["auto", "default", "flex", "scale", "priority", "fast"],
    "'auto', 'default', 'flex', 'scale', 'priority', and 'fast'",
)];
/// Roles of messages, and as messages list them.
const ROLES: &[&str] = &["system", "assistant", "user", "function", "tool", "developer"];
const ROLE_LIST: &str = "'system', 'assistant', 'user', 'function', 'tool', and 'developer'";
/// Values of `response_format.type`.
const FORMATS: &[&str] = &["text", "json_object", "json_schema"];
/// Maximum number of stop sequences.
const MAX_STOPS: usize = 4;

/// Checks the members of a request but `model` and `messages`. Null is the same as absent.
///
/// # Errors
/// The 400 that OpenAI's API sends.
pub(crate) fn check_members(members: &Map<String, Value>, is_stream: bool) -> Result<(), ApiError> {
    let given = |name: &str| members.get(name).filter(|value| !value.is_null());
    for (name, least, most) in DECIMALS {
        let Some(value) = given(name) else { continue };
        let number = value.as_f64().ok_or_else(|| wrong_type(name, "a decimal", value))?;
        if number > *most {
            let message = format!("decimal above maximum value. Expected a value <= {most}, but got {value} instead.");
            return Err(invalid(name, &message, "decimal_above_max_value"));
        }
        if number < *least {
            let message = format!("decimal below minimum value. Expected a value >= {least}, but got {value} instead.");
            return Err(invalid(name, &message, "decimal_below_min_value"));
        }
    }
    for (name, least, most) in INTEGERS {
        let Some(value) = given(name) else { continue };
        let number = value.as_i64().ok_or_else(|| wrong_type(name, "an integer", value))?;
        if number > *most {
            let message = format!("integer above maximum value. Expected a value <= {most}, but got {value} instead.");
            return Err(invalid(name, &message, "integer_above_max_value"));
        }
        if number < *least {
            let message = format!("integer below minimum value. Expected a value >= {least}, but got {value} instead.");
            return Err(invalid(name, &message, "integer_below_min_value"));
        }
    }
    for name in BOOLEANS {
        if let Some(value) = given(name).filter(|value| !value.is_boolean()) {
            return Err(wrong_type(name, "a boolean", value));
        }
    }
    for (name, words, list) in WORDS {
        if let Some(word) = given(name).and_then(Value::as_str).filter(|word| !words.contains(word)) {
            return Err(wrong_word(name, word, list));
        }
    }
    if let Some(Value::Array(stops)) =
        given("stop").filter(|value| value.as_array().is_some_and(|all| all.len() > MAX_STOPS))
    {
        let length = stops.len();
        let message = format!(
            "array too long. Expected an array with maximum length {MAX_STOPS}, but got an array with length {length} instead."
        );
        return Err(invalid("stop", &message, "array_above_max_length"));
    }
    if given("stream_options").is_some() && !is_stream {
        let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(ApiError::invalid_request(message).with_param("stream_options"));
    }
    if given("top_logprobs").is_some() && given("logprobs") != Some(&Value::Bool(true)) {
        let message = "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.";
        return Err(ApiError::invalid_request(message).with_param("top_logprobs"));
    }
    given("response_format").map_or(Ok(()), check_format)
}

fn check_format(format: &Value) -> Result<(), ApiError> {
    match format.get("type").and_then(Value::as_str) {
        None => Err(missing("response_format.type")),
        Some(kind) if !FORMATS.contains(&kind) => {
            Err(wrong_word("response_format.type", kind, "'json_object', 'json_schema', and 'text'"))
        }
        Some("json_schema") if format.get("json_schema").is_none() => Err(missing("response_format.json_schema")),
        Some("json_schema") if format.pointer("/json_schema/name").is_none() => {
            Err(missing("response_format.json_schema.name"))
        }
        _ => Ok(()),
    }
}

/// Checks roles and contents of messages. An assistant's message without content is one of a profile.
///
/// # Errors
/// The 400 that OpenAI's API sends.
pub(crate) fn check_messages(messages: &[Value]) -> Result<(), ApiError> {
    let empty = "empty array. Expected an array with minimum length 1, but got an empty array instead.";
    if messages.is_empty() {
        return Err(invalid("messages", empty, "empty_array"));
    }
    for (index, message) in messages.iter().enumerate() {
        let place = format!("messages[{index}]");
        let role = message.get("role").and_then(Value::as_str).ok_or_else(|| missing(&format!("{place}.role")))?;
        if !ROLES.contains(&role) {
            return Err(wrong_word(&format!("{place}.role"), role, ROLE_LIST));
        }
        match message.get("content") {
            None | Some(Value::Null) if role != "assistant" || message.get("tool_calls").is_none() => {
                let message = "Invalid value for 'content': expected a string, got null.";
                return Err(ApiError::invalid_request(message).with_param(format!("messages.[{index}].content")));
            }
            Some(Value::Array(parts)) if parts.is_empty() => {
                return Err(invalid(&format!("{place}.content"), empty, "empty_array"));
            }
            Some(Value::Array(parts)) => {
                for (number, part) in parts.iter().enumerate() {
                    if part.get("type").and_then(Value::as_str).is_none() {
                        return Err(missing(&format!("{place}.content[{number}].type")));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn invalid(name: &str, fault: &str, code: &'static str) -> ApiError {
    ApiError::invalid_request(format!("Invalid '{name}': {fault}")).with_code(code).with_param(name.to_owned())
}

fn missing(name: &str) -> ApiError {
    let message = format!("Missing required parameter: '{name}'.");
    ApiError::invalid_request(message).with_code("missing_required_parameter").with_param(name.to_owned())
}

fn wrong_word(name: &str, word: &str, list: &str) -> ApiError {
    let message = format!("Invalid value: '{word}'. Supported values are: {list}.");
    ApiError::invalid_request(message).with_code("invalid_value").with_param(name.to_owned())
}

fn wrong_type(name: &str, expected: &str, value: &Value) -> ApiError {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a decimal",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    let message = format!("Invalid type for '{name}': expected {expected}, but got {found} instead.");
    ApiError::invalid_request(message).with_code("invalid_type").with_param(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_outside_their_ranges_are_rejected() {
        for (members, code, param, message) in [
            (
                json!({"temperature": 9}),
                "decimal_above_max_value",
                "temperature",
                "Expected a value <= 2, but got 9 instead.",
            ),
            (
                json!({"temperature": -0.5}),
                "decimal_below_min_value",
                "temperature",
                "Expected a value >= 0, but got -0.5",
            ),
            (
                json!({"temperature": "0"}),
                "invalid_type",
                "temperature",
                "expected a decimal, but got a string instead.",
            ),
            (json!({"top_p": 1.5}), "decimal_above_max_value", "top_p", "Expected a value <= 1"),
            (json!({"presence_penalty": -3}), "decimal_below_min_value", "presence_penalty", ">= -2"),
            (
                json!({"max_completion_tokens": 0}),
                "integer_below_min_value",
                "max_completion_tokens",
                "Expected a value >= 1, but got 0",
            ),
            (
                json!({"max_tokens": 1.5}),
                "invalid_type",
                "max_tokens",
                "expected an integer, but got a decimal instead.",
            ),
            (json!({"n": 200}), "integer_above_max_value", "n", "<= 128"),
            (json!({"logprobs": true, "top_logprobs": 21}), "integer_above_max_value", "top_logprobs", "<= 20"),
            (json!({"stream": "yes"}), "invalid_type", "stream", "expected a boolean, but got a string instead."),
            (json!({"service_tier": "cheap"}), "invalid_value", "service_tier", "Invalid value: 'cheap'."),
            (json!({"stop": ["a", "b", "c", "d", "e"]}), "array_above_max_length", "stop", "maximum length 4"),
            (json!({"stream_options": {}}), "", "stream_options", "only allowed when 'stream' is enabled"),
            (json!({"top_logprobs": 3}), "", "top_logprobs", "only allowed when 'logprobs' is enabled"),
            (json!({"response_format": {}}), "missing_required_parameter", "response_format.type", "Missing"),
            (json!({"response_format": {"type": "xml"}}), "invalid_value", "response_format.type", "'xml'"),
            (
                json!({"response_format": {"type": "json_schema", "json_schema": {}}}),
                "missing_required_parameter",
                "response_format.json_schema.name",
                "Missing required parameter: 'response_format.json_schema.name'.",
            ),
        ] {
            let error = check_members(members.as_object().unwrap(), false).unwrap_err();
            assert_eq!((error.status, error.code.unwrap_or_default()), (400, code), "{members}");
            assert_eq!(error.param.as_deref(), Some(param), "{members}");
            assert!(error.message.contains(message), "{members}: {}", error.message);
        }
    }

    #[test]
    fn members_at_the_ends_of_their_ranges_are_accepted() {
        for members in [
            json!({"temperature": 0, "top_p": 1.0, "n": 128, "max_tokens": 1, "seed": -1, "stop": null}),
            json!({"temperature": 2.0, "top_p": 0, "logprobs": true, "top_logprobs": 0, "service_tier": "flex"}),
            json!({"temperature": null, "stream_options": null, "response_format": {"type": "text"}}),
        ] {
            assert_eq!(check_members(members.as_object().unwrap(), false), Ok(()), "{members}");
        }
        let streamed = json!({"stream_options": {"include_usage": true}});
        assert_eq!(check_members(streamed.as_object().unwrap(), true), Ok(()));
    }

    #[test]
    fn messages_have_roles_and_contents() {
        for (messages, code, param) in [
            (json!([]), "empty_array", "messages"),
            (json!([{"content": "a"}]), "missing_required_parameter", "messages[0].role"),
            (
                json!([{"role": "user", "content": "a"}, {"role": "bot", "content": "a"}]),
                "invalid_value",
                "messages[1].role",
            ),
            (json!([{"role": "user"}]), "", "messages.[0].content"),
            (json!([{"role": "assistant", "content": null}]), "", "messages.[0].content"),
            (json!([{"role": "user", "content": []}]), "empty_array", "messages[0].content"),
            (
                json!([{"role": "user", "content": [{"text": "a"}]}]),
                "missing_required_parameter",
                "messages[0].content[0].type",
            ),
        ] {
            let error = check_messages(messages.as_array().unwrap()).unwrap_err();
            assert_eq!((error.code.unwrap_or_default(), error.param.as_deref()), (code, Some(param)), "{messages}");
        }
        let good = json!([{"role": "developer", "content": "a"}, {"role": "assistant", "tool_calls": []}]);
        assert_eq!(check_messages(good.as_array().unwrap()), Ok(()));
    }
}
