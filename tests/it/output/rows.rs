//! The main job: rows for every page, a second run that sends nothing.

use crate::bench::{Bench, page, root, rows, statuses, without_times};
use docmill::internal::simulator::Options;

#[test]
fn the_demo_labels_the_sample_and_a_second_run_sends_nothing() {
    let bench = Bench::with_pages(0);
    let job = std::fs::read_to_string(root().join("jobs/demo.yaml")).unwrap();
    bench.put(
        "jobs/demo.yaml",
        job.replace("../sample_data", &root().join("sample_data").display().to_string()).as_bytes(),
    );
    let first = bench.docmill(&["run", "jobs/demo.yaml"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    let whole = |name: &str| std::fs::read(bench.path(name)).unwrap();
    let before = [whole("out/demo.csv"), whole("out/demo.parquet"), whole("out/demo.jsonl")];
    let labelled = rows(&bench.text("out/demo.jsonl"));
    assert_eq!(statuses(&labelled).into_iter().collect::<Vec<_>>(), [("failed".into(), 1), ("ok".into(), 52)]);

    let truth = std::fs::read_to_string(root().join("sample_data/labels.csv")).unwrap();
    let truth: Vec<csv::StringRecord> =
        csv::Reader::from_reader(truth.as_bytes()).records().map(Result::unwrap).collect();
    let kind_of = |path: &str| {
        labelled.iter().find(|row| row["path"] == path).map(|row| row["kind"].as_str().unwrap_or_default().to_owned())
    };
    let right = truth.iter().filter(|record| kind_of(&record[0]).as_deref() == Some(&record[2])).count();
    assert!(right * 100 >= truth.len() * 85, "{right} of {}", truth.len());
    assert!(kind_of("README.txt").is_none());
    let damaged = labelled.iter().find(|row| row["path"] == "mail/damaged.jpg").unwrap();
    assert_eq!((damaged["status"].as_str(), damaged["error_kind"].as_str()), (Some("failed"), Some("cut_short")));

    let second = bench.docmill(&["run", "jobs/demo.yaml"]);
    assert_eq!(second.code, 0, "{}", second.stderr);
    let report: serde_json::Value = serde_json::from_str(&bench.text("out/demo.report.json")).unwrap();
    assert_eq!((report["attempts"]["sent"].as_u64(), report["pages"]["asked"].as_u64()), (Some(0), Some(0)));
    assert_eq!(before, [whole("out/demo.csv"), whole("out/demo.parquet"), whole("out/demo.jsonl")], "the same bytes");
}

#[test]
fn rows_report_store_and_server_agree_to_the_token() {
    let bench = Bench::with_pages(12).simulator(Options { seed: 3, ..Options::default() });
    bench.put("pages/copy of 3.jpg", &page(3));
    bench.job("");
    assert_eq!(bench.run(&[]).code, 0);
    let (rows, report, stats) = (bench.rows(), bench.report(), bench.stats());
    assert_eq!((rows.len(), stats["requests"].as_u64()), (13, Some(12)), "equal pages are asked once");
    let sum = |name: &str| rows.iter().map(|row| row[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum("input_tokens"), stats["tokens"]["input"].as_u64().unwrap());
    assert_eq!(sum("output_tokens"), stats["tokens"]["output"].as_u64().unwrap());
    assert_eq!(report["tokens"]["input"], stats["tokens"]["input"]);
    let cost = |row: &serde_json::Value| docmill::internal::base::money::Pico::from_usd(row.as_str().unwrap()).unwrap();
    let total = rows.iter().map(|row| cost(&row["cost_usd"])).sum::<docmill::internal::base::money::Pico>();
    assert_eq!(total, cost(&report["cost"]["total_usd"]));
    assert!(total.0 > 0);
    let duplicate: Vec<_> = rows.iter().filter(|row| !row["duplicate_of"].is_null()).collect();
    assert_eq!(duplicate.len(), 1);
    assert_eq!((duplicate[0]["cost_usd"].as_str(), duplicate[0]["status"].as_str()), (Some("0"), Some("ok")));
}

#[test]
fn streamed_or_not_the_rows_are_the_same() {
    let plain = Bench::with_pages(10).simulator(Options::default());
    plain.job("");
    assert_eq!(plain.run(&[]).code, 0);
    for options in [Options::default(), Options { stream_by_default: true, ..Options::default() }] {
        let streamed = Bench::with_pages(10).simulator(options);
        streamed.job("request: {stream: true}");
        assert_eq!(streamed.run(&[]).code, 0);
        assert_eq!(without_times(&streamed.rows()), without_times(&plain.rows()));
        assert_eq!(streamed.report()["tokens"], plain.report()["tokens"]);
    }
}

#[test]
fn servers_without_structured_output_usage_or_headers_are_understood() {
    let plain = Bench::with_pages(24).simulator(Options::default());
    plain.job("");
    assert_eq!(plain.run(&[]).code, 0);
    let options = Options {
        json_schema: false,
        usage: false,
        headers: false,
        // Longer than it takes to prepare eight pages on a busy machine.
        latency: std::time::Duration::from_secs(1),
        ..Options::default()
    };
    let poor = Bench::with_pages(24).simulator(options);
    poor.job("limits: {concurrency: 8, budget_usd: 5}");
    let ran = poor.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let answers = |bench: &Bench| without_times(&bench.rows());
    assert_eq!(answers(&poor), answers(&plain));
    let report = poor.report();
    assert_eq!(report["usage_missing"], 24);
    assert_ne!(report["cost"]["estimated_usd"], "0");
    assert!(poor.stats()["most_in_flight"].as_u64().unwrap() >= 4, "parallel all the same");
}

#[test]
fn what_was_answered_is_not_asked_again_under_another_name_or_in_another_job() {
    let bench = Bench::with_pages(6).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&[]).code, 0);
    std::fs::rename(bench.path("pages"), bench.path("moved")).unwrap();
    std::fs::rename(bench.path("moved/00001.jpg"), bench.path("moved/a new name.jpg")).unwrap();
    let job = bench.text("job.yaml").replace("folder: pages", "folder: moved").replace("name: test", "name: other");
    bench.put("job.yaml", job.as_bytes());
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.stats()["requests"], 6);
    // Another question is another answer; the other task is not asked again.
    let job = job.replace("labels: [invoice, letter, form]", "question: Which?, labels: [invoice, letter, form]");
    bench.put("job.yaml", job.as_bytes());
    let plan = bench.docmill(&["plan", "job.yaml", "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!(
        (plan["to_ask"].as_u64(), plan["by_task"]["kind"].as_u64(), plan["by_task"]["marks"].as_u64()),
        (Some(6), Some(6), None)
    );
    assert_eq!(plan["misses"]["kind"]["task"], 6);
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.stats()["requests"], 12);
}

#[test]
fn limit_and_sample_leave_partial_outputs_and_complete_later() {
    let bench = Bench::with_pages(20).simulator(Options::default());
    bench.job("");
    let ran = bench.run(&["--sample", "5"]);
    assert_eq!((ran.code, bench.stats()["requests"].as_u64()), (0, Some(5)), "{}", ran.stderr);
    assert!(!bench.path("out.csv").exists() && bench.path("partial/out.csv").exists());
    assert_eq!(rows(&bench.text("partial/out.jsonl")).len(), 20);
    assert_eq!(bench.report()["outcome"], "limited");
    assert_eq!(bench.run(&["--sample", "5"]).code, 0);
    assert_eq!(bench.stats()["requests"], 5, "the same sample");
    assert_eq!(bench.run(&["--limit", "3"]).code, 0);
    assert_eq!(bench.stats()["requests"], 8);
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.stats()["requests"], 20);
    assert!(bench.path("out.csv").exists() && !bench.path("partial/out.csv").exists());
    assert_eq!(bench.run(&["--refresh"]).code, 0);
    assert_eq!(bench.stats()["requests"], 40);
}

#[test]
fn what_is_not_asked_keeps_the_answers_that_it_has() {
    let bench = Bench::with_pages(4).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&[]).code, 0);
    bench.put("pages/00000 new.jpg", &page(50));
    assert_eq!(bench.run(&["--limit", "0"]).code, 0);
    let counts = statuses(&rows(&bench.text("partial/out.jsonl")));
    assert_eq!((counts["ok"], counts["pending"], bench.stats()["requests"].as_u64()), (4, 1, Some(4)));
    assert_eq!(bench.run(&["--task", "kind"]).code, 0);
    assert_eq!(bench.report()["outcome"], "limited");
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.stats()["requests"], 6, "the other task on its own");
}

#[test]
fn a_fault_of_sending_is_the_jobs_and_not_the_pages() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    let noise = image_of_noise(3200, 2600);
    assert!(noise.len() > 20_000_000);
    bench.put("pages/large.png", &noise);
    bench.job("image: {size: original}\non_error: {max_failed: 100%}");
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.rows()[0]["error_kind"], "request_too_large");
    bench.job("image: {size: standard}");
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.rows()[0]["status"], "ok");
}

/// A PNG that can't be compressed.
fn image_of_noise(width: u32, height: u32) -> Vec<u8> {
    let random = docmill::internal::base::random::Random::new(1);
    let pixels: Vec<u8> = (0..width * height * 3).map(|_| random.next_u64() as u8).collect();
    let picture = image::RgbImage::from_raw(width, height, pixels).unwrap();
    let mut out = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut out, image::ImageFormat::Png).unwrap();
    out.into_inner()
}

#[test]
fn files_that_come_go_and_change_are_followed() {
    let bench = Bench::with_pages(4).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&[]).code, 0);
    std::fs::remove_file(bench.path("pages/00000.jpg")).unwrap();
    bench.put("pages/00001.jpg", &page(100));
    bench.put("pages/new.jpg", &page(101));
    assert_eq!(bench.run(&[]).code, 0);
    let paths: Vec<String> = bench.rows().iter().map(|row| row["path"].as_str().unwrap().to_owned()).collect();
    assert_eq!(paths, ["00001.jpg", "00002.jpg", "00003.jpg", "new.jpg"]);
    assert_eq!(bench.stats()["requests"], 6);
}
