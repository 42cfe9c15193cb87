//! Shards: parts of a job's input that are run independently.
//!
//! Which shard has a page is a function of the text of its row's path alone, so that every process, and
//! every reader of the rows, can determine it without the input.

use super::digest::Digest;
use super::path_text::display_path;
use std::fmt;
use std::path::{Path, PathBuf};

/// Maximum number of shards: names of part files have five digits.
pub const MAX_SHARDS: u32 = 99_999;

/// One of several shards, written as `3/16`. Shards count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shard {
    count: u32,
    index: u32,
}

impl Shard {
    /// Shard `index` of `count`; `None`: `count` is not in 1 to [`MAX_SHARDS`], or `index` is not below it.
    #[must_use]
    pub fn new(index: u32, count: u32) -> Option<Self> {
        (index < count && count <= MAX_SHARDS).then_some(Self { count, index })
    }

    /// The shard that is written so, as `3/16`.
    ///
    /// # Errors
    /// The fault of the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        // A sign is a part of numbers elsewhere.
        let number = |part: &str| part.parse().ok().filter(|_| part.bytes().all(|byte| byte.is_ascii_digit()));
        let parts = text.split_once('/').and_then(|(index, count)| Some((number(index)?, number(count)?)));
        let Some((index, count)) = parts else {
            return Err("write I/N, such as 3/16; shards count from 0".to_owned());
        };
        Self::new(index, count).ok_or_else(|| match count {
            1..=MAX_SHARDS => format!("{count} shards count from 0 to {}", count - 1),
            _ => format!("the number of shards is from 1 to {MAX_SHARDS}"),
        })
    }

    /// Its number, from 0.
    #[must_use]
    pub fn index(self) -> u32 {
        self.index
    }

    /// The number of all shards.
    #[must_use]
    pub fn count(self) -> u32 {
        self.count
    }

    /// All shards of this number.
    pub fn all(count: u32) -> impl Iterator<Item = Self> {
        (0..count).filter_map(move |index| Self::new(index, count))
    }

    /// The shard of a path, of `count` shards: the first eight bytes of the BLAKE3 digest of the path as rows
    /// show it, as a big-endian number, modulo `count`.
    #[must_use]
    pub fn of_path(path: &[u8], count: u32) -> Option<Self> {
        let digest = Digest::compute(display_path(path).as_bytes());
        let first = digest.as_bytes().first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let index = first.checked_rem(u64::from(count))?;
        Self::new(u32::try_from(index).ok()?, count)
    }

    /// Whether the shard has this path.
    #[must_use]
    pub fn has(self, path: &[u8]) -> bool {
        Self::of_path(path, self.count) == Some(self)
    }

    /// The name of the shard's part of a file: `out/mail.csv` becomes `out/mail-00003-of-00016.csv`.
    #[must_use]
    pub fn part_path(self, path: &Path) -> PathBuf {
        let mut name = path.file_stem().unwrap_or_default().to_owned();
        name.push(self.suffix());
        if let Some(extension) = path.extension() {
            name.push(".");
            name.push(extension);
        }
        path.with_file_name(name)
    }

    /// What the names of part files have before their extension.
    fn suffix(self) -> String {
        format!("-{:05}-of-{:05}", self.index, self.count)
    }

    /// The shard whose part of `path` has this name.
    #[must_use]
    pub fn of_part(name: &str, path: &Path) -> Option<Self> {
        let stem = path.file_stem()?.to_str()?;
        let rest = name.strip_prefix(stem)?.strip_prefix('-')?;
        let index = rest.get(..5)?.parse().ok()?;
        let count = rest.get(5..)?.strip_prefix("-of-")?.get(..5)?.parse().ok()?;
        let shard = Self::new(index, count)?;
        (shard.part_path(path).file_name()?.to_str()? == name).then_some(shard)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_written_as_a_number_of_a_count() {
        for (text, expected) in [
            ("3/16", Ok("3/16")),
            ("0/1", Ok("0/1")),
            ("99998/99999", Ok("99998/99999")),
            ("16/16", Err("16 shards count from 0 to 15")),
            ("0/0", Err("the number of shards is from 1 to 99999")),
            ("0/100000", Err("the number of shards is from 1 to 99999")),
            ("+1/2", Err("write I/N, such as 3/16; shards count from 0")),
            ("1", Err("write I/N, such as 3/16; shards count from 0")),
            ("1/2/3", Err("write I/N, such as 3/16; shards count from 0")),
            ("", Err("write I/N, such as 3/16; shards count from 0")),
        ] {
            let shard = Shard::parse(text).map(|shard| shard.to_string());
            assert_eq!(shard, expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn every_path_is_in_one_shard_and_always_in_the_same() {
        for count in [1, 2, 7, 16] {
            let mut sizes = vec![0_u32; count as usize];
            for at in 0..2000_u32 {
                let path = format!("folder/{at}.jpg");
                let of: Vec<Shard> = Shard::all(count).filter(|shard| shard.has(path.as_bytes())).collect();
                assert_eq!(of.len(), 1, "{path}");
                sizes[of[0].index() as usize] += 1;
            }
            let even = 2000 / count;
            assert!(sizes.iter().all(|size| size.abs_diff(even) < even / 3 + 1), "{sizes:?}");
        }
        // Stores and part files of earlier versions depend on it.
        let known: Vec<u32> = ["a.jpg", "a/b.png", "é.tif", "https://example.com/a.jpg"]
            .iter()
            .filter_map(|path| Shard::of_path(path.as_bytes(), 1000).map(Shard::index))
            .collect();
        let digest = |path: &str| u64::from_str_radix(&Digest::compute(path.as_bytes()).to_string()[..16], 16).unwrap();
        let expected = ["a.jpg", "a/b.png", "é.tif", "https://example.com/a.jpg"].map(|path| digest(path) % 1000);
        assert_eq!(known.iter().map(|index| u64::from(*index)).collect::<Vec<_>>(), expected);
        assert_eq!(
            Shard::of_path(b"scan-\xff.jpg", 1000),
            Shard::of_path(b"scan-%FF.jpg", 1000)
                .map(|_| { Shard::new(u32::try_from(digest("scan-%FF.jpg") % 1000).unwrap(), 1000).unwrap() })
        );
        assert_eq!(Shard::of_path(b"a", 0), None);
    }

    #[test]
    fn part_files_have_names_of_their_own() {
        let shard = Shard::parse("3/16").unwrap();
        for (path, part) in [
            ("out/mail.csv", "out/mail-00003-of-00016.csv"),
            ("mail.tar.gz", "mail.tar-00003-of-00016.gz"),
            ("out/mail", "out/mail-00003-of-00016"),
        ] {
            assert_eq!(shard.part_path(Path::new(path)), Path::new(part));
            let name = Path::new(part).file_name().unwrap().to_str().unwrap();
            assert_eq!(Shard::of_part(name, Path::new(path)), Some(shard), "{path}");
        }
        for name in [
            "mail.csv",
            "mail-3-of-16.csv",
            "mail-00016-of-00016.csv",
            "mail-00003-of-00016.jsonl",
            "other-00003-of-00016.csv",
        ] {
            assert_eq!(Shard::of_part(name, Path::new("out/mail.csv")), None, "{name}");
        }
    }
}
