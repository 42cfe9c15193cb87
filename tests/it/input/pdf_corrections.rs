//! Entries and data of PDF pages that the renderer can't use, and that viewers read in one way; and what they do not
//! agree on.

use crate::bench::root;
use crate::input::pdf::stream;
use crate::input::pdf_losses::{jpeg_image, page_with_font};
use crate::input::pdf_objects::{check, draw, page};
use docmill::internal::media::{Document, EarlierPicture};

const IMAGE: &str = "/Type /XObject /Subtype /Image /Width 10 /Height 10";
const IMAGES: &str = "/XObject << /Im0 5 0 R >>";
const PART: &[u8] = b"q 100 0 0 100 50 50 cm /Im0 Do Q";

/// The tones of the centre of the page, which is 200 x 200 points, and of its left upper corner.
fn tones(bytes: Vec<u8>) -> (u8, u8) {
    let picture = draw(bytes).unwrap();
    let at = |x: u32, y: u32| picture.get_pixel(picture.width() * x / 200, picture.height() * y / 200).0[0];
    (at(100, 100), at(20, 20))
}

fn compare(bytes: Vec<u8>, earlier: u32) -> EarlierPicture {
    Document::open(bytes.into()).unwrap().compare_with_earlier(1, (300, 300), earlier).unwrap()
}

/// A page that is black where a mask lets it be: in the middle. `group`: an entry of the form of the mask.
fn masked(mask: &str, group: &str) -> Vec<u8> {
    let state = format!("/ExtGState << /M << /SMask << {mask} /G 5 0 R >> >> >>");
    let form = format!("/Type /XObject /Subtype /Form /BBox [0 0 200 200] {group}");
    page(b"/M gs 0 g 0 0 200 200 re f", &state, &[stream(&form, b"1 g 50 50 100 100 re f")])
}

#[test]
fn masks_are_applied_whatever_their_group_states() {
    for (mask, group) in [
        ("/S /Luminosity", "/Group << /S /Transparency /CS /DeviceGray >>"),
        ("/S /Luminosity", ""),
        ("/S /Luminosity", "/Group << /S /Transparency >>"),
        ("/S /Luminosity", "/Group << /S /Transparency /CS /NoSuchSpace >>"),
        ("/S /Luminosity /BC [0 0 0]", ""),
        ("/S /Alpha", ""),
    ] {
        assert_eq!(tones(masked(mask, group)), (0, 255), "{mask} {group}");
    }
    // Viewers take it for one kind or the other.
    for mask in ["", "/S /NoSuchKind"] {
        check(masked(mask, "/Group << /S /Transparency /CS /DeviceGray >>"), Some("a mask can't be applied"));
    }
    // Earlier versions painted all of the page.
    let different = EarlierPicture::Different("masks or images are drawn otherwise now".to_owned());
    for earlier in [7, 9] {
        let without_group = compare(masked("/S /Luminosity", ""), earlier);
        assert!(without_group == different || earlier < 9 && matches!(without_group, EarlierPicture::Different(_)));
        let with_group = masked("/S /Luminosity", "/Group << /S /Transparency /CS /DeviceGray >>");
        assert_eq!(compare(with_group, earlier), EarlierPicture::Same);
    }
    assert_eq!(compare(masked("/S /Luminosity", ""), 10), EarlierPicture::Same);
}

#[test]
fn stencils_have_one_bit_a_sample() {
    let stencil =
        |entries: &str, data: &[u8]| page(PART, IMAGES, &[stream(&format!("{IMAGE} /ImageMask true {entries}"), data)]);
    for bits in ["", "/BitsPerComponent 1", "/BitsPerComponent 8", "/BitsPerComponent 2"] {
        assert_eq!(tones(stencil(bits, &[0; 20])), (0, 255), "{bits}");
        assert_eq!(tones(stencil(&format!("{bits} /Decode [1 0]"), &[255; 20])), (0, 255), "{bits}");
    }
}

#[test]
fn colours_that_no_pixel_has_may_be_missing() {
    let image = |bits: usize, space: &str, samples: &[u8]| {
        let entries = format!("{IMAGE} /BitsPerComponent {bits} /ColorSpace {space}");
        let (more, names) = (stream("", b"\0\0\0\x80\x80\x80"), format!("{IMAGES} /ColorSpace << /Named {space} >>"));
        page(PART, &names, &[stream(&entries, samples), more])
    };
    let last = |sample: u8| [vec![0; 99], vec![sample]].concat();
    let lost = Some("a palette that is damaged or too short");
    for space in [
        "[/Indexed /DeviceRGB 255 <000000808080>]",
        "[/Indexed /DeviceRGB 300 <000000808080>]",
        "[/Indexed /DeviceRGB 255 6 0 R]",
        "[/I [/CalRGB << /WhitePoint [0.95 1 1.09] >>] 2 <000000808080>]",
        "[/Indexed /DeviceRGB 2 <0000008080808080>]",
    ] {
        assert_eq!(tones(image(8, space, &last(1))), (0, 255), "{space}");
        check(image(8, space, &last(2)), lost);
        // Fewer bits; rows end with a byte.
        assert_eq!(tones(image(4, space, &[0; 50])), (0, 255), "{space}");
        assert_eq!(tones(image(1, space, &[0x3F; 20])).1, 255, "{space}");
    }
    check(image(8, "[/Indexed /DeviceRGB 255 <0000>]", &last(0)), lost);
    check(image(8, "[/Indexed /NoSuchSpace 255 <000000808080>]", &last(0)), Some("unknown colour space"));
}

#[test]
fn jpeg_begins_where_it_is() {
    for before in ["", "\n", "\r\n", " "] {
        let image = jpeg_image(|data, _| _ = data.splice(0..0, before.bytes()));
        check(page(PART, IMAGES, &[image]), None);
    }
    // In the mask of an image as well.
    let jpeg = std::fs::read(root().join("tests/data/page.jpg")).unwrap();
    let (width, height) = image::load_from_memory(&jpeg).map(|picture| (picture.width(), picture.height())).unwrap();
    let mut grey = std::io::Cursor::new(Vec::new());
    image::GrayImage::from_pixel(width, height, image::Luma([255]))
        .write_to(&mut grey, image::ImageFormat::Jpeg)
        .unwrap();
    let mask = stream(
        &format!(
            "/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode"
        ),
        &[b"\n", &grey.into_inner()[..]].concat(),
    );
    let image = stream(&format!("{IMAGE} /BitsPerComponent 8 /ColorSpace /DeviceGray /SMask 6 0 R"), &[0; 100]);
    assert_eq!(tones(page(PART, IMAGES, &[image, mask])), (0, 255));
}

#[test]
fn text_without_a_font_or_a_width_is_lost() {
    let state = |font: &str| {
        format!(
            "/ExtGState << /G << /Font [{font} 30] >> >> /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
        )
    };
    let helvetica = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec();
    for (font, expected) in [("5 0 R", None), ("9 0 R", Some("a font is missing in the file"))] {
        check(page(b"/G gs BT 20 20 Td (Text) Tj ET", &state(font), std::slice::from_ref(&helvetica)), expected);
    }
    // A font without a known type is treated by its entries, in its own object or not.
    let font = |entries: &str| format!("<< /Type /Font {entries} /BaseFont /Helvetica >>");
    for entries in ["", "/Subtype /NoSuchType", "/Subtype /Type1"] {
        let content = b"BT /F#31 20 Tf 20 20 Td (Text) Tj ET";
        check(page(content, &format!("/Font << /F1 {} >>", font(entries)), &[]), None);
        check(page(content, "/Font << /F1 5 0 R >>", &[font(entries).into_bytes()]), None);
        check(page(content, "/Font 5 0 R", &[format!("<< /F1 {} >>", font(entries)).into_bytes()]), None);
        let form = "/Type /XObject /Subtype /Form /BBox [0 0 200 200] /Resources << /Font << /F1 6 0 R >> >>";
        let more = [stream(form, content), font(entries).into_bytes()];
        check(page(b"/Im0 Do", IMAGES, &more), None);
    }
    // One that is not embedded, with widths that leave nothing of its characters.
    for (width, expected) in
        [("600 ", None), ("0 ", Some("2 characters have no glyph in its font, which states no width"))]
    {
        let bytes = page_with_font("/BaseFont /Arial /Encoding /WinAnsiEncoding", "(A B)");
        let widths = format!("[{}]", width.repeat(256));
        let text = String::from_utf8(bytes).unwrap().replace(&format!("[{}]", "600 ".repeat(256)), &widths);
        check(text.into_bytes(), expected);
    }
}
