//! Rows as Parquet, by the library's own column writers: Arrow would cost every newcomer
//! minutes of build.

use super::row::{Columns, Row};
use super::shred::{Leaf, Node, Values, column};
use crate::task::Shape;
use parquet::basic::{Compression, ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::data_type::{BoolType, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use std::io::Write;
use std::sync::Arc;

/// Rows in a row group: bounds memory, and what a reader has to skip.
const GROUP: usize = 2048;

/// What a file says of itself.
#[derive(Clone, Debug)]
pub(super) struct About {
    pub(super) job: String,
    pub(super) manifest_hash: String,
}

/// Writes rows as Parquet.
pub(super) struct Parquet<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    nodes: Vec<Node>,
    leaves: Vec<Leaf>,
    /// Where the leaves of the columns after the tasks begin.
    after: usize,
    rows: usize,
}

impl<W: Write + Send> Parquet<W> {
    pub(super) fn new(out: W, columns: &Columns, about: &About) -> Result<Self> {
        let (mut types, mut leaves) = (Vec::new(), Vec::new());
        let mut add = |name: &str, shape: &Shape, leaves: &mut Vec<Leaf>| -> Result<Node> {
            let (kind, node) = column(name, shape, leaves, 0)?;
            types.push(kind);
            Ok(node)
        };
        for (name, shape) in [("path", Shape::Text), ("page", Shape::Integer), ("status", Shape::Text)] {
            add(name, &shape, &mut leaves)?;
        }
        let tasks = columns.tasks.iter().map(|(name, shape)| add(name, shape, &mut leaves));
        let nodes = tasks.collect::<Result<Vec<_>>>()?;
        let after = leaves.len();
        for (name, shape) in [
            ("model", Shape::Text),
            ("input_tokens", Shape::Integer),
            ("cached_input_tokens", Shape::Integer),
            ("output_tokens", Shape::Integer),
            ("cost_usd", Shape::Integer),
            ("attempts", Shape::Integer),
            ("latency_ms", Shape::Integer),
            ("answered_at", Shape::Integer),
            ("content_hash", Shape::Text),
            ("duplicate_of", Shape::Text),
            ("error_kind", Shape::Text),
            ("error", Shape::Text),
        ] {
            add(name, &shape, &mut leaves)?;
        }
        for kind in &mut types {
            match kind.name() {
                "cost_usd" => *kind = decimal(kind.name())?,
                "answered_at" => *kind = timestamp(kind.name())?,
                _ => {}
            }
        }
        let schema = Arc::new(Type::group_type_builder("docmill").with_fields(types).build()?);
        let writer = SerializedFileWriter::new(out, schema, Arc::new(properties(about)))?;
        Ok(Self { writer, nodes, leaves, after, rows: 0 })
    }

    pub(super) fn write(&mut self, row: &Row) -> Result<()> {
        let integer = |count: u64| Some(i64::try_from(count).unwrap_or(i64::MAX));
        let leaves = &mut self.leaves;
        leaves[0].put_text(Some(&row.path));
        leaves[1].put_integer(integer(row.page.into()));
        leaves[2].put_text(Some(row.status.name()));
        for (node, value) in self.nodes.iter().zip(&row.answers) {
            node.put(value, 0, 0, leaves);
        }
        let [model, input, cached, output, cost, attempts, latency, answered, content, duplicate, kind, error] =
            &mut leaves[self.after..]
        else {
            return Err(ParquetError::General("the columns are not those of a row".into()));
        };
        model.put_text(Some(&row.model));
        input.put_integer(integer(row.input_tokens));
        cached.put_integer(integer(row.cached_input_tokens));
        output.put_integer(integer(row.output_tokens));
        cost.put_integer(row.cost.map(|cost| cost.0));
        attempts.put_integer(integer(row.attempts));
        latency.put_integer(row.latency_ms.and_then(integer));
        answered.put_integer(row.answered_at_ms);
        content.put_text(row.content_hash.as_deref());
        duplicate.put_text(row.duplicate_of.as_deref());
        kind.put_text(row.error_kind.as_deref());
        error.put_text(row.error.as_deref());
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

    pub(super) fn finish(mut self) -> Result<W> {
        if self.rows > 0 {
            self.flush()?;
        }
        self.writer.into_inner()
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
