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
