//! Nested values as Parquet columns: leaves with definition and repetition levels.
//! Source: Parquet format, "Nested Encoding" and "LogicalTypes.md" (three-level lists).

use crate::base::units::days_since_epoch;
use crate::export::columns::Cell;
use crate::task::Shape;
use parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::data_type::ByteArray;
use parquet::errors::Result;
use parquet::schema::types::Type;
use serde_json::Value;
use std::sync::Arc;

/// The buffered values of one leaf column.
#[derive(Debug, Default)]
pub(crate) struct Leaf {
    /// One level per entry: how many of the optional and repeated parents are present.
    pub(crate) definitions: Vec<i16>,
    /// One level per entry: the list in which the entry starts a new element; 0 starts a row.
    pub(crate) repetitions: Vec<i16>,
    /// The values of the entries that have one.
    pub(crate) values: Values,
}

/// Values of one physical type.
#[derive(Debug)]
pub(crate) enum Values {
    /// UTF-8.
    Text(Vec<ByteArray>),
    /// Numbers.
    Double(Vec<f64>),
    /// Integers, money and times.
    Int64(Vec<i64>),
    /// Dates, in days since 1970-01-01.
    Int32(Vec<i32>),
    /// Booleans.
    Boolean(Vec<bool>),
}

impl Default for Values {
    fn default() -> Self {
        Self::Text(Vec::new())
    }
}

/// A column of any depth. Leaves are numbered depth first, in the order of Parquet's columns.
#[derive(Debug)]
pub(crate) enum Node {
    /// Position of the leaf.
    Leaf(usize),
    /// A list, and the repetition level of its elements.
    List { element: Box<Node>, repetition: i16 },
    /// The members, in the order of the schema.
    Object(Vec<(String, Node)>),
}

/// Builds the Parquet type of a column and the node that fills its leaves, which are appended
/// to `leaves`. Every level is optional. `depth` is the number of lists around the column.
pub(crate) fn column_type(name: &str, shape: &Shape, leaves: &mut Vec<Leaf>, depth: i16) -> Result<(Arc<Type>, Node)> {
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
        Shape::Nullable(inner) => column_type(name, inner, leaves, depth),
        Shape::Text | Shape::Choice(_) => {
            primitive(Physical::BYTE_ARRAY, Some(LogicalType::String), ConvertedType::UTF8, Values::Text(Vec::new()))
        }
        Shape::Number => primitive(Physical::DOUBLE, None, ConvertedType::NONE, Values::Double(Vec::new())),
        Shape::Integer => primitive(Physical::INT64, None, ConvertedType::NONE, Values::Int64(Vec::new())),
        Shape::Boolean => primitive(Physical::BOOLEAN, None, ConvertedType::NONE, Values::Boolean(Vec::new())),
        Shape::Date => {
            primitive(Physical::INT32, Some(LogicalType::Date), ConvertedType::DATE, Values::Int32(Vec::new()))
        }
        Shape::Tags { labels, .. } => list_type(name, &Shape::Choice(labels.clone()), leaves, depth),
        Shape::List(element) => list_type(name, element, leaves, depth),
        Shape::Object(fields) => {
            let mut types = Vec::new();
            let mut nodes = Vec::new();
            for field in fields {
                let (member_type, node) = column_type(&field.name, &field.shape, leaves, depth)?;
                types.push(member_type);
                nodes.push((field.name.clone(), node));
            }
            let group =
                Type::group_type_builder(name).with_repetition(Repetition::OPTIONAL).with_fields(types).build()?;
            Ok((Arc::new(group), Node::Object(nodes)))
        }
    }
}

fn list_type(name: &str, element: &Shape, leaves: &mut Vec<Leaf>, depth: i16) -> Result<(Arc<Type>, Node)> {
    let (element_type, node) = column_type("element", element, leaves, depth + 1)?;
    let repeated = Type::group_type_builder("list")
        .with_repetition(Repetition::REPEATED)
        .with_fields(vec![element_type])
        .build()?;
    let group = Type::group_type_builder(name)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(Some(LogicalType::List))
        .with_converted_type(ConvertedType::LIST)
        .with_fields(vec![Arc::new(repeated)])
        .build()?;
    Ok((Arc::new(group), Node::List { element: Box::new(node), repetition: depth + 1 }))
}

impl Leaf {
    /// Removes the buffered entries.
    pub(crate) fn clear(&mut self) {
        self.definitions.clear();
        self.repetitions.clear();
        match &mut self.values {
            Values::Text(all) => all.clear(),
            Values::Double(all) => all.clear(),
            Values::Int64(all) => all.clear(),
            Values::Int32(all) => all.clear(),
            Values::Boolean(all) => all.clear(),
        }
    }

    fn add(&mut self, definition: i16, repetition: i16) {
        self.definitions.push(definition);
        self.repetitions.push(repetition);
    }
}

impl Node {
    /// Adds the cell of a new row.
    pub(crate) fn add_cell(&self, cell: Cell<'_>, leaves: &mut [Leaf]) {
        if let Cell::Json { value, .. } = cell {
            return self.add_value(value, 0, 0, leaves);
        }
        let Self::Leaf(position) = self else { return };
        let leaf = &mut leaves[*position];
        let as_signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let is_stored = match cell {
            Cell::Text { text, .. } => leaf.values.push_text(text),
            Cell::Count(count) => leaf.values.push_integer(count.map(as_signed)),
            Cell::Money(amount) => leaf.values.push_integer(amount.map(|amount| amount.0)),
            Cell::Time(ms) => leaf.values.push_integer(ms),
            Cell::Json { .. } => false,
        };
        leaf.add(is_stored.into(), 0);
    }

    /// Adds a value. `definition` and `repetition` are the levels of its parent.
    fn add_value(&self, value: &Value, definition: i16, repetition: i16, leaves: &mut [Leaf]) {
        match (self, value) {
            (_, Value::Null) => self.add_absent(definition, repetition, leaves),
            (Self::Leaf(position), value) => {
                let leaf = &mut leaves[*position];
                let is_stored = leaf.values.push(value);
                leaf.add(definition + i16::from(is_stored), repetition);
            }
            (Self::Object(members), value) => {
                for (name, node) in members {
                    node.add_value(value.get(name).unwrap_or(&Value::Null), definition + 1, repetition, leaves);
                }
            }
            (Self::List { element, repetition: inner }, Value::Array(items)) if !items.is_empty() => {
                for (position, item) in items.iter().enumerate() {
                    let repetition = if position == 0 { repetition } else { *inner };
                    element.add_value(item, definition + 2, repetition, leaves);
                }
            }
            // An empty list is present but has no element.
            (Self::List { element, .. }, _) => element.add_absent(definition + 1, repetition, leaves),
        }
    }

    /// Adds an entry without a value to every leaf below this node.
    fn add_absent(&self, definition: i16, repetition: i16, leaves: &mut [Leaf]) {
        match self {
            Self::Leaf(position) => leaves[*position].add(definition, repetition),
            Self::List { element, .. } => element.add_absent(definition, repetition, leaves),
            Self::Object(members) => {
                members.iter().for_each(|(_, node)| node.add_absent(definition, repetition, leaves));
            }
        }
    }
}

impl Values {
    /// Adds a value. Returns `false` if it does not have this type, which validation rules out.
    fn push(&mut self, value: &Value) -> bool {
        match self {
            Self::Text(all) => value.as_str().map(|text| all.push(text.into())).is_some(),
            Self::Double(all) => value.as_f64().map(|number| all.push(number)).is_some(),
            Self::Int64(all) => value.as_i64().map(|number| all.push(number)).is_some(),
            Self::Int32(all) => value.as_str().and_then(days_since_epoch).map(|days| all.push(days)).is_some(),
            Self::Boolean(all) => value.as_bool().map(|flag| all.push(flag)).is_some(),
        }
    }

    /// Adds a text if there is one. Returns whether it was added.
    fn push_text(&mut self, text: Option<&str>) -> bool {
        match (self, text) {
            (Self::Text(all), Some(text)) => all.push(text.into()),
            _ => return false,
        }
        true
    }

    /// Adds an integer if there is one. Returns whether it was added.
    fn push_integer(&mut self, number: Option<i64>) -> bool {
        match (self, number) {
            (Self::Int64(all), Some(number)) => all.push(number),
            _ => return false,
        }
        true
    }
}
