//! Ten typical mistakes. The first line after the one that names the store names the cause.

use super::messages::masked;
use crate::bench::Bench;
use crate::harness::closed_port::ClosedPort;
use crate::harness::http_server::{HttpServer, reply};
use docmill::internal::simulator::{Fault, Options};
use std::io::Write;

/// A server that is not an API: every reply is a web page.
fn web_server() -> HttpServer {
    let body = "<!doctype html>\n<title>Sign in</title><p>Please sign in to continue.";
    HttpServer::start(move |_, stream| stream.write_all(&reply(200, "text/html", body)))
}

fn simulated(fault: Fault) -> Bench {
    Bench::with_pages(25).simulator(Options { always: Some(fault), ..Options::default() })
}

/// Runs `job.yaml`: the exit code, and stderr without the line that names the store and without times.
fn run(bench: &Bench) -> (i32, String) {
    let ran = bench.run(&["--progress", "off"]);
    let lines = ran.stderr.lines().filter(|line| !line.contains("store: "));
    let lines: Vec<&str> = lines.map(|line| line.split_once("Z  ").map_or(line, |(_, rest)| rest)).collect();
    (ran.code, masked(bench, &lines.join("\n")))
}

/// The arguments of a script whose variable is not set.
#[test]
fn an_empty_variable_is_named() {
    let bench = Bench::with_pages(1);
    bench.job("");
    let run = |arguments: &[&str]| {
        let ran = bench.command(&[&["run", "job.yaml"], arguments].concat()).env("DOCMILL_STORE", "").output().unwrap();
        (ran.status.code(), String::from_utf8_lossy(&ran.stderr).into_owned())
    };
    let (code, text) = run(&[]);
    assert!(code == Some(2) && text.starts_with("error: the environment variable DOCMILL_STORE is empty"), "{text}");
    let (code, text) = run(&["--store", ""]);
    assert!(code == Some(2) && text.contains("--store") && !text.contains("DOCMILL_STORE"), "{text}");
}

/// A fault of an input is shown at its place in the manifest.
#[test]
fn faults_of_lists_have_a_place_and_lists_and_folders_are_distinguished() {
    let bench = Bench::with_pages(1);
    bench.job("");
    let job = bench.text("job.yaml");
    bench.put("l.csv", b"path,customer,Invoice No.\npages/00000.jpg,A,7\n");
    bench.put("short.csv", b"path,customer\npages/00000.jpg\n");
    std::fs::create_dir(bench.path("folder.csv")).unwrap();
    for (input, place, parts) in [
        ("list: none.csv", "3:15", &["the list ", "none.csv", "No such file", "relative to the manifest"][..]),
        ("list: short.csv", "3:15", &["short.csv: line 2: found record with 1 field"]),
        ("list: pages", "3:15", &["the list is a folder", "a folder is given with `folder`"]),
        ("list: folder.csv", "3:15", &["the list folder.csv: ", "a file; a folder is given with input.folder"]),
        ("list: l.csv", "3:15", &["`Invoice No.` (column 3)", "input.rename: {\"Invoice No.\": invoice_no}"]),
        (
            "list: l.csv, rename: {No: no}, carry: [customer]",
            "3:31",
            &["input.rename names the unknown column `No`; the list has: path, customer"],
        ),
        ("list: l.csv, carry: [customer, custmer]", "3:40", &["input.carry names the unknown column `custmer`"]),
        (
            "list: l.csv, path_column: file",
            "3:35",
            &["there is no column `file`; it has: path, customer", "set input.path_column"],
        ),
        (
            "folder: l.csv",
            "",
            &["Not a directory", "input.folder names a file; a list of files is given with input.list"],
        ),
    ] {
        bench.put("job.yaml", job.replace("folder: pages", input).as_bytes());
        let ran = bench.docmill(&["check", "job.yaml"]);
        let place =
            if place.is_empty() { "error: the input folder".to_owned() } else { format!("error: job.yaml:{place}: ") };
        assert!(ran.code == 2 && ran.stderr.starts_with(&place), "{input}: {}", ran.stderr);
        for part in parts {
            assert!(ran.stderr.contains(part), "{input}: {} shows {part}", ran.stderr);
        }
    }
    let task = "tasks: {ours: {question: {text: \"From {custmer}?\", type: boolean}}, ";
    let job = job.replace("folder: pages", "list: l.csv, carry: [customer]").replace("tasks: {", task);
    bench.put("job.yaml", job.as_bytes());
    let ran = bench.docmill(&["check", "job.yaml"]);
    let shown = "^^^^^^^^^^^^^^^^^";
    assert!(
        ran.code == 2 && ran.stderr.starts_with("error: job.yaml:") && ran.stderr.contains(shown),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("the list has no column `custmer`; columns: customer"), "{}", ran.stderr);
}

#[test]
fn the_first_line_names_the_cause() {
    let web = web_server();
    let closed = ClosedPort::new();
    for (name, code, cause) in [
        ("wrong_port", 6, "cannot connect to http://CLOSED/v1"),
        ("web_page", 5, "is not a chat completions API"),
        ("constant_500", 3, "HTTP 500"),
        ("output_that_cannot_be_written", 8, "rows.csv"),
        ("small_budget", 4, "the budget is too small"),
        ("pasted_key", 2, "api_key"),
        ("missing_folder", 2, "no/such/folder"),
        ("tab", 2, "tab"),
        ("unknown_model", 5, "model"),
        ("no_credit_left", 5, "quota"),
    ] {
        let bench = match name {
            "constant_500" => simulated(Fault::ServerError),
            "unknown_model" => simulated(Fault::NoModel),
            "no_credit_left" => simulated(Fault::NoCredit),
            "small_budget" => Bench::with_pages(2).simulator(Options::default()),
            _ => Bench::with_pages(2),
        };
        let more = match name {
            "wrong_port" => "retry: {max_wait: 3s}",
            "constant_500" => "retry: {attempts: 1}",
            "small_budget" => "limits: {budget_usd: 0.0001}",
            _ => "",
        };
        match name {
            "web_page" => bench.job_at(&web.base_url, more),
            "wrong_port" => bench.job_at(&closed.base_url(), more),
            _ => bench.job(more),
        }
        let job = bench.text("job.yaml");
        let job = match name {
            "output_that_cannot_be_written" => job.replace("csv: out.csv", "csv: /proc/rows.csv"),
            "pasted_key" => job.replace("id: test,", "id: test, api_key: sk-proj-Zm9vYmFyYmF6cXV4MTIzNDU2,"),
            "missing_folder" => job.replace("folder: pages", "folder: no/such/folder"),
            "tab" => job.replace("version: 1\n", "version: 1\ninput:\n\tfolder: pages\n"),
            _ => job,
        };
        bench.put("job.yaml", job.as_bytes());
        let (ended, text) = run(&bench);
        let text = text.replace(web.base_url.trim_end_matches("/v1"), "http://HOST");
        let text = text.replace(closed.base_url().trim_end_matches("/v1"), "http://CLOSED");
        assert_eq!(ended, code, "{name}: {text}");
        let first = text.lines().next().unwrap_or_default();
        assert!(first.contains(cause), "{name}: {text}");
        assert!(!text.contains("Zm9vYmFy"), "{name}: {text}");
        // Without the summary between the first line and the error.
        let error = text.find("error:").map_or("", |at| &text[at..]);
        // On a busy machine another line reports the first failures.
        let shown = if error.starts_with(first) || name == "constant_500" {
            error.to_owned()
        } else {
            format!("{first}\n{error}")
        };
        insta::assert_snapshot!(name, shown);
    }
}
