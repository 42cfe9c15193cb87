//! The manifests of parts: a small JSON file beside each part file, which exists only while the part is complete.
//! Readers of parts wait for all manifests of a number of shards.
//!
//! Its name is that of the part with a leading `_` and `.json` at the end: `_mail-00003-of-00016.csv.json`.
//! Spark, Hive and pyarrow leave out names that begin with `_`.

use crate::base::atomic_file::{self, remove_if_there};
use crate::base::hooks::NoHooks;
use crate::base::open_databases::read_other;
use crate::base::output_file::OutputFile;
use crate::base::shard::Shard;
use crate::base::sibling::folder_of;
use serde_json::{Value, json};
use std::io;
use std::path::{Path, PathBuf};

/// What the manifests of a shard state about each of its files.
#[derive(Clone, Debug)]
pub(crate) struct PartManifest {
    /// The shard.
    pub(crate) shard: Shard,
    /// Name of the job.
    pub(crate) job: String,
    /// Digest of the manifest of the job, hexadecimal.
    pub(crate) manifest_hash: String,
}

impl PartManifest {
    /// Removes the manifest of a part that is about to change.
    ///
    /// # Errors
    /// When it can't be removed.
    pub(crate) fn remove(part: &Path) -> io::Result<()> {
        remove_if_there(&path_of(part))
    }

    /// Writes the manifest of a part with `rows` rows, which is complete. `part`: the path of the part; of
    /// partitions, their common name in the folder of the partitions.
    ///
    /// # Errors
    /// When it can't be written.
    pub(crate) fn write(&self, part: &Path, file: &OutputFile, rows: u64) -> io::Result<()> {
        let bytes = std::fs::metadata(part).ok().filter(|_| file.partitions.is_none()).map(|metadata| metadata.len());
        let manifest = json!({
            "job": self.job, "shard": self.shard.to_string(), "format": file.format,
            "file": part.file_name().map(|name| name.to_string_lossy()), "partitions": file.partitions,
            "rows": rows, "bytes": bytes, "manifest_hash": self.manifest_hash,
        });
        atomic_file::write(&path_of(part), format!("{manifest:#}\n").as_bytes(), &NoHooks)
    }
}

/// The complete parts of an output, of any number of shards, that a job has written.
///
/// # Errors
/// When the folder can't be read.
pub(crate) fn parts_of(output: &Path, job: &str) -> io::Result<Vec<PathBuf>> {
    let folder = folder_of(output);
    let found = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        found => found?,
    };
    let mut parts = Vec::new();
    for entry in found {
        let entry = entry?;
        let name = entry.file_name();
        let part = name.to_str().and_then(|name| name.strip_prefix('_')?.strip_suffix(".json"));
        let Some(part) = part.filter(|part| Shard::of_part(part, output).is_some()) else { continue };
        let manifest = read_other(&entry.path()).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
        // Another job may have an output with this name.
        if manifest.is_some_and(|manifest| manifest["job"] == job && manifest["file"] == part) {
            parts.push(folder.join(part));
        }
    }
    parts.sort();
    Ok(parts)
}

fn path_of(part: &Path) -> PathBuf {
    part.with_file_name(format!("_{}.json", part.file_name().unwrap_or_default().to_string_lossy()))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files")]
mod tests {
    use super::*;

    #[test]
    fn only_the_complete_parts_of_the_job_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("rows.csv");
        assert_eq!(parts_of(&folder.path().join("none/rows.csv"), "mail").unwrap(), Vec::<PathBuf>::new());
        let write = |shard: &str, job: &str| {
            let shard = Shard::parse(shard).unwrap();
            let part = shard.part_path(&output);
            std::fs::write(&part, "path\na\n").unwrap();
            let file = OutputFile { format: "csv", path: part.clone(), is_partial: false, partitions: None };
            let manifest = PartManifest { shard, job: job.into(), manifest_hash: "abc".into() };
            manifest.write(&part, &file, 1).unwrap();
            part
        };
        let (first, last) = (write("0/2", "mail"), write("1/2", "mail"));
        write("0/3", "other");
        std::fs::write(folder.path().join("rows-00001-of-00003.csv"), "no manifest").unwrap();
        assert_eq!(parts_of(&output, "mail").unwrap(), [first.clone(), last.clone()]);
        let text = std::fs::read_to_string(folder.path().join("_rows-00001-of-00002.csv.json")).unwrap();
        let manifest: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&manifest["shard"], &manifest["rows"], &manifest["bytes"]), (&json!("1/2"), &json!(1), &json!(7)));
        PartManifest::remove(&last).unwrap();
        PartManifest::remove(&last).unwrap();
        assert_eq!(parts_of(&output, "mail").unwrap(), [first]);
    }
}
