//! The structure of the code base, enforced: import directions, cycles, file sizes, one file for
//! each type's methods; manifests that load; the JSON Schema that the code generates.

mod contexts;
mod imports;
mod outcomes;
mod page_status_rule;

use crate::bench::root;
use contexts::{Struct, structs};
use imports::{Imports, code_of, rust_files, split_tests};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Which top-level modules a module may import. This table is the diagram of ARCHITECTURE.md.
const IMPORTS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("catalog", &["base"]),
    ("manifest", &["base", "catalog"]),
    ("media", &["base"]),
    ("source", &["base", "manifest", "media"]),
    ("prepare", &["base", "manifest", "catalog", "media"]),
    ("task", &["base", "manifest"]),
    ("provider", &["base", "manifest", "catalog", "prepare", "task"]),
    ("store", &["base"]),
    ("eval", &["base"]),
    ("export", &["base", "manifest", "task", "store"]),
    ("report", &["base", "manifest", "catalog", "store"]),
    ("select", &["base", "manifest", "task", "export"]),
    (
        "pipeline",
        &[
            "base", "catalog", "manifest", "source", "media", "prepare", "task", "provider", "store", "export",
            "report", "select",
        ],
    ),
    (
        "labels",
        &[
            "base", "catalog", "manifest", "source", "media", "prepare", "task", "provider", "store", "export",
            "report", "select", "pipeline", "eval",
        ],
    ),
    ("review", &["base", "manifest", "prepare", "task", "store", "export", "eval", "select", "pipeline", "labels"]),
    ("simulator", &["base"]),
    (
        "session",
        &[
            "review",
            "base",
            "catalog",
            "manifest",
            "source",
            "media",
            "prepare",
            "task",
            "provider",
            "store",
            "export",
            "report",
            "select",
            "pipeline",
            "labels",
            "simulator",
        ],
    ),
    (
        "cli",
        &[
            "review",
            "base",
            "catalog",
            "manifest",
            "source",
            "media",
            "prepare",
            "task",
            "provider",
            "store",
            "export",
            "report",
            "select",
            "pipeline",
            "labels",
            "simulator",
            "session",
        ],
    ),
];

/// The layers of a folder, lowest first: a child imports only what stands before it.
const LAYERS: &[(&str, &[&str])] = &[
    (
        "pipeline",
        &[
            "model",
            "control",
            "scan",
            "asking",
            "batch",
            "results",
            "plan",
            "page_pictures",
            "try_page",
            "probe",
            "passes",
            "run",
        ],
    ),
    (
        "provider",
        &[
            "request",
            "form",
            "judgement",
            "client",
            "test_server",
            "replies",
            "pacing",
            "dialect",
            "learning",
            "frames",
            "reply_reader",
            "offline_replies",
            "batch_client",
            "endpoint",
        ],
    ),
    (
        "store",
        &[
            "error",
            "page_status",
            "records",
            "sqlite",
            "read",
            "read_store",
            "write",
            "writer",
            "merge",
            "maintenance",
            "batch_files",
            "store",
        ],
    ),
];

/// Crates that only some modules, folders or files may use.
const RESTRICTED: &[(&str, &[&str])] = &[
    ("rusqlite::", &["store"]),
    ("reqwest::", &["provider", "source"]),
    ("hyper::", &["cli", "provider", "review", "simulator"]),
    ("governor::", &["provider/pacing", "source/host_limits.rs", "base/governor_clock.rs"]),
];

/// Most lines of code in a file, without unit tests, comments and blank lines.
const MAX_LINES: usize = 400;

/// The checkout that is measured: `DOCMILL_CHECKOUT` names another one, to compare.
fn src() -> PathBuf {
    std::env::var_os("DOCMILL_CHECKOUT").map_or_else(|| root().to_owned(), PathBuf::from).join("src")
}

fn display(module: &[String]) -> String {
    if module.is_empty() { "src".to_owned() } else { module.join("/") }
}

/// The name of a file below the repository.
fn name_of(file: &Path) -> String {
    file.strip_prefix(root()).unwrap_or(file).display().to_string()
}

/// The top-level module of a file.
fn top_of(file: &Path) -> String {
    let below = file.strip_prefix(src()).unwrap();
    below.components().next().unwrap().as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
}

#[test]
fn top_level_modules_import_only_what_the_table_allows() {
    let allowed: BTreeMap<&str, &[&str]> = IMPORTS.iter().copied().collect();
    let imports = Imports::read(&root().join("src"));
    let wrong: Vec<String> = imports
        .edges(&[])
        .into_iter()
        .filter(|(from, to)| !allowed.get(from.as_str()).is_some_and(|modules| modules.contains(&to.as_str())))
        .map(|(from, to)| format!("{from} imports {to}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_folder_has_an_import_cycle() {
    let imports = Imports::read(&root().join("src"));
    let mut wrong = Vec::new();
    for folder in imports.folders() {
        for cycle in imports.cycles(&folder) {
            wrong.push(format!("{}: {}", display(&folder), cycle.join(" <-> ")));
        }
    }
    for (module, path) in imports.upward_to_a_map() {
        wrong.push(format!(
            "{} imports {}, which the mod.rs of its own folder defines",
            display(&module),
            path.join("::")
        ));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn layered_folders_import_downwards() {
    let imports = Imports::read(&root().join("src"));
    let mut wrong = Vec::new();
    for (folder, layers) in LAYERS {
        let place = |name: &str| layers.iter().position(|layer| *layer == name);
        let folder = [(*folder).to_owned()];
        for child in imports.children(&folder) {
            if place(&child).is_none() {
                wrong.push(format!("{}/{child} has no layer", folder[0]));
            }
        }
        for (from, to) in imports.edges(&folder) {
            if place(&from) < place(&to) {
                wrong.push(format!("{}: {from} imports {to}", folder[0]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn few_modules_use_the_database_and_http() {
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for (word, modules) in RESTRICTED {
            let below = file.strip_prefix(src()).unwrap();
            if text.contains(word) && !modules.iter().any(|module| below.starts_with(module)) {
                wrong.push(format!("{} uses {word}", name_of(&file)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Files of the command line for commands without a job, which need more than a session.
const WITHOUT_A_JOB: &[&str] =
    &["init", "models", "prepare", "schema", "simulate", "simulate_args", "store", "version"];

/// Items of `session` that files of the command line use though they are not in the public API: the hidden command by
/// which the program runs itself to decode pages.
const HIDDEN: &[(&str, &str)] = &[("args", "DECODER_ARGUMENT")];

/// Commands that take a job use what a program that embeds docmill can use.
#[test]
fn commands_with_a_job_use_only_the_public_api() {
    let imports = Imports::read(&root().join("src"));
    let cli = ["cli".to_owned()];
    let children = imports.children(&cli);
    let face = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let face = face.split("pub use session::{").nth(1).and_then(|rest| rest.split('}').next()).unwrap_or_default();
    let public: BTreeSet<&str> = face.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    assert!(public.contains("Session") && public.contains("Job"), "{face}");
    let mut wrong: Vec<String> = WITHOUT_A_JOB
        .iter()
        .filter(|name| !children.iter().any(|child| child == *name))
        .map(|name| format!("there is no cli/{name}"))
        .collect();
    for name in children.iter().filter(|name| !WITHOUT_A_JOB.contains(&name.as_str())) {
        for path in imports.paths_of(&["cli".to_owned(), name.clone()]) {
            if !["cli", "session", "base"].contains(&path[0].as_str()) {
                wrong.push(format!("cli/{name} imports {}", path.join("::")));
            }
            let is_public = path[1..]
                .iter()
                .any(|item| public.contains(item.as_str()) || HIDDEN.contains(&(name.as_str(), item.as_str())));
            if path[0] == "session" && !is_public {
                wrong.push(format!("cli/{name} imports {}, which is not public", path.join("::")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The tables of ARCHITECTURE.md that have this heading, as the cells of their rows.
fn architecture_table(heading: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let (_, table) = text.split_once(heading).unwrap_or_else(|| panic!("no table {heading}"));
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

#[test]
fn the_architecture_shows_what_modules_import() {
    let mut above: Vec<String> = Vec::new();
    let mut shown: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in architecture_table("| folder | input | output | imports, beside `base` |") {
        let module = row[0].trim_matches('`').to_owned();
        let imports: Vec<String> = match row[3].split_once("all of the above") {
            Some((_, rest)) => {
                let left_out: Vec<&str> = rest.split(['`', ',', ' ']).collect();
                above.iter().filter(|module| !left_out.contains(&module.as_str())).cloned().collect()
            }
            None => {
                let names = row[3].split(',').map(|name| name.split_whitespace().next().unwrap_or_default());
                names.filter(|name| *name != "–").map(str::to_owned).collect()
            }
        };
        let base = (module != "base").then(|| "base".to_owned());
        shown.insert(module.clone(), imports.into_iter().chain(base).collect());
        above.push(module);
    }
    // Commands without a job need more than the table lists for the command line.
    shown.remove("cli");
    let enforced = IMPORTS.iter().filter(|(module, _)| *module != "cli");
    let enforced: BTreeMap<String, BTreeSet<String>> = enforced
        .map(|(module, imports)| ((*module).to_owned(), imports.iter().map(|name| (*name).to_owned()).collect()))
        .collect();
    assert_eq!(shown, enforced);
}

#[test]
fn the_architecture_shows_the_layers_of_folders() {
    for (folder, layers) in LAYERS {
        let mut shown = Vec::new();
        for row in architecture_table(&format!("| child of `{folder}` | duty |")) {
            shown.extend(row[0].split(',').map(|name| name.trim().trim_matches('`').to_owned()));
        }
        assert_eq!(shown, *layers, "{folder}");
    }
}

#[test]
fn files_have_a_description_and_stay_small_and_maps_have_no_logic() {
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = code_of(&text);
        let lines = code.lines().filter(|line| !line.trim().is_empty()).count();
        if lines > MAX_LINES {
            wrong.push(format!("{} has {lines} lines of code", name_of(&file)));
        }
        if !text.starts_with("//!") {
            wrong.push(format!("{} has no description", name_of(&file)));
        }
        if file.ends_with("mod.rs") && code.lines().any(|line| line.starts_with("impl ") || line.contains("fn ")) {
            wrong.push(format!("{} is a map and has logic", name_of(&file)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The modules that a file declares, without its unit tests.
fn declared_modules(text: &str) -> Vec<&str> {
    let declarations = text.lines().filter(|line| line.starts_with("mod ") || line.starts_with("pub"));
    let names = declarations.filter_map(|line| line.strip_suffix(';')?.split_once("mod ").map(|(_, name)| name));
    names.filter(|name| *name != "tests").collect()
}

#[test]
fn maps_name_all_modules_of_their_folders() {
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")).iter().filter(|file| file.ends_with("mod.rs")) {
        let text = std::fs::read_to_string(file).unwrap();
        let description: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("//!")).collect();
        if !description.iter().any(|line| line.starts_with(" - ") || line.starts_with(" 1. ")) {
            wrong.push(format!("{} has no list of its modules", name_of(file)));
            continue;
        }
        let named: BTreeSet<&str> =
            description.iter().flat_map(|line| line.split('`')).map(|name| name.trim_start_matches("mod@")).collect();
        let missing = declared_modules(&text).into_iter().filter(|name| !named.contains(name));
        wrong.extend(missing.map(|name| format!("{} does not name {name}", name_of(file))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The first paragraph of `base/mod.rs` names those.
#[test]
fn the_map_of_base_names_the_leaves_that_import_others() {
    let imports = Imports::read(&root().join("src"));
    let edges = imports.edges(&["base".to_owned()]);
    let importing: BTreeSet<&str> = edges.iter().map(|(from, _)| from.as_str()).collect();
    let text = std::fs::read_to_string(root().join("src/base/mod.rs")).unwrap();
    let (opening, _) = text.split_once("//!\n").unwrap();
    let named: BTreeSet<&str> = opening.split('`').skip(1).step_by(2).collect();
    assert_eq!(named, importing);
}

#[test]
fn the_methods_of_a_type_are_in_the_file_that_defines_it() {
    let (mut defined, mut extended) = (BTreeMap::<(String, String), BTreeSet<String>>::new(), Vec::new());
    for file in rust_files(&root().join("src")) {
        let code = code_of(&std::fs::read_to_string(&file).unwrap());
        // A macro of the file defines the types whose methods it has.
        if code.contains("struct $name") || code.contains("enum $name") {
            continue;
        }
        for line in code.lines() {
            let words: Vec<&str> =
                line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
            let is_top = !line.starts_with(' ');
            if let Some(at) = words.iter().position(|word| ["struct", "enum", "trait"].contains(word))
                && is_top
                && let Some(name) = words.get(at + 1)
            {
                defined.entry((top_of(&file), (*name).to_owned())).or_default().insert(name_of(&file));
            }
            if is_top && line.starts_with("impl") && !line.contains(" for ") {
                let head = line.trim_start_matches("impl");
                let head =
                    if head.starts_with('<') { head.split_once("> ").map_or(head, |(_, rest)| rest) } else { head };
                let name: String = head.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                extended.push(((top_of(&file), name), name_of(&file)));
            }
        }
    }
    let is_elsewhere =
        |(key, file): &((String, String), String)| !defined.get(key).is_some_and(|files| files.contains(file));
    let wrong: Vec<String> = extended
        .into_iter()
        .filter(is_elsewhere)
        .map(|((_, name), file)| format!("{file} has methods of {name}, which another file defines"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Prints the measures of the structure, and checks the bounds that keep it readable: `cargo test --profile bench --test it measures -- --nocapture`.
#[test]
fn measures() {
    let src = src();
    let imports = Imports::read(&src);
    let cycles: usize = imports.folders().iter().map(|folder| imports.cycles(folder).len()).sum();
    let pipeline = ["pipeline".to_owned()];
    let (mut code_lines, mut test_lines, mut pub_super) = (0, 0, 0);
    let mut sources = BTreeMap::new();
    for file in rust_files(&src) {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = code_of(&text);
        let count = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).count();
        if file.ends_with("tests.rs") || file.components().any(|part| part.as_os_str() == "tests") {
            test_lines += count(&text);
            continue;
        }
        code_lines += count(&code);
        test_lines += count(&split_tests(&text).1);
        pub_super += code.matches("pub(super)").count();
        sources.insert(name_of(&file), text);
    }
    for file in rust_files(&src.parent().unwrap().join("tests")) {
        let text = std::fs::read_to_string(file).unwrap();
        test_lines += text.lines().filter(|line| !line.trim().is_empty()).count();
    }
    let (mut contexts, others): (Vec<Struct>, Vec<Struct>) =
        structs(&sources).into_iter().partition(|it| it.is_context);
    contexts.sort_by_key(|context| std::cmp::Reverse(context.fields));
    let lib = std::fs::read_to_string(src.join("lib.rs")).unwrap();
    let rows = [
        ("import cycles inside folders", cycles, 0),
        ("children of pipeline", imports.children(&pipeline).len(), 12),
        ("import levels of pipeline", imports.levels(&pipeline), 8),
        ("import edges between them", imports.edges(&pipeline).len(), 45),
        ("fields of the largest context", contexts[0].fields, 8),
        ("pub(super)", pub_super, 0),
        ("rules of page status", page_status_rule::implementations(&sources).len(), 1),
        ("pub mod in lib.rs", lib.lines().filter(|line| line.starts_with("pub mod")).count(), 1),
    ];
    let mut wrong = Vec::new();
    println!("{:<32} {:>6} {:>7}", "", "is", "at most");
    for (name, value, most) in rows {
        println!("{name:<32} {value:>6} {most:>7}");
        if value > most {
            wrong.push(format!("{name}: {value} instead of at most {most}"));
        }
    }
    let ratio = test_lines as f64 / code_lines as f64;
    let largest: Vec<String> =
        contexts.iter().take(4).map(|it| format!("{} ({}, {})", it.name, it.fields, it.file)).collect();
    println!(
        "of {} contexts among {} structs the largest: {}",
        contexts.len(),
        contexts.len() + others.len(),
        largest.join("; ")
    );
    println!("{test_lines} lines of tests, {code_lines} of code: {ratio:.2}");
    if ratio < 0.6 {
        wrong.push(format!("{ratio:.2} lines of tests per line of code"));
    }
    // Another checkout is only measured.
    assert!(wrong.is_empty() || std::env::var_os("DOCMILL_CHECKOUT").is_some(), "{}", wrong.join("\n"));
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
fn the_schema_in_the_repository_is_generated_from_the_code() {
    let stored = std::fs::read_to_string(root().join("schemas/job.schema.json")).unwrap();
    let made = format!("{:#}\n", docmill::internal::manifest::json_schema());
    assert!(stored == made, "run `docmill schema > schemas/job.schema.json`");
}

#[test]
fn no_unfinished_work_and_no_machine_paths() {
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for word in ["TODO", "FIXME", "/work/", "todo!(", "unimplemented!("] {
            if text.contains(word) {
                wrong.push(format!("{}: {word}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A skipped test is counted by its name.
#[test]
fn skips_name_tests_of_their_files() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    for file in rust_files(&root().join("tests/it")).iter().filter(|file| !file.ends_with("tidy/mod.rs")) {
        let text = std::fs::read_to_string(file).unwrap();
        for call in ["skip(", "in_terminal("] {
            // The first text among the arguments; other calls get the name from a variable.
            let arguments = text.split(call).skip(1).filter_map(|rest| rest.split([')', ';']).next());
            for name in arguments.filter_map(|arguments| arguments.split('"').nth(1)) {
                count += 1;
                if !text.contains(&format!("\nfn {name}() {{")) {
                    wrong.push(format!("{} skips {name}, which it does not have", name_of(file)));
                }
            }
        }
    }
    assert!(wrong.is_empty() && count > 20, "{count} calls: {}", wrong.join("\n"));
}
