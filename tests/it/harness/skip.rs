//! Tests that cannot run where something is missing: each skip is printed and counted.
//!
//! With `DOCMILL_NO_SKIP=1`, as in CI, only the skips that `tests/allowed_skips.txt` names are accepted.
//! `DOCMILL_SKIP_LOG` names a file to which every skip is appended as a line.

use crate::bench::root;
use std::io::Write;
use std::path::PathBuf;

/// A folder of documents that cannot be published with the repository.
pub(crate) const REAL_DOCUMENTS: &str = "real documents (DOCMILL_REAL_DOCS)";
/// Minimal files of problems that users reported, which have no license to be published.
pub(crate) const CASES: &str = "reported cases (DOCMILL_CASES)";
/// Replies of real servers, which have no license to be published.
pub(crate) const REPLIES: &str = "recorded replies (DOCMILL_REPLIES)";
/// A second implementation of Parquet. The outputs are always read with the `parquet` crate.
pub(crate) const PYARROW: &str = "pyarrow";
/// A scheduler in Python. The task of docs/airflow.md always runs with a stand-in for it.
pub(crate) const AIRFLOW: &str = "airflow (DOCMILL_AIRFLOW)";
/// The superuser may read and write every file.
pub(crate) const ORDINARY_USER: &str = "a user without superuser rights";
/// Another user, as whom docmill can be run: only the superuser can.
pub(crate) const OTHER_USER: &str = "a second user";
/// Python: it runs the program in a pseudo-terminal.
pub(crate) const PYTHON: &str = "python3";
/// Programs whose processes all have the id 1, as in containers.
pub(crate) const PID_NAMESPACES: &str = "unshare --pid --fork";
/// Mounts that only one process sees.
pub(crate) const MOUNT_NAMESPACES: &str = "unshare --mount";
/// A C compiler.
pub(crate) const GCC: &str = "gcc";

/// What may be missing in CI, line by line, also for tests in Python and for scripts: `.ci/run` checks all skips.
const ALLOWED: &str = include_str!("../../allowed_skips.txt");

/// Records that `test` was skipped because `dependency` is missing.
#[track_caller]
#[expect(clippy::print_stderr, reason = "a skipped test is reported")]
pub(crate) fn skip(dependency: &str, test: &str) {
    let is_strict = std::env::var_os("DOCMILL_NO_SKIP").is_some_and(|value| value == "1");
    assert!(
        !is_strict || ALLOWED.lines().any(|line| line == dependency),
        "{test} needs {dependency}, which is missing"
    );
    eprintln!("skipped: {test} needs {dependency}");
    if let Some(log) = std::env::var_os("DOCMILL_SKIP_LOG") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        file.write_all(format!("{dependency}: {test}\n").as_bytes()).unwrap();
    }
}

/// The folder of real documents: `DOCMILL_REAL_DOCS`, or `shared/real_docs` beside the
/// checkout. A folder that is named but missing is an error, not a skip.
pub(crate) fn real_documents() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("DOCMILL_REAL_DOCS") {
        let folder = PathBuf::from(named);
        assert!(folder.is_dir(), "DOCMILL_REAL_DOCS: {} is not a folder", folder.display());
        return Some(folder);
    }
    let beside = root().join("../shared/real_docs");
    beside.is_dir().then_some(beside)
}

/// A file of the folder of reported cases: `DOCMILL_CASES`, or `shared/cases` beside the
/// checkout or the folder that it is in. A folder that is named but missing is an error, not a
/// skip.
pub(crate) fn case_file(name: &str) -> Option<PathBuf> {
    in_folder_of("DOCMILL_CASES", "shared/cases", name)
}

/// A file of the folder that the variable `variable` names, or of `default` beside the checkout or the
/// folder that it is in.
fn in_folder_of(variable: &str, default: &str, name: &str) -> Option<PathBuf> {
    let folders = match std::env::var_os(variable) {
        Some(named) => {
            let folder = PathBuf::from(named);
            assert!(folder.is_dir(), "{variable}: {} is not a folder", folder.display());
            vec![folder]
        }
        None => vec![root().join("..").join(default), root().join("../..").join(default)],
    };
    folders.into_iter().map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A file of the folder of recorded replies: `DOCMILL_REPLIES`, or `shared/replies` beside the
/// checkout or the folder that it is in. A folder that is named but missing is an error, not a
/// skip.
pub(crate) fn reply_file(name: &str) -> Option<PathBuf> {
    in_folder_of("DOCMILL_REPLIES", "shared/replies", name)
}

#[test]
fn skips_that_are_allowed_are_named_once() {
    let names: Vec<&str> = ALLOWED.lines().collect();
    assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
    assert!(!names.contains(&GCC), "SQLite is built from source: where docmill is built there is a C compiler");
}
