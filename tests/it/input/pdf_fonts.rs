//! Embedded fonts of a PDF page: cut ones, and ones that their entries contradict.

use crate::input::pdf::stream;
use crate::input::pdf_objects::{check, draw, page};
use docmill::internal::media::{Document, EarlierPicture};
use image::GrayImage;

/// A TrueType font of three glyphs: nothing, a square, and a space. Its table for the Macintosh has the square for `ä`.
fn font() -> Vec<u8> {
    let words = |words: &[i16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>();
    let head =
        [words(&[1, 0, 1, 0, 0, 0, 0x5F0F, 0x3CF5, 0, 1000]), vec![0; 16], words(&[0, 0, 1000, 1000, 0, 8, 2, 1, 0])]
            .concat();
    let hhea = [words(&[1, 0, 800, -200, 0, 1000]), vec![0; 22], words(&[3])].concat();
    let maxp = [words(&[1, 0, 3, 4, 1]), vec![0; 22]].concat();
    let square =
        [words(&[1, 100, 0, 700, 600, 3, 0]), vec![1; 4], words(&[100, 600, 0, -600]), words(&[0, 0, 600, 0])].concat();
    let loca = [0, 0, square.len(), square.len()].map(|place| u32::try_from(place).unwrap().to_be_bytes()).concat();
    let mut codes = vec![0; 256];
    codes[0x8A] = 1;
    let cmap = [words(&[0, 1, 1, 0, 0, 12]), words(&[0, 262, 0]), codes].concat();
    let tables: [(&[u8; 4], Vec<u8>); 7] = [
        (b"cmap", cmap),
        (b"head", head),
        (b"hhea", hhea),
        (b"hmtx", words(&[800, 0].repeat(3))),
        (b"loca", loca),
        (b"maxp", maxp),
        (b"glyf", square),
    ];
    let mut out = [&[0, 1, 0, 0, 0, 7][..], &[0; 6]].concat();
    let mut place = out.len() + tables.len() * 16;
    for (tag, table) in &tables {
        out.extend(*tag);
        out.extend([0; 4]);
        out.extend(u32::try_from(place).unwrap().to_be_bytes());
        out.extend(u32::try_from(table.len()).unwrap().to_be_bytes());
        place += table.len();
    }
    tables.iter().for_each(|(_, table)| out.extend(table));
    out
}

#[test]
fn glyphs_of_embedded_fonts_that_are_cut_or_do_not_exist_are_lost() {
    let page = |font: &[u8], text: &str| {
        let dict = "<< /Type /Font /Subtype /Type0 /BaseFont /Square /Encoding /Identity-H /DescendantFonts [6 0 R] >>";
        let descendant = "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Square /CIDToGIDMap /Identity /DW 800 \
             /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> /FontDescriptor 7 0 R >>";
        let descriptor =
            "<< /Type /FontDescriptor /FontName /Square /Flags 32 /FontBBox [0 -200 800 800] /FontFile2 8 0 R >>";
        let more = [dict.into(), descendant.into(), descriptor.into(), stream("", font)];
        let content = format!("0 0 9 9 re f BT /F1 20 Tf 20 20 Td <{text}> Tj ET");
        self::page(content.as_bytes(), "/Font << /F1 5 0 R >>", &more)
    };
    let whole = font();
    let without = |table: &[u8; 4]| {
        let mut font = whole.clone();
        let at = font.windows(4).position(|tag| tag == table).unwrap();
        font[at..at + 4].copy_from_slice(b"gone");
        font
    };
    let lost = Some("has no glyph in");
    check(page(&whole, "00010002"), None);
    check(page(&whole, "00010003"), lost);
    check(page(&whole, "F0240001"), lost);
    for cut in [2, 20, 34] {
        check(page(&whole[..whole.len() - cut], "0001"), lost);
        check(page(&whole[..whole.len() - cut], "0002"), None);
    }
    for table in [b"glyf", b"loca"] {
        check(page(&without(table), "0001"), lost);
    }
    let erased = [&whole[..whole.len() - 34], &[0; 34]].concat();
    check(page(&erased, "0001"), lost);
    check(page(&erased, "0002"), None);
}

/// The same font with the character `ä` instead of the code for the Macintosh.
fn font_of_characters() -> Vec<u8> {
    let mut font = font();
    let record = font.windows(8).position(|bytes| bytes == [0, 1, 0, 0, 0, 0, 0, 12]).unwrap();
    font[record..record + 4].copy_from_slice(&[0, 3, 0, 1]);
    let codes = record + 8 + 6;
    font.swap(codes + 0x8A, codes + 0xE4);
    font
}

#[test]
fn the_encoding_of_an_embedded_font_is_applied_though_it_is_said_to_have_symbols() {
    let page = |flags: u32, encoding: &str| {
        let widths = "800 ".repeat(256);
        let dict = format!(
            "<< /Type /Font /Subtype /TrueType /BaseFont /Square {encoding} /FirstChar 0 /LastChar 255 \
             /Widths [{widths}] /FontDescriptor 6 0 R >>"
        );
        let descriptor = format!(
            "<< /Type /FontDescriptor /FontName /Square /Flags {flags} /FontBBox [0 -200 800 800] /FontFile2 7 0 R >>"
        );
        let more = [dict.into(), descriptor.into(), stream("", &font_of_characters())];
        self::page(b"BT /F1 90 Tf 20 60 Td (\\212) Tj ET", "/Font << /F1 5 0 R >>", &more)
    };
    let encoded = "/Encoding /MacRomanEncoding";
    let expected = draw(page(32, encoded)).unwrap();
    assert!(expected.pixels().any(|pixel| pixel.0[0] < 128), "the square is drawn");
    for flags in [4, 36, 0] {
        assert_eq!(draw(page(flags, encoded)).as_ref(), Ok(&expected), "flags {flags}");
    }
    assert!(draw(page(4, "")).unwrap() != expected, "without an encoding the code is that of the table");
}

/// A CFF font of three glyphs: nothing, a space, and a square for `!`, which the standard encoding and charset have third.
/// Source: Adobe, "The Compact Font Format Specification" (2003).
fn compact_font() -> Vec<u8> {
    let square = [239, 139, 21, 28, 2, 88, 6, 28, 2, 88, 7, 28, 253, 168, 6, 14];
    let glyphs = [&[0, 3, 1, 1, 2, 3, 3 + 16, 14, 14][..], &square].concat();
    let (name, strings, routines) = ([0, 1, 1, 1, 2, b'A'], [0, 0], [0, 0]);
    // The place of the glyphs, and an empty private dictionary.
    let dictionary = [0, 1, 1, 1, 10, 28, 0, 28, 17, 139, 28, 0, 28, 18];
    [&[1, 0, 4, 1][..], &name, &dictionary, &strings, &routines, &glyphs].concat()
}

#[test]
fn embedded_programs_of_fonts_are_used_that_are_of_another_type_than_their_entry() {
    let page = |kind: &str, key: &str, entries: &str, program: &[u8], text: &str| {
        let widths = "800 ".repeat(256);
        let dict = format!(
            "<< /Type /Font /Subtype /{kind} /BaseFont /Square /FirstChar 0 /LastChar 255 /Widths [{widths}] \
             /FontDescriptor 6 0 R >>"
        );
        let descriptor =
            format!("<< /Type /FontDescriptor /FontName /Square /Flags 4 /FontBBox [0 -200 800 800] /{key} 7 0 R >>");
        let more = [dict.into(), descriptor.into(), stream(entries, program)];
        let content = format!("BT /F1 90 Tf 20 60 Td ({text}) Tj ET");
        self::page(content.as_bytes(), "/Font << /F1 5 0 R >>", &more)
    };
    let with_tables = draw(page("TrueType", "FontFile2", "/Length1 999", &font(), "\\212")).unwrap();
    let compact = draw(page("Type1", "FontFile3", "/Subtype /Type1C", &compact_font(), "!")).unwrap();
    for expected in [&with_tables, &compact] {
        let is_dark = |x: u32| expected.get_pixel(x, 450).0[0] < 128;
        assert!((0..expected.width()).filter(|x| is_dark(*x)).count() > 200, "the square is drawn");
    }
    for (kind, key, entries, program, text, expected) in [
        ("Type1", "FontFile3", "/Subtype /OpenType", font(), "\\212", &with_tables),
        ("Type1", "FontFile", "/Length1 999", font(), "\\212", &with_tables),
        ("TrueType", "FontFile2", "/Length1 999", compact_font(), "!", &compact),
        ("TrueType", "FontFile2", "", compact_font(), "!", &compact),
        ("TrueType", "FontFile3", "/Subtype /Type1C", compact_font(), "!", &compact),
    ] {
        let page = || page(kind, key, entries, &program, text);
        assert_eq!(draw(page()).as_ref(), Ok(expected), "{kind} {key} {entries}");
        let document = Document::open(page().into()).unwrap();
        let before = document.compare_with_earlier(1, (200, 200), 13).unwrap();
        assert_eq!(before, EarlierPicture::Different("some characters are others now".to_owned()), "{kind} {key}");
    }
}

#[test]
fn embedded_programs_of_fonts_are_found_whatever_type_the_font_states() {
    let page = |kind: &str, key: &str, entries: &str| {
        let widths = "800 ".repeat(256);
        let dict = format!(
            "<< /Type /Font /Subtype /{kind} /BaseFont /Square /Encoding /WinAnsiEncoding /FirstChar 0 /LastChar 255 \
             /Widths [{widths}] /FontDescriptor 6 0 R >>"
        );
        let descriptor =
            format!("<< /Type /FontDescriptor /FontName /Square /Flags 32 /FontBBox [0 -200 800 800] /{key} 7 0 R >>");
        let more = [dict.into(), descriptor.into(), stream(entries, &font())];
        self::page(b"BT /F1 90 Tf 20 60 Td (\\344) Tj ET", "/Font << /F1 5 0 R >>", &more)
    };
    let expected = draw(page("TrueType", "FontFile2", "/Length1 999")).unwrap();
    for (kind, key, entries) in [
        ("TrueType", "FontFile3", "/Subtype /OpenType"),
        ("TrueType", "FontFile", ""),
        ("TrueType", "FontFile2", ""),
        ("OpenType", "FontFile3", "/Subtype /OpenType"),
        ("Type1", "FontFile2", "/Length1 999"),
        ("MMType1", "FontFile2", ""),
    ] {
        assert_eq!(draw(page(kind, key, entries)).as_ref(), Ok(&expected), "{kind} {key} {entries}");
    }
}

/// Whether a picture has a square in its middle.
fn has_square(picture: &GrayImage) -> bool {
    let (x, y) = (picture.width() / 4, picture.height() / 2);
    (0..x).filter(|step| picture.get_pixel(x + step, y).0[0] < 128).count() > 20
}

/// Compact data that is said to be TrueType, in a font that is reached in this way.
#[test]
fn fonts_are_used_wherever_a_page_refers_to_them() {
    let widths = "800 ".repeat(256);
    let descriptor =
        "<< /Type /FontDescriptor /FontName /Square /Flags 4 /FontBBox [0 -200 800 800] /FontFile2 7 0 R >>";
    let font = |descriptor: &str| {
        format!(
            "<< /Type /Font /Subtype /TrueType /BaseFont /Square /FirstChar 0 /LastChar 255 /Widths [{widths}] \
             /FontDescriptor {descriptor} >>"
        )
    };
    let text = "BT /F1 90 Tf 20 60 Td (!) Tj ET";
    let list = "/Font << /F1 5 0 R >>";
    let form = "/Type /XObject /Subtype /Form /BBox [0 0 200 200]";
    let within =
        |entries: &str, content: &str| stream(&format!("{entries} /Resources << {list} >>"), content.as_bytes());
    let null = || b"null".to_vec();
    let glyphs = "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 200 200] /FontMatrix [1 0 0 1 0 0] /FirstChar 97 \
         /LastChar 97 /Widths [1] /Encoding << /Differences [97 /a] >> /CharProcs << /a 8 0 R >> /Resources << /Font << \
         /F1 5 0 R >> >> >>";
    let mask = format!("{form} /Group << /S /Transparency /CS /DeviceGray >>");
    let tiles = "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 200 200] /XStep 200 /YStep 200";
    let direct = format!("/Font << /F1 {} >>", font(descriptor));
    let two = format!("/Font << /F1 {0} /F2 {0} >>", font(descriptor));
    let both = "BT /F2 90 Tf 20 60 Td (!) Tj ET BT /F1 90 Tf 20 60 Td (!) Tj ET";
    for (place, content, resources, more) in [
        ("page", text, list, [null(), null()]),
        ("list that is no object", text, direct.as_str(), [null(), null()]),
        ("list that is no object, with two fonts", both, two.as_str(), [null(), null()]),
        ("descriptor that is no object", text, "/Font << /F1 9 0 R >>", [null(), font(descriptor).into()]),
        ("form", "/X Do", "/XObject << /X 8 0 R >>", [within(form, text), null()]),
        (
            "list of a form",
            "/X Do",
            "/XObject << /X 8 0 R >>",
            [
                stream(&format!("{form} /Resources << /Font 9 0 R >>"), text.as_bytes()),
                format!("<< /F1 {} >>", font(descriptor)).into(),
            ],
        ),
        ("tile", "/Pattern cs /P scn 0 0 200 200 re f", "/Pattern << /P 8 0 R >>", [within(tiles, text), null()]),
        (
            "graphics state",
            "/G gs BT 20 60 Td (!) Tj ET",
            "/ExtGState << /G << /Font [5 0 R 90] >> >>",
            [null(), null()],
        ),
        (
            "glyph",
            "BT /F2 1 Tf (a) Tj ET",
            "/Font << /F2 9 0 R >>",
            [stream("", format!("200 0 d0 {text}").as_bytes()), glyphs.into()],
        ),
        (
            "mask",
            "/G gs 0 0 200 200 re f",
            "/ExtGState << /G << /SMask << /S /Luminosity /G 8 0 R >> >> >>",
            [within(&mask, &format!("1 g {text}")), null()],
        ),
    ] {
        let page = |program: &[u8], key: &str| {
            let own = [
                b"<< /Type /FontDescriptor /FontName /Square /Flags 4 /FontBBox [0 -200 800 800] /",
                key.as_bytes(),
                b" 7 0 R >>",
            ]
            .concat();
            let kind = if key == "FontFile2" { "TrueType" } else { "Type1" };
            let objects = [font("6 0 R").replace("TrueType", kind).into_bytes(), own, stream("/Length1 999", program)];
            self::page(content.as_bytes(), resources, &[&objects[..], &more].concat())
        };
        let bytes = page(&compact_font(), "FontFile2");
        let picture = draw(bytes.clone()).unwrap_or_else(|error| panic!("{place}: {error}"));
        assert!(has_square(&picture), "{place}");
        // A program that is as its entries state is drawn in the same way.
        if !resources.contains("FontFile2") && !place.contains("descriptor") && place != "list of a form" {
            assert_eq!(draw(page(&compact_font(), "FontFile3")).as_ref(), Ok(&picture), "{place}");
        }
        let before = Document::open(bytes.into()).unwrap().compare_with_earlier(1, (200, 200), 14).unwrap();
        assert_eq!(before, EarlierPicture::Different("some characters are others now".to_owned()), "{place}");
    }
}

#[test]
fn fonts_of_annotations_are_used_as_those_of_the_page() {
    let font = "<< /Type /Font /Subtype /TrueType /BaseFont /Square /FirstChar 33 /LastChar 33 /Widths [800] \
         /FontDescriptor << /Type /FontDescriptor /FontName /Square /Flags 4 /FontBBox [0 -200 800 800] \
         /FontFile2 8 0 R >> >>";
    let form = "/Type /XObject /Subtype /Form /BBox [0 0 200 200] /Resources << /Font << /F1 7 0 R >> >>";
    let picture = draw(crate::input::pdf::pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Annots [5 0 R] /Contents 4 0 R >>".to_vec(),
        stream("", b"0 0 9 9 re f"),
        b"<< /Type /Annot /Subtype /Stamp /Rect [0 0 200 200] /AP << /N 6 0 R >> >>".to_vec(),
        stream(form, b"BT /F1 90 Tf 20 60 Td (!) Tj ET"),
        font.into(),
        stream("/Length1 999", &compact_font()),
    ]))
    .unwrap();
    assert!(has_square(&picture));
}

/// A font in a graphics state that is no object, which can't be changed.
#[test]
fn text_in_a_font_whose_entries_can_not_be_corrected_is_lost() {
    let font = "<< /Type /Font /Subtype /TrueType /BaseFont /Square /FirstChar 33 /LastChar 33 /Widths [800] \
         /FontDescriptor 5 0 R >>";
    let descriptor =
        "<< /Type /FontDescriptor /FontName /Square /Flags 4 /FontBBox [0 -200 800 800] /FontFile2 6 0 R >>";
    let resources = format!("/ExtGState << /G << /Font [{font} 90] >> >>");
    let more = [descriptor.into(), stream("/Length1 999", &compact_font())];
    let content = b"0 0 9 9 re f /G gs BT 20 60 Td (!) Tj ET";
    check(page(content, &resources, &more), Some("an embedded font that its entries contradict"));
}

#[test]
fn codes_of_a_font_that_has_no_characters_are_those_of_its_table() {
    let page = |program: &[u8], flags: u32, encoding: &str, text: &str| {
        let dict = format!(
            "<< /Type /Font /Subtype /TrueType /BaseFont /Square {encoding} /FirstChar 0 /LastChar 255 \
             /Widths [{}] /FontDescriptor 6 0 R >>",
            "800 ".repeat(256)
        );
        let descriptor = format!(
            "<< /Type /FontDescriptor /FontName /Square /Flags {flags} /FontBBox [0 -200 800 800] /FontFile2 7 0 R >>"
        );
        let more = [dict.into(), descriptor.into(), stream("/Length1 999", program)];
        self::page(format!("BT /F1 90 Tf 20 60 Td ({text}) Tj ET").as_bytes(), "/Font << /F1 5 0 R >>", &more)
    };
    let of_macintosh = font();
    // The same table of codes, but one of symbols.
    let mut of_symbols = of_macintosh.clone();
    let table = of_symbols.windows(8).position(|bytes| bytes == [0, 1, 0, 0, 0, 0, 0, 12]).unwrap();
    of_symbols[table..table + 4].copy_from_slice(&[0, 3, 0, 0]);
    let of_characters = font_of_characters();
    let expected = draw(page(&of_macintosh, 4, "", "\\212")).unwrap();
    assert!(has_square(&expected));
    for (name, program, encoding, text) in [
        ("macintosh", &of_macintosh, "", "\\212"),
        ("symbols", &of_symbols, "", "\\212"),
        ("characters", &of_characters, "", "\\344"),
        ("symbols, encoded", &of_symbols, "/Encoding /WinAnsiEncoding", "\\212"),
        ("macintosh, encoded", &of_macintosh, "/Encoding /WinAnsiEncoding", "\\344"),
    ] {
        assert_eq!(draw(page(program, 32, encoding, text)).as_ref(), Ok(&expected), "{name}");
    }
}

/// The first glyph of the font is a square as well.
#[test]
fn a_code_without_a_name_that_is_drawn_as_a_placeholder_is_lost() {
    let mut program = font();
    let loca = program.windows(4).position(|tag| tag == b"loca").unwrap();
    let place = u32::from_be_bytes(program[loca + 8..loca + 12].try_into().unwrap()) as usize;
    let end = program[place + 8..place + 12].to_vec();
    program[place + 4..place + 8].copy_from_slice(&end);
    let dict = format!(
        "<< /Type /Font /Subtype /TrueType /BaseFont /Square /FirstChar 0 /LastChar 255 /Widths [{}] \
         /FontDescriptor 6 0 R >>",
        "800 ".repeat(256)
    );
    let descriptor =
        "<< /Type /FontDescriptor /FontName /Square /Flags 4 /FontBBox [0 -200 800 800] /FontFile2 7 0 R >>";
    let more = [dict.into(), descriptor.into(), stream("/Length1 999", &program)];
    for (text, lost) in [("\\344", Some("has no glyph in")), ("\\003", Some("has no glyph in")), (" \\000\\r", None)] {
        let content = format!("0 0 9 9 re f BT /F1 90 Tf 20 60 Td ({text}) Tj ET");
        check(page(content.as_bytes(), "/Font << /F1 5 0 R >>", &more), lost);
    }
}
