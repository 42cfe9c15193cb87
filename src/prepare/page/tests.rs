//! What is sent for which page.

use super::*;
use crate::catalog::{Detail, ImageRule, image_rule};
use crate::media::Format;
use image::{DynamicImage, GrayImage, ImageFormat, RgbImage, RgbaImage};
use std::io::Cursor;

fn options(size: Size, rule: ImageRule) -> Image {
    Image { detail: Detail::High, size, rule, max_side: None, min_side: None }
}

fn tile(size: Size) -> Image {
    options(size, image_rule("gpt-4o-mini", None))
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Bytes {
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
fn what_fits_is_sent_as_it_is() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let bytes = encoded(&gradient(300, 200), format);
        let prepared = run(&bytes, &tile(Size::Standard)).unwrap();
        assert_eq!(prepared.bytes, bytes, "{format:?}");
        assert_eq!((prepared.width, prepared.height), (300, 200));
    }
}

#[test]
fn what_does_not_fit_is_downscaled_to_what_the_model_can_use() {
    let bytes = encoded(&gradient(1654, 2339), ImageFormat::Jpeg);
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
fn formats_that_providers_refuse_are_encoded_again() {
    for format in [ImageFormat::Gif, ImageFormat::Bmp] {
        let prepared = run(&encoded(&gradient(300, 200), format), &tile(Size::Standard)).unwrap();
        assert_eq!((prepared.mime, prepared.width, prepared.height), ("image/jpeg", 300, 200), "{format:?}");
    }
}

#[test]
fn transparency_lies_over_white_and_depth_is_eight_bits() {
    let clear = DynamicImage::ImageRgba8(RgbaImage::from_pixel(40, 40, image::Rgba([0, 0, 0, 0])));
    let prepared = run(&encoded(&clear, ImageFormat::Png), &tile(Size::Standard)).unwrap();
    assert_eq!(prepared.mime, "image/jpeg");
    assert!(shown(&prepared).into_luma8().pixels().all(|p| p.0[0] > 250));
    let deep = DynamicImage::ImageLuma16(image::ImageBuffer::from_pixel(40, 40, image::Luma([0x8000_u16])));
    let prepared = run(&encoded(&deep, ImageFormat::Png), &tile(Size::Standard)).unwrap();
    assert!(shown(&prepared).into_luma8().pixels().all(|p| (126..=130).contains(&p.0[0])));
}

/// An Exif segment that says orientation 6 (turn by 90 degrees) after the first marker.
fn turned(jpeg: &[u8]) -> Bytes {
    let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xFF, 0xE1], &length, exif, &jpeg[2..]].concat().into()
}

#[test]
fn exif_orientation_is_applied() {
    // White left half, black right half: turned by 90 degrees, white is on top.
    let halves = GrayImage::from_fn(200, 100, |x, _| image::Luma([if x < 100 { 255 } else { 0 }]));
    let bytes = turned(&encoded(&DynamicImage::ImageLuma8(halves), ImageFormat::Jpeg));
    let prepared = run(&bytes, &tile(Size::Standard)).unwrap();
    assert_eq!((prepared.width, prepared.height), (100, 200));
    let picture = shown(&prepared).into_luma8();
    assert!(picture.get_pixel(50, 20).0[0] > 240 && picture.get_pixel(50, 180).0[0] < 15);
}

#[test]
fn what_is_no_page_says_why() {
    let jpeg = encoded(&gradient(300, 200), ImageFormat::Jpeg);
    let png = encoded(&gradient(300, 200), ImageFormat::Png);
    let gif = encoded(&gradient(300, 200), ImageFormat::Gif);
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
        assert_eq!(fault.kind.name(), kind, "{fault} for {:?}", Format::of(&bytes));
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    })
}
