//! A run that dies at a point of its way: the process ends there, as by kill -9.

use crate::bench::Bench;
use docmill::internal::base::clock::{Clock, Sleep, SystemClock};
use docmill::internal::base::hooks::{Hooks, NoHooks, Point};
use docmill::internal::base::ids::RunId;
use docmill::internal::manifest::Endpoint;
use docmill::internal::pipeline::{
    self, Counters, Dependencies, PipelineError, RetrySelection, RunOptions, RunOutcome, Shutdown,
};
use docmill::internal::prepare::DecoderCommand;
use docmill::internal::provider::{HttpClient, HttpClientOptions};
use docmill::internal::report::Report;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

const POINTS: [Point; 13] = [
    Point::Reserved,
    Point::Sent,
    Point::Replied,
    Point::Committed,
    Point::Settled,
    Point::BatchFilled,
    Point::BatchUploaded,
    Point::BatchCreated,
    Point::BatchSubmitted,
    Point::BatchCollecting,
    Point::BatchCollected,
    Point::TempWritten,
    Point::Renamed,
];

/// Runs `job.yaml` of a bench until it comes to `point` for the `nth` time, where it dies.
/// Whether it came there.
pub(crate) fn dies(bench: &Bench, point: Point, nth: u32) -> bool {
    dies_in(bench, point, &format!("{nth}"))
}

/// Runs `job.yaml` without waiting for batches until it comes to `point`, where it dies.
pub(crate) fn run_once(bench: &Bench, point: Point) {
    assert!(dies_in(bench, point, "1 once"), "{point:?}");
}

/// `run`: for which time it comes to the point, and what kind of run it is.
fn dies_in(bench: &Bench, point: Point, run: &str) -> bool {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args([&test_name("a_run_that_dies"), "--exact", "--ignored", "--nocapture"]);
    child.env("DOCMILL_TEST_DEATH", format!("{point:?} {run}")).current_dir(bench.path(""));
    let output = child.output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    let has_died = words.contains("dies now");
    assert!(String::from_utf8_lossy(&output.stdout).contains("running 1 test\n"), "the process ran its test");
    assert_eq!(has_died, !output.status.success(), "{point:?}: {words}");
    has_died
}

/// As [`dies`], and it has to come there.
pub(crate) fn run(bench: &Bench, point: Point, nth: u32) {
    assert!(dies(bench, point, nth), "{point:?} for the {nth}. time");
}

/// The full name of a test of this file, as the test program knows it.
fn test_name(name: &str) -> String {
    let (_, module) = module_path!().split_once("::").unwrap();
    format!("{module}::{name}")
}

struct Death {
    point: Point,
    left: AtomicU32,
}

impl Hooks for Death {
    fn reached(&self, point: Point) {
        if point == self.point && self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            let _ = std::io::Write::write_all(&mut std::io::stderr(), b"dies now\n");
            std::process::abort();
        }
    }
}

#[test]
#[ignore = "a part of other tests: a process of its own"]
fn a_run_that_dies() {
    let Ok(death) = std::env::var("DOCMILL_TEST_DEATH") else { return };
    let (name, run) = death.split_once(' ').unwrap();
    let (nth, once) = (run.trim_end_matches(" once"), run.ends_with(" once"));
    let point = *POINTS.iter().find(|point| format!("{point:?}") == name).unwrap();
    let hooks = Death { point, left: nth.parse::<u32>().unwrap().into() };
    run_here(
        Arc::new(SystemClock::default()),
        Arc::new(hooks),
        &format!("{name}{nth}"),
        &RunOptions { once, ..RunOptions::default() },
    );
}

/// A clock that is set forward and back by days, all the time.
struct Jumping {
    inner: SystemClock,
    calls: AtomicU32,
}

impl Clock for Jumping {
    fn now(&self) -> Duration {
        self.inner.now()
    }

    fn wall_ms(&self) -> i64 {
        let days = [0, 3, -40, 400, -1, 0, 9000][self.calls.fetch_add(1, Ordering::SeqCst) as usize % 7];
        self.inner.wall_ms() + days * 86_400_000
    }

    fn sleep(&self, duration: Duration) -> Sleep<'_> {
        self.inner.sleep(duration)
    }
}

/// Starts a run of `job.yaml` whose wall clock jumps. `refresh`: everything is asked again; `failed`: what has failed.
pub(crate) fn start_jumping(bench: &Bench, options: &[&str]) -> std::process::Child {
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args([&test_name("a_run_whose_clock_jumps"), "--exact", "--ignored", "--nocapture"]);
    child.env("DOCMILL_TEST_JUMPS", options.join(" ")).current_dir(bench.path("")).stdout(std::process::Stdio::piped());
    child.spawn().unwrap()
}

#[test]
#[ignore = "a part of other tests: a process of its own"]
fn a_run_whose_clock_jumps() {
    if let Ok(options) = std::env::var("DOCMILL_TEST_JUMPS") {
        let clock = Jumping { inner: SystemClock::default(), calls: 0.into() };
        let refresh = options == "refresh";
        let failed = refresh || options == "failed";
        let selection = RetrySelection { invalid: refresh, refused: refresh, failed, refresh, redrawn: false };
        let options = RunOptions { selection, ..RunOptions::default() };
        run_here(Arc::new(clock), Arc::new(NoHooks), "jumps", &options);
    }
}

fn run_here(clock: Arc<dyn Clock>, hooks: Arc<dyn Hooks>, name: &str, options: &RunOptions) {
    let shutdown = Shutdown::new(clock.clone());
    run_at(Path::new("job.yaml"), clock, hooks, &shutdown, name, options).unwrap();
}

/// Runs a job in this process.
pub(crate) fn run_at(
    manifest: &Path,
    clock: Arc<dyn Clock>,
    hooks: Arc<dyn Hooks>,
    shutdown: &Shutdown,
    name: &str,
    options: &RunOptions,
) -> Result<(Report, RunOutcome), PipelineError> {
    let job = docmill::internal::manifest::load(manifest, &|_| None).unwrap();
    let questions: Arc<[_]> = docmill::internal::task::compile(&job.tasks, &[]).unwrap().into();
    let Endpoint::Remote { base_url } = &job.provider.endpoint else { panic!("the job names no server") };
    let client = HttpClient::new(HttpClientOptions {
        base_url: base_url.clone(),
        key: None,
        headers: Vec::new(),
        query: String::new(),
        secret_query: Vec::new(),
        proxy: None,
        authorities: None,
        timeouts: job.request.timeouts,
    });
    let dependencies = Dependencies {
        clock,
        hooks,
        seed: 1,
        run_id: RunId::new(format!("20261124T000000-{name}-{}", std::process::id())),
        client: client.unwrap(),
        decoder: DecoderCommand::new(env!("CARGO_BIN_EXE_docmill"), vec!["decode-pages".into()]),
    };
    let counters = Arc::new(Counters::default());
    pipeline::run(&Arc::new(job), &questions, &dependencies, options, shutdown, &counters)
}
