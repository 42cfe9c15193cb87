//! Who may ask the server, and what it answers to everybody else.

use super::client::{Served, reviewed_job};
use serde_json::json;

/// Headers that every response has.
fn assert_safe(got: &super::client::Got, what: &str) {
    let policy = got.header("content-security-policy").unwrap_or_else(|| panic!("{what}: {}", got.head));
    for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
        assert!(policy.contains(part), "{what}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{what}: {policy}");
    for (name, value) in [
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        assert_eq!(got.header(name), Some(value), "{what}");
    }
}

#[test]
fn a_token_is_exchanged_once_for_a_cookie() {
    let bench = reviewed_job(2, "");
    let served = Served::signed_out(&bench, &[]);
    assert!(served.token.len() >= 32);
    let refused = served.raw("GET / HTTP/1.1", &[], "");
    assert_eq!(refused.status, 403, "{}", refused.head);
    assert!(refused.text().contains("Not signed in"), "{}", refused.text());
    assert_eq!(served.raw("GET /?token=guess HTTP/1.1", &[], "").status, 403);
    let token = format!("GET /?token={} HTTP/1.1", served.token);
    let got = served.raw(&token, &[], "");
    assert_eq!((got.status, got.header("location")), (303, Some("/")));
    let cookie = got.header("set-cookie").unwrap().to_owned();
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Strict"), "{cookie}");
    assert!(!cookie.contains(&served.token));
    assert_safe(&got, "token");
    let cookie = cookie.split(';').next().unwrap();
    let page = served.raw("GET / HTTP/1.1", &[("cookie", cookie)], "");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("/assets/main.js"));
    assert_eq!(served.raw(&token, &[], "").status, 403, "another browser can't use it");
    let again = served.raw(&token, &[("cookie", cookie)], "");
    assert_eq!((again.status, again.header("set-cookie")), (303, None), "reloading the address");
    // A signed-in browser makes an address for another one.
    let origin = format!("http://127.0.0.1:{}", served.port);
    let headers = [("cookie", cookie), ("origin", &origin), ("content-type", "application/json")];
    let made = served.raw("POST /api/address HTTP/1.1", &headers, "{}");
    let address = made.json()["address"].as_str().unwrap().to_owned();
    let path = address.strip_prefix(&origin).unwrap();
    assert_eq!(served.raw(&format!("GET {path} HTTP/1.1"), &[], "").status, 303);
}

#[test]
fn nothing_is_answered_without_the_cookie() {
    let bench = reviewed_job(2, "");
    let served = Served::signed_out(&bench, &[]);
    let origin = format!("http://127.0.0.1:{}", served.port);
    for path in ["/", "/assets/main.js", "/api/job", "/api/pages", "/picture?page=x", "/none"] {
        let got = served.raw(&format!("GET {path} HTTP/1.1"), &[], "");
        assert_eq!(got.status, 403, "{path}");
        assert!(!got.text().contains("invoice"), "{path}");
        assert_safe(&got, path);
    }
    let headers = [("origin", origin.as_str()), ("content-type", "application/json")];
    let got = served.raw("POST /api/decide HTTP/1.1", &headers, "{\"decisions\": []}");
    assert_eq!(got.status, 403);
}

#[test]
fn other_hosts_and_pages_of_others_are_refused() {
    let bench = reviewed_job(2, "");
    let served = Served::start(&bench, &[]);
    let port = served.port;
    let own = format!("http://127.0.0.1:{port}");
    for (host, origin, status) in [
        (format!("127.0.0.1:{port}"), None, 403),
        (format!("localhost:{port}"), None, 403),
        (format!("evil.example:{port}"), None, 421),
        (format!("127.0.0.1.nip.example:{port}"), None, 421),
        ("127.0.0.1".to_owned(), None, 421),
        (String::new(), None, 421),
        (format!("127.0.0.1:{port}"), Some("http://evil.example"), 403),
        (format!("127.0.0.1:{port}"), Some("null"), 403),
    ] {
        let mut headers = vec![("host", host.as_str())];
        headers.extend(origin.map(|origin| ("origin", origin)));
        let got = served.raw("GET /api/job HTTP/1.1", &headers, "");
        assert_eq!(got.status, status, "{headers:?}");
        assert!(!got.text().contains("\"job\""), "{headers:?}");
        assert_safe(&got, &host);
    }
    // With the cookie, a change still has to come from a page of this server, as JSON.
    let page = served.pages("limit=1")[0].clone();
    let body = json!({"decisions": [{"page": page["page"], "task": "kind", "value": "form"}]}).to_string();
    let cookie = served.cookie().to_owned();
    for (headers, status) in [
        (vec![("content-type", "application/json")], 403),
        (vec![("origin", "http://evil.example"), ("content-type", "application/json")], 403),
        (vec![("origin", "null"), ("content-type", "application/json")], 403),
        (vec![("origin", own.as_str())], 415),
        (vec![("origin", own.as_str()), ("content-type", "text/plain")], 415),
        (vec![("origin", own.as_str()), ("content-type", "application/x-www-form-urlencoded")], 415),
        (vec![("origin", own.as_str()), ("content-type", "application/json")], 200),
    ] {
        let headers = [vec![("cookie", cookie.as_str())], headers].concat();
        let got = served.raw("POST /api/decide HTTP/1.1", &headers, &body);
        assert_eq!(got.status, status, "{headers:?}: {}", got.text());
        let decided = &served.json("/api/progress?task=kind")["tasks"][0]["decided"];
        assert_eq!(*decided, u64::from(status == 200), "{headers:?}");
    }
}

#[test]
fn every_answer_is_safe_and_has_the_right_status() {
    let bench = reviewed_job(2, "");
    let served = Served::start(&bench, &[]);
    let page = served.pages("limit=1")[0]["page"].as_str().unwrap().to_owned();
    let cookie = served.cookie().to_owned();
    let long = format!("/api/pages?label={}", "x".repeat(9000));
    for (line, status) in [
        ("GET / HTTP/1.1".to_owned(), 200),
        ("GET /assets/main.js HTTP/1.1".into(), 200),
        ("GET /assets/base.css HTTP/1.1".into(), 200),
        ("GET /assets/../Cargo.toml HTTP/1.1".into(), 404),
        ("GET /../../etc/passwd HTTP/1.1".into(), 404),
        ("GET /api/pages HTTP/1.1".into(), 200),
        ("GET /api/pages?task=none HTTP/1.1".into(), 400),
        ("GET /api/pages?limit=-1 HTTP/1.1".into(), 400),
        ("GET /api/pages?at=..%2f..%2fetc HTTP/1.1".into(), 400),
        (format!("GET {long} HTTP/1.1"), 414),
        (format!("GET /picture?page={page}&side=99999999 HTTP/1.1"), 200),
        ("GET /picture?page=../../etc/passwd HTTP/1.1".into(), 404),
        ("GET /picture HTTP/1.1".into(), 404),
        ("GET /none HTTP/1.1".into(), 404),
        ("PUT /api/decide HTTP/1.1".into(), 405),
        ("DELETE / HTTP/1.1".into(), 405),
        ("OPTIONS /api/job HTTP/1.1".into(), 405),
    ] {
        let got = served.raw(&line, &[("cookie", &cookie)], "");
        assert_eq!(got.status, status, "{line}: {}", got.text());
        assert_safe(&got, &line);
        assert_eq!(got.header("access-control-allow-origin"), None, "{line}");
    }
    for (path, body, status) in [
        ("/api/decide", "{\"decisions\": []}".to_owned(), 400),
        ("/api/decide", "not json".into(), 400),
        ("/api/decide", format!("{{\"decisions\": \"{}\"}}", "x".repeat(2 << 20)), 413),
        (
            "/api/decide",
            format!("{{\"decisions\": [{{\"page\": \"{page}\", \"task\": \"none\", \"value\": 1}}]}}"),
            400,
        ),
        (
            "/api/decide",
            format!("{{\"decisions\": [{{\"page\": \"{page}\", \"task\": \"kind\", \"value\": \"memo\"}}]}}"),
            400,
        ),
        ("/api/decide", "{\"decisions\": [{\"page\": \"x\", \"task\": \"kind\", \"value\": \"form\"}]}".into(), 404),
        ("/api/undo", "{\"group\": 1}".into(), 404),
        ("/api/undo", "{}".into(), 400),
        ("/api/none", "{}".into(), 404),
    ] {
        let origin = format!("http://127.0.0.1:{}", served.port);
        let headers = [("cookie", cookie.as_str()), ("origin", &origin), ("content-type", "application/json")];
        let got = served.raw(&format!("POST {path} HTTP/1.1"), &headers, &body);
        assert_eq!(got.status, status, "{path} {:.80}: {}", body, got.text());
        assert_safe(&got, path);
    }
    assert_eq!(served.json("/api/progress")["tasks"][0]["decided"], 0);
}

#[test]
fn a_link_from_elsewhere_leads_in_by_one_more_step() {
    let bench = reviewed_job(2, "");
    let served = Served::signed_out(&bench, &[]);
    let elsewhere = [("sec-fetch-site", "cross-site")];
    let got = served.raw(&format!("GET /?token={} HTTP/1.1", served.token), &elsewhere, "");
    let cookie = got.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    // The browser keeps the cookie back on the way.
    let got = served.raw("GET / HTTP/1.1", &elsewhere, "");
    assert_eq!(got.status, 403);
    assert!(got.text().contains("http-equiv=\"refresh\""), "{}", got.text());
    let got = served.raw("GET / HTTP/1.1", &[("sec-fetch-site", "same-origin"), ("cookie", &cookie)], "");
    assert_eq!(got.status, 200);
    let stranger = served.raw("GET / HTTP/1.1", &[("sec-fetch-site", "same-origin")], "");
    assert!(stranger.text().contains("Not signed in"), "no endless loop: {}", stranger.text());
}

#[cfg(unix)]
#[test]
fn it_ends_cleanly_and_explains_what_is_wrong() {
    let bench = reviewed_job(2, "");
    for signal in ["INT", "TERM"] {
        assert_eq!(Served::start(&bench, &[]).end(signal), 0, "{signal}");
    }
    let mut idle = bench.command(&["review", "job.yaml", "--no-open", "--idle", "200ms"]);
    assert!(idle.output().unwrap().status.success(), "it ends when nobody asks");
    let served = Served::start(&bench, &[]);
    let port = served.port.to_string();
    for (arguments, message) in [
        (vec!["--port", port.as_str()], "can't listen on 127.0.0.1"),
        (vec!["--task", "none"], "--task none: the job has no such task"),
        (vec!["--reviewer", " "], "--reviewer is empty"),
        (vec!["--reviewer", "a\u{1b}[31mb"], "--reviewer contains the control character U+001B"),
        (vec!["--reviewer", "a\nb"], "--reviewer contains the control character U+000A"),
        (vec!["--reviewer", &"x".repeat(101)], "--reviewer has more than 100 characters"),
        (vec!["--where", "nothing = 1"], "nothing"),
        (vec!["--where", "path = 'none'", "--sample", "3"], "no page matches --where path = 'none'"),
        (vec!["--store", "none.db"], "there is no store"),
    ] {
        let ran = bench.docmill(&[vec!["review", "job.yaml", "--no-open"], arguments.clone()].concat());
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(message), "{arguments:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{arguments:?}");
        assert!(!ran.stderr.contains('\u{1b}'), "{arguments:?}");
    }
    assert!(!bench.path("none.db").exists(), "a store is not created");
    // People without a name would share one.
    let mut nameless = bench.command(&["review", "job.yaml", "--no-open"]);
    ["USER", "LOGNAME", "USERNAME"].iter().for_each(|name| _ = nameless.env_remove(name));
    let ran = crate::bench::Ran::from(nameless.output().unwrap());
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("--reviewer NAME"), "{}", ran.stderr);
}

/// The documentation lists the existing keys and orders.
#[test]
fn the_documentation_names_every_key_and_order() {
    let docs = include_str!("../../../docs/review.md");
    let (help, main, single, grid) = (
        include_str!("../../../src/review/assets/help.js"),
        include_str!("../../../src/review/assets/main.js"),
        include_str!("../../../src/review/assets/single.js"),
        include_str!("../../../src/review/assets/grid.js"),
    );
    let keys = |script: &str| {
        let cases = script.lines().filter_map(|line| line.trim().strip_prefix("case \""));
        cases.filter_map(|rest| rest.split('"').next().map(str::to_owned)).collect::<Vec<_>>()
    };
    let names = [
        ("ArrowRight", "→"),
        ("ArrowLeft", "←"),
        ("ArrowUp", "↑"),
        ("ArrowDown", "↓"),
        (" ", "Space"),
        ("=", "+"),
        ("-", "-"),
    ];
    for key in [keys(main), keys(single), keys(grid)].concat() {
        let shown = names.iter().find(|(known, _)| *known == key).map_or(key.as_str(), |(_, shown)| shown);
        assert!(docs.contains(&format!("`{shown}`")), "docs/review.md: {key}");
        let help_name = if shown == "-" { "−" } else { shown };
        assert!(help.contains(help_name), "help.js: {key}");
    }
    assert!(keys(main).len() >= 4 && keys(single).len() > 10 && keys(grid).len() > 8);
    for order in docmill::ReviewOrder::ALL {
        assert!(docs.contains(&format!("| `{}` |", order.name())), "{}", order.name());
        assert_eq!(docmill::ReviewOrder::parse(order.name()), Some(order));
    }
}
