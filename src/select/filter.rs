//! A filter of rows.

use super::columns::FilterColumns;
use super::error::FilterError;
use super::expression::Expression;
use super::parser::Parser;
use crate::export::Row;
use std::fmt;

/// A filter of rows: an expression such as `kind = "invoice" and cost_usd > 0.01`. `Display` writes it in
/// one spelling, so that equal filters are recognized.
#[derive(Clone, Debug)]
pub struct Filter {
    expression: Expression,
}

impl Filter {
    /// Reads an expression over these columns, and checks its names and types.
    ///
    /// # Errors
    /// The fault, and its position.
    pub fn parse(text: &str, columns: &FilterColumns) -> Result<Self, FilterError> {
        Ok(Self { expression: Parser::new(text, columns)?.parse()? })
    }

    /// Whether a row matches. If that is unknown, because a value is null, it does not.
    #[must_use]
    pub fn matches(&self, row: &Row) -> bool {
        self.expression.evaluate(row) == Some(true)
    }
}

impl Filter {
    /// The positions of the tasks whose answers decide which rows match, each once.
    pub(crate) fn answered_tasks(&self) -> Vec<usize> {
        let mut tasks = Vec::new();
        self.expression.add_answered_tasks(&mut tasks);
        tasks.sort();
        tasks.dedup();
        tasks
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.expression)
    }
}

#[cfg(test)]
mod tests;
