//! Counts the entries of an input without opening files or reading their metadata, in constant memory.

use super::entries::Entries;
use super::entry::path_bytes;
use super::error::SourceError;
use super::list::{PathList, STANDARD_INPUT};
use super::table::Table;
use crate::base::json_text::JsonText;
use crate::manifest::{Choice, Detect, Input, Place, Selection};
use std::path::Path;
use walkdir::{DirEntry, WalkDir};

/// Counts the entries of `input`. `report` receives the count so far after every entry; it returns
/// `false` to stop. What can't be read is not counted. Returns `None` if it was stopped, or if the
/// content of files decides which of them are pages (`input.detect: content`).
///
/// # Errors
/// When the list can't be read, or a glob doesn't compile.
pub fn count_entries(input: &Input, mut report: impl FnMut(u64) -> bool) -> Result<Option<u64>, SourceError> {
    let mut counted = 0;
    let mut count = || {
        counted += 1;
        report(counted)
    };
    if input.detect == Detect::Content && matches!(input.place, Place::Folder(_)) {
        return Ok(None);
    }
    let is_complete = match &input.place {
        Place::Folder(folder) => count_files(folder, input, &mut count)?,
        // Only the paths show which rows belong to the shard.
        Place::Given(_) | Place::List(_) if input.shard.is_some() => count_rows(input, &mut count)?,
        Place::Given(bytes) => PathList::new(bytes, STANDARD_INPUT)?.all(|_| count()),
        Place::List(path) if PathList::is_path_list(path) => PathList::read(path)?.all(|_| count()),
        Place::List(path) => Table::open(path, input)?.filter_map(Result::ok).all(|_| count()),
    };
    Ok(is_complete.then_some(counted))
}

/// Calls `visit` with the carried values of every row of a list with columns, as a JSON object, until it
/// returns `false`. Does not look for the files.
///
/// # Errors
/// When the list can't be read.
pub fn visit_carried(input: &Input, mut visit: impl FnMut(JsonText) -> bool) -> Result<(), SourceError> {
    match &input.place {
        Place::List(path) if !PathList::is_path_list(path) => {
            Table::open(path, input)?.filter_map(Result::ok).all(|row| visit(row.carried));
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Counts the rows of a list that the input's shard has; `false` if it was stopped.
fn count_rows(input: &Input, count: &mut impl FnMut() -> bool) -> Result<bool, SourceError> {
    let mut entries = Entries::start(input)?;
    Ok(std::iter::from_fn(|| entries.next_row()).filter_map(Result::ok).all(|_| count()))
}

/// Counts the files that [`super::walk::Walk`] gives, in any order; `false` if it was stopped.
fn count_files(root: &Path, input: &Input, count: &mut impl FnMut() -> bool) -> Result<bool, SourceError> {
    let selection = Selection::new(input)?;
    let is_shown = |entry: &DirEntry| entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".");
    let is_selected = |entry: &DirEntry| {
        let relative = entry.path().strip_prefix(root).unwrap_or(entry.path());
        entry.file_type().is_file()
            && selection.choose(relative) == Choice::Take
            && input.shard.is_none_or(|shard| shard.has(&path_bytes(relative)))
    };
    let found = WalkDir::new(root).follow_links(input.follow_links).into_iter().filter_entry(is_shown);
    Ok(found.filter_map(Result::ok).filter(is_selected).all(|_| count()))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests write files")]
mod tests {
    use super::*;
    use crate::source::test_input::input;
    use proptest::prelude::*;

    /// The number of entries by counting, and by listing.
    fn both(input: &Input) -> (Option<u64>, u64) {
        let listed = Entries::start(input).unwrap().filter(Result::is_ok).count() as u64;
        (count_entries(input, |_| true).unwrap(), listed)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn counting_finds_what_the_walk_finds(
            paths in prop::collection::btree_set("([-.0a]{0,1}[a0é]{1,2}/){0,3}[-.0a]{0,1}[a0é]{1,2}\\.(jpg|txt)", 1..20),
        ) {
            let folder = tempfile::tempdir().unwrap();
            for name in &paths {
                let path = folder.path().join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, "x").unwrap();
            }
            let (counted, listed) = both(&input(folder.path()));
            prop_assert_eq!(counted, Some(listed));
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_count_as_the_walk_follows_them() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("in");
        std::fs::create_dir_all(root.join("a")).unwrap();
        std::fs::write(root.join("a/1.jpg"), "x").unwrap();
        symlink(root.join("a/1.jpg"), root.join("link.jpg")).unwrap();
        symlink(&root, root.join("a/up")).unwrap();
        symlink(root.join("nothing"), root.join("broken.jpg")).unwrap();
        for (follow_links, expected) in [(false, 1), (true, 2)] {
            assert_eq!(both(&Input { follow_links, ..input(&root) }), (Some(expected), expected));
        }
    }

    #[test]
    fn lists_are_counted_and_counting_can_be_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("pages.csv");
        std::fs::write(&table, "path,customer\na.jpg,1\nb.jpg,2\nc.jpg,3\n").unwrap();
        let paths = folder.path().join("pages.txt");
        std::fs::write(&paths, "a.jpg\nb.jpg\n").unwrap();
        let of = |place| Input { place, ..input(folder.path()) };
        assert_eq!(both(&of(Place::List(table.clone()))), (Some(3), 3));
        assert_eq!(both(&of(Place::List(paths))), (Some(2), 2));
        assert_eq!(both(&of(Place::Given(b"a\nb\nc\nd\n".as_slice().into()))), (Some(4), 4));
        let mut seen = Vec::new();
        let stopped = count_entries(&of(Place::List(table)), |count| {
            seen.push(count);
            count < 2
        });
        assert_eq!((stopped.unwrap(), seen), (None, vec![1, 2]));
    }
}
