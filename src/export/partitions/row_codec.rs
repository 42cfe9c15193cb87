//! Rows as bytes, for the time between the store and the partition that they belong to. JSON would not
//! do: reading may change the last digit of a number.

use crate::base::money::Pico;
use crate::base::vocabulary::{AnswerSource, ErrorKind, RowStatus};
use crate::export::row::Row;
use serde_json::{Map, Number, Value};

/// Appends a row.
pub(crate) fn encode(row: &Row, out: &mut Vec<u8>) {
    put_text(&row.path, out);
    put_number(row.page.into(), out);
    put_text(row.status.name(), out);
    put_values(&row.carried, out);
    put_values(&row.answers, out);
    put_sources(&row.sources, out);
    put_text(&row.model, out);
    for number in [row.input_tokens, row.cached_input_tokens, row.output_tokens, row.attempts] {
        put_number(number, out);
    }
    let signed = [row.cost.map(|cost| cost.0), row.answered_at_ms];
    let numbers = signed.map(|number| number.map(i64::cast_unsigned));
    for number in numbers.into_iter().chain([row.latency_ms, row.distance.map(u64::from)]) {
        put_number(number.is_some().into(), out);
        put_number(number.unwrap_or(0), out);
    }
    let kind = row.error_kind.map(ErrorKind::name);
    for text in [row.content_hash.as_deref(), row.duplicate_of.as_deref(), kind, row.error.as_deref()] {
        put_number(text.is_some().into(), out);
        put_text(text.unwrap_or_default(), out);
    }
}

/// Reads a row from the beginning of `bytes`, and advances them past it. `None`: not a row.
pub(crate) fn decode(bytes: &mut &[u8]) -> Option<Row> {
    let mut row = Row {
        path: text(bytes)?,
        page: u32::try_from(number(bytes)?).ok()?,
        status: RowStatus::parse(&text(bytes)?)?,
        carried: values(bytes)?,
        answers: values(bytes)?,
        sources: sources(bytes)?,
        model: text(bytes)?,
        input_tokens: number(bytes)?,
        cached_input_tokens: number(bytes)?,
        output_tokens: number(bytes)?,
        attempts: number(bytes)?,
        cost: None,
        answered_at_ms: None,
        latency_ms: None,
        distance: None,
        content_hash: None,
        duplicate_of: None,
        error_kind: None,
        error: None,
    };
    row.cost = optional(bytes, number)?.map(|number| Pico(number.cast_signed()));
    row.answered_at_ms = optional(bytes, number)?.map(u64::cast_signed);
    row.latency_ms = optional(bytes, number)?;
    row.distance = optional(bytes, number)?.map(u32::try_from).transpose().ok()?;
    row.content_hash = optional(bytes, text)?;
    row.duplicate_of = optional(bytes, text)?;
    row.error_kind = match optional(bytes, text)? {
        Some(kind) => Some(ErrorKind::parse(&kind)?),
        None => None,
    };
    row.error = optional(bytes, text)?;
    Some(row)
}

fn put_number(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    put_number(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

fn put_values(values: &[Value], out: &mut Vec<u8>) {
    put_number(values.len() as u64, out);
    values.iter().for_each(|value| put_value(value, out));
}

/// One byte for each.
fn put_sources(sources: &[Option<AnswerSource>], out: &mut Vec<u8>) {
    put_number(sources.len() as u64, out);
    out.extend(sources.iter().map(|source| match source {
        None => b'0',
        Some(AnswerSource::Model) => b'm',
        Some(AnswerSource::Human) => b'h',
    }));
}

/// One byte for the type, then the value.
fn put_value(value: &Value, out: &mut Vec<u8>) {
    let mut tagged = |tag: u8, number: u64| {
        out.push(tag);
        put_number(number, out);
    };
    match value {
        Value::Null => out.push(b'0'),
        Value::Bool(flag) => out.push(if *flag { b't' } else { b'f' }),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => tagged(b'u', number),
            (_, Some(number)) => tagged(b'i', number.cast_unsigned()),
            _ => tagged(b'd', number.as_f64().unwrap_or_default().to_bits()),
        },
        Value::String(text) => {
            out.push(b's');
            put_text(text, out);
        }
        Value::Array(items) => {
            out.push(b'a');
            put_values(items, out);
        }
        Value::Object(members) => {
            tagged(b'o', members.len() as u64);
            for (name, value) in members {
                put_text(name, out);
                put_value(value, out);
            }
        }
    }
}

fn take_bytes<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(count)?;
    *bytes = rest;
    Some(taken)
}

fn number(bytes: &mut &[u8]) -> Option<u64> {
    Some(u64::from_le_bytes(take_bytes(bytes, 8)?.try_into().ok()?))
}

fn text(bytes: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(number(bytes)?).ok()?;
    String::from_utf8(take_bytes(bytes, length)?.to_vec()).ok()
}

fn optional<T>(bytes: &mut &[u8], read: fn(&mut &[u8]) -> Option<T>) -> Option<Option<T>> {
    let is_some = number(bytes)? == 1;
    let value = read(bytes)?;
    Some(is_some.then_some(value))
}

fn values(bytes: &mut &[u8]) -> Option<Vec<Value>> {
    (0..number(bytes)?).map(|_| value(bytes)).collect()
}

fn sources(bytes: &mut &[u8]) -> Option<Vec<Option<AnswerSource>>> {
    let count = usize::try_from(number(bytes)?).ok()?;
    let source = |byte: &u8| match byte {
        b'0' => Some(None),
        b'm' => Some(Some(AnswerSource::Model)),
        b'h' => Some(Some(AnswerSource::Human)),
        _ => None,
    };
    take_bytes(bytes, count)?.iter().map(source).collect()
}

fn value(bytes: &mut &[u8]) -> Option<Value> {
    Some(match take_bytes(bytes, 1)? {
        b"0" => Value::Null,
        b"t" => Value::Bool(true),
        b"f" => Value::Bool(false),
        b"u" => number(bytes)?.into(),
        b"i" => number(bytes)?.cast_signed().into(),
        b"d" => Value::Number(Number::from_f64(f64::from_bits(number(bytes)?))?),
        b"s" => text(bytes)?.into(),
        b"a" => values(bytes)?.into(),
        b"o" => {
            let count = number(bytes)?;
            let members: Option<Map<_, _>> = (0..count).map(|_| Some((text(bytes)?, value(bytes)?))).collect();
            members?.into()
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            proptest::num::f64::NORMAL.prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn rows_come_back_as_they_were(
            carried in proptest::collection::vec(any_value(), 0..3),
            answers in proptest::collection::vec(any_value(), 0..3),
            sources in proptest::collection::vec(proptest::option::of(0..AnswerSource::ALL.len()), 0..3),
            (page, tokens, at, cost, latency) in
                (any::<u32>(), any::<u64>(), any::<Option<i64>>(), any::<Option<i64>>(), any::<Option<u64>>()),
            (path, error, hash) in (any::<String>(), any::<Option<String>>(), any::<Option<String>>()),
            (status, kind, distance) in
                (0..RowStatus::ALL.len(), proptest::option::of(0..ErrorKind::ALL.len()), any::<Option<u32>>()),
        ) {
            let row = Row {
                path, page, status: RowStatus::ALL[status], carried, answers,
                sources: sources.into_iter().map(|source| source.map(|at| AnswerSource::ALL[at])).collect(), model: "m".into(),
                input_tokens: tokens, cached_input_tokens: 1, output_tokens: 2, cost: cost.map(Pico), attempts: 3,
                latency_ms: latency, answered_at_ms: at, content_hash: hash.clone(), duplicate_of: hash, distance,
                error_kind: kind.map(|kind| ErrorKind::ALL[kind]), error,
            };
            let mut bytes = Vec::new();
            encode(&row, &mut bytes);
            encode(&row, &mut bytes);
            let mut rest = bytes.as_slice();
            let (first, second) = (decode(&mut rest), decode(&mut rest));
            prop_assert_eq!(first.as_ref(), Some(&row));
            prop_assert_eq!(second.as_ref(), Some(&row));
            prop_assert!(rest.is_empty());
            for end in 0..bytes.len() / 2 {
                prop_assert_eq!(decode(&mut &bytes[..end]), None);
            }
        }
    }
}
