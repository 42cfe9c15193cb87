//! The files of a run: complete or absent.

use super::*;
use crate::base::hooks::{NoHooks, Point};
use crate::store::{OutcomeStatus, PageRecord, PageStatus, RecipeId, Revision, TaskOutcome};
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
        value: Some("\"letter\"".into()),
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
        fault: None,
        status: PageStatus::Done,
        duplicate_of: None,
        distance: None,
        recipes: vec![RecipeId(1)],
        outcomes: vec![Some(outcome)],
        spend: Vec::new(),
    };
    Row::new(&record, &spec())
}

fn targets(folder: &Path) -> Targets {
    Targets {
        csv: Some(folder.join("out.csv")),
        parquet: Some(folder.join("deep/out.parquet")),
        jsonl: Some(folder.join("out.jsonl")),
        ..Targets::default()
    }
}

/// The files below a folder, sorted.
fn files(folder: &Path) -> Vec<String> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name();
    let files = entries.into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file());
    files.map(|entry| entry.path().strip_prefix(folder).unwrap().display().to_string()).collect()
}

fn written(targets: &Targets, is_complete: bool, paths: &[&str]) -> Vec<OutputFile> {
    let mut outputs = Outputs::create(targets, &spec()).unwrap();
    paths.iter().for_each(|path| outputs.write(&row(path)).unwrap());
    outputs.commit(is_complete, &NoHooks).unwrap()
}

#[test]
fn complete_outputs_appear_under_their_names_and_replace_partial_ones() {
    let folder = tempfile::tempdir().unwrap();
    let targets = targets(folder.path());
    let partial = written(&targets, false, &["a.jpg"]);
    let partial_names = ["deep/out.partial.parquet", "out.partial.csv", "out.partial.jsonl"];
    assert_eq!(files(folder.path()), partial_names);
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
    assert_eq!(files(folder.path()).len(), 6);
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

/// Outputs of which the second fails at a step.
fn failing_outputs(folder: &Path, fails_at: &'static str) -> Outputs {
    let sink = |name: &str, fails_at| -> (&'static str, PathBuf, AnySink) {
        let path = folder.join(name);
        let file = AtomicFile::create(&path).unwrap();
        ("x", path, Box::new(FailingSink { file, fails_at }))
    };
    Outputs { columns: Column::list(&spec()), files: vec![sink("good.x", ""), sink("bad.x", fails_at)] }
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
    outputs.commit(true, &watch).unwrap();
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
fn partial_names_keep_the_extension() {
    for (path, partial) in [
        ("out/mail.csv", "out/mail.partial.csv"),
        ("mail.tar.csv", "mail.tar.partial.csv"),
        ("out/mail", "out/mail.partial"),
        (".csv", ".csv.partial"),
    ] {
        assert_eq!(partial_path(Path::new(path)), Path::new(partial));
    }
}
