//! The replies of each profile: where thoughts are, absent members, ignored or repeated schemas.

use super::exchange::{Simulator, format, profile, request, schema};
use docmill::internal::simulator::{Fault, Options};
use serde_json::{Value, json};

/// Pages enough that every rule about some pages applies to a few.
const PAGES: u32 = 24;

fn message(reply: &Value) -> &Value {
    &reply["choices"][0]["message"]
}

/// A content that is the object that the schema asks for.
fn is_answer(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|value| value["kind"].is_string() && value["marks"].is_array())
}

#[test]
fn thoughts_are_where_the_api_puts_them() {
    for (name, members, place) in [
        ("gpt-6-luna", json!({}), None),
        ("claude-compat", json!({}), None),
        ("gemini-3.8-flash", json!({}), None),
        ("openrouter", json!({"model": "google/gemini-3.8-flash"}), Some("reasoning")),
        ("vllm-thinking", json!({}), Some("reasoning")),
        ("sglang", json!({}), Some("reasoning_content")),
        ("groq", json!({}), Some("reasoning")),
        ("deepseek", json!({"response_format": {"type": "json_object"}}), Some("reasoning_content")),
        ("kimi", json!({}), Some("reasoning_content")),
        ("llama-cpp", json!({}), Some("reasoning_content")),
    ] {
        let reply = Simulator::start(name).ask(1, &members);
        assert_eq!(reply.status, 200, "{name}: {}", reply.text);
        let reply = reply.json();
        let found = message(&reply).as_object().unwrap().keys().find(|key| key.starts_with("reasoning"));
        assert_eq!(found.map(String::as_str), place, "{name}: {reply}");
        if let Some(place) = place {
            let text = message(&reply)[place].as_str().unwrap();
            assert!(text.contains("A first draft: {"), "{name}: a draft is among the thoughts: {text}");
        }
    }
}

#[test]
fn thoughts_may_be_in_the_content() {
    let reply = Simulator::start("vllm-no-parser").ask(1, &json!({})).json();
    let content = message(&reply)["content"].as_str().unwrap();
    assert!(content.starts_with("<think>\nLet me look") && content.contains("</think>\n\n"), "{content}");
    let reply = Simulator::start("mistral").ask(1, &json!({"model": "magistral-medium-latest"})).json();
    let parts = message(&reply)["content"].as_array().unwrap();
    assert_eq!((parts.len(), &parts[0]["type"], &parts[1]["type"]), (2, &json!("thinking"), &json!("text")));
    assert!(parts[0]["thinking"][0]["text"].is_string() && is_answer(parts[1]["text"].as_str().unwrap()));
}

#[test]
fn the_answer_may_be_where_the_thoughts_belong() {
    let vllm = Simulator::start("vllm-thinking");
    let reply = vllm.ask(1, &json!({"chat_template_kwargs": {"enable_thinking": false}})).json();
    assert_eq!(message(&reply)["content"], Value::Null);
    assert!(message(&reply)["reasoning"].is_string());
    let ollama = Simulator::start("ollama");
    // At a temperature the model does not repeat itself.
    let warm = json!({"temperature": 0.4});
    let replies: Vec<Value> = (0..PAGES).map(|number| ollama.ask(number, &warm).json()).collect();
    let misplaced = replies.iter().filter(|reply| message(reply)["content"] == "").count();
    assert!((2..12).contains(&misplaced), "{misplaced}");
    for reply in replies.iter().filter(|reply| message(reply)["content"] == "") {
        let text = message(reply)["reasoning"].as_str().unwrap();
        assert!(text.contains("\n{\"kind\""), "{text}");
        assert_eq!(reply["choices"][0]["finish_reason"], "stop");
    }
}

#[test]
fn reasoning_that_uses_up_the_limit_has_three_forms() {
    for (name, limit, model, content, reasons) in [
        ("gpt-6-luna", "max_completion_tokens", "gpt-6-luna", json!(""), "length"),
        ("gemini-3.8-flash", "max_tokens", "gemini-3.8-flash", Value::Null, "length"),
        ("vllm-thinking", "max_tokens", "Qwen/Qwen3.5-VL-27B", Value::Null, "length"),
        ("openrouter", "max_tokens", "google/gemini-3.8-flash", Value::Null, "length"),
        ("ollama", "max_tokens", "qwen3-vl:8b", json!(""), "length"),
        ("mistral", "max_tokens", "magistral-medium-latest", json!([]), "model_length"),
    ] {
        let reply = Simulator::start(name).ask(1, &json!({"model": model, limit: 8}));
        assert_eq!(reply.status, 200, "{name}: {}", reply.text);
        let reply = reply.json();
        assert_eq!(reply["choices"][0]["finish_reason"], reasons, "{name}");
        let found = message(&reply).get("content").cloned().unwrap_or(Value::Null);
        assert!(found == content || content.is_array() && found[0]["type"] == "thinking", "{name}: {found}");
        let usage = &reply["usage"];
        let output = usage["total_tokens"].as_u64().unwrap() - usage["prompt_tokens"].as_u64().unwrap();
        assert_eq!(output, 8, "{name}: reasoning is billed");
    }
    for name in ["gpt-5.6-luna", "gpt-6-astra", "gpt-5-mini"] {
        let reply = Simulator::start(name).ask(1, &json!({"max_completion_tokens": 8}));
        assert_eq!(reply.status, 400, "{name}");
        assert!(
            reply.json()["error"]["message"]
                .as_str()
                .unwrap()
                .starts_with("Could not finish the message because max_tokens")
        );
    }
}

#[test]
fn the_effort_decides_how_much_a_page_takes_and_the_page_decides_within_it() {
    let simulator = Simulator::start("gpt-6-luna");
    let reasoning = |number: u32, effort: &str| {
        let reply = simulator.ask(number, &json!({"reasoning_effort": effort})).json();
        reply["usage"]["completion_tokens_details"]["reasoning_tokens"].as_u64().unwrap()
    };
    for number in 0..4 {
        assert_eq!(reasoning(number, "none"), 0);
        assert!((30..=150).contains(&reasoning(number, "low")));
        assert!((300..=1500).contains(&reasoning(number, "medium")));
        assert!((1000..=4000).contains(&reasoning(number, "high")));
        assert_eq!(reasoning(number, "low"), reasoning(number, "low"));
    }
    assert_ne!(reasoning(1, "medium"), reasoning(2, "medium"));
    let default = simulator.ask(1, &json!({})).json();
    assert_eq!(default["usage"]["completion_tokens_details"]["reasoning_tokens"], reasoning(1, "medium"));
}

#[test]
fn a_server_that_ignores_schemas_follows_the_one_in_the_prompt() {
    let simulator = Simulator::start("ignores-schema");
    let contents = |body: &dyn Fn(u32) -> Value| -> Vec<String> {
        let content = |number| message(&simulator.post(&body(number)).json())["content"].as_str().unwrap().to_owned();
        (0..PAGES).map(content).collect()
    };
    let ignored = contents(&|number| request("any", number));
    assert!(!ignored.iter().any(|text| text.contains("\"kind\"")), "{ignored:?}");
    for form in ["This looks like", "## Page", "{\"document_type\""] {
        assert!(ignored.iter().any(|text| text.starts_with(form)), "{form}: {ignored:?}");
    }
    let followed = contents(&|number| {
        let mut body = request("any", number);
        let text = format!("Which? JSON Schema of the reply: {}", schema());
        body["messages"][0]["content"][0]["text"] = text.into();
        body
    });
    assert!(followed.iter().all(|text| is_answer(text)), "{followed:?}");
}

#[test]
fn models_behind_layers_that_ignore_schemas_answer_in_fences() {
    for (name, model) in [("claude-compat", "claude-sonnet-5"), ("openrouter", "qwen/qwen3-vl-30b-a3b-instruct")] {
        let simulator = Simulator::start(name);
        let content = |number| {
            let reply = simulator.post(&request(model, number)).json();
            message(&reply)["content"].as_str().unwrap().to_owned()
        };
        let contents: Vec<String> = (0..PAGES).map(content).collect();
        assert!(contents.iter().all(|text| text.contains("\"kind\"")), "{contents:?}");
        assert!(contents.iter().any(|text| text.starts_with("```json")) && contents.iter().any(|text| is_answer(text)));
    }
    let routed = Simulator::start("openrouter").ask(3, &json!({"provider": {"require_parameters": true}})).json();
    assert!(is_answer(message(&routed)["content"].as_str().unwrap()));
}

#[test]
fn grammars_let_models_repeat_themselves_within_the_bounds_of_the_schema() {
    let with = |keyword: &str, value: Value| {
        let mut schema = schema();
        schema["properties"]["marks"][keyword] = value;
        json!({"response_format": format(&schema)})
    };
    for name in ["vllm", "llama-cpp", "ollama", "lm-studio"] {
        let simulator = Simulator::start(name);
        let replies = |members: &Value| -> Vec<Value> {
            let mut members = members.clone();
            members["max_tokens"] = json!(600);
            (0..PAGES).map(|number| simulator.ask(number, &members).json()).collect()
        };
        let cut =
            |replies: &[Value]| replies.iter().filter(|reply| reply["choices"][0]["finish_reason"] == "length").count();
        let repeated = replies(&json!({}));
        assert!((5..20).contains(&cut(&repeated)), "{name}: {}", cut(&repeated));
        let reply = repeated.iter().find(|reply| reply["choices"][0]["finish_reason"] == "length").unwrap();
        assert!(reply.to_string().contains(r#"\"stamp\",\"stamp\",\"stamp\",\"stamp\""#), "{reply}");
        assert_eq!(cut(&replies(&with("maxItems", json!(2)))), 0, "{name}: bounded");
        assert_eq!(cut(&replies(&json!({"temperature": 0.4}))), 0, "{name}: another sampling");
    }
}

#[test]
fn filters_stop_the_same_pages_every_time() {
    let blocked = |fault: &str| {
        let kinds = vec![fault.parse::<Fault>().unwrap()];
        Simulator::with(Options { profile: profile("gemini"), faults: 0.4, kinds, seed: 3, ..Options::default() })
    };
    for (fault, reason, has_message) in [
        ("recitation", "content_filter: RECITATION", true),
        ("prohibited", "content_filter: PROHIBITED_CONTENT", false),
    ] {
        let simulator = blocked(fault);
        let ask = |number| simulator.ask(number, &json!({})).json();
        let first: Vec<Value> = (0..PAGES).map(ask).collect();
        let again: Vec<Value> = (0..PAGES).map(ask).collect();
        let reason_of = |reply: &Value| reply["choices"][0]["finish_reason"].as_str().unwrap().to_owned();
        let stopped: Vec<&Value> = first.iter().filter(|reply| reason_of(reply) == reason).collect();
        assert!((3..20).contains(&stopped.len()), "{fault}: {}", stopped.len());
        assert!(first.iter().zip(&again).all(|(one, other)| reason_of(one) == reason_of(other)), "{fault}");
        for reply in stopped {
            assert_eq!(reply["choices"][0].get("message").is_some(), has_message, "{reply}");
            assert!(message(reply).get("content").is_none());
            assert_eq!(reply["usage"]["total_tokens"], reply["usage"]["prompt_tokens"]);
        }
    }
}

#[test]
fn replies_have_the_members_of_their_api() {
    for (name, members, pointer, value) in [
        ("default", json!({}), "/system_fingerprint", json!("fp_44709d6fcb")),
        ("default", json!({}), "/model", json!("openai/gpt-4o-mini")),
        ("gpt-6-luna", json!({}), "/model", json!("gpt-6-luna-2026-09-22")),
        ("gpt-6-luna", json!({}), "/service_tier", json!("default")),
        ("gpt-6-luna", json!({"service_tier": "flex"}), "/service_tier", json!("flex")),
        ("gpt-6-luna", json!({"service_tier": "fast"}), "/service_tier", json!("priority")),
        ("gpt-6-luna", json!({"service_tier": "priority"}), "/service_tier", json!("default")),
        ("groq", json!({}), "/service_tier", json!("on_demand")),
        ("openrouter", json!({}), "/provider", json!("Alibaba")),
        ("openrouter", json!({}), "/choices/0/native_finish_reason", json!("stop")),
        ("azure", json!({}), "/choices/0/content_filter_results/hate/filtered", json!(false)),
        ("vllm", json!({}), "/choices/0/stop_reason", Value::Null),
        ("llama-cpp", json!({"model": "mine"}), "/model", json!("mine")),
    ] {
        let reply = Simulator::start(name).ask(1, &members).json();
        assert_eq!(reply.pointer(pointer), Some(&value), "{name} {members}: {reply}");
    }
    for (name, pointer) in [
        ("claude-compat", "/system_fingerprint"),
        ("claude-compat", "/choices/0/message/refusal"),
        ("claude-compat", "/usage/completion_tokens_details"),
        ("gemini", "/usage/completion_tokens_details"),
        ("gemini", "/choices/0/message/refusal"),
        ("vllm", "/choices/0/message/refusal"),
        ("mistral", "/system_fingerprint"),
    ] {
        let reply = Simulator::start(name).ask(1, &json!({})).json();
        assert_eq!(reply.pointer(pointer), None, "{name}: {reply}");
    }
}
