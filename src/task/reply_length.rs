//! How long a reply may be: samples of a short, a typical and a long valid reply. Plans and
//! the default of `max_tokens` are based on them. Text and lists have no maximum length of
//! their own; the long sample uses generous ones.

use super::question::Question;
use super::shape::{Field, Shape};
use serde_json::{Map, Value, json};

/// Items of a list in a typical reply.
const TYPICAL_ITEMS: usize = 3;
/// Items of a list in a long reply.
const MAX_ITEMS: usize = 20;
/// Words of a text in a typical reply.
const TYPICAL_WORDS: usize = 8;
/// Words of a text in a long reply.
const MAX_WORDS: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    Shortest,
    Typical,
    Longest,
}

/// Valid replies of three lengths, as a model writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleReplies {
    /// The shortest valid reply.
    pub shortest: String,
    /// A reply of typical length.
    pub typical: String,
    /// The longest expected reply.
    pub longest: String,
}

/// Sample replies to these questions.
#[must_use]
pub fn sample_replies(questions: &[&Question]) -> SampleReplies {
    let reply = |length| {
        let member = |question: &&Question| (question.name.clone(), sample_value(&question.shape, length));
        Value::Object(questions.iter().map(member).collect::<Map<_, _>>()).to_string()
    };
    SampleReplies {
        shortest: reply(Length::Shortest),
        typical: reply(Length::Typical),
        longest: reply(Length::Longest),
    }
}

fn sample_value(shape: &Shape, length: Length) -> Value {
    match shape {
        Shape::Text => sample_text(length).into(),
        Shape::Number => match length {
            Length::Shortest => json!(0),
            Length::Typical => json!(1234.56),
            Length::Longest => json!(-123_456_789.123_456),
        },
        Shape::Integer => match length {
            Length::Shortest => json!(0),
            Length::Typical => json!(1234),
            Length::Longest => json!(i64::MIN),
        },
        Shape::Boolean => json!(false),
        Shape::Date => json!("2026-11-23"),
        Shape::Choice(labels) => sample_label(labels, length),
        Shape::Tags { labels, max } => sample_tags(labels, *max, length),
        Shape::List(inner) => {
            let count = match length {
                Length::Shortest => 0,
                Length::Typical => TYPICAL_ITEMS,
                Length::Longest => MAX_ITEMS,
            };
            Value::Array(vec![sample_value(inner, length); count])
        }
        Shape::Object(fields) => {
            let member = |field: &Field| (field.name.clone(), sample_value(&field.shape, length));
            Value::Object(fields.iter().map(member).collect())
        }
        Shape::Nullable(inner) => sample_value(inner, length),
    }
}

fn sample_text(length: Length) -> String {
    let words = |count: usize| vec!["word"; count].join(" ");
    match length {
        Length::Shortest => "x".into(),
        Length::Typical => words(TYPICAL_WORDS),
        Length::Longest => words(MAX_WORDS),
    }
}

/// The shortest label, one of median length, or the longest.
fn sample_label(labels: &[String], length: Length) -> Value {
    let mut sorted: Vec<&String> = labels.iter().collect();
    sorted.sort_by_key(|label| label.len());
    let at = match length {
        Length::Shortest => 0,
        Length::Typical => sorted.len() / 2,
        Length::Longest => sorted.len().saturating_sub(1),
    };
    sorted.get(at).map_or(Value::Null, |label| json!(label))
}

/// No labels, a third of them, or as many of the longest ones as allowed.
fn sample_tags(labels: &[String], max: Option<u32>, length: Length) -> Value {
    let max = max.map_or(labels.len(), |max| usize::try_from(max).unwrap_or(usize::MAX)).min(labels.len());
    let count = match length {
        Length::Shortest => 0,
        Length::Typical => labels.len().div_ceil(3).min(max),
        Length::Longest => max,
    };
    let mut sorted: Vec<&String> = labels.iter().collect();
    sorted.sort_by_key(|label| std::cmp::Reverse(label.len()));
    let skipped = if length == Length::Typical { (sorted.len() - count) / 2 } else { 0 };
    sorted.into_iter().skip(skipped).take(count).map(|label| json!(label)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::check::check_value;
    use proptest::prelude::*;

    fn labels() -> Vec<String> {
        ["a", "letter", "purchase_order"].map(str::to_owned).to_vec()
    }

    fn field(name: &str, shape: Shape) -> Field {
        Field { name: name.into(), description: None, shape }
    }

    fn nullable(shape: Shape) -> Shape {
        Shape::Nullable(Box::new(shape))
    }

    #[test]
    fn three_lengths_of_every_shape() {
        let fields = vec![field("total", nullable(Shape::Number)), field("n", Shape::List(Box::new(Shape::Integer)))];
        for (shape, shortest, typical, longest) in [
            (Shape::Choice(labels()), json!("a"), json!("letter"), json!("purchase_order")),
            (
                Shape::Tags { labels: labels(), max: Some(2) },
                json!([]),
                json!(["letter"]),
                json!(["purchase_order", "letter"]),
            ),
            (
                Shape::Tags { labels: labels(), max: None },
                json!([]),
                json!(["letter"]),
                json!(["purchase_order", "letter", "a"]),
            ),
            (Shape::Boolean, json!(false), json!(false), json!(false)),
            (nullable(Shape::Date), json!("2026-11-23"), json!("2026-11-23"), json!("2026-11-23")),
            (Shape::Text, json!("x"), json!(["word"; 8].join(" ")), json!(["word"; 100].join(" "))),
            (
                Shape::Object(fields),
                json!({"total": 0, "n": []}),
                json!({"total": 1234.56, "n": [1234, 1234, 1234]}),
                json!({"total": -123_456_789.123_456, "n": vec![i64::MIN; 20]}),
            ),
        ] {
            let found = [Length::Shortest, Length::Typical, Length::Longest].map(|length| sample_value(&shape, length));
            assert_eq!(found, [shortest, typical, longest], "{shape:?}");
        }
    }

    #[test]
    fn a_reply_has_a_member_per_question() {
        let question = |name: &str, shape| Question::without_text(name, shape, Value::Null);
        let (kind, signed) = (question("kind", Shape::Choice(labels())), question("signed", Shape::Boolean));
        let replies = sample_replies(&[&kind, &signed]);
        assert_eq!(replies.shortest, r#"{"kind":"a","signed":false}"#);
        assert_eq!(replies.typical, r#"{"kind":"letter","signed":false}"#);
        assert_eq!(replies.longest, r#"{"kind":"purchase_order","signed":false}"#);
    }

    fn any_shape() -> impl Strategy<Value = Shape> {
        let leaf = prop_oneof![
            Just(Shape::Text),
            Just(Shape::Number),
            Just(Shape::Integer),
            Just(Shape::Boolean),
            Just(Shape::Date),
            Just(Shape::Choice(labels())),
            prop::option::of(1_u32..4).prop_map(|max| Shape::Tags { labels: labels(), max }),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                inner.clone().prop_map(nullable),
                inner.clone().prop_map(|shape| Shape::List(Box::new(shape))),
                prop::collection::vec(inner, 1..4).prop_map(|shapes| {
                    Shape::Object(
                        shapes.into_iter().enumerate().map(|(at, shape)| field(&format!("f{at}"), shape)).collect(),
                    )
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn samples_are_valid_and_ordered_by_length(shape in any_shape()) {
            let [shortest, typical, longest] =
                [Length::Shortest, Length::Typical, Length::Longest].map(|length| sample_value(&shape, length));
            for value in [&shortest, &typical, &longest] {
                prop_assert!(check_value(&shape, value).is_ok(), "{value}");
            }
            let length = |value: &Value| value.to_string().len();
            prop_assert!(length(&shortest) <= length(&typical) && length(&typical) <= length(&longest));
        }
    }
}
