//! The Batch API against a server on loopback.

use super::*;
use crate::base::clock::ManualClock;
use crate::provider::dialect::openai::batch::OpenAiBatches;
use crate::provider::replies::batch::RemoteStatus;
use crate::provider::test_server::{Received, TestServer, block_on, client, reply};
use std::io::Write;

/// Runs `task` against a server with these replies; its result, and what the server received.
fn with_server<T>(replies: &[(u16, &str)], task: impl AsyncFnOnce(BatchClient<'_>) -> T) -> (T, Vec<Received>) {
    let server = TestServer::start(replies.iter().map(|(status, body)| reply(*status, "", body)).collect());
    let (client, clock) = (server.client(), ManualClock::starting_at(0));
    let proof = EndpointProof::default();
    let result = block_on(task(BatchClient::new(&client, &OpenAiBatches, &clock, &proof)));
    (result, server.requests())
}

fn file(content: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}

#[test]
fn a_file_is_uploaded_as_a_form_with_its_length() {
    // Larger than one piece.
    let lines: Vec<u8> =
        (0..20_000).flat_map(|at| format!("{{\"custom_id\":\"docmill-{at}\"}}\n").into_bytes()).collect();
    let file = file(&lines);
    let upload = async |batches: BatchClient<'_>| batches.upload(file.path()).await;
    let (id, requests) = with_server(&[(200, r#"{"id":"file-1","object":"file"}"#)], upload);
    assert_eq!(id, Ok("file-1".to_owned()));
    let request = &requests[0];
    assert!(request.head.starts_with("post /v1/files http/1.1\r\n"), "{}", request.head);
    assert!(request.head.contains("authorization: bearer sk-secret"));
    assert!(!request.head.contains("transfer-encoding"), "some servers reject chunks");
    let boundary = request.head.split_once("multipart/form-data; boundary=").unwrap().1.lines().next().unwrap();
    let expected = [
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n").as_bytes(),
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"batch.jsonl\"\r\n")
            .as_bytes(),
        b"Content-Type: application/jsonl\r\n\r\n",
        &lines,
        format!("\r\n--{boundary}--\r\n").as_bytes(),
    ]
    .concat();
    assert!(request.body == expected, "{}", String::from_utf8_lossy(&request.body[..400]));
}

#[test]
fn an_upload_that_fails() {
    let file = file(b"{}\n");
    let upload = async |batches: BatchClient<'_>| batches.upload(file.path()).await;
    let name = |fault: BatchFault| match fault {
        BatchFault::Transient { message, .. } => format!("transient: {message}"),
        BatchFault::NotFound(message) => format!("not found: {message}"),
        BatchFault::Refused(refusal) => format!("refused: {}; {}", refusal.message, refusal.hint),
    };
    for (status, body, start, part) in [
        (200, "{}", "transient", "is not an API; it replied with HTTP 200: {}"),
        (200, "<html>", "transient", "is not an API; it replied with HTTP 200: <html>"),
        (404, r#"{"error":{"message":"Not Found"}}"#, "refused", "Batch API"),
        (404, "<html>404</html>", "refused", "Batch API"),
        (500, r#"{"error":{"message":"the key sk-secret broke"}}"#, "transient", "the key *** broke"),
    ] {
        let found = name(with_server(&[(status, body)], upload).0.unwrap_err());
        assert!(found.starts_with(start) && found.contains(part), "{status} {body}: {found}");
    }
    let (client, clock) = (client("http://127.0.0.1:9/v1"), ManualClock::starting_at(0));
    let proof = EndpointProof::default();
    let batches = BatchClient::new(&client, &OpenAiBatches, &clock, &proof);
    let missing = name(block_on(batches.upload(Path::new("no/such/file.jsonl"))).unwrap_err());
    assert!(missing.starts_with("transient: can't read no/such/file.jsonl"), "{missing}");
}

#[test]
fn a_batch_is_created_and_its_state_read() {
    let work =
        async |batches: BatchClient<'_>| (batches.create("file-1", "run-1").await, batches.status("batch_1").await);
    let failed = r#"{"id":"batch_1","status":"failed","errors":{"data":[{"code":"c","message":"key sk-secret"}]}}"#;
    let ((created, state), requests) =
        with_server(&[(200, r#"{"id":"batch_1","status":"validating"}"#), (200, failed)], work);
    assert_eq!(created.map(|batch| (batch.id, batch.status)), Ok(("batch_1".to_owned(), RemoteStatus::Working)));
    let state = state.unwrap();
    assert_eq!((state.status, state.errors[0].message.as_str()), (RemoteStatus::Failed, "key ***"));
    let body: Value = serde_json::from_slice(&requests[0].body).unwrap();
    assert_eq!(
        body,
        serde_json::json!({"input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h", "metadata": {"docmill": "run-1"}})
    );
    assert!(requests[1].head.starts_with("get /v1/batches/batch_1 "), "{}", requests[1].head);
}

#[test]
fn a_batch_is_found_on_any_page_of_the_list() {
    let find = async |batches: BatchClient<'_>| batches.find("file-7", "run-7").await;
    let first = r#"{"data":[{"id":"a"},{"id":"b","metadata":{"docmill":"run-1"}}],"has_more":true}"#;
    let by_key = r#"{"data":[{"id":"c","metadata":{"docmill":"run-7"}}],"has_more":true}"#;
    let by_file = r#"{"data":[{"id":"d","input_file_id":"file-7"}],"has_more":false}"#;
    for (second, id) in [(by_key, "c"), (by_file, "d")] {
        let (found, requests) = with_server(&[(200, first), (200, second)], find);
        assert_eq!(found.unwrap().map(|batch| batch.id).as_deref(), Some(id));
        assert!(requests[1].head.starts_with("get /v1/batches?limit=100&after=b "), "{}", requests[1].head);
    }
    let (absent, _) = with_server(&[(200, first), (200, r#"{"data":[]}"#)], find);
    assert_eq!(absent, Ok(None));
    // A server that ignores `after` would be asked indefinitely.
    let (endless, _) = with_server(&[(200, first), (200, first)], find);
    assert_eq!(endless, Err(BatchFault::transient("the provider's list of batches does not end")));
}

#[test]
fn a_file_is_read_line_by_line() {
    let read = async |batches: BatchClient<'_>| {
        let mut lines = batches.lines("file-2").await?;
        let mut out = Vec::new();
        while let Some(line) = lines.next().await? {
            out.push(line.len().to_string() + &line[..line.len().min(3)]);
        }
        Ok::<_, BatchFault>(out)
    };
    for (body, expected) in
        [("", vec![]), ("one\ntwo\r\nlast", vec!["3one", "3two", "4las"]), ("one\n\ntwo\n", vec!["3one", "0", "3two"])]
    {
        let (lines, requests) = with_server(&[(200, body)], read);
        assert_eq!(lines.unwrap(), expected, "{body:?}");
        assert!(requests[0].head.starts_with("get /v1/files/file-2/content "));
    }
    // Longer by more than one read brings, so that it is recognized before its end.
    let too_long = "x".repeat(MAX_LINE_BYTES + (4 << 20));
    let (lines, _) = with_server(&[(200, &format!("one\n{too_long}\ntwo\n{too_long}"))], read);
    assert_eq!(lines.unwrap(), ["3one", "3two"], "lines that are too long are skipped");
    let (missing, _) = with_server(&[(404, r#"{"error":{"message":"No such File"}}"#)], read);
    assert_eq!(missing, Err(BatchFault::NotFound("No such File".into())));
}

#[test]
fn a_date_to_retry_after_counts_from_now() {
    // 2026-11-23T13:00:00Z.
    let clock = ManualClock::starting_at(1_795_438_800_000);
    let throttled = reply(429, "retry-after: Mon, 23 Nov 2026 13:00:10 GMT\r\n", "{}");
    let server = TestServer::start(vec![throttled]);
    let client = server.client();
    let proof = EndpointProof::default();
    let fault = block_on(BatchClient::new(&client, &OpenAiBatches, &clock, &proof).status("batch_1")).unwrap_err();
    let BatchFault::Transient { after, .. } = fault else { panic!("{fault:?}") };
    assert_eq!(after, Some(Duration::from_secs(10)));
}

#[test]
fn what_is_not_an_api_is_called_three_times_unless_it_has_replied_before() {
    let work = async |batches: BatchClient<'_>| {
        let mut found = Vec::new();
        for _ in 0..4 {
            found.push(
                batches.create("file-1", "run-1").await.err().map(|fault| matches!(fault, BatchFault::Refused(_))),
            );
        }
        found
    };
    let batch = (200, r#"{"id":"batch_1","status":"in_progress"}"#);
    for body in ["<html>login</html>", r#"{"hello": 1}"#, "[]", "null", r#"{"error":{"message":"nope"}}"#] {
        let reply = (200, body);
        let (found, _) = with_server(&[reply; 4], work);
        assert_eq!(found, [Some(false), Some(false), Some(true), Some(true)], "{body}");
        let (found, _) = with_server(&[batch, reply, reply, reply], work);
        assert_eq!(found, [None, Some(false), Some(false), Some(false)], "{body}");
    }
    // A batch is known because the API has created it.
    let state = async |batches: BatchClient<'_>| {
        let mut found = Vec::new();
        for _ in 0..4 {
            found.push(matches!(batches.status("batch_1").await, Err(BatchFault::Refused(_))));
        }
        found
    };
    assert_eq!(with_server(&[(200, "[]"); 4], state).0, [false; 4]);
}
