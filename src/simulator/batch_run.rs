//! Checks the requests of a batch, and executes them when its time has come.

use super::api_error::ApiError;
use super::batch::BatchResults;
use super::batch_fault::BatchFault;
use super::batch_store::FailedDownload;
use super::bill::text_tokens;
use super::faults::Fault;
use super::model::image_key;
use super::request::ChatRequest;
use super::state::SimulatorState;
use super::terms::{Terms, check_image};
use crate::base::random::mix;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Maximum number of requests in a batch.
const MAX_REQUESTS: usize = 50_000;

/// The requests of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CheckedRequests {
    pub(crate) requests: usize,
    /// Counted only when the queue is limited, otherwise 0.
    pub(crate) prompt_tokens: u64,
}

/// Checks a file of requests.
///
/// # Errors
/// The failure of the whole batch, with the number of the first bad line.
pub(crate) fn check_requests(state: &SimulatorState, file: &[u8]) -> Result<CheckedRequests, Value> {
    let failure = |line: usize, code: &str, message: &str| {
        Err(json!({"code": code, "line": line, "param": null, "message": message}))
    };
    let (mut ids, mut prompt_tokens, mut requests) = (HashSet::new(), 0, 0);
    for (index, line) in String::from_utf8_lossy(file).lines().enumerate() {
        let Ok(request) = serde_json::from_str::<Value>(line) else {
            return failure(index + 1, "invalid_json_line", "This line is not parseable as valid JSON.");
        };
        let id = request.get("custom_id").and_then(Value::as_str).unwrap_or_default().to_owned();
        if id.is_empty() || !ids.insert(id) {
            return failure(index + 1, "duplicate_custom_id", "The custom_id is missing or not unique.");
        }
        if request.pointer("/body/stream").and_then(Value::as_bool) == Some(true) {
            return failure(index + 1, "invalid_request", "Streaming is not supported in batches.");
        }
        if state.options.batch_queue.is_some() {
            prompt_tokens += count_prompt_tokens(state, &request);
        }
        requests += 1;
    }
    if requests > MAX_REQUESTS {
        return failure(MAX_REQUESTS + 1, "too_many_requests", "The batch has too many requests.");
    }
    Ok(CheckedRequests { requests, prompt_tokens })
}

/// Prompt tokens of one request; 0 if it is not valid.
fn count_prompt_tokens(state: &SimulatorState, request: &Value) -> u64 {
    let Ok(request) = parse_body(request) else { return 0 };
    let model = &mut state.shared.borrow_mut().model;
    let measures = model.look(&request);
    let image = measures.map_or(0, |measures| model.image_tokens(&request, &measures));
    image + text_tokens(request.chars)
}

fn parse_body(request: &Value) -> Result<ChatRequest, ApiError> {
    let body = request.get("body").map(Value::to_string).unwrap_or_default();
    ChatRequest::parse(body.as_bytes(), false)
}

/// Executes the requests of a batch if it is due.
pub(crate) fn run_when_due(state: &SimulatorState, id: &str) {
    let (file, fault) = {
        let shared = state.shared.borrow();
        let due = shared.batches.batch(id).filter(|batch| batch.is_due(state.now(), state.batch_time()));
        let Some(batch) = due else { return };
        (shared.batches.file(&batch.input_file).unwrap_or_default().to_vec(), batch.fault)
    };
    let (mut output, mut errors) = execute(state, &String::from_utf8_lossy(&file), fault);
    shuffle(&mut output, state.options.seed);
    shuffle(&mut errors, state.options.seed);
    let failed = errors.len();
    let batches = &mut state.shared.borrow_mut().batches;
    let mut add = |lines: Vec<Value>| {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        (!lines.is_empty()).then(|| batches.add_file(text.into_bytes()))
    };
    let results = BatchResults { output_file: add(output), error_file: add(errors), failed };
    let download = match fault {
        Some(BatchFault::Unreadable) => Some(FailedDownload::Error),
        Some(BatchFault::Empty) => Some(FailedDownload::Empty),
        _ => None,
    };
    for file in [&results.output_file, &results.error_file].into_iter().flatten() {
        download.into_iter().for_each(|download| batches.make_unreadable(file.clone(), download));
    }
    batches.finish_batch(id, results);
}

/// The lines of the output file and of the error file, in the order of the requests.
fn execute(state: &SimulatorState, requests: &str, fault: Option<BatchFault>) -> (Vec<Value>, Vec<Value>) {
    let count = requests.lines().count();
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    for (index, line) in requests.lines().enumerate() {
        let request: Value = serde_json::from_str(line).unwrap_or_default();
        let custom_id = request.get("custom_id").cloned().unwrap_or_default();
        let line_id = format!("batch_req_{index:06}");
        if fault == Some(BatchFault::Expire) && index >= count / 2 {
            let error = json!({"code": "batch_expired", "message": "This request could not be executed before the completion window expired."});
            errors.push(json!({"id": line_id, "custom_id": custom_id, "response": null, "error": error}));
            continue;
        }
        let (status, body) = answer(state, &request)
            .map_or_else(|error| (error.status, error.to_json(state.profile.errors)), |body| (200, body));
        let response = json!({"status_code": status, "request_id": format!("req_{index:016x}"), "body": body});
        let line = json!({"id": line_id, "custom_id": custom_id, "response": response, "error": null});
        if fault == Some(BatchFault::Missing) && index % 50 == 7 {
            continue;
        }
        if fault == Some(BatchFault::Twice) && index % 50 == 9 {
            output.push(line.clone());
        }
        if status == 200 { output.push(line) } else { errors.push(line) }
    }
    (output, errors)
}

/// Changes the order of lines: the API promises none.
fn shuffle(lines: &mut [Value], seed: u64) {
    lines.sort_by_cached_key(|line| {
        let id = line["id"].to_string().bytes().fold(0, |hash, byte| mix(hash ^ u64::from(byte)));
        mix(seed ^ line.to_string().len() as u64 ^ mix(id))
    });
}

/// The completion of one request.
fn answer(state: &SimulatorState, request: &Value) -> Result<Value, ApiError> {
    // The error of an invalid request in a batch has no `param`.
    let request = parse_body(request).map_err(ApiError::without_param)?;
    let image = request.image_digest();
    let (earlier, measures) = {
        let mut shared = state.shared.borrow_mut();
        shared.stats.lines += 1;
        (shared.stats.count_page(&image), shared.model.look(&request))
    };
    let measures = measures.ok_or_else(|| {
        ApiError::invalid_request("You uploaded an unsupported image.").with_code("invalid_image_format")
    })?;
    let options = &state.options;
    let fault = Fault::draw(options.seed, options.faults, &options.kinds, image_key(&image), earlier);
    if fault == Some(Fault::RateLimited) {
        return Err(ApiError::new(429, "requests", "Rate limit reached for requests").with_code("rate_limit_exceeded"));
    }
    let terms = Terms::check(state.profile, options, &request)?;
    check_image(&request, &measures)?;
    if fault == Some(Fault::ServerError) {
        return Err(ApiError::server_error());
    }
    let mut shared = state.shared.borrow_mut();
    let (completion, bill) = shared.model.complete(&terms, &request, &measures, fault)?;
    shared.stats.count_bill(&bill, completion.cost);
    Ok(completion.to_json())
}

#[cfg(test)]
mod tests {
    use super::super::batch::Batch;
    use super::super::batch::tests::batch;
    use super::super::vision::tests::{INK, page};
    use super::*;
    use crate::simulator::Options;
    use std::time::Duration;

    /// A request for a drawn page, different for every number.
    fn request(number: u32) -> Value {
        let mut png = std::io::Cursor::new(Vec::new());
        page(&[(number % 200, 10, 100, 100, INK)]).write_to(&mut png, image::ImageFormat::Png).unwrap();
        let url = format!("data:image/png;base64,{}", base64_simd::STANDARD.encode_to_string(png.get_ref()));
        let body = json!({"model": "m", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]});
        json!({"custom_id": format!("r-{number}"), "method": "POST", "url": "/v1/chat/completions", "body": body})
    }

    fn text(requests: &[Value]) -> String {
        requests.iter().map(|request| format!("{request}\n")).collect()
    }

    fn custom_ids(lines: &[Value]) -> Vec<String> {
        let mut ids: Vec<String> = lines.iter().map(|line| line["custom_id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    }

    #[test]
    fn bad_lines_fail_the_whole_batch() {
        let state = SimulatorState::new(Options::default());
        let (good, stream) = (request(0), json!({"custom_id": "s", "body": {"stream": true}}));
        for (file, line, code) in [
            (format!("{good}\nnot json\n"), 2, "invalid_json_line"),
            (format!("{good}\n{{\"body\": {{}}}}\n"), 2, "duplicate_custom_id"),
            (format!("{good}\n{}\n{good}\n", request(1)), 3, "duplicate_custom_id"),
            (format!("{stream}\n"), 1, "invalid_request"),
        ] {
            let failure = check_requests(&state, file.as_bytes()).unwrap_err();
            assert_eq!((&failure["line"], &failure["code"]), (&json!(line), &json!(code)));
        }
        let many: String = (0..=MAX_REQUESTS).map(|id| format!("{{\"custom_id\": \"{id}\"}}\n")).collect();
        assert_eq!(check_requests(&state, many.as_bytes()).unwrap_err()["line"], MAX_REQUESTS + 1);
        let fine = check_requests(&state, text(&[request(0), request(1)]).as_bytes());
        assert_eq!(fine, Ok(CheckedRequests { requests: 2, prompt_tokens: 0 }));
    }

    #[test]
    fn prompt_tokens_are_counted_when_the_queue_is_limited() {
        let state = SimulatorState::new(Options { batch_queue: Some(1), ..Options::default() });
        let file = text(&[request(0), request(1), json!({"custom_id": "bad"})]);
        let checked = check_requests(&state, file.as_bytes());
        assert_eq!(checked, Ok(CheckedRequests { requests: 3, prompt_tokens: 2 * 255 }), "one tile each");
    }

    #[test]
    fn faults_of_batches_expire_lose_or_double_lines() {
        let requests: Vec<Value> = (0..20).map(request).collect();
        let all: Vec<String> = custom_ids(&requests);
        for (fault, outputs, failed) in [
            (None, 20, 0),
            (Some(BatchFault::None), 20, 0),
            (Some(BatchFault::Expire), 10, 10),
            (Some(BatchFault::Missing), 19, 0),
            (Some(BatchFault::Twice), 21, 0),
        ] {
            let state = SimulatorState::new(Options::default());
            let (output, errors) = execute(&state, &text(&requests), fault);
            assert_eq!((output.len(), errors.len()), (outputs, failed), "{fault:?}");
            assert!(output.iter().all(|line| line["response"]["status_code"] == 200), "{fault:?}");
            assert!(errors.iter().all(|line| line["error"]["code"] == "batch_expired"), "{fault:?}");
            let mut found = custom_ids(&[output, errors].concat());
            found.dedup();
            assert_eq!(found == all, fault != Some(BatchFault::Missing), "{fault:?}");
            let executed = if fault == Some(BatchFault::Expire) { 10 } else { 20 };
            assert_eq!(state.shared.borrow().stats.lines, executed, "a missing line was executed");
        }
    }

    #[test]
    fn errors_of_requests_are_lines_of_the_error_file() {
        let kinds = ["500", "429"].map(|name| name.parse().unwrap()).to_vec();
        let state = SimulatorState::new(Options { faults: 0.5, kinds, ..Options::default() });
        let mut requests: Vec<Value> = (0..20).map(request).collect();
        requests.push(
            json!({"custom_id": "no-image", "body": {"model": "m", "messages": [{"role": "user", "content": "x"}]}}),
        );
        let (output, errors) = execute(&state, &text(&requests), None);
        assert_eq!(output.len() + errors.len(), 21);
        let mut statuses: Vec<u64> =
            errors.iter().map(|line| line["response"]["status_code"].as_u64().unwrap()).collect();
        statuses.sort_unstable();
        statuses.dedup();
        assert_eq!(statuses, [400, 429, 500]);
        assert!(errors.iter().all(|line| line["response"]["body"]["error"]["message"].is_string()));
    }

    #[test]
    fn lines_are_shuffled_alike_for_the_same_seed() {
        let lines: Vec<Value> = (0..50).map(|number| json!({"id": format!("batch_req_{number:06}")})).collect();
        let shuffled = |seed| {
            let mut lines = lines.clone();
            shuffle(&mut lines, seed);
            lines
        };
        assert_eq!(shuffled(1), shuffled(1));
        assert!(shuffled(1) != lines && shuffled(1) != shuffled(2));
    }

    #[test]
    fn a_due_batch_is_executed_once() {
        let state = SimulatorState::new(Options { batch_time: Duration::ZERO, ..Options::default() });
        let id = {
            let batches = &mut state.shared.borrow_mut().batches;
            let input_file = batches.add_file(text(&[request(0), request(1)]).into_bytes());
            batches.add_batch(Batch { input_file, fault: Some(BatchFault::Unreadable), requests: 2, ..batch() })
        };
        run_when_due(&state, &id);
        run_when_due(&state, &id);
        run_when_due(&state, "batch_unknown");
        let mut shared = state.shared.borrow_mut();
        assert_eq!(shared.stats.lines, 2);
        let results = shared.batches.batch(&id).unwrap().results.clone().unwrap();
        let output = results.output_file.unwrap();
        assert_eq!((results.error_file, results.failed), (None, 0));
        let downloads = [shared.batches.take_unreadable(&output), shared.batches.take_unreadable(&output)];
        assert_eq!(downloads, [Some(FailedDownload::Error), None]);
        let lines = String::from_utf8(shared.batches.file(&output).unwrap().to_vec()).unwrap();
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(custom_ids(&lines), ["r-0", "r-1"]);
    }
}
