//! The bytes of request bodies.

use super::*;
use crate::manifest::{self, Job};
use crate::prepare::Prepared;
use crate::provider::form::capability::Capabilities;
use crate::provider::form::capability_change::CapabilityChange;
use crate::provider::request::page_request::Repair;
use crate::task::{Bounds, compile};

const JOB: &str = "version: 1\nname: x\ninput: {folder: .}\nprovider: {simulator: {}, model: m}\ntasks: {kind: {classify: {labels: [a, b]}}}\n";

fn job(request: &str) -> Job {
    manifest::check(std::path::Path::new("job.yaml"), &format!("{JOB}{request}"), &|_| None).unwrap()
}

fn body(request: &str, change: Option<CapabilityChange>, repair: Option<&Repair>, prompt_tokens: u64) -> String {
    let frame = frame(request, change, prompt_tokens);
    let bytes = Bytes::from_static(b"image bytes");
    let image =
        Prepared { bytes, mime: "image/jpeg", width: 8, height: 8, full: (8, 8), features: None, renderer: None };
    let page = PageParts { image: &image, max_reply_tokens: 300, cache_partition: 5, repair };
    String::from_utf8(frame.body(&page).to_vec()).unwrap()
}

fn frame(request: &str, change: Option<CapabilityChange>, prompt_tokens: u64) -> ChatFrame {
    let job = job(request);
    let questions = compile(&job.tasks, &[]).unwrap();
    let capabilities = Capabilities::default();
    let options = FrameOptions {
        model: "openai/gpt-4o-mini",
        request: &job.request,
        detail: Some(crate::catalog::Detail::High),
        capabilities: change.map_or(capabilities, |change| capabilities.with(change).unwrap()),
        temperature: job.request.temperature.filter(|_| change != Some(CapabilityChange::Omit(Parameter::Temperature))),
        effort: job.request.reasoning_effort,
        describes_schema: false,
        bounds: Bounds::default(),
        chooses_cache: request.contains("gpt-6"),
        prompt_tokens,
        has_output_limit: change != Some(CapabilityChange::Omit(Parameter::OutputLimit)),
    };
    ChatFrame::new(&options, &questions.iter().collect::<Vec<_>>())
}

/// What a body has, so that an error about anything else is not about the request.
#[test]
fn the_parameters_of_a_body() {
    let omit = |parameter| Some(CapabilityChange::Omit(parameter));
    for (request, change, tokens, expected) in [
        ("", None, 0, "temperature output_limit stream format strict detail system_message"),
        ("", omit(Parameter::Temperature), 0, "output_limit stream format strict detail system_message"),
        ("", omit(Parameter::OutputLimit), 0, "temperature stream format strict detail system_message"),
        ("", omit(Parameter::Stream), 0, "temperature output_limit format strict detail system_message"),
        ("", omit(Parameter::Detail), 0, "temperature output_limit stream format strict system_message"),
        ("", omit(Parameter::SystemMessage), 0, "temperature output_limit stream format strict detail"),
        ("", omit(Parameter::Strict), 0, "temperature output_limit stream format detail system_message"),
        ("", Some(CapabilityChange::WeakerFormat), 0, "temperature output_limit stream format detail system_message"),
        (
            "",
            Some(CapabilityChange::DisableThinking),
            0,
            "temperature output_limit stream format strict enable_thinking detail system_message",
        ),
        (
            "request: {stream: true, temperature: null, prompt_cache_key: true, reasoning_effort: low}",
            None,
            2000,
            "output_limit stream stream_options format strict reasoning_effort prompt_cache_key detail system_message",
        ),
        (
            "request: {prompt_cache_key: true, extra: {thinking: {type: disabled}}}",
            None,
            0,
            "temperature output_limit stream format strict reasoning_effort detail system_message",
        ),
    ] {
        let found = frame(request, change, tokens).parameters();
        assert_eq!(found.names().collect::<Vec<_>>().join(" "), expected, "{request} {change:?}");
    }
}

#[test]
fn the_image_is_spliced_in_and_the_body_is_valid_json() {
    let text = body("", None, None, 0);
    let value: Value = serde_json::from_str(&text).unwrap();
    let content = &value["messages"][1]["content"];
    assert_eq!(content[1]["image_url"]["url"], "data:image/jpeg;base64,aW1hZ2UgYnl0ZXM=");
    assert_eq!(content[1]["image_url"]["detail"], "high");
    let members: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["messages", "model", "stream", "temperature", "response_format", "max_tokens"]);
    assert_eq!(
        (&value["stream"], &value["temperature"], &value["max_tokens"]),
        (&json!(false), &json!(0), &json!(300))
    );
    assert!(text.contains(r#""temperature":0,"#), "a whole number has no fraction");
}

#[test]
fn a_repair_follows_the_image() {
    let repair = Repair { previous: "{\"kind\": \"c\"}".into(), text: "not a \"label\"".into() };
    let value: Value = serde_json::from_str(&body("", None, Some(&repair), 0)).unwrap();
    assert_eq!(value["messages"][2], json!({"role": "assistant", "content": "{\"kind\": \"c\"}"}));
    assert_eq!(value["messages"][3], json!({"role": "user", "content": "not a \"label\""}));
}

#[test]
fn each_capability_changes_its_members_only() {
    let request = "request: {stream: true, top_p: 0.5, temperature: 0.5, extra: {seed: 7}}\n";
    let names = |change| {
        let value: Value = serde_json::from_str(&body(request, change, None, 0)).unwrap();
        let kind = value["response_format"]["type"].as_str().unwrap_or_default().to_owned();
        let names: Vec<String> = value.as_object().unwrap().keys().skip(2).cloned().collect();
        (names.join(" "), kind)
    };
    let schema = "json_schema";
    for (change, expected, kind) in [
        (None, "stream stream_options temperature top_p response_format seed max_tokens", schema),
        (
            Some(CapabilityChange::WeakerFormat),
            "stream stream_options temperature top_p response_format seed max_tokens",
            "json_object",
        ),
        (
            Some(CapabilityChange::RenameOutputLimit(None)),
            "stream stream_options temperature top_p response_format seed max_completion_tokens",
            schema,
        ),
        (
            Some(CapabilityChange::Omit(Parameter::Temperature)),
            "stream stream_options top_p response_format seed max_tokens",
            schema,
        ),
        (
            Some(CapabilityChange::Omit(Parameter::StreamOptions)),
            "stream temperature top_p response_format seed max_tokens",
            schema,
        ),
    ] {
        assert_eq!(names(change), (expected.to_owned(), kind.to_owned()), "{change:?}");
    }
}

#[test]
fn the_cache_key_needs_a_prompt_that_is_cached() {
    let request = "request: {prompt_cache_key: true}\n";
    let key = |change, tokens| {
        let value: Value = serde_json::from_str(&body(request, change, None, tokens)).unwrap();
        value.get("prompt_cache_key").and_then(Value::as_str).map(str::to_owned)
    };
    let found = key(None, MIN_CACHED_TOKENS).unwrap();
    assert!(found.starts_with("docmill-") && found.ends_with("-5"), "{found}");
    assert_eq!(key(None, MIN_CACHED_TOKENS), Some(found), "the same prefix, the same key");
    assert_eq!(key(None, MIN_CACHED_TOKENS - 1), None);
    assert_eq!(key(Some(CapabilityChange::Omit(Parameter::CacheKey)), MIN_CACHED_TOKENS), None);
}

#[test]
fn further_parameters_are_left_out_or_moved() {
    let omit = |parameter| Some(CapabilityChange::Omit(parameter));
    let value = |change, repair: Option<&Repair>| -> Value {
        serde_json::from_str(&body("request: {reasoning_effort: low}\n", change, repair, 0)).unwrap()
    };
    assert_eq!(value(None, None)["reasoning_effort"], "low");
    assert_eq!(value(None, None)["response_format"]["json_schema"]["strict"], true);
    assert!(value(omit(Parameter::Strict), None)["response_format"]["json_schema"].get("strict").is_none());
    assert!(value(omit(Parameter::Detail), None)["messages"][1]["content"][1]["image_url"].get("detail").is_none());
    let without_system = value(omit(Parameter::SystemMessage), None);
    assert_eq!(without_system["messages"].as_array().unwrap().len(), 1);
    assert_eq!(without_system["messages"][0]["role"], "user");
    assert!(without_system["messages"][0]["content"][0]["text"].as_str().unwrap().starts_with(SYSTEM));
}

#[test]
fn a_repair_of_an_empty_reply_asks_the_same_again() {
    for previous in ["", " \n"] {
        let repair = Repair { previous: previous.into(), text: "the reply is empty".into() };
        assert_eq!(body("", None, Some(&repair), 0), body("", None, None, 0));
    }
}

#[test]
fn the_cache_keeps_text_only_where_a_request_chooses() {
    let value = |tokens| -> Value { serde_json::from_str(&body("# gpt-6\n", None, None, tokens)).unwrap() };
    let long = value(MIN_CACHED_TOKENS);
    assert_eq!(long["prompt_cache_options"], json!({"mode": "explicit"}));
    assert_eq!(long["messages"][1]["content"][0]["prompt_cache_breakpoint"], json!({"mode": "explicit"}));
    let short = value(MIN_CACHED_TOKENS - 1);
    assert_eq!(short["prompt_cache_options"], json!({"mode": "explicit"}));
    assert!(short["messages"][1]["content"][0].get("prompt_cache_breakpoint").is_none());
    let other: Value = serde_json::from_str(&body("", None, None, MIN_CACHED_TOKENS)).unwrap();
    assert!(other.get("prompt_cache_options").is_none());
}
