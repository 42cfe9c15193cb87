//! `input`: which pages.

use super::job::Check;
use globset::GlobBuilder;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawInput {
    /// The folder with the pages, searched with everything below it. Relative to the manifest.
    folder: String,
    /// Globs of files to take, by their path below the folder; any case. Default: the endings of every supported format.
    #[serde(default)]
    include: Vec<String>,
    /// Globs of files to leave out; they win over `include`.
    #[serde(default)]
    exclude: Vec<String>,
    /// Whether a folder without pages is a success (exit 0) instead of `no_pages` (exit 3).
    #[serde(default)]
    allow_empty: bool,
}

/// Which pages.
#[derive(Clone, Debug)]
pub struct Input {
    /// The folder with the pages.
    pub folder: PathBuf,
    /// Globs of files to take; empty: the endings of every supported format.
    pub include: Vec<String>,
    /// Globs of files to leave out.
    pub exclude: Vec<String>,
    /// Whether no page at all is a success.
    pub allow_empty: bool,
}

impl RawInput {
    pub(super) fn check(self, check: &mut Check<'_>) -> Input {
        if self.folder.trim().is_empty() {
            check.fault("/input/folder", "the folder is empty", "a path, relative to this file");
        }
        for (key, globs) in [("include", &self.include), ("exclude", &self.exclude)] {
            for (at, glob) in globs.iter().enumerate() {
                if let Err(error) = GlobBuilder::new(glob).literal_separator(true).build() {
                    check.fault(
                        &format!("/input/{key}/{at}"),
                        &format!("not a glob: {}", error.kind()),
                        "such as **/*.jpg",
                    );
                }
            }
        }
        Input {
            folder: check.path(&self.folder),
            include: self.include,
            exclude: self.exclude,
            allow_empty: self.allow_empty,
        }
    }
}
