//! Parts of PDF pages that are content themselves: what glyphs, forms and tiles refer to, wherever they are first painted;
//! images without a colour space; buttons whose appearance lacks their state.

use crate::input::pdf::stream;
use crate::input::pdf_objects::{check, deflate, draw, page, page_of};
use docmill::internal::media::{Document, EarlierPicture};

const IMAGE: &str = "/Type /XObject /Subtype /Image /Width 10 /Height 10 /BitsPerComponent 8";
const FORM: &str = "/Type /XObject /Subtype /Form";
const MISSING: Option<&str> = Some("an image or a form is missing in the file");

fn image(entries: &str) -> Vec<u8> {
    stream(&format!("{IMAGE} {entries}"), &[90; 300])
}

#[test]
fn what_glyphs_of_type_3_fonts_refer_to_is_examined() {
    let glyph = |content: &str| stream("", format!("900 0 d0 {content}").as_bytes());
    let shape = |content: &str| stream("", format!("900 0 0 0 800 800 d1 {content}").as_bytes());
    let paint = "q 800 0 0 800 0 0 cm /X Do Q";
    let form = |content: &str| stream(&format!("{FORM} /BBox [0 0 800 800]"), content.as_bytes());
    let (square, content) = ("0 0 800 800 re f", "0 0 800 800 re f\n".repeat(30));
    let data = deflate(format!("900 0 d0 {content}").as_bytes());
    let missing = Some("an image or a form in a glyph is missing in the file");
    let damaged = Some("a glyph of the page can't be decoded");
    let null = || b"null".to_vec();
    for (glyph, object, expected) in [
        (glyph(square), null(), None),
        (glyph(paint), image("/ColorSpace /DeviceRGB"), None),
        (glyph(paint), null(), missing),
        (glyph(paint), image("/ColorSpace /NoSuchSpace"), Some("unknown colour space")),
        (glyph("/X Do"), form(square), None),
        (glyph("/X Do"), form("/None Do"), missing),
        (glyph("/S sh"), null(), Some("a shading is missing or damaged")),
        (glyph(&format!("/Pattern cs /P scn {square}")), null(), Some("a pattern is missing or damaged")),
        // The colour of such a glyph is that of its text.
        (shape(&format!("/Pattern cs /P scn {square}")), null(), None),
        (shape(paint), null(), missing),
        (shape(paint), image("/ColorSpace /DeviceRGB"), Some("an image with colours in a glyph is not drawn")),
        (shape("BI /W 8 /H 8 /IM true ID aaaa"), null(), Some("its data has no end")),
        (shape(&format!("(open {square}")), null(), Some("ends early or is damaged")),
        (stream("/Filter /FlateDecode", &data), null(), None),
        (stream("/Filter /FlateDecode", &data[..data.len() / 2]), null(), damaged),
        (stream("/Filter /FlateDecode", b"noise"), null(), damaged),
        (stream("/Filter /NoSuchDecode", b"noise"), null(), damaged),
    ] {
        for encoding in ["/Encoding << /Differences [65 /A] >>", "/Encoding /WinAnsiEncoding"] {
            let font = format!(
                "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1000 1000] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 65 /LastChar 65 /Widths [900] {encoding} /CharProcs << /A 6 0 R >> /Resources << /XObject << /X 7 0 R >> >> >>"
            );
            let more = [font.into_bytes(), glyph.clone(), object.clone()];
            let text = |text: &str| format!("0 0 9 9 re f BT /F1 90 Tf 20 20 Td {text} ET");
            check(page(text("(A) Tj").as_bytes(), "/Font << /F1 5 0 R >>", &more), expected);
            check(page(text("3 Tr (A) Tj").as_bytes(), "/Font << /F1 5 0 R >>", &more), None);
        }
    }
}

#[test]
fn what_forms_lose_is_found_wherever_they_are_painted_first() {
    let form = |content: &str| stream(&format!("{FORM} /BBox [0 0 100 100]"), content.as_bytes());
    let off = "q 1 0 0 1 900 0 cm /F Do Q";
    for (content, is_seen) in [
        ("/F Do", true),
        (off, false),
        ("q 1 0 0 1 900 0 cm /F Do Q /F Do", true),
        ("q 0 0 0 0 0 0 cm /F Do Q", false),
        ("q 0 0 0 0 0 0 cm /F Do Q /F Do", true),
        ("q 150 150 9 9 re W n /F Do Q", false),
        ("q 150 150 9 9 re W n /F Do Q /F Do", true),
        ("q 1 0 0 1 900 0 cm /Around Do Q /Around Do", true),
        ("q 1 0 0 1 900 0 cm /Around Do Q /F Do", true),
    ] {
        for (inner, expected) in [
            ("q 50 0 0 50 9 9 cm /None Do Q", MISSING),
            ("/None cs 1 scn 9 9 50 50 re f", Some("a colour space is missing or damaged")),
            ("/Pattern cs /None scn 9 9 50 50 re f", Some("a pattern is missing or damaged")),
            ("/None sh", Some("a shading is missing or damaged")),
            ("q 50 0 0 50 9 9 cm /Grey Do Q", Some("unknown colour space")),
        ] {
            let around = stream(&format!("{FORM} /BBox [0 0 100 100]"), b"/F Do");
            let more = [form(inner), around, image("/ColorSpace /NoSuchSpace")];
            let resources = "/XObject << /F 5 0 R /Around 6 0 R /Grey 7 0 R >>";
            let content = format!("180 180 9 9 re f {content}");
            check(page(content.as_bytes(), resources, &more), expected.filter(|_| is_seen));
        }
    }
}

#[test]
fn what_tiles_lose_is_found_where_they_are_painted() {
    let tiles = |matrix: &str| {
        let entries = format!(
            "/PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 50 50] /XStep 50 /YStep 50 {matrix} /Resources << /XObject << /F 6 0 R >> >>"
        );
        stream(&entries, b"q 40 0 0 40 0 0 cm /F Do Q")
    };
    let cut = || stream(&format!("{IMAGE} /ColorSpace /DeviceRGB"), &[90; 90]);
    let in_pattern = Some("an image or a form in a pattern is missing in the file");
    for matrix in ["", "/Matrix [1 0 0 1 900 900]"] {
        for (object, expected) in [
            (image("/ColorSpace /DeviceRGB"), None),
            (b"null".to_vec(), in_pattern),
            (cut(), Some("only 30 % of its data")),
        ] {
            for (content, is_seen) in [
                ("20 20 150 150 re f", true),
                ("20 20 150 150 re n", false),
                ("900 20 50 50 re f", false),
                ("900 20 50 50 re f 20 20 150 150 re f", true),
            ] {
                let content = format!("0 0 9 9 re f /Pattern cs /P scn {content}");
                let more = [tiles(matrix), object.clone()];
                let expected = expected.filter(|_| is_seen);
                check(page(content.as_bytes(), "/Pattern << /P 5 0 R >>", &more), expected);
            }
        }
    }
}

#[test]
fn what_clips_hide_is_not_a_loss() {
    let place = "q 50 0 0 50 100 100 cm /None Do Q";
    for (clip, expected) in [
        ("", MISSING),
        ("0 0 20 20 re W n", None),
        ("0 0 120 120 re W* n", MISSING),
        ("0 0 20 20 re W f", None),
        ("q 0 0 20 20 re W n Q", MISSING),
        ("0 0 150 150 re W n 0 0 20 20 re W n", None),
        ("0 0 m 0 20 l 20 20 l h W n", None),
        ("0 0 20 20 re n", MISSING),
    ] {
        check(page(format!("5 5 9 9 re f {clip} {place}").as_bytes(), "", &[]), expected);
    }
}

#[test]
fn images_have_the_colours_that_their_space_or_their_data_states() {
    let jpeg = std::fs::read(crate::bench::root().join("tests/data/page.jpg")).unwrap();
    let in_jpeg = |entries: &str| {
        let size = IMAGE.replace("Width 10", "Width 75").replace("Height 10", "Height 110");
        stream(&format!("{size} /Filter /DCTDecode {entries}"), &jpeg)
    };
    let (none, missing) = (Some("it has no colour space"), Some("its colour space is missing in the file"));
    for (image, expected) in [
        (image("/ColorSpace /DeviceRGB"), None),
        (image(""), none),
        (image("/ColorSpace null"), none),
        (image("/ColorSpace 99 0 R"), missing),
        (image("/ImageMask true /BitsPerComponent 1"), None),
        (in_jpeg(""), None),
        (in_jpeg("/ColorSpace null"), None),
        (in_jpeg("/ColorSpace 99 0 R"), missing),
    ] {
        for place in ["q 200 0 0 200 0 0 cm /X Do Q", "0 0 9 9 re f q 90 0 0 90 9 9 cm /X Do Q"] {
            check(page(place.as_bytes(), "/XObject << /X 5 0 R >>", std::slice::from_ref(&image)), expected);
        }
    }
    let inline = |space: &str| format!("q 90 0 0 90 9 9 cm BI /W 2 /H 2 /BPC 8 {space} ID aaaaaaaaaaaa EI Q");
    check(page(inline("/CS /RGB").as_bytes(), "", &[]), None);
    check(page(inline("").as_bytes(), "", &[]), none);
}

#[test]
fn images_that_lack_a_row_are_lost_whatever_names_their_colours() {
    let spaces = "/ColorSpace << /Own /DeviceRGB >>";
    for (bytes, expected) in [
        (300, None),
        // A part of the last row.
        (299, None),
        (270, Some("only 90 % of its data")),
        (150, Some("only 50 % of its data")),
        (0, Some("only 0 % of its data")),
    ] {
        for space in ["/Own", "/DeviceRGB"] {
            let image = stream(&format!("{IMAGE} /ColorSpace {space}"), &[90; 300][..bytes]);
            let content = b"0 0 9 9 re f q 90 0 0 90 9 9 cm /X Do Q";
            check(page(content, &format!("{spaces} /XObject << /X 5 0 R >>"), &[image]), expected);
        }
    }
    for (rows, expected) in [(8, None), (4, Some("% of its data"))] {
        let data = "a".repeat(rows * 6);
        let content = format!("0 0 9 9 re f q 90 0 0 90 9 9 cm BI /W 2 /H 8 /BPC 8 /CS /Own ID {data} EI Q");
        check(page(content.as_bytes(), spaces, &[]), expected);
    }
}

#[test]
fn text_in_a_font_of_which_a_part_is_missing_is_lost() {
    let lacks = Some("a font of which the file lacks a part");
    let whole = "/DescendantFonts [<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>]";
    for (entries, text, expected) in [
        ("/Encoding /Identity-H /DescendantFonts [null]", "<00200041>", lacks),
        ("/Encoding /Identity-H /DescendantFonts []", "<0041>", lacks),
        ("/Encoding /Identity-H /DescendantFonts 99 0 R", "<0041>", lacks),
        ("/Encoding /Identity-H", "<0041>", lacks),
        (whole, "<0041>", lacks),
    ] {
        let font = format!("/Font << /F1 << /Type /Font /Subtype /Type0 /BaseFont /X {entries} >> >>");
        check(page(format!("BT /F1 30 Tf 20 20 Td {text} Tj ET").as_bytes(), &font, &[]), expected);
    }
    let space = "1 begincodespacerange <0000> <ffff> endcodespacerange";
    let mapping = "1 begincidrange <0000> <ffff> 0 endcidrange";
    let uses_other = Some("a font whose encoding uses another one");
    for (entries, data, expected) in [
        ("", "junk".to_owned(), lacks),
        ("", String::new(), lacks),
        ("", format!("begincmap {space} endcmap"), None),
        ("", format!("begincmap {mapping} endcmap"), None),
        ("/UseCMap /Identity-H", format!("begincmap {space} endcmap"), None),
        ("/UseCMap null", format!("begincmap {space} {mapping} endcmap"), None),
        ("/UseCMap 99 0 R", format!("begincmap {space} {mapping} endcmap"), None),
        ("/UseCMap 99 0 R", format!("begincmap {space} endcmap"), uses_other),
        ("/UseCMap 6 0 R", format!("begincmap {space} {mapping} endcmap"), uses_other),
    ] {
        let font = "/Type /Font /Subtype /Type0 /BaseFont /HeiseiMin-W3 /Encoding 5 0 R /DescendantFonts [<< /Type /Font /Subtype /CIDFontType0 /BaseFont /HeiseiMin-W3 /CIDSystemInfo << /Registry (Adobe) /Ordering (Japan1) /Supplement 2 >> >>]";
        let font = format!("/Font << /F1 << {font} >> >>");
        let code = stream(&format!("/Type /CMap /CMapName /X {entries}"), data.as_bytes());
        let other = stream("/Type /CMap /CMapName /Y", format!("begincmap {space} {mapping} endcmap").as_bytes());
        check(page(b"0 0 9 9 re f BT /F1 30 Tf 20 20 Td <4141> Tj ET", &font, &[code, other]), expected);
    }
    for (matrix, expected) in [("/FontMatrix [1 0 0 1 0 0]", None), ("", lacks), ("/FontMatrix null", lacks)] {
        let font = format!(
            "/Font << /F1 << /Type /Font /Subtype /Type3 /FontBBox [0 0 1 1] {matrix} /FirstChar 97 /LastChar 97 /Widths [1] /Encoding << /Differences [97 /square] >> /CharProcs << /square 5 0 R >> >> >>"
        );
        check(page(b"BT /F1 30 Tf 20 20 Td (a) Tj ET", &font, &[stream("", b"1 0 d0 0 0 1 1 re f")]), expected);
    }
}

#[test]
fn forms_begin_with_the_state_around_them() {
    let form = |content: &str| stream(&format!("{FORM} /BBox [0 0 100 100]"), content.as_bytes());
    let lacks = Some("a font of which the file lacks a part");
    let fonts = "/F1 << /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H >> /F2 << /Type /Font /Subtype /Type3 /FontBBox [0 0 1 1] /FontMatrix [1 0 0 1 0 0] /FirstChar 65 /LastChar 65 /Widths [1] /Encoding << /Differences [65 /A] >> /CharProcs << >> >>";
    let resources = format!("/Font << {fonts} >> /XObject << /F 5 0 R >>");
    let (square, text) = ("9 9 50 50 re f", "BT 20 20 Td <0041> Tj ET");
    let pattern = Some("a pattern is missing or damaged");
    for (content, inner, expected) in [
        ("/F Do", square, None),
        ("/Pattern cs /None scn /F Do", square, pattern),
        ("/F Do /Pattern cs /None scn /F Do", square, pattern),
        ("/Pattern cs /None scn q 0 g /F Do Q", square, None),
        ("/Pattern cs /None scn /F Do", "0 g 9 9 50 50 re f", None),
        ("/Pattern CS /None SCN /F Do", "5 w 9 9 m 50 50 l S", pattern),
        ("/F1 30 Tf /F Do", text, lacks),
        ("/F2 30 Tf /F Do", text, Some("a Type 3 font")),
        ("3 Tr /F2 30 Tf /F Do", text, None),
    ] {
        let content = format!("180 180 9 9 re f {content}");
        check(page(content.as_bytes(), &resources, &[form(inner)]), expected);
    }
    for (bounds, expected) in [
        ("/BBox [0 0 100 100]", None),
        ("/BBox null", Some("can't be decoded")),
        ("/BBox 99 0 R", Some("can't be decoded")),
    ] {
        let form = stream(&format!("{FORM} {bounds}"), square.as_bytes());
        check(page(b"180 180 9 9 re f /F Do", &resources, &[form]), expected);
    }
}

#[test]
fn what_stencils_and_lines_of_text_are_painted_with_is_examined() {
    let stencil = stream("/Type /XObject /Subtype /Image /Width 8 /Height 8 /ImageMask true", &[0x55; 8]);
    let (pattern, space) = (Some("a pattern is missing or damaged"), Some("a colour space is missing or damaged"));
    for (content, expected) in [
        ("0 g q 50 0 0 50 9 9 cm /S Do Q", None),
        ("/Pattern cs /None scn q 50 0 0 50 9 9 cm /S Do Q", pattern),
        ("/None cs 1 scn q 50 0 0 50 9 9 cm /S Do Q", space),
        ("/Pattern cs /None scn q 50 0 0 50 900 9 cm /S Do Q", None),
        ("/Pattern cs /None scn q 50 0 0 50 9 9 cm BI /W 8 /H 8 /IM true ID aaaaaaaa EI Q", pattern),
        ("/Pattern CS /None SCN BT 1 Tr /F1 30 Tf 9 9 Td (Text) Tj ET", pattern),
        ("/Pattern CS /None SCN BT 2 Tr /F1 30 Tf 9 9 Td (Text) Tj ET", pattern),
        ("/Pattern CS /None SCN BT /F1 30 Tf 9 9 Td (Text) Tj ET", None),
        ("/Pattern cs /None scn BT 1 Tr /F1 30 Tf 9 9 Td (Text) Tj ET", None),
    ] {
        let resources =
            "/XObject << /S 5 0 R >> /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>";
        check(page(format!("0 0 9 9 re f {content}").as_bytes(), resources, std::slice::from_ref(&stencil)), expected);
    }
}

#[test]
fn fonts_of_a_graphics_state_are_examined() {
    let font = |matrix: &str| {
        format!("<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1 1] {matrix} /FirstChar 97 /LastChar 97 /Widths [1] /Encoding << /Differences [97 /square] >> /CharProcs << /square 6 0 R >> >>").into_bytes()
    };
    let square = stream("", b"1 0 d0 0 0 1 1 re f");
    for (matrix, expected) in [("/FontMatrix [1 0 0 1 0 0]", None), ("", Some("a font of which the file lacks a part"))]
    {
        let content = b"0 0 9 9 re f /G gs BT 20 20 Td (a) Tj ET";
        check(page(content, "/ExtGState << /G << /Font [5 0 R 30] >> >>", &[font(matrix), square.clone()]), expected);
    }
    let resources = "/ExtGState << /G << /Font [99 0 R 30] >> >> /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>";
    for (content, expected) in [
        ("/G gs BT 20 20 Td (a) Tj ET", Some("a font is missing in the file")),
        ("/G gs BT 20 20 Td () Tj ET", None),
        ("/G gs BT /F1 30 Tf 20 20 Td (a) Tj ET", None),
        ("/G gs", None),
    ] {
        check(page(format!("0 0 9 9 re f {content}").as_bytes(), resources, &[]), expected);
    }
}

#[test]
fn glyphs_that_are_content_have_the_colours_of_the_text_or_their_own() {
    let lost = Some("a pattern is missing or damaged");
    for (glyph, expected) in [
        ("1 0 d0 0 0 1 1 re f", lost),
        ("1 0 d0 1 0 0 rg 0 0 1 1 re f", None),
        ("1 0 d0 0 0 1 1 re n", None),
        ("1 0 0 0 1 1 d1 1 0 0 rg 0 0 1 1 re f", lost),
        ("1 0 0 0 1 1 d1 BI /W 8 /H 8 /IM true ID aaaaaaaa EI", lost),
    ] {
        let font = "/Font << /F1 << /Type /Font /Subtype /Type3 /FontBBox [0 0 1 1] /FontMatrix [1 0 0 1 0 0] /FirstChar 97 /LastChar 97 /Widths [1] /Encoding << /Differences [97 /square] >> /CharProcs << /square 5 0 R >> >> >>";
        for (content, expected) in [
            ("/Pattern cs /None scn BT /F1 30 Tf 20 20 Td (a) Tj ET", expected),
            ("BT /F1 30 Tf 20 20 Td (a) Tj ET", None),
            ("/Pattern cs /None scn BT 1 Tr /F1 30 Tf 20 20 Td (a) Tj ET", expected),
            ("/Pattern CS /None SCN BT 1 Tr /F1 30 Tf 20 20 Td (a) Tj ET", None),
            ("/Pattern CS /None SCN BT /F1 30 Tf 20 20 Td (a) Tj ET", None),
        ] {
            let content = format!("180 180 9 9 re f {content}");
            check(page(content.as_bytes(), font, &[stream("", glyph.as_bytes())]), expected);
        }
    }
}

#[test]
fn a_mask_in_an_uncoloured_glyph_may_have_colours() {
    let glyph = stream("", b"1 0 0 0 1 1 d1 /M gs 0 0 1 1 re f");
    let font = "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1 1] /FontMatrix [1 0 0 1 0 0] /FirstChar 97 /LastChar 97 /Widths [1] /Encoding << /Differences [97 /square] >> /CharProcs << /square 6 0 R >> /Resources << /ExtGState << /M << /SMask << /S /Luminosity /G 7 0 R >> >> >> >> >>";
    let group = stream(
        &format!(
            "{FORM} /BBox [0 0 1 1] /Group << /S /Transparency /CS /DeviceGray >> /Resources << /XObject << /X 8 0 R >> >>"
        ),
        b"/X Do",
    );
    for (object, expected) in
        [(image("/ColorSpace /DeviceRGB"), None), (b"null".to_vec(), Some("is missing in the file"))]
    {
        let more = [font.into(), glyph.clone(), group.clone(), object];
        check(page(b"0 0 9 9 re f BT /F1 90 Tf 20 20 Td (a) Tj ET", "/Font << /F1 5 0 R >>", &more), expected);
    }
}

#[test]
fn text_in_own_codes_of_an_unreadable_font_is_lost() {
    let lost = Some("an embedded font that can't be read");
    for (program, text, expected) in [
        (stream("/Subtype /Type1C", b"junk"), "<010203>", lost),
        (stream("/Subtype /Type1C", b"junk"), "<0A0D20>", None),
        (stream("/Subtype /Type1C", b"junk"), "(Text)", None),
        (b"null".to_vec(), "<01>", lost),
    ] {
        for (kind, key) in [("Type1", "FontFile3"), ("Type1", "FontFile"), ("TrueType", "FontFile2")] {
            let font = format!(
                "<< /Type /Font /Subtype /{kind} /BaseFont /Own /FirstChar 1 /LastChar 3 /Widths [500 500 500] /FontDescriptor 6 0 R /Encoding << /Differences [1 /g1 /g2 /g3] >> >>"
            );
            let descriptor = format!("<< /Type /FontDescriptor /FontName /Own /Flags 4 /{key} 7 0 R >>");
            let content = format!("0 0 9 9 re f BT /F1 30 Tf 20 20 Td {text} Tj ET");
            let more = [font.into(), descriptor.into(), program.clone()];
            check(page(content.as_bytes(), "/Font << /F1 5 0 R >>", &more), expected);
        }
    }
}

#[test]
fn a_button_that_is_on_is_drawn_so_whatever_states_its_appearance_has() {
    let off = || stream(&format!("{FORM} /BBox [0 0 50 50]"), b"0 0 50 50 re S");
    let on = || stream(&format!("{FORM} /BBox [0 0 50 50]"), b"5 5 40 40 re f");
    let with = |button: &str| {
        let button = format!("<< /Type /Annot /Subtype /Widget /Rect [50 50 150 150] /T (a) /FT /Btn {button} >>");
        let group = b"<< /Kids [5 0 R 9 0 R] >>".to_vec();
        let sibling = b"<< /AP << /N << /Off 6 0 R /Other 7 0 R >> >> >>".to_vec();
        let entries = "/MediaBox [0 0 200 200] /Annots [5 0 R]";
        page_of(stream("", b"0 0 9 9 re f"), entries, "", &[button.into_bytes(), off(), on(), group, sibling])
    };
    let is_marked = |button: &str| {
        let picture = draw(with(button)).unwrap();
        let inner = (300..540).flat_map(|x| (300..540).map(move |y| (x, y)));
        inner.into_iter().any(|(x, y)| picture.get_pixel(x, y).0[0] < 128)
    };
    for (button, expected, is_new) in [
        ("/AS /Yes /AP << /N << /Off 6 0 R /Yes 7 0 R >> >>", true, false),
        ("/AS /Off /AP << /N << /Off 6 0 R /Yes 7 0 R >> >>", false, false),
        ("/AS /Off /AP << /N << /Yes 7 0 R >> >>", false, false),
        ("/V /Yes /AS /Yes /AP << /N << /Off 6 0 R >> >>", true, true),
        ("/V /Yes /AS /Yes /AP << /N << /Off 6 0 R /On 7 0 R >> >>", true, true),
        ("/V /Yes /AS /Yes /AP << /N << /Off 6 0 R /Yes 99 0 R >> >>", true, true),
        ("/V /Yes /AS /Yes /AP << /N << >> >>", true, true),
        ("/Ff 32768 /V /Yes /AS /Yes /AP << /N << /Off 6 0 R >> >>", true, true),
        // The state of another button of the group, and of none of them.
        ("/Parent 8 0 R /AS /Other /AP << /N << /Off 6 0 R /Yes 7 0 R >> >>", false, false),
        ("/Parent 8 0 R /AS /Third /AP << /N << /Off 6 0 R /Yes 7 0 R >> >>", true, true),
    ] {
        assert_eq!(is_marked(button), expected, "{button}");
        let document = Document::open(with(button).into()).unwrap();
        let found = document.compare_with_earlier(1, (200, 200), 12).unwrap();
        let other = EarlierPicture::Different("annotations are drawn otherwise now".to_owned());
        assert_eq!(found, if is_new { other } else { EarlierPicture::Same }, "{button}");
    }
}

#[test]
fn text_in_type_3_fonts_is_filled_whatever_its_rendering_mode() {
    let page = |mode: u32, glyph: &str| {
        let font = "/F1 << /Type /Font /Subtype /Type3 /FontBBox [0 0 1 1] /FontMatrix [1 0 0 1 0 0] /FirstChar 97 /LastChar 97 /Widths [1] /Encoding << /Differences [97 /square] >> /CharProcs << /square 5 0 R >> >>";
        let content = format!("1 0 0 RG 0 0 0.5 rg {mode} Tr BT /F1 60 Tf 20 20 Td (a) Tj ET 100 100 50 50 re f");
        let fonts = format!("/Font << {font} >>");
        self::page(content.as_bytes(), &fonts, &[stream("", format!("{glyph} 0 0 1 1 re f").as_bytes())])
    };
    for glyph in ["1 0 0 0 1 1 d1", "1 0 d0 0 0.5 0 rg"] {
        let filled = draw(page(0, glyph)).unwrap();
        for mode in [1, 2, 4, 5, 6, 7] {
            let bytes = page(mode, glyph);
            assert!(draw(bytes.clone()).unwrap() == filled, "{mode} {glyph}");
        }
        assert!(draw(page(3, glyph)).unwrap() != filled, "{glyph}");
    }
    let compared = Document::open(page(7, "1 0 0 0 1 1 d1").into()).unwrap().compare_with_earlier(1, (200, 200), 15);
    assert_eq!(compared.unwrap(), EarlierPicture::Different("some characters are drawn otherwise now".to_owned()));
}
