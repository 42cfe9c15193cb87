//! Lists instead of folders: their columns, their order, their URLs.

use crate::bench::{Bench, page};
use crate::skip::{ORDINARY_USER, skip};
use docmill::internal::simulator::Options;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Stdio;

fn list_job(bench: &Bench, input: &str, more: &str) {
    bench.job(more);
    bench.put("job.yaml", bench.text("job.yaml").replace("folder: pages", input).as_bytes());
}

fn column(bench: &Bench, name: &str) -> Vec<serde_json::Value> {
    bench.rows().iter().map(|row| row[name].clone()).collect()
}

#[test]
fn a_csv_carries_its_columns_in_its_order_and_a_missing_file_is_a_row() {
    let bench = Bench::with_pages(3).simulator(Options::default());
    bench.put(
        "list.csv",
        "\u{feff}path,customer,amount\r\npages/00002.jpg,ACME,007\r\npages/missing.jpg,\"B, C\",\r\npages/00000.jpg,=1+1,12\r\npages/00002.jpg,again,1\r\n".as_bytes(),
    );
    list_job(&bench, "list: list.csv", "on_error: {max_failed: 100%}");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(column(&bench, "path"), ["pages/00002.jpg", "pages/missing.jpg", "pages/00000.jpg", "pages/00002.jpg"]);
    assert_eq!(column(&bench, "status"), ["ok", "failed", "ok", "ok"]);
    assert_eq!(column(&bench, "customer"), ["ACME", "B, C", "=1+1", "again"]);
    assert_eq!(bench.rows()[0]["amount"], "007", "as it stands in the list");
    assert_eq!(bench.rows()[1]["amount"], serde_json::Value::Null);
    assert_eq!(bench.rows()[3]["duplicate_of"], "pages/00002.jpg");
    assert_eq!(bench.rows()[3]["cost_usd"], "0");
    assert_eq!(bench.stats()["requests"], 2);
    let csv = bench.text("out.csv");
    assert!(csv.starts_with("path,page,customer,amount,status,kind,"), "{csv}");
    assert!(csv.contains("pages/00000.jpg,1,'=1+1,12,ok"), "{csv}");
    // Lines that move cost nothing, and the same list writes the same bytes.
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.text("out.csv"), csv);
    bench.put("list.csv", b"path,customer,amount\npages/00001.jpg,new,1\npages/00000.jpg,=1+1,12\n");
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(column(&bench, "customer"), ["new", "=1+1"]);
    assert_eq!(bench.stats()["requests"], 3);
}

#[cfg(target_os = "linux")]
#[test]
fn paths_of_rows_lead_back_to_their_files() {
    use std::os::unix::ffi::OsStrExt;
    let bench = Bench::with_pages(3).simulator(Options::default());
    let names = [&b"a%FF.jpg"[..], b"b\xFF.jpg", b"c%25FF.jpg"];
    for (at, name) in names.iter().enumerate() {
        let to = bench.path("pages").join(std::ffi::OsStr::from_bytes(name));
        std::fs::rename(bench.path(&format!("pages/{at:05}.jpg")), to).unwrap();
    }
    // As an export of the folder writes them.
    let paths = ["pages/a%25FF.jpg", "pages/b%FF.jpg", "pages/c%2525FF.jpg"];
    bench.put("list.csv", format!("path\n{}\n", paths.join("\n")).as_bytes());
    list_job(&bench, "list: list.csv", "");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!((column(&bench, "path"), bench.stats()["requests"].as_u64()), (paths.map(Into::into).to_vec(), Some(3)));
    // A file with exactly this path takes precedence.
    bench.put("pages/b%FF.jpg", &page(7));
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(
        (column(&bench, "path")[1].clone(), bench.stats()["requests"].as_u64()),
        ("pages/b%25FF.jpg".into(), Some(4))
    );
}

#[test]
fn questions_may_name_columns() {
    let bench = Bench::with_pages(2).simulator(Options::default());
    bench.put(
        "list.csv",
        b"path,customer\npages/00000.jpg,ACME\npages/00001.jpg,Bolt\npages/00000.jpg,Bolt\npages/00000.jpg,ACME\n",
    );
    let tasks = "tasks: {ours: {question: {text: \"Is this page from {customer}?\", type: boolean, required: true}}}\non_error: {max_failed: 100%}";
    list_job(&bench, "list: list.csv", tasks);
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(column(&bench, "status"), ["ok", "ok", "ok", "ok"]);
    assert_eq!(bench.stats()["requests"], 3, "the same page with another question is asked, with the same one not");
    let duplicates: Vec<bool> = column(&bench, "duplicate_of").iter().map(serde_json::Value::is_string).collect();
    assert_eq!(duplicates, [false, false, false, true]);
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.stats()["requests"], 3);
    list_job(&bench, "list: list.csv", &tasks.replace("{customer}", "{client}"));
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("the list has no column `client`; columns: customer"), "{}", ran.stderr);
    list_job(&bench, "list: list.csv, carry: []", tasks);
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 2, "the braces are not sent");
    assert!(ran.stderr.contains("{customer} is a column that input.carry leaves out"), "{}", ran.stderr);
    assert_eq!(bench.stats()["requests"], 3);
}

#[test]
fn types_of_json_lines_and_parquet_reach_parquet() {
    let bench = Bench::with_pages(2).simulator(Options::default());
    let lines = [
        r#"{"path":"pages/00000.jpg","count":1,"share":2,"open":true,"mixed":1,"nested":{"a":[1]}}"#,
        r#"{"path":"pages/00001.jpg","count":-2,"share":0.5,"mixed":"x"}"#,
    ];
    bench.put("list.jsonl", lines.join("\n").as_bytes());
    list_job(&bench, "list: list.jsonl", "");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let first = &bench.rows()[0];
    assert_eq!((&first["count"], &first["mixed"], &first["nested"]), (&1.into(), &"1".into(), &"{\"a\":[1]}".into()));
    // Its output is a list again, with its own types.
    std::fs::rename(bench.path("out.parquet"), bench.path("list.parquet")).unwrap();
    list_job(&bench, "list: list.parquet, carry: [count, share, open, mixed]", "");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(column(&bench, "count"), [1, -2]);
    assert_eq!(column(&bench, "share"), [2.0, 0.5]);
    assert_eq!(bench.rows()[1]["open"], serde_json::Value::Null);
    let file = std::fs::File::open(bench.path("out.parquet")).unwrap();
    use parquet::file::reader::FileReader;
    let reader = parquet::file::reader::SerializedFileReader::new(file).unwrap();
    let schema = reader.metadata().file_metadata().schema();
    let types: Vec<String> =
        schema.get_fields()[2..6].iter().map(|f| format!("{} {}", f.name(), f.get_physical_type())).collect();
    assert_eq!(types, ["count INT64", "share DOUBLE", "open BOOLEAN", "mixed BYTE_ARRAY"]);
    assert_eq!(bench.stats()["requests"], 2);
}

#[test]
fn a_list_that_breaks_off_loses_nothing() {
    let bench = Bench::with_pages(3).simulator(Options::default());
    let list = "path,customer\npages/00000.jpg,a\npages/00001.jpg,b\npages/00002.jpg,c\n";
    bench.put("list.csv", list.as_bytes());
    list_job(&bench, "list: list.csv", "");
    assert_eq!(bench.run(&[]).code, 0);
    std::fs::rename(bench.path("out.parquet"), bench.path("list.parquet")).unwrap();
    list_job(&bench, "list: list.parquet, carry: [customer]", "");
    assert_eq!(bench.run(&[]).code, 0);
    let (before, whole) = (bench.text("out.csv"), std::fs::read(bench.path("list.parquet")).unwrap());
    // Its pages are gone, its footer is whole.
    let mut broken = whole.clone();
    broken[4..whole.len() / 3].fill(0x55);
    bench.put("list.parquet", &broken);
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("list.parquet") && ran.stderr.contains("correct the input"), "{}", ran.stderr);
    assert_eq!(bench.text("out.csv"), before, "the last whole output stands");
    assert_eq!(bench.docmill(&["check", "job.yaml"]).code, 2);
    bench.put("list.parquet", &whole);
    assert_eq!(bench.run(&[]).code, 0);
    assert_eq!(bench.text("out.csv"), before);
    assert_eq!(bench.stats()["requests"], 3);
}

#[test]
fn columns_may_change_their_order() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.put("list.csv", b"path,sender,amount\npages/00000.jpg,ACME,12\n");
    list_job(&bench, "list: list.csv", "");
    assert_eq!(bench.run(&[]).code, 0);
    bench.put("list.csv", b"path,amount,sender\npages/00000.jpg,12,ACME\n");
    assert_eq!(bench.docmill(&["export", "job.yaml"]).code, 0);
    assert_eq!((&bench.rows()[0]["amount"], &bench.rows()[0]["sender"]), (&"12".into(), &"ACME".into()));
}

#[test]
fn a_file_that_is_away_for_a_night_keeps_its_answers() {
    let bench = Bench::with_pages(2).simulator(Options::default());
    bench.job("");
    assert_eq!(bench.run(&["--task", "kind"]).code, 0);
    use std::os::unix::fs::PermissionsExt;
    let file = bench.path("pages/00000.jpg");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o000)).unwrap();
    let is_root = std::fs::read(&file).is_ok();
    assert!([0, 3].contains(&bench.run(&[]).code));
    let rows = bench.rows();
    assert!(rows[0]["kind"].is_string(), "{}", rows[0]);
    if is_root {
        return skip(ORDINARY_USER, "a_file_that_is_away_for_a_night_keeps_its_answers");
    }
    assert_eq!(rows[0]["error_kind"], "read_failed", "{}", rows[0]);
}

#[test]
fn columns_that_rows_cannot_have_are_reported_together() {
    let bench = Bench::with_pages(1);
    bench.put("list.csv", b"path,Invoice No,status,a__b,fine\npages/00000.jpg,1,2,3,4\n");
    list_job(&bench, "list: list.csv", "");
    let ran = bench.docmill(&["check", "job.yaml"]);
    assert_eq!(ran.code, 2);
    for name in ["`Invoice No`", "`status`", "`a__b`"] {
        assert!(ran.stderr.contains(name), "{}", ran.stderr);
    }
    list_job(&bench, "list: list.csv, carry: [fine]", "");
    assert_eq!(bench.docmill(&["check", "job.yaml"]).code, 0);
    list_job(&bench, "list: list.csv, path_column: file", "");
    assert!(
        bench.docmill(&["check", "job.yaml"]).stderr.contains("there is no column `file`; it has: path, Invoice No")
    );
    list_job(&bench, "list: missing.csv", "");
    assert_eq!(bench.docmill(&["check", "job.yaml"]).code, 2);
    for (list, words) in [
        (&b"path,a\npages/00000.jpg,x,y\n"[..], "found record with 3 fields"),
        (b"path,a\npages/00000.jpg,\xe9t\xe9\n", "line 2 is not UTF-8"),
        (b"path;a\npages/00000.jpg;x;y\n", "found record with 3 fields"),
    ] {
        bench.put("list.csv", list);
        list_job(&bench, "list: list.csv", "");
        let ran = bench.docmill(&["check", "job.yaml"]);
        assert!(ran.code == 2 && ran.stderr.contains(words), "{}", ran.stderr);
    }
    bench.put("bad.jsonl", b"{\"path\": \"a\"}\nnot json\n");
    list_job(&bench, "list: bad.jsonl", "");
    assert!(bench.docmill(&["check", "job.yaml"]).stderr.contains("line 2: not a JSON object"));
}

#[test]
fn standard_input_takes_lines_or_nul() {
    let bench = Bench::with_pages(2).simulator(Options::default());
    for paths in ["pages/00001.jpg\npages/00000.jpg\n", "pages/00001.jpg\0pages/00000.jpg\0"] {
        list_job(&bench, "list: \"-\"", "");
        let mut child = bench.command(&["run", "job.yaml", "-q"]).stdin(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(paths.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success());
        assert_eq!(column(&bench, "path"), ["pages/00001.jpg", "pages/00000.jpg"]);
    }
    assert_eq!(bench.stats()["requests"], 2);
}

/// A web server that ends with its test.
fn web_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = move || {
        for stream in listener.incoming().take(64) {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let mut request = [0; 4096];
                let count = stream.read(&mut request).unwrap_or(0);
                let text = String::from_utf8_lossy(&request[..count]).into_owned();
                let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
                let redirect = |to: &str| {
                    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                        .into_bytes()
                };
                let whole = |body: &[u8]| {
                    [
                        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len())
                            .as_bytes(),
                        body,
                    ]
                    .concat()
                };
                let reply = match path.as_str() {
                    "/a.jpg" => whole(&page(1)),
                    "/moved.jpg" => redirect("/a.jpg"),
                    "/loop.jpg" => redirect("/loop.jpg"),
                    "/file.jpg" => redirect("file:///etc/passwd"),
                    "/large.jpg" => b"HTTP/1.1 200 OK\r\ncontent-length: 5000000\r\nconnection: close\r\n\r\n".to_vec(),
                    "/endless.jpg" => {
                        [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec(), vec![7; 3_000_000]].concat()
                    }
                    "/cut.jpg" => b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\nconnection: close\r\n\r\nshort".to_vec(),
                    // It never replies. This ends when the client closes the connection.
                    "/slow.jpg" => {
                        while stream.read(&mut request).is_ok_and(|count| count > 0) {}
                        return;
                    }
                    _ => b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec(),
                };
                let _ = stream.write_all(&reply);
            });
        }
    };
    std::thread::spawn(serve);
    port
}

#[test]
fn urls_are_fetched_within_bounds() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    let port = web_server();
    let names = ["a", "moved", "loop", "file", "large", "endless", "cut", "slow", "none"];
    let urls: String = names.iter().map(|name| format!("http://127.0.0.1:{port}/{name}.jpg\n")).collect();
    bench.put("list.txt", format!("{urls}pages/00000.jpg\n").as_bytes());
    let bounds =
        "list: list.txt, allow_private_hosts: true, fetch: {timeout: 15s, max_megabytes: 1, requests_per_second: 50}";
    list_job(&bench, bounds, "on_error: {max_failed: 100%}");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(bench.rows().len(), names.len() + 1);
    for (row, expected) in bench.rows().iter().zip([
        "ok",
        "ok",
        "more than 5 redirects",
        "not an http or https URL",
        "more than 1000000 bytes",
        "more than 1000000 bytes",
        "can't be fetched",
        "longer than 15 s",
        "HTTP 404",
        "ok",
    ]) {
        let found = row["error"].as_str().unwrap_or("ok");
        assert!(found.contains(expected), "{row}");
        assert!(expected == "ok" || row["error_kind"] == "fetch_failed", "{row}");
    }
    assert_eq!(bench.stats()["requests"], 1 + 1, "equal pages once, wherever they come from");
}

#[test]
fn private_hosts_are_refused_by_number_by_name_and_after_redirects() {
    let bench = Bench::with_pages(0).simulator(Options::default());
    let port = web_server();
    let urls = [
        format!("http://127.0.0.1:{port}/a.jpg"),
        format!("http://localhost:{port}/a.jpg"),
        format!("http://[::1]:{port}/a.jpg"),
        format!("http://[::ffff:127.0.0.1]:{port}/a.jpg"),
        format!("http://2130706433:{port}/a.jpg"),
        format!("http://0x7f.1:{port}/a.jpg"),
        "http://169.254.169.254/latest/meta-data".into(),
        format!("HTTP://127.1:{port}/a.jpg"),
    ];
    bench.put("list.txt", urls.join("\n").as_bytes());
    list_job(&bench, "list: list.txt", "on_error: {max_failed: 100%}");
    let ran = bench.run(&[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for row in bench.rows() {
        assert!(row["error"].as_str().unwrap().contains("a private or local host"), "{row}");
    }
    assert_eq!(bench.rows().len(), urls.len());
}

#[test]
fn the_line_that_tells_excel_the_separator_is_not_the_names_of_columns() {
    let bench = Bench::with_pages(2).simulator(Options::default());
    for (separator, first) in [(";", "sep=;\r\n"), ("|", "SEP=|\n"), (",", "\u{feff}sep=,\r\n")] {
        let list = format!(
            "{first}path{separator}customer\npages/00000.jpg{separator}ACME\n\u{200b}pages/00001.jpg{separator}B\n"
        );
        bench.put("list.csv", list.as_bytes());
        list_job(&bench, "list: list.csv", "");
        let ran = bench.run(&[]);
        assert_eq!(ran.code, 0, "{first}: {}", ran.stderr);
        assert_eq!(column(&bench, "path"), ["pages/00000.jpg", "pages/00001.jpg"], "{first}");
        assert_eq!(column(&bench, "customer"), ["ACME", "B"], "{first}");
    }
}
