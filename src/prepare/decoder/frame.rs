//! The messages between a worker and its decoder process: a line of JSON, followed by as many
//! bytes as it states. Both processes are this program, in the same version.

use crate::manifest::Image;
use crate::media::{EarlierPicture, MediaFault, PageLayout, PdfRenderers};
use crate::prepare::page_features::PageFeatures;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, Read, Write};

/// Maximum number of bytes after a message: above the size of any file that is read.
const MAX_PAYLOAD_BYTES: usize = 1 << 30;
/// Longest line of JSON, in bytes: above that of the layout with the most pages.
const MAX_LINE_BYTES: u64 = 32 << 20;

/// A request to a decoder process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Open the file whose content follows.
    Open,
    /// Return the size of a page (from 1) of the open file.
    Measure { page: u32 },
    /// Compare a page (from 1) of the open file with what the decoder of the version `earlier` made of it.
    Compare { page: u32, earlier: u32 },
    /// Prepare a page (from 1) of the open file, with these renderers if it is a PDF.
    Prepare { page: u32, image: Image, with_features: bool, renderers: PdfRenderers },
    /// Draw a page (from 1) of the open file for people to look at, no side longer than `max_side` pixels.
    Draw { page: u32, max_side: u32, renderers: PdfRenderers },
}

/// A reply of a decoder process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum DecoderReply {
    /// The file is open.
    Opened(PageLayout),
    /// The upright size of the page in pixels.
    Measured { width: u32, height: u32 },
    /// What earlier versions made of the page.
    Compared(EarlierPicture),
    /// The page is prepared; its image follows.
    Prepared {
        mime: String,
        width: u32,
        height: u32,
        full: (u32, u32),
        features: Option<PageFeatures>,
        renderer: Option<String>,
    },
    /// The file or the page gives no picture.
    Fault(MediaFault),
}

#[derive(Serialize, Deserialize)]
struct Head<T> {
    message: T,
    bytes: usize,
}

/// Writes a message and the bytes that belong to it.
///
/// # Errors
/// When `out` can't be written.
pub(crate) fn write(out: &mut impl Write, message: &impl Serialize, bytes: &[u8]) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Head { message, bytes: bytes.len() })?;
    out.write_all(b"\n")?;
    out.write_all(bytes)?;
    out.flush()
}

/// Reads the next message and its bytes; `None` at the end.
///
/// # Errors
/// When `from` can't be read, ends within a message, or doesn't hold one.
pub(crate) fn read<T: DeserializeOwned>(from: &mut impl BufRead) -> io::Result<Option<(T, Vec<u8>)>> {
    let mut line = Vec::new();
    if Read::take(&mut *from, MAX_LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let head: Head<T> = serde_json::from_slice(&line)?;
    if head.bytes > MAX_PAYLOAD_BYTES {
        return Err(io::Error::other(format!("a message of {} bytes is too large", head.bytes)));
    }
    let mut bytes = vec![0; head.bytes];
    from.read_exact(&mut bytes)?;
    Ok(Some((head.message, bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Detail, ImageRule, image_rule};
    use crate::manifest::{PdfRenderer, Size};
    use crate::media::{MediaFaultKind, Pdftoppm};
    use proptest::prelude::*;

    fn request() -> impl Strategy<Value = Request> {
        let size = prop::sample::select(vec![Size::Full, Size::Standard, Size::Economy, Size::Original]);
        let rule = prop::sample::select(vec![
            image_rule("gpt-4o", None),
            image_rule("qwen2.5-vl-7b", None),
            ImageRule::Unknown,
        ]);
        let image = (size, rule, any::<bool>(), any::<Option<u32>>(), any::<Option<u32>>()).prop_map(
            |(size, rule, is_low, max_side, min_side)| {
                let detail = if is_low { Detail::Low } else { Detail::High };
                Image { detail, size, rule, max_side, min_side, pdf_renderer: PdfRenderer::Builtin }
            },
        );
        prop_oneof![
            Just(Request::Open),
            any::<u32>().prop_map(|page| Request::Measure { page }),
            any::<(u32, u32)>().prop_map(|(page, earlier)| Request::Compare { page, earlier }),
            any::<(u32, u32)>().prop_map(|(page, max_side)| Request::Draw {
                page,
                max_side,
                renderers: PdfRenderers::default()
            }),
            (any::<u32>(), image, any::<bool>(), any::<bool>()).prop_map(
                |(page, image, with_features, is_preferred)| {
                    let pdftoppm = is_preferred.then(|| Pdftoppm::new("/usr/bin/pdftoppm".into(), "24.02.0".into()));
                    let renderers = PdfRenderers { pdftoppm, is_preferred };
                    Request::Prepare { page, image, with_features, renderers }
                }
            ),
        ]
    }

    fn layout() -> impl Strategy<Value = PageLayout> {
        let repeats = prop::collection::vec(any::<(u32, u32)>(), 0..4);
        let earlier_numbers = prop::option::of(prop::collection::vec(any::<u32>(), 0..4));
        (any::<u32>(), repeats, earlier_numbers).prop_map(|(count, repeats, earlier_numbers)| PageLayout {
            count,
            repeats,
            earlier_numbers,
            numbered_since: count,
        })
    }

    fn reply() -> impl Strategy<Value = DecoderReply> {
        let features = (any::<bool>(), any::<[u8; 32]>())
            .prop_map(|(is_blank, fingerprint)| PageFeatures { is_blank, fingerprint });
        prop_oneof![
            ".*".prop_map(|reason| DecoderReply::Compared(EarlierPicture::Incomplete(reason))),
            layout().prop_map(DecoderReply::Opened),
            any::<(u32, u32)>().prop_map(|(width, height)| DecoderReply::Measured { width, height }),
            (".*", any::<(u32, u32)>(), any::<(u32, u32)>(), prop::option::of(features), any::<Option<String>>())
                .prop_map(|(mime, (width, height), full, features, renderer)| DecoderReply::Prepared {
                    mime,
                    width,
                    height,
                    full,
                    features,
                    renderer
                }),
            ".*".prop_map(|message| DecoderReply::Fault(MediaFault { kind: MediaFaultKind::CutShort, message })),
        ]
    }

    proptest! {
        #[test]
        fn messages_arrive_as_they_were_sent(
            messages in prop::collection::vec((request(), reply(), prop::collection::vec(any::<u8>(), 0..50)), 0..5),
        ) {
            let (mut requests, mut replies) = (Vec::new(), Vec::new());
            for (request, reply, bytes) in &messages {
                write(&mut requests, request, bytes).unwrap();
                write(&mut replies, reply, bytes).unwrap();
            }
            let (mut requests, mut replies) = (&requests[..], &replies[..]);
            for (request, reply, bytes) in messages {
                prop_assert_eq!(read(&mut requests).unwrap(), Some((request, bytes.clone())));
                prop_assert_eq!(read(&mut replies).unwrap(), Some((reply, bytes)));
            }
            prop_assert_eq!(read::<Request>(&mut requests).unwrap(), None);
            prop_assert_eq!(read::<DecoderReply>(&mut replies).unwrap(), None);
        }

        #[test]
        fn a_message_that_breaks_off_is_an_error(reply in reply(), bytes in prop::collection::vec(any::<u8>(), 0..50), at in any::<prop::sample::Index>()) {
            let mut sent = Vec::new();
            write(&mut sent, &reply, &bytes).unwrap();
            // The line is complete without its end, if nothing follows.
            let cut = at.index(sent.len() - usize::from(bytes.is_empty()));
            let read = read::<DecoderReply>(&mut &sent[..cut]);
            prop_assert!(if cut == 0 { matches!(read, Ok(None)) } else { read.is_err() }, "{cut} of {} bytes", sent.len());
        }

        #[test]
        fn noise_is_an_error_and_no_panic(noise in prop::collection::vec(any::<u8>(), 1..200)) {
            prop_assert!(read::<DecoderReply>(&mut &noise[..]).is_err());
        }
    }

    #[test]
    fn a_message_can_not_claim_any_amount_of_memory() {
        for bytes in [MAX_PAYLOAD_BYTES + 1, usize::MAX] {
            let line = format!("{{\"message\":\"Open\",\"bytes\":{bytes}}}\n");
            assert!(read::<Request>(&mut line.as_bytes()).unwrap_err().to_string().contains("too large"));
        }
        let endless = vec![b' '; usize::try_from(MAX_LINE_BYTES).unwrap() + 1];
        assert!(read::<Request>(&mut &endless[..]).is_err());
        assert!(MAX_PAYLOAD_BYTES as u64 >= crate::source::reader::MAX_FILE_BYTES, "every file fits");
    }
}
