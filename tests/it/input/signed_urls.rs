//! URLs with signatures: fetched unchanged, and never shown or stored.

use crate::bench::{Bench, page};
use docmill::internal::simulator::Options;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// A web server that knows two pages, `/1.jpg` and `/2.jpg`, and the targets of its requests.
fn web_server() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let targets = seen.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 4096];
            let count = stream.read(&mut request).unwrap_or(0);
            let text = String::from_utf8_lossy(&request[..count]).into_owned();
            let target = text.split(' ').nth(1).unwrap_or_default().to_owned();
            let body = page(if target.contains('2') { 2 } else { 1 });
            targets.lock().unwrap().push(target);
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(&[head.as_bytes(), &body].concat());
        }
    });
    (port, seen)
}

fn list_job(bench: &Bench, more: &str) {
    bench.job("on_error: {max_failed: 100%}");
    let input = format!("list: l.csv, allow_private_hosts: true, fetch: {{requests_per_second: 100}}{more}");
    bench.put("job.yaml", bench.text("job.yaml").replace("folder: pages", &input).as_bytes());
}

fn paths(bench: &Bench) -> Vec<Value> {
    bench.rows().iter().map(|row| row["path"].clone()).collect()
}

/// Everything that a run writes, apart from the list.
fn left_behind(bench: &Bench) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(bench.path(".")).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() && entry.file_name() != "l.csv" {
            text.push_str(&String::from_utf8_lossy(&std::fs::read(entry.path()).unwrap()));
        }
    }
    text
}

#[test]
fn tomorrows_signatures_find_what_was_fetched_today() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    let (port, seen) = web_server();
    let list = |night: &str| {
        [
            format!("http://127.0.0.1:{port}/1.jpg?X-Amz-Algorithm=a&X-Amz-Date={night}&X-Amz-Signature=SECRET{night}"),
            format!("http://127.0.0.1:{port}/2.jpg?v=1&sv=2&se={night}&sp=r&sig=SECRET{night}"),
            format!("http://127.0.0.1:{port}/get?id=1&token=SECRET{night}"),
            format!("http://127.0.0.1:{port}/get?id=2&token=SECRET{night}"),
        ]
        .map(|url| format!("{url}\n"))
        .concat()
    };
    list_job(&bench, "");
    bench.put("l.csv", format!("path\n{}", list("A")).as_bytes());
    let ran = bench.run(&["-v"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let at = |rest: &str| format!("http://127.0.0.1:{port}/{rest}");
    let shown = [at("1.jpg"), at("2.jpg?v=1"), at("get?id=1"), at("get?id=2")];
    assert_eq!(paths(&bench), shown);
    assert_eq!(seen.lock().unwrap().iter().filter(|target| target.contains("SECRETA")).count(), 4, "as it is");
    assert!(!ran.stderr.contains("SECRET") && !ran.stdout.contains("SECRET"), "{}", ran.stderr);
    assert!(!left_behind(&bench).contains("SECRET"));
    let files = bench.docmill(&["plan", "job.yaml", "--files"]);
    assert!(files.stdout.contains("2.jpg?v=1") && !files.stdout.contains("SECRET"), "{}", files.stdout);
    // The next night: nothing is fetched, nothing is asked, the rows are the same.
    let csv = bench.text("out.csv");
    bench.put("l.csv", format!("path\n{}", list("B")).as_bytes());
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!((seen.lock().unwrap().len(), bench.text("out.csv")), (4, csv));
    assert_eq!(bench.stats()["requests"], 2);
    assert!(!left_behind(&bench).contains("SECRET"));
    // Another fetch uses the new signature.
    assert_eq!(bench.run(&["--refresh"]).code, 0);
    assert_eq!(seen.lock().unwrap()[4..].iter().filter(|target| target.contains("SECRETB")).count(), 4);
}

#[test]
fn a_new_version_is_fetched_whether_its_column_is_carried_or_not() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    let (port, seen) = web_server();
    for (column, more) in [("etag", ""), ("ETag", ", carry: []"), ("version", ", carry: []")] {
        let before = seen.lock().unwrap().len();
        list_job(&bench, more);
        for (version, signature, fetched) in [("a1", "x", 1), ("a1", "y", 1), ("b2", "y", 2), ("b2", "z", 2)] {
            let url = format!("http://127.0.0.1:{port}/1.jpg?column={column}&Signature={signature}&Expires=1");
            bench.put("l.csv", format!("path,{column}\n{url},{version}\n").as_bytes());
            let ran = bench.run(&[]);
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            assert_eq!(seen.lock().unwrap().len() - before, fetched, "{column} {version} {signature}");
        }
    }
    assert_eq!(bench.stats()["requests"], 1, "the same page is never asked again");
}

#[test]
fn tokens_that_tell_files_apart_do() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    let (port, _) = web_server();
    let url = |token: &str| format!("http://127.0.0.1:{port}/get?token={token}\n");
    list_job(&bench, "");
    bench.put("l.csv", format!("path\n{}{}", url("SECRET1"), url("SECRET2")).as_bytes());
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(bench.stats()["requests"], 2, "two pages");
    let paths = paths(&bench);
    assert!(paths[0] != paths[1], "{paths:?}");
    assert!(!left_behind(&bench).contains("SECRET"));
}

#[test]
fn faults_do_not_show_signatures() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    for (list, code) in [
        ("http://127.0.0.1:1/a.jpg?sig=SECRET\n", 2),
        ("path\nhttp://127.0.0.1:1/a.jpg?sig=SECRET\n", 0),
        ("path\nhttp://me:SECRET@127.0.0.1:1/a.jpg\n", 0),
        ("path\ns3://bucket/a.jpg?X-Amz-Signature=SECRET\n", 0),
        ("path\nhttp://127.0.0.1:1/\u{7f}?token=SECRET\n", 0),
        ("path,link\nnone.jpg,https://h/a?access_token=SECRET\n", 0),
    ] {
        bench.put("l.csv", list.as_bytes());
        list_job(&bench, "");
        let ran = bench.run(&["-v"]);
        assert_eq!(ran.code, code, "{list}: {}", ran.stderr);
        assert!(!ran.stderr.contains("SECRET") && !ran.stdout.contains("SECRET"), "{}", ran.stderr);
        assert!(!left_behind(&bench).contains("SECRET"), "{list}");
    }
}

#[test]
fn a_signed_url_that_is_not_written_as_one_is_not_shown() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    list_job(&bench, "");
    let signed = |text: &str| text.replace('$', "?X-Amz-Signature=SECRET");
    let list = signed(
        "path\n<https://h.example/1.jpg$>\n'https://h.example/2.jpg$'\n[https://h.example/3.jpg$]\nurl:https://h.example/4.jpg$\n\
         http ://h.example/5.jpg$\nb.s3.amazonaws.com/6.jpg$\npages/00000.jpg$\nx@https://h.example/8.jpg$\n\
         https%3A%2F%2Fh.example%2F9.jpg%3FX-Amz-Signature%3DSECRET\n",
    );
    bench.put("l.csv", list.as_bytes());
    let ran = bench.run(&["-vv"]);
    assert!(!ran.stderr.contains("SECRET") && !ran.stdout.contains("SECRET"), "{}", ran.stderr);
    assert!(!left_behind(&bench).contains("SECRET"));
    let (paths, rows) = (paths(&bench), bench.rows());
    assert_eq!(paths.len(), 9);
    assert_eq!(paths[0], "<https://h.example/1.jpg");
    assert_eq!(paths[6], "***pages/00000.jpg", "not another file");
    assert_eq!(paths[7], "***https://h.example/8.jpg", "not a URL that is fetched");
    assert!(rows.iter().all(|row| row["status"] == "failed"), "{rows:?}");
    let tried = bench.docmill(&["try", "job.yaml", &signed("https://h.example/1.jpg$")]);
    assert!(tried.stderr.contains("https://h.example/1.jpg") && !tried.stderr.contains("SECRET"), "{}", tried.stderr);
}

#[test]
fn a_plan_counts_urls_that_were_not_fetched_and_formats_without_parameters() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    let (port, _) = web_server();
    list_job(&bench, "");
    let list = format!("path\nhttp://127.0.0.1:{port}/1.jpg?v=1.2#a\nhttp://127.0.0.1:{port}/v1.0/get?id=2\n");
    bench.put("l.csv", list.as_bytes());
    let plan = || bench.docmill(&["plan", "job.yaml", "--format", "json"]);
    let before = plan();
    let json: Value = serde_json::from_str(&before.stdout).unwrap();
    assert_eq!((&json["not_fetched"], &json["pages"]), (&2.into(), &0.into()));
    assert!(!before.stderr.contains("no pages"), "{}", before.stderr);
    assert_eq!(bench.run(&[]).code, 0);
    let json: Value = serde_json::from_str(&plan().stdout).unwrap();
    assert_eq!(json["by_format"], serde_json::json!({"jpeg": 1, "unknown": 1}));
}
