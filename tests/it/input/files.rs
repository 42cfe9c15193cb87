//! Files as folders really have them.

use crate::bench::{Bench, root, statuses};
use crate::skip::{REAL_DOCUMENTS, real_documents, skip};
use docmill::internal::simulator::Options;
use std::collections::BTreeMap;

#[test]
fn real_documents_become_rows_with_a_reason() {
    let Some(folder) = real_documents() else {
        return skip(REAL_DOCUMENTS, "real_documents_become_rows_with_a_reason");
    };
    let bench = Bench::with_pages(0).simulator(Options::default());
    let job = |more: &str| {
        bench.job(more);
        let text = bench.text("job.yaml").replace(
            "folder: pages",
            &format!("folder: \"{}\", include: [\"**/*.*\"], exclude: [\"**/*.md\"]", folder.display()),
        );
        bench.put("job.yaml", text.as_bytes());
    };
    job("on_error: {max_failed: 100%, stop_after: 0}");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let mut pages: BTreeMap<String, Vec<(u64, String)>> = BTreeMap::new();
    for row in bench.rows() {
        let reason = row["error_kind"].as_str().unwrap_or("ok").to_owned();
        let path = row["path"].as_str().unwrap().to_owned();
        pages.entry(path).or_default().push((row["page"].as_u64().unwrap(), reason));
    }
    assert!(pages.len() >= 18);
    for (path, found) in pages {
        let expected: Vec<(u64, &str)> = match path.as_str() {
            "DA-1p.heic" => vec![(0, "unsupported_format")],
            "password.pdf" => vec![(0, "password_protected")],
            "invalid-pdf-structure-pdfminer-one-page.pdf" => vec![(1, "ok"), (2, "ok")],
            "reliance.pdf" => vec![(1, "ok"), (2, "ok"), (3, "ok")],
            "layout-parser-paper-with-empty-pages.pdf" => vec![(1, "ok"), (2, "ok"), (3, "ok"), (4, "ok")],
            _ => vec![(1, "ok")],
        };
        let found: Vec<(u64, &str)> = found.iter().map(|(page, reason)| (*page, reason.as_str())).collect();
        assert_eq!(found, expected, "{path}");
    }
}

#[test]
fn formats_are_detected_by_content() {
    let bench = Bench::with_pages(2).simulator(Options::default());
    let png = std::fs::read(root().join("sample_data/pages/mail/invoice-003.png")).unwrap();
    bench.put("pages/really a png.jpg", &png);
    bench.put("pages/text.jpg", b"Dear Sir or Madam");
    bench.put("pages/empty.jpg", b"");
    bench.put("pages/cut.png", &png[..png.len() / 2]);
    bench.put("pages/notes.txt", b"no page");
    bench.job("on_error: {max_failed: 100%}");
    assert_eq!(bench.run(&[]).code, 0);
    let kinds: Vec<(String, String)> = bench
        .rows()
        .iter()
        .filter(|row| row["status"] != "ok")
        .map(|row| (row["path"].as_str().unwrap().into(), row["error_kind"].as_str().unwrap().into()))
        .collect();
    let pair = |path: &str, kind: &str| (path.to_owned(), kind.to_owned());
    assert_eq!(
        kinds,
        [pair("cut.png", "cut_short"), pair("empty.jpg", "empty_file"), pair("text.jpg", "not_an_image")]
    );
    assert_eq!(statuses(&bench.rows())["ok"], 3);
    // Unreadable bytes are final; asking again is a wish.
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.stats()["requests"], 3);
}

/// A folder with files of every kind that may be left out.
fn mixed_folder() -> Bench {
    let bench = Bench::with_pages(2).simulator(Options::default());
    bench.put("pages/letter", &crate::bench::page(7));
    bench.put("pages/fax.dat", &std::fs::read(root().join("tests/data/tiff/several.tif")).unwrap());
    bench.put("pages/zero.jpg", b"");
    bench.put("pages/.hidden/x.jpg", b"x");
    bench.put("pages/drafts/a.jpg", b"x");
    for name in ["a.txt", "b.txt", "c.docx"] {
        bench.put(&format!("pages/{name}"), b"no page");
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(bench.path("pages/00000.jpg"), bench.path("pages/link.jpg")).unwrap();
    bench.job("");
    let job = bench.text("job.yaml").replace("folder: pages", "folder: pages, exclude: [\"drafts/**\"]");
    bench.put("job.yaml", job.as_bytes());
    bench
}

#[cfg(unix)]
#[test]
fn a_plan_lists_every_file_and_why_it_is_left_out() {
    let bench = mixed_folder();
    let listed = bench.docmill(&["plan", "job.yaml", "--files"]);
    assert_eq!(listed.code, 0, "{}", listed.stderr);
    insta::assert_snapshot!("listed_files", format!("{}\n{}", listed.stdout, listed.stderr));
    let json = bench.docmill(&["plan", "job.yaml", "--files", "--format", "json"]);
    let files: Vec<serde_json::Value> = json.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(files.len(), listed.stdout.lines().count());
    let paths: Vec<&str> = files.iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert!(paths.is_sorted(), "{paths:?}");
    let find = |path: &str| files.iter().find(|file| file["path"] == path).unwrap();
    assert_eq!(find("c.docx").to_string(), r#"{"path":"c.docx","taken":false,"reason":"extension","detail":".docx"}"#);
    assert_eq!(find("00000.jpg").to_string(), r#"{"path":"00000.jpg","taken":true,"reason":null,"detail":null}"#);
    // The listing and a run agree.
    bench.run(&["-q"]);
    let taken: Vec<&str> =
        files.iter().filter(|file| file["taken"] == true).map(|file| file["path"].as_str().unwrap()).collect();
    let rows = bench.rows();
    assert_eq!(rows.iter().map(|row| row["path"].as_str().unwrap()).collect::<Vec<_>>(), taken);
}

#[test]
fn a_verbose_run_counts_what_is_left_out_by_extension() {
    let bench = mixed_folder();
    let ran = bench.run(&["-v", "--limit", "1"]);
    assert!(
        ran.stderr.contains("left out 5 files by their extension: .txt 2, .dat 1, .docx 1, no extension 1"),
        "{}",
        ran.stderr
    );
    assert!(!bench.run(&["--limit", "1"]).stderr.contains("left out"), "only on request");
    let plan = bench.docmill(&["plan", "job.yaml"]).stdout;
    assert!(plan.contains("files left out                      5  .txt 2,"), "{plan}");
}

#[test]
fn by_content_files_with_any_name_are_asked() {
    let bench = mixed_folder();
    let by_extension = bench.run(&["-q"]);
    assert_eq!((by_extension.code, bench.stats()["requests"].as_u64()), (3, Some(2)), "the empty file fails");
    let job = bench.text("job.yaml").replace("folder: pages,", "folder: pages, detect: content,");
    bench.put("job.yaml", job.as_bytes());
    assert_eq!(bench.run(&["-q"]).code, 3);
    let rows = bench.rows();
    let paths: Vec<(&str, u64)> =
        rows.iter().map(|row| (row["path"].as_str().unwrap(), row["page"].as_u64().unwrap())).collect();
    let fax = (1..=4).map(|page| ("fax.dat", page));
    let expected: Vec<(&str, u64)> =
        [("00000.jpg", 1), ("00001.jpg", 1)].into_iter().chain(fax).chain([("letter", 1), ("zero.jpg", 0)]).collect();
    assert_eq!(paths, expected);
    assert_eq!(bench.stats()["requests"], 2 + 4 + 1, "what was answered is not asked again");
}

#[test]
fn a_folder_without_pages_says_why() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    bench.put("pages/a.txt", b"x");
    bench.put("pages/b.docx", b"x");
    bench.put("pages/c.txt", b"x");
    bench.job("");
    let words = "3 files have other extensions: .txt 2, .docx 1";
    for arguments in [&["plan", "job.yaml"][..], &["check", "job.yaml"], &["run", "job.yaml"]] {
        let ran = bench.docmill(arguments);
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains(words), "{arguments:?}: {}{}", ran.stdout, ran.stderr);
    }
    let job = bench.text("job.yaml").replace("folder: pages", "folder: pages, include: [\"*.tif\"]");
    bench.put("job.yaml", job.as_bytes());
    let ran = bench.docmill(&["check", "job.yaml"]);
    assert!(ran.stdout.contains(&format!("no file matches input.include; {words}")), "{}", ran.stdout);
    let plan: serde_json::Value =
        serde_json::from_str(&bench.docmill(&["plan", "job.yaml", "--format", "json"]).stdout).unwrap();
    assert_eq!(plan["left_out"]["by_extension"].to_string(), r#"{".docx":1,".txt":2}"#);
}
