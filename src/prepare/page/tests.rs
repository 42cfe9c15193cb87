//! Which image is sent for which page.

use super::*;
use crate::catalog::{Detail, ImageRule, image_rule};
use crate::manifest::PdfRenderer;
use image::{DynamicImage, GrayImage, ImageFormat as Encoding, RgbImage, RgbaImage};
use std::io::Cursor;

fn options(size: Size, rule: ImageRule) -> Image {
    Image { detail: Detail::High, size, rule, max_side: None, min_side: None, pdf_renderer: PdfRenderer::Auto }
}

fn tile(size: Size) -> Image {
    options(size, image_rule("gpt-4o-mini", None))
}

fn encoded(picture: &DynamicImage, format: Encoding) -> Bytes {
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, format).unwrap();
    out.into_inner().into()
}

fn gradient(width: u32, height: u32) -> DynamicImage {
    let pixel = |x: u32, y: u32| image::Rgb([(x * 255 / width) as u8, (y * 255 / height) as u8, 60]);
    DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, pixel))
}

fn run(bytes: &Bytes, image: &Image) -> Result<Prepared, MediaFault> {
    prepare(&Document::open(bytes.clone())?, 1, image, false)
}

fn shown(prepared: &Prepared) -> DynamicImage {
    image::load_from_memory(&prepared.bytes).unwrap()
}

#[test]
fn files_that_fit_are_sent_as_they_are() {
    for format in [Encoding::Jpeg, Encoding::Png, Encoding::WebP] {
        let bytes = encoded(&gradient(300, 200), format);
        let prepared = run(&bytes, &tile(Size::Standard)).unwrap();
        assert_eq!(prepared.bytes, bytes, "{format:?}");
        assert_eq!((prepared.width, prepared.height), (300, 200));
    }
}

#[test]
fn larger_pages_are_downscaled_to_what_the_model_can_use() {
    let bytes = encoded(&gradient(1654, 2339), Encoding::Jpeg);
    let prepared = run(&bytes, &tile(Size::Standard)).unwrap();
    assert_eq!((prepared.width, prepared.height, prepared.mime), (724, 1024, "image/jpeg"));
    assert_eq!((shown(&prepared).width(), shown(&prepared).height()), (724, 1024));
    let original = run(&bytes, &tile(Size::Original)).unwrap();
    assert_eq!(original.bytes, bytes);
    let unknown = Image { max_side: Some(1000), ..options(Size::Full, ImageRule::Unknown) };
    let prepared = run(&bytes, &unknown).unwrap();
    assert_eq!((prepared.width, prepared.height), (708, 1000));
}

#[test]
fn formats_that_providers_refuse_become_jpeg() {
    for format in [Encoding::Gif, Encoding::Bmp] {
        let prepared = run(&encoded(&gradient(300, 200), format), &tile(Size::Standard)).unwrap();
        assert_eq!((prepared.mime, prepared.width, prepared.height), ("image/jpeg", 300, 200), "{format:?}");
    }
}

#[test]
fn transparency_becomes_white_and_samples_have_8_bits() {
    let clear = DynamicImage::ImageRgba8(RgbaImage::from_pixel(40, 40, image::Rgba([0, 0, 0, 0])));
    let prepared = run(&encoded(&clear, Encoding::Png), &tile(Size::Standard)).unwrap();
    assert_eq!(prepared.mime, "image/jpeg");
    assert!(shown(&prepared).into_luma8().pixels().all(|p| p.0[0] > 250));
    let deep = DynamicImage::ImageLuma16(image::ImageBuffer::from_pixel(40, 40, image::Luma([0x8000_u16])));
    let prepared = run(&encoded(&deep, Encoding::Png), &tile(Size::Standard)).unwrap();
    assert!(shown(&prepared).into_luma8().pixels().all(|p| (126..=130).contains(&p.0[0])));
}

/// Inserts an Exif segment with orientation 6 (turn by 90 degrees) after the first marker.
fn turn(jpeg: &[u8]) -> Bytes {
    let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, exif, &jpeg[2..]].concat().into()
}

#[test]
fn exif_orientation_is_applied() {
    // White left half, black right half: turned by 90 degrees, white is on top.
    let halves = GrayImage::from_fn(200, 100, |x, _| image::Luma([if x < 100 { 255 } else { 0 }]));
    let bytes = turn(&encoded(&DynamicImage::ImageLuma8(halves), Encoding::Jpeg));
    let prepared = run(&bytes, &tile(Size::Standard)).unwrap();
    assert_eq!((prepared.width, prepared.height), (100, 200));
    let picture = shown(&prepared).into_luma8();
    assert!(picture.get_pixel(50, 20).0[0] > 240 && picture.get_pixel(50, 180).0[0] < 15);
}

#[test]
fn files_without_a_page_say_why() {
    let jpeg = encoded(&gradient(300, 200), Encoding::Jpeg);
    let png = encoded(&gradient(300, 200), Encoding::Png);
    let gif = encoded(&gradient(300, 200), Encoding::Gif);
    let mut bomb = png.to_vec();
    bomb[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
    let crc = crc32(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&crc.to_be_bytes());
    for (bytes, kind) in [
        (Bytes::new(), "empty_file"),
        (Bytes::from_static(b"Dear Sir or Madam,"), "not_an_image"),
        (Bytes::from_static(b"%PDF-1.7 ..."), "damaged"),
        (Bytes::from_static(b"\0\0\0\x18ftypheic\0\0"), "unsupported_format"),
        (jpeg.slice(..jpeg.len() / 2), "cut_short"),
        (jpeg.slice(..20), "cut_short"),
        (png.slice(..png.len() / 2), "cut_short"),
        (gif.slice(..gif.len() / 2), "cut_short"),
        (bomb.into(), "too_large"),
    ] {
        let fault = run(&bytes, &tile(Size::Standard)).unwrap_err();
        assert_eq!(fault.kind.name(), kind, "{fault} for {:?}", ImageFormat::detect(&bytes));
    }
}

#[test]
fn headers_are_enough_for_files_that_can_be_sent() {
    let jpeg = encoded(&gradient(300, 200), Encoding::Jpeg);
    for (bytes, size) in [
        (jpeg.clone(), Some((300, 200))),
        (turn(&jpeg), Some((200, 300))),
        (encoded(&gradient(300, 200), Encoding::Png), Some((300, 200))),
        (encoded(&gradient(300, 200), Encoding::WebP), Some((300, 200))),
        (encoded(&gradient(300, 200), Encoding::Gif), None),
        (Bytes::from_static(b"%PDF-1.7"), None),
    ] {
        assert_eq!(size_from_header(&bytes), Ok(size));
        assert_eq!(is_single_page(&bytes), Ok(size.is_some()));
    }
    assert_eq!(is_single_page(b"").unwrap_err().kind.name(), "empty_file");
    assert_eq!(size_from_header(&jpeg[..40]).unwrap_err().kind.name(), "cut_short");
}

#[test]
fn which_files_pass_through() {
    let jpeg = encoded(&gradient(300, 200), Encoding::Jpeg);
    let large = encoded(&gradient(1654, 2339), Encoding::Jpeg);
    let clear = DynamicImage::ImageRgba8(RgbaImage::from_pixel(40, 40, image::Rgba([0, 0, 0, 0])));
    for (bytes, size, passes) in [
        (jpeg.clone(), Size::Standard, true),
        (encoded(&gradient(300, 200), Encoding::Png), Size::Standard, true),
        (large.clone(), Size::Standard, false),
        (large, Size::Original, true),
        // Turned, or with transparency.
        (turn(&jpeg), Size::Standard, false),
        (turn(&jpeg), Size::Original, true),
        (encoded(&clear, Encoding::Png), Size::Standard, false),
        (encoded(&clear, Encoding::Png), Size::Original, true),
        (encoded(&gradient(300, 200), Encoding::Bmp), Size::Original, false),
    ] {
        let passed = pass_through(&bytes, &tile(size)).unwrap();
        assert_eq!(passed.is_some(), passes, "{size:?}");
        assert!(passed.is_none_or(|passed| passed.bytes == bytes && passed.features.is_none()));
    }
    let huge: Bytes = [&jpeg[..], &vec![0; MAX_IMAGE_BYTES]].concat().into();
    assert_eq!(pass_through(&huge, &tile(Size::Standard)).unwrap().map(|passed| passed.bytes.len()), None);
    assert_eq!(pass_through(&huge, &tile(Size::Original)).unwrap_err().kind.name(), "request_too_large");
}

#[test]
fn features_are_measured_on_request_whatever_is_sent() {
    let blank = DynamicImage::ImageLuma8(GrayImage::from_pixel(300, 200, image::Luma([250])));
    for (picture, size, is_blank) in
        [(&blank, Size::Standard, true), (&blank, Size::Original, true), (&gradient(1654, 2339), Size::Standard, false)]
    {
        let document = Document::open(encoded(picture, Encoding::Png)).unwrap();
        let with = prepare(&document, 1, &tile(size), true).unwrap();
        let without = prepare(&document, 1, &tile(size), false).unwrap();
        assert_eq!(with.features.map(|features| features.is_blank), Some(is_blank), "{size:?}");
        assert_eq!(without.features, None);
        assert_eq!((with.bytes, with.width, with.height), (without.bytes, without.width, without.height));
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}
