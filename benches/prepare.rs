//! Benchmarks of the preparation steps, on an A4 page at 300 dpi with scanner noise:
//! `cargo bench --bench prepare --profile release`. Compare a step before and after a change.
//! `scripts/bench_prepare.py` compares docmill with other programs.

#![expect(clippy::panic, reason = "a benchmark that cannot start prints the reason")]

use bytes::Bytes;
use divan::Bencher;
use docmill::internal::base::random::Random;
use docmill::internal::catalog::{Detail, image_rule};
use docmill::internal::manifest::{Image, PdfRenderer, Size};
use docmill::internal::media::{Document, Orientation, Pixels, Probe, check_complete, probe};
use docmill::internal::prepare::{encode_jpeg, prepare, resize_upright};
use image::ImageFormat;
use std::io::Cursor;

const WIDTH: u32 = 2480;
const HEIGHT: u32 = 3508;
/// The size that gpt-4o-mini uses.
const TARGET: (u32, u32) = (768, 1086);

fn main() {
    divan::main();
}

/// Draws lines that resemble printed text, and noise.
fn page(channels: u8) -> Pixels {
    let random = Random::new(1);
    let mut data = Vec::with_capacity((WIDTH * HEIGHT * u32::from(channels)) as usize);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let is_ink = y % 60 < 34 && (x / 9 + y / 60 * 7) % 5 < 2 && x > 200 && x < 2280;
            let tone = if is_ink { 40 } else { 240 };
            for channel in 0..channels {
                let noise = (random.next_u64() % 9) as u8;
                data.push(tone + noise - u8::from(channel == 2 && !is_ink) * 6);
            }
        }
    }
    Pixels { width: WIDTH, height: HEIGHT, channels, data }
}

fn file(channels: u8) -> Bytes {
    encode_jpeg(&page(channels)).map(Bytes::from).unwrap_or_default()
}

fn opened(channels: u8) -> (Document, Probe) {
    let document = Document::open(file(channels)).unwrap_or_else(|fault| panic!("{fault}"));
    let probe = document.probe(1).unwrap_or_else(|fault| panic!("{fault}"));
    (document, probe)
}

const GREY_AND_COLOUR: [u8; 2] = [1, 3];

#[divan::bench(args = GREY_AND_COLOUR)]
fn decode(bencher: Bencher<'_, '_>, channels: u8) {
    let (document, probe) = opened(channels);
    bencher.bench_local(|| document.decode(1, &probe, TARGET));
}

#[divan::bench(args = GREY_AND_COLOUR)]
fn resize(bencher: Bencher<'_, '_>, channels: u8) {
    let (document, probe) = opened(channels);
    let pixels = document.decode(1, &probe, TARGET).unwrap_or_else(|fault| panic!("{fault}"));
    bencher
        .with_inputs(|| pixels.clone())
        .bench_local_values(|pixels| resize_upright(pixels, Orientation::NoTransforms, TARGET));
}

#[divan::bench(args = GREY_AND_COLOUR)]
fn encode(bencher: Bencher<'_, '_>, channels: u8) {
    let small =
        resize_upright(page(channels), Orientation::NoTransforms, TARGET).unwrap_or_else(|fault| panic!("{fault}"));
    bencher.bench_local(|| encode_jpeg(&small));
}

/// What is done with a page that is sent as it is: only decoding shows that a PNG or a WebP is complete. Beside it, a JPEG.
#[divan::bench(args = ["jpg", "png", "webp"])]
fn check(bencher: Bencher<'_, '_>, extension: &str) {
    let small = resize_upright(page(3), Orientation::NoTransforms, TARGET).ok().and_then(Pixels::into_image);
    let mut bytes = Cursor::new(Vec::new());
    let format = ImageFormat::from_extension(extension);
    let written = small.zip(format).map(|(picture, format)| picture.write_to(&mut bytes, format).is_ok());
    assert_eq!(written, Some(true), "the page can't be written");
    let bytes = bytes.into_inner();
    let probe = probe(&bytes).unwrap_or_else(|fault| panic!("{fault}"));
    bencher.bench_local(|| check_complete(&bytes, &probe));
}

#[divan::bench(args = GREY_AND_COLOUR)]
fn whole(bencher: Bencher<'_, '_>, channels: u8) {
    let bytes = file(channels);
    let rule = image_rule("gpt-4o-mini", None);
    let image = Image {
        detail: Detail::High,
        size: Size::Full,
        rule,
        max_side: None,
        min_side: None,
        pdf_renderer: PdfRenderer::Builtin,
    };
    bencher.bench_local(|| Document::open(bytes.clone()).and_then(|document| prepare(&document, 1, &image, false)));
}
