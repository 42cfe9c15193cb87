//! The bills of each profile, and where they are reported.

use super::exchange::{Simulator, format, request, schema};
use serde_json::{Value, json};

/// The last request that the simulator keeps.
fn seen(simulator: &Simulator) -> Value {
    simulator.get("/stats/requests").json().as_array().unwrap().last().unwrap().clone()
}

/// A request whose prompt has more than 1,024 tokens.
fn long_request(model: &str, number: u32, members: &Value) -> Value {
    let mut body = request(model, number);
    body["messages"][0]["content"][0]["text"] = "Which? JSON. ".repeat(500).into();
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

#[test]
fn hidden_reasoning_is_in_the_total() {
    for (name, hides, has_details) in [
        ("gpt-6-luna", false, true),
        ("claude-compat", false, false),
        ("gemini-3.8-flash", true, false),
        ("xai", true, true),
    ] {
        let simulator = Simulator::start(name);
        let usage = simulator.ask(1, &json!({})).json()["usage"].clone();
        let number = |name: &str| usage[name].as_u64().unwrap();
        let (prompt, completion, total) =
            (number("prompt_tokens"), number("completion_tokens"), number("total_tokens"));
        let billed = &seen(&simulator)["tokens"];
        let (output, reasoning) = (billed["output"].as_u64().unwrap(), billed["reasoning"].as_u64().unwrap());
        assert!(reasoning > 0, "{name}");
        assert_eq!(total - prompt, output, "{name}");
        assert_eq!(completion, if hides { output - reasoning } else { output }, "{name}");
        let details = usage.pointer("/completion_tokens_details/reasoning_tokens");
        assert_eq!(details.cloned(), has_details.then(|| json!(reasoning)), "{name}");
    }
}

#[test]
fn prompts_are_written_to_the_cache_unless_the_request_states_otherwise() {
    for name in ["gpt-5.6-luna", "gpt-6-luna", "gpt-6-astra"] {
        let simulator = Simulator::start(name);
        let model = simulator.model();
        let ask = |number: u32, members: Value| {
            let reply = simulator.post(&long_request(&model, number, &members));
            assert_eq!(reply.status, 200, "{}", reply.text);
            let usage = reply.json()["usage"].clone();
            let details = usage["prompt_tokens_details"].clone();
            let number = |value: &Value| value.as_u64().unwrap();
            (number(&usage["prompt_tokens"]), number(&details["cached_tokens"]), number(&details["cache_write_tokens"]))
        };
        let explicit = || json!({"prompt_cache_options": {"mode": "explicit"}});
        let (prompt, cached, written) = ask(1, json!({}));
        assert_eq!((cached, written), (0, prompt), "{name}: the whole page is written");
        let (prompt, cached, written) = ask(2, json!({}));
        assert!(cached >= 1024 && written == prompt - cached, "{name}: the text is known: {cached} {written}");
        let (_, cached, written) = ask(2, json!({}));
        assert!(cached > 1024 && written == 0, "{name}: the page is known: {cached} {written}");
        assert_eq!(ask(3, explicit()).2, 0, "{name}: no breakpoint, no cache");
        let small = simulator.ask(4, &json!({"messages": request(&model, 4)["messages"]})).json();
        let usage = &small["usage"];
        let written = if usage["prompt_tokens"].as_u64().unwrap() < 1024 { 0 } else { 1 };
        assert_eq!(usage["prompt_tokens_details"]["cache_write_tokens"].as_u64().unwrap().min(1), written, "{name}");
    }
}

#[test]
fn a_breakpoint_is_written_once_and_read_afterwards() {
    let simulator = Simulator::start("gpt-5.6-luna");
    let mut body = long_request("gpt-5.6-luna", 1, &json!({"prompt_cache_options": {"mode": "explicit"}}));
    body["messages"][0]["content"][0]["prompt_cache_breakpoint"] = json!({"mode": "explicit"});
    let details = || simulator.post(&body).json()["usage"]["prompt_tokens_details"].clone();
    let (first, second) = (details(), details());
    let written = first["cache_write_tokens"].as_u64().unwrap();
    assert!(written > 1024 && first["cached_tokens"] == 0, "{first}");
    assert_eq!((&second["cached_tokens"], &second["cache_write_tokens"]), (&json!(written), &json!(0)));
}

#[test]
fn the_cost_of_every_request_is_exact() {
    // Pico-dollars per token: input, cached, written, output.
    for (name, members, prices, percent) in [
        ("gpt-6-luna", json!({}), [100_000, 10_000, 125_000, 500_000], 100),
        ("gpt-6-luna", json!({"service_tier": "flex"}), [100_000, 10_000, 125_000, 500_000], 50),
        ("gpt-6-luna", json!({"service_tier": "fast"}), [100_000, 10_000, 125_000, 500_000], 200),
        ("gpt-6-luna", json!({"service_tier": "priority"}), [100_000, 10_000, 125_000, 500_000], 100),
        ("gpt-6-astra", json!({}), [10_000_000, 1_000_000, 12_500_000, 50_000_000], 100),
        ("claude-compat", json!({}), [2_000_000, 200_000, 2_500_000, 10_000_000], 100),
        ("gemini-3.8-flash", json!({}), [750_000, 75_000, 0, 3_750_000], 100),
        ("openrouter", json!({}), [150_000, 150_000, 150_000, 600_000], 100),
    ] {
        let simulator = Simulator::start(name);
        let body = long_request(&simulator.model(), 1, &members);
        let mut total = 0;
        for _ in 0..2 {
            let reply = simulator.post(&body);
            assert_eq!(reply.status, 200, "{name}: {}", reply.text);
            let seen = seen(&simulator);
            let tokens = |name: &str| seen["tokens"][name].as_u64().unwrap();
            let (cached, written) = (tokens("cached_input"), tokens("cache_write"));
            let plain = tokens("input") - cached - written;
            let cost = plain * prices[0] + cached * prices[1] + written * prices[2] + tokens("output") * prices[3];
            assert_eq!(seen["cost_pico_usd"], cost * percent / 100, "{name} {members}: {seen}");
            total += cost * percent / 100;
        }
        assert_eq!(simulator.get("/stats").json()["cost_pico_usd"], total, "{name}");
    }
}

#[test]
fn the_cost_is_in_usage_or_in_a_header_where_the_api_has_it() {
    let simulator = Simulator::start("openrouter");
    let usage = simulator.ask(1, &json!({})).json()["usage"].clone();
    let pico = seen(&simulator)["cost_pico_usd"].as_f64().unwrap();
    assert!((usage["cost"].as_f64().unwrap() * 1e12 - pico).abs() < 0.5, "{usage}");
    let simulator = Simulator::start("litellm");
    let head = simulator.ask(1, &json!({})).head;
    let pico = seen(&simulator)["cost_pico_usd"].as_f64().unwrap();
    let cost = head.lines().find_map(|line| line.strip_prefix("x-litellm-response-cost: ")).unwrap();
    assert!((cost.parse::<f64>().unwrap() * 1e12 - pico).abs() < 0.5, "{cost}");
    assert!(!Simulator::start("gpt-6-luna").ask(1, &json!({})).head.contains("litellm"));
}

/// Where the usage of a stream is: in chunks without choices, in the last one with a choice, in every one, in the
/// choice, in `x_groq`.
#[test]
fn usage_of_streams_is_where_the_api_puts_it() {
    for (name, asked, own, last, every, choice, groq) in [
        ("gpt-6-luna", true, true, false, false, false, false),
        ("gpt-6-luna", false, false, false, false, false, false),
        ("ollama", false, false, false, false, false, false),
        ("gemini", false, false, true, true, false, false),
        ("deepseek", false, false, true, false, false, false),
        ("kimi", false, false, false, false, true, false),
        ("groq", false, false, false, false, false, true),
        ("groq", true, true, false, false, false, true),
    ] {
        let options = if asked { json!({"include_usage": true}) } else { Value::Null };
        let format = if name == "deepseek" { json!({"type": "json_object"}) } else { format(&schema()) };
        let members = json!({"stream": true, "stream_options": options, "response_format": format});
        let reply = Simulator::start(name).ask(1, &members);
        assert!(reply.head.contains("text/event-stream"), "{name}: {}", reply.text);
        let chunks = reply.chunks();
        let has_usage = |chunk: &Value| chunk["usage"].is_object();
        let with_choice: Vec<&Value> = chunks.iter().filter(|chunk| chunk["choices"] != json!([])).collect();
        let finish = *with_choice.last().unwrap();
        let found = (
            chunks.iter().any(|chunk| chunk["choices"] == json!([]) && has_usage(chunk)),
            has_usage(finish),
            with_choice.iter().all(|chunk| has_usage(chunk)),
            finish["choices"][0]["usage"].is_object(),
            finish["x_groq"]["usage"].is_object(),
        );
        assert_eq!(found, (own, last, every, choice, groq), "{name} {asked}: {}", reply.text);
    }
}

#[test]
fn streams_and_whole_replies_have_the_same_content() {
    for (name, members) in [
        ("default", json!({})),
        ("gpt-6-luna", json!({})),
        ("claude-compat", json!({})),
        ("gemini-3.8-flash", json!({})),
        ("openrouter", json!({"model": "google/gemini-3.8-flash"})),
        ("vllm-thinking", json!({})),
        ("azure", json!({})),
        ("kimi", json!({})),
    ] {
        let whole = Simulator::start(name).ask(1, &members).json();
        let mut streamed = members.clone();
        streamed["stream"] = json!(true);
        streamed["stream_options"] = json!({"include_usage": true});
        let reply = Simulator::start(name).ask(1, &streamed);
        let chunks = reply.chunks();
        let join = |member: &str| -> String {
            chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"][member].as_str()).collect()
        };
        let message = &whole["choices"][0]["message"];
        for member in ["content", "reasoning", "reasoning_content"] {
            assert_eq!(join(member), message[member].as_str().unwrap_or_default(), "{name} {member}");
        }
        let usage = chunks.iter().rev().find_map(|chunk| {
            let usage = [&chunk["usage"], &chunk["choices"][0]["usage"]];
            usage.into_iter().find(|usage| usage.is_object()).cloned()
        });
        assert_eq!(usage.as_ref(), Some(&whole["usage"]), "{name}");
        assert_eq!(reply.text.starts_with(": OPENROUTER PROCESSING"), name == "openrouter");
        assert_eq!(chunks[0].get("prompt_filter_results").is_some(), name == "azure");
    }
}

#[test]
fn what_a_request_asked_for_is_kept() {
    let simulator = Simulator::start("gpt-6-luna");
    let mut bounded = schema();
    bounded["properties"]["marks"]["maxItems"] = json!(2);
    simulator.ask(1, &json!({"temperature": 0}));
    simulator.ask(
        1,
        &json!({"reasoning_effort": "low", "max_completion_tokens": 4000, "response_format": format(&bounded)}),
    );
    let seen = simulator.get("/stats/requests").json();
    assert_eq!(seen.as_array().unwrap().len(), 2);
    assert_eq!((&seen[0]["status"], &seen[0]["parameters"]["temperature"]), (&json!(400), &json!(0)));
    assert_eq!((&seen[0]["tokens"], &seen[0]["cost_pico_usd"]), (&Value::Null, &json!(0)));
    for (member, value) in [
        ("status", json!(200)),
        ("response_format", json!("json_schema")),
        ("has_bounds", json!(true)),
        ("schema_in_prompt", json!(false)),
        ("assistant_turns", json!(0)),
        ("effort", json!("low")),
        ("limit", json!(4000)),
        ("finish_reason", json!("stop")),
    ] {
        assert_eq!(seen[1][member], value, "{member}");
    }
    assert_eq!(seen[1]["parameters"]["max_completion_tokens"], 4000);
}
