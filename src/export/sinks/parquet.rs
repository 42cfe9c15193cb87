//! Rows as Parquet, by the low-level writers of the `parquet` crate. Its Arrow writers
//! would add minutes to the build.

use super::row_sink::{RowSink, SinkError, SinkOptions};
use super::shred::{Leaf, Node, Values, column_type};
use crate::export::columns::{CellKind, Column};
use crate::export::row::Row;
use crate::task::Shape;
use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::data_type::{BoolType, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::Result;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use std::io::Write;
use std::sync::Arc;

/// Rows per row group. Bounds the memory of writer and reader.
const GROUP_ROWS: usize = 2048;

/// Writes rows as Parquet.
pub(crate) struct ParquetSink<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    /// One node per column.
    nodes: Vec<Node>,
    /// The leaf columns of all nodes, depth first.
    leaves: Vec<Leaf>,
    /// Rows in `leaves`.
    row_count: usize,
}

impl<W: Write + Send> RowSink<W> for ParquetSink<W> {
    fn create(file: W, columns: &[Column], options: &SinkOptions) -> std::result::Result<Self, SinkError> {
        let (mut types, mut nodes, mut leaves) = (Vec::new(), Vec::new(), Vec::new());
        for column in columns {
            let name = &column.name;
            let shape = match &column.kind {
                CellKind::Json(shape) => shape,
                CellKind::Money | CellKind::Time => &Shape::Integer,
            };
            let (plain_type, node) = column_type(name, shape, &mut leaves, 0)?;
            types.push(match &column.kind {
                CellKind::Json(_) => plain_type,
                CellKind::Money => decimal_type(name)?,
                CellKind::Time => timestamp_type(name)?,
            });
            nodes.push(node);
        }
        let schema = Arc::new(Type::group_type_builder("docmill").with_fields(types).build()?);
        let writer = SerializedFileWriter::new(file, schema, Arc::new(properties(options)))?;
        Ok(Self { writer, nodes, leaves, row_count: 0 })
    }

    fn write(&mut self, columns: &[Column], row: &Row) -> std::result::Result<(), SinkError> {
        for (column, node) in columns.iter().zip(&self.nodes) {
            node.add_cell(column.cell(row), &mut self.leaves);
        }
        self.row_count += 1;
        if self.row_count == GROUP_ROWS {
            self.write_group()?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> std::result::Result<W, SinkError> {
        if self.row_count > 0 {
            self.write_group()?;
        }
        Ok(self.writer.into_inner()?)
    }
}

impl<W: Write + Send> ParquetSink<W> {
    fn write_group(&mut self) -> Result<()> {
        let mut group = self.writer.next_row_group()?;
        for leaf in &mut self.leaves {
            write_leaf(&mut group, leaf)?;
            leaf.clear();
        }
        group.close()?;
        self.row_count = 0;
        Ok(())
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

/// Compression, and the metadata `docmill.job`, `docmill.manifest` and `docmill.version`.
fn properties(options: &SinkOptions) -> WriterProperties {
    let pair = |key: &str, value: &str| KeyValue::new(format!("docmill.{key}"), value.to_owned());
    let version = env!("CARGO_PKG_VERSION");
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_created_by(format!("docmill version {version}"))
        .set_key_value_metadata(Some(vec![
            pair("job", &options.job),
            pair("manifest", &options.manifest_hash),
            pair("version", version),
        ]))
        .build()
}

/// Dollars with twelve decimals, so that pico-dollars are exact.
fn decimal_type(name: &str) -> Result<Arc<Type>> {
    let built = Type::primitive_type_builder(name, Physical::INT64)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(Some(LogicalType::decimal(12, 18)))
        .with_converted_type(ConvertedType::DECIMAL)
        .with_precision(18)
        .with_scale(12)
        .build()?;
    Ok(Arc::new(built))
}

/// Milliseconds since 1970, UTC.
fn timestamp_type(name: &str) -> Result<Arc<Type>> {
    let built = Type::primitive_type_builder(name, Physical::INT64)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(Some(LogicalType::timestamp(true, TimeUnit::MILLIS)))
        .build()?;
    Ok(Arc::new(built))
}
