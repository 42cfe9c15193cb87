//! Masked text, as tables, and its properties.

use super::*;
use proptest::prelude::*;

#[test]
fn keys_are_masked_and_ordinary_words_are_not() {
    for (text, masked) in [
        ("unexpected argument 'sk-123456' found", "unexpected argument '***' found"),
        ("Authorization: Bearer abc123def", "Authorization: Bearer ***"),
        ("proxy-authorization: Digest abc123def", "proxy-authorization: Digest ***"),
        (r#"{"Authorization": "abc123def"}"#, r#"{"Authorization": "***"}"#),
        (r#"{\"authorization\":\"Basic dXNlcjpwYTU1\"}"#, r#"{\"authorization\":\"Basic ***"}"#),
        ("Authorization: required", "Authorization: required"),
        ("Bearer tokens are sent in a header", "Bearer tokens are sent in a header"),
        ("can't connect to https://user:pa55@x.example/v1", "can't connect to https://***@x.example/v1"),
        ("https://user:pa/ss@x.example/v1", "https://***@x.example/v1"),
        ("http://localhost:8000/a@b", "http://localhost:8000/a@b"),
        ("https://x/v1?api_key=hunter2&page=3", "https://x/v1?api_key=***&page=3"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl is", "*** is"),
        ("ghp_0123456789abcdefghij", "***"),
        ("https://x/v1?api_key=******** is masked", "https://x/v1?api_key=******** is masked"),
        ("a task named risk-free, sk-, or asked", "a task named risk-free, sk-, or asked"),
        // Only text that a user has written is searched for random tokens.
        ("run 20261123T131805-3f9a1c of 0d5e9f6a7b1c2d3e4f50", "run 20261123T131805-3f9a1c of 0d5e9f6a7b1c2d3e4f50"),
    ] {
        assert_eq!(mask_keys(text), masked, "{text}");
    }
}

#[test]
fn random_tokens_are_masked_in_text_of_a_user() {
    for token in [
        "0d5e9f6a7b1c2d3e4f50",
        "8f14e45fceea167a5a36dedd4bea2543",
        "Zx8Kq2Lm9Pw4Rt7Vb1Nc6Yd3",
        "550e8400-e29b-41d4-a716-446655440000",
        "aB3-dE5_fG7hI9jK1lM2nO4p",
    ] {
        assert_eq!(mask_secrets(&format!("found `{token}` here")), "found `***` here", "{token}");
    }
    for text in [
        "openai/gpt-4o-mini-2024-07-18",
        "claude-3-5-sonnet-20241022",
        "qwen2.5-vl-72b-instruct",
        "QUBRID_API_KEY_OF_PRODUCTION_2026",
        "schemas/invoice-total.schema.json",
        "/var/lib/pods/550e8400-e29b-41d4-a716-446655440000/pages",
        "a_very_long_name_of_a_task_with_1_digit",
        "MyCompanyDocumentScanner2024Batch",
        "20261123T131805-3f9a1c",
    ] {
        assert_eq!(mask_secrets(text), text, "{text}");
    }
}

#[test]
fn a_word_in_the_place_of_a_name_may_be_a_key_of_any_form() {
    for word in [
        "hunter2-Zq7",
        "a8f3c9d2",
        "7Xh2kQ9v",
        "x1y2z3w4:v5",
        "Zm9vYmFyYmF6cXV4",
        "4a1f09.Kd8Jq2Lm",
        "sk-123456",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "d41d8cd98f00b204e9800998ecf8427e",
    ] {
        assert_eq!(mask_word(word), "***", "{word}");
    }
    for word in [
        "nightly",
        "job.yaml",
        "a8f3c9d2.yml",
        "jobs/a8f3c9d2",
        "../a8f3c9d2",
        "office-mail-v2",
        "invoices_2026_11",
        "Scans2026",
        "2026-11-27",
        "q3-v2",
        "--w2v3x4y5",
        "größe1a2b3",
        "",
    ] {
        assert_eq!(mask_word(word), word);
    }
}

#[test]
fn names_of_secrets() {
    for name in [
        "api_key",
        "api_kye",
        "apikeys",
        "api_ky",
        "apiKey",
        "API-KEY",
        "key",
        "token",
        "x-api-key",
        "X-Auth-Token",
        "client_secret",
        "my_api_key_prod",
        "jwt",
        "password",
        "Authorization",
        "Proxy-Authorization",
        "QUBRID_API_KEY",
        "OPENAI_KEY",
        "db_password",
        "secret",
        "Cookie",
    ] {
        assert!(is_secret_name(name), "{name}");
    }
    for name in [
        "api_key_env",
        "api_key_file",
        "api_keys_page",
        "max_tokens",
        "tokens_per_minute",
        "queued_tokens",
        "prompt_cache_key",
        "model",
        "keys",
        "keyboard",
        "author",
        "secretary",
        "monkey",
    ] {
        assert!(!is_secret_name(name), "{name}");
    }
}

#[test]
fn values_of_secret_members_are_masked_wherever_they_stand() {
    for (source, masked) in [
        ("api_key: hunter2\nmodel: m\n", "api_key: *******\nmodel: m\n"),
        ("  api_key:hunter2 # mine", "  api_key:******* # mine"),
        ("provider: {key: hunter2, model: m}", "provider: {key: *******, model: m}"),
        ("{\"token\": \"hun ter2\", \"model\": 1}", "{\"token\": **********, \"model\": 1}"),
        ("headers: {X-Api-Key: 'a, b', X-Org: me}", "headers: {X-Api-Key: ******, X-Org: me}"),
        ("password: {env: NAME}", "password: ***********"),
        ("secret: \"no end\nmodel: m", "secret: *******\nmodel: m"),
        ("secret: |\n  one\n  two: 2\nmodel: m", "secret: |\n  ***\n  ******\nmodel: m"),
        ("token:\n  hunter2\nmodel: m", "token:\n  *******\nmodel: m"),
        ("token:\n  classify: {labels: [a]}", "token:\n  classify: {labels: [a]}"),
        ("api_key: ${QUBRID_API_KEY}", "api_key: ${QUBRID_API_KEY}"),
        ("{api_key: ${A}, b: c}", "{api_key: ${A}, b: c}"),
        ("key: höhle\nb: 1", "key: ******\nb: 1"),
        ("model: sk-1234\nurl: https://a:b@x/v1", "model: *******\nurl: https://***@x/v1"),
        ("headers: [Authorization, hunter2], model: m", "headers: [Authorization, *******], model: m"),
        ("headers: [\"X-Api-Key\", 'a b']", "headers: [\"X-Api-Key\", *****]"),
        ("labels: [token, letter]", "labels: [token, letter]"),
        ("api_key_file: {k: hunter2}", "api_key_file: ************"),
        ("{api_key_env: ${hunter2-Z}, model: m}", "{api_key_env: ************, model: m}"),
        ("api_key_env: ${NAME}", "api_key_env: ${NAME}"),
        ("api_key_file: keys/provider", "api_key_file: keys/provider"),
        ("model: ${dGhpc2lz/YWtleQ==}", "model: ${*****************}"),
        ("model: \"${hunter2-Zq7:-x}\"", "model: \"${***********:-x}\""),
        ("model: ${MODEL_V2_OF_Q3}-${MODEL-NAME}", "model: ${MODEL_V2_OF_Q3}-${MODEL-NAME}"),
        ("name: plain\nlabels: [invoice, letter]", "name: plain\nlabels: [invoice, letter]"),
    ] {
        let text = SecretText::new(source, Vec::new());
        assert_eq!(text.masked(), masked, "{source}");
    }
}

#[test]
fn messages_about_a_text_do_not_repeat_its_secrets() {
    let text = SecretText::new("api_key: hunter2\nkey: abc\n", vec!["from-elsewhere".into()]);
    assert_eq!(text.mask("found `hunter2`, not `from-elsewhere`"), "found `***`, not `***`");
    assert_eq!(text.mask("abc is short"), "abc is short");
    let text = SecretText::new("model: ${dGhpc2lzYWtleQ==}", Vec::new());
    assert_eq!(text.mask("`dGhpc2lzYWtleQ==` is not a valid variable name"), "`***` is not a valid variable name");
}

proptest! {
    #[test]
    fn masking_keeps_places_and_panics_never(source in "(api_key|key|ä|: |\\{|\\}|\"|'|\n|  |sk-|[a-z0-9]{1,9}|://|@|\\||#|=){0,40}") {
        let text = SecretText::new(&source, Vec::new());
        prop_assert_eq!(text.masked().len(), source.len());
        let ends = |text: &str| text.match_indices('\n').map(|(at, _)| at).collect::<Vec<_>>();
        prop_assert_eq!(ends(text.masked()), ends(&source));
        let _ = (mask_keys(&source), text.mask(&source));
    }

    #[test]
    fn a_value_is_nowhere_in_the_masked_text(value in "[a-zA-Z0-9/+]{8,30}", name in "(api_key|token|Authorization|x-api-key|password)", indent in "[ ]{0,6}") {
        let source = format!("version: 1\n{indent}{name}: {value}\nother: 1\n");
        prop_assert!(!SecretText::new(&source, Vec::new()).masked().contains(&value));
    }
}

#[test]
fn values_that_sign_a_url_are_masked_in_members() {
    for (text, expected) in [
        ("list: https://h/l.csv?sig=a1&x=2", "list: https://h/l.csv?sig=**&x=2"),
        ("list: \"https://h/l?x=2&Signature=ab\" # c", "list: \"https://h/l?x=2&Signature=**\" # c"),
        ("{a: 's3://b/k?X-Amz-Signature=abc', sig: 2}", "{a: 's3://b/k?X-Amz-Signature=***', sig: 2}"),
        ("url: https://h/v1?api-version=2026-01&page=3", "url: https://h/v1?api-version=2026-01&page=3"),
        ("url: https://h/v1?sig&=&", "url: https://h/v1?sig&=&"),
    ] {
        assert_eq!(mask_members(text, Vec::new()), expected);
    }
}

#[test]
fn keys_in_the_path_of_a_url_are_masked() {
    for (url, expected) in [
        ("https://host/v1", "https://host/v1"),
        (
            "https://host/openai/deployments/gpt-4o-mini-2024-07-18",
            "https://host/openai/deployments/gpt-4o-mini-2024-07-18",
        ),
        ("https://host/sk-abcdef123/v1", "https://host/***/v1"),
        ("https://host/v1/d41d8cd98f00b204e9800998ecf8427e/", "https://host/v1/***/"),
        ("https://host/7Xh2kQ9vLm4TzR8wYb3NcE6a/v1/chat/completions", "https://host/***/v1/chat/completions"),
        // The name of a server is not a secret.
        ("https://d41d8cd98f00b204e9800998ecf8427e.example/v1", "https://d41d8cd98f00b204e9800998ecf8427e.example/v1"),
        ("", ""),
    ] {
        assert_eq!(mask_url(url), expected);
    }
}
