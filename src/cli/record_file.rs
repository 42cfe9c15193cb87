//! A file that records the state of a run: `--summary` or `--metrics-file`. It may also be a pipe or
//! a device.

use crate::base::atomic_file;
use crate::base::file_identity::FileIdentity;
use crate::base::hooks::NoHooks;
use crate::base::mounts::Mounts;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a pipe may take to accept a record.
const PIPE_TIMEOUT: Duration = Duration::from_millis(500);

/// The first bytes of a record, by which it is recognized.
const RECOGNIZED_BYTES: u64 = 4096;

/// Names of the standard streams. Opening them again could overwrite a file that they append to.
const STDOUT: &[&str] = &["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
const STDERR: &[&str] = &["/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"];

/// Where a record goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RecordFile {
    /// A file, which is replaced by a rename.
    Replaced(PathBuf),
    /// A file that somebody has open, such as `/dev/fd/3`: it is overwritten.
    Overwritten(PathBuf),
    /// A file that is mounted, or below `/dev`, and can't be replaced: it is overwritten with a short record. Kubernetes
    /// mounts a file and reads the first bytes of it when a container ends, by default `/dev/termination-log`.
    Mounted(PathBuf),
    /// A device or a pipe: one record is one line, at the end of the run.
    Stream(PathBuf),
    /// Standard output, in the same way.
    Stdout,
    /// Standard error, in the same way.
    Stderr,
}

impl RecordFile {
    /// Decides by name and by the existing file.
    pub(crate) fn classify(path: &Path) -> Self {
        let is_named = |names: &[&str]| names.iter().any(|name| path == Path::new(name));
        if is_named(STDOUT) {
            return Self::Stdout;
        }
        if is_named(STDERR) {
            return Self::Stderr;
        }
        let path = path.to_owned();
        match std::fs::metadata(&path) {
            Ok(metadata) if !metadata.is_file() && !metadata.is_dir() => Self::Stream(path),
            Ok(metadata) if metadata.is_file() && is_open_file(&path) => Self::Overwritten(path),
            Ok(metadata) if metadata.is_file() && (path.starts_with("/dev") || is_mounted(&path)) => {
                Self::Mounted(path)
            }
            _ => Self::Replaced(path),
        }
    }

    /// Whether both are the same file.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let identity = |record: &Self| record.path().map(FileIdentity::of_path);
        identity(self).zip(identity(other)).is_some_and(|(one, other)| one.is_same(&other))
    }

    /// The file, unless it is a standard stream.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Replaced(path) | Self::Overwritten(path) | Self::Mounted(path) | Self::Stream(path) => Some(path),
            Self::Stdout | Self::Stderr => None,
        }
    }

    /// Whether a later record takes the place of an earlier one.
    pub(crate) fn is_rewritten(&self) -> bool {
        matches!(self, Self::Replaced(_) | Self::Overwritten(_) | Self::Mounted(_))
    }

    /// What the file holds, if it can be read again.
    pub(crate) fn read(&self) -> Option<String> {
        match self {
            Self::Replaced(path) | Self::Overwritten(path) | Self::Mounted(path) => std::fs::read_to_string(path).ok(),
            Self::Stream(_) | Self::Stdout | Self::Stderr => None,
        }
    }

    /// Checks that no other file would be lost: a file is replaced only if it is empty or an earlier
    /// record.
    ///
    /// # Errors
    /// When it is something else.
    pub(crate) fn check(&self) -> Result<(), String> {
        let path = match self {
            Self::Replaced(path) | Self::Mounted(path) => path,
            // An open file was chosen by the process that opened it.
            Self::Overwritten(_) | Self::Stream(_) | Self::Stdout | Self::Stderr => return Ok(()),
        };
        let Ok(file) = File::open(path) else { return Ok(()) };
        let mut beginning = Vec::new();
        let read = file.take(RECOGNIZED_BYTES).read_to_end(&mut beginning);
        let text = String::from_utf8_lossy(&beginning);
        let has = |name: &str| text.contains(&format!("\"{name}\":"));
        let is_summary = text.starts_with('{') && has("outcome") && has("run_id") && has("exit_code");
        let is_metrics = ["docmill_", "# HELP docmill_", "# TYPE docmill_"].iter().any(|start| text.starts_with(start));
        if read.is_err() || beginning.is_empty() || is_summary || is_metrics {
            return Ok(());
        }
        Err(format!("{} exists and is not a summary or metrics of docmill; it is left unchanged", path.display()))
    }

    /// Writes a record: to a file instead of the last one.
    ///
    /// # Errors
    /// When it can't be written, with the name of the file.
    pub(crate) fn write(&self, text: &str) -> Result<(), String> {
        self.check()?;
        let (name, written) = match self {
            Self::Replaced(path) => (path.display().to_string(), replace(path, text)),
            Self::Overwritten(path) | Self::Mounted(path) => (path.display().to_string(), overwrite(path, text)),
            Self::Stream(path) => (path.display().to_string(), send(path, text)),
            Self::Stdout => {
                let mut stdout = io::stdout().lock();
                // A closed pipe is an error, too: the record did not arrive.
                let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
                ("standard output".to_owned(), written)
            }
            Self::Stderr => ("standard error".to_owned(), io::stderr().lock().write_all(text.as_bytes())),
        };
        written.map_err(|error| format!("can't write {name}: {error}"))
    }
}

/// Whether the path names an open file.
fn is_open_file(path: &Path) -> bool {
    path.starts_with("/dev/fd") || path.starts_with("/proc")
}

/// Whether the file itself is mounted.
fn is_mounted(path: &Path) -> bool {
    let real = std::fs::canonicalize(path);
    real.is_ok_and(|real| Mounts::read().is_some_and(|mounts| mounts.is_mounted(&real)))
}

/// Replaces a file. Where that is impossible, such as below a mount point or in a folder that can't
/// be written, an existing file is overwritten.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let is_full = |error: &io::Error| matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    atomic_file::write(path, text.as_bytes(), &NoHooks).or_else(|error| match std::fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => Err(error),
        Ok(metadata) if is_full(&error) => match has_space_for(&metadata, text) {
            true => overwrite_in_place(path, text).map_err(|_| error),
            false => Err(error),
        },
        Ok(_) => overwrite(path, text).map_err(|_| error),
        Err(_) => Err(error),
    })
}

/// Whether a file has as much space on its disk as a text needs, whatever else fills the disk.
#[cfg(unix)]
fn has_space_for(file: &std::fs::Metadata, text: &str) -> bool {
    use std::os::unix::fs::MetadataExt;
    // `st_blocks` counts units of 512 bytes (stat(2), Linux man-pages 6.9).
    text.len() as u64 <= file.blocks() * 512
}

#[cfg(not(unix))]
fn has_space_for(file: &std::fs::Metadata, text: &str) -> bool {
    text.len() as u64 <= file.len()
}

/// Overwrites a file without giving its space back first.
fn overwrite_in_place(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)?;
    file.sync_all()
}

fn overwrite(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().write(true).truncate(true).open(path)?.write_all(text.as_bytes())
}

/// Sends a record to a device, or to a pipe that somebody reads.
#[cfg(unix)]
fn send(path: &Path, text: &str) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt;
    use tokio::io::AsyncWriteExt;
    if !std::fs::metadata(path)?.file_type().is_fifo() {
        return OpenOptions::new().append(true).open(path)?.write_all(text.as_bytes());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // Opening a pipe without a reader fails instead of waiting for a reader.
        let mut pipe = tokio::net::unix::pipe::OpenOptions::new().open_sender(path)?;
        let writing = async {
            pipe.write_all(text.as_bytes()).await?;
            pipe.flush().await
        };
        let is_late = |_| io::Error::new(io::ErrorKind::TimedOut, "the pipe has no reader");
        tokio::time::timeout(PIPE_TIMEOUT, writing).await.map_err(is_late)?
    })
}

#[cfg(not(unix))]
fn send(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().append(true).open(path)?.write_all(text.as_bytes())
}

#[cfg(all(test, unix))]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests make files")]

    use super::*;
    use std::os::fd::AsRawFd;

    #[test]
    fn a_record_is_replaced_overwritten_or_sent() {
        const LONG: &str = "{\"run_id\": \"a\", \"outcome\": \"a longer one\", \"exit_code\": 0}\n";
        const SHORT: &str = "{\"run_id\": 1, \"outcome\": 1, \"exit_code\": 0}\n";
        let folder = tempfile::tempdir().unwrap();
        let (file, missing) = (folder.path().join("file"), folder.path().join("deep/missing"));
        std::fs::write(&file, "old").unwrap();
        let open = std::fs::File::open(&file).unwrap();
        let opened = PathBuf::from(format!("/dev/fd/{}", open.as_raw_fd()));
        for (path, expected) in [
            (Path::new("-"), RecordFile::Stdout),
            (Path::new("/dev/stdout"), RecordFile::Stdout),
            (Path::new("/proc/self/fd/2"), RecordFile::Stderr),
            (Path::new("/dev/null"), RecordFile::Stream("/dev/null".into())),
            (&file, RecordFile::Replaced(file.clone())),
            (&missing, RecordFile::Replaced(missing.clone())),
            (folder.path(), RecordFile::Replaced(folder.path().into())),
            (&opened, RecordFile::Overwritten(opened.clone())),
        ] {
            assert_eq!(RecordFile::classify(path), expected, "{}", path.display());
        }
        for record in
            [RecordFile::Overwritten(opened), RecordFile::Replaced(file.clone()), RecordFile::classify(&missing)]
        {
            for text in [LONG, SHORT] {
                record.write(text).unwrap();
                assert!(record.is_rewritten());
                assert_eq!(record.read().as_deref(), Some(text));
            }
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), SHORT);
        for (text, is_record) in [
            ("", true),
            ("# HELP docmill_run_info The run\n", true),
            ("docmill_run_info 1\n", true),
            ("version: 1\n", false),
            (SHORT, true),
            ("# see docmill_jobs.md\nversion: 1\n", false),
            ("{\"name\": 1, \"outcome\": 2}\n", false),
        ] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(RecordFile::classify(&file).check().is_ok(), is_record, "{text}");
        }
        RecordFile::classify(Path::new("/dev/null")).write("gone\n").unwrap();
        let error = RecordFile::classify(folder.path()).write("x").unwrap_err();
        assert!(error.contains("not a file"), "{error}");
    }
}
