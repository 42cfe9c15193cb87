//! A checked expression, evaluated as in SQL: a comparison with null is neither true nor false.

use super::columns::FilterColumn;
use super::pattern::Pattern;
use super::token::Comparator;
use super::value::{Literal, Value, ValueKind};
use crate::base::unicode::nfc;
use crate::export::Row;
use std::cmp::Ordering;
use std::fmt;

/// A checked expression.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    /// A comparison of two values.
    Compare(Operand, Comparator, Operand),
    /// Whether a value is one of several.
    In(FilterColumn, Vec<Literal>),
    /// Whether a text, or any text of a list, has a form.
    Like(FilterColumn, Pattern),
    /// Whether a text has a part, or a list an item.
    Contains(FilterColumn, Literal),
    /// Whether there is no value.
    IsNull(FilterColumn),
    /// A boolean column.
    IsTrue(FilterColumn),
    /// The contrary.
    Not(Box<Expression>),
    /// All of them.
    And(Vec<Expression>),
    /// At least one of them.
    Or(Vec<Expression>),
}

/// A side of a comparison.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    /// A column.
    Column(FilterColumn),
    /// A value.
    Literal(Literal),
}

impl Operand {
    /// The position of the task whose answer it is.
    fn task(&self) -> Option<usize> {
        match self {
            Self::Column(column) => column.task(),
            Self::Literal(_) => None,
        }
    }

    fn value<'r>(&'r self, row: &'r Row) -> Option<Value<'r>> {
        match self {
            Self::Column(column) => column.value(row),
            Self::Literal(literal) => Some(literal.value()),
        }
    }
}

impl Expression {
    /// Adds the positions of the tasks whose answers it is about.
    pub(crate) fn add_answered_tasks(&self, tasks: &mut Vec<usize>) {
        match self {
            Self::Compare(left, _, right) => {
                tasks.extend([left, right].into_iter().filter_map(Operand::task));
            }
            Self::In(column, _)
            | Self::Like(column, _)
            | Self::Contains(column, _)
            | Self::IsNull(column)
            | Self::IsTrue(column) => tasks.extend(column.task()),
            Self::Not(inner) => inner.add_answered_tasks(tasks),
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.add_answered_tasks(tasks)),
        }
    }

    /// Whether it is true of a row; `None`: unknown, because a value is null.
    pub(crate) fn evaluate(&self, row: &Row) -> Option<bool> {
        match self {
            Self::Compare(left, comparison, right) => {
                let order = left.value(row)?.compare(right.value(row)?)?;
                Some(match comparison {
                    Comparator::Equal => order == Ordering::Equal,
                    Comparator::NotEqual => order != Ordering::Equal,
                    Comparator::Less => order == Ordering::Less,
                    Comparator::LessOrEqual => order != Ordering::Greater,
                    Comparator::Greater => order == Ordering::Greater,
                    Comparator::GreaterOrEqual => order != Ordering::Less,
                })
            }
            Self::In(column, values) => {
                let value = column.value(row)?;
                Some(values.iter().any(|one| value.compare(one.value()) == Some(Ordering::Equal)))
            }
            Self::Like(column, pattern) => match column.value(row)? {
                Value::Text(text) => Some(pattern.matches(text)),
                Value::List(items) => {
                    Some(items.iter().any(|item| item.as_str().is_some_and(|text| pattern.matches(text))))
                }
                _ => None,
            },
            Self::Contains(column, part) => match (column.value(row)?, part.value()) {
                (Value::Text(text), Value::Text(part)) => Some(nfc(text).contains(&*nfc(part))),
                (Value::List(items), part) => Some(list_has(items, &column.kind, part)),
                _ => None,
            },
            Self::IsNull(column) => Some(column.value(row).is_none()),
            Self::IsTrue(column) => match column.value(row)? {
                Value::Boolean(is_true) => Some(is_true),
                _ => None,
            },
            Self::Not(inner) => inner.evaluate(row).map(|is_true| !is_true),
            Self::And(parts) => all(parts.iter().map(|part| part.evaluate(row))),
            Self::Or(parts) => {
                all(parts.iter().map(|part| part.evaluate(row).map(|is_true| !is_true))).map(|none| !none)
            }
        }
    }
}

fn list_has(items: &[serde_json::Value], kind: &ValueKind, part: Value<'_>) -> bool {
    let ValueKind::List(kind) = kind else { return false };
    let is_part = |item| Value::of_json(item, kind).and_then(|item| item.compare(part)) == Some(Ordering::Equal);
    items.iter().any(is_part)
}

/// False if one is false, otherwise unknown if one is unknown, otherwise true.
fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for part in parts {
        match part {
            Some(true) => {}
            Some(false) => return Some(false),
            None => result = None,
        }
    }
    result
}

/// The expression in one spelling, independent of the spaces, quotes and capitals that were typed.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare(left, comparison, right) => write!(f, "{left} {} {right}", comparison.symbol()),
            Self::In(column, values) => {
                let values: Vec<String> = values.iter().map(ToString::to_string).collect();
                write!(f, "{column} in ({})", values.join(", "))
            }
            Self::Like(column, pattern) => {
                let word = if pattern.ignores_case() { "ilike" } else { "like" };
                write!(f, "{column} {word} {}", Literal::Text(pattern.text().to_owned()))
            }
            Self::Contains(column, part) => write!(f, "{column} contains {part}"),
            Self::IsNull(column) => write!(f, "{column} is null"),
            Self::IsTrue(column) => write!(f, "{column}"),
            Self::Not(inner) => match &**inner {
                Self::IsNull(column) => write!(f, "{column} is not null"),
                Self::And(_) | Self::Or(_) => write!(f, "not {inner}"),
                _ => write!(f, "not ({inner})"),
            },
            Self::And(parts) => write_parts(f, parts, " and "),
            Self::Or(parts) => write_parts(f, parts, " or "),
        }
    }
}

fn write_parts(f: &mut fmt::Formatter<'_>, parts: &[Expression], word: &str) -> fmt::Result {
    let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
    write!(f, "({})", parts.join(word))
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Column(column) => write!(f, "{column}"),
            Self::Literal(literal) => write!(f, "{literal}"),
        }
    }
}
