//! Truth with faults: everything that is not compared is shown, with its line.

use super::bench::{KINDS, eval, eval_json, labeled, put_truth};
use serde_json::json;

#[test]
fn every_row_that_is_not_compared_is_listed() {
    let bench = labeled(6, "");
    std::fs::rename(bench.path("pages/00005.jpg"), bench.path("pages/cafe\u{301}.jpg")).unwrap();
    assert_eq!(bench.run(&["--retry", "failed"]).code, 0);
    let rows = bench.rows();
    let kind = |at: usize| rows[at]["kind"].as_str().unwrap();
    let truth = format!(
        "path,page,kind,marks,note\r\n\
         00000.jpg,1,{},[],\r\n\
         00001.jpg,,Letterhead,\"stamp, Logo\",x\r\n\
         00002.jpg,1,,\"[\"\"wax\"\"]\",\r\n\
         00002.jpg,2,letter,,\r\n\
         00003.jpg,one,letter,,\r\n\
         mail/none.jpg,1,letter,,\r\n\
         \r\n\
         00000.jpg,1,{},,\r\n\
         00004.jpg,1,invoice,,\r\n\
         00004.jpg,1,letter,,\r\n\
         caf\u{e9}.jpg,1,{},,\r\n",
        kind(0),
        kind(0),
        kind(5).to_uppercase(),
    );
    let utf16: Vec<u8> = std::iter::once(0xfeff).chain(truth.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for bytes in [truth.as_bytes(), &utf16] {
        bench.put("truth.csv", bytes);
        let report = eval_json(&bench, &["--truth", "truth.csv"]);
        assert_eq!(
            report["truth"]["faults"],
            json!([
                "line 5: 00002.jpg has no page 2",
                "line 6: page: expected a number, found \"one\"",
                "line 7: no page of the job has the path mail/none.jpg",
                "line 9: the same page as line 2",
                "line 11: the same page as line 10, with another value: neither is used",
            ])
        );
        assert_eq!(report["truth"]["ignored_columns"], json!(["note"]));
        assert_eq!(report["truth"]["rows"], json!(10));
        // The first page, the one with an unknown label, and the one with the accent, in any form.
        assert_eq!(report["tasks"]["kind"]["n"], json!(3), "{report}");
        assert_eq!(report["tasks"]["kind"]["accuracy"]["value"], json!(2.0 / 3.0));
        assert_eq!(report["tasks"]["marks"]["n"], json!(3));
    }
    let text = eval(&bench, &["--truth", "truth.csv"]).stdout;
    insta::assert_snapshot!("truth_with_faults", text);
}

#[test]
fn a_column_that_fits_no_task_is_a_warning_if_it_is_probably_misspelt() {
    let bench = labeled(2, "");
    bench.put("truth.csv", b"path,kind,mraks,remark_of_the_archive\n00000.jpg,letter,,x\n");
    let shown = eval(&bench, &["--truth", "truth.csv"]).stderr;
    assert!(
        shown.contains("truth of marks: the column `mraks` fits no task and is not used. Did you mean `marks`?"),
        "{shown}"
    );
    assert!(!shown.contains("remark"), "{shown}");
}

#[test]
fn truth_that_can_not_be_used_is_refused_with_the_reason() {
    let bench = labeled(2, "");
    for (truth, arguments, parts) in [
        ("path,kind\n", &[][..], &["the truth truth.csv has no rows"][..]),
        (
            "path,art\na,b\n",
            &[],
            &["docs/quality.md", "no column is a task of the job; it has: path, art; tasks: kind, marks"],
        ),
        (
            "path,kind\nscans/00000.jpg,letter\n",
            &[],
            &["no row of truth.csv is about a page", "line 2:", "such as 00000.jpg"],
        ),
        (
            "path,kind\n00000.jpg,letter\n00000.jpg,form\n00000.jpg,letter\n",
            &[],
            &[
                "no row of truth.csv can be used: the truth has no column `page`, and rows about 1 file contradict each other",
                "add a column `page` with the numbers of pages, from 1",
            ],
        ),
        // Another row could be used, if its path were right.
        (
            "path,kind\n00000.jpg,letter\n00000.jpg,form\nscans/00001.jpg,letter\n",
            &[],
            &["no row of truth.csv is about a page", "such as 00000.jpg"],
        ),
        (
            "[{\"path\": \"00000.jpg\", \"kind\": \"letter\"}]",
            &[],
            &["can't use the truth truth.csv: it is a JSON list"],
        ),
        (
            "path,kind\n00000.jpg,letter\n",
            &["--task", "art"],
            &["--task art: the job has no such task", "tasks: kind, marks"],
        ),
        (
            "path,kind\n00000.jpg,letter\n",
            &["--split", "test"],
            &["no page of the truth has this split", "no column `split`"],
        ),
        (
            "path,kind\n00000.jpg,letter\n",
            &["--sampled"],
            &["--sampled: no page with truth states", "the column `sampled_with`"],
        ),
        (
            "path,kind\n00000.jpg,letter\n",
            &["--min-f1", "sale=0.9"],
            &["`sale` is neither a label nor a task with labels", "Did you mean `seal`?"],
        ),
        ("path,kind\n00000.jpg,letter\n", &["--min-accuracy", "seal=0.9"], &["`seal` is a label; use --min-f1"]),
        ("path,kind,note,note\n00000.jpg,letter,,\n", &[], &["the column `note` occurs twice (columns 3 and 4)"]),
        (
            "path,kind\n00000.jpg,letter\n",
            &["--sample", "3"],
            &["--sample is only for --rotate and --repeat", "--sampled"],
        ),
        ("path,kind\n00000.jpg,letter\n", &["--dry-run"], &["--dry-run is only for --rotate and --repeat"]),
        ("path,kind\n00000.jpg,letter\n", &["--yes"], &["--yes is only for --rotate and --repeat"]),
        ("path,kind\n00000.jpg,letter\n", &["--where", "kinds = 'x'"], &["kinds"]),
        ("path,kind\n00000.jpg,letter\n", &["--where", "path = 'x'"], &["--where leaves out 1 page with truth"]),
    ] {
        bench.put("truth.csv", truth.as_bytes());
        let ran = eval(&bench, &[&["--truth", "truth.csv"], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?} {}", ran.stderr);
        for part in parts {
            assert!(ran.stderr.contains(part), "{part:?} is not in {}", ran.stderr);
        }
    }
    let ran = eval(&bench, &[]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("the store has no human answer of this job"), "{}", ran.stderr);
    assert!(ran.stderr.contains("`docmill review job.yaml --sample 200`"), "{}", ran.stderr);
    let ran = eval(&bench, &["--truth-column", "kind=true_kind"]);
    assert!(ran.code == 2 && ran.stderr.contains("the list carries no column `true_kind`"), "{}", ran.stderr);
}

/// As spreadsheets and data frames write it.
#[test]
fn semicolons_whole_numbers_and_percent_are_read() {
    let bench = labeled(6, "");
    let kinds: Vec<String> = bench.rows().iter().map(|row| row["kind"].as_str().unwrap().to_owned()).collect();
    let lines: Vec<String> = (0..3).map(|at| format!("0000{at}.jpg;1.0;{};50%\n", kinds[at])).collect();
    bench.put("truth.csv", format!("path;page;kind;sampled_with\n{}", lines.concat()).as_bytes());
    let report = eval_json(&bench, &["--truth", "truth.csv"]);
    assert_eq!((&report["truth"]["faults"], &report["truth"]["selection"]), (&json!([]), &json!("sample")));
    assert_eq!(report["tasks"]["kind"]["n"], json!(3));
    // The cells can't be used, and the pages are compared all the same.
    let lines: Vec<String> = (0..6).map(|at| format!("0000{at}.jpg,{},20\n", kinds[at])).collect();
    bench.put("truth.csv", format!("path,kind,sampled_with\n{}", lines.concat()).as_bytes());
    let report = eval_json(&bench, &["--truth", "truth.csv"]);
    assert_eq!((&report["truth"]["fault_count"], &report["tasks"]["kind"]["n"]), (&json!(6), &json!(6)));
    let text = eval(&bench, &["--truth", "truth.csv"]).stdout;
    assert!(!text.contains("not compared"), "{text}");
    assert!(text.contains("compared without these cells"), "{text}");
    assert!(text.contains("line 2; line 3; line 4 and 3 more: sampled_with: "), "{text}");
    assert_eq!(text.matches("write 20% if it is in percent").count(), 1, "{text}");
}

#[test]
fn a_carried_column_may_hold_the_truth() {
    let mut bench = crate::bench::Bench::with_pages(6).simulator(docmill::internal::simulator::Options::default());
    let list: String = (0..6).map(|at| format!("pages/{at:05}.jpg,{}\n", if at < 5 { "letter" } else { "" })).collect();
    bench.put("list.csv", format!("path,true_kind\n{list}").as_bytes());
    let url = bench.server.as_ref().unwrap().base_url();
    bench.put(
        "job.yaml",
        format!(
            "version: 1\nname: test\ninput: {{list: list.csv}}\nprovider: {{base_url: \"{url}\", id: test, model: m, price: {{input: 1, output: 1}}}}\n{}\nstore: store.db\noutput: {{jsonl: out.jsonl}}\n",
            crate::bench::TASKS
        )
        .as_bytes(),
    );
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    bench.server = None;
    let right = bench.rows()[..5].iter().filter(|row| row["kind"] == "letter").count();
    let report = eval_json(&bench, &["--truth-column", "kind=true_kind"]);
    assert_eq!(report["tasks"]["kind"]["n"], json!(5));
    assert_eq!(report["tasks"]["kind"]["accuracy"]["value"], json!(right as f64 / 5.0));
    let ran = eval(&bench, &["--truth-column", "kind=true_kind", "--truth-column", "kind=true_kind"]);
    assert!(ran.code == 2 && ran.stderr.contains("--truth-column gives `kind` two columns"), "{}", ran.stderr);
}

#[test]
fn a_label_that_the_manifest_does_not_have_counts_as_wrong() {
    let bench = labeled(20, "");
    let rows = bench.rows();
    let mut truth = String::from("path,kind,marks\r\n");
    for (at, row) in rows.iter().enumerate() {
        let marks =
            row["marks"].as_array().unwrap().iter().map(|mark| mark.as_str().unwrap()).collect::<Vec<_>>().join("; ");
        let kind = match at {
            0 | 5 => "lettre",
            1 => "memo",
            _ => row["kind"].as_str().unwrap(),
        };
        let marks = match at {
            2 => format!("{marks}; wax"),
            // An empty cell would be no truth.
            _ if marks.is_empty() => "[]".to_owned(),
            _ => marks,
        };
        truth.push_str(&format!("{},{kind},{marks}\r\n", row["path"].as_str().unwrap()));
    }
    bench.put("truth.csv", truth.as_bytes());
    let report = eval_json(&bench, &["--truth", "truth.csv"]);
    let kind = &report["tasks"]["kind"];
    assert_eq!((&kind["n"], &kind["accuracy"]["value"]), (&json!(20), &json!(17.0 / 20.0)), "{report}");
    assert_eq!(kind["order"], json!(["invoice", "letter", "form", "other", "lettre", "memo"]));
    let confusion: Vec<Vec<u64>> = serde_json::from_value(kind["confusion"].clone()).unwrap();
    assert_eq!(confusion[4].iter().sum::<u64>(), 2);
    assert!(confusion.iter().all(|row| row[4] == 0), "no answer has it");
    let lettre = &kind["labels"]["lettre"];
    assert_eq!(
        (&lettre["n"], &lettre["recall"], &lettre["f1"], &lettre["unknown"]),
        (&json!(2), &json!(0.0), &json!(0.0), &json!(true))
    );
    // The mean over the labels that occur, as scikit-learn has it.
    let order: Vec<String> = serde_json::from_value(kind["order"].clone()).unwrap();
    let labels = order.iter().map(|label| &kind["labels"][label]);
    let used: Vec<f64> = labels
        .filter(|label| label["n"].as_u64().unwrap() + label["predicted"].as_u64().unwrap() > 0)
        .map(|label| label["f1"].as_f64().unwrap())
        .collect();
    let mean = used.iter().sum::<f64>() / used.len() as f64;
    assert!((kind["macro_f1"].as_f64().unwrap() - mean).abs() < 1e-12, "{mean} {kind}");
    let marks = &report["tasks"]["marks"];
    assert_eq!(
        (&marks["n"], &marks["labels"]["wax"]["n"], &marks["labels"]["wax"]["recall"]),
        (&json!(20), &json!(1), &json!(0.0))
    );
    let misfits = report["truth"]["misfits"].as_array().unwrap();
    assert_eq!(
        misfits[0],
        json!({"task": "kind", "value": "lettre", "pages": 2, "example": "truth.csv, line 2 (00000.jpg)",
               "reason": "the manifest has no label `lettre`", "nearest": "letter"})
    );
    let others: Vec<&str> = misfits[1..].iter().map(|misfit| misfit["value"].as_str().unwrap()).collect();
    assert_eq!(others, ["memo", "wax"]);
    let ran = eval(&bench, &["--truth", "truth.csv", "--min-accuracy", "kind=0.9", "--min-f1", "kind.memo=0.01"]);
    assert_eq!(ran.code, 7, "{}", ran.stderr);
    let warning = "warning: truth of kind: the manifest has no label `lettre`: 2 pages, first in truth.csv, line 2 (00000.jpg). Did you mean `letter`?";
    assert!(ran.stderr.contains(warning), "{}", ran.stderr);
    assert!(
        ran.stdout.contains("truth that does not fit the tasks\n  kind: the manifest has no label `lettre`"),
        "{}",
        ran.stdout
    );
    assert!(ran.stderr.contains("F1 of kind.memo: the lower bound 0.000 is below the threshold"), "{}", ran.stderr);
    let quiet = bench.docmill(&["-q", "eval", "job.yaml", "--truth", "truth.csv"]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""));
    let html = eval(&bench, &["--truth", "truth.csv", "--format", "html"]).stdout;
    assert!(html.contains("Did you mean `letter`?") && html.contains("title=\"truth lettre\""), "{html}");
}

#[test]
fn a_column_with_another_meaning_is_not_truth() {
    let bench = labeled(2, "");
    let mut truth = String::from("{\"path\": \"00000.jpg\", \"marks\": [");
    truth.push_str(&(0..1500).map(|at| format!("\"m{at}\"")).collect::<Vec<_>>().join(","));
    truth.push_str("]}\n");
    bench.put("truth.jsonl", truth.as_bytes());
    let ran = eval(&bench, &["--truth", "truth.jsonl"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(
        ran.stderr.contains("the truth of `marks` has 1,500 labels that the manifest does not have"),
        "{}",
        ran.stderr
    );
}

#[test]
fn values_that_do_not_fit_are_wrong_and_listed() {
    let bench = labeled(4, KINDS);
    let rows = bench.rows();
    let total = |at: usize| rows[at]["total"].clone();
    let lines = [
        json!({"path": "00000.jpg", "total": {"amount": "lots", "currency": total(0)["currency"]}, "signed": "perhaps"}),
        json!({"path": "00001.jpg", "total": total(1), "signed": rows[1]["signed"]}),
        json!({"path": "00002.jpg", "total": "n/a", "sender": 12}),
        json!({"path": "00003.jpg", "total": total(3)["amount"]}),
    ];
    bench.put("truth.jsonl", lines.map(|line| format!("{line}\n")).concat().as_bytes());
    let report = eval_json(&bench, &["--truth", "truth.jsonl"]);
    let total = &report["tasks"]["total"];
    assert_eq!((&total["n"], &total["accuracy"]["value"]), (&json!(4), &json!(0.25)), "{report}");
    assert_eq!(
        (&total["fields"]["amount"]["n"], &total["fields"]["currency"]["normalized"]["value"]),
        (&json!(4), &json!(0.5))
    );
    assert_eq!(report["tasks"]["signed"]["accuracy"]["value"], json!(0.5));
    assert_eq!(report["tasks"]["sender"]["accuracy"]["value"], json!(0.0));
    let misfits = report["truth"]["misfits"].as_array().unwrap();
    let listed: Vec<String> = misfits
        .iter()
        .map(|misfit| {
            let text = |name: &str| misfit[name].as_str().unwrap_or("-").to_owned();
            [text("task"), text("field"), text("value"), text("example")].join(" ")
        })
        .collect();
    assert_eq!(listed.len(), 5, "{listed:?}");
    assert!(listed.contains(&"total amount lots truth.jsonl, line 1 (00000.jpg)".to_owned()), "{listed:?}");
    assert!(listed.contains(&"signed - perhaps truth.jsonl, line 1 (00000.jpg)".to_owned()), "{listed:?}");
}

#[test]
fn a_gate_about_something_without_truth_fails() {
    let bench = labeled(40, "");
    put_truth(&bench, &["kind"], |_, truth| truth["kind"] == "invoice" || truth["kind"] == "letter");
    let truth = &["--truth", "truth.jsonl"];
    assert_eq!(eval(&bench, &[truth, &["--min-accuracy", "kind=0.5"][..]].concat()).code, 0);
    for (gate, message) in [
        (
            &["--min-accuracy", "marks=0"][..],
            "accuracy of marks: no measured page of the truth is about this task; the threshold is 0.00",
        ),
        (
            &["--min-f1", "kind.form=0"],
            "F1 of kind.form: no measured page of the truth has this label; the threshold is 0.00",
        ),
        (
            &["--min-f1", "stamp=0.1"],
            "F1 of marks.stamp: no measured page of the truth has this label; the threshold is 0.10",
        ),
        (&["--min-f1", "marks=0.1"], "macro F1 of marks: no measured page of the truth is about this task"),
    ] {
        let ran = eval(&bench, &[truth, gate].concat());
        assert!(ran.code == 7 && ran.stderr.contains(message), "{gate:?} {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn equal_pages_match_and_their_contradictions_are_listed() {
    let bench = crate::bench::Bench::with_pages(3).simulator(docmill::internal::simulator::Options::default());
    for name in ["copy.jpg", "deep/copy.jpg"] {
        bench.put(&format!("pages/{name}"), &std::fs::read(bench.path("pages/00001.jpg")).unwrap());
    }
    bench.job("");
    assert_eq!(bench.run(&[]).code, 0);
    let text = "path,kind\n00001.jpg,invoice\ncopy.jpg,letter\ndeep/copy.jpg,invoice\n00000.jpg,form\n";
    bench.put("truth.csv", text.as_bytes());
    let report = eval_json(&bench, &["--truth", "truth.csv"]);
    assert_eq!((&report["truth"]["matched"], &report["truth"]["faults"]), (&json!(4), &json!([])));
    assert_eq!(
        report["truth"]["contradictions"],
        json!([{"task": "kind", "pages": [
            {"path": "00001.jpg", "page": 1, "truth": "invoice"},
            {"path": "copy.jpg", "page": 1, "truth": "letter"},
        ]}])
    );
    let ran = eval(&bench, &["--truth", "truth.csv"]);
    let line = "kind: 00001.jpg invoice, and copy.jpg letter for the same page";
    assert!(ran.stdout.contains(line) && ran.stderr.contains(line), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_job_without_answers_has_every_member() {
    let bench = labeled(2, KINDS);
    bench.put("pages/broken.jpg", b"not a picture");
    assert_eq!(bench.run(&[]).code, 3);
    let line = json!({"path": "broken.jpg", "kind": "letter", "marks": [], "total": {"amount": 1}, "sender": "x"});
    bench.put("truth.jsonl", line.to_string().as_bytes());
    let report = eval_json(&bench, &["--truth", "truth.jsonl"]);
    let unknown = json!({"value": 0.0, "low": 0.0, "high": 1.0});
    for (task, members) in [
        ("kind", &["macro_f1", "weighted_f1"][..]),
        ("marks", &["macro_f1", "micro_f1", "jaccard"]),
        ("total", &[]),
        ("sender", &[]),
    ] {
        let task = &report["tasks"][task];
        assert_eq!((&task["n"], &task["unanswered"], &task["accuracy"]), (&json!(0), &json!(1), &unknown), "{task}");
        assert_eq!((&task["accuracy_of_all"]["value"], &task["accuracy_of_all"]["low"]), (&json!(0.0), &json!(0.0)));
        for member in members {
            assert_eq!(task[member], json!(0.0), "{member}");
        }
        assert!(!task.to_string().contains("null"), "{task}");
    }
    assert_eq!(report["tasks"]["total"]["fields"]["amount"]["exact"], unknown);
    assert_eq!(report["tasks"]["sender"]["exact"], unknown);
}

/// Each message names the actual fault.
#[test]
fn truth_that_is_not_used_as_meant_is_reported_with_the_reason() {
    let bench = labeled(4, "");
    let row = |at: usize| {
        let row = &bench.rows()[at];
        (row["path"].as_str().unwrap().to_owned(), row["kind"].as_str().unwrap().to_owned())
    };
    let (path, kind) = row(0);
    bench.put("empty.csv", format!("path,kind,note\n{path},,x\n").as_bytes());
    let ran = eval(&bench, &["--truth", "empty.csv"]);
    assert!(
        ran.code == 2 && ran.stderr.contains("no row of empty.csv has a value in the columns of"),
        "{}",
        ran.stderr
    );
    bench.put(
        "cp1252.csv",
        &[b"path,kind\nr\xe4.jpg,form\n".as_slice(), format!("{path},{kind}\n").as_bytes()].concat(),
    );
    let text = eval(&bench, &["--truth", "cp1252.csv"]).stdout;
    assert!(text.contains("which is not UTF-8: save the file as UTF-8"), "{text}");
    assert!(
        text.contains("1 of 2 rows of the truth are not compared: the reasons are at the end of the report"),
        "{text}"
    );
    bench.put("case.csv", format!("Path,Kind\n{path},{kind}\n").as_bytes());
    assert_eq!(eval_json(&bench, &["--truth", "case.csv"])["tasks"]["kind"]["n"], 1);
    let other = row(1).0;
    bench.put("part.csv", format!("path,kind,sampled_with\n{path},{kind},0.5\n{other},{kind},\n").as_bytes());
    let text = eval(&bench, &["--truth", "part.csv"]).stdout;
    assert!(text.contains("1 of 2 pages with truth have no probability: --sampled measures those"), "{text}");
    let expression = format!("kind = '{kind}'");
    let text = eval(&bench, &["--truth", "case.csv", "--where", &expression]).stdout;
    assert!(text.contains("kind: --where selects pages by the answer itself: recall and F1 are not valid"), "{text}");
}

#[test]
fn a_value_that_means_a_number_is_not_a_misfit() {
    let bench = labeled(2, KINDS);
    let rows = bench.rows();
    let amount = |at: usize| rows[at]["total"]["amount"].as_f64().unwrap();
    let german = format!("{:.2} €", amount(0)).replace('.', ",");
    let lines = [
        json!({"path": "00000.jpg", "total": {"amount": german}}),
        json!({"path": "00001.jpg", "total": {"amount": "unreadable"}}),
    ];
    bench.put("truth.jsonl", lines.map(|line| format!("{line}\n")).concat().as_bytes());
    let ran = eval(&bench, &["--truth", "truth.jsonl", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let misfits = report["truth"]["misfits"].as_array().unwrap();
    assert_eq!((misfits.len(), &misfits[0]["value"]), (1, &json!("unreadable")), "{misfits:?}");
    assert_eq!(ran.stderr.matches("warning").count(), 1, "{}", ran.stderr);
}
