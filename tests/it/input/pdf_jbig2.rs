//! JBIG2 in PDF pages: what decoders would invent is a fault, whether the image is a scan or a part of the page.

use crate::bench::root;
use crate::input::pdf::{page_with, stream};
use docmill::internal::media::{Document, MediaFaultKind};

const SCAN: &str = "q 150 0 0 220 0 0 cm /Im0 Do Q";
const PART: &str = "q 75 0 0 110 30 30 cm /Im0 Do Q";

const PAGE: u8 = 48;
const END_OF_PAGE: u8 = 49;
const END_OF_STRIPE: u8 = 50;
const EXTENSION: u8 = 62;
const GENERIC_REGION: u8 = 38;
/// One that no standard defines.
const UNKNOWN: u8 = 60;

/// A region of 54 x 44 pixels, from ITU-T T.88, H.1, with the mark of the end of its arithmetic code.
const CODED: &[u8] = b"\x08\x03\xFF\xFD\xFF\x02\xFE\xFE\xFE\x04\xEE\xED\x87\xFB\xCB\x2B\xFF\xAC";

fn segment(number: u8, kind: u8, data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&[0, 0, 0, number, kind, 0, 1], &length[..], data].concat()
}

fn page_segment(height: u32) -> Vec<u8> {
    segment(0, PAGE, &[&75_u32.to_be_bytes(), &height.to_be_bytes(), &[0; 11][..]].concat())
}

/// A region with this size at the left upper corner; `coded`: its flags and data.
fn region((width, height): (u32, u32), coded: &[u8]) -> Vec<u8> {
    segment(1, GENERIC_REGION, &[&width.to_be_bytes(), &height.to_be_bytes(), &[0; 9][..], coded].concat())
}

/// Group 4 of 75 x 110 pixels.
fn fax() -> Vec<u8> {
    let tiff = std::fs::read(root().join("tests/data/tiff/g4.tif")).unwrap();
    let tag = |tag: u16| {
        let at = tiff.windows(2).position(|w| w == tag.to_le_bytes()).unwrap();
        u32::from_le_bytes(tiff[at + 8..at + 12].try_into().unwrap()) as usize
    };
    tiff[tag(273)..tag(273) + tag(279)].to_vec()
}

/// Whether an image with this data is shown, as the page and as a part of it.
fn is_shown(data: &[u8]) -> [Result<(), MediaFaultKind>; 2] {
    let entries = "/Type /XObject /Subtype /Image /Width 75 /Height 110 /ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /JBIG2Decode";
    [SCAN, PART].map(|content| {
        let document = Document::open(page_with(stream(entries, data), content, "").into()).unwrap();
        let probe = document.probe(1).unwrap();
        let picture = document.decode(1, &probe, (probe.width, probe.height)).map_err(|fault| fault.kind)?;
        let picture = picture.into_image().unwrap().into_luma8();
        assert!(picture.pixels().any(|pixel| pixel.0[0] < 100), "the page is blank");
        Ok(())
    })
}

#[test]
fn what_decoders_would_invent_is_a_fault() {
    let fax = |end: usize| [&[1][..], &fax()[..end]].concat();
    let whole = fax(self::fax().len());
    let end = segment(9, END_OF_PAGE, &[]);
    let page = |rest: &[u8]| [&page_segment(110), rest, &end[..]].concat();
    let coded = |end: usize| page(&region((54, 44), &CODED[..end]));
    let no_end = CODED.len() - 2;
    let damaged = [Err(MediaFaultKind::Damaged), Err(MediaFaultKind::IncompletePage)];
    for (name, data, expected) in [
        ("whole", page(&region((75, 110), &whole)), [Ok(()); 2]),
        ("no end of the page", [page_segment(110), region((75, 110), &whole)].concat(), [Ok(()); 2]),
        ("the end of a line", [page(&region((75, 110), &whole)), b"\r\n".to_vec()].concat(), [Ok(()); 2]),
        ("an unknown segment", page(&[segment(1, UNKNOWN, b"xx"), region((75, 110), &whole)].concat()), [Ok(()); 2]),
        (
            "a comment",
            page(&[segment(1, EXTENSION, b"\x20\0\0\0comment\0"), region((75, 110), &whole)].concat()),
            [Ok(()); 2],
        ),
        (
            "a stripe with an end",
            [page_segment(u32::MAX), region((75, 110), &whole), segment(2, END_OF_STRIPE, &109_u32.to_be_bytes())]
                .concat(),
            [Ok(()); 2],
        ),
        ("a stripe without an end", [page_segment(u32::MAX), region((75, 110), &whole)].concat(), [Ok(()); 2]),
        ("a cut fax region", page(&region((75, 110), &fax(self::fax().len() / 2))), damaged),
        ("noise", page(&region((75, 110), &[&[1][..], &[0x55; 300]].concat())), damaged),
        ("a coded region", coded(CODED.len()), [Ok(()); 2]),
        ("one without the mark of its end", coded(no_end), [Ok(()); 2]),
        ("one that is cut", coded(no_end - 4), damaged),
        ("one that is cut at once", coded(no_end - 6), damaged),
        ("a missing dictionary", page(&[0, 0, 0, 7, 6, 0x20, 5, 1, 0, 0, 0, 0]), damaged),
    ] {
        assert_eq!(is_shown(&data), expected, "{name}");
    }
}

#[test]
fn a_few_bytes_can_not_take_minutes() {
    let end = segment(9, END_OF_PAGE, &[]);
    let large = Err(MediaFaultKind::TooLarge);
    let lost = Err(MediaFaultKind::IncompletePage);
    let coded = |size: (u32, u32), count: usize| {
        let regions = region(size, CODED).repeat(count);
        [&page_segment(110), &*regions, &*end].concat()
    };
    // The sizes that their heads state are enough for the verdict.
    for data in [coded((20_000, 20_000), 1), coded((65_000, u32::MAX), 1), coded((5000, 5000), 50)] {
        assert_eq!(is_shown(&data), [large, lost]);
    }
    // Many small ones.
    assert_eq!(is_shown(&coded((54, 44), 50)), [Ok(()); 2]);
}
