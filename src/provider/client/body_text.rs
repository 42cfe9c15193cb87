//! The text of bytes from elsewhere: the body of a reply, or a file of certificates. APIs send UTF-8; what is in front of
//! them, such as a login page, may not.

use crate::base::unicode::utf16_lossy;

/// The text of a body with this media type, without a byte order mark. Bytes that are not valid are replaced.
///
/// UTF-16 is recognized by its byte order mark, or by the zero bytes next to the first two characters: JSON and HTML
/// begin with ASCII (RFC 4627, section 3). Latin-1 is recognized by the charset of a text type (JSON has none, RFC
/// 8259), because any bytes are valid Latin-1; a text that is valid UTF-8 is read as UTF-8, regardless of the media
/// type.
pub(crate) fn body_text(body: Vec<u8>, media_type: Option<&str>) -> String {
    match body.as_slice() {
        [0xff, 0xfe, rest @ ..] => return utf16_lossy(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return utf16_lossy(rest, u16::from_be_bytes),
        [1..=0x7f, 0, _, 0, ..] => return utf16_lossy(&body, u16::from_le_bytes),
        [0, 1..=0x7f, 0, _, ..] => return utf16_lossy(&body, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => return String::from_utf8_lossy(rest).into_owned(),
        _ => {}
    }
    match String::from_utf8(body) {
        Ok(text) => text,
        Err(error) if media_type.is_some_and(is_latin1) => error.as_bytes().iter().copied().map(char::from).collect(),
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}

/// Whether a text type states Latin-1, or a charset that differs from it in a few characters.
fn is_latin1(media_type: &str) -> bool {
    let lower = media_type.trim_start().to_ascii_lowercase();
    let charset = lower.split(';').find_map(|part| part.trim().strip_prefix("charset="));
    let charset = charset.map(|name| name.trim_matches(['"', '\'', ' ']));
    lower.starts_with("text/") && matches!(charset, Some("iso-8859-1" | "latin1" | "iso-8859-15" | "windows-1252"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_in_other_encodings_are_read() {
        let utf16 = |text: &str, from: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(from).collect::<Vec<u8>>();
        let html = "text/html";
        for (body, media_type, text) in [
            ("<p>größer 写真".as_bytes().to_vec(), html, "<p>größer 写真"),
            ("\u{feff}größer".as_bytes().to_vec(), html, "größer"),
            (Vec::new(), html, ""),
            (b"{".to_vec(), html, "{"),
            (utf16("\u{feff}<p>größer 🙂", u16::to_le_bytes), html, "<p>größer 🙂"),
            (utf16("\u{feff}<p>größer 🙂", u16::to_be_bytes), html, "<p>größer 🙂"),
            (utf16("{\"a\":\"ß\"}", u16::to_le_bytes), "application/json", "{\"a\":\"ß\"}"),
            (utf16("{\"a\":\"ß\"}", u16::to_be_bytes), "application/json", "{\"a\":\"ß\"}"),
            // Half a character at the end.
            ([&utf16("\u{feff}<p>", u16::to_le_bytes)[..], b"x"].concat(), html, "<p>"),
            ([&utf16("<p>", u16::to_le_bytes)[..], &[0x3d, 0xd8]].concat(), html, "<p>\u{fffd}"),
            (b"gr\xf6\xdfer".to_vec(), "text/html; charset=ISO-8859-1", "größer"),
            (b"gr\xf6\xdfer".to_vec(), "text/html;charset=\"windows-1252\"; x=y", "größer"),
            (b"gr\xf6\xdfer".to_vec(), html, "gr\u{fffd}\u{fffd}er"),
            (b"gr\xf6\xdfer".to_vec(), "text/html; charset=utf-8", "gr\u{fffd}\u{fffd}er"),
            // The media type is wrong.
            ("größer".as_bytes().to_vec(), "text/html; charset=iso-8859-1", "größer"),
            ("{\"ß".bytes().chain([0xc3]).collect(), "application/json; charset=iso-8859-1", "{\"ß\u{fffd}"),
            (b"\0{\"a\":1}".to_vec(), html, "\0{\"a\":1}"),
            (b"\0\0\0\0".to_vec(), html, "\0\0\0\0"),
        ] {
            assert_eq!(body_text(body.clone(), Some(media_type)), text, "{body:?} {media_type}");
        }
        assert_eq!(body_text(b"\xff{".to_vec(), None), "\u{fffd}{");
    }
}
