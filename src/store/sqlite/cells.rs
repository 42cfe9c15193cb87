//! Reading columns. A value that docmill never writes is [`StoreError::Damaged`], and the
//! error names the table, the row, the column and the value; no default replaces it.

use super::values::shown;
use crate::base::money::Pico;
use crate::store::error::StoreError;
use rusqlite::Row;
use rusqlite::types::FromSql;
use serde::de::DeserializeOwned;

/// The columns of a row of a query that belong to one row of a table.
pub(crate) struct Cells<'a, F> {
    row: &'a Row<'a>,
    table: &'static str,
    /// Names the row of the table. Called only for errors.
    name: F,
}

impl<'a, F> Cells<'a, F>
where
    F: Fn() -> String,
{
    /// The columns of `row` that belong to the row of `table` that `name` names.
    pub(crate) fn new(row: &'a Row<'a>, table: &'static str, name: F) -> Self {
        Self { row, table, name }
    }

    /// The value of a column.
    pub(crate) fn get<T: FromSql>(&self, index: usize) -> Result<T, StoreError> {
        use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType};
        self.row.get(index).map_err(|error| match &error {
            FromSqlConversionFailure(_, _, reason) => self.damaged(index, &reason.to_string()),
            IntegralValueOutOfRange(..) => self.damaged(index, "out of range"),
            InvalidColumnType(..) => self.damaged(index, "wrong type"),
            _ => self.damaged(index, &error.to_string()),
        })
    }

    /// An amount of money, which can't be negative.
    pub(crate) fn amount(&self, index: usize) -> Result<Pico, StoreError> {
        self.optional_amount(index)?.ok_or_else(|| self.damaged(index, "wrong type"))
    }

    /// As [`Cells::amount`]; `None` for NULL.
    pub(crate) fn optional_amount(&self, index: usize) -> Result<Option<Pico>, StoreError> {
        let value: Option<Pico> = self.get(index)?;
        if value.is_some_and(|amount| amount < Pico::ZERO) {
            Err(self.damaged(index, "out of range"))
        } else {
            Ok(value)
        }
    }

    /// A count, which cannot be negative; 0 for NULL.
    pub(crate) fn count(&self, index: usize) -> Result<u64, StoreError> {
        Ok(self.optional_count(index)?.unwrap_or(0))
    }

    /// A count that is never NULL.
    pub(crate) fn known_count(&self, index: usize) -> Result<u64, StoreError> {
        self.optional_count(index)?.ok_or_else(|| self.damaged(index, "wrong type"))
    }

    /// A count; `None` for NULL.
    pub(crate) fn optional_count(&self, index: usize) -> Result<Option<u64>, StoreError> {
        let value: Option<i64> = self.get(index)?;
        value.map(|value| u64::try_from(value).map_err(|_| self.damaged(index, "out of range"))).transpose()
    }

    /// Whether something holds: 0 or 1.
    pub(crate) fn flag(&self, index: usize) -> Result<bool, StoreError> {
        let value: Option<bool> = self.optional_flag(index)?;
        value.ok_or_else(|| self.damaged(index, "wrong type"))
    }

    /// As [`Cells::flag`]; `None` for NULL.
    pub(crate) fn optional_flag(&self, index: usize) -> Result<Option<bool>, StoreError> {
        match self.get::<Option<i64>>(index)? {
            None => Ok(None),
            Some(0) => Ok(Some(false)),
            Some(1) => Ok(Some(true)),
            Some(_) => Err(self.damaged(index, "out of range")),
        }
    }

    /// A value that is stored as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, index: usize) -> Result<T, StoreError> {
        let text: String = self.get(index)?;
        serde_json::from_str(&text).map_err(|error| self.damaged(index, &error.to_string()))
    }

    /// As [`Cells::json`]; `None` for NULL.
    pub(crate) fn optional_json<T: DeserializeOwned>(&self, index: usize) -> Result<Option<T>, StoreError> {
        let text: Option<String> = self.get(index)?;
        let parse = |text: String| serde_json::from_str(&text);
        text.map(parse).transpose().map_err(|error| self.damaged(index, &error.to_string()))
    }

    /// The value of a column is not one that docmill writes.
    pub(crate) fn damaged(&self, index: usize, reason: &str) -> StoreError {
        let column = self.row.as_ref().column_name(index).unwrap_or("?").to_owned();
        let value = self.row.get_ref(index).map_or_else(|_| "?".to_owned(), shown);
        StoreError::Damaged(format!("{}, {}: {column} is {value}: {reason}", self.table, (self.name)()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::json_text::JsonText;
    use crate::base::vocabulary::{ErrorKind, OutcomeStatus};
    use crate::store::sqlite::values::shown;
    use rusqlite::Connection;

    /// Reads the only column of a query.
    fn read<T>(
        query: &str,
        get: impl FnOnce(&Cells<'_, fn() -> String>) -> Result<T, StoreError>,
    ) -> Result<T, String> {
        let db = Connection::open_in_memory().unwrap();
        let mut statement = db.prepare(query).unwrap();
        let mut rows = statement.query([]).unwrap();
        let row = rows.next().unwrap().unwrap();
        get(&Cells::new(row, "things", || "thing 7".to_owned())).map_err(|error| error.to_string())
    }

    #[test]
    fn a_damaged_value_is_named_with_its_place() {
        let status = |query| read(query, |cells| cells.get::<OutcomeStatus>(0)).unwrap_err();
        assert_eq!(
            status("SELECT 'bogus' AS status"),
            "the store is damaged: things, thing 7: status is `bogus`: not a known value"
        );
        assert_eq!(
            status("SELECT NULL AS status"),
            "the store is damaged: things, thing 7: status is NULL: wrong type"
        );
        assert_eq!(
            status("SELECT x'00ff' AS status"),
            "the store is damaged: things, thing 7: status is a blob of 2 bytes: wrong type"
        );
        let count = read("SELECT -3 AS runs", |cells| cells.count(0)).unwrap_err();
        assert_eq!(count, "the store is damaged: things, thing 7: runs is -3: out of range");
        for (query, is) in [("SELECT 0 AS f", Ok(false)), ("SELECT 1 AS f", Ok(true))] {
            assert_eq!(read(query, |cells| cells.flag(0)), is);
        }
        for (query, what) in [
            ("SELECT 7 AS blank", "7: out of range"),
            ("SELECT -1 AS blank", "-1: out of range"),
            ("SELECT 'x' AS blank", "`x`: wrong type"),
            ("SELECT NULL AS blank", "NULL: wrong type"),
        ] {
            let flag = read(query, |cells| cells.flag(0)).unwrap_err();
            assert_eq!(flag, format!("the store is damaged: things, thing 7: blank is {what}"));
        }
        for (query, what) in [("SELECT -5 AS spent", "-5: out of range"), ("SELECT NULL AS spent", "NULL: wrong type")]
        {
            let amount = read(query, |cells| cells.amount(0)).unwrap_err();
            assert_eq!(amount, format!("the store is damaged: things, thing 7: spent is {what}"));
        }
        let tokens = read("SELECT NULL AS tokens", |cells| cells.known_count(0)).unwrap_err();
        assert_eq!(tokens, "the store is damaged: things, thing 7: tokens is NULL: wrong type");
        let page = read("SELECT 4294967296 AS page", |cells| cells.get::<u32>(0)).unwrap_err();
        assert_eq!(page, "the store is damaged: things, thing 7: page is 4294967296: out of range");
        let json = read("SELECT '[1,' AS selected", |cells| cells.json::<Vec<u32>>(0)).unwrap_err();
        assert!(json.starts_with("the store is damaged: things, thing 7: selected is `[1,`: EOF"), "{json}");
    }

    #[test]
    fn null_is_a_value_where_it_may_be_one() {
        assert_eq!(read("SELECT NULL AS kind", |cells| cells.get::<Option<ErrorKind>>(0)), Ok(None));
        assert_eq!(read("SELECT NULL AS tokens", |cells| cells.count(0)), Ok(0));
        assert_eq!(read("SELECT NULL AS selected", |cells| cells.optional_json::<Vec<u32>>(0)), Ok(None));
        let text = |query| read(query, |cells| cells.get::<Option<JsonText>>(0));
        assert_eq!(text("SELECT NULL AS carried"), Ok(None));
        assert_eq!(text("SELECT '{}' AS carried"), Ok(Some(JsonText::parse("{}").unwrap())));
    }

    #[test]
    fn values_in_messages_are_short_and_printable() {
        let text = format!("a\u{1b}{}", "b".repeat(500));
        let value = rusqlite::types::ValueRef::Text(text.as_bytes());
        assert!(shown(value).chars().count() < 70 && !shown(value).contains('\u{1b}'));
    }
}
