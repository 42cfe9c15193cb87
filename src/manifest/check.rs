//! What the sections use to check their values: positions, paths, and the list of faults.

use super::faults::Fault;
use super::yaml::typed::{Positions, nearest_position};
use crate::base::units::parse_duration;
use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Collects the faults of the sections, each at the position of its value.
pub(crate) struct Check {
    positions: Positions,
    /// Pointers of values that are faulty already.
    broken: HashSet<String>,
    faults: Vec<Fault>,
    /// The folder that relative paths refer to.
    folder: PathBuf,
    /// Files with labels that the manifest names.
    label_files: Vec<PathBuf>,
    /// Warnings: what is valid, but probably not meant.
    warnings: Vec<String>,
}

/// Maximum size of a file that a manifest refers to (labels, a schema), in bytes.
const MAX_FILE_BYTES: u64 = 16 << 20;

impl Check {
    /// `faults` are those found so far; `folder` is the folder of the manifest.
    pub(crate) fn new(positions: Positions, broken: HashSet<String>, faults: Vec<Fault>, folder: PathBuf) -> Self {
        Self { positions, broken, faults, folder, label_files: Vec::new(), warnings: Vec::new() }
    }

    /// All faults, in no particular order.
    pub(crate) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    /// Where the values of the document are: byte ranges of the source, by JSON Pointers.
    pub(crate) fn positions(&self) -> &Positions {
        &self.positions
    }

    /// Reports a fault of the value at `pointer` (a JSON Pointer), unless the value or one that
    /// contains it is faulty already. If the value is absent, the position is that of its closest parent.
    /// `allowed` may be empty.
    pub(crate) fn report(&mut self, pointer: &str, message: &str, allowed: &str) {
        if self.is_broken(pointer) {
            return;
        }
        let span = self.span(pointer);
        let allowed = (!allowed.is_empty()).then(|| allowed.to_owned());
        self.faults.push(Fault::new(span, message, allowed));
    }

    /// Like [`Check::report`], for a mapping that needs one of `keys` and has none of them. One that is
    /// probably misspelt has been reported as an unknown key.
    pub(crate) fn report_missing(&mut self, pointer: &str, keys: &[&str], message: &str, allowed: &str) {
        if !keys.iter().any(|key| self.broken.contains(&format!("{pointer}/{key}"))) {
            self.report(pointer, message, allowed);
        }
    }

    /// Whether the value at `pointer`, or one that contains it, is faulty already.
    fn is_broken(&self, pointer: &str) -> bool {
        let parents = pointer.match_indices('/').map(|(at, _)| &pointer[..at]);
        parents.chain([pointer]).any(|pointer| self.broken.contains(pointer))
    }

    /// The position of the value at `pointer`, or of its closest parent: a byte range of the source.
    pub(crate) fn span(&self, pointer: &str) -> Range<usize> {
        nearest_position(&self.positions, pointer)
    }

    /// Like [`Check::report`], for a value that may be a secret: the source is not shown.
    pub(crate) fn report_secret(&mut self, pointer: &str, message: &str, allowed: &str) {
        let known = self.faults.len();
        self.report(pointer, message, allowed);
        self.faults.iter_mut().skip(known).for_each(|fault| fault.is_secret = true);
    }

    /// Parses the text at `pointer`. Reports the error of `parse` and returns `None` if the
    /// text is not valid.
    pub(crate) fn parse<T>(
        &mut self,
        pointer: &str,
        text: Option<&str>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        match parse(text?) {
            Ok(value) => Some(value),
            Err(message) => {
                self.report(pointer, &message, "");
                None
            }
        }
    }

    /// Parses a duration greater than zero, such as `60s`.
    pub(crate) fn parse_positive_duration(&mut self, pointer: &str, text: Option<&str>) -> Option<Duration> {
        let name = pointer.rsplit('/').next().unwrap_or_default();
        self.parse(pointer, text, |text| match parse_duration(text)? {
            Duration::ZERO => Err(format!("{name} must be greater than zero")),
            duration => Ok(duration),
        })
    }

    /// Notes a file with labels.
    pub(crate) fn add_label_file(&mut self, file: PathBuf) {
        self.label_files.push(file);
    }

    /// The files with labels.
    pub(crate) fn take_label_files(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.label_files)
    }

    /// Notes something that is valid, but probably not meant.
    pub(crate) fn warn(&mut self, warning: String) {
        if !self.warnings.contains(&warning) {
            self.warnings.push(warning);
        }
    }

    /// The warnings so far.
    pub(crate) fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    /// Resolves a path of the manifest, which is relative to the manifest's folder.
    pub(crate) fn resolve(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// Reads a regular file of at most 16 MB. `name` is its name in the error.
    pub(crate) fn read_file(path: &Path, name: &str) -> Result<Vec<u8>, String> {
        let cause = match std::fs::metadata(path) {
            Err(error) => error.to_string(),
            Ok(metadata) if !metadata.is_file() => "not a file".to_owned(),
            Ok(metadata) if metadata.len() > MAX_FILE_BYTES => format!("larger than {} MB", MAX_FILE_BYTES >> 20),
            Ok(_) => match std::fs::read(path) {
                Ok(bytes) => return Ok(bytes),
                Err(error) => error.to_string(),
            },
        };
        Err(format!("can't read {name}: {cause}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check() -> Check {
        let positions = [("", 0..90), ("/limits", 10..50), ("/limits/run_time", 20..24)];
        let positions = positions.into_iter().map(|(pointer, span)| (pointer.to_owned(), span)).collect();
        Check::new(positions, HashSet::from(["/name".to_owned()]), Vec::new(), "jobs".into())
    }

    #[test]
    fn a_fault_stands_at_its_value_or_at_the_closest_parent() {
        for (pointer, span) in [
            ("/limits/run_time", 20..24),
            ("/limits/budget_usd", 10..50),
            ("/limits/a/b", 10..50),
            ("/retry/attempts", 0..90),
        ] {
            let mut check = check();
            check.report(pointer, "wrong", "right");
            assert_eq!(check.into_faults(), [Fault::new(span, "wrong", Some("right".into()))], "{pointer}");
        }
    }

    #[test]
    fn a_value_that_is_faulty_already_is_not_reported_again() {
        let mut check = check();
        check.report("/name", "wrong", "right");
        check.report("/name/part", "wrong", "right");
        check.report_secret("/name", "wrong", "right");
        check.report_missing("", &["title", "name"], "wrong", "right");
        assert_eq!(check.into_faults(), []);
    }

    #[test]
    fn only_the_reported_fault_is_secret() {
        let mut check = check();
        check.report("/limits", "one", "");
        check.report_secret("/limits", "two", "");
        let secrets: Vec<bool> = check.into_faults().iter().map(|fault| fault.is_secret).collect();
        assert_eq!(secrets, [false, true]);
    }

    #[test]
    fn durations_must_be_greater_than_zero() {
        for (text, expected) in [
            (None, Ok(None)),
            (Some("2h"), Ok(Some(Duration::from_secs(7200)))),
            (Some("0"), Err("run_time must be greater than zero")),
            (Some("0s"), Err("run_time must be greater than zero")),
            (Some("soon"), Err("`soon` is not a valid duration")),
        ] {
            let mut check = check();
            let found = check.parse_positive_duration("/limits/run_time", text);
            let faults = check.into_faults();
            match expected {
                Ok(duration) => assert_eq!((found, faults.len()), (duration, 0), "{text:?}"),
                Err(message) => assert!(found.is_none() && faults[0].message.starts_with(message), "{faults:?}"),
            }
        }
    }

    #[test]
    fn files_are_regular_and_of_bounded_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small");
        std::fs::copy(file!(), &path).unwrap();
        assert_eq!(Check::read_file(&path, "small").unwrap(), std::fs::read(file!()).unwrap());
        assert_eq!(Check::read_file(folder.path(), "x").unwrap_err(), "can't read x: not a file");
        let missing = Check::read_file(&folder.path().join("none"), "none").unwrap_err();
        assert!(missing.starts_with("can't read none: "), "{missing}");
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_len(MAX_FILE_BYTES + 1).unwrap();
        assert_eq!(Check::read_file(&path, "large").unwrap_err(), "can't read large: larger than 16 MB");
    }

    #[test]
    fn paths_are_relative_to_the_manifest() {
        assert_eq!(check().resolve("pages"), Path::new("jobs/pages"));
        assert_eq!(check().resolve("/pages"), Path::new("/pages"));
    }
}
