//! PDF pages that can't be drawn completely are faults that name the losses; form fields and annotations without an
//! appearance are drawn.

use crate::bench::root;
use crate::input::pdf::{page_with, pdf, stream, upright};
use docmill::internal::media::{DECODER_VERSION, Document, EarlierPicture, MediaFault, MediaFaultKind};

/// Paints the image on a part of the page, so that the page is not taken as a scan.
const PART: &str = "q 75 0 0 110 30 30 cm /Im0 Do Q";
const GREY: &str = "/Type /XObject /Subtype /Image /Width 60 /Height 80 /ColorSpace /DeviceGray /BitsPerComponent 8";

fn draw(bytes: Vec<u8>) -> Result<image::GrayImage, MediaFault> {
    let document = Document::open(bytes.into())?;
    let probe = document.probe(1)?;
    let pixels = document.decode(1, &probe, (probe.width, probe.height))?;
    Ok(pixels.into_image().unwrap().into_luma8())
}

/// The page's picture, or why there is none.
fn outcome(bytes: Vec<u8>) -> Result<(), String> {
    draw(bytes).map(|_| ()).map_err(|fault| {
        assert_eq!(fault.kind, MediaFaultKind::IncompletePage, "{fault}");
        fault.message
    })
}

fn jpeg() -> Vec<u8> {
    std::fs::read(root().join("tests/data/page.jpg")).unwrap()
}

pub(crate) fn jpeg_image(change: impl FnOnce(&mut Vec<u8>, usize)) -> Vec<u8> {
    let mut data = jpeg();
    let frame = data.windows(2).position(|two| two == [0xFF, 0xC0] || two == [0xFF, 0xC2]).unwrap();
    change(&mut data, frame);
    let dict = "/Type /XObject /Subtype /Image /Width 75 /Height 110 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode";
    stream(dict, &data)
}

pub(crate) fn grey(filter: &str, data: &[u8]) -> Vec<u8> {
    stream(&format!("{GREY} {filter}"), data)
}

/// Deflated data of this size, with a right or wrong checksum.
fn zlib(bytes: usize, is_right: bool) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&vec![90; bytes]).unwrap();
    let mut data = encoder.finish().unwrap();
    *data.last_mut().unwrap() ^= u8::from(!is_right);
    data
}

/// A page with `text` in a simple font that is not embedded.
pub(crate) fn page_with_font(font: &str, text: &str) -> Vec<u8> {
    let widths = "600 ".repeat(256);
    let font = format!("<< /Type /Font /Subtype /TrueType /FirstChar 0 /LastChar 255 /Widths [{widths}] {font} >>");
    let page = format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 150 220] /Contents 4 0 R /Resources << /Font << /F1 {font} >> >> >>"
    );
    pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        page.into_bytes(),
        stream("", format!("BT /F1 20 Tf 20 20 Td {text} Tj ET").as_bytes()),
    ])
}

#[test]
fn characters_that_vanish_are_lost() {
    let symbols = "/BaseFont /Wingdings /FontDescriptor << /Type /FontDescriptor /FontName /Wingdings /Flags 4 >>";
    for (font, text, is_lost) in [
        ("/BaseFont /Helvetica", "(AB)", false),
        // Codes that are not characters occur by mistake.
        ("/BaseFont /Helvetica", r"(A\012\177B)", false),
        ("/BaseFont /Helvetica /Encoding /WinAnsiEncoding", r"(\200\351)", false),
        // An encoding without this code.
        ("/BaseFont /Helvetica", r"(\344)", true),
        ("/BaseFont /X /Encoding << /Differences [65 /B /C] >>", "(AB)", false),
        ("/BaseFont /X /Encoding << /Differences [65 /g12 /foo /C3] >>", "(ABC)", true),
        ("/BaseFont /X /Encoding << /Differences [65 /g12] >>", "(BCD)", false),
        (symbols, r"(\376\374)", true),
        // These would be drawn as letters; spaces are also written in such a font.
        (symbols, "(lJ)", true),
        ("/BaseFont /ABCDEF+Webdings /Encoding /WinAnsiEncoding", "(a)", true),
        (symbols, "(  )", false),
        (symbols, "( ) Tj 3 Tr (l)", false),
    ] {
        let found = outcome(page_with_font(font, text));
        assert_eq!(found.is_err(), is_lost, "{font} {text}: {found:?}");
    }
}

#[test]
fn images_that_can_not_be_decoded_are_named() {
    let hex = |bytes: usize| format!("{}>", "7F".repeat(bytes)).into_bytes();
    for (image, lost) in [
        (jpeg_image(|_, _| {}), None),
        (jpeg_image(|data, frame| data[frame + 1] = 0xC9), Some("arithmetic-coded JPEG")),
        (jpeg_image(|data, frame| data[frame + 1] = 0xC3), Some("lossless JPEG")),
        (jpeg_image(|data, frame| data[frame + 4] = 12), Some("JPEG with 12 bits a sample")),
        (jpeg_image(|data, _| data.truncate(data.len() / 2)), Some("a JPEG that ends early")),
        (jpeg_image(|data, _| data.fill(b'x')), Some("not a JPEG")),
        (grey("", &[90; 60 * 80]), None),
        (grey("/Decode [1 0]", &[90; 60 * 80]), None),
        (grey("/Decode []", &[90; 60 * 80]), Some("a damaged Decode array")),
        (grey("/Decode [0 0]", &[90; 60 * 80]), Some("a damaged Decode array")),
        (grey("/Decode [0 1 0 1]", &[90; 60 * 80]), None),
        (grey("/Decode [0]", &[90; 60 * 80]), Some("a damaged Decode array")),
        // One missing row is accepted, ten are not.
        (grey("", &[90; 60 * 79]), None),
        (grey("", &[90; 60 * 70]), Some("only 87 % of its data")),
        (grey("/Filter /ASCIIHexDecode", &hex(60 * 80)), None),
        (grey("/Filter /ASCIIHexDecode", &hex(60 * 20)), Some("only 25 % of its data")),
        (grey("/Filter /NoSuchDecode", &[90; 60 * 80]), Some("unknown filter NoSuchDecode")),
        (grey("/Filter /JBIG2Decode", b"noise, not data"), Some("damaged JBIG2 data")),
        (grey("/Filter /JPXDecode", b"noise, not data"), Some("not JPEG 2000")),
        (grey("/Filter /CCITTFaxDecode /DecodeParms << /K -1 /Columns 60 >>", &[0; 9]), Some("fax data")),
        (b"<< /NotAStream true >>".to_vec(), Some("an image or a form is missing in the file")),
        (stream(&GREY.replace("60", "0"), &[90; 60 * 80]), Some("it has no size")),
        (stream(&GREY.replace("80", "-80"), &[90; 60 * 80]), Some("it has no size")),
        (grey("/Filter /FlateDecode", &zlib(60 * 80, true)), None),
        (grey("/Filter /FlateDecode", &zlib(60 * 80, false)), Some("damaged data")),
        (grey("/Filter /FlateDecode", &zlib(60 * 80 + 50, true)), None),
        (grey("/Filter /FlateDecode", &zlib(60 * 80 + 50, false)), Some("damaged data")),
    ] {
        let found = outcome(page_with(image.clone(), PART, ""));
        match lost {
            None => assert_eq!(found, Ok(()), "{}", String::from_utf8_lossy(&image[..90])),
            Some(lost) => {
                let message = found.unwrap_err();
                assert!(message.contains(lost), "{lost}: {message}");
                assert!(message.starts_with("the page can't be drawn completely: "), "{message}");
            }
        }
    }
}

#[test]
fn what_can_not_be_seen_is_not_a_loss() {
    let broken = || jpeg_image(|data, frame| data[frame + 1] = 0xC9);
    let no_font = "<< /Type /Font /Subtype /Type0 /BaseFont /NoSuchFont /Encoding /Identity-H /DescendantFonts [<< /Type /Font /Subtype /CIDFontType2 /BaseFont /NoSuchFont /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>] >>";
    let with_font = |content: &str| {
        let page = format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 150 220] /Contents 4 0 R /Resources << /Font << /F1 {no_font} >> >> >>"
        );
        pdf(&[
            b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
            page.into_bytes(),
            stream("", content.as_bytes()),
        ])
    };
    for (bytes, is_lost) in [
        (page_with(broken(), PART, ""), true),
        // Beside the page, clipped out, without area, transparent.
        (page_with(broken(), "q 75 0 0 110 300 30 cm /Im0 Do Q", ""), false),
        (page_with(broken(), "q 0 0 20 20 re W n 75 0 0 110 30 30 cm /Im0 Do Q", ""), false),
        (page_with(broken(), "q 75 0 0 0 30 30 cm /Im0 Do Q", ""), false),
        (page_with(broken(), "", ""), false),
        (page_with(broken(), "q 75 0 0 110 300 30 cm /Im1 Do Q", ""), false),
        (page_with(broken(), "q 75 0 0 110 30 30 cm /Im1 Do Q", ""), true),
        (with_font("BT /F1 20 Tf 20 20 Td <00240025> Tj ET"), true),
        (with_font("BT 3 Tr /F1 20 Tf 20 20 Td <00240025> Tj ET"), false),
        (with_font("BT /F1 20 Tf 500 20 Td <00240025> Tj ET"), false),
    ] {
        let content = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(outcome(bytes).is_err(), is_lost, "{}", content.split("stream").nth(1).unwrap_or_default());
    }
}

#[test]
fn content_that_ends_early_and_boxes_without_area_are_faults() {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    (0..200).for_each(|at| write!(encoder, "{at} {} m 90 {at} l S ", at * 7 % 211).unwrap());
    let data = encoder.finish().unwrap();
    let page = |data: &[u8], media_box: &str| {
        pdf(&[
            b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
            format!("<< /Type /Page /Parent 2 0 R {media_box} /Contents 4 0 R >>").into_bytes(),
            stream("/Filter /FlateDecode", data),
        ])
    };
    let letter = "/MediaBox [0 0 612 792]";
    assert_eq!(outcome(page(&data, letter)), Ok(()));
    assert_eq!(outcome(page(&data[..data.len() - 4], letter)), Ok(()), "only the checksum is missing");
    assert!(outcome(page(&data[..data.len() / 2], letter)).unwrap_err().contains("ends early or is damaged"));
    assert!(outcome(page(b"noise", letter)).unwrap_err().contains("content of the page"));
    // Without a box the page is that of viewers; one without area would be blank.
    let blank = |bytes| draw(bytes).unwrap().pixels().all(|pixel| pixel.0[0] > 250);
    assert!(!blank(page(&data, "")));
    assert!(outcome(page(&data, "/MediaBox [0 0 0 0]")).unwrap_err().contains("no area"));
    // A crop box that leaves nothing of the page is ignored.
    for crop in ["[0 0 0 0]", "[700 700 800 900]", "[9 9 9 90]"] {
        assert!(!blank(page(&data, &format!("{letter} /CropBox {crop}"))), "{crop}");
    }
}

/// A page of 200 x 200 points with this annotation.
fn annotated(annotation: &str, form: &str) -> Vec<u8> {
    let page =
        format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Annots [<< /Type /Annot {annotation} >>] >>");
    pdf(&[
        format!("<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [] /DA (/Helv 12 Tf 0 g) {form} >> >>")
            .into_bytes(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        page.into_bytes(),
    ])
}

/// The share of pixels that are not white in each third of the page, from the top.
fn ink(bytes: Vec<u8>) -> [bool; 3] {
    let (_, picture) = upright(bytes);
    let third = picture.height() / 3;
    [0, 1, 2].map(|part| {
        let rows = part * third..(part + 1) * third;
        rows.into_iter().any(|y| (0..picture.width()).any(|x| picture.get_pixel(x, y).0[0] < 200))
    })
}

#[test]
fn fields_and_annotations_without_appearance_are_drawn() {
    const MIDDLE: [bool; 3] = [false, true, false];
    const NOTHING: [bool; 3] = [false; 3];
    let rect = "/Rect [20 80 180 120]";
    for (annotation, form, drawn) in [
        ("/Subtype /Widget /FT /Tx /V (A value)", "", MIDDLE),
        ("/Subtype /Widget /FT /Tx /V <FEFF00410042> /DA (/TiRo 0 Tf 1 0 0 rg) /Q 1", "", MIDDLE),
        ("/Subtype /Widget /FT /Tx /V (Two\nlines) /Ff 4096", "", MIDDLE),
        ("/Subtype /Widget /FT /Tx /V (12345) /Ff 16777216 /MaxLen 8", "", MIDDLE),
        ("/Subtype /Widget /FT /Tx /V (secret) /Ff 8192", "", MIDDLE),
        ("/Subtype /Widget /FT /Tx /V ()", "", NOTHING),
        ("/Subtype /Widget /FT /Tx", "", NOTHING),
        ("/Subtype /Widget /Parent << /FT /Tx /V (inherited) >>", "", MIDDLE),
        ("/Subtype /Widget /FT /Ch /Ff 131072 /V (b) /Opt [[(a) (Apple)] [(b) (Banana)]]", "", MIDDLE),
        ("/Subtype /Widget /FT /Ch /V (b) /Opt [(a) (b)]", "", MIDDLE),
        ("/Subtype /Widget /FT /Btn /AS /Yes", "", MIDDLE),
        ("/Subtype /Widget /FT /Btn /AS /Off", "", NOTHING),
        ("/Subtype /Widget /FT /Btn /Ff 65536 /MK << /CA (Push) >>", "", MIDDLE),
        // Hidden, not for the screen.
        ("/Subtype /Widget /FT /Tx /V (A value) /F 2", "", NOTHING),
        ("/Subtype /Widget /FT /Tx /V (A value) /F 32", "", NOTHING),
        ("/Subtype /FreeText /Contents (A note) /DA (/Helv 10 Tf 0 g)", "", MIDDLE),
        ("/Subtype /Highlight /C [0.5 0.5 0] /QuadPoints [20 120 180 120 20 80 180 80]", "", MIDDLE),
        ("/Subtype /Underline /QuadPoints [20 120 180 120 20 80 180 80]", "", MIDDLE),
        ("/Subtype /StrikeOut /C [1 0 0] /QuadPoints [20 120 180 120 20 80 180 80]", "", MIDDLE),
        ("/Subtype /Square /C [0 0 1]", "", MIDDLE),
        ("/Subtype /Circle /C [0 0 1] /IC [0 1 0]", "", MIDDLE),
        ("/Subtype /Line /L [20 90 180 110]", "", MIDDLE),
        ("/Subtype /Ink /InkList [[20 90 100 110 180 90]] /C [0]", "", MIDDLE),
        ("/Subtype /Polygon /Vertices [20 90 100 110 180 90] /C [0]", "", MIDDLE),
        ("/Subtype /Stamp /Name /TopSecret", "", MIDDLE),
        // No content of the page.
        // Rich text, where there is no other.
        ("/Subtype /FreeText /C [] /Border [0 0 0] /RC (<body><p>ONLY <b>RICH</b></p></body>)", "", MIDDLE),
        ("/Subtype /FreeText /C [] /Border [0 0 0] /RC (<body><p></p></body>)", "", NOTHING),
        ("/Subtype /Link", "", NOTHING),
        ("/Subtype /Popup /Contents (hidden)", "", NOTHING),
        ("/Subtype /Text /Contents (a comment)", "", NOTHING),
    ] {
        assert_eq!(ink(annotated(&format!("{annotation} {rect}"), form)), drawn, "{annotation}");
    }
}

#[test]
fn what_earlier_versions_made_of_a_page() {
    let compare = |bytes: Vec<u8>| {
        let document = Document::open(bytes.into()).unwrap();
        document.compare_with_earlier(1, (300, 300), 2).unwrap()
    };
    let field = "/Subtype /Widget /FT /Tx /V (A value) /Rect [20 80 180 120]";
    assert_eq!(compare(annotated(field, "")), EarlierPicture::Incomplete("form fields without appearance".into()));
    assert_eq!(compare(annotated("/Subtype /Link /Rect [0 0 9 9]", "")), EarlierPicture::Same);
    let note = |text: &str| annotated(&format!("/Subtype /FreeText /Rect [20 80 180 120] {text}"), "");
    let annotations = EarlierPicture::Different("annotations are drawn otherwise now".into());
    for (text, earlier, expected) in [
        ("/RC (<p>Rich</p>)", 10, &annotations),
        ("/RC (<p>Rich</p>)", 11, &EarlierPicture::Same),
        ("/RC (<p>Rich</p>) /Contents (Plain)", 10, &EarlierPicture::Same),
        ("", 10, &EarlierPicture::Same),
    ] {
        let document = Document::open(note(text).into()).unwrap();
        assert_eq!(document.compare_with_earlier(1, (300, 300), earlier).unwrap(), *expected, "{text}");
    }
    let broken = jpeg_image(|data, frame| data[frame + 1] = 0xC9);
    let EarlierPicture::Incomplete(lost) = compare(page_with(broken, PART, "")) else { panic!("not incomplete") };
    assert!(lost.contains("arithmetic-coded JPEG"), "{lost}");
    assert_eq!(compare(page_with(jpeg_image(|_, _| {}), PART, "")), EarlierPicture::Same);
    assert_eq!(compare(jpeg()), EarlierPicture::Same);
    assert_eq!(DECODER_VERSION, 17, "raised once for each release");
}
