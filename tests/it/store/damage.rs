//! Values that docmill never writes: whoever reads one says so, and no default takes its place.

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
