//! Which files below the folder are meant: by ending, or by the manifest's globs.

use super::error::SourceError;
use crate::manifest::Input;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::path::Path;

/// Endings of the supported formats, and of HEIC: telephones make it, and a row that says
/// what to do is better than a page that is missed. What a file is, its content says.
pub const ENDINGS: &[&str] = &[
    "jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "dib", "tif", "tiff", "pdf", "jp2", "j2k", "jpf", "jpx",
    "heic", "heif",
];

/// A compiled choice of files.
#[derive(Debug)]
pub struct Selection {
    include: Option<GlobSet>,
    exclude: GlobSet,
}

impl Selection {
    /// Compiles the globs of `input`.
    ///
    /// # Errors
    /// When a glob is none; a checked manifest has only good ones.
    pub fn new(input: &Input) -> Result<Self, SourceError> {
        let include = if input.include.is_empty() { None } else { Some(compile(&input.include)?) };
        Ok(Self { include, exclude: compile(&input.exclude)? })
    }

    /// Whether the file at `path`, relative to the folder, is meant.
    #[must_use]
    pub fn takes(&self, path: &Path) -> bool {
        let taken = match &self.include {
            Some(globs) => globs.is_match(path),
            None => path
                .extension()
                .and_then(|ending| ending.to_str())
                .is_some_and(|ending| ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending))),
        };
        taken && !self.exclude.is_match(path)
    }
}

fn compile(globs: &[String]) -> Result<GlobSet, SourceError> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let built = GlobBuilder::new(glob).literal_separator(true).case_insensitive(true).build();
        set.add(built.map_err(|error| SourceError::Glob(error.to_string()))?);
    }
    set.build().map_err(|error| SourceError::Glob(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(include: &[&str], exclude: &[&str], path: &str) -> bool {
        let owned = |globs: &[&str]| globs.iter().map(|g| (*g).to_owned()).collect();
        let input =
            Input { include: owned(include), exclude: owned(exclude), ..crate::source::tests::input(Path::new("x")) };
        Selection::new(&input).unwrap().takes(Path::new(path))
    }

    #[test]
    fn endings_in_any_case_and_globs() {
        for (include, exclude, path, taken) in [
            (&[][..], &[][..], "a/b.JPG", true),
            (&[], &[], "a/b.Tiff", true),
            (&[], &[], "notes.txt", false),
            (&[], &[], "jpg", false),
            (&["**/*.jpg"], &[], "b.jpg", true),
            (&["**/*.jpg"], &[], "a/c/B.JPG", true),
            (&["*.jpg"], &[], "a/b.jpg", false),
            (&["**/*.jpg"], &[], "b.png", false),
            (&[], &["**/drafts/**"], "a/drafts/b.jpg", false),
            (&[], &["**/drafts/**"], "drafts/b.jpg", false),
            (&["**/*.dat"], &[], "scan.dat", true),
        ] {
            assert_eq!(takes(include, exclude, path), taken, "{include:?} {exclude:?} {path}");
        }
    }
}
