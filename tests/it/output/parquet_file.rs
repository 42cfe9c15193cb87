//! Reads a Parquet file back with the `parquet` crate: names, types and values of its columns.

use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::data_type::Decimal;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;
use serde_json::{Map, Value};
use std::path::Path;

/// What a Parquet file holds.
pub(crate) struct Table {
    /// Name and type of each column, in the words of docs/rows.md.
    pub columns: Vec<(String, String)>,
    /// Its rows; times as JSON Lines has them.
    pub rows: Vec<Map<String, Value>>,
}

/// Reads a whole file.
pub(crate) fn read(path: &Path) -> Result<Table, String> {
    let words = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let file = std::fs::File::open(path).map_err(|error| words(&error))?;
    let reader = SerializedFileReader::new(file).map_err(|error| words(&error))?;
    let schema = reader.metadata().file_metadata().schema().clone();
    let columns = schema.get_fields().iter().map(|field| (field.name().to_owned(), type_name(field))).collect();
    let rows = reader.get_row_iter(None).map_err(|error| words(&error))?;
    let rows = rows.map(|row| row.map(|row| members(&row))).collect::<Result<Vec<_>, _>>();
    let rows = rows.map_err(|error| words(&error))?;
    let counted = reader.metadata().file_metadata().num_rows();
    if usize::try_from(counted) != Ok(rows.len()) {
        return Err(format!("{}: {} rows, but {counted} in its metadata", path.display(), rows.len()));
    }
    Ok(Table { columns, rows })
}

/// `int64`, `list<string>`, `struct<count: int64, due: date32>`.
fn type_name(field: &Type) -> String {
    let inner = |field: &Type| {
        let members = field.get_fields().iter().map(|field| format!("{}: {}", field.name(), type_name(field)));
        members.collect::<Vec<_>>().join(", ")
    };
    let info = field.get_basic_info();
    if field.is_group() {
        let is_list =
            info.converted_type() == ConvertedType::LIST || info.logical_type_ref() == Some(&LogicalType::List);
        if !is_list {
            return format!("struct<{}>", inner(field));
        }
        let repeated = &field.get_fields()[0];
        assert_eq!(repeated.get_basic_info().repetition(), Repetition::REPEATED, "{}", field.name());
        return format!("list<{}>", type_name(&repeated.get_fields()[0]));
    }
    match (field.get_physical_type(), info.logical_type_ref()) {
        (Physical::BYTE_ARRAY, Some(LogicalType::String)) => "string".to_owned(),
        (Physical::INT64, Some(LogicalType::Decimal(decimal))) => {
            format!("decimal({}, {})", decimal.precision, decimal.scale)
        }
        (Physical::INT64, Some(LogicalType::Timestamp(time))) if time.unit == TimeUnit::MILLIS => {
            format!("timestamp(ms{})", if time.is_adjusted_to_u_t_c { ", UTC" } else { "" })
        }
        (Physical::INT64, None) => "int64".to_owned(),
        (Physical::INT32, Some(LogicalType::Date)) => "date32".to_owned(),
        (Physical::DOUBLE, None) => "double".to_owned(),
        (Physical::BOOLEAN, None) => "bool".to_owned(),
        other => format!("{other:?}"),
    }
}

fn members(row: &Row) -> Map<String, Value> {
    row.get_column_iter().map(|(name, field)| (name.clone(), value(field))).collect()
}

fn value(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(flag) => (*flag).into(),
        Field::Long(number) => (*number).into(),
        Field::Double(number) => (*number).into(),
        Field::Str(text) => text.as_str().into(),
        Field::Decimal(decimal) => decimal_text(decimal).into(),
        Field::Date(days) => {
            let day = jiff::civil::date(1970, 1, 1) + jiff::Span::new().days(*days);
            day.to_string().into()
        }
        Field::TimestampMillis(ms) => {
            let time = jiff::Timestamp::from_millisecond(*ms).unwrap();
            format!("{time:.3}").into()
        }
        Field::Group(row) => Value::Object(members(row)),
        Field::ListInternal(list) => list.elements().iter().map(value).collect(),
        other => format!("unexpected: {other:?}").into(),
    }
}

/// As JSON Lines writes money: without zeros at the end.
fn decimal_text(decimal: &Decimal) -> String {
    let bytes = decimal.data();
    let fill = if bytes.first().is_some_and(|first| *first >= 0x80) { 0xff } else { 0 };
    let mut whole = [fill; 16];
    whole[16 - bytes.len()..].copy_from_slice(bytes);
    let (number, scale) = (i128::from_be_bytes(whole), 10_i128.pow(decimal.scale().try_into().unwrap()));
    let places = usize::try_from(decimal.scale()).unwrap();
    let text = format!("{}.{:0places$}", number / scale, number % scale);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
