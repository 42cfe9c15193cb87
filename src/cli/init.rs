//! `docmill init`: a manifest to start from, and the folders and files that it names.

use super::args::Init;
use super::exit::{Failure, STORAGE, WRONG_INPUT};
use super::out::outln;
use crate::base::atomic_file;
use crate::base::hooks::NoHooks;
use crate::manifest::json_schema;
use std::io::Write;
use std::path::Path;

/// The manifest.
const TEMPLATE: &str = include_str!("init.yaml");
/// The JSON Schema of its `extract` task.
const TOTAL_SCHEMA: &str = include_str!("init.schema.json");
/// The folders that the manifest names.
const FOLDERS: &[&str] = &["pages", "out"];

pub(crate) fn init(args: &Init, quiet: bool) -> Result<u8, Failure> {
    let path = args.dir.join("job.yaml");
    if path.symlink_metadata().is_ok() {
        return Err(Failure::new(WRONG_INPUT, format!("{} exists already", path.display()))
            .with_hint("name another folder: docmill init DIR"));
    }
    for folder in FOLDERS {
        let folder = args.dir.join(folder);
        std::fs::create_dir_all(&folder)
            .map_err(|error| Failure::new(STORAGE, format!("can't create the folder {}: {error}", folder.display())))?;
    }
    write_new(&args.dir.join(".docmill/job.schema.json"), &format!("{:#}\n", json_schema()))?;
    write_new(&args.dir.join("total.schema.json"), TOTAL_SCHEMA)?;
    write_new(&path, TEMPLATE)?;
    outln!("{}", path.display());
    let (pages, job) = (args.dir.join("pages"), quote(&path.display().to_string()));
    let next = format!(
        "next: put pages into {}, set provider and tasks in {job}, then\n  \
         docmill plan {job}      # shows what a run would send and cost; sends nothing\n  \
         docmill run {job} --limit 20\n",
        pages.display()
    );
    if !quiet {
        // The files are there, whether anyone reads this or not.
        let _ = std::io::stderr().write_all(next.as_bytes());
    }
    Ok(0)
}

/// A path as a shell reads it.
fn quote(path: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:".contains(c) || cfg!(windows) && c == '\\';
    // Otherwise it would be read as an option.
    if path.starts_with('-') {
        return quote(&format!("./{path}"));
    }
    if path.chars().all(is_plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// Writes a file, unless there is one.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    atomic_file::write(path, text.as_bytes(), &NoHooks)
        .map_err(|error| Failure::new(STORAGE, format!("can't write {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn paths_are_quoted_where_a_shell_needs_it() {
        for (path, quoted) in [
            ("./größe/job.yaml", "./größe/job.yaml"),
            ("a b/job.yaml", "'a b/job.yaml'"),
            ("it's", r"'it'\''s'"),
            ("$x", "'$x'"),
            ("-dash", "./-dash"),
            ("--help", "./--help"),
        ] {
            assert_eq!(quote(path), quoted);
        }
    }
}
