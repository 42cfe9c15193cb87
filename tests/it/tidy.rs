//! The house: import directions, file sizes, manifests that load, schemas that are true.

use crate::bench::root;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Which stages a stage may import, beside leaves. The diagram of ARCHITECTURE.md.
const IMPORTS: &[(&str, &[&str])] = &[
    ("catalog", &[]),
    ("manifest", &["catalog"]),
    ("source", &["manifest"]),
    ("media", &[]),
    ("prepare", &["manifest", "catalog", "media"]),
    ("task", &["manifest"]),
    ("ask", &["manifest", "catalog", "prepare", "task"]),
    ("store", &[]),
    ("export", &["manifest", "task", "store"]),
    ("report", &["manifest", "catalog", "store"]),
    ("pipeline", &["catalog", "manifest", "source", "media", "prepare", "task", "ask", "store", "export", "report"]),
    ("simulator", &[]),
    (
        "cli",
        &[
            "catalog",
            "manifest",
            "source",
            "media",
            "prepare",
            "task",
            "ask",
            "store",
            "export",
            "report",
            "pipeline",
            "simulator",
        ],
    ),
];

/// Modules that import nothing of ours and that everybody may import.
const LEAVES: &[&str] = &["clock", "digest", "exposition", "hooks", "money", "plain", "random", "units", "usage"];
/// Leaves that may import leaves.
const UPPER_LEAVES: &[&str] = &["atomic"];

/// Most lines of a source file, tests and blank lines apart.
const MOST_LINES: usize = 400;

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .collect();
    files.sort();
    files
}

/// The top module of a file in `src`.
fn module_of(file: &Path) -> String {
    let below = file.strip_prefix(root().join("src")).unwrap();
    below.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

/// What a file imports of ours, unit tests apart: they may use a neighbour.
fn imports(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    code.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| line.match_indices("crate::").map(|(at, _)| &line[at + 7..]))
        .map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect())
        .collect()
}

#[test]
fn imports_go_one_way() {
    let allowed: BTreeMap<&str, &[&str]> = IMPORTS.iter().copied().collect();
    let mut wrong = Vec::new();
    for file in sources(&root().join("src")) {
        let module = module_of(&file);
        if ["main", "lib"].contains(&module.as_str()) || file.ends_with("tests.rs") {
            continue;
        }
        for import in imports(&file) {
            let is_leaf = LEAVES.contains(&import.as_str()) || UPPER_LEAVES.contains(&import.as_str());
            let is_allowed = match allowed.get(module.as_str()) {
                Some(stages) => import == module || is_leaf || stages.contains(&import.as_str()),
                None if UPPER_LEAVES.contains(&module.as_str()) => LEAVES.contains(&import.as_str()),
                None => LEAVES.contains(&module.as_str()) && import == module,
            };
            if !is_allowed {
                wrong.push(format!("{} imports {import}", file.strip_prefix(root()).unwrap().display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_the_store_sees_its_database_and_few_see_http() {
    let mut wrong = Vec::new();
    for file in sources(&root().join("src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for (word, modules) in [
            ("rusqlite::", &["store"][..]),
            ("reqwest::", &["ask", "source"]),
            ("hyper::", &["cli", "simulator"]),
            ("governor::", &["ask", "source"]),
        ] {
            if text.contains(word) && !modules.contains(&module_of(&file).as_str()) {
                wrong.push(format!("{} uses {word}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_stage_has_a_map_and_files_stay_small() {
    let mut wrong = Vec::new();
    for file in sources(&root().join("src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let lines = code.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//")).count();
        if lines > MOST_LINES {
            wrong.push(format!("{} has {lines} lines of code", file.display()));
        }
        if !text.starts_with("//!") {
            wrong.push(format!("{} does not say what it is", file.display()));
        }
        if file.ends_with("mod.rs") && code.lines().any(|line| line.starts_with("impl ")) {
            wrong.push(format!("{} has logic in a map", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_job_loads() {
    let jobs = std::fs::read_dir(root().join("jobs")).unwrap().filter_map(Result::ok).map(|entry| entry.path());
    let jobs: Vec<PathBuf> = jobs.filter(|path| path.extension().is_some_and(|ending| ending == "yaml")).collect();
    assert!(jobs.len() >= 6);
    for job in jobs {
        let loaded = docmill::internal::manifest::load(&job, &|_| None).unwrap_or_else(|error| panic!("{error}"));
        docmill::internal::task::compile(&loaded.tasks, &[]).unwrap_or_else(|faults| panic!("{faults:?}"));
    }
    let template = root().join("src/cli/init.yaml");
    docmill::internal::manifest::load(&template, &|_| None).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_schema_in_the_repository_is_the_one_that_the_code_makes() {
    let stored = std::fs::read_to_string(root().join("schemas/job.schema.json")).unwrap();
    let made = format!("{:#}\n", docmill::internal::manifest::json_schema());
    assert!(stored == made, "run `docmill schema > schemas/job.schema.json`");
    let schema = serde_json::from_str(&stored).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    // What our reader takes, an editor with the schema takes too.
    let demo = serde_json::json!({
        "version": 1, "name": "x", "input": {"folder": "p"}, "provider": {"simulator": {"latency": "5ms"}, "model": "m"},
        "tasks": {"kind": {"classify": {"labels": {"a": null, "b": "B."}}}},
    });
    assert!(
        validator.is_valid(&demo),
        "{:?}",
        validator.iter_errors(&demo).map(|error| error.to_string()).collect::<Vec<_>>()
    );
}

#[test]
fn no_word_of_a_workplace() {
    let mut wrong = Vec::new();
    for file in sources(&root().join("src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for word in ["TODO", "FIXME", "/work/", "todo!(", "unimplemented!("] {
            if text.contains(word) {
                wrong.push(format!("{}: {word}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
