//! No file that a job needs is overwritten, for any path on the command line or in the manifest.

use crate::bench::{Bench, page};
use docmill::internal::simulator::Options;
use std::collections::BTreeMap;
#[cfg(unix)]
use std::process::Stdio;

/// Two jobs, of a folder and of a list, that were run.
fn bench() -> Bench {
    let bench = Bench::with_pages(2).simulator(Options::default());
    let schema = r#"{"type": "object", "properties": {"a": {"type": "string"}}}"#;
    bench.put("schema.json", schema.as_bytes());
    bench.put("labels.csv", b"label,description\na,one\nb,two\n");
    bench.put("key.txt", b"secret\n");
    bench.put("scans/a.jpg", &page(50));
    bench.put("scans/data.bin", b"not an image, but named by the list");
    // A name in the other form of accents, and one with an escaped letter.
    bench.put("scans/caf\u{e9}.bin", b"not an image either");
    bench.put("scans/b c.bin", b"nor this");
    let list = "path\nscans/a.jpg\nscans/data.bin\nscans/missing.csv\nscans/cafe\u{301}.bin\nscans/b%20c.bin\n";
    bench.put("list.csv", list.as_bytes());
    let url = bench.server.as_ref().unwrap().base_url();
    for (name, input) in [("folder.yaml", "folder: pages"), ("list.yaml", "list: list.csv")] {
        let job = format!(
            "version: 1\nname: {name}\ninput: {{{input}}}\n\
             provider: {{base_url: \"{url}\", id: test, model: m, api_key_file: key.txt, price: {{input: 1, output: 1}}}}\n\
             tasks: {{kind: {{classify: {{labels_file: labels.csv}}}}, total: {{extract: {{schema: schema.json}}}}}}\n\
             on_error: {{max_failed: 100%}}\nstore: store.db\n\
             output: {{csv: {name}.csv, parquet: {name}.parquet, jsonl: {name}.jsonl, report: {name}.report.json}}\n"
        );
        bench.put(name, job.as_bytes());
        let ran = bench.docmill(&["run", name, "-q"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    // Of runs in progress; and names that are free until the next one.
    bench.put("store.db.20261123T131805-3f9a1c0b7d42.lock", b"");
    bench.put("store.db.batch-x.jsonl", b"{}\n");
    #[cfg(unix)]
    for (link, target) in [("page.csv", "pages/00000.jpg"), ("store.csv", "store.db"), ("new.csv", "store.db-wal")] {
        std::os::unix::fs::symlink(target, bench.path(link)).unwrap();
    }
    std::fs::hard_link(bench.path("labels.csv"), bench.path("same.csv")).unwrap();
    bench
}

/// The files of the bench and their content, except for those of the database, which readers change.
fn contents(bench: &Bench) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for folder in [".", "pages", "scans"] {
        for entry in std::fs::read_dir(bench.path(folder)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            if !name.ends_with("-shm") && !name.ends_with("-wal") && entry.path().is_file() {
                found.insert(name, std::fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

#[test]
fn every_option_refuses_every_file_that_must_survive() {
    let bench = bench();
    let job_files = [
        "store.db",
        "store.db-wal",
        "store.db-shm",
        "store.db-journal",
        "store.db.20261123T131805-3f9a1c0b7d42.lock",
        "store.db.batch-x.jsonl",
        "schema.json",
        "labels.csv",
        "key.txt",
        "same.csv",
        "store.csv",
        "new.csv",
        "page.csv",
        "./pages/../store.db",
    ];
    let of_folder = ["folder.yaml", "pages/00000.jpg", "pages/00001.jpg"];
    let of_list = [
        "list.yaml",
        "list.csv",
        "scans/a.jpg",
        "scans/data.bin",
        "scans/missing.csv",
        "scans/caf\u{e9}.bin",
        "scans/b c.bin",
    ];
    let before = contents(&bench);
    for (job, own) in [("folder.yaml", &of_folder[..]), ("list.yaml", &of_list)] {
        let report = format!("{job}.report.json");
        let outputs = ["csv", "parquet", "jsonl"].map(|format| format!("{job}.{format}"));
        let survivors = job_files.into_iter().chain(own.iter().copied()).chain([report.as_str()]);
        for file in survivors {
            for arguments in [
                vec!["export", job, "--csv", file],
                vec!["export", job, "--parquet", file],
                vec!["export", job, "--jsonl", file],
                vec!["run", job, "--summary", file],
                vec!["run", job, "--metrics-file", file],
                vec!["run", job, "--lineage", file],
                vec!["merge", job, "missing.db", "--lineage", file],
                vec!["store", "backup", "--job", job, "--to", file],
                vec!["store", "salvage", "--job", job, "--to", file],
            ] {
                let ran = bench.docmill(&arguments);
                assert_eq!(ran.code, 2, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
                if arguments.contains(&"--lineage") {
                    assert!(ran.stderr.contains("error: --lineage would overwrite"), "{arguments:?}: {}", ran.stderr);
                }
                assert!(contents(&bench) == before, "{arguments:?}");
            }
        }
        for (at, output) in outputs.iter().enumerate() {
            let formats = ["--csv", "--parquet", "--jsonl"];
            for (_, option) in formats.into_iter().enumerate().filter(|(other, _)| *other != at) {
                let ran = bench.docmill(&["export", job, option, output]);
                assert_eq!(ran.code, 2, "{option} {output}: {}", ran.stderr);
            }
            for option in ["--summary", "--metrics-file", "--lineage", "--store"] {
                let ran = bench.docmill(&["run", job, option, output]);
                assert_eq!(ran.code, 2, "{option} {output}: {}", ran.stderr);
            }
            assert!(contents(&bench) == before, "{output}");
        }
        for file in [job, "labels.csv", "schema.json", "key.txt", &report] {
            for command in ["run", "export", "check", "plan"] {
                let ran = bench.docmill(&[command, job, "--store", file]);
                assert_eq!(ran.code, 2, "{command} --store {file}: {}", ran.stderr);
                assert!(contents(&bench) == before, "{command} --store {file}");
            }
        }
    }
}

/// The marker of complete outputs, and the parts of an output in partitions.
#[test]
fn no_option_replaces_a_marker_or_a_part_of_an_output() {
    let bench = bench();
    let text = bench.text("folder.yaml");
    let output = "output: {csv: lake/rows.csv, partition_by: [kind], success_marker: true}\n";
    let job = format!("{}{output}", text.split("output: {csv").next().unwrap());
    bench.put("lake.yaml", job.as_bytes());
    let ran = bench.docmill(&["run", "lake.yaml", "-q"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let folders = std::fs::read_dir(bench.path("lake")).unwrap().map(|entry| entry.unwrap().path());
    let part = folders.filter(|path| path.is_dir()).min().unwrap();
    let part = format!("lake/{}", part.file_name().unwrap().to_str().unwrap());
    for file in ["lake/_SUCCESS".to_owned(), format!("{part}/_SUCCESS"), format!("{part}/rows.csv")] {
        let before = std::fs::read(bench.path(&file)).unwrap_or_default();
        for arguments in [
            ["run", "lake.yaml", "--summary", &file],
            ["run", "lake.yaml", "--metrics-file", &file],
            ["run", "lake.yaml", "--lineage", &file],
            ["run", "lake.yaml", "--store", &file],
            ["export", "lake.yaml", "--jsonl", &file],
            ["export", "lake.yaml", "--csv", &file],
        ] {
            let ran = bench.docmill(&arguments);
            assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
            assert!(ran.stderr.contains("would overwrite a"), "{arguments:?}: {}", ran.stderr);
        }
        assert_eq!(std::fs::read(bench.path(&file)).unwrap_or_default(), before, "{file}");
    }
    let ran = bench.docmill(&["run", "lake.yaml", "-q"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

/// A shell opens the file before docmill begins.
#[cfg(unix)]
#[test]
fn standard_output_that_is_appended_to_a_file_of_the_job_is_refused() {
    let bench = bench();
    let before = contents(&bench);
    for (arguments, file, what) in [
        (&["export", "list.yaml", "--csv", "-"][..], "list.csv", "the list"),
        (&["rows", "list.yaml"], "labels.csv", "the labels of a task"),
        (&["run", "folder.yaml", "--summary", "-"], "schema.json", "the schema of a task"),
        (&["plan", "folder.yaml"], "key.txt", "the file with the API key"),
        (&["report", "folder.yaml"], "store.db", "the store"),
        (&["check", "folder.yaml"], "folder.yaml", "the manifest"),
    ] {
        let file = std::fs::OpenOptions::new().append(true).open(bench.path(file)).unwrap();
        let output = bench.command(arguments).stdout(file).stderr(Stdio::piped()).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        let expected = format!("error: standard output would be written to {what}");
        assert_eq!(message.lines().next(), Some(expected.as_str()), "{arguments:?}");
        let changed: Vec<String> = contents(&bench)
            .into_iter()
            .filter(|(name, is)| before.get(name) != Some(is))
            .map(|(name, _)| name)
            .collect();
        assert_eq!(changed, Vec::<String>::new(), "{arguments:?}");
    }
    // Any other file may be appended to.
    let log = std::fs::File::create(bench.path("log.txt")).unwrap();
    let status = bench.command(&["rows", "list.yaml"]).stdout(log).status().unwrap();
    assert!(status.success() && !bench.text("log.txt").is_empty());
}

#[test]
fn files_that_do_not_exist_yet_are_protected_too() {
    let bench = bench();
    let before = contents(&bench);
    let fresh =
        bench.text("folder.yaml").replace("store: store.db", "store: fresh.db").replace("folder.yaml.", "fresh.");
    bench.put("fresh.yaml", fresh.as_bytes());
    for arguments in [
        &["run", "fresh.yaml", "--summary", "fresh.db"][..],
        &["run", "fresh.yaml", "--metrics-file", "fresh.db-wal"],
        &["run", "fresh.yaml", "--summary", "fresh.csv"],
        &["run", "fresh.yaml", "--metrics-file", "fresh.report.json"],
        &["run", "fresh.yaml", "--lineage", "fresh.db"],
        &["run", "fresh.yaml", "--lineage", "fresh.csv"],
        &["merge", "fresh.yaml", "other.db", "--lineage", "other.db-wal"],
        &["run", "fresh.yaml", "--store", "other.db", "--summary", "other.db"],
        &["run", "fresh.yaml", "--store", "other.db", "--summary", "other.db", "--bogus"],
        &["run", "missing.yaml", "--summary", "missing.yaml"],
        &["run", "missing.yaml", "--store", "other.db", "--metrics-file", "./other.db-shm"],
        &["run", "fresh.yaml", "--store", "fresh.jsonl"],
        &["export", "fresh.yaml", "--csv", "x", "--jsonl", "./x"],
        &["store", "backup", "--store", "store.db", "--to", "store.db-wal"],
        &["store", "backup", "--store", "store.db", "--to", "store.db-journal"],
    ] {
        let ran = bench.docmill(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
        let mut after = contents(&bench);
        after.remove("./fresh.yaml");
        assert!(after == before, "{arguments:?}: {:?}", after.keys().filter(|name| !before.contains_key(*name)));
    }
    // One of the two messages names the fault.
    let ran = bench.docmill(&["run", "fresh.yaml", "--summary", "new", "--metrics-file", "pages/../new"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(bench.text("new").contains("\"outcome\": \"input_error\""), "{}", bench.text("new"));
    let ran = bench.docmill(&["run", "fresh.yaml", "--metrics-file", "newer", "--lineage", "./newer"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("--metrics-file and --lineage name the same file"), "{}", ran.stderr);
    // The manifest is checked by the same rule.
    for (output, what) in [
        ("store: list.csv\noutput: {csv: x.csv}", "the store would overwrite the list"),
        ("store: list.db-wal\noutput: {csv: x.csv}", "has the name of a file that SQLite keeps beside a store"),
        ("store: list.db-journal\noutput: {csv: x.csv}", "has the name of a file that SQLite keeps beside a store"),
        ("store: x.db\noutput: {csv: x.db}", "the output would overwrite the store"),
        ("store: x.db\noutput: {csv: scans/data.bin}", "the output would overwrite a page of the list"),
        ("store: x.db\noutput: {csv: scans/missing.csv}", "the output would overwrite a page of the list"),
        ("store: x.db\noutput: {csv: page.csv}", "the output would overwrite"),
        ("store: x.db\noutput: {csv: partial/rows.csv}", "the output would overwrite a partial output"),
        ("store: x.db\noutput: {report: partial/deep/report.json}", "the output would overwrite a partial output"),
        ("store: x.db\noutput: {jsonl: store.db}", "the output would overwrite a store or another database"),
    ] {
        let job = bench.text("list.yaml");
        let end = job.find("store: ").unwrap();
        bench.put("wrong.yaml", format!("{}{output}\n", &job[..end]).as_bytes());
        for command in ["check", "run"] {
            let ran = bench.docmill(&[command, "wrong.yaml"]);
            assert_eq!(ran.code, 2, "{command} {output}: {}", ran.stderr);
            assert!(ran.stderr.contains(what), "{command} {output}: {}", ran.stderr);
        }
        assert!(!bench.path("x.db").exists());
    }
}

/// Neither a store of another job nor a copy of one.
#[test]
fn no_output_takes_the_place_of_a_store() {
    let bench = bench();
    assert_eq!(bench.docmill(&["store", "backup", "--job", "list.yaml", "--to", "backup.db"]).code, 0);
    bench.put("other.yaml", bench.text("folder.yaml").replace("store: store.db", "store: other.db").as_bytes());
    let before = contents(&bench);
    for file in ["store.db", "backup.db", "store.csv"] {
        for arguments in [
            &["export", "other.yaml", "--csv", file][..],
            &["export", "other.yaml", "--parquet", file],
            &["export", "other.yaml", "--jsonl", file],
            &["answers", "export", "other.yaml", "--csv", file],
            &["run", "other.yaml", "--lineage", file],
            &["run", "other.yaml", "--summary", file],
            &["run", "other.yaml", "--metrics-file", file],
        ] {
            let ran = bench.docmill(arguments);
            assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
            assert!(contents(&bench) == before, "{arguments:?}");
        }
    }
}

/// `out/kind=a/rows.csv` is a part of `out/rows.csv`.
#[test]
fn no_partition_of_an_output_takes_the_place_of_a_file_of_the_job() {
    let bench = bench();
    let part = "out/kind=a/rows.csv";
    let job = bench.text("list.yaml").replace("store: store.db", "store: x.db");
    let (job, _) = job.split_at(job.rfind("output: ").unwrap());
    for (name, what) in [
        ("list.csv", "the list"),
        ("labels.csv", "the labels of a task"),
        ("schema.json", "the schema of a task"),
        ("key.txt", "the file with the API key"),
        ("x.db", "the store"),
    ] {
        let file = std::fs::read(bench.path(name)).unwrap_or_default();
        for (key, outputs, is_refused) in [
            ("csv", "csv: out/rows.csv, partition_by: [kind]", true),
            ("jsonl", "csv: a.csv, jsonl: ./out/rows.csv, partition_by: [kind]", true),
            ("parquet", "parquet: out/../out/rows.csv, partition_by: [kind]", true),
            ("csv", "csv: out/rows.csv, partition_by: [kind, status]", false),
            ("csv", "csv: out/rows.csv, partition_by: [status]", false),
            ("csv", "csv: out/rows.csv", false),
        ] {
            let text = format!("{}output: {{{outputs}}}\n", job.replace(name, part));
            bench.put("part.yaml", text.as_bytes());
            bench.put(part, &file);
            for command in ["check", "run"] {
                let ran = bench.docmill(&[command, "part.yaml"]);
                let message = format!("a partition of the output would overwrite {what}");
                assert_eq!(ran.stderr.contains(&message), is_refused, "{name} {outputs}: {}", ran.stderr);
                if is_refused {
                    assert_eq!(ran.code, 2, "{command} {name} {outputs}: {}", ran.stderr);
                    assert!(ran.stderr.contains(&format!("{key}: ")), "{}", ran.stderr);
                    assert_eq!(std::fs::read(bench.path(part)).unwrap(), file, "{name} {outputs}");
                } else {
                    break;
                }
            }
        }
        if name != "x.db" {
            let text = format!("{}output: {{csv: far/rows.csv, partition_by: [kind]}}\n", job.replace(name, part));
            bench.put("part.yaml", text.as_bytes());
            let ran = bench.docmill(&["export", "part.yaml", "--csv", "out/rows.csv"]);
            assert_eq!(ran.code, 2, "{name}: {}", ran.stderr);
            assert!(ran.stderr.contains(&format!("--csv would overwrite {what}")), "{}", ran.stderr);
        }
    }
}

#[test]
fn no_output_takes_the_place_of_a_store_that_is_merged() {
    let bench = Bench::with_pages(4).simulator(Options::default());
    bench.job("");
    for shard in ["0/2", "1/2"] {
        assert_eq!(bench.run(&["--shard", shard, "-q"]).code, 0);
    }
    let stores = ["store-00000-of-00002.db", "store-00001-of-00002.db"];
    let before = stores.map(|store| std::fs::read(bench.path(store)).unwrap());
    let job = bench.text("job.yaml");
    for (key, output) in
        [("csv", "out.csv"), ("parquet", "out.parquet"), ("jsonl", "out.jsonl"), ("report", "report.json")]
    {
        for file in ["store-00001-of-00002.db", "./store-00000-of-00002.db-wal"] {
            bench.put("merged.yaml", job.replace(&format!("{key}: {output}"), &format!("{key}: {file}")).as_bytes());
            let ran = bench.docmill(&["merge", "merged.yaml", stores[0], stores[1], "--store", "merged.db"]);
            assert_eq!(ran.code, 2, "{key} {file}: {}", ran.stderr);
            assert!(ran.stderr.contains("the output would overwrite a store"), "{}", ran.stderr);
            assert!(stores.map(|store| std::fs::read(bench.path(store)).unwrap()) == before, "{key} {file}");
        }
    }
    assert_eq!(bench.docmill(&["merge", "job.yaml", stores[0], stores[1], "--store", "merged.db"]).code, 0);
}

#[test]
fn prepared_images_replace_no_page() {
    let bench = bench();
    bench.put("scans/b/a.png", &page(51));
    let before = contents(&bench);
    for arguments in [
        &["prepare", "pages/00000.jpg", "--out", "pages"][..],
        &["prepare", "pages/00000.jpg", "--out", "scans/../pages"],
        &["prepare", "scans/b/a.png", "scans/data.bin", "--out", "scans"],
        &["prepare", "--job", "folder.yaml", "scans/a.jpg", "--out", "pages"],
    ] {
        let ran = bench.docmill(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        assert!(contents(&bench) == before, "{arguments:?}");
    }
    for _ in 0..2 {
        assert_eq!(bench.docmill(&["prepare", "scans/a.jpg", "--out", "images"]).code, 0, "its own are replaced");
    }
}

/// Links of outputs are followed: also to another file system, and to files that don't exist yet.
#[cfg(target_os = "linux")]
#[test]
fn outputs_are_written_through_links() {
    use std::os::unix::fs::symlink;
    let bench = Bench::with_pages(2).simulator(Options::default());
    bench.job("");
    let Ok(elsewhere) = tempfile::tempdir_in("/dev/shm") else { return };
    let names = ["out.csv", "out.parquet", "out.jsonl", "report.json"];
    for name in names {
        symlink(elsewhere.path().join("deep").join(name), bench.path(name)).unwrap();
    }
    // The folder of the target can't be made: found before anything is sent.
    std::fs::write(elsewhere.path().join("deep"), "a file").unwrap();
    let ran = bench.docmill(&["check", "job.yaml"]);
    assert_eq!(ran.code, 8, "{}", ran.stderr);
    std::fs::remove_file(elsewhere.path().join("deep")).unwrap();
    assert_eq!(bench.docmill(&["check", "job.yaml"]).code, 0);
    for arguments in [&["--limit", "1"][..], &[], &["--refresh"]] {
        let ran = bench.run(arguments);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        for name in names {
            assert!(bench.path(name).is_symlink(), "{name}");
            let is_written = elsewhere.path().join("deep").join(name).is_file();
            assert_eq!(is_written, !arguments.contains(&"--limit") || name == "report.json", "{name}");
        }
    }
    assert_eq!(bench.rows().len(), 2);
    let left: Vec<_> = std::fs::read_dir(elsewhere.path().join("deep")).unwrap().collect();
    assert_eq!(left.len(), 4, "{left:?}");
    symlink("loop.csv", bench.path("loop.csv")).unwrap();
    let job = bench.text("job.yaml").replace("csv: out.csv", "csv: loop.csv");
    bench.put("job.yaml", job.as_bytes());
    assert_eq!(bench.docmill(&["check", "job.yaml"]).code, 8);
    assert!(bench.path("loop.csv").is_symlink());
}
