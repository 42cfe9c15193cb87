//! The settings in which two manifests differ, by the stored recipes of every task that a run asked: all settings on
//! which answers depend.

use crate::base::sanitize::one_line;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Maximum length of a text that is shown of a setting, in characters.
const MAX_TEXT_CHARS: usize = 60;
/// The same, where nothing is to be cut.
const MAX_FULL_CHARS: usize = 100_000;
/// The members of a recipe that are settings, and the settings. Those of `extra` are added to `request`.
const COMMON: &[(&str, &str)] = &[
    ("/provider", "provider.id"),
    ("/revision", "provider.revision"),
    ("/model", "provider.model"),
    ("/sampling/temperature", "request.temperature"),
    ("/sampling/top_p", "request.top_p"),
    ("/picture/detail", "image.detail"),
    ("/picture/size", "image.size"),
    ("/picture/rule", "image.rule"),
    ("/picture/max_side", "image.max_side"),
    ("/picture/min_side", "image.min_side"),
    ("/picture/version", "docmill's pictures"),
    ("/prompt", "docmill's prompt"),
];
/// A reasoning effort is stored beside the members of `request.extra`.
const EFFORT: &str = "reasoning_effort";
/// The kinds of tasks.
const KINDS: &[&str] = &["classify", "tag", "extract", "question"];

/// A setting in which two manifests differ.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingChange {
    /// Where it is in the manifest, such as `tasks.kind.classify.labels`.
    pub setting: String,
    /// What has changed.
    pub change: Change,
}

/// What has changed of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Its value.
    Value {
        /// The earlier value; null: none.
        from: Value,
        /// The later value; null: none.
        to: Value,
    },
    /// Its members.
    Members {
        /// Members that are new.
        added: Vec<String>,
        /// Members that are gone.
        removed: Vec<String>,
        /// Members with another value or description.
        changed: Vec<String>,
    },
    /// Its order.
    Order,
}

impl SettingChange {
    /// The change on one line, with long values in full.
    #[must_use]
    pub fn in_full(&self) -> String {
        self.on_one_line(MAX_FULL_CHARS)
    }

    fn on_one_line(&self, max: usize) -> String {
        let what = match &self.change {
            Change::Value { from, to } => format!("{} -> {}", shown(from, max), shown(to, max)),
            Change::Members { added, removed, changed } => {
                let signed = [("+", added), ("-", removed), ("~", changed)];
                let words =
                    signed.iter().flat_map(|(sign, names)| names.iter().map(move |name| format!("{sign}{name}")));
                one_line(&words.collect::<Vec<_>>().join(" "), max * 4)
            }
            Change::Order => "another order".to_owned(),
        };
        format!("{}: {what}", one_line(&self.setting, max))
    }

    /// The change as JSON: `setting`, and `from` and `to`; or `added`, `removed` and `changed`; or `order`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let setting = &self.setting;
        match &self.change {
            Change::Value { from, to } => json!({"setting": setting, "from": from, "to": to}),
            Change::Members { added, removed, changed } => {
                json!({"setting": setting, "added": added, "removed": removed, "changed": changed})
            }
            Change::Order => json!({"setting": setting, "order": "changed"}),
        }
    }
}

/// As people read it: `tasks.kind.classify.labels: +memo -fax ~letter`.
impl std::fmt::Display for SettingChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.on_one_line(MAX_TEXT_CHARS))
    }
}

fn shown(value: &Value, max: usize) -> String {
    match value {
        Value::Null => "(none)".to_owned(),
        Value::String(text) if !text.contains(char::is_whitespace) => one_line(text, max),
        other => one_line(&other.to_string(), max),
    }
}

/// A task of a manifest and its recipe.
pub(crate) type TaskRecipe<'a> = (&'a str, &'a Value);

/// The settings in which two manifests differ, each given by the recipes of its tasks.
pub(crate) fn setting_changes(before: &[TaskRecipe<'_>], after: &[TaskRecipe<'_>]) -> Vec<SettingChange> {
    let mut changes = Vec::new();
    let mut add = |change: SettingChange| {
        if !changes.contains(&change) {
            changes.push(change);
        }
    };
    let recipe_of = |tasks: &[TaskRecipe<'_>], name: &str| {
        tasks.iter().find(|(task, _)| *task == name).map(|(_, recipe)| (*recipe).clone())
    };
    let pairs: Vec<(&str, Value, &Value)> =
        after.iter().filter_map(|(name, recipe)| Some((*name, recipe_of(before, name)?, *recipe))).collect();
    // The settings that all tasks have in common. Without a task in common the first ones are compared.
    let common = pairs.iter().map(|(_, before, after)| (before, *after));
    let first = before.first().zip(after.first()).map(|((_, before), (_, after))| (*before, *after));
    for (before, after) in common.chain(first) {
        common_changes(before, after).into_iter().for_each(&mut add);
    }
    let names = |tasks: &[TaskRecipe<'_>], others: &[TaskRecipe<'_>]| -> Vec<String> {
        let is_other = |name: &str| others.iter().any(|(other, _)| *other == name);
        tasks.iter().filter(|(name, _)| !is_other(name)).map(|(name, _)| (*name).to_owned()).collect()
    };
    add_members(&mut add, "tasks", names(after, before), names(before, after), Vec::new());
    if is_reordered(before, after) {
        add(SettingChange { setting: "tasks".to_owned(), change: Change::Order });
    }
    for (name, before, after) in &pairs {
        task_changes(&format!("tasks.{name}"), &before["task"], &after["task"]).into_iter().for_each(&mut add);
    }
    changes
}

/// Whether the same tasks have another order.
fn is_reordered(before: &[TaskRecipe<'_>], after: &[TaskRecipe<'_>]) -> bool {
    let names = |tasks: &[TaskRecipe<'_>]| tasks.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>();
    let (before, after) = (names(before), names(after));
    before != after && before.len() == after.len() && before.iter().all(|name| after.contains(name))
}

fn common_changes(before: &Value, after: &Value) -> Vec<SettingChange> {
    let value = |recipe: &Value, pointer: &str| recipe.pointer(pointer).cloned().unwrap_or_default();
    let mut settings: Vec<(String, Value, Value)> = COMMON
        .iter()
        .map(|(pointer, setting)| ((*setting).to_owned(), value(before, pointer), value(after, pointer)))
        .collect();
    let (none, extra) = (Map::new(), |recipe: &'_ Value| recipe.get("extra").and_then(Value::as_object).cloned());
    let (before, after) = (extra(before).unwrap_or(none.clone()), extra(after).unwrap_or(none));
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let setting = if name == EFFORT { format!("request.{name}") } else { format!("request.extra.{name}") };
        let value = |extra: &Map<String, Value>| extra.get(name).cloned().unwrap_or_default();
        settings.push((setting, value(&before), value(&after)));
    }
    let differs = settings.into_iter().filter(|(_, from, to)| from != to);
    differs.map(|(setting, from, to)| SettingChange { setting, change: Change::Value { from, to } }).collect()
}

fn task_changes(place: &str, before: &Value, after: &Value) -> Vec<SettingChange> {
    let kind = |task: &Value| KINDS.iter().find(|kind| task.get(**kind).is_some()).copied().unwrap_or_default();
    let (was, is) = (kind(before), kind(after));
    if was != is {
        return vec![SettingChange {
            setting: place.to_owned(),
            change: Change::Value { from: was.into(), to: is.into() },
        }];
    }
    let place = format!("{place}.{is}");
    let mut changes = Vec::new();
    let names = before.as_object().into_iter().chain(after.as_object()).flat_map(Map::keys);
    let names: std::collections::BTreeSet<&String> = names.collect();
    for name in names {
        let value = |task: &Value| task.get(name).cloned().unwrap_or_default();
        let (from, to) = (value(before), value(after));
        if from == to {
            continue;
        }
        match name.as_str() {
            "labels" => label_changes(&format!("{place}.labels"), &from, &to, &mut changes),
            "schema" => schema_changes(&format!("{place}.schema"), &from, &to, &mut changes),
            // The text of the question has the name of the kind.
            kind if kind == is => {
                let text = if is == "question" { "text" } else { "question" };
                let setting = format!("{place}.{text}");
                changes.push(SettingChange { setting, change: Change::Value { from, to } });
            }
            other => {
                changes.push(SettingChange { setting: format!("{place}.{other}"), change: Change::Value { from, to } });
            }
        }
    }
    changes
}

fn label_changes(setting: &str, from: &Value, to: &Value, changes: &mut Vec<SettingChange>) {
    let pairs = |labels: &Value| -> Vec<(String, Value)> {
        let pair = |label: &Value| Some((label.get(0)?.as_str()?.to_owned(), label.get(1)?.clone()));
        labels.as_array().into_iter().flatten().filter_map(pair).collect()
    };
    let (from, to) = (pairs(from), pairs(to));
    compare_members(setting, &from, &to, changes);
    if has_other_order(&from, &to) {
        changes.push(SettingChange { setting: setting.to_owned(), change: Change::Order });
    }
}

/// Whether the members of both lists are in another order in the second.
fn has_other_order(from: &[(String, Value)], to: &[(String, Value)]) -> bool {
    let common = |members: &[(String, Value)], others: &[(String, Value)]| -> Vec<String> {
        let is_common = |name: &str| others.iter().any(|(other, _)| other == name);
        members.iter().filter(|(name, _)| is_common(name)).map(|(name, _)| name.clone()).collect()
    };
    common(from, to) != common(to, from)
}

fn schema_changes(setting: &str, from: &Value, to: &Value, changes: &mut Vec<SettingChange>) {
    let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
    list_members("", from, &mut before);
    list_members("", to, &mut after);
    let count = changes.len();
    let pairs = |members: BTreeMap<String, Value>| members.into_iter().collect::<Vec<_>>();
    compare_members(setting, &pairs(before), &pairs(after), changes);
    if changes.len() == count {
        changes.push(SettingChange {
            setting: setting.to_owned(),
            change: Change::Value { from: from.clone(), to: to.clone() },
        });
    }
}

/// The members of a schema by their path, each without its own members.
fn list_members(path: &str, schema: &Value, members: &mut BTreeMap<String, Value>) {
    let properties = schema.get("properties").and_then(Value::as_object);
    let items = schema.get("items").and_then(|items| items.get("properties")).and_then(Value::as_object);
    for (name, member) in properties.into_iter().chain(items).flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        list_members(&path, member, members);
        let mut own = member.clone();
        if let Some(own) = own.as_object_mut() {
            own.remove("properties");
            own.remove("items");
        }
        members.insert(path, own);
    }
}

fn compare_members(setting: &str, from: &[(String, Value)], to: &[(String, Value)], changes: &mut Vec<SettingChange>) {
    let find = |members: &[(String, Value)], name: &str| {
        members.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let without = |members: &[(String, Value)], others: &[(String, Value)]| -> Vec<String> {
        members.iter().filter(|(name, _)| find(others, name).is_none()).map(|(name, _)| name.clone()).collect()
    };
    let is_changed = |(name, value): &&(String, Value)| find(from, name).is_some_and(|before| before != *value);
    let changed = to.iter().filter(is_changed).map(|(name, _)| name.clone()).collect();
    add_members(&mut |change| changes.push(change), setting, without(to, from), without(from, to), changed);
}

fn add_members(
    add: &mut dyn FnMut(SettingChange),
    setting: &str,
    added: Vec<String>,
    removed: Vec<String>,
    changed: Vec<String>,
) {
    if !(added.is_empty() && removed.is_empty() && changed.is_empty()) {
        let change = Change::Members { added, removed, changed };
        add(SettingChange { setting: setting.to_owned(), change });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(model: &str, extra: Value, task: Value) -> Value {
        json!({
            "provider": "p", "revision": null, "model": model, "sampling": {"temperature": 0.0, "top_p": null},
            "extra": extra, "picture": {"version": 2, "detail": "high", "size": "standard"}, "prompt": 1, "task": task,
        })
    }

    fn classify(labels: Value) -> Value {
        json!({"classify": "Which?", "labels": labels})
    }

    fn lines(before: &[(&str, Value)], after: &[(&str, Value)]) -> Vec<String> {
        let (before, after) = (tasks_of(before), tasks_of(after));
        setting_changes(&borrowed(&before), &borrowed(&after)).iter().map(ToString::to_string).collect()
    }

    fn tasks_of(tasks: &[(&str, Value)]) -> Vec<(String, Value)> {
        tasks.iter().map(|(name, recipe)| ((*name).to_owned(), recipe.clone())).collect()
    }

    fn borrowed(tasks: &[(String, Value)]) -> Vec<TaskRecipe<'_>> {
        tasks.iter().map(|(name, recipe)| (name.as_str(), recipe)).collect()
    }

    #[test]
    fn changes_are_named_by_settings_of_the_manifest() {
        let plain = |task: Value| recipe("m", json!({}), task);
        let labels = |labels: Value| plain(classify(labels));
        let two = || labels(json!([["a", null], ["b", "B."]]));
        let schema = |schema: Value| plain(json!({"extract": "What?", "schema": schema}));
        let number = || json!({"type": "number"});
        for (before, after, expected) in [
            (vec![("kind", two())], vec![("kind", two())], vec![]),
            (
                vec![("kind", two())],
                vec![("kind", labels(json!([["a", "A."], ["memo", null]])))],
                vec!["tasks.kind.classify.labels: +memo -b ~a"],
            ),
            (
                vec![("kind", two())],
                vec![("kind", labels(json!([["b", "B."], ["a", null]])))],
                vec!["tasks.kind.classify.labels: another order"],
            ),
            (
                vec![("kind", labels(json!([["a", null], ["b", null], ["c", null]])))],
                vec![("kind", labels(json!([["c", null], ["d", null], ["a", null]])))],
                vec!["tasks.kind.classify.labels: +d -b", "tasks.kind.classify.labels: another order"],
            ),
            (
                vec![("kind", labels(json!([["a", null], ["b", null]])))],
                vec![("kind", labels(json!([["c", null], ["a", null], ["b", null]])))],
                vec!["tasks.kind.classify.labels: +c"],
            ),
            (
                vec![("kind", two()), ("more", two())],
                vec![("kind", recipe("n", json!({"seed": 1}), classify(json!([["a", null], ["b", "B."]]))))],
                vec!["provider.model: m -> n", "request.extra.seed: (none) -> 1", "tasks: -more"],
            ),
            (
                vec![("kind", two())],
                vec![("kind", plain(json!({"classify": "What is it?", "labels": [["a", null], ["b", "B."]]})))],
                vec!["tasks.kind.classify.question: Which? -> \"What is it?\""],
            ),
            (
                vec![("kind", two())],
                vec![("kind", plain(json!({"tag": "Which?", "labels": [], "max": 2})))],
                vec!["tasks.kind: classify -> tag"],
            ),
            (
                vec![("total", schema(json!({"type": "object", "properties": {"x": number(), "y": number()}})))],
                vec![(
                    "total",
                    schema(json!({"type": "object", "properties": {
                        "x": {"type": "integer"}, "z": {"type": "object", "properties": {"due": number()}},
                    }})),
                )],
                vec!["tasks.total.extract.schema: +z +z.due -y ~x"],
            ),
            (
                vec![("a", two())],
                vec![("b", recipe("n", json!({"reasoning_effort": "low"}), classify(json!([]))))],
                vec!["provider.model: m -> n", "request.reasoning_effort: (none) -> low", "tasks: +b -a"],
            ),
            (
                vec![("q", plain(json!({"question": "Old?", "type": {"type": "number"}})))],
                vec![("q", plain(json!({"question": "New?", "type": {"type": "string"}, "required": true})))],
                vec![
                    "tasks.q.question.text: Old? -> New?",
                    "tasks.q.question.required: (none) -> true",
                    "tasks.q.question.type: {\"type\":\"number\"} -> {\"type\":\"string\"}",
                ],
            ),
        ] {
            assert_eq!(lines(&before, &after), expected);
        }
    }

    #[test]
    fn what_is_shown_is_on_one_line() {
        let long = "a\u{1b}[31m\n".repeat(100);
        let change =
            SettingChange { setting: "s".into(), change: Change::Value { from: long.into(), to: Value::Null } };
        let text = change.to_string();
        assert!(text.chars().count() < 100 && !text.contains(char::is_control), "{text:?}");
    }
}
