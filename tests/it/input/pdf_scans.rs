//! PDF pages that are one image without loss: they give that image, pixel for pixel.

use crate::bench::{Bench, root};
use crate::input::pdf::{pdf, stream};
use crate::skip::{CASES, case_file, skip};
use docmill::internal::media::{Document, EarlierPicture, MediaFault, MediaFaultKind, Pixels};
use std::io::Write;

pub(crate) const WIDTH: usize = 37;
pub(crate) const HEIGHT: usize = 29;

/// A page that shows this image and nothing else; `more` are the objects from 6.
fn page(entries: &str, data: &[u8], page_entries: &str, more: &[Vec<u8>]) -> Vec<u8> {
    let image = format!("/Type /XObject /Subtype /Image /Width {WIDTH} /Height {HEIGHT} {entries}");
    let mut objects = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 370 290] {page_entries} /Contents 4 0 R /Resources << /XObject << /Im#201 5 0 R >> /ColorSpace << /Named /DeviceGray >> >> >>"
        )
        .into_bytes(),
        stream("", b"q 370 0 0 290 0 0 cm /Im#201 Do Q"),
        stream(&image, data),
    ];
    objects.extend_from_slice(more);
    pdf(&objects)
}

/// The picture of a page, and its channels; `None`: it is drawn at another size.
pub(crate) fn picture(bytes: Vec<u8>) -> Result<Option<(Vec<u8>, u8)>, MediaFault> {
    let document = Document::open(bytes.into())?;
    let probe = document.probe(1)?;
    if (probe.width as usize, probe.height as usize) != (WIDTH, HEIGHT) {
        return Ok(None);
    }
    let pixels = document.decode(1, &probe, (probe.width, probe.height))?;
    assert_eq!((pixels.width as usize, pixels.height as usize), (WIDTH, HEIGHT));
    Ok(Some((pixels.data, pixels.channels)))
}

fn fault(bytes: Vec<u8>) -> Option<MediaFaultKind> {
    picture(bytes).err().map(|fault| fault.kind)
}

/// Samples of a picture with `channels`: a board of light and dark squares of one pixel, less
/// regular to the right.
pub(crate) fn samples(channels: usize, max: usize) -> Vec<u16> {
    let sample = |at: usize| {
        let (x, y, channel) = (at / channels % WIDTH, at / channels / WIDTH, at % channels);
        let step = (max / 255).max(1);
        let value = if x < 20 { (x + y) % 2 * max } else { (x * 7 + y * 3 + channel * 5) * step % (max + 1) };
        u16::try_from(value).unwrap()
    };
    (0..WIDTH * HEIGHT * channels).map(sample).collect()
}

/// The samples in rows of whole bytes, as a PDF has them.
pub(crate) fn pack(samples: &[u16], channels: usize, bits: usize) -> Vec<u8> {
    let pack_row = |row: &[u16]| {
        let mut packed = vec![0_u8; (row.len() * bits).div_ceil(8)];
        for (at, sample) in row.iter().enumerate() {
            for bit in 0..bits {
                let place = at * bits + bit;
                packed[place / 8] |= u8::from(sample >> (bits - 1 - bit) & 1 == 1) << (7 - place % 8);
            }
        }
        packed
    };
    samples.chunks(WIDTH * channels).flat_map(pack_row).collect()
}

pub(crate) fn deflate(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn lzw(data: &[u8]) -> Vec<u8> {
    weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8).encode(data).unwrap()
}

pub(crate) fn run_length(data: &[u8]) -> Vec<u8> {
    let runs = data.chunks(128).flat_map(|run| [&[u8::try_from(run.len() - 1).unwrap()], run].concat());
    runs.chain([128]).collect()
}

pub(crate) fn hex(data: &[u8]) -> Vec<u8> {
    let digits: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
    (digits + ">").into_bytes()
}

/// Rows with the predictors of PNG, each in turn.
fn predict_png(data: &[u8], row_bytes: usize, pixel_bytes: usize) -> Vec<u8> {
    let zeros = vec![0; row_bytes];
    let rows: Vec<&[u8]> = data.chunks(row_bytes).collect();
    let mut out = Vec::new();
    for (y, row) in rows.iter().enumerate() {
        let above = if y == 0 { &zeros[..] } else { rows[y - 1] };
        let kind = u8::try_from(y % 5).unwrap();
        out.push(kind);
        for x in 0..row_bytes {
            let at = |row: &[u8]| x.checked_sub(pixel_bytes).map_or(0, |x| i32::from(row[x]));
            let (left, up, corner) = (at(row), i32::from(above[x]), at(above));
            let guess = left + up - corner;
            let nearest = [left, up, corner].into_iter().min_by_key(|value| (guess - value).abs()).unwrap();
            let predicted = [0, left, up, (left + up) / 2, nearest][usize::from(kind)];
            out.push((i32::from(row[x]) - predicted).rem_euclid(256) as u8);
        }
    }
    out
}

/// Rows with the predictor of TIFF, for samples of 8 bits.
fn predict_tiff(data: &[u8], channels: usize) -> Vec<u8> {
    let difference = |row: &[u8]| {
        let before = |at: usize| at.checked_sub(channels).map_or(0, |at| row[at]);
        row.iter().enumerate().map(|(at, value)| value.wrapping_sub(before(at))).collect::<Vec<u8>>()
    };
    data.chunks(WIDTH * channels).flat_map(difference).collect()
}

/// The samples as values of 8 bits.
fn scale(samples: &[u16], max: u32) -> Vec<u8> {
    samples.iter().map(|&sample| u8::try_from((u32::from(sample) * 510 + max) / (2 * max)).unwrap()).collect()
}

#[test]
fn images_of_every_depth_are_exact() {
    for (bits, max) in [(1, 1), (2, 3), (4, 15), (8, 255), (16, 65_535)] {
        for (space, channels) in [("/DeviceGray", 1), ("/DeviceRGB", 3)] {
            let samples = samples(channels, max);
            let packed = pack(&samples, channels, bits);
            let entries = format!("/ColorSpace {space} /BitsPerComponent {bits}");
            let expected = scale(&samples, u32::try_from(max).unwrap());
            let shown = picture(page(&format!("{entries} /Filter /FlateDecode"), &deflate(&packed), "", &[])).unwrap();
            let (data, shown_channels) = shown.unwrap();
            assert!(data == expected, "{entries}");
            assert_eq!(usize::from(shown_channels), channels);
            // The other way round.
            let decode = "1 0 ".repeat(channels);
            let entries = format!("{entries} /Decode [{decode}] /Filter /FlateDecode");
            let (data, _) = picture(page(&entries, &deflate(&packed), "", &[])).unwrap().unwrap();
            assert!(
                data.iter().zip(&expected).all(|(shown, expected)| shown.abs_diff(255 - expected) <= 1),
                "{entries}"
            );
        }
    }
}

#[test]
fn images_of_every_filter_and_predictor_are_exact() {
    let (grey, colour) = (samples(1, 255), samples(3, 255));
    let (grey_data, colour_data) = (pack(&grey, 1, 8), pack(&colour, 3, 8));
    let bilevel = samples(1, 1);
    let bilevel_data = pack(&bilevel, 1, 1);
    let one = "/ColorSpace /DeviceGray /BitsPerComponent 1";
    let eight = "/ColorSpace /DeviceGray /BitsPerComponent 8";
    let rgb = "/ColorSpace /DeviceRGB /BitsPerComponent 8";
    let wide = format!("/Colors 3 /BitsPerComponent 8 /Columns {WIDTH}");
    let narrow = format!("/Colors 1 /BitsPerComponent 1 /Columns {WIDTH}");
    let cases: Vec<(String, Vec<u8>, Vec<u8>)> = vec![
        (eight.to_owned(), grey_data.clone(), scale(&grey, 255)),
        (format!("{one} /Filter /LZWDecode"), lzw(&bilevel_data), scale(&bilevel, 1)),
        (format!("{rgb} /Filter /LZWDecode"), lzw(&colour_data), scale(&colour, 255)),
        (format!("{eight} /Filter /RunLengthDecode"), run_length(&grey_data), scale(&grey, 255)),
        (format!("{eight} /Filter /ASCIIHexDecode"), hex(&grey_data), scale(&grey, 255)),
        (format!("{one} /Filter [/ASCIIHexDecode /FlateDecode]"), hex(&deflate(&bilevel_data)), scale(&bilevel, 1)),
        (
            format!("{rgb} /Filter /FlateDecode /DecodeParms << /Predictor 15 {wide} >>"),
            deflate(&predict_png(&colour_data, 3 * WIDTH, 3)),
            scale(&colour, 255),
        ),
        (
            format!("{one} /Filter [/FlateDecode] /DecodeParms [<< /Predictor 12 {narrow} >>]"),
            deflate(&predict_png(&bilevel_data, WIDTH.div_ceil(8), 1)),
            scale(&bilevel, 1),
        ),
        (
            format!("{rgb} /Filter /FlateDecode /DecodeParms << /Predictor 2 {wide} >>"),
            deflate(&predict_tiff(&colour_data, 3)),
            scale(&colour, 255),
        ),
        (
            format!("{rgb} /Filter /LZWDecode /DecodeParms << /Predictor 15 {wide} >>"),
            lzw(&predict_png(&colour_data, 3 * WIDTH, 3)),
            scale(&colour, 255),
        ),
        // More data than the picture has.
        (format!("{eight} /Filter /FlateDecode"), deflate(&[&grey_data[..], b"\r\n"].concat()), scale(&grey, 255)),
    ];
    for (entries, data, expected) in cases {
        let (shown, _) = picture(page(&entries, &data, "", &[])).unwrap().unwrap_or_else(|| panic!("{entries}: drawn"));
        assert!(shown == expected, "{entries}");
        let fault = fault(page(&entries, &data[..data.len() / 2], "", &[]));
        assert!(matches!(fault, Some(MediaFaultKind::CutShort | MediaFaultKind::Damaged)), "{entries}: {fault:?}");
    }
}

#[test]
fn images_of_every_colour_space_have_their_colours() {
    let colours: [[u8; 3]; 4] = [[255, 255, 255], [200, 0, 30], [0, 90, 0], [0, 0, 0]];
    let places = samples(1, 3);
    let shown: Vec<u8> = places.iter().flat_map(|place| colours[usize::from(*place)]).collect();
    let palette: String = colours.iter().flatten().map(|value| format!("{value:02x}")).collect();
    let grey = samples(1, 255);
    let grey_data = deflate(&pack(&grey, 1, 8));
    let profile = |channels: u32| stream(&format!("/N {channels} /Alternate /DeviceGray"), b"no profile");
    for (entries, data, more, expected) in [
        (
            format!("/ColorSpace [/Indexed /DeviceRGB 3 <{palette}>] /BitsPerComponent 2"),
            deflate(&pack(&places, 1, 2)),
            vec![],
            shown.clone(),
        ),
        (
            "/ColorSpace [/Indexed /DeviceRGB 3 6 0 R] /BitsPerComponent 8".to_owned(),
            deflate(&pack(&places, 1, 8)),
            vec![stream("", colours.as_flattened())],
            shown,
        ),
        ("/ColorSpace [/DeviceGray] /BitsPerComponent 8".to_owned(), grey_data.clone(), vec![], scale(&grey, 255)),
        ("/ColorSpace /Named /BitsPerComponent 8".to_owned(), grey_data.clone(), vec![], scale(&grey, 255)),
        (
            "/ColorSpace [/ICCBased 6 0 R] /BitsPerComponent 8".to_owned(),
            grey_data.clone(),
            vec![profile(1)],
            scale(&grey, 255),
        ),
    ] {
        let bytes = page(&format!("{entries} /Filter /FlateDecode"), &data, "", &more);
        let (data, _) = picture(bytes).unwrap().unwrap_or_else(|| panic!("{entries}: drawn"));
        assert!(data == expected, "{entries}");
    }
    // Colour spaces that are converted: dark stays dark, and light stays light.
    let inks: Vec<u16> = (0..WIDTH * HEIGHT).flat_map(|at| [0, 0, 0, if at % WIDTH < 9 { 255 } else { 0 }]).collect();
    let steps: Vec<u16> = (0..WIDTH * HEIGHT).map(|at| if at % WIDTH < 9 { 0 } else { 255 }).collect();
    for (entries, data) in [
        ("/ColorSpace /DeviceCMYK", pack(&inks, 4, 8)),
        ("/ColorSpace [/CalGray << /WhitePoint [0.9505 1 1.089] /Gamma 2.2 >>]", pack(&steps, 1, 8)),
        (
            "/ColorSpace [/CalRGB << /WhitePoint [0.9505 1 1.089] >>]",
            pack(&steps.iter().flat_map(|step| [*step; 3]).collect::<Vec<_>>(), 3, 8),
        ),
        (
            "/ColorSpace [/Separation /Black /DeviceGray << /FunctionType 2 /Domain [0 1] /C0 [0] /C1 [1] /N 1 >>]",
            pack(&steps, 1, 8),
        ),
    ] {
        let entries = format!("{entries} /BitsPerComponent 8 /Filter /FlateDecode");
        let (data, channels) = picture(page(&entries, &deflate(&data), "", &[])).unwrap().unwrap();
        let at = |x: usize| data[(10 * WIDTH + x) * usize::from(channels)];
        assert!(at(4) < 60 && at(30) > 240, "{entries}: {} {}", at(4), at(30));
    }
}

#[test]
fn images_that_are_masked_or_have_other_sizes_are_drawn() {
    let data = deflate(&pack(&samples(1, 255), 1, 8));
    let mask = stream("/Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8", &[254]);
    for entries in ["/SMask 6 0 R", "/Mask [0 0]", "/Mask 6 0 R", "/ImageMask true", "/BitsPerComponent 3", "/OC 6 0 R"]
    {
        let entries = format!("/ColorSpace /DeviceGray /BitsPerComponent 8 {entries} /Filter /FlateDecode");
        assert_eq!(picture(page(&entries, &data, "", std::slice::from_ref(&mask))), Ok(None), "{entries}");
    }
    for space in ["[/Pattern]", "/Unknown", "7"] {
        let entries = format!("/ColorSpace {space} /BitsPerComponent 8 /Filter /FlateDecode");
        assert_eq!(picture(page(&entries, &data, "", &[])), Ok(None), "{space}");
    }
}

/// Versions of the decoder before 17 ignored such entries.
#[test]
fn entries_of_scans_behind_any_reference_are_applied() {
    let data = deflate(&pack(&samples(1, 255), 1, 8));
    let scan = |decode: &str, objects: &[&str]| {
        let entries = format!("/ColorSpace /DeviceGray /BitsPerComponent 8 /Decode {decode} /Filter /FlateDecode");
        let objects: Vec<Vec<u8>> = objects.iter().map(|object| object.as_bytes().to_vec()).collect();
        page(&entries, &data, "", &objects)
    };
    let inverted = picture(scan("[1 0]", &[])).unwrap();
    for (decode, objects, was_ignored) in [
        ("6 0 R", &["[1 0]"][..], false),
        ("6 0 R", &["7 0 R", "[1 0]"], true),
        ("6 0 R", &["7 0 R", "8 0 R", "[1 0]"], true),
        ("6 1 R", &["[1 0]"], true),
        ("6 0 R", &["7 3 R", "[1 0]"], true),
        ("6 0 R", &["7 3 R", "8 2 R", "[1 0]"], true),
    ] {
        let bytes = scan(decode, objects);
        assert!(picture(bytes.clone()).unwrap() == inverted, "{decode} {objects:?}");
        let size = (WIDTH as u32, HEIGHT as u32);
        let compared = Document::open(bytes.into()).unwrap().compare_with_earlier(1, size, 16).unwrap();
        assert_eq!(compared != EarlierPicture::Same, was_ignored, "{decode} {objects:?}");
    }
}

#[test]
fn rotated_scans_come_upright() {
    let samples = samples(1, 255);
    let entries = "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode";
    let original = image::GrayImage::from_raw(WIDTH as u32, HEIGHT as u32, scale(&samples, 255)).unwrap();
    for (rotation, expected) in [
        (90, image::imageops::rotate90(&original)),
        (180, image::imageops::rotate180(&original)),
        (270, image::imageops::rotate270(&original)),
    ] {
        let bytes = page(entries, &deflate(&pack(&samples, 1, 8)), &format!("/Rotate {rotation}"), &[]);
        let document = Document::open(bytes.into()).unwrap();
        let probe = document.probe(1).unwrap();
        let mut shown = document.decode(1, &probe, (37, 29)).unwrap().into_image().unwrap();
        shown.apply_orientation(probe.orientation);
        assert!(shown.into_luma8() == expected, "{rotation}");
    }
}

#[test]
fn every_byte_that_is_missing_or_wrong_in_a_deflated_scan_is_noticed() {
    let entries = "/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode";
    let data = deflate(&pack(&samples(1, 255), 1, 8));
    let whole = picture(page(entries, &data, "", &[])).unwrap();
    for at in 0..data.len() {
        let mut wrong = data.clone();
        wrong[at] ^= 0x10;
        // The last byte before the checksum has bits without a meaning.
        let shown = picture(page(entries, &wrong, "", &[]));
        assert!(shown.is_err() || shown == Ok(whole.clone()) && at == data.len() - 5, "changed at {at}");
    }
    for at in 0..data.len() {
        // The checksum may be missing.
        let shown = picture(page(entries, &data[..at], "", &[]));
        assert_eq!(shown.is_ok(), at >= data.len() - 4, "{at} of {} bytes", data.len());
        assert!(shown.is_err() || shown == Ok(whole.clone()), "{at} of {} bytes", data.len());
    }
}

/// A JBIG2 stream of a page of this size with one region, coded as in fax Group 4.
pub(crate) fn jbig2((width, height): (u32, u32), fax: &[u8]) -> Vec<u8> {
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let segment = |number: u8, kind: u8, data: &[u8]| {
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&[0, 0, 0, number, kind, 0, 1], &length[..], data].concat()
    };
    let page = segment(0, 48, &[&size[..], &[0; 11]].concat());
    let region = segment(1, 38, &[&size[..], &[0; 9], &[1], fax].concat());
    [page, region].concat()
}

#[test]
fn scans_in_jbig2_and_jpeg_2000_have_their_own_size() {
    let page_of = |entries: &str, data: &[u8]| {
        let image = format!("/Type /XObject /Subtype /Image /Width 75 /Height 110 {entries}");
        pdf(&[
            b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 150 220] /Contents 4 0 R /Resources << /XObject << /Im0 5 0 R >> >> >>".to_vec(),
            stream("", b"150 0 0 220 0 0 cm /Im0 Do"),
            stream(&image, data),
        ])
    };
    let decode = |bytes: Vec<u8>, target| {
        let document = Document::open(bytes.into()).unwrap();
        let probe = document.probe(1).unwrap();
        assert_eq!((probe.width, probe.height), (75, 110));
        document.decode(1, &probe, target)
    };
    let tiff = std::fs::read(root().join("tests/data/tiff/g4.tif")).unwrap();
    let tag = |tag: u16| {
        let at = tiff.windows(2).position(|w| w == tag.to_le_bytes()).unwrap();
        u32::from_le_bytes(tiff[at + 8..at + 12].try_into().unwrap()) as usize
    };
    let fax = &tiff[tag(273)..tag(273) + tag(279)];
    let grey = "/ColorSpace /DeviceGray /BitsPerComponent 1";
    let of_fax =
        page_of(&format!("{grey} /Filter /CCITTFaxDecode /DecodeParms << /K -1 /Columns 75 /Rows 110 >>"), fax);
    let expected = decode(of_fax, (75, 110)).unwrap();
    // Behind filters for any data.
    let hex = |data: &[u8]| data.iter().map(|byte| format!("{byte:02X}")).collect::<String>().into_bytes();
    let file = |name: &str| std::fs::read(root().join("tests/data").join(name)).unwrap();
    let (jpeg, jp2) = (file("page.jpg"), file("page.jp2"));
    for (entries, filter, parameters, data) in [
        (grey, "CCITTFaxDecode", "<< /K -1 /Columns 75 /Rows 110 >>", fax),
        ("/ColorSpace /DeviceRGB /BitsPerComponent 8", "DCTDecode", "null", &jpeg[..]),
        ("", "JPXDecode", "null", &jp2[..]),
    ] {
        let alone = format!("{entries} /Filter /{filter} /DecodeParms {parameters}");
        let alone = decode(page_of(&alone, data), (75, 110)).unwrap();
        for (first, coded) in [("FlateDecode", deflate(data)), ("ASCIIHexDecode", hex(data))] {
            let entries = format!("{entries} /Filter [/{first} /{filter}] /DecodeParms [null {parameters}]");
            let shown = decode(page_of(&entries, &coded), (75, 110)).unwrap();
            assert!(shown.data == alone.data, "{entries}");
            assert!(decode(page_of(&entries, &coded[..coded.len() / 2]), (75, 110)).is_err(), "{entries}");
        }
    }
    let coded = jbig2((75, 110), fax);
    let jbig2_entries = format!("{grey} /Filter /JBIG2Decode");
    let shown = decode(page_of(&jbig2_entries, &coded), (75, 110)).unwrap();
    assert!(shown.data == expected.data && shown.channels == 1);
    // A separate file, which the library doesn't decode.
    let file = [&b"\x97JB2\r\n\x1A\n\x01\0\0\0\x01"[..], &coded].concat();
    let fault = decode(page_of(&jbig2_entries, &file), (75, 110)).err().map(|fault| fault.kind);
    assert_eq!(fault, Some(MediaFaultKind::UnsupportedFormat));
    for cut in [coded.len() - 1, coded.len() / 2, 20, 3] {
        let fault = decode(page_of(&jbig2_entries, &coded[..cut]), (75, 110)).err().map(|fault| fault.kind);
        assert_eq!(fault, Some(MediaFaultKind::CutShort), "{cut}");
    }

    let file = std::fs::read(root().join("tests/data/page.jp2")).unwrap();
    let alone = Document::open(file.clone().into()).unwrap();
    for target in [(75, 110), (30, 44)] {
        let expected = alone.decode(1, &alone.probe(1).unwrap(), target).unwrap();
        for space in ["", "/ColorSpace /DeviceRGB"] {
            let shown = decode(page_of(&format!("{space} /Filter /JPXDecode"), &file), target).unwrap();
            assert_eq!((shown.width, shown.height), (expected.width, expected.height));
            let in_colour = |pixels: Pixels| pixels.into_image().unwrap().into_rgb8();
            assert!(in_colour(shown) == in_colour(expected.clone()), "{space} {target:?}");
        }
    }
    for (cut, expected) in [
        // Only the mark of the end is missing.
        (file.len() - 2, None),
        (file.len() - 3, Some(MediaFaultKind::CutShort)),
        (file.len() / 2, Some(MediaFaultKind::CutShort)),
    ] {
        let fault = decode(page_of("/Filter /JPXDecode", &file[..cut]), (75, 110)).err().map(|fault| fault.kind);
        assert_eq!(fault, expected, "{cut}");
    }
}

#[test]
fn a_scan_costs_the_same_however_it_is_compressed() {
    let test = "a_scan_costs_the_same_however_it_is_compressed";
    let bench = Bench::with_pages(0);
    for name in ["dct-300x420.pdf", "flate-300x420.pdf"] {
        let Some(file) = case_file(&format!("28-lossless-scan-is-enlarged/{name}")) else { return skip(CASES, test) };
        let prepared = bench.docmill(&["prepare", &file.display().to_string(), "--out", "prepared"]);
        assert_eq!(prepared.code, 0);
        assert!(prepared.stdout.contains("  300 x 420, "), "{}", prepared.stdout);
        assert!(prepared.stdout.contains(", 8,500 tokens, "), "{}", prepared.stdout);
    }
}

/// What a page shows with one more object, the sixth: whether it is the scan, pixel for pixel. The page is of 370 x 290
/// points.
fn is_scan(content: &str, page_entries: &str, image_entries: &str, sixth: Vec<u8>) -> bool {
    let data = deflate(&pack(&samples(1, 255), 1, 8));
    let entries = format!("/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode {image_entries}");
    let image = format!("/Type /XObject /Subtype /Image /Width {WIDTH} /Height {HEIGHT} {entries}");
    let resources = "/XObject << /I 5 0 R /F 6 0 R >> /ExtGState << /G 6 0 R >>";
    let page = format!(
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 370 290] {page_entries} /Contents 4 0 R /Resources << {resources} >> >>"
    );
    let bytes = pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        page.into_bytes(),
        stream("", content.as_bytes()),
        stream(&image, &data),
        sixth,
    ]);
    match picture(bytes).unwrap() {
        Some((shown, channels)) => {
            assert_eq!(channels, 1);
            let expected: Vec<u8> = samples(1, 255).into_iter().map(|sample| u8::try_from(sample).unwrap()).collect();
            assert!(shown == expected, "{content} {page_entries}");
            true
        }
        None => false,
    }
}

#[test]
fn what_does_not_change_a_scan_does_not_hide_it() {
    const IMAGE: &str = "q 370 0 0 290 0 0 cm /I Do Q";
    let null = || b"null".to_vec();
    let form = |entries: &str, content: &str| {
        stream(
            &format!("/Type /XObject /Subtype /Form {entries} /Resources << /XObject << /I 5 0 R >> >>"),
            content.as_bytes(),
        )
    };
    let whole = "/BBox [0 0 370 290]";
    let note = |entries: &str| format!("/Annots [<< /Type /Annot /Rect [50 50 90 90] /AP << /N 6 0 R >> {entries} >>]");
    let mask = |alpha: u8| {
        let dict = "/Type /XObject /Subtype /Image /Width 2 /Height 2 /ColorSpace /DeviceGray /BitsPerComponent 8";
        stream(dict, &[255, 255, alpha, 255])
    };
    for (content, page_entries, image_entries, sixth, expected) in [
        // In a form.
        ("/F Do", "", "", form(whole, IMAGE), true),
        (
            "q 2 0 0 2 0 0 cm /F Do Q",
            "",
            "",
            form("/BBox [0 0 185 145] /Matrix [.5 0 0 .5 0 0]", "q 740 0 0 580 0 0 cm /I Do Q"),
            false,
        ),
        ("/F Do", "", "", form("/BBox [0 0 740 580] /Matrix [.5 0 0 .5 0 0]", "q 740 0 0 580 0 0 cm /I Do Q"), true),
        ("/F Do", "", "", form("/BBox [0 0 100 100]", IMAGE), false),
        ("/F Do", "", "", form(whole, &format!("{IMAGE} 0 0 9 9 re f")), false),
        ("/F Do", "", "", form(&format!("{whole} /OC << >>"), IMAGE), false),
        ("/F Do 9 w 0 0 m 90 90 l S", "", "", form(whole, IMAGE), false),
        // Over white paper, and over anything else.
        (&format!("1 g 0 0 370 290 re f {IMAGE}"), "", "", null(), true),
        (&format!("0 0 370 290 re f {IMAGE}"), "", "", null(), false),
        (&format!("{IMAGE} 1 g 0 0 90 90 re f"), "", "", null(), false),
        // With a state that changes nothing, and one that makes it pale.
        (
            &format!("/G gs {IMAGE}"),
            "",
            "",
            b"<< /Type /ExtGState /ca 1 /BM /Normal /SMask /None /SA true >>".to_vec(),
            true,
        ),
        (&format!("/G gs {IMAGE}"), "", "", b"<< /ca 0.5 >>".to_vec(), false),
        (&format!("/G gs {IMAGE}"), "", "", b"<< /BM /Multiply >>".to_vec(), false),
        // Below annotations that are not seen, and that are.
        (IMAGE, &note("/Subtype /Stamp /F 2"), "", form(whole, "0 0 90 90 re f"), true),
        (IMAGE, &note("/Subtype /Stamp"), "", form(whole, "0 0 90 90 re f"), false),
        (IMAGE, "/Annots [<< /Type /Annot /Subtype /Link /Rect [0 0 9 9] >>]", "", null(), true),
        (IMAGE, "/Annots [<< /Type /Annot /Subtype /Square /C [0] /Rect [0 0 90 90] >>]", "", null(), false),
        // With a mask that hides nothing, and one that hides a part.
        (IMAGE, "", "/SMask 6 0 R", mask(255), true),
        (IMAGE, "", "/SMask 6 0 R", mask(254), false),
        // Mirrored.
        ("q -370 0 0 290 370 0 cm /I Do Q", "", "", null(), false),
    ] {
        assert_eq!(
            is_scan(content, page_entries, image_entries, sixth),
            expected,
            "{content} {page_entries} {image_entries}"
        );
    }
}

#[test]
fn a_scan_that_the_page_turns_comes_upright() {
    let whole = is_scan("q -370 0 0 -290 370 290 cm /I Do Q", "", "", b"null".to_vec());
    assert!(whole, "it is decoded as it is stored");
    let turned = |matrix: &str, rotate: u32| {
        let content = format!("q {matrix} cm /I Do Q");
        let data = deflate(&pack(&samples(1, 255), 1, 8));
        let image = format!(
            "/Type /XObject /Subtype /Image /Width {WIDTH} /Height {HEIGHT} /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode"
        );
        let page = format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 290 370] /Rotate {rotate} /Contents 4 0 R /Resources << /XObject << /I 5 0 R >> >> >>"
        );
        let document = Document::open(
            pdf(&[
                b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
                b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
                page.into_bytes(),
                stream("", content.as_bytes()),
                stream(&image, &data),
            ])
            .into(),
        )
        .unwrap();
        document.probe(1).unwrap().orientation
    };
    use image::metadata::Orientation::{NoTransforms, Rotate90, Rotate180, Rotate270};
    for (matrix, rotate, expected) in [
        ("0 -370 290 0 0 370", 0, Rotate90),
        ("0 370 -290 0 290 0", 0, Rotate270),
        ("0 370 -290 0 290 0", 90, NoTransforms),
        ("0 -370 290 0 0 370", 90, Rotate180),
    ] {
        assert_eq!(turned(matrix, rotate), expected, "{matrix}, /Rotate {rotate}");
    }
}
