//! `output`: where rows and the report are written.

use crate::manifest::check::Check;
use schemars::JsonSchema;
use serde::Deserialize;
use std::ops::Range;
use std::path::PathBuf;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawOutput {
    /// File for the rows as CSV (RFC 4180, UTF-8).
    csv: Option<String>,
    /// File for the rows as Parquet.
    parquet: Option<String>,
    /// File for the rows as JSON Lines.
    jsonl: Option<String>,
    /// File for the spend report as JSON.
    report: Option<String>,
    /// Text cells of the CSV file that a spreadsheet would run as formulas: `escape` puts a `'` before them (default), `keep` leaves them unchanged.
    csv_formulas: Option<RawFormulas>,
    /// Whether the members of an `extract` task are columns of their own, such as `total__amount`, instead of a struct (default false).
    #[serde(default)]
    flatten: bool,
    /// Columns by whose values rows are written into Hive partitions, such as `kind=invoice/rows.parquet`: columns of a list, `classify` and `question` tasks, `status`, `error_kind` or `model`. At most 1,000 partitions. Default: one file.
    partition_by: Option<Vec<String>>,
    /// Whether an empty file `_SUCCESS` is written into the folder of each complete file of rows, after everything else (default false).
    #[serde(default)]
    success_marker: bool,
    /// Whether a column `<task>__source` beside each answer shows who gave it, `model` or `human` (default false).
    #[serde(default)]
    answer_source: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RawFormulas {
    Escape,
    Keep,
}

/// Where rows and the report are written.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// File for the rows as CSV.
    pub csv: Option<PathBuf>,
    /// File for the rows as Parquet.
    pub parquet: Option<PathBuf>,
    /// File for the rows as JSON Lines.
    pub jsonl: Option<PathBuf>,
    /// File for the report as JSON.
    pub report: Option<PathBuf>,
    /// Whether text cells that a spreadsheet would run as formulas are left unchanged.
    pub keep_formulas: bool,
    /// Whether members of objects are columns of their own.
    pub flatten: bool,
    /// Columns by whose values rows are written into partitions. Empty: one file.
    pub partition_by: Vec<String>,
    /// Whether `_SUCCESS` is written beside complete files.
    pub success_marker: bool,
    /// Whether a column beside each answer shows who gave it.
    pub answer_source: bool,
    /// Where the manifest has these settings.
    pub(crate) positions: OutputPositions,
}

/// Where settings are in the source of the manifest: byte ranges, for faults that only show when the
/// columns are known.
#[derive(Clone, Debug, Default)]
pub(crate) struct OutputPositions {
    /// Of `flatten`.
    pub(crate) flatten: Range<usize>,
    /// Of each column of `partition_by`.
    pub(crate) partition_by: Vec<Range<usize>>,
    /// Of the files, by key.
    pub(crate) files: Vec<(&'static str, Range<usize>)>,
}

impl RawOutput {
    pub(crate) fn check(self, check: &mut Check) -> Output {
        let files = [("csv", &self.csv), ("parquet", &self.parquet), ("jsonl", &self.jsonl), ("report", &self.report)];
        for (key, path) in files {
            if path.as_ref().is_some_and(|path| path.trim().is_empty() || path.ends_with('/')) {
                check.report(&format!("/output/{key}"), "not a file name", "a path relative to the manifest");
            }
        }
        self.check_partitions(check);
        let resolve = |path: &Option<String>| path.as_ref().map(|path| check.resolve(path));
        let partition_by = self.partition_by.clone().unwrap_or_default();
        let column = |at| check.span(&format!("/output/partition_by/{at}"));
        Output {
            csv: resolve(&self.csv),
            parquet: resolve(&self.parquet),
            jsonl: resolve(&self.jsonl),
            report: resolve(&self.report),
            keep_formulas: self.csv_formulas == Some(RawFormulas::Keep),
            flatten: self.flatten,
            success_marker: self.success_marker,
            answer_source: self.answer_source,
            positions: OutputPositions {
                flatten: check.span("/output/flatten"),
                partition_by: (0..partition_by.len()).map(column).collect(),
                files: files.map(|(key, _)| (key, check.span(&format!("/output/{key}")))).to_vec(),
            },
            partition_by,
        }
    }

    fn check_partitions(&self, check: &mut Check) {
        let columns = self.partition_by.as_deref().unwrap_or_default();
        if self.partition_by.as_ref().is_some_and(Vec::is_empty) {
            check.report("/output/partition_by", "no columns given", "at least one column, or leave it out");
        }
        for (at, column) in columns.iter().enumerate() {
            if columns[..at].contains(column) {
                let pointer = format!("/output/partition_by/{at}");
                check.report(&pointer, &format!("duplicate column `{column}`"), "each column once");
            }
        }
        let has_rows = self.csv.is_some() || self.parquet.is_some() || self.jsonl.is_some();
        for (is_set, key) in [(!columns.is_empty(), "partition_by"), (self.success_marker, "success_marker")] {
            if is_set && !has_rows {
                let message = format!("`{key}` has no effect without a file of rows");
                check.report(&format!("/output/{key}"), &message, "one of csv, parquet and jsonl");
            }
        }
    }
}

impl Output {
    /// The files, by key.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
        let files = [("csv", &self.csv), ("parquet", &self.parquet), ("jsonl", &self.jsonl), ("report", &self.report)];
        files.into_iter().filter_map(|(key, path)| Some((key, path.as_ref()?)))
    }

    /// Those of rows, by key.
    pub(crate) fn row_files(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
        self.files().filter(|(key, _)| *key != "report")
    }
}
