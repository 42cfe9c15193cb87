//! `input`: which pages.

use crate::base::units::parse_duration;
use crate::manifest::job::Check;
use globset::GlobBuilder;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawInput {
    /// The folder with the pages, searched with everything below it. Relative to the manifest. Exactly one of `folder` and `list`.
    folder: Option<String>,
    /// A list of paths or URLs instead: CSV, JSON Lines, Parquet or text by its ending, or `-` for standard input.
    list: Option<String>,
    /// Globs of files to take, by their path below the folder; any case. Default: the endings of every supported format.
    #[serde(default)]
    include: Vec<String>,
    /// Globs of files to leave out; they win over `include`.
    #[serde(default)]
    exclude: Vec<String>,
    /// Whether symbolic links are followed (default false).
    #[serde(default)]
    follow_links: bool,
    /// Whether an input without pages is a success (exit 0) instead of `no_pages` (exit 3).
    #[serde(default)]
    allow_empty: bool,
    /// Which pages of a file: `all` (default), `first`, or numbers from 1; -1 is the last.
    pages: Option<RawPages>,
    /// Whether blank pages are left out, with the status `skipped` (default false).
    #[serde(default)]
    skip_blank: bool,
    /// Pages whose fingerprints differ in at most this many of 256 bits share one answer (default: only equal files do).
    #[schemars(range(min = 1, max = 24))]
    near_duplicates: Option<u32>,
    /// The list's column with paths or URLs (default `path`).
    path_column: Option<String>,
    /// The list's columns that go into the rows (default: all others).
    carry: Option<Vec<String>>,
    /// Whether URLs may name hosts that are private, loopback or link-local (default false).
    #[serde(default)]
    allow_private_hosts: bool,
    /// Bounds of fetching URLs.
    #[serde(default)]
    fetch: RawFetch,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum RawPages {
    Word(RawPagesWord),
    Numbers(Vec<i64>),
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum RawPagesWord {
    All,
    First,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawFetch {
    /// Requests per second to each host (default 10).
    #[schemars(range(min = 1, max = 1000))]
    requests_per_second: Option<u32>,
    /// Time for a whole file, redirects included (default `60s`).
    timeout: Option<String>,
    /// Largest file, in megabytes (default 64).
    #[schemars(range(min = 1, max = 512))]
    max_megabytes: Option<u32>,
}

/// Where pages are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A folder, with everything below it.
    Folder(PathBuf),
    /// A list in a file.
    List(PathBuf),
    /// Paths that were handed in: one a line, or each ended by NUL.
    Given(Arc<[u8]>),
}

/// Which pages of a file are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageChoice {
    /// All.
    All,
    /// These, from 1; negative ones count from the end, -1 is the last.
    Numbers(Vec<i32>),
}

impl PageChoice {
    /// The pages that are meant of a file of `count`, ascending; `None`: all of them.
    #[must_use]
    pub fn of(&self, count: u32) -> Option<Vec<u32>> {
        let Self::Numbers(numbers) = self else { return None };
        let page = |number: &i32| match u32::try_from(*number) {
            Ok(page) => (1..=count).contains(&page).then_some(page),
            Err(_) => (count + 1).checked_sub(number.unsigned_abs()).filter(|page| *page > 0),
        };
        let mut pages: Vec<u32> = numbers.iter().filter_map(page).collect();
        pages.sort_unstable();
        pages.dedup();
        (count > 0).then_some(pages)
    }
}

/// Bounds of fetching URLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// Requests per second to each host.
    pub requests_per_second: u32,
    /// Time for a whole file, redirects included.
    pub timeout: Duration,
    /// Largest file, in bytes.
    pub most_bytes: u64,
    /// Whether hosts may be private, loopback or link-local.
    pub allow_private_hosts: bool,
}

/// Which pages.
#[derive(Clone, Debug)]
pub struct Input {
    /// Where they are looked for.
    pub place: Place,
    /// Globs of files to take; empty: the endings of every supported format.
    pub include: Vec<String>,
    /// Globs of files to leave out.
    pub exclude: Vec<String>,
    /// Whether symbolic links are followed.
    pub follow_links: bool,
    /// Whether no page at all is a success.
    pub allow_empty: bool,
    /// Which pages of a file.
    pub pages: PageChoice,
    /// Whether blank pages are left out.
    pub skip_blank: bool,
    /// Bits in which the fingerprints of pages that share an answer may differ.
    pub near_duplicates: Option<u32>,
    /// The list's column with paths or URLs.
    pub path_column: String,
    /// The list's columns that go into the rows; `None`: all others.
    pub carry: Option<Vec<String>>,
    /// Bounds of fetching URLs.
    pub fetch: Fetch,
}

impl Input {
    /// What relative paths are relative to.
    #[must_use]
    pub fn base(&self) -> &Path {
        match &self.place {
            Place::Folder(folder) => folder,
            Place::List(list) => list.parent().unwrap_or(Path::new("")),
            Place::Given(_) => Path::new(""),
        }
    }
}

impl RawInput {
    pub(crate) fn check(self, check: &mut Check<'_>) -> Input {
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
        let place = self.place(check);
        let is_list = !matches!(place, Place::Folder(_));
        let unused = |is_set: bool, key: &str, with: &str, check: &mut Check<'_>| {
            if is_set {
                check.fault(&format!("/input/{key}"), &format!("`{key}` goes with `{with}`"), &format!("input.{with}"));
            }
        };
        unused(is_list && !self.include.is_empty(), "include", "folder", check);
        unused(is_list && !self.exclude.is_empty(), "exclude", "folder", check);
        unused(is_list && self.follow_links, "follow_links", "folder", check);
        unused(!is_list && self.path_column.is_some(), "path_column", "list", check);
        unused(!is_list && self.carry.is_some(), "carry", "list", check);
        unused(!is_list && self.allow_private_hosts, "allow_private_hosts", "list", check);
        let timeout = check.parsed("/input/fetch/timeout", self.fetch.timeout.as_deref(), |text| {
            parse_duration(text).and_then(|time| if time.is_zero() { Err("no time at all".into()) } else { Ok(time) })
        });
        let fetch = Fetch {
            requests_per_second: self.fetch.requests_per_second.unwrap_or(10),
            timeout: timeout.unwrap_or(Duration::from_secs(60)),
            most_bytes: u64::from(self.fetch.max_megabytes.unwrap_or(64)) * 1_000_000,
            allow_private_hosts: self.allow_private_hosts,
        };
        Input {
            place,
            pages: pages(self.pages.as_ref(), check),
            include: self.include,
            exclude: self.exclude,
            follow_links: self.follow_links,
            allow_empty: self.allow_empty,
            skip_blank: self.skip_blank,
            near_duplicates: self.near_duplicates,
            path_column: self.path_column.unwrap_or_else(|| "path".into()),
            carry: self.carry,
            fetch,
        }
    }

    fn place(&self, check: &mut Check<'_>) -> Place {
        match (&self.folder, &self.list) {
            (Some(folder), None) if folder.trim().is_empty() => {
                check.fault("/input/folder", "the folder is empty", "a path, relative to this file");
                Place::Folder(PathBuf::new())
            }
            (Some(folder), None) => Place::Folder(check.path(folder)),
            (None, Some(list)) if list == "-" => Place::Given(Arc::from([])),
            (None, Some(list)) => {
                let path = check.path(list);
                let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
                if !LIST_ENDINGS.contains(&ending.as_str()) {
                    let message = format!("a list can't be a file with the ending `{ending}`");
                    check.fault("/input/list", &message, &format!("one of: {}; or -", LIST_ENDINGS.join(", ")));
                }
                Place::List(path)
            }
            (Some(_), Some(_)) => {
                check.fault("/input/list", "`folder` and `list` exclude each other", "one of them");
                Place::Folder(PathBuf::new())
            }
            (None, None) => {
                check.fault("/input", "there is no input", "`folder` or `list`");
                Place::Folder(PathBuf::new())
            }
        }
    }
}

/// Endings of lists, without the dot.
const LIST_ENDINGS: &[&str] = &["csv", "tsv", "jsonl", "ndjson", "parquet", "txt"];

fn pages(raw: Option<&RawPages>, check: &mut Check<'_>) -> PageChoice {
    match raw {
        None | Some(RawPages::Word(RawPagesWord::All)) => PageChoice::All,
        Some(RawPages::Word(RawPagesWord::First)) => PageChoice::Numbers(vec![1]),
        Some(RawPages::Numbers(numbers)) => {
            let small: Vec<i32> = numbers.iter().filter_map(|number| i32::try_from(*number).ok()).collect();
            if small.is_empty() || small.contains(&0) || small.len() < numbers.len() {
                check.fault("/input/pages", "pages count from 1, or from the end with -1", "such as [1, 2, -1]");
            }
            PageChoice::Numbers(small)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_pages_are_meant() {
        for (numbers, count, pages) in [
            (&[1][..], 3, &[1][..]),
            (&[1, 2, -1], 5, &[1, 2, 5]),
            (&[1, 2, -1], 2, &[1, 2]),
            (&[1, 2, -1], 1, &[1]),
            (&[-2], 1, &[]),
            (&[7], 3, &[]),
        ] {
            assert_eq!(PageChoice::Numbers(numbers.to_vec()).of(count), Some(pages.to_vec()), "{numbers:?} of {count}");
        }
        assert_eq!(PageChoice::All.of(3), None);
        assert_eq!(PageChoice::Numbers(vec![1]).of(0), None);
    }
}
