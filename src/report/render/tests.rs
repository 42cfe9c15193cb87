//! Every form of a report, pinned. JSON and Prometheus are interfaces: their snapshots never change.
//! Text and HTML are for people: wording may change.

use crate::report::sample::{STARTED_MS, empty_report, report, unpriced_report};
use crate::report::{render_failed_prometheus, render_html, render_json, render_prometheus, render_text};

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
    insta::assert_snapshot!("prometheus", render_prometheus(&report(), STARTED_MS + 65_250));
    insta::assert_snapshot!("prometheus_unpriced", render_prometheus(&unpriced_report(), STARTED_MS));
    insta::assert_snapshot!("prometheus_empty", render_prometheus(&empty_report(), STARTED_MS));
    insta::assert_snapshot!(
        "prometheus_failed",
        render_failed_prometheus("office \"mail\"", "storage_error", 8, STARTED_MS)
    );
}
