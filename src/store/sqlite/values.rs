//! Ids, words, digests and money as SQLite values.

use crate::base::digest::Digest;
use crate::base::ids::{
    AttemptId, BatchId, DecisionId, DrawId, JobId, RecipeId, RecipeSetId, RequestId, Revision, RunId, RunKey,
    SettingsId,
};
use crate::base::json_text::JsonText;
use crate::base::money::Pico;
use crate::base::sanitize;
use crate::base::shard::Shard;
use crate::base::vocabulary::{
    AttemptPurpose, AttemptState, BatchState, DrawRule, ErrorKind, OutcomeStatus, RunOutcomeName, UsageSource,
    VerdictName,
};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

/// The row of a page. Other stages know a page by its [`PageId`](crate::base::ids::PageId).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PageKey(pub(crate) i64);

/// The row of a budget. Other stages know a budget by its scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct BudgetKey(pub(crate) i64);

macro_rules! integers {
    ($($name:ident),+) => { $(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.0.into())
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                i64::column_result(value).map(Self)
            }
        }
    )+ };
}

impl ToSql for JsonText {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for JsonText {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::parse(value.as_str()?).map_err(|error| FromSqlError::Other(error.into()))
    }
}

integers!(
    RunKey,
    JobId,
    RecipeId,
    RecipeSetId,
    SettingsId,
    RequestId,
    AttemptId,
    BatchId,
    DecisionId,
    DrawId,
    PageKey,
    BudgetKey,
    Revision,
    Pico
);

impl ToSql for RunId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for RunId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_str().map(Self::new)
    }
}

impl ToSql for Digest {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_bytes().as_slice().into())
    }
}

impl FromSql for Digest {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = value.as_blob()?;
        Self::from_slice(bytes).ok_or(FromSqlError::InvalidBlobSize { expected_size: 32, blob_size: bytes.len() })
    }
}

impl ToSql for Shard {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.to_string().into())
    }
}

impl FromSql for Shard {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::parse(value.as_str()?).map_err(|fault| FromSqlError::Other(fault.into()))
    }
}

/// A word that is not in the vocabulary of its column.
#[derive(Debug, thiserror::Error)]
#[error("not a known value")]
struct UnknownWord;

macro_rules! words {
    ($($name:ident),+) => { $(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.name().into())
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                Self::parse(value.as_str()?).ok_or_else(|| FromSqlError::Other(Box::new(UnknownWord)))
            }
        }
    )+ };
}

words!(
    OutcomeStatus,
    AttemptState,
    VerdictName,
    AttemptPurpose,
    BatchState,
    UsageSource,
    RunOutcomeName,
    ErrorKind,
    DrawRule
);

/// SQLite's integers are signed: sizes, inodes and line numbers are stored bit by bit.
pub(crate) fn as_signed(value: u64) -> i64 {
    value.cast_signed()
}

/// A count as SQLite's signed integer.
pub(crate) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The maximum length of a value in an error message, in characters.
const MAX_SHOWN: usize = 60;

/// A value for an error message.
pub(crate) fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => format!("`{}`", sanitize::one_line(&String::from_utf8_lossy(text), MAX_SHOWN)),
        ValueRef::Blob(bytes) => format!("a blob of {} bytes", bytes.len()),
    }
}
