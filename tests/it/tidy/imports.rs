//! Who imports whom, read from the source text: every `use` declaration and every path in code
//! that begins with `crate::`, `super::` or `self::`. Unit tests are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The path of a module below the crate, such as `["store", "read", "reader"]`.
pub(crate) type Module = Vec<String>;

/// One source file.
struct Source {
    /// Whether it is the `mod.rs` of a folder.
    is_map: bool,
    /// Absolute paths that its code names.
    paths: Vec<Module>,
    /// Names that it re-exports, and the absolute paths that they stand for.
    exports: BTreeMap<String, Module>,
}

/// The files of a crate and what they import.
pub(crate) struct Imports {
    sources: BTreeMap<Module, Source>,
}

impl Imports {
    /// Reads every file below `src` except `main.rs`, `lib.rs` and unit tests.
    pub(crate) fn read(src: &Path) -> Self {
        let mut sources = BTreeMap::new();
        for file in rust_files(src) {
            let below = file.strip_prefix(src).unwrap().with_extension("");
            let mut module: Module =
                below.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
            let is_map = module.last().is_some_and(|name| name == "mod");
            if is_map {
                module.pop();
            }
            if module.last().is_some_and(|name| ["main", "lib", "tests"].contains(&name.as_str())) {
                continue;
            }
            let code = code_of(&std::fs::read_to_string(&file).unwrap());
            sources.insert(module.clone(), parse(&code, &module, is_map));
        }
        Self { sources }
    }

    /// The absolute paths that a module names, in their original form.
    pub(crate) fn paths_of(&self, module: &[String]) -> &[Module] {
        self.sources.get(module).map_or(&[], |source| &source.paths)
    }

    /// The folders below the crate; the crate itself is the empty path.
    pub(crate) fn folders(&self) -> BTreeSet<Module> {
        self.sources.keys().flat_map(|module| (0..module.len()).map(|depth| module[..depth].to_vec())).collect()
    }

    /// The files and folders in a folder.
    pub(crate) fn children(&self, folder: &[String]) -> BTreeSet<String> {
        let below = self.sources.keys().filter(|module| module.len() > folder.len() && module.starts_with(folder));
        below.map(|module| module[folder.len()].clone()).collect()
    }

    /// Which children of a folder import which: (importer, imported).
    pub(crate) fn edges(&self, folder: &[String]) -> BTreeSet<(String, String)> {
        let mut edges = BTreeSet::new();
        for (module, source) in &self.sources {
            if module.len() <= folder.len() || !module.starts_with(folder) {
                continue;
            }
            for target in source.paths.iter().filter_map(|path| self.resolve(path)) {
                if target.len() > folder.len() && target.starts_with(folder) {
                    let (from, to) = (&module[folder.len()], &target[folder.len()]);
                    if from != to {
                        edges.insert((from.clone(), to.clone()));
                    }
                }
            }
        }
        edges
    }

    /// Files that import from the `mod.rs` of a folder that holds them, other than re-exports.
    pub(crate) fn upward_to_a_map(&self) -> Vec<(Module, Module)> {
        let mut found = Vec::new();
        for (module, source) in &self.sources {
            for path in &source.paths {
                if let Some(target) = self.resolve(path)
                    && self.sources[&target].is_map
                    && module.len() > target.len()
                    && module.starts_with(&target)
                    && path.len() > target.len()
                {
                    found.push((module.clone(), path.clone()));
                }
            }
        }
        found
    }

    /// The cycles among the children of a folder, as lists of names.
    pub(crate) fn cycles(&self, folder: &[String]) -> Vec<Vec<String>> {
        let edges = self.edges(folder);
        let reaches = |from: &str| {
            let (mut seen, mut next) = (BTreeSet::new(), vec![from.to_owned()]);
            while let Some(name) = next.pop() {
                for (_, to) in edges.iter().filter(|(importer, _)| *importer == name) {
                    if seen.insert(to.clone()) {
                        next.push(to.clone());
                    }
                }
            }
            seen
        };
        let reach: BTreeMap<String, BTreeSet<String>> =
            self.children(folder).into_iter().map(|name| (name.clone(), reaches(&name))).collect();
        let mut cycles = BTreeSet::new();
        for (name, reached) in reach.iter().filter(|(name, reached)| reached.contains(*name)) {
            let members = reached.iter().filter(|other| reach[*other].contains(name)).cloned().collect::<Vec<_>>();
            cycles.insert(members);
        }
        cycles.into_iter().collect()
    }

    /// The number of import levels of a folder without cycles: 1 when no child imports another.
    pub(crate) fn levels(&self, folder: &[String]) -> usize {
        let edges = self.edges(folder);
        let mut level: BTreeMap<String, usize> = self.children(folder).into_iter().map(|name| (name, 1)).collect();
        // At most one round for each child; cycles would not end otherwise.
        for _ in 0..level.len() {
            for (from, to) in &edges {
                let above = level[to] + 1;
                if level[from] < above {
                    level.insert(from.clone(), above);
                }
            }
        }
        level.values().copied().max().unwrap_or(0)
    }

    /// The file that defines what a path names; `None`: not a path of this crate.
    fn resolve(&self, path: &[String]) -> Option<Module> {
        let depth = (1..=path.len()).rev().find(|depth| self.sources.contains_key(&path[..*depth]))?;
        let module = path[..depth].to_vec();
        match path.get(depth).and_then(|name| self.sources[&module].exports.get(name)) {
            Some(target) if target[..] != path[..] => self.resolve(target).or(Some(module)),
            _ => Some(module),
        }
    }
}

/// The Rust files below a folder, sorted.
pub(crate) fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .collect();
    files.sort();
    files
}

/// A file's text without unit tests and line comments.
pub(crate) fn code_of(text: &str) -> String {
    let (code, _) = split_tests(text);
    code.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

/// A file's text without its module `tests`, and that module: a declaration under a condition on `test`, with any
/// attributes and visibility. What follows the module is not part of it.
pub(crate) fn split_tests(text: &str) -> (String, String) {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let Some((start, declaration)) =
        (0..lines.len()).find_map(|start| Some((start, tests_declared_at(&lines, start)?)))
    else {
        return (text.to_owned(), String::new());
    };
    let is_inline = !lines[declaration].trim_end().ends_with(';');
    let end = match lines[declaration..].iter().position(|line| line.trim_end() == "}") {
        _ if !is_inline => declaration + 1,
        Some(length) => declaration + length + 1,
        None => lines.len(),
    };
    let code = [&lines[..start], &lines[end..]].concat().concat();
    (code, lines[start..end].concat())
}

/// The line that declares the module `tests`, if the attributes of it begin at `start`, and one of them is a condition
/// that holds only in tests.
fn tests_declared_at(lines: &[&str], start: usize) -> Option<usize> {
    let mut is_for_tests = false;
    let mut at = start;
    while lines.get(at)?.starts_with("#[") {
        let end = (at..lines.len()).find(|end| lines[*end].trim_end().ends_with(']'))?;
        let attribute = lines[at..=end].concat();
        let condition = attribute.strip_prefix("#[cfg(");
        is_for_tests |= condition.is_some_and(|it| it.starts_with("test)") || it.starts_with("all(test,"));
        at = end + 1;
    }
    let declared = lines[at].trim_end();
    let item = match declared.strip_prefix("pub").and_then(|rest| rest.split_once("mod ")) {
        Some((scope, name)) if scope.trim().is_empty() || scope.starts_with('(') => name,
        _ => declared.strip_prefix("mod ")?,
    };
    (is_for_tests && ["tests {", "tests;"].contains(&item)).then_some(at)
}

fn parse(code: &str, module: &[String], is_map: bool) -> Source {
    let mut source = Source { is_map, paths: Vec::new(), exports: BTreeMap::new() };
    let mut rest = String::new();
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        let start = line.trim_start();
        let is_export = start.starts_with("pub use ") || start.starts_with("pub(crate) use ");
        if !is_export && !start.starts_with("use ") {
            rest.push_str(line);
            rest.push('\n');
            continue;
        }
        let mut declaration = start.to_owned();
        while !declaration.trim_end().ends_with(';') {
            let Some(line) = lines.next() else { break };
            declaration.push_str(line);
        }
        let tree = declaration.split_once("use ").map_or("", |(_, tree)| tree).trim_end().trim_end_matches(';');
        for (path, name) in flatten(tree) {
            // Paths without a keyword are children in a map, and crates elsewhere.
            let path = match absolute(&path, module) {
                Some(path) => path,
                None if is_map => module.iter().cloned().chain(path).collect(),
                None => continue,
            };
            if is_export {
                source.exports.insert(name, path.clone());
            }
            if !(is_map && is_export) {
                source.paths.push(path);
            }
        }
    }
    for keyword in ["crate::", "super::", "self::"] {
        for (at, _) in rest.match_indices(keyword) {
            let before = rest[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let name = rest[at..].chars().take_while(|c| c.is_alphanumeric() || *c == '_' || *c == ':');
            let path: Vec<String> =
                name.collect::<String>().split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
            source.paths.extend(absolute(&path, module));
        }
    }
    source
}

/// The absolute form of a path that begins with `crate`, `super` or `self`.
fn absolute(path: &[String], module: &[String]) -> Option<Module> {
    let (first, rest) = path.split_first()?;
    let mut base = module.to_vec();
    match first.as_str() {
        "crate" => return Some(rest.to_vec()),
        "self" => {}
        "super" => _ = base.pop(),
        _ => return None,
    }
    let mut rest = rest;
    while let Some((name, more)) = rest.split_first().filter(|(name, _)| *name == "super") {
        debug_assert_eq!(name, "super");
        base.pop();
        rest = more;
    }
    Some(base.into_iter().chain(rest.iter().cloned()).collect())
}

/// The paths of a `use` tree, each with the name that it gets.
fn flatten(tree: &str) -> Vec<(Vec<String>, String)> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(path, alias)| (path, Some(alias.trim())));
        let mut parts: Vec<String> = path.split("::").map(|part| part.trim().to_owned()).collect();
        if parts.last().is_some_and(|last| last == "self" || last == "*") && parts.len() > 1 {
            parts.pop();
        }
        let name = alias.map(str::to_owned).or_else(|| parts.last().cloned()).unwrap_or_default();
        return vec![(parts, name)];
    };
    let prefix: Vec<String> =
        tree[..open].split("::").map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect();
    let close = tree.rfind('}').unwrap_or(tree.len());
    let mut depth = 0;
    let parts = tree[open + 1..close].split(|c: char| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    let joined = |(path, name): (Vec<String>, String)| {
        let path: Vec<String> = prefix.iter().cloned().chain(path.into_iter().filter(|part| part != "self")).collect();
        let name = if name == "self" { path.last().cloned().unwrap_or_default() } else { name };
        (path, name)
    };
    parts.filter(|part| !part.trim().is_empty()).flat_map(flatten).map(joined).collect()
}

#[test]
fn use_trees_are_read_to_their_leaves() {
    let read = |tree: &str| {
        flatten(tree).into_iter().map(|(path, name)| format!("{} {name}", path.join("::"))).collect::<Vec<_>>()
    };
    assert_eq!(read("crate::store::Reader"), ["crate::store::Reader Reader"]);
    assert_eq!(
        read("super::a::{self, B, c::{D, E as F}}"),
        ["super::a a", "super::a::B B", "super::a::c::D D", "super::a::c::E F"]
    );
    assert_eq!(read("super::*"), ["super super"]);
}

#[test]
fn unit_tests_are_no_code_however_their_module_is_declared() {
    let code = "//! A file.\n\nfn a() {}\n\n";
    for declaration in [
        "#[cfg(test)]\nmod tests",
        "#[cfg(test)]\npub(crate) mod tests",
        "#[cfg(test)]\npub mod tests",
        "#[cfg(all(test, unix))]\nmod tests",
        "#[cfg(all(test, target_os = \"linux\"))]\n#[allow(unused)]\nmod tests",
        "#[cfg(test)]\n#[expect(clippy::disallowed_methods, reason = \"tests make files\")]\nmod tests",
        "#[expect(\n    clippy::disallowed_methods,\n    reason = \"tests make files\"\n)]\n#[cfg(test)]\nmod tests",
    ] {
        for module in [format!("{declaration};\n"), format!("{declaration} {{\n    fn b() {{\n    }}\n}}\n")] {
            assert_eq!(split_tests(&format!("{code}{module}")), (code.to_owned(), module.clone()), "{module}");
            let more = format!("{code}{module}\nfn c() {{\n}}\n");
            assert_eq!(code_of(&more), "\nfn a() {}\n\n\nfn c() {\n}\n", "{module}: what follows is code");
        }
    }
    for code in [
        "#[cfg(test)]\nmod sample;\n",
        "#[cfg(not(test))]\nmod tests;\n",
        "#[cfg(any(test, feature = \"internal\"))]\nmod tests {\n}\n",
        "mod tests;\n",
        "#[cfg(test)]\nconst A: u8 = 1;\n\nmod tests;\n",
    ] {
        assert_eq!(split_tests(code), (code.to_owned(), String::new()));
    }
}
