//! The faults of reading files and URLs.

#![expect(clippy::disallowed_methods, reason = "tests write files")]

use super::*;
use crate::base::clock::ManualClock;
use crate::source::test_input::input;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use tokio::net::TcpSocket;

fn entry(line: u64, path: &str) -> Entry {
    Entry { line, path: path.into(), ..Entry::default() }
}

#[test]
fn files_that_can_not_be_read_say_why() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("page.jpg"), "content").unwrap();
    // A file with a hole: it takes no space.
    std::fs::File::create(folder.path().join("huge.jpg")).unwrap().set_len(MAX_FILE_BYTES + 1).unwrap();
    let mut reader = SourceReader::files_only(folder.path());
    assert_eq!(reader.read(&entry(0, "page.jpg")).unwrap(), "content");
    for (line, path, kind, message) in [
        (1, "", ReadFaultKind::ReadFailed, "no path"),
        (0, "missing.jpg", ReadFaultKind::ReadFailed, "can't be read: "),
        (0, ".", ReadFaultKind::ReadFailed, "not a file"),
        (0, "huge.jpg", ReadFaultKind::TooLarge, "536870913 bytes"),
        (1, "s3://bucket/page.jpg", ReadFaultKind::ReadFailed, "only files and http or https URLs"),
        // In a folder it is the path of a file.
        (0, "s3://bucket/page.jpg", ReadFaultKind::ReadFailed, "can't be read: "),
        (1, "https://example.com/page.jpg", ReadFaultKind::ReadFailed, "only files and http or https URLs"),
    ] {
        let fault = reader.read(&entry(line, path)).unwrap_err();
        assert_eq!((fault.kind, fault.is_final), (kind, false), "{path}: {fault}");
        assert!(fault.message.contains(message), "{path}: {fault}");
    }
}

/// Answers each connection by the path of its request, until the test ends.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut request = [0; 4096];
            let count = stream.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..count]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default();
            let response = match path.trim_start_matches('/').split_once('/') {
                Some(("status", status)) => format!("HTTP/1.1 {status} -\r\ncontent-length: 0\r\n"),
                Some(("to", to)) => format!("HTTP/1.1 302 -\r\nlocation: {to}\r\ncontent-length: 0\r\n"),
                Some(("claims", length)) => format!("HTTP/1.1 200 -\r\ncontent-length: {length}\r\n"),
                _ => "HTTP/1.1 200 -\r\n".to_owned(),
            };
            let _ = stream.write_all(format!("{response}connection: close\r\n\r\n").as_bytes());
            // Without a length, the end of the connection is the end of the body.
            let size = if path == "/large" { 2000 } else { 7 };
            let _ = stream.write_all(&vec![b'x'; if path.starts_with("/status") { 0 } else { size }]);
        }
    });
    port
}

fn url_reader(allow_private_hosts: bool, cancelled: impl Fn() -> Cancelled + Send + 'static) -> SourceReader {
    let mut input = input(Path::new("/base"));
    input.fetch.allow_private_hosts = allow_private_hosts;
    input.fetch.max_bytes = 1000;
    let clock = Arc::new(ManualClock::starting_at(0));
    SourceReader::new(&input, Arc::new(HostLimits::new(&input.fetch, clock.clone())), clock, cancelled)
}

fn never() -> Cancelled {
    Box::pin(std::future::pending())
}

#[test]
fn urls_that_can_not_be_fetched_say_why() {
    let port = server();
    // A port that is bound without listening refuses connections, and no other process can bind it.
    let closed = TcpSocket::new_v4().unwrap();
    closed.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let mut reader = url_reader(true, never);
    let at = |path: &str| format!("http://127.0.0.1:{port}/{path}");
    assert_eq!(reader.read(&entry(1, &at("page.jpg"))).unwrap(), "xxxxxxx");
    assert_eq!(reader.read(&entry(1, &at("to//page.jpg"))).unwrap(), "xxxxxxx");
    for (url, is_final, message) in [
        (at("status/404"), true, "HTTP 404"),
        (at("status/410"), true, "HTTP 410"),
        (at("status/408"), false, "HTTP 408"),
        (at("status/429"), false, "HTTP 429"),
        (at("status/500"), false, "HTTP 500"),
        (at("status/302"), true, "a redirect without a location"),
        (at("to/http://["), true, "a redirect to an invalid URL"),
        (at("to/ftp://127.0.0.1/page.jpg"), true, "not an http or https URL"),
        (at("to/http://me:secret@127.0.0.1/page.jpg"), true, "a user name or a password"),
        (at("to/?"), true, "more than 5 redirects"),
        (at("claims/1001"), true, "more than 1000 bytes"),
        (at("large"), true, "more than 1000 bytes"),
        (at("claims/8"), false, ""),
        ("http://".to_owned(), true, "not a URL"),
        (format!("http://{}/", closed.local_addr().unwrap()), false, ""),
    ] {
        let fault = reader.read(&entry(1, &url)).unwrap_err();
        assert_eq!((fault.kind, fault.is_final), (ReadFaultKind::FetchFailed, is_final), "{url}: {fault}");
        assert!(fault.message.starts_with("can't be fetched: ") && fault.message.contains(message), "{url}: {fault}");
    }
}

#[test]
fn private_hosts_are_refused_by_address_and_by_name() {
    let mut reader = url_reader(false, never);
    for url in ["http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/", "http://localhost/", "http://0x7f.1/"]
    {
        let fault = reader.read(&entry(1, url)).unwrap_err();
        assert!(!fault.is_final && fault.message.contains("is a private or local host"), "{url}: {fault}");
    }
}

#[test]
fn a_cancelled_fetch_is_given_up() {
    // Accepts connections, and never answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let mut reader = url_reader(true, || Box::pin(std::future::ready(())));
    let fault = reader.read(&entry(1, &url)).unwrap_err();
    assert_eq!((fault.message.as_str(), fault.is_final), ("can't be fetched: the run is ending", false));
}
