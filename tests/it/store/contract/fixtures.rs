//! Records with simple contents, and a run on a new store.

use super::Backend;
use docmill::internal::base::digest::Digest;
use docmill::internal::base::json_text::JsonText;
use docmill::internal::base::money::Pico;
use docmill::internal::base::usage::Usage;
use docmill::internal::store::{
    AttemptCharge, AttemptId, AttemptPurpose, BudgetLine, EntryRecord, ErrorKind, FaultRecord, FeaturesRecord, JobId,
    OpenAttempt, Opened, OutcomeStatus, PageFaultRecord, PageId, Reader, RecipeId, RecipeRecord, ReservationMultiples,
    Revision, RunEnd, RunId, RunKey, RunKeys, RunOutcomeName, RunStart, ServedRecord, Settlement, Store, StoredPage,
    TaskOutcome, VerdictName, Versions,
};
use std::future::Future;
use std::time::Duration;

/// Wall time, in milliseconds, at which all runs start.
pub(crate) const NOW_MS: i64 = 1_795_438_800_000;

pub(crate) const VERSIONS: Versions = Versions { decoder: 3, features: 2 };

/// Completes a future of the store.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A run on a new store.
pub(crate) struct Bench<B> {
    pub(crate) backend: B,
    pub(crate) store: Store,
    pub(crate) keys: RunKeys,
}

impl<B: Backend> Bench<B> {
    /// A run `first` with two tasks, `kind` and `date`.
    pub(crate) fn new() -> Self {
        let backend = B::new();
        let store = backend.open();
        let keys = store.begin_run(start("first")).unwrap();
        Self { backend, store, keys }
    }

    pub(crate) fn reader(&self) -> Reader {
        self.store.reader().unwrap()
    }

    pub(crate) fn job(&self) -> JobId {
        self.keys.job
    }

    /// The recipe of a task: 0 for `kind`, 1 for `date`.
    pub(crate) fn recipe(&self, task: usize) -> RecipeId {
        self.keys.tasks[task].recipe_id
    }

    pub(crate) fn recipes(&self) -> Vec<RecipeId> {
        self.keys.tasks.iter().map(|task| task.recipe_id).collect()
    }

    /// What the store knows of a page under both recipes, without revisions.
    pub(crate) fn page(&self, page: PageId) -> StoredPage {
        let known = self.reader().stored_page(Some(self.job()), &page, &self.recipes(), VERSIONS).unwrap();
        StoredPage { outcomes: without_revisions(known.outcomes), ..known }
    }

    /// The revision of the outcome of a task.
    pub(crate) fn revision(&self, page: PageId, task: usize) -> Option<Revision> {
        let known = self.reader().stored_page(Some(self.job()), &page, &self.recipes(), VERSIONS).unwrap();
        known.outcomes[task].as_ref().map(|outcome| outcome.revision)
    }

    /// An attempt of the run for both recipes of a page, with a reservation of 100.
    pub(crate) fn attempt(&self, page: PageId) -> OpenAttempt {
        attempt(self.keys.run, page, self.recipes())
    }

    /// Opens an attempt.
    pub(crate) fn open(&self, open: OpenAttempt) -> Opened {
        wait(self.store.open_attempt(open)).unwrap()
    }

    /// Opens an attempt for both recipes of a page, which has to be granted.
    pub(crate) fn granted(&self, page: PageId) -> AttemptId {
        granted(self.open(self.attempt(page)))
    }

    pub(crate) fn settle(&self, settlement: Settlement) {
        wait(self.store.settle_attempt(settlement)).unwrap();
    }

    pub(crate) fn put(&self, page: PageId, outcomes: Vec<(RecipeId, TaskOutcome)>) {
        wait(self.store.put_outcomes(page, outcomes)).unwrap();
    }

    /// Ends the run.
    pub(crate) fn end(&self) {
        self.store.end_run(end(self.keys.run)).unwrap();
    }

    /// The process dies: another one begins a run.
    pub(crate) fn die_and_begin(self, run: &str) -> Self {
        self.store.close();
        let store = self.backend.open();
        let keys = store.begin_run(start(run)).unwrap();
        Self { backend: self.backend, store, keys }
    }
}

pub(crate) fn recipe_record(task: &str) -> RecipeRecord {
    let body = format!(r#"{{"task":"{task}"}}"#);
    RecipeRecord { task: task.to_owned(), hash: Digest::compute(body.as_bytes()), body: JsonText::parse(body).unwrap() }
}

pub(crate) fn start(run: &str) -> RunStart {
    RunStart {
        run_id: RunId::new(run),
        job: Digest::compute(b"job"),
        slots: Vec::new(),
        former: None,
        job_name: "invoices".into(),
        manifest: "name: invoices".into(),
        settings: "{}".into(),
        is_try: false,
        model: "model".into(),
        endpoint: "provider model".into(),
        provider: "provider".into(),
        recipes: vec![recipe_record("kind"), recipe_record("date")],
        policy: "policy".into(),
        selection: None,
        shows_notices: true,
        attempt_timeout: Duration::from_secs(60),
        shard: None,
        at_ms: NOW_MS,
    }
}

pub(crate) fn end(run: RunKey) -> RunEnd {
    RunEnd {
        run,
        outcome: RunOutcomeName::Complete,
        exit_code: 0,
        is_finished: true,
        pages: None,
        at_ms: NOW_MS + 1000,
    }
}

/// A page of a separate file.
pub(crate) fn page(number: u32) -> PageId {
    PageId { content: content(number), page: 1 }
}

pub(crate) fn content(number: u32) -> Digest {
    Digest::compute(&number.to_be_bytes())
}

/// An entry of a folder with one page.
pub(crate) fn entry(path: &str, number: u32) -> EntryRecord {
    EntryRecord {
        line: 0,
        path: path.as_bytes().to_vec(),
        size: 1000,
        modified_ns: 1,
        changed_ns: 2,
        inode: u64::MAX - 5,
        content: Some(content(number)),
        page_count: 1,
        repeats: Vec::new(),
        decoder: VERSIONS.decoder,
        selected: None,
        fault: None,
        carried: None,
        set: None,
        settled_set: None,
    }
}

pub(crate) fn attempt(run: RunKey, page: PageId, recipes: Vec<RecipeId>) -> OpenAttempt {
    OpenAttempt {
        run,
        page,
        recipes: recipes.into_iter().map(|recipe| (recipe, None)).collect(),
        request: None,
        batch: None,
        purpose: AttemptPurpose::Ask,
        expected: Some(Pico(60)),
        reserved: Some(Pico(100)),
        budget: BudgetLine { scope: "budget".into(), limit: None, multiples: ReservationMultiples::NONE },
        at_ms: NOW_MS,
    }
}

pub(crate) fn granted(opened: Opened) -> AttemptId {
    let Opened::Granted { attempt, .. } = opened else { panic!("{opened:?}") };
    attempt
}

/// A reply that cost 70, with these outcomes.
pub(crate) fn settlement(attempt: AttemptId, outcomes: Vec<(RecipeId, TaskOutcome)>) -> Settlement {
    Settlement {
        attempt,
        verdict: VerdictName::Done,
        fault: None,
        http_status: Some(200),
        server_request_id: Some("req-1".into()),
        latency_ms: 250,
        charge: AttemptCharge {
            tokens: Usage { input: 1000, cached_input: 100, cache_write: 10, output: 50, reasoning: 30 },
            is_estimated: false,
            cost: Some(Pico(70)),
            reported_cost: Some(Pico(69)),
            budget: Pico(70),
            saved_by_cache: Pico(3),
            saved_by_size: Pico(4),
        },
        served: ServedRecord {
            model: Some("model-2026-09-22".into()),
            provider: Some("router".into()),
            service_tier: Some("default".into()),
        },
        parameters: Some(r#"{"temperature":0}"#.into()),
        outcomes,
        at_ms: NOW_MS + 10,
    }
}

pub(crate) fn fault(kind: ErrorKind) -> FaultRecord {
    FaultRecord { kind, message: format!("{kind}!") }
}

/// A fault that this version of the decoder has found.
pub(crate) fn page_fault(kind: ErrorKind, decoder: u32) -> PageFaultRecord {
    PageFaultRecord { fault: fault(kind), decoder, renderers: "renderers".into() }
}

/// Outcomes as they were given to the store.
pub(crate) fn without_revisions(mut outcomes: Vec<Option<TaskOutcome>>) -> Vec<Option<TaskOutcome>> {
    outcomes.iter_mut().flatten().for_each(|outcome| outcome.revision = Revision::NONE);
    outcomes
}

/// A valid answer.
pub(crate) fn ok(value: &str) -> TaskOutcome {
    TaskOutcome {
        status: OutcomeStatus::Ok,
        value: Some(value.into()),
        fault: None,
        is_transient: false,
        runs: 1,
        at_ms: NOW_MS + 10,
        revision: Revision::NONE,
    }
}

/// A failure, transient or not.
pub(crate) fn failed(is_transient: bool) -> TaskOutcome {
    let (status, fault) = (OutcomeStatus::Failed, Some(fault(ErrorKind::Timeout)));
    TaskOutcome { status, value: None, fault, is_transient, runs: 1, at_ms: NOW_MS + 10, revision: Revision::NONE }
}

pub(crate) fn features(is_blank: bool, byte: u8) -> FeaturesRecord {
    FeaturesRecord { is_blank, fingerprint: [byte; 32] }
}
