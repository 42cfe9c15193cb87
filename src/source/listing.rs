//! The sorted names in one folder, in a compact form: a folder may hold a million files.

use super::entry::path_bytes;
use std::path::Path;
use walkdir::WalkDir;

/// The type of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    File,
    Folder,
    /// A symbolic link that is not followed, or has no target.
    Link,
    /// A device, a socket, a pipe.
    Other,
    /// A file or a folder whose name begins with a dot.
    Hidden,
}

/// The names in a folder, sorted. A folder sorts as its name followed by a `/`, so that a walk gives whole paths in the
/// order of their bytes.
pub(crate) struct Listing {
    /// All names, one after another.
    names: Vec<u8>,
    /// The start and length of each name in `names`, and its type.
    spans: Vec<(u32, u16, FileKind)>,
    next: usize,
    /// Hidden names that are not in the listing.
    pub(crate) hidden: u64,
}

/// Why a part of a folder is not in its listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListingFault {
    /// The operating system's message.
    pub(crate) reason: String,
    /// Whether that part, or the folder, was removed in the meantime.
    pub(crate) is_gone: bool,
}

impl Listing {
    /// Lists `folder`. Hidden names are only counted, unless `with_hidden` is set. With `follow_links`, a symbolic link has the type
    /// of its target. If a part of the folder can't be read, the listing has the rest, and why is
    /// returned with it.
    pub(crate) fn read(folder: &Path, follow_links: bool, with_hidden: bool) -> (Self, Option<ListingFault>) {
        let mut listing = Self { names: Vec::new(), spans: Vec::new(), next: 0, hidden: 0 };
        let mut fault = None;
        for found in WalkDir::new(folder).min_depth(1).max_depth(1) {
            match found {
                Ok(found) => {
                    let name = path_bytes(Path::new(found.file_name()));
                    if name.first() == Some(&b'.') {
                        match with_hidden {
                            true => listing.add(&name, FileKind::Hidden),
                            false => listing.hidden += 1,
                        }
                        continue;
                    }
                    let mut kind = found.file_type();
                    if kind.is_symlink() && follow_links {
                        kind = std::fs::metadata(found.path()).map_or(kind, |metadata| metadata.file_type());
                    }
                    let kind = match kind {
                        kind if kind.is_file() => FileKind::File,
                        kind if kind.is_dir() => FileKind::Folder,
                        kind if kind.is_symlink() => FileKind::Link,
                        _ => FileKind::Other,
                    };
                    listing.add(&name, kind);
                }
                Err(error) => {
                    let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                    let is_gone = error.io_error().is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound);
                    fault = Some(ListingFault { reason, is_gone });
                }
            }
        }
        let names = std::mem::take(&mut listing.names);
        listing.spans.sort_unstable_by(|a, b| sort_key(&names, *a).cmp(sort_key(&names, *b)));
        listing.names = names;
        (listing, fault)
    }

    fn add(&mut self, name: &[u8], kind: FileKind) {
        if let (Ok(start), Ok(length)) = (u32::try_from(self.names.len()), u16::try_from(name.len())) {
            self.names.extend_from_slice(name);
            self.spans.push((start, length, kind));
        }
    }

    /// The next name and its type.
    pub(crate) fn next(&mut self) -> Option<(Vec<u8>, FileKind)> {
        let (start, length, kind) = *self.spans.get(self.next)?;
        self.next += 1;
        let start = start as usize;
        Some((self.names.get(start..start + usize::from(length))?.to_vec(), kind))
    }
}

fn sort_key(names: &[u8], (start, length, kind): (u32, u16, FileKind)) -> impl Iterator<Item = u8> {
    let start = start as usize;
    let name = names.get(start..start + usize::from(length)).unwrap_or_default();
    name.iter().copied().chain((kind == FileKind::Folder).then_some(b'/'))
}
