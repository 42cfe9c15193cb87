//! Truncated or partly missing content, annotations and fonts of a PDF page.

use crate::input::pdf::{pdf, stream};
use crate::input::pdf_objects::{armor, check, deflate, draw, page, page_of};
use docmill::internal::media::{Document, EarlierPicture};

/// A document whose only page is the first of these objects, which are numbered from 3.
fn document(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut all = vec![
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [5 0 R] /DA (/Helv 12 Tf 0 g) >> >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
    ];
    all.extend_from_slice(objects);
    pdf(&all)
}

/// LZW data with codes of nine bits: its table is cleared before it grows.
fn lzw(data: &[u8]) -> Vec<u8> {
    let codes = data.chunks(250).flat_map(|part| std::iter::once(256).chain(part.iter().map(|byte| u32::from(*byte))));
    let bits: String = codes.chain([257]).map(|code| format!("{code:09b}")).collect();
    let bits = format!("{bits:0<width$}", width = bits.len().div_ceil(8) * 8);
    bits.as_bytes().chunks(8).map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap()).collect()
}

/// The same as letters of base 85.
fn letters(data: &[u8]) -> Vec<u8> {
    assert_eq!(data.len() % 4, 0);
    let group = |four: &[u8]| {
        let number = u32::from_be_bytes(four.try_into().unwrap());
        [85_u32.pow(4), 85_u32.pow(3), 85 * 85, 85, 1].map(|power| b'!' + u8::try_from(number / power % 85).unwrap())
    };
    [&data.chunks(4).flat_map(group).collect::<Vec<u8>>()[..], b"~>"].concat()
}

fn runs(data: &[u8]) -> Vec<u8> {
    let part = |part: &[u8]| [&[u8::try_from(part.len() - 1).unwrap()], part].concat();
    [&data.chunks(128).flat_map(part).collect::<Vec<u8>>()[..], &[128]].concat()
}

type Encode = fn(&[u8]) -> Vec<u8>;

#[test]
fn content_that_is_cut_is_noticed_in_every_filter() {
    let content: String =
        (0..200).map(|at| format!("{:03} {:03} 007 07 re f\n", at * 37 % 190, at * 91 % 190)).collect();
    let content = content.as_bytes();
    let damaged = Some("ends early or is damaged");
    let filters: [(&str, Encode, usize); 5] = [
        ("/FlateDecode", deflate, 0),
        ("/LZWDecode", lzw, 2),
        ("/ASCII85Decode", letters, 2),
        ("/ASCIIHexDecode", armor, 1),
        ("/RunLengthDecode", runs, 0),
    ];
    for (filter, encode, mark) in filters {
        let whole =
            |data: &[u8]| page_of(stream(&format!("/Filter {filter}"), data), "/MediaBox [0 0 200 200]", "", &[]);
        let form = |data: &[u8]| {
            let entries = format!("/Type /XObject /Subtype /Form /BBox [0 0 200 200] /Filter {filter}");
            page(b"0 0 9 9 re f /Fm0 Do", "/XObject << /Fm0 5 0 R >>", &[stream(&entries, data)])
        };
        let data = encode(content);
        check(whole(&data), None);
        check(form(&data), None);
        let half = &data[..data.len() / 2 + 4];
        check(whole(half), damaged);
        check(form(half), Some("a part of the page can't be decoded"));
        // Some writers leave out the mark at the end.
        if mark > 0 {
            check(whole(&data[..data.len() - mark]), None);
        }
    }
    let both = letters(&lzw(&content[..2300])[..2000]);
    let content = stream("/Filter [/ASCII85Decode /LZWDecode]", &both);
    check(page_of(content, "/MediaBox [0 0 200 200]", "", &[]), damaged);
}

#[test]
fn parts_of_the_content_that_are_missing_are_lost() {
    let missing = Some("the content of the page is missing");
    for (contents, lost) in [
        ("[4 0 R]", None),
        ("[4 0 R null 5 0 R]", None),
        ("44 0 R", missing),
        ("[4 0 R 44 0 R]", missing),
        ("[44 0 R 4 0 R]", missing),
        ("[4 0 R 1 0 R]", missing),
        ("[44 0 R 45 0 R]", missing),
    ] {
        let page = format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Contents {contents} >>");
        let content = [stream("", b"0 g 10 10 100 20 re f"), b"null".to_vec()];
        check(document(&[&[page.into_bytes()], &content[..]].concat()), lost);
    }
    let inline = |end: &str| format!("10 10 50 5 re f q 99 0 0 99 50 60 cm BI /W 2 /H 2 /CS /G /BPC 8 ID abcd{end} Q");
    check(page(inline("\nEI").as_bytes(), "", &[]), None);
    check(page(inline("").as_bytes(), "", &[]), Some("its data has no end"));
}

#[test]
fn annotations_behind_one_that_was_deleted_are_drawn() {
    for before in ["", "99 0 R", "null", "99 0 R 98 0 R"] {
        let page =
            format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Annots [{before} 5 0 R] /Contents 4 0 R >>");
        let field = "<< /Type /Annot /Subtype /Widget /Rect [20 80 180 120] /FT /Tx /T (a) /V (value) >>";
        let bytes = document(&[page.into_bytes(), stream("", b"0 0 10 10 re f"), field.into()]);
        let picture = draw(bytes).unwrap();
        let (width, height) = picture.dimensions();
        let is_ink = |x: u32, y: u32| picture.get_pixel(x, y).0[0] < 128;
        let has_ink = (height * 2 / 5..height * 3 / 5).any(|y| (width / 10..width / 2).any(|x| is_ink(x, y)));
        assert!(has_ink, "[{before}]");
    }
}

#[test]
fn annotations_with_an_appearance_behind_a_missing_one_are_drawn() {
    for before in ["", "99 0 R", "null", "(text)", "7 0 R"] {
        let page =
            format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Annots [{before} 5 0 R] /Contents 4 0 R >>");
        let stamp = "<< /Type /Annot /Subtype /Stamp /Rect [50 50 150 150] /AP << /N 6 0 R >> >>";
        let appearance = stream("/Type /XObject /Subtype /Form /BBox [0 0 100 100]", b"0 0 100 100 re f");
        let objects = [page.into_bytes(), stream("", b"0 0 10 10 re f"), stamp.into(), appearance, b"null".to_vec()];
        let picture = draw(document(&objects)).unwrap();
        let (width, height) = picture.dimensions();
        assert!(picture.get_pixel(width / 2, height / 2).0[0] < 128, "[{before}]");
    }
}

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
        let more = [dict.into(), descriptor.into(), stream("", &font())];
        self::page(b"BT /F1 90 Tf 20 60 Td (\\344) Tj ET", "/Font << /F1 5 0 R >>", &more)
    };
    let encoded = "/Encoding /WinAnsiEncoding";
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
