//! Files that other programs read, and files that only look complete: what docmill makes of them.

use super::*;
use crate::media::fault::MediaFaultKind;
use crate::media::{EarlierPicture, check_complete, probe};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// The picture of a page at its own size.
fn decode(bytes: Vec<u8>, page: u32) -> Result<Pixels, MediaFault> {
    let document = Document::open(bytes.into())?;
    let probe = document.probe(page)?;
    document.decode(page, &probe, probe.upright_size())
}

/// The mean of each channel, in tens.
fn tones(pixels: &Pixels) -> Vec<u64> {
    let channels = usize::from(pixels.channels);
    let mean = |channel: usize| {
        let values: Vec<u64> =
            pixels.data.iter().skip(channel).step_by(channels).map(|value| (*value).into()).collect();
        (values.iter().sum::<u64>() / values.len() as u64 + 5) / 10
    };
    (0..channels).map(mean).collect()
}

/// A JPEG of one colour, 16 x 16. Its segments: JFIF's first.
fn jpeg(rgb: [u8; 3]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 95);
    encoder.set_sampling_factor(SamplingFactor::F_1_1);
    encoder.encode(&rgb.repeat(256), 16, 16, ColorType::Rgb).unwrap();
    out
}

/// A JPEG with this segment instead of JFIF's, and these component ids.
fn relabelled(rgb: [u8; 3], segment: &[u8], ids: [u8; 3]) -> Vec<u8> {
    let whole = jpeg(rgb);
    let jfif = 4 + usize::from(u16::from_be_bytes([whole[4], whole[5]]));
    let mut out = [&whole[..2], segment, &whole[jfif..]].concat();
    let frame = out.windows(2).position(|two| two == [0xFF, 0xC0]).unwrap();
    let scan = out.windows(2).position(|two| two == [0xFF, 0xDA]).unwrap();
    for (at, id) in ids.into_iter().enumerate() {
        out[frame + 10 + 3 * at] = id;
        out[scan + 5 + 2 * at] = id;
    }
    out
}

const ADOBE_RGB: &[u8] = b"\xFF\xEE\0\x0EAdobe\0\x64\0\0\0\0\0";
const ADOBE_YCC: &[u8] = b"\xFF\xEE\0\x0EAdobe\0\x64\0\0\0\0\x01";
const JFIF: &[u8] = b"\xFF\xE0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0";

/// Grey 100 is stored as 100, 128, 128.
const GREY: [u8; 3] = [100; 3];

#[test]
fn jpegs_have_the_colors_of_libjpeg() {
    for (segment, ids, is_rgb, has_changed) in [
        (JFIF, [1, 2, 3], false, false),
        (&b""[..], [1, 2, 3], false, false),
        (b"", *b"RGB", true, false),
        (ADOBE_RGB, [1, 2, 3], true, true),
        (ADOBE_YCC, *b"RGB", false, true),
        (JFIF, *b"RGB", false, true),
    ] {
        let bytes = relabelled(GREY, segment, ids);
        let expected = if is_rgb { vec![10, 13, 13] } else { vec![10; 3] };
        assert_eq!(tones(&decode(bytes.clone(), 1).unwrap()), expected, "{segment:x?} {ids:?}");
        let earlier = Document::open(bytes.into()).unwrap().compare_with_earlier(1, (16, 16), 4).unwrap();
        assert_eq!(earlier != EarlierPicture::Same, has_changed, "{segment:x?} {ids:?}");
    }
}

/// A PDF of these objects, the first of which is the catalog.
fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (at, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", out.len());
        out.extend([format!("{} 0 obj\n", at + 1).as_bytes(), object, b"\nendobj\n"].concat());
    }
    let start = out.len();
    out.extend(
        format!("{table}trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n", objects.len() + 1).bytes(),
    );
    out
}

fn stream(dict: &str, data: &[u8]) -> Vec<u8> {
    [format!("<< {dict} /Length {} >>\nstream\n", data.len()).as_bytes(), data, b"\nendstream"].concat()
}

/// A page of 100 x 100 points with this content, the object `/X` and the font `/F`.
fn page(content: &[u8], object: Vec<u8>, font: &str) -> Vec<u8> {
    pdf(&[
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 100 100] /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> /Font << /F << /Type /Font {font} >> >> >> >>"
        )
        .into_bytes(),
        stream("", content),
        object,
    ])
}

fn form(content: &str) -> Vec<u8> {
    stream("/Type /XObject /Subtype /Form /BBox [0 0 100 100]", content.as_bytes())
}

fn image(entries: &str, data: &[u8]) -> Vec<u8> {
    stream(&format!("/Type /XObject /Subtype /Image {entries}"), data)
}

const HELVETICA: &str = "/Subtype /Type1 /BaseFont /Helvetica";

#[test]
fn content_behind_a_stray_character_is_drawn() {
    for damaged in [
        "",
        "5 re",
        ")",
        ">>",
        "]",
        "}",
        "> q Q",
        "<12zz>",
        "BT /F 9 Tf (Total (net)) amount) Tj ET",
        "BT /F 9 Tf <48656C6C6G> Tj ET",
        "BI /W 1 /H 1 /BPC 8 /CS /G ID ) EI )",
    ] {
        let content = format!("{damaged} 0 g 0 0 100 100 re f");
        let bytes = page(content.as_bytes(), form(""), HELVETICA);
        let pixels = decode(bytes.clone(), 1).unwrap_or_else(|fault| panic!("{damaged}: {fault}"));
        assert_eq!(tones(&pixels), [0], "{damaged}");
        // Earlier pictures lacked it.
        let document = Document::open(bytes.into()).unwrap();
        let earlier = document.compare_with_earlier(1, (100, 100), 4).unwrap();
        assert_eq!(matches!(earlier, EarlierPicture::Incomplete(_)), !damaged.is_empty(), "{damaged}");
    }
    // Nothing follows it.
    assert!(decode(page(b"q Q )", form(""), HELVETICA), 1).is_ok());
}

#[test]
fn content_that_can_not_be_read_is_a_fault() {
    for (content, object, reason) in [
        ("(words 0 g 0 0 100 100 re f", form(""), "ends early or is damaged"),
        ("/X Do", form(") 0 g 0 0 100 100 re f"), "syntax error"),
        ("/X Do", form("[ 0 g 0 0 100 100 re f"), "ends early or is damaged"),
    ] {
        let fault = decode(page(content.as_bytes(), object, HELVETICA), 1).err().unwrap();
        assert_eq!(fault.kind, MediaFaultKind::IncompletePage, "{content}");
        assert!(fault.message.contains(reason), "{content}: {fault}");
    }
}

#[test]
fn what_is_drawn_over_a_scan_behind_a_stray_character_is_seen() {
    let scan = image("/Width 16 /Height 16 /ColorSpace /DeviceGray /BitsPerComponent 8", &[255; 256]);
    let content = b"q 100 0 0 100 0 0 cm /X Do Q ) 0 g 0 0 100 100 re f";
    assert_eq!(tones(&decode(page(content, scan, HELVETICA), 1).unwrap()), [0]);
}

const SCAN: &[u8] = b"q 100 0 0 100 0 0 cm /X Do Q";
const PART: &[u8] = b"q 50 0 0 50 20 20 cm /X Do Q";

#[test]
fn scans_have_the_colors_that_the_pdf_states() {
    let scan = |parameters: &str, jpeg: &[u8]| {
        let entries =
            format!("/Width 16 /Height 16 /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode {parameters}");
        tones(&decode(page(SCAN, image(&entries, jpeg), HELVETICA), 1).unwrap())
    };
    let (rgb, ycc) = (vec![10, 13, 13], vec![10; 3]);
    let plain = relabelled(GREY, b"", [1, 2, 3]);
    assert_eq!(scan("", &plain), ycc);
    assert_eq!(scan("/DecodeParms << /ColorTransform 0 >>", &plain), rgb);
    assert_eq!(scan("/DecodeParms << /ColorTransform 1 >>", &plain), ycc);
    assert_eq!(scan("/DecodeParms << /ColorTransform 0 >>", &relabelled(GREY, ADOBE_YCC, [1, 2, 3])), ycc);
    assert_eq!(scan("", &relabelled(GREY, ADOBE_RGB, [1, 2, 3])), rgb);
}

#[test]
fn images_that_would_be_drawn_wrong_are_lost() {
    let indexed = |palette: &str, last: u8| {
        let entries =
            format!("/Width 16 /Height 16 /ColorSpace [/Indexed /DeviceRGB {last} {palette}] /BitsPerComponent 8");
        image(&entries, &[[0; 255].as_slice(), &[last]].concat())
    };
    let jpeg_of = |width: u32, height: u32| {
        let entries =
            format!("/Width {width} /Height {height} /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode");
        image(&entries, &jpeg(GREY))
    };
    for content in [SCAN, PART] {
        for (object, lost) in [
            (indexed("<000000 FFFFFF>", 1), None),
            (indexed("<000000 FFFFFF 00>", 1), None),
            (indexed("<000000 FFFF>", 1), Some("palette")),
            (indexed("<>", 0), Some("palette")),
            (jpeg_of(16, 16), None),
        ] {
            let found = decode(page(content, object, HELVETICA), 1).map(|_| ());
            match (found, lost) {
                (Ok(()), None) => {}
                (Err(fault), Some(lost)) => assert!(fault.message.contains(lost), "{fault}"),
                (found, lost) => panic!("{found:?} {lost:?}"),
            }
        }
    }
    for (width, height) in [(15, 16), (8, 8), (20, 16), (16, 8)] {
        let fault = decode(page(PART, jpeg_of(width, height), HELVETICA), 1).err().unwrap();
        assert!(fault.message.contains("another size than stated"), "{width} x {height}: {fault}");
        // A scan has the size of its JPEG.
        if width == height {
            assert_eq!(tones(&decode(page(SCAN, jpeg_of(width, height), HELVETICA), 1).unwrap()), [10; 3]);
        }
    }
}

#[test]
fn a_checksum_that_was_not_computed_is_accepted_in_scans() {
    let whole = deflated(&[50; 256]);
    let (data, sum) = whole.split_at(whole.len() - 4);
    let wrong: Vec<u8> = sum.iter().map(|byte| byte ^ 1).collect();
    for (sum, is_accepted) in [(sum, true), (&[], true), (&[0; 4], true), (&wrong, false)] {
        let entries = "/Width 16 /Height 16 /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /FlateDecode";
        let found = decode(page(SCAN, image(entries, &[data, sum].concat()), HELVETICA), 1);
        assert_eq!(found.ok().map(|pixels| tones(&pixels)), is_accepted.then(|| vec![5]), "{sum:?}");
    }
}

#[test]
fn symbols_of_a_missing_font_are_lost() {
    let text = b"BT /F 20 Tf 20 20 Td (\xFCAB) Tj ET";
    for (name, is_lost) in [("Wingdings", true), ("ABCDEF+Webdings", true), ("ZapfDingbats", false), ("Symbol", false)]
    {
        let font = format!("/Subtype /Type1 /BaseFont /{name}");
        let found = decode(page(text, form(""), &font), 1);
        let is_installed = crate::media::pdf::system_fonts::find_by_name(name).is_some();
        assert_eq!(found.is_err(), is_lost && !is_installed, "{name}: {:?}", found.err());
    }
}

/// A TIFF of pages of 2 x `height` pixels, and where each directory begins.
fn tiff(heights: &[u32]) -> (Vec<u8>, Vec<usize>) {
    let mut out = b"II*\0\x0c\0\0\0\0\x80\xFF\x40".to_vec();
    let mut places = Vec::new();
    for (at, height) in heights.iter().enumerate() {
        places.push(out.len());
        let entries: [(u16, u32); 8] =
            [(256, 2), (257, *height), (258, 8), (259, 1), (262, 1), (273, 8), (278, *height), (279, 2 * height)];
        out.extend(8_u16.to_le_bytes());
        for (tag, value) in entries {
            out.extend(tag.to_le_bytes());
            out.extend(4_u16.to_le_bytes());
            out.extend(1_u32.to_le_bytes());
            out.extend(value.to_le_bytes());
        }
        let next = if at + 1 < heights.len() { out.len() as u32 + 4 } else { 0 };
        out.extend(next.to_le_bytes());
    }
    (out, places)
}

#[test]
fn unreadable_tiff_pages_keep_their_numbers() {
    use MediaFaultKind::{CutShort, Damaged};
    let (whole, places) = tiff(&[1, 2, 1]);
    let with_link = |to: u32| {
        let mut bytes = whole.clone();
        bytes[places[2] - 4..places[2]].copy_from_slice(&to.to_le_bytes());
        bytes
    };
    for (bytes, expected, earlier) in [
        (whole.clone(), vec![None; 3], None),
        // Cut in the last directory, and after its entries.
        (whole[..whole.len() - 20].to_vec(), vec![None, None, Some(CutShort)], None),
        (whole[..whole.len() - 2].to_vec(), vec![None; 3], None),
        (whole[..places[1] + 7].to_vec(), vec![None, Some(CutShort)], None),
        // Links that lead out of the file, and back.
        (with_link(1 << 30), vec![None, None, Some(CutShort)], None),
        (with_link(places[0] as u32), vec![None, None], None),
        (tiff(&[1, 0, 1]).0, vec![None, Some(Damaged), None], Some(vec![1, 3])),
        (tiff(&[1, 0]).0, vec![None, Some(Damaged)], None),
        (tiff(&[0, 0]).0, vec![Some(Damaged); 2], None),
    ] {
        let document = Document::open(bytes.into()).unwrap();
        let found: Vec<_> =
            (1..=document.layout().count).map(|page| document.probe(page).err().map(|fault| fault.kind)).collect();
        assert_eq!(found, expected);
        assert_eq!(document.layout().earlier_numbers, earlier);
        assert_eq!(document.layout().numbered_since, 5);
    }
    let (mut bytes, places) = tiff(&[1, 1]);
    // An empty directory at the end.
    bytes[places[1]] = 0;
    let document = Document::open(bytes.into()).unwrap();
    assert_eq!((document.layout().count, document.probe(2).unwrap_err().kind), (2, Damaged));
}

/// A PNG of 30 x 20 pixels of this colour type with this deflated data.
fn png(color_type: u8, palette: &[u8], idat: &[u8]) -> Vec<u8> {
    let chunk = |kind: &[u8], content: &[u8]| {
        let body = [kind, content].concat();
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&length[..], &body, &crc32fast::hash(&body).to_be_bytes()].concat()
    };
    let header = [&30_u32.to_be_bytes()[..], &20_u32.to_be_bytes(), &[8, color_type, 0, 0, 0]].concat();
    let palette = if palette.is_empty() { Vec::new() } else { chunk(b"PLTE", palette) };
    [&b"\x89PNG\r\n\x1a\n"[..], &chunk(b"IHDR", &header), &palette, &chunk(b"IDAT", idat), &chunk(b"IEND", b"")]
        .concat()
}

fn deflated(data: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn pngs_are_complete_if_all_rows_are() {
    let rows = |count: usize| {
        (0..count * 31).map(|at| if at % 31 == 0 { 0 } else { (at * at / 7) as u8 }).collect::<Vec<u8>>()
    };
    let whole = deflated(&rows(20));
    let mut bad_filter = rows(20);
    bad_filter[31 * 9] = 7;
    let mut bad_sum = whole.clone();
    *bad_sum.last_mut().unwrap() ^= 1;
    for (bytes, is_complete) in [
        (png(0, &[], &whole), true),
        (png(3, &[9; 768], &whole), true),
        (png(0, &[], &deflated(&rows(21))), true),
        (png(0, &[], &deflated(&rows(19))), false),
        (png(0, &[], &whole[..whole.len() / 2]), false),
        (png(0, &[], &[&whole[..40], &whole[60..]].concat()), false),
        (png(0, &[], &deflated(&bad_filter)), false),
        (png(0, &[], &bad_sum), false),
        (png(3, &[], &whole), false),
    ] {
        let probe = probe(&bytes);
        let found = probe.and_then(|probe| check_complete(&bytes, &probe));
        assert_eq!(found.is_ok(), is_complete, "{found:?}");
    }
}

#[test]
fn webps_are_complete_if_their_data_is() {
    let mut out = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_fn(60, 50, |x, y| image::Rgb([(x * 7) as u8, (y * 5) as u8, (x * y) as u8]));
    image::DynamicImage::ImageRgb8(picture).write_to(&mut out, image::ImageFormat::WebP).unwrap();
    let whole = out.into_inner();
    let check = |bytes: &[u8]| probe(bytes).and_then(|probe| check_complete(bytes, &probe));
    assert_eq!(check(&whole), Ok(()));
    // Cut, with sizes that fit.
    for length in [whole.len() / 4 * 2, whole.len() / 10 * 6] {
        let mut cut = whole[..length].to_vec();
        cut[4..8].copy_from_slice(&(length as u32 - 8).to_le_bytes());
        cut[16..20].copy_from_slice(&(length as u32 - 20).to_le_bytes());
        assert!(check(&cut).is_err(), "{length} of {} bytes", whole.len());
    }
}
