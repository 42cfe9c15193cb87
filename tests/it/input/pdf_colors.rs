//! Colours of PDF pages that can't be computed: renderers draw nothing, or noise.

use crate::input::pdf::stream;
use crate::input::pdf_losses::jpeg_image;
use crate::input::pdf_objects::{check, draw, page};
use docmill::internal::media::{Document, EarlierPicture};

/// A function from red to blue.
const RED_TO_BLUE: &str = "<< /FunctionType 2 /Domain [0 1] /C0 [1 0 0] /C1 [0 0 1] /N 1 >>";
/// One of a grey value.
const GREY: &str = "<< /FunctionType 2 /Domain [0 1] /C0 [0.2] /C1 [0.8] /N 1 >>";

fn axial(function: &str) -> String {
    format!("<< /ShadingType 2 /ColorSpace /DeviceRGB /Coords [0 0 200 0] /Function {function} >>")
}

#[test]
fn shadings_are_drawn_or_lost() {
    let samples = |bytes: usize| {
        let dict = "/FunctionType 0 /Domain [0 1] /Range [0 1 0 1 0 1] /Size [4] /BitsPerSample 8";
        stream(dict, &vec![90; bytes])
    };
    let program = |code: &str| stream("/FunctionType 4 /Domain [0 1] /Range [0 1 0 1 0 1]", code.as_bytes());
    let nothing = Vec::new;
    let lost = Some("a shading is missing or damaged");
    for (shading, function, expected) in [
        (axial(RED_TO_BLUE), nothing(), None),
        (axial(&format!("[{GREY} {GREY} {GREY}]")), nothing(), None),
        (axial("6 0 R"), samples(12), None),
        (axial("6 0 R"), program("{ dup dup }"), None),
        ("null".to_owned(), nothing(), lost),
        (axial("null"), nothing(), lost),
        (axial("6 0 R"), b"null".to_vec(), lost),
        (axial(&format!("[{GREY} {GREY}]")), nothing(), lost),
        (axial(&format!("[{GREY} null {GREY}]")), nothing(), lost),
        (axial(GREY), nothing(), lost),
        (axial("6 0 R"), samples(7), lost),
        (axial("6 0 R"), program("{ dup du }"), lost),
        (axial("6 0 R"), program("{ dup pop pop pop }"), lost),
        (axial(RED_TO_BLUE).replace("/ShadingType 2", "/ShadingType 9"), nothing(), lost),
        (axial(RED_TO_BLUE).replace("/Coords [0 0 200 0]", ""), nothing(), lost),
        (axial(RED_TO_BLUE).replace("/DeviceRGB", "/NoSuchSpace"), nothing(), lost),
        // A circle needs two radii.
        (axial(RED_TO_BLUE).replace("/ShadingType 2", "/ShadingType 3"), nothing(), lost),
        // A function of the place has two inputs.
        (axial(RED_TO_BLUE).replace("/ShadingType 2", "/ShadingType 1"), nothing(), lost),
        ("<< /ShadingType 4 /ColorSpace /DeviceRGB >>".to_owned(), nothing(), lost),
    ] {
        let bytes = page(b"0 0 50 50 re f /S sh", "/Shading << /S 5 0 R >>", &[shading.clone().into(), function]);
        check(bytes, expected);
    }
}

#[test]
fn meshes_are_whole_or_lost() {
    let mesh = |kind: u32, data: &[u8]| {
        let dict = format!(
            "/ShadingType {kind} /ColorSpace /DeviceGray /BitsPerFlag 8 /BitsPerCoordinate 8 /BitsPerComponent 8 \
             /Decode [0 200 0 200 0 1] /VerticesPerRow 2"
        );
        page(b"0 0 50 50 re f /S sh", "/Shading << /S 5 0 R >>", &[stream(&dict, data)])
    };
    let triangle = [0, 9, 9, 9, 0, 200, 9, 90, 0, 9, 200, 30];
    let lattice = [9, 9, 9, 200, 9, 90, 9, 200, 30, 200, 200, 60];
    let lost = Some("a shading is missing or damaged");
    check(mesh(4, &triangle), None);
    check(mesh(5, &lattice), None);
    for bytes in [0, 4, 9, 11] {
        check(mesh(4, &triangle[..bytes]), lost);
        check(mesh(5, &lattice[..bytes]), lost);
    }
}

#[test]
fn colours_of_spaces_without_a_function_are_lost() {
    let space = |function: &str| format!("[/Separation /Ink /DeviceRGB {function}]");
    let lost = Some("a colour space is missing or damaged");
    let fill = "/C cs 1 scn 20 20 100 100 re f";
    for (content, space, expected) in [
        (fill, space(RED_TO_BLUE), None),
        (fill, space("null"), lost),
        (fill, space(GREY), lost),
        (fill, "/NoSuchSpace".to_owned(), lost),
        ("/C CS 1 SCN 9 w 20 20 m 150 150 l S", space("null"), lost),
        ("/C cs 1 scn BT /F1 30 Tf 20 20 Td (Text) Tj ET", space("null"), lost),
        // Content that is not painted is not lost.
        ("0 0 50 50 re f /C cs 1 scn", space("null"), None),
        ("/C cs 1 scn 0 g 20 20 100 100 re f", space("null"), None),
        ("q /C cs 1 scn Q 20 20 100 100 re f", space("null"), None),
    ] {
        check(page(content.as_bytes(), "/ColorSpace << /C 5 0 R >>", &[space.into()]), expected);
    }
}

#[test]
fn images_with_other_channels_than_stated_are_lost() {
    let jpeg = |space: &str| {
        let bytes = jpeg_image(|_, _| {});
        let at = bytes.windows(10).position(|part| part == b"/DeviceRGB").unwrap();
        [&bytes[..at], space.as_bytes(), &bytes[at + 10..]].concat()
    };
    let content = b"0 0 9 9 re f q 75 0 0 110 30 30 cm /Im0 Do Q";
    let lost = Some("whose colour space has another number of channels");
    for (space, expected) in [
        ("/DeviceRGB", None),
        ("/DeviceGray", lost),
        ("/DeviceCMYK", lost),
        ("[/Indexed /DeviceRGB 1 <000000FFFFFF>]", lost),
    ] {
        check(page(content, "/XObject << /Im0 5 0 R >>", &[jpeg(space)]), expected);
    }
}

#[test]
fn palettes_that_are_a_text_of_their_own_are_used() {
    let image = |space: &str| {
        let entries = "/Type /XObject /Subtype /Image /Width 20 /Height 20 /BitsPerComponent 8";
        let samples: Vec<u8> = (0..400).map(|at| u8::from(at % 20 < 10)).collect();
        stream(&format!("{entries} /ColorSpace {space}"), &samples)
    };
    let palette = || b"<FFFFFF202020>".to_vec();
    let stream_palette = stream("", &[255, 255, 255, 32, 32, 32]);
    let draw_image =
        |content: &[u8], resources: &str, objects: &[Vec<u8>]| draw(page(content, resources, objects)).unwrap();
    let (part, whole) = (&b"0 0 9 9 re f q 100 0 0 100 50 50 cm /X Do Q"[..], &b"200 0 0 200 0 0 cm /X Do"[..]);
    for content in [part, whole] {
        let own = "[/Indexed /DeviceRGB 1 6 0 R]";
        let objects = "/XObject << /X 5 0 R >>";
        let expected = draw_image(content, objects, &[image(own), stream_palette.clone()]);
        let found = draw_image(content, objects, &[image(own), palette()]);
        assert!(found.dimensions() == expected.dimensions() || content == whole, "{:?}", found.dimensions());
        let dark = |picture: &image::GrayImage| {
            picture.pixels().filter(|pixel| pixel.0[0] < 128).count() * 100 / picture.pixels().len()
        };
        assert!(dark(&found).abs_diff(dark(&expected)) <= 1, "{} and {} %", dark(&found), dark(&expected));
        let named = format!("{objects} /ColorSpace << /P {own} >>");
        let found = draw_image(content, &named, &[image("/P"), palette()]);
        assert!(dark(&found).abs_diff(dark(&expected)) <= 1, "by name");
    }
    let bytes = page(part, "/XObject << /X 5 0 R >>", &[image("[/Indexed /DeviceRGB 1 6 0 R]"), palette()]);
    let compared = Document::open(bytes.into()).unwrap().compare_with_earlier(1, (200, 200), 15).unwrap();
    assert_ne!(compared, EarlierPicture::Same);
}
