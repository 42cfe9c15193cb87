//! Which files of a folder are pages: by extension, or by the globs of the manifest.

use super::error::SourceError;
use crate::manifest::Input;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::path::Path;

/// Extensions of the supported formats, and of HEIC: phones write it, and a row with advice
/// is better than a page that is silently missing. The format of a file is detected by its
/// content.
const EXTENSIONS: &[&str] = &[
    "jpg", "jpeg", "jpe", "jfif", "png", "webp", "gif", "bmp", "dib", "tif", "tiff", "pdf", "jp2", "j2k", "jpf", "jpx",
    "heic", "heif",
];

/// The compiled selection of `input.include` and `input.exclude`.
#[derive(Debug)]
pub(crate) struct Selection {
    /// `None`: the extensions of the supported formats.
    include: Option<GlobSet>,
    exclude: GlobSet,
}

impl Selection {
    /// Compiles the globs of `input`.
    ///
    /// # Errors
    /// When a glob doesn't compile. Those of a checked manifest do.
    pub(crate) fn new(input: &Input) -> Result<Self, SourceError> {
        let include = if input.include.is_empty() { None } else { Some(compile(&input.include)?) };
        Ok(Self { include, exclude: compile(&input.exclude)? })
    }

    /// Whether the file at `path`, relative to the folder, is selected.
    pub(crate) fn includes(&self, path: &Path) -> bool {
        let is_included = match &self.include {
            Some(globs) => globs.is_match(path),
            None => path
                .extension()
                .and_then(|extension| extension.to_str())
                .is_some_and(|extension| EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(extension))),
        };
        is_included && !self.exclude.is_match(path)
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

    fn includes(include: &[&str], exclude: &[&str], path: &str) -> bool {
        let owned = |globs: &[&str]| globs.iter().map(|g| (*g).to_owned()).collect();
        let input = Input {
            include: owned(include),
            exclude: owned(exclude),
            ..crate::source::test_input::input(Path::new("x"))
        };
        Selection::new(&input).unwrap().includes(Path::new(path))
    }

    #[test]
    fn extensions_and_globs_in_any_case() {
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
            (&["**/*.DAT"], &[], "scan.dat", true),
            // `exclude` wins over `include`.
            (&["**/*.jpg"], &["**/b.*"], "a/b.jpg", false),
            (&["a/**", "*.png"], &[], "a/x.txt", true),
            (&["a/**", "*.png"], &[], "b.png", true),
            (&["a/**", "*.png"], &[], "b/b.png", false),
            (&["{a,b}/[0-9]?.tif"], &[], "b/1x.tif", true),
            (&["{a,b}/[0-9]?.tif"], &[], "b/x1.tif", false),
            (&[], &[], "photo.heic", true),
            (&[], &[], "scan.pdf.bak", false),
        ] {
            assert_eq!(includes(include, exclude, path), taken, "{include:?} {exclude:?} {path}");
        }
    }
}
