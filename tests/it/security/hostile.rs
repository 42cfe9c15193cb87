//! Broken and hostile files: no panic, no hang, bounded memory, a row each.

use crate::bench::{Bench, root};
use crate::input::pdf::{pdf, stream};
use bytes::Bytes;
use docmill::internal::base::random::Random;
use docmill::internal::catalog::{Detail, image_rule};
use docmill::internal::manifest::{Image, PdfRenderer, Size};
use docmill::internal::media::{MediaFault, MediaFaultKind};
use docmill::internal::prepare::{Decoder, DecoderCommand};
use docmill::internal::simulator::Options;
use std::collections::BTreeMap;
use std::time::Duration;

fn command(program: &str, arguments: &[&str]) -> DecoderCommand {
    let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    DecoderCommand::new(program, arguments)
}

fn decoder() -> Decoder {
    Decoder::new(command(env!("CARGO_BIN_EXE_docmill"), &["decode-pages"]))
}

fn image() -> Image {
    let rule = image_rule("gpt-4o-mini", None);
    Image {
        detail: Detail::High,
        size: Size::Economy,
        rule,
        max_side: None,
        min_side: Some(64),
        pdf_renderer: PdfRenderer::Auto,
    }
}

/// Opens a file and prepares its first page.
fn first_page(decoder: &mut Decoder, bytes: Vec<u8>) -> Result<u32, MediaFault> {
    let pages = decoder.open(&Bytes::from(bytes)).unwrap()?.count;
    decoder.prepare(1, &image(), false).unwrap()?;
    Ok(pages)
}

fn whole_files() -> Vec<(&'static str, Vec<u8>)> {
    let read = |name: &str| std::fs::read(root().join("tests/data").join(name)).unwrap();
    let jpeg = read("page.jpg");
    let scan = pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 75 110] /Contents 4 0 R /Resources << /XObject << /Im0 5 0 R >> /Font << /F1 6 0 R >> >> >>".to_vec(),
        stream("", b"q 75 0 0 110 0 0 cm /Im0 Do Q BT /F1 9 Tf 20 20 Td (some words) Tj ET 10 10 40 40 re f"),
        stream("/Subtype /Image /Width 75 /Height 110 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode", &jpeg),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec(),
    ]);
    let mut files = vec![("jpeg", jpeg), ("pdf", scan)];
    for name in ["progressive.jpg", "cmyk.jpg", "page.webp", "page.gif", "page.bmp", "page.jp2", "tiff/reference.png"] {
        files.push((name, read(name)));
    }
    for name in [
        "tiff/g3-2d.tif",
        "tiff/g4.tif",
        "tiff/tiled-lzw.tif",
        "tiff/rgb-jpeg.tif",
        "tiff/palette.tif",
        "tiff/several.tif",
        "tiff/bigtiff.tif",
    ] {
        files.push((name, read(name)));
    }
    files
}

#[test]
fn cut_and_flipped_files_give_a_page_or_a_reason() {
    let files = whole_files();
    std::thread::scope(|scope| {
        for part in files.chunks(files.len().div_ceil(2)) {
            scope.spawn(move || {
                let mut decoder = decoder();
                part.iter().for_each(|(name, whole)| disturb(&mut decoder, name, whole));
            });
        }
    });
}

/// 200 cuts and 200 flipped bytes at random places.
fn disturb(decoder: &mut Decoder, name: &str, whole: &[u8]) {
    let random = Random::new(7);
    assert!(first_page(decoder, whole.to_vec()).is_ok(), "{name}: {:?}", first_page(decoder, whole.to_vec()));
    let mut after_a_cut: BTreeMap<&str, u32> = BTreeMap::new();
    for round in 0..400 {
        let mut bytes = whole.to_vec();
        let place = random.next_u64() as usize % bytes.len();
        if round % 2 == 0 {
            bytes.truncate(place);
        } else {
            bytes[place] ^= (random.next_u64() % 255 + 1) as u8;
        }
        let outcome = first_page(decoder, bytes).map_or_else(|fault| fault.kind.name(), |_| "ok");
        assert!(!["decoder_failed", "decode_timeout"].contains(&outcome), "{name}, round {round}: {outcome}");
        if round % 2 == 0 {
            *after_a_cut.entry(outcome).or_default() += 1;
        }
    }
    // A file that was cut is not one that is shown with much of it missing. The parts of
    // these can do without each other.
    if !["page.jp2", "pdf", "tiff/several.tif"].contains(&name) {
        assert!(after_a_cut.get("ok").is_none_or(|ok| *ok <= 30), "{name}: {after_a_cut:?}");
    }
}

#[test]
fn what_hangs_or_crashes_costs_its_page_and_nothing_more() {
    let page = Bytes::from(std::fs::read(root().join("tests/data/page.jpg")).unwrap());
    let mut hanging = Decoder::new(command("sleep", &["1000"])).with_timeout(Duration::from_millis(200));
    let mut crashing = Decoder::new(command("false", &[]));
    for _ in 0..3 {
        assert_eq!(hanging.open(&page).unwrap().unwrap_err().kind, MediaFaultKind::DecodeTimeout);
        assert_eq!(crashing.open(&page).unwrap().unwrap_err().kind, MediaFaultKind::DecoderFailed);
    }
    let error = Decoder::new(command("/no/such/program", &[])).open(&page).unwrap_err();
    assert!(error.to_string().contains("/no/such/program"), "{error}");
}

/// A PNG header that claims this size, whole but for its picture.
fn png_claiming(width: u32, height: u32) -> Vec<u8> {
    let mut out = std::fs::read(root().join("tests/data/tiff/reference.png")).unwrap();
    out[16..20].copy_from_slice(&width.to_be_bytes());
    out[20..24].copy_from_slice(&height.to_be_bytes());
    let sum = crc32fast::hash(&out[12..29]);
    out[29..33].copy_from_slice(&sum.to_be_bytes());
    out
}

/// A PDF whose page draws a form that draws itself, and so on.
fn recursive_forms() -> Vec<u8> {
    let form = |name: &str, other: u32| {
        let dict =
            format!("/Type /XObject /Subtype /Form /BBox [0 0 100 100] /Resources << /XObject << /F {other} 0 R >> >>");
        stream(&dict, format!("q /F Do /F Do Q {name}").as_bytes())
    };
    pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R /Resources << /XObject << /F 5 0 R >> >> >>".to_vec(),
        stream("", b"/F Do"),
        form("", 6),
        form("", 5),
    ])
}

/// A PDF whose page tree is its own child.
fn recursive_pages() -> Vec<u8> {
    pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 2 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] >>".to_vec(),
    ])
}

fn many_pages(count: usize) -> Vec<u8> {
    let kids: String = (0..count).map(|at| format!("{} 0 R ", at + 3)).collect();
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!("<< /Type /Pages /MediaBox [0 0 20 20] /Kids [{kids}] /Count {count} >>").into_bytes(),
    ];
    objects.extend((0..count).map(|_| b"<< /Type /Page /Parent 2 0 R >>".to_vec()));
    pdf(&objects)
}

#[test]
fn a_folder_of_hostile_files_is_a_row_each() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    let huge_page = String::from_utf8(many_pages(1)).unwrap().replace("[0 0 20 20]", "[0 0 9e9 9e9]").into_bytes();
    let deep = [b"%PDF-1.7\n1 0 obj\n".to_vec(), b"[".repeat(200_000), b"\nendobj\ntrailer << /Root 1 0 R >>".to_vec()]
        .concat();
    let gif = {
        let mut gif = std::fs::read(root().join("tests/data/page.gif")).unwrap();
        gif[6..10].copy_from_slice(&[0xff; 4]);
        gif
    };
    let expected = [
        ("huge.png", png_claiming(60_000, 60_000), "too_large"),
        ("claims-more.png", png_claiming(7_000, 7_000), "any"),
        ("huge.gif", gif, "too_large"),
        ("zero.jpg", Vec::new(), "empty_file"),
        ("zeros.tif", vec![0; 4096], "not_an_image"),
        ("wrong-ending.jpg", std::fs::read(root().join("tests/data/tiff/g4.tif")).unwrap(), "ok"),
        ("forms.pdf", recursive_forms(), "any"),
        ("tree.pdf", recursive_pages(), "any"),
        ("huge-page.pdf", huge_page, "any"),
        ("deep.pdf", deep, "any"),
    ];
    for (name, bytes, _) in &expected {
        bench.put(&format!("pages/{name}"), bytes);
    }
    bench.job("on_error: {max_failed: 100%, stop_after: 0}");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let rows = bench.rows();
    for (name, _, kind) in &expected {
        let found: Vec<_> = rows.iter().filter(|row| row["path"] == *name).collect();
        // Its tree counts two pages, of which one is the tree itself.
        let pages = if *name == "tree.pdf" { 2 } else { 1 };
        assert_eq!(found.len(), pages, "{name}");
        let reason = found[0]["error_kind"].as_str().unwrap_or("ok");
        assert!(*kind == "any" || reason == *kind, "{name}: {reason}, not {kind}");
    }
}

#[test]
fn a_document_of_many_pages_is_a_row_each_and_its_pages_can_be_chosen() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    bench.put("pages/many.pdf", &many_pages(2000));
    let job = |choice: &str| {
        bench.job("limits: {concurrency: 64}");
        bench.put(
            "job.yaml",
            bench.text("job.yaml").replace("folder: pages", &format!("folder: pages{choice}")).as_bytes(),
        );
    };
    job(", pages: [1, 2, -1]");
    assert_eq!(bench.run(&[]).code, 0);
    let pages: Vec<u64> = bench.rows().iter().map(|row| row["page"].as_u64().unwrap()).collect();
    assert_eq!(pages, [1, 2, 2000]);
    let before = bench.stats()["requests"].as_u64().unwrap();
    job(", pages: first");
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.rows().len(), 1);
    assert_eq!(bench.stats()["requests"].as_u64().unwrap(), before, "it was answered before");
    job("");
    let ran = bench.run(&["--limit", "300"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let rows = crate::bench::rows(&bench.text("partial/out.jsonl"));
    assert_eq!(rows.len(), 2000);
    assert!(rows.windows(2).all(|two| two[0]["page"].as_u64() < two[1]["page"].as_u64()));
}

#[test]
fn a_later_fault_of_a_file_does_not_hide_its_answers() {
    // Sent unchanged and answered, then found to be damaged by a closer check: the answer stays.
    let bench = Bench::with_pages(1).simulator(Options::default());
    let png = png_claiming(75, 110);
    let mut broken = png.clone();
    let start = broken.windows(4).position(|four| four == b"IDAT").unwrap();
    let length = u32::from_be_bytes(broken[start - 4..start].try_into().unwrap()) as usize;
    broken[start + 4..start + 4 + length].fill(0x11);
    let sum = crc32fast::hash(&broken[start..start + 4 + length]);
    broken[start + 4 + length..start + 8 + length].copy_from_slice(&sum.to_be_bytes());
    bench.put("pages/broken.png", &broken);
    bench.job("image: {size: original}\non_error: {max_failed: 100%}");
    assert_eq!(bench.run(&[]).code, 0);
    let answered = bench.rows().iter().find(|row| row["path"] == "broken.png").unwrap().clone();
    let with = |more: &str| {
        let text = bench.text("job.yaml").replace("folder: pages", &format!("folder: pages{more}"));
        bench.put("job.yaml", text.as_bytes());
    };
    with(", near_duplicates: 4");
    assert_eq!(bench.run(&[]).code, 0);
    let row = bench.rows().iter().find(|row| row["path"] == "broken.png").unwrap().clone();
    assert_eq!((&row["status"], &row["kind"]), (&answered["status"], &answered["kind"]), "{row}");
}

#[test]
fn a_retry_that_is_cut_short_goes_on_the_next_night() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    for at in 0..6 {
        bench.put(&format!("pages/{at}.jpg"), &[b"\xff\xd8\xff".as_slice(), &[at; 20]].concat());
    }
    bench.job("on_error: {max_failed: 100%}");
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.run(&["--retry", "failed", "--limit", "2"]).code, 0);
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(crate::bench::statuses(&bench.rows()).into_iter().collect::<Vec<_>>(), [("failed".to_owned(), 6)]);
}
