//! An endpoint against a server on loopback, and its data without one.

use super::*;
use crate::base::clock::{ManualClock, SystemClock};
use crate::base::money::Pico;
use crate::base::usage::Usage;
use crate::catalog::Basis;
use crate::manifest::{self, Job};
use crate::provider::client::call::HttpCall;
use crate::provider::dialect::interface::{
    BatchDialect, ErrorReply, FrameOptions, NotAReply, PageFrame, PageParts, ReplyStream,
};
use crate::provider::dialect::openai::OpenAi;
use crate::provider::form::capability::ReplyFormat;
use crate::provider::form::capability_change::CapabilityChange;
use crate::provider::form::parameter::Parameters;
use crate::provider::judgement::error_judgement::ErrorJudgement;
use crate::provider::judgement::rate_limits::{ExceededLimit, LimitHeaders, LimitKind, RateLimitHeaders};
use crate::provider::judgement::transient::Transient;
use crate::provider::judgement::verdict::{Charge, Obstacle, TransientFault};
use crate::provider::replies::reply::{Reply, ReplyEnd};
use crate::provider::replies::served::Served;
use crate::provider::request::page_request::Variation;
use crate::provider::test_server::{Received, TestServer, block_on, client, reply};
use crate::task::{Question, compile};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use std::cell::RefCell;

const JOB: &str = "version: 1\nname: x\ninput: {folder: .}\nprovider: {simulator: {}, model: openai/gpt-4o-mini}\ntasks: {kind: {classify: {labels: [a, b]}}, signed: {question: {text: Signed?, type: boolean}}}\n";

fn job() -> Job {
    manifest::check(std::path::Path::new("job.yaml"), JOB, &|_| None).unwrap()
}

fn setup(client: HttpClient) -> EndpointSetup {
    let job = job();
    EndpointSetup {
        id: "test openai/gpt-4o-mini".into(),
        client,
        dialect: DialectName::OpenAi,
        clock: Arc::new(SystemClock::new()),
        model: job.provider.model.clone(),
        request: job.request,
        image: job.image,
        limits: job.limits,
        retry: job.retry,
        price: None,
        capabilities: Capabilities::default(),
        calibration: Calibration::default(),
    }
}

/// An endpoint that is not asked.
fn endpoint() -> ModelEndpoint {
    ModelEndpoint::new(setup(client("http://127.0.0.1:9/v1")))
}

fn request(tasks: &[usize]) -> PageRequest {
    let questions = compile(&job().tasks, &[]).unwrap().into();
    PageRequest { questions, tasks: tasks.to_vec(), variation: Variation::default(), page: 7, repair: None }
}

fn image() -> Prepared {
    let bytes = Bytes::from_static(b"image bytes");
    Prepared { bytes, mime: "image/jpeg", width: 512, height: 512, full: (1024, 1024), features: None, renderer: None }
}

const MINUTE: Duration = Duration::from_secs(60);

/// Sends one request to a server with this reply, and what the server received.
fn send(reply: Vec<u8>) -> (Exchange, Received, String) {
    let server = TestServer::start(vec![reply]);
    let endpoint = ModelEndpoint::new(setup(server.client()));
    let seen = RefCell::new(String::new());
    let exchange =
        block_on(endpoint.send(&request(&[0]), &endpoint.outgoing(&request(&[0])), &image(), MINUTE, &|text| {
            seen.borrow_mut().push_str(text);
        }));
    (exchange, server.requests().remove(0), seen.into_inner())
}

/// A verdict in a few words.
fn name(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Done { reading, cut } => {
            format!("{} done{}", reading.len(), if *cut == Cut::No { "" } else { ", cut" })
        }
        Verdict::Retry(fault) => format!("retry {}", fault.kind),
        Verdict::Later { .. } => "later".into(),
        Verdict::Page(fault) => format!("page {}", fault.kind),
        Verdict::Stop(_) => "stop".into(),
    }
}

const ANSWER: &str = r#"{"choices":[{"message":{"content":"{\"kind\":\"a\"}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":5}}"#;

#[test]
fn a_request_and_its_reply() {
    let headers = "content-type: application/json\r\nx-request-id: req_sk-secret\r\nx-ratelimit-limit-requests: 500\r\nx-ratelimit-remaining-requests: 499\r\nx-ratelimit-reset-requests: 120ms\r\n";
    let (exchange, received, seen) = send(reply(200, headers, ANSWER));
    assert_eq!((name(&exchange.verdict).as_str(), exchange.status), ("1 done", Some(200)));
    assert_eq!(exchange.charge, Charge::Reported(Usage { input: 100, output: 5, ..Usage::default() }));
    assert_eq!(exchange.request_id.as_deref(), Some("req_***"), "without the key");
    let reset = Duration::from_millis(120);
    let requests = LimitHeaders { limit: 500, remaining: 499, reset: Some(reset) };
    assert_eq!(exchange.rate_limits, RateLimitHeaders { requests: Some(requests), tokens: None });
    assert_eq!((exchange.content.as_str(), seen.as_str()), (r#"{"kind":"a"}"#, r#"{"kind":"a"}"#));
    assert!(received.head.starts_with("post /v1/chat/completions http/1.1\r\n"), "{}", received.head);
    assert!(received.head.contains("authorization: bearer sk-secret\r\n"));
    assert!(received.head.contains("content-type: application/json\r\n"));
    let endpoint = endpoint();
    let body = endpoint.page_body(&request(&[0]), &endpoint.outgoing(&request(&[0])), &image());
    assert!(received.body == body);
}

#[test]
fn replies_of_every_kind() {
    let stream = |events: &[&str]| events.iter().map(|event| format!("data: {event}\n\n")).collect::<String>();
    let text = r#"{"choices":[{"delta":{"content":"{\"kind\":\"b\"}"}}]}"#;
    let stop = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
    let usage = r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}}"#;
    let sse = "content-type: text/event-stream; charset=utf-8\r\n";
    let whole = stream(&[text, stop, usage, "[DONE]"]);
    let cut = |text: &str| {
        let mut bytes = reply(200, sse, &format!("{text}{}", "x".repeat(100)));
        bytes.truncate(bytes.len() - 100);
        bytes
    };
    let nothing = "[]".to_owned();
    for (reply, expected, charge, content) in [
        (reply(200, sse, &whole), "1 done", Some(2), r#"{"kind":"b"}"#),
        (reply(200, sse, &stream(&[text, stop, "[DONE]"])), "1 done", None, r#"{"kind":"b"}"#),
        // A stream under another media type.
        (reply(200, "content-type: application/json\r\n", &whole), "1 done", Some(2), r#"{"kind":"b"}"#),
        (
            reply(200, "content-type: application/json\r\n", &format!(": wait\n\n{whole}")),
            "1 done",
            Some(2),
            r#"{"kind":"b"}"#,
        ),
        // JSON under the media type of a stream.
        (reply(200, sse, ANSWER), "1 done", Some(5), r#"{"kind":"a"}"#),
        (reply(200, sse, r#"{"error":{"code":429,"message":"slow down"}}"#), "later", None, ""),
        // The last event has no closing empty line.
        (reply(200, sse, whole.trim_end()), "1 done", Some(2), r#"{"kind":"b"}"#),
        (reply(200, sse, &stream(&[text])), "retry cut_reply", None, r#"{"kind":"b"}"#),
        (cut(&stream(&[text])), "retry cut_reply", None, r#"{"kind":"b"}"#),
        (cut(&stream(&[text, stop])), "1 done", None, r#"{"kind":"b"}"#),
        (reply(200, sse, &stream(&[text, r#"{"error":{"code":429,"message":"slow down"}}"#])), "later", None, ""),
        // The first reply of this endpoint: the run waits.
        (reply(200, "", "<html>ok</html>"), "later", None, ""),
        (reply(200, "", r#"{"status":"ok"}"#), "later", None, ""),
        (reply(403, "", "<html>Sign in"), "later", None, ""),
        (reply(400, "", "<html>Sign in"), "later", None, ""),
        (reply(200, "", r#"{"choices":[{"mess"#), "later", None, ""),
        (reply(200, "", r#"{"choices":[]}"#), "later", None, ""),
        (reply(200, "", r#"{"error":{"message":"The server had an error"}}"#), "retry server_error", None, ""),
        (reply(200, "", r#"{"choices":[{"message":{}}],"error":{"code":502}}"#), "retry server_error", None, ""),
        (reply(200, "", &ANSWER.replace("\"stop\"", "\"length\"")), "1 done, cut", Some(5), r#"{"kind":"a"}"#),
        (
            reply(200, "", &ANSWER.replace(r#"{\"kind\":\"a\"}"#, "the key is sk-secret")),
            "1 done",
            Some(5),
            "the key is ***",
        ),
        (reply(307, "location: http://x/\r\n", ""), "stop", None, ""),
        (reply(500, "", &nothing), "retry server_error", None, ""),
    ] {
        let (exchange, ..) = send(reply.clone());
        let reply = String::from_utf8_lossy(&reply);
        let output = match exchange.charge {
            Charge::Reported(usage) => Some(usage.output),
            _ => None,
        };
        assert_eq!((name(&exchange.verdict).as_str(), output), (expected, charge), "{reply}");
        assert_eq!(exchange.content, content, "{reply}");
    }
}

#[test]
fn who_gave_a_reply_and_what_it_cost() {
    let header = "x-litellm-response-cost: 7.099999999999999e-05\r\n";
    let with = |members: Value| {
        let mut answer: Value = serde_json::from_str(ANSWER).unwrap();
        members.as_object().unwrap().iter().for_each(|(name, value)| answer[name] = value.clone());
        answer.to_string()
    };
    let usage = |cost: Value| json!({"prompt_tokens": 9, "completion_tokens": 2, "cost": cost});
    for (reply, cost, model, provider) in [
        (reply(200, "", ANSWER), None, None, None),
        (reply(200, header, ANSWER), Some(71_000_000), None, None),
        (reply(200, header, &with(json!({"usage": usage(json!(0.5))}))), Some(500_000_000_000), None, None),
        (reply(200, header, &with(json!({"usage": usage(json!(-1))}))), Some(71_000_000), None, None),
        (reply(200, header, &with(json!({"usage": usage(json!(0))}))), Some(71_000_000), None, None),
        (reply(200, header, &with(json!({"usage": usage(json!(0.00006))}))), Some(71_000_000), None, None),
        (reply(200, "x-litellm-response-cost: NaN\r\n", ANSWER), None, None, None),
        (reply(200, "x-litellm-response-cost: -1\r\n", ANSWER), None, None, None),
        (
            reply(200, "", &with(json!({"model": "m-sk-secret", "provider": "P\u{1b}[0m"}))),
            None,
            Some("m-***"),
            Some("P[0m"),
        ),
        (reply(200, "", r#"{"model":"m","error":{"code":502,"message":"x"}}"#), None, Some("m"), None),
    ] {
        let served = send(reply).0.served;
        assert_eq!(served.cost, cost.map(Pico));
        assert_eq!((served.model.as_deref(), served.provider.as_deref()), (model, provider));
    }
}

#[test]
fn a_refusal_names_the_limit_and_no_secret() {
    let body = json!({"error": {"type": "tokens", "message": "Rate limit reached for sk-secret on tokens per min (TPM): Limit 30000, Used 29937, Requested 385."}});
    let (exchange, ..) = send(reply(429, "retry-after: 2\r\n", &body.to_string()));
    assert_eq!(exchange.exceeded, Some(ExceededLimit { kind: LimitKind::Tokens, per_minute: Some(30_000) }));
    let Verdict::Later { after, message, .. } = exchange.verdict else { panic!("{:?}", exchange.verdict) };
    assert_eq!(after, Some(Duration::from_secs(2)));
    assert!(message.contains("reached for *** on"), "{message}");
}

#[test]
fn a_server_that_is_not_there() {
    let endpoint = endpoint();
    let exchange =
        block_on(endpoint.send(&request(&[0]), &endpoint.outgoing(&request(&[0])), &image(), MINUTE, &|_| {}));
    assert_eq!((name(&exchange.verdict).as_str(), exchange.charge), ("later", Charge::Nothing));
    assert_eq!((exchange.status, exchange.request_id), (None, None));
}

#[test]
fn a_timeout_names_its_key() {
    let name = |failure, timeout| match endpoint().named_timeout(failure, timeout) {
        HttpFailure::TimedOut(timeout) => timeout.key().to_owned(),
        failure => format!("{failure:?}"),
    };
    let attempt = endpoint().client.timeouts().attempt;
    assert_eq!(name(HttpFailure::TimedOut(ReplyTimeout::Attempt), attempt), "request.timeout");
    assert_eq!(name(HttpFailure::TimedOut(ReplyTimeout::Attempt), attempt / 2), "retry.page_time");
    assert_eq!(name(HttpFailure::TimedOut(ReplyTimeout::Idle), attempt / 2), "request.idle_timeout");
    // Time that passes as soon as somebody sleeps: no byte arrives before.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut setup = setup(client(&format!("http://{}/v1", listener.local_addr().unwrap())));
    let mut timeouts = *setup.client.timeouts();
    timeouts.first_byte = Some(Duration::from_secs(1));
    setup.client = setup.client.with_timeouts(timeouts);
    setup.clock = Arc::new(ManualClock::starting_at(0));
    let endpoint = ModelEndpoint::new(setup);
    let exchange =
        block_on(endpoint.send(&request(&[0]), &endpoint.outgoing(&request(&[0])), &image(), MINUTE, &|_| {}));
    let Verdict::Retry(fault) = exchange.verdict else { panic!("{:?}", exchange.verdict) };
    assert!(fault.may_run && fault.message.contains("request.first_byte_timeout"), "{fault:?}");
    assert_eq!(exchange.charge, Charge::Unknown);
}

fn body(endpoint: &ModelEndpoint, request: &PageRequest) -> Value {
    serde_json::from_slice(&endpoint.page_body(request, &endpoint.outgoing(request), &image())).unwrap()
}

fn estimated(endpoint: &ModelEndpoint, request: &PageRequest, image: &Prepared) -> Estimate {
    endpoint.estimate(request, &endpoint.outgoing(request), image)
}

#[test]
fn requests_follow_the_capabilities() {
    let endpoint = endpoint();
    let kind = |endpoint: &ModelEndpoint| body(endpoint, &request(&[0, 1]))["response_format"]["type"].clone();
    assert_eq!(kind(&endpoint), "json_schema");
    let before = estimated(&endpoint, &request(&[0, 1]), &image());
    let format = CapabilityChange::WeakerFormat;
    let fault =
        TransientFault { kind: ErrorKind::Capability, message: String::new(), change: Some(format), may_run: false };
    let rejected = Exchange::new(Verdict::Retry(fault), Charge::Nothing);
    assert!(matches!(
        endpoint.learn_form(&rejected, endpoint.outgoing(&request(&[0, 1])).form, true),
        FormChange::Changed { .. }
    ));
    assert_eq!(endpoint.capabilities().format, ReplyFormat::Object);
    assert_eq!(kind(&endpoint), "json_object");
    assert_ne!(estimated(&endpoint, &request(&[0, 1]), &image()), before, "the schema moved into the prompt");
}

#[test]
fn a_lengthened_request_has_twice_the_reply_length() {
    let endpoint = endpoint();
    let usual = request(&[0]);
    let longer = PageRequest { variation: Variation { is_lengthened: true, ..Variation::default() }, ..usual.clone() };
    let length = |request| body(&endpoint, request)["max_tokens"].as_u64().unwrap();
    assert_eq!(length(&longer), 2 * length(&usual));
    let worst = |request| estimated(&endpoint, request, &image()).worst.output;
    assert_eq!((worst(&longer), worst(&usual)), (length(&longer), length(&usual)));
}

#[test]
fn only_the_tasks_that_are_asked_are_sent() {
    let endpoint = endpoint();
    let names = |tasks: &[usize]| {
        let body = body(&endpoint, &request(tasks));
        let members = body["response_format"]["json_schema"]["schema"]["properties"].as_object().unwrap();
        members.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!([names(&[0]), names(&[1]), names(&[0, 1]), names(&[0])], ["kind", "signed", "kind signed", "kind"]);
}

#[test]
fn bills_correct_the_estimate() {
    let endpoint = endpoint();
    let before = estimated(&endpoint, &request(&[0]), &image()).expected;
    assert_eq!(endpoint.bills().image_basis(), Basis::Rule);
    let billed = Usage { input: before.input + 5000, output: before.output * 3, ..Usage::default() };
    for at in 0..4_u32 {
        let learned = endpoint.bills().learn_bill(
            endpoint.outgoing(&request(&[0])).frame.footprint,
            (512, 512 + at),
            billed,
            true,
        );
        assert!(learned.is_some(), "every size is new");
    }
    let after = estimated(&endpoint, &request(&[0]), &Prepared { height: 513, ..image() }).expected;
    assert_eq!((after.input, after.output), (billed.input, billed.output));
    assert_eq!((endpoint.bills().image_basis(), endpoint.bills().calibration().images()), (Basis::Calibrated(4), 4));
    assert!(endpoint.bills().fit().differs());
}

#[test]
fn a_smaller_image_saves_tokens() {
    let endpoint = endpoint();
    assert!(endpoint.bills().tokens_saved_by_size(&image()) > 0);
    assert_eq!(endpoint.bills().tokens_saved_by_size(&Prepared { full: (512, 512), ..image() }), 0);
}

#[test]
fn results_of_a_batch() {
    let endpoint = endpoint();
    let judge = |response: Value| {
        let line = json!({"custom_id": "docmill-1", "response": response, "error": null}).to_string();
        endpoint.judge_line(&endpoint.batches().read_line(&line).unwrap(), &request(&[0]), None)
    };
    let reply: Value = serde_json::from_str(ANSWER).unwrap();
    let answered = judge(json!({"status_code": 200, "request_id": "req_sk-secret", "body": reply}));
    assert_eq!((name(&answered.verdict).as_str(), answered.status), ("1 done", Some(200)));
    assert_eq!((answered.request_id.as_deref(), answered.content.as_str()), (Some("req_***"), r#"{"kind":"a"}"#));
    let throttled = judge(json!({"status_code": 429, "body": {"error": {"message": "sk-secret: slow down"}}}));
    let Verdict::Retry(fault) = throttled.verdict else { panic!("{:?}", throttled.verdict) };
    assert_eq!((fault.kind.name(), fault.message.as_str()), ("server_error", "HTTP 429: ***: slow down"));
}

/// Another dialect: replies are plain text, and every error is throttling.
#[derive(Debug)]
struct PlainText;

#[derive(Debug)]
struct PlainFrame(String);

impl Dialect for PlainText {
    fn page_frame(&self, options: &FrameOptions<'_>, questions: &[&Question]) -> Box<dyn PageFrame> {
        Box::new(PlainFrame(format!("{} {}", options.model, questions.len())))
    }

    fn page_call(&self, body: Bytes) -> HttpCall {
        HttpCall { headers: &[("x-version", "1")], ..HttpCall::post("ask?plain", body) }
    }

    fn request_id_header(&self) -> &'static str {
        "request-id"
    }

    fn read_cost(&self, _headers: &HeaderMap) -> Option<Pico> {
        None
    }

    fn read_reply(&self, body: &str) -> Result<Reply, NotAReply> {
        Ok(Reply {
            content: body.to_owned(),
            reasoning: String::new(),
            usage: None,
            end: ReplyEnd::Finished,
            has_stated_end: true,
            served: Served::default(),
            is_of_api: true,
            late_error: None,
        })
    }

    fn reply_stream(&self) -> Box<dyn ReplyStream> {
        OpenAi.reply_stream()
    }

    fn judge_error(&self, reply: &ErrorReply<'_>) -> ErrorJudgement {
        ErrorJudgement::naming_nothing(Verdict::later(Obstacle::Other, reply.body), Charge::Nothing)
    }

    fn is_rejection(&self, _message: &str) -> bool {
        false
    }

    fn is_transient(&self, _message: &str) -> Transient {
        Transient::No
    }

    fn likely_hint(&self, _message: &str, _model: Option<&str>) -> Option<&'static str> {
        None
    }

    fn fault_of_page(&self, _change: CapabilityChange, _message: &str) -> Option<ErrorKind> {
        None
    }

    fn read_rate_limits(&self, _headers: &HeaderMap, _wall_ms: i64) -> RateLimitHeaders {
        RateLimitHeaders::default()
    }

    fn batches(&self) -> &dyn BatchDialect {
        OpenAi.batches()
    }
}

impl PageFrame for PlainFrame {
    fn body(&self, page: &PageParts<'_>) -> Bytes {
        format!("{} {}", self.0, page.image.mime).into()
    }

    fn parameters(&self) -> Parameters {
        Parameters::default()
    }
}

#[test]
fn an_endpoint_may_speak_another_dialect() {
    let server =
        TestServer::start(vec![reply(200, "request-id: one\r\n", r#"{"kind":"b"}"#), reply(401, "", "not now")]);
    let endpoint = ModelEndpoint::with_dialect(setup(server.client()), Rc::new(PlainText));
    let send =
        || block_on(endpoint.send(&request(&[0]), &endpoint.outgoing(&request(&[0])), &image(), MINUTE, &|_| {}));
    let answered = send();
    assert_eq!((name(&answered.verdict).as_str(), answered.request_id.as_deref()), ("1 done", Some("one")));
    assert_eq!(name(&send().verdict), "later");
    let received = &server.requests()[0];
    assert!(received.head.starts_with("post /v1/ask?plain "), "{}", received.head);
    assert!(received.head.contains("x-version: 1\r\n"), "{}", received.head);
    assert_eq!(received.body, b"openai/gpt-4o-mini 1 image/jpeg");
}
