//! The manifests in `jobs/`, and a folder to run them in.
//!
//! `${ENDPOINT:-URL}` in a manifest is the server, `${PAGES:-none}` the folder with pages:
//! by default an empty one, so that nothing is sent.

use crate::bench::{Bench, Ran, root};
use std::sync::OnceLock;

/// A manifest of `jobs/`.
pub(super) struct GoldenJob {
    /// The name of its file, without its ending.
    pub(super) name: String,
    manifest: String,
}

/// Every manifest, by name.
pub(super) fn golden_jobs() -> Vec<GoldenJob> {
    let folder = root().join("tests/it/golden/jobs");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let manifests = paths.filter(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    let mut jobs: Vec<GoldenJob> = manifests
        .map(|path| GoldenJob {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            manifest: std::fs::read_to_string(&path).unwrap(),
        })
        .collect();
    jobs.sort_by(|one, other| one.name.cmp(&other.name));
    jobs
}

impl GoldenJob {
    /// Whether its questions are made from the lines of a list: their recipes are stored
    /// when the lines are read.
    pub(super) fn has_list(&self) -> bool {
        self.manifest.contains("{list:")
    }

    /// Whether it asks the built-in simulator, not `${ENDPOINT}`.
    pub(super) fn has_simulator(&self) -> bool {
        self.manifest.contains("simulator:")
    }

    /// A folder with this manifest, the files that it names, and two pages.
    pub(super) fn bench(&self) -> Bench {
        let bench = bench_with_pages();
        bench.put("job.yaml", self.manifest.as_bytes());
        bench
    }
}

/// A folder with two pages and the files that manifests name.
pub(super) fn bench_with_pages() -> Bench {
    let bench = Bench::with_pages(0);
    bench.put("pages/small.jpg", &small_page());
    bench.put("pages/large.jpg", large_page());
    for entry in std::fs::read_dir(root().join("tests/it/golden/jobs/files")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        bench.put(&format!("files/{name}"), &std::fs::read(&path).unwrap());
    }
    std::fs::create_dir(bench.path("none")).unwrap();
    bench
}

/// A page that every rule sends unchanged: a file of the repository with fixed bytes.
pub(super) fn small_page() -> Vec<u8> {
    std::fs::read(root().join("tests/data/page.jpg")).unwrap()
}

/// A page of 1,240 x 1,754 pixels, which most rules make smaller. Its bytes may differ from
/// processor to processor.
pub(super) fn large_page() -> &'static [u8] {
    static PAGE: OnceLock<Vec<u8>> = OnceLock::new();
    PAGE.get_or_init(|| {
        let (width, height) = (1240_u16, 1754_u16);
        let line = |y: u16| vec![if (y / 20).is_multiple_of(3) { 40 } else { 250 }; width.into()];
        let pixels: Vec<u8> = (0..height).flat_map(line).collect();
        let mut out = Vec::new();
        jpeg_encoder::Encoder::new(&mut out, 80).encode(&pixels, width, height, jpeg_encoder::ColorType::Luma).unwrap();
        out
    })
}

/// Runs `docmill` with `--store store.db`.
pub(super) fn docmill(bench: &Bench, arguments: &[&str]) -> Ran {
    let mut command = bench.command(arguments);
    command.args(["--store", "store.db"]).env("DOCMILL_GOLDEN_KEY", "sk-golden-key");
    Ran::from(command.output().unwrap())
}
