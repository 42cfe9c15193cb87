//! Stores that users have: written by the program of every schema version so far, opened and
//! continued by the current one. `tests/data/stores/README.md` describes how they were made.

use crate::bench::{Bench, Ran, root, rows, stats};
use docmill::internal::simulator::Options;
use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Pico-dollars in a dollar: the unit of the store.
const PICO: f64 = 1e12;

fn fixture(name: &str) -> PathBuf {
    root().join("tests/data/stores").join(name)
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap()
}

/// A folder with the pages, the job and the store of a fixture, and a simulator.
fn restored(version: &str, include: &[&str]) -> Bench {
    restored_with(version, "pages", include)
}

/// The same, with the pages of `pages`.
fn restored_with(version: &str, pages: &str, include: &[&str]) -> Bench {
    let bench = Bench::with_pages(0).simulator(Options::default());
    for entry in std::fs::read_dir(fixture(pages)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        bench.put(&format!("pages/{name}"), &read(&format!("{pages}/{name}")));
    }
    bench.put("job.yaml", &read(&format!("{version}/job.yaml")));
    bench.put("total.json", &read("total.json"));
    let sql = String::from_utf8(read(&format!("{version}/store.sql"))).unwrap();
    open(&bench).execute_batch(&sql.replace("@job@", &identity(&bench, include))).unwrap();
    bench
}

/// The identity of the job in its store: BLAKE3 of its name and its input. A program that
/// derives it otherwise does not find the budgets and the runs of existing stores.
fn identity(bench: &Bench, include: &[&str]) -> String {
    let folder = std::fs::canonicalize(bench.path("pages")).unwrap();
    let job = json!({"exclude": [], "folder": folder, "include": include, "name": "stored"});
    blake3::hash(job.to_string().as_bytes()).to_hex().to_string()
}

fn open(bench: &Bench) -> Connection {
    Connection::open(bench.path("store.db")).unwrap()
}

fn docmill(bench: &Bench, arguments: &[&str]) -> Ran {
    let provider =
        bench.server.as_ref().map_or("http://127.0.0.1:9/v1".into(), docmill::internal::simulator::Server::base_url);
    bench.docmill(&[arguments, &["-q", "--var", &format!("PROVIDER={provider}")]].concat())
}

/// Runs the job; nothing may go wrong.
fn run(bench: &Bench) {
    let ran = docmill(bench, &["run", "job.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
}

fn requests(bench: &Bench) -> u64 {
    bench.stats()["requests"].as_u64().unwrap()
}

/// The result of a query, each cell with its column's name.
fn query(bench: &Bench, sql: &str) -> Vec<BTreeMap<String, Cell>> {
    let db = open(bench);
    let mut statement = db.prepare(sql).unwrap();
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let found = statement
        .query_map([], |row| names.iter().enumerate().map(|(at, name)| Ok((name.clone(), row.get(at)?))).collect());
    found.unwrap().map(Result::unwrap).collect()
}

fn number(bench: &Bench, sql: &str) -> i64 {
    open(bench).query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Tables and indexes with their definitions, white space apart.
fn schema(bench: &Bench) -> Vec<String> {
    let db = open(bench);
    let mut statement = db.prepare("SELECT type || ' ' || name FROM sqlite_schema ORDER BY 1").unwrap();
    let mut found: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let columns = "SELECT t.name || '.' || c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || c.pk
        FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' ORDER BY t.name, c.cid";
    let mut statement = db.prepare(columns).unwrap();
    found.extend(statement.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap));
    found
}

/// The version of the stores that the current program makes.
fn current_version() -> i64 {
    let bench = Bench::with_pages(0).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&["-q"]).code, 3, "no page, but a store");
    number(&bench, "PRAGMA user_version")
}

#[test]
fn every_version_has_a_fixture() {
    let current = current_version();
    for version in 1..=current {
        let sql = String::from_utf8(read(&format!("v{version}/store.sql"))).unwrap();
        assert!(sql.contains(&format!("PRAGMA user_version={version};\n")), "v{version}");
    }
    assert!(!fixture(&format!("v{}", current + 1)).exists());
}

/// The outputs of a store have the same bytes whichever program writes them.
#[test]
fn stores_of_versions_2_and_3_give_the_same_bytes_and_ask_nothing() {
    for version in ["v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9"] {
        let mut bench = restored(version, &[]);
        for _ in 0..2 {
            run(&bench);
            assert_eq!(requests(&bench), 0, "{version}");
            assert_same_bytes(&bench, version, "out");
        }
        // Without a provider too.
        drop(bench.server.take());
        let names = ["--csv", "again.csv", "--jsonl", "again.jsonl", "--parquet", "again.parquet"];
        let exported = docmill(&bench, &[&["export", "job.yaml"], &names[..]].concat());
        assert_eq!(exported.code, 0, "{version}: {}", exported.stderr);
        assert_same_bytes(&bench, version, "again");
    }
}

fn assert_same_bytes(bench: &Bench, version: &str, stem: &str) {
    for ending in ["csv", "jsonl", "parquet"] {
        let written = std::fs::read(bench.path(&format!("{stem}.{ending}"))).unwrap();
        assert!(written == read(&format!("{version}/out.{ending}")), "{stem}.{ending} is not as {version} wrote it");
    }
}

/// Attempts as far as every version has them. Those that a killed run left open are lost,
/// and cost their reservation.
const ATTEMPTS: &str =
    "SELECT id, request_id, run_id, CASE state WHEN 'open' THEN 'lost' ELSE state END AS state, budget_id,
    reserved, input_tokens, cached_input_tokens, output_tokens, usage_source,
    CASE state WHEN 'open' THEN reserved ELSE cost END AS cost, verdict, error_kind, message, http_status,
    server_request_id, latency_ms, opened_at FROM attempts ORDER BY id";
const ANSWERS: &str = "SELECT page_id, recipe_id, sample, status, value, reason, message, passing, runs, request_id, at
    FROM answers ORDER BY page_id, recipe_id, sample";
const RUNS: &str = "SELECT id, run_id, job_id, model, tasks, started_at, first_attempt FROM runs ORDER BY id";
const KEYS: &str = "SELECT 'recipe' AS kind, id, hash AS a, body AS b FROM recipes UNION ALL
    SELECT 'page', id, content, page FROM pages UNION ALL SELECT 'job', id, identity, name FROM jobs ORDER BY 1, 2";

/// What a store holds that must survive.
#[derive(Debug)]
struct Kept {
    tables: Vec<(&'static str, Vec<BTreeMap<String, Cell>>)>,
    budget: (i64, i64),
}

impl Kept {
    fn read(bench: &Bench) -> Self {
        let tables = [ATTEMPTS, ANSWERS, RUNS, KEYS].map(|sql| (sql, query(bench, sql)));
        Self { tables: tables.into(), budget: budget(bench) }
    }

    /// Whether everything is still there, apart from later additions.
    fn assert_within(&self, later: &Self, version: &str) {
        for ((sql, before), (_, after)) in self.tables.iter().zip(&later.tables) {
            assert!(!before.is_empty(), "{version}: {sql}");
            for row in before {
                assert!(after.contains(row), "{version}: {row:?} is gone; {sql}");
            }
        }
    }
}

/// Spent and reserved, in pico-dollars, of the only line of the budget.
fn budget(bench: &Bench) -> (i64, i64) {
    assert_eq!(number(bench, "SELECT count(*) FROM budget"), 1);
    (number(bench, "SELECT spent FROM budget"), number(bench, "SELECT reserved FROM budget"))
}

fn usd(value: &Value) -> i64 {
    let amount: f64 = value.as_str().unwrap().parse().unwrap();
    #[expect(clippy::cast_possible_truncation, reason = "less than nine million dollars")]
    let pico = (amount * PICO).round() as i64;
    pico
}

fn report(bench: &Bench) -> Value {
    let ran = docmill(bench, &["report", "job.yaml", "--run", "all", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

/// The store is of the current version and sound, and every command that reads it agrees
/// with its tables.
fn assert_usable(bench: &Bench, version: &str) {
    let fresh = Bench::with_pages(0).simulator(Options::default());
    fresh.job("");
    assert_eq!(fresh.run(&["-q"]).code, 3);
    for pragma in ["PRAGMA user_version", "PRAGMA application_id"] {
        assert_eq!(number(bench, pragma), number(&fresh, pragma), "{version}: {pragma}");
    }
    assert_eq!(schema(bench), schema(&fresh), "{version}");
    let checked = bench.docmill(&["store", "check", "--store", "store.db"]);
    assert_eq!(checked.code, 0, "{version}: {}{}", checked.stdout, checked.stderr);
    assert_eq!(bench.docmill(&["store", "stats", "--store", "store.db"]).code, 0, "{version}");

    let report = report(bench);
    let count = |state: &str| number(bench, &format!("SELECT count(*) FROM attempts WHERE state IN ({state})"));
    assert_eq!(report["attempts"]["sent"], count("'settled', 'lost'"), "{version}: {report}");
    assert_eq!(report["attempts"]["lost"], count("'lost'"), "{version}: {report}");
    assert_eq!(report["tokens"]["input"], number(bench, "SELECT sum(input_tokens) FROM attempts"), "{version}");

    let exported = docmill(bench, &["export", "job.yaml", "--jsonl", "exported.jsonl"]);
    assert_eq!(exported.code, 0, "{version}: {}", exported.stderr);
    assert_eq!(bench.text("exported.jsonl"), bench.text("out.jsonl"), "{version}");
}

/// Runs the job on an old store: its data is still there, the budget counts what was spent, reserved and is spent now,
/// and `asked` pages are sent.
fn continued(bench: &Bench, version: &str, asked: i64) {
    let before = Kept::read(bench);
    let last = number(bench, "SELECT max(id) FROM attempts");
    let (spent, reserved) = before.budget;
    assert!(spent > 0 && reserved > 0, "{version}: the fixture has a run that was killed");
    run(bench);
    let attempts = number(bench, &format!("SELECT count(*) FROM attempts WHERE id > {last}"));
    assert_eq!(requests(bench), u64::try_from(attempts).unwrap(), "{version}");
    let pages = "SELECT count(DISTINCT r.page_id) FROM attempts a JOIN requests r ON r.id = a.request_id WHERE a.id >";
    assert_eq!(number(bench, &format!("{pages} {last}")), asked, "{version}");
    let after = Kept::read(bench);
    before.assert_within(&after, version);
    let new = number(bench, &format!("SELECT ifnull(sum(cost), 0) FROM attempts WHERE id > {last}"));
    assert_eq!(after.budget, (spent + reserved + new, 0), "{version}");
    assert_eq!(number(bench, "SELECT count(*) FROM runs WHERE ended_at IS NULL"), 0, "{version}");
    let cost = &report(bench)["cost"];
    assert_eq!((usd(&cost["total_usd"]), usd(&cost["lost_usd"])), (spent + new, reserved), "{version}");
    assert_usable(bench, version);
}

/// A page that is new is asked, and nothing else.
fn assert_only_a_new_page_is_asked(bench: &Bench, version: &str) {
    let before = requests(bench);
    bench.put("pages/new.png", &read("new.png"));
    run(bench);
    assert_eq!(requests(bench), before + 1, "{version}");
    assert!(bench.rows().iter().any(|row| row["path"] == "new.png" && row["status"] == "ok"), "{version}");
    assert_usable(bench, version);
    run(bench);
    assert_eq!(requests(bench), before + 1, "{version}");
}

#[test]
fn stores_of_versions_2_and_3_are_continued_without_asking_again() {
    for version in ["v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9"] {
        let bench = restored(version, &[]);
        continued(&bench, version, 0);
        assert_only_a_new_page_is_asked(&bench, version);
    }
}

/// The program of version 1 prepared pages differently, so its answers have other keys.
/// With the keys of today they are found: the migration keeps every answer. Only the TIFF
/// is asked, which this program could not read.
#[test]
fn a_store_of_version_1_keeps_its_answers() {
    let bench = restored("v1", &[]);
    let today = restored("v3", &[]);
    assert_eq!(number(&bench, "SELECT count(*) FROM recipes"), 6);
    for recipe in query(&today, "SELECT id, hash, body FROM recipes") {
        let changed = open(&bench).execute(
            "UPDATE recipes SET hash = ?2, body = ?3 WHERE id = ?1",
            [&recipe["id"], &recipe["hash"], &recipe["body"]],
        );
        assert_eq!(changed.unwrap(), 1);
    }
    continued(&bench, "v1", 4);
    let others = |rows: Vec<Value>| rows.into_iter().filter(|row| row["path"] != "several.tif").collect::<Vec<_>>();
    let written = others(bench.rows());
    assert_eq!(written, others(rows(&String::from_utf8(read("v1/out.jsonl")).unwrap())));
    assert_eq!(written.len(), 9);
    assert_only_a_new_page_is_asked(&bench, "v1");
}

/// In this state its pages are asked once more, and its answers, attempts and budget stay. The copy of a page is not
/// asked, and nothing about the broken file.
#[test]
fn a_store_of_version_1_is_continued() {
    let bench = restored("v1", &[]);
    let plan = docmill(&bench, &["plan", "job.yaml", "--format", "json"]);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!(plan["to_ask"], 11, "{plan}");
    continued(&bench, "v1", 11);
    assert_only_a_new_page_is_asked(&bench, "v1");
}

/// Version 5 sent other pictures of some pages, and had other numbers for pages of PDFs.
#[test]
fn answers_of_earlier_pictures_stay_and_are_asked_again_only_on_request() {
    let bench = restored_with("v5-pictures", "v5-pictures/pages", &[]);
    let plan = |options: &[&str]| -> Value {
        let plan = docmill(&bench, &[&["plan", "job.yaml", "--format", "json"], options].concat());
        serde_json::from_str(&plan.stdout).unwrap()
    };
    let before = plan(&[]);
    assert_eq!((&before["to_ask"], &before["outdated_files"]), (&json!(0), &json!(8)));
    // Until then a human answer could land on another page.
    bench.put("answers.csv", b"path,page,task,value\norder.pdf,2,kind,letter\n");
    let early = docmill(&bench, &["answers", "import", "job.yaml", "answers.csv", "--reviewer", "ann"]);
    assert!(early.code == 2 && early.stderr.contains("may have other numbers now"), "{}", early.stderr);
    run(&bench);
    let later = docmill(&bench, &["answers", "import", "job.yaml", "answers.csv", "--reviewer", "ann"]);
    assert_eq!(later.code, 0, "{}", later.stderr);
    let answers = docmill(&bench, &["answers", "export", "job.yaml", "--csv", "-"]).stdout;
    assert!(answers.contains("order.pdf,2,kind,letter,ann"), "{answers}");
    open(&bench).execute("DELETE FROM decisions", []).unwrap();
    let shown = |row: &Value| {
        let text = |name: &str| row[name].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {} {}", text("path"), row["page"], text("status"), text("kind"), text("duplicate_of"))
    };
    let rows = |bench: &Bench| bench.rows().iter().map(shown).collect::<Vec<_>>();
    let expected = [
        "cut.jpg 1 ok form -",
        "form.pdf 1 ok letter -",
        "gap.pdf 1 ok letter -",
        "gap.pdf 2 failed - -",
        "gap.pdf 3 ok letter -",
        "order.pdf 1 ok letter -",
        "order.pdf 2 ok form -",
        "order.pdf 3 ok letter order.pdf",
        "order.pdf 4 ok letter -",
        "predictor.tif 1 ok other -",
        "same.pdf 1 ok letter -",
        "turned.png 1 ok other -",
        "whole.jpg 1 ok form -",
    ];
    assert_eq!(rows(&bench), expected);
    assert_eq!(requests(&bench), 0);
    let after = plan(&[]);
    let first = after["redrawn"]["first"].as_array().unwrap();
    let redrawn: Vec<&str> = first.iter().filter_map(|page| page["path"].as_str()).collect();
    assert_eq!(redrawn, ["cut.jpg", "form.pdf", "predictor.tif", "turned.png"], "{after}");
    assert_eq!((&after["to_ask"], &after["outdated_files"]), (&json!(0), &json!(0)));
    // The answer to a truncated picture is no longer shown when a new one was wanted, and the picture is not sent.
    let redrawn = plan(&["--retry", "redrawn"]);
    assert_eq!((&redrawn["to_ask"], &redrawn["unreadable"]), (&json!(3), &json!(2)), "{redrawn}");
    let retried = docmill(&bench, &["run", "job.yaml", "--retry", "redrawn"]);
    assert_eq!(requests(&bench), 3, "{}", retried.stderr);
    let cut = bench.rows().into_iter().find(|row| row["path"] == "cut.jpg").unwrap();
    assert_eq!(
        (&cut["status"], &cut["error_kind"], &cut["kind"]),
        (&json!("failed"), &json!("cut_short"), &json!(null))
    );
    assert_eq!(bench.rows().iter().filter(|row| row["status"] == "ok").count(), 11);
    docmill(&bench, &["run", "job.yaml", "--retry", "redrawn"]);
    assert_eq!((requests(&bench), &plan(&[])["redrawn"]["pages"]), (3, &json!(0)), "{}", plan(&[]));
    assert_eq!(bench.rows().iter().filter(|row| row["status"] == "ok").count(), 11);
}

/// An earlier version could read a picture of which this one finds that no program should: nothing of it is answered, and each
/// run finds the same.
#[test]
fn a_file_that_fails_to_open_is_listed_to_be_opened_once() {
    let bench = restored_with("v5-pictures", "v5-pictures/pages", &[]);
    run(&bench);
    let outdated = || {
        let plan = docmill(&bench, &["plan", "job.yaml", "--format", "json"]);
        serde_json::from_str::<Value>(&plan.stdout).unwrap()["outdated_files"].clone()
    };
    let lossless =
        [&[0xFF, 0xD8, 0xFF, 0xC3, 0, 11, 8, 0, 9, 0, 9, 1, 1, 0x11, 0][..], &[0; 90], &[0xFF, 0xD9]].concat();
    bench.put("pages/lossless.jpg", &lossless);
    let content = blake3::hash(&lossless).as_bytes().to_vec();
    open(&bench).execute("INSERT INTO pages (content, page, decoder) VALUES (?1, 1, 2)", [content]).unwrap();
    assert_eq!(outdated(), 1);
    for _ in 0..2 {
        assert_eq!(docmill(&bench, &["run", "job.yaml"]).code, 0);
        assert_eq!((outdated(), requests(&bench)), (json!(0), 0));
    }
    assert_eq!(number(&bench, "SELECT decoder FROM pages WHERE page = 1 AND decoder < 9"), 2);
}

/// A file that an earlier version could read and this one can't open keeps the answers of its pages and their rows, also
/// when its time has changed, until `--retry redrawn`.
#[test]
fn answers_of_a_file_that_can_no_longer_be_opened_keep_their_rows() {
    let bench = restored_with("v5-pictures", "v5-pictures/pages", &[]);
    let damaged = b"%PDF-1.7 nothing that could be opened";
    let (before, now) = (std::fs::read(bench.path("pages/form.pdf")).unwrap(), blake3::hash(damaged));
    bench.put("pages/form.pdf", damaged);
    let contents = [now.as_bytes().to_vec(), blake3::hash(&before).as_bytes().to_vec()];
    open(&bench).execute("UPDATE pages SET content = ?1 WHERE content = ?2", contents).unwrap();
    let shown = || {
        let row = bench.rows().into_iter().find(|row| row["path"] == "form.pdf").unwrap();
        (row["page"].clone(), row["status"].clone(), row["kind"].clone())
    };
    let plan = |options: &[&str]| -> Value {
        let plan = docmill(&bench, &[&["plan", "job.yaml", "--format", "json"], options].concat());
        serde_json::from_str(&plan.stdout).unwrap()
    };
    for _ in 0..2 {
        bench.put("pages/form.pdf", damaged);
        run(&bench);
        assert_eq!((shown(), requests(&bench)), ((json!(1), json!("ok"), json!("letter")), 0));
        let redrawn = plan(&[])["redrawn"]["first"].clone();
        let listed = redrawn.as_array().unwrap().iter().any(|page| page["path"] == "form.pdf" && page["page"] == 1);
        assert!(listed, "{redrawn}");
    }
    let expected = plan(&["--retry", "redrawn"])["to_ask"].clone();
    docmill(&bench, &["run", "job.yaml", "--retry", "redrawn"]);
    assert_eq!((json!(requests(&bench)), shown()), (expected, (json!(1), json!("failed"), json!(null))));
    bench.put("pages/form.pdf", damaged);
    run(&bench);
    assert_eq!(shown(), (json!(1), json!("failed"), json!(null)));
}

/// What a provider answers about the batch of a fixture, and the requests that it received.
struct Provider {
    url: String,
    received: Arc<Mutex<Vec<String>>>,
}

/// Serves the batch of `v3-batch` for at most 64 requests.
fn provider() -> Provider {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let received = Arc::new(Mutex::new(Vec::new()));
    let log = received.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().take(64).flatten() {
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
            if let Some(request) = request_line(&mut stream) {
                let (status, body) = answer(&request);
                log.lock().unwrap().push(request);
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(&[head.as_bytes(), &body].concat());
            }
        }
    });
    Provider { url, received }
}

/// `GET /v1/batches/batch_1`.
fn request_line(stream: &mut TcpStream) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && head.len() < 10_000 {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    head.split(" HTTP/1.1\r\n").next().map(str::to_owned)
}

fn answer(request: &str) -> (&'static str, Vec<u8>) {
    let batch = read("v3-batch/batch.json");
    let state: Value = serde_json::from_slice(&batch).unwrap();
    let text = |name: &str| state[name].as_str().unwrap().to_owned();
    if request == format!("GET /v1/batches/{}", text("id")) {
        ("200 OK", batch)
    } else if request == format!("GET /v1/files/{}/content", text("output_file_id")) {
        ("200 OK", read("v3-batch/output.jsonl"))
    } else {
        ("404 Not Found", br#"{"error": {"message": "not part of the fixture", "type": "not_found"}}"#.to_vec())
    }
}

#[test]
fn a_batch_that_was_submitted_before_an_upgrade_is_collected() {
    let mut bench = restored("v3-batch", &["[abc].png"]);
    drop(bench.server.take());
    let (spent, reserved) = budget(&bench);
    assert!(spent == 0 && reserved > 0);
    assert_eq!(number(&bench, "SELECT count(*) FROM attempts WHERE state = 'open'"), 3);
    let provider = provider();
    let run = || bench.docmill(&["run", "job.yaml", "-q", "--var", &format!("PROVIDER={}", provider.url)]);
    let ran = run();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let received = provider.received.lock().unwrap().clone();
    assert!(received.len() >= 2 && received.iter().all(|request| request.starts_with("GET ")), "{received:?}");

    // Each reply is in the row of its page, at the price of batches that was agreed then.
    let mut total = 0;
    let rows: BTreeMap<String, Value> =
        bench.rows().into_iter().map(|row| (row["content_hash"].as_str().unwrap().to_owned(), row)).collect();
    let output = String::from_utf8(read("v3-batch/output.jsonl")).unwrap();
    for line in crate::bench::rows(&output) {
        let attempt = line["custom_id"].as_str().unwrap().trim_start_matches("docmill-").to_owned();
        let page = format!(
            "SELECT lower(hex(p.content)) FROM attempts a JOIN requests r ON r.id = a.request_id
             JOIN pages p ON p.id = r.page_id WHERE a.id = {attempt} AND a.state = 'settled'"
        );
        let page: String = open(&bench).query_row(&page, [], |row| row.get(0)).unwrap();
        let (row, body) = (&rows[&page], &line["response"]["body"]);
        let answers: Value = serde_json::from_str(body["choices"][0]["message"]["content"].as_str().unwrap()).unwrap();
        assert_eq!((&row["status"], answers.as_object().unwrap().len()), (&"ok".into(), 6));
        for (name, value) in answers.as_object().unwrap() {
            assert_eq!(&row[name], value, "{name}");
        }
        let tokens = |name: &str| body["usage"][name].as_i64().unwrap();
        let cost = tokens("prompt_tokens") * 200_000 + tokens("completion_tokens") * 800_000;
        assert_eq!(usd(&row["cost_usd"]), cost, "{row}");
        total += cost;
    }
    assert_eq!(rows.len(), 3);
    assert_eq!(budget(&bench), (total, 0));
    assert_eq!(number(&bench, "SELECT count(*) FROM batches WHERE state = 'ended'"), 1);

    // Collected once.
    assert_eq!(run().code, 0);
    assert_eq!(provider.received.lock().unwrap().len(), received.len());
    assert_eq!(budget(&bench), (total, 0));
}

#[test]
fn a_store_of_a_newer_version_is_refused_untouched() {
    let bench = restored("v3", &[]);
    let newer = current_version() + 1;
    open(&bench).execute_batch(&format!("PRAGMA user_version = {newer}")).unwrap();
    let before = std::fs::read(bench.path("store.db")).unwrap();
    let files = |bench: &Bench| {
        let entries = std::fs::read_dir(bench.path("")).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let listed = files(&bench);
    let provider = format!("PROVIDER={}", bench.server.as_ref().unwrap().base_url());
    for arguments in [
        &["run", "job.yaml", "--var", &provider][..],
        &["run", "job.yaml", "--refresh", "--var", &provider],
        &["plan", "job.yaml", "--var", &provider],
        &["export", "job.yaml", "--var", &provider],
        &["report", "job.yaml", "--var", &provider],
        &["try", "job.yaml", "pages/a.png", "--var", &provider],
        &["store", "check", "--store", "store.db"],
        &["store", "stats", "--store", "store.db"],
        &["store", "backup", "--to", "copy.db", "--store", "store.db"],
        &["store", "prune", "--older-than", "1d", "--store", "store.db"],
    ] {
        let ran = bench.docmill(arguments);
        assert_eq!(ran.code, 8, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(&format!("version {newer}")), "{arguments:?}: {}", ran.stderr);
        assert!(std::fs::read(bench.path("store.db")).unwrap() == before, "{arguments:?} changed the store");
        assert_eq!(files(&bench), listed, "{arguments:?}");
    }
    assert_eq!(stats(&bench.server.as_ref().unwrap().base_url())["requests"], 0);
}

/// New facts about models are not part of a key: models that version 6 knew, and models that it did not know, are not
/// asked again.
#[test]
fn no_model_is_asked_again() {
    let bench = restored("v6-models", &["[bcd].png"]);
    let recipes = query(&bench, "SELECT json_extract(body, '$.model') AS model FROM recipes ORDER BY id");
    assert_eq!(recipes.len(), 27);
    for recipe in &recipes {
        let Cell::Text(model) = &recipe["model"] else { panic!("{recipe:?}") };
        let variable = format!("MODEL={model}");
        let plan = docmill(&bench, &["plan", "job.yaml", "--format", "json", "--var", &variable]);
        let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
        assert_eq!(plan["to_ask"], 0, "{model}: {plan}");
        let ran = docmill(&bench, &["run", "job.yaml", "--var", &variable]);
        assert_eq!((ran.code, requests(&bench)), (0, 0), "{model}: {}", ran.stderr);
        let statuses: Vec<_> = bench.rows().iter().map(|row| row["status"].clone()).collect();
        assert_eq!(statuses, [json!("ok"), json!("ok"), json!("ok")], "{model}");
    }
    assert_eq!(number(&bench, "SELECT count(*) FROM recipes"), 27, "no new recipe");
}
