//! Errors with the cause further inside: in an error of the server behind a gateway, in lists of faults, in JSON that
//! is quoted as a text.
//!
//! Sources: error bodies of ASP.NET, Azure, Cloudflare, FastAPI, Google and OpenRouter (2026-11).

use crate::provider::judgement::wording::find_word;
use serde_json::{Map, Value};

/// Members with a message, in reading order; in lower case, without underscores.
const MESSAGES: &[&str] = &[
    "message",
    "msg",
    "errormessage",
    "errormsg",
    "errordescription",
    "faultstring",
    "description",
    "reason",
    "detail",
    "details",
    "error",
    "errors",
    "fault",
    "innererror",
    "cause",
    "raw",
    "upstream",
    "upstreamerror",
    "originalerror",
    "body",
    "response",
    "violations",
    "fieldviolations",
];
/// A member that only names the kind of error: it counts if there is nothing else.
const TITLE: &str = "title";
/// Members that hold others, whose own texts are not messages.
const HOLDERS: &[&str] = &["metadata", "data"];
/// Members that name what a message is about.
const PLACES: &[&str] = &["field", "param", "parameter", "property"];
/// Members that hold lists of faults, which may be named by the parameter: ASP.NET.
const FAULTS: &[&str] = &["errors", "details", "detail"];

/// Levels of members that are looked at.
const MAX_DEPTH: usize = 8;
/// Messages that are looked at.
const MAX_MESSAGES: usize = 20;

/// The content of an error's members, beside its own message.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct NestedError {
    /// The messages, each with what it is about.
    messages: Vec<String>,
    /// The errors inside of it, from the outermost.
    pub(crate) errors: Vec<Value>,
}

impl NestedError {
    /// Reads the members of an error.
    pub(crate) fn read(error: &Value) -> Self {
        let mut found = Self::default();
        found.read_value(error, "", 0);
        found
    }

    /// Reads one member of an error.
    pub(crate) fn read_member(value: &Value) -> Self {
        let mut found = Self::default();
        found.read_value(value, "", 1);
        found
    }

    /// The messages that are not in `known`, each once.
    pub(crate) fn beside(&self, known: &str) -> Vec<&str> {
        let mut all = known.to_lowercase();
        let mut found: Vec<&str> = Vec::new();
        for message in &self.messages {
            let lower = message.to_lowercase();
            if !all.contains(&lower) {
                all.push('\n');
                all.push_str(&lower);
                found.push(message);
            }
        }
        found
    }

    /// The codes of the errors inside of it.
    pub(crate) fn codes(&self) -> impl Iterator<Item = &str> {
        const NAMES: &[&str] = &["code", "type", "status", "error_code", "reason", "limit_source"];
        let codes = self.errors.iter().flat_map(|error| NAMES.iter().filter_map(|name| error.get(*name)?.as_str()));
        codes.filter(|code| !code.is_empty() && !code.contains(char::is_whitespace))
    }

    /// The first of its errors that names a parameter in `param`.
    pub(crate) fn param(&self) -> &str {
        let params = self.errors.iter().filter_map(|error| error.get("param")?.as_str());
        params.map(str::trim).find(|param| !param.is_empty() && !param.eq_ignore_ascii_case("none")).unwrap_or_default()
    }

    fn read_value(&mut self, value: &Value, place: &str, depth: usize) {
        if depth > MAX_DEPTH || self.messages.len() >= MAX_MESSAGES {
            return;
        }
        match value {
            Value::String(text) => match quoted_json(text) {
                Some(quoted) => self.read_value(&quoted, place, depth + 1),
                None => self.add(place, text.trim()),
            },
            Value::Array(items) => items.iter().for_each(|item| self.read_value(item, place, depth + 1)),
            Value::Object(members) => self.read_object(value, members, place, depth),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn read_object(&mut self, value: &Value, members: &Map<String, Value>, place: &str, depth: usize) {
        if depth > 0 {
            self.errors.push(value.clone());
        }
        // The parameter of the error itself is read elsewhere.
        let own = if depth > 0 { place_of(members) } else { String::new() };
        let place = if own.is_empty() { place } else { &own };
        let before = self.messages.len();
        for (is_holder, names) in [(false, MESSAGES), (true, HOLDERS)] {
            for name in names {
                for (_, value) in members.iter().filter(|(member, _)| plain_name(member) == *name) {
                    match value {
                        Value::String(text) if is_holder && quoted_json(text).is_none() => {}
                        Value::Object(faults) if FAULTS.contains(name) && !has_known(faults) => {
                            faults.iter().for_each(|(place, fault)| self.read_value(fault, place, depth + 1));
                        }
                        value => self.read_value(value, place, depth + 1),
                    }
                }
            }
        }
        if self.messages.len() == before {
            let title = members.get(TITLE).and_then(Value::as_str).unwrap_or_default();
            self.add(place, title);
        }
        if self.messages.len() == before {
            self.add("", &own);
        }
    }

    fn add(&mut self, place: &str, message: &str) {
        // `API_KEY_INVALID` is a code.
        let is_code = message.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        if is_code || message.eq_ignore_ascii_case("none") {
            return;
        }
        self.messages.push(match place {
            place if place.is_empty() || find_word(message, place).is_some() => message.to_owned(),
            place => format!("{place}: {message}"),
        });
    }
}

/// What an object's message is about, as it states.
fn place_of(members: &Map<String, Value>) -> String {
    // FastAPI: the path of the rejected member.
    if let Some(Value::Array(path)) = members.get("loc") {
        let names = path.iter().filter(|name| *name != "body").map(|name| match name {
            Value::String(name) => name.clone(),
            other => other.to_string(),
        });
        return names.collect::<Vec<_>>().join(".");
    }
    let named = members.iter().find(|(name, value)| PLACES.contains(&plain_name(name).as_str()) && value.is_string());
    let name = named.and_then(|(_, value)| value.as_str()).map(str::trim).unwrap_or_default();
    if name.eq_ignore_ascii_case("none") { String::new() } else { name.to_owned() }
}

/// Whether an object has any member that is read.
fn has_known(members: &Map<String, Value>) -> bool {
    members.keys().map(|name| plain_name(name)).any(|name| {
        let name = name.as_str();
        name == "loc" || [MESSAGES, HOLDERS, PLACES, &["code", "errorcode"]].iter().any(|list| list.contains(&name))
    })
}

/// The name of a member in lower case, without underscores.
fn plain_name(name: &str) -> String {
    name.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect()
}

/// The JSON that a text is.
pub(crate) fn quoted_json(text: &str) -> Option<Value> {
    let text = text.trim();
    let is_json = text.starts_with(['{', '[', '"']);
    is_json.then(|| serde_json::from_str(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_wrong_is_found_in_any_member() {
        let quoted = json!({"error": {"message": "no `n`"}}).to_string();
        for (error, expected) in [
            (json!({"message": "m", "details": [{"field": "n", "reason": "not supported"}]}), "n: not supported"),
            (json!({"message": "m", "details": "no `n`"}), "no `n`"),
            (json!({"message": "m", "details": {"n": ["not supported"]}}), "n: not supported"),
            (json!({"message": "m", "innererror": {"code": "X", "message": "no `n`"}}), "no `n`"),
            (json!({"message": "m", "inner_error": {"details": "no `n`"}}), "no `n`"),
            (
                json!({"message": "m", "metadata": {"raw": {"error": {"message": "no `n`"}}, "provider_name": "X"}}),
                "no `n`",
            ),
            (json!({"message": "m", "metadata": {"raw": quoted, "data": "x"}}), "no `n`"),
            (json!({"message": "m", "errors": [{"message": "no", "param": "n"}]}), "n: no"),
            (
                json!({"message": "m", "errors": [{"message": "no", "param": null}, "none of these"]}),
                "no; none of these",
            ),
            (json!({"message": "m", "cause": {"message": "no `n`", "cause": {"message": "deeper"}}}), "no `n`; deeper"),
            (json!({"error": {"message": "no `n`"}}), "no `n`"),
            (json!({"success": false, "errors": [{"code": 5006, "message": "no `n`"}], "messages": []}), "no `n`"),
            (json!({"title": "invalid", "errors": {"n": ["no"]}}), "n: no"),
            (json!({"title": "invalid", "status": 400}), "invalid"),
            (json!({"fault": {"faultstring": "no `n`", "detail": {"errorcode": "x"}}}), "no `n`"),
            (json!({"data": {"error": {"message": "no `n`"}}}), "no `n`"),
            (
                json!({"message": "m", "details": [{"@type": "x", "fieldViolations": [{"field": "n", "description": "no"}]}]}),
                "n: no",
            ),
            (json!({"message": "m", "details": [{"@type": "x", "fieldViolations": [{"field": "n"}]}]}), "n"),
            (json!({"message": [{"loc": ["body", "n", 0], "msg": "extra"}]}), "n.0: extra"),
            // The content of the request is not its fault.
            (json!({"message": "m", "detail": [{"loc": ["body"], "msg": "no", "input": {"message": "x"}}]}), "no"),
            (json!({"message": "m", "request": {"message": "x"}, "links": [{"description": "x"}]}), ""),
            (json!({"message": "m", "details": [{"reason": "API_KEY_INVALID"}]}), ""),
            (json!({"message": "m", "data": "x", "param": "n", "cause": null}), ""),
        ] {
            assert_eq!(NestedError::read(&error).beside("m").join("; "), expected, "{error}");
        }
        let again = NestedError::read(&json!({"message": "No such", "cause": {"message": "no SUCH"}}));
        assert_eq!(again.beside(""), ["No such"], "each once");
    }

    #[test]
    fn how_deep_it_is_looked() {
        let deep = (0..100).fold(json!({"message": "no"}), |inner, _| json!({ "error": inner }));
        assert_eq!(NestedError::read(&deep).beside(""), [""; 0]);
        let many: Vec<Value> = (0..100).map(|at| json!({ "message": format!("no {at}") })).collect();
        assert_eq!(NestedError::read(&json!({ "errors": many })).messages.len(), MAX_MESSAGES);
    }
}
