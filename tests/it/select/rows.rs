//! `docmill rows`.

use crate::bench::Bench;
use docmill::internal::simulator::{Fault, Options};

fn shown(bench: &Bench, arguments: &[&str]) -> String {
    let ran = bench.docmill(&[&["rows", "job.yaml"], arguments].concat());
    assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
    ran.stdout
}

#[test]
fn rows_are_aligned_and_chosen() {
    let bench = Bench::with_pages(12).simulator(Options::default());
    bench.put("pages/a very long name of a scanned document that nobody would type, with 写真.jpg", b"no image");
    bench.put("pages/empty.jpg", b"");
    bench.job("on_error: {max_failed: 50%}");
    assert_eq!(bench.run(&["-q"]).code, 0);
    let text = shown(&bench, &["--columns", "path,status,kind,error_kind", "-q"]);
    insta::assert_snapshot!(text);
    let all = bench.rows();
    let letters = all.iter().filter(|row| row["kind"] == "letter").count();
    let csv = shown(&bench, &["--where", "kind = 'letter'", "--format", "csv", "--columns", "kind,path"]);
    let mut lines = csv.lines();
    assert_eq!((lines.next(), lines.clone().count()), (Some("kind,path"), letters));
    assert!(lines.all(|line| line.starts_with("letter,0")), "{csv}");
    let json = crate::bench::rows(&shown(&bench, &["--format", "json", "--limit", "3"]));
    assert_eq!(json, all[..3], "as the job's own output");
    let limited = bench.docmill(&["rows", "job.yaml", "--limit", "2"]);
    assert_eq!(limited.stdout.lines().count(), 4, "{}", limited.stdout);
    assert!(limited.stderr.contains("2 rows, and there are more"), "{}", limited.stderr);
    let unknown = bench.docmill(&["rows", "job.yaml", "--columns", "knid"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.contains("did you mean `kind`?"), "{}", unknown.stderr);
}

#[test]
fn failures_are_shown_by_kind_with_an_example_each() {
    let options = Options { faults: 0.5, kinds: vec![Fault::Refusal], ..Options::default() };
    let bench = Bench::with_pages(20).simulator(options);
    bench.put("pages/empty.jpg", b"");
    bench.job("on_error: {max_failed: 100%, stop_after: 0}");
    assert_eq!(bench.run(&["-q"]).code, 0);
    let failed = bench.rows().iter().filter(|row| row["status"] != "ok").count();
    let refused = failed - 1;
    assert!(refused > 2, "{failed}");
    let text = shown(&bench, &["--failed", "--limit", "2", "-q"]);
    assert_eq!(text.lines().take_while(|line| !line.is_empty()).count(), 4, "{text}");
    let (_, failures) = text.split_once("\nfailures\n").unwrap();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(failures.lines().next().unwrap()), ["refusal", &refused.to_string()], "all are counted: {text}");
    assert!(failures.contains("empty_file") && failures.contains("empty.jpg"), "{text}");
    let some = shown(&bench, &["--failed", "--where", "error_kind = 'empty_file'", "-q"]);
    assert!(!some.contains("refusal") && some.contains("empty.jpg"), "{some}");
}

/// Memory does not grow with the rows, and a reader that leaves early ends the program.
#[test]
fn rows_may_be_piped() {
    let bench = Bench::with_pages(3).simulator(Options::default());
    bench.job("");
    let none = bench.docmill(&["rows", "job.yaml"]);
    assert_eq!(none.code, 2, "there is no store: {}", none.stderr);
    assert_eq!(bench.run(&["-q", "--limit", "1"]).code, 0);
    let text = shown(&bench, &["--where", "status = 'pending'", "-q"]);
    assert_eq!(text.lines().count(), 4, "{text}");
    assert_eq!(shown(&bench, &["--where", "kind is null and status = 'ok'", "-q"]), "", "no rows, no table");
}
