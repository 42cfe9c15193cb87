//! What a PDF page refers to and the file does not hold, or holds damaged; and what viewers correct.

use crate::bench::root;
use crate::input::pdf::{pdf, stream, upright};
use docmill::internal::media::{Document, EarlierPicture, MediaFault, MediaFaultKind};
use std::io::Write;

/// A page of 200 x 200 points with this content and these resources; `more` are the objects from 5.
pub(crate) fn page(content: &[u8], resources: &str, more: &[Vec<u8>]) -> Vec<u8> {
    page_of(stream("", content), "/MediaBox [0 0 200 200]", resources, more)
}

pub(crate) fn page_of(content: Vec<u8>, entries: &str, resources: &str, more: &[Vec<u8>]) -> Vec<u8> {
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        format!("<< /Type /Page /Parent 2 0 R {entries} /Contents 4 0 R /Resources << {resources} >> >>").into_bytes(),
        content,
    ];
    objects.extend_from_slice(more);
    pdf(&objects)
}

pub(crate) fn draw(bytes: Vec<u8>) -> Result<image::GrayImage, MediaFault> {
    let document = Document::open(bytes.into())?;
    let probe = document.probe(1)?;
    Ok(document.decode(1, &probe, (probe.width, probe.height))?.into_image().unwrap().into_luma8())
}

/// The losses of a page; `None`: none, and the page is not empty.
fn lost(bytes: Vec<u8>) -> Option<String> {
    match draw(bytes) {
        Ok(picture) => {
            assert!(picture.pixels().any(|pixel| pixel.0[0] < 250), "the page is blank");
            None
        }
        Err(fault) => {
            assert_eq!(fault.kind, MediaFaultKind::IncompletePage, "{fault}");
            Some(fault.message)
        }
    }
}

#[track_caller]
pub(crate) fn check(bytes: Vec<u8>, expected: Option<&str>) {
    let found = lost(bytes);
    match (&found, expected) {
        (None, None) => {}
        (Some(found), Some(expected)) => assert!(found.contains(expected), "{found}"),
        _ => panic!("{found:?}, expected {expected:?}"),
    }
}

const RGB_SHADING: &str = "/ShadingType 2 /ColorSpace /DeviceRGB /Coords [0 0 200 0] /Function << /FunctionType 2 /Domain [0 1] /C0 [1 0 0] /C1 [0 0 1] /N 1 >>";

#[test]
fn patterns_and_shadings_that_can_not_be_drawn_are_lost() {
    let tiles = |entries: &str, content: &[u8]| stream(&format!("/PatternType 1 {entries}"), content);
    let grid = "/PaintType 1 /TilingType 1 /BBox [0 0 9 9] /XStep 9 /YStep 9 /Resources << >>";
    let missing = Some("a pattern is missing or damaged");
    let fill = b"/Pattern cs /P scn 20 20 100 100 re f";
    let of_pattern = "/Pattern << /P 5 0 R >>";
    let shading = |entries: &str| format!("<< /PatternType 2 /Shading << {entries} >> >>").into_bytes();
    for (content, pattern, expected) in [
        (&fill[..], tiles(grid, b"0 0 5 5 re f"), None),
        (fill, shading(RGB_SHADING), None),
        (fill, b"null".to_vec(), missing),
        (fill, b"<< /PatternType 2 >>".to_vec(), missing),
        (fill, shading(&RGB_SHADING.replace("/DeviceRGB", "/NoSuchSpace")), missing),
        (fill, shading(&RGB_SHADING.replace("/ShadingType 2", "/ShadingType 9")), missing),
        (fill, tiles(&grid.replace("/XStep 9", "/XStep 0"), b"0 0 5 5 re f"), missing),
        (fill, tiles(grid, b"/None Do"), Some("an image or a form in a pattern is missing in the file")),
        (b"/Pattern CS /P SCN 5 w 20 20 m 150 150 l S", b"null".to_vec(), missing),
        (b"/Pattern cs /P scn BT /F1 30 Tf 20 20 Td (Text) Tj ET", b"null".to_vec(), missing),
        // Content that is not painted, or not on the page, is not lost.
        (b"0 0 50 50 re f /Pattern cs /P scn", b"null".to_vec(), None),
        (b"0 0 50 50 re f q /Pattern cs /P scn Q 20 20 100 100 re f", b"null".to_vec(), None),
        (b"0 0 50 50 re f /Pattern cs /P scn 0 g 20 20 100 100 re f", b"null".to_vec(), None),
        (b"0 0 50 50 re f /Pattern cs /P scn 500 20 100 100 re f", b"null".to_vec(), None),
        (b"0 0 50 50 re f /Pattern cs /P scn 20 20 100 100 re n", b"null".to_vec(), None),
    ] {
        check(page(content, of_pattern, &[pattern]), expected);
    }
}

#[test]
fn glyphs_of_type_3_fonts_without_a_procedure_are_lost() {
    let font = |procedures: &str| {
        format!(
            "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1000 1000] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 65 /LastChar 67 /Widths [900 900 900] /Encoding << /Differences [65 /A /B /space] >> /CharProcs << {procedures} >> >>"
        )
        .into_bytes()
    };
    let glyph = || stream("", b"900 0 0 0 800 800 d1 0 0 800 800 re f");
    let text = |text: &str| format!("BT /F1 30 Tf 20 20 Td {text} ET").into_bytes();
    let both = "/A 6 0 R /B 6 0 R";
    for (procedures, shown, expected) in [
        (both, "(AB) Tj", None),
        ("/A 6 0 R", "(A) Tj", None),
        ("/A 6 0 R", "(AC) Tj", None),
        ("/A 6 0 R", "(AB) Tj", Some("a character has no glyph in a Type 3 font")),
        ("/A 6 0 R", "[(A) 20 (BBB)] TJ", Some("3 characters have no glyph in a Type 3 font")),
        ("", "(A) Tj", Some("no glyph in a Type 3 font")),
        ("/A 6 0 R", "(A) Tj 3 Tr (B) Tj", None),
    ] {
        check(page(&text(shown), "/Font << /F1 5 0 R >>", &[font(procedures), glyph()]), expected);
    }
}

#[test]
fn a_form_that_is_lost_is_not_called_an_image() {
    let form = |entries: &str| stream(&format!("/BBox [0 0 200 200] {entries}"), b"0 0 50 50 re f /X Do");
    let inner = "/Subtype /Form /Resources << /XObject << /X 5 0 R >> >>";
    for (object, expected) in [
        (form(inner), "completely: a form contains itself"),
        (form("/Subtype /Form /Resources << >>"), "completely: an image or a form is missing in the file"),
        (form("/Subtype /Other"), "completely: an object is of an unknown type"),
        (b"<< /Subtype /Form >>".to_vec(), "completely: an image or a form is missing in the file"),
    ] {
        check(page(b"/X Do", "/XObject << /X 5 0 R >>", &[object]), Some(expected));
    }
    let twice = page(b"/X Do /X Do", "/XObject << >>", &[]);
    check(twice, Some("2 times: an image or a form is missing in the file"));
}

#[test]
fn references_find_objects_of_another_generation() {
    let form = stream("/Type /XObject /Subtype /Form /BBox [0 0 200 200]", b"50 50 100 100 re f");
    let whole = page(b"0 0 20 20 re f /X Do", "/XObject << /X 5 0 R >>", &[form]);
    let expected = draw(whole.clone()).unwrap();
    let text = String::from_utf8(whole).unwrap();
    for (object, changed) in [
        ("/Contents 4 0 R", "/Contents 4 1 R"),
        ("4 0 obj", "4 1 obj"),
        ("/X 5 0 R", "/X 5 2 R"),
        ("\n5 0 obj", "\n5 3 obj"),
    ] {
        assert!(text.contains(object), "{object}");
        assert!(draw(text.replacen(object, changed, 1).into_bytes()).unwrap() == expected, "{object}");
    }
    // No object has this number.
    check(text.replacen("/X 5 0 R", "/X 7 1 R", 1).into_bytes(), Some("is missing in the file"));
    let compared = |bytes: String| {
        Document::open(bytes.into_bytes().into()).unwrap().compare_with_earlier(1, (200, 200), 11).unwrap()
    };
    let different = EarlierPicture::Different("objects are drawn that were not found before".to_owned());
    assert_eq!(compared(text.replacen("/X 5 0 R", "/X 5 2 R", 1)), different);
    assert_eq!(compared(text), EarlierPicture::Same);
}

#[test]
fn references_find_the_newest_generation_of_an_object() {
    let form = |content: &[u8]| stream("/Type /XObject /Subtype /Form /BBox [0 0 200 200]", content);
    let page = |object: Vec<u8>| page(b"0 0 20 20 re f /X Do", "/XObject << /X 5 0 R >>", &[object]);
    let (old, new) = (form(b"50 50 100 100 re f"), form(b"80 20 30 160 re f"));
    let mut updated = page(old.clone());
    let previous = updated.windows(6).rposition(|text| text == b"xref\n0").unwrap();
    let place = updated.len();
    updated.extend([b"5 1 obj\n", &new[..], b"\nendobj\n"].concat());
    let table = updated.len();
    let entries = format!("xref\n5 1\n{place:010} 00001 n \ntrailer\n<< /Root 1 0 R /Size 6 /Prev {previous} >>\n");
    updated.extend(format!("{entries}startxref\n{table}\n%%EOF\n").bytes());
    assert!(draw(updated.clone()).unwrap() == draw(page(new)).unwrap());
    assert!(draw(updated.clone()).unwrap() != draw(page(old.clone())).unwrap());
    // The newest one may have a lower generation.
    let place = updated.len();
    updated.extend([b"5 0 obj\n", &old[..], b"\nendobj\n"].concat());
    let last = updated.len();
    let entries = format!("xref\n5 1\n{place:010} 00000 n \ntrailer\n<< /Root 1 0 R /Size 6 /Prev {table} >>\n");
    updated.extend(format!("{entries}startxref\n{last}\n%%EOF\n").bytes());
    assert!(draw(updated).unwrap() == draw(page(old)).unwrap());
}

/// A page whose popup is removed before it is drawn, in a file whose last update has replaced an object within an object
/// stream: only the table names the new one.
#[test]
fn changed_files_have_the_objects_of_their_last_update() {
    let form = |content: &[u8]| stream("/Type /XObject /Subtype /Form /BBox [0 0 200 200]", content);
    let popup = b"<< /Type /Annot /Subtype /Popup /Rect [9 9 20 20] /AP << /N 5 0 R >> >>".to_vec();
    let page = |shown: &str| {
        let resources = format!("/XObject << /X {shown} 0 R >>");
        let forms = [form(b"50 50 100 100 re f"), form(b"80 20 30 160 re f"), popup.clone()];
        let entries = "/MediaBox [0 0 200 200] /Annots [7 0 R]";
        page_of(stream("", b"0 0 20 20 re f /X Do"), entries, &resources, &forms)
    };
    let mut updated = page("5");
    let previous = updated.windows(6).rposition(|text| text == b"xref\n0").unwrap();
    let before = updated.windows(5).position(|text| text == b"3 0 o").unwrap();
    let after = page("6");
    let start = after.windows(8).position(|text| text == b"3 0 obj\n").unwrap() + 8;
    let length = after[start..].windows(6).position(|text| text == b"endobj").unwrap();
    let object = &after[start..start + length];
    assert!(before > 0 && object.starts_with(b"<<"));
    let head = b"3 0 ";
    let place = updated.len();
    let dict = format!(
        "9 0 obj\n<< /Type /ObjStm /N 1 /First {} /Length {} >>\nstream\n",
        head.len(),
        head.len() + object.len()
    );
    updated.extend([dict.as_bytes(), head, object, b"\nendstream\nendobj\n"].concat());
    let table = updated.len();
    let entries = [[2_u32, 9, 0], [1, u32::try_from(place).unwrap(), 0], [1, u32::try_from(table).unwrap(), 0]];
    let data: Vec<u8> = entries
        .iter()
        .flat_map(|[kind, place, index]| [&[*kind as u8][..], &place.to_be_bytes(), &[*index as u8]].concat())
        .collect();
    let dict = format!(
        "10 0 obj\n<< /Type /XRef /W [1 4 1] /Index [3 1 9 2] /Size 11 /Root 1 0 R /Prev {previous} /Length {} >>\nstream\n",
        data.len()
    );
    let end = format!("\nendstream\nendobj\nstartxref\n{table}\n%%EOF\n");
    updated.extend([dict.as_bytes(), &data, end.as_bytes()].concat());
    assert!(draw(updated.clone()).unwrap() == draw(page("6")).unwrap());
    assert!(draw(updated.clone()).unwrap() != draw(page("5")).unwrap());
    let compared = Document::open(updated.into()).unwrap().compare_with_earlier(1, (200, 200), 16).unwrap();
    assert_ne!(compared, EarlierPicture::Same);
}

#[test]
fn objects_that_are_references_stand_for_what_they_refer_to() {
    let form = stream("/Type /XObject /Subtype /Form /BBox [0 0 200 200]", b"50 50 100 100 re f");
    let whole = page(b"0 0 20 20 re f /X Do", "/XObject << /X 5 0 R >>", &[form]);
    let expected = draw(whole.clone()).unwrap();
    let whole = String::from_utf8(whole).unwrap();
    let with = |reference: &str, changed: &str, more: &str| {
        let at = whole.rfind("xref\n0").unwrap();
        let text = whole.replacen(reference, changed, 1);
        assert_ne!(text, whole, "{reference}");
        // Without a table, all objects are looked for.
        format!("{}\n{more}\nstartxref\n0\n%%EOF\n", &text[..at + changed.len() - reference.len()]).into_bytes()
    };
    let resources = "/Resources << /XObject << /X 5 0 R >> >>";
    for (reference, changed, more) in [
        ("/X 5 0 R", "/X 6 0 R", "6 0 obj 5 0 R endobj"),
        ("/X 5 0 R", "/X 6 0 R", "6 0 obj\n7 0 R\nendobj\n7 0 obj\n8 0 R\nendobj\n8 0 obj 5 0 R endobj"),
        ("/X 5 0 R", "/X 6 0 R", "6 0 obj 5 3 R endobj"),
        ("/X 5 0 R", "/X 6 0 R", "6 0 obj 7 3 R endobj 7 0 obj 5 2 R endobj"),
        ("/Contents 4 0 R", "/Contents 6 0 R", "6 0 obj 4 0 R endobj"),
        (
            resources,
            "/Resources 6 0 R",
            "6 0 obj 7 0 R endobj 7 0 obj << /XObject 8 0 R >> endobj 8 0 obj 9 0 R endobj 9 0 obj << /X 5 0 R >> endobj",
        ),
    ] {
        let bytes = with(reference, changed, more);
        assert!(draw(bytes.clone()).unwrap() == expected, "{changed} {more}");
        let compared = Document::open(bytes.into()).unwrap().compare_with_earlier(1, (200, 200), 15).unwrap();
        assert_ne!(compared, EarlierPicture::Same, "{changed} {more}");
    }
    // An update replaces the object in the middle.
    let updated =
        "6 0 obj 7 0 R endobj 7 0 obj 9 0 R endobj 9 0 obj << >> endobj 7 0 obj << /XObject << /X 5 0 R >> >> endobj";
    assert!(draw(with(resources, "/Resources 6 0 R", updated)).unwrap() == expected);
    for (more, expected) in [
        ("6 0 obj 6 0 R endobj", Some("is missing in the file")),
        ("6 0 obj 7 0 R endobj 7 0 obj 6 0 R endobj", Some("is missing in the file")),
        ("6 0 obj 9 0 R endobj", Some("is missing in the file")),
    ] {
        check(with("/X 5 0 R", "/X 6 0 R", more), expected);
    }
}

#[test]
fn damaged_images_in_masks_are_lost() {
    let group = |image: Vec<u8>| {
        let form = stream(
            "/Type /XObject /Subtype /Form /BBox [0 0 200 200] /Group << /S /Transparency /CS /DeviceGray >> /Resources << /XObject << /Im0 6 0 R >> >>",
            b"q 200 0 0 200 0 0 cm /Im0 Do Q",
        );
        vec![form, image]
    };
    let grey = |data: &[u8]| {
        let entries = "/Type /XObject /Subtype /Image /Width 10 /Height 10 /ColorSpace /DeviceGray /BitsPerComponent 8";
        stream(entries, data)
    };
    let state = "/ExtGState << /M << /SMask << /S /Luminosity /G 5 0 R >> >> >> /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>";
    for content in ["/M gs 20 20 100 100 re f", "/M gs BT /F1 60 Tf 20 20 Td (Text) Tj ET"] {
        check(page(content.as_bytes(), state, &group(grey(&[255; 100]))), None);
        check(page(content.as_bytes(), state, &group(grey(&[255; 30]))), Some("only 30 % of its data"));
        let missing = group(b"null".to_vec());
        check(page(content.as_bytes(), state, &missing), Some("an image or a form is missing in the file"));
    }
    // A mask that nothing is painted with.
    let unused = page(b"0 0 50 50 re f q /M gs Q 60 60 50 50 re f", state, &group(grey(&[255; 100])));
    check(unused, None);
}

#[test]
fn samples_whose_meaning_is_unknown_are_lost() {
    let image = |entries: &str, bytes: usize| {
        let dict = format!("/Type /XObject /Subtype /Image /Width 10 /Height 10 {entries}");
        stream(&dict, &(0..bytes).map(|at| (at * 7 % 200) as u8).collect::<Vec<u8>>())
    };
    // On a part of the page, and on all of it.
    for place in ["q 100 0 0 100 50 50 cm /Im0 Do Q", "q 200 0 0 200 0 0 cm /Im0 Do Q"] {
        for (entries, bytes, expected) in [
            ("/ColorSpace /DeviceRGB /BitsPerComponent 8", 300, None),
            ("/ColorSpace /Named /BitsPerComponent 8", 100, None),
            (
                "/ColorSpace [/Separation /Spot /DeviceGray << /FunctionType 2 /Domain [0 1] /C0 [1] /C1 [0] /N 1 >>] /BitsPerComponent 8",
                100,
                None,
            ),
            ("/ColorSpace [/Indexed /DeviceGray 255 7 0 R] /BitsPerComponent 8", 100, None),
            ("/ColorSpace /NoSuchSpace /BitsPerComponent 8", 300, Some("unknown colour space")),
            ("/ColorSpace [/NoSuchSpace 1 2] /BitsPerComponent 8", 300, Some("unknown colour space")),
            ("/ColorSpace [/Indexed /NoSuchSpace 255 7 0 R] /BitsPerComponent 8", 100, Some("unknown colour space")),
            ("/ColorSpace [/ICCBased 8 0 R] /BitsPerComponent 8", 300, Some("unknown colour space")),
            ("/ColorSpace /DeviceGray /BitsPerComponent 3", 100, Some("3 bits a sample")),
            ("/ColorSpace /DeviceGray /BitsPerComponent 0", 100, Some("0 bits a sample")),
            ("/ColorSpace /DeviceGray /BitsPerComponent 32", 400, Some("32 bits a sample")),
            ("/ColorSpace /DeviceGray /BitsPerComponent 300", 400, Some("300 bits a sample")),
            ("/ImageMask true /BitsPerComponent 1", 20, None),
        ] {
            let more = [
                image(entries, bytes),
                b"null".to_vec(),
                stream("", &(0..=255).collect::<Vec<u8>>()),
                stream("", b"no profile, and no number of channels"),
            ];
            let resources = "/XObject << /Im0 5 0 R >> /ColorSpace << /Named /DeviceGray >>";
            check(page(place.as_bytes(), resources, &more), expected);
        }
    }
    check(
        page(b"q 90 0 0 90 9 9 cm BI /W 2 /H 2 /BPC 8 /CS /None ID abcdefghijkl EI Q", "", &[]),
        Some("unknown colour space"),
    );
    check(page(b"q 90 0 0 90 9 9 cm BI /W 2 /H 2 /BPC 8 /CS /RGB ID abcdefghijkl EI Q", "", &[]), None);
}

pub(crate) fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn armor(data: &[u8]) -> Vec<u8> {
    let digits: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
    (digits + ">").into_bytes()
}

#[test]
fn flipped_bits_in_content_are_noticed_and_a_wrong_checksum_alone_is_not() {
    let content: String =
        (0..300).map(|at| format!("{} {} m {} {} l S\n", at % 190, at * 7 % 200, at * 3 % 200, at % 199)).collect();
    let data = deflate(content.as_bytes());
    let page = |data: &[u8]| page_of(stream("/Filter /FlateDecode", data), "/MediaBox [0 0 200 200]", "", &[]);
    let in_letters = |data: &[u8]| {
        let content = stream("/Filter [/ASCIIHexDecode /FlateDecode]", &armor(data));
        page_of(content, "/MediaBox [0 0 200 200]", "", &[])
    };
    let damaged = Some("the content of the page ends early or is damaged");
    check(page(&data), None);
    check(in_letters(&data), None);
    let mut other_checksum = data.clone();
    *other_checksum.last_mut().unwrap() ^= 0xFF;
    check(page(&other_checksum), None);
    check(in_letters(&data[..data.len() / 2]), damaged);
    let mut unnoticed = 0;
    for at in (20..data.len() - 8).step_by(data.len() / 60) {
        let mut flipped = data.clone();
        flipped[at] ^= 0x04;
        unnoticed += u32::from(lost(page(&flipped)).is_none());
    }
    // Some flips only change a number.
    assert!(unnoticed <= 25, "{unnoticed} of 60 pages with flipped bits are drawn");
}

#[test]
fn jpegs_of_scans_may_begin_with_a_line_end_and_lack_their_end() {
    let jpeg = std::fs::read(root().join("tests/data/page.jpg")).unwrap();
    let scan = |data: &[u8], place: &str| {
        let entries = "/Type /XObject /Subtype /Image /Width 75 /Height 110 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode";
        page_of(
            stream("", place.as_bytes()),
            "/MediaBox [0 0 150 220]",
            "/XObject << /Im0 5 0 R >>",
            &[stream(entries, data)],
        )
    };
    let whole = "q 150 0 0 220 0 0 cm /Im0 Do Q";
    let (_, expected) = upright(scan(&jpeg, whole));
    assert_eq!(expected.dimensions(), (75, 110), "taken as a scan");
    let open = &jpeg[..jpeg.len() - 2];
    for data in [[b"\n", &jpeg[..]].concat(), [b"\r\n", open].concat(), open.to_vec()] {
        let (_, picture) = upright(scan(&data, whole));
        assert!(picture == expected);
    }
    check(scan(open, "q 75 0 0 110 9 9 cm /Im0 Do Q"), None);
    let kind = |bytes: Vec<u8>| draw(bytes).err().map(|fault| fault.kind);
    for data in [&jpeg[..jpeg.len() - 40], &[&jpeg[..jpeg.len() / 2], b"\xFF\xD9"].concat()] {
        assert_eq!(kind(scan(data, whole)), Some(MediaFaultKind::CutShort));
        assert_eq!(kind(scan(data, "q 75 0 0 110 9 9 cm /Im0 Do Q")), Some(MediaFaultKind::IncompletePage));
    }
}

#[test]
fn cut_jpeg_2000_is_never_drawn() {
    let file = std::fs::read(root().join("tests/data/page.jp2")).unwrap();
    let in_pdf = |data: &[u8], place: &str| {
        let entries = "/Type /XObject /Subtype /Image /Width 75 /Height 110 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /JPXDecode";
        page_of(
            stream("", place.as_bytes()),
            "/MediaBox [0 0 150 220]",
            "/XObject << /Im0 5 0 R >>",
            &[stream(entries, data)],
        )
    };
    let kind = |bytes: Vec<u8>| draw(bytes).err().map(|fault| fault.kind);
    let (whole, part) = ("q 150 0 0 220 0 0 cm /Im0 Do Q", "q 75 0 0 110 9 9 cm /Im0 Do Q");
    // With a length of 0 the last tile-part extends to the end mark.
    let mut open = file.clone();
    let at = open.windows(2).position(|two| two == [0xFF, 0x90]).unwrap();
    open[at + 6..at + 10].fill(0);
    for file in [&file, &open] {
        assert_eq!(kind(file.clone()), None);
        assert_eq!(kind(in_pdf(file, whole)), None);
        assert_eq!(kind(in_pdf(file, part)), None);
        for cut in
            [&file[..file.len() / 2], &file[..file.len() - 100], &[&file[..file.len() / 2], b"\xFF\xD9"].concat()]
        {
            assert_eq!(kind(cut.to_vec()), Some(MediaFaultKind::CutShort), "{} bytes", cut.len());
            assert_eq!(kind(in_pdf(cut, whole)), Some(MediaFaultKind::CutShort), "{} bytes", cut.len());
            assert_eq!(kind(in_pdf(cut, part)), Some(MediaFaultKind::IncompletePage), "{} bytes", cut.len());
        }
    }
}

#[test]
fn pages_without_a_size_are_letter() {
    let size = |entries: &str| {
        let document = Document::open(page_of(stream("", b"0 0 300 300 re f"), entries, "", &[]).into()).unwrap();
        let probe = document.probe(1).unwrap();
        assert_eq!(document.layout().count, 1);
        (probe.width, probe.height)
    };
    assert_eq!(size(""), (2550, 3300));
    assert_eq!(size("/Rotate 90"), (3300, 2550));
    assert_eq!(size("/MediaBox [0 0 595]"), (2550, 3300), "not a box");
    assert_eq!(size("/MediaBox [0 0 200 200]"), (833, 833));
}

/// A page of 200 x 200 points with a form field, whose entries and appearance these are.
fn form(field: &str, shown: &str, needs_appearances: bool) -> Vec<u8> {
    let appearance = stream(
        "/Type /XObject /Subtype /Form /BBox [0 0 160 40] /Resources << /Font << /Helv 6 0 R >> >>",
        format!("/Tx BMC q BT /Helv 12 Tf 2 12 Td {shown} ET Q EMC").as_bytes(),
    );
    pdf(&[
        format!("<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R] /DA (/Helv 12 Tf 0 g) /DR << /Font << /Helv 6 0 R >> >> /NeedAppearances {needs_appearances} >> >>").into_bytes(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Annots [5 0 R] /Contents 4 0 R >>".to_vec(),
        stream("", b"0 0 10 10 re f"),
        format!("<< /Type /Annot /Subtype /Widget /Rect [20 80 180 120] {field} /AP << /N 7 0 R >> >>").into_bytes(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec(),
        appearance,
    ])
}

#[test]
fn a_form_that_needs_appearances_shows_its_values() {
    let picture = |field: &str, shown: &str, needs| draw(form(field, shown, needs)).unwrap();
    let text = |value: &str| format!("/FT /Tx /T (a) /V ({value})");
    let old = picture(&text("new"), "(old) Tj", false);
    let new = picture(&text("new"), "(old) Tj", true);
    assert!(old != new, "the value is drawn");
    // As if there were no appearance.
    let of_value = {
        let bytes = String::from_utf8(form(&text("new"), "(old) Tj", true))
            .unwrap()
            .replace("/AP << /N 7 0 R >>", "                 ");
        draw(bytes.into_bytes()).unwrap()
    };
    assert!(new == of_value);
    // An appearance that shows the value is unchanged, in any notation.
    for (value, shown) in [("old", "(old) Tj"), ("old", "[(o) -20 (ld)] TJ"), ("o ld", "(o) Tj 10 0 Td (ld) Tj")] {
        assert!(picture(&text(value), shown, true) == picture(&text(value), shown, false), "{value} {shown}");
    }
    // No value: nothing is shown. A button keeps its looks.
    let empty = picture("/FT /Tx /T (a)", "(old) Tj", true);
    assert!(empty.enumerate_pixels().all(|(x, y, pixel)| pixel.0[0] > 250 || (x < 60 && y > 700)));
    let button = "/FT /Btn /T (a) /Ff 65536";
    assert!(picture(button, "(Push) Tj", true) == picture(button, "(Push) Tj", false));
    let choice = "/FT /Ch /Ff 131072 /V (b) /Opt [[(a) (Apple)] [(b) (Banana)]]";
    assert!(picture(choice, "(Banana) Tj", true) == picture(choice, "(Banana) Tj", false));
    assert!(picture(choice, "(Apple) Tj", true) != picture(choice, "(Apple) Tj", false));
}

#[test]
fn what_an_appearance_refers_to_and_the_file_does_not_hold_is_lost() {
    let stamp = |content: &str, flags: u32| {
        let bytes = String::from_utf8(form("/FT /Sig /T (a)", content, false)).unwrap();
        bytes.replace("/Subtype /Widget", &format!("/F {flags} /Subtype /Stamp")).into_bytes()
    };
    check(stamp("(seen) Tj", 4), None);
    let missing = Some("an image or a form in an annotation is missing in the file");
    check(stamp("(seen) Tj ET /None Do BT", 4), missing);
    check(stamp("(seen) Tj ET /None Do BT", 2), None);
}

#[test]
fn popups_are_not_drawn() {
    let appearance = stream("/Type /XObject /Subtype /Form /BBox [0 0 90 90]", b"0 0 90 90 re f");
    let note = |kind: &str| {
        let note = format!("<< /Type /Annot /Subtype /{kind} /Rect [50 50 140 140] /AP << /N 6 0 R >> >>");
        let page =
            page_of(stream("", b""), "/MediaBox [0 0 200 200] /Annots [5 0 R]", "", &[note.into(), appearance.clone()]);
        draw(page).unwrap().pixels().any(|pixel| pixel.0[0] < 128)
    };
    assert_eq!((note("Stamp"), note("Popup")), (true, false));
}

#[test]
fn pages_that_the_last_version_drew_otherwise_are_found() {
    let compare = |bytes: Vec<u8>, earlier| {
        Document::open(bytes.into()).unwrap().compare_with_earlier(1, (300, 300), earlier).unwrap()
    };
    for earlier in [2, 3] {
        let found = compare(form("/FT /Tx /T (a) /V (new)", "(old old old) Tj", true), earlier);
        assert!(matches!(&found, EarlierPicture::Different(why) if why.contains("form fields")), "{found:?}");
        assert_eq!(compare(form("/FT /Tx /T (a) /V (old)", "(old) Tj", true), earlier), EarlierPicture::Same);
        let without = page(b"0 0 50 50 re f /Pattern cs /P scn 20 20 100 100 re f", "", &[]);
        assert!(matches!(compare(without, earlier), EarlierPicture::Incomplete(_)));
    }
    // A field without an appearance is drawn since version 3.
    let bare = String::from_utf8(form("/FT /Tx /T (a) /V (new)", "(old) Tj", false)).unwrap();
    let bare = || bare.replace("/AP << /N 7 0 R >>", "                 ").into_bytes();
    assert_eq!(compare(bare(), 3), EarlierPicture::Same);
    assert!(matches!(compare(bare(), 2), EarlierPicture::Incomplete(_)));
}
