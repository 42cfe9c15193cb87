//! The files of a run: complete or absent.

use super::*;
use crate::base::hooks::{NoHooks, Point};
use crate::base::ids::{RecipeId, Revision};
use crate::base::shard::Shard;
use crate::base::vocabulary::OutcomeStatus;
use crate::export::sinks::row_sink::{RowSink, SinkError, SinkOptions};
use crate::store::{PageRecord, PageStatus, TaskOutcome};
use crate::task::Shape;
use std::io::Write;
use std::sync::Mutex;

fn spec() -> RowSpec {
    RowSpec {
        tasks: vec![("kind".into(), Shape::Text)],
        recipes: vec![RecipeId(1)],
        model: "m".into(),
        ..RowSpec::default()
    }
}

fn row(path: &str) -> Row {
    let outcome = TaskOutcome {
        status: OutcomeStatus::Ok,
        value: Some("letter".into()),
        fault: None,
        is_transient: false,
        runs: 1,
        at_ms: 0,
        revision: Revision::NONE,
    };
    let record = PageRecord {
        wrong_picture: None,
        path: path.as_bytes().to_vec(),
        page: 1,
        carried: None,
        content: None,
        id: None,
        fault: None,
        status: PageStatus::Done,
        duplicate_of: None,
        distance: None,
        recipes: vec![RecipeId(1)],
        outcomes: vec![Some(outcome)],
        spend: Vec::new(),
        decisions: Vec::new(),
    };
    Row::new(&record, &spec())
}

fn targets(folder: &Path) -> Targets {
    Targets {
        csv: Some(folder.join("out.csv")),
        parquet: Some(folder.join("deep/out.parquet")),
        jsonl: Some(folder.join("out.jsonl")),
        store: folder.join("store.db"),
        ..Targets::default()
    }
}

/// The files below a folder, sorted; without the marks of parts.
fn files(folder: &Path) -> Vec<String> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name();
    let files = entries.into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    let names = files.map(|entry| entry.path().strip_prefix(folder).unwrap().display().to_string());
    names.filter(|name| !name.ends_with(".parts")).collect()
}

fn written(targets: &Targets, is_complete: bool, paths: &[&str]) -> Vec<OutputFile> {
    let mut outputs = Outputs::create(targets, &spec()).unwrap();
    paths.iter().for_each(|path| outputs.write(&row(path)).unwrap());
    let written = outputs.commit(is_complete, &NoHooks).unwrap();
    written.markers.write().unwrap();
    written.files
}

#[test]
fn complete_outputs_appear_under_their_names_and_replace_partial_ones() {
    let folder = tempfile::tempdir().unwrap();
    let targets = targets(folder.path());
    let partial = written(&targets, false, &["a.jpg"]);
    let claims = ["partial/.out.csv.target", "partial/.out.jsonl.target", "partial/.out.parquet.target"];
    let partial_names = [&claims[..], &["partial/out.csv", "partial/out.jsonl", "partial/out.parquet"]].concat();
    assert_eq!(files(folder.path()), partial_names);
    // Of an earlier version, which wrote them beside the output.
    std::fs::copy(folder.path().join("partial/out.csv"), folder.path().join("out.partial.csv")).unwrap();
    assert!(partial.iter().all(|file| file.is_partial && file.path.is_absolute() && file.path.exists()), "{partial:?}");

    let complete = written(&targets, true, &["a.jpg", "b.jpg"]);
    assert_eq!(files(folder.path()), ["deep/out.parquet", "out.csv", "out.jsonl"]);
    let name = |file: &OutputFile| file.path.file_name().unwrap().to_str().unwrap().to_owned();
    let names: Vec<_> = complete.iter().map(|file| (file.format, name(file), file.is_partial)).collect();
    let expected = [("csv", "out.csv"), ("parquet", "out.parquet"), ("jsonl", "out.jsonl")];
    assert_eq!(names, expected.map(|(format, name)| (format, name.to_owned(), false)), "in the order of the formats");

    let before = std::fs::read(folder.path().join("out.csv")).unwrap();
    written(&targets, false, &["c.jpg"]);
    assert_eq!(std::fs::read(folder.path().join("out.csv")).unwrap(), before, "a partial output replaces no whole one");
    assert_eq!(files(folder.path()).len(), 9);
}

#[test]
fn outputs_that_are_not_committed_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut outputs = Outputs::create(&targets(folder.path()), &spec()).unwrap();
    outputs.write(&row("a.jpg")).unwrap();
    assert_eq!(files(folder.path()).len(), 3, "temporary files");
    drop(outputs);
    assert_eq!(files(folder.path()), [""; 0]);
}

#[test]
fn an_output_that_can_not_be_created_is_named_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("out.jsonl")).unwrap();
    let error = Outputs::create(&targets(folder.path()), &spec()).err().unwrap();
    assert_eq!(error.path, folder.path().join("out.jsonl"));
    assert_eq!(files(folder.path()), [""; 0]);
}

/// A sink that fails at one step.
struct FailingSink {
    file: AtomicFile,
    fails_at: &'static str,
}

impl FailingSink {
    fn step(&self, step: &'static str) -> Result<(), SinkError> {
        if step == self.fails_at { Err(format!("{step} failed").into()) } else { Ok(()) }
    }
}

impl RowSink<AtomicFile> for FailingSink {
    fn create(file: AtomicFile, _: &[Column], _: &SinkOptions) -> Result<Self, SinkError> {
        Ok(Self { file, fails_at: "" })
    }

    fn write(&mut self, _: &[Column], row: &Row) -> Result<(), SinkError> {
        self.file.write_all(row.path.as_bytes())?;
        self.step("write")
    }

    fn finish(self: Box<Self>) -> Result<AtomicFile, SinkError> {
        self.step("finish")?;
        Ok(self.file)
    }
}

/// Outputs; the second fails at a step.
fn failing_outputs(folder: &Path, fails_at: &'static str) -> Outputs {
    let paths = ["good.x", "bad.x"].map(|name| folder.join(name));
    let sink = |path: &Path, fails_at| -> FileSink {
        Box::new(FailingSink { file: AtomicFile::create(path).unwrap(), fails_at })
    };
    Outputs {
        columns: Column::list(&spec()),
        rows: RowFiles::Whole(vec![sink(&paths[0], ""), sink(&paths[1], fails_at)]),
        targets: paths.map(|path| (RowFormat::Csv, path)).to_vec(),
        partial: PartialFolder::beside(&folder.join("store.db")),
        has_markers: false,
        part: None,
        count: 0,
    }
}

#[test]
fn one_failing_sink_keeps_all_files_from_appearing() {
    for step in ["write", "finish"] {
        let folder = tempfile::tempdir().unwrap();
        let mut outputs = failing_outputs(folder.path(), step);
        let error = match outputs.write(&row("a.jpg")) {
            Ok(()) => outputs.commit(true, &NoHooks).unwrap_err(),
            Err(error) => {
                drop(outputs);
                error
            }
        };
        assert_eq!(error.to_string(), format!("can't write {}: {step} failed", error.path.display()));
        assert!(error.path.ends_with("bad.x"));
        assert_eq!(files(folder.path()), [""; 0], "{step}");
    }
}

/// Records the names of files at each point.
struct Watch {
    folder: PathBuf,
    seen: Mutex<Vec<(Point, bool)>>,
}

impl Hooks for Watch {
    fn reached(&self, point: Point) {
        self.seen.lock().unwrap().push((point, self.folder.join("out.csv").exists()));
    }
}

#[test]
fn a_file_has_its_name_only_when_it_is_complete() {
    let folder = tempfile::tempdir().unwrap();
    let targets = Targets { csv: Some(folder.path().join("out.csv")), ..Targets::default() };
    let mut outputs = Outputs::create(&targets, &spec()).unwrap();
    outputs.write(&row("a.jpg")).unwrap();
    let watch = Watch { folder: folder.path().to_owned(), seen: Mutex::default() };
    let _ = outputs.commit(true, &watch).unwrap();
    assert_eq!(*watch.seen.lock().unwrap(), [(Point::TempWritten, false), (Point::Renamed, true)]);
}

#[test]
fn targets_without_a_path_write_nothing() {
    assert!(!Targets::default().is_any());
    let folder = tempfile::tempdir().unwrap();
    for name in ["csv", "parquet", "jsonl"] {
        let path = Some(folder.path().join(name));
        let targets = match name {
            "csv" => Targets { csv: path, ..Targets::default() },
            "parquet" => Targets { parquet: path, ..Targets::default() },
            _ => Targets { jsonl: path, ..Targets::default() },
        };
        assert!(targets.is_any(), "{name}");
    }
    assert_eq!(written(&Targets::default(), true, &["a.jpg"]), Vec::<OutputFile>::new());
}

#[test]
fn a_marker_is_beside_complete_files_only() {
    let folder = tempfile::tempdir().unwrap();
    let targets = Targets { success_marker: true, ..targets(folder.path()) };
    let markers = || files(folder.path()).into_iter().filter(|name| name.ends_with("_SUCCESS")).collect::<Vec<_>>();
    written(&targets, false, &["a.jpg"]);
    assert_eq!(markers(), [""; 0]);
    written(&targets, true, &["a.jpg"]);
    assert_eq!(markers(), ["_SUCCESS", "deep/_SUCCESS"]);
    written(&targets, false, &["a.jpg", "b.jpg"]);
    assert_eq!(markers(), ["_SUCCESS", "deep/_SUCCESS"], "the last whole files are still there");
    std::fs::remove_file(folder.path().join("deep/out.parquet")).unwrap();
    written(&targets, false, &["a.jpg"]);
    assert_eq!(markers(), ["_SUCCESS"]);

    // Nothing is complete while files change.
    let mut outputs = Outputs::create(&targets, &spec()).unwrap();
    outputs.write(&row("a.jpg")).unwrap();
    let written = outputs.commit(true, &NoHooks).unwrap();
    assert_eq!(markers(), [""; 0]);
    written.markers.write().unwrap();
    assert_eq!(markers().len(), 2);
    std::fs::write(folder.path().join("_SUCCESS"), "mine").unwrap();
    let mut outputs = Outputs::create(&targets, &spec()).unwrap();
    outputs.write(&row("b.jpg")).unwrap();
    assert!(outputs.commit(true, &NoHooks).is_err(), "it is not docmill's");
}

#[test]
fn a_part_of_a_shard_takes_the_marker_of_the_table_away() {
    let folder = tempfile::tempdir().unwrap();
    for partition_by in [vec![], vec!["status".to_owned()]] {
        let folder = folder.path().join(partition_by.len().to_string());
        let table = Targets { success_marker: true, partition_by, ..targets(&folder) };
        let has_markers = || files(&folder).iter().any(|name| name.ends_with("_SUCCESS"));
        written(&table, true, &["a.jpg"]);
        assert!(has_markers());
        let shard = Shard::new(0, 2).unwrap();
        let part = |path: &Option<PathBuf>| path.as_ref().map(|path| shard.part_path(path));
        let parts = Targets {
            csv: part(&table.csv),
            jsonl: part(&table.jsonl),
            parquet: part(&table.parquet),
            shard: Some(shard),
            ..table.clone()
        };
        written(&parts, true, &["b.jpg"]);
        assert!(!has_markers());
        written(&table, true, &["a.jpg", "b.jpg"]);
        assert!(has_markers());
    }
}

fn partitioned(folder: &Path) -> Targets {
    Targets {
        csv: Some(folder.join("lake/out.csv")),
        jsonl: Some(folder.join("lake/out.jsonl")),
        partition_by: vec!["status".into(), "kind".into()],
        success_marker: true,
        store: folder.join("store.db"),
        ..Targets::default()
    }
}

/// A row with this answer.
fn answered(path: &str, kind: Option<&str>) -> Row {
    Row { answers: vec![kind.into()], ..row(path) }
}

fn partition(targets: &Targets, is_complete: bool, rows: &[Row]) -> Vec<OutputFile> {
    let mut outputs = Outputs::create(targets, &spec()).unwrap();
    rows.iter().for_each(|row| outputs.write(row).unwrap());
    let written = outputs.commit(is_complete, &NoHooks).unwrap();
    written.markers.write().unwrap();
    written.files
}

#[test]
fn rows_go_to_the_partition_of_their_values_and_stale_partitions_go() {
    let folder = tempfile::tempdir().unwrap();
    let targets = partitioned(folder.path());
    let rows = [answered("a.jpg", Some("x/y")), answered("b.jpg", None), answered("c.jpg", Some("x/y"))];
    let written = partition(&targets, true, &rows);
    let lake = folder.path().join("lake");
    let parts = |kind: &str, names: &[&str]| names.iter().map(|name| format!("status=ok/kind={kind}/{name}")).collect();
    let all = ["_SUCCESS", "out.csv", "out.jsonl"];
    let (one, null): (Vec<_>, Vec<_>) = (parts("x%2Fy", &all), parts("__HIVE_DEFAULT_PARTITION__", &all));
    let marker = ["_SUCCESS".to_owned()];
    assert_eq!(files(&lake), [&marker[..], &null, &one].concat());
    let text = std::fs::read_to_string(lake.join("status=ok/kind=x%2Fy/out.csv")).unwrap();
    assert!(text.starts_with("path,page,model,") && text.lines().count() == 3, "{text}");
    assert!(written.iter().all(|file| file.partitions == Some(2) && file.path.ends_with("lake")), "{written:?}");

    // Files of others stay, and so do files that are being written.
    std::fs::write(lake.join("status=ok/kind=__HIVE_DEFAULT_PARTITION__/mine.csv"), "").unwrap();
    partition(&targets, true, &[answered("a.jpg", Some("x/y")), answered("d.jpg", Some("z"))]);
    let (z, mine): (Vec<_>, Vec<_>) = (parts("z", &all), parts("__HIVE_DEFAULT_PARTITION__", &["mine.csv"]));
    assert_eq!(files(&lake), [&marker[..], &mine, &one, &z].concat());

    // A partial output leaves the last whole one alone.
    let before = files(&lake);
    let written = partition(&targets, false, &[answered("a.jpg", Some("new"))]);
    assert_eq!(files(&lake), before);
    assert!(folder.path().join("partial/status=ok/kind=new/out.csv").exists());
    assert!(written.iter().all(|file| file.is_partial && file.path.ends_with("partial")), "{written:?}");
    partition(&targets, true, &[answered("a.jpg", Some("new"))]);
    assert!(!folder.path().join("partial").exists());
    assert_eq!(files(&lake), [&marker[..], &mine, &parts("new", &all)].concat());

    // Without partitions again, the parts would double the rows.
    let whole = Targets { partition_by: Vec::new(), ..targets.clone() };
    self::written(&whole, true, &["a.jpg"]);
    assert_eq!(files(&lake), [&["_SUCCESS", "out.csv", "out.jsonl"].map(str::to_owned)[..], &mine].concat());
    let error = Outputs::create(&targets, &spec()).err().unwrap();
    assert!(error.to_string().contains("beside the partitions"), "{error}");
}

/// Before each file of a partial output gets its name, a complete run of another process removes what there is.
struct CompleteRun<'a>(&'a Targets);

impl Hooks for CompleteRun<'_> {
    fn reached(&self, point: Point) {
        if point == Point::TempWritten {
            for (_, target) in self.0.files() {
                remove_partial(&self.0.partial_folder(), &follow_links(target).unwrap()).unwrap();
            }
        }
    }
}

#[test]
fn partial_outputs_that_are_written_while_another_run_is_complete_are_found_later() {
    for partition_by in [vec![], vec!["status".into(), "kind".into()]] {
        let folder = tempfile::tempdir().unwrap();
        let targets = Targets { partition_by, ..partitioned(folder.path()) };
        let rows = ["x", "y"].map(|kind| answered("a.jpg", Some(kind)));
        let mut outputs = Outputs::create(&targets, &spec()).unwrap();
        rows.iter().for_each(|row| outputs.write(row).unwrap());
        let written = outputs.commit(false, &CompleteRun(&targets)).unwrap();
        assert!(written.files.iter().all(|file| file.is_partial) && folder.path().join("partial").exists());
        partition(&targets, true, &rows);
        assert!(!folder.path().join("partial").exists(), "{:?}", files(&folder.path().join("partial")));
    }
}

#[test]
fn rows_are_complete_in_every_partition_however_they_are_mixed() {
    let folder = tempfile::tempdir().unwrap();
    let targets = Targets { partition_by: vec!["kind".into()], ..partitioned(folder.path()) };
    let kind = |at: usize| format!("k{}", at * 7 % 40);
    let long = "x".repeat(1000);
    let rows: Vec<Row> = (0..2000).map(|at| answered(&format!("{at:05}{long}"), Some(&kind(at)))).collect();
    partition(&targets, true, &rows);
    for part in 0..40 {
        let text = std::fs::read_to_string(folder.path().join(format!("lake/kind=k{part}/out.csv"))).unwrap();
        let found: Vec<usize> = text.lines().skip(1).map(|line| line[..5].parse().unwrap()).collect();
        let expected: Vec<usize> = (0..2000).filter(|at| kind(*at) == format!("k{part}")).collect();
        assert_eq!(found, expected, "in their order");
    }
}

#[test]
fn too_many_partitions_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let targets = Targets { partition_by: vec!["kind".into()], ..partitioned(folder.path()) };
    partition(&targets, true, &[answered("a.jpg", Some("x"))]);
    let before = files(folder.path());
    let mut outputs = Outputs::create(&targets, &spec()).unwrap();
    for at in 0..1000 {
        outputs.write(&answered("a.jpg", Some(&at.to_string()))).unwrap();
    }
    outputs.write(&answered("b.jpg", Some("7"))).unwrap();
    let error = outputs.write(&answered("c.jpg", Some("1000"))).unwrap_err();
    assert!(error.to_string().contains("more than 1000 partitions"), "{error}");
    assert!(error.is_of_partitions);
    drop(outputs);
    assert_eq!(files(folder.path()), before);
}

#[test]
fn rows_with_a_value_that_no_folder_can_have_are_written_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let values = ["x".repeat(250), "x".repeat(251), "/".repeat(100), "/".repeat(101)];
    let rows: Vec<Row> = values.iter().map(|value| answered("a.jpg", Some(value))).collect();
    partition(&partitioned(folder.path()), true, &rows);
    let mut names: Vec<String> = files(folder.path())
        .iter()
        .filter_map(|path| path.split('/').find(|name| name.starts_with("kind=")).map(str::to_owned))
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names.iter().all(|name| name.len() <= 255), "{names:?}");
    assert_eq!(names.iter().filter(|name| name.contains('~')).count(), 3, "{names:?}");
}
