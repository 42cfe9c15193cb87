//! The rules of strict schemas: the root is an object, every object is closed and requires all
//! its properties. Source: OpenAI's structured-outputs guide (2026).

use super::api_error::ApiError;
use serde_json::Value;

/// Checks the schema of `response_format`.
///
/// # Errors
/// The 400 that OpenAI's API sends, with the path of the object that breaks a rule.
pub(crate) fn check_strict(schema: &Value) -> Result<(), ApiError> {
    if !is_object(schema) {
        return Err(error(&[], "schema must be an object"));
    }
    check(schema, &mut Vec::new())
}

fn check(schema: &Value, path: &mut Vec<String>) -> Result<(), ApiError> {
    if is_object(schema) {
        if schema.get("additionalProperties") != Some(&Value::Bool(false)) {
            return Err(error(path, "'additionalProperties' is required to be supplied and to be false."));
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        let required = schema.get("required").and_then(Value::as_array);
        for (name, member) in properties.into_iter().flatten() {
            if !required.is_some_and(|required| required.contains(&name.as_str().into())) {
                let words = format!(
                    "'required' is required to be supplied and to be an array including every key in properties. Missing '{name}'."
                );
                return Err(error(path, &words));
            }
            path.extend(["properties".to_owned(), name.clone()]);
            check(member, path)?;
            path.truncate(path.len() - 2);
        }
    }
    if let Some(items) = schema.get("items") {
        path.push("items".into());
        check(items, path)?;
        path.pop();
    }
    Ok(())
}

/// The first of these keywords that a schema uses, and the path of the schema that uses it, in the form of
/// messages.
pub(crate) fn find_keyword<'a>(schema: &Value, keywords: &[&'a str]) -> Option<(&'a str, String)> {
    fn find<'a>(schema: &Value, keywords: &[&'a str], path: &mut Vec<String>) -> Option<(&'a str, String)> {
        if let Some(keyword) = keywords.iter().find(|keyword| schema.get(**keyword).is_some()) {
            return Some((keyword, context(path)));
        }
        for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            path.extend(["properties".to_owned(), name.clone()]);
            let found = find(member, keywords, path);
            path.truncate(path.len() - 2);
            if found.is_some() {
                return found;
            }
        }
        let items = schema.get("items")?;
        path.push("items".into());
        let found = find(items, keywords, path);
        path.pop();
        found
    }
    find(schema, keywords, &mut Vec::new())
}

/// A path as messages show it: `'properties', 'a'`.
fn context(path: &[String]) -> String {
    path.iter().map(|part| format!("'{part}'")).collect::<Vec<_>>().join(", ")
}

fn is_object(schema: &Value) -> bool {
    schema
        .get("type")
        .is_some_and(|kind| kind == "object" || kind.as_array().is_some_and(|kinds| kinds.contains(&"object".into())))
}

fn error(path: &[String], words: &str) -> ApiError {
    let context = context(path);
    ApiError::invalid_request(format!("Invalid schema for response_format 'page': In context=({context}), {words}"))
        .with_param("response_format")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keywords_are_found_with_their_paths() {
        let list = json!({"type": "array", "items": {"type": "string", "maxLength": 3}, "maxItems": 2});
        let schema = json!({"type": "object", "properties": {"a": {"type": "string"}, "b": list}});
        for (keywords, found) in [
            (&["uniqueItems"][..], None),
            (&["uniqueItems", "maxItems"], Some(("maxItems", "'properties', 'b'"))),
            (&["maxLength"], Some(("maxLength", "'properties', 'b', 'items'"))),
        ] {
            let expected = found.map(|(keyword, path)| (keyword, path.to_owned()));
            assert_eq!(find_keyword(&schema, keywords), expected);
        }
    }

    #[test]
    fn rules_and_the_paths_of_what_breaks_them() {
        let text = json!({"type": "string"});
        let closed = |properties: Value, required: Value| json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
        let open = json!({"type": "object", "properties": {}, "required": []});
        for (schema, message) in [
            (closed(json!({}), json!([])), ""),
            (closed(json!({"a": text}), json!(["a"])), ""),
            (json!({"type": ["object", "null"], "additionalProperties": false}), ""),
            (text.clone(), "In context=(), schema must be an object"),
            (json!({}), "In context=(), schema must be an object"),
            (open.clone(), "In context=(), 'additionalProperties' is required to be supplied and to be false."),
            (closed(json!({"a": text, "b": text}), json!(["a"])), "Missing 'b'."),
            (closed(json!({"a": text}), json!(null)), "Missing 'a'."),
            (closed(json!({"a": open}), json!(["a"])), "In context=('properties', 'a'), 'additionalProperties'"),
            (
                closed(json!({"a": {"type": "array", "items": open}}), json!(["a"])),
                "In context=('properties', 'a', 'items'), 'additionalProperties'",
            ),
            (
                closed(json!({"a": closed(json!({"b": text}), json!(["b"])), "c": text}), json!(["a"])),
                "In context=(), 'required' is required",
            ),
        ] {
            let found = check_strict(&schema).map_or_else(|error| error.message, |()| String::new());
            assert_eq!(found.is_empty(), message.is_empty(), "{schema}: {found}");
            assert!(found.contains(message), "{schema}: {found}");
        }
    }
}
