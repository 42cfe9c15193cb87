//! Human answers as files.

use super::{answer, asked, exported, import};
use crate::bench::Bench;
use docmill::internal::simulator::Options;
use serde_json::json;

const HEAD: &str = "path,page,task,value,reviewer,decided_at,sampled_with,shown";

/// A copy of the job with its own store, whose pages are read but which has no human answers.
fn copy(bench: &Bench) {
    let job = bench.text("job.yaml").replace("store: store.db", "store: copy.db").replace(": out.", ": copy.");
    bench.put("copy.yaml", job.replace("report.json", "copy.json").as_bytes());
    let ran = bench.docmill(&["run", "copy.yaml", "-q"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

#[test]
fn a_file_that_is_imported_again_changes_nothing_and_another_store_gets_the_same() {
    let bench = asked(3, "");
    let text = format!(
        "{HEAD}\r\n00000.jpg,1,kind,form,bob,2026-11-23T13:00:00.000Z,0.25,false\r\n\
         00000.jpg,1,kind,letter,=HYPER(1),2026-11-23T14:00:00.000Z,,true\r\n\
         00002.jpg,1,marks,\"[\"\"stamp\"\",\"\"seal\"\"]\",bob,2026-11-23T13:00:01.500Z,1,false\r\n"
    );
    bench.put("answers.csv", text.as_bytes());
    let expected = text.replace("=HYPER", "'=HYPER");
    for imported in ["3 imported, 0 known already, 0 skipped\n", "0 imported, 3 known already, 0 skipped\n"] {
        let ran = import(&bench, "answers.csv", &[]);
        assert_eq!((ran.code, ran.stdout.as_str()), (0, imported), "{}", ran.stderr);
        assert_eq!(exported(&bench, "job.yaml"), expected);
    }
    copy(&bench);
    let ran = bench.docmill(&["answers", "export", "job.yaml", "--csv", "all.csv"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "all.csv\n"));
    assert_eq!(bench.docmill(&["answers", "import", "copy.yaml", "all.csv"]).code, 0);
    assert_eq!(exported(&bench, "copy.yaml"), expected);
    // Label Studio's form holds the same.
    let json = bench.docmill(&["answers", "export", "job.yaml", "--format", "label-studio"]);
    assert_eq!(json.code, 0, "{}", json.stderr);
    bench.put("tasks.json", json.stdout.as_bytes());
    let ran = bench.docmill(&["answers", "import", "copy.yaml", "tasks.json"]);
    assert_eq!(ran.stdout, "0 imported, 3 known already, 0 skipped\n", "{}", ran.stderr);
    std::fs::remove_file(bench.path("copy.db")).unwrap();
    copy(&bench);
    assert_eq!(bench.docmill(&["answers", "import", "copy.yaml", "tasks.json"]).code, 0);
    assert_eq!(exported(&bench, "copy.yaml"), expected);
}

#[test]
fn answers_without_a_time_are_imported_once() {
    let bench = asked(2, "");
    // It would count indefinitely, despite later decisions.
    bench.put("answers.csv", b"path,task,value,decided_at\n00000.jpg,kind,form,2999-01-01\n");
    let future = import(&bench, "answers.csv", &[]);
    assert!(
        future.code == 2 && future.stderr.contains("line 2: decided_at: the time is in the future"),
        "{}",
        future.stderr
    );
    bench.put("answers.csv", b"path,task,value\n00000.jpg,kind,form\n");
    for imported in ["1 imported", "0 imported"] {
        let ran = import(&bench, "answers.csv", &[]);
        assert!(ran.stdout.starts_with(imported), "{}{}", ran.stdout, ran.stderr);
    }
    // Another value, and the first one again, are separate decisions.
    answer(&bench, &["00000.jpg,1,kind,letter"]);
    answer(&bench, &["00000.jpg,1,kind,form"]);
    let values: Vec<String> = exported(&bench, "job.yaml")
        .lines()
        .skip(1)
        .map(|line| line.split(',').skip(3).take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(values, ["form ann", "letter ann", "form ann"]);
    let ran = bench.command(&["answers", "import", "job.yaml", "answers.csv"]).env("USER", "cleo").output().unwrap();
    assert!(ran.status.success());
    assert!(exported(&bench, "job.yaml").contains("form,cleo,"));
}

/// What a file left open is stated by importing it again: these are other answers, even with the same times.
#[test]
fn answers_that_are_imported_again_as_blind_are_new_ones() {
    let bench = asked(2, "");
    let line = "00000.jpg,1,kind,form,ann,2026-11-23T13:00:00.000Z,";
    bench.put("answers.csv", format!("{HEAD}\n{line},\n").as_bytes());
    for (arguments, imported) in [(&[][..], "1 imported"), (&["--blind"], "1 imported"), (&["--blind"], "0 imported")] {
        let ran = import(&bench, "answers.csv", arguments);
        assert!(ran.code == 0 && ran.stdout.starts_with(imported), "{arguments:?} {}{}", ran.stdout, ran.stderr);
    }
    let all = exported(&bench, "job.yaml");
    let mut lines: Vec<&str> = all.lines().skip(1).collect();
    lines.sort_unstable();
    assert_eq!(lines, [format!("{line},false"), format!("{line},true")]);
    // As truth, the blind one counts.
    let measured = bench.docmill(&["eval", "job.yaml", "--format", "json"]);
    assert_eq!(measured.code, 0, "{}", measured.stderr);
    let measured: serde_json::Value = serde_json::from_str(&measured.stdout).unwrap();
    assert_eq!(measured["tasks"]["kind"]["n"], 1);
}

#[test]
fn all_faults_are_listed_and_nothing_is_imported() {
    let bench = asked(2, "");
    let text = "path,page,task,value\n\
        00000.jpg,1,kind,form\n\
        gone.jpg,1,kind,form\n\
        00000.jpg,2,kind,form\n\
        00000.jpg,1,sort,form\n\
        00001.jpg,1,kind,poster\n\
        00001.jpg,1,marks,\"stamp, poster\"\n\
        00000.jpg,1,kind,letter\n";
    bench.put("answers.csv", text.as_bytes());
    let ran = import(&bench, "answers.csv", &[]);
    let expected = "error: nothing was imported: the file has 6 faults in 7 answers
  line 3: the job has no file `gone.jpg`
  line 4: `00000.jpg` has no page 2: it has 1 page
  line 5: the job has no task `sort`; its tasks are: kind, marks
  line 6: `kind`: `poster` is not one of the labels `invoice`, `letter`, `form`, `other`
  line 7: `marks`: `poster` is not one of the labels `stamp`, `logo`, `seal`
  line 8: line 2 has another answer to `kind` for the same page, and neither has a time

hint: correct them, and import the file again
";
    assert_eq!((ran.code, ran.stderr.as_str(), ran.stdout.as_str()), (2, expected, ""));
    assert_eq!(exported(&bench, "job.yaml").lines().count(), 1);
    let malformed = import(&bench, "answers.csv", &["--skip-unknown"]);
    assert!(
        malformed.code == 2 && malformed.stderr.contains("the file has 1 fault in 7 answers\n  line 8: "),
        "{}",
        malformed.stderr
    );
    bench.put("answers.csv", text.replace("00000.jpg,1,kind,letter\n", "").as_bytes());
    let ran = import(&bench, "answers.csv", &[]);
    assert!(ran.code == 2 && ran.stderr.contains("hint: correct them, or give --skip-unknown"), "{}", ran.stderr);
    let ran = import(&bench, "answers.csv", &["--skip-unknown"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "1 imported, 0 known already, 5 skipped\n"));
    assert!(ran.stderr.starts_with("warning: 5 lines were skipped\n  line 3: the job has no file"), "{}", ran.stderr);
    assert_eq!(exported(&bench, "job.yaml").lines().count(), 2);
}

/// Lines that can't be read and lines that the job does not know are listed together, in their order.
#[test]
fn one_import_lists_every_wrong_line() {
    let bench = asked(1, "");
    let csv =
        "path,page,task,value\n00000.jpg,x,kind,form\ngone.jpg,1,kind,form\n00000.jpg,1,kind\n00000.jpg,1,sort,form\n";
    let annotation = |task: &str| json!({"data": {"image": "00000.jpg"}, "annotations": [{"result": [{"from_name": task, "value": {"choices": ["form"]}}]}]});
    let studio =
        json!([{"data": {}}, annotation("sort"), {"data": {"image": "00000.jpg", "page": "x"}, "annotations": []}]);
    for (name, content, all, malformed) in [
        ("a.csv", csv.to_owned(), &["line 2", "line 3", "line 4", "line 5"][..], &["line 2", "line 4"][..]),
        ("a.json", studio.to_string(), &["item 1", "item 2", "item 3"], &["item 1", "item 3"]),
    ] {
        bench.put(name, content.as_bytes());
        for (arguments, expected) in [(&[][..], all), (&["--skip-unknown"], malformed)] {
            let ran = import(&bench, name, arguments);
            let listed: Vec<&str> =
                ran.stderr.lines().filter_map(|line| Some(line.strip_prefix("  ")?.split_once(':')?.0)).collect();
            assert_eq!((ran.code, listed.as_slice()), (2, expected), "{}", ran.stderr);
        }
    }
    assert_eq!(exported(&bench, "job.yaml").lines().count(), 1);
}

#[test]
fn names_of_people_are_short_and_printable() {
    let bench = asked(1, "");
    bench.put("answers.csv", "path,task,value,reviewer\n00000.jpg,kind,form,a\u{1b}[31mb\n".as_bytes());
    let ran = import(&bench, "answers.csv", &[]);
    let expected = "line 2: reviewer: the name contains the control character U+001B";
    assert!(ran.code == 2 && ran.stderr.contains(expected), "{}", ran.stderr);
    bench.put("answers.csv", b"path,task,value\n00000.jpg,kind,form\n");
    for (name, expected) in [
        ("a\nb", "--reviewer contains the control character U+000A"),
        (" ", "--reviewer is empty"),
        (&"x".repeat(101), "--reviewer has more than 100 characters"),
    ] {
        let ran = bench.docmill(&["answers", "import", "job.yaml", "answers.csv", "--reviewer", name]);
        assert!(ran.code == 2 && ran.stderr.contains(expected), "{}", ran.stderr);
    }
    assert_eq!(exported(&bench, "job.yaml").lines().count(), 1, "nothing was imported");
}

#[test]
fn a_job_that_has_not_read_its_pages_names_the_next_step() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.job("");
    bench.put("answers.csv", b"path,task,value\n00000.jpg,kind,form\n");
    let ran = import(&bench, "answers.csv", &[]);
    assert!(
        ran.code == 2 && ran.stderr.contains("there is no store") && ran.stderr.contains("docmill run"),
        "{}",
        ran.stderr
    );
    bench.second_job("other");
    assert_eq!(bench.docmill(&["run", "other.yaml", "-q"]).code, 0);
    let ran = import(&bench, "answers.csv", &[]);
    assert!(ran.code == 2 && ran.stderr.contains("has to read first"), "{}", ran.stderr);
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(import(&bench, "answers.csv", &[]).code, 0);
    bench.put(
        "tasks.json",
        br#"[{"data": {"image": "00000.jpg"}, "annotations": [{"was_cancelled": true, "result": [{}]}]}]"#,
    );
    assert!(import(&bench, "tasks.json", &[]).stdout.starts_with("0 imported, 0 known"));
    // A file that the job needs stays.
    for file in ["out.csv", "store.db", "job.yaml", "pages/00000.jpg"] {
        let ran = bench.docmill(&["answers", "export", "job.yaml", "--csv", file]);
        assert!(ran.code == 2 && ran.stderr.contains("would overwrite"), "{file}: {}", ran.stderr);
    }
}

#[test]
fn hostile_names_come_back_as_they_were() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    bench.job("");
    for (at, name) in
        ["=cmd.jpg", "'=cmd.jpg", "a, \"b\".jpg", "@x.jpg", "line\nend.jpg", "a%FF.jpg"].iter().enumerate()
    {
        bench.put(&format!("pages/{name}"), &crate::bench::page(u32::try_from(at).unwrap()));
    }
    assert_eq!(bench.run(&["-q"]).code, 0);
    let answers: String = bench
        .rows()
        .iter()
        .map(|row| serde_json::json!({"data": {"image": row["path"]}, "annotations": [{"result": [{"from_name": "kind", "value": {"choices": ["form"]}}]}]}).to_string())
        .collect::<Vec<_>>()
        .join(",");
    bench.put("tasks.json", format!("[{answers}]").as_bytes());
    let ran = import(&bench, "tasks.json", &[]);
    assert_eq!(ran.stdout, "6 imported, 0 known already, 0 skipped\n", "{}", ran.stderr);
    let text = exported(&bench, "job.yaml");
    assert!(text.contains("\n'=cmd.jpg,") && text.contains("\n''=cmd.jpg,") && text.contains("\n'@x.jpg,"), "{text}");
    bench.put("all.csv", text.as_bytes());
    assert_eq!(import(&bench, "all.csv", &[]).stdout, "0 imported, 6 known already, 0 skipped\n");
}

#[test]
fn numbers_keep_their_digits() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.put(
        "total.schema.json",
        br#"{"type": "object", "properties": {"amount": {"type": "number"}}, "required": ["amount"]}"#,
    );
    bench.job(
        "tasks: {sum: {question: {text: How much?, type: number}}, total: {extract: {schema: total.schema.json}}}",
    );
    assert_eq!(bench.run(&["-q"]).code, 0);
    let text = format!(
        "{HEAD}\r\n00000.jpg,1,sum,12345678901234567890.12,ann,2026-11-23T13:00:00.000Z,,false\r\n\
         00000.jpg,1,total,\"{{\"\"amount\"\":0.12345678901234567890123}}\",ann,2026-11-23T13:00:00.000Z,,false\r\n"
    );
    bench.put("answers.csv", text.as_bytes());
    for imported in ["2 imported", "0 imported, 2 known already"] {
        let ran = import(&bench, "answers.csv", &[]);
        assert!(ran.stdout.starts_with(imported), "{}{}", ran.stdout, ran.stderr);
        assert_eq!(exported(&bench, "job.yaml"), text);
    }
    let json = bench.docmill(&["answers", "export", "job.yaml", "--format", "label-studio"]).stdout;
    assert!(json.contains("\"12345678901234567890.12\"") && json.contains("0.12345678901234567890123"), "{json}");
    bench.put("tasks.json", json.as_bytes());
    assert!(import(&bench, "tasks.json", &[]).stdout.starts_with("0 imported, 2 known already"));
}

#[test]
fn names_with_control_characters_are_refused_with_their_lines() {
    let bench = asked(2, "");
    for name in ["a\u{1b}[31mnn", "\"a\nb\"", "exe\u{202e}gpj", "a\u{9b}b"] {
        bench.put(
            "answers.csv",
            format!("path,task,value,reviewer\n00001.jpg,kind,form,ann\n00000.jpg,kind,form,{name}\n").as_bytes(),
        );
        let ran = import(&bench, "answers.csv", &[]);
        assert!(ran.code == 2 && ran.stderr.contains("line 3: reviewer: the name contains"), "{name:?} {}", ran.stderr);
        let is_shown = |c: char| c == '\n' || !(c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
        assert!(ran.stderr.chars().all(is_shown), "{:?}", ran.stderr);
        let item = serde_json::json!([{"data": {"image": "00000.jpg"}, "annotations": [{"completed_by": name.trim_matches('"'),
            "result": [{"from_name": "kind", "value": {"choices": ["form"]}}]}]}]);
        bench.put("tasks.json", item.to_string().as_bytes());
        let ran = import(&bench, "tasks.json", &[]);
        assert!(ran.code == 2 && ran.stderr.contains("item 1: reviewer: the name contains"), "{}", ran.stderr);
        let ran = bench.docmill(&["answers", "import", "job.yaml", "answers.csv", "--reviewer", name]);
        assert!(ran.code == 2 && ran.stderr.contains("--reviewer contains"), "{}", ran.stderr);
    }
    // Other texts of the file are printed safely.
    bench.put("answers.csv", b"path,task,value\n\"a\x1b[31m\nline 9: b\",kind,form\n00000.jpg,\"ki\x1bnd\nx\",form\n00000.jpg,kind,\"fo\x1brm\nx\"\n");
    let ran = import(&bench, "answers.csv", &[]);
    assert_eq!(ran.code, 2);
    assert!(!ran.stderr.contains('\u{1b}') && !ran.stderr.contains("\nline 9"), "{:?}", ran.stderr);
    assert_eq!(ran.stderr.lines().filter(|line| line.starts_with("  line ")).count(), 3, "{}", ran.stderr);
    assert_eq!(exported(&bench, "job.yaml").lines().count(), 1);
}

#[test]
fn all_faults_are_counted_and_the_first_are_listed() {
    let bench = asked(1, "");
    let lines: String = (0..1_200).map(|at| format!("gone-{at}.jpg,kind,form\n")).collect();
    bench.put("answers.csv", format!("path,task,value\n00000.jpg,kind,form\n{lines}").as_bytes());
    let ran = import(&bench, "answers.csv", &[]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.starts_with("error: nothing was imported: the file has 1,200 faults in 1,201 answers\n"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.stderr.lines().filter(|line| line.starts_with("  line ")).count(), 50);
    assert!(ran.stderr.contains("gone-49.jpg`\n  and 1,150 more\n"), "{}", ran.stderr);
    // A fault of many lines is reported once.
    bench.put("answers.csv", format!("path,task,value\n{}", "00000.jpg,sort,form\n".repeat(1_200)).as_bytes());
    let ran = import(&bench, "answers.csv", &[]);
    assert!(ran.stderr.contains("1,200 faults in 1,200 answers\n  line 2; line 3; "), "{}", ran.stderr);
    assert!(ran.stderr.contains("; line 21 and 1,180 more: the job has no task `sort`"), "{}", ran.stderr);
}

#[test]
fn files_that_can_not_be_read_are_refused_with_their_cause() {
    let bench = asked(1, "");
    for (text, message) in [
        ("path,task,value,value\n00000.jpg,kind,form,letter\n", "line 1: the column `value` occurs twice"),
        ("path,task,value, PATH\n00000.jpg,kind,form,x\n", "line 1: the column `path` occurs twice"),
        ("path,task,value\r\n\r\n00000.jpg,kind,\"form\r\n", "line 3: a quote is opened and never closed"),
        ("PK\u{3}\u{4}--------------------------xl/workbook.xml", "it is an Excel workbook; save it as CSV"),
    ] {
        bench.put("answers.csv", text.as_bytes());
        let ran = import(&bench, "answers.csv", &["--skip-unknown"]);
        let message = format!("error: nothing was imported: {message}");
        assert!(ran.code == 2 && ran.stderr.starts_with(&message), "{text:?} {}", ran.stderr);
    }
}
