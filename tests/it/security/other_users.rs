//! Folders and files of other users: what can't be written or entered is found before anything is paid for, and
//! named. They need another user to run as, which only root can become.

use crate::bench::{Bench, Ran};
use crate::skip::{OTHER_USER, skip};
use docmill::internal::simulator::Options;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

/// A user that owns nothing.
const NOBODY: u32 = 65_534;

/// Whether `test` can run docmill as another user.
fn can_change_user(bench: &Bench, test: &str) -> bool {
    let is_root = std::fs::metadata(bench.path("pages")).unwrap().uid() == 0;
    // The program may be in a folder that only root can enter.
    let can = is_root && nobody(bench, &["--version"]).is_some_and(|ran| ran.code == 0);
    if !can {
        skip(OTHER_USER, test);
    }
    can
}

/// Runs docmill as a user that owns nothing; `None`: that is not possible.
fn nobody(bench: &Bench, arguments: &[&str]) -> Option<Ran> {
    use std::os::unix::process::CommandExt;
    let program = env!("CARGO_BIN_EXE_docmill");
    let mut command = Command::new(program);
    command.args(arguments).current_dir(bench.path("")).uid(NOBODY).gid(NOBODY);
    Some(Ran::from(command.output().ok()?))
}

fn set_mode(path: impl AsRef<Path>, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A job in a folder into which anyone can write.
fn open_to_all(pages: usize) -> Bench {
    let bench = Bench::with_pages(pages).simulator(Options::default());
    bench.job("");
    set_mode(bench.path(""), 0o777);
    bench
}

fn requests(bench: &Bench) -> u64 {
    bench.stats()["requests"].as_u64().unwrap()
}

#[test]
fn an_output_that_cannot_be_replaced_is_found_before_anything_is_paid_for() {
    let bench = open_to_all(2);
    if !can_change_user(&bench, "an_output_that_cannot_be_replaced_is_found_before_anything_is_paid_for") {
        return;
    }
    bench.put("out.csv", b"of root");
    set_mode(bench.path(""), 0o1777);
    for command in ["check", "run"] {
        let ran = nobody(&bench, &[command, "job.yaml"]).unwrap();
        assert_eq!((ran.code, requests(&bench)), (8, 0), "{command}: {}", ran.stderr);
        assert!(ran.stderr.contains("only its owner may replace it"), "{command}: {}", ran.stderr);
    }
    std::fs::remove_file(bench.path("out.csv")).unwrap();
    let bench = open_to_all(2);
    std::fs::create_dir(bench.path("partial")).unwrap();
    set_mode(bench.path("partial"), 0o555);
    for command in ["check", "run"] {
        let ran = nobody(&bench, &[command, "job.yaml"]).unwrap();
        assert_eq!((ran.code, requests(&bench)), (8, 0), "{command}: {}", ran.stderr);
        assert!(ran.stderr.contains("partial/out.csv"), "{command}: {}", ran.stderr);
    }
}

#[test]
fn a_folder_that_cannot_be_read_is_named_and_the_run_is_not_complete() {
    let bench = open_to_all(2);
    if !can_change_user(&bench, "a_folder_that_cannot_be_read_is_named_and_the_run_is_not_complete") {
        return;
    }
    bench.put("pages/closed/a.jpg", &crate::bench::page(77));
    set_mode(bench.path("pages/closed"), 0o700);
    let plan = nobody(&bench, &["plan", "job.yaml"]).unwrap();
    assert!(plan.stderr.contains("pages/closed: Permission denied"), "{}", plan.stderr);
    let ran = nobody(&bench, &["run", "job.yaml"]).unwrap();
    assert_eq!((ran.code, requests(&bench)), (9, 2), "{}", ran.stderr);
    let error = ran.stderr.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
    assert!(error.contains("could not be read") && error.contains("pages/closed"), "{}", ran.stderr);
    assert_eq!(bench.report()["outcome"], "pages_pending");
    // Its page is pending, because an earlier run has seen it.
    set_mode(bench.path("pages/closed"), 0o755);
    assert_eq!(nobody(&bench, &["run", "job.yaml", "--limit", "0"]).unwrap().code, 0);
    set_mode(bench.path("pages/closed"), 0o700);
    let ran = nobody(&bench, &["run", "job.yaml"]).unwrap();
    assert_eq!((ran.code, requests(&bench)), (9, 2), "{}", ran.stderr);
    assert!(ran.stderr.contains("\nerror: a part of the input could not be read: "), "{}", ran.stderr);
    // Left out on purpose.
    bench.job("");
    let job = bench.text("job.yaml").replace("{folder: pages}", "{folder: pages, exclude: [\"closed/**\"]}");
    bench.put("job.yaml", job.as_bytes());
    let ran = nobody(&bench, &["run", "job.yaml"]).unwrap();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn a_store_that_cannot_be_reached_is_not_taken_for_none() {
    let bench = open_to_all(2);
    if !can_change_user(&bench, "a_store_that_cannot_be_reached_is_not_taken_for_none") {
        return;
    }
    let job = bench.text("job.yaml").replace("store: store.db", "store: closed/store.db");
    bench.put("job.yaml", job.as_bytes());
    assert_eq!(bench.run(&["-q"]).code, 0);
    set_mode(bench.path("closed"), 0o700);
    for command in ["plan", "report", "run"] {
        let ran = nobody(&bench, &[command, "job.yaml"]).unwrap();
        assert_eq!(ran.code, 8, "{command}: {}{}", ran.stdout, ran.stderr);
        assert!(
            ran.stderr.contains("Permission denied") && !ran.stderr.contains("there is no store"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn a_store_that_cannot_be_opened_names_the_cause_and_the_remedy() {
    const TEST: &str = "a_store_that_cannot_be_opened_names_the_cause_and_the_remedy";
    let bench = open_to_all(1);
    if !can_change_user(&bench, TEST) {
        return;
    }
    assert_eq!(bench.run(&["-q"]).code, 0);
    let sent = requests(&bench);
    for (name, of_store, of_folder) in [("closed", 0o600, 0o755), ("locked", 0o644, 0o700), ("fixed", 0o644, 0o777)] {
        bench.put(&format!("{name}/store.db"), &std::fs::read(bench.path("store.db")).unwrap());
        set_mode(bench.path(&format!("{name}/store.db")), of_store);
        set_mode(bench.path(name), of_folder);
    }
    let hint = "hint: this user has to be able to read and write the store and its folder: ";
    for (store, command) in [
        ("closed/store.db", &["run", "job.yaml"][..]),
        ("closed/store.db", &["report", "job.yaml"]),
        ("closed/store.db", &["plan", "job.yaml"]),
        ("closed/store.db", &["store", "stats"]),
        ("locked/store.db", &["run", "job.yaml"]),
        ("locked/store.db", &["report", "job.yaml"]),
        ("locked/store.db", &["export", "job.yaml"]),
        // It can be read, and nothing else.
        ("fixed/store.db", &["run", "job.yaml"]),
    ] {
        let ran = nobody(&bench, &[command, &["--store", store, "-q"]].concat()).unwrap();
        let cause = format!("error: cannot open the store {store}: ");
        assert!(ran.code == 8 && ran.stderr.starts_with(&cause), "{command:?} {store}: {} {}", ran.code, ran.stderr);
        assert!(ran.stderr.contains("Permission denied (os error 13)"), "{command:?} {store}: {}", ran.stderr);
        assert!(ran.stderr.contains(hint), "{command:?} {store}: {}", ran.stderr);
    }
    for store in ["closed/store.db", "locked/store.db"] {
        let ran = nobody(&bench, &["merge", "job.yaml", store, "--store", "all.db", "-q"]).unwrap();
        let cause = format!("error: cannot open the store {store}: Permission denied (os error 13)\n");
        assert!(ran.code == 8 && ran.stderr.starts_with(&cause), "{store}: {} {}", ran.code, ran.stderr);
    }
    assert_eq!(requests(&bench), sent, "nothing is sent");
}
