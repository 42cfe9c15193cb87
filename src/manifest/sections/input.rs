//! `input`: which files and pages are processed.

use super::column::ColumnNameFault;
use super::fetch::{Fetch, RawFetch};
use super::pages::{PageChoice, RawPages};
use crate::base::escape::pointer_token;
use crate::base::file_names::find_in_both_forms;
use crate::base::shard::Shard;
use crate::manifest::check::Check;
use crate::manifest::yaml::ordered::Ordered;
use globset::GlobBuilder;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How pages are recognized among the files of a folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Detect {
    /// By the extensions of the supported formats.
    #[default]
    Extension,
    /// By extension or by the first bytes of the file.
    Content,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawInput {
    /// Folder to search for pages, including subfolders. Relative to the manifest. Set exactly one of `folder` and `list`.
    folder: Option<String>,
    /// List of paths or URLs: a CSV, JSON Lines, Parquet or text file, by its extension, or `-` for standard input. Set exactly one of `folder` and `list`.
    list: Option<String>,
    /// Globs of files to include, matched case-insensitively against the path below the folder. Default: the extensions of all supported formats.
    #[serde(default)]
    include: Vec<String>,
    /// Globs of files to exclude. They take precedence over `include`.
    #[serde(default)]
    exclude: Vec<String>,
    /// How pages are recognized among the files of the folder: `extension` (default), or `content` to also take files with other extensions or none whose first bytes are those of a supported format.
    detect: Option<Detect>,
    /// Whether to follow symbolic links (default false).
    #[serde(default)]
    follow_links: bool,
    /// Whether an input without pages counts as success (exit code 0) instead of `no_pages` (exit code 3). Default: false.
    #[serde(default)]
    allow_empty: bool,
    /// Pages of each file: `all` (default), `first`, or numbers such as [1, 2, -1]. -1 is the last page.
    pages: Option<RawPages>,
    /// Whether to skip blank pages; their status is `skipped` (default false).
    #[serde(default)]
    skip_blank: bool,
    /// Maximum number of differing fingerprint bits, of 256, at which pages share one answer. Default: only identical files share answers.
    #[schemars(range(min = 1, max = 24))]
    near_duplicates: Option<u32>,
    /// Column of the list that holds the paths or URLs (default `path`).
    path_column: Option<String>,
    /// Columns of the list that are copied to the rows. Default: all other columns.
    carry: Option<Vec<String>>,
    /// New names of columns of the list, such as {"Invoice No.": invoice_no}. A column that is renamed to `path` holds the paths or URLs.
    #[serde(default)]
    rename: Ordered<String>,
    /// Whether URLs may point to private, loopback or link-local hosts (default false).
    #[serde(default)]
    allow_private_hosts: bool,
    /// Bounds for fetching URLs.
    #[serde(default)]
    fetch: RawFetch,
}

/// Where the files of a job come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A folder, including subfolders.
    Folder(PathBuf),
    /// A list in a file.
    List(PathBuf),
    /// The content of a list from standard input: one path per line, or NUL-terminated
    /// paths.
    Given(Arc<[u8]>),
}

/// Which files and pages are processed.
#[derive(Clone, Debug)]
pub struct Input {
    /// Where the files come from.
    pub place: Place,
    /// Globs of files to include. Empty: the extensions of all supported formats.
    pub include: Vec<String>,
    /// Globs of files to exclude.
    pub exclude: Vec<String>,
    /// How pages are recognized among the files of a folder.
    pub detect: Detect,
    /// Whether symbolic links are followed.
    pub follow_links: bool,
    /// Whether an input without pages counts as success.
    pub allow_empty: bool,
    /// Which pages of a file are processed.
    pub pages: PageChoice,
    /// Whether blank pages are skipped.
    pub skip_blank: bool,
    /// Maximum number of differing fingerprint bits at which pages share one answer. `None`:
    /// only identical pages do.
    pub near_duplicates: Option<u32>,
    /// Column of the list that holds the paths or URLs.
    pub path_column: String,
    /// Columns of the list that are copied to the rows. `None`: all others.
    pub carry: Option<Vec<String>>,
    /// Names of columns of the list, and the names that they have in rows and questions.
    pub rename: Vec<(String, String)>,
    /// Bounds for fetching URLs.
    pub fetch: Fetch,
    /// Only the files of this shard are processed. `None`: all. It is not a part of the manifest.
    pub shard: Option<Shard>,
}

impl Input {
    /// The folder that relative paths of the input refer to. Empty: the working folder.
    #[must_use]
    pub fn base(&self) -> &Path {
        match &self.place {
            Place::Folder(folder) => folder,
            Place::List(list) => list.parent().unwrap_or(Path::new("")),
            Place::Given(_) => Path::new(""),
        }
    }

    /// Whether an input without pages is a success: the manifest allows it, or this is a shard, which may have none.
    #[must_use]
    pub fn may_be_empty(&self) -> bool {
        self.allow_empty || self.shard.is_some()
    }
}

/// Column of a list that holds the paths or URLs, unless `path_column` names another one.
pub(crate) const PATH_COLUMN: &str = "path";

/// Extensions of list files.
const LIST_EXTENSIONS: &[&str] = &["csv", "tsv", "jsonl", "ndjson", "parquet", "txt"];

impl RawInput {
    pub(crate) fn check(self, check: &mut Check) -> Input {
        for (key, globs) in [("include", &self.include), ("exclude", &self.exclude)] {
            for (index, glob) in globs.iter().enumerate() {
                if let Err(error) = GlobBuilder::new(glob).literal_separator(true).build() {
                    let message = format!("not a valid glob: {}", error.kind());
                    check.report(&format!("/input/{key}/{index}"), &message, "a glob such as **/*.jpg");
                }
            }
        }
        let place = self.check_place(check);
        self.check_unused_keys(&place, check);
        self.check_rename(check);
        Input {
            place,
            pages: self.pages.map_or(PageChoice::All, |pages| pages.check(check)),
            include: self.include,
            exclude: self.exclude,
            detect: self.detect.unwrap_or_default(),
            follow_links: self.follow_links,
            allow_empty: self.allow_empty,
            skip_blank: self.skip_blank,
            near_duplicates: self.near_duplicates,
            path_column: self.path_column.unwrap_or_else(|| PATH_COLUMN.into()),
            carry: self.carry,
            rename: self.rename.0,
            fetch: self.fetch.check(self.allow_private_hosts, check),
            shard: None,
        }
    }

    fn check_place(&self, check: &mut Check) -> Place {
        match (&self.folder, &self.list) {
            (Some(folder), None) if folder.trim().is_empty() => {
                check.report("/input/folder", "`folder` is empty", "a path relative to the manifest");
            }
            (Some(folder), None) => return Place::Folder(find_in_both_forms(&check.resolve(folder))),
            (None, Some(list)) if list == "-" => return Place::Given(Arc::from([])),
            (None, Some(list)) if list.contains("://") => {
                let allowed = "a file, or `-` for standard input: `curl URL | docmill run JOB`";
                check.report("/input/list", "the list is a URL", allowed);
                return Place::List(check.resolve(list));
            }
            (None, Some(list)) => {
                let path = find_in_both_forms(&check.resolve(list));
                let extension = path.extension().map(|text| text.to_string_lossy().to_lowercase()).unwrap_or_default();
                if !LIST_EXTENSIONS.contains(&extension.as_str()) {
                    let message = match extension.as_str() {
                        _ if path.is_dir() => "the list is a folder".to_owned(),
                        "" => "the list has no extension".to_owned(),
                        other => format!("`{other}` is not the extension of a list"),
                    };
                    let allowed = if path.is_dir() {
                        "a file; a folder is given with `folder`".to_owned()
                    } else {
                        format!("one of: {}; or `-` for standard input", LIST_EXTENSIONS.join(", "))
                    };
                    check.report("/input/list", &message, &allowed);
                }
                return Place::List(path);
            }
            (Some(_), Some(_)) => {
                check.report("/input/list", "`folder` and `list` can't be used together", "exactly one of them");
            }
            (None, None) => {
                let keys = ["folder", "list"];
                check.report_missing("/input", &keys, "no input given", "exactly one of `folder` and `list`");
            }
        }
        Place::Folder(PathBuf::new())
    }

    /// Reports new names that no column can have.
    fn check_rename(&self, check: &mut Check) {
        let renamed = &self.rename.0;
        for (nth, (old, new)) in renamed.iter().enumerate() {
            let pointer = format!("/input/rename/{}", pointer_token(old));
            let is_path = new == PATH_COLUMN;
            if is_path && self.path_column.as_ref().is_some_and(|column| column != old) {
                let message = "the paths can't be in two columns: `path_column` names another one";
                check.report(&pointer, message, "one of `path_column` and a column that is renamed to `path`");
            } else if let Some(fault) = ColumnNameFault::find(new).filter(|_| !is_path) {
                let allowed = "a name such as invoice_no: the column's name in the list stands before the colon";
                check.report(&pointer, &format!("`{new}` {fault}"), allowed);
            } else if let Some((earlier, _)) = renamed[..nth].iter().find(|(_, earlier)| earlier == new) {
                check.report(&pointer, &format!("`{earlier}` is renamed to `{new}`, too"), "each new name once");
            }
        }
    }

    /// Reports keys that have no effect with the other kind of input.
    fn check_unused_keys(&self, place: &Place, check: &mut Check) {
        let is_list = !matches!(place, Place::Folder(_));
        for (is_unused, key, kind) in [
            (is_list && !self.include.is_empty(), "include", "folder"),
            (is_list && !self.exclude.is_empty(), "exclude", "folder"),
            (is_list && self.detect.is_some(), "detect", "folder"),
            (is_list && self.follow_links, "follow_links", "folder"),
            (!is_list && self.path_column.is_some(), "path_column", "list"),
            (!is_list && self.carry.is_some(), "carry", "list"),
            (!is_list && !self.rename.0.is_empty(), "rename", "list"),
            (!is_list && self.allow_private_hosts, "allow_private_hosts", "list"),
        ] {
            if is_unused {
                let message = format!("`{key}` can only be used with `{kind}`");
                check.report(&format!("/input/{key}"), &message, &format!("input.{kind}"));
            }
        }
        let has_lines =
            matches!(place, Place::List(list) if list.extension().is_some_and(|text| text.eq_ignore_ascii_case("txt")));
        for (is_unused, key) in [
            (self.path_column.is_some(), "path_column"),
            (self.carry.as_ref().is_some_and(|columns| !columns.is_empty()), "carry"),
            (!self.rename.0.is_empty(), "rename"),
        ] {
            if has_lines && is_unused {
                let message = format!("`{key}` can't be used with a .txt list, which has no columns");
                check.report(&format!("/input/{key}"), &message, "a list with columns, such as .csv or .jsonl");
            }
        }
    }
}
