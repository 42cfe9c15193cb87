//! Every fault with its message and its place.

use super::*;

/// Asserts that the manifest with this section has exactly these faults. Each has the column
/// in the line of the section and the message.
fn assert_faults(cases: &[(&str, &[(usize, &str)])]) {
    for (section, expected) in cases {
        let source = with(section);
        let line = source.lines().count();
        let expected: Vec<String> =
            expected.iter().map(|(column, message)| format!("{line}:{column}: {message}")).collect();
        assert_eq!(fault_titles(&source), expected, "{section}");
    }
}

#[test]
fn of_the_whole_manifest() {
    for (source, expected) in [
        (String::new(), "1:1: the manifest is empty"),
        ("- version: 1".into(), "1:1: the manifest is a list instead of settings with names"),
        ("job".into(), "1:1: the manifest is `job` instead of settings with names"),
        ("a: [".to_owned(), "1:4: not valid YAML"),
        (MINIMAL.replace("name: x\n", ""), "1:1: missing key `name`"),
        (MINIMAL.replace("version: 1", "version: 2"), "1:10: 2 is out of range"),
        (MINIMAL.replace("name: x", "name: ' '"), "2:7: `name` is empty"),
        (MINIMAL.replace("name: x", "name: x\nname: y"), "3:1: duplicate key `name`"),
        (format!("{MINIMAL}limit: {{}}"), "6:1: unknown key `limit`"),
        (format!("{MINIMAL}store: ${{A B}}"), "6:8: `A B` is not a valid variable name"),
    ] {
        let found = fault_titles(&source);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{source}\nfound {found:?}, expected {expected}");
    }
}

/// What is missing because of a misspelt key is not reported beside it.
#[test]
fn of_misspelt_keys() {
    assert_faults(&[
        ("input: {foldr: p}", &[(9, "unknown key `foldr`")]),
        ("provider: {base_ulr: \"http://h\", model: m}", &[(12, "unknown key `base_ulr`")]),
        ("provider: {simulator: {}, modle: m}", &[(27, "unknown key `modle`")]),
        ("tasks: {a: {clasify: {labels: [a, b]}}}", &[(13, "unknown key `clasify`")]),
        ("tasks: {a: {tags: {labels: [a, b]}}}", &[(13, "unknown key `tags`")]),
        ("tasks: {a: {classify: {lables: [a, b]}}}", &[(24, "unknown key `lables`")]),
        ("tasks: {a: {question: {txt: t}}}", &[(24, "unknown key `txt`")]),
        // Another key is missing.
        ("input: {page: first}", &[(9, "unknown key `page`"), (9, "no input given")]),
        ("input: {folder: p, foldr: p}", &[(20, "unknown key `foldr`")]),
    ]);
    for (key, misspelt, expected) in [
        ("input", "inputs", "3:1: unknown key `inputs`"),
        ("provider", "providers", "4:1: unknown key `providers`"),
        ("tasks", "task", "5:1: unknown key `task`"),
    ] {
        let source = MINIMAL.replace(&format!("\n{key}:"), &format!("\n{misspelt}:"));
        assert_eq!(fault_titles(&source), [expected], "{source}");
    }
}

#[test]
fn of_values_in_another_form() {
    assert_faults(&[
        ("tasks: {a: {question: \"Is it signed?\"}}", &[(23, "expected a mapping, found `Is it signed?`")]),
        (
            "tasks: {a: {classify: {labels: [{b: c}, {d: e}]}}}",
            &[(34, "expected a string, found a mapping"), (42, "expected a string, found a mapping")],
        ),
        ("provider: {simulator: true, model: m}", &[(23, "expected a mapping, found `true`")]),
        ("input: {folder: p, include: \"*.jpg\"}", &[(29, "expected a list, found `*.jpg`")]),
        ("input: {folder: p, pages: 1}", &[(27, "`1` is not an allowed value")]),
    ]);
}

#[test]
fn of_input() {
    assert_faults(&[
        ("input: {}", &[(8, "no input given")]),
        ("input: {folder: ' '}", &[(17, "`folder` is empty")]),
        ("input: {folder: p, list: l.csv}", &[(26, "`folder` and `list` can't be used together")]),
        ("input: {list: l.xlsx}", &[(15, "`xlsx` is not the extension of a list")]),
        ("input: {list: 'https://h/l.csv?sig=a'}", &[(15, "the list is a URL")]),
        ("input: {list: l}", &[(15, "the list has no extension")]),
        ("input: {folder: p, include: [\"[a\"]}", &[(30, "not a valid glob: unclosed character class; missing ']'")]),
        (
            "input: {folder: p, exclude: [x, \"{a\"]}",
            &[(33, "not a valid glob: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)")],
        ),
        ("input: {list: l.csv, include: [x]}", &[(31, "`include` can only be used with `folder`")]),
        ("input: {list: l.csv, exclude: [x]}", &[(31, "`exclude` can only be used with `folder`")]),
        ("input: {list: l.csv, follow_links: true}", &[(36, "`follow_links` can only be used with `folder`")]),
        ("input: {list: l.txt, carry: []}", &[]),
        ("input: {list: l.txt, carry: [a]}", &[(29, "`carry` can't be used with a .txt list, which has no columns")]),
        (
            "input: {list: l.txt, path_column: a}",
            &[(35, "`path_column` can't be used with a .txt list, which has no columns")],
        ),
        ("input: {folder: p, path_column: x}", &[(33, "`path_column` can only be used with `list`")]),
        ("input: {folder: p, carry: []}", &[(27, "`carry` can only be used with `list`")]),
        (
            "input: {folder: p, allow_private_hosts: true}",
            &[(41, "`allow_private_hosts` can only be used with `list`")],
        ),
        ("input: {folder: p, pages: last}", &[(27, "`last` is not an allowed value")]),
        (
            "input: {folder: p, pages: [0]}",
            &[(27, "pages are numbered from 1, or from -1 for the last page backwards")],
        ),
        ("input: {folder: p, pages: []}", &[(27, "pages are numbered from 1, or from -1 for the last page backwards")]),
        (
            "input: {folder: p, pages: [99999999999]}",
            &[(27, "pages are numbered from 1, or from -1 for the last page backwards")],
        ),
        ("input: {folder: p, near_duplicates: 25}", &[(37, "25 is out of range")]),
        ("input: {list: l.csv, fetch: {timeout: 0}}", &[(39, "timeout must be greater than zero")]),
        ("input: {list: l.csv, fetch: {max_megabytes: 0}}", &[(45, "0 is out of range")]),
    ]);
}

#[test]
fn of_provider() {
    assert_faults(&[
        ("provider: {model: m}", &[(12, "no provider given: set exactly one of `base_url` and `simulator`")]),
        (
            "provider: {base_url: \"http://h\", simulator: {}, model: m}",
            &[(12, "`base_url` and `simulator` can't be used together")],
        ),
        ("provider: {base_url: h/v1, model: m}", &[(22, "the URL does not begin with https:// or http://")]),
        ("provider: {base_url: \"ftp://h\", model: m}", &[(22, "not an http or https URL")]),
        (
            "provider: {base_url: \"localhost:8000/v1\", model: m}",
            &[(22, "the URL does not begin with https:// or http://")],
        ),
        ("provider: {base_url: \"http://u:p@h\", model: m}", &[(22, "the URL contains a user name or password")]),
        (
            "provider: {base_url: \"http://h#a\", model: m}",
            &[(22, "the URL contains a fragment, the part after `#`, which is never sent")],
        ),
        ("provider: {base_url: \"http://h?a=b&key=c\", model: m}", &[(22, "the query of the URL contains a secret")]),
        (
            "provider: {base_url: \"http://h?api-version=1\", model: m, query: {Api-Version: '2'}}",
            &[(79, "`Api-Version` is also in the query of `base_url`")],
        ),
        (
            "provider: {simulator: {}, model: m, query: {code: x, ' ': y, a: {env: a-b}}}",
            &[
                (51, "the value of this parameter is a secret"),
                (59, "the name of the parameter is empty"),
                (71, "not a valid environment variable name"),
            ],
        ),
        ("provider: {simulator: {}}", &[(12, "missing key `model`")]),
        ("provider: {simulator: {}, model: ''}", &[(34, "`model` is empty")]),
        (
            "provider: {simulator: {latency: x}, model: m}",
            &[(33, "`x` is not a valid duration; use a form such as 500ms, 60s, 10m, 2h or 7d")],
        ),
        ("provider: {simulator: {profile: gpt-6-lunar}, model: m}", &[(33, "`gpt-6-lunar` is not an allowed value")]),
        ("provider: {simulator: {faults: 120%}, model: m}", &[(32, "`120%` is not a share from 0% to 100%")]),
        ("provider: {simulator: {}, model: m, api_key_env: sk-abc}", &[(50, "not a valid environment variable name")]),
        (
            "provider: {simulator: {}, model: m, api_key_env: A, api_key_file: f}",
            &[(67, "`api_key_env` and `api_key_file` can't be used together")],
        ),
        ("provider: {simulator: {}, model: m, headers: {\"a b\": c}}", &[(54, "not a valid header name")]),
        (
            "provider: {simulator: {}, model: m, headers: {Authorization: c}}",
            &[(62, "`Authorization` is set by docmill")],
        ),
        (
            "provider: {simulator: {}, model: m, headers: {X-A: {env: a-b}}}",
            &[(58, "not a valid environment variable name")],
        ),
        ("provider: {simulator: {}, model: m, headers: {X-A: {}}}", &[(52, "missing key `env`")]),
        ("provider: {simulator: {}, model: m, price: {input: 1}}", &[(45, "missing key `output`")]),
        ("provider: {simulator: {}, model: m, price: {input: -1, output: 1}}", &[(52, "-1 is out of range")]),
        (
            "provider: {simulator: {}, model: m, price: {input: 1, output: 0.1234567}}",
            &[(63, "`0.1234567` has too many decimals")],
        ),
    ]);
}

#[test]
fn secrets_are_not_shown() {
    for section in [
        "provider: {base_url: \"http://u:hunter2@h\", model: m}",
        "provider: {simulator: {}, model: m, api_key_env: sk-hunter2}",
        "provider: {simulator: {}, model: m, headers: {X-A: {env: sk-hunter2}}}",
    ] {
        let error = check(Path::new("x.yaml"), &with(section), &|_| None).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
        assert!(error.contains("  = "), "what is allowed is shown: {error}");
    }
}

#[test]
fn of_request_and_image() {
    let range = |column, value: &str| (column, format!("{value} is out of range"));
    for (section, (column, message)) in [
        ("request: {temperature: 3}", range(24, "3")),
        ("request: {top_p: 1.5}", range(18, "1.5")),
        ("request: {max_tokens: 0}", range(23, "0")),
        ("image: {max_side: 32}", range(19, "32")),
        ("image: {min_side: 5000, size: economy}", range(19, "5000")),
    ] {
        assert_faults(&[(section, &[(column, message.as_str())])]);
    }
    assert_faults(&[
        ("request: {stream: no}", &[(19, "expected true or false, found `no`")]),
        ("request: {timeout: 0s}", &[(20, "timeout must be greater than zero")]),
        ("request: {idle_timeout: 0}", &[(25, "idle_timeout must be greater than zero")]),
        ("request: {first_byte_timeout: 0}", &[(31, "first_byte_timeout must be greater than zero")]),
        ("request: {connect_timeout: 60s}", &[(28, "connect_timeout must be less than timeout")]),
        ("request: {extra: {model: x}}", &[(26, "`model` is set by docmill")]),
        ("request: {extra: {top_p: 1, seed: 1}}", &[(26, "`top_p` is set by docmill")]),
        ("image: {detail: huge}", &[(17, "`huge` is not an allowed value")]),
        ("image: {rule: openai}", &[(15, "`openai` is not an allowed value")]),
        ("image: {min_side: 600}", &[(19, "`min_side` can only be used with `size: economy`")]),
        ("image: {size: economy, min_side: 600, max_side: 500}", &[(34, "`min_side` is greater than `max_side`")]),
    ]);
}

#[test]
fn of_tasks() {
    assert_faults(&[
        ("tasks: {}", &[(8, "no tasks given")]),
        ("tasks: {Kind: {question: {text: t}}}", &[(16, "`Kind` is not a valid task name")]),
        ("tasks: {a__b: {question: {text: t}}}", &[(16, "`a__b` is not a valid task name")]),
        ("tasks: {a/b: {question: {text: t}}}", &[(15, "`a/b` is not a valid task name")]),
        ("tasks: {status: {question: {text: t}}}", &[(18, "`status` is the name of a column of every row")]),
        ("tasks: {a: {}}", &[(12, "a task must have exactly one kind")]),
        ("tasks: {a: {guess: {}}}", &[(13, "unknown key `guess`"), (13, "a task must have exactly one kind")]),
        ("tasks: {a: {question: {text: t}, tag: {labels: [a]}}}", &[(13, "a task must have exactly one kind")]),
        ("tasks: {a: {classify: {}}}", &[(23, "no labels given")]),
        ("tasks: {a: {classify: {labels: []}}}", &[(32, "no labels given")]),
        ("tasks: {a: {classify: {labels: [a]}}}", &[(24, "a single label leaves no choice")]),
        ("tasks: {a: {classify: {labels: [a, b, a]}}}", &[(39, "duplicate label `a`")]),
        ("tasks: {a: {classify: {labels: {a: , a: }}}}", &[(38, "duplicate key `a`")]),
        ("tasks: {a: {classify: {labels: [a, ' b']}}}", &[(36, "` b` is not a valid label")]),
        ("tasks: {a: {classify: {labels: [a, '']}}}", &[(36, "`` is not a valid label")]),
        ("tasks: {a: {classify: {labels: [a, other], other: true}}}", &[(51, "duplicate label `other`")]),
        (
            "tasks: {a: {classify: {labels: [a, b], labels_file: f}}}",
            &[(53, "`labels` and `labels_file` can't be used together")],
        ),
        ("tasks: {a: {tag: {labels: [a, b], max: 3}}}", &[(40, "3 is more than the number of labels")]),
        ("tasks: {a: {tag: {labels: [a, b], max: 0}}}", &[(40, "0 is out of range")]),
        ("tasks: {a: {question: {text: ' '}}}", &[(30, "the question is empty")]),
        ("tasks: {a: {question: {type: text}}}", &[(24, "missing key `text`")]),
        ("tasks: {a: {question: {text: t, type: time}}}", &[(39, "`time` is not an allowed value")]),
        (
            "tasks: {a: {extract: {schema: Cargo.toml}}}",
            &[(31, "Cargo.toml is not valid JSON: expected value at line 1 column 2")],
        ),
        ("tasks: {a: {extract: {schema: src}}}", &[(31, "can't read src: not a file")]),
        (
            "tasks: {a: {classify: {labels_file: Cargo.toml}}}",
            &[(37, "Cargo.toml has no column `label`; its columns are `[package]`")],
        ),
    ]);
}

#[test]
fn of_limits_and_the_rest() {
    assert_faults(&[
        ("limits: {concurrency: many}", &[(23, "expected an integer, found `many`")]),
        ("limits: {concurrency: 0}", &[(23, "0 is out of range")]),
        ("limits: {tokens_per_minute: 50}", &[(29, "the limit is lower than the maximum size of one reply")]),
        ("limits: {budget_usd: 5}", &[(22, "a budget needs a price, but that of `m` at h is unknown")]),
        ("limits: {budget_usd: -5}", &[(22, "-5 is out of range")]),
        (
            "limits: {run_time: soon}",
            &[(20, "`soon` is not a valid duration; use a form such as 500ms, 60s, 10m, 2h or 7d")],
        ),
        ("delivery: later", &[(11, "`later` is not an allowed value")]),
        ("batch: {poll: 0s}", &[(15, "poll must be greater than zero")]),
        ("batch: {requests: 0}", &[(19, "0 is out of range")]),
        ("retry: {attempts: 0}", &[(19, "0 is out of range")]),
        ("retry: {page_time: 0}", &[(20, "page_time must be greater than zero")]),
        ("retry: {timed_out: never}", &[(20, "`never` is not an allowed value")]),
        ("on_error: {max_failed: 200%}", &[(24, "`200%` is not a share from 0% to 100%")]),
        ("on_error: {stop_after: -1}", &[(24, "-1 is out of range")]),
        ("output: {csv: ''}", &[(15, "not a file name")]),
        ("output: {csv: nowhere/}", &[(15, "not a file name")]),
        ("output: {csv_formulas: run}", &[(24, "`run` is not an allowed value")]),
    ]);
}

#[test]
fn of_outputs_that_would_overwrite_something() {
    assert_faults(&[
        ("output: {csv: a.csv, jsonl: a.csv}", &[(29, "the output would overwrite another output")]),
        ("output: {csv: a.csv, jsonl: b/../a.csv}", &[(29, "the output would overwrite another output")]),
        ("output: {csv: x.yaml}", &[(15, "the output would overwrite the manifest")]),
        ("output: {csv: .docmill/store.db}", &[(15, "the output would overwrite the store")]),
        ("output: {csv: .docmill/store.db-wal}", &[(15, "the output would overwrite the store")]),
        ("output: {csv: src}", &[(15, "the path is a folder")]),
        ("output: {csv: p/rows.jpg}", &[(15, "the output would be among the pages of the input")]),
        ("output: {csv: p/rows}", &[(15, "the output would be among the pages of the input")]),
    ]);
    let output = |section: &str, output: &str| format!("{}output: {{csv: {output}}}\n", with(section));
    for (source, what) in [
        (output("input: {list: a.csv}", "a.csv"), "the list"),
        (output("provider: {simulator: {}, model: m, api_key_file: k}", "k"), "the file with the API key"),
        (output("provider: {simulator: {}, model: m, ca_file: c}", "c"), "the file with certificates"),
        (
            output(
                "tasks: {a: {extract: {schema: schemas/invoice-total.schema.json}}}",
                "schemas/invoice-total.schema.json",
            ),
            "the schema of a task",
        ),
    ] {
        assert_eq!(fault_titles(&source), [format!("6:15: the output would overwrite {what}")], "{source}");
    }
}

#[test]
fn of_sections_with_each_other() {
    let source = format!("{MINIMAL}delivery: batch\nrequest: {{stream: true}}\n");
    assert_eq!(fault_titles(&source), ["7:19: replies of a batch can't be streamed"]);
    let source = format!("{MINIMAL}request: {{max_tokens: 600}}\nlimits: {{tokens_per_minute: 599}}\n");
    assert_eq!(fault_titles(&source), ["7:29: the limit is lower than the maximum size of one reply"]);
    job(&source.replace("599", "600"));
}
