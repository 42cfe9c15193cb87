//! Measures the CPU time of preparing files, for `scripts/bench_prepare.py`.
//!
//! `prepare_cpu ROUNDS OUT_DIR FILE...` prints the minimum CPU time of all rounds for each file,
//! in milliseconds, and writes the images that would be sent.

use cpu_time::ProcessTime;
use docmill::internal::catalog::{Detail, image_rule};
use docmill::internal::manifest::{Image, PdfRenderer, Size};
use docmill::internal::media::Document;
use docmill::internal::prepare::prepare;
use std::error::Error;
use std::path::Path;
use std::time::Duration;

#[expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement tool")]
fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rounds, out, files @ ..] = arguments.as_slice() else {
        return Err("usage: prepare_cpu ROUNDS OUT_DIR FILE...".into());
    };
    let rule = image_rule("gpt-4o-mini", None);
    let image = Image {
        detail: Detail::High,
        size: Size::Full,
        rule,
        max_side: None,
        min_side: None,
        pdf_renderer: PdfRenderer::Auto,
    };
    for file in files {
        let bytes = bytes::Bytes::from(std::fs::read(file)?);
        let mut shortest = Duration::MAX;
        for _ in 0..rounds.parse::<u32>()? {
            let before = ProcessTime::now();
            let prepared = prepare(&Document::open(bytes.clone())?, 1, &image, false)?;
            shortest = shortest.min(before.elapsed());
            let name = Path::new(file).file_name().unwrap_or_default();
            std::fs::write(Path::new(out).join(name).with_extension("docmill.jpg"), &prepared.bytes)?;
        }
        println!("{file} {:.3}", shortest.as_secs_f64() * 1e3);
    }
    Ok(())
}
