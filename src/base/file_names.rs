//! Names of files whose accents are a part of their letters (NFC) or follow them (NFD). File systems
//! and programs write either; both look the same.

use super::unicode::{nfc, nfd};
use std::path::{Component, Path, PathBuf};

/// Most entries of a folder that are searched for a name of which only some letters are in the other form.
const MAX_ENTRIES: usize = 10_000;

/// `path`, or the file that its name means in the other form: each component that does not exist is
/// searched for in both forms, and with each letter in either. `path` itself if there is none.
#[must_use]
pub fn find_in_both_forms(path: &Path) -> PathBuf {
    let has_forms = path.to_str().is_some_and(|text| !text.is_ascii());
    if !has_forms || exists(path) {
        return path.to_owned();
    }
    let mut found = PathBuf::new();
    for component in path.components() {
        let as_is = found.join(component);
        let form = match component {
            Component::Normal(name) if !exists(&as_is) => {
                let name = name.to_string_lossy();
                let forms = [nfc(&name), nfd(&name)].map(|form| found.join(&*form));
                forms.into_iter().find(|form| exists(form)).or_else(|| find_mixed(&found, &name))
            }
            _ => None,
        };
        found = form.unwrap_or(as_is);
    }
    if exists(&found) { found } else { path.to_owned() }
}

/// The entry of a folder whose name differs from `name` only in the forms of its letters.
fn find_mixed(folder: &Path, name: &str) -> Option<PathBuf> {
    let name = nfc(name);
    let entries = std::fs::read_dir(folder).ok()?.take(MAX_ENTRIES).filter_map(Result::ok);
    let mut names = entries.map(|entry| entry.file_name());
    names.find(|found| found.to_str().is_some_and(|found| nfc(found) == name)).map(|found| folder.join(found))
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "tests write files")]
    fn a_name_in_one_form_finds_the_file_in_the_other() {
        let folder = tempfile::tempdir().unwrap();
        // `é` and `ü`, composed or not, as the file system has them.
        let names = [
            "caf\u{e9}/u\u{308}ber.jpg",
            "cafe\u{301}2/\u{fc}ber.jpg",
            "plain/a.jpg",
            "e\u{301}.jpg",
            "\u{e9}.jpg",
            "plain/\u{fc}u\u{308}.jpg",
        ];
        for name in names {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "x").unwrap();
        }
        for (asked, found) in [
            ("caf\u{e9}/\u{fc}ber.jpg", names[0]),
            ("cafe\u{301}/u\u{308}ber.jpg", names[0]),
            ("cafe\u{301}/\u{fc}ber.jpg", names[0]),
            ("caf\u{e9}2/u\u{308}ber.jpg", names[1]),
            ("plain/a.jpg", names[2]),
            // Both forms in one name.
            ("plain/\u{fc}\u{fc}.jpg", names[5]),
            ("plain/u\u{308}u\u{308}.jpg", names[5]),
            ("plain/u\u{308}\u{fc}.jpg", names[5]),
            // Where both exist, each is found by its own name.
            ("e\u{301}.jpg", names[3]),
            ("\u{e9}.jpg", names[4]),
            ("caf\u{e9}/none.jpg", "caf\u{e9}/none.jpg"),
            ("cafe\u{301}/none.jpg", "cafe\u{301}/none.jpg"),
        ] {
            assert_eq!(find_in_both_forms(&folder.path().join(asked)), folder.path().join(found), "{asked:?}");
        }
    }
}
