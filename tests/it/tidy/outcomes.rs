//! The words for outcomes and the exit codes are written once each.

use super::imports::{code_of, rust_files};
use super::name_of;
use crate::bench::root;
use docmill::internal::base::vocabulary::RunOutcomeName;
use std::path::Path;

/// Folders in which a word of the vocabulary can only mean how a run or a command ended.
const FOLDERS: &[&str] = &["cli", "labels", "pipeline", "report", "review", "session"];

/// Files that only tests use.
fn is_for_tests(file: &Path) -> bool {
    ["tests.rs", "sample.rs"].iter().any(|name| file.ends_with(name))
}

/// Only `base/vocabulary.rs`, `base/command_end.rs` and `base/run_state.rs` spell the words.
#[test]
fn the_words_for_outcomes_are_written_once() {
    let words = RunOutcomeName::ALL.iter().map(|outcome| outcome.name()).chain(["quality_gate", "running"]);
    let literals: Vec<String> = words.map(|word| format!("\"{word}\"")).collect();
    let mut wrong = Vec::new();
    for file in FOLDERS.iter().flat_map(|folder| rust_files(&root().join("src").join(folder))) {
        if is_for_tests(&file) {
            continue;
        }
        let code = code_of(&std::fs::read_to_string(&file).unwrap());
        let found = literals.iter().filter(|literal| code.contains(literal.as_str()));
        wrong.extend(found.map(|literal| format!("{} spells {literal}", name_of(&file))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Elsewhere an exit code has a name of `base/exit_codes.rs`.
#[test]
fn exit_codes_are_numbers_in_one_file() {
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")).iter().filter(|file| !is_for_tests(file)) {
        let code = code_of(&std::fs::read_to_string(file).unwrap());
        for (at, line) in code.lines().enumerate() {
            let is_number = |rest: &str| rest.trim_start().starts_with(|first: char| first.is_ascii_digit());
            let starts = ["exit_code: ", "ExitCode::from(", "exit_code == ", "exit_code() == ", "process::exit("];
            if starts.iter().any(|start| line.split(start).skip(1).any(is_number)) {
                wrong.push(format!("{}, line {} of its code: {}", name_of(file), at + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
