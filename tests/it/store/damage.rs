//! Values that docmill never writes: every reader reports them, and no default replaces them.

use crate::bench::{Bench, Ran};
use docmill::internal::simulator::Options;

/// A job of two pages that has run.
fn asked() -> Bench {
    let bench = Bench::with_pages(2).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&["-q"]).code, 0);
    bench
}

fn change(bench: &Bench, statement: &str) {
    let db = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    assert!(db.execute(statement, []).unwrap() > 0, "{statement}");
}

fn text(bench: &Bench, query: &str) -> String {
    let db = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    db.query_row(query, [], |row| row.get(0)).unwrap()
}

fn assert_damaged(ran: &Ran, place: &str, what: &str) {
    assert_eq!(ran.code, 8, "{what}: {}", ran.stderr);
    assert!(ran.stderr.contains(&format!("the store is damaged: {place}")), "{what}: {}", ran.stderr);
    assert!(ran.stderr.contains("docmill store check"), "{what}: {}", ran.stderr);
}

/// What an endpoint rejects would be sent again.
#[test]
fn unknown_capabilities_are_damage_and_stay() {
    let bench = asked();
    for (stored, reason) in [
        (r#"{"format":"xml"}"#, r#"`format` is "xml""#),
        (r#"{"effort":"bogus"}"#, r#"`effort` is "bogus""#),
        (r#"{"omitted":["bogus"]}"#, r#"`omitted` is ["bogus"]"#),
        (r#"{"max_output":"many"}"#, r#"`max_output` is "many""#),
        ("[1]", "not a JSON object"),
        ("3", "not a JSON object"),
    ] {
        change(&bench, &format!("UPDATE endpoints SET capabilities = '{stored}'"));
        let place = format!("endpoints, endpoint `test openai/gpt-4o-mini`: capabilities: {reason}");
        for arguments in [
            &["run", "job.yaml", "--refresh", "-q"][..],
            &["try", "job.yaml", "pages/00000.jpg", "--refresh", "-q"],
            &["plan", "job.yaml", "-q"],
            &["check", "job.yaml", "-q"],
        ] {
            assert_damaged(&bench.docmill(arguments), &place, &format!("{stored} {arguments:?}"));
        }
        assert_eq!(text(&bench, "SELECT capabilities FROM endpoints"), stored);
        assert_eq!(bench.stats()["requests"], 2, "{stored}: nothing is sent");
    }
}

/// Before, the check called these stores sound, and its hint led nowhere.
#[test]
fn what_commands_call_damaged_the_check_finds_and_a_salvage_repairs() {
    for (statement, command) in [
        ("UPDATE entries SET page_count = -1", "export"),
        ("UPDATE answers SET reason = 'timeout' WHERE status = 'ok'", "export"),
        ("UPDATE runs SET model = x'ff'", "runs"),
        (r#"UPDATE endpoints SET calibration = '{"high":{}}'"#, "plan"),
        (r#"UPDATE endpoints SET capabilities = '{"format":"xml"}'"#, "plan"),
        ("UPDATE attempts SET input_tokens = -1", "report"),
        ("UPDATE attempts SET output_tokens = NULL", "report"),
        ("UPDATE attempts SET cost = -5", "report"),
    ] {
        let bench = asked();
        change(&bench, statement);
        assert_damaged(&bench.docmill(&[command, "job.yaml", "-q"]), "", &format!("{statement} {command}"));
        let checked = bench.docmill(&["store", "check", "--store", "store.db"]);
        assert!(checked.code == 8 && !checked.stdout.contains("sound"), "{statement}: {}", checked.stdout);
        let saved = bench.docmill(&["store", "salvage", "--to", "saved.db", "--store", "store.db"]);
        assert_eq!(saved.code, 0, "{statement}: {}", saved.stderr);
        let sound = bench.docmill(&["store", "check", "--store", "saved.db"]);
        assert_eq!(sound.code, 0, "{statement}: {}", sound.stdout);
        let ran = bench.run(&["-q", "--store", "saved.db"]);
        assert_eq!(ran.code, 0, "{statement}: {}", ran.stderr);
        assert_eq!(bench.stats()["requests"], 2, "{statement}: nothing is asked again");
        assert_eq!(bench.docmill(&[command, "job.yaml", "-q", "--store", "saved.db"]).code, 0, "{statement}");
    }
}

#[test]
fn a_run_without_its_job_or_its_recipe_set_is_damage_until_a_salvage() {
    for column in ["job_id", "set_id"] {
        let bench = asked();
        change(&bench, &format!("UPDATE runs SET {column} = -7"));
        let checked = bench.docmill(&["store", "check", "--store", "store.db"]);
        assert!(checked.code == 8 && checked.stdout.contains("a run without its"), "{column}: {}", checked.stdout);
        let merged = bench.docmill(&["merge", "job.yaml", "store.db", "--store", "all.db", "-q"]);
        assert_damaged(&merged, "runs, run 1: its job or its recipe set is missing", column);
        let saved = bench.docmill(&["store", "salvage", "--to", "saved.db", "--store", "store.db"]);
        assert_eq!(saved.code, 0, "{column}: {}", saved.stderr);
        assert_eq!(bench.docmill(&["store", "check", "--store", "saved.db"]).code, 0, "{column}");
        assert_eq!(bench.run(&["-q", "--store", "saved.db"]).code, 0, "{column}");
        assert_eq!(bench.stats()["requests"], 2, "{column}: nothing is asked again");
        let merged = bench.docmill(&["merge", "job.yaml", "saved.db", "--store", "new.db", "-q"]);
        assert_eq!(merged.code, 0, "{column}: {}", merged.stderr);
    }
}

#[test]
fn numbers_that_are_never_written_are_damage() {
    for (statement, command, place) in [
        ("UPDATE runs SET is_trial = 7", "runs", "runs, run 1: is_trial is 7: out of range"),
        ("UPDATE runs SET outcome = 'try'", "runs", "runs, run 1: is_trial is 0"),
        ("UPDATE runs SET exit_code = 999", "report", "runs, run 1: exit_code is 999: out of range"),
        ("UPDATE runs SET ended_at = NULL", "runs", "runs, run 1: ended_at is NULL"),
        (
            "UPDATE answers SET passing = 9 WHERE page_id = 1",
            "export",
            "answers, page 1, recipe 1: passing is 9: out of range",
        ),
        ("UPDATE budget SET spent = 'x'", "run", "budget, "),
        ("UPDATE budget SET spent = -1000000000000", "run", "budget, "),
    ] {
        let bench = asked();
        change(&bench, statement);
        let refresh = if command == "run" { &["--refresh"][..] } else { &[] };
        let ran = bench.docmill(&[&[command, "job.yaml", "-q"], refresh].concat());
        assert_damaged(&ran, place, &format!("{statement} {command}"));
        assert_eq!(bench.stats()["requests"], 2, "{statement}: nothing is sent");
        assert_eq!(bench.docmill(&["store", "check", "--store", "store.db"]).code, 8, "{statement}");
        let saved = bench.docmill(&["store", "salvage", "--to", "saved.db", "--store", "store.db"]);
        assert_eq!(saved.code, 0, "{statement}: {}", saved.stderr);
        let sound = bench.docmill(&["store", "check", "--store", "saved.db"]);
        assert_eq!(sound.code, 0, "{statement}: {}", sound.stdout);
    }
}
