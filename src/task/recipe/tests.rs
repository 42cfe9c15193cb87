//! Recipes as they have been since the first release. A test that fails here means that users
//! would pay again: restore the recipe, do not update the test.

use super::*;
use crate::manifest::check;
use crate::task::compile;
use std::path::Path;

/// The recipes of a manifest, with the columns that its list carries. With values of such
/// columns, those of a line.
fn recipes_of(manifest: &str, columns: &[&str], line: Option<Value>) -> Vec<Recipe> {
    let job = check(Path::new("src/task/recipe/x.yaml"), manifest, &|_| None).unwrap_or_else(|error| panic!("{error}"));
    let questions = compile(&job.tasks, columns).unwrap();
    let questions: Vec<Question> = match line {
        Some(Value::Object(values)) => questions.iter().map(|question| question.rendered(&values)).collect(),
        _ => questions,
    };
    recipes(&job, &questions)
}

const SIMULATED: &str = r#"
version: 1
name: one
input: {folder: pages}
provider: {simulator: {seed: 7}, model: openai/gpt-4o-mini}
tasks:
  kind: {classify: {question: What kind of page is this?, labels: {invoice: A request for payment., letter: }, other: true}}
  signed: {question: {text: Is the page signed?, type: boolean}}
"#;

const REMOTE: &str = r#"
version: 1
name: two
input: {folder: pages}
provider: {base_url: "https://platform.qubrid.com/v1/", model: llava}
request: {temperature: 0.5, top_p: 0.9, max_tokens: 77, extra: {reasoning_effort: low, seed: 3}}
tasks:
  features: {tag: {labels: [table, stamp, "no"], max: 2}}
  title: {question: {text: "Which title does the page have? {not a column}", required: true}}
"#;

const LOCAL: &str = r#"
version: 1
name: three
input: {folder: pages}
provider: {base_url: "http://localhost:8000/v1", id: local, revision: "2", model: Qwen/Qwen2.5-VL-72B-Instruct}
image: {detail: low, size: economy, min_side: 600, max_side: 1500}
tasks:
  total: {extract: {schema: fields.schema.json}}
  day: {question: {text: When was the page written?, type: date, required: true}}
  pages: {question: {text: How many?, type: number}}
"#;

const LIST: &str = r#"
version: 1
name: four
input: {list: list.csv}
provider: {simulator: {}, model: gpt-4.1-mini}
image: {size: original, rule: none}
tasks:
  ours: {question: {text: "Is this page from {customer}? {{yes}}", type: boolean, required: true}}
"#;

#[test]
fn hashes_do_not_change() {
    let line = || Some(json!({"customer": "ACME"}));
    for (manifest, columns, line, expected) in [
        (
            SIMULATED,
            &[][..],
            None,
            &[
                ("kind", "b063c1da3170802862a3eacec8900fb9df230cbade8e6bfcb1a967ad79d22b01"),
                ("signed", "5f5ae527135956592822b76475c2750d37bb04e786ca96bea32617c182c0d5fb"),
            ][..],
        ),
        (
            REMOTE,
            &[],
            None,
            &[
                ("features", "61f0178e80d26e2d45bfa133b2520f26a06ec0c677bfeaf376c371532ed2c059"),
                ("title", "187d805db016c3b3e0adfc0e6f1f8ae5192ad6c9997d361330f2445289d6b832"),
            ],
        ),
        (
            LOCAL,
            &[],
            None,
            &[
                ("total", "d58ee48bc7b41c6f9871e9c5615019715fc6d1c78a41e5b41b9ab0ed236039ee"),
                ("day", "ff5c2b1b7ddd88e31ed9cb15422a0736c320caa8375812ec27704d02033a0da5"),
                ("pages", "8613a9c2fc2e4cac293016449e8d2620cffdd0b9cc86223d1d2f392494c4cafd"),
            ],
        ),
        (LIST, &["customer"], None, &[("ours", "2e231430df4f75b59d08f5d4da7e5afe5f02d896ad47c793ca6a6ef0326db308")]),
        (LIST, &["customer"], line(), &[("ours", "5a8d7936d912100e03248e39a159cfaed2a94cc2595d3e472c1f37ee1ec7ac4b")]),
    ] {
        let found = recipes_of(manifest, columns, line);
        let found: Vec<(&str, String)> =
            found.iter().map(|recipe| (recipe.task.as_str(), recipe.hash.to_string())).collect();
        let expected: Vec<(&str, String)> = expected.iter().map(|(task, hash)| (*task, (*hash).to_owned())).collect();
        assert_eq!(found, expected, "{manifest}");
    }
}

#[test]
fn bodies_do_not_change() {
    let body = |manifest: &str, at: usize| recipes_of(manifest, &[], None).remove(at).body.to_string();
    assert_eq!(
        body(SIMULATED, 0),
        r#"{"extra":{},"model":"openai/gpt-4o-mini","picture":{"detail":"high","max_side":null,"min_side":null,"rule":"openai-tile","size":"standard","version":2},"prompt":1,"provider":"simulator:7","revision":null,"sampling":{"temperature":0.0,"top_p":null},"task":{"classify":"What kind of page is this?","labels":[["invoice","A request for payment."],["letter",null],["other","None of the other labels fits."]]}}"#
    );
    assert_eq!(
        body(REMOTE, 0),
        r#"{"extra":{"reasoning_effort":"low","seed":3},"model":"llava","picture":{"detail":"high","max_side":2048,"min_side":null,"rule":"none","size":"standard","version":2},"prompt":1,"provider":"https://platform.qubrid.com/v1","revision":null,"sampling":{"temperature":0.5,"top_p":0.9},"task":{"labels":[["table",null],["stamp",null],["no",null]],"max":2,"tag":"Which of these labels apply to the page?"}}"#
    );
    assert_eq!(
        body(LOCAL, 0),
        r#"{"extra":{},"model":"Qwen/Qwen2.5-VL-72B-Instruct","picture":{"detail":"low","max_side":1500,"min_side":600,"rule":"qwen-28","size":"economy","version":2},"prompt":1,"provider":"local","revision":"2","sampling":{"temperature":0.0,"top_p":null},"task":{"extract":"Fill in what the page shows.","schema":{"additionalProperties":false,"properties":{"currency":{"enum":["EUR","USD",null],"type":["string","null"]},"due":{"format":"date","type":["string","null"]},"total":{"description":"The sum to pay.","type":"number"}},"required":["total","due","currency"],"type":"object"}}}"#
    );
}

#[test]
fn a_hash_is_the_digest_of_its_body() {
    for recipe in recipes_of(LOCAL, &[], None) {
        assert_eq!(recipe.hash, Digest::compute(recipe.body.as_str().as_bytes()), "{}", recipe.task);
    }
}

/// Each change of the manifest, and whether it changes the recipe of the first task.
#[test]
fn what_is_part_of_a_recipe() {
    let first = |manifest: &str| recipes_of(manifest, &[], None).remove(0).hash;
    for (from, to, is_changed) in [
        ("seed: 7", "seed: 8", true),
        ("gpt-4o-mini", "gpt-4o", true),
        ("gpt-4o-mini}", "gpt-4o-mini, revision: a}", true),
        ("gpt-4o-mini}", "gpt-4o-mini}\nrequest: {temperature: 1}", true),
        ("gpt-4o-mini}", "gpt-4o-mini}\nrequest: {top_p: 1}", true),
        ("gpt-4o-mini}", "gpt-4o-mini}\nrequest: {extra: {seed: 1}}", true),
        ("gpt-4o-mini}", "gpt-4o-mini}\nimage: {size: full}", true),
        ("gpt-4o-mini}", "gpt-4o-mini}\nimage: {detail: low}", true),
        ("gpt-4o-mini}", "gpt-4o-mini}\nimage: {max_side: 900}", true),
        ("What kind of page", "Which kind of page", true),
        ("A request for payment.", "A bill.", true),
        ("invoice:", "bill:", true),
        (
            "labels: {invoice: A request for payment., letter: }",
            "labels: {letter: , invoice: A request for payment.}",
            true,
        ),
        ("kind:", "type:", false),
        ("name: one", "name: two", false),
        ("folder: pages", "folder: other", false),
        ("Is the page signed?", "Is there a signature?", false),
        ("gpt-4o-mini}", "gpt-4o-mini}\nrequest: {max_tokens: 900, stream: true, timeout: 9s}", false),
        ("gpt-4o-mini}", "gpt-4o-mini}\nrequest: {temperature: 0.0}", false),
        ("gpt-4o-mini}", "gpt-4o-mini}\nimage: {size: standard, detail: high, rule: openai-tile}", false),
        ("gpt-4o-mini}", "gpt-4o-mini, price: {input: 1, output: 1}}\nlimits: {concurrency: 3}", false),
        ("seed: 7", "seed: 7, latency: 9s", false),
    ] {
        let changed = SIMULATED.replacen(from, to, 1);
        assert_ne!(changed, SIMULATED, "{from}");
        assert_eq!(first(&changed) != first(SIMULATED), is_changed, "{from} -> {to}");
    }
}

#[test]
fn differences_name_the_members() {
    let body = |manifest: &str, at: usize| recipes_of(manifest, &[], None).remove(at).body;
    let kind = body(SIMULATED, 0);
    let differ = |theirs: &JsonText| recipe_difference(&kind, &theirs.value());
    let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    assert_eq!(differ(&kind), names(&[]));
    let other = SIMULATED.replace("seed: 7", "seed: 8").replace("A request for payment.", "A bill.");
    assert_eq!(differ(&body(&other, 0)), names(&["provider", "task"]));
    assert_eq!(differ(&body(SIMULATED, 1)), None, "another kind of task");
    // The image rule follows from the model.
    let model = SIMULATED.replace("openai/gpt-4o-mini", "claude-haiku-4-5");
    assert_ne!(model, SIMULATED);
    assert_eq!(differ(&body(&model, 0)), names(&["model"]));
    let detail = format!("{model}image: {{detail: low}}\n");
    assert_eq!(differ(&body(&detail, 0)), names(&["model", "picture"]));
}

/// What a recipe holds of the image rule is what the first release knew: that more is known today
/// must not make anybody pay again.
#[test]
fn knowledge_about_models_is_not_part_of_a_recipe() {
    let manifest = |model: &str, image: &str| {
        format!(
            "version: 1\nname: n\ninput: {{folder: p}}\nprovider: {{base_url: \"http://h/v1\", model: \"{model}\"}}\nimage: {image}\ntasks: {{t: {{classify: {{labels: [a, b]}}}}}}\n"
        )
    };
    let picture = |model: &str, image: &str| {
        let body = recipes_of(&manifest(model, image), &[], None)[0].body.value();
        body["picture"].clone()
    };
    let expected = |rule: &str, max_side: Option<u32>| json!({"version": 2, "detail": "high", "size": "standard", "rule": rule, "max_side": max_side, "min_side": null});
    for (model, rule) in [
        ("gpt-4o-mini", "openai-tile"),
        ("openai/gpt-4.1-mini-2025-04-14", "openai-patch"),
        ("gpt-5.2", "openai-patch"),
        ("gpt-5.4", "openai-patch"),
        ("qwen3-vl-30b", "qwen-28"),
        ("gemini-3.8-flash", "gemini"),
        ("claude-haiku-5-5", "area"),
        ("llama-3.2-11b-vision", "llama"),
    ] {
        assert_eq!(picture(model, "{}"), expected(rule, None), "{model}");
        assert_eq!(picture(model, "{max_side: 900}"), expected(rule, Some(900)), "{model}");
        assert_eq!(picture(model, "{rule: none}"), expected("none", Some(2048)), "{model}");
    }
    for model in [
        "gpt-5.1",
        "gpt-6-luna",
        "openai/gpt-6.1-sol",
        "gemini-3.5-flash",
        "claude-sonnet-5-5",
        "qwen3.8-flash",
        "llava",
    ] {
        assert_eq!(picture(model, "{}"), expected("none", Some(2048)), "{model}");
        assert_eq!(picture(model, "{rule: openai-patch}"), expected("openai-patch", None), "{model}");
    }
    // Requests and estimates use the current table.
    let job =
        check(Path::new("x.yaml"), &manifest("gpt-6-luna", "{}"), &|_| None).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((job.image.rule, job.image.max_side), (crate::catalog::image_rule("gpt-6-luna", None), None));
    assert!(job.image.rule.accepts_detail());
}
