//! Encrypted PDFs: which can be read without a password.

use crate::bench::root;
use crate::input::pdf::{pdf, stream};
use crate::skip::{CASES, case_file, skip};
use docmill::internal::media::{Document, MediaFaultKind};

/// A page of 150 x 220 points whose left half is black.
fn objects(encryption: &str) -> Vec<Vec<u8>> {
    vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec(),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 150 220] /Contents 4 0 R >>".to_vec(),
        stream("", b"0 0 75 220 re f"),
        encryption.as_bytes().to_vec(),
    ]
}

/// A file with this encryption dictionary: in its own object, or in the trailer.
fn encrypted(encryption: &str, is_direct: bool) -> Vec<u8> {
    let plain = String::from_utf8(pdf(&objects(encryption))).unwrap();
    let value = if is_direct { encryption } else { "5 0 R" };
    plain.replace("/Root 1 0 R", &format!("/Encrypt {value} /ID [<00> <00>] /Root 1 0 R")).into_bytes()
}

/// The same with the catalog in an object stream and a cross-reference stream.
fn encrypted_in_streams(encryption: &str) -> Vec<u8> {
    let objects = objects(encryption);
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut table = vec![[0; 6]];
    // Type 2: the first object in the object stream 6.
    table.push([2, 0, 0, 0, 6, 0]);
    let catalog = [b"1 0 ".to_vec(), objects[0].clone()].concat();
    let packed = stream("/Type /ObjStm /N 1 /First 4", &catalog);
    for (number, object) in (2..).zip(objects[1..].iter().chain([&packed])) {
        table.push([&[1][..], &u32::try_from(out.len()).unwrap().to_be_bytes(), &[0]].concat().try_into().unwrap());
        out.extend(format!("{number} 0 obj\n").bytes().chain(object.iter().copied()).chain(*b"\nendobj\n"));
    }
    let start = out.len();
    table.push([&[1][..], &u32::try_from(start).unwrap().to_be_bytes(), &[0]].concat().try_into().unwrap());
    let entries = "/Type /XRef /Size 8 /W [1 4 1] /Root 1 0 R /ID [<00> <00>] /Encrypt 5 0 R";
    out.extend(b"7 0 obj\n".iter().chain(&stream(entries, table.as_flattened())));
    out.extend(format!("\nendobj\nstartxref\n{start}\n%%EOF\n").bytes());
    out
}

/// The values of the only page along its middle, at its left and right side; or the fault.
fn sides(bytes: Vec<u8>) -> Result<[u8; 2], MediaFaultKind> {
    let document = Document::open(bytes.into()).map_err(|fault| fault.kind)?;
    assert_eq!(document.layout().count, 1);
    let probe = document.probe(1).unwrap();
    let picture = document.decode(1, &probe, (150, 220)).unwrap();
    assert_eq!((picture.width, picture.height, picture.channels), (150, 220, 1));
    Ok([picture.data[110 * 150 + 10], picture.data[110 * 150 + 140]])
}

#[test]
fn pdfs_of_which_only_attachments_are_encrypted_need_no_password() {
    let open = Ok([0, 255]);
    let protected = Err(MediaFaultKind::PasswordProtected);
    let strings = format!("/O <{0}> /U <{0}> /OE <{1}> /UE <{1}> /Perms <{1}> /P -4", "7f".repeat(48), "7f".repeat(32));
    let filter = "/CF << /StdCF << /AuthEvent /EFOpen /CFM /AESV3 /Length 32 >> >> /EFF /StdCF";
    let old_filter = "/CF << /StdCF << /AuthEvent /EFOpen /CFM /AESV2 /Length 16 >> >> /EFF /StdCF";
    let six = "/Filter /Standard /V 5 /R 6 /Length 256";
    for (entries, expected) in [
        (format!("{six} {filter} /StmF /Identity /StrF /Identity"), open),
        (format!("{six} {filter} /StmF /Identity"), open),
        (format!("{six} {filter}"), open),
        (format!("/Filter /Standard /V 5 /R 5 /Length 256 {filter} /StmF /Identity /StrF /Identity"), open),
        (format!("/Filter /Standard /V 4 /R 4 /Length 128 {old_filter} /StmF /Identity /StrF /Identity"), open),
        (format!("{six} /CF << /No << /CFM /None >> >> /StmF /No /StrF /No"), open),
        (format!("/Filter /Adobe.PubSec /V 5 {filter} /StmF /Identity /StrF /Identity"), open),
        (format!("{six} {filter} /StmF /StdCF /StrF /StdCF"), protected),
        (format!("{six} {filter} /StmF /StdCF /StrF /Identity"), protected),
        (format!("{six} {filter} /StmF /Identity /StrF /StdCF"), protected),
        (format!("{six} {filter} /StmF /Unknown /StrF /Unknown"), protected),
        // Without crypt filters everything is encrypted.
        ("/Filter /Standard /V 2 /R 3 /Length 128 /StmF /Identity /StrF /Identity".to_owned(), protected),
    ] {
        let dictionary = format!("<< {entries} {strings} >>");
        for bytes in [encrypted(&dictionary, false), encrypted(&dictionary, true), encrypted_in_streams(&dictionary)] {
            assert_eq!(sides(bytes), expected, "{entries}");
        }
        if expected.is_ok() {
            // No table of objects.
            let whole = encrypted(&dictionary, false);
            let at = whole.windows(5).position(|window| window == b"xref\n").unwrap();
            let trailer = b"trailer << /Root 1 0 R /Encrypt 5 0 R >>";
            assert_eq!(sides([&whole[..at], trailer].concat()), expected, "{entries}");
        }
    }
}

#[test]
fn pdfs_with_an_empty_user_password_are_read_and_others_are_not() {
    for (name, expected) in [
        ("r2", Ok([0, 255])),
        ("r3", Ok([0, 255])),
        ("r4-rc4", Ok([0, 255])),
        ("r4-aes", Ok([0, 255])),
        ("r5", Ok([0, 255])),
        ("r6", Ok([0, 255])),
        ("r3-user", Err(MediaFaultKind::PasswordProtected)),
        ("r6-user", Err(MediaFaultKind::PasswordProtected)),
    ] {
        let bytes = std::fs::read(root().join(format!("tests/data/pdf/encrypted-{name}.pdf"))).unwrap();
        assert_eq!(sides(bytes), expected, "{name}");
    }
}

#[test]
fn a_pdf_of_others_with_an_encrypted_attachment_is_read() {
    let name = "30-only-attachments-encrypted/test__pdfs__auth-event-ef-open.pdf";
    let Some(file) = case_file(name) else {
        return skip(CASES, "a_pdf_of_others_with_an_encrypted_attachment_is_read");
    };
    let document = Document::open(std::fs::read(file).unwrap().into()).unwrap();
    let probe = document.probe(1).unwrap();
    let picture = document.decode(1, &probe, (612, 792)).unwrap();
    assert_eq!((document.layout().count, picture.width, picture.height), (1, 612, 792));
    // "Example", in 24 points near the upper left corner.
    let dark = picture.data.iter().enumerate().filter(|(_, value)| **value < 128);
    let dark: Vec<_> = dark.map(|(at, _)| (at % 612, at / 612)).collect();
    assert!(dark.len() > 300 && dark.iter().all(|(x, y)| (70..180).contains(x) && (45..85).contains(y)));
}
