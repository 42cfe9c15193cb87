//! Nothing but another human answer changes a human answer.

use super::{answer, asked, exported, import, other_label, shown};
use crate::bench::{Bench, rows};
use docmill::internal::base::random::Random;
use docmill::internal::simulator::Options;
use serde_json::Value;

/// What rows show of human answers.
fn human(rows: &[Value]) -> Vec<String> {
    let of_task = |task| shown(rows, task).into_iter().filter(|text| text.ends_with(" human"));
    of_task("kind").chain(of_task("marks")).collect()
}

#[test]
fn no_history_of_runs_changes_a_human_answer() {
    for seed in 0..3 {
        let random = Random::new(seed);
        let below = |most: u64| random.next_u64() % most;
        let bench = asked(8, "");
        let labels = ["invoice", "letter", "form", "other"];
        let lines: Vec<String> = (0..5)
            .map(|_| match below(2) {
                0 => format!("{:05}.jpg,1,kind,{}", below(8), labels[below(4) as usize]),
                _ => format!(r#"{:05}.jpg,1,marks,"[""{}""]""#, below(8), ["stamp", "logo", "seal"][below(3) as usize]),
            })
            .collect();
        for line in &lines {
            answer(&bench, &[line]);
        }
        let kept = exported(&bench, "job.yaml");
        bench.put("kept.csv", kept.as_bytes());
        assert_eq!(bench.run(&["-q"]).code, 0);
        let expected = human(&bench.rows());
        assert!(!expected.is_empty());
        for step in 0..6 {
            let what = match below(5) {
                0 => bench.run(&["-q"]),
                1 => bench.run(&["-q", "--refresh"]),
                2 => bench.run(&["-q", "--retry", "all"]),
                3 => {
                    // Another question: everything is asked again.
                    let job = bench.text("job.yaml");
                    let words = format!("{{classify: {{question: 'Which one? {step}', labels");
                    let labels = job.find("labels: [invoice").unwrap();
                    let start = job[..labels].rfind("{classify").unwrap();
                    let changed = [&job[..start], &words, &job[labels + "labels".len()..]].concat();
                    bench.put("job.yaml", changed.as_bytes());
                    bench.run(&["-q"])
                }
                _ => {
                    let ran = import(&bench, "kept.csv", &[]);
                    assert!(ran.stdout.starts_with("0 imported"), "{}", ran.stdout);
                    bench.run(&["-q"])
                }
            };
            assert_eq!(what.code, 0, "{}", what.stderr);
            assert_eq!(human(&bench.rows()), expected, "seed {seed}, step {step}");
            assert_eq!(exported(&bench, "job.yaml"), kept, "seed {seed}, step {step}");
        }
        let ran = bench.docmill(&["store", "check", "--store", "store.db"]);
        assert_eq!(ran.code, 0, "{}", ran.stdout);
    }
}

#[test]
fn human_answers_follow_the_content_of_files() {
    let bench = asked(3, "");
    let label = other_label(&bench.rows()[1]);
    answer(&bench, &[&format!("00001.jpg,1,kind,{label}")]);
    std::fs::rename(bench.path("pages/00001.jpg"), bench.path("pages/renamed.jpg")).unwrap();
    assert_eq!(bench.run(&["-q"]).code, 0);
    let of_kind = shown(&bench.rows(), "kind");
    assert_eq!(of_kind[2], format!("renamed.jpg {label} human"));
    assert!(exported(&bench, "job.yaml").contains("\nrenamed.jpg,1,kind,"));
    // Another folder, and a job with the same name.
    bench.put("more/deep/x.jpg", &crate::bench::page(1));
    let job = bench.text("job.yaml").replace("folder: pages", "folder: more").replace(": out.", ": more.");
    bench.put("more.yaml", job.as_bytes());
    assert_eq!(bench.docmill(&["run", "more.yaml", "-q"]).code, 0);
    assert_eq!(shown(&rows(&bench.text("more.jsonl")), "kind"), [format!("deep/x.jpg {label} human")]);
    // A job with another name has none, and pages that are changed are others.
    bench.put("other.yaml", job.replace("name: test", "name: other").as_bytes());
    assert_eq!(bench.docmill(&["run", "other.yaml", "-q"]).code, 0);
    assert!(shown(&rows(&bench.text("more.jsonl")), "kind")[0].ends_with(" model"));
    bench.put("pages/renamed.jpg", &crate::bench::page(77));
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert!(shown(&bench.rows(), "kind")[2].ends_with(" model"));
    let ran = bench.docmill(&["answers", "export", "job.yaml"]);
    assert!(ran.stderr.contains("the job has no file with this content"), "{}", ran.stderr);
    assert!(ran.stdout.contains("\ncontent:"), "{}", ran.stdout);
}

#[test]
fn values_that_do_not_fit_any_more_are_listed_and_come_back_with_their_label() {
    let bench = asked(2, "");
    answer(&bench, &["00000.jpg,1,kind,other", "00001.jpg,1,kind,other"]);
    answer(&bench, &["00001.jpg,1,kind,form"]);
    let job = bench.text("job.yaml");
    bench.put("job.yaml", job.replace("form], other: true", "form]").as_bytes());
    let kinds = || {
        assert_eq!(bench.run(&["-q"]).code, 0);
        shown(&bench.rows(), "kind").iter().map(|text| text.rsplit(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kinds(), ["model", "human"]);
    let ran = bench.docmill(&["answers", "export", "job.yaml"]);
    assert_eq!(ran.stdout.lines().count(), 4, "all are exported: {}", ran.stdout);
    let expected = "00000.jpg, page 1, `kind`: `other` is not one of the labels `invoice`, `letter`, `form`";
    assert!(
        ran.code == 0 && ran.stderr.contains("2 human answers do not fit") && ran.stderr.contains(expected),
        "{}",
        ran.stderr
    );
    bench.put("job.yaml", job.as_bytes());
    assert_eq!(kinds(), ["human", "human"]);
}

#[test]
fn maintenance_of_the_store_keeps_human_answers() {
    let bench = asked(4, "");
    answer(&bench, &["00000.jpg,1,kind,form", "00003.jpg,1,kind,letter"]);
    let kept = exported(&bench, "job.yaml");
    let store = |arguments: &[&str]| {
        let ran = bench.docmill(&[&["store"], arguments, &["--store", "store.db"]].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout
    };
    store(&["backup", "--to", "copy.db"]);
    store(&["salvage", "--to", "saved.db"]);
    for name in ["copy.db", "saved.db"] {
        assert_eq!(bench.docmill(&["answers", "export", "job.yaml", "--store", name]).stdout, kept, "{name}");
        assert_eq!(bench.docmill(&["store", "check", "--store", name]).code, 0);
    }
    assert!(store(&["stats"]).contains("2 by people"));
    // Pages that no job has, two of them with human answers.
    for at in 0..3 {
        std::fs::remove_file(bench.path(&format!("pages/{at:05}.jpg"))).unwrap();
    }
    assert_eq!(bench.run(&["-q"]).code, 0);
    bench.age("store.db");
    let pruned = store(&["prune", "--older-than", "1h"]);
    assert!(pruned.contains(" 2 pages"), "{pruned}");
    store(&["check"]);
    bench.put("pages/back.jpg", &crate::bench::page(0));
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(shown(&bench.rows(), "kind")[1], "back.jpg form human");
}

#[test]
fn damaged_decisions_are_found_and_repaired() {
    let bench = asked(2, "");
    answer(&bench, &["00000.jpg,1,kind,form", "00001.jpg,1,kind,letter"]);
    let db = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    db.execute_batch("UPDATE decisions SET value = '{' WHERE id = 1; UPDATE decisions SET sampled_with = 2, shown = 'x' WHERE id = 2;").unwrap();
    drop(db);
    let checked = bench.docmill(&["store", "check", "--store", "store.db"]);
    assert_eq!((checked.code, checked.stdout.lines().count()), (8, 3), "{}", checked.stdout);
    let ran = bench.docmill(&["answers", "export", "job.yaml"]);
    assert!(ran.code == 8 && ran.stderr.contains("decisions, decision 1: value"), "{}", ran.stderr);
    assert_eq!(bench.docmill(&["store", "salvage", "--to", "saved.db", "--store", "store.db"]).code, 0);
    assert_eq!(bench.docmill(&["store", "check", "--store", "saved.db"]).code, 0);
    let saved = bench.docmill(&["answers", "export", "job.yaml", "--store", "saved.db"]);
    assert!(saved.stdout.lines().nth(1).unwrap().ends_with(",,true"), "not blind: {}", saved.stdout);
}

#[test]
fn a_warm_run_asks_for_no_decisions_when_there_are_none() {
    let bench: Bench = Bench::with_pages(3).simulator(Options::default());
    bench.job("");
    let job = bench.text("job.yaml").replace(
        "output: {csv: out.csv, parquet: out.parquet, jsonl: out.jsonl, report: report.json}",
        "output: {report: report.json}",
    );
    bench.put("job.yaml", job.as_bytes());
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(bench.run(&["-q"]).code, 0);
    let before = bench.report()["by_label"]["kind"].clone();
    answer(&bench, &["00000.jpg,1,kind,other"]);
    assert_eq!(bench.run(&["-q"]).code, 0);
    let after = bench.report()["by_label"]["kind"].clone();
    assert_ne!(after, before, "the counts of the last run do not hold any more");
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(bench.report()["by_label"]["kind"]["other"]["pages"], after["other"]["pages"]);
}
