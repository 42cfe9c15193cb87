//! PDF pages that are one stencil or one inline image: they give that image, pixel for pixel, as scans do.

use crate::bench::{Bench, root};
use crate::input::pdf::{pdf, stream};
use crate::input::pdf_scans::{HEIGHT, WIDTH, deflate, hex, jbig2, pack, picture, run_length, samples};
use docmill::internal::media::{Document, MediaFaultKind};

const PLACE: &str = "370 0 0 290 0 0 cm";
/// A path that paints nothing: a page with it is drawn.
const NOT_ONLY: &str = " 0 0 m n";

/// A page of 370 x 290 points with this content, whose fifth object is the image `/I`.
fn page_of(content: &[u8], resources: &str, image: Vec<u8>) -> Vec<u8> {
    let page = format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 370 290] /Contents 4 0 R /Resources << /XObject << /I 5 0 R >> {resources} >> >>"
    );
    pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        page.into_bytes(),
        stream("", content),
        image,
    ])
}

fn image(entries: &str, data: &[u8]) -> Vec<u8> {
    stream(&format!("/Type /XObject /Subtype /Image /Width {WIDTH} /Height {HEIGHT} {entries}"), data)
}

/// Samples of one bit, in rows of whole bytes.
fn bits() -> Vec<u8> {
    pack(&samples(1, 1), 1, 1)
}

/// The page as the renderer draws it at the size of its image.
fn drawn(bytes: Vec<u8>) -> Vec<u8> {
    let document = Document::open(bytes.into()).unwrap();
    let probe = document.probe(1).unwrap();
    assert!(probe.width > 1000, "it is drawn");
    let size = (u32::try_from(WIDTH).unwrap(), u32::try_from(HEIGHT).unwrap());
    document.decode(1, &probe, size).unwrap().data
}

/// Colour spaces: grey, and one with a tint.
const SPACES: &str = "/ColorSpace << /C /DeviceGray /T [/Separation /Spot /DeviceRGB << /FunctionType 2 /Domain [0 1] /C0 [1 1 1] /C1 [0 0.5 0] /N 1 >>] >>";

#[test]
fn a_stencil_that_covers_the_page_is_the_picture_that_is_drawn() {
    for (before, entries) in [
        ("", "/BitsPerComponent 1"),
        ("", ""),
        ("0 g", ""),
        ("0 0 0 rg", "/Decode [0 1]"),
        ("0 g", "/Decode [1 0]"),
        ("0 0 0 1 k", ""),
        ("0.5 g", ""),
        ("1 0 0 rg", "/Decode [1 0]"),
        ("0.25 0.5 0.75 rg", "/Interpolate true"),
        ("1 g 0 0 370 290 re f 0 g", ""),
        // In a colour space that was set before.
        ("/DeviceRGB cs 0.75 0.5 0 sc", "/Decode [1 0]"),
        ("/DeviceCMYK cs", ""),
        ("/DeviceGray cs 1 sc 0 0 370 290 re f 0.25 scn", ""),
        ("/C cs 0.2 sc", ""),
        ("/C cs", ""),
        ("/T cs 0.75 scn", ""),
    ] {
        let stencil = || image(&format!("/ImageMask true {entries} /Filter /FlateDecode"), &deflate(&bits()));
        let content = format!("q {before} {PLACE} /I Do Q");
        let (data, _) = picture(page_of(content.as_bytes(), SPACES, stencil())).unwrap().unwrap();
        let expected = drawn(page_of((content + NOT_ONLY).as_bytes(), SPACES, stencil()));
        assert!(data == expected, "{before} {entries}");
    }
    // A form is painted with the colour of the page.
    let form = stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 370 290] /Resources << /XObject << /S 6 0 R >> >>",
        format!("q {PLACE} /S Do Q").as_bytes(),
    );
    let in_form = |content: &str| {
        let page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 370 290] /Contents 4 0 R /Resources << /XObject << /F 5 0 R >> >> >>";
        pdf(&[
            b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
            page.as_bytes().to_vec(),
            stream("", content.as_bytes()),
            form.clone(),
            image("/ImageMask true", &bits()),
        ])
    };
    let (data, channels) = picture(in_form("0 1 0 rg /F Do")).unwrap().unwrap();
    assert_eq!(channels, 3);
    assert!(data == drawn(in_form(&format!("0 1 0 rg /F Do{NOT_ONLY}"))));
}

#[test]
fn other_stencils_are_drawn() {
    let pattern = "/Pattern << /P 6 0 R >> /ColorSpace << /C /DeviceGray >>";
    for (before, entries) in [
        ("/C cs 0 0 sc", ""),
        ("/None cs 0 sc", ""),
        ("/Pattern cs /P scn", ""),
        ("", "/BitsPerComponent 8"),
        ("", "/Mask [0 0]"),
        ("", "/SMask 6 0 R"),
        ("0 g 0 0 370 290 re f", ""),
    ] {
        let content = format!("{before} {PLACE} /I Do");
        let page = page_of(content.as_bytes(), pattern, image(&format!("/ImageMask true {entries}"), &[0; 2000]));
        let probe = Document::open(page.into()).unwrap().probe(1).unwrap();
        assert!(probe.width > 1000, "{before} {entries}");
    }
}

#[test]
fn a_stencil_that_is_cut_short_is_a_fault() {
    let data = deflate(&bits());
    let content = format!("{PLACE} /I Do");
    let cut = image("/ImageMask true /Filter /FlateDecode", &data[..data.len() / 2]);
    let fault = picture(page_of(content.as_bytes(), "", cut)).unwrap_err();
    assert_eq!(fault.kind, MediaFaultKind::CutShort, "{fault}");
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

#[test]
fn stencils_of_scanners_are_read_as_their_images_are() {
    let shown = |before: &str, entries: &str, data: &[u8]| {
        let image = stream(&format!("/Type /XObject /Subtype /Image /Width 75 /Height 110 {entries}"), data);
        let page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 150 220] /Contents 4 0 R /Resources << /XObject << /I 5 0 R >> >> >>";
        let document = Document::open(
            pdf(&[
                b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
                b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
                page.as_bytes().to_vec(),
                stream("", format!("{before} 150 0 0 220 0 0 cm /I Do").as_bytes()),
                image,
            ])
            .into(),
        )
        .unwrap();
        let probe = document.probe(1).unwrap();
        let is_scan = (probe.width, probe.height) == (75, 110);
        is_scan.then(|| document.decode(1, &probe, (75, 110)).unwrap().data)
    };
    const GREY: &str = "/ColorSpace /DeviceGray /BitsPerComponent 1";
    let (fax, jbig2_data) = (fax(), jbig2((75, 110), &fax()));
    let ccitt = "/Filter /CCITTFaxDecode /DecodeParms << /K -1 /Columns 75 /Rows 110 >>";
    for (filter, data) in [(ccitt, &fax), ("/Filter /JBIG2Decode", &jbig2_data)] {
        for decode in ["", "/Decode [0 1]", "/Decode [1 0]"] {
            let expected = shown("", &format!("{GREY} {filter} {decode}"), data);
            assert!(expected.is_some());
            let stencil = shown("", &format!("/ImageMask true {filter} {decode}"), data);
            assert!(stencil == expected, "{filter} {decode}");
        }
        // The black of the image in another colour, over white.
        let black = shown("", &format!("/ImageMask true {filter}"), data).unwrap();
        let red: Vec<u8> = black.iter().flat_map(|tone| [255, *tone, *tone]).collect();
        for color in ["1 0 0 rg", "/DeviceRGB cs 1 0 0 sc"] {
            assert!(shown(color, &format!("/ImageMask true {filter}"), data) == Some(red.clone()), "{filter} {color}");
        }
        let white = shown("1 g", &format!("/ImageMask true {filter}"), data).unwrap();
        assert!(white.iter().all(|tone| *tone == 255) && white.len() == black.len());
    }
}

/// A page with an inline image with these entries.
fn inline(entries: &str, data: &[u8], resources: &str, more: &str) -> Vec<u8> {
    let head = format!("q {PLACE} BI /W {WIDTH} /H {HEIGHT} {entries} ID ");
    let content = [head.as_bytes(), data, format!("\nEI Q{more}").as_bytes()].concat();
    page_of(&content, resources, b"null".to_vec())
}

#[test]
fn an_inline_image_is_the_image_that_it_would_be_as_an_object() {
    let (grey, bits) = (pack(&samples(1, 255), 1, 8), bits());
    let places = pack(&samples(1, 3), 1, 2);
    let one = "/BitsPerComponent 1";
    for (short, long, data) in [
        ("/CS /G /BPC 8 /F /Fl", "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode", deflate(&grey)),
        (
            "/CS /G /BPC 8 /F /RL",
            "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /RunLengthDecode",
            run_length(&grey),
        ),
        (
            "/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter [/AHx /Fl]",
            "/ColorSpace /DeviceGray /BitsPerComponent 1 /Filter [/ASCIIHexDecode /FlateDecode]",
            hex(&deflate(&bits)),
        ),
        ("/IM true /F/AHx", &format!("/ImageMask true {one} /Filter /ASCIIHexDecode"), hex(&bits)),
        ("/IM true /D[1 0] /F/AHx", "/ImageMask true /Decode [1 0] /Filter /ASCIIHexDecode", hex(&bits)),
        (
            "/CS[/I /RGB 3 <ffffffc8001e005a00000000>]/BPC 2/F/AHx",
            "/ColorSpace [/Indexed /DeviceRGB 3 <ffffffc8001e005a00000000>] /BitsPerComponent 2 /Filter /ASCIIHexDecode",
            hex(&places),
        ),
    ] {
        let expected = picture(page_of(format!("{PLACE} /I Do").as_bytes(), "", image(long, &data))).unwrap();
        assert!(expected.is_some(), "{long}");
        let shown = picture(inline(short, &data, "", "")).unwrap();
        assert!(shown == expected, "{short}");
        assert!(shown.unwrap().0 == drawn(inline(short, &data, "", NOT_ONLY)), "{short}");
    }
}

#[test]
fn inline_images_are_turned_and_checked_like_others() {
    let data = deflate(&pack(&samples(1, 255), 1, 8));
    let entries = "/CS /G /BPC 8 /F /Fl";
    let whole = picture(inline(entries, &data, "", "")).unwrap().unwrap();
    // Its data is cut.
    let cut = picture(inline(entries, &data[..data.len() / 2], "", "")).unwrap_err();
    assert_eq!(cut.kind, MediaFaultKind::CutShort, "{cut}");
    // Its colours depend on the page, or something else is painted.
    for (entries, resources, more) in [
        ("/CS /Named /BPC 8 /F /Fl", "/ColorSpace << /Named /DeviceGray >>", ""),
        (entries, "/ColorSpace << /DefaultGray [/CalGray << /WhitePoint [0.95 1 1.09] >>] >>", ""),
        (entries, "", " /I Do"),
        (entries, "", " 0 0 9 9 re f"),
    ] {
        let page = inline(entries, &data, resources, more);
        assert!(Document::open(page.into()).unwrap().probe(1).unwrap().width > 1000, "{entries} {resources} {more}");
    }
    // In a form, and on a page that is turned.
    let content = [format!("{PLACE} BI /W {WIDTH} /H {HEIGHT} {entries} ID ").as_bytes(), &data, b"\nEI"].concat();
    let page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 370 290] /Rotate 90 /Contents 4 0 R /Resources << /XObject << /F 5 0 R >> >> >>";
    let bytes = pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        page.as_bytes().to_vec(),
        stream("", b"/F Do"),
        stream("/Type /XObject /Subtype /Form /BBox [0 0 370 290]", &content),
    ]);
    let document = Document::open(bytes.clone().into()).unwrap();
    assert_eq!(document.probe(1).unwrap().orientation, image::metadata::Orientation::Rotate90);
    assert!(picture(bytes).unwrap().unwrap() == whole);
}

#[test]
fn a_scan_costs_the_same_however_it_is_painted() {
    let bench = Bench::with_pages(0);
    let row: Vec<u8> = (0..38).map(|at| if at % 3 == 0 { 0x0F } else { 0xFF }).collect();
    let data: Vec<u8> = (0..420).flat_map(|y| if y % 16 < 6 { row.clone() } else { vec![0xFF; 38] }).collect();
    let data = deflate(&data);
    let page = |content: &[u8], image: Vec<u8>| {
        let page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 857] /Contents 4 0 R /Resources << /XObject << /I 5 0 R >> >> >>";
        pdf(&[
            b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
            page.as_bytes().to_vec(),
            stream("", content),
            image,
        ])
    };
    let object = |entries: &str| {
        stream(
            &format!(
                "/Type /XObject /Subtype /Image /Width 300 /Height 420 /BitsPerComponent 1 {entries} /Filter /FlateDecode"
            ),
            &data,
        )
    };
    let place = "q 612 0 0 857 0 0 cm";
    let head = format!("{place} BI /W 300 /H 420 /CS /G /BPC 1 /F /Fl ID ");
    let mut pictures = Vec::new();
    for (name, bytes) in [
        ("image", page(format!("{place} /I Do Q").as_bytes(), object("/ColorSpace /DeviceGray"))),
        ("stencil", page(format!("{place} 0 g /I Do Q").as_bytes(), object("/ImageMask true"))),
        ("default", page(format!("{place} /I Do Q").as_bytes(), object("/ImageMask true"))),
        ("inline", page(&[head.as_bytes(), &data, b"\nEI Q"].concat(), b"null".to_vec())),
    ] {
        bench.put(&format!("{name}.pdf"), &bytes);
        let prepared = bench.docmill(&["prepare", &format!("{name}.pdf"), "--out", "prepared"]);
        assert_eq!(prepared.code, 0, "{}", prepared.stderr);
        assert!(prepared.stdout.contains("  300 x 420, "), "{}", prepared.stdout);
        assert!(prepared.stdout.contains(", 8,500 tokens, scanned image"), "{}", prepared.stdout);
        pictures.push(std::fs::read(bench.path(&format!("prepared/{name}.jpg"))).unwrap());
    }
    assert!(pictures.windows(2).all(|pair| pair[0] == pair[1]));
}
