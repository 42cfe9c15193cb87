//! Human answers in rows.

use super::{answer, asked, other_label, shown};
use crate::bench::{rows, without_times};
use crate::output::parquet_file;
use serde_json::{Value, json};

#[test]
fn human_answers_are_in_every_output_and_the_outputs_agree_about_the_source() {
    let bench = asked(6, "");
    let before = bench.rows();
    assert!(before.iter().all(|row| row["kind__source"] == "model"), "{before:?}");
    let label = other_label(&before[1]);
    answer(&bench, &[&format!("00001.jpg,1,kind,{label}"), r#"00002.jpg,1,marks,"[""stamp"",""logo""]""#]);
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(bench.stats()["requests"], 6, "nothing is asked again");
    let after = bench.rows();
    assert_eq!(shown(&after, "kind")[1], format!("00001.jpg {label} human"));
    assert_eq!((&after[2]["marks"], &after[2]["marks__source"]), (&json!(["stamp", "logo"]), &json!("human")));
    assert_eq!((&after[1]["marks__source"], &after[2]["kind__source"]), (&json!("model"), &json!("model")));
    assert_eq!(without_times(&after[3..]), without_times(&before[3..]));
    let table = parquet_file::read(&bench.path("out.parquet")).unwrap();
    let csv = bench.text("out.csv");
    let mut csv = csv::Reader::from_reader(csv.as_bytes());
    let names: Vec<String> = csv.headers().unwrap().iter().map(str::to_owned).collect();
    let place = |name: &str| names.iter().position(|known| known == name).unwrap();
    assert_eq!((place("kind__source"), place("marks__source")), (place("kind") + 1, place("marks") + 1));
    let records: Vec<csv::StringRecord> = csv.records().map(Result::unwrap).collect();
    for (at, row) in after.iter().enumerate() {
        for name in ["kind", "kind__source", "marks__source"] {
            assert_eq!(table.rows[at][name], row[name], "{name} of row {at}");
            assert_eq!(records[at][place(name)], *row[name].as_str().unwrap(), "{name} of row {at}");
        }
        assert_eq!(table.rows[at]["marks"], row["marks"]);
    }
    // The report counts what rows show.
    let count = |label: &str| after.iter().filter(|row| row["kind"] == label).count();
    assert_eq!(bench.report()["by_label"]["kind"][label]["pages"], count(label));
    let report = bench.docmill(&["report", "job.yaml", "--format", "json"]);
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    assert_eq!(report["by_label"]["kind"][label]["pages"], count(label));
}

#[test]
fn exports_show_human_answers_or_only_the_models() {
    let bench = asked(3, "");
    let before = bench.rows();
    let label = other_label(&before[0]);
    answer(&bench, &[&format!("00000.jpg,1,kind,{label}")]);
    let export = |arguments: &[&str]| {
        let ran = bench.docmill(&[&["export", "job.yaml"], arguments].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout
    };
    let to_stdout = rows(&export(&["--jsonl", "-"]));
    assert_eq!(shown(&to_stdout, "kind")[0], format!("00000.jpg {label} human"));
    assert!(export(&["--csv", "-"]).contains(&format!("{label},human")));
    assert_eq!(rows(&export(&["--jsonl", "-", "--model-only"])), before);
    export(&["--jsonl", "model.jsonl", "--model-only"]);
    assert_eq!(rows(&bench.text("model.jsonl")), before);
    // Without the key the columns are what they were.
    let job = bench.text("job.yaml").replace("answer_source: true, ", "");
    bench.put("job.yaml", job.as_bytes());
    let plain = rows(&export(&["--jsonl", "-"]));
    assert_eq!((&plain[0]["kind"], plain[0].get("kind__source")), (&json!(label), None));
}

#[test]
fn rows_are_partitioned_by_human_answers() {
    let bench = asked(4, "");
    let label = other_label(&bench.rows()[0]);
    answer(&bench, &[&format!("00000.jpg,1,kind,{label}")]);
    let job = bench.text("job.yaml").replace(
        "answer_source: true, csv: out.csv, parquet: out.parquet, jsonl: out.jsonl",
        "jsonl: parts/rows.jsonl, answer_source: true, partition_by: [kind, marks__source]",
    );
    bench.put("job.yaml", job.as_bytes());
    let ran = bench.run(&["-q"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let part = rows(&bench.text(&format!("parts/kind={label}/marks__source=model/rows.jsonl")));
    let row = part.iter().find(|row| row["path"] == "00000.jpg").unwrap();
    assert_eq!(row["kind__source"], "human");
}

#[test]
fn a_page_without_an_answer_of_the_model_is_answered_by_people() {
    let bench = asked(2, "");
    bench.put("pages/broken.jpg", b"\xff\xd8\xff\xe0 no picture");
    assert_eq!(bench.run(&["-q"]).code, 3);
    answer(&bench, &["broken.jpg,0,kind,other"]);
    let broken = |bench: &crate::bench::Bench| {
        let row = bench.rows().into_iter().find(|row| row["path"] == "broken.jpg").unwrap();
        let text = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
        [text("status"), text("kind"), text("kind__source"), text("marks__source"), text("error_kind")].join(" ")
    };
    assert_eq!(bench.run(&["-q"]).code, 3);
    assert_eq!(broken(&bench), "failed other human - cut_short");
    answer(&bench, &["broken.jpg,0,marks,[]"]);
    assert_eq!(bench.run(&["-q"]).code, 0, "no row has an error");
    assert_eq!(broken(&bench), "ok other human human -");
    assert_eq!(bench.report()["pages"]["failed"], 0);
}

#[test]
fn equal_pages_share_human_answers_and_near_duplicates_follow_the_page_that_was_asked() {
    let bench = asked(2, "");
    let label = other_label(&bench.rows()[0]);
    bench.put("pages/copy.jpg", &crate::bench::page(0));
    assert_eq!(bench.run(&["-q"]).code, 0);
    answer(&bench, &[&format!("copy.jpg,1,kind,{label}")]);
    assert_eq!(bench.run(&["-q"]).code, 0);
    let of_kind = shown(&bench.rows(), "kind");
    assert_eq!([&of_kind[0], &of_kind[2]], [&format!("00000.jpg {label} human"), &format!("copy.jpg {label} human")]);
}

#[test]
fn questions_with_columns_have_an_answer_for_each_line() {
    let bench = asked(1, "");
    let list = "path,customer\npages/00000.jpg,ACME\npages/00000.jpg,Initech\n";
    bench.put("list.csv", list.as_bytes());
    let tasks = "tasks: {sent: {question: {text: 'Is it from {customer}?', type: boolean}}, kind: {classify: {labels: [letter, form]}}}";
    let job = bench.text("job.yaml").replace(crate::bench::TASKS, tasks).replace("{folder: pages}", "{list: list.csv}");
    bench.put("job.yaml", job.as_bytes());
    let ran = bench.run(&["-q"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    // The lines ask different questions, so the question must be stated.
    bench.put("answers.csv", b"path,task,value\npages/00000.jpg,sent,true\n");
    let ran = super::import(&bench, "answers.csv", &[]);
    assert!(ran.code == 2 && ran.stderr.contains("2 lines of the list with this path"), "{}", ran.stderr);
    bench.put("answers.csv", b"path,task,value,question\npages/00000.jpg,sent,true,Is it from Initech?\n");
    assert_eq!(super::import(&bench, "answers.csv", &[]).code, 0);
    answer(&bench, &["pages/00000.jpg,1,kind,form"]);
    let rows = || {
        assert_eq!(bench.run(&["-q"]).code, 0);
        let shown = |row: &Value| format!("{} {} {}", row["customer"], row["sent__source"], row["kind__source"]);
        bench.rows().iter().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(rows(), [r#""ACME" "model" "human""#, r#""Initech" "human" "human""#]);
    let text = super::exported(&bench, "job.yaml");
    assert!(text.contains("Is it from Initech?") && text.lines().count() == 3, "{text}");
    // Another question of the list's line is another question; the label stays.
    bench.put("list.csv", list.replace("Initech", "Hooli").as_bytes());
    assert_eq!(rows(), [r#""ACME" "model" "human""#, r#""Hooli" "model" "human""#]);
    let ran = bench.docmill(&["answers", "export", "job.yaml"]);
    assert!(ran.stderr.contains("1 human answer does not fit the job"), "{}", ran.stderr);
    let report = bench.docmill(&["report", "job.yaml", "--format", "json"]);
    let report: Value = serde_json::from_str(&report.stdout).unwrap();
    assert_eq!(report["by_label"]["kind"]["form"]["pages"], 2);
}
