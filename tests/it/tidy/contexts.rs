//! Contexts: structs through which functions share state. A function that gets one may use all of it, so the number of
//! their fields is bounded.
//!
//! A struct is a context if functions of other files get it by reference, other files see at least one of its fields,
//! and it is not a value: it is not `Clone`, and holds a reference, a trait object, or something that changes through
//! a shared reference. A struct whose name says so is one in any case.
//!
//! So two kinds of large structs are not contexts: plain data, such as a record, the options of a request or the counts
//! of a report; and objects, whose fields are all private, so that only their own methods use them.

use super::imports::code_of;
use std::collections::BTreeMap;

/// Ends of names that mean a context.
const NAMES: &[&str] = &["Context", "Session", "Intake", "Asking", "Scan", "Pass"];

/// Types of fields that can change through a shared reference, or lead to something that can.
const SHARED: &[&str] =
    &["Cell", "RefCell", "Mutex", "RwLock", "OnceCell", "OnceLock", "Sender", "Receiver", "Connection", "dyn"];

/// A struct with named fields.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Struct {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) fields: usize,
    pub(crate) is_context: bool,
}

/// The structs of files, by their names and texts.
pub(crate) fn structs(files: &BTreeMap<String, String>) -> Vec<Struct> {
    let codes: BTreeMap<&String, String> = files.iter().map(|(file, text)| (file, code_of(text))).collect();
    let mut found = Vec::new();
    for (file, code) in &codes {
        let mut lines = code.lines();
        let mut is_clone = false;
        while let Some(line) = lines.next() {
            if line.starts_with("#[") {
                is_clone |= line.starts_with("#[derive(") && words(line).any(|word| word == "Clone");
                continue;
            }
            let is_value = std::mem::take(&mut is_clone);
            let Some(name) = name_of_struct(line) else { continue };
            let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "}").collect();
            let fields: Vec<(&str, &str)> = body.iter().filter_map(|line| field(line)).collect();
            let is_visible = fields.iter().any(|(name, _)| name.starts_with("pub"));
            let is_shared = fields.iter().any(|(_, kind)| is_shared(kind));
            let is_passed = || codes.iter().any(|(other, code)| other != file && is_passed(code, name));
            let is_named = NAMES.iter().any(|end| name.ends_with(end));
            let is_context = is_named || is_visible && is_shared && !is_value && is_passed();
            found.push(Struct { name: name.to_owned(), file: (*file).clone(), fields: fields.len(), is_context });
        }
    }
    found
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The name of the struct with named fields that a line begins.
fn name_of_struct(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("struct ")?;
    let is_top = before.is_empty() || before.starts_with("pub");
    (is_top && line.ends_with('{')).then(|| words(rest).next()).flatten()
}

/// The name of a field, with its visibility, and its type.
fn field(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("    ").filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))?;
    rest.split_once(": ")
}

fn is_shared(kind: &str) -> bool {
    let kind = kind.replace("&'static str", "").replace("&'static [", "[");
    kind.contains('&') || words(&kind).any(|word| SHARED.contains(&word) || word.starts_with("Atomic"))
}

/// Whether a function of this code gets the struct by reference.
fn is_passed(code: &str, name: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let is_reference = |before: &str| {
        let before = before.strip_suffix("mut ").unwrap_or(before);
        let lifetime = before.rsplit_once("&'").map(|(_, lifetime)| lifetime.trim_end());
        let has_lifetime =
            before.ends_with(' ') && lifetime.is_some_and(|name| name.chars().all(char::is_alphanumeric));
        before.ends_with(['&']) || before.ends_with("Arc<") || before.ends_with("Rc<") || has_lifetime
    };
    code.match_indices(name).any(|(at, _)| ends(&code[at + name.len()..]) && is_reference(&code[..at]))
}

#[test]
fn contexts_differ_from_values_and_objects() {
    let user = "fn a(all: &Pages, one: &'a mut Lines<'_>, list: Arc<Rows>, other: &Values, object: &Object) {}\n";
    for (what, code, expected) in [
        ("borrows", "pub struct Lines<'a> {\n    pub(crate) job: &'a Job,\n    left: u64,\n}\n", true),
        ("has a cell", "struct Pages {\n    pub(crate) count: Cell<u64>,\n}\n", true),
        ("has a service", "struct Rows {\n    pub(crate) clock: Arc<dyn Clock>,\n}\n", true),
        ("named", "pub(crate) struct FileScan {\n    left: u64,\n}\n", true),
        ("plain data", "struct Values {\n    pub(crate) text: Arc<str>,\n    pub kind: &'static str,\n}\n", false),
        ("a value", "#[derive(Clone, Copy)]\nstruct Pages<'a> {\n    pub(crate) job: &'a Job,\n}\n", false),
        ("an object", "struct Object {\n    count: Cell<u64>,\n    clock: Arc<dyn Clock>,\n}\n", false),
        ("not passed", "struct Alone<'a> {\n    pub(crate) job: &'a Job,\n}\n", false),
    ] {
        let files = [("a.rs", code), ("b.rs", user)].map(|(file, text)| (file.to_owned(), text.to_owned()));
        let found = structs(&files.into());
        assert!(found.len() == 1 && found[0].is_context == expected, "{what}: {found:?}");
        assert_eq!(found[0].fields, code.matches(": ").count(), "{what}");
    }
}
