//! Every form of a report, as it was written by the first edition.

use crate::report::failed_exposition;
use crate::report::sample::{STARTED_MS, empty_report, report, unpriced_report};

#[test]
fn text() {
    insta::assert_snapshot!("text", report().to_text());
    insta::assert_snapshot!("text_unpriced", unpriced_report().to_text());
    insta::assert_snapshot!("text_empty", empty_report().to_text());
}

#[test]
fn json() {
    insta::assert_snapshot!("json", format!("{:#}", report().to_json()));
    insta::assert_snapshot!("json_unpriced", format!("{:#}", unpriced_report().to_json()));
}

#[test]
fn html() {
    insta::assert_snapshot!("html", report().to_html());
}

#[test]
fn prometheus() {
    insta::assert_snapshot!("prometheus", report().to_exposition(STARTED_MS + 65_250));
    insta::assert_snapshot!("prometheus_unpriced", unpriced_report().to_exposition(STARTED_MS));
    insta::assert_snapshot!("prometheus_empty", empty_report().to_exposition(STARTED_MS));
    insta::assert_snapshot!("prometheus_failed", failed_exposition("office \"mail\"", "storage_error", 8, STARTED_MS));
}
