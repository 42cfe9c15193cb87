//! An import that is killed.

use super::asked;
use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

#[test]
fn a_killed_import_stores_all_answers_or_none() {
    const LINES: usize = 2000;
    let bench = asked(4, "");
    let mut text = "path,page,task,value,reviewer,decided_at\n".to_owned();
    for at in 0..LINES {
        text += &format!("{:05}.jpg,1,kind,letter,ann {at},2026-11-23T13:00:00Z\n", at % 4);
    }
    bench.put("many.csv", text.as_bytes());
    std::fs::copy(bench.path("store.db"), bench.path("before.db")).unwrap();
    let mut outcomes = Vec::new();
    for delay in [2, 10, 30, 60, 100, 200, 400, 800, 1600, 3200] {
        for name in ["store.db", "store.db-wal", "store.db-shm"] {
            let _ = std::fs::remove_file(bench.path(name));
        }
        std::fs::copy(bench.path("before.db"), bench.path("store.db")).unwrap();
        let mut command = bench.command(&["answers", "import", "job.yaml", "many.csv"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        let _ = child.kill();
        child.wait().unwrap();
        let mut told = String::new();
        child.stdout.take().unwrap().read_to_string(&mut told).unwrap();
        let checked = bench.docmill(&["store", "check", "--store", "store.db"]);
        assert_eq!(checked.code, 0, "{}", checked.stdout);
        let stored = super::exported(&bench, "job.yaml").lines().count() - 1;
        assert!(stored == LINES || stored == 0 && told.is_empty(), "after {delay} ms: {stored} stored, {told:?}");
        outcomes.push(stored);
        // Whatever happened, importing again completes it.
        let ran = bench.docmill(&["answers", "import", "job.yaml", "many.csv"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        assert_eq!(super::exported(&bench, "job.yaml").lines().count() - 1, LINES);
    }
    assert_eq!(outcomes[0], 0, "two milliseconds are too short for a program to start and read all lines");
}
