//! Truncated or partly missing content and annotations of a PDF page.

use crate::input::pdf::{pdf, stream};
use crate::input::pdf_objects::{armor, check, deflate, draw, page, page_of};

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
    for before in ["", "99 0 R", "null", "(text)", "7 0 R", "3 0 R", "2 0 R"] {
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
