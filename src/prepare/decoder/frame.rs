//! The messages between a worker and its decoder process: a line of JSON, then as many
//! bytes as it says. Both ends are this program, of one version.

use crate::manifest::Image;
use crate::media::MediaFault;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, Write};

/// What is wanted of a decoder process.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Open the file whose bytes follow.
    Open,
    /// Tell the size of a page of it.
    Measure { page: u32 },
    /// Prepare a page of it.
    Prepare { page: u32, image: Image, with_marks: bool },
}

/// What it answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// The file is open and has this many pages.
    Opened { pages: u32 },
    /// A page is upright this large.
    Measured { width: u32, height: u32 },
    /// A page is prepared; its bytes follow.
    Prepared {
        mime: String,
        width: u32,
        height: u32,
        full: (u32, u32),
        marks: Option<crate::prepare::page_features::PageFeatures>,
    },
    /// It can't be done.
    Fault(MediaFault),
}

#[derive(Serialize, Deserialize)]
struct Head<T> {
    message: T,
    bytes: usize,
}

/// Most bytes of a message: the largest file that is read.
const MOST_BYTES: usize = 512 << 20;
/// Longest line of JSON, in bytes.
const LONGEST_LINE: u64 = 1 << 20;

pub(crate) fn write(out: &mut impl Write, message: &impl Serialize, bytes: &[u8]) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Head { message, bytes: bytes.len() })?;
    out.write_all(b"\n")?;
    out.write_all(bytes)?;
    out.flush()
}

/// The next message and its bytes; `None` at the end.
pub(crate) fn read<T: DeserializeOwned>(from: &mut impl BufRead) -> io::Result<Option<(T, Vec<u8>)>> {
    let mut line = Vec::new();
    if io::Read::take(&mut *from, LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let head: Head<T> = serde_json::from_slice(&line)?;
    if head.bytes > MOST_BYTES {
        return Err(io::Error::other("a message that is too large"));
    }
    let mut bytes = vec![0; head.bytes];
    from.read_exact(&mut bytes)?;
    Ok(Some((head.message, bytes)))
}
