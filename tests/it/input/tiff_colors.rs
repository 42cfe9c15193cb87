//! The colours of TIFFs: palettes, alpha, and the JPEG in a strip. The expected pictures are what libtiff shows.

use super::tiff_builder::Tiff;
use super::tiff_variants::decode;
use crate::bench::root;
use docmill::internal::media::{Document, EarlierPicture, MediaFaultKind, Pixels};

fn compare(bytes: &[u8], earlier: u32) -> EarlierPicture {
    let document = Document::open(bytes.to_vec().into()).unwrap();
    document.compare_with_earlier(1, (100, 100), earlier).unwrap()
}

#[test]
fn transparent_pixels_are_white() {
    let black = |alphas: &[u8]| alphas.iter().flat_map(|alpha| [0, *alpha]).collect::<Vec<u8>>();
    let page = |samples: Vec<u8>, kind: u32| {
        Tiff::new(3, 1).tag(258, &[8, 8]).tag(262, &[1]).tag(277, &[2]).tag(338, &[kind]).strip(samples)
    };
    let wide = |alphas: &[u8]| alphas.iter().flat_map(|alpha| [0, 0, *alpha, *alpha]).collect::<Vec<u8>>();
    for (name, tiff, expected) in [
        ("straight", page(black(&[0, 128, 255]), 2), [255, 127, 0]),
        ("premultiplied", page(vec![0, 0, 64, 128, 9, 255], 1), [255, 191, 9]),
        ("not alpha", page(black(&[0, 128, 255]), 0), [0; 3]),
        ("16 bits", page(wide(&[0, 128, 255]), 2).tag(258, &[16, 16]), [255, 127, 0]),
        ("white is 0", page(vec![255, 0, 255, 255, 0, 255], 2).tag(262, &[0]), [255, 0, 255]),
    ] {
        assert_eq!(decode(&tiff.build()).map(|pixels| pixels.data), Ok(expected.to_vec()), "{name}");
    }
    let rgba = Tiff::new(2, 1).tag(258, &[8; 4]).tag(262, &[2]).tag(277, &[4]);
    let rgba = rgba.tag(338, &[2]).strip(vec![9, 8, 7, 255, 9, 8, 7, 0]);
    assert_eq!(decode(&rgba.build()).map(|pixels| pixels.data), Ok(vec![9, 8, 7, 255, 255, 255]));
}

/// As Pillow's reading, except where that shows nothing.
#[test]
fn a_fourth_sample_without_a_tag_is_alpha_if_it_shows_anything() {
    let page = |alphas: [u8; 2]| {
        let samples = alphas.iter().flat_map(|alpha| [9, 8, 7, *alpha]).collect();
        Tiff::new(2, 1).tag(258, &[8; 4]).tag(262, &[2]).tag(277, &[4]).strip(samples)
    };
    let other = EarlierPicture::Different("transparent parts of it were not white".to_owned());
    for (name, tiff, expected, earlier) in [
        ("opaque", page([255, 255]), [9, 8, 7, 9, 8, 7], EarlierPicture::Same),
        ("a part", page([255, 0]), [9, 8, 7, 255, 255, 255], other),
        ("0 everywhere", page([0, 0]), [9, 8, 7, 9, 8, 7], EarlierPicture::Same),
        ("said not to be alpha", page([255, 0]).tag(338, &[0]), [9, 8, 7, 9, 8, 7], EarlierPicture::Same),
    ] {
        let bytes = tiff.build();
        assert_eq!(decode(&bytes).map(|pixels| pixels.data), Ok(expected.to_vec()), "{name}");
        assert_eq!(compare(&bytes, 6), earlier, "{name}");
        assert_eq!(compare(&bytes, 7), EarlierPicture::Same, "{name}");
    }
}

/// A page of three samples, compressed as JPEG.
fn jpeg_page((width, height): (u32, u32), photometric: u32) -> Tiff {
    Tiff::new(width, height).tag(258, &[8; 3]).tag(259, &[7]).tag(262, &[photometric]).tag(277, &[3])
}

#[test]
fn a_jpeg_in_a_strip_has_its_own_colours() {
    let jpeg = std::fs::read(root().join("tests/data/page.jpg")).unwrap();
    let picture = image::load_from_memory(&jpeg).unwrap().into_rgb8();
    let (width, height) = picture.dimensions();
    let page = |photometric| jpeg_page((width, height), photometric).strip(jpeg.clone());
    let subsampled = jpeg.windows(2).position(|two| two == [0xFF, 0xC0] || two == [0xFF, 0xC2]).unwrap() + 11;
    assert_ne!(jpeg[subsampled], 0x11, "the page is subsampled");
    let (tagged, contradicted) = (page(6).build(), page(2).build());
    let expected = decode(&tagged).unwrap().data;
    assert!(decode(&contradicted).unwrap().data == expected);
    let near = expected.iter().zip(picture.as_raw()).filter(|(a, b)| a.abs_diff(**b) > 24).count();
    assert!(near < expected.len() / 50, "{near} of {} samples differ", expected.len());
    assert_eq!(compare(&tagged, 6), EarlierPicture::Same);
    assert_eq!(compare(&contradicted, 6), EarlierPicture::Different("it has the colours of its JPEG now".to_owned()));
}

#[test]
fn a_jpeg_of_other_colours_is_not_guessed() {
    let jpeg = std::fs::read(root().join("tests/data/page.jpg")).unwrap();
    let (width, height) = image::load_from_memory(&jpeg).unwrap().into_rgb8().dimensions();
    let page = |photometric| jpeg_page((width, height), photometric).tag(320, &[0; 768]).strip(jpeg.clone());
    // Grey with two extra samples, a palette, three kinds of L*a*b*, a filter of colours.
    for photometric in [0, 1, 3, 8, 9, 10, 32_803, 34_892] {
        let found = decode(&page(photometric).build()).err();
        assert_eq!(found, Some(MediaFaultKind::UnsupportedFormat), "{photometric}");
    }
    for photometric in [2, 6] {
        assert!(decode(&page(photometric).build()).is_ok(), "{photometric}");
    }
}

#[test]
fn palettes() {
    let map: Vec<u32> = (0..3).flat_map(|channel| (0..4).map(move |at| (channel * 60 + at * 20) * 257)).collect();
    let expected = Ok([2, 0, 3].iter().flat_map(|at| [0, 60, 120].map(|base| (base + at * 20) as u8)).collect());
    let page =
        |bits: u32, samples: Vec<u8>| Tiff::new(3, 1).tag(258, &[bits]).tag(262, &[3]).tag(320, &map).strip(samples);
    for (name, tiff) in [
        ("2 bits", page(2, vec![0b1000_1100])),
        ("4 bits", page(4, vec![0x20, 0x30])),
        ("8 bits", page(8, vec![2, 0, 3])),
        ("16 bits", page(16, vec![2, 0, 0, 0, 3, 0])),
        ("tones of 8 bits", page(8, vec![2, 0, 3]).tag(320, &map.iter().map(|tone| tone / 257).collect::<Vec<_>>())),
        ("unspecified samples", page(8, vec![2, 9, 0, 9, 3, 9]).tag(258, &[8, 8]).tag(277, &[2]).tag(338, &[0])),
    ] {
        assert_eq!(decode(&tiff.build()).map(|pixels| pixels.data), expected, "{name}");
    }
    // Many programs write only the colours that they use.
    let short = |count: usize| {
        let map: Vec<u32> = map.chunks(4).flat_map(|tones| tones[..count].to_vec()).collect();
        decode(&page(8, vec![1, 0, 2]).tag(320, &map).build()).map(|pixels| pixels.data[3])
    };
    assert_eq!((short(4), short(3), short(2)), (Ok(0), Ok(0), Err(MediaFaultKind::Damaged)));
}

/// As libtiff's `TIFFReadRGBAImage`: the colours of fax data are those of the palette.
#[test]
fn fax_pages_with_a_palette_have_its_colours() {
    let bytes = std::fs::read(root().join("tests/data/tiff/g4.tif")).unwrap();
    let black_is_zero = decode(&bytes).unwrap().data;
    let page = |colors: &[u32]| {
        let page = Tiff::new(75, 110).tag(258, &[1]).tag(259, &[4]).tag(262, &[3]).tag(320, colors);
        decode(&page.strip(bytes[8..8 + 143].to_vec()).build())
    };
    let reds = |pixels: Pixels| pixels.data.iter().step_by(3).copied().collect::<Vec<u8>>();
    let found = page(&[0, 65535, 0, 65535, 0, 65535]).map(reds);
    assert!(found == Ok(black_is_zero.clone()), "black, white");
    let negative: Vec<u8> = black_is_zero.iter().map(|tone| 255 - tone).collect();
    assert!(page(&[65535, 0, 65535, 0, 65535, 0]).map(reds) == Ok(negative), "white, black");
    let blue = page(&[0, 65535, 0, 65535, 65535, 65535]).unwrap();
    assert!(blue.data.chunks(3).all(|color| color == [0, 0, 255] || color == [255; 3]), "blue, white");
}
