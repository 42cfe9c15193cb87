//! The output files of a job: every row goes to every file, and all files are committed at the end.

use super::columns::Column;
use super::error::ExportError;
use super::part_manifest::{PartManifest, parts_of};
use super::partial::{PartialFolder, remove_older_partial};
use super::partitions::partitions::{Partitions, remove_parts};
use super::row::Row;
use super::sinks::format::{FileSink, RowFormat};
use super::spec::RowSpec;
use super::success_marker::{SuccessMarkers, remove_marker};
use super::target::Targets;
use crate::base::atomic_file::AtomicFile;
use crate::base::file_identity::{follow_links, real_path};
use crate::base::hooks::Hooks;
use crate::base::output_file::OutputFile;
use std::path::{Path, PathBuf};

/// Output files under construction. Dropping them before [`Outputs::commit`] leaves nothing.
pub struct Outputs {
    columns: Vec<Column>,
    rows: RowFiles,
    /// The format and the path of each output, with every link followed.
    targets: Vec<(RowFormat, PathBuf)>,
    partial: PartialFolder,
    has_markers: bool,
    /// Set when the files are the parts of a shard.
    part: Option<PartManifest>,
    /// Rows so far.
    count: u64,
}

/// Where rows go until the end.
enum RowFiles {
    /// One file for each output.
    Whole(Vec<FileSink>),
    /// Files for each partition.
    Partitioned(Box<Partitions>),
}

/// The outputs that were written.
#[must_use = "the markers are written after everything else"]
#[derive(Debug, Default)]
pub struct WrittenOutputs {
    /// The files.
    pub files: Vec<OutputFile>,
    /// The markers of complete folders, which are written last.
    pub markers: SuccessMarkers,
}

impl Outputs {
    /// Starts the files.
    ///
    /// # Errors
    /// If a folder or a temporary file can't be created.
    pub fn create(targets: &Targets, spec: &RowSpec) -> Result<Self, ExportError> {
        let columns = Column::list(spec);
        let options = targets.sink_options();
        let follow = |(format, path): (RowFormat, &Path)| {
            follow_links(path).map(|target| (format, target)).map_err(|error| ExportError::new(path, error))
        };
        let followed: Vec<_> = targets.files().map(follow).collect::<Result<_, _>>()?;
        let rows = if targets.partition_by.is_empty() || followed.is_empty() {
            let sink = |(format, path): &(RowFormat, PathBuf)| {
                let file = AtomicFile::create(path).map_err(|error| ExportError::new(path, error))?;
                file.remove_abandoned();
                format.create(file, &columns, &options).map_err(|error| ExportError::new(path, error))
            };
            RowFiles::Whole(followed.iter().map(sink).collect::<Result<_, _>>()?)
        } else {
            let partitions = Partitions::create(followed.clone(), columns.clone(), &targets.partition_by, options)?;
            RowFiles::Partitioned(Box::new(partitions))
        };
        let (partial, has_markers) = (targets.partial_folder(), targets.success_marker);
        Ok(Self { columns, rows, targets: followed, partial, has_markers, part: targets.part_manifest(), count: 0 })
    }

    /// Writes a row to every file.
    ///
    /// # Errors
    /// If a file can't be written, or there are too many partitions.
    pub fn write(&mut self, row: &Row) -> Result<(), ExportError> {
        self.count += 1;
        match &mut self.rows {
            RowFiles::Partitioned(partitions) => partitions.write(row),
            RowFiles::Whole(sinks) => sinks.iter_mut().zip(&self.targets).try_for_each(|(sink, (_, path))| {
                sink.write(&self.columns, row).map_err(|error| ExportError::new(path, error))
            }),
        }
    }

    /// Completes all files, then gives each its name, and returns them. With `is_complete` that is the
    /// target, and an older partial file is removed. Otherwise it is a file with the same name in the
    /// folder `partial` beside the store, and the target is unchanged.
    ///
    /// # Errors
    /// If a file can't be completed: then no file is committed. If a file can't be renamed:
    /// then the files before it are committed.
    pub fn commit(self, is_complete: bool, hooks: &dyn Hooks) -> Result<WrittenOutputs, ExportError> {
        let Self { rows, targets, partial, has_markers, part, count, .. } = self;
        if part.is_some() {
            withdraw(targets.iter().map(|(_, target)| target.as_path()))?;
        }
        let is_part = part.is_some();
        let has_old_part = is_part && !is_complete;
        let part = part.filter(|_| is_complete);
        let mut written = WrittenOutputs::default();
        let find_place = |target: &Path| if is_complete { Ok(target.to_owned()) } else { partial.claim(target) };
        let place = |(_, target): &(RowFormat, PathBuf)| {
            // Only a partial output has to be claimed.
            find_place(target).map_err(|error| ExportError::new(&partial.own_file(target), error))
        };
        let keep_claims = |places: &[PathBuf]| {
            let mut claimed = targets.iter().zip(places).filter(|_| !is_complete);
            claimed.try_for_each(|((_, target), place)| {
                partial.keep_claim(target, place).map_err(|error| ExportError::new(place, error))
            })
        };
        let partitions = match &rows {
            RowFiles::Whole(_) => None,
            RowFiles::Partitioned(partitions) => Some(partitions.len()),
        };
        match rows {
            RowFiles::Whole(sinks) => {
                let finish = |(sink, (_, path)): (FileSink, &(RowFormat, PathBuf))| {
                    sink.finish().map_err(|error| ExportError::new(path, error))
                };
                let files = sinks.into_iter().zip(&targets).map(finish).collect::<Result<Vec<_>, _>>()?;
                let mut places = targets.iter().map(place).collect::<Result<Vec<_>, _>>()?;
                if has_markers && is_complete {
                    replace_markers(&places, &mut written.markers)?;
                }
                for (file, (place, (_, target))) in files.into_iter().zip(places.iter_mut().zip(&targets)) {
                    let committed = file.commit_as(|| find_place(target), hooks);
                    *place = committed.map_err(|error| ExportError::new(place, error))?;
                    // Of the time when the output was partitioned.
                    remove_parts(place)?;
                }
                keep_claims(&places)?;
                written.files = output_files(&targets, places, is_complete, partitions);
            }
            RowFiles::Partitioned(collected) => {
                let places = targets.iter().map(place).collect::<Result<Vec<_>, _>>()?;
                let prepared = collected.prepare(&places)?;
                let has_markers = has_markers && is_complete;
                prepared.commit(hooks, has_markers.then_some(&mut written.markers))?;
                if !is_complete {
                    // Of the time when the output was not partitioned.
                    places.iter().for_each(|place| _ = std::fs::remove_file(place));
                }
                keep_claims(&places)?;
                written.files = output_files(&targets, places, is_complete, partitions);
            }
        }
        for (format, target) in &targets {
            if is_complete {
                remove_partial(&partial, target)?;
            } else if has_markers && partitions.is_none() && !target.exists() {
                // What the marker stood for was removed.
                remove_marker(parent_of(target)).map_err(|error| ExportError::new(target, error))?;
            }
            remove_older_partial(target, |path| format.is_own(path));
            // Files of an earlier run no longer count, and would not be found without its manifest.
            if has_old_part {
                remove_part(target, *format)?;
            }
        }
        if is_part {
            // Its folders have other rows than the table now, and not yet all of the new ones.
            written.markers = SuccessMarkers::default();
        }
        if let Some(part) = part {
            for ((_, target), file) in targets.iter().zip(&written.files) {
                part.write(target, file, count).map_err(|error| ExportError::new(target, error))?;
            }
        }
        Ok(written)
    }
}

/// Removes the manifests of the parts of a shard whose rows are about to change: readers that wait for them must not
/// take earlier parts for those of a run that is killed.
///
/// # Errors
/// If one of them can't be removed.
pub fn withdraw_parts(targets: &Targets) -> Result<(), ExportError> {
    if targets.shard.is_none() {
        return Ok(());
    }
    withdraw(targets.files().map(|(_, path)| path))
}

fn withdraw<'a>(mut targets: impl Iterator<Item = &'a Path>) -> Result<(), ExportError> {
    targets.try_for_each(|path| {
        let removed = follow_links(path).and_then(|target| PartManifest::remove(&target));
        removed.map_err(|error| ExportError::new(path, error))
    })
}

/// Removes the parts of an output that shards of the job have written: the output, which is complete, has their
/// rows, and readers of the folder would count them twice.
///
/// # Errors
/// If one of them can't be removed.
pub fn remove_shard_parts(output: &Path, job: &str) -> Result<(), ExportError> {
    let fault = |error| ExportError::new(output, error);
    let output = follow_links(output).map_err(fault)?;
    for part in parts_of(&output, job).map_err(fault)? {
        PartManifest::remove(&part).map_err(fault)?;
        remove_parts(&part)?;
        let _ = std::fs::remove_file(&part);
    }
    Ok(())
}

/// Removes what an earlier run of a shard has left as its part. A file that holds no rows of docmill stays.
fn remove_part(part: &Path, format: RowFormat) -> Result<(), ExportError> {
    remove_parts(part)?;
    if part.is_file() && format.is_own(part) {
        std::fs::remove_file(part).map_err(|error| ExportError::new(part, error))?;
    }
    Ok(())
}

/// Removes the markers of the folders, before they change, and adds them to those that are written at the
/// end.
fn replace_markers(places: &[PathBuf], markers: &mut SuccessMarkers) -> Result<(), ExportError> {
    for place in places {
        remove_marker(parent_of(place)).map_err(|error| ExportError::new(place, error))?;
        markers.add(parent_of(place));
    }
    Ok(())
}

/// Removes the partial files of an output that is complete.
fn remove_partial(partial: &PartialFolder, target: &Path) -> Result<(), ExportError> {
    for place in partial.claimed(target) {
        remove_parts(&place)?;
        let _ = std::fs::remove_file(&place);
    }
    partial.release(target);
    Ok(())
}

fn output_files(
    targets: &[(RowFormat, PathBuf)],
    places: Vec<PathBuf>,
    is_complete: bool,
    partitions: Option<usize>,
) -> Vec<OutputFile> {
    let file = |((format, _), place): (&(RowFormat, PathBuf), PathBuf)| {
        let path = if partitions.is_some() { parent_of(&place) } else { &place };
        OutputFile { format: format.name(), path: real_path(path), is_partial: !is_complete, partitions }
    };
    targets.iter().zip(places).map(file).collect()
}

/// As it is written in the path, and so in reports.
fn parent_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files")]
mod tests;
