//! Files and lists of reported problems, with what was expected of them. Others of the same kinds are made by the tests of
//! their formats.

use crate::bench::{Bench, rows};
use crate::harness::http_server::{HttpServer, reply};
use crate::skip::{CASES, case_file, skip};
use serde_json::json;
use std::io::Write;

/// What the built-in renderer makes of a page.
enum Expected {
    /// An error with these words.
    Error(&'static str),
    /// A picture with ink between these lines, as shares of its height.
    Ink(f32, f32),
    /// Either, depending on the installed fonts.
    FontOrError,
}

#[test]
fn reported_pdfs_are_drawn_completely_or_failed() {
    use Expected::{Error, FontOrError, Ink};
    let bench = Bench::with_pages(0);
    for (name, expected) in [
        ("03-pdf-image-not-decodable/arithmetic-jpeg.pdf", Error("arithmetic-coded JPEG")),
        ("03-pdf-image-not-decodable/arithmetic.jpg", Error("JPEG with arithmetic coding is not supported")),
        ("03-pdf-image-not-decodable/dct-garbage.pdf", Error("not a JPEG")),
        ("03-pdf-image-not-decodable/flate-cut.pdf", Error("cut short")),
        ("03-pdf-image-not-decodable/htj2k.pdf", Error("HTJ2K")),
        ("03-pdf-image-not-decodable/image-missing.pdf", Error("is missing in the file")),
        ("03-pdf-image-not-decodable/jbig2-garbage.pdf", Error("cut short")),
        ("03-pdf-image-not-decodable/jpeg12.pdf", Error("JPEG with 12 bits a sample")),
        ("03-pdf-image-not-decodable/runlength-without-eod.pdf", Error("damaged")),
        ("06-form-without-appearance/filled-field.pdf", Ink(0.66, 0.75)),
        ("06-form-without-appearance/freetext-highlight.pdf", Ink(0.62, 0.75)),
        ("07-cjk-font-not-embedded/cjk.pdf", FontOrError),
        ("27-pdf-fonts/test__pdfs__issue11131_reduced.pdf", Error("have no glyph")),
        ("27-pdf-fonts/test__pdfs__issue2537r.pdf", Error("have no glyph")),
        ("27-pdf-fonts/test__pdfs__issue9084.pdf", Ink(0.0, 1.0)),
    ] {
        let Some(file) = case_file(name) else {
            return skip(CASES, "reported_pdfs_are_drawn_completely_or_failed");
        };
        let file = file.display().to_string();
        let ran = bench.docmill(&["prepare", &file, "--out", "out", "--pdf-renderer", "builtin"]);
        let error = ran.stdout.split_once("  failed: ").map(|(_, error)| error.trim());
        match (expected, error) {
            (Error(words), error) => assert!(error.is_some_and(|error| error.contains(words)), "{name}: {error:?}"),
            (FontOrError, Some(error)) => assert!(error.contains("no glyph in the font"), "{name}: {error}"),
            (FontOrError, None) => {}
            (Ink(top, bottom), error) => {
                assert_eq!(error, None, "{name}");
                let stem = std::path::Path::new(name).file_stem().unwrap().to_string_lossy();
                let picture = image::open(bench.path(&format!("out/{stem}.jpg"))).unwrap().into_luma8();
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a share of a small height"
                )]
                let line = |share: f32| (share * picture.height() as f32) as u32;
                let ink = (line(top)..line(bottom)).flat_map(|y| (0..picture.width()).map(move |x| (x, y)));
                let ink = ink.filter(|(x, y)| picture.get_pixel(*x, *y).0[0] < 128).count();
                assert!(ink > 500, "{name}: {ink} dark pixels");
            }
        }
    }
}

#[test]
fn reported_lists_name_one_page() {
    for (folder, list) in [("23a-jsonl-bom", "l.jsonl"), ("23b-txt-bom", "l.txt"), ("23c-csv-empty-lines", "l.csv")] {
        let bench = Bench::with_pages(0);
        let body = json!({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "{\"kind\": \"letter\"}"}, "finish_reason": "stop"},
        ], "usage": {"prompt_tokens": 1000, "completion_tokens": 9, "total_tokens": 1009}});
        let body = body.to_string();
        let server = HttpServer::start(move |_, stream| stream.write_all(&reply(200, "application/json", &body)));
        for name in [list, "a.png", "job.yaml"] {
            let Some(file) = case_file(&format!("{folder}/{name}")) else {
                return skip(CASES, "reported_lists_name_one_page");
            };
            bench.put(name, &std::fs::read(file).unwrap());
        }
        let job = bench.text("job.yaml").replace("http://127.0.0.1:9/v1", &server.base_url);
        bench.put("job.yaml", job.as_bytes());
        let ran = bench.run(&["-q"]);
        assert_eq!(ran.code, 0, "{folder}: {}", ran.stderr);
        let found = rows(&bench.text("out.jsonl"));
        let found: Vec<_> = found.iter().map(|row| (&row["path"], &row["page"], &row["status"])).collect();
        assert_eq!(found, [(&json!("a.png"), &json!(1), &json!("ok"))], "{folder}");
        assert_eq!(server.count(), 1, "{folder}");
    }
}

#[test]
fn reported_values_that_can_mean_only_one_thing_are_accepted() {
    let bench = Bench::with_pages(0);
    for name in ["in/p000.png", "job.yaml", "replies.json"] {
        let Some(file) = case_file(&format!("22-certain-values/{name}")) else {
            return skip(CASES, "reported_values_that_can_mean_only_one_thing_are_accepted");
        };
        bench.put(name, &std::fs::read(file).unwrap());
    }
    let replies: serde_json::Value = serde_json::from_str(&bench.text("replies.json")).unwrap();
    let body = replies[0]["body"].to_string();
    let server = HttpServer::start(move |_, stream| stream.write_all(&reply(200, "application/json", &body)));
    let port = server.base_url.split(':').nth(2).unwrap().trim_end_matches("/v1");
    let ran = bench.run(&["-q", "--var", &format!("port={port}")]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let row = rows(&bench.text("out.jsonl")).remove(0);
    let values = ["status", "when", "total", "signed", "code", "kind", "attempts"].map(|name| row[name].clone());
    assert_eq!(json!(values), json!(["ok", null, 1234.56, true, "1", "invoice", 1]));
    assert_eq!(server.count(), 1);
}
