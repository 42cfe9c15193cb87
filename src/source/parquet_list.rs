//! A list in a Parquet file.

use super::columns::{ColumnPlan, ListColumn, ListRow, is_blank};
use crate::base::units::date_of_days;
use crate::manifest::ColumnKind;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::record::reader::RowIter;
use parquet::schema::types::Type;
use serde_json::Value;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The rows of a Parquet file.
pub(crate) struct ParquetList {
    rows: RowIter<'static>,
    /// Rows that the footer promises and that have not been read yet.
    left: i64,
    /// Rows that were read.
    read: u64,
    /// For each column, whether the library returns its timestamps in nanoseconds.
    is_nanos: Vec<bool>,
}

impl ParquetList {
    /// Reads the columns from the footer.
    pub(crate) fn open(file: File) -> Result<(Vec<ListColumn>, Self), String> {
        catch_damage(|| {
            let reader = SerializedFileReader::new(file).map_err(|error| error.to_string())?;
            let metadata = reader.metadata().file_metadata();
            let (schema, left) = (metadata.schema().clone(), metadata.num_rows());
            let column = |field: &Type| ListColumn { name: field.name().to_owned(), kind: column_kind(field) };
            let columns = schema.get_fields().iter().map(|field| column(field)).collect();
            let is_nanos = schema.get_fields().iter().map(|field| is_nanos(field)).collect();
            let rows = RowIter::from_file_into(Box::new(reader));
            Ok((columns, Self { rows, left, read: 0, is_nanos }))
        })
    }

    /// The next row that is not empty.
    pub(crate) fn next_row(&mut self, plan: &ColumnPlan) -> Result<Option<ListRow>, String> {
        let values = loop {
            let Some(values) = catch_damage(|| self.next_values())? else { return Ok(None) };
            if !values.iter().all(is_blank) {
                break values;
            }
        };
        let path = values.get(plan.path).and_then(Value::as_str).unwrap_or_default().as_bytes().to_vec();
        let of = |columns: &[usize]| columns.iter().map(|at| values.get(*at).cloned().unwrap_or_default()).collect();
        Ok(Some(ListRow { line: self.read, path, values: of(&plan.carried), version: of(&plan.version) }))
    }

    /// The values of the next row's columns.
    fn next_values(&mut self) -> Result<Option<Vec<Value>>, String> {
        let Some(row) = self.rows.next() else {
            // The library ends the iteration early when it can't read a row group.
            return if self.left > 0 {
                Err(format!(
                    "{} rows can't be read; the file is damaged, or uses an unsupported compression",
                    self.left
                ))
            } else {
                Ok(None)
            };
        };
        self.left -= 1;
        self.read += 1;
        let row = row.map_err(|error| error.to_string())?;
        let fields = row.get_column_iter().map(|(_, field)| field);
        let value = |(field, is_nanos): (&Field, &bool)| match field {
            Field::Long(nanos) if *is_nanos => nanos.div_euclid(1_000_000).into(),
            field => json_value(field),
        };
        Ok(Some(fields.zip(&self.is_nanos).map(value).collect()))
    }
}

/// Runs `read`, and reports a panic as damage: the library panics on some damaged files
/// (found by fuzzing, parquet 60.1).
fn catch_damage<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err("the file is damaged".to_owned()))
}

fn is_nanos(field: &Type) -> bool {
    let info = field.get_basic_info();
    matches!(info.logical_type_ref(), Some(LogicalType::Timestamp(time)) if time.unit == TimeUnit::NANOS)
}

/// The type of a column, or what it holds instead.
fn column_kind(field: &Type) -> Result<ColumnKind, String> {
    if !field.is_primitive() {
        return Err("lists or structs".into());
    }
    let info = field.get_basic_info();
    let is_time = matches!(info.logical_type_ref(), Some(LogicalType::Timestamp { .. }))
        || matches!(info.converted_type(), ConvertedType::TIMESTAMP_MILLIS | ConvertedType::TIMESTAMP_MICROS);
    let is_date = info.converted_type() == ConvertedType::DATE || info.logical_type_ref() == Some(&LogicalType::Date);
    let is_text = matches!(
        info.logical_type_ref(),
        Some(LogicalType::String | LogicalType::Enum | LogicalType::Json | LogicalType::Uuid)
    ) || matches!(info.converted_type(), ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON);
    let is_decimal = info.converted_type() == ConvertedType::DECIMAL;
    match field.get_physical_type() {
        _ if is_date => Ok(ColumnKind::Date),
        _ if is_time => Ok(ColumnKind::Time),
        // A double would not be exact.
        _ if is_decimal => Ok(ColumnKind::Text),
        Physical::BOOLEAN => Ok(ColumnKind::Boolean),
        Physical::INT32 | Physical::INT64 => Ok(ColumnKind::Integer),
        Physical::FLOAT | Physical::DOUBLE => Ok(ColumnKind::Number),
        Physical::INT96 => Ok(ColumnKind::Time),
        Physical::BYTE_ARRAY if is_text => Ok(ColumnKind::Text),
        Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY => Err("bytes that are not text".into()),
    }
}

/// A value as JSON: dates as text, timestamps in milliseconds.
fn json_value(field: &Field) -> Value {
    match field {
        Field::Bool(value) => Value::Bool(*value),
        Field::Byte(value) => (*value).into(),
        Field::Short(value) => (*value).into(),
        Field::Int(value) => (*value).into(),
        Field::Long(value) => (*value).into(),
        Field::UByte(value) => (*value).into(),
        Field::UShort(value) => (*value).into(),
        Field::UInt(value) => (*value).into(),
        Field::ULong(value) => (*value).into(),
        Field::Float(value) => f64::from(*value).into(),
        Field::Double(value) => (*value).into(),
        Field::Str(text) => text.as_str().into(),
        Field::Date(days) => date_of_days(*days).into(),
        Field::TimestampMillis(ms) => (*ms).into(),
        Field::TimestampMicros(us) => (us.div_euclid(1000)).into(),
        Field::Decimal(_) => field.to_string().into(),
        _ => Value::Null,
    }
}
