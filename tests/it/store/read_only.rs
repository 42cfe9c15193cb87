//! Reading commands on a store in a folder that the user can't write to.

#![cfg(unix)]

use crate::bench::{Bench, Ran};
use docmill::internal::simulator::Options;
use std::collections::BTreeSet;
use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;

/// Somebody without rights, where the tests run as a user who may do everything.
const NOBODY: u32 = 65_534;

/// A job that has run, whose store is in a folder that can't be written.
fn closed() -> Bench {
    let bench = Bench::with_pages(3).simulator(Options::default());
    bench.job("");
    bench.put("state/x", b"");
    bench.put("job.yaml", bench.text("job.yaml").replace("store: store.db", "store: state/store.db").as_bytes());
    bench.put("truth.csv", b"path,kind\n00000.jpg,invoice\n00001.jpg,letter\n00002.jpg,form\n");
    assert_eq!(bench.run(&["-q"]).code, 0);
    bench
}

fn set_modes(bench: &Bench, folder: u32, files: u32) {
    for entry in std::fs::read_dir(bench.path("state")).unwrap() {
        set_permissions(entry.unwrap().path(), Permissions::from_mode(files)).unwrap();
    }
    set_permissions(bench.path("state"), Permissions::from_mode(folder)).unwrap();
    // The folder of a test is its user's alone.
    set_permissions(bench.path("."), Permissions::from_mode(0o755)).unwrap();
}

fn as_reader(bench: &Bench, arguments: &[&str]) -> Ran {
    let mut command = bench.command(arguments);
    if is_writable(&bench.path("state")) {
        command.uid(NOBODY).gid(NOBODY);
    }
    Ran::from(command.output().unwrap())
}

/// Whether this process may write there despite its mode.
fn is_writable(folder: &Path) -> bool {
    let probe = folder.join("probe");
    let is_writable = std::fs::File::create(&probe).is_ok();
    let _ = std::fs::remove_file(probe);
    is_writable
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

const COMMANDS: &[&[&str]] = &[
    &["report", "job.yaml"],
    &["rows", "job.yaml"],
    &["runs", "job.yaml"],
    &["export", "job.yaml", "--jsonl", "-"],
    &["plan", "job.yaml"],
    &["eval", "job.yaml", "--truth", "truth.csv"],
    &["store", "check", "--store", "state/store.db"],
];

#[test]
fn a_store_in_a_folder_without_write_permission_is_read() {
    let bench = closed();
    let before: Vec<Ran> = COMMANDS.iter().map(|arguments| bench.docmill(arguments)).collect();
    set_modes(&bench, 0o555, 0o444);
    let files = names(&bench.path("state"));
    for (arguments, before) in COMMANDS.iter().zip(before) {
        let ran = as_reader(&bench, arguments);
        assert_eq!(ran.code, before.code, "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, before.stdout, "{arguments:?}");
        assert_eq!(names(&bench.path("state")), files, "{arguments:?}");
    }
    for arguments in [&["check", "job.yaml"][..], &["run", "job.yaml", "-q"]] {
        let ran = as_reader(&bench, arguments);
        assert_eq!(ran.code, 8, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("no file can be created in"), "{arguments:?}: {}", ran.stderr);
    }
    set_modes(&bench, 0o755, 0o644);
}

/// Changes that are not in the file of the store yet: without them reads would be wrong.
#[test]
fn changes_that_cannot_be_read_are_named() {
    let bench = closed();
    bench.put("state/store.db-wal", b"what a killed run has left");
    set_modes(&bench, 0o555, 0o444);
    for arguments in [&["report", "job.yaml"], &["rows", "job.yaml"]] {
        let ran = as_reader(&bench, arguments);
        assert_eq!(ran.code, 8, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("store.db-wal"), "{arguments:?}: {}", ran.stderr);
    }
    set_modes(&bench, 0o755, 0o644);
}
