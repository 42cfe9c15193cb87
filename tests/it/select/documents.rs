//! The examples of docs/select.md and docs/rows.md, on the demo.

use crate::bench::{Bench, root};

/// The demo in its own folder.
fn demo() -> Bench {
    let bench = Bench::with_pages(0);
    let job = std::fs::read_to_string(root().join("jobs/demo.yaml")).unwrap();
    let job = job.replace("../sample_data", &root().join("sample_data").display().to_string());
    bench.put("jobs/demo.yaml", job.replace("latency: 50ms, ", "").as_bytes());
    bench
}

fn document(name: &str) -> String {
    std::fs::read_to_string(root().join("docs").join(name)).unwrap()
}

/// The commands in blocks of shell text.
fn commands(text: &str) -> Vec<&str> {
    let blocks = text.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
    blocks.flat_map(str::lines).filter(|line| line.contains(" jobs/demo.yaml")).collect()
}

/// The words of a command line, of which some are in single quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![];
    for (at, part) in line.split('\'').enumerate() {
        match at % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

/// The first cells of a table of expressions, between two texts.
fn expressions<'a>(text: &'a str, from: &str, to: &str) -> Vec<&'a str> {
    let part = text.split(from).nth(1).unwrap().split(to).next().unwrap();
    let cells = part.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    cells.collect()
}

#[test]
fn commands_in_documents_run_on_the_demo() {
    let bench = demo();
    let mut count = 0;
    for name in ["select.md", "rows.md"] {
        for line in commands(&document(name)) {
            let words = words(line);
            let arguments: Vec<&str> = words.iter().skip(1).map(String::as_str).collect();
            let ran = bench.docmill(&arguments);
            assert_eq!(ran.code, 0, "{name}: {line}: {}", ran.stderr);
            assert!(!ran.stdout.is_empty() || arguments[0] == "run", "{name}: {line} shows nothing");
            count += 1;
        }
    }
    assert!(count >= 8, "{count} examples");
}

#[test]
fn expressions_in_documents_are_what_they_are_said_to_be() {
    let bench = demo();
    assert_eq!(bench.docmill(&["run", "jobs/demo.yaml", "-q"]).code, 0);
    let text = document("select.md");
    let rows = |expression: &str| bench.docmill(&["rows", "jobs/demo.yaml", "-q", "--where", expression]);
    let valid = expressions(&text, "## Language", "In jobs with other columns");
    let of_null = expressions(&text, "**Null**", "## Mistakes");
    assert!(valid.len() > 15 && of_null.len() == 2, "{valid:?} {of_null:?}");
    for expression in valid.into_iter().chain(of_null) {
        let ran = rows(expression);
        assert_eq!(ran.code, 0, "{expression}: {}", ran.stderr);
    }
    let mistakes = expressions(&text, "## Mistakes", "## In commands");
    assert!(mistakes.len() > 5, "{mistakes:?}");
    for expression in mistakes {
        let ran = rows(expression);
        assert!(ran.code == 2 && ran.stderr.contains('^'), "{expression}: {}", ran.stderr);
    }
}
