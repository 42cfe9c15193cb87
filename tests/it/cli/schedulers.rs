//! The examples for schedulers of the README and of docs/airflow.md, as they stand there: only their paths are replaced.

use crate::bench::{Bench, root};
#[cfg(unix)]
use crate::harness::executable::write_executable;
use crate::skip::{AIRFLOW, skip};
use docmill::internal::simulator::Options;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The code block of a document in a language that contains `word`: there is only one.
fn code_block(document: &str, language: &str, word: &str) -> String {
    let text = std::fs::read_to_string(root().join(document)).unwrap();
    let start = format!("```{language}\n");
    let blocks = text.split(&start).skip(1).map(|rest| rest.split("```").next().unwrap());
    let blocks: Vec<&str> = blocks.filter(|block| block.contains(word)).collect();
    assert_eq!(blocks.len(), 1, "one block in {language} with {word} in {document}");
    blocks[0].to_owned()
}

/// The task that needs only the program.
fn airflow_task() -> String {
    code_block("docs/airflow.md", "python", "RETRIED")
}

/// The block with the paths of a bench and of a program.
fn placed(block: &str, bench: &Bench, program: &Path) -> String {
    let (docmill, folder) = ("/usr/local/bin/docmill", "/srv/mail");
    assert!(block.contains(docmill) && block.contains(folder), "{block}");
    block.replace(docmill, &program.display().to_string()).replace(folder, &bench.path("").display().to_string())
}

fn built() -> PathBuf {
    env!("CARGO_BIN_EXE_docmill").into()
}

/// What a scheduler does after an exit code, by the README's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Continue,
    Retry,
    Fail,
}

/// The README's table of exit codes.
fn table() -> Vec<(u8, Action)> {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let rows = text.lines().skip_while(|line| !line.starts_with("| exit | outcome |")).skip(2);
    let mut table = Vec::new();
    for row in rows.take_while(|line| line.starts_with('|')) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let action = match cells[2] {
            "continue" => Action::Continue,
            text if text.starts_with("retry") || text.starts_with("run again") => Action::Retry,
            _ => Action::Fail,
        };
        table.extend(cells[0].split(" / ").map(|code| (code.parse().unwrap(), action)));
    }
    assert!(table.len() >= 11, "{table:?}");
    table
}

/// Replaces docmill: ends with the code in a file.
#[cfg(unix)]
const STAND_IN: &str = "#!/bin/sh
echo \"$@\" >> DIR/calls
if test \"$(cat DIR/code)\" = hang; then
  trap 'echo terminated >> DIR/calls; exit 143' TERM
  for i in $(seq 300); do sleep 0.1; done
fi
echo a line of something else
echo '{\"outcome\": \"as docmill prints it\"}'
exit $(cat DIR/code)
";

#[cfg(unix)]
fn stand_in(bench: &Bench) -> PathBuf {
    write_executable(&bench.path("docmill"), &STAND_IN.replace("DIR", &bench.path("").display().to_string()));
    bench.path("docmill")
}

#[cfg(unix)]
#[test]
fn the_prose_about_retries_and_the_table_agree_with_the_program() {
    // `Error::is_retryable` of the library, and the set of the example.
    let block = airflow_task();
    let retried = block.lines().find_map(|line| line.strip_prefix("RETRIED = {")).unwrap();
    let retried: Vec<u8> = retried.split('}').next().unwrap().split(", ").map(|code| code.parse().unwrap()).collect();
    let of_table: Vec<u8> =
        table().into_iter().filter(|(_, action)| *action == Action::Retry).map(|(code, _)| code).collect();
    assert_eq!(retried, of_table);
}

#[cfg(unix)]
#[test]
fn the_airflow_task_follows_the_table_of_exit_codes() {
    let bench = Bench::with_pages(0);
    bench.put("dag.py", placed(&airflow_task(), &bench, &stand_in(&bench)).as_bytes());
    let run = |code: &str| {
        bench.put("code", code.as_bytes());
        let mut python = Command::new("python3");
        python.arg(root().join("tests/data/airflow/run_stub.py")).arg(bench.path("dag.py"));
        let output = python.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    for (code, action) in table() {
        let done = run(&code.to_string());
        let expected = match action {
            Action::Continue => "ok {\"outcome\": \"as docmill prints it\"}\n".to_owned(),
            Action::Retry => format!("retry docmill ended with exit code {code}\n"),
            Action::Fail => format!("fail docmill ended with exit code {code}\n"),
        };
        assert_eq!(done, expected, "exit code {code}");
    }
    assert!(bench.text("calls").contains("run") && bench.text("calls").contains("--var date=2026-11-23"));
}

#[cfg(unix)]
#[test]
fn stopping_the_airflow_task_stops_docmill_which_stores_what_is_in_flight() {
    let latency = Duration::from_millis(300);
    let bench = Bench::with_pages(80).simulator(Options { latency, ..Options::default() });
    bench.job("limits: {concurrency: 4}");
    std::fs::rename(bench.path("pages"), bench.path("2026-11-23")).unwrap();
    bench.put("job.yaml", bench.text("job.yaml").replace("{folder: pages}", "{folder: \"${date}\"}").as_bytes());
    bench.put("dag.py", placed(&airflow_task(), &bench, &built()).as_bytes());
    let mut python = Command::new("python3");
    python.arg(root().join("tests/data/airflow/run_stub.py")).arg(bench.path("dag.py"));
    let mut child = python.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    crate::bench::under_way(&bench, &mut child, 8);
    crate::harness::signal::signal(&child, "TERM");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(143), "{}", String::from_utf8_lossy(&output.stderr));
    let report = bench.report();
    assert_eq!((report["outcome"].as_str(), report["attempts"]["lost"].as_u64()), (Some("interrupted"), Some(0)));
    assert_eq!(bench.docmill(&["run", "job.yaml", "-q", "--var", "date=2026-11-23"]).code, 0);
    assert_eq!(bench.stats()["requests"], 80, "the retry pays for nothing twice");
}

/// `DOCMILL_AIRFLOW` names a Python with Airflow; otherwise that of the path is asked.
#[cfg(unix)]
#[test]
fn the_dag_runs_in_a_real_airflow() {
    let python = std::env::var_os("DOCMILL_AIRFLOW").unwrap_or_else(|| "python3".into());
    let has_airflow = Command::new(&python).args(["-c", "import airflow.sdk"]).stderr(Stdio::null()).status();
    if !has_airflow.is_ok_and(|status| status.success()) {
        skip(AIRFLOW, "the_dag_runs_in_a_real_airflow");
        return;
    }
    let bench = Bench::with_pages(0);
    bench.put("dags/dag.py", placed(&airflow_task(), &bench, &stand_in(&bench)).as_bytes());
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&python);
        command.args(arguments).env("AIRFLOW_HOME", bench.path("airflow"));
        command.env("AIRFLOW__CORE__LOAD_EXAMPLES", "False").env("AIRFLOW__CORE__DAGS_FOLDER", bench.path("dags"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    run(&["-m", "airflow", "db", "migrate"]);
    let driver = root().join("tests/data/airflow/run_real.py");
    let (driver, dag, code) = (driver.display(), bench.path("dags/dag.py"), bench.path("code"));
    let codes: Vec<String> = table().iter().map(|(code, _)| code.to_string()).chain(["hang".to_owned()]).collect();
    let (driver, dag, code) = (driver.to_string(), dag.display().to_string(), code.display().to_string());
    let arguments: Vec<&str> = [&driver, &dag, &code].into_iter().chain(&codes).map(String::as_str).collect();
    let done = run(&arguments);
    let states: Vec<&str> = done.lines().filter_map(|line| line.strip_prefix("STATE ")).collect();
    let expected: Vec<String> = table()
        .into_iter()
        .map(|(code, action)| match action {
            Action::Continue => format!("{code} success 1"),
            Action::Retry => format!("{code} failed 2"),
            Action::Fail => format!("{code} failed 1"),
        })
        .chain(["hang failed 2".to_owned()])
        .collect();
    assert_eq!(states, expected, "{done}");
    assert!(bench.text("calls").contains("terminated"), "the timeout of the task reaches docmill");
}

#[cfg(unix)]
#[test]
fn the_cron_line_works_in_the_environment_of_cron() {
    let bench = Bench::with_pages(3).simulator(Options { key: Some("secret-of-cron".into()), ..Options::default() });
    bench.job("");
    bench.put("key", b"secret-of-cron\n");
    let job = bench.text("job.yaml").replace("id: test,", "id: test, api_key_file: key,");
    bench.put("job.yaml", job.as_bytes());
    let line = placed(code_block("README.md", "cron", "docmill run").trim(), &bench, &built());
    assert!(!line.contains('%') && line.lines().count() == 1, "cron ends a command at `%`: {line}");
    let command = line.splitn(6, ' ').nth(5).unwrap().trim();
    let run = || {
        let mut cron = Command::new("env");
        cron.args(["-i", "HOME=/", "LOGNAME=mail", "SHELL=/bin/sh", "PATH=/usr/bin:/bin", "/bin/sh", "-c", command]);
        let output = cron.current_dir("/").output().unwrap();
        let printed = [output.stdout, output.stderr].concat();
        assert!(printed.is_empty(), "cron would send a mail: {}", String::from_utf8_lossy(&printed));
        bench.text("docmill.log").lines().last().unwrap().to_owned()
    };
    let logged = run();
    assert!(logged.starts_with("docmill ended with exit code 0 at 2"), "{}", bench.text("docmill.log"));
    let summary: Value = serde_json::from_str(&bench.text("summary.json")).unwrap();
    assert_eq!((summary["outcome"].as_str(), summary["pages"]["ok"].as_u64()), (Some("complete"), Some(3)));
    bench.put("key", b"wrong\n");
    bench.put("pages/new.jpg", &crate::bench::page(77));
    assert!(run().starts_with("docmill ended with exit code 5 at "), "{}", bench.text("docmill.log"));
    // A run that is still going on.
    let lock = std::fs::File::create(bench.path(".lock")).unwrap();
    lock.lock().unwrap();
    assert!(run().starts_with("docmill ended with exit code 75 at "), "{}", bench.text("docmill.log"));
    let summary: Value = serde_json::from_str(&bench.text("summary.json")).unwrap();
    assert_eq!(summary["outcome"], "provider_refused", "the other run writes its own");
}
