//! The settings of a manifest as the store keeps them for each run: with variables replaced, without secrets. Tasks
//! are not part of them: recipes hold these.

use crate::base::digest::canonical;
use crate::base::mask::{is_secret_name, mask_secrets};
use serde_json::{Map, Value};

/// The replacement of a secret.
const MASK: &str = "***";
/// Shortest secret that is searched for in other values, in bytes: a shorter one may be part of any word.
const MIN_SECRET: usize = 4;
/// Members of a manifest that are not settings of a run: the version of the format, and what recipes hold.
const LEFT_OUT: &[&str] = &["version", "tasks"];
/// The members of `provider` whose values may be secrets whatever their names are.
const SECRET_MEMBERS: &[&str] = &["headers"];
/// Settings whose query is checked to hold no secret.
const WITH_QUERY: &[&str] = &["base_url"];

/// The settings of a manifest, without secrets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Settings(Value);

impl Default for Settings {
    fn default() -> Self {
        Self(Value::Object(Map::new()))
    }
}

impl Settings {
    /// The settings of a manifest as JSON, after variables were replaced. `secrets`: values of variables that are secret.
    pub(crate) fn new(manifest: &Value, secrets: &[String]) -> Self {
        let mut members = manifest.as_object().cloned().unwrap_or_default();
        members.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
        let mut provider = members.get_mut("provider").and_then(Value::as_object_mut);
        for name in SECRET_MEMBERS {
            if let Some(values) = provider.as_mut().and_then(|provider| provider.get_mut(*name)) {
                hide_texts(values);
            }
        }
        let mut settings = Value::Object(members);
        without_secrets("", &mut settings, secrets);
        Self(settings)
    }

    /// Sets a member of a section, such as a limit that the command line overrides.
    pub(crate) fn set(&mut self, section: &str, name: &str, value: Value) {
        let Some(root) = self.0.as_object_mut() else { return };
        let section = root.entry(section).or_insert_with(|| Value::Object(Map::new()));
        if let Some(section) = section.as_object_mut() {
            section.insert(name.to_owned(), plain_number(value));
        }
    }

    /// The settings as JSON.
    pub(crate) fn as_json(&self) -> &Value {
        &self.0
    }

    /// The settings as canonical JSON: equal settings have the same text.
    pub(crate) fn to_text(&self) -> String {
        canonical(&self.0)
    }
}

/// Hides the values of headers. The names of variables that hold them stay.
fn hide_texts(values: &mut Value) {
    for value in values.as_object_mut().into_iter().flat_map(Map::values_mut) {
        if !value.is_object() {
            *value = MASK.into();
        }
    }
}

fn without_secrets(name: &str, value: &mut Value, secrets: &[String]) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                without_secrets(name, member, secrets);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| without_secrets(name, item, secrets)),
        Value::Null | Value::Bool(_) => {}
        hidden if is_secret_name(name) => *hidden = MASK.into(),
        Value::String(text) => *text = without_secret_parts(name, text, secrets),
        Value::Number(_) => *value = plain_number(std::mem::take(value)),
    }
}

fn without_secret_parts(name: &str, text: &str, secrets: &[String]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.len() >= MIN_SECRET) {
        text = text.replace(secret.as_str(), MASK);
    }
    // The query of a URL may sign it.
    if let Some(url) = text.find("://").filter(|_| !WITH_QUERY.contains(&name))
        && let Some(query) = text[url..].find('?')
    {
        text.replace_range(url + query + 1.., MASK);
    }
    mask_secrets(&text).into_owned()
}

/// A whole number without decimals, in any notation of the manifest: `5.00` is 5.
fn plain_number(value: Value) -> Value {
    /// Up to here every whole number is a double.
    const MAX_WHOLE: f64 = 9e15;
    #[expect(clippy::cast_possible_truncation, reason = "a whole number in this range")]
    match value.as_f64() {
        Some(number) if value.is_f64() && number.fract() == 0.0 && number.abs() < MAX_WHOLE => (number as i64).into(),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_canonical_and_hold_no_tasks() {
        let one = Settings::new(
            &json!({"version": 1, "name": "a", "tasks": {"kind": {}}, "limits": {"budget_usd": 5.0, "rate": 0.5}}),
            &[],
        );
        let other = Settings::new(&json!({"limits": {"rate": 0.5, "budget_usd": 5}, "name": "a"}), &[]);
        assert_eq!(one.to_text(), other.to_text());
        assert_eq!(one.to_text(), r#"{"limits":{"budget_usd":5,"rate":0.5},"name":"a"}"#);
        let mut set = Settings::default();
        set.set("limits", "budget_usd", json!(8.0));
        assert_eq!(set.to_text(), r#"{"limits":{"budget_usd":8}}"#);
    }

    #[test]
    fn no_secret_is_part_of_settings() {
        let secrets = ["hunter22".to_owned(), "abc".to_owned()];
        let settings = Settings::new(
            &json!({
                "name": "nightly-hunter22",
                "provider": {
                    "base_url": "https://r.example/v1?api-version=2024-10-21",
                    "api_key_env": "EXAMPLE_KEY",
                    "headers": {"X-Team": "tomato", "X-Key": {"env": "TEAM_KEY"}},
                    "query": {"tenant": "contoso"},
                },
                "request": {"extra": {
                    "api_key": "plainword", "pin": "abc", "token": 4711, "note": "sk-0123456789abcdef",
                    "callback": "https://h.example/done?sig=plainword",
                    "nested": [{"password": "plainword"}, "https://user:plainword@h.example/x"],
                }},
            }),
            &secrets,
        );
        let text = settings.to_text();
        for secret in ["hunter22", "tomato", "plainword", "4711", "0123456789abcdef"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        for kept in ["api-version=2024-10-21", "EXAMPLE_KEY", "TEAM_KEY", "X-Team", "contoso", "abc", "h.example/done"]
        {
            assert!(text.contains(kept), "{kept}: {text}");
        }
    }
}
