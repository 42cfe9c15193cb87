//! TIFFs as document systems write them: tags that mean nothing, byte counts that are missing, bits
//! in the other order. The expected pictures are what libtiff shows.

use crate::bench::root;
use crate::input::tiff_builder::{Tiff, pack_bits, patch_tag};
use crate::skip::{CASES, case_file, skip};
use docmill::internal::media::{Document, MediaFaultKind, Pixels};

const WIDTH: u32 = 9;
const HEIGHT: u32 = 6;

pub(crate) fn decode(bytes: &[u8]) -> Result<Pixels, MediaFaultKind> {
    let document = Document::open(bytes.to_vec().into()).map_err(|fault| fault.kind)?;
    let probe = document.probe(1).map_err(|fault| fault.kind)?;
    document.decode(1, &probe, (probe.width, probe.height)).map_err(|fault| fault.kind)
}

/// Tones that differ everywhere.
fn tones() -> Vec<u8> {
    (0..WIDTH * HEIGHT).map(|at| (at * 37 % 251) as u8).collect()
}

fn grey(samples: Vec<u8>) -> Tiff {
    Tiff::new(WIDTH, HEIGHT).tag(258, &[8]).tag(262, &[1]).strip(samples)
}

fn deflate(data: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn lzw(data: &[u8]) -> Vec<u8> {
    weezl::encode::Encoder::with_tiff_size_switch(weezl::BitOrder::Msb, 8).encode(data).unwrap()
}

/// Rows of samples of `size` bytes, little-endian, as differences.
fn differences(samples: &[u8], row: usize, size: usize, step: usize) -> Vec<u8> {
    let mut out = samples.to_vec();
    for (row, source) in out.chunks_mut(row).zip(samples.chunks(row)) {
        for at in (step * size..row.len()).step_by(size) {
            let read = |at: usize| match size {
                1 => u16::from(source[at]),
                _ => u16::from_le_bytes([source[at], source[at + 1]]),
            };
            let difference = read(at).wrapping_sub(read(at - step * size)).to_le_bytes();
            row[at..at + size].copy_from_slice(&difference[..size]);
        }
    }
    out
}

fn reversed(data: &[u8]) -> Vec<u8> {
    data.iter().map(|byte| byte.reverse_bits()).collect()
}

#[test]
fn predictors_apply_to_lzw_and_deflate_only() {
    let plain = tones();
    let row = WIDTH as usize;
    let wide: Vec<u8> = plain.iter().flat_map(|tone| [tone.wrapping_mul(3), *tone]).collect();
    for (name, tiff) in [
        ("none", grey(plain.clone()).tag(317, &[2])),
        ("packbits", grey(pack_bits(&plain)).tag(259, &[32773]).tag(317, &[2])),
        ("packbits, meaningless", grey(pack_bits(&plain)).tag(259, &[32773]).tag(317, &[38928])),
        ("none, floating point", grey(plain.clone()).tag(317, &[3])),
        ("lzw", grey(lzw(&differences(&plain, row, 1, 1))).tag(259, &[5]).tag(317, &[2])),
        ("deflate", grey(deflate(&differences(&plain, row, 1, 1))).tag(259, &[8]).tag(317, &[2])),
        ("old deflate", grey(deflate(&differences(&plain, row, 1, 1))).tag(259, &[32946]).tag(317, &[2])),
        ("lzw, 16 bits", grey(lzw(&differences(&wide, 2 * row, 2, 1))).tag(258, &[16]).tag(259, &[5]).tag(317, &[2])),
        ("deflate without one", grey(deflate(&plain)).tag(259, &[8]).tag(317, &[1])),
    ] {
        assert_eq!(decode(&tiff.build()).map(|pixels| pixels.data), Ok(plain.clone()), "{name}");
    }
    for predictor in [3, 38928] {
        let tiff = grey(deflate(&plain)).tag(259, &[8]).tag(317, &[predictor]);
        assert_eq!(decode(&tiff.build()).err(), Some(MediaFaultKind::UnsupportedFormat), "predictor {predictor}");
    }
    // Three samples a pixel.
    let rgb: Vec<u8> = plain.iter().flat_map(|tone| [*tone, tone ^ 0x55, 255 - tone]).collect();
    let tiff = grey(lzw(&differences(&rgb, 3 * row, 1, 3))).tag(258, &[8, 8, 8]).tag(259, &[5]).tag(262, &[2]);
    assert_eq!(decode(&tiff.tag(277, &[3]).tag(317, &[2]).build()).map(|pixels| pixels.data), Ok(rgb));
}

#[test]
fn a_predictor_of_a_jpeg_means_nothing() {
    let jpeg = std::fs::read(root().join("tests/data/tiff/rgb-jpeg.tif")).unwrap();
    let expected = decode(&jpeg).map(|pixels| pixels.data);
    assert!(expected.is_ok());
    for predictor in [2, 3, 38928] {
        // The configuration of planes has its default.
        let patched = patch_tag(&jpeg, 284, 317, Some(predictor));
        assert_eq!(decode(&patched).map(|pixels| pixels.data), expected, "predictor {predictor}");
    }
}

#[test]
fn a_jpeg_in_a_strip_must_be_complete() {
    let jpeg = std::fs::read(root().join("tests/data/tiff/rgb-jpeg.tif")).unwrap();
    let (start, count) = (8, 8608);
    assert_eq!(&jpeg[start + count - 2..start + count], b"\xFF\xD9");
    let mut cut = jpeg.clone();
    cut[start + count / 2..start + count / 2 + 2].copy_from_slice(b"\xFF\xD9");
    assert_eq!(decode(&cut).err(), Some(MediaFaultKind::CutShort));
}

#[test]
fn bits_in_the_other_order() {
    let plain = tones();
    for (name, compression, data) in [
        ("none", 1, plain.clone()),
        ("packbits", 32773, pack_bits(&plain)),
        ("lzw", 5, lzw(&plain)),
        ("deflate", 8, deflate(&plain)),
    ] {
        let tiff = grey(reversed(&data)).tag(259, &[compression]).tag(266, &[2]);
        assert_eq!(decode(&tiff.build()).map(|pixels| pixels.data), Ok(plain.clone()), "{name}");
    }
}

#[test]
fn other_colours_and_depths() {
    let page = |bits: &[u32], photometric: u32, samples: Vec<u8>| {
        Tiff::new(2, 1).tag(258, bits).tag(262, &[photometric]).tag(277, &[bits.len() as u32]).strip(samples)
    };
    for (name, tiff, expected) in [
        ("Lab", page(&[8; 3], 8, vec![255, 0, 0, 0, 0, 0]), vec![255, 255, 255, 0, 0, 0]),
        ("ICC Lab", page(&[8; 3], 9, vec![255, 128, 128, 0, 128, 128]), vec![255, 255, 255, 0, 0, 0]),
        ("2 bits", page(&[2], 1, vec![0b0111_0000]), vec![85, 255]),
        ("4 bits, white is 0", page(&[4], 0, vec![0x0F]), vec![255, 0]),
        ("12 bits", page(&[12], 1, vec![0xFF, 0xF8, 0x00]), vec![255, 128]),
        (
            "YCbCr, not subsampled",
            page(&[8; 3], 6, vec![255, 128, 128, 0, 128, 128]).tag(530, &[1, 1]),
            vec![255, 255, 255, 0, 0, 0],
        ),
        ("YCbCr, subsampled", page(&[8; 3], 6, vec![255, 0, 128, 128]).tag(530, &[2, 1]), vec![255, 255, 255, 0, 0, 0]),
    ] {
        assert_eq!(decode(&tiff.build()).map(|pixels| pixels.data), Ok(expected), "{name}");
    }
    let signed = grey(tones()).tag(339, &[2]);
    assert_eq!(decode(&signed.build()).err(), Some(MediaFaultKind::UnsupportedFormat));
}

#[test]
fn byte_counts_that_are_missing_or_wrong() {
    let plain = tones();
    for (name, compression, data) in [
        ("none", 1, plain.clone()),
        ("packbits", 32773, pack_bits(&plain)),
        ("lzw", 5, lzw(&plain)),
        ("deflate", 8, deflate(&plain)),
    ] {
        for counts in [None, Some(0), Some(1 << 20)] {
            let mut tiff = grey(data.clone()).tag(259, &[compression]);
            tiff.byte_counts = Some(counts.into_iter().collect());
            assert_eq!(decode(&tiff.build()).map(|pixels| pixels.data), Ok(plain.clone()), "{name}, {counts:?}");
        }
        // Two strips: the data of one reaches to that of the next.
        let (first, second) = plain.split_at(WIDTH as usize * 4);
        let pack = |data: &[u8]| match compression {
            1 => data.to_vec(),
            5 => lzw(data),
            8 => deflate(data),
            _ => pack_bits(data),
        };
        let mut tiff = Tiff::new(WIDTH, HEIGHT).tag(258, &[8]).tag(262, &[1]).tag(278, &[4]).tag(259, &[compression]);
        tiff = tiff.strip(pack(first)).strip(pack(second));
        for counts in [vec![], vec![0, 0], vec![1 << 20, 1 << 20]] {
            tiff.byte_counts = Some(counts.clone());
            assert_eq!(decode(&tiff.build()).map(|pixels| pixels.data), Ok(plain.clone()), "{name}, {counts:?}");
        }
    }
    // A strip without data has the place of the next one.
    let half = &plain[..WIDTH as usize * 4];
    let shared = Tiff::new(WIDTH, HEIGHT).tag(258, &[8]).tag(262, &[1]).tag(278, &[4]).tag(259, &[5]);
    let shared = shared.strip(Vec::new()).strip(lzw(half));
    assert!(decode(&shared.build()).is_err(), "the rows of the second strip are not those of the first");
    let mut small = grey(plain.clone());
    small.byte_counts = Some(vec![3]);
    assert_eq!(decode(&small.build()).map(|pixels| pixels.data), Ok(plain));
}

#[test]
fn tiles_and_planes() {
    let plain = tones();
    let rgb: Vec<u8> = plain.iter().flat_map(|tone| [*tone, tone ^ 0x55, 255 - tone]).collect();
    // Tiles of 8 x 4: two across and two down, filled up with 1.
    let tile = |samples: &[u8], count: usize, column: usize, row: usize| -> Vec<u8> {
        let sample = |x: usize, y: usize, at: usize| match (x < WIDTH as usize, y < HEIGHT as usize) {
            (true, true) => samples[(y * WIDTH as usize + x) * count + at],
            _ => 1,
        };
        let pixels = (row * 4..row * 4 + 4).flat_map(|y| (column * 8..column * 8 + 8).map(move |x| (x, y)));
        pixels.flat_map(|(x, y)| (0..count).map(move |at| (x, y, at))).map(|(x, y, at)| sample(x, y, at)).collect()
    };
    let places = [(0, 0), (1, 0), (0, 1), (1, 1)];
    let planes: Vec<Vec<u8>> = (0..3).map(|at| rgb.iter().skip(at).step_by(3).copied().collect()).collect();
    for (compression, pack) in [(1, <[u8]>::to_vec as fn(&[u8]) -> Vec<u8>), (5, lzw), (8, deflate), (32773, pack_bits)]
    {
        let base = |samples: u32| {
            let tiff = Tiff::new(WIDTH, HEIGHT).tag(258, &vec![8; samples as usize]).tag(259, &[compression]);
            tiff.tag(262, &[if samples == 3 { 2 } else { 1 }]).tag(277, &[samples])
        };
        let tiled = |tiff: Tiff| tiff.tag(322, &[8]).tag(323, &[4]);
        let mut grey_tiles = tiled(base(1));
        let mut rgb_tiles = tiled(base(3));
        let mut planar_tiles = tiled(base(3)).tag(284, &[2]);
        let mut planar_strips = base(3).tag(284, &[2]);
        for (column, row) in places {
            grey_tiles = grey_tiles.strip(pack(&tile(&plain, 1, column, row)));
            rgb_tiles = rgb_tiles.strip(pack(&tile(&rgb, 3, column, row)));
        }
        for plane in &planes {
            planar_strips = planar_strips.strip(pack(plane));
            for (column, row) in places {
                planar_tiles = planar_tiles.strip(pack(&tile(plane, 1, column, row)));
            }
        }
        for (name, tiff, expected) in [
            ("grey tiles", grey_tiles, &plain),
            ("colour tiles", rgb_tiles, &rgb),
            ("planar tiles", planar_tiles, &rgb),
            ("planar strips", planar_strips, &rgb),
        ] {
            assert_eq!(decode(&tiff.build()).map(|pixels| pixels.data).as_ref(), Ok(expected), "{name}, {compression}");
        }
    }
}

#[test]
fn files_that_end_early_stay_cut_short() {
    let plain = tones();
    for (name, compression, data) in [
        ("none", 1, plain.clone()),
        ("packbits", 32773, pack_bits(&plain)),
        ("lzw", 5, lzw(&plain)),
        ("deflate", 8, deflate(&plain)),
    ] {
        let whole = grey(data).tag(259, &[compression]);
        let bytes = whole.build_with_data_last();
        assert_eq!(decode(&bytes).map(|pixels| pixels.data), Ok(plain.clone()), "{name}");
        let cut = &bytes[..bytes.len() - 20];
        assert_eq!(decode(cut).err(), Some(MediaFaultKind::CutShort), "{name}");
    }
    let mut missing = grey(plain);
    missing = missing.tag(278, &[3]);
    assert_eq!(decode(&missing.build()).err(), Some(MediaFaultKind::CutShort), "a strip that is missing");
}

#[test]
fn fax_pages_with_other_rows_and_counts() {
    let read = |name: &str| std::fs::read(root().join("tests/data/tiff").join(name)).unwrap();
    let expected = decode(&read("g4.tif")).unwrap().data;
    let (width, height) = (75, 110);
    for name in ["g4.tif", "g4-lsb.tif", "g3-1d.tif", "g3-2d.tif"] {
        let bytes = read(name);
        for (reason, patched) in [
            ("counts of 0", patch_tag(&bytes, 279, 279, Some(0))),
            ("no counts", patch_tag(&bytes, 279, 65000, None)),
            ("large counts", patch_tag(&bytes, 279, 279, Some(1 << 30))),
        ] {
            assert_eq!(decode(&patched).map(|pixels| pixels.data).as_ref(), Ok(&expected), "{name}: {reason}");
        }
        // The data has an end mark: the rest is white.
        let more = patch_tag(&patch_tag(&bytes, 257, 257, Some(150)), 278, 278, Some(150));
        let found = decode(&more).map(|pixels| pixels.data);
        let white = [&expected[..], &vec![255; width * (150 - height)]].concat();
        // The data of Group 3 in a TIFF has no end.
        let shown = if name.starts_with("g4") { Ok(white) } else { Err(MediaFaultKind::CutShort) };
        assert!(found == shown, "{name}: more rows are stated than there are");
    }
    // Without that end, the file is cut short.
    let bytes = read("g4.tif");
    let cut = patch_tag(&bytes, 279, 279, Some(70));
    assert_eq!(decode(&cut).err(), Some(MediaFaultKind::CutShort));
}

#[test]
fn fax_rows_that_are_stated_and_missing() {
    let read = |name: &str| std::fs::read(root().join("tests/data/tiff").join(name)).unwrap();
    let stating = |bytes: &[u8], rows: u32| patch_tag(&patch_tag(bytes, 257, 257, Some(rows)), 278, 278, Some(rows));
    let g4 = read("g4.tif");
    let mark = g4.windows(3).rposition(|three| three == [0x00, 0x10, 0x01]).unwrap();
    let unmarked = patch_tag(&g4, 279, 279, Some(mark as u32 - 8));
    for (name, bytes, are_filled) in [
        ("Group 4", g4, true),
        ("Group 4 without an end mark", unmarked, false),
        ("Group 3", read("g3-1d.tif"), false),
        ("Group 3 in two dimensions", read("g3-2d.tif"), false),
    ] {
        let expected = decode(&read("g4.tif")).unwrap().data;
        assert_eq!(decode(&bytes).map(|pixels| pixels.data).as_ref(), Ok(&expected), "{name}");
        for rows in [111, 114, 150] {
            let found = decode(&stating(&bytes, rows)).map(|pixels| pixels.data);
            let white = [&expected[..], &vec![255; 75 * (rows as usize - 110)]].concat();
            let shown = if are_filled { Ok(white) } else { Err(MediaFaultKind::CutShort) };
            assert!(found == shown, "{name}: {rows} rows");
        }
    }
}

/// Moves the bits of data forward.
fn without_bits(data: &[u8], count: usize) -> Vec<u8> {
    let bit = |at: usize| data.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    (0..data.len()).map(|byte| (0..8).fold(0, |sum, at| sum << 1 | bit(byte * 8 + at + count))).collect()
}

#[test]
fn a_fax_page_without_its_first_line_end_and_with_a_bad_line() {
    let bytes = std::fs::read(root().join("tests/data/tiff/g3-1d.tif")).unwrap();
    let expected = decode(&bytes).unwrap().data;
    let (start, count) = (8, 657);
    let mut data = without_bits(&bytes[start..start + count], 12);
    let replace = |data: &[u8]| [&bytes[..start], data, &bytes[start + count..]].concat();
    assert_eq!(decode(&replace(&data)).map(|pixels| pixels.data).as_ref(), Ok(&expected), "no first line end");
    // A code that does not exist: ten zeros and a one. Line ends have eleven, and are left alone.
    let is_inside_a_line = |data: &[u8], at: usize| {
        let window = data[at - 2..at + 4].iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        (0..40).all(|shift| window >> shift & 0xFF != 0)
    };
    for from in [20, count / 2] {
        let at = (from..data.len() - 4).find(|at| is_inside_a_line(&data, *at)).unwrap();
        data[at..at + 2].copy_from_slice(&[0b1000_0000, 0b0001_0000]);
        let found = decode(&replace(&data)).unwrap().data;
        let rows = expected.chunks(75).zip(found.chunks(75)).filter(|(a, b)| a != b).count();
        assert!((1..=2).contains(&rows), "{rows} rows differ");
    }
}

#[test]
fn reported_tiffs_show_what_libtiff_shows() {
    // The mean tone that libtiff's picture has, of 255.
    for (name, mean) in [
        ("17a-tiff-of-document-systems/g3-first-eol-one-bad-line.tif", 33.5),
        ("17a-tiff-of-document-systems/g4-more-rows-said.tif", 45.6),
        ("17a-tiff-of-document-systems/g4-no-stripbytecounts.tif", 30.6),
        ("17a-tiff-of-document-systems/g4-stripbytecounts-0.tif", 30.6),
        ("17a-tiff-of-document-systems/jpeg-predictor-38928.tif", 224.4),
        ("17a-tiff-of-document-systems/lab8.tif", 224.4),
        ("17a-tiff-of-document-systems/packbits-fillorder-2.tif", 224.4),
        ("17b-tiff-garbled-silently/gray-alpha.tif", 183.4),
        ("17b-tiff-garbled-silently/jpeg-predictor-2.tif", 224.4),
    ] {
        let Some(file) = case_file(name) else {
            return skip(CASES, "reported_tiffs_show_what_libtiff_shows");
        };
        let pixels = decode(&std::fs::read(file).unwrap());
        let pixels = pixels
            .map(|pixels| pixels.data.iter().map(|tone| f64::from(*tone)).sum::<f64>() / pixels.data.len() as f64);
        assert!(pixels.as_ref().is_ok_and(|found| (found - mean).abs() < 1.0), "{name}: {pixels:?}, not {mean}");
    }
}
