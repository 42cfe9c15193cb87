//! `pdftoppm`: a script in its place, which draws, fails, hangs or writes something else.
#![cfg(unix)]

use crate::bench::Bench;
use crate::harness::executable::write_executable;
use crate::harness::wait::wait_until;
use crate::input::pdf::{page_with, stream};
use crate::input::pdf_losses::{grey, jpeg_image, page_with_font};
use docmill::internal::catalog::{Detail, image_rule};
use docmill::internal::manifest::{Image, PdfRenderer, Size};
use docmill::internal::media::{Document, MediaFaultKind, PdfRenderers, Pdftoppm};
use docmill::internal::prepare::{Decoder, DecoderCommand};
use docmill::internal::simulator::Options;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Draws stripes of the requested size.
const STRIPES: &str = r#"
while [ $# -gt 1 ]; do case "$1" in -scale-to-x) w=$2;; -scale-to-y) h=$2;; esac; shift; done
cat > /dev/null
printf 'P6\n%d %d\n255\n' "$w" "$h"
yes "$(printf '\001\002\003\004\377\376')" | head -c $((w * h * 3))
"#;

fn script(folder: &Path, body: &str) -> PathBuf {
    let path = folder.join("pdftoppm");
    let version = r#"if [ "$1" = -v ]; then echo 'pdftoppm version 99.1.0' >&2; exit 0; fi"#;
    write_executable(&path, &format!("#!/bin/sh\nPATH=/usr/bin:/bin\n{version}\n{body}"));
    path
}

fn whole() -> Vec<u8> {
    page_with(stream("", b""), "0 0 0 rg 20 20 60 60 re f", "")
}

/// What a page draws: an image on a part of it, and a square.
const PART: &str = "0 0 0 rg 20 20 60 60 re f q 75 0 0 110 30 30 cm /Im0 Do Q";

/// A page with an image that the built-in renderer can't decode.
fn incomplete() -> Vec<u8> {
    page_with(jpeg_image(|data, frame| data[frame + 1] = 0xC9), PART, "")
}

/// The entries of a JPEG with arithmetic codes.
const ARITHMETIC: &str =
    "/Type /XObject /Subtype /Image /Width 20 /Height 18 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode";

/// A page with a JPEG with arithmetic codes, of which half may be missing.
fn arithmetic_page(is_cut: bool, entries: &str) -> Vec<u8> {
    let whole = std::fs::read(crate::bench::root().join("tests/data/arithmetic.jpg")).unwrap();
    let data = if is_cut { [&whole[..whole.len() - 120], &[0xFF, 0xD9]].concat() } else { whole };
    page_with(stream(entries, &data), PART, "")
}

/// A page that is one scan, whose data has no end mark.
fn damaged_scan() -> Vec<u8> {
    let image = "/Type /XObject /Subtype /Image /Width 15 /Height 22 /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /RunLengthDecode";
    let rows: Vec<u8> = (0..22).flat_map(|_| [242, 40]).collect();
    page_with(stream(image, &rows), "150 0 0 220 0 0 cm /Im0 Do", "")
}

/// The renderer of a page, or the message why there is no picture.
fn renderer(bytes: Vec<u8>, renderers: &PdfRenderers) -> Result<String, String> {
    let document = Document::open(bytes.into()).unwrap();
    let probe = document.probe(1).unwrap();
    match document.decode_with(1, &probe, (150, 220), renderers) {
        Ok((pixels, renderer)) => {
            assert_eq!((pixels.width, pixels.height), (150, 220));
            Ok(renderer.unwrap())
        }
        Err(fault) => {
            assert!(matches!(fault.kind, MediaFaultKind::IncompletePage | MediaFaultKind::Damaged), "{fault:?}");
            Err(fault.message)
        }
    }
}

#[test]
fn it_draws_pages_that_the_built_in_renderer_can_not_draw_completely() {
    let folder = tempfile::tempdir().unwrap();
    let program = Pdftoppm::from_program(script(folder.path(), STRIPES)).unwrap();
    assert_eq!(program.version(), "99.1.0");
    assert_eq!(Pdftoppm::find(&format!("/nowhere:{}", folder.path().display())).as_ref(), Some(&program));
    let (own, other) = ("hayro 0.9", "pdftoppm 99.1.0");
    for (pdftoppm, is_preferred, page, drawn_by) in [
        (None, false, whole(), Some(own)),
        (None, false, incomplete(), None),
        (Some(&program), false, whole(), Some(own)),
        (Some(&program), false, incomplete(), Some(other)),
        (Some(&program), true, whole(), Some(other)),
        (Some(&program), true, incomplete(), Some(other)),
        (None, false, damaged_scan(), None),
        (Some(&program), false, damaged_scan(), Some(other)),
        (Some(&program), false, arithmetic_page(false, ARITHMETIC), Some(other)),
    ] {
        let renderers = PdfRenderers { pdftoppm: pdftoppm.cloned(), is_preferred };
        assert_eq!(renderer(page, &renderers).ok().as_deref(), drawn_by, "{is_preferred} {drawn_by:?}");
    }
}

#[test]
fn what_the_file_does_not_hold_is_lost_whatever_draws_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let program = Pdftoppm::from_program(script(folder.path(), STRIPES)).unwrap();
    let image = |filter: &str, data: &[u8]| page_with(grey(filter, data), PART, "");
    let zlib = |data: &[u8]| {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    };
    let jpeg = std::fs::read(crate::bench::root().join("tests/data/page.jpg")).unwrap();
    let half = &jpeg[..jpeg.len() / 2];
    let hex: String = half.iter().map(|byte| format!("{byte:02X}")).collect();
    let inline = format!("{PART} q 75 0 0 90 5 5 cm BI /W 60 /H 80 /BPC 8 /CS /G ID {} EI Q", "0".repeat(900));
    for (name, page, lost) in [
        ("missing", page_with(b"null".to_vec(), PART, ""), "an image or a form is missing in the file"),
        ("bare", image("", &[90; 60 * 40]), "only 50 % of its data"),
        ("deflated", image("/Filter /FlateDecode", &zlib(&[90; 60 * 40])), "only 50 % of its data"),
        ("run-length", image("/Filter /RunLengthDecode", &[[197, 90]; 40].concat()), "damaged data"),
        (
            "run-length with an end",
            image("/Filter /RunLengthDecode", &[&[197, 90].repeat(40)[..], &[128]].concat()),
            "only 50 %",
        ),
        ("inline", page_with(grey("", &[90; 60 * 80]), &inline, ""), "only"),
        ("JPEG", page_with(jpeg_image(|data, _| data.truncate(data.len() / 2)), PART, ""), "a JPEG that ends early"),
        ("deflated JPEG", image("/Filter [/FlateDecode /DCTDecode]", &zlib(half)), "a JPEG that ends early"),
        ("JPEG in letters", image("/Filter [/AHx /DCT]", hex.as_bytes()), "a JPEG that ends early"),
        (
            "another kind of JPEG",
            page_with(
                jpeg_image(|data, frame| {
                    data[frame + 1] = 0xC9;
                    data.truncate(data.len() / 2);
                }),
                PART,
                "",
            ),
            "arithmetic-coded JPEG that ends early",
        ),
        ("arithmetic codes with an end mark", arithmetic_page(true, ARITHMETIC), "a JPEG that ends early"),
        (
            "other channels",
            arithmetic_page(false, &ARITHMETIC.replace("DeviceRGB", "DeviceGray")),
            "another number of channels",
        ),
        ("another width", arithmetic_page(false, &ARITHMETIC.replace("Width 20", "Width 40")), "of another size"),
        ("less height", arithmetic_page(false, &ARITHMETIC.replace("Height 18", "Height 9")), "of another size"),
        (
            "other bits",
            arithmetic_page(false, &ARITHMETIC.replace("Component 8", "Component 4")),
            "other bits a sample",
        ),
        ("unknown filter", image("/Filter /NoSuchDecode", &[90; 60 * 80]), "unknown filter"),
        (
            "characters",
            page_with_font("/BaseFont /NoSuchFont /Encoding << /Differences [65 /uni0E01] >>", "(AB)"),
            "no glyph",
        ),
        ("names", page_with_font("/BaseFont /NoSuchFont /Encoding << /Differences [65 /g12] >>", "(AB)"), "no glyph"),
    ] {
        for is_preferred in [false, true] {
            let renderers = PdfRenderers { pdftoppm: Some(program.clone()), is_preferred };
            let message = renderer(page.clone(), &renderers).expect_err(name);
            assert!(message.contains(lost) && !message.contains("pdftoppm"), "{name}: {message}");
        }
    }
}

#[test]
fn a_complaint_about_a_page_that_the_built_in_renderer_draws_completely_is_not_a_fault() {
    for body in [format!("echo 'Syntax Error: this kind of font is not supported' >&2\n{STRIPES}"), "exit 1".to_owned()]
    {
        let folder = tempfile::tempdir().unwrap();
        let pdftoppm = Pdftoppm::from_program(script(folder.path(), &body));
        let renderers = PdfRenderers { pdftoppm, is_preferred: true };
        assert_eq!(renderer(whole(), &renderers).as_deref(), Ok("hayro 0.9"), "{body}");
        assert!(renderer(incomplete(), &renderers).is_err(), "{body}");
    }
}

#[test]
fn other_output_is_not_a_picture() {
    for (body, reason) in [
        ("exit 1".to_owned(), "no picture"),
        ("kill -SEGV $$".to_owned(), "no picture"),
        ("echo 'Command Line Error: Incorrect password' >&2; exit 1".to_owned(), "Incorrect password"),
        ("echo noise".to_owned(), "an unexpected picture"),
        ("printf 'P6\\n7 7\\n255\\n'; head -c 147 /dev/zero".to_owned(), "an unexpected picture"),
        ("cat /dev/zero".to_owned(), "a picture that is too large"),
        (format!("{STRIPES}\nexit 3"), "it failed"),
        (
            format!("yes \"Syntax Error: Bad block header in flate stream\" | head -c 900000 >&2\n{STRIPES}"),
            "flate stream",
        ),
        // The picture is white where the image would be.
        (
            STRIPES
                .replace(r"\001\002\003\004\377\376", r"\377\377\377\377\377\377")
                .replace("| head", "| tr '\\n' '\\377' | head"),
            "nothing is drawn there",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let pdftoppm = Pdftoppm::from_program(script(folder.path(), &body));
        assert!(pdftoppm.is_some());
        let message = renderer(incomplete(), &PdfRenderers { pdftoppm, is_preferred: false }).unwrap_err();
        assert!(message.contains("(arithmetic-coded JPEG); pdftoppm: "), "{message}");
        assert!(message.contains(reason), "{reason}: {message}");
    }
}

#[test]
fn one_that_hangs_ends_with_its_decoder() {
    let folder = tempfile::tempdir().unwrap();
    let started = folder.path().join("started");
    script(folder.path(), &format!("echo $$ > '{}'; exec sleep 1000", started.display()));
    let path = folder.path().to_string_lossy().into_owned();
    let command =
        DecoderCommand::new(env!("CARGO_BIN_EXE_docmill"), vec!["decode-pages".into()]).with_search_path(Some(path));
    assert!(command.renderer_fingerprint(PdfRenderer::Auto).starts_with("hayro 0.9; pdftoppm 99.1.0; fonts "));
    assert!(command.renderer_fingerprint(PdfRenderer::Pdftoppm).starts_with("pdftoppm 99.1.0; hayro 0.9; fonts "));
    assert!(command.renderer_fingerprint(PdfRenderer::Builtin).starts_with("hayro 0.9; fonts "));
    let image = Image {
        detail: Detail::High,
        size: Size::Economy,
        rule: image_rule("gpt-4o-mini", None),
        max_side: None,
        min_side: Some(64),
        pdf_renderer: PdfRenderer::Auto,
    };
    let is_started = started.clone();
    // Gives up the page once the program runs.
    let mut decoder = Decoder::new(command)
        .with_timeout(Duration::from_secs(50))
        .cancel_when(move || std::fs::read_to_string(&is_started).is_ok_and(|id| id.ends_with('\n')));
    decoder.open(&incomplete().into()).unwrap().unwrap();
    let fault = decoder.prepare(1, &image, false).unwrap().unwrap_err();
    assert_eq!(fault.kind, MediaFaultKind::DecodeTimeout);
    drop(decoder);
    let id = std::fs::read_to_string(&started).unwrap();
    let state = format!("/proc/{}/stat", id.trim());
    // It may take a moment until the system has ended it.
    let is_gone = || std::fs::read_to_string(&state).map_or(true, |stat| stat.contains(") Z "));
    wait_until("the renderer is gone", is_gone);
}

#[test]
fn a_renderer_that_is_not_installed_is_an_error_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let pdf = folder.path().join("page.pdf");
    std::fs::write(&pdf, whole()).unwrap();
    let prepare = |renderer: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_docmill"));
        command.env("PATH", folder.path()).arg("prepare").arg(&pdf).arg("--out").arg(folder.path().join("out"));
        command.args(["--pdf-renderer", renderer]).output().unwrap()
    };
    let refused = prepare("pdftoppm");
    assert_eq!(refused.status.code(), Some(2));
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.contains("`pdftoppm`, which is not installed") && message.contains("poppler-utils"), "{message}");
    for renderer in ["auto", "builtin"] {
        let drawn = prepare(renderer);
        assert_eq!(drawn.status.code(), Some(0));
        assert!(String::from_utf8_lossy(&drawn.stdout).contains(", hayro 0.9"));
    }
}

/// A job with a page that only another renderer can draw, a folder with that renderer, and one without.
fn bench_with_renderer(settings: &str) -> (Bench, PathBuf, PathBuf) {
    let bench = Bench::with_pages(0).simulator(Options::default());
    bench.put("pages/part.pdf", &incomplete());
    bench.job(settings);
    let (tools, nothing) = (bench.path("tools"), bench.path("nothing"));
    std::fs::create_dir(&tools).unwrap();
    script(&tools, STRIPES);
    (bench, tools, nothing)
}

/// Runs the job with the renderers of a folder, and none that the machine has.
fn run_with(bench: &Bench, renderers: &Path, arguments: &[&str]) {
    let mut command = bench.command(&[&["run", "job.yaml", "-q"], arguments].concat());
    command.env("PATH", renderers).output().unwrap();
}

/// A page whose earlier picture was wrong is asked again on request. It can't be drawn without a renderer that
/// was there before; the failure lasts as long as that renderer is missing.
#[test]
fn a_failure_to_draw_a_page_again_lasts_until_another_renderer_is_installed() {
    let (bench, tools, nothing) = bench_with_renderer("");
    let run = |path: &Path, arguments: &[&str]| {
        run_with(&bench, path, arguments);
        let row = &bench.rows()[0];
        let text = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
        (text("status"), text("error_kind"), bench.stats()["requests"].as_u64().unwrap())
    };
    let drawn = |requests| ("ok".to_owned(), "-".to_owned(), requests);
    let not_drawn = |requests| ("failed".to_owned(), "incomplete_page".to_owned(), requests);
    assert_eq!(run(&tools, &[]), drawn(1));
    assert_eq!(run(&nothing, &[]), drawn(1), "an answer stays");
    let store = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    let wrong =
        "UPDATE pages SET redrawn_reason = 'an image was missing', redrawn = (SELECT max(revision) + 1 FROM answers)";
    assert_eq!(store.execute(wrong, []).unwrap(), 1);
    drop(store);
    assert_eq!(run(&nothing, &["--retry", "redrawn"]), not_drawn(1));
    for arguments in [&[][..], &["--retry", "redrawn"]] {
        assert_eq!(run(&nothing, arguments), not_drawn(1), "{arguments:?}");
    }
    assert_eq!(run(&tools, &[]), drawn(2));
    assert_eq!(run(&tools, &["--retry", "redrawn"]), drawn(2));
}

/// A run that does not come to such a page must not leave a mark that nothing is to be asked of it.
#[test]
fn a_page_that_can_be_drawn_now_is_asked_though_another_run_ended_before_it() {
    let (bench, tools, nothing) = bench_with_renderer("on_error: {max_failed: 100%}");
    let status = || {
        let rows = bench.rows();
        let row = rows.iter().find(|row| row["path"] == "part.pdf").unwrap();
        row["status"].as_str().unwrap_or("-").to_owned()
    };
    run_with(&bench, &nothing, &[]);
    assert_eq!(status(), "failed");
    let page = std::fs::read("tests/data/page.jpg").unwrap();
    for number in 0..150 {
        let comment = format!("{number:06}");
        let unique = [&page[..2], &[0xFF, 0xFE, 0, 8], comment.as_bytes(), &page[2..]].concat();
        bench.put(&format!("pages/a{number:03}.jpg"), &unique);
    }
    run_with(&bench, &tools, &["--limit", "1"]);
    run_with(&bench, &tools, &[]);
    assert_eq!(status(), "ok");
}

#[test]
fn it_is_not_asked_for_files_with_references_that_it_does_not_follow() {
    let folder = tempfile::tempdir().unwrap();
    let program = Pdftoppm::from_program(script(folder.path(), STRIPES)).unwrap();
    let forwarded = |mut bytes: Vec<u8>| {
        let reference = b"/Im0 5 0 R";
        let at = bytes.windows(reference.len()).position(|text| text == reference).unwrap();
        bytes[at..at + reference.len()].copy_from_slice(b"/Im0 9 0 R");
        bytes.extend(b"\n9 0 obj 5 0 R endobj\nstartxref\n0\n%%EOF\n");
        bytes
    };
    for is_preferred in [false, true] {
        let renderers = PdfRenderers { pdftoppm: Some(program.clone()), is_preferred };
        let message = renderer(forwarded(incomplete()), &renderers).unwrap_err();
        assert!(message.contains("arithmetic-coded JPEG"), "{message}");
        let whole = page_with(jpeg_image(|_, _| {}), PART, "");
        assert_eq!(renderer(forwarded(whole), &renderers).unwrap(), "hayro 0.9");
    }
}
