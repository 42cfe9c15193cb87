//! A list in a Parquet file: its columns' types, and their values as JSON.

use super::table::{Kind, Opened, Rows};
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
pub(crate) struct Parquet {
    rows: RowIter<'static>,
    /// Rows that the file says it has and that did not come yet.
    left: i64,
    /// Whether a column counts nanoseconds, which the library hands on as they are.
    is_nanos: Vec<bool>,
}

pub(crate) fn open(file: File) -> Result<Opened, String> {
    guarded(|| opened(file))
}

/// The library panics at some damaged files (found by fuzzing, parquet 60.1): they are
/// damaged, and nothing else is.
fn guarded<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err("the file is damaged".to_owned()))
}

fn opened(file: File) -> Result<Opened, String> {
    let reader = SerializedFileReader::new(file).map_err(|error| error.to_string())?;
    let metadata = reader.metadata().file_metadata();
    let (schema, left) = (metadata.schema().clone(), metadata.num_rows());
    let known = schema.get_fields().iter().map(|field| (field.name().to_owned(), kind(field))).collect();
    let is_nanos = schema.get_fields().iter().map(|field| is_nanos(field)).collect();
    let rows = RowIter::from_file_into(Box::new(reader));
    Ok((known, Rows::Parquet(Parquet { rows, left, is_nanos })))
}

impl Parquet {
    /// The values of the next row.
    pub(crate) fn next(&mut self) -> Result<Option<Vec<Value>>, String> {
        guarded(|| self.read())
    }

    fn read(&mut self) -> Result<Option<Vec<Value>>, String> {
        // The library ends early where it can't read on, instead of saying so.
        let missing =
            || format!("{} rows can't be read; is it damaged, or compressed in a way that is not read?", self.left);
        let Some(row) = self.rows.next() else {
            return if self.left > 0 { Err(missing()) } else { Ok(None) };
        };
        self.left -= 1;
        let row = row.map_err(|error| error.to_string())?;
        let fields = row.get_column_iter().map(|(_, field)| field);
        let value = |(field, is_nanos): (&Field, &bool)| match field {
            Field::Long(nanos) if *is_nanos => nanos.div_euclid(1_000_000).into(),
            field => value(field),
        };
        Ok(Some(fields.zip(&self.is_nanos).map(value).collect()))
    }
}

fn is_nanos(field: &Type) -> bool {
    let info = field.get_basic_info();
    matches!(info.logical_type_ref(), Some(LogicalType::Timestamp(time)) if time.unit == TimeUnit::NANOS)
}

fn kind(field: &Type) -> Kind {
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
        // Exact as written; a double would not be.
        _ if is_decimal => Ok(ColumnKind::Text),
        Physical::BOOLEAN => Ok(ColumnKind::Boolean),
        Physical::INT32 | Physical::INT64 => Ok(ColumnKind::Integer),
        Physical::FLOAT | Physical::DOUBLE => Ok(ColumnKind::Number),
        Physical::INT96 => Ok(ColumnKind::Time),
        Physical::BYTE_ARRAY if is_text => Ok(ColumnKind::Text),
        Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY => Err("bytes that are no text".into()),
    }
}

/// A value in the form that its column's type has in JSON.
fn value(field: &Field) -> Value {
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
