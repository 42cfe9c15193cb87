//! CPU of preparing files, for `scripts/bench_prepare.py`:
//! `prepare_cpu ROUNDS OUT_DIR FILE...` prints the least milliseconds of CPU over the rounds
//! for each file, and writes what would be sent. Linux only: it reads the scheduler's
//! count of this thread.

use docmill::catalog::{Detail, image_rule};
use docmill::manifest::{Image, Size};
use docmill::media::Document;
use docmill::prepare::prepare;
use std::error::Error;
use std::path::Path;

/// Nanoseconds that this thread has run.
fn cpu_ns() -> Result<u64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split(' ').next().unwrap_or_default().parse()?)
}

#[expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measuring tool")]
fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [rounds, out, files @ ..] = arguments.as_slice() else {
        return Err("prepare_cpu ROUNDS OUT_DIR FILE...".into());
    };
    let rule = image_rule("gpt-4o-mini", None);
    let image = Image { detail: Detail::High, size: Size::Full, rule, max_side: None, min_side: None };
    for file in files {
        let bytes = bytes::Bytes::from(std::fs::read(file)?);
        let mut least = u64::MAX;
        for _ in 0..rounds.parse::<u32>()? {
            let before = cpu_ns()?;
            let prepared = prepare(&Document::open(bytes.clone())?, 1, &image, false)?;
            least = least.min(cpu_ns()? - before);
            let name = Path::new(file).file_name().unwrap_or_default();
            std::fs::write(Path::new(out).join(name).with_extension("docmill.jpg"), &prepared.bytes)?;
        }
        println!("{file} {:.3}", least as f64 / 1e6);
    }
    Ok(())
}
