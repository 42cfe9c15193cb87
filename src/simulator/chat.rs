//! `POST /v1/chat/completions`: from the request to the completion, or to the error.

use super::api_error::ApiError;
use super::bill::text_tokens;
use super::bucket::OverLimit;
use super::delivery::deliver;
use super::faults::Fault;
use super::fixtures::Fixture;
use super::http::{HTML, HttpReply, JSON};
use super::limits::{Dimension, LimitError};
use super::model::image_key;
use super::request::ChatRequest;
use super::request_log::SeenRequest;
use super::state::SimulatorState;
use super::terms::{Terms, check_image, unknown_model};
use http_body_util::{BodyExt, Limited};
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use std::time::Duration;

/// Maximum size of a request, in bytes.
const MAX_BODY_BYTES: usize = 64 << 20;
/// Delay of [`Fault::Slow`].
const SLOW: Duration = Duration::from_secs(2);

/// Answers a request.
pub(crate) async fn chat(state: &SimulatorState, request: Request<Incoming>) -> HttpReply {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let authorization = header("authorization").map(str::to_owned);
    // Azure has its own header for keys.
    let authorization = authorization.or_else(|| Some(format!("Bearer {}", header("api-key")?))).unwrap_or_default();
    let body = match Limited::new(request.into_body(), MAX_BODY_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return state.reply(413, HTML, "<html><h1>413 Request Entity Too Large</h1></html>".into()),
    };
    let _in_flight = state.begin_request();
    let mut seen = SeenRequest::default();
    let reply = match answer(state, &authorization, &body, &mut seen).await {
        Ok(reply) => reply,
        Err(error) => state.error(&error),
    };
    seen.status = reply.as_ref().map_or(0, |reply| reply.status().as_u16());
    state.shared.borrow_mut().stats.keep_request(seen);
    reply
}

async fn answer(
    state: &SimulatorState,
    authorization: &str,
    body: &[u8],
    seen: &mut SeenRequest,
) -> Result<HttpReply, ApiError> {
    if state.options.key.as_ref().is_some_and(|key| authorization != format!("Bearer {key}")) {
        return Err(bad_key(state));
    }
    let request = ChatRequest::parse(body, state.options.stream_by_default)?;
    seen.note_request(&request);
    let terms = Terms::check(state.profile, &state.options, &request)?;
    seen.note_terms(&terms);
    let image = request.image_digest();
    seen.page = image.to_string();
    let earlier = state.shared.borrow_mut().stats.count_page(&image);
    let measures = state.shared.borrow_mut().model.look(&request);
    let Some(measures) = measures else {
        let message = "You uploaded an unsupported image. Please make sure your image is below 20 MB in size and is of one the following formats: ['png', 'jpeg', 'gif', 'webp'].";
        return Err(ApiError::invalid_request(message).with_code("invalid_image_format"));
    };
    check_image(&request, &measures)?;
    let tokens =
        state.shared.borrow().model.image_tokens(&request, &measures) + terms.limit.max(text_tokens(request.chars));
    let admitted = state.shared.borrow_mut().limits.admit(tokens, state.now());
    if let Err(refusal) = admitted {
        return Ok(limit_reply(state, &request.model, refusal));
    }
    let fault = choose_fault(state, image_key(&image), earlier);
    if let Some(fault) = fault {
        state.shared.borrow_mut().stats.count_fault(&image, fault.name());
    }
    let latency = state.options.latency + if fault == Some(Fault::Slow) { SLOW } else { Duration::ZERO };
    if latency > Duration::ZERO {
        tokio::time::sleep(latency).await;
    }
    if let Some(reply) = error_reply(state, &request.model, fault)? {
        return Ok(reply);
    }
    let completion = {
        let mut shared = state.shared.borrow_mut();
        let (completion, bill) = shared.model.complete(&terms, &request, &measures, fault)?;
        shared.stats.count_bill(&bill, completion.cost);
        seen.note_bill(bill, completion.cost, completion.finish_reason);
        completion
    };
    Ok(deliver(state, &completion, &request, fault).await)
}

fn choose_fault(state: &SimulatorState, image_key: u64, earlier: u64) -> Option<Fault> {
    let options = &state.options;
    let always = options.always.filter(|_| state.shared.borrow().stats.answered >= options.after);
    always.or_else(|| Fault::draw(options.seed, options.faults, &options.kinds, image_key, earlier))
}

/// The reply of a fault that is an error. `None`: the model answers.
fn error_reply(state: &SimulatorState, model: &str, fault: Option<Fault>) -> Result<Option<HttpReply>, ApiError> {
    Ok(Some(match fault {
        Some(Fault::ServerError) => return Err(ApiError::server_error()),
        Some(Fault::Unavailable) => {
            let page =
                "<html><head><title>503 Service Temporarily Unavailable</title></head><body><hr>nginx</body></html>";
            state.reply(503, HTML, page.into())
        }
        Some(Fault::BadKey) => return Err(bad_key(state)),
        Some(Fault::NoCredit) => {
            let message = "You exceeded your current quota, please check your plan and billing details.";
            return Err(ApiError::new(429, "insufficient_quota", message).with_code("insufficient_quota"));
        }
        Some(Fault::NoModel) => return Err(unknown_model(state.profile, model)),
        Some(Fault::BadRequest) => {
            let message = "Invalid value for 'top_k': expected a number.";
            return Err(ApiError::invalid_request(message).with_code("invalid_value").with_param("top_k"));
        }
        Some(Fault::RateLimited) => {
            let over = OverLimit { used: 500, wait: Duration::from_secs(1) };
            let refusal = LimitError::Exceeded { dimension: Dimension::Requests, limit: 500, requested: 1, over };
            limit_reply(state, model, refusal)
        }
        Some(Fault::Fixture(fixture)) => fixture_reply(state, fixture),
        _ => return Ok(None),
    }))
}

fn limit_reply(state: &SimulatorState, model: &str, refusal: LimitError) -> HttpReply {
    if matches!(refusal, LimitError::Exceeded { .. }) {
        state.shared.borrow_mut().stats.rate_limited += 1;
    }
    let mut reply = state.error(&refusal.to_api_error(model))?;
    if state.options.headers {
        for (name, value) in refusal.headers() {
            reply.headers_mut().insert(name, HeaderValue::from(value));
        }
    }
    Ok(reply)
}

fn fixture_reply(state: &SimulatorState, fixture: &Fixture) -> HttpReply {
    let content_type = if fixture.body.starts_with('<') { HTML } else { JSON };
    let mut reply = state.reply(fixture.status, content_type, fixture.body.to_owned())?;
    for (name, value) in fixture.headers {
        reply.headers_mut().insert(*name, HeaderValue::from_static(value));
    }
    Ok(reply)
}

fn bad_key(state: &SimulatorState) -> ApiError {
    if let Some((status, body)) = state.profile.wrong_key {
        return ApiError::recorded(status, body.to_owned());
    }
    let message =
        "Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.";
    ApiError::new(401, "invalid_request_error", message).with_code("invalid_api_key")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulator::Options;
    use crate::simulator::vision::tests::{INK, page};
    use serde_json::{Value, json};

    /// A request for a drawn page.
    fn body() -> Value {
        let mut png = std::io::Cursor::new(Vec::new());
        page(&[(10, 10, 100, 100, INK)]).write_to(&mut png, image::ImageFormat::Png).unwrap();
        let url = format!("data:image/png;base64,{}", base64_simd::STANDARD.encode_to_string(png.get_ref()));
        json!({"model": "gpt-4o-mini", "max_tokens": 300, "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]})
    }

    /// Status, body and headers of the reply.
    fn ask(state: &SimulatorState, authorization: &str, body: &Value) -> (u16, Value, hyper::HeaderMap) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let reply =
                match answer(state, authorization, body.to_string().as_bytes(), &mut SeenRequest::default()).await {
                    Ok(reply) => reply.unwrap(),
                    Err(error) => state.error(&error).unwrap(),
                };
            let (head, body) = reply.into_parts();
            let bytes = body.collect().await.unwrap().to_bytes();
            (head.status.as_u16(), serde_json::from_slice(&bytes).unwrap_or_default(), head.headers)
        })
    }

    #[test]
    fn keys_models_schemas_and_images_are_checked_in_this_order() {
        let options = Options {
            key: Some("right".into()),
            models: vec!["gpt-4o".into()],
            json_schema: false,
            ..Options::default()
        };
        let state = SimulatorState::new(options);
        let mut body = body();
        body["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "page"}});
        let code = |authorization: &str, body: &Value| {
            let (status, reply, _) = ask(&state, authorization, body);
            (status, reply["error"]["code"].clone(), reply["error"]["param"].clone())
        };
        assert_eq!(code("Bearer wrong", &body), (401, "invalid_api_key".into(), Value::Null));
        assert_eq!(code("", &json!({})), (401, "invalid_api_key".into(), Value::Null));
        assert_eq!(code("Bearer right", &json!({})), (400, "invalid_value".into(), "model".into()));
        assert_eq!(code("Bearer right", &body), (400, Value::Null, "response_format".into()));
        body["response_format"] = Value::Null;
        assert_eq!(code("Bearer right", &body), (404, "model_not_found".into(), Value::Null));
        body["model"] = "gpt-4o".into();
        assert_eq!(code("Bearer right", &body), (200, Value::Null, Value::Null));
        body["messages"] = json!([{"role": "user", "content": "no image"}]);
        assert_eq!(code("Bearer right", &body), (400, "invalid_image_format".into(), Value::Null));
        assert_eq!(state.shared.borrow().stats.answered, 1);
    }

    #[test]
    fn every_error_fault_has_its_status() {
        for (fault, status, code) in [
            (Fault::ServerError, 500, Value::Null),
            (Fault::Unavailable, 503, Value::Null),
            (Fault::BadKey, 401, "invalid_api_key".into()),
            (Fault::NoCredit, 429, "insufficient_quota".into()),
            (Fault::NoModel, 404, "model_not_found".into()),
            (Fault::BadRequest, 400, "invalid_value".into()),
            (Fault::RateLimited, 429, "rate_limit_exceeded".into()),
            (Fault::StreamError, 200, "502".into()),
            ("529".parse().unwrap(), 529, Value::Null),
            ("402".parse().unwrap(), 402, 402.into()),
        ] {
            let state = SimulatorState::new(Options { always: Some(fault), ..Options::default() });
            let (found, reply, headers) = ask(&state, "", &body());
            assert_eq!((found, &reply["error"]["code"]), (status, &code), "{fault:?}");
            assert_eq!(headers.contains_key("retry-after"), fault == Fault::RateLimited, "{fault:?}");
            assert_eq!(state.shared.borrow().stats.faults[fault.name()], 1);
        }
    }

    #[test]
    fn a_fault_begins_after_the_given_number_of_completions() {
        let state = SimulatorState::new(Options { always: Some(Fault::ServerError), after: 2, ..Options::default() });
        let statuses: Vec<u16> = (0..4).map(|_| ask(&state, "", &body()).0).collect();
        assert_eq!(statuses, [200, 200, 500, 500]);
    }

    #[test]
    fn a_reply_over_a_limit_asks_to_wait_unless_the_request_can_never_fit() {
        // The page is 8500 tokens, and the reply may have 300. A bucket of no seconds holds one token.
        let limited = |tokens_per_minute: u64| {
            let tokens_per_minute = Some(tokens_per_minute);
            SimulatorState::new(Options { tokens_per_minute, bucket_seconds: 0.0, ..Options::default() })
        };
        let state = limited(10_000);
        let (status, reply, headers) = ask(&state, "", &body());
        assert_eq!((status, &reply["error"]["type"]), (429, &json!("tokens")));
        let message = reply["error"]["message"].as_str().unwrap();
        assert!(message.contains("Limit 10000, Used 9999, Requested 8800. Please try again in 52.794s."), "{message}");
        assert_eq!(
            (&headers["retry-after"], &headers["retry-after-ms"]),
            (&"53".parse().unwrap(), &"52795".parse().unwrap())
        );
        assert_eq!(state.shared.borrow().stats.rate_limited, 1);
        let (status, reply, headers) = ask(&limited(8799), "", &body());
        assert!(reply["error"]["message"].as_str().unwrap().starts_with("Request too large for gpt-4o-mini"));
        assert!(status == 429 && !headers.contains_key("retry-after"));
    }
}
