//! `output`: where the rows and the report go.

use crate::manifest::job::Check;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawOutput {
    /// Rows as CSV (RFC 4180, UTF-8).
    csv: Option<String>,
    /// Rows as Parquet.
    parquet: Option<String>,
    /// Rows as JSON Lines.
    jsonl: Option<String>,
    /// The spend report as JSON.
    report: Option<String>,
    /// Text cells that a spreadsheet would run as a formula: `escape` (default) puts a `'` before them, `keep` leaves them.
    csv_formulas: Option<RawFormulas>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RawFormulas {
    Escape,
    Keep,
}

/// Where the rows and the report go.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Rows as CSV.
    pub csv: Option<PathBuf>,
    /// Rows as Parquet.
    pub parquet: Option<PathBuf>,
    /// Rows as JSON Lines.
    pub jsonl: Option<PathBuf>,
    /// The report as JSON.
    pub report: Option<PathBuf>,
    /// Whether text cells that a spreadsheet would run stay as they are.
    pub keep_formulas: bool,
}

impl RawOutput {
    pub(crate) fn check(self, check: &mut Check<'_>) -> Output {
        let named = [("csv", &self.csv), ("parquet", &self.parquet), ("jsonl", &self.jsonl), ("report", &self.report)];
        for (key, path) in named {
            let Some(path) = path else { continue };
            let place = format!("/output/{key}");
            if path.trim().is_empty() || path.ends_with('/') {
                check.fault(&place, "not a file name", "a path, relative to this file");
            }
        }
        let path = |path: &Option<String>| path.as_ref().map(|path| check.path(path));
        Output {
            csv: path(&self.csv),
            parquet: path(&self.parquet),
            jsonl: path(&self.jsonl),
            report: path(&self.report),
            keep_formulas: self.csv_formulas == Some(RawFormulas::Keep),
        }
    }
}
