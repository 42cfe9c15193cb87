//! How long a reply may be: the shortest, a usual and the longest one that is valid, for
//! the plan, and for the room that a reply is given. Texts and lists have no bound of
//! their own; what is taken for them here is generous.

use super::question::Question;
use super::shape::{Field, Shape};
use serde_json::{Map, Value, json};

/// Items of a list: in a usual reply, and in the longest.
const ITEMS: (usize, usize) = (3, 20);
/// Words of a text: in a usual reply, and in the longest.
const WORDS: (usize, usize) = (8, 100);

/// How long a reply is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    Shortest,
    Usual,
    Longest,
}

/// Replies of three lengths, as a model writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replies {
    /// The shortest that is valid.
    pub shortest: String,
    /// One as they usually are.
    pub usual: String,
    /// The longest that is reasonable.
    pub longest: String,
}

/// Replies to these questions.
#[must_use]
pub fn replies(questions: &[&Question]) -> Replies {
    let reply = |length| {
        let member = |question: &&Question| (question.name.clone(), value(&question.shape, length));
        Value::Object(questions.iter().map(member).collect::<Map<_, _>>()).to_string()
    };
    Replies { shortest: reply(Length::Shortest), usual: reply(Length::Usual), longest: reply(Length::Longest) }
}

fn value(shape: &Shape, length: Length) -> Value {
    match shape {
        Shape::Text => text(length).into(),
        Shape::Number => match length {
            Length::Shortest => json!(0),
            Length::Usual => json!(1234.56),
            Length::Longest => json!(-123_456_789.123_456),
        },
        Shape::Integer => match length {
            Length::Shortest => json!(0),
            Length::Usual => json!(1234),
            Length::Longest => json!(i64::MIN),
        },
        Shape::Boolean => json!(false),
        Shape::Date => json!("2026-11-23"),
        Shape::Choice(labels) => one(labels, length),
        Shape::Tags { labels, max } => {
            let most = max.map_or(labels.len(), |max| usize::try_from(max).unwrap_or(usize::MAX)).min(labels.len());
            let count = match length {
                Length::Shortest => 0,
                Length::Usual => labels.len().div_ceil(3).min(most),
                Length::Longest => most,
            };
            let mut sorted: Vec<&String> = labels.iter().collect();
            sorted.sort_by_key(|label| std::cmp::Reverse(label.len()));
            let skipped = if length == Length::Usual { (sorted.len() - count) / 2 } else { 0 };
            sorted.into_iter().skip(skipped).take(count).map(|label| json!(label)).collect()
        }
        Shape::List(of) => {
            let count = match length {
                Length::Shortest => 0,
                Length::Usual => ITEMS.0,
                Length::Longest => ITEMS.1,
            };
            Value::Array(vec![value(of, length); count])
        }
        Shape::Object(fields) => {
            let member = |field: &Field| (field.name.clone(), value(&field.shape, length));
            Value::Object(fields.iter().map(member).collect())
        }
        Shape::Nullable(of) => value(of, length),
    }
}

fn text(length: Length) -> String {
    let words = |count: usize| vec!["word"; count].join(" ");
    match length {
        Length::Shortest => "x".into(),
        Length::Usual => words(WORDS.0),
        Length::Longest => words(WORDS.1),
    }
}

/// The shortest, the middle or the longest label.
fn one(labels: &[String], length: Length) -> Value {
    let mut sorted: Vec<&String> = labels.iter().collect();
    sorted.sort_by_key(|label| label.len());
    let at = match length {
        Length::Shortest => 0,
        Length::Usual => sorted.len() / 2,
        Length::Longest => sorted.len().saturating_sub(1),
    };
    sorted.get(at).map_or(Value::Null, |label| json!(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_lengths_of_every_shape() {
        let labels = || vec!["a".to_owned(), "letter".to_owned(), "purchase_order".to_owned()];
        let fields = vec![
            Field { name: "total".into(), description: None, shape: Shape::Nullable(Box::new(Shape::Number)) },
            Field { name: "lines".into(), description: None, shape: Shape::List(Box::new(Shape::Integer)) },
        ];
        for (shape, shortest, usual) in [
            (Shape::Choice(labels()), json!("a"), json!("letter")),
            (Shape::Tags { labels: labels(), max: Some(2) }, json!([]), json!(["letter"])),
            (Shape::Boolean, json!(false), json!(false)),
            (
                Shape::Object(fields),
                json!({"total": 0, "lines": []}),
                json!({"total": 1234.56, "lines": [1234, 1234, 1234]}),
            ),
        ] {
            assert_eq!(value(&shape, Length::Shortest), shortest, "{shape:?}");
            assert_eq!(value(&shape, Length::Usual), usual, "{shape:?}");
            let longest = value(&shape, Length::Longest).to_string();
            assert!(longest.len() >= usual.to_string().len(), "{shape:?}");
        }
    }
}
