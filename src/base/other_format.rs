//! Files in another format than text, detected by their first bytes, and by their last ones where the first may be text.

/// How many of the first bytes of a file are needed to detect its format.
pub const START_BYTES: usize = 128;
/// How many of the last bytes are needed.
pub const END_BYTES: usize = PARQUET.len();

/// The first bytes of formats, and what to do with such a file. Sources: ZIP, APPNOTE 4.3.7; compound files, [MS-CFB] 2.2;
/// gzip, RFC 1952; Zstandard, RFC 8878; XZ, SQLite and PDF: their descriptions.
const FORMATS: [(&[u8], &str); 6] = [
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "it is an Excel workbook; save it as CSV (UTF-8)"),
    (b"\x1f\x8b", "it is compressed with gzip; unpack it"),
    (b"\x28\xb5\x2f\xfd", "it is compressed with Zstandard; unpack it"),
    (b"\xfd7zXZ\0", "it is compressed with XZ; unpack it"),
    (b"SQLite format 3\0", "it is an SQLite database; export the table as CSV"),
    (b"%PDF-", "it is a PDF file; give a table as CSV"),
];

/// The first and the last bytes of a Parquet file. A column of a text may have this name.
const PARQUET: &[u8] = b"PAR1";
/// The first bytes of a file that is compressed with bzip2, before the digit of its level.
const BZIP2: &[u8] = b"BZh";
/// What comes after this digit: the digits of pi begin a block.
const BZIP2_BLOCK: &[u8] = b"1AY&SY";

/// The first bytes of a ZIP archive.
const ZIP: &[u8] = b"PK\x03\x04";
/// Where the name of the first file of a ZIP archive begins (APPNOTE 4.3.7).
const ZIP_NAME_AT: usize = 30;
/// Names of the first files of Excel workbooks (ECMA-376, part 2).
const EXCEL_NAMES: [&[u8]; 4] = [b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/"];
/// The first file of OpenDocument files, and its content (OpenDocument 1.3, part 2, section 3.3).
const OPEN_DOCUMENT: &[u8] = b"mimetypeapplication/vnd.oasis.opendocument.";

/// What a file is that begins with `start` and ends with `end`, and what to do; `None`: it may be a text.
#[must_use]
pub fn name_other_format(start: &[u8], end: &[u8]) -> Option<&'static str> {
    if start.starts_with(ZIP) {
        let name = start.get(ZIP_NAME_AT..).unwrap_or_default();
        let is_excel = EXCEL_NAMES.iter().any(|known| name.starts_with(known));
        return Some(match (is_excel, name.starts_with(OPEN_DOCUMENT)) {
            (true, _) => "it is an Excel workbook; save it as CSV (UTF-8)",
            (_, true) => "it is an OpenDocument file; save it as CSV (UTF-8)",
            _ => "it is a ZIP archive; unpack it",
        });
    }
    if start.starts_with(PARQUET) && end.ends_with(PARQUET) {
        return Some("it is a Parquet file; its name has to end with .parquet");
    }
    if start.starts_with(BZIP2) && start.get(BZIP2.len() + 1..).is_some_and(|block| block.starts_with(BZIP2_BLOCK)) {
        return Some("it is compressed with bzip2; unpack it");
    }
    FORMATS.iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, what)| *what)
}

/// Whether a text begins with a JSON list of objects.
#[must_use]
pub fn is_json_list(start: &[u8]) -> bool {
    let inner = begin(start).strip_prefix(b"[").map(<[u8]>::trim_ascii_start);
    inner.is_some_and(|inner| matches!(inner.first(), None | Some(b'{' | b'[' | b']')))
}

/// Whether a text begins with a JSON object.
#[must_use]
pub fn is_json_object(start: &[u8]) -> bool {
    let inner = begin(start).strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    inner.is_some_and(|inner| matches!(inner.first(), None | Some(b'"' | b'}')))
}

/// Without a byte order mark and white space.
fn begin(start: &[u8]) -> &[u8] {
    start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_detected_by_their_bytes() {
        let zip = |name: &[u8]| [ZIP, &[0; ZIP_NAME_AT - 4], name].concat();
        for (start, expected) in [
            (zip(b"[Content_Types].xml"), Some("an Excel workbook")),
            (zip(b"xl/workbook.xml"), Some("an Excel workbook")),
            (zip(b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"), Some("an OpenDocument file")),
            (zip(b"labels.csv"), Some("a ZIP archive; unpack it")),
            (ZIP.to_vec(), Some("a ZIP archive")),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0".to_vec(), Some("an Excel workbook")),
            (b"\x1f\x8b\x08".to_vec(), Some("gzip")),
            (b"PAR1\x15\0 PAR1".to_vec(), Some(".parquet")),
            (b"BZh91AY&SY\0".to_vec(), Some("bzip2")),
            // Names of columns.
            (b"PAR1,path\n".to_vec(), None),
            (b"BZh,path\n".to_vec(), None),
            (b"path,kind\n".to_vec(), None),
            (b"\xef\xbb\xbfpath\n".to_vec(), None),
            (b"\xff\xfep\0a\0".to_vec(), None),
            (Vec::new(), None),
        ] {
            let found = name_other_format(&start, &start);
            assert_eq!(found.is_some(), expected.is_some(), "{start:?}");
            assert!(found.unwrap_or_default().contains(expected.unwrap_or_default()), "{start:?} {found:?}");
        }
    }

    #[test]
    fn json_is_distinguished_from_names_of_columns() {
        for (start, list, object) in [
            ("[\n {\"path\"", true, false),
            ("\u{feff} [{", true, false),
            ("[", true, false),
            ("{\"path\": \"a\"}", false, true),
            ("{ \n \"path\"", false, true),
            // As databases write names.
            ("[path],[kind]", false, false),
            ("{path};{kind}", false, false),
            ("path,kind", false, false),
        ] {
            assert_eq!((is_json_list(start.as_bytes()), is_json_object(start.as_bytes())), (list, object), "{start}");
        }
    }
}
