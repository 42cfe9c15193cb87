//! Files as folders really have them.

use crate::bench::{Bench, root, statuses};
use crate::skip::{CASES, REAL_DOCUMENTS, case_file, real_documents, skip};
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
    // Unreadable bytes are final; they are sent again on request.
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
    assert_eq!(bench.run(&["-q"]).code, 3, "the empty file fails");
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
    let again = bench.run(&["--limit", "1"]);
    assert!(!again.stderr.contains("left out 5"), "only on request: {}", again.stderr);
    let plan = bench.docmill(&["plan", "job.yaml"]).stdout;
    assert!(plan.contains("files left out                      5  .txt 2,"), "{plan}");
    let job = bench.text("job.yaml").replace("folder: pages,", "folder: pages, include: [\"00001.jpg\"],");
    bench.put("job.yaml", job.as_bytes());
    let included = bench.run(&["-v", "--limit", "1"]).stderr;
    assert!(included.contains("files that input.include does not match: "), "{included}");
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
fn a_folder_without_pages_is_reported_with_the_reason() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    bench.put("pages/a.txt", b"x");
    bench.put("pages/b.docx", b"x");
    bench.put("pages/c.txt", b"x");
    bench.job("");
    let words = "found 3 files: .txt 2, .docx 1";
    for arguments in [&["plan", "job.yaml"][..], &["check", "job.yaml"], &["run", "job.yaml"]] {
        let ran = bench.docmill(arguments);
        assert!(format!("{}{}", ran.stdout, ran.stderr).contains(words), "{arguments:?}: {}{}", ran.stdout, ran.stderr);
    }
    let job = bench.text("job.yaml").replace("folder: pages", "folder: pages, include: [\"*.tif\"]");
    bench.put("job.yaml", job.as_bytes());
    let ran = bench.docmill(&["check", "job.yaml"]);
    assert!(ran.stdout.contains(&format!("input.include selects no page; {words}")), "{}", ran.stdout);
    let plan: serde_json::Value =
        serde_json::from_str(&bench.docmill(&["plan", "job.yaml", "--format", "json"]).stdout).unwrap();
    assert_eq!(plan["left_out"]["by_extension"].to_string(), r#"{".docx":1,".txt":2}"#);
}

/// A JPEG whose frame header has this marker, height and precision, all others as in `page`.
fn with_frame(page: &[u8], marker: u8, height: Option<u16>, precision: u8) -> Vec<u8> {
    let at = page.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    let mut out = page.to_vec();
    out[at + 1] = marker;
    out[at + 4] = precision;
    if let Some(height) = height {
        out[at + 5..at + 7].copy_from_slice(&height.to_be_bytes());
    }
    out
}

#[test]
fn a_jpeg_that_is_not_complete_is_not_sent() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    let whole = crate::bench::page(1);
    let middle = whole.len() - 200;
    let cut = [&whole[..middle], b"\xFF\xD9"].concat();
    let marker = [&whole[..middle], b"\xFF\xE5\0\x02", &whole[middle..]].concat();
    let end = whole.len() - 2;
    let mut wide = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut wide, 80);
    let pixels: Vec<u8> = (0..3000 * 64).map(|at: u32| (at % 251) as u8).collect();
    encoder.encode(&pixels, 3000, 64, jpeg_encoder::ColorType::Luma).unwrap();
    // Decoded in the decoder process, because it is too wide to be sent.
    let wide_cut = [&wide[..wide.len() / 2], b"\xFF\xD9"].concat();
    for (name, bytes) in [
        ("a-whole.jpg", whole.clone()),
        ("b-trailer.jpg", [&whole[..], b"trailer \xFF\xD9"].concat()),
        ("c-more-before-the-end.jpg", [&whole[..end], b"\0\x55", &whole[end..]].concat()),
        ("d-cut.jpg", cut),
        ("e-height.jpg", with_frame(&whole, 0xC0, Some(96), 8)),
        ("f-marker.jpg", marker),
        ("g-wide-cut.jpg", wide_cut),
        ("h-lossless.jpg", with_frame(&whole, 0xC3, None, 8)),
        ("i-jpeg-ls.jpg", with_frame(&whole, 0xF7, None, 8)),
        ("j-height-behind.jpg", with_frame(&whole, 0xC0, Some(0), 8)),
        ("k-12-bits.jpg", with_frame(&whole, 0xC1, None, 12)),
        ("l-arithmetic.jpg", with_frame(&whole, 0xC9, None, 8)),
    ] {
        bench.put(&format!("pages/{name}"), &bytes);
    }
    bench.job("on_error: {max_failed: 100%, stop_after: 0}");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let found: Vec<String> = bench
        .rows()
        .iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
            format!("{} {}: {}", &text("path")[..1], text("error_kind"), text("error"))
        })
        .collect();
    insta::assert_snapshot!("incomplete_jpegs", found.join("\n"));
    assert_eq!(bench.stats()["requests"], 3);
}

#[test]
fn reported_jpegs_that_are_cut_and_have_an_end() {
    let bench = Bench::with_pages(0);
    for (name, is_whole) in [
        ("whole.jpg", true),
        ("cut.jpg", false),
        ("height-doubled.jpg", false),
        ("marker-inside.jpg", false),
        ("in-a.pdf", false),
    ] {
        let Some(file) = case_file(&format!("04-jpeg-cut-but-ended/{name}")) else {
            return skip(CASES, "reported_jpegs_that_are_cut_and_have_an_end");
        };
        let ran = bench.docmill(&["prepare", &file.display().to_string(), "--out", "out"]);
        assert_eq!(ran.code == 0, is_whole, "{name}: {}{}", ran.stdout, ran.stderr);
        let words = ["ends before its picture", "is damaged", "is interrupted"];
        let printed = format!("{}{}", ran.stdout, ran.stderr);
        assert!(is_whole || words.iter().any(|words| printed.contains(words)), "{name}: {printed}");
    }
}

/// Exif data with orientation 6: the picture is shown turned by 90 degrees.
const TURNED: &[u8] = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";

#[test]
fn every_container_of_exif_turns_its_picture() {
    let picture = |format: image::ImageFormat| {
        let mut out = std::io::Cursor::new(Vec::new());
        image::DynamicImage::ImageRgb8(image::RgbImage::new(30, 20)).write_to(&mut out, format).unwrap();
        out.into_inner()
    };
    let prefixed = [&b"Exif\0\0"[..], TURNED].concat();
    let chunk = |kind: &[u8; 4], content: &[u8]| {
        let data = [&kind[..], content].concat();
        [&(content.len() as u32).to_be_bytes()[..], &data, &crc32fast::hash(&data).to_be_bytes()].concat()
    };
    let png = |chunk: Vec<u8>| {
        let png = picture(image::ImageFormat::Png);
        [&png[..png.len() - 12], &chunk, &png[png.len() - 12..]].concat()
    };
    let webp = |content: &[u8]| {
        let mut webp = picture(image::ImageFormat::WebP);
        webp.resize(webp.len().next_multiple_of(2), 0);
        webp.extend(b"EXIF");
        webp.extend((content.len() as u32).to_le_bytes());
        webp.extend(content);
        let size = (webp.len() - 8) as u32;
        webp[4..8].copy_from_slice(&size.to_le_bytes());
        webp
    };
    let jpeg = |content: &[u8]| {
        let jpeg = picture(image::ImageFormat::Jpeg);
        let length = (content.len() + 2) as u16;
        [&jpeg[..2], b"\xFF\xE1", &length.to_be_bytes(), content, &jpeg[2..]].concat()
    };
    let digits: String = prefixed.iter().map(|byte| format!("{byte:02x}")).collect();
    let text = format!("Raw profile type exif\0\nexif\n {}\n{digits}\n", prefixed.len());
    for (name, bytes) in [
        ("JPEG", jpeg(&prefixed)),
        ("JPEG, prefix twice", jpeg(&[b"Exif\0\0", &prefixed[..]].concat())),
        ("PNG", png(chunk(b"eXIf", TURNED))),
        ("PNG with a prefix", png(chunk(b"eXIf", &prefixed))),
        ("PNG with a text", png(chunk(b"tEXt", text.as_bytes()))),
        ("WebP", webp(TURNED)),
        ("WebP with a prefix", webp(&prefixed)),
    ] {
        let document = docmill::internal::media::Document::open(bytes.into()).unwrap();
        assert_eq!(document.probe(1).unwrap().upright_size(), (20, 30), "{name}");
    }
    let bench = Bench::with_pages(0);
    bench.put("page.png", &png(chunk(b"eXIf", &prefixed)));
    let ran = bench.docmill(&["prepare", "page.png", "--out", "out"]);
    assert!(ran.stdout.contains("20 x 30"), "what is sent is upright: {}{}", ran.stdout, ran.stderr);
}
