//! Files of `cjpeg -arithmetic`, whole and with every kind of fault.

use crate::media::fault::MediaFaultKind;
use crate::media::jpeg::check_complete_if_arithmetic;
use crate::media::jpeg::test_parts::{assert_needs_all_intervals, assert_needs_all_scans, first_data, markers};

/// The files from their frame header on: 20 x 18 pixels, unless stated otherwise.
const FILES: [(&str, &str); 5] = [
    (
        "sequential",
        "ffc90011080012001403012200021101031101ffcc000a0010100501101105ffda000c03010002110311003f00fd25a994b7\
         8eb65b393e7b4ca6f7a5e45ea71a0f68b8e8ce1bd4c28701bf581e31cf7b261bce613de4a941ab8f55b4d127157972dad6bc\
         ca829705b6bf1bd811b59289099ff4063f412da788a65ee9e58a25f41d35798f76e1ebe83fc2107fac6126979a47728078dd\
         abe570be208119ebb4e244a3ec46553a9cfbbad9b112378d4c50078a9a1266b3e7934f6fde972f3ef2d9f76772da70b7cbc3\
         592dfe088f9d1acd2eb4ca1c2762eee28f6ee7d452b30abb404ed2c32d67764927cdf8793ac3c7805430be74226e9641c176\
         d59050511afc8a6e087e194f9d8add67a15340d39bba80ffd9",
    ),
    (
        "progressive",
        "ffca0011080012001403012200021101031101ffcc000600100110ffda000c03010002100310000001fa357eed8f3bfd95ae\
         e1780443dfae18ffcc00041005ffda00080101000105028aae4fe7668c32e67408430285d08bfa8cffcc00041105ffda0008\
         010301013f01f4c99a80ffcc00041105ffda0008010201013f01363842b80000035671942c452bf99ca2718b51fc9218ffcc\
         00041005ffda0008010100063f02864a176ab1fc8b740d2d570a81e153868882b2055ad89d1aa03a187773104ee45a655571\
         75f7c170ffcc00041005ffda0008010100013f2158945526268a11c1fd83be567b4caa327be055c56f070e5050e162f627eb\
         3cbb479285906a4affda000c03010002000300000010d51a25ffcc00041105ffda0008010301013f10182667ed80ffcc0004\
         1105ffda0008010201013f10646ab33ace5862dcf8be600d40209fccab6f902df3a53ea0ffcc00041005ffda000801010001\
         3f10e77d2fccd073734795e031d430db98380bf55190beb7310f0ff8e20f054e78dab45fc171ff00be115557bb875511c6a0\
         143b5a21bfac5f0fcf7dcc419bc0ffd9",
    ),
    (
        "restarts",
        "ffc90011080012001403012200021101031101ffcc000a0010100501101105ffdd00040001ffda000c03010002110311003f\
         00fd25a994b78eb65b393e7b4ca6f7a5e45ea71a0f68b8e8ce1bd4c28701bf581e31cf7b261bce613de4a941ab8f55b4d127\
         157972dad6bcca829705b6bf1bd811b59289099ff4063f412da788a65ee9e58a25f41d35798f76e1ebe83fc2107fb0ffd0fd\
         692229df8c513cdb9cb999aaaef14cac88f82b386205aca9674510bbf0f9ce3c665f0fe6fc6fe294eab9b6d8fd9aeb7028d7\
         2e41710f3e90925aac126d93f7c46a34ffd1c01792ad16fa21c0103e8f27dbcf22f262b5be97359614a3516da49cde540d65\
         91c7943affd2d166a46add6d4f978f70d62ae9a272d575db0f0c58ea3c30f6385acd20ffd9",
    ),
    (
        "progressive restarts",
        "ffca000b080012001401011100ffcc00040010ffdd00040001ffda0008010100000001f6ffd0f8ffd1f6ffd2f6ffd3fbffd4\
         f8ffd5ffd6fb80ffd7ccffcc00041005ffda00080101000105028e76ffd061c0ffd18adf80ffd28e76ffd361c0ffd484b9ff\
         d5492fa0ffd61dffd7139cb0ffcc00041005ffda0008010100063f0285e346b5ffd04ca92aecffd19e72f2ffd285e346b5ff\
         d34ca92aecffd49e72f2ffd516bfc0ffd638c0ffd7ffcc00041005ffda0008010100013f211fea897c5422c0ffd04bc60000\
         02e0ffd1efced60cffd2216db2be2a1160ffd34bf30e800170ffd4868ef740ffd54bc60010ffd6ab852a1effd75169387cff\
         da0008010100000010c0ffd0ffd1ffd2c0ffd3c0ffd4ffd5c0ffd6c0ffd7ffcc00041005ffda0008010100013f10a1d117e7\
         5dd4e09effd0d76a38fdd3810044e0ffd1a34d51bf367f9380ffd2e9ae711d2079c13cffd3d2fce5a33225aa6cffd462f0c3\
         d3293fc9c0ffd5de4c2e6e40ffd64bc8d110ffd7b9870c38f0ffd9",
    ),
    ("white, 64 x 2000", "ffc9000b0807d0004001011100ffcc000600101005ffda0008010100003f00d2a603c214ffd9"),
];

fn file(name: &str) -> Vec<u8> {
    let (_, hex) = FILES.iter().find(|(other, _)| *other == name).unwrap();
    let mut out = b"\xFF\xD8".to_vec();
    for id in 0..2 {
        out.extend([&b"\xFF\xDB\0\x43"[..], &[id], &[1; 64]].concat());
    }
    out.extend((0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()));
    out
}

fn kind_of(bytes: &[u8]) -> Option<MediaFaultKind> {
    check_complete_if_arithmetic(bytes).err().map(|fault| fault.kind)
}

#[test]
fn whole_files_and_bytes_that_are_too_many() {
    for (name, _) in FILES {
        let whole = file(name);
        assert_eq!(kind_of(&whole), None, "{name}");
        assert_eq!(kind_of(&[&whole[..], b"trailer", &whole].concat()), None, "{name} with a trailer");
        let end = whole.len() - 2;
        // Zero bytes that were not discarded; padding.
        for more in [&b"\0"[..], b"\0\0\0\0\0\0\0\0", b"\xFF\xFF"] {
            assert_eq!(kind_of(&[&whole[..end], more, &whole[end..]].concat()), None, "{name} with {more:x?}");
        }
    }
}

#[test]
fn files_that_end_early_and_have_an_end() {
    for (name, _) in &FILES[..4] {
        let whole = file(name);
        let mut undetected = 0;
        let cuts = first_data(&whole) + 1..whole.len() - 2 - 24;
        for at in cuts.clone() {
            let found = kind_of(&[&whole[..at], b"\xFF\xD9"].concat());
            let expected = [None, Some(MediaFaultKind::CutShort), Some(MediaFaultKind::Damaged)];
            assert!(expected.contains(&found), "{name}, {at} of {} bytes: {found:?}", whole.len());
            undetected += usize::from(found.is_none());
        }
        // The last bytes of so few blocks may have the same meaning as zeros.
        assert!(undetected <= cuts.len() / 20, "{name}: {undetected} of {}", cuts.len());
        let middle = (first_data(&whole) + whole.len()) / 2;
        assert_eq!(kind_of(&[&whole[..middle], b"\xFF\xD9"].concat()), Some(MediaFaultKind::CutShort), "{name}");
        assert_eq!(kind_of(&whole[..whole.len() - 2]), Some(MediaFaultKind::CutShort), "{name} without an end");
    }
}

#[test]
fn scans_that_are_missing() {
    for name in ["progressive", "progressive restarts"] {
        assert_needs_all_scans(name, &file(name), kind_of);
    }
}

#[test]
fn restart_intervals_that_are_missing() {
    assert!(assert_needs_all_intervals(&file("restarts"), kind_of) > 2);
}

#[test]
fn more_rows_than_there_are() {
    for (name, height, expected) in [
        ("sequential", 2000_u16, Some(MediaFaultKind::CutShort)),
        ("restarts", 2000, Some(MediaFaultKind::CutShort)),
        // The codes of all white pages of some height are the same: their base, and then zeros.
        ("white, 64 x 2000", 4000, None),
        ("white, 64 x 2000", 60_000, None),
    ] {
        let mut bytes = file(name);
        let frame = markers(&bytes, 2, |marker| matches!(marker, 0xC9 | 0xCA))[0];
        bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
        assert_eq!(kind_of(&bytes), expected, "{name}");
    }
}

#[test]
fn tables_that_are_impossible() {
    let mut bytes = file("sequential");
    let table = markers(&bytes, 2, |marker| marker == 0xCC)[0];
    bytes[table + 5] = 0x01;
    assert_eq!(kind_of(&bytes), Some(MediaFaultKind::Damaged));
}

#[test]
fn any_bytes_are_read_to_an_end() {
    let mut seed = 1_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as usize % below
    };
    for (name, _) in FILES {
        let whole = file(name);
        for _ in 0..2000 {
            let mut bytes = whole.clone();
            for _ in 0..1 + random(4) {
                let at = first_data(&whole) + random(whole.len() - first_data(&whole));
                bytes[at] = random(256) as u8;
            }
            bytes.truncate(whole.len() - random(30) * random(2));
            let _ = kind_of(&bytes);
        }
    }
}

#[test]
fn fill_bytes_are_passed_once() {
    let whole = file("white, 64 x 2000");
    let mut bytes = whole[..whole.len() - 2].to_vec();
    bytes.resize(bytes.len() + (1 << 22), 0xFF);
    assert_eq!(kind_of(&[&bytes[..], b"\xFF\xD9"].concat()), None);
}
