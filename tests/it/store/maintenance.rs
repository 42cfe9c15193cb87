//! `docmill store`, and what becomes of a run whose store fails.

use crate::bench::{Bench, Ran, hanging_after, statuses, under_way, without_times};
use crate::skip::{ORDINARY_USER, skip};
use docmill::internal::simulator::Options;
use std::time::Duration;

fn store(bench: &Bench, arguments: &[&str]) -> Ran {
    bench.docmill(&[&["store"], arguments, &["--store", "store.db"]].concat())
}

#[test]
fn check_backup_and_stats() {
    let bench = Bench::with_pages(20).simulator(Options::default());
    bench.job("");
    assert_eq!(store(&bench, &["check"]).code, 2, "there is none");
    assert_eq!(bench.run(&["-q"]).code, 0);
    let sound = store(&bench, &["check"]);
    assert!(sound.code == 0 && sound.stdout.contains("sound"), "{}{}", sound.stdout, sound.stderr);
    let stats: serde_json::Value = serde_json::from_str(&store(&bench, &["stats", "--json"]).stdout).unwrap();
    assert_eq!((stats["pages"].as_u64(), stats["answers"]["ok"].as_u64()), (Some(20), Some(40)));
    assert_eq!(stats["jobs"][0]["name"], "test");
    assert!(store(&bench, &["stats"]).stdout.contains("20 files, 1 run\n"));

    let copied = store(&bench, &["backup", "--to", "copy.db"]);
    assert_eq!(copied.code, 0, "{}", copied.stderr);
    assert_eq!(store(&bench, &["backup", "--to", "copy.db"]).code, 8, "never over what is there");
    // The copy is worth what the store was.
    let before = without_times(&bench.rows());
    assert_eq!(bench.run(&["-q", "--store", "copy.db"]).code, 0);
    assert_eq!(without_times(&bench.rows()), before);
    assert_eq!(bench.stats()["requests"], 20);
}

#[test]
fn a_backup_of_a_busy_store_is_whole() {
    // The run takes longer than the first backup, on slow machines, too.
    let bench = Bench::with_pages(200).simulator(Options { latency: Duration::from_millis(300), ..Options::default() });
    bench.job("limits: {concurrency: 4}");
    let mut child = bench.start(&["--progress", "off"]);
    under_way(&bench, &mut child, 4);
    for at in 0..3 {
        let to = format!("copy{at}.db");
        assert_eq!(store(&bench, &["backup", "--to", &to]).code, 0);
        // The run of the copy is not one of this machine.
        assert_eq!(bench.docmill(&["store", "check", "--store", &to]).code, 0);
        assert!(at > 0 || child.try_wait().unwrap().is_none(), "the store is busy");
    }
    assert!(child.wait_with_output().unwrap().status.success());
}

#[test]
fn a_damaged_store_is_reported_and_its_readable_rows_are_saved() {
    let bench = Bench::with_pages(400).simulator(Options::default());
    bench.job("limits: {concurrency: 32}");
    assert_eq!(bench.run(&["-q"]).code, 0);
    let before = without_times(&bench.rows());
    let bytes = std::fs::read(bench.path("store.db")).unwrap();
    let (mut reported, mut asked_again) = (0, Vec::new());
    for part in 1..10 {
        let mut damaged = bytes.clone();
        let at = damaged.len() * part / 10 / 4096 * 4096;
        damaged[at..at + 4096].fill(0xa5);
        bench.put("store.db", &damaged);
        for name in ["saved.db", "store.db-wal", "store.db-shm"] {
            let _ = std::fs::remove_file(bench.path(name));
        }
        let checked = store(&bench, &["check"]);
        if checked.code == 0 {
            continue; // A page that nothing uses.
        }
        reported += 1;
        assert!(checked.code == 8 && checked.stderr.contains("docmill store salvage"), "{}", checked.stderr);
        let output = bench.text("out.csv");
        let ran = bench.run(&["-q"]);
        assert!(ran.code == 8 && ran.stderr.contains("damaged") && ran.stderr.contains("salvage"), "{}", ran.stderr);
        assert_eq!(bench.text("out.csv"), output, "the last outputs stay");
        let saved = store(&bench, &["salvage", "--to", "saved.db"]);
        assert_eq!(saved.code, 0, "{}", saved.stderr);
        assert_eq!(bench.docmill(&["store", "check", "--store", "saved.db"]).code, 0);
        let requests = bench.stats()["requests"].as_u64().unwrap();
        let ran = bench.run(&["-q", "--store", "saved.db"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(without_times(&bench.rows()), before);
        asked_again.push(bench.stats()["requests"].as_u64().unwrap() - requests);
    }
    assert!(reported >= 5, "{reported}");
    asked_again.sort_unstable();
    assert!(asked_again[asked_again.len() / 2] < 200, "most of it is saved: {asked_again:?}");
}

#[test]
fn pruning_deletes_what_no_job_shows() {
    let bench = Bench::with_pages(10).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&["-q"]).code, 0);
    for at in 0..4 {
        std::fs::remove_file(bench.path(&format!("pages/{at:05}.jpg"))).unwrap();
    }
    assert_eq!(bench.run(&["-q"]).code, 0);
    let young = store(&bench, &["prune", "--older-than", "1h"]);
    assert!(young.stdout.contains("pruned: 0 answers"), "{}", young.stdout);
    bench.age("store.db");
    assert_eq!(bench.docmill(&["export", "job.yaml"]).code, 0);
    let rows = bench.text("out.jsonl");
    let trial = store(&bench, &["prune", "--older-than", "1h", "--dry-run"]);
    assert!(trial.stdout.contains("would be pruned: 8 answers, 4 attempts, 4 pages"), "{}", trial.stdout);
    let pruned = store(&bench, &["prune", "--older-than", "1h"]);
    assert!(pruned.stdout.contains("pruned: 8 answers, 4 attempts, 4 pages"), "{}{}", pruned.stdout, pruned.stderr);
    assert_eq!(store(&bench, &["check"]).code, 0);
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(bench.text("out.jsonl"), rows, "what is shown stays, to the byte");
    assert_eq!(bench.stats()["requests"], 10, "and is not asked again");
    bench.put("pages/00000.jpg", &crate::bench::page(0));
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(bench.stats()["requests"], 11);
}

#[test]
fn pruning_keeps_what_a_job_shows_though_it_was_edited_or_only_listed() {
    // More pages than a limited run reads ahead (2 sent, 4 ready, one per worker, at most 16
    // workers), so that some files are only listed, however many cores are free.
    const PAGES: u32 = 40;
    let bench = Bench::with_pages(PAGES as usize).simulator(Options::default());
    bench.job("");
    let job = bench.text("job.yaml");
    assert_eq!(bench.run(&["-q"]).code, 0);
    // An edited job that could not ask anything yet.
    bench.put("job.yaml", job.replace("[invoice, letter, form]", "[invoice, letter, poster]").as_bytes());
    assert_eq!(bench.run(&["-q", "--budget-usd", "0.0000001"]).code, 4);
    bench.age("store.db");
    assert_eq!(store(&bench, &["prune", "--older-than", "1h"]).code, 0);
    bench.put("job.yaml", job.as_bytes());
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!((statuses(&bench.rows())["ok"], bench.stats()["requests"].as_u64()), (40, Some(40)));
    // Files that have changed and were only listed since.
    for at in 0..PAGES {
        bench.put(&format!("pages/{at:05}.jpg"), &crate::bench::page(at));
    }
    assert_eq!(bench.run(&["-q", "--refresh", "--limit", "2"]).code, 0);
    let asked = bench.stats()["requests"].as_u64().unwrap();
    bench.age("store.db");
    let held = store(&bench, &["prune", "--older-than", "1h"]);
    assert!(held.stdout.contains(" 0 pages") && held.stdout.contains("note: files of a job"), "{}", held.stdout);
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!((statuses(&bench.rows())["ok"], bench.stats()["requests"].as_u64()), (40, Some(asked)));
}

#[test]
fn a_dry_run_does_not_change_which_runs_are_dead() {
    let bench = Bench::with_pages(40).simulator(hanging_after(10));
    bench.job("limits: {concurrency: 2}");
    let mut child = bench.start(&["--progress", "off"]);
    under_way(&bench, &mut child, 11);
    child.kill().unwrap();
    child.wait().unwrap();
    // The unlocked file shows at once that the run is dead; without it only an old heartbeat does.
    let locks = || {
        let names = std::fs::read_dir(bench.path("")).unwrap().map(|entry| entry.unwrap().file_name());
        let names = names.map(|name| name.to_string_lossy().into_owned());
        names.filter(|name| name.starts_with("store.db.") && name.ends_with(".lock")).collect::<Vec<_>>()
    };
    assert_eq!(locks().len(), 1);
    assert_eq!(store(&bench, &["prune", "--older-than", "9d", "--dry-run"]).code, 0);
    assert_eq!(locks().len(), 1);
    let bench = bench.simulator(Options::default());
    bench.job("limits: {concurrency: 2}");
    let ran = bench.run(&["-q"]);
    assert_eq!((ran.code, statuses(&bench.rows())["ok"]), (0, 40), "{}", ran.stderr);
}

#[cfg(unix)]
#[test]
fn what_is_not_a_store_is_reported() {
    let bench = Bench::with_pages(0);
    bench.put("text.db", &b"not a store at all. ".repeat(400));
    assert!(std::process::Command::new("mkfifo").arg(bench.path("pipe.db")).status().unwrap().success());
    for name in ["text.db", "pipe.db", "pages"] {
        for arguments in [
            &["check"][..],
            &["stats"],
            &["backup", "--to", "x.db"],
            &["salvage", "--to", "x.db"],
            &["prune", "--older-than", "1d"],
        ] {
            let ran = bench.docmill(&[&["store"], arguments, &["--store", name]].concat());
            assert!([2, 8].contains(&ran.code), "{name} {arguments:?}: {} {}", ran.code, ran.stdout);
        }
    }
    let left: Vec<_> = std::fs::read_dir(bench.path("")).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

/// The first line names the store and its fault, the hint a remedy. Nothing is sent.
#[test]
fn a_store_that_is_none_names_the_cause_and_the_remedy() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.job("");
    bench.put("text.db", b"not a store at all");
    rusqlite::Connection::open(bench.path("other.db")).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    std::fs::create_dir(bench.path("folder.db")).unwrap();
    let is_none = "name the file of a store with --store or `store` in the manifest; the file was not changed";
    for (store, code, cause, hint) in [
        ("text.db", 8, "text.db is not a docmill store", is_none),
        ("other.db", 8, "other.db is not a docmill store", is_none),
        ("folder.db", 2, "the store folder.db is a folder", "name a path that nothing else uses"),
    ] {
        for command in ["run", "plan", "report", "rows", "export", "runs"] {
            let ran = bench.docmill(&[command, "job.yaml", "--store", store, "-q"]);
            let expected = format!("error: {cause}\n\nhint: {hint}\n");
            assert_eq!((ran.code, ran.stderr), (code, expected), "{command} {store}");
        }
    }
    for store in ["text.db", "other.db", "folder.db"] {
        let ran = bench.docmill(&["merge", "job.yaml", store, "--store", "all.db", "-q"]);
        let cause = format!("error: {store} is not a docmill store\n\nhint: name the file of a store");
        assert!(ran.code == 8 && ran.stderr.starts_with(&cause), "{} {}", ran.code, ran.stderr);
    }
    assert_eq!(bench.text("text.db"), "not a store at all");
    assert_eq!(bench.stats()["requests"], 0);
}

/// Every table's own pages, one after the other.
#[test]
fn whatever_is_damaged_a_salvaged_store_can_be_used() {
    let bench = Bench::with_pages(6).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&["-q"]).code, 0);
    let before = without_times(&bench.rows());
    let roots: Vec<(String, i64)> = {
        let db = rusqlite::Connection::open(bench.path("store.db")).unwrap();
        db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode=DELETE;").unwrap();
        let tables = "SELECT name, rootpage FROM sqlite_schema WHERE type = 'table' AND rootpage > 1";
        let mut tables = db.prepare(tables).unwrap();
        let roots = tables.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        roots.map(Result::unwrap).collect()
    };
    assert!(roots.len() >= 16);
    let bytes = std::fs::read(bench.path("store.db")).unwrap();
    for (table, root) in roots {
        let (mut damaged, root) = (bytes.clone(), usize::try_from(root).unwrap());
        damaged[(root - 1) * 4096..root * 4096].fill(0xa5);
        for name in ["saved.db", "saved.db-wal", "saved.db-shm", "store.db-wal", "store.db-shm"] {
            let _ = std::fs::remove_file(bench.path(name));
        }
        bench.put("store.db", &damaged);
        assert_eq!(store(&bench, &["check"]).code, 8, "{table}");
        let saved = store(&bench, &["salvage", "--to", "saved.db"]);
        assert_eq!(saved.code, 0, "{table}: {}", saved.stderr);
        let sound = bench.docmill(&["store", "check", "--store", "saved.db"]);
        assert_eq!(sound.code, 0, "{table}: {}", sound.stdout);
        for _ in 0..2 {
            let ran = bench.run(&["-q", "--store", "saved.db"]);
            assert_eq!(ran.code, 0, "{table}: {}", ran.stderr);
            assert_eq!(without_times(&bench.rows()), before, "{table}");
        }
    }
}

#[test]
fn a_store_in_use_is_not_pruned() {
    let bench = Bench::with_pages(60).simulator(hanging_after(10));
    bench.job("limits: {concurrency: 2}");
    let mut child = bench.start(&["--progress", "off"]);
    under_way(&bench, &mut child, 11);
    let refused = store(&bench, &["prune", "--older-than", "1ms"]);
    assert!(refused.code == 8 && refused.stderr.contains("is in progress"), "{}", refused.stderr);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// A disk that has no more room: files may not grow beyond a size.
#[cfg(unix)]
#[test]
fn a_full_disk_stops_the_run_and_loses_nothing() {
    let bench = Bench::with_pages(300).simulator(Options::default());
    bench.job("limits: {concurrency: 8}");
    let run_within = |kilobytes: u32| {
        let script = format!(
            "trap '' XFSZ && ulimit -f {} && exec {} run job.yaml -q",
            kilobytes * 2,
            env!("CARGO_BIN_EXE_docmill")
        );
        Ran::from(
            std::process::Command::new("bash").args(["-c", &script]).current_dir(bench.path("")).output().unwrap(),
        )
    };
    let full = run_within(150);
    assert_eq!(full.code, 8, "{}", full.stderr);
    assert!(full.stderr.contains("check the disk") || full.stderr.contains("store"), "{}", full.stderr);
    assert!(!bench.path("out.csv").exists(), "no half of an output");
    assert_eq!(store(&bench, &["check"]).code, 0);
    let asked = bench.stats()["requests"].as_u64().unwrap();
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(statuses(&bench.rows())["ok"], 300);
    let again = bench.stats()["requests"].as_u64().unwrap() - 300;
    assert!(again <= 8, "{again} of {asked} again, at most what was in flight");
    let lost = full.stderr.contains("received but could not be stored: these pages are sent and billed again");
    assert!(lost == (again > 0) && lost == full.stderr.contains("(USD 0."), "{again} again: {}", full.stderr);
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_reported_at_once() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::with_pages(3).simulator(Options::default());
    bench.put("closed/x", b"");
    std::fs::set_permissions(bench.path("closed"), std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::File::create(bench.path("closed/y")).is_ok() {
        skip(ORDINARY_USER, "a_folder_that_cannot_be_written_is_reported_at_once");
    } else {
        bench.job("");
        bench.put("job.yaml", bench.text("job.yaml").replace("store: store.db", "store: closed/store.db").as_bytes());
        let ran = bench.run(&["-q"]);
        assert_eq!((ran.code, bench.stats()["requests"].as_u64()), (8, Some(0)), "{}", ran.stderr);
    }
    std::fs::set_permissions(bench.path("closed"), std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_store_that_is_taken_away_stops_the_run_and_leaves_the_outputs() {
    let bench = Bench::with_pages(120).simulator(Options { latency: Duration::from_millis(80), ..Options::default() });
    bench.job("limits: {concurrency: 2}");
    bench.put("job.yaml", bench.text("job.yaml").replace("store: store.db", "store: state/store.db").as_bytes());
    bench.put("out.csv", b"the last whole output");
    let mut child = bench.start(&["--progress", "off"]);
    under_way(&bench, &mut child, 4);
    std::fs::rename(bench.path("state"), bench.path("elsewhere")).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(8), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(bench.text("out.csv"), "the last whole output");
    // When restored, it continues where it stopped.
    let _ = std::fs::remove_dir_all(bench.path("state"));
    std::fs::rename(bench.path("elsewhere"), bench.path("state")).unwrap();
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert!(bench.stats()["requests"].as_u64().unwrap() <= 120 + 4);
}

/// The message about a store of a newer version.
#[test]
fn a_store_of_a_newer_version_names_the_cause_and_the_remedy() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&["-q"]).code, 0);
    let db = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    for arguments in [
        &["run", "job.yaml"][..],
        &["plan", "job.yaml"],
        &["export", "job.yaml"],
        &["report", "job.yaml"],
        &["try", "job.yaml", "pages/00000.jpg"],
        &["store", "check", "--store", "store.db"],
        &["store", "stats", "--store", "store.db"],
    ] {
        let ran = bench.docmill(arguments);
        assert_eq!(ran.code, 8, "{arguments:?}: {}", ran.stderr);
        let first = ran.stderr.lines().find(|line| line.starts_with("error: ")).unwrap_or_default();
        assert!(first.contains("a newer docmill has written the store"), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("hint: use the docmill that has written it"), "{arguments:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains("disk"), "{arguments:?}: {}", ran.stderr);
    }
}

/// A write beyond `ulimit -f` is like one to a full disk: the run ends with a message, and what was written before
/// stays whole.
#[cfg(unix)]
#[test]
fn a_limit_on_the_size_of_files_ends_the_run_like_a_full_disk() {
    let bench = Bench::with_pages(40).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&["-q"]).code, 0);
    let (before, rows) = (bench.text("out.jsonl"), without_times(&bench.rows()));
    (40..400).for_each(|at| bench.put(&format!("pages/{at:05}.jpg"), &crate::bench::page(at)));
    for (limit, is_store) in [("300", true), ("2000", false)] {
        // In blocks of 512 bytes.
        let script = format!("ulimit -f {limit} && exec {} run job.yaml", env!("CARGO_BIN_EXE_docmill"));
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &script]).current_dir(bench.path("")).env_remove("DOCMILL_STORE");
        let ran: Ran = command.output().unwrap().into();
        assert_eq!(ran.code, 8, "{limit}: {}", ran.stderr);
        assert!(ran.stderr.contains("error: "), "{limit}: {}", ran.stderr);
        if is_store {
            assert!(ran.stderr.contains("ulimit -f"), "{limit}: {}", ran.stderr);
        }
        assert_eq!(bench.text("out.jsonl"), before, "{limit}");
        let sound = store(&bench, &["check"]);
        assert_eq!(sound.code, 0, "{limit}: {}{}", sound.stdout, sound.stderr);
    }
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(without_times(&bench.rows())[..rows.len()], rows);
    assert_eq!(bench.rows().len(), 400);
}
