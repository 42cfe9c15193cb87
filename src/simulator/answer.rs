//! What the simulator says: a value for every member of the schema, from what it sees.
//! For labels and questions that it has no measure for, the seed and the image decide.

use super::vision::Sight;
use crate::base::random::mix;
use serde_json::{Map, Value, json};

pub(crate) struct Answerer<'a> {
    pub(crate) sight: &'a Sight,
    pub(crate) seed: u64,
    /// Stands for the image.
    pub(crate) hash: u64,
}

impl Answerer<'_> {
    /// An object for the schema of the whole reply.
    pub(crate) fn reply(&self, schema: &Value) -> Value {
        self.object(schema, "")
    }

    fn object(&self, schema: &Value, name: &str) -> Value {
        let properties = schema.get("properties").and_then(Value::as_object);
        let members = properties
            .into_iter()
            .flatten()
            .map(|(member, schema)| (member.clone(), self.value(schema, &format!("{name}/{member}"))));
        Value::Object(members.collect::<Map<_, _>>())
    }

    fn value(&self, schema: &Value, name: &str) -> Value {
        let kinds: Vec<&str> = match schema.get("type") {
            Some(Value::String(kind)) => vec![kind],
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let draw = self.draw(name);
        // What may be missing is missing on an empty page, and now and then elsewhere.
        if kinds.contains(&"null") && (self.is_blank() || draw.is_multiple_of(4)) {
            return Value::Null;
        }
        if let Some(labels) = schema.get("enum").and_then(Value::as_array) {
            return self.best(labels, name);
        }
        match kinds.first().copied() {
            Some("object") => self.object(schema, name),
            Some("array") => self.array(schema, name),
            Some("boolean") => Value::Bool(self.sees(name).map_or(draw.is_multiple_of(2), |score| score > 0.5)),
            Some("integer") => json!(draw % 90 + 1),
            Some("number") => json!(f64::from(u32::try_from(draw % 100_000).unwrap_or(0)) / 100.0),
            Some("string") if schema.get("format").and_then(Value::as_str) == Some("date") => {
                Value::String(format!("20{:02}-{:02}-{:02}", 10 + draw % 17, draw / 17 % 12 + 1, draw / 204 % 28 + 1))
            }
            _ => Value::String(format!("text {}", draw % 10_000)),
        }
    }

    fn array(&self, schema: &Value, name: &str) -> Value {
        let items = schema.get("items").cloned().unwrap_or_default();
        if let Some(labels) = items.get("enum").and_then(Value::as_array) {
            let applies = |label: &&Value| {
                let label = label.as_str().unwrap_or_default();
                self.sees(label)
                    .map_or_else(|| self.draw(&format!("{name}/{label}")).is_multiple_of(3), |score| score > 0.5)
            };
            return Value::Array(labels.iter().filter(applies).cloned().collect());
        }
        let count = if self.is_blank() { 0 } else { self.draw(name) % 3 };
        (0..count).map(|at| self.value(&items, &format!("{name}/{at}"))).collect()
    }

    /// The label that fits best; among labels that mean nothing here, one by chance.
    fn best(&self, labels: &[Value], name: &str) -> Value {
        let scored = labels.iter().filter_map(|label| Some((self.sees(label.as_str()?)?, label)));
        match scored.max_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((score, label)) if score > 0.0 => label.clone(),
            _ => {
                let texts: Vec<&Value> = labels.iter().filter(|label| label.is_string()).collect();
                let at = usize::try_from(self.draw(name)).unwrap_or(0) % texts.len().max(1);
                texts.get(at).map_or(Value::Null, |label| (*label).clone())
            }
        }
    }

    fn is_blank(&self) -> bool {
        self.sight.ink < 0.002 && self.sight.mid < 0.05
    }

    /// How well what is seen fits a label, 0 to 1; `None` when the label means nothing here.
    fn sees(&self, label: &str) -> Option<f64> {
        let label = label.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| label.contains(word));
        let s = self.sight;
        let is_photo = s.paper < 0.35;
        let is_screen = s.top_bar >= 0.03 && !is_photo;
        let is_strip = s.aspect < 0.55;
        let is_grid = s.long_rows >= 4 && s.long_columns >= 3;
        let is_boxed = s.long_rows >= 4 && s.long_columns < 3 && s.short_columns >= 2;
        let is_note = s.coloured_ink > 0.5 && s.long_rows < 4 && !is_screen && !is_photo;
        let plain = !(is_photo || is_screen || is_strip || is_grid || is_boxed || is_note || self.is_blank());
        let yes = |seen: bool| Some(if seen { 1.0 } else { 0.0 });
        match () {
            () if has(&["blank", "empty"]) => yes(self.is_blank()),
            () if has(&["invoice", "bill"]) => yes(is_grid && !is_photo && !is_screen),
            () if has(&["table"]) => yes(s.long_rows >= 4 && s.long_columns >= 3 && !is_photo && !is_screen),
            () if has(&["form", "box"]) => yes(is_boxed && !is_photo && !is_screen),
            () if has(&["receipt"]) => Some(if is_strip { 0.9 } else { 0.0 }),
            () if has(&["photo", "picture"]) => yes(is_photo),
            () if has(&["screenshot", "screen"]) => yes(is_screen),
            () if has(&["handwrit", "note"]) => yes(is_note),
            () if has(&["colour", "color"]) => yes(s.colour > 0.01),
            () if has(&["landscape"]) => yes(s.aspect > 1.0),
            () if has(&["letter"]) => yes(plain),
            () if label == "other" => Some(0.01),
            () => None,
        }
    }

    fn draw(&self, name: &str) -> u64 {
        name.bytes().fold(mix(self.seed ^ self.hash), |state, byte| mix(state ^ u64::from(byte)))
    }
}
