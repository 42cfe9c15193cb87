//! The states of a batch: what each reply of the provider leads to, and what the store has of it then.

use super::*;
use crate::pipeline::asking::stage::NoObserver;
use crate::pipeline::control::test_run::TestRun;
use crate::provider::test_server::{TestServer, block_on, reply};
use crate::store::BatchStart;
use BatchState::{Ended, Filled, Filling, Submitted, Uploaded};

const KEY: &str = "test-1";

/// A reply of the provider: the call that it is for, its status and its body.
fn provider_reply(name: &str) -> (&'static str, u16, String) {
    let error = |message: &str| format!(r#"{{"error":{{"message":"{message}"}}}}"#);
    let batch = |status: &str| {
        format!(r#"{{"id":"batch_1","status":"{status}","input_file_id":"file-1","metadata":{{"docmill":"{KEY}"}}}}"#)
    };
    const UPLOAD: &str = "post /v1/files http";
    const CREATE: &str = "post /v1/batches http";
    const LIST: &str = "get /v1/batches?limit=100 http";
    const STATUS: &str = "get /v1/batches/batch_1 http";
    match name {
        "uploaded" => (UPLOAD, 200, r#"{"id":"file-1"}"#.to_owned()),
        "upload fails" => (UPLOAD, 500, error("overloaded")),
        "upload refused" => (UPLOAD, 401, error("Incorrect API key provided")),
        "created" => (CREATE, 200, batch("validating")),
        "creation fails" => (CREATE, 500, error("overloaded")),
        "creation refused" => (CREATE, 401, error("Incorrect API key provided")),
        "file unknown" => (CREATE, 404, error("No such File object: file-1")),
        "listed" => (LIST, 200, format!(r#"{{"data":[{}],"has_more":false}}"#, batch("in_progress"))),
        "not listed" => (LIST, 200, r#"{"data":[],"has_more":false}"#.to_owned()),
        "list fails" => (LIST, 500, error("overloaded")),
        "status fails" => (STATUS, 500, error("overloaded")),
        "batch unknown" => (STATUS, 404, error("No batch found with id 'batch_1'")),
        status => (STATUS, 200, batch(status)),
    }
}

/// A batch to begin with.
#[derive(Clone, Copy, Debug)]
enum Start {
    /// This run has brought it into the state.
    Own(BatchState),
    /// Another run has left it in the state.
    Resumed(BatchState),
    /// Its file was removed meanwhile.
    WithoutFile(BatchState),
    /// The provider's queue has no space for it.
    WithoutSpace(BatchState),
    /// The store lacks the id of its file or of the batch.
    WithoutIds(BatchState),
}

impl Start {
    fn state(self) -> BatchState {
        match self {
            Self::Own(state) | Self::Resumed(state) | Self::WithoutFile(state) => state,
            Self::WithoutSpace(state) | Self::WithoutIds(state) => state,
        }
    }
}

fn name_of(step: Result<BatchStep, StoreError>) -> String {
    match step {
        Ok(BatchStep::Working) => "working".into(),
        Ok(BatchStep::Queued) => "queued".into(),
        Ok(BatchStep::Advanced) => "advanced".into(),
        Ok(BatchStep::Ended(remote)) => format!("ended: {:?}", remote.status).to_lowercase(),
        Ok(BatchStep::FileGone) => "file gone".into(),
        Ok(BatchStep::Failed(BatchFault::Transient { .. })) => "failed".into(),
        Ok(BatchStep::Failed(BatchFault::Refused(_))) => "refused".into(),
        Ok(BatchStep::Failed(BatchFault::NotFound(_))) => "not found".into(),
        Err(StoreError::Damaged(_)) => "damaged".into(),
        Err(error) => error.to_string(),
    }
}

/// Makes one step for each of `steps`, the replies to its calls. Returns after each what it brought and the state in
/// the store.
fn advance(start: Start, steps: &[&[&str]]) -> Vec<(String, BatchState)> {
    let replies: Vec<_> = steps.iter().flat_map(|names| names.iter().map(|name| provider_reply(name))).collect();
    let server = TestServer::start(replies.iter().map(|(_, status, body)| reply(*status, "", body)).collect());
    let test = TestRun::begin("{folder: .}", &[], &server.client());
    let run = &*test.run;
    let asking = Asking::new(run, &server.client(), &NoObserver).unwrap();
    let (keys, path, state) = (&run.identity.keys, test.folder().join("batch.jsonl"), start.state());
    let found = block_on(async {
        let provider = asking.endpoint.id().to_owned();
        let begin = BatchStart { key: KEY.into(), run: keys.run, job: keys.job, provider, price: None, at_ms: 1 };
        let batch = run.store.begin_batch(begin).await.unwrap();
        let has_ids = !matches!(start, Start::WithoutIds(_));
        let progress = BatchProgress {
            batch,
            state,
            requests: 1,
            bytes: 3,
            tokens: 100,
            input_file: (has_ids && matches!(state, Uploaded | Submitted)).then(|| "file-1".into()),
            remote: (has_ids && state == Submitted).then(|| "batch_1".into()),
        };
        let change = BatchChange { progress: progress.clone(), message: None, at_ms: 1 };
        run.store.change_batch(change).await.unwrap();
        if !matches!(start, Start::WithoutFile(_)) {
            test.write("batch.jsonl", "{}\n");
        }
        let make = if matches!(start, Start::Resumed(_)) { Batch::resumed } else { Batch::new };
        let mut batch = make(progress, KEY.into(), path.clone(), BatchAttempts::default());
        let mut found = Vec::new();
        for _ in steps {
            let step = name_of(batch.advance(&asking, !matches!(start, Start::WithoutSpace(_))).await);
            let stored = run.store.reader().unwrap().batches(keys.run).unwrap();
            let stored = stored.first().map_or(Ended, |record| record.progress.state);
            assert_eq!(stored, batch.state(), "{start:?} {steps:?}: durable before the next call");
            found.push((step, stored));
        }
        found
    });
    // The line file is kept until the provider has the batch.
    let has_batch = found.iter().any(|(_, after)| *after != state && *after == Submitted);
    assert_eq!(path.exists(), !has_batch && !matches!(start, Start::WithoutFile(_)), "{start:?} {steps:?}");
    let heads: Vec<String> = server.requests().into_iter().map(|request| request.head).collect();
    assert_eq!(heads.len(), replies.len(), "{start:?} {steps:?}");
    for (head, (call, ..)) in heads.iter().zip(&replies) {
        assert!(head.starts_with(call), "{start:?} {steps:?}: {head}");
    }
    found
}

#[test]
fn each_state_and_reply_has_one_next_state() {
    use Start::{Own, Resumed, WithoutFile, WithoutIds, WithoutSpace};
    let table = [
        (WithoutSpace(Filled), &[][..], "queued", Filled),
        (WithoutFile(Filled), &[], "file gone", Filled),
        (Own(Filled), &["uploaded"], "advanced", Uploaded),
        (Own(Filled), &["upload fails"], "failed", Filled),
        (Own(Filled), &["upload refused"], "refused", Filled),
        (Resumed(Filled), &["uploaded"], "advanced", Uploaded),
        // Nothing was requested yet: it is not looked for.
        (Own(Uploaded), &["created"], "working", Submitted),
        (WithoutSpace(Uploaded), &["created"], "working", Submitted),
        (Own(Uploaded), &["creation fails"], "failed", Uploaded),
        (Own(Uploaded), &["creation refused"], "refused", Uploaded),
        (Own(Uploaded), &["file unknown"], "failed", Uploaded),
        // It may exist.
        (Resumed(Uploaded), &["listed"], "working", Submitted),
        (Resumed(Uploaded), &["not listed"], "working", Uploaded),
        (Resumed(Uploaded), &["list fails"], "failed", Uploaded),
        (WithoutIds(Uploaded), &[], "damaged", Uploaded),
        (Own(Submitted), &["validating"], "working", Submitted),
        (Resumed(Submitted), &["in_progress"], "working", Submitted),
        (Own(Submitted), &["completed"], "ended: completed", Submitted),
        (Own(Submitted), &["failed"], "ended: failed", Submitted),
        (Own(Submitted), &["expired"], "ended: expired", Submitted),
        (Own(Submitted), &["cancelled"], "ended: cancelled", Submitted),
        (Own(Submitted), &["batch unknown"], "ended: cancelled", Submitted),
        (Own(Submitted), &["paused"], "failed", Submitted),
        (Own(Submitted), &["status fails"], "failed", Submitted),
        (WithoutIds(Submitted), &[], "damaged", Submitted),
        // A batch that is being filled, or has ended, is not on its way.
        (Own(Filling), &[], "damaged", Filling),
        (Own(Ended), &[], "damaged", Ended),
    ];
    for state in BatchState::ALL {
        assert!(table.iter().any(|(start, ..)| start.state() == *state), "{state}");
    }
    for (start, replies, step, state) in table {
        assert_eq!(advance(start, &[replies]), [(step.to_owned(), state)], "{start:?} {replies:?}");
    }
}

#[test]
fn paths_through_the_states() {
    use Start::{Own, Resumed, WithoutFile};
    type Step = (&'static [&'static str], &'static str, BatchState);
    let paths: &[(&str, Start, &[Step])] = &[
        (
            "nothing goes wrong",
            Own(Filled),
            &[
                (&["uploaded"], "advanced", Uploaded),
                (&["created"], "working", Submitted),
                (&["in_progress"], "working", Submitted),
                (&["completed"], "ended: completed", Submitted),
            ],
        ),
        (
            "the reply to the creation is lost, and the batch exists",
            Own(Uploaded),
            &[(&["creation fails"], "failed", Uploaded), (&["listed"], "working", Submitted)],
        ),
        (
            "a new batch is not listed at once",
            Resumed(Uploaded),
            &[(&["not listed"], "working", Uploaded), (&["listed"], "working", Submitted)],
        ),
        (
            "the batch does not exist",
            Resumed(Uploaded),
            &[
                (&["not listed"], "working", Uploaded),
                (&["not listed"], "working", Uploaded),
                (&["not listed", "created"], "working", Submitted),
            ],
        ),
        (
            "the file is known only after a while, so nothing was created",
            Own(Uploaded),
            &[
                (&["file unknown"], "failed", Uploaded),
                (&["file unknown"], "failed", Uploaded),
                (&["created"], "working", Submitted),
            ],
        ),
        (
            "the provider has lost the file",
            Own(Uploaded),
            &[
                (&["file unknown"], "failed", Uploaded),
                (&["file unknown"], "failed", Uploaded),
                (&["file unknown"], "failed", Uploaded),
                (&["file unknown"], "failed", Uploaded),
                (&["file unknown"], "working", Filled),
                (&["uploaded"], "advanced", Uploaded),
            ],
        ),
        (
            "the provider has lost the file, and so have we",
            WithoutFile(Uploaded),
            &[
                (&["file unknown"], "failed", Uploaded),
                (&["file unknown"], "failed", Uploaded),
                (&["file unknown"], "failed", Uploaded),
                (&["file unknown"], "failed", Uploaded),
                (&["file unknown"], "file gone", Uploaded),
            ],
        ),
    ];
    for (what, start, steps) in paths {
        let replies: Vec<&[&str]> = steps.iter().map(|(replies, ..)| *replies).collect();
        let expected: Vec<_> = steps.iter().map(|(_, step, state)| ((*step).to_owned(), *state)).collect();
        assert_eq!(advance(*start, &replies), expected, "{what}");
    }
}

/// Plays what the provider answers: `r` a request is sent, `n` the batch is not found, `u` the
/// file is unknown. Returns the decisions.
fn play(mut creation: Creation, events: &str) -> Vec<String> {
    let mut decisions = Vec::new();
    for event in events.chars() {
        match event {
            'r' => creation.request(),
            'n' => decisions.push(format!("{:?}", creation.not_found())),
            _ => decisions.push(if creation.file_unknown() { "lost" } else { "wait" }.to_owned()),
        }
    }
    decisions
}

#[test]
fn a_batch_that_may_exist_is_looked_for_three_times_before_it_is_requested_again() {
    let resumed = Creation { may_exist: true, ..Creation::default() };
    assert_eq!(play(resumed, "nnn"), ["Await", "Await", "Request"]);
    assert_eq!(play(resumed, "nnnrnnnrnnnrnnn").last().map(String::as_str), Some("GiveUp"), "three requests at most");
    assert_eq!(play(Creation::default(), "rnnrnn"), ["Await", "Await", "Request", "Await"]);
}

#[test]
fn a_file_counts_as_lost_after_five_refusals() {
    assert_eq!(play(Creation::default(), "ruruururu"), ["wait", "wait", "wait", "wait", "lost"]);
    let mut creation = Creation::default();
    creation.request();
    creation.file_unknown();
    assert!(!creation.may_exist, "nothing was created from a file that is not known");
}
