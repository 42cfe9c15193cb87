//! `--where`: a small, closed language over the columns of rows, such as `kind = "invoice" and cost_usd > 0.01`.
//! docs/select.md describes it. Everything that can be wrong is found before the first row is read.
//!
//! - [`filter`]: a checked expression, which rows match or not
//! - [`columns`]: the columns that it may name, and their values in a row
//! - [`token`]: words, numbers, texts and symbols; [`parser`]: the grammar and the types
//! - [`expression`]: evaluation, with the three values of SQL
//! - [`value`]: values and how they compare; [`pattern`]: patterns of `like`
//! - [`error`]: faults and their positions

mod columns;
mod error;
mod expression;
mod filter;
mod parser;
mod pattern;
mod token;
mod value;

pub use columns::FilterColumns;
pub use error::FilterError;
pub use filter::Filter;
