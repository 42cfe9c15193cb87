//! `--refresh`: each page once, despite interruptions and changes of the clock.

use crate::bench::{Bench, under_way};
use crate::harness::recording_server::{RecordingServer, error, invoice};
#[cfg(unix)]
use crate::harness::stopped::Stopped;
use crate::harness::wait::wait_until;
use crate::store::dying;
use docmill::internal::simulator::Options;
use std::time::Duration;

fn answered(pages: usize, options: Options) -> Bench {
    let bench = Bench::with_pages(pages).simulator(options);
    bench.job("limits: {concurrency: 4}");
    assert_eq!(bench.run(&["-q"]).code, 0);
    assert_eq!(requests(&bench), pages as u64);
    bench
}

fn requests(bench: &Bench) -> u64 {
    bench.stats()["requests"].as_u64().unwrap()
}

#[test]
fn an_interrupted_refresh_is_continued_by_the_same_command() {
    // Of the refresh, the server answers ten pages, and no more before it is killed.
    let server = RecordingServer::start(|_, at| match at {
        50..54 => loop {
            std::thread::park();
        },
        _ => invoice(),
    });
    let requests = || server.count() as u64;
    let bench = Bench::with_pages(40);
    let task = "tasks: {kind: {classify: {labels: [invoice, letter]}}}";
    bench.job_at(&server.server.base_url, &format!("limits: {{concurrency: 4}}\n{task}"));
    assert_eq!((bench.run(&["-q"]).code, requests()), (0, 40));
    let mut child = bench.start(&["--refresh", "--progress", "off"]);
    wait_until("the server answers no more", || requests() == 54);
    child.kill().unwrap();
    child.wait().unwrap();
    let report = bench.docmill(&["report", "job.yaml"]);
    assert!(report.stdout.contains("  died in "), "{}", report.stdout);
    // A run without options in between does not matter.
    assert_eq!(bench.run(&["-q"]).code, 0);
    let before = requests();
    let plan = |arguments: &[&str]| {
        let ran = bench.docmill(&[&["plan", "job.yaml", "--format", "json"], arguments].concat());
        serde_json::from_str::<serde_json::Value>(&ran.stdout).unwrap()["to_ask"].as_u64().unwrap()
    };
    let left = plan(&["--refresh"]);
    assert_eq!(left, 30, "pages that are left to ask");
    assert_eq!(plan(&["--retry", "invalid"]), 0, "another selection");
    let limited = bench.run(&["--refresh", "--limit", "5"]);
    assert!(limited.stderr.contains("continuing run"), "{}", limited.stderr);
    assert_eq!((limited.code, requests()), (0, before + 5));
    assert_eq!(bench.report()["outcome"], "limited");
    assert!(limited.stderr.contains("hint: some pages are left to be sent again"), "{}", limited.stderr);
    let rest = bench.run(&["--refresh"]);
    assert_eq!((rest.code, &bench.report()["outcome"]), (0, &"complete".into()));
    assert!(rest.stderr.contains("hint: run it without --refresh"), "{}", rest.stderr);
    assert_eq!(requests(), before + left);
    let anew = bench.run(&["--refresh"]);
    assert!(!anew.stderr.contains("continuing run"), "{}", anew.stderr);
    assert_eq!(requests(), before + left + 40, "a refresh that came to its end is not continued");
}

/// A limit that ends exactly where the input ends leaves nothing: the refresh after it begins anew.
#[test]
fn refreshes_with_limits_ask_each_page_once() {
    let bench = answered(20, Options::default());
    let ask = |arguments: &[&str], asked: u64, says: &str| {
        let before = requests(&bench);
        let ran = bench.run(&[&["--refresh"], arguments].concat());
        let case = format!("{arguments:?}: {}", ran.stderr);
        assert_eq!((ran.code, requests(&bench) - before), (0, asked), "{case}");
        let is_continued = ran.stderr.contains("pages that it has sent are not sent again");
        let has_more = ran.stderr.contains("some pages are left to be sent again");
        assert_eq!((is_continued, has_more), (says.contains("continued"), says.contains("more")), "{case}");
    };
    ask(&["--limit", "10"], 10, "more");
    ask(&["--limit", "10"], 10, "continued");
    ask(&[], 20, "");
    ask(&["--limit", "7"], 7, "more");
    ask(&["--limit", "7"], 7, "continued, more");
    ask(&["--limit", "7"], 6, "continued");
    ask(&["--limit", "20"], 20, "");
    ask(&["--limit", "30"], 20, "");
    ask(&["--limit", "19"], 19, "more");
    ask(&[], 1, "continued");
    ask(&[], 20, "");
}

/// Answers stamped in the future, and a clock that jumps during the run.
#[test]
fn the_clock_does_not_decide_what_a_refresh_asks() {
    let bench = answered(30, Options { latency: Duration::from_millis(2), ..Options::default() });
    let store = rusqlite::Connection::open(bench.path("store.db")).unwrap();
    store.execute("UPDATE answers SET at = at + 3600000 * (1 - 2 * (page_id % 2))", []).unwrap();
    drop(store);
    assert_eq!(bench.run(&["--refresh", "-q"]).code, 0);
    assert_eq!(requests(&bench), 60);
    for _ in 0..2 {
        let before = requests(&bench);
        let mut child = dying::start_jumping(&bench, &["refresh"]);
        assert!(child.wait().unwrap().success());
        assert_eq!(requests(&bench), before + 30);
    }
}

/// Pages that fail, by an endpoint that has answered others and by one that has answered none. The latter is searched for what it
/// rejects: with other forms of the requests, again in every run.
#[test]
fn the_clock_does_not_decide_which_failed_pages_are_asked() {
    for (answered, failing) in [(1, 12), (0, 12)] {
        let server = RecordingServer::start(move |_, at| match at {
            _ if at < answered => invoice(),
            _ => error(400, "bad image"),
        });
        let tasks = "tasks: {kind: {classify: {labels: [invoice, letter, form]}}}";
        let bench = Bench::with_pages(answered);
        bench.job_at(
            &server.server.base_url,
            &format!("{tasks}\nlimits: {{concurrency: 1}}\non_error: {{max_failed: 100%, stop_after: 0}}"),
        );
        assert_eq!(bench.run(&["-q"]).code, if answered > 0 { 0 } else { 3 });
        for at in 0..failing {
            bench.put(&format!("pages/more{at}.jpg"), &crate::bench::page(100 + at));
        }
        let asked = |run: &dyn Fn() -> bool| {
            let before = server.count();
            assert!(run());
            server.count() - before
        };
        let run = |options: &[&str]| bench.run(&[&["-q"], options].concat()).code == 0;
        let first = asked(&|| run(&[]));
        assert!(if answered > 0 { first == 12 } else { (20..=30).contains(&first) }, "{first}");
        assert_eq!(asked(&|| run(&[])), 0, "they are settled");
        for _ in 0..3 {
            let jumping = || dying::start_jumping(&bench, &["failed"]).wait().unwrap().success();
            assert_eq!(asked(&jumping), first, "by an endpoint with {answered} answers");
        }
        let forms = server.forms().len();
        assert_eq!(forms > 1, answered == 0, "{forms} forms of requests");
    }
}

#[test]
fn a_tried_page_is_asked_once() {
    let bench = Bench::with_pages(2).simulator(Options::default());
    bench.job("");
    let first = bench.docmill(&["try", "job.yaml", "pages/00000.jpg"]);
    assert_eq!((first.code, requests(&bench)), (0, 1), "{}", first.stderr);
    let again = bench.docmill(&["try", "job.yaml", "pages/00000.jpg"]);
    assert_eq!((again.code, requests(&bench)), (0, 1), "{}", again.stderr);
    assert!(
        again.stdout.contains("(stored 20") && again.stderr.contains("--refresh"),
        "{}{}",
        again.stdout,
        again.stderr
    );
    assert_eq!(bench.docmill(&["try", "job.yaml", "pages/00000.jpg", "--refresh"]).code, 0);
    assert_eq!(requests(&bench), 2);
    let beyond = bench.docmill(&["try", "job.yaml", "pages/00001.jpg", "--page", "9"]);
    assert_eq!((beyond.code, requests(&bench)), (2, 2), "{}", beyond.stderr);
    assert!(beyond.stderr.contains("there is no page 9"), "{}", beyond.stderr);
}

/// A device or a pipe might never end, and a file may be larger than the memory.
#[cfg(unix)]
#[test]
fn a_tried_file_is_read_within_the_limits_of_a_run() {
    let bench = Bench::with_pages(1).simulator(Options::default());
    bench.job("");
    assert!(std::process::Command::new("mkfifo").arg(bench.path("pages/pipe.jpg")).status().unwrap().success());
    std::fs::File::create(bench.path("pages/large.jpg")).unwrap().set_len((512 << 20) + 1).unwrap();
    for (file, why) in
        [("/dev/zero", "not a file"), ("pages/pipe.jpg", "not a file"), ("pages/large.jpg", "the limit is 536870912")]
    {
        let tried = bench.docmill(&["try", "job.yaml", file]);
        assert_eq!((tried.code, requests(&bench)), (2, 0), "{file}: {}", tried.stderr);
        assert!(tried.stderr.contains(file) && tried.stderr.contains(why), "{file}: {}", tried.stderr);
    }
}

/// A process that was stopped while it waited for replies. Its requests do not hold their pages longer
/// than they may take.
#[cfg(unix)]
#[test]
fn a_stopped_process_does_not_hold_its_pages_for_ever() {
    let latency = Duration::from_millis(1500);
    let prepared = || {
        let bench = Bench::with_pages(12).simulator(Options { latency, ..Options::default() });
        bench.job("limits: {concurrency: 4}\nrequest: {timeout: 9s}");
        bench
    };
    let (bench, mut child, stopped) =
        Stopped::while_waiting(prepared, &["--progress", "off"], |bench| bench.is_asking(4));
    let run = bench.run(&[]);
    drop(stopped);
    let run_id = run.stderr.split_once("pages that run ").map(|(_, rest)| rest.split(' ').next().unwrap().to_owned());
    assert_eq!(run.code, 0, "{}", run.stderr);
    let run_id = run_id.unwrap_or_else(|| panic!("it does not say for whom it waits: {}", run.stderr));
    assert!(run.stderr.contains(&format!("run {run_id} has not ended 4 requests in time")), "{}", run.stderr);
    assert_eq!(bench.rows().iter().filter(|row| row["status"] == "ok").count(), 12);
    // The stopped one finds everything answered.
    assert!(child.wait().unwrap().success());
    assert!(requests(&bench) <= 12 + 4, "{}", requests(&bench));
    assert_eq!(bench.docmill(&["store", "check", "--store", "store.db"]).code, 0);
}

#[cfg(unix)]
#[test]
fn a_tried_page_that_another_run_is_asking_is_waited_for_as_long_as_that_may_take() {
    let prepared = || {
        let latency = Duration::from_secs(3);
        let bench = Bench::with_pages(1).simulator(Options { latency, ..Options::default() });
        bench.job("request: {timeout: 8s}");
        bench
    };
    for is_stopped in [false, true] {
        let (bench, mut child, stopped) = if is_stopped {
            let (bench, child, stopped) =
                Stopped::while_waiting(prepared, &["--progress", "off"], |bench| bench.is_asking(1));
            (bench, child, Some(stopped))
        } else {
            let bench = prepared();
            let mut child = bench.start(&["--progress", "off"]);
            under_way(&bench, &mut child, 1);
            (bench, child, None)
        };
        let tried = bench.docmill(&["try", "job.yaml", "pages/00000.jpg"]);
        assert_eq!(tried.code, 0, "{is_stopped}: {}", tried.stderr);
        assert_eq!(tried.stderr.contains("has not ended 1 request in time"), is_stopped, "{}", tried.stderr);
        assert_eq!(requests(&bench), if is_stopped { 2 } else { 1 }, "{}", tried.stderr);
        drop(stopped);
        assert!(child.wait().unwrap().success());
    }
}

/// What a stopped process has reserved counts once, as spent, when its requests are overdue: no multiple of it is kept
/// free indefinitely. All of it together never exceeds the budget.
#[cfg(unix)]
#[test]
fn a_stopped_process_does_not_hold_a_small_budget_for_ever() {
    let prepared = || {
        let options = Options { latency: Duration::from_millis(1500), ..Options::default() };
        let bench = Bench::with_pages(3).simulator(options);
        bench.job("limits: {concurrency: 4}\nrequest: {timeout: 4s}");
        bench
    };
    let worst = prepared().worst_request_usd();
    // Enough for the request of the stopped process and for those of three pages, and less than twice the
    // multiple that is kept for requests at the same time.
    let budget = (worst * 4.5).to_string();
    let arguments = ["--progress", "off", "--budget-usd", &budget];
    let (bench, mut child, stopped) = Stopped::while_waiting(prepared, &arguments, |bench| bench.is_asking(1));
    let run = bench.run(&["--budget-usd", &budget]);
    let spent = bench.docmill(&["report", "job.yaml", "--budgets", "--format", "json"]).stdout;
    drop(stopped);
    assert!(child.wait().unwrap().success());
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stderr.contains("has not ended 1 request in time"), "{}", run.stderr);
    assert_eq!(bench.rows().iter().filter(|row| row["status"] == "ok").count(), 3);
    let budgets: serde_json::Value = serde_json::from_str(&spent).unwrap_or_else(|error| panic!("{error}: {spent}"));
    let used = |name: &str| -> f64 {
        let budgets = budgets.as_array().or_else(|| budgets["budgets"].as_array()).unwrap();
        budgets.iter().map(|budget| budget[name].as_str().unwrap().parse::<f64>().unwrap()).sum()
    };
    assert!(used("spent_usd") + used("reserved_usd") <= worst * 4.5, "{spent}");
    assert!(used("spent_usd") >= worst, "what is given up counts: {spent}");
}

#[test]
fn a_sample_is_refreshed_as_often_as_it_is_wanted() {
    let bench = answered(20, Options::default());
    for round in 1..=3 {
        assert_eq!(bench.run(&["--refresh", "--sample", "4", "-q"]).code, 0);
        assert_eq!(requests(&bench), 20 + 4 * round);
    }
}
