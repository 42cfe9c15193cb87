//! Where rows are written, and how.

use super::part_manifest::PartManifest;
use super::partial::PartialFolder;
use super::sinks::format::RowFormat;
use super::sinks::row_sink::SinkOptions;
use crate::base::shard::Shard;
use crate::manifest::{Job, Output};
use std::path::{Path, PathBuf};

/// Paths of the outputs, how they are written, and the origin that they record.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    /// Rows as CSV.
    pub csv: Option<PathBuf>,
    /// Rows as Parquet.
    pub parquet: Option<PathBuf>,
    /// Rows as JSON Lines.
    pub jsonl: Option<PathBuf>,
    /// Whether CSV text that a spreadsheet would run as a formula is written unchanged.
    pub keep_formulas: bool,
    /// Columns by whose values rows are written into partitions. Empty: one file.
    pub partition_by: Vec<String>,
    /// Whether `_SUCCESS` is written beside complete files.
    pub success_marker: bool,
    /// The store, beside which partial files are written.
    pub store: PathBuf,
    /// Name of the job.
    pub job: String,
    /// The shard whose parts the files are; `None`: they hold all rows.
    pub shard: Option<Shard>,
    /// Digest of the manifest, hexadecimal.
    pub manifest_hash: String,
}

impl Targets {
    /// Where the rows of a job are written. `output`: its outputs, or others.
    #[must_use]
    pub fn of_job(job: &Job, output: &Output) -> Self {
        Self {
            csv: output.csv.clone(),
            parquet: output.parquet.clone(),
            jsonl: output.jsonl.clone(),
            keep_formulas: output.keep_formulas,
            partition_by: output.partition_by.clone(),
            success_marker: output.success_marker,
            store: job.store.clone(),
            job: job.name.clone(),
            shard: job.input.shard,
            manifest_hash: job.manifest_hash().to_string(),
        }
    }

    /// Whether there is a file to write.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.files().next().is_some()
    }

    /// The formats with a file, in the order in which they are written.
    pub(crate) fn files(&self) -> impl Iterator<Item = (RowFormat, &Path)> {
        let all = [(RowFormat::Csv, &self.csv), (RowFormat::Parquet, &self.parquet), (RowFormat::Jsonl, &self.jsonl)];
        all.into_iter().filter_map(|(format, path)| Some((format, path.as_deref()?)))
    }

    /// The settings of the formats.
    pub(crate) fn sink_options(&self) -> SinkOptions {
        SinkOptions {
            keep_formulas: self.keep_formulas,
            job: self.job.clone(),
            manifest_hash: self.manifest_hash.clone(),
        }
    }

    /// What the manifests of a shard's files state.
    pub(crate) fn part_manifest(&self) -> Option<PartManifest> {
        let (job, manifest_hash) = (self.job.clone(), self.manifest_hash.clone());
        self.shard.map(|shard| PartManifest { shard, job, manifest_hash })
    }

    /// Where partial files are.
    pub(crate) fn partial_folder(&self) -> PartialFolder {
        PartialFolder::beside(&self.store)
    }
}
