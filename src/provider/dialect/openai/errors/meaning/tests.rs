//! The table of verdicts: every observed error of a provider, and its meaning.

use super::*;
use reqwest::header::HeaderMap;

fn name(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Done { .. } => "done".into(),
        Verdict::Retry(TransientFault { change: Some(change), .. }) => change.describe(),
        Verdict::Retry(fault) => format!("retry {}", fault.kind),
        Verdict::Later { after, .. } => format!("later {:?}", after.map(|after| after.as_millis())),
        Verdict::Page(fault) if fault.is_refusal => format!("refused {}", fault.kind),
        Verdict::Page(fault) => format!("page {}", fault.kind),
        Verdict::Stop(refusal) if refusal.may_be_page() => "stop or page".into(),
        Verdict::Stop(_) => "stop".into(),
    }
}

fn error(kind: &str, code: &str, param: &str, message: &str) -> String {
    let or_null = |text: &str| {
        if text.is_empty() { serde_json::Value::Null } else { text.into() }
    };
    serde_json::json!({"error": {"message": message, "type": or_null(kind), "code": or_null(code), "param": or_null(param)}}).to_string()
}

const INVALID: &str = "invalid_request_error";

#[test]
fn the_verdict_table() {
    let second = Some(Duration::from_secs(1));
    let html = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>".to_owned();
    let rows: Vec<(u16, String, Option<Duration>, &str)> = vec![
        (400, error(INVALID, "", "", "generic"), None, "page bad_request"),
        (400, error(INVALID, "context_length_exceeded", "messages", "This model's maximum context length is 128000 tokens."), None, "page context_too_long"),
        (400, error(INVALID, "unsupported_parameter", "max_tokens", "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."), None, "with the other name of the output limit"),
        (400, error(INVALID, "unsupported_value", "temperature", "Unsupported value: 'temperature' does not support 0.16 with this model."), None, "without temperature"),
        (400, error(INVALID, "", "response_format", "Invalid schema for response_format 'x': In context=(), 'additionalProperties' is required"), None, "with a simpler schema"),
        (400, error(INVALID, "", "response_format", "response_format json_schema is not supported by this model"), None, "with a weaker reply format"),
        (400, r#"{"object":"error","message":"stream_options: Extra inputs are not permitted","type":"BadRequestError","param":null,"code":400}"#.into(), None, "without stream_options"),
        (400, error(INVALID, "invalid_value", "messages[0].content[0].image_url.url", "Invalid image URL"), None, "page image_refused"),
        (400, error(INVALID, "sanitizer_server_error", "", "You uploaded an unsupported image. Please make sure your image is below 20 MB"), None, "page image_refused"),
        (400, error(INVALID, "", "messages.[0].content.[1].type", "Invalid content type. image_url is only supported by certain models."), None, "stop"),
        (400, r#"[{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}]"#.into(), None, "stop"),
        (400, error("", "content_filter", "prompt", "The response was filtered due to the prompt triggering Azure OpenAI's content management policy"), None, "refused content_filter"),
        (401, error(INVALID, "invalid_api_key", "", "Incorrect API key provided"), None, "stop"),
        (402, "{\"error\":\"no credit\"}".into(), None, "stop"),
        (403, error("", "unsupported_country_region_territory", "", "Country not supported"), None, "stop or page"),
        (404, error(INVALID, "model_not_found", "", "The model `x` does not exist or you do not have access to it."), None, "stop"),
        (101, String::new(), None, "stop"),
        (304, String::new(), None, "stop"),
        (307, String::new(), None, "stop"),
        (408, String::new(), None, "retry timeout"),
        (409, String::new(), None, "retry server_error"),
        (413, html.clone(), None, "page request_too_large"),
        (422, r#"{"detail":[{"loc":["body"],"msg":"field required","type":"missing"}]}"#.into(), None, "page bad_request"),
        (429, error("tokens", "rate_limit_exceeded", "", "Rate limit reached for M on tokens per min (TPM): Limit 30000, Used 29937, Requested 385."), second, "later Some(1000)"),
        (429, error("requests", "rate_limit_exceeded", "", "Rate limit reached"), None, "later None"),
        (429, error("tokens", "rate_limit_exceeded", "", "Request too large for M on tokens per min (TPM): Limit 30000, Requested 31538."), None, "page request_too_large"),
        (429, error("tokens", "rate_limit_exceeded", "", "Limit 30000, Requested 31538. The input must be reduced"), second, "page request_too_large"),
        (429, error("insufficient_quota", "insufficient_quota", "", "You exceeded your current quota, please check your plan and billing details."), None, "stop"),
        (429, error("insufficient_quota", "", "", "You exceeded your current quota"), None, "stop"),
        (429, error("insufficient_quota", "project_spend_limit_exceeded", "", "x"), None, "stop"),
        (429, r#"[{"error":{"code":429,"message":"You exceeded your current quota, please check billing details","status":"RESOURCE_EXHAUSTED"}}]"#.into(), second, "later Some(1000)"),
        (429, error("rate_limit_error", "slow_down", "", "x"), None, "later None"),
        (429, String::new(), None, "later None"),
        (498, error("", "capacity_exceeded", "", "x"), None, "later None"),
        (500, error("server_error", "", "", "The server had an error while processing your request."), None, "retry server_error"),
        (502, html.clone(), None, "retry server_error"),
        (503, html.clone(), None, "later None"),
        (503, error("service_unavailable_error", "server_is_overloaded", "", "x"), second, "later Some(1000)"),
        (504, html, None, "retry server_error"),
        (529, error("overloaded_error", "", "", "x"), None, "later None"),
        (400, "{\"error\":\"string\"}".into(), None, "page bad_request"),
        (400, error(INVALID, "", "prompt_cache_key", "Unrecognized request argument supplied: prompt_cache_key"), None, "without prompt_cache_key"),
        (400, error(INVALID, "invalid_image_url", "", "Timeout while downloading https://x"), None, "retry server_error"),
        (403, error("", "", "", "Your input was flagged by our moderation"), None, "refused content_filter"),
        (403, error("", "", "", "Request blocked by guardrail"), None, "refused content_filter"),
        (400, error("", "", "", "Request blocked by guardrails: violence"), None, "refused content_filter"),
        (451, error("", "", "", "Unavailable For Legal Reasons"), None, "stop or page"),
        (400, error(INVALID, "", "", "System messages are not supported together with images"), None, "without system_message"),
        (400, error(INVALID, "", "", "image input is not supported"), None, "stop"),
        (400, error(INVALID, "", "", "unknown variant `image_url`, expected `text`"), None, "stop"),
        (400, error(INVALID, "", "", "This model does not support images larger than 20MP"), None, "page image_refused"),
        (400, error(INVALID, "", "", "This image is not supported by the model"), None, "page image_refused"),
        (400, error(INVALID, "", "", "CMYK images are not supported"), None, "page image_refused"),
        (400, error(INVALID, "", "", "Invalid image: unsupported image format. Request: {\"model\":\"m\",\"temperature\":0.7}"), None, "page image_refused"),
        (500, "model does not accept `temperature`".into(), None, "without temperature"),
        (500, "<p>`temperature` is not supported</p>".into(), None, "retry server_error"),
        (502, "model does not accept `temperature`".into(), None, "without temperature"),
        (502, "upstream connect error or disconnect/reset before headers".into(), None, "retry server_error"),
        (404, error("", "404", "", "No endpoints found that support parameter: temperature"), None, "without temperature"),
        (500, error("", "", "", "Insufficient Balance"), None, "stop"),
        (502, error("", "", "", "Your credit balance is too low to access the Anthropic API."), None, "stop"),
        (503, error("", "", "", "Your credit balance is too low to access the Anthropic API."), second, "stop"),
        (503, "Insufficient Balance".into(), None, "stop"),
        (500, "<html>Insufficient Balance</html>".into(), None, "retry server_error"),
        (500, error("", "", "", "the retry budget has been exceeded"), None, "retry server_error"),
        (400, error(INVALID, "model_decommissioned", "", "The model `llama-3.2` has been decommissioned and is no longer supported."), None, "stop"),
        (400, error("", "", "", "The requested model has been retired."), None, "stop"),
        (410, error("", "", "", "This model has been retired"), None, "stop"),
        (410, String::new(), None, "stop or page"),
        (410, error("", "", "", "Gone"), None, "stop or page"),
        (410, error("", "", "", "The image at this URL is gone"), None, "stop or page"),
        (410, error("", "", "", "The model gpt-x is gone"), None, "stop"),
        (410, error("", "", "", "This deployment no longer exists"), None, "stop"),
        (429, error("", "unsupported_parameter", "temperature", "Unsupported parameter: 'temperature' is not supported with this model."), None, "without temperature"),
        (429, error("", "rate_limit_exceeded", "", "'temperature' is not supported"), None, "later None"),
        (429, error("insufficient_quota", "", "", "'temperature' is not supported in your plan: you exceeded your current quota"), None, "stop"),
        (401, error("", "", "", "`temperature` is not supported with this model."), None, "without temperature"),
        (401, error("", "", "", "Incorrect API key provided: 'temperature' is not supported"), None, "stop"),
        (408, error("", "", "", "`temperature` is not supported with this model."), None, "without temperature"),
        (503, error("", "", "", "The server is overloaded: temperature is not supported right now, try again later"), second, "later Some(1000)"),
        (500, error("", "", "", "Overloaded: image input is not supported at the moment, try again later"), None, "retry server_error"),
        (500, error("", "", "", "image input is not supported"), None, "stop"),
        (500, error("", "", "", "The model replica has been retired; please retry"), None, "retry server_error"),
        (503, error("", "", "", "The model gpt-x has been sunset"), None, "stop"),
        (500, error("", "", "", "The model `x` does not exist"), None, "stop"),
        (503, error("", "model_not_found", "", "No available channel for model x under group default"), None, "later None"),
        (503, error("", "", "", "Model is loading"), None, "later None"),
        (503, error("", "", "", "The model is overloaded"), second, "later Some(1000)"),
        (500, error("", "", "", "The model was not found, please retry in a few seconds"), None, "retry server_error"),
        (503, error("", "", "", "Model replica m has been shut down; please retry"), None, "later None"),
        (400, error("", "", "", "The model x is not available at the moment of writing"), None, "page bad_request"),
        (500, error("", "", "", "The requested model has been retired."), None, "stop"),
        (400, error("", "", "", "This model's `logprobs` parameter is no longer supported"), None, "page bad_request"),
        (400, error("", "", "", "`temperature` is deprecated for this model."), None, "without temperature"),
        (400, error("", "", "", "Images in this model's format are no longer supported"), None, "page image_refused"),
        (400, error("", "", "", "Input length 9000 exceeds maximum allowed token size 8192"), None, "page context_too_long"),
        (400, error("", "", "", "The prompt has 9000 tokens, which is more than the 8192 of this model"), None, "page context_too_long"),
        (400, error("", "", "", "This model's input modalities do not include image"), None, "stop"),
        (500, error("", "", "", "An unexpected error occurred in structured output"), None, "retry server_error"),
        (500, error("", "", "", "context length exceeded"), None, "page context_too_long"),
        (400, error(INVALID, "", "", "This model's maximum context length is 4096 tokens. However, you requested 4200 tokens (3900 in the messages, 300 in the completion)."), None, "page context_too_long"),
        (400, error("", "", "", "You exceeded your current quota, please check your plan and billing details."), None, "stop"),
        (429, error("", "", "", "Purchase credits for a higher limit"), second, "later Some(1000)"),
        (429, error("", "insufficient_quota", "", "x"), second, "stop"),
        (400, error("", "", "", "File file-1 not found"), None, "page bad_request"),
        (405, String::new(), None, "stop"),
        (425, String::new(), None, "retry server_error"),
        (418, String::new(), None, "page bad_request"),
    ];
    for (status, body, after, expected) in rows {
        let error = ErrorBody::parse(&body);
        let judged = judge(&ReceivedError { after, ..ReceivedError::of_status(status, &error) });
        assert_eq!(name(&judged.verdict), expected, "{status} {body}");
    }
}

#[test]
fn what_an_error_may_cost() {
    let api = ErrorBody::parse(&error("server_error", "", "", "x"));
    let gateway = ErrorBody::parse("<html>bad gateway</html>");
    let reasoned = ErrorBody::parse(&error(
        INVALID,
        "",
        "",
        "Could not finish the message because max_tokens or model output limit was reached.",
    ));
    let parameter = ErrorBody::parse(&error("", "", "", "`temperature` is not supported with this model"));
    let credit = ErrorBody::parse(&error("", "", "", "Insufficient Balance"));
    for (status, body, expected) in [
        (502, &parameter, Charge::Nothing),
        (504, &parameter, Charge::Nothing),
        (502, &credit, Charge::Nothing),
        (502, &api, Charge::Unknown),
        (429, &api, Charge::Nothing),
        (500, &api, Charge::Nothing),
        (500, &gateway, Charge::Unknown),
        (502, &gateway, Charge::Unknown),
        (503, &gateway, Charge::Nothing),
        (504, &api, Charge::Unknown),
        (400, &api, Charge::Nothing),
        (400, &reasoned, Charge::Unknown),
    ] {
        assert_eq!(judge(&ReceivedError::of_status(status, body)).charge, expected, "{status}");
    }
}

/// What an error means for a request that does not have what it rejects.
#[test]
fn a_parameter_that_was_not_sent_is_not_what_failed() {
    let body = error("", "", "", "`temperature` is not supported with this model.");
    for (status, expected) in [
        (400, "page bad_request"),
        (422, "page bad_request"),
        (403, "stop or page"),
        (404, "stop or page"),
        (410, "stop or page"),
        (451, "stop or page"),
        (401, "stop"),
        (408, "retry timeout"),
        (429, "later None"),
        (500, "retry server_error"),
        (503, "retry server_error"),
    ] {
        let reply = ErrorReply { status, headers: &HeaderMap::new(), body: &body, wall_ms: 0 };
        let judged = judge_error(&reply);
        assert_eq!(name(&judged.verdict), "without temperature", "{status}");
        let (verdict, charge) = judged.otherwise;
        assert_eq!(name(&verdict), expected, "{status}");
        let may_have_run = matches!(status, 408 | 500);
        assert_eq!(charge, if may_have_run { Charge::Unknown } else { Charge::Nothing }, "{status}");
    }
    let window = "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens (800 in the messages, 8200 in the completion).";
    let body = error(INVALID, "", "", window);
    let judged = judge_error(&ErrorReply { status: 400, headers: &HeaderMap::new(), body: &body, wall_ms: 0 });
    assert_eq!(name(&judged.verdict), "with an output limit of at most 2961 tokens");
    assert_eq!(name(&judged.otherwise.0), "page context_too_long");
}

#[test]
fn the_header_x_should_retry_overrules_the_status() {
    let body = ErrorBody::parse(&error(INVALID, "", "", "x"));
    for (status, should_retry, expected) in
        [(400, true, "retry server_error"), (500, false, "page bad_request"), (500, true, "retry server_error")]
    {
        let should_retry = Some(should_retry);
        let judged = judge(&ReceivedError { should_retry, ..ReceivedError::of_status(status, &body) });
        assert_eq!(name(&judged.verdict), expected, "{status}");
    }
}

#[test]
fn the_limit_that_was_exceeded() {
    let limit = |kind: &str, message: &str| {
        exceeded_limit(&ErrorBody::from_value(&serde_json::json!({"error": {"type": kind, "message": message}})))
    };
    let tokens =
        "Rate limit reached for m in organization o on tokens per min (TPM): Limit 30,000, Used 29937, Requested 385.";
    assert_eq!(limit("tokens", tokens), Some(ExceededLimit { kind: LimitKind::Tokens, per_minute: Some(30_000) }));
    let requests = "Rate limit reached for m on requests per min (RPM): Limit 500, Used 500, Requested 1.";
    assert_eq!(limit("requests", requests), Some(ExceededLimit { kind: LimitKind::Requests, per_minute: Some(500) }));
    assert_eq!(limit("requests", "on requests per day (RPD): Limit 200, Used 200"), None);
    let concurrent = "Too many concurrent requests: limit 5";
    assert_eq!(limit("", concurrent), Some(ExceededLimit { kind: LimitKind::Requests, per_minute: None }));
    assert_eq!(limit("", "slow down"), Some(ExceededLimit { kind: LimitKind::Requests, per_minute: None }));
}

#[test]
fn only_throttling_exceeds_a_limit() {
    let body =
        error("tokens", "rate_limit_exceeded", "", "on tokens per min (TPM): Limit 30000, Used 29937, Requested 385.");
    let judge =
        |status, body: &str| judge_error(&ErrorReply { status, headers: &HeaderMap::new(), body, wall_ms: 0 }).exceeded;
    assert_eq!(judge(429, &body), Some(ExceededLimit { kind: LimitKind::Tokens, per_minute: Some(30_000) }));
    assert_eq!(judge(503, &body), None, "an overloaded server");
    assert_eq!(judge(429, &error("", "insufficient_quota", "", "Limit 5")), None, "an empty account");
}

#[test]
fn the_delay_in_headers_comes_before_the_one_in_the_body() {
    let body = error("tokens", "", "", "Please try again in 644ms.");
    let judge = |headers: &[(&'static str, &str)], body: &str| {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        match judge_error(&ErrorReply { status: 429, headers: &headers, body, wall_ms: 0 }).verdict {
            Verdict::Later { after, .. } => after.map(|after| after.as_millis()),
            verdict => panic!("{verdict:?}"),
        }
    };
    assert_eq!(judge(&[("retry-after", "2")], &body), Some(2000));
    assert_eq!(judge(&[("retry-after", "soon")], &body), Some(644));
    assert_eq!(judge(&[("retry-after", "18446744073709540000")], &body), Some(MAX_DELAY.as_millis()), "cut");
    assert_eq!(judge(&[], "{}"), None);
    assert_eq!(judge(&[("retry-after", "0")], "{}"), None, "no delay at all");
    assert_eq!(judge(&[("retry-after", "0")], &body), Some(644));
    assert_eq!(judge(&[], &error("", "", "", "Please retry after 86400 seconds.")), Some(86_400_000));
}

#[test]
fn a_request_that_is_larger_than_the_limit_is_not_tried_again() {
    for message in [
        "Rate limit reached on tokens per minute (TPM): Limit 7,000, Used 0, Requested ~12903. Please try again in 50s.",
        "You requested approximately 12,903 tokens, more than the limit of 7000.",
    ] {
        let body = error("tokens", "rate_limit_exceeded", "", message);
        let reply = ErrorReply { status: 429, headers: &HeaderMap::new(), body: &body, wall_ms: 0 };
        let verdict = judge_error(&reply).verdict;
        assert!(matches!(&verdict, Verdict::Page(fault) if fault.kind == ErrorKind::RequestTooLarge), "{verdict:?}");
    }
}

/// What messages begin with, and what all requests wait for.
#[test]
fn messages_name_the_true_cause() {
    let of =
        |status, body: &str| judge_error(&ErrorReply { status, headers: &HeaderMap::new(), body, wall_ms: 0 }).verdict;
    for (status, body, obstacle) in [
        (429, error("", "rate_limit_exceeded", "", "Rate limit reached"), Some(Obstacle::RateLimit)),
        (429, String::new(), Some(Obstacle::RateLimit)),
        (
            429,
            r#"[{"error":{"code":429,"message":"Quota of this minute exceeded","status":"RESOURCE_EXHAUSTED"}}]"#
                .into(),
            Some(Obstacle::Other),
        ),
        (
            402,
            r#"{"error":{"message":"x","code":402,"metadata":{"reason":"in_flight_budget_exhausted"}}}"#.into(),
            Some(Obstacle::Other),
        ),
        (503, String::new(), Some(Obstacle::Unavailable)),
        (529, String::new(), Some(Obstacle::Unavailable)),
        (429, error("insufficient_quota", "", "", "You exceeded your current quota"), None),
        (404, String::new(), None),
    ] {
        assert_eq!(of(status, &body).obstacle(), obstacle, "{status} {body}");
    }
    for (status, body, expected) in [
        (101, "", "HTTP 101: the server does not reply to the request"),
        (304, "", "HTTP 304: the server sent a redirect without a location"),
        (404, r#"{"detail":"Not Found"}"#, "HTTP 404: Not Found"),
    ] {
        let Verdict::Stop(refusal) = of(status, body) else { panic!("{status}") };
        assert_eq!(refusal.message, expected);
    }
}

/// A gateway has its own message, and a nested error with the cause.
#[test]
fn an_error_means_what_the_errors_inside_of_it_say() {
    use serde_json::{Value, json};
    let wrappers: [fn(&str) -> Value; 13] = [
        |m| json!({"error": {"message": "Invalid request", "code": 400, "details": [{"field": "body", "reason": m}]}}),
        |m| json!({"error": {"message": "Bad Request", "details": m}}),
        |m| json!({"error": {"code": "BadRequest", "message": "Invalid.", "innererror": {"code": "InvalidParameter", "message": m}}}),
        |m| json!({"error": {"code": "BadRequest", "message": "Invalid.", "inner_error": {"details": m}}}),
        |m| json!({"error": {"message": "Provider returned error", "metadata": {"raw": {"error": {"message": m}}}}}),
        |m| {
            let raw = json!({"error": {"message": json!({ "message": m }).to_string()}}).to_string();
            json!({"error": {"message": "Provider returned error", "metadata": {"raw": raw}}})
        },
        |m| json!({"error": {"message": "Invalid request", "errors": [{"message": m, "param": null}]}}),
        |m| json!({"error": {"message": "upstream failed", "cause": {"message": m}}}),
        |m| {
            let violation = json!({ "fieldViolations": [{ "description": m }] });
            let message = "Request contains an invalid argument.";
            json!([{"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT", "details": [violation]}}])
        },
        |m| json!({"error": {"error": {"message": m, "code": 400}}}),
        |m| json!({"success": false, "errors": [{"code": 5006, "message": format!("AiError: {m}")}], "messages": []}),
        |m| json!({"statusCode": 400, "message": [m], "error": "Bad Request"}),
        |m| json!({"error": {"message": json!({"error": {"message": m}}).to_string(), "type": "upstream_error"}}),
    ];
    for (message, expected) in [
        ("Unsupported parameter: 'temperature' is not supported with this model.", "without temperature"),
        ("Your credit balance is too low to access the API.", "stop"),
        ("The model `m` does not exist or you do not have access to it.", "stop"),
        ("This model does not support image input.", "stop"),
        ("Incorrect API key provided: sk-1.", "stop"),
        ("This model's maximum context length is 8192 tokens.", "page context_too_long"),
        ("The image is blank.", "page image_refused"),
    ] {
        for wrapped in wrappers.map(|wrapper| wrapper(message).to_string()) {
            let reply = ErrorReply { status: 400, headers: &HeaderMap::new(), body: &wrapped, wall_ms: 0 };
            assert_eq!(name(&judge_error(&reply).verdict), expected, "{wrapped}");
        }
    }
}
