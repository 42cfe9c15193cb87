//! Files of a folder that are not pages, and why.

use crate::base::units::counted;
use crate::manifest::Unselected;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// Why a file or a folder is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftOutReason {
    /// Its name begins with a dot.
    Hidden,
    /// It is a symbolic link, and `input.follow_links` is not set.
    Link,
    /// It is a device, a pipe or a socket.
    Special,
    /// Its extension is not one of a supported format.
    Extension,
    /// Neither its extension nor its content is one of a supported format, or it belongs to the store.
    Content,
    /// It matches no glob of `input.include`.
    Include,
    /// It matches this glob of `input.exclude`.
    Exclude(String),
}

impl From<Unselected> for LeftOutReason {
    fn from(reason: Unselected) -> Self {
        match reason {
            Unselected::Extension => Self::Extension,
            Unselected::Include => Self::Include,
            Unselected::Exclude(glob) => Self::Exclude(glob),
        }
    }
}

impl LeftOutReason {
    /// The reason as one word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Hidden => "hidden",
            Self::Link => "link",
            Self::Special => "special",
            Self::Extension => "extension",
            Self::Content => "content",
            Self::Include => "include",
            Self::Exclude(_) => "exclude",
        }
    }
}

/// How many files a walk left out, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Hidden files and folders.
    pub hidden: u64,
    /// Symbolic links.
    pub links: u64,
    /// Devices, pipes and sockets.
    pub special: u64,
    /// Files that match a glob of `input.exclude`.
    pub excluded: u64,
    /// Files that no extension, content or glob selects, by extension: `.txt`, or `no extension`.
    /// After [`LeftOut::MAX_EXTENSIONS`] of them, the others are counted as `other`.
    pub by_extension: BTreeMap<String, u64>,
}

impl LeftOut {
    /// Maximum number of extensions that are counted separately.
    pub const MAX_EXTENSIONS: usize = 100;

    /// Counts a file.
    pub(crate) fn add(&mut self, path: &Path, reason: &LeftOutReason) {
        match reason {
            LeftOutReason::Hidden => self.hidden += 1,
            LeftOutReason::Link => self.links += 1,
            LeftOutReason::Special => self.special += 1,
            LeftOutReason::Exclude(_) => self.excluded += 1,
            LeftOutReason::Extension | LeftOutReason::Content | LeftOutReason::Include => {
                let extension = extension_of(path);
                let is_known =
                    self.by_extension.len() < Self::MAX_EXTENSIONS || self.by_extension.contains_key(&extension);
                *self.by_extension.entry(if is_known { extension } else { "other".into() }).or_default() += 1;
            }
        }
    }

    /// Files that no extension, content or glob selects.
    #[must_use]
    pub fn unselected(&self) -> u64 {
        self.by_extension.values().sum()
    }

    /// `.txt 9, .docx 3`, the most frequent first; at most ten.
    #[must_use]
    pub fn extensions(&self) -> String {
        const MAX_SHOWN: usize = 10;
        let mut counts: Vec<(&String, &u64)> = self.by_extension.iter().collect();
        counts.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
        let mut text = String::new();
        for (at, (name, count)) in counts.iter().take(MAX_SHOWN).enumerate() {
            let _ = write!(text, "{}{name} {count}", if at > 0 { ", " } else { "" });
        }
        match counts.len().saturating_sub(MAX_SHOWN) {
            0 => text,
            more => format!("{text} and {more} more"),
        }
    }

    /// Why there is no page, when there is none. `has_include`: `input.include` is set.
    #[must_use]
    pub fn explain_none(&self, has_include: bool) -> String {
        let mut parts = Vec::new();
        if self.unselected() > 0 {
            parts.push(format!("found {}: {}", counted(self.unselected(), "file"), self.extensions()));
        }
        for (count, what) in [
            (self.excluded, "left out by input.exclude"),
            (self.hidden, "hidden"),
            (self.links, "left out as symbolic links (input.follow_links)"),
            (self.special, "not regular files"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        let what = match (parts.len(), self.unselected() > 0, has_include) {
            (0, ..) => return "the input folder is empty".to_owned(),
            (1, true, true) => "input.include selects no page",
            (1, true, false) => "no file has the extension of a supported format",
            _ => "no file is selected",
        };
        format!("{what}; {}", parts.join("; "))
    }
}

/// `.txt` in lower case; `no extension`; `other` for longer ones.
#[must_use]
pub fn extension_of(path: &Path) -> String {
    const MAX_CHARS: usize = 16;
    match path.extension().map(|extension| extension.to_string_lossy().to_lowercase()) {
        None => "no extension".to_owned(),
        Some(extension) if extension.chars().count() <= MAX_CHARS && extension.chars().all(char::is_alphanumeric) => {
            format!(".{extension}")
        }
        Some(_) => "other".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_out(files: &[(&str, LeftOutReason)]) -> LeftOut {
        let mut left_out = LeftOut::default();
        files.iter().for_each(|(path, reason)| left_out.add(Path::new(path), reason));
        left_out
    }

    #[test]
    fn why_there_is_no_page() {
        use LeftOutReason::{Content, Exclude, Extension, Hidden, Include, Link};
        for (files, has_include, expected) in [
            (&[][..], false, "the input folder is empty"),
            (
                &[("a.txt", Extension), ("b.docx", Extension), ("c.TXT", Extension), ("README", Content)],
                false,
                "no file has the extension of a supported format; found 4 files: .txt 2, .docx 1, no extension 1",
            ),
            (&[("a.txt", Include)], true, "input.include selects no page; found 1 file: .txt 1"),
            (
                &[(".a.jpg", Hidden), ("b.jpg", Exclude("b*".into())), ("c.jpg", Link)],
                false,
                "no file is selected; 1 left out by input.exclude; 1 hidden; 1 left out as symbolic links (input.follow_links)",
            ),
        ] {
            assert_eq!(left_out(files).explain_none(has_include), expected);
        }
    }

    #[test]
    fn extensions_are_bounded() {
        let mut many = LeftOut::default();
        for at in 0..1000 {
            many.add(Path::new(&format!("x.e{at}")), &LeftOutReason::Extension);
        }
        many.add(Path::new("x.not an extension"), &LeftOutReason::Extension);
        assert_eq!((many.unselected(), many.by_extension.len()), (1001, LeftOut::MAX_EXTENSIONS + 1));
        assert!(
            many.extensions().starts_with("other 901, .e0 1, ") && many.extensions().ends_with(" and 91 more"),
            "{}",
            many.extensions()
        );
    }
}
