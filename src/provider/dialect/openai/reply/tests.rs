//! Whole replies and chunks, in the forms in which servers send them.

use super::*;
use crate::base::money::Pico;
use crate::base::vocabulary::ErrorKind;
use crate::provider::judgement::verdict::Verdict;
use serde_json::json;

fn read(text: &str) -> Completion {
    Completion::from_json(text).unwrap()
}

fn reply(value: &Value) -> Reply {
    read(&value.to_string()).into_reply()
}

#[test]
fn replies_as_servers_send_them() {
    let full = read(
        r#"{"id":"x","created":1.7e9,"choices":[{"index":0,"message":{"role":"assistant","content":"{}","refusal":null,"reasoning":"hm"},"finish_reason":"eos"}],
            "usage":{"prompt_tokens":25.0,"completion_tokens":16,"prompt_tokens_details":{"cached_tokens":9,"cache_write_tokens":5}},"x_metrics":{}}"#,
    );
    let full = full.into_reply();
    assert_eq!((full.content.as_str(), full.reasoning.as_str(), full.end), ("{}", "hm", ReplyEnd::Finished));
    assert_eq!(full.usage, Some(Usage { input: 25, cached_input: 9, cache_write: 5, output: 16, reasoning: 0 }));
    for (value, content) in [
        (
            json!({"choices": [{"message": {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}}]}),
            "ab",
        ),
        (json!({"choices": [{"message": {"content": null}}], "usage": null}), ""),
        (json!({"choices": [{"message": null}]}), ""),
        (json!({"choices": [{"finish_reason": "stop", "index": 0}]}), ""),
        (json!({"choices": [{"text": "a", "index": 0}]}), "a"),
        (json!({"choices": [{"delta": {"content": "a"}, "finish_reason": "stop"}]}), "a"),
        (
            json!({"choices": [{"index": 0, "message": {"content": "a"}}, {"index": 1, "message": {"content": "b"}}]}),
            "a",
        ),
        (
            json!({"choices": [{"message": {"content": null, "tool_calls": [{"function": {"name": "page", "arguments": "{\"kind\":\"a\"}"}}]}, "finish_reason": "tool_calls"}]}),
            r#"{"kind":"a"}"#,
        ),
        (
            json!({"choices": [{"message": {"content": "b", "tool_calls": [{"function": {"name": "page", "arguments": "{}"}}]}}]}),
            "b",
        ),
    ] {
        let found = reply(&value);
        assert_eq!((found.content.as_str(), found.end), (content, ReplyEnd::Finished), "{value}");
    }
    assert_eq!(read(r#"{"choices":[]}"#).into_reply().end, ReplyEnd::Empty);
    for body in [
        "<html><p>502</p>",
        "not JSON",
        "7",
        "",
        "{}",
        "[]",
        r#"{"status":"ok"}"#,
        r#"["choices"]"#,
        r#"{"choices":null}"#,
        r#"{"error":null}"#,
        "{\"model\":\"x\",\"done\":false}\n{\"model\":\"x\",\"done\":true}\n",
        r#"[{"status":"ok"}] and more"#,
    ] {
        assert_eq!(Completion::from_json(body), Err(NotAReply::Foreign), "{body}");
    }
    for body in [r#"{"choices":[{"mess"#, "[{]", r#"{"choices":[]}{"#, r#"{"status":"ok"#] {
        assert_eq!(Completion::from_json(body), Err(NotAReply::Damaged(body.to_owned())), "{body}");
    }
}

/// Why a reply ended, in a few words.
fn end_of(value: &Value) -> String {
    match reply(value).end {
        ReplyEnd::Error(judged) => match judged.verdict {
            Verdict::Later { .. } => "error: later".to_owned(),
            Verdict::Retry(fault) => format!("error: {}", fault.kind),
            Verdict::Page(fault) if fault.kind == ErrorKind::ContentFilter => "error: filter".to_owned(),
            verdict => format!("error: {verdict:?}"),
        },
        end => format!("{end:?}"),
    }
}

#[test]
fn why_a_reply_ended() {
    let choice = |choice: Value| json!({ "choices": [choice] });
    let text = |content: &str, finish: Value| choice(json!({"message": {"content": content}, "finish_reason": finish}));
    let busy = || json!({"code": 429, "message": "upstream pool is busy"});
    for (value, expected) in [
        (text("{}", json!("stop")), "Finished"),
        (text("{}", json!(null)), "Finished"),
        (text("{}", json!("")), "Finished"),
        (text("{}", json!("eos")), "Finished"),
        (text("", json!("stop")), "Finished"),
        (text("{\"a\"", json!("length")), "Length"),
        (text("{\"a\"", json!("MAX_TOKENS")), "Length"),
        (text("<think>a</think>{\"a\"", json!("length")), "Length"),
        (text("{}", json!("content_filter")), "ContentFilter"),
        (text("{}", json!("content_filter: RECITATION")), "Recitation"),
        (text("{}", json!("error")), "Empty"),
        (json!({"choices": []}), "Empty"),
        // Reasoning used up the limit.
        (text("", json!("length")), "ReasoningExhausted"),
        (text(" \n", json!("max_tokens")), "ReasoningExhausted"),
        (text("<think>The page may be {\"kind\": \"letter\"} but", json!("length")), "ReasoningExhausted"),
        (
            choice(json!({"message": {"content": null, "reasoning": "The page"}, "finish_reason": "length"})),
            "ReasoningExhausted",
        ),
        (
            choice(json!({"message": {"reasoning_content": "The page"}, "finish_reason": "length"})),
            "ReasoningExhausted",
        ),
        (choice(json!({"finish_reason": "length"})), "ReasoningExhausted"),
        (text(&"\n".repeat(400), json!("length")), "Repetition"),
        (text(&format!("{{\"marks\":[{}", "\"stamp\",".repeat(90)), json!("length")), "Repetition"),
        (text(&format!("<think>{}", "Wait. ".repeat(90)), json!("length")), "Repetition"),
        (choice(json!({"message": {"reasoning": "Wait. ".repeat(90)}, "finish_reason": "length"})), "Repetition"),
        (text(&"\"stamp\",".repeat(90), json!("stop")), "Finished"),
        // Refusals and filters.
        (choice(json!({"message": {"content": " ", "refusal": "I can't"}})), "Refusal(\"I can't\")"),
        (choice(json!({"message": {"content": "{}", "refusal": "I can't"}})), "Finished"),
        (choice(json!({"message": {"content": null}, "finish_reason": "refusal"})), "ContentFilter"),
        (choice(json!({"index": 0, "finish_reason": "content_filter: PROHIBITED_CONTENT"})), "ContentFilter"),
        (
            choice(json!({"message": {"role": "assistant"}, "finish_reason": "content_filter: RECITATION"})),
            "Recitation",
        ),
        (
            json!({"choices": [], "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {"hate": {"filtered": true, "severity": "high"}}}]}),
            "ContentFilter",
        ),
        (
            json!({"choices": [], "prompt_filter_results": [{"content_filter_results": {"hate": {"filtered": false}}}]}),
            "Empty",
        ),
        (
            choice(
                json!({"message": {"content": null}, "finish_reason": "stop", "content_filter_results": {"violence": {"filtered": true}}}),
            ),
            "ContentFilter",
        ),
        (
            choice(
                json!({"message": {"content": null}, "finish_reason": "error", "native_finish_reason": "RECITATION"}),
            ),
            "Recitation",
        ),
        (
            choice(
                json!({"message": {"content": "a"}, "finish_reason": "content_filter", "content_filter_results": {"protected_material_text": {"filtered": true, "detected": true}}}),
            ),
            "Recitation",
        ),
        (
            choice(
                json!({"message": {"content": "a"}, "finish_reason": "content_filter", "content_filter_results": {"hate": {"filtered": true}}}),
            ),
            "ContentFilter",
        ),
        (json!({"choices": [], "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}), "ContentFilter"),
        (json!({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {}}), "ContentFilter"),
        (json!({"choices": [], "prompt_feedback": {"block_reason": "OTHER"}}), "ContentFilter"),
        (json!({"choices": [], "promptFeedback": {"blockReason": "BLOCK_REASON_UNSPECIFIED"}}), "Empty"),
        (json!({"choices": [], "promptFeedback": {"safetyRatings": []}}), "Empty"),
        (
            json!({"choices": [{"message": {"content": "{}"}, "finish_reason": "stop"}], "promptFeedback": {"blockReason": "SAFETY"}}),
            "Finished",
        ),
        // The reason in other members.
        (
            choice(json!({"message": {"content": null}, "finish_reason": "stop", "native_finish_reason": "SAFETY"})),
            "ContentFilter",
        ),
        (
            choice(
                json!({"message": {"content": "{\"a"}, "finish_reason": "stop", "native_finish_reason": "MAX_TOKENS"}),
            ),
            "Length",
        ),
        (choice(json!({"message": {"content": "{\"a"}, "finish_reason": {"type": "length"}})), "Length"),
        (choice(json!({"message": {"content": "{}"}, "finish_reason": "stop", "stop_reason": 151_645})), "Finished"),
        // Errors, at the top and in a choice; empty ones do not count.
        (json!({"choices": [{"message": {"content": "{}"}}], "error": busy()}), "error: later"),
        (choice(json!({"message": {"content": ""}, "finish_reason": "error", "error": busy()})), "error: later"),
        (choice(json!({"message": {"content": ""}, "finish_reason": null, "error": busy()})), "error: later"),
        (
            choice(
                json!({"message": {"content": ""}, "finish_reason": "error", "error": {"code": 502, "message": "x"}}),
            ),
            "error: server_error",
        ),
        (choice(json!({"message": {"content": "", "error": busy()}, "finish_reason": "error"})), "error: later"),
        (choice(json!({"message": {"content": "{}", "error": busy()}, "finish_reason": null})), "error: later"),
        (choice(json!({"delta": {"content": "", "error": busy()}})), "error: later"),
        (choice(json!({"message": {"content": "", "errors": [busy()]}})), "error: later"),
        (choice(json!({"message": {"content": ""}, "errors": [busy()]})), "error: later"),
        (choice(json!({"message": {"content": ""}, "errors": ["upstream broke"]})), "error: server_error"),
        (
            choice(
                json!({"message": {"content": "{}", "error": null, "errors": []}, "finish_reason": "stop", "errors": {}}),
            ),
            "Finished",
        ),
        (json!({"error": {"code": "content_filter", "message": "x"}}), "error: filter"),
        (json!([{"error": {"code": 503, "message": "x"}}]), "error: later"),
        (json!({"object": "error", "message": "x", "type": "BadRequestError", "code": 503}), "error: later"),
        (
            json!({"choices": [{"message": {"content": "{}"}, "finish_reason": "stop", "error": {}}], "error": {"message": "", "type": "", "param": "", "code": null}}),
            "Finished",
        ),
    ] {
        assert_eq!(end_of(&value), expected, "{value}");
    }
}

#[test]
fn what_a_reply_says_of_itself() {
    let value = json!({
        "model": "gpt-6-luna-2026-09-22", "provider": "Azure", "service_tier": "flex", "choices": [{"message": {"content": "{}"}}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 3, "cost": 0.000102},
    });
    let served = Served {
        model: Some("gpt-6-luna-2026-09-22".into()),
        provider: Some("Azure".into()),
        service_tier: Some("flex".into()),
        cost: Some(Pico(102_000_000)),
    };
    assert_eq!(reply(&value).served, served);
    let error = json!({"model": "m\u{1b}[31m", "provider": "", "service_tier": null, "error": {"code": 502}});
    let served = reply(&error).served;
    assert_eq!(served, Served { model: Some("m[31m".into()), ..Served::default() });
    assert_eq!(
        reply(&json!({"model": "m".repeat(999), "usage": {"service_tier": "standard"}})).served.model.unwrap().len(),
        200
    );
}

#[test]
fn the_text_of_a_reply_that_is_not_valid_is_in_the_error() {
    let error = json!({"message": "Failed to generate JSON.", "type": "invalid_request_error", "code": "json_validate_failed", "failed_generation": "{\"kind\": \"inv", "status_code": 400});
    // A gateway may put the error of another server into its own.
    for error in [error.clone(), json!({ "error": error })] {
        let found = reply(&json!({ "error": error }));
        assert_eq!(found.content, "{\"kind\": \"inv", "{error}");
        let invalid = "{\"kind\": \"inv";
        assert!(
            matches!(&found.end, ReplyEnd::Error(judged) if judged.invalid_reply.as_deref() == Some(invalid)),
            "{found:?}"
        );
    }
}

/// What OpenRouter, Databricks and Mistral send in streams.
#[test]
fn chunks_add_up() {
    let mut stream = Completion::default();
    for chunk in [
        json!({"model": "m", "choices": [{"index": 0, "delta": {"reasoning": "h"}}]}),
        json!({"model": "m", "choices": [{"index": 1, "delta": {"content": "other"}}]}),
        json!({"model": "m", "choices": [{"index": 0, "delta": {"reasoning": "m", "content": "a"}}]}),
        json!({"choices": [{"index": 0, "delta": {"content": ""}}], "usage": {"completion_tokens": 1, "prompt_tokens": 9, "total_tokens": 103}}),
        json!({"model": "", "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 105, "cost": 0.1, "service_tier": "standard"}}),
    ] {
        stream.push_chunk(&chunk);
    }
    let reply = stream.into_reply();
    assert_eq!((reply.content.as_str(), reply.reasoning.as_str()), ("a", "hm"));
    assert_eq!(reply.usage.map(|usage| (usage.input, usage.output, usage.reasoning)), Some((9, 96, 93)));
    let Served { model, service_tier, cost, .. } = reply.served;
    assert_eq!(
        (model.as_deref(), service_tier.as_deref(), cost),
        (Some("m"), Some("standard"), Some(Pico(100_000_000_000)))
    );
}
