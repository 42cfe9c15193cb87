//! Rows in Hive partitions: `kind=invoice/rows.parquet`.

use super::hive::folder_name;
use super::parts::Parts;
use super::spill::Spill;
use crate::base::atomic_file::AtomicFile;
use crate::base::file_identity::file_id;
use crate::base::hooks::Hooks;
use crate::base::shared_folder;
use crate::export::columns::Column;
use crate::export::error::ExportError;
use crate::export::row::Row;
use crate::export::sinks::format::{FileSink, RowFormat};
use crate::export::sinks::row_sink::{SinkError, SinkOptions};
use crate::export::success_marker::SuccessMarkers;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Maximum number of partitions of an output.
pub(crate) const MAX_PARTITIONS: usize = 1000;

/// An output whose rows are partitioned: its format and the path that its name and its folder are taken
/// from.
type Output = (RowFormat, PathBuf);

/// Rows that are collected by their partition. Dropped, they leave nothing.
pub(crate) struct Partitions {
    outputs: Vec<Output>,
    /// The columns of the partitions.
    keys: Vec<Column>,
    /// The other columns.
    columns: Vec<Column>,
    options: SinkOptions,
    spill: Spill,
    /// Folder of each partition, with its number in `spill`.
    folders: BTreeMap<PathBuf, usize>,
}

/// Complete files that don't have their names yet. Dropped, they leave nothing.
pub(crate) struct PreparedParts {
    /// The files, with the output of each and its path below the output's folder.
    files: Vec<(usize, PathBuf, AtomicFile)>,
    /// The parts of each output, and those of earlier runs.
    outputs: Vec<(Parts, BTreeSet<PathBuf>)>,
    folders: NewFolders,
}

/// Folders that were made; dropped, those that are empty are removed.
struct NewFolders(Vec<PathBuf>);

impl Drop for NewFolders {
    fn drop(&mut self) {
        self.0.iter().rev().for_each(|folder| _ = std::fs::remove_dir(folder));
    }
}

impl Partitions {
    /// Starts collecting rows for these outputs (at least one), partitioned by the columns with the names
    /// `partition_by`.
    pub(crate) fn create(
        outputs: Vec<Output>,
        columns: Vec<Column>,
        partition_by: &[String],
        options: SinkOptions,
    ) -> Result<Self, ExportError> {
        let first = outputs.first().map(|(_, path)| path.clone()).unwrap_or_default();
        let spill = Spill::beside(&first).map_err(|error| ExportError::new(&first, error))?;
        for (_, path) in &outputs {
            check_no_whole_file(path)?;
        }
        let key = |name: &String| columns.iter().find(|column| column.name == *name).cloned();
        let keys: Vec<Column> = partition_by.iter().filter_map(key).collect();
        let columns = columns.into_iter().filter(|column| !partition_by.contains(&column.name)).collect();
        Ok(Self { outputs, keys, columns, options, spill, folders: BTreeMap::new() })
    }

    /// Collects a row.
    pub(crate) fn write(&mut self, row: &Row) -> Result<(), ExportError> {
        let mut folder = PathBuf::new();
        for key in &self.keys {
            folder.push(folder_name(&key.name, key.cell(row)));
        }
        let partition = match self.folders.get(&folder) {
            Some(partition) => *partition,
            None if self.folders.len() == MAX_PARTITIONS => {
                let names: Vec<&str> = self.keys.iter().map(|key| key.name.as_str()).collect();
                let reason = format!(
                    "output.partition_by [{}] makes more than {MAX_PARTITIONS} partitions; earlier outputs are left unchanged",
                    names.join(", ")
                );
                return Err(ExportError::of_partitions(self.first_path(), reason));
            }
            None => {
                let partition = self.spill.add_partition();
                self.folders.insert(folder, partition);
                partition
            }
        };
        self.spill.write(partition, row).map_err(|error| ExportError::new(self.first_path(), error))
    }

    /// Number of partitions.
    pub(crate) fn len(&self) -> usize {
        self.folders.len()
    }

    fn first_path(&self) -> &Path {
        self.outputs.first().map_or(Path::new(""), |(_, path)| path)
    }

    /// Writes all files, without their names. `places`: where each output goes, such as a partial file in
    /// the place of the whole one.
    pub(crate) fn prepare(mut self, places: &[PathBuf]) -> Result<PreparedParts, ExportError> {
        let mut prepared = PreparedParts { files: Vec::new(), outputs: Vec::new(), folders: NewFolders(Vec::new()) };
        for place in places {
            let fault = |error: io::Error| ExportError::new(place, error);
            let parts = Parts::of_output(place).map_err(fault)?;
            let earlier = parts.find().map_err(fault)?;
            prepared.outputs.push((parts, earlier));
        }
        let mut spilled = self.spill.reader().map_err(|error| ExportError::new(self.first_path(), error))?;
        // On a file system that ignores case, two values may have one folder.
        let mut known: HashMap<(usize, (u64, u64)), PathBuf> = HashMap::new();
        for (folder, partition) in &self.folders {
            let mut sinks = Vec::new();
            for (at, ((parts, _), (format, _))) in prepared.outputs.iter().zip(&self.outputs).enumerate() {
                let parts_folder = parts.folder().join(folder);
                let path = parts_folder.join(parts.name());
                let fault = |error: SinkError| ExportError::new(&path, error);
                prepared.folders.create(&parts_folder).map_err(|error| fault(error.into()))?;
                if let Some(other) = file_id(&parts_folder).and_then(|id| known.insert((at, id), folder.clone())) {
                    let message =
                        format!("the partitions {} and {} have one folder", other.display(), folder.display());
                    return Err(ExportError::of_partitions(&path, message));
                }
                let file = AtomicFile::create(&path).map_err(|error| fault(error.into()))?;
                file.remove_abandoned();
                sinks.push((path.clone(), format.create(file, &self.columns, &self.options).map_err(fault)?));
            }
            let files = write_part(&self.spill, &mut spilled, *partition, sinks, &self.columns)?;
            for (at, (path, file)) in files.into_iter().enumerate() {
                let part = folder.join(path.file_name().unwrap_or_default());
                prepared.files.push((at, part, file));
            }
        }
        Ok(prepared)
    }
}

/// Writes the rows of one partition to its sinks: complete files, with their paths.
fn write_part(
    spill: &Spill,
    spilled: &mut File,
    partition: usize,
    mut sinks: Vec<(PathBuf, FileSink)>,
    columns: &[Column],
) -> Result<Vec<(PathBuf, AtomicFile)>, ExportError> {
    let first = sinks.first().map(|(path, _)| path.clone()).unwrap_or_default();
    spill
        .read::<SinkError>(spilled, partition, |row| {
            sinks.iter_mut().try_for_each(|(_, sink)| sink.write(columns, row))
        })
        .map_err(|error| ExportError::new(&first, error))?;
    let finish = |(path, sink): (PathBuf, FileSink)| {
        let mut file = sink.finish().map_err(|error| ExportError::new(&path, error))?;
        // Thousands of files can't be open at once.
        file.complete().map_err(|error| ExportError::new(&path, error))?;
        Ok((path, file))
    };
    sinks.into_iter().map(finish).collect()
}

impl PreparedParts {
    /// Gives each file its name and removes the parts of earlier runs that no longer exist. `markers`: those
    /// of complete folders, if requested.
    pub(crate) fn commit(self, hooks: &dyn Hooks, mut markers: Option<&mut SuccessMarkers>) -> Result<(), ExportError> {
        let Self { files, outputs, folders } = self;
        let mut current: Vec<BTreeSet<PathBuf>> = outputs.iter().map(|_| BTreeSet::new()).collect();
        for (output, part, _) in &files {
            current[*output].insert(part.clone());
        }
        for ((parts, earlier), current) in outputs.iter().zip(&current) {
            if let Some(markers) = markers.as_deref_mut() {
                let changed = earlier.union(current);
                parts.replace_markers(changed, current, markers).map_err(|error| fault(parts, error))?;
            }
            parts.mark(current).map_err(|error| fault(parts, error))?;
        }
        for (output, _, file) in files {
            file.commit(hooks).map_err(|error| fault(&outputs[output].0, error))?;
        }
        for ((parts, earlier), current) in outputs.iter().zip(&current) {
            for part in earlier.difference(current) {
                parts.remove(part).map_err(|error| fault(parts, error))?;
            }
            if current.is_empty() {
                parts.remove_mark().map_err(|error| fault(parts, error))?;
            }
            parts.mark(current).map_err(|error| fault(parts, error))?;
        }
        drop(folders);
        Ok(())
    }
}

fn fault(parts: &Parts, error: io::Error) -> ExportError {
    ExportError::new(parts.folder(), error)
}

impl NewFolders {
    /// Creates a folder and those above it.
    fn create(&mut self, folder: &Path) -> io::Result<()> {
        let mut missing: Vec<PathBuf> =
            folder.ancestors().take_while(|folder| !folder.exists()).map(Path::to_owned).collect();
        missing.reverse();
        self.0.extend(missing);
        shared_folder::retry_if_gone(|| shared_folder::create(folder))
    }
}

/// Checks that no whole file has the name of a partitioned output: readers of the folder would count its
/// rows twice.
pub(crate) fn check_no_whole_file(path: &Path) -> Result<(), ExportError> {
    if path.is_file() {
        let reason = "a file with all rows is beside the partitions, so that readers of the folder would count rows twice; remove it or choose another name";
        return Err(ExportError::new(path, reason));
    }
    Ok(())
}

/// Removes the parts that earlier runs wrote for `target`, when it is no longer partitioned.
pub(crate) fn remove_parts(target: &Path) -> Result<(), ExportError> {
    let fault = |error: io::Error| ExportError::new(target, error);
    let parts = Parts::of_output(target).map_err(fault)?;
    if !parts.exist() {
        return Ok(());
    }
    for part in parts.find().map_err(fault)? {
        parts.remove(&part).map_err(fault)?;
    }
    parts.remove_mark().map_err(fault)
}
