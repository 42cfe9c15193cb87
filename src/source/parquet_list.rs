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
    /// The meaning of the numbers of each column.
    numbers: Vec<Numbers>,
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
            let numbers = schema.get_fields().iter().map(|field| Numbers::of_column(field)).collect();
            let rows = RowIter::from_file_into(Box::new(reader));
            Ok((columns, Self { rows, left, read: 0, numbers }))
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
        Ok(Some(fields.zip(&self.numbers).map(|(field, numbers)| numbers.json_value(field)).collect()))
    }
}

/// Runs `read`, and reports a panic as damage: the library panics on some damaged files
/// (found by fuzzing, parquet 60.1).
fn catch_damage<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err("the file is damaged".to_owned()))
}

/// The meaning of the numbers of a column, which the library does not expose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbers {
    /// What the library returns.
    Typed,
    /// Nanoseconds since 1970.
    TimestampNanos,
    /// Parts of a second since midnight: how many digits they have.
    TimeOfDay(u32),
}

impl Numbers {
    fn of_column(field: &Type) -> Self {
        let info = field.get_basic_info();
        match (info.logical_type_ref(), info.converted_type()) {
            (Some(LogicalType::Timestamp(time)), _) if time.unit == TimeUnit::NANOS => Self::TimestampNanos,
            (Some(LogicalType::Time(time)), _) => Self::TimeOfDay(match time.unit {
                TimeUnit::MILLIS => 3,
                TimeUnit::MICROS => 6,
                TimeUnit::NANOS => 9,
            }),
            (_, ConvertedType::TIME_MILLIS) => Self::TimeOfDay(3),
            (_, ConvertedType::TIME_MICROS) => Self::TimeOfDay(6),
            _ => Self::Typed,
        }
    }

    fn json_value(self, field: &Field) -> Value {
        match (self, field) {
            (Self::TimestampNanos, Field::Long(nanos)) => nanos.div_euclid(1_000_000).into(),
            (Self::TimeOfDay(digits), Field::Int(count) | Field::TimeMillis(count)) => {
                time_of_day((*count).into(), digits).into()
            }
            (Self::TimeOfDay(digits), Field::Long(count) | Field::TimeMicros(count)) => {
                time_of_day(*count, digits).into()
            }
            (_, field) => json_value(field),
        }
    }
}

/// A time of day as `HH:MM:SS`, with the part of a second if it is not zero. `count`: parts of a second
/// since midnight, ten to the power of `digits` per second. `None`: not within a day.
fn time_of_day(count: i64, digits: u32) -> Option<String> {
    let parts = 10_i64.pow(digits);
    let (seconds, part) = (count.div_euclid(parts), count.rem_euclid(parts));
    // 24:00:00 is the end of the day in ISO 8601.
    if !(0..86_400).contains(&seconds) && (seconds, part) != (86_400, 0) {
        return None;
    }
    let text = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    let width = digits as usize;
    Some(if part == 0 { text } else { format!("{text}.{part:0width$}") })
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
    let is_unsigned = info.converted_type() == ConvertedType::UINT_64
        || matches!(info.logical_type_ref(), Some(LogicalType::Integer(integer)) if integer.bit_width == 64 && !integer.is_signed);
    match field.get_physical_type() {
        _ if is_date => Ok(ColumnKind::Date),
        _ if is_time => Ok(ColumnKind::Time),
        // A double would not be exact.
        _ if is_decimal => Ok(ColumnKind::Text),
        // Half of its values are not int64.
        _ if is_unsigned => Ok(ColumnKind::Text),
        _ if Numbers::of_column(field) != Numbers::Typed => Ok(ColumnKind::Text),
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
        Field::ULong(value) => value.to_string().into(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_text() {
        for (count, digits, text) in [
            (0, 3, Some("00:00:00")),
            (45_296_789, 3, Some("12:34:56.789")),
            (45_296_000_001, 6, Some("12:34:56.000001")),
            (86_399_999_999_999, 9, Some("23:59:59.999999999")),
            (86_400_000, 3, Some("24:00:00")),
            (86_400_001, 3, None),
            (-1, 6, None),
            (i64::MAX, 9, None),
        ] {
            assert_eq!(time_of_day(count, digits).as_deref(), text, "{count} with {digits} digits");
        }
    }
}
