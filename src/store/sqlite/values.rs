//! Ids and vocabularies as SQLite values: ids as integers or text, vocabularies as their words.

use crate::base::ids::{AttemptId, BatchId, JobId, RecipeId, RecipeSetId, RequestId, RunId, RunKey};
use crate::base::vocabulary::{
    AttemptPurpose, AttemptState, BatchState, ErrorKind, OutcomeStatus, RunOutcomeName, UsageSource, VerdictName,
};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

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

integers!(RunKey, JobId, RecipeId, RecipeSetId, RequestId, AttemptId, BatchId);

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

/// A word that is not in the vocabulary of its column.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a known value")]
struct UnknownWord(String);

macro_rules! words {
    ($($name:ident),+) => { $(
        impl ToSql for $name {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.name().into())
            }
        }

        impl FromSql for $name {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                let word = value.as_str()?;
                Self::parse(word).ok_or_else(|| FromSqlError::Other(Box::new(UnknownWord(word.to_owned()))))
            }
        }
    )+ };
}

words!(OutcomeStatus, AttemptState, VerdictName, AttemptPurpose, BatchState, UsageSource, RunOutcomeName, ErrorKind);
