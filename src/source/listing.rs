//! The names in one folder, sorted, in as little memory as names take: a folder may hold
//! a million.

use super::entry::path_bytes;
use std::path::Path;
use walkdir::WalkDir;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
    Link,
    Other,
}

/// The names in a folder, those first that sort first: a folder sorts as its name with
/// the `/` that follows it, so that whole paths come in the order of their bytes.
pub(crate) struct Listing {
    /// All names, one after another.
    names: Vec<u8>,
    /// Where each name starts and ends, and what it is.
    places: Vec<(u32, u16, Kind)>,
    next: usize,
}

/// Why a folder can't be listed.
pub(crate) type Reason = String;

impl Listing {
    /// Lists `folder`; hidden names are left out. A link is what it leads to when links
    /// are followed, and a link when that can't be told. What could not be read of the
    /// folder comes back beside what could.
    pub(crate) fn of(folder: &Path, follow_links: bool) -> (Self, Option<Reason>) {
        let mut listing = Self { names: Vec::new(), places: Vec::new(), next: 0 };
        let mut reason = None;
        for found in WalkDir::new(folder).min_depth(1).max_depth(1) {
            match found {
                Ok(found) => {
                    let mut kind = found.file_type();
                    if kind.is_symlink() && follow_links {
                        kind = std::fs::metadata(found.path()).map_or(kind, |metadata| metadata.file_type());
                    }
                    let kind = match kind {
                        kind if kind.is_file() => Kind::File,
                        kind if kind.is_dir() => Kind::Folder,
                        kind if kind.is_symlink() => Kind::Link,
                        _ => Kind::Other,
                    };
                    listing.add(&path_bytes(Path::new(found.file_name())), kind);
                }
                Err(error) => {
                    reason = Some(error.io_error().map_or_else(|| error.to_string(), ToString::to_string));
                }
            }
        }
        let names = std::mem::take(&mut listing.names);
        listing.places.sort_unstable_by(|a, b| sorted_as(&names, *a).cmp(sorted_as(&names, *b)));
        listing.names = names;
        (listing, reason)
    }

    fn add(&mut self, name: &[u8], kind: Kind) {
        if name.first() == Some(&b'.') {
            return;
        }
        if let (Ok(start), Ok(length)) = (u32::try_from(self.names.len()), u16::try_from(name.len())) {
            self.names.extend_from_slice(name);
            self.places.push((start, length, kind));
        }
    }

    /// The next name and what it is.
    pub(crate) fn next(&mut self) -> Option<(Vec<u8>, Kind)> {
        let (start, length, kind) = *self.places.get(self.next)?;
        self.next += 1;
        let start = start as usize;
        Some((self.names.get(start..start + usize::from(length))?.to_vec(), kind))
    }
}

fn sorted_as(names: &[u8], (start, length, kind): (u32, u16, Kind)) -> impl Iterator<Item = u8> {
    let start = start as usize;
    let name = names.get(start..start + usize::from(length)).unwrap_or_default();
    name.iter().copied().chain((kind == Kind::Folder).then_some(b'/'))
}
