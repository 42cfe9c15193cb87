//! The outputs of a job: every row to every file, and at the end each file appears whole
//! under its own name, or as `<stem>.partial.<ext>` when rows are still pending.

use super::columns::Columns;
use super::error::ExportError;
use super::row::Row;
use super::sinks::csv::Csv;
use super::sinks::jsonl;
use super::sinks::parquet::{About, Parquet};
use crate::base::atomic_file::AtomicFile;
use crate::base::hooks::Hooks;
use std::path::{Path, PathBuf};

/// Where the rows go, and what the files say of themselves.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    /// CSV.
    pub csv: Option<PathBuf>,
    /// Parquet.
    pub parquet: Option<PathBuf>,
    /// JSON Lines.
    pub jsonl: Option<PathBuf>,
    /// Whether text cells that a spreadsheet would run stay as they are.
    pub keep_formulas: bool,
    /// The job's name.
    pub job: String,
    /// The digest of the manifest.
    pub manifest_hash: String,
}

impl Targets {
    /// Whether there is a file to write.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.csv.is_some() || self.parquet.is_some() || self.jsonl.is_some()
    }
}

/// Files under construction.
pub struct Outputs {
    columns: Columns,
    csv: Option<(PathBuf, Csv<AtomicFile>)>,
    parquet: Option<(PathBuf, Parquet<AtomicFile>)>,
    jsonl: Option<(PathBuf, AtomicFile)>,
}

impl Outputs {
    /// Starts the files.
    ///
    /// # Errors
    /// When a folder or a temporary file can't be made.
    pub fn create(targets: &Targets, columns: &Columns) -> Result<Self, ExportError> {
        let open = |path: &PathBuf| AtomicFile::create(path).map_err(|error| fault(path, error));

        let csv = match &targets.csv {
            Some(path) => {
                let csv =
                    Csv::new(open(path)?, &columns.all(), targets.keep_formulas).map_err(|error| fault(path, error))?;
                Some((path.clone(), csv))
            }
            None => None,
        };
        let parquet = match &targets.parquet {
            Some(path) => {
                let about = About { job: targets.job.clone(), manifest_hash: targets.manifest_hash.clone() };
                Some((
                    path.clone(),
                    Parquet::new(open(path)?, &columns.all(), &about).map_err(|error| fault(path, error))?,
                ))
            }
            None => None,
        };
        let jsonl = match &targets.jsonl {
            Some(path) => Some((path.clone(), open(path)?)),
            None => None,
        };
        Ok(Self { columns: columns.clone(), csv, parquet, jsonl })
    }

    /// Writes a row to every file.
    ///
    /// # Errors
    /// When a file can't be written.
    pub fn write(&mut self, row: &Row) -> Result<(), ExportError> {
        let columns = self.columns.all();
        if let Some((path, csv)) = &mut self.csv {
            csv.write(row, &columns).map_err(|error| fault(path, error))?;
        }
        if let Some((path, parquet)) = &mut self.parquet {
            parquet.write(row, &columns).map_err(|error| fault(path, error))?;
        }
        if let Some((path, file)) = &mut self.jsonl {
            jsonl::write(file, row, &columns).map_err(|error| fault(path, error))?;
        }
        Ok(())
    }

    /// Gives every file its name; the names.
    ///
    /// # Errors
    /// When a file can't be completed; those before it stand.
    pub fn commit(self, is_whole: bool, hooks: &dyn Hooks) -> Result<Vec<PathBuf>, ExportError> {
        let mut files: Vec<(PathBuf, AtomicFile)> = Vec::new();
        if let Some((path, csv)) = self.csv {
            let file = csv.finish().map_err(|error| fault(&path, error))?;
            files.push((path, file));
        }
        if let Some((path, parquet)) = self.parquet {
            let file = parquet.finish().map_err(|error| fault(&path, error))?;
            files.push((path, file));
        }
        files.extend(self.jsonl);
        let mut written = Vec::new();
        for (path, file) in files {
            let partial = partial_path(&path);
            let target = if is_whole { &path } else { &partial };
            file.commit_as(target, hooks).map_err(|error| fault(target, error))?;
            if is_whole {
                // There may be none.
                let _ = std::fs::remove_file(&partial);
            }
            written.push(std::fs::canonicalize(target).unwrap_or_else(|_| target.clone()));
        }
        Ok(written)
    }
}

/// `out/mail.csv` -> `out/mail.partial.csv`.
fn partial_path(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = match path.extension() {
        Some(ending) => format!("{stem}.partial.{}", ending.to_string_lossy()),
        None => format!("{stem}.partial"),
    };
    path.with_file_name(name)
}

fn fault(path: &Path, reason: impl ToString) -> ExportError {
    ExportError { path: path.to_owned(), reason: reason.to_string() }
}
