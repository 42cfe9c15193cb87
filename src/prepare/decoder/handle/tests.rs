//! Decoders whose processes are small shell scripts: they crash, hang, or reply as scripted.

#![expect(clippy::unwrap_used, reason = "tests fail")]

use super::*;
use crate::catalog::{Detail, ImageRule};
use crate::manifest::{PdfRenderer, Size};

const IMAGE: Image = Image {
    detail: Detail::High,
    size: Size::Full,
    rule: ImageRule::Unknown,
    max_side: None,
    min_side: None,
    pdf_renderer: PdfRenderer::Builtin,
};

/// A reply that opens a file of three pages.
const OPENED: &str = r#"echo '{"message":{"Opened":{"count":3,"repeats":[],"earlier_numbers":null}},"bytes":0}';"#;
/// Waits until the parent is gone, and keeps its output open.
const WAIT: &str = "cat > /dev/null; true";

/// A decoder whose process runs this script.
fn decoder(script: &str) -> Decoder {
    let arguments = vec!["-c".to_owned(), script.to_owned()];
    Decoder::new(DecoderCommand::new("/bin/sh", arguments))
}

fn opened(decoder: &mut Decoder) -> Result<u32, &'static str> {
    let opened = decoder.open(&Bytes::from_static(b"content")).unwrap();
    opened.map(|layout| layout.count).map_err(|fault| fault.kind.name())
}

#[test]
fn processes_that_do_not_reply_cost_one_page() {
    for (script, outcome) in [
        (format!("{OPENED} {WAIT}"), Ok(3)),
        // Ends before and after the request; crashes; aborts for another reason than lack of memory.
        ("exit 0".to_owned(), Err("decoder_failed")),
        ("read -r line; exit 1".to_owned(), Err("decoder_failed")),
        ("read -r line; kill -SEGV $$".to_owned(), Err("decoder_failed")),
        ("read -r line; echo 'stack overflow' >&2; kill -ABRT $$".to_owned(), Err("decoder_failed")),
        // The system kills it; an allocation fails, after much other output.
        ("read -r line; kill -KILL $$".to_owned(), Err("decoder_out_of_memory")),
        (
            "read -r line; head -c 300000 /dev/zero >&2; echo 'memory allocation of 5 bytes failed' >&2; kill -ABRT $$"
                .to_owned(),
            Err("decoder_out_of_memory"),
        ),
        // Writes something else, half of a message, one that is too large, the wrong one, a fault.
        (format!("echo noise; {WAIT}"), Err("decoder_failed")),
        (
            "echo '{\"message\":{\"Opened\":{\"count\":3,\"repeats\":[],\"earlier_numbers\":null}},\"bytes\":9}'; exit"
                .to_owned(),
            Err("decoder_failed"),
        ),
        (
            format!(
                "echo '{{\"message\":{{\"Opened\":{{\"count\":3,\"repeats\":[],\"earlier_numbers\":null}}}},\"bytes\":99999999999}}'; {WAIT}"
            ),
            Err("decoder_failed"),
        ),
        (
            format!("echo '{{\"message\":{{\"Measured\":{{\"width\":1,\"height\":1}}}},\"bytes\":0}}'; {WAIT}"),
            Err("decoder_failed"),
        ),
        (
            format!(
                "echo '{{\"message\":{{\"Fault\":{{\"kind\":\"Damaged\",\"message\":\"no\"}}}},\"bytes\":0}}'; {WAIT}"
            ),
            Err("damaged"),
        ),
    ] {
        let mut decoder = decoder(&script);
        for round in 0..2 {
            assert_eq!(opened(&mut decoder), outcome, "{script}, round {round}");
            // Another process for the next page.
            decoder.process = None;
        }
    }
}

#[test]
fn a_process_that_hangs_is_ended_by_time_or_when_cancelled() {
    let mut hanging = decoder(WAIT).with_timeout(Duration::from_millis(1));
    assert_eq!(opened(&mut hanging), Err("decode_timeout"));
    assert!(hanging.process.is_none(), "the process is gone");
    assert_eq!(opened(&mut hanging), Err("decode_timeout"));
    let mut cancelled = decoder(WAIT).cancel_when(|| true);
    assert_eq!(opened(&mut cancelled), Err("decode_timeout"));
    assert!(cancelled.process.is_none());
}

#[test]
fn a_crash_is_tried_once_more_in_a_new_process_with_the_file_open() {
    let folder = tempfile::tempdir().unwrap();
    let flag = folder.path().join("crashed").display().to_string();
    // The first process crashes when it is asked for a page, the second one prepares it.
    let page =
        r#"{"message":{"Prepared":{"mime":"image/png","width":2,"height":1,"full":[2,1],"features":null}},"bytes":4}"#;
    let script = format!(
        "read -r line; dd bs=1 count=7 > /dev/null 2>&1; {OPENED} read -r line; \
         if test -e {flag}; then echo '{page}'; printf abcd; {WAIT}; else : > {flag}; kill -SEGV $$; fi"
    );
    let mut decoder = decoder(&script);
    assert_eq!(opened(&mut decoder), Ok(3));
    let prepared = decoder.prepare(1, &IMAGE, false).unwrap().unwrap();
    assert_eq!((prepared.mime, prepared.width, prepared.height, &*prepared.bytes), ("image/png", 2, 1, &b"abcd"[..]));
    // One that always crashes is given up.
    for (signal, kind) in [("SEGV", MediaFaultKind::DecoderFailed), ("KILL", MediaFaultKind::DecoderOutOfMemory)] {
        let script =
            format!("read -r line; dd bs=1 count=7 > /dev/null 2>&1; {OPENED} read -r line; kill -{signal} $$");
        let mut decoder = self::decoder(&script);
        assert_eq!(opened(&mut decoder), Ok(3));
        let fault = decoder.prepare(1, &IMAGE, false).unwrap().unwrap_err();
        assert_eq!(fault.kind, kind);
    }
}

#[test]
fn a_page_that_ran_out_of_memory_is_tried_again_when_no_other_decoder_has_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let flag = folder.path().join("killed").display().to_string();
    let script = format!("if test -e {flag}; then {OPENED} {WAIT}; else : > {flag}; read -r line; kill -KILL $$; fi");
    let mut decoder = decoder(&script);
    let memory = decoder.command.memory.clone();
    // Another decoder has a page until this one has been killed.
    let other = memory.acquire(Need::Bytes(1), &|| false).unwrap();
    std::thread::scope(|scope| {
        let opening = scope.spawn(move || opened(&mut decoder));
        while !std::path::Path::new(&flag).exists() {
            std::thread::yield_now();
        }
        // It waits for the other page: nothing can end its wait but this.
        assert!(!opening.is_finished());
        drop(other);
        assert_eq!(opening.join().unwrap(), Ok(3));
    });
    assert!(memory.is_scarce(), "from now on pages state what they need");
}

#[test]
fn a_program_that_can_not_be_started_is_an_error() {
    let command = DecoderCommand::new("/no/such/program", Vec::new());
    let error = Decoder::new(command).open(&Bytes::new()).unwrap_err();
    assert!(error.to_string().contains("can't start the decoder /no/such/program"), "{error}");
}

#[test]
fn lack_of_resources_is_not_a_missing_program() {
    use rustix::io::Errno;
    for (errno, is_for_now) in
        [(Errno::AGAIN, true), (Errno::NOMEM, true), (Errno::NOENT, false), (Errno::ACCESS, false)]
    {
        let error = std::io::Error::from_raw_os_error(errno.raw_os_error());
        assert_eq!(is_for_lack_of_resources(&error), is_for_now, "{error}");
    }
}

#[test]
fn the_process_sees_no_environment() {
    // Crashes if it has its own HOME or PATH: the shell's defaults are not exported.
    let script = format!("if test -n \"$HOME$CARGO_MANIFEST_DIR\"; then exit 1; fi; {OPENED} {WAIT}");
    assert_eq!(opened(&mut decoder(&script)), Ok(3));
}
