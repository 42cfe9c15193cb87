//! Pages that are left out, and pages that share an answer.

use crate::bench::{Bench, statuses};
use docmill::internal::base::random::Random;
use docmill::internal::simulator::Options;

/// A page with blocks of grey, `seed` deciding where; and grain.
pub(crate) fn drawn(seed: u64, grain: u64, quality: u8) -> Vec<u8> {
    let (width, height) = (300_usize, 420_usize);
    let (random, noise) = (Random::new(seed), Random::new(grain));
    let mut pixels = vec![245_u8; width * height];
    for _ in 0..40 {
        let (x, y) = (random.next_u64() as usize % 260, random.next_u64() as usize % 380);
        let tone = (random.next_u64() % 200) as u8;
        for row in y..y + 30 {
            pixels[row * width + x..row * width + x + 35].fill(tone);
        }
    }
    pixels.iter_mut().for_each(|value| *value = value.saturating_sub((noise.next_u64() % 6) as u8));
    encoded(&pixels, width, height, quality)
}

fn encoded(pixels: &[u8], width: usize, height: usize, quality: u8) -> Vec<u8> {
    let mut out = Vec::new();
    jpeg_encoder::Encoder::new(&mut out, quality)
        .encode(pixels, width as u16, height as u16, jpeg_encoder::ColorType::Luma)
        .unwrap();
    out
}

fn blank(seed: u64) -> Vec<u8> {
    let noise = Random::new(seed);
    let pixels: Vec<u8> = (0..300 * 420).map(|_| 238 + (noise.next_u64() % 12) as u8).collect();
    encoded(&pixels, 300, 420, 80)
}

fn job(bench: &Bench, input: &str) {
    bench.job("on_error: {max_failed: 100%}");
    bench.put(
        "job.yaml",
        bench.text("job.yaml").replace("folder: pages", &format!("folder: pages, {input}")).as_bytes(),
    );
}

#[test]
fn near_duplicates_share_an_answer() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    bench.put("pages/a1.jpg", &drawn(1, 1, 90));
    bench.put("pages/a2.jpg", &drawn(1, 2, 60));
    bench.put("pages/b1.jpg", &drawn(2, 3, 80));
    bench.put("pages/c1.jpg", &drawn(3, 4, 80));
    bench.put("pages/c2.jpg", &drawn(3, 5, 85));
    job(&bench, "near_duplicates: 12");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(bench.stats()["requests"], 3);
    let rows = bench.rows();
    for (copy, original) in [(1, 0), (4, 3)] {
        assert_eq!(rows[copy]["duplicate_of"], rows[original]["path"]);
        assert_eq!((&rows[copy]["kind"], &rows[copy]["cost_usd"]), (&rows[original]["kind"], &"0".into()));
        assert!((0..=12).contains(&rows[copy]["duplicate_distance"].as_i64().unwrap()), "{}", rows[copy]);
    }
    assert_eq!(rows[2]["duplicate_of"], serde_json::Value::Null);
    assert_eq!(bench.report()["pages"]["near_duplicates"], 2);
    // Again: the same bytes, nothing sent.
    let before = bench.text("out.csv");
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!((bench.text("out.csv"), bench.stats()["requests"].as_u64()), (before, Some(3)));
    // A page before an asked page joins it.
    bench.put("pages/a0.jpg", &drawn(1, 9, 75));
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.rows()[0]["duplicate_of"], "a1.jpg");
    assert_eq!(bench.stats()["requests"], 3);
    // Without the option every page is asked.
    bench.job("");
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.stats()["requests"], 6);
    assert!(!bench.text("out.csv").contains("duplicate_distance"));
}

#[test]
fn a_near_duplicate_whose_original_is_gone_is_sent() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    bench.put("pages/a.jpg", &drawn(1, 1, 90));
    bench.put("pages/b.jpg", &drawn(1, 2, 60));
    job(&bench, "near_duplicates: 12");
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.stats()["requests"], 1);
    std::fs::remove_file(bench.path("pages/a.jpg")).unwrap();
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!((bench.rows().len(), bench.rows()[0]["status"].as_str()), (1, Some("ok")));
    assert_eq!(bench.stats()["requests"], 2);
}

#[test]
fn dense_pages_are_not_near_duplicates() {
    let bench = Bench::with_pages(12).simulator(Options::default());
    job(&bench, "near_duplicates: 10");
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.report()["pages"]["near_duplicates"], 0);
}

#[test]
fn a_blank_page_is_not_sent_again_and_keeps_its_answers() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    bench.put("pages/blank.jpg", &blank(1));
    bench.job("");
    assert_eq!(bench.run(&["--task", "kind"]).code, 0);
    job(&bench, "skip_blank: true");
    assert_eq!(bench.run(&[]).code, 0);
    let row = &bench.rows()[0];
    assert_eq!((row["status"].as_str(), row["kind"].is_string()), (Some("skipped"), true), "{row}");
    assert_eq!(bench.stats()["requests"], 1);
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.report()["pages"]["pending"], 0);
}

#[test]
fn blank_pages_are_skipped_on_request() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    bench.put("pages/blank.jpg", &blank(1));
    bench.put("pages/written.jpg", &drawn(1, 1, 80));
    job(&bench, "skip_blank: true");
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(
        statuses(&bench.rows()).into_iter().collect::<Vec<_>>(),
        [("ok".to_owned(), 1), ("skipped".to_owned(), 1)]
    );
    assert_eq!(bench.stats()["requests"], 1);
    assert!(bench.path("out.csv").exists(), "nothing is pending");
    assert_eq!(bench.report()["pages"]["skipped"], 1);
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.stats()["requests"], 1);
    bench.job("");
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.stats()["requests"], 2);
}

#[test]
fn blank_sample_pages_are_blank_and_no_others() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    let pages = crate::bench::root().join("sample_data/pages");
    bench.job("on_error: {max_failed: 100%}");
    let input = format!("folder: \"{}\", skip_blank: true", pages.display());
    bench.put("job.yaml", bench.text("job.yaml").replace("folder: pages", &input).as_bytes());
    assert_eq!(bench.run(&[]).code, 0);
    assert!(bench.rows().len() >= 48);
    for row in bench.rows() {
        let is_blank = row["path"].as_str().unwrap().contains("blank");
        assert_eq!(row["status"] == "skipped", is_blank, "{row}");
    }
}
