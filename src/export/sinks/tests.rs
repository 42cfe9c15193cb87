//! The same rows in every format, and nested values through the Parquet encoding and back.

use super::csv::CsvSink;
use super::jsonl::JsonlSink;
use super::parquet::ParquetSink;
use super::row_sink::{RowSink, SinkOptions};
use crate::base::money::Pico;
use crate::base::units::date_of_days;
use crate::base::vocabulary::RowStatus;
use crate::export::columns::Column;
use crate::export::row::Row;
use crate::export::spec::RowSpec;
use crate::manifest;
use crate::manifest::ColumnKind;
use crate::task::{Field as Member, Shape};
use ::parquet::file::reader::{FileReader, SerializedFileReader};
use ::parquet::record::Field;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn row() -> Row {
    Row {
        path: "=mail/1, \"a\".jpg".into(),
        page: 2,
        status: RowStatus::Ok,
        carried: Vec::new(),
        answers: Vec::new(),
        sources: Vec::new(),
        model: "@model".into(),
        input_tokens: 1100,
        cached_input_tokens: 128,
        output_tokens: 21,
        cost: Some(Pico(459_800_000_000)),
        attempts: 2,
        latency_ms: Some(1234),
        answered_at_ms: Some(1_795_538_798_250),
        content_hash: Some("ab12".into()),
        duplicate_of: Some("-first.jpg".into()),
        distance: Some(3),
        error_kind: None,
        error: Some("=1+1".into()),
    }
}

/// A row in which everything that can be null is null.
fn empty_row() -> Row {
    Row {
        path: String::new(),
        status: RowStatus::Pending,
        cost: None,
        latency_ms: None,
        answered_at_ms: None,
        content_hash: None,
        duplicate_of: None,
        distance: None,
        error: None,
        ..row()
    }
}

fn written<S: RowSink<Vec<u8>>>(spec: &RowSpec, rows: &[Row], options: &SinkOptions) -> Vec<u8> {
    let columns = Column::list(spec);
    let mut sink = S::create(Vec::new(), &columns, options).unwrap();
    rows.iter().for_each(|row| sink.write(&columns, row).unwrap());
    Box::new(sink).finish().unwrap()
}

fn csv_cells(spec: &RowSpec, rows: &[Row], options: &SinkOptions) -> Vec<Vec<String>> {
    let bytes = written::<CsvSink<Vec<u8>>>(spec, rows, options);
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(&*bytes);
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn json_rows(spec: &RowSpec, rows: &[Row]) -> Vec<Value> {
    let bytes = written::<JsonlSink<Vec<u8>>>(spec, rows, &SinkOptions::default());
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn parquet_reader(spec: &RowSpec, rows: &[Row]) -> SerializedFileReader<bytes::Bytes> {
    let options = SinkOptions { job: "mail".into(), manifest_hash: "abc".into(), ..SinkOptions::default() };
    SerializedFileReader::new(written::<ParquetSink<Vec<u8>>>(spec, rows, &options).into()).unwrap()
}

fn parquet_rows(spec: &RowSpec, rows: &[Row]) -> Vec<Value> {
    let reader = parquet_reader(spec, rows);
    let rows = reader.get_row_iter(None).unwrap().map(Result::unwrap);
    let as_json = |row: ::parquet::record::Row| {
        row.get_column_iter().map(|(name, field)| (name.clone(), json_of(field))).collect()
    };
    rows.map(|row| Value::Object(as_json(row))).collect()
}

fn json_of(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(flag) => (*flag).into(),
        Field::Long(number) => (*number).into(),
        Field::Double(number) => (*number).into(),
        Field::Str(text) => text.as_str().into(),
        Field::Date(days) => date_of_days(*days).into(),
        Field::TimestampMillis(ms) => (*ms).into(),
        Field::Decimal(_) => field.to_string().into(),
        Field::Group(group) => group.get_column_iter().map(|(name, field)| (name.clone(), json_of(field))).collect(),
        Field::ListInternal(list) => list.elements().iter().map(json_of).collect(),
        other => panic!("unexpected {other:?}"),
    }
}

fn spec() -> RowSpec {
    RowSpec { has_distance: true, ..RowSpec::default() }
}

#[test]
fn csv_has_a_header_crlf_quotes_and_empty_cells() {
    let bytes = written::<CsvSink<Vec<u8>>>(&spec(), &[row(), empty_row()], &SinkOptions::default());
    assert_eq!(
        String::from_utf8(bytes).unwrap(),
        "path,page,status,model,input_tokens,cached_input_tokens,output_tokens,cost_usd,attempts,latency_ms,\
         answered_at,content_hash,duplicate_of,duplicate_distance,error_kind,error\r\n\
         \"=mail/1, \"\"a\"\".jpg\",2,ok,'@model,1100,128,21,0.4598,2,1234,2026-11-24T16:46:38.250Z,ab12,-first.jpg,3,,'=1+1\r\n\
         ,2,pending,'@model,1100,128,21,,2,,,,,,,\r\n"
    );
}

#[test]
fn json_lines_have_types_and_nulls() {
    let rows = json_rows(&spec(), &[row(), empty_row()]);
    assert_eq!(
        rows[0],
        json!({
            "path": "=mail/1, \"a\".jpg", "page": 2, "status": "ok", "model": "@model", "input_tokens": 1100,
            "cached_input_tokens": 128, "output_tokens": 21, "cost_usd": "0.4598", "attempts": 2, "latency_ms": 1234,
            "answered_at": "2026-11-24T16:46:38.250Z", "content_hash": "ab12", "duplicate_of": "-first.jpg",
            "duplicate_distance": 3, "error_kind": null, "error": "=1+1",
        })
    );
    let nulls: Vec<&String> =
        rows[1].as_object().unwrap().iter().filter(|(_, v)| v.is_null()).map(|(k, _)| k).collect();
    let expected = [
        "cost_usd",
        "latency_ms",
        "answered_at",
        "content_hash",
        "duplicate_of",
        "duplicate_distance",
        "error_kind",
        "error",
    ];
    assert_eq!(nulls, expected);
    let order: Vec<&String> = rows[0].as_object().unwrap().keys().collect();
    assert_eq!(order, Column::list(&spec()).iter().map(|column| &column.name).collect::<Vec<_>>());
}

#[test]
fn parquet_has_types_nulls_and_metadata() {
    let reader = parquet_reader(&spec(), &[row(), empty_row()]);
    let metadata = reader.metadata().file_metadata();
    let pairs = metadata.key_value_metadata().unwrap().iter();
    let pairs: Vec<(&str, &str)> = pairs.map(|pair| (pair.key.as_str(), pair.value.as_deref().unwrap())).collect();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(pairs, [("docmill.job", "mail"), ("docmill.manifest", "abc"), ("docmill.version", version)]);
    let rows = parquet_rows(&spec(), &[row(), empty_row()]);
    assert_eq!(
        rows[0],
        json!({
            "path": "=mail/1, \"a\".jpg", "page": 2, "status": "ok", "model": "@model", "input_tokens": 1100,
            "cached_input_tokens": 128, "output_tokens": 21, "cost_usd": "0.459800000000", "attempts": 2,
            "latency_ms": 1234, "answered_at": 1_795_538_798_250_i64, "content_hash": "ab12",
            "duplicate_of": "-first.jpg", "duplicate_distance": 3, "error_kind": null, "error": "=1+1",
        })
    );
    let columns = |rows: &Value| rows.as_object().unwrap().values().filter(|value| value.is_null()).count();
    assert_eq!(columns(&rows[1]), 8);
}

#[test]
fn csv_guards_untrusted_text_and_nothing_else() {
    let carried = |name: &str, kind| manifest::Column { name: name.into(), kind };
    let nullable = |shape| Shape::Nullable(Box::new(shape));
    let spec = RowSpec {
        carried: vec![carried("note", ColumnKind::Text), carried("sum", ColumnKind::Number)],
        tasks: vec![
            ("text".into(), Shape::Text),
            ("label".into(), nullable(Shape::Choice(vec!["=SUM(A1)".into()]))),
            ("tags".into(), Shape::Tags { labels: vec!["=x".into()], max: None }),
            ("total".into(), nullable(Shape::Number)),
        ],
        ..RowSpec::default()
    };
    let row = Row {
        carried: vec![json!("+1 (555) 12"), json!(-5.5)],
        answers: vec![json!("'-SUM(A1)"), json!("=SUM(A1)"), json!(["=x"]), json!(-7)],
        ..row()
    };
    let rows = [row];
    let names = ["path", "note", "sum", "text", "label", "tags", "total", "model", "duplicate_of", "error"];
    let cells = |options: &SinkOptions| -> Vec<String> {
        let records = csv_cells(&spec, &rows, options);
        let position = |name: &str| records[0].iter().position(|head| head == name).unwrap();
        names.iter().map(|name| records[1][position(name)].clone()).collect()
    };
    assert_eq!(
        cells(&SinkOptions::default()),
        [
            "=mail/1, \"a\".jpg",
            "'+1 (555) 12",
            "-5.5",
            // It would be read as `-SUM(A1)`.
            "''-SUM(A1)",
            "'=SUM(A1)",
            "[\"=x\"]",
            "-7",
            "'@model",
            "-first.jpg",
            "'=1+1"
        ]
    );
    assert_eq!(
        cells(&SinkOptions { keep_formulas: true, ..SinkOptions::default() }),
        [
            "=mail/1, \"a\".jpg",
            "+1 (555) 12",
            "-5.5",
            "'-SUM(A1)",
            "=SUM(A1)",
            "[\"=x\"]",
            "-7",
            "@model",
            "-first.jpg",
            "=1+1"
        ]
    );
}

#[test]
fn carried_columns_keep_their_types() {
    let kinds = [
        ("text", ColumnKind::Text, json!("a\nb"), "a\nb", json!("a\nb"), json!("a\nb")),
        ("count", ColumnKind::Integer, json!(i64::MIN), "-9223372036854775808", json!(i64::MIN), json!(i64::MIN)),
        ("number", ColumnKind::Number, json!(2.5), "2.5", json!(2.5), json!(2.5)),
        ("flag", ColumnKind::Boolean, json!(true), "true", json!(true), json!(true)),
        ("day", ColumnKind::Date, json!("2026-11-24"), "2026-11-24", json!("2026-11-24"), json!("2026-11-24")),
        ("time", ColumnKind::Time, json!(0), "1970-01-01T00:00:00.000Z", json!("1970-01-01T00:00:00.000Z"), json!(0)),
        // The list had text in this column when it was read.
        ("late", ColumnKind::Time, json!("noon"), "noon", json!("noon"), json!(null)),
        ("none", ColumnKind::Integer, json!(null), "", json!(null), json!(null)),
    ];
    let column = |name: &str, kind| manifest::Column { name: name.into(), kind };
    let carried = kinds.iter().map(|(name, kind, ..)| column(name, *kind)).collect();
    let spec = RowSpec { carried, ..RowSpec::default() };
    let rows = [Row { carried: kinds.iter().map(|(_, _, value, ..)| value.clone()).collect(), ..row() }];
    let (csv, json) = (csv_cells(&spec, &rows, &SinkOptions::default()), json_rows(&spec, &rows));
    let parquet = parquet_rows(&spec, &rows);
    for (position, (name, _, _, in_csv, in_json, in_parquet)) in kinds.iter().enumerate() {
        assert_eq!((&csv[0][position + 2], &csv[1][position + 2]), (&(*name).to_owned(), &(*in_csv).to_owned()));
        assert_eq!((&json[0][name], &parquet[0][name]), (in_json, in_parquet), "{name}");
    }
}

#[test]
fn row_groups_are_bounded_and_lose_no_row() {
    let rows: Vec<Row> = (0..5000).map(|page| Row { page, ..row() }).collect();
    let reader = parquet_reader(&spec(), &rows);
    let groups: Vec<i64> = reader.metadata().row_groups().iter().map(|group| group.num_rows()).collect();
    assert_eq!(groups, [2048, 2048, 904]);
    let pages = parquet_rows(&spec(), &rows).into_iter().map(|row| row["page"].as_u64().unwrap());
    assert!(pages.eq(0..5000));
    assert_eq!(parquet_reader(&spec(), &[]).metadata().file_metadata().num_rows(), 0);
}

/// Shapes of answers, nested up to four levels.
fn shapes() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![
        Just(Shape::Text),
        Just(Shape::Number),
        Just(Shape::Integer),
        Just(Shape::Boolean),
        Just(Shape::Date),
        Just(Shape::Choice(vec!["a".into(), "b".into()])),
        Just(Shape::Tags { labels: vec!["x".into(), "y".into(), "z".into()], max: None }),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let members = prop::collection::vec(inner.clone(), 1..4).prop_map(|shapes| {
            let member = |(at, shape)| Member { name: format!("m{at}"), description: None, shape };
            Shape::Object(shapes.into_iter().enumerate().map(member).collect())
        });
        prop_oneof![
            inner.clone().prop_map(|shape| Shape::List(Box::new(shape))),
            inner.prop_map(|shape| Shape::Nullable(Box::new(shape))),
            members,
        ]
    })
}

/// Valid values of a shape. Numbers are eighths, which every reader parses exactly.
fn values(shape: &Shape) -> BoxedStrategy<Value> {
    match shape {
        Shape::Text => ".{0,6}".prop_map(Value::from).boxed(),
        Shape::Number => (-1_000_000_i32..1_000_000).prop_map(|eighths| json!(f64::from(eighths) / 8.0)).boxed(),
        Shape::Integer => any::<i64>().prop_map(Value::from).boxed(),
        Shape::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        Shape::Date => (-700_000_i32..2_900_000).prop_map(|days| json!(date_of_days(days).unwrap())).boxed(),
        Shape::Choice(labels) => prop::sample::select(labels.clone()).prop_map(Value::from).boxed(),
        Shape::Tags { labels, .. } => {
            prop::sample::subsequence(labels.clone(), 0..=labels.len()).prop_map(Value::from).boxed()
        }
        Shape::List(element) => prop::collection::vec(values(element), 0..4).prop_map(Value::from).boxed(),
        Shape::Nullable(inner) => prop::option::of(values(inner)).prop_map(Option::unwrap_or_default).boxed(),
        Shape::Object(members) => {
            let members: Vec<_> =
                members.iter().map(|member| (Just(member.name.clone()), values(&member.shape))).collect();
            members.prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())).boxed()
        }
    }
}

/// One task with some answers; null where a row has none.
fn answers() -> impl Strategy<Value = (Shape, Vec<Value>)> {
    shapes().prop_flat_map(|shape| {
        let answer = prop::option::weighted(0.8, values(&shape)).prop_map(Option::unwrap_or_default);
        (Just(shape), prop::collection::vec(answer, 1..5))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Nulls, empty lists, lists of nulls and objects of nulls all stay what they are.
    #[test]
    fn nested_answers_are_read_back_from_json_lines_and_parquet((shape, answers) in answers()) {
        let spec = RowSpec { tasks: vec![("task".into(), shape)], ..RowSpec::default() };
        let rows: Vec<Row> = answers.iter().map(|answer| Row { answers: vec![answer.clone()], ..row() }).collect();
        let read = |rows: Vec<Value>| -> Vec<Value> { rows.into_iter().map(|row| row["task"].clone()).collect() };
        prop_assert_eq!(&read(json_rows(&spec, &rows)), &answers);
        prop_assert_eq!(&read(parquet_rows(&spec, &rows)), &answers);
    }
}
