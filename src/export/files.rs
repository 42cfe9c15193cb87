//! The output files of a job: every row goes to every file, and all files are committed at the end.

use super::columns::Column;
use super::error::ExportError;
use super::row::Row;
use super::sinks::csv::CsvSink;
use super::sinks::jsonl::JsonlSink;
use super::sinks::parquet::ParquetSink;
use super::sinks::row_sink::{RowSink, SinkError, SinkOptions};
use super::spec::RowSpec;
use crate::base::atomic_file::AtomicFile;
use crate::base::hooks::Hooks;
use crate::base::output_file::OutputFile;
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
    /// Name of the job.
    pub job: String,
    /// Digest of the manifest, hexadecimal.
    pub manifest_hash: String,
}

impl Targets {
    /// Whether there is a file to write.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.formats().iter().any(|(_, path, _)| path.is_some())
    }

    /// All formats, in the order in which their files are written.
    fn formats(&self) -> [(&'static str, &Option<PathBuf>, CreateSink); 3] {
        [
            ("csv", &self.csv, create_sink::<CsvSink<AtomicFile>>),
            ("parquet", &self.parquet, create_sink::<ParquetSink<AtomicFile>>),
            ("jsonl", &self.jsonl, create_sink::<JsonlSink<AtomicFile>>),
        ]
    }
}

type AnySink = Box<dyn RowSink<AtomicFile>>;
type CreateSink = fn(AtomicFile, &[Column], &SinkOptions) -> Result<AnySink, SinkError>;

fn create_sink<S: RowSink<AtomicFile> + 'static>(
    file: AtomicFile,
    columns: &[Column],
    options: &SinkOptions,
) -> Result<AnySink, SinkError> {
    Ok(Box::new(S::create(file, columns, options)?))
}

/// Output files under construction. Dropping them before [`Outputs::commit`] leaves nothing.
pub struct Outputs {
    columns: Vec<Column>,
    /// The format, the target and the sink of each.
    files: Vec<(&'static str, PathBuf, AnySink)>,
}

impl Outputs {
    /// Starts the files.
    ///
    /// # Errors
    /// If a folder or a temporary file can't be created.
    pub fn create(targets: &Targets, spec: &RowSpec) -> Result<Self, ExportError> {
        let columns = Column::list(spec);
        let options = SinkOptions {
            keep_formulas: targets.keep_formulas,
            job: targets.job.clone(),
            manifest_hash: targets.manifest_hash.clone(),
        };
        let mut files = Vec::new();
        for (format, path, create) in targets.formats() {
            let Some(path) = path else { continue };
            let file = AtomicFile::create(path).map_err(|error| export_error(path, error))?;
            let sink = create(file, &columns, &options).map_err(|error| export_error(path, error))?;
            files.push((format, path.clone(), sink));
        }
        Ok(Self { columns, files })
    }

    /// Writes a row to every file.
    ///
    /// # Errors
    /// If a file can't be written.
    pub fn write(&mut self, row: &Row) -> Result<(), ExportError> {
        for (_, path, sink) in &mut self.files {
            sink.write(&self.columns, row).map_err(|error| export_error(path, error))?;
        }
        Ok(())
    }

    /// Completes all files, then gives each its name, and returns them. With
    /// `is_complete` that is the target, and an older partial file is removed. Otherwise it is
    /// `<stem>.partial.<ext>` in the same folder, and the target stays as it was.
    ///
    /// # Errors
    /// If a file can't be completed: then no file is committed. If a file can't be renamed:
    /// then the files before it are committed.
    pub fn commit(self, is_complete: bool, hooks: &dyn Hooks) -> Result<Vec<OutputFile>, ExportError> {
        let mut complete = Vec::new();
        for (format, path, sink) in self.files {
            let file = sink.finish().map_err(|error| export_error(&path, error))?;
            complete.push((format, path, file));
        }
        let mut written = Vec::new();
        for (format, path, file) in complete {
            // A link is followed: its file is replaced, in its folder.
            let path = std::fs::canonicalize(&path).unwrap_or(path);
            let partial = partial_path(&path);
            let target = if is_complete { &path } else { &partial };
            file.commit_as(target, hooks).map_err(|error| export_error(target, error))?;
            if is_complete {
                // Usually there is none.
                let _ = std::fs::remove_file(&partial);
            }
            let path = std::fs::canonicalize(target).unwrap_or_else(|_| target.clone());
            written.push(OutputFile { format, path, is_partial: !is_complete });
        }
        Ok(written)
    }
}

/// `out/mail.csv` -> `out/mail.partial.csv`.
fn partial_path(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = match path.extension() {
        Some(extension) => format!("{stem}.partial.{}", extension.to_string_lossy()),
        None => format!("{stem}.partial"),
    };
    path.with_file_name(name)
}

fn export_error(path: &Path, reason: impl ToString) -> ExportError {
    ExportError { path: path.to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests;
