//! `pdftoppm` of the Poppler project: an installed program that draws pages, in its own process.

use crate::media::pixels::Pixels;
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

/// What the name of the renderer begins with.
const NAME: &str = "pdftoppm";
/// Longest time for a page. Less than that of a decoder, so that a page that hangs here is reported.
const TIMEOUT: Duration = Duration::from_secs(40);
/// Longest time for its version.
const VERSION_TIMEOUT: Duration = Duration::from_secs(5);
/// How much of its messages is read, in bytes.
const MAX_MESSAGES: u64 = 64 << 10;
/// Longest header of a picture, in bytes.
const MAX_HEADER: usize = 64;
/// The environment of the process, which parses untrusted files: scripts need a path.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Parts of messages about content that is lost, in lower case. Others are about content that is
/// repaired. Source: Poppler's `poppler/*.cc`, versions 0.86 to 25.
const LOSSES: [&str; 29] = [
    "flate stream",
    "flate header",
    "bad fcheck",
    "fdict bit set",
    "lzw stream",
    "jpeg data",
    "dctstream",
    "dct stream",
    "jbig2",
    "unable to decode image",
    "failed to decode",
    "unable to read header",
    "ccittfax",
    "runlength",
    "bad image parameters",
    "unknown filter",
    "is unknown",
    "is wrong type",
    "unknown font tag",
    "no font in show",
    "no display font",
    "couldn't create a font",
    "couldn't find a font",
    "couldn't read page",
    "missing language pack",
    "weird page contents",
    "bad image",
    "unsupported",
    "not supported",
];

/// An installed `pdftoppm`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pdftoppm {
    program: PathBuf,
    version: String,
}

/// A page that was drawn.
pub(crate) struct PopplerPage {
    pub(crate) pixels: Pixels,
    /// The first message about lost content.
    pub(crate) complaint: Option<String>,
}

/// Whether this is the name of a `pdftoppm` as renderer of a page.
#[must_use]
pub fn is_pdftoppm(renderer: &str) -> bool {
    renderer.starts_with(NAME)
}

impl Pdftoppm {
    /// Finds the program in the folders of `path`, the value of `PATH`. `None`: it is not installed,
    /// or does not work.
    #[must_use]
    pub fn find(path: &str) -> Option<Self> {
        let name = if cfg!(windows) { "pdftoppm.exe" } else { "pdftoppm" };
        std::env::split_paths(path)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(name))
            .filter(|program| program.is_file())
            .find_map(Self::from_program)
    }

    /// Asks a program for its version.
    #[must_use]
    pub fn from_program(program: PathBuf) -> Option<Self> {
        let output = run(&program, &["-v"], None, 1024, VERSION_TIMEOUT).ok()?;
        let text = String::from_utf8_lossy(&output.messages).into_owned() + &String::from_utf8_lossy(&output.data);
        let version = text.lines().find_map(|line| line.trim().strip_prefix("pdftoppm version "))?;
        let version: String =
            version.chars().filter(|c| c.is_ascii_alphanumeric() || ".-+".contains(*c)).take(32).collect();
        Some(Self { program, version })
    }

    /// The program with a known version.
    #[cfg(test)]
    pub(crate) fn new(program: PathBuf, version: String) -> Self {
        Self { program, version }
    }

    /// Its version, for example `24.02.0`.
    #[cfg(feature = "internal")]
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Its name and version.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{NAME} {}", self.version)
    }

    /// Draws a page (from 1) upright at this size. `is_turned`: whether the page is turned by a
    /// quarter.
    ///
    /// # Errors
    /// Why there is no picture.
    pub(crate) fn draw(
        &self,
        pdf: &bytes::Bytes,
        page: u32,
        (width, height): (u32, u32),
        is_turned: bool,
    ) -> Result<PopplerPage, String> {
        // It scales a page before it turns it.
        let (across, down) = if is_turned { (height, width) } else { (width, height) };
        let [page, across, down] = [page, across, down].map(|number| number.to_string());
        let arguments = ["-f", &page, "-l", &page, "-cropbox", "-scale-to-x", &across, "-scale-to-y", &down, "-"];
        let expected = width as usize * height as usize * 3;
        let output = run(&self.program, &arguments, Some(pdf.clone()), expected + MAX_HEADER, TIMEOUT)?;
        let messages = String::from_utf8_lossy(&output.messages);
        let pixels = read_picture(&output.data, (width, height)).ok_or_else(|| match messages.lines().last() {
            Some(line) if output.data.is_empty() => format!("no picture: {line}"),
            _ if output.data.is_empty() => "no picture".to_owned(),
            _ => "an unexpected picture".to_owned(),
        })?;
        if !output.is_success {
            return Err("it failed".to_owned());
        }
        Ok(PopplerPage { pixels, complaint: find_complaint(&messages) })
    }
}

/// The first message about lost content.
fn find_complaint(messages: &str) -> Option<String> {
    let is_loss = |line: &&str| {
        let line = line.to_lowercase();
        LOSSES.iter().any(|loss| line.contains(loss))
    };
    // A codestream without a file around it is not JP2, but is read.
    let is_retried = messages.contains("trying as J2K");
    let is_harmless = |line: &&str| is_retried && line.contains("Unable to read header");
    messages.lines().filter(|line| !is_harmless(line)).find(is_loss).map(|line| line.trim().to_owned())
}

/// Reads a picture in the format PPM of this size, and no other. Source: netpbm's ppm(5).
fn read_picture(data: &[u8], (width, height): (u32, u32)) -> Option<Pixels> {
    let mut fields = Vec::new();
    let mut at = 0;
    while fields.len() < 4 {
        let start = at;
        while !data.get(at)?.is_ascii_whitespace() {
            at += 1;
        }
        if at > start {
            fields.push(std::str::from_utf8(&data[start..at]).ok()?);
        }
        at += 1;
        if at > MAX_HEADER {
            return None;
        }
    }
    let channels: u8 = match fields[0] {
        "P6" => 3,
        "P5" => 1,
        _ => return None,
    };
    let is_right = fields[1].parse() == Ok(width) && fields[2].parse() == Ok(height) && fields[3] == "255";
    let data = &data[at..];
    let size = width as usize * height as usize * usize::from(channels);
    (is_right && data.len() == size).then(|| Pixels { width, height, channels, data: data.to_vec() }.simplify())
}

struct Output {
    data: Vec<u8>,
    messages: Vec<u8>,
    is_success: bool,
}

/// A process that is ended when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the program with `input` on standard input, and reads at most `max` bytes of its output. Its
/// memory is limited by what this process is limited to.
fn run(
    program: &Path,
    arguments: &[&str],
    input: Option<bytes::Bytes>,
    max: usize,
    timeout: Duration,
) -> Result<Output, String> {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", PATH);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = Running(command.spawn().map_err(|error| format!("it can't be started: {error}"))?);
    let child = &mut process.0;
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err("it has no pipes".to_owned());
    };
    let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
        std::thread::Builder::new().name(name.to_owned()).spawn(work).map_err(|error| error.to_string())
    };
    if let Some(input) = input {
        spawn("pdftoppm input", Box::new(move || _ = stdin.write_all(&input)))?;
    } else {
        drop(stdin);
    }
    let data = read_all(stdout, max as u64 + 1, false);
    let messages = read_all(stderr, MAX_MESSAGES, true);
    let (send_data, receive_data) = data;
    let (send_messages, receive_messages) = messages;
    spawn("pdftoppm output", send_data)?;
    spawn("pdftoppm messages", send_messages)?;
    let data = receive_data.recv_timeout(timeout).map_err(|_| format!("no picture in {} s", timeout.as_secs()))?;
    if data.len() > max {
        return Err("a picture that is too large".to_owned());
    }
    // A process may close its output and continue.
    let messages = receive_messages.recv_timeout(Duration::from_secs(5)).map_err(|_| "it did not end".to_owned())?;
    let mut is_success = false;
    let (send, wait) = sync_channel::<()>(0);
    for _ in 0..100 {
        if let Ok(Some(status)) = process.0.try_wait() {
            is_success = status.success();
            break;
        }
        let _ = wait.recv_timeout(Duration::from_millis(20));
    }
    drop(send);
    Ok(Output { data, messages, is_success })
}

type Reading = (Box<dyn FnOnce() + Send>, Receiver<Vec<u8>>);

/// Work that reads at most `max` bytes, and where the bytes arrive. `drops_rest`: the rest is read, too, and
/// dropped, so that the program can continue writing.
fn read_all(mut from: impl Read + Send + 'static, max: u64, drops_rest: bool) -> Reading {
    let (send, receive) = sync_channel(1);
    let work = move || {
        let mut bytes = Vec::new();
        let _ = from.by_ref().take(max).read_to_end(&mut bytes);
        if drops_rest {
            let _ = std::io::copy(&mut from, &mut std::io::sink());
        }
        let _ = send.send(bytes);
    };
    (Box::new(work), receive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_picture_of_the_expected_size_is_one() {
        let whole = [&b"P6\n2 1\n255\n"[..], &[1, 2, 3, 4, 5, 6]].concat();
        assert_eq!(read_picture(&whole, (2, 1)).map(|pixels| pixels.data), Some(vec![1, 2, 3, 4, 5, 6]));
        let grey = [&b"P5 2 1 255\n"[..], &[7, 8]].concat();
        assert_eq!(read_picture(&grey, (2, 1)).map(|pixels| pixels.channels), Some(1));
        for (data, size) in [
            (&whole[..], (1, 2)),
            (&whole[..whole.len() - 1], (2, 1)),
            (&[&whole[..], b"x"].concat(), (2, 1)),
            (b"P6\n2 1\n65535\n\0\0\0\0\0\0", (2, 1)),
            (b"P6 ", (2, 1)),
            (b"", (2, 1)),
            (b"<html>", (2, 1)),
            (&[b' '; 500], (2, 1)),
        ] {
            assert!(read_picture(data, size).is_none());
        }
    }

    #[test]
    fn which_messages_are_about_lost_content() {
        for (messages, is_loss) in [
            ("Syntax Error: XObject 'I' is unknown", true),
            ("Syntax Error (100443): Unexpected end of file in flate stream", true),
            ("Syntax Error: Could not find start of jpeg data", true),
            ("Syntax Error: Missing language pack for 'Adobe-CNS1' mapping", true),
            ("Syntax Error: No display font for 'ArialUnicode'", true),
            ("Syntax Warning: May not be a PDF file (continuing anyway)", false),
            ("Syntax Error: non-embedded font using identity encoding: ArialMT", false),
            ("Syntax Error: Malformed JP2 file format\nSyntax Warning: Unable to read header\ntrying as J2K.", false),
            ("Fontconfig error: No writable cache directories", false),
            ("", false),
        ] {
            assert_eq!(find_complaint(messages).is_some(), is_loss, "{messages}");
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_not_found() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Pdftoppm::find(&folder.path().to_string_lossy()).is_none());
        assert!(Pdftoppm::find("").is_none());
        assert!(Pdftoppm::from_program("/bin/true".into()).is_none());
    }
}
