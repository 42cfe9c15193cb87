//! `output`: where rows and the report are written.

use crate::manifest::check::Check;
use crate::manifest::paths::real_path;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::{Path, PathBuf};

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawOutput {
    /// File for the rows as CSV (RFC 4180, UTF-8).
    csv: Option<String>,
    /// File for the rows as Parquet.
    parquet: Option<String>,
    /// File for the rows as JSON Lines.
    jsonl: Option<String>,
    /// File for the spend report as JSON.
    report: Option<String>,
    /// Text cells of the CSV file that a spreadsheet would run as formulas: `escape` puts a `'` before them (default), `keep` leaves them unchanged.
    csv_formulas: Option<RawFormulas>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RawFormulas {
    Escape,
    Keep,
}

/// Where rows and the report are written.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// File for the rows as CSV.
    pub csv: Option<PathBuf>,
    /// File for the rows as Parquet.
    pub parquet: Option<PathBuf>,
    /// File for the rows as JSON Lines.
    pub jsonl: Option<PathBuf>,
    /// File for the report as JSON.
    pub report: Option<PathBuf>,
    /// Whether text cells that a spreadsheet would run as formulas are left unchanged.
    pub keep_formulas: bool,
}

impl RawOutput {
    pub(crate) fn check(self, check: &mut Check) -> Output {
        let files = [("csv", &self.csv), ("parquet", &self.parquet), ("jsonl", &self.jsonl), ("report", &self.report)];
        for (key, path) in files {
            if path.as_ref().is_some_and(|path| path.trim().is_empty() || path.ends_with('/')) {
                check.report(&format!("/output/{key}"), "not a file name", "a path relative to the manifest");
            }
        }
        let resolve = |path: &Option<String>| path.as_ref().map(|path| check.resolve(path));
        Output {
            csv: resolve(&self.csv),
            parquet: resolve(&self.parquet),
            jsonl: resolve(&self.jsonl),
            report: resolve(&self.report),
            keep_formulas: self.csv_formulas == Some(RawFormulas::Keep),
        }
    }
}

/// Extensions that no page of an input folder has. An output with one of them may be below
/// that folder.
const OUTPUT_EXTENSIONS: &[&str] = &["csv", "parquet", "jsonl", "json"];

/// What an output would overwrite or be mistaken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Collision {
    /// A file in use, with its description.
    File(&'static str),
    /// A folder.
    Folder,
    /// A page of the input.
    Page,
}

impl Output {
    /// Reports outputs that would overwrite a file in use, each other, or be found as pages
    /// of the input. `used` and `input_folder` as for [`Output::collisions`].
    pub(crate) fn check_collisions(
        &self,
        used: &[(PathBuf, &'static str)],
        input_folder: Option<&Path>,
        check: &mut Check,
    ) {
        for (key, collision) in self.collisions(used, input_folder) {
            let pointer = format!("/output/{key}");
            match collision {
                Collision::File(what) => {
                    let message = format!("the output would overwrite {what}");
                    check.report(&pointer, &message, "a path that nothing else uses");
                }
                Collision::Folder => check.report(&pointer, "the path is a folder", "a file"),
                Collision::Page => {
                    let message = "the output would be among the pages of the input";
                    check.report(&pointer, message, "a path outside of input.folder");
                }
            }
        }
    }

    /// What outputs collide with, by key. `used` are the files that the job reads or writes otherwise,
    /// with their descriptions; `input_folder` is the input, if it is a folder.
    pub(crate) fn collisions(
        &self,
        used: &[(PathBuf, &'static str)],
        input_folder: Option<&Path>,
    ) -> Vec<(&'static str, Collision)> {
        let mut used: Vec<(PathBuf, &str)> = used.iter().map(|(path, what)| (real_path(path), *what)).collect();
        let input_folder = input_folder.map(real_path);
        let mut found = Vec::new();
        for (key, path) in self.files() {
            let path = real_path(path);
            let known = used.iter().find(|(file, _)| *file == path);
            found.extend(known.map(|(_, what)| (key, Collision::File(what))));
            if path.is_dir() {
                found.push((key, Collision::Folder));
            }
            let is_below = input_folder.as_ref().is_some_and(|folder| path.starts_with(folder));
            let extension = path.extension().map(|text| text.to_string_lossy().to_lowercase()).unwrap_or_default();
            if is_below && !OUTPUT_EXTENSIONS.contains(&extension.as_str()) {
                found.push((key, Collision::Page));
            }
            used.push((path, "another output"));
        }
        found
    }

    /// The files, by key.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
        let files = [("csv", &self.csv), ("parquet", &self.parquet), ("jsonl", &self.jsonl), ("report", &self.report)];
        files.into_iter().filter_map(|(key, path)| Some((key, path.as_ref()?)))
    }
}
