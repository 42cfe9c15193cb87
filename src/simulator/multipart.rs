//! The parts of a multipart form (RFC 7578), as far as file uploads need them.

/// The content of the part with this name. `content_type`: the request's header with the boundary.
pub(crate) fn part_content<'a>(body: &'a [u8], content_type: &str, name: &str) -> Option<&'a [u8]> {
    let boundary = content_type.split_once("boundary=")?.1.trim_matches('"');
    let find = |from: usize, text: &[u8]| {
        body.get(from..)?.windows(text.len()).position(|window| window == text).map(|offset| offset + from)
    };
    let head = find(0, format!("name=\"{name}\"").as_bytes())?;
    let start = find(head, b"\r\n\r\n")? + 4;
    // The content may be large and is the last part: its end is searched from the end of the body.
    let delimiter = format!("\r\n--{boundary}");
    let end = body.windows(delimiter.len()).rposition(|window| window == delimiter.as_bytes())?;
    body.get(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=\"xx\"";

    #[test]
    fn the_file_is_cut_out_of_the_form() {
        let body = b"--xx\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n--xx\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"a\"\r\nContent-Type: text/plain\r\n\r\none\r\n--x\r\ntwo\r\n--xx--\r\n";
        assert_eq!(part_content(body, TYPE, "file"), Some(&b"one\r\n--x\r\ntwo"[..]));
        assert_eq!(part_content(body, "multipart/form-data; boundary=xx", "file"), Some(&b"one\r\n--x\r\ntwo"[..]));
        assert_eq!(part_content(body, TYPE, "other"), None);
        assert_eq!(part_content(body, "application/json", "file"), None);
    }

    #[test]
    fn an_incomplete_form_has_no_content() {
        for body in [&b""[..], b"--xx", b"--xx\r\nname=\"file\"", b"--xx\r\nname=\"file\"\r\n\r\none"] {
            assert_eq!(part_content(body, TYPE, "file"), None);
        }
    }
}
