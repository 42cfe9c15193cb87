//! Which files of a folder are pages: by extension or content, and by the globs of the manifest.

use super::sections::input::{Detect, Input};
use crate::base::image_extensions::format_of_extension;
use crate::base::unicode::nfc;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::path::{Path, PathBuf};

/// The compiled selection of `input.include`, `input.exclude` and `input.detect`.
#[derive(Debug)]
pub(crate) struct Selection {
    /// `None`: every file.
    include: Option<GlobSet>,
    exclude: GlobSet,
    exclude_globs: Vec<String>,
    detect: Detect,
}

/// What happens with a file, by its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// It is a page.
    Take,
    /// Its content decides.
    Look,
    /// It is not a page.
    LeaveOut(Unselected),
}

/// Why a file is not selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unselected {
    /// Its extension is not one of a supported format.
    Extension,
    /// It matches no glob of `input.include`.
    Include,
    /// It matches this glob of `input.exclude`.
    Exclude(String),
}

impl Selection {
    /// Compiles the globs of `input`.
    ///
    /// # Errors
    /// When a glob doesn't compile. Those of a checked manifest do.
    pub(crate) fn new(input: &Input) -> Result<Self, globset::Error> {
        let include = if input.include.is_empty() { None } else { Some(compile(&input.include)?) };
        let (exclude, exclude_globs) = (compile(&input.exclude)?, input.exclude.clone());
        Ok(Self { include, exclude, exclude_globs, detect: input.detect })
    }

    /// Whether a glob of `exclude` excludes the whole content of a folder.
    pub(crate) fn excludes_folder(&self, folder: &Path) -> bool {
        // No glob but one for everything in the folder matches names that no file has.
        let (inside, below) = (folder.join("\u{1}"), folder.join("\u{1}/\u{1}"));
        folder.components().next().is_some() && self.exclude.is_match(&inside) && self.exclude.is_match(&below)
    }

    /// What happens with the file at `path`, relative to the folder.
    pub(crate) fn choose(&self, path: &Path) -> Choice {
        // Globs match names in either form of accents.
        let composed = path.to_str().filter(|text| !text.is_ascii()).map(|text| PathBuf::from(nfc(text).as_ref()));
        let path = composed.as_deref().unwrap_or(path);
        if self.include.as_ref().is_some_and(|globs| !globs.is_match(path)) {
            return Choice::LeaveOut(Unselected::Include);
        }
        let is_known = || {
            let extension = path.extension().and_then(|extension| extension.to_str());
            extension.is_some_and(|extension| format_of_extension(extension).is_some())
        };
        // `exclude` wins over `include`; a file that is not a page anyway is left out for that.
        let excluded = || {
            let glob = self.exclude.matches(path).first().and_then(|at| self.exclude_globs.get(*at)).cloned();
            glob.map(|glob| Choice::LeaveOut(Unselected::Exclude(glob)))
        };
        match (self.detect, &self.include) {
            (Detect::Extension, Some(_)) => excluded().unwrap_or(Choice::Take),
            _ if is_known() => excluded().unwrap_or(Choice::Take),
            (Detect::Extension, None) => Choice::LeaveOut(Unselected::Extension),
            (Detect::Content, _) => excluded().unwrap_or(Choice::Look),
        }
    }
}

fn compile(globs: &[String]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(GlobBuilder::new(&nfc(glob)).literal_separator(true).case_insensitive(true).build()?);
    }
    set.build()
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
        Selection::new(&input).unwrap().choose(Path::new(path)) == Choice::Take
    }

    #[test]
    fn by_content_only_other_extensions_are_looked_at() {
        let owned = |globs: &[&str]| globs.iter().map(|g| (*g).to_owned()).collect::<Vec<_>>();
        for (include, path, choice) in [
            (&[][..], "a.jpg", Choice::Take),
            (&[], "a.txt", Choice::Look),
            (&[], "a", Choice::Look),
            (&[], "drafts/a", Choice::LeaveOut(Unselected::Exclude("drafts/**".into()))),
            (&[], "drafts/a.jpg", Choice::LeaveOut(Unselected::Exclude("drafts/**".into()))),
            (&["in/**"], "in/a", Choice::Look),
            (&["in/**"], "in/a.jpg", Choice::Take),
            (&["in/**"], "a.jpg", Choice::LeaveOut(Unselected::Include)),
        ] {
            let input = Input {
                include: owned(include),
                exclude: owned(&["drafts/**"]),
                detect: Detect::Content,
                ..crate::source::test_input::input(Path::new("x"))
            };
            assert_eq!(Selection::new(&input).unwrap().choose(Path::new(path)), choice, "{include:?} {path}");
        }
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
            (&["gr\u{f6}\u{df}e/*.jpg"], &[], "gro\u{308}\u{df}e/a.jpg", true),
            (&[], &["gro\u{308}\u{df}e/**"], "gr\u{f6}\u{df}e/a.jpg", false),
            (&[], &[], "photo.heic", true),
            (&[], &[], "scan.pdf.bak", false),
        ] {
            assert_eq!(includes(include, exclude, path), taken, "{include:?} {exclude:?} {path}");
        }
    }
}
