//! The first request of every job in `jobs/`: prompt, schema and members, byte by byte,
//! and the requests for its two pages.

use super::files::assert_golden;
use super::jobs::{GoldenJob, docmill, golden_jobs};
use super::recorder::{Recorder, Reply};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Bodies and images that this job sends; a list gives each line its own body.
fn requests_of(job: &GoldenJob) -> Value {
    // An error about the page ends it: one request a page. After an error without information, other forms would be
    // tried, too.
    let recorder = Recorder::start(|_, _| Reply::bad_request("The prompt is too long.", None));
    let endpoint = format!("ENDPOINT={}", recorder.base_url());
    let bench = job.bench();
    let pages: &[&str] = if job.has_list() { &[] } else { &["--var", "PAGES=pages"] };
    let ran = docmill(&bench, &[&["run", "job.yaml", "-q", "--var", &endpoint], pages].concat());
    assert_eq!(ran.code, 3, "{}: {}", job.name, ran.stderr);
    let received = recorder.received();
    assert_eq!(received.len(), 2, "{}: one request a page", job.name);
    let (mut bodies, mut images) = (BTreeMap::new(), BTreeSet::new());
    for request in &received {
        assert_eq!(request.line, "POST /v1/chat/completions", "{}", job.name);
        let (body, image) = request.body_masked();
        images.insert(image.unwrap());
        bodies.insert(body.to_string(), body);
    }
    assert_eq!(bodies.len(), if job.has_list() { 2 } else { 1 }, "{}", job.name);
    json!({"bodies": bodies.values().collect::<Vec<_>>(), "images": images})
}

#[test]
fn requests_are_what_they_were() {
    let jobs = golden_jobs();
    let jobs = jobs.iter().filter(|job| !job.has_simulator());
    let found: Map<String, Value> = jobs.map(|job| (job.name.clone(), requests_of(job))).collect();
    assert_golden("requests.json", &found);
}
