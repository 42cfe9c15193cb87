//! Nested values as Parquet columns: leaves with definition and repetition levels.
//! Source: Parquet format, "Nested Encoding" and "LogicalTypes.md" (lists of three levels).

use crate::base::units::days_since_epoch;
use crate::export::columns::Cell;
use crate::task::Shape;
use parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::data_type::ByteArray;
use parquet::errors::Result;
use parquet::schema::types::Type;
use serde_json::Value;
use std::sync::Arc;

/// The values of one leaf column, as far as they have been collected.
#[derive(Debug, Default)]
pub(crate) struct Leaf {
    pub(crate) definitions: Vec<i16>,
    pub(crate) repetitions: Vec<i16>,
    pub(crate) values: Values,
}

/// Values of one physical type.
#[derive(Debug)]
pub(crate) enum Values {
    Text(Vec<ByteArray>),
    Double(Vec<f64>),
    Int64(Vec<i64>),
    Int32(Vec<i32>),
    Boolean(Vec<bool>),
}

impl Default for Values {
    fn default() -> Self {
        Self::Text(Vec::new())
    }
}

/// A column of any depth. Leaves are numbered depth first, as Parquet orders columns.
#[derive(Debug)]
pub(crate) enum Node {
    Leaf(usize),
    List { of: Box<Node>, repetition: i16 },
    Object(Vec<(String, Node)>),
}

/// Builds the Parquet type of a column and the node that fills its leaves. Every level
/// is optional.
pub(crate) fn column(name: &str, shape: &Shape, leaves: &mut Vec<Leaf>, depth: i16) -> Result<(Arc<Type>, Node)> {
    let mut primitive = |physical: Physical, logical: Option<LogicalType>, converted: ConvertedType, values: Values| {
        leaves.push(Leaf { values, ..Leaf::default() });
        let built = Type::primitive_type_builder(name, physical)
            .with_repetition(Repetition::OPTIONAL)
            .with_logical_type(logical)
            .with_converted_type(converted)
            .build()?;
        Ok((Arc::new(built), Node::Leaf(leaves.len() - 1)))
    };
    match shape {
        Shape::Nullable(of) => column(name, of, leaves, depth),
        Shape::Text | Shape::Choice(_) => {
            primitive(Physical::BYTE_ARRAY, Some(LogicalType::String), ConvertedType::UTF8, Values::Text(Vec::new()))
        }
        Shape::Number => primitive(Physical::DOUBLE, None, ConvertedType::NONE, Values::Double(Vec::new())),
        Shape::Integer => primitive(Physical::INT64, None, ConvertedType::NONE, Values::Int64(Vec::new())),
        Shape::Boolean => primitive(Physical::BOOLEAN, None, ConvertedType::NONE, Values::Boolean(Vec::new())),
        Shape::Date => {
            primitive(Physical::INT32, Some(LogicalType::Date), ConvertedType::DATE, Values::Int32(Vec::new()))
        }
        Shape::Tags { labels, .. } => list(name, &Shape::Choice(labels.clone()), leaves, depth),
        Shape::List(of) => list(name, of, leaves, depth),
        Shape::Object(fields) => {
            let mut types = Vec::new();
            let mut nodes = Vec::new();
            for field in fields {
                let (kind, node) = column(&field.name, &field.shape, leaves, depth)?;
                types.push(kind);
                nodes.push((field.name.clone(), node));
            }
            let group =
                Type::group_type_builder(name).with_repetition(Repetition::OPTIONAL).with_fields(types).build()?;
            Ok((Arc::new(group), Node::Object(nodes)))
        }
    }
}

fn list(name: &str, of: &Shape, leaves: &mut Vec<Leaf>, depth: i16) -> Result<(Arc<Type>, Node)> {
    let (element, node) = column("element", of, leaves, depth + 1)?;
    let repeated =
        Type::group_type_builder("list").with_repetition(Repetition::REPEATED).with_fields(vec![element]).build()?;
    let group = Type::group_type_builder(name)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(Some(LogicalType::List))
        .with_converted_type(ConvertedType::LIST)
        .with_fields(vec![Arc::new(repeated)])
        .build()?;
    Ok((Arc::new(group), Node::List { of: Box::new(node), repetition: depth + 1 }))
}

impl Node {
    /// Adds the cell of a column that every row has.
    pub(crate) fn put_cell(&self, cell: &Cell<'_>, leaves: &mut [Leaf]) {
        let Self::Leaf(at) = self else { return };
        let leaf = &mut leaves[*at];
        let integer = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let is_there = match cell {
            Cell::Plain(text) | Cell::Foreign(text) => leaf.values.push_text(*text),
            Cell::Count(count) => leaf.values.push_integer(count.map(integer)),
            Cell::Money(amount) => leaf.values.push_integer(amount.map(|amount| amount.0)),
            Cell::Time(ms) => leaf.values.push_integer(*ms),
        };
        leaf.definitions.push(is_there.into());
        leaf.repetitions.push(0);
    }

    /// Adds one value. `definition` and `repetition` are the levels of what stands around it.
    pub(crate) fn put(&self, value: &Value, definition: i16, repetition: i16, leaves: &mut [Leaf]) {
        match (self, value) {
            (_, Value::Null) => self.absent(definition, repetition, leaves),
            (Self::Leaf(at), value) => {
                let leaf = &mut leaves[*at];
                let is_stored = leaf.values.push(value);
                leaf.definitions.push(if is_stored { definition + 1 } else { definition });
                leaf.repetitions.push(repetition);
            }
            (Self::Object(members), value) => {
                for (name, node) in members {
                    node.put(value.get(name).unwrap_or(&Value::Null), definition + 1, repetition, leaves);
                }
            }
            (Self::List { of, repetition: inner }, Value::Array(items)) if !items.is_empty() => {
                for (at, item) in items.iter().enumerate() {
                    of.put(item, definition + 2, if at == 0 { repetition } else { *inner }, leaves);
                }
            }
            // An empty list is there, and has nothing in it.
            (Self::List { of, .. }, _) => of.absent(definition + 1, repetition, leaves),
        }
    }

    fn absent(&self, definition: i16, repetition: i16, leaves: &mut [Leaf]) {
        match self {
            Self::Leaf(at) => {
                leaves[*at].definitions.push(definition);
                leaves[*at].repetitions.push(repetition);
            }
            Self::List { of, .. } => of.absent(definition, repetition, leaves),
            Self::Object(members) => members.iter().for_each(|(_, node)| node.absent(definition, repetition, leaves)),
        }
    }
}

impl Values {
    /// Adds a value; `false` when it is not of this type, which validation rules out.
    fn push(&mut self, value: &Value) -> bool {
        match self {
            Self::Text(all) => value.as_str().map(|text| all.push(text.into())).is_some(),
            Self::Double(all) => value.as_f64().map(|number| all.push(number)).is_some(),
            Self::Int64(all) => value.as_i64().map(|number| all.push(number)).is_some(),
            Self::Int32(all) => value.as_str().and_then(days_since_epoch).map(|days| all.push(days)).is_some(),
            Self::Boolean(all) => value.as_bool().map(|flag| all.push(flag)).is_some(),
        }
    }

    /// Adds a text when there is one; whether there is.
    fn push_text(&mut self, text: Option<&str>) -> bool {
        match (self, text) {
            (Self::Text(all), Some(text)) => all.push(text.into()),
            _ => return false,
        }
        true
    }

    /// Adds a number when there is one; whether there is.
    fn push_integer(&mut self, number: Option<i64>) -> bool {
        match (self, number) {
            (Self::Int64(all), Some(number)) => all.push(number),
            _ => return false,
        }
        true
    }

    pub(crate) fn clear(&mut self) {
        match self {
            Self::Text(all) => all.clear(),
            Self::Double(all) => all.clear(),
            Self::Int64(all) => all.clear(),
            Self::Int32(all) => all.clear(),
            Self::Boolean(all) => all.clear(),
        }
    }
}
