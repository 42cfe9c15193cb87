//! Differences of two manifests in settings on which no answer depends: limits, inputs, outputs, prices. The store
//! keeps them of each run, without secrets.

use super::setting_changes::{Change, SettingChange};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Settings of recipes that follow from others where the manifest does not state them: those of the image from the
/// model, the name of the endpoint from its address.
const OF_MODEL: &[&str] = &["image.rule", "image.max_side"];
const OF_ADDRESS: &[&str] = &["provider.id"];

/// Adds to `changes`, which are those of recipes, in which other settings two manifests differ. What recipes show is not
/// repeated. Settings that neither manifest states, or that both state equally, are not changes of the manifest.
pub(crate) fn add_other_changes(changes: &mut Vec<SettingChange>, before: &Value, after: &Value) {
    let stated =
        |settings: &Value, setting: &str| settings.pointer(&format!("/{}", setting.replace('.', "/"))).cloned();
    let is_derived = |change: &SettingChange| {
        OF_MODEL.iter().chain(OF_ADDRESS).any(|setting| *setting == change.setting)
            && stated(before, &change.setting) == stated(after, &change.setting)
    };
    changes.retain(|change| !is_derived(change));
    let mut others = Vec::new();
    compare_values("", before, after, &mut others);
    others.retain(|other: &SettingChange| !changes.iter().any(|known| known.setting == other.setting));
    changes.extend(others);
}

/// Leaves out of changes of recipes what follows from another model, where it is not known what the manifests state.
pub(crate) fn drop_derived_changes(changes: &mut Vec<SettingChange>) {
    if changes.iter().any(|change| change.setting == "provider.model") {
        changes.retain(|change| !OF_MODEL.iter().any(|setting| *setting == change.setting));
    }
}

fn compare_values(place: &str, before: &Value, after: &Value, changes: &mut Vec<SettingChange>) {
    if before == after {
        return;
    }
    // A section that is new or gone is named by its members.
    let none = Map::new();
    let sides = match (before, after) {
        (Value::Object(before), Value::Object(after)) => Some((before, after)),
        (Value::Null, Value::Object(after)) if !after.is_empty() => Some((&none, after)),
        (Value::Object(before), Value::Null) if !before.is_empty() => Some((before, &none)),
        _ => None,
    };
    let Some((before, after)) = sides else {
        let change = Change::Value { from: before.clone(), to: after.clone() };
        changes.push(SettingChange { setting: place.to_owned(), change });
        return;
    };
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        let value = |members: &Map<String, Value>| members.get(name).cloned().unwrap_or_default();
        compare_values(&place, &value(before), &value(after), changes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_are_named_by_their_path() {
        for (before, after, expected) in [
            (json!({}), json!({}), vec![]),
            (
                json!({"limits": {"budget_usd": 5, "concurrency": 4}}),
                json!({"limits": {"budget_usd": 8}}),
                vec!["limits.budget_usd: 5 -> 8", "limits.concurrency: 4 -> (none)"],
            ),
            (
                json!({"output": {"csv": "a.csv"}}),
                json!({"output": {"csv": "b c.csv"}, "provider": {"price": {"input": 0.4}}}),
                vec!["output.csv: a.csv -> \"b c.csv\"", "provider.price.input: (none) -> 0.4"],
            ),
            (
                json!({"input": {"include": ["a"], "pages": "all"}}),
                json!({"input": {"include": ["a", "b"], "pages": [1, 2]}}),
                vec!["input.include: [\"a\"] -> [\"a\",\"b\"]", "input.pages: all -> [1,2]"],
            ),
            (
                json!({"provider": {"simulator": {"seed": 1}}}),
                json!({"provider": {"base_url": "https://x/v1", "simulator": null}}),
                vec!["provider.base_url: (none) -> https://x/v1", "provider.simulator.seed: 1 -> (none)"],
            ),
            (json!({"provider": {"simulator": {}}}), json!({"provider": {}}), vec!["provider.simulator: {} -> (none)"]),
        ] {
            let mut changes = Vec::new();
            add_other_changes(&mut changes, &before, &after);
            assert_eq!(changes.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn what_recipes_show_is_not_repeated() {
        let model = SettingChange {
            setting: "provider.model".into(),
            change: Change::Value { from: "a".into(), to: "b".into() },
        };
        let mut changes = vec![model.clone()];
        let settings = |model: &str| json!({"provider": {"model": model}});
        add_other_changes(&mut changes, &settings("a"), &settings("b"));
        assert_eq!(changes, [model]);
    }

    /// The image rule of a recipe is that of the model unless the manifest states one.
    #[test]
    fn what_follows_from_the_model_or_the_address_is_not_a_change_of_the_manifest() {
        let change = |setting: &str, from: &str, to: &str| SettingChange {
            setting: setting.into(),
            change: Change::Value { from: from.into(), to: to.into() },
        };
        let of_recipes = || {
            vec![
                change("provider.id", "http://a/v1", "http://b/v1"),
                change("provider.model", "a", "b"),
                change("image.rule", "none", "area"),
            ]
        };
        let model = "provider.model: a -> b";
        for (before, after, expected) in [
            (json!({"provider": {"model": "a"}}), json!({"provider": {"model": "b"}}), vec![model]),
            (
                json!({"provider": {"model": "a"}, "image": {"rule": "area"}}),
                json!({"provider": {"model": "b"}, "image": {"rule": "area"}}),
                vec![model],
            ),
            (
                json!({"provider": {"model": "a"}}),
                json!({"provider": {"model": "b"}, "image": {"rule": "area"}}),
                vec![model, "image.rule: none -> area"],
            ),
            (
                json!({"provider": {"model": "a", "base_url": "http://a/v1"}}),
                json!({"provider": {"model": "b", "base_url": "http://b/v1"}}),
                vec![model, "provider.base_url: http://a/v1 -> http://b/v1"],
            ),
        ] {
            let mut changes = of_recipes();
            add_other_changes(&mut changes, &before, &after);
            assert_eq!(changes.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{before} {after}");
        }
        let mut changes = of_recipes();
        drop_derived_changes(&mut changes);
        let names: Vec<&str> = changes.iter().map(|change| change.setting.as_str()).collect();
        assert_eq!(names, ["provider.id", "provider.model"], "of an earlier version");
        let mut stated = vec![change("image.rule", "none", "area")];
        drop_derived_changes(&mut stated);
        assert_eq!(stated.len(), 1, "the model is the same");
    }
}
