//! Closed lists of words: what the code has, what the documentation lists, what the program
//! writes. Programs that read rows, logs and reports rely on them.

use crate::bench::{Bench, root};
use std::collections::{BTreeMap, BTreeSet};

type Words = BTreeSet<String>;

/// The closed lists of the code.
struct ClosedLists {
    /// Of rows and attempts.
    error_kinds: Words,
    /// Of rows.
    statuses: Words,
    /// Of attempts.
    verdicts: Words,
    /// Why an attempt is made.
    purposes: Words,
    /// How a run ends, with its exit codes.
    outcomes: BTreeMap<String, BTreeSet<u8>>,
}

/// The only place of these tests that knows where the library has its lists. An outcome that
/// is added fails to compile here until it is listed.
fn closed_lists() -> ClosedLists {
    use docmill::internal::base::vocabulary::{AttemptPurpose, ErrorKind, RowStatus, RunOutcomeName, VerdictName};
    use docmill::internal::pipeline::{RunOutcome, Signal};
    use docmill::internal::provider::ProviderRefusal;

    let text = String::new;
    let spent = docmill::internal::base::money::Pico::ZERO;
    let all = [
        RunOutcome::Complete,
        RunOutcome::Limited,
        RunOutcome::FailedPages { unusable: 1, total: 2, max_failed: 0.01, cause: None, lacks_memory: false },
        RunOutcome::SameError { kind: ErrorKind::Length, message: text(), pages: 1 },
        RunOutcome::NoPages,
        RunOutcome::BudgetReached { spent, reserved: spent, limit: spent, needed: spent, shard: None },
        RunOutcome::UnexpectedBill { cost: spent },
        RunOutcome::ProviderRefused(ProviderRefusal::of_all(text(), text())),
        RunOutcome::ProviderUnavailable { message: text(), has_replied: true },
        RunOutcome::StorageError(text()),
        RunOutcome::StoreFault { message: text(), hint: text() },
        RunOutcome::DeadlineReached,
        RunOutcome::PagesPending(1),
        RunOutcome::ShardsPending { pages: 1, tasks: Vec::new() },
        RunOutcome::BatchPending { pages: 1 },
        // Those of a merge are outcomes of its shards.
        RunOutcome::ShardsStopped { name: RunOutcomeName::PagesPending, exit_code: 9, message: text() },
        RunOutcome::InputUnread { count: 1, first: text() },
        RunOutcome::Interrupted(Signal::Interrupt),
        RunOutcome::Interrupted(Signal::Terminate),
        RunOutcome::InputError(text()),
        RunOutcome::InputFault { message: text(), hint: text() },
        RunOutcome::InternalError(text()),
    ];
    let mut outcomes = BTreeMap::<String, BTreeSet<u8>>::new();
    for outcome in &all {
        match outcome {
            RunOutcome::Complete
            | RunOutcome::Limited
            | RunOutcome::FailedPages { .. }
            | RunOutcome::SameError { .. }
            | RunOutcome::NoPages
            | RunOutcome::BudgetReached { .. }
            | RunOutcome::UnexpectedBill { .. }
            | RunOutcome::ProviderRefused(_)
            | RunOutcome::ProviderUnavailable { .. }
            | RunOutcome::StorageError(_)
            | RunOutcome::StoreFault { .. }
            | RunOutcome::DeadlineReached
            | RunOutcome::PagesPending(_)
            | RunOutcome::ShardsPending { .. }
            | RunOutcome::BatchPending { .. }
            | RunOutcome::ShardsStopped { .. }
            | RunOutcome::InputUnread { .. }
            | RunOutcome::Interrupted(Signal::Interrupt | Signal::Terminate)
            | RunOutcome::InputError(_)
            | RunOutcome::InputFault { .. }
            | RunOutcome::InternalError(_)
            // Only the store has its word.
            | RunOutcome::Tried { .. } => {}
        }
        outcomes.entry(outcome.name().to_string()).or_default().insert(outcome.exit_code());
    }
    // A tried page and a run that died are not outcomes of a run: only the store has these words.
    let of_runs = RunOutcomeName::ALL.iter().filter(|name| !matches!(name, RunOutcomeName::Try | RunOutcomeName::Died));
    let names: Words = of_runs.map(ToString::to_string).collect();
    assert_eq!(outcomes.keys().cloned().collect::<Words>(), names, "outcomes, and their words");
    ClosedLists {
        error_kinds: ErrorKind::ALL.iter().map(ToString::to_string).collect(),
        statuses: RowStatus::ALL.iter().map(ToString::to_string).collect(),
        verdicts: VerdictName::ALL.iter().map(ToString::to_string).collect(),
        purposes: AttemptPurpose::ALL.iter().map(ToString::to_string).collect(),
        outcomes,
    }
}

/// Texts between backticks.
fn quoted(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// Rows of a table of a Markdown file: of the one whose header begins so. A row is its cells.
fn table(file: &str, header: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(root().join(file)).unwrap();
    let lines = text.lines().skip_while(|line| !line.starts_with(header)).skip(2);
    let rows = lines.take_while(|line| line.starts_with('|'));
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
    let rows: Vec<Vec<String>> = rows.map(cells).collect();
    assert!(!rows.is_empty(), "{file} has no table with the header {header}");
    rows
}

/// The cell beside a first cell that is `name` between backticks.
fn meaning(rows: &[Vec<String>], name: &str) -> String {
    let name = format!("`{name}`");
    let row = rows.iter().find(|row| row[0] == name);
    assert!(row.is_some(), "the table has no row {name}");
    row.unwrap().last().unwrap().clone()
}

/// The documented kinds of errors, and the status of a row that shows one.
fn documented_kinds() -> BTreeMap<String, Option<String>> {
    let rows = table("docs/rows.md", "| kind | status of the row |");
    let status = |cell: &str| (!cell.starts_with('(')).then(|| cell.to_owned());
    rows.iter().flat_map(|row| quoted(&row[0]).map(|kind| (kind, status(&row[1]))).collect::<Vec<_>>()).collect()
}

fn documented_outcomes() -> BTreeMap<String, BTreeSet<u8>> {
    let mut outcomes = BTreeMap::<String, BTreeSet<u8>>::new();
    for row in table("README.md", "| exit | outcome |") {
        let codes: Vec<u8> = row[0].split(" / ").map(|code| code.parse().unwrap()).collect();
        // Options and keys of the manifest are not outcomes.
        let names = quoted(&row[1]).filter(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
        for name in names {
            outcomes.entry(name).or_default().extend(&codes);
        }
    }
    // It is not the outcome of a run.
    assert_eq!(outcomes.remove("quality_gate"), Some([7].into()), "README.md names the end of `docmill eval`");
    outcomes
}

#[test]
fn error_kinds_are_documented() {
    let documented: Words = documented_kinds().into_keys().collect();
    let found = closed_lists().error_kinds;
    assert!(found.len() >= 35, "{found:?}");
    assert_eq!(found, documented, "the code, and docs/rows.md");
}

#[test]
fn statuses_are_documented() {
    let rows = table("docs/rows.md", "| column | CSV |");
    let documented: Words = quoted(&meaning(&rows, "status")).collect();
    assert_eq!(closed_lists().statuses, documented, "the code, and docs/rows.md");
    let of_kinds: Words = documented_kinds().into_values().flatten().collect();
    assert!(of_kinds.is_subset(&documented), "{of_kinds:?}");
}

#[test]
fn verdicts_and_purposes_are_documented() {
    let rows = table("docs/observability.md", "| member | in |");
    let lists = closed_lists();
    for (name, found) in [("verdict", lists.verdicts), ("purpose", lists.purposes)] {
        assert_eq!(
            found,
            quoted(&meaning(&rows, name)).collect::<Words>(),
            "{name}: the code, and docs/observability.md"
        );
    }
}

#[test]
fn outcomes_and_exit_codes_are_documented() {
    assert_eq!(closed_lists().outcomes, documented_outcomes(), "the code, and README.md");
}

/// Words that runs leave in rows and store, by the column.
#[derive(Default)]
struct Written(BTreeMap<&'static str, Words>);

impl Written {
    fn add(&mut self, bench: &Bench) {
        let store = rusqlite::Connection::open(bench.path("store.db")).unwrap();
        for (column, query) in [
            ("verdict", "SELECT DISTINCT verdict FROM attempts WHERE verdict IS NOT NULL"),
            ("purpose", "SELECT DISTINCT purpose FROM attempts"),
            ("error_kind", "SELECT DISTINCT error_kind FROM attempts WHERE error_kind IS NOT NULL"),
            ("answer", "SELECT DISTINCT status FROM answers"),
            ("error_kind", "SELECT DISTINCT reason FROM answers WHERE reason IS NOT NULL"),
            ("error_kind", "SELECT DISTINCT kind FROM page_faults"),
            ("error_kind", "SELECT DISTINCT fault FROM entries WHERE fault IS NOT NULL"),
            ("outcome", "SELECT DISTINCT outcome FROM runs"),
        ] {
            let mut query = store.prepare(query).unwrap();
            let words = query.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap);
            self.0.entry(column).or_default().extend(words);
        }
    }
}

#[test]
fn what_is_written_is_documented() {
    use docmill::internal::simulator::{Fault, Options};
    // Those that end a run come after this, those that only take time are left out.
    let ends_a_run = ["bad-key", "no-credit", "no-model"];
    let left_out =
        ["slow", "hang", "bad-request", "498", "529", "503-overloaded", "200-overloaded", "403-region", "400-credit"];
    let kinds: Vec<Fault> = Fault::all()
        .filter(|(name, _)| !ends_a_run.contains(name) && !left_out.contains(name))
        .filter(|(name, _)| !["30", "401", "402"].iter().any(|start| name.starts_with(start)))
        .filter(|(name, _)| !name.starts_with("429") || *name == "429-too-large")
        .map(|(_, fault)| fault)
        .collect();
    let mut written = Written::default();
    let documented = documented_kinds();
    let bench = Bench::with_pages(150).simulator(Options { faults: 0.7, kinds, seed: 5, ..Options::default() });
    bench.put("pages/empty.jpg", b"");
    bench.put("pages/text.jpg", b"not a picture");
    let cut = crate::bench::page(3);
    bench.put("pages/cut.jpg", &cut[..cut.len() / 2]);
    bench.job(
        "request: {timeout: 4s, connect_timeout: 500ms, first_byte_timeout: 1s, idle_timeout: 400ms}\n\
         limits: {concurrency: 32}\nretry: {attempts: 2, timed_out: leave}\non_error: {max_failed: 100%, stop_after: 0}",
    );
    let ran = bench.run(&["-q"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for row in bench.rows() {
        let (kind, status) = (row["error_kind"].as_str(), row["status"].as_str().unwrap());
        if let Some(kind) = kind {
            assert_eq!(
                documented.get(kind),
                Some(&Some(status.to_owned())),
                "{kind}: the status that docs/rows.md lists"
            );
        }
    }
    written.add(&bench);
    for (name, code) in ends_a_run.map(|name| (name, 5)).into_iter().chain([("wrong-label", 3), ("length", 3)]) {
        let always = Some(name.parse::<Fault>().unwrap());
        let bench = Bench::with_pages(1).simulator(Options { always, ..Options::default() });
        bench.job("");
        assert_eq!(bench.run(&["-q"]).code, code, "{name}");
        written.add(&bench);
    }
    let documented_outcomes: Words = documented_outcomes().into_keys().collect();
    let rows = table("docs/observability.md", "| member | in |");
    for (column, words) in written.0 {
        let (known, least): (Words, usize) = match column {
            "verdict" | "purpose" => (quoted(&meaning(&rows, column)).collect(), 4),
            "error_kind" => (documented.keys().cloned().collect(), 12),
            "outcome" => (documented_outcomes.clone(), 2),
            _ => (["ok", "invalid", "refused", "failed"].map(str::to_owned).into(), 4),
        };
        assert!(words.is_subset(&known), "{column}: {:?} are not documented", words.difference(&known));
        assert!(words.len() >= least, "{column}: only {words:?} were met");
    }
}
