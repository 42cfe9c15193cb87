//! PDF pages: which are taken as scans, which are drawn, and that both show the page.

use crate::bench::root;
use docmill::internal::media::{Document, MediaFaultKind, Orientation, Pixels};
use std::fmt::Write;

/// A PDF of these objects, the first of which is the catalog.
pub(crate) fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut places = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        places.push(out.len());
        out.extend(format!("{} 0 obj\n", at + 1).bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let start = out.len();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    places.iter().for_each(|place| _ = writeln!(table, "{place:010} 00000 n "));
    let _ = write!(table, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1);
    out.extend(table.bytes());
    out
}

pub(crate) fn stream(dict: &str, data: &[u8]) -> Vec<u8> {
    let head = format!("<< {dict} /Length {} >>\nstream\n", data.len());
    [head.as_bytes(), data, b"\nendstream"].concat()
}

/// A page of 150 x 220 points with one image `/Im0`, this content and more page entries.
pub(crate) fn page_with(image: Vec<u8>, content: &str, more: &str) -> Vec<u8> {
    let page = format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 150 220] /Contents 4 0 R {more} /Resources << /XObject << /Im0 5 0 R >> /Font << /F1 6 0 R >> >> >>"
    );
    pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        page.into_bytes(),
        stream("", content.as_bytes()),
        image,
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec(),
    ])
}

fn jpeg_image() -> Vec<u8> {
    let jpeg = std::fs::read(root().join("tests/data/page.jpg")).unwrap();
    stream(
        "/Type /XObject /Subtype /Image /Width 75 /Height 110 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode",
        &jpeg,
    )
}

fn reference() -> image::GrayImage {
    image::open(root().join("tests/data/tiff/reference.png")).unwrap().into_luma8()
}

pub(crate) fn upright(bytes: Vec<u8>) -> (Document, image::GrayImage) {
    let document = Document::open(bytes.into()).unwrap();
    let probe = document.probe(1).unwrap();
    let pixels: Pixels = document.decode(1, &probe, (probe.width, probe.height)).unwrap();
    let mut picture = pixels.into_image().unwrap();
    picture.apply_orientation(probe.orientation);
    (document, picture.into_luma8())
}

/// The mean difference of two pictures at the size of the smaller.
fn difference(a: &image::GrayImage, b: &image::GrayImage) -> f64 {
    use image::imageops::{FilterType, resize};
    let (width, height) = (a.width().min(b.width()), a.height().min(b.height()));
    let small = |picture| resize(picture, width, height, FilterType::Triangle);
    let pairs = small(a).into_raw().into_iter().zip(small(b).into_raw());
    pairs.map(|(a, b)| f64::from(a.abs_diff(b))).sum::<f64>() / f64::from(width * height)
}

const WHOLE_PAGE: &str = "q 150 0 0 220 0 0 cm /Im0 Do Q";

#[test]
fn which_pages_are_taken_as_scans() {
    let cases = [
        (WHOLE_PAGE.to_owned(), "", true),
        // Text recognition: invisible text over the scan.
        (format!("{WHOLE_PAGE} BT 3 Tr /F1 9 Tf 20 20 Td (words) Tj ET"), "", true),
        (format!("{WHOLE_PAGE} BT /F1 9 Tf 20 20 Td (a stamp) Tj ET"), "", false),
        ("0 0 150 220 re W n q 150 0 0 220 0 0 cm /Im0 Do Q".into(), "", true),
        ("0 0 75 220 re W n q 150 0 0 220 0 0 cm /Im0 Do Q".into(), "", false),
        ("q 75 0 0 110 30 30 cm /Im0 Do Q".into(), "", false),
        ("q 150 0 0 110 0 0 cm /Im0 Do Q".into(), "", false),
        ("q 0 220 -150 0 150 0 cm /Im0 Do Q".into(), "", false),
        (format!("{WHOLE_PAGE} {WHOLE_PAGE}"), "", false),
        (format!("{WHOLE_PAGE} 1 0 0 RG 10 10 m 90 90 l S"), "", false),
        (WHOLE_PAGE.to_owned(), "/CropBox [0 0 75 110]", false),
        // Content that may be hidden, or covers a scan.
        (format!("/OC /L BDC {WHOLE_PAGE} EMC"), "", false),
        (WHOLE_PAGE.to_owned(), "/Annots [<< /Type /Annot /Subtype /Stamp /Rect [0 0 50 50] >>]", false),
    ];
    for (content, more, is_scan) in cases {
        let document = Document::open(page_with(jpeg_image(), &content, more).into()).unwrap();
        let probe = document.probe(1).unwrap();
        assert_eq!((probe.width, probe.height) == (75, 110), is_scan, "{content} {more}");
    }
}

#[test]
fn a_scan_and_a_drawn_page_show_the_same() {
    let (_, scan) = upright(page_with(jpeg_image(), WHOLE_PAGE, ""));
    assert!(difference(&scan, &reference()) < 4.0, "{}", difference(&scan, &reference()));
    // A line of nothing makes it a page to draw, at 300 dots an inch.
    let (document, drawn) = upright(page_with(jpeg_image(), &format!("{WHOLE_PAGE} 0 0 m 0 0 l S"), ""));
    assert_eq!(document.probe(1).unwrap().upright_size(), (625, 917));
    assert!(difference(&drawn, &reference()) < 12.0, "{}", difference(&drawn, &reference()));
}

#[test]
fn a_scan_that_is_cut_is_a_fault() {
    let jpeg = std::fs::read(root().join("tests/data/page.jpg")).unwrap();
    let dict = "/Type /XObject /Subtype /Image /Width 75 /Height 110 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode";
    let document = Document::open(page_with(stream(dict, &jpeg[..jpeg.len() / 2]), WHOLE_PAGE, "").into()).unwrap();
    let probe = document.probe(1).unwrap();
    assert_eq!(document.decode(1, &probe, (75, 110)).err().unwrap().kind, MediaFaultKind::CutShort);
}

#[test]
fn rotated_pages_come_upright() {
    use image::imageops::{rotate90, rotate180, rotate270};
    let original = reference();
    for (rotation, orientation, expected) in [
        (90, Orientation::Rotate90, rotate90(&original)),
        (180, Orientation::Rotate180, rotate180(&original)),
        (270, Orientation::Rotate270, rotate270(&original)),
    ] {
        let (document, scan) = upright(page_with(jpeg_image(), WHOLE_PAGE, &format!("/Rotate {rotation}")));
        assert_eq!(document.probe(1).unwrap().orientation, orientation);
        assert!(difference(&scan, &expected) < 4.0, "scan {rotation}");
        let content = format!("{WHOLE_PAGE} 0 0 m 0 0 l S");
        let (_, drawn) = upright(page_with(jpeg_image(), &content, &format!("/Rotate {rotation}")));
        assert!(difference(&drawn, &expected) < 12.0, "drawn {rotation}: {}", difference(&drawn, &expected));
    }
}

#[test]
fn fax_scans_have_their_colours_the_right_way_round() {
    let tiff = std::fs::read(root().join("tests/data/tiff/g4.tif")).unwrap();
    let tag = |tag: u16| {
        let at = tiff.windows(2).position(|w| w == tag.to_le_bytes()).unwrap();
        u32::from_le_bytes(tiff[at + 8..at + 12].try_into().unwrap()) as usize
    };
    let (start, length) = (tag(273), tag(279));
    let data = &tiff[start..start + length];
    let bilevel = image::open(root().join("tests/data/tiff/bilevel.png")).unwrap().into_luma8();
    // The fixture codes black as white or not; what matters is that each switch turns it.
    let shown = |parameters: &str, decode: &str| {
        let image = stream(
            &format!(
                "/Type /XObject /Subtype /Image /Width 75 /Height 110 /ColorSpace /DeviceGray /BitsPerComponent 1 /Filter /CCITTFaxDecode \
                 {decode} /DecodeParms << /K -1 /Columns 75 /Rows 110 {parameters} >>"
            ),
            data,
        );
        let scan = upright(page_with(image.clone(), WHOLE_PAGE, "")).1;
        let drawn = upright(page_with(image, &format!("{WHOLE_PAGE} 0 0 m 0 0 l S"), "")).1;
        assert!(difference(&scan, &drawn) < 25.0, "{parameters} {decode}: {}", difference(&scan, &drawn));
        difference(&scan, &bilevel) < 1.0
    };
    let plain = shown("", "");
    assert_eq!(shown("/BlackIs1 true", ""), !plain);
    assert_eq!(shown("", "/Decode [1 0]"), !plain);
    assert_eq!(shown("/BlackIs1 true", "/Decode [1 0]"), plain);
}

#[test]
fn documents_without_pages_and_damaged_ones_are_reported_as_such() {
    let empty = pdf(&[b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(), b"<< /Type /Pages /Kids [] /Count 0 >>".to_vec()]);
    for (bytes, kind) in
        [(empty, MediaFaultKind::NoPages), (b"%PDF-1.7\nnothing of use".to_vec(), MediaFaultKind::Damaged)]
    {
        let fault = Document::open(bytes.into()).err().unwrap();
        assert_eq!(fault.kind, kind, "{fault}");
    }
}
