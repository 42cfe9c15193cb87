//! Every kind of TIFF that scanners write, against the picture that all of them show.
//! `tests/data/tiff` was made with libtiff's tools from one drawing.

use crate::bench::root;
use docmill::internal::media::{Document, MediaFaultKind, Pixels};
use std::path::PathBuf;

fn folder() -> PathBuf {
    root().join("tests/data/tiff")
}

fn document(name: &str) -> Document {
    let opened = Document::open(std::fs::read(folder().join(name)).unwrap().into());
    assert!(opened.is_ok(), "{name}: {:?}", opened.err());
    opened.unwrap_or_else(|_| unreachable!())
}

fn decoded(document: &Document, page: u32) -> Pixels {
    let probe = document.probe(page).unwrap();
    let decoded = document.decode(page, &probe, (probe.width, probe.height));
    assert!(decoded.is_ok(), "page {page}: {:?}", decoded.err());
    decoded.unwrap_or_else(|_| unreachable!())
}

fn grey(pixels: &Pixels) -> Vec<u8> {
    match pixels.channels {
        1 => pixels.data.clone(),
        _ => pixels
            .data
            .chunks_exact(3)
            .map(|p| ((u32::from(p[0]) * 299 + u32::from(p[1]) * 587 + u32::from(p[2]) * 114) / 1000) as u8)
            .collect(),
    }
}

fn reference(name: &str) -> Vec<u8> {
    let picture = image::open(folder().join(name)).unwrap().into_rgb8();
    let (width, height) = picture.dimensions();
    grey(&Pixels { width, height, channels: 3, data: picture.into_raw() })
}

/// The mean difference of two pictures' tones, of 255.
fn difference(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.len() as f64
}

#[test]
fn every_compression_colour_and_layout_shows_the_same_picture() {
    let (colour, bilevel) = (reference("reference.png"), reference("bilevel.png"));
    for (name, expected, most) in [
        ("rgb.tif", &colour, 0.6),
        ("rgb-lzw.tif", &colour, 0.6),
        ("rgb-deflate.tif", &colour, 0.6),
        ("rgb-packbits.tif", &colour, 0.6),
        ("rgb-jpeg.tif", &colour, 4.0),
        ("tiled-lzw.tif", &colour, 0.6),
        ("planar.tif", &colour, 0.6),
        ("big-endian.tif", &colour, 0.6),
        ("bigtiff.tif", &colour, 0.6),
        ("predictor.tif", &colour, 0.6),
        ("cmyk.tif", &colour, 1.0),
        ("palette.tif", &colour, 1.0),
        ("grey.tif", &colour, 0.6),
        ("grey-16.tif", &colour, 0.6),
        ("bilevel-none.tif", &bilevel, 0.0),
        ("bilevel-packbits.tif", &bilevel, 0.0),
        ("g3-1d.tif", &bilevel, 0.0),
        ("g3-2d.tif", &bilevel, 0.0),
        ("g4.tif", &bilevel, 0.0),
        ("g4-lsb.tif", &bilevel, 0.0),
        ("g4-strips.tif", &bilevel, 0.0),
        ("rle.tif", &bilevel, 0.0),
    ] {
        let document = document(name);
        assert_eq!(document.layout().count, 1, "{name}");
        let found = difference(&grey(&decoded(&document, 1)), expected);
        assert!(found <= most, "{name}: {found}");
    }
}

#[test]
fn each_page_of_several_is_itself() {
    let document = document("several.tif");
    assert_eq!(document.layout().count, 4);
    let (colour, bilevel) = (reference("reference.png"), reference("bilevel.png"));
    for (page, expected) in [(1, &bilevel), (2, &colour), (3, &bilevel), (4, &colour)] {
        assert!(difference(&grey(&decoded(&document, page)), expected) <= 0.6, "page {page}");
    }
    assert_eq!(document.probe(5).unwrap_err().kind, MediaFaultKind::NoPages);
}

/// The bytes of `several.tif` with the directory chain's last link led back to its first.
fn looping() -> Vec<u8> {
    let mut bytes = std::fs::read(folder().join("several.tif")).unwrap();
    let number = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let first = number(&bytes, 4);
    let mut at = first;
    loop {
        let count = usize::from(u16::from_le_bytes(bytes[at..at + 2].try_into().unwrap()));
        let link = at + 2 + count * 12;
        match number(&bytes, link) {
            0 => {
                bytes[link..link + 4].copy_from_slice(&(first as u32).to_le_bytes());
                return bytes;
            }
            next => at = next,
        }
    }
}

#[test]
fn a_chain_of_directories_that_loops_ends() {
    assert_eq!(Document::open(looping().into()).unwrap().layout().count, 4);
}

#[test]
fn fax_pages_keep_their_proportions() {
    // Fax machines: 204 dots across, 98 down, unless their user selects fine mode.
    let probe = document("fax-normal.tif").probe(1).unwrap();
    assert_eq!((probe.width, probe.height), (75, 229));
}
