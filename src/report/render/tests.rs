//! Every form of a report, pinned. JSON and Prometheus are interfaces: their snapshots never change.
//! Text and HTML are human-readable: wording may change.

use crate::base::shard::Shard;
use crate::report::sample::{STARTED_MS, empty_report, report, unpriced_report};
use crate::report::{
    Report, UnreportedRun, parse_last_success, render_html, render_json, render_prometheus, render_text,
    render_unreported_prometheus,
};

#[test]
fn text() {
    insta::assert_snapshot!("text", render_text(&report()));
    insta::assert_snapshot!("text_unpriced", render_text(&unpriced_report()));
    insta::assert_snapshot!("text_empty", render_text(&empty_report()));
}

#[test]
fn json() {
    insta::assert_snapshot!("json", format!("{:#}", render_json(&report())));
    insta::assert_snapshot!("json_unpriced", format!("{:#}", render_json(&unpriced_report())));
}

#[test]
fn html() {
    insta::assert_snapshot!("html", render_html(&report()));
}

#[test]
fn prometheus() {
    insta::assert_snapshot!(
        "prometheus",
        render_prometheus(&report(), STARTED_MS + 65_250, Some(STARTED_MS - 86_400_000))
    );
    insta::assert_snapshot!("prometheus_unpriced", render_prometheus(&unpriced_report(), STARTED_MS, None));
    insta::assert_snapshot!("prometheus_empty", render_prometheus(&empty_report(), STARTED_MS, None));
    let failed = UnreportedRun {
        job: "office \"mail\"".into(),
        shard: None,
        run_id: None,
        outcome: "storage_error",
        started_ms: STARTED_MS - 1000,
        end: Some((8, STARTED_MS)),
        last_success_ms: Some(STARTED_MS - 86_400_000),
    };
    insta::assert_snapshot!("prometheus_failed", render_unreported_prometheus(&failed));
    let running = UnreportedRun { run_id: Some("r".into()), outcome: "running", end: None, ..failed };
    insta::assert_snapshot!("prometheus_running", render_unreported_prometheus(&running));
}

/// Shards write their own files with separate metrics.
#[test]
fn the_metrics_of_a_shard_are_its_own() {
    let shard = Shard::parse("3/16").ok();
    let running = UnreportedRun {
        job: "mail".into(),
        shard,
        run_id: Some("r".into()),
        outcome: "running",
        started_ms: STARTED_MS,
        end: None,
        last_success_ms: Some(STARTED_MS + 1),
    };
    let running = render_unreported_prometheus(&running);
    let reported = render_prometheus(&Report { shard, ..report() }, STARTED_MS, Some(STARTED_MS));
    for text in [&running, &reported] {
        let metrics: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(metrics.iter().all(|line| line.contains("\",shard=\"3/16\"")), "{text}");
    }
    assert_eq!(parse_last_success(&running), (Some("mail".to_owned()), Some(STARTED_MS + 1)));
}

#[test]
fn the_last_success_is_read_back_from_any_form() {
    let run = |job: &str, last_success_ms| UnreportedRun {
        job: job.into(),
        shard: None,
        run_id: Some("r".into()),
        outcome: "running",
        started_ms: STARTED_MS,
        end: None,
        last_success_ms,
    };
    for job in ["mail", "office \"mail\"", "a\\b", "ends with \\", "\\\""] {
        let text = render_unreported_prometheus(&run(job, Some(STARTED_MS + 1)));
        assert_eq!(parse_last_success(&text), (Some(job.to_owned()), Some(STARTED_MS + 1)), "{text}");
    }
    assert_eq!(parse_last_success(&render_unreported_prometheus(&run("x", None))), (Some("x".into()), None));
    let failed = render_prometheus(&report(), STARTED_MS + 65_250, Some(STARTED_MS - 86_400_000));
    assert_eq!(parse_last_success(&failed).1, Some(STARTED_MS - 86_400_000), "a failed run keeps it");
    let succeeded = render_prometheus(&unpriced_report(), STARTED_MS, Some(STARTED_MS - 86_400_000));
    assert_eq!(parse_last_success(&succeeded).1, Some(STARTED_MS), "a run that succeeded replaces it");
    for text in ["", "docmill_run_info{job_name=\"x", "docmill_run_last_success_timestamp_seconds{} NaN", "noise"] {
        assert_eq!(parse_last_success(text), (None, None), "{text}");
    }
}
