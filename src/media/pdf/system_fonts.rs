//! The fonts that are installed: an index of their names, read once a process when a PDF needs one.

use skrifa::raw::tables::cmap::Cmap;
use skrifa::raw::tables::name::Name;
use skrifa::raw::{FontData as Table, FontRead};
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Folders of fonts. The decoder process has no environment, and so no home folder.
const FOLDERS: &[&str] = if cfg!(target_os = "macos") {
    &["/System/Library/Fonts", "/Library/Fonts"]
} else if cfg!(windows) {
    &["C:\\Windows\\Fonts"]
} else {
    &["/usr/share/fonts", "/usr/local/share/fonts"]
};
/// Maximum number of files that are read.
const MAX_FILES: usize = 4000;
/// Maximum number of faces of a collection.
const MAX_FACES: u32 = 64;
/// Deepest nesting of folders.
const MAX_DEPTH: usize = 8;
/// Largest file that is loaded, in bytes.
const MAX_FILE_BYTES: u64 = 128 << 20;
/// Largest table that is read of a file, in bytes.
const MAX_TABLE_BYTES: u32 = 16 << 20;
/// Files that stay loaded.
const MAX_LOADED: usize = 6;

/// How a font looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) is_bold: bool,
    pub(crate) is_italic: bool,
    pub(crate) is_serif: bool,
    pub(crate) is_monospaced: bool,
}

impl Style {
    /// In how many properties two styles differ.
    fn distance(self, other: Self) -> u32 {
        // An oblique or a proportional font hurts more than a missing serif.
        u32::from(self.is_bold != other.is_bold) * 2
            + u32::from(self.is_italic != other.is_italic) * 3
            + u32::from(self.is_serif != other.is_serif)
            + u32::from(self.is_monospaced != other.is_monospaced) * 3
    }
}

/// An installed font.
#[derive(Clone, Debug)]
pub(crate) struct Face {
    path: PathBuf,
    /// Its number in a collection, otherwise 0.
    pub(crate) index: u32,
    /// Its family, full and PostScript names: see [`normalize`].
    names: Vec<String>,
    style: Style,
    /// Whether it is lighter or narrower than others of its family, or for formulas.
    is_unusual: bool,
    /// Position and length of its table `cmap`.
    charmap: (u32, u32),
}

impl Face {
    /// The content of its file; `None`: it can no longer be read.
    pub(crate) fn load(&self) -> Option<Arc<Vec<u8>>> {
        static LOADED: Mutex<Option<HashMap<PathBuf, Arc<Vec<u8>>>>> = Mutex::new(None);
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = loaded.get_or_insert_default();
        if let Some(data) = loaded.get(&self.path) {
            return Some(data.clone());
        }
        let mut data = Vec::new();
        File::open(&self.path).ok()?.take(MAX_FILE_BYTES + 1).read_to_end(&mut data).ok()?;
        if data.len() as u64 > MAX_FILE_BYTES {
            return None;
        }
        if loaded.len() >= MAX_LOADED {
            loaded.clear();
        }
        let data = Arc::new(data);
        loaded.insert(self.path.clone(), data.clone());
        Some(data)
    }

    /// How many of these characters it has a glyph for.
    fn count_covered(&self, characters: &[char]) -> usize {
        let table = || read_at(&mut File::open(&self.path).ok()?, self.charmap.0, self.charmap.1);
        let Some(table) = table() else { return 0 };
        // Others are for old encodings, where codes stand for other characters.
        let charmap = Cmap::read(Table::new(&table)).ok().and_then(|table| table.best_subtable());
        let Some((_, _, charmap)) = charmap else { return 0 };
        characters.iter().filter(|c| charmap.map_codepoint(**c).is_some_and(|glyph| glyph.to_u32() != 0)).count()
    }
}

/// Finds the font with this name.
pub(crate) fn find_by_name(name: &str) -> Option<&'static Face> {
    let name = normalize(name);
    faces().iter().find(|face| face.names.contains(&name))
}

/// Finds the font that has glyphs for most of these characters, and of those the one that looks most
/// like `style`.
pub(crate) fn find_covering(characters: &[char], style: Style) -> Option<&'static Face> {
    let mut candidates: Vec<_> =
        faces().iter().map(|face| (face.style.distance(style) + u32::from(face.is_unusual), face)).collect();
    candidates.sort_by_key(|(distance, _)| *distance);
    let mut best = (0, None);
    for (_, face) in candidates {
        let covered = face.count_covered(characters);
        if covered > best.0 {
            best = (covered, Some(face));
        }
        if covered == characters.len() {
            break;
        }
    }
    best.1
}

/// Identifies the installed fonts by the names and sizes of their files: 12 hexadecimal digits.
pub(crate) fn hash_of_installed() -> String {
    let mut hasher = blake3::Hasher::new();
    for path in files() {
        let size = std::fs::metadata(&path).map_or(0, |data| data.len());
        hasher.update(path.as_os_str().as_encoded_bytes()).update(&size.to_le_bytes());
    }
    hasher.finalize().to_hex().as_str()[..12].to_owned()
}

/// The index, which is read by the first call.
fn faces() -> &'static [Face] {
    static FACES: OnceLock<Vec<Face>> = OnceLock::new();
    FACES.get_or_init(|| files().iter().flat_map(|path| read_faces(path).unwrap_or_default()).collect())
}

/// The font files, in the order of their paths.
fn files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in FOLDERS {
        let entries = walkdir::WalkDir::new(folder).max_depth(MAX_DEPTH).sort_by_file_name().follow_links(true);
        let paths = entries.into_iter().filter_map(|entry| entry.ok().map(walkdir::DirEntry::into_path));
        let fonts = paths.filter(|path| {
            let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
            ending.is_some_and(|ending| ["ttf", "otf", "ttc", "otc"].contains(&ending.as_str()))
        });
        files.extend(fonts.take(MAX_FILES.saturating_sub(files.len())));
    }
    files
}

/// The fonts of a file; `None`: it is damaged.
fn read_faces(path: &Path) -> Option<Vec<Face>> {
    let mut file = File::open(path).ok()?;
    let head = read_at(&mut file, 0, 12)?;
    if !head.starts_with(b"ttcf") {
        return Some(read_face(path, &mut file, 0, 0).into_iter().collect());
    }
    let count = number(&head, 8)?.min(MAX_FACES);
    let places = read_at(&mut file, 12, count * 4)?;
    let face = |index: u32| read_face(path, &mut file, number(&places, index as usize * 4)?, index);
    Some((0..count).filter_map(face).collect())
}

/// The font whose table directory is at `place`. Source: OpenType 1.9, "Organization of an OpenType
/// font".
fn read_face(path: &Path, file: &mut File, place: u32, index: u32) -> Option<Face> {
    let head = read_at(file, place, 12)?;
    let count = u32::from(u16::from_be_bytes([head[4], head[5]]));
    let directory = read_at(file, place.checked_add(12)?, count * 16)?;
    let table = |tag: &[u8]| {
        let entry = directory.chunks_exact(16).find(|entry| entry.starts_with(tag))?;
        Some((number(entry, 8)?, number(entry, 12)?))
    };
    let charmap = table(b"cmap")?;
    let names = table(b"name").and_then(|(place, length)| read_at(file, place, length));
    let names = names.map(|table| read_names(&table)).unwrap_or_default();
    // OS/2: fsSelection, bit 0 italic, bit 5 bold. post: isFixedPitch.
    let selection = table(b"OS/2").and_then(|(place, _)| read_at(file, place.checked_add(62)?, 2));
    let selection = selection.map_or(0, |bytes| u16::from_be_bytes([bytes[0], bytes[1]]));
    let pitch = table(b"post").and_then(|(place, _)| number(&read_at(file, place.checked_add(12)?, 4)?, 0));
    let serifs = ["serif", "times", "roman", "song", "ming", "mincho", "batang", "garamond", "georgia"];
    let is_serif = names.iter().any(|name| serifs.iter().any(|word| name.contains(word)) && !name.contains("sans"));
    let unusual = ["light", "thin", "condensed", "narrow", "math"];
    let is_unusual = names.iter().any(|name| unusual.iter().any(|word| name.contains(word)));
    let style = Style {
        is_bold: selection & 0x20 != 0,
        is_italic: selection & 1 != 0,
        is_serif,
        is_monospaced: pitch.is_some_and(|pitch| pitch != 0),
    };
    Some(Face { path: path.to_owned(), index, names, style, is_unusual, charmap })
}

/// Family, full name, PostScript name and typographic family, in all languages.
fn read_names(table: &[u8]) -> Vec<String> {
    let Ok(name) = Name::read(Table::new(table)) else { return Vec::new() };
    let mut names = Vec::new();
    for record in name.name_record() {
        if [1, 4, 6, 16].contains(&record.name_id().to_u16())
            && let Ok(text) = record.string(name.string_data())
        {
            let text = normalize(&text.chars().collect::<String>());
            if !text.is_empty() && !names.contains(&text) {
                names.push(text);
            }
        }
    }
    names
}

/// A name in lower case, letters and digits only: `Arial-BoldMT` and `Arial Bold MT` are equal.
fn normalize(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn read_at(file: &mut File, place: u32, length: u32) -> Option<Vec<u8>> {
    if length > MAX_TABLE_BYTES {
        return None;
    }
    file.seek(SeekFrom::Start(place.into())).ok()?;
    let mut bytes = vec![0; length as usize];
    file.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_and_punctuation() {
        for (name, normalized) in [("Arial-BoldMT", "arialboldmt"), ("WenQuanYi Zen Hei", "wenquanyizenhei"), ("-", "")]
        {
            assert_eq!(normalize(name), normalized);
        }
    }

    #[test]
    fn damaged_files_have_no_fonts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.ttf");
        let cases =
            [&b""[..], b"ttcf", b"ttcf\0\x01\0\0\xFF\xFF\xFF\xFF", b"\0\x01\0\0\xFF\xFF\0\0\0\0\0\0", &[0xFF; 400]];
        for bytes in cases {
            crate::base::atomic_file::write(&path, bytes, &crate::base::hooks::NoHooks).unwrap();
            assert!(read_faces(&path).unwrap_or_default().is_empty(), "{bytes:?}");
        }
    }

    #[test]
    fn a_style_that_differs_less_is_nearer() {
        let plain = Style::default();
        let bold = Style { is_bold: true, ..plain };
        let mono = Style { is_monospaced: true, ..plain };
        assert_eq!(plain.distance(plain), 0);
        assert!(plain.distance(bold) < plain.distance(mono));
    }
}
