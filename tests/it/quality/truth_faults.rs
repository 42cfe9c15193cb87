//! Truth with faults: everything that is not compared is shown, with its line.

use super::bench::{eval, eval_json, labeled};
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
                "line 3: kind: `Letterhead` is not one of the labels `invoice`, `letter`, `form`, `other`",
                "line 4: marks: `wax` is not one of the labels `stamp`, `logo`, `seal`",
                "line 5: 00002.jpg has no page 2",
                "line 6: page: expected a number, found \"one\"",
                "line 7: no page of the job has the path mail/none.jpg",
                "line 9: the same page as line 2",
                "line 11: the same page as line 10, with another value: neither is used",
            ])
        );
        assert_eq!(report["truth"]["ignored_columns"], json!(["note"]));
        assert_eq!(report["truth"]["rows"], json!(10));
        // The first page, and the one with the accent, whatever its form.
        assert_eq!(report["tasks"]["kind"]["n"], json!(2), "{report}");
        assert_eq!(report["tasks"]["kind"]["accuracy"]["value"], json!(1.0));
        assert_eq!(report["tasks"]["marks"]["n"], json!(2));
    }
    let text = eval(&bench, &["--truth", "truth.csv"]).stdout;
    insta::assert_snapshot!("truth_with_faults", text);
}

#[test]
fn truth_that_can_not_be_used_says_why() {
    let bench = labeled(2, "");
    for (truth, arguments, parts) in [
        ("path;kind\na;b\n", &[][..], &["separated by `;`", "docs/quality.md"][..]),
        ("path,art\na,b\n", &[], &["no column is a task of the job; it has: path, art; tasks: kind, marks"]),
        (
            "path,kind\nscans/00000.jpg,letter\n",
            &[],
            &["no row of truth.csv is about a page", "line 2:", "such as 00000.jpg"],
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
        ("path,kind\n00000.jpg,letter\n", &["--sampled"], &["drawn with a known probability"]),
        ("path,kind\n00000.jpg,letter\n", &["--min-f1", "seal=0.9"], &["no measured task has this label"]),
        ("path,kind\n00000.jpg,letter\n", &["--where", "kinds = 'x'"], &["kinds"]),
        ("path,kind\n00000.jpg,letter\n", &["--where", "path = 'x'"], &["--where leaves out 1 pages with truth"]),
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
    let ran = eval(&bench, &["--truth-column", "kind=true_kind"]);
    assert!(ran.code == 2 && ran.stderr.contains("the list carries no column `true_kind`"), "{}", ran.stderr);
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
}
