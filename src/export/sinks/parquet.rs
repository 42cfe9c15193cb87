//! Rows as Parquet, by the library's own column writers: Arrow would cost every newcomer
//! minutes of build.

use super::shred::{Leaf, Node, Values, column as column_type};
use crate::export::columns::{Column, Fixed, Kind};
use crate::export::row::Row;
use crate::manifest::ColumnKind;
use crate::task::Shape;
use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::data_type::{BoolType, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::Result;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use serde_json::Value;
use std::io::Write;
use std::sync::Arc;

/// Rows in a row group: bounds memory, and what a reader has to skip.
const GROUP: usize = 2048;

/// What a file says of itself.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) job: String,
    pub(crate) manifest_hash: String,
}

/// Writes rows as Parquet.
pub(crate) struct Parquet<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    /// One a column.
    nodes: Vec<Node>,
    leaves: Vec<Leaf>,
    rows: usize,
}

impl<W: Write + Send> Parquet<W> {
    pub(crate) fn new(out: W, columns: &[Column<'_>], about: &About) -> Result<Self> {
        let (mut types, mut nodes, mut leaves) = (Vec::new(), Vec::new(), Vec::new());
        for column in columns {
            let name = column.name();
            let (kind, node) = column_type(name, &shape(column), &mut leaves, 0)?;
            types.push(match column {
                Column::Fixed(Fixed { kind: Kind::Money, .. }) => decimal(name)?,
                Column::Fixed(Fixed { kind: Kind::Time, .. }) | Column::Carried(_, _, ColumnKind::Time) => {
                    timestamp(name)?
                }
                _ => kind,
            });
            nodes.push(node);
        }
        let schema = Arc::new(Type::group_type_builder("docmill").with_fields(types).build()?);
        let writer = SerializedFileWriter::new(out, schema, Arc::new(properties(about)))?;
        Ok(Self { writer, nodes, leaves, rows: 0 })
    }

    pub(crate) fn write(&mut self, row: &Row, columns: &[Column<'_>]) -> Result<()> {
        let leaves = &mut self.leaves;
        for (column, node) in columns.iter().zip(&self.nodes) {
            match column {
                Column::Fixed(fixed) => node.put_cell(&(fixed.cell)(row), leaves),
                Column::Carried(at, ..) => node.put(row.carried.get(*at).unwrap_or(&Value::Null), 0, 0, leaves),
                Column::Task(at, ..) => node.put(row.answers.get(*at).unwrap_or(&Value::Null), 0, 0, leaves),
            }
        }
        self.rows += 1;
        if self.rows == GROUP { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<()> {
        let mut group = self.writer.next_row_group()?;
        for leaf in &mut self.leaves {
            write_leaf(&mut group, leaf)?;
            leaf.definitions.clear();
            leaf.repetitions.clear();
            leaf.values.clear();
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<W> {
        if self.rows > 0 {
            self.flush()?;
        }
        self.writer.into_inner()
    }
}

/// The form of a column's values.
fn shape(column: &Column<'_>) -> Shape {
    match column {
        Column::Task(_, _, shape) => (*shape).clone(),
        Column::Fixed(Fixed { kind: Kind::Text, .. }) | Column::Carried(_, _, ColumnKind::Text) => Shape::Text,
        Column::Fixed(_) | Column::Carried(_, _, ColumnKind::Integer | ColumnKind::Time) => Shape::Integer,
        Column::Carried(_, _, ColumnKind::Number) => Shape::Number,
        Column::Carried(_, _, ColumnKind::Boolean) => Shape::Boolean,
        Column::Carried(_, _, ColumnKind::Date) => Shape::Date,
    }
}

fn write_leaf<W: Write + Send>(group: &mut SerializedRowGroupWriter<'_, W>, leaf: &Leaf) -> Result<()> {
    let Some(mut column) = group.next_column()? else {
        return Ok(());
    };
    let (definitions, repetitions) = (Some(leaf.definitions.as_slice()), Some(leaf.repetitions.as_slice()));
    match &leaf.values {
        Values::Text(all) => column.typed::<ByteArrayType>().write_batch(all, definitions, repetitions)?,
        Values::Double(all) => column.typed::<DoubleType>().write_batch(all, definitions, repetitions)?,
        Values::Int64(all) => column.typed::<Int64Type>().write_batch(all, definitions, repetitions)?,
        Values::Int32(all) => column.typed::<Int32Type>().write_batch(all, definitions, repetitions)?,
        Values::Boolean(all) => column.typed::<BoolType>().write_batch(all, definitions, repetitions)?,
    };
    column.close()
}

fn properties(about: &About) -> WriterProperties {
    let pair = |key: &str, value: &str| KeyValue::new(format!("docmill.{key}"), value.to_owned());
    let version = env!("CARGO_PKG_VERSION");
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(format!("docmill version {version}"))
        .set_key_value_metadata(Some(vec![
            pair("job", &about.job),
            pair("manifest", &about.manifest_hash),
            pair("version", version),
        ]))
        .build()
}

/// Pico-dollars are an exact decimal of twelve places.
fn decimal(name: &str) -> Result<Arc<Type>> {
    let built = Type::primitive_type_builder(name, Physical::INT64)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(Some(LogicalType::decimal(12, 18)))
        .with_converted_type(ConvertedType::DECIMAL)
        .with_precision(18)
        .with_scale(12)
        .build()?;
    Ok(Arc::new(built))
}

fn timestamp(name: &str) -> Result<Arc<Type>> {
    let built = Type::primitive_type_builder(name, Physical::INT64)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(Some(LogicalType::timestamp(true, TimeUnit::MILLIS)))
        .build()?;
    Ok(Arc::new(built))
}
