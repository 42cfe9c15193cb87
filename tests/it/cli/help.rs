//! The examples of every command's `--help`, run as they stand there.

use crate::bench::{Bench, page, root};
use crate::harness::skip::skip;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

const JOB: &str = "version: 1
name: examples
input: {folder: \"${folder:-pages}\"}
provider: {simulator: {seed: 4}, model: openai/gpt-4o-mini}
tasks: {kind: {classify: {labels: [invoice, letter, form], other: true}}}
output: {csv: rows.csv}
";

/// Examples that need more than this folder: a list with true labels, runs of other days, answers of people.
const ONLY_PARSED: &[&str] = &[
    "docmill eval job.yaml --truth-column kind=true_kind",
    "docmill diff job.yaml --recipe previous --sample 100 --yes",
    "docmill diff job.yaml --run 20261123T06 --format html > diff.html",
];

/// Exit codes of commands that did their work: a gate that is not reached is a result.
const WORKED: &[i32] = &[0, 7];

fn docmill(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_docmill")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The commands of a help, without `help` itself.
fn subcommands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = lines.take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

/// The examples of a command and of those below it.
fn examples(path: &[&str], found: &mut BTreeMap<String, Vec<String>>) {
    let help = docmill(&[path, &["--help"]].concat());
    let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    let lines = lines.filter(|line| line.starts_with("  docmill "));
    let commands = lines.map(|line| line.trim().split("  ").next().unwrap().to_owned()).collect();
    found.insert(path.join(" "), commands);
    for name in subcommands(&help) {
        examples(&[path, &[&name]].concat(), found);
    }
}

/// The example as it ends by itself.
fn bounded(example: &str) -> String {
    if example.starts_with("docmill simulate") {
        return format!("{} --lifetime 1s", example.replace("--port 8765", "--port 0"));
    }
    if example.starts_with("docmill review") {
        return format!("{} --no-open --idle 1s", example.replace(" --idle 30m", ""));
    }
    example.to_owned()
}

fn run(example: &str, folder: &Path) -> (i32, String) {
    let program = Path::new(env!("CARGO_BIN_EXE_docmill")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &bounded(example)])
        .current_dir(folder)
        .env("PATH", path)
        .env("USER", "ada")
        .env_remove("DOCMILL_STORE");
    let output = shell.stdin(Stdio::null()).output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[cfg(unix)]
#[test]
fn the_examples_of_every_command_work() {
    let mut found = BTreeMap::new();
    examples(&[], &mut found);
    assert!(
        found.len() >= 25 && found.contains_key("store check") && found.contains_key("answers import"),
        "{found:?}"
    );
    let bench = Bench::with_pages(8);
    bench.put("page.jpg", &page(99));
    bench.put("job.yaml", JOB.as_bytes());
    let other =
        JOB.replace("[invoice, letter, form]", "{invoice: A request for payment., letter: Prose., form: Boxes.}");
    bench.put("other.yaml", other.as_bytes());
    bench.put("jobs/demo.yaml", JOB.replace("pages}", "../pages}").as_bytes());
    let truth: String = (0..8).map(|at| format!("{at:05}.jpg,letter\n")).collect();
    bench.put("labels.csv", format!("path,kind\n{truth}").as_bytes());
    let decided = "path,page,task,value,reviewer,decided_at,sampled_with,shown\n00001.jpg,1,kind,letter,ada,2026-11-24T10:00:00Z,,false\n";
    bench.put("answers.csv", decided.as_bytes());
    bench.put("empty/placeholder", b"");
    // What other examples need first.
    let (code, stderr) = run(
        "docmill run job.yaml -q && docmill run other.yaml -q && for shard in 0 1; do docmill run job.yaml -q --shard $shard/2 || exit 1; done && docmill answers import job.yaml answers.csv -q",
        &bench.path(""),
    );
    assert_eq!(code, 0, "{stderr}");
    let (code, stderr) = run("docmill answers export job.yaml --csv people.csv", &bench.path(""));
    assert_eq!(code, 0, "{stderr}");
    let (mut wrong, mut done) = (Vec::new(), BTreeSet::new());
    for (command, commands) in &found {
        let mut worked = 0;
        for example in commands {
            if ONLY_PARSED.contains(&example.as_str()) {
                continue;
            }
            // An example of two commands.
            if done.contains(example) {
                worked += 1;
                continue;
            }
            let folder = if example == "docmill init" { bench.path("empty") } else { bench.path("") };
            let (code, stderr) = run(example, &folder);
            if WORKED.contains(&code) {
                worked += 1;
                done.insert(example.clone());
            } else {
                wrong.push(format!("{example}: exit code {code}: {stderr}"));
            }
        }
        if worked < 2 {
            wrong.push(format!("`docmill {command}` has {worked} examples that work"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let unknown: Vec<_> = ONLY_PARSED.iter().filter(|known| !found.values().flatten().any(|it| it == *known)).collect();
    assert!(unknown.is_empty(), "no longer examples: {unknown:?}");
}

#[test]
fn completions_name_every_command_and_shells_accept_them() {
    let commands = subcommands(&docmill(&["--help"]));
    assert!(commands.len() >= 18, "{commands:?}");
    let bench = Bench::with_pages(0);
    for shell in ["bash", "zsh", "fish"] {
        let script = docmill(&["completions", shell]);
        for command in &commands {
            assert!(script.contains(command.as_str()), "{shell}: {command}");
        }
        assert!(!script.contains("decode-pages"), "{shell}: the decoder process is no command for people");
        bench.put(shell, script.as_bytes());
        // Where the shell is installed, it parses the script.
        match Command::new(shell).arg("-n").arg(bench.path(shell)).output() {
            Ok(output) => assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr)),
            Err(_) => skip(shell, "completions_name_every_command_and_shells_accept_them"),
        }
    }
}

#[test]
fn bash_completes_options_and_their_values() {
    let bench = Bench::with_pages(0);
    bench.put("docmill.bash", docmill(&["completions", "bash"]).as_bytes());
    let complete = |words: &str| {
        let count = words.split(' ').count() - 1;
        let script = format!(
            "source docmill.bash; COMP_WORDS=({words}); COMP_CWORD={count}; _docmill docmill \"${{COMP_WORDS[{count}]}}\" \"${{COMP_WORDS[{}]}}\"; echo \"${{COMPREPLY[@]}}\"",
            count - 1
        );
        let output = Command::new("bash").args(["-c", &script]).current_dir(bench.path("")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(complete("docmill sto"), "store");
    assert_eq!(complete("docmill run --budg"), "--budget-usd");
    assert_eq!(complete("docmill run --progress pl"), "plain");
}

#[test]
fn manual_pages_are_written_for_every_command() {
    let page = docmill(&["man"]);
    assert!(page.contains(".TH docmill 1") && page.contains("docmill init scans"), "{page}");
    let bench = Bench::with_pages(0);
    let out = bench.path("man1").display().to_string();
    docmill(&["man", "--out", &out]);
    let mut names: Vec<String> =
        std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let mut found = BTreeMap::new();
    examples(&[], &mut found);
    let mut expected: Vec<String> =
        found.keys().map(|path| format!("docmill {path}").trim().replace(' ', "-") + ".1").collect();
    expected.sort();
    assert_eq!(names, expected);
    assert!(bench.text("man1/docmill-store-check.1").contains(".TH docmill-store-check 1"));
}

#[test]
fn the_version_is_one_object_for_scripts() {
    let value: serde_json::Value = serde_json::from_str(&docmill(&["--version", "--json"])).unwrap();
    assert_eq!(value["version"], env!("CARGO_PKG_VERSION"));
    assert!(value["store_version"].as_u64().unwrap() >= 8 && value["features"].is_array(), "{value}");
    assert_eq!(docmill(&["--version"]), format!("docmill {}\n", env!("CARGO_PKG_VERSION")));
    let text = std::fs::read_to_string(root().join("docs/observability.md")).unwrap();
    for name in value.as_object().unwrap().keys() {
        assert!(text.contains(&format!("`{name}`")), "docs/observability.md does not describe `{name}`");
    }
}
