//! Answers: a value for every property of the schema, from the measures of the image. Where the
//! measures do not apply to a label or a question, the seed and the image decide.

use super::vision::ImageMeasures;
use crate::base::random::mix;
use serde_json::{Map, Value, json};

/// Answers about one image.
pub(crate) struct Answerer<'a> {
    pub(crate) measures: &'a ImageMeasures,
    pub(crate) seed: u64,
    pub(crate) image_key: u64,
    /// Repetition of labels and texts as long as the schema allows. `None`: there is none.
    pub(crate) repetition: Option<Repetition>,
}

/// How a grammar lets a model repeat itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Repetition {
    /// Length of a list or a text without bounds, in characters.
    pub(crate) chars: usize,
    /// Whether the grammar supports `uniqueItems`.
    pub(crate) knows_unique: bool,
}

impl Answerer<'_> {
    /// An object that is valid for the schema of the whole reply.
    pub(crate) fn answer(&self, schema: &Value) -> Value {
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
        // A blank page has no values, and any page may lack one.
        if kinds.contains(&"null") && (self.is_blank() || draw.is_multiple_of(4)) {
            return Value::Null;
        }
        if let Some(labels) = schema.get("enum").and_then(Value::as_array) {
            return self.best_label(labels, name);
        }
        match kinds.first().copied() {
            Some("object") => self.object(schema, name),
            Some("array") => self.array(schema, name),
            Some("boolean") => Value::Bool(self.score(name).map_or(draw.is_multiple_of(2), |score| score > 0.5)),
            Some("integer") => json!(draw % 90 + 1),
            Some("number") => json!(f64::from(u32::try_from(draw % 100_000).unwrap_or(0)) / 100.0),
            Some("string") if schema.get("format").and_then(Value::as_str) == Some("date") => {
                Value::String(format!("20{:02}-{:02}-{:02}", 10 + draw % 17, draw / 17 % 12 + 1, draw / 204 % 28 + 1))
            }
            _ => Value::String(self.text(schema, draw)),
        }
    }

    fn text(&self, schema: &Value, draw: u64) -> String {
        let text = format!("text {}", draw % 10_000);
        match &self.repetition {
            Some(repetition) if draw.is_multiple_of(2) => {
                let bound =
                    schema.get("maxLength").and_then(Value::as_u64).map(|bound| usize::try_from(bound).unwrap_or(0));
                let chars = bound.unwrap_or(repetition.chars).min(repetition.chars);
                text.chars().cycle().take(chars).collect()
            }
            _ => text,
        }
    }

    fn array(&self, schema: &Value, name: &str) -> Value {
        let items = schema.get("items").cloned().unwrap_or_default();
        if let Some(labels) = items.get("enum").and_then(Value::as_array) {
            let applies = |label: &&Value| {
                let label = label.as_str().unwrap_or_default();
                self.score(label)
                    .map_or_else(|| self.draw(&format!("{name}/{label}")).is_multiple_of(3), |score| score > 0.5)
            };
            let max = schema.get("maxItems").and_then(Value::as_u64).and_then(|max| usize::try_from(max).ok());
            let is_unique = schema.get("uniqueItems") == Some(&Value::Bool(true));
            if let (Some(repetition), Some(label)) = (&self.repetition, labels.first())
                && !(is_unique && repetition.knows_unique)
            {
                let count = repetition.chars / (label.to_string().len() + 1) + 1;
                return Value::Array(vec![label.clone(); max.unwrap_or(count).min(count)]);
            }
            return Value::Array(labels.iter().filter(applies).take(max.unwrap_or(usize::MAX)).cloned().collect());
        }
        let max = schema.get("maxItems").and_then(Value::as_u64).unwrap_or(u64::MAX);
        let count = if self.is_blank() { 0 } else { (self.draw(name) % 3).min(max) };
        (0..count).map(|index| self.value(&items, &format!("{name}/{index}"))).collect()
    }

    /// The label with the highest score. If no label has a score above 0, a drawn one.
    fn best_label(&self, labels: &[Value], name: &str) -> Value {
        let scored = labels.iter().filter_map(|label| Some((self.score(label.as_str()?)?, label)));
        match scored.max_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((score, label)) if score > 0.0 => label.clone(),
            _ => {
                let texts: Vec<&Value> = labels.iter().filter(|label| label.is_string()).collect();
                let index = usize::try_from(self.draw(name)).unwrap_or(0) % texts.len().max(1);
                texts.get(index).map_or(Value::Null, |label| (*label).clone())
            }
        }
    }

    fn is_blank(&self) -> bool {
        self.measures.ink < 0.002 && self.measures.mid < 0.05
    }

    /// How well the measures fit a label, 0 to 1. `None`: they do not apply to it.
    fn score(&self, label: &str) -> Option<f64> {
        let label = label.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| label.contains(word));
        let m = self.measures;
        let is_photo = m.paper < 0.35;
        let is_screen = m.top_bar >= 0.03 && !is_photo;
        let is_strip = m.aspect < 0.55;
        let is_grid = m.long_rows >= 4 && m.long_columns >= 3;
        let is_boxed = m.long_rows >= 4 && m.long_columns < 3 && m.short_columns >= 2;
        let is_note = m.coloured_ink > 0.5 && m.long_rows < 4 && !is_screen && !is_photo;
        let is_plain = !(is_photo || is_screen || is_strip || is_grid || is_boxed || is_note || self.is_blank());
        let yes = |is_so: bool| Some(if is_so { 1.0 } else { 0.0 });
        match () {
            () if has(&["blank", "empty"]) => yes(self.is_blank()),
            () if has(&["invoice", "bill", "table"]) => yes(is_grid && !is_photo && !is_screen),
            () if has(&["form", "box"]) => yes(is_boxed && !is_photo && !is_screen),
            () if has(&["receipt"]) => Some(if is_strip { 0.9 } else { 0.0 }),
            () if has(&["photo", "picture"]) => yes(is_photo),
            () if has(&["screenshot", "screen"]) => yes(is_screen),
            () if has(&["handwrit", "note"]) => yes(is_note),
            () if has(&["colour", "color"]) => yes(m.colour > 0.01),
            () if has(&["landscape"]) => yes(m.aspect > 1.0),
            () if has(&["letter"]) => yes(is_plain),
            () if label == "other" => Some(0.01),
            () => None,
        }
    }

    fn draw(&self, name: &str) -> u64 {
        name.bytes().fold(mix(self.seed ^ self.image_key), |state, byte| mix(state ^ u64::from(byte)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::vision::tests::{INK, measured, page};
    use super::*;

    fn answer(measures: &ImageMeasures, image_key: u64, schema: &Value) -> Value {
        Answerer { measures, seed: 7, image_key, repetition: None }.answer(schema)
    }

    fn kind_of(measures: &ImageMeasures) -> Value {
        let labels = json!(["invoice", "letter", "form", "receipt", "photo", "screenshot", "note", "blank", "other"]);
        let schema = json!({"properties": {"kind": {"type": "string", "enum": labels}}});
        answer(measures, 1, &schema)["kind"].clone()
    }

    #[test]
    fn drawn_pages_are_recognized() {
        let text: Vec<_> = (0..10).map(|line| (40, 60 + line * 30, 60, 6, INK)).collect();
        let rows: Vec<_> = (0..5).map(|row| (20, 100 + row * 40, 260, 2, INK)).collect();
        let columns: Vec<_> = (0..3).map(|column| (40 + column * 90, 100, 2, 160, INK)).collect();
        let boxes: Vec<_> = (0..3).map(|side| (60 + side * 60, 300, 2, 24, INK)).collect();
        let writing: Vec<_> = (0..10).map(|line| (40, 60 + line * 30, 60, 6, [30, 50, 160])).collect();
        for (rectangles, kind) in [
            (Vec::new(), "blank"),
            (text.clone(), "letter"),
            ([rows.clone(), columns].concat(), "invoice"),
            ([rows, boxes].concat(), "form"),
            (writing, "note"),
            (vec![(0, 0, 300, 300, [90, 130, 190])], "photo"),
            ([vec![(0, 0, 300, 42, [45, 60, 95])], text.clone()].concat(), "screenshot"),
        ] {
            assert_eq!(kind_of(&measured(&page(&rectangles))), kind);
        }
        let strip = image::imageops::crop_imm(&page(&text), 0, 0, 150, 420).to_image();
        assert_eq!(kind_of(&measured(&strip)), "receipt");
    }

    #[test]
    fn answers_are_valid_for_their_schema() {
        let schema = json!({"type": "object", "properties": {
            "kind": {"type": "string", "enum": ["a", "b"]},
            "tags": {"type": "array", "items": {"type": "string", "enum": ["x", "y", "z"]}},
            "signed": {"type": "boolean"}, "count": {"type": "integer"}, "sum": {"type": "number"},
            "issued": {"type": "string", "format": "date"}, "words": {"type": ["string", "null"]},
            "lines": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
        }});
        let measures = measured(&page(&[(0, 0, 100, 100, INK)]));
        let mut nulls = 0;
        for image_key in 0..200 {
            let reply = answer(&measures, image_key, &schema);
            assert!(reply["kind"] == "a" || reply["kind"] == "b", "{reply}");
            assert!(
                reply["tags"].as_array().unwrap().iter().all(|tag| ["x", "y", "z"].contains(&tag.as_str().unwrap()))
            );
            assert!(reply["signed"].is_boolean() && reply["count"].is_u64() && reply["sum"].is_number(), "{reply}");
            assert!(crate::base::units::is_date(reply["issued"].as_str().unwrap()), "{reply}");
            assert!(reply["lines"].as_array().unwrap().iter().all(|line| line["name"].is_string()), "{reply}");
            nulls += u32::from(reply["words"].is_null());
            assert_eq!(reply, answer(&measures, image_key, &schema), "the same image has the same answer");
        }
        assert!((30..=70).contains(&nulls), "a quarter of 200: {nulls}");
    }

    #[test]
    fn a_blank_page_has_no_values() {
        let schema = json!({"properties": {
            "total": {"type": ["number", "null"]}, "lines": {"type": "array", "items": {"type": "string"}},
        }});
        for image_key in 0..20 {
            assert_eq!(answer(&measured(&page(&[])), image_key, &schema), json!({"total": null, "lines": []}));
        }
    }

    #[test]
    fn seed_and_image_decide_about_unknown_labels() {
        let schema = json!({"properties": {"kind": {"type": "string", "enum": ["cat", "dog"]}}});
        let measures = measured(&page(&[]));
        let cats = (0..100).filter(|image_key| answer(&measures, *image_key, &schema)["kind"] == "cat").count();
        assert!((30..=70).contains(&cats), "{cats}");
        let other = |seed| Answerer { measures: &measures, seed, image_key: 3, repetition: None }.answer(&schema);
        assert!((0..20).any(|seed| other(seed) != other(0)));
    }
}
