//! Every error that a provider was seen to send, and what it means.

use super::*;

fn name(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Done { .. } => "done".into(),
        Verdict::Retry(Passing { change: Some(change), .. }) => format!("without {change:?}"),
        Verdict::Retry(fault) => format!("retry {}", fault.kind),
        Verdict::Later { after, .. } => format!("later {:?}", after.map(|after| after.as_millis())),
        Verdict::Page(fault) if fault.is_refusal => format!("refused {}", fault.kind),
        Verdict::Page(fault) => format!("page {}", fault.kind),
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
fn the_table_of_errors() {
    let second = Some(Duration::from_secs(1));
    let html = "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>".to_owned();
    let rows: Vec<(u16, String, Option<Duration>, &str)> = vec![
        (400, error(INVALID, "", "", "generic"), None, "page bad_request"),
        (400, error(INVALID, "context_length_exceeded", "messages", "This model's maximum context length is 128000 tokens."), None, "page context_too_long"),
        (400, error(INVALID, "unsupported_parameter", "max_tokens", "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."), None, "without MaxTokens"),
        (400, error(INVALID, "unsupported_value", "temperature", "Unsupported value: 'temperature' does not support 0.16 with this model."), None, "without Sampling"),
        (400, error(INVALID, "", "response_format", "Invalid schema for response_format 'x': In context=(), 'additionalProperties' is required"), None, "page bad_request"),
        (400, error(INVALID, "", "response_format", "response_format json_schema is not supported by this model"), None, "without Format"),
        (400, r#"{"object":"error","message":"stream_options: Extra inputs are not permitted","type":"BadRequestError","param":null,"code":400}"#.into(), None, "without StreamOptions"),
        (400, error(INVALID, "invalid_value", "messages[0].content[0].image_url.url", "Invalid image URL"), None, "page image_refused"),
        (400, error(INVALID, "sanitizer_server_error", "", "You uploaded an unsupported image. Please make sure your image is below 20 MB"), None, "page image_refused"),
        (400, error(INVALID, "", "messages.[0].content.[1].type", "Invalid content type. image_url is only supported by certain models."), None, "page image_refused"),
        (400, r#"[{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}]"#.into(), None, "stop"),
        (400, error("", "content_filter", "prompt", "The response was filtered due to the prompt triggering Azure OpenAI's content management policy"), None, "refused content_filter"),
        (401, error(INVALID, "invalid_api_key", "", "Incorrect API key provided"), None, "stop"),
        (402, "{\"error\":\"no credit\"}".into(), None, "stop"),
        (403, error("", "unsupported_country_region_territory", "", "Country not supported"), None, "stop"),
        (404, error(INVALID, "model_not_found", "", "The model `x` does not exist or you do not have access to it."), None, "stop"),
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
    ];
    for (status, body, after, expected) in rows {
        let (verdict, _) = of_error(status, &ErrorBody::parse(&body), after, None);
        assert_eq!(name(&verdict), expected, "{status} {body}");
    }
}

#[test]
fn what_an_error_costs() {
    let api = ErrorBody::parse(&error("server_error", "", "", "x"));
    let gateway = ErrorBody::parse("<html>bad gateway</html>");
    for (status, body, expected) in [
        (429, &api, Charge::Nothing),
        (500, &api, Charge::Nothing),
        (500, &gateway, Charge::Unknown),
        (502, &gateway, Charge::Unknown),
        (503, &gateway, Charge::Nothing),
        (504, &api, Charge::Unknown),
        (400, &api, Charge::Nothing),
    ] {
        assert_eq!(of_error(status, body, None, None).1, expected, "{status}");
    }
}

#[test]
fn servers_may_overrule() {
    let body = ErrorBody::parse(&error(INVALID, "", "", "x"));
    assert_eq!(name(&of_error(400, &body, None, Some(true)).0), "retry server_error");
    assert_eq!(name(&of_error(500, &body, None, Some(false)).0), "page bad_request");
}

#[test]
fn errors_after_the_reply_has_begun() {
    for (body, expected) in [
        (r#"{"error":{"code":502,"message":"Upstream"}}"#, "retry server_error"),
        (r#"{"error":{"code":429,"message":"x"}}"#, "later None"),
        (r#"{"error":{"message":"The server had an error","type":"server_error"}}"#, "retry server_error"),
        (r#"{"error":"plain string"}"#, "retry server_error"),
        (r#"{"error":{"code":402,"message":"credit"}}"#, "stop"),
    ] {
        let (verdict, charge) = of_late_error(&ErrorBody::parse(body));
        assert_eq!((name(&verdict).as_str(), charge), (expected, Charge::Unknown), "{body}");
    }
}
