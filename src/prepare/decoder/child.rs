//! The decoder process: opens files and prepares pages until its input ends.

use super::frame;
use super::frame::{DecoderReply, Request};
#[cfg(target_os = "linux")]
use super::memory::limit_bytes;
use crate::base::exit_codes::INTERNAL;
use crate::catalog::fit_longest_side;
use crate::media::{Document, MediaFault, MediaFaultKind};
use crate::prepare::page::{Prepared, draw_with, prepare_with};
use bytes::Bytes;
use std::io::{self, BufReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Limit on the address space of the process, in bytes. A decoder that exceeds it aborts, before
/// the system runs out of memory.
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "other systems have no such limit"))]
const MAX_MEMORY_BYTES: u64 = 4 << 30;

/// Longer side at which a page is compared with what earlier versions made of it, in pixels.
const COMPARED_SIDE: u32 = 1024;

/// Time between two checks of the watchdog.
const WATCHDOG_INTERVAL: Duration = Duration::from_secs(10);
/// Checks during one page after which the watchdog ends the process: three minutes.
const MAX_CHECKS: u64 = 18;

/// Serves requests from `input` until it ends. Limits the memory of the process and starts a
/// watchdog: only for a process that does nothing else.
///
/// # Errors
/// When a message can't be read or written.
pub fn serve(input: impl Read, output: impl Write) -> io::Result<()> {
    limit_resources();
    let busy = Arc::new(AtomicU64::new(0));
    start_watchdog(busy.clone());
    serve_requests(input, output, &busy)
}

/// Replies to requests until the input ends. `busy` is 0 between them, and set to 1 at the start
/// of each.
fn serve_requests(input: impl Read, mut output: impl Write, busy: &AtomicU64) -> io::Result<()> {
    let mut input = BufReader::with_capacity(1 << 16, input);
    let mut open: Option<Document> = None;
    while let Some((request, bytes)) = frame::read(&mut input)? {
        busy.store(1, Ordering::Relaxed);
        let replied = catch_unwind(AssertUnwindSafe(|| reply_to(&mut open, request, bytes)));
        let (reply, bytes) = replied
            .unwrap_or_else(|_| Err(MediaFault::new(MediaFaultKind::DecoderFailed, "the decoder panicked")))
            .unwrap_or_else(|fault| (DecoderReply::Fault(fault), Bytes::new()));
        frame::write(&mut output, &reply, &bytes)?;
        busy.store(0, Ordering::Relaxed);
    }
    Ok(())
}

fn reply_to(
    open: &mut Option<Document>,
    request: Request,
    bytes: Vec<u8>,
) -> Result<(DecoderReply, Bytes), MediaFault> {
    let not_open = || MediaFault::new(MediaFaultKind::DecoderFailed, "no file is open");
    match request {
        Request::Open => {
            // Frees the last file before the next one is opened.
            *open = None;
            let document = open.insert(Document::open(bytes.into())?);
            Ok((DecoderReply::Opened(document.layout()), Bytes::new()))
        }
        Request::Measure { page } => {
            let (width, height) = open.as_ref().ok_or_else(not_open)?.probe(page)?.upright_size();
            Ok((DecoderReply::Measured { width, height }, Bytes::new()))
        }
        Request::Compare { page, earlier } => {
            let document = open.as_ref().ok_or_else(not_open)?;
            let probe = document.probe(page)?;
            let target = fit_longest_side((probe.width, probe.height), COMPARED_SIDE);
            Ok((DecoderReply::Compared(document.compare_with_earlier(page, target, earlier)?), Bytes::new()))
        }
        Request::Prepare { page, image, with_features, renderers } => {
            let document = open.as_ref().ok_or_else(not_open)?;
            Ok(reply_with(prepare_with(document, page, &image, with_features, &renderers)?))
        }
        Request::Draw { page, max_side, renderers } => {
            let document = open.as_ref().ok_or_else(not_open)?;
            Ok(reply_with(draw_with(document, page, max_side, &renderers)?))
        }
    }
}

fn reply_with(prepared: Prepared) -> (DecoderReply, Bytes) {
    let Prepared { bytes, mime, width, height, full, features, renderer } = prepared;
    (DecoderReply::Prepared { mime: mime.to_owned(), width, height, full, features, renderer }, bytes)
}

/// Ends the process if a page takes far too long. Its parent ends it sooner, unless the parent
/// was killed.
#[expect(clippy::disallowed_methods, reason = "the process has no clock; its parent keeps the time")]
fn start_watchdog(busy: Arc<AtomicU64>) {
    let watch = move || {
        loop {
            std::thread::sleep(WATCHDOG_INTERVAL);
            // Counts the checks during the current request.
            let checks = busy.load(Ordering::Relaxed);
            if checks > MAX_CHECKS {
                std::process::exit(INTERNAL.into());
            }
            if checks > 0 {
                let _ = busy.compare_exchange(checks, checks + 1, Ordering::Relaxed, Ordering::Relaxed);
            }
        }
    };
    // Without it, the time limit of the parent remains.
    let _ = std::thread::Builder::new().name("watchdog".into()).spawn(watch);
}

/// What a process may reserve without using it, such as stacks, in bytes.
#[cfg(target_os = "linux")]
const UNUSED_BYTES: u64 = 64 << 20;

/// The limit of the address space: the part of a container's limit that is not mapped yet, so that a picture which
/// can't fit fails to be allocated instead of getting the whole container killed.
#[cfg(target_os = "linux")]
fn max_memory_bytes() -> u64 {
    let mapped = || {
        let text = std::fs::read_to_string("/proc/self/status").ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("VmSize:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
    };
    match limit_bytes(std::path::Path::new("/")).zip(mapped()) {
        Some((limit, mapped)) => limit.saturating_add(mapped).saturating_add(UNUSED_BYTES).min(MAX_MEMORY_BYTES),
        None => MAX_MEMORY_BYTES,
    }
}

/// When memory is short, the system ends this process and not the run that has started it.
#[cfg(target_os = "linux")]
fn volunteer_to_be_killed() {
    if let Ok(mut file) = std::fs::OpenOptions::new().write(true).open("/proc/self/oom_score_adj") {
        // Without it the system decides by size.
        let _ = file.write_all(b"1000");
    }
}

/// Limits memory, and turns off core dumps. On systems without such limits, those of the
/// single decoders remain.
#[cfg(unix)]
fn limit_resources() {
    use rlimit::Resource;
    let lower = |resource: Resource, to: u64| {
        if let Ok((_, hard)) = resource.get() {
            let _ = resource.set(to.min(hard), to.min(hard));
        }
    };
    lower(Resource::CORE, 0);
    #[cfg(target_os = "linux")]
    {
        lower(Resource::AS, max_memory_bytes());
        volunteer_to_be_killed();
    }
}

#[cfg(not(unix))]
fn limit_resources() {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::decoder_version::TIFF_PAGES_VERSION;
    use crate::catalog::{Detail, ImageRule};
    use crate::manifest::{Image, PdfRenderer, Size};
    use crate::media::{PageLayout, PdfRenderers};

    const IMAGE: Image = Image {
        detail: Detail::High,
        size: Size::Standard,
        rule: ImageRule::Unknown,
        max_side: Some(50),
        min_side: None,
        pdf_renderer: PdfRenderer::Auto,
    };

    fn data(name: &str) -> Vec<u8> {
        std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
    }

    /// The replies to these requests, one after another, and their sizes.
    fn serve(requests: &[(Request, Vec<u8>)]) -> Vec<(DecoderReply, usize)> {
        let (mut input, mut output) = (Vec::new(), Vec::new());
        requests.iter().for_each(|(request, bytes)| frame::write(&mut input, request, bytes).unwrap());
        serve_requests(&input[..], &mut output, &AtomicU64::new(0)).unwrap();
        let mut output = &output[..];
        let next = || frame::read(&mut output).unwrap().map(|(reply, bytes)| (reply, bytes.len()));
        std::iter::from_fn(next).collect()
    }

    fn fault_kind(reply: &DecoderReply) -> Option<&'static str> {
        match reply {
            DecoderReply::Fault(fault) => Some(fault.kind.name()),
            _ => None,
        }
    }

    #[test]
    fn requests_are_answered_in_order_for_the_file_that_is_open() {
        let prepare =
            Request::Prepare { page: 2, image: IMAGE, with_features: true, renderers: PdfRenderers::default() };
        let replies = serve(&[
            (Request::Measure { page: 1 }, Vec::new()),
            (Request::Open, data("tiff/several.tif")),
            (Request::Measure { page: 4 }, Vec::new()),
            (Request::Measure { page: 5 }, Vec::new()),
            (prepare, Vec::new()),
            (Request::Open, b"not an image".to_vec()),
            (Request::Measure { page: 1 }, Vec::new()),
            (Request::Open, data("page.jpg")),
        ]);
        let kinds: Vec<_> = replies.iter().map(|(reply, _)| fault_kind(reply)).collect();
        let (failed, none) = (Some("decoder_failed"), None);
        assert_eq!(kinds, [failed, none, none, Some("no_pages"), none, Some("not_an_image"), failed, none]);
        let layout = PageLayout { numbered_since: TIFF_PAGES_VERSION, ..PageLayout::of_count(4) };
        assert_eq!(replies[1], (DecoderReply::Opened(layout), 0));
        assert_eq!(replies[2], (DecoderReply::Measured { width: 75, height: 110 }, 0));
        assert_eq!(replies[7], (DecoderReply::Opened(PageLayout::of_count(1)), 0));
        let (DecoderReply::Prepared { mime, width, height, features, .. }, bytes) = &replies[4] else {
            panic!("{:?}", replies[4]);
        };
        assert_eq!((mime.as_str(), *width, *height), ("image/jpeg", 35, 50));
        assert!(features.is_some() && *bytes > 100);
    }

    #[test]
    fn input_that_is_not_a_request_ends_the_process() {
        let busy = AtomicU64::new(0);
        assert!(serve_requests(&b"noise\n"[..], Vec::new(), &busy).is_err());
        assert!(serve_requests(&b""[..], Vec::new(), &busy).is_ok());
    }
}
