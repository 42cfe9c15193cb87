//! Settings that do not fit the model: a price of another one, values that it rejects, a budget without a price.

use crate::bench::{Bench, Ran};

/// A job at OpenAI without a page, so that nothing is sent.
fn bench(model: &str, provider: &str, rest: &str) -> Bench {
    let bench = Bench::with_pages(0);
    let job = format!(
        "version: 1\nname: test\ninput: {{folder: pages, allow_empty: true}}\n\
         provider: {{base_url: \"https://api.openai.com/v1\", api_key_env: USER, model: {model}{provider}}}\n\
         tasks: {{kind: {{classify: {{labels: [invoice, letter]}}}}}}\nstore: store.db\n{rest}\n"
    );
    bench.put("job.yaml", job.as_bytes());
    bench
}

fn count(ran: &Ran, text: &str) -> usize {
    format!("{}{}", ran.stdout, ran.stderr).matches(text).count()
}

/// Who changes only the model keeps the price of the other one, in all reports.
#[test]
fn a_price_that_is_not_the_listed_one_is_named_by_check_and_plan_and_by_the_first_run_of_a_model() {
    let mini = ", price: {input: 0.15, cached_input: 0.075, output: 0.60}";
    for (model, warned) in [("gpt-4o-mini", 0), ("gpt-6-luna", 1)] {
        let bench = bench(model, mini, "");
        for command in ["check", "plan", "run"] {
            let ran = bench.docmill(&[command, "job.yaml"]);
            assert_eq!(ran.code, 0, "{command}: {}", ran.stderr);
            let text = "provider.price is USD 0.15 in, 0.075 cached and 0.6 out per million tokens, but api.openai.com lists USD 0.1 in, 0.01 cached, ";
            assert_eq!(count(&ran, text), warned, "{command}: {}{}", ran.stdout, ran.stderr);
        }
        assert_eq!(bench.docmill(&["plan", "job.yaml", "-q"]).code, 0);
        assert_eq!(count(&bench.docmill(&["run", "job.yaml"]), "provider.price is"), 0, "the warning was shown before");
        let other = bench.text("job.yaml").replace(model, "gpt-6-sol");
        bench.put("job.yaml", other.as_bytes());
        assert_eq!(count(&bench.docmill(&["run", "job.yaml"]), "provider.price is"), 1);
    }
}

#[test]
fn values_that_the_model_rejects_are_named_by_check_and_plan() {
    let bench = bench("gpt-6-astra", "", "request: {reasoning_effort: none, temperature: 0.7}");
    for command in ["check", "plan"] {
        let ran = bench.docmill(&[command, "job.yaml"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        for text in [
            "request.reasoning_effort: none: `gpt-6-astra` rejects it; accepted: low, medium, high, xhigh",
            "request.temperature: 0.7: `gpt-6-astra` rejects it; accepted: 1, or null to leave it out",
        ] {
            assert_eq!(count(&ran, text), 1, "{command} {text}: {}{}", ran.stdout, ran.stderr);
        }
    }
}

#[test]
fn a_budget_without_a_price_shows_what_to_write() {
    let bench = bench("openai/gpt-6-luna", "", "limits: {budget_usd: 5}");
    assert_eq!(bench.docmill(&["check", "job.yaml"]).code, 0, "the price is listed");
    let elsewhere = bench.text("job.yaml").replace("api.openai.com", "platform.qubrid.com");
    bench.put("job.yaml", elsewhere.as_bytes());
    let ran = bench.docmill(&["check", "job.yaml"]);
    assert_eq!(ran.code, 2);
    for text in [
        "a budget needs a price, but that of `openai/gpt-6-luna` at platform.qubrid.com is unknown",
        "set provider.price: {input: …, output: …} in USD per million tokens; 0 means free; elsewhere it costs {input: 0.1, output: 0.5} (api.openai.com, ",
    ] {
        assert!(ran.stderr.contains(text), "{text}: {}", ran.stderr);
    }
    let misspelled = elsewhere.replace("openai/gpt-6-luna", "openai/gpt-4o-mimi");
    bench.put("job.yaml", misspelled.as_bytes());
    let ran = bench.docmill(&["check", "job.yaml"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("did you mean `openai/gpt-4o-mini`?"), "{}", ran.stderr);
}
