//! The decoder process: opens files and prepares pages until its input ends.

use super::frame;
use super::frame::{Reply, Request};
use crate::media::{Document, MediaFault, MediaFaultKind};
use crate::prepare::page::prepare;
use std::io::{self, BufReader, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Most memory that the process may use, in bytes: a decoder that swells ends itself, not
/// the machine.
const MOST_MEMORY: u64 = 4 << 30;

/// Between two looks at whether a page takes too long.
const LOOK: Duration = Duration::from_secs(10);
/// Looks at one page after which the process ends itself: three minutes.
const MOST_LOOKS: u64 = 18;

/// Serves requests from `input` until it ends.
///
/// # Errors
/// When a message can't be read or written.
pub fn serve(input: impl Read, mut output: impl Write) -> io::Result<()> {
    limit();
    let busy = Arc::new(AtomicU64::new(0));
    watch(busy.clone());
    let mut input = BufReader::with_capacity(1 << 16, input);
    let mut open: Option<Document> = None;
    while let Some((request, bytes)) = frame::read(&mut input)? {
        busy.store(1, Ordering::Relaxed);
        let answered = catch_unwind(AssertUnwindSafe(|| answer(&mut open, request, bytes)));
        let (reply, bytes) = answered.unwrap_or_else(|_| {
            let message = "the decoder gave up on it";
            (Reply::Fault(MediaFault::new(MediaFaultKind::DecoderFailed, message)), bytes::Bytes::new())
        });
        frame::write(&mut output, &reply, &bytes)?;
        busy.store(0, Ordering::Relaxed);
    }
    Ok(())
}

fn answer(open: &mut Option<Document>, request: Request, bytes: Vec<u8>) -> (Reply, bytes::Bytes) {
    let result = match request {
        Request::Open => {
            // The last file goes before the next one comes.
            *open = None;
            Document::open(bytes.into()).map(|document| {
                let pages = document.pages();
                *open = Some(document);
                (Reply::Opened { pages }, bytes::Bytes::new())
            })
        }
        Request::Measure { page } => match open {
            Some(document) => document.probe(page).map(|probe| {
                let (width, height) = probe.upright_size();
                (Reply::Measured { width, height }, bytes::Bytes::new())
            }),
            None => Err(MediaFault::new(MediaFaultKind::DecoderFailed, "no file is open")),
        },
        Request::Prepare { page, image, with_marks } => match open {
            Some(document) => prepare(document, page, &image, with_marks).map(|prepared| {
                let reply = Reply::Prepared {
                    mime: prepared.mime.to_owned(),
                    width: prepared.width,
                    height: prepared.height,
                    full: prepared.full,
                    marks: prepared.marks,
                };
                (reply, prepared.bytes)
            }),
            None => Err(MediaFault::new(MediaFaultKind::DecoderFailed, "no file is open")),
        },
    };
    result.unwrap_or_else(|fault| (Reply::Fault(fault), bytes::Bytes::new()))
}

/// Ends the process when a page takes far too long: whoever asked for it ends it sooner,
/// unless that one was killed itself.
#[expect(clippy::disallowed_methods, reason = "a process of its own, whose caller keeps the time")]
fn watch(busy: Arc<AtomicU64>) {
    let look = move || {
        loop {
            std::thread::sleep(LOOK);
            // Looks at which the process was busy with one and the same page.
            let looks = busy.load(Ordering::Relaxed);
            if looks > MOST_LOOKS {
                std::process::exit(1);
            }
            if looks > 0 {
                let _ = busy.compare_exchange(looks, looks + 1, Ordering::Relaxed, Ordering::Relaxed);
            }
        }
    };
    // Without it the caller's own time-out remains.
    let _ = std::thread::Builder::new().name("watch".into()).spawn(look);
}

/// Bounds memory, and leaves no core files. Where the system has no such limits, the
/// decoders' own bounds remain.
#[cfg(unix)]
fn limit() {
    use rlimit::Resource;
    let lower = |resource: Resource, to: u64| {
        if let Ok((_, hard)) = resource.get() {
            let _ = resource.set(to.min(hard), to.min(hard));
        }
    };
    lower(Resource::CORE, 0);
    #[cfg(target_os = "linux")]
    lower(Resource::AS, MOST_MEMORY);
}

#[cfg(not(unix))]
fn limit() {
    let _ = MOST_MEMORY;
}
