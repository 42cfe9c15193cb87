//! The files of a job's input, one by one: which are taken, which are left out, and why.

use super::error::{Error, WRONG_INPUT};
use crate::base::path_text::display_path;
use crate::manifest::Input;
use crate::source::{Entries, Entry, InputItem, LeftOutReason, extension_of, path_bytes, path_from_bytes};
use serde_json::{Value, json};

/// A file of the input, or a folder that is left out with everything in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedFile {
    /// Its path below the folder, or as the list has it. Bytes that are not UTF-8 are written as `%XX`.
    pub path: String,
    /// Whether it is taken.
    pub is_taken: bool,
    /// Why it is left out, as one word: `hidden`, `link`, `special`, `extension`, `content`, `include`,
    /// `exclude`, `unreadable`. For an included file, its special state: `empty`, `missing`, `url`.
    pub reason: Option<&'static str>,
    /// The extension, the glob, or the message of the system.
    pub detail: Option<String>,
}

impl ListedFile {
    /// The file as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"path": self.path, "taken": self.is_taken, "reason": self.reason, "detail": self.detail})
    }

    fn taken(entry: &Entry) -> Self {
        let reason = match () {
            () if entry.url().is_some() => Some("url"),
            () if entry.line > 0 && entry.modified_ns == 0 => Some("missing"),
            () if entry.size == 0 => Some("empty"),
            () => None,
        };
        Self { path: display_path(&entry.path), is_taken: true, reason, detail: None }
    }

    fn left_out(path: &[u8], reason: &LeftOutReason) -> Self {
        let detail = match reason {
            LeftOutReason::Exclude(glob) => Some(glob.clone()),
            LeftOutReason::Extension | LeftOutReason::Content | LeftOutReason::Include => {
                // A file without an extension has nothing to add.
                Some(extension_of(&path_from_bytes(path))).filter(|extension| extension.starts_with('.'))
            }
            LeftOutReason::Hidden | LeftOutReason::Link | LeftOutReason::Special => None,
        };
        Self { path: display_path(path), is_taken: false, reason: Some(reason.name()), detail }
    }
}

/// Lists the files of an input in its order: (taken, left out).
///
/// # Errors
/// When the input can't be searched.
pub(crate) fn list_files(input: &Input, on_file: &mut dyn FnMut(&ListedFile)) -> Result<(u64, u64), Error> {
    let mut entries = Entries::start_with_hidden(input)?;
    let (mut taken, mut left_out) = (0, 0);
    while let Some(found) = entries.next_file() {
        let file = match found {
            Ok(InputItem::Taken(entry)) => ListedFile::taken(&entry),
            Ok(InputItem::LeftOut(path, reason)) => ListedFile::left_out(&path, &reason),
            Err(fault) if fault.is_end => return Err(Error::new(WRONG_INPUT, fault)),
            Err(fault) => {
                let path = fault.path.strip_prefix(input.base()).unwrap_or(&fault.path);
                let (path, detail) = (display_path(&path_bytes(path)), Some(fault.reason));
                ListedFile { path, is_taken: false, reason: Some("unreadable"), detail }
            }
        };
        *if file.is_taken { &mut taken } else { &mut left_out } += 1;
        on_file(&file);
    }
    Ok((taken, left_out))
}
